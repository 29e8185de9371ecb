"""Random numbers of a block of which some sources are drawn again, or held at one value, and all others stay.

Because every number has an address, a source is drawn again by reading its streams at another address (`again.` before
the name, same seed), and everything else keeps its bits. That is what pick-freeze estimators need, by construction.
Correlated inputs are mixed from streams that are drawn again or held one by one, below the mix (`streams`), so that
sources stay independent whatever a scenario correlates.

A numpy gamma variate takes as many raw numbers as its shape makes it reject, so that another shape in one draw would
shift all draws after it. Here every cell has its own row of proposals (Marsaglia and Tsang 2000, ACM Transactions on
Mathematical Software 26: 363-372): the law is exact, and a variate answers to its own shape alone.

Which random numbers a plan draws, and which two plans share: a stream's name is heard when it is drawn from.

Where the spread of a forecast comes from: every random stream belongs to one source, told by its name.

Stream names are YAML paths (`streams`), so sources are known without running anything, and a stream of a key that is
new here counts as `other`. Parameters go with what they are parameters of; only trade itself is split into what was
learned of it and the shocks that are still to come. What was learned of announcements is one row a draw, chance, delay
and size together, and counts with the first.

A plan simulated with some sources of randomness drawn again, or held, and all others as they were.

Drawn again one at a time, and all but one at a time, sources give their first-order and total shares of a variance
(`sensitivity.effects`). Held at one value in each of `N_KNOWN` blocks, a source gives the width of an interval where
it is known.

A scenario may correlate inputs of two sources. Sources are streams of random numbers below the mix, which stay
independent, so that shares still add up: what two correlated inputs have in common counts with the one whose stream
both draw from, the first of them in the order of names, and the other is credited with the rest alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from forecast.dims import Array
from forecast.economics.sectors import COEFFICIENTS
from forecast.engine.block import branches_of, flows_of, simulated_flows
from forecast.engine.plan import RunPlan
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


@dataclass(frozen=True, slots=True)
class _Heard(Streams):
    names: set[str] = field(default_factory=set)

    def points(self, name: str, n_rows: int | None = None) -> Array:
        self.names.add(name)
        return Streams.points(self, name, n_rows)

    def normals(self, name: str, n_rows: int) -> Array:
        self.names.add(name)
        return Streams.normals(self, name, n_rows)

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        self.names.add(name)
        return Streams.gammas(self, name, shape, n_rows)


def shared_streams(reference: RunPlan, alternative: RunPlan) -> SharedStreams:
    """Streams of two plans."""
    one, other = stream_names(reference), stream_names(alternative)
    return SharedStreams(*(tuple(sorted(names)) for names in (one & other, one - other, other - one)))


def stream_names(plan: RunPlan) -> set[str]:
    """Streams of a plan, found by simulating two draws of it, in any of its branches."""
    heard = _Heard(seed=0, block=0, n_draws=2)
    branches_of(plan, heard)
    for branch in plan.plans:
        simulated_flows(branch, heard)
    return heard.names


SOURCES = {
    "shocks": "Shocks to trade still to come",
    "trade": "What was learned of trade",
    "drivers": "US output, won and oil",
    "books": "The gap between the two books",
    "happening": "Announcements happening or not",
    "terms": "Size and timing of plants",
    "coefficients": "What plants buy, make, replace",
    "localization": "Localization",
    "levers": "Tariffs and import commitments",
    "stated": "Shocks the scenario states",
    "branch": "The choice of scenario",
    "other": "Other assumptions",
}
"""Sources in the order in which they are shown, with their names for readers."""


_HEADS = {
    "baseline": "shocks",
    "running": "shocks",
    "drivers": "drivers",
    "bridge": "books",
    "localization": "localization",
    "sectors": "coefficients",
    "tariffs": "levers",
    "import_commitments": "levers",
    "shocks": "stated",
    "mixture": "branch",
}


_LEARNED = {
    "baseline": "trade",
    "running": "trade",
    "drivers": "drivers",
    "bridge": "books",
    "localization": "localization",
    "sectors": "coefficients",
    "realisation": "happening",
}


def source_of(stream: str) -> str:
    """The source a stream belongs to, one of `SOURCES`.

    >>> source_of("investments.HMG-06.realised"), source_of("posterior.sectors"), source_of("baseline.tail")
    ('happening', 'coefficients', 'shocks')
    """
    head, *rest = stream.split(".")
    if head == "posterior":
        return _LEARNED.get(rest[0], "other")
    if head in ("investments", "programmes"):
        return _of_plant(rest)
    return _HEADS.get(head, "other")


def _of_plant(parts: list[str]) -> str:
    if parts[1] == "localization":
        return "localization"
    if parts[-1] in ("realised", "probability"):
        return "happening"
    return "coefficients" if parts[-1] in COEFFICIENTS else "terms"


@dataclass(frozen=True, slots=True)
class Resampled(Streams):
    """Streams of one block, with sources drawn again or held.

    Attributes:
        again: sources (`resampling.SOURCES`) read at another address.
        held: sources that are the same in all draws of the block, as in its first.
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
        return f"again.{name}" if source_of(name) in self.again else name

    def _plain(self, name: str) -> Streams:
        return Streams(self.seed, self.block, 1 if source_of(name) in self.held else self.n_draws, self.scheme)

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

    plan: RunPlan
    seed: int
    series: int
    n_jobs: int = 1
    progress: Callable[[float], None] = lambda percent: None

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources the plan draws from, in the order of `resampling.SOURCES`."""
        used = {source_of(name) for name in stream_names(self.plan)}
        return tuple(source for source in SOURCES if source in used)

    @property
    def in_common(self) -> tuple[tuple[str, str], ...]:
        """Pairs of sources of which inputs are correlated, the one whose streams the other's draw from first."""
        mixes = [mix for branch in self.plan.plans for mix in branch.mixes.items()]
        pairs = {(source_of(stream), source_of(name)) for name, mix in mixes for stream, _ in mix}
        return tuple(sorted(pair for pair in pairs if pair[0] != pair[1]))

    @property
    def correlated(self) -> bool:
        """Whether any inputs are correlated."""
        return any(branch.mixes for branch in self.plan.plans)

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


def _outcome(plan: RunPlan, series: int, streams: Streams) -> Array:
    return np.asarray(flows_of(plan, streams).annual[series])
