"""What the duties that a scenario states change in the effect of its announcements, by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from forecast.dims import CHANNELS, Array
from forecast.engine.block import flows_of
from forecast.engine.plan import Plan
from forecast.engine.run_plan import RunPlan
from forecast.stats.streams import Streams

IN_EFFECT = ("effect", *(f"effect_{name}" for name in CHANNELS))
"""Series of which it is told what duties change in them."""


def changed_by_duties(plan: RunPlan, streams: Sequence[Streams]) -> Mapping[str, Array]:
    """Effect of the announcements as drawn less that under the duties of the origin, by series of `IN_EFFECT`.

    Both in the same draws. Nothing where the scenario states no duties, or no plants that could pay them.

    Args:
        streams: random numbers of some blocks.

    Returns:
        Mean change and its Monte Carlo error by year, `(2, n_years)`, bn USD a year, basis of the plan.
    """
    if not any(branch.groups and branch.policy and branch.policy.taxed for branch in plan.plans):
        return {}
    untaxed = replace(plan, plans=tuple(map(_untaxed, plan.plans)))
    places = [plan.series.index(name) for name in IN_EFFECT]
    changes = [flows_of(plan, one).annual[places] - flows_of(untaxed, one).annual[places] for one in streams]
    drawn = np.concatenate(changes, axis=-1)
    told = np.stack([drawn.mean(axis=-1), drawn.std(axis=-1) / drawn.shape[-1] ** 0.5], axis=1)
    return dict(zip(IN_EFFECT, told, strict=True))


def _untaxed(plan: Plan) -> Plan:
    return plan if plan.policy is None else replace(plan, policy=replace(plan.policy, taxed={}))
