"""The branches of a mixture in words: how often each was followed, and what it says of the last year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from forecast.layout import plain_table, titled
from forecast.summary import decimals, quantile_name

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
        ends = [_number(surplus, quantile_name(level), 0) for level in (0.1, 0.9)]
        middle, added = _number(surplus, quantile_name(0.5), 0), _number(effect, "mean", 2, "+")
        table.add_row(Text(str(label)), f"{100 * rows['share'].iloc[0]:.1f} %", middle, " to ".join(ends), added)
    return titled(f"By branch, {last}, bn USD a year", table)


def _number(statistics: pd.DataFrame, name: str, places: int, sign: str = "") -> str:
    value, error = (float(x) for x in statistics.loc[name].to_numpy())
    allowed = min(decimals(error), places)
    return f"{round(value, allowed) + 0.0:{sign}.{allowed}f}".replace("-", "−")
