"""How a number is written in YAML: a plain number, a named distribution, or an interval at a stated level.

Refused here: positional parameters, expressions, and numbers in quotes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import astuple, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, model_validator
from pydantic.fields import FieldInfo

from forecast import distributions
from forecast.distributions import Constant, Law, Truncated
from forecast.elicitation import lognormal_interval, normal_interval
from forecast.phrases import got

Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Bounds: TypeAlias = tuple[Number | None, Number | None]


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


class Distribution(Model):
    """A named law with keyword parameters, in the unit of the quantity it stands for."""

    kind: ClassVar[Any]
    truncate: Bounds | None = Field(None, description="[low, high] the value must lie in; null leaves a side open")

    @model_validator(mode="after")
    def _parameters_fit(self) -> Distribution:
        self.law()
        return self

    def law(self) -> Law:
        """The law itself; a `ValueError` says which parameter does not fit."""
        whole = self._whole()
        if self.truncate is None:
            return whole
        low, high = self.truncate
        return Truncated(whole, -math.inf if low is None else low, math.inf if high is None else high)

    def _whole(self) -> Law:
        return cast("Law", self.kind(**{field.name: getattr(self, field.name) for field in fields(self.kind)}))


class Normal(Distribution):
    """Normal law."""

    kind = distributions.Normal
    distribution: Literal["normal"] = Field(description="name of the law")
    mean: Number = Field(description="mean")
    sd: Number = Field(description="standard deviation, above 0")


class LogNormal(Distribution):
    """Law of a positive quantity whose logarithm is normal."""

    kind = distributions.LogNormal
    distribution: Literal["lognormal"] = Field(description="name of the law")
    median: Number = Field(description="median, above 0")
    sigma: Number = Field(description="standard deviation of the logarithm, above 0")


class StudentT(Distribution):
    """Student's t law."""

    kind = distributions.StudentT
    distribution: Literal["student_t"] = Field(description="name of the law")
    location: Number = Field(description="centre")
    scale: Number = Field(description="scale, above 0")
    df: Number = Field(description="degrees of freedom, above 0")


class Beta(Distribution):
    """Beta law on 0 to 1, with mean alpha / (alpha + beta)."""

    kind = distributions.Beta
    distribution: Literal["beta"] = Field(description="name of the law")
    alpha: Number = Field(description="first shape, above 0")
    beta: Number = Field(description="second shape, above 0")


class Gamma(Distribution):
    """Gamma law, with mean shape * scale."""

    kind = distributions.Gamma
    distribution: Literal["gamma"] = Field(description="name of the law")
    shape: Number = Field(description="shape, above 0")
    scale: Number = Field(description="scale, above 0")


class Weibull(Distribution):
    """Weibull law of a duration."""

    kind = distributions.Weibull
    distribution: Literal["weibull"] = Field(description="name of the law")
    shape: Number = Field(description="shape, above 0; below 1 gives many short and few very long durations")
    scale: Number = Field(description="scale, above 0")


class Uniform(Distribution):
    """Uniform law."""

    kind = distributions.Uniform
    distribution: Literal["uniform"] = Field(description="name of the law")
    low: Number = Field(description="lower end")
    high: Number = Field(description="upper end, above low")


class Triangular(Distribution):
    """Triangular law."""

    kind = distributions.Triangular
    distribution: Literal["triangular"] = Field(description="name of the law")
    low: Number = Field(description="lower end")
    mode: Number = Field(description="most likely value, from low to high")
    high: Number = Field(description="upper end, above low")


class Pert(Distribution):
    """PERT law: smoother than the triangular one between the same three points."""

    kind = distributions.Pert
    distribution: Literal["pert"] = Field(description="name of the law")
    low: Number = Field(description="lower end")
    mode: Number = Field(description="most likely value, from low to high")
    high: Number = Field(description="upper end, above low")
    concentration: Number = Field(4.0, description="weight of the mode in the mean, above 0")


class Discrete(Distribution):
    """Finitely many values."""

    kind = distributions.Discrete
    distribution: Literal["discrete"] = Field(description="name of the law")
    values: tuple[Number, ...] = Field(description="values that can occur")
    weights: tuple[Number, ...] = Field(description="weight of each value, 0 or more; scaled to sum to one")


class Interval(Distribution):
    """An equal-tailed interval that holds the value with probability `level`."""

    interval: tuple[Number, Number] = Field(description="[low, high], low below high")
    level: Number = Field(
        ge=0.01, lt=1, description="probability that the value lies inside, at least 0.01 and below 1, such as 0.9"
    )
    distribution: Literal["normal", "lognormal"] = Field("normal", description="law that is fitted to the interval")

    def _whole(self) -> Law:
        fit: Mapping[str, Callable[..., Law]]
        fit = {"normal": normal_interval, "lognormal": lognormal_interval}
        fitted = fit[self.distribution](*self.interval, self.level)
        if not all(map(math.isfinite, astuple(fitted))):
            raise ValueError("got an interval too wide for a distribution, expected its ends closer together")
        return fitted


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


def _form(spec: object) -> object:
    if isinstance(spec, Mapping):
        return "an interval" if "interval" in spec else spec.get("distribution")
    if isinstance(spec, Distribution):
        return next((name for name, model in NAMED.items() if type(spec) is model), "an interval")
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
    | Annotated[Interval, Tag("an interval")],
    Discriminator(_form),
]
"""Whatever may stand where a number is expected."""


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


def plain_law(value: Law) -> Any:
    """The number spec that stands for a law: `law(plain_law(x)) == x`.

    >>> plain_law(distributions.Truncated(distributions.Normal(5.8, 0.5), low=0.0))
    {'distribution': 'normal', 'mean': 5.8, 'sd': 0.5, 'truncate': [0.0, None]}
    """
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Truncated):
        bounds = [bound if math.isfinite(bound) else None for bound in (value.low, value.high)]
        return {**plain_law(value.inner), "truncate": bounds}
    name = next(name for name, model in NAMED.items() if model.kind is type(value))
    parameters = {field.name: getattr(value, field.name) for field in fields(value)}
    return {"distribution": name} | {key: list(x) if isinstance(x, tuple) else x for key, x in parameters.items()}


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
    return (
        f"got a distribution that leaves the range with probability {outside:.2g} (truncate: [low, high] keeps it in)"
    )


def _bounded(low: float, high: float, accepted: str) -> AfterValidator:
    def within(spec: Any) -> Any:
        if complaint := bounds_complaint(spec, low, high):
            raise ValueError(f"{complaint}, expected {accepted}")
        return spec

    return AfterValidator(within)


Amount: TypeAlias = Annotated[NumberSpec, _bounded(0, math.inf, "0 or more")]
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
