"""What a run will cost: a short timed pilot, scaled to the draws asked for.

An estimate, and of this machine as busy as it is now: another minute gives another number.
"""

from __future__ import annotations

import os
import resource
import sys
import tracemalloc
from dataclasses import dataclass
from time import perf_counter

from forecast.branching import MixturePlan
from forecast.draws import N_QUARTERS, QUARTERLY_SERIES
from forecast.engine import BLOCKS_PER_TASK, KEEP_DRAWS, WORTH_WORKERS, Settings, simulate
from forecast.plan import Plan

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


def expected_cost(plan: Plan | MixturePlan, n_draws: int) -> Cost:
    """Cost of a number of draws, from a pilot of at most one block, run twice so that the first pays what is loaded."""
    pilot = Settings(min(n_draws, plan.block_size))
    _timed(plan, pilot)
    seconds = _timed(plan, pilot) / pilot.n_draws
    block = _peak(plan, pilot) * plan.block_size / pilot.n_draws
    tasks = -(-n_draws // (plan.block_size * BLOCKS_PER_TASK))
    n_workers = min(os.cpu_count() or 1, tasks) if tasks >= WORTH_WORKERS else 1
    waited = STARTING * plan.block_size if n_workers > 1 else 0
    kept = COPIES * n_draws * _bytes_kept(plan) if n_draws <= KEEP_DRAWS else 0.0
    base, worker = _resident(), block + 2 * BLOCKS_PER_TASK * plan.block_size * _bytes_kept(plan)
    further = (base + worker) / 1e6 if n_workers > 1 else 0.0
    wall = seconds * (n_draws / n_workers + waited)
    return Cost(n_draws, pilot.n_draws, wall, (base + block + kept) / 1e6, n_workers, further)


def _timed(plan: Plan | MixturePlan, settings: Settings) -> float:
    start = perf_counter()
    simulate(plan, settings).summary(plan.years, plan.series)
    return perf_counter() - start


def _peak(plan: Plan | MixturePlan, settings: Settings) -> float:
    """Bytes that one block needs at most while it is simulated and summarised."""
    tracemalloc.start()
    try:
        _timed(plan, settings)
        return float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def _bytes_kept(plan: Plan | MixturePlan) -> int:
    """Bytes of results of one draw."""
    return 8 * (len(plan.series) * len(plan.years) + len(QUARTERLY_SERIES) * N_QUARTERS)


def _resident() -> float:
    """Bytes this process has held at most so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
