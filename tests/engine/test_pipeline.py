"""Plants that nobody has announced yet: they take the place of today's orders in the level, and are no effect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import stats

import forecast
from forecast.dims import FUTURE, NEWS, POLICIES, SERIES, TO_DATE, Array
from forecast.economics.pipeline import BUILDING, pace_distributions
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan, compile_run
from forecast.engine.plan import Plan
from forecast.observations.announcements import announcements
from forecast.observations.annual import outward_investment
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.stats.streams import Streams

N_DRAWS = 200
STREAMS = Streams(7, 0, N_DRAWS, "plain")
PLANT = """investments:
  - {id: P, company: A, project: B, sector: autos, kind: greenfield, amount: 8, announced: 2025-03, probability: 1,
     slip: 0, scale: 1, construction_start: 2025Q4, production_start: 2027Q4,
     overrides: {machinery_share: 0.5, korean_machinery_share: 0.4}}"""
DUTY = "tariffs: [{id: all, sectors: all, rate: 0.1, from: 2027Q1}]"


def compiled(folder: Path, *keys: str) -> Plan:
    file = folder / "one.yaml"
    file.write_text("\n".join(["name: one", *keys, ""]), encoding="utf-8")
    scenario = load_scenario(file)
    return compile_plan(scenario, forecast.load_posterior(), vintage(scenario.as_of))


def flows(plan: Plan) -> dict[str, Array]:
    found = simulated_flows(plan, STREAMS)
    near = dict(zip(("near_balance", "near_exports", "near_imports"), found.quarterly, strict=True))
    return dict(zip(plan.series, found.annual, strict=True)) | near


def by_hand(plan: Plan, times: float = 1.0) -> Array:
    """Machines of plants still to come by quarter, from the record of investment, dates of plants and orders of one.

    A build-up `3x^2 - 2x^3` is the distribution function of the beta distribution (2, 2).
    """
    assert plan.machinery is not None
    assert plan.pipeline is not None

    def drawn(name: str) -> Array:
        learned = pace_distributions(outward_investment())
        return learned[name].ppf(STREAMS.uniforms(f"future_announcements.{name}"))

    # Orders of the quarter of the origin, 2026Q2: 8 bn at 0.5 x 0.4, from a share of the two years on that is drawn.
    delay = plan.machinery.delay.distribution.ppf(STREAMS.uniforms("installed_base.equipment_delay"))
    begin, end, build_up = 8.0 * delay, 8.0, stats.beta(2, 2).cdf
    ordered = 1.6 * (build_up((3.0 - begin) / (end - begin)) - build_up((2.0 - begin) / (end - begin)))

    # The pace of each year returns to its usual one.
    level, path = np.zeros(N_DRAWS), {2026: np.ones(N_DRAWS)}
    shocks = drawn("spread") * STREAMS.normals("future_announcements.pace", 9)
    for year in range(2027, 2036):
        usual = np.log(drawn("usual_pace"))
        level = usual + drawn("persistence") * (level - usual) + shocks[year - 2027]
        path[year] = np.exp(level).clip(0.2, 5.0)

    # The share of known plants that order machines within the time since an announcement.
    leads = [
        row.planned_start - row.announced
        for row in announcements()
        if row.kind in ("greenfield", "expansion") and None not in (row.announced, row.planned_start)
    ]
    quarters = []
    for ahead in range(plan.n_periods):
        first = BUILDING * (1.0 - delay)
        share = np.mean([build_up((ahead + 0.5 - lead + first) / first) for lead in leads], axis=0)
        quarters.append(times * ordered * share * path[2026 + (ahead + 2) // 4])
    return np.array(quarters)


def years(quarters: Array) -> Array:
    """Sums over 2026, of which two quarters are ahead, and the years after it."""
    return np.array([quarters[:2].sum(axis=0), *quarters[2:].reshape(9, 4, -1).sum(axis=1)])


def test_orders_still_to_come_by_hand(tmp_path: Path) -> None:
    plan = compiled(tmp_path, PLANT)
    np.testing.assert_allclose(flows(plan)["future_announcements"], years(by_hand(plan)), atol=1e-12)
    half = compiled(tmp_path, PLANT, "future_announcements: 0.5")
    np.testing.assert_allclose(flows(half)["future_announcements"], years(by_hand(plan, 0.5)), atol=1e-12)


def test_they_move_the_level_and_no_effect(tmp_path: Path) -> None:
    with_them = flows(compiled(tmp_path, PLANT))
    without = flows(compiled(tmp_path, PLANT, "future_announcements: 0"))
    assert tuple(without)[: len(SERIES)] == SERIES
    assert "future_announcements" not in without
    added, quarters = with_them["future_announcements"], by_hand(compiled(tmp_path, PLANT))
    moved = dict.fromkeys(("trade_balance", "exports", "us_census_balance", "exports_machinery"), added)
    moved |= {"near_balance": quarters[:8], "near_exports": quarters[:8]}
    for name, before in without.items():
        np.testing.assert_allclose(with_them[name], before + moved.get(name, 0.0), atol=1e-11, err_msg=name)
    total = sum(with_them[name] for name in ("baseline_balance", *NEWS[1:], "future_announcements"))
    np.testing.assert_allclose(with_them["trade_balance"], total, atol=1e-11)


def test_the_machines_pay_the_duty_that_machines_pay(tmp_path: Path) -> None:
    free, taxed = flows(compiled(tmp_path, PLANT)), flows(compiled(tmp_path, PLANT, DUTY))
    with np.errstate(invalid="ignore"):
        kept = taxed["future_announcements"] / free["future_announcements"]
    assert (kept[0][np.isfinite(kept[0])] == 1.0).all()
    assert (kept[-1][free["future_announcements"][-1] > 0] < 1.0).all()
    both = compiled(tmp_path, PLANT, DUTY)
    assert both.series[len(SERIES) :] == (*POLICIES, TO_DATE, FUTURE)


def test_none_take_the_place_of_plants_that_are_not_being_built(tmp_path: Path) -> None:
    later = PLANT.replace("2025Q4", "2028Q1").replace("2027Q4", "2030Q1")
    assert not flows(compiled(tmp_path, later))["future_announcements"].any()
    assert compiled(tmp_path).pipeline is None


def test_a_branch_without_them_has_zeros(tmp_path: Path) -> None:
    (tmp_path / "built.yaml").write_text(f"name: built\n{PLANT}\n", encoding="utf-8")
    file = tmp_path / "either.yaml"
    file.write_text(
        "name: either\nmixture:\n  - {scenario: built.yaml, weight: 1}\n  - {scenario: baseline, weight: 1}\n",
        encoding="utf-8",
    )
    made = forecast.run_scenario(forecast.load_mixture(file), forecast.Settings(400), out=tmp_path).results
    drawn, built = made.draws["future_announcements"].to_numpy(), made.draws["branch"].to_numpy() == "built"
    assert (drawn[:, ~built] == 0.0).all()
    assert (drawn[-1, built] > 0.0).any()


def test_the_registry_knows_them(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(f"name: one\n{PLANT}\nfuture_announcements: {{distribution: uniform, low: 0, high: 2}}\n")
    scenario = load_scenario(file)
    named = {item.stream: item.source for item in compile_run(scenario, forecast.load_posterior(), vintage()).inputs}
    drawn = {stream for stream, source in named.items() if source == "future"}
    parts = {f"future_announcements.{name}" for name in ("usual_pace", "persistence", "spread", "pace")}
    assert drawn == {"future_announcements", *parts}
