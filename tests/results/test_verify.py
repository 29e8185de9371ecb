"""What is stored is held against its digests byte by byte, and against what it gives when it is made again."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import h5py
import pytest
from commands import command

from forecast.models.posterior import load_posterior, save_posterior
from forecast.results import crate as crate_module
from forecast.results import manifest as manifest_module
from forecast.results import rerun
from forecast.results import run as run_module
from forecast.results.manifest import MANIFEST, write_manifest
from forecast.storage import netcdf
from forecast.storage.files import digest, json_digest, json_text
from forecast.storage.netcdf import is_sealed
from forecast.track import ledger as ledger_module

DRAWS = ("--draws", "4100", "--no-plot")
ROOTED = "/" + "tmp/x"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three blocks, an entry and a posterior of it, and the run exported."""
    cwd = tmp_path_factory.mktemp("original")
    assert command("run", "hyundai", *DRAWS, cwd=cwd).returncode == 0
    assert command("ledger", "add", "results/hyundai", cwd=cwd).returncode == 0
    done = command("export", "results/hyundai", "--out", "run.zip", cwd=cwd)
    assert done.returncode == 0, done.stderr
    save_posterior(load_posterior(), cwd / "posterior.nc")
    return cwd


def folder_of(cwd: Path) -> Path:
    (folder,) = (cwd / "results" / "hyundai").iterdir()
    return folder


def listing(cwd: Path) -> dict[str, bytes]:
    return {str(path.relative_to(cwd)): path.read_bytes() for path in sorted(cwd.rglob("*")) if path.is_file()}


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


def forged(cwd: Path, change: Callable[[Path], None], **facts: object) -> None:
    """Change the files of a run, and its manifest along, so that digests give nothing away."""
    folder = folder_of(cwd)
    change(folder)
    write_manifest(folder, json.loads((folder / MANIFEST).read_text()) | facts)


def one_draw(folder: Path) -> None:
    with h5py.File(folder / "draws.nc", "r+") as file:
        file["exports"][3, 4_050] *= 1.0001


