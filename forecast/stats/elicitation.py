"""Laws from what an expert states: an interval and its level, or a mode and two percentiles."""

from __future__ import annotations

import math

import scipy

from forecast.dims import Array
from forecast.errors import demand
from forecast.stats.distributions import LogNormal, Normal, Pert

_HALVINGS = 60


def normal_interval(low: float, high: float, level: float) -> Normal:
    """Normal law whose equal-tailed interval at `level` is `low` to `high`."""
    _demand_interval(low, high, level)
    return Normal((low + high) / 2, (high - low) / (2 * float(scipy.special.ndtri((1 + level) / 2))))


def lognormal_interval(low: float, high: float, level: float) -> LogNormal:
    """Lognormal law whose equal-tailed interval at `level` is `low` to `high`."""
    _demand_interval(low, high, level)
    demand(low > 0, f"got an interval from {low}, expected one above 0 for a lognormal law")
    return LogNormal(math.sqrt(low * high), math.log(high / low) / (2 * float(scipy.special.ndtri((1 + level) / 2))))


def pert_percentiles(
    below: tuple[float, float], mode: float, above: tuple[float, float], concentration: float = 4.0
) -> Pert:
    """PERT law with a stated mode that has two stated quantiles, each given as value and level.

    Where between its ends the mode lies decides how far the two quantiles are from it in proportion; that place is
    found by bisection, and the width follows.
    """
    (low, level_low), (high, level_high) = below, above
    demand(
        low < mode < high,
        f"got p{100 * level_low:g} {low}, mode {mode} and p{100 * level_high:g} {high}, expected them to rise",
    )
    demand(concentration > 0, f"got concentration {concentration}, expected a number above 0")
    left, right = 0.0, 1.0
    for _ in range(_HALVINGS):
        place = (left + right) / 2
        first, second = _unit_quantiles(place, concentration, level_low, level_high)
        if (place - first) * (high - mode) < (second - place) * (mode - low):
            left = place
        else:
            right = place
    width = (high - low) / (second - first)
    return Pert(float(mode - place * width), mode, float(mode + (1 - place) * width), concentration)


def _unit_quantiles(mode: float, concentration: float, *levels: float) -> Array:
    return Pert(0.0, mode, 1.0, concentration).ppf(levels)


def _demand_interval(low: float, high: float, level: float) -> None:
    demand(low < high, f"got interval [{low}, {high}], expected low < high")
    demand(0 < level < 1, f"got level {level}, expected a number between 0 and 1")
