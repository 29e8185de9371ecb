"""Announced investments in the US with what was reported of them, and the outcome of every plant as known on a day.

Each plant counts once: no pledge, no superseded umbrella, no part of a plant that counts itself. The purchase of a
plant is an outcome of its own kind. An announcement without a date is left out, since nothing says how long it was at
risk.

Only knowledge of the day is used. A report dated by a year, half or month is known from the end of that span
on, and at the latest on the newest day of the table. Before its report a plant is one that had not been given up and,
unless a date of its own says so, had not started. After its last report nothing is known of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forecast.observations.tables import SHIPPED, Row, read_table
from forecast.quarters import parse_time, time_span


@dataclass(frozen=True, slots=True)
class Report:
    """What was reported of an announcement on a day.

    Attributes:
        date: as the source gives it, such as `2026-03`; empty where it gives none.
        stage: our reading of the words on its state; empty where they say nothing of it.
        text: the words, in English.
        source: where they were read.
    """

    date: str
    stage: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """One announced investment.

    Attributes:
        parent_id: id of the row it lies inside, was superseded by or buys into (`parent_relation`), or None.
        location: place as the source gives it; empty where there is none.
        sector: a sector name, or `mixed`.
        kind: `greenfield`, `expansion`, `acquisition` or `pledge`.
        amount: stated total, bn USD, or None.
        announced, planned_start: positions on the quarter axis, or None; `_text` as the source gives them.
        capacity: as the source gives it.
        reports: on its state, the amount and the start of production, the oldest first; at least one.
    """

    id: str
    parent_id: str | None
    parent_relation: str
    company: str
    project: str
    location: str
    sector: str
    kind: str
    amount: float | None
    announced: float | None
    announced_text: str
    planned_start: float | None
    planned_start_text: str
    capacity: str
    reports: tuple[Report, ...]

    @property
    def latest(self) -> Report:
        """The last report that says what state it is in."""
        return next(report for report in reversed(self.reports) if report.stage)

    @property
    def states(self) -> tuple[str, ...]:
        """Postal codes of the US states it lies in.

        >>> next(row.states for row in announcements() if row.id == "SK-01")
        ('KY', 'TN')
        """
        named = {code for code, name in US_STATES.items() if name in self.location}
        return tuple(sorted(named | {word for word in re.findall(r"\b[A-Z]{2}\b", self.location) if word in US_STATES}))


US_STATES = {
    "AL": "Alabama",
    "AZ": "Arizona",
    "CA": "California",
    "GA": "Georgia",
    "IN": "Indiana",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "MD": "Maryland",
    "MI": "Michigan",
    "NJ": "New Jersey",
    "OH": "Ohio",
    "PA": "Pennsylvania",
    "TN": "Tennessee",
    "TX": "Texas",
    "VA": "Virginia",
}
"""US states that announcements lie in, by postal code."""


@cache
def announcements(folder: Path = SHIPPED) -> tuple[Announcement, ...]:
    """Every announcement, in the order of the table.

    Raises:
        DataError: a table is broken.
    """
    later: dict[str, list[Report]] = {}
    for name, report_of in _REPORTS.items():
        for row in read_table(name, folder):
            later.setdefault(row["announcement_id"], []).append(report_of(row))
    return tuple(_announcement(row, later.get(row["id"], [])) for row in read_table("announcements", folder))


def planned_leads(folder: Path = SHIPPED, announced_by: float = math.inf) -> tuple[float, ...]:
    """Quarters from the announcement of new and enlarged plants to the production start planned in it.

    Args:
        announced_by: date, on the quarter axis, after which announcements are not known.
    """
    return tuple(
        row.planned_start - row.announced
        for row in announcements(folder)
        if row.kind in ("greenfield", "expansion")
        and row.planned_start is not None
        and row.announced is not None
        and row.announced < announced_by
    )


def _announcement(row: Row, later: list[Report]) -> Announcement:
    words = ("id", "parent_relation", "company", "project", "location", "sector", "kind", "capacity")
    texts = ("announced_text", "planned_start_text")
    first = Report(row["state_date"], row["stage"], row["state_text"], row["source"])
    return Announcement(
        **{name: row[name] for name in (*words, *texts)},
        parent_id=row["parent_id"] or None,
        amount=None if math.isnan(row["amount"]) else row["amount"],
        announced=_position(row["announced"]),
        planned_start=_position(row["planned_start"]),
        reports=tuple(sorted([first, *later], key=lambda report: _last_moment(report.date))),
    )


def _state_report(row: Row) -> Report:
    return Report(row["reported"], row["stage"], row["text"], row["source"])


def _revision(row: Row) -> Report:
    text = f"stated amount {row['first_value']:g}, then {row['value']:g} bn USD: {row['note']}"
    return Report(row["reported"], "", text, row["source"])


def _dated_case(row: Row) -> Report:
    dates = " -> ".join(filter(None, (row["first_planned_start_text"], row["latest_start_text"])))
    text = f"{row['outcome']}: start of production {dates}" if dates else row["outcome"]
    return Report(row["vintage"], "", text, row["source"])


_REPORTS: Mapping[str, Callable[[Row], Report]] = {
    "revisions": _revision,
    "slippage": _dated_case,
    "reports": _state_report,
}
"""Tables of what was reported of announcements, and how a row of each is told; of one day, a state comes last."""


def _last_moment(date: str) -> float:
    return time_span(date)[1] if _is_date(date) else -math.inf


def _position(text: str) -> float | None:
    return parse_time(text) if text else None


STATES = ("cancelled", "paused", "cut", "delayed", "running", "open")
"""Possible outcomes of a plant; `open` is announced or under construction and on plan as far as known."""

_RUNS = frozenset({"operating", "completed"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One announced plant, as of a day.

    Attributes:
        id: of the announcement.
        kind: `greenfield`, `expansion` or `acquisition`.
        sector: a sector name, or `mixed`.
        state: one of `STATES`.
        years_at_risk: from the announcement until production, cancellation or the last report.
        delay: bounds of the delay of production against the first plan, in quarters, as wide as the rounding of the
            dates; the upper one is infinite while the plant has not started. None where no plan is known.
        revision: last over first stated amount, 1 where no revision was reported. None where no amount is stated, or
            the plant neither runs nor was ever reported on a year after its announcement.
    """

    id: str
    kind: str
    sector: str
    state: str
    years_at_risk: float
    delay: tuple[float, float] | None
    revision: float | None


