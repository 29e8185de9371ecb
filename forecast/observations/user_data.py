"""Vintages of a user's own data: stored beside the shipped tables, never in them, and laid over them when read.

A vintage is a folder `vintages/<day>` or `vintages/<day>-<number>` in the user's place: `vintage.json` says which files
it came from and holds digests of the tables beside it, each in the form of the shipped table of its name. A process
reads tables once; what is added or removed counts in fits and runs from the next one on.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from forecast.errors import DataError
from forecast.storage.files import (
    demand_regular,
    digest,
    json_digest,
    json_text,
    new_folder,
    remove_folder,
    text_bytes,
    write_csv,
    write_text,
    writing,
)
from forecast.storage.places import folders

Cells: TypeAlias = Mapping[str, str]
"""A row of a table as it is written, by column."""

ENVIRONMENT = "FORECAST_DATA_DIR"
"""Variable that names the user's place; else it is where the system keeps data of its users."""

_HEAD = "vintage.json"
_NAME = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(?:-(?P<number>[1-9]\d*))?")
_DATE = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")
_MOST_BYTES = 2**26
_PERIODS = frozenset({"month", "quarter", "year"})


@dataclass(frozen=True, slots=True)
class StoredVintage:
    """Figures of a user that were added together.

    Attributes:
        name: the day they were added, with a number from the second of a day on.
        folder: where they lie.
        published: the day from which they count as public.
        files: name, format and sha256 of every file they came from.
        tables: digest of each table they have rows of, by name.
    """

    name: str
    folder: Path
    published: str
    files: tuple[tuple[str, str, str], ...]
    tables: tuple[tuple[str, str], ...]

    def holds(self, table: str) -> bool:
        """Whether rows of a table are among them."""
        return table in dict(self.tables)


def user_folder() -> Path:
    """Where the user's own data and posteriors lie: `FORECAST_DATA_DIR` if it is set."""
    if stated := os.environ.get(ENVIRONMENT):
        return Path(stated)
    from platformdirs import user_data_path

    return user_data_path("forecast", appauthor=False)


def missing_folder() -> Path | None:
    """The folder that the user has named for data of their own, where there is none of that name."""
    stated = os.environ.get(ENVIRONMENT)
    return Path(stated) if stated and not Path(stated).is_dir() else None


def stored_vintages() -> tuple[StoredVintage, ...]:
    """Every vintage of the user, in the order in which they were added.

    Raises:
        DataError: one was changed since it was stored.
    """
    return _vintages(user_folder())


@cache
def _vintages(place: Path) -> tuple[StoredVintage, ...]:
    named = [folder for folder in folders(place / "vintages") if _NAME.fullmatch(folder.name)]
    return tuple(_read(folder) for folder in sorted(named, key=lambda folder: _turn(folder.name)))


def _turn(name: str) -> tuple[str, int]:
    match = _NAME.fullmatch(name)
    assert match is not None
    return match["day"], int(match["number"] or 1)


def _read(folder: Path) -> StoredVintage:
    try:
        demand_regular(folder / _HEAD, _MOST_BYTES)
        head: dict[str, Any] = json.loads((folder / _HEAD).read_text(encoding="utf-8"))
        if head["content"] != _content(head):
            raise ValueError("it was changed since it was stored")
        files = tuple((file["name"], file["format"], file["sha256"]) for file in head["files"])
        dt.date.fromisoformat(head["published"])
        if not all(isinstance(text, str) for text in chain(*files, head["tables"].values())):
            raise ValueError("it names files or tables by something else than text")
        found = StoredVintage(folder.name, folder, head["published"], files, tuple(sorted(head["tables"].items())))
        for table, expected in found.tables:
            demand_regular(folder / f"{table}.csv", _MOST_BYTES)
            if digest(text_bytes(folder / f"{table}.csv")) != expected:
                raise ValueError(f"{table}.csv was changed since it was stored")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{folder}: cannot be read as a vintage of data ({error}); bring the original back, or remove the folder"
        ) from error
    return found


def _content(head: Mapping[str, Any]) -> str:
    return json_digest({key: value for key, value in head.items() if key != "content"})


