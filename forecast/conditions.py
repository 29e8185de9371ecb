"""What a scenario assumes of drivers and of shocks, frozen: from the keys of its file, and back to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forecast.dates import date_law, date_text, plain_date_law, position
from forecast.distributions import Law
from forecast.document import present
from forecast.driver_paths import Deviation, DriverPaths, Growth, Levels
from forecast.drivers import DRIVERS
from forecast.laws import law, optional, plain_law
from forecast.quarters import format_quarter, parse_quarter
from forecast.shock_forms import Shock as StatedShock


@dataclass(frozen=True, slots=True)
class DriverPath:
    """The path of one driver, as assumed.

    Attributes:
        path: `levels`, `growth` or `deviation`.
        levels: level by quarter index, in order and in `drivers.UNITS` (`levels`).
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
class Shock:
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


def shocks(stated: Iterable[StatedShock]) -> tuple[Shock, ...]:
    """Shocks by id, so that their order in the file moves no number."""
    return tuple(_shock(shock) for shock in sorted(stated, key=lambda shock: shock.id))


def _shock(stated: StatedShock) -> Shock:
    laws = {name: optional(law, getattr(stated, name)) for name in LAWS}
    until = optional(position, stated.until)
    return Shock(stated.id, stated.on, date_law(stated.at), until, **laws, sources=stated.sources)


def plain_shock(shock: Shock) -> dict[str, Any]:
    """The entry under `shocks` that states a shock."""
    laws = {name: optional(plain_law, getattr(shock, name)) for name in LAWS}
    until = optional(date_text, shock.until)
    at = plain_date_law(shock.at)
    return present(id=shock.id, on=shock.on, at=at, until=until, **laws, sources=list(shock.sources))
