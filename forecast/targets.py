"""What a run predicts that will one day be observed: a flow or the balance of one period in one book.

A whole distribution of each, 99 quantiles, is what the ledger freezes and scores.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from forecast.annual import every_year
from forecast.draws import QUARTERLY_SERIES, Array
from forecast.quantiles import FINE_LEVELS, quantiles
from forecast.quarters import format_quarter, parse_quarter
from forecast.series import quarterly_trade

COLUMNS = ("basis", "series", "period", "quantile", "unit", "value")
UNIT = "bn USD"

CENSUS_LAG = dt.timedelta(days=35)
"""From the end of a month to the release of its trade by the US Census Bureau, about five weeks."""

DECIMALS = 4
"""Of a frozen quantile, so that what is read back is what was written."""


@dataclass(frozen=True, slots=True)
class Target:
    """One number to be observed.

    Attributes:
        basis: one of `draws.BASES`.
        series: one of `draws.QUARTERLY_SERIES`.
        period: a year as `2026` or a quarter as `2026Q3`.
    """

    basis: str
    series: str
    period: str

    @property
    def quarterly(self) -> bool:
        """Whether the period is a quarter."""
        return "Q" in self.period


Predictions: TypeAlias = Mapping[Target, Array]
"""Quantiles at `FINE_LEVELS`, `(n_levels,)`, bn USD over the period, by target."""


def predictions(
    annual: Array, years: Sequence[int], basis: str, quarterly: Array, quarters: Sequence[int]
) -> dict[Target, Array]:
    """Predictions of every near quarter and year of a run, from draws at the precision in which runs keep them.

    Args:
        annual: draws in the order of `draws.QUARTERLY_SERIES`, `(n_series, n_years, n_draws)`, on `basis`.
        years: calendar years.
        basis: book of the years.
        quarterly: the same by quarter, US Census basis.
        quarters: quarter indices.
    """
    sound = np.isfinite(annual).all(axis=(0, 1)) & np.isfinite(quarterly).all(axis=(0, 1))
    names = (map(format_quarter, quarters), map(str, years))
    found: dict[Target, Array] = {}
    for book, periods, draws in zip(("us_census", basis), names, (quarterly, annual), strict=True):
        stored = draws.astype(np.float32).astype(np.float64)
        values = quantiles(stored[..., sound], FINE_LEVELS).round(DECIMALS)
        for column, period in enumerate(periods):
            for row, series in enumerate(QUARTERLY_SERIES):
                found[Target(book, series, period)] = values[:, row, column]
    return found


def observed(target: Target) -> float | None:
    """The outcome in the installed data, bn USD over the period; None where they do not hold it in whole."""
    return _observed_quarter(target) if target.quarterly else _observed_year(target)


def _observed_quarter(target: Target) -> float | None:
    trade = quarterly_trade()
    row = parse_quarter(target.period) - trade.first_quarter
    if not 0 <= row < len(trade.exports):
        return None
    exports, imports = float(trade.exports[row]), float(trade.imports[row])
    return {"trade_balance": exports - imports, "exports": exports, "imports": imports}[target.series]


def _observed_year(target: Target) -> float | None:
    seen = every_year(target.basis)
    row = int(target.period) - int(seen.years[0])
    column = ("exports", "imports", "trade_balance").index(target.series)
    if not 0 <= row < len(seen.years) or seen.months[row, column] < 12:
        return None
    return float(seen.values[row, column])


def next_release(targets: Iterable[Target]) -> tuple[str, dt.date] | None:
    """The first quarter among targets that is not observed, and the day its US figures are due."""
    waiting = sorted({target.period for target in targets if target.quarterly and observed(target) is None})
    if not waiting:
        return None
    year, quarter = divmod(parse_quarter(waiting[0]) + 1, 4)
    return waiting[0], dt.date(year, 3 * quarter + 1, 1) - dt.timedelta(days=1) + CENSUS_LAG


def write_predictions(path: Path, predicted: Predictions) -> None:
    """Write quantiles as CSV, one a row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for target, values in predicted.items():
            for level, value in zip(FINE_LEVELS, values.tolist(), strict=True):
                row = (target.basis, target.series, target.period, level, UNIT, f"{value:.{DECIMALS}f}")
                writer.writerow(row)


def read_predictions(path: Path) -> dict[Target, Array]:
    """What `write_predictions` wrote."""
    found: dict[Target, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(Target(row["basis"], row["series"], row["period"]), []).append(float(row["value"]))
    return {target: np.array(values) for target, values in found.items()}
