"""A series observed in every period, and the two flows by month as quarters.

The release calendar is the one rule by which a day knows a row of the shipped tables.

A month of US Census trade is public 38 days after its end. The Bureau releases it about 35 days after
(https://www.export.gov/article?id=Data-Releases-and-Revisions); three more are for weekends and holidays, so that no
day knows a month before it was out. The months that a closed government held up in 2025 have their own day.

Any other row counts once the span its `vintage` label names has ended: `2025-02` from 28 February 2025 on, `2025` from
31 December. Where the label is `not stated`, the figure counts 90 days after the end of the period it is about
(judgement: final customs figures of a year are out in February).

Drivers of trade are US output, the won and oil, by quarter.

A quarter of the won or of oil is the mean of its months, of US output the level at an annual rate. Every driver of a
quarter is public before the trade of that quarter, so a day that knows the trade knows the drivers.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.errors import DataError
from forecast.observations.tables import SHIPPED, TABLES, Row, period_index, read_table
from forecast.quarters import format_quarter

CENSUS_LAG = dt.timedelta(35)
"""From the end of a month to the release of its trade by the US Census Bureau, about five weeks."""

CENSUS_MARGIN = dt.timedelta(3)
"""Allowance for weekends and holidays, after which its trade is public in any case."""

LATE_RELEASES: Mapping[int, dt.date] = {
    12 * 2025 + 7: dt.date(2025, 11, 19),
    12 * 2025 + 8: dt.date(2025, 12, 11),
    12 * 2025 + 9: dt.date(2026, 1, 8),
}
"""Days of release of August to October 2025 after the lapse in federal funding.

Sources: https://wtccentralpa.org/november-economic-indicators-update-international-trade; https://www.bea.gov;
https://americaneconomy.ai/u-s-international-trade-in-goods-and-services-october-2025-report
"""

UNDATED_LAG = dt.timedelta(90)
"""From the end of a period to the day from which a figure of unknown publication counts."""

_LABEL = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")


def census_due(month: int) -> dt.date:
    """Day on which trade of a month, an index `12 * year + month - 1`, is due.

    >>> census_due(12 * 2025 + 1)
    datetime.date(2025, 4, 4)
    """
    return _month_end(*divmod(month, 12)) + CENSUS_LAG


def census_release(month: int) -> dt.date:
    """Day from which trade of a month, an index `12 * year + month - 1`, counts as public.

    >>> census_release(12 * 2025 + 1)
    datetime.date(2025, 4, 7)
    """
    return LATE_RELEASES.get(month) or census_due(month) + CENSUS_MARGIN


def published(label: str, last_month: int) -> dt.date:
    """Day from which a figure counts as public.

    Args:
        label: its `vintage`.
        last_month: index of the last month it is about, used where the label states no date.

    >>> published("2025-02", 0), published("2025-04-11", 0), published("not date", 12 * 2024 + 11)
    (datetime.date(2025, 2, 28), datetime.date(2025, 4, 11), datetime.date(2025, 3, 31))
    """
    date = _LABEL.fullmatch(label)
    if date is None:
        return _month_end(*divmod(last_month, 12)) + UNDATED_LAG
    if date["day"]:
        return dt.date.fromisoformat(label)
    return _month_end(int(date["year"]), int(date["month"] or 12) - 1)


def _month_end(year: int, month: int) -> dt.date:
    """Last day of a month, counted from 0."""
    return dt.date(year, month + 1, monthrange(year, month + 1)[1])


CENSUS_SERIES = ("us_imports_from_korea", "us_exports_to_korea")
"""Series of `trade_monthly` that are Korea's exports and imports."""

COPY_LIFE = dt.timedelta(365)
"""How long a stored copy of the monthly figures stands for what was known: every June three years are revised."""

