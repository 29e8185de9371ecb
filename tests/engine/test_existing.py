"""Affiliates that exist: only another path than the fitted one is an effect, and it is that of their purchases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import forecast
from forecast.dims import NEWS, POLICIES, SERIES, Array
from forecast.engine.block import block_inputs, driver_forcing, simulated_baseline, simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.plan import Plan
from forecast.engine.plants import Plants
from forecast.engine.policy import Duties
from forecast.observations.affiliates import output_by_sector
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.stats.streams import Streams

N_DRAWS = 300
STREAMS = Streams(7, 0, N_DRAWS, "plain")
HOLD = "localization: {path: hold}"
HALF = "localization: {path: target, local: 0.5, by: 2030Q4}"
CARS = "localization: {path: fitted, sectors: {autos: {path: step, local: 0.6, at: 2028}}}"
TARIFF = """tariffs:
  - {id: parts, sectors: [auto_parts], rate: 0.25, from: 2027Q1}"""


def compiled(folder: Path, *keys: str) -> Plan:
    file = folder / "one.yaml"
    file.write_text("\n".join(["name: one", "extends: baseline", *keys, ""]), encoding="utf-8")
    scenario = load_scenario(file)
    return compile_plan(scenario, forecast.load_posterior(), vintage(scenario.as_of))


def flows(plan: Plan) -> dict[str, Array]:
    return dict(zip(plan.series, simulated_flows(plan, STREAMS).annual, strict=True))


def change(plan: Plan) -> Array:
    inputs = block_inputs(plan, STREAMS)
    plants = Plants(plan, inputs, Duties(plan, inputs), simulated_baseline(plan, inputs).economy)
    return np.sum([moved for _, moved in plants.change_of_purchases()], axis=0)


def test_the_fitted_path_has_no_such_series_and_reads_no_coefficient(tmp_path: Path) -> None:
    plan = compiled(tmp_path)
    assert plan.existing == ()
    assert plan.series == SERIES
    assert plan.columns == ()


@pytest.mark.parametrize("key", [HOLD, HALF, CARS, TARIFF])
def test_the_balance_is_that_without_it_and_the_series(tmp_path: Path, key: str) -> None:
    with_it, without = flows(compiled(tmp_path, key)), flows(compiled(tmp_path))
    assert with_it["baseline_balance"].tobytes() == without["baseline_balance"].tobytes()
    total = sum(with_it[name] for name in ("baseline_balance", *NEWS[1:], *POLICIES))
    np.testing.assert_allclose(with_it["trade_balance"], total, atol=1e-9)
    assert with_it["existing_affiliates"][-1].std() > 0


def test_holding_shares_is_what_the_fitted_path_takes_away(tmp_path: Path) -> None:
    """Purchases at the share of the origin less those on the fitted path, at prices and in the demand of the year."""
    plan = compiled(tmp_path, HOLD)
    inputs = block_inputs(plan, STREAMS)
    plants = Plants(plan, inputs, Duties(plan, inputs), simulated_baseline(plan, inputs).economy)
    local, third = plants.purchasing._fitted
    odds = np.exp(plan.rows["localization"]["level"])
    rows = (STREAMS.uniforms("posterior.localization") * odds.shape[-1]).astype(int)
    part = (odds[0] / odds.sum(axis=0))[rows]
    expected = np.zeros_like(local)
    quarters = plan.origin + np.arange(plan.n_periods + 1)
    years = (quarters // 4 - plan.origin // 4)[:, None]  # a price is that of its year over that of the origin's
    for existing in plan.existing:
        output = existing.output.distribution.ppf(STREAMS.uniforms(existing.output.stream))
        rates = inputs.values(existing.buyer.coefficients)
        bought, korean = rates["purchases_per_output"], rates["korean_share"]
        fitted = 1 / (1 + (1 - korean) / korean * (part * local + (1 - part) * third))
        expected += output * np.exp(rates["price_growth"] * years) * bought * (korean - fitted)
    response = plan.rows["baseline"]["response"][0][
        :, (STREAMS.uniforms("posterior.baseline") * odds.shape[-1]).astype(int)
    ]
    levels = np.cumsum(driver_forcing(plan, inputs)[:, :2], axis=0)
    first = plan.n_periods % 4  # quarters of the origin's year that are left; the others are at the usual pace
    by_year = np.concatenate(
        [levels[:first].sum(axis=0)[None], levels[first:].reshape(-1, 4, *levels.shape[1:]).sum(axis=1)]
    )
    factor = np.exp((by_year / 4 * response[:2]).sum(axis=1))
    expected[1:] *= np.concatenate([factor[:1].repeat(first, axis=0), factor[1:].repeat(4, axis=0)])
    np.testing.assert_allclose(change(plan), expected[1:], atol=1e-12)


def test_a_sector_alone_moves_by_its_own_path(tmp_path: Path) -> None:
    plan = compiled(tmp_path, CARS)
    assert [existing.buyer.sector for existing in plan.existing] == ["autos"]
    found = flows(plan)["existing_affiliates"]
    by_year = dict(zip(plan.years, found, strict=True))
    assert np.median(by_year[2028]) < np.median(by_year[2027]) - 0.5


def test_more_local_supply_lowers_exports_in_proportion_to_output(tmp_path: Path) -> None:
    plan = compiled(tmp_path, HALF)
    (cars,) = (existing for existing in plan.existing if existing.buyer.sector == "autos")
    output, error = output_by_sector(2026)["autos"]
    assert float(cars.output.distribution.ppf(0.5)) == pytest.approx(output / 4)
    assert error == pytest.approx(np.hypot(0.10, 0.08))
    found = flows(plan)
    assert np.median(found["existing_affiliates"][list(plan.years).index(2030)]) < -0.5
    np.testing.assert_allclose(found["exports"] - flows(compiled(tmp_path))["exports"], found["existing_affiliates"])


def test_a_tariff_moves_them_by_local_supply_alone(tmp_path: Path) -> None:
    """Cars buy parts, so a duty on parts reaches them; what it does to price and quantity is the tariff's own."""
    plan = compiled(tmp_path, TARIFF)
    assert [existing.buyer.sector for existing in plan.existing] == ["autos"]
    silent = compiled(tmp_path, TARIFF.replace("from: 2027Q1", "from: 2027Q1, localization_response: 0"))
    np.testing.assert_array_equal(change(silent), 0.0)
    found, expected = flows(plan), flows(silent)
    assert found["tariffs"].tobytes() == expected["tariffs"].tobytes()
    assert (found["existing_affiliates"][-1] <= 0).all()


def test_quarters_of_a_year_add_up_to_what_affiliates_buy_less(tmp_path: Path) -> None:
    """On US Census basis, where quarters and years are in one book; what they buy is Korea's exports."""
    local = "localization: {path: logistic, local: 0.56, at: 2028Q1, speed: 3}"
    off, fitted = (compiled(tmp_path, "basis: us_census", *keys) for keys in ((local,), ()))
    first = 4 - (off.origin + 1) % 4  # quarters of the origin's year that are still ahead
    near = [simulated_flows(plan, STREAMS).quarterly[:, first : first + 4].sum(axis=1) for plan in (off, fitted)]
    moved = flows(off)["existing_affiliates"][1]
    assert moved.mean() < -0.1
    np.testing.assert_allclose(near[0] - near[1], [moved, moved, np.zeros(N_DRAWS)], atol=1e-9)
