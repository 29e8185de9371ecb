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
from forecast.engine.plan import Plan
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
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
    "reverse_import_rate": 0.03,
}


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
    return compile_plan(scenario, load_posterior(), vintage(scenario.as_of))


def smooth(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def flows_of_quarter(plant: Plant, quarter: float, korean_share: float) -> tuple[float, float, float, float, float]:
    """Machinery, intermediates, displaced, returned and output of a quarter, bn USD, had it come."""
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
    capex = plant.capex * plant.scale
    done = [smooth((at - start) / (built - start)) for at in (quarter, quarter + 1)]
    orders = capex * r["machinery_share"] * r["korean_machinery_share"] * (done[1] - done[0])
    output = 0.0
    for capital, begin in ((capex, built), ((plant.standing or 0.0) * plant.scale, production)):
        capacity = capital * r["output_per_capex"] * r["utilisation"] / 4
        output += capacity * smooth((quarter + 0.5 - begin) / r["ramp_quarters"])
    output *= min(max(plant.end - quarter, 0.0), 1.0)
    bought = output * r["purchases_per_output"] * korean_share
    return orders, bought, -output * r["displacement_rate"], -output * r["reverse_import_rate"], output


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
    for plant in plants.values():
        base = {**RATES, **plant.rates}["korean_share"]
        shares = korean_shares(plan, plant, path)
        first = 4 * (years[0] - 2000)
        for quarter in range(first, 4 * (years[-1] + 1 - 2000)):
            seen = quarter <= zero
            share = shares.get(quarter - zero, np.full(N_DRAWS, base))
            for draw in range(N_DRAWS):
                now = flows_of_quarter(plant, quarter, float(share[draw]))
                then = flows_of_quarter(plant, zero, base)
                comes = plant.comes or seen
                for name, flow, present in zip((*CHANNELS, "output"), now, then, strict=True):
                    year = quarter // 4 - (years[0] - 2000)
                    made[f"effect_{name}"][year, draw] += flow * comes
                    made[f"news_{name}"][year, draw] += 0.0 if seen else flow * comes - present
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
    beside = found.get("existing_affiliates", 0.0)
    np.testing.assert_allclose(found["trade_balance"] - found["baseline_balance"] - beside, beyond, atol=1e-9)
    exports = sum(expected[f"news_{channel}"] for channel in CHANNELS[:3])
    alone = dict(zip(plan.series, simulated_flows(replace(plan, groups=()), STREAMS).annual, strict=True))
    np.testing.assert_allclose(found["exports"] - alone["exports"], exports, atol=1e-9)
    np.testing.assert_allclose(alone["imports"] - found["imports"], expected["news_reverse_imports"], atol=1e-9)


PLANTS = {
    "FUTURE": Plant("autos", 5.0, 110.0, 119.0, slip=1.5, scale=1.2),
    "DATED": Plant("batteries", 3.0, None, 118.0, rates={"ramp_quarters": 3.0}),
    "BEGUN": Plant("batteries", 4.0, 98.0, None, announced=97.0, rates={"korean_share": 0.7}),
    "BUILDING": Plant("autos", 2.0, 103.0, 109.0, comes=False),
    "RUNS": Plant("steel", 6.0, 80.0, 90.0, announced=79.0),
    "CLOSES": Plant("steel", 6.0, 80.0, 90.0, announced=79.0, end=117.0, rates={"displacement_rate": 0.0}),
    "BOUGHT": Plant("autos", 1.5, 108.0, 107.0, standing=7.0, scale=0.8),
    "KEPT": Plant("autos", 0.0, 108.0, 106.0, standing=2.0, path=STEP),
    "LATE": Plant("other", 1.0, 112.0, 113.0, slip=0.75),
    "OWN": Plant("solar", 2.5, 107.0, 112.0, path=LOGISTIC),
}


@pytest.mark.parametrize("path", [HOLD, TARGET, STEP, LOGISTIC])
def test_plants_of_every_kind_by_hand(tmp_path: Path, path: str) -> None:
    plan = compiled(tmp_path, PLANTS, f"localization: {path}")
    demand_alike(plan, PLANTS, path)


def test_stated_shares_hold_for_all_after_the_origin(tmp_path: Path) -> None:
    plants = {name: plant for name, plant in PLANTS.items() if not plant.path}
    demand_alike(compiled(tmp_path, plants, f"localization: {FIXED}"), plants, FIXED)
