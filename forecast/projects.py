"""What one investment does in time: machinery orders while it is built, output once it runs.

A build-up curve is evaluated only over the rows in which it moves in some draw; before them it is zero, after them one.
Whether a project comes true is news: what is under way at the origin, row 0, is there in every draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forecast import realisation
from forecast.channels import capital_goods_exports, cumulative_share, output_at_capacity
from forecast.draws import Array
from forecast.inputs import Inputs, Values
from forecast.plan import Plan, Project

Outcomes: TypeAlias = NDArray[np.bool_]
"""Whether a project comes true, `(n_draws,)`."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a project in each draw; dates on the quarter axis.

    Attributes:
        realised: whether it comes true.
        scale: realised over stated amount.
        slip: delay of production, quarters.
        start: of construction.
        production: start, delay included.
    """

    realised: Outcomes
    scale: Values
    slip: Values
    start: Values
    production: Values


def fate(plan: Plan, inputs: Inputs, project: Project, building: Values) -> Fate:
    """The fate of a project that takes `building` quarters to build."""
    start, planned = _planned_dates(inputs, project, building)
    slip = _slip(inputs, project)
    production = planned + slip
    if project.standing is None:
        production = np.maximum(production, start + 1.0)
    realised = _goes_ahead(plan, inputs, project, planned)
    return Fate(realised, _scale(inputs, project), slip, start, production)


def add_project(plan: Plan, inputs: Inputs, project: Project, capital_goods: Array, output: Array) -> None:
    """Add a project's Korean machinery and its output to running flows `(n_periods + 1, n_draws)`, bn USD a quarter."""
    known = inputs.values(project.coefficients)
    building = known["construction_quarters"]
    own = fate(plan, inputs, project, building)
    built = own.start + building if project.standing is not None else own.production
    capex = inputs.value(project.capex) * own.scale
    orders = capital_goods_exports(capex, known["machinery_share"], known["korean_machinery_share"])
    _add_orders(plan.origin, capital_goods, orders, own.realised, own.start, built)
    bought = [] if project.standing is None else [(inputs.value(project.standing) * own.scale, own.production)]
    for capital, begin in [(capex, built), *bought]:
        capacity = output_at_capacity(capital, known["output_per_capex"], known["utilisation"])
        _add_output(plan.origin, output, capacity, own.realised, begin, begin + known["ramp_quarters"])


def _goes_ahead(plan: Plan, inputs: Inputs, project: Project, planned: Values) -> Outcomes:
    """Whether a project planned to produce at `planned` comes true, `(n_draws,)`."""
    probability = _probability(inputs, project, planned - max(plan.origin + 1.0, project.announced))
    return np.asarray(inputs.streams.uniforms(f"investments.{project.id}.realised") < probability)


def _scale(inputs: Inputs, project: Project) -> Values:
    """Realised over stated amount."""
    if project.scale is not None:
        return inputs.value(project.scale)
    uniforms = inputs.streams.uniforms(f"investments.{project.id}.scale")
    return realisation.revision(uniforms, inputs.realisation["revision_spread"][project.outlook])


def _probability(inputs: Inputs, project: Project, wait: Values) -> Values:
    """Chance that a project comes true that is planned to produce in `wait` quarters."""
    if project.probability is not None:
        return inputs.value(project.probability)
    return realisation.survival(inputs.realisation["hazard"][project.outlook], wait / 4)


def _slip(inputs: Inputs, project: Project) -> Values:
    """Delay of production in quarters."""
    if project.slip is not None:
        return inputs.value(project.slip)
    uniforms = inputs.streams.uniforms(f"investments.{project.id}.slip")
    rows = inputs.realisation
    return realisation.slip(uniforms, rows["late"], rows["delay_shape"], rows["delay_scale"][project.outlook])


def _planned_dates(inputs: Inputs, project: Project, building: Values) -> tuple[Values, Values]:
    """Start of construction and planned start of production.

    A date not stated lies one building time from the other, though nothing is built before it is announced. A plant
    that was bought stands already, so its production does not wait for what is built on it.
    """
    stated = {
        name: inputs.value(date)
        for name, date in (("start", project.construction_start), ("production", project.production_start))
        if date is not None
    }
    start = stated["start"] if "start" in stated else np.maximum(stated["production"] - building, project.announced)
    return start, stated["production"] if "production" in stated else start + building


def _add_orders(origin: int, flow: Array, orders: Values, realised: Outcomes, start: Values, end: Values) -> None:
    """Spread `orders` over the quarters of construction in proportion to the capex of each."""
    first, last = _moving_rows(origin, len(flow), start, end)
    reached = cumulative_share(origin + np.arange(first, last + 1.0)[:, None], start, end)
    _add_news(flow, first, reached[1:] - reached[:-1], orders, realised)


def _add_output(origin: int, flow: Array, capacity: Values, realised: Outcomes, start: Values, end: Values) -> None:
    """Ramp output up to `capacity` between the dates and hold it there."""
    first, last = _moving_rows(origin, len(flow), start, end)
    middles = origin + 0.5 + np.arange(first, last)[:, None]
    _add_news(flow, first, cumulative_share(middles, start, end), capacity, realised)
    _add_news(flow, last, np.ones((len(flow) - last, 1)), capacity, realised)


def _add_news(flow: Array, first: int, share: Array, level: Values, realised: Outcomes) -> None:
    """Add shares of a level, by row from `first` on, in draws where the project is realised; at the origin in all."""
    flow[first : first + len(share)] += share * (level * realised)
    if first == 0 and len(share):
        flow[0] += share[0] * (level * ~realised)


def _moving_rows(origin: int, n_rows: int, start: Values, end: Values) -> tuple[int, int]:
    """Rows `[first, last)` outside of which a build-up between the dates stands still in every draw."""
    first = int(np.floor(np.min(start))) - origin
    last = int(np.ceil(np.max(end))) - origin
    first = min(max(first, 0), n_rows)
    return first, min(max(last, first), n_rows)
