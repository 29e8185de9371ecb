"""A series observed in every period, and the two flows by month as quarters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Array
from forecast.errors import DataError
from forecast.publication import census_release, published
from forecast.tables import SHIPPED, TABLES, Row, number, period_index, read_table

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
    """

    first_quarter: int
    vintage: str
    exports: Array
    imports: Array
    later_exports: Array
    later_imports: Array

    @property
    def origin(self) -> int:
        """Index of the last complete quarter."""
        return self.first_quarter + len(self.exports) - 1


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

    Of a day it holds the months public by then (`publication`). Their figures are the present ones where these were
    out by the day, else those of the newest stored copy that was and is not older than `COPY_LIFE`, else the present
    ones all the same, revised since: vintages differ by up to 4.2 %.

    Raises:
        DataError: the table is broken, the two flows do not cover the same months, or none was public on the day.
    """
    if day is None:
        exports, imports = (series("trade_monthly", name, folder) for name in CENSUS_SERIES)
    else:
        exports, imports = (_known_series(name, folder, day) for name in CENSUS_SERIES)
    _demand_same_months(exports, imports)
    return exports, imports


def _known_series(name: str, folder: Path, day: dt.date) -> Series:
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
    return QuarterlyTrade(first, exports.vintage, *sums, *(read_only(flow.values[later:] / 1e3) for flow in flows))


def months_by_quarter(seen: Series) -> tuple[int, Array]:
    """First complete quarter of a monthly series, and the months of every complete quarter, `(n_quarters, 3)`."""
    first = -(-seen.start // 3)
    months = seen.values[3 * first - seen.start :]
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
    values = read_only(np.array([number(row["value"]) for row in rows]))
    return Series(rows[0]["series"], unit, basis, _FREQUENCIES[column], publisher, vintage, source, start, values)


def read_only(values: _Frozen) -> _Frozen:
    """The same array, no longer writeable, so that a cached value stays what it was."""
    values.setflags(write=False)
    return values
