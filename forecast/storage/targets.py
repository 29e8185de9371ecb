"""What stands where a file is to be written: one to replace, be it behind a link, or a pipe or device to write into."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL, EISDIR
from pathlib import Path
from stat import S_ISCHR, S_ISDIR, S_ISFIFO, S_ISREG
from typing import BinaryIO

_MOST_LINKS = 40
"""Links that lead from one to the next at most, as on Linux."""


def file_at(path: Path) -> Path | None:
    """The file that a file written to `path` is to replace: that of the name, be it there or not, or behind a link.

    Returns:
        None where a pipe or a device takes what is written, as at /dev/stdout.

    Raises:
        OSError: nothing can be written there as a file: it is a folder, a socket or a disk, or links lead in a circle.
    """
    if _descriptor(path) is not None:
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
