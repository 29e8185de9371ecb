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
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from forecast.channels import QUARTERS_PER_YEAR
from forecast.conditions import DriverPath
from forecast.distributions import Law
from forecast.draws import Array
from forecast.drivers import DRIVERS
from forecast.inputs import Inputs, Judged
from forecast.quarters import format_quarter


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A stated path, compiled.

    Attributes:
        driver: index of the driver.
        keep: `(n_periods,)` part of the fitted growth that stays.
        weights: `(n_periods, n_values)` log growth for one of each v.
        values: what is stated: levels, rate or size.
        unit: what a value is added to and then divided by before its logarithm is taken.
    """

    driver: int
    keep: Array
    weights: Array
    values: tuple[Judged, ...]
    unit: tuple[float, float]


def compiled_conditions(
    paths: Mapping[str, DriverPath], origin: int, n_periods: int, levels: Array
) -> tuple[Condition, ...]:
    """Conditions on the periods after the origin.

    Args:
        paths: as assumed, by driver.
        origin: quarter index of the last observed quarter.
        n_periods: simulated quarters.
        levels: `(3,)` observed levels of the origin's quarter, in the order of `DRIVERS`.
    """
    found = []
    for name, path in paths.items():
        driver = DRIVERS.index(name)
        if path.levels is not None:
            found.append(_levels(f"drivers.{name}.at", driver, path.levels, origin, n_periods, levels[driver]))
        else:
            found.append(_change(f"drivers.{name}", driver, path, origin, n_periods))
    return tuple(found)


def _levels(
    stream: str, driver: int, levels: Mapping[int, Law], origin: int, n_periods: int, observed: float
) -> Condition:
    quarters = np.array(list(levels))
    rows = origin + np.arange(n_periods + 1)
    knots = np.concatenate([[origin], quarters])
    log_levels = np.column_stack([np.interp(rows, knots, hat) for hat in np.eye(len(knots))[1:]])
    keep = np.asarray(rows[1:] > quarters[-1], dtype=float)
    stated = tuple(Judged(f"{stream}.{format_quarter(quarter)}", level) for quarter, level in levels.items())
    return Condition(driver, keep, np.diff(log_levels, axis=0), stated, (0.0, float(observed)))


def _change(stream: str, driver: int, path: DriverPath, origin: int, n_periods: int) -> Condition:
    assert path.change is not None
    assert path.first is not None
    quarters = origin + 1 + np.arange(n_periods)
    within = quarters >= path.first
    if path.end is not None:
        within &= quarters < path.end
    inside = np.asarray(within, dtype=float)
    if path.path == "growth":
        key, keep, weights = "rate", 1.0 - inside, inside / QUARTERS_PER_YEAR
    else:
        key, keep, weights = "size", np.ones(n_periods), np.diff(inside, prepend=0.0)
    return Condition(driver, keep, weights[:, None], (Judged(f"{stream}.{key}", path.change),), (1.0, 1.0))


def condition(growth: Array, conditions: Iterable[Condition], inputs: Inputs) -> None:
    """Give drivers their stated paths: growth `(n_periods, 3, n_draws)` is changed in place."""
    for stated in conditions:
        path, (added, divisor) = growth[:, stated.driver], stated.unit
        path *= stated.keep[:, None]
        for weight, value in zip(stated.weights.T, stated.values, strict=True):
            path += weight[:, None] * np.log((inputs.value(value) + added) / divisor)
