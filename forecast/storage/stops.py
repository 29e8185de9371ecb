"""What a command that does not come to its end says: what it has stored by then, and how the work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from forecast.errors import WorkersError

_RECORDS: list[dict[Path, int]] = []


@contextmanager
def storage_record() -> Iterator[Callable[[], list[Path]]]:
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


@contextmanager
def noted_if_stopped(words: Callable[[], str]) -> Iterator[None]:
    """Have a stop inside, or workers lost, say how the work goes on; nothing where there are no words."""
    try:
        yield
    except (KeyboardInterrupt, WorkersError) as stop:
        if said := words():
            stop.add_note(said)
        raise


def counted_if_stopped(done: Callable[[], int], total: int, unit: str) -> AbstractContextManager[None]:
    """The same for work whose pieces are stored one by one, by whatever process.

    Args:
        done: says how many are stored.
        total: how many there are.
        unit: what they are, such as `runs`.
    """

    def words() -> str:
        left = total - done()
        return f"the same command goes on with the {left} of {total} {unit} that are left" if 0 < left < total else ""

    return noted_if_stopped(words)
