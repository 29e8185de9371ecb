"""How the height of memory above its trend is assumed to pass, and the rules of its keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from forecast.errors import Problem
from forecast.observations.annual import month_name
from forecast.observations.products import memory_exports
from forecast.quarters import ACCEPTED, format_quarter, parse_day
from forecast.scenario.dates import DEFAULT_HORIZON, UncertainDate
from forecast.scenario.entity import entity
from forecast.scenario.entries import entry, value_at
from forecast.stats.specs import Duration, Share
from forecast.storage.documents import Node

NEEDED = {"as-fitted": (), "lasts": (), "fades": (), "falls": ("at", "share")}
"""Keys that each path needs; `fades` may have `half_life`."""


@entity
@dataclass(frozen=True, slots=True)
class Memory:
    """How exports of memory modules and drives move beside all others.

    Under `as-fitted` all exports move as their own record says, which knows no products, and memory keeps its share in
    them but for swings. The other paths move memory alone: its height above its trend lasts, fades, or falls at a date,
    while the trend grows as all exports do in the long run.
    """

    path: Annotated[
        Literal["as-fitted", "lasts", "fades", "falls"],
        Field(description="as-fitted, lasts, fades or falls: how the height of memory above its trend passes"),
    ] = "as-fitted"
    half_life: Annotated[
        Duration | None,
        Field(
            description="quarters after which half of the height, in logarithms, has faded, above 0; "
            "if left out, as in the record"
        ),
    ] = None
    at: Annotated[UncertainDate | None, Field(description=f"when it falls: {ACCEPTED}")] = None
    share: Annotated[
        Share | None, Field(description="part of the height, in dollars, that is lost then, a fraction from 0 to 1")
    ] = None

    def __post_init__(self) -> None:
        """Demand the keys of the path, and no others."""
        if self.path not in NEEDED:
            return  # the schema refuses it
        optional = ("half_life",) if self.path == "fades" else ()
        for key in ("half_life", "at", "share"):
            stated = getattr(self, key) is not None
            if stated and key not in (*NEEDED[self.path], *optional):
                raise ValueError(f"got {key} beside the path {self.path}, which has no such key")
            if not stated and key in NEEDED[self.path]:
                raise ValueError(f"got the path {self.path} without {key}, expected {' and '.join(NEEDED[self.path])}")


AS_FITTED = Memory()


def memory_problems(root: Node, origin: int | None) -> Iterator[Problem]:
    """A fall of memory that lies in what is known, or beyond the horizon."""
    node = root.fields.get("memory")
    if node is None or origin is None:
        return
    row = entry(Memory, node, ("memory",))
    if row.value.at is None:
        return
    first, last = row.value.at.ends()
    day, months = value_at(root, "as_of", parse_day), 0
    while 3 * (origin + 1) + months in memory_exports(day=day):
        months += 1
    stated = root.fields.get("horizon")
    horizon = stated.content if stated is not None and isinstance(stated.content, int) else DEFAULT_HORIZON
    if first < origin + 1 + months / 3 - 1e-9:
        known = month_name(3 * origin + 2 + months), "month of memory known"
        ended, what = known if months else (format_quarter(origin), "quarter observed")
        after = f"after {ended}, the last {what}"
        yield row.problem("at", f"got {row.written('at')}, expected a date {after}")
    elif first >= 4 * (horizon + 1) or last > 4 * (horizon + 1):
        yield row.problem("at", f"got {row.written('at')}, expected a date up to {horizon}, the horizon")
