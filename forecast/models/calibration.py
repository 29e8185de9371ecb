"""Simulation-based calibration: does a fit, asked about data of which the truth is known, say what it should?

Parameters are drawn from the prior, data of the observed shape are made from them by `replicas`, the model is fitted to
these data by the code that fits the observed ones, and the rank of each true value among thinned posterior draws is
kept. Over many repetitions the ranks are uniform if, and only if the test is strong enough, the simulator and the
model say the same and the sampler draws from the posterior. The joint log density of parameters and data is ranked
like a parameter, since a posterior that forgot its data passes the test of each parameter alone.

Source: Talts et al. (2018), arXiv:1804.06788; Modrák et al. (2023), Bayesian Analysis 20: 461-488.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from forecast.code_digests import code_digest
from forecast.dims import Array
from forecast.economics.sectors import load_sectors
from forecast.models.baseline import baseline_task
from forecast.models.bridge import bridge_task
from forecast.models.channels import sector_task
from forecast.models.drivers import drivers_task, running_task
from forecast.models.evidence import Reading, invested_in_wave, load_wave
from forecast.models.localization import localization_task
from forecast.models.posterior import current_digests
from forecast.models.realisation import realisation_task
from forecast.models.replicas import Replica, replicas, row_of
from forecast.models.sampling import Effort, Refits, Sample, prior_draws
from forecast.models.task import Free, Task
from forecast.observations.series import quarterly_drivers, quarterly_trade
from forecast.parallel import first_alone
from forecast.stats.streams import generator
from forecast.stats.uniformity import Study
from forecast.storage import whole_file

N_KEPT = 99
"""Posterior draws a true value is ranked among."""


THIN = 10
"""Draws for one kept: the slowest parameters are then nearly independent."""


N_CHAINS, N_TUNING = 2, 1_000


MAX_R_HAT = 1.1
"""Of the log density between chains: a fit above it is done again, as `forecast fit` would refuse it.

With one chain of 500 tuning draws, 3 of 200 baselines never reached the bulk of their posterior.
"""


N_TRIES = 3


CHUNK = 20
"""Repetitions done by one worker in a row."""


SECONDS_A_REFIT = {
    "baseline": 3.5,
    "drivers": 1.5,
    "running": 0.4,
    "localization": 0.4,
    "bridge": 0.8,
    "sectors": 1.2,
    "realisation": 0.5,
}
"""Measured on one core of a server of 2023, data making included."""


JOINT = "joint log density"


def _sectors_alone(readings: Sequence[Reading]) -> Task:
    """The task of the sectors with levels drawn anew, not those of stored prior rows, which are always the same.

    Coefficients that no reading depends on stay at their prior medians.
    """
    medians = [[float(belief.law.ppf(0.5)) for belief in sector.values()] for sector in load_sectors().values()]
    return replace(sector_task(load_wave(), readings, invested_in_wave(), np.array([medians])), states={})


_TASKS: Mapping[str, Callable[[Any, int], Task]] = {
    "baseline": lambda observed, origin: baseline_task(observed, quarterly_drivers(origin), quarterly_trade()),
    "drivers": lambda observed, origin: drivers_task(observed),
    "running": lambda observed, origin: running_task(observed, len(quarterly_trade().later_exports)),
    "localization": localization_task,
    "bridge": bridge_task,
    "sectors": lambda readings, origin: _sectors_alone(readings),
    "realisation": lambda fates, origin: realisation_task(fates),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Repetitions `first` to `last - 1` of one model, all in one block of `CHUNK`."""

    model: str
    first: int
    last: int
    seed: int


Trial = Mapping[str, int]
"""Rank by parameter of one repetition, with the `divergences` of its fit and how many tries were `refused`."""


_COUNTS = ("divergences", "refused")


def calibrated_models() -> tuple[str, ...]:
    """Models that can be calibrated, in the order of their fits."""
    return tuple(replica.model for replica in replicas())


def seconds_needed(n: int, n_jobs: int) -> float:
    """A guess at how long `n` repetitions of every model take, compiling left out."""
    n_workers = n_jobs if n_jobs > 0 else os.cpu_count() or 1
    return n * sum(SECONDS_A_REFIT.values()) / n_workers


def calibration_study(
    model: str, n: int, seed: int, folder: Path, n_jobs: int, progress: Callable[[int], None] = lambda done: None
) -> Study:
    """Ranks of `n` repetitions; those found in `folder` are not done again, and new ones are added to it.

    Args:
        model: one of `calibrated_models`.
        n: repetitions.
        seed: non-negative integer.
        folder: where `ranks_<model>.csv` lies, or will.
        n_jobs: workers, -1 for one per core.
        progress: told how many repetitions were done.
    """
    path, key = folder / f"ranks_{model}.csv", _key(seed)
    trials = _stored(path, key)[:n]
    progress(len(trials))
    for made in first_alone(run_chunk, _chunks(model, len(trials), n, seed), n_jobs):
        trials = [*trials, *made]
        _store(path, key, trials)
        progress(len(made))
    names = [name for name in trials[0] if name not in _COUNTS]
    found = {name: np.array([trial[name] for trial in trials]) for name in names}
    return Study(model, found, N_KEPT, *(sum(trial[name] for trial in trials) for name in _COUNTS))


