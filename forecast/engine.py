"""Blocks of draws, serial or parallel.

Blocks are folded in index order whatever worker finishes first, so that the number of workers and the kind of backend
leave no trace in the numbers. Memory is bounded by the blocks in flight. A short run stays in this process and does not
import joblib: starting workers would cost it more than its draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from forecast.block import Flows
from forecast.branching import MixturePlan, flows_of
from forecast.parallel import in_order
from forecast.plan import Plan
from forecast.streams import Scheme, Streams
from forecast.summary import Tally

KEEP_DRAWS = 200_000
"""Above this many draws they are summarised and not kept: 200,000 draws of ten years and eight quarters take 182 MB."""

BLOCKS_PER_TASK = 10
"""Consecutive blocks a worker simulates at a time, so that sending the plan costs little beside the work."""

WORTH_WORKERS = 5
"""Tasks from which a run starts workers: 100,000 draws take about as long as they do to start."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a plan is simulated; all of it is part of a run's identity.

    Attributes:
        n_draws: number of draws, at least 1.
        seed: non-negative integer.
        scheme: sampling scheme of `streams`.
    """

    n_draws: int = 20_000
    seed: int = 0
    scheme: Scheme = "plain"


def simulate(
    plan: Plan | MixturePlan,
    settings: Settings,
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda n_draws: None,
) -> Tally:
    """Statistics of all draws of a plan.

    Args:
        plan: the compiled scenario or mixture.
        settings: draws, seed and sampling scheme.
        n_jobs: workers; -1 for one per core. A surrounding `joblib.parallel_config` chooses another backend.
        progress: called with the number of draws finished since the last call.
    """
    tally = empty_tally(plan, settings)
    for blocks in _simulated(plan, _tasks(plan, settings), n_jobs):
        for flows in blocks:
            tally.add(flows.annual, flows.quarterly, flows.branch)
            progress(flows.annual.shape[-1])
    return tally


def empty_tally(plan: Plan | MixturePlan, settings: Settings) -> Tally:
    """What a run counts, before its first block."""
    return Tally(thresholds=(0.0, plan.record), keep=settings.n_draws <= KEEP_DRAWS)


def _simulated(plan: Plan | MixturePlan, tasks: list[list[Streams]], n_jobs: int) -> Iterator[list[Flows]]:
    """Blocks of every task, in order."""
    workers = n_jobs if len(tasks) >= WORTH_WORKERS else 1
    return in_order(partial(_simulate_blocks, plan), tasks, workers)


def block_streams(plan: Plan | MixturePlan, settings: Settings) -> list[Streams]:
    """The random numbers of every block, in order."""
    n_blocks = -(-settings.n_draws // plan.block_size)
    return [_block_streams(plan, settings, block) for block in range(n_blocks)]


def _tasks(plan: Plan | MixturePlan, settings: Settings) -> list[list[Streams]]:
    streams = block_streams(plan, settings)
    return [streams[first : first + BLOCKS_PER_TASK] for first in range(0, len(streams), BLOCKS_PER_TASK)]


def _block_streams(plan: Plan | MixturePlan, settings: Settings, block: int) -> Streams:
    n_draws = min(plan.block_size, settings.n_draws - block * plan.block_size)
    return Streams(settings.seed, block, n_draws, settings.scheme)


def _simulate_blocks(plan: Plan | MixturePlan, blocks: list[Streams]) -> list[Flows]:
    return [flows_of(plan, streams) for streams in blocks]
