"""What of a scenario can be moved by hand: sliders, and the `-s` overrides that their positions stand for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from forecast.economics.sectors import central_priors
from forecast.economics.tariffs import PARTS, TAXED
from forecast.economics.uncertain_inputs import REALISED
from forecast.errors import RunError
from forecast.quarters import format_quarter, year_of
from forecast.scenario.entity import plain
from forecast.scenario.entries import mean
from forecast.scenario.inputs import uncertain_inputs
from forecast.scenario.investments import Investment
from forecast.scenario.policy import Tariff
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Distribution

GOODS: Mapping[str, tuple[str, ...]] = {
    "cars": ("autos", "auto_parts"),
    "metals": ("steel", "nonferrous_metals"),
    "chips": ("semiconductors",),
    "batteries": ("batteries", "battery_materials"),
    "rest": ("grid_equipment", "biopharma", "other"),
}
"""Sectors whose duty one slider raises; together they are all that a tariff may name."""


assert sorted(sector for sectors in GOODS.values() for sector in sectors) == sorted(TAXED)


MOST_ADDED = 0.5
"""Highest duty, and highest addition to one, that a slider reaches."""

CURVE = ("local", "speed", "at")
"""Parts of an adoption curve; moving one of them puts the curve in the place of the file's path."""


@dataclass(frozen=True, slots=True)
class Slider:
    """One number that can be moved.

    Attributes:
        name: what the page calls it, such as `investments.HMG-06.amount`.
        group: `investments`, `plants`, `localization`, `tariffs` or `import_commitments`.
        kind: what it is, as in `explore` of the languages.
        owner: id of what it belongs to, empty for what belongs to all.
        low, high, step: where it moves.
        start: where it stands before it is moved.
        stated: whether the file states the number it starts from; else the file says nothing of it.
    """

    name: str
    group: str
    kind: str
    owner: str
    low: float
    high: float
    step: float
    start: float
    stated: bool = True

    @property
    def share(self) -> bool:
        """Whether it is a fraction, to be read in percent."""
        return self.kind in ("probability", "comes", "ceiling", "rate", "added", "korean_share", "fulfilment")


def sliders(scenario: Scenario, origin: int, learned: Mapping[str, float] | None = None) -> tuple[Slider, ...]:
    """Everything of a scenario that can be moved; `origin` is the last observed quarter.

    Args:
        learned: mean chance of investments whose file states none, by id, from which their sliders start; else from 1.
            Medians of the coefficients of sectors, by address; else of their priors.
    """
    stated = list(_of_inputs(scenario, origin, learned or {}))
    dated = {item.owner: item for item in _of_dates(scenario, origin)}
    investments: list[Slider] = []
    for one in (one for one in stated if one.group == "investments"):
        investments += [one, *([dated[one.owner]] if one.kind == "amount" and one.owner in dated else [])]
    tariffs, commitments = (
        [one for one in stated if one.group == group] for group in ("tariffs", "import_commitments")
    )
    plants, paths = _of_plants(scenario, learned or {}), _of_localization(scenario, origin)
    return (*investments, *plants, *paths, *tariffs, *_of_goods(scenario, origin), *commitments)


def overrides(scenario: Scenario, origin: int, positions: Mapping[str, float]) -> list[str]:
    """The `-s` texts that put moved sliders where they are, in the order of the sliders.

    A pledge that its parts outgrow grows with them, and inputs that are known once moved are correlated with nothing.

    Raises:
        RunError: a slider there is not, or a position it cannot have.
    """
    known = {slider.name: slider for slider in sliders(scenario, origin)}
    for name, position in positions.items():
        _demand_position(known, name, position)
    moved = {name: positions[name] for name in known if name in positions}
    changed = [*_plain(moved), *_raised(scenario, moved), *_curve(known, moved), *_added(origin, moved)]
    return [*changed, *_freed(scenario, moved)]


def added_from(origin: int) -> str:
    """The date from which a slider adds to a duty: the first January after the quarter that follows the origin."""
    return f"{year_of(origin + 1) + 1}Q1"


def _demand_position(known: Mapping[str, Slider], name: str, position: object) -> None:
    if name not in known:
        raise RunError(f"got {name}, expected one of the sliders of this page")
    slider = known[name]
    number = isinstance(position, int | float) and not isinstance(position, bool)
    if not (number and isfinite(float(str(position))) and slider.low <= float(str(position)) <= slider.high):
        raise RunError(f"{name}: got {position!r}, expected a number from {slider.low:g} to {slider.high:g}")


