"""How a number is written in YAML: a plain number, a named distribution, or what one or several experts state of it.

Refused here: positional parameters, expressions, and numbers in quotes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, cast

from pydantic import AfterValidator, Discriminator, Field, Tag, TypeAdapter

from forecast.errors import got
from forecast.stats.distributions import Constant, Law, Truncated
from forecast.stats.elicited import Mixture, Quantiles
from forecast.stats.spec_forms import (
    NAMED,
    Beta,
    Discrete,
    Distribution,
    Gamma,
    Interval,
    LogNormal,
    Model,
    Normal,
    Number,
    Percentiles,
    Pert,
    StatedQuantiles,
    StudentT,
    Triangular,
    Truncatable,
    Uniform,
    Weibull,
)

Value = TypeVar("Value")


class Part(Model):
    """One law of a mixture."""

    weight: Number = Field(ge=0, description="weight of the law, 0 or more; weights are scaled to sum to one")
    law: NumberSpec = Field(description="the number or distribution that has this weight")


class Opinion(Model):
    """What one expert states."""

    expert: str = Field(min_length=1, max_length=100, description="who says so, in 1 to 100 characters")
    weight: Number = Field(1.0, ge=0, description="weight of the opinion, 0 or more; weights are scaled to sum to one")
    law: NumberSpec = Field(description="the number or distribution the expert states")


class MixtureForm(Truncatable):
    """Several laws, one of which holds with a probability that is its weight."""

    mixture: tuple[Part, ...] = Field(description="a list of laws with their weights")

    def _whole(self) -> Law:
        return Mixture(
            tuple(float(part.weight) for part in self.mixture), tuple(law(part.law) for part in self.mixture)
        )


class PoolForm(Truncatable):
    """The linear pool of what several experts state: the mixture of their laws."""

    pool: tuple[Opinion, ...] = Field(description="a list of opinions with expert and law")

    def _whole(self) -> Law:
        weights = tuple(float(opinion.weight) for opinion in self.pool)
        laws = tuple(law(opinion.law) for opinion in self.pool)
        return Mixture(weights, laws, tuple(opinion.expert for opinion in self.pool))


ELICITED: Mapping[str, tuple[str, type[Distribution]]] = {
    "interval": ("an interval", Interval),
    "quantiles": ("stated quantiles", StatedQuantiles),
    "pert": ("percentiles", Percentiles),
    "mixture": ("a mixture", MixtureForm),
    "pool": ("a pool", PoolForm),
}
"""Forms that need no name of a law: the key that tells each, what it is called, and its model."""


def _form(spec: object) -> object:
    if isinstance(spec, Mapping):
        return next((form for key, (form, _) in ELICITED.items() if key in spec), spec.get("distribution"))
    if isinstance(spec, Distribution):
        models = {model: name for name, model in NAMED.items()} | {model: form for form, model in ELICITED.values()}
        return models[type(spec)]
    return "a number"


NumberSpec: TypeAlias = Annotated[
    Annotated[Number, Tag("a number")]
    | Annotated[Normal, Tag("normal")]
    | Annotated[LogNormal, Tag("lognormal")]
    | Annotated[StudentT, Tag("student_t")]
    | Annotated[Beta, Tag("beta")]
    | Annotated[Gamma, Tag("gamma")]
    | Annotated[Weibull, Tag("weibull")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Triangular, Tag("triangular")]
    | Annotated[Pert, Tag("pert")]
    | Annotated[Discrete, Tag("discrete")]
    | Annotated[Interval, Tag("an interval")]
    | Annotated[StatedQuantiles, Tag("stated quantiles")]
    | Annotated[Percentiles, Tag("percentiles")]
    | Annotated[MixtureForm, Tag("a mixture")]
    | Annotated[PoolForm, Tag("a pool")],
    Discriminator(_form),
]
"""Whatever may stand where a number is expected."""


for _nested in (Part, Opinion, MixtureForm, PoolForm):
    _nested.model_rebuild()


@cache
def _number_spec() -> TypeAdapter[Any]:
    return TypeAdapter(NumberSpec)


def law(spec: object) -> Law:
    """The law a number spec stands for, given as a validated model, a number or a plain mapping.

    >>> law({"distribution": "normal", "mean": 5.8, "sd": 0.5})
    Normal(mean=5.8, sd=0.5)

    Raises:
        pydantic.ValidationError: the spec has none of the accepted forms.
    """
    valid = spec if isinstance(spec, Distribution) else _number_spec().validate_python(spec)
    return valid.law() if isinstance(valid, Distribution) else Constant(float(valid))


def optional(reader: Callable[[Any], Value], spec: Any) -> Value | None:
    """What a reader makes of a value that may be left out."""
    return None if spec is None else reader(spec)


def plain_law(value: Law) -> Any:
    """The number spec that stands for a law: `law(plain_law(x)) == x`.

    >>> from forecast.stats import distributions
    >>> plain_law(distributions.Truncated(distributions.Normal(5.8, 0.5), low=0.0))
    {'distribution': 'normal', 'mean': 5.8, 'sd': 0.5, 'truncate': [0.0, None]}
    """
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Truncated):
        bounds = [bound if math.isfinite(bound) else None for bound in (value.low, value.high)]
        return {**plain_law(value.inner), "truncate": bounds}
    if isinstance(value, Mixture):
        return _plain_mixture(value)
    if isinstance(value, Quantiles):
        ends = {name: end for name, end in (("low", value.low), ("high", value.high)) if math.isfinite(end)}
        return {"quantiles": {str(level): x for level, x in zip(value.levels, value.values, strict=True)}, **ends}
    name = next(name for name, model in NAMED.items() if model.kind is type(value))
    parameters = {field.name: getattr(value, field.name) for field in fields(value)}
    return {"distribution": name} | {key: list(x) if isinstance(x, tuple) else x for key, x in parameters.items()}


def _plain_mixture(value: Mixture) -> dict[str, Any]:
    laws = [plain_law(cast("Law", inner)) for inner in value.laws]
    parts = [{"weight": weight, "law": inner} for weight, inner in zip(value.weights, laws, strict=True)]
    if not value.labels:
        return {"mixture": parts}
    return {"pool": [{"expert": label, **part} for label, part in zip(value.labels, parts, strict=True)]}


SELDOM, NEVER = 1e-6, 1e-9
"""Probability with which a distribution may leave a range that is open above, and one that is not.

