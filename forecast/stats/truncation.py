"""Distributions cut at bounds, which keep the probability that lies on a bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forecast.dims import Array
from forecast.errors import demand
from forecast.stats.distributions import Distribution
from forecast.stats.moments import Mean, cdf_below, probability, sf_from


@dataclass(frozen=True, slots=True)
class Truncated(Distribution):
    """The distribution `inner` given that the value lies from `low` to `high`, both included.

    Levels are those of `inner`, counted from its nearer end, so that nothing rounds to 1 in a far upper tail.

    >>> from forecast.stats.distributions import Normal
    >>> Truncated(Normal(0.0, 1.0), low=0.0).ppf([0.1, 0.5]).round(2)
    array([0.13, 0.67])
    """

    inner: Distribution
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        demand(self.low < self.high, f"got truncation at {self.low} and {self.high}, expected low < high")
        mass = probability(self.inner, self.low, self.high)
        without = f"keeps a probability of {mass:.2g}" if mass > 0 else "has no mass"
        demand(mass > 1e-9, f"got truncation at {self.low} and {self.high}, where the distribution {without}")

    def _in_upper_half(self) -> bool:
        return cdf_below(self.inner, self.low) > 0.5

    def ppf(self, u: ArrayLike) -> Array:
        u = np.asarray(u)
        if self._in_upper_half():
            return self.isf(1.0 - u)
        below, above = cdf_below(self.inner, self.low), float(self.inner.cdf(self.high))
        levels = below + (above - below) * u
        levels = np.where(u < 1.0, np.minimum(levels, np.nextafter(1.0, 0.0)), levels)
        return np.clip(self.inner.ppf(levels), self.low, self.high)

    def isf(self, q: ArrayLike) -> Array:
        above, at_least = float(self.inner.sf(self.high)), sf_from(self.inner, self.low)
        return np.clip(self.inner.isf(above + (at_least - above) * np.asarray(q)), self.low, self.high)

    def cdf(self, x: ArrayLike) -> Array:
        if self._in_upper_half():
            return np.asarray(1.0 - self.sf(x))
        below, above = cdf_below(self.inner, self.low), float(self.inner.cdf(self.high))
        inside = (self.inner.cdf(np.clip(x, self.low, self.high)) - below) / (above - below)
        return np.asarray(np.where(np.less(x, self.low), 0.0, inside))

    def sf(self, x: ArrayLike) -> Array:
        above, at_least = float(self.inner.sf(self.high)), sf_from(self.inner, self.low)
        inside = (self.inner.sf(np.clip(x, self.low, self.high)) - above) / (at_least - above)
        return np.asarray(np.where(np.less(x, self.low), 1.0, inside))

    def atoms(self) -> tuple[float, ...]:
        return tuple(atom for atom in self.inner.atoms() if self.low <= atom <= self.high)

    def expectation(self) -> Mean:
        return self.inner.expectation_within(self.low, self.high)

    def expectation_within(self, low: float, high: float) -> Mean:
        return self.inner.expectation_within(max(low, self.low), min(high, self.high))
