"""The uncertainty budget of a run: which source spreads an outcome by how much, and the value of knowing an input.

Three answers, each with its Monte Carlo error.

*Sources.* Groups of random streams are drawn again one at a time with all others kept (`engine.resampling`), which
gives first-order and total shares of the variance. The value of learning a source is the width of the 80 % interval
less its mean width where the source is known. What inputs of two sources that are correlated have in common counts with
the first of them.

*Single inputs.* The run's own draws are cut into classes of each input (`input_values`). The value of information on an
input is the expected fall of the outcome's variance, which is its first-order share, and the expected narrowing of its
80 % interval. Correlated inputs are each credited with what they have in common.

*Monte Carlo noise* is no part of the spread but an error of what is reported: a variance of one over the number of
draws, as a share of that of the outcome.

The branch of a mixture that a draw follows is a source like any other. Where one draw makes more than a tenth of a
variance, as with an amount of which the variance is not finite, there is no budget.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast import shown
from forecast.analysis.input_values import names_of_dates, uncertain_values
from forecast.dims import Array
from forecast.engine.resampling import SourceAnalysis
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import block_streams
from forecast.errors import RunError, meant
from forecast.models.posterior import Posterior
from forecast.parallel import Progress
from forecast.quarters import format_month
from forecast.results.results import Results
from forecast.results.run import plan_of, settings_of
from forecast.stats.formatting import short, stored
from forecast.stats.influence import LARGEST_SHARE, variance_share
from forecast.stats.sensitivity import Effects, Estimate, classes, explained_share, narrowing, standard_error
from forecast.stats.summary import LEAST_BLOCKS
from forecast.storage.files import whole_file, writing

if TYPE_CHECKING:
    import pandas as pd

TAIL = 0.1
"""Part of the draws at either end of an input that its swing is read from."""


@dataclass(frozen=True, slots=True, eq=False)
class InformationValue:
    """Value of knowing one input for an outcome.

    Attributes:
        name: for readers.
        share: of the variance, first order.
        narrowing: of the 80 % interval if the input were known, mean, bn USD a year.
        levels: mean of the input in its lowest and its highest tenth of draws.
        swing: mean of the outcome there, bn USD a year.
        values: of the input, `(n_draws,)`.
        is_date: whether these are dates, in calendar years.
    """

    name: str
    share: Estimate
    narrowing: Estimate
    levels: tuple[float, float]
    swing: tuple[float, float]
    values: Array
    is_date: bool = False

    @property
    def labels(self) -> tuple[str, str]:
        """The input where it is low and where it is high, as text.

        `no` and `yes` where it is one of both, months such as `2030-09` where it is a date.
        """
        if set(np.unique(self.values)) == {0.0, 1.0}:
            return "no", "yes"
        if self.is_date:
            early, late = map(format_month, self.levels)
            return early, late
        low, high = ("0" if level == 0 else short(level) for level in self.levels)
        return low, high


def information_values(
    values: Mapping[str, Array], outcome: Array, block_size: int, dates: Collection[str] = ()
) -> tuple[InformationValue, ...]:
    """Value of knowing each input, the largest share first; shares within two standard errors of 0 are left out.

    Args:
        values: draws of each input, `(n_draws,)`, by name.
        outcome: draws of the outcome, `(n_draws,)`.
        block_size: draws in a block.
        dates: names of inputs that are dates, in calendar years.
    """
    shares = {name: _by_block(explained_share, outcome, drawn, block_size) for name, drawn in values.items()}
    above_noise = [name for name, share in shares.items() if share.value > 2 * share.error]
    ranked = sorted(above_noise, key=lambda name: -float(shares[name].value))
    return tuple(_value(name, shares[name], values[name], outcome, block_size, name in dates) for name in ranked)


def _value(
    name: str, share: Estimate, values: Array, outcome: Array, block_size: int, is_date: bool
) -> InformationValue:
    low, high = _lowest(values), _lowest(-values)
    return InformationValue(
        name=name,
        share=share,
        narrowing=_by_block(narrowing, outcome, values, block_size),
        levels=(float(values[low].mean()), float(values[high].mean())),
        swing=(float(outcome[low].mean()), float(outcome[high].mean())),
        values=values,
        is_date=is_date,
    )


def _lowest(values: Array) -> NDArray[np.bool_]:
    """The draws in the lowest tenth of an input, or as near to it as leaves an atom whole, `(n_draws,)`."""
    end = np.quantile(values, TAIL)
    below, reached = values < end, values <= end
    return below if below.any() and reached.mean() - TAIL > TAIL - below.mean() else reached


def _by_block(statistic: Callable[..., float], outcome: Array, values: Array, block_size: int) -> Estimate:
    """A statistic of all draws in classes of an input, its error from the spread of the same statistic of blocks."""
    parts = range(0, outcome.size - block_size + 1, block_size)
    spread = [statistic(outcome[i : i + block_size], classes(values[i : i + block_size])) for i in parts]
    return Estimate(np.asarray(statistic(outcome, classes(values))), standard_error(np.asarray(spread)))


COLUMNS = ("scenario", "basis", "series", "year", "of", "name", "statistic", "unit", "value", "standard_error")


@dataclass(frozen=True, slots=True, eq=False)
class Budget:
    """Sources of spread of one series of a run, and the value of knowing its inputs.

    Attributes:
        run: the run.
        series: annual series the budget is of.
        year: calendar year of everything but `effects`.
        years: calendar years of `effects`.
        sources: names in `uncertain_inputs.SOURCES` of the rows of `effects` and `narrowing`.
        effects: shares of the variance by source and year.
        narrowing: of the 80 % interval if a source were known, mean, bn USD a year, `(n_sources,)`.
        outcome: the run's draws, `(n_draws,)`, bn USD a year.
        inputs: single inputs whose share is beyond two standard errors, the largest share first.
        in_common: pairs of sources of which inputs are correlated; what they have in common counts with the first.
        correlated: whether the scenario correlates any inputs.
    """

    run: Results
    series: str
    year: int
    years: tuple[int, ...]
    sources: tuple[str, ...]
    effects: Effects
    narrowing: Estimate
    outcome: Array
    inputs: tuple[InformationValue, ...]
    in_common: tuple[tuple[str, str], ...]
    correlated: bool

    def plot(self) -> Any:
        """Shares of the variance, and by how much inputs swing the outcome: a figure of matplotlib."""
        return shown("plots.sensitivity.budget_chart", self)

    def to_frame(self) -> pd.DataFrame:
        """Every number of the budget with its standard error, a row each, as `write_budget` stores them."""
        import pandas as pd

        frame = pd.DataFrame(list(_rows(self)), columns=list(COLUMNS))
        numbers = {name: [float(text or "nan") for text in frame[name]] for name in ("value", "standard_error")}
        return frame.assign(year=self.year, **numbers)

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.budget_html", self))

    @property
    def at(self) -> int:
        """Column of `effects` that is `year`."""
        return self.years.index(self.year)

    @property
    def ranked(self) -> list[int]:
        """Rows of the sources that change anything in `year`, the largest total effect first."""
        total = self.effects.total.value[:, self.at]
        return [int(row) for row in np.argsort(-total, kind="stable") if total[row] > 0]


def uncertainty_budget(
    run: Results,
    year: int = 2030,
    series: str = "trade_balance",
    *,
    n_draws: int = 20_000,
    posterior: Posterior | None = None,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> Budget:
    """The budget of `series` of a run in `year`.

    Args:
        run: a stored run whose draws were kept.
        n_draws: draws of every set of sources, in whole blocks and at least two of them; errors are the spread between
            blocks, and from fewer than ten of them uncertain themselves.
        posterior: parameters of the run; the stored ones by default.
        n_jobs: workers, -1 for one per core.
        progress: told of percent of the work.

    Raises:
        RunError: the run was made with other code or parameters, has fewer than ten blocks or no such year or series,
            nothing spreads it, or one draw makes too much of its variance.
    """
    demand_draws(run)
    plan = plan_of(run, posterior)
    outcome = _outcome_draws(run, plan, year, series)
    at = plan.years.index(year)
    halved = partial(_half, progress)
    analysis = SourceAnalysis(plan, int(run.manifest["seed"]), plan.series.index(series), n_jobs, halved)
    shares = analysis.effects(max(n_draws // plan.block_size, 2))
    _demand_many_draws(run, series, year, float(shares.dominance[at]))
    return Budget(
        run=run,
        series=series,
        year=year,
        years=plan.years,
        sources=analysis.sources,
        effects=shares,
        narrowing=analysis.narrowing(at),
        outcome=outcome,
        inputs=information_values(_input_values(run, plan, year), outcome, plan.block_size, names_of_dates(plan)),
        in_common=analysis.in_common,
        correlated=analysis.correlated,
    )


def value_of_information(
    run: Results, year: int = 2030, series: str = "trade_balance", *, posterior: Posterior | None = None
) -> tuple[InformationValue, ...]:
    """The part of a budget that needs no further draws: the value of knowing single inputs, the largest share first.

    Raises:
        RunError: as `uncertainty_budget`.
    """
    demand_draws(run)
    plan = plan_of(run, posterior)
    outcome = _outcome_draws(run, plan, year, series)
    return information_values(_input_values(run, plan, year), outcome, plan.block_size, names_of_dates(plan))


def demand_draws(run: Results) -> None:
    """Refuse a run whose blocks are too few to tell an error.

    Raises:
        RunError: it has fewer than ten.
    """
    least, n_draws = LEAST_BLOCKS * run.manifest["block_size"], run.manifest["n_draws"]
    if n_draws < least:
        raise RunError(
            f"{run.folder}: got a run of {n_draws:,} draws, expected {least:,} or more, since errors are the spread "
            f"between blocks of {run.manifest['block_size']:,}; {run.command()} makes one"
        )


def _half(progress: Progress, percent: float) -> None:
    """Two tasks make one budget."""
    progress.advance(percent / 2)


def _outcome_draws(run: Results, plan: RunPlan, year: int, series: str) -> Array:
    """Draws of the outcome in the run, `(n_draws,)`, which must spread."""
    demand_outcome(run, plan, year, series)
    outcome = run.drawn([series], [year])[0, 0]
    if n_failed := int(np.sum(~np.isfinite(outcome))):
        raise RunError(f"{run.name}: got {n_failed:,} draws of {series} in {year} that are not finite, expected none")
    if not np.ptp(outcome):
        raise RunError(f"{run.name}: nothing spreads {series} in {year}: it is {outcome[0]:g} in every draw")
    _demand_many_draws(run, series, year, float(variance_share(outcome)))
    return np.asarray(outcome)


def demand_outcome(run: Results, plan: RunPlan, year: int, series: str) -> None:
    """Refuse an outcome that a run does not have.

    Raises:
        RunError: no such year or series was simulated.
    """
    if year not in plan.years:
        raise RunError(f"--year: got {year}, expected one from {plan.years[0]} to {plan.years[-1]}")
    if series not in plan.series:
        raise RunError(f"--of: got {series}, expected a series of {run.name}; {meant(series, plan.series)}")


def _demand_many_draws(run: Results, series: str, year: int, dominance: float) -> None:
    """Refuse a variance of which one draw makes too large a share: shares of it are those of that draw."""
    if dominance > LARGEST_SHARE:
        raise RunError(
            f"{run.name}: got one draw that makes {dominance:.0%} of the variance of {series} in {year}, expected none "
            f"that makes more than {LARGEST_SHARE:.0%}: shares of that variance would be those of the one draw; look "
            "for a distribution of which the variance is not finite, and truncate it"
        )


def _input_values(run: Results, plan: RunPlan, year: int) -> dict[str, Array]:
    """Values of all inputs that are uncertain, in the run's own draws."""
    blocks = [uncertain_values(plan, streams, year) for streams in block_streams(plan, settings_of(run.manifest))]
    values_by_name = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    return _distinct({name: values for name, values in values_by_name.items() if np.ptp(values)})


