"""The single numbers a plan does not know, by name, with their values in the draws of one block.

Read again from their addresses, so that the draws of a stored run can be set beside what went into them. Shocks still
to come are no such numbers but paths; of the drivers, the level of the year asked for stands in. Of a mixture, whether
a draw follows each branch, and the numbers of all of them: as they are in the branch that the draw follows, or, where
that one has no such number, as they would be in one that has.

Refused here: what they do to an outcome, that is `shares` and `budget`.

What a scenario assumes, drawn out in time: when each plant is built and runs, and where plants buy.

Read from one block of draws of its plan; medians and 80 % intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TypeAlias

import numpy as np

from forecast.dims import FLOWS, Array
from forecast.engine.block import MixturePlan, block_inputs, branches_of, driver_forcing, picked_rows
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Input, Inputs, Judged, Learned
from forecast.engine.plan import Duty, Plan, Project, Purchase, Shock
from forecast.engine.plants import Course, Fates, course
from forecast.engine.sourcing import Purchasing
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.series import DRIVERS
from forecast.observations.vintage import vintage
from forecast.quarters import year_of
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant
from forecast.stats.sensitivity import LEVELS
from forecast.stats.streams import Streams

_WORDS = {
    "realised": "goes ahead",
    "happens": "comes",
    "survives": "is not cut",
    "at": "date",
    "korea": "weight of Korea",
    "third_country": "weight of third countries",
    "machinery_share": "machinery in capex",
    "korean_machinery_share": "Korean share of machinery",
    "output_per_capex": "output a year per USD of capex",
    "purchases_per_output": "purchases per USD of output",
    "korean_share": "Korean share of purchases",
    "displacement_rate": "exports replaced per USD of output",
    "reverse_import_rate": "reverse imports per USD of output",
    "construction_quarters": "quarters of construction",
    "ramp_quarters": "quarters to full output",
    "slip": "delay, quarters",
    "scale": "realised over stated amount",
    "amount": "amount, bn USD",
    "local": "local share reached",
    "speed": "years it takes",
}


_LEVELS = ("phases", "sectors", "shares", "at")
"""Parts of an address that a reader does not miss."""


_DATES = ("start", "from", "until", "end", ".at")


_DRIVERS = {"us_output": "US output", "won_per_dollar": "won per dollar", "oil": "oil price"}


_SUPPLIERS = ("local", "third-country")


_PAIRS = {
    "drift": (100.0, "usual growth of {}, % a quarter"),
    "adjustment": (100.0, "pull of {} to balance, % of the gap a quarter"),
    "last_shock": (100.0, "shock to {} in the last quarter, %"),
}
"""What a parameter is multiplied by for readers, and its name."""


_SHOCKS = ("both flows", "one flow alone")
"""Elements of `moving_average`."""


def unknown_values(plan: Plan | MixturePlan, streams: Streams, year: int) -> dict[str, Array]:
    """Values of every number that may be uncertain in one block, `(n_draws,)` each, by a name for readers.

    Args:
        plan: the compiled scenario or mixture.
        streams: random numbers of the block, as in the run.
        year: calendar year up to which the drivers are followed.
    """
    if isinstance(plan, MixturePlan):
        return _of_mixture(plan, streams, year)
    inputs = block_inputs(plan, streams)
    found = _trade(plan, inputs.streams) | _driver_levels(plan, inputs, year)
    if plan.groups:
        found |= _localization(plan, inputs.streams) | _plants(plan, inputs) | _coefficients(plan, inputs)
    found |= _stated((plan.groups, plan.path, plan.conditions), inputs) | _stated_shocks(plan.shocks, inputs)
    if plan.levers is not None:
        found |= _levers(plan, inputs)
    return {name: np.broadcast_to(values, (streams.n_draws,)) for name, values in found.items()}


def _of_mixture(plan: MixturePlan, streams: Streams, year: int) -> dict[str, Array]:
    chosen = branches_of(plan, streams)
    branches = [unknown_values(branch, streams, year) for branch in plan.plans]
    found = {f"{label}: followed": np.asarray(chosen == index, float) for index, label in enumerate(plan.labels)}
    for branch in branches:
        for name, values in branch.items():
            found.setdefault(name, np.choose(chosen, [other.get(name, values) for other in branches]))
    return found


def _trade(plan: Plan, streams: Streams) -> dict[str, Array]:
    """What was learned of trade: numbers that steer levels, not those of the season or the size of shocks."""
    rows = picked_rows(plan, streams, "baseline")
    found = {"exports over imports at balance": np.exp(rows["ratio"])}
    for name, (scale, words) in _PAIRS.items():
        found |= {words.format(flow): scale * rows[name][index] for index, flow in enumerate(FLOWS)}
    found |= {
        f"part of a shock to {words} that goes on": rows["moving_average"][place] for place, words in enumerate(_SHOCKS)
    }
    for flow, driver in np.ndindex(rows["response"].shape[:2]):
        found[f"response of {FLOWS[flow]} to {_DRIVERS[DRIVERS[driver]]}"] = rows["response"][flow, driver]
    return found


def _driver_levels(plan: Plan, inputs: Inputs, year: int) -> dict[str, Array]:
    """Level of each driver above its usual path, mean over the year, percent."""
    level = np.cumsum(driver_forcing(plan, inputs), axis=0)
    quarters = [row for row in range(plan.n_periods) if year_of(plan.origin + 1 + row) == year]
    excess = 100.0 * np.expm1(level[quarters].mean(axis=0))
    return {f"{_DRIVERS[name]} in {year}, % above usual path": excess[index] for index, name in enumerate(DRIVERS)}


def _localization(plan: Plan, streams: Streams) -> dict[str, Array]:
    slopes = picked_rows(plan, streams, "localization")["slope"]
    return {f"localization: trend of {name} supply": slopes[index] for index, name in enumerate(_SUPPLIERS)}


def _plants(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    """What becomes of each announcement, and of the programmes they belong to."""
    fates = Fates(plan, inputs)
    found: dict[str, Array] = {}
    for project in (project for group in plan.groups for project in group.projects):
        found |= _plant(project, course(inputs, fates, project))
        for cut in project.tie.cuts:
            if cut.probability is not None:
                survives = inputs.happens(f"{cut.stream}.realised", inputs.value(cut.probability))
                found[_label(f"{cut.stream}.survives")] = np.asarray(survives, dtype=float)
    return found


def _plant(project: Project, own: Course) -> dict[str, Array]:
    """Whether a phase goes ahead; delay and scale are those of the announcement, whose phases share them."""
    phase = f"{project.id}, {project.phase}" if project.phase else project.id
    return {
        f"{phase}: {_WORDS['realised']}": np.asarray(own.realised, dtype=float),
        f"{project.id}: {_WORDS['slip']}": np.asarray(own.slip, dtype=float),
        f"{project.id}: {_WORDS['scale']}": np.asarray(own.scale / project.share, dtype=float),
    }


def _coefficients(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    """Sector coefficients taken from joint rows."""
    found: dict[str, Array] = {}
    for group in plan.groups:
        for coefficients in (group.coefficients, *(project.coefficients for project in group.projects)):
            for name, source in coefficients.items():
                if isinstance(source, Learned):
                    found[_label(f"sectors.{group.sector}.{name}")] = np.asarray(inputs.value(source))
    return found


def _levers(plan: Plan, inputs: Inputs) -> dict[str, Array]:
    assert plan.levers is not None
    found = _stated(plan.levers, inputs)
    levers: list[Duty | Purchase] = [duty for taxed in plan.levers.taxed.values() for duty in taxed.duties]
    for lever in filter(lambda lever: lever.happens, [*levers, *plan.levers.purchases]):
        comes = inputs.happens(lever.happens, inputs.value(lever.probability))
        found[_label(lever.happens)] = np.asarray(comes, dtype=float)
    return found


def _stated_shocks(shocks: tuple[Shock, ...], inputs: Inputs) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for shock in shocks:
        found |= _stated(shock, inputs)
        if shock.probability is not None:
            comes = inputs.happens(shock.happens, inputs.value(shock.probability))
            found[_label(shock.happens)] = np.asarray(comes, dtype=float)
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
    ('HMG-06: amount, bn USD', 'steel: quarters to full output', 'tariffs: elasticity')
    """
    head, *middle, last = stream.split(".")
    owner = ", ".join(_spaced(part) for part in middle if part not in _LEVELS) or _spaced(head)
    return f"{owner}: {_WORDS.get(last, _spaced(last))}"


