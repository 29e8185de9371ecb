"""Announcements known: a list with filters, one whole, a scenario to start from one, and plants chosen by their ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import command

from forecast.errors import RunError
from forecast.observations.announcements import announcements
from forecast.observations.tables import read_table
from forecast.scenario.library import chosen, shipped_entry
from forecast.scenario.mixture import any_digest, load_mixture
from forecast.scenario.own import row_faults
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.scenario.selection import chosen_plants, drawn_anew
from forecast.scenario.validation import examined
from forecast.storage.documents import shipped_folder


def ids(world: Scenario) -> list[str]:
    return [item.id for item in world.investments]


def test_a_state_reported_later_is_the_latest() -> None:
    row = next(row for row in announcements() if row.id == "SS-03")
    assert (row.latest.stage, row.latest.date) == ("operating", "2026-02-11")
    assert [report.stage for report in row.reports if report.stage] == ["under_construction", "operating"]


def test_every_report_is_of_an_announcement_and_has_a_source() -> None:
    known = {row.id: row for row in announcements()}
    for report in read_table("reports"):
        assert report["source"] in {item.source for item in known[report["announcement_id"]].reports}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"company": "sk hynix"}, ["SK-07", "SK-08"]),
        ({"state": "Louisiana"}, ["HMG-06", "HMG-07", "GOV-03"]),
        ({"state": "nj"}, ["CE-01", "CE-02"]),
        ({"sector": "batteries", "status": "paused"}, ["LG-04", "LG-05"]),
    ],
)
def test_filters(filters: dict[str, str], expected: list[str]) -> None:
    assert [row.id for row in chosen(**filters)] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--state", "Gorgia"], "did you mean Georgia?"),
        (["--sector", "battery"], "did you mean batteries?"),
        (["--status", "halted"], "accepted: cancelled, completed, delayed, operating, paused, planned"),
        (["--company", "Nobody"], "got --company Nobody, which no announcement meets"),
        (["SK-7"], "did you mean SK-07?"),
        (["SK-07", "--state", "IN"], "a filter is of the list"),
    ],
)
def test_what_is_not_known_is_named(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = command("announcements", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


@pytest.mark.parametrize(("language", "words"), [("en", "delayed"), ("ko", "지연")])
def test_one_is_shown_whole_with_every_report_and_its_source(language: str, words: str, tmp_path: Path) -> None:
    done = command("announcements", "SS-01", "--language", language, cwd=tmp_path)
    row = next(row for row in announcements() if row.id == "SS-01")
    shown = "".join(done.stdout.split())
    assert len(row.reports) == 4
    assert all(report.source in shown for report in row.reports)
    assert words in shown
    assert "forecastnew--fromSS-01" in shown


def test_a_scenario_starts_from_an_announcement_as_the_shipped_one_states_it(tmp_path: Path) -> None:
    assert command("new", "--from", "SK-07", cwd=tmp_path).returncode == 0
    found = examined(tmp_path / "sk-07.yaml")
    assert found.remarks == ()
    assert found.scenario is not None
    (plant,) = found.scenario.investments
    assert plant == next(item for item in load_scenario("announced").investments if item.id == "SK-07")
    assert "judgement: it packages dies from Korean fabs" in (tmp_path / "sk-07.yaml").read_text(encoding="utf-8")


def test_every_announcement_with_an_amount_and_a_date_is_a_valid_start(tmp_path: Path) -> None:
    for row in announcements():
        done = command("new", row.id.lower(), "--from", row.id, cwd=tmp_path)
        if row.kind == "pledge" or row.amount is None or row.announced is None:
            assert done.returncode == 2
            assert "Traceback" not in done.stderr
            assert not (tmp_path / f"{row.id.lower()}.yaml").exists()
        else:
            assert examined(tmp_path / f"{row.id.lower()}.yaml").problems == ()


def test_a_part_of_a_plan_starts_without_its_umbrella(tmp_path: Path) -> None:
    command("new", "mill", "--from", "HMG-06", cwd=tmp_path)
    (mill,) = load_scenario(tmp_path / "mill.yaml").investments
    assert (mill.id, mill.part_of) == ("HMG-06", None)


MINE = """\
name: mine
extends: baseline
investments:
  - {{id: X-1, company: {company}, project: Packaging, sector: semiconductors, kind: greenfield, amount: {amount},
     announced: 2024-04, production_start: 2028Q4{more}}}
