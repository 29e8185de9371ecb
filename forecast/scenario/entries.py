"""What the entries of lists have in common in YAML: an id, which names their random streams too, and sources.

Entries of a list with ids, as a review reads them: a value the schema refuses counts as absent.

Where a scenario's tree stands in time: its day, and the last quarter observed by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, TypeAlias, TypeVar

import numpy as np
from pydantic import Field

from forecast.documents import Node
from forecast.errors import DataError, Problem, Remark, spelled
from forecast.observations.vintage import vintage
from forecast.quarters import parse_day
from forecast.scenario.dates import date_law
from forecast.scenario.money import money_law
from forecast.stats.distributions import Law
from forecast.stats.specs import law

ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


Source: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000)]


SOURCES = "a list of texts of 1 to 1000 characters: addresses of the evidence"


def id_field(example: str) -> Any:
    """The field of an id, explained by an example."""
    return Field(pattern=ID, description=f"1 to 64 letters, digits, hyphens and underscores, such as {example}")


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry, an investment if nothing else is said: its node, and its id or its position where it has none."""

    node: Node
    name: str
    group: str = "investments"

    def text(self, key: str) -> str | None:
        """A text value."""
        content = self.node.fields[key].content if key in self.node.fields else None
        return content if isinstance(content, str) else None

    def law(self, key: str) -> Law | None:
        """A number or distribution."""
        return self._read(key, law)

    def money(self, key: str) -> Law | None:
        """An amount in bn USD, whatever the currency it is written in."""
        announced = self.date("announced")
        if announced is None:
            return self.law(key)
        return self._read(key, lambda spec: money_law(spec, ends(announced)[0]))

    def date(self, key: str) -> Law | None:
        """A date or window, on the quarter axis."""
        return self._read(key, date_law)

    def has(self, key: str) -> bool:
        """Whether a key is there, with any value but null."""
        return key in self.node.fields and self.node.fields[key].content is not None

    def said(self, key: str) -> str:
        """A date as the file says it."""
        node = self.node.fields[key]
        return " to ".join(str(child.content) for child in node.fields.values()) or str(node.content)

    def problem(self, key: str, message: str) -> Problem:
        """What is wrong with the value of a key, or with the whole where the key is absent."""
        node = self.node.fields.get(key, self.node)
        return node.place.problem(self._path(key), message)

    def misplaced(self, key: str, order: str) -> Problem:
        """A date out of order; `order` ends in the key it should come after or not before."""
        other = order.rpartition(" ")[2]
        return self.problem(key, f"got {self.said(key)}, expected a date {order}, which is {self.said(other)}")

    def remark(self, key: str, message: str) -> Remark:
        """What is probably not meant by the value of a key."""
        node = self.node.fields.get(key, self.node)
        return node.place.remark(self._path(key), message)

    def _path(self, key: str) -> str:
        return spelled((self.group, self.name, *([key] if key else [])))

    def _read(self, key: str, reader: Callable[[object], Value]) -> Value | None:
        try:
            return reader(self.node.fields[key].plain()) if self.has(key) else None
        except ValueError:
            return None


def rows(root: Node, group: str = "investments") -> list[Row]:
    """Entries of one list of a merged tree that are mappings, in file order."""
    entries = root.fields[group].items if group in root.fields else ()
    return [Row(node, _name(node, index), group) for index, node in enumerate(entries) if node.fields]


def _name(node: Node, index: int) -> str:
    id = node.fields.get("id")
    return id.content if id and isinstance(id.content, str) else f"[{index}]"


def middle(node: Node) -> float | None:
    """Median of a number or distribution; None where the schema refuses it."""
    try:
        return float(law(node.plain()).ppf(0.5))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def mean(value: Law) -> float:
    """Mean of a law, by the midpoint rule on 2000 quantiles; a law without a mean gets that of its inner 99.95 %."""
    return float(np.mean(value.ppf((np.arange(2000) + 0.5) / 2000)))


def ends(value: Law) -> tuple[float, float]:
    """Earliest and latest date of the law of a date."""
    low, high = value.ppf([0.0, 1.0])
    return float(low), float(high)


def runs_at(row: Row, origin: int) -> bool:
    """Whether an investment without phases is producing by the end of a quarter: built by then, or bought."""
    bought = row.text("kind") == "acquisition" and not row.has("production_start")
    start = row.date("announced" if bought else "production_start")
    return start is not None and not row.has("phases") and ends(start)[1] <= origin + 1


def read(root: Node, key: str, parse: Callable[[str], Value]) -> Value | None:
    """The value of a key at the top, None where it is absent or not as expected."""
    node = root.fields.get(key)
    try:
        return None if node is None or node.content is None else parse(str(node.content))
    except ValueError:
        return None


def last_observed(root: Node) -> int | None:
    """Quarter index of the last quarter known on the day of `as_of`, or in the shipped data; None for a bad day."""
    stated = root.fields.get("as_of")
    day = read(root, "as_of", parse_day)
    if stated is not None and stated.content is not None and day is None:
        return None
    try:
        return vintage(day.isoformat() if day else None).trade.origin
    except DataError:
        return None
