"""Quantiles of draws: exact of those that are kept, bounded in error of those that are only counted.

Draws are kept in single precision, as runs store them: half the memory, sorted in half the time. The histogram of draws
too many to keep stands on an inverse-hyperbolic-sine grid, which bounds the error relative to the value. Draws that are
exactly 0 have a bin of their own, and no quantile lies beyond the smallest or largest draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.stats.influence import Extremes
from forecast.stats.special import ndtr, ndtri

FINE_LEVELS = tuple(round(0.01 * percent, 2) for percent in range(1, 100))
"""The 99 levels a forecast is frozen and scored at, 0.01 to 0.99."""

SKETCH_STEP = 5e-4
"""Bin width on the asinh scale: a sketched quantile is off by at most one bin, `SKETCH_STEP * sqrt(1 + x^2)` bn USD."""

SKETCH_LIMIT = 10_000.0
"""bn USD a year; values beyond fall in the outermost bins."""

_EDGE = int(np.ceil(np.arcsinh(SKETCH_LIMIT) / SKETCH_STEP))
N_BINS = 2 * _EDGE + 1
"""Bins of a histogram; the middle one holds draws that are exactly 0."""


@dataclass(slots=True)
class QuantileSketch:
    """Blocks of draws `(n_series, n_periods, n_draws)`, kept or counted.

    Attributes:
        keep: whether draws are kept, so that quantiles are exact and draws can be stored.
        kept: blocks in order, in single precision, draws that failed included as not finite.
        counts: histogram `(n_series, n_periods, n_bins)` of sound draws that are not kept, of which `dims.MOST_DRAWS`
            fit into a bin.
        extremes: of all sound draws.
    """

    keep: bool
    kept: list[NDArray[np.float32]] = field(default_factory=list)
    counts: NDArray[np.int32] | None = None
    extremes: Extremes = field(default_factory=Extremes)

    def add(self, single: NDArray[np.float32], sound: Array) -> None:
        """Take in a block in single precision; `sound` holds its draws in double, without those that failed."""
        if self.keep:
            self.kept.append(single)
        elif sound.shape[-1]:
            self.counts = _histogram(sound, self.counts)
        if sound.shape[-1]:
            self.extremes.add(sound)

    def merge(self, other: QuantileSketch) -> None:
        """Take in later blocks."""
        self.kept.extend(other.kept)
        self.extremes.merge(other.extremes)
        if other.counts is None:
            return
        if self.counts is None:
            self.counts = other.counts
        else:
            self.counts += other.counts

    def __getstate__(self) -> dict[str, Any]:
        """As it is sent between processes: of a histogram the bins that are not empty, a few in a hundred."""
        state = {each.name: getattr(self, each.name) for each in fields(self)}
        if self.counts is not None:
            places = np.flatnonzero(self.counts)
            state["counts"] = self.counts.shape, places.astype(np.int32), self.counts.reshape(-1)[places]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        if state["counts"] is not None:
            shape, places, counted = state["counts"]
            self.counts = np.zeros(shape, dtype=np.int32)
            self.counts.reshape(-1)[places] = counted

    def draws(self) -> NDArray[np.float32]:
        """All kept draws, `(n_series, n_periods, n_draws)`, joined when first asked for; not to be changed."""
        if len(self.kept) > 1:
            self.kept = [np.concatenate(self.kept, axis=-1)]
        return self.kept[0]

    def quantiles(self, levels: Sequence[float]) -> Array:
        """Quantiles of the sound draws, `(n_levels, n_series, n_periods)`."""
        if self.counts is None:
            return quantiles(self.sound(), levels)
        sketched = _sketched_quantiles(self.counts, levels)
        return np.asarray(np.clip(sketched, self.extremes.smallest, self.extremes.largest))

    def estimates(self, levels: Sequence[float], n_draws: float) -> tuple[Array, Array]:
        """Quantiles of the sound draws and their standard errors if they are independent, as `quantile_estimates`."""
        return quantile_estimates(self.quantiles, levels, n_draws)

    def sound(self) -> NDArray[np.float32]:
        """Kept draws that did not fail, `(n_series, n_periods, n_draws)`."""
        draws = self.draws()
        finite = np.isfinite(draws).all(axis=(0, 1))
        return draws if finite.all() else draws[..., finite]


def quantiles(sound: Array | NDArray[np.float32], levels: Sequence[float]) -> Array:
    """Quantiles over the last axis by linear interpolation, `(n_levels, ...)`; a sort beats a partition at seven.

    >>> quantiles(np.arange(5.0), [0.1, 0.5]).tolist()
    [0.4, 2.0]
    """
    ordered = np.sort(sound, axis=-1)
    places = np.asarray(levels) * (sound.shape[-1] - 1)
    low, high = (ordered[..., end(places).astype(np.intp)].astype(np.float64) for end in (np.floor, np.ceil))
    return np.moveaxis(low + (high - low) * (places % 1.0), -1, 0)


def finite(draws: Array) -> Array:
    """Those of some draws of one number that are finite, `(n_finite,)`."""
    return np.asarray(draws[np.isfinite(draws)])


WIDE = 2.2
"""Normal scores to either side over which a slope is read, times the fifth root of the draws: 0.3 of 20,000 draws."""

DOUBT = 2.5
"""Standard errors of a slope that is read near by, from which on one that is read wide differs by more than chance."""


def quantile_estimates(
    read: Callable[[Sequence[float]], Array], levels: Sequence[float], n_draws: float
) -> tuple[Array, Array]:
    """Quantiles of independent draws and their standard errors, `(n_levels, ...)` each.

    The share of draws below a quantile at level `p` has the standard error `sqrt(p (1 - p) / n)`; that of the quantile
    is as many times the slope of the quantiles in `p`. The slope is read twice. Near by, within a distance in levels
    that falls like the cube root of the draws (Hall and Sheather 1988, Journal of the Royal Statistical Society B 50:
    381-391), it is nearly unbiased whatever the shape, and strays. Wide, over scores of the normal distribution, along
    which quantiles of most outcomes are nearly straight, it strays half as much. The wide one is taken unless the near
    one tells, by more than chance, that the shape is no such one there, as beside a pile of draws at one value.

    Args:
        read: quantiles of the draws at some levels.
        levels: those wanted.
        n_draws: number of draws.
    """
    level = np.asarray(levels)
    score, farthest = ndtri(level), -ndtri(0.5 / (n_draws + 1.0))
    error, near, far = np.sqrt(level * (1 - level) / n_draws), n_draws ** (1 / 6), WIDE * n_draws**-0.2
    low, high = np.clip(level - near * error, 0.0, 1.0), np.clip(level + near * error, 0.0, 1.0)
    least, most = np.clip(score - far, -farthest, farthest), np.clip(score + far, -farthest, farthest)
    values, *ends = np.split(read([*level, *low, *high, *ndtr(least), *ndtr(most)]), 5)
    per_level = 1.0 / (high - low)
    per_score = np.sqrt(2.0 * np.pi) * np.exp(score**2 / 2.0) / (most - least)
    doubt = DOUBT / np.sqrt(n_draws * (high - low))
    by_level = np.stack([error * per_level, error * per_score, doubt]).reshape(3, -1, *[1] * (values.ndim - 1))
    nearby, wide = (ends[1] - ends[0]) * by_level[0], (ends[3] - ends[2]) * by_level[1]
    return values, np.where(np.abs(wide - nearby) <= by_level[2] * nearby, wide, nearby)


def _histogram(sound: Array, counts: NDArray[np.int32] | None) -> NDArray[np.int32]:
    cells = sound.shape[0] * sound.shape[1]
    if counts is None:
        counts = np.zeros((*sound.shape[:2], N_BINS), dtype=np.int32)
    draws = sound.reshape(cells, -1)
    bins = np.floor(np.arcsinh(draws) / SKETCH_STEP).astype(np.int64)
    np.clip(bins, -_EDGE, _EDGE - 1, out=bins)
    bins += draws > 0  # bin 0 is for draws that are exactly 0
    # bins of all cells in one flat axis, so that one call counts them; a one of another type takes forty times as long
    bins += _EDGE + np.arange(cells)[:, None] * N_BINS
    np.add.at(counts.reshape(-1), bins.reshape(-1), np.int32(1))
    return counts


def _sketched_quantiles(counts: NDArray[np.int32], levels: Sequence[float]) -> Array:
    values = np.empty((len(levels), *counts.shape[:-1]))
    for cell in np.ndindex(*counts.shape[:-1]):
        values[(slice(None), *cell)] = _invert(np.cumsum(counts[cell], dtype=np.int64), levels)
    return values


def _invert(cumulative: NDArray[np.int64], levels: Sequence[float]) -> Array:
    targets = np.maximum(np.asarray(levels) * cumulative[-1], np.finfo(float).tiny)  # level 0 is in the first full bin
    bins = np.searchsorted(cumulative, targets, side="left")
    below = np.where(bins > 0, cumulative[bins - 1], 0)
    inside = (targets - below) / (cumulative[bins] - below)
    places = bins - _EDGE
    return np.asarray(np.where(places == 0, 0.0, np.sinh((places - (places > 0) + inside) * SKETCH_STEP)))
