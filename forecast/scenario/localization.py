"""How the split of purchases is assumed to move: a `Localization`, and its forms in YAML with the keys each needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from forecast.documents import Node, present
from forecast.errors import Problem, YamlPath, spelled
from forecast.quarters import ACCEPTED, format_quarter
from forecast.scenario.dates import Moment, date_text, parse_date
from forecast.scenario.entity import SectorName, Written
from forecast.scenario.entries import Row
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.specs import Duration, InnerShare, Model, PositiveShare, Share, optional, plain_distribution


@dataclass(frozen=True, slots=True)
class Localization:
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
    local: Distribution | None = None
    by: float | None = None
    at: float | None = None
    speed: Distribution | None = None
    shares: tuple[Distribution, Distribution, Distribution] | None = None


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
    by: Moment = Field(description=f"date at which the share is reached: {ACCEPTED}")


class Logistic(Model):
    """The local share follows an adoption curve up to a ceiling."""

    path: Literal["logistic"] = Field(description="form of the path")
    local: InnerShare = Field(description="ceiling of the local share of purchases, above 0 and below 1")
    at: Moment = Field(description=f"midpoint of the curve: {ACCEPTED}")
    speed: Duration = Field(description="years from 12 % to 88 % of the way, above 0")


class Step(Model):
    """The local share jumps to a stated value, as under a content rule."""

    path: Literal["step"] = Field(description="form of the path")
    local: InnerShare = Field(description="local share of purchases from then on, above 0 and below 1")
    at: Moment = Field(description=f"date of the step: {ACCEPTED}")


class Shares(Model):
    """Where purchases are made; three plain numbers must sum to one, distributions are scaled to one in each draw."""

    korea: PositiveShare = Field(description="share bought in Korea, a fraction above 0")
    local: Share = Field(description="share bought locally, a fraction")
    third_country: Share = Field(description="share bought in third countries, a fraction")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Shares:
        plain = [part.value for part in self.distributions() if isinstance(part, Constant)]
        if len(plain) == len(self.distributions()) and abs(sum(plain) - 1) > 1e-6:
            raise ValueError(f"got shares that sum to {sum(plain):.6g}, expected a sum of 1")
        return self

    def distributions(self) -> tuple[Distribution, Distribution, Distribution]:
        """The shares in the order of the suppliers."""
        return self.korea, self.local, self.third_country


class Fixed(Model):
    """Shares are replaced by stated ones from the first simulated quarter."""

    path: Literal["fixed"] = Field(description="form of the path")
    shares: Shares = Field(description="a mapping with korea, local and third_country")


def localization(stated: Model) -> Localization:
    """The path a form states, without those of single sectors beside it."""
    keys: dict[str, Any] = {name: getattr(stated, name) for name in type(stated).model_fields if name != "sectors"}
    if isinstance(stated, Fixed):
        keys["shares"] = stated.shares.distributions()
    return Localization(**keys)


def plain_path(path: Localization) -> dict[str, Any]:
    """The mapping that states a path."""
    suppliers = Shares.model_fields
    return present(
        path=path.path,
        local=optional(plain_distribution, path.local),
        speed=optional(plain_distribution, path.speed),
        by=optional(date_text, path.by),
        at=optional(date_text, path.at),
        shares=path.shares and dict(zip(suppliers, map(plain_distribution, path.shares), strict=True)),
    )


FORMS: Mapping[str, type[Model]] = {
    "fitted": Fitted,
    "hold": Hold,
    "target": Target,
    "logistic": Logistic,
    "step": Step,
    "fixed": Fixed,
}
Form: TypeAlias = Annotated[Fitted | Hold | Target | Logistic | Step | Fixed, Field(discriminator="path")]

StatedPath: TypeAlias = Annotated[Localization, Written(Form, localization, plain_path)]
"""A path of a sector or an investment."""


class Everywhere(Model):
    """Key that the localization of all affiliates has besides its own path."""

    sectors: Mapping[SectorName, StatedPath] = Field(
        {}, description="a mapping from sector names to paths of their own"
    )


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


def turns_in_the_past(root: Node, announced: Sequence[Row], origin: int | None) -> Iterator[Problem]:
    """Every path of localization that turns before the origin, the last quarter observed."""
    stated: dict[YamlPath, Node | None] = {("localization",): root.fields.get("localization")}
    shared = root.fields.get("localization")
    sectors = shared.fields.get("sectors") if shared else None
    stated |= {("localization", "sectors", name): node for name, node in (sectors.fields if sectors else {}).items()}
    stated |= {("investments", row.name, "localization"): row.node.fields.get("localization") for row in announced}
    for path, node in stated.items():
        for key in ("by", "at"):
            turn = node.fields.get(key) if node else None
            if turn is not None and origin is not None and _position(turn) < origin + 1:
                after = f"expected a date after {format_quarter(origin)}, the last quarter observed"
                yield turn.place.problem(spelled((*path, key)), f"got {turn.content}, {after}")


def _position(node: Node) -> float:
    try:
        return parse_date(str(node.content))
    except ValueError:
        return inf
