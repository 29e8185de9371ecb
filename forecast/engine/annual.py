"""Flows of quarters by calendar year: sums, and what is in them beyond the flow of the origin."""

from __future__ import annotations

import numpy as np

from forecast.dims import Array
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
    return _beyond(plan, annual_sums(plan, flow[1:]), flow[0])


def annual_contribution(plan: Plan, flow: Array, before: Array) -> Array:
    """Effect and news of a flow by calendar year, `(2, n_years, n_draws)`, bn USD.

    Args:
        flow: `(n_periods + 1, n_draws)`, whose row 0 is the origin.
        before: the flow in the quarters of the first year before the origin, `(quarters_before(plan), n_draws)`.
    """
    sums = annual_sums(plan, flow[1:])
    beyond = _beyond(plan, sums, flow[0])
    if _quarters_of_first_year(plan) < QUARTERS_PER_YEAR:
        sums[0] += flow[0] + before.sum(axis=0)
    return np.stack([sums, beyond])


def _beyond(plan: Plan, sums: Array, present: Array) -> Array:
    """Annual sums of a flow less what it was at the origin."""
    n_quarters = np.full((len(plan.years), 1), QUARTERS_PER_YEAR)
    n_quarters[0] = _quarters_of_first_year(plan)
    return np.asarray(news(sums, present, n_quarters))


def _quarters_of_first_year(plan: Plan) -> int:
    return plan.n_periods - 4 * (len(plan.years) - 1)
