"""Trade without new investment: joint growth of exports and imports."""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor.variable import TensorVariable

from forecast.draws import Array
from forecast.models.evidence import BASELINE_QUARTERS
from forecast.models.shocks import shock_rows, student_shocks
from forecast.models.task import Free, Task, draw_last
from forecast.observations import QuarterlyTrade
from forecast.processes import baseline_shocks
from forecast.quarters import format_quarter

_SEASONS = np.array([[1, -1, 0, 0], [0, 0, 1, -1], [0.5**0.5, 0.5**0.5, -(0.5**0.5), -(0.5**0.5)]]) / 2**0.5
"""Orthonormal contrasts of the calendar quarters: seasonal effects sum to zero and have one prior."""


def baseline_task(trade: QuarterlyTrade) -> Task:
    """The baseline on the last `BASELINE_QUARTERS` quarters of growth."""
    history = np.log(np.column_stack([trade.exports, trade.imports]))[-BASELINE_QUARTERS - 1 :]
    first = trade.origin - len(history) + 2
    seen = f"quarterly trade {format_quarter(first)}-{format_quarter(trade.origin)}, US Census basis"
    build = partial(baseline_model, history.T, (first + np.arange(len(history) - 1)) % 4)
    return Task("baseline", seen, build, partial(_baseline_rows, history, first))


def baseline_model(history: Array, quarters: NDArray[np.int64]) -> pm.Model:
    """Joint log growth of exports and imports, US Census basis.

    A priori both flows grow by 4 % a year, about as nominal US demand, exports are half as large again as imports in
    equilibrium, and each flow closes the gap at 1 to 5 % a quarter. How much of a shock comes back, and the scale and
    tail of shocks, have priors centred where the rolling-origin score from 2006 to 2025 was best.

    Args:
        history: `(2, n_quarters + 1)` log bn USD a quarter.
        quarters: `(n_quarters,)` calendar quarter 0..3 of `history[:, 1:]`.
    """
    with pm.Model(check_bounds=False) as model:
        growth = pm.Data("growth", np.diff(history))
        gap = pm.Data("gap", history[0, :-1] - history[1, :-1])
        contrasts = pm.Data("contrasts", _SEASONS[:, quarters])
        drift = pm.Normal("drift", 0.01, 0.003, shape=(2, 1))
        season = pm.Normal("season", 0.0, 0.05, shape=(2, 3))
        moving_average = pm.Normal("moving_average", -0.4, 0.08, shape=(2, 1))
        log_adjustment = pm.Normal("log_adjustment", np.log(0.02), 0.5, shape=(2, 1))
        ratio = pm.Normal("ratio", 0.4, 0.15)
        pull = pt.exp(log_adjustment) * np.array([[-1.0], [1.0]])
        seasonal = (season[:, :, None] * contrasts).sum(axis=1)
        moved = growth - drift - seasonal - pull * (gap - ratio)
        student_shocks(_unmoved(moved, moving_average, len(quarters)), scale=0.05, spread=0.2, freedom=30.0)
    return model


def _baseline_rows(history: Array, first_quarter: int, free: Free) -> dict[str, Array]:
    rows = {
        "drift": free["drift"][..., 0],
        "season": np.swapaxes(free["season"] @ _SEASONS, 1, 2),
        "moving_average": free["moving_average"][..., 0],
        "adjustment": np.exp(free["log_adjustment"])[..., 0],
        "ratio": free["ratio"],
        **shock_rows(free),
    }
    shocks = baseline_shocks(draw_last(rows), history, first_quarter)
    return {**rows, "last_shock": shocks[-1].T}


def _unmoved(moved: TensorVariable, moving_average: TensorVariable, n_quarters: int) -> TensorVariable:
    """Shocks e of e[t] + moving_average * e[t-1] = moved[t], `(2, n_quarters)`, with nothing before the first."""
    age = np.subtract.outer(np.arange(n_quarters), np.arange(n_quarters))
    weights = (-moving_average[:, None]) ** np.maximum(age, 0) * (age >= 0)
    return (weights * moved[:, None]).sum(axis=-1)
