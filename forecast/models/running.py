"""The running quarter: how its first months foretell the whole."""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from forecast.draws import Array
from forecast.models.task import Free, Task

RUNNING_YEARS = 20
"""Years whose same calendar quarter the model learns from."""


def running_task(completions: Array, n_months: int) -> Task:
    """The running quarter on `completions`, see `vintage.Vintage`, of which the last may be four quarters old."""
    same = completions[::-1][3::4][:RUNNING_YEARS][::-1]
    seen = f"{len(same)} like quarters after {n_months} of three months"
    return Task("running", seen, partial(running_model, same.T, n_months), _running_rows)


def running_model(completions: Array, n_months: int) -> pm.Model:
    """Log of a quarter over its first months, `(2, n_years)`, bivariate normal around a level of the calendar quarter.

    Months are alike a priori; priors of the spread are wide (judgement).
    """
    with pm.Model(check_bounds=False) as model:
        seen = pm.Data("completions", completions)
        level = pm.Normal("level", np.log(3 / n_months), 0.05, shape=(2, 1))
        log_scale = pm.Normal("log_scale", np.log(0.03), 0.7, shape=(2, 1))
        spill = pm.Normal("spill", 0.0, 0.7)
        error = seen - level
        rest = pt.concatenate([error[:1], error[1:] - spill * error[:1]], axis=0) * pt.exp(-log_scale)
        pm.Potential("errors", (-0.5 * rest**2 - log_scale).sum())
    return model


def _running_rows(free: Free) -> dict[str, Array]:
    scale = np.exp(free["log_scale"])[..., 0]
    factor = np.zeros((len(scale), 2, 2))
    factor[:, 0, 0], factor[:, 1, 1] = scale.T
    factor[:, 1, 0] = free["spill"] * scale[:, 0]
    return {"level": free["level"][..., 0], "noise_factor": factor}
