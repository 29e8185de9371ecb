"""How far exports of memory stand from their trend, and what they were in part of a year.

No model of memory is fitted: the months begin in 2022, with one fall and one rise in them. The trend is therefore a
range between two readings, and its grade is judgement.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecast.dims import Array
from forecast.economics.memory import LEAST_QUARTERS, readings_of_trend
from forecast.economics.products import quarterly_memory
from forecast.observations.annual import CUSTOMS_SERIES, customs_months
from forecast.observations.products import memory_exports
from forecast.observations.series import census_flows
from forecast.observations.tables import SHIPPED
from forecast.quarters import whole_sums


@dataclass(frozen=True, slots=True)
class MemoryStanding:
    """Exports of memory modules and drives to the US beside their trend, bn USD, Korean customs basis.

    Attributes:
        first, quarter: quarter indices, the first in the data and the one told of, the last that is known.
        rate, above: of the quarter at an annual rate, and by how much that is above the two readings of the trend,
            smallest first; negative where it is below.
        year, year_above: the same of the four quarters up to it.
        fall: the calendar year in which these exports fell most, and the change, a fraction.
    """

    first: int
    quarter: int
    rate: float
    above: tuple[float, float]
    year: float
    year_above: tuple[float, float]
    fall: tuple[int, float]


def memory_standing(quarter: int, day: dt.date | None = None, folder: Path = SHIPPED) -> MemoryStanding | None:
    """Exports of memory in a quarter, or the last known before it, beside their trend; None where too little is known.

    One reading of the trend is the mean of all quarters up to a year before, so that a boom of the last year is no part
    of it; the other is steady growth, the line through the logarithms of all quarters up to this one, so that it is.

    >>> standing = memory_standing(4 * 2026 + 1)
    >>> [round(value) for value in (standing.rate, *standing.above, standing.year, *standing.year_above)]
    [87, 55, 76, 46, 19, 35]
    >>> standing.fall[0], round(standing.fall[1], 2)
    (2023, -0.56)
    """
    months = memory_exports(folder, day)
    quarters = quarterly_memory(day, folder)
    known = [index for index in quarters if index <= quarter]
    values = np.array([quarters[index] for index in known])
    years = whole_sums(months, 12)
    changes = {year: value / years[year - 1] - 1 for year, value in years.items() if year - 1 in years}
    if len(values) < LEAST_QUARTERS or not changes:
        return None
    trends, worst = readings_of_trend(values), min(changes, key=changes.__getitem__)
    return MemoryStanding(
        known[0],
        known[-1],
        4 * float(values[-1]),
        _ends(4 * (values[-1] - trends[:, -1])),
        float(values[-4:].sum()),
        _ends((values - trends)[:, -4:].sum(axis=1)),
        (worst, changes[worst]),
    )


def _ends(values: Array) -> tuple[float, float]:
    return float(values.min()), float(values.max())


@dataclass(frozen=True, slots=True)
class MemoryRise:
    """Memory in the first months of a year beside all exports, bn USD.

    Attributes:
        now, before: exports of memory in these months and in those of the year before, Korean customs basis.
        korean: number of first months of which Korean totals are known too, and by how much memory and all exports
            rose in them; None where there is none.
        census: by how much all exports rose in these months, US Census basis.
    """

    now: float
    before: float
    korean: tuple[int, float, float] | None
    census: float


def memory_rise(year: int, n_months: int) -> MemoryRise | None:
    """Memory in the first months of a year beside all exports; None where a month of memory is not known.

    >>> rise = memory_rise(2026, 8)
    >>> round(rise.now, 1), round(rise.before, 1), [round(value, 1) for value in rise.korean], round(rise.census, 1)
    (49.7, 9.5, [7, 33.7, 38.5], 24.2)
    """
    memory, totals, census = memory_exports(), customs_months()[CUSTOMS_SERIES[0]], census_flows()[0]
    sums = _first_months(memory, year, n_months)
    all_exports = {census.start + row: value / 1e3 for row, value in enumerate(census.values.tolist())}
    in_census = _first_months(all_exports, year, n_months)
    if sums is None or in_census is None:
        return None
    for known in range(n_months, 0, -1):
        part, whole = (_first_months(flow, year, known) for flow in (memory, totals))
        if part is not None and whole is not None:
            return MemoryRise(*sums, (known, _rise(part), _rise(whole)), _rise(in_census))
    return MemoryRise(*sums, None, _rise(in_census))


def _first_months(flow: Mapping[int, float], year: int, n_months: int) -> tuple[float, float] | None:
    """Sums over the first months of a year and of the year before; None where a month is missing."""
    spans = [[flow.get(12 * each + month) for month in range(n_months)] for each in (year, year - 1)]
    now, before = (sum(value for value in span if value is not None) for span in spans)
    return None if None in (*spans[0], *spans[1]) else (now, before)


def _rise(sums: tuple[float, float]) -> float:
    return sums[0] - sums[1]
