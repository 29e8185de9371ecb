"""Calendar years of Korea's goods trade with the US in both books: Korean customs as printed, US Census by months.

Korea's view throughout: `exports` go to the US (US books call them imports from Korea), `imports` come from there.
Arrays are read-only, and a function called twice returns the same value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.dims import BASES, Array
from forecast.errors import DataError, got
from forecast.observations.series import census_flows, published, read_only
from forecast.observations.tables import SHIPPED, TABLES, Row, period_index, read_table

FLOWS = ("exports", "imports", "balance")
"""Columns of annual values."""

CUSTOMS_SERIES = ("exports_to_us", "imports_from_us", "balance_with_us")
"""Series of the Korean customs tables, in the order of `FLOWS`."""


@dataclass(frozen=True, slots=True, eq=False)
class AnnualTrade:
    """Flows per calendar year on one basis.

    Attributes:
        basis: one of `dims.BASES`.
        years: `(n_years,)`, without gaps.
        values: `(n_years, 3)` bn USD in the order of `FLOWS`, nan where nothing was published.
        derived: `(n_years, 3)`, true where no source prints the number and it is arithmetic on printed ones.
        months: `(n_years, 3)`, months covered from January: 12, fewer in a running year, 0 where nothing was published.
    """

    basis: str
    years: NDArray[np.int64]
    values: Array
    derived: NDArray[np.bool_]
    months: NDArray[np.int64]

    @property
    def exports(self) -> Array:
        """Korea's exports to the US, `(n_years,)`, bn USD."""
        return self.values[:, 0]

    @property
    def imports(self) -> Array:
        """Korea's imports from the US, `(n_years,)`, bn USD."""
        return self.values[:, 1]

    @property
    def balance(self) -> Array:
        """Korea's surplus, `(n_years,)`, bn USD; as printed, so it may miss the flows' difference by rounding."""
        return self.values[:, 2]

    def between(self, first: int, last: int) -> AnnualTrade:
        """The years from `first` to `last`, both included; years never seen are nan with 0 months."""
        years = np.arange(first, last + 1)
        places = np.flatnonzero(np.isin(self.years, years))
        rows = self.years[places] - first
        values, derived, months = _blank(len(years))
        values[rows], derived[rows], months[rows] = self.values[places], self.derived[places], self.months[places]
        return _annual(self.basis, years, values, derived, months)


@dataclass(frozen=True, slots=True)
class History:
    """The same years in both books, the last one running; bn USD (see `AnnualTrade`)."""

    korea_customs: AnnualTrade
    us_census: AnnualTrade


@cache
def annual_trade(basis: str, folder: Path = SHIPPED, day: dt.date | None = None) -> AnnualTrade:
    """Every complete calendar year on `korea_customs` or `us_census` basis, all of it or as known on a day.

    Raises:
        DataError: the tables are broken, or the basis is unknown.
    """
    every = every_year(basis, folder, day)
    complete = every.years[(every.months == 12).any(axis=1)]
    return every.between(int(complete[0]), int(complete[-1]))


def record_surplus(basis: str, folder: Path = SHIPPED, day: dt.date | None = None) -> tuple[int, float]:
    """Year and size, bn USD, of Korea's largest surplus in a complete calendar year, as known on a day.

    >>> [(year, round(value, 1)) for year, value in map(record_surplus, ("korea_customs", "us_census"))]
    [(2024, 55.7), (2024, 65.7)]
    """
    trade = annual_trade(basis, folder, day)
    row = int(np.nanargmax(trade.balance))
    return int(trade.years[row]), float(trade.balance[row])


@cache
def history(n_years: int = 10, folder: Path = SHIPPED) -> History:
    """The last `n_years` complete calendar years and the running one, in both books.

    Raises:
        DataError: it is no number from 1 on.
    """
    if n_years < 1:
        raise DataError(f"n_years: {got(n_years)}, expected a whole number of at least 1")
    last = int(every_year("us_census", folder).years[-1])
    korea, census = (every_year(basis, folder).between(last - n_years, last) for basis in BASES)
    return History(korea, census)


def year_over_first_months(n_months: int, n_years: int = 10, folder: Path = SHIPPED) -> Array:
    """Surplus of each of the last whole years over that of its first months, `(n_years,)`, US Census basis.

    >>> year_over_first_months(8).round(2).tolist()
    [1.29, 1.54, 1.53, 1.4, 1.77, 1.73, 1.55, 1.48, 1.48, 1.39]
    """
    exports, imports = census_flows(folder)
    last = (exports.start + len(exports.values)) // 12
    first = 12 * (last - n_years) - exports.start
    months = (exports.values - imports.values)[first : first + 12 * n_years].reshape(n_years, 12)
    return np.asarray(months.sum(axis=1) / months[:, :n_months].sum(axis=1))


def every_year(basis: str, folder: Path = SHIPPED, day: dt.date | None = None) -> AnnualTrade:
    """Every calendar year on a basis, the running one included, all of it or as known on a day.

    Raises:
        DataError: the tables are broken, or the basis is unknown.
    """
    if basis not in BASES:
        raise DataError(f"got basis {basis!r}, expected one of {', '.join(BASES)}")
    return _customs_years(folder, day) if basis == "korea_customs" else _census_years(folder, day)


