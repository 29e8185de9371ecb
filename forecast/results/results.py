"""Files of a run: a folder with its summary, its draws, its picture and its provenance.

`results/<scenario>/<digest>/` holds `manifest.json` (with digests of the others), `summary.csv` (long, unit and basis
in every row, the Monte Carlo standard error of every number), `quarters.csv` (the first quarters in that form, at 99
quantiles), `draws.nc` (annual and quarterly draws, where they were kept) and `scenario.yaml` (as resolved); for a
mixture also `branches.csv` (the summary of every branch). It is written to a hidden sibling and renamed: a killed run
leaves nothing. The picture is added afterwards, one in each language that was asked for: `fan.png`, `fan.ko.png`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast import shown
from forecast.dims import ALL_SERIES, QUARTERLY_SERIES, SERIES, Array, basis_of
from forecast.engine.run_plan import RunPlan
from forecast.errors import RunError
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter
from forecast.results.draws import demand_drawn, opened_draws, write_draws
from forecast.results.manifest import (
    BRANCHES,
    CHARTS,
    DRAWS,
    QUARTERS,
    RUN_FILES,
    SCENARIO,
    SUMMARY,
    add_charts,
    demand_no_links,
    read_manifest,
    readable,
    write_manifest,
)
from forecast.stats.formatting import stored
from forecast.stats.influence import DominantDraw
from forecast.stats.quantiles import FINE_LEVELS
from forecast.stats.summary import (
    BELOW,
    LEVELS,
    Quarters,
    Statistic,
    StreamingSummary,
    Summary,
    exceedance_name,
    is_chance,
    quantile_name,
)
from forecast.storage.files import demand_writable, new_folder, read_csv, whole_folder, writing

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


UNIT = "bn USD"
COLUMNS = ("scenario", "basis", "series", "year", "statistic", "unit", "value", "standard_error")
QUARTER_COLUMNS = ("scenario", "basis", "series", "quarter", "quantile", "unit", "value", "standard_error")
BRANCH_COLUMNS = ("branch", "share", *COLUMNS)


def write_summary(path: Path, manifest: Mapping[str, Any], summary: Summary) -> None:
    """Write every annual statistic."""
    _write_table(path, COLUMNS, _summary_rows(manifest, summary))


def write_branches(path: Path, manifest: Mapping[str, Any], summaries: Mapping[str, Summary]) -> None:
    """Write every annual statistic of every branch, with the share of draws that follow it."""
    n_draws = sum(summary.n_draws for summary in summaries.values())
    rows = (
        [label, f"{summary.n_draws / n_draws:.6f}", *row]
        for label, summary in summaries.items()
        for row in _summary_rows(manifest, summary)
    )
    _write_table(path, BRANCH_COLUMNS, rows)


def write_quarters(path: Path, manifest: Mapping[str, Any], quarters: Quarters) -> None:
    """Write the quantiles of the first quarters."""
    _write_table(path, QUARTER_COLUMNS, _quarter_rows(manifest, quarters))


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _summary_rows(manifest: Mapping[str, Any], summary: Summary) -> Iterator[list[object]]:
    for series, year, *number in statistic_rows(summary):
        yield [manifest["scenario"]["name"], basis_of(str(series), manifest["basis"]), series, year, *number]


def statistic_rows(summary: Summary) -> Iterator[tuple[object, ...]]:
    """Series, year, statistic, unit, value and standard error of every number of a summary."""
    for series_index, series in enumerate(summary.series):
        for year_index, year in enumerate(summary.years):
            for name, statistic in summary.statistics.items():
                value = float(statistic.value[series_index, year_index])
                error = float(statistic.standard_error[series_index, year_index])
                yield (series, year, name, statistic_unit(name), *stored(value, error))


def statistic_unit(statistic: str) -> str:
    """Unit of a statistic, as tables have it."""
    return "probability" if is_chance(statistic) else UNIT


def _quarter_rows(manifest: Mapping[str, Any], quarters: Quarters) -> Iterator[list[object]]:
    value, error = (np.moveaxis(part, 0, -1) for part in (quarters.quantiles.value, quarters.quantiles.standard_error))
    for series_index, quarter_index in np.ndindex(*value.shape[:2]):
        quarter = format_quarter(quarters.quarters[quarter_index])
        identity = (manifest["scenario"]["name"], "us_census", QUARTERLY_SERIES[series_index], quarter)
        numbers = (part[series_index, quarter_index].tolist() for part in (value, error))
        for level, *printed in zip(FINE_LEVELS, *numbers, strict=True):
            yield [*identity, level, UNIT, *stored(*printed)]


ANOTHER = "choose another with --out"
"""What to do about a file that cannot be written."""

ANOTHER_FOLDER = "choose another folder for runs with --out, in report and export with --results"
"""What to do about a place for runs that cannot be written."""


@dataclass(frozen=True, repr=False)
class Results:
    """A finished run on disk; everything is read when asked for.

    Attributes:
        folder: the run's folder.
        manifest: provenance, as in `manifest.json`.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self.manifest["scenario"]["name"])

    @property
    def title(self) -> str:
        """Title of the scenario."""
        return str(self.manifest["scenario"]["title"])

    @property
    def title_ko(self) -> str:
        """The same in Korean; empty where there is none."""
        return str(self.manifest["scenario"].get("title_ko", ""))

    @property
    def overrides(self) -> tuple[str, ...]:
        """What was set on top of the scenario's file, such as `horizon=2030`; none for a run of the file as it is."""
        return tuple(self.manifest.get("overrides", ()))

    @property
    def basis(self) -> str:
        """Basis of every number but those of `dims.CENSUS_BALANCE`, one of `dims.BASES`."""
        return str(self.manifest["basis"])

    @property
    def as_of(self) -> str | None:
        """The day whose knowledge the run had, such as `2025-04-11`; None for all the data there were."""
        day = self.manifest.get("as_of")
        return None if day is None else str(day)

    def command(self, *options: str) -> str:
        """The command that makes a run of the same scenario with what is installed, as a message has it.

        Args:
            options: beside the usual settings.
        """
        prior = ["--prior"] if self.manifest["parameters"] == "prior" else []
        return f"`{join(['forecast', 'run', str(self.folder / SCENARIO), *options, *prior])}`"

    def plot(self) -> Any:
        """The picture of the run, a figure of matplotlib: the surplus, and what announcements change in it."""
        return shown("plots.fan.fan_chart", self)

    def __repr__(self) -> str:
        return f"<results of {self.name}, {self.manifest['n_draws']:,} draws, {self.manifest['digest']}>"

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.results_html", self))

    def chart(self, language: str = "en") -> Path:
        """Where the picture in a language is, or would be."""
        return self.folder / CHARTS[language]

    def has_chart(self, language: str = "en") -> bool:
        """Whether the picture in a language is there."""
        return CHARTS[language] in self.manifest["files"]

    @cached_property
    def statistics(self) -> Summary:
        """The summary as arrays over series and years.

        Raises:
            DamagedRunError: the file holds no summary of the run.
            RunError: it counts the chance to exceed another record than is known now.
        """
        with readable(self.folder / SUMMARY):
            summary = _read_summary(self.folder / SUMMARY, self.manifest)
        record = round(vintage(self.as_of).records[self.basis][1], 1)
        if exceedance_name(record) not in summary.statistics:
            raise RunError(
                f"{self.folder}: counts the chance to exceed another record than {record} bn USD, which the data "
                f"installed have; {self.command()} makes a run that counts it"
            )
        return summary

    @cached_property
    def summary(self) -> pd.DataFrame:
        """`summary.csv` as a table, one number a row, with `unit`, `basis` and `standard_error` columns."""
        return self._table(SUMMARY)

    @cached_property
    def branches(self) -> pd.DataFrame | None:
        """`branches.csv` as a table: share and statistics of every branch of a mixture; None for one scenario.

        The branch of a draw is the variable `branch` of `draws`.
        """
        if BRANCHES not in self.manifest["files"]:
            return None
        return self._table(BRANCHES, converters={"branch": str})  # a label may look like a number, or like none

    @cached_property
    def quarters(self) -> pd.DataFrame:
        """`quarters.csv` as a table: 99 quantiles of the first quarters after the origin, US Census basis."""
        return self._table(QUARTERS)

    @cached_property
    def draws(self) -> xr.Dataset:
        """Annual draws by series, dimensions `year` and `draw`, bn USD a year, and draws of the first quarters.

        Those are `quarterly_trade_balance`, `quarterly_exports` and `quarterly_imports`, dimensions `quarter` and
        `draw`, bn USD a quarter, on US Census basis whatever that of the years.

        Raises:
            RunError: the run had too many draws to keep.
        """
        import xarray as xr

        self._demand_draws()
        path = self.folder / DRAWS
        with readable(path), opened_draws(path, self.manifest), xr.open_dataset(path, engine="h5netcdf") as opened:
            return opened.load()

    def drawn(self, names: Sequence[str], years: Sequence[int]) -> Array:
        """Draws of series in some of the years, read in one go; zeros for series that other runs have and this one not.

        Returns:
            `(n_series, n_years, n_draws)`, bn USD a year.

        Raises:
            RunError: no run has such a series, this one has no such year, or had too many draws to keep.
        """
        self._demand_draws()
        demand_drawn(names, years, self.statistics.years)
        places = [self.statistics.years.index(year) for year in years]
        kept = self.kept_of(names)
        nothing = np.zeros((len(places), self.manifest["n_draws"]))
        return np.stack([kept[name][places] if name in kept else nothing for name in names])

    @cached_property
    def followed(self) -> tuple[str, ...]:
        """Label of the branch that each draw follows, in the order of draws; none where the run is of no mixture."""
        self._demand_draws()
        with readable(self.folder / DRAWS), opened_draws(self.folder / DRAWS, self.manifest) as arrays:
            return tuple(arrays["branch"].asstr()[...]) if "branch" in arrays else ()

    def _demand_draws(self) -> None:
        if DRAWS not in self.manifest["files"]:
            raise RunError(f"{self.folder}: got a run of {self.manifest['n_draws']:,} draws, too many to be kept")

    def kept(self, series: str) -> Array | None:
        """Draws of one series, `(n_years, n_draws)`, bn USD a year; None where none were kept."""
        return self.kept_of((series,)).get(series)

    def kept_of(self, names: Sequence[str], n_draws: int | None = None) -> dict[str, Array]:
        """The same of several series by name, of those that there are.

        Args:
            n_draws: so many of the first; all by default.
        """
        demand_drawn(names)
        if DRAWS not in self.manifest["files"]:
            return {}
        with readable(self.folder / DRAWS), opened_draws(self.folder / DRAWS, self.manifest) as arrays:
            return {name: np.asarray(arrays[name][..., :n_draws], dtype=np.float64) for name in names if name in arrays}

    def _table(self, name: str, **options: Any) -> pd.DataFrame:
        import pandas as pd

        with readable(self.folder / name):
            table: pd.DataFrame = pd.read_csv(self.folder / name, **options)
            return table


