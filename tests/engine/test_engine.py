"""The engine on plans with known answers, and the distributions of randomness and parallelism it must keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click import Context
from joblib import parallel_config
from plans import BASELINE, EXPORTS, IMPORTS, LOCALIZATION, ORIGIN, SCHEMES, draw_last, group, plan, project
from scipy import stats

from forecast.cli import cli
from forecast.dims import BASES, CHANNELS, EFFECTS, N_QUARTERS, NEWS, OUTPUT, SERIES, Array
from forecast.engine.block import simulated_flows
from forecast.engine.plan import Plan, Project
from forecast.engine.run_plan import alone
from forecast.engine.simulate import BLOCKS_PER_TASK, WORTH_WORKERS, Settings, simulate
from forecast.scenario.localization import Localization
from forecast.stats.distributions import Beta, LogNormal, Triangular, Uniform, Weibull
from forecast.stats.streams import Scheme, Streams


def annual(made: Plan, n_draws: int = 3, scheme: Scheme = "plain") -> dict[str, Array]:
    flows = simulated_flows(made, Streams(0, 0, n_draws, scheme)).annual
    return dict(zip(SERIES, flows, strict=True))


def noisy(*groups: object, **changes: object) -> Plan:
    """A plan in which everything moves: shocks, localization and, in the groups, every number of a plant."""
    baseline = BASELINE | {"shock_factor": np.array([[[0.05, 0.0], [0.02, 0.04]]]), "adjustment": np.full((1, 2), 0.05)}
    local = LOCALIZATION | {"slope": np.array([[0.06, 0.02]]), "innovation": np.array([[0.02, 0.03]])}
    made = plan(*groups, path=Localization("fitted"), **changes)  # type: ignore[arg-type]
    return replace(made, rows=dict(made.rows) | {"baseline": draw_last(baseline), "localization": draw_last(local)})


def uncertain(name: str, **changes: object) -> Project:
    distributions = {
        "probability": Beta(9.0, 1.0),
        "slip": Weibull(0.6, 1.4),
        "scale": LogNormal(1.0, 0.1),
        "output_per_capex": Triangular(0.5, 1.0, 2.0),
        "machinery_share": Uniform(0.3, 0.5),
    }
    return project(name, **(distributions | changes))  # type: ignore[arg-type]


def test_a_run_in_python_has_the_settings_of_one_from_the_command_line() -> None:
    command = cli.get_command(Context(cli), "run")
    stated = {option.name: option.default for option in command.params if option.name in ("draws", "seed", "scheme")}
    assert Settings() == Settings(stated["draws"], stated["seed"], stated["scheme"])
    assert stated["draws"] == 20_000  # as README and help say


def test_a_flat_baseline_stays_flat() -> None:
    flows = annual(plan())
    np.testing.assert_allclose(flows["exports"], 4 * EXPORTS, rtol=1e-14)
    np.testing.assert_allclose(flows["imports"], 4 * IMPORTS, rtol=1e-14)
    np.testing.assert_allclose(flows["trade_balance"], 4 * (EXPORTS - IMPORTS), rtol=1e-14)


def test_a_phase_is_its_share_of_a_plant() -> None:
    whole, part = (annual(plan(group(replace(project("A"), share=share)))) for share in (1.0, 0.25))
    for name in EFFECTS:
        np.testing.assert_allclose(part[name], 0.25 * whole[name], rtol=1e-12, err_msg=name)
    assert np.abs(whole["effect_intermediates"]).max() > 0.1


def test_one_plant_by_hand() -> None:
    """6 bn built in 2026: half machinery, 0.4 of it Korean. Then 6 * 1.5 * 0.8 = 7.2 bn of output a year, over a ramp.

    The ramp of four quarters, read in the middle of each, holds 2 of 4 quarters' worth of output: 3.6 bn in 2027.
    """
    flows = annual(plan(group(project("A"))))
    output = np.array([0.0, 3.6, 7.2, 7.2])[:, None]
    np.testing.assert_allclose(flows["news_capital_goods"], np.tile([[1.2], [0], [0], [0]], 3), atol=1e-14)
    np.testing.assert_allclose(flows["news_intermediates"], np.tile(output * 0.7 * 0.3, 3), rtol=1e-13)
    np.testing.assert_allclose(flows["news_displacement"], np.tile(-output * 0.25, 3), rtol=1e-13)
    np.testing.assert_allclose(flows["news_reverse_imports"], np.tile(-output * 0.01, 3), rtol=1e-13)
    np.testing.assert_allclose(
        flows["exports"], 160 + 1.2 * (output == 0) + output * (0.21 - 0.25) + np.zeros(3), rtol=1e-13
    )
    np.testing.assert_allclose(flows["imports"], 80 + output * 0.01 + np.zeros(3), rtol=1e-13)


def test_what_is_under_way_at_the_origin_is_no_news() -> None:
    """A plant in full production is in the baseline already; one half built loses its orders when it is done."""
    running = annual(plan(group(project("A", start=ORIGIN - 20, production=ORIGIN - 10))))
    assert all((running[channel] == 0).all() for channel in NEWS[1:])
    building = annual(plan(group(project("B", start=ORIGIN - 3.5, production=ORIGIN + 4.5, output_per_capex=0.0))))
    share = np.diff([stats.beta(2, 2).cdf(x) for x in (3.5 / 8, 4.5 / 8)])[0]
    per_quarter = 6 * 0.5 * 0.4 * share
    remaining = 6 * 0.5 * 0.4 * (1 - stats.beta(2, 2).cdf(4.5 / 8))
    np.testing.assert_allclose(building["news_capital_goods"][0], remaining - 4 * per_quarter, rtol=1e-12)
    np.testing.assert_allclose(building["news_capital_goods"][1:], -4 * per_quarter, rtol=1e-12)


def test_a_project_that_is_cancelled_takes_its_present_flow_away() -> None:
    cancelled = annual(plan(group(project("A", start=ORIGIN - 20, production=ORIGIN - 10, probability=0.0))))
    np.testing.assert_allclose(cancelled["news_intermediates"], -7.2 * 0.21, rtol=1e-13)
    never_begun = annual(plan(group(project("B", probability=0.0))))
    assert all((never_begun[channel] == 0).all() for channel in NEWS[1:])


def test_the_effect_is_with_and_without_whenever_a_plant_was_built() -> None:
    """A plant that runs at the origin is no news, and all of its flows are effect; one that never comes has none."""
    running = annual(plan(group(project("A", start=ORIGIN - 20, production=ORIGIN - 10))))
    assert (running["news"] == 0).all()
    np.testing.assert_allclose(running["effect"], 7.2 * (0.21 - 0.25 - 0.01), rtol=1e-13)
    np.testing.assert_allclose(running["replaceable_output"], 7.2, rtol=1e-13)
    never_begun = annual(plan(group(project("B", probability=0.0))))
    assert all((never_begun[series] == 0).all() for series in (*EFFECTS, OUTPUT))
    none = annual(plan())
    assert all((none[series] == 0).all() for series in (*EFFECTS, *NEWS, OUTPUT))
    new = annual(plan(group(project("C"))))
    for channel in CHANNELS:  # nothing of it flowed at the origin
        np.testing.assert_array_equal(new[f"effect_{channel}"], new[f"news_{channel}"])


def test_the_effect_of_the_year_of_the_origin_is_of_all_its_quarters() -> None:
    """The plant of 2026 seen from its quarters: orders of the first ones count in the effect, and not in the news."""
    for n_observed in (1, 2, 3):
        seen = annual(plan(group(project("A")), origin=ORIGIN + n_observed, n_periods=16 - n_observed))
        np.testing.assert_allclose(seen["effect_capital_goods"], np.tile([[1.2], [0], [0], [0]], 3), atol=1e-14)
        bunched = 1.2 * np.diff(stats.beta(2, 2).cdf(np.linspace(0, 1, 5)))
        beyond = bunched[n_observed:].sum() - (4 - n_observed) * bunched[n_observed - 1]
        np.testing.assert_allclose(seen["news_capital_goods"][0], beyond, rtol=1e-12)
    given_up = annual(plan(group(project("A", probability=0.0)), origin=ORIGIN + 2, n_periods=14))
    np.testing.assert_allclose(given_up["effect_capital_goods"][0], bunched[:2].sum(), rtol=1e-12)
    assert (given_up["effect_capital_goods"][1:] == 0).all()


def test_effect_less_news_is_the_flow_of_the_origin() -> None:
    made = noisy(group(uncertain("A"), uncertain("B")), group(uncertain("C", start=ORIGIN - 4, production=ORIGIN - 2)))
    flows = annual(made, 500)
    np.testing.assert_allclose(flows["effect"], sum(flows[f"effect_{channel}"] for channel in CHANNELS), atol=1e-12)
    np.testing.assert_allclose(flows["cumulated_effect"], flows["effect"].cumsum(axis=0), rtol=1e-13)
    for channel in CHANNELS:
        held = flows[f"effect_{channel}"] - flows[f"news_{channel}"]
        np.testing.assert_allclose(held, np.tile(held[:1], (len(held), 1)), atol=1e-12)
        assert channel == "capital_goods" or held.any()


def test_the_probability_of_a_project_is_the_share_of_draws_with_it() -> None:
    n = 40_000
    found = (annual(plan(group(project("A", probability=0.7))), n)["news_capital_goods"][0] > 0).mean()
    assert found == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / n))


def test_slip_moves_production_and_stretches_construction() -> None:
    flows = annual(plan(group(project("A", slip=4.0))))
    assert flows["news_capital_goods"][:, 0] == pytest.approx([0.6, 0.6, 0.0, 0.0], abs=1e-14)
    assert flows["news_intermediates"][:, 0] == pytest.approx([0.0, 0.0, 3.6 * 0.21, 7.2 * 0.21], abs=1e-13)


def test_a_normal_baseline_gives_the_exact_normal() -> None:
    """One quarter ahead log exports are normal; the tail is switched off by a large number of degrees of freedom."""
    factor = np.array([[[0.08, 0.0], [0.03, 0.04]]])
    rows = BASELINE | {"shock_factor": factor, "degrees_of_freedom": np.full(1, 1e9), "drift": np.full(1, 0.01)}
    made = plan(origin=ORIGIN - 1, n_periods=1)
    flows = annual(replace(made, rows=dict(made.rows) | {"baseline": draw_last(rows)}), 50_000)
    exports, imports = np.log(flows["exports"][0]), np.log(flows["imports"][0])
    assert stats.kstest(exports, stats.norm(np.log(EXPORTS) + 0.01, 0.08).cdf).pvalue > 1e-3
    assert stats.kstest(imports, stats.norm(np.log(IMPORTS) + 0.01, 0.05).cdf).pvalue > 1e-3
    correlation = np.corrcoef(exports, imports)[0, 1]
    assert correlation == pytest.approx(0.6, abs=4 * (1 - 0.36) / np.sqrt(50_000))


def test_the_year_of_the_origin_adds_what_was_observed() -> None:
    flows = annual(plan(origin=ORIGIN - 2, n_periods=2, observed=np.array([70.0, 45.0])))
    np.testing.assert_allclose(flows["exports"], 70 + 2 * EXPORTS, rtol=1e-14)
    np.testing.assert_allclose(flows["imports"], 45 + 2 * IMPORTS, rtol=1e-14)


def test_the_bridge_scales_both_flows_of_every_year() -> None:
    """State 1.1 and 0.9 in the first year, which then falls back to 1 as nothing persists."""
    flows = annual(plan(origin=ORIGIN - 2, n_periods=6, observed=np.array([70.0, 45.0]), basis="korea_customs"))
    np.testing.assert_allclose(flows["exports"], np.array([1.1 * 150, 160])[:, None] + np.zeros(3), rtol=1e-14)
    np.testing.assert_allclose(flows["imports"], np.array([0.9 * 85, 80])[:, None] + np.zeros(3), rtol=1e-14)


def test_quarters_of_one_plant_by_hand() -> None:
    """The plant of the years above: 0.3 bn of machinery a quarter, bunched in the middle of 2026, then output."""
    flows = simulated_flows(plan(group(project("A"))), Streams(0, 0, 3)).quarterly
    start, end = ORIGIN + 1, ORIGIN + 5
    orders = 1.2 * np.diff(stats.beta(2, 2).cdf((np.arange(ORIGIN + 1, ORIGIN + 10) - start) / (end - start)))
    output = 1.8 * stats.beta(2, 2).cdf((np.arange(ORIGIN + 1.5, ORIGIN + 9) - end) / 4)
    exports = EXPORTS + orders + output * (0.7 * 0.3 - 0.25)
    imports = IMPORTS + output * 0.01
    for found, expected in zip(flows, (exports - imports, exports, imports), strict=True):
        np.testing.assert_allclose(found, np.tile(expected[:, None], 3), rtol=1e-13)


@pytest.mark.parametrize("basis", BASES)
def test_quarters_are_in_us_books_and_sum_to_the_years_there(basis: str) -> None:
    """Exports, imports and balance of the first whole years, in every draw, whatever the basis of the years."""
    made = noisy(group(uncertain("A"), uncertain("B")), group(uncertain("C", start=ORIGIN - 4, production=ORIGIN + 2)))
    quarterly = simulated_flows(replace(made, basis=basis), Streams(0, 0, 500)).quarterly
    assert quarterly.shape == (3, N_QUARTERS, 500)
    years = simulated_flows(made, Streams(0, 0, 500)).annual[:3, :2]
    np.testing.assert_allclose(quarterly.reshape(3, 2, 4, 500).sum(axis=2), years, rtol=1e-12)


def test_a_near_horizon_keeps_fewer_quarters() -> None:
    assert simulated_flows(plan(n_years=1), Streams(0, 0, 3)).quarterly.shape == (3, 4, 3)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_parts_sum_to_the_balance_in_every_draw(scheme: Scheme) -> None:
    flows = annual(noisy(group(uncertain("A"), uncertain("B"))), 500, scheme)
    effect = sum(flows[channel] for channel in NEWS[1:])
    np.testing.assert_allclose(flows["news"], effect, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(flows["trade_balance"], flows["exports"] - flows["imports"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(flows["trade_balance"], flows["baseline_balance"] + effect, rtol=1e-10, atol=1e-10)


def test_no_investment_and_an_investment_of_nothing_equal_the_baseline_bit_for_bit() -> None:
    none, nothing = annual(noisy(), 500), annual(noisy(group(uncertain("A", amount=0.0))), 500)
    for series in SERIES:
        assert np.array_equal(none[series], nothing[series]), series
    assert np.array_equal(none["trade_balance"], none["baseline_balance"])


def test_adding_an_investment_leaves_the_luck_of_the_others() -> None:
    alone, other, both = (
        annual(noisy(group(*projects)), 500)
        for projects in ([uncertain("A")], [uncertain("B")], [uncertain("A"), uncertain("B")])
    )
    assert np.array_equal(alone["baseline_balance"], both["baseline_balance"])
    for channel in NEWS[1:]:
        np.testing.assert_allclose(alone[channel] + other[channel], both[channel], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_workers_and_backends_leave_no_trace(backend: str, scheme: Scheme) -> None:
    made = replace(noisy(group(uncertain("A"), uncertain("B"))), block_size=16)
    settings = Settings(n_draws=1_000, seed=3, scheme=scheme)
    run = alone(made)
    one = simulate(run, settings)
    with parallel_config(backend=backend):
        two = simulate(run, settings, n_jobs=2)
    serial, parallel = one.annual.draws(), two.annual.draws()
    assert serial.shape[-1] == 1_000
    assert made.block_size * BLOCKS_PER_TASK * WORTH_WORKERS < settings.n_draws
    assert serial.tobytes() == parallel.tobytes()
    assert one.quarterly.draws().tobytes() == two.quarterly.draws().tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_leave_no_trace_where_draws_are_counted(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.engine.simulate.KEEP_DRAWS", 500)
    made = replace(noisy(group(uncertain("A"), uncertain("B"))), block_size=16)
    run, settings = alone(made), Settings(n_draws=2_000, seed=3)
    one = simulate(run, settings)
    with parallel_config(backend=backend):
        two = simulate(run, settings, n_jobs=2)
    assert one.annual.counts is not None
    assert one.annual.counts.sum() == 2_000 * one.draws.mean.size
    serial, parallel = (found.summary(made.years).statistics for found in (one, two))
    for name, statistic in serial.items():
        assert statistic.value.tobytes() == parallel[name].value.tobytes(), name
        assert statistic.standard_error.tobytes() == parallel[name].standard_error.tobytes(), name


def test_more_draws_begin_with_the_same_draws() -> None:
    made = replace(noisy(group(uncertain("A"))), block_size=100)
    few, many = (simulate(alone(made), Settings(n_draws=n)).annual.draws() for n in (300, 1_000))
    assert np.array_equal(few, many[..., :300])


def test_a_paired_difference_is_at_least_ten_times_sharper() -> None:
    """Same seed, two scenarios that differ in one plant: the variance of the difference falls a hundredfold or more."""
    first, second = (annual(noisy(group(uncertain("A", amount=amount))), 4_000) for amount in (6.0, 9.0))
    strangers = simulated_flows(noisy(group(uncertain("A", amount=9.0))), Streams(1, 0, 4_000)).annual[0]
    paired = (second["trade_balance"] - first["trade_balance"]).std(axis=-1)
    unpaired = (strangers - first["trade_balance"]).std(axis=-1)
    assert (unpaired > 10 * paired).all()
