"""What the plants of a plan build, and what they then buy, replace and send, group by group, in one block.

What a group gives is remembered with the grounds it rests on, so that a plan that leaves the group as it was, over the
same block, finds it.

Whether each project goes ahead, in every draw of a block, and when it is planned to produce.

An announcement goes ahead if its own draw says so, all that it requires do, none that it excludes does, and the
programmes it belongs to survive; or, with the fate of another, exactly when that one does. Of an announcement in phases
every phase is decided with the same draw, so that a plant given up early loses the later phases first; for others it
went ahead if any phase did. Ties form no circle (that is `links`), so each fate is settled from those before it.

What one investment does in time: machinery orders while it is built, output once it runs.

A build-up curve is evaluated only over the rows in which it moves in some draw; before them it is zero, after them one.
Whether a project comes true is news: what is under way at the origin, row 0, is there in every draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forecast.dims import N_QUARTERS, Array
from forecast.economics import channels, realisation
from forecast.economics.channels import capital_goods_exports, cumulative_share, output_at_capacity, share_of_quarter
from forecast.engine.inputs import Inputs, Outcomes, Values
from forecast.engine.plan import Cut, Group, Plan, Project, annual_news
from forecast.engine.policy import Duties
from forecast.engine.sourcing import Purchasing


class Fates:
    """Fates of one block, each worked out when it is asked for.

    Args:
        plan: the compiled scenario.
        inputs: uncertain numbers of the block.
    """

    def __init__(self, plan: Plan, inputs: Inputs) -> None:
        self._origin = plan.origin
        self._inputs = inputs
        self._projects: dict[str, list[Project]] = {}
        for group in plan.groups:
            for project in group.projects:
                self._projects.setdefault(project.id, []).append(project)
        self._announced: dict[str, Outcomes] = {}

    def realised(self, project: Project, planned: Values) -> Outcomes:
        """Whether a project planned to produce at `planned` goes ahead, `(n_draws,)`."""
        tie = project.tie
        realised = self._announcement(tie.same_as) if tie.same_as is not None else self._own(project, planned)
        for id in tie.requires:
            realised = realised & self._announcement(id)
        for id in tie.excludes:
            realised = realised & ~self._announcement(id)
        for cut in tie.cuts:
            realised = realised & self._survives(cut)
        if project.chance is not None:
            realised = realised & self._inputs.happens(f"{project.stream}.realised", self._inputs.value(project.chance))
        return realised

    def chance(self, id: str) -> float:
        """Mean chance that an announcement goes ahead by its own draw, in any of its phases, whatever it hangs on."""
        phases = [
            self._probability(project, self._wait(project, planned_dates(self._inputs, project)[1]))
            for project in self._projects[id]
        ]
        return float(np.mean(np.max(np.broadcast_arrays(*phases), axis=0)))

    def behind(self, project: Project) -> Iterator[Project]:
        """Projects on which its fate hangs, and those on which theirs do."""
        named = (*project.tie.requires, *project.tie.excludes, *filter(None, [project.tie.same_as]))
        for other in (other for id in named for other in self._projects[id]):
            yield other
            yield from self.behind(other)

    def _own(self, project: Project, planned: Values) -> Outcomes:
        probability = self._probability(project, self._wait(project, planned))
        return self._inputs.happens(f"investments.{project.id}.realised", probability)

    def _wait(self, project: Project, planned: Values) -> Values:
        """Quarters in which it may still be given up before it is planned to produce."""
        return planned - max(self._origin + 1.0, project.announced)

    def _probability(self, project: Project, wait: Values) -> Values:
        """Chance that a project comes true that is planned to produce in `wait` quarters."""
        if project.probability is not None:
            return self._inputs.value(project.probability)
        return realisation.survival(self._inputs.realisation["hazard"][project.outlook], wait / 4)

    def _survives(self, cut: Cut) -> Outcomes:
        if cut.probability is None:
            return np.ones(self._inputs.streams.n_draws, dtype=bool)
        return self._inputs.happens(f"{cut.stream}.realised", self._inputs.value(cut.probability))

    def _announcement(self, id: str) -> Outcomes:
        """Whether an announcement goes ahead, in any of its phases."""
        if id not in self._announced:
            phases = [self.realised(project, planned_dates(self._inputs, project)[1]) for project in self._projects[id]]
            self._announced[id] = np.any(phases, axis=0)
        return self._announced[id]


def planned_dates(inputs: Inputs, project: Project) -> tuple[Values, Values]:
    """Start of construction and planned start of production.

    A date not stated lies one building time from the other, though nothing is built before it is announced. A plant
    that was bought stands already, so its production does not wait for what is built on it.
    """
    building = inputs.value(project.coefficients["construction_quarters"])
    stated = {
        name: inputs.value(date)
        for name, date in (("start", project.construction_start), ("production", project.production_start))
        if date is not None
    }
    start = stated["start"] if "start" in stated else np.maximum(stated["production"] - building, project.announced)
    return start, stated["production"] if "production" in stated else start + building


Piece: TypeAlias = tuple[int, Array]
"""A first row, and what is added to a flow `(n_periods + 1, n_draws)` from there on, bn USD a quarter."""


def add_pieces(flow: Array, pieces: Iterable[Piece]) -> None:
    """Add pieces to a running flow, one after another."""
    for first, added in pieces:
        flow[first : first + len(added)] += added


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a project in each draw; dates on the quarter axis.

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


def course(inputs: Inputs, fates: Fates, project: Project) -> Course:
    """What becomes of a project."""
    start, planned = planned_dates(inputs, project)
    slip = _slip(inputs, project)
    production = planned + slip
    if project.standing is None:
        production = np.maximum(production, start + 1.0)
    return Course(fates.realised(project, planned), _scale(inputs, project), slip, start, production)


@dataclass(frozen=True, slots=True)
class Works:
    """What a project gives, bn USD a quarter; pieces are not to be changed.

    Attributes:
        orders: Korean machinery, while it is built.
        output: what it makes, once it runs.
    """

    orders: tuple[Piece, ...]
    output: tuple[Piece, ...]


def works(origin: int, n_rows: int, inputs: Inputs, fates: Fates, project: Project) -> Works:
    """What a project orders and makes in the `n_rows` quarters from the origin on."""
    known = inputs.values(project.coefficients)
    own = course(inputs, fates, project)
    built = own.start + known["construction_quarters"] if project.standing is not None else own.production
    capex = inputs.value(project.capex) * own.scale
    orders = capital_goods_exports(capex, known["machinery_share"], known["korean_machinery_share"])
    made: list[Piece] = []
    bought = [] if project.standing is None else [(inputs.value(project.standing) * own.scale, own.production)]
    for capital, begin in [(capex, built), *bought]:
        capacity = output_at_capacity(capital, known["output_per_capex"], known["utilisation"])
        made += _output(origin, n_rows, capacity, own.realised, begin, begin + known["ramp_quarters"])
    if project.production_end is not None:
        made = [_until(origin, (n_rows, inputs.streams.n_draws), made, inputs.value(project.production_end))]
    return Works(tuple(_orders(origin, n_rows, orders, own.realised, own.start, built)), tuple(made))


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


def _orders(
    origin: int, n_rows: int, orders: Values, realised: Outcomes, start: Values, end: Values
) -> Iterator[Piece]:
    """`orders` spread over the quarters of construction in proportion to the capex of each."""
    first, last = _moving_rows(origin, n_rows, start, end)
    reached = cumulative_share(origin + np.arange(first, last + 1.0)[:, None], start, end)
    return _news(first, last, reached[1:] - reached[:-1], orders, realised)


def _output(
    origin: int, n_rows: int, capacity: Values, realised: Outcomes, start: Values, end: Values
) -> Iterator[Piece]:
    """Output ramped up to `capacity` between the dates and held there."""
    first, last = _moving_rows(origin, n_rows, start, end)
    middles = origin + 0.5 + np.arange(first, last)[:, None]
    yield from _news(first, last, cumulative_share(middles, start, end), capacity, realised)
    yield from _news(last, n_rows, np.ones((1, 1)), capacity, realised)


def _until(origin: int, shape: tuple[int, int], made: Iterable[Piece], end: Values) -> Piece:
    """Output up to a date."""
    output = np.zeros(shape)
    add_pieces(output, made)
    output *= share_of_quarter(origin + np.arange(float(len(output)))[:, None], -np.inf, end)
    return 0, output


def _news(first: int, last: int, share: Array, level: Values, realised: Outcomes) -> Iterator[Piece]:
    """Shares of a level, by row from `first` to before `last`, in draws where the project is realised.

    At the origin, row 0, in all.
    """
    yield first, np.broadcast_to(share * (level * realised), (last - first, len(realised)))
    if first == 0 and last:
        yield 0, share[:1] * (level * ~realised)


def _moving_rows(origin: int, n_rows: int, start: Values, end: Values) -> tuple[int, int]:
    """Rows `[first, last)` outside of which a build-up between the dates stands still in every draw."""
    first = int(np.floor(np.min(start))) - origin
    last = int(np.ceil(np.max(end))) - origin
    first = min(max(first, 0), n_rows)
    return first, min(max(last, first), n_rows)


@dataclass(frozen=True, slots=True)
class Building:
    """What a group builds.

    Attributes:
        orders: Korean machinery, bn USD a quarter.
        output: what it makes, `(n_periods + 1, n_draws)`, bn USD a quarter.
        annual: news of that by year, `(n_years, n_draws)`, bn USD.
    """

    orders: tuple[Piece, ...]
    output: Array
    annual: Array


@dataclass(frozen=True, slots=True)
class Trade:
    """What a group changes once it runs.

    Attributes:
        intermediates, displaced, returned: news by year, `(n_years, n_draws)`, bn USD.
        exports, imports: at the origin and in the first quarters after it, `(n_quarters + 1, n_draws)`, bn USD.
    """

    intermediates: Array
    displaced: Array
    returned: Array
    exports: Array
    imports: Array


class Plants:
    """Groups of one block.

    Args:
        plan: the compiled scenario.
        inputs: uncertain numbers of the block.
        duties: what US duties make of the flows of plants.
        rows: joint rows of the localization model, see `Purchasing`.
    """

    def __init__(self, plan: Plan, inputs: Inputs, duties: Duties, rows: Mapping[str, Array]) -> None:
        self._plan, self._inputs, self._duties = plan, inputs, duties
        self._fates = Fates(plan, inputs)
        self._purchasing = Purchasing(plan, inputs, rows)

    def machinery(self) -> Array:
        """Korean machinery that all groups order, `(n_periods + 1, n_draws)`, bn USD a quarter; not to be changed."""
        grounds = tuple(map(self._building_grounds, self._plan.groups))
        return self._inputs.remembered(Building, grounds, self._ordered)

    def _ordered(self) -> Array:
        flow = np.zeros((self._plan.n_periods + 1, self._inputs.streams.n_draws))
        for group in self._plan.groups:
            add_pieces(flow, self.building(group).orders)
        return flow

    def building(self, group: Group) -> Building:
        """What a group builds, whoever it buys from."""
        return self._inputs.remembered(
            (Building, group.projects[0].id), self._building_grounds(group), lambda: self._built(group)
        )

    def trade(self, group: Group) -> Trade:
        """What it buys from Korea, replaces of its exports and sends there."""
        grounds = group, self._building_grounds(group), self._plan.path, self._duties.grounds(group.sector)
        return self._inputs.remembered((Trade, group.projects[0].id), grounds, lambda: self._traded(group))

    def _building_grounds(self, group: Group) -> tuple[object, ...]:
        return tuple(map(self._grounds, group.projects))

    def _built(self, group: Group) -> Building:
        output = np.zeros((self._plan.n_periods + 1, self._inputs.streams.n_draws))
        orders: list[Piece] = []
        for project in group.projects:
            done = self._works(project)
            orders += done.orders
            add_pieces(output, done.output)
        return Building(tuple(orders), output, annual_news(self._plan, output))

    def _works(self, project: Project) -> Works:
        """What one project orders and makes."""
        plan, inputs = self._plan, self._inputs
        return inputs.remembered(
            (Works, project.stream),
            self._grounds(project),
            lambda: works(plan.origin, plan.n_periods + 1, inputs, self._fates, project),
        )

    def _grounds(self, project: Project) -> tuple[object, ...]:
        """The project, those its fate hangs on, and where what was learned of them stands."""
        return project, tuple(self._fates.behind(project)), self._plan.outlooks

    def _traded(self, group: Group) -> Trade:
        plan, duties, building = self._plan, self._duties, self.building(group)
        near = slice(min(N_QUARTERS, plan.n_periods) + 1)
        rates = self._inputs.values(group.coefficients)
        korean_share = self._purchasing.korean_share(group, rates["korean_share"], duties.pressure(group.sector))
        bought = channels.intermediate_exports(building.output, rates["purchases_per_output"], korean_share)
        bought = duties.on_inputs(group.sector, bought)
        replaced = duties.on_finished(group.sector, building.output)
        news = building.annual if replaced is building.output else annual_news(plan, replaced)
        return Trade(
            intermediates=annual_news(plan, bought),
            displaced=channels.displaced_exports(news, rates["displacement_rate"]),
            returned=channels.reverse_imports(building.annual, rates["reverse_import_rate"]),
            exports=bought[near] - channels.displaced_exports(replaced[near], rates["displacement_rate"]),
            imports=channels.reverse_imports(building.output[near], rates["reverse_import_rate"]),
        )
