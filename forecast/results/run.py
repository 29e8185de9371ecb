"""One run: a scenario, a posterior and settings in, a stored result out, found again when nothing changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from forecast import __version__
from forecast.code_digests import code_digest
from forecast.economics.installed_base import priors_digest
from forecast.economics.tariffs import schedule_digest
from forecast.engine.compile import compile_run
from forecast.engine.plan import BLOCK_SIZE
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, simulate
from forecast.errors import DamagedRunError
from forecast.models.posterior import Posterior, demand_knowledge, load_posterior
from forecast.observations.tables import data_digest
from forecast.observations.vintage import vintage
from forecast.parallel import in_order
from forecast.quarters import format_quarter
from forecast.results.manifest import CHART
from forecast.results.results import ANOTHER, Results, add_chart, demand_folder, read_results, write_results
from forecast.scenario.mixture import AnyScenario, any_digest, dump_any
from forecast.stats.summary import StreamingSummary
from forecast.storage import demand_no_file, json_digest, sweep, writing


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is stored.

    Attributes:
        results: of it.
        found: whether they were there already.
        request: what was asked for.
        damage: what was wrong with the run that was stored there before, of which this one took the place; else empty.
    """

    results: Results
    found: bool
    request: Request
    damage: str = ""

    @property
    def plan(self) -> RunPlan:
        """What it was simulated from."""
        return self.request.plan


def settings_of(manifest: Mapping[str, Any]) -> Settings:
    """Draws, seed and sampling scheme of a stored run."""
    return Settings(manifest["n_draws"], manifest["seed"], manifest["scheme"])


def run_scenario(
    scenario: AnyScenario,
    settings: Settings = Settings(),
    *,
    out: str | Path = "results",
    posterior: Posterior | None = None,
    prior: bool = False,
    force: bool = False,
    n_jobs: int = 1,
    draw_chart: Callable[[Results], None] | None = None,
    progress: Callable[[int], None] = lambda n_draws: None,
) -> Run:
    """Forecast a scenario, or a mixture of scenarios, and store the result under `out`, or find it there.

    A run that is there but damaged is made anew.

    Args:
        scenario: what is assumed, from `load_scenario` or `load_mixture`.
        settings: draws, seed and sampling scheme.
        out: folder that collects runs.
        posterior: parameters; the stored ones by default.
        prior: use the prior rows in place of the posterior's.
        force: run again even if the same run is stored.
        n_jobs: workers, -1 for one per core.
        draw_chart: writes the picture of a result.
        progress: called with the number of draws finished since the last call.

    Raises:
        PosteriorError: the stored posterior is missing or stale, or the one given knows other data than the scenario.
        RunError: `out` cannot be written.
    """
    request = _requested(scenario, settings, out, posterior, prior)
    stored = None if force else _stored_or_damaged(request)
    if not isinstance(stored, Results):
        damage = "" if stored is None else str(stored)
        made = _made(request, settings, n_jobs, draw_chart, progress)
        return Run(made, False, request, damage)
    if draw_chart is not None and CHART not in stored.manifest["files"]:
        stored = add_chart(stored, draw_chart)
    return Run(stored, True, request)


def found_or_made(
    scenario: AnyScenario,
    settings: Settings = Settings(),
    *,
    out: str | Path = "results",
    posterior: Posterior | None = None,
    prior: bool = False,
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda n_draws: None,
) -> Results:
    """The same for whoever reads a run: one that is stored is not made anew where it is damaged.

    Raises:
        DamagedRunError: the stored run is not as it was stored.
        PosteriorError, RunError: as for `run_scenario`.
    """
    request = _requested(scenario, settings, out, posterior, prior)
    stored = read_results(request.folder)
    return _made(request, settings, n_jobs, None, progress) if stored is None else stored


