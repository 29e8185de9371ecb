"""Plants in an economy that moves, against arithmetic by hand: machines come late and wear out, demand and the won."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plans import BASELINE, EXPORTS, ORIGIN, draw_last, group, judged, machinery, plan, project
from scipy import stats

from forecast.dims import Array
from forecast.engine.block import simulated_flows
from forecast.engine.plan import Condition, Plan
from forecast.stats.streams import Streams


def annual(compiled: Plan) -> dict[str, Array]:
    """Series of two draws, those of quarters with `near_` before their names."""
    flows = simulated_flows(compiled, Streams(0, 0, 2))
    near = {
        f"near_{name}": row for name, row in zip(("trade_balance", "exports", "imports"), flows.quarterly, strict=True)
    }
    return dict(zip(compiled.series, flows.annual, strict=True)) | near


def moved(growth: tuple[float, float]) -> Plan:
    """Plants at the rates of `group`, where US output and the won grow by so much a quarter beside their usual pace."""
    response = np.zeros((1, 2, 3))
    response[0, 0] = 0.8, 0.5, 0.0
    made = plan(group(project("A", start=ORIGIN - 20, production=ORIGIN + 1, ramp_quarters=1e-9)))
    rows = {**made.rows, "baseline": draw_last(BASELINE | {"response": response})}
    paths = [
        Condition(driver, np.zeros(16), np.ones((16, 1)), (judged(f"drivers.{driver}", np.expm1(pace)),), (1.0, 1.0))
        for driver, pace in enumerate(growth)
    ]
    return replace(made, rows=rows, conditions=tuple(paths))


def test_machines_come_in_the_later_part_of_construction() -> None:
    """1.2 bn USD of machines for a plant built over 2026 and 2027, the first of them after half of the time."""
    found = annual(replace(plan(group(project("A", production=ORIGIN + 9))), machinery=machinery(delay=0.5)))
    assert found["effect_capital_goods"][:, 0] == pytest.approx([0.0, 1.2, 0.0, 0.0], abs=1e-12)
    later = annual(replace(plan(group(project("A", production=ORIGIN + 9))), machinery=machinery(delay=0.25)))
    begun = stats.beta(2, 2).cdf(2 / 6)  # two of six quarters, along a smoothstep
    assert later["effect_capital_goods"][:, 0] == pytest.approx([1.2 * begun, 1.2 * (1 - begun), 0.0, 0.0], abs=1e-12)


def test_machinery_is_replaced_as_it_wears() -> None:
    """6 bn USD at 0.5 x 0.4 are 1.2 bn of machines, 8 % of them a year once it runs in; without output none wear."""
    found = annual(replace(plan(group(project("A"))), machinery=machinery(wear_rate=0.08)))
    assert found["effect_capital_goods"][:, 0] == pytest.approx([1.2, 0.096 * 0.5, 0.096, 0.096], rel=1e-9)
    none = annual(replace(plan(group(project("A", output_per_capex=0.0))), machinery=machinery(wear_rate=0.08)))
    assert none["effect_capital_goods"][:, 0] == pytest.approx([1.2, 0.0, 0.0, 0.0], abs=1e-12)


def test_machinery_of_plants_with_other_coefficients_in_one_group() -> None:
    """A plant with a share of Korean machines of its own: 0.8 in place of 0.4, at twice the output per capital."""
    plants = project("A"), project("B", korean_machinery_share=0.8, output_per_capex=3.0)
    found = annual(replace(plan(group(*plants)), machinery=machinery(wear_rate=0.08)))
    assert found["effect_capital_goods"][-1, 0] == pytest.approx(0.096 + 0.192, rel=1e-9)
    assert found["replaceable_output"][-1, 0] == pytest.approx(7.2 + 14.4, rel=1e-9)


def test_a_plant_that_runs_at_the_origin_replaces_nothing_new() -> None:
    running = project("A", start=ORIGIN - 30, production=ORIGIN - 20)
    found = annual(replace(plan(group(running)), machinery=machinery(wear_rate=0.08)))
    assert found["effect_capital_goods"][:, 0] == pytest.approx([0.096] * 4, rel=1e-9)
    assert (found["news_capital_goods"] == 0).all()


def test_demand_moves_what_plants_make_and_the_won_what_they_buy_in_korea() -> None:
    """US output 1 % a quarter above its usual pace at a response of 0.8, the won 2 % at 0.5, from the origin on."""
    base, boom = moved((0.0, 0.0)), moved((0.01, 0.02))
    still, found = annual(base), annual(boom)
    quarters = np.arange(1.0, 17.0).reshape(4, 4).mean(axis=1)
    demand, won = np.exp(0.8 * 0.01 * quarters), np.exp(0.5 * 0.02 * quarters)
    for channel, factor in (("intermediates", demand * won), ("displacement", demand), ("reverse_imports", demand)):
        for kind in ("effect", "news"):
            series = f"{kind}_{channel}"
            assert found[series][:, 0] == pytest.approx(still[series][:, 0] * factor, rel=1e-9)
    assert found["replaceable_output"][:, 0] == pytest.approx(7.2 * demand, rel=1e-9)


def test_worn_machines_are_bought_as_all_that_plants_buy_in_korea() -> None:
    """8 % a year of 1.2 bn USD of machines, more with US output and with the won."""
    found = annual(replace(moved((0.01, 0.02)), machinery=machinery(wear_rate=0.08)))
    quarters = np.arange(1.0, 17.0).reshape(4, 4).mean(axis=1)
    assert found["effect_capital_goods"][:, 0] == pytest.approx(0.096 * np.exp(0.018 * quarters), rel=1e-9)


def test_quarters_and_years_tell_the_same_news() -> None:
    found = annual(moved((0.01, 0.02)))
    still = annual(replace(moved((0.01, 0.02)), groups=()))
    for flow in ("exports", "imports"):
        quarters = (found[f"near_{flow}"] - still[f"near_{flow}"])[:8].reshape(2, 4, 2).sum(axis=1)
        assert quarters == pytest.approx((found[flow] - still[flow])[:2], rel=1e-9)


@pytest.mark.parametrize("n_groups", [1, 2])
def test_no_more_is_displaced_than_there_is(n_groups: int) -> None:
    """Exports of 160 bn USD a year of which 1 % are the product: 1.6 left, where plants would replace 1.8 each."""
    groups = [replace(group(project(name)), share_of_product=0.01) for name in ("A", "B")[:n_groups]]
    found = annual(plan(*groups))
    assert found["effect_displacement"][:, 0] == pytest.approx([0.0, -min(0.9 * n_groups, 1.6), -1.6, -1.6], rel=1e-9)
    assert found["exports"][-1, 0] == pytest.approx(4 * EXPORTS - 1.6 + n_groups * 7.2 * 0.21, rel=1e-9)
    assert found["replaceable_output"][-1, 0] == pytest.approx(7.2 * n_groups, rel=1e-9)


def test_what_is_displaced_at_the_origin_leaves_no_room_of_its_own() -> None:
    """A plant that runs displaces 1.8 of exports that the baseline goes without; 1.6 are left for a second one."""
    plants = project("A", start=ORIGIN - 20, production=ORIGIN - 10), project("B")
    found = annual(plan(replace(group(*plants), share_of_product=0.01)))
    assert found["news_displacement"][-1, 0] == pytest.approx(-1.6, rel=1e-9)
    assert found["effect_displacement"][-1, 0] == pytest.approx(-1.8 - 1.6, rel=1e-9)


def test_complements_know_no_such_bound() -> None:
    found = annual(plan(replace(group(project("A"), displacement_rate=-0.5), share_of_product=0.001)))
    assert found["effect_displacement"][-1, 0] == pytest.approx(3.6, rel=1e-9)


def test_flows_grow_with_prices_from_the_year_of_the_origin_on() -> None:
    """A plant that runs at the origin, at the end of 2025, at prices that grow by 2 % a year: what grows is no news."""
    running = group(project("A", start=ORIGIN - 30, production=ORIGIN - 20), price_growth=np.log(1.02))
    found = annual(replace(plan(running), machinery=machinery(wear_rate=0.08, price_growth=np.log(1.03))))
    prices, machines = 1.02 ** np.arange(1, 5), 1.03 ** np.arange(1, 5)
    assert found["effect_intermediates"][:, 0] == pytest.approx(7.2 * 0.21 * prices, rel=1e-9)
    assert found["effect_displacement"][:, 0] == pytest.approx(-7.2 * 0.25 * prices, rel=1e-9)
    assert found["effect_reverse_imports"][:, 0] == pytest.approx(-7.2 * 0.01 * prices, rel=1e-9)
    assert found["effect_capital_goods"][:, 0] == pytest.approx(0.096 * machines, rel=1e-9)
    assert (found["news"] == 0).all()


def test_machines_for_building_keep_the_prices_of_the_announcement() -> None:
    found = annual(replace(plan(group(project("A"), price_growth=0.02)), machinery=machinery(price_growth=0.02)))
    assert found["effect_capital_goods"][:, 0] == pytest.approx([1.2, 0.0, 0.0, 0.0], rel=1e-9)


def test_a_duty_of_today_adds_its_part_to_what_plants_replace() -> None:
    """15 % where 0.5 belong to 25 %: 0.25 + 0.3 of output."""
    found = annual(plan(replace(group(project("A"), tariff_displacement=0.5), duty=0.15)))
    assert found["effect_displacement"][-1, 0] == pytest.approx(-7.2 * 0.55, rel=1e-9)
    assert found["replaceable_output"][-1, 0] == pytest.approx(7.2, rel=1e-9)
