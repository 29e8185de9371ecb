"""The branches of a mixture in words: how often each was followed, and what it says of the last year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from forecast.layout import plain_table, titled
from forecast.numerals import rounded, span
from forecast.palette import LEVER_NAMES
from forecast.summary import quantile_name

if TYPE_CHECKING:
    import pandas as pd

_EFFECTS = {"investment_effect": "Announcements", **{name: words.capitalize() for name, words in LEVER_NAMES.items()}}

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
        effects: mean of what announcements and levers add, by series: those that add anything in some branch.
    """

    label: str
    share: float
    year: int
    median: End
    span: tuple[End, End]
    effects: Mapping[str, End]


def followed(branches: pd.DataFrame) -> Iterator[Followed]:
    """Every branch that some draw follows, by label.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    last = int(branches["year"].max())
    numbers = branches[branches["year"] == last].set_index(["branch", "series", "statistic"])
    means = numbers["value"].xs("mean", level="statistic").unstack("series")
    moving = [name for name in _EFFECTS if name in means and means[name].any()]
    for label in means.index:
        rows = numbers.loc[label]
        low, median, high = (_end(rows, "trade_balance", quantile_name(level)) for level in (0.1, 0.5, 0.9))
        effects = {name: _end(rows, name, "mean") for name in moving}
        yield Followed(str(label), float(rows["share"].iloc[0]), last, median, (low, high), effects)


def _end(numbers: pd.DataFrame, series: str, name: str) -> End:
    value, error = numbers.loc[(series, name), ["value", "standard_error"]].to_numpy()
    return float(value), float(error)


def branch_table(branches: pd.DataFrame) -> Group:
    """Share of draws of every branch; surplus, and what announcements and levers do to it, in the last year, by branch.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    found = list(followed(branches))
    columns = ["Branch", "Share of\ndraws", "Surplus,\nmedian", "Surplus,\n80 % interval"]
    table = plain_table([*columns, *(f"{_EFFECTS[name]},\nmean" for name in found[0].effects)])
    table.columns[0].justify = "left"
    for branch in found:
        interval, middle = " to ".join(span(branch.span, 0)), rounded(*branch.median, 0)
        added = [rounded(*mean, 2, "+") for mean in branch.effects.values()]
        table.add_row(Text(branch.label), f"{100 * branch.share:.1f} %", middle, interval, *added)
    return titled(f"By branch, {found[0].year}, bn USD a year", table)
