"""Files of agencies as grids of cells: workbooks and CSV files read within bounds, whatever their names end in.

What is no table is refused in words: a page of a web server, a workbook with a password or one that is cut off, one
that would fill the memory when it is unpacked. Only this module reads workbooks.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TypeAlias

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from forecast.errors import DataError, shortened
from forecast.observations.spreadsheets import delimiter_of
from forecast.storage.files import demand_regular, digest

Cell: TypeAlias = "str | float"
"""Text without blanks around it, or a number."""

MOST_BYTES = 2**26
"""Size of a file; the largest of an agency, US imports by end use of all countries, has a thirtieth of it."""

MOST_UNPACKED = 2**28
MOST_CELLS = 4_000_000
"""Sizes of a workbook once it is unpacked, twenty times those of the largest."""

_PLACE = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\br=["'](\d{1,7})["']""")
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet of a workbook, or a CSV file.

    Attributes:
        sheet: name of the sheet; empty for a CSV file.
        rows: cells from the first row and column on, rows of a CSV file as long as they are.
    """

    sheet: str
    rows: tuple[tuple[Cell, ...], ...]

    def at(self, row: int, column: int) -> Cell:
        """The cell of a row and a column counted from 0; an empty text where there is none."""
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else ""

    def place(self, row: int, column: int) -> str:
        """How a spreadsheet names a cell, with its sheet.

        >>> Grid("country", ()).place(0, 27)
        'country!AB1'
        """
        letters, left = "", column + 1
        while left:
            left, letter = divmod(left - 1, 26)
            letters = chr(ord("A") + letter) + letters
        return f"{self.sheet}!{letters}{row + 1}" if self.sheet else f"{letters}{row + 1}"

    def find(self, fits: Callable[[str], object], most_rows: int = 40) -> tuple[int, int] | None:
        """Row and column of the first text among the first rows that fits."""
        for row, cells in enumerate(self.rows[:most_rows]):
            for column, cell in enumerate(cells):
                if isinstance(cell, str) and fits(cell):
                    return row, column
        return None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a file states of a series.

    Attributes:
        table: of the observations it belongs to.
        series: its name there; of products their code.
        period: as its table writes it, such as `2026-09`, `2026Q3` or `2025`.
        value: in the unit of the table.
        step: one unit of the last place that was printed.
        cell: where it stands.
    """

    table: str
    series: str
    period: str
    value: float
    step: float
    cell: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell that makes no sense, and why: what was got and what is accepted."""

    cell: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format says in one grid.

    Attributes:
        publisher: agency whose figures they are.
        figures: in the order of the grid.
        refusals: cells that make no sense; where there are any, no figure counts.
        proof: whether the unit is only known from figures held of the same months.
        extends: whether it only continues series of another publisher, whose figures it does not revise.
    """

    publisher: str
    figures: tuple[Figure, ...]
    refusals: tuple[Refusal, ...] = ()
    proof: bool = False
    extends: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """A file: its grids, and the digest of its bytes."""

    name: str
    sha256: str
    grids: tuple[Grid, ...]


def read_content(path: Path) -> Content:
    """Grids of a workbook or of a CSV file in UTF-8 or CP949.

    Raises:
        DataError: it cannot be read, is too large, or is none; says what it is where that can be told.
    """
    try:
        demand_regular(path, MOST_BYTES)
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        grids = tuple(_grids(content))
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    name = " ".join(path.name.encode("utf-8", "replace").decode("utf-8").split())
    return Content(name, digest(content), grids)


def _grids(content: bytes) -> Iterator[Grid]:
    if content[:4] == b"PK\x03\x04":
        _demand_sound(content)
        yield from _sheets(content)
    elif content[:8] == bytes.fromhex("d0cf11e0a1b11ae1"):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise ValueError("the workbook has a password; save it without one")
        yield from _sheets(content)
    else:
        yield Grid("", tuple(_lines(_decoded(content))))


def _demand_sound(content: bytes) -> None:
    """Unpack a workbook piece by piece, so that one that is cut off or unpacks without end is noticed."""
    unpacked, furthest = 0, [0, 0]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise ValueError("a packed file without a workbook in it; expected XLSX, XLS or CSV")
            for member in archive.infolist():
                if member.flag_bits & 1:
                    raise ValueError("the workbook has a password; save it without one")
                tail = b""
                with archive.open(member) as file:
                    while piece := file.read(2**20):
                        unpacked += len(piece)
                        if unpacked > MOST_UNPACKED:
                            raise ValueError(f"the workbook unpacks to more than {MOST_UNPACKED:,} bytes")
                        _reach(tail + piece, furthest)
                        tail = piece[-256:]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"the workbook is damaged or cut off ({error}); download it again") from None


