"""A scenario on the bench: its baseline simulated once, and what lies over it simulated again for every change.

A trial gives the numbers of a run with the same overrides, bit for bit, since it takes the same steps over the same
random numbers; only what cannot change is kept from one trial to the next. Correlations stay those of the file: where
an input that has one is moved, and so known, a run leaves it out and the others correlated with it have other luck,
while in a trial they keep theirs, so that a difference from the file shows the move alone.

What of a scenario can be moved by hand: sliders, and the `-s` overrides that their positions stand for.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import floor, isfinite, log10
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from forecast.analysis.comparison import both_ways
from forecast.analysis.grounds import EXPLAINED, N_SHARES, Grounds, grounds_of
from forecast.dims import CENSUS_BALANCE, EFFECTS, OUTPUT, POLICIES, SERIES, Array
from forecast.economics.tariffs import TAXED
from forecast.economics.uncertain_inputs import REALISED
from forecast.engine.block import Baseline, Flows, block_inputs, flows_over, rows_of, simulated_baseline
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Inputs
from forecast.engine.plan import Group, Plan, Project, alone
from forecast.engine.plants import Activity, Announcements, Building, Plants, Trade
from forecast.engine.policy import Answer, Duties
from forecast.engine.simulate import Settings, block_streams, empty_statistics
from forecast.errors import RunError
from forecast.models.posterior import Posterior
from forecast.observations.vintage import vintage
from forecast.quarters import year_of
from forecast.scenario.entity import plain
from forecast.scenario.entries import mean
from forecast.scenario.inputs import uncertain_inputs
from forecast.scenario.investments import Investment
from forecast.scenario.policy import Tariff
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario
from forecast.stats.distributions import Distribution
from forecast.stats.streams import Streams
from forecast.stats.summary import Summary
from forecast.storage import scratch_folder

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
        group: `investments`, `localization` or `tariffs`.
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
        return self.kind in ("probability", "comes", "ceiling", "rate", "added")


def sliders(scenario: Scenario, origin: int, learned: Mapping[str, float] | None = None) -> tuple[Slider, ...]:
    """Everything of a scenario that can be moved; `origin` is the last observed quarter.

    Args:
        learned: mean chance of investments whose file states none, by id, from which their sliders start; else from 1.
    """
    stated = list(_of_inputs(scenario, origin, learned or {}))
    investments, tariffs = ([one for one in stated if one.group == group] for group in ("investments", "tariffs"))
    return (*investments, *_of_localization(scenario, origin), *tariffs, *_of_goods(scenario, origin))


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


def _start(distribution: Distribution) -> float:
    """The mean, or the median where there is no mean."""
    position = mean(distribution)
    return position if isfinite(position) else float(distribution.ppf(0.5))


def _reach(kind: str, start: float) -> tuple[float, float]:
    """The highest position of a slider, and its step."""
    if kind in ("probability", "comes"):
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
    return [item for item in scenario.tariffs if float(item.start.ppf(0.0)) > origin + 1]


def _of_goods(scenario: Scenario, origin: int) -> Iterator[Slider]:
    """Additions to the duties of goods of which the file says nothing."""
    taken = {sector for item in _coming(scenario, origin) for sector in item.sectors}
    for name, sectors in GOODS.items():
        if not taken & {*sectors, "all"}:
            yield Slider(f"tariffs.{name}", "tariffs", "added", name, 0.0, MOST_ADDED, 0.01, 0.0)


def _plain(moved: Mapping[str, float]) -> list[str]:
    """Sliders that stand for a key of the scenario."""
    return [f"{name}={number:g}" for name, number in moved.items() if name.count(".") == 2]


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


SHOWN = ("trade_balance", CENSUS_BALANCE, *EFFECTS, "news", OUTPUT, *POLICIES)
"""Series that a trial reports, those that the plan has: to order the draws of the others takes most of its time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of the assumptions.

    Attributes:
        scenario: as changed.
        summary: of a run of it, the series `SHOWN` alone; near quarters are left out.
        difference: of the surplus less that of the file, draw by draw; series `rise` and `fall` of
            `comparison.both_ways`.
        grounds: what its answer rests on.
    """

    scenario: Scenario
    summary: Summary
    difference: Summary
    grounds: Grounds


MOST_BYTES = 4e9
"""Memory that the blocks of a page may hold."""

Work = TypeVar("Work")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of draws that every trial lays its plants and duties over.

    Attributes:
        streams: random numbers.
        baseline: trade without them, the same in every trial.
        cache: last result by key, with what it depends on.
    """

    streams: Streams
    baseline: Baseline
    cache: dict[object, tuple[object, Any]] = field(default_factory=dict)

    def flows(self, plan: Plan) -> Flows:
        """Results of a plan in this block."""
        inputs = self.cached(Inputs, (plan.columns, plan.outlooks), lambda: block_inputs(plan, self.streams))
        return flows_over(self.baseline, plan, _CachedPlants(plan, inputs, self))

    def cached(self, key: object, depends_on: object, work: Callable[[], Work]) -> Work:
        """Cached result for a key, worked out again when what it depends on changes; read-only."""
        found = self.cache.get(key)
        if found is None or found[0] != depends_on:
            self.cache[key] = found = depends_on, work()
        result: Work = found[1]
        return result


