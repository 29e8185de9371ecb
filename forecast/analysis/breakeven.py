"""The value of one uncertain input at which an outcome turns: where it is zero, or another amount, on average.

The input is held at a value in every draw, and everything else is drawn as in the run: the same streams of random
numbers, correlations with the input included. Means at several values of its support, some of them where it is likely,
show whether the outcome turns in it; where it does, the value is solved for. It is that of a run of the scenario with
the input stated as that one number, and its Monte Carlo error is that of the mean there over the slope of the mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import isfinite
from pathlib import Path

import numpy as np
import scipy

from forecast.analysis.budget import demand_outcome
from forecast.analysis.displacement import RATE, REPLACED, AddedByDuty, added_by_duty
from forecast.analysis.grounds import N_SHARES
from forecast.analysis.input_values import uncertain_values
from forecast.dims import Array
from forecast.economics.sectors import load_sectors
from forecast.economics.uncertain_inputs import UncertainInput, label, stream_of
from forecast.engine.block import Flows, flows_of
from forecast.engine.run_plan import RunPlan, held_plan
from forecast.engine.simulate import STARTING, block_streams
from forecast.errors import RunError, listed, meant
from forecast.models.posterior import Posterior
from forecast.parallel import Progress, in_order
from forecast.results.manifest import SCENARIO
from forecast.results.results import Results
from forecast.results.run import plan_of, settings_of
from forecast.scenario.inputs import FITTED, uncertain_inputs
from forecast.scenario.mixture import load_any
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Distribution
from forecast.stats.formatting import stored
from forecast.stats.sensitivity import LEVELS
from forecast.stats.streams import Streams
from forecast.stats.summary import StreamingSummary
from forecast.storage.files import write_csv, writing

N_VALUES = 5
"""Values of the support, evenly spaced with both ends among them, between which a turn is looked for."""

LIKELY = (LEVELS[0], 0.25, 0.5, 0.75, LEVELS[1])
"""Levels of the input as it is drawn, between whose values one is looked for too: a support may be far wider."""

SLOPE_STEP = 0.01
"""Part of the span a turn was found in over which the slope at the turn is measured, to either side."""

TAIL = 1e-4
"""Part of a distribution without an end that is left out on that side."""

_STEPS = 7
"""Values that a solution is expected to take at most, for progress."""

COLUMNS = ("scenario", "basis", "series", "year", "input", "at", "statistic", "unit", "value", "standard_error")


@dataclass(frozen=True, slots=True)
class HeldInput:
    """An uncertain input that can be held at one value.

    Attributes:
        name: YAML path; of a sector coefficient, where a scenario would state it.
        is_date: whether its unit is the quarter axis.
        support: lowest and highest value it can have.
        likely: its quantiles at `LIKELY` as it is drawn; all the same of a chance that is known.
    """

    name: str
    is_date: bool
    support: tuple[float, float]
    likely: tuple[float, ...]

    @property
    def present(self) -> tuple[float, float, float]:
        """Lower end of its 80 % interval, median and upper end as it is drawn."""
        return self.likely[0], self.likely[2], self.likely[-1]

    @property
    def label(self) -> str:
        """Name for readers."""
        return label(stream_of(self.name))

    @property
    def is_chance(self) -> bool:
        """Whether it is the chance of something."""
        return self.name.endswith(".probability")


@dataclass(frozen=True, slots=True)
class MeanAt:
    """Mean of an outcome, bn USD a year, where an input is held at a value, with its Monte Carlo standard error."""

    value: float
    mean: float
    error: float


@dataclass(frozen=True, slots=True)
class Breakeven:
    """Where an input turns an outcome of a run.

    Attributes:
        run: the run.
        series: annual series of the outcome.
        year: calendar year.
        amount: bn USD a year at which the outcome turns.
        input: what is held.
        means: of the outcome at values of the support, the lowest first; none beyond which no draw changes.
        turn: value at which the mean of the outcome is `amount`, an end of the support where it is that there alone;
            None where there is none in the support. Of several it is the one nearest to the median of the input.
        error: Monte Carlo standard error of `turn`.
        slope: of the mean there, bn USD a year per unit of the input.
        n_turns: turns that were seen.
        matters: whether the outcome of any draw hangs on the input at all.
        duty: what a duty adds to the input, where that is a rate of exports replaced.
    """

    run: Results
    series: str
    year: int
    amount: float
    input: HeldInput
    means: tuple[MeanAt, ...]
    turn: float | None
    error: float
    slope: float
    n_turns: int
    matters: bool
    duty: AddedByDuty | None = None

    @property
    def rises(self) -> bool:
        """Whether the outcome is above `amount` where the input is a little above `turn`."""
        return self.slope > 0

    @property
    def is_at_end(self) -> bool:
        """Whether the outcome is `amount` at an end of the support, so that it has one sign beyond it."""
        return self.n_turns == 1 and self.turn in (self.means[0].value, self.means[-1].value)


def breakeven(
    run: Results,
    input: str,
    year: int = 2030,
    series: str = "effect",
    *,
    amount: float = 0.0,
    posterior: Posterior | None = None,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> Breakeven:
    """The value of an input at which the mean of an outcome of a run is zero, or another amount.

    >>> run = forecast.load_results("results/hyundai")  # doctest: +SKIP
    >>> forecast.breakeven(run, "autos.displacement_rate", 2035).turn  # doctest: +SKIP

    Args:
        run: a stored run whose draws were kept.
        input: name of the input, a YAML path or the end of one, such as `autos.displacement_rate`.
        series: annual series of the outcome.
        amount: bn USD a year.
        posterior: parameters of the run; the stored ones by default.
        n_jobs: workers, -1 for one per core.
        progress: told of percent of the work.

    Raises:
        RunError: no input, or more than one, goes by the name; the amount is not finite; the run was made with other
            code or parameters; or it has no such year or series.
    """
    if not isfinite(amount):
        raise RunError(f"--at: got {amount:g}, expected a finite number of bn USD a year")
    plan, world = plan_of(run, posterior), load_any(run.folder / SCENARIO)
    demand_outcome(run, plan, year, series)
    streams = block_streams(plan, settings_of(run.manifest))
    chosen = _chosen(input, plan, [branch.scenario for branch in world.branches])
    held = _held_input(chosen, plan, streams[0], year)
    outcomes = _Outcomes(plan, held.name, streams, (plan.series.index(series), plan.years.index(year)), n_jobs)

    values = _values_tried(held)
    for value in values:
        outcomes.draws(value)
        progress.advance(100 / (len(values) + _STEPS))
    matters = any((outcomes.draws(values[0]) != outcomes.draws(value)).any() for value in values)
    means = tuple(outcomes.mean_at(value) for value in (_where_it_matters(outcomes, values) if matters else values))
    duty = added_by_duty(plan, streams[:N_SHARES], stream_of(held.name))
    found = Breakeven(run, series, year, amount, held, means, None, 0.0, 0.0, 0, matters, duty)
    turns = _turns(outcomes, means, amount) if matters else []
    progress.advance(100 * _STEPS / (len(values) + _STEPS))
    if not turns:
        return found
    turn = min(turns, key=lambda one: abs(one.value - held.present[1]))
    return replace(found, turn=turn.value, error=turn.error, slope=turn.slope, n_turns=len(turns))


def _values_tried(held: HeldInput) -> list[float]:
    """Values of the support at which an input is held, ascending: evenly spaced ones, and those where it is likely."""
    low, high = held.support
    values = sorted([*np.linspace(low, high, N_VALUES).tolist(), *(one for one in held.likely if low < one < high)])
    apart = np.diff(values, prepend=-np.inf) > 1e-6 * (high - low)  # a quantile may be one of those evenly spaced
    return [value for value, is_another in zip(values, apart, strict=True) if is_another]


def _where_it_matters(outcomes: _Outcomes, values: Sequence[float]) -> Sequence[float]:
    """Values without those at either end beyond which no draw changes, as of a plant later than the year."""
    same = [bool((outcomes.draws(low) == outcomes.draws(high)).all()) for low, high in pairwise(values)]
    first, last = same.index(False), len(same) - same[::-1].index(False)
    return values[first : last + 1]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A value at which the mean of an outcome is an amount, its standard error, and the slope of the mean there."""

    value: float
    error: float = 0.0
    slope: float = 0.0


