"""What one announced plant changes of the surplus, as the engine and six libraries work it out; see `libraries`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import log
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy.special import gamma
from settled import announced_plan

from forecast.dims import Array
from forecast.economics.realisation import LATE, survival
from forecast.economics.sectors import load_sectors
from forecast.engine.block import flows_of
from forecast.engine.inputs import Input, Stated
from forecast.engine.plan import LocalizationPath, Plan, Project
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, block_streams
from forecast.stats.distributions import Constant, Discrete, Distribution, LogNormal, Normal, Triangular, Weibull
from forecast.stats.truncation import Truncated

PLANT = "HMG-06"
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
