"""What a scenario assumes of drivers and of shocks, frozen: from the keys of its file, and back to them.

How the path of a driver is written in YAML: one form a class, each with the keys it needs.

Levels are those of a quarter: of the won and of oil the mean of its months, of US output the level at an annual rate.

How a shock is written in YAML: one entry of the list `shocks`.

Rules for paths of drivers and shocks: dates in order and within what is simulated, numbers in the unit meant.

The rules read the tree, as `review` does; a value the schema has refused is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from forecast.dims import FLOWS
from forecast.documents import MAX_ITEMS, Node, present
from forecast.errors import Problem, got, spelled
from forecast.observations.annual import month_name
from forecast.observations.series import DRIVERS, UNITS
from forecast.observations.vintage import Vintage, vintage
from forecast.quarters import ACCEPTED, format_quarter, parse_quarter
from forecast.scenario.dates import (
    DEFAULT_HORIZON,
    Date,
    DateSpec,
    Quarter,
    date_law,
    date_text,
    plain_date_law,
    position,
)
from forecast.scenario.entries import SOURCES, Row, Source, ends, id_field, middle, rows
from forecast.stats.distributions import Law
from forecast.stats.specs import Change, Duration, Level, Model, NumberSpec, Share, law, optional, plain_law


def _whole_quarter(date: str | int) -> str | int:
    if position(date) % 1:
        raise ValueError(f"got {date}, expected the start of a quarter, such as 2026Q4")
    return date


Turn: TypeAlias = Annotated[Date, AfterValidator(_whole_quarter)]


class Levels(Model):
    """The driver stands at stated levels in stated quarters, and moves evenly in logarithms up to and between them."""

    path: Literal["levels"] = Field(description="form of the path")
    at: Mapping[Quarter, Level] = Field(
        min_length=1, max_length=MAX_ITEMS, description="a mapping from quarters to levels, such as {2026Q4: 1500}"
    )


class Growth(Model):
    """The driver grows at a stated rate in place of the fitted one."""

    path: Literal["growth"] = Field(description="form of the path")
    rate: Change = Field(description="growth a year, a fraction, 0.02 for 2 %")
    from_: Turn = Field(alias="from", description="the first quarter that grows so, such as 2026Q4")
    until: Turn | None = Field(None, description="when that ends, that quarter not included; the horizon if left out")


class Deviation(Model):
    """The driver lies above or below its fitted path."""

    path: Literal["deviation"] = Field(description="form of the path")
    size: Change = Field(description="level over that of the fitted path, less 1: a fraction, -0.1 for 10 % below")
    from_: Turn = Field(alias="from", description="the first quarter off the fitted path, such as 2026Q4")
    until: Turn | None = Field(None, description="when that ends, that quarter not included; for good if left out")


DRIVER_FORMS: Mapping[str, type[Model]] = {"levels": Levels, "growth": Growth, "deviation": Deviation}


Stated: TypeAlias = Annotated[Levels | Growth | Deviation, Field(discriminator="path")]


class DriverPaths(Model):
    """Drivers that a scenario sends along a path of its own; each one left out moves as fitted."""

    us_output: Stated | None = Field(
        None,
        description="a mapping such as {path: growth, rate: 0.01, from: 2027Q1}; levels in bn chained 2017 USD a year",
    )
    won_per_dollar: Stated | None = Field(
        None, description="a mapping such as {path: levels, at: {2027Q4: 1600}}; levels in won per USD"
    )
    oil: Stated | None = Field(
        None, description="a mapping such as {path: deviation, size: 0.2, from: 2027Q1}; levels in USD a barrel"
    )


class Shock(Model):
    """One event that moves a flow or a driver off its course at a date."""

    id: str = id_field("chip-slump")
    on: Literal["exports", "imports", "us_output", "won_per_dollar", "oil"] = Field(
        description="what it moves: exports, imports, us_output, won_per_dollar or oil"
    )
    at: DateSpec = Field(description=f"when it strikes: {ACCEPTED}")
    until: Date | None = Field(
        None, description=f"when it ends, that moment not included: {ACCEPTED}; for good if left out"
    )
    size: Change | None = Field(
        None, description="part of the flow or driver that is added, a fraction, -0.1 for 10 % less"
    )
    amount: NumberSpec | None = Field(None, description="in place of size, for a flow: what is added in bn USD a year")
    probability: Share | None = Field(None, description="chance that it comes, a fraction from 0 to 1; if left out, 1")
    half_life: Duration | None = Field(None, description="quarters after which half of it has faded, above 0")
    sources: tuple[Source, ...] = Field((), description=SOURCES)

    @model_validator(mode="after")
    def _one_measure(self) -> Shock:
        if (self.size is None) == (self.amount is None):
            found = "neither size nor amount" if self.size is None else "both size and amount"
            raise ValueError(f"got {found}, expected one of them")
        if self.amount is not None and self.on not in FLOWS:
            raise ValueError(f"got an amount on {self.on}, expected a size: amounts are of exports or imports")
        return self


@dataclass(frozen=True, slots=True)
class DriverPath:
    """The path of one driver, as assumed.

    Attributes:
        path: `levels`, `growth` or `deviation`.
        levels: level by quarter index, in order and in `series.UNITS` (`levels`).
        change: growth a year (`growth`), or level over the fitted path less 1 (`deviation`); fractions.
        first: first quarter of a `growth` or `deviation`.
        end: the quarter in which it no longer holds; None where it has no end.
    """

    path: str
    levels: Mapping[int, Law] | None = None
    change: Law | None = None
    first: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class AssumedShock:
    """One event that moves a flow or a driver off its course, as assumed.

    Attributes:
        id: name of the shock, and of its random streams.
        on: `exports`, `imports` or one of `DRIVERS`.
        at: date on the quarter axis.
        until: date on the quarter axis at which it ends; None for never.
        size: part of the flow or driver that is added; None where an amount is stated.
        amount: what is added to a flow, bn USD a year; None where a size is stated.
        probability: chance that it comes; None where it is certain.
        half_life: quarters after which half of it has faded; None where it does not.
        sources: addresses of the evidence.
    """

    id: str
    on: str
    at: Law
    until: float | None = None
    size: Law | None = None
    amount: Law | None = None
    probability: Law | None = None
    half_life: Law | None = None
    sources: tuple[str, ...] = ()


LAWS = ("size", "amount", "probability", "half_life")
"""Numbers of a shock, each None where it is left out."""


def driver_paths(stated: DriverPaths) -> dict[str, DriverPath]:
    """Paths by driver, in the order of `DRIVERS`."""
    paths = {name: getattr(stated, name) for name in DRIVERS}
    return {name: _driver_path(path) for name, path in paths.items() if path is not None}


def _driver_path(stated: Levels | Growth | Deviation) -> DriverPath:
    if isinstance(stated, Levels):
        levels = {parse_quarter(quarter): law(level) for quarter, level in stated.at.items()}
        return DriverPath(stated.path, levels=dict(sorted(levels.items())))
    change = stated.rate if isinstance(stated, Growth) else stated.size
    first, end = int(position(stated.from_)), optional(position, stated.until)
    return DriverPath(stated.path, change=law(change), first=first, end=optional(int, end))


def plain_driver_paths(paths: Mapping[str, DriverPath]) -> dict[str, Any]:
    """The mapping under `drivers` that states these paths."""
    return {name: _plain(path) for name, path in paths.items()}


def _plain(path: DriverPath) -> dict[str, Any]:
    if path.levels is not None:
        levels = {format_quarter(quarter): plain_law(level) for quarter, level in path.levels.items()}
        return {"path": path.path, "at": levels}
    assert path.change is not None
    assert path.first is not None
    change = {"rate" if path.path == "growth" else "size": plain_law(path.change), "from": format_quarter(path.first)}
    return present(path=path.path, **change, until=optional(format_quarter, path.end))


def shocks(stated: Iterable[Shock]) -> tuple[AssumedShock, ...]:
    """Shocks by id, so that their order in the file moves no number."""
    return tuple(_shock(shock) for shock in sorted(stated, key=lambda shock: shock.id))


def _shock(stated: Shock) -> AssumedShock:
    laws = {name: optional(law, getattr(stated, name)) for name in LAWS}
    until = optional(position, stated.until)
    return AssumedShock(stated.id, stated.on, date_law(stated.at), until, **laws, sources=stated.sources)


def plain_shock(shock: AssumedShock) -> dict[str, Any]:
    """The entry under `shocks` that states a shock."""
    laws = {name: optional(plain_law, getattr(shock, name)) for name in LAWS}
    until = optional(date_text, shock.until)
    at = plain_date_law(shock.at)
    return present(id=shock.id, on=shock.on, at=at, until=until, **laws, sources=list(shock.sources))


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
            yield from _span(Row(path, name, "drivers"), "from", known, end)
    for shock in rows(root, "shocks"):
        yield from _span(shock, "at", known, end)
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


def _span(row: Row, key: str, known: Vintage, end: int) -> Iterator[Problem]:
    """A beginning that lies outside what is simulated, or not before the end."""
    begin, until = row.date(key), row.date("until")
    if begin is None:
        return
    origin, months = known.trade.origin, len(known.trade.later_exports) if row.text("on") in FLOWS else 0
    if ends(begin)[0] < origin + 1 + months / 3 - 1e-9:
        after = f"after {month_name(3 * origin + 2 + months)}, the last month observed" if months else _after(origin)
        yield row.problem(key, f"got {row.said(key)}, expected a date {after}")
    if ends(begin)[1] > end + 1 or ends(begin)[0] >= end + 1:
        yield row.problem(key, f"got {row.said(key)}, expected a date {_up_to(end)}")
    if until is not None and ends(begin)[1] >= ends(until)[0]:
        yield row.misplaced("until", f"after {key}")


def _too_large(shock: Row, known: Vintage) -> Iterator[Problem]:
    """An amount beyond the flow of the last year, which no shock of it can take away."""
    amount, flow = shock.law("amount"), shock.text("on")
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
