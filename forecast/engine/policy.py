"""Tariffs and import commitments in one block: factors of exports by sector, and goods bought as promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.economics import tariffs
from forecast.economics.channels import QUARTERS_PER_YEAR, share_of_quarter
from forecast.economics.tariffs import EXTENT, FINISHED, PACE
from forecast.engine.inputs import Input, Inputs, Outcomes, Values
from forecast.engine.plan import NEVER, Duty, Plan, Policy, Purchase, Taxed
from forecast.engine.products import ProductExports

MACHINERY = tariffs.REST
"""Sector whose duty machines pay, whatever plant they are for."""

INPUTS = FINISHED | {"autos": "auto_parts", "batteries": "battery_materials"}
"""Sector whose duty the Korean purchases of a plant pay, where that is not the plant's own."""


class Duties:
    """Answers of trade to duties in one block, each worked out once; a sector without one is untouched.

    Args:
        plan: the compiled scenario.
        inputs: uncertain numbers of the block.

    Attributes:
        taxed: duties by sector.
    """

    def __init__(self, plan: Plan, inputs: Inputs) -> None:
        policy = plan.policy
        self.taxed: Mapping[str, Taxed] = {} if policy is None else policy.taxed
        self._inputs = inputs
        self._time = plan.origin + np.arange(plan.n_periods + 1.0)[:, None]
        self._weight = 0.0 if policy is None else inputs.value(policy.weight)
        self._answers: dict[tuple[Answer, str], Array] = {}
        self._factors: dict[str, Array] = {}

    def change_of_exports(self, products: ProductExports) -> Iterator[tuple[int, Array, Array]]:
        """Product that pays, and the change of Korea's exports of it to the US, the origin left out.

        Two changes, `(n_periods, n_draws)` each, bn USD a quarter, US Census basis: against the duties of the origin,
        and of what is then exported against the duties before the first that is followed.
        """
        changes: dict[int, tuple[Array, Array]] = {}
        for sector, taxed in self.taxed.items():
            whole = self._answer(exports_over_before, sector)
            under = self._factor(sector)[1:]
            lost, to_date = under - 1.0, under - 1.0 / whole[0]
            early, late = taxed.within
            for product in np.flatnonzero(early + late).tolist():
                part = early[product] + self._weight * (late[product] - early[product])
                so_far = changes.get(product, (0.0, 0.0))
                changes[product] = so_far[0] + part * lost, so_far[1] + part * to_date
        for product in sorted(changes):
            exports = products.quarterly(product)
            yield product, exports * changes[product][0], exports * changes[product][1]

    def on_finished(self, sector: str) -> Array | None:
        """Factor of a flow of finished goods of a sector under its duty; this and the next two as `factor`."""
        return self.factor(FINISHED.get(sector, sector))

    def on_inputs(self, sector: str) -> Array | None:
        """Factor of what plants of a sector buy in Korea under the duty of that."""
        return self.factor(INPUTS.get(sector, sector))

    def on_machinery(self) -> Array | None:
        """Factor of machines under their duty."""
        return self.factor(MACHINERY)

    def factor(self, sector: str) -> Array | None:
        """Exports of a sector over those under the duties of the origin, `(n_periods + 1, n_draws)`; None without."""
        return self._factor(sector) if sector in self.taxed else None

    def left_to_replace(self, sector: str, product: int, products: ProductExports) -> Array:
        """Exports of a product after the origin by year, under the duty on the finished goods of a sector."""
        factor = self.on_finished(sector)
        return products.after_origin(product, 1.0 if factor is None else factor[1:])

    def rise_on_finished(self, sector: str) -> Array | None:
        """Duty on finished goods of a sector less that at the origin, `(n_periods + 1, n_draws)`, if any."""
        sector = FINISHED.get(sector, sector)
        return self._answer(rise_of_duty, sector) if sector in self.taxed else None

    def pressure(self, sector: str) -> Array | None:
        """Multiplier of the odds of local supply to plants of a sector, None where there is no duty."""
        sector = INPUTS.get(sector, sector)
        return self._answer(supply_pressure, sector) if sector in self.taxed else None

    def on_plants(self, sector: str) -> tuple[Taxed | None, ...]:
        """Duties on what plants of a sector buy and replace."""
        return tuple(self.taxed.get(names.get(sector, sector)) for names in (INPUTS, FINISHED))

    def worked_out(self, answer: Answer, sector: str) -> Array:
        """An answer to the duties on a sector, `(n_periods + 1, n_draws)`."""
        return answer(self.taxed[sector], self._inputs, self._time)

    def _factor(self, sector: str) -> Array:
        if sector not in self._factors:
            whole = self._answer(exports_over_before, sector)
            self._factors[sector] = whole / whole[0]
        return self._factors[sector]

    def _answer(self, answer: Answer, sector: str) -> Array:
        key = answer, sector
        if key not in self._answers:
            self._answers[key] = self.worked_out(answer, sector)
        return self._answers[key]


