"""How often the half-width of `--precision` holds, over many seeds: what is said, beside what came of it.

The truth is the mean over all seeds, each weighted by its draws: over 200 of them its own error is a fourteenth of one
seed's. All seeds share the stored rows of parameters, as the half-width does.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np
from measurement import table

from forecast.engine.block import flows_of
from forecast.engine.compile import compile_run
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, block_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.parallel import in_order
from forecast.results.precision import Target, parsed_target, sized_by_pilot
from forecast.scenario.mixture import load_any
from forecast.stats.streams import Scheme
from forecast.storage.documents import scenario_path

REQUESTS = (
    "effect:2028:mean=0.015",
    "effect:2028:q10=0.03",
    "trade_balance:2028:median=0.2",
    "trade_balance:2028:q97.5=0.6",
    "trade_balance:2028:p>55.7=0.003",
    "trade_balance:2028:mean=0.2",
)


def estimate(draws: np.ndarray, target: Target) -> float:
    """The number a target names, of draws of its series and year."""
    if target.statistic == "mean":
        return float(draws.mean())
    if target.statistic.startswith("exceedance_"):
        return float((draws > float(target.statistic.removeprefix("exceedance_"))).mean())
    return float(np.quantile(draws, float(target.statistic.removeprefix("quantile_"))))


def one_seed(plan: RunPlan, targets: list[Target], scheme: Scheme, seed: int) -> list[tuple[float, int]]:
    """Every number and the draws it took."""
    settings = Settings(1, seed, scheme)
    found = sized_by_pilot(plan, settings, targets)
    n_draws = max(one.n_draws for one in found)
    series, years = (
        [names.index(name) for name in asked]
        for names, asked in (
            (plan.series, [target.series for target in targets]),
            (plan.years, [target.year for target in targets]),
        )
    )
    blocks = (
        flows_of(plan, streams).annual[series, years]
        for streams in block_streams(plan, replace(settings, n_draws=n_draws))
    )
    draws = np.concatenate(list(blocks), axis=-1)
    return [(estimate(drawn[: one.n_draws], one.target), one.n_draws) for one, drawn in zip(found, draws, strict=True)]


def main() -> None:
    """Print one row a number."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--sampler", default="plain", choices=get_args(Scheme))
    asked = parser.parse_args()
    scenario = replace(load_any(scenario_path("hyundai")), horizon=2028)
    plan = compile_run(scenario, load_posterior(), vintage())
    targets = [parsed_target(text) for text in REQUESTS]
    seeds = range(1_000, 1_000 + asked.seeds)
    found = np.array(list(in_order(partial(one_seed, plan, targets, asked.sampler), seeds, -1)))
    values, taken = np.moveaxis(found, -1, 0)
    truth = (values * taken).sum(axis=0) / taken.sum(axis=0)
    rows = []
    for request, target, value, draws, true in zip(REQUESTS, targets, values.T, taken.T, truth, strict=True):
        off = (value - true) / target.width
        low, high = np.percentile(draws, [0, 100])
        rows.append(
            [
                request,
                f"{100 * (abs(off) <= 1).mean():.1f} %",
                f"{draws.mean():,.0f}",
                f"{low:,.0f} to {high:,.0f}",
                f"{(value.mean() - true) / target.width:+.3f}",
            ]
        )
    print(f"{asked.seeds} seeds, {asked.sampler}")
    print(table(["asked for", "held", "draws, mean", "range", "bias, half-widths"], rows))


if __name__ == "__main__":
    main()
