"""What companies and governments said they would invest in the US: one row an announcement, and what lies in what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forecast.quarters import parse_time
from forecast.tables import SHIPPED, Row, read_table


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
        amount=float(row["amount"]) if row["amount"] else None,
        announced=_position(row["announced"]),
        planned_start=_position(row["planned_start"]),
        stage=row["stage"],
        vintage=row["vintage"],
        source=row["source"],
    )


def _position(text: str) -> float | None:
    return parse_time(text) if text else None
