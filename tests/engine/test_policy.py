"""Tariffs and import commitments: known answers, what they must leave alone, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plans import ORIGIN, addressed, bought, draw_last, duty, group, on, plan, policies, project
from scipy import stats

from forecast.dims import NEWS, POLICIES, SERIES, TO_DATE, Array
from forecast.economics import tariffs
from forecast.economics.tariffs import REST
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.plan import NEVER, Plan, Taxed
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.localization import Localization
from forecast.scenario.scenario import load_scenario
from forecast.stats.distributions import Beta, Triangular
from forecast.stats.streams import Streams

N_DRAWS = 4


def annual(made: Plan, n_draws: int = N_DRAWS) -> dict[str, Array]:
    flows = simulated_flows(made, Streams(0, 0, n_draws, "plain")).annual
    return dict(zip(made.series, flows, strict=True))


def test_the_pure_functions_by_hand() -> None:
    """From 15 to 25 %: costs rise by 1.25 / 1.15 - 1. If all is passed on, dollars fall as the quantity does."""
    rise = tariffs.relative_change(0.25, 0.15)
    assert rise == pytest.approx(0.10 / 1.15)
    assert tariffs.log_quantity(rise, 1.0, 2.0) == pytest.approx(-2 * np.log(1.25 / 1.15))
    assert tariffs.log_price(rise, 1.0) == 0
    assert tariffs.log_quantity(rise, 0.0, 2.0) == 0  # the exporter pays it all: as many goods,
    assert np.exp(tariffs.log_price(rise, 0.0)) == pytest.approx(1.15 / 1.25)  # each for less
    assert tariffs.relative_change(0.15, 0.15) == 0
    half = tariffs.log_price(rise, 0.5) + tariffs.log_quantity(rise, 0.5, 2.0)
    assert np.exp(half) == pytest.approx((1 + rise / 2) ** -1 / (1 + rise))


def test_the_share_gone_in_a_year_is_gone_in_four_quarters() -> None:
    target = np.concatenate([np.zeros((1, 1)), np.ones((40, 1))])
    path = tariffs.adjusted(target, np.full((1, 1), float(tariffs.quarterly_adjustment(0.38))))
    assert path[4, 0] == pytest.approx(0.38)
    assert path[8, 0] == pytest.approx(1 - 0.62**2)
    assert path[28, 0] > 0.96  # the study behind the pace: seven years to the long run


def test_one_tariff_by_hand() -> None:
    """Half of 160 bn a year under 25 in place of 15 %, at once and with an elasticity of two."""
    flows = annual(plan(policy=policies(on(duty(0.25)))))
    lost = 160 * 0.5 * ((1.15 / 1.25) ** 2 - 1)
    np.testing.assert_allclose(flows["tariffs"], lost, rtol=1e-12)
    np.testing.assert_allclose(flows["exports"], 160 + lost, rtol=1e-12)
    np.testing.assert_allclose(flows["imports"], 80, rtol=1e-12)
    assert (flows["import_commitments"] == 0).all()


def test_a_tariff_is_on_the_book_of_the_headline() -> None:
    """A tenth more exports in the Korean book, as long as the bridge says so: a tenth more to lose."""
    bridge = {"mean": np.log([[1.1, 0.9]])}  # the state of the plan is that too
    made = plan(policy=policies(on(duty(0.25))), basis="korea_customs")
    rows = dict(made.rows) | {"bridge": dict(made.rows["bridge"]) | draw_last(bridge)}
    products = replace(made.products, usual=1.1)  # nothing of it is memory
    korean = annual(replace(made, rows=rows, products=products))["tariffs"]
    np.testing.assert_allclose(korean, 1.1 * 80 * ((1.15 / 1.25) ** 2 - 1), rtol=1e-12)


def test_dates_cut_quarters() -> None:
    """From the middle of the second quarter to the end of the sixth: half a quarter in the first year at full speed."""
    flows = annual(plan(policy=policies(on(duty(0.25, ORIGIN + 2.5, ORIGIN + 7)))))
    in_force = np.array([2.5, 2, 0, 0])[:, None]
    halved = np.exp(-np.log(1.25 / 1.15))  # half of the log change
    full = (1.15 / 1.25) ** 2
    expected = 20 * (in_force.astype(int) * (full - 1) + (in_force % 1 > 0) * (halved - 1))
    np.testing.assert_allclose(flows["tariffs"], np.tile(expected, N_DRAWS), rtol=1e-12, atol=1e-14)


def test_the_response_comes_slowly_and_goes_slowly() -> None:
    slow = annual(plan(policy=policies(on(duty(0.25, until=ORIGIN + 9, adjustment=0.38)))))["tariffs"][:, 0]
    assert 0 > slow[0] > slow[1]  # two years in force
    assert slow[1] < slow[2] < slow[3] < 0  # two years of recovery
    gone = 1 - 0.62 ** (np.arange(1, 5) / 4)
    assert slow[0] == pytest.approx(20 * np.sum((1.15 / 1.25) ** (2 * gone) - 1))


def test_the_limits_of_elasticity() -> None:
    """Without any response dollars stay as they are; where demand is very elastic nothing is shipped."""
    assert (annual(plan(policy=policies(on(duty(0.25, elasticity=0.0)))))["tariffs"] == 0).all()
    flows = annual(plan(policy=policies(on(duty(0.25, elasticity=1e4)))))
    np.testing.assert_allclose(flows["tariffs"], -80, rtol=1e-12)


def test_a_later_tariff_takes_the_place_of_an_earlier_one() -> None:
    both = annual(plan(policy=policies(on(duty(0.0, ORIGIN + 1), duty(0.25, ORIGIN + 5)))))["tariffs"]
    np.testing.assert_allclose(both[0], 80 * (1.15**2 - 1), rtol=1e-12)
    np.testing.assert_allclose(both[1:], 80 * ((1.15 / 1.25) ** 2 - 1), rtol=1e-12)


def test_what_a_past_tariff_does_after_the_origin() -> None:
    """Two quarters at 15 % instead of nothing lie behind the origin: what was lost by then is in the data."""
    past = on(duty(0.15, ORIGIN - 1, adjustment=0.38), first=ORIGIN - 2, before=0.0)
    found = annual(plan(policy=policies(replace(past, duties=past.duties))))["tariffs"][:, 0]
    # The pace before the duty is that of the plan, 1; row 0 is settled, so only quarters from ORIGIN - 1 on count.
    gone = 1 - 0.62 ** (np.arange(19) / 4)
    log = -2 * np.log(1.15) * (gone[3:] - gone[2])
    np.testing.assert_allclose(found, 20 * (np.exp(log) - 1).reshape(4, 4).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("taxed", [on(duty(0.15)), on(duty(0.25, probability=0.0))])
def test_no_change_is_no_effect_to_the_last_bit(taxed: Taxed) -> None:
    plants = [group(project("A")), group(project("B", probability=Beta(9.0, 1.0)), path=Localization("fitted"))]
    plants = [replace(item, sector=sector) for item, sector in zip(plants, ("autos", REST), strict=True)]
    bare = simulated_flows(plan(*plants), Streams(0, 0, 50, "plain"))
    for sector in ("autos", "auto_parts", REST):
        with_policies = simulated_flows(
            plan(*plants, policy=policies(taxed, sector=sector)), Streams(0, 0, 50, "plain")
        )
        assert with_policies.annual[: len(SERIES)].tobytes() == bare.annual.tobytes()
        assert (with_policies.annual[len(SERIES) :] == 0).all()
        assert with_policies.quarterly.tobytes() == bare.quarterly.tobytes()


def test_a_chance_is_met_within_its_error() -> None:
    n_draws = 4000
    flows = annual(plan(policy=policies(on(duty(0.25, probability=0.3)))), n_draws)["tariffs"][0]
    assert set(np.round(flows, 9)) == {0.0, round(80 * ((1.15 / 1.25) ** 2 - 1), 9)}
    came = int((flows != 0).sum())
    assert stats.binomtest(came, n_draws, 0.3).pvalue > 1e-4


def test_exports_are_shares_of_either_end() -> None:
    uncertain = policies(on(duty(0.25)))
    weights = replace(uncertain, weight=addressed(weight_of_2026=Triangular(0, 0, 1))["weight_of_2026"])
    flows = annual(plan(policy=weights), 500)["tariffs"]
    lost = 160 * ((1.15 / 1.25) ** 2 - 1)
    weight = Triangular(0, 0, 1).ppf(Streams(0, 0, 500, "plain").uniforms("tariffs.weight_of_2026"))
    np.testing.assert_allclose(flows[0], lost * (0.25 + 0.5 * weight), rtol=1e-12)


def channels(sector: str, on_sector: str, path: str = "hold", **responses: float) -> dict[str, Array]:
    """Channels of the plant of the engine's tests, with goods of one sector under 25 %, over those without."""
    plant = replace(group(project("A")), sector=sector)
    bare = annual(plan(plant, path=Localization(path)))
    taxed = policies(on(duty(0.25, **responses)), sector=on_sector)
    return {
        name: annual(plan(plant, path=Localization(path), policy=taxed))[name][-1]
        / np.where(bare[name][-1], bare[name][-1], 1)
        for name in NEWS[1:]
    }


