"""A run that was stopped goes on, and ends in the bytes of one that was not."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import command
from told import Told

from forecast.engine import simulate
from forecast.engine.simulate import Settings, empty_statistics
from forecast.results import checkpoints, results
from forecast.results.checkpoints import Resumption
from forecast.results.results import Results
from forecast.results.run import Run, requested, run_scenario
from forecast.scenario.mixture import AnyScenario, load_mixture
from forecast.scenario.scenario import load_scenario
from forecast.storage.documents import shipped_scenario
from forecast.storage.files import digest

SETTINGS = Settings(5_000)


def world(name: str) -> AnyScenario:
    path = shipped_scenario(name)
    assert path is not None
    return load_scenario(path)


def mixture(folder: Path) -> AnyScenario:
    """Two branches of equal weight, one without a plant."""
    path = folder / "two.yaml"
    branches = "".join(f"- {{scenario: {name}, weight: 1}}\n" for name in ("lges-lansing", "baseline"))
    path.write_text(f"name: two\nmixture:\n{branches}", encoding="utf-8")
    return load_mixture(path)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every block."""
    monkeypatch.setattr(simulate, "BLOCKS_PER_TASK", 1)
    monkeypatch.setattr(simulate, "COUNTED_PER_TASK", 1)
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", 0)


def stop_after(n_draws: int) -> Told:
    def heard(done: float) -> None:
        if done > n_draws:
            raise KeyboardInterrupt

    return Told(heard)


def stopped(out: Path, scenario: AnyScenario, after: int = 2_000) -> Path:
    """The checkpoint of a run that was stopped after so many draws."""
    with pytest.raises(KeyboardInterrupt):
        run_scenario(scenario, SETTINGS, out=out, progress=stop_after(after))
    (checkpoint,) = out.glob("*/.*.checkpoint")
    return checkpoint


def files(run: Results) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name != "manifest.json"}


def resumed_run(out: Path, scenario: AnyScenario, **options: object) -> tuple[Run, list[Resumption]]:
    said: list[Resumption] = []
    return run_scenario(scenario, SETTINGS, out=out, resumed=said.append, **options), said  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False], ids=["a scenario, kept", "a mixture, counted"])
def test_a_stopped_run_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool) -> None:
    monkeypatch.setattr(simulate, "KEEP_DRAWS", 10_000 if kept else 1_000)
    scenario = world("hyundai") if kept else mixture(tmp_path)
    whole = run_scenario(scenario, SETTINGS, out=tmp_path / "whole").results
    checkpoint = stopped(tmp_path / "stopped", scenario)
    told = Told()
    done, said = resumed_run(tmp_path / "stopped", scenario, progress=told)
    assert said == [Resumption(2_000, ())]
    assert (told.found, told.done) == ([2_000], [2_000, 1_000])
    assert files(done.results) == files(whole)
    assert ("draws.nc" in done.results.manifest["files"]) == kept
    same = {"created", "content"}
    assert {k: v for k, v in done.results.manifest.items() if k not in same} == {
        k: v for k, v in whole.manifest.items() if k not in same
    }
    assert not checkpoint.exists()


def test_workers_of_the_rest_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "WORTH_WORKERS", 2)
    scenario = world("hyundai")
    whole = run_scenario(scenario, SETTINGS, out=tmp_path / "whole").results
    stopped(tmp_path / "stopped", scenario, after=2_000)
    done, _ = resumed_run(tmp_path / "stopped", scenario, n_jobs=2)
    assert files(done.results) == files(whole)


def test_the_command_says_where_it_goes_on(tmp_path: Path) -> None:
    stopped(tmp_path / "results", world("hyundai"))
    arguments = ("run", "hyundai", "--draws", "5000", "--no-plot")
    assert "goes on at block 2 of 3" in command(*arguments, cwd=tmp_path).stderr
    assert "block" not in command(*arguments, "--force", cwd=tmp_path).stderr


@pytest.mark.slow
def test_a_full_disk_at_the_end_tells_that_the_same_command_goes_on(tmp_path: Path) -> None:
    """Another folder, which it named as the way out, is one in which the run begins anew."""
    checkpoint = stopped(tmp_path / "results", world("hyundai"))
    words = ("run", "hyundai", "--draws", "5000", "--no-plot")
    full = subprocess.run(
        [sys.executable, "-m", "forecast", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},  # or modules are compiled in part
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1] == (
        "error: results: cannot be written (File too large); the blocks that are finished are kept, and once it can be "
        "written the same command goes on from the last checkpoint"
    )
    assert checkpoint.exists()
    done = command(*words, cwd=tmp_path)
    assert (done.returncode, "goes on at block 2 of 3" in done.stderr) == (0, True)


def test_no_resume_begins_anew(tmp_path: Path) -> None:
    checkpoint = stopped(tmp_path / "results", world("hyundai"))
    done = command("run", "hyundai", "--draws", "5000", "--no-plot", "--no-resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "block" not in done.stderr
    assert not checkpoint.exists()


def test_a_usual_run_writes_no_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 20.0)
    monkeypatch.setattr(checkpoints, "_write", lambda *_: pytest.fail("wrote a checkpoint"))
    run_scenario(world("hyundai"), SETTINGS, out=tmp_path)


