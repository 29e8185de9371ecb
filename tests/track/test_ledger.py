"""The ledger: what it freezes, refuses and scores; and the split by cause, on forecasts with known answers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import command
from handmade import write_tables

from forecast.cli.references import stored_run
from forecast.engine.compile import compile_plan
from forecast.engine.plan import Plan
from forecast.engine.simulate import Settings
from forecast.errors import LedgerError, RunError, ScenarioError
from forecast.models.posterior import Posterior, current_digests, load_posterior, save_posterior
from forecast.observations.series import quarterly_trade
from forecast.quarters import parse_quarter
from forecast.results.archive import load_results
from forecast.results.results import Results
from forecast.results.run import run_scenario
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.stats.distributions import Constant
from forecast.stats.quantiles import FINE_LEVELS
from forecast.storage.files import digest, json_text, text_bytes
from forecast.track import evaluation as verdict_module
from forecast.track import ledger as ledger_module
from forecast.track.evaluation import SCORES, evaluate, run_again, write_scores
from forecast.track.ledger import ENTRY, POSTERIORS, Entry, add_entry, read_entry, surveyed_entries
from forecast.track.scores import crps
from forecast.track.targets import Target, observed

DAY = "2025-04-11"
PLANT = """
investments:
  - id: A
    company: C
    project: P
    sector: batteries
    kind: greenfield
    amount: 40
    announced: 2025-03
    construction_start: 2025-05
    production_start: 2027Q1
    probability: 1
    slip: 0
    scale: 1
