"""The forms of a distribution in YAML, each with the keys it needs: named laws, and what one expert states."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, fields
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

from forecast.errors import got
from forecast.stats import distributions
from forecast.stats.distributions import Law, Truncated
from forecast.stats.elicitation import lognormal_interval, normal_interval, pert_percentiles
from forecast.stats.elicited import Quantiles

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

    @model_validator(mode="after")
    def _parameters_fit(self) -> Distribution:
        self.law()
        return self

    def law(self) -> Law:
        """The law itself; a `ValueError` says which parameter does not fit."""
        raise NotImplementedError


class Truncatable(Distribution):
    """A law that may be cut to a range."""

    kind: ClassVar[Any]
    truncate: Bounds | None = Field(None, description="[low, high] the value must lie in; null leaves a side open")

    def law(self) -> Law:
        """The law itself; a `ValueError` says which parameter does not fit."""
        whole = self._whole()
        if self.truncate is None:
            return whole
        low, high = self.truncate
        return Truncated(whole, -math.inf if low is None else low, math.inf if high is None else high)

    def _whole(self) -> Law:
        return cast("Law", self.kind(**{field.name: getattr(self, field.name) for field in fields(self.kind)}))


class Exact(Distribution):
    """A law that hits stated levels, which cutting it would move."""

    instead: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _not_truncated(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("truncate") is not None:
            raise ValueError(f"got truncate, which would move the stated {cls.instead}")
        return value


class Normal(Truncatable):
    """Normal law."""

    kind = distributions.Normal
    distribution: Literal["normal"] = Field(description="name of the law")
    mean: Number = Field(description="mean")
    sd: Number = Field(description="standard deviation, above 0")


class LogNormal(Truncatable):
    """Law of a positive quantity whose logarithm is normal."""

    kind = distributions.LogNormal
    distribution: Literal["lognormal"] = Field(description="name of the law")
    median: Number = Field(description="median, above 0")
    sigma: Number = Field(description="standard deviation of the logarithm, above 0")


class StudentT(Truncatable):
    """Student's t law."""

    kind = distributions.StudentT
    distribution: Literal["student_t"] = Field(description="name of the law")
    location: Number = Field(description="centre")
    scale: Number = Field(description="scale, above 0")
    df: Number = Field(description="degrees of freedom, above 0")


class Beta(Truncatable):
    """Beta law on 0 to 1, with mean alpha / (alpha + beta)."""

    kind = distributions.Beta
    distribution: Literal["beta"] = Field(description="name of the law")
    alpha: Number = Field(description="first shape, above 0")
    beta: Number = Field(description="second shape, above 0")


class Gamma(Truncatable):
    """Gamma law, with mean shape * scale."""

    kind = distributions.Gamma
    distribution: Literal["gamma"] = Field(description="name of the law")
    shape: Number = Field(description="shape, above 0")
    scale: Number = Field(description="scale, above 0")


class Weibull(Truncatable):
    """Weibull law of a duration."""

    kind = distributions.Weibull
    distribution: Literal["weibull"] = Field(description="name of the law")
    shape: Number = Field(description="shape, above 0; below 1 gives many short and few very long durations")
    scale: Number = Field(description="scale, above 0")


class Uniform(Truncatable):
    """Uniform law."""

    kind = distributions.Uniform
    distribution: Literal["uniform"] = Field(description="name of the law")
    low: Number = Field(description="lower end")
    high: Number = Field(description="upper end, above low")


class Triangular(Truncatable):
    """Triangular law."""

    kind = distributions.Triangular
    distribution: Literal["triangular"] = Field(description="name of the law")
    low: Number = Field(description="lower end")
    mode: Number = Field(description="most likely value, from low to high")
    high: Number = Field(description="upper end, above low")


class Pert(Truncatable):
    """PERT law: smoother than the triangular one between the same three points."""

    kind = distributions.Pert
    distribution: Literal["pert"] = Field(description="name of the law")
    low: Number = Field(description="lower end")
    mode: Number = Field(description="most likely value, from low to high")
    high: Number = Field(description="upper end, above low")
    concentration: Number = Field(4.0, description="weight of the mode in the mean, above 0")


class Discrete(Truncatable):
    """Finitely many values."""

    kind = distributions.Discrete
    distribution: Literal["discrete"] = Field(description="name of the law")
    values: tuple[Number, ...] = Field(description="values that can occur")
    weights: tuple[Number, ...] = Field(description="weight of each value, 0 or more; scaled to sum to one")


class Interval(Truncatable):
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


class StatedQuantiles(Exact):
    """Quantiles at stated levels, hit exactly."""

    instead = "quantiles, expected low and high in its place"
    quantiles: Mapping[str, Number] = Field(
        description="a mapping from levels between 0 and 1 to values, such as {0.05: 1, 0.5: 2, 0.95: 4}"
    )
    low: Number | None = Field(None, description="a value it cannot fall below; if left out, the tail is a normal one")
    high: Number | None = Field(None, description="a value it cannot exceed; if left out, the tail is a normal one")

    def law(self) -> Law:
        """The law itself; a `ValueError` says which level does not fit."""
        stated = sorted((_level(text), float(value)) for text, value in self.quantiles.items())
        levels, values = (tuple(column) for column in zip(*stated, strict=True)) if stated else ((), ())
        low, high = self.low, self.high
        return Quantiles(levels, values, -math.inf if low is None else low, math.inf if high is None else high)


def _level(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        percent = re.fullmatch(r"[pP]?(\d+(?:\.\d+)?) ?%?", text)
        hint = f"; write {float(percent[1]) / 100:g}" if percent else ""
        raise ValueError(f"{got(text)} as a level, expected a number between 0 and 1{hint}") from None


class Percentiles(Exact):
    """The PERT law with a stated mode and two stated percentiles, hit exactly."""

    instead = "percentiles, expected the law without it"
    pert: Mapping[str, Number] = Field(
        description="a mapping with mode and two percentiles around it, such as {p10: 1, mode: 2, p90: 5}"
    )
    concentration: Number = Field(4.0, description="weight of the mode in the mean, above 0")

    def law(self) -> Law:
        """The law itself; a `ValueError` says which percentile does not fit."""
        stated = {_percentile(text): float(value) for text, value in self.pert.items() if text != "mode"}
        if "mode" not in self.pert or len(stated) != 2:
            raise ValueError(f"{got(self.pert)}, expected mode and two percentiles such as p10 and p90")
        (below, low), (above, high) = sorted(stated.items())
        return pert_percentiles((low, below), float(self.pert["mode"]), (high, above), self.concentration)


def _percentile(text: str) -> float:
    match = re.fullmatch(r"p(\d+(?:\.\d+)?)", text)
    if match is None or not 0 < float(match[1]) < 100:
        raise ValueError(f"{got(text)}, expected mode or a percentile such as p10, above p0 and below p100")
    return float(match[1]) / 100


NAMED: Mapping[str, type[Truncatable]] = {
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
