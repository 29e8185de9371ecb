"""Ties between announcements: phases of one, programmes cut as a whole, correlations, and fates that hang together.

Also what calls a plant, a tariff. Rules: ids exist, there are no circles, keys fit each other, members of programmes
are investments. Which inputs may be correlated is `inputs`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from forecast.errors import Problem, got, meant, spelled
from forecast.quarters import ACCEPTED
from forecast.scenario.dates import UncertainDate
from forecast.scenario.entity import ID, ById, entity, id_field
from forecast.scenario.entries import Row, entry, rows
from forecast.stats.specs import Amount, Number, Share
from forecast.stats.streams import Pair
from forecast.storage.documents import Node

ROUNDING = 1e-6

PARTNERS = " / "
"""Separator of the companies of a joint plant."""

Ids: TypeAlias = Annotated[tuple[str, ...], AfterValidator(lambda ids: tuple(sorted(ids)))]


@entity
@dataclass(frozen=True, slots=True)
class Phase:
    """One part of an announcement, built by dates of its own."""

    id: Annotated[str, id_field("first")]
    share: Annotated[
        Number, Field(gt=0, le=1, description="share of the amount of the announcement, above 0, at most 1")
    ]
    construction_start: Annotated[UncertainDate | None, Field(description=f"start of construction: {ACCEPTED}")] = None
    production_start: Annotated[UncertainDate | None, Field(description=f"planned start of production: {ACCEPTED}")] = (
        None
    )
    probability: Annotated[
        Share | None,
        Field(description="chance that this part goes ahead if the announcement does, a fraction from 0 to 1"),
    ] = None


@entity
@dataclass(frozen=True, slots=True)
class When:
    """What calls an investment that would not be made without it."""

    tariff: Annotated[str, Field(pattern=ID, description="id of a tariff of the scenario, such as return-to-25")]


def _complete(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    if not phases:
        raise ValueError("got an empty list, expected at least one part with id, share and dates of its own")
    total = sum(phase.share for phase in phases)
    if abs(total - 1) > ROUNDING:
        raise ValueError(f"got shares that sum to {total:.6g}, expected a sum of 1")
    ids = [phase.id for phase in phases]
    if repeated := sorted({id for id in ids if ids.count(id) > 1}):
        raise ValueError(f"got the id {repeated[0]} twice, expected every phase once")
    return phases


Phases: TypeAlias = Annotated[
    tuple[Phase, ...], AfterValidator(_complete), ById, Field(json_schema_extra={"minItems": 1})
]


@entity
@dataclass(frozen=True, slots=True)
class Programme:
    """Announcements that are cut as a whole.

    They are the members, or all investments of a company. `scale` is a factor of all its amounts.
    """

    id: Annotated[str, id_field("hanwha-ships")]
    members: Annotated[Ids, Field(description="a list of ids of investments")] = ()
    company: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="a company: all its investments, joint ones included"),
    ] = None
    probability: Annotated[
        Share | None, Field(description="chance that the programme survives, a fraction from 0 to 1")
    ] = None
    scale: Annotated[Amount | None, Field(description="factor of all amounts of the programme, 0 or more")] = None

    def __post_init__(self) -> None:
        """Demand whom it holds and what may be cut."""
        if bool(self.members) == bool(self.company):
            raise ValueError(f"got {'both' if self.members else 'neither'}, expected either members or company")
        if self.probability is None and self.scale is None:
            raise ValueError("got a programme that changes nothing, expected probability, scale or both")

    def holds(self, id: str, company: str) -> bool:
        """Whether an investment belongs to the programme."""
        return id in (self.members or ()) or (self.company is not None and self.company in partners(company))


@entity
@dataclass(frozen=True, slots=True)
class Correlation:
    """Rank correlation between uncertain inputs.

    Inputs are named by their YAML paths. A matrix of one rank is the same as that rank.
    """

    between: Annotated[
        tuple[str, ...],
        Field(
            min_length=2,
            description="a list of at least two paths of uncertain inputs, such as investments.HMG-06.slip or "
            "tariffs.section-301.realised, which is whether that comes",
        ),
    ]
    rank: Annotated[
        Number | None,
        Field(ge=-1, le=1, description="a rank correlation from -1 to 1, that of every pair; with 1 they share a draw"),
    ] = None
    matrix: Annotated[
        tuple[tuple[Number, ...], ...] | None,
        Field(description="a list of rows of rank correlations, in the order of between"),
    ] = None

    def __post_init__(self) -> None:
        """Demand one rank or a matrix that may be one of correlations."""
        if (self.rank is None) == (self.matrix is None):
            raise ValueError(f"got {'neither' if self.rank is None else 'both'}, expected either rank or matrix")
        if len(set(self.between)) < len(self.between):
            raise ValueError("got the same input twice in between, expected every input once")
        if self.matrix is not None:
            _demand_correlations(self.matrix, len(self.between))
            self._simplify(self.matrix)

    def _simplify(self, matrix: tuple[tuple[float, ...], ...]) -> None:
        ranks = {rank for row, column in self._places() for rank in [matrix[row][column]]}
        if len(ranks) == 1:
            object.__setattr__(self, "rank", float(ranks.pop()))
            object.__setattr__(self, "matrix", None)

    def _places(self) -> Iterator[tuple[int, int]]:
        return ((row, column) for row in range(len(self.between)) for column in range(row))

    def pairs(self) -> Iterator[tuple[Pair, float]]:
        """Every pair of inputs with its correlation."""
        for row, column in self._places():
            rank = self.rank if self.matrix is None else self.matrix[row][column]
            assert rank is not None
            yield (self.between[column], self.between[row]), rank

    def without(self, names: Collection[str]) -> Correlation | None:
        """Those between other inputs than `names`; None where fewer than two are left."""
        kept = [index for index, name in enumerate(self.between) if name not in names]
        if len(kept) < 2:
            return None
        matrix = self.matrix and tuple(tuple(self.matrix[row][column] for column in kept) for row in kept)
        return Correlation(tuple(self.between[index] for index in kept), self.rank, matrix)


def _demand_correlations(matrix: tuple[tuple[float, ...], ...], n: int) -> None:
    if [len(row) for row in matrix] != [n] * n:
        raise ValueError(f"got a matrix of another shape, expected {n} rows of {n} numbers, as between has {n} inputs")
    if any(matrix[i][i] != 1 for i in range(n)):
        raise ValueError("got a matrix with another diagonal, expected 1 along it")
    pairs = [(matrix[i][j], matrix[j][i]) for i in range(n) for j in range(i)]
    if any(one != other for one, other in pairs):
        raise ValueError("got a matrix that is not symmetric, expected the same number on either side of the diagonal")
    if any(abs(one) > 1 for one, _ in pairs):
        raise ValueError("got a matrix with entries beyond 1, expected correlations from -1 to 1")


def partners(company: str) -> tuple[str, ...]:
    """A company as written, and the companies of which it is made.

    >>> partners("LG Energy Solution / GM")
    ('LG Energy Solution / GM', 'LG Energy Solution', 'GM')
    """
    return tuple(dict.fromkeys((company, *company.split(PARTNERS))))


LISTED = ("requires", "excludes")
SAME = "same_fate_as"
TIES = (*LISTED, SAME)
OWN_CHANCE = ("probability", "when", *LISTED)


def broken_links(root: Node, announced: Sequence[Row]) -> Iterator[Problem]:
    """Every tie that leads nowhere, round in a circle or against another key."""
    built = {row.name: row for row in announced if row.value.kind != "pledge"}
    tariffs = root.fields["tariffs"].items if "tariffs" in root.fields else ()
    callers = {str(node.fields["id"].content): node for node in tariffs if "id" in node.fields}
    for row in announced:
        yield from _unknown(row, built)
        yield from _called(row, callers)
        yield from _own_chance(row)
        yield from _phases(row)
        yield from _end(row)
    yield from _circles(built)
    yield from _programmes(root, built)


def _named(row: Row) -> Iterator[tuple[str, Node, str]]:
    """Every id a row is tied to: the key and its place, the node, and the id."""
    for key in LISTED:
        node = row.node.fields.get(key)
        for index, item in enumerate(node.items if node else ()):
            if isinstance(item.content, str):
                yield spelled((key, index)), item, item.content
    if (same := row.value.same_fate_as) is not None:
        yield SAME, row.node.fields[SAME], same


def _unknown(row: Row, built: Mapping[str, Row]) -> Iterator[Problem]:
    for key, node, id in _named(row):
        if id in built and id != row.name:
            continue
        others = [name for name in built if name != row.name]
        hint = meant(id, others) if others else "the scenario has no other"
        expected = f"expected the id of another investment that is built or bought; {hint}"
        yield node.place.problem(f"investments.{row.name}.{key}", f"{got(id)}, {expected}")


def _called(row: Row, tariffs: Mapping[str, Node]) -> Iterator[Problem]:
    """A tariff that is to call a plant and is not in the scenario."""
    stated = row.node.fields["when"].fields.get("tariff") if row.has("when") else None
    if stated is not None and isinstance(stated.content, str) and stated.content not in tariffs:
        hint = meant(stated.content, tariffs) if tariffs else "the scenario has none"
        message = f"{got(stated.content)}, expected the id of a tariff of this scenario; {hint}"
        yield stated.place.problem(f"investments.{row.name}.when.tariff", message)


def _own_chance(row: Row) -> Iterator[Problem]:
    if row.has(SAME):
        for key in filter(row.has, OWN_CHANCE):
            taken = (
                f"got {key} beside {SAME}, which takes all of that from {row.value.same_fate_as}; expected one of them"
            )
            yield row.problem(key, taken)


def _phases(row: Row) -> Iterator[Problem]:
    node = row.node.fields.get("phases")
    if node is None or not node.items:
        return
    if row.value.kind == "acquisition":
        yield row.problem("phases", "got phases with kind acquisition, expected them only for what is built")
    for key in filter(row.has, ("construction_start", "production_start")):
        yield row.problem(key, f"got {key} beside phases, expected the dates of every phase inside it")
    for index, phase in enumerate(node.items):
        yield from _phase(entry(Phase, phase, (*row.path, "phases", index)), row)


def _phase(phase: Row, row: Row) -> Iterator[Problem]:
    announced, start, production = row.value.announced, phase.value.construction_start, phase.value.production_start
    if not phase.has("construction_start") and not phase.has("production_start"):
        yield phase.problem("", "got neither date, expected construction_start or production_start")
    if start and production and start.ends()[1] >= production.ends()[0]:
        yield phase.problem("production_start", "got a date before the last of construction_start, expected it later")
    for key, date in (("construction_start", start), ("production_start", production)):
        if announced and date and int(announced) > int(date.ends()[1]):
            yield phase.problem(key, f"got a date before the announcement of {row.name}, expected one not before it")


def _end(row: Row) -> Iterator[Problem]:
    """Production ends after it was to start."""
    end = row.value.production_end
    plants = [row, *rows(row.node, "phases", Phase)]
    starts = [date for plant in plants if (date := plant.value.production_start or plant.value.construction_start)]
    if end and starts and end.ends()[0] <= max(start.ends()[1] for start in starts):
        message = "got an end of production that may come before its planned start, expected a later date"
        yield row.problem("production_end", message)


def _circles(built: Mapping[str, Row]) -> Iterator[Problem]:
    """Ties along which going ahead would depend on itself, each reported once."""
    reported: set[str] = set()
    for name in built:
        circle = _circle(name, built)
        if circle and not reported & set(circle):
            reported |= set(circle)
            key = next(key for key, _, id in _named(built[name]) if id == circle[1])
            way = " on ".join(circle)
            message = f"got a circle: {way}; expected an order in which each can be decided"
            yield built[name].problem(key.partition("[")[0], message)


def _circle(start: str, built: Mapping[str, Row]) -> list[str]:
    """The ids on a way from `start` back to it, both ends included; empty where there is none."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop(0)
        for _, _, id in _named(built[way[-1]]):
            if id == start and len(way) > 1:
                return [*way, id]
            if id in built and id not in seen and id != start:
                seen.add(id)
                ways.append([*way, id])
    return []


