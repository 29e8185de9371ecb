"""The distributions a scenario may name: each is a frozen value, its own form in a file, and a map from uniforms.

Fields are annotated with the text that completes "expected ..." in messages, schema and reference, where the first
paragraph of a docstring stands too. Parameters are checked on construction. `scipy.special` is imported by its first
use, which closed forms and normals do without: it costs half a second.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import scipy
from numpy.typing import ArrayLike

from forecast.dims import Array
from forecast.errors import demand
from forecast.stats.moments import Mean, demand_weights, mean_by_quadrature, probability, weighted
from forecast.stats.special import beta_quantile, beta_quantile_above, ndtr, ndtri, student_below, student_quantile


@dataclass(frozen=True, slots=True)
class Distribution(ABC):
    """A probability distribution, whichever it is: a picklable value, equal to another with the same content."""

    @abstractmethod
    def ppf(self, u: ArrayLike) -> Array:
        """Quantiles at levels in (0, 1), elementwise, in the unit of the quantity."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Array:
        """Probability of a value at most `x`, elementwise."""

    def isf(self, q: ArrayLike) -> Array:
        """Quantiles at levels `1 - q`, elementwise, exact in the upper tail where `1 - q` rounds to 1."""
        return self.ppf(1.0 - np.asarray(q))

    def sf(self, x: ArrayLike) -> Array:
        """Probability of a value above `x`, elementwise."""
        return np.asarray(1.0 - self.cdf(x))

    def ends(self) -> tuple[float, float]:
        """Smallest and largest value, infinite where there is none."""
        with np.errstate(divide="ignore"):
            low, high = self.ppf([0.0, 1.0]).tolist()
        return low, high

    def atoms(self) -> tuple[float, ...]:
        """Values that have a probability of their own."""
        return ()

    def expectation(self) -> Mean:
        """The mean."""
        return self.expectation_within(-math.inf, math.inf)

    def expectation_within(self, low: float, high: float) -> Mean:
        """Mean of a value given that it lies from `low` to `high`, where it may."""
        return mean_by_quadrature(self, low, high)


def _demand_positive(**parameters: float) -> None:
    for name, value in parameters.items():
        demand(value > 0, f"got {name} {value:g}, expected a number above 0")


def _demand_three_points(low: float, mode: float, high: float) -> None:
    got = f"got low {low:g}, mode {mode:g} and high {high:g}"
    demand(low <= mode <= high and low < high, f"{got}, expected low <= mode <= high with low < high")


@dataclass(frozen=True, slots=True)
class Constant(Distribution):
    """A known number: every draw is `value`.

    >>> Constant(5.8).ppf([0.1, 0.5])
    array([5.8, 5.8])
    """

    value: float

    def __post_init__(self) -> None:
        demand(math.isfinite(self.value), f"got {self.value}, expected a finite number")

    def ppf(self, u: ArrayLike) -> Array:
        return np.full(np.shape(u), self.value)

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(np.asarray(x) >= self.value, dtype=float)

    def atoms(self) -> tuple[float, ...]:
        return (self.value,)

    def expectation_within(self, _low: float, _high: float) -> Mean:
        return Mean(self.value)


