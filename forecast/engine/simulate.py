"""Blocks of draws, serial or parallel.

A task is some blocks in a row. A worker folds those of its task into statistics and sends these back: with the draws
where they are kept, else with counts alone. Statistics of tasks are merged in their order whatever worker finishes
first, and one process does the same, so that the number of workers and the kind of backend leave no trace in the
numbers. Memory is bounded by the tasks in flight. A short run stays in this process and does not import joblib:
starting workers would cost it more than its draws.

What a run will cost: a short timed pilot, scaled to the draws asked for.

An estimate, and of this machine as busy as it is now: another minute gives another number.
"""

from __future__ import annotations

import os
import resource
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from time import perf_counter
from typing import get_args

from forecast.dims import MOST_SEED, N_QUARTERS, QUARTERLY_SERIES
from forecast.engine.block import flows_of
from forecast.engine.run_plan import RunPlan
from forecast.engine.stratified import block_of_streams
from forecast.errors import RunError, got, meant
from forecast.parallel import in_order
from forecast.stats.quantiles import N_BINS
from forecast.stats.streams import Scheme, Streams
from forecast.stats.summary import StreamingSummary

KEEP_DRAWS = 200_000
"""Above this many draws they are summarised and not kept: 200,000 draws of 25 series of ten years take 200 MB."""

BLOCKS_PER_TASK, COUNTED_PER_TASK = 10, 20
"""Consecutive blocks a worker simulates at a time where draws are kept, so that sending the plan costs little beside
the work; and where they are counted, so that sending the counts does too."""

WORTH_WORKERS = 5
"""Tasks from which a run starts workers: 100,000 draws take about as long as they do to start."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a plan is simulated; all of it is part of a run's identity.

    Attributes:
        n_draws: number of draws, at least 1.
        seed: non-negative integer, at most `dims.MOST_SEED`.
        scheme: sampling scheme, see `stratified`.

    Raises:
        RunError: on construction, what cannot be simulated so.
    """

    n_draws: int = 20_000
    seed: int = 0
    scheme: Scheme = "plain"

    def __post_init__(self) -> None:
        _demand_whole("n_draws", self.n_draws, 1)
        _demand_whole("seed", self.seed, 0)
        if self.seed > MOST_SEED:
            raise RunError(f"seed: {got(self.seed)}, expected at most 10 to the power of 30")
        if self.scheme not in get_args(Scheme):
            raise RunError(f"scheme: {got(self.scheme)}; {meant(str(self.scheme), get_args(Scheme))}")


def _demand_whole(name: str, value: object, least: int) -> None:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or int(value) < least:  # type: ignore[call-overload]
        raise RunError(f"{name}: {got(value)}, expected a whole number of at least {least}")


def simulate(
    plan: RunPlan,
    settings: Settings,
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda n_draws: None,
    *,
    begun: StreamingSummary | None = None,
    folded: Callable[[StreamingSummary], None] = lambda statistics: None,
) -> StreamingSummary:
    """Statistics of all draws of a plan.

    Args:
        plan: the compiled run.
        settings: draws, seed and sampling scheme.
        n_jobs: workers; -1 for one per core. A surrounding `joblib.parallel_config` chooses another backend.
        progress: called with the number of draws finished since the last call.
        begun: statistics of the first tasks, as `folded` was given them, to go on from.
        folded: called with the statistics of all tasks so far after each of them, whatever the number of workers.
    """
    statistics = empty_statistics(plan, settings) if begun is None else begun
    tasks = _tasks(plan, settings)[_tasks_of(statistics, plan) :]
    for done in _statistics_of_tasks(plan, statistics.keep, tasks, n_jobs, progress):
        statistics.merge(done)
        folded(statistics)
    return statistics


def empty_statistics(plan: RunPlan, settings: Settings) -> StreamingSummary:
    """Statistics of a run before its first block."""
    return _empty(plan, settings.n_draws <= KEEP_DRAWS, settings.scheme)


def _empty(plan: RunPlan, keep: bool, scheme: Scheme) -> StreamingSummary:
    return StreamingSummary((0.0, plan.record), keep, n_rows=plan.n_rows, stratified=scheme != "plain")


def _statistics_of_tasks(
    plan: RunPlan, keep: bool, tasks: list[list[Streams]], n_jobs: int, progress: Callable[[int], None]
) -> Iterator[StreamingSummary]:
    """Statistics of every task, in order."""
    if n_jobs == 1 or (keep and len(tasks) < WORTH_WORKERS):
        yield from (_statistics_of(plan, keep, blocks, progress) for blocks in tasks)
        return
    for done in in_order(partial(_statistics_of, plan, keep), tasks, n_jobs):
        progress(done.n_draws)
        yield done


