"""Files and folders are there whole or not at all, and one sentence says where they cannot be."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest

import forecast
from forecast.errors import LedgerError, RunError
from forecast.storage import files
from forecast.storage.files import (
    demand_regular,
    digest,
    json_digest,
    new_folder,
    text_bytes,
    whole_file,
    whole_files,
    whole_folder,
    write_text,
    writing,
)
from forecast.storage.stops import storage_record

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder, hidden ones too, with its text; of an empty folder its name with a slash."""
    return {
        f"{path.relative_to(folder).as_posix()}{'/' * path.is_dir()}": "" if path.is_dir() else path.read_text()
        for path in folder.rglob("*")
    }


def fail_midway(unfinished: Path, failure: BaseException) -> None:
    """Write a part of a file, or one of a folder, and fail."""
    (unfinished / "part" if unfinished.is_dir() else unfinished).write_text("half")
    raise failure


def test_a_text_stands_under_its_name_with_the_rights_of_any_other_and_nothing_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "one\r\ntwo ü\n")
    write_text(tmp_path / "a.txt", "two ü\n")
    (tmp_path / "b.txt").touch()
    assert (tmp_path / "a.txt").read_bytes() == "two ü\n".encode()
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode
    assert contents(tmp_path).keys() == {"a.txt", "b.txt"}


@pytest.mark.parametrize("failure", [FULL, ValueError("no number"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("opened", [whole_file, whole_folder, whole_files])
def test_what_fails_midway_leaves_everything_as_it_was(
    tmp_path: Path, opened: Callable[[Path], AbstractContextManager[Path]], failure: BaseException
) -> None:
    target = tmp_path / "target"
    write_text(target, "before") if opened is whole_file else target.mkdir()
    before = contents(tmp_path)
    with pytest.raises(type(failure)), opened(target) as unfinished:
        fail_midway(unfinished, failure)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_disk_that_is_full_and_a_place_that_is_read_only_leave_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: object) -> None:
        raise FULL if call == "os.fsync" else PermissionError(errno.EACCES, "Permission denied")

    write_text(tmp_path / "a.txt", "before")
    monkeypatch.setattr(call, refuse)
    with pytest.raises(RunError) as caught, writing(tmp_path / "a.txt"):
        write_text(tmp_path / "a.txt", "after")
    reason = "No space left on device" if call == "os.fsync" else "Permission denied"
    assert str(caught.value) == f"{tmp_path / 'a.txt'}: cannot be written ({reason})"
    assert contents(tmp_path) == {"a.txt": "before"}


def test_a_file_written_to_a_link_takes_the_place_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(Path("elsewhere") / "file")
    for text in ("new", "newer"):
        write_text(tmp_path / "link", text)
        assert contents(tmp_path) == {"elsewhere/": "", "elsewhere/file": text, "link": text}
    assert (tmp_path / "link").readlink() == Path("elsewhere") / "file"


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    path.chmod(0o640)
    write_text(path, "new")
    with whole_files(tmp_path) as unfinished:
        (unfinished / "a.txt").write_text("newer")
        (unfinished / "b.txt").touch()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("newer", 0o640)


def test_of_several_files_one_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "a.txt").symlink_to("../elsewhere.txt")
    with whole_files(tmp_path / "page") as unfinished:
        (unfinished / "a.txt").write_text("new")
    assert (tmp_path / "page" / "a.txt").readlink() == Path("../elsewhere.txt")
    assert (tmp_path / "elsewhere.txt").read_text() == "new"


def test_a_folder_written_to_a_link_takes_the_place_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to("elsewhere")
    with whole_folder(tmp_path / "run") as unfinished:
        (unfinished / "new").write_text("1")
    assert (tmp_path / "run").readlink() == Path("elsewhere")
    assert contents(tmp_path / "elsewhere") == {"new": "1"}


def read_through(pipe: Path) -> Future[bytes]:
    """What comes out of a pipe that somebody is going to write into."""
    reader = ThreadPoolExecutor(1)
    found = reader.submit(pipe.read_bytes)
    reader.shutdown(wait=False)
    return found


def test_a_pipe_and_a_device_are_written_into_and_stay(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        found = read_through(tmp_path / "pipe")
        write_text(tmp_path / name, f"to a {name}")
        assert found.result(timeout=20) == f"to a {name}".encode()
    assert (tmp_path / "pipe").is_fifo()
    ours, theirs = os.openpty()  # a device of which nothing is lost if it is taken for a file
    write_text(Path(os.ttyname(theirs)), "to a terminal")
    assert os.read(ours, 100) == b"to a terminal"
    assert Path(os.ttyname(theirs)).is_char_device()


def test_what_is_neither_file_nor_pipe_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name, reason in (
            ("folder", "it is a folder"),
            ("socket", "it is neither a file nor a pipe"),
            ("circle", "Too many levels of symbolic links"),
        ):
            before = sorted(tmp_path.rglob("*"))
            with pytest.raises(RunError) as caught, writing(tmp_path / name):
                write_text(tmp_path / name, "new")
            assert str(caught.value) == f"{tmp_path / name}: cannot be written ({reason})"
            assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("opened", "call"), [(whole_file, "replace"), (whole_folder, "rename"), (new_folder, "rename")]
)
def test_the_record_names_what_is_there_wherever_a_stop_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[Path], Any], call: str, when: str
) -> None:
    usual = getattr(Path, call)

    def stopped(self: Path, target: Path) -> None:
        if when == "after":
            usual(self, target)
        if target.name == "second":
            raise KeyboardInterrupt
        if when == "before":
            usual(self, target)

    monkeypatch.setattr(Path, call, stopped)
    with storage_record() as stored:
        for name in ("first", "second"):
            with suppress(KeyboardInterrupt), opened(tmp_path / name) as unfinished:
                if opened is whole_file:
                    unfinished.touch()
                else:
                    write_text(unfinished / "inside", "x")
        write_text(tmp_path / ".hidden", "x")
        assert [path.name for path in stored()] == (["first"] if when == "before" else ["first", "second"])
        (tmp_path / "first").rename(tmp_path / "third")
        assert "first" not in [path.name for path in stored()]


