"""A table of plants, such as a tracker publishes, becomes a scenario.

A mapping in YAML says which column holds what, the unit of amounts, how dates are written and what words of the table
mean. Rows that say nothing to simulate, or the same as another, are left out, each with a `Note`; two lines at one site
are told apart by their number.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import indent
from typing import Any

from forecast.characters import likeness
from forecast.documents import read_document
from forecast.economics.sectors import SECTORS
from forecast.errors import RunError, got, listed, meant
from forecast.quarters import parse_time, time_span
from forecast.scenario.own import (
    COLUMNS,
    DATES,
    KINDS,
    STAGES,
    UNITS,
    Note,
    OwnAnnouncement,
    is_date,
    own_entry,
    own_of,
    quoted,
    row_faults,
    table_rows,
)

_FACTORS = {
    "USD": (1e-9, UNITS[0]),
    "million USD": (1e-3, UNITS[0]),
    "bn USD": (1.0, UNITS[0]),
    "billion won": (1e-3, UNITS[1]),
    "trillion won": (1.0, UNITS[1]),
}
"""Units of a table's amounts: the factor to, and the unit of, an announcement."""

_WORDS: Mapping[str, tuple[str, ...]] = {"sector": SECTORS, "status": tuple(STAGES), "kind": KINDS}
"""Columns whose words a mapping translates, and what they may become."""

