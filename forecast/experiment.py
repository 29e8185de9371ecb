"""A plan simulated with some sources of randomness drawn again, or held, and all others as they were.

Drawn again one at a time, and all but one at a time, sources give their first-order and total shares of a variance
(`shares.effects`). Held at one value in each of `N_KNOWN` blocks, a source gives the width of an interval where it is
known.

A scenario may correlate inputs of two sources. Sources are streams of random numbers below the mix, which stay
independent, so that shares still add up: what two correlated inputs have in common counts with the one whose stream
both draw from, the first of them in the order of names, and the other is credited with the rest alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from forecast.branching import MixturePlan, flows_of
from forecast.draws import Array
from forecast.pairing import stream_names
from forecast.parallel import in_order
from forecast.plan import Plan
from forecast.resampling import Resampled
from forecast.shares import Effects, Estimate, effects, standard_error, width
from forecast.sources import SOURCES, source_of
from forecast.streams import Streams

N_KNOWN, KNOWN_DRAWS = 100, 400
"""Values at which a source is held to see what knowing it is worth, and draws of everything else at each."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A plan simulated with sources drawn again or held.

    Attributes:
        plan: the compiled scenario or mixture.
        seed: of the run.
        series: index of the outcome among the plan's series.
        n_jobs: workers.
        progress: called with the percent of a task done since the last call.
    """

    plan: Plan | MixturePlan
    seed: int
    series: int
    n_jobs: int = 1
    progress: Callable[[float], None] = lambda percent: None

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources the plan draws from, in the order of `sources.SOURCES`."""
        used = {source_of(name) for name in stream_names(self.plan)}
        return tuple(source for source in SOURCES if source in used)

    @property
    def in_common(self) -> tuple[tuple[str, str], ...]:
        """Pairs of sources of which inputs are correlated, the one whose streams the other's draw from first."""
        mixes = [mix for branch in self._branches for mix in branch.mixes.items()]
        pairs = {(source_of(stream), source_of(name)) for name, mix in mixes for stream, _ in mix}
        return tuple(sorted(pair for pair in pairs if pair[0] != pair[1]))

    @property
    def correlated(self) -> bool:
        """Whether any inputs are correlated."""
        return any(branch.mixes for branch in self._branches)

    @property
    def _branches(self) -> tuple[Plan, ...]:
        return self.plan.plans if isinstance(self.plan, MixturePlan) else (self.plan,)

    def effects(self, n_blocks: int) -> Effects:
        """Shares of the variance by source and year."""
        every = frozenset(self.sources)
        alone = [frozenset([source]) for source in self.sources]
        again = [frozenset(), every, *alone, *(every - one for one in alone)]
        size = self.plan.block_size
        streams = [Resampled(self.seed, block, size, again=names) for names in again for block in range(n_blocks)]
        drawn = np.concatenate(self._outcomes(streams), axis=-1)
        base, other, *rest = np.split(drawn, len(again), axis=-1)
        moved, kept = np.split(np.stack(rest), 2)
        return effects(base, other, moved, kept, size)

    def narrowing(self, at: int) -> Estimate:
        """Mean narrowing of the 80 % interval of year `at` where a source is known, `(n_sources,)`, bn USD a year."""
        held = [frozenset(), *(frozenset([source]) for source in self.sources)]
        blocks = range(N_KNOWN)
        streams = [Resampled(self.seed, block, KNOWN_DRAWS, held=names) for names in held for block in blocks]
        widths = width(np.stack([outcome[at] for outcome in self._outcomes(streams)]))
        everything, *known = np.split(widths, len(held))
        narrower = everything - np.stack(known)
        return Estimate(narrower.mean(axis=-1), standard_error(narrower))

    def _outcomes(self, streams: Sequence[Streams]) -> list[Array]:
        """The outcome by year in every block, `(n_years, n_draws)` each."""
        drawn = []
        for block in in_order(partial(_outcome, self.plan, self.series), streams, self.n_jobs):
            drawn.append(block)
            self.progress(100 / len(streams))
        return drawn


def _outcome(plan: Plan | MixturePlan, series: int, streams: Streams) -> Array:
    return np.asarray(flows_of(plan, streams).annual[series])
