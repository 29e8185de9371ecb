"""Runs from the command line: what they print, leave behind, find again and refuse."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from shlex import split
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from commands import command

import forecast
from forecast.dims import FUTURE, NEWS, SERIES
from forecast.engine.simulate import Settings
from forecast.errors import RunError
from forecast.results import run as run_module
from forecast.results.archive import list_results

ROOT = Path(__file__).parents[2]
Ran: TypeAlias = tuple[Path, subprocess.CompletedProcess[str]]

HYUNDAI = str(ROOT / "scenarios" / "hyundai.yaml")
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")


def process(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "forecast", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def folders(out: Path) -> list[Path]:
    return sorted(path.parent for path in out.glob("*/*/manifest.json"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run of two scenarios, picture and all, from a folder that is not the project's."""
    cwd = tmp_path_factory.mktemp("anywhere")
    return cwd, process("run", HYUNDAI, BASELINE, "--draws", "4000", cwd=cwd)


def test_a_run_prints_tables_and_one_plain_sentence(ran: Ran) -> None:
    _, done = ran
    assert done.returncode == 0
    assert all(re.search(r": [\d,]+ of 4,000 draws after ", line) for line in done.stderr.splitlines()), done.stderr
    assert "Korean customs basis" in done.stdout
    words = " ".join(done.stdout.split())
    assert "With the announcements, against the same world without them, Korea's goods surplus" in words
    assert "Without new investment the surplus itself would be" in words
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_run_leaves_its_folder(ran: Ran) -> None:
    cwd, _ = ran
    _, hyundai = folders(cwd / "results")
    assert sorted(path.name for path in hyundai.iterdir()) == [
        "draws.nc", "fan.png", "manifest.json", "quarters.csv", "scenario.yaml", "summary.csv",
    ]  # fmt: skip
    manifest = json.loads((hyundai / "manifest.json").read_text())
    assert manifest["digest"] == hyundai.name
    assert (manifest["n_draws"], manifest["n_failed"], manifest["seed"]) == (4000, 0, 0)
    assert {"data", "posterior", "code", "installed_base"} == set(manifest["digests"])
    assert str(cwd) not in json.dumps(manifest)
    assert not list((cwd / "results").glob("*/.*"))


def test_results_open_with_plain_pandas_and_xarray(ran: Ran) -> None:
    cwd, _ = ran
    results = forecast.load_results(cwd / "results" / "hyundai")
    table = pd.read_csv(results.folder / "summary.csv")
    other_book = table["series"] == "us_census_balance"
    assert set(table["basis"][other_book]) == {"us_census"}
    assert set(table["basis"][~other_book]) == {"korea_customs"}
    assert set(table["unit"]) == {"bn USD", "probability"}
    assert set(table["series"]) == {*SERIES, FUTURE}
    pd.testing.assert_frame_equal(table, results.summary)
    with xr.open_dataset(results.folder / "draws.nc") as draws:
        assert dict(draws.sizes) == {"year": 10, "quarter": 8, "draw": 4000}
        assert draws["trade_balance"].attrs == {"units": "bn USD per year", "basis": "korea_customs"}
        mean = draws["trade_balance"].astype(float).mean("draw").to_numpy()
        parts = draws["baseline_balance"] + sum(draws[name] for name in (*NEWS[1:], FUTURE))
        np.testing.assert_allclose(draws["trade_balance"], parts, atol=1e-3)
    stated = table[(table["series"] == "trade_balance") & (table["statistic"] == "mean")]
    np.testing.assert_allclose(stated["value"], mean, atol=1e-2)


def test_quarters_open_with_pandas_and_are_those_of_the_stored_draws(ran: Ran) -> None:
    cwd, _ = ran
    results = forecast.load_results(cwd / "results" / "hyundai")
    table = results.quarters
    assert set(table["basis"]) == {"us_census"}
    assert [*table["quarter"].unique()] == [f"{year}Q{quarter}" for year, quarter in zip(
        [2026, 2026, 2027, 2027, 2027, 2027, 2028, 2028], [3, 4, 1, 2, 3, 4, 1, 2], strict=True
    )]  # fmt: skip
    for series, rows in table.groupby("series"):
        draws = results.draws[f"quarterly_{series}"]
        assert draws.attrs == {"units": "bn USD per quarter", "basis": "us_census"}
        assert [*draws["quarter"].values] == [*table["quarter"].unique()]
        values = rows.pivot(index="quantile", columns="quarter", values="value")
        expected = np.quantile(draws.astype(float), values.index, axis=1)
        np.testing.assert_allclose(values, expected, atol=6e-3)  # printed to a tenth of a standard error of 0.05
    balance = results.draws["quarterly_exports"] - results.draws["quarterly_imports"]
    np.testing.assert_allclose(results.draws["quarterly_trade_balance"], balance, atol=1e-4)


