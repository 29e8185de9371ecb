"""Whether the engine, the notebook and the kernel forecast the same: every statistic of every series and year."""

from __future__ import annotations

from itertools import combinations

import kernel
import notebook
import numpy as np

from forecast.draws import SERIES, Array
from forecast.engine import Settings, simulate
from forecast.plan import Plan
from forecast.summary import Summary

LIMIT = 5.0
"""Largest |z| accepted among the 990 of a pair."""


def agreement(plan: Plan, n_draws: int) -> str:
    """Largest z-score of each pair of implementations, in words.

    Raises:
        ValueError: a statistic differs by more than Monte Carlo error allows.
    """
    summary = simulate(plan, Settings(n_draws)).summary(plan.years)
    values = {
        "engine": np.stack([statistic.value for statistic in summary.statistics.values()]),
        "notebook": notebook.statistics(notebook.annual_flows(plan, n_draws, 1), (0.0, plan.record)),
        "kernel": notebook.statistics(kernel.annual_flows(plan, n_draws, 2), (0.0, plan.record)),
    }
    errors = _standard_errors(summary, values)
    pairs = combinations(values, 2)
    return "\n".join(_compared(pair, values[pair[0]] - values[pair[1]], errors, summary) for pair in pairs)


def _standard_errors(summary: Summary, values: dict[str, Array]) -> Array:
    """Of one implementation, `(n_statistics, n_series, n_years)`; binomial for probabilities, which may be 0 or 1."""
    errors = np.stack([statistic.standard_error for statistic in summary.statistics.values()])
    pooled = np.mean([*values.values()], axis=0)
    chance = np.clip(pooled, 1 / summary.n_draws, 1 - 1 / summary.n_draws)
    binomial = np.sqrt(chance * (1 - chance) / summary.n_draws)
    is_chance = np.array([name.startswith("exceedance") for name in summary.statistics])
    return np.where(is_chance[:, None, None], binomial, errors)


def _compared(pair: tuple[str, str], difference: Array, errors: Array, summary: Summary) -> str:
    z = np.divide(difference, errors * np.sqrt(2), out=np.zeros_like(difference), where=difference != 0)
    place = np.unravel_index(np.argmax(np.abs(z)), z.shape)
    name = f"{[*summary.statistics][place[0]]} of {SERIES[place[1]]} in {summary.years[place[2]]}"
    words = f"{' and '.join(pair)}: largest |z| of {z.size} is {np.abs(z).max():.2f} ({name})"
    if np.abs(z).max() > LIMIT:
        raise ValueError(f"{words}, expected at most {LIMIT}")
    return f"{words}, {np.mean(np.abs(z) > 2):.1%} beyond 2"
