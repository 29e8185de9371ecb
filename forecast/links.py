"""Ties between announcements: ids that exist, no circles, keys that fit each other, members of programmes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forecast.document import Node
from forecast.errors import Problem
from forecast.events import partners
from forecast.phrases import got, meant, spelled
from forecast.rows import Row, ends, rows

LISTED = ("requires", "excludes")
SAME = "same_fate_as"
TIES = (*LISTED, SAME)
OWN_CHANCE = ("probability", *LISTED)


def broken_links(root: Node, announced: Sequence[Row]) -> Iterator[Problem]:
    """Every tie that leads nowhere, round in a circle or against another key."""
    built = {row.name: row for row in announced if row.text("kind") != "pledge"}
    for row in announced:
        yield from _unknown(row, built)
        yield from _own_chance(row)
        yield from _phases(row)
        yield from _end(row)
    yield from _circles(built)
    yield from _programmes(root, built)


def _named(row: Row) -> Iterator[tuple[str, Node, str]]:
    """Every id a row is tied to: the key and its place, the node, and the id."""
    for key in LISTED:
        node = row.node.fields.get(key)
        for index, item in enumerate(node.items if node else ()):
            if isinstance(item.content, str):
                yield spelled((key, index)), item, item.content
    if (same := row.text(SAME)) is not None:
        yield SAME, row.node.fields[SAME], same


def _unknown(row: Row, built: Mapping[str, Row]) -> Iterator[Problem]:
    for key, node, id in _named(row):
        if id in built and id != row.name:
            continue
        others = [name for name in built if name != row.name]
        hint = meant(id, others) if others else "the scenario has no other"
        expected = f"expected the id of another investment that is built or bought; {hint}"
        yield node.place.problem(f"investments.{row.name}.{key}", f"{got(id)}, {expected}")


def _own_chance(row: Row) -> Iterator[Problem]:
    if row.has(SAME):
        for key in filter(row.has, OWN_CHANCE):
            taken = f"got {key} beside {SAME}, which takes all of that from {row.text(SAME)}; expected one of them"
            yield row.problem(key, taken)


def _phases(row: Row) -> Iterator[Problem]:
    node = row.node.fields.get("phases")
    if node is None or not node.items:
        return
    if row.text("kind") == "acquisition":
        yield row.problem("phases", "got phases with kind acquisition, expected them only for what is built")
    for key in filter(row.has, ("construction_start", "production_start")):
        yield row.problem(key, f"got {key} beside phases, expected the dates of every phase inside it")
    for index, phase in enumerate(node.items):
        yield from _phase(Row(phase, spelled((row.name, "phases", index))), row)


def _phase(phase: Row, row: Row) -> Iterator[Problem]:
    announced, start, production = row.date("announced"), *map(phase.date, ("construction_start", "production_start"))
    if not phase.has("construction_start") and not phase.has("production_start"):
        yield phase.problem("", "got neither date, expected construction_start or production_start")
    if start and production and ends(start)[1] >= ends(production)[0]:
        yield phase.problem("production_start", "got a date before the last of construction_start, expected it later")
    for key, date in (("construction_start", start), ("production_start", production)):
        if announced and date and int(ends(announced)[0]) > int(ends(date)[1]):
            yield phase.problem(key, f"got a date before the announcement of {row.name}, expected one not before it")


def _end(row: Row) -> Iterator[Problem]:
    """Production ends after it was to start."""
    end = row.date("production_end")
    nodes = row.node.fields["phases"].items if "phases" in row.node.fields else ()
    plants = [row, *(Row(node, row.name) for node in nodes)]
    starts = [date for plant in plants if (date := plant.date("production_start") or plant.date("construction_start"))]
    if end and starts and ends(end)[0] <= max(ends(start)[1] for start in starts):
        message = "got an end of production that may come before its planned start, expected a later date"
        yield row.problem("production_end", message)


def _circles(built: Mapping[str, Row]) -> Iterator[Problem]:
    """Ties along which going ahead would depend on itself, each reported once."""
    reported: set[str] = set()
    for name in built:
        circle = _circle(name, built)
        if circle and not reported & set(circle):
            reported |= set(circle)
            key = next(key for key, _, id in _named(built[name]) if id == circle[1])
            way = " on ".join(circle)
            message = f"got a circle: {way}; expected an order in which each can be decided"
            yield built[name].problem(key.partition("[")[0], message)


def _circle(start: str, built: Mapping[str, Row]) -> list[str]:
    """The ids on a way from `start` back to it, both ends included; empty where there is none."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop(0)
        for _, _, id in _named(built[way[-1]]):
            if id == start and len(way) > 1:
                return [*way, id]
            if id in built and id not in seen and id != start:
                seen.add(id)
                ways.append([*way, id])
    return []


def _programmes(root: Node, built: Mapping[str, Row]) -> Iterator[Problem]:
    ids: set[str] = set()
    for row in rows(root, "programmes"):
        path = f"programmes.{row.name}"
        if row.name in ids:
            yield row.node.place.problem(f"{path}.id", f"{got(row.name)} a second time, expected every id once")
        ids.add(row.name)
        yield from _members(row, path, built)
        yield from _split_fates(row, path, built)


def _members(programme: Row, path: str, built: Mapping[str, Row]) -> Iterator[Problem]:
    node = programme.node.fields.get("members")
    for index, member in enumerate(node.items if node else ()):
        if isinstance(member.content, str) and member.content not in built:
            expected = f"expected the id of an investment that is built or bought; {meant(member.content, built)}"
            yield member.place.problem(f"{path}.members[{index}]", f"{got(member.content)}, {expected}")
    company = programme.text("company")
    companies = sorted({name for row in built.values() for name in partners(row.text("company") or "")})
    if company is not None and company not in companies:
        message = f"{got(company)}, expected the company of an investment; {meant(company, companies)}"
        yield programme.node.fields["company"].place.problem(f"{path}.company", message)


def _split_fates(programme: Row, path: str, built: Mapping[str, Row]) -> Iterator[Problem]:
    """One draw for both cannot be cut for one of them alone."""
    members = _ids(programme, built)
    for id in sorted(members):
        other = built[id].text(SAME)
        if programme.has("probability") and other in built and other not in members:
            message = (
                f"got {id}, which has the fate of {other}, without {other}; expected both in the programme or neither"
            )
            yield programme.node.place.problem(path, message)


def _ids(programme: Row, built: Mapping[str, Row]) -> set[str]:
    node, company = programme.node.fields.get("members"), programme.text("company")
    listed = {str(item.content) for item in (node.items if node else ())}
    return {id for id, row in built.items() if id in listed or company in partners(row.text("company") or "")}
