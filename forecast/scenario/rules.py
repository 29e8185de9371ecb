"""Every rule of a scenario, and those of the keys at its top: origin, day and horizon.

The rules of an entity stand in its file. They read the tree, not the validated scenario, so that one pass reports these
problems together with those of the schema; a value the schema has refused is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterator

from forecast.documents import Node
from forecast.errors import DataError, Problem, got
from forecast.observations.vintage import next_release, release_of, vintage
from forecast.quarters import format_quarter, parse_day, parse_quarter, parse_time, year_of
from forecast.scenario.dates import FIRST_HORIZON, LAST_HORIZON
from forecast.scenario.dependencies import broken_links
from forecast.scenario.drivers import implausible
from forecast.scenario.entries import Row, last_observed, read, rows
from forecast.scenario.investments import Investment, double_counting, investment_problems
from forecast.scenario.localization import turns_in_the_past
from forecast.scenario.policy import policy_problems

MOST_YEARS = 35


def review(root: Node) -> list[Problem]:
    """Every broken rule of a merged tree."""
    announced = rows(root, "investments", Investment)
    origin = last_observed(root)
    return [
        *_origin(root),
        *_as_of(root, announced),
        *_horizon(root),
        *turns_in_the_past(root, announced, origin),
        *double_counting(announced),
        *policy_problems(root, origin),
        *_drivers(root),
        *broken_links(root, announced),
        *investment_problems(announced),
    ]


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
        if row.value.announced is not None and row.value.announced > parse_time(day.isoformat()):
            expected = f"expected a date up to {day}, the day of as_of"
            yield row.problem("announced", f"got {row.written('announced')}, {expected}")


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


def _drivers(root: Node) -> Iterator[Problem]:
    """Paths of drivers and shocks, once it is known from where they start."""
    if last_observed(root) is not None:
        day = read(root, "as_of", parse_day)
        yield from implausible(root, day.isoformat() if day else None)
