"""One model with its data, ready to be fitted, and what every model shares.

Shocks of several series as the models see them: normal, or multivariate Student t with one tail for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeAlias

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import ArrayLike
from pytensor.tensor.variable import TensorVariable

from forecast.dims import Array

Free: TypeAlias = Mapping[str, Array]
"""Free parameters by name, `(n_rows, ...)`."""


@dataclass(frozen=True, slots=True)
class Task:
    """One model with its data.

    Attributes:
        name: its group in the posterior.
        data: what it sees, in words.
        build: makes the PyMC model.
        rows: turns free parameters into the rows of `processes`, `(n_rows, ...)`.
        states: by name, how the prior draws a free parameter that follows from the others by the model's equation.
    """

    name: str
    data: str
    build: Callable[[], pm.Model]
    rows: Callable[[Free], dict[str, Array]]
    states: Mapping[str, Callable[[Free, np.random.Generator], Array]] = field(default_factory=dict)


def draw_last(rows: Mapping[str, Array]) -> dict[str, Array]:
    """Rows with the axis of rows moved from first to last, as `processes` takes them."""
    return {name: np.moveaxis(values, 0, -1) for name, values in rows.items()}


def model_data(name: str, values: ArrayLike) -> TensorVariable:
    """Data of the model that is being built, exchangeable for others of the same shape.

    The shape is part of the code: where it could change, compiling takes a sixth longer.
    """
    return pm.Data(name, values, shape=np.shape(values))


def free_tail(freedom: float) -> TensorVariable:
    """Degrees of freedom to learn: above two, where variance begins to be finite, by `freedom` (prior median)."""
    return 2.0 + pt.exp(pm.Normal("log_freedom_above_two", np.log(freedom), 0.6))


def student_shocks(
    shocks: TensorVariable,
    scale: TensorVariable,
    spread: float,
    nu: TensorVariable | float,
    k: int = 2,
    weights: TensorVariable | float = 1.0,
) -> None:
    """Likelihood of shocks `(k, n)` as multivariate Student t: `(1 + |z|² / nu)^-((nu + k) / 2) / scales`.

    Left out is a factor that depends on `nu` alone unless there are two series: of three, `nu` must be a number.

    Args:
        shocks: log points; flows, or drivers, are the first axis.
        scale: `(k, 1)`, log points.
        spread: sd of the logarithm of scales.
        nu: degrees of freedom, from `free_tail` or a number.
        k: number of series.
        weights: of the shocks, `(n,)`: the power that each one's density is raised to.
    """
    standard, log_ratio = _standardised(shocks / scale, spread, k)
    log_density = -0.5 * (nu + k) * pt.log1p((standard**2).sum(axis=0) / nu) - log_ratio.sum()
    pm.Potential("shocks", (weights * log_density).sum())


def normal_shocks(shocks: TensorVariable, scale: float, spread: float) -> None:
    """Likelihood of shocks `(2, n)` as bivariate normal, with one prior median of both scales; else as above."""
    standard, log_ratio = _standardised(shocks / scale, spread, 2)
    pm.Potential("shocks", (-0.5 * standard**2 - log_ratio).sum())


def _standardised(scaled: TensorVariable, spread: float, k: int) -> tuple[TensorVariable, TensorVariable]:
    """Shocks in units of their scale, `(k, n)`, and the logs of scales over their prior medians, `(k, 1)`.

    Each shock is what the earlier ones spill over, and a rest. The scales of the rests have logarithms with sd
    `spread`; what a shock of one scale spills is 0 with sd 0.7 scales of the other.
    """
    log_ratio = pm.Normal("log_shock_scale", 0.0, spread, shape=(k, 1))
    spill = pm.Normal("spill", 0.0, 0.7, shape=(k * (k - 1) // 2, 1))
    return _rests(scaled, spill, k) * pt.exp(-log_ratio), log_ratio


def _rests(scaled: TensorVariable, spill: TensorVariable, k: int) -> TensorVariable:
    """Shocks in units of their prior scale less what earlier ones spill over, `(k, n)`."""
    places = np.zeros((k * (k - 1) // 2, k, k))
    for pair, (earlier, later) in enumerate(combinations(range(k), 2)):
        places[pair, later, earlier] = 1.0
    spilt = pt.dot(spill.T, places.reshape(len(places), -1)).reshape((k, k))
    return scaled - pt.dot(spilt, scaled)


def shock_rows(free: Free, scale: Array, nu: float | None = None) -> dict[str, Array]:
    """Rows `shock_factor` and `degrees_of_freedom` from the free parameters of `student_shocks`.

    Args:
        free: as `shock_factor` takes them, and `log_freedom_above_two` of `free_tail`.
        scale: `(k,)`, prior medians of the scales.
        nu: degrees of freedom where they are a number.
    """
    factor = shock_factor(free, scale)
    freedom = 2 + np.exp(free["log_freedom_above_two"]) if nu is None else np.full(len(factor), nu)
    return {"shock_factor": factor, "degrees_of_freedom": freedom}


def shock_factor(free: Free, scale: Array) -> Array:
    """Lower Cholesky factor of the scale of shocks, `(n_rows, k, k)`.

    Args:
        free: `log_shock_scale` `(n_rows, k, 1)` and `spill`.
        scale: `(k,)`, prior medians of the scales.
    """
    factor = np.exp(free["log_shock_scale"]) * np.eye(len(scale))
    for pair, (earlier, later) in enumerate(combinations(range(len(scale)), 2)):
        factor[:, later] += free["spill"][:, pair] * factor[:, earlier]
    return np.asarray(factor * np.asarray(scale)[:, None])