def _turns(outcomes: _Outcomes, means: Sequence[MeanAt], amount: float) -> list[_Turn]:
    """Values at which the mean is an amount: between two on either side of it, else those where every draw is."""
    at_amount = [each for each in means if (each.mean, each.error) == (amount, 0.0)]
    spans = [
        (low, high)
        for low, high in pairwise(each for each in means if each not in at_amount)
        if (low.mean - amount) * (high.mean - amount) < 0
    ]
    return [_turn(outcomes, span, amount) for span in spans] or [_Turn(each.value) for each in at_amount]


def _turn(outcomes: _Outcomes, span: tuple[MeanAt, MeanAt], amount: float) -> _Turn:
    """The turn between two values; its error goes by the slope near it, as the span may be no straight line."""
    low, high = span[0].value, span[1].value
    width = high - low
    value = float(
        scipy.optimize.brentq(
            lambda value: outcomes.mean_at(value).mean - amount, low, high, xtol=1e-5 * width, rtol=1e-9
        )
    )
    below, above = max(value - SLOPE_STEP * width, low), min(value + SLOPE_STEP * width, high)
    slope = (outcomes.mean_at(above).mean - outcomes.mean_at(below).mean) / (above - below)
    error = outcomes.mean_at(value).error
    return _Turn(value, abs(error / slope) if slope else float("inf"), slope)


