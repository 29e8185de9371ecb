"""Shocks of two flows as the models see them: bivariate Student t with one tail for both."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from forecast.draws import Array
from forecast.models.task import Free

_SPILL = np.array([[0.0], [1.0]])


def student_shocks(shocks: TensorVariable, scale: float, spread: float, freedom: float) -> None:
    """Likelihood of shocks of two flows, `(2, n)`, as bivariate Student t: `(1 + |z|² / nu)^-(nu / 2 + 1) / scales`.

    The shock of imports is `spill` times that of exports and a rest. The scales of exports and of the rest have prior
    median `scale` and a logarithm with sd `spread`; the degrees of freedom exceed two, where variance begins to be
    finite, by `freedom` (median).
    """
    log_scale = pm.Normal("log_shock_scale", np.log(scale), spread, shape=(2, 1))
    spill = pm.Normal("spill", 0.0, 0.7)
    nu = 2.0 + pt.exp(pm.Normal("log_freedom_above_two", np.log(freedom), 0.6))
    standard = (shocks - spill * _SPILL * shocks[:1]) * pt.exp(-log_scale)
    log_density = -(0.5 * nu + 1.0) * pt.log1p((standard**2).sum(axis=0) / nu) - log_scale.sum()
    pm.Potential("shocks", log_density.sum())


def shock_rows(free: Free) -> dict[str, Array]:
    """Rows `shock_factor` and `degrees_of_freedom` from the free parameters of `student_shocks`."""
    scale = np.exp(free["log_shock_scale"])[..., 0]
    factor = np.zeros((len(scale), 2, 2))
    factor[:, 0, 0], factor[:, 1, 1] = scale.T
    factor[:, 1, 0] = free["spill"] * scale[:, 0]
    return {"shock_factor": factor, "degrees_of_freedom": 2 + np.exp(free["log_freedom_above_two"])}
