"""Rules within a scenario: names that exist, coefficients within bounds, dates in order, keys that fit the kind.

The rules read the tree, not the validated scenario, so that one pass reports these problems together with those of the
schema; a value the schema has refused is passed over here. Double counting is looked for in `umbrellas`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import floor, inf

from forecast.correlations import impossible
from forecast.dates import parse_date
from forecast.document import Node
from forecast.errors import DataError, Problem
from forecast.laws import ABOVE_0, BELOW_1, bounds_complaint
from forecast.lever_review import lever_problems
from forecast.links import TIES, broken_links
from forecast.phrases import Path, got, meant, spelled
from forecast.plausibility import implausible
from forecast.quarters import format_quarter, parse_day, parse_quarter, parse_time, year_of
from forecast.rows import Row, ends, rows
from forecast.schema import FIRST_HORIZON, LAST_HORIZON
from forecast.sectors import COEFFICIENTS, SECTORS
from forecast.standpoint import last_observed, read
from forecast.umbrellas import double_counting
from forecast.vintage import next_release, release_of, vintage

MOST_YEARS = 35
SIMULATED_ONLY = (
    *("construction_start", "production_start", "probability", "slip", "scale", "overrides", "localization"),
    *("production_end", "phases", *TIES),
)
_SHARES = ("machinery_share", "korean_machinery_share", "utilisation", "reverse_import_rate")
_QUARTERS = ("construction_quarters", "ramp_quarters")
BOUNDS: Mapping[str, tuple[float, float, str]] = {
    **dict.fromkeys(COEFFICIENTS, (0.0, inf, "0 or more")),
    **dict.fromkeys(_SHARES, (0.0, 1.0, "a fraction from 0 to 1")),
    **dict.fromkeys(_QUARTERS, (ABOVE_0, inf, "a number of quarters above 0")),
    "korean_share": (ABOVE_0, BELOW_1, "a fraction above 0 and below 1"),
}
"""Values each coefficient may take, and the words for it."""


def review(root: Node) -> list[Problem]:
    """Every broken rule of a merged tree."""
    announced = rows(root)
    found = [*_origin(root), *_as_of(root, announced), *_horizon(root), *_sectors(root), *_turns(root, announced)]
    found += [*double_counting(announced), *lever_problems(root, last_observed(root)), *_world(root)]
    found += [*broken_links(root, announced), *impossible(root, last_observed(root))]
    for row in announced:
        found += [*_names(row), *_keys(row), *_order(row)]
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


def _sectors(root: Node) -> Iterator[Problem]:
    for group in ("localization", "overrides"):
        node = root.fields[group].fields.get("sectors") if group in root.fields else None
        for name, child in node.fields.items() if node else ():
            if name not in SECTORS:
                message = f"unknown sector; {meant(name, SECTORS)}"
                yield (child.key or child.place).problem(f"{group}.sectors.{name}", message)
            if group == "overrides":
                yield from _coefficients(child, (group, "sectors", name))


def _turns(root: Node, announced: list[Row]) -> Iterator[Problem]:
    """Localization paths turn after the last observed quarter."""
    stated: dict[Path, Node | None] = {("localization",): root.fields.get("localization")}
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


def _names(row: Row) -> Iterator[Problem]:
    sector = row.text("sector")
    if sector is not None and sector not in SECTORS:
        yield row.problem("sector", f"{got(sector)}, expected a known sector; {meant(sector, SECTORS)}")
    if row.has("overrides"):
        yield from _coefficients(row.node.fields["overrides"], ("investments", row.name, "overrides"))


def _coefficients(group: Node, path: Path) -> Iterator[Problem]:
    for name, node in group.fields.items():
        where = spelled((*path, name))
        if name not in COEFFICIENTS:
            yield (node.key or node.place).problem(where, f"unknown coefficient; {meant(name, COEFFICIENTS)}")
        elif complaint := _leaves(node, *BOUNDS[name][:2]):
            yield node.place.problem(where, f"{complaint}, expected {BOUNDS[name][2]}")


def _leaves(node: Node, low: float, high: float) -> str:
    try:
        return bounds_complaint(node.plain(), low, high)
    except ValueError:
        return ""


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
