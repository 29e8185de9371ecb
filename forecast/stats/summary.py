"""Streaming, mergeable statistics of a run's results, each with its Monte Carlo standard error.

A `StreamingSummary` takes blocks of draws `(n_series, n_periods, n_draws)` one by one, in block order, and merges with
that of later blocks: merging parts gives the whole. Moments and exceedance counts are exact. Quantiles are read from
the kept draws or, when draws are too many to keep, from a histogram that bounds the error (`QuantileSketch`).

Standard errors are read off the spread of the same statistic between blocks, which are independent replicates
whatever the sampling scheme. With fewer than `LEAST_BLOCKS` of them that spread tells too little, and the errors are
those of independent draws, which draws are under the plain scheme; a stratified one makes smaller errors than that.

The histogram stands on an inverse-hyperbolic-sine grid, which bounds the error relative to the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

from forecast.dims import SERIES, Array
from forecast.errors import RunError


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


FINE_LEVELS = tuple(round(0.01 * percent, 2) for percent in range(1, 100))
"""The 99 levels a forecast is frozen and scored at, 0.01 to 0.99."""

SKETCH_STEP = 5e-4
"""Bin width on the asinh scale: a sketched quantile is off by at most one bin, `SKETCH_STEP * sqrt(1 + x^2)` bn USD."""

SKETCH_LIMIT = 10_000.0
"""bn USD a year; values beyond fall in the outermost bins."""

_EDGE = int(np.ceil(np.arcsinh(SKETCH_LIMIT) / SKETCH_STEP))


@dataclass(slots=True)
class QuantileSketch:
    """Blocks of draws `(n_series, n_periods, n_draws)`, kept or counted.

    Attributes:
        keep: whether draws are kept, so that quantiles are exact and draws can be stored.
        kept: blocks in order, draws that failed included as not finite.
        counts: histogram `(n_series, n_periods, n_bins)` of sound draws that are not kept.
    """

    keep: bool
    kept: list[Array] = field(default_factory=list)
    counts: NDArray[np.int64] | None = None

    def add(self, block: Array, sound: Array) -> None:
        """Take in a block; `sound` holds its draws without those that failed."""
        if self.keep:
            self.kept.append(block)
        elif sound.shape[-1]:
            self.counts = _histogram(sound, self.counts)

    def merge(self, other: QuantileSketch) -> None:
        """Take in later blocks."""
        self.kept.extend(other.kept)
        if other.counts is not None:
            self.counts = other.counts if self.counts is None else self.counts + other.counts

    def draws(self) -> Array:
        """All kept draws, `(n_series, n_periods, n_draws)`, joined when first asked for; not to be changed."""
        if len(self.kept) > 1:
            self.kept = [np.concatenate(self.kept, axis=-1)]
        return self.kept[0]

    def quantiles(self, levels: Sequence[float]) -> Array:
        """Quantiles of the sound draws, `(n_levels, n_series, n_periods)`."""
        return quantiles(self.sound(), levels) if self.counts is None else _sketched_quantiles(self.counts, levels)

    def sound(self) -> Array:
        """Kept draws that did not fail, `(n_series, n_periods, n_draws)`."""
        draws = self.draws()
        finite = np.isfinite(draws).all(axis=(0, 1))
        return draws if finite.all() else draws[..., finite]


def quantiles(sound: Array, levels: Sequence[float]) -> Array:
    """Quantiles over the last axis by linear interpolation, `(n_levels, ...)`; a sort beats a partition at seven.

    >>> quantiles(np.arange(5.0), [0.1, 0.5]).tolist()
    [0.4, 2.0]
    """
    ordered = np.sort(sound, axis=-1)
    places = np.asarray(levels) * (sound.shape[-1] - 1)
    low, high = (ordered[..., end(places).astype(np.intp)] for end in (np.floor, np.ceil))
    return np.moveaxis(low + (high - low) * (places % 1.0), -1, 0)


def quantile_errors(sound: Array, levels: Sequence[float]) -> Array:
    """Standard errors of quantiles of independent draws, `(n_levels, ...)`.

    The share of draws below a quantile at level `p` has the standard error `sqrt(p (1 - p) / n)`; the quantiles one
    such error below and above are as far apart as two standard errors of the quantile (Woodruff 1952, Journal of the
    American Statistical Association 47: 635-646).
    """
    level = np.asarray(levels)
    error = np.sqrt(level * (1 - level) / sound.shape[-1])
    low, high = np.clip(level - error, 0.0, 1.0), np.clip(level + error, 0.0, 1.0)
    scale = (error / (high - low)).reshape(-1, *[1] * (sound.ndim - 1))
    ends = quantiles(sound, [*low, *high])
    return np.asarray((ends[level.size :] - ends[: level.size]) * scale)


def _histogram(sound: Array, counts: NDArray[np.int64] | None) -> NDArray[np.int64]:
    cells = sound.shape[0] * sound.shape[1]
    if counts is None:
        counts = np.zeros((*sound.shape[:2], 2 * _EDGE), dtype=np.int64)
    bins = np.floor(np.arcsinh(sound.reshape(cells, -1)) / SKETCH_STEP).astype(np.int64)
    np.clip(bins, -_EDGE, _EDGE - 1, out=bins)
    # bins of all cells in one flat axis, so that one call counts them
    bins += _EDGE + np.arange(cells)[:, None] * 2 * _EDGE
    np.add.at(counts.reshape(-1), bins.reshape(-1), 1)
    return counts


def _sketched_quantiles(counts: NDArray[np.int64], levels: Sequence[float]) -> Array:
    cumulative = np.cumsum(counts, axis=-1)
    values = np.empty((len(levels), *counts.shape[:-1]))
    for cell in np.ndindex(*counts.shape[:-1]):
        values[(slice(None), *cell)] = _invert(cumulative[cell], levels)
    return values


def _invert(cumulative: NDArray[np.int64], levels: Sequence[float]) -> Array:
    targets = np.asarray(levels) * cumulative[-1]
    bins = np.searchsorted(cumulative, targets, side="left")
    below = np.where(bins > 0, cumulative[bins - 1], 0)
    inside = (targets - below) / (cumulative[bins] - below)
    return np.asarray(np.sinh((bins - _EDGE + inside) * SKETCH_STEP))


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
    """

    years: tuple[int, ...]
    statistics: Mapping[str, Statistic]
    n_draws: int
    n_failed: int
    exact: bool
    series: tuple[str, ...] = SERIES

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
        branches: statistics of the branches of a mixture, by index.
        chosen: branch of every draw of a mixture, block by block, where draws are kept.
    """

    thresholds: tuple[float, ...]
    keep: bool
    n_draws: int = 0
    n_failed: int = 0
    draws: Moments = field(default_factory=Moments)
    blocks: Moments = field(default_factory=Moments)
    quarterly_blocks: Moments = field(default_factory=Moments)
    annual: QuantileSketch = field(init=False)
    quarterly: QuantileSketch = field(init=False)
    branches: dict[int, StreamingSummary] = field(default_factory=dict)
    chosen: list[NDArray[np.intp]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.annual, self.quarterly = QuantileSketch(self.keep), QuantileSketch(self.keep)

    def add(self, annual: Array, quarterly: Array, branch: NDArray[np.intp] | None = None) -> None:
        """Fold one block; draws whose annual results are not finite are counted and left out of the statistics.

        Args:
            branch: index of the branch that each draw of a mixture follows; branches get statistics of their own too.
        """
        if branch is not None:
            self._add_branches(annual, quarterly, branch)
        finite = np.isfinite(annual).all(axis=(0, 1))
        self.n_draws += finite.size
        self.n_failed += int(finite.size - finite.sum())
        quarterly = quarterly if finite.all() else np.where(finite, quarterly, np.nan)
        sound, near = (flows if finite.all() else flows[..., finite] for flows in (annual, quarterly))
        self.annual.add(annual, sound)
        self.quarterly.add(quarterly, near)
        if sound.shape[-1]:
            self._fold(sound, near)

    def _add_branches(self, annual: Array, quarterly: Array, branch: NDArray[np.intp]) -> None:
        if self.keep:
            self.chosen.append(branch)
        for index in np.unique(branch).tolist():
            follow = branch == index
            own = self.branches.setdefault(index, StreamingSummary(self.thresholds, self.keep))
            own.add(annual[..., follow], quarterly[..., follow])

    def _fold(self, sound: Array, near: Array) -> None:
        n = sound.shape[-1]
        mean = sound.mean(axis=-1)
        squares = ((sound - mean[..., None]) ** 2).sum(axis=-1)
        self.draws.merge(Moments(n, float(n), mean, squares))
        sd = np.sqrt(squares / max(n - 1, 1))
        self.blocks.merge(Moments(1, float(n), self._block_statistics(sound, mean, sd), np.zeros(())))
        self.quarterly_blocks.merge(Moments(1, float(n), quantiles(near, FINE_LEVELS), np.zeros(())))

    def _block_statistics(self, sound: Array, mean: Array, sd: Array) -> Array:
        """Statistics of one block in the order of `_names`, `(n_statistics, n_series, n_years)`."""
        return np.stack([mean, sd, *self._shares(sound), *quantiles(sound, LEVELS)])

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
        self.quarterly_blocks.merge(other.quarterly_blocks)
        self.annual.merge(other.annual)
        self.quarterly.merge(other.quarterly)
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
        exact = self.blocks.mean[2 : 3 + len(self.thresholds)]
        values = [self.draws.mean, np.sqrt(self.draws.variance()), *exact, *self.annual.quantiles(LEVELS)]
        errors = self._independent_errors(self.annual.sound()) if self._few else self.blocks.standard_error()
        statistics = {name: Statistic(v, e) for name, v, e in zip(self._names(), values, errors, strict=True)}
        return Summary(tuple(years), statistics, self.n_draws, self.n_failed, self.keep, series)

    def quarters(self, origin: int) -> Quarters:
        """Quantiles of the first quarters after the origin."""
        errors = (
            quantile_errors(self.quarterly.sound(), FINE_LEVELS)
            if self._few
            else self.quarterly_blocks.standard_error()
        )
        estimates = Statistic(self.quarterly.quantiles(FINE_LEVELS), errors)
        return Quarters(tuple(range(origin + 1, origin + 1 + estimates.value.shape[-1])), estimates)

    @property
    def _few(self) -> bool:
        """Whether errors are those of independent draws; draws too many to keep fill blocks enough."""
        return self.keep and self.blocks.count < LEAST_BLOCKS

    def _independent_errors(self, sound: Array) -> Array:
        """Standard errors of the statistics of independent draws in the order of `_names`; none of a single draw."""
        n = sound.shape[-1]
        if n < 2:
            return np.full((len(self._names()), *sound.shape[:2]), np.nan)
        mean, sd = sound.mean(axis=-1), sound.std(axis=-1, ddof=1)
        fourth = ((sound - mean[..., None]) ** 4).mean(axis=-1)
        spread = np.sqrt(np.maximum(fourth - sd**4, 0.0) / n) / np.where(sd > 0, 2 * sd, 1.0)
        counted = [np.sqrt(share * (1 - share) / n) for share in self._shares(sound)]
        return np.stack([sd / np.sqrt(n), spread, *counted, *quantile_errors(sound, LEVELS)])


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
