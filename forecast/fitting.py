"""How parameters are learned: runs the models, refuses what has not converged, reports prior beside posterior.

Models are compiled by numba, so that no C compiler is needed, and in strict floating point, so that a seed gives the
same rows whether or not the compiled code came from the cache. What differs between versions of PyMC and ArviZ stays
in this file.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from platform import python_version
from shutil import which
from typing import Any

import numpy as np

from forecast import __version__
from forecast.draws import Array
from forecast.errors import FitError
from forecast.observations import bridge_observations, procurement_shares, quarterly_trade
from forecast.posterior import TRAILING, Posterior, current_digests
from forecast.processes import FLOWS
from forecast.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.streams import Streams, generator

if which("g++") is None:
    os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")  # PyTensor warns of a missing compiler that no fit needs
with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # ArviZ before 1.0 announces its successor
    import arviz
    import nutpie
    import pymc
    import pytensor
    from pytensor.graph.basic import Constant
    from pytensor.graph.traversal import ancestors

    from forecast.models.baseline import baseline_task
    from forecast.models.bridge import bridge_task
    from forecast.models.localization import SUPPLIERS, localization_task
    from forecast.models.task import Task

MAX_R_HAT = 1.01
MIN_SAMPLE_SIZE = 400.0
"""Smallest bulk and tail effective sample size of a parameter."""

N_CHAINS = 4
STORED_ROWS = 2_000
"""Rows kept a model, the posterior's thinned evenly."""

_compiled: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a model is sampled.

    Attributes:
        n_draws: kept draws of each chain.
        n_tuning: draws of each chain spent on tuning.
        seed: non-negative integer.
        acceptance: share of proposals the sampler aims to accept; the higher, the smaller its steps.
    """

    n_draws: int = 2_000
    n_tuning: int = 1_000
    seed: int = 0
    acceptance: float = 0.8


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One parameter before and after the fit.

    Attributes:
        model: group of the posterior.
        parameter: name of the parameter, with its element in brackets.
        prior, posterior: median and the ends of the equal-tailed 95 % interval.
        r_hat, sample_size: R-hat and the smaller of bulk and tail effective sample size; NaN for a fixed number.
        observed: the printed number a fitted one stands beside, else None.
    """

    model: str
    parameter: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    r_hat: float
    sample_size: float
    observed: float | None


def fit_posterior(effort: Effort = Effort(), *, progress: bool = True) -> Posterior:
    """Fit every model to the shipped observations, up to their last complete quarter.

    Args:
        effort: draws and seed.
        progress: say on a terminal which model is at work.

    Raises:
        FitError: a model did not converge; the message carries R-hat, effective sample sizes and divergences.
    """
    groups, prior, diagnostics = {}, {}, {}
    with _narration(progress) as say:
        for task in fit_tasks():
            say(f"{task.name}: {task.data}")
            groups[task.name], diagnostics[task.name] = posterior_rows(task, effort)
            prior[task.name] = prior_rows(task, effort.seed)
    groups["sectors"] = prior["sectors"] = {"coefficients": sector_rows(effort.seed)}
    digests = current_digests()
    return Posterior(
        origin=quarterly_trade().origin,
        seed=effort.seed,
        data_digest=digests["data"],
        model_digest=digests["model"],
        versions=_versions(),
        groups=groups,
        prior=prior,
        diagnostics=diagnostics,
    )


def fit_tasks() -> tuple[Task, ...]:
    """Every model with the shipped observations."""
    trade = quarterly_trade()
    return (
        baseline_task(trade),
        localization_task(procurement_shares(), trade.origin),
        bridge_task(bridge_observations(), trade.origin),
    )


def posterior_rows(task: Task, effort: Effort) -> tuple[dict[str, Array], dict[str, Array]]:
    """Rows of one model, `STORED_ROWS` at most, and its `Posterior.diagnostics`.

    Raises:
        FitError: the model did not converge.
    """
    free, n_divergences = _sampled(task, effort)
    demand_convergence(task.name, free, n_divergences)
    rows = task.rows({name: _merged(values) for name, values in free.items()})
    diagnostics = {name: convergence(_by_chain(values)) for name, values in rows.items()}
    diagnostics["divergences"] = np.array([float(n_divergences)])
    return {name: _thinned(values) for name, values in rows.items()}, diagnostics


def prior_rows(task: Task, seed: int) -> dict[str, Array]:
    """`STORED_ROWS` rows of one model drawn from its prior."""
    rng = generator(seed, f"prior.{task.name}", 0)
    variables = [variable for variable in task.build().free_RVs if variable.name not in task.states]
    values = pymc.draw(variables, draws=STORED_ROWS, random_seed=rng, mode="FAST_COMPILE")
    free = {variable.name: drawn for variable, drawn in zip(variables, values, strict=True)}
    return task.rows(free | {name: state(free, rng) for name, state in task.states.items()})


