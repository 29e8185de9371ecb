"""Plants of a scenario file against a computation of scalars, quarter by quarter, in every draw and year."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from forecast.dims import CHANNELS, OUTPUT, Array
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Stated
from forecast.engine.plan import Machinery, Plan
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.stats.distributions import Constant
from forecast.stats.streams import Streams

N_DRAWS = 5
STREAMS = Streams(3, 0, N_DRAWS)
RATES = {
    "machinery_share": 0.45,
    "korean_machinery_share": 0.6,
    "output_per_capex": 1.3,
    "utilisation": 0.85,
    "construction_quarters": 9.0,
    "ramp_quarters": 6.0,
    "purchases_per_output": 0.55,
    "korean_share": 0.4,
    "displacement_rate": 0.35,
    "tariff_displacement": 0.2,
    "price_growth": 0.02,
    "reverse_import_rate": 0.03,
}


MACHINES = {"delay": 0.3, "wear_rate": 0.07, "price_growth": -0.01}
"""Share of the building time before machines arrive, part of them replaced a year, their price in log points a year."""


@dataclass(frozen=True)
class Plant:
    """One plant as stated, dates in quarters from the first of 2000.

    Attributes:
        start, production: dates planned; none where a building time lies between it and the other.
        slip: quarters late.
        capex: built, bn USD, at scale 1.
        standing: bought, bn USD.
        path: `localization` of its own.
        comes: whether it goes ahead.
    """

    sector: str
    capex: float
    start: float | None
    production: float | None
    announced: float = 100.0
    slip: float = 0.0
    scale: float = 1.0
    standing: float | None = None
    end: float = math.inf
    comes: bool = True
    path: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)


def written(date: float) -> str:
    """A date of the file: the first day of a quarter."""
    year, quarter = divmod(int(date), 4)
    return f"{2000 + year}-{3 * quarter + 1:02d}-01"


def entry(name: str, plant: Plant) -> str:
    lines = {
        "company": "C",
        "project": f"project {name}",
        "sector": plant.sector,
        "kind": "greenfield" if plant.standing is None else "acquisition",
        "amount": plant.capex if plant.standing is None else plant.standing,
        "announced": written(plant.announced),
        "construction_start": None if plant.start is None else written(plant.start),
        "production_start": None if plant.production is None else written(plant.production),
        "production_end": None if math.isinf(plant.end) else written(plant.end),
        "new_capex": plant.capex if plant.standing is not None and plant.capex else None,
        "slip": plant.slip,
        "scale": plant.scale,
        "probability": 1 if plant.comes else 0,
        "localization": plant.path or None,
        "overrides": {**RATES, **plant.rates},
    }
    return f"  - id: {name}\n" + "".join(f"    {key}: {value}\n" for key, value in lines.items() if value is not None)


def compiled(folder: Path, plants: Mapping[str, Plant], head: str) -> Plan:
    file = folder / "p.yaml"
    text = f"name: p\nhorizon: 2033\nbasis: us_census\n{head}\ninvestments:\n"
    file.write_text(text + "".join(entry(name, plant) for name, plant in plants.items()), encoding="utf-8")
    scenario = load_scenario(file)
    plan = compile_plan(scenario, load_posterior(), vintage(scenario.as_of))
    machinery = Machinery(*(Stated(name, Constant(value)) for name, value in MACHINES.items()))
    still = {**plan.rows["baseline"], "response": 0.0 * plan.rows["baseline"]["response"]}  # drivers move no plant
    return replace(plan, machinery=machinery, rows={**plan.rows, "baseline": still})


def smooth(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


@dataclass(frozen=True)
class Quarter:
    """Flows of a plant in a quarter, bn USD at the prices of the origin's year, had it come."""

    orders: float
    worn: float
    output: float