def _distinct(values_by_name: dict[str, Array]) -> dict[str, Array]:
    """Inputs without those that are an earlier one by another name, or its opposite, in every draw.

    Whether a draw follows one of two branches says which it follows, and both may hold a plant in phases or whole.
    """
    known: dict[bytes, str] = {}
    for name, values in values_by_name.items():
        scaled = (values - values.min()) / np.ptp(values)
        if not {scaled.tobytes(), (1.0 - scaled).tobytes()} & known.keys():
            known[scaled.tobytes()] = name
    return {name: values_by_name[name] for name in known.values()}


def write_budget(budget: Budget) -> Path:
    """Write a budget as `budget_<series>_<year>.csv` into the folder of its run, a number a row with its error.

    Raises:
        RunError: the folder cannot be written.
    """
    path = budget.run.folder / f"budget_{budget.series}_{budget.year}.csv"
    with writing(path), whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_rows(budget))
    return path


def _rows(budget: Budget) -> Iterator[tuple[str, ...]]:
    head = (budget.run.name, budget.run.basis, budget.series, str(budget.year))
    at, shares = budget.at, budget.effects
    share, money = "share of variance", "bn USD"
    for row, source in enumerate(budget.sources):
        for name, estimate in (("first_order", shares.first), ("total", shares.total)):
            yield (*head, "source", source, name, share, *stored(estimate.value[row, at], estimate.error[row, at]))
        narrower = budget.narrowing.value[row], budget.narrowing.error[row]
        yield (*head, "source", source, "narrowing_80", money, *stored(*narrower))
    together = float(shares.interactions.value[at]), float(shares.interactions.error[at])
    yield (*head, "source", "interactions", "interactions", share, *stored(*together))
    for item in budget.inputs:
        for name, unit, estimate in (("first_order", share, item.share), ("narrowing_80", money, item.narrowing)):
            yield (*head, "input", item.name, name, unit, *stored(float(estimate.value), float(estimate.error)))
