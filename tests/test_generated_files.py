"""What is stored as no one stored it: runs, entries, posteriors and tables of trade, changed at random or forged.

Whatever a file holds, reading it ends within bounds of time and memory, in an answer or in one message; nothing in it
ends the process. `make properties` makes 20,000 of them; the tests make 120.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from math import prod
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import Reading, reading
from test_generated import VALUES, budgeted

import forecast
from forecast.engine.simulate import Settings
from forecast.models.posterior import SHIPPED, load_posterior
from forecast.results.manifest import MANIFEST, write_manifest
from forecast.scenario.mixture import load_any
from forecast.storage.documents import scenario_path
from forecast.storage.files import digest, json_digest, text_bytes
from forecast.storage.netcdf import demand_harmless
from forecast.track.ledger import ENTRY, add_entry

pytestmark = pytest.mark.slow

SECONDS, MEGABYTES = 5.0, 600.0
"""Processor time and memory that reading one of them may take."""
PATIENCE = 300.0
"""Seconds after which a reader that takes no processor time is taken to wait for ever."""
Read = Callable[[str, Path], Reading]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """Reads in a process beside this one, which a file that ends its reader ends as well."""
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        beside.submit(reading, "posterior", str(SHIPPED)).result()

        def bounded(kind: str, path: Path) -> Reading:
            done = beside.submit(reading, kind, str(path)).result(PATIENCE)
            assert not done.crash, done.crash
            assert done.peak < MEGABYTES
            assert done.seconds < SECONDS
            assert len(done.refusal.splitlines()) <= 25
            return done

        yield bounded


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run."""
    folder = tmp_path_factory.mktemp("stored")
    world = load_any(scenario_path("baseline"))
    return forecast.run_scenario(world, Settings(100), out=folder / "results").results.folder


def changed(content: bytes, data: st.DataObject) -> bytes:
    """Bytes flipped, cut, zeroed, doubled or put in, once to three times."""
    for _ in range(data.draw(st.integers(1, 3))):
        start, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(1, 64))
        part = content[start : start + length]
        middle = data.draw(
            st.sampled_from([bytes(len(part)), part + part, b"", bytes(byte ^ 255 for byte in part)])
            | st.binary(max_size=16)
        )
        content = content[:start] + middle + content[start + length :]
    return content[: data.draw(st.integers(0, len(content)))] if data.draw(st.integers(0, 5)) == 0 else content


