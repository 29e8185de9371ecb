"""Uncertain numbers with their evidence, read from the package's prior files.

A prior file states `quantities` (unit and support of each), a body of coefficients (distribution, grade, sources, note)
and the list of `sources` that the body cites by key. Parsers are imported when a file is read.

A number without a note on its origin is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from forecast.errors import DataError, ScenarioError
from forecast.stats.distributions import Distribution

if TYPE_CHECKING:
    from forecast.storage.documents import Node

SHIPPED = Path(str(files("forecast"))) / "data"
GRADES: tuple[str, ...] = ("H", "M", "L", "judgement")
"""Official or agreeing sources; one credible source; inferred or weak; no source for the number."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One uncertain number with its evidence.

    Attributes:
        distribution: distribution, in `unit`.
        unit: unit in words.
        meaning: what the number is, in words.
        grade: one of `GRADES`.
        sources: publications behind the distribution; a judgement names those it was formed on.
        note: how the distribution follows from them.
    """

    distribution: Distribution
    unit: str
    meaning: str
    grade: str
    sources: tuple[str, ...]
    note: str


T = TypeVar("T")


class PriorFile:
    """One prior file: its body, and the means to read it; every failure names file, line and place.

    Args:
        path: the file.
        body: name of the part that holds the coefficients.
        names: coefficients the file speaks of.

    Raises:
        DataError: the file is not YAML, or a key is missing or unknown.
    """

    def __init__(self, path: Path, body: str, names: tuple[str, ...]) -> None:
        from forecast.storage.documents import read_document

        try:
            document = read_document(path, f"{path.parent.name}/{path.name}")
        except ScenarioError as error:
            raise DataError(str(error)) from None
        if document.problems:
            raise DataError("\n".join(str(problem) for problem in document.problems))
        parts = fields(document.root, "", ("quantities", body, "sources"))
        self.body = parts[body]
        self._quantities = fields(parts["quantities"], "quantities", names)
        self._sources = parts["sources"].fields

    def coefficient(self, node: Node, path: str) -> Coefficient:
        """One coefficient; `path` ends in its name.

        Raises:
            DataError: a key is missing or unknown, the distribution leaves its support, or a source is not in the list.
        """
        parts = fields(node, path, ("law", "grade", "sources", "note"))
        quantity = self._quantities[path.rsplit(".", 1)[1]]
        return Coefficient(
            distribution=_distribution(parts["law"], f"{path}.law", quantity),
            unit=_text(quantity.fields["unit"], "unit"),
            meaning=_text(quantity.fields["meaning"], "meaning"),
            grade=_choice(parts["grade"], f"{path}.grade", GRADES),
            sources=self._publications(parts["sources"], f"{path}.sources"),
            note=_text(parts["note"], f"{path}.note"),
        )

    def _publications(self, node: Node, path: str) -> tuple[str, ...]:
        if not node.items:
            refuse(node, path, f"got {node.plain()!r}, expected a list of keys of `sources`")
        keys = [_choice(item, path, tuple(self._sources)) for item in node.items]
        return tuple(_text(self._sources[key], f"sources.{key}") for key in keys)


def _distribution(node: Node, path: str, quantity: Node) -> Distribution:
    """The distribution a number spec stands for, inside the support of its quantity."""
    from forecast.stats.specs import read_distribution

    try:
        distribution = read_distribution(node.plain())
    except ValueError as error:
        refuse(node, path, str(error))
    lowest, highest = distribution.ends()
    low, high = _support(quantity)
    if lowest < low or highest > high:
        refuse(node, path, f"got values from {lowest:g} to {highest:g}, expected them inside [{low:g}, {high:g}]")
    return distribution


def _support(quantity: Node) -> tuple[float, float]:
    low, high = (bound.content for bound in quantity.fields["support"].items)
    return float(str(low)), math.inf if high is None else float(str(high))


def each(node: Node, path: str, names: tuple[str, ...], read: Callable[[Node, str], T]) -> Mapping[str, T]:
    """Values read from each of the named children, in the order of the names."""
    children = fields(node, path, names)
    return MappingProxyType({name: read(children[name], f"{path}.{name}") for name in names})


def fields(node: Node, path: str, names: tuple[str, ...], optional: tuple[str, ...] = ()) -> Mapping[str, Node]:
    """Children of a mapping that has all the names, and beyond them only optional ones."""
    missing = [name for name in names if name not in node.fields]
    unknown = [name for name in node.fields if name not in (*names, *optional)]
    if missing or unknown:
        wrong = f"no {missing[0]}" if missing else unknown[0]
        refuse(node, path, f"got {wrong}, expected {', '.join((*names, *optional))}")
    return node.fields


def _choice(node: Node, path: str, accepted: tuple[str, ...]) -> str:
    text = _text(node, path)
    if text not in accepted:
        refuse(node, path, f"got {text!r}, expected one of {', '.join(accepted)}")
    return text


def _text(node: Node, path: str) -> str:
    if not isinstance(node.content, str) or not node.content.strip():
        refuse(node, path, f"got {node.plain()!r}, expected text")
    return node.content.strip()


def refuse(node: Node, path: str, message: str) -> NoReturn:
    """Raise `DataError` with file, line and place of a node, and a message that says what was got and expected."""
    raise DataError(str(node.place.problem(path, message)))
