"""What one investment does in time: machinery orders while it is built, output once it runs.

A build-up curve is evaluated only over the rows in which it moves in some draw; before them it is zero, after them one.
Whether a project comes true is news: what is under way at the origin, row 0, is there in every draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forecast import realisation
from forecast.channels import capital_goods_exports, cumulative_share, output_at_capacity, share_of_quarter
from forecast.draws import Array
from forecast.fates import Fates, planned_dates
from forecast.groups import Project
from forecast.inputs import Inputs, Outcomes, Values

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
