"""Shocks of several series as the models see them: multivariate Student t with one tail for all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from forecast.draws import Array
from forecast.models.task import Free


def student_shocks(shocks: TensorVariable, scale: TensorVariable, spread: float, freedom: float, k: int = 2) -> None:
    """Likelihood of shocks `(k, n)` as multivariate Student t: `norm(nu) (1 + |z|² / nu)^-((nu + k) / 2) / scales`.

    Each shock is what the earlier ones spill over, and a rest. The scales of the rests have prior medians `scale`
    and logarithms with sd `spread`; what a shock of one scale spills is 0 with sd 0.7 scales of the other; the
    degrees of freedom exceed two, where variance begins to be finite, by `freedom` (median).

    Args:
        shocks: log points; flows, or drivers, are the first axis.
        scale: `(k, 1)`, log points.
        spread, freedom: as above.
        k: number of series.
    """
    log_ratio = pm.Normal("log_shock_scale", 0.0, spread, shape=(k, 1))
    spill = pm.Normal("spill", 0.0, 0.7, shape=(k * (k - 1) // 2, 1))
    nu = 2.0 + pt.exp(pm.Normal("log_freedom_above_two", np.log(freedom), 0.6))
    standard = _rests(shocks / scale, spill, k) * pt.exp(-log_ratio)
    log_density = -0.5 * (nu + k) * pt.log1p((standard**2).sum(axis=0) / nu) - log_ratio.sum()
    if k != 2:  # of two, the normaliser is a constant
        log_density += pt.gammaln(0.5 * (nu + k)) - pt.gammaln(0.5 * nu) - 0.5 * k * pt.log(nu)
    pm.Potential("shocks", log_density.sum())


def _rests(scaled: TensorVariable, spill: TensorVariable, k: int) -> TensorVariable:
    """Shocks in units of their prior scale less what earlier ones spill over, `(k, n)`."""
    rests = [scaled[row : row + 1] for row in range(k)]
    for pair, (earlier, later) in enumerate(combinations(range(k), 2)):
        rests[later] = rests[later] - spill[pair : pair + 1] * scaled[earlier : earlier + 1]
    return pt.concatenate(rests, axis=0)


def shock_rows(free: Free, scale: Array) -> dict[str, Array]:
    """Rows `shock_factor` and `degrees_of_freedom` from the free parameters of `student_shocks`.

    Args:
        free: `log_shock_scale` `(n_rows, k, 1)`, `spill` and `log_freedom_above_two`.
        scale: `(k,)`, prior medians of the scales.
    """
    ratio = np.exp(free["log_shock_scale"])
    factor = ratio * np.eye(len(scale))
    for pair, (earlier, later) in enumerate(combinations(range(len(scale)), 2)):
        factor[:, later] += free["spill"][:, pair] * factor[:, earlier]
    return {
        "shock_factor": factor * np.asarray(scale)[:, None],
        "degrees_of_freedom": 2 + np.exp(free["log_freedom_above_two"]),
    }
