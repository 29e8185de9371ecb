"""How the composition of purchases moves: odds of local and third-country supply against Korean supply.

A composition (Korea, local, third country) is held as two odds, `local / Korea` and `third / Korea`, so that its
shares are positive and sum to one in every draw and quarter. A path is a pair of multipliers of the odds at the origin,
`(n_rows, n_draws)` or broadcastable to it; row 0 is the origin, where both are one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.draws import Array

SUPPLIERS = ("korea", "local", "third_country")
"""Parties of a composition, in the order of `models.localization`, which takes PyMC to import."""

LOGISTIC_SPAN = 4.0
"""Log-odds of adoption crossed in the stated span: from 12 % to 88 % of the way."""


def trend_multiplier(years: Array, slope: Array, innovations: Array) -> Array:
    """Fitted path of one odds: `exp(slope * years + innovations)`.

    Args:
        years: time since the origin, `(n_rows, 1)`.
        slope: change of the log odds a year, `(n_draws,)`.
        innovations: cumulated departures from the trend, `(n_rows, n_draws)`, 0 in row 0.
    """
    return np.asarray(np.exp(slope * years + innovations))


def linear_weight(time: Array, origin: float, by: float) -> Array:
    """Share of the way from the origin to the date `by`, `(n_rows, 1)`; it stays at one after it."""
    return np.asarray(((time - origin) / (by - origin)).clip(0.0, 1.0))


def step_weight(time: Array, at: float) -> Array:
    """0 before the date `at`, 1 from it on, `(n_rows, 1)`."""
    return np.asarray(time >= at, dtype=float)


def logistic_weight(time: Array, origin: float, at: float, years: ArrayLike) -> Array:
    """Adoption curve with midpoint `at`, scaled to be 0 at the origin and to approach 1, `(n_rows, n_draws)`.

    Args:
        years: time the curve needs from 12 % to 88 % of its height.
    """
    rate = LOGISTIC_SPAN / (4.0 * np.asarray(years))
    raw = 1.0 / (1.0 + np.exp(-rate * (time - at)))
    start = 1.0 / (1.0 + np.exp(-rate * (origin - at)))
    return np.asarray((raw - start) / (1.0 - start))


def bent_multiplier(local_share: ArrayLike, target: ArrayLike, weight: Array) -> Array:
    """Multiplier of the local odds that moves the local share towards `target` on the log-odds scale.

    The shares of Korea and of third countries keep their ratio to each other.

    Args:
        local_share: local share of purchases at the origin, `(n_draws,)`.
        target: local share reached where `weight` is one, in (0, 1).
        weight: share of the way, `(n_rows, 1)` or `(n_rows, n_draws)`.
    """
    return np.asarray(np.exp(weight * (log_odds(target) - log_odds(local_share))))


def log_odds(share: ArrayLike) -> Array:
    """`log(share / (1 - share))`."""
    share = np.asarray(share)
    return np.asarray(np.log(share / (1.0 - share)))
