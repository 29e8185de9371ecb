"""Which random numbers two plans share: streams are known by their names, and a name is heard when it is drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field

from forecast.block import simulated_flows
from forecast.branching import MixturePlan, branches_of
from forecast.draws import Array
from forecast.plan import Plan
from forecast.streams import Streams


@dataclass(frozen=True, slots=True)
class SharedStreams:
    """Names of random streams, sorted.

    Attributes:
        both: drawn from by both plans, the same numbers in both.
        reference, alternative: drawn from by one of them alone.
    """

    both: tuple[str, ...]
    reference: tuple[str, ...]
    alternative: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Heard(Streams):
    names: set[str] = field(default_factory=set)

    def points(self, name: str, n_rows: int | None = None) -> Array:
        self.names.add(name)
        return Streams.points(self, name, n_rows)

    def normals(self, name: str, n_rows: int) -> Array:
        self.names.add(name)
        return Streams.normals(self, name, n_rows)

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        self.names.add(name)
        return Streams.gammas(self, name, shape, n_rows)


def shared_streams(reference: Plan | MixturePlan, alternative: Plan | MixturePlan) -> SharedStreams:
    """Streams of two plans, found by simulating two draws of each; of a mixture those of all its branches."""
    one, other = _names(reference), _names(alternative)
    return SharedStreams(*(tuple(sorted(names)) for names in (one & other, one - other, other - one)))


def _names(plan: Plan | MixturePlan) -> set[str]:
    heard = _Heard(seed=0, block=0, n_draws=2)
    if isinstance(plan, MixturePlan):
        branches_of(plan, heard)
    for branch in plan.plans if isinstance(plan, MixturePlan) else [plan]:
        simulated_flows(branch, heard)
    return heard.names
