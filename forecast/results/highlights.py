"""What of a summary an answer tells: its years, signs, and the policies that do anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.dims import POLICIES, Array
from forecast.errors import RunError
from forecast.stats.summary import BELOW, Summary, exceedance_name


def place_of(year: int | None, years: Sequence[int]) -> int:
    """Place of a year among those simulated, that of the last where none is asked for.

    Raises:
        RunError: it was not simulated.
    """
    if year is not None and year not in years:
        raise RunError(f"got year {year}, expected one from {years[0]} to {years[-1]}")
    return len(years) - 1 if year is None else list(years).index(year)


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
    spread = np.nan_to_num(summary.value(series, "sd"))  # one draw has none
    return np.asarray(spread + abs(summary.value(series, "mean")))


def moving_policies(summary: Summary) -> list[str]:
    """Policies that do anything in some draw."""
    return [name for name in POLICIES if name in summary.series and motion(summary, name).any()]


def last_motion(summary: Summary, series: str) -> int:
    """Place of the last year in which a series that moves does anything."""
    return int(np.flatnonzero(motion(summary, series))[-1])


def turning_years(summary: Summary, year: int | None = None) -> list[int]:
    """Places of the years that tell an effect: the last, and before it that of the largest where it tells another.

    Where a `year` is asked for, its place alone.

    Raises:
        RunError: it was not simulated.
    """
    if year is not None:
        return [place_of(year, summary.years)]
    return peak_and(len(summary.years) - 1, summary.value("effect", "mean"))


def peak_and(last: int, values: Array) -> list[int]:
    """A place, and before it that of the largest value, where that is another by a quarter of itself."""
    peak = int(abs(values).argmax())
    return [last] if abs(values[peak] - values[last]) <= 0.25 * abs(values[peak]) else [peak, last]
