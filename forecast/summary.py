"""Streaming, mergeable statistics of annual results, each with its Monte Carlo standard error.

A `Tally` takes blocks of draws `(n_series, n_years, n_draws)` one by one, in block order, and merges with the tally of
later blocks: merging parts gives the whole. Moments and exceedance counts are exact. Quantiles are read from the kept
draws or, when draws are too many to keep, from a histogram on an inverse-hyperbolic-sine grid that bounds the error.

Standard errors are read off the spread of the same statistic between blocks, which are independent replicates
whatever the sampling scheme; with fewer than two blocks they are not a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forecast.draws import SERIES, Array

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantile levels of the equal-tailed 95, 80 and 50 % intervals and the median."""

INTERVALS = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}
"""Levels of the ends of the equal-tailed intervals, by width in percent."""

SKETCH_STEP = 5e-4
"""Bin width on the asinh scale: a sketched quantile is off by at most one bin, `SKETCH_STEP * sqrt(1 + x^2)` bn USD."""

SKETCH_LIMIT = 10_000.0
"""bn USD a year; values beyond fall in the outermost bins."""

_EDGE = int(np.ceil(np.arcsinh(SKETCH_LIMIT) / SKETCH_STEP))


@dataclass(slots=True)
class Moments:
    """Weighted mean and sum of squares of arrays of one shape (Chan, Golub and LeVeque 1983, Am. Stat. 37: 242-247)."""

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


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number for every series and year, and its Monte Carlo standard error, both `(n_series, n_years)`."""

    value: Array
    standard_error: Array


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run reports.

    Attributes:
        years: calendar years of the results.
        statistics: by name, see `Tally.summary`; each covers every series of `draws.SERIES` and every year.
        n_draws: draws made.
        n_failed: draws that were not finite, counted and left out.
        exact: whether quantiles come from the draws themselves and not from a sketch.
    """

    years: tuple[int, ...]
    statistics: Mapping[str, Statistic]
    n_draws: int
    n_failed: int
    exact: bool

    def value(self, series: str, name: str) -> Array:
        """One statistic of one series, `(n_years,)`."""
        return np.asarray(self.statistics[name].value[SERIES.index(series)])

    def standard_error(self, series: str, name: str) -> Array:
        """Monte Carlo standard error of one statistic of one series, `(n_years,)`."""
        return np.asarray(self.statistics[name].standard_error[SERIES.index(series)])