def write_results(
    folder: Path,
    manifest: Mapping[str, Any],
    plan: RunPlan,
    statistics: StreamingSummary,
    scenario_text: str,
) -> tuple[Results, bool]:
    """Store a run in `folder`, whole or not at all, in place of what was there.

    Where nothing was there and another process has stored the run in the meantime, that stays.

    Args:
        manifest: provenance; draws that failed, the kind of quantiles and single draws that dominate are added.
        statistics: of all draws of the plan, and the draws where they were kept.

    Returns:
        The run, and whether it is another process that has stored it.

    Raises:
        OSError: the folder cannot be written.
        RunError: no draw was finite.
    """
    summary, quarters = statistics.summary(plan.years, plan.series), statistics.quarters(plan.origin)
    branches = {
        plan.labels[index]: branch.summary(plan.years, plan.series)
        for index, branch in sorted(statistics.branches.items())
    }
    whole = dict(manifest) | {"n_failed": summary.n_failed, "quantiles": "exact" if summary.exact else "sketch"}
    whole["dominant_draws"] = [asdict(draw) for draw in summary.dominant_draws]
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with whole_folder(folder, RUN_FILES) if folder.exists() else new_folder(folder) as unfinished:
            write_summary(unfinished / SUMMARY, whole, summary)
            write_quarters(unfinished / QUARTERS, whole, quarters)
            (unfinished / SCENARIO).write_text(scenario_text, encoding="utf-8")
            if statistics.keep:
                write_draws(unfinished / DRAWS, whole, plan, statistics, quarters.quarters)
            if branches:
                write_branches(unfinished / BRANCHES, whole, branches)
            whole = write_manifest(unfinished, whole)
    except FileExistsError:
        stored = read_results(folder)
        if stored is None:
            raise
        return stored, True
    return Results(folder, whole), False