def _reach(text: bytes, furthest: list[int]) -> None:
    """Note how far the cells of a sheet reach; two far apart would take the memory of all between them."""
    places = _PLACE.findall(text)
    furthest[0] = max(furthest[0], *(int(row) for _, row in places), *map(int, _ROW.findall(text)), 0)
    for letters in {letters for letters, _ in places}:
        column = 0
        for letter in letters:
            column = 26 * column + letter - 64
        furthest[1] = max(furthest[1], column)
    if furthest[0] * furthest[1] > MOST_CELLS:
        raise ValueError(f"a sheet spans {furthest[0]:,} rows and {furthest[1]:,} columns, expected a table")


def _sheets(content: bytes) -> Iterator[Grid]:
    try:
        with _silent(), CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
            sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in visible}
    except PasswordError:
        raise ValueError("the workbook has a password; save it without one") from None
    except (CalamineError, OSError) as error:
        raise ValueError(f"the workbook is damaged ({shortened(str(error))}); download it again") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how the reader says that it has met what cannot be
            raise
        raise ValueError(f"the workbook is damaged ({shortened(str(error))}); download it again") from None
    for name, rows in sheets.items():
        yield Grid(name, tuple(tuple(map(_cell, row)) for row in rows))


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing on the standard error of the process, where the reader prints a stack before it raises."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _cell(value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).strip()
    return float(value)


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError("text in UTF-16, expected UTF-8 or CP949; save it as CSV UTF-8")
    if b"\0" in content[:4096]:
        raise ValueError("neither a workbook nor text; expected XLSX, XLS or CSV")
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.lstrip()[:1] == "<":
            raise ValueError(_page(text))
        return text
    raise ValueError("text in neither UTF-8 nor CP949")


def _page(text: str) -> str:
    """Says what stands in place of a table."""
    title = _TITLE.search(text)
    parser = _Words()
    parser.feed(text[:10_000])
    said = title[1] if title and title[1] else " ".join(parser.words)
    found = (
        f"a web page in place of a table ({shortened(' '.join(said.split()) or 'without words')}); download it again"
    )
    has_table = re.search(r"<td\b", text, re.IGNORECASE)
    return f"{found}, or save it as XLSX from a spreadsheet if the table is in it" if has_table else found


class _Words(HTMLParser):
    """The words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep a piece of text."""
        self.words += data.split()


def _lines(text: str) -> Iterator[tuple[Cell, ...]]:
    try:
        for cells in csv.reader(io.StringIO(text), delimiter=delimiter_of(text), strict=True):
            yield tuple(cell.strip() for cell in cells)
    except csv.Error as error:
        raise ValueError(f"{error}, expected comma-separated text") from None


_NUMBER = re.compile(r"[-+]?(\d{1,18}|\d{1,3}(,\d{3}){1,5})(\.\d*)?")


def amount(cell: Cell) -> float | None:
    """The number of a cell, with or without commas between thousands; None for any other.

    >>> amount("1,234.5"), amount(7.0), amount("(-)"), amount("13301,5")
    (1234.5, 7.0, None, None)
    """
    if isinstance(cell, float):
        return cell
    text = cell.replace("\u2212", "-")
    return float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def in_unit(value: float, scale: float) -> float:
    """An amount in the unit of its table, divided where it gets smaller, since fractions of ten are no binary ones.

    >>> in_unit(8_967_205.0, 1e-3), in_unit(2.0, 1e3)
    (8967.205, 2000.0)
    """
    return value * scale if scale >= 1 else value / round(1 / scale)


def step_of(cell: Cell) -> float:
    """One unit of the last place of a number as it is written.

    >>> step_of("1,234.50"), step_of(15202.0), step_of(0.5)
    (0.01, 1.0, 0.1)
    """
    text = cell if isinstance(cell, str) else f"{cell:.9f}".rstrip("0").rstrip(".")
    return 10.0 ** -len(text.partition(".")[2])


def named_columns(grid: Grid, row: int, expected: Sequence[str]) -> list[Refusal]:
    """Cells of a header that are not those expected in their places."""
    width = max(len(expected), len([cell for cell in grid.rows[row] if cell != ""]))
    return [
        Refusal(grid.place(row, column), f"got {grid.at(row, column)!r}, expected {wanted!r}: the layout has changed")
        for column, wanted in enumerate([*expected, *[""] * (width - len(expected))])
        if str(grid.at(row, column)) != wanted
    ]


_MONTH = re.compile(r"(\d{4})\s*[-./년]\s*(0?[1-9]|1[0-2])\s*월?(?:[-/.]0?1)?")


def month_of(text: str) -> str | None:
    """A month as tables write it, from `2026-09`, `2026.09`, `2026/09`, `2026년 9월` or its first day; else None.

    >>> month_of("2026.09"), month_of("2026년 9월"), month_of("2026-09-01"), month_of("2026")
    ('2026-09', '2026-09', '2026-09', None)
    """
    match = _MONTH.fullmatch(text.strip())
    return f"{match[1]}-{int(match[2]):02d}" if match else None
