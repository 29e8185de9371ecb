"""The economics: pure functions from investment to trade flows.

Every function is written with operators and elementwise methods only, so the same equations run on numpy arrays in
the engine and on tensors where a fit needs them. Arrays are time-major, see `dims`; money is nominal bn USD, flows are
per quarter, rates are fractions, dates are positions on the quarter axis.

A composition (Korea, local, third country) is held as two odds, `local / Korea` and `third / Korea`, so that its
shares are positive and sum to one in every draw and quarter. A path is a pair of multipliers of the odds at the origin,
`(n_rows, n_draws)` or broadcastable to it; row 0 is the origin, where both are one.

Out of scope: randomness, labels, and anything that knows a scenario.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from forecast.dims import Array

Quantity: TypeAlias = Any
"""A float, a numpy array or a tensor; arguments of one call broadcast against each other."""

QUARTERS_PER_YEAR = 4.0


def smoothstep(progress: Quantity) -> Quantity:
    """Share done at `progress` through a span: 0 before, 1 after, `3x^2 - 2x^3` between.

    >>> smoothstep(np.array([-1.0, 0.25, 0.5, 2.0])).tolist()
    [0.0, 0.15625, 0.5, 1.0]
    """
    inside = progress.clip(0.0, 1.0)
    # x * x * (3 - 2x) in place, with one array beside `inside`; tensors make new values instead
    share = -2.0 * inside
    share += 3.0
    share *= inside
    share *= inside
    return share


def cumulative_share(time: Quantity, start: Quantity, end: Quantity) -> Quantity:
    """Share of a smooth build-up between the dates `start` and `end` reached at `time`.

    Args:
        time: positions on the quarter axis, `(n_periods, 1)`.
        start, end: dates with `start < end`, `(n_draws,)` or a scalar.
    """
    return smoothstep((time - start) * (1.0 / (end - start)))


def share_of_quarter(quarter: Quantity, start: Quantity, end: Quantity) -> Quantity:
    """Share of a quarter, which begins at the position `quarter`, that lies between two dates.

    >>> share_of_quarter(np.array([8104.0, 8105.0, 8106.0]), 8104.25, 8105.5).tolist()
    [0.75, 0.5, 0.0]

    Args:
        quarter: positions on the quarter axis, `(n_periods, 1)`.
        start, end: dates on the quarter axis, `(n_draws,)` or a scalar.
    """
    return ((quarter + 1.0).clip(max=end) - quarter.clip(min=start)).clip(0.0, 1.0)


def capital_goods_exports(capex: Quantity, machinery_share: Quantity, korean_machinery_share: Quantity) -> Quantity:
    """Machinery shipped from Korea for plant building, in the unit of `capex`.

    >>> round(capital_goods_exports(10.0, 0.4, 0.9), 3)
    3.6

    Source: batteries 30-40 % equipment, about 90 % of it Korean; chip fabs at most 30 % Korean
    (Korean trade press 2023, rows `machinery_share` and `korean_machinery_share` of `data/sector_evidence.csv`).
    """
    return capex * machinery_share * korean_machinery_share


def capital_in_use(output: Quantity, output_per_capex: ArrayLike, utilisation: ArrayLike) -> Quantity:
    """Capital that makes `output` a year once it runs in, in the unit of that; none where nothing is made.

    >>> capital_in_use(np.array([12.0, 0.0]), np.array([1.5, 0.0]), 0.8).tolist()
    [10.0, 0.0]
    """
    capacity = np.multiply(output_per_capex, utilisation)
    return output * np.divide(1.0, capacity, where=capacity > 0, out=np.zeros_like(capacity))


def output_at_capacity(capital: Quantity, output_per_capex: Quantity, utilisation: Quantity) -> Quantity:
    """Output a quarter, bn USD, of a plant of `capital` bn USD once it runs in; `output_per_capex` is annual.

    >>> output_at_capacity(8.0, 1.5, 0.8)
    2.4000000000000004
    """
    return capital * output_per_capex * utilisation / QUARTERS_PER_YEAR


def intermediate_exports(output: Quantity, purchases_per_output: Quantity, korean_share: Quantity) -> Quantity:
    """Parts and materials that a plant of this `output` buys in Korea, in the unit of `output`.

    >>> intermediate_exports(2.0, 0.5, 0.25)
    0.25
    """
    return output * purchases_per_output * korean_share


def displaced_exports(output: Quantity, displacement_rate: Quantity) -> Quantity:
    """Finished goods no longer shipped from Korea because the plant makes them, in the unit of `output`.

    >>> displaced_exports(2.0, 0.25)
    0.5
    """
    return output * displacement_rate


REFERENCE_DUTY = 0.25
"""US duty for which `tariff_displacement` is stated: that on cars from April 2025."""


def displacement_under(duty: Quantity, displacement_rate: Quantity, tariff_displacement: Quantity) -> Quantity:
    """Displacement rate where the product pays a US duty: the rate without one, and more in proportion to the duty.

    A duty makes the plant in the US the cheaper of two that make the same good.

    >>> displacement_under(0.125, 0.25, 0.5)
    0.5

    Args:
        duty: on the product, a fraction of its value.
        displacement_rate: without a duty, USD per USD of output.
        tariff_displacement: added at `REFERENCE_DUTY`.
    """
    return displacement_rate + tariff_displacement * (duty * (1.0 / REFERENCE_DUTY))


def price_factors(growth: Quantity, years: int) -> Array:
    """Price of each year over that of the first, `(years, n_draws)`, at a `growth` in log points a year, `(n_draws,)`.

    >>> price_factors(np.log([1.1, 1.0]), 3).round(2).tolist()
    [[1.0, 1.0], [1.1, 1.0], [1.21, 1.0]]
    """
    factors = np.ones((years, *np.shape(growth)))
    factors[1:] = np.exp(growth)
    return np.asarray(np.multiply.accumulate(factors, axis=0))


def share_kept(displaced: Array, exports: Array) -> Array:
    """Share of displaced exports that can be displaced: no more than the exports of the product that there are.

    >>> share_kept(np.array([4.0, 1.0, -1.0, 0.0]), np.array([2.0, 2.0, 2.0, 0.0])).tolist()
    [0.5, 1.0, 1.0, 1.0]

    Args:
        displaced: what plants would displace beyond what they displaced at the origin; negative where they add exports.
        exports: of the product, in the same span.
    """
    beyond = displaced > exports
    return np.where(beyond, np.divide(exports, displaced, where=beyond, out=np.ones_like(displaced)), 1.0)


def reverse_imports(output: Quantity, reverse_import_rate: Quantity) -> Quantity:
    """Goods the plant ships to Korea, in the unit of `output`."""
    return output * reverse_import_rate


def korean_share(other_odds: Quantity) -> Quantity:
    """Korean share of purchases from the odds of all others against Korea, `local / Korea + third country / Korea`.

    The composition sums to one by construction: local and third-country shares are this share times their odds.

    >>> korean_share(0.5 + 0.5)
    0.5
    """
    return 1.0 / (1.0 + other_odds)


def odds_of_remainder(korean: Quantity, local_of_remainder: Quantity) -> tuple[Quantity, Quantity]:
    """Odds `(local / Korea, third / Korea)` of a composition given its Korean share and how the rest divides.

    Args:
        korean: Korean share of purchases, in (0, 1).
        local_of_remainder: local purchases as a share of all that is not Korean.
    """
    remainder = (1.0 - korean) / korean
    return remainder * local_of_remainder, remainder * (1.0 - local_of_remainder)


def news(flow: Quantity, present: Quantity, n_quarters: Quantity) -> Quantity:
    """Flow of some quarters less as many times the flow of the origin, which the baseline already holds.

    >>> news(10.0, 2.0, 4.0)
    2.0

    Args:
        flow: sum over the quarters of a year, `(n_years, n_draws)`.
        present: flow of the origin's quarter, `(n_draws,)`.
        n_quarters: quarters summed, `(n_years, 1)`.
    """
    return flow - present * n_quarters


SUPPLIERS = ("korea", "local", "third_country")
"""Parties of a composition, in the order of the rows `localization` of a posterior."""

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
