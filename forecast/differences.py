"""Statistics of paired differences, as a run has them of its results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.draws import LEVERS, Array
from forecast.summary import BELOW, Summary, Tally, exceedance_name, quantile_name


def summarised(
    draws: Array, years: Sequence[int], series: Sequence[str], block_size: int, thresholds: Sequence[float] = (0.0,)
) -> Summary:
    """Mean, quantiles and chances of draws `(n_series, n_years, n_draws)`, with their Monte Carlo errors.

    Args:
        block_size: draws that are one replicate; the spread between blocks gives the Monte Carlo error.
        thresholds: bn USD; the chance to exceed each is counted.
    """
    tally = Tally(tuple(thresholds), keep=True)
    for first in range(0, draws.shape[-1], block_size):
        block = draws[..., first : first + block_size]
        tally.add(block, np.empty((0, 0, block.shape[-1])))
    return tally.summary(years, tuple(series))


def both_ways(difference: Array, years: Sequence[int], block_size: int, beyond: Sequence[float] = ()) -> Summary:
    """Statistics of a difference `(n_years, n_draws)` and of the same turned round: series `rise` and `fall`.

    A fall beyond 5 is a chance like a rise beyond 5, and a draw without a difference is neither.
    """
    draws = np.stack([difference, -difference])
    return summarised(draws, years, ("rise", "fall"), block_size, sorted({0.0, *map(float, beyond)}))


def direction(summary: Summary, series: str, index: int) -> str:
    """The likelier of `rise` and `fall` of a series in a year."""
    above, below = (summary.estimate(series, name, index)[0] for name in (exceedance_name(0.0), BELOW))
    return "rise" if above >= below else "fall"


def share_without(summary: Summary, series: str, index: int) -> float:
    """Share of draws in which a series is nothing in a year."""
    above, below = (summary.estimate(series, name, index)[0] for name in (exceedance_name(0.0), BELOW))
    return 1 - above - below


def worth_telling(same: float) -> bool:
    """Whether a share of draws without a difference shows in whole percent."""
    return same > 0.005


def tied(summary: Summary, series: str) -> bool:
    """Whether a series is nothing in draws enough to tell, in some year."""
    return any(worth_telling(share_without(summary, series, index)) for index in range(len(summary.years)))


def motion(summary: Summary, series: str) -> Array:
    """How much a series moves at all in some draw, by year: 0 where it is nothing in every one, `(n_years,)`."""
    return summary.value(series, "sd") + abs(summary.value(series, "mean"))


def moving_levers(summary: Summary) -> list[str]:
    """Levers that do anything in some draw."""
    return [name for name in LEVERS if name in summary.series and motion(summary, name).any()]


def last_motion(summary: Summary, series: str) -> int:
    """Place of the last year in which a series that moves does anything."""
    return int(np.flatnonzero(motion(summary, series))[-1])


def turning_years(summary: Summary) -> list[int]:
    """Places of the years that tell an effect: the last, and before it that of the largest where it tells another."""
    medians = summary.value("investment_effect", quantile_name(0.5))
    last, peak = len(medians) - 1, int(abs(medians).argmax())
    return [last] if abs(medians[peak] - medians[last]) < 0.25 * abs(medians[peak]) else [peak, last]
