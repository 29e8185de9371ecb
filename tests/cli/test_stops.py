"""A command that does not come to its end says what it has stored; one that is stopped is a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import command
from stoppable import stoppable

import forecast
from forecast.models.calibration import _key

pytestmark = pytest.mark.slow

SOURCE = Path(forecast.__file__).parents[1]

HELD = """
import importlib, sys, time
import forecast.cli
from forecast.cli import progress
from forecast.results import checkpoints

place, turn = {place!r}, {turn}
checkpoints.SECONDS, progress.FIRST_LINE_AFTER = {seconds}, 3600.0
{before}
module = importlib.import_module(place.rpartition(".")[0])
calls, usual = [], getattr(module, place.rpartition(".")[2])

def held(*given, **named):
    calls.append(place)
    if len(calls) == turn:
        print("\\nhere", flush=True)
        time.sleep(120)
    return usual(*given, **named)

setattr(module, place.rpartition(".")[2], held)
sys.argv = ["forecast", *{arguments!r}]
forecast.cli.main()
"""
"""The command, which waits in the call of a function whose turn it is."""


def stopped(
    *arguments: str,
    place: str,
    cwd: Path,
    turn: int = 1,
    seconds: float = 20.0,
    number: int = signal.SIGINT,
    before: str = "",
) -> str:
    """What a command says on its standard error that is stopped in the call of a function.

    Args:
        place: dotted name of the function.
        turn: of its calls.
        seconds: to the first checkpoint.
        before: code that runs before the command.
    """
    program = HELD.format(place=place, turn=turn, seconds=seconds, arguments=arguments, before=before)
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    with stoppable([sys.executable, "-c", program], cwd=cwd, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert any(line == "here\n" for line in process.stdout), process.communicate()
        process.send_signal(number)
        _, message = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    return message.strip()


QUICK = ("--draws", "400", "--n-jobs", "1")
RUN = r"results/{}/[0-9a-f]{{12}}"


def test_an_error_after_a_run_was_stored_names_that_run(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "hyundai").touch()
    words = ("run", "--no-plot", *QUICK)
    done = command(*words, "baseline", "hyundai", cwd=tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(rf"error: results: cannot be written .*; {RUN.format('baseline')} is stored\n", done.stderr)
    again = command(*words, "baseline", "hyundai", cwd=tmp_path)
    assert (again.returncode, " stored" in again.stderr) == (2, False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stopped_while_its_picture_is_drawn_is_stored(tmp_path: Path, number: int) -> None:
    said = stopped("run", "baseline", *QUICK, place="forecast.plots.fan.fan_chart", cwd=tmp_path, number=number)
    assert re.fullmatch(f"stopped: {RUN.format('baseline')} is stored", said)
    again = stopped("run", "baseline", *QUICK, place="forecast.plots.fan.fan_chart", cwd=tmp_path)
    assert again == "stopped: nothing was stored"


def test_a_comparison_names_the_run_that_it_has_made(tmp_path: Path) -> None:
    words = ("compare", "baseline", "hyundai", *QUICK)
    said = stopped(*words, place="forecast.results.run.simulate", turn=2, cwd=tmp_path)
    assert re.fullmatch(f"stopped: {RUN.format('baseline')} is stored", said)
    said = stopped(*words, place="forecast.report.handout.write_report", cwd=tmp_path)
    assert re.fullmatch(f"stopped: {RUN.format('hyundai')} is stored", said)


def test_a_report_names_the_run_that_it_has_made(tmp_path: Path) -> None:
    said = stopped("report", "baseline", place="forecast.report.page.report", cwd=tmp_path)
    assert re.fullmatch(f"stopped: {RUN.format('baseline')} is stored", said)
    assert not (tmp_path / "report.html").exists()
    said = stopped("report", "baseline", place="forecast.cli.options.print_line", cwd=tmp_path)
    assert said == "stopped: report.html is stored"


def test_of_several_runs_those_that_are_stored_and_the_one_to_go_on_with_are_told(tmp_path: Path) -> None:
    words = ("run", "lges-lansing", "baseline", "--no-plot", "--draws", "30000", "--n-jobs", "1")
    said = stopped(*words, place="forecast.engine.simulate._statistics_of", turn=4, seconds=0.0, cwd=tmp_path)
    goes_on = "the same command goes on from the last checkpoint"
    assert re.fullmatch(f"stopped: {RUN.format('lges-lansing')} is stored; {goes_on}", said)


def test_a_verification_says_what_it_has_not_looked_at(tmp_path: Path) -> None:
    made = stopped("run", "baseline", *QUICK, place="forecast.cli.run.print_line", turn=2, cwd=tmp_path)
    assert made.endswith("is stored")
    for turn, words in enumerate(("nothing was verified", "what is not named above was not verified"), 1):
        said = stopped("verify", "results", "results", place="forecast.results.rerun.simulate", turn=turn, cwd=tmp_path)
        assert said == f"stopped: {words}"


def test_a_sweep_names_what_it_has_made_and_what_is_left(tmp_path: Path) -> None:
    words = ("sweep", "hyundai", "-s", "horizon=2030,2031,2032,2033,2034", "--year", "2027", "--no-plot", *QUICK)
    said = stopped(*words, place="forecast.results.run.simulate", turn=3, cwd=tmp_path)
    run = RUN.format("hyundai")
    left = "the same command goes on with the {} of 6 runs that are left"
    assert re.fullmatch(f"stopped: {run}, {run} are stored; {left.format(4)}", said)
    said = stopped(*words, place="forecast.results.run.simulate", turn=1, cwd=tmp_path)
    assert said.splitlines() == ["2 of 6 runs are stored already.", "", f"stopped: {left.format(4)}"]
    said = stopped(*words, place="forecast.analysis.sweep.write_sweep", cwd=tmp_path).splitlines()[-1]
    assert re.fullmatch(f"stopped: {run}, {run}, {run} and 1 more are stored", said)


FEW_REPLICATES = """
from functools import partial
from forecast.models import predictive
predictive.predictive_checks = partial(predictive.predictive_checks, n_replicates=20)
"""


def test_a_check_of_fits_goes_on_with_those_that_are_left(tmp_path: Path) -> None:
    (tmp_path / "ranks_localization.csv").write_text(f"{_key(0)}\nslope 1,divergences,refused\n3,0,0\n")
    words = ("check", "--sbc", "2", "--out", ".", "--n-jobs", "1")
    place = "forecast.models.calibration.run_chunk"
    said = stopped(*words, place=place, cwd=tmp_path, before=FEW_REPLICATES).splitlines()[-1]
    assert said.endswith(" more are stored; the same command goes on with the 15 of 16 fits that are left")
