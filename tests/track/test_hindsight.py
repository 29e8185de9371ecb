"""What becomes of assumptions once facts are known, on tables made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from handmade import write_tables

from forecast.quarters import parse_time
from forecast.scenario.investments import Investment
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.stats.distributions import Constant, Uniform
from forecast.track.evaluation import hindsight, span_distribution

DAY = "2025-04-11"
PLANT = """
  - id: {name}
    company: C
    project: Plant {name}
    sector: batteries
    kind: greenfield
    amount: 4
    announced: 2024-05
    {dates}
"""


def scenario(tmp_path: Path, *names: str, dates: str = "production_start: 2026Q1") -> Scenario:
    plants = "".join(PLANT.format(name=name, dates=dates) for name in names)
    path = tmp_path / "s.yaml"
    path.write_text(f"name: s\nas_of: {DAY}\ninvestments:{plants}")
    return load_scenario(path)


def settled(tmp_path: Path, stage: str, state_date: str, slip: dict[str, str] | None = None, **keys: str) -> Investment:
    """Plant A after the tables tell what became of it."""
    slips = {} if slip is None else {"A": {"vintage": state_date, "latest_start_text": "told", **slip}}
    folder = write_tables(tmp_path, {"A": {"stage": stage, "state_date": state_date}}, slips)
    return hindsight(scenario(tmp_path, "A", **keys), DAY, folder).world.investments[0]


def test_a_cancelled_plant_gets_probability_zero(tmp_path: Path) -> None:
    known = settled(tmp_path, "cancelled", "2025-09")
    assert known.probability == Constant(0.0)
    assert known.production_start == Constant(parse_time("2026Q1"))


def test_a_plant_that_started_is_certain_at_its_date_and_not_late(tmp_path: Path) -> None:
    known = settled(tmp_path, "operating", "2025-12-11", {"latest_start": "2025-08", "started": "yes"})
    assert (known.probability, known.slip) == (Constant(1.0), Constant(0.0))
    assert known.production_start == Uniform(parse_time("2025-08"), parse_time("2025-09"))


def test_a_plant_that_runs_without_a_date_told_is_certain(tmp_path: Path) -> None:
    known = settled(tmp_path, "operating", "2025-12-11")
    assert (known.probability, known.slip) == (Constant(1.0), None)
    assert known.production_start == Constant(parse_time("2026Q1"))


def test_a_delayed_plant_gets_its_latest_date_and_keeps_its_chances(tmp_path: Path) -> None:
    known = settled(tmp_path, "delayed", "2025-09-12", {"latest_start": "2026-H2", "started": "no"})
    assert (known.probability, known.slip) == (None, None)
    assert known.production_start == Uniform(parse_time("2026Q3"), parse_time("2027Q1"))


@pytest.mark.parametrize("date", ["2025-04-11", "2025-04", "2025", "2024-12", ""])
def test_what_was_known_on_the_day_is_no_news(date: str, tmp_path: Path) -> None:
    assert settled(tmp_path, "cancelled", date).probability is None


def test_a_construction_start_that_the_facts_rule_out_is_dropped(tmp_path: Path) -> None:
    dates = "construction_start: {0}\n    production_start: 2028Q1"
    slip = {"latest_start": "2026Q1", "started": "yes"}
    for start, kept in (("2026Q1", False), ("2025Q4", True), ("{earliest: 2024Q1, latest: 2026Q1}", False)):
        known = settled(tmp_path / f"{start[:6]}", "operating", "2026-02", slip, dates=dates.format(start))
        assert (known.construction_start is not None) is kept, start


def test_it_says_what_it_changed_and_what_it_left(tmp_path: Path) -> None:
    folder = write_tables(
        tmp_path,
        {
            "A": {"stage": "cancelled", "state_date": "2025-09"},
            "B": {"stage": "under_construction", "state_date": "2025-09"},
        },
        {},
    )
    assumed = scenario(tmp_path, "A", "B", "C-not-in-the-table")
    known = hindsight(assumed, DAY, folder)
    assert known.changed == {"A": "cancelled"}
    assert known.open == ("B", "C-not-in-the-table")
    assert known.world.investments[1:] == assumed.investments[1:]


def test_assumptions_that_came_true_are_not_changed(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, {"A": {"stage": "operating", "state_date": "2025-09"}}, {})
    assumed = scenario(tmp_path, "A", dates="production_start: 2025Q3\n    probability: 1")
    assert hindsight(assumed, DAY, folder).world == assumed
    assert hindsight(assumed, DAY, folder).changed == {}


def test_shipped_tables_tell_of_shipped_scenarios() -> None:
    """On 11 April 2025 the Taylor fab was to start in 2026; that it slipped was told in September."""
    assumed = load_scenario(Path(__file__).parents[2] / "scenarios" / "announced.yaml")
    known = hindsight(assumed, DAY)
    assert known.changed["SS-01"] == "delayed, start 2026-end/2027 expected"
    assert hindsight(assumed, "2026-11-24").changed == {}


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [("2026", "2026Q1", "2027Q1"), ("2026-H2", "2026Q3", "2027Q1"), ("2026Q4", "2026Q4", "2027Q1"),
     ("2025-12", "2025-12", "2026-01")],
)  # fmt: skip
def test_a_date_stands_for_the_span_it_names(text: str, first: str, end: str) -> None:
    assert span_distribution(text) == Uniform(parse_time(first), parse_time(end))


def test_a_fate_that_is_told_hangs_on_nothing_and_leaves_its_programme(tmp_path: Path) -> None:
    """A came true and B is open: B still needs A, and the programme may still cut B."""
    path = tmp_path / "s.yaml"
    plants = "".join(PLANT.format(name=name, dates="production_start: 2026Q1") for name in "AB")
    tied = plants.replace("project: Plant A", "project: Plant A\n    excludes: [B]\n    when: {tariff: back}")
    path.write_text(
        f"name: s\nas_of: {DAY}\ninvestments:{tied}\nprogrammes: [{{id: p, company: C, probability: 0.5}}]\n"
        "tariffs: [{id: back, sectors: batteries, rate: 0.25, from: 2025Q3, probability: 0.5}]\n"
    )
    facts = {"A": {"stage": "operating", "state_date": "2025-12-11"}, "B": {"stage": "planned"}}
    folder = write_tables(tmp_path, facts, {})
    known = hindsight(load_scenario(path), DAY, folder).world
    first, second = known.investments
    assert (first.probability, first.excludes, first.when) == (Constant(1.0), (), None)
    assert second.probability is None
    assert [programme.members for programme in known.programmes] == [("B",)]
