"""What stands at a place: names in a folder, a file to replace or a stream to write into, an exported run."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EBADF, EINVAL, EISDIR
from pathlib import Path
from shlex import quote
from stat import S_ISCHR, S_ISDIR, S_ISFIFO, S_ISREG
from typing import BinaryIO

EXPORTED_FIRST, EXPORTED_RUN, EXPORTED_SCENARIO = "README.md", "run", "scenario"
"""In the ZIP archive of an exported run: the first of its files, and the folders of the run and of its scenario."""

EXPORTED_END = re.compile(rb"sha256 [0-9a-f]{64}")
"""The last bytes of that archive, its comment: the digest of the description in it."""

EXPORTED_TAIL = len("sha256 ") + 64
"""How many they are."""

_NAME_AT = 30
"""Bytes of a ZIP archive before the name of its first file."""

_MOST_LINKS = 40
"""Links that lead from one to the next at most, as on Linux."""


def names_in(folder: Path) -> list[str]:
    """Names in a folder that are not hidden, sorted; none where it cannot be read."""
    with suppress(OSError):
        return sorted(place.name for place in folder.iterdir() if not place.name.startswith("."))
    return []


def folders(folder: Path) -> list[Path]:
    """Folders in a folder that are not hidden, by name; none where it cannot be read."""
    return [folder / name for name in names_in(folder) if (folder / name).is_dir()]


def unreadable(folder: Path) -> str:
    """That what lies in a folder cannot be read, and why; empty where it can be, and where there is no folder."""
    try:
        next(folder.iterdir(), None)
        (folder / "any").lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        words = f"cannot be read ({error.strerror or error})"
        return f"{words}; whoever owns it can allow that" if isinstance(error, PermissionError) else words
    return ""


def names_of(folder: Path) -> set[tuple[str, str]]:
    """Names of the folder around a folder and of itself: as it is called, and where it lies if a link leads there."""
    return {(place.parent.name, place.name) for place in (absolute(folder), folder.resolve())}


def innermost(path: Path) -> Path:
    """The innermost place there is of those around a path, which is to lie in a folder that may have to be made."""
    return next((place for place in path.parents if os.path.lexists(place)), path)


def absolute(path: str | Path) -> Path:
    """A path from the root, or as it is where the folder that it starts from is gone."""
    with suppress(FileNotFoundError):
        return Path(path).absolute()
    return Path(path)


def file_at(path: Path) -> Path | None:
    """The file that a file written to `path` is to replace: that of the name, be it there or not, or behind a link.

    Returns:
        None where a pipe or a device takes what is written, as at /dev/stdout.

    Raises:
        OSError: nothing can be written there as a file: it is a folder, a socket, a disk or a stream that is closed, or
            links lead in a circle.
    """
    if (descriptor := _descriptor(path)) is not None:
        _demand_open(descriptor)
        return None
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _behind_links(path)
    if S_ISFIFO(mode) or S_ISCHR(mode):
        return None
    if S_ISDIR(mode):
        raise IsADirectoryError(EISDIR, "it is a folder")
    if not S_ISREG(mode):
        raise OSError(EINVAL, "it is neither a file nor a pipe")
    return _behind_links(path)


@contextmanager
def opened_stream(path: Path) -> Iterator[BinaryIO]:
    """A pipe or device to write into; one that this process has open goes on where its last writer stopped.

    Raises:
        OSError: it cannot be written.
    """
    sys.stdout.flush()
    descriptor = _descriptor(path)
    with path.open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb") as stream:
        yield stream


def is_standard_output(path: Path) -> bool:
    """Whether a path is another name of the standard output, such as /dev/stdout."""
    try:
        return os.path.samestat(path.stat(), os.fstat(1))
    except OSError:
        return False


def is_exported_run(path: Path) -> bool:
    """Whether a file begins and ends as an exported run does, which is no book or other archive.

    What is no file, or cannot be read, does not.
    """
    with suppress(OSError):
        if path.is_file():  # a pipe would keep its reader for ever
            with path.open("rb") as file:
                head = file.read(_NAME_AT + len(EXPORTED_FIRST))
                file.seek(max(file.seek(0, os.SEEK_END) - EXPORTED_TAIL, 0))
                is_begun = head.startswith(b"PK\3\4") and head[_NAME_AT:] == EXPORTED_FIRST.encode()
                return is_begun and EXPORTED_END.fullmatch(file.read()) is not None
    return False


def begins_as(pattern: bytes) -> Callable[[Path], bool]:
    """Whether a file begins as a pattern has it; what cannot be read does not."""

    def begins(path: Path) -> bool:
        with suppress(OSError), path.open("rb") as file:
            return re.match(pattern, file.read(_HEAD)) is not None
        return False

    return begins


_HEAD = 2**9
"""Bytes that tell what a file is."""


def unpacking(path: Path) -> str:
    """How an exported run is unpacked, in words, and what lies where then."""
    return (
        f"`python -m zipfile -e {quote(str(path))} FOLDER` puts the run into "
        f"FOLDER/{EXPORTED_RUN} and the scenario into FOLDER/{EXPORTED_SCENARIO}"
    )


def _demand_open(descriptor: int) -> None:
    """Refuse a standard stream that was closed when this process began, whose number another file has by now."""
    standard = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    if descriptor < len(standard) and standard[descriptor] is None:
        raise OSError(EBADF, "it is closed")


def _behind_links(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _descriptor(path: Path) -> int | None:
    """Number of the stream of this process that a path such as /dev/stdout stands for, None where it is another."""
    for _ in range(_MOST_LINKS):
        if path.name.isdecimal() and os.path.realpath(path.parent) in (f"/proc/{os.getpid()}/fd", "/dev/fd"):
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None
