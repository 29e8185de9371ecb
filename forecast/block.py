"""One block of draws: a plan and the block's random numbers in, flows by year and by near quarter out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast import channels
from forecast.conditioning import condition
from forecast.draws import N_QUARTERS, Array
from forecast.duties import Duties, purchases
from forecast.fates import Fates
from forecast.inputs import Inputs
from forecast.plan import Plan
from forecast.processes import Reading, baseline_flows, bridge_ratios, driver_growth
from forecast.projects import add_project
from forecast.purchasing import Purchasing
from forecast.shocks import add_to_growth, added_amounts, scale_flows
from forecast.streams import Streams


@dataclass(frozen=True, slots=True)
class Flows:
    """What a block of draws gives.

    Attributes:
        annual: `(n_series, n_years, n_draws)` in the order of `Plan.series`, bn USD a year, basis of the plan.
        quarterly: `(n_series, n_quarters, n_draws)` in the order of `draws.QUARTERLY_SERIES`, the first quarters after
            the origin, bn USD a quarter, US Census basis.
        branch: index of the branch that each draw of a mixture follows, `(n_draws,)`; None for one scenario.
    """

    annual: Array
    quarterly: Array
    branch: NDArray[np.intp] | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a block gives without investments and levers, which is the same whatever a scenario says of them.

    Attributes:
        flows: exports and imports, `(n_periods, n_draws)` each, bn USD a quarter, US Census basis.
        bridge: the basis of the plan over US Census by year and flow, `(n_years, 2, n_draws)`, or one draw of ones.
        annual: exports and imports by year, `(n_years, n_draws)` each, bn USD a year, basis of the plan.
        kept: what plans laid over it had to work out, for the next one (`Inputs.kept`).
    """

    flows: tuple[Array, Array]
    bridge: Array
    annual: tuple[Array, Array]
    kept: dict[Any, Any] = field(default_factory=dict)


def simulated_flows(plan: Plan, streams: Streams) -> Flows:
    """Results of one block."""
    return flows_over(simulated_baseline(plan, streams), plan, streams)


def simulated_baseline(plan: Plan, streams: Streams) -> Baseline:
    """The part of a block that investments and levers leave as it is."""
    streams = replace(streams, mixes=plan.mixes)
    inputs = _inputs(plan, streams, {})
    flows = _baseline(plan, inputs)
    bridge = _bridge(plan, streams)
    annual = _annual_baseline(plan, bridge, flows)
    for flow, amount in added_amounts(plan.shocks, plan.origin, plan.n_periods, inputs):
        annual[flow][:] += _annual(plan, amount)
        flows[flow][:] += amount
    return Baseline(flows, bridge, annual, inputs.kept)


def flows_over(baseline: Baseline, plan: Plan, streams: Streams) -> Flows:
    """Results of one block from its baseline: investments and levers on top of it."""
    streams = replace(streams, mixes=plan.mixes)
    inputs = _inputs(plan, streams, baseline.kept)
    duties = Duties(plan.levers, inputs, plan.origin, plan.n_periods)
    (capital_goods, intermediates, displaced, returned), near = _investments(plan, inputs, duties)
    baseline_exports, baseline_imports = baseline.annual
    contributions = np.stack([capital_goods, intermediates, -displaced, -returned])
    exports = baseline_exports + (capital_goods + intermediates - displaced)
    imports = baseline_imports + returned
    balances = (baseline_exports - baseline_imports, contributions.sum(axis=0))
    levers: tuple[Array, ...] = ()
    if plan.levers is not None:
        change, bought = _levers(plan, inputs, duties, baseline.flows[0], near)
        levers = (change * baseline.bridge[:, 0], -bought)
        exports, imports = exports + levers[0], imports + bought
    annual = np.stack([exports - imports, exports, imports, *balances, *contributions, *levers])
    return Flows(annual, _quarterly(baseline.flows, near))


