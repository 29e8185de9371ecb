"""Entries of lists as rules read them: typed values, with the place of each; what the schema refuses is absent.

Also the day of a tree, and the last quarter observed by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from forecast.catalogue import Wording, worded
from forecast.errors import DataError, Problem, Remark, YamlPath, spelled
from forecast.observations.vintage import vintage
from forecast.quarters import parse_day
from forecast.scenario.entity import accepted
from forecast.stats.distributions import Distribution
from forecast.stats.specs import read_distribution
from forecast.storage.documents import Node

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of a list, and the place of each of its keys.

    Attributes:
        value: the entity; a key that the schema refuses is None in it, whatever its type says.
        node: where it was read.
        path: its YAML path, which ends in its id, or in its position where it has none.
    """

    value: Any
    node: Node
    path: YamlPath

    @property
    def name(self) -> str:
        """Id of the entry."""
        return str(self.path[-1])

    def has(self, key: str) -> bool:
        """Whether a key is there, with any value but null."""
        return key in self.node.fields and self.node.fields[key].content is not None

    def written(self, key: str) -> str:
        """A date as it is written in the file."""
        node = self.node.fields[key]
        return " to ".join(str(child.content) for child in node.fields.values()) or str(node.content)

    def date(self, key: str) -> Wording | str:
        """The same, or the window in which it lies, in no language yet."""
        ends = [str(child.content) for child in self.node.fields[key].fields.values()]
        return worded("warnings.window", first=ends[0], last=ends[1]) if len(ends) == 2 else self.written(key)

    def problem(self, key: str, message: str) -> Problem:
        """Problem at the value of a key, or at the entry where the key is absent."""
        node = self.node.fields.get(key, self.node)
        return node.place.problem(self._path(key), message)

    def misplaced(self, key: str, order: str) -> Problem:
        """A date out of order; `order` ends in the key it should come after or not before."""
        other = order.rpartition(" ")[2]
        return self.problem(key, f"got {self.written(key)}, expected a date {order}, which is {self.written(other)}")

    def remark(self, key: str, wording: Wording) -> Remark:
        """Remark at the value of a key, or at the entry where the key is absent."""
        node = self.node.fields.get(key, self.node)
        return node.place.remark(self._path(key), wording)

    def _path(self, key: str) -> str:
        return spelled((*self.path, *([key] if key else [])))


def quarter(index: int) -> Wording:
    """A quarter, given as its index, in no language yet."""
    return worded("numbers.quarter", year=index // 4, quarter=index % 4 + 1)


def entry(entity: type, node: Node, path: YamlPath) -> Row:
    """An entry as far as the schema accepts it."""
    return Row(accepted(entity, {key: child.plain() for key, child in node.fields.items()}), node, path)


def rows(root: Node, group: str, entity: type) -> list[Row]:
    """Entries of one list of a tree that are mappings, in file order."""
    nodes = root.fields[group].items if group in root.fields else ()
    return [entry(entity, node, (group, _name(node, index))) for index, node in enumerate(nodes) if node.fields]


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


def value_at(root: Node, key: str, parse: Callable[[str], Value]) -> Value | None:
    """The value of a key at the top, None where it is absent or not as expected."""
    node = root.fields.get(key)
    try:
        return None if node is None or node.content is None else parse(str(node.content))
    except ValueError:
        return None


def last_observed(root: Node) -> int | None:
    """Quarter index of the last quarter known on the day of `as_of`, or in the shipped data; None for a bad day."""
    stated = root.fields.get("as_of")
    day = value_at(root, "as_of", parse_day)
    if stated is not None and stated.content is not None and day is None:
        return None
    try:
        return vintage(day.isoformat() if day else None).trade.origin
    except DataError:
        return None