def _statistics_of(
    plan: RunPlan, keep: bool, blocks: list[Streams], progress: Callable[[int], None] = lambda n_draws: None
) -> StreamingSummary:
    """Statistics of some blocks in a row."""
    statistics = _empty(plan, keep, blocks[0].scheme)
    for streams in blocks:
        flows = flows_of(plan, streams)
        statistics.add(flows.annual, flows.quarterly, flows.branch, flows.rows)
        progress(streams.n_draws)
    return statistics


def block_streams(plan: RunPlan, settings: Settings) -> list[Streams]:
    """The random numbers of every block, in order."""
    n_blocks = -(-settings.n_draws // plan.block_size)
    return [_block_streams(plan, settings, block) for block in range(n_blocks)]


def _tasks(plan: RunPlan, settings: Settings) -> list[list[Streams]]:
    streams, size = block_streams(plan, settings), _blocks_per_task(settings.n_draws <= KEEP_DRAWS)
    return [streams[first : first + size] for first in range(0, len(streams), size)]


def _tasks_of(statistics: StreamingSummary, plan: RunPlan) -> int:
    """Tasks that statistics are of, all of them whole but for the last of a run."""
    return -(-statistics.n_draws // (plan.block_size * _blocks_per_task(statistics.keep)))


def _blocks_per_task(keep: bool) -> int:
    return BLOCKS_PER_TASK if keep else COUNTED_PER_TASK


def _block_streams(plan: RunPlan, settings: Settings, block: int) -> Streams:
    n_draws = min(plan.block_size, settings.n_draws - block * plan.block_size)
    return block_of_streams(settings.seed, block, n_draws, settings.scheme)


_SINGLE, _COUNT = 4, 4
"""Bytes of a number that is kept, and of a bin of a histogram."""

COPIES = 3
"""Times the kept draws stand in memory at most: as blocks, joined and sorted; measured at 200,000 draws."""

STARTING = WORTH_WORKERS * BLOCKS_PER_TASK
"""Blocks that one process simulates while workers start."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Expected cost of simulating and summarising; storing and drawing come on top, the same for any number of draws.

    Attributes:
        n_draws: draws asked for.
        pilot_draws: draws the pilot made.
        seconds: wall time.
        megabytes: peak of the process that keeps the draws.
        n_workers: processes at work.
        worker_megabytes: peak of each further process; 0 with one.
    """

    n_draws: int
    pilot_draws: int
    seconds: float
    megabytes: float
    n_workers: int
    worker_megabytes: float


def expected_cost(plan: RunPlan, n_draws: int) -> Cost:
    """Cost of a number of draws, from a pilot of at most one block, run twice so that the first pays what is loaded."""
    pilot = Settings(min(n_draws, plan.block_size))
    _timed(plan, pilot)
    seconds = _timed(plan, pilot) / pilot.n_draws
    block = _peak(plan, pilot) * plan.block_size / pilot.n_draws
    keep = n_draws <= KEEP_DRAWS
    draws_per_task = plan.block_size * _blocks_per_task(keep)
    tasks = -(-n_draws // draws_per_task)
    n_workers = min(os.cpu_count() or 1, tasks) if tasks >= WORTH_WORKERS or not keep else 1
    waited = STARTING * plan.block_size if n_workers > 1 else 0
    kept = (COPIES * n_draws * _SINGLE if keep else 2.0 * N_BINS * _COUNT) * _cells(plan)
    sent = draws_per_task * _SINGLE if keep else N_BINS * _COUNT
    base, worker = _resident(), block + 2 * sent * _cells(plan)
    further = (base + worker) / 1e6 if n_workers > 1 else 0.0
    wall = seconds * (n_draws / n_workers + waited)
    return Cost(n_draws, pilot.n_draws, wall, (base + block + kept) / 1e6, n_workers, further)


def _timed(plan: RunPlan, settings: Settings) -> float:
    start = perf_counter()
    simulate(plan, settings).summary(plan.years, plan.series)
    return perf_counter() - start


def _peak(plan: RunPlan, settings: Settings) -> float:
    """Bytes that one block needs at most while it is simulated and summarised."""
    tracemalloc.start()
    try:
        _timed(plan, settings)
        return float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def _cells(plan: RunPlan) -> int:
    """Numbers that one draw results in."""
    return len(plan.series) * len(plan.years) + len(QUARTERLY_SERIES) * N_QUARTERS


def _resident() -> float:
    """Bytes this process has held at most so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
