"""A stored run is believed only as it was stored: whatever was changed, lost, exchanged or forged is named."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import h5netcdf
import h5py
import numpy as np
import pytest
from commands import command

import forecast
from forecast.errors import DamagedRunError
from forecast.results.archive import list_results, load_results
from forecast.results.manifest import MANIFEST, RUN_FILES, write_manifest
from forecast.storage.files import json_digest
from forecast.storage.netcdf import demand_harmless

DRAWS = ("--draws", "400")
FILES = ("draws.nc", "fan.png", "quarters.csv", "scenario.yaml", "summary.csv")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of two scenarios, one of them with a picture."""
    cwd = tmp_path_factory.mktemp("original")
    assert command("run", "hyundai", *DRAWS, cwd=cwd).returncode == 0
    assert command("run", "baseline", *DRAWS, "--no-plot", cwd=cwd).returncode == 0
    return cwd


@pytest.fixture
def run(copy: Path) -> Path:
    """The folder of the run of `hyundai` in a copy of it."""
    (folder,) = (copy / "results" / "hyundai").iterdir()
    return folder


def ask(run: Path, *arguments: str) -> CompletedProcess[str]:
    return command(*arguments, cwd=run.parents[2])


def readers(run: Path) -> dict[str, CompletedProcess[str]]:
    """What every command that reads a run makes of it."""
    place = f"results/hyundai/{run.name}"
    return {
        "report": ask(run, "report", place),
        "report of the scenario": ask(run, "report", "results/hyundai"),
        "budget": ask(run, "budget", place),
        "ledger": ask(run, "ledger", "add", place),
        "compare": ask(run, "compare", "baseline", "hyundai", *DRAWS),
        "verify": ask(run, "verify", place),
    }


def test_a_manifest_holds_the_digest_of_every_file(run: Path) -> None:
    manifest = json.loads((run / MANIFEST).read_text())
    assert manifest["files"] == {name: sha256((run / name).read_bytes()).hexdigest() for name in FILES}
    assert {path.name for path in run.iterdir()} == {*FILES, MANIFEST}
    assert ask(run, "verify", "results").stdout.splitlines() == [
        f"Whole, and the same bytes when run again: results/{folder.parent.name}/{folder.name}"
        for folder in sorted(run.parents[1].glob("*/*"))
    ]


@pytest.mark.parametrize(
    ("name", "change"),
    [*((name, "flipped") for name in FILES), ("draws.nc", "cut"), ("draws.nc", "gone"), ("summary.csv", "gone")],
)
def test_a_changed_file_is_named_by_whoever_reads_the_run_and_made_anew_by_run(
    run: Path, name: str, change: str
) -> None:
    content = (run / name).read_bytes()
    middle = len(content) // 2
    if change == "gone":
        (run / name).unlink()
    else:
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        (run / name).write_bytes(flipped if change == "flipped" else content[:middle])
    words = f"{name} is missing" if change == "gone" else f"{name} was changed since the run was stored"
    with pytest.raises(DamagedRunError, match=words):
        load_results(run)
    for command_name, done in readers(run).items() if name in ("draws.nc", "summary.csv") else []:
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), command_name
        assert words in done.stderr, command_name
        assert f"hyundai/{run.name}" in done.stderr, command_name
    assert {results.name for results in list_results(run.parents[1])} == {"baseline"}
    listed = ask(run, "list")
    assert listed.returncode == 0
    assert "baseline" in listed.stdout
    assert words in listed.stderr
    again = ask(run, "run", "hyundai", *DRAWS, *(() if name == "fan.png" else ("--no-plot",)))
    assert (again.returncode, again.stderr.count("\n")) == (0, 1)
    assert words in again.stderr
    assert "Stored in" in again.stdout
    assert load_results(run).statistics.n_draws == 400
    assert (run / name).read_bytes() == content


