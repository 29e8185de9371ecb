"""One block of draws: a plan and the block's random numbers in, flows by year and by near quarter out.

Branches of a run share luck: each is simulated with the same streams, and a draw takes its results from one of them.
The choice has an address of its own, so that the branch of a draw is known without simulating it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.dims import N_QUARTERS, POLICIES, PRODUCTS, TO_DATE, Array
from forecast.economics.channels import news
from forecast.economics.processes import CarryOver, Nowcast, baseline_flows, bridge_ratios, driver_growth
from forecast.engine.annual import annual_news, annual_sums, running_totals
from forecast.engine.drivers import Economy, add_to_growth, added_amounts, bounded_below, condition, scale_flows
from forecast.engine.inputs import Inputs, picked_places, picked_rows
from forecast.engine.plan import Group, LocalizationPath, Plan
from forecast.engine.plants import Plants
from forecast.engine.policy import Duties, purchases
from forecast.engine.products import Flow, ProductExports, product_exports
from forecast.engine.run_plan import RunPlan
from forecast.stats.shared_rows import RowPicks
from forecast.stats.streams import Streams

MACHINES = PRODUCTS.index("machinery")

_Streams = TypeVar("_Streams", bound=Streams)


@dataclass(frozen=True, slots=True)
class Flows:
    """Results of a block of draws.

    Attributes:
        annual: `(n_series, n_years, n_draws)` in the order of `Plan.series`, bn USD a year, basis of the plan.
        quarterly: `(n_series, n_quarters, n_draws)` in the order of `dims.QUARTERLY_SERIES`, the first quarters after
            the origin, bn USD a quarter, US Census basis.
        branch: index of the branch that each draw follows, `(n_draws,)`; None where none is weighed.
        rows: by model, the posterior row that each draw picked, `(n_draws,)`; of a whole run only.
    """

    annual: Array
    quarterly: Array
    branch: NDArray[np.intp] | None = None
    rows: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Trade without new investments and policy, the same whatever a scenario says of them.

    Attributes:
        exports, imports: `(n_periods, n_draws)` each, bn USD a quarter, US Census basis.
        bridge: exports on the basis of the plan over US Census by year, `(n_years, n_draws)`, or one draw of ones.
        annual_exports, annual_imports: `(n_years, n_draws)` each, bn USD a year, basis of the plan.
        census_balance: `(n_years, n_draws)`, bn USD a year, US Census basis.
        products: exports by product.
        economy: what plants share with it.
    """

    exports: Array
    imports: Array
    bridge: Array
    annual_exports: Array
    annual_imports: Array
    census_balance: Array
    products: ProductExports
    economy: Economy


def simulated_flows(plan: Plan, streams: Streams) -> Flows:
    """Results of one block of one scenario."""
    inputs = block_inputs(plan, streams)
    baseline = simulated_baseline(plan, inputs)
    return flows_over(baseline, plan, plants_beside(baseline, plan, inputs))


def plants_beside(baseline: Baseline, plan: Plan, inputs: Inputs) -> Plants:
    """Plants of one block in the economy of its baseline."""
    return Plants(plan, inputs, Duties(plan, inputs), baseline.economy)


def block_inputs(plan: Plan, streams: Streams) -> Inputs:
    """Uncertain numbers of the block, correlated as the plan says; rows of plants only where there are any."""
    streams = replace(streams, mixes=plan.mixes)
    if not (plan.groups or plan.existing):
        return Inputs(streams)
    coefficients = picked_rows({"coefficients": plan.sector_rows}, streams, "sectors")["coefficients"]
    if not plan.groups:
        return Inputs(streams, coefficients)
    return Inputs(streams, coefficients, picked_rows(plan.rows["realisation"], streams, "realisation"))


def simulated_baseline(plan: Plan, inputs: Inputs) -> Baseline:
    """The part of a block that investments and policy leave as it is."""
    return baseline_in(simulated_economy(plan, inputs), plan, inputs)


