"""The single numbers a plan does not know, by name, with their values in the draws of one block.

Read again from their addresses, so that the draws of a stored run can be set beside what went into them. Shocks are no
such numbers but paths; of the drivers, the level of the year asked for stands in.

Refused here: what they do to an outcome, that is `shares` and `budget`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import numpy as np

from forecast.block import block_inputs, driver_forcing, picked_rows
from forecast.distributions import Constant
from forecast.draws import Array
from forecast.drivers import DRIVERS
from forecast.inputs import Inputs, Judged, Learned
from forecast.lever_plan import Duty, Purchase
from forecast.plan import Path, Plan
from forecast.processes import FLOWS
from forecast.projects import fate
from forecast.quarters import year_of
from forecast.streams import Streams

_WORDS = {
    "realised": "goes ahead",
    "happens": "comes",
    "slip": "delay, quarters",
    "scale": "realised over stated amount",
    "amount": "amount, bn USD",
    "local": "local share reached",
    "speed": "years it takes",
}
_DATES = ("start", "from", "until", "end")
_DRIVERS = {"us_output": "US output", "won_per_dollar": "won per dollar", "oil": "oil price"}
_SUPPLIERS = ("local", "third-country")
_PAIRS = {
    "drift": (100.0, "usual growth of {}, % a quarter"),
    "adjustment": (100.0, "pull of {} to balance, % of the gap a quarter"),
    "moving_average": (1.0, "part of a shock to {} that comes back"),
    "last_shock": (100.0, "shock to {} in the last quarter, %"),
}
"""What a parameter is multiplied by for readers, and its name."""


def unknown_values(plan: Plan, streams: Streams, year: int) -> dict[str, Array]:
    """Values of every uncertain number in one block, `(n_draws,)` each, by a name for readers.

    Args:
        plan: the compiled scenario.
        streams: random numbers of the block, as in the run.
        year: calendar year up to which the drivers are followed.
    """
    inputs = block_inputs(plan, streams)
    found = _trade(plan, streams) | _driver_levels(plan, streams, year)
    if plan.groups:
        found |= _localization(plan, streams) | _plants(plan, inputs) | _coefficients(plan, inputs)
    found |= _stated((plan.groups, plan.path), inputs)
    if plan.levers is not None:
        found |= _levers(plan, inputs)
    return {name: values for name, values in found.items() if np.ptp(values)}


def _trade(plan: Plan, streams: Streams) -> dict[str, Array]:
    """What was learned of trade: numbers that steer levels, not those of the season or the size of shocks."""
    rows = picked_rows(plan, streams, "baseline")
    found = {"exports over imports at balance": np.exp(rows["ratio"])}
    for name, (scale, words) in _PAIRS.items():
        found |= {words.format(flow): scale * rows[name][index] for index, flow in enumerate(FLOWS)}
    for flow, driver in np.ndindex(rows["response"].shape[:2]):
        found[f"response of {FLOWS[flow]} to {_DRIVERS[DRIVERS[driver]]}"] = rows["response"][flow, driver]
    return found


def _driver_levels(plan: Plan, streams: Streams, year: int) -> dict[str, Array]:
    """Level of each driver above its usual path, mean over the year, percent."""
    level = np.cumsum(driver_forcing(plan, streams), axis=0)
    quarters = [row for row in range(plan.n_periods) if year_of(plan.origin + 1 + row) == year]
    excess = 100.0 * np.expm1(level[quarters].mean(axis=0))
    return {f"{_DRIVERS[name]} in {year}, % above usual path": excess[index] for index, name in enumerate(DRIVERS)}


def _localization(plan: Plan, streams: Streams) -> dict[str, Array]:
    slopes = picked_rows(plan, streams, "localization")["slope"]
    return {f"localization: trend of {name} supply": slopes[index] for index, name in enumerate(_SUPPLIERS)}


def _plants(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    """What becomes of each plant."""
    found: dict[str, Array] = {}
    for group in plan.groups:
        for project in group.projects:
            own = fate(plan, inputs, project, inputs.value(project.coefficients["construction_quarters"]))
            for name in ("realised", "slip", "scale"):
                found[f"{project.id}: {_WORDS[name]}"] = np.asarray(getattr(own, name), dtype=float)
    return found


def _coefficients(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    """Sector coefficients taken from joint rows."""
    found: dict[str, Array] = {}
    for group in plan.groups:
        for coefficients in (group.coefficients, *(project.coefficients for project in group.projects)):
            for name, source in coefficients.items():
                if isinstance(source, Learned):
                    found[f"{_spaced(group.sector)}: {_spaced(name)}"] = np.asarray(inputs.value(source))
    return found


def _levers(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    assert plan.levers is not None
    found = _stated(plan.levers, inputs)
    levers: list[Duty | Purchase] = [duty for taxed in plan.levers.taxed.values() for duty in taxed.duties]
    for lever in filter(lambda lever: lever.happens, [*levers, *plan.levers.purchases]):
        comes = inputs.streams.uniforms(lever.happens) < inputs.value(lever.probability)
        found[_label(lever.happens)] = np.asarray(comes, dtype=float)
    return found


def _stated(part: object, inputs: Inputs) -> dict[str, Array]:
    """Numbers a scenario states as laws; dates as calendar years."""
    return {
        _label(item.stream): np.asarray(inputs.value(item)) / (4.0 if item.stream.endswith(_DATES) else 1.0)
        for item in _judged(part)
    }


def _judged(part: object) -> Iterator[Judged]:
    """Numbers drawn from a law anywhere in a part of a plan."""
    if isinstance(part, Judged):
        if not isinstance(part.law, Constant):
            yield part
    elif isinstance(part, Path):
        stated = ((name, getattr(part.assumed, name)) for name in ("local", "speed"))
        yield from (
            Judged(f"{part.stream}.{name}", law) for name, law in stated if not isinstance(law, Constant | None)
        )
    elif isinstance(part, tuple):
        for item in part:
            yield from _judged(item)
    elif isinstance(part, Mapping):
        yield from _judged(tuple(part.values()))
    elif is_dataclass(part):
        yield from _judged(tuple(getattr(part, field.name) for field in fields(part)))


def _label(stream: str) -> str:
    """A name for readers of the number at a stream address.

    >>> _label("investments.HMG-06.amount"), _label("sectors.steel.ramp_quarters"), _label("tariffs.elasticity")
    ('HMG-06: amount, bn USD', 'steel: ramp quarters', 'tariffs: elasticity')
    """
    head, *middle, last = stream.split(".")
    owner = ", ".join(map(_spaced, middle)) if middle else _spaced(head)
    return f"{owner}: {_WORDS.get(last, _spaced(last))}"


def _spaced(name: str) -> str:
    return name.replace("_", " ").replace("korean", "Korean")