def copied(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder of a run, to be spoilt."""
    results = tmp_path_factory.getbasetemp() / "changed" / "results"
    shutil.rmtree(results, ignore_errors=True)
    return Path(shutil.copytree(stored, results / stored.parent.name / stored.name))


RUN_NAMES = ("draws.nc", "summary.csv", "quarters.csv", "scenario.yaml", MANIFEST)


@given(name=st.sampled_from(RUN_NAMES), forged=st.booleans(), data=st.data())
@budgeted
def test_a_changed_run_is_read_or_refused(
    read: Read, stored: Path, name: str, forged: bool, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = copied(stored, tmp_path_factory)
    before = (folder / name).read_bytes()
    (folder / name).write_bytes(changed(before, data))
    if forged and name != MANIFEST:
        write_manifest(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    done = read("run", folder)
    if not forged and (folder / name).read_bytes() != before:
        assert done.refusal.startswith(str(folder)), done.refusal


@pytest.fixture(scope="module")
def frozen(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an entry of a ledger."""
    ledger = tmp_path_factory.mktemp("frozen") / "ledger"
    return add_entry(forecast.load_results(stored), ledger, load_posterior())[0].folder


@given(name=st.sampled_from(("quantiles.csv", "trade.csv", "scenario.yaml", MANIFEST, ENTRY)), data=st.data())
@budgeted
def test_a_changed_or_forged_entry_is_listed_or_named(
    read: Read, frozen: Path, name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "entry" / "ledger" / frozen.name
    shutil.rmtree(folder.parent, ignore_errors=True)
    shutil.copytree(frozen.parent, folder.parent)
    before = (folder / name).read_bytes()
    (folder / name).write_bytes(changed(before, data))
    forged = name != ENTRY and data.draw(st.booleans())
    if forged:
        head = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        head["files"][name] = digest(text_bytes(folder / name))
        head["content"] = json_digest({key: value for key, value in head.items() if key != "content"})
        (folder / ENTRY).write_text(json.dumps(head), encoding="utf-8")
    done = read("entry", folder)
    if not forged and text_bytes(folder / name) != before:
        assert done.refusal.startswith(str(folder)), done.refusal


SHAPES = st.lists(st.sampled_from([1, 2, 3, 7, 100, 10**6, 10**8]), max_size=2).map(tuple)


FORGERIES: dict[str, Callable[[Any, str, tuple[int, ...]], object]] = {
    "gone": lambda file, name, shape: None,
    "texts": lambda file, name, shape: file.create_dataset(name, shape, h5py.string_dtype()),
    "link": lambda file, name, shape: file.__setitem__(name, h5py.ExternalLink("/etc/hostname", "/x")),
    "loop": lambda file, name, shape: file.__setitem__(name, file["/"]),
    "group": lambda file, name, shape: file.create_group(name),
    **{
        kind: lambda file, name, shape, kind=kind: file.create_dataset(name, shape, kind)
        for kind in ("f4", "f8", "i4", "c8", "S5", "u1")
    },
    "chunks": lambda file, name, shape: file.create_dataset(
        name, (7, *shape), "f4", chunks=(7, *(min(n, 100) for n in shape)), compression="gzip"
    ),
    "outside": lambda file, name, shape: file.create_dataset(
        name, (7, *shape), "f4", external=[("/etc/hostname", 0, 28 * prod(shape))]
    ),
}
"""What is put in the place of an array or a group of a file."""


ATTRIBUTES = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=40) | st.integers(0, 9)


def forge(file: Any, data: st.DataObject) -> None:
    names: list[str] = []
    file.visit(names.append)
    name = data.draw(st.sampled_from(sorted(names)))
    del file[name]
    FORGERIES[data.draw(st.sampled_from(sorted(FORGERIES)))](file, name, data.draw(SHAPES))
    if data.draw(st.booleans()):
        attribute = data.draw(st.sampled_from(sorted(file.attrs)))
        file.attrs[attribute] = data.draw(ATTRIBUTES)


@given(data=st.data())
@budgeted
def test_a_changed_or_forged_posterior_is_read_or_refused(
    read: Read, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "posterior.nc"
    if data.draw(st.booleans()):
        path.write_bytes(changed(SHIPPED.read_bytes(), data))
    else:
        shutil.copy(SHIPPED, path)
        with h5py.File(path, "r+") as file:
            forge(file, data)
    done = read("posterior", path)
    if not done.refusal:
        from forecast.models.posterior import frozen_posterior

        assert frozen_posterior(path).digest == load_posterior().digest


def test_a_posterior_that_was_changed_is_refused_before_its_library_reads_it(read: Read, tmp_path: Path) -> None:
    """Found by the test above: these changes made HDF5 take 4 GB."""
    content = bytearray(SHIPPED.read_bytes())
    content[2021:2022], content[587:588] = b"\0", b"\0"
    del content[35:51]
    (tmp_path / "posterior.nc").write_bytes(content)
    assert "another digest than the one behind them" in read("posterior", tmp_path / "posterior.nc").refusal


def test_a_group_that_holds_itself_is_read_through_once(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "loop.nc", "w") as file:
        file["one"] = [1.0, 2.0]
        file["root"] = file["/"]
        file.create_group("part")["whole"] = file["/"]
    demand_harmless(tmp_path / "loop.nc")


WORDS = (
    "2020-01",
    "2020-13",
    "exports",
    "imports",
    "1",
    "0",
    "-1",
    "1e308",
    "1e999",
    "nan",
    "",
    '"',
    '"a',
    "\x00",
    "−1",
)
CELLS = st.sampled_from(WORDS) | st.text(max_size=6)
LINES = st.lists(CELLS, max_size=5).map(",".join)


@given(
    header=st.sampled_from(["month,series,value", "month,series,value,unit", "value,value,month", ""]) | LINES,
    lines=st.lists(LINES, max_size=8),
    months=st.integers(0, 30),
    ending=st.sampled_from(["\n", "\r\n", "\r", ""]),
)
@budgeted
def test_a_table_of_trade_is_read_or_told_what_is_wrong(
    read: Read, header: str, lines: list[str], months: int, ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [
        f"20{20 + m // 12}-{m % 12 + 1:02d},{flow},{m + 1}" for m in range(months) for flow in ("exports", "imports")
    ]
    path = tmp_path_factory.getbasetemp() / "trade.csv"
    text = ending.join([header, *rows, *lines])
    path.write_text(text, encoding="utf-8", newline="", errors="surrogatepass")
    read("trade", path)


def outside(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def without_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


def looped(path: Path) -> None:
    path.symlink_to(path.name)


def very_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**31)


PLACES: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: None,
    "empty": Path.touch,
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    **{kind.__name__: kind for kind in (outside, without_end, looped, very_large)},
}
"""What stands where a file should."""


@given(name=st.sampled_from(RUN_NAMES), kind=st.sampled_from(sorted(PLACES)))
@budgeted
def test_a_run_with_something_else_in_the_place_of_a_file_is_refused(
    read: Read, stored: Path, name: str, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = copied(stored, tmp_path_factory)
    (folder / name).unlink()
    PLACES[kind](folder / name)
    assert read("run", folder).refusal.startswith(str(folder))


def forge_value(value: Any, data: st.DataObject) -> Any:
    """A value of JSON with something of any shape in the place of one of its parts."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        key = data.draw(st.sampled_from(sorted(value)))
        return value | {key: forge_value(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        return [forge_value(value[0], data), *value[1:]]
    return data.draw(VALUES)


def forge_cells(path: Path, data: st.DataObject) -> None:
    """Put other cells into rows of a table, its header and its last rows likelier than others."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.sampled_from([0, 1, len(rows) - 1]) | st.integers(0, len(rows) - 1))
        rows[row][data.draw(st.integers(0, len(rows[row]) - 1))] = data.draw(CELLS)
    with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def forge_manifest(folder: Path, data: st.DataObject) -> None:
    """Say something else in the manifest of a run, with the digest that belongs to it."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del manifest["content"]
    if data.draw(st.booleans()):
        draw = {"series": "exports", "year": 2030, "statistic": "mean", "share": 0.5}
        manifest["dominant_draws"] = [draw]
    forged = forge_value(manifest, data)
    text = json.dumps(forged, sort_keys=True)
    if isinstance(forged, dict):
        forged["content"] = digest(text)
    (folder / MANIFEST).write_text(
        json.dumps(forged, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", errors="surrogatepass"
    )


@given(name=st.sampled_from((MANIFEST, MANIFEST, "draws.nc", "summary.csv", "quarters.csv")), data=st.data())
@budgeted
def test_a_run_forged_with_its_digests_is_read_or_refused(
    read: Read, stored: Path, name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = copied(stored, tmp_path_factory)
    if name == MANIFEST:
        forge_manifest(folder, data)
    elif name == "draws.nc":
        with h5py.File(folder / name, "r+") as file:
            forge(file, data)
        write_manifest(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    else:
        forge_cells(folder / name, data)
        write_manifest(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    read("run", folder)
