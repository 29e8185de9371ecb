"""What moves trade from outside, as observed: US output, the won and oil, by quarter.

A quarter of the won or of oil is the mean of its months, of US output the level at an annual rate. Every driver of a
quarter is public before the trade of that quarter, so a day that knows the trade knows the drivers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from forecast.draws import Array
from forecast.errors import DataError
from forecast.quarters import format_quarter
from forecast.series import Series, months_by_quarter, read_only, series
from forecast.tables import SHIPPED

DRIVERS = ("us_output", "won_per_dollar", "oil")
"""Order of the driver axis in every row and array."""

UNITS = {"us_output": "billion chained 2017 USD a year", "won_per_dollar": "won per USD", "oil": "USD a barrel"}

_SERIES = {
    "us_output": ("drivers_quarterly", "us_real_gdp"),
    "won_per_dollar": ("drivers_monthly", "krw_per_usd"),
    "oil": ("drivers_monthly", "wti_spot"),
}
"""US BEA real gross domestic product; Federal Reserve H.10; US EIA spot price of West Texas Intermediate."""


@dataclass(frozen=True, slots=True, eq=False)
class QuarterlyDrivers:
    """Drivers up to the origin.

    Attributes:
        first_quarter: quarter index of row 0.
        levels: `(n_quarters, 3)` in the order of `DRIVERS` and in `UNITS`.
        edge: `(3,)` log of the origin's last month over the mean of its quarter, 0 for US output. A price that walks
            at random by the month stands where its last month was: so much of next quarter's growth is known.
    """

    first_quarter: int
    levels: Array
    edge: Array

    @property
    def origin(self) -> int:
        """Index of the last quarter."""
        return self.first_quarter + len(self.levels) - 1

    @property
    def growth(self) -> Array:
        """Log growth of every quarter but the first, `(n_quarters - 1, 3)`."""
        return np.diff(np.log(self.levels), axis=0)

    def surprises(self, n_quarters: int) -> Array:
        """Growth of the last quarters less its mean over them, `(n_quarters, 3)`."""
        growth = self.growth[-n_quarters:]
        return np.asarray(growth - growth.mean(axis=0))

    def level(self, quarter: int) -> Array:
        """Levels of one quarter, `(3,)`."""
        return np.asarray(self.levels[quarter - self.first_quarter])


@cache
def quarterly_drivers(origin: int, folder: Path = SHIPPED) -> QuarterlyDrivers:
    """Drivers of every quarter that all of them cover, up to the origin's.

    Raises:
        DataError: a table is broken, or a driver ends before the origin.
    """
    parts = [_quarters(name, series(*_SERIES[name], folder)) for name in DRIVERS]
    first = max(start for start, _, _ in parts)
    for name, (start, levels, _) in zip(DRIVERS, parts, strict=True):
        if start + len(levels) <= origin:
            got, expected = format_quarter(start + len(levels) - 1), format_quarter(origin)
            table, column = _SERIES[name]
            raise DataError(f"{table}.csv: {column} ends with {got}, expected it up to {expected} as trade goes")
    levels = np.column_stack([levels[first - start : origin - start + 1] for start, levels, _ in parts])
    edge = np.array([edges[origin - start] for start, _, edges in parts])
    return QuarterlyDrivers(first, read_only(levels), read_only(edge))


def _quarters(name: str, seen: Series) -> tuple[int, Array, Array]:
    """First quarter, levels and edges of a series, complete quarters only."""
    if seen.frequency == "Q":
        return seen.start, seen.values, np.zeros(len(seen.values))
    first, months = months_by_quarter(seen)
    if not np.isfinite(months).all():
        raise DataError(f"drivers_monthly.csv: got an empty month of {name}, expected every month")
    levels = months.mean(axis=1)
    return first, levels, np.log(months[:, 2] / levels)
