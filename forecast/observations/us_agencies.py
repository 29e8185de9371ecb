"""Files of US agencies: trade by country and by end use, tables of the monthly release, and series from FRED.

- `country.xlsx` (https://www.census.gov/foreign-trade/balance/country.xlsx): a row a country and year, imports and
  exports of twelve months and their sums, million USD, not seasonally adjusted. Months not yet out are zero.
- `enduse_imports.xlsx` and `enduse_exports.xlsx` (https://www.census.gov/foreign-trade/statistics/country/): a row a
  country and end-use code, ten years, USD.
- Exhibit 14 of the release FT-900 (https://www.census.gov/foreign-trade/Press-Release/current_press_release/):
  balance, exports and imports by country of a month and of the year to it, million USD, not seasonally adjusted.
- CSV files and workbooks of https://fred.stlouisfed.org: a column of dates and one a series.

A file is read where its header is exactly the one known here, and its sums add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from forecast.observations.formats import (
    Figure,
    Grid,
    Reading,
    Refusal,
    amount,
    month_of,
    named_columns,
    step_of,
)

CENSUS = "US Census Bureau"
KOREA = "5800"
"""Code of the Republic of Korea in Schedule C."""

FLOWS = ("us_imports_from_korea", "us_exports_to_korea")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_COUNTRY = ("year", "CTY_CODE", "CTYNAME", *(f"{flow}{month}" for flow in "IE" for month in (*_MONTHS, "YR")))
_END_USE = ("CTY_CODE", "CTY_DESC", "END_USE", "COMM_DESC")
_ROUNDING = 0.051
"""How far a printed sum may miss a month's rounding, each at one decimal place."""


@dataclass(slots=True)
class _Found:
    """Figures and refusals gathered from a grid."""

    figures: list[Figure] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, cell: str, reason: str) -> None:
        """Note a cell that makes no sense."""
        self.refusals.append(Refusal(cell, reason))

    def reading(self, publisher: str) -> Reading:
        """All that was found."""
        return Reading(publisher, tuple(self.figures), tuple(self.refusals))


def is_country(grid: Grid) -> bool:
    """Whether a grid is trade by country and month."""
    return {"CTY_CODE", "CTYNAME"} <= {*grid.rows[0]} if grid.rows else False


def read_country(grid: Grid) -> Reading:
    """Korea's rows of trade by country and month."""
    if moved := named_columns(grid, 0, _COUNTRY):
        return Reading(CENSUS, (), tuple(moved))
    found = _Found()
    years = _korean_years(grid, found)
    for year, row in sorted(years.items()):
        if year - 1 not in years and year > min(years):
            found.refuse(grid.place(row, 0), f"got {year} without {year - 1}, expected every year")
        _read_year(grid, row, year, year == max(years), found)
    if not years and not found.refusals:
        found.refuse(grid.place(0, 1), f"no row has code {KOREA}, expected those of 'Korea, South'")
    return found.reading(CENSUS)


def _korean_years(grid: Grid, found: _Found) -> dict[int, int]:
    """Row of each year of Korea."""
    years: dict[int, int] = {}
    for row in range(1, len(grid.rows)):
        if str(grid.at(row, 1)).removesuffix(".0") != KOREA:
            continue
        year = amount(grid.at(row, 0))
        if grid.at(row, 2) != "Korea, South":
            found.refuse(grid.place(row, 2), f"got {grid.at(row, 2)!r} for code {KOREA}, expected 'Korea, South'")
        elif year is None or year != int(year):
            found.refuse(grid.place(row, 0), f"got {grid.at(row, 0)!r}, expected a year")
        elif int(year) in years:
            found.refuse(
                grid.place(row, 0), f"got {year:.0f} as in row {years[int(year)] + 1}, expected each year once"
            )
        else:
            years[int(year)] = row
    return years


