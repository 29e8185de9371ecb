"""What lies in the folder of a run or beside it and is no part of it; one run that spoils nothing for the others."""

from __future__ import annotations

import os
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from commands import command

from forecast.results.archive import load_results

PLANT = "investments.HMG-06.amount"
INPUT = "autos.displacement_rate"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two scenarios with all that other commands leave beside them."""
    cwd = tmp_path_factory.mktemp("original")
    small = ("--draws", "400", "--n-jobs", "1")
    asked = [
        ("run", "hyundai", *small, "--xlsx"),
        ("breakeven", "results/hyundai", "--input", INPUT, "--year", "2035", "--n-jobs", "1"),
        ("compare", "baseline", "hyundai", *small),
        ("sweep", "hyundai", "-s", f"{PLANT}=2,3", "--year", "2030", *small, "--no-plot"),
    ]
    for arguments in asked:
        done = command(*arguments, cwd=cwd)
        assert done.returncode == 0, done.stderr
    return cwd


def run_in(copy: Path) -> Path:
    """The run with its picture."""
    (chart,) = (copy / "results" / "hyundai").glob("*/fan.png")
    return chart.parent


def verified(copy: Path, place: str = "results") -> CompletedProcess[str]:
    return command("verify", place, "--blocks", "0", cwd=copy)


@pytest.mark.slow
def test_what_commands_leave_is_named_as_not_looked_at(copy: Path) -> None:
    run = run_in(copy)
    for name in ("budget_trade_balance_2030.csv", "budget_trade_balance_2030.png", "budget_effect_2030_inputs.png"):
        (run / name).touch()
    done = verified(copy)
    assert (done.returncode, done.stderr) == (0, "")
    place = f"results/hyundai/{run.name}"
    (beside,) = (line for line in done.stdout.splitlines() if line.startswith(f"Not looked at, in {place}: "))
    names = beside.rpartition(": ")[2].split(", ")
    assert names == sorted(path.name for path in run.iterdir() if path.name.startswith(("b", "summary.x")))
    assert len(names) == 5
    assert done.stdout.splitlines()[-2:] == [
        "Not looked at, in results/hyundai: sweeps",
        "Not looked at, in results: comparisons",
    ]
    assert "살펴보지 않은 것(results): comparisons" in command("verify", "results", "--language", "ko", cwd=copy).stdout
    done = verified(copy, "results/comparisons")
    assert done.returncode == 2
    assert "comparisons, sweeps and budgets have no digests" in done.stderr


def test_a_file_of_a_run_that_its_manifest_does_not_name_is_a_fault(copy: Path) -> None:
    run, name = run_in(copy), "branches.csv"
    (run / name).touch()
    done = verified(copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{run.name}: got {name}, which manifest.json does not name" in done.stderr
    assert load_results(run).name == "hyundai"  # it is as it was stored all the same


@pytest.mark.parametrize("name", ["sweep.csv", "note.txt", "more"])
def test_what_a_user_keeps_beside_a_run_is_not_looked_at_and_said_so(copy: Path, name: str) -> None:
    run = run_in(copy)
    (run / ".hidden").touch()
    (run / name).mkdir() if name == "more" else (run / name).touch()
    done = verified(copy)
    assert (done.returncode, done.stderr) == (0, "")
    (said,) = (
        line for line in done.stdout.splitlines() if line.startswith(f"Not looked at, in results/hyundai/{run.name}")
    )
    assert name in said.partition(": ")[2].split(", ")


@pytest.mark.parametrize("name", ["summary.csv", "manifest.json", "note.txt"])
def test_a_link_in_place_of_a_file_is_a_fault_and_not_followed(copy: Path, name: str) -> None:
    run, elsewhere = run_in(copy), copy / "elsewhere"
    if name == "note.txt":
        os.mkfifo(elsewhere)
    else:
        (run / name).rename(elsewhere)
    (run / name).symlink_to(elsewhere)
    done = verified(copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{run.name}: got a link by the name {name}, expected the file itself" in done.stderr


def test_a_link_in_an_entry_of_a_ledger_is_a_fault(copy: Path) -> None:
    assert command("ledger", "add", f"results/hyundai/{run_in(copy).name}", cwd=copy).returncode == 0
    (path,) = (copy / "ledger").glob("*/trade.csv")
    path.rename(copy / "elsewhere")
    path.symlink_to(copy / "elsewhere")
    done = verified(copy, "ledger")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "got a link by the name trade.csv" in done.stderr


def locked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system refuse a folder as it does one of another user; the superuser it would let in."""
    refusal = PermissionError(13, "Permission denied", str(folder))
    listing, status = Path.iterdir, Path.stat

    def iterdir(self: Path) -> object:
        if self.absolute() == folder:
            raise refusal
        return listing(self)

    def stat(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.absolute().parent == folder:
            raise refusal
        return status(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    monkeypatch.setattr(Path, "stat", stat)


@pytest.mark.parametrize("whole_scenario", [False, True])
def test_a_run_that_cannot_be_read_is_named_and_the_others_are_shown(
    copy: Path, monkeypatch: pytest.MonkeyPatch, whole_scenario: bool
) -> None:
    """It ended `list`, `verify` and `report` for all."""
    folder = copy / "results" / "hyundai" if whole_scenario else run_in(copy)
    locked(folder, monkeypatch)
    words = f"{folder.relative_to(copy)}: cannot be read (Permission denied); whoever owns it can allow that\n"
    listed = command("list", cwd=copy)
    assert (listed.returncode, listed.stderr) == (0, f"warning: {words}")
    assert "baseline" in listed.stdout
    done = verified(copy)
    assert (done.returncode, done.stderr) == (2, f"error: {words}")
    assert "Whole: results/baseline/" in done.stdout
    assert command("report", "results/baseline", cwd=copy).returncode == 0
    named = command("report", str(folder.relative_to(copy)), cwd=copy)
    assert (named.returncode, named.stderr) == (2, f"error: {words}")


def test_an_entry_that_cannot_be_read_is_named(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("ledger", "add", f"results/hyundai/{run_in(copy).name}", cwd=copy).returncode == 0
    assert command("ledger", "add", "results/baseline", cwd=copy).returncode == 0
    (folder,) = (copy / "ledger").glob("hyundai-*")
    locked(folder, monkeypatch)
    for arguments in (("ledger", "list"), ("ledger", "score"), ("verify", "ledger", "--blocks", "0")):
        done = command(*arguments, cwd=copy)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert f"{folder.name}: cannot be read (Permission denied)" in done.stderr
        assert "baseline-" in done.stdout


def test_names_that_break_lines_or_steer_a_terminal_stay_in_their_line(copy: Path) -> None:
    name = "two\nlines \x1b[31m"
    (copy / "results" / name).mkdir()
    run_in(copy).rename(copy / "results" / name / "run")
    shown = r"results/two\u000alines \u001b[31m/run: holds run hyundai/"
    assert command("list", cwd=copy).stderr.startswith(f"warning: {shown}")
    done = verified(copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"error: {shown}")
    (copy / f"{name}.yaml").write_text("name: mine\nhorizon: 2030\nlocalisation: {}\n")
    done = command("validate", f"{name}.yaml", cwd=copy)
    lines = (done.stdout + done.stderr).splitlines()
    assert all(r"two\u000alines \u001b[31m.yaml: " in line or r".yaml:" in line for line in lines)
    assert len(lines) == 2


@pytest.mark.slow
def test_a_run_found_again_under_an_earlier_title_is_said_to_keep_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ntitle: As it was\ndescription: A\n")
    made = ("run", "mine.yaml", "--no-plot", "--n-jobs", "1")
    assert command(*made, cwd=tmp_path).returncode == 0
    file.write_text("name: mine\ntitle: As it is\ndescription: B\n")
    words = 'was stored when other words stood in the scenario (title "As it was", description), and keeps them'
    for arguments in (made, ("cite", "mine.yaml"), ("report", "mine.yaml"), ("export", "mine.yaml")):
        done = command(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
        assert words in done.stderr
    numbers = (load_results(tmp_path / "results" / "mine").folder / "summary.csv").read_bytes()
    assert command(*made, "--force", cwd=tmp_path).stderr == ""
    done = command("cite", "mine.yaml", cwd=tmp_path)
    assert (done.stderr, "As it is" in done.stdout) == ("", True)
    assert (load_results(tmp_path / "results" / "mine").folder / "summary.csv").read_bytes() == numbers


def test_a_pipe_or_a_folder_in_place_of_parameters_is_said_to_be_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nc")
    for place, kind in (("pipe.nc", "a device or pipe"), (".", "a directory"), (os.devnull, "a device or pipe")):
        done = command("run", "baseline", "--posterior", place, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: posterior {place}: got {kind}, expected a regular file")
