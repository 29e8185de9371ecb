"""A scenario on the bench: its baseline simulated once, and what lies over it simulated again for every change.

A trial gives the numbers of a run with the same overrides, bit for bit, since it takes the same steps over the same
random numbers; only what cannot change is kept from one trial to the next. Correlations stay those of the file: where
an input that has one is moved, and so known, a run leaves it out and the others correlated with it have other luck,
while in a trial they keep theirs, so that a difference from the file shows the move alone.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from forecast.analysis.comparison import both_ways
from forecast.analysis.grounds import GROUNDS, N_SHARES, Grounds, grounds_of
from forecast.dims import CENSUS_BALANCE, EFFECTS, OUTPUT, POLICIES, SERIES, Array
from forecast.engine.announcements import Announcements
from forecast.engine.block import Baseline, Flows, block_inputs, flows_over, row_picks, rows_of, simulated_baseline
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Inputs
from forecast.engine.plan import Group, Plan, Project
from forecast.engine.plants import Activity, Building, Plants, Trade
from forecast.engine.policy import MACHINERY, Answer, Duties
from forecast.engine.run_plan import RunPlan, alone
from forecast.engine.simulate import Settings, block_streams, empty_statistics
from forecast.errors import RunError
from forecast.models.posterior import Posterior
from forecast.observations.vintage import vintage
from forecast.report.sliders import PLANTS, overrides, sliders
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario
from forecast.stats.streams import Streams
from forecast.stats.summary import Summary
from forecast.storage.files import scratch_folder, writing

SHOWN = ("trade_balance", *EFFECTS, "news", OUTPUT, CENSUS_BALANCE, *POLICIES)
"""Series that a trial reports, those that the plan has: to order the draws of the others takes most of its time."""


@dataclass(frozen=True)
class Trial:
    """One setting of the assumptions.

    Attributes:
        scenario: as changed.
        summary: of a run of it, the series `SHOWN` alone; near quarters are left out.
        difference: of the surplus less that of the file, draw by draw; series `rise` and `fall` of
            `comparison.both_ways`.
        plan: what was simulated.
        streams: random numbers of its blocks.
        first: draws of the series that grounds are of, in the first blocks, `(n_series, n_years, n_draws)`.
    """

    scenario: Scenario
    summary: Summary
    difference: Summary
    plan: RunPlan
    streams: Sequence[Streams]
    first: Array

    @cached_property
    def grounds(self) -> Grounds:
        """What its answer rests on."""
        return grounds_of(self.plan, self.streams, dict(zip(GROUNDS, self.first, strict=True)))


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
        depends_on = self._behind(*group.projects), self.duties.taxed.get(MACHINERY)
        return self._block.cached(key, depends_on, lambda: work(group))

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
        self.learned = self._learned_chances(scenario, plan) | _learned_medians(plan)
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
        known, first = [plan.series.index(name) for name in GROUNDS], list[Array]()
        for block, before in zip(self._blocks, self._unchanged, strict=True):
            flows = block.flows(plan)
            statistics.add(flows.annual[places], flows.quarterly[:0], rows=rows_of(alone(plan), block.streams))
            changes.append(self._balance(flows) - before)
            if len(first) < N_SHARES:
                first.append(flows.annual[known])
        summary, streams = statistics.summary(plan.years, series), [block.streams for block in self._blocks]
        rows = row_picks((alone(plan),), streams)
        change = both_ways(np.concatenate(changes, axis=-1), plan.years, plan.block_size, rows=rows)
        return Trial(scenario, summary, change, alone(plan), streams, np.concatenate(first, axis=-1))

    def _learned_chances(self, scenario: Scenario, plan: Plan) -> dict[str, float]:
        """Mean chance of every investment whose file states none, by id, over the first block."""
        announcements = Announcements(plan, block_inputs(plan, self._blocks[0].streams))
        open_ones = [item for item in scenario.investments if item.kind != "pledge" and item.probability is None]
        return {item.id: announcements.chance(item.id) for item in open_ones}

    @staticmethod
    def _balance(flows: Flows) -> Array:
        return np.array(flows.annual[SERIES.index("trade_balance")])


def _learned_medians(plan: Plan) -> dict[str, float]:
    """Medians of the coefficients that have sliders, by address."""
    return {
        f"sectors.{sector}.{name}": float(np.median(plan.sector_rows[column]))
        for column, (sector, name) in enumerate(plan.columns)
        if name in PLANTS
    }


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
        with writing(folder):
            file.write_text(dump_scenario(scenario), encoding="utf-8")
        yield Workbench(file, posterior, settings)
