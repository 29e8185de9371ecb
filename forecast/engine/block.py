"""One block of draws: a plan and the block's random numbers in, flows by year and by near quarter out.

A mixture of scenarios in the engine: the plans of its branches, and for every draw the branch that it follows.

Branches share luck: each is simulated with the same streams, and a draw takes its results from one of them. The choice
has an address of its own, so that the branch of a draw is known without simulating it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.dims import N_QUARTERS, Array
from forecast.economics import channels
from forecast.economics.processes import Nowcast, baseline_flows, bridge_ratios, driver_growth
from forecast.engine.drivers import add_to_growth, added_amounts, condition, scale_flows
from forecast.engine.inputs import Inputs, Judged
from forecast.engine.plan import Plan, annual_news, annual_sums
from forecast.engine.plants import Plants
from forecast.engine.policy import Duties, purchases
from forecast.stats.streams import Streams


@dataclass(frozen=True, slots=True)
class Flows:
    """What a block of draws gives.

    Attributes:
        annual: `(n_series, n_years, n_draws)` in the order of `Plan.series`, bn USD a year, basis of the plan.
        quarterly: `(n_series, n_quarters, n_draws)` in the order of `dims.QUARTERLY_SERIES`, the first quarters after
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
    inputs = block_inputs(plan, streams)
    flows = _baseline(plan, inputs)
    bridge = _bridge(plan, inputs.streams)
    annual = _annual_baseline(plan, bridge, flows)
    for flow, amount in added_amounts(plan.shocks, plan.origin, plan.n_periods, inputs):
        annual[flow][:] += annual_sums(plan, amount)
        flows[flow][:] += amount
    return Baseline(flows, bridge, annual, inputs.kept)


def flows_over(baseline: Baseline, plan: Plan, streams: Streams) -> Flows:
    """Results of one block from its baseline: investments and levers on top of it."""
    inputs = block_inputs(plan, streams, baseline.kept)
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
    return annual_sums(plan, change), annual_news(plan, bought)


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
    rows = picked_rows(plan, streams, "baseline")
    normals = streams.normals("baseline.shock", 2 * plan.n_periods).reshape(plan.n_periods, 2, streams.n_draws)
    tail = streams.gammas("baseline.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    forcing = driver_forcing(plan, inputs)
    flows = baseline_flows(rows, plan.history, plan.origin + 1, normals, tail, forcing, _reading(plan, streams))
    scale_flows(flows, plan.shocks, plan.origin, inputs)
    return flows


def driver_forcing(plan: Plan, inputs: Inputs) -> Array:
    """Growth of the drivers less their usual pace, `(n_periods, 3, n_draws)`."""
    streams = inputs.streams
    rows = picked_rows(plan, streams, "drivers")
    normals = streams.normals("drivers.shock", 3 * plan.n_periods).reshape(plan.n_periods, 3, streams.n_draws)
    tail = streams.gammas("drivers.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    growth = driver_growth(rows, normals, tail)
    condition(growth, plan.conditions, inputs)
    add_to_growth(growth, plan.shocks, plan.origin, inputs)
    growth -= rows["drift"]
    return growth


def _reading(plan: Plan, streams: Streams) -> Nowcast | None:
    """The quarter after the origin as its known months foretell it."""
    if plan.running is None:
        return None
    rows = picked_rows(plan, streams, "running")
    flows = plan.running[:, None] + rows["level"]
    return Nowcast(flows, rows["noise_factor"], streams.normals("running.error", 2))


def _annual_baseline(plan: Plan, bridge: Array, flows: tuple[Array, Array]) -> tuple[Array, Array]:
    """The same by calendar year, `(n_years, n_draws)` each, on the basis of the plan."""
    annual = np.stack([annual_sums(plan, flow) for flow in flows], axis=1)
    annual[0] += plan.observed[:, None]
    annual *= bridge
    return annual[:, 0], annual[:, 1]


def _bridge(plan: Plan, streams: Streams) -> Array:
    """The basis of the plan over US Census by year and flow, `(n_years, 2, n_draws)`; one draw of ones on that."""
    if plan.basis == "us_census":
        return np.ones((len(plan.years), 2, 1))
    rows = picked_rows(plan, streams, "bridge")
    n_steps = len(plan.years) - 1
    normals = streams.normals("bridge.shock", 2 * n_steps).reshape(n_steps, 2, streams.n_draws)
    tail = streams.gammas("bridge.tail", rows["degrees_of_freedom"] / 2, n_steps)
    return bridge_ratios(rows, normals, tail)


def block_inputs(plan: Plan, streams: Streams, kept: dict[Any, Any] | None = None) -> Inputs:
    """Uncertain numbers of the block, correlated as the plan says; rows of plants only where there are any."""
    inputs = Inputs(replace(streams, mixes=plan.mixes), kept={} if kept is None else kept)
    if not plan.groups:
        return inputs
    sectors = {"coefficients": plan.sector_rows}
    coefficients = _kept_rows(inputs, "sectors", plan.columns, sectors)["coefficients"]
    return replace(
        inputs,
        coefficients=coefficients,
        realisation=_kept_rows(inputs, "realisation", plan.outlooks, plan.rows["realisation"]),
    )


def _kept_rows(inputs: Inputs, model: str, columns: object, rows: Mapping[str, Array]) -> dict[str, Array]:
    """Rows picked for the block, found again by a plan that uses the same columns of them."""
    return inputs.remembered(("posterior", model), columns, lambda: _picked(rows, inputs.streams, model))


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
        plants = Plants(plan, inputs, duties, _kept_rows(inputs, "localization", None, plan.rows["localization"]))
        capital_goods = plants.machinery()
        for group in plan.groups:
            trade = plants.trade(group)
            intermediates += trade.intermediates
            displaced += trade.displaced
            returned += trade.returned
            near[0] += trade.exports
            near[1] += trade.imports
    capital_goods = duties.on_machinery(capital_goods)
    near[0] += capital_goods[:n_near]
    annual = (annual_news(plan, capital_goods), intermediates, displaced, returned)
    return annual, np.asarray(channels.news(near[:, 1:], near[:, :1], 1.0))


def picked_rows(plan: Plan, streams: Streams, model: str) -> dict[str, Array]:
    """Joint parameter rows of one model, one row a draw, `(..., n_draws)`."""
    return _picked(plan.rows[model], streams, model)


def _picked(rows: Mapping[str, Array], streams: Streams, model: str) -> dict[str, Array]:
    """Parameter rows `(..., n_rows)` picked at random, the same for every parameter of a model, `(..., n_draws)`."""
    n_rows = next(iter(rows.values())).shape[-1]
    index = (streams.uniforms(f"posterior.{model}") * n_rows).astype(np.intp)
    return {name: np.asarray(values.take(index, axis=-1)) for name, values in rows.items()}


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