class _CachedPlants(Plants):
    """Plants of a plan, those found again that a trial leaves as they were."""

    def __init__(self, plan: Plan, inputs: Inputs, block: Block) -> None:
        super().__init__(plan, inputs, _CachedDuties(plan, inputs, block), block.baseline.economy)
        self._block = block

    def activity(self, project: Project) -> Activity:
        work = super().activity
        return self._block.cached((Activity, project.stream), self._behind(project), lambda: work(project))

    def building(self, group: Group) -> Building:
        work, key = super().building, (Building, group.projects[0].id)
        return self._block.cached(key, self._behind(*group.projects), lambda: work(group))

    def trade(self, group: Group, building: Building) -> Trade:
        work, key = super().trade, (Trade, group.projects[0].id)
        depends_on = group, self._behind(*group.projects), self.plan.path, self.duties.on_plants(group.sector)
        return self._block.cached(key, depends_on, lambda: work(group, building))

    def _behind(self, *projects: Project) -> tuple[object, ...]:
        """Projects, those that decide whether they go ahead, and the columns of what was learned of all."""
        decide = tuple(tuple(self.announcements.behind(project)) for project in projects)
        return projects, decide, self.plan.outlooks, self.plan.columns


class _CachedDuties(Duties):
    """Duties of a plan, answers found again to those that a trial leaves as they were."""

    def __init__(self, plan: Plan, inputs: Inputs, block: Block) -> None:
        super().__init__(plan, inputs)
        self._block = block

    def worked_out(self, answer: Answer, sector: str) -> Array:
        work = super().worked_out
        return self._block.cached((answer, sector), self.taxed[sector], lambda: work(answer, sector))


class Workbench:
    """Runs variants of one scenario.

    Args:
        file: the scenario as resolved; overrides are laid over it.
        posterior: parameters that know what the scenario's day knows.
        settings: draws, seed and scheme of every trial.
    """

    def __init__(self, file: Path, posterior: Posterior, settings: Settings) -> None:
        self._file, self._posterior, self._settings = file, posterior, settings
        self._busy = Lock()
        scenario = load_scenario(file)
        plan = self._plan(scenario)
        self._mixes = plan.mixes
        first, *others = block_streams(alone(plan), settings)
        tracemalloc.start()
        self._blocks = [_simulated(plan, first)]
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        _demand_memory(held * (1 + len(others)), settings, plan.block_size)
        self._blocks += [_simulated(plan, streams) for streams in others]
        self._unchanged = [self._balance(block.flows(plan)) for block in self._blocks]
        self.origin = plan.origin
        self.chances = self._learned_chances(scenario, plan)
        added = {item.name: item.step for item in sliders(scenario, plan.origin) if item.kind == "added"}
        self.trial(overrides(scenario, plan.origin, added))  # so that no first change waits for duties
        self.file = self.trial([])

    def trial(self, overrides: Sequence[str]) -> Trial:
        """The scenario with overrides.

        Raises:
            ScenarioError: the overrides make no sense of the scenario.
        """
        scenario = load_scenario(self._file, overrides)
        with self._busy:
            return self._tried(scenario, replace(self._plan(scenario), mixes=self._mixes))

    def _plan(self, scenario: Scenario) -> Plan:
        return compile_plan(scenario, self._posterior, vintage(scenario.as_of))

    def _tried(self, scenario: Scenario, plan: Plan) -> Trial:
        statistics, changes = empty_statistics(alone(plan), self._settings), []
        series = tuple(name for name in SHOWN if name in plan.series)
        places = [plan.series.index(name) for name in series]
        told = (*EXPLAINED, OUTPUT)
        known, first = [plan.series.index(name) for name in told], list[Array]()
        for block, before in zip(self._blocks, self._unchanged, strict=True):
            flows = block.flows(plan)
            statistics.add(flows.annual[places], flows.quarterly[:0], rows=rows_of(alone(plan), block.streams))
            changes.append(self._balance(flows) - before)
            if len(first) < N_SHARES:
                first.append(flows.annual[known])
        change = both_ways(np.concatenate(changes, axis=-1), plan.years, plan.block_size)
        outcomes = dict(zip(told, np.concatenate(first, axis=-1), strict=True))
        rests = grounds_of(alone(plan), [block.streams for block in self._blocks], outcomes)
        return Trial(scenario, statistics.summary(plan.years, series), change, rests)

    def _learned_chances(self, scenario: Scenario, plan: Plan) -> dict[str, float]:
        """Mean chance of every investment whose file states none, by id, over the first block."""
        announcements = Announcements(plan, block_inputs(plan, self._blocks[0].streams))
        open_ones = [item for item in scenario.investments if item.kind != "pledge" and item.probability is None]
        return {item.id: announcements.chance(item.id) for item in open_ones}

    @staticmethod
    def _balance(flows: Flows) -> Array:
        return np.array(flows.annual[SERIES.index("trade_balance")])


def _simulated(plan: Plan, streams: Streams) -> Block:
    """A block that holds what the file gives."""
    block = Block(streams, simulated_baseline(plan, block_inputs(plan, streams)))
    block.flows(plan)
    return block


def _demand_memory(n_bytes: float, settings: Settings, block_size: int) -> None:
    """Refuse a page that would hold more in memory than a usual machine has to spare.

    Raises:
        RunError: it would; the message says how many draws it has room for.
    """
    if n_bytes > MOST_BYTES:
        fitting = int(settings.n_draws * MOST_BYTES / n_bytes) // block_size * block_size
        remedy = f"--draws {fitting}" if fitting else "a nearer horizon or fewer investments"
        raise RunError(
            f"got {settings.n_draws:,} draws, which would take {n_bytes / 1e9:.1f} GB of memory, expected at most "
            f"{MOST_BYTES / 1e9:.0f} GB; {remedy} will do"
        )


@contextmanager
def workbench(scenario: Scenario, posterior: Posterior, settings: Settings) -> Iterator[Workbench]:
    """A bench for a scenario as it stands now: later changes of its file do not reach it."""
    with scratch_folder() as folder:
        file = folder / f"{scenario.name}.yaml"
        file.write_text(dump_scenario(scenario), encoding="utf-8")
        yield Workbench(file, posterior, settings)
