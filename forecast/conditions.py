"""What a scenario assumes of the drivers, frozen: from the keys of its file, and back to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecast.distributions import Law
from forecast.driver_paths import Deviation, DriverPaths, Growth, Levels
from forecast.drivers import DRIVERS
from forecast.laws import law, plain_law
from forecast.quarters import format_quarter, parse_quarter


@dataclass(frozen=True, slots=True)
class DriverPath:
    """The path of one driver, as assumed.

    Attributes:
        path: `levels`, `growth` or `deviation`.
        levels: level by quarter index, in order and in `drivers.UNITS` (`levels`).
        change: growth a year (`growth`), or level over the fitted path less 1 (`deviation`); fractions.
        first, last: first and last quarter of a `growth` or `deviation`; `last` is None where it has no end.
    """

    path: str
    levels: Mapping[int, Law] | None = None
    change: Law | None = None
    first: int | None = None
    last: int | None = None


def driver_paths(stated: DriverPaths) -> dict[str, DriverPath]:
    """Paths by driver, in the order of `DRIVERS`."""
    paths = {name: getattr(stated, name) for name in DRIVERS}
    return {name: _driver_path(path) for name, path in paths.items() if path is not None}


def _driver_path(stated: Levels | Growth | Deviation) -> DriverPath:
    if isinstance(stated, Levels):
        levels = {parse_quarter(quarter): law(level) for quarter, level in stated.at.items()}
        return DriverPath(stated.path, levels=dict(sorted(levels.items())))
    change = stated.rate if isinstance(stated, Growth) else stated.size
    last = None if stated.until is None else parse_quarter(stated.until)
    return DriverPath(stated.path, change=law(change), first=parse_quarter(stated.at), last=last)


def plain_driver_paths(paths: Mapping[str, DriverPath]) -> dict[str, Any]:
    """The mapping under `drivers` that states these paths."""
    return {name: _plain(path) for name, path in paths.items()}


def _plain(path: DriverPath) -> dict[str, Any]:
    if path.levels is not None:
        levels = {format_quarter(quarter): plain_law(level) for quarter, level in path.levels.items()}
        return {"path": path.path, "at": levels}
    assert path.change is not None
    assert path.first is not None
    change = {"rate" if path.path == "growth" else "size": plain_law(path.change)}
    until = {} if path.last is None else {"until": format_quarter(path.last)}
    return {"path": path.path, **change, "at": format_quarter(path.first), **until}
