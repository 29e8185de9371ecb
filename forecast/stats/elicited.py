"""Distributions from statements of experts: quantiles, mixtures and pools, intervals, a mode and two percentiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.dims import Array
from forecast.errors import demand
from forecast.stats.distributions import Distribution, LogNormal, Normal, Pert
from forecast.stats.moments import Mean, demand_weights, mean_by_quadrature, probability, weighted
from forecast.stats.special import ndtr, ndtri

_HALVINGS, _PERT_HALVINGS = 64, 60
_NOTHING, _LARGEST = 1e-250, 1e100


@dataclass(frozen=True, slots=True)
class Quantiles(Distribution):
    """The distribution through stated quantiles: `values` at `levels`, and ends `low` and `high` where there are any.

    Between the levels the value is a monotone cubic in the normal score of the level, so that quantiles of a normal
    distribution give that distribution. Beyond the outermost level the tail is that of the normal distribution through
    the last two quantiles, or, to a stated end, a power of the tail's probability with the same slope where it begins.

    Source of the slopes: Fritsch and Butland (1984), SIAM Journal on Scientific and Statistical Computing 5: 300-304.

    >>> Quantiles(levels=(0.1, 0.9), values=(1.0, 4.0), low=0.0).ppf([0.0, 0.1, 0.5, 0.9])
    array([0. , 1. , 2.5, 4. ])
    """

    levels: tuple[float, ...]
    values: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        demand(len(self.levels) > 1, f"got {len(self.levels)} quantiles, expected at least two")
        demand(len(self.levels) == len(self.values), "got levels and values that differ in number, expected pairs")
        largest = max(map(abs, self.values))
        demand(largest <= _LARGEST, f"got a value of {largest:g}, expected none beyond {_LARGEST:g}")
        for level in self.levels:
            demand(
                0 < level < 1, f"got the level {level:g}, expected a number between 0 and 1; low and high state ends"
            )
        pairs = [*zip(self.levels, self.values, strict=True)]
        for (one, low), (two, high) in pairwise(pairs):
            demand(one < two, f"got the level {two:g} twice, expected every level once")
            demand(low < high, f"got {low:g} at {one:g} and {high:g} at {two:g}, expected values that rise with levels")
        demand(
            self.low < self.values[0], f"got low {self.low:g}, expected less than the first value {self.values[0]:g}"
        )
        demand(self.high > self.values[-1], f"got high {self.high:g}, expected more than the last {self.values[-1]:g}")

    def _knots(self) -> tuple[Array, Array, Array]:
        """Normal scores, values and slopes at the levels."""
        scores, values = ndtri(np.array(self.levels)), np.array(self.values)
        steps, rises = np.diff(scores), np.diff(values) / np.diff(scores)
        slopes = np.concatenate([rises[:1], np.zeros(len(rises) - 1), rises[-1:]])
        first, second = steps[:-1] + 2 * steps[1:], 2 * steps[:-1] + steps[1:]
        slopes[1:-1] = (first + second) / (second / rises[1:] + first / rises[:-1])
        return scores, values, slopes

    def ppf(self, u: ArrayLike) -> Array:
        u = np.asarray(u, dtype=float)
        return self._at(u, 1 - u, ndtri(u))

    def isf(self, q: ArrayLike) -> Array:
        q = np.asarray(q, dtype=float)
        return self._at(1 - q, q, -ndtri(q))

    def _at(self, below: Array, above: Array, score: Array) -> Array:
        """Quantiles at levels, stated three ways: probabilities below and above, and normal score."""
        scores, values, slopes = self._knots()
        z = np.clip(score, scores[0], scores[-1])
        piece = np.clip(np.searchsorted(scores, z, side="right") - 1, 0, len(scores) - 2)
        width = scores[piece + 1] - scores[piece]
        inside = _cubic((z - scores[piece]) / width, piece, width, values, slopes)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            lower = self._lower_tail(below, score, scores, values, slopes)
            upper = self._upper_tail(above, score, scores, values, slopes)
        return np.asarray(np.where(below < self.levels[0], lower, np.where(below > self.levels[-1], upper, inside)))

    def cdf(self, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=float)
        scores, values, slopes = self._knots()
        inside = np.clip(x, values[0], values[-1])
        piece = np.clip(np.searchsorted(values, inside, side="right") - 1, 0, len(values) - 2)
        width = scores[piece + 1] - scores[piece]
        left, right = np.zeros(np.shape(x)), np.ones(np.shape(x))
        for _ in range(_HALVINGS):
            middle = (left + right) / 2
            lower = _cubic(middle, piece, width, values, slopes) < inside
            left, right = np.where(lower, middle, left), np.where(lower, right, middle)
        between = ndtr(scores[piece] + right * width)
        below, above = self._tails(x, scores, values, slopes)
        return np.asarray(np.where(x < values[0], below, np.where(x > values[-1], 1 - above, between)))

    def sf(self, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=float)
        return np.asarray(np.where(x > self.values[-1], self._tails(x, *self._knots())[1], 1 - self.cdf(x)))

    def expectation_within(self, low: float, high: float) -> Mean:
        return mean_by_quadrature(self, low, high, kinks=self.levels)

    def _lower_tail(self, below: Array, score: Array, scores: Array, values: Array, slopes: Array) -> Array:
        if math.isinf(self.low):
            return np.asarray(values[0] + slopes[0] * (score - scores[0]))
        room, power = self._lower_power(scores, values, slopes)
        return np.asarray(self.low + room * (below / self.levels[0]) ** power)

    def _upper_tail(self, above: Array, score: Array, scores: Array, values: Array, slopes: Array) -> Array:
        if math.isinf(self.high):
            return np.asarray(values[-1] + slopes[-1] * (score - scores[-1]))
        room, power = self._upper_power(scores, values, slopes)
        return np.asarray(self.high - room * (above / (1 - self.levels[-1])) ** power)

    def _tails(self, x: Array, scores: Array, values: Array, slopes: Array) -> tuple[Array, Array]:
        """Probabilities beyond values outside the outermost quantiles: below them, and above."""
        below = ndtr(scores[0] + (x - values[0]) / slopes[0])
        above = ndtr(-scores[-1] - (x - values[-1]) / slopes[-1])
        if math.isfinite(self.low):
            room, power = self._lower_power(scores, values, slopes)
            below = self.levels[0] * np.clip((x - self.low) / room, 0.0, 1.0) ** (1 / power)
        if math.isfinite(self.high):
            room, power = self._upper_power(scores, values, slopes)
            above = (1 - self.levels[-1]) * np.clip((self.high - x) / room, 0.0, 1.0) ** (1 / power)
        return np.asarray(below), np.asarray(above)

    def _lower_power(self, scores: Array, values: Array, slopes: Array) -> tuple[float, float]:
        """Room below the first quantile, and the power of the tail's probability that has the slope there."""
        room = float(values[0]) - self.low
        return room, float(slopes[0]) * self.levels[0] / (_density(float(scores[0])) * room)

    def _upper_power(self, scores: Array, values: Array, slopes: Array) -> tuple[float, float]:
        room = self.high - float(values[-1])
        return room, float(slopes[-1]) * (1 - self.levels[-1]) / (_density(float(scores[-1])) * room)


