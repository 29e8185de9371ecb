"""Shocks behind a moving average of order one, without a loop over quarters."""

from __future__ import annotations

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable


def unmoved(moved: TensorVariable, moving_average: TensorVariable, n_quarters: int) -> TensorVariable:
    """Shocks e of `e[t] + moving_average * e[t-1] = moved[t]`, with nothing before the first, `(k, n_quarters)`.

    The inverse of `1 + a L`, with L the lag, is the geometric series of `r = -a`, which for n quarters is the product
    of `1 + r^(2^j) L^(2^j)` over the powers of two below n.

    Args:
        moved: `(k, n_quarters)`.
        moving_average: `(k, 1)`.
        n_quarters: number of quarters.
    """
    power, lag = -moving_average, 1
    while lag < n_quarters:
        moved = pt.concatenate([moved[:, :lag], moved[:, lag:] + power * moved[:, :-lag]], axis=1)
        power, lag = power * power, 2 * lag
    return moved
