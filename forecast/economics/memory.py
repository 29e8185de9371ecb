"""Memory as a price cycle: its trend and height, how heights pass, and the year that is counted in part.

Exports of memory modules and drives, bn USD. Arrays are time-major, see `dims`.
"""

from __future__ import annotations

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
    """Memory in the origin's quarter in one of the books.

    Attributes:
        quarter: exports of it, bn USD.
        heights: their logarithm over either reading of their trend, smallest first.
    """

    quarter: float
    heights: tuple[float, float]

    def part(self, share: float) -> MemoryLevel:
        """A part of it above the whole trend.

        >>> MemoryLevel(8.0, (1.0, 2.0)).part(1.0)
        MemoryLevel(quarter=8.0, heights=(1.0, 2.0))
        """
        low, high = (height + float(np.log(share)) for height in self.heights)
        return MemoryLevel(share * self.quarter, (low, high))


@dataclass(frozen=True, slots=True)
class MemoryYear:
    """Memory of the year of the first quarter after the origin, as far as it is counted in one of the books.

    Attributes:
        settled: in its months that are counted, and in those that are not in quarters over at the origin, bn USD.
        rate: of the last quarter of which a month is counted, by the mean of these months, bn USD a quarter.
        reference: place of that quarter among those after the origin; -1 where it is the origin's or an earlier one.
        uncounted: part not counted of each quarter of the year after the origin.
    """

    settled: float
    rate: float
    reference: int
    uncounted: tuple[float, ...]


def counted_year(months: Mapping[int, float], origin: int) -> MemoryYear:
    """Memory of the year of the first quarter after an origin, from its exports by month, bn USD.

    >>> year = 4 * 2026
    >>> counted_year({3 * year + month: 1.0 + (month > 2) for month in range(7)}, year + 1)
    MemoryYear(settled=11.0, rate=6.0, reference=0, uncounted=(0.6666666666666667, 1.0))
    """
    first = 4 * ((origin + 1) // 4)
    by_quarter = {
        quarter: [months[month] for month in range(3 * quarter, 3 * quarter + 3) if month in months]
        for quarter in range(min(months) // 3, first + 4)
    }
    last = max(quarter for quarter, counted in by_quarter.items() if counted)
    rate = 3 * sum(by_quarter[last]) / len(by_quarter[last])
    uncounted = {quarter: 1.0 - len(by_quarter[quarter]) / 3 for quarter in range(first, first + 4)}
    over = sum(part for quarter, part in uncounted.items() if quarter <= origin)
    return MemoryYear(
        settled=sum(sum(by_quarter[quarter]) for quarter in uncounted) + rate * over,
        rate=rate,
        reference=max(last - origin, 0) - 1,
        uncounted=tuple(part for quarter, part in uncounted.items() if quarter > origin),
    )


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
