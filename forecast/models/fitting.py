"""Fits of all models: sampling, the convergence gate, and a report of prior beside posterior."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import product
from platform import python_version
from typing import Any

import numpy as np

from forecast import __version__
from forecast.dims import FLOWS, Array
from forecast.economics.channels import SUPPLIERS
from forecast.economics.realisation import KINDS, outlook
from forecast.economics.sectors import COEFFICIENTS, SECTORS, data_shares, load_sectors
from forecast.errors import FitError
from forecast.models.evidence import load_evidence, recent_investment, recent_plants
from forecast.models.posterior import TRAILING, Posterior, current_digests
from forecast.observations.series import DRIVERS
from forecast.observations.vintage import Vintage, vintage
from forecast.parallel import Progress, in_order
from forecast.stats.streams import Streams, generator

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # ArviZ before 1.0 announces its successor
    import arviz

    from forecast.models.carry_over import carry_over_evidence
    from forecast.models.channels import localization_task, sector_task
    from forecast.models.processes import baseline_task, bridge_task, carry_over_task, drivers_task, nowcast_task
    from forecast.models.realisation import realisation_task
    from forecast.models.sampling import Effort, compiled, prior_draws, sample
    from forecast.models.task import Task

MAX_R_HAT = 1.01
MIN_SAMPLE_SIZE = 400.0
"""Smallest bulk and tail effective sample size of a parameter."""

STORED_ROWS = 2_000
"""Rows kept a model, the posterior's thinned evenly."""


