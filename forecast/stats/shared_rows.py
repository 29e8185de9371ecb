"""Monte Carlo error that draws owe to posterior rows: few of them, picked over and over.

Draws are independent given the rows they pick, but the rows are a sample too. A statistic of `n` draws that each pick
one of `M` independent rows has the variance

    v / n + c v / M

with `v` the variance of its influence in one draw and `c` the share of it that rows explain: the correlation between
draws that share a row. For a mean, `c` is that correlation of the draws themselves, `r`. For a chance `p`, or a
quantile at level `p`, it is the correlation of their falling below the `p` quantile, where both are taken as bivariate
normal (Sheppard 1899, Philosophical Transactions of the Royal Society A 192: 101-167), and for a standard deviation
`r` squared, that of the squares of normals. Rows of several models are picked independently, and their parts add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import NDArray

from forecast.dims import Array

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True, slots=True)
class Picked:
    """Rows of a model that draws picked, in turns in none of which two pick the same.

    An array takes what is assigned to a place once, so that sums by row need a turn for every time a row is picked.

    >>> [turn.tolist() for turn in Picked.of(np.array([7, 3, 7, 7, 5])).turns]
    [[1, 4, 0], [2], [3]]

    Attributes:
        rows: the row of each draw, `(n_draws,)`.
        turns: places of draws.
    """

    rows: NDArray[np.intp]
    turns: Sequence[NDArray[np.intp]]

    @classmethod
    def of(cls, rows: NDArray[np.intp]) -> Picked:
        """Those rows, `(n_draws,)`, with their turns."""
        order = np.argsort(rows, kind="stable")
        first = np.flatnonzero(np.diff(rows[order], prepend=-1))
        earlier = np.arange(rows.size) - np.repeat(first, np.diff(first, append=rows.size))  # picks of the row before
        return cls(rows, [order[earlier == turn] for turn in range(earlier.max(initial=-1) + 1)])


@dataclass(slots=True)
class SharedRows:
    """Sums of draws by the posterior row they picked: mergeable, and enough for the correlations of shared rows.

    Attributes:
        n_rows: rows by model; none where draws pick no rows.
        reference: value the draws are measured from, `(...)`, near their mean.
        squares: sum of the squared distances from it, `(...)`.
        picks: by model, how many draws picked each row, `(n_rows,)`.
        sums: by model, sum of the distances of those draws, `(n_rows, ...)`.
    """

    n_rows: Mapping[str, int]
    reference: Array | None = None
    squares: Array = field(default_factory=lambda: np.zeros(()))
    picks: dict[str, Array] = field(default_factory=dict)
    sums: dict[str, Array] = field(default_factory=dict)

    def add(self, draws: Array, picked: Mapping[str, Picked]) -> None:
        """Take in draws `(..., n_draws)` and the row that each picked of every model."""
        if not self.n_rows:
            return
        reference = self._reference(draws.mean(axis=-1))
        distances = np.moveaxis(draws - reference[..., None], -1, 0).copy()  # what a draw adds lies together
        self.squares = self.squares + np.einsum("d...,d...->...", distances, distances)
        for model, n_rows in self.n_rows.items():
            rows, sums = picked[model].rows, self.sums[model]
            self.picks[model] += np.bincount(rows, minlength=n_rows)
            for turn in picked[model].turns:
                sums[rows[turn]] += distances[turn]

    def _reference(self, proposed: Array) -> Array:
        """The value to measure from: the first one proposed."""
        if self.reference is None:
            self.reference, self.squares = proposed, np.zeros(proposed.shape)
            self.picks = {model: np.zeros(n_rows) for model, n_rows in self.n_rows.items()}
            self.sums = {model: np.zeros((n_rows, *proposed.shape)) for model, n_rows in self.n_rows.items()}
        return self.reference

    def merge(self, other: SharedRows) -> None:
        """Take in later draws."""
        if other.reference is None:
            return
        shift = other.reference - self._reference(other.reference)
        picks, sums = next(iter(other.picks.values())), next(iter(other.sums.values()))
        self.squares = self.squares + other.squares + shift * (2.0 * sums.sum(axis=0) + shift * picks.sum())
        for model in other.n_rows:
            self.picks[model] += other.picks[model]
            self.sums[model] += other.sums[model] + np.multiply.outer(other.picks[model], shift)

    def per_row(self, explained: Callable[[Array], Array]) -> Array:
        """Sum over models of the share of a statistic's variance that rows explain, over their number, not below 0.

        Args:
            explained: that share, `(..., n_series, n_periods)`, given the correlation of draws that share a row.
        """
        shares = [explained(correlation) / self.n_rows[model] for model, correlation in self.correlations().items()]
        # of models without influence the estimates stray to either side of zero, so that only the sum is cut
        return np.maximum(sum(shares, np.zeros(())), 0.0)

    def correlations(self) -> dict[str, Array]:
        """Correlation between draws that share a row of a model, `(...)` each; 0 where no two do or nothing spreads."""
        return {model: self._correlation(picks, self.sums[model]) for model, picks in self.picks.items()}

    def _correlation(self, picks: Array, sums: Array) -> Array:
        n_draws, pairs = picks.sum(), float((picks * (picks - 1)).sum())
        shift = sums.sum(axis=0) / n_draws
        variance = self.squares / n_draws - shift**2
        products = ((sums**2).sum(axis=0) - self.squares) / max(pairs, 1.0) - shift**2
        spread = (variance > 0) & (pairs > 0)
        return np.asarray(np.divide(products, variance, out=np.zeros_like(variance), where=spread).clip(-1.0, 1.0))


def together_below(level: Array | float, correlation: Array) -> Array:
    """Correlation of falling below the quantile at `level`, for normals with a correlation.

    >>> float(together_below(0.5, np.array(0.5)).round(4)), float(together_below(0.025, np.array(1.0)).round(4))
    (0.3333, 1.0)
    """
    inside = (np.asarray(level) > 0) & (np.asarray(level) < 1)
    level = np.where(inside, level, 0.5)
    # by Plackett's identity the joint chance grows with the correlation like the density, in angles a smooth integrand
    half = np.arcsin(correlation) / 2.0
    angles = half[..., None] * (1.0 + _NODES)
    density = np.exp(-(scipy.special.ndtri(level)[..., None] ** 2) / (1.0 + np.sin(angles)))
    joint = half * (density * _WEIGHTS).sum(axis=-1) / (2.0 * np.pi)
    return np.asarray(np.where(inside, joint / (level * (1.0 - level)), 0.0))
