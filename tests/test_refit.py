"""Fits at full effort, which take minutes, so that only `make refit` runs them.

The shipped posterior is held against a fit with another seed, and that fit against one of a copy of the package to
which a user added the last months by files of agencies: the monthly routine, command by command.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import command
from cut_package import CutPackage

from forecast.dims import Array
from forecast.models.posterior import TRAILING, load_posterior, save_posterior

pytestmark = pytest.mark.refit

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])

SEED = 20_261_124
RUN = ("run", "hyundai", "--n-jobs", "1", "--no-plot")
EARLY = ("run", "baseline", "-s", "as_of=2025-04-11", "--draws", "4000", "--n-jobs", "1", "--no-plot", "--out", "early")
LIMIT = 5.0
"""Standard errors: of some 1,600 numbers compared, one in a thousand test runs has one beyond."""


@pytest.fixture(scope="module")
def refitted() -> Any:
    from forecast.models.fitting import fit_posterior
    from forecast.models.sampling import Effort

    return fit_posterior(Effort(seed=SEED), n_jobs=-1)


@pytest.mark.parametrize("model", TRAILING)
def test_a_refit_reproduces_the_shipped_rows_within_monte_carlo_error(refitted: Any, model: str) -> None:
    shipped = load_posterior()
    for name, stored in shipped.groups[model].items():
        sizes = [fit.diagnostics[model][name] for fit in (shipped, refitted)]
        beyond = np.abs(_departures(stored, refitted.groups[model][name], *sizes)) > LIMIT
        assert not beyond.any(), f"{model}.{name}: {np.argwhere(beyond).tolist()}"


def _departures(stored: Array, again: Array, *diagnostics: Array) -> Array:
    """Share of the refitted rows below quantiles of the stored ones less their level, in standard errors."""
    quantiles = np.quantile(stored, LEVELS, axis=0)
    levels = LEVELS.reshape(-1, *[1] * (stored.ndim - 1))
    below = (again <= quantiles[:, None]).mean(axis=1) - levels
    sizes = [np.nan_to_num(found[1:], nan=len(stored)).min(axis=0).clip(max=len(stored)) for found in diagnostics]
    error = np.sqrt(levels * (1 - levels) * sum(1 / size for size in sizes))
    return np.asarray(np.where(np.ptp(stored, axis=0) > 0, below / error, 0.0))


def test_a_fit_that_learned_something_else_would_be_found() -> None:
    rng = np.random.default_rng(2)
    stored, moved = rng.standard_normal((2, 2_000, 3))
    size = np.full((3, 3), 2_000.0)
    assert np.abs(_departures(stored, moved, size, size)).max() < LIMIT
    moved[:, 1] += 0.25
    assert np.abs(_departures(stored, moved, size, size)).max(axis=0).argmax() == 1
    assert np.abs(_departures(stored, moved, size, size)).max() > LIMIT


def test_months_added_from_agency_files_are_learned_as_if_they_had_been_shipped(refitted: Any, tmp_path: Path) -> None:
    """`data add`, `fit`, `run` and `ledger score` of the copy leave the bytes that the package leaves."""
    cut, here = CutPackage(tmp_path / "cut"), tmp_path / "here"
    here.mkdir()
    save_posterior(refitted, here / "learned.nc")
    cut.age()
    for words in (EARLY, ("ledger", "add", "early/baseline")):
        assert cut.forecast(*words).returncode == command(*words, cwd=here).returncode == 0
    assert cut.forecast("data", "add", *cut.agency_files()).returncode == 0
    refused = cut.forecast(*RUN)
    assert (refused.returncode, "run `forecast fit` to make a new one" in refused.stderr) == (2, True)
    for words in (("fit", "--seed", str(SEED)), RUN, ("ledger", "score")):
        done = cut.forecast(*words)
        assert done.returncode == 0, done.stderr
    for words in ((*RUN, "--posterior", "learned.nc"), ("ledger", "score")):
        assert command(*words, cwd=here).returncode == 0
    assert (cut.folder / "own" / "posterior.nc").read_bytes() == (here / "learned.nc").read_bytes()
    for name in ("summary.csv", "quarters.csv"):
        one, other = (next((folder / "results" / "hyundai").glob(f"*/{name}")) for folder in (cut.folder, here))
        assert one.read_bytes() == other.read_bytes()
    assert scores(cut.folder) == scores(here)


def scores(folder: Path) -> list[dict[str, str]]:
    """Rows of scores, but for the name of the entry, which has the digest of the data in it."""
    with (folder / "ledger" / "scores.csv").open(encoding="utf-8", newline="") as file:
        return [{column: cell for column, cell in row.items() if column != "entry"} for row in csv.DictReader(file)]
