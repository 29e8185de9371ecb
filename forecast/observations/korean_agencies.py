"""Files of Korean agencies: customs trade by country and by item, and series of the Bank of Korea.

- Trade by country (국가별 수출입 실적) and by item and country (품목별 국가별 수출입실적) of the Korea Customs Service
  (https://tradedata.go.kr) and of KITA (https://stat.kita.net), XLSX, XLS or CSV: a row a period, in columns that their
  Korean headings name. The unit stands above the table or in a heading; where it stands nowhere, thousand USD, the unit
  of both, has to be borne out by months that are held.
- Series of the Bank of Korea's ECOS (https://ecos.bok.or.kr), CSV or XLSX: a row a series, a column a period.

The won of the Bank of Korea is another average than that of the Federal Reserve, which is held: 0.2 % apart in a usual
month, 1.1 % at most. It only goes on where that ends, and gives way to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forecast.observations.formats import Cell, Figure, Grid, Reading, Refusal, amount, in_unit, month_of, step_of

CUSTOMS = "KCS"
_PERIODS = ("기간", "년월", "연월", "년도")
_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(_PERIODS, "period"),
    **dict.fromkeys(("국가", "국가명"), "country"),
    **dict.fromkeys(("HS코드", "품목코드", "코드"), "code"),
    **dict.fromkeys(("수출금액", "수출"), "exports"),
    **dict.fromkeys(("수입금액", "수입"), "imports"),
    **dict.fromkeys(("무역수지", "수지"), "balance"),
    **dict.fromkeys(
        (
            *("품목명", "수출건수", "수입건수", "수출중량", "수입중량", "수출증감률", "수입증감률", "기타사항"),
            *("순번", "수출증가율", "수입증가율"),
        ),
        "",
    ),
}
"""What a heading means, blanks and units left out; empty where nothing here rests on it."""

_UNITS: Mapping[str, float] = {"불": 1.0, "달러": 1.0, "천불": 1e3, "천달러": 1e3, "백만불": 1e6, "백만달러": 1e6}
"""USD in a unit."""

_UNIT = re.compile(r"(백만|천)?\s*(불|달러)")
_SERIES = {"exports": "exports_to_us", "imports": "imports_from_us", "balance": "balance_with_us"}
_TABLES = {"trade_monthly_korea": 1e6, "trade_annual": 1e9, "items_monthly": 1.0}
"""USD in the unit of each table."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a customs table has what.

    Attributes:
        row: of its headings.
        columns: by meaning.
        unit: USD in the unit of its amounts.
        stated: whether the file says so.
    """

    row: int
    columns: Mapping[str, int]
    unit: float
    stated: bool


def is_customs(grid: Grid) -> bool:
    """Whether a grid is a table of Korean customs."""
    row = _heading_row(grid)
    return row is not None and bool({"exports", "imports"} & {*map(_meaning, grid.rows[row])})


def _heading_row(grid: Grid) -> int | None:
    found = grid.find(lambda text: _plain(text) in _PERIODS, 12)
    return None if found is None else found[0]


def _plain(cell: Cell) -> str:
    return re.sub(r"\(.*?\)|\s", "", str(cell))


def _meaning(cell: Cell) -> str | None:
    return _COLUMNS.get(_plain(cell))


def read_customs(grid: Grid, items: Mapping[str, str]) -> Reading:
    """Trade with the US in a table of Korean customs.

    Args:
        grid: the table.
        items: series held by HS code.
    """
    layout = _layout(grid)
    if not isinstance(layout, _Layout):
        return Reading(CUSTOMS, (), tuple(layout))
    rows, refusals = _us_rows(grid, layout)
    figures: list[Figure] = []
    for row in rows:
        found = _row_figures(grid, row, layout, items)
        figures += [one for one in found if isinstance(one, Figure)]
        refusals += [one for one in found if isinstance(one, Refusal)]
    if not refusals and not figures:
        if "code" in layout.columns:
            what = f"no HS code of the table is held, expected some of {', '.join(sorted(items))}"
            refusals.append(Refusal(grid.place(layout.row, layout.columns["code"]), what))
        else:
            refusals.append(Refusal(grid.place(layout.row, 0), "no row is of 미국, the United States"))
    return Reading(CUSTOMS, tuple(figures), tuple(refusals), proof=not layout.stated)


def _layout(grid: Grid) -> _Layout | list[Refusal]:
    row = _heading_row(grid) or 0
    columns: dict[str, int] = {}
    refusals = []
    for column, cell in enumerate(grid.rows[row]):
        meaning = _meaning(cell)
        if cell == "":
            continue
        if meaning is None or (meaning and meaning in columns):
            twice = " a second time" if meaning else ""
            refusals.append(Refusal(grid.place(row, column), f"got heading {cell!r}{twice}: the layout has changed"))
        elif meaning:
            columns[meaning] = column
    missing = {"period", "exports"} - {*columns} if "code" in columns else {"period", "exports", "imports"} - {*columns}
    if missing and not refusals:
        words = {"exports": "수출금액", "imports": "수입금액", "period": "기간"}
        lacking = ", ".join(words[name] for name in sorted(missing))
        refusals.append(Refusal(grid.place(row, 0), f"no heading is {lacking}: the layout has changed"))
    units = _units(grid, row, columns)
    if len({*units.values()}) > 1:
        refusals.append(Refusal(next(iter(units)), f"got several units, {', '.join(map(_words, units.values()))}"))
    if refusals:
        return refusals
    return _Layout(row, columns, next(iter(units.values()), 1e3), bool(units))


def _words(unit: float) -> str:
    return {1.0: "USD", 1e3: "thousand USD", 1e6: "million USD"}[unit]


def _units(grid: Grid, row: int, columns: Mapping[str, int]) -> dict[str, float]:
    """USD in the unit that lines above the headings, or the headings of amounts, state, by cell."""
    units = {}
    for line in range(row + 1):
        for column, cell in enumerate(grid.rows[line]):
            of_amounts = column in (columns.get(name) for name in _SERIES)
            if match := _UNIT.search(str(cell)) if "단위" in str(cell) or (line == row and of_amounts) else None:
                units[grid.place(line, column)] = _UNITS["".join(part or "" for part in match.groups())]
    return units


def _us_rows(grid: Grid, layout: _Layout) -> tuple[list[int], list[Refusal]]:
    """Rows of trade with the US, sums of all countries left out."""
    below = range(layout.row + 1, len(grid.rows))
    rows = [row for row in below if grid.at(row, layout.columns["period"]) not in ("총계", "합계")]
    if "country" in layout.columns:
        column = layout.columns["country"]
        return [row for row in rows if grid.at(row, column) in ("미국", "United States", "US")], []
    rows = [row for row in rows if any(grid.at(row, column) != "" for column in layout.columns.values())]
    said = " ".join(str(cell) for cells in grid.rows[: layout.row] for cell in cells)
    if re.search(r"국가명?\s*[:\uff1a]\s*\[?미국\]?\s*(?:,|$|\s)", said):
        return rows, []
    cell = grid.place(layout.row, layout.columns["period"])
    return [], [
        Refusal(cell, "no column names the country, and no line above says '국가:미국': of which country is it?")
    ]


def _row_figures(grid: Grid, row: int, layout: _Layout, items: Mapping[str, str]) -> list[Figure | Refusal]:
    code = str(grid.at(row, layout.columns["code"])).removesuffix(".0") if "code" in layout.columns else ""
    if code and code not in items:
        return []
    period = _period(grid, row, layout, bool(code))
    if isinstance(period, Refusal):
        return [period]
    table = "items_monthly" if code else "trade_monthly_korea" if "-" in period else "trade_annual"
    flows = ["exports"] if code else [flow for flow in _SERIES if flow in layout.columns]
    values = {flow: amount(grid.at(row, layout.columns[flow])) for flow in _SERIES if flow in layout.columns}
    found: list[Figure | Refusal] = []
    for flow in flows:
        column, value = layout.columns[flow], values[flow]
        cell = grid.at(row, column)
        if value is None or (value < 0 and flow != "balance"):
            found.append(Refusal(grid.place(row, column), f"got {cell!r}, expected an amount in {_words(layout.unit)}"))
            continue
        scale = layout.unit / _TABLES[table]
        series = items[code] if code else _SERIES[flow]
        place = grid.place(row, column)
        found.append(Figure(table, series, period, in_unit(value, scale), step_of(cell) * scale, place))
    return [*found, *_balance_refusal(grid, row, layout, values)]


def _period(grid: Grid, row: int, layout: _Layout, monthly: bool) -> str | Refusal:
    cell = grid.at(row, layout.columns["period"])
    text = f"{cell:.2f}".removesuffix(".00") if isinstance(cell, float) else cell
    year = re.fullmatch(r"(\d{4})년?", text)
    period = month_of(text) or (year[1] if year and not monthly else None)
    expected = "a month such as 2026.09" if monthly else "a month such as 2026.09 or a year"
    return period or Refusal(grid.place(row, layout.columns["period"]), f"got {cell!r}, expected {expected}")


def _balance_refusal(grid: Grid, row: int, layout: _Layout, values: Mapping[str, float | None]) -> Iterator[Refusal]:
    """Refuses a balance that is not exports less imports: columns have moved."""
    exports, imports, balance = (values.get(flow) for flow in _SERIES)
    if exports is None or imports is None or balance is None:
        return
    if abs(balance - (exports - imports)) > 2 * step_of(grid.at(row, layout.columns["balance"])):
        cell = grid.place(row, layout.columns["balance"])
        yield Refusal(cell, f"got {balance:,.0f}, expected {exports - imports:,.0f}, exports less imports")


_ECOS = ("통계표", "계정항목")
_MONTH_HEADING = re.compile(r"(\d{4})/(\d{2})(?:\s*p\))?")


def is_ecos(grid: Grid) -> bool:
    """Whether a grid is an export of the Bank of Korea's ECOS."""
    return bool(grid.rows) and {*_ECOS, "단위"} <= {*grid.rows[0]}


