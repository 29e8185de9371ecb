"""How well 20,000 draws know the error of their quantiles: what is said, beside the spread of the quantiles.

Draws are taken with replacement from a million of a scenario. The quantiles of so many draws lie at levels that are
beta distributed, so that their spread over all such samples follows from the million.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
from measurement import table

from forecast.engine.block import flows_of
from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, block_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.mixture import load_any
from forecast.stats.quantiles import quantile_estimates, quantiles
from forecast.stats.summary import LEVELS
from forecast.storage.documents import scenario_path

N_POOL, N_LEVELS, N_SAMPLES, N_NUMBERS = 1_000_000, 4_000, 60, 60


def pooled(name: str) -> np.ndarray:
    """Ordered draws of some sixty annual numbers of a scenario that spread, `(n_numbers, N_POOL)`."""
    plan = compile_run(load_any(scenario_path(name)), load_posterior(), vintage())
    blocks = (flows_of(plan, streams).annual.astype(np.float32) for streams in block_streams(plan, Settings(N_POOL, 5)))
    draws = np.concatenate(list(blocks), axis=-1)
    spread = np.argwhere(draws.std(axis=-1) > 1e-6)
    chosen = spread[:: max(len(spread) // N_NUMBERS, 1)]
    return np.sort(draws[chosen[:, 0], chosen[:, 1]], axis=-1)


def spread_of_quantiles(pool: np.ndarray, n_draws: int) -> np.ndarray:
    """Standard deviation of the quantiles of samples of one number, `(n_levels,)`."""
    level, rng = np.array(LEVELS), np.random.default_rng(0)
    reached = rng.beta(level * (n_draws - 1) + 1, n_draws - level * (n_draws - 1), size=(N_LEVELS, level.size))
    return pool[(reached * (pool.size - 1)).astype(np.intp)].astype(float).std(axis=0)


def main() -> None:
    """Print one row a level: how far what is said strays, and how far off it is on average."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("scenarios", nargs="*", default=["hyundai", "tariff-threat"])
    asked = parser.parse_args()
    rng, ratios = np.random.default_rng(1), []
    for pool in (one for name in asked.scenarios for one in pooled(name)):
        right = spread_of_quantiles(pool, asked.draws)
        samples = (pool[rng.integers(0, pool.size, asked.draws)] for _ in range(N_SAMPLES))
        said = [quantile_estimates(partial(quantiles, draws), LEVELS, asked.draws)[1] for draws in samples]
        ratios.append(np.divide(said, right, out=np.full((N_SAMPLES, right.size), np.nan), where=right > 1e-9))
    strays, off = np.nanstd(ratios, axis=1), np.nanmean(ratios, axis=1) - 1
    low, high = np.nanpercentile(off, (2.5, 97.5), axis=0)
    rows = [
        [f"{level:g}", f"{100 * typical:.1f} %", f"{100 * first:+.1f} to {100 * last:+.1f} %"]
        for level, typical, first, last in zip(LEVELS, np.nanmedian(strays, axis=0), low, high, strict=True)
    ]
    print(f"{len(ratios)} numbers of {', '.join(asked.scenarios)}; {asked.draws:,} draws")
    print(table(["level", "strays", "off on average, in 95 % of numbers"], rows))


if __name__ == "__main__":
    main()
