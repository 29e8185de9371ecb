"""Runs, entries and archives that were changed with every digest along are found out, and honest ones are not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import h5py
import pytest
from commands import command
from stored import folder_of, listing

from forecast.results import crate as crate_module
from forecast.results import manifest as manifest_module
from forecast.results import run as run_module
from forecast.results.manifest import MANIFEST, write_manifest
from forecast.storage.files import digest, json_digest, json_text
from forecast.track import ledger as ledger_module
from forecast.track import verification as verification_module

RUN = "DIGEST"
"""In words on a run, in place of its digest."""

pytestmark = pytest.mark.usefixtures("of_our_own")
ROOTED = "/" + "tmp/x"


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


def test_a_sample_of_all_blocks_is_not_the_whole_run(copy: Path) -> None:
    """Draws alone are held against what is drawn again; a forged table was called whole and the same bytes."""
    forged(copy, one_number(1.1))
    for blocks in ("3", "5"):
        done = command("verify", "results", "--blocks", blocks, cwd=copy)
        assert done.stdout.startswith("Whole, and 3 of its 3 blocks the same when drawn again: ")
    assert "summary.csv" in command("verify", "results", cwd=copy).stderr


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
            {"created": "2025-01-01T00:00:00+00:00"},
            "manifest.json: the run was made on 2025-01-01, before",
        ),
        (
            nothing,
            {"created": "2199-01-01T00:00:00+00:00"},
            "the run was made on 2199-01-01, a day that is still to come",
        ),
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
        (nothing, {"overrides": ["horizon=2035 # approved"]}, "overrides: got horizon=2035 # approved, but"),
        (nothing, {"overrides": ["horizon=2035\n# approved"]}, "overrides: got horizon=2035\\u000a# approved, but"),
        (nothing, {"overrides": [" horizon=2035"]}, "overrides: got  horizon=2035, but"),
        (nothing, {"overrides": ["horizon=2035", "horizon=2035"]}, "overrides: got horizon=2035, horizon=2035, but"),
        (nothing, {"overrides": ["horizon=2030", "horizon=2035"]}, "overrides: got horizon=2030, horizon=2035, but"),
        (nothing, {"overrides": ["--without GONE", "--without GONE"]}, "got --without GONE, --without GONE, but"),
        (nothing, {"overrides": ["--without GONE", "--without AWAY"]}, "got --without GONE, --without AWAY, but"),
        (nothing, {"overrides": ["investments.GONE=null", "investments.GONE=null"]}, "overrides: got investments.GONE"),
        (nothing, {"overrides": ["investments.GONE.amount=1", "--without GONE"]}, "got investments.GONE.amount=1, --"),
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
        "comment",
        "second line",
        "blank",
        "twice",
        "hidden by another",
        "left out twice",
        "left out in another order",
        "removed twice",
        "set and left out",
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
    "a programme that ends with what is set": ("-s", "programmes.of-c={members: [a, c], company: null}", "--only", "b"),
    "a part made one of a pledge left out": ("-s", "investments.c.part_of=whole", "--without", "whole"),
    "a plant removed beside another": ("-s", "investments={c: {scale: 1}, d: null}"),
    "kept inside what is left out, and correlated": (
        *("-s", "correlations=[{between: [investments.b.amount, investments.c.amount], rank: 0.5}]"),
        *("--only", "b", "--without", "whole"),
    ),
    "added and changed": (
        *("-s", f"investments={{e: {{company: E, project: five, {PLANT}}}}}"),
        *("-s", f"investments.e={{company: E, project: five, {PLANT}}}"),
    ),
    "a programme of all left out": ("-s", "programmes.of-c.probability=0.5", "--only", "d", "--without", "a"),
    "a part of a pledge kept": ("--only", "whole", "--without", "b", "--without", "a"),
    "a part of a pledge kept but one": ("--only", "whole", "--without", "b"),
    "two of no pledge left out": ("--without", "c", "--without", "d"),
    "a pledge and part of it left out": ("--without", "a", "--without", "whole", "--only", "c"),
    "all plants kept": ("--only", "whole", "--only", "c", "--only", "d"),
    "one value over another": ("-s", "horizon=2031", "-s", " horizon = 2032 ", "-s", "title='A # sign'"),
    "a list after a value of it": (
        *("-s", "investments.d.amount={distribution: uniform, low: 1, high: 2}"),
        *("-s", "investments.d.amount.high=3", "-s", "investments.d.company=null", "-s", "investments.d.company=E"),
    ),
    "a title": ("-s", "title=Mine", "-s", "description=Of my own"),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_was_set_on_plants_that_are_gone_is_no_forgery(tmp_path: Path, name: str) -> None:
    (tmp_path / "plants.yaml").write_text(PLANTS, encoding="utf-8")
    done = command("run", "plants.yaml", "--draws", "20", "--no-plot", *HONEST[name], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = command("verify", "results", "--n-jobs", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


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
    "note": (said({"note": "approved"}), {}, "got note, which no run says of itself"),
    "failures": (said({"n_failed": 3}), {}, "manifest.json: n_failed: got 3, expected 0, as scenario, parameters and"),
    "quantiles": (said({"quantiles": "sketch"}), {}, "manifest.json: quantiles: got sketch, expected exact"),
    "files": (
        said({"files": dict.fromkeys(("summary.csv", "quarters.csv", "scenario.yaml"), "0" * 64)}),
        {},
        "got digests of draws.nc, quarters.csv, scenario.yaml, summary.csv that are not those of its run",
    ),
    "comment": (replaced("scenario.yaml", "\n", " # approved\n"), {}, "scenario.yaml: comes out otherwise when its"),
    "trade": (replaced("trade.csv", ".", ".1"), {}, "trade.csv: comes out otherwise when the trade of its data"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_forged_with_its_digests_is_found_out(copy: Path, name: str) -> None:
    change, facts, words = ENTRIES[name]
    forged_entry(copy, change, **facts)
    done = command("verify", "--ledger", "ledger", "--n-jobs", "1", cwd=copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert words in done.stderr


UNREADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "quantiles": (replaced("quantiles.csv", "bn USD,", "bn USD,nan"), "quantiles.csv: cannot be read ("),
    "trade": (replaced("trade.csv", "bn USD", "bn USD,"), "trade.csv: cannot be read ("),
    "scenario": (replaced("scenario.yaml", "name:", "nam:"), "scenario.yaml: got another text"),
    "manifest": (said({"n_failed": -1}), "manifest.json: cannot be read (n_failed: got -1, expected a count)"),
    "run": (nothing, "entry.json: origin: got 2025Q4, expected 2026Q2, as its run has it"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_entry_that_cannot_be_read_is_not_whole_where_nothing_can_be_made_again(
    copy: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It was called whole, and could not be listed."""
    monkeypatch.setattr(run_module, "code_digest", lambda _: "0" * 64)
    monkeypatch.setattr(verification_module, "code_digest", lambda _: "0" * 64)
    change, words = UNREADABLE[name]
    forged_entry(copy, change, **({"origin": "2025Q4"} if name == "run" else {}))
    for arguments in (("verify", "ledger"), ("verify", "ledger", "--blocks", "0"), ("ledger", "list")):
        done = command(*arguments, cwd=copy)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
        assert words in done.stderr


