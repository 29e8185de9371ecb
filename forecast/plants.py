"""What the plants of a plan build, and what they then buy, replace and send, group by group, in one block.

What a group gives is remembered with the grounds it rests on, so that a plan that leaves the group as it was, over the
same block, finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecast import channels
from forecast.draws import N_QUARTERS, Array
from forecast.duties import Duties
from forecast.fates import Fates
from forecast.groups import Group, Project
from forecast.inputs import Inputs
from forecast.plan import Plan
from forecast.projects import Piece, Works, add_pieces, works
from forecast.purchasing import Purchasing
from forecast.years import annual_news


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
