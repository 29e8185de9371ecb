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
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.stats.special import ndtri

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


FOLLOWED = 250
"""Rows of a model that are followed at most, evenly among all of them: they tell the correlation to about a tenth."""


@dataclass(slots=True)
class RowSums:
    """Draws that picked the rows of one model that are followed, measured from a value near their mean: mergeable.

    Attributes:
        n_rows: rows of the model.
        picks: how many draws picked each row that is followed, `(n_followed,)`.
        sums: sum of the distances of those draws, `(n_followed, ...)`.
        squares: sum of the squared distances of all of them, `(...)`.
    """

    n_rows: int
    picks: Array
    sums: Array
    squares: Array

    @classmethod
    def none(cls, n_rows: int, shape: tuple[int, ...]) -> RowSums:
        """Sums of no draws, of statistics of a shape."""
        n_followed = -(-n_rows // _step(n_rows))
        return cls(n_rows, np.zeros(n_followed), np.zeros((n_followed, *shape)), np.zeros(shape))

    def add(self, draws: Array, rows: NDArray[np.intp], reference: Array) -> None:
        """Take in draws `(..., n_draws)` that picked `rows`, `(n_draws,)`."""
        followed = np.flatnonzero(rows % _step(self.n_rows) == 0)
        places = rows[followed] // _step(self.n_rows)
        distances = (draws[..., followed] - reference[..., None]).reshape(reference.size, followed.size)
        distances = distances.T.copy().reshape(followed.size, *reference.shape)  # what a draw adds lies together
        self.picks += np.bincount(places, minlength=self.picks.size)
        self.squares += (distances**2).sum(axis=0)
        for turn in _turns(places):
            self.sums[places[turn]] += distances[turn]

    def merge(self, other: RowSums, shift: Array) -> None:
        """Take in draws measured from a value that is larger by `shift`, `(...)`."""
        self.squares += other.squares + shift * (2.0 * other.sums.sum(axis=0) + shift * other.picks.sum())
        self.picks += other.picks
        self.sums += other.sums + np.multiply.outer(other.picks, shift)

    def correlation(self) -> Array:
        """Correlation between draws that share a row, `(...)`; 0 where no two do or nothing spreads."""
        n_draws, pairs = max(self.picks.sum(), 1.0), float((self.picks * (self.picks - 1)).sum())
        shift = self.sums.sum(axis=0) / n_draws
        variance = self.squares / n_draws - shift**2
        products = ((self.sums**2).sum(axis=0) - self.squares) / max(pairs, 1.0) - shift**2
        spread = (variance > 0) & (pairs > 0)
        return np.asarray(np.divide(products, variance, out=np.zeros_like(variance), where=spread).clip(-1.0, 1.0))


def _step(n_rows: int) -> int:
    """Every how many rows one is followed."""
    return -(-n_rows // FOLLOWED)


def _turns(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Draws in turns, in none of which two pick the same row: an array takes what is assigned to a place once.

    >>> [turn.tolist() for turn in _turns(np.array([7, 3, 7, 7, 5]))]
    [[1, 4, 0], [2], [3]]
    """
    order = np.argsort(rows, kind="stable")
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    earlier = np.arange(rows.size) - np.repeat(first, np.diff(first, append=rows.size))  # picks of the same row before
    return [order[earlier == turn] for turn in range(earlier.max(initial=-1) + 1)]


@dataclass(slots=True)
class SharedRows:
    """What rows of all models bring to statistics of draws: mergeable.

    Attributes:
        n_rows: rows by model; none where draws pick no rows.
        reference: value the draws are measured from, `(...)`, near their mean.
        models: sums of draws by model.
    """

    n_rows: Mapping[str, int]
    reference: Array | None = None
    models: dict[str, RowSums] = field(default_factory=dict)

    def add(self, draws: Array, rows: Mapping[str, NDArray[np.intp]]) -> None:
        """Take in draws `(..., n_draws)` and the row that each picked of every model, `(n_draws,)`."""
        if not self.n_rows:
            return
        reference = self._reference(draws.mean(axis=-1))
        for model, sums in self.models.items():
            sums.add(draws, rows[model], reference)

    def _reference(self, proposed: Array) -> Array:
        """The value to measure from: the first one proposed."""
        if self.reference is None:
            self.reference = proposed
            self.models = {model: RowSums.none(n_rows, proposed.shape) for model, n_rows in self.n_rows.items()}
        return self.reference

    def merge(self, other: SharedRows) -> None:
        """Take in later draws."""
        if other.reference is None:
            return
        shift = other.reference - self._reference(other.reference)
        for model, sums in self.models.items():
            sums.merge(other.models[model], shift)

    def per_row(self, explained: Callable[[Array], Array]) -> Array:
        """Sum over models of the share of a statistic's variance that rows explain, over their number, not below 0.

        Args:
            explained: that share, `(..., n_series, n_periods)`, given the correlation of draws that share a row.
        """
        shares = [explained(correlation) / self.n_rows[model] for model, correlation in self.correlations().items()]
        # of models without influence the estimates stray to either side of zero, so that only the sum is cut
        return np.maximum(sum(shares, np.zeros(())), 0.0)

    def correlations(self) -> dict[str, Array]:
        """Correlation between draws that share a row of a model, `(...)` each."""
        return {model: sums.correlation() for model, sums in self.models.items()}


@dataclass(frozen=True, slots=True)
class RowPicks:
    """Posterior rows that draws pick.

    Attributes:
        n_rows: rows by model; none where errors are to leave them out.
        picks: by model, the row of each draw, `(n_draws,)`.
    """

    n_rows: Mapping[str, int] = field(default_factory=dict)
    picks: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)

    def of(self, draws: slice | NDArray[np.bool_]) -> RowPicks:
        """Those of some of the draws."""
        return RowPicks(self.n_rows, {model: rows[draws] for model, rows in self.picks.items()})


NO_ROWS = RowPicks()
"""Where errors leave out what rows bring."""


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
    density = np.exp(-(ndtri(level)[..., None] ** 2) / (1.0 + np.sin(angles)))
    joint = half * (density * _WEIGHTS).sum(axis=-1) / (2.0 * np.pi)
    return np.asarray(np.where(inside, joint / (level * (1.0 - level)), 0.0))