def resealed(content: bytes) -> bytes:
    return digest(content).encode() + b"\n" + content


def changed_head(change: Callable[[dict[str, object]], object], content: bytes) -> bytes:
    _, head, numbers = content.split(b"\n", 2)
    loaded = json.loads(head)
    change(loaded)
    return resealed(json.dumps(loaded).encode() + b"\n" + numbers)


def of_other_code(head: dict[str, object]) -> None:
    head["digests"] = {"code": "0" * 64, "data": "0" * 64}


CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a bit": (lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:], "is damaged"),
    "cut": (lambda content: content[: len(content) // 2], "is damaged"),
    "empty": (lambda _: b"", "is damaged"),
    "no statistics": (partial(changed_head, lambda head: head.update(statistics=None)), "is damaged"),
    "huge": (
        partial(changed_head, lambda head: head.update(statistics={"array": ["<f8", [2**40], [0]]})),
        "is damaged",
    ),
    "other code": (partial(changed_head, of_other_code), "was made by other code"),
    "another platform": (partial(changed_head, lambda head: head.update(platform={})), "was made on another platform"),
    "another plan": (partial(changed_head, lambda head: head.update(run="0123456789ab")), "is of another plan"),
}


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run that was stopped has left."""
    out = tmp_path_factory.mktemp("left")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(simulate, "BLOCKS_PER_TASK", 1)
        monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
        return stopped(out, world("hyundai"))


def discarded(checkpoint: Path) -> str:
    """Why a checkpoint is thrown away."""
    request = requested(world("hyundai"), SETTINGS, checkpoint.parents[1], None, False)
    assert request.checkpoint.path == checkpoint
    statistics, found = request.checkpoint.found(empty_statistics(request.plan, SETTINGS))
    assert (statistics, found.n_draws) == (None, 0)
    assert not checkpoint.exists()
    (reason,) = found.discarded
    return str(reason)


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_that_cannot_be_used_is_named_and_thrown_away(left: Path, tmp_path: Path, name: str) -> None:
    change, words = CHANGES[name]
    checkpoint = tmp_path / "hyundai" / left.name
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(change(left.read_bytes()))
    assert discarded(checkpoint).startswith(f"{checkpoint}: checkpoint {words}")


def test_a_pipe_in_its_place_keeps_nobody_waiting(left: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "hyundai" / left.name
    checkpoint.parent.mkdir()
    os.mkfifo(checkpoint)
    assert "is damaged" in discarded(checkpoint)


def test_hidden_files_of_others_are_no_checkpoints(tmp_path: Path) -> None:
    others = [tmp_path / "hyundai" / name for name in (".training.checkpoint", ".0123456789abc.checkpoint")]
    others[0].parent.mkdir()
    for other in others:
        other.write_text("mine")
    done = command("run", "hyundai", "--draws", "100", "--no-plot", "--out", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 0
    assert "checkpoint" not in done.stderr
    assert [other.read_text() for other in others] == ["mine", "mine"]


def test_checkpoints_of_other_runs_stay(tmp_path: Path) -> None:
    checkpoint = stopped(tmp_path, world("hyundai"))
    run_scenario(world("hyundai"), Settings(100), out=tmp_path)
    assert checkpoint.exists()
    _, said = resumed_run(tmp_path, world("hyundai"))
    assert said == [Resumption(2_000, ())]


def test_of_two_runs_at_once_the_first_to_end_is_stored_and_the_other_finds_it(tmp_path: Path) -> None:
    inner: list[Run] = []

    def meanwhile(_: float) -> None:
        if not inner:
            inner.append(run_scenario(world("hyundai"), SETTINGS, out=tmp_path, resume=False))

    outer, _ = resumed_run(tmp_path, world("hyundai"), progress=Told(meanwhile))
    assert (inner[0].found, outer.found) == (False, True)
    assert outer.results.manifest == inner[0].results.manifest


def test_a_run_that_appears_while_another_is_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner: list[Run] = []
    write = results.write_quarters

    def meanwhile(*given: Any) -> None:
        if not inner:
            monkeypatch.setattr(results, "write_quarters", write)
            inner.append(run_scenario(world("hyundai"), SETTINGS, out=tmp_path))
        write(*given)

    monkeypatch.setattr(results, "write_quarters", meanwhile)
    outer, _ = resumed_run(tmp_path, world("hyundai"))
    assert (inner[0].found, outer.found) == (False, True)
    assert outer.results.manifest["created"] == inner[0].results.manifest["created"]
    assert not list(tmp_path.rglob(".unfinished-*"))


def test_a_disk_that_takes_no_checkpoint_costs_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "_write", full)
    assert run_scenario(world("hyundai"), SETTINGS, out=tmp_path).results.statistics.n_draws == 5_000
