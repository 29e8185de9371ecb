"""The probability laws a scenario may name: each is a frozen value that maps uniforms to quantiles.

Every law offers `ppf(u)`, quantiles at levels in (0, 1) in the unit of the quantity, and `cdf(x)`, the probability of a
value at most `x`; both work elementwise. Parameters are checked on construction. `scipy.special` is imported by its
first use, which a scenario of closed-form laws does without: it costs half a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import ArrayLike

from forecast.dims import Array
from forecast.errors import demand
from forecast.stats.elicited import Curve, Mixture, Quantiles


@dataclass(frozen=True, slots=True)
class Constant:
    """A known number: every draw is `value`."""

    value: float

    def __post_init__(self) -> None:
        demand(math.isfinite(self.value), f"got {self.value}, expected a finite number")

    def ppf(self, u: ArrayLike) -> Array:
        return np.full(np.shape(u), self.value)

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(np.asarray(x) >= self.value, dtype=float)


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal law with `mean` and standard deviation `sd`."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        demand(self.sd > 0, f"got sd {self.sd}, expected a number above 0")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.mean + self.sd * scipy.special.ndtri(u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.ndtr((np.asarray(x) - self.mean) / self.sd))


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Law of a positive quantity whose logarithm is normal: `median`, and `sigma`, the sd of the logarithm."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        demand(self.median > 0, f"got median {self.median}, expected a number above 0")
        demand(self.sigma > 0, f"got sigma {self.sigma}, expected a number above 0")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.median * np.exp(self.sigma * scipy.special.ndtri(u)))

    def cdf(self, x: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(scipy.special.ndtr(np.log(np.maximum(x, 0.0) / self.median) / self.sigma))


@dataclass(frozen=True, slots=True)
class StudentT:
    """Student's t: `location`, `scale` and degrees of freedom `df`."""

    location: float
    scale: float
    df: float

    def __post_init__(self) -> None:
        demand(self.scale > 0, f"got scale {self.scale}, expected a number above 0")
        demand(self.df > 0, f"got df {self.df}, expected a number above 0")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.location + self.scale * scipy.special.stdtrit(self.df, u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.stdtr(self.df, (np.asarray(x) - self.location) / self.scale))


