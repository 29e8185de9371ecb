"""A table of results as one value, and its printers for a terminal and for Markdown; pages have a template for it.

No table is ever cut: columns of words fold, and columns of numbers stay whole. A table whose numbers need more room
than there is goes on below on a terminal, with its first columns again; in a file or pipe it runs over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, TypeAlias

from forecast.catalogue import one_line
from forecast.characters import plain_spaces

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable


LEAST_WORDS = 12
"""Characters that a column of words keeps at least, where it has as many: narrower ones are hard to read."""

_BETWEEN = 2
"""Characters between a column and the next."""


class Figure(str):
    """A cell that tells numbers: its text as printed, and behind it each number exactly.

    It is the text wherever a table is printed; a workbook takes the numbers.

    Attributes:
        parts: text, value and standard error of each number told, such as both ends of an interval; values are in the
            unit of the text, percent where it is in percent. An error that is not known, or is none, is nan.

    >>> figure("−36.6 to −14.0", ("−36.6", -36.61, 0.1), ("−14.0", -14.02, 0.04)).parts[1]
    ('−14.0', -14.02, 0.04)
    """

    parts: tuple[tuple[str, float, float], ...]


def figure(text: str, *parts: tuple[str, float, float]) -> Figure:
    """A cell with the numbers that it tells, see `Figure`."""
    cell = Figure(text)
    cell.parts = parts
    return cell


def stated(cell: Figure) -> Figure:
    """The same cell of numbers that were observed or stated, which have no Monte Carlo error."""
    return figure(cell, *((text, value, nan) for text, value, _ in cell.parts))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: words to the left, which may be folded; or numbers to the right, which may not.

    Attributes:
        heading: with line breaks where a terminal breaks it.
        words: whether its cells are words.
        ends: names of the two numbers that each of its cells tells, where these are no ends of an interval.
    """

    heading: str
    words: bool = False
    ends: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """The heading in one line."""
        return one_line(self.heading)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a row.

    Attributes:
        cells: one a column, as printed.
        run: place of the scenario the row is of, on a page that shows several.
        apart: whether it is set off from the row above.
    """

    cells: tuple[str, ...]
    run: int | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed, in the words of one language.

    Attributes:
        title: what is shown, with unit and basis; empty where the first heading says it.
        notes: sentences below it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def table(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Row | Sequence[str]],
    *,
    words: int = 0,
    notes: Sequence[str] = (),
) -> Table:
    """A table whose first columns, `words` of them, hold words, and the others numbers."""
    columns = tuple(Column(heading, index < words) for index, heading in enumerate(headings))
    return Table(title, columns, tuple(row if isinstance(row, Row) else Row(tuple(row)) for row in rows), tuple(notes))


Part: TypeAlias = "Table | RenderableType"
"""What can be shown on a terminal: a table, a paragraph, or anything that `rich` prints."""


def show(console: Console, *parts: Part) -> None:
    """Print tables and paragraphs on a terminal."""
    from rich.text import Text

    for part in parts:
        if isinstance(part, Table):
            for panel in _panels(part, console.width) if console.is_terminal else [part]:
                _show_table(console, panel)
        else:
            console.print(Text(plain_spaces(part)) if isinstance(part, str) else part)


def _panels(shown: Table, width: int) -> list[Table]:
    """A table in as many parts as its numbers need to fit a width; each begins with the columns of words, or the first.

    The title stands over the first and the notes below the last.
    """
    n_lead = max(next((i for i, column in enumerate(shown.columns) if not column.words), len(shown.columns)), 1)
    needed = [_least_width(shown, place) + _BETWEEN for place in range(len(shown.columns))]
    groups: list[list[int]] = [[]]
    for place in range(n_lead, len(shown.columns)):
        if groups[-1] and sum(needed[:n_lead]) + sum(needed[other] for other in (*groups[-1], place)) > width:
            groups.append([])
        groups[-1].append(place)
    return [
        replace(
            _with_columns(shown, [*range(n_lead), *group]),
            title=shown.title if group is groups[0] else "",
            notes=shown.notes if group is groups[-1] else (),
        )
        for group in groups
    ]


def _with_columns(shown: Table, places: Sequence[int]) -> Table:
    rows = (replace(row, cells=tuple(row.cells[place] for place in places)) for row in shown.rows)
    return replace(shown, columns=tuple(shown.columns[place] for place in places), rows=tuple(rows))


def _least_width(shown: Table, place: int) -> int:
    """Characters a column needs at least."""
    from rich.cells import cell_len

    column = shown.columns[place]
    widest = max(map(cell_len, [*column.heading.split("\n"), *(row.cells[place] for row in shown.rows)]))
    return min(widest, LEAST_WORDS) if column.words else widest


def _narrowest(shown: Table) -> int:
    """Characters a table needs at least."""
    return sum(_least_width(shown, place) + _BETWEEN for place in range(len(shown.columns)))


def _show_table(console: Console, shown: Table) -> None:
    """Print a table on as many columns as there are, or as its numbers need, and in a file its longest words too."""
    from rich.measure import Measurement
    from rich.text import Text

    drawn, width = _drawn(shown), console.width
    unbound = console.options.update(max_width=10_000)
    whole = Measurement.get(console, unbound, drawn).minimum
    console.width = max(width, _narrowest(shown) if console.is_terminal else whole)
    try:
        if shown.title:
            console.print(Text(plain_spaces(shown.title), style="bold"))
        console.print(drawn)
        for note in shown.notes:
            console.print(Text(f"{plain_spaces(note)}\n"))
    finally:
        console.width = width


def _drawn(shown: Table) -> RichTable:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    n_lines = max(column.heading.count("\n") for column in shown.columns)
    for place, column in enumerate(shown.columns):
        blank = "\n" * (n_lines - column.heading.count("\n"))  # headings stand at the foot, cells at the top
        drawn.add_column(
            Text(plain_spaces(blank + column.heading)),
            justify="left" if column.words else "right",
            overflow="fold",
            no_wrap=not column.words,
            min_width=_least_width(shown, place),
        )
    for row in shown.rows:
        if row.apart:
            drawn.add_section()
        drawn.add_row(*(Text(plain_spaces(cell)) for cell in row.cells))
    return drawn


def markdown_text(text: str) -> str:
    r"""A text of a stranger in one line of Markdown, in which it shows as it is and marks nothing up.

    >>> markdown_text("<b>R&D</b> at 5 * 2, AVX512_ICL")
    '\\<b\\>R&D\\</b\\> at 5 \\* 2, AVX512_ICL'
    """
    marks = r"[\\`*\[\]<>#|~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)"
    return re.sub(marks, lambda mark: f"\\{mark[0]}", " ".join(text.split()))


def markdown(shown: Table) -> str:
    """The rows of a table in Markdown; its title belongs to the page around it."""
    headings = [column.name for column in shown.columns]
    rule = ["---" if column.words else "---:" for column in shown.columns]
    lines = [headings, rule, *(row.cells for row in shown.rows)]
    return plain_spaces("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