def _programmes(root: Node, built: Mapping[str, Row]) -> Iterator[Problem]:
    for row in rows(root, "programmes", Programme):
        path = f"programmes.{row.name}"
        yield from _members(row, path, built)
        yield from _split_fates(row, path, built)


def _members(programme: Row, path: str, built: Mapping[str, Row]) -> Iterator[Problem]:
    node = programme.node.fields.get("members")
    for index, member in enumerate(node.items if node else ()):
        if isinstance(member.content, str) and member.content not in built:
            expected = f"expected the id of an investment that is built or bought; {meant(member.content, built)}"
            yield member.place.problem(f"{path}.members[{index}]", f"{got(member.content)}, {expected}")
    company = programme.value.company
    companies = sorted({name for row in built.values() for name in partners(row.value.company or "")})
    if company is not None and company not in companies:
        message = f"{got(company)}, expected the company of an investment; {meant(company, companies)}"
        yield programme.node.fields["company"].place.problem(f"{path}.company", message)


def _split_fates(programme: Row, path: str, built: Mapping[str, Row]) -> Iterator[Problem]:
    """One draw for both cannot be cut for one of them alone."""
    members = {id for id, row in built.items() if programme.value.holds(id, row.value.company or "")}
    for id in sorted(members):
        other = built[id].value.same_fate_as
        if programme.has("probability") and other in built and other not in members:
            message = (
                f"got {id}, which has the fate of {other}, without {other}; expected both in the programme or neither"
            )
            yield programme.node.place.problem(path, message)
