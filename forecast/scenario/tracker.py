"""A table of plants, such as a tracker publishes, becomes a scenario.

A mapping in YAML says which column holds what, the unit of amounts, how dates are written and what words of the table
mean. Rows that say nothing to simulate, or the same as another, are left out, each with a `Note`; two lines at one site
are told apart by their number.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import indent
from typing import Any

from forecast.characters import half_width, likeness
from forecast.economics.sectors import SECTORS, SECTORS_BY_WORD
from forecast.errors import RunError, ScenarioError, got, listed, meant, refusal
from forecast.observations.spreadsheets import ABSENT, Table, decimal_sign, number, other_reading, two_readings
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
    plain_table,
    quoted,
    row_faults,
)
from forecast.storage.documents import Document, Node, read_document

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

_SYNONYMS: Mapping[str, Mapping[str, Sequence[str]]] = {"sector": SECTORS_BY_WORD}

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
        ScenarioError: the file is no YAML, or a key or a value is none of those accepted.
    """
    keys = _Keys(read_document(path, str(path)))
    columns = {name: keys.texts(node, f"columns.{name}") for name, node in keys.named("columns", COLUMNS)}
    for name in _NEEDED:
        if name not in columns:
            keys.wrong(keys.at("columns"), "columns", f"nothing for {name}, expected the heading of it")
    words = {name: keys.meanings(node, name) for name, node in keys.named("words", _WORDS)}
    read = Mapped(
        columns=columns,
        title=keys.text("title"),
        unit=keys.text("unit") or "bn USD",
        dates=keys.texts(keys.at("dates"), "dates"),
        words={name: words.get(name, {}) for name in _WORDS},
        otherwise={name: _word(node) for name, node in keys.named("otherwise", COLUMNS)},
        keep={name: keys.texts(node, f"keep.{name}") for name, node in keys.named("keep")},
        source=keys.text("source"),
    )
    if read.unit not in _FACTORS:
        keys.wrong(keys.at("unit"), "unit", f"{got(read.unit)}; {meant(read.unit, _FACTORS)}")
    for form in read.dates:
        if not _is_form(form):
            keys.wrong(keys.at("dates"), "dates", f"{got(form)}, expected a form of dates such as %m/%d/%Y")
    if keys.problems:
        raise ScenarioError(keys.problems)
    return read


class _Keys:
    """Keys of a mapping's file, and what is wrong with their values.

    Attributes:
        problems: in the order in which they were found.
    """

    def __init__(self, document: Document) -> None:
        self.root = document.root
        self.problems = [*document.problems]
        if not isinstance(self.root.content, Mapping):
            raise refusal(self.root.place, f"{self.root.got()}, expected a mapping with {listed(_KEYS)}")
        for name, node in self.root.fields.items():
            if name not in _KEYS:
                self.wrong(node, name, f"unknown key; {meant(name, _KEYS)}")

    def wrong(self, node: Node, key: str, message: str) -> None:
        """Note what is wrong with a value."""
        self.problems.append((node.key or node.place).problem(key, message))

    def at(self, key: str) -> Node:
        """The value of a key, one without content where it is left out."""
        return self.root.fields.get(key, Node(None, self.root.place))

    def text(self, key: str) -> str:
        """The text of a key, empty where it is left out."""
        return "".join(self.texts(self.at(key), key)[:1])

    def texts(self, node: Node, key: str) -> tuple[str, ...]:
        """One text or several."""
        parts = node.items if isinstance(node.content, tuple) else (node,)
        if any(isinstance(part.content, Mapping | tuple) for part in parts):
            self.wrong(node, key, f"{node.got()}, expected a text or a list of texts")
            return ()
        return tuple(_word(part) for part in parts if part.content is not None)

    def named(self, key: str, accepted: Collection[str] = ()) -> Iterator[tuple[str, Node]]:
        """Values below a key by name, all of them or those accepted."""
        yield from self._below(self.at(key), key, accepted)

    def meanings(self, node: Node, column: str) -> dict[str, str]:
        """What words in a column of a table mean, by what their spellings have in common."""
        key, accepted = f"words.{column}", _WORDS[column]
        found = {word: _word(meaning) for word, meaning in self._below(node, key)}
        for word, meaning in found.items():
            if meaning not in accepted:
                hint = meant(meaning, accepted, _SYNONYMS.get(column, {}))
                self.wrong(node.fields[word], f"{key}.{word}", f"{got(meaning)}; {hint}")
        return {likeness(word): meaning for word, meaning in found.items()}

    def _below(self, node: Node, key: str, accepted: Collection[str] = ()) -> Iterator[tuple[str, Node]]:
        if not isinstance(node.content, Mapping | None):
            self.wrong(node, key, f"{node.got()}, expected a mapping")
        for name, below in node.fields.items():
            if accepted and name not in accepted:
                self.wrong(below, f"{key}.{name}", f"unknown; {meant(name, accepted)}")
            else:
                yield name, below


