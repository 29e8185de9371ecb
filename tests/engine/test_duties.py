"""Duties against a computation of their own, quarter by quarter in plain loops, from a scenario file to its results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from forecast.dims import PRODUCT_SERIES, PRODUCTS, Array
from forecast.economics.elasticities import load_elasticities
from forecast.economics.products import composition, shares_within
from forecast.economics.tariffs import load_schedule
from forecast.engine.block import block_inputs, simulated_baseline, simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.plan import Plan
from forecast.engine.policy import Duties, exports_over_before, supply_pressure
from forecast.errors import ScenarioError
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import day_of, vintage
from forecast.quarters import parse_quarter
from forecast.scenario.policy import Tariff
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.stats.distributions import Distribution
from forecast.stats.streams import Streams
from forecast.storage.documents import scenario_path

N_DRAWS = 12
LEVELS = ("pass_through", "elasticity", "substitution", "localization_response")
GROUPS = {
    **dict.fromkeys(("autos", "auto_parts"), "vehicles"),
    **dict.fromkeys(("batteries", "grid_equipment"), "electrical"),
    "semiconductors": "electronics",
    **dict.fromkeys(("battery_materials", "biopharma"), "chemicals"),
    **dict.fromkeys(("steel", "nonferrous_metals"), "metals"),
    "other": "other",
}


@dataclass
class Held:
    """One tariff in one draw."""

    start: float
    until: float
    rate: float
    stacks: bool
    rivals: float
    own: Mapping[str, float]

    def holds(self, moment: float) -> bool:
        return self.start <= moment < self.until


@dataclass
class Goods:
    """Exports of one sector in one draw, followed quarter by quarter.

    Attributes:
        record: what the duty was at a moment, where no tariff says otherwise.
        dates: when the record changes.
        now: duty when the origin ends.
        end: when that is.
        shared: the shipped responses.
        held: tariffs that come.
    """

    record: Callable[[float], float]
    dates: Sequence[float]
    now: float
    end: int
    shared: Mapping[str, float]
    held: Sequence[Held]

    def in_force(self, moment: float) -> tuple[float, Mapping[str, float]]:
        """The duty, and how it is answered."""
        added = sum(one.rate for one in self.held if one.stacks and one.holds(moment))
        whole = [one for one in self.held if not one.stacks and one.holds(moment)]
        best = max(whole, key=lambda one: (one.start, one.rate), default=None)
        rate = self.record(moment) if best is None else best.rate
        if best is not None and best.start >= self.end:
            return rate + added, {**self.shared, **best.own}
        return rate + added, self.answer_to_the_past()

    def answer_to_the_past(self) -> Mapping[str, float]:
        answer = dict(self.shared)
        for one in sorted(self.held, key=lambda one: one.start):
            if one.start < self.end:
                answer |= {name: one.own[name] for name in LEVELS if name in one.own}
        return answer

    def pace(self, moment: float) -> float:
        begun = [one for one in self.held if one.start <= moment and not one.stacks]
        latest = max(begun, key=lambda one: one.start).own if begun else {}
        return 1.0 - math.sqrt(math.sqrt(1.0 - {**self.shared, **latest}["adjustment"]))

    def logs(self, moment: float) -> tuple[float, float, float]:
        """Of price, quantity and the odds of local supply in the long run, over those under the duty of the origin."""
        rate, answer = self.in_force(moment)
        dearer = (1.0 + rate) / (1.0 + self.now) - 1.0
        paid = math.log(1.0 + answer["pass_through"] * dearer)
        points = 100.0 * (rate - self.now)
        more = sum(one.rivals for one in self.held if one.holds(moment))
        given = answer["substitution"] * math.log(1.0 + answer["pass_through"] * more)
        quantity = answer["elasticity"] * (given - paid)
        return paid - math.log(1.0 + dearer), quantity, answer["localization_response"] * points

    def factors(self, last: int) -> list[tuple[float, float]]:
        """Exports and the odds of local supply from the origin to a quarter, over those of the origin."""
        dates = sorted({date for one in self.held for date in (one.start, one.until)} | {*self.dates})
        quarter = min(self.end - 1, math.floor(min([*dates, self.end]))) - 3
        _, quantity, odds = self.logs(quarter)
        path = {}
        while quarter <= last:
            cuts = [quarter, *(date for date in dates if quarter < date < quarter + 1), quarter + 1]
            price = target = local = speed = 0.0
            for left, right in pairwise(cuts):
                logs = self.logs(left)
                price += (right - left) * logs[0]
                target += (right - left) * logs[1]
                local += (right - left) * logs[2]
                speed += (right - left) * self.pace(left)
            quantity += speed * (target - quantity)
            odds += speed * (local - odds)
            path[quarter] = price + quantity, odds
            quarter += 1
        (exports, supply), later = path[self.end - 1], range(self.end - 1, last + 1)
        return [(math.exp(path[at][0] - exports), math.exp(path[at][1] - supply)) for at in later]


@dataclass
class ByHand:
    """A scenario as it is stated, and the uniforms of its draws."""

    scenario: Scenario
    plan: Plan
    streams: Streams

    def number(self, address: str, distribution: Distribution, draw: int) -> float:
        values = np.broadcast_to(distribution.ppf(self.streams.uniforms(address)), N_DRAWS)
        return float(values[draw])

    def factors(self, sector: str) -> Array:
        """Exports of a sector and the odds of local supply, as `Goods`, `(2, n_periods + 1, n_draws)`."""
        last = self.plan.origin + self.plan.n_periods
        return np.array([self.goods(sector, draw).factors(last) for draw in range(N_DRAWS)]).T

    def goods(self, sector: str, draw: int) -> Goods:
        trade, end = load_schedule().trade[sector], self.plan.origin + 1
        tariffs = [item for item in self.scenario.tariffs if {sector, "all"} & set(item.sectors)]
        shipped = {name: prior.distribution for name, prior in load_schedule().responses.items()}
        shipped["substitution"] = load_elasticities().substitution.distribution
        shared = {name: self.number(f"tariffs.{name}", law, draw) for name, law in shipped.items()}
        group = GROUPS[sector]
        own = load_elasticities().groups[group].distribution
        shared["elasticity"] = self.number(f"tariffs.elasticity.{group}", own, draw)
        now = trade.rate(end - 1e-9)
        held = [one for one in (self.held(item, now, draw) for item in tariffs) if one is not None]
        if all(float(item.start.ppf(0.0)) >= end for item in tariffs):
            return Goods(lambda moment: now, (), now, end, shared, held)
        first, dates = trade.rates[0].distribution.ppf(0.5), (*trade.dates, end)
        # One that holds to the end of the origin is the record, which ends as it does.
        if any(one.start < end <= one.until and not one.stacks for one in held):
            return Goods(lambda moment: trade.rate(moment) if moment < end else first, dates, now, end, shared, held)
        return Goods(lambda moment: trade.rate(min(moment, end - 1e-9)), dates, now, end, shared, held)

    def held(self, item: Tariff, now: float, draw: int) -> Held | None:
        address = f"tariffs.{item.id}"
        chance = self.number(f"{address}.probability", item.probability, draw)
        if not self.streams.uniforms(f"{address}.happens")[draw] < chance:
            return None
        start = self.number(f"{address}.from", item.start, draw)
        until = math.inf if item.until is None else self.number(f"{address}.until", item.until, draw)
        if item.rate is not None:
            rate = self.number(f"{address}.rate", item.rate, draw)
        else:
            assert item.change is not None
            rate = now + self.number(f"{address}.change", item.change, draw)
        stated = {name: getattr(item, name) for name in (*LEVELS, "adjustment")}
        own = {
            name: self.number(f"{address}.{name}", value, draw) for name, value in stated.items() if value is not None
        }
        rivals = 0.0 if item.rivals is None else self.number(f"{address}.rivals", item.rivals, draw)
        return Held(start, until, rate, item.stacks, rivals, own)


@cache
def posterior() -> Posterior:
    return load_posterior()


def compiled(scenario: Scenario) -> Plan:
    """Its plan, on the shipped fit whatever quarter it starts from."""
    known = vintage(scenario.as_of)
    return compile_plan(scenario, replace(posterior(), origin=known.trade.origin), known)


def tariff_series(scenario: Scenario, seed: int = 0) -> tuple[Array, Array]:
    """The series `tariffs` as simulated and by hand, `(n_years, n_draws)` each, bn USD a year."""
    plan, streams = compiled(scenario), Streams(seed, 0, N_DRAWS, "plain")
    flows = simulated_flows(plan, streams).annual[plan.series.index("tariffs")]
    inputs = block_inputs(plan, streams)
    baseline, duties = simulated_baseline(plan, inputs), Duties(plan, inputs)
    hand = ByHand(scenario, plan, streams)
    schedule = load_schedule()
    weight = schedule.responses["weight_of_2026"].distribution.ppf(streams.uniforms("tariffs.weight_of_2026"))
    known = vintage(scenario.as_of)
    within = shares_within(composition(known.trade, known.bridge, day_of(known.as_of)))
    years = [(plan.origin + 1 + quarter) // 4 for quarter in range(plan.n_periods)]
    places = [sorted(set(years)).index(year) for year in years]
    products = baseline.products
    flows_of_products = [products.memory, *(products.others * products.parts[places, part] for part in range(6))]
    sums = np.zeros((len(set(years)), N_DRAWS))
    for sector in schedule.trade:
        if any({sector, "all"} & set(item.sectors) for item in scenario.tariffs):
            exports, supply = hand.factors(sector)
            whole = duties.worked_out(exports_over_before, sector)
            np.testing.assert_allclose(whole / whole[0], exports, rtol=1e-12)
            np.testing.assert_allclose(duties.worked_out(supply_pressure, sector), supply, rtol=1e-12)
            for product, exported in enumerate(flows_of_products):
                early, late = within[sector][:, product]
                lost = exported * (early + weight * (late - early)) * (exports[1:] - 1.0)
                for year in range(len(sums)):
                    inside = [quarter for quarter, place in enumerate(places) if place == year]
                    sums[year] += lost[inside].sum(axis=0) * products.ratios[min(product, 1), year]
    return flows, sums


def agree(scenario: Scenario, seed: int = 0) -> Array:
    """Demand that simulation and hand agree in every draw, and return the series."""
    simulated, hand = tariff_series(scenario, seed)
    np.testing.assert_allclose(simulated, hand, rtol=1e-12, atol=1e-11)
    return simulated


def stated(folder: Path, tariffs: str, head: str = "") -> Scenario:
    path = folder / "duties.yaml"
    path.write_text(f"name: duties\n{head}\ntariffs:\n{tariffs}\n", "utf-8")
    return load_scenario(path)


@pytest.mark.parametrize("name", ["tariffs-2025", "tariffs-25", "tariffs-25-term"])
def test_shipped_tariffs_are_those_of_a_computation_by_hand(name: str) -> None:
    series = agree(load_scenario(scenario_path(name)))
    assert np.median(series[-1]) < 0.0


PAST = [
    ("", "{id: a, sectors: autos, rate: 0.15, from: 2024-05-10}"),  # 8 quarters before the origin
    ("", "{id: a, sectors: autos, rate: 0.15, from: 2025-11-01}"),  # 2
    ("", "{id: a, sectors: [batteries, battery_materials], rate: 0.1, from: 2026-02-24, until: 2026-07-24}"),  # 1
    ("", "{id: a, sectors: grid_equipment, rate: 0.15, from: 2026-05-20}"),  # 0
    ("as_of: 2025-08-20", "{id: a, sectors: autos, rate: 0.25, from: 2025-04-03}"),  # 0
    ("as_of: 2026-02-25", "{id: a, sectors: steel, rate: 0.5, from: 2025-06-04}"),  # 2
    ("as_of: 2025-05-20", "{id: a, sectors: [steel, nonferrous_metals], rate: 0.25, from: 2025-03-12}"),  # 0
    ("as_of: 2026-06-01", "{id: a, sectors: other, rate: 0.041, from: 2026-02-24, elasticity: 3}"),  # 0
    ("", "{id: a, sectors: autos, rate: 0.15, from: {earliest: 2025-11, latest: 2026-06}, elasticity: 3}"),
    ("", "{id: a, sectors: steel, rate: {distribution: uniform, low: 0.4, high: 0.6}, from: 2025-06-04}"),
    (
        "",
        "{id: a, sectors: [battery_materials, batteries], rate: 0.1, from: 2026-02-24, until: 2026-07-24, rivals: 0.2}",
    ),
    ("", "{id: a, sectors: autos, rate: 0.15, from: 2025-11-01, rivals: 0.11, substitution: 0.5}"),
]


@pytest.mark.parametrize(("head", "tariff"), PAST)
def test_a_duty_of_the_past_is_answered_on(tmp_path: Path, head: str, tariff: str) -> None:
    agree(stated(tmp_path, f"  - {tariff}", head))


def by_product(folder: Path, *tariffs: str) -> tuple[Array, Array]:
    """Draws of exports by product under tariffs, `(7, n_years, n_draws)`, and of the series `tariffs`."""
    plan = compiled(stated(folder, "\n".join(f"  - {tariff}" for tariff in tariffs)))
    annual = simulated_flows(plan, Streams(0, 0, N_DRAWS, "plain")).annual
    return annual[[plan.series.index(name) for name in PRODUCT_SERIES]], annual[plan.series.index("tariffs")]


def test_a_duty_on_memory_falls_on_memory_alone(tmp_path: Path) -> None:
    """It could be stated of all chips only."""
    none, _ = by_product(tmp_path, "{id: a, sectors: memory, rate: 0, from: 2027Q1}")
    memory, lost = by_product(tmp_path, "{id: a, sectors: memory, rate: 0.25, from: 2027Q1}")
    chips, _ = by_product(tmp_path, "{id: a, sectors: semiconductors, rate: 0.25, from: 2027Q1}")
    place, other = PRODUCTS.index("memory"), PRODUCTS.index("chips")
    np.testing.assert_array_equal(np.delete(memory, place, 0), np.delete(none, place, 0))
    np.testing.assert_allclose(memory[place] - none[place], lost, rtol=1e-9, atol=1e-9)
    assert (lost[1:] < 0.0).all()
    np.testing.assert_allclose(memory[place], chips[place], rtol=1e-12)
    assert (chips[other, 1:] < memory[other, 1:]).all()


def test_a_duty_on_chips_is_the_same_in_one_and_in_parts(tmp_path: Path) -> None:
    """A later duty on memory takes the place of one on all chips for memory, and leaves the others at that."""
    both = "{id: a, sectors: [semiconductors, memory], rate: 0.2, from: 2027Q1}"
    whole, parts = (
        by_product(tmp_path, text)[0] for text in ("{id: a, sectors: semiconductors, rate: 0.2, from: 2027Q1}", both)
    )
    np.testing.assert_allclose(parts, whole, rtol=1e-12)
    freed = by_product(tmp_path, both, "{id: b, sectors: memory, rate: 0, from: 2028Q1, stacks: false}")[0]
    place, other = PRODUCTS.index("memory"), PRODUCTS.index("chips")
    np.testing.assert_array_equal(freed[other], parts[other])
    assert (freed[place, 3:] > parts[place, 3:]).all()


FIRST = [("0.3", "2027Q1", "2026Q2"), ("0.3", "2026-07-01", "2026Q2"), ("0.15", "2025-11-01", "2025Q1")]


@pytest.mark.parametrize(("rate", "start", "first"), [*FIRST, ("0.15", "2024-05-10", "2024Q1")])
def test_duties_are_followed_from_the_quarter_that_is_over_when_the_first_begins(
    tmp_path: Path, rate: str, start: str, first: str
) -> None:
    """Of cars the record begins in April 2025; a duty still to come is followed from the origin."""
    policy = compiled(stated(tmp_path, f"  - {{id: a, sectors: autos, rate: {rate}, from: {start}}}")).policy
    assert policy is not None
    assert policy.taxed["autos"].first == parse_quarter(first)


def test_cars_of_2025_by_hand(tmp_path: Path) -> None:
    """25 % from April to October, then 15 %: what five draws of the shipped responses leave ten years on."""
    tariffs = "  - {id: a, sectors: autos, rate: 0.25, from: 2025-04-03, until: 2025-11-01}\n"
    scenario = stated(tmp_path, tariffs + "  - {id: b, sectors: autos, rate: 0.15, from: 2025-11-01}")
    plan, streams = compiled(scenario), Streams(0, 0, N_DRAWS, "plain")
    exports, _ = ByHand(scenario, plan, streams).factors("autos")
    np.testing.assert_allclose(exports[-1, :5], [0.906, 0.942, 0.927, 0.949, 0.886], atol=0.00055)
    agree(scenario)


def test_a_duty_of_the_origin_ends_when_it_is_said_to(tmp_path: Path) -> None:
    """15 % on cars until 2029, and from then on what was paid before 2025: none."""
    deal = "  - {id: deal, sectors: autos, rate: 0.15, from: 2025-11-01, pass_through: 1, elasticity: 2, adjustment: 1"
    ending = agree(stated(tmp_path, deal + ", until: 2029}"))
    lifted = (
        deal + "}\n  - {id: none, sectors: autos, rate: 0, from: 2029, pass_through: 1, elasticity: 2, adjustment: 1}"
    )
    np.testing.assert_array_equal(ending, agree(stated(tmp_path, lifted)))
    at_once, free = (text.replace("2029", "2026-07-01") for text in (deal + ", until: 2029}", lifted))
    np.testing.assert_array_equal(agree(stated(tmp_path, at_once)), agree(stated(tmp_path, free)))
    straddling = deal + ", until: {earliest: 2026-06-01, latest: 2027}}"
    with pytest.raises(
        ScenarioError, match="until: got 2026-06-01 to 2027, expected dates on one side of the end of 2026Q2"
    ):
        stated(tmp_path, straddling)
    assert (ending[3:] > agree(stated(tmp_path, deal + "}"))[3:]).all()


OWN = """\
  - {{id: a, sectors: autos, rate: 0.25, from: 2025-04-03, until: 2025-11-01}}
  - {{id: b, sectors: autos, rate: 0.15, from: 2025-11-01{}}}
