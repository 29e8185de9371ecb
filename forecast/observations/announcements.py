"""What companies and governments said they would invest in the US: one row an announcement, and what lies in what.

What had become of the announced plants by a day: what the model of realisation learns from.

Counted is each plant once: no pledge, no umbrella that was superseded, no part of a plant that counts itself. The
purchase of a plant is an outcome of its own kind. An announcement without a date is left out, since nothing says how
long it was at risk.

Only what was known by the day is used. A report dated by a year, half or month is known from the end of that span
on, and at the latest on the newest day of the table. Before its report a plant is one that had not been given up and,
unless a date of its own says so, had not started. After its last report nothing is known of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forecast.observations.tables import SHIPPED, Row, read_table
from forecast.quarters import parse_time, time_span


@dataclass(frozen=True, slots=True)
class Announcement:
    """One announced investment, as of `vintage`.

    Attributes:
        parent_id: id of the row it lies inside, was superseded by or buys into (`parent_relation`), or None.
        sector: a sector name, or `mixed`.
        kind: `greenfield`, `expansion`, `acquisition` or `pledge`.
        amount: stated total, bn USD, or None.
        announced, planned_start: positions on the quarter axis, or None.
        stage: our reading of the source's words on its state.
    """

    id: str
    parent_id: str | None
    parent_relation: str
    company: str
    project: str
    sector: str
    kind: str
    amount: float | None
    announced: float | None
    planned_start: float | None
    stage: str
    vintage: str
    source: str


@cache
def announcements(folder: Path = SHIPPED) -> tuple[Announcement, ...]:
    """Every announcement, in the order of the table."""
    return tuple(_announcement(row) for row in read_table("announcements", folder))


def _announcement(row: Row) -> Announcement:
    return Announcement(
        id=row["id"],
        parent_id=row["parent_id"] or None,
        parent_relation=row["parent_relation"],
        company=row["company"],
        project=row["project"],
        sector=row["sector"],
        kind=row["kind"],
        amount=None if math.isnan(row["amount"]) else row["amount"],
        announced=_position(row["announced"]),
        planned_start=_position(row["planned_start"]),
        stage=row["stage"],
        vintage=row["vintage"],
        source=row["source"],
    )


def _position(text: str) -> float | None:
    return parse_time(text) if text else None


STATES = ("cancelled", "paused", "cut", "delayed", "running", "open")
"""What a plant may have become; `open` is announced or under construction and on plan as far as known."""


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
    """One row of the announcements with its rows elsewhere, read on `day`; `newest` is the newest day of the table."""

    row: Row
    slippage: Row
    revised: Row
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
    def last_seen(self) -> float:
        """The day, or the last report if that was earlier; a report without a date is as old as the announcement."""
        date = self.row["state_date"]
        return max(min(self.day, _middle(date) if date else self.announced), self.announced)

    @property
    def state(self) -> str:
        if self.started is not None:
            return "running"
        if not self.knows(self.row["state_date"]):
            return "open"
        if self.row["stage"] in _RUNS:
            return "running"
        return self._unfinished

    @property
    def _unfinished(self) -> str:
        stage, words = self.row["stage"], self.slippage.get("outcome", "")
        found = [state for state in ("cancelled", "paused", "cut", "delayed") if state == stage or state in words]
        return found[0] if found else "open"

    @property
    def years_at_risk(self) -> float:
        """A plant that runs since an unknown day is taken to have started halfway from announcement to report."""
        end = self.last_seen
        if self.started is not None:
            end = sum(self.started) / 2
        elif self.state == "running":
            end = (self.announced + end) / 2
        return max(end - self.announced, 0.0) / 4

    @property
    def delay(self) -> tuple[float, float] | None:
        plan = self.slippage.get("first_planned_start") or self.row["planned_start"]
        if self.state == "cancelled":
            return None
        if not plan:
            return self._stated_delay
        begin, end = time_span(plan)
        if self.started is not None:
            return self.started[0] - end, self.started[1] - begin
        if self.state == "running":
            return -math.inf, self.last_seen - begin
        middle = (begin + end) / 2
        return max(self.last_seen - middle, self._expected - middle, (self._stated_delay or (-math.inf,))[0]), math.inf

    @property
    def _expected(self) -> float:
        """Start that was expected at the last report of a delay."""
        expected = self.slippage.get("latest_start", "")
        return _middle(expected) if expected and self.knows(self.slippage["vintage"]) else -math.inf

    @property
    def _stated_delay(self) -> tuple[float, float] | None:
        """A delay that was given in years and has no end yet."""
        if self.slippage.get("bound") == "at_least" and self.knows(self.slippage["vintage"]):
            return 4 * self.slippage["value"], math.inf
        return None

    @property
    def revision(self) -> float | None:
        if math.isnan(self.row["amount"]) or (self.state != "running" and self.last_seen - self.announced < 4):
            return None
        known = bool(self.revised) and self.knows(self.revised["reported"])
        return self.revised["value"] / self.revised["first_value"] if known else 1.0


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
    newest = max(parse_time(row["state_date"]) for row in rows if row["state_date"])
    day = newest if as_of is None else as_of
    slippage, revised = (_by_announcement(name, folder) for name in ("slippage", "revisions"))
    plants = (
        _Plant(row, slippage.get(row["id"], {}), revised.get(row["id"], {}), day, newest)
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