def sector_rows(seed: int) -> Array:
    """Joint rows of the sector coefficients, `(n_rows, n_sectors, n_coefficients)`, posterior and prior alike.

    No aggregate evidence enters yet: coefficients are independent, each a Latin hypercube of its prior.
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


def fit_report(posterior: Posterior) -> list[ReportRow]:
    """Prior beside posterior of every parameter of the fitted models, fitted shares beside the observed ones."""
    observed = {
        (f"fitted_{share.year}", SUPPLIERS.index(share.party)): share.share
        for share in procurement_shares()
        if not share.derived
    }
    return [
        _report_row(posterior, model, name, element, observed.get((name, *element)))
        for model in posterior.diagnostics
        for name, shape in TRAILING[model].items()
        for element in np.ndindex(shape)
        if name != "shock_factor" or element != (0, 1)
    ]


def _report_row(
    posterior: Posterior, model: str, name: str, element: tuple[int, ...], observed: float | None
) -> ReportRow:
    r_hat, bulk, tail = _of_element(posterior.diagnostics[model][name], element).tolist()
    return ReportRow(
        model=model,
        parameter=f"{name}[{', '.join(_labels(name, element))}]" if element else name,
        prior=_interval(_of_element(posterior.prior[model][name], element)),
        posterior=_interval(_of_element(posterior.groups[model][name], element)),
        r_hat=r_hat,
        sample_size=min(bulk, tail),
        observed=observed,
    )


def _of_element(values: Array, element: tuple[int, ...]) -> Array:
    return np.asarray(np.moveaxis(values, 0, -1)[element])


def _labels(name: str, element: tuple[int, ...]) -> list[str]:
    """Words for the element of a parameter, such as `Q1, exports`."""
    if name == "season":
        return [f"Q{element[0] + 1}", FLOWS[element[1]]]
    if name.startswith("fitted"):
        return [SUPPLIERS[element[0]]]
    if name in TRAILING["localization"]:
        return [f"{SUPPLIERS[element[0] + 1]} to korea"]
    return [FLOWS[index] for index in element]


def _interval(values: Array) -> tuple[float, float, float]:
    median, low, high = np.quantile(values, [0.5, 0.025, 0.975]).tolist()
    return median, low, high


def _sampled(task: Task, effort: Effort) -> tuple[dict[str, Array], int]:
    """Free parameters by name, `(n_chains, n_draws, ...)`, and the number of divergences."""
    sampler = nutpie.sample(
        _compiled_model(task),
        draws=effort.n_draws,
        tune=effort.n_tuning,
        chains=N_CHAINS,
        cores=2,
        seed=effort.seed,
        target_accept=effort.acceptance,
        progress_bar=False,
        blocking=False,  # a blocking one takes Ctrl-C for a wish to have the draws made so far
    )
    try:
        trace = sampler.wait()
    except BaseException:
        sampler.cancel()
        raise
    free = {str(name): np.asarray(values) for name, values in trace.posterior.data_vars.items()}
    return free, int(np.asarray(trace.sample_stats.diverging).sum())


def _compiled_model(task: Task) -> Any:
    """The model as machine code with the data of the task; code is made once for each form of a model."""
    model = task.build()
    data = {variable.name: variable.get_value() for variable in model.data_vars}
    form = _form(task.name, model, data)
    if form not in _compiled:
        with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE", numba__fastmath=False):
            _compiled[form] = nutpie.compile_pymc_model(model, backend="numba")
    return _compiled[form].with_data(**data)


def _form(name: str, model: Any, data: Mapping[str, Array]) -> tuple[Any, ...]:
    """What makes two models the same code: name, shapes of the data, and every other number in the equations."""
    constants = [value.data for value in ancestors([model.logp()]) if isinstance(value, Constant)]
    fixed = tuple(value.tobytes() if isinstance(value, np.ndarray) else repr(value) for value in constants)
    return (name, *((name, values.shape) for name, values in data.items()), *fixed)


def _merged(values: Array) -> Array:
    return values.reshape(-1, *values.shape[2:])


def _by_chain(values: Array) -> Array:
    return values.reshape(N_CHAINS, -1, *values.shape[1:])


def _thinned(values: Array) -> Array:
    kept = np.linspace(0, len(values) - 1, min(len(values), STORED_ROWS))
    return np.asarray(values[kept.astype(int)])


def _versions() -> dict[str, str]:
    packages = ("arviz", "numba", "numpy", "nutpie", "pymc", "pytensor")
    return {"forecast": __version__, "python": python_version()} | {name: version(name) for name in packages}


@contextmanager
def _narration(progress: bool) -> Iterator[Callable[[str], None]]:
    """A way to say on the terminal what is going on; nothing is said where standard error is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not (progress and console.is_terminal):
        yield lambda text: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        fits = bar.add_task("compiling", total=len(fit_tasks()) + 1)
        yield lambda text: bar.update(fits, description=text, advance=1)
