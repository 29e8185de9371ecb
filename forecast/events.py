"""What is assumed of uncertain events: parts of announcements, ties between their fates, programmes, correlations.

Each value knows its way from YAML and back; which ids and inputs exist is `links` and `correlations`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from forecast import event_forms
from forecast.copula import Pair
from forecast.dates import date_law, plain_date_law
from forecast.distributions import Law
from forecast.document import present
from forecast.laws import law, optional, plain_law

PARTNERS = " / "
"""What stands between the companies of a joint plant."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of an announcement.

    Attributes:
        id: name of the part, and of its random streams.
        share: of the amount, a fraction.
        construction_start, production_start: dates on the quarter axis.
        probability: chance that it goes ahead if the announcement does; None if it always does.
    """

    id: str
    share: float
    construction_start: Law | None
    production_start: Law | None
    probability: Law | None


@dataclass(frozen=True, slots=True)
class Programme:
    """Announcements that are cut as a whole.

    Attributes:
        id: name of the programme, and of its random streams.
        members: ids of announcements; empty where a company names them.
        company: whose announcements they are.
        probability: chance that the programme survives.
        scale: factor of all its amounts.
    """

    id: str
    members: tuple[str, ...]
    company: str | None
    probability: Law | None
    scale: Law | None

    def holds(self, id: str, company: str) -> bool:
        """Whether an investment belongs to the programme."""
        return id in self.members or (self.company is not None and self.company in partners(company))


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman correlations between inputs, named by their YAML paths: `ranks[i][j]` of names i and j."""

    between: tuple[str, ...]
    ranks: tuple[tuple[float, ...], ...]

    def pairs(self) -> Iterator[tuple[Pair, float]]:
        """Every pair of inputs with its correlation."""
        for row, one in enumerate(self.between):
            for column, other in enumerate(self.between[:row]):
                yield (other, one), self.ranks[row][column]

    def without(self, names: Collection[str]) -> Correlation | None:
        """Those between other inputs than `names`; None where fewer than two are left."""
        kept = [index for index, name in enumerate(self.between) if name not in names]
        ranks = tuple(tuple(self.ranks[row][column] for column in kept) for row in kept)
        return Correlation(tuple(self.between[index] for index in kept), ranks) if len(kept) > 1 else None


def partners(company: str) -> tuple[str, ...]:
    """A company as written, and the companies of which it is made.

    >>> partners("LG Energy Solution / GM")
    ('LG Energy Solution / GM', 'LG Energy Solution', 'GM')
    """
    return tuple(dict.fromkeys((company, *company.split(PARTNERS))))


def phase(stated: event_forms.Phase) -> Phase:
    """A part of an announcement as stated."""
    return Phase(
        id=stated.id,
        share=float(stated.share),
        construction_start=optional(date_law, stated.construction_start),
        production_start=optional(date_law, stated.production_start),
        probability=optional(law, stated.probability),
    )


def programme(stated: event_forms.Programme) -> Programme:
    """A programme as stated."""
    chances = optional(law, stated.probability), optional(law, stated.scale)
    return Programme(stated.id, tuple(sorted(stated.members)), stated.company, *chances)


def correlation(stated: event_forms.Correlation) -> Correlation:
    """A correlation as stated, a single rank standing for every pair."""
    n = range(len(stated.between))
    if stated.matrix is not None:
        return Correlation(stated.between, tuple(tuple(map(float, row)) for row in stated.matrix))
    assert stated.rank is not None
    rank = float(stated.rank)
    return Correlation(stated.between, tuple(tuple(1.0 if i == j else rank for j in n) for i in n))


def plain_phase(assumed: Phase) -> dict[str, Any]:
    """The mapping that states a part of an announcement."""
    return present(
        id=assumed.id,
        share=assumed.share,
        construction_start=optional(plain_date_law, assumed.construction_start),
        production_start=optional(plain_date_law, assumed.production_start),
        probability=optional(plain_law, assumed.probability),
    )


def plain_programme(assumed: Programme) -> dict[str, Any]:
    """The mapping that states a programme."""
    return present(
        id=assumed.id,
        company=assumed.company,
        members=list(assumed.members),
        probability=optional(plain_law, assumed.probability),
        scale=optional(plain_law, assumed.scale),
    )


def plain_correlation(assumed: Correlation) -> dict[str, Any]:
    """The mapping that states a correlation."""
    ranks = {rank for _, rank in assumed.pairs()}
    matrix = {"rank": ranks.pop()} if len(ranks) == 1 else {"matrix": [list(row) for row in assumed.ranks]}
    return {"between": list(assumed.between), **matrix}
