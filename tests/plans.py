"""Plans made by hand, in which every number can be followed with a pencil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import numpy as np

from forecast.dims import Array
from forecast.engine.compile import compiled_path
from forecast.engine.inputs import Judged
from forecast.engine.plan import Group, Plan, Project
from forecast.quarters import parse_quarter
from forecast.scenario.localization import AssumedLocalization
from forecast.stats.distributions import Constant, Law
from forecast.stats.streams import Scheme

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)

ORIGIN = parse_quarter("2025Q4")
EXPORTS, IMPORTS = 40.0, 20.0
"""bn USD a quarter at the origin."""


def draw_last(rows: Mapping[str, Array]) -> dict[str, Array]:
    """Rows as a plan holds them, `(..., n_rows)`."""
    return {name: np.moveaxis(values, 0, -1) for name, values in rows.items()}


BASELINE = {
    "drift": np.zeros((1, 2)),
    "season": np.zeros((1, 4, 2)),
    "moving_average": np.zeros((1, 2)),
    "adjustment": np.zeros((1, 2)),
    "ratio": np.zeros(1),
    "shock_factor": np.zeros((1, 2, 2)),
    "degrees_of_freedom": np.full(1, 5.0),
    "response": np.zeros((1, 2, 3)),
    "last_shock": np.zeros((1, 2)),
}
DRIVERS = {
    "drift": np.zeros((1, 3)),
    "moving_average": np.zeros((1, 3)),
    "shock_factor": np.zeros((1, 3, 3)),
    "degrees_of_freedom": np.full(1, 4.0),
    "carried": np.zeros((1, 3)),
}
LOCALIZATION = {
    "level": np.log([[0.32 / 0.59, 0.09 / 0.59]]),
    "slope": np.zeros((1, 2)),
    "innovation": np.zeros((1, 2)),
}
BRIDGE = {
    "mean": np.zeros((1, 2)),
    "drift": np.zeros((1, 2)),
    "persistence": np.zeros((1, 2)),
    "shock_factor": np.zeros((1, 2, 2)),
    "degrees_of_freedom": np.full(1, 5.0),
    "state": np.log([[1.1, 0.9]]),
}
REALISATION = {
    "hazard": np.zeros((1, 1)),
    "late": np.full(1, 0.5),
    "delay_shape": np.ones(1),
    "delay_scale": np.ones((1, 1)),
    "revised": np.full(1, 0.5),
    "revision_spread": np.full((1, 1), 0.1),
}
"""Rows as a plan holds them: of one pair of kind and sector."""

PLANT = {
    "machinery_share": 0.5,
    "korean_machinery_share": 0.4,
    "output_per_capex": 1.5,
    "utilisation": 0.8,
    "construction_quarters": 8.0,
    "ramp_quarters": 4.0,
}
TRADE = {"purchases_per_output": 0.7, "korean_share": 0.3, "displacement_rate": 0.25, "reverse_import_rate": 0.01}


def plan(
    *groups: Group, path: AssumedLocalization = AssumedLocalization("hold"), n_years: int = 4, **changes: object
) -> Plan:
    """A flat baseline of 40 and 20 bn USD a quarter from 2026 on, US Census basis, with the groups given."""
    made = Plan(
        origin=ORIGIN,
        n_periods=4 * n_years,
        basis="us_census",
        record=65.7,
        history=np.log([[EXPORTS, IMPORTS]] * 8),
        observed=np.zeros(2),
        running=None,
        rows={
            "baseline": draw_last(BASELINE),
            "drivers": draw_last(DRIVERS),
            "localization": draw_last(LOCALIZATION),
            "bridge": draw_last(BRIDGE),
            "realisation": REALISATION,
        },
        sector_rows=np.zeros((0, 1)),
        groups=groups,
        path=compiled_path("localization", path),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def group(*projects: Project, path: AssumedLocalization | None = None, **rates: float | Law) -> Group:
    """Projects that buy and sell alike at the rates of `TRADE`, changed by `rates`."""
    own = None if path is None else compiled_path("own", path)
    return Group(projects, {name: judged(name, law) for name, law in (TRADE | rates).items()}, own)


def project(
    name: str,
    amount: float | Law = 6.0,
    start: float | Law = ORIGIN + 1,
    production: float | Law = ORIGIN + 5,
    **changes: float | Law,
) -> Project:
    """A plant of 6 bn USD built in 2026 that starts in 2027Q1, with the coefficients of `PLANT`, all of it certain."""
    numbers: Mapping[str, float | Law] = {"scale": 1.0, "probability": 1.0, "slip": 0.0} | PLANT | changes
    inputs = {key: judged(f"investments.{name}.{key}", law) for key, law in numbers.items()}
    spent = judged(f"investments.{name}.amount", amount)
    return Project(
        id=name,
        announced=ORIGIN - 100.0,
        capex=spent,
        standing=None,
        scale=inputs["scale"],
        probability=inputs["probability"],
        construction_start=judged(f"investments.{name}.construction_start", start),
        production_start=judged(f"investments.{name}.production_start", production),
        slip=inputs["slip"],
        coefficients={key: inputs[key] for key in PLANT},
    )


def judged(stream: str, law: float | Law) -> Judged:
    return Judged(stream, Constant(float(law)) if isinstance(law, int | float) else law)


def uncertain_plan(**changes: object) -> Plan:
    """A plan whose drivers and flows are uncertain, with a response to the won of 0.5 and -0.2."""
    response = np.zeros((1, 2, 3))
    response[0, :, 1] = 0.5, -0.2
    baseline = BASELINE | {
        "response": response,
        "moving_average": np.array([[-0.3, -0.4]]),
        "shock_factor": np.array([[[0.05, 0.0], [0.02, 0.06]]]),
    }
    drivers = DRIVERS | {"shock_factor": 0.03 * np.eye(3)[None]}
    made = plan(n_years=3)
    rows = {**made.rows, "baseline": draw_last(baseline), "drivers": draw_last(drivers)}
    return replace(made, rows=rows, **changes)  # type: ignore[arg-type]
