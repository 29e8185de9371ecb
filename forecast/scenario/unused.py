"""Remarks on what has no effect: changes that change nothing, numbers nothing reads, idle policy and ties.

Sizes of policy are judged too: imports of a year against the most on record, the rest against fixed limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forecast.catalogue import Wording, worded
from forecast.economics.sectors import COEFFICIENTS
from forecast.errors import Remark, YamlPath, shortened, spelled, value_named
from forecast.observations.tables import read_table
from forecast.scenario.dependencies import Correlation, Programme
from forecast.scenario.drivers import Deviation, Shock
from forecast.scenario.entity import keys
from forecast.scenario.entries import Row, entry, mean, quarter, rows
from forecast.scenario.inputs import sectors_that_stand
from forecast.scenario.layers import Change, Layered, is_one_value, merged
from forecast.scenario.policy import ImportCommitment, Tariff
from forecast.scenario.scenario import Scenario
from forecast.scenario.unused_duties import always, idle_duties
from forecast.stats.distributions import Constant
from forecast.storage.documents import Node

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
            if wording := _for_nothing(at, child):
                yield place.remark(spelled(at), wording)
        elif merged(old, child, at).plain() != old.plain() or _says_one_thing(child, at):
            if not is_one_value(child, at):
                yield from _repeated(old, child, at)
        elif name not in _IDENTITY and _is_empty(child) and not _is_empty(old):
            yield place.remark(spelled(at), worded("warnings.idle.empty", place=_said(old)))
        elif name not in _IDENTITY:
            yield place.remark(spelled(at), worded("warnings.idle.again", value=_written(child), place=_said(old)))


def overruled(layers: Layered) -> Iterator[Remark]:
    """Overrides in whose places later ones say something else, however either names them."""
    for place, later in layers.overruled():
        path = layers.overrides[place].partition("=")[0]
        words = [f"-s {layers.overrides[one]}" for one in later]
        wording = worded(f"warnings.idle.overruled.{'one' if len(later) == 1 else 'many'}", words=words)
        yield layers.own[place].over.place.remark(path, wording)


def dropped(changes: Sequence[Change]) -> Iterator[Remark]:
    """Lists of a layer that take the place of longer or other ones below it."""
    for change in changes:
        yield from _dropped(change.before, change.over, ())


def _dropped(before: Node, over: Node, path: YamlPath) -> Iterator[Remark]:
    for name, child in over.fields.items():
        at, old = (*path, name), before.fields.get(name)
        if old is None or name in _IDENTITY or is_one_value(child, at):
            continue
        kept = [item.plain() for item in child.items]
        lost = [item for item in old.items if item.plain() not in kept]
        if lost and isinstance(child.content, tuple):
            lists = {"value": _written(child), "place": _said(old)}
            counts = {"n": len(lost), "of": len(old.items)} if len(old.items) > 1 else {}
            wording = worded(f"warnings.idle.{'drops' if counts else 'drops_only'}", **lists, **counts)
            yield (child.key or child.place).remark(spelled(at), wording)
        yield from _dropped(old, child, at)


def _for_nothing(path: YamlPath, node: Node) -> Wording | None:
    """Why a value that no layer below has is as good as absent, or nothing."""
    if node.content is None:
        return worded("warnings.idle.null")
    default = keys(Scenario)[str(path[0])].default if path[0] in keys(Scenario) else None
    if len(path) > 1 or node.content != default:
        return None
    return worded("warnings.idle.default", value=value_named(node.content))


def _is_empty(node: Node) -> bool:
    """Whether it is a list or a mapping without an entry."""
    return isinstance(node.content, (Mapping, tuple)) and not node.content


def _written(node: Node) -> Wording | str:
    """A value in no language yet, a number or truth value as it is written."""
    is_text = node.content is None or isinstance(node.content, str)
    return shortened(node.written) if node.written and not is_text else value_named(node.plain())


def _says_one_thing(node: Node, path: YamlPath) -> bool:
    """Whether a mapping holds one value, so that the value is to be named and not the mapping."""
    return not is_one_value(node, path) and sum(name not in _IDENTITY for name in node.fields) == 1


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
        yield (node.key or node.place).remark(key, _unread("no_orders"))


def _unread(why: str) -> Wording:
    return worded("warnings.idle.unread", why=worded(f"warnings.idle.{why}"))


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
                wording = worded("warnings.idle.not_read", sector=sector, why=_instead(name, len(own)))
                yield (child.key or child.place).remark(spelled((*path, name)), wording)


def _leaves_the_fitted_path(root: Node, sector: str) -> bool:
    """Whether a path or a duty may move what existing affiliates of a sector buy."""
    path = _named(root, "localization").get("path")
    moved = path is not None and path.content != "fitted"
    moved = moved or sector in _named(root, "localization", "sectors") or "tariffs" in root.fields
    return moved and sector in sectors_that_stand()


def _instead(name: str, n_own: int) -> Wording:
    return worded("warnings.idle.own", name=name) if n_own else worded("warnings.idle.none_builds")


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
            wording = worded("warnings.idle.own_path", sector=sector) if own else _nothing_in(sector, simulated)
            yield where[0].remark(where[1], wording)


def _nothing_in(sector: str, simulated: Sequence[Row]) -> Wording:
    sectors = sorted({row.value.sector or "" for row in simulated} - {""})
    there = worded("warnings.idle.in_sectors", sectors=sectors) if sectors else worded("warnings.idle.in_none")
    return worded("warnings.idle.no_investment", sector=sector, there=there)


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
            path = spelled(("investments", row.name, "overrides", name))
            yield (node.key or node.place).remark(path, _unread("both_dates" if _builds(row) else "bought"))
    if row.has("construction_start") and not _builds(row):
        yield row.remark("construction_start", worded("warnings.plant.not_built"))
    for key in ("amount", "probability", "scale"):
        value = getattr(row.value, key)
        if value is not None and float(value.cdf(0.0)) >= 1.0:
            text = "plant.no_chance" if key == "probability" else "idle.adds_nothing"
            yield row.remark(key, worded(f"warnings.{text}", id=row.name))


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
            yield path.remark("size", worded("warnings.idle.driver", name=name))


def _nothing(row: Row, keys: Sequence[str], origin: int) -> Iterator[Remark]:
    for key in keys:
        if always(getattr(row.value, key), 0.0):
            if row.path[0] == "import_commitments" and key == "probability" and _flows_at(row, origin):
                yield row.remark(key, worded("warnings.idle.ends_delivery", id=row.name, origin=quarter(origin)))
            else:
                yield row.remark(key, worded("warnings.idle.nothing", id=row.name))


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
        over = worded("warnings.size.in_years", years=years, yearly=yearly)
        over = worded("warnings.size.a_year") if key == "per_year" else over
        numbers = {"stated": stated, "most": most, "when": when, "meant": stated / 1000}
        yield row.remark(key, worded("warnings.size.imports", over=over, **numbers))
    fulfilment = row.value.fulfilment
    if fulfilment is not None and (middle := float(fulfilment.ppf(0.5))) > TWICE:
        yield row.remark("fulfilment", worded("warnings.size.fulfilment", middle=middle, meant=middle / 100))


def _span(row: Row, origin: int, end: float) -> Iterator[Remark]:
    """Deliveries that are over before the origin, or begin after the horizon."""
    start, until = row.value.start, row.value.until
    if until is not None and until.ends()[1] <= origin:
        ended = {"date": row.date("until"), "origin": quarter(origin)}
        yield row.remark("until", worded("warnings.idle.over", id=row.name, **ended))
    if start is not None and start.ends()[0] >= end:
        yield row.remark("from", worded("warnings.idle.adds_late", date=row.date("from"), id=row.name))


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
            yield rank.place.remark(f"correlations[{index}].rank", worded("warnings.idle.rank"))
    by_id = {row.name: row for row in announced}
    sure = {name for name, row in by_id.items() if _is_sure(row, programmes, origin)}
    for row in announced:
        yield from _never(row, by_id, sure)


def _programme(row: Row) -> Iterator[Remark]:
    """A programme that is never cut, neither whole nor in part."""
    stated = [key for key in ("probability", "scale") if row.has(key)]
    if stated and all(_is(row, key, 1.0) for key in stated):
        text = "both" if len(stated) > 1 else stated[0]
        yield row.remark(stated[0], worded(f"warnings.idle.programme.{text}", id=row.name))
    for key in stated:
        if _is(row, key, 0.0):
            yield row.remark(key, worded("warnings.idle.programme.cut", id=row.name))


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
        yield _tied(row, "requires", "required_excluded", id)
    for id in (id for id in running if id not in both):
        if id in _ids(row, "excludes"):
            yield _tied(row, "excludes", "excludes_sure", id)
        else:
            yield _tied(row, "requires", "requires_barred", id)
    for key in ("requires", "excludes"):
        for id in _ids(row, key):
            if id in by_id and _is(by_id[id], "probability", 0.0):
                yield _tied(row, key, f"{key}_none", id)


def _tied(row: Row, key: str, text: str, other: str) -> Remark:
    return row.remark(key, worded(f"warnings.idle.{text}", id=row.name, other=other))


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
