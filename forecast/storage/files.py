"""Files and folders written whole or not at all, one sentence where they cannot be, and digests of what they hold.

What is written appears under its name once it is complete and on the disk; until then it lies in a hidden folder beside
it, which a failure removes and whatever looks for results passes over. A file that is replaced keeps its mode; other
names that it has (hard links) keep the old content, as new content takes one name at a time.

Out of scope: formats of files other than CSV, and the meaning of digests.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EEXIST, EFBIG, EINVAL, ENOTEMPTY
from hashlib import file_digest as hashed_file
from hashlib import sha256
from pathlib import Path
from platform import node
from shutil import copy2, copyfile, copyfileobj, copymode, copytree, rmtree
from stat import S_ISREG
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from forecast.errors import ForecastError, RunError
from forecast.storage.places import absolute, file_at, opened_stream
from forecast.storage.stops import note

_UNFINISHED = ".unfinished-"
_REPLACED = ".replaced"
_TAKEN = (EEXIST, ENOTEMPTY)
"""What the system says where a folder that is not empty has the name wanted."""


@contextmanager
def writing(place: str | Path, remedy: str = "", failure: type[ForecastError] = RunError) -> Iterator[None]:
    """Turn what the system refuses inside into one message, which names another place where that is the cause.

    Args:
        place: what the user called the place.
        remedy: what to do about it, such as `choose another with --out`.
        failure: type of the error raised.

    Raises:
        ForecastError: the place cannot be written; of type `failure`.
    """
    try:
        yield
    except OSError as error:
        reason = f"cannot be written ({error.strerror or error})"
        if _is_elsewhere(error.filename, Path(place)):
            raise failure(f"{error.filename}: {reason}; {_moved(error.filename)}") from error
        if _is_scratch(Path(place)):
            raise failure(f"{_temporary()}: {reason}; name another folder with TMPDIR") from error
        raise failure(f"{place}: {reason}{f'; {remedy}' if remedy else ''}") from error


def _is_elsewhere(file: object, place: Path) -> bool:
    """Whether a file that the system refused lies neither at a place nor around it, nor is on its way there."""
    if not isinstance(file, str | Path):
        return False
    refused, stated = absolute(file), absolute(place)
    return not (_is_on_its_way(refused) or refused.is_relative_to(stated) or stated.is_relative_to(refused))


def _is_scratch(place: Path) -> bool:
    """Whether a place lies in a folder for files that nobody needs afterwards."""
    temporary = _temporary()
    if temporary is None or not place.is_relative_to(temporary):
        return False
    return _is_on_its_way(place.relative_to(temporary))


def _is_on_its_way(path: Path) -> bool:
    """Whether a path lies in a folder for what is not finished."""
    return any(part.startswith(_UNFINISHED) for part in path.parts)


def _moved(file: str) -> str:
    """What to do about a folder that no command named."""
    moves = {"HOME": Path("~").expanduser(), "TMPDIR": _temporary()}
    named = [name for name, folder in moves.items() if folder is not None and absolute(file).is_relative_to(folder)]
    return f"name another folder with {named[0]}" if named else "libraries keep files there"


def _temporary() -> Path | None:
    """The folder for temporary files; None where no file can be written in any that is usual."""
    with suppress(FileNotFoundError):
        return Path(gettempdir())
    return None


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write a file to, which takes the place of `path` once it is complete.

    A link stays, and what it leads to is replaced. A pipe or a device stays too: the file is written into it.

    Raises:
        OSError: it cannot be written; what was there before is left as it was.
    """
    target = file_at(path)
    if target is None:
        with scratch_folder() as folder:
            yield folder / path.name
            with opened_stream(path) as stream, (folder / path.name).open("rb") as file:
                copyfileobj(file, stream)
        return
    with _unfinished(target) as finished:
        yield finished
        _sync(finished)
        with suppress(FileNotFoundError):
            copymode(target, finished)
        _note(path, finished)
        finished.replace(target)
    _sync_folder(target.parent)


def _note(path: Path, finished: Path) -> None:
    """Note what is about to be stored; what is hidden is nothing that a user has asked for."""
    if not (path.name.startswith(".") or _is_on_its_way(path)):
        note(path, finished)


