"""Growth of the drivers where a scenario states their path.

A stated path is imposed, not observed: the driver it names is moved, and the draws of the others stay as they are,
though their shocks are correlated. With v the logarithm of what is stated, for each period and driver

    growth = keep * fitted growth + weights @ v

| form      | v                                | keep                     | weights                                   |
|-----------|----------------------------------|--------------------------|-------------------------------------------|
| levels    | log(level / level at the origin) | 0 up to the last quarter | growth of a path linear between them      |
| growth    | log(1 + rate)                    | 0 in its quarters        | 1/4 in its quarters                       |
| deviation | log(1 + size)                    | 1                        | 1 in its first quarter, -1 after its last |

so that the fitted process takes over where nothing is stated, from wherever the path has led. What a path does to
the running quarter is weighed against the months known of it, as any shock of it is: they hold most of it already.

What moves flows and drivers off their course at a date: the baseline as it would be, and then the shock.

A shock in force for a share of a quarter acts on the quarter in that proportion, one that fades by its mean over the
quarter. It counts as part of the baseline, not as an effect of investment. A size multiplies a flow on either book
alike; an amount is the same dollars on both, as the flows of investments are, and is added after the bridge between
them. On a driver a size multiplies its level, whatever path that has, and trade responds as it does to any move of the
driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from forecast.dims import Array
from forecast.economics.channels import QUARTERS_PER_YEAR, share_of_quarter
from forecast.economics.uncertain_inputs import DRIVER_NAMES
from forecast.engine.annual import annual_means, running_totals
from forecast.engine.inputs import Inputs, Stated, Values
from forecast.engine.plan import Condition, Plan, Shock

_US_OUTPUT, _WON, _ = range(len(DRIVER_NAMES))


class Economy:
    """What plants share with the rest of trade: demand and the won.

    Plants meet US output and the won as all exports do, by the fitted responses: what they make moves with US output,
    and what they buy in Korea with the won as well. Their own pace is that of their dates and prices, so that only
    what drivers are beside their usual pace moves them.

    Args:
        plan: the compiled scenario.
        response: of exports to the drivers, `(3, n_draws)`.
        forcing: growth of the drivers less their usual pace, `(n_periods, 3, n_draws)`.
    """

    def __init__(self, plan: Plan, response: Array, forcing: Array) -> None:
        self._plan, self._response, self.forcing = plan, response, forcing

    @cached_property
    def demand(self) -> Array:
        """Factor of what plants make, by year, `(n_years, n_draws)`; 1 where US output keeps its usual pace."""
        return self._factor(_US_OUTPUT)

    @cached_property
    def purchases(self) -> Array:
        """Factor of what plants buy in Korea, by year, `(n_years, n_draws)`: demand, and the won per dollar."""
        return self._factor(_US_OUTPUT, _WON)

    def _factor(self, *drivers: int) -> Array:
        logs = [self._response[driver] * self._levels[driver] for driver in drivers]
        return np.asarray(np.exp(sum(logs)))

    @cached_property
    def _levels(self) -> tuple[Array, Array]:
        """Log levels of US output and the won beside their usual paths, by year, `(n_years, n_draws)` each."""
        us_output, won = (
            annual_means(self._plan, running_totals(self.forcing[:, driver])) for driver in (_US_OUTPUT, _WON)
        )
        return us_output, won


def condition(growth: Array, conditions: Iterable[Condition], inputs: Inputs) -> None:
    """Give drivers their stated paths: growth `(n_periods, 3, n_draws)` is changed in place."""
    for stated in conditions:
        path, (added, divisor) = growth[:, stated.driver], stated.unit
        path *= stated.keep[:, None]
        for weight, value in zip(stated.weights.T, stated.values, strict=True):
            path += weight[:, None] * np.log((inputs.value(value) + added) / divisor)


def strength(time: Array, at: Values, until: float, half_life: Values) -> Array:
    """Part of a shock that is felt in each quarter on average, `(n_periods, n_draws)` or `(n_periods, 1)`.

    Args:
        time: beginnings of the quarters on the quarter axis, `(n_periods, 1)`.
        at: date at which it strikes.
        until: date at which it ends, or infinity.
        half_life: quarters after which half of it has faded, or infinity.
    """
    share = share_of_quarter(time, at, until)
    rate = np.log(2.0) / half_life
    # From strength 1 it decays as exp(-rate * t): what is left when the quarter begins, times the sum over its share.
    fades = rate > 0
    felt = np.where(fades, -np.expm1(-rate * share) / np.where(fades, rate, 1.0), share)
    return np.asarray(np.exp(-rate * (time - at).clip(0.0)) * felt)


def scale_flows(flows: tuple[Array, Array], shocks: Iterable[Shock], origin: int, inputs: Inputs) -> None:
    """Multiply exports and imports `(n_periods, n_draws)` by what is left or added by shocks of a size, in place."""
    for shock in shocks:
        if shock.flow is not None and shock.size is not None:
            flow = flows[shock.flow]
            flow *= 1.0 + _felt(shock, shock.size, origin, len(flow), inputs)


def added_amounts(shocks: Iterable[Shock], origin: int, n_periods: int, inputs: Inputs) -> Iterator[tuple[int, Array]]:
    """Index of the flow, and what is added to it in bn USD a quarter `(n_periods, n_draws)`, by shock of an amount."""
    for shock in shocks:
        if shock.flow is not None and shock.amount is not None:
            yield shock.flow, _felt(shock, shock.amount, origin, n_periods, inputs) / QUARTERS_PER_YEAR


LEFT = 0.001
"""Part of a flow that a shock of an amount leaves at least: products are shares of what there is."""


def bounded_below(added: Array, flow: Array) -> Array:
    """What is added to a flow, of the same shape; a loss takes no more than all of it but `LEFT`.

    >>> bounded_below(np.array([2.0, -2.0, -2.0]), np.array([1.0, 4.0, 1.0])).tolist()
    [2.0, -2.0, -0.999]
    """
    return np.maximum(added, (LEFT - 1.0) * flow)


def add_to_growth(growth: Array, shocks: Iterable[Shock], origin: int, inputs: Inputs) -> None:
    """Add shocks of drivers to their log growth `(n_periods, 3, n_draws)`, in place."""
    for shock in shocks:
        if shock.driver is not None and shock.size is not None:
            log_level = np.log1p(_felt(shock, shock.size, origin, len(growth), inputs))
            growth[:, shock.driver] += np.diff(log_level, axis=0, prepend=0.0)


def _felt(shock: Shock, measure: Stated, origin: int, n_periods: int, inputs: Inputs) -> Array:
    """The size or amount of a shock as felt in each quarter after the origin, 0 in draws where it does not come."""
    time = origin + 1 + np.arange(float(n_periods))[:, None]
    half_life = np.inf if shock.half_life is None else inputs.value(shock.half_life)
    felt = np.empty((n_periods, inputs.streams.n_draws))
    felt[:] = strength(time, inputs.value(shock.at), shock.until, half_life)
    felt *= inputs.value(measure)
    if shock.probability is not None:
        felt *= inputs.happens(shock.happens, inputs.value(shock.probability))
    return felt
