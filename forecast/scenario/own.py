"""Announcements of a user: a CSV that lies over the shipped table, and what a scenario states of each.

A row says how far the plant was when last heard of. What a scenario needs and the row does not say is filled in by
judgement, with a comment beside it and a `Note` for the reader: a plant that runs began before it was last heard of,
one under construction starts after that.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from forecast.economics.sectors import SECTORS, SECTORS_BY_WORD
from forecast.errors import RunError, got, listed, meant
from forecast.observations.announcements import Announcement, Report
from forecast.observations.spreadsheets import ABSENT, Table, number, read_table
from forecast.observations.user_data import user_folder
from forecast.quarters import ACCEPTED, format_quarter, parse_time, time_span
from forecast.scenario.dates import date_text
from forecast.scenario.entity import ID
from forecast.scenario.money import rate_of
from forecast.storage.files import write_csv, writing

ENVIRONMENT = "FORECAST_ANNOUNCEMENTS"
"""Variable that names the user's file; else it lies with the user's own data."""

STAGES = {
    "announced": "planned",
    "under construction": "under_construction",
    "operating": "operating",
    "paused": "paused",
    "cancelled": "cancelled",
}
"""Statuses of a row, and the stage of the shipped table that each is."""

KINDS = ("greenfield", "expansion", "acquisition")
UNITS = ("bn USD", "trillion won")
_NEEDED = ("id", "company", "project", "sector", "announced", "sources")
DATES = ("announced", "construction_start", "production_start", "status_date")
_MOST_BYTES = 2**24
_REMEDY = "choose another file with --announcements"

START_WITHIN = 8
"""Quarters, from when it was last heard of, in which a plant under construction starts where no date says: judged."""


@dataclass(frozen=True, slots=True)
class OwnAnnouncement:
    """A row of the user's file; texts as written, empty where nothing is stated.

    Attributes:
        amount: in `unit`, one of `UNITS`; None where none is stated.
        announced, construction_start, production_start, status_date: dates in a form of `quarters`.
        status: one of `STAGES`.
        sources: where it was read, parted by semicolons.
        note: anything else.
    """

    id: str
    company: str
    project: str
    sector: str
    announced: str
    sources: str
    location: str = ""
    kind: str = "greenfield"
    amount: float | None = None
    unit: str = UNITS[0]
    construction_start: str = ""
    production_start: str = ""
    status: str = "announced"
    status_date: str = ""
    note: str = ""

    @property
    def dollars(self) -> float | None:
        """The amount in bn USD; won at the rate of the announcement."""
        if self.amount is None or self.unit == UNITS[0]:
            return self.amount
        return 1000.0 * self.amount / rate_of(parse_time(self.announced)).won

    @property
    def known(self) -> Announcement:
        """The row as one of the table."""
        words = self.note or self.status
        start = self.production_start
        return Announcement(
            **{name: getattr(self, name) for name in ("id", "company", "project", "location", "sector", "kind")},
            parent_id=None,
            parent_relation="",
            amount=self.dollars,
            announced=parse_time(self.announced),
            announced_text=self.announced,
            planned_start=parse_time(start) if start else None,
            planned_start_text=start,
            capacity="",
            reports=tuple(
                Report(self.status_date, STAGES[self.status], words, source) for source in source_list(self.sources)
            ),
        )


COLUMNS = tuple(item.name for item in fields(OwnAnnouncement))
"""Columns of the user's file."""


def source_list(text: str) -> list[str]:
    """Sources of a cell."""
    return [source for part in text.split(";") if (source := part.strip())]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was filled in or left out: a text of the catalogue below `own.notes`, and what it names."""

    key: str
    values: Mapping[str, Any]


def own_place() -> Path:
    """The user's file."""
    if stated := os.environ.get(ENVIRONMENT):
        return Path(stated)
    return user_folder() / "announcements.csv"


def read_own() -> dict[str, OwnAnnouncement]:
    """Announcements of a user by their ids; none where there is no file.

    Raises:
        DataError: the file cannot be read, or is no table.
        RunError: rows make no sense; names every line and column.
    """
    path = own_place()
    rows = plain_table(path).records() if path.exists() else []
    if rows and not set(_NEEDED) <= set(rows[0][1]) <= set(COLUMNS):
        raise RunError(f"{path}: got columns {listed(rows[0][1])}, expected {', '.join(COLUMNS)}")
    faults, found = [], {}
    for line, cells in rows:
        faults += [f"{path}:{line}: {fault}" for fault in row_faults(cells)]
        if cells["id"] in found:
            faults.append(f"{path}:{line}: id: got {cells['id']} a second time, expected each once")
        if not faults:
            found[cells["id"]] = own_of(cells)
    if faults:
        raise RunError("\n".join(faults))
    return found


def plain_table(path: Path) -> Table:
    """A CSV file of a user, each of its cells in one line.

    Raises:
        DataError: it cannot be read, or is no table.
    """
    table = read_table(path, _MOST_BYTES)
    rows = tuple((line, tuple(map(_plain, cells))) for line, cells in table.rows)
    return replace(table, headings=tuple(map(_plain, table.headings)), rows=rows)


