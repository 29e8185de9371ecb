"""What sampling schemes are worth: variances of block estimates beside plain draws, at equal processor time.

Blocks of all schemes are simulated in turns, so that all meet the same load. A number above 1 is how many times more
plain draws would have to be made, in the same processor time, for the same error.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
from measurement import table

from forecast.dims import Array
from forecast.engine.block import flows_of
from forecast.engine.compile import compile_run
from forecast.engine.plan import BLOCK_SIZE
from forecast.engine.run_plan import RunPlan
from forecast.engine.stratified import block_of_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.mixture import load_any
from forecast.stats.streams import Scheme
from forecast.storage.documents import scenario_path

YEARS = (1, 5, 10)
SCHEMES: tuple[Scheme, ...] = ("plain", "latin_hypercube", "sobol")
OUTCOMES = (
    ("hyundai", None, "trade_balance"),
    ("hyundai", None, "effect"),
    ("announced", None, "trade_balance"),
    ("announced", None, "effect"),
    ("announced", "localization-fast", "trade_balance"),
)
"""Scenario, scenario it is held against draw by draw, and series."""


def plan_of(name: str) -> RunPlan:
    """The compiled scenario of a name."""
    scenario = load_any(scenario_path(name))
    return compile_run(scenario, load_posterior(as_of=scenario.as_of), vintage(scenario.as_of))


def block(plans: list[RunPlan], series: str, index: int, scheme: Scheme) -> Array:
    """Draws of an outcome in one block, `(n_years, n_draws)`, of a difference where there are two plans."""
    streams = block_of_streams(1, index, BLOCK_SIZE, scheme)
    drawn = [flows_of(plan, streams).annual[plan.series.index(series)] for plan in plans]
    return (drawn[0] if len(drawn) == 1 else drawn[1] - drawn[0])[[year - 1 for year in YEARS]]


def estimates(draws: Array, threshold: Array) -> Array:
    """Mean, 5 % quantile, median and chance to exceed a threshold of one block, `(4, n_years)`."""
    low, middle = np.quantile(draws, [0.05, 0.5], axis=-1)
    return np.stack([draws.mean(axis=-1), low, middle, (draws > threshold[:, None]).mean(axis=-1)])


def main() -> None:
    """Print one row an outcome, year and scheme."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=200)
    n_blocks = parser.parse_args().blocks
    rows = []
    for reference, alternative, series in OUTCOMES:
        plans = [plan_of(name) for name in (reference, alternative) if name is not None]
        # the median of a first block: a chance near one half, far from 0 and 1
        threshold = np.median(block(plans, series, n_blocks, "plain"), axis=-1)
        seconds, found = dict.fromkeys(SCHEMES, 0.0), {scheme: [] for scheme in SCHEMES}
        for index in range(n_blocks):
            for scheme in SCHEMES:
                start = process_time()
                draws = block(plans, series, index, scheme)
                seconds[scheme] += process_time() - start
                found[scheme].append(estimates(draws, threshold))
        variance = {scheme: np.var(found[scheme], axis=0, ddof=1) for scheme in SCHEMES}
        name = f"{reference}, {series}" if alternative is None else f"{alternative} less {reference}, {series}"
        for scheme in SCHEMES[1:]:
            cost = seconds[scheme] / seconds["plain"]
            with np.errstate(divide="ignore", invalid="ignore"):
                gains = variance["plain"] / variance[scheme] / cost
            cells = [" / ".join("–" if np.isnan(gain) else f"{gain:.2f}" for gain in row) for row in gains]
            rows.append([name, scheme, f"{cost:.2f}", *cells])
            print(rows[-1], flush=True)
    years = " / ".join(map(str, YEARS))
    head = ["outcome", "scheme", "cost", *(f"{what}, years {years}" for what in ("mean", "5 %", "median", "chance"))]
    print(f"{n_blocks} blocks; the standard error of a ratio is about {100 * np.sqrt(4 / n_blocks):.0f} %")
    print(table(head, rows))


if __name__ == "__main__":
    main()