def run_chunk(chunk: Chunk) -> list[Trial]:
    """Draw, make data, refit and rank; the same numbers whatever was done before."""
    block, skipped = divmod(chunk.first, CHUNK)
    rng = generator(chunk.seed, f"calibration.{chunk.model}", block)
    replica, refits = _replica(chunk.model), _refits(chunk.model)
    task = fitted_task(chunk.model, replica.observed)
    truths = prior_draws(task, CHUNK, rng)
    seeds = rng.integers(0, 2**31, (CHUNK, N_TRIES)).tolist()
    made = []
    for index in range(skipped, skipped + chunk.last - chunk.first):
        free = {name: values[index] for name, values in truths.items()}
        made.append(_trial(replica, refits, task, free, seeds[index]))
    return made


def ranks(truth: Free, draws: Free) -> dict[str, int]:
    """Number of draws below the true value of each element.

    Args:
        truth: one value of each parameter, `(...)`.
        draws: `(n_draws, ...)`.
    """
    found = {}
    for name, values in truth.items():
        below = (draws[name] < values).sum(axis=0)
        for element in np.ndindex(below.shape):
            place = ".".join(str(i + 1) for i, size in zip(element, below.shape, strict=True) if size > 1)
            found[f"{name} {place}".strip()] = int(below[element])
    return found


def _trial(replica: Replica[Any], refits: Refits, task: Task, free: Free, seeds: Sequence[int]) -> Trial:
    rows = task.rows({name: values[None] for name, values in free.items()})
    made = replica.make(row_of(rows, 0), np.random.default_rng(seeds[0]))
    again = fitted_task(replica.model, made.observed)
    truth = {**free, **made.states}
    found, refused = _mixed_sample(refits, again, seeds)
    density = {JOINT: np.asarray(refits.log_density(again, truth))}
    ranked = ranks(
        truth | density, {name: _kept(found.free[name]) for name in truth} | {JOINT: _kept(found.log_density)}
    )
    return ranked | dict(zip(_COUNTS, (found.n_divergences, refused), strict=True))


def _mixed_sample(refits: Refits, task: Task, seeds: Sequence[int]) -> tuple[Sample, int]:
    """The first sample whose chains agree, else the last, and how many were refused."""
    for refused, seed in enumerate(seeds):
        found = refits.sample(task, Effort(THIN * N_KEPT // N_CHAINS, N_TUNING, seed, N_CHAINS))
        if r_hat(found.log_density) <= MAX_R_HAT:
            return found, refused
    return found, len(seeds)


def r_hat(chains: Array) -> float:
    """Square root of the variance of all draws over that within chains `(n_chains, n_draws)`, about 1 if they agree."""
    within, n_draws = chains.var(axis=1, ddof=1).mean(), chains.shape[1]
    return float(np.sqrt((n_draws - 1) / n_draws + chains.mean(axis=1).var(ddof=1) / within))


def _kept(values: Array) -> Array:
    """Thinned draws of all chains, `(N_KEPT, ...)`."""
    return values.reshape(-1, *values.shape[2:])[::THIN]


def _chunks(model: str, first: int, n: int, seed: int) -> Iterator[Chunk]:
    while first < n:
        last = min(n, (first // CHUNK + 1) * CHUNK)
        yield Chunk(model, first, last, seed)
        first = last


@cache
def _refits(model: str) -> Refits:
    return Refits(fitted_task(model, _replica(model).observed))


@cache
def _replica(model: str) -> Replica[Any]:
    return next(replica for replica in replicas() if replica.model == model)


def fitted_task(model: str, observed: Any) -> Task:
    """The task that fits a model to data in the form of those observed, where the prior draws every truth."""
    return _TASKS[model](observed, quarterly_trade().origin)


def _key(seed: int) -> str:
    """What ranks depend on, in a line."""
    return f"# seed {seed}, data {current_digests()['data'][:12]}, code {code_digest('calibration')[:12]}"


def _stored(path: Path, key: str) -> list[Trial]:
    """Repetitions in a file made by the same code, else none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if not lines or lines[0] != key:
        return []
    return [{name: int(rank) for name, rank in row.items()} for row in csv.DictReader(lines[1:])]


def _store(path: Path, key: str, trials: Sequence[Trial]) -> None:
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        file.write(key + "\n")
        writer = csv.DictWriter(file, list(trials[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(trials)