def _read_year(grid: Grid, row: int, year: int, is_last: bool, found: _Found) -> None:
    """Months of a year; of the last one as many as both flows have."""
    months = {first: [amount(grid.at(row, first + month)) for month in range(13)] for first in (3, 16)}
    n_out = max((month + 1 for values in months.values() for month in range(12) if values[month]), default=0)
    for (first, values), series in zip(months.items(), FLOWS, strict=True):
        for month in range(n_out if is_last else 12):
            value, cell = values[month], grid.place(row, first + month)
            if value is None or value <= 0:
                found.refuse(cell, f"got {grid.at(row, first + month)!r}, expected an amount above 0, million USD")
            else:
                text = f"{year}-{month + 1:02d}"
                step = step_of(grid.at(row, first + month))
                found.figures.append(Figure("trade_monthly", series, text, value, step, cell))
        total = sum(value or 0.0 for value in values[:12])
        if values[12] is None or abs(values[12] - total) > 12 * _ROUNDING:
            got = grid.at(row, first + 12)
            found.refuse(grid.place(row, first + 12), f"got {got!r}, expected {total:,.1f}, the sum of the months")


def is_end_use(grid: Grid) -> bool:
    """Whether a grid is trade by country and end use."""
    return {"CTY_CODE", "END_USE"} <= {*grid.rows[0]} if grid.rows else False


def read_end_use(grid: Grid) -> Reading:
    """Korea's imports by end use; exports are refused, as nothing here rests on them."""
    header = grid.rows[0]
    years = [re.fullmatch(r"value_(\d\d)", str(cell)) for cell in header[4:]]
    if moved := [
        *named_columns(Grid(grid.sheet, (header[:4],)), 0, _END_USE),
        *(
            Refusal(grid.place(0, 4 + place), f"got {header[4 + place]!r}, expected a year such as 'value_25'")
            for place, match in enumerate(years)
            if match is None
        ),
    ]:
        return Reading(CENSUS, (), tuple(moved))
    if grid.sheet != "EnduseImp":
        reason = (
            f"got sheet {grid.sheet!r}, expected 'EnduseImp': US exports by end use are not among the series "
            "held, and nothing here rests on them"
        )
        return Reading(CENSUS, (), (Refusal(grid.place(0, 0), reason),))
    found, seen = _Found(), dict[str, int]()
    for row in range(1, len(grid.rows)):
        if grid.at(row, 0) == KOREA:
            _read_code(grid, row, [2000 + int(match[1]) for match in years if match], seen, found)
    if not seen:
        found.refuse(grid.place(0, 0), f"no row has code {KOREA}, expected those of 'Korea, South'")
    return found.reading(CENSUS)


def _read_code(grid: Grid, row: int, years: list[int], seen: dict[str, int], found: _Found) -> None:
    code = str(grid.at(row, 2))
    if not re.fullmatch(r"\d{5}", code) or code in seen:
        where = f" as in row {seen[code] + 1}" if code in seen else ""
        found.refuse(grid.place(row, 2), f"got {code!r}{where}, expected each code of five digits once")
        return
    seen[code] = row
    for column, year in enumerate(years, 4):
        value = amount(grid.at(row, column))
        if value is None or value < 0:
            found.refuse(grid.place(row, column), f"got {grid.at(row, column)!r}, expected an amount in USD")
        elif value:
            step = step_of(grid.at(row, column))
            found.figures.append(Figure("products_annual", code, str(year), value, step, grid.place(row, column)))


_EXHIBIT = re.compile(r"Exhibit\s+(\d+[a-z]?)\.\s", re.IGNORECASE)
_GROUPS = {"balance": "balance", "tradebalance": "balance", "exports": "exports", "imports": "imports"}
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


def is_release(grid: Grid) -> bool:
    """Whether a grid is an exhibit of the release FT-900."""
    return grid.find(_EXHIBIT.match, 6) is not None


