"""Answers as a workbook for Excel: a sheet a table, with native charts and what was assumed.

A cell holds its number exactly and shows the digits that its Monte Carlo error allows, by its number format, so that
the workbook reads as the terminal does; standard errors stand in hidden columns to the right. Whatever a user named is
text: no cell holds a formula. The same answer makes the same bytes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from itertools import accumulate
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from forecast import __version__
from forecast.errors import printable
from forecast.report.i18n import Language
from forecast.report.table import Column, Figure, Table
from forecast.results.results import ANOTHER
from forecast.storage.files import whole_file, writing

RUN_WORKBOOK, COMPARISON_WORKBOOK = "summary.xlsx", "comparison.xlsx"
"""Workbooks beside the other files of a run and of a comparison."""

_CREATED = dt.datetime(2000, 1, 1)
"""Day of making that every workbook states, so that its bytes tell of the answer alone."""

_LONGEST = 32_767
"""Characters that a cell may hold."""

_WIDEST = 60
"""Characters of a line in a column of words; longer texts are wrapped."""

_PROSE_WIDTH = 110
_STEERED = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet takes for a formula when a cell is typed anew."""

_CHART_COLOURS = ("#0b3c78", "#6fb1dc", "#c9501c", "#fcc983", "#4d9a6a", "#7b4f8e", "#5f5f5f")
_FAN_LINES = (("#08306b", 2.5, "solid"), ("#6a9fd0", 1.5, "solid"), ("#6a9fd0", 1.5, "dash"), ("#a9c9e4", 1.0, "dash"))
"""Colour, width in points and dash of the middle of a fan and of its intervals, the narrowest first."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A native chart of a table whose rows are years, or names.

    Attributes:
        kind: `fan` of a middle and intervals, `channels` stacked with their sum as a line, or `bars` of one column.
        columns: places of the columns drawn; of a fan the middle first, of channels their sum last.
    """

    kind: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        name: key of its name, below `workbook.sheets` of the catalogue.
        parts: tables and paragraphs, one below the other.
        charts: of the first table.
    """

    name: str
    parts: tuple[Table | str, ...]
    charts: tuple[Chart, ...] = ()


def write_workbook(path: Path, title: str, sheets: Sequence[Sheet], language: Language) -> Path:
    """Write sheets as a workbook, whole or not at all, in place of what was there.

    Args:
        title: of the document.

    Raises:
        RunError: it cannot be written.
    """
    content = workbook_bytes(title, sheets, language)
    with writing(path, ANOTHER):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as unfinished:
            unfinished.write_bytes(content)
    return path


def workbook_bytes(title: str, sheets: Sequence[Sheet], language: Language) -> bytes:
    """Sheets as the bytes of a workbook."""
    content = BytesIO()
    book = xlsxwriter.Workbook(
        content,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"valign": "top"},
        },
    )
    book.set_properties({"title": _clean(title), "author": f"forecast {__version__}", "created": _CREATED})
    drawn = _Book(book, language)
    for sheet in sheets:
        drawn.add(sheet)
    book.close()
    return content.getvalue()


def _clean(text: str) -> str:
    """A text as a cell may hold it: no characters that steer, none that XML refuses, and no longer than allowed."""
    return re.sub("[\ufffe\uffff]", "\ufffd", printable(text.replace("\r\n", "\n")))[:_LONGEST]


_WRITTEN = re.compile(r"(?P<sign>[+−]?)(?P<digits>[\d,]+(?:\.\d+)?)(?P<after>\D.*|)", re.DOTALL)


def number_format(text: str, value: float) -> tuple[str, float]:
    """The number format under which a value reads as it is printed, and the value to store with it.

    What no format can round to, such as a bound, a number of tens or a half that is rounded down, stands in the format
    as text.

    >>> number_format("+0.21", 0.2134)
    ('+0.00;"−"0.00;0.00', 0.2134)
    >>> number_format("1,230", 1234.5), number_format("> 99.9 %", 99.997)[0]
    (('"1,230"', 1234.5), '"> 99.9 %"')
    >>> number_format("77.8", 77.85)
    ('"77.8"', 77.85)
    """
    found = _WRITTEN.fullmatch(text)
    percent, stored = text.endswith("%"), _scaled(text, value)
    if found is None:
        return _literal(text), stored
    digits, after = found["digits"], found["after"]
    places = len(digits.partition(".")[2])
    if f"{_as_office_rounds(value, places):{',' if ',' in digits else ''}}" != digits:
        return _literal(text), stored
    body = ("#,##0" if "," in digits else "0") + ("." + "0" * places if places else "")
    tail = f"{_literal(after[:-1])}%" if percent and after[:-1] else "%" if percent else _literal(after)
    if not digits.strip("0.,"):
        return ";".join([f"{body}{tail}"] * 3), stored
    plus = "+" if found["sign"] == "+" else ""
    return f'{plus}{body}{tail};"−"{body}{tail};{body}{tail}', stored


def _as_office_rounds(value: float, places: int) -> Decimal:
    """The size of a value as a spreadsheet rounds it: 15 digits, and halves up, where Python looks at all bits."""
    return Decimal(f"{abs(value):.15g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _scaled(text: str, number: float) -> float:
    """A number in the unit of its text as it is stored: what is told in percent as a fraction."""
    return number / 100 if text.endswith("%") else number


def _literal(text: str) -> str:
    return '"' + text.replace('"', "”") + '"' if text else ""


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in a column so wide: not every office makes a row as high as its text by itself."""
    length, room = _width(text), width or _PROSE_WIDTH
    return 1 if length <= room else ceil(_ROOM * length / room)


