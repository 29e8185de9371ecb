"""The carry-over as the fits see it: growth of quarters, and the last month of the quarter before each.

A quarter is a mean of three months, and lags the last of them, which the next quarter starts from. Where the months of
the origin's quarter are the last ones known, that is news: `processes.baseline_flows` takes it in. From the first month
of the next quarter on the nowcast takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.models.evidence import BASELINE_MEMORY, SHARED, Memory, robust_spread
from forecast.observations.series import QuarterlyTrade


@dataclass(frozen=True, slots=True, eq=False)
class CarryOverEvidence:
    """Growth of quarters, and the last month of the quarter before each.

    First what both flows share, then what parts them (`SHARED`); log points without the means of the calendar quarters,
    in which the quarter itself counts: of what is unlike them in the last one, a sixth is taken for season.

    Attributes:
        growth: `(2, n_quarters)`.
        before: `(2, n_quarters)`, growth a quarter earlier.
        rise: `(2, n_quarters)`, last month of the quarter before over that quarter's mean month.
        last_rise: `(2,)`, the same of the origin's quarter.
        weights: `(n_quarters,)` of the quarters.
        scale: `(2,)` robust spread of growth, on which priors are centred.
    """

    growth: Array
    before: Array
    rise: Array
    last_rise: Array
    weights: Array
    scale: Array

    @property
    def own_rise(self) -> Array:
        """Robust spread of the rise that growth of its quarter does not tell, `(2,)`, log points."""
        slope = (self.rise * self.before).sum(axis=1) / (self.before**2).sum(axis=1)
        return robust_spread(self.rise - slope[:, None] * self.before)


def carry_over_evidence(trade: QuarterlyTrade, memory: Memory = BASELINE_MEMORY) -> CarryOverEvidence:
    """The quarters of growth that a memory holds, or as many as there are."""
    flows = np.column_stack([trade.exports, trade.imports])
    growth = np.diff(np.log(flows), axis=0)[-memory.quarters :]
    rise = np.log(3 * trade.last_months / flows)[-len(growth) :]
    weights = memory.weights(len(growth))
    quarters = (trade.origin - np.arange(len(growth))[::-1]) % 4
    growth, rise = (SHARED @ _without_seasons(values, quarters, weights).T for values in (growth, rise))
    scale = robust_spread(growth)
    return CarryOverEvidence(growth[:, 1:], growth[:, :-1], rise[:, :-1], rise[:, -1], weights[1:], scale)


def _without_seasons(values: Array, quarters: NDArray[np.int64], weights: Array) -> Array:
    """Values `(n_quarters, 2)` less the weighted mean of their calendar quarter."""
    of_quarter = (quarters == np.arange(4)[:, None]) * weights
    means = of_quarter @ values / of_quarter.sum(axis=1, keepdims=True)
    return np.asarray(values - means[quarters])