def fit_posterior(
    effort: Effort = Effort(),
    known: Vintage | None = None,
    *,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> Posterior:
    """Fit every model to what is known, up to its last complete quarter.

    Args:
        effort: draws and seed.
        known: what was public on a day; all the shipped observations by default.
        n_jobs: models fitted at a time, -1 for one per core; the numbers are the same.
        progress: told of models that are fitted.

    Raises:
        FitError: a model did not converge; the message carries R-hat, effective sample sizes and divergences.
    """
    known = vintage() if known is None else known
    tasks = fit_tasks(known, effort.seed)
    done = {}
    for task, fitted in zip(tasks, in_order(partial(_fitted, effort), tasks, n_jobs), strict=True):
        done[task.name] = fitted
        progress.advance(1)
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
    nowcast = [nowcast_task(known.completions, n_months)] if n_months else []
    return (
        sector_task(recent_plants(), load_evidence(), recent_investment(), sector_rows(seed)),
        baseline_task(known.trade, known.drivers),
        drivers_task(known.drivers),
        carry_over_task(carry_over_evidence(known.trade)),
        *nowcast,
        localization_task(known.shares, origin),
        bridge_task(known.bridge, origin),
        realisation_task(known.fates),
    )


def posterior_rows(task: Task, effort: Effort) -> tuple[dict[str, Array], dict[str, Array]]:
    """Rows of one model, `STORED_ROWS` at most, and its `Posterior.diagnostics`.

    Raises:
        FitError: the model could not be sampled, or did not converge.
    """
    try:
        sampled = sample(compiled(task), effort)
    except FitError as error:
        raise FitError(f"{task.name}: {error}") from None
    demand_convergence(task.name, sampled.free, sampled.n_divergences)
    rows = task.rows({name: _merged(values) for name, values in sampled.free.items()})
    by_chain = {name: values.reshape(effort.n_chains, -1, *values.shape[1:]) for name, values in rows.items()}
    diagnostics = {name: convergence(values) for name, values in by_chain.items()}
    diagnostics["divergences"] = np.array([float(sampled.n_divergences)])
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
    values = [
        priors[sector][name].distribution.ppf(streams.uniforms(f"sectors.{sector}.{name}")) for sector, name in names
    ]
    return np.ascontiguousarray(np.transpose(values).reshape(STORED_ROWS, len(SECTORS), len(COEFFICIENTS)))


def convergence(values: Array) -> Array:
    """R-hat, bulk and tail effective sample size of each element, `(3, ...)`; NaN for one that never moves.

    Args:
        values: `(n_chains, n_draws, ...)`.
    """
    ess: Callable[..., Any] = arviz.ess
    r_hat: Callable[..., Any] = arviz.rhat
    elements = values.reshape(*values.shape[:2], -1)
    measures = np.full((3, elements.shape[-1]), np.nan)
    for index in np.flatnonzero(np.ptp(elements, axis=(0, 1))):
        chains = elements[..., index]
        tail = ess(chains, method="tail", prob=(0.05, 0.95))
        measures[:, index] = r_hat(chains), ess(chains, method="bulk"), tail
    return measures.reshape(3, *values.shape[2:])


def demand_convergence(model: str, free: Mapping[str, Array], n_divergences: int) -> None:
    """Refuse a fit that has not converged.

    Args:
        model: name for the message.
        free: free parameters by name, `(n_chains, n_draws, ...)`.
        n_divergences: divergent transitions after tuning.

    Raises:
        FitError: R-hat above `MAX_R_HAT`, an effective sample size below `MIN_SAMPLE_SIZE`, or any divergence.
    """
    measures = {name: convergence(values).reshape(3, -1) for name, values in free.items()}
    r_hat, bulk, tail = np.concatenate(list(measures.values()), axis=1) * [[1.0], [-1.0], [-1.0]]
    passed = r_hat.max() <= MAX_R_HAT and max(bulk.max(), tail.max()) <= -MIN_SAMPLE_SIZE
    if not passed or n_divergences:
        worst = max(measures, key=lambda name: float(np.nan_to_num(measures[name][0], nan=np.inf).max()))
        raise FitError(
            f"{model} did not converge: R-hat {r_hat.max():.3f} (worst at {worst}; accepted: at most {MAX_R_HAT}), "
            f"effective sample size {-bulk.max():.0f} bulk and {-tail.max():.0f} tail (accepted: at least "
            f"{MIN_SAMPLE_SIZE:.0f}), {n_divergences} divergences (accepted: none)"
        )


def _merged(values: Array) -> Array:
    return values.reshape(-1, *values.shape[2:])


def _thinned(values: Array) -> Array:
    indices = np.linspace(0, len(values) - 1, min(len(values), STORED_ROWS))
    return np.asarray(values[indices.astype(int)])


def _versions() -> dict[str, str]:
    packages = ("arviz", "numba", "numpy", "nutpie", "pymc", "pytensor")
    return {"forecast": __version__, "python": python_version()} | {name: version(name) for name in packages}


REPORTED_SHARE = 0.1
"""Share of precision from data from which on a sector coefficient is reported; its Monte Carlo error is 0.03."""

_SHARED = ("of both flows", "of one beside the other")
_SERIES = {("baseline", "moving_average"): _SHARED} | {
    ("carry_over", name): _SHARED for name in ("back", "carried", "shock_factor", "kept")
}
"""Labels of the elements of a parameter that are neither flows nor drivers."""


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


def fit_report(posterior: Posterior) -> list[ReportRow]:
    """Prior beside posterior of every parameter of the fitted models, fitted shares beside the observed ones.

    Of the sector coefficients only those of which data brought `REPORTED_SHARE` of the precision.
    Of realisation it shows `realisation.outlook` and the sectors that differ, with four rows in five on one side of the
    average.
    """
    observed = {
        (f"fitted_{share.year}", SUPPLIERS.index(share.party)): share.share
        for share in vintage(posterior.as_of).shares
        if not share.derived
    }
    hidden = _hidden(posterior)
    parameters = [
        _report_row(posterior, model, name, element, observed.get((name, *element)))
        for model in posterior.diagnostics
        for name, shape in TRAILING[model].items()
        for element in np.ndindex(shape)
        if (name, *element) not in hidden and (model != "realisation" or _differs(posterior, name, element))
    ]
    return [*parameters, *(_outlook_rows(posterior) if "realisation" in posterior.diagnostics else [])]


def _differs(posterior: Posterior, name: str, element: tuple[int, ...]) -> bool:
    """Whether a sector's ratio to the average lies on one side of it in four rows of five."""
    return name.endswith("_sector") and abs((posterior.groups["realisation"][name][:, element] > 1).mean() - 0.5) >= 0.3


def _outlook_rows(posterior: Posterior) -> list[ReportRow]:
    """`realisation.outlook`, whose convergence is the worst of the parameters of all kinds."""
    prior, learned = outlook(posterior.prior["realisation"]), outlook(posterior.groups["realisation"])
    measures = [posterior.diagnostics["realisation"][name].reshape(3, -1) for name in TRAILING["realisation"]]
    r_hat, bulk, tail = np.concatenate(measures, axis=1)
    worst = float(r_hat.max()), float(min(bulk.min(), tail.min()))
    return [
        ReportRow(
            "realisation",
            f"{name}[{KINDS[element[0]]}]" if element else name,
            _interval(_of_element(prior[name], element)),
            _interval(_of_element(values, element)),
            *worst,
            None,
        )
        for name, values in learned.items()
        for element in np.ndindex(values.shape[1:])
    ]


def _hidden(posterior: Posterior) -> set[tuple[object, ...]]:
    """Elements left out of a report: fixed ones, and sector coefficients of which data said little."""
    uninformed = np.argwhere(data_shares(posterior.groups["sectors"]["coefficients"]) <= REPORTED_SHARE)
    complete = [index for index, item in enumerate(load_evidence()) if not item.remainder]
    return {
        *((name, *place) for name in ("shock_factor", "noise_factor") for place in ((0, 1), (0, 2), (1, 2))),
        *(("coefficients", *place) for place in uninformed.tolist()),
        *(("remainders", index) for index in complete),
    }


def _report_row(
    posterior: Posterior, model: str, name: str, element: tuple[int, ...], observed: float | None
) -> ReportRow:
    r_hat, bulk, tail = _of_element(posterior.diagnostics[model][name], element).tolist()
    return ReportRow(
        model=model,
        parameter=_label(model, name, element),
        prior=_interval(_of_element(posterior.prior[model][name], element)),
        posterior=_interval(_of_element(posterior.groups[model][name], element)),
        r_hat=r_hat,
        sample_size=min(bulk, tail),
        observed=observed,
    )


def _of_element(values: Array, element: tuple[int, ...]) -> Array:
    return np.asarray(np.moveaxis(values, 0, -1)[element])


def _label(model: str, name: str, element: tuple[int, ...]) -> str:
    if name == "coefficients":
        return f"{SECTORS[element[0]]}.{COEFFICIENTS[element[1]]}"
    if name == "remainders":
        return f"remainder[{load_evidence()[element[0]].id}]"
    return f"{name}[{', '.join(_labels(model, name, element))}]" if element else name


def _labels(model: str, name: str, element: tuple[int, ...]) -> list[str]:
    """Words for the element of a parameter, such as `Q1, exports`."""
    if name.endswith("_sector"):
        return [SECTORS[element[0]]]
    if name == "season":
        return [f"Q{element[0] + 1}", FLOWS[element[1]]]
    if name.startswith("fitted"):
        return [SUPPLIERS[element[0]]]
    if name == "response":
        return [FLOWS[element[0]], f"to {DRIVERS[element[1]]}"]
    if model == "localization":
        return [f"{SUPPLIERS[element[0] + 1]} to korea"]
    series = _SERIES.get((model, name), DRIVERS if model == "drivers" else FLOWS)
    return [series[index] for index in element]


def _interval(values: Array) -> tuple[float, float, float]:
    median, low, high = np.quantile(values, [0.5, 0.025, 0.975]).tolist()
    return median, low, high