def run_each(
    scenarios: Sequence[AnyScenario],
    settings: Settings = Settings(),
    *,
    out: str | Path = "results",
    posterior: Posterior | None = None,
    prior: bool = False,
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda n_draws: None,
) -> list[Results]:
    """Results of several scenarios, in their order; each that is not stored is simulated by one worker, and stored.

    A run is stored as soon as it is there, so that what was done is found when the rest is asked for again.

    Args:
        scenarios: what is assumed.
        settings, out, posterior, prior, n_jobs: as for `run_scenario`.
        progress: called with the draws of every run that is there.

    Raises:
        PosteriorError, RunError: as for `run_scenario`.
    """
    requests = [_requested(each, settings, out, posterior, prior) for each in scenarios]
    by_folder = {one.folder: one for one in requests}
    found = {folder: _stored_or_damaged(one) for folder, one in by_folder.items()}
    missing = [one for folder, one in by_folder.items() if not isinstance(found[folder], Results)]
    for one in missing:
        _demand_place(one)
    work = (one.plan for one in missing)
    for one, statistics in zip(missing, in_order(partial(simulate, settings=settings), work, n_jobs), strict=True):
        found[one.folder] = _written(one, statistics, None)
        progress(settings.n_draws)
    progress(settings.n_draws * (len(scenarios) - len(missing)))
    return [results for one in requests if isinstance(results := found[one.folder], Results)]


@dataclass(frozen=True)
class Request:
    """A run asked for: what it is made of, its manifest as far as it is known, and its folder."""

    scenario: AnyScenario
    posterior: Posterior
    manifest: Mapping[str, Any]
    folder: Path
    out: Path

    @cached_property
    def plan(self) -> RunPlan:
        """The compiled run."""
        prior = self.manifest["parameters"] == "prior"
        return compile_run(self.scenario, self.posterior, vintage(self.scenario.as_of), prior=prior)


def _requested(
    scenario: AnyScenario, settings: Settings, out: str | Path, posterior: Posterior | None, prior: bool
) -> Request:
    learned = load_posterior(as_of=scenario.as_of) if posterior is None else posterior
    demand_knowledge(learned, scenario.as_of)
    manifest = _manifest(scenario, learned, settings, prior)
    folder = Path(out) / scenario.name / manifest["digest"]
    sweep(folder.parent)
    return Request(scenario, learned, manifest, folder, Path(out))


def _stored_or_damaged(request: Request) -> Results | DamagedRunError | None:
    try:
        return read_results(request.folder)
    except DamagedRunError as error:
        return error


def _made(
    request: Request,
    settings: Settings,
    n_jobs: int,
    draw_chart: Callable[[Results], None] | None,
    progress: Callable[[int], None],
) -> Results:
    _demand_place(request)
    return _written(request, simulate(request.plan, settings, n_jobs, progress), draw_chart)


def _demand_place(request: Request) -> None:
    """Refuse a place in which the run could not be stored."""
    demand_folder(_nearest(request.folder), request.out)
    with writing(request.out, ANOTHER):
        demand_no_file(request.folder)


def _written(
    request: Request, statistics: StreamingSummary, draw_chart: Callable[[Results], None] | None
) -> Results:
    scenario_text = dump_any(request.scenario)
    return write_results(request.folder, request.manifest, request.plan, statistics, scenario_text, draw_chart)


def _nearest(folder: Path) -> Path:
    """The folder itself, or the innermost there is of those around it."""
    return next((place for place in folder.parents if os.path.lexists(place)), folder)


DIGESTS = ("data", "posterior", "code", "regime", "installed_base")
"""Digests of what a run rests on beside its scenario; the last two of files that only some scenarios use."""


def _manifest(scenario: AnyScenario, posterior: Posterior, settings: Settings, prior: bool) -> dict[str, Any]:
    branches = [branch.scenario for branch in scenario.branches]
    identity = {
        "scenario": any_digest(scenario),
        "data": data_digest(),
        "posterior": posterior.digest,
        "parameters": "prior" if prior else "posterior",
        "code": code_digest("numbers"),
        **asdict(settings),
        "block_size": BLOCK_SIZE,
    }
    if any(branch.tariffs or branch.import_commitments for branch in branches):
        identity["regime"] = schedule_digest()
    if any(item.kind != "pledge" for branch in branches for item in branch.investments):
        identity["installed_base"] = priors_digest()
    korean = {"title_ko": scenario.title_ko} if scenario.title_ko else {}
    return {
        "digest": json_digest(identity)[:12],
        "scenario": {"name": scenario.name, "title": scenario.title, **korean, "digest": identity.pop("scenario")},
        "overrides": list(scenario.overrides),
        "basis": scenario.basis,
        "origin": format_quarter(posterior.origin),
        "as_of": scenario.as_of,
        "horizon": scenario.horizon,
        "n_investments": max(sum(item.kind != "pledge" for item in branch.investments) for branch in branches),
        "digests": {name: identity.pop(name) for name in DIGESTS if name in identity},
        **identity,
        "versions": {"forecast": __version__, "python": python_version(), "numpy": version("numpy")},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