def read_release(grid: Grid) -> Reading:
    """Korea's month in an exhibit by country that is not seasonally adjusted, million USD."""
    found = _Found()
    row, column = grid.find(_EXHIBIT.match, 6) or (0, 0)
    head = " ".join(str(cell) for cells in grid.rows[:8] for cell in cells if isinstance(cell, str))
    title, at = str(grid.at(row, column)), grid.place(row, column)
    if "not seasonally adjusted" not in head.lower():
        found.refuse(at, f"got {title!r}, expected Exhibit 14, which is not seasonally adjusted as the series held are")
    elif "country and area" not in head.lower():
        found.refuse(at, f"got {title!r}, expected Exhibit 14, trade by country and area")
    elif "millions of dollars" not in head.lower():
        found.refuse(at, "no line says 'In millions of dollars': the unit is not known")
    else:
        _read_exhibit(grid, head, found)
    return found.reading(CENSUS)


def _read_exhibit(grid: Grid, head: str, found: _Found) -> None:
    korea = grid.find(lambda text: re.sub(r"\W", "", text).lower() in ("koreasouth", "southkorea"), len(grid.rows))
    groups = grid.find(lambda text: _group(text) == "exports", 12)
    if korea is None or groups is None:
        what = "no row is named 'Korea, South'" if korea is None else "no heading says 'Exports'"
        found.refuse(grid.place(0, 0), f"{what}: the layout has changed")
        return
    columns = _month_columns(grid, groups[0], head)
    values = {flow: amount(grid.at(korea[0], column)) for flow, (column, _) in columns.items()}
    if {*columns} != {"balance", "exports", "imports"} or len({month for _, month in columns.values()}) != 1:
        got = ", ".join(f"{flow} of {month}" for flow, (_, month) in columns.items()) or "nothing"
        reason = f"got {got}, expected balance, exports and imports of one month under their headings"
        found.refuse(grid.place(groups[0] + 1, groups[1]), f"{reason}: the layout has changed")
        return
    for flow, value in values.items():
        if value is None or (value <= 0 and flow != "balance"):
            cell = grid.place(korea[0], columns[flow][0])
            found.refuse(cell, f"got {grid.at(korea[0], columns[flow][0])!r}, expected an amount in million USD")
    balance, exports, imports = (values[flow] or 0.0 for flow in ("balance", "exports", "imports"))
    if not found.refusals and abs(balance - (exports - imports)) > 3 * _ROUNDING:
        cell = grid.place(korea[0], columns["balance"][0])
        found.refuse(cell, f"got {balance:,.1f}, expected {exports - imports:,.1f}, exports less imports")
    if not found.refusals:
        for flow, series in zip(("imports", "exports"), FLOWS, strict=True):
            column, month = columns[flow]
            printed, place = grid.at(korea[0], column), grid.place(korea[0], column)
            found.figures.append(Figure("trade_monthly", series, month, values[flow] or 0.0, step_of(printed), place))


def _group(text: str) -> str | None:
    word = re.sub(r"\(.*?\)|f\.?a\.?s\.?|customs|basis|[^a-z]", "", text.lower())
    return _GROUPS.get(word)


def _month_columns(grid: Grid, row: int, head: str) -> dict[str, tuple[int, str]]:
    """Column and month of each group of columns; those of the year to date are passed over."""
    year_of_title = re.findall(r"\b(?:19|20)\d\d\b", head)
    columns: dict[str, tuple[int, str]] = {}
    group = None
    for column in range(max(len(grid.rows[row]), len(grid.rows[min(row + 1, len(grid.rows) - 1)]))):
        group = _group(str(grid.at(row, column))) or group
        words = str(grid.at(row + 1, column)).lower().split()
        name = words[0].strip(".,") if words else ""
        if group is None or group in columns or name not in _NAMES or len(words) > 2:
            continue
        year = words[1] if len(words) == 2 else year_of_title[0] if len({*year_of_title}) == 1 else ""
        columns[group] = (column, f"{year}-{_NAMES.index(name) + 1:02d}")
    return columns