"""
Freeze = Callable[[str], Entry]


@pytest.fixture(scope="module")
def earlier() -> Posterior:
    """The shipped rows, taken for what was learned up to 2024Q4: enough to test what is done with a forecast."""
    seen = current_digests(DAY)["data"]
    return replace(load_posterior(), origin=parse_quarter("2024Q4"), as_of=DAY, data_digest=seen)


def scenario_file(folder: Path, investments: str = "", day: str = f"as_of: {DAY}") -> Path:
    path = folder / "s.yaml"
    path.write_text(f"name: s\n{day}\nhorizon: 2027\nbasis: us_census\n{investments}")
    return path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, earlier: Posterior) -> Callable[[str], Path]:
    """Runs a scenario as of April 2025 once, and adds it to a ledger beside its results."""

    @cache
    def folder_of(investments: str) -> Path:
        folder = tmp_path_factory.mktemp("original")
        scenario = load_scenario(scenario_file(folder, investments))
        run = run_scenario(scenario, Settings(4_000), out=folder / "results", posterior=earlier)
        add_entry(run.results, folder / "ledger", earlier)
        return folder

    return folder_of


@pytest.fixture
def freeze(tmp_path: Path, original: Callable[[str], Path]) -> Freeze:
    """Gives the test a copy of the run and of the entry of a scenario as of April 2025."""

    def frozen(investments: str = "") -> Entry:
        ((entry,), _) = surveyed_entries(original(investments) / "ledger")
        shutil.copytree(original(investments), tmp_path, dirs_exist_ok=True)
        return read_entry(tmp_path / "ledger" / entry.name)

    return frozen


def test_an_entry_freezes_every_number_that_will_be_observed(freeze: Freeze, tmp_path: Path) -> None:
    entry = freeze(PLANT)
    results = load_results(tmp_path / "results" / "s")
    assert entry.name == f"s-{results.manifest['digest']}"
    assert (entry.head["origin"], entry.head["as_of"]) == ("2024Q4", DAY)
    assert len(entry.predictions) == 3 * (8 + 3)
    assert entry.world == load_scenario(results.folder / "scenario.yaml")
    table = results.quarters
    for series, quarter in (("exports", "2025Q1"), ("trade_balance", "2026Q4")):
        rows = table[(table["series"] == series) & (table["quarter"] == quarter)]
        frozen = entry.predictions[Target("us_census", series, quarter)]
        rounding = 0.5e-4 + 0.5e-4  # entries keep four decimals, the table of a run four or more
        assert (np.abs(frozen - rows["value"]) <= np.maximum(rows["standard_error"], rounding)).all()
    annual = np.quantile(results.draws["exports"].sel(year=2027), FINE_LEVELS)
    np.testing.assert_allclose(entry.predictions[Target("us_census", "exports", "2027")], annual, atol=1e-3)


def test_adding_twice_changes_nothing(freeze: Freeze, tmp_path: Path, earlier: Posterior) -> None:
    entry = freeze("")
    before = (entry.folder / ENTRY).read_bytes()
    again, found = add_entry(load_results(tmp_path / "results" / "s"), tmp_path / "ledger", earlier)
    assert found
    assert again == entry
    assert (entry.folder / ENTRY).read_bytes() == before


def test_a_posterior_is_stored_once(freeze: Freeze, original: Callable[[str], Path], earlier: Posterior) -> None:
    one = freeze("")
    other, _ = add_entry(load_results(original(PLANT) / "results" / "s"), one.folder.parent, earlier)
    assert one.folder != other.folder
    assert [path.name for path in (one.folder.parent / POSTERIORS).iterdir()] == [f"{earlier.digest}.nc"]
    assert one.posterior().digest == other.posterior().digest == earlier.digest


@pytest.mark.parametrize("name", ["quantiles.csv", "scenario.yaml", "trade.csv", "manifest.json"])
def test_a_changed_entry_is_refused(name: str, freeze: Freeze, tmp_path: Path) -> None:
    entry = freeze("")
    path = entry.folder / name
    path.write_text(path.read_text().replace("2", "3", 1))
    with pytest.raises(LedgerError, match=f"{name}: was changed"):
        raise surveyed_entries(tmp_path / "ledger")[1][0]


def test_a_changed_head_is_refused_and_another_convention_of_line_ends_is_not(freeze: Freeze, tmp_path: Path) -> None:
    entry = freeze("")
    for path in entry.folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_entry(entry.folder).predictions.keys() == entry.predictions.keys()
    head = json.loads((entry.folder / ENTRY).read_text())
    (entry.folder / ENTRY).write_text(json.dumps(head | {"as_of": "2025-01-01"}))
    with pytest.raises(LedgerError, match=r"entry.json: was changed"):
        raise surveyed_entries(tmp_path / "ledger")[1][0]
    (entry.folder / ENTRY).write_text("{}")
    with pytest.raises(LedgerError, match="cannot be read as an entry"):
        raise surveyed_entries(tmp_path / "ledger")[1][0]


@pytest.mark.parametrize("name", [ENTRY, "quantiles.csv", "scenario.yaml", "trade.csv", "manifest.json"])
def test_a_missing_file_of_an_entry_is_named_by_list_score_and_add(
    name: str, freeze: Freeze, tmp_path: Path, earlier: Posterior
) -> None:
    entry = freeze("")
    (entry.folder / name).unlink()
    save_posterior(earlier, tmp_path / "given.nc")
    for arguments in (("list",), ("score",), ("add", "results/s", "--posterior", "given.nc")):
        done = command("ledger", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert f"{entry.name}/{name}: is missing" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("change", ["gone", "cut", "another", "a pipe"])
def test_a_damaged_posterior_is_named_by_list_score_and_add(
    change: str, freeze: Freeze, original: Callable[[str], Path], tmp_path: Path, earlier: Posterior
) -> None:
    entry = freeze("")
    (path,) = (tmp_path / "ledger" / POSTERIORS).iterdir()
    save_posterior(earlier, tmp_path / "given.nc")
    content = path.read_bytes()
    path.unlink()
    if change == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif change == "another":
        save_posterior(replace(earlier, seed=earlier.seed + 1), path)
    elif change == "a pipe":
        os.mkfifo(path)
    shutil.copytree(original(PLANT) / "results" / "s", tmp_path / "plant" / "s")
    for arguments in (("list",), ("score",), ("add", "results/s", "--posterior", "given.nc")):
        done = command("ledger", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert path.name in done.stderr
    if change != "gone":  # a posterior that is lost comes back with the next entry that rests on it
        done = command("ledger", "add", "plant/s", "--posterior", "given.nc", cwd=tmp_path)
        assert done.returncode == 2
        assert len(list((tmp_path / "ledger").glob("s-*"))) == 1
    done = command("verify", "--ledger", "ledger", cwd=tmp_path)
    assert done.returncode == 2
    assert path.name in done.stderr
    assert entry.folder.is_dir()


def test_an_entry_that_another_process_adds_meanwhile_is_found(
    freeze: Freeze, tmp_path: Path, earlier: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = freeze("")
    results, aside = load_results(tmp_path / "results" / "s"), tmp_path / "aside"
    entry.folder.rename(aside)
    write = ledger_module._write_entry

    def overtaken(*arguments: Any) -> None:
        write(*arguments)
        shutil.copytree(aside, entry.folder)

    monkeypatch.setattr(ledger_module, "_write_entry", overtaken)
    again, found = add_entry(results, tmp_path / "ledger", earlier)
    assert (again, found) == (entry, True)
    assert not list((tmp_path / "ledger").glob(".unfinished-*"))


@pytest.mark.parametrize(
    "head", ["", "[]", "null", "[" * 100_000, '{"content": 5}', '{"added": "x"}', "{" + " " * 2**26 + "}"]
)
def test_a_head_that_is_none_is_one_line_and_other_entries_are_listed(
    head: str, freeze: Freeze, tmp_path: Path
) -> None:
    entry, other = freeze(""), freeze(PLANT)
    (entry.folder / ENTRY).write_text(head)
    done = command("ledger", "list", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{entry.name}/entry.json: cannot be read as an entry" in done.stderr
    assert other.name in done.stdout
    assert entry.name not in done.stdout


def test_one_damaged_entry_keeps_no_other_from_its_score(freeze: Freeze, tmp_path: Path) -> None:
    entry, other = freeze(""), freeze(PLANT)
    path = entry.folder / "quantiles.csv"
    path.write_text(path.read_text().replace("2", "3", 1))
    done = command("ledger", "score", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{entry.name}/quantiles.csv: was changed" in done.stderr
    assert f"{other.name}: what was forecast" in " ".join(done.stdout.split())
    scores = pd.read_csv(tmp_path / "ledger" / SCORES)
    assert len(scores) == 21
    assert set(scores["entry"]) == {other.name}


def seal(folder: Path, path: Path) -> None:
    """Give the head of an entry the digest of a file that was changed."""
    content = json.loads((folder / ENTRY).read_text())
    content["files"][path.name] = digest(text_bytes(path))
    content["content"] = ledger_module._content(content)
    (folder / ENTRY).write_text(json_text(content))


@pytest.mark.parametrize("n_draws", [10**12, 0, "400", None])
def test_draws_that_no_frozen_run_has_are_one_line(n_draws: object, freeze: Freeze, tmp_path: Path) -> None:
    path = freeze("").folder / "manifest.json"
    path.write_text(json_text(json.loads(path.read_text()) | {"n_draws": n_draws}))
    seal(path.parent, path)
    done = command("verify", "ledger", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{path.parent.name}/manifest.json: cannot be read (" in done.stderr


@pytest.mark.parametrize("change", ["cells", "levels", "falling", "period", "nan", "nothing"])
def test_quantiles_forged_with_their_digests_are_one_line(change: str, freeze: Freeze, tmp_path: Path) -> None:
    entry, other = freeze(""), freeze(PLANT)
    path = entry.folder / "quantiles.csv"
    head, first, second, *rest = path.read_text().splitlines()
    lines = {
        "cells": [head, first.rpartition(",")[0], second],
        "levels": [head, second],
        "falling": [head, first.rpartition(",")[0] + ",9999", second],
        "period": [head, first.replace(",2", ",x"), second],
        "nan": [head, first.rpartition(",")[0] + ",nan", second],
        "nothing": [""],
    }[change]
    path.write_text("\n".join([*lines, *rest]))
    seal(entry.folder, path)
    done = command("ledger", "list", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{entry.name}/quantiles.csv: cannot be read (" in done.stderr
    assert other.name in done.stdout
    assert command("ledger", "score", cwd=tmp_path).stderr == done.stderr


def test_only_what_can_be_run_again_is_frozen(freeze: Freeze, tmp_path: Path, earlier: Posterior) -> None:
    freeze("")
    results = load_results(tmp_path / "results" / "s")
    ledger = tmp_path / "other"
    with pytest.raises(LedgerError, match="was made with posterior"):
        add_entry(results, ledger, load_posterior())
    for changes, message in (
        ({"quantiles": "sketch"}, "too many to be kept"),
        ({"digests": results.manifest["digests"] | {"data": "0"}}, "other data than are held here"),
    ):
        with pytest.raises(LedgerError, match=message):
            add_entry(Results(results.folder, dict(results.manifest) | changes), ledger, earlier)
    assert not ledger.exists()


def test_an_entry_is_written_whole_or_not_at_all(
    freeze: Freeze, tmp_path: Path, earlier: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = freeze("")
    shutil.rmtree(entry.folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forecast.track.ledger.write_trade", full)
    with pytest.raises(LedgerError, match="No space left"):
        add_entry(load_results(tmp_path / "results" / "s"), tmp_path / "ledger", earlier)
    assert [path.name for path in (tmp_path / "ledger").iterdir()] == [POSTERIORS]
    assert surveyed_entries(tmp_path / "ledger") == ([], [])


def test_outcomes_are_those_of_the_installed_data() -> None:
    trade = quarterly_trade()
    row = parse_quarter("2025Q1") - trade.first_quarter
    balance = trade.exports[row] - trade.imports[row]
    assert observed(Target("us_census", "trade_balance", "2025Q1")) == balance
    assert observed(Target("us_census", "exports", "2099Q1")) is None
    year = trade.exports[row : row + 4].sum()
    assert observed(Target("us_census", "exports", "2025")) == pytest.approx(year, rel=1e-12)
    assert observed(Target("korea_customs", "trade_balance", "2024")) == pytest.approx(55.66508)
    assert observed(Target("korea_customs", "trade_balance", "2025")) == 49.5
    assert observed(Target("korea_customs", "trade_balance", "2026")) is None  # only exports of some months
    assert observed(Target("us_census", "exports", "2026")) is None  # a running year


def test_the_known_part_of_a_run_again_is_the_frozen_run_to_the_last_digit(freeze: Freeze) -> None:
    entry = freeze(PLANT)
    again = run_again(entry, entry.world, entry.posterior())
    assert again.keys() == entry.predictions.keys()
    for target, values in again.items():
        assert np.array_equal(values, entry.predictions[target]), target


def test_assumptions_that_are_true_cost_nothing(freeze: Freeze) -> None:
    found = evaluate(freeze(""))
    assert {score.target.period for score in found.scores} == {
        "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2025",
    }  # fmt: skip
    for score in found.scores:
        assert score.crps_split is not None
        assert score.error_split is not None
        assert (score.crps_split.model, score.crps_split.assumptions, score.crps_split.revision) == (score.crps, 0, 0)
        assert score.error_split.model == score.median - score.outcome
        assert (score.error_split.assumptions, score.error_split.revision) == (0, 0)


def test_all_that_a_cancelled_plant_changed_is_the_assumptions(freeze: Freeze, tmp_path: Path) -> None:
    """With hindsight the forecast is the one without the plant, so the difference to it is what the plant cost."""
    folder = write_tables(tmp_path, {"A": {"stage": "cancelled", "state_date": "2025-09"}}, {})
    without = freeze("").predictions
    found = evaluate(freeze(PLANT), folder=folder)
    assert found.known is not None
    assert found.known.changed == {"A": "cancelled"}
    differences = []
    for score in found.scores:
        model = float(crps(np.array([score.outcome]), without[score.target][None])[0])
        assert score.crps_split is not None
        assert (score.crps_split.model, score.crps_split.revision) == (model, 0)
        assert score.crps_split.assumptions == score.crps - model
        differences.append(abs(score.crps - model))
    assert max(differences) > 0.1


def test_an_outcome_at_the_median_of_a_frozen_forecast(freeze: Freeze, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = freeze("")
    monkeypatch.setattr(verdict_module, "observed", lambda target: float(entry.predictions[target][49]))
    for score in evaluate(entry).scores:
        assert score.pit == pytest.approx(0.5, abs=1e-3)
        assert score.median == score.outcome


def test_what_changed_in_the_tool_is_neither_the_models_part_nor_the_assumptions(
    freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plant with default chances, whose default is another by the time of scoring."""
    plant = PLANT.replace("    probability: 1\n", "")
    entry = freeze(plant)

    def changed(scenario: Scenario, *known: Any, prior: bool) -> Plan:
        never = [replace(investment, probability=Constant(0.0)) for investment in scenario.investments]
        return compile_plan(replace(scenario, investments=tuple(never)), *known, prior=prior)

    monkeypatch.setattr("forecast.engine.compile.compile_plan", changed)
    splits = [score.crps_split for score in evaluate(entry).scores]
    assert all(split is not None and split.assumptions == 0 for split in splits)
    assert any(split is not None and abs(split.revision) > 0.01 for split in splits)


