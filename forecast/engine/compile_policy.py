"""Tariffs and promised purchases of a scenario as duties and purchases of a plan, over the schedule in force.

Also what exports consist of, on which duties fall, with the path that the scenario states for memory; and plants that
are still to be announced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import floor, inf

import numpy as np

from forecast.dims import FUTURE, PRODUCTS, Array
from forecast.economics.elasticities import addresses, shipped_responses
from forecast.economics.pipeline import PERSISTENCE, SPREAD, USUAL, pace_distributions
from forecast.economics.products import Composition, product_priors
from forecast.economics.tariffs import PARTS, TAXED, TariffSchedule, load_schedule
from forecast.economics.uncertain_inputs import UncertainInput
from forecast.engine.inputs import Input, Stated
from forecast.engine.plan import NEVER, Duty, MemoryPath, Pipeline, Policy, Products, Purchase, Taxed
from forecast.observations.announcements import planned_leads
from forecast.observations.annual import outward_investment
from forecast.observations.vintage import Vintage, day_of
from forecast.quarters import parse_time
from forecast.scenario.policy import ImportCommitment, Tariff, falls_on, holds_at
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant, Distribution, Normal
from forecast.stats.truncation import Truncated


def compiled_policy(scenario: Scenario, origin: int, within: Mapping[str, Array]) -> Policy | None:
    """The trade policy of a scenario, or None where it has none; `within` as `economics.products` gives it."""
    if not (scenario.tariffs or scenario.import_commitments):
        return None
    regime, tariffs = load_schedule(), scenario.tariffs
    taxed = {}
    for name, part in _goods(tariffs, within).items():
        if falling := [item for item in tariffs if falls_on(item, name)]:
            taxed[name] = _taxed(regime, PARTS.get(name, name), falling, origin, part)
    return Policy(
        taxed=taxed,
        weight=_shipped("tariffs.weight_of_2026"),
        purchases=tuple(_purchase(regime, item) for item in scenario.import_commitments),
    )


def _goods(tariffs: Sequence[Tariff], within: Mapping[str, Array]) -> dict[str, Array]:
    """Part of each product that goods are, by name: of sectors, and apart from these of what a tariff names itself."""
    goods = {sector: within[sector] for sector in TAXED}
    for product, sector in PARTS.items():
        if any(product in tariff.sectors for tariff in tariffs):
            alone = np.arange(len(PRODUCTS)) == PRODUCTS.index(product)
            goods[product], goods[sector] = goods[sector] * alone, goods[sector] * ~alone
    return goods


def _shipped(address: str) -> Stated:
    return Stated(address, shipped_responses()[address].distribution)


def _taxed(regime: TariffSchedule, sector: str, tariffs: list[Tariff], origin: int, within: Array) -> Taxed:
    """Duties of a sector, tariffs above the record.

    Where a tariff of the past is stated, the record is followed from its first step, and with it what trade has not
    answered yet at the origin. One that holds at the origin is the duty of record, which ends when that is said to end.
    """
    trade, after = regime.trade[sector], origin + 1
    responses = {name: _shipped(address) for name, address in addresses(sector).items()}
    starts = [floor(tariff.start.ends()[0]) for tariff in tariffs]
    steps = [date for date in trade.dates if date < after] if min(starts) < after else []
    first = min(origin, *(floor(start) - 1 for start in (*starts, *steps)))
    until = float(after) if any(holds_at(tariff, origin) for tariff in tariffs) else NEVER
    recorded = [_step_of_record(date, until, trade.rate(date), responses) for date in steps]
    return Taxed(
        regime=trade.rate(after - 1e-9),
        first=first,
        before=trade.rate(first if steps else after - 1e-9),
        duties=(*recorded, *(compiled_duty(tariff, responses) for tariff in tariffs)),
        responses=responses,
        within=within,
    )


def _step_of_record(date: float, until: float, rate: float, responses: Mapping[str, Input]) -> Duty:
    """A step of the record before the origin ends."""
    known, since, end, certain = (Stated("", Constant(value)) for value in (rate, date, until, 1.0))
    return Duty(known, False, since, end, "", certain, responses, of_record=True)


def compiled_duty(tariff: Tariff, responses: Mapping[str, Input]) -> Duty:
    """A stated tariff; responses it states itself come before those given."""
    address = f"tariffs.{tariff.id}"
    own = {name: stated_input(f"{address}.{name}", getattr(tariff, name, None)) for name in responses}
    added = tariff.rate is None
    rate = tariff.change if tariff.rate is None else tariff.rate
    assert rate is not None
    return Duty(
        rate=Stated(f"{address}.{'change' if added else 'rate'}", rate),
        added=added,
        start=Stated(f"{address}.from", tariff.start),
        until=Stated(f"{address}.until", tariff.until or Constant(NEVER)),
        happens=f"{address}.happens",
        probability=Stated(f"{address}.probability", tariff.probability),
        responses={name: own[name] or shared for name, shared in responses.items()},
        rivals=stated_input(f"{address}.rivals", tariff.rivals),
        stacks=tariff.stacks,
    )


def _purchase(regime: TariffSchedule, item: ImportCommitment) -> Purchase:
    address = f"import_commitments.{item.id}"
    value = item.per_year if item.amount is None else item.amount
    assert value is not None
    shipped = Stated(f"import_commitments.additionality.{item.what}", regime.additionality[item.what].distribution)
    return Purchase(
        value=Stated(f"{address}.{'per_year' if item.amount is None else 'amount'}", value),
        total=item.amount is not None,
        start=Stated(f"{address}.from", item.start),
        until=Stated(f"{address}.until", item.until),
        happens=f"{address}.happens",
        probability=Stated(f"{address}.probability", item.probability),
        additionality=stated_input(f"{address}.additionality", item.additionality) or shipped,
        fulfilment=Stated(f"{address}.fulfilment", item.fulfilment),
    )


def compiled_products(scenario: Scenario, found: Composition) -> Products:
    """What exports consist of on the basis of a scenario, and the path that it states for memory."""
    share, cycle, priors = found.memory["us_census"], found.cycle, product_priors().numbers
    korean = scenario.basis == "korea_customs"
    persistence = Truncated(Normal(*cycle.persistence), 0.0, 1.0)
    return Products(
        log_odds=float(np.log(share / (1.0 - share))),
        census=found.level["us_census"],
        book=found.level[scenario.basis],
        counted=found.counted if korean else found.level["us_census"].observed,
        usual=found.usual if korean else 1.0,
        excess=found.excess if korean else 0.0,
        others=tuple(found.others.tolist()),
        spread=tuple(found.spread.tolist()),
        persistence=Stated("products.persistence", persistence),
        volatility=cycle.volatility,
        with_exports=float(priors["with_exports"].distribution.ppf(0.5)),
        trend=Stated("products.trend", priors["trend"].distribution),
        path=_path(scenario),
    )


def _path(scenario: Scenario) -> MemoryPath:
    stated = scenario.memory
    return MemoryPath(
        stated.path, *(stated_input(f"memory.{name}", getattr(stated, name)) for name in ("half_life", "at", "share"))
    )


def inputs_of_products(products: Products) -> tuple[UncertainInput, ...]:
    """Numbers of products that no scenario states."""
    height = [products.trend] if products.path.form in ("fades", "falls") else []
    return tuple(UncertainInput(item.stream, "trade", item.distribution) for item in (products.persistence, *height))


def stated_input(stream: str, distribution: Distribution | None) -> Stated | None:
    """An input drawn from its own stream, or None where nothing is stated."""
    return None if distribution is None else Stated(stream, distribution)


def compiled_pipeline(scenario: Scenario, known: Vintage) -> Pipeline | None:
    """Plants still to be announced, by the record of investment and of announcements known on the scenario's day."""
    scale = Constant(1.0) if scenario.future_announcements is None else scenario.future_announcements
    if scale == Constant(0.0):
        return None
    invested = outward_investment(day=day_of(known.as_of))
    learned = {
        name: Stated(f"{FUTURE}.{name}", distribution) for name, distribution in pace_distributions(invested).items()
    }
    announced_by = inf if known.as_of is None else parse_time(known.as_of)
    return Pipeline(
        scale=Stated(FUTURE, scale),
        usual=learned[USUAL],
        persistence=learned[PERSISTENCE],
        spread=learned[SPREAD],
        leads=np.array(planned_leads(announced_by=announced_by)),
    )


def inputs_of_pipeline(pipeline: Pipeline | None) -> Iterator[UncertainInput]:
    """What is drawn of the pace at which plants are announced."""
    for stated in [pipeline.usual, pipeline.persistence, pipeline.spread] if pipeline else []:
        yield UncertainInput(stated.stream, "future", stated.distribution)
