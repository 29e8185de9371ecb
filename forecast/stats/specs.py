"""How a number is written in YAML: a plain number, a named distribution, or what one or several experts state of it.

The form of a distribution is made here, from the parameters of the class or function that builds it; what is read is
the distribution itself.

Refused here: positional parameters, expressions, and numbers in quotes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from inspect import Parameter, getdoc, signature
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from forecast.errors import got
from forecast.stats import forms
from forecast.stats.distributions import NAMED, Constant, Distribution
from forecast.stats.elicited import Mixture, Quantiles, lognormal_interval, normal_interval
from forecast.stats.moments import cdf_below
from forecast.stats.truncation import Truncated

Value = TypeVar("Value")
Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Model(BaseModel):
    """Base of everything read from YAML: frozen, strict, and closed to unknown keys; null stands for an absent key."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        keys = cls.keys()
        return {name: item for name, item in value.items() if item is not None or name not in keys}

    @classmethod
    def keys(cls) -> dict[str, FieldInfo]:
        """Fields by the key they have in YAML: `from` is a word of Python's, so its field has another name."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}


class _NumberSchema:
    """Annotation of a distribution that is written as a plain number or in one of `NUMBER_FORMS`."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number = core_schema.no_info_after_validator_function(_constant, handler.generate_schema(Number))
        choices = {tag: form.schema(handler) for tag, form in _FORMS.items()}
        choice = core_schema.tagged_union_schema({"a number": number, **choices}, _tag)
        return core_schema.no_info_before_validator_function(_without_percentiles, choice)


