"""Compiling a scenario: who is simulated, with which numbers, at which stream addresses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plans import machinery

from forecast.dims import CENSUS_BALANCE, EFFECTS, NEWS, OUTPUT, SERIES, Array
from forecast.economics.products import composition, shares_within
from forecast.engine.block import simulated_flows
from forecast.engine.compile import Compiler, compile_plan
from forecast.engine.inputs import Fitted, Stated
from forecast.engine.plan import Plan, Project
from forecast.errors import RunError
from forecast.models.posterior import load_posterior
from forecast.observations.series import quarterly_trade
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter
from forecast.scenario.scenario import load_scenario
from forecast.stats.distributions import Constant, Uniform
from forecast.stats.streams import Streams

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
HEAD = "name: t\ntitle: T\ndescription: D\nbasis: us_census\ninvestments:\n"
PLANT = (
    "  - {{id: {id}, company: C, project: P {id}, sector: batteries, kind: {kind}, amount: 2, announced: 2026-01, "
    "production_start: {start}, sources: [s]{more}}}\n"
)


def compiled(tmp_path: Path, *plants: str, tail: str = "", prior: bool = False) -> Plan:
    path = tmp_path / "t.yaml"
    path.write_text((HEAD if plants else HEAD.replace("investments:\n", "")) + "".join(plants) + tail)
    return compile_plan(load_scenario(path), load_posterior(), vintage(), prior=prior)


def plant(name: str, kind: str = "greenfield", start: str = "2028Q1", more: str = "") -> str:
    return PLANT.format(id=name, kind=kind, start=start, more=more)


def only_project(plan: Plan) -> Project:
    ((project,),) = [group.projects for group in plan.groups]
    return project


def lasting(plan: Plan) -> Plan:
    """The plan with machinery that comes from the first day on and lasts."""
    return replace(plan, machinery=machinery())


def flows(plan: Plan) -> Array:
    return simulated_flows(plan, Streams(0, 0, 300)).annual


def test_years_run_from_the_origin_to_the_horizon(tmp_path: Path) -> None:
    plan = compiled(tmp_path, tail="horizon: 2030\n")
    trade = quarterly_trade()
    assert plan.years == (2026, 2027, 2028, 2029, 2030)
    assert plan.n_periods == 18
    assert (plan.record, plan.basis) == (65.7, "us_census")
    np.testing.assert_allclose(np.exp(plan.history[-1]), [trade.exports[-1], trade.imports[-1]])
    np.testing.assert_allclose(plan.observed, [trade.exports[-2:].sum(), trade.imports[-2:].sum()])


def test_a_pledge_is_never_simulated_itself(tmp_path: Path) -> None:
    pledge = (
        "  - {id: U, company: C, project: all, sector: batteries, kind: pledge, amount: 9, announced: 2026-01, "
        "sources: [s]}\n"
    )
    with_pledge = compiled(tmp_path, pledge, plant("A", more=", part_of: U"))
    assert [p.id for group in with_pledge.groups for p in group.projects] == ["A"]
    assert np.array_equal(flows(with_pledge), flows(compiled(tmp_path, plant("A"))))


def test_order_in_the_file_changes_no_bit(tmp_path: Path) -> None:
    first, second = plant("A"), plant("B", start="2029Q3")
    assert flows(compiled(tmp_path, first, second)).tobytes() == flows(compiled(tmp_path, second, first)).tobytes()


def test_one_more_investment_moves_no_other_stream(tmp_path: Path) -> None:
    """Drop one and compare what is left: the baseline to the bit, the others' contributions to rounding."""
    both = flows(compiled(tmp_path, plant("A"), plant("B", start="2029Q3")))
    one, other = flows(compiled(tmp_path, plant("A"))), flows(compiled(tmp_path, plant("B", start="2029Q3")))
    baseline = one[SERIES.index("baseline_balance")]
    assert np.array_equal(both[SERIES.index("baseline_balance")], baseline)
    added = [SERIES.index(name) for name in (*EFFECTS, *NEWS, OUTPUT)]
    np.testing.assert_allclose(both[added], one[added] + other[added], rtol=1e-10, atol=1e-12)
    level = SERIES.index(CENSUS_BALANCE)  # the basis of the plan: the baseline is in it once
    np.testing.assert_allclose(both[level], one[level] + other[level] - baseline, rtol=1e-10)


def test_an_acquisition_builds_nothing_unless_it_says_so(tmp_path: Path) -> None:
    bought = only_project(compiled(tmp_path, plant("A", "acquisition")))
    assert bought.capex == Stated("investments.A.new_capex", Constant(0.0))
    assert bought.standing == Stated("investments.A.amount", Constant(2.0))
    orders = flows(lasting(compiled(tmp_path, plant("A", "acquisition"))))[SERIES.index("news_capital_goods")]
    assert (orders == 0).all()
    spent = flows(lasting(compiled(tmp_path, plant("A", "acquisition", more=", new_capex: 1"))))
    beyond = spent[SERIES.index("news_capital_goods")].sum(axis=0)
    assert (beyond < 0).all()  # announced in 2026-01, so under way in 2026Q2
    later = compiled(
        tmp_path, plant("A", "acquisition", more=", new_capex: 1, construction_start: 2027Q1, probability: 1")
    )
    orders = flows(lasting(later))[SERIES.index("news_capital_goods")]
    assert (orders[1:] >= 0).all()
    assert (orders.sum(axis=0) > 0).all()


