"""Announcements as uncertain events: phases, ties, programmes and the end of production, by known answers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from commands import command
from plans import ORIGIN, group, judged, machinery, plan, project

from forecast.dims import NEWS, SERIES, Array
from forecast.engine.announcements import Announcements
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Inputs
from forecast.engine.plan import Cut, Plan, Project, Tie
from forecast.engine.simulate import Settings
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.results.run import run_scenario
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario, scenario_digest
from forecast.stats.distributions import Normal, Uniform
from forecast.stats.streams import Streams

N = 40_000
HEAD = "name: t\nhorizon: 2031\ninvestments:\n"
PLANT = (
    "  - {{id: {id}, company: {company}, project: P {id}, sector: batteries, kind: greenfield, amount: 2, "
    "announced: 2026-01{more}}}\n"
)


def plant(id: str, more: str = "", *, start: str = "2028Q1", company: str = "C") -> str:
    dates = f", production_start: {start}" if start else ""
    return PLANT.format(id=id, company=company, more=dates + more)


def stated(tmp_path: Path, *plants: str, tail: str = "") -> Scenario:
    path = tmp_path / "t.yaml"
    path.write_text(HEAD + "".join(plants) + tail)
    return load_scenario(path)


@cache
def learned() -> Posterior:
    return load_posterior()


def compiled(tmp_path: Path, *plants: str, tail: str = "") -> Plan:
    return compile_plan(stated(tmp_path, *plants, tail=tail), learned(), vintage())


def outcomes(made: Plan, n_draws: int = N) -> dict[str, Array]:
    """Whether each project goes ahead, by id and phase, in draws that read row 0 of everything learned."""
    streams = Streams(0, 0, n_draws, mixes=made.mixes)
    rows = {name: np.take(values, np.zeros(n_draws, int), -1) for name, values in made.rows["realisation"].items()}
    inputs = Inputs(streams, np.take(made.sector_rows, np.zeros(n_draws, int), -1), rows)
    announcements = Announcements(made, inputs)
    known = [part for members in made.groups for part in members.projects]
    return {f"{part.id}{part.phase}": announcements.realised(part, np.float64(ORIGIN + 9)) for part in known}


def within(draws: Array, chance: float) -> bool:
    """Whether a count fits a chance, within 4 standard errors."""
    return abs(draws.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / len(draws))


def test_both_go_ahead_with_the_product_of_their_chances(tmp_path: Path) -> None:
    found = outcomes(
        compiled(tmp_path, plant("A", ", probability: 0.6"), plant("B", ", probability: 0.5, requires: [A]"))
    )
    assert within(found["A"], 0.6)
    assert within(found["A"] & found["B"], 0.3)
    assert not (found["B"] & ~found["A"]).any()


def test_of_plants_that_exclude_each_other_the_first_has_its_chance_and_the_second_what_is_left(tmp_path: Path) -> None:
    found = outcomes(
        compiled(tmp_path, plant("A", ", probability: 0.5, excludes: [B]"), plant("B", ", probability: 0.4"))
    )
    assert not (found["A"] & found["B"]).any()
    assert within(found["B"], 0.4)
    assert within(found["A"], 0.6 * 0.5)


def test_the_same_fate_is_the_same_in_every_draw(tmp_path: Path) -> None:
    """One whose chance is learned, and one that hangs on a third; a chain of them too."""
    found = outcomes(
        compiled(
            tmp_path,
            plant("A", ", requires: [D]"),
            plant("B", ", same_fate_as: A", start="2031Q1"),
            plant("C", ", same_fate_as: B"),
            plant("D", ", probability: 0.5"),
        )
    )
    assert 0.3 < found["A"].mean() < 0.5
    assert np.array_equal(found["A"], found["B"])
    assert np.array_equal(found["A"], found["C"])


def test_a_programme_is_cut_as_a_whole_with_one_draw(tmp_path: Path) -> None:
    """Members of a company, joint plants included, share a cut; a plant that runs is not undone."""
    sure = ", probability: 1"
    tail = "programmes: [{id: p, company: C, probability: 0.7}]\n"
    plants = (plant("A", sure), plant("B", sure, company="C / D"), plant("E", sure, company="E"))
    found = outcomes(compiled(tmp_path, *plants, plant("R", sure, start="2026Q1"), tail=tail))
    assert within(found["A"], 0.7)
    assert np.array_equal(found["A"], found["B"])
    assert found["E"].all()
    assert found["R"].all()


def flows(made: Plan, n_draws: int = 400) -> Array:
    return simulated_flows(made, Streams(0, 0, n_draws)).annual


def capital_goods(made: Plan, n_draws: int = 400) -> Array:
    return flows(made, n_draws)[SERIES.index("news_capital_goods")]


def built_later(name: str = "A", **changes: object) -> Project:
    """A plant of which nothing is under way at the origin."""
    return replace(project(name, start=ORIGIN + 2, production=ORIGIN + 6), **changes)  # type: ignore[arg-type]


def test_the_scale_of_a_programme_multiplies_every_member_by_one_draw() -> None:
    cut = Cut("programmes.p", None, judged("programmes.p.scale", Uniform(0.5, 1.5)))
    factors = Streams(0, 0, 400).uniforms("programmes.p.scale") + 0.5
    one, two = (built_later(name, tie=Tie(cuts=(cut,))) for name in "AB")
    whole = capital_goods(plan(group(built_later("A"), built_later("B"))))
    np.testing.assert_allclose(capital_goods(plan(group(one, two))), whole * factors)


def test_phases_that_share_the_dates_add_up_to_the_whole() -> None:
    halves = [built_later(phase=name, share=share) for name, share in (("one", 0.25), ("two", 0.75))]
    np.testing.assert_allclose(flows(plan(group(*halves))), flows(plan(group(built_later()))))


def test_a_phase_brings_its_share_at_its_date(tmp_path: Path) -> None:
    """Half each: in 2031 the second half is built, while the first half alone was in 2028."""
    certain = ", probability: 1, slip: 0, scale: 1, overrides: {construction_quarters: 4}"
    dated = "phases: [{id: one, share: 0.5, production_start: 2028Q1}, {id: two, share: 0.5, production_start: 2032Q1}]"
    phased = capital_goods(compiled(tmp_path, plant("A", f"{certain}, {dated}", start="")))
    early, late = (
        capital_goods(compiled(tmp_path, plant("A", certain, start=start))) for start in ("2028Q1", "2032Q1")
    )
    np.testing.assert_allclose(phased, 0.5 * early + 0.5 * late, rtol=1e-10, atol=1e-12)
    assert (phased[[1, 5]] > 0).all()


def test_a_phase_has_a_chance_of_its_own_within_that_of_the_announcement(tmp_path: Path) -> None:
    parts = (
        (
            "phases: [{id: 1, share: 0.5, production_start: 2028Q1}, "
            "{id: 2, share: 0.5, production_start: 2030Q1, probability: 0.5}]"
        )
        .replace("id: 1", 'id: "1"')
        .replace("id: 2", 'id: "2"')
    )
    plants = (plant("A", f", probability: 0.6, {parts}", start=""), plant("B", ", probability: 1, requires: [A]"))
    found = outcomes(compiled(tmp_path, *plants))
    assert within(found["A1"], 0.6)
    assert within(found["A2"], 0.3)
    assert not (found["A2"] & ~found["A1"]).any()
    assert np.array_equal(found["B"], found["A1"])


def test_a_plant_that_closes_takes_away_what_it_made_at_the_origin() -> None:
    """6 bn USD at full output sell 6 * 1.5 * 0.8 / 4 = 1.8 a quarter: from the end on, news is minus its flows then."""
    runs = project("A", start=ORIGIN - 20, production=ORIGIN - 12)
    closes = replace(runs, production_end=judged("investments.A.production_end", ORIGIN + 5))
    intermediates, displaced = (
        flows(plan(group(closes)))[SERIES.index(name)] for name in ("news_intermediates", "news_displacement")
    )
    beyond = [SERIES.index(name) for name in NEWS]
    np.testing.assert_allclose(flows(plan(group(runs)))[beyond], 0.0, atol=1e-12)
    np.testing.assert_allclose(intermediates[0], 0.0, atol=1e-12)
    np.testing.assert_allclose(intermediates[1:], -4 * 1.8 * 0.7 * 0.3, rtol=1e-12)
    np.testing.assert_allclose(displaced[1:], 4 * 1.8 * 0.25, rtol=1e-12)


def test_a_plant_that_closes_within_a_quarter_runs_for_its_part() -> None:
    runs = project("A", start=ORIGIN - 20, production=ORIGIN - 12)
    closes = replace(runs, production_end=judged("investments.A.production_end", ORIGIN + 2.5))
    found = flows(plan(group(closes)))[SERIES.index("news_intermediates")]
    np.testing.assert_allclose(found[0], -2.5 * 1.8 * 0.7 * 0.3, rtol=1e-12)


def test_a_new_plant_sells_until_it_closes(tmp_path: Path) -> None:
    certain = ", probability: 1, slip: 0, scale: 1"
    open_, closed = (flows(compiled(tmp_path, plant("A", certain + more))) for more in ("", ", production_end: 2030Q1"))
    bought = SERIES.index("news_intermediates")
    np.testing.assert_array_equal(open_[:, :4], closed[:, :4])
    np.testing.assert_allclose(closed[bought][4:], 0.0, atol=1e-12)
    assert (open_[bought][4:] > 0).all()


FIRST, SECOND = "{id: a, share: 0.5, production_start: 2028Q1}", "{id: b, share: 0.5, production_start: 2030Q1}"
TIED = (
    plant("A", ", probability: 0.5"),
    plant("B", ", requires: [A, E]"),
    plant("D", ", excludes: [B]", company="D"),
    plant("E", f", phases: [{FIRST}, {SECOND}]", start=""),
)
CUT = "{id: p, company: C, probability: 0.7, scale: {distribution: uniform, low: 0.5, high: 1}}"
PROGRAMMES = f"programmes: [{CUT}, {{id: q, members: [B, A], probability: 0.9}}]\n"
TURNED = f"programmes: [{{id: q, members: [A, B], probability: 0.9}}, {CUT}]\n"


def test_order_in_the_file_changes_no_bit(tmp_path: Path) -> None:
    turned = TIED[1].replace("[A, E]", "[E, A]")
    phases = plant("E", f", phases: [{SECOND}, {FIRST}]", start="")
    first = stated(tmp_path, *TIED, tail=PROGRAMMES)
    second = stated(tmp_path, phases, TIED[2], turned, TIED[0], tail=TURNED)
    assert first == second
    assert scenario_digest(first) == scenario_digest(second)


def test_ties_move_no_other_stream(tmp_path: Path) -> None:
    """What is not tied has the same draws, and so has the one that others hang on."""
    free = outcomes(compiled(tmp_path, *(plant(name) for name in "ABDE")))
    tied = outcomes(compiled(tmp_path, *TIED[1:], plant("A")))
    assert np.array_equal(free["A"], tied["A"])
    assert np.array_equal(tied["B"], free["B"] & free["A"] & (tied["Ea"] | tied["Eb"]))
    assert np.array_equal(tied["D"], free["D"] & ~tied["B"])


def test_every_key_survives_a_dump(tmp_path: Path) -> None:
    tail = PROGRAMMES + "correlations:\n  - {between: [investments.A.slip, investments.B.scale], rank: 0.5}\n"
    first = stated(tmp_path, *TIED, plant("F", ", same_fate_as: A, production_end: 2034Q1"), tail=tail)
    path = tmp_path / "again.yaml"
    path.write_text(dump_scenario(first))
    assert load_scenario(path) == first


@pytest.mark.parametrize("key", ["programmes", "correlations", "requires", "phases", "production_end", "same_fate_as"])
def test_a_file_without_the_keys_has_none_in_its_dump(tmp_path: Path, key: str) -> None:
    assert key not in dump_scenario(stated(tmp_path, plant("A")))


def test_an_uncertain_amount_is_drawn_once_for_all_phases() -> None:
    amount = judged("investments.A.amount", Normal(6.0, 0.5))
    halves = [built_later(phase=name, share=0.5, capex=amount) for name in ("one", "two")]
    np.testing.assert_allclose(flows(plan(group(*halves))), flows(plan(group(built_later(capex=amount)))))


def test_the_forms_on_the_page_about_dependencies_load(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "scenarios"
    page = folder.parent / "docs" / "how-to" / "dependencies.md"
    text = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    for path in folder.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "forms.yaml").write_text(text, encoding="utf-8")
    read = load_scenario(tmp_path / "forms.yaml")
    assert len(read.programmes) == len(read.correlations) == 2
    assert compile_plan(read, learned(), vintage()).mixes


DUTY = "tariffs: [{{id: back, sectors: autos, rate: 0.25, from: {start}{more}}}]\n"
CALLED = ", probability: 0.5, when: {tariff: back}"


def test_a_tariff_calls_a_plant_where_it_comes(tmp_path: Path) -> None:
    tail = DUTY.format(start="2027Q1", more=", probability: 0.4")
    made = compiled(tmp_path, plant("A", CALLED), plant("B", ", probability: 0.5"), tail=tail)
    found = outcomes(made)
    comes = Streams(0, 0, N, mixes=made.mixes).uniforms("tariffs.back.happens") < 0.4
    assert within(found["A"], 0.5 * 0.4)
    assert not (found["A"] & ~comes).any()
    assert within(found["A"][comes], 0.5)
    assert within(found["B"], 0.5)
    free = outcomes(compiled(tmp_path, plant("A", ", probability: 0.5"), tail=tail))
    assert np.array_equal(found["A"], free["A"] & comes)


@pytest.mark.parametrize(
    ("start", "more", "built"),
    [("2027Q1", ", until: 2028Q1", 0.0), ("2027Q1", ", until: 2028Q3", 1.0), ("2029Q1", "", 1.0)],
)
def test_a_plant_is_called_while_the_duty_holds(start: str, more: str, built: float, tmp_path: Path) -> None:
    """A building of two years before 2030Q1 begins in 2028Q1, when the first of the duties has just ended."""
    dated = ", construction_start: 2028Q1, probability: 1, when: {tariff: back}"
    made = compiled(tmp_path, plant("A", dated, start="2030Q1"), tail=DUTY.format(start=start, more=more))
    assert outcomes(made, 400)["A"].mean() == built


def test_a_plant_called_by_a_later_duty_waits_for_it_with_its_whole_plan(tmp_path: Path) -> None:
    """Called in 2029Q3, six quarters after it would have begun, it orders six quarters later what it would have."""
    dated = ", construction_start: 2028Q1, probability: 1, slip: 0, scale: 1"
    tail = DUTY.format(start="2029Q3", more=", stacks: true")
    plans = [
        compiled(tmp_path, plant("A", dated + more, start="2028Q3"), tail=tail)
        for more in ("", ", when: {tariff: back}")
    ]
    free, late = (capital_goods(replace(made, machinery=machinery())) for made in plans)  # nothing wears out
    first, moved = (flow.mean(axis=1).nonzero()[0] for flow in (free, late))
    assert (first.tolist(), moved.tolist()) == ([2], [3])  # 2028 and 2029 of 2026 to 2031
    assert late.sum(axis=0) == pytest.approx(free.sum(axis=0))


def test_a_tariff_that_is_not_there_calls_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    for text, message in (
        ("when: {tariff: bakc}", 'got text "bakc", expected the id of a tariff of this scenario; did you mean back?'),
        ("when: {tarif: back}", "did you mean tariff?"),
        ("when: back", "expected a mapping with tariff"),
        ("same_fate_as: B, when: {tariff: back}", "got when beside same_fate_as"),
    ):
        plants = plant("A", f", {text}") + plant("B")
        path.write_text(HEAD + plants + DUTY.format(start="2027Q1", more=""))
        done = command("validate", "t.yaml", cwd=tmp_path)
        assert done.returncode == 2
        assert message in done.stdout


def test_a_run_has_the_plant_exactly_where_the_tariff_came(tmp_path: Path) -> None:
    """From the file to the stored draws: without the duty nothing is built, with it the plant alone decides."""
    more = ", probability: 1, slip: 0, when: {tariff: back}"
    scenario = stated(tmp_path, plant("A", more), tail=DUTY.format(start="2027Q1", more=", probability: 0.4"))
    run = run_scenario(scenario, Settings(2_000, 0), out=tmp_path / "results").results
    came, built = ((run.draws[name] != 0).any("year").values for name in ("tariffs", "effect"))
    assert within(came, 0.4)
    assert np.array_equal(came, built)
