"""Targets to be observed later, and what was predicted of each.

A target is a flow or the balance of one period in one book; of each a whole distribution is frozen and scored, as 99
quantiles.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forecast.dims import BASES, QUARTERLY_SERIES, Array
from forecast.errors import LedgerError, shortened
from forecast.observations.annual import every_year
from forecast.observations.series import census_due, quarterly_trade
from forecast.quarters import format_quarter, parse_quarter
from forecast.results.results import Results
from forecast.stats.quantiles import FINE_LEVELS, quantiles
from forecast.storage.files import read_csv, write_csv

COLUMNS = ("basis", "series", "period", "quantile", "unit", "value")
UNIT = "bn USD"
DECIMALS = 4
"""Of a frozen quantile, so that what is read back is what was written."""


@dataclass(frozen=True, slots=True)
class Target:
    """One number to be observed.

    Attributes:
        basis: one of `dims.BASES`.
        series: one of `dims.QUARTERLY_SERIES`.
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
    annual: NDArray[np.float32],
    years: Sequence[int],
    basis: str,
    quarterly: NDArray[np.float32],
    quarters: Sequence[int],
) -> dict[Target, Array]:
    """Predictions of every near quarter and year of a run, from its draws as they are kept.

    Args:
        annual: draws in the order of `dims.QUARTERLY_SERIES`, `(n_series, n_years, n_draws)`, on `basis`.
        years: calendar years.
        basis: book of the years.
        quarterly: the same by quarter, US Census basis.
        quarters: quarter indices.
    """
    sound = np.isfinite(annual).all(axis=(0, 1)) & np.isfinite(quarterly).all(axis=(0, 1))
    if not sound.any():
        raise LedgerError("got draws of which none is finite, expected a forecast")
    names = (map(format_quarter, quarters), map(str, years))
    quantiles_by_target: dict[Target, Array] = {}
    for book, periods, draws in zip(("us_census", basis), names, (quarterly, annual), strict=True):
        values = quantiles(draws[..., sound], FINE_LEVELS).round(DECIMALS)
        for column, period in enumerate(periods):
            for row, series in enumerate(QUARTERLY_SERIES):
                quantiles_by_target[Target(book, series, period)] = values[:, row, column]
    return quantiles_by_target


def run_predictions(results: Results) -> Predictions:
    """Predictions of a stored run whose draws were kept."""
    draws = results.draws
    annual = np.stack([draws[series].to_numpy() for series in QUARTERLY_SERIES])
    quarterly = np.stack([draws[f"quarterly_{series}"].to_numpy() for series in QUARTERLY_SERIES])
    quarters = [parse_quarter(str(quarter)) for quarter in draws["quarter"].to_numpy()]
    return predictions(annual, draws["year"].to_numpy().tolist(), results.basis, quarterly, quarters)


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
    trade = every_year(target.basis)
    row = int(target.period) - int(trade.years[0])
    column = ("exports", "imports", "trade_balance").index(target.series)
    if not 0 <= row < len(trade.years) or trade.months[row, column] < 12:
        return None
    return float(trade.values[row, column])


def next_release(targets: Iterable[Target]) -> tuple[str, dt.date] | None:
    """The first quarter among targets that is not observed, and the day its US figures are due."""
    waiting = sorted({target.period for target in targets if target.quarterly and observed(target) is None})
    if not waiting:
        return None
    return waiting[0], census_due(3 * parse_quarter(waiting[0]) + 2)


def write_predictions(path: Path, predicted: Predictions) -> None:
    """Write quantiles as CSV, one a row."""
    rows = (
        (target.basis, target.series, target.period, level, UNIT, f"{value:.{DECIMALS}f}")
        for target, values in predicted.items()
        for level, value in zip(FINE_LEVELS, values.tolist(), strict=True)
    )
    write_csv(path, COLUMNS, rows)


def read_predictions(path: Path) -> dict[Target, Array]:
    """Predictions as `write_predictions` left them.

    Raises:
        OSError: the file cannot be read.
        ValueError, LookupError: it holds none.
    """
    values_by_target: dict[Target, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in read_csv(file):
            target = Target(row["basis"], row["series"], row["period"])
            values_by_target.setdefault(target, []).append(float(row["value"]))
    if not values_by_target:
        raise ValueError("got no quantiles")
    for target, values in values_by_target.items():
        _demand_prediction(target, values)
    return {target: np.array(values) for target, values in values_by_target.items()}


def _demand_prediction(target: Target, values: Sequence[float]) -> None:
    """Refuse what `write_predictions` does not write.

    Raises:
        ValueError: it is no prediction of a period of some trade, or its quantiles fall.
    """
    first = parse_quarter(target.period) if target.quarterly else int(target.period)
    if first < 0 or target.basis not in BASES or target.series not in QUARTERLY_SERIES:
        raise ValueError(f"got {shortened(f'{target.basis}, {target.series}, {target.period}')}")
    if len(values) != len(FINE_LEVELS) or not np.isfinite(values).all() or (np.diff(values) < 0).any():
        raise ValueError(f"{target.period}: got {len(values)} quantiles, expected {len(FINE_LEVELS)} that rise")