def test_a_plant_that_stands_sells_before_its_extension_is_begun(tmp_path: Path) -> None:
    """Purchases of a bought plant follow its own start; the extension's come only once it is built."""
    certain = ", probability: 1, slip: 0, scale: 1, new_capex: 2"
    later = ", construction_start: 2033Q1, overrides: {construction_quarters: 8}"
    extended, early = (
        flows(compiled(tmp_path, plant("A", "acquisition", "2026Q4", f"{certain}{more}")))[
            SERIES.index("news_intermediates")
        ]
        for more in (later, "")
    )
    bought = flows(compiled(tmp_path, plant("A", "acquisition", "2026Q4", ", probability: 1, slip: 0, scale: 1")))
    np.testing.assert_allclose(extended[:9], bought[SERIES.index("news_intermediates")][:9], rtol=1e-12)
    assert (early[:9].sum(axis=0) > extended[:9].sum(axis=0)).all()


def test_a_longer_horizon_leaves_the_years_before_as_they_were(tmp_path: Path) -> None:
    short, long = (flows(compiled(tmp_path, plant("A"), tail=f"horizon: {year}\n")) for year in (2030, 2035))
    np.testing.assert_allclose(long[:, :5], short, rtol=1e-12, atol=1e-12)


def test_a_horizon_within_the_year_of_the_origin_is_one_year(tmp_path: Path) -> None:
    found = flows(replace(compiled(tmp_path, plant("A"), tail="horizon: 2026\n"), basis="korea_customs"))
    assert found.shape[1] == 1
    assert np.isfinite(found).all()


def test_nothing_is_built_before_it_is_announced(tmp_path: Path) -> None:
    """Announced 2026-01, running in 2027Q1: thirty quarters of building time can only be the four in between."""
    certain = ", probability: 1, slip: 0, overrides: {{construction_quarters: {}}}"
    capital_goods = SERIES.index("news_capital_goods")
    thirty, four, three = (
        flows(compiled(tmp_path, plant("A", start="2027Q1", more=certain.format(n))))[capital_goods] for n in (30, 4, 3)
    )
    np.testing.assert_allclose(thirty, four, rtol=1e-12)
    assert not np.allclose(four, three)


def test_a_plant_that_runs_is_certain_and_an_announced_one_is_not(tmp_path: Path) -> None:
    runs = only_project(compiled(tmp_path, plant("A", start="2026Q1")))
    assert runs.probability == Stated("investments.A.probability", Constant(1.0))
    assert runs.slip == Stated("investments.A.slip", Constant(0.0))
    planned = only_project(compiled(tmp_path, plant("A")))
    assert (planned.probability, planned.slip, planned.scale, planned.outlook) == (None, None, None, 0)
    stated = only_project(compiled(tmp_path, plant("A", more=", probability: 0.5, slip: 2")))
    assert (stated.probability.distribution, stated.slip.distribution) == (Constant(0.5), Constant(2.0))  # type: ignore[union-attr]


def test_coefficients_come_from_investment_then_scenario_then_rows(tmp_path: Path) -> None:
    tail = "overrides: {sectors: {batteries: {utilisation: 0.5}}}\n"
    distribution = "{distribution: uniform, low: 0.1, high: 0.2}"
    more = f", overrides: {{machinery_share: {distribution}}}"
    found = only_project(compiled(tmp_path, plant("A", more=more), tail=tail)).coefficients
    assert found["machinery_share"] == Stated("investments.A.machinery_share", Uniform(0.1, 0.2))
    assert found["utilisation"] == Stated("sectors.batteries.utilisation", Constant(0.5))
    assert isinstance(found["output_per_capex"], Fitted)


def test_prior_rows_replace_the_posteriors(tmp_path: Path) -> None:
    learned, prior = (compiled(tmp_path, plant("A"), prior=prior) for prior in (False, True))
    assert np.ptp(prior.rows["baseline"]["ratio"]) > np.ptp(learned.rows["baseline"]["ratio"]) * 0.9
    assert not np.array_equal(flows(learned), flows(prior))


def test_a_posterior_fitted_up_to_another_quarter_is_refused() -> None:
    scenario, day = load_scenario(BASELINE, ["as_of=2025-04-11"]), vintage("2025-04-11")
    with pytest.raises(RunError, match=r"starts from 2024Q4, got .* up to 2026Q2; run `forecast fit --as-of 2025-04-1"):
        compile_plan(scenario, load_posterior(), day)


def test_machinery_of_plants_is_drawn_where_there_are_plants(tmp_path: Path) -> None:
    names = {"installed_base.equipment_delay", "installed_base.wear_rate"}
    sources = {item.stream: item.source for item in compiled(tmp_path, plant("A")).inputs if item.stream in names}
    assert sources == dict.fromkeys(names, "coefficients")
    assert not names & {item.stream for item in compiled(tmp_path).inputs}


@pytest.mark.parametrize(("origin", "duty"), [("2025Q1", 0.0), ("2025Q2", 0.25 * (1 - 2 / 93)), ("2025Q3", 0.25)])
def test_the_duty_of_the_origin_is_the_mean_over_its_quarter(tmp_path: Path, origin: str, duty: float) -> None:
    """25 % on cars from 3 April 2025: two of three times 31 days of its quarter are over."""
    path = tmp_path / "t.yaml"
    path.write_text(HEAD + plant("A").replace("batteries", "autos"), encoding="utf-8")
    known = vintage()
    found = composition(known.trade, known.bridge, None)
    compiler = Compiler(load_scenario(path), parse_quarter(origin), found, shares_within(found), {}, {})
    ((members,),) = [compiler.groups()]
    assert members.duty == pytest.approx(duty)
