"""A table of results as one value, and its printers for a terminal and for Markdown; pages have a template for it.

A terminal never cuts a table: columns of words fold, columns of numbers stay whole, and a table whose numbers need more
room than there is runs over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable


LEAST_WORDS = 20
"""Characters that a column of words keeps at least, where it has as many: narrower ones are hard to read."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: words to the left, which may be folded; or numbers to the right, which may not.

    Attributes:
        heading: with line breaks where a terminal breaks it.
        words: whether its cells are words.
    """

    heading: str
    words: bool = False


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


def plain_spaces(text: str) -> str:
    """A text with ordinary spaces, so that a terminal may break its lines at any of them."""
    return text.replace("\u00a0", " ")


Part: TypeAlias = "Table | RenderableType"
"""What can be shown on a terminal: a table, a paragraph, or anything that `rich` prints."""


def show(console: Console, *parts: Part) -> None:
    """Print tables and paragraphs on a terminal."""
    from rich.text import Text

    for part in parts:
        if isinstance(part, Table):
            _show_table(console, part)
        else:
            console.print(Text(plain_spaces(part)) if isinstance(part, str) else part)


def _show_table(console: Console, shown: Table) -> None:
    """Print a table on as many columns as there are, or as its numbers need."""
    from rich.measure import Measurement
    from rich.text import Text

    drawn, width = _drawn(shown), console.width
    unbound = console.options.update(max_width=10_000)
    console.width = max(width, Measurement.get(console, unbound, drawn).minimum)
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
    from rich.cells import cell_len
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    n_lines = max(column.heading.count("\n") for column in shown.columns)
    for place, column in enumerate(shown.columns):
        lines = [*column.heading.split("\n"), *(row.cells[place] for row in shown.rows)]
        blank = "\n" * (n_lines - column.heading.count("\n"))  # headings stand at the foot, cells at the top
        drawn.add_column(
            Text(plain_spaces(blank + column.heading)),
            justify="left" if column.words else "right",
            overflow="fold",
            no_wrap=not column.words,
            min_width=min(max(map(cell_len, lines)), LEAST_WORDS) if column.words else max(map(cell_len, lines)),
        )
    for row in shown.rows:
        if row.apart:
            drawn.add_section()
        drawn.add_row(*(Text(plain_spaces(cell)) for cell in row.cells))
    return drawn


def markdown(shown: Table) -> str:
    """The rows of a table in Markdown; its title belongs to the page around it."""
    headings = [" ".join(column.heading.split("\n")) for column in shown.columns]
    rule = ["---" if column.words else "---:" for column in shown.columns]
    lines = [headings, rule, *(row.cells for row in shown.rows)]
    return plain_spaces("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
