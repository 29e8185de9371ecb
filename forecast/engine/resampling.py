"""Sources of spread drawn again, or held at one value, while all other random numbers stay.

Because every number has an address, a source is drawn again by reading its streams at another address (`again.` before
the name, same seed), and everything else keeps its bits: what pick-freeze estimators of variance shares need. Drawn
again one at a time, and all but one at a time, sources give their first-order and total shares of a variance
(`sensitivity.effects`). Held at one value in each of `N_KNOWN` blocks, a source gives the width of an interval where
it is known. Streams and their sources are those of the plan's registry (`Plan.inputs`).

Correlated inputs are mixed from streams that are drawn again or held one by one, below the mix (`streams`), so that
sources stay independent and shares still add up, whatever a scenario correlates: what two correlated inputs have in
common counts with the one whose stream both draw from, the first of them in the order of names, and the other is
credited with the rest alone.

A numpy gamma variate takes as many raw numbers as its shape makes it reject, so that another shape in one draw would
shift all draws after it. Here every cell has its own row of proposals (Marsaglia and Tsang 2000, ACM Transactions on
Mathematical Software 26: 363-372): the distribution is exact, and a variate answers to its own shape alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from forecast.dims import Array
from forecast.economics.uncertain_inputs import SOURCES
from forecast.engine.block import flows_of
from forecast.engine.run_plan import RunPlan
from forecast.parallel import in_order
from forecast.stats.sensitivity import Effects, Estimate, effects, standard_error, width
from forecast.stats.streams import Streams, generator


@dataclass(frozen=True, slots=True)
class SharedStreams:
    """Names of random streams, sorted.

    Attributes:
        both: drawn from by both plans, the same numbers in both.
        reference, alternative: drawn from by one of them alone.
    """

    both: tuple[str, ...]
    reference: tuple[str, ...]
    alternative: tuple[str, ...]


def shared_streams(reference: RunPlan, alternative: RunPlan) -> SharedStreams:
    """Streams of two plans."""
    one, other = ({item.stream for item in plan.inputs} for plan in (reference, alternative))
    return SharedStreams(*(tuple(sorted(names)) for names in (one & other, one - other, other - one)))


@dataclass(frozen=True, slots=True)
class Resampled(Streams):
    """Streams of one block, some of them drawn again or held.

    Attributes:
        again: streams read at another address.
        held: streams that are the same in all draws of the block, as in its first.
    """

    again: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def points(self, name: str, n_rows: int | None = None) -> Array:
        """Uniforms of one stream by itself, `(n_draws,)` or `(n_rows, n_draws)`."""
        return self._spread(self._plain(name).points(self._address(name), n_rows))

    def normals(self, name: str, n_rows: int) -> Array:
        """Standard normals, `(n_rows, n_draws)`."""
        return self._spread(self._plain(name).normals(self._address(name), n_rows))

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        """Gamma variates of unit scale, `(n_rows, n_draws)`, with one shape parameter a draw `(n_draws,)`."""
        n_columns = self._plain(name).n_draws
        return _gammas(generator(self.seed, self._address(name), self.block), shape, (n_rows, n_columns))

    def _address(self, name: str) -> str:
        return f"again.{name}" if name in self.again else name

    def _plain(self, name: str) -> Streams:
        return Streams(self.seed, self.block, 1 if name in self.held else self.n_draws, self.scheme)

    def _spread(self, numbers: Array) -> Array:
        return np.repeat(numbers, self.n_draws // numbers.shape[-1], axis=-1)


def _gammas(rng: np.random.Generator, shape: Array, size: tuple[int, int]) -> Array:
    """Gamma variates `(n_rows, n_draws)` from proposals of `size`, each cell's the same whatever the shapes.

    Drawn at one above the shape, where few proposals are refused, and brought back by a power of a uniform.
    """
    d = shape + 2.0 / 3.0
    back = rng.random(size) ** (1.0 / shape)
    values = np.full(np.broadcast_shapes(size, shape.shape), np.nan)
    while (open_cells := np.isnan(values)).any():
        normals, uniforms = rng.standard_normal(size), rng.random(size)
        cubes = np.maximum(1.0 + normals / np.sqrt(9.0 * d), 0.0) ** 3
        with np.errstate(divide="ignore"):
            taken = np.log(uniforms) < 0.5 * normals**2 + d * (1.0 - cubes + np.log(cubes))
        values = np.where(open_cells & taken, d * cubes, values)
    return np.asarray(values * back)


N_KNOWN, KNOWN_DRAWS = 100, 400
"""Values at which a source is held to value knowing it, and draws of everything else at each."""


@dataclass(frozen=True, slots=True)
class SourceAnalysis:
    """Shares of a variance and narrowing of an interval, by source of spread.

    Attributes:
        plan: the compiled scenario or mixture.
        seed: of the run.
        series: index of the outcome among the plan's series.
        n_jobs: workers.
        progress: called with the percent of a task done since the last call.
    """

    plan: RunPlan
    seed: int
    series: int
    n_jobs: int = 1
    progress: Callable[[float], None] = lambda percent: None

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources the plan draws from, in the order of `SOURCES`."""
        used = {item.source for item in self.plan.inputs}
        return tuple(source for source in SOURCES if source in used)

    @property
    def in_common(self) -> tuple[tuple[str, str], ...]:
        """Pairs of sources of which inputs are correlated, the one whose streams the other's draw from first."""
        sources = {item.stream: item.source for item in self.plan.inputs}
        mixes = [(name, stream) for one in self.plan.plans for name, mix in one.mixes.items() for stream, _ in mix]
        pairs = {(sources[stream], sources[name]) for name, stream in mixes if {name, stream} <= sources.keys()}
        return tuple(sorted(pair for pair in pairs if pair[0] != pair[1]))

    @property
    def correlated(self) -> bool:
        """Whether any inputs are correlated."""
        return any(branch.mixes for branch in self.plan.plans)

    def effects(self, n_blocks: int) -> Effects:
        """Shares of the variance by source and year."""
        alone = self._streams_by_source()
        every = frozenset[str]().union(*alone)
        again = [frozenset(), every, *alone, *(every - one for one in alone)]
        size = self.plan.block_size
        streams = [Resampled(self.seed, block, size, again=names) for names in again for block in range(n_blocks)]
        drawn = np.concatenate(self._outcomes(streams), axis=-1)
        base, other, *rest = np.split(drawn, len(again), axis=-1)
        moved, kept = np.split(np.stack(rest), 2)
        return effects(base, other, moved, kept, size)

    def narrowing(self, at: int) -> Estimate:
        """Mean narrowing of the 80 % interval of year `at` where a source is known, `(n_sources,)`, bn USD a year."""
        held = [frozenset(), *self._streams_by_source()]
        blocks = range(N_KNOWN)
        streams = [Resampled(self.seed, block, KNOWN_DRAWS, held=names) for names in held for block in blocks]
        widths = width(np.stack([outcome[at] for outcome in self._outcomes(streams)]))
        everything, *known = np.split(widths, len(held))
        narrower = everything - np.stack(known)
        return Estimate(narrower.mean(axis=-1), standard_error(narrower))

    def _streams_by_source(self) -> list[frozenset[str]]:
        """Streams of each of `sources`."""
        inputs = self.plan.inputs
        return [frozenset(item.stream for item in inputs if item.source == source) for source in self.sources]

    def _outcomes(self, streams: Sequence[Streams]) -> list[Array]:
        """The outcome by year in every block, `(n_years, n_draws)` each."""
        drawn = []
        for block in in_order(partial(_outcome, self.plan, self.series), streams, self.n_jobs):
            drawn.append(block)
            self.progress(100 / len(streams))
        return drawn


def _outcome(plan: RunPlan, series: int, streams: Streams) -> Array:
    return np.asarray(flows_of(plan, streams).annual[series])
