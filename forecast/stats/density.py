"""The density of a distribution in steps, and probability that is piled up at an end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.dims import Array
from forecast.stats.distributions import Distribution

_ENDS = (0.005, 0.995)


@dataclass(frozen=True, slots=True)
class Density:
    """Probability of a distribution in steps of equal width.

    Attributes:
        edges: `(n_steps + 1,)`, over the inner 99 % of the distribution.
        shares: probability of each step, `(n_steps,)`.
    """

    edges: Array
    shares: Array


def density(distribution: Distribution, edges: Array) -> Density:
    """Probability between edges; a value on an edge counts to the step below it, on the first to the first.

    >>> from forecast.stats.distributions import Uniform
    >>> density(Uniform(0.0, 1.0), np.array([0.0, 0.25, 1.0])).shares
    array([0.25, 0.75])
    """
    levels = np.concatenate([distribution.cdf(np.nextafter(edges[:1], -np.inf)), distribution.cdf(edges[1:])])
    return Density(edges, np.diff(levels))


def inner_edges(distribution: Distribution, n_steps: int) -> Array:
    """Edges of equal steps over the inner 99 % of a distribution; of one step around the value of a constant.

    >>> from forecast.stats.distributions import Uniform
    >>> inner_edges(Uniform(0.0, 1.0), n_steps=2)
    array([0.005, 0.5  , 0.995])
    """
    low, high = (float(end) for end in distribution.ppf(_ENDS))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n_steps + 1)


@dataclass(frozen=True, slots=True)
class Spike:
    """Probability piled up at an end of a distribution.

    Attributes:
        end: the value at which it is.
        width: distance from it within which the probability lies, a hundredth of that to the median.
        probability: probability of a value so near, without that of the end itself.
    """

    end: float
    width: float
    probability: float


def spikes(distribution: Distribution) -> list[Spike]:
    """Ends at which much of the probability lies within a hundredth of the way to the median.

    >>> from forecast.stats.elicited import Quantiles
    >>> [(spike.end, round(spike.probability, 2)) for spike in spikes(Quantiles((0.5, 0.8), (25.0, 75.0), low=0.0))]
    [(0.0, 0.11)]
    """
    low, median, high = distribution.ppf([0.0, 0.5, 1.0]).tolist()
    ends = [(low, median - low, _low_probability), (high, high - median, _high_probability)]
    found = []
    for end, room, probability in ends:
        if np.isfinite(end) and room > 0:
            near, nearer = (probability(distribution, end, part * room) for part in (_NEAR, _NEAR / 10))
            if near > _MUCH and nearer > _CROWDED * near:
                found.append(Spike(end, _NEAR * room, near))
    return found


_NEAR, _MUCH, _CROWDED = 0.01, 0.02, 0.3
"""Part of the way to the median, probability within it, and the part of that within a tenth of it, from which on
probability counts as piled up; an even density has a tenth within a tenth."""


def _low_probability(distribution: Distribution, end: float, width: float) -> float:
    """Probability of a value above the lower end, but not further from it than a width."""
    return float(distribution.cdf(end + width) - distribution.cdf(end))


def _high_probability(distribution: Distribution, end: float, width: float) -> float:
    """Probability of a value below the upper end, but not further from it than a width."""
    return float(distribution.sf(end - width) - distribution.sf(np.nextafter(end, -np.inf)))