@dataclass(frozen=True, slots=True)
class _Plant:
    """One row of the announcements with its rows elsewhere, read on `day`; `newest` is the newest day of the tables."""

    row: Row
    slippage: Row
    revised: Row
    later: tuple[Row, ...]
    day: float
    newest: float

    def knows(self, date: str) -> bool:
        """Whether what was reported at a date was known on the day."""
        return (time_span(date)[1] if _is_date(date) else self.newest) <= self.day or self.day >= self.newest

    @property
    def started(self) -> tuple[float, float] | None:
        """Span in which production is known to have started."""
        if self.slippage.get("started") == "yes" and self.knows(self.slippage["latest_start"]):
            return time_span(self.slippage["latest_start"])
        return None

    @property
    def announced(self) -> float:
        return _middle(self.row["announced"])

    @property
    def reports(self) -> list[tuple[float, str]]:
        """Position and stage of every report known on the day, the last one last.

        A report without a date is as old as the announcement. There is none before the first.
        """
        dated = [(self.row["state_date"], self.row["stage"]), *((row["reported"], row["stage"]) for row in self.later)]
        known = [(_middle(date) if date else self.announced, stage) for date, stage in dated if self.knows(date)]
        return sorted(known, key=lambda report: report[0])

    @property
    def last_report(self) -> float:
        """The day, or the last report if that was earlier; where none is known, the one to come."""
        date = self.row["state_date"]
        position = self.reports[-1][0] if self.reports else _middle(date) if date else self.announced
        return max(min(self.day, position), self.announced)

    @property
    def ran_by(self) -> float:
        """The first report that it runs, for a plant of which no start is known."""
        first = next(position for position, stage in self.reports if stage in _RUNS)
        return max(min(self.day, first), self.announced)

    @property
    def state(self) -> str:
        if self.started is not None or any(stage in _RUNS for _, stage in self.reports):
            return "running"
        return self._unfinished if self.reports else "open"

    @property
    def _unfinished(self) -> str:
        stage, words = self.reports[-1][1], self.slippage.get("outcome", "")
        states = [state for state in ("cancelled", "paused", "cut", "delayed") if state == stage or state in words]
        return states[0] if states else "open"

    @property
    def years_at_risk(self) -> float:
        """A plant that runs since an unknown day is taken to have started halfway from announcement to report."""
        end = self.last_report
        if self.started is not None:
            end = sum(self.started) / 2
        elif self.state == "running":
            end = (self.announced + self.ran_by) / 2
        return max(end - self.announced, 0.0) / 4

    @property
    def delay(self) -> tuple[float, float] | None:
        plan = self.slippage.get("first_planned_start") or self.row["planned_start"]
        if self.state == "cancelled":
            return None
        if not plan:
            return self._open_delay
        begin, end = time_span(plan)
        if self.started is not None:
            return self.started[0] - end, self.started[1] - begin
        if self.state == "running":
            return -math.inf, self.ran_by - begin
        middle = (begin + end) / 2
        return max(self.last_report - middle, self._expected - middle, (self._open_delay or (-math.inf,))[0]), math.inf

    @property
    def _expected(self) -> float:
        """Start that was expected at the last report of a delay, or the earliest that a later one allows."""
        expected = self.slippage.get("latest_start", "")
        late = [row for row in self.later if row["stage"] == "delayed" and self.knows(row["reported"])]
        planned = [row["planned_start"] for row in late if row["planned_start"]]
        stated = _middle(expected) if expected and self.knows(self.slippage["vintage"]) else -math.inf
        return max([stated, *(time_span(text)[0] for text in planned)])

    @property
    def _open_delay(self) -> tuple[float, float] | None:
        """A delay that was given in years and has no end yet."""
        if self.slippage.get("bound") == "at_least" and self.knows(self.slippage["vintage"]):
            return 4 * self.slippage["value"], math.inf
        return None

    @property
    def revision(self) -> float | None:
        if math.isnan(self.row["amount"]) or (self.state != "running" and self.last_report - self.announced < 4):
            return None
        is_known = bool(self.revised) and self.knows(self.revised["reported"])
        return self.revised["value"] / self.revised["first_value"] if is_known else 1.0


