"""How a shock is written in YAML: one entry of the list `shocks`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from forecast.dates import Date, DateSpec
from forecast.draws import FLOWS
from forecast.entries import SOURCES, Source, id_field
from forecast.laws import Change, Duration, Model, NumberSpec, Share
from forecast.quarters import ACCEPTED


class Shock(Model):
    """One event that moves a flow or a driver off its course at a date."""

    id: str = id_field("chip-slump")
    on: Literal["exports", "imports", "us_output", "won_per_dollar", "oil"] = Field(
        description="what it moves: exports, imports, us_output, won_per_dollar or oil"
    )
    at: DateSpec = Field(description=f"when it strikes: {ACCEPTED}")
    until: Date | None = Field(
        None, description=f"when it ends, that moment not included: {ACCEPTED}; for good if left out"
    )
    size: Change | None = Field(
        None, description="part of the flow or driver that is added, a fraction, -0.1 for 10 % less"
    )
    amount: NumberSpec | None = Field(None, description="in place of size, for a flow: what is added in bn USD a year")
    probability: Share | None = Field(None, description="chance that it comes, a fraction from 0 to 1; if left out, 1")
    half_life: Duration | None = Field(None, description="quarters after which half of it has faded, above 0")
    sources: tuple[Source, ...] = Field((), description=SOURCES)

    @model_validator(mode="after")
    def _one_measure(self) -> Shock:
        if (self.size is None) == (self.amount is None):
            found = "neither size nor amount" if self.size is None else "both size and amount"
            raise ValueError(f"got {found}, expected one of them")
        if self.amount is not None and self.on not in FLOWS:
            raise ValueError(f"got an amount on {self.on}, expected a size: amounts are of exports or imports")
        return self
