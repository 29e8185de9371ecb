"""Scores variants of the baseline's priors without the full fits: python benchmarks/model_choice.py

A variant is judged on Korean origins to 2015Q4 and on the trade of six other countries, origins 2006Q4 to 2022Q2, all
without drivers: mean CRPS of the quarterly balance 1 to 8 quarters ahead over that of the first variant, and what 80 %
intervals held. The likelihood is that of `models.processes.baseline_model`, written out as one loop and sampled by a
plain Metropolis walk from its mode: a second for what a full fit needs a minute for. What last months carry over is at
its most likely by least squares. Forecasts are those of `economics.processes`, and every variant has the same random
numbers. `--check` sets some origins beside full fits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from measurement import table
from numba import njit
from scipy.optimize import minimize

from forecast.dims import Array
from forecast.economics.processes import CarryOver, baseline_flows, baseline_shocks
from forecast.models.carry_over import carry_over_evidence
from forecast.models.evidence import BASELINE_MEMORY, SHARED, Memory
from forecast.models.processes import _SEASONS, MOVING_AVERAGE, SHOCK_SHARE, window
from forecast.models.task import draw_last
from forecast.observations.series import QuarterlyTrade, quarterly_trade
from forecast.parallel import in_order
from forecast.quarters import parse_quarter
from forecast.track.backtest import Design, baseline_draws, cut
from forecast.track.custom_trade import read_custom_trade
from forecast.track.references import bayesian_var, joint_growth
from forecast.track.scores import coverage, crps, outcomes, pit, target_quantiles

PAIRS = Path(__file__).parents[1] / "docs" / "track-record" / "pairs"
FIRST, KOREA_LAST, PAIRS_LAST = "2006Q4", "2015Q4", "2022Q2"
Reference: TypeAlias = Callable[[QuarterlyTrade, int, int, int], Array]
HORIZON, N_DRAWS, STEPS, THIN, SEED = 32, 4_000, 60_000, 30, 11
NEAR, YEARS = 8, (1, 2, 3, 5, 8)
MEAN = np.concatenate([np.zeros(8), MOVING_AVERAGE[:, 0], [np.log(0.02)] * 2, np.zeros(4), [np.log(30.0)]])
SPREAD = np.array([np.nan] * 8 + [0.1] * 2 + [0.5] * 2 + [np.nan] * 3 + [0.7, 0.6])
"""Prior means and sds of drift, half of what parts it, season, moving average, log adjustment, ratio, log scales, spill
and log freedom.

Those of a variant stand in for what is not a number here.
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """How the past fades, and priors of the equilibrium ratio, of the scales of shocks, of drift, seasons, carry-over.

    Attributes:
        name: in the table.
        memory: what of the past is heard.
        ratio: sd of the log ratio, and whether it is centred on its own mean, else on balanced trade.
        scale: sd of the logarithms of the scales, and whether they are centred on own spread, else on 5 %.
        drift: mean and sd of log growth a quarter, the mean of both flows.
        parted: sd of half the difference between the drifts of the flows; 0 where they have one.
        of_mean: whether that is growth of the mean, so that the log has half the variance of growth less.
        season: sd of what a calendar quarter adds to it.
        carried: means and sds of what last months carry over, of what flows share and of what parts them, if anything.
        pull: mean and sd of the logarithm of the part of its gap that the ratio closes in a quarter.
    """

    name: str
    memory: Memory = BASELINE_MEMORY
    ratio: tuple[float, bool] = (0.15, True)
    scale: tuple[float, bool] = (0.3, True)
    drift: tuple[float, float] = (0.01, 0.005 / 2**0.5)
    parted: float = 0.005 / 2**0.5
    of_mean: bool = False
    season: float = 0.05
    carried: tuple[tuple[float, float], tuple[float, float]] | None = ((1.0, 0.2), (0.0, 0.2))
    pull: tuple[float, float] = (np.log(0.02), 0.5)


