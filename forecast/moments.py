"""Means and variances of weighted parts, merged without a second pass over the data."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forecast.draws import Array


@dataclass(slots=True)
class Moments:
    """Weighted mean and sum of squares of arrays of one shape (Chan, Golub and LeVeque 1983, Am. Stat. 37: 242-247)."""

    count: int = 0
    weight: float = 0.0
    mean: Array = field(default_factory=lambda: np.zeros(()))
    squares: Array = field(default_factory=lambda: np.zeros(()))

    def merge(self, other: Moments) -> None:
        """Take in another part; the order of parts decides the last bits, so callers keep it fixed."""
        if not other.count:
            return
        weight = self.weight + other.weight
        shift = other.mean - self.mean
        self.mean = self.mean + shift * (other.weight / weight)
        self.squares = self.squares + other.squares + shift**2 * (self.weight * other.weight / weight)
        self.count, self.weight = self.count + other.count, weight

    def variance(self) -> Array:
        """Unbiased variance of unit-weight parts."""
        return np.asarray(self.squares / (self.weight - 1)) if self.count > 1 else np.full(self.mean.shape, np.nan)

    def standard_error(self) -> Array:
        """Standard error of the weighted mean of independent parts."""
        if self.count < 2:
            return np.full(self.mean.shape, np.nan)
        return np.asarray(np.sqrt(self.squares / (self.weight * (self.count - 1))))
