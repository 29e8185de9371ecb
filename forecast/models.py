"""The models PyMC fits: priors and likelihoods of the baseline, of localization and of the bridge.

`processes` says what the parameters mean and how they move the future; the equations are the same. No model has a
latent state a quarter: shocks are recovered from the data, the moving average by a triangular matrix. Data enter as
`pm.Data`, so that compiled code is reused when only the numbers change. Free parameters are on the whole real line
where they can be; `fitting` turns them into the rows of `processes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from forecast.draws import Array

BASELINE_QUARTERS = 48
"""Quarters of growth the baseline learns from: with 60 or 80 the rolling-origin score of the balance is worse."""

SEASONS = np.array([[1, -1, 0, 0], [0, 0, 1, -1], [0.5**0.5, 0.5**0.5, -(0.5**0.5), -(0.5**0.5)]]) / 2**0.5
"""Orthonormal contrasts of the four calendar quarters, `(3, 4)`: seasonal effects sum to zero and have one prior."""


def baseline_model(history: Array, quarters: Array) -> pm.Model:
    """Joint log growth of exports and imports, US Census basis.

    The prior of the drift is growth of 4 % a year, about that of nominal US demand; of the equilibrium, exports half
    as large again as imports. Both flows drift alike a priori, and a gap between them closes at 1 to 5 % a quarter.

    Args:
        history: `(2, n_quarters + 1)` log bn USD a quarter, in the order exports, imports.
        quarters: `(n_quarters,)` calendar quarter 0..3 of `history[:, 1:]`.
    """
    with pm.Model(check_bounds=False) as model:
        growth = pm.Data("growth", np.diff(history))
        gap = pm.Data("gap", history[0, :-1] - history[1, :-1])
        contrasts = pm.Data("contrasts", SEASONS[:, quarters])
        drift = pm.Normal("drift", 0.01, 0.003, shape=2)
        season = pm.Normal("season", 0.0, 0.05, shape=(2, 3))
        moving_average = pm.Normal("moving_average", -0.35, 0.15, shape=2)
        log_adjustment = pm.Normal("log_adjustment", np.log(0.02), 0.5, shape=2)
        ratio = pm.Normal("ratio", 0.4, 0.15)
        law = _shock_law(scale=0.06, degrees_of_freedom=8.0)
        pull = pt.exp(log_adjustment) * np.array([-1.0, 1.0])
        moved = growth - drift[:, None] - season @ contrasts - pull[:, None] * (gap - ratio)
        shocks = _unmoved(moved, moving_average, len(quarters))
        _student_pair("growth", growth - shocks, law, observed=growth)
    return model


def localization_model(facts: Sequence[tuple[int, int, float]], noise: Sequence[float], horizon: float) -> pm.Model:
    """Shares of Korea, local and third-country suppliers in the purchases of US affiliates.

    A straight line on the log-ratio scale, seen through published shares. Past the last of them the level also walks
    at random, so that its value at the origin is less sure than the line.

    Args:
        facts: year, supplier (0 Korea, 1 local, 2 third country) and share of each published number.
        noise: standard deviation of each of them, a share.
        horizon: years from 2023, the last fact, to the origin.
    """
    with pm.Model(check_bounds=False) as model:
        level_2023 = pm.Normal("level_2023", np.array([-0.7, -1.5]), np.array([1.0, 0.7]), shape=2)
        slope = pm.Normal("slope", 0.0, np.array([0.1, 0.05]), shape=2)
        pm.HalfNormal("innovation", 0.04, shape=2)
        pm.Normal("walk", 0.0, horizon**0.5, shape=2)
        years, suppliers, shares = (np.array(column) for column in zip(*facts, strict=True))
        weights = pt.exp(level_2023 + slope * (years[:, None] - 2023.0))
        fitted = pt.concatenate([pt.ones((len(facts), 1)), weights], axis=1) / (1 + weights.sum(axis=1, keepdims=True))
        pm.Normal("share", fitted[np.arange(len(facts)), suppliers], np.array(noise), observed=shares)
    return model


def bridge_model(log_ratios: Array, later: Array, noise: Array) -> pm.Model:
    """Annual log ratio of the Korean to the US book by flow, reverting to a mean.

    Args:
        log_ratios: `(2, n_years)`, contiguous years in which both flows are known in both books.
        later: `(n_later, 2)`, readings of the years after them, NaN where there is none.
        noise: `(n_later, 2)`, standard deviation of each reading.
    """
    with pm.Model(check_bounds=False) as model:
        before, after = pm.Data("before", log_ratios[:, :-1]), pm.Data("after", log_ratios[:, 1:])
        mean = pm.Normal("mean", np.array([0.0, 0.05]), 0.1, shape=2)
        log_odds = pm.Normal("persistence_log_odds", 0.0, 1.0, shape=2)
        persistence = pm.math.sigmoid(log_odds)
        law = _shock_law(scale=0.02, degrees_of_freedom=4.0)
        expected = mean[:, None] + persistence[:, None] * (before - mean[:, None])
        _student_pair("ratio", expected, law, observed=after)
        state = log_ratios[:, -1]
        for year, (reading, sd) in enumerate(zip(later, noise, strict=True)):
            state = _student_pair(f"state_{year}", mean + persistence * (state - mean), law)
            for flow in np.flatnonzero(np.isfinite(reading)):
                pm.Normal(f"reading_{year}_{flow}", state[flow], sd[flow], observed=reading[flow])
    return model


def _shock_law(scale: float, degrees_of_freedom: float) -> tuple[TensorVariable, TensorVariable, TensorVariable]:
    """Scales `(2,)`, correlation and degrees of freedom of two shocks; the arguments are prior medians."""
    log_scale = pm.Normal("log_shock_scale", np.log(scale), 0.5, shape=2)
    arctanh = pm.Normal("shock_arctanh", 0.0, 0.8)
    above_two = pm.Normal("log_freedom_above_two", np.log(degrees_of_freedom), 0.6)
    return pt.exp(log_scale), pt.tanh(arctanh), 2.0 + pt.exp(above_two)


def _student_pair(
    name: str,
    mean: TensorVariable,
    law: tuple[TensorVariable, TensorVariable, TensorVariable],
    observed: TensorVariable | None = None,
) -> TensorVariable:
    """A bivariate Student t, `(2, ...)`: that of exports, then that of imports given exports.

    Given its first coordinate, the second of a t with n degrees of freedom is a t with n + 1, its scale stretched by
    the size of the first. Source: Ding (2016), The American Statistician 70(3): 293-295.
    """
    scale, correlation, freedom = law
    seen = (None, None) if observed is None else (observed[0], observed[1])
    first = pm.StudentT(f"{name}_exports", nu=freedom, mu=mean[0], sigma=scale[0], observed=seen[0])
    surprise = ((first if observed is None else seen[0]) - mean[0]) / scale[0]
    stretch = pt.sqrt((1 - correlation**2) * (freedom + surprise**2) / (freedom + 1))
    expected = mean[1] + correlation * scale[1] * surprise
    second = pm.StudentT(f"{name}_imports", nu=freedom + 1, mu=expected, sigma=scale[1] * stretch, observed=seen[1])
    return pt.stack([first, second])


def _unmoved(moved: TensorVariable, moving_average: TensorVariable, n_quarters: int) -> TensorVariable:
    """Shocks e of e[t] + moving_average * e[t-1] = moved[t], `(2, n_quarters)`, with nothing before the first."""
    powers = (-moving_average[:, None]) ** np.arange(n_quarters)
    age = np.subtract.outer(np.arange(n_quarters), np.arange(n_quarters))
    padded = pt.concatenate([powers, pt.zeros((2, 1))], axis=1)
    weights = pt.take(padded, np.where(age >= 0, age, n_quarters).ravel(), axis=1)
    return (weights.reshape((2, n_quarters, n_quarters)) * moved[:, None, :]).sum(axis=-1)
