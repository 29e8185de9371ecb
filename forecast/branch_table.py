"""The branches of a mixture in words: how often each was followed, and what it says of the last year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from forecast.layout import plain_table, titled
from forecast.numerals import rounded
from forecast.summary import quantile_name

if TYPE_CHECKING:
    import pandas as pd

End = tuple[float, float]
"""A value and its standard error."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A branch in the last year, bn USD a year.

    Attributes:
        label: its name.
        share: of the draws that follow it.
        year: the last.
        median: of the surplus.
        span: both ends of its 80 % interval.
        effect: mean of what the announcements add.
    """

    label: str
    share: float
    year: int
    median: End
    span: tuple[End, End]
    effect: End


def followed(branches: pd.DataFrame) -> Iterator[Followed]:
    """Every branch that some draw follows, by label.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    last = int(branches["year"].max())
    for label, rows in branches[branches["year"] == last].groupby("branch", sort=True):
        share, numbers = float(rows["share"].iloc[0]), rows.set_index(["series", "statistic"])
        low, median, high = (_end(numbers, "trade_balance", quantile_name(level)) for level in (0.1, 0.5, 0.9))
        yield Followed(str(label), share, last, median, (low, high), _end(numbers, "investment_effect", "mean"))


def _end(numbers: pd.DataFrame, series: str, name: str) -> End:
    value, error = numbers.loc[(series, name), ["value", "standard_error"]].to_numpy()
    return float(value), float(error)


def branch_table(branches: pd.DataFrame) -> Group:
    """Share of draws of every branch; surplus and effect of the announcements in the last year, by branch.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    found = list(followed(branches))
    columns = ["Branch", "Share of\ndraws", "Surplus,\nmedian", "Surplus,\n80 % interval", "Announcements,\nmean"]
    table = plain_table(columns)
    table.columns[0].justify = "left"
    for branch in found:
        span = " to ".join(rounded(*end, 0) for end in branch.span)
        middle, added = rounded(*branch.median, 0), rounded(*branch.effect, 2, "+")
        table.add_row(Text(branch.label), f"{100 * branch.share:.1f} %", middle, span, added)
    return titled(f"By branch, {found[0].year}, bn USD a year", table)