@dataclass(frozen=True, slots=True)
class Pool:
    """Several models as one.

    Attributes:
        name: in the table.
        joined: variants, each of which makes as many of the draws.
        averaged: a reference and its weight, whose quantiles are averaged with those of the draws.
    """

    name: str
    joined: tuple[Variant, ...]
    averaged: tuple[Reference, float] | None = None


SHIPPED = Variant("one drift for both flows, 1 ± 0.35 %", parted=0.0)
VARIANTS = (
    Variant("a drift for each flow, 1 ± 0.5 %"),
    Variant("48 quarters of one weight", Memory(48)),
    Variant("weights halved every 24 quarters", Memory(120, 24.0)),
    Variant("weights halved every 12 quarters", Memory(120, 12.0)),
    Variant("ratio around balanced trade, ± 0.5", ratio=(0.5, False)),
    Variant("scales around 5 %, wide", scale=(1.0, False)),
    Variant("drift of 0.75 % a quarter, ± 0.25 %", drift=(0.0075, 0.0025 / 2**0.5), parted=0.0025 / 2**0.5),
    Variant("drift of 0.6 %, ± 0.15 %", drift=(0.006, 0.0015 / 2**0.5), parted=0.0015 / 2**0.5),
    SHIPPED,
    Variant("one, of the mean, 1 ± 0.35 %", parted=0.0, of_mean=True),
    Variant("one, of the mean, 1 ± 0.25 %", drift=(0.01, 0.0025), parted=0.0, of_mean=True),
    Variant("one, of the mean, 1 ± 0.18 %", drift=(0.01, 0.0025 / 2**0.5), parted=0.0, of_mean=True),
    Variant("two, of the mean", of_mean=True),
    Variant("seasons of ± 10 %", season=0.1),
    Variant("last months unheard", carried=None),
    Variant("carried over 0.8 ± 0.3 of what is shared, 0 ± 0.2", carried=((0.8, 0.3), (0.0, 0.2))),
    Variant("carried over 1 ± 0.3, and 0.3 ± 0.3 of what parts", carried=((1.0, 0.3), (0.3, 0.3))),
    Variant("carried over 1 and 0, known", carried=((1.0, 1e-3), (0.0, 1e-3))),
)
"""The first is the model before `SHIPPED`, and all but the rows of drift have its drifts, as when they were tried."""

UNPULLED = replace(SHIPPED, pull=(np.log(0.001), 0.3))
DRIFTLESS = replace(SHIPPED, drift=(0.0, 0.0015))
POOLS = (
    Pool("no pull of the ratio", (UNPULLED,)),
    Pool("drift of 0 ± 0.15 %", (DRIFTLESS,)),
    Pool("this model and one without pull, half of the draws each", (SHIPPED, UNPULLED)),
    Pool("this model and one whose ratio closes 5 % of its gap", (SHIPPED, replace(SHIPPED, pull=(np.log(0.05), 0.3)))),
    Pool("this model and one without drift", (SHIPPED, DRIFTLESS)),
    Pool("this model, one without pull and one without drift", (SHIPPED, UNPULLED, DRIFTLESS)),
    Pool("quantiles of this model, a quarter of joint growth", (SHIPPED,), (joint_growth, 0.25)),
    Pool("quantiles of this model, half of joint growth", (SHIPPED,), (joint_growth, 0.5)),
    Pool("quantiles of this model, a quarter of the Bayesian VAR", (SHIPPED,), (bayesian_var, 0.25)),
)
"""Looked at once `SHIPPED` was chosen."""