def exports_over_before(taxed: Taxed, inputs: Inputs, time: Array) -> Array:
    """Exports of a sector over those under the duty before all that are followed, in each of the quarters `time`."""
    price, quantity, pace = _targets((_log_price, _log_quantity, _pace), taxed, inputs, time)
    quantity = tariffs.adjusted(quantity, pace)
    news = slice(-len(time), None)
    return np.asarray(np.exp(price[news] - price[0] + quantity[news] - quantity[0]))


def supply_pressure(taxed: Taxed, inputs: Inputs, time: Array) -> Array:
    """Multiplier of the odds of local supply, neutral at the origin."""
    points, pace = _targets((_points, _pace), taxed, inputs, time)
    points = tariffs.adjusted(points, pace)[-len(time) :]
    return np.asarray(np.exp(points - points[0]))


def rise_of_duty(taxed: Taxed, inputs: Inputs, time: Array) -> Array:
    """Duty on a sector in each quarter less that at the origin."""
    (rise,) = _targets((_rise,), taxed, inputs, time)
    return np.asarray(rise[-len(time) :])


Answer: TypeAlias = Callable[[Taxed, Inputs, Array], Array]
"""`exports_over_before`, `supply_pressure` or `rise_of_duty`: of duties on a sector, inputs of a block, quarters."""


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """What holds at a moment of each draw, `(n_draws,)` each.

    Attributes:
        rate: duty on Korea, a fraction.
        rivals: what is added to the duty of rivals abroad.
        responses: to both, by name.
    """

    rate: Array
    rivals: Values
    responses: Mapping[str, Array]


Effect: TypeAlias = Callable[[float, _Held], Values]
"""Long-run effect in each draw of what holds, with the rate in force at the origin."""


def _targets(effects: tuple[Effect, ...], taxed: Taxed, inputs: Inputs, time: Array) -> Array:
    """Each effect from the first duty followed to the last of the quarters `time`, `(n_effects, n_rows, n_draws)`.

    A quarter in which one duty hands over to another has the mean of both, by the share of it that each holds.
    """
    rows = np.arange(taxed.first, time[-1, 0] + 1.0)[:, None]
    timeline = _timeline(taxed, inputs, time[0, 0] + 1.0)
    paths = np.zeros((len(effects), len(rows), inputs.streams.n_draws))
    for left, right in pairwise(timeline.edges(rows[0, 0], rows[-1, 0] + 1.0)):
        touched = slice(floor(left.min() - taxed.first), ceil(right.max() - taxed.first))
        share = share_of_quarter(rows[touched], left, right)
        held = timeline.at(left)
        for path, effect in zip(paths, effects, strict=True):
            path[touched] += share * effect(taxed.regime, held)
    return paths


_Span: TypeAlias = tuple[Values, Values, Values]
"""Start and end on the quarter axis of something that is added while it holds, and its size."""


@dataclass(frozen=True, slots=True, eq=False)
class _Timeline:
    """Duties on the goods of one sector in every draw of a block: which holds when, and how it is answered.

    A row is a duty, `(n_duties, n_draws)`, in the order in which they give way: of those that hold at a moment the last
    takes the place of the others. The first row is the duty before all others, which always holds.

    Attributes:
        start: date from which a duty holds, `NEVER` in draws in which it does not come.
        until: date at which it ends.
        rate: the duty, a fraction.
        responses: by name.
        stacked: start, end and rate of duties that are added to the one that holds.
        rivals: start, end and size of what is added to the duty of rivals abroad, whichever duty holds.
        dates: every date at which one begins or ends.
    """

    start: Array
    until: Array
    rate: Array
    responses: Mapping[str, Array]
    stacked: tuple[_Span, ...]
    rivals: tuple[_Span, ...]
    dates: tuple[Values, ...]

    def edges(self, first: float, end: float) -> Array:
        """Dates between two others and these two, in order, `(n_dates, n_draws)`, or one draw where all are known."""
        known = {min(max(date, first), end) for date in (first, end, *self.dates) if isinstance(date, float)}
        drawn = [date.clip(first, end) for date in self.dates if not isinstance(date, float)]
        return np.sort(np.array(np.broadcast_arrays(*(np.array([date]) for date in known), *drawn)), axis=0)

    def at(self, moment: Array) -> _Held:
        """What holds at a moment of each draw."""
        begun = self.start <= moment
        holder = _last(begun & (moment < self.until))
        (rate,) = _picked(self.rate, holder)
        rate = rate + _added(self.stacked, moment)
        # The way back from a duty that has ended has its pace.
        rows = dict.fromkeys(self.responses, holder) | {PACE: _last(begun)}
        responses = {name: _picked(values, rows[name])[0] for name, values in self.responses.items()}
        return _Held(rate, _added(self.rivals, moment), responses)


def _added(spans: tuple[_Span, ...], moment: Array) -> Values:
    """Sum of what holds at a moment of each draw."""
    parts = (np.where((start <= moment) & (moment < until), points, 0.0) for start, until, points in spans)
    return sum(parts, start=0.0)


