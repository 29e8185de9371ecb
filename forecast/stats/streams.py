"""Where random numbers come from: every number has an address (seed, stream name, block index).

A generator is made from its address alone, never from order of creation, worker number or arithmetic on
seeds. Two scenarios that name a stream alike share its numbers, so their difference is paired; adding or
removing a name leaves the others as they were. 0 is a seed like any other.

Stratified schemes (Latin hypercube, scrambled Sobol) are built per block and per stream, so that blocks stay
independent replicates and Monte Carlo error is read off the spread between blocks. Sobol points come in a random order:
in their own, scrambled or not, two streams of a block are as good as one (correlations of 0.9 either way).

Correlated inputs mix the normal scores of several streams by `loadings`; streams not named keep their numbers. Mixing
alone would blur the strata of a stratified scheme, so there a stream keeps its own points and only takes the order of
the mix: every margin stays as even as it was, and the stated correlation holds up to about one over a block's draws.
Source of the reordering: Iman and Conover (1982), Communications in Statistics B 11: 311-334.

The copula is Gaussian. A stated Spearman correlation `rank` becomes the correlation `2 sin(pi rank / 6)` of normal
scores (Kruskal 1958, Journal of the American Statistical Association 53: 814-861). The score of the i-th input in the
order of names is a sum over its own stream and those before it, so that the first of each set keeps its numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
import scipy

from forecast.dims import Array
from forecast.stats.special import ndtr, ndtri

Mix: TypeAlias = tuple[tuple[str, float], ...]
"""Streams and the loadings of their normal scores; squares of the loadings sum to one."""

Pair: TypeAlias = tuple[str, str]
ROUNDING, _MOST_TRIALS = 1e-9, 300


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
    """Whether some joint distribution of normal scores has these rank correlations, `(n, n)`."""
    return bool(np.linalg.eigvalsh(gaussian(ranks))[0] >= -ROUNDING)


def nearest_possible(ranks: Array) -> Array:
    """Rank correlations near those given which are possible together, `(n, n)`.

    Those that can stay as they are do, to the last digit; the others have two decimals.
    """
    near = spearman(nearest_correlation(gaussian(ranks)))
    for shrunk in range(200):
        candidate = np.asarray(np.round(near * (1.0 - shrunk / 200), 2), dtype=np.float64)
        np.fill_diagonal(candidate, 1.0)
        if is_possible(candidate):
            return _with_what_can_stay(candidate, ranks)
    return np.eye(len(ranks))


def _with_what_can_stay(possible: Array, ranks: Array) -> Array:
    """Possible correlations in which those given stand again one by one, from the least moved on, where they may."""
    pairs = sorted(combinations(range(len(ranks)), 2), key=lambda pair: abs(possible[pair] - ranks[pair]))
    for row, column in pairs[:_MOST_TRIALS]:
        trial = possible.copy()
        trial[row, column] = trial[column, row] = ranks[row, column]
        if is_possible(trial):
            possible = trial
    return possible


def nearest_correlation(matrix: Array, n_steps: int = 200) -> Array:
    """The correlation matrix nearest to a symmetric one in the sum of squared differences.

    Source: Higham (2002), IMA Journal of Numerical Analysis 22: 329-343, algorithm 3.3: projections in turn on matrices
    without negative eigenvalues, with Dykstra's correction, and on those with a unit diagonal.
    """
    nearest, correction = matrix, np.zeros_like(matrix)
    for _ in range(n_steps):
        corrected = nearest - correction
        values, vectors = np.linalg.eigh(corrected)
        projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = projected - corrected
        nearest = projected.copy()
        np.fill_diagonal(nearest, 1.0)
    return nearest


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


Scheme: TypeAlias = Literal["plain", "latin_hypercube", "sobol"]


def generator(seed: int, name: str, block: int) -> np.random.Generator:
    """The generator at one address.

    Args:
        seed: non-negative integer of the run.
        name: dotted stream name, such as `investments.HMG-06.slip`.
        block: index of the block of draws.

    >>> generator(0, "a", 0).random(2).tolist() == generator(0, "a", 0).random(2).tolist()
    True
    """
    # the name enters as four 32-bit words of its hash, the block as a spawn key: no two addresses can be alike by sums
    words = np.frombuffer(hashlib.blake2b(name.encode(), digest_size=16).digest(), dtype="<u4")
    sequence = np.random.SeedSequence([seed, *words.tolist()], spawn_key=(block,))
    return np.random.Generator(np.random.SFC64(sequence))


@dataclass(frozen=True, slots=True)
class Streams:
    """All random numbers of one block: uniforms in, quantile functions out.

    Attributes:
        seed: non-negative integer of the run.
        block: index of the block.
        n_draws: draws in this block; the last axis of everything returned.
        scheme: how uniforms fill the unit cube.
        mixes: streams that are correlated with others, by name.
    """

    seed: int
    block: int
    n_draws: int
    scheme: Scheme = "plain"
    mixes: Mapping[str, Mix] = field(default_factory=dict)

    def uniforms(self, name: str, n_rows: int | None = None) -> Array:
        """Uniforms on the open unit interval, `(n_draws,)` or `(n_rows, n_draws)`."""
        mix = self.mixes.get(name, ()) if n_rows is None else ()
        return self.points(name, n_rows) if mix in ((), ((name, 1.0),)) else self._mixed(name, mix)

    def _mixed(self, name: str, mix: Mix) -> Array:
        """Uniforms correlated with those of other streams, `(n_draws,)`."""
        scores = sum(loading * ndtri(self.points(stream)) for stream, loading in mix)
        if self.scheme == "plain":
            return np.asarray(np.clip(ndtr(scores), 2.0**-54, 1 - 2.0**-53))
        own = np.sort(self.points(name))
        # ranks of the mix pick from the stream's own sorted points
        return own[np.argsort(np.argsort(scores, kind="stable"))]

    def points(self, name: str, n_rows: int | None = None) -> Array:
        """Uniforms of one stream by itself, correlated with no other; shape as `uniforms`."""
        rng = generator(self.seed, name, self.block)
        cube = _FILLS[self.scheme](rng, 1 if n_rows is None else n_rows, self.n_draws)
        return cube[0] if n_rows is None else cube

    def normals(self, name: str, n_rows: int) -> Array:
        """Standard normals, `(n_rows, n_draws)`."""
        if self.scheme == "plain":
            return generator(self.seed, name, self.block).standard_normal((n_rows, self.n_draws))
        return np.asarray(ndtri(self.uniforms(name, n_rows)))

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        """Gamma variates of unit scale, `(n_rows, n_draws)`, with one shape parameter a draw `(n_draws,)`."""
        if self.scheme == "plain":
            rng = generator(self.seed, name, self.block)
            return rng.standard_gamma(shape, (n_rows, self.n_draws))
        return np.asarray(scipy.special.gammaincinv(shape, self.uniforms(name, n_rows)))


def _plain(rng: np.random.Generator, n_rows: int, n_draws: int) -> Array:
    return np.maximum(rng.random((n_rows, n_draws)), 2.0**-54)  # no zero, of which some quantiles are infinite


def _latin_hypercube(rng: np.random.Generator, n_rows: int, n_draws: int) -> Array:
    # each row is a permutation of all cells, so that every cell of every row holds one draw
    cells = rng.permuted(np.tile(np.arange(n_draws), (n_rows, 1)), axis=1)
    return np.asarray((cells + _plain(rng, n_rows, n_draws)) / n_draws)


def _sobol(rng: np.random.Generator, n_rows: int, n_draws: int) -> Array:
    from scipy.stats.qmc import Sobol  # 1.4 s to import, so only when asked for

    bits = int(np.ceil(np.log2(max(n_draws, 2))))
    points = rng.permutation(Sobol(n_rows, scramble=True, rng=rng).random_base2(bits)[:n_draws])
    return np.asarray(np.clip(points.T, 2.0**-54, 1 - 2.0**-53), order="C")


_FILLS = {"plain": _plain, "latin_hypercube": _latin_hypercube, "sobol": _sobol}
