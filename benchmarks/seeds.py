"""Whether runs under other seeds agree within the errors they report: every mean of a scenario, and its budget.

All runs pick from the same posterior rows, so that what those bring to a reported error is no part of how runs under
two seeds differ. Distances are measured in reported errors; the spread over seeds is held against errors without it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.dims import Array
from forecast.engine.compile import compile_run
from forecast.engine.resampling import SourceAnalysis
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, simulate
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.mixture import load_any
from forecast.stats.summary import Summary
from forecast.storage.documents import scenario_path

LIMIT = 6.0
"""Largest distance accepted, in reported errors."""


def compiled(name: str) -> RunPlan:
    """A shipped scenario under the stored posterior."""
    scenario = load_any(scenario_path(name))
    return compile_run(scenario, load_posterior(as_of=scenario.as_of), vintage(scenario.as_of))


def summaries_of(plan: RunPlan, seed: int, n_draws: int) -> tuple[Summary, Summary]:
    """Statistics of one run as reported, and with errors that leave out what posterior rows bring."""
    statistics = simulate(plan, Settings(n_draws, seed))
    reported = statistics.summary(plan.years, plan.series)
    statistics.annual_rows = replace(statistics.annual_rows, n_rows={}, models={})
    return reported, statistics.summary(plan.years, plan.series)


def farthest(values: Array, errors: Array) -> tuple[float, tuple[int, ...]]:
    """Largest distance from the common mean in reported errors, and where it is, of `(n_seeds, ...)`."""
    distance = np.abs(values - values.mean(axis=0))
    z = np.divide(distance, errors, out=np.zeros_like(distance), where=(distance > 1e-9) & (errors > 0))
    return float(z.max()), tuple(map(int, np.unravel_index(int(z.argmax()), z.shape)))


def spread_over_error(values: Array, errors: Array) -> Array:
    """Spread over seeds over the errors, of all that moves."""
    actual, reported = values.std(axis=0, ddof=1), np.sqrt((errors**2).mean(axis=0))
    return np.asarray(actual[reported > 0] / reported[reported > 0])


def compare_runs(name: str, seeds: Sequence[int], n_draws: int) -> bool:
    """Print how far statistics under the seeds stray; whether all means are within `LIMIT`."""
    plan = compiled(name)
    runs, bare = zip(*(summaries_of(plan, seed, n_draws) for seed in seeds), strict=True)
    dominant = {seed: run.dominant_draws for seed, run in zip(seeds, runs, strict=True) if run.dominant_draws}
    print(f"{name}: {len(seeds)} seeds of {n_draws:,} draws; single draws that dominate: {dominant or 'none'}")
    distances = {}
    for statistic in runs[0].statistics:
        values, errors = (
            np.stack([getattr(run.statistics[statistic], part) for run in runs]) for part in ("value", "standard_error")
        )
        own = np.stack([run.statistics[statistic].standard_error for run in bare])
        distances[statistic], (run, series, year) = farthest(values, errors)
        place = f"{plan.series[series]} in {plan.years[year]}, seed {seeds[run]}"
        ratio = np.median(spread_over_error(values, own))
        print(f"  {statistic}: {distances[statistic]:.1f} errors at most ({place}); spread over error {ratio:.2f}")
    return distances["mean"] <= LIMIT


def compare_budgets(name: str, seeds: Sequence[int], n_draws: int, year: int) -> bool:
    """Print how far the shares of the surplus' variance under the seeds stray; whether all are within `LIMIT`."""
    plan = compiled(name)
    at, n_blocks = plan.years.index(year), max(n_draws // plan.block_size, 2)
    analyses = [SourceAnalysis(plan, seed, plan.series.index("trade_balance")) for seed in seeds]
    budgets = [analysis.effects(n_blocks) for analysis in analyses]
    sources, within = analyses[0].sources, True
    print(
        f"{name}: {len(seeds)} budgets of {year}; largest share of one draw {max(b.dominance[at] for b in budgets):.1%}"
    )
    for part in ("first", "total"):
        estimates = [getattr(budget, part) for budget in budgets]
        values, errors = (np.stack([getattr(one, half)[:, at] for one in estimates]) for half in ("value", "error"))
        z, (run, source) = farthest(values, errors)
        ratios = spread_over_error(values, errors)
        spread = f"spread over error {ratios.min():.2f} to {ratios.max():.2f}, median {np.median(ratios):.2f}"
        print(f"  {part}: {z:.1f} errors at most ({sources[source]}, seed {seeds[run]}); {spread}")
        within &= z <= LIMIT
    return within


def main() -> None:
    """Both comparisons; exit code 1 where something strays too far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="announced")
    parser.add_argument("--seeds", type=int, default=200, help="runs, from seed 0 on")
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--budgets", type=int, default=30, help="budgets, from seed 0 on")
    parser.add_argument("--of", default="baseline", help="scenario of the budgets")
    parser.add_argument("--year", type=int, default=2030, help="year of the budgets")
    given = parser.parse_args()
    agree = [
        *([compare_runs(given.scenario, range(given.seeds), given.draws)] if given.seeds > 1 else []),
        *([compare_budgets(given.of, range(given.budgets), given.draws, given.year)] if given.budgets > 1 else []),
    ]
    raise SystemExit(0 if all(agree) else 1)


if __name__ == "__main__":
    main()