_FREQUENCIES: dict[str, Literal["M", "Q"]] = {"month": "M", "quarter": "Q"}
_Frozen = TypeVar("_Frozen", bound=NDArray[Any])


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One gapless series.

    Attributes:
        name, unit, basis: as in its table.
        frequency: `M` or `Q`.
        publisher, vintage, source: distinct texts of its rows in file order, joined by `; `.
        start: index of the first period, `12 * year + month - 1` or `4 * year + quarter - 1`.
        values: `(n_periods,)` in `unit`, nan where the publisher printed no figure.
    """

    name: str
    unit: str
    basis: str
    frequency: Literal["M", "Q"]
    publisher: str
    vintage: str
    source: str
    start: int
    values: Array


@dataclass(frozen=True, slots=True, eq=False)
class QuarterlyTrade:
    """Flows per quarter on US Census basis, bn USD, complete quarters only.

    Attributes:
        first_quarter: quarter index of row 0.
        vintage: vintages of the rows behind it.
        exports, imports: `(n_quarters,)`, bn USD per quarter.
        later_exports, later_imports: `(n_months,)`, bn USD per month, the months after the last complete quarter.
        last_months: `(n_quarters, 2)`, exports and imports in the last month of each quarter, bn USD; nan where months
            are not known.
    """

    first_quarter: int
    vintage: str
    exports: Array
    imports: Array
    later_exports: Array
    later_imports: Array
    last_months: Array

    @property
    def origin(self) -> int:
        """Index of the last complete quarter."""
        return self.first_quarter + len(self.exports) - 1

    def observed_in_year(self) -> Array:
        """Exports and imports of the next quarter's year up to the origin, `(2,)`; 0 when the origin ends a year."""
        first = len(self.exports) - (self.origin + 1) % 4
        return np.array([flow[first:].sum() for flow in (self.exports, self.imports)])

    def known_months(self) -> Array | None:
        """Log of exports and imports over the months after the origin, `(2,)`; None where no month is known."""
        flows = (self.later_exports, self.later_imports)
        return np.log([flow.sum() for flow in flows]) if len(flows[0]) else None


@cache
def series(table: str, name: str, folder: Path = SHIPPED) -> Series:
    """A series of a gapless table such as `drivers_monthly`.

    Raises:
        DataError: the table is broken or not gapless, or has no such series.
    """
    rows = [row for row in _gapless_rows(table, folder) if row["series"] == name]
    if not rows:
        raise DataError(f"{table}.csv: got series {name!r}, expected one of {', '.join(series_names(table, folder))}")
    return _series(rows, TABLES[table].gapless)


def series_names(table: str, folder: Path = SHIPPED) -> tuple[str, ...]:
    """Names of the series of a gapless table, sorted."""
    return tuple(sorted({row["series"] for row in _gapless_rows(table, folder)}))


