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
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
from measurement import measured, peak_memory, table
from one_plant import (
    Drawn,
    Plant,
    engine,
    in_ema_workbench,
    in_jax,
    in_monaco,
    in_numpy,
    in_probabilit,
    in_squigglepy,
    with_plant,
)

from forecast.dims import Array
from forecast.engine.plan import Plan
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, simulate
from forecast.stats.quantiles import quantile_estimates

LEVELS = (0.05, 0.5, 0.95)
STATISTICS = ("mean", "sd", *(f"{level:.0%} quantile" for level in LEVELS))
LIMIT = 5.0
"""Largest |z| accepted among the 50 of a library."""


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
