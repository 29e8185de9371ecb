"""How many draws make a named number as precise as is asked for: a pilot says, and the run is made once.

Two stages (Stein 1945, Annals of Mathematical Statistics 16: 243-258). A pilot of whole blocks tells how far the
number strays, and the run then has as many blocks as bring its half-width to what is asked for. Draws of the plain
scheme are independent of each other: twenty thousand of them tell the error of a mean, or of a chance that is not rare,
to one or two percent and that of a quantile to two to five (`quantiles.quantile_estimates`), and the half-width is that
of a normal estimate. Draws go with the square of the error. Under a stratified scheme only blocks are independent:
their spread tells the error, and the half-width is Student's, with the degrees of freedom of the pilot. Either way the
number of draws hangs on plan, seed, scheme and request alone, never on workers, and a run with as many draws stated is
the same run, byte for byte. The pilot's blocks are the first of the run.

A chance that no draw of the pilot met, or every draw, has no spread there, which does not make it precise. It may be as
large as what so many draws leave open, and the run has the draws that such a chance needs; see `summary.least_error`.

Looking again after every block would stop where the spread happens to look small, and the interval would then hold
less often than it says. Here the spread is looked at once, and by Stein's theorem Student's interval of a mean holds
at least as often as it says where estimates of blocks are normal, which means of 2,000 draws nearly are. What bias
there is comes from the pilot's own part of the run, where its spread and its estimate go together.

The half-width is that of draws from the parameters as they are stored. Those are a finite number of rows, whose error
no number of draws makes smaller: it is told beside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, isfinite, isinf

import numpy as np
import scipy

from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, simulate
from forecast.errors import RunError, meant
from forecast.parallel import Progress
from forecast.stats.summary import BELOW, LEAST_BLOCKS, LEVELS, Summary, exceedance_name, is_chance, quantile_name

CONFIDENCE = 0.95
"""How often an interval of the half-width asked for is to hold."""

SMALLEST, LARGEST = 1e-9, 1e9
"""Least and largest width that may be asked for, in the unit of the number or in percent: draws within reach bring none
so near, and no number is as far off."""

WIDEST = 0.5
"""Half-width of an interval that holds every chance."""

OVER_RECORD = "p>RECORD"
"""Chance of more than the highest calendar-year surplus known, which a plan knows in bn USD."""

NORMAL = 1.959963984540054
"""Standard errors from a normal estimate to either end of such an interval."""

MAX_DRAWS = 10_000_000
"""Draws at most where no other number is stated."""

FORM = "SERIES:YEAR:STATISTIC=WIDTH, such as effect:2035:mean=0.05 or trade_balance:2030:q10=1%"


@dataclass(frozen=True, slots=True)
class Target:
    """A number that is to be precise.

    Attributes:
        series: annual series of a run, or `difference`.
        year: calendar year.
        statistic: as in `summary.csv`.
        width: half-width of the 95 % interval of draws, in the unit of the number, or a fraction of the number.
        is_relative: whether it is the latter.
    """

    series: str
    year: int
    statistic: str
    width: float
    is_relative: bool

    def half_width(self, value: float) -> float:
        """Half-width asked for, given about what the number is."""
        return self.width * abs(value) if self.is_relative else self.width

    @property
    def is_chance(self) -> bool:
        """Whether the number is a probability."""
        return self.statistic == OVER_RECORD or is_chance(self.statistic)


@dataclass(frozen=True, slots=True)
class Sized:
    """What a pilot says of one number.

    Attributes:
        target: the number.
        value: of the pilot.
        half_width: asked for.
        n_draws: that bring it there, in whole blocks.
        rows: half-width of what the stored rows of parameters leave, which no draws make smaller.
    """

    target: Target
    value: float
    half_width: float
    n_draws: int
    rows: float


def parsed_target(text: str) -> Target:
    """A request as it is written on the command line.

    >>> parsed_target("effect:2035:mean=0.05")
    Target(series='effect', year=2035, statistic='mean', width=0.05, is_relative=False)
    >>> parsed_target("trade_balance:2030:q10=1%").statistic
    'quantile_0.1'

    Raises:
        RunError: it is none.
    """
    match = re.fullmatch(r"([a-z_]+):(\d{4}):([^=]+)=([0-9.eE+-]+)(%?)", text)
    if match is None:
        raise RunError(f"--precision: got {text}, expected {FORM}")
    series, year, statistic, number, percent = match.groups()
    try:
        width = float(number)
    except ValueError:
        width = inf
    if not SMALLEST <= width <= LARGEST:
        expected = f"expected a number from {SMALLEST:g} to {LARGEST:,.0f}"
        raise RunError(f"--precision: got {text} with width {number}{percent}, {expected}")
    target = Target(series, int(year), _statistic(statistic), width / (100 if percent else 1), bool(percent))
    if not target.is_relative:
        _demand_possible(target, width)
    return target


def _demand_possible(target: Target, half_width: float) -> None:
    """Refuse a half-width that no interval of a chance has, which reaches from 0 to 1 at most."""
    if target.is_chance and half_width >= WIDEST:
        raise RunError(
            f"--precision: got ±{half_width:.3g} for {target.series}, {target.year}, {target.statistic}, a chance; "
            f"expected a fraction below {WIDEST}, such as 0.005"
        )


def _statistic(written: str) -> str:
    """Name in `summary.csv` of a statistic as it is written: `q2.5`, `median`, `p>0` and `p<0` are short for some.

    That of `p>RECORD` hangs on the plan.
    """
    if quantile := re.fullmatch(r"q(\d{1,2}(?:\.\d+)?)", written):
        return quantile_name(round(float(quantile[1]) / 100, 6))
    if chance := re.fullmatch(r"p>(-?\d+(?:\.\d+)?)", written):
        return exceedance_name(float(chance[1]))
    return {"median": quantile_name(0.5), "p<0": BELOW}.get(written, written)


def sized_by_pilot(
    plan: RunPlan,
    settings: Settings,
    targets: Sequence[Target],
    most: int = MAX_DRAWS,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> tuple[Sized, ...]:
    """What a pilot says of the numbers that are to be precise; the run takes the largest of their draws.

    Args:
        settings: of the run; the draws, in whole blocks and ten of them at least, are those of the pilot.
        most: draws of the run at most.
        progress: told of draws of the pilot that are finished.

    Raises:
        RunError: the plan has no such number, or it would take more draws than `most`.
    """
    pilot = pilot_of(settings, plan.block_size)
    names = sizable(0.0, plan.record)
    targets = [_of_record(target, plan.record) for target in targets]
    places = [place_of_target(target, plan.series, plan.years, names) for target in targets]
    statistics = simulate(plan, pilot, n_jobs, progress.advance)
    summary = statistics.summary(plan.years, plan.series)
    freedom = None if statistics.stratified else inf
    found = [
        sized_from(summary, target, place, plan.block_size, freedom)
        for target, place in zip(targets, places, strict=True)
    ]
    demand_affordable(found, most)
    return tuple(found)


def sized_from(
    summary: Summary, target: Target, place: tuple[int, int], block_size: int, freedom: float | None = None
) -> Sized:
    """The draws that a number needs, by the summary of a pilot, of which it is at a place; see `sized`."""
    number, spread = summary.statistics[target.statistic], float(summary.of_draws[target.statistic][place])
    rows = NORMAL * float(np.sqrt(max(number.standard_error[place] ** 2 - spread**2, 0.0)))
    return sized(target, float(number.value[place]), spread, summary.n_draws, block_size, rows, freedom)


def _of_record(target: Target, record: float) -> Target:
    """The same target, with a record in bn USD where it names that."""
    return replace(target, statistic=exceedance_name(record)) if target.statistic == OVER_RECORD else target


def pilot_of(settings: Settings, block_size: int) -> Settings:
    """Settings of the pilot of a run."""
    return replace(settings, n_draws=max(ceil(settings.n_draws / block_size), LEAST_BLOCKS) * block_size)


def sized(
    target: Target,
    value: float,
    spread: float,
    n_pilot: int,
    block_size: int,
    rows: float = 0.0,
    freedom: float | None = None,
) -> Sized:
    """The draws that a number needs.

    Args:
        value, spread: of the number in the pilot, and its standard error as far as draws make it smaller.
        n_pilot: draws of the pilot.
        rows: see `Sized`.
        freedom: degrees of freedom of the error; by default those of the spread between the blocks of the pilot.

    Raises:
        RunError: a share of nothing is asked for, or one of a chance that is no half-width of one.
    """
    half_width = target.half_width(value)
    if not half_width > 0.0 or not isfinite(spread):
        expected = "a fraction such as 0.005" if target.is_chance else "bn USD"
        raise RunError(
            f"--precision: got a percentage of {target.series} in {target.year}, which is 0; expected {expected}"
        )
    _demand_possible(target, half_width)
    n_blocks = n_pilot // block_size
    degrees = n_blocks - 1 if freedom is None else freedom
    ends = NORMAL if isinf(degrees) else float(scipy.special.stdtrit(degrees, (1.0 + CONFIDENCE) / 2.0))
    needed = ceil(n_blocks * (ends * spread / half_width) ** 2)
    return Sized(target, value, half_width, max(needed, n_blocks) * block_size, rows)


def demand_affordable(found: Sequence[Sized], most: int, why: str = "--max-draws") -> None:
    """Refuse more draws than are allowed, and say why no more are.

    Raises:
        RunError: a number needs them.
    """
    for one in found:
        if one.n_draws > most:
            target = one.target
            raise RunError(
                f"--precision: {target.series}, {target.year}, {target.statistic}: ±{one.half_width:.3g} would take "
                f"{one.n_draws:,} draws, expected at most {most:,} ({why})"
            )


def sizable(*thresholds: float) -> tuple[str, ...]:
    """Statistics that can be made precise, in the order in which a summary keeps those of blocks."""
    return ("mean", *map(exceedance_name, thresholds), BELOW, *map(quantile_name, LEVELS))


def place_of_target(
    target: Target, series: Sequence[str], years: Sequence[int], statistics: Sequence[str]
) -> tuple[int, int]:
    """Places of its series and year among those simulated.

    Raises:
        RunError: it names a number that there is not.
    """
    if target.series not in series:
        raise RunError(f"--precision: got series {target.series}; {meant(target.series, series)}")
    if target.statistic not in statistics:
        raise RunError(f"--precision: got statistic {target.statistic}; {meant(target.statistic, statistics)}")
    if target.year not in years:
        raise RunError(f"--precision: got year {target.year}, expected one from {years[0]} to {years[-1]}")
    return list(series).index(target.series), list(years).index(target.year)
