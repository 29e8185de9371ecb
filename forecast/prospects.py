"""What a scenario assumes, drawn out in time: when each plant is built and runs, and where plants buy.

Read from one block of draws of its plan; medians and 80 % intervals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forecast.block import block_inputs, picked_rows
from forecast.draws import Array
from forecast.fates import Fates
from forecast.groups import Project
from forecast.inputs import Input
from forecast.plan import Plan, compile_plan
from forecast.posterior import Posterior, load_posterior
from forecast.projects import course
from forecast.purchasing import Purchasing
from forecast.scenario import Scenario
from forecast.shares import LEVELS
from forecast.streams import Streams
from forecast.vintage import vintage

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
