"""One announcement of investment, and its rules: keys that fit its kind, dates in order, nothing counted twice.

Double counting: umbrellas and their parts, repeated projects, and announcements that lie inside one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, inf
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, create_model

from forecast.catalogue import Wording, worded
from forecast.characters import likeness
from forecast.economics.sectors import COEFFICIENTS, Sector
from forecast.errors import Problem, got, meant
from forecast.observations.announcements import announcements
from forecast.quarters import ACCEPTED
from forecast.scenario.dates import Moment, UncertainDate
from forecast.scenario.dependencies import TIES, Ids, Phases, When
from forecast.scenario.entity import SectorName, Sources, Written, entity, id_field
from forecast.scenario.entries import Row, mean
from forecast.scenario.localization import StatedPath
from forecast.scenario.money import Money, MoneyOrNothing, Won, in_dollars
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.specs import ABOVE_0, Amount, InnerShare, Model, NumberSpec, Share, bounded, plain_distribution

NOTHING = Constant(0.0)
_Quarters: TypeAlias = Annotated[NumberSpec, bounded(ABOVE_0, inf, "a number of quarters above 0")]

_ACCEPTED: Mapping[str, Any] = {
    **dict.fromkeys(("machinery_share", "korean_machinery_share", "utilisation", "reverse_import_rate"), Share),
    **dict.fromkeys(("construction_quarters", "ramp_quarters"), _Quarters),
    "korean_share": InnerShare,
    "displacement_rate": Annotated[NumberSpec, bounded(-1, inf, "-1 or more; below 0 where a plant brings exports")],
    "price_growth": Annotated[NumberSpec, bounded(-0.5, 0.5, "a growth a year from -0.5 to 0.5")],
}
"""Numbers that each coefficient accepts, where it is not an amount."""

_FIELDS: dict[str, Any] = {
    name: (
        _ACCEPTED.get(name, Amount) | None,
        Field(None, json_schema_extra={"description": f"the coefficient {name}"}),
    )
    for name in COEFFICIENTS
}
COEFFICIENT_KEYS = create_model("Coefficients", __base__=Model, __doc__="Coefficients that differ.", **_FIELDS)


def _by_name(stated: Model) -> dict[str, Distribution]:
    return {name: distribution for name, distribution in sorted(stated) if distribution is not None}


def plain_coefficients(coefficients: Mapping[str, Distribution]) -> dict[str, Any]:
    """The mapping that states coefficients."""
    return {name: plain_distribution(value) for name, value in coefficients.items()}


Coefficients: TypeAlias = Annotated[Mapping[str, Distribution], Written(COEFFICIENT_KEYS, _by_name, plain_coefficients)]
"""Coefficients that differ from the sector priors, in the order of their names."""


class Overrides(Model):
    """What differs from the sector priors."""

    sectors: Mapping[SectorName, Coefficients] = Field(
        {}, description="a mapping from sector names to mappings from coefficient names to numbers"
    )


SectorCoefficients: TypeAlias = Annotated[
    Mapping[str, Mapping[str, Distribution]],
    Written(
        Overrides,
        lambda stated: {sector: group for sector, group in sorted(stated.sectors.items()) if group},
        lambda stated: {"sectors": {name: plain_coefficients(group) for name, group in stated.items()}},
    ),
]
"""Coefficients that differ in single sectors, in the order of the names of both."""


@entity
@dataclass(frozen=True, slots=True, kw_only=True)
class Investment:
    """One announcement.

    Amounts are distributions in bn USD, dates and windows lie on the quarter axis. Numbers left out are as fitted, the
    path of localization that of the sector.
    """

    id: Annotated[str, id_field("HMG-06")]
    company: Annotated[str, Field(min_length=1, max_length=200, description="the investor, in 1 to 200 characters")]
    project: Annotated[
        str, Field(min_length=1, max_length=200, description="what is built or bought, in 1 to 200 characters")
    ]
    project_ko: Annotated[
        str, Field(max_length=200, description="the same in Korean; if left out, the project as it is")
    ] = ""
    sector: Annotated[Sector, Field(description="a sector name")]
    kind: Annotated[
        Literal["greenfield", "expansion", "acquisition", "pledge"],
        Field(
            description="greenfield, expansion, acquisition, or pledge for an umbrella that is never simulated itself"
        ),
    ]
    amount: Annotated[Money, Field(description="stated size in bn USD, 0 or more")]
    announced: Annotated[Moment, Field(description=f"date of the announcement: {ACCEPTED}")]
    construction_start: Annotated[
        UncertainDate | None,
        Field(description=f"start of construction: {ACCEPTED}; if left out, one building time before production"),
    ] = None
    production_start: Annotated[
        UncertainDate | None,
        Field(description=f"planned start of production: {ACCEPTED}; if left out, one building time after the start"),
    ] = None
    new_capex: Annotated[
        MoneyOrNothing, Field(description="capital expenditure after an acquisition in bn USD, 0 or more")
    ] = NOTHING
    part_of: Annotated[str | None, Field(description="id of the pledge that holds this investment")] = None
    probability: Annotated[
        Share | None, Field(description="chance that it goes ahead, a fraction from 0 to 1; if left out, as fitted")
    ] = None
    slip: Annotated[NumberSpec | None, Field(description="delay of production in quarters; if left out, as fitted")] = (
        None
    )
    scale: Annotated[
        Amount | None, Field(description="realised over stated amount, 0 or more; if left out, as fitted")
    ] = None
    coefficients: Annotated[
        Coefficients, Field(alias="overrides", description="a mapping from coefficient names to numbers")
    ] = field(default_factory=dict)
    localization: Annotated[
        StatedPath | None,
        Field(description="a mapping with path: a path of its own; if left out, that of its sector"),
    ] = None
    sources: Sources = ()
    production_end: Annotated[UncertainDate | None, Field(description=f"end of production: {ACCEPTED}")] = None
    phases: Annotated[
        Phases, Field(description="a list of at least one part, with id, share and dates of their own")
    ] = ()
    requires: Annotated[Ids, Field(description="a list of ids: it goes ahead only if all of those do")] = ()
    excludes: Annotated[Ids, Field(description="a list of ids: it goes ahead only if none of those does")] = ()
    same_fate_as: Annotated[
        str | None, Field(description="id of the investment whose draw of going ahead it shares")
    ] = None
    when: Annotated[
        When | None,
        Field(
            description="a mapping with tariff, the id of a tariff that calls it: it goes ahead only in draws in which "
            "that comes and still holds when it would be begun, and is not begun before"
        ),
    ] = None

    def __post_init__(self) -> None:
        """Turn amounts in won into USD, at the rate of the announcement."""
        stated = {name: getattr(self, name) for name in ("amount", "new_capex")}
        won: dict[str, Won] = {name: amount for name, amount in stated.items() if isinstance(amount, Won)}
        for name in won:
            object.__setattr__(self, name, None)  # all there is of it, for rules, until a rate is known
        for name, amount in won.items():
            object.__setattr__(self, name, in_dollars(amount.krw_trillion, self.announced))

    def runs_by(self, origin: int | None) -> bool:
        """Whether it is producing by the end of a quarter, in all its phases: built by then, or bought."""
        bought = self.kind == "acquisition" and self.production_start is None
        whole = Constant(self.announced) if bought and self.announced is not None else self.production_start
        starts = [phase.production_start for phase in self.phases or ()] or [whole]
        return origin is not None and all(start is not None and start.ends()[1] <= origin + 1 for start in starts)


SIMULATED_ONLY = (
    *("construction_start", "production_start", "probability", "slip", "scale", "overrides", "localization"),
    *("production_end", "phases", "when", *TIES),
)


def investment_problems(announced: Sequence[Row]) -> Iterator[Problem]:
    """Keys that do not fit the kind of an investment, and dates out of order."""
    for row in announced:
        yield from _keys(row)
        yield from _order(row)


def _keys(row: Row) -> Iterator[Problem]:
    kind = row.value.kind
    if kind == "pledge":
        for key in filter(row.has, SIMULATED_ONLY):
            yield row.problem(key, f"got {key} with kind pledge, where it does nothing: only its parts are simulated")
    if kind in ("greenfield", "expansion") and not any(
        map(row.has, ("construction_start", "production_start", "phases"))
    ):
        yield row.problem("", f"got neither date, expected construction_start or production_start for kind {kind}")
    if kind in ("greenfield", "expansion", "pledge") and row.has("new_capex"):
        yield row.problem("new_capex", f"got new_capex with kind {kind}, expected it only with kind acquisition")


def _order(row: Row) -> Iterator[Problem]:
    announced, start, production = row.value.announced, row.value.construction_start, row.value.production_start
    if row.value.kind == "acquisition":
        return
    if start and production and start.ends()[1] >= production.ends()[0]:
        yield row.misplaced("production_start", "after construction_start")
    if announced is None:
        return
    for key, date in (("construction_start", start), ("production_start", production)):
        if date and floor(announced) > floor(date.ends()[1]):
            yield row.misplaced(key, "not before announced")


ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Itemised:
    """How much of a pledge is simulated: what the announcements among its parts hold of it; means, bn USD.

    Attributes:
        id: of the pledge.
        whole: what it promises.
        inside: what its parts state.
        parts: their ids.
    """

    id: str
    whole: float
    inside: float
    parts: tuple[str, ...]

    @property
    def outside(self) -> float:
        """What is in no part and adds nothing; 0 where that is rounding."""
        rest = self.whole - self.inside
        return rest if rest > 0.001 * self.whole else 0.0


def itemised(investments: Sequence[Investment]) -> Iterator[Itemised]:
    """Pledges that lie in no other, and what of them is simulated."""
    above = {item.id: item.part_of for item in investments}
    for pledge in (item for item in investments if item.kind == "pledge" and item.part_of is None):
        inside = [item for item in investments if item.kind != "pledge" and pledge.id in _umbrellas(item.id, above)]
        stated = sum(mean(item.amount) for item in inside)
        yield Itemised(pledge.id, mean(pledge.amount), stated, tuple(item.id for item in inside))


def outside_parts(investments: Sequence[Investment]) -> Iterator[Wording]:
    """What pledges hold beyond the announcements among their parts, which adds nothing."""
    for pledge in itemised(investments):
        if pledge.outside:
            amounts = {"whole": pledge.whole, "inside": pledge.inside, "outside": pledge.outside}
            yield worded("warnings.run.outside_parts", id=pledge.id, parts=[*pledge.parts], **amounts)


def _umbrellas(name: str, above: Mapping[str, str | None]) -> Iterator[str]:
    """Pledges that hold an investment, the nearest first."""
    while (umbrella := above.get(name)) is not None:
        yield umbrella
        name = umbrella


def double_counting(rows: Sequence[Row]) -> Iterator[Problem]:
    """Every way in which the same dollars would count twice, or a pledge would count for nothing."""
    by_id = {row.name: row for row in rows}
    yield from _same_projects(rows)
    for row in rows:
        yield from _membership(row, by_id)
    for umbrella in rows:
        if umbrella.value.kind == "pledge":
            yield from _umbrella(umbrella, [row for row in rows if row.value.part_of == umbrella.name])
    yield from _overlaps(by_id)


def _same_projects(rows: Sequence[Row]) -> Iterator[Problem]:
    projects: dict[tuple[str, ...], Row] = {}
    for row in rows:
        words = [likeness(text or "") for text in (row.value.company, row.value.project)]
        if all(words) and (first := projects.setdefault(tuple(words), row)).name != row.name:
            message = f"same company and project as {first.name}, expected every project once"
            yield row.problem("project", f"{message}; name what sets two apart, such as the place")


def _membership(row: Row, by_id: Mapping[str, Row]) -> Iterator[Problem]:
    part_of = row.value.part_of
    if part_of is None:
        return
    pledges = [name for name, other in by_id.items() if other.value.kind == "pledge" and other is not row]
    if part_of not in by_id:
        hint = meant(part_of, pledges) if pledges else "the scenario has none"
        yield row.problem("part_of", f"{got(part_of)}, expected the id of a pledge in this scenario; {hint}")
    elif by_id[part_of].value.kind in ("greenfield", "expansion", "acquisition"):
        yield row.problem("part_of", f"got {part_of}, which has kind {by_id[part_of].value.kind}, expected a pledge")
    elif row.name in _above(row, by_id):
        yield row.problem("part_of", f"got {part_of}, which lies inside {row.name} in turn, expected no circle")


def _above(row: Row, by_id: Mapping[str, Row]) -> list[str]:
    """Ids of the umbrellas over an investment, the nearest first; stops when it comes round."""
    names: list[str] = []
    name = row.value.part_of
    while name and name in by_id and name not in names:
        names.append(name)
        name = by_id[name].value.part_of
    return names


def _umbrella(umbrella: Row, parts: Sequence[Row]) -> Iterator[Problem]:
    if not parts:
        message = f"got a pledge without parts, which counts for nothing; give some investment part_of: {umbrella.name}"
        yield umbrella.problem("kind", message)
    whole = umbrella.value.amount
    amounts = {part.name: mean(amount) for part in parts if (amount := part.value.amount)}
    if whole and sum(amounts.values()) > mean(whole) + ROUNDING:
        shares = ", ".join(f"{name} {amount:.4g}" for name, amount in amounts.items())
        total = f"{sum(amounts.values()):.4g} bn USD in parts ({shares})"
        yield umbrella.problem("amount", f"got {total}, expected at most the {mean(whole):.4g} bn USD of the pledge")


def _overlaps(by_id: Mapping[str, Row]) -> Iterator[Problem]:
    simulated = {name for name, row in by_id.items() if row.value.kind in ("greenfield", "expansion", "acquisition")}
    relations = {row.id: (row.parent_id, row.parent_relation) for row in announcements() if row.parent_id is not None}
    for inner in sorted(simulated):
        for name, bought in _around(inner, relations):
            if name in simulated:
                yield by_id[inner].problem("id", _overlap(inner, name, bought))


def _around(name: str, relations: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, bool]]:
    """Announcements that hold this one, the nearest first, and whether a purchase lies between."""
    bought = False
    while name in relations:
        name, relation = relations[name]
        bought = bought or relation == "purchase_of"
        yield name, bought


def _overlap(inner: str, outer: str, bought: bool) -> str:
    if bought:
        return f"{inner} is the purchase of the plant {outer} builds, which would count twice; keep one of them"
    way_out = f"keep one of them, or make {outer} a pledge with {inner} among its parts"
    return f"{inner} lies inside {outer}, which would count it twice; {way_out}"
