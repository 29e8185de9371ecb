"""One model with its data, ready to be fitted, and what every model shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pymc as pm
from numpy.typing import ArrayLike
from pytensor.tensor.variable import TensorVariable

from forecast.draws import Array

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


def given(name: str, values: ArrayLike) -> TensorVariable:
    """Data of the model that is being built, exchangeable for others of the same shape.

    The shape is part of the code: where it could change, compiling takes a sixth longer.
    """
    return pm.Data(name, values, shape=np.shape(values))
