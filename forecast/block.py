"""One block of draws: a plan and the block's random numbers in, flows by year and by near quarter out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast import channels
from forecast.draws import N_QUARTERS, Array
from forecast.fates import Fates
from forecast.inputs import Inputs
from forecast.plan import Plan
from forecast.processes import Reading, baseline_flows, bridge_ratios, driver_growth
from forecast.projects import add_project
from forecast.purchasing import Purchasing
from forecast.streams import Streams


@dataclass(frozen=True, slots=True)
class Flows:
    """What a block of draws gives.

    Attributes:
        annual: `(n_series, n_years, n_draws)` in the order of `draws.SERIES`, bn USD a year, basis of the plan.
        quarterly: `(n_series, n_quarters, n_draws)` in the order of `draws.QUARTERLY_SERIES`, the first quarters after
            the origin, bn USD a quarter, US Census basis.
        branch: index of the branch that each draw of a mixture follows, `(n_draws,)`; None for one scenario.
    """

    annual: Array
    quarterly: Array
    branch: NDArray[np.intp] | None = None


def simulated_flows(plan: Plan, streams: Streams) -> Flows:
    """Results of one block."""
    streams = replace(streams, mixes=plan.mixes)
    baseline = _baseline(plan, streams)
    (capital_goods, intermediates, displaced, returned), near = _investments(plan, streams)
    baseline_exports, baseline_imports = _annual_baseline(plan, streams, baseline)
    contributions = np.stack([capital_goods, intermediates, -displaced, -returned])
    exports = baseline_exports + (capital_goods + intermediates - displaced)
    imports = baseline_imports + returned
    balances = (baseline_exports - baseline_imports, contributions.sum(axis=0))
    annual = np.concatenate([[exports - imports, exports, imports, *balances], contributions])
    return Flows(annual, _quarterly(baseline, near))


def _quarterly(baseline: tuple[Array, Array], news: Array) -> Array:
    """Balance, exports and imports of the first quarters, `(3, n_quarters, n_draws)`."""
    quarterly = np.empty((3, *news.shape[1:]))
    for flow, base, change in zip(quarterly[1:], baseline, news, strict=True):
        np.add(base[: len(change)], change, out=flow)
    np.subtract(quarterly[1], quarterly[2], out=quarterly[0])
    return quarterly


def _baseline(plan: Plan, streams: Streams) -> tuple[Array, Array]:
    """Exports and imports without new investment, `(n_periods, n_draws)` each, US Census basis."""
    rows = _rows(plan, streams, "baseline")
    normals = streams.normals("baseline.shock", 2 * plan.n_periods).reshape(plan.n_periods, 2, streams.n_draws)
    tail = streams.gammas("baseline.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    forcing = _forcing(plan, streams)
    return baseline_flows(rows, plan.history, plan.origin + 1, normals, tail, forcing, _reading(plan, streams))


def _forcing(plan: Plan, streams: Streams) -> Array:
    """Growth of the drivers less their usual pace, `(n_periods, 3, n_draws)`."""
    rows = _rows(plan, streams, "drivers")
    normals = streams.normals("drivers.shock", 3 * plan.n_periods).reshape(plan.n_periods, 3, streams.n_draws)
    tail = streams.gammas("drivers.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    growth = driver_growth(rows, normals, tail)
    growth -= rows["drift"]
    return growth


def _reading(plan: Plan, streams: Streams) -> Reading | None:
    """The quarter after the origin as its known months foretell it."""
    if plan.running is None:
        return None
    rows = _rows(plan, streams, "running")
    flows = plan.running[:, None] + rows["level"]
    return Reading(flows, rows["noise_factor"], streams.normals("running.error", 2))


def _annual_baseline(plan: Plan, streams: Streams, flows: tuple[Array, Array]) -> tuple[Array, Array]:
    """The same by calendar year, `(n_years, n_draws)` each, on the basis of the plan."""
    annual = np.stack([_annual(plan, flow) for flow in flows], axis=1)
    annual[0] += plan.observed[:, None]
    if plan.basis == "korea_customs":
        annual *= _bridge(plan, streams)
    return annual[:, 0], annual[:, 1]


def _bridge(plan: Plan, streams: Streams) -> Array:
    """Korean customs over US Census by year and flow, `(n_years, 2, n_draws)`."""
    rows = _rows(plan, streams, "bridge")
    n_steps = len(plan.years) - 1
    normals = streams.normals("bridge.shock", 2 * n_steps).reshape(n_steps, 2, streams.n_draws)
    tail = streams.gammas("bridge.tail", rows["degrees_of_freedom"] / 2, n_steps)
    return bridge_ratios(rows, normals, tail)


def _investments(plan: Plan, streams: Streams) -> tuple[tuple[Array, ...], Array]:
    """News of capital goods, intermediates, displaced exports and reverse imports by year, `(n_years, n_draws)` each.

    And that of exports and imports in the first quarters, `(2, n_quarters, n_draws)`.
    """
    capital_goods = np.zeros((plan.n_periods + 1, streams.n_draws))
    intermediates, displaced, returned = np.zeros((3, len(plan.years), streams.n_draws))
    near = np.zeros((2, min(N_QUARTERS, plan.n_periods) + 1, streams.n_draws))
    n_near = near.shape[1]
    if plan.groups:
        coefficients = _picked({"coefficients": plan.sector_rows}, streams, "sectors")["coefficients"]
        inputs = Inputs(streams, coefficients, _rows(plan, streams, "realisation"))
        fates = Fates(plan, inputs)
        purchasing = Purchasing(plan, inputs, _rows(plan, streams, "localization"))
        for group in plan.groups:
            output = np.zeros_like(capital_goods)
            for project in group.projects:
                add_project(plan.origin, inputs, fates, project, capital_goods, output)
            rates = inputs.values(group.coefficients)
            korean_share = purchasing.korean_share(group, rates["korean_share"])
            bought = channels.intermediate_exports(output, rates["purchases_per_output"], korean_share)
            annual_output, near_output = _annual_news(plan, output), output[:n_near]
            intermediates += _annual_news(plan, bought)
            displaced += channels.displaced_exports(annual_output, rates["displacement_rate"])
            returned += channels.reverse_imports(annual_output, rates["reverse_import_rate"])
            near[0] += bought[:n_near] - channels.displaced_exports(near_output, rates["displacement_rate"])
            near[1] += channels.reverse_imports(near_output, rates["reverse_import_rate"])
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
