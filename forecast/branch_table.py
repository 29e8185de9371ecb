"""The branches of a mixture in words: how often each was followed, and what it says of the last year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from forecast.draws import LEVERS
from forecast.layout import plain_table, titled
from forecast.numerals import rounded, span
from forecast.palette import LEVER_NAMES
from forecast.summary import quantile_name

if TYPE_CHECKING:
    import pandas as pd

_EFFECTS = {"investment_effect": "Announcements", **{name: words.capitalize() for name, words in LEVER_NAMES.items()}}


def branch_table(branches: pd.DataFrame) -> Group:
    """Share of draws of every branch; surplus, and what announcements and levers do to it, in the last year, by branch.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    last = int(branches["year"].max())
    numbers = branches[branches["year"] == last].set_index(["branch", "series", "statistic"])
    means = numbers["value"].xs("mean", level="statistic").unstack("series")
    effects = [name for name in ("investment_effect", *LEVERS) if name in means and means[name].any()]
    columns = ["Branch", "Share of\ndraws", "Surplus,\nmedian", "Surplus,\n80 % interval"]
    table = plain_table([*columns, *(f"{_EFFECTS[name]},\nmean" for name in effects)])
    table.columns[0].justify = "left"
    for label in means.index:
        rows = numbers.loc[label]
        low, middle, high = (_estimate(rows.loc["trade_balance"], quantile_name(level)) for level in (0.1, 0.5, 0.9))
        interval, share = " to ".join(span([low, high], 0)), f"{100 * rows['share'].iloc[0]:.1f} %"
        added = [rounded(*_estimate(rows.loc[name], "mean"), 2, "+") for name in effects]
        table.add_row(Text(str(label)), share, rounded(*middle, 0), interval, *added)
    return titled(f"By branch, {last}, bn USD a year", table)


def _estimate(statistics: pd.DataFrame, name: str) -> tuple[float, float]:
    value, error = (float(x) for x in statistics[["value", "standard_error"]].loc[name].to_numpy())
    return value, error