def _density(score: float) -> float:
    return math.exp(-score * score / 2) / math.sqrt(2 * math.pi)


def _cubic(t: Array, piece: NDArray[np.integer[Any]], width: Array, values: Array, slopes: Array) -> Array:
    """Hermite's cubic at the share `t` of a piece."""
    start, end, rise = values[piece], values[piece + 1], values[piece + 1] - values[piece]
    first, last = slopes[piece] * width, slopes[piece + 1] * width
    inner = start + t * (first + t * (3 * rise - 2 * first - last + t * (first + last - 2 * rise)))
    return np.asarray(np.where(t < 1.0, np.clip(inner, start, end), end))


@dataclass(frozen=True, slots=True)
class Mixture(Distribution):
    """Several `components`, one of which holds with a probability that is its weight; weights are scaled to sum to 1.

    With `labels`, one for each component, it is the linear pool of those who stated them.

    Source: Stone (1961), Annals of Mathematical Statistics 32: 1339-1342.

    >>> Mixture(weights=(3.0, 1.0), components=(Normal(0.0, 1.0), Normal(9.0, 1.0))).cdf([0.0, 9.0])
    array([0.375, 0.875])
    """

    weights: tuple[float, ...]
    components: tuple[Distribution, ...]
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        demand(len(self.components) > 0, "got no components, expected at least one")
        demand(
            len(self.weights) == len(self.components),
            "got weights and components that differ in number, expected pairs",
        )
        demand_weights(self.weights)
        repeated = sorted({label for label in self.labels if self.labels.count(label) > 1})
        demand(not repeated, f"got the expert {', '.join(repeated)} twice, expected every expert once")

    def shares(self) -> Array:
        """Probability of every component, `(n_components,)`."""
        weights = np.array(self.weights)
        return np.asarray(weights / weights.sum())

    def _held(self) -> list[tuple[float, Distribution]]:
        """Components that can hold, with their probabilities."""
        pairs = zip(self.shares().tolist(), self.components, strict=True)
        return [(share, component) for share, component in pairs if share > 0]

    def ppf(self, u: ArrayLike) -> Array:
        u = np.asarray(u, dtype=float)
        with np.errstate(invalid="ignore", over="ignore"):
            each = np.stack([component.ppf(u) for _, component in self._held()])
            found = self._least(each, lambda x: np.asarray(self.cdf(x) >= u))
        return np.asarray(np.where(u <= 0, each.min(axis=0), np.where(u >= 1, each.max(axis=0), found)))

    def isf(self, q: ArrayLike) -> Array:
        q = np.asarray(q, dtype=float)
        with np.errstate(invalid="ignore", over="ignore"):
            each = np.stack([component.isf(q) for _, component in self._held()])
            found = self._least(each, lambda x: np.asarray(self.sf(x) <= q))
        return np.asarray(np.where(q >= 1, each.min(axis=0), np.where(q <= 0, each.max(axis=0), found)))

    def _least(self, each: Array, reaches: Callable[[Array], NDArray[np.bool_]]) -> Array:
        """The least value that reaches a level, between the quantiles of all components: by bisection."""
        low, high = each.min(axis=0), each.max(axis=0)
        for _ in range(_HALVINGS):
            middle = low + (high - low) / 2
            reached = reaches(middle)
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        for atom in self.atoms():  # halving comes close to a value that has a probability of its own, and stops short
            high = np.where((low <= atom) & (atom <= high) & reaches(np.asarray(atom)), atom, high)
        return np.asarray(high)

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(np.clip(sum(share * component.cdf(x) for share, component in self._held()), 0.0, 1.0))

    def sf(self, x: ArrayLike) -> Array:
        return np.asarray(np.clip(sum(share * component.sf(x) for share, component in self._held()), 0.0, 1.0))

    def atoms(self) -> tuple[float, ...]:
        return tuple({atom for _, component in self._held() for atom in component.atoms()})

    def expectation(self) -> Mean:
        shares, components = zip(*self._held(), strict=True)
        return weighted(shares, [component.expectation() for component in components])

    def expectation_within(self, low: float, high: float) -> Mean:
        inside = [(share * probability(component, low, high), component) for share, component in self._held()]
        held = [(weight, component) for weight, component in inside if weight > _NOTHING]
        return weighted([weight for weight, _ in held], [part.expectation_within(low, high) for _, part in held])


