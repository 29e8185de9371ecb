"""Values of single uncertain inputs: in the draws of one block, by name, and drawn out in time.

Values are read again from their addresses, so that the draws of a stored run can be set beside what went into them.
Numbers and events that a scenario states are those of the plan's registry; of joint parameters, those that steer a
level. Shocks still to come are no single numbers but paths; the level that each driver has in the year asked for stands
for its shocks. Of several branches, whether a draw follows each, and the numbers of all of them: as they are in the
branch that the draw follows, or, where that one has no such number, as they would be in one that has.

In time: when each plant is built and runs, and where plants buy, as medians and 80 % intervals of one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forecast.dims import FLOWS, Array
from forecast.economics.uncertain_inputs import DRIVER_NAMES, REALISED, label
from forecast.engine.announcements import Announcements
from forecast.engine.block import block_inputs, branches_of, driver_forcing
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Fitted, Input, Inputs, Stated, picked_rows
from forecast.engine.plan import Plan, Project
from forecast.engine.plants import timeline
from forecast.engine.run_plan import RunPlan
from forecast.engine.sourcing import Purchasing
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.series import DRIVERS
from forecast.observations.vintage import vintage
from forecast.quarters import year_of
from forecast.scenario.scenario import Scenario
from forecast.stats.sensitivity import LEVELS
from forecast.stats.streams import Streams

_SUPPLIERS = ("local", "third-country")

_PAIRS = {
    "adjustment": (100.0, "pull of {} to balance, % of the gap a quarter"),
    "last_shock": (100.0, "shock to {} in the last quarter, %"),
}
"""What a parameter is multiplied by for readers, and its name."""

_SHOCKS = ("both flows", "one flow alone")
"""Elements of `moving_average`."""


def names_of_dates(plan: RunPlan) -> frozenset[str]:
    """Names of those values of `uncertain_values` that are dates, in calendar years."""
    return frozenset(item.label for branch in plan.plans for item in branch.inputs if item.is_date)


def uncertain_values(plan: RunPlan, streams: Streams, year: int) -> dict[str, Array]:
    """Values of every uncertain number in one block, `(n_draws,)` each, by its name for readers.

    Args:
        plan: the compiled run; of several branches, whether each is followed is such a number too.
        streams: random numbers of the block, as in the run.
        year: calendar year up to which the drivers are followed.
    """
    chosen = branches_of(plan, streams)
    branches = [_of_branch(branch, streams, year) for branch in plan.plans]
    followed = zip(plan.labels, range(len(plan.weights)), strict=False)
    numbers = {f"{name}: followed": np.asarray(chosen == index, float) for name, index in followed}
    for branch in branches:
        for name, values in branch.items():
            numbers.setdefault(name, np.choose(chosen, [other.get(name, values) for other in branches]))
    return numbers


def _of_branch(plan: Plan, streams: Streams, year: int) -> dict[str, Array]:
    inputs = block_inputs(plan, streams)
    numbers = _trade(plan, inputs.streams) | _driver_levels(plan, inputs, year)
    if plan.groups:
        numbers |= _localization(plan, inputs.streams) | _plants(plan, inputs) | _coefficients(plan, inputs)
    numbers |= _stated(plan, inputs)
    return {name: np.broadcast_to(values, (streams.n_draws,)) for name, values in numbers.items()}


def _trade(plan: Plan, streams: Streams) -> dict[str, Array]:
    """What was learned of trade: numbers that steer levels, not those of the season or the size of shocks."""
    rows = picked_rows(plan.rows["baseline"], streams, "baseline")
    numbers = {
        "exports over imports at balance": np.exp(rows["ratio"]),
        "usual growth of both flows, % a quarter": 100.0 * rows["drift"],
    }
    for name, (scale, words) in _PAIRS.items():
        numbers |= {words.format(flow): scale * rows[name][index] for index, flow in enumerate(FLOWS)}
    numbers |= {
        f"part of a shock to {words} that goes on": rows["moving_average"][place] for place, words in enumerate(_SHOCKS)
    }
    for flow, driver in np.ndindex(rows["response"].shape[:2]):
        numbers[f"response of {FLOWS[flow]} to {DRIVER_NAMES[DRIVERS[driver]]}"] = rows["response"][flow, driver]
    return numbers


def _driver_levels(plan: Plan, inputs: Inputs, year: int) -> dict[str, Array]:
    """Level of each driver above its usual path, mean over the year, percent."""
    level = np.cumsum(driver_forcing(plan, inputs), axis=0)
    quarters = [row for row in range(plan.n_periods) if year_of(plan.origin + 1 + row) == year]
    excess = 100.0 * np.expm1(level[quarters].mean(axis=0))
    return {f"{DRIVER_NAMES[name]} in {year}, % above usual path": excess[index] for index, name in enumerate(DRIVERS)}


def _localization(plan: Plan, streams: Streams) -> dict[str, Array]:
    slopes = picked_rows(plan.rows["localization"], streams, "localization")["slope"]
    return {f"localization: trend of {name} supply": slopes[index] for index, name in enumerate(_SUPPLIERS)}


def _plants(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    """Whether each phase goes ahead; delay and scale are those of the announcement, whose phases share them."""
    announcements = Announcements(plan, inputs)
    numbers: dict[str, Array] = {}
    for project in (project for group in plan.groups for project in group.projects):
        own = timeline(inputs, announcements, project)
        address = f"investments.{project.id}"
        numbers[label(f"{project.stream}.realised")] = np.asarray(own.realised, dtype=float)
        numbers[label(f"{address}.slip")] = np.asarray(own.slip, dtype=float)
        numbers[label(f"{address}.scale")] = np.asarray(own.scale / project.share, dtype=float)
    return numbers


def _coefficients(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    """Sector coefficients taken from joint rows."""
    numbers: dict[str, Array] = {}
    for group in plan.groups:
        for coefficients in (group.coefficients, *(project.coefficients for project in group.projects)):
            for name, source in coefficients.items():
                if isinstance(source, Fitted):
                    numbers[label(f"sectors.{group.sector}.{name}")] = np.asarray(inputs.value(source))
    return numbers


def _stated(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    """Numbers that a scenario states as distributions, dates as calendar years, and events that depend on no other."""
    numbers: dict[str, Array] = {}
    for item in plan.inputs:
        if item.distribution is not None:
            values = np.asarray(inputs.value(Stated(item.stream, item.distribution)))
            numbers[item.label] = values / (4.0 if item.is_date else 1.0)
        elif item.chance is not None:
            chance = inputs.value(Stated(f"{item.name.removesuffix(REALISED)}probability", item.chance))
            numbers[item.label] = np.asarray(inputs.happens(item.stream, chance), dtype=float)
    return numbers


N_DRAWS = 4_000
Shares: TypeAlias = dict[str, tuple[Array, Array, Array]]


@dataclass(frozen=True, slots=True)
class Phases:
    """One investment, or one phase of it, in calendar time; medians unless said otherwise, dates in decimal years.

    Attributes:
        name: for readers.
        amount: what is spent on it or paid for it, bn USD.
        chance: that it goes ahead, a fraction.
        construction: start.
        production: start.
        full: when output reaches capacity.
        end: of production, or None.
        late: lower and upper end of the 80 % interval of the start of production.
        name_ko: for readers of Korean, where the file has a Korean name.
    """

    name: str
    amount: float
    chance: float
    construction: float
    production: float
    full: float
    end: float | None
    late: tuple[float, float]
    name_ko: str = ""


def investment_phases(scenario: Scenario, *, seed: int = 0, posterior: Posterior | None = None) -> list[Phases]:
    """When investments and their phases are built and run, the earliest start of construction first."""
    plan = _plan(scenario, posterior)
    titles = {item.id: (item.project, item.project_ko or item.project) for item in scenario.investments}
    names = {id: (f"{id}: {project}", f"{id}: {korean}") for id, (project, korean) in titles.items()}
    return sorted(_phases(plan, Streams(seed, 0, N_DRAWS), names), key=lambda item: item.construction)


def purchase_shares(scenario: Scenario, *, seed: int = 0, posterior: Posterior | None = None) -> tuple[Array, Shares]:
    """Where all affiliates in the US buy under the path of a scenario.

    Returns:
        Calendar time `(n_periods + 1,)`, decimal years, the origin first; and by supplier the median and the ends of
        the 80 % interval of its share, fractions, `(n_periods + 1,)` each.
    """
    plan = _plan(scenario, posterior)
    inputs = block_inputs(plan, Streams(seed, 0, N_DRAWS))
    purchasing = Purchasing(plan, inputs, picked_rows(plan.rows["localization"], inputs.streams, "localization"))
    years = (plan.origin + 0.5 + np.arange(plan.n_periods + 1)) / 4
    suppliers = zip(("Korea", "local", "third countries"), purchasing.composition(), strict=True)
    return years, {name: _summary(share) for name, share in suppliers}


def _plan(scenario: Scenario, posterior: Posterior | None) -> Plan:
    learned = load_posterior(as_of=scenario.as_of) if posterior is None else posterior
    return compile_plan(scenario, learned, vintage(scenario.as_of))


def _phases(plan: Plan, streams: Streams, names: Mapping[str, tuple[str, str]]) -> Iterator[Phases]:
    inputs = block_inputs(plan, streams)
    announcements = Announcements(plan, inputs)
    for group in plan.groups:
        for project in group.projects:
            own = timeline(inputs, announcements, project)
            full = own.production + np.asarray(inputs.value(project.coefficients["ramp_quarters"]))
            lower, upper = np.quantile(own.production, LEVELS) / 4
            name, name_ko = (f"{name}, {project.phase}" if project.phase else name for name in names[project.id])
            yield Phases(
                name=name,
                amount=float(np.median(inputs.value(_spent(project)) * project.share)),
                chance=float(np.mean(own.realised)),
                construction=float(np.median(own.start) / 4),
                production=float(np.median(own.production) / 4),
                full=float(np.median(full) / 4),
                end=None
                if project.production_end is None
                else float(np.median(inputs.value(project.production_end)) / 4),
                late=(float(lower), float(upper)),
                name_ko=name_ko,
            )


def _spent(project: Project) -> Input:
    return project.capex if project.standing is None else project.standing


def _summary(share: Array) -> tuple[Array, Array, Array]:
    middle, low, high = np.quantile(share, (0.5, *LEVELS), axis=1)
    return middle, low, high
