"""The plan of a run, which is one branch or several, and the registry of all that it draws.

A plan with one input held at a value, wherever it reads that, and everything else as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import chain
from typing import Any

from forecast.dims import ALL_SERIES
from forecast.economics.uncertain_inputs import UncertainInput, stream_of
from forecast.engine.inputs import Fitted, Stated
from forecast.engine.plan import Plan, Project
from forecast.stats.distributions import Constant

_PROCESSES = {
    "posterior.baseline": "trade",
    "baseline.shock": "shocks",
    "baseline.tail": "shocks",
    "products.memory": "shocks",
    "products.others": "shocks",
    "posterior.drivers": "drivers",
    "drivers.shock": "drivers",
    "drivers.tail": "drivers",
    "posterior.carry_over": "trade",
    "posterior.running": "trade",
    "running.error": "shocks",
    "posterior.bridge": "books",
    "bridge.shock": "books",
    "bridge.tail": "books",
    "posterior.sectors": "coefficients",
    "posterior.realisation": "happening",
    "posterior.localization": "localization",
    "localization.innovation": "localization",
    "future_announcements.pace": "future",
}
"""Joint parameters and shocks by stream, with their sources; those of announcements count with the first of them."""


def registry(plan: Plan, stated: Iterable[UncertainInput]) -> tuple[UncertainInput, ...]:
    """Everything that a simulation of a plan draws: what its scenario states, and joint parameters and shocks.

    Args:
        stated: the registry of the scenario; what is not drawn enters only where something drawn is correlated with it.
    """
    stated = tuple(stated)
    drawn = {item.stream for item in stated if item.drawn}
    mixed = {stream for name in drawn for stream, _ in plan.mixes.get(name, ())}
    absent = [
        "running" if plan.running is None else "carry_over",
        *(["bridge"] if plan.basis == "us_census" else []),
        *([] if plan.groups else ["realisation"]),
        *([] if plan.groups or plan.existing else ["sectors", "localization"]),
        *([] if plan.pipeline else ["future_announcements"]),
    ]
    paths = (plan.path, *(group.path for group in plan.groups))
    if not plan.existing and not any(path is not None and path.form == "fitted" for path in paths):
        absent.append("innovation")
    joint = (
        UncertainInput(stream, source) for stream, source in _PROCESSES.items() if not {*stream.split(".")} & {*absent}
    )
    return (*(item for item in stated if item.stream in drawn | mixed), *joint)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A compiled run: branches of which every draw follows one; a scenario by itself is one branch, not weighed.

    Attributes:
        labels: names of the branches, sorted; an empty one for a scenario by itself.
        weights: weight of every branch, scaled to sum to one in each draw; none for a scenario by itself.
        plans: plan of every branch, of one basis, origin and horizon.
    """

    labels: tuple[str, ...]
    weights: tuple[Stated, ...]
    plans: tuple[Plan, ...]

    @property
    def record(self) -> float:
        """Highest calendar-year surplus known, bn USD."""
        return self.plans[0].record

    @property
    def origin(self) -> int:
        """Quarter index of the last observed quarter."""
        return self.plans[0].origin

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the results."""
        return self.plans[0].years

    @property
    def basis(self) -> str:
        """Basis of the results."""
        return self.plans[0].basis

    @property
    def series(self) -> tuple[str, ...]:
        """Annual series of the results: those that some branch has."""
        kept = {name for plan in self.plans for name in plan.series}
        return tuple(name for name in ALL_SERIES if name in kept)

    @property
    def n_rows(self) -> Mapping[str, int]:
        """Posterior rows that draws pick from, by model, sorted."""
        plan = self.plans[0]
        picked = {
            item.stream.removeprefix("posterior.") for item in self.inputs if item.stream.startswith("posterior.")
        }
        rows = {**plan.rows, "sectors": {"coefficients": plan.sector_rows}}
        return {model: next(iter(rows[model].values())).shape[-1] for model in sorted(picked)}

    @property
    def block_size(self) -> int:
        """Draws in a block."""
        return self.plans[0].block_size

    @property
    def inputs(self) -> tuple[UncertainInput, ...]:
        """The registry of all branches and of the choice among them, every stream once."""
        weights = (UncertainInput(item.stream, "branch", item.distribution) for item in self.weights)
        choice = [UncertainInput("mixture.branch", "branch")] if self.weights else []
        choice += [weight for weight in weights if not isinstance(weight.distribution, Constant)]
        return tuple({item.stream: item for item in chain(choice, *(plan.inputs for plan in self.plans))}.values())


def alone(plan: Plan) -> RunPlan:
    """The run of one scenario by itself."""
    return RunPlan(("",), (), (plan,))


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
