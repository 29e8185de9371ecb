"""Dates and sizes of plants: planned, called by a duty, late, and whether they run at the origin, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plans import ORIGIN, REALISATION, duty, group, judged, plan, project

from forecast.engine.announcements import Announcements, planned_dates
from forecast.engine.block import block_inputs
from forecast.engine.compile import Compiler
from forecast.engine.inputs import Stated, Values
from forecast.engine.plan import Cut, Plan, Project, Tie
from forecast.engine.plants import Timeline, timeline
from forecast.scenario.scenario import load_scenario
from forecast.stats.distributions import Discrete, Uniform
from forecast.stats.streams import Streams

STREAMS = Streams(9, 0, 400)


def dates(made: Project) -> tuple[Values, Values]:
    return planned_dates(block_inputs(plan(group(made)), STREAMS), made)


def test_a_date_that_is_not_stated_lies_a_building_time_from_the_other() -> None:
    stated = project("A", start=ORIGIN + 1, production=ORIGIN + 5)
    assert dates(stated) == (ORIGIN + 1, ORIGIN + 5)
    assert dates(replace(stated, production_start=None)) == (ORIGIN + 1, ORIGIN + 9)
    assert dates(replace(stated, construction_start=None)) == (ORIGIN - 3, ORIGIN + 5)
    late = replace(stated, construction_start=None, announced=ORIGIN - 1.5)
    assert dates(late) == (ORIGIN - 1.5, ORIGIN + 5)


@pytest.mark.parametrize(("called", "wait"), [(ORIGIN - 3, 0.0), (ORIGIN + 1, 0.0), (ORIGIN + 3.5, 2.5)])
def test_both_dates_wait_for_the_duty_that_calls_a_plant(called: float, wait: float) -> None:
    tied = replace(project("A"), tie=Tie(when=duty(0.25, start=called)))
    assert dates(tied) == (ORIGIN + 1 + wait, ORIGIN + 5 + wait)


def test_a_duty_at_an_uncertain_date_moves_a_plant_in_the_draws_in_which_it_is_later() -> None:
    calling = replace(duty(0.25), start=judged("tariffs.a.from", Uniform(ORIGIN - 1.0, ORIGIN + 5.0)))
    start, production = dates(replace(project("A"), tie=Tie(when=calling)))
    later = np.maximum(6.0 * STREAMS.uniforms("tariffs.a.from") - 2.0, 0.0)
    np.testing.assert_allclose(start, ORIGIN + 1 + later, rtol=1e-15)
    np.testing.assert_allclose(production, ORIGIN + 5 + later, rtol=1e-15)


def lived(made: Project, **rows: np.ndarray) -> Timeline:
    whole = replace(plan(), groups=(group(made),))
    whole = replace(whole, rows={**whole.rows, "realisation": REALISATION | rows})
    inputs = block_inputs(whole, STREAMS)
    return timeline(inputs, Announcements(whole, inputs), made)


def test_production_waits_for_its_delay_and_at_least_a_quarter_of_building() -> None:
    early = lived(project("A", start=ORIGIN + 4, production=ORIGIN + 4, slip=0.5))
    assert (early.start, early.slip, float(np.max(early.production))) == (ORIGIN + 4, 0.5, ORIGIN + 5)
    assert float(np.max(lived(project("A", slip=1.25)).production)) == ORIGIN + 6.25
    bought = replace(project("A", start=ORIGIN + 4, production=ORIGIN + 2, slip=0.5), standing=judged("s", 3.0))
    assert lived(bought).production == ORIGIN + 2.5


def test_fate_that_was_learned_is_drawn_from_the_column_of_kind_and_sector() -> None:
    """From the second of two pairs of kind and sector; of the amount a share, of which programmes leave a part."""
    rows = {
        "hazard": np.array([[0.0], [0.3]]),
        "delay_scale": np.array([[1.0], [3.0]]),
        "revision_spread": np.array([[0.1], [0.4]]),
        "delay_shape": np.full(1, 2.0),
        "late": np.full(1, 0.4),
        "revised": np.full(1, 0.6),
    }
    cuts = tuple(
        Cut(f"programmes.{name}", None, judged(f"programmes.{name}.scale", scale))
        for name, scale in (("x", 0.5), ("y", 0.8))
    )
    made = replace(
        project("A", production=ORIGIN + 11), probability=None, slip=None, scale=None, outlook=1, share=0.7,
        tie=Tie(cuts=(*cuts, Cut("programmes.z", None, None))),
    )  # fmt: skip
    found = lived(made, **rows)
    u = {name: STREAMS.uniforms(f"investments.A.{name}") for name in ("realised", "slip", "scale")}
    np.testing.assert_array_equal(found.realised, u["realised"] < np.exp(-0.3 * 10 / 4))
    late = np.maximum(u["slip"] - 0.6, 0.0) / 0.4
    delay = np.where(u["slip"] > 0.6, 2 / 3 + 3.0 * np.sqrt(-np.log1p(-late)), 0.0)
    np.testing.assert_allclose(found.slip, delay, rtol=1e-12)
    np.testing.assert_allclose(found.production, ORIGIN + 11 + delay, rtol=1e-12)
    kept = (u["scale"] > 0.3) & (u["scale"] < 0.7)
    assert kept.any()
    np.testing.assert_allclose(np.asarray(found.scale)[kept], 0.7 * 0.5 * 0.8, rtol=1e-12)
    rises = u["scale"] >= 0.7
    assert (np.asarray(found.scale)[rises] >= 0.28).all()
    assert (np.asarray(found.scale)[u["scale"] <= 0.3] <= 0.28).all()


def test_a_programme_a_part_and_a_duty_have_to_come_too() -> None:
    cut = Cut("programmes.x", judged("programmes.x.probability", 0.5), None)
    calling = replace(duty(0.25, probability=0.6, until=ORIGIN + 9), happens="tariffs.a.happens")
    made = replace(
        project("A", probability=0.7), tie=Tie(cuts=(cut,), when=calling), chance=judged("c", 0.8), phase="two"
    )
    expected = np.ones(400, dtype=bool)
    for stream, chance in {
        "investments.A.realised": 0.7,
        "programmes.x.realised": 0.5,
        "tariffs.a.happens": 0.6,
        "investments.A.phases.two.realised": 0.8,
    }.items():
        expected &= STREAMS.uniforms(stream) < chance
    np.testing.assert_array_equal(lived(made).realised, expected)
    assert 0 < expected.sum() < 200


PLANT = """\
name: p
investments:
  - {{id: A, company: C, project: p, sector: autos, kind: {kind}, amount: 2, announced: 2020-01,
     {dates}}}
