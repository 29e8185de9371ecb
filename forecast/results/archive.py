"""Stored runs: found in their folders, and told apart where several are of one scenario.

What came later: the surplus observed after a forecast was made, and where in the forecast it fell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecast.dims import BASES
from forecast.engine.simulate import Settings
from forecast.errors import DamagedRunError, RunError
from forecast.observations.annual import every_year
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter
from forecast.results.results import Results, read_results
from forecast.results.run import settings_of
from forecast.scenario.mixture import AnyScenario, any_digest
from forecast.storage.code_digests import code_digest
from forecast.storage.files import sweep
from forecast.storage.places import folders, unreadable


def list_results(out: str | Path = "results") -> list[Results]:
    """Finished runs under a results folder, by scenario and newest first; damaged ones are left out."""
    return surveyed(Path(out))[0]


def surveyed(out: Path) -> tuple[list[Results], list[DamagedRunError]]:
    """Runs under a results folder, by scenario and newest first, and what is wrong with those that are damaged."""
    parts = [_runs_below(folder) for folder in folders(out)]
    runs = [results for sound, _ in parts for results in sound]
    return sorted(runs, key=lambda results: results.name), [error for _, damaged in parts for error in damaged]


def load_results(path: str | Path) -> Results:
    """A finished run by its folder, or by the scenario's folder where that holds no other.

    >>> load_results("results/hyundai").summary  # doctest: +SKIP

    Raises:
        DamagedRunError: the run is not as it was stored.
        RunError: there is no finished run at `path`, or there are several to choose from.
    """
    folder = Path(path)
    found = read_results(folder)
    if found is not None:
        return found
    runs, damaged = _runs_below(folder)
    if len(runs) + len(damaged) > 1:
        listed = [f"  {results.folder}: {described(results)}" for results in runs] + [f"  {one}" for one in damaged]
        head = f"{path}: got a folder of {len(listed)} runs, expected that of one of them:"
        raise RunError("\n".join([head, *listed]))
    if damaged:
        raise damaged[0]
    if not runs:
        raise RunError(f"{path}: holds no finished run; expected results/<scenario> or results/<scenario>/<digest>")
    return runs[0]


def made_before(world: AnyScenario, settings: Settings, out: Path) -> Results | None:
    """The newest run of a scenario by the code installed, whatever data it was made with; None where there is none."""
    kind = (any_digest(world), "posterior", settings, code_digest("numbers"))
    for run in _runs_below(out / world.name)[0]:
        manifest = run.manifest
        found = (manifest["scenario"]["digest"], manifest["parameters"], settings_of(manifest))
        if (*found, manifest["digests"]["code"]) == kind:
            return run
    return None


def _runs_below(folder: Path) -> tuple[list[Results], list[DamagedRunError]]:
    """Runs in the folder of a scenario, newest first, and what is wrong with those that are damaged."""
    if reason := unreadable(folder):
        return [], [DamagedRunError(f"{folder}: {reason}")]
    sweep(folder)
    runs: list[Results] = []
    damaged: list[DamagedRunError] = []
    for place in folders(folder):
        try:
            found = read_results(place)
        except DamagedRunError as error:
            damaged.append(error)
        else:
            runs += [] if found is None else [found]
    return sorted(runs, key=lambda results: str(results.manifest["created"]), reverse=True), damaged


def described(results: Results) -> str:
    """What a run was made with and when, in a line."""
    manifest = results.manifest
    settings = f"draws {manifest['n_draws']:,}, seed {manifest['seed']}, {manifest['parameters']}"
    return ", ".join([settings, *results.overrides, f"made {made(results)} UTC"])


def made(results: Results) -> str:
    """When a run was made, to the minute, UTC."""
    return str(results.manifest["created"])[:16].replace("T", " ")


LONGEST_NAME = 60
"""Characters of a name with what was stated, above which the digest of the run stands for that."""


def told_apart(runs: Sequence[Results], names: Sequence[str]) -> list[str]:
    """Names of runs; behind those that several have, what was stated on top of the scenario, or else the digest."""
    stated = [" ".join([name, *run.manifest["overrides"]]) for run, name in zip(runs, names, strict=True)]

    def own(run: Results, name: str, full: str) -> str:
        if names.count(name) == 1:
            return name
        return full if stated.count(full) == 1 and len(full) <= LONGEST_NAME else f"{name} ({run.manifest['digest']})"

    return list(map(own, runs, names, stated))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The surplus of one year of a forecast as observed since.

    Attributes:
        year: calendar year.
        value: bn USD over the months seen, on the basis of the run.
        months: months seen from January, 12 for a whole year.
        percentile: draws below the value, percent; None for part of a year or where draws were not kept.
        other_book: bn USD over a whole year in the other of `BASES`; None for part of a year or where none is known.
    """

    year: int
    value: float
    months: int
    percentile: float | None
    other_book: float | None = None


def outcomes(results: Results) -> tuple[Outcome, ...]:
    """Years of a run with months observed since, for a run from an earlier quarter than the last in the data."""
    if parse_quarter(results.manifest["origin"]) >= vintage().trade.origin:
        return ()
    years = results.statistics.years
    seen, beside = (every_year(basis).between(years[0], years[-1]) for basis in (results.basis, other_book(results)))
    draws = results.kept("trade_balance")
    whole = (seen.months[:, 2] == 12) & (beside.months[:, 2] == 12)
    return tuple(
        Outcome(
            year,
            float(seen.balance[row]),
            int(months),
            _percentile(None if draws is None else draws[row], float(seen.balance[row]), int(months)),
            float(beside.balance[row]) if whole[row] else None,
        )
        for row, (year, months) in enumerate(zip(years, seen.months[:, 2], strict=True))
        if months
    )


def other_book(results: Results) -> str:
    """The one of `BASES` that a run is not on."""
    return next(basis for basis in BASES if basis != results.basis)


def _percentile(draws: np.ndarray | None, value: float, months: int) -> float | None:
    if draws is None or months < 12:
        return None
    return 100 * float((draws[np.isfinite(draws)] < value).mean())
