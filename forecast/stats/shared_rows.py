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

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import NDArray

from forecast.dims import Array

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(slots=True)
class SharedRows:
    """Sums of draws by the posterior row they picked: mergeable, and enough for the correlations of shared rows.

    Attributes:
        n_rows: rows by model; none where draws pick no rows.
        reference: value the draws are measured from, `(...)`, near their mean.
        squares: sum of the squared distances from it, `(...)`.
        picks: by model, how many draws picked each row, `(n_rows,)`.
        sums: by model, sum of the distances of those draws, `(..., n_rows)`.
    """

    n_rows: Mapping[str, int]
    reference: Array | None = None
    squares: Array = field(default_factory=lambda: np.zeros(()))
    picks: dict[str, Array] = field(default_factory=dict)
    sums: dict[str, Array] = field(default_factory=dict)

    def add(self, draws: Array, rows: Mapping[str, NDArray[np.intp]]) -> None:
        """Take in draws `(..., n_draws)` and the row that each picked of every model, `(n_draws,)`."""
        if not self.n_rows:
            return
        reference = self._reference(draws.mean(axis=-1))
        distances = (draws - reference[..., None]).reshape(-1, draws.shape[-1])
        squares = np.einsum("cd,cd->c", distances, distances)
        self.squares = self.squares + squares.reshape(reference.shape)
        cells = np.flatnonzero(squares)
        if cells.size < squares.size:
            distances = distances[cells]
        for model, n_rows in self.n_rows.items():
            self.picks[model] += np.bincount(rows[model], minlength=n_rows)
            # bins of all cells in one flat axis, so that one call sums them
            bins = rows[model] + np.arange(cells.size)[:, None] * n_rows
            summed = np.bincount(bins.ravel(), distances.ravel(), cells.size * n_rows).reshape(-1, n_rows)
            self.sums[model].reshape(-1, n_rows)[cells] += summed

    def _reference(self, proposed: Array) -> Array:
        """The value to measure from: the first one proposed."""
        if self.reference is None:
            self.reference, self.squares = proposed, np.zeros(proposed.shape)
            self.picks = {model: np.zeros(n_rows) for model, n_rows in self.n_rows.items()}
            self.sums = {model: np.zeros((*proposed.shape, n_rows)) for model, n_rows in self.n_rows.items()}
        return self.reference

    def merge(self, other: SharedRows) -> None:
        """Take in later draws."""
        if other.reference is None:
            return
        shift = other.reference - self._reference(other.reference)
        picks, sums = next(iter(other.picks.values())), next(iter(other.sums.values()))
        self.squares = self.squares + other.squares + shift * (2.0 * sums.sum(axis=-1) + shift * picks.sum())
        for model in other.n_rows:
            self.picks[model] += other.picks[model]
            self.sums[model] += other.sums[model] + other.picks[model] * shift[..., None]

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
        shift = sums.sum(axis=-1) / n_draws
        variance = self.squares / n_draws - shift**2
        products = ((sums**2).sum(axis=-1) - self.squares) / max(pairs, 1.0) - shift**2
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
