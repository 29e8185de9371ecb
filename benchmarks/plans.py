"""The scenario every benchmark runs: all live announcements to 2035, under the stored posterior."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from forecast.dims import Array
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Stated
from forecast.engine.plan import Group, Plan, Project
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


def announced_plan() -> Plan:
    """Compiled `announced.yaml`, with `OUTCOMES` where it states none of its own.

    Trade does not respond to the drivers, which the engine still draws, no month after the origin is known, and the
    means of the bridge stay where they are.
    """
    plan = compile_plan(load_scenario(ANNOUNCED), load_posterior(), vintage())
    still = {**plan.rows, **_without(plan, "baseline", "response"), **_without(plan, "bridge", "drift")}
    return replace(plan, rows=still, running=None, groups=tuple(_settled(group) for group in plan.groups))


def _without(plan: Plan, group: str, name: str) -> dict[str, dict[str, Array]]:
    """Rows of a group with zeros for a parameter."""
    rows = plan.rows[group]
    return {group: {**rows, name: np.zeros_like(rows[name])}}


def _settled(group: Group) -> Group:
    return replace(group, projects=tuple(_with_outcomes(project) for project in group.projects))


def _with_outcomes(project: Project) -> Project:
    missing = {
        name: Stated(f"investments.{project.id}.{name}", distribution)
        for name, distribution in OUTCOMES.items()
        if getattr(project, name) is None
    }
    return replace(project, **missing)