One draw in a million below 0 moves no result, so that a normal amount need not be truncated; a share beyond 1 would
make its draw fail."""


ABOVE_0, BELOW_1 = math.nextafter(0.0, 1.0), math.nextafter(1.0, 0.0)


def bounds_complaint(spec: object, low: float, high: float) -> str:
    """What was got where a number or distribution leaves the range from `low` to `high`; empty where it stays."""
    value = law(spec)
    outside = float(value.cdf(math.nextafter(low, -math.inf))) + 1.0 - float(value.cdf(high))
    if outside <= (SELDOM if math.isinf(high) else NEVER):
        return ""
    if isinstance(value, Constant):
        return got(value.value)
    way = "low and high keep it in" if isinstance(value, Quantiles) else "truncate: [low, high] keeps it in"
    return f"got a distribution that leaves the range with probability {outside:.2g} ({way})"


def _bounded(low: float, high: float, accepted: str) -> AfterValidator:
    def within(spec: Any) -> Any:
        if complaint := bounds_complaint(spec, low, high):
            raise ValueError(f"{complaint}, expected {accepted}")
        return spec

    return AfterValidator(within)


MOST = 1e5
"""Largest amount in bn USD, or in trillion won: about what the world produces in a year."""


_UNITS = (
    ("million USD", "{:.6g}", 1e3),
    ("USD", "{:.6g}", 1e9),
    ("billion won", "{{krw_trillion: {:.6g}}}", 1e3),
    ("won", "{{krw_trillion: {:.6g}}}", 1e12),
)


_USUAL = (0.01, 1000.0)
"""Sizes of announcements, bn USD or trillion won: where another unit gives one of them, it was probably meant."""


def _at_most(unit: str) -> AfterValidator:
    """No amount above `MOST`, but seldom."""

    def within(spec: Any) -> Any:
        value = law(spec)
        beyond = 1.0 - float(value.cdf(MOST))
        if beyond > SELDOM:
            expected = f"expected at most {MOST:.0f} {unit}"
            if isinstance(value, Constant):
                raise ValueError(f"{got(value.value)}, {expected}{_unit_meant(value.value, unit)}")
            raise ValueError(f"got a distribution above {MOST:.0f} with probability {beyond:.2g}, {expected}")
        return spec

    return AfterValidator(within)


def _unit_meant(stated: float, unit: str) -> str:
    """What to write if another unit was meant."""
    near = [(other, text, stated / size) for other, text, size in _UNITS if _USUAL[0] <= stated / size <= _USUAL[1]]
    said = [f"; if {other} was meant, write {text.format(value)}" for other, text, value in near]
    return "".join(said) if unit == "bn USD" else ""


Amount: TypeAlias = Annotated[NumberSpec, _bounded(0, math.inf, "0 or more")]


Dollars: TypeAlias = Annotated[Amount, _at_most("bn USD")]


Wons: TypeAlias = Annotated[Amount, _at_most("trillion won")]


Duration: TypeAlias = Annotated[NumberSpec, _bounded(ABOVE_0, math.inf, "a number above 0")]


Share: TypeAlias = Annotated[NumberSpec, _bounded(0, 1, "a fraction from 0 to 1")]


PositiveShare: TypeAlias = Annotated[NumberSpec, _bounded(ABOVE_0, 1, "a fraction above 0, at most 1")]


InnerShare: TypeAlias = Annotated[NumberSpec, _bounded(ABOVE_0, BELOW_1, "a fraction above 0 and below 1")]


Level: TypeAlias = Annotated[NumberSpec, _bounded(ABOVE_0, sys.float_info.max, "a number above 0")]
"""As a duration, but never below 0: a logarithm is taken of it."""


Change: TypeAlias = Annotated[NumberSpec, _bounded(-0.9, 1, "a fraction from -0.9 to 1, 0.02 for 2 %")]
"""From a tenth of a level to twice it, so that a percentage is not read as a fraction."""


Rate: TypeAlias = Annotated[NumberSpec, _bounded(0, 3, "a fraction from 0 to 3, such as 0.25 for 25 %")]


RateChange: TypeAlias = Annotated[
    NumberSpec, _bounded(-1, 3, "a fraction from -1 to 3, such as 0.1 for ten percentage points more")
]
