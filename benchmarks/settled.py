"""The plan that engine, notebook and kernel work out alike: live announcements to 2035, under the stored posterior."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from forecast.dims import CHANNELS, Array
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Stated
from forecast.engine.plan import Group, Machinery, Plan, Project, Tie
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.stats.distributions import Constant, Distribution, LogNormal, Weibull

ANNOUNCED = Path(__file__).parents[1] / "scenarios" / "announced.yaml"

OUTCOMES: dict[str, Distribution] = {
    "probability": Constant(0.9),
    "slip": Weibull(0.5, 1.0),
    "scale": LogNormal(1.0, 0.3),
}
"""What stands in for the learned distribution of realisation, so that the other implementations need not know it."""


ZERO = Constant(0.0)

SHARED_SERIES = (
    *("trade_balance", "exports", "imports", "baseline_balance", "news"),
    *(f"news_{channel}" for channel in CHANNELS),
)
"""Series that all implementations work out; the engine has sixteen more."""


def announced_plan() -> Plan:
    """Compiled `announced.yaml`, with `OUTCOMES` where it states none of its own, and what the others know of it alone.

    Trade and plants do not respond to the drivers, which the engine still draws, no month after the origin is known and
    the last one before says nothing, and the means of the bridge stay where they are. Plants go ahead or not by
    themselves, order machines from the start of construction on and replace none, at prices of the origin; no product
    pays a duty, no more plants are announced. The engine does the work of all this nevertheless, but for the plants
    still to be announced.
    """
    plan = compile_plan(load_scenario(ANNOUNCED), load_posterior(), vintage())
    still = {**plan.rows, **_without(plan, "baseline", "response"), **_without(plan, "bridge", "drift")}
    still["carry_over"] = {"shift": np.zeros((2, 1)), "kept": np.ones((2, 1))}
    groups = tuple(_settled(group) for group in plan.groups)
    machinery = Machinery(*(Stated(f"machinery.{name}", ZERO) for name in ("delay", "wear_rate", "price_growth")))
    return replace(plan, rows=still, running=None, groups=groups, machinery=machinery, pipeline=None, mixes={})


def _without(plan: Plan, group: str, name: str) -> dict[str, dict[str, Array]]:
    """Rows of a group with zeros for a parameter."""
    rows = plan.rows[group]
    return {group: {**rows, name: np.zeros_like(rows[name])}}


def _settled(group: Group) -> Group:
    projects = tuple(_with_outcomes(project) for project in group.projects)
    at_prices_of_the_origin = {**group.coefficients, "price_growth": Stated("prices", ZERO)}
    # no product has less than what plants replace, where the share of theirs in it is as large as this
    return replace(group, projects=projects, coefficients=at_prices_of_the_origin, duty=0.0, share_of_product=1e9)


def _with_outcomes(project: Project) -> Project:
    missing = {
        name: Stated(f"investments.{project.id}.{name}", distribution)
        for name, distribution in OUTCOMES.items()
        if getattr(project, name) is None
    }
    return replace(project, **missing, tie=Tie())
