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
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np

from forecast.dims import Array
from forecast.economics.uncertain_inputs import SOURCES
from forecast.engine.block import (
    Baseline,
    Flows,
    baseline_in,
    block_inputs,
    flows_over,
    followed_flows,
    simulated_economy,
    trade_alone,
)
from forecast.engine.drivers import Economy
from forecast.engine.plan import Pipeline, Plan, Project
from forecast.engine.plants import Activity, Building, Plants, Trade
from forecast.engine.policy import Duties
from forecast.engine.run_plan import RunPlan
from forecast.parallel import in_order
from forecast.stats.sensitivity import Effects, Estimate, effects, standard_error, width
from forecast.stats.streams import Streams, generator

Known = TypeVar("Known")


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
        held: streams that take `n_held` values in the block, each in as many draws as the others, one after another.
        drawn: what was drawn before, by what it is of; sets of sources of one block share it. Read-only.
        asked: names of streams that were asked for.
    """

    again: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    n_held: int = 1
    drawn: dict[object, Array] = field(default_factory=dict, compare=False)
    asked: set[str] = field(default_factory=set, compare=False)

    def points(self, name: str, n_rows: int | None = None) -> Array:
        """Uniforms of one stream by itself, `(n_draws,)` or `(n_rows, n_draws)`."""
        return self._once(name, ("points", n_rows), lambda: self._plain(name).points(self._address(name), n_rows))

    def normals(self, name: str, n_rows: int) -> Array:
        """Standard normals, `(n_rows, n_draws)`."""
        return self._once(name, ("normals", n_rows), lambda: self._plain(name).normals(self._address(name), n_rows))

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        """Gamma variates of unit scale, `(n_rows, n_draws)`, with one shape parameter a draw `(n_draws,)`."""
        size = n_rows, self._plain(name).n_draws
        return self._once(
            name,
            ("gammas", shape.tobytes(), n_rows),
            lambda: _gammas(generator(self.seed, self._address(name), self.block), shape, size),
        )

    def state_of(self, names: frozenset[str]) -> object:
        """How some streams are read here: two sets of sources in which that is the same see the same numbers."""
        return names & self.again, names & self.held

    def _once(self, name: str, of: object, draw: Callable[[], Array]) -> Array:
        self.asked.add(name)
        key = self._address(name), name in self.held, of
        if key not in self.drawn:
            self.drawn[key] = _spread(draw(), self.n_draws)
            self.drawn[key].flags.writeable = False
        return self.drawn[key]

    def _address(self, name: str) -> str:
        return f"again.{name}" if name in self.again else name

    def _plain(self, name: str) -> Streams:
        return Streams(self.seed, self.block, self.n_held if name in self.held else self.n_draws, self.scheme)


def _spread(numbers: Array, n_draws: int) -> Array:
    """As many draws as there are, `(..., n_draws)`: every number in as many draws as the others."""
    return numbers if numbers.shape[-1] == n_draws else np.repeat(numbers, n_draws // numbers.shape[-1], axis=-1)


def _gammas(rng: np.random.Generator, shape: Array, size: tuple[int, int]) -> Array:
    """Gamma variates `(n_rows, n_draws)` from proposals of `size`, each cell's the same whatever the shapes.

    Drawn at one above the shape, where few proposals are refused, and brought back by a power of a uniform.
    """
    back = _spread(rng.random(size), shape.size) ** (1.0 / shape)
    every_d, values = np.broadcast_to(shape + 2.0 / 3.0, back.shape).ravel(), np.empty(back.size)
    left = np.arange(back.size)  # cells whose proposals were refused so far
    while left.size:
        normals, uniforms = (
            _spread(draw(size), shape.size).ravel()[left] for draw in (rng.standard_normal, rng.random)
        )
        d = every_d[left]
        cubes = np.maximum(1.0 + normals / np.sqrt(9.0 * d), 0.0) ** 3
        with np.errstate(divide="ignore"):
            taken = np.log(uniforms) < 0.5 * normals**2 + d * (1.0 - cubes + np.log(cubes))
        values[left[taken]] = (d * cubes)[taken]
        left = left[~taken]
    return np.asarray(values.reshape(back.shape) * back)


N_KNOWN, KNOWN_DRAWS, KNOWN_TOGETHER = 100, 400, 5
"""Values at which a source is held to value knowing it, draws of everything else at each, and values in a block."""


class _Block:
    """One block under many sets of sources: what a set leaves as it is, is worked out once.

    That is the economy and trade without plants, which hang on few sources, and what projects order and make, and what
    they then trade, which hang on others. What a result hangs on is seen from the streams that it asks for.

    Attributes:
        plan: the compiled scenario or mixture.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self._names: dict[object, frozenset[str]] = {}
        self._results: dict[object, Any] = {}

    def outcome(self, series: int, streams: Resampled) -> Array:
        """A series by year, `(n_years, n_draws)`."""
        return np.asarray(followed_flows(self.plan, streams, self._flows).annual[series])

    def _flows(self, branch: Plan, streams: Resampled) -> Flows:
        baseline = self.known(branch, "baseline", streams, partial(self._baseline, branch))
        return flows_over(baseline, branch, _KnownPlants(self, branch, streams, baseline.economy))

    def _baseline(self, branch: Plan, streams: Resampled) -> Baseline:
        trade = trade_alone(branch)
        return baseline_in(self.economy(branch, streams), trade, block_inputs(trade, streams))

    def economy(self, branch: Plan, streams: Resampled) -> Economy:
        """The economy of a branch, which its plants share with the rest of trade."""
        return self.known(branch, "economy", streams, partial(_economy, trade_alone(branch)))

    def known(self, branch: Plan, what: str, streams: Resampled, work: Callable[[Resampled], Known]) -> Known:
        """A result for a branch, found again where another set of sources reads all streams of it alike.

        Args:
            work: makes it from streams that it asks for all its numbers itself, or for results that are known.
        """
        key = id(branch), what
        if key not in self._names or (key, streams.state_of(self._names[key])) not in self._results:
            own = replace(streams, asked=set())
            made = work(own)
            names = self._names.setdefault(key, frozenset(own.asked))
            assert names == own.asked, what  # which streams are asked for hangs on the plan alone
            self._results[key, streams.state_of(names)] = made
        names = self._names[key]
        streams.asked.update(names)
        found: Known = self._results[key, streams.state_of(names)]
        return found