"""


def runs(folder: Path, kind: str, dates: str, first: Discrete | None = None) -> bool:
    """Whether a plant is taken to run, at an origin of 2026Q2."""
    file = folder / "p.yaml"
    file.write_text(PLANT.format(kind=kind, dates=dates), encoding="utf-8")
    (investment,) = load_scenario(file).investments
    if first is not None:
        investment = replace(investment, production_start=first)
    compiler = Compiler(load_scenario(file), 4 * 2026 + 1, None, {}, {}, {})  # type: ignore[arg-type]
    (made,) = compiler._parts(investment)
    return isinstance(made.probability, Stated)


def test_a_plant_runs_that_starts_by_the_end_of_the_origin_for_all_but_sure(tmp_path: Path) -> None:
    for date, expected in (("2026Q2", True), ("2026-07-01", True), ("2026-07-02", False), ("2026Q4", False)):
        assert runs(tmp_path, "greenfield", f"production_start: {date}") == expected
    now, later = 4 * 2026 + 2.0, 4 * 2027.0
    for rest, expected in ((0.96e-9, True), (1.04e-9, False)):
        seldom = Discrete((now, later), (1 - rest, rest))
        assert runs(tmp_path, "greenfield", "production_start: 2026Q2", seldom) == expected
    assert runs(tmp_path, "acquisition", "new_capex: 1")
    assert not runs(tmp_path, "greenfield", "construction_start: 2020Q1")


def test_plans_of_the_same_name_have_the_same_fate() -> None:
    """The draws of a plant hang on its id alone, whatever group it is in and whatever else there is."""
    one: Plan = plan(group(project("A", probability=0.5)))
    two: Plan = plan(group(project("B", probability=0.5)), group(project("A", probability=0.5)))
    found = [
        Announcements(made, block_inputs(made, STREAMS)).realised(made.groups[-1].projects[0], ORIGIN + 5.0)
        for made in (one, two)
    ]
    np.testing.assert_array_equal(found[0], found[1])
