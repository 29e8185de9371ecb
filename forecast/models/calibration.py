"""Simulation-based calibration: fits to simulated data whose true parameters are known.

Parameters are drawn from the prior, data of the observed shape are simulated from them, the model is fitted to these
data by the code that fits the observed ones, and the rank of each true value among thinned posterior draws is kept. If
simulator and model agree and the sampler draws from the posterior, ranks are uniform over many repetitions; with
enough repetitions, any disagreement shows. The joint log density of parameters and data is ranked like a parameter,
since a posterior that ignores its data passes the test of each parameter alone.

The empirical distribution of ranks is held against bands that contain all of it at once: a calibrated parameter leaves
them anywhere with the stated probability, found by simulation. ArviZ has such bands, but no function for them that its
versions before and after 1.0 share, and no p-value of the same test.

Source: Talts et al. (2018), arXiv:1804.06788; Modrák et al. (2023), Bayesian Analysis 20: 461-488; for the bands
Säilynoja, Bürkner and Vehtari (2022), Statistics and Computing 32: 32.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from forecast.dims import Array
from forecast.economics.sectors import load_sectors
from forecast.errors import DataError
from forecast.models.carry_over import CarryOverEvidence
from forecast.models.channels import localization_task, sector_task
from forecast.models.evidence import Evidence, Memory, recent_investment, recent_plants
from forecast.models.posterior import current_digests
from forecast.models.processes import baseline_task, bridge_task, carry_over_task, drivers_task, nowcast_task
from forecast.models.realisation import realisation_task
from forecast.models.replicates import CHECKED_QUARTERS, Simulator, row_at, simulators
from forecast.models.sampling import Effort, Refits, Sample, prior_draws
from forecast.models.task import Free, Task
from forecast.observations.series import QuarterlyTrade, quarterly_drivers, quarterly_trade
from forecast.parallel import Progress, first_alone
from forecast.stats.streams import generator
from forecast.storage.code_digests import code_digest
from forecast.storage.files import read_csv, whole_file

N_KEPT = 99
"""Posterior draws a true value is ranked among."""

THIN = 10
"""Draws for one kept: the slowest parameters are then nearly independent."""

N_CHAINS, N_TUNING = 2, 1_000
MAX_R_HAT = 1.1
"""Largest accepted R-hat of the log density; a fit above it is repeated, as `forecast fit` would refuse it.

