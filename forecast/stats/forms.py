"""Ways to state a distribution by its moments, by quantiles or percentiles, as functions from the keys of a form.

Parameters are annotated with the text that completes "expected ...", as the fields of `distributions` are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np

from forecast.errors import demand, got
from forecast.stats.distributions import Beta, Distribution, Gamma, LogNormal, Normal, Pert, Uniform
from forecast.stats.elicited import Quantiles, pert_percentiles
from forecast.stats.special import ndtri

MeanAbove0: TypeAlias = Annotated[float, "mean, above 0"]
Spread: TypeAlias = Annotated[float, "standard deviation, above 0"]


def lognormal_by_moments(mean: MeanAbove0, sd: Spread) -> Distribution:
    """Lognormal distribution by mean and standard deviation of the quantity itself.

    >>> lognormal_by_moments(mean=3.0, sd=1.0).expectation().value
    3.0
    """
    variation = _variation(mean, sd)
    sigma = math.sqrt(math.log1p(variation * variation))
    return LogNormal(mean / math.sqrt(1 + variation * variation), sigma)


def lognormal_by_logarithm(
    mu: Annotated[float, "mean of the logarithm, at most 700"],
    sigma: Annotated[float, "standard deviation of the logarithm, above 0"],
) -> Distribution:
    """Lognormal distribution by mean and standard deviation of the natural logarithm.

    >>> lognormal_by_logarithm(mu=0.0, sigma=0.5)
    LogNormal(median=1.0, sigma=0.5)
    """
    demand(abs(mu) <= 700, f"got mu {mu:g}, expected the mean of the natural logarithm, from -700 to 700")
    return LogNormal(math.exp(mu), sigma)


def gamma_by_moments(mean: MeanAbove0, sd: Spread) -> Distribution:
    """Gamma distribution by mean and standard deviation.

    >>> gamma_by_moments(mean=3.0, sd=1.5)
    Gamma(shape=4.0, scale=0.75)
    """
    variation = _variation(mean, sd)
    return Gamma(1 / variation / variation, mean * variation * variation)


def beta_by_moments(mean: Annotated[float, "mean, above 0 and below 1"], sd: Spread) -> Distribution:
    """Beta distribution by mean and standard deviation.

    >>> beta_by_moments(mean=0.5, sd=0.25)
    Beta(alpha=1.5, beta=1.5)
    """
    demand(0 < mean < 1, f"got mean {mean:g}, expected a number above 0 and below 1")
    widest = math.sqrt(mean * (1 - mean))
    demand(0 < sd < widest, f"got sd {sd:g}, expected a number above 0 and below {widest:.4g} for a mean of {mean:g}")
    total = widest / sd * widest / sd - 1
    return Beta(mean * total, (1 - mean) * total)


_REACHED, _FARTHEST = (1e-9, 0.5, 1 - 1e-9), 1e150
"""Levels whose quantiles have to be numbers that can be reckoned with, and the largest that they may be."""


def demand_within_reach(stated: Distribution) -> None:
    """Refuse a distribution that cannot be reckoned with.

    Raises:
        ValueError: its quantiles are beyond what can be reckoned with, as those of a sigma of 1,000 are.
    """
    with np.errstate(all="ignore"):
        # the ends of a PERT distribution are known without its quantiles, for which scipy would have to be loaded
        quantiles = stated.ends() if isinstance(stated, Pert) else stated.ppf(_REACHED)
    within = bool((np.abs(quantiles) <= _FARTHEST).all())
    demand(within, "got numbers too large or too far apart for a distribution, expected smaller or nearer ones")


def _variation(mean: float, sd: float) -> float:
    """Coefficient of variation."""
    demand(mean > 0, f"got mean {mean:g}, expected a number above 0")
    demand(sd > 0, f"got sd {sd:g}, expected a number above 0")
    demand(1e-6 < sd / mean < 1e6, f"got mean {mean:g} and sd {sd:g}, expected numbers of a like size")
    return sd / mean


def quantiles(
    quantiles: Annotated[
        Mapping[str, float], "a mapping from levels between 0 and 1 to values, such as {0.05: 1, 0.5: 2, 0.95: 4}"
    ],
    low: Annotated[float | None, "a value it cannot fall below; if left out, the tail is a normal one"] = None,
    high: Annotated[float | None, "a value it cannot exceed; if left out, the tail is a normal one"] = None,
    distribution: Annotated[
        Literal["normal", "lognormal", "uniform"] | None,
        "distribution with two stated quantiles and no ends; if left out, a smooth one",
    ] = None,
) -> Distribution:
    """Quantiles at stated levels, hit exactly."""
    stated = sorted((_level(text), value) for text, value in quantiles.items())
    levels, values = zip(*stated, strict=True) if stated else ((), ())
    smooth = Quantiles(levels, values, *ends(low, high))
    if distribution is None:
        return smooth
    demand(len(levels) == 2, f"got {len(levels)} quantiles of a {distribution} distribution, expected two")
    demand(low is None and high is None, f"got an end of a {distribution} distribution, expected quantiles alone")
    return _THROUGH[distribution](*levels, *values)


def _normal_through(first: float, last: float, low: float, high: float) -> Normal:
    """Normal distribution that has two quantiles, by their levels and values."""
    scores = ndtri([first, last])
    sd = (high - low) / float(scores[1] - scores[0])
    return Normal(low - sd * float(scores[0]), sd)


def _lognormal_through(first: float, last: float, low: float, high: float) -> Distribution:
    demand(low > 0, f"got {low:g} at {first:g}, expected a value above 0 for a lognormal distribution")
    logarithm = _normal_through(first, last, math.log(low), math.log(high))
    return lognormal_by_logarithm(logarithm.mean, logarithm.sd)


def _uniform_through(first: float, last: float, low: float, high: float) -> Distribution:
    width = (high - low) / (last - first)
    return Uniform(low - first * width, high + (1 - last) * width)


_THROUGH: Mapping[str, Callable[[float, float, float, float], Distribution]] = {
    "normal": _normal_through,
    "lognormal": _lognormal_through,
    "uniform": _uniform_through,
}


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        percent = re.fullmatch(r"[pP]?(\d+(?:\.\d+)?) ?%?", text)
        hint = f"; write {float(percent[1]) / 100:g}" if percent else ""
        raise ValueError(f"{got(text)} as a level, expected a number between 0 and 1{hint}") from None
    demand(
        not 1 < level < 100,
        f"got the level {level:g}, expected a number between 0 and 1; write {level / 100:g} for {level:g} %",
    )
    return level


def ends(low: float | None, high: float | None) -> tuple[float, float]:
    """Ends of a range, infinite where they are left out."""
    return -math.inf if low is None else low, math.inf if high is None else high


def percentiles(
    pert: Annotated[
        Mapping[str, float], "a mapping with mode and two percentiles around it, such as {p10: 1, mode: 2, p90: 5}"
    ],
    concentration: Annotated[float, "weight of the mode in the mean, above 0"] = 4.0,
) -> Distribution:
    """The PERT distribution with a stated mode and two stated percentiles, hit exactly."""
    stated = {_percentile(text): value for text, value in pert.items() if text != "mode"}
    if "mode" not in pert or len(stated) != 2:
        raise ValueError(f"{got(pert)}, expected mode and two percentiles such as p10 and p90")
    (below, low), (above, high) = sorted(stated.items())
    return pert_percentiles((low, below), pert["mode"], (high, above), concentration)


def _percentile(text: str) -> float:
    match = re.fullmatch(r"p(\d+(?:\.\d+)?)", text)
    if match is None or not 0 < float(match[1]) < 100:
        raise ValueError(f"{got(text)}, expected mode or a percentile such as p10, above p0 and below p100")
    return float(match[1]) / 100


def misplaced_percentiles(spec: Mapping[str, Any]) -> str:
    """What to write for percentiles among the parameters of a distribution; empty where there are none.

    >>> misplaced_percentiles({"distribution": "lognormal", "median": 5, "p90": 10})
    'got percentiles of a lognormal distribution; write {quantiles: {0.5: 5, 0.9: 10}, distribution: lognormal}'
    """
    found = [(float(match[1]) / 100, spec[key]) for key in spec if (match := _PERCENTILE.fullmatch(str(key)))]
    if not found or not _TAKE_THEM.isdisjoint(spec):
        return ""
    name = spec.get("distribution")
    stated = sorted([*found, *((0.5, spec[key]) for key in spec if key == "median")], key=lambda pair: pair[0])
    complaint = "got percentiles" + (f" of a {name} distribution" if name else " alone")
    if len(stated) < 2:
        return f"{complaint}, expected two of them at least, in quantiles"
    ends_text = "".join(f", {key}: {spec[key]}" for key in ("low", "high") if key in spec)
    by_level = f"{{quantiles: {{{', '.join(f'{level:g}: {value}' for level, value in stated)}}}{ends_text}"
    if "mode" in spec and name in ("pert", "triangular", None) and len(stated) == 2:
        below, above = (f"p{100 * level:g}: {value}" for level, value in stated)
        by_mode = f"{{pert: {{{below}, mode: {spec['mode']}, {above}}}}}"
        other = f" for a PERT distribution, or {by_level}}} for one through percentiles alone"
        return f"{complaint}; write {by_mode}{'' if name == 'pert' else other}"
    if name in _THROUGH and len(stated) == 2 and not ends_text:
        return f"{complaint}; write {by_level}, distribution: {name}}}"
    return f"{complaint}; write {by_level}}} for {'a' if name is None else 'another'} distribution through them"


_PERCENTILE = re.compile(r"[pPqQ](\d{1,2}(?:\.\d+)?)")
_TAKE_THEM = frozenset({"quantiles", "pert"})