def test_an_entry_whose_posterior_no_longer_fits_the_models_is_scored_and_not_split(
    freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = freeze("")
    monkeypatch.setattr("forecast.models.posterior.TRAILING", {"baseline": {"new": ()}})
    found = evaluate(entry)
    assert "baseline/new: got nothing" in found.obstacle
    assert found.known is None
    assert len(found.scores) == 21
    assert all(score.crps_split is None for score in found.scores)


def test_a_lost_posterior_is_refused(freeze: Freeze) -> None:
    entry = freeze("")
    shutil.rmtree(entry.folder.parent / POSTERIORS)
    with pytest.raises(LedgerError, match="does not exist, but s-"):
        evaluate(entry)


def test_scores_are_written_with_their_parts(freeze: Freeze, tmp_path: Path) -> None:
    found = evaluate(freeze(PLANT))
    table = pd.read_csv(write_scores(tmp_path / "ledger", [found])[0])
    assert len(table) == 21
    assert set(table["unit"]) == {"bn USD"}
    parts = ["model", "assumptions", "revision"]
    for name in ("crps", "error"):
        total = table[[f"{name}_{part}" for part in parts]].sum(axis=1)
        np.testing.assert_allclose(total, table[name], atol=2.5e-4)  # four numbers of four decimals
    np.testing.assert_allclose(table["median"] - table["outcome"], table["error"], atol=1.1e-3)
    inside = (table["pit"] >= 0.1) & (table["pit"] <= 0.9)
    assert (inside == table["inside_80"].astype(bool)).all()


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "results" / "half" / "abc").mkdir(parents=True)
    with pytest.raises(RunError, match=r"got run hyundia, expected .*; did you mean hyundai\?"):
        stored_run("hyundia", tmp_path / "results")
    with pytest.raises(ScenarioError, match="no such file"):
        stored_run("nowhere.yaml", tmp_path / "results")
    with pytest.raises(RunError, match="holds no finished run"):
        stored_run("half", tmp_path / "results")