With one chain of 500 tuning draws, 3 of 200 baselines never reached the bulk of their posterior.
"""

N_REFERENCE = 20_000
"""Sets of uniform ranks simulated for the bands: a p-value of 1 % has a standard error of 0.07 points."""

_REFERENCE_CHUNK = 1_000
N_TRIES = 3
CHUNK = 20
"""Repetitions done by one worker in a row."""

SECONDS_A_REFIT = {
    "baseline": 3.5,
    "drivers": 1.5,
    "carry_over": 0.6,
    "running": 0.4,
    "localization": 0.4,
    "bridge": 0.8,
    "sectors": 1.2,
    "realisation": 0.5,
}
"""Measured on one core of a server of 2023, data making included."""

JOINT = "joint log density"


def _sectors_alone(evidence: Sequence[Evidence]) -> Task:
    """The task of the sectors with levels drawn anew, not those of stored prior rows, which are always the same.

    Coefficients without evidence stay at their prior medians.
    """
    medians = [[float(prior.distribution.ppf(0.5)) for prior in sector.values()] for sector in load_sectors().values()]
    return replace(sector_task(recent_plants(), evidence, recent_investment(), np.array([medians])), states={})


def _unfaded_baseline(trade: QuarterlyTrade, origin: int) -> Task:
    """The baseline on the quarters that were made anew, all of one weight.

    Weights make a posterior wider than Bayes' rule has it, on purpose, so that ranks would tell nothing of the code.
    """
    memory = Memory(CHECKED_QUARTERS)
    return baseline_task(trade, quarterly_drivers(origin), quarterly_trade(), memory)


def _unfaded_carry_over(observed: CarryOverEvidence) -> Task:
    """The carry-over on quarters of one weight, for the same reason."""
    return carry_over_task(replace(observed, weights=np.ones_like(observed.weights)))


_TASKS: Mapping[str, Callable[[Any, int], Task]] = {
    "baseline": _unfaded_baseline,
    "drivers": lambda observed, origin: drivers_task(observed),
    "carry_over": lambda observed, origin: _unfaded_carry_over(observed),
    "running": lambda observed, origin: nowcast_task(observed, len(quarterly_trade().later_exports)),
    "localization": localization_task,
    "bridge": bridge_task,
    "sectors": lambda evidence, origin: _sectors_alone(evidence),
    "realisation": lambda fates, origin: realisation_task(fates),
}


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Bands around the empirical distribution of `n` uniform ranks.

    Attributes:
        points: `(n_points,)`, shares of the rank's range at which it is looked at.
        low, high: `(n_points,)`, shares of ranks below each point that bound it with the stated probability.
    """

    points: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Ranks of the true values of one model.

    Attributes:
        model: group of the posterior.
        ranks: `(n,)` by parameter, each 0 to `n_kept`.
        n_kept: posterior draws each true value was ranked among.
        n_divergences: divergent transitions over all fits.
        n_refused: fits refused since their chains disagreed, and done again.
    """

    model: str
    ranks: Mapping[str, NDArray[np.int64]]
    n_kept: int
    n_divergences: int
    n_refused: int

    @property
    def n_fits(self) -> int:
        """How often the model was fitted."""
        return len(next(iter(self.ranks.values())))

    @property
    def p_values(self) -> dict[str, float]:
        """`p_value` by parameter."""
        return {name: p_value(ranks, self.n_kept) for name, ranks in self.ranks.items()}

    @property
    def family_p_values(self) -> dict[str, float]:
        """The same, `adjusted` for the number of parameters tested."""
        p_values = self.p_values
        return dict(zip(p_values, adjusted(np.array(list(p_values.values()))).tolist(), strict=True))

    @property
    def shares(self) -> dict[str, Array]:
        """`empirical` by parameter."""
        return {name: empirical(ranks, self.n_kept) for name, ranks in self.ranks.items()}

    @property
    def bands(self) -> Bands:
        """`uniform_bands` for the ranks of any one parameter."""
        return uniform_bands(self.n_fits, self.n_kept)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Repetitions `first` to `last - 1` of one model, all in one block of `CHUNK`."""

    model: str
    first: int
    last: int
    seed: int


Trial: TypeAlias = Mapping[str, int]
"""Rank by parameter of one repetition, with the `divergences` of its fit and how many tries were `refused`."""

_COUNTS = ("divergences", "refused")


def calibrated_models() -> tuple[str, ...]:
    """Models that can be calibrated, in the order of their fits."""
    return tuple(simulator.model for simulator in simulators())


def seconds_needed(n: int, n_jobs: int) -> float:
    """Estimated seconds for `n` repetitions of every model, compilation excluded."""
    n_workers = n_jobs if n_jobs > 0 else os.cpu_count() or 1
    return n * sum(SECONDS_A_REFIT.values()) / n_workers


def calibration_study(
    model: str, n: int, seed: int, folder: Path, n_jobs: int, progress: Progress = Progress()
) -> Study:
    """Ranks of `n` repetitions; those stored in `folder` are reused, and new ones are added to it.

    Args:
        model: one of `calibrated_models`.
        n: repetitions.
        seed: non-negative integer.
        folder: where `ranks_<model>.csv` lies, or will.
        n_jobs: workers, -1 for one per core.
        progress: told of repetitions that are done.
    """
    path, key = _path(model, folder), _key(seed)
    trials = _stored(path, key)[:n]
    progress.resume(len(trials))
    for chunk_trials in first_alone(run_chunk, _chunks(model, len(trials), n, seed), n_jobs):
        trials = [*trials, *chunk_trials]
        _store(path, key, trials)
        progress.advance(len(chunk_trials))
    names = [name for name in trials[0] if name not in _COUNTS]
    ranks_by_name = {name: np.array([trial[name] for trial in trials]) for name in names}
    return Study(model, ranks_by_name, N_KEPT, *(sum(trial[name] for trial in trials) for name in _COUNTS))


