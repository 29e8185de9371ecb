"""Remarks on what has no effect: changes that change nothing, numbers nothing reads, idle policy and ties.

Sizes of policy are judged too: imports of a year against the most on record, the rest against fixed limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forecast.documents import Node
from forecast.economics.sectors import COEFFICIENTS
from forecast.errors import Remark, YamlPath, got, listed, spelled
from forecast.observations.tables import read_table
from forecast.quarters import format_quarter
from forecast.scenario.dependencies import Correlation, Programme
from forecast.scenario.drivers import Deviation, Shock
from forecast.scenario.entity import keys
from forecast.scenario.entries import Row, entry, mean, rows
from forecast.scenario.inputs import sectors_that_stand
from forecast.scenario.layers import WHOLE, Change, Layered, merged
from forecast.scenario.policy import ImportCommitment, Tariff
from forecast.scenario.scenario import Scenario
from forecast.scenario.unused_duties import always, idle_duties
from forecast.stats.distributions import Constant

_IDENTITY = ("id", "company", "project", "sector", "kind", "announced", "part_of", "title", "description", "sources")
"""Keys that are repeated so that a change can be read by itself."""

_PURCHASES = ("purchases_per_output", "korean_share")
"""Coefficients of what existing affiliates buy."""

_BUILDING = ("machinery_share", "korean_machinery_share", "construction_quarters")


def repeated(changes: Sequence[Change]) -> Iterator[Remark]:
    """Values of a layer or an override that were so before it."""
    for change in changes:
        yield from _repeated(change.before, change.over, ())


def _repeated(before: Node, over: Node, path: YamlPath) -> Iterator[Remark]:
    for name, child in over.fields.items():
        at, old = (*path, name), before.fields.get(name)
        place = child.key or child.place
        if old is None:
            if words := _for_nothing(at, child):
                yield place.remark(spelled(at), f"{words}: it changes nothing")
        elif merged(old, child).plain() != old.plain() or _says_one_thing(child):
            if not any(key in child.fields for key in WHOLE):
                yield from _repeated(old, child, at)
        elif name not in _IDENTITY:
            already = f"{child.got()}, as {_said(old)} says already"
            yield place.remark(spelled(at), f"{already}: it changes nothing")


def overruled(layers: Layered) -> Iterator[Remark]:
    """Overrides in whose places later ones say something else, however either names them."""
    for place, later in layers.overruled():
        path = layers.overrides[place].partition("=")[0]
        words = " and ".join(f"-s {layers.overrides[one]}" for one in later)
        follow = "follows and says otherwise" if len(later) == 1 else "follow and say otherwise"
        yield layers.own[place].over.place.remark(path, f"{words} {follow}: it changes nothing")


def dropped(changes: Sequence[Change]) -> Iterator[Remark]:
    """Lists of a layer that take the place of longer or other ones below it."""
    for change in changes:
        yield from _dropped(change.before, change.over, ())


def _dropped(before: Node, over: Node, path: YamlPath) -> Iterator[Remark]:
    for name, child in over.fields.items():
        at, old = (*path, name), before.fields.get(name)
        if old is None or name in _IDENTITY or any(key in child.fields for key in WHOLE):
            continue
        kept = [item.plain() for item in child.items]
        lost = [item for item in old.items if item.plain() not in kept]
        if lost and isinstance(child.content, tuple):
            entries = "its only entry" if len(old.items) == 1 else f"{len(lost)} of its {len(old.items)} entries"
            message = f"{child.got()} in place of the one in {_said(old)}, which drops {entries}"
            yield (child.key or child.place).remark(spelled(at), f"{message}; repeat what is to stay")
        yield from _dropped(old, child, at)


def _for_nothing(path: YamlPath, node: Node) -> str:
    """Why a value that no layer below has is as good as absent, or nothing."""
    if node.content is None:
        return "got null, which takes out what is not there"
    default = keys(Scenario)[str(path[0])].default if path[0] in keys(Scenario) else None
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
    simulated = [row for row in announced if row.value.kind in ("greenfield", "expansion", "acquisition")]
    yield from _unread_coefficients(root, simulated)
    yield from _unread_paths(root, simulated)
    for row in simulated:
        yield from _unread_keys(row)
    key = "future_announcements"
    if key in root.fields and not simulated:
        node = root.fields[key]
        why = "nothing reads this: no plant is built, whose orders others could take the place of"
        yield (node.key or node.place).remark(key, why)


def _unread_coefficients(root: Node, simulated: Sequence[Row]) -> Iterator[Remark]:
    for sector, node in _named(root, "overrides", "sectors").items():
        rows = [row for row in simulated if row.value.sector == sector]
        path: YamlPath = ("overrides", "sectors", sector)
        bought = _PURCHASES if _leaves_the_fitted_path(root, sector) else ()
        if not rows and not set(bought) & set(node.fields):
            yield (node.key or node.place).remark(spelled(path), _nothing_in(sector, simulated))
            continue
        for name, child in node.fields.items():
            if name in bought:
                continue
            own = [row for row in rows if name in _named(row.node, "overrides")]
            if len(own) == len(rows) or not any(_reads(row, name) for row in rows if row not in own):
                place, why = child.key or child.place, f"no investment in {sector} reads it: {_instead(name, len(own))}"
                yield place.remark(spelled((*path, name)), why)


def _leaves_the_fitted_path(root: Node, sector: str) -> bool:
    """Whether a path or a duty may move what existing affiliates of a sector buy."""
    path = _named(root, "localization").get("path")
    moved = path is not None and path.content != "fitted"
    moved = moved or sector in _named(root, "localization", "sectors") or "tariffs" in root.fields
    return moved and sector in sectors_that_stand()


def _instead(name: str, n_own: int) -> str:
    return f"each has its own {name}" if n_own else "none of them builds, or all state both dates"


def _unread_paths(root: Node, simulated: Sequence[Row]) -> Iterator[Remark]:
    shared = root.fields.get("localization")
    if shared is None:
        return
    free = [row for row in simulated if not row.has("localization")]
    sectors = shared.fields["sectors"].fields if "sectors" in shared.fields else {}
    existing = sectors_that_stand() if sectors else ()
    for sector, node in sectors.items():
        if sector not in existing and not any(row.value.sector == sector for row in free):
            where = (node.key or node.place, spelled(("localization", "sectors", sector)))
            own = any(row.value.sector == sector for row in simulated)
            words = f"every investment in {sector} has a path of its own" if own else _nothing_in(sector, simulated)
            yield where[0].remark(where[1], words)


def _nothing_in(sector: str, simulated: Sequence[Row]) -> str:
    sectors = sorted({row.value.sector or "" for row in simulated} - {""})
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
    capex = row.value.new_capex
    return row.value.kind != "acquisition" or (capex is not None and float(capex.cdf(0.0)) < 1.0)


def _reads(row: Row, name: str) -> bool:
    """Whether a flow of an investment depends on a coefficient."""
    if name not in _BUILDING:
        return name in COEFFICIENTS
    dated = row.has("construction_start") and row.has("production_start") and row.value.kind != "acquisition"
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
        value = getattr(row.value, key)
        if value is not None and float(value.cdf(0.0)) >= 1.0:
            orders = f"got 0: {row.name} does not go ahead; orders it has, if any, end with the last quarter observed"
            yield row.remark(key, orders if key == "probability" else f"got 0, with which {row.name} adds nothing")


TWICE = 2.0
"""Deliveries of more than twice what was promised are remarked on: judgement."""

_NOTHING: Mapping[str, tuple[type, Sequence[str]]] = {
    "import_commitments": (
        ImportCommitment,
        ("amount", "per_year", "probability", "fulfilment", "additionality"),
    ),
    "shocks": (Shock, ("size", "amount", "probability")),
    "tariffs": (Tariff, ("probability",)),
}
"""Keys by list with which, where they are 0, an entry does nothing."""


def idle_policies(root: Node, origin: int, end: float) -> Iterator[Remark]:
    """Every remark on what a scenario assumes of trade policy and of the world.

    Args:
        root: a merged tree.
        origin: quarter index of the last quarter observed.
        end: position on the quarter axis at which the horizon ends.
    """
    for group, (entity, zeros) in _NOTHING.items():
        for row in rows(root, group, entity):
            yield from _nothing(row, zeros, origin)
    tariffs = rows(root, "tariffs", Tariff)
    correlated = [row.value.between or () for row in rows(root, "correlations", Correlation)]
    yield from idle_duties(tariffs, origin, end, correlated)
    for row in rows(root, "import_commitments", ImportCommitment):
        yield from [*_value(row), *_span(row, origin, end)]
    drivers = root.fields.get("drivers")
    for name, node in (drivers.fields if drivers else {}).items():
        path = entry(Deviation, node, ("drivers", name))
        if always(path.value.change, 0.0):
            yield path.remark("size", f"got 0: {name} stays on its fitted path")


def _nothing(row: Row, keys: Sequence[str], origin: int) -> Iterator[Remark]:
    for key in keys:
        if always(getattr(row.value, key), 0.0):
            ends_then = row.path[0] == "import_commitments" and key == "probability" and _flows_at(row, origin)
            left = f"adds nothing but the end of what it delivers in {format_quarter(origin)}"
            yield row.remark(key, f"got 0, with which {row.name} {left if ends_then else 'does nothing'}")


def _flows_at(row: Row, origin: int) -> bool:
    """Whether a commitment may deliver in a quarter."""
    start, until = row.value.start, row.value.until
    return start is not None and until is not None and start.ends()[0] < origin + 1 and until.ends()[1] > origin


def _value(row: Row) -> Iterator[Remark]:
    """More a year than Korea ever imported from the US, and more delivered than promised."""
    key = "per_year" if row.has("per_year") else "amount"
    value, start, until = row.value.amount or row.value.per_year, row.value.start, row.value.until
    if value is None or start is None or until is None:
        return
    stated, years = float(value.ppf(0.5)), max((mean(until) - mean(start)) / 4, 0.25)
    yearly, (most, when) = stated if key == "per_year" else stated / years, _most_imported()
    if yearly > most:
        over = "a year" if key == "per_year" else f"in {years:.3g} years, {yearly:,.4g} a year"
        record = f"more than the {most:.3g} of {when}, the most that Korea imported from the US in a year"
        meant = f"if million USD was meant, write {stated / 1000:.4g}"
        yield row.remark(key, f"got {stated:,.6g} bn USD {over}, {record} (Korean customs); {meant}")
    fulfilment = row.value.fulfilment
    if fulfilment is not None and (middle := float(fulfilment.ppf(0.5))) > TWICE:
        message = f"got {middle:.4g} times what was promised; if per cent was meant, write {middle / 100:.4g}"
        yield row.remark("fulfilment", message)


def _span(row: Row, origin: int, end: float) -> Iterator[Remark]:
    """Deliveries that are over before the origin, or begin after the horizon."""
    start, until = row.value.start, row.value.until
    if until is not None and until.ends()[1] <= origin:
        before = f"before {format_quarter(origin)}, the last quarter observed: {row.name} adds nothing"
        yield row.remark("until", f"got {row.written('until')}, {before}")
    if start is not None and start.ends()[0] >= end:
        message = f"got {row.written('from')}, after the horizon: {row.name} adds nothing in the results"
        yield row.remark("from", message)


def _most_imported() -> tuple[float, str]:
    """Largest imports of Korea from the US in a calendar year, bn USD, and the year."""
    table = [row for row in read_table("trade_annual") if row["series"] == "imports_from_us" and row["rank"] == 1]
    return max((row["value"], row["year"]) for row in table)


def idle_ties(root: Node, announced: Sequence[Row], origin: int) -> Iterator[Remark]:
    """Every remark on what hangs on what.

    Args:
        root: a merged tree.
        announced: its investments.
        origin: quarter index of the last quarter observed.
    """
    programmes = rows(root, "programmes", Programme)
    for row in programmes:
        yield from _programme(row)
    correlations = root.fields.get("correlations")
    for index, stated in enumerate(correlations.items if correlations else ()):
        rank = stated.fields.get("rank")
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
    value = getattr(row.value, key)
    return isinstance(value, Constant) and value.value == number


def _is_sure(row: Row, programmes: Sequence[Row], origin: int) -> bool:
    """Whether a plant goes ahead in every draw: by its chance or because it runs, with nothing else it hangs on."""
    runs = row.value.runs_by(origin) and not row.has("probability")
    tied = any(row.has(key) for key in ("requires", "excludes", "same_fate_as", "phases", "when"))
    cut = any(item.value.holds(row.name, row.value.company or "") for item in programmes if item.has("probability"))
    return (runs or _is(row, "probability", 1.0)) and not tied and not cut


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
    found, ahead = [], [*_ids(row, "requires")]
    while ahead:
        id = ahead.pop(0)
        if id not in found:
            found.append(id)
            ahead += _ids(by_id[id], "requires") if id in by_id else []
    return found


def _ids(row: Row, key: str) -> Sequence[str]:
    return getattr(row.value, key) or ()