"""


@pytest.mark.parametrize(
    ("company", "amount", "more", "remarked"),
    [
        ("SK hynix", 3.9, "", True),
        ("SK hynix", 3.9, ", overrides: {purchases_per_output: 0.6, korean_share: 0.9}", False),
        ("SK hynix", 12, "", False),
        ("SK On", 3.9, "", False),
    ],
)
def test_a_plant_that_looks_like_a_known_one(
    company: str, amount: float, more: str, remarked: bool, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(MINE.format(company=company, amount=amount, more=more), encoding="utf-8")
    done = command("validate", "mine.yaml", "--json", cwd=tmp_path)
    messages = [item["message"] for item in json.loads(done.stdout)["files"][0]["problems"]]
    assert any("looks like SK-07" in message and "`forecast new --from SK-07`" in message for message in messages) == (
        remarked
    )


def test_no_shipped_scenario_looks_like_another() -> None:
    for path in shipped_folder().glob("*.yaml"):
        assert [remark for remark in examined(path).remarks if "looks like" in remark.message] == []


def test_only_and_without_divide_the_plants() -> None:
    announced = load_scenario("announced")
    (some,), (rest,) = (
        chosen_plants([announced], *pair) for pair in ((["SK-07", "HMG-03"], []), ([], ["SK-07", "HMG-03"]))
    )
    assert isinstance(some, Scenario)
    assert isinstance(rest, Scenario)
    assert ids(some) == ["HMG-03", "SK-07"]
    assert sorted(ids(some) + ids(rest)) == ids(announced)
    assert some.overrides == ("--only HMG-03", "--only SK-07")


def test_a_pledge_stands_for_its_parts_and_goes_with_the_last() -> None:
    plan = load_scenario("hyundai")
    (part,) = chosen_plants([plan], ["HMG-06"], [])
    (none,) = chosen_plants([plan], [], ["HMG-01"])
    assert isinstance(part, Scenario)
    assert isinstance(none, Scenario)
    assert ids(part) == ["HMG-01", "HMG-06"]
    assert ids(none) == []


def test_what_hangs_on_a_plant_left_out_is_refused_or_goes_with_it(tmp_path: Path) -> None:
    done = command("run", "announced-dependent", "--only", "CE-02", cwd=tmp_path)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "CE-02: requires names CE-01, left out by --only or --without; choose both" in done.stderr
    (left,) = chosen_plants([load_scenario("announced-dependent")], [], ["SS-05"])
    assert isinstance(left, Scenario)
    assert [len(item.between) for item in left.correlations] == [5]


def test_plants_are_chosen_in_every_branch() -> None:
    mixture = load_mixture("tariff-regimes")
    with pytest.raises(Exception, match="the scenario has none"):
        chosen_plants([mixture], ["SK-07"], [])


def test_the_identity_of_a_run_has_the_choice(tmp_path: Path) -> None:
    done = command("run", "hyundai", "--only", "HMG-06", "--draws", "400", "--no-plot", "--n-jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (manifest,) = [json.loads(path.read_text()) for path in tmp_path.glob("results/hyundai/*/manifest.json")]
    assert (manifest["overrides"], manifest["n_investments"]) == (["--only HMG-06"], 1)
    plan = load_scenario("hyundai")
    (mill,), (rest,) = chosen_plants([plan], ["HMG-06"], []), chosen_plants([plan], [], ["HMG-06"])
    assert manifest["scenario"]["digest"] == any_digest(mill)
    assert len({any_digest(world) for world in (plan, mill, rest)}) == 3


def test_one_scenario_is_compared_with_itself_without_a_plant(tmp_path: Path) -> None:
    done = command("compare", "lges-lansing", "--without", "LG-03", "--draws", "400", "--n-jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    manifests = [json.loads(path.read_text()) for path in tmp_path.glob("results/lges-lansing/*/manifest.json")]
    assert sorted(item["n_investments"] for item in manifests) == [0, 1]


def test_entries_are_read_whole() -> None:
    found = {id: shipped_entry(id) for id in ("HMG-06", "SK-07", "LG-03", "HMG-01-vehicles", "HW-04")}
    assert None not in found.values()
    assert (found["HMG-06"].scenario, found["SK-07"].scenario) == ("hyundai", "announced")


def test_a_plant_both_kept_and_left_out_is_refused_and_a_scenario_without_it_stays_as_it_is() -> None:
    """A second baseline was stored as if `--only HMG-06` had changed it."""
    plan, baseline = load_scenario("hyundai"), load_scenario("baseline")
    with pytest.raises(RunError, match="got HMG-06 by --only and by --without, expected it by one of them"):
        chosen_plants([plan], ["HMG-06"], ["HMG-06"])
    mill, other = chosen_plants([plan, baseline], ["HMG-06"], [])
    assert isinstance(mill, Scenario)
    assert ids(mill) == ["HMG-01", "HMG-06"]
    assert (other, other.overrides) == (baseline, ())


CORRELATED = """\
name: corr
title: One plant and a duty that go together
investments:
  - {id: p, company: A, project: Cells, sector: batteries, kind: greenfield, production_start: 2029Q1,
     amount: {distribution: uniform, low: 1, high: 3}, announced: 2026-09}
tariffs: [{id: duty, sectors: autos, rate: {distribution: uniform, low: 0.1, high: 0.3}, from: 2027Q1}]
correlations: [{between: [investments.p.amount, tariffs.duty.rate], rank: 0.5}]
"""


def test_what_was_correlated_with_a_plant_left_out_is_said_to_be_drawn_anew(tmp_path: Path) -> None:
    """The duty of both runs had other draws, and a difference of the plant alone had its spread."""
    (tmp_path / "corr.yaml").write_text(CORRELATED, encoding="utf-8")
    plan = load_scenario(tmp_path / "corr.yaml")
    assert drawn_anew([plan], chosen_plants([plan], [], ["p"])) == ["tariffs.duty.rate"]
    assert drawn_anew([plan], [plan]) == []
    done = command("run", "corr.yaml", "--without", "p", "--draws", "40", "--no-plot", "--n-jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "tariffs.duty.rate is correlated with an input of a plant that is left out" in done.stderr


def test_a_status_is_not_heard_of_before_the_plant_is_announced() -> None:
    cells = {"id": "X", "company": "A", "project": "P", "sector": "autos", "announced": "2026-10", "sources": "s"}
    assert row_faults(cells | {"status_date": "2026-10"}) == []
    (fault,) = row_faults(cells | {"status_date": "2020-01"})
    assert fault == "status_date: got 2020-01, expected a date after announced, which is 2026-10"
