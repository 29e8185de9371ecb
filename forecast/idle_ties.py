"""Ties between announcements that do nothing, or under which one can never go ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forecast.distributions import Constant
from forecast.document import Node
from forecast.errors import Remark
from forecast.events import partners
from forecast.rows import Row, rows, runs_at


def idle_ties(root: Node, announced: Sequence[Row], origin: int) -> Iterator[Remark]:
    """Every remark on what hangs on what.

    Args:
        root: a merged tree.
        announced: its investments.
        origin: quarter index of the last quarter observed.
    """
    programmes = rows(root, "programmes")
    for row in programmes:
        yield from _programme(row)
    correlations = root.fields.get("correlations")
    for index, entry in enumerate(correlations.items if correlations else ()):
        rank = entry.fields.get("rank")
        if rank is not None and rank.content == 0:
            yield rank.place.remark(f"correlations[{index}].rank", "got 0, as without this entry: it does nothing")
    by_id = {row.name: row for row in announced}
    sure = {name for name, row in by_id.items() if _is_sure(row, programmes, origin)}
    for row in announced:
        yield from _never(row, by_id, sure)


def _programme(row: Row) -> Iterator[Remark]:
    """A programme that is never cut, neither whole nor in part."""
    stated = [key for key in ("probability", "scale") if row.has(key)]
    if stated and all(_is(row, key, 1.0) for key in stated):
        yield row.remark(stated[0], f"got {' and '.join(f'{key} 1' for key in stated)}: {row.name} does nothing")
    for key in stated:
        if _is(row, key, 0.0):
            yield row.remark(key, f"got 0, with which nothing of {row.name} is ever built")


def _is(row: Row, key: str, number: float) -> bool:
    value = row.law(key)
    return isinstance(value, Constant) and value.value == number


def _is_sure(row: Row, programmes: Sequence[Row], origin: int) -> bool:
    """Whether a plant goes ahead in every draw: by its chance or because it runs, with nothing else it hangs on."""
    runs = runs_at(row, origin) and not row.has("probability")
    tied = any(row.has(key) for key in ("requires", "excludes", "same_fate_as", "phases"))
    cut = any(row.name in _members(item) or _owned(item, row) for item in programmes if item.has("probability"))
    return (runs or _is(row, "probability", 1.0)) and not tied and not cut


def _members(programme: Row) -> set[str]:
    node = programme.node.fields.get("members")
    return {str(item.content) for item in (node.items if node else ())}


def _owned(programme: Row, row: Row) -> bool:
    return programme.text("company") in partners(row.text("company") or "")


def _never(row: Row, by_id: Mapping[str, Row], sure: set[str]) -> Iterator[Remark]:
    """An announcement that needs what it rules out, or what never comes."""
    needed = _needed(row, by_id)
    barred = {id for name in (row.name, *needed) if name in by_id for id in _ids(by_id[name], "excludes")}
    both, running = sorted(barred & set(needed)), sorted(barred & sure)
    for id in both:
        yield row.remark("requires", f"got {id}, which is excluded too: {row.name} can never go ahead")
    for id in (id for id in running if id not in both):
        key = "excludes" if id in _ids(row, "excludes") else "requires"
        what = f"got {id}" if key == "excludes" else f"got a plant that excludes {id}"
        yield row.remark(key, f"{what}, which surely goes ahead: {row.name} never does")
    for id in _ids(row, "requires"):
        if id in by_id and _is(by_id[id], "probability", 0.0):
            yield row.remark("requires", f"got {id}, which has no chance: {row.name} can never go ahead")
    for id in _ids(row, "excludes"):
        if id in by_id and _is(by_id[id], "probability", 0.0):
            yield row.remark("excludes", f"got {id}, which has no chance: this does nothing")


def _needed(row: Row, by_id: Mapping[str, Row]) -> list[str]:
    """Ids of all that must go ahead for one to do so, those behind them included; ends where it comes round."""
    found, ahead = [], _ids(row, "requires")
    while ahead:
        id = ahead.pop(0)
        if id not in found:
            found.append(id)
            ahead += _ids(by_id[id], "requires") if id in by_id else []
    return found


def _ids(row: Row, key: str) -> list[str]:
    node = row.node.fields.get(key)
    return [item.content for item in (node.items if node else ()) if isinstance(item.content, str)]