def test_plants_pay_for_what_they_ship_and_no_other() -> None:
    """Inputs of a car plant are parts, machines are of the sector other, and goods shipped back pay no US duty."""
    cut = (1.15 / 1.25) ** 2
    for taxed, paying in (("autos", "news_displacement"), ("auto_parts", "news_intermediates")):
        ratios = channels("autos", taxed)
        assert ratios.pop(paying) == pytest.approx(cut)
        assert all((ratio == 1).all() for name, ratio in ratios.items() if name != "news_capital_goods")
    machines = annual(plan(group(project("A")), policy=policies(on(duty(0.25)), sector=REST)))["news_capital_goods"]
    np.testing.assert_allclose(machines[0], 1.2 * cut, rtol=1e-12)


def test_a_plant_replaces_more_of_what_pays_a_duty() -> None:
    """0.25 of output, and 0.5 more at 25 %, from 2026 on in place of 15 %; of exports that are fewer themselves."""
    plant = replace(group(project("A"), tariff_displacement=0.5), sector="autos", duty=0.15)
    cut = (1.15 / 1.25) ** 2
    for taxed, left in (({}, cut), ({"elasticity": 0.0}, 1.0)):
        found = annual(plan(plant, policy=policies(on(duty(0.25, **taxed)), sector="autos")))
        np.testing.assert_allclose(found["news_displacement"][-1], -7.2 * 0.75 * left, rtol=1e-12)
        np.testing.assert_allclose(found["replaceable_output"][-1], 7.2 * left, rtol=1e-12)
    elsewhere = annual(plan(plant, policy=policies(on(duty(0.25)), sector="steel")))
    np.testing.assert_allclose(elsewhere["news_displacement"][-1], -7.2 * 0.55, rtol=1e-12)


