"""Tables of a user as spreadsheets write them: CSV files with the lines of their rows, and the numbers in their cells.

Commas, semicolons or tabs stand between cells. Text is UTF-8, or CP949 as a spreadsheet on
Korean Windows saves it. Decimals follow a point or a comma, whichever more cells of a column can be read with.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.characters import REORDERING, visible
from forecast.errors import DataError, listed, shortened
from forecast.storage.files import demand_regular

_FIRST_LINES = 20
_ENCODINGS = ("utf-8-sig", "cp949")

DECIMALS = {".": ",", ",": "."}
"""Signs before decimals, and what parts thousands beside each."""

ABSENT = frozenset({"", "-", ".", "..", "...", ":", "na", "n/a", "#n/a", "nan", "null", "none"})
"""Cells that say nothing, in lower case."""


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file.

    Attributes:
        path: of the file.
        headings: of its columns.
        rows: line in the file, from 1, and cells of every row that says anything, as many as headings.
        delimiter: what stands between cells.
    """

    path: Path
    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str

    def records(self) -> list[tuple[int, dict[str, str]]]:
        """Lines of rows, and cells by heading.

        Raises:
            DataError: a heading stands twice.
        """
        twice = sorted({name for name in self.headings if self.headings.count(name) > 1})
        if twice:
            named = listed(shortened(name) or "without a name" for name in twice)
            raise DataError(
                f"{self.path}:1: got the column {named} twice, expected it once; rename or delete the other"
            )
        return [(line, dict(zip(self.headings, cells, strict=True))) for line, cells in self.rows]


def read_table(path: Path, most_bytes: int) -> Table:
    """A CSV file, its cells as they are seen and without blanks around them.

    Args:
        path: of the file.
        most_bytes: that it may have.

    Raises:
        DataError: it cannot be read, is no table, or a row has more or fewer cells than headings; names the line.
    """
    text = _text(path, most_bytes)
    delimiter = delimiter_of(text)
    rows = tuple(_rows(path, text, delimiter))
    if not rows:
        raise DataError(f"{path}: got an empty file, expected a table whose first line names its columns")
    (_, headings), *below = rows
    for line, cells in below:
        if len(cells) != len(headings):
            hint = "; put a number with a comma in quotes" if len(cells) > len(headings) else ""
            expected = f"expected {len(headings)} as in the first line{hint}"
            raise DataError(f"{path}:{line}: got {len(cells)} cells, {expected}")
    return Table(path, headings, tuple(below), delimiter)


def delimiter_of(text: str) -> str:
    r"""What stands between the cells of a table: the sign that most of its first lines hold.

    >>> delimiter_of("month;value\n2026-09;1,5"), delimiter_of("month,value\n2026-09,1.5")
    (';', ',')
    """
    first = text.split("\n", _FIRST_LINES)[:_FIRST_LINES]
    return max(",;\t", key=lambda sign: sum(sign in line for line in first))


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            seen = tuple(" ".join(cell.split()) for cell in cells)
            if any(seen):
                yield begins, seen
            begins = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}:{begins}: {error}, expected comma-separated text") from None


def _text(path: Path, most_bytes: int) -> str:
    """Text of a file as it is seen, with one kind of line end."""
    try:
        demand_regular(path, most_bytes)
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise DataError(f"{path}: got a workbook, expected a CSV file; save its sheet as CSV")
    text = _decoded(path, content)
    if turned := REORDERING.search(text):
        line = text.count("\n", 0, turned.start()) + 1
        raise DataError(f"{path}:{line}: got U+{ord(turned[0]):04X}, which turns the order of writing; delete it")
    if text.lstrip()[:1] == "<":
        raise DataError(f"{path}: got a web page in place of a table, expected a CSV file; download it again")
    return re.sub(r"\r\n?", "\n", visible(text))


def _decoded(path: Path, content: bytes) -> str:
    if b"\0" not in content:
        for encoding in _ENCODINGS:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                last = error
        line = content.count(b"\n", 0, last.start) + 1
        raise DataError(f"{path}:{line}: got bytes that are neither UTF-8 nor CP949, expected text in UTF-8")
    raise DataError(f"{path}: got bytes that are no UTF-8 text, expected a CSV file; save it as CSV in UTF-8")


def decimal_sign(cells: Sequence[str]) -> str:
    """The sign with which more of the cells are numbers; a point where both do.

    >>> decimal_sign(["2,5", "1.234,5"]), decimal_sign(["2.5", "1,234.5"]), decimal_sign(["1,234"])
    (',', '.', '.')
    """
    return max(DECIMALS, key=lambda sign: sum(number(cell, sign) is not None for cell in cells))


def number(text: str, decimal: str) -> float | None:
    """The number a cell holds, 0 for one that says nothing, None for other text; decimals follow the sign `decimal`.

    >>> number("1.234,5", ","), number("2,5", "."), number("1'000", "."), number("-", ".")
    (1234.5, None, 1000.0, 0.0)
    """
    if text.lower() in ABSENT:
        return 0.0
    grouped = rf"\d{{1,3}}(?:(?P<between>[{DECIMALS[decimal]}' _])\d{{3}})(?:(?P=between)\d{{3}})*"
    form = rf"([-+]?(?:{grouped}|\d+)?(?:[{decimal}]\d*)?)([eE][-+]?\d+)?"
    match = re.fullmatch(form, text.replace("\u2212", "-"), re.ASCII)
    if match is None or not any(map(str.isdigit, match[1])):
        return None
    return float(re.sub(rf"[{DECIMALS[decimal]}' _]", "", match[1]).replace(decimal, ".") + (match[3] or ""))


def other_reading(cells: Sequence[str], decimal: str) -> str | None:
    """The first cell that the other sign before decimals reads as another number, where it reads all cells.

    >>> other_reading(["1.234", "7"], "."), other_reading(["1.234", "7.5"], ".")
    ('1.234', None)
    """
    pairs = [(number(cell, decimal), number(cell, DECIMALS[decimal])) for cell in cells]
    if any(other is None for _, other in pairs):
        return None
    return next((cell for cell, (one, other) in zip(cells, pairs, strict=True) if one != other), None)


def two_readings(cell: str, decimal: str) -> str:
    """Words for a cell that can be read in two ways."""
    one, other = (number(cell, sign) for sign in (decimal, DECIMALS[decimal]))
    return f"got {cell!r}, which is {one:.12g} or {other:.12g}; write the numbers without what parts thousands"