def _levers(plan: Plan, inputs: Inputs, duties: Duties, exports: Array, near: Array) -> tuple[Array, Array]:
    """Change of the baseline's exports by tariffs, US Census basis, and goods bought as promised, `(n_years, n_draws)`.

    Adds both to the news of exports and imports in the first quarters.
    """
    assert plan.levers is not None
    change = exports * duties.change_of_exports()
    bought = purchases(plan.levers, inputs, plan.origin, plan.n_periods)
    n_near = near.shape[1]
    near[0] += change[:n_near]
    near[1] += bought[1 : n_near + 1] - bought[0]
    return _annual(plan, change), _annual_news(plan, bought)


def _quarterly(baseline: tuple[Array, Array], news: Array) -> Array:
    """Balance, exports and imports of the first quarters, `(3, n_quarters, n_draws)`."""
    quarterly = np.empty((3, *news.shape[1:]))
    for flow, base, change in zip(quarterly[1:], baseline, news, strict=True):
        np.add(base[: len(change)], change, out=flow)
    np.subtract(quarterly[1], quarterly[2], out=quarterly[0])
    return quarterly


def _baseline(plan: Plan, inputs: Inputs) -> tuple[Array, Array]:
    """Exports and imports without new investment, `(n_periods, n_draws)` each, US Census basis."""
    streams = inputs.streams
    rows = _rows(plan, streams, "baseline")
    normals = streams.normals("baseline.shock", 2 * plan.n_periods).reshape(plan.n_periods, 2, streams.n_draws)
    tail = streams.gammas("baseline.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    forcing = _forcing(plan, inputs)
    flows = baseline_flows(rows, plan.history, plan.origin + 1, normals, tail, forcing, _reading(plan, streams))
    scale_flows(flows, plan.shocks, plan.origin, inputs)
    return flows


def _forcing(plan: Plan, inputs: Inputs) -> Array:
    """Growth of the drivers less their usual pace, `(n_periods, 3, n_draws)`."""
    streams = inputs.streams
    rows = _rows(plan, streams, "drivers")
    normals = streams.normals("drivers.shock", 3 * plan.n_periods).reshape(plan.n_periods, 3, streams.n_draws)
    tail = streams.gammas("drivers.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    growth = driver_growth(rows, normals, tail)
    condition(growth, plan.conditions, inputs)
    add_to_growth(growth, plan.shocks, plan.origin, inputs)
    growth -= rows["drift"]
    return growth


def _reading(plan: Plan, streams: Streams) -> Reading | None:
    """The quarter after the origin as its known months foretell it."""
    if plan.running is None:
        return None
    rows = _rows(plan, streams, "running")
    flows = plan.running[:, None] + rows["level"]
    return Reading(flows, rows["noise_factor"], streams.normals("running.error", 2))


def _annual_baseline(plan: Plan, bridge: Array, flows: tuple[Array, Array]) -> tuple[Array, Array]:
    """The same by calendar year, `(n_years, n_draws)` each, on the basis of the plan."""
    annual = np.stack([_annual(plan, flow) for flow in flows], axis=1)
    annual[0] += plan.observed[:, None]
    annual *= bridge
    return annual[:, 0], annual[:, 1]


def _bridge(plan: Plan, streams: Streams) -> Array:
    """The basis of the plan over US Census by year and flow, `(n_years, 2, n_draws)`; one draw of ones on that."""
    if plan.basis == "us_census":
        return np.ones((len(plan.years), 2, 1))
    rows = _rows(plan, streams, "bridge")
    n_steps = len(plan.years) - 1
    normals = streams.normals("bridge.shock", 2 * n_steps).reshape(n_steps, 2, streams.n_draws)
    tail = streams.gammas("bridge.tail", rows["degrees_of_freedom"] / 2, n_steps)
    return bridge_ratios(rows, normals, tail)


def _inputs(plan: Plan, streams: Streams, kept: dict[Any, Any]) -> Inputs:
    """Uncertain numbers of the block; rows of plants only where there are any."""
    if not plan.groups:
        return Inputs(streams, kept=kept)
    coefficients = _picked({"coefficients": plan.sector_rows}, streams, "sectors")["coefficients"]
    return Inputs(streams, coefficients, _rows(plan, streams, "realisation"), kept)


def _investments(plan: Plan, inputs: Inputs, duties: Duties) -> tuple[tuple[Array, ...], Array]:
    """News of capital goods, intermediates, displaced exports and reverse imports by year, `(n_years, n_draws)` each.

    And that of exports and imports in the first quarters, `(2, n_quarters, n_draws)`.
    """
    streams = inputs.streams
    capital_goods = np.zeros((plan.n_periods + 1, streams.n_draws))
    intermediates, displaced, returned = np.zeros((3, len(plan.years), streams.n_draws))
    near = np.zeros((2, min(N_QUARTERS, plan.n_periods) + 1, streams.n_draws))
    n_near = near.shape[1]
    if plan.groups:
        fates = Fates(plan, inputs)
        purchasing = Purchasing(plan, inputs, _rows(plan, streams, "localization"))
        for group in plan.groups:
            output = np.zeros_like(capital_goods)
            for project in group.projects:
                add_project(plan.origin, inputs, fates, project, capital_goods, output)
            rates = inputs.values(group.coefficients)
            korean_share = purchasing.korean_share(group, rates["korean_share"], duties.pressure(group.sector))
            bought = channels.intermediate_exports(output, rates["purchases_per_output"], korean_share)
            bought = duties.on_inputs(group.sector, bought)
            replaced = duties.on_finished(group.sector, output)
            intermediates += _annual_news(plan, bought)
            displaced += channels.displaced_exports(_annual_news(plan, replaced), rates["displacement_rate"])
            returned += channels.reverse_imports(_annual_news(plan, output), rates["reverse_import_rate"])
            near[0] += bought[:n_near] - channels.displaced_exports(replaced[:n_near], rates["displacement_rate"])
            near[1] += channels.reverse_imports(output[:n_near], rates["reverse_import_rate"])
    capital_goods = duties.on_machinery(capital_goods)
    near[0] += capital_goods[:n_near]
    annual = (_annual_news(plan, capital_goods), intermediates, displaced, returned)
    return annual, np.asarray(channels.news(near[:, 1:], near[:, :1], 1.0))


def _rows(plan: Plan, streams: Streams, model: str) -> dict[str, Array]:
    """Joint parameter rows of one model, one row a draw, `(..., n_draws)`."""
    return _picked(plan.rows[model], streams, model)


def _picked(rows: Mapping[str, Array], streams: Streams, model: str) -> dict[str, Array]:
    """Parameter rows `(..., n_rows)` picked at random, the same for every parameter of a model, `(..., n_draws)`."""
    n_rows = next(iter(rows.values())).shape[-1]
    index = (streams.uniforms(f"posterior.{model}") * n_rows).astype(np.intp)
    return {name: np.asarray(values.take(index, axis=-1)) for name, values in rows.items()}


def _annual_news(plan: Plan, flow: Array) -> Array:
    """News by calendar year, `(n_years, n_draws)`, of a flow whose row 0 is the origin."""
    n_quarters = np.full((len(plan.years), 1), 4.0)
    n_quarters[0] = _quarters_of_first_year(plan)
    return np.asarray(channels.news(_annual(plan, flow[1:]), flow[0], n_quarters))


def _annual(plan: Plan, flow: Array) -> Array:
    """Sums over calendar years of the quarters after the origin, `(n_years, n_draws)`."""
    first = _quarters_of_first_year(plan)
    later = flow[first:].reshape(len(plan.years) - 1, 4, flow.shape[-1]).sum(axis=1)
    return np.concatenate([flow[:first].sum(axis=0, keepdims=True), later])


def _quarters_of_first_year(plan: Plan) -> int:
    return plan.n_periods - 4 * (len(plan.years) - 1)
