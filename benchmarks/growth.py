"""How the time of a run grows with its draws, its investments and its years.

    python benchmarks/growth.py
    python benchmarks/growth.py --rounds 5

Runs of `announced.yaml` on one worker, statistics included, compilation left out; of 20,000 draws where it is not the
draws that grow. Copies of all investments stand in for more of them, and a horizon of up to 32 years for more years.

An exponent is the slope of log time on log size by least squares: 1 where twice the size takes twice the time. Part of
a run takes its time whatever the size, such as trade without plants where investments grow, and draws the exponent
towards 0. So the same slope is taken of what every doubling adds, from which that part has cancelled: where a size n
takes a + b n^k, a doubling adds b (2^k - 1) n^k. Noise weighs more in it than in the first.

Times are those of the processor, each in a process of its own that warms up first. The best round counts, as what else
the machine does can only slow a program down.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from time import process_time

import numpy as np
from measurement import measured, table
from numpy.typing import ArrayLike
from settled import ANNOUNCED

from forecast.engine.compile import compile_plan
from forecast.engine.plan import Plan
from forecast.engine.run_plan import alone
from forecast.engine.simulate import KEEP_DRAWS, Settings, simulate
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.quarters import year_of
from forecast.scenario.scenario import Scenario, load_scenario

N_DRAWS, WARM_UP = 20_000, 10_000

KEPT, COUNTED, INVESTMENTS, YEARS = "draws, kept", "draws, counted", "investments", "years"
SIZES = {
    KEPT: [KEEP_DRAWS // 8, KEEP_DRAWS // 4, KEEP_DRAWS // 2, KEEP_DRAWS],
    COUNTED: [240_000, 480_000, 960_000],
    INVESTMENTS: [1, 2, 4, 8],
    YEARS: [4, 8, 16, 32],
}
"""Draws, copies of all investments, or calendar years from the first quarter after the origin on; doubled each time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=SIZES, help="measure this one only, in this process")
    parser.add_argument("--size", type=int, help="the size that --one measures")
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(measure(options.one, options.size)))
        return
    header = ["grown", "sizes", "processor seconds", "exponent", "of what a doubling adds"]
    print(table(header, [_row(name, options.rounds) for name in SIZES]))


def measure(name: str, size: int) -> dict[str, float]:
    """What a size comes to in draws, plants or years, and the seconds that a run of it takes once warm."""
    n_draws = size if name in (KEPT, COUNTED) else N_DRAWS
    plan = plan_of(copies=size if name == INVESTMENTS else 1, years=size if name == YEARS else None)
    reached = {INVESTMENTS: sum(len(group.projects) for group in plan.groups), YEARS: len(plan.years)}
    run(plan, WARM_UP)
    start = process_time()
    run(plan, n_draws)
    return {"size": reached.get(name, n_draws), "seconds": process_time() - start}


def plan_of(copies: int, years: int | None) -> Plan:
    """Compiled `announced.yaml` with its investments some times over, to its own horizon or over some years."""
    scenario, known = load_scenario(ANNOUNCED), vintage()
    horizon = scenario.horizon if years is None else year_of(known.trade.origin + 1) + years - 1
    return compile_plan(replace(_repeated(scenario, copies), horizon=horizon), load_posterior(), known)


def _repeated(scenario: Scenario, copies: int) -> Scenario:
    """Every investment with copies that draw numbers of their own: these hang on the id."""
    more = [replace(one, id=f"{one.id}-copy-{copy}") for copy in range(1, copies) for one in scenario.investments]
    return replace(scenario, investments=(*scenario.investments, *more))


def run(plan: Plan, n_draws: int) -> None:
    """Simulate and summarise."""
    simulate(alone(plan), Settings(n_draws)).summary(plan.years, plan.series)


def exponent(sizes: ArrayLike, seconds: ArrayLike) -> float:
    """Slope of log time on log size by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _row(name: str, n_rounds: int) -> list[str]:
    rounds = [[measured(__file__, "--one", name, "--size", size) for size in SIZES[name]] for _ in range(n_rounds)]
    sizes = [one["size"] for one in rounds[0]]
    seconds = [min(one["seconds"] for one in same) for same in zip(*rounds, strict=True)]
    added = np.diff(seconds)
    of_added = f"{exponent(np.diff(sizes), added):.2f}" if (added > 0).all() else "lost in noise"
    shown = (" / ".join(f"{value:{form}}" for value in values) for values, form in ((sizes, ","), (seconds, ".2f")))
    return [name, *shown, f"{exponent(sizes, seconds):.2f}", of_added]


if __name__ == "__main__":
    main()