def n_stored(model: str, n: int, seed: int, folder: Path) -> int:
    """How many repetitions of those that a study is of are stored, from which it goes on.

    Args:
        model, n, seed, folder: as for `calibration_study`.

    Raises:
        DataError: the file is damaged.
    """
    return len(_stored(_path(model, folder), _key(seed))[:n])


def run_chunk(chunk: Chunk) -> list[Trial]:
    """Draw, simulate, refit and rank; the numbers do not depend on chunks done before."""
    block, skipped = divmod(chunk.first, CHUNK)
    rng = generator(chunk.seed, f"calibration.{chunk.model}", block)
    simulator, refits = _simulator(chunk.model), _refits(chunk.model)
    task = fitted_task(chunk.model, simulator.observed)
    truths = prior_draws(task, CHUNK, rng)
    seeds = rng.integers(0, 2**31, (CHUNK, N_TRIES)).tolist()
    trials = []
    for index in range(skipped, skipped + chunk.last - chunk.first):
        free = {name: values[index] for name, values in truths.items()}
        trials.append(_trial(simulator, refits, task, free, seeds[index]))
    return trials


def ranks(truth: Free, draws: Free) -> dict[str, int]:
    """Number of draws below the true value of each element.

    Args:
        truth: one value of each parameter, `(...)`.
        draws: `(n_draws, ...)`.
    """
    counts = {}
    for name, values in truth.items():
        below = (draws[name] < values).sum(axis=0)
        for element in np.ndindex(below.shape):
            place = ".".join(str(i + 1) for i, size in zip(element, below.shape, strict=True) if size > 1)
            counts[f"{name} {place}".strip()] = int(below[element])
    return counts


def _trial(simulator: Simulator[Any], refits: Refits, task: Task, free: Free, seeds: Sequence[int]) -> Trial:
    rows = task.rows({name: values[None] for name, values in free.items()})
    replicate = simulator.simulate(row_at(rows, 0), np.random.default_rng(seeds[0]))
    again = fitted_task(simulator.model, replicate.observed)
    truth = {**free, **replicate.states}
    sample, refused = _mixed_sample(refits, again, seeds)
    density = {JOINT: np.asarray(refits.log_density(again, truth))}
    counts = ranks(
        truth | density, {name: _kept(sample.free[name]) for name in truth} | {JOINT: _kept(sample.log_density)}
    )
    return counts | dict(zip(_COUNTS, (sample.n_divergences, refused), strict=True))


