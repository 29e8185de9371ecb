"""Exports by product: from a scenario file to the series of a run, computed again by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from forecast.dims import POLICIES, PRODUCT_SERIES, PRODUCTS, SERIES, Array
from forecast.economics.products import composition
from forecast.engine.block import block_inputs, simulated_baseline, simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import picked_rows
from forecast.engine.plan import Plan
from forecast.engine.products import ProductExports
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.products import memory_exports
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.stats.streams import Streams

STREAMS = Streams(3, 0, 200, "plain")


@cache
def posterior() -> Posterior:
    return load_posterior()


def compiled(name: str, *overrides: str) -> Plan:
    return compile_plan(load_scenario(name, overrides), posterior(), vintage())


@cache
def run(name: str, *overrides: str) -> dict[str, Array]:
    plan = compiled(name, *overrides)
    return dict(zip(plan.series, simulated_flows(plan, STREAMS).annual, strict=True))


def by_product(flows: dict[str, Array]) -> Array:
    return np.stack([flows[name] for name in PRODUCT_SERIES])


@pytest.mark.parametrize("name", ["baseline", "deal", "hyundai", "localize-all", "memory-slump", "tariffs-25"])
@pytest.mark.parametrize("basis", ["korea_customs", "us_census"])
def test_products_add_up_to_exports_in_every_draw_and_year(name: str, basis: str) -> None:
    flows = run(name, f"basis={basis}")
    np.testing.assert_allclose(by_product(flows).sum(axis=0), flows["exports"], rtol=1e-12, atol=1e-12)


def test_plants_replace_nothing_where_a_shock_leaves_no_exports() -> None:
    """They "replaced" exports below zero, and so raised the surplus."""
    rate = "overrides.sectors.autos.displacement_rate=5"
    left = run("hyundai", rate, "basis=us_census", "shocks=[{id: s, on: exports, at: 2029Q1, amount: -130}]")
    assert (left["exports"] > 0).all()
    assert left["news_displacement"].max() < 0.2  # steel mills may draw a little along


@pytest.mark.parametrize("basis", ["korea_customs", "us_census"])
@pytest.mark.parametrize("name", ["hyundai", "announced", "tariff-war"])
def test_no_product_falls_below_none(name: str, basis: str) -> None:
    """With plants that take the place of all cars, and of machines that are no longer ordered."""
    rate = "overrides.sectors.autos.displacement_rate={distribution: uniform, low: 2, high: 9}"
    plan = compiled(name, f"basis={basis}", rate)
    products = simulated_baseline(plan, block_inputs(plan, STREAMS)).products
    assert (products.annual > 0.0).all()
    flows = run(name, f"basis={basis}", rate)
    assert by_product(flows).min() == 0.0
    np.testing.assert_allclose(by_product(flows).sum(axis=0), flows["exports"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["baseline", "memory-fades", "memory-slump"])
def test_no_draw_has_less_memory_than_is_counted(name: str) -> None:
    """49.7 bn USD in the eight months known of 2026, in Korean books, below which some draws fell."""
    counted = sum(value for month, value in memory_exports().items() if month >= 12 * 2026)
    assert round(counted, 1) == 49.7
    assert run(name)["exports_memory"][0].min() >= counted


def test_other_products_of_the_first_year_keep_their_usual_ratio_between_the_books() -> None:
    """What Korean books hold beyond it is memory; by its odds over the whole year, too little of it was."""
    korean, us = run("baseline"), run("baseline", "basis=us_census")
    known = vintage()
    usual = np.exp(np.log(known.bridge.ratios[:, 0]).mean())
    others = [flows["exports"][0] - flows["exports_memory"][0] for flows in (korean, us)]
    free = korean["exports_memory"][0] > 49.7
    assert free.mean() > 0.95
    np.testing.assert_allclose(others[0][free], (usual * others[1])[free], rtol=1e-9)


def test_memory_on_a_path_starts_from_the_quarters_that_either_book_holds() -> None:
    """Lasting, in Korean books: 14.0 and 21.7 bn USD in the first half of 2026, and two quarters like the last."""
    months, n_draws = memory_exports(), STREAMS.n_draws
    first, second = (sum(months[12 * 2026 + 3 * quarter + month] for month in range(3)) for quarter in (0, 1))
    census = by_quarter(compiled("memory-lasts", "basis=us_census")).memory
    level = composition(vintage().trade, vintage().bridge, None).level["us_census"].quarter
    later = second / level * census
    expected = np.maximum(first + second + later[:2].sum(axis=0), sum(months[12 * 2026 + month] for month in range(8)))
    found = run("memory-lasts")["exports_memory"]
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)
    np.testing.assert_allclose(found[1:], later[2:].reshape(-1, 4, n_draws).sum(axis=1), rtol=1e-9)


def test_a_fall_takes_memory_to_one_trend_in_both_books(tmp_path: Path) -> None:
    """By the whole height at the end of August 2026: what Korean books hold more is gone with it."""
    file = tmp_path / "m.yaml"
    file.write_text("name: m\nextends: baseline\nmemory: {path: falls, at: 2026-09, share: 1}\n", encoding="utf-8")
    korean, us = (run(str(file), f"basis={basis}")["exports_memory"] for basis in ("korea_customs", "us_census"))
    np.testing.assert_allclose(korean[1:], us[1:], rtol=1e-9)


def test_a_duty_on_memory_takes_the_same_part_of_it_in_both_books(tmp_path: Path) -> None:
    """Of memory that lasts; 19 % in Korean books stood beside 37 % in US ones, by the ratio of memory as fitted."""
    file = tmp_path / "chips.yaml"
    duty = "{id: chips, sectors: semiconductors, rate: 0.25, from: 2027Q1, localization_response: 0}"
    file.write_text(f"name: chips\nextends: memory-lasts\ntariffs: [{duty}]\n", encoding="utf-8")
    parts = []
    for basis in ("korea_customs", "us_census"):
        with_duty, without = (run(name, f"basis={basis}")["exports_memory"] for name in (str(file), "memory-lasts"))
        parts.append(with_duty[1:] / without[1:])
    assert np.median(parts[1][-1]) < 0.8
    np.testing.assert_allclose(*parts, rtol=1e-9)


@pytest.mark.parametrize("name", ["baseline", "memory-lasts"])
def test_a_shock_of_the_quarter_under_way_moves_memory_the_way_it_moves_exports(name: str, tmp_path: Path) -> None:
    """Nine tenths less in September 2026: memory of the year rose in Korean books, since its rate had fallen too."""
    file = tmp_path / "shock.yaml"
    shock = "{id: a, on: exports, at: 2026-09, until: 2026Q4, size: -0.9}"
    file.write_text(f"name: shock\nextends: {name}\nshocks: [{shock}]\n", encoding="utf-8")
    lost = {}
    for basis in ("korea_customs", "us_census"):
        shocked, calm = (run(each, f"basis={basis}") for each in (str(file), name))
        lost[basis] = {series: np.median(calm[series][0] - shocked[series][0]) for series in PRODUCT_SERIES}
    for basis in lost:
        assert min(lost[basis].values()) >= 0.0
    # on a path of its own memory moves with no shock of exports
    assert (lost["korea_customs"]["exports_memory"] > 1.0) == (name == "baseline")


def test_memory_that_lasts_lasts_in_korean_books_too() -> None:
    """It fell from 66 to 58 bn USD in 2027, since the gap of the books took its height; it ran at 87 in 2026Q2."""
    memory = np.median(run("memory-lasts")["exports_memory"], axis=1)
    assert memory[1:].min() > 86.6
    assert memory[1] < 100.0


@pytest.mark.parametrize("name", ["memory-fades", "memory-lasts", "memory-slump"])
def test_a_path_of_memory_moves_memory_alone(name: str) -> None:
    found, without = run(name), run("baseline")
    for series in set(SERIES) - {"exports_memory", "exports", "trade_balance", "baseline_balance", "us_census_balance"}:
        assert found[series].tobytes() == without[series].tobytes(), series
    moved = found["exports_memory"] - without["exports_memory"]
    assert np.abs(moved[1:]).min() > 0.0
    for series in ("exports", "trade_balance", "baseline_balance"):
        np.testing.assert_allclose(found[series] - without[series], moved, rtol=0, atol=1e-9)


def test_a_duty_on_cars_moves_cars_alone(tmp_path: Path) -> None:
    file = tmp_path / "cars.yaml"
    duty = "{id: cars, sectors: autos, rate: 0.25, from: 2027Q1, localization_response: 0}"
    file.write_text(f"name: cars\nextends: baseline\ntariffs: [{duty}]\n", encoding="utf-8")
    found, without = run(str(file)), run("baseline")
    for product, series in zip(PRODUCTS, PRODUCT_SERIES, strict=True):
        assert (found[series].tobytes() == without[series].tobytes()) == (product != "cars")
    np.testing.assert_allclose(found["exports_cars"] - without["exports_cars"], found["tariffs"], rtol=0, atol=1e-9)
    assert (found["existing_affiliates"] == 0).all()


def test_what_duties_change_to_date_holds_what_they_change_from_here(tmp_path: Path) -> None:
    """A duty of 25 % since 2025, answered at once and in dollars by the square: nothing is left to come of it."""
    file = tmp_path / "cars.yaml"
    answered = "elasticity: 2, pass_through: 1, adjustment: 1, localization_response: 0"
    duties = (
        f"[{{id: a, sectors: autos, rate: 0.25, from: 2025-04-03, until: 2025-11-01, {answered}}}, "
        f"{{id: b, sectors: autos, rate: 0.15, from: 2025-11-01, {answered}}}, "
        f"{{id: c, sectors: autos, rate: 0.3, from: 2028, {answered}}}]"
    )
    file.write_text(f"name: cars\nextends: baseline\ntariffs: {duties}\n", encoding="utf-8")
    found, cars = run(str(file)), run("baseline")["exports_cars"]
    later, now = (1.15 / 1.3) ** 2, 1.0 / 1.15**2
    np.testing.assert_allclose(found["tariffs"][:2], 0.0, atol=1e-9)
    np.testing.assert_allclose(found["tariffs"][2:], cars[2:] * (later - 1.0), rtol=1e-9)
    np.testing.assert_allclose(found["tariffs_to_date"][1], cars[1] * (1.0 - 1.0 / now), rtol=1e-9)
    left = found["exports_cars"][2:]
    np.testing.assert_allclose(found["tariffs_to_date"][2:], left * (1.0 - 1.3**2), rtol=1e-9)


def test_the_total_is_that_of_a_run_that_knows_no_products() -> None:
    """The composition divides exports and moves no draw of them."""
    plan = compiled("baseline")
    flows, other = run("baseline"), simulated_flows(plan, Streams(3, 0, 200, "plain")).annual
    assert flows["exports"].tobytes() == other[1].tobytes()
    assert {"products.memory", "products.others", "products.persistence"} <= {item.stream for item in plan.inputs}
    assert not set(POLICIES) & set(plan.series)


def test_memory_of_a_draw_by_hand() -> None:
    """US Census basis: the odds of the origin, moved by an autoregression that shares its news with all exports."""
    plan = compiled("baseline", "basis=us_census")
    known = vintage()
    found = composition(known.trade, known.bridge, None)
    n, n_draws = plan.n_periods, STREAMS.n_draws
    total = STREAMS.normals("baseline.shock", 2 * n).reshape(n, 2, n_draws)[:, 0]
    news = 0.9 * total + np.sqrt(1 - 0.81) * STREAMS.normals("products.memory", n)
    slope, error = found.cycle.persistence
    low, high = (0.5 * (1 + np.vectorize(__import__("math").erf)((end - slope) / error / 2**0.5)) for end in (0, 1))
    uniform = STREAMS.uniforms("products.persistence")
    persistence = slope + error * ndtri(low + (high - low) * uniform)
    share = found.memory["us_census"]
    level, odds = np.zeros(n_draws), []
    for quarter in range(n):
        level = persistence * level + found.cycle.volatility * news[quarter]
        odds.append(share / (1 - share) * np.exp(level))
    shares = np.array(odds) / (1 + np.array(odds))
    # In a whole year the share of memory is that of its quarters, weighed by all exports, so it lies among them.
    flows = run("baseline", "basis=us_census")
    yearly = flows["exports_memory"][1:] / flows["exports"][1:]
    quarters = shares[n % 4 :].reshape(-1, 4, n_draws)
    assert (yearly >= quarters.min(axis=1) - 1e-12).all()
    assert (yearly <= quarters.max(axis=1) + 1e-12).all()


def by_quarter(plan: Plan) -> ProductExports:
    return simulated_baseline(plan, block_inputs(plan, STREAMS)).products


@pytest.mark.parametrize(
    ("stated", "left"),
    [
        ("{path: lasts}", lambda ahead, height, _: 1.0),
        ("{path: fades, half_life: 4}", lambda ahead, height, _: np.exp((0.5 ** (ahead / 4) - 1.0) * height)),
        ("{path: fades}", lambda ahead, height, persistence: np.exp((persistence**ahead - 1.0) * height)),
        # half a height is lost from 1 August 2027 on, that is in two thirds of the fifth quarter after 2026Q2
        (
            "{path: falls, at: 2027-08, share: 0.5}",
            lambda ahead, height, _: 1.0 - 0.5 * (1.0 - np.exp(-height)) * np.clip(ahead - 4.0 - 1 / 3, 0.0, 1.0),
        ),
    ],
)
def test_a_path_of_memory_by_hand(stated: str, left: Callable[..., Array], tmp_path: Path) -> None:
    """Its trend is that of all exports, its swings those of its share as fitted, its height between two readings."""
    file = tmp_path / "m.yaml"
    file.write_text(f"name: m\nextends: baseline\nbasis: us_census\nmemory: {stated}\n", encoding="utf-8")
    plan, fitted, known = compiled(str(file)), by_quarter(compiled("baseline", "basis=us_census")), vintage()
    found = composition(known.trade, known.bridge, None)
    ahead = np.arange(1.0, plan.n_periods + 1.0)[:, None]
    low, high = found.level["us_census"].heights
    height = low + (high - low) * STREAMS.uniforms("products.trend")
    persistence = stats.truncnorm.ppf(
        STREAMS.uniforms("products.persistence"),
        *((end - found.cycle.persistence[0]) / found.cycle.persistence[1] for end in (0.0, 1.0)),
        *found.cycle.persistence,
    )
    growth = picked_rows(plan.rows["baseline"], STREAMS, "baseline")["drift"]
    share = found.memory["us_census"]
    swung = fitted.memory / (fitted.memory + fitted.others) / share
    level = share * known.trade.exports[-1]
    memory = level * np.exp(growth * ahead) * swung * left(ahead, height, persistence)
    np.testing.assert_allclose(by_quarter(plan).memory, memory, rtol=1e-9)
    near = simulated_flows(plan, STREAMS).quarterly
    np.testing.assert_allclose(near[1], (fitted.others + memory)[: near.shape[1]], rtol=1e-9)
    flows = run(str(file))["exports_memory"]
    np.testing.assert_allclose(flows[0], found.level["us_census"].observed + memory[:2].sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(flows[1:], memory[2:].reshape(-1, 4, STREAMS.n_draws).sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize(
    ("stated", "refused"),
    [
        ("{path: falls, at: 2027Q1}", "without share"),
        ("{path: lasts, half_life: 4}", "no such key"),
        ("{path: falls, at: 2026Q3, share: 1}", "after August 2026, the last month of memory known"),
        ("{path: falls, at: 2040, share: 1}", "the horizon"),
        ("{path: slumps}", "as-fitted"),
    ],
)
def test_what_makes_no_sense_of_memory_is_refused(tmp_path: Path, stated: str, refused: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(f"name: m\nextends: baseline\nmemory: {stated}\n", encoding="utf-8")
    with pytest.raises(Exception, match=refused):
        load_scenario(file)
