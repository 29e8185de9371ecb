"""One model in libraries that people would take instead: the same answers first, then draws a second and memory.

    pip install monaco squigglepy probabilit ema-workbench jax
    python benchmarks/libraries.py
    python benchmarks/libraries.py --draws 200000 --cases 20000 --rounds 3

The model is a small part of the engine that all of them can state: what one announced plant, the steel mill of
`hyundai.yaml`, changes of Korea's surplus with the US by year, from twelve inputs that are independent. Coefficients
are the shipped priors of steel without their truncation; chance, delay and size match moments of what was learned.

The engine works out the whole surplus beside the effect: trade without the plant, products, the bridge between the
books, 25 series with their errors. A row without the plant says how much of its time that is.

Every library is used with its own distributions and its own runner, at random draws on one worker. monaco and the EMA
workbench call a model once a case, and get fewer. squigglepy only samples here: its arithmetic draws an input again
wherever it is named, so that the years of one plant would not be those of one draw. JAX counts in single precision and
may use more than one core. Means, standard deviations and quantiles are numpy's, but for those of the engine.

Of what a library does not give, pairing by name is the same draw of an input in two runs that differ elsewhere, errors
are those of Monte Carlo, and keeping is storing results with what made them.

Every measurement is a process of its own that warms up first, and rounds go through all of them in turn; the best round
counts. A library that is not installed is left out and named.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from math import log
from time import perf_counter, process_time
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from measurement import measured, peak_memory, table
from scipy.special import gamma
from settled import announced_plan

from forecast.dims import Array
from forecast.economics.realisation import LATE, survival
from forecast.economics.sectors import load_sectors
from forecast.engine.block import flows_of
from forecast.engine.inputs import Input, Stated
from forecast.engine.plan import LocalizationPath, Plan, Project
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, block_streams, simulate
from forecast.stats.distributions import Constant, Discrete, Distribution, LogNormal, Normal, Triangular, Weibull
from forecast.stats.quantiles import quantile_estimates
from forecast.stats.truncation import Truncated

PLANT = "HMG-06"
LEVELS = (0.05, 0.5, 0.95)
STATISTICS = ("mean", "sd", *(f"{level:.0%} quantile" for level in LEVELS))
LIMIT = 5.0
"""Largest |z| accepted among the 50 of a library."""

PROJECT = ("machinery_share", "korean_machinery_share", "output_per_capex", "utilisation", "ramp_quarters")
GROUP = ("purchases_per_output", "korean_share", "displacement_rate", "reverse_import_rate")


class Plant(NamedTuple):
    """The plant as the libraries know it.

    Attributes:
        capex: bn USD.
        start, planned: of construction and of production, quarters since the first of January of the first year.
        n_years: calendar years of the results.
        inputs: distributions of what is uncertain.
    """

    capex: float
    start: float
    planned: float
    n_years: int
    inputs: Mapping[str, Distribution]


def with_plant() -> tuple[Plan, Plant]:
    """The plan of the one plant, and the model that is the same."""
    plan = announced_plan()
    group, project = next((group, one) for group in plan.groups for one in group.projects if one.id == PLANT)
    dates = (project.construction_start, project.production_start)
    start, planned = (known(date) - 4 * plan.years[0] for date in dates)
    chance, spread, slip = learned(plan, project)
    priors = load_sectors()[group.sector]
    inputs: dict[str, Distribution] = {
        "realised": Discrete((0.0, 1.0), (1 - chance, chance)),
        "scale": LogNormal(1.0, spread),
        "slip": Weibull(1.0, slip),
        **{name: plain(priors[name].distribution) for name in PROJECT + GROUP},
    }
    stated = {name: Stated(f"plant.{name}", law) for name, law in inputs.items()}
    project = replace(
        project,
        probability=Stated("plant.chance", Constant(chance)),
        scale=stated["scale"],
        slip=stated["slip"],
        coefficients={**project.coefficients, **{name: stated[name] for name in PROJECT}},
    )
    coefficients = {**group.coefficients, **{name: stated[name] for name in GROUP}}
    group = replace(group, projects=(project,), coefficients=coefficients)
    plant = Plant(known(project.capex), start, planned, len(plan.years), inputs)
    return replace(plan, groups=(group,), path=LocalizationPath("hold")), plant


def learned(plan: Plan, project: Project) -> tuple[float, float, float]:
    """Chance that it is built, spread of the logarithm of its size and mean delay, over the fitted rows."""
    rows, column = plan.rows["realisation"], project.outlook
    wait = (known(project.production_start) - (plan.origin + 1)) / 4
    chance = survival(rows["hazard"][column], wait).mean()
    spread = np.sqrt((rows["revised"] * rows["revision_spread"][column] ** 2).mean())
    slip = rows["late"] * (LATE + rows["delay_scale"][column] * gamma(1 + 1 / rows["delay_shape"]))
    return float(chance), float(spread), float(slip.mean())


def known(source: Input | None) -> float:
    """The value of what is certain."""
    assert isinstance(source, Stated)
    assert isinstance(source.distribution, Constant)
    return source.distribution.value


def plain(distribution: Distribution) -> Distribution:
    """A prior without truncation, which not every library has."""
    return distribution.inner if isinstance(distribution, Truncated) else distribution


def effect(plant: Plant, x: Mapping[str, Any], of_draws: tuple[int, ...] = ()) -> Any:
    """Effect on the surplus by year, `(n_years, ...)`, bn USD, of one case or, with axes `of_draws`, of many.

    Delays are not below zero, so that production is never before the plant stands.
    """
    years = np.arange(0.0, 4 * plant.n_years + 1, 4).reshape(-1, *of_draws)
    middles = np.arange(0.5, 4 * plant.n_years).reshape(-1, *of_draws)
    production = plant.planned + x["slip"]
    reached = smoothstep((years - plant.start) / (production - plant.start))
    running = smoothstep((middles - production) / x["ramp_quarters"])
    running = running.reshape(plant.n_years, 4, *running.shape[1:]).sum(axis=1)
    return _of_shares(plant, x, reached[1:] - reached[:-1], running)


def _of_shares(plant: Plant, x: Mapping[str, Any], ordered: Any, running: Any) -> Any:
    """Effect of the share of machines ordered in a year, and of the quarters it runs in that year."""
    capital = x["realised"] * x["scale"] * plant.capex
    machines = x["machinery_share"] * x["korean_machinery_share"]
    output = x["output_per_capex"] * x["utilisation"] / 4
    bought = x["purchases_per_output"] * x["korean_share"]
    kept = bought - x["displacement_rate"] - x["reverse_import_rate"]
    return capital * (machines * ordered + output * kept * running)


def smoothstep(progress: Any) -> Any:
    inside = progress.clip(0.0, 1.0)
    return inside * inside * (3.0 - 2.0 * inside)


class Spelled(NamedTuple):
    """A distribution as libraries name it and take its numbers.

    Attributes:
        jax: name and numbers of what is drawn, and the numbers it is then multiplied by and added to.
    """

    numpy: tuple[str, tuple[float, ...]]
    scipy: tuple[str, dict[str, float]]
    squigglepy: tuple[str, dict[str, float]]
    jax: tuple[str, tuple[float, ...], float, float]


def spelled(law: Distribution) -> Spelled:
    match law:
        case Discrete((0.0, 1.0), (_, chance)):
            of_numpy: tuple[str, tuple[float, ...]] = ("binomial", (1, chance))
            of_jax: tuple[str, tuple[float, ...], float, float] = ("bernoulli", (chance,), 1.0, 0.0)
            of_scipy = of_squigglepy = ("bernoulli", {"p": chance})
        case Normal(mean, sd):
            of_numpy, of_jax = ("normal", (mean, sd)), ("normal", (), sd, mean)
            of_scipy, of_squigglepy = ("norm", {"loc": mean, "scale": sd}), ("norm", {"mean": mean, "sd": sd})
        case LogNormal(median, sigma):
            of_numpy, of_jax = ("lognormal", (log(median), sigma)), ("lognormal", (sigma,), median, 0.0)
            of_scipy = ("lognorm", {"s": sigma, "scale": median})
            of_squigglepy = ("lognorm", {"norm_mean": log(median), "norm_sd": sigma})
        case Triangular(low, mode, high):
            of_numpy, of_jax = ("triangular", (low, mode, high)), ("triangular", (low, mode, high), 1.0, 0.0)
            of_scipy = ("triang", {"c": (mode - low) / (high - low), "loc": low, "scale": high - low})
            of_squigglepy = ("triangular", {"left": low, "mode": mode, "right": high})
        case Weibull(1.0, scale):
            of_numpy, of_jax = ("exponential", (scale,)), ("exponential", (), scale, 0.0)
            of_scipy, of_squigglepy = ("expon", {"scale": scale}), ("exponential", {"scale": scale})
        case _:
            raise ValueError(f"got {law}, which this benchmark does not know")
    return Spelled(of_numpy, of_scipy, of_squigglepy, of_jax)


Drawn: TypeAlias = Callable[[int, int], Array]
"""Draws of the effect, `(n_years, n_draws)`, from their number and a seed."""


def engine(plan: Plan, _plant: Plant) -> Drawn:
    run = alone(plan)

    def drawn(n_draws: int, seed: int) -> Array:
        blocks = block_streams(run, Settings(n_draws, seed))
        series = run.series.index("effect")
        return np.concatenate([flows_of(run, one).annual[series].copy() for one in blocks], axis=-1)

    return drawn


def in_numpy(_plan: Plan, plant: Plant) -> Drawn:
    laws = {name: spelled(law).numpy for name, law in plant.inputs.items()}

    def drawn(n_draws: int, seed: int) -> Array:
        rng = np.random.default_rng(seed)
        inputs = {name: getattr(rng, law)(*numbers, n_draws) for name, (law, numbers) in laws.items()}
        return np.asarray(effect(plant, inputs, (1,)))

    return drawn


def in_jax(_plan: Plan, plant: Plant) -> Drawn:
    import jax

    def sample(law: Distribution, key: Any, n_draws: int) -> Any:
        name, numbers, times, plus = spelled(law).jax
        return plus + times * getattr(jax.random, name)(key, *numbers, shape=(n_draws,))

    @partial(jax.jit, static_argnums=0)
    def drawn(n_draws: int, seed: int) -> Any:
        keys = dict(zip(plant.inputs, jax.random.split(jax.random.key(seed), len(plant.inputs)), strict=True))
        inputs = {name: sample(law, keys[name], n_draws) for name, law in plant.inputs.items()}
        return jax.vmap(partial(effect, plant), out_axes=1)(inputs)

    return lambda n_draws, seed: np.asarray(drawn(n_draws, seed))


def in_squigglepy(_plan: Plan, plant: Plant) -> Drawn:
    import squigglepy

    laws = {name: spelled(law).squigglepy for name, law in plant.inputs.items()}
    inputs = {name: getattr(squigglepy, law)(**numbers) for name, (law, numbers) in laws.items()}

    def drawn(n_draws: int, seed: int) -> Array:
        squigglepy.set_seed(seed)
        sampled = {name: squigglepy.sample(law, n_draws) for name, law in inputs.items()}
        return np.asarray(effect(plant, sampled, (1,)))

    return drawn


def in_probabilit(_plan: Plan, plant: Plant) -> Drawn:
    from probabilit import Distribution, Max, Min
    from probabilit.modeling import Add, NoOp

    def share(progress: Any) -> Any:
        inside = Min(Max(progress, 0.0), 1.0)
        return inside * inside * (3.0 - 2.0 * inside)

    laws = {name: spelled(law).scipy for name, law in plant.inputs.items()}
    x = {name: Distribution(law, **numbers) for name, (law, numbers) in laws.items()}
    production = plant.planned + x["slip"]
    spans = [share((4.0 * year - plant.start) / (production - plant.start)) for year in range(plant.n_years + 1)]
    running = [share((i + 0.5 - production) / x["ramp_quarters"]) for i in range(4 * plant.n_years)]
    years = [
        _of_shares(plant, x, spans[i + 1] - spans[i], Add(*running[4 * i : 4 * i + 4])) for i in range(plant.n_years)
    ]

    def drawn(n_draws: int, seed: int) -> Array:
        NoOp(*years).sample(n_draws, random_state=seed, gc_strategy=years)
        return np.stack([year.samples_ for year in years])

    return drawn


def in_monaco(_plan: Plan, plant: Plant) -> Drawn:
    import monaco
    from scipy import stats

    laws = {name: spelled(law).scipy for name, law in plant.inputs.items()}
    functions = {
        "preprocess": lambda case: ({name: case.invals[name].val for name in laws},),
        "run": lambda inputs: (effect(plant, inputs),),
        "postprocess": lambda case, by_year: case.addOutVal("effect", by_year, split=False),
    }

    def drawn(n_draws: int, seed: int) -> Array:
        sim = monaco.Sim("plant", n_draws, functions, samplemethod="random", seed=seed, verbose=False, debug=True)
        for name, (law, numbers) in laws.items():
            sim.addInVar(name, dist=getattr(stats, law), distkwargs=numbers)
        sim.runSim()
        return np.array(sim.outvars["effect"].nums).T

    return drawn


def in_ema_workbench(_plan: Plan, plant: Plant) -> Drawn:
    from ema_workbench import ArrayOutcome, IntegerParameter, Model, RealParameter, Samplers, perform_experiments
    from scipy import stats

    laws = {name: spelled(law).scipy for name, law in plant.inputs.items()}
    frozen = {name: getattr(stats, law)(**numbers) for name, (law, numbers) in laws.items()}
    model = Model("plant", function=lambda **inputs: {"effect": effect(plant, inputs)})
    model.uncertainties = [
        (IntegerParameter if name == "realised" else RealParameter).from_dist(name, law) for name, law in frozen.items()
    ]
    model.outcomes = [ArrayOutcome("effect")]

    def drawn(n_draws: int, seed: int) -> Array:
        rng = np.random.default_rng(seed)
        for law in frozen.values():
            law.random_state = rng
        _, outcomes = perform_experiments(model, n_draws, uncertainty_sampling=Samplers.MC, log_progress=True)
        return np.asarray(outcomes["effect"]).T

    return drawn


class Way(NamedTuple):
    """One way to work the model out.

    Attributes:
        start: prepares it.
        module: what has to be installed; None where the project has it.
        by_case: it calls the model once a case.
        lacks: what it does not give.
    """

    start: Callable[[Plan, Plant], Drawn]
    module: str | None
    by_case: bool
    lacks: str


ENGINE, BASELINE = "engine, whole surplus", "engine, without the plant"
WAYS = {
    ENGINE: Way(engine, None, False, "another model than its own"),
    BASELINE: Way(engine, None, False, "the effect"),
    "numpy": Way(in_numpy, None, False, "pairing by name, errors, keeping"),
    "JAX": Way(in_jax, "jax", False, "pairing by name, errors, keeping; double precision unless asked"),
    "squigglepy": Way(in_squigglepy, "squigglepy", False, "inputs that expressions share, pairing by name, errors"),
    "probabilit": Way(in_probabilit, "probabilit", False, "arrays over years, pairing by name, errors, keeping"),
    "monaco": Way(in_monaco, "monaco", True, "arrays of cases, correlated inputs, pairing by name"),
    "EMA workbench": Way(in_ema_workbench, "ema_workbench", True, "arrays of cases, correlated inputs, errors"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--cases", type=int, default=10_000, help="draws of those that call the model once a case")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=WAYS, help="measure this one only, in this process")
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(measure(options.one, options.draws)))
        return
    absent = [name for name, way in WAYS.items() if way.module is not None and find_spec(way.module) is None]
    n_draws = {name: options.cases if WAYS[name].by_case else options.draws for name in WAYS if name not in absent}
    rounds = [
        {name: measured(__file__, "--one", name, "--draws", n) for name, n in n_draws.items()}
        for _ in range(options.rounds)
    ]
    print(agreement(rounds[0]), end="\n\n")
    before = max(one["before"] for one in rounds[0].values())
    print(f"Every process holds up to {before:,.0f} MiB of this project before it begins.", end="\n\n")
    header = ["", "draws", "draws/s", "per processor second", "peak MiB", "does not give"]
    print(table(header, [_row(name, n, [one[name] for one in rounds]) for name, n in n_draws.items()]))
    if absent:
        print(f"\nNot installed and left out: {', '.join(absent)}")


def measure(name: str, n_draws: int) -> dict[str, Any]:
    """Seconds that a run takes once warm, memory before and at its peak in MiB; statistics with their errors."""
    plan, plant = with_plant()
    before, drawn = peak_memory(), WAYS[name].start(plan, plant)
    run = partial(described, drawn)
    if name in (ENGINE, BASELINE):
        run = partial(summarised, plan if name == ENGINE else replace(plan, groups=()))
    run(n_draws)
    gc.collect()
    wall, processor = perf_counter(), process_time()
    run(n_draws)
    times = {"wall": perf_counter() - wall, "processor": process_time() - processor}
    memory = {"before": before, "peak": peak_memory()}
    if name == BASELINE:
        return {**times, **memory}
    draws = drawn(n_draws, [*WAYS].index(name))
    return {**times, **memory, "value": statistics(draws).tolist(), "error": errors(draws).tolist()}


def summarised(plan: Plan, n_draws: int) -> object:
    """A run of the engine with all its statistics."""
    return simulate(alone(plan), Settings(n_draws)).summary(plan.years, plan.series)


def described(drawn: Drawn, n_draws: int) -> object:
    """A run of a library with its statistics."""
    return statistics(drawn(n_draws, 0))


def statistics(draws: Array) -> Array:
    """Mean, standard deviation and quantiles by year, `(n_statistics, n_years)`."""
    quantiles = np.quantile(draws, LEVELS, axis=-1)
    return np.stack([draws.mean(axis=-1), draws.std(axis=-1, ddof=1), *quantiles])


def errors(draws: Array) -> Array:
    """Standard errors of the same, of independent draws."""
    n, beside = draws.shape[-1], draws - draws.mean(axis=-1, keepdims=True)
    variance, fourth = (beside**2).mean(axis=-1), (beside**4).mean(axis=-1)
    of_mean, of_sd = np.sqrt(variance / n), np.sqrt((fourth / variance - variance) / n) / 2
    _, of_quantiles = quantile_estimates(lambda levels: np.quantile(draws, levels, axis=-1), LEVELS, n)
    return np.stack([of_mean, of_sd, *of_quantiles])


def agreement(found: Mapping[str, dict[str, Any]]) -> str:
    """Largest distance of every library from the engine in standard errors, in words.

    Raises:
        ValueError: a statistic differs by more than Monte Carlo error allows.
    """
    others = [name for name in found if name not in (ENGINE, BASELINE)]
    return "\n".join(_compared(name, found[ENGINE], found[name]) for name in others)


def _compared(name: str, one: dict[str, Any], other: dict[str, Any]) -> str:
    difference = np.array(other["value"]) - np.array(one["value"])
    both = np.hypot(one["error"], other["error"])
    z = np.abs(np.divide(difference, both, out=np.zeros_like(difference), where=difference != 0))
    statistic, year = np.unravel_index(np.argmax(z), z.shape)
    words = f"engine and {name}: largest |z| of {z.size} is {z.max():.2f} ({STATISTICS[statistic]} of year {year + 1})"
    if not z.max() <= LIMIT:
        raise ValueError(f"{words}; expected at most {LIMIT}")
    return words


def _row(name: str, n_draws: int, rounds: list[dict[str, Any]]) -> list[str]:
    wall, processor = (n_draws / min(one[clock] for one in rounds) for clock in ("wall", "processor"))
    peak = max(one["peak"] for one in rounds)
    module = WAYS[name].module or ("numpy" if name == "numpy" else None)
    title = name if module is None else f"{name} {version(module)}"
    return [title, f"{n_draws:,}", f"{wall:,.0f}", f"{processor:,.0f}", f"{peak:,.0f}", WAYS[name].lacks]


if __name__ == "__main__":
    main()