def parts(mixture: Distribution) -> list[tuple[str, float, Distribution]]:
    """Components of a mixture with their names and shares; nothing for another distribution.

    >>> parts(Mixture(weights=(3.0, 1.0), components=(Normal(2.0, 1.0), Normal(4.0, 1.0)), labels=("Kim", "Lee")))
    [('Kim', 0.75, Normal(mean=2.0, sd=1.0)), ('Lee', 0.25, Normal(mean=4.0, sd=1.0))]
    """
    if not isinstance(mixture, Mixture):
        return []
    labels = mixture.labels or tuple(f"component {number + 1}" for number in range(len(mixture.components)))
    return [*zip(labels, mixture.shares().tolist(), mixture.components, strict=True)]


def normal_interval(low: float, high: float, level: float) -> Normal:
    """Normal distribution whose equal-tailed interval at `level` is `low` to `high`.

    >>> normal_interval(4.0, 8.0, level=0.9).ppf([0.05, 0.95]).round(9)
    array([4., 8.])
    """
    _demand_interval(low, high, level)
    return Normal((low + high) / 2, (high - low) / (2 * float(ndtri((1 + level) / 2))))


def lognormal_interval(low: float, high: float, level: float) -> LogNormal:
    """Lognormal distribution whose equal-tailed interval at `level` is `low` to `high`.

    >>> lognormal_interval(4.0, 9.0, level=0.8).ppf([0.1, 0.5, 0.9]).round(9)
    array([4., 6., 9.])
    """
    _demand_interval(low, high, level)
    demand(low > 0, f"got an interval from {low}, expected one above 0 for a lognormal distribution")
    return LogNormal(math.sqrt(low * high), math.log(high / low) / (2 * float(ndtri((1 + level) / 2))))


def pert_percentiles(
    below: tuple[float, float], mode: float, above: tuple[float, float], concentration: float = 4.0
) -> Pert:
    """PERT distribution with a stated mode that has two stated quantiles, each given as value and level.

    Where between its ends the mode lies decides how far the two quantiles are from it in proportion; that place is
    found by bisection, and the width follows.

    >>> pert_percentiles(below=(1.0, 0.1), mode=2.0, above=(5.0, 0.9)).ppf([0.1, 0.9]).round(9)
    array([1., 5.])
    """
    (low, level_low), (high, level_high) = below, above
    demand(
        low < mode < high,
        f"got p{100 * level_low:g} {low}, mode {mode} and p{100 * level_high:g} {high}, expected them to rise",
    )
    demand(concentration > 0, f"got concentration {concentration}, expected a number above 0")
    left, right = 0.0, 1.0
    for _ in range(_PERT_HALVINGS):
        place = (left + right) / 2
        first, second = _unit_quantiles(place, concentration, level_low, level_high)
        if (place - first) * (high - mode) < (second - place) * (mode - low):
            left = place
        else:
            right = place
    width = (high - low) / (second - first)
    return Pert(float(mode - place * width), mode, float(mode + (1 - place) * width), concentration)


def _unit_quantiles(mode: float, concentration: float, *levels: float) -> Array:
    return Pert(0.0, mode, 1.0, concentration).ppf(levels)


def _demand_interval(low: float, high: float, level: float) -> None:
    demand(low < high, f"got interval [{low}, {high}], expected low < high")
    between = level > 0 and (1 + level) / 2 < 1
    demand(between, f"got level {level}, expected a number between 0 and 1, and not so near to 1")
