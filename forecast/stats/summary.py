"""Streaming, mergeable statistics of a run's results, each with its Monte Carlo standard error.

A `StreamingSummary` takes blocks of draws `(n_series, n_periods, n_draws)` one by one, in block order, and merges with
that of later blocks: merging parts gives the whole. Moments and exceedance counts are exact, quantiles as
`quantiles.QuantileSketch` says.

Draws of the plain scheme are independent of each other, and standard errors those of independent draws. Under a
stratified one they are not, but its blocks are: errors are then read off the spread of the same statistic between
blocks. With fewer than `LEAST_BLOCKS` of them that spread tells too little, and the errors are those of independent
draws, which a stratified scheme makes smaller. A chance that next to no draw met, or missed, shows no spread and has
that of a chance which could have gone unseen (`least_error`). Either way draws share the posterior rows that they pick,
and what those bring is added (`shared_rows`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import expm1, floor, isfinite, log, log10, sqrt
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from forecast.dims import SERIES, Array
from forecast.errors import RunError
from forecast.stats.influence import LARGEST_SHARE, LEAST_DRAWS, DominantDraw
from forecast.stats.quantiles import FINE_LEVELS, QuantileSketch, quantiles
from forecast.stats.shared_rows import NO_ROWS, RowPicks, SharedRows, together_below


@dataclass(slots=True)
class Moments:
    """Weighted mean and sum of squares of arrays of one shape (Chan, Golub and LeVeque 1983, Am. Stat. 37: 242-247).

    >>> whole = Moments(1, 1.0, np.array(2.0), np.array(0.0))
    >>> whole.merge(Moments(1, 1.0, np.array(4.0), np.array(0.0)))
    >>> float(whole.mean), float(whole.variance())
    (3.0, 2.0)
    """

    count: int = 0
    weight: float = 0.0
    mean: Array = field(default_factory=lambda: np.zeros(()))
    squares: Array = field(default_factory=lambda: np.zeros(()))

    def merge(self, other: Moments) -> None:
        """Take in another part; the order of parts decides the last bits, so callers keep it fixed."""
        if not other.count:
            return
        weight = self.weight + other.weight
        shift = other.mean - self.mean
        self.mean = self.mean + shift * (other.weight / weight)
        self.squares = self.squares + other.squares + shift**2 * (self.weight * other.weight / weight)
        self.count, self.weight = self.count + other.count, weight

    def variance(self) -> Array:
        """Unbiased variance of unit-weight parts."""
        return np.asarray(self.squares / (self.weight - 1)) if self.count > 1 else np.full(self.mean.shape, np.nan)

    def standard_error(self) -> Array:
        """Standard error of the weighted mean of independent parts."""
        if self.count < 2:
            return np.full(self.mean.shape, np.nan)
        return np.asarray(np.sqrt(self.squares / (self.weight * (self.count - 1))))


LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantile levels of the equal-tailed 95, 80 and 50 % intervals and the median."""

INTERVALS = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}
"""Levels of the ends of the equal-tailed intervals, by width in percent."""

BELOW = "below_0"
"""Column name of the probability that a series is negative; a draw in which nothing happens is on neither side."""

LEAST_BLOCKS = 10
"""Blocks whose spread tells an error: from ten it is known to a quarter of its size, from two to three quarters."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number for every series and period, and its Monte Carlo standard error, both `(..., n_series, n_periods)`."""

    value: Array
    standard_error: Array


@dataclass(frozen=True, slots=True)
class Summary:
    """Annual statistics of a run.

    Attributes:
        years: calendar years of the results.
        statistics: by name, see `StreamingSummary.summary`; each covers every series and every year.
        n_draws: draws made.
        n_failed: draws that were not finite, counted and left out.
        exact: whether quantiles come from the draws themselves and not from a sketch.
        series: what is reported, in the order of the statistics.
        dominant_draws: single draws that make too much of a mean or a variance, the largest share of each series.
        of_draws: by statistic, the part of its error that more draws make smaller; empty where it was read from a file.
    """

    years: tuple[int, ...]
    statistics: Mapping[str, Statistic]
    n_draws: int
    n_failed: int
    exact: bool
    series: tuple[str, ...] = SERIES
    dominant_draws: tuple[DominantDraw, ...] = ()
    of_draws: Mapping[str, Array] = field(default_factory=dict)

    def value(self, series: str, name: str) -> Array:
        """One statistic of one series, `(n_years,)`."""
        return np.asarray(self.statistics[name].value[self.series.index(series)])

    def standard_error(self, series: str, name: str) -> Array:
        """Monte Carlo standard error of one statistic of one series, `(n_years,)`."""
        return np.asarray(self.statistics[name].standard_error[self.series.index(series)])

    def estimate(self, series: str, name: str, index: int) -> tuple[float, float]:
        """One statistic of one series in one year, with its Monte Carlo standard error."""
        return float(self.value(series, name)[index]), float(self.standard_error(series, name)[index])