def _spaced(name: str) -> str:
    return _DRIVERS.get(name, name.replace("_", " "))


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
    """

    name: str
    amount: float
    chance: float
    construction: float
    production: float
    full: float
    end: float | None
    late: tuple[float, float]


def investment_phases(scenario: Scenario, *, seed: int = 0, posterior: Posterior | None = None) -> list[Phases]:
    """When investments and their phases are built and run, the earliest start of construction first."""
    plan = _plan(scenario, posterior)
    names = {item.id: f"{item.id}: {item.project}" for item in scenario.investments}
    return sorted(_phases(plan, Streams(seed, 0, N_DRAWS), names), key=lambda item: item.construction)


def purchase_shares(scenario: Scenario, *, seed: int = 0, posterior: Posterior | None = None) -> tuple[Array, Shares]:
    """Where all affiliates in the US buy under the path of a scenario.

    Returns:
        Calendar time `(n_periods + 1,)`, decimal years, the origin first; and by supplier the median and the ends of
        the 80 % interval of its share, fractions, `(n_periods + 1,)` each.
    """
    plan = _plan(scenario, posterior)
    inputs = block_inputs(plan, Streams(seed, 0, N_DRAWS))
    purchasing = Purchasing(plan, inputs, picked_rows(plan, inputs.streams, "localization"))
    years = (plan.origin + 0.5 + np.arange(plan.n_periods + 1)) / 4
    suppliers = zip(("Korea", "local", "third countries"), purchasing.composition(), strict=True)
    return years, {name: _summary(share) for name, share in suppliers}


def _plan(scenario: Scenario, posterior: Posterior | None) -> Plan:
    learned = load_posterior(as_of=scenario.as_of) if posterior is None else posterior
    return compile_plan(scenario, learned, vintage(scenario.as_of))


def _phases(plan: Plan, streams: Streams, names: dict[str, str]) -> Iterator[Phases]:
    inputs = block_inputs(plan, streams)
    fates = Fates(plan, inputs)
    for group in plan.groups:
        for project in group.projects:
            own = course(inputs, fates, project)
            full = own.production + np.asarray(inputs.value(project.coefficients["ramp_quarters"]))
            lower, upper = np.quantile(own.production, LEVELS) / 4
            yield Phases(
                name=f"{names[project.id]}, {project.phase}" if project.phase else names[project.id],
                amount=float(np.median(inputs.value(_spent(project)) * project.share)),
                chance=float(np.mean(own.realised)),
                construction=float(np.median(own.start) / 4),
                production=float(np.median(own.production) / 4),
                full=float(np.median(full) / 4),
                end=None
                if project.production_end is None
                else float(np.median(inputs.value(project.production_end)) / 4),
                late=(float(lower), float(upper)),
            )


def _spent(project: Project) -> Input:
    return project.capex if project.standing is None else project.standing


def _summary(share: Array) -> tuple[Array, Array, Array]:
    middle, low, high = np.quantile(share, (0.5, *LEVELS), axis=1)
    return middle, low, high