def store_vintage(
    tables: Mapping[str, Sequence[Cells]], files: Iterable[tuple[str, str, str]], published: dt.date, today: dt.date
) -> str:
    """Store rows of tables as a new vintage, whole or not at all, and give its name.

    Args:
        tables: rows by name of table, in the columns of its contract.
        files: name, format and sha256 of every file they came from.
        published: the day from which they count as public.
        today: the day that gives it its name.

    Raises:
        DataError: the user's place cannot be written.
    """
    place = user_folder() / "vintages"
    with writing(place, f"choose another place with --data-dir or {ENVIRONMENT}", DataError):
        place.mkdir(parents=True, exist_ok=True)
        taken = {_turn(folder.name) for folder in folders(place) if _NAME.fullmatch(folder.name)}
        number = max((turn[1] for turn in taken if turn[0] == today.isoformat()), default=0) + 1
        name = today.isoformat() if number == 1 else f"{today.isoformat()}-{number}"
        with new_folder(place / name) as unfinished:
            for table, rows in tables.items():
                write_csv(unfinished / f"{table}.csv", rows[0], (tuple(row.values()) for row in rows))
            head: dict[str, Any] = {
                "published": published.isoformat(),
                "files": [dict(zip(("name", "format", "sha256"), file, strict=True)) for file in files],
                "tables": {table: digest(text_bytes(unfinished / f"{table}.csv")) for table in tables},
            }
            head["content"] = _content(head)
            write_text(unfinished / _HEAD, json_text(head))
    _vintages.cache_clear()
    return name


def remove_vintage(name: str) -> None:
    """Remove the newest vintage, the only one that no later one was compared with.

    Raises:
        DataError: there is none of that name, later ones build on it, or it cannot be removed.
    """
    names = [vintage.name for vintage in stored_vintages()]
    if name not in names:
        held = f"expected {names[-1]}, the newest" if names else "but none is stored"
        raise DataError(f"got vintage {name!r}, {held}")
    if later := names[names.index(name) + 1 :]:
        raise DataError(
            f"{name}: vintages added later were compared with it; remove {' and then '.join(reversed(later))} first"
        )
    with writing(user_folder(), failure=DataError):
        remove_folder(user_folder() / "vintages" / name)
    _vintages.cache_clear()


def laid_over(held: Sequence[Cells], added: Sequence[Cells], key: Sequence[str]) -> tuple[Cells, ...]:
    """Rows of a table with added ones in their places.

    A row takes the place of the one with its key, unless that one was published later, or stands after the last of its
    group. Where figures have ranks an added one is the first, and those that were there follow it.

    Args:
        held: rows that are there.
        added: rows to be added.
        key: columns which together name a row of the table.
    """
    rows = {_part(row, key): row for row in held}
    figure = [column for column in key if column != "rank"]
    ranked = "rank" in key
    newcomers: dict[tuple[str, ...], list[Cells]] = {}
    displaced: set[tuple[str, ...]] = set()
    for row in added:
        place = _part(row, key)
        if place in rows and last_day(rows[place]["vintage"]) > last_day(row["vintage"]):
            continue
        if place in rows and not ranked:
            rows[place] = row
            continue
        displaced.add(_part(row, figure))
        newcomers.setdefault(_part(row, [column for column in figure if column not in _PERIODS]), []).append(row)
    kept = [_lowered(row) if ranked and _part(row, figure) in displaced else row for row in rows.values()]
    return tuple(_in_places(kept, newcomers, [column for column in figure if column not in _PERIODS]))


def _part(row: Cells, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[column] for column in columns)


def _lowered(row: Cells) -> Cells:
    return {**row, "rank": str(int(row["rank"]) + 1)}


def _in_places(
    rows: Sequence[Cells], newcomers: Mapping[tuple[str, ...], Sequence[Cells]], group: Sequence[str]
) -> Iterator[Cells]:
    """Rows with those of each group that are new after its last."""
    last = {_part(row, group): index for index, row in enumerate(rows)}
    for index, row in enumerate(rows):
        yield row
        if last[_part(row, group)] == index:
            yield from newcomers.get(_part(row, group), ())
    for name, others in newcomers.items():
        if name not in last:
            yield from others


def last_day(label: str) -> str:
    """Last day of what a `vintage` label names, which sorts; an empty text where it states no date.

    >>> last_day("2026-10"), last_day("2026-11-05"), last_day("not stated")
    ('2026-10-31', '2026-11-05', '')
    """
    match = _DATE.fullmatch(label)
    if match is None:
        return ""
    year, month = int(match["year"]), int(match["month"] or 12)
    return f"{year}-{month:02d}-{match['day'] or monthrange(year, month)[1]:>02}"
