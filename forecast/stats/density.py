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
    [(0.0, 0.14)]
    """
    low, median, high = distribution.ppf([0.0, 0.5, 1.0]).tolist()
    found = []
    for end, inner in ((low, low + _NEAR * (median - low)), (high, high - _NEAR * (high - median))):
        if np.isfinite(end) and inner != end:
            near = distribution.cdf(inner) - distribution.cdf(low) if end == low else _above(distribution, inner, high)
            found.append(Spike(end, abs(inner - end), float(near)))
    return [spike for spike in found if spike.probability > _MUCH]


def _above(distribution: Distribution, inner: float, high: float) -> float:
    """Probability from `inner` to below `high`."""
    return float(distribution.sf(inner)) - float(distribution.sf(np.nextafter(high, -np.inf)))


_NEAR, _MUCH = 0.01, 0.02
