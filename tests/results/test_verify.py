"""What is stored is held against its digests byte by byte, and against what it gives when it is made again."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from unittest.mock import Mock
from zipfile import ZipFile

import pytest
from commands import command
from stored import DRAWS, folder_of, listing

from forecast.errors import PosteriorError
from forecast.results import rerun
from forecast.results import run as run_module
from forecast.storage import netcdf
from forecast.storage.netcdf import is_sealed
from forecast.track import ledger as ledger_module


@pytest.mark.slow
def test_what_is_whole_comes_out_the_same_and_is_not_touched(original: Path) -> None:
    before = listing(original)
    same = "Whole, and the same bytes when run again: "
    done = command("verify", "results", "run.zip", "posterior.nc", "--ledger", "ledger", "--n-jobs", "1", cwd=original)
    assert (done.returncode, done.stderr) == (0, "")
    digest = folder_of(original).name
    posterior = next((original / "ledger" / "posteriors").iterdir()).name
    assert done.stdout.splitlines() == [
        f"{same}results/hyundai/{digest}",
        f"{same}run.zip",
        "Whole: posterior.nc",
        f"{same}ledger/hyundai-{digest}",
        f"Whole: ledger/posteriors/{posterior}",
    ]
    assert listing(original) == before


@pytest.mark.slow
def test_runs_beside_the_entries_of_a_ledger_are_verified_too(copy: Path) -> None:
    """A folder with entries counted as a ledger alone: its runs were not looked at, and a damaged one passed."""
    shutil.copytree(copy / "ledger", copy / "results", dirs_exist_ok=True)
    with (folder_of(copy) / "summary.csv").open("a", encoding="utf-8") as file:
        file.write("x")
    done = command("verify", "results", "--n-jobs", "1", cwd=copy)
    assert done.returncode == 2
    assert f"results/hyundai/{folder_of(copy).name}" in done.stdout + done.stderr
    assert f"Whole, and the same bytes when run again: results/hyundai-{folder_of(copy).name}" in done.stdout
    assert "Whole: results/posteriors/" in done.stdout
    (copy / "projects" / "one").mkdir(parents=True)
    shutil.copytree(copy / "ledger", copy / "projects" / "one" / "ledger")
    assert "Whole: projects/one/ledger/posteriors/" in command("verify", "projects", "--n-jobs", "1", cwd=copy).stdout


def test_some_blocks_or_none_are_drawn_again_where_they_are_asked_for(original: Path) -> None:
    place = "results/hyundai/" + folder_of(original).name
    assert command("verify", place, "--blocks", "2", cwd=original).stdout == (
        f"Whole, and 2 of its 3 blocks the same when drawn again: {place}\n"
    )
    assert command("verify", place, "--blocks", "0", cwd=original).stdout == f"Whole: {place}\n"
    assert "3개 블록 중 1개" in command("verify", place, "--blocks", "1", "--language", "ko", cwd=original).stdout


@pytest.mark.slow
def test_what_was_set_or_left_out_is_found_so_when_the_run_is_verified(tmp_path: Path) -> None:
    """Of scenarios run by one command, of a mixture, and exported with its files."""
    stated = ("investments.HMG-06.amount={krw_trillion: 3}", "horizon=2031")
    values = [word for text in stated for word in ("-s", text)]
    for chosen in ([], ["--without", "HMG-01-parts"]):
        done = command("run", "hyundai", "--draws", "20", "--no-plot", *values, *chosen, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    both = ("hyundai", "lges-lansing", "--only", "HMG-06", "--only", "LG-03")
    for words in (("tariff-regimes", "-s", "horizon=2031"), both):
        done = command("run", *words, "--draws", "20", "--no-plot", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = command("verify", "results", "--n-jobs", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("the same bytes when run again") == 5
    for run in (tmp_path / "results").glob("*/*"):
        assert command("export", str(run), "--out", f"{run.name}.zip", cwd=tmp_path).returncode == 0
        with ZipFile(tmp_path / f"{run.name}.zip") as archive:
            assert f"scenario/{run.parent.name}.yaml" in archive.namelist()


@pytest.mark.parametrize("name", ["code", "data", "data and posterior", "posterior", "size"])
def test_what_cannot_be_made_again_is_told(original: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    match name:
        case "code":
            monkeypatch.setattr(run_module, "code_digest", lambda _: "0" * 64)
        case "data":
            monkeypatch.setattr(run_module, "data_digest", lambda: "0" * 64)
        case (
            "data and posterior"
        ):  # as after next month's data and a fit to them: no posterior that is named would help
            monkeypatch.setattr(rerun, "data_digest", lambda: "0" * 64)
            monkeypatch.setattr(rerun, "demand_posterior_of", Mock(side_effect=PosteriorError))
        case "posterior":
            monkeypatch.setattr(rerun, "demand_posterior_of", Mock(side_effect=PosteriorError))
        case "size":
            monkeypatch.setattr(rerun, "RERUN_DRAWS", 4_000)
    done = command("verify", "results", cwd=original)
    other = "it was made with other data than are held here; “forecast data” lists those that were added"
    words = {
        "code": "it was made by other code",
        "size": "it has more than",
        "posterior": "its posterior is not the one",
    }
    assert done.returncode == 0
    assert f"Whole, but not run again, as {words.get(name, other)}" in " ".join(done.stdout.split())


@pytest.mark.usefixtures("of_our_own")
def test_single_bytes_are_all_noticed(copy: Path) -> None:
    """Of every file that is stored some bytes, the first and the last among them."""
    rng = random.Random(0)
    for path in sorted(copy.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for at in (0, len(content) - 1, rng.randrange(len(content))):
            other = bytes([content[at] ^ 1 << rng.randrange(8)])
            path.write_bytes(content[:at] + other + content[at + 1 :])
            place = path.relative_to(copy).parts[0]
            options = ("--ledger",) if place == "ledger" else ()
            done = command("verify", *options, place, "--blocks", "0", cwd=copy)
            where = path.relative_to(copy)
            assert done.returncode == 2, f"{where}: byte {at}"
            assert where.name in done.stderr, f"{where}: byte {at}: {done.stderr}"
        path.write_bytes(content)


def test_what_does_not_belong_to_a_ledger_is_named(copy: Path) -> None:
    (entry,) = (copy / "ledger").glob("hyundai-*")
    (posterior,) = (copy / "ledger" / "posteriors").iterdir()
    (entry / "notes.txt").write_text("mine")
    (posterior.parent / "notes.txt").write_text("mine")
    place, inside = f"ledger/{entry.name}", "ledger/posteriors"
    done = command("verify", "--ledger", "ledger", "--blocks", "0", cwd=copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Whole: {place}",
        f"Not looked at, in {place}: notes.txt",
        f"Whole: {inside}/{posterior.name}",
        f"Not looked at, in {inside}: notes.txt",
    ]
    posterior.rename(copy / "elsewhere.nc")
    posterior.symlink_to(copy / "elsewhere.nc")
    for words in (("--ledger", "ledger"), (place,)):
        done = command("verify", *words, "--blocks", "0", cwd=copy)
        assert done.returncode == 2
        assert f"error: {inside}/{posterior.name}: got a link, expected the file itself\n" in done.stderr


def test_a_clock_that_goes_wrong_freezes_nothing(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(copy / "ledger")
    monkeypatch.setattr(ledger_module, "today", lambda: date(2024, 1, 1))
    done = command("ledger", "add", "results/hyundai", cwd=copy)
    assert done.returncode == 2
    assert "added on 2024-01-01, before the run was made" in done.stderr
    assert "set the clock of this machine" in done.stderr
    assert not (copy / "ledger").exists()


def test_a_fault_of_a_posterior_is_told_once(copy: Path) -> None:
    (path,) = (copy / "ledger" / "posteriors").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = command("verify", "--ledger", "ledger", "--blocks", "0", cwd=copy)
    for line in done.stderr.splitlines():
        assert line.count("is damaged") == line.count("bring the original back") == 1


@pytest.mark.parametrize("name", ["manifest.json", "entry.json"])
def test_a_blank_more_is_noticed(copy: Path, name: str) -> None:
    (path,) = [path for path in copy.rglob(name) if (name == "entry.json") == ("ledger" in path.parts)]
    path.write_text(path.read_text().replace(": ", ":  ", 1))
    done = command("verify", "results", "--ledger", "ledger", "--blocks", "0", cwd=copy)
    assert done.returncode == 2
    assert name in done.stderr


def test_a_posterior_of_an_earlier_version_is_read_and_told_apart(copy: Path) -> None:
    path = copy / "posterior.nc"
    path.write_bytes(path.read_bytes()[:-72])
    assert not is_sealed(path)
    assert "without a digest of its other bytes: posterior.nc" in command("verify", "posterior.nc", cwd=copy).stdout
    path.write_bytes(path.read_bytes() + b"x")
    assert "another digest" in command("verify", "posterior.nc", cwd=copy).stderr


def test_an_exported_run_holds_all_it_rests_on_and_the_same_run_the_same_bytes(original: Path, tmp_path: Path) -> None:
    done = command("export", "results/hyundai", "--out", str(tmp_path / "again.zip"), cwd=original)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.zip").read_bytes() == (original / "run.zip").read_bytes()
    folder = folder_of(original)
    with ZipFile(original / "run.zip") as archive:
        names = archive.namelist()
        graph = {entity["@id"]: entity for entity in json.loads(archive.read("ro-crate-metadata.json"))["@graph"]}
        inside = {name.rpartition("/")[2]: archive.read(name) for name in names if name.startswith("run/")}
        page = archive.read("README.md").decode()
    assert inside == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {"posterior.nc", "installed.txt", "scenario/hyundai.yaml", "scenario/baseline.yaml"} <= {*names}
    assert graph["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    assert {part["@id"] for part in graph["./"]["hasPart"]} == {*names} - {"ro-crate-metadata.json"}
    assert graph["./"].keys() >= {"name", "description", "datePublished", "license"}
    assert "2. `forecast verify FILE`, where `FILE` is the name of this archive\n" in page
    assert ".zip" not in page  # it goes by the name that `--out` gave it, or by any other


def test_a_title_marks_nothing_up_in_the_page_of_an_exported_run(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text('name: mine\ntitle: "<script>alert(1)</script> [R&D](x) &lt;"\n')
    assert command("run", "mine.yaml", "--draws", "20", "--no-plot", cwd=tmp_path).returncode == 0
    assert command("export", "mine", "--out", "run.zip", cwd=tmp_path).returncode == 0
    with ZipFile(tmp_path / "run.zip") as archive:
        page = archive.read("README.md").decode()
    assert page.count("# \\<script\\>alert(1)\\</script\\> \\[R&D\\](x) \\&lt;\n") == 2


def test_another_person_verifies_it_with_nothing_else_at_hand(original: Path, tmp_path: Path) -> None:
    shutil.copy(original / "run.zip", tmp_path / "got.zip")
    done = command("verify", "got.zip", "--blocks", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of its 3 blocks" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["got.zip"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["scenarios/mine/top.yaml", "top.yaml"])
def test_files_of_a_scenario_are_read_from_the_archive_as_they_lay(tmp_path: Path, path: str) -> None:
    """Beside each other, in a folder of `scenarios`, and shipped ones that are extended by their names."""
    top = tmp_path / path
    top.parent.mkdir(parents=True, exist_ok=True)
    (top.parent / "part.yaml").write_text("extends: us-slowdown\n# of my own\nhorizon: 2031\n")
    beside = "../one.yaml" if path.startswith("scenarios") else "one.yaml"
    (top.parent / beside).write_text("name: one\n")
    top.write_text(f"name: top\ntitle: Top\nextends: [{beside}, part.yaml]\n")
    assert command("run", path, "--draws", "20", "--no-plot", cwd=tmp_path).returncode == 0
    assert command("export", path, "--out", "run.zip", cwd=tmp_path).returncode == 0
    with ZipFile(tmp_path / "run.zip") as archive:
        assert sum(name.startswith("scenario/") for name in archive.namelist()) >= 4
    done = command("verify", "run.zip", "--n-jobs", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("reader", "seconds", "words"),
    [
        ("import os; os.abort()", 60, "ends the process by signal 6"),
        ("import time; time.sleep(60)", 0.1, "is not read within 0.1 s"),
    ],
)
def test_a_file_that_ends_or_keeps_the_process_that_reads_it_is_named(
    original: Path, monkeypatch: pytest.MonkeyPatch, reader: str, seconds: float, words: str
) -> None:
    monkeypatch.setattr(netcdf, "_READER", reader)
    monkeypatch.setattr(netcdf, "READER_SECONDS", seconds)
    for place, name in (("results", "draws.nc"), ("posterior.nc", "posterior.nc")):
        done = command("verify", place, "--blocks", "0", cwd=original)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert name in done.stderr
        assert words in done.stderr
    assert "posterior.nc is damaged" in command("verify", "run.zip", "--blocks", "0", cwd=original).stderr


def test_every_array_of_a_file_is_read_in_a_process_of_its_own(original: Path) -> None:
    path = folder_of(original) / "draws.nc"
    netcdf.demand_harmless(path)
    done = subprocess.run(
        [sys.executable, "-c", netcdf._READER, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_of_another_kind_is_said_to_be_that(tmp_path: Path) -> None:
    """A page or a scenario was called a damaged posterior, of which the original was to be brought back."""
    for name in ("plan.yaml", "page.html", "notes"):
        (tmp_path / name).write_text("name: plan", encoding="utf-8")
        done = command("verify", name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{name}: got a file of another kind, expected a run, an exported run" in done.stderr


def test_an_exported_run_given_for_a_run_or_a_scenario_says_how_it_is_unpacked(original: Path, tmp_path: Path) -> None:
    """It was said to be too large."""
    shutil.copy(original / "run.zip", tmp_path / "a run.zip")
    expected = {"report": "the folder of a run, the file of a scenario, or its name", "validate": "a YAML file"}
    for name, words in expected.items():
        done = command(name, "a run.zip", cwd=tmp_path)
        assert done.returncode == 2
        told = done.stdout + done.stderr
        assert told.startswith(f"error: a run.zip: got an exported run, expected {words}; ")
        assert "`python -m zipfile -e 'a run.zip' FOLDER` puts the run into FOLDER/run and the" in told
    with ZipFile(tmp_path / "a run.zip") as archive:
        archive.extractall(tmp_path / "FOLDER")
    assert command("cite", "FOLDER/run/hyundai", cwd=tmp_path).returncode == 0
    assert "Whole: FOLDER/run/hyundai/" in command("verify", "FOLDER", "--blocks", "0", cwd=tmp_path).stdout
    assert command("validate", "FOLDER/scenario/hyundai.yaml", cwd=tmp_path).returncode == 0


def test_a_book_that_was_written_here_is_no_exported_run(tmp_path: Path) -> None:
    """Any ZIP archive was called one."""
    made = command("run", "baseline", "-s", "horizon=2027", *DRAWS, "--xlsx", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (book,) = tmp_path.rglob("*.xlsx")
    for name in ("validate", "report", "verify"):
        done = command(name, str(book), cwd=tmp_path)
        assert (done.returncode, "exported run does" in done.stderr, "-m zipfile" in done.stderr) == (2, False, False)
