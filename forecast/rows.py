"""Investments of a tree as a review reads them: a value the schema refuses counts as absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from forecast.dates import date_law
from forecast.distributions import Law
from forecast.document import Node
from forecast.errors import Problem
from forecast.laws import law
from forecast.opinions import Curve
from forecast.phrases import spelled

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Row:
    """One investment: its node, and its id or its position where it has none."""

    node: Node
    name: str

    def text(self, key: str) -> str | None:
        """A text value."""
        content = self.node.fields[key].content if key in self.node.fields else None
        return content if isinstance(content, str) else None

    def law(self, key: str) -> Law | None:
        """A number or distribution."""
        return self._read(key, law)

    def date(self, key: str) -> Law | None:
        """A date or window, on the quarter axis."""
        return self._read(key, date_law)

    def has(self, key: str) -> bool:
        """Whether a key is there, with any value but null."""
        return key in self.node.fields and self.node.fields[key].content is not None

    def problem(self, key: str, message: str) -> Problem:
        """What is wrong with the value of a key, or with the whole where the key is absent."""
        node = self.node.fields.get(key, self.node)
        return node.place.problem(spelled(("investments", self.name, *([key] if key else []))), message)

    def _read(self, key: str, reader: Callable[[object], Value]) -> Value | None:
        try:
            return reader(self.node.fields[key].plain()) if self.has(key) else None
        except ValueError:
            return None


def rows(root: Node) -> list[Row]:
    """Investments of a merged tree that are mappings, in file order."""
    entries = root.fields["investments"].items if "investments" in root.fields else ()
    return [Row(node, _name(node, index)) for index, node in enumerate(entries) if node.fields]


def _name(node: Node, index: int) -> str:
    id = node.fields.get("id")
    return id.content if id and isinstance(id.content, str) else f"[{index}]"


def mean(value: Law | Curve) -> float:
    """Mean of a law, by the midpoint rule on 2000 quantiles; a law without a mean gets that of its inner 99.95 %."""
    return float(np.mean(value.ppf((np.arange(2000) + 0.5) / 2000)))


def ends(value: Law) -> tuple[float, float]:
    """Earliest and latest date of the law of a date."""
    low, high = value.ppf([0.0, 1.0])
    return float(low), float(high)
