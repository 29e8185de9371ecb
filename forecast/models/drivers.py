"""US output, the won and oil: joint growth with one moving-average term and heavy tails.

The running quarter: how its first months foretell the whole.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm

from forecast.dims import Array
from forecast.models.evidence import DRIVER_QUARTERS, like_quarters
from forecast.models.task import Free, Task, given, normal_shocks, shock_factor, shock_rows, student_shocks
from forecast.observations.series import QuarterlyDrivers
from forecast.quarters import format_quarter

SCALE = np.array([[0.005], [0.035], [0.12]])
"""Prior medians of the scales of shocks of US output, the won and oil, log points a quarter; wide, judgement."""


FREEDOM = 4.0
"""Degrees of freedom of the shocks; left free, they came out at 3.5 with an error of 0.5."""


LAGS = 24
"""Quarters over which a shock is followed back: beyond, it weighs less than a millionth."""


def drivers_task(drivers: QuarterlyDrivers) -> Task:
    """The drivers on their last `DRIVER_QUARTERS` quarters of growth."""
    growth = drivers.growth[-DRIVER_QUARTERS:]
    first = drivers.origin - len(growth) + 1
    seen = f"US output, won and oil {format_quarter(first)}-{format_quarter(drivers.origin)}"
    return Task("drivers", seen, partial(drivers_model, growth.T), partial(_driver_rows, growth, drivers.edge))


def drivers_model(growth: Array) -> pm.Model:
    """Joint log growth of the drivers, `(3, n_quarters)`.

    A mean over a quarter of a price that walks at random by the day has growth that a moving average of 0.27 describes
    (Working 1960, Econometrica 28(4): 916-918); output grows with some momentum. US output grows by 2.5 % a year a
    priori, the won and oil keep their level but for inflation (judgement).
    """
    n_quarters = growth.shape[1]
    ages = np.arange(n_quarters) - np.arange(LAGS)[:, None]
    with pm.Model(check_bounds=False) as model:
        seen = given("lagged", np.where(ages >= 0, growth[:, ages], 0.0))
        drift = pm.Normal("drift", np.array([[0.006], [0.0], [0.003]]), np.array([[0.001], [0.002], [0.004]]))
        moving_average = pm.Normal("moving_average", 0.27, 0.1, shape=(3, 1))
        weights = ((-moving_average) ** np.arange(LAGS))[:, :, None]
        shocks = (weights * (seen - drift[:, :, None] * (ages >= 0))).sum(axis=1)
        student_shocks(shocks, SCALE, 0.5, FREEDOM, k=3)
    return model


def _driver_rows(growth: Array, edge: Array, free: Free) -> dict[str, Array]:
    """Rows; what is carried into the first quarter is the edge where it is known, else the last shock's part."""
    drift, moving_average = free["drift"][..., 0], free["moving_average"][..., 0]
    shock = np.zeros_like(drift)
    for quarter in growth:
        shock = quarter - drift - moving_average * shock
    carried = np.where(edge == 0.0, moving_average * shock, edge)
    return {
        "drift": drift,
        "moving_average": moving_average,
        "carried": carried,
        **shock_rows(free, SCALE[:, 0], FREEDOM),
    }


RUNNING_SCALE = 0.03
"""Prior median of the scales of the errors of both flows, log points."""


def running_task(completions: Array, n_months: int) -> Task:
    """The running quarter on `completions`, see `vintage.Vintage`, of which the last may be four quarters old."""
    same = completions[like_quarters(len(completions))]
    seen = f"{len(same)} like quarters after {n_months} of three months"
    return Task("running", seen, partial(running_model, same.T, n_months), _running_rows)


def running_model(completions: Array, n_months: int) -> pm.Model:
    """Log of a quarter over its first months, `(2, n_years)`, bivariate normal around a level of the calendar quarter.

    Months are alike a priori; priors of the spread are wide (judgement).
    """
    with pm.Model(check_bounds=False) as model:
        seen = given("completions", completions)
        level = pm.Normal("level", np.log(3 / n_months), 0.05, shape=(2, 1))
        normal_shocks(seen - level, RUNNING_SCALE, 0.7)
    return model


def _running_rows(free: Free) -> dict[str, Array]:
    return {"level": free["level"][..., 0], "noise_factor": shock_factor(free, np.full(2, RUNNING_SCALE))}
