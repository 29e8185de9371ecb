"""Rules within a scenario: names that exist, coefficients within bounds, dates in order, keys that fit the kind.

The rules read the tree, not the validated scenario, so that one pass reports these problems together with those of the
schema; a value the schema has refused is passed over here. Double counting is looked for in `umbrellas`.

Double counting: umbrellas and their parts, repeated projects, and announcements that lie inside one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import floor, inf

from forecast.documents import Node
from forecast.errors import DataError, Problem, YamlPath, got, meant, spelled
from forecast.observations.announcements import announcements
from forecast.observations.vintage import next_release, release_of, vintage
from forecast.quarters import format_quarter, parse_day, parse_quarter, parse_time, year_of
from forecast.scenario.dates import parse_date
from forecast.scenario.dependencies import TIES, broken_links
from forecast.scenario.drivers import implausible
from forecast.scenario.entries import Row, ends, last_observed, mean, read, rows
from forecast.scenario.inputs import impossible
from forecast.scenario.policy import lever_problems
from forecast.scenario.schema import FIRST_HORIZON, LAST_HORIZON

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


MOST_YEARS = 35


SIMULATED_ONLY = (
    *("construction_start", "production_start", "probability", "slip", "scale", "overrides", "localization"),
    *("production_end", "phases", *TIES),
)


def review(root: Node) -> list[Problem]:
    """Every broken rule of a merged tree."""
    announced = rows(root)
    found = [*_origin(root), *_as_of(root, announced), *_horizon(root), *_turns(root, announced)]
    found += [*double_counting(announced), *lever_problems(root, last_observed(root)), *_world(root)]
    found += [*broken_links(root, announced), *impossible(root, last_observed(root))]
    for row in announced:
        found += [*_keys(row), *_order(row)]
    return found


def _origin(root: Node) -> Iterator[Problem]:
    """The origin is the last quarter observed: an earlier one is reached by a day, which says what else was known."""
    stated = read(root, "origin", parse_quarter)
    if stated is None:
        return
    node, last = root.fields["origin"], vintage().trade.origin
    if read(root, "as_of", parse_day):
        yield root.fields["as_of"].place.problem("as_of", "got both origin and as_of, expected one of them")
    elif stated != last:
        instead = f"; to start from {format_quarter(stated)}, write as_of: {day}" if (day := _first_day(stated)) else ""
        expected = f"expected {format_quarter(last)}, the last quarter observed{instead}"
        yield node.place.problem("origin", f"got {format_quarter(stated)}, {expected}")


def _first_day(origin: int) -> str:
    """The first day on which a run can start from a quarter, or nothing."""
    day = release_of(origin)
    try:
        return day if vintage(day).trade.origin == origin else ""
    except DataError:
        return ""


def _as_of(root: Node, announced: list[Row]) -> Iterator[Problem]:
    """A day on which enough was known, and no more than the data hold, and no investment announced after it."""
    day = read(root, "as_of", parse_day)
    if day is None:
        return
    release, month = next_release()
    if day >= release:
        known = f"trade of {month} counts as public from {release} on, and the data end before it"
        expected = f"expected a day before {release}, or none to use all the data: {known}"
        yield root.fields["as_of"].place.problem("as_of", f"got {day}, {expected}")
    try:
        vintage(day.isoformat())
    except DataError as error:
        yield root.fields["as_of"].place.problem("as_of", str(error))
    for row in announced:
        date = row.date("announced")
        if date is not None and ends(date)[0] > parse_time(day.isoformat()):
            expected = f"expected a date up to {day}, the day of as_of"
            yield row.problem("announced", f"got {row.said('announced')}, {expected}")


def _horizon(root: Node) -> Iterator[Problem]:
    node = root.fields.get("horizon")
    year = node.content if node else None
    if node is None or not isinstance(year, int) or not FIRST_HORIZON <= year <= LAST_HORIZON:
        return
    if (origin := last_observed(root)) is None:
        return
    first, last = year_of(origin + 1), min(LAST_HORIZON, year_of(origin) + MOST_YEARS)
    if not first <= year <= last:
        since = f"as data end with {format_quarter(origin)}"
        yield node.place.problem("horizon", f"{got(year)}, expected a year from {first} to {last}, {since}")


def _turns(root: Node, announced: list[Row]) -> Iterator[Problem]:
    """Localization paths turn after the last observed quarter."""
    stated: dict[YamlPath, Node | None] = {("localization",): root.fields.get("localization")}
    shared = root.fields.get("localization")
    sectors = shared.fields.get("sectors") if shared else None
    stated |= {("localization", "sectors", name): node for name, node in (sectors.fields if sectors else {}).items()}
    stated |= {("investments", row.name, "localization"): row.node.fields.get("localization") for row in announced}
    origin = last_observed(root)
    for path, node in stated.items():
        for key in ("by", "at"):
            turn = node.fields.get(key) if node else None
            if turn is not None and origin is not None and _position(turn) < origin + 1:
                after = f"expected a date after {format_quarter(origin)}, the last quarter observed"
                yield turn.place.problem(spelled((*path, key)), f"got {turn.content}, {after}")


def _world(root: Node) -> Iterator[Problem]:
    """Paths of drivers and shocks, once it is known from where they start."""
    if last_observed(root) is not None:
        day = read(root, "as_of", parse_day)
        yield from implausible(root, day.isoformat() if day else None)


def _position(node: Node) -> float:
    try:
        return parse_date(str(node.content))
    except ValueError:
        return inf


def _keys(row: Row) -> Iterator[Problem]:
    kind = row.text("kind")
    if kind == "pledge":
        for key in filter(row.has, SIMULATED_ONLY):
            yield row.problem(key, f"got {key} with kind pledge, where it does nothing: only its parts are simulated")
    if kind in ("greenfield", "expansion") and not any(
        map(row.has, ("construction_start", "production_start", "phases"))
    ):
        yield row.problem("", f"got neither date, expected construction_start or production_start for kind {kind}")
    if kind in ("greenfield", "expansion", "pledge") and row.has("new_capex"):
        yield row.problem("new_capex", f"got new_capex with kind {kind}, expected it only with kind acquisition")


def _order(row: Row) -> Iterator[Problem]:
    announced, start, production = (row.date(key) for key in ("announced", "construction_start", "production_start"))
    if row.text("kind") == "acquisition":
        return
    if start and production and ends(start)[1] >= ends(production)[0]:
        yield row.misplaced("production_start", "after construction_start")
    if announced is None:
        return
    for key, date in (("construction_start", start), ("production_start", production)):
        if date and floor(ends(announced)[0]) > floor(ends(date)[1]):
            yield row.misplaced(key, "not before announced")
