"""Tariffs and import commitments compiled: sectors, rates of the regime, and an address for every uncertain number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from forecast.distributions import Constant, Law
from forecast.inputs import Input, Judged
from forecast.lever_forms import EVERY
from forecast.levers import ImportCommitment, Tariff
from forecast.regime import REST, TAXED, WITHOUT_TRADE, Regime, load_regime
from forecast.scenario import Scenario

NEVER = 1e6
"""A date on the quarter axis after every other."""

MACHINERY = REST
"""Sector whose duty machines pay, whatever plant they are for."""

FINISHED = dict.fromkeys(WITHOUT_TRADE, REST)
"""Sector whose duty the goods pay that a plant would replace, where that is not the plant's own."""

INPUTS = FINISHED | {"autos": "auto_parts", "batteries": "battery_materials"}
"""Sector whose duty the Korean purchases of a plant pay, where that is not the plant's own."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One tariff, or one step of the regime before the origin; rates are fractions, dates on the quarter axis.

    Attributes:
        rate: the duty, or what is added to that of the regime where `added`.
        happens: address of the draw that decides whether it comes.
    """

    rate: Input
    added: bool
    start: Input
    until: Input
    happens: str
    probability: Input
    responses: Mapping[str, Input]


@dataclass(frozen=True, slots=True)
class Taxed:
    """Exports of one sector that a scenario puts a duty on.

    Attributes:
        regime: duty in force at the origin.
        first: quarter from which duties are followed, the origin or earlier.
        before: duty in force when `first` begins.
        duties: in the order in which they come; a later one takes the place of an earlier one while both would hold.
        responses: the shipped laws, which hold before the first of the duties.
        shares: of Korea's exports to the US, at either end of the uncertain composition.
    """

    regime: float
    first: int
    before: float
    duties: tuple[Duty, ...]
    responses: Mapping[str, Input]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Purchase:
    """One import commitment; `total` says whether `value` is over the whole span or a year, bn USD."""

    value: Input
    total: bool
    start: Input
    until: Input
    happens: str
    probability: Input
    additionality: Input
    fulfilment: Input


@dataclass(frozen=True, slots=True)
class Levers:
    """Trade policy of a plan.

    Attributes:
        taxed: by sector; sectors without a tariff are absent.
        responses: the shipped laws, for what no tariff states.
        purchases: import commitments by id.
    """

    taxed: Mapping[str, Taxed]
    responses: Mapping[str, Input]
    purchases: tuple[Purchase, ...]


def compiled_levers(scenario: Scenario, origin: int) -> Levers | None:
    """The levers of a scenario, or None where it has none."""
    if not (scenario.tariffs or scenario.import_commitments):
        return None
    regime = load_regime()
    responses = {name: Judged(f"tariffs.{name}", belief.law) for name, belief in regime.responses.items()}
    named = {sector: [item for item in scenario.tariffs if _falls_on(item, sector)] for sector in TAXED}
    return Levers(
        taxed={sector: _taxed(regime, responses, sector, items, origin) for sector, items in named.items() if items},
        responses=responses,
        purchases=tuple(_purchase(regime, item) for item in scenario.import_commitments),
    )


def _falls_on(tariff: Tariff, sector: str) -> bool:
    return sector in tariff.sectors or EVERY in tariff.sectors


def _taxed(regime: Regime, responses: Mapping[str, Input], sector: str, tariffs: list[Tariff], origin: int) -> Taxed:
    """Duties of a sector from its first tariff on, those of the regime up to the origin beneath those stated."""
    trade = regime.trade[sector]
    first = min(origin, *(floor(float(tariff.start.ppf(0.0))) for tariff in tariffs))
    steps = [date for date in trade.dates if first <= date < origin + 1]
    past = [_past(date, trade.rate(date), responses) for date in steps]
    stated = sorted(tariffs, key=lambda tariff: (float(tariff.start.ppf(0.5)), tariff.id))
    return Taxed(
        regime=trade.rate(origin + 1 - 1e-9),
        first=first,
        before=trade.rate(first - 1e-9 if past and steps[0] == first else first),
        duties=(*past, *(_duty(tariff, responses) for tariff in stated)),
        responses=responses,
        shares=trade.shares,
    )


def _past(date: float, rate: float, responses: Mapping[str, Input]) -> Duty:
    """A step of the regime that came before the origin."""
    return Duty(_known(rate), False, _known(date), _known(NEVER), "", _known(1.0), responses)


def _duty(tariff: Tariff, responses: Mapping[str, Input]) -> Duty:
    address = f"tariffs.{tariff.id}"
    stated = {name: getattr(tariff, name, None) for name in responses}
    own = {name: Judged(f"{address}.{name}", law) for name, law in stated.items() if law is not None}
    added = tariff.rate is None
    rate = tariff.change if tariff.rate is None else tariff.rate
    assert rate is not None
    return Duty(
        rate=Judged(f"{address}.{'change' if added else 'rate'}", rate),
        added=added,
        start=Judged(f"{address}.from", tariff.start),
        until=Judged(f"{address}.until", tariff.until or Constant(NEVER)),
        happens=f"{address}.happens",
        probability=Judged(f"{address}.probability", tariff.probability),
        responses={**responses, **own},
    )


def _purchase(regime: Regime, item: ImportCommitment) -> Purchase:
    address = f"import_commitments.{item.id}"
    value = item.per_year if item.amount is None else item.amount
    assert value is not None
    shipped = Judged(f"import_commitments.additionality.{item.what}", regime.additionality[item.what].law)
    own = item.additionality
    return Purchase(
        value=Judged(f"{address}.{'per_year' if item.amount is None else 'amount'}", value),
        total=item.amount is not None,
        start=Judged(f"{address}.from", item.start),
        until=Judged(f"{address}.until", item.until),
        happens=f"{address}.happens",
        probability=Judged(f"{address}.probability", item.probability),
        additionality=shipped if own is None else Judged(f"{address}.additionality", own),
        fulfilment=Judged(f"{address}.fulfilment", item.fulfilment),
    )


def _known(value: float) -> Judged:
    law: Law = Constant(value)
    return Judged("", law)
