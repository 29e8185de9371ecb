"""A mixture of scenarios in the engine: the plans of its branches, and for every draw the branch that it follows.

Branches share luck: each is simulated with the same streams, and a draw takes its results from one of them. The choice
has an address of its own, so that the branch of a draw is known without simulating it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.block import Flows, simulated_flows
from forecast.draws import Array
from forecast.inputs import Inputs, Judged
from forecast.plan import Plan
from forecast.streams import Streams


@dataclass(frozen=True, slots=True)
class MixturePlan:
    """A compiled mixture.

    Attributes:
        labels: names of the branches, sorted.
        weights: weight of every branch, scaled to sum to one in each draw.
        plans: plan of every branch.
    """

    labels: tuple[str, ...]
    weights: tuple[Judged, ...]
    plans: tuple[Plan, ...]

    @property
    def record(self) -> float:
        """Highest calendar-year surplus known, that of every branch."""
        return self.plans[0].record

    @property
    def origin(self) -> int:
        """Quarter index of the last observed quarter, that of every branch."""
        return self.plans[0].origin

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the results, those of every branch."""
        return self.plans[0].years

    @property
    def basis(self) -> str:
        """Basis of the results, that of every branch."""
        return self.plans[0].basis

    @property
    def series(self) -> tuple[str, ...]:
        """Annual series of the results: those of the branch that has most."""
        return max((plan.series for plan in self.plans), key=len)

    @property
    def block_size(self) -> int:
        """Draws in a block, those of every branch."""
        return self.plans[0].block_size


def flows_of(plan: Plan | MixturePlan, streams: Streams) -> Flows:
    """Results of one block, of a scenario or of a mixture."""
    if isinstance(plan, Plan):
        return simulated_flows(plan, streams)
    chosen = branches_of(plan, streams)
    found: Flows | None = None
    for index in np.unique(chosen):
        flows = _with_all_series(simulated_flows(plan.plans[index], streams), len(plan.series))
        if found is None:
            found = flows
        else:
            follow = chosen == index
            found.annual[..., follow] = flows.annual[..., follow]
            found.quarterly[..., follow] = flows.quarterly[..., follow]
    assert found is not None
    return Flows(found.annual, found.quarterly, chosen)


def _with_all_series(flows: Flows, n_series: int) -> Flows:
    """The same with zeros for the levers that only other branches have."""
    missing = np.zeros((n_series - len(flows.annual), *flows.annual.shape[1:]))
    return replace(flows, annual=np.concatenate([flows.annual, missing])) if len(missing) else flows


def branches_of(plan: MixturePlan, streams: Streams) -> NDArray[np.intp]:
    """Index of the branch that every draw of a block follows, `(n_draws,)`."""
    reached = np.cumsum(_weights(plan, streams), axis=0)
    level = streams.uniforms("mixture.branch") * reached[-1]
    return np.asarray((level > reached).sum(axis=0).clip(0, len(plan.plans) - 1), dtype=np.intp)


def _weights(plan: MixturePlan, streams: Streams) -> Array:
    """Weights as drawn, `(n_branches, n_draws)`."""
    inputs = Inputs(streams)
    drawn = [np.broadcast_to(inputs.value(weight), (streams.n_draws,)) for weight in plan.weights]
    return np.asarray(np.maximum(np.stack(drawn), 0.0))