@cache
def outcomes(as_of: float | None = None, folder: Path = SHIPPED) -> tuple[Outcome, ...]:
    """Outcome of every plant announced by a day, in the order of the table.

    Args:
        as_of: position of the day on the quarter axis; the newest day of the table by default.
        folder: where the tables lie.

    Raises:
        DataError: a table is broken.
    """
    rows = read_table("announcements", folder)
    later: dict[str, tuple[Row, ...]] = {}
    for report in read_table("reports", folder):
        later[report["announcement_id"]] = (*later.get(report["announcement_id"], ()), report)
    dates = [row["state_date"] for row in rows] + [row["reported"] for group in later.values() for row in group]
    newest = max(parse_time(date) for date in dates if date)
    day = newest if as_of is None else as_of
    slippage, revised = (_by_announcement(name, folder) for name in ("slippage", "revisions"))
    plants = (
        _Plant(row, slippage.get(row["id"], {}), revised.get(row["id"], {}), later.get(row["id"], ()), day, newest)
        for row in _counted(rows)
        if row["announced"]
    )
    return tuple(_outcome(plant) for plant in plants if plant.knows(plant.row["announced"]))


def _outcome(plant: _Plant) -> Outcome:
    return Outcome(
        id=plant.row["id"],
        kind=plant.row["kind"],
        sector=plant.row["sector"],
        state=plant.state,
        years_at_risk=plant.years_at_risk,
        delay=plant.delay,
        revision=plant.revision,
    )


def _counted(rows: tuple[Row, ...]) -> list[Row]:
    """Rows that stand for a plant of their own."""
    plants = {row["id"] for row in rows if row["kind"] != "pledge" and row["stage"] != "superseded"}
    return [
        row
        for row in rows
        if row["id"] in plants and not (row["parent_relation"] == "part_of" and row["parent_id"] in plants)
    ]


def _by_announcement(name: str, folder: Path) -> Mapping[str, Row]:
    return {row["announcement_id"]: row for row in read_table(name, folder)}


def _middle(date: str) -> float:
    begin, end = time_span(date)
    return (begin + end) / 2


def _is_date(text: str) -> bool:
    return text[:4].isdigit()