def one_number(factor: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        lines = (folder / "summary.csv").read_text().splitlines(keepends=True)
        cells = lines[1].split(",")
        cells[6] = repr(float(cells[6]) * factor)
        (folder / "summary.csv").write_text("".join([lines[0], ",".join(cells), *lines[2:]]))

    return change


OTHER_CODE = dict.fromkeys(("data", "posterior", "code", "installed_base"), "0" * 64)


def nothing(_: Path) -> None: ...


def test_forged_draws_come_out_otherwise(copy: Path) -> None:
    forged(copy, one_draw)
    assert "draws.nc: comes out otherwise" in command("verify", "results", cwd=copy).stderr
    done = command("verify", "results", "--blocks", "3", cwd=copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "draws.nc: exports: block 3: comes out otherwise" in done.stderr


@pytest.mark.parametrize(
    ("change", "facts", "words"),
    [
        (one_number(1.0001), {}, "summary.csv: comes out otherwise"),
        (nothing, {"n_failed": 1}, "manifest.json: n_failed: got 1, expected 0"),
        (nothing, {"seed": 1}, "manifest.json: digest"),
        (
            nothing,
            {"created": "2025-01-01T00:00:00"},
            "manifest.json: the run was made on 2025-01-01, before",
        ),
        (nothing, {"created": "2199-01-01T00:00:00"}, "the run was made on 2199-01-01, a day that is still to come"),
        (one_number(1.0001), {"digests": OTHER_CODE}, "manifest.json: digest"),
        (nothing, {"platform": {"note": "checked"}}, 'platform: got {"note": "checked"}, expected blas, instructions'),
        (nothing, {"comment": "checked"}, "got comment, which no run says of itself"),
        (nothing, {"overrides": ["horizon=2030"]}, "manifest.json: overrides: got horizon=2030, but scenario.yaml has"),
        (nothing, {"overrides": ["--without HMG-06"]}, "overrides: got --without HMG-06, but scenario.yaml has"),
        (nothing, {"overrides": ["--only HMG-06"]}, "overrides: got --only HMG-06, but scenario.yaml has"),
        (nothing, {"overrides": ["--only GONE"]}, "overrides: got --only GONE, but scenario.yaml has"),
        (nothing, {"overrides": ["horizon=2030", "--without GONE"]}, "overrides: got horizon=2030, --without GONE"),
        (nothing, {"overrides": ["--without GONE", "horizon=2035"]}, "overrides: got --without GONE, horizon=2035"),
        (nothing, {"overrides": ["investments.GONE.amount=1"]}, "overrides: got investments.GONE.amount=1, but"),
        (nothing, {"overrides": ["title=Approved"]}, "overrides: got title=Approved, but"),
        (nothing, {"overrides": ["nosuch=1"]}, "manifest.json: overrides: got nosuch=1"),
        (nothing, {"scheme": "sobol"}, "manifest.json: digest"),
        (nothing, {"scheme": "other"}, 'scheme: got "other", expected plain, latin_hypercube, sobol'),
        (nothing, {"origin": "2020Q1"}, "manifest.json: origin: got 2020Q1"),
        (lambda folder: (folder / "quarters.csv").write_text("a\n"), {}, "quarters.csv: comes out otherwise"),
        (
            lambda folder: (folder / "scenario.yaml").write_text(
                (folder / "scenario.yaml").read_text().replace("horizon: 2035", "horizon: 2034")
            ),
            {},
            "manifest.json: digest",
        ),
    ],
    ids=[
        "number",
        "failures",
        "seed",
        "before its data",
        "not yet",
        "code",
        "platform",
        "key",
        "set",
        "left out",
        "kept",
        "kept elsewhere",
        "set beside what is left out",
        "in another order",
        "of a plant that is not there",
        "title",
        "set nowhere",
        "scheme",
        "no scheme",
        "origin",
        "table",
        "scenario",
    ],
)
def test_a_forged_run_does_not_come_out_again(
    copy: Path, change: Callable[[Path], None], facts: dict[str, object], words: str
) -> None:
    forged(copy, change, **facts)
    done = command("verify", "results", "--n-jobs", "1", cwd=copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert words in done.stderr


PLANT = (
    "sector: batteries, kind: greenfield, amount: {distribution: uniform, low: 1, high: 3}, announced: 2025-03, "
    "production_start: 2029"
)
PLANTS = f"""
name: plants
investments:
  - {{id: whole, company: C, project: all, sector: batteries, kind: pledge, amount: 9, announced: 2025-03}}
  - {{id: a, company: C, project: one, part_of: whole, {PLANT}}}
  - {{id: b, company: C, project: two, part_of: whole, {PLANT}}}
  - {{id: c, company: D, project: three, {PLANT}}}
  - {{id: d, company: D, project: four, {PLANT}}}
programmes:
  - {{id: of-c, company: C, probability: 0.9}}
"""
HONEST: dict[str, tuple[str, ...]] = {
    "a value of a plant left out": ("-s", "investments.c.amount.low=2", "--without", "c"),
    "of a part of a pledge left out": ("-s", "investments.a.slip=1", "-s", "horizon=2031", "--without", "whole"),
    "of plants not kept": ("-s", "investments.c.amount=2", "-s", "investments.a.amount=1", "--only", "a"),
    "a plant removed": ("-s", "investments.d=null"),
    "plants together": ("-s", "investments={c: {scale: 1}, d: null}", "--without", "c"),
    "an exclusion of one left out": ("-s", "investments.d.excludes=[c]", "--without", "c"),
    "a correlation with one left out": (
        *("-s", "correlations=[{between: [investments.c.amount, investments.d.amount], rank: 0.5}]"),
        *("--without", "c"),
    ),
    "a programme of some left out": ("-s", "programmes.of-c={members: [a, c], company: null}", "--only", "c"),
    "a programme of all left out": ("-s", "programmes.of-c.probability=0.5", "--only", "d", "--without", "a"),
    "a part of a pledge kept": ("--only", "whole", "--without", "b", "--without", "a"),
    "a title": ("-s", "title=Mine", "-s", "description=Of my own"),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_was_set_on_plants_that_are_gone_is_no_forgery(tmp_path: Path, name: str) -> None:
    (tmp_path / "plants.yaml").write_text(PLANTS, encoding="utf-8")
    done = command("run", "plants.yaml", "--draws", "20", "--no-plot", *HONEST[name], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = command("verify", "results", "--n-jobs", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


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


def test_on_another_platform_numbers_agree_to_1e_9(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = manifest_module.platform_facts() | {"instructions": ["X86_V4"]}
    monkeypatch.setattr(run_module, "platform_facts", lambda: facts)
    forged(copy, one_number(1 + 1e-12))
    done = command("verify", "results", cwd=copy)
    assert done.returncode == 0, done.stderr
    assert "the same to 1e-9" in done.stdout
    forged(copy, one_number(1 + 1e-7))
    done = command("verify", "results", cwd=copy)
    assert done.returncode == 2
    assert "summary.csv: comes out otherwise when the run is made again, by up to" in done.stderr


@pytest.mark.parametrize("name", ["code", "data", "size"])
def test_what_cannot_be_made_again_is_told(original: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    match name:
        case "code":
            monkeypatch.setattr(run_module, "code_digest", lambda _: "0" * 64)
        case "data":
            monkeypatch.setattr(run_module, "data_digest", lambda: "0" * 64)
        case "size":
            monkeypatch.setattr(rerun, "RERUN_DRAWS", 4_000)
    done = command("verify", "results", cwd=original)
    words = {"code": "made by other code", "data": "made with other data", "size": "it has more than"}
    assert done.returncode == 0
    assert done.stdout.startswith("Whole, but not run again, as it")
    assert words[name] in done.stdout


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


def forged_entry(cwd: Path, change: Callable[[Path], None] = nothing, **facts: object) -> Path:
    """Change the files of an entry, and its head along, so that digests give nothing away."""
    (path,) = (cwd / "ledger").glob("*/entry.json")
    change(path.parent)
    head = json.loads(path.read_text()) | facts
    head["files"] = {name: digest((path.parent / name).read_bytes()) for name in head["files"]}
    head["content"] = ledger_module._content(head)
    path.write_text(json_text(head))
    return path.parent


def said(manifest: dict[str, object]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        told = json.loads((folder / MANIFEST).read_text()) | manifest
        told["content"] = json_digest({key: value for key, value in told.items() if key != "content"})
        (folder / MANIFEST).write_text(json_text(told))

    return change


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return change


ENTRIES: dict[str, tuple[Callable[[Path], None], dict[str, object], str]] = {
    "before its data": (
        said({"created": "2026-08-01T00:00:00+00:00"}),
        {"added": "2026-08-02T00:00:00+00:00", "as_of": "2026-08-01"},
        "the run was made on 2026-08-01, before its newest data, which were due on 2026-10-05",
    ),
    "before its run": (nothing, {"added": "2026-10-06T00:00:00+00:00"}, "added on 2026-10-06, before the run was made"),
    "not yet": (nothing, {"added": "2199-01-01T00:00:00+00:00"}, "added on 2199-01-01, a day that is still to come"),
    "no moment": (nothing, {"added": "soon"}, "Invalid isoformat string: 'soon'"),
    "key": (nothing, {"note": "approved"}, "got note, which no entry says of itself"),
    "day": (nothing, {"as_of": "2026-01-01"}, "entry.json: as_of: got 2026-01-01, expected"),
    "origin": (nothing, {"origin": "2025Q4"}, "entry.json: origin: got 2025Q4, expected 2026Q2, as its run has it"),
    "overrides": (said({"overrides": ["horizon=2030"]}), {}, "manifest.json: overrides: got horizon=2030"),
    "digest": (said({"digest": "0" * 12}), {}, "manifest.json: digest: got 000000000000, expected"),
    "note": (said({"note": "approved"}), {}, "manifest.json: got note, which no run says of itself"),
    "comment": (replaced("scenario.yaml", "\n", " # approved\n"), {}, "scenario.yaml: comes out otherwise when its"),
    "trade": (replaced("trade.csv", ".", ".1"), {}, "trade.csv: got other trade than its data hold"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_forged_with_its_digests_is_found_out(copy: Path, name: str) -> None:
    change, facts, words = ENTRIES[name]
    forged_entry(copy, change, **facts)
    done = command("verify", "--ledger", "ledger", "--n-jobs", "1", cwd=copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert words in done.stderr


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
    assert f"forecast verify hyundai-{folder.name}.zip" in page


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


def repacked(
    path: Path, change: Callable[[dict[str, bytes]], None], kind: int = 0, comment: bytes | None = None
) -> None:
    with ZipFile(path) as archive:
        files, stated = {name: archive.read(name) for name in archive.namelist()}, archive.comment
    change(files)
    with ZipFile(path, "w", kind) as archive:
        archive.comment = stated if comment is None else comment
        for name, content in files.items():
            archive.writestr(ZipInfo(name), content, kind)


def many(files: dict[str, bytes]) -> None:
    files.update({f"scenario/{number}.yaml": b"" for number in range(200)})


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "escape": (lambda path: repacked(path, lambda files: files.update({"../../x": b"x"})), "'../../x'"),
    "hidden escape": (
        lambda path: repacked(path, lambda files: files.update({"scenario/../../x.yaml": b"x"})),
        "../../x",
    ),
    "root": (lambda path: repacked(path, lambda files: files.update({ROOTED: b"x"})), f"'{ROOTED}'"),
    "steering": (lambda path: repacked(path, lambda files: files.update({"\x1b[2J": b"x"})), "x1b"),
    "bomb": (
        lambda path: repacked(path, lambda files: files.update({"README.md": bytes(2**26)}), ZIP_DEFLATED),
        "packed",
    ),
    "many": (lambda path: repacked(path, many), "more than an exported run has"),
    "more": (
        lambda path: repacked(path, lambda files: files.update({"scenario/x.yaml": b"x"})),
        "is not among the files",
    ),
    "fewer": (lambda path: repacked(path, lambda files: files.pop("posterior.nc")), "posterior.nc is missing"),
    "another time": (lambda path: repacked(path, lambda files: None), "the archive around its files was changed"),
    "no comment": (lambda path: repacked(path, lambda files: None, comment=b""), "does not end as"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "does not end as"),
    "longer": (lambda path: path.write_bytes(b"x" * 1000 + path.read_bytes()), "archive around"),
    "text": (lambda path: path.write_bytes(b"PK\3\4" + b"x" * 500), "does not end as"),
    "empty": (lambda path: path.write_bytes(b""), "does not end as"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_archive_of_a_stranger_is_refused_in_a_line(original: Path, tmp_path: Path, name: str) -> None:
    change, words = HOSTILE[name]
    cwd = tmp_path / "deep" / "inside"
    cwd.mkdir(parents=True)
    change(Path(shutil.copy(original / "run.zip", cwd)))
    before = listing(tmp_path)
    done = command("verify", "run.zip", cwd=cwd)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert words in done.stderr
    assert done.stderr.startswith("error: run.zip: ")
    assert not {"\x1b"} & {*done.stderr}
    assert listing(tmp_path) == before


def forged_archive(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    """Change texts of an archive, and every digest along."""
    with ZipFile(path) as archive, TemporaryDirectory() as place:
        archive.extractall(place)
        members = {name: Path(place) / name for name in archive.namelist()}
        texts = {name: file.read_text() for name, file in members.items() if file.suffix in (".md", ".txt", ".yaml")}
        about = crate_module.METADATA
        texts[about] = members[about].read_text()
        before = dict(texts)
        change(texts)
        for name in before.keys() - texts.keys():
            del members[name]
        for name in texts.keys() - {about}:
            members.setdefault(name, Path(place) / name).write_text(texts[name])
        graph = json.loads(texts[about])
        for entity in graph["@graph"]:
            if entity["@type"] == "File" and entity["@id"] in members:
                content = members[entity["@id"]].read_bytes()
                entity |= {"sha256": digest(content), "contentSize": str(len(content))}
        graph["@graph"] = [one for one in graph["@graph"] if one["@type"] != "File" or one["@id"] in members]
        known = {one["@id"] for one in graph["@graph"]}
        graph["@graph"] += [crate_module._file(name, members[name]) for name in sorted(members.keys() - known)]
        members[about].write_text(json_text(graph))
        crate_module._pack(path, members)


def instead(name: str, old: str, new: str) -> Callable[[dict[str, str]], None]:
    def change(texts: dict[str, str]) -> None:
        assert old in texts[name]
        texts[name] = texts[name].replace(old, new)

    return change


FORGED: dict[str, tuple[Callable[[dict[str, str]], None], str]] = {
    "page": (instead("README.md", "No network", "A payment"), "README.md: comes out otherwise"),
    "description": (
        instead("ro-crate-metadata.json", "says how to verify it", "was verified"),
        "ro-crate-metadata.json: comes out otherwise",
    ),
    "versions": (instead("installed.txt", "numpy==", "checked by numpy=="), "installed.txt: got 'checked by numpy=="),
    "title": (instead("scenario/hyundai.yaml", "title: ", "title: Approved "), "do not state what was run"),
    "value": (instead("scenario/hyundai.yaml", "amount: ", "amount: 1"), "do not state what was run"),
    "fewer": (lambda texts: texts.pop("scenario/baseline.yaml") and None, "do not state what was run"),
    "more": (lambda texts: texts.update({"scenario/note.yaml": "name: note\n"}), "do not state what was run"),
    "no text": (lambda texts: texts.update({"scenario/hyundai.yaml": "[approved"}), "do not state what was run"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_exported_beside_a_run_is_what_the_run_gives(original: Path, tmp_path: Path, name: str) -> None:
    change, words = FORGED[name]
    forged_archive(Path(shutil.copy(original / "run.zip", tmp_path)), change)
    done = command("verify", "run.zip", "--blocks", "0", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert done.stderr.startswith("error: run.zip: ")
    assert words in done.stderr


def test_what_another_version_exported_is_said_not_to_be_compared(original: Path, tmp_path: Path) -> None:
    forged_archive(
        Path(shutil.copy(original / "run.zip", tmp_path)), instead("installed.txt", "forecast==", "forecast==9.")
    )
    done = command("verify", "run.zip", "--blocks", "0", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Whole: run.zip",
        "Not looked at, in run.zip: README.md, ro-crate-metadata.json, scenario/baseline.yaml, scenario/hyundai.yaml",
    ]


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
    ("reader", "words"),
    [("import os; os.abort()", "ends the process by signal 6"), ("while 1: 0", "is not read within")],
)
def test_a_file_that_ends_or_keeps_the_process_that_reads_it_is_named(
    original: Path, monkeypatch: pytest.MonkeyPatch, reader: str, words: str
) -> None:
    monkeypatch.setattr(netcdf, "_READER", reader)
    monkeypatch.setattr(netcdf, "READER_SECONDS", 1)
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


@pytest.mark.parametrize("blocks", [(), ("--blocks", "1")])
def test_draws_forged_with_their_digests_are_one_line(blocks: tuple[str, ...], copy: Path) -> None:
    path = folder_of(copy) / "draws.nc"
    path.write_bytes(b"\x00" + path.read_bytes()[1:])
    manifest = json.loads((path.parent / MANIFEST).read_text())
    write_manifest(path.parent, manifest | {"files": manifest["files"] | {"draws.nc": digest(path.read_bytes())}})
    done = command("verify", "results", *blocks, cwd=copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert (
        "draws.nc: cannot be read (OSError: Unable to synchronously open file (file signature not found))"
        in done.stderr
    )


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
    assert command("validate", "FOLDER/scenario/hyundai.yaml", cwd=tmp_path).returncode == 0


def test_a_book_that_was_written_here_is_no_exported_run(tmp_path: Path) -> None:
    """Any ZIP archive was called one."""
    made = command("run", "baseline", "-s", "horizon=2027", *DRAWS, "--xlsx", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (book,) = tmp_path.rglob("*.xlsx")
    for name in ("validate", "report", "verify"):
        done = command(name, str(book), cwd=tmp_path)
        assert (done.returncode, "exported run does" in done.stderr, "-m zipfile" in done.stderr) == (2, False, False)
