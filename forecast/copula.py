"""Rank correlation between inputs: what a scenario states, made into loadings of streams of random numbers.

The copula is Gaussian. A stated Spearman correlation `rank` becomes the correlation `2 sin(pi rank / 6)` of normal
scores (Kruskal 1958, Journal of the American Statistical Association 53: 814-861). The score of the i-th input in the
order of names is a sum over its own stream and those before it, so that the first of each set keeps its numbers.

Refused here: drawing, that is `streams`, and which names there are, that is `correlations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from forecast.draws import Array

Mix: TypeAlias = tuple[tuple[str, float], ...]
"""Streams and the loadings of their normal scores; squares of the loadings sum to one."""

Pair: TypeAlias = tuple[str, str]

ROUNDING = 1e-9


def gaussian(rank: Array) -> Array:
    """Correlation of normal scores that gives a Spearman correlation.

    >>> gaussian(np.array([0.0, 0.6, 1.0])).round(3).tolist()
    [0.0, 0.618, 1.0]
    """
    return np.asarray(2.0 * np.sin(np.pi * rank / 6.0))


def spearman(correlation: Array) -> Array:
    """Spearman correlation of a pair whose normal scores have a correlation: the inverse of `gaussian`."""
    return np.asarray(6.0 / np.pi * np.arcsin(correlation / 2.0))


def is_possible(ranks: Array) -> bool:
    """Whether some joint law of normal scores has these rank correlations, `(n, n)`."""
    return bool(np.linalg.eigvalsh(gaussian(ranks))[0] >= -ROUNDING)


def nearest_possible(ranks: Array) -> Array:
    """Rank correlations near those given, to two decimals, which are possible together, `(n, n)`."""
    near = spearman(nearest_correlation(gaussian(ranks)))
    for shrunk in range(200):
        candidate = np.asarray(np.round(near * (1.0 - shrunk / 200), 2), dtype=np.float64)
        np.fill_diagonal(candidate, 1.0)
        if is_possible(candidate):
            return candidate
    return np.eye(len(ranks))


def nearest_correlation(matrix: Array, n_steps: int = 200) -> Array:
    """The correlation matrix nearest to a symmetric one in the sum of squared differences.

    Source: Higham (2002), IMA Journal of Numerical Analysis 22: 329-343, algorithm 3.3: projections in turn on matrices
    without negative eigenvalues, with Dykstra's correction, and on those with a unit diagonal.
    """
    found, correction = matrix, np.zeros_like(matrix)
    for _ in range(n_steps):
        corrected = found - correction
        values, vectors = np.linalg.eigh(corrected)
        projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = projected - corrected
        found = projected.copy()
        np.fill_diagonal(found, 1.0)
    return found


def rank_matrix(names: Sequence[str], ranks: Mapping[Pair, float]) -> Array:
    """All rank correlations between `names`, `(n, n)`; pairs not stated have none."""
    matrix = np.eye(len(names))
    for (one, other), rank in ranks.items():
        row, column = names.index(one), names.index(other)
        matrix[row, column] = matrix[column, row] = rank
    return matrix


def loadings(ranks: Mapping[Pair, float]) -> dict[str, Mix]:
    """The mix of streams of every name in `ranks`, whose correlations must be possible together.

    >>> loadings({("b", "a"): 0.0})
    {'a': (('a', 1.0),), 'b': (('b', 1.0),)}
    """
    names = sorted(names_in(ranks))
    factor = _triangle(gaussian(rank_matrix(names, ranks)))
    return {
        name: tuple((stream, float(weight)) for stream, weight in zip(names, row, strict=True) if weight != 0.0)
        for name, row in zip(names, factor, strict=True)
    }


def names_in(pairs: Iterable[Pair]) -> set[str]:
    """Every name of some pairs."""
    return {name for pair in pairs for name in pair}


def _triangle(matrix: Array) -> Array:
    """Lower triangular factor of a correlation matrix, singular ones included: Cholesky's, column by column."""
    factor = np.zeros_like(matrix)
    for column in range(len(matrix)):
        rest = matrix[column:, column] - factor[column:, :column] @ factor[column, :column]
        if rest[0] > ROUNDING:
            factor[column:, column] = rest / np.sqrt(rest[0])
    return factor