@dataclass(frozen=True, slots=True)
class Beta:
    """Beta law on the unit interval with shapes `alpha` and `beta`; its mean is `alpha / (alpha + beta)`."""

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        demand(self.alpha > 0, f"got alpha {self.alpha}, expected a number above 0")
        demand(self.beta > 0, f"got beta {self.beta}, expected a number above 0")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(scipy.special.betaincinv(self.alpha, self.beta, u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.betainc(self.alpha, self.beta, np.clip(x, 0.0, 1.0)))


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma law with `shape` and `scale`; its mean is `shape * scale`."""

    shape: float
    scale: float

    def __post_init__(self) -> None:
        demand(self.shape > 0, f"got shape {self.shape}, expected a number above 0")
        demand(self.scale > 0, f"got scale {self.scale}, expected a number above 0")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.scale * scipy.special.gammaincinv(self.shape, u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(scipy.special.gammainc(self.shape, np.maximum(x, 0.0) / self.scale))


@dataclass(frozen=True, slots=True)
class Weibull:
    """Weibull law of a duration; a `shape` below 1 has many short and a few very long ones."""

    shape: float
    scale: float

    def __post_init__(self) -> None:
        demand(self.shape > 0, f"got shape {self.shape}, expected a number above 0")
        demand(self.scale > 0, f"got scale {self.scale}, expected a number above 0")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.scale * (-np.log1p(-np.asarray(u))) ** (1.0 / self.shape))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(-np.expm1(-((np.maximum(x, 0.0) / self.scale) ** self.shape)))


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform law between `low` and `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        demand(self.low < self.high, f"got low {self.low} and high {self.high}, expected low < high")

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.low + (self.high - self.low) * np.asarray(u))

    def cdf(self, x: ArrayLike) -> Array:
        return np.asarray(np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Triangular:
    """Triangular law between `low` and `high` with its peak at `mode`."""

    low: float
    mode: float
    high: float

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
class Pert:
    """PERT law: a beta law stretched over `low` to `high` whose mean weighs `mode` by `concentration`.

    Source: Malcolm, Roseboom, Clark and Fazar (1959), Operations Research 7(5): 646-669; the weight is 4 there.
    """

    low: float
    mode: float
    high: float
    concentration: float = 4.0

    def __post_init__(self) -> None:
        _demand_three_points(self.low, self.mode, self.high)
        demand(self.concentration > 0, f"got concentration {self.concentration}, expected a number above 0")

    def _shapes(self) -> tuple[float, float]:
        width = self.high - self.low
        rise = self.concentration * (self.mode - self.low) / width
        return 1 + rise, 1 + self.concentration - rise

    def ppf(self, u: ArrayLike) -> Array:
        return np.asarray(self.low + (self.high - self.low) * scipy.special.betaincinv(*self._shapes(), u))

    def cdf(self, x: ArrayLike) -> Array:
        inside = np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.asarray(scipy.special.betainc(*self._shapes(), inside))


def _demand_three_points(low: float, mode: float, high: float) -> None:
    demand(
        low <= mode <= high and low < high,
        f"got low {low}, mode {mode} and high {high}, expected low <= mode <= high with low < high",
    )


@dataclass(frozen=True, slots=True)
class Discrete:
    """Finitely many `values`, each with its weight; weights are scaled to sum to one."""

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        n_values, n_weights = len(self.values), len(self.weights)
        demand(n_values > 0, "got no values, expected at least one")
        demand(n_values == n_weights, f"got {n_values} values and {n_weights} weights, expected as many of each")
        demand(
            min(self.weights) >= 0 and sum(self.weights) > 0,
            f"got weights {list(self.weights)}, expected non-negative numbers that do not all vanish",
        )

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
class Truncated:
    """The law `inner` given that the value lies between `low` and `high`."""

    inner: Law
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        demand(self.low < self.high, f"got truncation at {self.low} and {self.high}, expected low < high")
        below, above = self._levels()
        demand(above - below > 1e-9, f"got truncation at {self.low} and {self.high}, where the law has no mass")

    def _levels(self) -> tuple[float, float]:
        return float(self.inner.cdf(self.low)), float(self.inner.cdf(self.high))

    def ppf(self, u: ArrayLike) -> Array:
        below, above = self._levels()
        return np.clip(self.inner.ppf(below + (above - below) * np.asarray(u)), self.low, self.high)

    def cdf(self, x: ArrayLike) -> Array:
        below, above = self._levels()
        return np.asarray((self.inner.cdf(np.clip(x, self.low, self.high)) - below) / (above - below))


Law: TypeAlias = (
    Constant
    | Normal
    | LogNormal
    | StudentT
    | Beta
    | Gamma
    | Weibull
    | Uniform
    | Triangular
    | Pert
    | Discrete
    | Truncated
    | Quantiles
    | Mixture
)
"""Every law a scenario can hold; all are picklable values and compare by content."""


_ENDS = (0.005, 0.995)


@dataclass(frozen=True, slots=True)
class Density:
    """Probability of a law in steps of equal width.

    Attributes:
        edges: `(n_steps + 1,)`, over the inner 99 % of the law.
        shares: probability of each step, `(n_steps,)`.
    """

    edges: Array
    shares: Array


def density(law: Curve, edges: Array) -> Density:
    """Probability of a law between edges; a value on an edge counts to the step below it, on the first to the first."""
    levels = np.concatenate([law.cdf(np.nextafter(edges[:1], -np.inf)), law.cdf(edges[1:])])
    return Density(edges, np.diff(levels))


def inner_edges(law: Law, n_steps: int) -> Array:
    """Edges of equal steps over the inner 99 % of a law; of one step around the value of a constant."""
    low, high = (float(end) for end in law.ppf(_ENDS))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n_steps + 1)


def parts(law: Law) -> list[tuple[str, float, Curve]]:
    """Laws of a mixture with their names and shares; nothing for another law."""
    if not isinstance(law, Mixture):
        return []
    labels = law.labels or tuple(f"law {number + 1}" for number in range(len(law.laws)))
    return [*zip(labels, law.shares().tolist(), law.laws, strict=True)]