def _chosen(name: str, plan: RunPlan, scenarios: Sequence[Scenario]) -> UncertainInput:
    """The input that a name means.

    Raises:
        RunError: there is none, or there are several.
    """
    known = {item.name: item for item in _inputs(plan, scenarios)}
    if not known:
        raise RunError("the scenario has no uncertain input that is one number, so that nothing can be held")
    if name in known:
        return known[name]
    named = [item for item in known if _goes_by(item, name)]
    if len(named) == 1:
        return known[named[0]]
    if named:
        raise RunError(f"--input: got {name}, by which {len(named)} inputs go, expected one of {listed(named)}")
    every = (item for scenario in scenarios for item in uncertain_inputs(scenario, plan.origin))
    settled = [item for item in every if _goes_by(item.name, name)]
    if settled:
        why = settled[0].settled or "is not drawn"
        raise RunError(f"--input: got {settled[0].name}, which {why}; expected an input that is uncertain")
    ends = dict.fromkeys(".".join(stream_of(path).split(".")[-name.count(".") - 1 :]) for path in known)
    raise RunError(f"--input: got {name!r}, expected an uncertain input of the scenario; {meant(name, ends)}")


def _goes_by(path: str, name: str) -> bool:
    """Whether a name is a path or its stream, or the end of either."""
    return f".{path}".endswith(f".{name}") or f".{stream_of(path)}".endswith(f".{name}")


def _inputs(plan: RunPlan, scenarios: Sequence[Scenario]) -> Iterator[UncertainInput]:
    """Every input that is one number in a draw: stated, a chance, left to the record, or a sector coefficient."""
    for scenario in scenarios:
        for item in uncertain_inputs(scenario, plan.origin):
            key = item.name.rpartition(".")[2]
            if (item.drawn and (item.distribution or key in FITTED)) or key == "probability":
                yield item
    for branch in plan.plans:
        for sector, name in branch.columns:
            yield UncertainInput(f"overrides.sectors.{sector}.{name}", "coefficients")
    yield from (item for item in plan.inputs if item.source == "branch" and item.distribution is not None)


def _held_input(item: UncertainInput, plan: RunPlan, streams: Streams, year: int) -> HeldInput:
    key = item.name.rpartition(".")[2]
    if item.distribution is not None:
        likely = tuple(item.distribution.ppf(LIKELY).tolist())
        support = (0.0, 1.0) if key == "probability" else _ends(item.distribution)
        return HeldInput(item.name, item.is_date, support, likely)
    values = _values(item, plan, streams, year)
    likely = tuple(np.quantile(values, LIKELY).tolist())
    if key == "probability":
        return HeldInput(item.name, False, (0.0, 1.0), (float(values.mean()),) * len(LIKELY))
    if key in FITTED:
        return HeldInput(item.name, False, (float(values.min()), float(values.max())), likely)
    lowest, highest = _ends(load_sectors()[item.name.split(".")[2]][key].distribution)
    if key == RATE:  # what others claim of it lies in its range too
        lowest, highest = min(lowest, REPLACED[0]), max(highest, REPLACED[1])
    return HeldInput(item.name, False, (lowest, highest), likely)