class _SharedNumberSchema(_NumberSchema):
    """The same with one validator for all keys: to build one for each doubles the time to load the language."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(plain_distribution)
        return core_schema.no_info_plain_validator_function(read_distribution, serialization=written)

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(_number().core_schema)


NumberSpec: TypeAlias = Annotated[Distribution, _SharedNumberSchema()]
"""Whatever may stand where a number is expected."""


@cache
def _number() -> TypeAdapter[Distribution]:
    return TypeAdapter(Annotated[Distribution, _NumberSchema()])


def read_distribution(spec: object) -> Distribution:
    """The distribution a number spec stands for: a number or a plain mapping. A distribution stands for itself.

    >>> read_distribution({"distribution": "normal", "mean": 5.8, "sd": 0.5})
    Normal(mean=5.8, sd=0.5)

    Raises:
        pydantic.ValidationError: the spec has none of the accepted forms.
    """
    return spec if isinstance(spec, Distribution) else _number().validate_python(spec)


def optional(reader: Callable[[Any], Value], spec: Any) -> Value | None:
    """What a reader makes of a value that may be left out.

    >>> optional(read_distribution, 3), optional(read_distribution, None)
    (Constant(value=3.0), None)
    """
    return None if spec is None else reader(spec)


def _without_percentiles(spec: Any) -> Any:
    """Refuse percentiles among the parameters of a named distribution."""
    if isinstance(spec, Mapping) and (complaint := forms.misplaced_percentiles(spec)):
        raise ValueError(complaint)
    return spec


def _constant(number: float) -> Distribution:
    return Constant(float(number))


def _tag(spec: object) -> object:
    if not isinstance(spec, Mapping):
        return "a number"
    keys = {key for key, item in spec.items() if item is not None}
    name = spec.get("distribution")
    stated = [tag for key, tag in STATED.items() if key in spec]
    otherwise = [tag for tag, own in OTHERWISE.items() if tag.startswith(f"{name} ") and own & keys]
    if otherwise and {field.name for field in fields(NAMED[str(name)])} <= keys:
        otherwise = []
    return next(iter([*stated, *otherwise]), name)


class _NumberModel(Model):
    """Part of the form of a number, whose schema is built when the first number is read."""

    model_config = ConfigDict(defer_build=True)


class Part(_NumberModel):
    """One distribution of a mixture."""

    weight: Number = Field(ge=0, description="weight of the distribution, 0 or more; weights are scaled to sum to one")
    law: Annotated[Distribution, _NumberSchema()] = Field(description="the number or distribution that has this weight")


class Opinion(_NumberModel):
    """What one expert states."""

    expert: str = Field(min_length=1, max_length=100, description="who says so, in 1 to 100 characters")
    weight: Number = Field(1.0, ge=0, description="weight of the opinion, 0 or more; weights are scaled to sum to one")
    law: Annotated[Distribution, _NumberSchema()] = Field(description="the number or distribution the expert states")


class _Truncatable(_NumberModel):
    truncate: tuple[Number | None, Number | None] | None = Field(
        None, description="[low, high] the value must lie in; null leaves a side open"
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """A mapping that states a distribution.

    Attributes:
        model: its keys, which are the parameters of what builds the distribution.
        build: class or function that makes the distribution of them.
        instead: what takes the place of `truncate`, where that would move a level that is hit exactly.
    """

    model: type[Model]
    build: Callable[..., Distribution]
    instead: str = ""

    def schema(self, handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic reads the mapping into the distribution."""
        read = core_schema.no_info_after_validator_function(self._distribution, handler.generate_schema(self.model))
        return core_schema.no_info_before_validator_function(self._untruncated, read) if self.instead else read

    def _distribution(self, stated: Model) -> Distribution:
        whole = self.build(**{name: getattr(stated, name) for name in _parameters(self.build)})
        if not isinstance(whole, Mixture):  # whose parts are within reach, each by its own form
            forms.demand_within_reach(whole)
        bounds = getattr(stated, "truncate", None)
        return whole if bounds is None else Truncated(whole, *forms.ends(*bounds))

    def _untruncated(self, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        if spec.get("truncate") is not None:
            raise ValueError(f"got truncate, which would move the stated {self.instead}")
        return spec


@cache
def _parameters(build: Callable[..., Distribution]) -> Mapping[str, Parameter]:
    return signature(build, eval_str=True).parameters


def _model(title: str, build: Callable[..., Distribution], base: type[Model], **keys: Any) -> type[Model]:
    """The keys of a form, each described by the last text of its annotation."""
    for key, parameter in _parameters(build).items():
        default = ... if parameter.default is Parameter.empty else parameter.default
        keys[key] = parameter.annotation, Field(default, description=parameter.annotation.__metadata__[-1])
    return create_model(title, __base__=base, __doc__=(getdoc(build) or "").partition("\n\n")[0], **keys)


def _named(name: str, build: Callable[..., Distribution], title: str = "") -> _Form:
    distribution = Literal[name], Field(description="name of the distribution")
    return _Form(_model(title or build.__name__, build, _Truncatable, distribution=distribution), build)


def _interval(
    interval: Annotated[tuple[float, float], "[low, high], low below high"],
    level: Annotated[
        float, Field(ge=0.01, lt=1), "probability that the value lies inside, at least 0.01 and below 1, such as 0.9"
    ],
    distribution: Annotated[Literal["normal", "lognormal"], "distribution that is fitted to the interval"] = "normal",
) -> Distribution:
    """An equal-tailed interval that holds the value with probability `level`."""
    return {"normal": normal_interval, "lognormal": lognormal_interval}[distribution](*interval, level)


def _mixture(mixture: Annotated[tuple[Part, ...], "a list of distributions with their weights"]) -> Distribution:
    """Several distributions, one of which holds with a probability that is its weight."""
    return Mixture(tuple(part.weight for part in mixture), tuple(part.law for part in mixture))


def _pool(pool: Annotated[tuple[Opinion, ...], "a list of opinions with expert and distribution"]) -> Distribution:
    """The linear pool of what several experts state: the mixture of their distributions."""
    weights, distributions = tuple(opinion.weight for opinion in pool), tuple(opinion.law for opinion in pool)
    return Mixture(weights, distributions, tuple(opinion.expert for opinion in pool))


STATED: Mapping[str, str] = {
    "interval": "an interval",
    "quantiles": "stated quantiles",
    "pert": "percentiles",
    "mixture": "a mixture",
    "pool": "a pool",
}
"""Forms that need no name of a distribution, by the key that tells each."""

OTHERWISE: Mapping[str, frozenset[str]] = {
    "lognormal by moments": frozenset({"mean", "sd"}),
    "lognormal by logarithm": frozenset({"mu"}),
    "gamma by moments": frozenset({"mean", "sd"}),
    "beta by moments": frozenset({"mean", "sd"}),
}
"""Keys that tell another way to state a named distribution, by the name of the way."""

_FORMS: Mapping[str, _Form] = {
    **{name: _named(name, build) for name, build in NAMED.items()},
    "lognormal by moments": _named("lognormal", forms.lognormal_by_moments, "LogNormalByMoments"),
    "lognormal by logarithm": _named("lognormal", forms.lognormal_by_logarithm, "LogNormalByLogarithm"),
    "gamma by moments": _named("gamma", forms.gamma_by_moments, "GammaByMoments"),
    "beta by moments": _named("beta", forms.beta_by_moments, "BetaByMoments"),
    "an interval": _Form(_model("Interval", _interval, _Truncatable), _interval),
    "stated quantiles": _Form(
        _model("StatedQuantiles", forms.quantiles, _NumberModel),
        forms.quantiles,
        "quantiles, expected low and high in its place",
    ),
    "percentiles": _Form(
        _model("Percentiles", forms.percentiles, _NumberModel),
        forms.percentiles,
        "percentiles, expected the distribution without it",
    ),
    "a mixture": _Form(_model("MixtureForm", _mixture, _Truncatable), _mixture),
    "a pool": _Form(_model("PoolForm", _pool, _Truncatable), _pool),
}

NUMBER_FORMS: Mapping[str, type[Model]] = {tag: form.model for tag, form in _FORMS.items()}
"""Keys of every form of a distribution, by the name that the place of an error has for it."""


def plain_distribution(value: Distribution) -> Any:
    """The number spec that stands for a distribution: `read_distribution(plain_distribution(x)) == x`.

    >>> from forecast.stats.distributions import Normal
    >>> plain_distribution(Truncated(Normal(5.8, 0.5), low=0.0))
    {'distribution': 'normal', 'mean': 5.8, 'sd': 0.5, 'truncate': [0.0, None]}
    """
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Truncated):
        bounds = [bound if math.isfinite(bound) else None for bound in (value.low, value.high)]
        return {**plain_distribution(value.inner), "truncate": bounds}
    if isinstance(value, Mixture):
        return _plain_mixture(value)
    if isinstance(value, Quantiles):
        ends = {name: end for name, end in (("low", value.low), ("high", value.high)) if math.isfinite(end)}
        return {"quantiles": {str(level): x for level, x in zip(value.levels, value.values, strict=True)}, **ends}
    name = next(name for name, kind in NAMED.items() if kind is type(value))
    parameters = {field.name: getattr(value, field.name) for field in fields(value)}
    return {"distribution": name} | {key: list(x) if isinstance(x, tuple) else x for key, x in parameters.items()}


