"""What a duty does to trade: pure functions of rates and responses.

With a duty of `rate` in place of `regime`, what buyers pay rises by `relative = (1 + rate) / (1 + regime) - 1` if
nothing is taken off the price. They pay the share `pass_through` of that; the exporter takes the rest off, at once. The
quantity falls with what they pay, in the long run by the factor `(1 + pass_through * relative) ** -elasticity`; the
share `adjustment` of its logarithm is reached after a year. Exports in dollars are quantity times price before duty.

Arrays are time-major, see `draws`; rates are fractions, dates positions on the quarter axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.draws import Array


def relative_change(rate: ArrayLike, regime: ArrayLike) -> Array:
    """Rise of what a good costs with its duty, a fraction of what it cost under `regime`; 0 where they are equal."""
    return np.asarray((1.0 + np.asarray(rate)) / (1.0 + np.asarray(regime)) - 1.0)


def log_price(relative: ArrayLike, pass_through: ArrayLike) -> Array:
    """Log change of the price before duty, at most 0 for a rise: what the exporter takes off."""
    relative = np.asarray(relative)
    return np.asarray(np.log1p(pass_through * relative) - np.log1p(relative))


def log_quantity(relative: ArrayLike, pass_through: ArrayLike, elasticity: ArrayLike) -> Array:
    """Log change of the quantity shipped, in the long run."""
    return np.asarray(-np.asarray(elasticity) * np.log1p(np.asarray(pass_through) * np.asarray(relative)))


def quarterly_adjustment(first_year: ArrayLike) -> Array:
    """Share of the way still to go that is gone in a quarter, from the share `first_year` gone in four."""
    return np.asarray(1.0 - (1.0 - np.asarray(first_year)) ** 0.25)


def adjusted(target: Array, pace: Array) -> Array:
    """What follows a target, each quarter by the share `pace` of the way still to go.

    Args:
        target: `(n_rows, n_draws)`; before row 0 it is where it is in row 0.
        pace: share of the way gone in each quarter, broadcastable to `target`.
    """
    pace = np.broadcast_to(pace, target.shape)
    reached = target.copy()
    for row in range(1, len(target)):
        reached[row] = reached[row - 1] + pace[row] * (target[row] - reached[row - 1])
    return reached


def over(base: Array, value: ArrayLike, share: Array) -> Array:
    """A path with a value laid over it for a share of each quarter."""
    return np.asarray(base + share * (np.asarray(value) - base))


def under_duty(flow: Array, factor: Array) -> Array:
    """A flow that pays the duty too: what it is beyond its row 0, the origin, times the factor of its goods.

    The rest is in the baseline, and pays there.
    """
    return np.asarray(flow + (factor - 1.0) * (flow - flow[0]))
