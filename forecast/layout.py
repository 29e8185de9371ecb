"""How tables and numbers on a terminal look: plain, numbers to the right, a title above."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text


def plain_table(headings: Sequence[str]) -> Table:
    """An empty table of right-aligned columns."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right", vertical="bottom", no_wrap=True)
    return table


def titled(title: str, table: Table) -> Group:
    """A table under its title."""
    return Group(Text(title, style="bold"), table)


def short(value: float) -> str:
    """A number with about two digits that count, and a true minus sign.

    >>> short(12.34), short(0.567), short(-0.0123)
    ('12.3', '0.57', '−0.012')
    """
    places = 1 if abs(value) >= 2 else 2 if abs(value) >= 0.1 else 3
    return f"{value:.{places}f}".replace("-", "−")


def shorten(text: str, width: int) -> str:
    """A text cut to `width` characters, with an ellipsis where it was longer.

    >>> shorten("Vehicle capacity to 1.2 m a year", 16)
    'Vehicle capacit…'
    """
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"
