"""Small cuts of the files that agencies publish, in their layouts, with the figures of the shipped tables.

Layouts were recorded from public files: `country.xlsx` and `enduse_imports.xlsx` of the US Census Bureau, tables by
country and by item and country of the Korea Customs Service, CSV files of FRED and of ECOS. The headings of FT-900
Exhibit 14 are those of its printed release.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter

from forecast.observations.additions import proposal
from forecast.observations.tables import SHIPPED

DAY = dt.date(2026, 11, 29)

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
COUNTRY = ["year", "CTY_CODE", "CTYNAME", *(f"{flow}{month}" for flow in "IE" for month in (*MONTHS, "YR"))]
IMPORTS, EXPORTS = "us_imports_from_korea", "us_exports_to_korea"
Rows = list[list[object]]


def shipped(table: str, series: str, folder: Path = SHIPPED) -> dict[str, float]:
    """Preferred figures of a series by period, as the shipped table has them."""
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["series"] == series and row.get("rank", "1") == "1"]
    period = next(name for name in ("month", "quarter", "year") if name in rows[0])
    return {row[period]: float(row["value"]) for row in rows if row["value"]}


def workbook(path: Path, rows: Sequence[Sequence[object]], sheet: str = "Sheet1") -> Path:
    """A workbook with one sheet of text and numbers."""
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(sheet)
        for index, row in enumerate(rows):
            page.write_row(index, 0, row)
    return path


def lines(path: Path, rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> Path:
    """A CSV file."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def country_rows(first: int = 2024, last: int = 2026, more: Mapping[str, Mapping[str, float]] | None = None) -> Rows:
    """Rows of `country.xlsx`: another country, North Korea, and Korea; months not out are zero."""
    flows = [shipped("trade_monthly", name) | dict((more or {}).get(name, {})) for name in (IMPORTS, EXPORTS)]
    rows: Rows = [
        [*COUNTRY],
        ["1997", "0003", "European Union", *([11644.9] * 12), 139738.8, *([10608.3] * 12), 127299.6],
    ]
    rows.append(["2024", "5790", "Korea, North", *([0.0] * 26)])
    for year in range(first, last + 1):
        months = [[flow.get(f"{year}-{month:02d}", 0.0) for month in range(1, 13)] for flow in flows]
        rows.append([str(year), "5800", "Korea, South", *months[0], sum(months[0]), *months[1], sum(months[1])])
    return rows


def release_rows(month: str = "September", year: int = 2026, exports: float = 6402.0, imports: float = 15310.0) -> Rows:
    """FT-900 Exhibit 14: a month and the year to it."""
    columns = [f"{month} {year}", "Year-to-date"] * 3
    balance = exports - imports
    return [
        ["Part B: NOT Seasonally Adjusted"],
        [f"Exhibit 14. U.S. Trade in Goods by Country and Area: {year}"],
        ["In millions of dollars. Details may not equal totals due to rounding. (-) Represents zero."],
        [],
        ["Country and Area", "Balance", "", "Exports", "", "Imports", ""],
        ["", *columns],
        ["Total, Census Basis", -101000.0, -900000.0, 180000.0, 1600000.0, 281000.0, 2500000.0],
        ["Japan", -5000.0, -45000.0, 6800.0, 60000.0, 11800.0, 105000.0],
        ["Korea, South", balance, 9 * balance, exports, 9 * exports, imports, 9 * imports],
    ]


def fred_rows(name: str, values: Mapping[str, float]) -> Rows:
    """Rows of a CSV file of FRED, dates of the first day of a month or a quarter."""
    months = {period: f"{period[:4]}-{3 * int(period[-1]) - 2:02d}" if "Q" in period else period for period in values}
    return [["observation_date", name], *([f"{months[period]}-01", value] for period, value in values.items())]


def customs_month(month: str) -> list[object]:
    """A row of 국가별수출입 실적 with the figures held of a month, thousand USD."""
    exports, imports = (
        round(1e3 * shipped("trade_monthly_korea", name)[month]) for name in ("exports_to_us", "imports_from_us")
    )
    amounts = ("851", f"{exports:,}", "5,621", f"{imports:,}", f"{exports - imports:,}")
    return [month.replace("-", "."), "미국", *amounts]


def customs_rows(months: Sequence[str], country: str = "미국", unit: str = "단위:천 불(USD 1,000)") -> Rows:
    """국가별수출입 실적 in thousand USD with the figures held of July 2026, period by period."""
    exports, imports = 17_474_061, 8_967_205
    rows: Rows = [
        ["국가별수출입 실적"],
        [],
        [f"통계기준:수리일,조회구분:{months[0]}~{months[-1]},국가:전체"],
        ["", "", "", "", "", "", unit],
        ["기간", "국가명", "수출건수", "수출금액", "수입건수", "수입금액", "무역수지"],
        ["총계", "", "1,000", "99,999,999", "1,000", "88,888,888", "11,111,111"],
    ]
    for month in months:
        rows.append([month, "중국", "1,721", "9,123,934", "3,083", "9,250,275", "-126,341"])
        rows.append([month, country, "851", f"{exports:,}", "5,621", f"{imports:,}", f"{exports - imports:,}"])
    return rows


def refused(path: Path, day: dt.date = DAY) -> list[str]:
    """Problems of a file of which nothing may be stored."""
    found = proposal([path], day)
    assert found.tables == {}
    return [str(problem) for problem in found.problems]
