"""Tariffs and import commitments in one block: factors of exports by sector, and goods bought as promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from forecast.dims import Array
from forecast.economics import tariffs
from forecast.economics.channels import QUARTERS_PER_YEAR, share_of_quarter
from forecast.engine.inputs import Inputs, Outcomes, Values
from forecast.engine.plan import NEVER, Duty, Plan, Policy, Purchase, Taxed

MACHINERY = tariffs.REST
"""Sector whose duty machines pay, whatever plant they are for."""

FINISHED = dict.fromkeys(tariffs.WITHOUT_TRADE, tariffs.REST)
"""Sector whose duty the goods pay that a plant would replace, where that is not the plant's own."""

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
        self._weight = 0.0 if policy is None else inputs.value(policy.responses["weight_of_2026"])
        self._answers: dict[tuple[Answer, str], Array] = {}

    def change_of_exports(self) -> Array:
        """Change of Korea's exports to the US, a fraction of all, `(n_periods, n_draws)`, the origin left out."""
        change = np.zeros((len(self._time) - 1, self._inputs.streams.n_draws))
        for sector, taxed in self.taxed.items():
            early, late = taxed.shares
            factor = self._answer(export_factor, sector)
            change += (early + self._weight * (late - early)) * (factor[1:] - 1.0)
        return change

    def on_finished(self, sector: str, flow: Array) -> Array:
        """A flow of finished goods of a sector, under its duty."""
        return self._under(FINISHED.get(sector, sector), flow)

    def on_machinery(self, flow: Array) -> Array:
        """A flow of machines, under their duty."""
        return self._under(MACHINERY, flow)

    def on_inputs(self, sector: str, flow: Array) -> Array:
        """A flow of what plants of a sector buy in Korea, under the duty of that."""
        return self._under(INPUTS.get(sector, sector), flow)

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

    def _under(self, sector: str, flow: Array) -> Array:
        return tariffs.under_duty(flow, self._answer(export_factor, sector)) if sector in self.taxed else flow

    def _answer(self, answer: Answer, sector: str) -> Array:
        key = answer, sector
        if key not in self._answers:
            self._answers[key] = self.worked_out(answer, sector)
        return self._answers[key]


def export_factor(taxed: Taxed, inputs: Inputs, time: Array) -> Array:
    """Exports of a sector over those under the duties of the origin, the first of the quarters `time`."""
    price, quantity, pace = _targets((_log_price, _log_quantity, _pace), taxed, inputs, time)
    news = slice(-len(time), None)
    price, quantity = price[news], tariffs.adjusted(quantity, pace)[news]
    return np.asarray(np.exp(price - price[0] + quantity - quantity[0]))


def supply_pressure(taxed: Taxed, inputs: Inputs, time: Array) -> Array:
    """Multiplier of the odds of local supply, neutral at the origin."""
    points, pace = _targets((_points, _pace), taxed, inputs, time)
    points = tariffs.adjusted(points, pace)[-len(time) :]
    return np.asarray(np.exp(points - points[0]))


Answer: TypeAlias = Callable[[Taxed, Inputs, Array], Array]
"""`export_factor` or `supply_pressure`: of the duties on a sector, the inputs of the block and the quarters."""

Effect: TypeAlias = Callable[[float, Values, Mapping[str, Values]], Values]
"""Long-run effect of one rate in each draw: of the rate in force at the origin, the rate and the responses."""


def _targets(effects: tuple[Effect, ...], taxed: Taxed, inputs: Inputs, time: Array) -> list[Array]:
    """Each effect from the first duty followed to the last of the quarters `time`, `(n_rows, n_draws)` each."""
    rows = np.arange(taxed.first, time[-1, 0] + 1.0)[:, None]
    responses = inputs.values(taxed.responses)
    paths = [np.asarray(effect(taxed.regime, taxed.before, responses)) for effect in effects]
    for duty in taxed.duties:
        rate = inputs.value(duty.rate) + (taxed.regime if duty.added else 0.0)
        responses = inputs.values(duty.responses)
        start, comes = inputs.value(duty.start), _comes(inputs, duty)
        held = share_of_quarter(rows, start, inputs.value(duty.until)) * comes
        begun = share_of_quarter(rows, start, NEVER) * comes  # its pace is also that of the way back
        for index, effect in enumerate(effects):
            value = effect(taxed.regime, rate, responses)
            if not np.array_equal(paths[index], value):
                paths[index] = tariffs.over(paths[index], value, begun if effect is _pace else held)
    return [np.broadcast_to(path, (len(rows), inputs.streams.n_draws)) for path in paths]


def _log_price(regime: float, rate: Values, responses: Mapping[str, Values]) -> Values:
    return tariffs.log_price(tariffs.relative_change(rate, regime), responses["pass_through"])


def _log_quantity(regime: float, rate: Values, responses: Mapping[str, Values]) -> Values:
    relative = tariffs.relative_change(rate, regime)
    return tariffs.log_quantity(relative, responses["pass_through"], responses["elasticity"])


def _points(regime: float, rate: Values, responses: Mapping[str, Values]) -> Values:
    return responses["localization_response"] * 100.0 * (rate - regime)


def _pace(_regime: float, _rate: Values, responses: Mapping[str, Values]) -> Values:
    return tariffs.quarterly_adjustment(responses["adjustment"])


def _comes(inputs: Inputs, policy: Duty | Purchase) -> Outcomes | float:
    """Whether a policy comes; 1 where it is certain."""
    probability = inputs.value(policy.probability)
    certain = isinstance(probability, float) and probability == 1.0
    return 1.0 if certain else inputs.happens(policy.happens, probability)


def purchases(policy: Policy, inputs: Inputs, origin: int, n_periods: int) -> Array:
    """Goods bought beyond what would have been bought anyway, `(n_periods + 1, n_draws)`, bn USD a quarter.

    Row 0 is the origin, so that what flows then already is no news.
    """
    time = origin + np.arange(n_periods + 1.0)[:, None]
    bought = np.zeros((n_periods + 1, inputs.streams.n_draws))
    for purchase in policy.purchases:
        start, end = inputs.value(purchase.start), inputs.value(purchase.until)
        value = inputs.value(purchase.value)
        pace = value / (end - start) if purchase.total else value / QUARTERS_PER_YEAR
        additional = inputs.value(purchase.additionality) * inputs.value(purchase.fulfilment)
        bought += share_of_quarter(time, start, end) * (pace * additional * _comes(inputs, purchase))
    return bought
