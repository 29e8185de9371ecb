"""Stored runs told apart: what was set on top of a file, and which run is meant where there are several."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

import forecast
from forecast.analysis.comparison import demand_pairs
from forecast.cli import cli
from forecast.cli.references import stored_run
from forecast.engine.simulate import KEEP_DRAWS, Settings
from forecast.errors import RunError
from forecast.report.comparison import attribution_table, comparison_table, comparison_words
from forecast.report.page import report
from forecast.report.table import show
from forecast.results.archive import list_results, load_results, told_apart
from forecast.results.results import Results

SCENARIOS = Path(__file__).parents[2] / "scenarios"
OVERRIDE = "investments.HMG-06.amount=1"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one scenario, the newer one a trial, and one of another."""
    folder = tmp_path_factory.mktemp("results")
    made(folder, "hyundai", 400)
    made(folder, "hyundai", 20, OVERRIDE)
    made(folder, "baseline", 400)
    return folder


def made(out: Path, name: str, n_draws: int, *overrides: str) -> Results:
    scenario = forecast.load_scenario(SCENARIOS / f"{name}.yaml", overrides)
    return forecast.run_scenario(scenario, Settings(n_draws), out=out).results


def test_a_run_keeps_what_was_set_on_top_of_its_file(out: Path) -> None:
    runs = list_results(out)
    assert {(run.name, run.statistics.n_draws, run.overrides) for run in runs} == {
        ("baseline", 400, ()), ("hyundai", 400, ()), ("hyundai", 20, (OVERRIDE,)),
    }  # fmt: skip
    trial = next(run for run in runs if run.overrides)
    stated = forecast.run_scenario(forecast.load_scenario(trial.folder / "scenario.yaml"), Settings(20), out=out)
    assert stated.found  # the same numbers are the same run, whichever way they were stated
    assert stated.results.overrides == (OVERRIDE,)


def test_a_folder_of_several_runs_is_refused_and_they_are_listed(out: Path) -> None:
    assert load_results(out / "baseline") == load_results(load_results(out / "baseline").folder)
    with pytest.raises(RunError) as refused:
        load_results(out / "hyundai")
    head, *listed = str(refused.value).splitlines()
    assert head == f"{out / 'hyundai'}: got a folder of 2 runs, expected that of one of them:"
    for run in (run for run in list_results(out) if run.name == "hyundai"):
        (line,) = (line for line in listed if f"{run.folder}: " in line)
        assert f"draws {run.statistics.n_draws}, seed 0, posterior" in line
        assert (OVERRIDE in line) == bool(run.overrides)


@pytest.mark.parametrize("arguments", [("report",), ("budget",), ("ledger", "add")])
def test_every_command_refuses_it(arguments: tuple[str, ...], out: Path) -> None:
    done = CliRunner().invoke(cli, [*arguments, str(out / "hyundai")])
    assert isinstance(done.exception, RunError)
    assert "got a folder of 2 runs" in str(done.exception)


def test_a_scenario_stands_for_its_run_at_default_settings(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial that is newer changes nothing."""
    asked: list[Any] = []

    def found_or_made(world: Any, settings: Settings = Settings(), **options: Any) -> Any:
        asked.append((world.name, settings.n_draws, settings.seed, world.overrides, options["out"]))
        return load_results(out / "baseline")

    monkeypatch.setattr("forecast.results.run.found_or_made", found_or_made)
    monkeypatch.chdir(tmp_path)
    stored_run("hyundai", out)
    (tmp_path / "mine.yaml").write_text("name: mine\n")
    stored_run("mine.yaml", out)
    assert asked == [(name, 20_000, 0, (), out) for name in ("hyundai", "mine")]
    forecast.run_scenario(forecast.load_scenario(tmp_path / "mine.yaml"), Settings(20), out=out)
    try:
        assert stored_run("mine", out).name == "mine"  # no file and no shipped scenario: the folder of its runs
    finally:
        shutil.rmtree(out / "mine")
    assert len(asked) == 2


def test_pages_and_tables_say_what_was_set(out: Path) -> None:
    whole, trial = sorted((run for run in list_results(out) if run.name == "hyundai"), key=lambda run: run.overrides)
    assert f"{trial.title} ({OVERRIDE})".replace("'", "&#39;") in report([trial])
    assert OVERRIDE not in report([whole])
    listed = CliRunner().invoke(cli, ["list", "--out", str(out)]).output
    (row,) = (line for line in listed.splitlines() if OVERRIDE in line)
    assert trial.folder.name in row
    alone = (
        CliRunner().invoke(cli, ["run", "baseline", "--draws", "20", "--no-plot", "--out", str(out / "more")]).output
    )
    assert "Set on the command line" not in alone
    again = ["run", "baseline", "--draws", "20", "--no-plot", "--out", str(out / "more"), "-s", "horizon=2030"]
    assert "\nSet on the command line: horizon=2030\nStored in " in CliRunner().invoke(cli, again).output


def test_the_remedy_of_runs_that_are_no_pairs_takes_the_larger(out: Path) -> None:
    whole, trial = sorted((run for run in list_results(out) if run.name == "hyundai"), key=lambda run: run.overrides)
    names = [f"hyundai {OVERRIDE}", "hyundai"]
    for runs, found in (((trial, whole), names), ((whole, trial), names[::-1])):
        with pytest.raises(RunError) as refused:
            demand_pairs(*runs)
        assert str(refused.value).startswith(f"{' and '.join(found)} cannot be paired: got n_draws ")
        assert str(refused.value).endswith("; run both anew with `forecast run FILE… --draws 400 --seed 0`")
    prior = Results(trial.folder, {**trial.manifest, "parameters": "prior"})
    with pytest.raises(RunError, match=r"--draws 400 --seed 0`, or both with --prior$"):
        demand_pairs(whole, prior)
    with pytest.raises(RunError, match=r"--draws 400 --seed 0 --prior`$"):
        demand_pairs(Results(whole.folder, {**whole.manifest, "parameters": "prior"}), prior)
    many = Results(trial.folder, {**trial.manifest, "n_draws": 10 * KEEP_DRAWS})
    with pytest.raises(RunError, match=f"--draws {KEEP_DRAWS} --seed 0`$"):  # more are not kept to pair
        demand_pairs(whole, many)


def test_scenarios_of_one_name_are_told_apart_in_every_table(out: Path) -> None:
    scenarios = [forecast.load_scenario(SCENARIOS / "hyundai.yaml", given) for given in ((), (OVERRIDE,))]
    compared = forecast.compare(*scenarios, Settings(400), out=out / "more")
    attribution = forecast.attribute(*scenarios, Settings(400))
    names = [f"hyundai {OVERRIDE}", "hyundai"]
    assert list(compared.names) == names
    runs = compared.alternative, compared.reference
    long = Results(runs[0].folder, {**runs[0].manifest, "overrides": ["a.b=" + 60 * "1"]})
    assert told_apart([long, runs[1]], ["h", "h"]) == [f"h ({runs[0].folder.name})", "h"]
    assert told_apart([runs[1], runs[1]], ["h", "h"]) == [f"h ({runs[1].folder.name})"] * 2
    shown = (comparison_table(compared), attribution_table(compared, attribution, 2035), comparison_words(compared))
    for part in shown:
        console = Console(width=200, file=StringIO(), record=True)
        show(console, part)
        text = console.export_text()
        assert all(name in text for name in names)
    other = forecast.load_scenario(SCENARIOS / "baseline.yaml")
    assert forecast.compare(other, scenarios[0], Settings(400), out=out / "more").names == ("hyundai", "baseline")
