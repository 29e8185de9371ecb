"""How the split of purchases is assumed to move: a `Localization`, and its forms in YAML with the keys each needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, Literal, TypeAlias, Union

from pydantic import Field, create_model, model_validator

from forecast.errors import Problem, YamlPath, spelled
from forecast.quarters import ACCEPTED, format_quarter
from forecast.scenario.dates import Moment, date_text, parse_date
from forecast.scenario.entity import Written
from forecast.scenario.entries import Row
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.specs import Duration, InnerShare, Model, PositiveShare, Share, optional, plain_distribution
from forecast.storage.documents import Node, present


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


FITTED = Localization("fitted")


class Shares(Model):
    """Where purchases are made; three plain numbers must sum to one, distributions are scaled to one in each draw."""

    korea: PositiveShare = Field(description="share bought in Korea, a fraction above 0")
    local: Share = Field(description="share bought locally, a fraction")
    third_country: Share = Field(description="share bought in third countries, a fraction")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Shares:
        plain = [part.value for part in self.suppliers() if isinstance(part, Constant)]
        if len(plain) == len(self.suppliers()) and abs(sum(plain) - 1) > 1e-6:
            raise ValueError(f"got shares that sum to {sum(plain):.6g}, expected a sum of 1")
        return self

    def suppliers(self) -> tuple[Distribution, Distribution, Distribution]:
        """The shares in the order of the suppliers."""
        return self.korea, self.local, self.third_country


_PATH = Field(description="form of the path")
_LOCAL = "local share of purchases"
_FORMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "fitted": ("Shares move on along the fitted trend.", {}),
    "hold": ("Shares stay as they are at the origin.", {}),
    "target": (
        "The local share moves to a stated value by a stated date.",
        {
            "local": (InnerShare, Field(description=f"{_LOCAL} at that date, above 0 and below 1")),
            "by": (Moment, Field(description=f"date at which the share is reached: {ACCEPTED}")),
        },
    ),
    "logistic": (
        "The local share follows an adoption curve up to a ceiling.",
        {
            "local": (InnerShare, Field(description=f"ceiling of the {_LOCAL}, above 0 and below 1")),
            "at": (Moment, Field(description=f"midpoint of the curve: {ACCEPTED}")),
            "speed": (Duration, Field(description="years from 12 % to 88 % of the way, above 0")),
        },
    ),
    "step": (
        "The local share jumps to a stated value, as under a content rule.",
        {
            "local": (InnerShare, Field(description=f"{_LOCAL} from then on, above 0 and below 1")),
            "at": (Moment, Field(description=f"date of the step: {ACCEPTED}")),
        },
    ),
    "fixed": (
        "Shares are replaced by stated ones from the first simulated quarter.",
        {"shares": (Shares, Field(description="a mapping with korea, local and third_country"))},
    ),
}
FORMS: Mapping[str, type[Model]] = {
    path: create_model(path.title(), __base__=Model, __doc__=doc, **{"path": (Literal[path], _PATH), **keys})
    for path, (doc, keys) in _FORMS.items()
}
"""Keys that each path needs."""


def _read(stated: Model) -> Localization:
    keys = dict(iter(stated))
    return Localization(**keys | ({"shares": keys["shares"].suppliers()} if "shares" in keys else {}))


def plain_path(path: Localization) -> dict[str, Any]:
    """The mapping that states a path."""
    return present(
        path=path.path,
        local=optional(plain_distribution, path.local),
        speed=optional(plain_distribution, path.speed),
        by=optional(date_text, path.by),
        at=optional(date_text, path.at),
        shares=path.shares and dict(zip(Shares.model_fields, map(plain_distribution, path.shares), strict=True)),
    )


_Form: TypeAlias = Annotated[Union[*FORMS.values()], Field(discriminator="path")]  # type: ignore[valid-type]
StatedPath: TypeAlias = Annotated[Localization, Written(_Form, _read, plain_path)]
"""A path of a sector or an investment."""


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
