"""What of a run an answer tells: its years, signs, the policies that do anything, and the first quarter ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from forecast.dims import POLICIES, Array
from forecast.errors import RunError
from forecast.observations.tables import data_digest
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter, parse_quarter
from forecast.results.manifest import QUARTERS, readable
from forecast.results.results import Results
from forecast.stats.quantiles import FINE_LEVELS
from forecast.stats.summary import BELOW, Summary, exceedance_name
from forecast.storage.files import read_csv


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


@dataclass(frozen=True, slots=True)
class FirstQuarter:
    """The surplus of the first quarter after the origin, US Census basis.

    Attributes:
        quarter: its index.
        median, low, high: of 80 % of the draws, bn USD in the quarter, each with its Monte Carlo error.
        n_months: months of its year that the run knew; None where other data are held now than it was made with.
    """

    quarter: int
    median: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    n_months: int | None


def first_quarter(results: Results) -> FirstQuarter:
    """The first quarter of a run, from `quarters.csv`.

    Raises:
        DamagedRunError: the file does not hold it.
    """
    quarter, path = parse_quarter(results.manifest["origin"]) + 1, results.folder / QUARTERS
    place = "trade_balance", format_quarter(quarter)
    with readable(path), path.open(encoding="utf-8", newline="") as file:
        head = read_csv(islice(file, 1 + len(FINE_LEVELS)))  # its levels stand first, the rest need not be read
        told = {row["quantile"]: row for row in head if (row["series"], row["quarter"]) == place}
        numbers = [(told[level]["value"], told[level]["standard_error"]) for level in ("0.5", "0.1", "0.9")]
        median, low, high = ((float(value), float(error or "nan")) for value, error in numbers)
    known = results.manifest["digests"]["data"] == data_digest()
    later = vintage(results.as_of).trade.later_exports
    return FirstQuarter(quarter, median, low, high, 3 * (quarter % 4) + len(later) if known else None)