@contextmanager
def whole_folder(path: Path, own: Collection[str] = ()) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `path`, or of what it links to, once it is complete.

    What else lies in the folder it replaces is there afterwards too.

    Args:
        path: where it is to stand.
        own: names that go with the folder replaced, whether or not the new one has them.

    Raises:
        OSError: it cannot be written, or a file has its name; what was there before is left as it was.
    """
    demand_no_file(path)
    target = path.resolve() if path.is_symlink() else path
    with _unfinished(target) as finished:
        finished.mkdir()
        yield finished
        _sync_whole(finished)
        if target.is_dir():
            _keep_others(target, finished, own)
        _note(path, finished)
        _exchange(finished, target)
    _sync_folder(target.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder to fill, which appears as `path` once it is complete.

    Raises:
        FileExistsError: something has appeared there since.
        OSError: it cannot be written.
    """
    with _unfinished(path) as finished:
        finished.mkdir()
        yield finished
        _sync_whole(finished)
        _note(path, finished)
        try:
            finished.rename(path)
        except OSError as error:
            if error.errno in _TAKEN:
                raise FileExistsError(EEXIST, "it is there already") from error
            raise
    _sync_folder(path.parent)


def remove_folder(path: Path) -> None:
    """Remove a folder with all in it: it leaves its name at once, or stays whole.

    Raises:
        OSError: it cannot be moved.
    """
    with _unfinished(path) as left:
        path.rename(left)
    _sync_folder(path.parent)


@contextmanager
def whole_files(folder: Path) -> Iterator[Path]:
    """An empty folder to fill with files, each of which takes its place in `folder` as `whole_file` once all are there.

    Raises:
        OSError: one cannot be written.
    """
    with _unfinished(folder) as finished:
        finished.mkdir()
        yield finished
        for file in finished.iterdir():
            with whole_file(folder / file.name) as unfinished:
                copyfile(file, unfinished)


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file whole or not at all: a header and rows, each on a line of its own.

    Raises:
        OSError: it cannot be written.
    """
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([tuple(header), *rows])


def read_csv(lines: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a CSV file as texts by the names in its header; every row has a cell for each of them.

    >>> read_csv(["year,value", "2026,1.5"])
    [{'year': '2026', 'value': '1.5'}]

    Args:
        lines: of the file, such as the file itself, opened with `newline=""`.

    Raises:
        ValueError: it is no text in UTF-8 or no table, such as one in which a row has more cells than names.
    """
    try:
        header, *rows = [cells for cells in csv.reader(lines, strict=True) if cells] or [[]]
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if not header or len(set(header)) < len(header):
        raise ValueError("got no header, or one that names a column twice")
    for number, cells in enumerate(rows, 1):
        if len(cells) != len(header):
            raise ValueError(f"row {number}: got {len(cells)} cells, expected {len(header)}")
    return [dict(zip(header, cells, strict=True)) for cells in rows]


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for files that nobody needs afterwards; those of killed processes go first.

    Raises:
        RunError: there is no room for one.
    """
    temporary = _temporary()
    if temporary is None:
        raise RunError("no folder for temporary files can be written; name one with TMPDIR")
    with _unfinished(temporary / "scratch") as folder:
        with writing(folder):
            folder.mkdir()
        yield folder


def sweep_scratch() -> None:
    """Remove scratch folders that processes of this machine that are gone have left."""
    temporary = _temporary()
    if temporary is not None:
        sweep(temporary)


def demand_no_file(path: Path) -> None:
    """Refuse a place for a folder where there is a file.

    Raises:
        FileExistsError: there is one.
    """
    if os.path.lexists(path) and not path.is_dir():
        raise FileExistsError(EEXIST, f"{path} is a file, expected a folder or nothing")


def demand_regular(path: Path, most_bytes: int) -> None:
    """Refuse to read what is no plain file, as a pipe would be waited for without end, and what is too large.

    Raises:
        OSError: it is none, is larger, or is not there.
    """
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise OSError(EINVAL, "it is no plain file")
    if status.st_size > most_bytes:
        raise OSError(EFBIG, f"it has {status.st_size:,} bytes, expected at most {most_bytes:,}")


def demand_writable(folder: Path) -> None:
    """Try whether anything can be written in a folder.

    Raises:
        OSError: nothing can.
    """
    with _unfinished(folder / "file"):
        pass


def demand_target(path: Path) -> None:
    """Try whether a file can be written to a path.

    Raises:
        OSError: it cannot.
    """
    target = file_at(path)
    if target is not None:
        demand_writable(target.parent)


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """The name of `path` in a hidden folder beside it that is gone afterwards; those of killed processes go first."""
    sweep(path.parent)
    prefix = f"{_UNFINISHED}{_host()}-{os.getpid()}-"
    with TemporaryDirectory(dir=path.parent, prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield Path(folder) / path.name


def sweep(folder: Path) -> None:
    """Remove what processes of this machine that are gone have left unfinished in a folder.

    A folder that one of them had moved aside, to put a new one in its place, comes back if no new one is there.
    """
    ours = re.compile(rf"{re.escape(_UNFINISHED)}{_host()}-([0-9]+)-[a-z0-9_]{{8}}")
    for left in folder.glob(f"{_UNFINISHED}{_host()}-*"):
        name = ours.fullmatch(left.name)
        if name and left.is_dir() and not left.is_symlink() and not _runs(int(name[1])):
            for replaced in left.glob(f"*{_REPLACED}"):
                with suppress(OSError):  # the new one is there, or another process brings it back
                    replaced.rename(folder / replaced.name.removesuffix(_REPLACED))
            rmtree(left, ignore_errors=True)


def _host() -> str:
    """Name of this machine, as numbers of processes mean nothing on another that shares the disk."""
    return re.sub(r"\W", "_", node(), flags=re.ASCII)


def _runs(process: int) -> bool:
    """Whether there is a process of that number; taken for granted where a look would do harm."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    return True