@dataclass(slots=True)
class Tally:
    """Everything a run reports, folded block by block.

    Attributes:
        thresholds: bn USD a year; the probability of exceeding each is counted for every series.
        keep: whether draws are kept, so that quantiles are exact and draws can be stored.
    """

    thresholds: tuple[float, ...]
    keep: bool
    n_draws: int = 0
    n_failed: int = 0
    draws: Moments = field(default_factory=Moments)
    blocks: Moments = field(default_factory=Moments)
    kept: list[Array] = field(default_factory=list)
    counts: NDArray[np.int64] | None = None

    def add(self, annual: Array) -> None:
        """Fold one block; draws that are not finite are counted and left out of the statistics."""
        finite = np.isfinite(annual).all(axis=(0, 1))
        self.n_draws += finite.size
        self.n_failed += int(finite.size - finite.sum())
        sound = annual if finite.all() else annual[..., finite]
        if self.keep:
            self.kept.append(annual)
        if sound.shape[-1]:
            self._fold(sound)

    def _fold(self, sound: Array) -> None:
        n = sound.shape[-1]
        mean = sound.mean(axis=-1)
        squares = ((sound - mean[..., None]) ** 2).sum(axis=-1)
        self.draws.merge(Moments(n, float(n), mean, squares))
        sd = np.sqrt(squares / max(n - 1, 1))
        self.blocks.merge(Moments(1, float(n), self._block_statistics(sound, mean, sd), np.zeros(())))
        if not self.keep:
            self.counts = _histogram(sound, self.counts)

    def _block_statistics(self, sound: Array, mean: Array, sd: Array) -> Array:
        """Statistics of one block in the order of `_names`, `(n_statistics, n_series, n_years)`."""
        exceeded = [(sound > threshold).mean(axis=-1) for threshold in self.thresholds]
        return np.stack([mean, sd, *exceeded, *_quantiles(sound)])

    def _names(self) -> list[str]:
        return ["mean", "sd", *map(exceedance_name, self.thresholds), *map(quantile_name, LEVELS)]

    def merge(self, other: Tally) -> None:
        """Take in the tally of later blocks."""
        self.n_draws += other.n_draws
        self.n_failed += other.n_failed
        self.draws.merge(other.draws)
        self.blocks.merge(other.blocks)
        self.kept.extend(other.kept)
        if other.counts is not None:
            self.counts = other.counts if self.counts is None else self.counts + other.counts

    def annual(self) -> Array:
        """The kept draws `(n_series, n_years, n_draws)`, failed ones included as not finite."""
        return np.concatenate(self.kept, axis=-1)

    def summary(self, years: Sequence[int]) -> Summary:
        """All statistics by name: `mean`, `sd`, `exceedance_<threshold>`, `quantile_<level>`."""
        exact = self.blocks.mean[2 : 2 + len(self.thresholds)]
        values = [self.draws.mean, np.sqrt(self.draws.variance()), *exact, *self._pooled_quantiles()]
        errors = self.blocks.standard_error()
        found = {name: Statistic(v, e) for name, v, e in zip(self._names(), values, errors, strict=True)}
        return Summary(tuple(years), found, self.n_draws, self.n_failed, self.keep)

    def _pooled_quantiles(self) -> Array:
        if self.counts is not None:
            return _sketched_quantiles(self.counts)
        annual = self.annual()
        return _quantiles(annual[..., np.isfinite(annual).all(axis=(0, 1))])


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

    >>> decimals(0.4), decimals(0.031), decimals(7.0)
    (1, 2, 0)
    """
    if not np.isfinite(standard_error) or standard_error <= 0:
        return 1
    return int(np.clip(-np.floor(np.log10(standard_error)), 0, 4))


def sketch_error(value: float) -> float:
    """Largest error, bn USD, of a sketched quantile near `value`."""
    return SKETCH_STEP * float(np.hypot(1.0, value))


def _quantiles(sound: Array) -> Array:
    """Quantiles at `LEVELS` by linear interpolation, `(n_levels, ...)`; a sort beats a partition at seven levels."""
    ordered = np.sort(sound, axis=-1)
    places = np.asarray(LEVELS) * (sound.shape[-1] - 1)
    low, high = (ordered[..., end(places).astype(np.intp)] for end in (np.floor, np.ceil))
    return np.moveaxis(low + (high - low) * (places % 1.0), -1, 0)


def _histogram(sound: Array, counts: NDArray[np.int64] | None) -> NDArray[np.int64]:
    cells = sound.shape[0] * sound.shape[1]
    if counts is None:
        counts = np.zeros((*sound.shape[:2], 2 * _EDGE), dtype=np.int64)
    bins = np.floor(np.arcsinh(sound.reshape(cells, -1)) / SKETCH_STEP).astype(np.int64)
    np.clip(bins, -_EDGE, _EDGE - 1, out=bins)
    bins += _EDGE + np.arange(cells)[:, None] * 2 * _EDGE
    np.add.at(counts.reshape(-1), bins.reshape(-1), 1)
    return counts


def _sketched_quantiles(counts: NDArray[np.int64]) -> Array:
    cumulative = np.cumsum(counts, axis=-1)
    found = np.empty((len(LEVELS), *counts.shape[:-1]))
    for cell in np.ndindex(*counts.shape[:-1]):
        found[(slice(None), *cell)] = _invert(cumulative[cell], LEVELS)
    return found


def _invert(cumulative: NDArray[np.int64], levels: Sequence[float]) -> Array:
    targets = np.asarray(levels) * cumulative[-1]
    bins = np.searchsorted(cumulative, targets, side="left")
    below = np.where(bins > 0, cumulative[bins - 1], 0)
    inside = (targets - below) / (cumulative[bins] - below)
    return np.asarray(np.sinh((bins - _EDGE + inside) * SKETCH_STEP))
