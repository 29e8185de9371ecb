"""Laws from what an expert states: an interval and its level."""

from __future__ import annotations

import math

import scipy

from forecast.distributions import LogNormal, Normal, demand


def normal_interval(low: float, high: float, level: float) -> Normal:
    """Normal law whose equal-tailed interval at `level` is `low` to `high`."""
    _demand_interval(low, high, level)
    return Normal((low + high) / 2, (high - low) / (2 * float(scipy.special.ndtri((1 + level) / 2))))


def lognormal_interval(low: float, high: float, level: float) -> LogNormal:
    """Lognormal law whose equal-tailed interval at `level` is `low` to `high`."""
    _demand_interval(low, high, level)
    demand(low > 0, f"got an interval from {low}, expected one above 0 for a lognormal law")
    return LogNormal(math.sqrt(low * high), math.log(high / low) / (2 * float(scipy.special.ndtri((1 + level) / 2))))


def _demand_interval(low: float, high: float, level: float) -> None:
    demand(low < high, f"got interval [{low}, {high}], expected low < high")
    demand(0 < level < 1, f"got level {level}, expected a number between 0 and 1")
