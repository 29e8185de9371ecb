"""Text files as they come from a user: read within limits, or refused at once.

Everything here happens before a parser sees the text, so that no file can keep one busy.
"""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path

from forecast.phrases import no_such_file
from forecast.place import Place, refusal
from forecast.shipped import shipped_names

MAX_BYTES = 2**20
MAX_LINE = 20_000
MAX_DEPTH = 40
MAX_ITEMS = 500
TOO_DEEP = f"got values nested more than {MAX_DEPTH} deep, expected fewer levels"

_OPENINGS = re.compile(rf"(?:[\[{{]\s*){{{MAX_DEPTH}}}[\[{{]")

_ENTRY = re.compile(r"^ *- +\{? *id *:", re.MULTILINE)


def demand_parsable(text: str, shown: str) -> None:
    """Refuses what would keep the parser busy for seconds: long tokens, rows of brackets, long lists."""
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > MAX_LINE:
            raise refusal(Place(shown, number, 1), f"got a line of {len(line)} characters, expected at most {MAX_LINE}")
    if match := _OPENINGS.search(text):
        raise refusal(position_of(text, match.start(), shown), TOO_DEEP)
    if entry := next(islice(_ENTRY.finditer(text), MAX_ITEMS, None), None):
        raise refusal(position_of(text, entry.start(), shown), f"got a list of more than {MAX_ITEMS}, expected fewer")


def read_text(path: PathLike[str], place: Place) -> str:
    """Text of a regular UTF-8 file within the limits, or a `ScenarioError` at `place`."""
    try:
        _demand_readable(Path(path), place)
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        start = replace(place, line=line, column=1)
        raise refusal(start, "got bytes that are not UTF-8, expected text in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise refusal(place, f"cannot be read: {reason}") from None


def _demand_readable(path: Path, place: Place) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise refusal(place, no_such_file(path.name, _present(path))) from None
    if stat.S_ISDIR(status.st_mode):
        raise refusal(place, "got a directory, expected a YAML file")
    if not stat.S_ISREG(status.st_mode):
        raise refusal(place, "got a device or pipe, expected a regular file")
    if status.st_size > MAX_BYTES:
        raise refusal(place, f"got {status.st_size / 2**20:.1f} MiB, expected at most {MAX_BYTES // 2**20} MiB")


def _present(path: Path) -> list[str]:
    """Files in the folder of a path; for a bare word the shipped scenarios too, which go by their names."""
    names = shipped_names() if str(path) == path.stem else []
    return names + sorted(file.name for file in path.parent.glob("*.y*ml"))


def position_of(text: str, index: int, shown: str) -> Place:
    """Line and column of the character at `index`."""
    return Place(shown, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))
