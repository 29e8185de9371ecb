"""An input held at one value in a plan, wherever that reads it; everything else stays as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from forecast.economics.uncertain_inputs import UncertainInput, stream_of
from forecast.engine.inputs import Fitted, Stated
from forecast.engine.plan import Plan, Project
from forecast.engine.run_plan import RunPlan
from forecast.stats.distributions import Constant


def held_plan(plan: RunPlan, name: str, value: float) -> RunPlan:
    """A plan in which an input has one value in every draw, and everything else is as it was.

    Args:
        name: YAML path of a stated number, a date, a chance, a delay or size left to the record, or a coefficient.
    """
    address = stream_of(name)
    parts = address.split(".")  # a key of the scenario itself is one part, first and last
    owner = parts[1] if len(parts) > 2 else ""
    held: RunPlan = _Hold(Stated(address, Constant(value)), parts[0], owner, parts[-1]).on(plan, ())
    return held


@dataclass(frozen=True, slots=True)
class _Hold:
    """Puts a known number in the place of an input, wherever a plan reads that.

    Attributes:
        known: the number at the address of the input.
        head, owner, last: first, second and last part of that address.
    """

    known: Stated
    head: str
    owner: str
    last: str

    def on(self, node: Any, columns: Sequence[tuple[str, str]]) -> Any:
        """A part of a plan with the number in it; the part itself where it does not read the input."""
        if isinstance(node, Stated):
            return self.known if node.stream == self.known.stream else node
        if isinstance(node, Fitted):
            return self.known if (self.head, *columns[node.column]) == ("sectors", self.owner, self.last) else node
        if isinstance(node, Mapping):
            values = self._each(tuple(node.values()), columns)
            return node if values is None else dict(zip(node, values, strict=True))
        if isinstance(node, tuple):
            values = self._each(node, columns)
            return node if values is None else values
        if is_dataclass(node) and not isinstance(node, type | UncertainInput):
            return self._in_fields(node, node.columns if isinstance(node, Plan) else columns)
        return node

    def _each(self, nodes: tuple[Any, ...], columns: Sequence[tuple[str, str]]) -> tuple[Any, ...] | None:
        """Several parts, None where none of them reads the input."""
        found = tuple(self.on(node, columns) for node in nodes)
        return found if any(new is not old for new, old in zip(found, nodes, strict=True)) else None

    def _in_fields(self, node: Any, columns: Sequence[tuple[str, str]]) -> Any:
        parts = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = {name: new for name, part in parts.items() if (new := self.on(part, columns)) is not part}
        of_project = isinstance(node, Project) and self.known.stream == f"investments.{node.id}.{self.last}"
        if of_project and parts.get(self.last, node) is None:
            changed[self.last] = self.known
        return replace(node, **changed) if changed else node
