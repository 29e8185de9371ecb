"""Announcements as the shipped scenarios state them: a scenario to start from one, and the one a plant looks like.

An entry is taken as it is written, with its comments, from the first shipped scenario that states it whole; one that no
scenario states is made of the table of announcements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from textwrap import dedent, indent
from types import MappingProxyType

from forecast.catalogue import worded
from forecast.characters import likeness
from forecast.economics.sectors import SECTORS_BY_WORD
from forecast.errors import Remark, RunError, ScenarioError, got, listed, meant
from forecast.observations.announcements import US_STATES, Announcement, announcements
from forecast.quarters import parse_time
from forecast.scenario.dates import date_text
from forecast.scenario.dependencies import PARTNERS
from forecast.scenario.entries import Row, mean
from forecast.scenario.own import STAGES, OwnAnnouncement, quoted
from forecast.storage.documents import Node, parse_document, read_document, shipped_folder, shipped_names

NONE: Mapping[str, OwnAnnouncement] = MappingProxyType({})
"""Announcements of a user who has none of their own."""

FIRST = ("announced", "hyundai", "hyundai-26bn", "lges-lansing")
"""Shipped scenarios that are asked first for an entry; the others follow by name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An investment as a shipped scenario states it.

    Attributes:
        scenario: name of that scenario.
        node: its keys.
        text: its lines, from the margin.
    """

    scenario: str
    node: Node
    text: str


def known_announcements(own: Mapping[str, OwnAnnouncement] = NONE) -> tuple[Announcement, ...]:
    """The table of announcements with those of a user laid over it: in place of those of their ids, or after all."""
    shipped = announcements()
    stated = [own[row.id].known if row.id in own else row for row in shipped]
    return (*stated, *(row.known for id, row in own.items() if id not in {row.id for row in shipped}))


def announcement(id: str, own: Mapping[str, OwnAnnouncement] = NONE) -> Announcement:
    """An announcement by its id, of a user's own or of the table.

    Raises:
        RunError: there is none; names the nearest.
    """
    found = {row.id: row for row in known_announcements(own)}
    if id not in found:
        raise RunError(f"got {id}, expected the id of an announcement; {meant(id, found)}")
    return found[id]


def chosen(
    company: str | None = None,
    sector: str | None = None,
    state: str | None = None,
    status: str | None = None,
    own: Mapping[str, OwnAnnouncement] = NONE,
) -> tuple[Announcement, ...]:
    """Announcements known, in the order of the table, that meet every filter stated.

    Args:
        company: a text in the name of the company, in large or small letters.
        sector: a sector name, or `mixed`.
        state: a US state, by its name or postal code.
        status: what was last reported of its state.
        own: those of a user.

    Raises:
        RunError: no announcement has that sector, state or status, or none meets all of them; names what there is.

    >>> [row.id for row in chosen(company="sk hynix")]
    ['SK-07', 'SK-08']
    """
    found = known_announcements(own)
    if sector is not None:
        _demand("--sector", sector, {row.sector for row in found}, SECTORS_BY_WORD)
    status = None if status is None else STAGES.get(status, status)
    if status is not None:
        _demand("--status", status, {row.latest.stage for row in found})
    code = None if state is None else _state(state, {code for row in found for code in row.states})
    kept = tuple(
        row
        for row in found
        if (company is None or likeness(company) in likeness(row.company))
        and sector in (None, row.sector)
        and status in (None, row.latest.stage)
        and (code is None or code in row.states)
    )
    if not kept:
        stated = {"--company": company, "--sector": sector, "--state": state, "--status": status}
        given = " ".join(f"{name} {value}" for name, value in stated.items() if value is not None)
        raise RunError(f"got {given}, which no announcement meets; `forecast announcements` lists all {len(found)}")
    return kept


def _demand(option: str, given: str, known: set[str], synonyms: Mapping[str, Sequence[str]] = {}) -> None:
    if given not in known:
        hint = meant(given, sorted(known), synonyms)
        raise RunError(f"{option}: {got(given)}, expected what some announcement has; {hint}")


def _state(given: str, known: set[str]) -> str:
    names = {likeness(word): code for code in known for word in (code, US_STATES[code])}
    if likeness(given) not in names:
        accepted = [US_STATES[code] for code in sorted(known)]
        raise RunError(
            f"--state: {got(given)}, expected a US state of an announcement, such as GA; {meant(given, accepted)}"
        )
    return names[likeness(given)]


def shipped_entry(id: str) -> Entry | None:
    """An investment as the first shipped scenario states it whole; None where none does."""
    names = (*FIRST, *(name for name in shipped_names() if name not in FIRST))
    # only files that have the text of the id are read as YAML, which takes most of the time
    return next((found[id] for name in names if id in _text(name) and id in (found := _entries_of(name))), None)


@cache
def _text(name: str) -> str:
    return (shipped_folder() / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def _entries_of(name: str) -> dict[str, Entry]:
    path = shipped_folder() / f"{name}.yaml"
    stated = read_document(path, str(path)).root.fields.get("investments")
    lines = _text(name).splitlines()
    found: dict[str, Entry] = {}
    for node in stated.items if stated else ():
        id = node.fields["id"].content
        if isinstance(id, str) and "amount" in node.fields:
            found.setdefault(id, Entry(name, node, _lines(lines, node.place.line - 1)))
    return found


def _lines(lines: list[str], first: int) -> str:
    """A list item from its first line to the next thing that is written no deeper, without what stands between."""
    margin = len(lines[first]) - len(lines[first].lstrip())
    inside = [lines[first].replace("- ", "  ", 1)]
    for line in lines[first + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= margin:
            break
        inside.append(line)
    while not inside[-1].strip() or inside[-1].lstrip().startswith("#"):
        inside.pop()
    return dedent("\n".join(inside))


def stated_entry(id: str) -> str:
    """YAML text of an investment: that of a shipped scenario, or what the table knows of it.

    Raises:
        RunError: there is no such announcement, it is an umbrella, or nothing says how large it is.
    """
    found, row = shipped_entry(id), None
    if found is None:
        row = announcement(id)
    kind = row.kind if row else str(found.node.fields["kind"].content)  # type: ignore[union-attr]
    if kind == "pledge":
        parts = [other.id for other in announcements() if other.parent_id == id and other.kind != "pledge"]
        named = f"; start from a part of it: {listed(parts)}" if parts else ""
        whole = f"; the scenario {found.scenario} holds it with its parts" if found else ""
        raise RunError(f"got {id}, a pledge, which is never simulated itself{whole}{named}")
    if found is None:
        assert row is not None
        return _entry_of(row)
    text = re.sub(r"^part_of:.*\n", "", found.text, flags=re.MULTILINE)
    if re.search(r"[:\s][&*]\w+\b", text) and not _stands_alone(text):
        raise RunError(f"got {id}, which shares numbers with others in {found.scenario}; extend that scenario instead")
    return text


def stated_coefficients(id: str) -> str:
    """YAML text of the coefficients that the first shipped scenario states of an investment; empty where none does."""
    found = shipped_entry(id)
    lines = re.search(r"^overrides:.*\n(?:[ ].*\n?)+", found.text, flags=re.MULTILINE) if found else None
    return lines[0].rstrip() if lines and _stands_alone(lines[0]) else ""


def _stands_alone(text: str) -> bool:
    try:
        parse_document(text, "")
    except ScenarioError:
        return False
    return True


def _entry_of(row: Announcement) -> str:
    if row.amount is None:
        raise RunError(
            f"got {row.id}, of which no amount was stated, so that there is nothing to simulate; "
            f"`forecast announcements {row.id}` shows what is known"
        )
    if row.announced is None:
        raise RunError(
            f"got {row.id}, of which no date of announcement is known; see `forecast announcements {row.id}`"
        )
    mixed = row.sector == "mixed"
    lines = [
        f"id: {row.id}",
        f"company: {quoted(row.company)}",
        f"project: {quoted(row.project)}",
        f"sector: {'other' if mixed else row.sector}" + ("   # judgement: the source names several" if mixed else ""),
        f"kind: {row.kind}",
        f"amount: {row.amount:g}",
        f"announced: {_date(row.announced_text, row.announced)}",
    ]
    if row.planned_start is not None:
        lines.append(f"production_start: {_date(row.planned_start_text, row.planned_start)}")
    elif row.kind != "acquisition":
        lines.append(f"construction_start: {_date(row.announced_text, row.announced)}   # judgement: no date was found")
    sources = dict.fromkeys(report.source for report in row.reports)
    return "\n".join([*lines, f"sources: [{', '.join(map(quoted, sources))}]"])


def _date(stated: str, read: float) -> str:
    """A date as the source gives it, where that is one of the language, else as it was read."""
    try:
        return stated if parse_time(stated) == read else date_text(read)
    except ValueError:
        return date_text(read)


_ENDS = ("", "_ko")


def scenario_text(id: str, name: str, schema: str) -> str:
    """A scenario of one announcement, in YAML.

    Args:
        id: of the announcement.
        name: of the scenario.
        schema: address of the schema, for an editor.

    Raises:
        RunError: as `stated_entry`.
    """
    entry, known = stated_entry(id), {row.id: row for row in announcements()}.get(id)
    found = shipped_entry(id)
    origin = f"the scenario {found.scenario}" if found else "the table of announcements"
    fields = parse_document(entry, "").root.fields
    titles = [
        f"title{end}: {quoted(str(fields[f'project{end}'].plain())[:120])}"
        for end in _ENDS
        if f"project{end}" in fields
    ]
    reports = [f"# {report.date}: {report.text}" for report in known.reports if report.date] if known else []
    item = indent(entry, "    ").replace("    ", "  - ", 1)
    return "\n".join(
        [
            f"# yaml-language-server: $schema={schema}",
            f"# {id}, as {origin} states it; `forecast announcements` lists the others.",
            *([*["# What was reported:"], *reports] if reports else []),
            "",
            f"name: {name}",
            *titles,
            "extends: baseline",
            "investments:",
            item,
            "",
        ]
    )


NEAR_AMOUNT, NEAR_DATE = 1.25, 4.0
"""How many times larger, and how many quarters apart, two statements of one plant are at most: judgement."""


def known_plants(row: Row) -> Iterator[Remark]:
    """A plant of the user that looks like one of the table of which a shipped scenario states other coefficients."""
    amount, announced, sector = row.value.amount, row.value.announced, row.value.sector
    if amount is None or announced is None or not row.value.company:
        return
    for other in announcements():
        if other.sector != sector or other.kind == "pledge" or not other.amount or other.announced is None:
            continue
        near = max(mean(amount), other.amount) <= NEAR_AMOUNT * min(mean(amount), other.amount)
        if near and abs(announced - other.announced) <= NEAR_DATE and _same_company(row.value.company, other.company):
            yield from _differences(row, other)


def _same_company(one: str, other: str) -> bool:
    """Whether two texts share a company, as written or as the first words of it."""
    ours, stated = ({likeness(name) for name in text.split(PARTNERS)} for text in (one, other))
    return any(a.startswith(b) or b.startswith(a) for a in ours for b in stated if a and b)


def _differences(row: Row, other: Announcement) -> Iterator[Remark]:
    entry = shipped_entry(other.id)
    stated = entry.node.fields.get("overrides") if entry else None
    own = row.node.fields.get("overrides")
    missing = [name for name in (stated.fields if stated else {}) if own is None or name not in own.fields]
    if entry is not None and missing:
        told = {"id": other.id, "company": other.company, "project": other.project, "scenario": entry.scenario}
        text = f"warnings.plant.known.{'many' if len(missing) > 1 else 'one'}"
        yield row.remark("", worded(text, names=missing, sector=other.sector, **told))
