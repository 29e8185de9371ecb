"""What tariffs and import commitments do in one block: factors of exports by sector, and goods bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecast import tariffs
from forecast.channels import QUARTERS_PER_YEAR
from forecast.draws import Array
from forecast.inputs import Input, Inputs, Values
from forecast.lever_plan import FINISHED, INPUTS, MACHINERY, NEVER, Duty, Levers, Purchase, Taxed


@dataclass(frozen=True, slots=True)
class Answer:
    """How exports of one sector answer to its duties, `(n_periods + 1, n_draws)`; row 0, the origin, is neutral.

    Attributes:
        factor: exports over what they would be under the regime of the origin.
        pressure: multiplier of the odds of local supply.
        shares: of Korea's exports, at either end of the composition.
    """

    factor: Array
    pressure: Array
    shares: tuple[float, ...]


class Duties:
    """Answers of all sectors under a duty in one block; a sector without one is untouched.

    Args:
        levers: tariffs of the plan, None for none.
        inputs: uncertain numbers of the block.
        origin: quarter index of the origin.
        n_periods: simulated quarters.
    """

    def __init__(self, levers: Levers | None, inputs: Inputs, origin: int, n_periods: int) -> None:
        taxed: Mapping[str, Taxed] = {} if levers is None else levers.taxed
        self._shape = (n_periods, inputs.streams.n_draws)
        self._weight = 0.0 if levers is None else inputs.value(levers.responses["weight_of_2026"])
        self._answers = {sector: _kept_answer(sector, item, inputs, origin, n_periods) for sector, item in taxed.items()}

    def change_of_exports(self) -> Array:
        """Change of Korea's exports to the US, a fraction of all, `(n_periods, n_draws)`, the origin left out."""
        change = np.zeros(self._shape)
        for answer in self._answers.values():
            early, late = answer.shares
            change += (early + self._weight * (late - early)) * (answer.factor[1:] - 1.0)
        return change

    def on_finished(self, sector: str, flow: Array) -> Array:
        """A flow of finished goods of a sector, under its duty."""
        return self._under(FINISHED.get(sector, sector), flow)

    def on_machinery(self, flow: Array) -> Array:
        """A flow of machines, under their duty."""
        return self._under(MACHINERY, flow)

    def on_inputs(self, sector: str, flow: Array) -> Array:
        """What plants of a sector buy in Korea, under the duty of that."""
        return self._under(INPUTS.get(sector, sector), flow)

    def pressure(self, sector: str) -> Array | None:
        """Multiplier of the odds of local supply to plants of a sector, None where there is no duty."""
        answer = self._answers.get(INPUTS.get(sector, sector))
        return None if answer is None else answer.pressure

    def _under(self, sector: str, flow: Array) -> Array:
        answer = self._answers.get(sector)
        return flow if answer is None else tariffs.under_duty(flow, answer.factor)


def _kept_answer(sector: str, taxed: Taxed, inputs: Inputs, origin: int, n_periods: int) -> Answer:
    """The answer of a sector as it was worked out last, where its duties are still the same; else one worked out now."""
    key = f"answer of {sector}"
    if key not in inputs.kept or inputs.kept[key][0] != taxed:
        inputs.kept[key] = taxed, _answer(taxed, inputs, origin, n_periods)
    answer: Answer = inputs.kept[key][1]
    return answer


def _answer(taxed: Taxed, inputs: Inputs, origin: int, n_periods: int) -> Answer:
    """What exports of a sector make of its duties after the origin, those that came before it still at work."""
    time = np.arange(taxed.first, origin + n_periods + 1.0)[:, None]
    price, quantity, points, pace = _targets(taxed, inputs, time)
    news = slice(origin - taxed.first, None)
    quantity, points = (tariffs.adjusted(target, pace)[news] for target in (quantity, points))
    price = price[news]
    return Answer(np.exp(price - price[0] + quantity - quantity[0]), np.exp(points - points[0]), taxed.shares)


def _targets(taxed: Taxed, inputs: Inputs, time: Array) -> list[Array]:
    """Log price, log quantity and log odds of local supply in the long run, and the pace, `(n_rows, n_draws)` each."""
    before = _effects(taxed, taxed.before, inputs.values(taxed.responses))
    paths = [np.zeros((len(time), inputs.streams.n_draws)) + effect for effect in before]
    for duty in taxed.duties:
        rate = inputs.value(duty.rate) + (taxed.regime if duty.added else 0.0)
        effects = _effects(taxed, rate, inputs.values(duty.responses))
        start, comes = inputs.value(duty.start), _comes(inputs, duty)
        held = tariffs.share_of_quarter(time, start, inputs.value(duty.until)) * comes
        begun = tariffs.share_of_quarter(time, start, NEVER) * comes  # its pace is also that of the way back
        shares = (held, held, held, begun)
        paths = [tariffs.over(*each) for each in zip(paths, effects, shares, strict=True)]
    return paths


def _effects(taxed: Taxed, rate: Values, responses: Mapping[str, Values]) -> tuple[Values, ...]:
    """The same of one rate, in each draw."""
    relative = tariffs.relative_change(rate, taxed.regime)
    passed = responses["pass_through"]
    return (
        tariffs.log_price(relative, passed),
        tariffs.log_quantity(relative, passed, responses["elasticity"]),
        responses["localization_response"] * 100.0 * (rate - taxed.regime),
        tariffs.quarterly_adjustment(responses["adjustment"]),
    )


def _comes(inputs: Inputs, lever: Duty | Purchase) -> Array | float:
    """1 in draws in which a lever comes, 0 in the others."""
    probability = inputs.value(lever.probability)
    if isinstance(probability, float) and probability == 1.0:
        return 1.0
    return np.asarray(inputs.streams.uniforms(lever.happens) < probability, dtype=float)


def purchases(levers: Levers, inputs: Inputs, origin: int, n_periods: int) -> Array:
    """Goods bought beyond what would have been bought anyway, `(n_periods + 1, n_draws)`, bn USD a quarter.

    Row 0 is the origin, so that what flows then already is no news.
    """
    time = origin + np.arange(n_periods + 1.0)[:, None]
    bought = np.zeros((n_periods + 1, inputs.streams.n_draws))
    for purchase in levers.purchases:
        start, end = inputs.value(purchase.start), inputs.value(purchase.until)
        value = inputs.value(purchase.value)
        pace = value / (end - start) if purchase.total else value / QUARTERS_PER_YEAR
        additional = inputs.value(purchase.additionality) * inputs.value(purchase.fulfilment)
        bought += tariffs.share_of_quarter(time, start, end) * (pace * additional * _comes(inputs, purchase))
    return bought
