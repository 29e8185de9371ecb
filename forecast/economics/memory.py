"""Memory as a price cycle: its level, its trend, and how heights above it pass.

Exports of memory modules and drives, bn USD. Arrays are time-major, see `dims`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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


def whole_sums(months: Mapping[int, float], n_months: int) -> dict[int, float]:
    """Sums of the spans of so many months of which every month is known, in order: quarters, or years.

    >>> whole_sums({3: 1.0, 4: 1.0, 5: 2.0, 6: 9.0}, 3)
    {1: 4.0}
    """
    spans = sorted({month // n_months for month in months})
    parts = {span: range(n_months * span, n_months * (span + 1)) for span in spans}
    return {
        span: sum(months[month] for month in part)
        for span, part in parts.items()
        if all(map(months.__contains__, part))
    }


def readings_of_trend(values: Array) -> Array:
    """Both readings of the trend of memory in quarters, `(2, n_quarters)`.

    One is the mean of all quarters up to a year before the last, so that a boom of the last year is no part of it; the
    other is steady growth, the line through the logarithms of all quarters, so that it is.
    """
    return np.stack([np.full(len(values), values[:-4].mean()), np.exp(_line(values))])


def deviation_from_trend(values: Array) -> Array:
    """Logarithms less the line through them, shape of `values`."""
    return np.asarray(np.log(values) - _line(values))


def _line(values: Array) -> Array:
    times = np.arange(len(values))
    return np.asarray(np.polyval(np.polyfit(times, np.log(values), 1), times))


def swings(persistence: Array | float, news: Array) -> Array:
    """Deviations that fade by `persistence` a quarter and take in news, from none at the origin, shape of `news`.

    >>> swings(0.5, np.array([[1.0], [0.0], [1.0]])).ravel().tolist()
    [1.0, 0.5, 1.25]
    """
    path = np.empty_like(news)
    level = np.zeros(news.shape[1:])
    for row, shock in enumerate(news):
        level = persistence * level + shock
        path[row] = level
    return path