def _mixed_sample(refits: Refits, task: Task, seeds: Sequence[int]) -> tuple[Sample, int]:
    """The first sample whose chains agree, else the last, and the number refused."""
    for refused, seed in enumerate(seeds):
        sample = refits.sample(task, Effort(THIN * N_KEPT // N_CHAINS, N_TUNING, seed, N_CHAINS))
        if r_hat(sample.log_density) <= MAX_R_HAT:
            return sample, refused
    return sample, len(seeds)


def r_hat(chains: Array) -> float:
    """R-hat of `(n_chains, n_draws)`, neither split nor by ranks: about 1 where chains agree."""
    import arviz  # a second or more, and only where models are fitted

    rhat: Callable[..., Any] = arviz.rhat
    return float(rhat(chains, method="identity"))


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
    return Refits(fitted_task(model, _simulator(model).observed))


@cache
def _simulator(model: str) -> Simulator[Any]:
    return next(simulator for simulator in simulators() if simulator.model == model)


def fitted_task(model: str, observed: Any) -> Task:
    """The task that fits a model to data of the observed form; its prior draws every true value."""
    return _TASKS[model](observed, quarterly_trade().origin)


def _path(model: str, folder: Path) -> Path:
    return folder / f"ranks_{model}.csv"


def _key(seed: int) -> str:
    """First line of a file of ranks: seed, data and code they depend on."""
    return f"# seed {seed}, data {current_digests()['data'][:12]}, code {code_digest('calibration')[:12]}"


def _stored(path: Path, key: str) -> list[Trial]:
    """Repetitions in a file made by the same code, else none.

    Raises:
        DataError: the file is damaged.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        if not lines or lines[0] != key:
            return []
        return [{name: int(rank) for name, rank in row.items()} for row in read_csv(lines[1:])]
    except ValueError as error:
        raise DataError(f"{path}: got no table of ranks ({error}); delete it to have them made anew") from error


def _store(path: Path, key: str, trials: Sequence[Trial]) -> None:
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        file.write(key + "\n")
        writer = csv.DictWriter(file, list(trials[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(trials)


def p_value(ranks: NDArray[np.int64], n_kept: int) -> float:
    """Chance that uniform ranks depart at least as far, at their worst point, from uniformity.

    Args:
        ranks: `(n,)`, each 0 to `n_kept`.
        n_kept: posterior draws each true value was ranked among.
    """
    worst = _worst(_counts(np.asarray(ranks)[None], n_kept), len(ranks), n_kept)[0]
    return float((1 + (_reference(len(ranks), n_kept) <= worst).sum()) / (N_REFERENCE + 1))


def uniform_bands(n: int, n_kept: int, level: float = 0.95) -> Bands:
    """Where the empirical distribution of `n` uniform ranks lies throughout, with probability `level`."""
    points = _points(n_kept)
    pointwise = float(np.quantile(_reference(n, n_kept), 1 - level))
    counts = np.arange(n + 1)[:, None]
    below = bdtr(counts, n, points)
    above = 1 - np.vstack([np.zeros_like(points), below[:-1]])
    inside = 2 * np.minimum(below, above) > pointwise
    return Bands(points, inside.argmax(axis=0) / n, (n - inside[::-1].argmax(axis=0)) / n)


def empirical(ranks: NDArray[np.int64], n_kept: int) -> Array:
    """Share of ranks below each of the points of `uniform_bands`, `(n_points,)`."""
    return np.asarray(_counts(np.asarray(ranks)[None], n_kept)[0] / len(ranks))


def adjusted(p_values: Array) -> Array:
    """P-values for a family of tests: chance that any of them is as extreme, by Holm's step-down rule.

    >>> adjusted(np.array([0.01, 0.5, 0.03]))
    array([0.03, 0.5 , 0.06])
    """
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1))
    family = np.empty(len(p_values))
    family[order] = np.minimum(stepped, 1.0)
    return family


def _points(n_kept: int) -> Array:
    """Inner ends of up to fifty equal steps of whole ranks, as shares of the range."""
    steps = np.arange(1, n_kept + 1)
    return np.asarray(steps[:: max(1, (n_kept + 1) // 50)] / (n_kept + 1))


def _counts(ranks: NDArray[np.int64], n_kept: int) -> NDArray[np.int64]:
    """Ranks below each point, `(n_sets, n_points)`, of sets `(n_sets, n)`."""
    edges = np.round(_points(n_kept) * (n_kept + 1)).astype(int)
    tallies = np.apply_along_axis(np.bincount, 1, ranks, minlength=n_kept + 1)
    return np.asarray(tallies.cumsum(axis=1)[:, edges - 1])


def _worst(counts: NDArray[np.int64], n: int, n_kept: int) -> Array:
    """Smallest two-sided binomial tail probability over the points, `(n_sets,)`."""
    points = _points(n_kept)
    below = bdtr(np.arange(n + 1)[:, None], n, points)
    above = 1 - np.vstack([np.zeros_like(points), below[:-1]])
    tails = 2 * np.minimum(below, above)
    return np.asarray(tails[counts, np.arange(len(points))].min(axis=1))


@cache
def _reference(n: int, n_kept: int) -> Array:
    """`_worst` of sets of `n` uniform ranks, `(N_REFERENCE,)`."""
    rng = generator(0, f"uniformity.{n}.{n_kept}", 0)
    sets = (rng.integers(0, n_kept + 1, (_REFERENCE_CHUNK, n)) for _ in range(N_REFERENCE // _REFERENCE_CHUNK))
    return np.concatenate([_worst(_counts(ranks, n_kept), n, n_kept) for ranks in sets])