def _plain_mixture(value: Mixture) -> dict[str, Any]:
    components = [plain_distribution(inner) for inner in value.components]
    parts = [{"weight": weight, "law": inner} for weight, inner in zip(value.weights, components, strict=True)]
    if not value.labels:
        return {"mixture": parts}
    return {"pool": [{"expert": label, **part} for label, part in zip(value.labels, parts, strict=True)]}


SELDOM, NEVER = 1e-6, 1e-9
"""Probability with which a distribution may leave a range that is open above, and one that is not.

One draw in a million below 0 moves no result, so that a normal amount need not be truncated; a share beyond 1 would
make its draw fail."""

ABOVE_0, BELOW_1 = math.nextafter(0.0, 1.0), math.nextafter(1.0, 0.0)


def bounds_complaint(spec: object, low: float, high: float) -> str:
    """What was got where a number or distribution leaves the range from `low` to `high`; empty where it stays.

    >>> bounds_complaint({"distribution": "normal", "mean": 0.5, "sd": 0.1}, 0.0, 1.0)
    'got a distribution that leaves the range with probability 5.7e-07 (truncate: [low, high] keeps it in)'
    """
    value = read_distribution(spec)
    outside = cdf_below(value, low) + float(value.sf(high))
    if outside <= (SELDOM if math.isinf(high) else NEVER):
        return ""
    if isinstance(value, Constant):
        return got(value.value)
    way = "low and high keep it in" if isinstance(value, Quantiles) else "truncate: [low, high] keeps it in"
    return f"got a distribution that leaves the range with probability {outside:.2g} ({way})"


