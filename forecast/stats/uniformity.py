"""Are ranks uniform: the empirical distribution of ranks against bands that hold all of it at once.

A rank is the number of `n_kept` independent posterior draws below the true value, 0 to `n_kept`; if the posterior is
right, every rank is as likely as any other. Bands are simultaneous: a calibrated parameter leaves them anywhere with
the stated probability, found by simulation.

Source: Säilynoja, Bürkner and Vehtari (2022), Statistics and Computing 32: 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from forecast.dims import Array
from forecast.stats.streams import generator

N_REFERENCE = 20_000
"""Sets of uniform ranks simulated for the bands: a p-value of 1 % has a standard error of 0.07 points."""


_CHUNK = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Bands around the empirical distribution of `n` uniform ranks.

    Attributes:
        points: `(n_points,)`, shares of the rank's range at which it is looked at.
        low, high: `(n_points,)`, shares of ranks below each point that bound it with the stated probability.
    """

    points: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Ranks of the true values of one model.

    Attributes:
        model: group of the posterior.
        ranks: `(n,)` by parameter, each 0 to `n_kept`.
        n_kept: posterior draws each true value was ranked among.
        n_divergences: divergent transitions over all fits.
        n_refused: fits refused since their chains disagreed, and done again.
    """

    model: str
    ranks: Mapping[str, NDArray[np.int64]]
    n_kept: int
    n_divergences: int
    n_refused: int

    @property
    def n_fits(self) -> int:
        """How often the model was fitted."""
        return len(next(iter(self.ranks.values())))

    @property
    def p_values(self) -> dict[str, float]:
        """`p_value` by parameter."""
        return {name: p_value(ranks, self.n_kept) for name, ranks in self.ranks.items()}


def p_value(ranks: NDArray[np.int64], n_kept: int) -> float:
    """Chance that uniform ranks depart at least as far, at their worst point, from uniformity.

    Args:
        ranks: `(n,)`, each 0 to `n_kept`.
        n_kept: posterior draws each true value was ranked among.
    """
    worst = _worst(_counts(np.asarray(ranks)[None], n_kept), len(ranks), n_kept)[0]
    return float((1 + (_reference(len(ranks), n_kept) <= worst).sum()) / (N_REFERENCE + 1))


def uniform_bands(n: int, n_kept: int, level: float = 0.95) -> Bands:
    """Where the empirical distribution of `n` uniform ranks lies throughout, with probability `level`."""
    points = _points(n_kept)
    pointwise = float(np.quantile(_reference(n, n_kept), 1 - level))
    counts = np.arange(n + 1)[:, None]
    below = bdtr(counts, n, points)
    above = 1 - np.vstack([np.zeros_like(points), below[:-1]])
    inside = 2 * np.minimum(below, above) > pointwise
    return Bands(points, inside.argmax(axis=0) / n, (n - inside[::-1].argmax(axis=0)) / n)


def empirical(ranks: NDArray[np.int64], n_kept: int) -> Array:
    """Share of ranks below each of the points of `uniform_bands`, `(n_points,)`."""
    return np.asarray(_counts(np.asarray(ranks)[None], n_kept)[0] / len(ranks))


def adjusted(p_values: Array) -> Array:
    """P-values for a family of tests: chance that any of them is as extreme, by Holm's step-down rule.

    >>> adjusted(np.array([0.01, 0.5, 0.03]))
    array([0.03, 0.5 , 0.06])
    """
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1))
    family = np.empty(len(p_values))
    family[order] = np.minimum(stepped, 1.0)
    return family


def _points(n_kept: int) -> Array:
    """Inner ends of up to fifty equal steps of whole ranks, as shares of the range."""
    steps = np.arange(1, n_kept + 1)
    return np.asarray(steps[:: max(1, (n_kept + 1) // 50)] / (n_kept + 1))


def _counts(ranks: NDArray[np.int64], n_kept: int) -> NDArray[np.int64]:
    """Ranks below each point, `(n_sets, n_points)`, of sets `(n_sets, n)`."""
    edges = np.round(_points(n_kept) * (n_kept + 1)).astype(int)
    tallies = np.apply_along_axis(np.bincount, 1, ranks, minlength=n_kept + 1)
    return np.asarray(tallies.cumsum(axis=1)[:, edges - 1])


def _worst(counts: NDArray[np.int64], n: int, n_kept: int) -> Array:
    """Smallest two-sided binomial tail probability over the points, `(n_sets,)`."""
    points = _points(n_kept)
    below = bdtr(np.arange(n + 1)[:, None], n, points)
    above = 1 - np.vstack([np.zeros_like(points), below[:-1]])
    tails = 2 * np.minimum(below, above)
    return np.asarray(tails[counts, np.arange(len(points))].min(axis=1))


@cache
def _reference(n: int, n_kept: int) -> Array:
    """`_worst` of sets of `n` uniform ranks, `(N_REFERENCE,)`."""
    rng = generator(0, f"uniformity.{n}.{n_kept}", 0)
    sets = (rng.integers(0, n_kept + 1, (_CHUNK, n)) for _ in range(N_REFERENCE // _CHUNK))
    return np.concatenate([_worst(_counts(ranks, n_kept), n, n_kept) for ranks in sets])