def test_a_stop_between_two_names_brings_back_the_folder_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was gone, with all that a user had put beside the run."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes").write_text("mine")
    rename = Path.rename

    def stopped(self: Path, target: Path) -> Path:
        done = rename(self, target)
        if self == tmp_path / "run":
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "run") as unfinished:
        (unfinished / "new").write_text("1")
    assert contents(tmp_path) == {"run/": "", "run/notes": "mine"}


def test_a_folder_takes_the_place_of_the_one_before_or_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("old", "new"):
        with whole_folder(tmp_path / "run", own=("old",)) as unfinished:
            (unfinished / name).write_text("1")
            assert not (tmp_path / "run" / name).exists()
    assert contents(tmp_path) == {"run/": "", "run/new": "1"}

    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if (self / "newest").exists():
            raise FULL
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="No space left"), whole_folder(tmp_path / "run") as unfinished:
        (unfinished / "newest").write_text("1")
    assert contents(tmp_path) == {"run/": "", "run/new": "1"}


@pytest.mark.parametrize("linking", [True, False])
def test_what_else_lies_in_a_folder_that_is_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linking: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links on this disk")

    if not linking:
        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "run" / "notes").mkdir(parents=True)
    for name in ("own", "new", "note", "notes/day"):
        (tmp_path / "run" / name).write_text("old")
    with whole_folder(tmp_path / "run", own=("own", "new")) as unfinished:
        (unfinished / "new").write_text("new")
    assert contents(tmp_path / "run") == {"new": "new", "note": "old", "notes/": "", "notes/day": "old"}


def test_a_file_with_the_name_of_a_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(FileExistsError, match="is a file"), whole_folder(tmp_path / "run") as unfinished:
        (unfinished / "new").write_text("new")
    assert contents(tmp_path) == {"run": "mine"}


def test_a_new_folder_replaces_nothing(tmp_path: Path) -> None:
    with new_folder(tmp_path / "entry") as unfinished:
        (unfinished / "one").write_text("1")
    with pytest.raises(FileExistsError), new_folder(tmp_path / "entry") as unfinished:
        (unfinished / "two").write_text("2")
    assert contents(tmp_path) == {"entry/": "", "entry/one": "1"}