def _values(item: UncertainInput, plan: RunPlan, streams: Streams, year: int) -> Array:
    """Draws of an input that is no stated number, `(n_draws,)`; of a chance, whether the plant goes ahead."""
    sector, _, key = item.stream.partition(".")[2].partition(".")
    for branch in plan.plans:
        if (sector, key) in branch.columns:
            return np.asarray(branch.sector_rows[branch.columns.index((sector, key))])
    name = item.name.removesuffix("probability") + "realised" if key == "probability" else item.stream
    found = uncertain_values(plan, streams, year)
    return found.get(label(name), np.ones(streams.n_draws))


def _ends(distribution: Distribution) -> tuple[float, float]:
    """Ends of a distribution; where it has none, those of all but `TAIL` of it."""
    ends = distribution.ends()
    low, high = np.where(np.isfinite(ends), ends, distribution.ppf([TAIL, 1.0 - TAIL])).tolist()
    return low, high


class _Outcomes:
    """Draws of one outcome with one input held, each value simulated once.

    Args:
        plan: the compiled run.
        name: of the input.
        streams: random numbers of every block.
        place: of series and year.
        n_jobs: workers.
    """

    def __init__(
        self, plan: RunPlan, name: str, streams: Sequence[Streams], place: tuple[int, int], n_jobs: int
    ) -> None:
        self._plan, self._name, self._streams, self._place = plan, name, streams, place
        self._n_jobs = n_jobs if len(streams) >= STARTING else 1  # workers take longer to start than a few blocks
        self._found: dict[float, list[Flows]] = {}

    def draws(self, value: float) -> Array:
        """Draws of the outcome, `(n_draws,)`."""
        return np.concatenate([flows.annual[0, 0] for flows in self._flows(value)])

    def mean_at(self, value: float) -> MeanAt:
        """Mean of the outcome."""
        stratified = self._streams[0].scheme != "plain"
        statistics = StreamingSummary((0.0,), keep=True, n_rows=self._plan.n_rows, stratified=stratified)
        for flows in self._flows(value):
            statistics.add(flows.annual, flows.quarterly, rows=flows.rows)
        summary = statistics.summary(self._plan.years[:1], ("outcome",))
        return MeanAt(value, *summary.estimate("outcome", "mean", 0))

    def _flows(self, value: float) -> list[Flows]:
        if value not in self._found:
            work = partial(_one_outcome, held_plan(self._plan, self._name, value), self._place)
            self._found[value] = list(in_order(work, self._streams, self._n_jobs))
        return self._found[value]


def _one_outcome(plan: RunPlan, place: tuple[int, int], streams: Streams) -> Flows:
    """Flows of a block, of which one series and year are left."""
    series, year = place
    flows = flows_of(plan, streams)
    only = flows.annual[series : series + 1, year : year + 1].copy()
    return replace(flows, annual=only, quarterly=flows.quarterly[:0], branch=None)


def write_breakeven(found: Breakeven) -> Path:
    """Write where an input turns an outcome as `breakeven_<series>_<year>_<input>.csv` into the folder of its run.

    Raises:
        RunError: the folder cannot be written.
    """
    name = re.sub(r"[^\w.-]", "_", found.input.name)
    path = found.run.folder / f"breakeven_{found.series}_{found.year}_{name}.csv"
    with writing(path):
        write_csv(path, COLUMNS, _rows(found))
    return path


def _rows(found: Breakeven) -> Iterator[tuple[object, ...]]:
    head = (found.run.name, found.run.basis, found.series, found.year, found.input.name)
    unit = "quarters since year 0" if found.input.is_date else "unit of the input"
    turn = (np.nan, np.nan) if found.turn is None else (found.turn, found.error)
    yield (*head, "", "turning_value", unit, *stored(*turn))
    for statistic, value in zip(("quantile_0.1", "quantile_0.5", "quantile_0.9"), found.input.present, strict=True):
        yield (*head, "", statistic, unit, *stored(value, 0.0))
    for each in found.means:
        yield (*head, f"{each.value:.10g}", "mean", "bn USD", *stored(each.mean, each.error))