@pytest.mark.parametrize(("name", "cell"), [("quantiles.csv", ",0.01,"), ("trade.csv", "us_census")])
def test_cells_that_no_reader_reads_are_held_against_what_is_written(copy: Path, name: str, cell: str) -> None:
    forged_entry(copy, replaced(name, cell, "x".join(cell)))
    done = command("verify", "ledger", "--blocks", "0", cwd=copy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert f"{name}: comes out otherwise when" in done.stderr


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


def both(*changes: Callable[[dict[str, str]], None]) -> Callable[[dict[str, str]], None]:
    return lambda texts: [change(texts) for change in changes] and None


NINE = instead("installed.txt", "forecast==", "forecast==9.")
"""A list of packages that names another version of this one."""


def damaged_run(texts: dict[str, str]) -> None:
    (name,) = (name for name in texts if name.startswith("run/") and name.endswith("/scenario.yaml"))
    texts[name] += "# approved\n"


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
    "page under another version": (both(NINE, instead("README.md", "No network", "A payment")), "README.md: comes out"),
    "value under another version": (
        both(NINE, instead("scenario/hyundai.yaml", "amount: ", "amount: 1")),
        "do not state what was run",
    ),
    "no page": (lambda texts: texts.pop("README.md") and None, "README.md is missing"),
    "no versions": (lambda texts: texts.pop("installed.txt") and None, "installed.txt is missing"),
    "run": (damaged_run, f"run.zip: run/hyundai/{RUN}: scenario.yaml was changed since the run was stored; ask for it"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_exported_beside_a_run_is_what_the_run_gives(original: Path, tmp_path: Path, name: str) -> None:
    change, words = FORGED[name]
    forged_archive(Path(shutil.copy(original / "run.zip", tmp_path)), change)
    done = command("verify", "run.zip", "--blocks", "0", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert done.stderr.startswith("error: run.zip: ")
    assert words in done.stderr.replace(folder_of(original).name, RUN)


def test_what_another_version_exported_is_said_not_to_be_compared(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is only named, in a list that anybody can change, switched the comparison off."""
    forged_archive(Path(shutil.copy(original / "run.zip", tmp_path)), NINE)
    verify = ("verify", "run.zip", "--blocks", "0")
    done = command(*verify, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["Whole: run.zip", "Not looked at, in run.zip: installed.txt"]
    monkeypatch.setattr(crate_module, "code_digest", lambda _: "0" * 64)
    every = "README.md, installed.txt, ro-crate-metadata.json, scenario/baseline.yaml, scenario/hyundai.yaml"
    assert command(*verify, cwd=tmp_path).stdout.splitlines() == [
        "Whole: run.zip",
        f"Not looked at, in run.zip: {every}",
    ]


def test_an_archive_of_another_kind_that_begins_with_a_page_is_no_exported_run(tmp_path: Path) -> None:
    """It was said to hold a run that `zipfile` unpacks."""
    with ZipFile(tmp_path / "notes.zip", "w") as archive:
        archive.writestr("README.md", "mine")
    for name in ("validate", "report"):
        done = command(name, "notes.zip", cwd=tmp_path)
        assert (done.returncode, "exported run" in done.stderr + done.stdout) == (2, False)
    words = "it does not end as an exported run does, with the digest of its ro-crate-metadata.json"
    assert words in command("verify", "notes.zip", cwd=tmp_path).stderr


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