def _plain(cell: str) -> str:
    """A cell in one line, without characters that steer a terminal and that YAML refuses."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", " ", cell).split())


def write_own(rows: Iterable[OwnAnnouncement]) -> None:
    """Write the user's file, whole or not at all.

    Raises:
        RunError: it cannot be written.
    """
    path = own_place()
    with writing(path, _REMEDY):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(path, COLUMNS, (list(cells_of(row).values()) for row in rows))


def cells_of(row: OwnAnnouncement) -> dict[str, str]:
    """A row as texts by column."""
    return {name: _written(getattr(row, name)) for name in COLUMNS}


def copied(row: Announcement) -> dict[str, str]:
    """Cells of a row that lies over one of the table and says the same, as far as a file of a user's own can.

    A stage that no status stands for, such as delayed, becomes `announced`; several sectors become `other`.
    """
    status = next((status for status, stage in STAGES.items() if stage == row.latest.stage), "announced")
    cells = {name: getattr(row, name) for name in ("id", "company", "project", "location", "sector", "kind")}
    return cells | {
        "sector": "other" if row.sector == "mixed" else row.sector,
        "amount": _written(row.amount),
        "announced": _own_date(row.announced, row.announced_text),
        "production_start": _own_date(row.planned_start, row.planned_start_text),
        "status": status,
        "status_date": row.latest.date,
        "sources": "; ".join(dict.fromkeys(report.source for report in row.reports)),
        "note": "",
    }


def _own_date(position: float | None, stated: str) -> str:
    if position is None:
        return ""
    return stated if is_date(stated) else date_text(position)


def is_date(text: str) -> bool:
    """Whether a text is a date in a form of the language."""
    return not _date_fault(text)


def _written(value: str | float | None) -> str:
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else value


def own_of(cells: Mapping[str, str]) -> OwnAnnouncement:
    """The row of cells in which `row_faults` finds nothing; empty cells are as if left out."""
    stated: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
    if "amount" in stated:
        stated["amount"] = number(stated["amount"], ".")
    return OwnAnnouncement(**stated)


def row_faults(cells: Mapping[str, str]) -> list[str]:
    """What is wrong with a row, by column: what was got, and what is accepted."""
    checks: dict[str, Callable[[str], str]] = {
        "id": _id_fault,
        "company": _length_fault,
        "project": _length_fault,
        "sector": _word_check(SECTORS, SECTORS_BY_WORD),
        "kind": _word_check(KINDS),
        "amount": _amount_fault,
        "unit": _word_check(UNITS),
        "status": _word_check(tuple(STAGES)),
        "sources": _sources_fault,
        **dict.fromkeys(DATES, _date_fault),
    }
    faults = [f"{name}: got nothing, expected {_EXPECTED[name]}" for name in _NEEDED if not cells.get(name)]
    faults += [
        f"{name}: {fault}" for name, check in checks.items() if cells.get(name) and (fault := check(cells[name]))
    ]
    return faults or list(_order_faults(cells))


def _order_faults(cells: Mapping[str, str]) -> Iterator[str]:
    """Dates of a plant that are before what comes before them."""
    if cells.get("kind") == "acquisition":
        return
    for name, before in (*((name, "announced") for name in DATES[1:]), _BUILT):
        date, earlier = cells.get(name), cells.get(before)
        if date and earlier and _comes_before(date, earlier, whole=(name, before) != _BUILT):
            yield f"{name}: got {date}, expected a date after {before}, which is {earlier}"


def _comes_before(date: str, earlier: str, *, whole: bool) -> bool:
    """Whether a date, as a `whole` span or at its beginning, is not after another."""
    return (time_span(date)[1] if whole else parse_time(date)) <= parse_time(earlier)


_BUILT = ("production_start", "construction_start")


_ID = "1 to 64 letters, digits, hyphens and underscores, such as SK-07"
_EXPECTED = {
    "id": _ID,
    "company": "the investor",
    "project": "what is built or bought",
    "sector": f"one of {listed(SECTORS)}",
    "announced": ACCEPTED,
    "sources": "where it was read",
}


def _id_fault(text: str) -> str:
    return "" if re.fullmatch(ID, text) else f"{got(text)}, expected {_ID}"


def _length_fault(text: str) -> str:
    return "" if len(text) <= 200 else f"got {len(text)} characters, expected at most 200"


def _sources_fault(text: str) -> str:
    longest = max(map(len, source_list(text)), default=0)
    return f"got a source of {longest} characters, expected at most 1000" if longest > 1000 else ""


def _word_check(accepted: tuple[str, ...], synonyms: Mapping[str, Sequence[str]] = {}) -> Callable[[str], str]:
    return lambda text: "" if text in accepted else f"{got(text)}; {meant(text, accepted, synonyms)}"


def _amount_fault(text: str) -> str:
    amount = None if text.lower() in ABSENT else number(text, ".")
    within = amount is not None and 0 <= amount < 1e4
    return "" if within else f"{got(text)}, expected a number of bn USD or trillion won, 0 or more"


def _date_fault(text: str) -> str:
    try:
        parse_time(text)
    except ValueError:
        return f"{got(text)}, expected {ACCEPTED}"
    return ""


def own_entry(row: OwnAnnouncement, origin: int) -> tuple[str, list[Note]]:
    """YAML text of an investment from the margin, and what was filled in.

    Args:
        origin: the last quarter observed, in which a plant without a date of its status was last heard of.

    Raises:
        RunError: no amount is stated, or it was cancelled: there is nothing to simulate.
    """
    if row.status == "cancelled":
        raise RunError(f"got {row.id}, which was cancelled, so that there is nothing to simulate")
    if row.amount is None:
        raise RunError(f"got {row.id}, of which no amount is stated, so that there is nothing to simulate")
    heard = int(parse_time(row.status_date)) if row.status_date else origin
    dates, notes = _dates(row, max(heard, int(parse_time(row.announced))))
    amount = f"{row.amount:g}" if row.unit == UNITS[0] else f"{{krw_trillion: {row.amount:g}}}"
    lines = [
        f"id: {quoted(row.id)}",
        f"company: {quoted(row.company)}",
        f"project: {quoted(row.project)}",
        f"sector: {row.sector}",
        f"kind: {row.kind}",
        f"amount: {amount}",
        f"announced: {row.announced}",
        *dates,
        f"sources: [{', '.join(map(quoted, source_list(row.sources)))}]",
    ]
    return "\n".join(lines), notes


def _dates(row: OwnAnnouncement, heard: int) -> tuple[list[str], list[Note]]:
    """Lines on construction and production by the status of a plant, and what was filled in.

    Args:
        heard: the quarter in which it was last heard of.
    """
    if row.kind == "acquisition":
        return [f"production_start: {row.production_start}"] if row.production_start else [], []
    if row.status == "operating":
        return _running(row, heard)
    building = row.status == "under construction"
    begun = [f"construction_start: {row.construction_start}"] if row.construction_start else []
    ahead = bool(row.production_start) and time_span(row.production_start)[1] > heard + 1
    if ahead or (not row.production_start and not building):
        return _planned(row, begun, heard, building=building)
    first = 1 + max(heard, int(parse_time(row.construction_start)) if begun else heard)
    window = f"{{earliest: {format_quarter(first)}, latest: {format_quarter(first - 1 + START_WITHIN)}}}"
    key = "start_passed" if row.production_start else "no_start"
    if building and not begun:
        begun = [_since_announced(row, heard)]
    words = {"id": row.id, "stated": row.production_start, "years": START_WITHIN // 4}
    return [*begun, f"production_start: {window}   # judgement: no later start is stated"], [Note(key, words)]


def _planned(row: OwnAnnouncement, begun: list[str], heard: int, *, building: bool) -> tuple[list[str], list[Note]]:
    """Of a plant that is to start: its dates as stated; without any, construction from its announcement on."""
    starts = [f"production_start: {row.production_start}"] if row.production_start else []
    if building and not begun:
        last = min(heard, int(parse_time(row.production_start)) - 1)
        return [_since_announced(row, last), *starts], [Note("no_construction", {"id": row.id})]
    if begun or starts:
        return [*begun, *starts], []
    first = max(heard + 1, int(parse_time(row.announced)))
    window = f"{{earliest: {format_quarter(first)}, latest: {format_quarter(first + 4)}}}"
    return [f"construction_start: {window}   # judgement: no date is stated"], [Note("no_dates", {"id": row.id})]


def _since_announced(row: OwnAnnouncement, last: int) -> str:
    """Construction at any moment from the announcement to the quarter `last`."""
    first = min(int(parse_time(row.announced)), last - 1)
    window = f"{{earliest: {format_quarter(first)}, latest: {format_quarter(last)}}}"
    return f"construction_start: {window}   # judgement: no date is stated"


def _running(row: OwnAnnouncement, heard: int) -> tuple[list[str], list[Note]]:
    """Of a plant that runs: sure, on time, and begun by the last quarter observed."""
    lines = [f"construction_start: {row.construction_start}"] if row.construction_start else []
    sure = ["probability: 1   # it runs", "slip: 0"]
    if row.production_start and time_span(row.production_start)[1] <= heard + 1:
        return [*lines, f"production_start: {row.production_start}", *sure], []
    first = int(parse_time(row.construction_start or row.announced)) + 1
    heard = max(heard, first + 1)
    window = f"{{earliest: {format_quarter(first)}, latest: {format_quarter(heard)}}}"
    key = "start_ahead" if row.production_start else "runs_since"
    words = {
        "id": row.id,
        "stated": row.production_start,
        "first": format_quarter(first),
        "last": format_quarter(heard),
    }
    return [*lines, f"production_start: {window}   # judgement: it runs, no date is stated", *sure], [Note(key, words)]


def quoted(text: str) -> str:
    r"""A text as YAML has it between double quotes.

    >>> quoted('24" pipes')
    '"24\\" pipes"'
    """
    return json.dumps(text, ensure_ascii=False)
