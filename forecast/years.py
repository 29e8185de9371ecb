"""Calendar years of a plan: what flows after the origin add up to in each."""

from __future__ import annotations

import numpy as np

from forecast.channels import QUARTERS_PER_YEAR, news
from forecast.draws import Array
from forecast.plan import Plan


def annual_sums(plan: Plan, flow: Array) -> Array:
    """Sums over calendar years of the quarters after the origin, `(n_years, n_draws)`."""
    first = _quarters_of_first_year(plan)
    later = flow[first:].reshape(len(plan.years) - 1, 4, flow.shape[-1]).sum(axis=1)
    return np.concatenate([flow[:first].sum(axis=0, keepdims=True), later])


def annual_news(plan: Plan, flow: Array) -> Array:
    """News by calendar year, `(n_years, n_draws)`, of a flow whose row 0 is the origin."""
    n_quarters = np.full((len(plan.years), 1), QUARTERS_PER_YEAR)
    n_quarters[0] = _quarters_of_first_year(plan)
    return np.asarray(news(annual_sums(plan, flow[1:]), flow[0], n_quarters))


def _quarters_of_first_year(plan: Plan) -> int:
    return plan.n_periods - 4 * (len(plan.years) - 1)
