"""How an announcement of investment is written and what it is: one frozen class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, create_model

from forecast.economics.sectors import COEFFICIENTS, Sector
from forecast.quarters import ACCEPTED
from forecast.scenario.dates import Moment, UncertainDate
from forecast.scenario.dependencies import Ids, Phases
from forecast.scenario.entity import Sources, Written, entity, id_field
from forecast.scenario.localization import StatedPath
from forecast.scenario.money import Money, MoneyOrNothing, Won, in_dollars
from forecast.stats.distributions import Constant, Law
from forecast.stats.specs import ABOVE_0, Amount, InnerShare, Model, NumberSpec, Share, bounded, plain_law

NOTHING = Constant(0.0)


_Quarters: TypeAlias = Annotated[NumberSpec, bounded(ABOVE_0, inf, "a number of quarters above 0")]


_ACCEPTED: Mapping[str, Any] = {
    **dict.fromkeys(("machinery_share", "korean_machinery_share", "utilisation", "reverse_import_rate"), Share),
    **dict.fromkeys(("construction_quarters", "ramp_quarters"), _Quarters),
    "korean_share": InnerShare,
}
"""Numbers that each coefficient accepts, where it is not an amount."""


_FIELDS: dict[str, Any] = {name: (_ACCEPTED.get(name, Amount) | None, None) for name in COEFFICIENTS}


COEFFICIENT_KEYS = create_model("Coefficients", __base__=Model, **_FIELDS)


def _by_name(stated: Model) -> dict[str, Law]:
    return {name: law for name, law in sorted(stated) if law is not None}


def plain_coefficients(coefficients: Mapping[str, Law]) -> dict[str, Any]:
    """The mapping that states coefficients."""
    return {name: plain_law(value) for name, value in coefficients.items()}


Coefficients: TypeAlias = Annotated[Mapping[str, Law], Written(COEFFICIENT_KEYS, _by_name, plain_coefficients)]
"""Coefficients that differ from the sector priors, in the order of their names."""


@entity
@dataclass(frozen=True, slots=True, kw_only=True)
class Investment:
    """One announcement.

    Amounts are distributions in bn USD, dates and windows lie on the quarter axis. Numbers left out are as fitted, the
    path of localization that of the sector.
    """

    id: Annotated[str, id_field("HMG-06")]
    company: Annotated[str, Field(min_length=1, max_length=200, description="the investor, in 1 to 200 characters")]
    project: Annotated[
        str, Field(min_length=1, max_length=200, description="what is built or bought, in 1 to 200 characters")
    ]
    sector: Annotated[Sector, Field(description="a sector name")]
    kind: Annotated[
        Literal["greenfield", "expansion", "acquisition", "pledge"],
        Field(
            description="greenfield, expansion, acquisition, or pledge for an umbrella that is never simulated itself"
        ),
    ]
    amount: Annotated[Money, Field(description="stated size in bn USD, 0 or more")]
    announced: Annotated[Moment, Field(description=f"date of the announcement: {ACCEPTED}")]
    construction_start: Annotated[
        UncertainDate | None,
        Field(description=f"start of construction: {ACCEPTED}; if left out, one building time before production"),
    ] = None
    production_start: Annotated[
        UncertainDate | None,
        Field(description=f"planned start of production: {ACCEPTED}; if left out, one building time after the start"),
    ] = None
    new_capex: Annotated[
        MoneyOrNothing, Field(description="capital expenditure after an acquisition in bn USD, 0 or more")
    ] = NOTHING
    part_of: Annotated[str | None, Field(description="id of the pledge that holds this investment")] = None
    probability: Annotated[
        Share | None, Field(description="chance that it goes ahead, a fraction from 0 to 1; if left out, as fitted")
    ] = None
    slip: Annotated[NumberSpec | None, Field(description="delay of production in quarters; if left out, as fitted")] = (
        None
    )
    scale: Annotated[
        Amount | None, Field(description="realised over stated amount, 0 or more; if left out, as fitted")
    ] = None
    coefficients: Annotated[
        Coefficients, Field(alias="overrides", description="a mapping from coefficient names to numbers")
    ] = field(default_factory=dict)
    localization: Annotated[
        StatedPath | None,
        Field(description="a mapping with path: a path of its own; if left out, that of its sector"),
    ] = None
    sources: Sources = ()
    production_end: Annotated[UncertainDate | None, Field(description=f"end of production: {ACCEPTED}")] = None
    phases: Annotated[
        Phases, Field(description="a list of at least one part, with id, share and dates of their own")
    ] = ()
    requires: Annotated[Ids, Field(description="a list of ids: it goes ahead only if all of those do")] = ()
    excludes: Annotated[Ids, Field(description="a list of ids: it goes ahead only if none of those does")] = ()
    same_fate_as: Annotated[
        str | None, Field(description="id of the investment whose draw of going ahead it shares")
    ] = None

    def __post_init__(self) -> None:
        """Turn amounts in won into USD, at the rate of the announcement."""
        for name in ("amount", "new_capex"):
            stated: Law | Won = getattr(self, name)
            if isinstance(stated, Won):
                object.__setattr__(self, name, in_dollars(stated.krw_trillion, self.announced))
