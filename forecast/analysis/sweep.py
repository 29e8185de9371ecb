"""A scenario at many values of its assumptions: every cell a stored run, all of them with the same luck.

Cells share seed, draws and scheme, so that they differ from the scenario as stated, and from each other, by their
assumptions alone. What is stored already is read, so that a sweep that was stopped goes on where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path

import numpy as np

from forecast.analysis.attribution import demand_same_frame
from forecast.analysis.comparison import both_ways, demand_pairs
from forecast.dims import Array
from forecast.engine.block import row_picks
from forecast.engine.simulate import KEEP_DRAWS, Settings, block_streams
from forecast.errors import DataError, RunError, meant
from forecast.models.posterior import Posterior
from forecast.observations.spreadsheets import read_table
from forecast.results.precision import sizable
from forecast.results.results import Results, statistic_unit
from forecast.results.run import Request, demand_place, requested, settings_of
from forecast.scenario.contrasts import WITHOUT_NUMBERS
from forecast.scenario.mixture import AnyScenario
from forecast.stats.formatting import stored
from forecast.stats.summary import Summary
from forecast.storage.files import json_digest, write_csv, writing

MOST_CELLS = 400
"""Cells of a sweep at most: each is a run of its own on disk, 9 MB with 20,000 draws."""

_MOST_BYTES = 2**20

_MOST_OF_KEYS = 60
"""Characters of the keys in the name of a folder."""

TABLE = "sweep.csv"
COLUMNS = ("scenario", "basis", "series", "year", "cell", "run", "of", "statistic", "unit", "value", "standard_error")

Values = tuple[str, ...]
"""A value of every key that is swept, as written."""


@dataclass(frozen=True, slots=True)
class Design:
    """What is swept.

    Attributes:
        keys: YAML paths, as for `-s`.
        cells: values of the keys.
    """

    keys: tuple[str, ...]
    cells: tuple[Values, ...]

    def overrides(self, cell: Values) -> list[str]:
        """A cell as overrides of the scenario."""
        return [f"{key}={value}" for key, value in zip(self.keys, cell, strict=True)]

    def named(self, cell: Values) -> str:
        """A cell in words."""
        return f"cell {', '.join(self.overrides(cell))}"

    def values(self, key: str) -> list[str]:
        """The values of one key, in the order in which they were stated."""
        place = self.keys.index(key)
        return list(dict.fromkeys(cell[place] for cell in self.cells))


def grid(axes: Sequence[str]) -> Design:
    """Every combination of the values of some keys.

    >>> grid(["horizon=2030,2035", "localization={hold: true}"]).cells
    (('2030', '{hold: true}'), ('2035', '{hold: true}'))

    Args:
        axes: texts such as `investments.HMG-06.amount=2,4,8`; a comma inside brackets or quotes parts no values.

    Raises:
        RunError: one is no such text, a key comes twice or changes no number, or the cells are too many.
    """
    stated: dict[str, list[str]] = {}
    for text in axes:
        key, equals, values = text.partition("=")
        parts = [value.strip() for value in _parts(values)]
        if not (equals and key.strip() and all(parts)):
            raise RunError(f"-s: got {text}, expected KEY.PATH=VALUE,VALUE…")
        if key.strip() in stated:
            raise RunError(f"-s: got {key.strip()} twice, expected all of its values in one list")
        stated[key.strip()] = parts
    _demand_few(prod(len(values) for values in stated.values()))
    return _design("-s", tuple(stated), tuple(product(*stated.values())))


def listed_cells(path: Path) -> Design:
    """The cells of a CSV file, whose header names the keys and whose rows are cells.

    Raises:
        RunError: it cannot be read, has no cells or too many, a cell is empty, or a key changes no number.
    """
    try:
        records = read_table(path, _MOST_BYTES).records()
    except DataError as error:
        raise RunError(f"--list: {error}") from None
    if not records:
        raise RunError(f"--list: {path}: got no cells, expected a header of keys and a row a cell")
    for line, row in records:
        if empty := [key for key, value in row.items() if not (key and value)]:
            raise RunError(f"--list: {path}:{line}: got no value for {empty[0] or 'a key'}, expected one in every row")
    _demand_few(len(records))
    return _design("--list", tuple(records[0][1]), tuple(tuple(row.values()) for _, row in records))


def _design(option: str, keys: tuple[str, ...], cells: tuple[Values, ...]) -> Design:
    for key in keys:
        if (last := key.rpartition(".")[-1]) in WITHOUT_NUMBERS:
            raise RunError(f"{option}: got {key}, but no number hangs on a {last}; expected a key that changes one")
        if key in ("as_of", "basis"):
            raise RunError(
                f"{option}: got {key}, but every cell is paired with the scenario as stated, on one day and in one "
                f"book; expected a key of what is assumed, and {key} in the scenario file"
            )
    return Design(keys, cells)


def _parts(text: str) -> list[str]:
    """Values between commas that are in no brackets or quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        depth += (character in "([{") - (character in ")]}") if not quote else 0
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _demand_few(n_cells: int) -> None:
    if n_cells > MOST_CELLS:
        raise RunError(f"got {n_cells:,} cells, expected at most {MOST_CELLS}: each is a run; sweep parts of them")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a sweep.

    Attributes:
        values: of the keys; none for the scenario as stated.
        run: of it, whose statistics are those of the outcome.
        at: place of the year among those of the run.
        difference: statistics of the outcome in the year less that of the scenario as stated, draw by draw, series
            `rise` and `fall`, see `comparison.both_ways`.
    """

    values: Values
    run: Results
    at: int
    difference: Summary


@dataclass(frozen=True, slots=True)
class Sweep:
    """A scenario at many values of its assumptions.

    Attributes:
        design: what is swept.
        series, year: the outcome.
        stated: the scenario as stated.
        cells: in the order of the design.
    """

    design: Design
    series: str
    year: int
    stated: Cell
    cells: tuple[Cell, ...]

    def level(self, cell: Cell, statistic: str) -> tuple[float, float]:
        """A statistic of the outcome in a cell, with its Monte Carlo standard error, as `summary.csv` has them."""
        return cell.run.statistics.estimate(self.series, statistic, cell.at)

    def surface(self) -> Array:
        """Means of the outcome over the values of two keys, `(n_first, n_second)`; not a number between cells."""
        rows, columns = (self.design.values(key) for key in self.design.keys)
        found = np.full((len(rows), len(columns)), np.nan)
        for cell in self.cells:
            place = rows.index(cell.values[0]), columns.index(cell.values[1])
            found[place], _ = self.level(cell, "mean")
        return found


def sweep_requests(
    design: Design,
    worlds: Sequence[AnyScenario],
    series: str,
    year: int,
    settings: Settings,
    *,
    out: Path,
    posterior: Posterior,
    prior: bool,
) -> list[Request]:
    """The runs that a sweep asks for, or why it could not be shown or stored, before the first draw.

    Args:
        design: what is swept.
        worlds: the scenario as its file has it, and that of every cell.
        series, year: the outcome.
        settings, out, posterior, prior: as for `run_scenario`.

    Raises:
        RunError: cells cannot be paired, are one scenario, or have no such year or series; draws are too many to be
            kept; or nothing can be written where the table is to land.
    """
    if settings.n_draws > KEEP_DRAWS:
        raise RunError(f"got {settings.n_draws:,} draws, expected at most {KEEP_DRAWS:,}: more are not kept to pair")
    requests = []
    for cell, world in zip(((), *design.cells), worlds, strict=True):
        with _named(design, cell):
            demand_same_frame(worlds[0], world)
            requests.append(requested(world, settings, out, posterior, prior))
            _demand_outcome(requests[-1], series, year)
    _demand_cells_apart(design, requests[1:])
    demand_place(sweep_folder(design, series, year, requests), out)
    return requests


def _demand_cells_apart(design: Design, requests: Sequence[Request]) -> None:
    """Refuse cells that are one scenario, however it is written; that as stated may be among them."""
    seen: dict[str, Values] = {}
    for cell, request in zip(design.cells, requests, strict=True):
        first = seen.setdefault(request.manifest["digest"], cell)
        if first is not cell:
            raise RunError(f"{design.named(cell)}: got the scenario of {design.named(first)} again, expected another")


@contextmanager
def _named(design: Design, cell: Values) -> Iterator[None]:
    """Say of which cell an error is; nothing of the scenario as stated."""
    try:
        yield
    except RunError as error:
        if not cell:
            raise
        raise RunError(f"{design.named(cell)}: {error}") from None


def _demand_outcome(request: Request, series: str, year: int) -> None:
    """Refuse a run that will not have a series or year; its plan is not kept, as plans of 400 cells take 800 MB."""
    plan = request.compiled()
    if series not in plan.series:
        raise RunError(f"--of: got {series}; {meant(series, plan.series)}")
    if year not in plan.years:
        raise RunError(f"--year: got {year}, expected one from {plan.years[0]} to {plan.years[-1]}")


def swept(design: Design, requests: Sequence[Request], runs: Sequence[Results], series: str, year: int) -> Sweep:
    """Hold the runs of all cells against the scenario as stated.

    Args:
        requests, runs: of the scenario as stated, and of every cell of the design.
        series, year: of the outcome, which all of them have.

    Raises:
        RunError: the runs are no pairs.
    """
    base = _outcome(runs[0], series, year)
    blocks = block_streams(requests[0].compiled(), settings_of(runs[0].manifest))
    rows = row_picks((request.compiled() for request in requests), blocks)  # one by one, as in `_demand_outcome`
    cells = []
    for values, run in zip(((), *design.cells), runs, strict=True):
        demand_pairs(run, runs[0])
        change, size = _outcome(run, series, year) - base, int(run.manifest["block_size"])
        difference = both_ways(change[None], (year,), size, rows=rows)
        cells.append(Cell(values, run, run.statistics.years.index(year), difference))
    return Sweep(design, series, year, cells[0], tuple(cells[1:]))


def _outcome(run: Results, series: str, year: int) -> Array:
    """Draws of the outcome, `(n_draws,)`."""
    return np.asarray(run.drawn((series,), (year,))[0, 0])


def sweep_folder(design: Design, series: str, year: int, runs: Sequence[Request | Results]) -> Path:
    """Folder of a sweep beside the runs of its scenario; a digest in its name is of all that the sweep is of.

    Args:
        runs: of the scenario as stated, and of every cell of the design; those asked for will do.
    """
    digests = [run.manifest["digest"] for run in runs]
    digest = json_digest([design.keys, design.cells, series, year, digests])[:12]
    keys = "-".join(re.sub(r"[^\w.-]", "_", key) for key in design.keys)[:_MOST_OF_KEYS]
    return runs[0].folder.parent / "sweeps" / f"{series}_{year}_{keys}_{digest}"


def write_sweep(found: Sweep) -> Path:
    """Write every number of a sweep into a folder of its own, and give the folder back.

    Raises:
        RunError: it cannot be written.
    """
    runs = [cell.run for cell in (found.stated, *found.cells)]
    folder = sweep_folder(found.design, found.series, found.year, runs)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(folder / TABLE, (*found.design.keys, *COLUMNS), _rows(found))
    return folder


def _rows(found: Sweep) -> Iterator[tuple[object, ...]]:
    stated = tuple("as stated" for _ in found.design.keys)
    for place, cell in enumerate((found.stated, *found.cells)):
        run = cell.run
        head = (*(cell.values or stated), run.name, run.basis, found.series, found.year, place, run.manifest["digest"])
        for statistic in sizable(0.0):
            yield (*head, "level", statistic, statistic_unit(statistic), *stored(*found.level(cell, statistic)))
        for statistic in sizable(0.0):
            estimate = cell.difference.estimate("rise", statistic, 0)
            yield (*head, "difference", statistic, statistic_unit(statistic), *stored(*estimate))
