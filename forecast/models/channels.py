"""The sector coefficients: priors of each industry met by aggregate evidence on the plants of the wave.

A coefficient is the quantile function of its prior at the standard normal level of a free parameter, so that every law
of `sectors.yaml` enters alike and no evidence gives back the prior.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor.variable import TensorVariable
from scipy.special import ndtr

from forecast.dims import Array
from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.models.evidence import Reading, Wave, bottom_up, load_readings, touched
from forecast.models.task import Free, Task
from forecast.stats.distributions import Law, Normal, Truncated

KNOTS = np.linspace(-6.0, 6.0, 241)
"""Standard normal levels at which quantile functions are tabulated; between them they are taken as straight."""


Prediction: TypeAlias = Callable[[TensorVariable, TensorVariable], list[TensorVariable]]
"""Predicted readings from the coefficients that evidence touches and the remainders."""


_HALF_NORMAL = Truncated(Normal(0.0, 1.0), low=0.0)


def sector_task(wave: Wave, readings: Sequence[Reading], invested: float, prior: Array) -> Task:
    """Sector coefficients on aggregate evidence.

    Args:
        wave: the plants that the evidence speaks of.
        readings: the evidence, any of `load_readings`; with none of it, rows are draws from the prior.
        invested: gross Korean direct investment in the US in 2021-24, bn USD.
        prior: joint prior rows `(n_rows, n_sectors, n_coefficients)`; coefficients without evidence keep them.
    """
    rows, columns = touched(wave)
    laws = [load_sectors()[SECTORS[row]][COEFFICIENTS[column]].law for row, column in zip(rows, columns, strict=True)]
    tables = quantile_tables(laws)
    scales = np.array([[reading.remainder] for reading in load_readings()])
    beyond = scales * quantile_tables([_HALF_NORMAL])
    place = np.ravel_multi_index((rows, columns), prior.shape[1:])
    values, errors = (np.array([getattr(reading, name) for reading in readings]) for name in ("value", "error"))
    predict = partial(_predictions, wave, readings, invested, prior[0], place)
    return Task(
        name="sectors",
        data=f"{len(readings)} aggregates, {len(wave.ids)} plants of the wave of 2020-25",
        build=partial(channel_model, tables, beyond, predict, values, errors),
        rows=partial(_sector_rows, prior, place, tables, beyond),
        states={"level": partial(_prior_levels, prior, place, tables)},
    )


def channel_model(tables: Array, beyond: Array, predict: Prediction, values: Array, errors: Array) -> pm.Model:
    """Coefficients and remainders, a priori independent, seen through sums of them with normal error.

    Args:
        tables: quantiles of each coefficient at `KNOTS`, `(n_coefficients, n_knots)`.
        beyond: quantiles of each remainder at `KNOTS`, `(n_remainders, n_knots)`.
        predict: what coefficients and remainders say of the readings.
        values, errors: readings and their standard deviations, `(n_readings,)`; of no length without evidence.
    """
    with pm.Model(check_bounds=False) as model:
        level = pm.Normal("level", 0.0, 1.0, shape=len(tables))
        remainder_level = pm.Normal("remainder_level", 0.0, 1.0, shape=len(beyond))
        predicted = predict(quantiles(level, tables), quantiles(remainder_level, beyond))
        if len(values):
            pm.Normal("reading", pt.stack(predicted), errors, observed=values)
    return model


def quantile_tables(laws: Sequence[Law]) -> Array:
    """Quantiles of laws at the levels `KNOTS`, `(n_laws, n_knots)`."""
    return np.array([law.ppf(ndtr(KNOTS)) for law in laws])


def quantiles(level: TensorVariable, tables: Array) -> TensorVariable:
    """Quantile of each law at its own standard normal level, `(n_laws,)`, straight between knots."""
    n_laws, n_knots = tables.shape
    position = (level.clip(KNOTS[0], KNOTS[-1]) - KNOTS[0]) / (KNOTS[1] - KNOTS[0])
    knot = pt.floor(position).astype("int64").clip(0, n_knots - 2)
    index = knot + n_knots * np.arange(n_laws)
    flat = pt.as_tensor(tables.ravel())
    return flat[index] + (position - knot) * (flat[index + 1] - flat[index])


def _predictions(
    wave: Wave,
    readings: Sequence[Reading],
    invested: float,
    untouched: Array,
    place: NDArray[np.int64],
    coefficients: TensorVariable,
    remainders: TensorVariable,
) -> list[TensorVariable]:
    matrix = pt.set_subtensor(pt.as_tensor(untouched.ravel())[place], coefficients).reshape((*untouched.shape, 1))
    known = [reading.id for reading in load_readings()]
    explained = bottom_up(wave, matrix, readings, invested)
    return [part[0] + remainders[known.index(reading.id)] for part, reading in zip(explained, readings, strict=True)]


def _sector_rows(prior: Array, place: NDArray[np.int64], tables: Array, beyond: Array, free: Free) -> dict[str, Array]:
    """Prior rows in their order, each taken equally often, with the touched coefficients replaced."""
    n_rows = len(free["level"])
    coefficients = prior.reshape(len(prior), -1)[np.arange(n_rows) * len(prior) // n_rows]
    coefficients[:, place] = _interpolated(free["level"], KNOTS, tables)
    return {
        "coefficients": coefficients.reshape(n_rows, *prior.shape[1:]),
        "remainders": _interpolated(free["remainder_level"], KNOTS, beyond),
    }


def _prior_levels(
    prior: Array, place: NDArray[np.int64], tables: Array, _free: Free, _rng: np.random.Generator
) -> Array:
    """Levels at which the tables give the prior rows, `(n_rows, n_coefficients)`."""
    values = prior.reshape(len(prior), -1)[:, place].T
    return np.column_stack([np.interp(*column) for column in zip(values, tables, [KNOTS] * len(tables), strict=True)])


def _interpolated(points: Array, knots: Array, tables: Array) -> Array:
    columns = zip(points.T, tables, strict=True)
    return np.column_stack([np.interp(column, knots, table) for column, table in columns])