def bounded(low: float, high: float, accepted: str) -> AfterValidator:
    """Refuse what leaves the range from `low` to `high`; `accepted` puts the range in words."""

    def within(value: Distribution) -> Distribution:
        if complaint := bounds_complaint(value, low, high):
            raise ValueError(f"{complaint}, expected {accepted}")
        return value

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

    def within(value: Distribution) -> Distribution:
        beyond = float(value.sf(MOST))
        if beyond > SELDOM:
            expected = f"expected at most {MOST:.0f} {unit}"
            if isinstance(value, Constant):
                raise ValueError(f"{got(value.value)}, {expected}{_unit_meant(value.value, unit)}")
            raise ValueError(f"got a distribution above {MOST:.0f} with probability {beyond:.2g}, {expected}")
        return value

    return AfterValidator(within)


def _unit_meant(stated: float, unit: str) -> str:
    """What to write if another unit was meant."""
    near = [(other, text, stated / size) for other, text, size in _UNITS if _USUAL[0] <= stated / size <= _USUAL[1]]
    said = [f"; if {other} was meant, write {text.format(value)}" for other, text, value in near]
    return "".join(said) if unit == "bn USD" else ""


Amount: TypeAlias = Annotated[NumberSpec, bounded(0, math.inf, "0 or more")]
Dollars: TypeAlias = Annotated[Amount, _at_most("bn USD")]
Wons: TypeAlias = Annotated[Amount, _at_most("trillion won")]
Duration: TypeAlias = Annotated[NumberSpec, bounded(ABOVE_0, math.inf, "a number above 0")]
Share: TypeAlias = Annotated[NumberSpec, bounded(0, 1, "a fraction from 0 to 1")]
PositiveShare: TypeAlias = Annotated[NumberSpec, bounded(ABOVE_0, 1, "a fraction above 0, at most 1")]
InnerShare: TypeAlias = Annotated[NumberSpec, bounded(ABOVE_0, BELOW_1, "a fraction above 0 and below 1")]

Level: TypeAlias = Annotated[NumberSpec, bounded(ABOVE_0, sys.float_info.max, "a number above 0")]
"""As a duration, but never below 0: a logarithm is taken of it."""

Change: TypeAlias = Annotated[NumberSpec, bounded(-0.9, 1, "a fraction from -0.9 to 1, 0.02 for 2 %")]
"""From a tenth of a level to twice it, so that a percentage is not read as a fraction."""

Rate: TypeAlias = Annotated[NumberSpec, bounded(0, 3, "a fraction from 0 to 3, such as 0.25 for 25 %")]
RateChange: TypeAlias = Annotated[
    NumberSpec, bounded(-1, 3, "a fraction from -1 to 3, such as 0.1 for ten percentage points more")
]
LOWEST_RIVALS = -0.5
"""Points that may be taken off the duty of rivals, by one tariff or by all on the same goods together."""

RivalChange: TypeAlias = Annotated[
    NumberSpec,
    bounded(LOWEST_RIVALS, 3, f"a fraction from {LOWEST_RIVALS:g} to 3, such as 0.1 for ten percentage points more"),
]