def _keep_others(replaced: Path, finished: Path, own: Collection[str]) -> None:
    """Give what else lies in a folder a second name in the one that is to replace it."""
    for left in replaced.iterdir():
        other = finished / left.name
        if left.name not in own and not left.name.startswith(_UNFINISHED) and not os.path.lexists(other):
            if left.is_dir() and not left.is_symlink():
                copytree(left, other, symlinks=True, copy_function=_name_again)
            else:
                _name_again(left, other)


def _name_again(source: str | Path, target: str | Path) -> None:
    """Have a file under a second name, or a copy of it on a disk that knows no such names."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        copy2(source, target, follow_symlinks=False)


def _exchange(finished: Path, path: Path) -> None:
    """Rename a folder, and bring back what was there before where that fails or is stopped."""
    replaced = finished.with_name(f"{path.name}{_REPLACED}")
    while True:
        try:
            with suppress(FileNotFoundError):
                path.rename(replaced)
            finished.rename(path)
        except BaseException as error:
            if isinstance(error, OSError) and error.errno in _TAKEN:  # another process has put its own there in between
                rmtree(replaced, ignore_errors=True)
                continue
            if replaced.exists() and not path.exists():
                replaced.rename(path)
            raise
        return


def _sync_whole(folder: Path) -> None:
    """Have a folder with all that is in it on the disk."""
    for entry in folder.rglob("*"):
        (_sync_folder if entry.is_dir() else _sync)(entry)
    _sync_folder(folder)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Have the system keep the names in a folder; some systems can open none, and need not."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def digest(*parts: str | bytes | memoryview) -> str:
    """SHA-256 of texts in UTF-8 and bytes, one after another, in hexadecimal."""
    content = sha256()
    for part in parts:
        content.update(part.encode() if isinstance(part, str) else part)
    return content.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of the content of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashed_file(file, "sha256").hexdigest()


def json_digest(value: Any) -> str:
    """SHA-256 of what JSON says of a value, whatever the order of its keys, in hexadecimal."""
    return digest(json.dumps(value, sort_keys=True, allow_nan=False))


def json_text(value: Any) -> str:
    """The one text in which a value stands in a file: another, though it says the same, was written by another hand."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def text_bytes(file: Any) -> bytes:
    """Content of a text, a path or a resource of a package, the same for every convention of line ends."""
    return bytes(file.read_bytes()).replace(b"\r\n", b"\n")