@njit(cache=True)
def log_density(at, mean, spread, centre, scale, history, season, weights):
    """Log posterior density of `baseline_model` at free parameters `(17,)`, less a constant."""
    total = 0.0
    for i in range(len(at)):
        total -= 0.5 * ((at[i] - mean[i]) / spread[i]) ** 2
    ratio, freedom = at[12] + centre, 2.0 + np.exp(at[16])
    pull = np.exp(at[10:12])
    both, apart = 0.5 * (at[8] + at[9]), 0.5 * (at[8] - at[9])
    one = two = 0.0
    for t in range(len(history) - 1):
        gap = history[t, 0] - history[t, 1] - ratio
        expected_one, expected_two = at[0] + at[1] - pull[0] * gap, at[0] - at[1] + pull[1] * gap
        for k in range(3):
            expected_one += at[2 + k] * season[t, k]
            expected_two += at[5 + k] * season[t, k]
        earlier_one, earlier_two = one, two
        one = history[t + 1, 0] - history[t, 0] - expected_one - both * earlier_one - apart * earlier_two
        two = history[t + 1, 1] - history[t, 1] - expected_two - both * earlier_two - apart * earlier_one
        first = one / scale[0]
        rest = (two / scale[1] - at[15] * first) * np.exp(-at[14])
        first *= np.exp(-at[13])
        squared = first * first + rest * rest
        total += weights[t] * (-0.5 * (freedom + 2.0) * np.log1p(squared / freedom) - at[13] - at[14])
    return total