def _of_inputs(scenario: Scenario, origin: int, learned: Mapping[str, float]) -> Iterator[Slider]:
    """Numbers that the registry gives a slider; of duties, those of tariffs yet to come."""
    coming = {tariff.id for tariff in _coming(scenario, origin)}
    for item in filter(lambda item: item.slider, uncertain_inputs(scenario, origin)):
        group, owner, _ = item.name.split(".")
        if group != "tariffs" or owner in coming:
            stated = item.distribution is not None
            start = _start(item.distribution) if item.distribution else round(learned.get(owner, 1.0), 2)
            high, step = _reach(item.slider, start)
            yield Slider(item.name, group, item.slider, owner, 0.0, high, step, start, stated)


def _of_dates(scenario: Scenario, origin: int) -> Iterator[Slider]:
    """Starts of production that are yet to come, of plants that are built in one piece."""
    last = 4.0 * (scenario.horizon + 1) - 1
    for item in scenario.investments:
        if item.kind in ("pledge", "acquisition") or item.phases or item.production_start is None:
            continue
        begin, end = item.production_start.ends()
        built = item.announced
        if item.construction_start is not None:
            built = max(built, item.construction_start.ends()[1])
        low = float(ceil(max(built, origin + 1.0)) + 1)
        high = last if item.production_end is None else min(last, float(floor(item.production_end.ends()[0]) - 1))
        start = float(round((begin + end) / 2))
        if low <= start <= high:
            name = f"investments.{item.id}.production_start"
            yield Slider(name, "investments", "production", item.id, low, high, 1.0, start)


PLANTS = ("displacement_rate", "korean_share")
"""Coefficients of a sector that have sliders."""

_REACHED = {"displacement_rate": 1.0, "korean_share": 0.6}
"""What their sliders reach in every sector: one for one, and about what all affiliates are said to buy in Korea."""


def _of_plants(scenario: Scenario, learned: Mapping[str, float]) -> Iterator[Slider]:
    """Exports replaced and Korean share of purchases, of every sector with a plant that leaves them to its sector."""
    plants = [item for item in scenario.investments if item.kind != "pledge"]
    for sector in sorted({item.sector for item in plants}):
        for name in PLANTS:
            if all(name in item.coefficients for item in plants if item.sector == sector):
                continue
            usual, address = central_priors()[sector, name], f"sectors.{sector}.{name}"
            own = scenario.sector_coefficients.get(sector, {}).get(name)
            start = _start(own) if own is not None else learned.get(address, usual.median)
            low = max(floor(100 * min(usual.low, start)) / 100, 0.01 if name == "korean_share" else 0.0)
            high = max(ceil(100 * max(usual.high, start)) / 100, _REACHED[name])
            start = min(max(round(start, 2), low), high)
            yield Slider(f"overrides.{address}", "plants", name, sector, low, high, 0.01, start, own is not None)


def _start(distribution: Distribution) -> float:
    """The mean, or the median where there is no mean."""
    position = mean(distribution)
    return position if isfinite(position) else float(distribution.ppf(0.5))


def _reach(kind: str, start: float) -> tuple[float, float]:
    """The highest position of a slider, and its step."""
    if kind in ("probability", "comes", "fulfilment"):
        return 1.0, 0.01
    if kind == "rate":
        return max(MOST_ADDED, _ceiling(start, 0.01)), 0.01
    step = 10.0 ** floor(log10(start or 1.0) - 1)
    return _ceiling(2 * start or 1.0, step), step


