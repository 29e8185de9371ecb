"""Models of purchases and sales of plants, with the equations of `economics.channels`.

- The sector coefficients: priors of each industry updated by aggregate evidence on the plants of 2020-25. A coefficient
  is the quantile function of its prior at the standard normal level of a free parameter, so that every distribution of
  `sectors.yaml` enters alike, and without evidence the prior comes back.
- Localization: how the purchases of US affiliates move over Korean, local and third-country suppliers.
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
from forecast.economics.channels import SUPPLIERS
from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.models.evidence import Evidence, RecentPlants, bottom_up, load_evidence, places_with_evidence, share_noise
from forecast.models.task import Free, Task, model_data
from forecast.observations.annual import ProcurementShare
from forecast.stats.distributions import Distribution, Normal
from forecast.stats.truncation import Truncated

KNOTS = np.linspace(-6.0, 6.0, 241)
"""Standard normal levels at which quantile functions are tabulated; between them they are taken as straight."""

Prediction: TypeAlias = Callable[[TensorVariable, TensorVariable], list[TensorVariable]]
"""Predicted evidence from the coefficients that it depends on and the remainders."""

_HALF_NORMAL = Truncated(Normal(0.0, 1.0), low=0.0)


def sector_task(plants: RecentPlants, evidence: Sequence[Evidence], invested: float, prior: Array) -> Task:
    """Sector coefficients on aggregate evidence.

    Args:
        plants: the plants that the evidence speaks of.
        evidence: the evidence, any of `load_evidence`; with none of it, rows are draws from the prior.
        invested: gross Korean direct investment in the US in 2021-24, bn USD.
        prior: joint prior rows `(n_rows, n_sectors, n_coefficients)`; coefficients without evidence keep them.
    """
    rows, columns = places_with_evidence(plants)
    distributions = [
        load_sectors()[SECTORS[row]][COEFFICIENTS[column]].distribution
        for row, column in zip(rows, columns, strict=True)
    ]
    tables = quantile_tables(distributions)
    scales = np.array([[item.remainder] for item in load_evidence()])
    beyond = scales * quantile_tables([_HALF_NORMAL])
    place = np.ravel_multi_index((rows, columns), prior.shape[1:])
    values, errors = (np.array([getattr(item, name) for item in evidence]) for name in ("value", "error"))
    predict = partial(_predictions, plants, evidence, invested, prior[0], place)
    return Task(
        name="sectors",
        data=f"{len(evidence)} aggregates, {len(plants.ids)} plants of the wave of 2020-25",
        build=partial(channel_model, tables, beyond, predict, values, errors),
        rows=partial(_sector_rows, prior, place, tables, beyond),
        states={"level": partial(_prior_levels, prior, place, tables)},
    )


def channel_model(tables: Array, beyond: Array, predict: Prediction, values: Array, errors: Array) -> pm.Model:
    """Coefficients and remainders, a priori independent, seen through sums of them with normal error.

    Args:
        tables: quantiles of each coefficient at `KNOTS`, `(n_coefficients, n_knots)`.
        beyond: quantiles of each remainder at `KNOTS`, `(n_remainders, n_knots)`.
        predict: evidence predicted from coefficients and remainders.
        values, errors: evidence and its standard deviations, `(n_evidence,)`; of no length without any.
    """
    with pm.Model(check_bounds=False) as model:
        level = pm.Normal("level", 0.0, 1.0, shape=len(tables))
        remainder_level = pm.Normal("remainder_level", 0.0, 1.0, shape=len(beyond))
        predicted = predict(quantiles(level, tables), quantiles(remainder_level, beyond))
        if len(values):
            pm.Normal("reading", pt.stack(predicted), errors, observed=values)
    return model


def quantile_tables(distributions: Sequence[Distribution]) -> Array:
    """Quantiles of distributions at the levels `KNOTS`, `(n_distributions, n_knots)`."""
    return np.array([distribution.ppf(ndtr(KNOTS)) for distribution in distributions])


def quantiles(level: TensorVariable, tables: Array) -> TensorVariable:
    """Quantile of each distribution at its own standard normal level, `(n_distributions,)`, straight between knots."""
    n_distributions, n_knots = tables.shape
    position = (level.clip(KNOTS[0], KNOTS[-1]) - KNOTS[0]) / (KNOTS[1] - KNOTS[0])
    knot = pt.floor(position).astype("int64").clip(0, n_knots - 2)
    index = knot + n_knots * np.arange(n_distributions)
    flat = pt.as_tensor(tables.ravel())
    return flat[index] + (position - knot) * (flat[index + 1] - flat[index])


def _predictions(
    plants: RecentPlants,
    evidence: Sequence[Evidence],
    invested: float,
    untouched: Array,
    place: NDArray[np.int64],
    coefficients: TensorVariable,
    remainders: TensorVariable,
) -> list[TensorVariable]:
    matrix = pt.set_subtensor(pt.as_tensor(untouched.ravel())[place], coefficients).reshape((*untouched.shape, 1))
    ids = [item.id for item in load_evidence()]
    explained = bottom_up(plants, matrix, evidence, invested)
    return [part[0] + remainders[ids.index(item.id)] for part, item in zip(explained, evidence, strict=True)]


def _sector_rows(prior: Array, place: NDArray[np.int64], tables: Array, beyond: Array, free: Free) -> dict[str, Array]:
    """Prior rows in their order, each taken equally often, with the coefficients that have evidence replaced."""
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


def localization_task(shares: Sequence[ProcurementShare], origin: int) -> Task:
    """Localization seen through the printed shares; one derived from the others would count them twice."""
    printed = [share for share in shares if not share.derived]
    facts = [(share.year, SUPPLIERS.index(share.party), share.share) for share in printed]
    description = ", ".join(f"{share.party} {share.year} {share.share:.1%}" for share in printed)
    horizon = (origin + 1) / 4 - 2023.5
    return Task(
        "localization", description, partial(localization_model, facts, horizon), partial(_localization_rows, horizon)
    )


def localization_model(facts: Sequence[tuple[int, int, float]], horizon: float) -> pm.Model:
    """Shares of Korea, local and third-country suppliers in the purchases of US affiliates.

    A straight line on the log-ratio scale, seen through printed shares. After 2023 the level also walks at random, so
    that its value at the origin is less sure than the line; nothing but its prior says how far.

    Args:
        facts: year, position in `SUPPLIERS` and share of each printed number.
        horizon: years from the middle of 2023 to the origin.
    """
    years, suppliers, shares = (np.array(column) for column in zip(*facts, strict=True))
    with pm.Model(check_bounds=False) as model:
        level = pm.Normal("level_2023", np.array([-0.7, -1.5]), np.array([1.0, 0.7]), shape=2)
        slope = pm.Normal("slope", 0.0, np.array([0.1, 0.05]), shape=2)
        pm.Normal("log_innovation", np.log(0.02), 0.7, shape=2)
        pm.Normal("walk", 0.0, horizon**0.5, shape=2)
        odds = pt.exp(level + slope * (years[:, None] - 2023.0))
        chosen = (suppliers[:, None] == np.arange(3)).astype(float)
        fitted = (chosen[:, 0] + (chosen[:, 1:] * odds).sum(axis=1)) / (1.0 + odds.sum(axis=1))
        noise = np.array([share_noise(year) for year in years.tolist()])
        pm.Normal("share", fitted, noise, observed=model_data("shares", shares))
    return model


def _localization_rows(horizon: float, free: Free) -> dict[str, Array]:
    level, slope, innovation = free["level_2023"], free["slope"], np.exp(free["log_innovation"])
    return {
        "level": level + slope * horizon + innovation * free["walk"],
        "slope": slope,
        "innovation": innovation,
        "fitted_2020": _shares(level - 3 * slope),
        "fitted_2023": _shares(level),
    }


def _shares(log_odds: Array) -> Array:
    weights = np.exp(np.column_stack([np.zeros(len(log_odds)), log_odds]))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