def test_suppliers_move_where_the_path_is_fitted() -> None:
    """0.02 a point, ten points: the odds of local supply rise by a fifth of a log, third countries keep theirs."""
    response = {"localization_response": 0.02, "elasticity": 0.0}
    local, third = 0.7 * 32 / 41, 0.7 * 9 / 41
    share = 1 / (1 + local / 0.3 * np.exp(0.2) + third / 0.3)
    moved = channels("steel", "steel", "fitted", **response)["news_intermediates"]
    np.testing.assert_allclose(moved, share / 0.3, rtol=1e-12)
    held = channels("steel", "steel", "hold", **response)["news_intermediates"]
    assert (held == 1).all()


@pytest.mark.parametrize(("start", "until"), [(1, 16), (2.25, 9.8), (6.1, 6.9)])
def test_a_commitment_adds_up_to_what_is_additional(start: float, until: float) -> None:
    promised = bought(36.2, total=True, start=ORIGIN + start, until=ORIGIN + until, additionality=0.2, fulfilment=0.9)
    flows = annual(plan(policy=policies(None, promised)))
    assert flows["import_commitments"].sum(axis=0) == pytest.approx(np.full(N_DRAWS, -36.2 * 0.2 * 0.9))
    np.testing.assert_allclose(flows["imports"] - 80, -flows["import_commitments"], atol=1e-12)
    assert (flows["tariffs"] == 0).all()


