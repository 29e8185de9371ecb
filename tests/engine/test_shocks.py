"""Shocks of flows and drivers: what they do against closed forms, how often they come, how they are read and told."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from handmade import DAY, said, stated
from plans import BASELINE, BRIDGE, ORIGIN, draw_last, plan, uncertain_plan
from scipy.integrate import quad

from forecast.dims import SERIES
from forecast.engine.block import Flows, simulated_flows
from forecast.engine.compile import compiled_shocks
from forecast.engine.drivers import strength
from forecast.engine.plan import Plan
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter
from forecast.scenario.drivers import Shock
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario, scenario_digest
from forecast.stats.distributions import Constant, Distribution, Uniform
from forecast.stats.streams import Streams
from forecast.track.evaluation import hindsight

N_DRAWS, N_MANY = 500, 20_000
SIGMAS = 5.0


def shock(on: str, at: float | Distribution = 5, **numbers: float | Distribution) -> Shock:
    """A shock that strikes so many quarters after the origin."""
    until = numbers.pop("until", None)
    distributions = {name: Constant(float(x)) if isinstance(x, int | float) else x for name, x in numbers.items()}
    return Shock(
        "s",
        on,
        Constant(ORIGIN + at) if isinstance(at, int | float) else at,
        None if until is None else ORIGIN + until,  # type: ignore[arg-type,operator]
        **distributions,  # type: ignore[arg-type]
    )


def flows(*shocks: Shock, n_draws: int = N_DRAWS, **changes: object) -> Flows:
    """Three years of uncertain trade from 2026 on; the origin ends a year."""
    made = uncertain_plan(shocks=compiled_shocks(shocks), **changes)
    return simulated_flows(made, Streams(3, 0, n_draws))


def series(found: Flows, name: str) -> np.ndarray:
    return found.annual[SERIES.index(name)]


BOOKS = {"basis": "korea_customs"}


@pytest.mark.parametrize("changes", [{}, BOOKS], ids=["us_census", "korea_customs"])
def test_a_tenth_less_from_a_date_is_a_tenth_less_in_every_draw(changes: dict[str, str]) -> None:
    hit, before = flows(shock("exports", size=-0.1), **changes), flows(**changes)
    ratio = np.ones((3, 1)) * [[1.0], [0.9], [0.9]]
    np.testing.assert_allclose(series(hit, "exports"), ratio * series(before, "exports"), rtol=1e-12)
    np.testing.assert_array_equal(series(hit, "imports"), series(before, "imports"))
    quarters = hit.quarterly[1] / before.quarterly[1]
    np.testing.assert_allclose(quarters, np.where(np.arange(8)[:, None] < 4, 1.0, 0.9) * quarters**0, rtol=1e-12)


@pytest.mark.parametrize("changes", [{}, BOOKS], ids=["us_census", "korea_customs"])
def test_an_amount_is_the_same_dollars_on_both_books(changes: dict[str, str]) -> None:
    hit, before = flows(shock("imports", at=7, amount=8.0), **changes), flows(**changes)
    added = series(hit, "imports") - series(before, "imports")
    np.testing.assert_allclose(added, np.ones((3, N_DRAWS)) * [[0.0], [4.0], [8.0]], atol=1e-9)
    np.testing.assert_allclose(series(hit, "exports"), series(before, "exports"), rtol=1e-14)
    np.testing.assert_allclose(hit.quarterly[2, 6:] - before.quarterly[2, 6:], 2.0, rtol=1e-9)
    lost = series(hit, "us_census_balance") - series(before, "us_census_balance")
    np.testing.assert_allclose(lost, -added, atol=1e-9)


@pytest.mark.parametrize("changes", [{}, BOOKS], ids=["us_census", "korea_customs"])
def test_an_amount_takes_no_more_than_there_is(changes: dict[str, str]) -> None:
    """More than all of a flow left less than nothing of it, and plants "replaced" that: they added to the surplus."""
    hit, before = flows(shock("exports", amount=-1e6), **changes), flows(**changes)
    assert (series(hit, "exports") > 0).all()
    np.testing.assert_allclose(series(hit, "exports")[0], series(before, "exports")[0], rtol=1e-12)
    np.testing.assert_allclose(hit.quarterly[1, 4:], 0.001 * before.quarterly[1, 4:], rtol=1e-9)
    twice = flows(shock("exports", amount=-1e6), shock("exports", amount=-1e6), **changes)
    assert (series(twice, "exports") > 0).all()


def test_a_shock_is_part_of_the_baseline_and_no_effect_of_investment() -> None:
    hit, before = flows(shock("exports", size=-0.1)), flows()
    np.testing.assert_array_equal(series(hit, "news"), series(before, "news"))
    balance = series(hit, "exports") - series(hit, "imports")
    np.testing.assert_allclose(series(hit, "baseline_balance"), balance, rtol=1e-12)


def test_a_passing_shock_ends_and_acts_on_the_share_of_a_quarter_it_lasts() -> None:
    hit, before = flows(shock("exports", at=2.5, until=4.25, size=0.2)), flows()
    ratio = (hit.quarterly[1] / before.quarterly[1] - 1.0) / 0.2
    np.testing.assert_allclose(
        ratio, np.ones((8, N_DRAWS)) * np.array([0, 0.5, 1, 0.25, 0, 0, 0, 0])[:, None], atol=1e-9
    )


def test_half_of_a_fading_shock_is_left_after_its_half_life() -> None:
    time = np.arange(10.0)[:, None]
    left = strength(time, 2.0, np.inf, 2.0)[:, 0]
    np.testing.assert_allclose(left[4:] / left[2:-2], 0.5)
    assert (left[:2] == 0.0).all()


@pytest.mark.parametrize(("at", "until"), [(2.0, np.inf), (2.25, np.inf), (2.25, 2.75), (1.5, 6.125), (-3.0, np.inf)])
@pytest.mark.parametrize("half_life", [0.25, 1.0, 4.0, 1e9])
def test_a_quarter_feels_the_mean_of_a_fading_shock(at: float, until: float, half_life: float) -> None:
    """By quadrature, quarter by quarter, from the date it strikes to its end."""

    def fading(moment: float) -> float:
        return float(0.5 ** ((moment - at) / half_life)) if at <= moment < until else 0.0

    felt = strength(np.arange(10.0)[:, None], at, until, half_life)[:, 0]
    cuts = [
        [quarter, *(cut for cut in (at, until) if quarter < cut < quarter + 1), quarter + 1] for quarter in range(10)
    ]
    mean = [sum(quad(fading, *piece, epsabs=1e-13)[0] for piece in pairwise(cut)) for cut in cuts]
    np.testing.assert_allclose(felt, mean, rtol=1e-9, atol=1e-12)


def test_a_shock_that_does_not_fade_is_felt_whole() -> None:
    time = np.arange(4.0)[:, None]
    np.testing.assert_array_equal(strength(time, 1.5, np.inf, np.inf)[:, 0], [0.0, 0.5, 1.0, 1.0])
    np.testing.assert_allclose(strength(time, 1.5, np.inf, np.full(1, 1e12)), strength(time, 1.5, np.inf, np.inf))


def test_shocks_of_one_flow_multiply_in_any_order() -> None:
    one, other = replace(shock("exports", size=-0.1), id="a"), replace(shock("exports", size=0.2), id="b")
    hit, before = flows(one, other), flows()
    np.testing.assert_allclose(hit.quarterly[1, 4:] / before.quarterly[1, 4:], 0.9 * 1.2, rtol=1e-12)


def test_a_shock_comes_with_its_probability() -> None:
    hit = flows(shock("exports", size=-0.1, probability=0.3), n_draws=N_MANY)
    before = flows(n_draws=N_MANY)
    struck = hit.quarterly[1, 4] < 0.95 * before.quarterly[1, 4]
    assert abs(struck.mean() - 0.3) < SIGMAS * (0.3 * 0.7 / N_MANY) ** 0.5
    np.testing.assert_array_equal(hit.quarterly[:, :, ~struck], before.quarterly[:, :, ~struck])


def test_the_date_of_a_shock_may_be_uncertain() -> None:
    """Uniform over 2027: in a quarter of the draws by the end of each quarter, and half of one felt within it."""
    window = Uniform(ORIGIN + 5.0, ORIGIN + 9.0)
    hit, before = flows(shock("exports", window, size=-0.1), n_draws=N_MANY), flows(n_draws=N_MANY)
    felt = (1.0 - hit.quarterly[1] / before.quarterly[1]) / 0.1
    expected = np.array([0, 0, 0, 0, 0.125, 0.375, 0.625, 0.875])
    assert (np.abs(felt.mean(axis=1) - expected) < SIGMAS * 0.5 / N_MANY**0.5).all()


def test_a_shock_of_a_driver_moves_trade_by_its_response() -> None:
    hit, before = flows(shock("won_per_dollar", size=0.1)), flows()
    moved = np.log(hit.quarterly[1:] / before.quarterly[1:])
    shared, apart = (
        0.15 * 0.7,
        0.35 * 0.6,
    )  # halves of the sum and of the difference of 0.5 and -0.2, less what comes back
    lasting = np.array([shared + apart, shared - apart]) * np.log(1.1)
    np.testing.assert_allclose(moved[:, :4], 0.0, atol=1e-12)
    np.testing.assert_allclose(moved[:, 5:], np.ones((2, 3, N_DRAWS)) * lasting[:, None, None], rtol=1e-9)


@pytest.mark.parametrize("idle", [{"size": 0.0}, {"amount": 0.0}, {"size": -0.5, "probability": 0.0}])
def test_a_shock_of_nothing_is_no_shock_byte_for_byte(idle: dict[str, float]) -> None:
    assert flows(shock("exports", **idle)).annual.tobytes() == flows().annual.tobytes()


def test_a_plan_without_shocks_holds_the_streams_of_before() -> None:
    """With a shock that never comes every other number is drawn as it was, so that scenarios stay paired."""
    bare: Plan = plan(rows={**plan().rows, "bridge": draw_last(BRIDGE), "baseline": draw_last(BASELINE)})
    never = shock("exports", Uniform(ORIGIN + 2.0, ORIGIN + 3.0), size=0.5, probability=0.0)
    shaken = replace(bare, shocks=compiled_shocks([never]))
    one, other = (simulated_flows(made, Streams(1, 0, 50)) for made in (bare, shaken))
    np.testing.assert_array_equal(one.annual, other.annual)


SHOCKS = """
shocks:
  - id: slump
    on: exports
    at: {earliest: 2027Q1, latest: 2028Q1}
    until: 2029
    size: {distribution: triangular, low: -0.2, mode: -0.1, high: 0.0}
    probability: 0.3
    half_life: 4
    sources: [where it was read]
  - id: orders
    on: imports
    at: 2027-07
    amount: -2
  - id: embargo
    on: oil
    at: 2027Q1
    size: 0.5