def quarter_of(plant: Plant, quarter: float) -> Quarter:
    r = {**RATES, **plant.rates}
    start = plant.start
    if start is None:
        assert plant.production is not None
        start = max(plant.production - r["construction_quarters"], plant.announced)
    planned = plant.production if plant.production is not None else start + r["construction_quarters"]
    production = planned + plant.slip
    if plant.standing is None:
        production = max(production, start + 1)
    built = production if plant.standing is None else start + r["construction_quarters"]
    capex, korean = plant.capex * plant.scale, r["machinery_share"] * r["korean_machinery_share"]
    arrive = start + MACHINES["delay"] * (built - start)
    done = [smooth((at - arrive) / (built - arrive)) for at in (quarter, quarter + 1)]
    output = 0.0
    for capital, begin in ((capex, built), ((plant.standing or 0.0) * plant.scale, production)):
        capacity = capital * r["output_per_capex"] * r["utilisation"] / 4
        output += capacity * smooth((quarter + 0.5 - begin) / r["ramp_quarters"])
    output *= min(max(plant.end - quarter, 0.0), 1.0)
    capital = 4 * output / (r["output_per_capex"] * r["utilisation"])
    return Quarter(capex * korean * (done[1] - done[0]), capital * MACHINES["wear_rate"] / 4 * korean, output)


def flows_of(plant: Plant, at: Quarter, korean_share: float, duty: float, years: int) -> dict[str, float]:
    """Flows by channel that move with prices `years` after the origin's; new machines have those of their order."""
    r = {**RATES, **plant.rates}
    price, machines = (math.exp(growth * years) for growth in (r["price_growth"], MACHINES["price_growth"]))
    rate = r["displacement_rate"] + r["tariff_displacement"] * duty / 0.25
    return {
        "capital_goods": at.orders + at.worn * machines,
        "intermediates": at.output * r["purchases_per_output"] * korean_share * price,
        "displacement": -at.output * rate * price,
        "reverse_imports": -at.output * r["reverse_import_rate"] * price,
        "output": at.output * price,
    }


def korean_shares(plan: Plan, plant: Plant, path: str) -> dict[int, Array]:
    """Korean share by quarter from the origin's on in every draw: a path of all, or of the plant, goes its way."""
    base, form = {**RATES, **plant.rates}["korean_share"], plant.path or path
    odds = np.exp(plan.rows["localization"]["level"])
    rows = (STREAMS.uniforms("posterior.localization") * odds.shape[-1]).astype(int)
    local, third = odds[:, rows]  # over Korea, of what all affiliates buy at the origin
    part = local / (local + third)
    moved = (1 - base) * part if plant.path else local / (1 + local + third)  # the local share that goes to 0.6
    shares = {}
    for quarter in range(plan.n_periods + 1):
        date = plan.origin + quarter
        if form == HOLD or (form == FIXED and quarter == 0):
            shares[quarter] = np.full(N_DRAWS, base)
        elif form == FIXED:
            shares[quarter] = np.full(N_DRAWS, 0.2)
        else:
            if form == TARGET:
                way = min(quarter / (4 * 2030 + 3 - plan.origin), 1.0)
            elif form == STEP:
                way = float(date >= 4 * 2029)
            else:
                curve = [1 / (1 + math.exp(-(at - 4 * 2030) / 12.0)) for at in (date, plan.origin)]
                way = (curve[0] - curve[1]) / (1 - curve[1])
            times = (0.6 / 0.4 / (moved / (1 - moved))) ** way
            shares[quarter] = base / (base + (1 - base) * (part * times + 1 - part))
    return shares


HOLD = "{path: hold}"
TARGET = "{path: target, local: 0.6, by: 2030Q4}"
STEP = "{path: step, local: 0.6, at: 2029Q1}"
LOGISTIC = "{path: logistic, local: 0.6, at: 2030Q1, speed: 12}"
FIXED = "{path: fixed, shares: {korea: 0.2, local: 0.5, third_country: 0.3}}"


