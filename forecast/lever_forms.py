"""How tariffs and import commitments are written in YAML: one entry of each list a class, with the keys it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from forecast.dates import DateSpec
from forecast.entries import SOURCES, Source, id_field
from forecast.laws import Amount, Dollars, Model, PositiveShare, Rate, RateChange, Share
from forecast.phrases import got
from forecast.quarters import ACCEPTED

EVERY = "all"


def _names(value: Any) -> Any:
    """One name, or a list of them, as a list."""
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, tuple) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{got(value)}, expected a sector, a list of sectors, or {EVERY}")
    return names


class Tariff(Model):
    """The duty the US takes on goods of some sectors from Korea, from a date on."""

    id: str = id_field("cars-25")
    sectors: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        description="a sector, a list of sectors, or all: whose goods pay it"
    )
    rate: Rate | None = Field(None, description="the new average duty of these goods, a fraction of their value")
    change: RateChange | None = Field(
        None, description="in place of rate: points added to the duty in force at the origin, a fraction"
    )
    from_: DateSpec = Field(alias="from", description=f"when it takes effect: {ACCEPTED}")
    until: DateSpec | None = Field(None, description=f"when it ends, that moment not included: {ACCEPTED}")
    probability: Share | None = Field(None, description="chance that it comes, a fraction from 0 to 1; if left out, 1")
    pass_through: Share | None = Field(None, description="share of the duty that US buyers pay, a fraction from 0 to 1")
    elasticity: Amount | None = Field(
        None, description="per cent of quantity lost per per cent of price in the long run, 0 or more"
    )
    adjustment: PositiveShare | None = Field(
        None, description="share of the long-run response reached after a year, a fraction above 0"
    )
    localization_response: Amount | None = Field(
        None, description="rise of the log odds of local supply per percentage point of duty, 0 or more"
    )
    sources: tuple[Source, ...] = Field((), description=SOURCES)

    @model_validator(mode="before")
    @classmethod
    def _one_rate(cls, value: Any) -> Any:
        return _one_of(value, "rate", "change")


class ImportCommitment(Model):
    """Goods that Korea has promised to buy from the US in a span of time."""

    id: str = id_field("cars-25")
    what: Literal["aircraft", "lng", "other"] = Field(
        description="aircraft, lng or other: what is bought, which decides how much of it is additional"
    )
    amount: Dollars | None = Field(None, description="value over the whole span in bn USD, 0 or more")
    per_year: Dollars | None = Field(None, description="in place of amount: value a year in bn USD, 0 or more")
    from_: DateSpec = Field(alias="from", description=f"first delivery: {ACCEPTED}")
    until: DateSpec = Field(description=f"when deliveries end, that moment not included: {ACCEPTED}")
    probability: Share | None = Field(
        None, description="chance that it comes to anything, a fraction from 0 to 1; if left out, 1"
    )
    additionality: Share | None = Field(
        None, description="share that would not have been bought from the US anyway, a fraction from 0 to 1"
    )
    fulfilment: Amount | None = Field(None, description="delivered over promised, 0 or more; if left out, 1")
    sources: tuple[Source, ...] = Field((), description=SOURCES)

    @model_validator(mode="before")
    @classmethod
    def _one_value(cls, value: Any) -> Any:
        return _one_of(value, "amount", "per_year")


def _one_of(value: Any, first: str, second: str) -> Any:
    """The entry, once it is known to state one of two keys and not both."""
    if isinstance(value, Mapping):
        stated = [key for key in (first, second) if value.get(key) is not None]
        if len(stated) != 1:
            found = f"both {first} and {second}" if stated else f"neither {first} nor {second}"
            raise ValueError(f"got {found}, expected one of them")
    return value