_LINE, _ROOM = 15.0, 1.15
"""Height of a line, points; and what its breaks between words cost."""


@dataclass(slots=True)
class _Book:
    """A workbook being written."""

    book: Any
    language: Language
    formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def format(self, **properties: Any) -> Format:
        """A format of cells, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"valign": "top", **properties})
        return self.formats[key]

    def add(self, sheet: Sheet) -> None:
        """Write a sheet with its charts, wide enough to be read, and printed one page wide."""
        page = self.book.add_worksheet(self.language.text(f"workbook.sheets.{sheet.name}"))
        tables = [part for part in sheet.parts if isinstance(part, Table)]
        laid = {id(part): _laid(part) for part in tables}
        first_error = max((one.width for one in laid.values()), default=1)
        widths: list[float] = []
        row, placed = 0, None
        for part in sheet.parts:
            if isinstance(part, str):
                self._prose(page, row, part, wrap=not tables)
                row += 1
                continue
            one = laid[id(part)]
            placed = placed or (row, one)
            row = self._table(page, row, part, one, first_error)
            widths = [
                max(pair)
                for pair in zip(_padded(widths, first_error), _padded(_widths(part, one), first_error), strict=True)
            ]
            row += 1
        for column, width in enumerate(widths if any(widths) else [_PROSE_WIDTH]):
            page.set_column(column, column, width)
        n_errors = max((sum(one.n_parts) for one in laid.values() if one.has_errors), default=0)
        if n_errors:
            page.set_column(first_error, first_error + n_errors - 1, 14, None, {"level": 1, "hidden": True})
            page.set_column(first_error + n_errors, first_error + n_errors, 4, None, {"collapsed": True})
        if placed is not None:
            self._charts(page, sheet, *placed, row)
        if len(sheet.parts) == 1 and tables:
            page.freeze_panes(1 + bool(tables[0].title), 1)
        page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)

    def _prose(self, page: Worksheet, row: int, text: str, *, wrap: bool) -> None:
        self._text(page, row, 0, text, text_wrap=wrap)
        if wrap:
            page.set_row(row, _LINE * _lines(text, _PROSE_WIDTH))

    def _text(self, page: Worksheet, row: int, column: int, text: str, **properties: Any) -> None:
        text = _clean(text)
        if text.startswith(_STEERED):
            properties["quote_prefix"] = True
        page.write_string(row, column, text, self.format(**properties))

    def _table(self, page: Worksheet, row: int, shown: Table, laid: _Laid, first_error: int) -> int:
        """Write a table and give back the row below it."""
        if shown.title:
            self._text(page, row, 0, shown.title, bold=True)
            row += 1
        if any(column.heading for column in shown.columns):
            self._headings(page, row, shown, laid, first_error)
            row += 1
        widths = _widths(shown, laid)
        for cells in (each.cells for each in shown.rows):
            for column, place, cell in zip(shown.columns, laid.places, cells, strict=True):
                self._cell(page, row, place, cell, column, first_error)
            placed = zip(shown.columns, laid.places, cells, strict=True)
            n_lines = [_lines(cell, widths[place]) for column, place, cell in placed if column.words]
            if max(n_lines, default=1) > 1:
                page.set_row(row, _LINE * max(n_lines))
            row += 1
        for note in shown.notes:
            self._text(page, row, 0, note, italic=True)
            row += 1
        return row

    def _headings(self, page: Worksheet, row: int, shown: Table, laid: _Laid, first_error: int) -> None:
        names = [name for each, n in zip(shown.columns, laid.n_parts, strict=True) for name in self._names(each, n)]
        widths = _padded(_widths(shown, laid), len(names))
        page.set_row(row, _LINE * max(_lines(*pair) for pair in zip(names, widths, strict=False)))
        for number, (column, place, n_parts) in enumerate(zip(shown.columns, laid.places, laid.n_parts, strict=True)):
            told = any(isinstance(row.cells[number], Figure) for row in shown.rows)
            for part, name in enumerate(self._names(column, n_parts)):
                align = "left" if column.words else "right"
                self._text(page, row, place + part, name, bold=True, bottom=1, text_wrap=True, align=align)
                if laid.has_errors and told and not column.words:
                    error = self.language.text("workbook.error", of=name)
                    self._text(page, row, first_error + place + part, error, bold=True, bottom=1, text_wrap=True)

    def _names(self, column: Column, n_parts: int) -> list[str]:
        """Headings of the columns that a column of a table takes: one a number in it."""
        heading = column.name
        low, high = (self.language.text(f"workbook.{end}", of=heading) for end in ("low", "high"))
        ends = list(column.ends or (low, high))
        return {1: [heading], 2: ends}.get(n_parts, [heading, *ends])

    def _cell(self, page: Worksheet, row: int, place: int, cell: str, column: Column, first_error: int) -> None:
        if column.words:
            self._text(page, row, place, cell, text_wrap=True)
        elif isinstance(cell, Figure):
            for part, (text, value, error) in enumerate(cell.parts):
                self._number(page, row, place + part, text, value)
                if isfinite(error):
                    page.write_number(row, first_error + place + part, _scaled(text, error))
        elif cell.isdecimal():
            page.write_number(row, place, int(cell), self.format(num_format="0", align="right"))
        else:
            self._text(page, row, place, cell, align="right")

    def _number(self, page: Worksheet, row: int, place: int, text: str, value: float) -> None:
        if not isfinite(value):
            self._text(page, row, place, text, align="right")
            return
        form, stored = number_format(text, value)
        page.write_number(row, place, stored, self.format(num_format=form, align="right"))

    def _charts(self, page: Worksheet, sheet: Sheet, top: int, laid: _Laid, below: int) -> None:
        shown = next(part for part in sheet.parts if isinstance(part, Table))
        draw = {"fan": self._fan, "channels": self._channels, "bars": self._bars}
        for number, chart in enumerate(sheet.charts):
            drawn = draw[chart.kind](_Drawing(page.get_name(), shown, laid, top + 1 + bool(shown.title)), chart)
            drawn.set_title({"name": _clean(shown.title), "name_font": {"size": 11}})
            drawn.set_size({"width": 760, "height": 360})
            page.insert_chart(below + 1 + 19 * number, 0, drawn)

    def _fan(self, of: _Drawing, chart: Chart) -> Any:
        drawn = self.book.add_chart({"type": "line"})
        for column, (colour, width, dash) in zip(chart.columns, _FAN_LINES, strict=False):
            line = {"color": colour, "width": width, "dash_type": dash}
            for part, name in enumerate(self._names(of.shown.columns[column], of.laid.n_parts[column])):
                drawn.add_series({"name": name, **of.years(column, part), "line": line})
        return self._by_year(drawn)

    def _channels(self, of: _Drawing, chart: Chart) -> Any:
        drawn = self.book.add_chart({"type": "column", "subtype": "stacked"})
        *parts, whole = chart.columns
        for colour, column in zip(_CHART_COLOURS, parts, strict=False):
            (name,) = self._names(of.shown.columns[column], 1)
            drawn.add_series({"name": name, **of.years(column), "fill": {"color": colour}, "gap": 40})
        line = self.book.add_chart({"type": "line"})
        (name,) = self._names(of.shown.columns[whole], 1)
        line.add_series({"name": name, **of.years(whole), "line": {"color": "#1a1a1a", "width": 2.0}})
        drawn.combine(line)
        return self._by_year(drawn)

    @staticmethod
    def _by_year(drawn: Any) -> Any:
        drawn.set_x_axis({"label_position": "low", "num_font": {"size": 9}})
        drawn.set_y_axis({"num_format": "General", "num_font": {"size": 9}})
        drawn.set_legend({"position": "right", "font": {"size": 9}})
        return drawn

    def _bars(self, of: _Drawing, chart: Chart) -> Any:
        drawn = self.book.add_chart({"type": "bar"})
        (column,) = chart.columns
        drawn.add_series({**of.names(column), "fill": {"color": _CHART_COLOURS[0]}, "gap": 40})
        (name,) = self._names(of.shown.columns[column], 1)
        drawn.set_x_axis({"num_format": "0", "name": name, "name_font": {"size": 9, "bold": False}})
        drawn.set_y_axis({"reverse": True, "label_position": "low", "num_font": {"size": 9}})
        drawn.set_legend({"none": True})
        return drawn


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Cells that a chart is of: a table on a sheet, laid out, whose first row is `first`."""

    sheet: str
    shown: Table
    laid: _Laid
    first: int

    def years(self, column: int, part: int = 0) -> dict[str, Any]:
        """Values of a column by year, without rows of sums."""
        return self._cells(column, part, [row.cells[0].isdecimal() for row in self.shown.rows])

    def names(self, column: int) -> dict[str, Any]:
        """Values of a column by the words of the first, without rows that have none."""
        return self._cells(column, 0, [isinstance(row.cells[column], Figure) for row in self.shown.rows])

    def _cells(self, column: int, part: int, drawn: Sequence[bool]) -> dict[str, Any]:
        begin, end = self.first + drawn.index(True), self.first + len(drawn) - 1 - drawn[::-1].index(True)
        place = self.laid.places[column] + part
        return {
            "categories": [self.sheet, begin, 0, end, 0],
            "values": [self.sheet, begin, place, end, place],
        }


