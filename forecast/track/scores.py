"""Scores of 99 quantiles against outcomes: CRPS, pinball loss, PIT and coverage.

Targets are the quarters after an origin, in order, and then its sums of four quarters: `n_targets = horizon +
horizon // 4`. Series are those of `SERIES`, in that order, on the first axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.stats.quantiles import FINE_LEVELS

if TYPE_CHECKING:
    from forecast.observations.series import QuarterlyTrade

SERIES = ("exports", "imports", "balance")
LEVELS: Array = np.array(FINE_LEVELS)
"""The levels every forecast is scored at, `(99,)`."""

NEAR_QUARTERS = 8
"""Quarters ahead that are scored one by one."""

YEARS_AHEAD = (1, 2, 3, 5, 8)
"""Sums of four quarters that are scored, in years ahead."""

WIDTHS = (50, 80, 95)
"""Widths of the equal-tailed intervals whose coverage is reported, in percent."""


def target_quantiles(flows: Array) -> Array:
    """Quantiles at `LEVELS`, `(3, n_targets, 99)`, of draws of both flows by quarter, `(horizon, 2, n_draws)`."""
    return np.ascontiguousarray(np.moveaxis(np.quantile(_targets(flows), LEVELS, axis=-1), 0, -1).swapaxes(0, 1))


def outcomes(trade: QuarterlyTrade, origin: int, horizon: int) -> Array:
    """Observed targets, `(3, n_targets)` in the unit of `trade`; nan where not yet observed."""
    flows = np.full((horizon, 2, 1), np.nan)
    start = origin - trade.first_quarter + 1
    known = np.column_stack([trade.exports, trade.imports])[start : start + horizon]
    flows[: len(known), :, 0] = known
    return np.ascontiguousarray(_targets(flows)[..., 0].T)


def _targets(flows: Array) -> Array:
    """The three series by quarter, then as sums of four quarters, `(n_targets, 3, n_draws)`."""
    quarters = np.concatenate([flows, flows[:, :1] - flows[:, 1:]], axis=1)
    n_years = len(flows) // 4
    years = quarters[: 4 * n_years].reshape(n_years, 4, *quarters.shape[1:]).sum(axis=1)
    return np.concatenate([quarters, years])


def crps(observed: Array, quantiles: Array) -> Array:
    """Continuous ranked probability score, `(n,)` in the unit of what is observed; smaller is better.

    Twice the pinball loss, integrated over all levels by steps of a hundredth: 99/100 of the mean over `LEVELS` and, of
    an outcome beyond the outermost quantiles, a hundredth of its distance from them.

    Args:
        observed: `(n,)`.
        quantiles: `(n, 99)`.

    >>> crps(np.array([3.0]), np.ones((1, len(LEVELS)))).round(3).tolist()  # of a point forecast, the distance
    [2.0]
    """
    import scoringrules

    mean = scoringrules.crps_quantile(observed, quantiles, LEVELS, backend="numpy")
    beyond = np.maximum(quantiles[:, 0] - observed, observed - quantiles[:, -1]).clip(0.0)
    return np.asarray((len(LEVELS) * mean + beyond) / (len(LEVELS) + 1))


def pinball(observed: Array, quantiles: Array, level: float) -> Array:
    """Pinball loss of the quantile at one of `LEVELS`, `(n,)`, of what `crps` takes."""
    import scoringrules

    column = int(np.flatnonzero(np.isclose(LEVELS, level))[0])
    return np.asarray(scoringrules.quantile_score(observed, quantiles[:, column], level, backend="numpy"))


def pit(observed: Array, quantiles: Array) -> Array:
    """Probability the forecast gave to values below the outcome, `(n,)`, of what `crps` takes.

    Between two levels it is interpolated; beyond the outermost it is halfway to zero or one. Of an outcome that several
    quantiles hit it is the middle of their levels, those beyond the outermost included: half of what an atom holds.

    >>> pit(np.array([-1.0, 0.505, 2.0]), np.stack([LEVELS] * 3)).round(3).tolist()
    [0.005, 0.505, 0.995]
    >>> pit(np.array([1.0]), np.ones((1, len(LEVELS)))).tolist()  # of a point forecast that comes true
    [0.5]
    """
    below, reached = ((quantiles < observed[:, None]).sum(axis=1), (quantiles <= observed[:, None]).sum(axis=1))
    levels = np.concatenate([[0.0], LEVELS, [1.0]])
    several = reached - below > 1
    low = np.where(several & (below == 0), 0.0, levels[below + 1])
    high = np.where(several & (reached == len(LEVELS)), 1.0, levels[reached])
    return np.asarray(np.where(reached > below, (low + high) / 2, _between(observed, quantiles, below)))


def _between(observed: Array, quantiles: Array, below: NDArray[np.intp]) -> Array:
    """Level of outcomes between two quantiles, of which `below` are lower, or beyond all, `(n,)`."""
    place = np.clip(below - 1, 0, len(LEVELS) - 2)
    row = np.arange(len(observed))
    start, end = quantiles[row, place], quantiles[row, place + 1]
    share = np.divide(observed - start, end - start, out=np.zeros(len(observed)), where=end > start)
    inside = LEVELS[place] + (LEVELS[place + 1] - LEVELS[place]) * share
    beyond = [below == 0, below == len(LEVELS)]
    return np.asarray(np.select(beyond, [LEVELS[0] / 2, (1 + LEVELS[-1]) / 2], inside))


def coverage(values: Array, width: float) -> float:
    """Share of outcomes inside the equal-tailed interval of `width` percent, from their `pit` values.

    >>> coverage(np.array([0.05, 0.5, 0.6, 0.99]), 80)
    0.5
    """
    return float((np.abs(values - 0.5) <= width / 200).mean())


def pit_histogram(values: Array, n_bins: int = 10) -> NDArray[np.int64]:
    """Number of `pit` values in each of `n_bins` equal bins; flat where a forecast is calibrated."""
    return np.histogram(values, np.linspace(0, 1, n_bins + 1))[0].astype(np.int64)
