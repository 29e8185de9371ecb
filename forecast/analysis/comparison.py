"""Scenario against scenario, paired draw by draw: same seed, same luck, so that only the assumptions differ.

Statistics of paired differences, as a run has them of its results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast import shown
from forecast.analysis.attribution import ACCOUNT, demand_same_frame
from forecast.analysis.grounds import Rests, difference_rests
from forecast.dims import Array, basis_of
from forecast.engine.block import flows_of, row_picks
from forecast.engine.compile import compile_run
from forecast.engine.resampling import SharedStreams, shared_streams
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import KEEP_DRAWS, Settings, block_streams
from forecast.errors import PosteriorError, RunError, got
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.parallel import Progress, in_order
from forecast.results.archive import told_apart
from forecast.results.highlights import place_of
from forecast.results.precision import Sized, Target, demand_affordable, pilot_of, place_of_target, sizable, sized_from
from forecast.results.results import Results
from forecast.results.run import found_or_made, plan_of, settings_of
from forecast.scenario.mixture import AnyScenario, load_any
from forecast.stats.shared_rows import NO_ROWS, RowPicks
from forecast.stats.streams import Streams
from forecast.stats.summary import Summary, exceedance_name, summarised
from forecast.storage.documents import scenario_path

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.models.posterior import Posterior


def both_ways(
    difference: Array,
    years: Sequence[int],
    block_size: int,
    beyond: Sequence[float] = (),
    rows: RowPicks = NO_ROWS,
) -> Summary:
    """Statistics of a difference `(n_years, n_draws)` and of the same turned round: series `rise` and `fall`.

    A fall beyond 5 is a chance like a rise beyond 5, and a draw without a difference is neither.
    """
    draws = np.stack([difference, -difference])
    return summarised(draws, years, ("rise", "fall"), block_size, sorted({0.0, *map(float, beyond)}), rows)


SHARED = ("as_of", "basis", "seed", "n_draws", "scheme", "block_size", "parameters", "origin")
"""What two runs must have in common for their draws to be pairs."""

STATED = frozenset({"as_of", "basis", "horizon"})
"""Of these, what a scenario states: runs of it will always differ from runs of one that states something else."""

DIGESTS = ("posterior", "code")
"""Digests that must agree too: other code may draw other numbers from a stream."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """An alternative against a reference.

    Attributes:
        reference, alternative: the runs.
        beyond: bn USD by which the difference may rise or fall; the chance of each is counted.
        streams: random streams the two share, and those of one alone.
        rows: posterior rows that their draws pick; none where that is not known, and errors leave them out.
    """

    reference: Results
    alternative: Results
    beyond: tuple[float, ...]
    streams: SharedStreams
    rows: RowPicks = NO_ROWS

    @property
    def names(self) -> tuple[str, str]:
        """Names of alternative and reference, with the digest of their runs where they share one."""
        one, other = told_apart([self.alternative, self.reference], [self.alternative.name, self.reference.name])
        return one, other

    @cached_property
    def difference(self) -> xr.DataArray:
        """Draws of the surplus of the alternative less that of the reference, see `paired_difference`."""
        return paired_difference(self.alternative, self.reference)

    @property
    def differs(self) -> bool:
        """Whether the surplus differs in any draw."""
        return bool(self._drawn.any())

    def in_year(self, year: int) -> Array:
        """Draws of the difference in a year, `(n_draws,)`, bn USD.

        Raises:
            RunError: the runs do not both have it.
        """
        return np.asarray(self._drawn[place_of(year, self._years)])

    @cached_property
    def by_year(self) -> Summary:
        """Statistics of the difference of each year; series `rise` and `fall`, see `comparison.both_ways`."""
        return both_ways(self._drawn, self._years, self._block_size, self.beyond, self.rows)

    @cached_property
    def cumulated(self) -> Summary:
        """The same of the sum from the first year to each."""
        return both_ways(np.cumsum(self._drawn, axis=0), self._years, self._block_size, self.beyond, self.rows)

    @cached_property
    def channels(self) -> Summary:
        """Statistics of what the difference is made of: series `attribution.ACCOUNT`, which add up to it."""
        one, other = (run.drawn(ACCOUNT, self._years) for run in self._runs)
        return summarised(one - other, self._years, ACCOUNT, self._block_size, rows=self.rows)

    @cached_property
    def by_branch(self) -> Mapping[str, Summary]:
        """Statistics of the difference in the last year as in `by_year`, of the draws of each branch of a mixture.

        Empty where no run is of a mixture, or the draws of both follow branches of different ones.
        """
        followed = {run.followed for run in self._runs if run.followed}
        if len(followed) != 1:
            return {}
        labels = np.array(followed.pop())
        return {
            str(label): both_ways(
                self._drawn[-1:, labels == label],
                self._years[-1:],
                self._block_size,
                rows=self.rows.of(labels == label),
            )
            for label in np.unique(labels)
        }

    @cached_property
    def rests(self) -> Rests | None:
        """What part of the variance of the difference is judgement, by year; None where that cannot be told."""
        return difference_rests((self.reference, self.alternative), self._drawn)

    def plot(self) -> Any:
        """The difference by year, a figure of matplotlib."""
        return shown("plots.comparison.difference_chart", self)

    def densities(self, year: int | None = None) -> Any:
        """How the effects of both and their difference are spread in a year, the last by default: a figure."""
        return shown("plots.comparison.densities_chart", self, year)

    def ecdfs(self, year: int | None = None) -> Any:
        """The same as distribution functions, the chance of no more than each value: a figure."""
        return shown("plots.comparison.ecdfs_chart", self, year)

    def __repr__(self) -> str:
        return f"<{' less '.join(self.names)}, {self.by_year.n_draws:,} pairs of draws>"

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.comparison_html", self))

    def table(self) -> pd.DataFrame:
        """Statistics of the difference by year, see `difference_table`, and those of its sum from the first year on."""
        import pandas as pd

        tables = {"year": _table(self.by_year), "cumulated": _table(self.cumulated)}
        return pd.concat(tables, axis=1)

    @property
    def _runs(self) -> tuple[Results, Results]:
        return self.alternative, self.reference

    @property
    def _years(self) -> list[int]:
        return shared_years(*self._runs)

    @cached_property
    def _drawn(self) -> Array:
        """Draws of the difference, `(n_years, n_draws)`."""
        return _paired(*self._runs, "trade_balance")

    @property
    def _block_size(self) -> int:
        return int(self.reference.manifest["block_size"])


def compare(
    reference: AnyScenario | str | Path,
    alternative: AnyScenario | str | Path,
    settings: Settings = Settings(),
    *,
    beyond: Sequence[float] = (),
    out: str | Path = "results",
    posterior: Posterior | None = None,
    prior: bool = False,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> Comparison:
    """Compare two scenarios draw by draw; what has not been run is run and stored under `out`.

    >>> forecast.compare("hyundai", "localization-fast").table()  # doctest: +SKIP

    Args:
        reference, alternative: scenarios or mixtures of them, files, or names of shipped ones.
        settings: draws, seed and sampling scheme of both.
        beyond: thresholds, bn USD a year, of which the chance to rise or fall by more is counted.
        out, posterior, prior, n_jobs, progress: as for `run_scenario`.

    Raises:
        ScenarioError: a file cannot be read as a scenario.
        DamagedRunError: a stored run is not as it was stored.
        RunError: the two cannot be paired, there are too many draws to keep, or a threshold is no size.
    """
    demand_sizes(beyond)
    pair = [
        load_any(scenario_path(given)) if isinstance(given, str | Path) else given for given in (reference, alternative)
    ]
    demand_same_frame(*pair)
    if settings.n_draws > KEEP_DRAWS:
        raise RunError(f"got {settings.n_draws:,} draws, expected at most {KEEP_DRAWS:,}: more are not kept to pair")
    learned = load_posterior(as_of=pair[0].as_of) if posterior is None else posterior
    options: dict[str, Any] = {"out": out, "posterior": learned, "prior": prior, "n_jobs": n_jobs}
    options["progress"] = progress
    one, other = (found_or_made(scenario, settings, **options) for scenario in pair)
    plans = [compile_run(world, learned, vintage(world.as_of), prior=prior) for world in pair]
    rows = row_picks(plans, block_streams(plans[0], settings))
    return Comparison(one, other, tuple(beyond), shared_streams(plans[0], plans[1]), rows)


def rows_behind(runs: Sequence[Results]) -> RowPicks:
    """Posterior rows that draws of stored runs pick, which are pairs.

    None where one was made with other code or parameters than are installed.
    """
    try:
        plans = [plan_of(run) for run in runs]
    except (RunError, PosteriorError):
        return NO_ROWS
    return row_picks(plans, block_streams(plans[0], settings_of(runs[0].manifest)))


DIFFERENCE = "difference"
"""What a request of precision calls the difference of two scenarios."""


def sized_difference(
    pair: Sequence[RunPlan],
    settings: Settings,
    targets: Sequence[Target],
    most: int,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> tuple[Sized, ...]:
    """What a pilot says of numbers of a paired difference that are to be precise, see `results.precision`.

    Args:
        pair: plans of reference and alternative, of one basis and origin.
        settings, most, n_jobs, progress: as for `precision.sized_by_pilot`.

    Raises:
        RunError: there is no such number, or it would take more draws than are kept, or than `most`.
    """
    size, years = pair[0].block_size, min((plan.years for plan in pair), key=len)
    places = [place_of_target(target, (DIFFERENCE,), years, sizable(0.0)) for target in targets]
    pilot = pilot_of(settings, size)
    blocks = []
    for block in in_order(partial(_difference, pair, len(years)), block_streams(pair[0], pilot), n_jobs):
        blocks.append(block)
        progress.advance(block.shape[-1])
    rows = row_picks(pair, block_streams(pair[0], pilot))
    summary = both_ways(np.concatenate(blocks, axis=-1), years, size, rows=rows)
    found = [sized_from(summary, target, place, size) for target, place in zip(targets, places, strict=True)]
    demand_affordable(found, min(most, KEEP_DRAWS), "--max-draws" if most < KEEP_DRAWS else "more are not kept to pair")
    return tuple(found)


def _difference(pair: Sequence[RunPlan], n_years: int, streams: Streams) -> Array:
    """Surplus of the alternative less that of the reference in one block, `(n_years, n_draws)`."""
    reference, alternative = (flows_of(plan, streams).annual[0, :n_years] for plan in pair)
    return np.asarray(alternative - reference)


def demand_sizes(beyond: Sequence[float]) -> None:
    """Refuse thresholds that no difference can be held against.

    Raises:
        RunError: one is not finite, or not above 0.
    """
    for size in beyond:
        if not 0.0 < size < inf:
            raise RunError(f"--beyond: got {size:g}, expected a finite number of bn USD above 0")


def paired_difference(alternative: Results, reference: Results, series: str = "trade_balance") -> xr.DataArray:
    """Draws of `alternative - reference`, dimensions `year` and `draw`, bn USD a year, over the years of both.

    Raises:
        RunError: the runs do not share seed, draws, basis, day, parameters or code, their draws were not kept, or no
            run has such a series.
    """
    import xarray as xr

    drawn, years = _paired(alternative, reference, series), shared_years(alternative, reference)
    attrs = {"units": "bn USD per year", "basis": basis_of(series, reference.basis)}
    return xr.DataArray(drawn, {"year": years}, ("year", "draw"), name=series, attrs=attrs)


def _paired(alternative: Results, reference: Results, series: str) -> Array:
    """Draws of `alternative - reference` in the years of both, `(n_years, n_draws)`."""
    demand_pairs(alternative, reference)
    years = shared_years(alternative, reference)
    one, other = (run.drawn((series,), years)[0] for run in (alternative, reference))
    return np.asarray(one - other)


def shared_years(*runs: Results) -> list[int]:
    """Years that all of some runs have."""
    return sorted(set.intersection(*(set(run.statistics.years) for run in runs)))


def difference_table(difference: xr.DataArray, block_size: int) -> pd.DataFrame:
    """Statistics of a paired difference by year: mean, quantiles, the chance that it is positive, and standard errors.

    Args:
        difference: from `paired_difference`.
        block_size: draws in a block; the spread between blocks gives the Monte Carlo error.

    Raises:
        RunError: a block would hold no draw.
    """
    if block_size < 1:
        raise RunError(f"block_size: {got(block_size)}, expected a whole number of at least 1")
    return _table(difference_summary(difference, block_size))


def difference_summary(difference: xr.DataArray, block_size: int, beyond: Sequence[float] = ()) -> Summary:
    """Statistics of a paired difference of each year; series `rise` and `fall`, see `comparison.both_ways`."""
    drawn = np.asarray(difference.transpose("year", "draw"), dtype=float)
    return both_ways(drawn, [int(year) for year in difference["year"]], block_size, beyond)


def _table(summary: Summary) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Array] = {}
    for series, name, column in difference_statistics(summary):
        columns[column] = summary.value(series, name)
        columns[f"{column}_standard_error"] = summary.standard_error(series, name)
    return pd.DataFrame(columns, index=pd.Index(summary.years, name="year"))


def difference_statistics(summary: Summary) -> Iterator[tuple[str, str, str]]:
    """Series and statistic of every number of a difference, and the name it goes by in tables."""
    for name in summary.statistics:
        if name.startswith("exceedance_") and name != exceedance_name(0.0):
            yield "rise", name, name
            yield "fall", name, f"below_-{name.removeprefix('exceedance_')}"
        elif name != "sd":
            yield "rise", name, name


def demand_pairs(alternative: Results, reference: Results) -> None:
    """Refuse runs whose draws are no pairs.

    Raises:
        RunError: they do not share what is in `SHARED` and `DIGESTS`.
    """
    found = [_identity(results) for results in (alternative, reference)]
    differing = [key for key in found[0] if found[0][key] != found[1][key]]
    if differing:
        got = "; ".join(f"{key} {found[0][key]!r} and {found[1][key]!r}" for key in differing)
        remedy = "" if STATED.intersection(differing) else f"; {_remedy(alternative, reference)}"
        names = " and ".join(told_apart([alternative, reference], [alternative.name, reference.name]))
        raise RunError(f"{names} cannot be paired: got {got}; expected the same in both{remedy}")


def _remedy(alternative: Results, reference: Results) -> str:
    """The command that makes pairs of two runs, with the draws of the larger, as far as those are kept."""
    manifests = alternative.manifest, reference.manifest
    n_draws = min(max(int(manifest["n_draws"]) for manifest in manifests), KEEP_DRAWS)
    parameters = {manifest["parameters"] for manifest in manifests}
    prior = " --prior" if parameters == {"prior"} else ""
    choice = ", or both with --prior" if len(parameters) > 1 else ""
    return f"run both anew with `forecast run FILE… --draws {n_draws} --seed {manifests[1]['seed']}{prior}`{choice}"


def _identity(results: Results) -> dict[str, Any]:
    """What must be the same in two runs, by name."""
    manifest = results.manifest
    shared = {key: manifest.get(key) for key in SHARED}
    if manifest["scheme"] != "plain":
        shared["horizon"] = manifest["horizon"]  # stratified points of one quarter hang on how many there are
    return shared | {key: manifest["digests"][key][:12] for key in DIGESTS}