def test_an_empty_ledger_says_so(tmp_path: Path) -> None:
    listed = command("ledger", "list", cwd=tmp_path)
    assert (listed.returncode, listed.stdout) == (
        0,
        "no entries in ledger; `forecast ledger add RUN --ledger ledger` makes one\n",
    )


def test_a_forecast_of_today_waits(tmp_path: Path) -> None:
    scenario_file(tmp_path, day="")
    assert command("run", "s.yaml", "--draws", "400", "--no-plot", cwd=tmp_path).returncode == 0
    frozen = command("ledger", "add", "s", cwd=tmp_path)
    assert frozen.stdout.startswith("Frozen: ledger/s-")
    assert command("ledger", "add", "results/s", cwd=tmp_path).stdout.startswith("Already in the ledger since 2")
    listed = command("ledger", "list", cwd=tmp_path)
    assert "0 of 24" in listed.stdout
    scored = command("ledger", "score", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    words = " ".join(scored.stdout.split())
    assert "Nothing that was predicted has been observed yet. The first will be 2026Q3" in words
    assert not (tmp_path / "ledger" / SCORES).exists()


def test_a_forecast_of_last_year_is_scored_in_plain_words(tmp_path: Path, earlier: Posterior) -> None:
    scenario_file(tmp_path, PLANT)
    save_posterior(earlier, tmp_path / "earlier.nc")
    learned = ("--posterior", "earlier.nc")
    assert command("run", "s.yaml", "--draws", "400", "--no-plot", *learned, cwd=tmp_path).returncode == 0
    assert command("ledger", "add", "s", *learned, cwd=tmp_path).returncode == 0
    scored = command("ledger", "score", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    words = " ".join(scored.stdout.split())
    assert f"what was forecast on {DAY} from data to 2024Q4" in words
    assert "Of 21 numbers observed so far" in words
    assert "Hindsight changed nothing. Left as assumed: localization" in words
    assert max(map(len, scored.stdout.splitlines())) <= 100
    assert (tmp_path / "ledger" / SCORES).exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("add", "nowhere"), "got run nowhere"),
        (("score", "--ledger", "missing"), "missing: holds no entries"),
        (("score", "--n-jobs", "0"), "--n-jobs"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments: tuple[str, ...], named: str, tmp_path: Path) -> None:
    done = command("ledger", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*"))
