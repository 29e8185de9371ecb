"""Series held: what each reaches to, what is the user's, and what is due next by the release calendar.

Only of US Census trade the day of the next release is known (`series.census_due`); of all others the next period is.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

from forecast.errors import DataError, meant, shortened
from forecast.observations.formats import step_of
from forecast.observations.series import census_due
from forecast.observations.tables import TABLES, number, period_index, text_rows
from forecast.observations.user_data import Cells, StoredVintage, stored_vintages

GROWING = (
    *("trade_monthly", "trade_monthly_korea", "trade_annual", "drivers_quarterly", "drivers_monthly"),
    *("items_monthly", "products_annual", "duties_monthly", "product_duties_monthly", "chip_billings_monthly"),
)
"""Tables to which files of a user can add."""

Key: TypeAlias = tuple[str, str]
"""Table and name of a series."""

_FORMS = {"month": r"\d{4}-(0[1-9]|1[0-2])", "quarter": r"\d{4}Q[1-4]", "year": r"\d{4}"}


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one period.

    Attributes:
        value: the preferred figure, nan where none was published.
        alternatives: each figure held with one unit of its last place.
        label: vintage of the preferred one.
        publisher: of it.
        row: as it is written.
    """

    value: float
    alternatives: tuple[tuple[float, float], ...]
    label: str
    publisher: str
    row: Cells


@dataclass(frozen=True, slots=True)
class HeldSeries:
    """One series of a table.

    Attributes:
        table: it stands in.
        series: its name; of products their code.
        code: HS code of an item; else empty.
        values: what is held by period, in order.
        period_column: `month`, `quarter` or `year`.
    """

    table: str
    series: str
    code: str
    values: Mapping[str, Held]
    period_column: str

    @property
    def first(self) -> str:
        """First period."""
        return min(self.values)

    @property
    def last(self) -> str:
        """Last period."""
        return max(self.values)

    @property
    def template(self) -> Cells:
        """Row of the last period."""
        return self.values[self.last].row

    @property
    def unit(self) -> str:
        """Unit of its values."""
        return self.template["unit"]

    @property
    def publisher(self) -> str:
        """Agency of the last figure."""
        return self.template["publisher"]

    @property
    def own(self) -> tuple[str, ...]:
        """Periods whose figure came from files of the user."""
        added = {(vintage.published, name, sha[:7]) for vintage in stored_vintages() for name, _, sha in vintage.files}
        sources = {(label, f"{name} ({sha})") for label, name, sha in added}
        return tuple(period for period, held in self.values.items() if (held.label, held.row["source"]) in sources)

    @property
    def due(self) -> tuple[str, dt.date | None]:
        """Period that comes next, and the day it is due where that is known."""
        period = period_after(self.last, 1)
        return period, census_due(period_index(period, "month")) if self.table == "trade_monthly" else None

    @property
    def gaps(self) -> tuple[tuple[str, str], ...]:
        """First and last period of every gap: periods between the first and the last held that have no figure."""
        known = {period for period in self.values if self.value(period) is not None}
        around = sorted({period_after(self.first, -1), *known, self.last})
        ends = ((period_after(before, 1), period_after(after, -1)) for before, after in pairwise(around))
        return tuple((first, last) for first, last in ends if first <= last)

    def value(self, period: str) -> float | None:
        """The figure of a period; None where none is held."""
        held = self.values.get(period)
        return None if held is None or math.isnan(held.value) else held.value

    def is_period(self, text: str) -> bool:
        """Whether a text names a period of the series."""
        return re.fullmatch(_FORMS[self.period_column], text) is not None


def holdings() -> Mapping[Key, HeldSeries]:
    """Every series to which files can add, by table and name.

    >>> held = holdings()["trade_monthly", "us_imports_from_korea"]
    >>> held.first, held.unit
    ('1985-01', 'million USD')

    Raises:
        DataError: a table is broken, or a vintage of the user was changed.
    """
    return _holdings(stored_vintages())


@cache
def _holdings(_own: tuple[StoredVintage, ...]) -> Mapping[Key, HeldSeries]:
    return {(name, series): one for name in GROWING for series, one in _table_holdings(name, text_rows(name)).items()}


def held_series(name: str) -> tuple[HeldSeries, ...]:
    """The series of a name, one a table that has it.

    Raises:
        DataError: there is none.
    """
    every = holdings()
    found = tuple(one for one in every.values() if one.series == name)
    if not found:
        names = sorted({one.series for one in every.values() if one.table != "products_annual"})
        raise DataError(f"got series {name!r}, {meant(name, names)}")
    return found


def vintages_of(held: HeldSeries) -> tuple[StoredVintage, ...]:
    """Vintages of the user that hold figures of the table of a series."""
    return tuple(vintage for vintage in stored_vintages() if vintage.holds(held.table))


def _table_holdings(table: str, rows: tuple[Cells, ...]) -> dict[str, HeldSeries]:
    column = next(name for name in TABLES[table].columns if name in _FORMS)
    name = "code" if table == "products_annual" else "series"
    steps: dict[tuple[str, str], float] = {}
    for row in rows:
        if re.fullmatch(_FORMS[column], row[column]) is None:
            raise DataError(
                f"{table}.csv: got {shortened(row[column])!r} for {column}, expected one such as the others"
            )
        if row["value"]:
            place = (row[name], row["source"])
            steps[place] = min(steps.get(place, math.inf), step_of(number(row["value"])))
    groups: dict[str, dict[str, list[Cells]]] = {}
    for row in rows:
        groups.setdefault(row[name], {}).setdefault(row[column], []).append(row)
    return {
        series: HeldSeries(
            table,
            series,
            next(iter(periods.values()))[0].get("hs", ""),
            {
                period: _held(sorted(same, key=lambda row: int(row.get("rank", "1"))), name, steps)
                for period, same in sorted(periods.items())
            },
            column,
        )
        for series, periods in groups.items()
    }


def _held(rows: list[Cells], name: str, steps: Mapping[tuple[str, str], float]) -> Held:
    first = rows[0]
    alternatives = tuple((number(row["value"]), steps[row[name], row["source"]]) for row in rows if row["value"])
    return Held(number(first["value"]), alternatives, first["vintage"], first["publisher"], first)


def period_after(period: str, n: int) -> str:
    """The period so many after one of the same length, before it where the number is negative.

    >>> period_after("2026-12", 1), period_after("2026Q1", -1), period_after("2025", 1)
    ('2027-01', '2025Q4', '2026')
    """
    if "Q" in period:
        index = period_index(period, "quarter") + n
        return f"{index // 4}Q{index % 4 + 1}"
    if "-" in period:
        index = period_index(period, "month") + n
        return f"{index // 12}-{index % 12 + 1:02d}"
    return str(int(period) + n)


def periods_between(first: str, last: str) -> int:
    """Number of periods from one to another of the same length, both counted.

    >>> periods_between("2026-11", "2027-02"), periods_between("2025", "2025")
    (4, 1)
    """
    span = "quarter" if "Q" in first else "month" if "-" in first else "year"
    return period_index(last, span) - period_index(first, span) + 1