def _word(node: Node) -> str:
    """A value as it is written, which a heading that looks like a number is."""
    return node.written or ("" if node.content is None else str(node.content))


def _is_form(form: str) -> bool:
    try:
        dt.datetime.strptime(dt.datetime(2026, 1, 2).strftime(form), form)
    except ValueError:
        return False
    return True


def tracked(path: Path, mapped: Mapped | None) -> tuple[list[OwnAnnouncement], list[Note]]:
    """Announcements of a table, and what was read otherwise than it stands.

    Args:
        path: of a CSV file.
        mapped: how it is read; None for a table with the columns of a user's own announcements.

    Raises:
        RunError: the table cannot be read, lacks a column, or holds words that the mapping does not explain.
    """
    table = plain_table(path)
    rows, headings = table.records(), table.headings
    if mapped is None:
        mapped = Mapped({}, words={name: {} for name in _WORDS})
        missing = [name for name in _NEEDED if name not in headings]
        if missing:
            raise RunError(
                f"{path}: got no column {listed(missing)}; a table with other headings takes a mapping, --mapping FILE"
            )
        mapped = replace(mapped, columns={name: (name,) for name in COLUMNS if name in headings})
    named = {heading for given in (*mapped.columns.values(), tuple(mapped.keep)) for heading in given}
    if missing := sorted(named - set(headings)):
        raise RunError(
            f"{path}: got no column {listed(missing)}, expected those of the mapping; it has {listed(headings)}"
        )
    kept = [(line, _cells(row, mapped)) for line, row in rows if _is_kept(row, mapped)]
    if not kept:
        raise RunError(f"{path}: got no row that is kept, of {len(rows)} below the headings")
    notes: list[Note] = []
    _demand_words(path, kept, mapped)
    decimal = _decimal(table, kept)
    for line, cells in kept:
        for name in DATES:
            cells[name] = _date(cells.get(name, ""), name, mapped, line, notes)
        cells["amount"] = _amount(cells, decimal, line, notes)
        cells["unit"] = _FACTORS[cells["unit"]][1]
        cells["sources"] = cells["sources"] or path.name
    _demand_some_amount(path, kept, notes)
    return _announcements(path, kept, notes), notes


def _is_kept(row: Mapping[str, str], mapped: Mapped) -> bool:
    return all(any(text.lower() in row[name].lower() for text in texts) for name, texts in mapped.keep.items())


def _cells(row: Mapping[str, str], mapped: Mapped) -> dict[str, str]:
    """Cells of a row by what they hold, words as the language has them."""
    cells = {
        name: ", ".join(filter(None, (row[heading] for heading in headings)))
        for name, headings in mapped.columns.items()
    }
    cells["unit"] = cells.get("unit") or mapped.otherwise.get("unit") or mapped.unit
    for name, text in mapped.otherwise.items():
        cells[name] = cells.get(name) or text
    for name, accepted in {**_WORDS, "unit": tuple(_FACTORS)}.items():
        known = {likeness(word): word for word in accepted} | dict(mapped.words.get(name, {}))
        cells[name] = known.get(likeness(cells.get(name, "")), cells.get(name, ""))
    cells["sources"] = cells.get("sources") or mapped.source
    return cells


