"""Plans made by hand, in which every number can be followed with a pencil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import get_args

import numpy as np

from forecast.dims import PRODUCTS, Array
from forecast.economics.memory import MemoryLevel
from forecast.economics.uncertain_inputs import UncertainInput
from forecast.engine.block import branches_of, simulated_flows
from forecast.engine.compile import compiled_path
from forecast.engine.inputs import Stated
from forecast.engine.plan import (
    NEVER,
    Duty,
    Group,
    Machinery,
    Plan,
    Policy,
    Products,
    Project,
    Purchase,
    Taxed,
)
from forecast.engine.run_plan import RunPlan, alone, registry
from forecast.quarters import parse_quarter
from forecast.scenario.localization import Localization
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.streams import Scheme, Streams

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)

ORIGIN = parse_quarter("2025Q4")
EXPORTS, IMPORTS = 40.0, 20.0
"""bn USD a quarter at the origin."""


def draw_last(rows: Mapping[str, Array]) -> dict[str, Array]:
    """Rows as a plan holds them, `(..., n_rows)`."""
    return {name: np.moveaxis(values, 0, -1) for name, values in rows.items()}


BASELINE = {
    "drift": np.zeros(1),
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
CARRY_OVER = {"shift": np.zeros((1, 2)), "kept": np.ones((1, 2))}
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
TRADE = {
    "purchases_per_output": 0.7,
    "korean_share": 0.3,
    "displacement_rate": 0.25,
    "tariff_displacement": 0.0,
    "reverse_import_rate": 0.01,
    "price_growth": 0.0,
}


HOLD = Localization("hold")

NO_HEIGHT = MemoryLevel(0.0, 0.0, (0.0, 0.0))

UNDIVIDED = Products(
    log_odds=-60.0,
    census=NO_HEIGHT,
    book=NO_HEIGHT,
    counted=0.0,
    usual=1.0,
    excess=0.0,
    others=(*[1e-30] * 5, 1.0),
    spread=(0.0,) * 6,
    persistence=Stated("products.persistence", Constant(0.0)),
    volatility=0.0,
    with_exports=0.0,
    trend=Stated("products.trend", Constant(0.0)),
)
"""All exports are `rest`."""


def plan(*groups: Group, path: Localization = HOLD, n_years: int = 4, **changes: object) -> Plan:
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
            "carry_over": draw_last(CARRY_OVER),
            "localization": draw_last(LOCALIZATION),
            "bridge": draw_last(BRIDGE),
            "realisation": REALISATION,
        },
        sector_rows=np.zeros((0, 1)),
        groups=groups,
        path=compiled_path("localization", path),
        products=UNDIVIDED,
        machinery=machinery(),
    )
    return registered(replace(made, **changes))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Listening(Streams):
    """Streams that note what is drawn from: what is asked for, and what a correlated stream is mixed from."""

    names: set[str] = field(default_factory=set)

    def uniforms(self, name: str, n_rows: int | None = None) -> Array:
        self.names.add(name)
        return Streams.uniforms(self, name, n_rows)

    def points(self, name: str, n_rows: int | None = None) -> Array:
        self.names.add(name)
        return Streams.points(self, name, n_rows)

    def normals(self, name: str, n_rows: int) -> Array:
        self.names.add(name)
        return Streams.normals(self, name, n_rows)

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        self.names.add(name)
        return Streams.gammas(self, name, shape, n_rows)


def streams_drawn(run: RunPlan) -> set[str]:
    """Streams that two draws of a run are made from, in any of its branches."""
    listening = Listening(0, 0, 2)
    branches_of(run, listening)
    for branch in run.plans:
        simulated_flows(branch, listening)
    return listening.names


def registered(made: Plan) -> Plan:
    """The plan with a registry of what it draws, as a scenario would state it."""
    distributions = {item.stream: item.distribution for item in _judged((made.groups, made.shocks))}
    simulated = all(members.projects for members in made.groups)
    stated = streams_drawn(alone(made)) - {item.stream for item in registry(made, ())} if simulated else set[str]()
    return replace(made, inputs=registry(made, [_entry(stream, distributions) for stream in sorted(stated)]))


def _entry(stream: str, distributions: Mapping[str, Distribution]) -> UncertainInput:
    owner, _, last = stream.rpartition(".")
    sources = {"displacement_rate": "coefficients", "happens": "stated", "realised": "happening"}
    source = "stated" if stream.startswith("shocks.") else sources.get(last, "terms")
    name = f"{owner}.realised" if last == "happens" else stream
    free = last == "happens" or stream.startswith("programmes.")
    return UncertainInput(
        name, source, distributions.get(stream), distributions.get(f"{owner}.probability") if free else None
    )


def _judged(part: object) -> Iterator[Stated]:
    """Addressed numbers anywhere in a part of a plan."""
    if isinstance(part, Stated):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _judged(item)
    elif isinstance(part, Mapping):
        yield from _judged(tuple(part.values()))
    elif is_dataclass(part):
        yield from _judged(tuple(getattr(part, entry.name) for entry in fields(part)))


def group(*projects: Project, path: Localization | None = None, **rates: float | Distribution) -> Group:
    """Projects that buy and sell alike at the rates of `TRADE`, changed by `rates`."""
    own = None if path is None else compiled_path("own", path)
    return Group(projects, {name: judged(name, distribution) for name, distribution in (TRADE | rates).items()}, own)


def machinery(delay: float = 0.0, wear_rate: float = 0.0, price_growth: float = 0.0) -> Machinery:
    """Machines that come from the first day on, last for ever and get no dearer, or as stated."""
    numbers = {"equipment_delay": delay, "wear_rate": wear_rate, "price_growth": price_growth}
    return Machinery(*(judged(f"installed_base.{name}", number) for name, number in numbers.items()))


def project(
    name: str,
    amount: float | Distribution = 6.0,
    start: float | Distribution = ORIGIN + 1,
    production: float | Distribution = ORIGIN + 5,
    **changes: float | Distribution,
) -> Project:
    """A plant of 6 bn USD built in 2026 that starts in 2027Q1, with the coefficients of `PLANT`, all of it certain."""
    numbers: Mapping[str, float | Distribution] = {"scale": 1.0, "probability": 1.0, "slip": 0.0} | PLANT | changes
    inputs = {key: judged(f"investments.{name}.{key}", distribution) for key, distribution in numbers.items()}
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


def judged(stream: str, distribution: float | Distribution) -> Stated:
    return Stated(stream, Constant(float(distribution)) if isinstance(distribution, int | float) else distribution)


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


RESPONSES = {
    "weight_of_2026": 0.5,
    "pass_through": 1.0,
    "elasticity": 2.0,
    "substitution": 0.75,
    "adjustment": 1.0,
    "localization_response": 0.0,
}
"""Of trade to a duty: at once, with an elasticity of two."""


def addressed(**distributions: float | Distribution) -> dict[str, Stated]:
    return {name: judged(f"tariffs.{name}", distribution) for name, distribution in distributions.items()}


def duty(
    rate: float | Distribution,
    start: float = ORIGIN + 1,
    until: float = NEVER,
    probability: float | Distribution = 1.0,
    rivals: float | Distribution | None = None,
    **responses: float | Distribution,
) -> Duty:
    return Duty(
        rate=judged("tariffs.a.rate", rate),
        added=False,
        start=judged("tariffs.a.from", start),
        until=judged("tariffs.a.until", until),
        happens="tariffs.a.happens",
        probability=judged("tariffs.a.probability", probability),
        responses=addressed(**(RESPONSES | responses)),
        rivals=None if rivals is None else judged("tariffs.a.rivals", rivals),
    )


def on(*duties: Duty, first: int = ORIGIN, before: float = 0.15) -> Taxed:
    """Half of all exports, a quarter in 2025 and three in 2026, under a regime of 15 %."""
    within = np.zeros((2, len(PRODUCTS)))
    within[:, -1] = 0.25, 0.75  # all exports are one product
    return Taxed(0.15, first, before, duties, addressed(**RESPONSES), within)


def policies(taxed: Taxed | None = None, *purchases: Purchase, sector: str = "autos") -> Policy:
    return Policy({} if taxed is None else {sector: taxed}, addressed(**RESPONSES)["weight_of_2026"], purchases)


def bought(
    value: float | Distribution, *, total: bool, start: float, until: float, **shares: float | Distribution
) -> Purchase:
    parts = {"additionality": 1.0, "fulfilment": 1.0, "probability": 1.0} | shares
    made = {name: judged(f"import_commitments.a.{name}", distribution) for name, distribution in parts.items()}
    return Purchase(
        value=judged("import_commitments.a.amount", value),
        total=total,
        start=judged("import_commitments.a.from", start),
        until=judged("import_commitments.a.until", until),
        happens="import_commitments.a.happens",
        **made,
    )