def test_the_stored_scenario_gives_the_same_run(ran: Ran) -> None:
    cwd, _ = ran
    results = forecast.load_results(cwd / "results" / "hyundai")
    again = command("run", str(results.folder / "scenario.yaml"), "--draws", "4000", cwd=cwd)
    assert again.returncode == 0
    assert f"Found in results/hyundai/{results.folder.name}" in again.stdout


def test_the_same_run_is_found_and_force_makes_the_same_bytes(ran: Ran) -> None:
    cwd, first = ran
    found = command("run", HYUNDAI, BASELINE, "--draws", "4000", cwd=cwd)
    assert found.stdout == first.stdout.replace("Stored in", "Found in")
    hyundai = folders(cwd / "results")[1]
    before = {
        name: (hyundai / name).read_bytes()
        for name in ("summary.csv", "quarters.csv", "draws.nc", "fan.png", "scenario.yaml")
    }
    assert command("run", HYUNDAI, "--draws", "4000", "--force", cwd=cwd).returncode == 0
    assert {name: (hyundai / name).read_bytes() for name in before} == before


def test_workers_leave_no_trace_in_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tasks over two workers, of which the last is smaller."""
    monkeypatch.setattr("forecast.engine.simulate.WORTH_WORKERS", 2)
    monkeypatch.setattr("forecast.engine.simulate.BLOCKS_PER_TASK", 1)
    for n_jobs in ("1", "2"):
        arguments = ("--draws", "4300", "--no-plot", "--n-jobs", n_jobs, "--out", n_jobs)
        done = command("run", HYUNDAI, *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    one, two = (folders(tmp_path / n_jobs)[0] for n_jobs in ("1", "2"))
    assert one.name == two.name
    for name in ("summary.csv", "quarters.csv", "draws.nc"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


@pytest.mark.parametrize(
    "change",
    [("--seed", "1"), ("--draws", "500"), ("--prior",), ("-s", "investments.HMG-06.amount=5"), ("-s", "horizon=2030")],
    ids=" ".join,
)
def test_whatever_can_move_a_number_makes_another_run(change: tuple[str, ...], tmp_path: Path) -> None:
    for arguments in ((), change):
        done = command("run", HYUNDAI, "--draws", "400", "--no-plot", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert len(folders(tmp_path / "results")) == 2


def test_list_shows_runs_and_says_when_there_are_none(ran: Ran, tmp_path: Path) -> None:
    cwd, _ = ran
    listed = command("list", cwd=cwd).stdout
    for folder in folders(cwd / "results"):
        assert folder.name in listed
    none = "no runs under results; `forecast run SCENARIO.yaml --out results` makes one\n"
    assert command("list", cwd=tmp_path).stdout == none


def test_the_command_that_a_message_names_makes_a_run_of_the_same_scenario(tmp_path: Path) -> None:
    """It named a scenario that only a file states, or one without what was set on top of it."""
    (tmp_path / "mine.yaml").write_text("name: mine\n", encoding="utf-8")
    for given in ("mine.yaml", "tariff-regimes"):
        done = command("run", given, "-s", "horizon=2027", "--draws", "20", "--no-plot", "--prior", cwd=tmp_path)
        assert done.returncode == 0
        few = forecast.load_results(tmp_path / "results" / Path(given).stem)
        refused = command("budget", str(few.folder.relative_to(tmp_path)), cwd=tmp_path)
        (named,) = re.findall("`forecast (run [^`]*)`", refused.stderr)
        done = command(*split(named), "--draws", "40", cwd=tmp_path)
        assert (done.returncode, "error" in done.stderr) == (0, False)
        runs = [
            forecast.load_results(folder)
            for folder in folders(tmp_path / "results")
            if folder.parent == few.folder.parent
        ]
        assert len(runs) == 2
        for key in ("scenario", "parameters", "horizon"):
            assert runs[0].manifest[key] == runs[1].manifest[key]


REFUSED = [
    (("run", "nowhere.yaml"), "nowhere.yaml"),
    (("run", HYUNDAI, "--draws", "0"), "--draws"),
    (("run", HYUNDAI, "--seed", "-1"), "--seed"),
    (("run", HYUNDAI, "--n-jobs", "0"), "--n-jobs"),
    (("run", HYUNDAI, "-s", "investments.HMG-99.amount=6"), "HMG-99"),
    (("run", HYUNDAI, "-s", "origin=2024Q4"), "2024Q4"),
    (("run", HYUNDAI, "--out", "/proc/nowhere"), "error: /proc/nowhere: cannot be written ("),
    (("history", "--out", "/proc/nowhere"), "error: /proc/nowhere: cannot be written ("),
    (("backtest", "--out", "/proc/nowhere"), "error: /proc/nowhere: cannot be written ("),
    (("runn",), "No such command"),
]


@pytest.mark.parametrize(("arguments", "named"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_bad_input_is_one_message_and_exit_code_2(arguments: tuple[str, ...], named: str, tmp_path: Path) -> None:
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*"))


def test_a_place_that_cannot_be_written_is_named_as_given_before_a_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "simulate", lambda *_: pytest.fail("drew for nothing"))
    file = tmp_path / "file"
    file.touch()
    for out in (file, file / "below"):
        message = rf"^{re.escape(str(out))}: cannot be written \(Not a directory\); choose another folder for runs "
        with pytest.raises(RunError, match=message):
            forecast.run_scenario(forecast.load_scenario(BASELINE), Settings(100), out=out)
    assert [*tmp_path.iterdir()] == [file]


def test_every_problem_of_every_file_is_reported_before_the_first_draw(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\ntitle: T\ndescription: D\nhorizn: 2030\n")
    done = process("run", "one.yaml", HYUNDAI, "two.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "one.yaml:4:1: horizn" in done.stderr
    assert "two.yaml:4:1: horizn" in done.stderr
    assert not (tmp_path / "results").exists()


def test_of_what_is_set_a_run_keeps_what_changes_it(tmp_path: Path) -> None:
    """The last of several, plants of its own, and nothing that others hide or leave out."""
    asked = {
        ("hyundai", "lges-lansing", "--only", "HMG-06", "--only", "LG-03"): [("--only HMG-06",), ()],
        ("hyundai", "--without", "HMG-06", "--without", "HMG-01"): [("--without HMG-01",)],
        ("hyundai", "--without", "HMG-06", "--without", "HMG-06"): [("--without HMG-06",)],
        ("hyundai", "--without", "HMG-06", "-s", "investments.HMG-06.scale=0.5"): [("--without HMG-06",)],
        ("hyundai", "--without", "HMG-06", "-s", "investments.HMG-06={scale: 0.5}"): [("--without HMG-06",)],
        ("hyundai", "-s", "horizon=2031", "-s", "horizon=2035", "-s", " horizon= 2034"): [("horizon=2034",)],
        ("hyundai", "-s", "horizon=2031", "-s", "horizon=2035", "--only", "HMG-01"): [()],
    }
    for words, told in asked.items():
        shutil.rmtree(tmp_path / "results", ignore_errors=True)
        done = command("run", *words, "--draws", "20", "--no-plot", "--n-jobs", "1", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert [run.overrides for run in list_results(tmp_path / "results")] == told
        assert command("verify", "results", "--n-jobs", "1", cwd=tmp_path).stderr == ""
    done = command("run", "hyundai", "-s", "title=Plan #1", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: -s title=Plan #1: got a comment or a second line, expected none" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("nothing", ["horizon=2035", "investments.HMG-06.amount=5.8", "investments.HMG-06.amount=5.80"])
def test_what_is_set_to_what_it_is_is_not_told_of_the_run(nothing: str, tmp_path: Path) -> None:
    """The first run of a scenario kept it, and every later one of the plain scenario was said to have it set."""
    (tmp_path / "two.yaml").write_text("name: two\nmixture:\n- {scenario: hyundai, weight: 1}\n", encoding="utf-8")
    something = "investments.HMG-06.amount=5" if "horizon" in nothing else "horizon=2034"
    for world in ("hyundai", "two.yaml"):
        words = ("run", world, "--draws", "400", "--no-plot", "--n-jobs", "1", "-s", nothing)
        alone, with_another = command(*words, cwd=tmp_path), command(*words, "-s", something, cwd=tmp_path)
        assert (alone.returncode, "Set on the command line" in alone.stdout) == (0, False)
        assert (with_another.returncode, f"Set on the command line: {something}\n" in with_another.stdout) == (0, True)
    told = sorted((run.name, run.overrides) for run in list_results(tmp_path / "results"))
    assert told == [(name, words) for name in ("hyundai", "two") for words in ((), (something,))]


def test_an_interrupted_run_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    """Once it draws: the first it does then is to say so here."""
    code = (
        "import sys, forecast.cli; from forecast.results import run;"
        "simulate = run.simulate;"
        "run.simulate = lambda *given, **named: (print('drawing', flush=True), simulate(*given, **named))[1];"
        f"sys.argv = ['forecast', 'run', {HYUNDAI!r}, '--draws', '3000000', '--n-jobs', '1'];"
        "forecast.cli.main()"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "drawing\n"
    os.kill(running.pid, signal.SIGINT)
    _, message = running.communicate(timeout=60)
    assert running.returncode == 130
    assert message.strip() == "stopped: nothing was stored"
    assert not folders(tmp_path / "results")


def test_a_run_needs_neither_pymc_nor_labelled_tables(tmp_path: Path) -> None:
    """PyMC costs seconds to import, pandas and xarray one each, special functions a tenth of one."""
    code = (
        "import sys; from forecast.cli import cli;"
        f"cli.main(['run', {HYUNDAI!r}, '--draws', '100'], standalone_mode=False);"
        "print(sorted({'pymc', 'arviz', 'pandas', 'xarray', 'scipy.special', 'nutpie'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, forecast.cli; print('numpy' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