@cache
def trade_vintages(folder: Path = SHIPPED) -> tuple[Series, ...]:
    """US Census flows as each source had them, million USD; the key is (name, vintage, source)."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in read_table("trade_vintages", folder):
        groups.setdefault((row["series"], row["vintage"], row["source"]), []).append(row)
    return tuple(_series(rows, "month") for rows in groups.values())


@cache
def quarterly_trade(folder: Path = SHIPPED, day: dt.date | None = None) -> QuarterlyTrade:
    """The long series of both flows, US Census basis, all of it or as known on a day.

    Raises:
        DataError: the table is broken, or the two flows do not cover the same months.
    """
    return quarters_of(*census_flows(folder, day))


def census_flows(folder: Path = SHIPPED, day: dt.date | None = None) -> tuple[Series, Series]:
    """Korea's exports and imports by month, US Census basis, million USD, over the same months.

    Of a day it holds the months public by then (`census_release`). Their figures are the present ones where these were
    out by the day, else those of the newest stored copy that was and is not older than `COPY_LIFE`, else the present
    ones all the same, revised since: vintages differ by up to 4.2 %.

    Raises:
        DataError: the table is broken, the two flows do not cover the same months, or none was public on the day.
    """
    if day is None:
        exports, imports = (series("trade_monthly", name, folder) for name in CENSUS_SERIES)
    else:
        exports, imports = (_series_by(name, folder, day) for name in CENSUS_SERIES)
    _demand_same_months(exports, imports)
    return exports, imports


def _series_by(name: str, folder: Path, day: dt.date) -> Series:
    present = [row for row in _gapless_rows("trade_monthly", folder) if row["series"] == name]
    public = [row for row in present if census_release(period_index(row["month"], "month")) <= day]
    if not public:
        raise DataError(f"trade_monthly.csv: {name}: got {day}, expected a day from {_first_release(present)} on")
    copies = _stored_copies(name, folder, day)
    return _series([row if _was_out(row, day) else copies.get(row["month"], row) for row in public], "month")


def _stored_copies(name: str, folder: Path, day: dt.date) -> Mapping[str, Row]:
    """Row of each month in the newest copy that was out by the day and still stood for it."""
    rows = [row for row in read_table("trade_vintages", folder) if row["series"] == name]
    alive = [row for row in rows if day - COPY_LIFE <= _released(row) <= day]
    return {row["month"]: row for row in sorted(alive, key=_released)}


def _was_out(row: Row, day: dt.date) -> bool:
    return _released(row) <= day


def _released(row: Row) -> dt.date:
    return published(row["vintage"], period_index(row["month"], "month"))


def _first_release(rows: Sequence[Row]) -> dt.date:
    return census_release(period_index(rows[0]["month"], "month"))


def quarters_of(exports: Series, imports: Series) -> QuarterlyTrade:
    """Quarters of two monthly series in million USD.

    Raises:
        DataError: the two do not cover the same months.
    """
    _demand_same_months(exports, imports)
    flows = (exports, imports)
    first = months_by_quarter(exports)[0]
    quarters = [months_by_quarter(flow)[1] for flow in flows]
    later = 3 * (first + len(quarters[0])) - exports.start
    sums = [read_only(months.sum(axis=1) / 1e3) for months in quarters]
    rest = [read_only(flow.values[later:] / 1e3) for flow in flows]
    last = read_only(np.stack([months[:, -1] for months in quarters], axis=-1) / 1e3)
    return QuarterlyTrade(first, exports.vintage, sums[0], sums[1], rest[0], rest[1], last)


def months_by_quarter(monthly: Series) -> tuple[int, Array]:
    """First complete quarter of a monthly series, and the months of every complete quarter, `(n_quarters, 3)`."""
    first = -(-monthly.start // 3)
    months = monthly.values[3 * first - monthly.start :]
    return first, months[: len(months) // 3 * 3].reshape(-1, 3)


def completions(exports: Series, imports: Series, n_months: int) -> Array:
    """Log of each complete quarter over its first `n_months`, `(n_quarters, 2)`; no rows for no months."""
    if not n_months:
        return read_only(np.empty((0, 2)))
    quarters = np.stack([months_by_quarter(flow)[1] for flow in (exports, imports)], axis=-1)
    return read_only(np.log(quarters.sum(axis=1) / quarters[:, :n_months].sum(axis=1)))


def _demand_same_months(exports: Series, imports: Series) -> None:
    spans = [(flow.start, flow.start + len(flow.values) - 1) for flow in (exports, imports)]
    if spans[0] != spans[1]:
        raise DataError(f"{exports.name}, {imports.name}: got month indices {spans}, expected the same months for both")


def _gapless_rows(table: str, folder: Path) -> tuple[Row, ...]:
    rows = read_table(table, folder)
    if not TABLES[table].gapless or "series" not in TABLES[table].key or len(TABLES[table].key) > 2:
        accepted = sorted(name for name, shape in TABLES.items() if shape.gapless and len(shape.key) == 2)
        raise DataError(f"got table {table!r}, which may have gaps, expected one of {', '.join(accepted)}")
    return rows


def _series(rows: Sequence[Row], column: str) -> Series:
    """Series of the rows of one gapless group."""
    columns = ("publisher", "vintage", "source", "unit", "basis")
    publisher, vintage, source, unit, basis = ("; ".join(dict.fromkeys(row[name] for row in rows)) for name in columns)
    start = period_index(rows[0][column], column)
    values = read_only(np.array([row["value"] for row in rows]))
    return Series(rows[0]["series"], unit, basis, _FREQUENCIES[column], publisher, vintage, source, start, values)


def read_only(values: _Frozen) -> _Frozen:
    """The same array, no longer writeable, so that a cached value stays as it was."""
    values.setflags(write=False)
    return values


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


def _quarters(name: str, observed: Series) -> tuple[int, Array, Array]:
    """First quarter, levels and edges of a series, complete quarters only."""
    if observed.frequency == "Q":
        return observed.start, observed.values, np.zeros(len(observed.values))
    first, months = months_by_quarter(observed)
    if not np.isfinite(months).all():
        raise DataError(f"drivers_monthly.csv: got an empty month of {name}, expected every month")
    levels = months.mean(axis=1)
    return first, levels, np.log(months[:, 2] / levels)
