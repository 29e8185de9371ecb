"""What a worker has to load before it can simulate: the engine, the economics and the statistics, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from forecast import parallel

PROGRAM = """
import json
import sys

from forecast.storage.documents import scenario_path
from forecast.engine.compile import compile_run
from forecast.engine.simulate import _statistics_of, _tasks, Settings
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.parallel import in_order
from forecast.scenario.scenario import load_scenario

scenario = load_scenario(scenario_path("tariffs-2025"))
plan = compile_run(scenario, load_posterior(as_of=scenario.as_of), vintage(scenario.as_of))


def loaded(blocks):
    _statistics_of(plan, True, blocks)
    return sorted(sys.modules)


tasks = [blocks[:1] for blocks in _tasks(plan, Settings(n_draws=40_000))]
assert len(tasks) == 2
print(json.dumps(sorted({name for names in in_order(loaded, tasks, 2) for name in names})))
"""

LANGUAGE = (
    "pydantic",
    "pydantic_core",
    "yaml",
    "forecast.scenario",
    "forecast.storage.documents",
    "forecast.stats.specs",
)
TABLES = ("pandas", "xarray", "h5netcdf", "scipy.stats", "forecast.observations", "forecast.models")
PRINTERS = ("rich", "matplotlib", "forecast.report", "forecast.cli", "forecast.results")


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.slow
def test_a_worker_meets_a_plan_as_data() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    names = json.loads(done.stdout)
    assert "forecast.engine.block" in names
    met = [name for name in names for package in (*LANGUAGE, *TABLES, *PRINTERS) if _within(name, package)]
    assert not met
    assert len([name for name in names if _within(name, "forecast")]) <= 48


def test_the_engine_is_imported_without_the_language() -> None:
    program = "import json, sys, forecast.engine.simulate; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names = json.loads(done.stdout)
    assert not [name for name in names for package in (*LANGUAGE, *TABLES, *PRINTERS) if _within(name, package)]


SUCCEEDED = """
from time import sleep

from forecast.parallel import in_order


def work(place):
    from joblib.externals.loky import process_executor as loky

    loky._MAX_MEMORY_LEAK_SIZE, loky._MEMORY_LEAK_CHECK_DELAY = -(10**12), 0.0
    sleep(0.05)
    return place


if __name__ == "__main__":
    print(list(in_order(work, range(16), 2)) == list(range(16)))
"""


@pytest.mark.slow
def test_a_worker_that_is_given_a_successor_is_no_end_of_work_where_warnings_are_errors(tmp_path: Path) -> None:
    """joblib's thread that hands out work ended in the warning, and a suite waited for ever, one time in two."""
    pytest.importorskip("psutil")  # by which joblib sees how much memory a worker holds
    (tmp_path / "work.py").write_text(SUCCEEDED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "work.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_warnings_of_others_are_left_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    during: list[int] = []
    monkeypatch.setattr(parallel, "_over_processes", lambda *_: iter([during.append(len(warnings.filters))]))
    before = list(warnings.filters)
    assert list(parallel.in_order(abs, [1], 2)) == [None]
    assert (during, list(warnings.filters)) == ([len(before) + 2], before)