"""


@pytest.mark.parametrize("key", ["elasticity", "pass_through"])
@pytest.mark.parametrize("first", [True, False], ids=["with the duty before", "alone"])
def test_responses_stated_of_a_past_duty_govern_all_of_the_past(tmp_path: Path, key: str, first: bool) -> None:
    """Nothing is lost where nothing is passed on or nobody minds, and the more the stronger the response."""
    lost = []
    for value in (0, 0.5, 1):
        text = OWN.format(f", {key}: {value}")
        series = agree(stated(tmp_path, text if first else text.partition("\n")[2]))
        lost.append(series)
    assert (lost[0] == 0.0).all()
    assert (lost[2] < lost[1]).all()
    assert (lost[1] < 0.0).all()


def test_an_uncertain_response_of_the_past_is_one_number_in_a_draw(tmp_path: Path) -> None:
    spread = ", elasticity: {distribution: uniform, low: 1, high: 4}"
    text = OWN.format(spread).replace("until: 2025-11-01", f"until: 2025-11-01{spread}")
    agree(stated(tmp_path, text + "  - {id: c, sectors: autos, rate: 0.2, from: 2028Q1, adjustment: 0.6}\n"))


def test_the_later_duty_holds_in_each_draw(tmp_path: Path) -> None:
    """40 % from a date in 2027 or 2028, none from 2028Q2: where the first comes later, it holds."""
    text = "  - {id: a, sectors: autos, rate: 0.4, from: {earliest: 2027Q1, latest: 2029Q1}}\n"
    scenario = stated(tmp_path, text + "  - {id: b, sectors: autos, rate: 0, from: 2028Q2}")
    series = agree(scenario)[-1]
    start = scenario.tariffs[0].start.ppf(Streams(0, 0, N_DRAWS, "plain").uniforms("tariffs.a.from"))
    later = np.broadcast_to(start, N_DRAWS) > 8113  # 2028Q2
    assert 0 < later.sum() < N_DRAWS
    np.testing.assert_array_equal(series < 0.0, later)


def test_a_hand_over_within_a_quarter_changes_nothing(tmp_path: Path) -> None:
    whole = agree(stated(tmp_path, "  - {id: a, sectors: autos, rate: 0.4, from: 2027Q1}"))
    for until in (", until: 2028-05-16", ""):
        cut = f"  - {{id: a, sectors: autos, rate: 0.4, from: 2027Q1{until}}}\n"
        cut += "  - {id: b, sectors: autos, rate: 0.4, from: 2028-05-16}"
        np.testing.assert_allclose(agree(stated(tmp_path, cut)), whole, rtol=1e-12, atol=1e-13)


def test_duties_that_stack_add_up_whatever_they_are_called(tmp_path: Path) -> None:
    """25 and 10 points are 35, in any order of names, files and dates."""
    whole = agree(stated(tmp_path, "  - {id: a, sectors: autos, rate: 0.35, from: 2027Q1, elasticity: 3}"))
    base, added = "sectors: autos, rate: 0.25, from: 2027Q1, elasticity: 3", "sectors: all, rate: 0.1, from: 2027Q1"
    for one, other in (("s232", "recip"), ("a232", "zrecip")):
        text = f"  - {{id: {one}, {base}}}\n  - {{id: {other}, {added}, stacks: true}}"
        scenario = stated(tmp_path, text.replace("sectors: all", "sectors: autos"))
        np.testing.assert_allclose(agree(scenario), whole, rtol=1e-12, atol=1e-13)
        agree(stated(tmp_path, text))
    on_record = stated(tmp_path, "  - {id: a, sectors: autos, rate: 0.2, from: 2027Q1, stacks: true}")
    plain = stated(tmp_path, "  - {id: a, sectors: autos, change: 0.2, from: 2027Q1}")
    np.testing.assert_allclose(agree(on_record), agree(plain), rtol=1e-12, atol=1e-13)


def test_two_that_begin_together_hang_on_no_name(tmp_path: Path) -> None:
    """A file may not state them, but an attribution makes scenarios of parts of two files: the higher duty holds."""
    low = stated(tmp_path, "  - {id: a, sectors: autos, rate: 0.2, from: 2027Q1}").tariffs[0]
    higher = stated(tmp_path, "  - {id: b, sectors: autos, rate: 0.3, from: 2027Q1}")
    whole = agree(higher)
    for name in ("A", "z"):
        tariffs = tuple(sorted([higher.tariffs[0], replace(low, id=name)], key=lambda tariff: tariff.id))
        np.testing.assert_array_equal(agree(replace(higher, tariffs=tariffs)), whole)


KNOWN = "elasticity: 2, pass_through: 1, adjustment: 1"


def last_factor(scenario: Scenario, sector: str = "autos") -> Array:
    """Exports of a sector in the last quarter over those under the duties of the origin, as compiled and simulated."""
    agree(scenario)
    plan = compiled(scenario)
    duties = Duties(plan, block_inputs(plan, Streams(0, 0, N_DRAWS, "plain")))
    whole = duties.worked_out(exports_over_before, sector)
    return np.asarray(whole[-1] / whole[0])


def test_what_rivals_pay_by_hand(tmp_path: Path) -> None:
    """From 15 to 25 % on Korea and ten points on rivals, half of whose effect comes back; 2028 has neither."""
    text = f"  - {{{{id: a, sectors: autos, rate: 0.25, from: 2027Q1, rivals: 0.1, substitution: 0.5, {KNOWN}{{}}}}}}\n"
    for until, expected in (("", (1.15 / 1.25) ** 2 * 1.1 ** (2 * 0.5)), (", until: 2028Q1", 1.0)):
        np.testing.assert_allclose(last_factor(stated(tmp_path, text.format(until))), expected, rtol=1e-12)


def test_rivals_pay_on_under_a_later_duty_on_korea(tmp_path: Path) -> None:
    """The second takes the place of the first on Korea; what both say of rivals adds up."""
    first = f"  - {{id: a, sectors: autos, rate: 0.25, from: 2027Q1, rivals: 0.1, substitution: 0.5, {KNOWN}}}\n"
    second = f"  - {{id: b, sectors: autos, rate: 0.35, from: 2028Q1, rivals: 0.05, substitution: 0.25, {KNOWN}}}\n"
    expected = (1.15 / 1.35) ** 2 * 1.15 ** (2 * 0.25)
    np.testing.assert_allclose(last_factor(stated(tmp_path, first + second)), expected, rtol=1e-12)


def test_a_duty_on_rivals_alone(tmp_path: Path) -> None:
    """A point on rivals moves exports by 1.6 %, as KIEP found, at an elasticity of 2 of which 0.8 is at their cost."""
    text = "  - {id: a, sectors: autos, rate: 0, from: 2027Q1, stacks: true, rivals: 0.01}\n"
    known = f"  - {{id: b, sectors: autos, rate: 0.15, from: 2026Q4, stacks: false, substitution: 0.8, {KNOWN}}}\n"
    np.testing.assert_allclose(last_factor(stated(tmp_path, text + known)), 1.01**1.6, rtol=1e-12)
    steel = stated(tmp_path, text.replace("autos", "steel") + known.replace(" substitution: 0.8,", ""))
    np.testing.assert_array_equal(last_factor(steel), 1.0)


def test_a_duty_on_all_gives_back_its_share(tmp_path: Path) -> None:
    """With all of it given back, a duty that Korea and its rivals pay alike leaves quantities where they were."""
    text = "  - {{id: a, sectors: semiconductors, rate: 0.2, from: 2027Q1, rivals: 0.2, "
    text += "substitution: {}, pass_through: 1}}"
    alike = last_factor(stated(tmp_path, text.format(1)), "semiconductors")
    np.testing.assert_allclose(alike, 1.0, rtol=1e-12)
    half, alone = (last_factor(stated(tmp_path, text.format(share)), "semiconductors") for share in (0.5, 0))
    np.testing.assert_allclose(half, np.sqrt(alone), rtol=1e-12)


def test_the_elasticity_is_that_of_the_product_group(tmp_path: Path) -> None:
    """Cars and parts share one draw and steel has its own, unless the tariff states one."""
    text = "  - {id: a, sectors: [autos, auto_parts, steel], rate: 0.6, from: 2027Q1, pass_through: 1, adjustment: 1}\n"
    scenario = stated(tmp_path, text)
    factors = {name: last_factor(scenario, name) for name in ("autos", "auto_parts", "steel")}
    uniforms = Streams(0, 0, N_DRAWS, "plain").uniforms
    for name, group, before in (
        ("autos", "vehicles", 0.15),
        ("auto_parts", "vehicles", 0.15),
        ("steel", "metals", 0.5),
    ):
        elasticity = load_elasticities().groups[group].distribution.ppf(uniforms(f"tariffs.elasticity.{group}"))
        np.testing.assert_allclose(factors[name], (1.6 / (1 + before)) ** -elasticity, rtol=1e-12)


SECTORS = ("autos", "steel", "batteries", "[autos, steel]", "[other, batteries]", "all")
PAST_OF_RECORD = [
    [
        "{{id: {id}, sectors: autos, rate: 0.25, from: 2025-04-03}}",
        "{{id: {id}, sectors: autos, rate: 0.15, from: 2025-11-01, elasticity: 3, localization_response: 0.02}}",
    ],
    ["{{id: {id}, sectors: steel, rate: 0.5, from: 2024-02-15, pass_through: 0.7}}"],
    ["{{id: {id}, sectors: batteries, rate: 0.1, from: 2026-02-24, until: 2026-07-24}}"],
]


@pytest.mark.parametrize("seed", range(12))
def test_any_tariffs_are_those_of_a_computation_by_hand(tmp_path: Path, seed: int) -> None:
    """Files of chance: past and future, windows, chances, ends, changes, own responses and duties that stack."""
    rng = np.random.default_rng(seed)
    entries = [text for texts in PAST_OF_RECORD if rng.random() < 0.5 for text in texts]
    for _ in range(int(rng.integers(1, 6))):
        early = 2027 + 0.1 * rng.integers(0, 40)
        start = f"{int(early)}-{1 + int(rng.integers(0, 12)):02d}-{1 + int(rng.integers(0, 28)):02d}"
        window = f"{{{{earliest: {start}, latest: {int(early) + 2}Q3}}}}"
        keys = [f"sectors: {rng.choice(SECTORS)}", f"from: {window if rng.random() < 0.5 else start}"]
        keys += ["until: 2033-02-10"] if rng.random() < 0.3 else []
        keys += ["probability: 0.6"] if rng.random() < 0.4 else []
        rivals = "{{distribution: uniform, low: -0.05, high: 0.3}}"
        keys += [f"rivals: {rivals}"] if rng.random() < 0.4 else []
        rate = "{{distribution: uniform, low: 0.0, high: 0.4}}"
        if rng.random() < 0.3:
            keys += [f"rate: {rate}", "stacks: true"]
        else:
            keys += [f"change: {rng.uniform(0, 0.3):.3f}" if rng.random() < 0.3 else f"rate: {rate}"]
            keys += [f"elasticity: {rng.uniform(0, 5):.3f}"] if rng.random() < 0.4 else []
            keys += [f"localization_response: {rng.uniform(0, 0.1):.3f}"] if rng.random() < 0.4 else []
            keys += [f"adjustment: {rng.uniform(0.2, 1):.3f}"] if rng.random() < 0.4 else []
        entries.append(f"{{{{id: {{id}}, {', '.join(keys)}}}}}")
    names = rng.permutation([f"t{index}" for index in range(len(entries))])
    text = "\n".join(f"  - {entry.format(id=name)}" for entry, name in zip(entries, names, strict=True))
    agree(stated(tmp_path, text), seed)