def read_ecos(grid: Grid) -> Reading:
    """The won a USD in an export of ECOS, by month: means, not rates at its end."""
    head = [str(cell) for cell in grid.rows[0]]
    first = next((column for column, cell in enumerate(head) if re.match(r"\d{4}", cell)), len(head))
    refusals = [
        Refusal(grid.place(0, column), f"got {cell!r}, expected a month such as 2026/09; ask ECOS for months")
        for column, cell in enumerate(head[first:], first)
        if not _MONTH_HEADING.fullmatch(cell)
    ]
    if first == len(head):
        refusals.append(Refusal(grid.place(0, len(head) - 1), "no heading is a month such as 2026/09"))
    rows = [row for row in range(1, len(grid.rows)) if _is_dollar(grid.rows[row][:first])]
    if len(rows) != 1 and not refusals:
        what = f"got {len(rows)} rows of the won a USD by monthly means, expected one (원/미국달러, 평균자료)"
        refusals.append(Refusal(grid.place(rows[1] if rows else 0, head.index("계정항목")), what))
    if refusals:
        return Reading("BOK", (), tuple(refusals))
    (row,) = rows
    unit = grid.at(row, head.index("단위"))
    if unit != "원":
        refusals.append(Refusal(grid.place(row, head.index("단위")), f"got unit {unit!r}, expected '원'"))
    figures = tuple(_won(grid, row, range(first, len(head)), refusals))
    return Reading("BOK", figures, tuple(refusals), extends=True)


def _is_dollar(cells: Sequence[Cell]) -> bool:
    words = " ".join(map(str, cells))
    return "미국달러" in words and not re.search("말일|기말|최고|최저|시가", words)


def _won(grid: Grid, row: int, columns: range, refusals: list[Refusal]) -> Iterator[Figure]:
    for column in columns:
        cell, place = grid.at(row, column), grid.place(row, column)
        match = _MONTH_HEADING.fullmatch(str(grid.at(0, column)))
        value = amount(cell)
        if match and value is not None and value > 0:
            yield Figure("drivers_monthly", "krw_per_usd", f"{match[1]}-{match[2]}", value, step_of(cell), place)
        elif cell != "":
            refusals.append(Refusal(place, f"got {cell!r}, expected won a USD"))
