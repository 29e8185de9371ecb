"""Paths of drivers and shocks, and their rules: dates in order and within the horizon, numbers in the unit meant.

Levels are those of a quarter: of the won and of oil the mean of its months, of US output the level at an annual rate.
The rules read the tree; a value the schema has refused is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from forecast.dims import FLOWS
from forecast.errors import Problem, got, spelled
from forecast.observations.annual import month_name
from forecast.observations.series import DRIVERS, UNITS
from forecast.observations.vintage import Vintage, vintage
from forecast.quarters import ACCEPTED, format_quarter, parse_quarter
from forecast.scenario.dates import DEFAULT_HORIZON, Date, Moment, QuarterIndex, UncertainDate, position
from forecast.scenario.entity import Sources, Written, demand_one_of, entity, id_field, plain
from forecast.scenario.entries import Row, entry, middle, rows
from forecast.stats.distributions import Distribution
from forecast.stats.specs import Change, Duration, Level, NumberSpec, Share
from forecast.storage.documents import MAX_ITEMS, Node


def _whole_quarter(date: str | int) -> int:
    if position(date) % 1:
        raise ValueError(f"got {date}, expected the start of a quarter, such as 2026Q4")
    return int(position(date))


def _in_order(levels: Mapping[int, Distribution]) -> Mapping[int, Distribution]:
    return dict(sorted(levels.items()))


TurningQuarter: TypeAlias = Annotated[int, Written(Date, _whole_quarter, format_quarter)]
"""A date that is the start of a quarter, as the index of that quarter."""

FORM = Field(description="form of the path")


@entity
@dataclass(frozen=True, slots=True)
class Levels:
    """The driver stands at stated levels in stated quarters, and moves evenly in logarithms up to and between them."""

    path: Annotated[Literal["levels"], FORM]
    levels: Annotated[
        Mapping[QuarterIndex, Level],
        Field(
            alias="at",
            min_length=1,
            max_length=MAX_ITEMS,
            description="a mapping from quarters to levels, such as {2026Q4: 1500}",
        ),
        AfterValidator(_in_order),
    ]


@entity
@dataclass(frozen=True, slots=True)
class Growth:
    """The driver grows at a stated rate in place of the fitted one."""

    path: Annotated[Literal["growth"], FORM]
    change: Annotated[Change, Field(alias="rate", description="growth a year, a fraction, 0.02 for 2 %")]
    first: Annotated[TurningQuarter, Field(alias="from", description="the first quarter that grows so, such as 2026Q4")]
    end: Annotated[
        TurningQuarter | None,
        Field(alias="until", description="when that ends, that quarter not included; the horizon if left out"),
    ] = None


@entity
@dataclass(frozen=True, slots=True)
class Deviation:
    """The driver lies above or below its fitted path."""

    path: Annotated[Literal["deviation"], FORM]
    change: Annotated[
        Change,
        Field(alias="size", description="level over that of the fitted path, less 1: a fraction, -0.1 for 10 % below"),
    ]
    first: Annotated[
        TurningQuarter, Field(alias="from", description="the first quarter off the fitted path, such as 2026Q4")
    ]
    end: Annotated[
        TurningQuarter | None,
        Field(alias="until", description="when that ends, that quarter not included; for good if left out"),
    ] = None


DRIVER_FORMS: Mapping[str, type] = {"levels": Levels, "growth": Growth, "deviation": Deviation}
DriverPath: TypeAlias = Levels | Growth | Deviation
Stated: TypeAlias = Annotated[DriverPath, Field(discriminator="path")]


@entity
@dataclass(frozen=True, slots=True)
class DriverPaths:
    """Drivers that a scenario sends along a path of its own; each one left out moves as fitted."""

    us_output: Annotated[
        Stated | None,
        Field(
            description="a mapping such as {path: growth, rate: 0.01, from: 2027Q1}; "
            "levels in bn chained 2017 USD a year"
        ),
    ] = None
    won_per_dollar: Annotated[
        Stated | None,
        Field(description="a mapping such as {path: levels, at: {2027Q4: 1600}}; levels in won per USD"),
    ] = None
    oil: Annotated[
        Stated | None,
        Field(description="a mapping such as {path: deviation, size: 0.2, from: 2027Q1}; levels in USD a barrel"),
    ] = None


def _by_name(stated: DriverPaths) -> dict[str, DriverPath]:
    paths = {name: getattr(stated, name) for name in DRIVERS}
    return {name: path for name, path in paths.items() if path is not None}


PathsByName: TypeAlias = Annotated[
    Mapping[str, DriverPath],
    Written(DriverPaths, _by_name, lambda paths: {name: plain(path) for name, path in paths.items()}),
]
"""Paths of drivers by name, in the order of `DRIVERS`."""


@entity
@dataclass(frozen=True, slots=True)
class Shock:
    """One event that moves a flow or a driver off its course at a date.

    `at` is a distribution and `until` a date on the quarter axis; an `amount` is in bn USD a year.
    """

    id: Annotated[str, id_field("chip-slump")]
    on: Annotated[
        Literal["exports", "imports", "us_output", "won_per_dollar", "oil"],
        Field(description="what it moves: exports, imports, us_output, won_per_dollar or oil"),
    ]
    at: Annotated[UncertainDate, Field(description=f"when it strikes: {ACCEPTED}")]
    until: Annotated[
        Moment | None,
        Field(description=f"when it ends, that moment not included: {ACCEPTED}; for good if left out"),
    ] = None
    size: Annotated[
        Change | None,
        Field(description="part of the flow or driver that is added, a fraction, -0.1 for 10 % less"),
    ] = None
    amount: Annotated[
        NumberSpec | None, Field(description="in place of size, for a flow: what is added in bn USD a year")
    ] = None
    probability: Annotated[
        Share | None, Field(description="chance that it comes, a fraction from 0 to 1; if left out, 1")
    ] = None
    half_life: Annotated[Duration | None, Field(description="quarters after which half of it has faded, above 0")] = (
        None
    )
    sources: Sources = ()

    def __post_init__(self) -> None:
        """Demand one measure, and amounts of flows only."""
        demand_one_of(size=self.size, amount=self.amount)
        if self.amount is not None and self.on not in FLOWS:
            raise ValueError(f"got an amount on {self.on}, expected a size: amounts are of exports or imports")


FACTOR = 10.0
"""Most that the median of a stated level may differ from the last one observed: beyond it the unit is another."""


def implausible(root: Node, as_of: str | None) -> Iterator[Problem]:
    """Every broken rule of the paths of drivers and of the shocks.

    Args:
        root: a merged tree.
        as_of: the day up to which data count as known; None for all.
    """
    known, end = vintage(as_of), _end(root)
    drivers = root.fields.get("drivers")
    for name, path in (drivers.fields if drivers else {}).items():
        if "at" in path.fields and name in DRIVERS:
            yield from _levels(name, path.fields["at"], known, end)
        else:
            form = DRIVER_FORMS.get(str(path.fields["path"].content) if "path" in path.fields else "", Growth)
            yield from _driven(entry(form, path, ("drivers", name)), known, end)
    for shock in rows(root, "shocks", Shock):
        yield from _struck(shock, known, end)
        yield from _too_large(shock, known)


def _levels(name: str, levels: Node, known: Vintage, end: int) -> Iterator[Problem]:
    origin = known.trade.origin
    observed = float(known.drivers.level(origin)[DRIVERS.index(name)])
    for text, level in levels.fields.items():
        where, quarter = spelled(("drivers", name, "at", text)), _quarter(text)
        if quarter is not None and not origin < quarter <= end:
            accepted = _up_to(end) if quarter > end else _after(origin)
            yield (level.key or level.place).problem(where, f"got {text}, expected a quarter {accepted}")
        median = middle(level)
        if median is not None and not (median <= 0 or observed / FACTOR <= median <= observed * FACTOR):
            stated = f"got a median of {median:g}" if level.fields else got(level.content)
            near = f"between a tenth and ten times the {observed:,.0f} of {format_quarter(origin)}"
            yield level.place.problem(where, f"{stated}, expected {UNITS[name]}, {near}")


def _driven(row: Row, known: Vintage, end: int) -> Iterator[Problem]:
    path = row.value
    if not isinstance(path, Levels) and path.first is not None:
        yield from _span(row, "from", (path.first, path.first), path.end, known.trade.origin, 0, end)


def _struck(shock: Row, known: Vintage, end: int) -> Iterator[Problem]:
    value = shock.value
    months = len(known.trade.later_exports) if value.on in FLOWS else 0
    if value.at is not None:
        yield from _span(shock, "at", value.at.ends(), value.until, known.trade.origin, months, end)


def _span(
    row: Row, key: str, begin: tuple[float, float], until: float | None, origin: int, months: int, end: int
) -> Iterator[Problem]:
    """A beginning that lies outside what is simulated, or not before the end."""
    if begin[0] < origin + 1 + months / 3 - 1e-9:
        after = f"after {month_name(3 * origin + 2 + months)}, the last month observed" if months else _after(origin)
        yield row.problem(key, f"got {row.written(key)}, expected a date {after}")
    if begin[1] > end + 1 or begin[0] >= end + 1:
        yield row.problem(key, f"got {row.written(key)}, expected a date {_up_to(end)}")
    if until is not None and begin[1] >= until:
        yield row.misplaced("until", f"after {key}")


def _too_large(shock: Row, known: Vintage) -> Iterator[Problem]:
    """An amount beyond the flow of the last year, which no shock of it can take away."""
    amount, flow = shock.value.amount, shock.value.on
    if amount is None or flow not in FLOWS:
        return
    last_year = float(getattr(known.trade, flow)[-4:].sum())
    median = float(amount.ppf(0.5))
    if abs(median) > last_year:
        most = f"at most the {last_year:,.0f} of {flow} in the four quarters up to {format_quarter(known.trade.origin)}"
        yield shock.problem("amount", f"got {median:g}, expected bn USD a year, {most}")


def _after(origin: int) -> str:
    return f"after {format_quarter(origin)}, the last quarter observed"


def _up_to(end: int) -> str:
    return f"up to {format_quarter(end)}, the end of the horizon"


def _end(root: Node) -> int:
    """The last quarter of the horizon, as stated or by default."""
    horizon = root.fields.get("horizon")
    stated = horizon.content if horizon else None
    year = stated if isinstance(stated, int) else DEFAULT_HORIZON
    return int(4 * year + 3)


def _quarter(text: str) -> int | None:
    try:
        return parse_quarter(text)
    except ValueError:
        return None