@dataclass(frozen=True, slots=True)
class _Laid:
    """Where the columns of a table stand: one a number in their cells.

    Attributes:
        n_parts: columns of the sheet that each takes.
        places: the first of them.
        has_errors: whether any number has a standard error.
    """

    n_parts: tuple[int, ...]
    places: tuple[int, ...]
    has_errors: bool

    @property
    def width(self) -> int:
        """Columns of the sheet in all."""
        return sum(self.n_parts)


def _laid(shown: Table) -> _Laid:
    columns = list(zip(*(row.cells for row in shown.rows), strict=True)) or [()] * len(shown.columns)
    figures = [
        [] if column.words else [cell for cell in cells if isinstance(cell, Figure)]
        for column, cells in zip(shown.columns, columns, strict=True)
    ]
    n_parts = tuple(max((len(cell.parts) for cell in cells), default=1) for cells in figures)
    errors = any(isfinite(error) for cells in figures for cell in cells for _, _, error in cell.parts)
    return _Laid(n_parts, tuple(accumulate((0, *n_parts[:-1]))), errors)


def _widths(shown: Table, laid: _Laid) -> list[float]:
    """Widths of its columns, in characters; of one column of prose none, which takes what there is."""
    if laid.width == 1:
        return [0.0]
    widths = []
    for place, (column, n_parts) in enumerate(zip(shown.columns, laid.n_parts, strict=True)):
        texts = [column.heading, *(row.cells[place] for row in shown.rows)]
        longest = max((_width(line) for text in texts for line in text.split("\n")), default=0)
        widths += [min(longest + 2.0, _WIDEST)] if column.words else [max(longest / n_parts, 11.0) + 1.0] * n_parts
    return widths


def _padded(widths: Sequence[float], length: int) -> list[float]:
    return [*widths, *[0.0] * (length - len(widths))]


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
