"""Plants in one block: what each orders and makes, then buys, replaces and sends.

Whether a project comes true is news: what is under way up to the origin is there in every draw. Flows of plants begin
with the first quarter of the origin's year, so that a first year has its whole effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from forecast.dims import N_QUARTERS, Array
from forecast.economics import channels, realisation
from forecast.economics.channels import capital_goods_exports, cumulative_share, output_at_capacity, share_of_quarter
from forecast.economics.pipeline import pace, share_announced_later
from forecast.engine.announcements import Announcements, planned_dates
from forecast.engine.annual import Contribution, contribution, in_quarters, quarters_before
from forecast.engine.drivers import Economy
from forecast.engine.inputs import Input, Inputs, Outcomes, Values, picked_rows
from forecast.engine.plan import Group, Machinery, Pipeline, Plan, Project
from forecast.engine.policy import Duties
from forecast.engine.products import Flow, ProductExports
from forecast.engine.sourcing import Purchasing
from forecast.quarters import year_of

Piece: TypeAlias = tuple[int, Array]
"""A first row, and what is added to a flow `(n_periods + 1, n_draws)` from there on, bn USD a quarter."""


def add_pieces(flow: Array, pieces: Iterable[Piece]) -> None:
    """Add pieces to a running flow, one after another."""
    for first, added in pieces:
        flow[first : first + len(added)] += added


@dataclass(frozen=True, slots=True)
class Timeline:
    """Dates and size of a project in each draw; dates on the quarter axis.

    Attributes:
        realised: whether it goes ahead.
        scale: what is built here, over the stated amount.
        slip: delay of production, quarters.
        start: of construction.
        production: start, delay included.
    """

    realised: Outcomes
    scale: Values
    slip: Values
    start: Values
    production: Values


def timeline(inputs: Inputs, announcements: Announcements, project: Project) -> Timeline:
    """Dates and size of a project."""
    start, planned = planned_dates(inputs, project)
    slip = _slip(inputs, project)
    production = planned + slip
    if project.standing is None:
        production = np.maximum(production, start + 1.0)
    return Timeline(announcements.realised(project, planned), _scale(inputs, project), slip, start, production)


@dataclass(frozen=True, slots=True)
class Rows:
    """Quarters that the flows of a plant are worked out for.

    Attributes:
        begin: quarter of the first row.
        n_rows: number of quarters.
        n_observed: rows up to the origin, whatever becomes of the plan.
    """

    begin: int
    n_rows: int
    n_observed: int


@dataclass(frozen=True, slots=True)
class Activity:
    """Flows of one project, bn USD a quarter; pieces are not to be changed.

    Attributes:
        orders: Korean machinery, while it is built.
        output: what it makes, once it runs.
    """

    orders: tuple[Piece, ...]
    output: tuple[Piece, ...]


def activity(rows: Rows, inputs: Inputs, announcements: Announcements, project: Project, delay: Values) -> Activity:
    """Orders and output of a project; `delay` is the share of the building time before the first machines arrive."""
    known = inputs.values(project.coefficients)
    own = timeline(inputs, announcements, project)
    capex = inputs.value(project.capex) * own.scale

    # A plant that was bought stands already, so what is built on it starts to produce when it is finished.
    built = own.start + known["construction_quarters"] if project.standing is not None else own.production
    machinery = capital_goods_exports(capex, known["machinery_share"], known["korean_machinery_share"])
    orders = _orders(rows, machinery, own.realised, own.start + delay * (built - own.start), built)

    standing = [] if project.standing is None else [(inputs.value(project.standing) * own.scale, own.production)]
    output: list[Piece] = []
    for capital, begin in [(capex, built), *standing]:
        capacity = output_at_capacity(capital, known["output_per_capex"], known["utilisation"])
        output += _output(rows, capacity, own.realised, begin, begin + known["ramp_quarters"])
    if project.production_end is not None:
        output = [_until(rows, inputs.streams.n_draws, output, inputs.value(project.production_end))]
    return Activity(tuple(orders), tuple(output))


def _scale(inputs: Inputs, project: Project) -> Values:
    """Realised over stated amount, of the share that is built here."""
    scale = _own_scale(inputs, project) * project.share
    for cut in project.tie.cuts:
        if cut.scale is not None:
            scale = scale * inputs.value(cut.scale)
    return scale


def _own_scale(inputs: Inputs, project: Project) -> Values:
    if project.scale is not None:
        return inputs.value(project.scale)
    uniforms = inputs.streams.uniforms(f"investments.{project.id}.scale")
    rows = inputs.realisation
    return realisation.revision(uniforms, rows["revised"], rows["revision_spread"][project.outlook])


def _slip(inputs: Inputs, project: Project) -> Values:
    """Delay of production in quarters."""
    if project.slip is not None:
        return inputs.value(project.slip)
    uniforms = inputs.streams.uniforms(f"investments.{project.id}.slip")
    rows = inputs.realisation
    return realisation.slip(uniforms, rows["late"], rows["delay_shape"], rows["delay_scale"][project.outlook])


def _orders(rows: Rows, orders: Values, realised: Outcomes, start: Values, end: Values) -> Iterator[Piece]:
    """`orders` spread smoothly over the quarters in which machines arrive."""
    first, last = _moving_rows(rows, start, end)
    reached = cumulative_share(rows.begin + np.arange(first, last + 1.0)[:, None], start, end)
    return _realised(rows, first, last, reached[1:] - reached[:-1], orders, realised)


def _output(rows: Rows, capacity: Values, realised: Outcomes, start: Values, end: Values) -> Iterator[Piece]:
    """Output ramped up to `capacity` between the dates and held there."""
    first, last = _moving_rows(rows, start, end)
    middles = rows.begin + 0.5 + np.arange(first, last)[:, None]
    yield from _realised(rows, first, last, cumulative_share(middles, start, end), capacity, realised)
    yield from _realised(rows, last, rows.n_rows, np.ones((1, 1)), capacity, realised)


def _until(rows: Rows, n_draws: int, pieces: Iterable[Piece], end: Values) -> Piece:
    """Output up to a date."""
    output = np.zeros((rows.n_rows, n_draws))
    add_pieces(output, pieces)
    output *= share_of_quarter(rows.begin + np.arange(float(len(output)))[:, None], -np.inf, end)
    return 0, output


def _realised(rows: Rows, first: int, last: int, share: Array, level: Values, realised: Outcomes) -> Iterator[Piece]:
    """Shares of a level, by row from `first` to before `last`, where the project is realised; up to the origin in all.

    One row of shares stands for as many as there are.
    """
    yield first, np.broadcast_to(share * (level * realised), (last - first, len(realised)))
    observed = min(last, rows.n_observed) - first
    if observed > 0:
        yield first, np.broadcast_to(share[:observed] * (level * ~realised), (observed, len(realised)))


def _moving_rows(rows: Rows, start: Values, end: Values) -> tuple[int, int]:
    """Rows `[first, last)` outside of which a build-up between the dates stands still in every draw.

    A curve is evaluated over these alone: before them it is zero, after them one.
    """
    first = int(np.floor(np.min(start))) - rows.begin
    last = int(np.ceil(np.max(end))) - rows.begin
    first = min(max(first, 0), rows.n_rows)
    return first, min(max(last, first), rows.n_rows)


@dataclass(frozen=True, slots=True)
class Building:
    """Machinery and output of a group.

    Attributes:
        orders: Korean machinery while it is built, bn USD a quarter.
        replaced: Korean machinery in place of what wears out, under its duty.
        output: `(n_rows, n_draws)`, bn USD a quarter, from the first quarter of the origin's year on.
        contribution: of the output.
    """

    orders: tuple[Piece, ...]
    replaced: Contribution
    output: Array
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class Trade:
    """Trade of a group once it runs.

    Attributes:
        intermediates, returned: bought in Korea, and shipped there.
        displaced: exports replaced, however many there are.
        replaceable: output that may stand in for exports of Korea, by year, `(n_years, n_draws)`, bn USD.
    """

    intermediates: Contribution
    displaced: Contribution
    returned: Contribution
    replaceable: Array


WEAR = ("machinery_share", "korean_machinery_share", "output_per_capex", "utilisation")
"""Coefficients that say how much Korean machinery stands behind a dollar of output."""


class Plants:
    """Plants of one block, group by group.

    Args:
        plan: the compiled scenario.
        inputs: uncertain numbers of the block.
        duties: US duties on the flows of plants.
        economy: demand and the won, which plants share with the rest of trade.
    """

    def __init__(self, plan: Plan, inputs: Inputs, duties: Duties, economy: Economy) -> None:
        self.plan, self.inputs, self.duties, self.economy = plan, inputs, duties, economy
        self.announcements = Announcements(plan, inputs)
        self.n_before = quarters_before(plan)
        self.n_near = min(N_QUARTERS, plan.n_periods)

    @property
    def _machinery(self) -> Machinery:
        assert self.plan.machinery is not None  # there are plants
        return self.plan.machinery

    def prices(self, growth: Input) -> Array:
        """Prices by year over those of the origin's, `(n_years, n_draws)`."""
        rate = np.broadcast_to(self.inputs.value(growth), self.inputs.streams.n_draws)
        ahead = self.plan.years[0] - year_of(self.plan.origin)
        return channels.price_factors(rate, ahead + len(self.plan.years))[ahead:]

    @cached_property
    def purchasing(self) -> Purchasing:
        """Localization paths, worked out once a group buys."""
        rows = picked_rows(self.plan.rows["localization"], self.inputs.streams, "localization")
        return Purchasing(self.plan, self.inputs, rows)

    @cached_property
    def buildings(self) -> Sequence[Building]:
        """Machinery and output of each group."""
        return [self.building(group) for group in self.plan.groups]

    @cached_property
    def trades(self) -> Sequence[Trade]:
        """Trade of each group once it runs."""
        return [self.trade(group, building) for group, building in zip(self.plan.groups, self.buildings, strict=True)]

    def activity(self, project: Project) -> Activity:
        """Orders and output of one project."""
        n_before = self.n_before
        rows = Rows(self.plan.origin - n_before, n_before + self.plan.n_periods + 1, n_before + 1)
        delay = self.inputs.value(self._machinery.delay)
        return activity(rows, self.inputs, self.announcements, project, delay)

    def building(self, group: Group) -> Building:
        """Machinery and output of a group, whoever it buys from."""
        orders: list[Piece] = []
        made: dict[tuple[Input, ...], Array] = {}  # by what stands behind a dollar of output
        for project in group.projects:
            own = self.activity(project)
            orders += own.orders
            behind = tuple(project.coefficients[name] for name in WEAR)
            add_pieces(made.setdefault(behind, self.no_flow()), own.output)
        (first, output), *others = ((self.worn(behind), output) for behind, output in made.items())
        contribution = self.contribution(output)
        replaced = self._under_duty(output, contribution).times(self.plan, first)
        for worn, other in others:
            part = self.contribution(other)
            output, contribution = output + other, contribution + part
            replaced = replaced + self._under_duty(other, part).times(self.plan, worn)
        return Building(tuple(orders), replaced, output, contribution)

    def worn(self, behind: tuple[Input, ...]) -> Array:
        """Korean machinery that is replaced per USD of output, by year, from the coefficients `WEAR`."""
        share, korean, output_per_capex, utilisation = map(self.inputs.value, behind)
        worn = self.inputs.value(self._machinery.wear_rate) * channels.capital_in_use(
            1.0, output_per_capex, utilisation
        )
        return np.asarray(capital_goods_exports(worn, share, korean) * self._dearer)

    @cached_property
    def _dearer(self) -> Array:
        """Factor of machines that are replaced, by year, `(n_years, n_draws)`."""
        return self.prices(self._machinery.price_growth) * self.economy.purchases

    def no_flow(self) -> Array:
        """Zeros for the quarters of a flow of plants, `(n_rows, n_draws)`."""
        return np.zeros((self.n_before + self.plan.n_periods + 1, self.inputs.streams.n_draws))

    def no_contribution(self) -> Contribution:
        """Zeros by year and near quarter."""
        n_draws = self.inputs.streams.n_draws
        return Contribution(np.zeros((2, len(self.plan.years), n_draws)), np.zeros((self.n_near, n_draws)))

    def contribution(self, flow: Array, factor: Array | None = None) -> Contribution:
        """Effect and news of a flow of plants, `(n_rows, n_draws)`, under its duty."""
        return self._contribution(flow[self.n_before :], flow[: self.n_before], factor)

    def _contribution(self, flow: Array, before: Array, factor: Array | None) -> Contribution:
        return contribution(self.plan, flow, before, factor)

    def _under_duty(self, output: Array, untaxed: Contribution) -> Contribution:
        """Output as machines are ordered for it, where these pay a duty."""
        factor = self.duties.on_machinery()
        return untaxed if factor is None else self.contribution(output, factor)

    def ordered(self, buildings: Iterable[Building]) -> Array:
        """Machines bought in Korea for building, before duties, `(n_rows, n_draws)`, bn USD a quarter."""
        ordered = self.no_flow()
        for building in buildings:
            add_pieces(ordered, building.orders)
        return ordered

    def machinery(self, ordered: Array, buildings: Iterable[Building]) -> Contribution:
        """Machines bought in Korea, under their duty: for building, as `ordered`, and in place of worn ones."""
        replaced = sum((building.replaced for building in buildings), self.no_contribution())
        return replaced + self.contribution(ordered, self.duties.on_machinery())

    def still_to_come(self, ordered: Array) -> Array | None:
        """Machines of plants that nobody has announced yet, under their duty, `(n_periods, n_draws)`, bn USD a quarter.

        Plants are announced at the pace of investment, and order as those of today do: of what is `ordered` at the
        origin, their share a quarter ahead, at the pace of its year. None where the plan has none to come.
        """
        plan, pipeline, value = self.plan, self.plan.pipeline, self.inputs.value
        if pipeline is None:
            return None
        ahead = np.array(plan.years) - year_of(plan.origin)
        shocks = value(pipeline.spread) * self.inputs.streams.normals("future_announcements.pace", int(ahead[-1]))
        by_year = value(pipeline.scale) * pace(value(pipeline.usual), value(pipeline.persistence), shocks)[ahead]
        share, factor = self.announced_later(pipeline), self.duties.on_machinery()
        orders = ordered[self.n_before] * share * in_quarters(plan, by_year, plan.n_periods)
        return np.asarray(orders if factor is None else orders * factor[1:])

    def announced_later(self, pipeline: Pipeline) -> Array:
        """Share of the machines of each quarter ahead that plants order which are announced after the origin."""
        return share_announced_later(pipeline.leads, self.inputs.value(self._machinery.delay), self.plan.n_periods)

    def trade(self, group: Group, building: Building) -> Trade:
        """Purchases from Korea, exports displaced and shipments back of a group."""
        duties, early, output = self.duties, building.output[: self.n_before], building.output[self.n_before :]
        plan, prices = self.plan, self.prices(group.coefficients["price_growth"])
        demand, purchases = prices * self.economy.demand, prices * self.economy.purchases
        rates = self.inputs.values(group.coefficients)

        # Intermediates: a duty on what plants buy makes it dearer and moves them to local suppliers.
        korean_share = self.purchasing.korean_share(group, rates["korean_share"], duties.pressure(group.sector))
        bought = channels.intermediate_exports(output, rates["purchases_per_output"], korean_share)
        bought_early = channels.intermediate_exports(early, rates["purchases_per_output"], rates["korean_share"])
        intermediates = self._contribution(bought, bought_early, duties.on_inputs(group.sector))

        # Displacement: exports under a duty have less left to replace, and a plant that pays none replaces more.
        factor, dearer = duties.on_finished(group.sector), duties.rise_on_finished(group.sector)
        replaceable = building.contribution if factor is None else self._contribution(output, early, factor)
        rate, under_duty = rates["displacement_rate"], rates["tariff_displacement"]
        displaced = replaceable.times(plan, channels.displacement_under(group.duty, rate, under_duty) * demand)
        if dearer is not None:
            more = self._contribution(output * dearer, np.zeros_like(early), factor)
            displaced += more.times(plan, channels.displacement_under(1.0, 0.0, under_duty) * demand)
        return Trade(
            intermediates=intermediates.times(plan, purchases),
            displaced=displaced,
            returned=building.contribution.times(plan, rates["reverse_import_rate"] * demand),
            replaceable=replaceable.annual[0] * demand,
        )

    def displaced(
        self, groups: Iterable[Group], trades: Iterable[Trade], exports: ProductExports
    ) -> list[tuple[int, Contribution]]:
        """Exports that plants replace, by sector, with their product: of each no more than there are to replace.

        The exports of the baseline go without what plants replace at the origin already, so that it is the news that
        they bound.
        """
        by_sector: dict[str, list[tuple[Group, Trade]]] = {}
        for group, trade in zip(groups, trades, strict=True):
            by_sector.setdefault(group.sector, []).append((group, trade))
        return [
            (members[0][0].makes, self._displaced(sector, members, exports)) for sector, members in by_sector.items()
        ]

    def _displaced(self, sector: str, members: list[tuple[Group, Trade]], products: ProductExports) -> Contribution:
        first, *others = (trade.displaced for _, trade in members)
        wanted = sum(others, first)
        group = members[0][0]
        exports = group.share_of_product * self.duties.left_to_replace(sector, group.makes, products)
        if (wanted.annual[1] <= exports).all():
            return wanted
        kept = channels.share_kept(wanted.annual[1], exports)
        beyond = wanted.annual[1] * (1.0 - kept)
        return Contribution(wanted.annual - beyond, wanted.near * in_quarters(self.plan, kept, self.n_near))

    def change_of_purchases(self) -> Iterator[Flow]:
        """Purchases of existing affiliates in Korea less those on the fitted path, by product, bn USD a quarter.

        `(n_periods, n_draws)` each: the baseline holds what they buy, and that they move on the fitted path.
        """
        for existing in self.plan.existing:
            buyer = existing.buyer
            rates = self.inputs.values(buyer.coefficients)
            share = self.purchasing.korean_share(buyer, rates["korean_share"], self.duties.pressure(buyer.sector))
            moved = share - self.purchasing.fitted_share(rates["korean_share"])
            output = self.inputs.value(existing.output)
            bought = channels.intermediate_exports(output, rates["purchases_per_output"], moved)
            factor = self.duties.on_inputs(buyer.sector)
            paid = bought if factor is None else bought * factor
            dearer = self.prices(buyer.coefficients["price_growth"]) * self.economy.purchases
            yield buyer.buys, paid[1:] * in_quarters(self.plan, dearer, self.plan.n_periods)
