"""Flows of quarters by calendar year: sums, and what is in them beyond the flow of the origin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forecast.dims import N_QUARTERS, Array
from forecast.economics.channels import QUARTERS_PER_YEAR, news
from forecast.engine.plan import Plan


def quarters_before(plan: Plan) -> int:
    """Quarters of the first year before the origin; none where that year begins after the origin."""
    return max(3 - _quarters_of_first_year(plan), 0)


def annual_sums(plan: Plan, flow: Array) -> Array:
    """Sums over calendar years of the quarters after the origin, `(n_years, n_draws)`."""
    first = _quarters_of_first_year(plan)
    later = flow[first:].reshape(len(plan.years) - 1, 4, flow.shape[-1]).sum(axis=1)
    return np.concatenate([flow[:first].sum(axis=0, keepdims=True), later])


def annual_news(plan: Plan, flow: Array) -> Array:
    """News by calendar year, `(n_years, n_draws)`, of a flow whose row 0 is the origin."""
    return np.asarray(news(annual_sums(plan, flow[1:]), flow[0], _quarters(plan)))


def annual_means(plan: Plan, level: Array) -> Array:
    """Means over calendar years, `(n_years, n_draws)`, of a level after the origin that is 0 up to it."""
    return annual_sums(plan, level) / QUARTERS_PER_YEAR


def running_totals(flow: Array) -> Array:
    """Totals up to each period, the first axis; to the bit those of `numpy.cumsum`, in a sixth of its time.

    >>> running_totals(np.array([[1.0], [2.0], [4.0]])).ravel().tolist()
    [1.0, 3.0, 7.0]
    """
    totals = flow.copy()
    # whole rows at a time, where numpy walks down each column
    for before, now in pairwise(totals):
        now += before
    return totals


def in_quarters(plan: Plan, annual: Array, n_quarters: int) -> Array:
    """Annual values in the first quarters after the origin, each that of its year, `(n_quarters, n_draws)`."""
    return np.asarray(annual[_place_of_year(_quarters_of_first_year(plan), n_quarters)])


@cache
def _place_of_year(n_first: int, n_quarters: int) -> NDArray[np.intp]:
    """Place of the year of each quarter after the origin, `n_first` of which are in the first."""
    return np.asarray((np.arange(n_quarters) - n_first) // 4 + 1)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A flow of plants beside trade without them, bn USD.

    Attributes:
        annual: effect and news by year, `(2, n_years, n_draws)`.
        near: news in the first quarters after the origin, `(n_quarters, n_draws)`.
    """

    annual: Array
    near: Array

    def __add__(self, other: Contribution) -> Contribution:
        return Contribution(self.annual + other.annual, self.near + other.near)

    def times(self, plan: Plan, factor: Array) -> Contribution:
        """The flow times a factor of each year, `(n_years, n_draws)`.

        What flowed at the origin moves with the factor as well, in the baseline.
        """
        return Contribution(self.annual * factor, self.near * in_quarters(plan, factor, len(self.near)))


def contribution(plan: Plan, flow: Array, before: Array, factor: Array | None = None) -> Contribution:
    """Effect and news of a flow.

    All of it pays a duty. What flowed at the origin is in the baseline and pays there whatever becomes of the plants,
    so that news is the rest under the duty, and the effect is with plants less without: the whole flow under it.

    Args:
        flow: `(n_periods + 1, n_draws)`, whose row 0 is the origin.
        before: the flow in the quarters of the first year before the origin, `(quarters_before(plan), n_draws)`.
        factor: of the flow under its duty, as `flow`, one in row 0; None where there is no duty.
    """
    paid = flow if factor is None else flow * factor
    sums = annual_sums(plan, paid[1:])
    beyond = news(sums, flow[0], _quarters(plan) if factor is None else annual_sums(plan, factor[1:]))
    if _quarters_of_first_year(plan) < QUARTERS_PER_YEAR:
        sums[0] += flow[0] + before.sum(axis=0)
    near = news(paid[1 : N_QUARTERS + 1], flow[:1], 1.0 if factor is None else factor[1 : N_QUARTERS + 1])
    return Contribution(np.stack([sums, beyond]), near)


def _quarters(plan: Plan) -> Array:
    """Quarters after the origin by year, `(n_years, 1)`."""
    n_quarters = np.full((len(plan.years), 1), QUARTERS_PER_YEAR)
    n_quarters[0] = _quarters_of_first_year(plan)
    return n_quarters


def _quarters_of_first_year(plan: Plan) -> int:
    return plan.n_periods - 4 * (len(plan.years) - 1)