def test_a_folder_that_another_process_puts_in_place_meanwhile_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, others = Path.rename, ["first", "second"]

    def overtaken(self: Path, target: Path) -> Path:
        if (self / "mine").exists() and target == tmp_path / "run" and others:
            target.mkdir()
            (target / others.pop()).write_text("1")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    with whole_folder(tmp_path / "run") as unfinished:
        (unfinished / "mine").write_text("1")
    assert contents(tmp_path) == {"run/": "", "run/mine": "1"}


@pytest.mark.parametrize("n_bytes", [10, 11])
def test_only_plain_files_of_a_usual_size_are_read(tmp_path: Path, n_bytes: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * n_bytes)
    os.mkfifo(tmp_path / "pipe")
    for name, refused in (("file", n_bytes > 10), ("pipe", True), (".", True), ("none", True)):
        if refused:
            with pytest.raises(OSError, match=r"plain file|at most 10|No such file"):
                demand_regular(tmp_path / name, 10)
        else:
            demand_regular(tmp_path / name, 10)


def test_files_of_a_folder_are_replaced_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    for name in ("kept", "changed"):
        write_text(tmp_path / "page" / name, "old")
    with whole_files(tmp_path / "page") as unfinished:
        write_text(unfinished / "changed", "new")
        assert contents(tmp_path / "page")["changed"] == "old"
    assert contents(tmp_path) == {"page/": "", "page/kept": "old", "page/changed": "new"}


def test_contents_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    replace, sync = Path.replace, os.fsync

    def synced(descriptor: int) -> None:
        log.append("sync")
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        log.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    write_text(tmp_path / "a.txt", "x")
    assert log == ["sync", "rename", "sync"]


def test_the_sentence_names_place_reason_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = r"^ledger: cannot be written \(Not a directory\); choose another ledger$"
    with pytest.raises(LedgerError, match=message), writing("ledger", "choose another ledger", LedgerError):
        write_text(tmp_path / "file" / "below", "x")
    with pytest.raises(RunError, match=r"^here: cannot be written \(no errno\)$"), writing("here"):
        raise OSError("no errno")


def test_one_module_hashes_writes_whole_and_says_so() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path(forecast.__file__).parent.rglob("*.py")}
    # `streams` makes the address of a random number of a name
    for words, places in (("cannot be written (", {"files.py"}), ("hashlib", {"files.py", "streams.py"})):
        assert {name for name, text in texts.items() if words in text} == places
    renaming = {name for name, text in texts.items() if re.search(r"unfinished-|\.(replace|rename)\((?!.*,)", text)}
    assert renaming == {"files.py"}


def test_digests_of_content_are_plain_sha_256(tmp_path: Path) -> None:
    assert digest("abc") == digest("a", b"bc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json_digest({"b": 1, "a": [2]}) == json_digest({"a": [2], "b": 1}) == digest('{"a": [2], "b": 1}')
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_digest(float("nan"))
    (tmp_path / "a.txt").write_bytes(b"1\r\n2\n")
    assert text_bytes(tmp_path / "a.txt") == b"1\n2\n"


def left_behind(folder: Path, process: int) -> Path:
    """What a killed process leaves in a folder."""
    left = folder / f".unfinished-{files._host()}-{process}-a1b2c3_4"
    left.mkdir(parents=True)
    return left


def dead_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_the_next_write_sweeps_what_killed_processes_left(tmp_path: Path) -> None:
    dead, alive = left_behind(tmp_path, dead_process()), left_behind(tmp_path, os.getpid())
    (dead / "half").write_text("half")
    write_text(tmp_path / "whole", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"whole", alive.name}


def test_what_only_looks_like_that_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "run.replaced").touch()
    start = f".unfinished-{files._host()}-{dead_process()}"
    (tmp_path / f"{start}-notes of mine").mkdir()
    (tmp_path / f"{start}-file0000").touch()
    (tmp_path / f"{start}-link0000").symlink_to(mine)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    files.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("new_one_is_there", [True, False])
def test_a_folder_moved_aside_by_a_killed_process_comes_back(tmp_path: Path, new_one_is_there: bool) -> None:
    aside = left_behind(tmp_path, dead_process()) / "run.replaced"
    aside.mkdir()
    (aside / "summary.csv").write_text("old")
    if new_one_is_there:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "summary.csv").write_text("new")
    files.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run" / "summary.csv").read_text() == ("new" if new_one_is_there else "old")