@dataclass(frozen=True, slots=True)
class Quarters:
    """Quantiles of a run in the first quarters after the origin, US Census basis, bn USD a quarter.

    Attributes:
        quarters: quarter indices.
        quantiles: at `FINE_LEVELS`, `(n_levels, n_series, n_quarters)`, in the order of `dims.QUARTERLY_SERIES`.
    """

    quarters: tuple[int, ...]
    quantiles: Statistic


@dataclass(slots=True)
class StreamingSummary:
    """Everything a run reports, folded block by block.

    Attributes:
        thresholds: bn USD a year; the probability of exceeding each is counted for every annual series.
        keep: whether draws are kept, so that quantiles are exact and draws can be stored.
        n_rows: posterior rows by model, of which draws pick; none where errors are to leave them out.
        stratified: whether draws of a block hang on each other, so that errors are read off blocks.
        variances: of blocks, weighted by their degrees of freedom.
        branches: statistics of the branches of a mixture, by index.
        chosen: branch of every draw of a mixture, block by block, where draws are kept.
    """

    thresholds: tuple[float, ...]
    keep: bool
    n_rows: Mapping[str, int] = field(default_factory=dict)
    stratified: bool = False
    n_draws: int = 0
    n_failed: int = 0
    draws: Moments = field(default_factory=Moments)
    blocks: Moments = field(default_factory=Moments)
    variances: Moments = field(default_factory=Moments)
    quarterly_blocks: Moments = field(default_factory=Moments)
    annual: QuantileSketch = field(init=False)
    quarterly: QuantileSketch = field(init=False)
    annual_rows: SharedRows = field(init=False)
    quarterly_rows: SharedRows = field(init=False)
    branches: dict[int, StreamingSummary] = field(default_factory=dict)
    chosen: list[NDArray[np.intp]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.annual, self.quarterly = QuantileSketch(self.keep), QuantileSketch(self.keep)
        self.annual_rows, self.quarterly_rows = SharedRows(self.n_rows), SharedRows(self.n_rows)

    def add(
        self,
        annual: Array,
        quarterly: Array,
        branch: NDArray[np.intp] | None = None,
        rows: Mapping[str, NDArray[np.intp]] = MappingProxyType({}),
    ) -> None:
        """Fold one block; draws whose annual results are not finite are counted and left out of the statistics.

        Args:
            branch: index of the branch that each draw of a mixture follows; branches get statistics of their own too.
            rows: by model of `n_rows`, the posterior row that each draw picked.
        """
        if branch is not None:
            self._add_branches(annual, quarterly, branch, rows)
        single = single_precision(annual)
        finite = np.isfinite(single).all(axis=(0, 1))
        self.n_draws += finite.size
        self.n_failed += int(finite.size - finite.sum())
        quarterly = quarterly if finite.all() else np.where(finite, quarterly, np.nan)
        sound, near = (flows if finite.all() else flows[..., finite] for flows in (annual, quarterly))
        self.annual.add(single, sound)
        self.quarterly.add(single_precision(quarterly), near)
        if sound.shape[-1]:
            self._fold(sound, near, single if finite.all() else single[..., finite])
            picked = {model: rows[model] if finite.all() else rows[model][finite] for model in self.n_rows}
            self.annual_rows.add(sound, picked)
            self.quarterly_rows.add(near, picked)

    def _add_branches(
        self, annual: Array, quarterly: Array, branch: NDArray[np.intp], rows: Mapping[str, NDArray[np.intp]]
    ) -> None:
        if self.keep:
            self.chosen.append(branch)
        for index in sorted({*branch.tolist()}):
            follow = branch == index
            empty = StreamingSummary(self.thresholds, self.keep, self.n_rows, self.stratified)
            own = self.branches.setdefault(index, empty)
            picked = {model: row[follow] for model, row in rows.items()}
            own.add(annual[..., follow], quarterly[..., follow], rows=picked)

    def _fold(self, sound: Array, near: Array, single: NDArray[np.float32]) -> None:
        n = sound.shape[-1]
        mean = sound.mean(axis=-1)
        squares = ((sound - mean[..., None]) ** 2).sum(axis=-1)
        self.draws.merge(Moments(n, float(n), mean, squares))
        ordered = quantiles(single, LEVELS) if self.stratified else ()
        statistics = np.stack([mean, *self._shares(sound), *ordered])
        self.blocks.merge(Moments(1, float(n), statistics, np.zeros(())))
        if self.stratified:
            self.quarterly_blocks.merge(Moments(1, float(n), quantiles(near, FINE_LEVELS), np.zeros(())))
        if n > 1:
            self.variances.merge(Moments(1, n - 1.0, squares / (n - 1), np.zeros(())))

    def _shares(self, sound: Array) -> list[Array]:
        """Shares of draws above each threshold and below zero."""
        return [*((sound > threshold).mean(axis=-1) for threshold in self.thresholds), (sound < 0).mean(axis=-1)]

    def _names(self) -> list[str]:
        return ["mean", "sd", *map(exceedance_name, self.thresholds), BELOW, *map(quantile_name, LEVELS)]

    def merge(self, other: StreamingSummary) -> None:
        """Take in the statistics of later blocks."""
        self.n_draws += other.n_draws
        self.n_failed += other.n_failed
        self.draws.merge(other.draws)
        self.blocks.merge(other.blocks)
        self.variances.merge(other.variances)
        self.quarterly_blocks.merge(other.quarterly_blocks)
        self.annual.merge(other.annual)
        self.quarterly.merge(other.quarterly)
        self.annual_rows.merge(other.annual_rows)
        self.quarterly_rows.merge(other.quarterly_rows)
        self.chosen.extend(other.chosen)
        for index, branch in other.branches.items():
            if index in self.branches:
                self.branches[index].merge(branch)
            else:
                self.branches[index] = branch

    def summary(self, years: Sequence[int], series: tuple[str, ...] = SERIES) -> Summary:
        """All annual statistics by name: `mean`, `sd`, `exceedance_<threshold>`, `below_0`, `quantile_<level>`.

        Raises:
            RunError: no draw was finite.
        """
        if self.n_failed == self.n_draws:
            raise RunError(
                f"got no finite draw among {self.n_draws}: a number of the scenario is too large to add up; "
                "look at its amounts, scales and overrides"
            )
        n = self.draws.weight
        sd = np.sqrt(self.draws.variance())
        chances = self.blocks.mean[1 : 2 + len(self.thresholds)]
        ordered, ordered_errors = self.annual.estimates(LEVELS, n)
        values = [self.draws.mean, sd, *chances, *ordered]
        spread, errors = self._errors(sd, chances, ordered_errors)
        names = self._names()
        statistics = {name: Statistic(v, e) for name, v, e in zip(names, values, errors, strict=True)}
        dominant, of_draws = tuple(self._dominant_draws(years, series)), dict(zip(names, spread, strict=True))
        return Summary(tuple(years), statistics, self.n_draws, self.n_failed, self.keep, series, dominant, of_draws)

    def _errors(self, sd: Array, chances: Array, ordered_errors: Array) -> tuple[Array, Array]:
        """Errors that draws make smaller, and whole ones with what rows bring; none of a single draw.

        In the order of `_names`, `(n_statistics, n_series, n_years)` each.
        """
        n, rows = self.draws.weight, self.annual_rows
        if n < 2:
            nothing = np.full((len(self._names()), *sd.shape), np.nan)
            return nothing, nothing
        counted = np.sqrt(chances * (1 - chances) / n)
        independent = np.stack([sd / np.sqrt(n), self._error_of_sd(sd), *counted, *ordered_errors])
        first = 2 + len(chances)
        shared = np.empty_like(independent)
        shared[0], shared[1] = rows.per_row(lambda r: r), rows.per_row(lambda r: r * abs(r))
        shared[2:first] = rows.per_row(partial(together_below, chances))
        shared[first:] = rows.per_row(partial(together_below, np.reshape(LEVELS, (-1, 1, 1))))
        spread = self._between(independent)
        spread[2:first] = np.maximum(spread[2:first], least_error(chances, n))
        return spread, np.asarray(np.sqrt(spread**2 + n * independent**2 * shared))

    def _between(self, independent: Array) -> Array:
        """Errors of independent draws, or of blocks where those tell them, in the order of `_names`."""
        if self._independent:
            return independent
        mean, *others = self.blocks.standard_error()
        return np.stack([mean, independent[1], *others])

    def _error_of_sd(self, sd: Array) -> Array:
        """Standard error of the standard deviation, from that of the variance: blocks vary evenly in that."""
        if self._few:
            sound = self.annual.sound().astype(np.float64)
            fourth = ((sound - sound.mean(axis=-1)[..., None]) ** 4).mean(axis=-1)
            error = np.sqrt(np.maximum(fourth - sd**4, 0.0) / sound.shape[-1])
        else:
            error = self.variances.standard_error()
        return np.asarray(error / np.where(sd > 0, 2 * sd, 1.0))

    def _dominant_draws(self, years: Sequence[int], series: Sequence[str]) -> Iterator[DominantDraw]:
        if self.draws.weight < LEAST_DRAWS:
            return
        for statistic, shares in self.annual.extremes.shares(self.draws.mean, self.draws.squares).items():
            for name, by_year in zip(series, shares, strict=True):
                at = int(by_year.argmax())
                if by_year[at] > LARGEST_SHARE:
                    yield DominantDraw(name, years[at], statistic, float(by_year[at]))

    def quarters(self, origin: int) -> Quarters:
        """Quantiles of the first quarters after the origin."""
        n = self.draws.weight
        values, independent = self.quarterly.estimates(FINE_LEVELS, n)
        shared = self.quarterly_rows.per_row(partial(together_below, np.reshape(FINE_LEVELS, (-1, 1, 1))))
        spread = independent if self._independent else self.quarterly_blocks.standard_error()
        estimates = Statistic(values, np.sqrt(spread**2 + n * independent**2 * shared))
        return Quarters(tuple(range(origin + 1, origin + 1 + values.shape[-1])), estimates)

    @property
    def _independent(self) -> bool:
        """Whether errors are those of independent draws."""
        return self._few or not self.stratified

    @property
    def _few(self) -> bool:
        """Whether blocks are too few to tell an error; draws too many to keep fill enough."""
        return self.keep and self.blocks.count < LEAST_BLOCKS


def summarised(
    draws: Array,
    years: Sequence[int],
    series: Sequence[str],
    block_size: int,
    thresholds: Sequence[float] = (0.0,),
    rows: RowPicks = NO_ROWS,
) -> Summary:
    """Mean, quantiles and chances of draws `(n_series, n_years, n_draws)`, with their Monte Carlo errors.

    Args:
        block_size: draws that are one replicate; the spread between blocks gives the Monte Carlo error.
        thresholds: bn USD; the chance to exceed each is counted.
        rows: what the draws picked; where none are given, errors are those of draws from the rows there are.
    """
    statistics = StreamingSummary(tuple(thresholds), keep=True, n_rows=rows.n_rows, stratified=True)  # of any scheme
    for first in range(0, draws.shape[-1], block_size):
        place = slice(first, first + block_size)
        block = draws[..., place]
        statistics.add(block, np.empty((0, 0, block.shape[-1])), rows=rows.of(place).picks)
    return statistics.summary(years, tuple(series))


def single_precision(draws: Array) -> NDArray[np.float32]:
    """Draws as they are kept and stored; those too large for it are infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return draws.astype(np.float32)


def quantile_name(level: float) -> str:
    """Column name of a quantile.

    >>> quantile_name(0.025)
    'quantile_0.025'
    """
    return f"quantile_{level:g}"


def exceedance_name(threshold: float) -> str:
    """Column name of the probability that a series exceeds a threshold in bn USD a year.

    >>> exceedance_name(55.7)
    'exceedance_55.7'
    """
    return f"exceedance_{threshold:g}"


UNSEEN = 0.025
"""How often no draw meets a chance of `unseen`, so that it is the upper end of the exact 95 % interval of one that none
met (Clopper and Pearson 1934, Biometrika 26: 404-413)."""


def unseen(n_draws: float) -> float:
    """The largest chance that draws of which none met it leave open, some 3.7 in their number.

    >>> round(unseen(20_000), 6), round(unseen(1), 3)
    (0.000184, 0.975)
    """
    return -expm1(log(UNSEEN) / n_draws)


def least_error(chance: Array, n_draws: float) -> Array:
    """Standard error of chances at least, where draws hold too few cases, or too few others, to tell it; else 0.

    One of fewer cases is taken for as large as `unseen`. What is seen more often has the spread that it shows.

    >>> least_error(np.array([0.0, 0.0001, 0.5, 1.0]), 20_000).round(6).tolist()
    [9.6e-05, 9.6e-05, 0.0, 9.6e-05]
    """
    largest = unseen(n_draws)
    error = sqrt(largest * (1.0 - largest) / n_draws)
    return np.asarray(np.where(np.minimum(chance, 1.0 - chance) < largest, error, 0.0))


def is_chance(name: str) -> bool:
    """Whether the statistic of a name is a probability.

    >>> is_chance("below_0"), is_chance("quantile_0.1")
    (True, False)
    """
    return name.startswith(("exceedance_", "below_"))


def decimals(standard_error: float) -> int:
    """Decimals that a Monte Carlo standard error allows: the last one printed is its first significant digit.

    Below 0 they are tens and hundreds. A number that is the same in every draw has two, and one whose error is not
    known none.

    >>> decimals(0.4), decimals(0.031), decimals(7.0), decimals(12.0), decimals(0.0), decimals(float("nan"))
    (1, 2, 0, -1, 2, 0)
    """
    if not isfinite(standard_error):
        return 0
    if standard_error <= 0:
        return 2
    return min(-floor(log10(standard_error)), 4)