def add_chart(results: Results, draw_chart: Callable[[Results], Path | None]) -> Results:
    """The same run with a picture more.

    Args:
        draw_chart: draws a picture to one of the `chart` paths of a run, and says to which; None where it drew none.

    Raises:
        RunError: the folder cannot be written; a picture that no manifest names is gone.
    """
    demand_no_links(results.folder)  # a picture would be written to where it leads
    before = {name for name in CHARTS.values() if (results.folder / name).exists()}
    try:
        if draw_chart(results) is None:
            return results
        with writing(results.folder):
            return Results(results.folder, add_charts(results.folder, results.manifest))
    except BaseException:  # a stop too leaves no picture that no manifest names
        for name in set(CHARTS.values()) - before - results.manifest["files"].keys():
            (results.folder / name).unlink(missing_ok=True)
        raise


def demand_folder(folder: Path, named: Path, remedy: str = ANOTHER) -> None:
    """Refuse a folder in which nothing can be written, before anything is worked out that is to land there.

    Args:
        named: what the user called the place.
        remedy: what to do where nothing can.

    Raises:
        RunError: nothing can be written there.
    """
    with writing(named, remedy):
        demand_writable(folder)


def read_results(folder: Path) -> Results | None:
    """The run in `folder`, or None where there is none.

    Raises:
        DamagedRunError: it is not as it was stored.
    """
    manifest = read_manifest(folder)
    return None if manifest is None else Results(folder, manifest)


