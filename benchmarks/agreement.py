"""Whether the engine, the notebook and the kernel forecast the same: every statistic of every series and year."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import kernel
import notebook
import numpy as np
from settled import SHARED_SERIES

from forecast.dims import Array
from forecast.engine.plan import Plan
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, simulate
from forecast.stats.summary import Statistic, StreamingSummary, Summary

LIMIT = 5.0
"""Largest |z| accepted among the 990 of a pair."""


def agreement(plan: Plan, n_draws: int) -> str:
    """Largest z-score of each pair of implementations, in words.

    Raises:
        ValueError: a statistic differs by more than Monte Carlo error allows.
    """
    summaries = {
        "engine": _shared(simulate(alone(plan), Settings(n_draws)).summary(plan.years, plan.series)),
        "notebook": _summary(plan, notebook.annual_flows(plan, n_draws, 1)),
        "kernel": _summary(plan, kernel.annual_flows(plan, n_draws, 2)),
    }
    return "\n".join(
        f"{one} and {other}: {_compared(summaries[one], summaries[other])}" for one, other in combinations(summaries, 2)
    )


def _shared(summary: Summary) -> Summary:
    """The statistics of the series that all implementations have."""
    places = [summary.series.index(name) for name in SHARED_SERIES]
    statistics = {
        name: Statistic(found.value[places], found.standard_error[places]) for name, found in summary.statistics.items()
    }
    return replace(summary, statistics=statistics, series=SHARED_SERIES)


def _summary(plan: Plan, annual: Array) -> Summary:
    """All statistics, with the standard error that blocks of the draws give."""
    tally = StreamingSummary(thresholds=(0.0, plan.record), keep=True)
    for first in range(0, annual.shape[-1], plan.block_size):
        block = annual[..., first : first + plan.block_size]
        tally.add(block, block[:3])
    summary = tally.summary(plan.years, SHARED_SERIES)
    values = [statistic.value for statistic in summary.statistics.values()]
    np.testing.assert_allclose(
        notebook.statistics(annual, tally.thresholds), values, rtol=1e-6, atol=1e-5
    )  # kept in single precision
    return summary


def _compared(one: Summary, other: Summary) -> str:
    z = np.stack([_z_scores(one, other, name) for name in one.statistics])
    place = np.unravel_index(np.argmax(np.abs(z)), z.shape)
    name = f"{[*one.statistics][place[0]]} of {SHARED_SERIES[place[1]]} in {one.years[place[2]]}"
    words = f"largest |z| of {z.size} is {np.abs(z).max():.2f} ({name}), {np.mean(np.abs(z) > 2):.1%} beyond 2"
    if np.abs(z).max() > LIMIT:
        raise ValueError(f"{words}; expected at most {LIMIT}")
    return words


def _z_scores(one: Summary, other: Summary, name: str) -> Array:
    """Difference of one statistic in its standard errors, `(n_series, n_years)`."""
    first, second = one.statistics[name], other.statistics[name]
    errors = np.hypot(first.standard_error, second.standard_error)
    if name.startswith(("exceedance", "below")):  # a chance near 0 or 1 may have seen no case in one of the two
        errors = np.maximum(errors, 1 / one.n_draws)
    difference = first.value - second.value
    return np.divide(difference, errors, out=np.zeros_like(difference), where=difference != 0)