def _timeline(taxed: Taxed, inputs: Inputs, end_of_origin: float) -> _Timeline:
    """The duties on a sector in order; those that began before the origin ended have one answer, see `EXTENT`."""
    duties = [duty for duty in taxed.duties if not duty.stacks]
    starts = [_start(duty, inputs) for duty in duties]
    ends = [inputs.value(duty.until) for duty in duties]
    rates = [inputs.value(duty.rate) + (taxed.regime if duty.added else 0.0) for duty in duties]
    stacked = _spans(((duty, duty.rate) for duty in taxed.duties if duty.stacks), inputs)
    rivals = _spans(((duty, duty.rivals) for duty in taxed.duties if duty.rivals is not None), inputs)

    def across(*values: Values) -> Array:
        return np.array([np.broadcast_to(value, inputs.streams.n_draws) for value in values], dtype=float)

    # Tariffs stand above the record and a later one above an earlier one; of two that begin at once, the higher.
    start, until, rate = across(-np.inf, *starts), across(NEVER, *ends), across(taxed.before, *rates)
    tariff = across(0.0, *(float(not duty.of_record) for duty in duties))
    order = np.lexsort((rate, start, tariff), axis=0)
    start, until, rate = (_picked(values, order) for values in (start, until, rate))

    past = start < end_of_origin
    shared, own = inputs.values(taxed.responses), [inputs.values(duty.responses) for duty in duties]
    responses = {}
    for name in (*EXTENT, PACE):
        answer = _picked(across(shared[name], *(values[name] for values in own)), order)
        if name in EXTENT:
            says = across(1.0, *(float(duty.responses[name] != taxed.responses[name]) for duty in duties))
            answer = np.where(past, _picked(answer, _last(past & (_picked(says, order) > 0.0))), answer)
        responses[name] = answer
    dates = (date for start, until, _ in stacked for date in (start, until))
    return _Timeline(start, until, rate, responses, stacked, rivals, (*starts, *ends, *dates))


def _spans(sizes: Iterable[tuple[Duty, Input]], inputs: Inputs) -> tuple[_Span, ...]:
    return tuple((_start(duty, inputs), inputs.value(duty.until), inputs.value(size)) for duty, size in sizes)


def _start(duty: Duty, inputs: Inputs) -> Values:
    """When a duty begins, `NEVER` in draws in which it does not come."""
    start, comes = inputs.value(duty.start), _comes(inputs, duty)
    return start if isinstance(comes, float) else np.where(comes, start, NEVER)


def _last(holds: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The last row that holds in each draw, `(1, n_draws)`."""
    return np.asarray(len(holds) - 1 - holds[::-1].argmax(axis=0, keepdims=True))


def _picked(values: Array, rows: NDArray[np.intp]) -> Array:
    """Rows of `values` in the order of each draw, in the shape of `rows`."""
    if (rows == rows[:, :1]).all():  # as where all dates are known: several times faster
        return values[rows[:, 0]]
    return np.take_along_axis(values, rows, axis=0)


def _log_price(regime: float, held: _Held) -> Values:
    return tariffs.log_price(tariffs.relative_change(held.rate, regime), held.responses["pass_through"])


def _log_quantity(regime: float, held: _Held) -> Values:
    passed, elasticity = held.responses["pass_through"], held.responses["elasticity"]
    lost = tariffs.log_quantity(tariffs.relative_change(held.rate, regime), passed, elasticity)
    return lost + tariffs.log_diversion(held.rivals, passed, elasticity, held.responses["substitution"])


def _rise(regime: float, held: _Held) -> Values:
    return held.rate - regime


def _points(regime: float, held: _Held) -> Values:
    return held.responses["localization_response"] * 100.0 * (held.rate - regime)


def _pace(_regime: float, held: _Held) -> Values:
    return tariffs.quarterly_adjustment(held.responses["adjustment"])


def _comes(inputs: Inputs, policy: Duty | Purchase) -> Outcomes | float:
    """Whether a policy comes; 1 where it is certain."""
    probability = inputs.value(policy.probability)
    certain = isinstance(probability, float) and probability == 1.0
    return 1.0 if certain else inputs.happens(policy.happens, probability)


def purchases(policy: Policy, inputs: Inputs, origin: int, n_periods: int) -> Array:
    """Goods bought beyond what would have been bought anyway, `(n_periods + 1, n_draws)`, bn USD a quarter.

    Row 0 is the origin, so that what flows then already is no news; it flows whether or not the rest comes.
    """
    time = origin + np.arange(n_periods + 1.0)[:, None]
    bought = np.zeros((n_periods + 1, inputs.streams.n_draws))
    for purchase in policy.purchases:
        start, end = inputs.value(purchase.start), inputs.value(purchase.until)
        value = inputs.value(purchase.value)
        pace = value / (end - start) if purchase.total else value / QUARTERS_PER_YEAR
        additional = inputs.value(purchase.additionality) * inputs.value(purchase.fulfilment)
        flow = share_of_quarter(time, start, end) * (pace * additional)
        bought[0] += flow[0]
        bought[1:] += flow[1:] * _comes(inputs, purchase)
    return bought
