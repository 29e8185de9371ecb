"""How the split of purchases is assumed to move: a frozen `Localization`, and the way from YAML to it and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forecast.dates import date_text, position
from forecast.distributions import Law
from forecast.document import present
from forecast.laws import Model, law, optional, plain_law
from forecast.paths import Shares


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
    local: Law | None = None
    by: float | None = None
    at: float | None = None
    speed: Law | None = None
    shares: tuple[Law, Law, Law] | None = None


def assumed_path(stated: Model) -> Localization:
    """A path as stated."""
    keys: dict[str, Any] = {name: getattr(stated, name) for name in type(stated).model_fields if name != "sectors"}
    readers: Mapping[str, Callable[[Any], Any]] = {
        "local": law,
        "speed": law,
        "by": position,
        "at": position,
        "shares": _shares,
    }
    return Localization(**{name: readers.get(name, str)(value) for name, value in keys.items()})


def _shares(stated: Shares) -> tuple[Law, Law, Law]:
    return law(stated.korea), law(stated.local), law(stated.third_country)


def plain_path(path: Localization) -> dict[str, Any]:
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
