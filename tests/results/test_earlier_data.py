"""A run that was made before its user added data is read, exported and verified; what cannot be is told a way back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from agency_files import IMPORTS, country_rows, shipped, workbook
from stored import folder_of

import forecast
from forecast.models.posterior import SHIPPED

pytestmark = pytest.mark.slow

ALONE = "with an empty FOLDER goes by the shipped data alone"
WAY = f"made with the shipped data, to which you have added some; `forecast --data-dir FOLDER COMMAND` {ALONE}"
AGAIN = "Whole, and the same bytes when run again: "

LEARN = """
from dataclasses import replace
from forecast.models.posterior import SHIPPED, current_digests, frozen_posterior, save_posterior, user_path
save_posterior(replace(frozen_posterior(SHIPPED), data_digest=current_digests()["data"]), user_path())
"""
"""Stands for a fit to the data added, which takes minutes."""


def process(*arguments: str, cwd: Path, place: str = "own") -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, as one remembers the data that it has read."""
    own = {"PYTHONPATH": str(Path(forecast.__file__).parents[1]), "FORECAST_DATA_DIR": str(cwd / place)}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=os.environ | own, capture_output=True, text=True)


def asked(*arguments: str, cwd: Path, place: str = "own") -> subprocess.CompletedProcess[str]:
    """A command, without the lines of progress that come where a machine is busy."""
    done = process("-m", "forecast", *arguments, cwd=cwd, place=place)
    said = [line for line in done.stderr.splitlines(keepends=True) if " draws after " not in line]
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout, "".join(said))


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run at default settings, and data that were added afterwards."""
    cwd = tmp_path_factory.mktemp("earlier")
    for name in ("own", "empty"):
        (cwd / name).mkdir()
    assert asked("run", "hyundai", "--no-plot", cwd=cwd).returncode == 0
    last = max(shipped("trade_monthly", IMPORTS))
    workbook(
        cwd / "country.xlsx",
        country_rows(more={IMPORTS: {last: shipped("trade_monthly", IMPORTS)[last] + 50}}),
    )
    added = asked("data", "add", "country.xlsx", cwd=cwd)
    assert added.returncode == 0, added.stderr
    return cwd


def refused(cwd: Path) -> str:
    (name,) = (place.name for place in (cwd / "own" / "vintages").iterdir())
    return (
        f"no stored parameters know your data up to vintage {name}; run `forecast fit` to make a new one, which takes "
        f"minutes; `forecast --data-dir FOLDER COMMAND` {ALONE}"
    )


def test_what_only_reads_a_run_needs_no_parameters_that_know_the_data(earlier: Path) -> None:
    folder = folder_of(earlier).relative_to(earlier)
    told = f"warning: no stored parameters know the data that there are now; this is {folder}, which was made before; "
    for command in (("report", "hyundai"), ("cite", "hyundai"), ("export", "hyundai", "--out", "x.zip")):
        done = asked(*command, cwd=earlier)
        assert done.returncode == 0, done.stderr
        said = [line for line in done.stderr.splitlines() if line.startswith(("warning", "error"))]
        assert said == [f"{told}`forecast fit` makes some, and takes minutes"]
    by_folder = asked("report", "results/hyundai", cwd=earlier)
    assert by_folder.returncode == 0
    assert "warning" not in by_folder.stderr


def test_a_run_of_earlier_data_is_exported_and_verified_as_it_is_told(earlier: Path) -> None:
    assert asked("export", "results/hyundai", "--out", "then.zip", cwd=earlier).returncode == 0
    places = ("results/hyundai", "then.zip")
    told = asked("verify", *places, cwd=earlier)
    assert told.returncode == 0
    reason = f"to which you have added some; “forecast --data-dir FOLDER verify …” {ALONE}: "
    assert told.stdout.count(f"Whole, but not run again, as it was made with the shipped data, {reason}") == 2
    done = asked("--data-dir", "empty", "verify", *places, cwd=earlier)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{AGAIN}{folder_of(earlier).relative_to(earlier)}\n{AGAIN}then.zip\n"


def test_what_simulates_a_run_again_is_told_the_way_back(earlier: Path) -> None:
    folder = folder_of(earlier).relative_to(earlier)
    turns = ("breakeven", "results/hyundai", "--input", "autos.displacement_rate")
    for command in (("budget", "results/hyundai"), turns, ("ledger", "add", "results/hyundai")):
        done = asked(*command, cwd=earlier)
        assert done.returncode == 2
        assert f"\nerror: {folder}: {WAY}" in f"\n{done.stderr}"
        assert not (earlier / "ledger").exists()
    of_scenario = asked("budget", "hyundai", cwd=earlier)  # it was told which run is taken, which was then refused
    assert (of_scenario.returncode, of_scenario.stderr) == (2, f"error: {refused(earlier)}\n")
    assert asked("--data-dir", "empty", *turns, cwd=earlier).returncode == 0


@pytest.mark.parametrize("command", [("run", "--prior"), ("explain",), ("compare", "baseline"), ("explore",)])
def test_what_needs_parameters_is_refused_with_the_way_back(command: tuple[str, ...], earlier: Path) -> None:
    done = asked(*command, "hyundai", cwd=earlier)
    assert (done.returncode, done.stderr) == (2, f"error: {refused(earlier)}\n")


def test_parameters_of_an_earlier_run_are_found_after_a_fit_or_named(earlier: Path) -> None:
    """`export` asked for them by --posterior, and refused what it was given as stale."""
    assert process("-c", LEARN, cwd=earlier).returncode == 0
    try:
        for name, options in {"found": (), "named": ("--posterior", str(SHIPPED))}.items():
            done = asked("export", "results/hyundai", "--out", f"{name}.zip", *options, cwd=earlier)
            assert done.returncode == 0, done.stderr
        assert (earlier / "found.zip").read_bytes() == (earlier / "named.zip").read_bytes()
        own = str(earlier / "own" / "posterior.nc")
        other = asked("export", "results/hyundai", "--out", "no.zip", "--posterior", own, cwd=earlier)
        assert other.returncode == 2
        assert "; name the file of the one it was made with by --posterior\n" in other.stderr
        assert not (earlier / "no.zip").exists()
        budget = asked("budget", "results/hyundai", cwd=earlier)
        assert budget.returncode == 2
        assert budget.stderr.endswith(f" makes one with what is; {WAY}\n")
    finally:
        (earlier / "own" / "posterior.nc").unlink()
