"""How an amount of money is written in YAML: in bn USD, or in trillion won with the rate that turns it into bn USD.

The rate is that of the month in which the date of the announcement begins; after the last month observed it is the
mean of the last quarter observed. A forecast of the rate has no part in it: what was announced was announced in won.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, TypeAdapter

from forecast.observations.tables import read_table
from forecast.quarters import format_quarter, year_of
from forecast.scenario.entity import Written
from forecast.stats.distributions import Distribution
from forecast.stats.elicited import Mixture
from forecast.stats.specs import Dollars, Model, Wons, plain_distribution
from forecast.stats.truncation import Truncated

WON_KEY = "krw_trillion"

_IN_UNIT = frozenset({"value", "mean", "sd", "median", "location", "scale", "low", "mode", "high", "values"})
"""Parameters that have the unit of the quantity; the others are shapes, weights and degrees of freedom."""


class Won(Model):
    """An amount in trillion won, turned into bn USD at the exchange rate of the month of its announcement."""

    krw_trillion: Wons = Field(description="amount in trillion won, 0 or more")


def _currency(spec: object) -> str:
    return "won" if isinstance(spec, Won) or (isinstance(spec, Mapping) and WON_KEY in spec) else "dollars"


_Spelled: TypeAlias = Annotated[
    Annotated[Dollars, Tag("dollars")] | Annotated[Won, Tag("won")],
    Discriminator(_currency),
]


def _unchanged(stated: Distribution | Won) -> Distribution | Won:
    return stated


Money: TypeAlias = Annotated[Distribution, Written(_Spelled, _unchanged, plain_distribution)]
"""An amount in bn USD; one stated in won is a `Won` until its investment is read, which knows the exchange rate."""

MoneyOrNothing: TypeAlias = Annotated[Distribution, Written(_Spelled | None, _unchanged, plain_distribution)]
"""An amount that is 0 where it is left out."""


@dataclass(frozen=True, slots=True)
class Rate:
    """An exchange rate: won per USD, and the month or quarter it is the mean of."""

    won: float
    period: str


@cache
def _money_spec() -> TypeAdapter[Any]:
    return TypeAdapter(_Spelled)


@cache
def _months() -> tuple[tuple[str, float], ...]:
    """Won per USD by month, Federal Reserve H.10, monthly averages of daily rates."""
    rows = read_table("drivers_monthly")
    return tuple((row["month"], row["value"]) for row in rows if row["series"] == "krw_per_usd")


def rate_of(announced: float) -> Rate:
    """The rate that turns won of an announcement into USD.

    Args:
        announced: date of the announcement, on the quarter axis.

    Raises:
        ValueError: no rate of so early a month is known.
    """
    months = dict(_months())
    month = f"{year_of(announced)}-{int((announced % 4) * 3 + 1e-6) + 1:02d}"
    first, last = min(months), max(months)
    if month < first:
        raise ValueError(f"got an amount in won of {month}, expected one in bn USD: rates are known from {first} on")
    if month <= last:
        return Rate(months[month], month)
    year, number = map(int, last.split("-"))
    quarter = 4 * year + number // 3 - 1
    names = [f"{year_of(quarter)}-{3 * (quarter % 4) + part:02d}" for part in (1, 2, 3)]
    return Rate(sum(months[name] for name in names) / 3, format_quarter(quarter))


def money_distribution(spec: object, announced: float) -> Distribution:
    """Distribution of an amount in bn USD, however it is written.

    >>> round(float(money_distribution({"krw_trillion": 4}, 8101.0).ppf(0.5)), 3)  # April 2025: 1439.8 won per USD
    2.778

    Raises:
        pydantic.ValidationError: the spec has none of the accepted forms.
        ValueError: an amount in won has no rate, or a distribution that cannot be turned into another unit.
    """
    stated = _money_spec().validate_python(spec)
    return in_dollars(stated.krw_trillion, announced) if isinstance(stated, Won) else stated


def in_dollars(won: Distribution, announced: float) -> Distribution:
    """Distribution in bn USD of an amount whose distribution is in trillion won."""
    return _scaled(won, 1000.0 / rate_of(announced).won)


def _scaled(value: Distribution, factor: float) -> Distribution:
    """The distribution of `factor` times the quantity."""
    if isinstance(value, Truncated):
        return Truncated(_scaled(value.inner, factor), value.low * factor, value.high * factor)
    if isinstance(value, Mixture):
        return replace(value, components=tuple(_scaled(part, factor) for part in value.components))
    stated: dict[str, Any] = {field.name: getattr(value, field.name) for field in fields(value)}
    moved = {name: _times(part, factor) for name, part in stated.items() if name in _IN_UNIT}
    if not moved:
        raise ValueError(
            f"got a {type(value).__name__.lower()} distribution of won, expected one whose numbers are amounts"
        )
    return replace(value, **moved)


def _times(part: Any, factor: float) -> Any:
    if isinstance(part, tuple):
        return tuple(_times(item, factor) for item in part)
    if math.isfinite(part) and not math.isfinite(part * factor):
        raise ValueError(f"got {part:g} trillion won, expected a smaller amount")
    return part * factor