def _economy(trade: Plan, streams: Resampled) -> Economy:
    return simulated_economy(trade, block_inputs(trade, streams))


class _KnownPlants(Plants):
    """Plants of a branch, of which what a set of sources leaves as it was is found again.

    What is not known yet is asked of plants made for it, as these do not ask again for what they have asked for before:
    inside a lambda, `super()` is of the plants it is given.
    """

    def __init__(self, block: _Block, branch: Plan, streams: Resampled, economy: Economy) -> None:
        inputs = block_inputs(branch, streams)
        super().__init__(branch, inputs, Duties(branch, inputs), economy)
        self._block, self._streams = block, streams

    @cached_property
    def buildings(self) -> Sequence[Building]:
        return self._known_in_economy("buildings", lambda plants: super().buildings)

    @cached_property
    def trades(self) -> Sequence[Trade]:
        return self._known_in_economy("trades", lambda plants: super().trades)

    def activity(self, project: Project) -> Activity:
        return self._known(project.stream, lambda plants: super().activity(project))

    def announced_later(self, pipeline: Pipeline) -> Array:
        return self._known("announced later", lambda plants: super().announced_later(pipeline))

    def _known(self, what: str, work: Callable[[_KnownPlants], Known]) -> Known:
        """A result that does not hang on the economy."""
        block, plan, economy = self._block, self.plan, self.economy
        return block.known(plan, what, self._streams, lambda streams: work(_KnownPlants(block, plan, streams, economy)))

    def _known_in_economy(self, what: str, work: Callable[[_KnownPlants], Known]) -> Known:
        """A result that hangs on the streams of the economy as well."""
        block, plan = self._block, self.plan
        return block.known(
            plan,
            what,
            self._streams,
            lambda streams: work(_KnownPlants(block, plan, streams, block.economy(plan, streams))),
        )


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
        base, other, *rest = self._outcomes(
            [[Resampled(self.seed, block, size, again=names) for names in again] for block in range(n_blocks)]
        )
        moved, kept = np.split(np.stack(rest), 2)
        return effects(base, other, moved, kept, size)

    def narrowing(self, at: int) -> Estimate:
        """Mean narrowing of the 80 % interval of year `at` where a source is known, `(n_sources,)`, bn USD a year."""
        held = [frozenset[str](), *self._streams_by_source()]
        sizes = KNOWN_TOGETHER * KNOWN_DRAWS, KNOWN_TOGETHER
        outcomes = self._outcomes(
            [
                [Resampled(self.seed, block, sizes[0], held=names, n_held=sizes[1]) for names in held]
                for block in range(N_KNOWN // KNOWN_TOGETHER)
            ]
        )
        widths = width(np.stack([outcome[at].reshape(-1, KNOWN_DRAWS) for outcome in outcomes]))
        everything, *known = widths
        narrower = everything - np.stack(known)
        return Estimate(narrower.mean(axis=-1), standard_error(narrower))

    def _streams_by_source(self) -> list[frozenset[str]]:
        """Streams of each of `sources`."""
        inputs = self.plan.inputs
        return [frozenset(item.stream for item in inputs if item.source == source) for source in self.sources]

    def _outcomes(self, blocks: Sequence[Sequence[Resampled]]) -> list[Array]:
        """The outcome by year under every set of sources, `(n_years, n_draws)` each, of all blocks."""
        drawn = []
        for block in in_order(partial(_outcomes_of_block, self.plan, self.series), blocks, self.n_jobs):
            drawn.append(block)
            self.progress(100 / len(blocks))
        return [np.concatenate(outcomes, axis=-1) for outcomes in zip(*drawn, strict=True)]


def _outcomes_of_block(plan: RunPlan, series: int, sets: Sequence[Resampled]) -> list[Array]:
    """The outcome by year in one block under every set of sources, `(n_years, n_draws)` each."""
    block, drawn = _Block(plan), dict[object, Array]()
    return [block.outcome(series, replace(one, drawn=drawn)) for one in sets]
