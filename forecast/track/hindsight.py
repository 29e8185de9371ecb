"""A scenario, or a mixture of them, with what is now known put in place of what it assumed.

Facts are those the tables `announcements` and `slippage` date after the forecast: a project that runs or was bought did
go ahead, a cancelled one did not, and the latest date of its start replaces the assumed one. Everything else stays as
assumed, and `Hindsight` says so: localization, amounts, dates and fates not told, announcements made since. Observed
levels replace the path of a driver that the scenario states; a driver it leaves to the model stays with the model. Of a
mixture the facts go into every branch, so that branches which parted only over what has been told become one; that
one branch came true and the others did not, no table tells, and weights stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from forecast.dims import Array
from forecast.observations.series import DRIVERS
from forecast.observations.tables import SHIPPED, Row, read_table
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter, parse_time
from forecast.scenario.dependencies import Programme
from forecast.scenario.drivers import Levels
from forecast.scenario.investments import Investment
from forecast.scenario.mixture import World
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant, Law, Uniform

HAPPENED = frozenset({"operating", "completed"})
"""Stages at which an announcement has come true."""


CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Fact:
    """What has become known of one announcement.

    Attributes:
        goes_ahead: whether it came true; None while that is open.
        start: law of the start of production on the quarter axis, over the span its source names; None if not told.
        started: whether that start has happened.
        words: for readers.
    """

    goes_ahead: bool | None
    start: Law | None
    started: bool
    words: str


@dataclass(frozen=True, slots=True)
class Hindsight:
    """A scenario or mixture as it would have been written with what is known now.

    Attributes:
        world: the facts in place of the assumptions.
        changed: what was replaced, in words, by investment or `drivers.<name>`.
        open: ids of simulated investments of which nothing was learned that differs from what was assumed.
    """

    world: World
    changed: Mapping[str, str]
    open: tuple[str, ...]


def hindsight(world: World, as_of: str, folder: Path = SHIPPED) -> Hindsight:
    """What a scenario or mixture would have assumed, had it known what the installed tables tell.

    Args:
        world: as it was frozen.
        as_of: day of the forecast, such as `2025-04-11`; only facts dated later are news to it.
        folder: where the tables lie.
    """
    if isinstance(world, Scenario):
        scenario, changed, still_open = _told(world, as_of, folder)
        return Hindsight(scenario, changed, still_open)
    told = [_told(branch.scenario, as_of, folder) for branch in world.branches]
    changed = {name: words for _, news, _ in told for name, words in news.items()}
    branches = [replace(branch, scenario=known) for branch, (known, _, _) in zip(world.branches, told, strict=True)]
    still_open = tuple(dict.fromkeys(name for _, _, names in told for name in names if name not in changed))
    return Hindsight(replace(world, branches=tuple(branches)), changed, still_open)


def _told(scenario: Scenario, as_of: str, folder: Path) -> tuple[Scenario, dict[str, str], tuple[str, ...]]:
    """A scenario with the facts, what they changed in words, and what they leave open."""
    facts = dict(_facts(as_of, folder))
    changed: dict[str, str] = {}
    settled: list[Investment] = []
    for assumed in scenario.investments:
        known = _settled(assumed, facts[assumed.id]) if assumed.id in facts and assumed.kind != "pledge" else assumed
        if known != assumed:
            changed[assumed.id] = facts[assumed.id].words
        settled.append(known)
    simulated = (investment.id for investment in scenario.investments if investment.kind != "pledge")
    still_open = tuple(name for name in simulated if name not in changed)
    told = {name for name, fact in facts.items() if fact.goes_ahead is not None}
    programmes = tuple(left for programme in scenario.programmes if (left := _open_part(programme, settled, told)))
    settled_world = replace(scenario, investments=tuple(settled), programmes=programmes)
    known_world = with_observed_drivers(settled_world, as_of, folder)
    return known_world, changed | _told_of_drivers(scenario, known_world, folder), still_open


def with_observed_drivers(scenario: Scenario, as_of: str, folder: Path = SHIPPED) -> Scenario:
    """The scenario with observed levels in place of paths and shocks of drivers that have begun, as far as they reach.

    Levels stated for later quarters stay; a rate, deviation or shock that was to last longer gives way to the fitted
    process. Quarters before one began are as observed too: a path starts from the origin.

    Args:
        scenario: as it was frozen.
        as_of: day of the forecast; quarters observed by then are no news.
        folder: where the tables lie.
    """
    if not scenario.drivers and not scenario.shocks:
        return scenario
    origin, seen = vintage(as_of, folder).trade.origin, vintage(folder=folder).drivers
    later = {quarter: seen.level(quarter) for quarter in range(origin + 1, seen.origin + 1)}
    for name in DRIVERS:
        scenario = _with_observed(scenario, name, later)
    return scenario


def _with_observed(scenario: Scenario, name: str, later: Mapping[int, Array]) -> Scenario:
    """The scenario with the levels of later quarters in place of what it assumed of one driver."""
    last = max(later, default=0)
    reach = max((end for begin, end in _spans(scenario, name) if begin <= last), default=0.0)
    levels: dict[int, Law] = {t: Constant(float(row[DRIVERS.index(name)])) for t, row in later.items() if t < reach}
    if not levels:
        return scenario
    path = scenario.drivers.get(name)
    stated = path.levels if isinstance(path, Levels) else {}
    known = Levels("levels", levels | {t: level for t, level in stated.items() if t not in levels})
    left = tuple(shock for shock in scenario.shocks if shock.on != name or shock.at.ppf(0.0) > last)
    return replace(scenario, drivers={**scenario.drivers, name: known}, shocks=left)


def _spans(scenario: Scenario, name: str) -> Iterator[tuple[float, float]]:
    """Where what a scenario assumes of a driver begins and ends, on the quarter axis."""
    path = scenario.drivers.get(name)
    if isinstance(path, Levels):
        yield 0.0, max(path.levels) + 1.0
    elif path is not None:
        yield path.first, inf if path.end is None else path.end
    for shock in scenario.shocks:
        if shock.on == name:
            yield float(shock.at.ppf(0.0)), inf if shock.until is None else shock.until


def _told_of_drivers(assumed: Scenario, known: Scenario, folder: Path) -> dict[str, str]:
    """Which paths of drivers were replaced, in words."""
    changed = {name: path for name, path in known.drivers.items() if path != assumed.drivers.get(name)}
    replaced = {name: path.levels for name, path in changed.items() if isinstance(path, Levels)}
    last = vintage(folder=folder).drivers.origin if replaced else 0
    spans = {name: [quarter for quarter in levels if quarter <= last] for name, levels in replaced.items()}
    return {f"drivers.{name}": f"levels observed up to {format_quarter(max(span))}" for name, span in spans.items()}


def _open_part(programme: Programme, investments: list[Investment], told: set[str]) -> Programme | None:
    """A programme of the members whose fate is still open, or None where there are none."""
    held = (item.id for item in investments if item.kind != "pledge" and programme.holds(item.id, item.company))
    still_open = tuple(id for id in held if id not in told)
    return replace(programme, members=still_open, company=None) if still_open else None


def _settled(assumed: Investment, fact: Fact) -> Investment:
    """An investment with a fact in place of its probability, ties, dates and slip.

    The start of an announcement in phases leaves their dates as assumed: a fact does not say of which phase it is.
    """
    known = assumed
    if fact.goes_ahead is not None:
        known = replace(
            known, probability=Constant(float(fact.goes_ahead)), requires=(), excludes=(), same_fate_as=None
        )
    if fact.start is not None and not assumed.phases:
        known = replace(known, production_start=fact.start, construction_start=_possible(assumed, fact.start))
    if fact.started:
        known = replace(known, slip=Constant(0.0))
    return known


def _possible(assumed: Investment, start: Law) -> Law | None:
    """The assumed start of construction, or None, one building time before production, where the facts rule it out."""
    construction = assumed.construction_start
    if construction is None:
        return None
    latest, production = float(construction.ppf(1 - 1e-9)), float(start.ppf(1e-9))
    return construction if latest + 1 <= production else None


def _facts(as_of: str, folder: Path) -> Iterator[tuple[str, Fact]]:
    dated = {row["announcement_id"]: row for row in read_table("slippage", folder) if _later(row["vintage"], as_of)}
    for row in read_table("announcements", folder):
        slip = dated.get(row["id"])
        told = _later(row["state_date"], as_of)
        goes_ahead = _fate(row["stage"]) if told else None
        if goes_ahead is not None or (slip is not None and slip["latest_start"]):
            yield row["id"], _fact(row, slip, goes_ahead)


def _fact(row: Row, slip: Row | None, goes_ahead: bool | None) -> Fact:
    dated = slip is not None and bool(slip["latest_start"]) and goes_ahead is not False
    start = span_law(slip["latest_start"]) if slip is not None and dated else None
    started = slip is not None and dated and slip["started"] == "yes"
    words = [row["stage"].replace("_", " ")] + ([f"start {slip['latest_start_text']}"] if slip and dated else [])
    return Fact(True if started else goes_ahead, start, started, ", ".join(words))


def _fate(stage: str) -> bool | None:
    return True if stage in HAPPENED else False if stage == CANCELLED else None


def _later(date: str, as_of: str) -> bool:
    """Whether the span a date names begins after a day; an empty or unreadable date does not."""
    try:
        return parse_time(date) > parse_time(as_of)
    except ValueError:
        return False


def span_law(text: str) -> Law:
    """Law of a moment in the span that a date names: every moment of it is as likely.

    >>> span_law("2028-H2")
    Uniform(low=8114.0, high=8116.0)
    """
    start = parse_time(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return Constant(start)
    if re.fullmatch(r"\d{4}-\d\d", text):
        year, month = divmod(12 * int(text[:4]) + int(text[5:]), 12)
        return Uniform(start, parse_time(f"{year}-{month + 1:02d}"))
    n_quarters = 1 if "Q" in text else 2 if "H" in text else 4
    return Uniform(start, start + n_quarters)