@dataclass(frozen=True, slots=True)
class Normal(Distribution):
    """Normal distribution.

    >>> Normal(mean=5.8, sd=0.5).ppf([0.1, 0.5]).round(2)
    array([5.16, 5.8 ])
    """

    mean: Annotated[float, "mean"]
    sd: Annotated[float, "standard deviation, above 0"]

    def __post_init__(self) -> None:
        _demand_positive(sd=self.sd)

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.mean + self.sd * ndtri(u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(ndtr((np.asarray(x) - self.mean) / self.sd))

    def isf(self, q: ArrayLike) -> Array:
        return np.asarray(self.mean - self.sd * ndtri(q))

    def sf(self, x: ArrayLike) -> Array:
        return np.asarray(ndtr((self.mean - np.asarray(x)) / self.sd))

    def expectation(self) -> Mean:
        return Mean(self.mean)


@dataclass(frozen=True, slots=True)
class LogNormal(Distribution):
    """Distribution of a positive quantity whose logarithm is normal.

    >>> LogNormal(median=2.0, sigma=0.5).ppf([0.1, 0.5]).round(2)
    array([1.05, 2.  ])
    """

    median: Annotated[float, "median, above 0"]
    sigma: Annotated[float, "standard deviation of the logarithm, above 0"]

    def __post_init__(self) -> None:
        _demand_positive(median=self.median, sigma=self.sigma)

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.median * np.exp(self.sigma * ndtri(u)))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(ndtr(self._score(x)))

    def isf(self, q: ArrayLike) -> Array:
        return np.asarray(self.median * np.exp(-self.sigma * ndtri(q)))

    def sf(self, x: ArrayLike) -> Array:
        return np.asarray(ndtr(-self._score(x)))

    def _score(self, x: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.maximum(x, 0.0) / self.median) / self.sigma)

    def expectation(self) -> Mean:
        with np.errstate(over="ignore"):
            return Mean(float(self.median * np.exp(self.sigma * self.sigma / 2)))


@dataclass(frozen=True, slots=True)
class StudentT(Distribution):
    """Student's t distribution.

    >>> StudentT(location=0.0, scale=1.0, df=4.0).ppf([0.1, 0.5]).round(2)
    array([-1.53,  0.  ])
    """

    location: Annotated[float, "centre"]
    scale: Annotated[float, "scale, above 0"]
    df: Annotated[float, "degrees of freedom, above 0"]

    def __post_init__(self) -> None:
        _demand_positive(scale=self.scale, df=self.df)

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.location + self.scale * student_quantile(self.df, u))

    def cdf(self, x: ArrayLike) -> Array:
        return student_below(self.df, (np.asarray(x) - self.location) / self.scale)

    def isf(self, q: ArrayLike) -> Array:
        return np.asarray(self.location - self.scale * student_quantile(self.df, q))

    def sf(self, x: ArrayLike) -> Array:
        return student_below(self.df, (self.location - np.asarray(x)) / self.scale)

    def expectation_within(self, low: float, high: float) -> Mean:
        start, end = (self._first_moment((x - self.location) / self.scale) for x in (low, high))
        mass = probability(self, low, high)
        error = 1e-14 * self.scale * (abs(start) + abs(end)) / mass
        return Mean(self.location + self.scale * (end - start) / mass, error)

    def _first_moment(self, x: float) -> float:
        """An antiderivative of `x` times the density of the standard distribution."""
        if math.isinf(x):
            return 0.0 if self.df > 1 else math.inf
        spread, power = math.log1p(x * x / self.df), (1 - self.df) / 2
        height = math.sqrt(self.df) / (2 * scipy.special.beta(0.5, self.df / 2))
        return float(height * (math.exp(power * spread) / power if power else spread))


@dataclass(frozen=True, slots=True)
class Beta(Distribution):
    """Beta distribution on 0 to 1, with mean alpha / (alpha + beta).

    >>> Beta(alpha=9.0, beta=1.0).ppf([0.1, 0.5]).round(2)
    array([0.77, 0.93])
    """

    alpha: Annotated[float, "first shape, above 0"]
    beta: Annotated[float, "second shape, above 0"]

    def __post_init__(self) -> None:
        _demand_positive(alpha=self.alpha, beta=self.beta)

    def ppf(self, u: ArrayLike) -> Array:
        return beta_quantile(self.alpha, self.beta, u)

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.betainc(self.alpha, self.beta, np.clip(x, 0.0, 1.0)))

    def isf(self, q: ArrayLike) -> Array:
        return beta_quantile_above(self.alpha, self.beta, q)

    def sf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.betaincc(self.alpha, self.beta, np.clip(x, 0.0, 1.0)))

    def expectation(self) -> Mean:
        return Mean(self.alpha / (self.alpha + self.beta))


