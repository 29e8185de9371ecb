"""What duties change in the effect of announcements, by channel, and what share of exports they have taken by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from forecast.dims import EFFECTS, TO_DATE, Array
from forecast.engine.block import flows_of, row_picks
from forecast.engine.plan import Plan
from forecast.engine.run_plan import RunPlan
from forecast.observations.annual import CUSTOMS_SERIES, customs_months
from forecast.observations.vintage import day_of, vintage
from forecast.quarters import format_quarter, parse_quarter
from forecast.results.results import Results
from forecast.stats.streams import Streams
from forecast.stats.summary import Summary, quantile_name, single_precision, summarised


def changed_by_duties(plan: RunPlan, streams: Sequence[Streams], outcomes: Mapping[str, Array]) -> Summary | None:
    """Effect of the announcements as drawn less that under the duties of the origin, by series of `EFFECTS`.

    Both in the same draws, bn USD a year, basis of the plan; plants pay today's duties in either. None where the
    scenario states no duties or no plants that could pay them, and where a duty calls a plant: all of it is the duty's.

    Args:
        streams: random numbers of the first blocks.
        outcomes: draws of `EFFECTS` under the plan, of these blocks and perhaps more, `(n_years, n_draws)` each.
    """
    taxed = any(branch.groups and branch.policy and branch.policy.taxed for branch in plan.plans)
    projects = [project for branch in plan.plans for group in branch.groups for project in group.projects]
    if not taxed or any(project.tie.when is not None for project in projects):
        return None
    untaxed = replace(plan, plans=tuple(map(_untaxed, plan.plans)))
    places = [plan.series.index(name) for name in EFFECTS]
    without = np.concatenate([flows_of(untaxed, one).annual[places] for one in streams], axis=-1)
    drawn = np.stack([outcomes[name][:, : without.shape[-1]] for name in EFFECTS])
    # in the precision of draws that are kept, so that what duties leave as it is comes to nothing
    change = single_precision(drawn).astype(np.float64) - single_precision(without)
    return summarised(change, plan.years, EFFECTS, plan.block_size, rows=row_picks([plan], streams))


def _untaxed(plan: Plan) -> Plan:
    return plan if plan.policy is None else replace(plan, policy=replace(plan.policy, taxed={}))


def exports_ahead(run: Results) -> float:
    """Share of the exports of a run's first year that come after the origin, by medians, in the book of the run.

    Where Korean customs have not printed every month to the origin it is that of the US book.
    """
    months = range(12 * run.statistics.years[0], 3 * (parse_quarter(run.manifest["origin"]) + 1))
    printed = customs_months(day=day_of(run.as_of))[CUSTOMS_SERIES[0]]
    if run.basis == "us_census" or not all(month in printed for month in months):
        return _census_exports_ahead(run)
    whole, _ = run.statistics.estimate("exports", quantile_name(0.5), 0)
    return 1.0 - sum(printed[month] for month in months) / whole


def _census_exports_ahead(run: Results) -> float:
    """The same of the US book."""
    origin, begin = parse_quarter(run.manifest["origin"]), 4 * run.statistics.years[0]
    trade, quarters = vintage(run.as_of).trade, run.quarters
    observed = float(trade.exports[begin - trade.first_quarter : origin + 1 - trade.first_quarter].sum())
    left = [format_quarter(quarter) for quarter in range(origin + 1, begin + 4)]
    told = quarters[(quarters["series"] == "exports") & (quarters["quantile"] == 0.5) & quarters["quarter"].isin(left)]
    coming = float(told["value"].sum())
    return coming / (observed + coming)


def exports_taken(summary: Summary, place: int, ahead: float) -> float:
    """Share that duties take of a year's exports as there would be under the duties before the first, by medians.

    Args:
        place: of the year; of the first, what is still to come is meant, on which alone they act.
        ahead: share of the exports of the first year that is still to come, see `exports_ahead`.
    """
    change, exports = (summary.estimate(name, quantile_name(0.5), place)[0] for name in (TO_DATE, "exports"))
    return -change / ((1.0 if place else ahead) * exports - change)
