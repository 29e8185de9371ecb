"""The running quarter: how its first months foretell the whole."""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm

from forecast.draws import Array
from forecast.models.evidence import like_quarters
from forecast.models.shocks import normal_shocks, shock_factor
from forecast.models.task import Free, Task, given

SCALE = 0.03
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
        normal_shocks(seen - level, SCALE, 0.7)
    return model


def _running_rows(free: Free) -> dict[str, Array]:
    return {"level": free["level"][..., 0], "noise_factor": shock_factor(free, np.full(2, SCALE))}