def _decimal(table: Table, kept: Sequence[tuple[int, Mapping[str, str]]]) -> str:
    """The sign before decimals of the amounts; between semicolons, where commas are common, only if it is clear."""
    amounts = [_bare(cells) for _, cells in kept]
    decimal = decimal_sign(amounts)
    unclear = other_reading(amounts, decimal) if table.delimiter == ";" else None
    if unclear is not None:
        line, _ = kept[amounts.index(unclear)]
        raise RunError(f"{table.path}:{line}: amount: {two_readings(unclear, decimal)}")
    return decimal


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


def _amount(cells: Mapping[str, str], decimal: str, line: int, notes: list[Note]) -> str:
    """An amount in the unit of announcements; what cannot be read counts as not stated."""
    bare = _bare(cells)
    if bare.lower() in ABSENT:
        return ""
    value = number(bare, decimal)
    if value is None:
        notes.append(Note("no_amount_read", {"line": line, "text": cells["amount"]}))
        return ""
    return f"{value * _FACTORS[cells['unit']][0]:.10g}"


def _demand_some_amount(path: Path, kept: Sequence[tuple[int, Mapping[str, str]]], notes: Sequence[Note]) -> None:
    """Refuse a table of which no amount can be read."""
    unread = [note for note in notes if note.key == "no_amount_read"]
    if unread and not any(cells["amount"] for _, cells in kept):
        values = unread[0].values
        raise RunError(
            f"{path}:{values['line']}: amount: {got(values['text'])}, expected a number of the unit in this column"
        )


def _bare(cells: Mapping[str, str]) -> str:
    """The text of an amount without the sign of the currency of its unit; that of another stays."""
    text = half_width(cells["amount"]) or cells["amount"]
    return re.sub(r"^₩ ?" if "won" in cells["unit"] else r"^(US)?\$ ?", "", text)


def _demand_words(path: Path, read: Sequence[tuple[int, Mapping[str, str]]], mapped: Mapped) -> None:
    """Every word of a translated column and every unit means something, or all that do not are named."""
    faults = []
    for name, accepted in {**_WORDS, "unit": tuple(_FACTORS)}.items():
        strange = [(line, cells[name]) for line, cells in read if cells[name] and cells[name] not in accepted]
        if strange:
            counted = Counter(word for _, word in strange).most_common()
            words = listed(f"{word} ({n})" for word, n in counted)
            key = f"words.{name}" if mapped.words.get(name) or mapped.source else name
            way = "expected one of" if name == "unit" else f"say what each means under {key}:"
            faults.append(f"{path}:{strange[0][0]}: {name}: got {words}; {way} {listed(accepted)}")
    if empty := [line for line, cells in read if not cells["sector"]]:
        more = f" (and so in {len(empty) - 1} more)" if len(empty) > 1 else ""
        faults.append(f"{path}:{empty[0]}: sector: got nothing{more}; otherwise.sector may state one")
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
        cells["announced"] = _announced(path, cells, line, notes)
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


def _announced(path: Path, cells: Mapping[str, str], line: int, notes: list[Note]) -> str:
    """The date of the announcement; the earliest one stated where there is none, or where that is earlier still."""
    stated = [cells[name] for name in DATES if cells.get(name)]
    if not stated:
        nothing = f"got no date at all for {cells['project']}; otherwise.announced may state one"
        raise RunError(f"{path}:{line}: announced: {nothing}")
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
        raise RunError(f"{table}: got no plant that has an amount and was not cancelled, of {len(rows)} in all")

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