def by_hand(plan: Plan, plants: Mapping[str, Plant], path: str) -> dict[str, Array]:
    """Effect and news by channel, and output, `(n_years, n_draws)` each."""
    zero, years = plan.origin - 8000, list(plan.years)
    made = {name: np.zeros((len(years), N_DRAWS)) for channel in (*CHANNELS, "output") for name in
            (f"effect_{channel}", f"news_{channel}")}  # fmt: skip
    duties = {members.sector: float(members.duty) for members in plan.groups}
    for plant in plants.values():
        base = {**RATES, **plant.rates}["korean_share"]
        shares, duty = korean_shares(plan, plant, path), duties[plant.sector]
        for quarter in range(4 * (years[0] - 2000), 4 * (years[-1] + 1 - 2000)):
            seen, ahead = quarter <= zero, quarter // 4 - (years[0] - 2000)
            share = shares.get(quarter - zero, np.full(N_DRAWS, base))
            for draw in range(N_DRAWS):
                now = flows_of(plant, quarter_of(plant, quarter), float(share[draw]), duty, ahead)
                then = flows_of(plant, quarter_of(plant, zero), base, duty, ahead)
                for name, flow in now.items():
                    flows = flow * (plant.comes or seen)
                    made[f"effect_{name}"][ahead, draw] += flows
                    made[f"news_{name}"][ahead, draw] += 0.0 if seen else flows - then[name]
    return made


def demand_alike(plan: Plan, plants: Mapping[str, Plant], path: str) -> None:
    found = dict(zip(plan.series, simulated_flows(plan, STREAMS).annual, strict=True))
    expected = by_hand(plan, plants, path)
    for channel in CHANNELS:
        for kind in ("effect", "news"):
            name = f"{kind}_{channel}"
            np.testing.assert_allclose(found[name], expected[name], atol=1e-11, err_msg=name)
    np.testing.assert_allclose(found[OUTPUT], expected["effect_output"], atol=1e-11)
    total = sum(expected[f"effect_{channel}"] for channel in CHANNELS)
    np.testing.assert_allclose(found["effect"], total, atol=1e-11)
    np.testing.assert_allclose(found["cumulated_effect"], np.cumsum(total, axis=0), atol=1e-11)
    beyond = sum(expected[f"news_{channel}"] for channel in CHANNELS)
    future = found.get("future_announcements", 0.0)
    beside = found.get("existing_affiliates", 0.0) + future
    np.testing.assert_allclose(found["trade_balance"] - found["baseline_balance"] - beside, beyond, atol=1e-9)
    exports = sum(expected[f"news_{channel}"] for channel in CHANNELS[:3])
    alone = dict(zip(plan.series, simulated_flows(replace(plan, groups=()), STREAMS).annual, strict=True))
    np.testing.assert_allclose(found["exports"] - alone["exports"] - future, exports, atol=1e-9)
    np.testing.assert_allclose(alone["imports"] - found["imports"], expected["news_reverse_imports"], atol=1e-9)


PLANTS = {  # so small that they replace no more exports of a product than there are
    "FUTURE": Plant("autos", 5.0, 110.0, 119.0, slip=1.5, scale=1.2),
    "DATED": Plant("other", 3.0, None, 118.0, rates={"ramp_quarters": 3.0}),
    "BEGUN": Plant("batteries", 1.5, 98.0, None, announced=97.0, rates={"korean_share": 0.7}),
    "BUILDING": Plant("autos", 2.0, 103.0, 109.0, comes=False),
    "RUNS": Plant("steel", 3.0, 80.0, 90.0, announced=79.0),
    "CLOSES": Plant("steel", 6.0, 80.0, 90.0, announced=79.0, end=117.0, rates={"displacement_rate": 0.0}),
    "BOUGHT": Plant("autos", 1.5, 108.0, 107.0, standing=7.0, scale=0.8),
    "KEPT": Plant("autos", 0.0, 108.0, 106.0, standing=2.0, path=STEP),
    "LATE": Plant("other", 1.0, 112.0, 113.0, slip=0.75),
    "OWN": Plant("autos", 2.5, 107.0, 112.0, path=LOGISTIC),
}


@pytest.mark.parametrize("path", [HOLD, TARGET, STEP, LOGISTIC])
def test_plants_of_every_kind_by_hand(tmp_path: Path, path: str) -> None:
    plan = compiled(tmp_path, PLANTS, f"localization: {path}")
    demand_alike(plan, PLANTS, path)


def test_stated_shares_hold_for_all_after_the_origin(tmp_path: Path) -> None:
    plants = {name: plant for name, plant in PLANTS.items() if not plant.path}
    demand_alike(compiled(tmp_path, plants, f"localization: {FIXED}"), plants, FIXED)
