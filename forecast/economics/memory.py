"""Memory as a price cycle: its level, its trend, and how heights above it pass.

Exports of memory modules and drives, bn USD. Arrays are time-major, see `dims`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forecast.dims import Array

LEAST_QUARTERS = 8
"""Quarters from which a trend is read."""


@dataclass(frozen=True, slots=True)
class MemoryCycle:
    """How far memory stands from its trend, and how such heights have passed.

    Attributes:
        heights: logarithm of the exports of the last quarter over either reading of their trend, smallest first.
        persistence: part of a height, in logarithms, that is left a quarter later, and its standard error.
        volatility: standard deviation of a quarter's news, log points.
    """

    heights: tuple[float, float]
    persistence: tuple[float, float]
    volatility: float


@dataclass(frozen=True, slots=True)
class MemoryLevel:
    """Memory at the origin in one of the books.

    Attributes:
        quarter: exports of it in the origin's quarter, bn USD.
        observed: the same in all quarters of the first year that are over at the origin.
        heights: logarithm of `quarter` over either reading of the trend, smallest first.
    """

    quarter: float
    observed: float
    heights: tuple[float, float]

    @property
    def above(self) -> tuple[float, float]:
        """Height above either reading of the trend, bn USD a year.

        >>> MemoryLevel(3.0, 0.0, (0.0, math.log(3.0))).above
        (0.0, 8.0)
        """
        low, high = (4.0 * self.quarter * -math.expm1(-height) for height in self.heights)
        return low, high


def memory_cycle(memory: Array, billings: Array) -> MemoryCycle:
    """Height of memory in its last quarter, and how heights have passed, learned up to a year before it.

    The last year is left out, since a boom that still lasts tells its height and not how it passes. Persistence is that
    of world chip billings about their trend, the longest record there is, by least squares of each quarter's deviation
    on the one before, and corrected for its small-sample bias (Kendall 1954, Biometrika 41: 403-404). News is that of
    exports of memory about theirs, under this persistence.

    Args:
        memory: exports by quarter up to the origin, `(n_quarters,)`, bn USD.
        billings: of the world by quarter up to a year before the origin, `(n_quarters,)`, in any unit.
    """
    low, high = np.sort(np.log(memory[-1] / readings_of_trend(memory)[:, -1])).tolist()
    deviation = _deviation(billings)
    before, after = deviation[:-1], deviation[1:]
    slope = float(after @ before / (before @ before))
    error = float(np.sqrt(((after - slope * before) ** 2).sum() / (len(after) - 1) / (before @ before)))
    persistence = slope + (1.0 + 3.0 * slope) / len(deviation)
    own = _deviation(memory[:-4])
    news = own[1:] - persistence * own[:-1]
    return MemoryCycle((low, high), (persistence, error), float(news.std(ddof=1)))


def readings_of_trend(values: Array) -> Array:
    """Both readings of the trend of memory in quarters, `(2, n_quarters)`.

    One is the mean of all quarters up to a year before the last, so that a boom of the last year is no part of it; the
    other is steady growth, the line through the logarithms of all quarters, so that it is.
    """
    return np.stack([np.full(len(values), values[:-4].mean()), np.exp(_line(values))])


def _deviation(values: Array) -> Array:
    """Logarithms less the line through them."""
    return np.asarray(np.log(values) - _line(values))


def _line(values: Array) -> Array:
    times = np.arange(len(values))
    return np.asarray(np.polyval(np.polyfit(times, np.log(values), 1), times))


def autoregression(persistence: Array | float, news: Array) -> Array:
    """Deviations that fade by `persistence` a quarter and take in news, from none at the origin, shape of `news`.

    >>> autoregression(0.5, np.array([[1.0], [0.0], [1.0]])).ravel().tolist()
    [1.0, 0.5, 1.25]
    """
    path = np.empty_like(news)
    level = np.zeros(news.shape[1:])
    for row, shock in enumerate(news):
        level = persistence * level + shock
        path[row] = level
    return path
