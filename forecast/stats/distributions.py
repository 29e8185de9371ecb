"""The distributions a scenario may name: each is a frozen value, its own form in a file, and a map from uniforms.

Fields are annotated with the text that completes "expected ..." in messages, schema and reference; the first paragraph
of a docstring stands there too. `specs` makes the form from them when a file is read, so that nothing here knows of
files. Parameters are checked on construction. `scipy.special` is imported by its first use, which closed forms do
without: it costs half a second.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import scipy
from numpy.typing import ArrayLike

from forecast.dims import Array
from forecast.errors import demand


@dataclass(frozen=True, slots=True)
class Distribution(ABC):
    """A probability distribution, whichever it is: a picklable value, equal to another with the same content."""

    @abstractmethod
    def ppf(self, u: ArrayLike) -> Array:
        """Quantiles at levels in (0, 1), elementwise, in the unit of the quantity."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Array:
        """Probability of a value at most `x`, elementwise."""


def demand_weights(weights: Sequence[float]) -> None:
    """Raise `ValueError` unless weights can be scaled to sum to one.

    >>> demand_weights([0.0, 0.0])
    Traceback (most recent call last):
    ValueError: got weights [0.0, 0.0], expected non-negative numbers that do not all vanish
    """
    demand(
        min(weights) >= 0 and sum(weights) > 0,
        f"got weights {list(weights)}, expected non-negative numbers that do not all vanish",
    )


def _demand_positive(**parameters: float) -> None:
    for name, value in parameters.items():
        demand(value > 0, f"got {name} {value}, expected a number above 0")


def _demand_three_points(low: float, mode: float, high: float) -> None:
    demand(
        low <= mode <= high and low < high,
        f"got low {low}, mode {mode} and high {high}, expected low <= mode <= high with low < high",
    )


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
        return np.asarray(self.mean + self.sd * scipy.special.ndtri(u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.ndtr((np.asarray(x) - self.mean) / self.sd))


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
        return np.asarray(self.median * np.exp(self.sigma * scipy.special.ndtri(u)))

    def cdf(self, x: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(scipy.special.ndtr(np.log(np.maximum(x, 0.0) / self.median) / self.sigma))


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
        return np.asarray(self.location + self.scale * scipy.special.stdtrit(self.df, u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.stdtr(self.df, (np.asarray(x) - self.location) / self.scale))


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
        return np.asarray(scipy.special.betaincinv(self.alpha, self.beta, u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.betainc(self.alpha, self.beta, np.clip(x, 0.0, 1.0)))


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


@dataclass(frozen=True, slots=True)
class Uniform(Distribution):
    """Uniform distribution.

    >>> Uniform(low=1.0, high=3.0).ppf([0.1, 0.5])
    array([1.2, 2. ])
    """

    low: Annotated[float, "lower end"]
    high: Annotated[float, "upper end, above low"]

    def __post_init__(self) -> None:
        demand(self.low < self.high, f"got low {self.low} and high {self.high}, expected low < high")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.low + (self.high - self.low) * np.asarray(u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0))


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


@dataclass(frozen=True, slots=True)
class Pert(Distribution):
    """PERT distribution: smoother than the triangular one between the same three points.

    It is a beta distribution stretched over `low` to `high`.

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

    def cdf(self, x: ArrayLike) -> Array:
        inside = np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.asarray(scipy.special.betainc(*self._shapes(), inside))


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


@dataclass(frozen=True, slots=True)
class Truncated(Distribution):
    """The distribution `inner` given that the value lies between `low` and `high`.

    >>> Truncated(Normal(0.0, 1.0), low=0.0).ppf([0.1, 0.5]).round(2)
    array([0.13, 0.67])
    """

    inner: Distribution
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        demand(self.low < self.high, f"got truncation at {self.low} and {self.high}, expected low < high")
        below, above = self._levels()
        demand(
            above - below > 1e-9, f"got truncation at {self.low} and {self.high}, where the distribution has no mass"
        )

    def _levels(self) -> tuple[float, float]:
        return float(self.inner.cdf(self.low)), float(self.inner.cdf(self.high))

    def ppf(self, u: ArrayLike) -> Array:
        below, above = self._levels()
        return np.clip(self.inner.ppf(below + (above - below) * np.asarray(u)), self.low, self.high)

    def cdf(self, x: ArrayLike) -> Array:
        below, above = self._levels()
        return np.asarray((self.inner.cdf(np.clip(x, self.low, self.high)) - below) / (above - below))


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

    >>> density(Uniform(0.0, 1.0), np.array([0.0, 0.25, 1.0])).shares
    array([0.25, 0.75])
    """
    levels = np.concatenate([distribution.cdf(np.nextafter(edges[:1], -np.inf)), distribution.cdf(edges[1:])])
    return Density(edges, np.diff(levels))


def inner_edges(distribution: Distribution, n_steps: int) -> Array:
    """Edges of equal steps over the inner 99 % of a distribution; of one step around the value of a constant.

    >>> inner_edges(Uniform(0.0, 1.0), n_steps=2)
    array([0.005, 0.5  , 0.995])
    """
    low, high = (float(end) for end in distribution.ppf(_ENDS))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n_steps + 1)