@dataclass(frozen=True, slots=True)
class Gamma(Distribution):
    """Gamma distribution, with mean shape * scale.

    >>> Gamma(shape=2.0, scale=1.5).ppf([0.1, 0.5]).round(2)
    array([0.8 , 2.52])
    """

    shape: Annotated[float, "shape, above 0"]
    scale: Annotated[float, "scale, above 0"]

    def __post_init__(self) -> None:
        _demand_positive(shape=self.shape, scale=self.scale)

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.scale * scipy.special.gammaincinv(self.shape, u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.gammainc(self.shape, np.maximum(x, 0.0) / self.scale))

    def isf(self, q: ArrayLike) -> Array:
        return np.asarray(self.scale * scipy.special.gammainccinv(self.shape, q))

    def sf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.gammaincc(self.shape, np.maximum(x, 0.0) / self.scale))

    def expectation(self) -> Mean:
        return Mean(self.shape * self.scale)


@dataclass(frozen=True, slots=True)
class Weibull(Distribution):
    """Weibull distribution of a duration.

    >>> Weibull(shape=0.6, scale=2.0).ppf([0.1, 0.5]).round(2)
    array([0.05, 1.09])
    """

    shape: Annotated[float, "shape, above 0; below 1 gives many short and few very long durations"]
    scale: Annotated[float, "scale, above 0"]

    def __post_init__(self) -> None:
        _demand_positive(shape=self.shape, scale=self.scale)

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.scale * (-np.log1p(-np.asarray(u))) ** (1.0 / self.shape))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(-np.expm1(-((np.maximum(x, 0.0) / self.scale) ** self.shape)))

    def isf(self, q: ArrayLike) -> Array:
        return np.asarray(self.scale * (-np.log(q)) ** (1.0 / self.shape))

    def sf(self, x: ArrayLike) -> Array:
        return np.asarray(np.exp(-((np.maximum(x, 0.0) / self.scale) ** self.shape)))

    def expectation(self) -> Mean:
        return Mean(float(self.scale * scipy.special.gamma(1 + 1 / self.shape)))


@dataclass(frozen=True, slots=True)
class Uniform(Distribution):
    """Uniform distribution.

    >>> Uniform(low=1.0, high=3.0).ppf([0.1, 0.5])
    array([1.2, 2. ])
    """

    low: Annotated[float, "lower end"]
    high: Annotated[float, "upper end, above low"]

    def __post_init__(self) -> None:
        demand(self.low < self.high, f"got low {self.low:g} and high {self.high:g}, expected low < high")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.low + (self.high - self.low) * np.asarray(u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0))

    def expectation(self) -> Mean:
        return Mean((self.low + self.high) / 2)


@dataclass(frozen=True, slots=True)
class Triangular(Distribution):
    """Triangular distribution.

    >>> Triangular(low=0.0, mode=1.0, high=2.0).ppf([0.125, 0.5])
    array([0.5, 1. ])
    """

    low: Annotated[float, "lower end"]
    mode: Annotated[float, "most likely value, from low to high"]
    high: Annotated[float, "upper end, above low"]

    def __post_init__(self) -> None:
        _demand_three_points(self.low, self.mode, self.high)

    def ppf(self, u: ArrayLike) -> Array:
        u = np.asarray(u)
        width, rise, fall = self.high - self.low, self.mode - self.low, self.high - self.mode
        left = self.low + np.sqrt(u * width * rise)
        right = self.high - np.sqrt((1 - u) * width * fall)
        return np.asarray(np.where(u * width < rise, left, right))

    def cdf(self, x: ArrayLike) -> Array:
        x = np.clip(x, self.low, self.high)
        width, rise, fall = self.high - self.low, self.mode - self.low, self.high - self.mode
        with np.errstate(divide="ignore", invalid="ignore"):
            left = (x - self.low) ** 2 / (width * rise)
            right = 1 - (self.high - x) ** 2 / (width * fall)
        return np.asarray(np.where((x < self.mode) | (fall == 0), left, right))

    def expectation(self) -> Mean:
        return Mean((self.low + self.mode + self.high) / 3)

    def expectation_within(self, low: float, high: float) -> Mean:
        return mean_by_quadrature(self, low, high, kinks=[(self.mode - self.low) / (self.high - self.low)])


