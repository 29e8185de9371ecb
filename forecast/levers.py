"""What is assumed of trade policy: tariffs and import commitments, and the way from YAML to them and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from forecast.dates import date_law, plain_date_law
from forecast.distributions import Constant, Law
from forecast.document import present
from forecast.laws import law, optional, plain_law
from forecast.lever_forms import ImportCommitment as CommitmentForm
from forecast.lever_forms import Tariff as TariffForm


@dataclass(frozen=True, slots=True)
class Tariff:
    """A US duty on Korean goods, as assumed.

    Attributes:
        id: name of the tariff, and of its random streams.
        sectors: whose goods pay it, or `("all",)`.
        rate: the average duty once it is in force, a fraction; None where `change` is stated.
        change: points added to the duty in force at the origin, a fraction.
        start, until: dates on the quarter axis; None for no end.
        probability: chance that it comes.
        pass_through: share of the duty that buyers pay; None for the shipped prior, as in the next three.
        elasticity: per cent of quantity lost per per cent of price in the long run.
        adjustment: share of the long-run response reached after a year.
        localization_response: rise of the log odds of local supply per percentage point.
        sources: addresses of the evidence.
    """

    id: str
    sectors: tuple[str, ...]
    rate: Law | None
    change: Law | None
    start: Law
    until: Law | None
    probability: Law
    pass_through: Law | None
    elasticity: Law | None
    adjustment: Law | None
    localization_response: Law | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportCommitment:
    """Purchases from the US that were promised, as assumed.

    Attributes:
        id: name of the commitment, and of its random streams.
        what: `aircraft`, `lng` or `other`.
        amount: value over the whole span, bn USD; None where `per_year` is stated.
        per_year: value a year, bn USD.
        start, until: dates on the quarter axis.
        probability: chance that it comes to anything.
        additionality: share that would not have been bought anyway; None for the shipped prior.
        fulfilment: delivered over promised.
        sources: addresses of the evidence.
    """

    id: str
    what: str
    amount: Law | None
    per_year: Law | None
    start: Law
    until: Law
    probability: Law
    additionality: Law | None
    fulfilment: Law
    sources: tuple[str, ...]


CERTAIN = Constant(1.0)


def tariffs(stated: Iterable[TariffForm]) -> tuple[Tariff, ...]:
    """Tariffs as their YAML entries state them, by id."""
    return tuple(map(_tariff, sorted(stated, key=lambda entry: entry.id)))


def _tariff(stated: TariffForm) -> Tariff:
    return Tariff(
        id=stated.id,
        sectors=tuple(sorted(set(stated.sectors))),
        rate=optional(law, stated.rate),
        change=optional(law, stated.change),
        start=date_law(stated.from_),
        until=optional(date_law, stated.until),
        probability=CERTAIN if stated.probability is None else law(stated.probability),
        pass_through=optional(law, stated.pass_through),
        elasticity=optional(law, stated.elasticity),
        adjustment=optional(law, stated.adjustment),
        localization_response=optional(law, stated.localization_response),
        sources=stated.sources,
    )


def import_commitments(stated: Iterable[CommitmentForm]) -> tuple[ImportCommitment, ...]:
    """Commitments as their YAML entries state them, by id."""
    return tuple(map(_import_commitment, sorted(stated, key=lambda entry: entry.id)))


def _import_commitment(stated: CommitmentForm) -> ImportCommitment:
    return ImportCommitment(
        id=stated.id,
        what=stated.what,
        amount=optional(law, stated.amount),
        per_year=optional(law, stated.per_year),
        start=date_law(stated.from_),
        until=date_law(stated.until),
        probability=CERTAIN if stated.probability is None else law(stated.probability),
        additionality=optional(law, stated.additionality),
        fulfilment=CERTAIN if stated.fulfilment is None else law(stated.fulfilment),
        sources=stated.sources,
    )


def plain_tariff(assumed: Tariff) -> dict[str, Any]:
    """The YAML entry of a tariff; keys at their default are left out."""
    names = ("pass_through", "elasticity", "adjustment", "localization_response")
    return present(
        id=assumed.id,
        sectors=list(assumed.sectors),
        rate=optional(plain_law, assumed.rate),
        change=optional(plain_law, assumed.change),
        **{"from": plain_date_law(assumed.start)},
        until=optional(plain_date_law, assumed.until),
        probability=_unless_certain(assumed.probability),
        **{name: optional(plain_law, getattr(assumed, name)) for name in names},
        sources=list(assumed.sources),
    )


def plain_commitment(assumed: ImportCommitment) -> dict[str, Any]:
    """The YAML entry of a commitment; keys at their default are left out."""
    return present(
        id=assumed.id,
        what=assumed.what,
        amount=optional(plain_law, assumed.amount),
        per_year=optional(plain_law, assumed.per_year),
        **{"from": plain_date_law(assumed.start)},
        until=plain_date_law(assumed.until),
        probability=_unless_certain(assumed.probability),
        additionality=optional(plain_law, assumed.additionality),
        fulfilment=_unless_certain(assumed.fulfilment),
        sources=list(assumed.sources),
    )


def _unless_certain(assumed: Law) -> Any:
    return None if assumed == CERTAIN else plain_law(assumed)
