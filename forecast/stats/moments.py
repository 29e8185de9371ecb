"""Probabilities of ranges, and means by quadrature where there is no formula, with the numerical error that is left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.dims import Array
from forecast.errors import demand
from forecast.stats.special import ndtr, ndtri

if TYPE_CHECKING:
    from forecast.stats.distributions import Distribution

_FARTHEST = 37.0
"""Normal score whose tail has the least probability that a number can hold."""

_POINTS, _MOST_HALVINGS = 20, 5
_PRECISION, _ROUNDING, _NEGLIGIBLE = 1e-12, 1e-14, 1e-9


class Mean(NamedTuple):
    """Mean of a distribution.

    Attributes:
        value: in the unit of the quantity; infinite where one tail has none, nan where both have none.
        error: bound of its numerical error, in the same unit.
    """

    value: float
    error: float = 0.0


def cdf_below(distribution: Distribution, x: float) -> float:
    """Probability of a value less than `x`, which leaves out that of `x` itself."""
    return float(distribution.cdf(np.nextafter(x, -np.inf) if x in distribution.atoms() else x))


def sf_from(distribution: Distribution, x: float) -> float:
    """Probability of a value of at least `x`."""
    return float(distribution.sf(np.nextafter(x, -np.inf) if x in distribution.atoms() else x))


def probability(distribution: Distribution, low: float, high: float) -> float:
    """Probability of a value from `low` to `high`, both included, counted from the nearer end."""
    below = cdf_below(distribution, low)
    if below > 0.5:
        return sf_from(distribution, low) - float(distribution.sf(high))
    return float(distribution.cdf(high)) - below


def demand_weights(weights: Sequence[float]) -> None:
    """Raise `ValueError` unless weights can be scaled to sum to one.

    >>> demand_weights([0.0, 0.0])
    Traceback (most recent call last):
    ValueError: got weights [0.0, 0.0], expected non-negative numbers that do not all vanish, with a finite sum
    """
    demand(
        min(weights) >= 0 and 0 < sum(weights) < math.inf,
        f"got weights {list(weights)}, expected non-negative numbers that do not all vanish, with a finite sum",
    )


def weighted(weights: Sequence[float], means: Sequence[Mean]) -> Mean:
    """Mean of a mixture of distributions with these means.

    >>> weighted([1.0, 3.0], [Mean(8.0), Mean(4.0, 0.1)])
    Mean(value=5.0, error=0.07500000000000001)
    """
    pairs = [(weight, mean) for weight, mean in zip(weights, means, strict=True) if weight > 0]
    total = sum(weight for weight, _ in pairs)
    value, error = (sum(weight * mean[part] for weight, mean in pairs) / total for part in (0, 1))
    return Mean(value, error)


def mean_by_quadrature(distribution: Distribution, low: float, high: float, kinks: Sequence[float] = ()) -> Mean:
    """Mean of a value given that it lies from `low` to `high`, of a distribution without atoms.

    Gauss and Legendre's rule over normal scores of the level, in which tails are smooth; panels end at the levels where
    the quantile function has `kinks`, and are halved until halving changes nothing.
    """
    start, end = _score(distribution, low), _score(distribution, high)
    if math.isnan(start + end):
        return Mean(math.nan)
    inner = [score for score in ndtri(kinks).tolist() if start < score < end]
    mean = Mean(math.nan)
    for halvings in range(_MOST_HALVINGS + 1):
        scores, weights = _nodes([start, *inner, end], 2**halvings)
        mass = weights * np.exp(-(scores**2) / 2)
        with np.errstate(invalid="ignore", over="ignore"):
            parts = quantiles_at(distribution, scores) * mass / mass.sum()
            value, scale, last = float(parts.sum()), float(np.abs(parts).sum()), float(parts[-1])
        if end == _FARTHEST and not abs(last) < _NEGLIGIBLE * scale:
            return Mean(math.copysign(math.inf, last))
        mean = Mean(value, abs(value - mean.value) + _ROUNDING * scale)
        if mean.error <= _PRECISION * scale:
            break
    return mean


def quantiles_at(distribution: Distribution, scores: Array) -> Array:
    """Quantiles at normal scores of the level, from the nearer end; shape as `scores`."""
    near = ndtr(-np.abs(scores))
    with np.errstate(over="ignore"):
        values = np.where(scores < 0, distribution.ppf(near), distribution.isf(near))
    # scipy has no beta quantiles at levels below some 1e-100, where any bounded value counts for nothing
    return np.where(np.isnan(values) & (near < 1e-60), 0.0, values)


def _score(distribution: Distribution, x: float) -> float:
    """Normal score of the level of a value."""
    below, above = float(distribution.cdf(x)), float(distribution.sf(x))
    score = ndtri(below) if below < above else -ndtri(above)
    return float(np.clip(score, -_FARTHEST, _FARTHEST))


def _nodes(ends: Sequence[float], refinement: int) -> tuple[Array, Array]:
    """Points and weights over the parts between some ends, in panels at most `1 / refinement` wide."""
    points, weights = _legendre()
    edges = [
        np.linspace(left, right, refinement * max(math.ceil(right - left), 1) + 1) for left, right in pairwise(ends)
    ]
    starts = np.concatenate([part[:-1] for part in edges])
    widths = np.concatenate([np.diff(part) for part in edges])
    return (starts[:, None] + widths[:, None] * points).ravel(), (widths[:, None] * weights).ravel()


@cache
def _legendre() -> tuple[Array, Array]:
    """Gauss and Legendre's points and weights on 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    return (points + 1) / 2, weights / 2