"""


def test_every_form_comes_back_from_its_own_text(tmp_path: Path) -> None:
    read = stated(tmp_path, SHOCKS)
    assert [item.id for item in read.shocks] == ["embargo", "orders", "slump"]
    assert read.shocks[1] == Shock("orders", "imports", Constant(parse_quarter("2027Q3")), amount=Constant(-2.0))
    assert stated(tmp_path, dump_scenario(read), "") == read


def test_a_scenario_without_shocks_keeps_its_digest(tmp_path: Path) -> None:
    bare = stated(tmp_path, "horizon: 2030")
    assert "shocks" not in dump_scenario(bare)
    assert scenario_digest(stated(tmp_path, "horizon: 2030\nshocks: []")) == scenario_digest(bare)
    with_source, without = (stated(tmp_path, text) for text in (SHOCKS, SHOCKS.replace("where it was", "it was")))
    assert scenario_digest(with_source) == scenario_digest(without)


def test_shocks_merge_by_id(tmp_path: Path) -> None:
    stated(tmp_path, SHOCKS)
    top = tmp_path / "top.yaml"
    top.write_text("extends: s.yaml\nname: top\nshocks:\n  slump: {probability: 1}\n  embargo: null\n")
    read: Scenario = load_scenario(top, ["shocks.orders.amount=-3"])
    assert [item.id for item in read.shocks] == ["orders", "slump"]
    assert (read.shocks[0].amount, read.shocks[1].probability) == (Constant(-3.0), Constant(1.0))


def test_shocks_are_said_in_words(tmp_path: Path) -> None:
    assert said(stated(tmp_path, SHOCKS)) == (
        "Assumed, not forecast: oil +50 % from 2027Q1 on; imports −2 bn USD a year from 2027Q3 on; exports −10 % "
        "(80 % interval −15.5 % to −4.47 %) with a chance of 30 % from a date between 2027Q1 and 2028Q1 until 2029Q1, "
        "half of it gone after 4 quarters."
    )


def test_hindsight_puts_observed_levels_in_place_of_a_shock_of_a_driver(tmp_path: Path) -> None:
    text = (
        "shocks:\n  - {id: a, on: oil, at: 2025Q2, size: 0.3}\n  - {id: b, on: oil, at: 2030Q1, size: 0.3}\n"
        "  - {id: c, on: exports, at: 2025Q2, size: -0.1}\n"
    )
    known = hindsight(stated(tmp_path, text, DAY), "2025-04-11").world
    levels = known.drivers["oil"].levels
    assert levels is not None
    assert list(levels) == list(range(parse_quarter("2025Q1"), vintage().drivers.origin + 1))
    assert [item.id for item in known.shocks] == ["b", "c"]
