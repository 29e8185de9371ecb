"""The branches of a mixture in words: how often each was followed, and what it says of the last year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from forecast.layout import plain_table, titled
from forecast.numerals import rounded, span
from forecast.summary import quantile_name

if TYPE_CHECKING:
    import pandas as pd


def branch_table(branches: pd.DataFrame) -> Group:
    """Share of draws of every branch; surplus and effect of the announcements in the last year, by branch.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    last = int(branches["year"].max())
    columns = ["Branch", "Share of\ndraws", "Surplus,\nmedian", "Surplus,\n80 % interval", "Announcements,\nmean"]
    table = plain_table(columns)
    table.columns[0].justify = "left"
    for label, rows in branches[branches["year"] == last].groupby("branch", sort=True):
        surplus, effect = (
            rows[rows["series"] == series].set_index("statistic")[["value", "standard_error"]]
            for series in ("trade_balance", "investment_effect")
        )
        low, middle, high = (_estimate(surplus, quantile_name(level)) for level in (0.1, 0.5, 0.9))
        interval, added = " to ".join(span([low, high], 0)), rounded(*_estimate(effect, "mean"), 2, "+")
        share = f"{100 * rows['share'].iloc[0]:.1f} %"
        table.add_row(Text(str(label)), share, rounded(*middle, 0), interval, added)
    return titled(f"By branch, {last}, bn USD a year", table)


def _estimate(statistics: pd.DataFrame, name: str) -> tuple[float, float]:
    value, error = (float(x) for x in statistics.loc[name].to_numpy())
    return value, error