@cache
def _census_years(folder: Path, day: dt.date | None) -> AnnualTrade:
    """Sums of the months seen in each year."""
    trade = census_flows(folder, day)
    years = (trade[0].start + np.arange(len(trade[0].values))) // 12
    offsets = years - years[0]
    exports, imports = (np.bincount(offsets, flow.values / 1e3) for flow in trade)
    values = np.column_stack([exports, imports, exports - imports])
    months = np.repeat(np.bincount(offsets)[:, None], 3, axis=1)
    return _annual("us_census", np.arange(years[0], years[-1] + 1), values, np.zeros(values.shape, bool), months)


@cache
def _customs_years(folder: Path, day: dt.date | None) -> AnnualTrade:
    """Preferred printed figures, and the running year as far as its months run on from January."""
    rows = [row for row in _preferred("trade_annual", folder, day) if row["series"] in CUSTOMS_SERIES]
    if not rows:
        raise DataError(f"trade_annual.csv: got {day}, when no year of Korean customs figures was public")
    monthly = customs_months(folder, day)
    last = max(*(max(flow, default=0) // 12 for flow in monthly.values()), *(int(row["year"]) for row in rows))
    years = np.arange(min(int(row["year"]) for row in rows), last + 1)
    values, derived, months = _blank(len(years))
    for row in rows:
        cell = int(row["year"]) - years[0], CUSTOMS_SERIES.index(row["series"])
        values[cell], derived[cell], months[cell] = row["value"], row["status"] == "derived", 12
    for column, name in enumerate(CUSTOMS_SERIES):
        run = _run(monthly[name], 12 * last)
        if run and not months[-1, column]:
            values[-1, column], months[-1, column] = sum(run), len(run)
    return _annual("korea_customs", years, values, derived, months)


def customs_months(folder: Path = SHIPPED, day: dt.date | None = None) -> dict[str, dict[int, float]]:
    """Preferred Korean customs figure, bn USD, by series and month index, as known on a day."""
    months: dict[str, dict[int, float]] = {name: {} for name in CUSTOMS_SERIES}
    for row in _preferred("trade_monthly_korea", folder, day):
        months[row["series"]][period_index(row["month"], "month")] = row["value"] / 1e3
    return months


def _preferred(name: str, folder: Path, day: dt.date | None) -> list[Row]:
    """The first in rank of the rows of each figure that were public by the day."""
    period, first = TABLES[name].key[1], {}
    for row in sorted(read_table(name, folder), key=lambda row: row["rank"], reverse=True):
        if day is None or _released(row, period) <= day:
            first[row["series"], row[period]] = row
    return list(first.values())


def _released(row: Row, period: str) -> dt.date:
    last_month = 12 * int(row["year"]) + 11 if period == "year" else period_index(row[period], period)
    return published(row["vintage"], last_month)


def _run(months: dict[int, float], first: int) -> list[float]:
    """Values of the months that follow one another from `first` on."""
    return [months[month] for month in takewhile(months.__contains__, range(first, first + 12))]


def _blank(n_years: int) -> tuple[Array, NDArray[np.bool_], NDArray[np.int64]]:
    shape = (n_years, len(FLOWS))
    return np.full(shape, np.nan), np.zeros(shape, np.bool_), np.zeros(shape, np.int64)


def _annual(
    basis: str, years: NDArray[np.int64], values: Array, derived: NDArray[np.bool_], months: NDArray[np.int64]
) -> AnnualTrade:
    return AnnualTrade(basis, read_only(years), read_only(values), read_only(derived), read_only(months))


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpanTrade:
    """One flow of one span of months in both books.

    Attributes:
        flow: `exports` or `imports`.
        first_month, last_month: month indices `12 * year + month - 1`, both included.
        korea_customs, us_census: bn USD over the span.
    """

    flow: str
    first_month: int
    last_month: int
    korea_customs: float
    us_census: float

    @property
    def ratio(self) -> float:
        """Korean-customs flow over US Census flow."""
        return self.korea_customs / self.us_census

    @property
    def months(self) -> str:
        """The span in words: `January-July 2026`, or `2025` for a whole year."""
        year, first = divmod(self.first_month, 12)
        return str(year) if self.whole_year else f"{_MONTHS[first]}–{month_name(self.last_month)}"

    @property
    def whole_year(self) -> bool:
        """Whether the span is a calendar year."""
        return self.last_month - self.first_month == 11


@dataclass(frozen=True, slots=True, eq=False)
class BridgeObservations:
    """Both flows in both books.

    Attributes:
        years: `(n_years,)`, calendar years with both flows in both books; not every year.
        korea_customs, us_census: `(n_years, 2)` bn USD, exports and imports.
        derived: `(n_years, 2)`, where the Korean figure is exports less balance.
        later: spans after the last such year for which one flow is known in both books.
    """

    years: NDArray[np.int64]
    korea_customs: Array
    us_census: Array
    derived: NDArray[np.bool_]
    later: tuple[SpanTrade, ...]

    @property
    def ratios(self) -> Array:
        """Korean-customs flow over US Census flow, `(n_years, 2)`."""
        return self.korea_customs / self.us_census


@dataclass(frozen=True, slots=True)
class ProcurementShare:
    """Share of all purchases of Korean affiliates made from one party.

    Attributes:
        year: reference year.
        party: `korea`, `local` or `third_country`.
        share: fraction of purchases.
        source, certainty: as in the table.
        derived: true where it is the remainder of two printed shares.
    """

    year: int
    party: str
    share: float
    source: str
    certainty: str
    derived: bool


def month_name(month: int) -> str:
    """Name of a month index `12 * year + month - 1`.

    >>> month_name(24318)
    'July 2026'
    """
    return f"{_MONTHS[month % 12]} {month // 12}"


@cache
def bridge_observations(folder: Path = SHIPPED, day: dt.date | None = None) -> BridgeObservations:
    """Both books side by side, all of it or as known on a day: whole years, and the spans after them."""
    customs, census = (every_year(basis, folder, day) for basis in BASES)
    census = census.between(int(customs.years[0]), int(customs.years[-1]))
    whole = ((customs.months == 12) & (census.months == 12))[:, :2].all(axis=1)
    last = int(customs.years[whole][-1])
    return BridgeObservations(
        read_only(customs.years[whole]),
        read_only(customs.values[whole, :2]),
        read_only(census.values[whole, :2]),
        read_only(customs.derived[whole, :2]),
        (*_later_years(customs, census, last), *_partial_spans(folder, day)),
    )


@cache
def procurement_shares(
    scope: str = "us_affiliates", folder: Path = SHIPPED, day: dt.date | None = None
) -> tuple[ProcurementShare, ...]:
    """Shares of purchases seen now or on a day, by year; `scope` is `us_affiliates` or `other_hosts` (elsewhere).

    Raises:
        DataError: the table is broken, or holds no such scope.
    """
    rows = [row for row in read_table("procurement_shares", folder) if row["scope"] == scope]
    if not rows:
        raise DataError(f"procurement_shares.csv: got scope {scope!r}, expected us_affiliates or other_hosts")
    return tuple(
        ProcurementShare(
            int(row["year"]),
            row["party"],
            row["value"] / 100,
            row["source"],
            row["certainty"],
            row["status"] == "derived",
        )
        for row in rows
        if day is None or published(row["vintage"], 12 * int(row["year"]) + 11) <= day
    )


def outward_investment(folder: Path = SHIPPED, day: dt.date | None = None) -> Mapping[int, float]:
    """Gross direct investment of Korea in the US by calendar year, bn USD; years without a figure are absent.

    A last year of which three quarters are known stands as four thirds of them. A figure counts as known a quarter
    after its last month, when it is first released; later revisions, of about 1 % where both are printed, take its
    place.

    >>> {year: round(value, 1) for year, value in outward_investment().items() if year >= 2023}
    {2023: 28.0, 2024: 22.1, 2025: 22.2}
    """
    invested: dict[int, float] = {}
    rows = [row for row in read_table("direct_investment", folder) if row["series"] == "korea_odi_to_us_gross"]
    for row in sorted(rows, key=lambda row: row["rank"], reverse=True):
        first, last = (period_index(row[end], "month") for end in ("first_month", "last_month"))
        known = day is None or published("", last) <= day
        if known and first % 12 == 0 and last - first + 1 in (9, 12):
            invested[first // 12] = row["value"] * 12 / (last - first + 1)
    return dict(sorted(invested.items()))


def _later_years(customs: AnnualTrade, census: AnnualTrade, last: int) -> tuple[SpanTrade, ...]:
    """Whole years after `last` with one Korean flow printed."""
    return tuple(
        SpanTrade(
            flow, 12 * year, 12 * year + 11, float(customs.values[row, column]), float(census.values[row, column])
        )
        for row, year in enumerate(customs.years.tolist())
        for column, flow in enumerate(FLOWS[:2])
        if year > last and customs.months[row, column] == census.months[row, column] == 12
    )


def _partial_spans(folder: Path, day: dt.date | None) -> tuple[SpanTrade, ...]:
    """The last unbroken run of Korean customs months of each flow in the running year, as far as both books go."""
    spans = (_partial_span(flow, folder, day) for flow in range(2))
    return tuple(span for span in spans if span is not None)


def _partial_span(flow: int, folder: Path, day: dt.date | None) -> SpanTrade | None:
    customs = customs_months(folder, day)[CUSTOMS_SERIES[flow]]
    census = census_flows(folder, day)[flow]
    end = census.start + len(census.values)
    months = {month for month in customs if month // 12 == (end - 1) // 12 and month < end}
    if not months:
        return None
    first, last = max(month for month in months if month - 1 not in months), max(months)
    total = census.values[first - census.start : last + 1 - census.start].sum() / 1e3
    return SpanTrade(FLOWS[flow], first, last, sum(customs[month] for month in range(first, last + 1)), float(total))
