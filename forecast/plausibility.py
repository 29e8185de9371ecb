"""Rules for paths of drivers: quarters in order and within what is simulated, levels in the unit of the driver.

The rules read the tree, as `review` does; a value the schema has refused is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterator

from forecast.document import Node
from forecast.drivers import DRIVERS, UNITS
from forecast.errors import Problem
from forecast.laws import law
from forecast.phrases import Path, got, spelled
from forecast.quarters import format_quarter, parse_quarter
from forecast.schema import ScenarioFile
from forecast.vintage import vintage

FACTOR = 10.0
"""Most that the median of a stated level may differ from the last one observed: beyond it the unit is another."""


def implausible_paths(root: Node, origin: int, as_of: str | None) -> Iterator[Problem]:
    """Every broken rule of the paths of drivers.

    Args:
        root: a merged tree.
        origin: quarter index of the last quarter observed.
        as_of: the day up to which data count as known; None for all.
    """
    stated = root.fields.get("drivers")
    for driver, name in enumerate(DRIVERS):
        path = stated.fields.get(name) if stated else None
        levels = path.fields.get("at") if path else None
        if levels and levels.fields:
            observed = float(vintage(as_of).drivers.level(origin)[driver])
            yield from _levels(root, ("drivers", name, "at"), levels, origin, observed)
        elif path:
            yield from misplaced_turns(root, ("drivers", name), path, origin)


def _levels(root: Node, where: Path, levels: Node, origin: int, observed: float) -> Iterator[Problem]:
    name = str(where[1])
    for quarter, level in levels.fields.items():
        if complaint := _outside(quarter, origin, _end(root)):
            yield (level.key or level.place).problem(spelled((*where, quarter)), f"got {quarter}, {complaint}")
        median = _median(level)
        if median is not None and not (median <= 0 or observed / FACTOR <= median <= observed * FACTOR):
            stated = f"got a median of {median:g}" if level.fields else got(level.content)
            near = f"between a tenth and ten times the {observed:,.0f} of {format_quarter(origin)}"
            yield level.place.problem(spelled((*where, quarter)), f"{stated}, expected {UNITS[name]}, {near}")


def misplaced_turns(root: Node, where: Path, stated: Node, origin: int) -> Iterator[Problem]:
    """Quarters `at` and `until` outside what is simulated, or in the wrong order."""
    quarters: dict[str, int] = {}
    for key in ("at", "until"):
        node = stated.fields.get(key)
        quarter = None if node is None else _quarter(str(node.content))
        if node is None or quarter is None:
            continue
        quarters[key] = quarter
        if complaint := _outside(str(node.content), origin, _end(root)):
            yield node.place.problem(spelled((*where, key)), f"got {node.content}, {complaint}")
    if len(quarters) == 2 and quarters["until"] < quarters["at"]:
        until, begins = stated.fields["until"], format_quarter(quarters["at"])
        message = f"got {until.content}, expected {begins}, the quarter of at, or a later one"
        yield until.place.problem(spelled((*where, "until")), message)


def _outside(text: str, origin: int, end: int) -> str:
    """What is expected of a quarter that is not simulated; nothing for one that is, or for no quarter."""
    quarter = _quarter(text)
    if quarter is None or origin < quarter <= end:
        return ""
    if quarter > end:
        return f"expected a quarter up to {format_quarter(end)}, the end of the horizon"
    return f"expected a quarter after {format_quarter(origin)}, the last quarter observed"


def _end(root: Node) -> int:
    """The last quarter of the horizon, as stated or by default."""
    horizon = root.fields.get("horizon")
    stated = horizon.content if horizon else None
    year = stated if isinstance(stated, int) else ScenarioFile.model_fields["horizon"].default
    return int(4 * year + 3)


def _quarter(text: str) -> int | None:
    try:
        return parse_quarter(text)
    except ValueError:
        return None


def _median(level: Node) -> float | None:
    try:
        return float(law(level.plain()).ppf(0.5))
    except ValueError:
        return None
