"""How parameters are learned: runs the models, refuses what has not converged, keeps prior beside posterior."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import product
from platform import python_version
from typing import Any

import numpy as np

from forecast import __version__
from forecast.draws import Array
from forecast.errors import FitError
from forecast.parallel import in_order
from forecast.posterior import TRAILING, Posterior, current_digests
from forecast.readings import invested_in_wave, load_readings
from forecast.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.streams import Streams, generator
from forecast.vintage import Vintage, vintage
from forecast.wave import load_wave

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # ArviZ before 1.0 announces its successor
    import arviz

    from forecast.models.baseline import baseline_task
    from forecast.models.bridge import bridge_task
    from forecast.models.channels import sector_task
    from forecast.models.drivers import drivers_task
    from forecast.models.localization import localization_task
    from forecast.models.realisation import realisation_task
    from forecast.models.running import running_task
    from forecast.models.task import Task
    from forecast.sampling import Effort, compiled, prior_draws, sample

MAX_R_HAT = 1.01
MIN_SAMPLE_SIZE = 400.0
"""Smallest bulk and tail effective sample size of a parameter."""

STORED_ROWS = 2_000
"""Rows kept a model, the posterior's thinned evenly."""


def fit_posterior(
    effort: Effort = Effort(), known: Vintage | None = None, *, n_jobs: int = 1, progress: bool = True
) -> Posterior:
    """Fit every model to what is known, up to its last complete quarter.

    Args:
        effort: draws and seed.
        known: what was public on a day; all the shipped observations by default.
        n_jobs: models fitted at a time, -1 for one per core; the numbers are the same.
        progress: say on a terminal which models are done.

    Raises:
        FitError: a model did not converge; the message carries R-hat, effective sample sizes and divergences.
    """
    known = vintage() if known is None else known
    tasks = fit_tasks(known, effort.seed)
    done = {}
    with _narration(progress, len(tasks)) as say:
        for task, fitted in zip(tasks, in_order(partial(_fitted, effort), tasks, n_jobs), strict=True):
            done[task.name] = fitted
            say(f"{task.name}: {task.data}")
    names = [name for name in TRAILING if name in done]
    digests = current_digests(known.as_of)
    return Posterior(
        origin=known.trade.origin,
        seed=effort.seed,
        data_digest=digests["data"],
        model_digest=digests["model"],
        versions=_versions(),
        groups={name: done[name].rows for name in names},
        prior={name: done[name].prior for name in names},
        diagnostics={name: done[name].diagnostics for name in names},
        as_of=known.as_of,
    )


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Posterior rows, prior rows and diagnostics of one model."""

    rows: dict[str, Array]
    prior: dict[str, Array]
    diagnostics: dict[str, Array]


def _fitted(effort: Effort, task: Task) -> _Fitted:
    rows, diagnostics = posterior_rows(task, effort)
    return _Fitted(rows, prior_rows(task, effort.seed), diagnostics)


def fit_tasks(known: Vintage, seed: int = 0) -> tuple[Task, ...]:
    """Every model with what is known, the slowest first; `seed` is that of sector rows without evidence."""
    origin, n_months = known.trade.origin, len(known.trade.later_exports)
    running = [running_task(known.completions, n_months)] if n_months else []
    return (
        sector_task(load_wave(), load_readings(), invested_in_wave(), sector_rows(seed)),
        baseline_task(known.trade, known.drivers),
        drivers_task(known.drivers),
        *running,
        localization_task(known.shares, origin),
        bridge_task(known.bridge, origin),
        realisation_task(known.fates),
    )


def posterior_rows(task: Task, effort: Effort) -> tuple[dict[str, Array], dict[str, Array]]:
    """Rows of one model, `STORED_ROWS` at most, and its `Posterior.diagnostics`.

    Raises:
        FitError: the model did not converge.
    """
    found = sample(compiled(task), effort)
    demand_convergence(task.name, found.free, found.n_divergences)
    rows = task.rows({name: _merged(values) for name, values in found.free.items()})
    by_chain = {name: values.reshape(effort.n_chains, -1, *values.shape[1:]) for name, values in rows.items()}
    diagnostics = {name: convergence(values) for name, values in by_chain.items()}
    diagnostics["divergences"] = np.array([float(found.n_divergences)])
    return {name: _thinned(values) for name, values in rows.items()}, diagnostics


def prior_rows(task: Task, seed: int) -> dict[str, Array]:
    """`STORED_ROWS` rows of one model drawn from its prior."""
    return task.rows(prior_draws(task, STORED_ROWS, generator(seed, f"prior.{task.name}", 0)))


def sector_rows(seed: int) -> Array:
    """Prior rows of the sector coefficients, `(n_rows, n_sectors, n_coefficients)`.

    Coefficients are independent, each a Latin hypercube of its prior.
    """
    streams = Streams(seed, 0, STORED_ROWS, "latin_hypercube")
    priors = load_sectors()
    names = product(SECTORS, COEFFICIENTS)
    values = [priors[sector][name].law.ppf(streams.uniforms(f"sectors.{sector}.{name}")) for sector, name in names]
    return np.ascontiguousarray(np.transpose(values).reshape(STORED_ROWS, len(SECTORS), len(COEFFICIENTS)))


def convergence(values: Array) -> Array:
    """R-hat, bulk and tail effective sample size of each element, `(3, ...)`; NaN for one that never moves.

    Args:
        values: `(n_chains, n_draws, ...)`.
    """
    ess: Callable[..., Any] = arviz.ess
    r_hat: Callable[..., Any] = arviz.rhat
    elements = values.reshape(*values.shape[:2], -1)
    found = np.full((3, elements.shape[-1]), np.nan)
    for index in np.flatnonzero(np.ptp(elements, axis=(0, 1))):
        chains = elements[..., index]
        tail = ess(chains, method="tail", prob=(0.05, 0.95))
        found[:, index] = r_hat(chains), ess(chains, method="bulk"), tail
    return found.reshape(3, *values.shape[2:])


def demand_convergence(model: str, free: Mapping[str, Array], n_divergences: int) -> None:
    """Refuse a fit that has not converged.

    Args:
        model: name for the message.
        free: free parameters by name, `(n_chains, n_draws, ...)`.
        n_divergences: divergent transitions after tuning.

    Raises:
        FitError: R-hat above `MAX_R_HAT`, an effective sample size below `MIN_SAMPLE_SIZE`, or any divergence.
    """
    found = {name: convergence(values).reshape(3, -1) for name, values in free.items()}
    r_hat, bulk, tail = np.concatenate(list(found.values()), axis=1) * [[1.0], [-1.0], [-1.0]]
    passed = r_hat.max() <= MAX_R_HAT and max(bulk.max(), tail.max()) <= -MIN_SAMPLE_SIZE
    if not passed or n_divergences:
        worst = max(found, key=lambda name: float(np.nan_to_num(found[name][0], nan=np.inf).max()))
        raise FitError(
            f"{model} did not converge: R-hat {r_hat.max():.3f} (worst at {worst}; accepted: at most {MAX_R_HAT}), "
            f"effective sample size {-bulk.max():.0f} bulk and {-tail.max():.0f} tail (accepted: at least "
            f"{MIN_SAMPLE_SIZE:.0f}), {n_divergences} divergences (accepted: none)"
        )


def _merged(values: Array) -> Array:
    return values.reshape(-1, *values.shape[2:])


def _thinned(values: Array) -> Array:
    kept = np.linspace(0, len(values) - 1, min(len(values), STORED_ROWS))
    return np.asarray(values[kept.astype(int)])


def _versions() -> dict[str, str]:
    packages = ("arviz", "numba", "numpy", "nutpie", "pymc", "pytensor")
    return {"forecast": __version__, "python": python_version()} | {name: version(name) for name in packages}


@contextmanager
def _narration(progress: bool, n_tasks: int) -> Iterator[Callable[[str], None]]:
    """A way to say on the terminal what is going on; nothing is said where standard error is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not (progress and console.is_terminal):
        yield lambda text: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        fits = bar.add_task("fitting", total=n_tasks)
        yield lambda text: bar.update(fits, description=text, advance=1)
