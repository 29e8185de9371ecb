"""Influence of single draws: whether one of them makes more of a mean or of a variance than a sample may rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.dims import Array

LARGEST_SHARE = 0.1
"""Share of a mean or a variance that one draw may make."""

LEAST_DRAWS = 100
"""Draws from which a share is judged: of fewer, one may well make a tenth."""


@dataclass(frozen=True, slots=True)
class DominantDraw:
    """One draw that makes more than `LARGEST_SHARE` of a statistic.

    Attributes:
        series: what it is a statistic of.
        year: calendar year.
        statistic: `mean` or `variance`.
        share: of the sum of the sizes of all draws, or of the sum of their squared distances from the mean.
    """

    series: str
    year: int
    statistic: str
    share: float


@dataclass(slots=True)
class Extremes:
    """Smallest and largest of draws, `(...)` each, and the sum of their sizes: mergeable."""

    smallest: Array | None = None
    largest: Array | None = None
    sizes: Array | None = None

    def add(self, draws: Array) -> None:
        """Take in draws `(..., n_draws)`, at least one."""
        self.merge(Extremes(draws.min(axis=-1), draws.max(axis=-1), np.abs(draws).sum(axis=-1)))

    def merge(self, other: Extremes) -> None:
        """Take in the draws of another."""
        if other.smallest is None or other.largest is None or other.sizes is None:
            return
        if self.smallest is None or self.largest is None or self.sizes is None:
            self.smallest, self.largest, self.sizes = other.smallest, other.largest, other.sizes
            return
        self.smallest = np.minimum(self.smallest, other.smallest)
        self.largest = np.maximum(self.largest, other.largest)
        self.sizes = self.sizes + other.sizes

    def shares(self, mean: Array, squares: Array) -> dict[str, Array]:
        """Largest share of one draw in the `mean` and in the `variance`, `(...)` each; 0 where there is nothing.

        Args:
            mean: of the draws.
            squares: sum of their squared distances from it.
        """
        assert self.smallest is not None
        assert self.largest is not None
        assert self.sizes is not None
        size = np.maximum(np.abs(self.smallest), np.abs(self.largest))
        farthest = np.maximum(self.largest - mean, mean - self.smallest) ** 2
        return {"mean": part_of(size, self.sizes), "variance": part_of(farthest, squares)}


def part_of(part: Array, whole: Array) -> Array:
    """A part over the whole, 0 where the whole is."""
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)


def variance_share(draws: Array) -> Array:
    """Largest share of one draw in the variance over the last axis, `(...)`.

    >>> float(variance_share(np.array([0.0, 0.0, 0.0, 4.0])))
    0.75
    """
    squares = (draws - draws.mean(axis=-1, keepdims=True)) ** 2
    return part_of(squares.max(axis=-1), squares.sum(axis=-1))
