"""What an answer rests on: shares of a variance with known answers, and the rate at which a sign turns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import forecast
from forecast.analysis.breakeven import breakeven
from forecast.analysis.grounds import JUDGED, WEAK, explained, graded_values, grounds, rests_on
from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.engine.block import block_inputs, flows_of, replacing
from forecast.engine.compile import compile_run
from forecast.engine.inputs import Stated
from forecast.engine.run_plan import held_plan
from forecast.engine.simulate import Settings, block_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.results.results import Results
from forecast.results.run import plan_of
from forecast.scenario.scenario import load_scenario

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(5)
N = 6_000


def made(folder: Path, *overrides: str, name: str = "hyundai", n_draws: int = 4_000) -> Results:
    scenario = load_scenario(ROOT / "scenarios" / f"{name}.yaml", overrides)
    return forecast.run_scenario(scenario, Settings(n_draws), out=folder).results


def test_shares_of_a_sum_are_those_of_its_variances() -> None:
    """Variances 4, 2 and 1 of a sum: 4/7 and 2/7 are explained, and nothing by an input that is not in it."""
    judged, weak, noise, idle = RNG.normal(size=(4, N))
    found = rests_on((2 * judged + 2**0.5 * weak + noise)[None], {JUDGED: {"a": judged, "b": idle}, WEAK: {"c": weak}})
    assert found is not None
    assert found.judged[0] == pytest.approx(4 / 7, abs=0.03)
    assert found.weak[0] == pytest.approx(2 / 7, abs=0.03)


def test_products_and_squares_of_inputs_count() -> None:
    """The product of two centred inputs has no part that either explains alone."""
    one, other = RNG.normal(size=(2, N))
    found = rests_on((one * other + one**2)[None], {JUDGED: {"a": one, "b": other}, WEAK: {}})
    assert found is not None
    assert found.judged[0] == pytest.approx(1.0, abs=0.01)
    assert found.weak[0] == pytest.approx(0.0, abs=0.01)


def test_what_does_not_vary_rests_on_nothing_and_few_draws_say_nothing() -> None:
    drawn = RNG.normal(size=N)
    assert explained(np.zeros((1, N)), drawn[:, None]).tolist() == [0.0]
    assert explained(np.zeros((1, N)), np.empty((N, 0))).tolist() == [0.0]
    few = {JUDGED: {str(i): RNG.normal(size=50) for i in range(9)}, WEAK: {}}
    assert rests_on(RNG.normal(size=(1, 50)), few) is None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made(tmp_path_factory.mktemp("grounds"))


def test_the_sign_turns_where_the_break_even_of_the_rate_is(run: Results) -> None:
    found = grounds(run)
    assert found is not None
    assert found.rate is not None
    assert (found.rate.sector, found.rate.grade, found.rate.alone) == ("autos", "L", False)
    turn, error = found.rate.turns[2035]
    solved = breakeven(run, found.rate.name, 2035)
    assert found.rate.duty == 0.15
    # a straight line in the rate, but for draws in which plants replace all exports there are
    assert solved.turn == pytest.approx(turn - found.rate.added, abs=error / 2)


def test_the_rate_is_told_under_the_duty(run: Results) -> None:
    """The addition is stated at 25 %: at the 15 % of today three fifths of it count."""
    found = grounds(run)
    assert found is not None
    assert found.rate is not None
    rate, more = (
        load_posterior().groups["sectors"]["coefficients"][:, SECTORS.index("autos"), COEFFICIENTS.index(name)]
        for name in ("displacement_rate", "tariff_displacement")
    )
    expected = np.quantile(rate + 0.6 * more, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(found.rate.interval, expected, atol=0.03)
    assert found.rate.added == pytest.approx(0.6 * more.mean(), abs=0.01)


def test_a_duty_that_changed_after_the_origin_is_told_beside_that_of_its_quarter(run: Results, tmp_path: Path) -> None:
    """Batteries pay 12.5 % since July 2026 and paid 10 % in the quarter of the origin; cars pay what they paid."""
    cars, batteries = grounds(run), grounds(made(tmp_path, name="lges-lansing", n_draws=2_000))
    duties = [(found.rate.duty, found.rate.duty_since) for found in (cars, batteries) if found and found.rate]
    assert duties == [(0.15, None), (0.1, 0.125)]


def test_plants_of_a_sector_with_rates_of_their_own_are_told_together(tmp_path: Path) -> None:
    """Where the fitted rate of one small car plant was told for all cars, of which another plant replaces most."""
    plant = (
        "company: {0}, project: {0}, sector: autos, kind: greenfield, amount: {1}, announced: 2026-03, "
        "construction_start: 2027Q1, production_start: 2029Q1, probability: 1, slip: 0, scale: 1"
    )
    file = tmp_path / "cars.yaml"
    file.write_text(
        "name: cars\nhorizon: 2033\ninvestments:\n"
        f"  - {{id: G, {plant.format('big', 6)}, overrides: {{displacement_rate: 0.5}}}}\n"
        f"  - {{id: P, {plant.format('small', 1)}}}\n",
        encoding="utf-8",
    )
    cars = forecast.run_scenario(load_scenario(file), Settings(4_000), out=tmp_path).results
    found = grounds(cars)
    assert found is not None
    assert found.rate is not None
    drawn = {name: np.asarray(cars.draws[name].sel(year=2033), float) for name in ("effect", "effect_displacement")}
    output = np.asarray(cars.draws["replaceable_output"].sel(year=2033), float)
    turn, error = found.rate.turns[2033]
    expected = (drawn["effect"] - drawn["effect_displacement"]).mean() / output.mean()
    assert turn == pytest.approx(expected, abs=max(error, 0.005))
    assert (found.rate.alone, found.rate.grade, dict(found.rate.replaced)) == (True, "stated", {})
    rate = -drawn["effect_displacement"] / output
    np.testing.assert_allclose(found.rate.interval, np.quantile(rate, [0.1, 0.5, 0.9]), atol=0.02)


def test_a_rate_that_the_scenario_fixes_is_no_part_of_the_spread(run: Results, tmp_path: Path) -> None:
    fixed = made(tmp_path, "overrides.sectors.autos.displacement_rate=0.47")
    before, after = grounds(run), grounds(fixed)
    assert before is not None
    assert after is not None
    assert before.rests["effect"].weak[-1] > 0.3 > 0.1 > after.rests["effect"].weak[-1]


def test_inputs_are_graded_by_where_they_come_from(run: Results) -> None:
    plan = plan_of(run)
    values = graded_values(plan, block_streams(plan, Settings(100)))
    assert "sectors.autos.displacement_rate" in values[WEAK]
    judged = {"sectors.autos.korean_machinery_share", "investments.HMG-01-vehicles.production_start"}
    assert judged <= values[JUDGED].keys()
    named = {name for group in values.values() for name in group}
    assert not [name for name in named if name.endswith((".slip", ".scale"))], "the record of announcements is data"
    assert not [name for name in named if name.startswith("posterior.")]


def test_a_run_by_other_code_says_nothing(run: Results) -> None:
    digests = {**run.manifest["digests"], "code": "0" * 64}
    assert grounds(Results(run.folder, {**run.manifest, "digests": digests})) is None


def test_a_difference_rests_on_the_inputs_of_both(tmp_path: Path) -> None:
    """A plan less itself at another stated rate: the two rates are judgement, and weak evidence has no part."""
    low, high = (
        f"overrides.sectors.autos.displacement_rate={{distribution: uniform, low: {a}, high: {b}}}"
        for a, b in ((0.0, 0.4), (0.4, 1.4))
    )
    one, other = (load_scenario(ROOT / "scenarios" / "hyundai.yaml", [text]) for text in (low, high))
    found = forecast.compare(one, other, Settings(4_000), out=tmp_path).rests
    assert found is not None
    assert found.judged[-1] > 0.2 > 4 * found.weak[-1]


def test_the_output_behind_a_rate_is_what_holding_that_at_zero_gives_back() -> None:
    """In every draw, those included in which plants would replace more exports than there are."""
    wide = "overrides.sectors.autos.displacement_rate={distribution: uniform, low: 0, high: 9}"
    scenario = load_scenario(ROOT / "scenarios" / "hyundai.yaml", [wide])
    plan = compile_run(scenario, load_posterior(), vintage(scenario.as_of))
    streams, effect = block_streams(plan, Settings(1_000))[0], plan.series.index("effect")
    (group,) = (group for group in plan.plans[0].groups if group.sector == "autos")
    rate = group.coefficients["displacement_rate"]
    assert isinstance(rate, Stated)
    output, replaced, beyond = replacing(plan, streams, lambda group: group.sector == "autos")
    zero = held_plan(plan, rate.stream, 0.0)
    as_drawn, without = (flows_of(each, streams).annual[effect] for each in (plan, zero))
    drawn = block_inputs(plan.plans[0], streams).value(rate)
    assert (beyond > -1e-12).all()
    assert (beyond > 1.0).any()
    np.testing.assert_allclose(as_drawn + drawn * output - beyond, without, rtol=0, atol=1e-9)
    spared = replaced - replacing(zero, streams, lambda group: group.sector == "autos")[1]
    np.testing.assert_allclose(without - as_drawn, spared, rtol=0, atol=1e-9)