def _ceiling(value: float, step: float) -> float:
    return round(step * -(-value // step), 6)


def _of_localization(scenario: Scenario, origin: int) -> Iterator[Slider]:
    path = scenario.localization
    first, last = year_of(origin) + 1, scenario.horizon
    curve = path.path == "logistic"
    middle = year_of(path.at) if curve and path.at is not None else min(first + 3, last)
    starts = {"local": _middle(path.local, 0.5), "speed": _middle(path.speed, 6.0), "at": float(middle)}
    reach = {"local": (0.05, 0.95, 0.01), "speed": (1.0, 20.0, 0.5), "at": (first, max(last, first + 1), 1)}
    kinds = dict(zip(CURVE, ("ceiling", "speed", "midpoint"), strict=True))
    for name in CURVE:
        low, high, step = (float(number) for number in reach[name])
        start = min(max(starts[name], low), high)
        yield Slider(f"localization.{name}", "localization", kinds[name], "", low, high, step, start, curve)


def _middle(distribution: Distribution | None, otherwise: float) -> float:
    return otherwise if distribution is None else float(distribution.ppf(0.5))


def _coming(scenario: Scenario, origin: int) -> list[Tariff]:
    """Duties that are yet to come."""
    return [item for item in scenario.tariffs if item.start.ends()[0] > origin + 1]


def _of_goods(scenario: Scenario, origin: int) -> Iterator[Slider]:
    """Additions to the duties of goods of which the file says nothing."""
    taken = {PARTS.get(name, name) for item in _coming(scenario, origin) for name in item.sectors}
    for name, sectors in GOODS.items():
        if not taken & {*sectors, "all"}:
            yield Slider(f"tariffs.{name}", "tariffs", "added", name, 0.0, MOST_ADDED, 0.01, 0.0)


def _plain(moved: Mapping[str, float]) -> list[str]:
    """Sliders that stand for a key of the scenario, a date by its quarter."""
    texts = {
        name: format_quarter(int(number)) if name.endswith(".production_start") else f"{number:g}"
        for name, number in moved.items()
        if name.count(".") >= 2
    }
    return [f"{name}={text}" for name, text in texts.items()]


def _raised(scenario: Scenario, moved: Mapping[str, float]) -> list[str]:
    """Pledges that the moved amounts of their parts outgrow, the innermost first."""
    amounts = {item.id: moved.get(f"investments.{item.id}.amount", mean(item.amount)) for item in scenario.investments}
    raised: dict[str, float] = {}
    for item in sorted(scenario.investments, key=lambda item: -_depth(scenario, item)):
        parts = sum(amounts[part.id] for part in scenario.investments if part.part_of == item.id)
        if item.kind == "pledge" and parts > amounts[item.id] + 1e-9:
            raised[item.id] = amounts[item.id] = round(parts, 9)
    return [f"investments.{name}.amount={amount:.10g}" for name, amount in raised.items()]


def _depth(scenario: Scenario, item: Investment) -> int:
    """Number of pledges around an investment."""
    above = {other.id: other for other in scenario.investments}
    return 0 if item.part_of is None else 1 + _depth(scenario, above[item.part_of])


def _curve(known: Mapping[str, Slider], moved: Mapping[str, float]) -> list[str]:
    """An adoption curve, where one of its numbers was moved."""
    names = {name: f"localization.{name}" for name in CURVE}
    if not moved.keys() & set(names.values()):
        return []
    numbers = {name: moved.get(key, known[key].start) for name, key in names.items()}
    local, speed, year = (numbers[name] for name in CURVE)
    return [f"localization={{path: logistic, local: {local:g}, at: {year:.0f}Q1, speed: {speed:g}}}"]


def _added(origin: int, moved: Mapping[str, float]) -> list[str]:
    """Additions to duties, as tariffs of their own."""
    entries = [
        f"{{id: added-{name}, sectors: [{', '.join(sectors)}], change: {moved[key]:g}, from: {added_from(origin)}}}"
        for name, sectors in GOODS.items()
        if moved.get(key := f"tariffs.{name}")
    ]
    return [f"tariffs=[{', '.join(entries)}]"] if entries else []


def _freed(scenario: Scenario, moved: Mapping[str, float]) -> list[str]:
    """The correlations without the inputs that moves have settled, where they name any."""
    named = {name for stated in scenario.correlations for name in stated.between}
    known = {name for name in named if _is_settled(name, moved)}
    left = [stated for stated in (item.without(known) for item in scenario.correlations) if stated is not None]
    return [f"correlations={json.dumps([plain(stated) for stated in left])}"] if known else []


def _is_settled(name: str, moved: Mapping[str, float]) -> bool:
    """Whether moves make an input known: moved itself, on the path they replaced, or sure to come or not."""
    if name.startswith("localization.") and not name.startswith("localization.sectors."):
        return any(f"localization.{part}" in moved for part in CURVE)
    owner, _, last = name.rpartition(".")
    return name in moved or (last == REALISED and moved.get(f"{owner}.probability") in (0.0, 1.0))
