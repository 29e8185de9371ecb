"""What was seen: Korea's goods trade with the US, its drivers and the announcements, each with unit, basis, source.

Korea's view throughout: `exports` go to the US (US books call them imports from Korea), `imports` come from there.
Arrays are read-only, and a function called twice returns the same value.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.announcements import Announcement, announcements
from forecast.annual import (
    CUSTOMS_SERIES,
    FLOWS,
    AnnualTrade,
    History,
    annual_trade,
    customs_months,
    every_year,
    history,
    record_surplus,
)
from forecast.draws import BASES, Array
from forecast.errors import DataError
from forecast.outcomes import Outcome, outcomes
from forecast.publication import published
from forecast.series import (
    QuarterlyTrade,
    Series,
    census_flows,
    completions,
    quarterly_trade,
    quarters_of,
    read_only,
    series,
    series_names,
    trade_vintages,
)
from forecast.tables import SHIPPED, data_digest, read_table, table

__all__ = [
    "FLOWS",
    "Announcement",
    "AnnualTrade",
    "BridgeObservations",
    "History",
    "Outcome",
    "ProcurementShare",
    "QuarterlyTrade",
    "Series",
    "SpanTrade",
    "announcements",
    "annual_trade",
    "bridge_observations",
    "census_flows", "completions",
    "data_digest",
    "history",
    "month_name",
    "outcomes",
    "procurement_shares",
    "quarterly_trade",
    "quarters_of",
    "record_surplus",
    "series",
    "series_names",
    "table",
    "trade_vintages",
]  # fmt: skip

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
    """What is known of how the two books differ, now or on a day: whole years, and the spans after them."""
    customs, census = (every_year(basis, folder, day) for basis in BASES)
    census = census.between(int(customs.years[0]), int(customs.years[-1]))
    whole = ((customs.months == 12) & (census.months == 12))[:, :2].all(axis=1)
    last = int(customs.years[whole][-1])
    return BridgeObservations(
        read_only(customs.years[whole]),
        read_only(customs.values[whole, :2]),
        read_only(census.values[whole, :2]),
        read_only(customs.derived[whole, :2]),
        (*_later_years(customs, census, last), *_running_spans(folder, day)),
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
            float(row["value"]) / 100,
            row["source"],
            row["certainty"],
            row["status"] == "derived",
        )
        for row in rows
        if day is None or published(row["vintage"], 12 * int(row["year"]) + 11) <= day
    )


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


def _running_spans(folder: Path, day: dt.date | None) -> tuple[SpanTrade, ...]:
    """The last unbroken run of Korean customs months of each flow in the running year, as far as both books go."""
    spans = (_running_span(flow, folder, day) for flow in range(2))
    return tuple(span for span in spans if span is not None)


def _running_span(flow: int, folder: Path, day: dt.date | None) -> SpanTrade | None:
    customs = customs_months(folder, day)[CUSTOMS_SERIES[flow]]
    census = census_flows(folder, day)[flow]
    end = census.start + len(census.values)
    months = {month for month in customs if month // 12 == (end - 1) // 12 and month < end}
    if not months:
        return None
    first, last = max(month for month in months if month - 1 not in months), max(months)
    seen = census.values[first - census.start : last + 1 - census.start].sum() / 1e3
    return SpanTrade(FLOWS[flow], first, last, sum(customs[month] for month in range(first, last + 1)), float(seen))