def _read_summary(path: Path, manifest: Mapping[str, Any]) -> Summary:
    with path.open(encoding="utf-8", newline="") as file:
        rows = read_csv(file)
    years = tuple(dict.fromkeys(int(row["year"]) for row in rows))
    names = list(dict.fromkeys(row["statistic"] for row in rows))
    series = tuple(dict.fromkeys(row["series"] for row in rows))
    shape, places = (len(series), len(years), len(names)), product(series, years, names)
    told = [(row["series"], int(row["year"]), row["statistic"]) for row in rows]
    books = [row["basis"] == basis_of(row["series"], manifest["basis"]) for row in rows]
    if not all(books) or not _tells_a_run(series, years, names, manifest) or told != list(places):
        raise ValueError("got another table, expected the summary of the run")
    value, error = (
        np.array([float(row[column] or "nan") for row in rows]).reshape(shape) for column in ("value", "standard_error")
    )
    known = np.isfinite(value) | (np.array(names) == "sd")  # one draw has none
    if not known.all() or np.isinf(value).any() or np.isinf(error).any() or (error < 0).any():
        raise ValueError("got a value that is not finite, or a negative standard error")
    statistics = {name: Statistic(value[..., i], error[..., i]) for i, name in enumerate(names)}
    exact = manifest["quantiles"] == "exact"
    dominant = tuple(DominantDraw(**draw) for draw in manifest.get("dominant_draws", ()))
    return Summary(years, statistics, manifest["n_draws"], manifest["n_failed"], exact, series, dominant)


def _tells_a_run(
    series: Sequence[str], years: Sequence[int], names: Sequence[str], manifest: Mapping[str, Any]
) -> bool:
    """Whether a table has the series, years and statistics of a run to its horizon."""
    wanted = {"mean", "sd", BELOW, exceedance_name(0.0), *map(quantile_name, LEVELS)}
    whole = set(SERIES) <= set(series) <= set(ALL_SERIES) and wanted <= set(names)
    return whole and list(years) == list(range(years[0], manifest["horizon"] + 1))