@njit(cache=True)
def walk(rng, start, factor, steps, thin, mean, spread, centre, scale, history, season, weights):
    """Every `thin`-th place of a Metropolis walk, `(steps // thin, 17)`."""
    at, places = start.copy(), np.empty((steps // thin, len(start)))
    height = log_density(at, mean, spread, centre, scale, history, season, weights)
    for step in range(steps):
        proposed = at + factor @ rng.standard_normal(len(at))
        other = log_density(proposed, mean, spread, centre, scale, history, season, weights)
        if np.log(rng.random()) < other - height:
            at, height = proposed, other
        if (step + 1) % thin == 0:
            places[step // thin] = at
    return places


def rows_of(variant: Variant, trade: QuarterlyTrade) -> dict[str, Array]:
    """Rows of the baseline, `(STEPS // THIN, ...)`, without responses to drivers."""
    data = window(trade, memory=variant.memory)
    mean, spread = MEAN.copy(), SPREAD.copy()
    mean[0] = variant.drift[0] - variant.of_mean * 0.5 * ((data.usual_scale / SHOCK_SHARE) ** 2).mean()
    spread[:2] = variant.drift[1], max(variant.parted, 1e-4)
    spread[2:8], spread[12], spread[13:15] = variant.season, variant.ratio[0], variant.scale[0]
    mean[10:12], spread[10:12] = variant.pull
    centre = data.usual_ratio if variant.ratio[1] else 0.0
    scale = data.usual_scale if variant.scale[1] else np.full(2, 0.05)
    fixed = (mean, spread, centre, scale, data.history, _SEASONS[:, data.quarters].T.copy(), data.weights)

    def negative(at: Array) -> float:
        return -log_density(at, *fixed)

    mode = minimize(negative, mean, method="BFGS", options={"gtol": 1e-4})
    covariance = np.minimum(mode.hess_inv, mode.hess_inv.T)
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(MEAN))) * 2.0 / np.sqrt(len(MEAN))
    rng = np.random.default_rng([SEED, trade.origin])
    warm = walk(rng, mode.x, factor, STEPS // 3, THIN, *fixed)
    factor = np.linalg.cholesky(np.cov(warm.T)) * 2.2 / np.sqrt(len(MEAN))
    at = walk(rng, warm[-1], factor, STEPS, THIN, *fixed)
    diagonal = np.exp(at[:, 13:15])
    shock_factor = np.zeros((len(at), 2, 2))
    shock_factor[:, 0, 0], shock_factor[:, 1, 1] = diagonal[:, 0], diagonal[:, 1]
    shock_factor[:, 1, 0] = at[:, 15] * diagonal[:, 0]
    rows = {
        "drift": np.stack([at[:, 0] + at[:, 1], at[:, 0] - at[:, 1]], axis=1),
        "season": np.swapaxes(at[:, 2:8].reshape(-1, 2, 3) @ _SEASONS, 1, 2),
        "moving_average": at[:, 8:10],
        "adjustment": np.exp(at[:, 10:12]),
        "ratio": at[:, 12] + centre,
        "shock_factor": shock_factor * scale[:, None],
        "degrees_of_freedom": 2.0 + np.exp(at[:, 16]),
    }
    return {**rows, "last_shock": baseline_shocks(draw_last(rows), data.history, data.first)[-1].T}


def forecast_flows(variant: Variant, trade: QuarterlyTrade, rows: dict[str, Array]) -> Array:
    """Exports and imports from rows of the baseline, `(HORIZON, 2, N_DRAWS)`."""
    rng = np.random.default_rng([SEED, trade.origin, 1])
    index = (rng.random(N_DRAWS) * len(rows["ratio"])).astype(np.intp)
    drawn = {name: np.moveaxis(values[index], 0, -1) for name, values in rows.items()}
    normals = rng.standard_normal((HORIZON, 2, N_DRAWS))
    tail = rng.standard_gamma(np.broadcast_to(drawn["degrees_of_freedom"] / 2, (HORIZON, N_DRAWS)))
    history, known = np.log(np.column_stack([trade.exports, trade.imports])), carry_over(variant, trade)
    flows = baseline_flows(drawn, history, trade.origin + 1, normals, tail, known=known)
    return np.stack(flows, axis=1)


def pooled_quantiles(pool: Pool, trade: QuarterlyTrade, flows: Sequence[Array]) -> Array:
    """Quantiles of all targets from the flows of every variant of a pool, `(3, n_targets, 99)`."""
    ends = np.linspace(0, N_DRAWS, len(flows) + 1).astype(int)
    parts = [one[..., first:last] for one, (first, last) in zip(flows, pairwise(ends), strict=True)]
    quantiles = target_quantiles(np.concatenate(parts, axis=-1))
    if pool.averaged is None:
        return quantiles
    reference, weight = pool.averaged
    return np.asarray((1.0 - weight) * quantiles + weight * reference(trade, HORIZON, N_DRAWS, SEED))


def carry_over(variant: Variant, trade: QuarterlyTrade) -> CarryOver | None:
    """What the last month brings and leaves open, at the most likely coefficients of a normal model."""
    if variant.carried is None:
        return None
    data = carry_over_evidence(trade)
    shift, kept = np.zeros((2, 2, 1))
    back = (MOVING_AVERAGE / (1 + MOVING_AVERAGE**2))[:, 0]
    for part, (mean, sd) in enumerate(variant.carried):
        growth, spread = data.growth[part], data.scale[part]
        growth, known = growth.clip(-3 * spread, 3 * spread), np.column_stack([data.before[part], data.rise[part]])
        prior, precision = np.array([back[part], mean]), np.diag([0.15**-2, sd**-2])
        variance = spread**2
        for _ in range(3):
            heard = (known.T * data.weights) / variance
            found = np.linalg.solve(heard @ known + precision, heard @ growth + precision @ prior)
            variance = np.average((growth - known @ found) ** 2, weights=data.weights)
        shift[part] = found[1] * data.last_rise[part]
        kept[part] = (variance / (variance + (found[1] * data.own_rise[part]) ** 2)) ** 0.5
    return CarryOver(SHARED @ shift, kept)


@dataclass(frozen=True, slots=True)
class Scores:
    """CRPS of exports, imports and balance, `(n_origins, 3, n_targets)`, and PIT of the balance; nan where unknown."""

    crps: Array
    levels: Array


def scores_at(trade: QuarterlyTrade, last_outcome: int, origin: int) -> list[tuple[Array, Array]]:
    """CRPS `(3, n_targets)` and PIT of the balance at one origin, by variant and pool."""
    past, walked = cut(trade, origin), {}

    def flows(variant: Variant) -> Array:
        of_baseline = replace(variant, name="", carried=None)  # all that rows hang on
        if of_baseline not in walked:
            walked[of_baseline] = rows_of(variant, past)
        return forecast_flows(variant, past, walked[of_baseline])

    pools = (*(Pool(variant.name, (variant,)) for variant in VARIANTS), *POOLS)
    forecasts = (pooled_quantiles(pool, past, [flows(variant) for variant in pool.joined]) for pool in pools)
    return [scores_of(quantiles, trade, last_outcome, origin) for quantiles in forecasts]


def scores_of(quantiles: Array, trade: QuarterlyTrade, last_outcome: int, origin: int) -> tuple[Array, Array]:
    """CRPS and PIT of one forecast."""
    observed = outcomes(trade, origin, HORIZON)
    ends = np.concatenate([origin + 1 + np.arange(HORIZON), origin + 4 * (1 + np.arange(HORIZON // 4))])
    observed[:, ends > last_outcome] = np.nan
    losses = np.stack([crps(series, levels) for series, levels in zip(observed, quantiles, strict=True)])
    return losses, np.where(np.isnan(observed[2]), np.nan, pit(observed[2], quantiles[2]))


def scored(trade: QuarterlyTrade, last: str, last_outcome: str, n_jobs: int) -> list[Scores]:
    """Scores of every variant and pool at every second origin."""
    origins = range(parse_quarter(FIRST), parse_quarter(last) + 1, 2)
    by_origin = in_order(partial(scores_at, trade, parse_quarter(last_outcome)), origins, n_jobs)
    by_variant = zip(*by_origin, strict=True)
    return [Scores(*(np.stack(part) for part in zip(*found, strict=True))) for found in by_variant]


def near(scores: Scores) -> Array:
    """Mean CRPS of exports, imports and balance, 1 to 8 quarters ahead, `(3,)`."""
    return np.asarray(np.nanmean(scores.crps[:, :, :NEAR], axis=(0, 2)))


def held(scores: list[Scores], targets: slice) -> str:
    """Share of outcomes inside 80 % intervals of the balance."""
    levels = np.concatenate([one.levels[:, targets].ravel() for one in scores])
    return f"{coverage(levels[~np.isnan(levels)], 80):.0%}"


def main() -> None:
    """Print a row a variant, or the check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="two origins beside full fits, and nothing else")
    asked = parser.parse_args()
    korea = quarterly_trade()
    if asked.check:
        check(korea)
        return
    early = scored(korea, KOREA_LAST, "2017Q4", asked.workers)
    pairs = [read_custom_trade(path, "exports", "imports") for path in sorted(PAIRS.glob("*.csv"))]
    others = list(zip(*(scored(pair, PAIRS_LAST, "2022Q4", asked.workers) for pair in pairs), strict=True))
    rows = []
    for variant, own, other in zip((*VARIANTS, *POOLS), early, others, strict=True):
        korean = near(own) / near(early[0])
        six = np.mean([near(one) / near(base) for one, base in zip(other, others[0], strict=True)], axis=0)
        shares = [held(list(other), span) for span in (slice(4), slice(4, NEAR), *map(_year, YEARS))]
        ratios = [f"{ratio:.3f}" for ratio in (*korean[[2, 0, 1]], *six[[2, 0, 1]], (korean[2] * six[2]) ** 0.5)]
        rows.append([variant.name, *ratios, *shares])
    flows = ("balance", "exports", "imports")
    spans = ("quarters 1-4", "5-8", *(f"year {year}" for year in YEARS))
    print(
        table(["variant", *(f"Korea, {flow}" for flow in flows), *(f"six, {f}" for f in flows), "rule", *spans], rows)
    )


def _year(ahead: int) -> slice:
    return slice(HORIZON + ahead - 1, HORIZON + ahead)


def check(korea: QuarterlyTrade) -> None:
    """Print the 10, 50 and 90 % quantiles of the balance by the full fit and by the walk."""
    rows = []
    for name in ("2008Q4", "2014Q4"):
        trade = cut(korea, parse_quarter(name))
        full = target_quantiles(baseline_draws(trade, Design(HORIZON, N_DRAWS, SEED, drivers=False)))
        walked = target_quantiles(forecast_flows(SHIPPED, trade, rows_of(SHIPPED, trade)))
        for target in (0, 3, 7):
            pairs = [f"{found[2, target, level]:.2f}" for level in (9, 49, 89) for found in (full, walked)]
            rows.append([name, f"{target + 1}", *pairs])
    ways = [f"{level} %, {way}" for level in (10, 50, 90) for way in ("fit", "walk")]
    print(table(["origin", "quarters ahead", *ways], rows))


if __name__ == "__main__":
    main()