@dataclass(frozen=True, slots=True)
class Pert(Distribution):
    """PERT distribution: smoother than the triangular one between the same three points.

    Source: Malcolm, Roseboom, Clark and Fazar (1959), Operations Research 7(5): 646-669; the concentration is 4 there.

    >>> Pert(low=1.0, mode=2.0, high=5.0).ppf([0.1, 0.5]).round(2)
    array([1.45, 2.26])
    """

    low: Annotated[float, "lower end"]
    mode: Annotated[float, "most likely value, from low to high"]
    high: Annotated[float, "upper end, above low"]
    concentration: Annotated[float, "weight of the mode in the mean, above 0"] = 4.0

    def __post_init__(self) -> None:
        _demand_three_points(self.low, self.mode, self.high)
        _demand_positive(concentration=self.concentration)

    def _shapes(self) -> tuple[float, float]:
        width = self.high - self.low
        rise = self.concentration * (self.mode - self.low) / width
        return 1 + rise, 1 + self.concentration - rise

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.low + (self.high - self.low) * scipy.special.betaincinv(*self._shapes(), u))

    def ends(self) -> tuple[float, float]:
        return self.low, self.high

    def cdf(self, x: ArrayLike) -> Array:
        inside = np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.asarray(scipy.special.betainc(*self._shapes(), inside))

    def expectation(self) -> Mean:
        return Mean((self.low + self.concentration * self.mode + self.high) / (self.concentration + 2))


@dataclass(frozen=True, slots=True)
class Discrete(Distribution):
    """Finitely many values.

    >>> Discrete(values=(1.0, 5.0), weights=(3.0, 1.0)).ppf([0.7, 0.8])
    array([1., 5.])
    """

    values: Annotated[tuple[float, ...], "values that can occur"]
    weights: Annotated[tuple[float, ...], "weight of each value, 0 or more; scaled to sum to one"]

    def __post_init__(self) -> None:
        n_values, n_weights = len(self.values), len(self.weights)
        demand(n_values > 0, "got no values, expected at least one")
        demand(n_values == n_weights, f"got {n_values} values and {n_weights} weights, expected as many of each")
        demand_weights(self.weights)

    def _steps(self) -> tuple[Array, Array]:
        order = np.argsort(self.values, kind="stable")
        cumulative = np.cumsum(np.asarray(self.weights, dtype=float)[order])
        return np.asarray(self.values, dtype=float)[order], cumulative / cumulative[-1]

    def ppf(self, u: ArrayLike) -> Array:
        values, cumulative = self._steps()
        last = np.searchsorted(cumulative, 1.0)
        return values[np.minimum(np.searchsorted(cumulative, u, side="left"), last)]

    def cdf(self, x: ArrayLike) -> Array:
        values, cumulative = self._steps()
        return np.concatenate([[0.0], cumulative])[np.searchsorted(values, x, side="right")]

    def atoms(self) -> tuple[float, ...]:
        return tuple(value for value, weight in zip(self.values, self.weights, strict=True) if weight > 0)

    def expectation_within(self, low: float, high: float) -> Mean:
        inside = [low <= value <= high for value in self.values]
        return weighted(np.multiply(self.weights, inside).tolist(), [*map(Mean, self.values)])


NAMED: Mapping[str, type[Distribution]] = {
    "normal": Normal,
    "lognormal": LogNormal,
    "student_t": StudentT,
    "beta": Beta,
    "gamma": Gamma,
    "weibull": Weibull,
    "uniform": Uniform,
    "triangular": Triangular,
    "pert": Pert,
    "discrete": Discrete,
}
"""Distributions by the name they have in a file."""
