"""The plan of a run, which is one branch or several, and the registry of all that it draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from forecast.dims import ALL_SERIES
from forecast.economics.uncertain_inputs import UncertainInput
from forecast.engine.inputs import Stated
from forecast.engine.plan import Plan
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