def simulated_economy(plan: Plan, inputs: Inputs) -> Economy:
    """US output, the won and oil of a block, and how exports respond to them."""
    keep_freed_memory()
    response = picked_rows({"response": plan.rows["baseline"]["response"]}, inputs.streams, "baseline")["response"]
    return Economy(plan, response[0], driver_forcing(plan, inputs))


def baseline_in(economy: Economy, plan: Plan, inputs: Inputs) -> Baseline:
    """The baseline of a block in its economy."""
    streams = inputs.streams

    # Trade on US Census basis, moved by US output, the won and oil; the months known of the first quarter steer it.
    rows = picked_rows(plan.rows["baseline"], streams, "baseline")
    normals = streams.normals("baseline.shock", 2 * plan.n_periods).reshape(plan.n_periods, 2, streams.n_draws)
    tail = streams.gammas("baseline.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    reading = _reading(plan, streams)
    flows = baseline_flows(rows, plan.history, plan.origin + 1, normals, tail, economy.forcing, reading)
    scale_flows(flows, plan.shocks, plan.origin, inputs)

    # Years on the basis of the plan, the quarters observed of the first one included.
    bridge = _bridge(plan, streams)
    annual = np.stack([annual_sums(plan, flow) for flow in flows], axis=1)
    annual[0] += plan.observed[:, None]
    census = annual[:, 0] - annual[:, 1]
    annual *= bridge

    # Shocks of an amount come last: the same dollars on either basis, and no more than there are.
    for flow, amount in added_amounts(plan.shocks, plan.origin, plan.n_periods, inputs):
        amount = bounded_below(amount, flows[flow])
        added = annual_sums(plan, amount)
        annual[:, flow] += bounded_below(added, annual[:, flow])
        census += (1 - 2 * flow) * added
        flows[flow][:] += amount

    # Products divide exports; where memory has a path of its own, that moves exports and memory alone.
    growth = rows["drift"]
    products = product_exports(plan, inputs, flows[0], annual[:, 0], bridge[:, 0], normals[:, 0], growth)
    if products.moved is not None:
        flows[0][:] += products.moved[0]
        annual[:, 0] += products.moved[1]
        census += annual_sums(plan, products.moved[0])
    return Baseline(*flows, bridge[:, 0], annual[:, 0], annual[:, 1], census, products, economy)


def trade_alone(plan: Plan) -> Plan:
    """What a plan says of trade without investments and policy: all that its baseline hangs on."""
    return replace(
        plan,
        sector_rows=np.empty((0, 0)),
        groups=(),
        path=LocalizationPath("hold"),
        machinery=None,
        policy=None,
        existing=(),
        pipeline=None,
        outlooks=(),
        columns=(),
        inputs=(),
    )


def driver_forcing(plan: Plan, inputs: Inputs) -> Array:
    """Growth of the drivers less their usual pace, `(n_periods, 3, n_draws)`."""
    streams = inputs.streams
    rows = picked_rows(plan.rows["drivers"], streams, "drivers")
    normals = streams.normals("drivers.shock", 3 * plan.n_periods).reshape(plan.n_periods, 3, streams.n_draws)
    tail = streams.gammas("drivers.tail", rows["degrees_of_freedom"] / 2, plan.n_periods)
    growth = driver_growth(rows, normals, tail)
    condition(growth, plan.conditions, inputs)
    add_to_growth(growth, plan.shocks, plan.origin, inputs)
    growth -= rows["drift"]
    return growth


def _reading(plan: Plan, streams: Streams) -> Nowcast | CarryOver:
    """The quarter after the origin as its known months foretell it, or the last one before it."""
    if plan.running is None:
        return CarryOver(**picked_rows(plan.rows["carry_over"], streams, "carry_over"))
    rows = picked_rows(plan.rows["running"], streams, "running")
    flows = plan.running[:, None] + rows["level"]
    return Nowcast(flows, rows["noise_factor"], streams.normals("running.error", 2))


def _bridge(plan: Plan, streams: Streams) -> Array:
    """The basis of the plan over US Census by year and flow, `(n_years, 2, n_draws)`; one draw of ones on that."""
    if plan.basis == "us_census":
        return np.ones((len(plan.years), 2, 1))
    rows = picked_rows(plan.rows["bridge"], streams, "bridge")
    n_steps = len(plan.years) - 1
    normals = streams.normals("bridge.shock", 2 * n_steps).reshape(n_steps, 2, streams.n_draws)
    tail = streams.gammas("bridge.tail", rows["degrees_of_freedom"] / 2, n_steps)
    return bridge_ratios(rows, normals, tail)


def flows_over(baseline: Baseline, plan: Plan, plants: Plants) -> Flows:
    """Results of one block from its baseline: investments, policy and existing affiliates on top of it.

    What is under way at the origin is in the baseline already; only what is beyond it, the news, moves the level, by
    year and in the first quarters (`near`).
    """
    n_near = min(N_QUARTERS, plan.n_periods)

    # Sums: baseline and investments.
    built = _investment_flows(plan, plants, baseline.products)
    effects, beyond = built.contributions.swapaxes(0, 1)
    exports = baseline.annual_exports + (beyond[0] + beyond[1] + beyond[2])
    imports = baseline.annual_imports - beyond[3]
    undisturbed = baseline.annual_exports - baseline.annual_imports
    census = baseline.census_balance + beyond.sum(axis=0)

    # Policy, and affiliates that exist, beside them.
    policies, tariffs_in_census, beside, more = _beside(baseline, plan, plants)
    near_exports, near_imports = built.near_exports + beside[0], built.near_imports + beside[1]
    if policies:
        exports, imports = exports + policies[0] + policies[2], imports - policies[1]
        census += tariffs_in_census + policies[1] + policies[2]

    # Plants that nobody has announced yet: machines in place of today's orders.
    future: list[Array] = []
    if built.still_to_come is not None:
        machines = annual_sums(plan, built.still_to_come)
        exports, near_exports = exports + machines, near_exports + built.still_to_come[:n_near]
        census += machines
        more.append((MACHINES, machines))
        future.append(machines)

    effect = effects.sum(axis=0)
    investments = effect, running_totals(effect), *effects, beyond.sum(axis=0), *beyond, built.output, census
    by_product = baseline.products.with_flows([*built.on_products, *more])
    annual = np.stack([exports - imports, exports, imports, undisturbed, *investments, *by_product, *policies, *future])
    near = np.stack([baseline.exports[:n_near] + near_exports, baseline.imports[:n_near] + near_imports])
    return Flows(annual, np.stack([near[0] - near[1], *near]))


@dataclass(frozen=True, slots=True)
class _InvestmentFlows:
    """Flows of investments by channel.

    Attributes:
        contributions: effect and news of every channel, `(n_channels, 2, n_years, n_draws)`.
        output: that may stand in for Korea's exports, `(n_years, n_draws)`.
        near_exports, near_imports: news in the first quarters, `(n_quarters, n_draws)`.
        on_products: news of exports by product, `(n_years, n_draws)` each.
        still_to_come: machines of plants that nobody has announced yet, `(n_periods, n_draws)`, bn USD a quarter; None
            where none is to come.
    """

    contributions: Array
    output: Array
    near_exports: Array
    near_imports: Array
    on_products: list[Flow]
    still_to_come: Array | None


def _investment_flows(plan: Plan, plants: Plants, products: ProductExports) -> _InvestmentFlows:
    nothing = plants.no_contribution()

    # Machinery from Korea, while plants are built and in place of what wears out.
    ordered = plants.ordered(plants.buildings)
    machinery = plants.machinery(ordered, plants.buildings)

    # Purchases from Korea, exports of Korea displaced and shipments back to it, once plants run.
    trades = plants.trades
    intermediates = sum((trade.intermediates for trade in trades), nothing)
    by_sector = plants.displaced(plan.groups, trades, products)
    displaced = sum((replaced for _, replaced in by_sector), nothing)
    returned = sum((trade.returned for trade in trades), nothing)
    output = sum((trade.replaceable for trade in trades), nothing.annual[0])
    contributions = [machinery.annual, intermediates.annual, -displaced.annual, -returned.annual]
    near_exports = machinery.near + intermediates.near - displaced.near
    on_products = [
        (MACHINES, machinery.annual[1]),
        *((group.buys, trade.intermediates.annual[1]) for group, trade in zip(plan.groups, trades, strict=True)),
        *((product, -replaced.annual[1]) for product, replaced in by_sector),
    ]
    to_come = plants.still_to_come(ordered)
    return _InvestmentFlows(np.stack(contributions), output, near_exports, returned.near, on_products, to_come)


def _beside(baseline: Baseline, plan: Plan, plants: Plants) -> tuple[list[Array], Array, Array, list[Flow]]:
    """Contributions to the balance in the order of `POLICIES` and `TO_DATE`, if any, and flows of the first quarters.

    Duties on the baseline's exports, goods bought as promised, and what existing affiliates buy off the fitted path.
    Second comes what duties do on US Census basis, last the changes of exports by product.
    """
    n_near, n_draws = min(N_QUARTERS, plan.n_periods), plants.inputs.streams.n_draws
    policies = (
        [np.zeros((len(plan.years), n_draws)) for _ in (*POLICIES, TO_DATE)] if plan.policy or plan.existing else []
    )
    near, in_census = np.zeros((2, n_near, n_draws)), np.zeros((len(plan.years), n_draws))
    on_products: list[Flow] = []
    if plan.policy is not None:
        for product, change, to_date in plants.duties.change_of_exports(baseline.products):
            lost = annual_sums(plan, change)
            in_census += lost
            on_products.append((product, baseline.products.in_book(product, lost)))
            policies[3] += baseline.products.in_book(product, annual_sums(plan, to_date))
            near[0] += change[:n_near]
        bought = purchases(plan.policy, plants.inputs, plan.origin, plan.n_periods)
        policies[0] += sum(lost for _, lost in on_products)
        policies[1] -= annual_news(plan, bought)
        near[1] += _near_news(bought[: n_near + 1])
    if plan.existing:
        for product, moved in plants.change_of_purchases():
            on_products.append((product, annual_sums(plan, moved)))
            policies[2] += on_products[-1][1]
            near[0] += moved[:n_near]
    return policies, in_census, near, on_products


def _near_news(flow: Array) -> Array:
    """The first quarters of a flow beyond its origin, row 0."""
    return np.asarray(news(flow[1:], flow[:1], 1.0))


def flows_of(plan: RunPlan, streams: Streams) -> Flows:
    """Results of one block of a run, with the rows it picks."""
    return replace(followed_flows(plan, streams, simulated_flows), rows=rows_of(plan, streams))


def followed_flows(plan: RunPlan, streams: _Streams, simulated: Callable[[Plan, _Streams], Flows]) -> Flows:
    """Results of one block of a run: of every draw, those of the branch it follows.

    Args:
        simulated: works out the results of a branch.
    """
    chosen = branches_of(plan, streams)
    first, *others = sorted({*chosen.tolist()})
    flows = _with_all_series(plan, plan.plans[first], streams, simulated)
    for index in others:
        other = _with_all_series(plan, plan.plans[index], streams, simulated)
        follow = chosen == index
        flows.annual[..., follow] = other.annual[..., follow]
        flows.quarterly[..., follow] = other.quarterly[..., follow]
    return replace(flows, branch=chosen if plan.weights else None)


def replacing(plan: RunPlan, streams: Streams, counted: Callable[[Group], bool]) -> Array:
    """What some plants put in the place of exports, in one block.

    Args:
        counted: whether a group of plants is among them.

    Returns:
        `(3, n_years, n_draws)`, bn USD a year: output that may stand in for exports of Korea, exports that it replaces,
        and what it would replace beyond all exports there are.
    """
    chosen = branches_of(plan, streams)
    output, wanted, replaced = np.zeros((3, len(plan.years), streams.n_draws))
    for index in {*chosen.tolist()}:
        branch, follow = plan.plans[index], chosen == index
        inputs = block_inputs(branch, streams)
        baseline = simulated_baseline(branch, inputs)
        plants = plants_beside(baseline, branch, inputs)
        groups = [group for group in branch.groups if counted(group)]
        trades = [plants.trade(group, plants.building(group)) for group in groups]
        for trade in trades:
            output[:, follow] += trade.replaceable[:, follow]
            wanted[:, follow] += trade.displaced.annual[0][:, follow]
        for _, displaced in plants.displaced(groups, trades, baseline.products):
            replaced[:, follow] += displaced.annual[0][:, follow]
    return np.stack([output, replaced, wanted - replaced])


def rows_of(plan: RunPlan, streams: Streams) -> dict[str, NDArray[np.intp]]:
    """By model, the posterior row that each draw of a block picks, `(n_draws,)`."""
    return {model: picked_places(n_rows, streams, model) for model, n_rows in plan.n_rows.items()}


def row_picks(plans: Iterable[RunPlan], blocks: Sequence[Streams]) -> RowPicks:
    """Posterior rows that draws of paired plans pick in some blocks: of a model that several have, the same."""
    n_rows = {model: n for plan in plans for model, n in plan.n_rows.items()}
    picks = {model: [picked_places(n, streams, model) for streams in blocks] for model, n in n_rows.items()}
    return RowPicks(n_rows, {model: np.concatenate(rows) for model, rows in picks.items()})


def _with_all_series(
    plan: RunPlan, branch: Plan, streams: _Streams, simulated: Callable[[Plan, _Streams], Flows]
) -> Flows:
    """Results of one block of a branch, with zeros for series that only other branches have."""
    flows = simulated(branch, streams)
    if branch.series == plan.series:
        return flows
    annual = np.zeros((len(plan.series), *flows.annual.shape[1:]))
    annual[[plan.series.index(name) for name in branch.series]] = flows.annual
    return replace(flows, annual=annual)


def branches_of(plan: RunPlan, streams: Streams) -> NDArray[np.intp]:
    """Index of the branch that every draw of a block follows, `(n_draws,)`; nothing is drawn where none is weighed."""
    if not plan.weights:
        return np.zeros(streams.n_draws, dtype=np.intp)
    inputs = Inputs(streams)
    drawn = [np.broadcast_to(inputs.value(weight), (streams.n_draws,)) for weight in plan.weights]
    reached = np.cumsum(np.maximum(np.stack(drawn), 0.0), axis=0)
    level = streams.uniforms("mixture.branch") * reached[-1]
    return np.asarray((level > reached).sum(axis=0).clip(0, len(plan.plans) - 1), dtype=np.intp)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Numbers of the parameters in `malloc.h`."""

LARGEST_ARRAY = 2**25
"""Bytes of an array above which it still goes back at once, the most that the library takes: blocks make none."""

MOST_KEPT = 2**30
"""Bytes at the end of the heap that may lie free."""


@cache
def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed, once a process; False where it is another one, which needs no telling.

    A block makes some thousand arrays of about half a megabyte. Linux' C library hands arrays of that size back to the
    system as soon as they are freed, so that every one of them begins with pages that the system has to clear first: a
    third of the time of a block. The most a process ever holds stays as it is; what it holds between two arrays does
    not shrink. Source: mallopt(3).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGEST_ARRAY) and mallopt(_M_TRIM_THRESHOLD, MOST_KEPT))
