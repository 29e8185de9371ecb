"""Double counting: umbrellas and their parts, repeated projects, and announcements that lie inside one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forecast.errors import Problem
from forecast.observations import announcements
from forecast.phrases import got, meant
from forecast.rows import Row, mean

ROUNDING = 1e-6


def double_counting(rows: Sequence[Row]) -> Iterator[Problem]:
    """Every way in which the same dollars would count twice, or a pledge would count for nothing."""
    by_id = {row.name: row for row in rows}
    yield from _repeated(rows)
    for row in rows:
        yield from _membership(row, by_id)
    for umbrella in rows:
        if umbrella.text("kind") == "pledge":
            yield from _umbrella(umbrella, [row for row in rows if row.text("part_of") == umbrella.name])
    yield from _overlaps(by_id)


def _repeated(rows: Sequence[Row]) -> Iterator[Problem]:
    ids: dict[str, Row] = {}
    projects: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if ids.setdefault(row.name, row) is not row:
            yield row.problem("id", f"{got(row.name)} a second time, expected every id once")
        words = [" ".join((row.text(key) or "").lower().split()) for key in ("company", "project")]
        if all(words) and (first := projects.setdefault(tuple(words), row)) is not row:
            message = f"same company and project as {first.name}, expected every project once"
            yield row.problem("project", message)


def _membership(row: Row, by_id: Mapping[str, Row]) -> Iterator[Problem]:
    part_of = row.text("part_of")
    if part_of is None:
        return
    pledges = [name for name, other in by_id.items() if other.text("kind") == "pledge" and other is not row]
    if part_of not in by_id:
        hint = meant(part_of, pledges) if pledges else "the scenario has none"
        yield row.problem("part_of", f"{got(part_of)}, expected the id of a pledge in this scenario; {hint}")
    elif by_id[part_of].text("kind") in ("greenfield", "expansion", "acquisition"):
        yield row.problem("part_of", f"got {part_of}, which has kind {by_id[part_of].text('kind')}, expected a pledge")
    elif row.name in _above(row, by_id):
        yield row.problem("part_of", f"got {part_of}, which lies inside {row.name} in turn, expected no circle")


def _above(row: Row, by_id: Mapping[str, Row]) -> list[str]:
    """Ids of the umbrellas over an investment, the nearest first; stops when it comes round."""
    names: list[str] = []
    name = row.text("part_of")
    while name and name in by_id and name not in names:
        names.append(name)
        name = by_id[name].text("part_of")
    return names


def _umbrella(umbrella: Row, parts: Sequence[Row]) -> Iterator[Problem]:
    if not parts:
        message = f"got a pledge without parts, which counts for nothing; give some investment part_of: {umbrella.name}"
        yield umbrella.problem("kind", message)
    whole = umbrella.money("amount")
    amounts = {part.name: mean(amount) for part in parts if (amount := part.money("amount"))}
    if whole and sum(amounts.values()) > mean(whole) + ROUNDING:
        listed = ", ".join(f"{name} {amount:.4g}" for name, amount in amounts.items())
        total = f"{sum(amounts.values()):.4g} bn USD in parts ({listed})"
        yield umbrella.problem("amount", f"got {total}, expected at most the {mean(whole):.4g} bn USD of the pledge")


def _overlaps(by_id: Mapping[str, Row]) -> Iterator[Problem]:
    simulated = {name for name, row in by_id.items() if row.text("kind") in ("greenfield", "expansion", "acquisition")}
    relations = {row.id: (row.parent_id, row.parent_relation) for row in announcements() if row.parent_id is not None}
    for inner in sorted(simulated):
        for name, bought in _around(inner, relations):
            if name in simulated:
                yield by_id[inner].problem("id", _overlap(inner, name, bought))


def _around(name: str, relations: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, bool]]:
    """Announcements that hold this one, the nearest first, and whether a purchase lies between."""
    bought = False
    while name in relations:
        name, relation = relations[name]
        bought = bought or relation == "purchase_of"
        yield name, bought


def _overlap(inner: str, outer: str, bought: bool) -> str:
    if bought:
        return f"{inner} is the purchase of the plant {outer} builds, which would count twice; keep one of them"
    way_out = f"keep one of them, or make {outer} a pledge with {inner} among its parts"
    return f"{inner} lies inside {outer}, which would count it twice; {way_out}"
