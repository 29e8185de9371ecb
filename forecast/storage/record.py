"""What this process has stored, by which a command that is stopped says what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

_RECORDS: list[dict[Path, int]] = []


@contextmanager
def recorded() -> Iterator[Callable[[], list[Path]]]:
    """What comes to be stored inside, as a call that names it: files and folders that are there, in their order.

    A file in a folder that is named is not named itself.
    """
    record: dict[Path, int] = {}
    _RECORDS.append(record)
    try:
        yield partial(_there, record)
    finally:
        _RECORDS.pop()


def note(path: Path, finished: Path) -> None:
    """Note that a finished file or folder is about to get its name.

    It counts as stored from the moment at which it has that: a stop comes before, or after, and nothing between.
    """
    number = finished.stat().st_ino
    for record in _RECORDS:
        record[path] = number


def _there(record: dict[Path, int]) -> list[Path]:
    there = {path: None for path, number in record.items() if _number(path) == number}
    return [path for path in there if not any(folder in there for folder in path.parents)]


def _number(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
