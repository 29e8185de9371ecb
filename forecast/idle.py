"""What a scenario states for nothing: changes that change nothing, and numbers that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forecast.document import Node
from forecast.errors import Remark
from forecast.layers import WHOLE, Change, merged
from forecast.phrases import Path, got, listed, spelled
from forecast.rows import Row
from forecast.schema import ScenarioFile
from forecast.sectors import COEFFICIENTS

_IDENTITY = ("id", "company", "project", "sector", "kind", "announced", "part_of", "title", "description", "sources")
"""Keys that are repeated so that a change can be read by itself."""

_BUILDING = ("machinery_share", "korean_machinery_share", "construction_quarters")


def repeated(changes: Sequence[Change]) -> Iterator[Remark]:
    """Values of a layer or an override that were so before it."""
    for change in changes:
        yield from _repeated(change.before, change.said, ())


def _repeated(before: Node, said: Node, path: Path) -> Iterator[Remark]:
    for name, child in said.fields.items():
        at, old = (*path, name), before.fields.get(name)
        place = child.key or child.place
        if old is None:
            if words := _for_nothing(at, child):
                yield place.remark(spelled(at), f"{words}: it changes nothing")
        elif merged(old, child).plain() != old.plain() or _says_one_thing(child):
            if not any(key in child.fields for key in WHOLE):
                yield from _repeated(old, child, at)
        elif name not in _IDENTITY:
            already = f"{got(child.plain())}, as {_said(old)} says already"
            yield place.remark(spelled(at), f"{already}: it changes nothing")


def _for_nothing(path: Path, node: Node) -> str:
    """Why a value that no layer below has is as good as absent, or nothing."""
    if node.content is None:
        return "got null, which takes out what is not there"
    default = ScenarioFile.model_fields[str(path[0])].default if path[0] in ScenarioFile.model_fields else None
    return f"{got(node.content)}, the default" if len(path) == 1 and node.content == default else ""


def _says_one_thing(node: Node) -> bool:
    """Whether a mapping holds one value, so that the value is to be named and not the mapping."""
    whole = any(key in node.fields for key in WHOLE)
    return not whole and sum(name not in _IDENTITY for name in node.fields) == 1


def _said(node: Node) -> str:
    place = node.key or node.place
    return f"{place.file}:{place.line}" if place.line else place.file


def unread(root: Node, announced: Sequence[Row]) -> Iterator[Remark]:
    """Coefficients, paths and keys of investments that no flow of the scenario depends on."""
    simulated = [row for row in announced if row.text("kind") in ("greenfield", "expansion", "acquisition")]
    yield from _unread_coefficients(root, simulated)
    yield from _unread_paths(root, simulated)
    for row in simulated:
        yield from _unread_keys(row)


def _unread_coefficients(root: Node, simulated: Sequence[Row]) -> Iterator[Remark]:
    for sector, node in _named(root, "overrides", "sectors").items():
        rows = [row for row in simulated if row.text("sector") == sector]
        path: Path = ("overrides", "sectors", sector)
        if not rows:
            yield (node.key or node.place).remark(spelled(path), _nothing_in(sector, simulated))
            continue
        for name, child in node.fields.items():
            own = [row for row in rows if name in _named(row.node, "overrides")]
            if len(own) == len(rows) or not any(_reads(row, name) for row in rows if row not in own):
                place, why = child.key or child.place, f"no investment in {sector} reads it: {_instead(name, len(own))}"
                yield place.remark(spelled((*path, name)), why)


def _instead(name: str, n_own: int) -> str:
    return f"each has its own {name}" if n_own else "none of them builds, or all state both dates"


def _unread_paths(root: Node, simulated: Sequence[Row]) -> Iterator[Remark]:
    shared = root.fields.get("localization")
    if shared is None:
        return
    free = [row for row in simulated if not row.has("localization")]
    sectors = shared.fields["sectors"].fields if "sectors" in shared.fields else {}
    for sector, node in sectors.items():
        if not any(row.text("sector") == sector for row in free):
            where = (node.key or node.place, spelled(("localization", "sectors", sector)))
            own = any(row.text("sector") == sector for row in simulated)
            words = f"every investment in {sector} has a path of its own" if own else _nothing_in(sector, simulated)
            yield where[0].remark(where[1], words)
    form = shared.fields.get("path")
    if form is not None and form.content != "fitted" and all(row.text("sector") in sectors for row in free):
        why = (
            "every investment has a path of its own or of its sector" if simulated else "the scenario has no investment"
        )
        yield form.place.remark("localization.path", f"{got(form.content)}, which nothing follows: {why}")


def _nothing_in(sector: str, simulated: Sequence[Row]) -> str:
    sectors = sorted({row.text("sector") or "" for row in simulated} - {""})
    there = f"they are in {listed(sectors)}" if sectors else "the scenario has none"
    return f"no investment is in {sector}, so nothing reads this; {there}"


def _named(node: Node, *path: str) -> Mapping[str, Node]:
    for key in path:
        if key not in node.fields:
            return {}
        node = node.fields[key]
    return node.fields


def _builds(row: Row) -> bool:
    """Whether something is built: always but for a purchase after which nothing more is spent."""
    capex = row.money("new_capex") if row.has("new_capex") else None
    return row.text("kind") != "acquisition" or (capex is not None and float(capex.cdf(0.0)) < 1.0)


def _reads(row: Row, name: str) -> bool:
    """Whether a flow of an investment depends on a coefficient."""
    if name not in _BUILDING:
        return name in COEFFICIENTS
    dated = row.has("construction_start") and row.has("production_start") and row.text("kind") != "acquisition"
    return _builds(row) and not (dated and name == "construction_quarters")


def _unread_keys(row: Row) -> Iterator[Remark]:
    for name, node in _named(row.node, "overrides").items():
        if name in COEFFICIENTS and not _reads(row, name):
            why = "both dates are stated" if _builds(row) else "nothing is built after the purchase without new_capex"
            path = spelled(("investments", row.name, "overrides", name))
            yield (node.key or node.place).remark(path, f"nothing reads this: {why}")
    if row.has("construction_start") and not _builds(row):
        yield row.remark("construction_start", "nothing is built after the purchase: say how much with new_capex")
    for key in ("amount", "probability", "scale"):
        value = row.money(key) if key == "amount" else row.law(key)
        if value is not None and row.has(key) and float(value.cdf(0.0)) >= 1.0:
            left = " but the end of its orders of the last quarter, if it was under construction then"
            yield row.remark(key, f"got 0, with which {row.name} adds nothing{left if key == 'probability' else ''}")