@pytest.mark.parametrize(
    "draws",
    [
        [{"series": [], "year": 2030, "statistic": "mean", "share": 0.5}],
        [{"series": "profits", "year": 2030, "statistic": "mean", "share": 0.5}],
        [{"series": "exports", "year": "2030", "statistic": "mean", "share": 0.5}],
        [{"series": "exports", "year": 2030, "statistic": "median", "share": 0.5}],
        [{"series": "exports", "year": 2030, "statistic": "mean", "share": 1e300}],
        [{"series": "exports", "year": 2030, "statistic": "mean"}],
        {"series": "exports"},
        [7],
    ],
)
def test_single_draws_that_a_manifest_tells_wrongly_are_refused(run: Path, draws: object) -> None:
    write_manifest(run, json.loads((run / MANIFEST).read_text()) | {"dominant_draws": draws})
    with pytest.raises(DamagedRunError, match="dominant_draws: got"):
        load_results(run)


def test_draws_that_no_run_has_are_refused_before_their_blocks_are_listed(run: Path) -> None:
    write_manifest(run, json.loads((run / MANIFEST).read_text()) | {"n_draws": 10**12})
    expected = "n_draws: got 1000000000000, expected 1 to 1,000,000,000"
    for arguments in (("report", "results/hyundai"), ("budget", "results/hyundai"), ("verify", "results/hyundai")):
        done = ask(run, *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert expected in done.stderr
    for option in ("--draws", "--max-draws"):
        done = ask(run, "run", "hyundai", option, "1000000000001")
        assert (done.returncode, "got 1,000,000,000,001, expected at most 1,000,000,000" in done.stderr) == (2, True)


def test_every_fault_of_a_run_is_named_in_one_line(run: Path) -> None:
    (run / "draws.nc").unlink()
    (run / "scenario.yaml").write_text("name: other\n")
    (run / "fan.png").unlink()
    os.mkfifo(run / "fan.png")
    done = ask(run, "verify", "results/hyundai")
    assert done.returncode == 2
    for words in ("draws.nc is missing", "scenario.yaml was changed", "fan.png cannot be read (it is no plain file)"):
        assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_files_of_another_run_are_noticed(run: Path) -> None:
    (other,) = (run.parents[1] / "baseline").iterdir()
    for name in ("draws.nc", "summary.csv", "scenario.yaml"):
        shutil.copy(other / name, run / name)
    assert all(done.returncode == 2 for done in readers(run).values())
    shutil.copy(other / MANIFEST, run / MANIFEST)
    (run / "fan.png").unlink()
    shutil.copy(other / "quarters.csv", run / "quarters.csv")
    done = ask(run, "report", f"results/hyundai/{run.name}")  # whole, but in the place of another
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"holds run baseline/{other.name}" in done.stderr
    shutil.copytree(run, run.parent / "0123456789ab")
    with pytest.raises(DamagedRunError, match="holds run baseline"):
        load_results(run.parent / "0123456789ab")


def test_a_run_without_its_manifest_is_damaged_and_a_folder_of_notes_is_none(run: Path) -> None:
    (run / MANIFEST).unlink()
    with pytest.raises(DamagedRunError, match=r"manifest\.json is missing"):
        load_results(run)
    (run.parent / "notes").mkdir()
    (run.parent / "notes" / "manifest.txt").write_text("x")
    assert ask(run, "list").stderr.count("\n") == 1


def sealed(manifest: dict[str, Any]) -> str:
    rest = {key: value for key, value in manifest.items() if key != "content"}
    return json.dumps(rest | {"content": json_digest(rest)})


MANIFESTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "nothing": lambda _: "",
    "null": lambda _: "null",
    "a list": lambda _: "[]",
    "half": lambda manifest: json.dumps(manifest)[:300],
    "nested": lambda _: "[" * 100_000,
    "very large": lambda _: "{" + " " * 2**21 + "}",
    "no text": lambda _: "\udcff",
    "no scenario": lambda manifest: sealed(manifest | {"scenario": None}),
    "a number for a digest": lambda manifest: sealed(manifest | {"digest": 5}),
    "a text for a count": lambda manifest: sealed(manifest | {"n_draws": "x"}),
    "true for a count": lambda manifest: sealed(manifest | {"seed": True}),
    "a time that is none": lambda manifest: sealed(manifest | {"created": "\x1b]0;title\x07"}),
    "markup": lambda manifest: sealed(manifest | {"scenario": {"name": "[/]"}}),
    "a file elsewhere": lambda manifest: sealed(manifest | {"files": manifest["files"] | {"../../x": "0" * 64}}),
    "no files": lambda manifest: sealed({key: value for key, value in manifest.items() if key != "files"}),
    "another seed": lambda manifest: json.dumps(manifest | {"seed": 1}),
    "an infinite horizon": lambda manifest: json.dumps(manifest | {"horizon": float("inf")}),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_none_is_named_and_other_runs_are_shown(run: Path, name: str) -> None:
    text = MANIFESTS[name](json.loads((run / MANIFEST).read_text()))
    (run / MANIFEST).write_text(text, encoding="utf-8", errors="surrogateescape")
    for arguments in (("list",), ("ledger", "add", "results/hyundai")):
        done = ask(run, *arguments)
        assert done.returncode == (0 if arguments == ("list",) else 2)
        assert done.stderr.count("\n") == 1
        assert f"{run.name}: manifest.json is damaged (" in done.stderr
        assert not set(done.stderr + done.stdout) & {"\x1b", "\x07"}
    assert "baseline" in ask(run, "list").stdout
    if name in ("a list", "another seed"):
        assert ask(run, "run", "hyundai", *DRAWS, "--no-plot").returncode == 0
        assert load_results(run).manifest["seed"] == 0


def rewritten(path: Path, change: Callable[[h5py.File], None]) -> None:
    with h5py.File(path, "r+") as file:
        change(file)


def huge(file: h5py.File) -> None:
    del file["exports"]
    file.create_dataset("exports", (10, 2 * 10**9), "f4", chunks=(1, 1_000_000), compression="gzip")


def outside(file: h5py.File) -> None:
    shape = file["exports"].shape
    del file["exports"]
    file.create_dataset("exports", shape, "f4", external=[("/etc/passwd", 0, 4 * shape[0] * shape[1])])


def unwritten(file: h5py.File) -> None:
    shape = file["exports"].shape
    del file["exports"]
    file.create_dataset("exports", shape, "f4")


def complex_numbers(file: h5py.File) -> None:
    values = file["exports"][...].astype("c8")
    del file["exports"]
    file["exports"] = values


def short(file: h5py.File) -> None:
    values = file["exports"][:, :100]
    del file["exports"]
    file["exports"] = values


def linked(file: h5py.File) -> None:
    del file["exports"]
    file["exports"] = h5py.ExternalLink("/elsewhere.nc", "/exports")


def more(file: h5py.File) -> None:
    file.create_dataset("further", (50_000, 50_000), "f4", chunks=(1_000, 1_000), fillvalue=1.0)


def texts(file: h5py.File) -> None:
    """A hundred million quarters, none of them written."""
    del file["quarter"]
    file.create_dataset("quarter", (10**8,), h5py.string_dtype())


def squeezed_texts(file: h5py.File) -> None:
    """Fifty million quarters, in 90 kB."""
    del file["quarter"]
    quarters = file.create_dataset("quarter", (5 * 10**7,), h5py.string_dtype(), chunks=(10**6,), compression="gzip")
    quarters[:10] = b""
    for place in range(1, 50):
        quarters.id.write_direct_chunk((place * 10**6,), quarters.id.read_direct_chunk((0,))[1])


def of_another(file: h5py.File) -> None:
    file.attrs["digest"] = "0123456789ab"


FORGERIES = (huge, outside, unwritten, complex_numbers, short, linked, more, texts, squeezed_texts, of_another)


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_draws_of_a_stranger_are_read_only_if_they_are_those_of_the_run(
    run: Path, forgery: Callable[[h5py.File], None]
) -> None:
    """The manifest is forged along, so that only what is in the file gives it away."""
    rewritten(run / "draws.nc", forgery)
    write_manifest(run, json.loads((run / MANIFEST).read_text()))
    started = time.process_time()
    results = load_results(run)
    with pytest.raises(DamagedRunError, match=r"draws\.nc: cannot be read"):
        _ = results.draws
    with pytest.raises(DamagedRunError, match=r"draws\.nc: cannot be read"):
        results.kept("trade_balance")
    assert time.process_time() - started < 5
    done = ask(run, "ledger", "add", f"results/hyundai/{run.name}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("forgery", [texts, squeezed_texts], ids=lambda forgery: forgery.__name__)
def test_texts_without_number_do_not_occupy_the_process_that_reads_first(
    run: Path, forgery: Callable[[h5py.File], None]
) -> None:
    rewritten(run / "draws.nc", forgery)
    started = sum(os.times()[2:4])
    demand_harmless(run / "draws.nc")
    assert sum(os.times()[2:4]) - started < 2


SUMMARIES: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: "",
    "another table": lambda text: "a,b\n1,2\n",
    "texts": lambda text: "year,statistic,series,value,standard_error\n2026,mean,x,y,z\n",
    "a cell too few": lambda text: text.replace(",trade_balance,2026,mean,", ",trade_balance,2026,", 1),
    "a cell too many": lambda text: text.replace(",trade_balance,2026,mean,", ",trade_balance,2026,mean,,", 1),
    "a row twice": lambda text: text + text.splitlines()[-1] + "\n",
    "no row of a year": lambda text: "\n".join(line for line in text.splitlines() if ",2027," not in line),
    "rows the other way": lambda text: "\n".join([text.splitlines()[0], *text.splitlines()[:0:-1]]),
    "a column twice": lambda text: text.replace("unit", "value", 1),
    "an open quote": lambda text: text.replace("trade_balance", '"trade_balance', 1),
    "no number": lambda text: text.replace("mean,bn USD,", "mean,bn USD,nan", 1),
    "an infinite number": lambda text: re.sub(r"(mean,bn USD),[^,]*,", r"\1,inf,", text, count=1),
    "a negative error": lambda text: re.sub(r"(mean,bn USD,[^,]*),", r"\1,-", text, count=1),
    "a statistic too few": lambda text: "\n".join(line for line in text.splitlines() if ",below_0," not in line),
    "a series too few": lambda text: "\n".join(line for line in text.splitlines() if ",effect," not in line),
}


@pytest.mark.parametrize("change", SUMMARIES)
def test_tables_of_a_stranger_are_refused_in_a_line(run: Path, change: str) -> None:
    (run / "summary.csv").write_text(SUMMARIES[change]((run / "summary.csv").read_text()))
    write_manifest(run, json.loads((run / MANIFEST).read_text()))
    for arguments in (("report", "results/hyundai"), ("run", "hyundai", *DRAWS, "--no-plot")):
        done = ask(run, *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "summary.csv: cannot be read" in done.stderr


@pytest.mark.parametrize(
    "text", ["5", "[]", "null", "name: {}", "name: hyundai\nhorizon: x\n", "mixture: 5\nname: a\n", "a: ["]
)
def test_a_scenario_of_a_stranger_is_frozen_by_nobody(run: Path, text: str) -> None:
    (run / "scenario.yaml").write_text(text)
    write_manifest(run, json.loads((run / MANIFEST).read_text()))
    done = ask(run, "ledger", "add", f"results/hyundai/{run.name}")
    assert done.returncode == 2
    assert "scenario.yaml" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert not list(run.parents[2].glob("ledger/*/*"))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"basis": "us_census"}, "summary.csv: cannot be read (got another table, expected the summary of the run)"),
        ({"as_of": "2020-01-01"}, 'manifest.json is damaged (as_of: got "2020-01-01", expected a day from 2024-07-31'),
        ({"n_failed": 400}, "manifest.json is damaged (n_failed: got 400, expected fewer than the 400 draws)"),
    ],
)
def test_facts_of_another_run_are_named(run: Path, facts: dict[str, Any], words: str) -> None:
    """The first ended in a traceback, the second in a message without a place."""
    write_manifest(run, json.loads((run / MANIFEST).read_text()) | facts)
    for arguments in (("report", "results/hyundai"), ("verify", "results/hyundai")):
        done = ask(run, *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith("error: results/hyundai/")
        assert words in done.stderr or arguments[0] == "verify"


def test_a_run_that_counts_another_record_is_said_to(run: Path) -> None:
    """As of data in which another year was the largest: a report ended in a traceback."""
    text = (run / "summary.csv").read_text()
    (record,) = {cell for cell in re.findall(r"exceedance_[\d.]+", text) if cell != "exceedance_0"}
    (run / "summary.csv").write_text(text.replace(record, "exceedance_1.0"))
    write_manifest(run, json.loads((run / MANIFEST).read_text()))
    done = ask(run, "report", "results/hyundai")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "counts the chance to exceed another record than 55.7 bn USD, which the data installed have" in done.stderr


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(run: Path) -> None:
    for name in (MANIFEST, "draws.nc"):
        (run / name).unlink()
        os.mkfifo(run / name)
    assert ask(run, "list").returncode == 0
    assert "plain file" in ask(run, "verify", "results/hyundai").stderr


def test_what_a_user_left_in_the_folder_of_a_run_stays(run: Path) -> None:
    (run / "note.txt").write_text("mine")
    (run / "budget_trade_balance_2030.csv").write_text("b")
    assert ask(run, "run", "hyundai", *DRAWS, "--no-plot", "--force").returncode == 0
    assert (run / "note.txt").read_text() == "mine"
    assert (run / "budget_trade_balance_2030.csv").read_text() == "b"
    assert not (run / "fan.png").exists()  # it belonged to the run that was replaced
    assert ask(run, "verify", "results").returncode == 0


def test_a_file_with_the_name_of_a_run_stays(run: Path, tmp_path: Path) -> None:
    shutil.rmtree(run)
    run.write_text("mine")
    done = ask(run, "run", "hyundai", *DRAWS, "--no-plot")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is a file" in done.stderr
    assert run.read_text() == "mine"
    assert not list(tmp_path.rglob(".unfinished-*"))


@pytest.mark.parametrize("failing", [1, 2])
def test_a_run_that_cannot_be_replaced_is_still_there(run: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    before, rename, calls = load_results(run).manifest, Path.rename, []

    def refuse(self: Path, target: Path) -> Path:
        if run in (self, Path(target)) or self.name == run.name:
            calls.append(self)
            if len(calls) == failing:
                raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    done = ask(run, "run", "hyundai", *DRAWS, "--no-plot", "--force")
    monkeypatch.undo()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert len(calls) >= failing
    assert load_results(run).manifest == before


def test_a_run_set_aside_by_a_process_that_was_killed_comes_back_for_readers(run: Path) -> None:
    """Killed between the two renames of `--force`: the process that held it aside is gone."""
    from forecast.storage.files import _host

    aside = run.parent / f".unfinished-{_host()}-{2**22 + 1}-a1b2c3_4"
    aside.mkdir()
    run.rename(aside / f"{run.name}.replaced")
    assert load_results(run.parent).folder == run
    assert not aside.exists()


def test_a_run_found_without_a_picture_gets_one_that_the_manifest_knows(copy: Path) -> None:
    done = command("run", "baseline", *DRAWS, cwd=copy)
    assert "Found in" in done.stdout
    results = load_results(copy / "results" / "baseline")
    assert "fan.png" in results.manifest["files"]
    assert forecast.load_results(results.folder).manifest == results.manifest


def test_the_files_of_a_run_are_those_that_its_folder_has(run: Path) -> None:
    assert {path.name for path in run.iterdir()} <= RUN_FILES
    with h5netcdf.File(run / "draws.nc") as file:
        assert (file.attrs["scenario"], file.attrs["digest"]) == ("hyundai", run.name)
        assert np.isfinite(file["exports"][...]).all()


def test_verify_names_what_holds_nothing(tmp_path: Path) -> None:
    done = command("verify", ".", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "holds nothing to verify" in done.stderr
    assert command("verify", cwd=tmp_path).returncode == 2