_NEEDED = ("company", "project", "sector", "amount")
_KEYS = ("title", "columns", "unit", "dates", "words", "otherwise", "keep", "source")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping of a table, see `docs/how-to/announcements.md`.

    Attributes:
        title: of the scenario; empty for one made of the file's name.
        columns: headings by what they hold; several are joined by commas.
        unit: one of the units of amounts.
        dates: forms of dates beside those of the language, as `strptime` has them.
        words: by column, what its words mean.
        otherwise: by column, what stands where a row says nothing.
        keep: by heading, texts one of which a row has to hold to be taken.
        source: where the table was read, for rows without a source.
    """

    columns: Mapping[str, tuple[str, ...]]
    title: str = ""
    unit: str = "bn USD"
    dates: tuple[str, ...] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    otherwise: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str = ""


def read_mapping(path: Path) -> Mapped:
    """A mapping from its file.

    Raises:
        RunError: a key or a value is none of those accepted.
        ScenarioError: the file is no YAML.
    """
    stated = read_document(path, str(path)).root.plain()
    if not isinstance(stated, dict):
        raise RunError(f"{path}: {got(stated)}, expected a mapping with {listed(_KEYS)}")
    faults = [f"{key}: unknown key; {meant(key, _KEYS)}" for key in stated if key not in _KEYS]
    columns = _texts_by_name(stated, "columns", COLUMNS, faults)
    faults += [f"columns: nothing for {name}, expected the heading of it" for name in _NEEDED if name not in columns]
    unit = stated.get("unit", "bn USD")
    if unit not in _FACTORS:
        faults.append(f"unit: {got(unit)}; {meant(str(unit), _FACTORS)}")
    words = {
        name: {str(word): str(meaning) for word, meaning in _mapping(translated, f"words.{name}", faults).items()}
        for name, translated in _mapping(stated.get("words", {}), "words", faults).items()
    }
    for name, translated in words.items():
        faults += _word_faults(name, translated)
    if faults:
        raise RunError("\n".join(f"{path}: {fault}" for fault in faults))
    return Mapped(
        columns=columns,
        title=str(stated.get("title", "")),
        unit=unit,
        dates=tuple(map(str, _listed(stated.get("dates", ())))),
        words={name: {likeness(word): meaning for word, meaning in words.get(name, {}).items()} for name in _WORDS},
        otherwise={
            str(name): str(text) for name, text in _mapping(stated.get("otherwise", {}), "otherwise", []).items()
        },
        keep={str(name): tuple(map(str, _listed(texts))) for name, texts in dict(stated.get("keep", {})).items()},
        source=str(stated.get("source", "")),
    )


def _mapping(value: Any, name: str, faults: list[str]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    faults.append(f"{name}: {got(value)}, expected a mapping")
    return {}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _texts_by_name(
    stated: Mapping[str, Any], key: str, accepted: Sequence[str], faults: list[str]
) -> dict[str, tuple[str, ...]]:
    given = _mapping(stated.get(key, {}), key, faults)
    faults += [f"{key}.{name}: unknown; {meant(name, accepted)}" for name in given if name not in accepted]
    return {name: tuple(map(str, _listed(headings))) for name, headings in given.items()}


def _word_faults(name: str, translated: Mapping[str, str]) -> Iterator[str]:
    if name not in _WORDS:
        yield f"words.{name}: unknown; {meant(name, _WORDS)}"
        return
    for word, meaning in translated.items():
        if meaning not in _WORDS[name]:
            yield f"words.{name}.{word}: {got(meaning)}; {meant(meaning, _WORDS[name])}"


def tracked(path: Path, mapped: Mapped | None) -> tuple[list[OwnAnnouncement], list[Note]]:
    """Announcements of a table, and what was read otherwise than it stands.

    Args:
        path: of a CSV file.
        mapped: how it is read; None for a table with the columns of a user's own announcements.

    Raises:
        RunError: the table cannot be read, lacks a column, or holds words that the mapping does not explain.
    """
    rows = table_rows(path)
    if mapped is None:
        mapped = Mapped({name: (name,) for name in COLUMNS}, words={name: {} for name in _WORDS}, otherwise={}, keep={})
        missing = [name for name in _NEEDED if rows and name not in rows[0]]
        if missing:
            raise RunError(
                f"{path}: got no column {listed(missing)}; a table with other headings takes a mapping, --mapping FILE"
            )
        mapped = replace(mapped, columns={name: (name,) for name in COLUMNS if not rows or name in rows[0]})
    headings = {heading for given in (*mapped.columns.values(), tuple(mapped.keep)) for heading in given}
    if rows and (missing := sorted(headings - set(rows[0]))):
        raise RunError(
            f"{path}: got no column {listed(missing)}, expected those of the mapping; it has {listed(rows[0])}"
        )
    kept = [(line, row) for line, row in enumerate(rows, start=2) if _is_kept(row, mapped)]
    if not kept:
        raise RunError(f"{path}: got {len(rows)} rows, none of which the mapping keeps")
    notes: list[Note] = []
    read = [(line, _cells(row, mapped, line, path.name, notes)) for line, row in kept]
    _demand_words(path, read, mapped)
    return _announcements(path, read, notes), notes


def _is_kept(row: Mapping[str, str], mapped: Mapped) -> bool:
    return all(any(text.lower() in row[name].lower() for text in texts) for name, texts in mapped.keep.items())


def _cells(row: Mapping[str, str], mapped: Mapped, line: int, file: str, notes: list[Note]) -> dict[str, str]:
    """Cells of a row by what they hold, amounts and dates as the language has them."""
    cells = {
        name: ", ".join(filter(None, (row[heading] for heading in headings)))
        for name, headings in mapped.columns.items()
    }
    for name, text in mapped.otherwise.items():
        cells[name] = cells.get(name) or text
    for name, meanings in mapped.words.items():
        known = {likeness(word): word for word in _WORDS[name]} | dict(meanings)
        cells[name] = known.get(likeness(cells.get(name, "")), cells.get(name, ""))
    for name in DATES:
        cells[name] = _date(cells.get(name, ""), name, mapped, line, notes)
    factor, cells["unit"] = _FACTORS[cells.get("unit") or mapped.unit]
    cells["amount"] = _amount(cells["amount"], factor, line, notes)
    cells["sources"] = cells.get("sources") or mapped.source or file
    return cells


def _date(text: str, name: str, mapped: Mapped, line: int, notes: list[Note]) -> str:
    """A date in a form of the language; what cannot be read counts as not stated."""
    text = re.sub(r"^(\d{4})\.0$", r"\1", text)
    if not text or is_date(text):
        return text
    for form in mapped.dates:
        try:
            day = dt.datetime.strptime(text, form)
        except ValueError:
            continue
        return day.strftime(
            "%Y-%m-%d" if re.search("%[dxcD]", form) else "%Y-%m" if re.search("%[mbB]", form) else "%Y"
        )
    notes.append(Note("no_date", {"line": line, "column": name, "text": text}))
    return ""


def _amount(text: str, factor: float, line: int, notes: list[Note]) -> str:
    """An amount in the unit of announcements; what cannot be read counts as not stated."""
    plain = re.sub(r"[,$₩\s]", "", text)
    try:
        return f"{float(plain) * factor:.10g}" if plain else ""
    except ValueError:
        notes.append(Note("no_amount_read", {"line": line, "text": text}))
        return ""


def _demand_words(path: Path, read: Sequence[tuple[int, Mapping[str, str]]], mapped: Mapped) -> None:
    """Every word of a translated column means something, or all that do not are named."""
    faults = []
    for name, accepted in _WORDS.items():
        unknown = Counter(cells[name] for _, cells in read if cells[name] and cells[name] not in accepted)
        if unknown:
            words = listed(f"{word} ({n})" for word, n in unknown.most_common())
            key = f"words.{name}" if mapped.words[name] or mapped.source else name
            faults.append(f"{path}: {name}: got {words}; say what each means under {key}: {listed(accepted)}")
        if name == "sector" and (empty := [line for line, cells in read if not cells[name]]):
            faults.append(
                f"{path}:{empty[0]}: sector: got nothing in {len(empty)} rows; otherwise.sector may state one"
            )
    if faults:
        raise RunError("\n".join(faults))


def _announcements(path: Path, read: Sequence[tuple[int, dict[str, str]]], notes: list[Note]) -> list[OwnAnnouncement]:
    """Rows as announcements with ids and projects of their own, without those that add nothing."""
    found: dict[str, OwnAnnouncement] = {}
    seen: dict[tuple[str, ...], int] = {}
    sites: Counter[tuple[str, str]] = Counter()
    faults = []
    for line, cells in read:
        same = tuple(cells.get(name, "") for name in COLUMNS)
        if same in seen:
            notes.append(Note("twice", {"line": line, "first": seen[same], "project": cells["project"]}))
            continue
        seen[same] = line
        cells["announced"] = _announced(cells, line, notes)
        cells["construction_start"] = _begun(cells, line, notes)
        cells["id"] = _id(cells, found)
        site = cells["company"], cells["project"]
        sites[site] += 1
        if sites[site] > 1:
            cells["project"] = f"{cells['project'][:180]}, line {sites[site]}"
            notes.append(Note("line", {"line": line, "id": cells["id"]}))
        cells |= {name: cells[name][:200] for name in ("company", "project")}
        faults += [f"{path}:{line}: {fault}" for fault in row_faults(cells)]
        if not faults:
            found[cells["id"]] = own_of({name: cells.get(name, "") for name in COLUMNS})
    if faults:
        raise RunError("\n".join(faults))
    return list(found.values())


def _announced(cells: Mapping[str, str], line: int, notes: list[Note]) -> str:
    """The date of the announcement; the earliest one stated where there is none, or where that is earlier still."""
    stated = [cells[name] for name in DATES if cells.get(name)]
    if not stated:
        raise RunError(f"row {line}: got no date at all for {cells['project']}; otherwise.announced may state one")
    announced, first = cells["announced"], min(stated, key=parse_time)
    if announced and (cells.get("kind") == "acquisition" or time_span(first)[1] > parse_time(announced)):
        return announced
    notes.append(
        Note("announced_late" if announced else "no_announced", {"line": line, "date": first, "stated": announced})
    )
    return first


def _begun(cells: Mapping[str, str], line: int, notes: list[Note]) -> str:
    """The start of construction, unless it is not before that of production."""
    begun, starts = cells["construction_start"], cells["production_start"]
    if not (begun and starts) or parse_time(begun) < parse_time(starts):
        return begun
    notes.append(Note("begun_late", {"line": line, "date": begun, "stated": starts}))
    return ""


def _id(cells: Mapping[str, str], taken: Mapping[str, Any]) -> str:
    """The id of a row, or one made of its company, with a number where another has it."""
    stated = re.sub(r"[^A-Za-z0-9_-]+", "-", cells.get("id") or cells["company"]).strip("-_")[:56] or "plant"
    return next(name for name in (stated, *(f"{stated}-{n}" for n in range(2, 10_000))) if name not in taken)


def own_scenario(
    rows: Sequence[OwnAnnouncement], origin: int, table: str, title: str, coefficients: Mapping[str, str]
) -> tuple[Callable[[Path, str], str], list[Note]]:
    """A scenario of announcements of a user: what makes its text of its path and the schema's address, and notes.

    Args:
        origin: the last quarter observed.
        table: where the rows come from, for the head of the file.
        title: of the scenario.
        coefficients: YAML text of coefficients by id, see `library.stated_coefficients`.

    Raises:
        RunError: none of the rows says anything to simulate.
    """
    entries, notes = [], []
    for row in rows:
        if row.status == "cancelled" or row.amount is None:
            key = "cancelled" if row.status == "cancelled" else "no_amount"
            notes.append(Note(key, {"id": row.id, "project": row.project}))
            continue
        text, filled = own_entry(row, origin)
        text = "\n".join(filter(None, [text, coefficients.get(row.id, "")]))
        entries.append(indent(text, "    ").replace("    ", "  - ", 1))
        notes += filled
    if not entries:
        raise RunError(f"{table}: got {len(rows)} plants, none of which has an amount and was not cancelled")

    def text_of(path: Path, schema: str) -> str:
        head = [
            f"# yaml-language-server: $schema={schema}",
            f"# {len(entries)} plant{'s' if len(entries) > 1 else ''} of {table}; what is judgement says so.",
            "",
            f"name: {path.stem}",
            f"title: {quoted(title[:120])}",
            "extends: baseline",
            "investments:",
        ]
        return "\n".join([*head, *entries, ""])

    return text_of, notes
