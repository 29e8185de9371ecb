"""Entries of lists as rules read them, with the place of each value; a value the schema refuses counts as absent.

Also the day of a tree, and the last quarter observed by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from forecast.documents import Node
from forecast.errors import DataError, Problem, Remark, spelled
from forecast.observations.vintage import vintage
from forecast.quarters import parse_day
from forecast.scenario.dates import date_distribution
from forecast.scenario.money import money_distribution
from forecast.stats.distributions import Distribution
from forecast.stats.specs import read_distribution

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

    def distribution(self, key: str) -> Distribution | None:
        """A number or distribution."""
        return self._read(key, read_distribution)

    def money(self, key: str) -> Distribution | None:
        """An amount in bn USD, whatever the currency it is written in."""
        announced = self.date("announced")
        if announced is None:
            return self.distribution(key)
        return self._read(key, lambda spec: money_distribution(spec, ends(announced)[0]))

    def date(self, key: str) -> Distribution | None:
        """A date or window, on the quarter axis."""
        return self._read(key, date_distribution)

    def has(self, key: str) -> bool:
        """Whether a key is there, with any value but null."""
        return key in self.node.fields and self.node.fields[key].content is not None

    def written(self, key: str) -> str:
        """A date as it is written in the file."""
        node = self.node.fields[key]
        return " to ".join(str(child.content) for child in node.fields.values()) or str(node.content)

    def problem(self, key: str, message: str) -> Problem:
        """Problem at the value of a key, or at the entry where the key is absent."""
        node = self.node.fields.get(key, self.node)
        return node.place.problem(self._path(key), message)

    def misplaced(self, key: str, order: str) -> Problem:
        """A date out of order; `order` ends in the key it should come after or not before."""
        other = order.rpartition(" ")[2]
        return self.problem(key, f"got {self.written(key)}, expected a date {order}, which is {self.written(other)}")

    def remark(self, key: str, message: str) -> Remark:
        """Remark at the value of a key, or at the entry where the key is absent."""
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
        return float(read_distribution(node.plain()).ppf(0.5))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def mean(value: Distribution) -> float:
    """Mean of a distribution, by formula or quadrature; not finite where it has none."""
    return value.expectation().value


def ends(value: Distribution) -> tuple[float, float]:
    """Earliest and latest date of the distribution of a date."""
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