def test_a_commitment_a_year_and_one_that_runs_already() -> None:
    yearly = bought(1.5, total=False, start=ORIGIN + 3, until=ORIGIN + 11)
    expected = -np.array([0.75, 1.5, 0.75, 0.0])[:, None]
    np.testing.assert_allclose(
        annual(plan(policy=policies(None, yearly)))["import_commitments"], expected + np.zeros(4)
    )
    running = bought(1.5, total=False, start=ORIGIN - 3, until=ORIGIN + 5)
    ended = annual(plan(policy=policies(None, running)))["import_commitments"]
    np.testing.assert_allclose(ended, -np.array([0.0, -1.5, -1.5, -1.5])[:, None] + np.zeros(4), atol=1e-14)


@pytest.mark.parametrize(("key", "a_year"), [("amount", 6.0), ("per_year", 12.0)])
def test_a_commitment_of_a_file_is_in_all_or_a_year(tmp_path: Path, key: str, a_year: float) -> None:
    file = tmp_path / "c.yaml"
    entry = f"{{id: a, what: lng, {key}: 12, from: 2027Q1, until: 2029Q1, additionality: 0.5, fulfilment: 0.9}}"
    file.write_text(f"name: c\nhorizon: 2030\nimport_commitments: [{entry}]\n", encoding="utf-8")
    flows = annual(compile_plan(load_scenario(file), load_posterior(), vintage(None)))
    expected = -0.5 * 0.9 * a_year * np.array([0.0, 1.0, 1.0, 0.0, 0.0])[:, None]
    np.testing.assert_allclose(flows["import_commitments"], expected + np.zeros(N_DRAWS), atol=1e-12)


def test_a_commitment_that_may_come_to_nothing() -> None:
    n_draws = 4000
    flows = annual(
        plan(policy=policies(None, bought(4.0, total=False, start=ORIGIN + 1, until=NEVER, probability=0.6))), n_draws
    )
    came = int((flows["import_commitments"][0] == -4).sum())
    assert came + int((flows["import_commitments"][0] == 0).sum()) == n_draws
    assert stats.binomtest(came, n_draws, 0.6).pvalue > 1e-4


def test_what_flows_at_the_origin_flows_whether_or_not_the_rest_comes() -> None:
    """As of a plant under construction: where a commitment comes to nothing, its flow of the origin ends."""
    running = bought(4.0, total=False, start=ORIGIN - 3, until=ORIGIN + 9, probability=0.5)
    made = plan(policy=policies(None, running))
    flows = annual(made, 200)["import_commitments"]
    comes = Streams(0, 0, 200, "plain").uniforms("import_commitments.a.happens") < 0.5
    expected = np.where(comes, np.array([0.0, 0.0, -4.0, -4.0])[:, None], -4.0)
    np.testing.assert_allclose(-flows, expected, atol=1e-12)
    assert 0 < comes.sum() < 200


def test_parts_make_the_whole() -> None:
    both = policies(on(duty(0.25)), bought(3.0, total=False, start=ORIGIN + 2, until=NEVER))
    made = plan(replace(group(project("A")), sector="autos"), policy=both)
    flows = annual(made)
    parts = flows["baseline_balance"] + flows["news"] + flows["tariffs"] + flows["import_commitments"]
    np.testing.assert_allclose(parts, flows["trade_balance"], rtol=1e-12)
    assert made.series == (*SERIES, *POLICIES, TO_DATE)
    near = simulated_flows(made, Streams(0, 0, N_DRAWS, "plain")).quarterly
    np.testing.assert_allclose(near[:, :4].sum(axis=1)[1:], [flows["exports"][0], flows["imports"][0]], rtol=1e-12)
