"""Quarters add up to years and both books to each other, whatever a plan holds; seasons and called plants by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plans import (
    BASELINE,
    EXPORTS,
    IMPORTS,
    ORIGIN,
    bought,
    draw_last,
    duty,
    group,
    machinery,
    on,
    plan,
    policies,
    project,
)

from forecast.dims import Array
from forecast.economics.tariffs import REST
from forecast.engine.block import simulated_flows
from forecast.engine.plan import Plan, Policy, Tie
from forecast.stats.streams import Streams

NEAR = ("near_balance", "near_exports", "near_imports")


def series(made: Plan) -> dict[str, Array]:
    flows = simulated_flows(made, Streams(0, 0, 3, "plain"))
    return dict(zip(made.series, flows.annual, strict=True)) | dict(zip(NEAR, flows.quarterly, strict=True))


def full(basis: str = "us_census") -> Plan:
    """Plants built, running and called, with wear and prices, under duties on what they make, buy and are built of."""
    taxed = on(duty(0.25, start=ORIGIN + 2.5, until=ORIGIN + 7.25))
    policy = Policy(
        dict.fromkeys(("autos", "auto_parts", REST), taxed),
        policies(taxed).weight,
        (bought(1.5, total=False, start=ORIGIN + 2.5, until=ORIGIN + 6),),
    )
    cars = replace(
        group(project("A"), project("B", start=ORIGIN - 20, production=ORIGIN - 8), tariff_displacement=0.4),
        sector="autos",
        duty=0.15,
    )
    parts = replace(
        group(project("C", start=ORIGIN - 2, production=ORIGIN + 3), price_growth=0.03), sector="auto_parts"
    )
    made = plan(cars, parts, policy=policy, machinery=machinery(0.4, 0.08, 0.02))
    usual = 1.0 if basis == "us_census" else 1.1  # so that nothing of the first year is memory
    return replace(made, basis=basis, products=replace(made.products, usual=usual))


def test_quarters_add_up_to_the_years_that_they_fill() -> None:
    found = series(full())
    for near, name in zip(NEAR, ("trade_balance", "exports", "imports"), strict=True):
        by_year = found[near].reshape(2, 4, -1).sum(axis=1)
        np.testing.assert_allclose(by_year, found[name][:2], rtol=1e-12, err_msg=name)
    assert np.ptp(found["near_exports"], axis=0).min() > 0.1


def test_the_balance_of_us_books_is_that_of_a_run_on_them() -> None:
    census, customs = series(full()), series(full("korea_customs"))
    np.testing.assert_allclose(census["us_census_balance"], census["trade_balance"], rtol=1e-12)
    np.testing.assert_allclose(customs["us_census_balance"], census["trade_balance"], rtol=1e-12)
    # Korean books hold 1.1 of the exports of US books and 0.9 of the imports in the first year, then as much as they;
    # plants and promises are the same dollars.
    exports_over, imports_over = (np.array([[ratio], [1.0], [1.0], [1.0]]) for ratio in (1.1, 0.9))
    undisturbed = census["exports"] - census["news_capital_goods"] - census["news_intermediates"]
    undisturbed -= census["news_displacement"]
    added = census["exports"] - undisturbed
    np.testing.assert_allclose(customs["exports"], exports_over * undisturbed + added, rtol=1e-12)
    bought_more = census["imports"] - 4 * IMPORTS
    np.testing.assert_allclose(customs["imports"], imports_over * 4 * IMPORTS + bought_more, rtol=1e-12)


def test_goods_pay_no_duty_that_is_not_stated() -> None:
    plants = group(project("A"), tariff_displacement=0.4)
    free, stated = series(plan(plants)), series(plan(replace(plants, duty=0.0)))
    taxed = series(plan(replace(plants, duty=0.5)))
    assert free["effect_displacement"].tobytes() == stated["effect_displacement"].tobytes()
    assert (free["effect_displacement"][-1] != taxed["effect_displacement"][-1]).all()


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
def test_a_season_falls_in_its_quarter(shift: int) -> None:
    """Growth of a tenth in one calendar quarter, and as much less in the next."""
    season = np.zeros((1, 4, 2))
    season[0, shift, 0], season[0, (shift + 1) % 4, 0] = 0.1, -0.1
    made = plan()
    found = series(replace(made, rows=made.rows | {"baseline": draw_last(BASELINE | {"season": season})}))
    grown = np.cumsum([season[0, (ORIGIN + ahead) % 4, 0] for ahead in range(1, 9)])
    np.testing.assert_allclose(found["near_exports"], EXPORTS * np.exp(grown)[:, None] + np.zeros(3), rtol=1e-12)


@pytest.mark.parametrize(("start", "until", "comes"), [(1, 8, True), (7, 8, True), (8, 8, False), (9, 8, False)])
def test_a_duty_that_has_ended_calls_no_plant(start: int, until: int, comes: bool) -> None:
    calling = duty(0.25, until=ORIGIN + until)
    plant = replace(project("A", start=ORIGIN + start, production=ORIGIN + start + 4), tie=Tie(when=calling))
    found = series(plan(group(plant), policy=policies(on(calling), sector="autos")))
    assert (found["effect_capital_goods"].sum(axis=0) > 1.0).tolist() == [comes] * 3
