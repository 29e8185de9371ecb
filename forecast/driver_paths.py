"""How the path of a driver is written in YAML: one form a class, each with the keys it needs.

Levels are those of a quarter: of the won and of oil the mean of its months, of US output the level at an annual rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from forecast.dates import Date, Quarter, position
from forecast.laws import Change, Level, Model
from forecast.textfile import MAX_ITEMS


def _whole_quarter(date: str | int) -> str | int:
    if position(date) % 1:
        raise ValueError(f"got {date}, expected the start of a quarter, such as 2026Q4")
    return date


Turn: TypeAlias = Annotated[Date, AfterValidator(_whole_quarter)]


class Levels(Model):
    """The driver stands at stated levels in stated quarters, and moves evenly in logarithms up to and between them."""

    path: Literal["levels"] = Field(description="form of the path")
    at: Mapping[Quarter, Level] = Field(
        min_length=1, max_length=MAX_ITEMS, description="a mapping from quarters to levels, such as {2026Q4: 1500}"
    )


class Growth(Model):
    """The driver grows at a stated rate in place of the fitted one."""

    path: Literal["growth"] = Field(description="form of the path")
    rate: Change = Field(description="growth a year, a fraction, 0.02 for 2 %")
    from_: Turn = Field(alias="from", description="the first quarter that grows so, such as 2026Q4")
    until: Turn | None = Field(None, description="when that ends, that quarter not included; the horizon if left out")


class Deviation(Model):
    """The driver lies above or below its fitted path."""

    path: Literal["deviation"] = Field(description="form of the path")
    size: Change = Field(description="level over that of the fitted path, less 1: a fraction, -0.1 for 10 % below")
    from_: Turn = Field(alias="from", description="the first quarter off the fitted path, such as 2026Q4")
    until: Turn | None = Field(None, description="when that ends, that quarter not included; for good if left out")


DRIVER_FORMS: Mapping[str, type[Model]] = {"levels": Levels, "growth": Growth, "deviation": Deviation}

Stated: TypeAlias = Annotated[Levels | Growth | Deviation, Field(discriminator="path")]


class DriverPaths(Model):
    """Drivers that a scenario sends along a path of its own; each one left out moves as fitted."""

    us_output: Stated | None = Field(
        None,
        description="a mapping such as {path: growth, rate: 0.01, from: 2027Q1}; levels in bn chained 2017 USD a year",
    )
    won_per_dollar: Stated | None = Field(
        None, description="a mapping such as {path: levels, at: {2027Q4: 1600}}; levels in won per USD"
    )
    oil: Stated | None = Field(
        None, description="a mapping such as {path: deviation, size: 0.2, from: 2027Q1}; levels in USD a barrel"
    )