@dataclass(frozen=True, slots=True)
class _Series:
    """Where a series of FRED belongs."""

    table: str
    name: str
    publisher: str


FRED: Mapping[str, _Series] = {
    "IMPKR": _Series("trade_monthly", FLOWS[0], CENSUS),
    "EXPKR": _Series("trade_monthly", FLOWS[1], CENSUS),
    "GDPC1": _Series("drivers_quarterly", "us_real_gdp", "US BEA"),
    "EXKOUS": _Series("drivers_monthly", "krw_per_usd", "Federal Reserve"),
    "MCOILWTICO": _Series("drivers_monthly", "wti_spot", "US EIA"),
    "MCOILBRENTEU": _Series("drivers_monthly", "brent_spot", "US EIA"),
    "CPIAUCSL": _Series("drivers_monthly", "us_cpi_all_urban", "US BLS"),
    "INDPRO": _Series("drivers_monthly", "us_industrial_production", "Federal Reserve"),
    "TLMFGCONS": _Series("drivers_monthly", "us_construction_spending_manufacturing", "US Census Bureau"),
}
"""Series of FRED by their ids, in the units in which FRED prints them without a transformation."""

_MONTHLY_OF = {"DEXKOUS": "EXKOUS", "DCOILWTICO": "MCOILWTICO", "DCOILBRENTEU": "MCOILBRENTEU"}


def fred_name(code: str) -> str:
    """A series of FRED by its id and its name here.

    >>> fred_name("EXKOUS")
    'EXKOUS (krw_per_usd)'
    """
    return f"{code} ({FRED[code].name})"


def is_fred(grid: Grid) -> bool:
    """Whether a grid is a CSV file of FRED, or the sheet of one frequency of its workbook."""
    return bool(grid.rows) and grid.at(0, 0) in ("observation_date", "DATE")


def read_fred(grid: Grid) -> Reading:
    """Series of a download of FRED."""
    found = _Found()
    ids = [str(grid.at(0, column)) for column in range(1, len(grid.rows[0]))]
    for column, name in enumerate(ids, 1):
        if name not in FRED:
            instead = (
                f"expected the monthly {fred_name(_MONTHLY_OF[name])}"
                if name in _MONTHLY_OF
                else f"expected {', '.join(map(fred_name, FRED))}"
            )
            found.refuse(grid.place(0, column), f"got series {name!r}, {instead}")
    if not found.refusals:
        for column, name in enumerate(ids, 1):
            found.figures += _fred_figures(grid, column, FRED[name], found)
    publishers = dict.fromkeys(FRED[name].publisher for name in ids if name in FRED)
    return found.reading("; ".join(publishers))


def _fred_figures(grid: Grid, column: int, series: _Series, found: _Found) -> Iterator[Figure]:
    rows = [row for row in range(1, len(grid.rows)) if any(cell != "" for cell in grid.rows[row])]
    for row in rows:
        cell, place = grid.at(row, column), grid.place(row, column)
        period = _fred_period(str(grid.at(row, 0)), series.table)
        value = amount(cell)
        if period is None:
            step = "the first day of a quarter" if series.table == "drivers_quarterly" else "the first day of a month"
            found.refuse(grid.place(row, 0), f"got {grid.at(row, 0)!r}, expected {step}, such as 2026-07-01")
        elif value is not None and value > 0:
            yield Figure(series.table, series.name, period, value, step_of(cell), place)
        elif cell not in ("", "."):
            found.refuse(place, f"got {cell!r}, expected a number above 0, or '.' where none was published")


def _fred_period(text: str, table: str) -> str | None:
    month = month_of(text) if re.fullmatch(r"\d{4}-\d\d-01", text) else None
    if month is None or table != "drivers_quarterly":
        return month
    year, number = month.split("-")
    return f"{year}Q{(int(number) + 2) // 3}" if int(number) % 3 == 1 else None
