"""What the duties that a scenario states change in the effect of its announcements, by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.dims import EFFECTS
from forecast.engine.block import flows_of, row_picks
from forecast.engine.plan import Plan
from forecast.engine.run_plan import RunPlan
from forecast.stats.streams import Streams
from forecast.stats.summary import Summary, summarised


def changed_by_duties(plan: RunPlan, streams: Sequence[Streams]) -> Summary | None:
    """Effect of the announcements as drawn less that under the duties of the origin, by series of `EFFECTS`.

    Both in the same draws, bn USD a year, basis of the plan. None where the scenario states no duties, or no plants
    that could pay them.

    Args:
        streams: random numbers of some blocks.
    """
    if not any(branch.groups and branch.policy and branch.policy.taxed for branch in plan.plans):
        return None
    untaxed = replace(plan, plans=tuple(map(_untaxed, plan.plans)))
    places = [plan.series.index(name) for name in EFFECTS]
    changes = [flows_of(plan, one).annual[places] - flows_of(untaxed, one).annual[places] for one in streams]
    rows = row_picks([plan], streams)
    return summarised(np.concatenate(changes, axis=-1), plan.years, EFFECTS, plan.block_size, rows=rows)


def _untaxed(plan: Plan) -> Plan:
    return plan if plan.policy is None else replace(plan, policy=replace(plan.policy, taxed={}))
