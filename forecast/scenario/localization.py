"""How a localization path is written in YAML: one form a class, each with the keys it needs.

How the split of purchases is assumed to move: a frozen `Localization`, and the way from YAML to it and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from forecast.documents import present
from forecast.quarters import ACCEPTED
from forecast.scenario.dates import Date, date_text, position
from forecast.stats.distributions import Constant, Law
from forecast.stats.specs import Duration, InnerShare, Model, PositiveShare, Share, law, optional, plain_law


class Fitted(Model):
    """Shares move on along the fitted trend."""

    path: Literal["fitted"] = Field(description="form of the path")


class Hold(Model):
    """Shares stay as they are at the origin."""

    path: Literal["hold"] = Field(description="form of the path")


class Target(Model):
    """The local share moves to a stated value by a stated date."""

    path: Literal["target"] = Field(description="form of the path")
    local: InnerShare = Field(description="local share of purchases at that date, above 0 and below 1")
    by: Date = Field(description=f"date at which the share is reached: {ACCEPTED}")


class Logistic(Model):
    """The local share follows an adoption curve up to a ceiling."""

    path: Literal["logistic"] = Field(description="form of the path")
    local: InnerShare = Field(description="ceiling of the local share of purchases, above 0 and below 1")
    at: Date = Field(description=f"midpoint of the curve: {ACCEPTED}")
    speed: Duration = Field(description="years from 12 % to 88 % of the way, above 0")


class Step(Model):
    """The local share jumps to a stated value, as under a content rule."""

    path: Literal["step"] = Field(description="form of the path")
    local: InnerShare = Field(description="local share of purchases from then on, above 0 and below 1")
    at: Date = Field(description=f"date of the step: {ACCEPTED}")


class Shares(Model):
    """Where purchases are made; three plain numbers must sum to one, laws are scaled to one in each draw."""

    korea: PositiveShare = Field(description="share bought in Korea, a fraction above 0")
    local: Share = Field(description="share bought locally, a fraction")
    third_country: Share = Field(description="share bought in third countries, a fraction")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Shares:
        parts = (self.korea, self.local, self.third_country)
        plain = [part.value for part in parts if isinstance(part, Constant)]
        if len(plain) == len(parts) and abs(sum(plain) - 1) > 1e-6:
            raise ValueError(f"got shares that sum to {sum(plain):.6g}, expected a sum of 1")
        return self


class Fixed(Model):
    """Shares are replaced by stated ones from the first simulated quarter."""

    path: Literal["fixed"] = Field(description="form of the path")
    shares: Shares = Field(description="a mapping with korea, local and third_country")


FORMS: Mapping[str, type[Model]] = {
    "fitted": Fitted,
    "hold": Hold,
    "target": Target,
    "logistic": Logistic,
    "step": Step,
    "fixed": Fixed,
}


Localization: TypeAlias = Annotated[Fitted | Hold | Target | Logistic | Step | Fixed, Field(discriminator="path")]


class Everywhere(Model):
    """What the localization of all affiliates may say besides its own path."""

    sectors: Mapping[str, Localization] = Field({}, description="a mapping from sector names to paths of their own")


class FittedEverywhere(Fitted, Everywhere):
    """Shares of all affiliates move on along the fitted trend."""


class HoldEverywhere(Hold, Everywhere):
    """Shares of all affiliates stay as they are at the origin."""


class TargetEverywhere(Target, Everywhere):
    """The local share of all affiliates moves to a stated value by a stated date."""


class LogisticEverywhere(Logistic, Everywhere):
    """The local share of all affiliates follows an adoption curve up to a ceiling."""


class StepEverywhere(Step, Everywhere):
    """The local share of all affiliates jumps to a stated value."""


class FixedEverywhere(Fixed, Everywhere):
    """Shares of all affiliates are replaced by stated ones."""


LocalizationEverywhere: TypeAlias = Annotated[
    FittedEverywhere | HoldEverywhere | TargetEverywhere | LogisticEverywhere | StepEverywhere | FixedEverywhere,
    Field(discriminator="path"),
]


@dataclass(frozen=True, slots=True)
class AssumedLocalization:
    """How the split of affiliates' purchases over Korea, local and third-country suppliers moves.

    Attributes:
        path: `fitted`, `hold`, `target`, `logistic`, `step` or `fixed`.
        local: local share of purchases reached, a fraction (`target`, `step`; the ceiling of `logistic`).
        by: date at which a `target` is reached, on the quarter axis.
        at: date of a `step`, or the midpoint of a `logistic` path, on the quarter axis.
        speed: years a `logistic` path takes from 12 % to 88 % of the way, so that its rate is 4 / speed per year.
        shares: `fixed` weights of Korea, local and third countries, normalised to one in each draw.
    """

    path: str
    local: Law | None = None
    by: float | None = None
    at: float | None = None
    speed: Law | None = None
    shares: tuple[Law, Law, Law] | None = None


def assumed_path(stated: Model) -> AssumedLocalization:
    """A path as stated."""
    keys: dict[str, Any] = {name: getattr(stated, name) for name in type(stated).model_fields if name != "sectors"}
    readers: Mapping[str, Callable[[Any], Any]] = {
        "local": law,
        "speed": law,
        "by": position,
        "at": position,
        "shares": _shares,
    }
    return AssumedLocalization(**{name: readers.get(name, str)(value) for name, value in keys.items()})


def _shares(stated: Shares) -> tuple[Law, Law, Law]:
    return law(stated.korea), law(stated.local), law(stated.third_country)


def plain_path(path: AssumedLocalization) -> dict[str, Any]:
    """The mapping that states a path."""
    names = ("korea", "local", "third_country")
    return present(
        path=path.path,
        local=optional(plain_law, path.local),
        speed=optional(plain_law, path.speed),
        by=optional(date_text, path.by),
        at=optional(date_text, path.at),
        shares=None if path.shares is None else dict(zip(names, map(plain_law, path.shares), strict=True)),
    )
