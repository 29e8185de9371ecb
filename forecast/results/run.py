"""One run: a scenario, a posterior and settings in, a stored result out, found again when nothing changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from forecast import __version__
from forecast.economics.elasticities import elasticities_digest
from forecast.economics.installed_base import priors_digest
from forecast.economics.tariffs import schedule_digest
from forecast.engine.compile import compile_run
from forecast.engine.plan import BLOCK_SIZE
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, empty_statistics, simulate
from forecast.errors import DamagedRunError, RunError, WorkersError, got
from forecast.models.posterior import Posterior, demand_knowledge, load_posterior
from forecast.observations.tables import data_digest
from forecast.observations.vintage import vintage
from forecast.parallel import in_order
from forecast.quarters import format_quarter
from forecast.results.checkpoints import Checkpoint, Resumption
from forecast.results.manifest import CHART, SCENARIO, platform_facts
from forecast.results.results import ANOTHER_FOLDER, Results, add_chart, demand_folder, read_results, write_results
from forecast.scenario.mixture import AnyScenario, any_digest, dump_any, load_any
from forecast.stats.summary import StreamingSummary
from forecast.storage.code_digests import code_digest
from forecast.storage.files import demand_no_file, json_digest, sweep, writing


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


NOTHING_STORED = "nothing was stored"


def settings_of(manifest: Mapping[str, Any]) -> Settings:
    """Draws, seed and sampling scheme of a stored run."""
    return Settings(manifest["n_draws"], manifest["seed"], manifest["scheme"])


def run_scenario(  # noqa: PLR0913 (the door: each is an option of `forecast run`)
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
    resume: bool = True,
    resumed: Callable[[Resumption], None] = lambda resumption: None,
) -> Run:
    """Forecast a scenario, or a mixture of scenarios, and store the result under `out`, or find it there.

    A run that is there but damaged is made anew, and one that was stopped goes on.

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
        resume: whether a run that was stopped goes on where its last checkpoint stands.
        resumed: called before the first draw with what was found of runs that were stopped.

    Raises:
        PosteriorError: the stored posterior is missing or stale, or the one given knows other data than the scenario.
        RunError: `out` cannot be written.
    """
    request = requested(scenario, settings, out, posterior, prior)
    stored = None if force else _stored_or_damaged(request)
    damage, found = str(stored) if isinstance(stored, DamagedRunError) else "", isinstance(stored, Results)
    if not isinstance(stored, Results):
        begun = request.begun(settings, progress, resumed) if resume else None
        stored, found = request.made(settings, n_jobs, progress, begun, draw_chart, replace=force or bool(damage))
    if draw_chart is not None and CHART not in stored.manifest["files"]:
        stored = add_chart(stored, draw_chart)
    return Run(stored, found, request, damage)


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
    request = requested(scenario, settings, out, posterior, prior)
    stored = read_results(request.folder)
    if stored is None:
        begun = request.begun(settings, progress, lambda resumption: None)
        stored, _ = request.made(settings, n_jobs, progress, begun)
    return stored


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
    requests = [requested(each, settings, out, posterior, prior) for each in scenarios]
    by_folder = {one.folder: one for one in requests}
    found = {folder: _stored_or_damaged(one) for folder, one in by_folder.items()}
    missing = [one for folder, one in by_folder.items() if not isinstance(found[folder], Results)]
    for one in missing:
        one.demand_place()
    work = (one.plan for one in missing)
    try:
        for one, statistics in zip(missing, in_order(partial(simulate, settings=settings), work, n_jobs), strict=True):
            damaged = isinstance(found[one.folder], DamagedRunError)
            found[one.folder], _ = one.written(statistics, None, replace=damaged)
            progress(settings.n_draws)
    except (KeyboardInterrupt, WorkersError) as stop:
        done = sum(isinstance(found[one.folder], Results) for one in missing)
        rest = f"{done} of {len(missing)} runs are stored; the same command does the rest"
        stop.add_note(rest if done else NOTHING_STORED)
        raise
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

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the run goes on if it is stopped."""
        return Checkpoint(self.folder, {name: self.manifest[name] for name in ("digests", "platform")})

    def begun(
        self, settings: Settings, progress: Callable[[int], None], resumed: Callable[[Resumption], None]
    ) -> StreamingSummary | None:
        """Statistics of the same run as far as it came before it was stopped; None where there is nothing of it."""
        statistics, resumption = self.checkpoint.found(empty_statistics(self.plan, settings))
        if resumption.n_draws or resumption.discarded:
            resumed(resumption)
        progress(resumption.n_draws)
        return statistics

    def demand_place(self) -> None:
        """Refuse a place in which the run could not be stored.

        Raises:
            RunError: nothing can be written where the run is to land.
        """
        demand_folder(_nearest(self.folder), self.out, ANOTHER_FOLDER)
        with writing(self.out, ANOTHER_FOLDER):
            demand_no_file(self.folder)

    def made(
        self,
        settings: Settings,
        n_jobs: int,
        progress: Callable[[int], None],
        begun: StreamingSummary | None,
        draw_chart: Callable[[Results], None] | None = None,
        *,
        replace: bool = False,
    ) -> tuple[Results, bool]:
        """The run simulated, with checkpoints on the way, and stored; see `written`."""
        self.demand_place()
        try:
            statistics = simulate(self.plan, settings, n_jobs, progress, begun=begun, folded=self.checkpoint.keep)
        except (KeyboardInterrupt, WorkersError) as stop:
            goes_on = "the same command goes on from the last checkpoint"
            stop.add_note(goes_on if self.checkpoint.path.exists() else NOTHING_STORED)
            raise
        return self.written(statistics, draw_chart, replace=replace)

    def written(
        self, statistics: StreamingSummary, draw_chart: Callable[[Results], None] | None, *, replace: bool
    ) -> tuple[Results, bool]:
        """The stored run, and whether another process has stored it in the meantime; its checkpoint is gone.

        Args:
            replace: whether it takes the place of one that is there.

        Raises:
            RunError: the folder cannot be written, or no draw was finite.
        """
        stored, found = None if replace else read_results(self.folder), True
        if stored is None:
            text = dump_any(self.scenario)
            stored, found = write_results(self.folder, self.manifest, self.plan, statistics, text, draw_chart)
        self.checkpoint.drop()
        return stored, found


def requested(
    scenario: AnyScenario, settings: Settings, out: str | Path, posterior: Posterior | None, prior: bool
) -> Request:
    """A run asked for, with what it rests on, as `run_scenario` takes it.

    Raises:
        PosteriorError: as for `run_scenario`.
        RunError: it is of no scenario, but of the name of one.
    """
    if isinstance(scenario, str | os.PathLike):
        raise RunError(f"{got(str(scenario))}, expected a scenario, as `load_scenario` or `load_mixture` reads it")
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
        identity["regime"] = json_digest([schedule_digest(), elasticities_digest()])
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
        "versions": {"forecast": __version__},
        "platform": platform_facts(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def plan_of(run: Results, posterior: Posterior | None = None) -> RunPlan:
    """The compiled plan that a run was made of.

    Args:
        posterior: parameters of the run; the stored ones by default.

    Raises:
        RunError: it was made with other code or parameters than are installed.
    """
    scenario = load_any(run.folder / SCENARIO)
    learned = load_posterior(as_of=scenario.as_of) if posterior is None else posterior
    recorded = run.manifest["digests"]
    changed = [
        name for name, now in (("code", code_digest("numbers")), ("posterior", learned.digest)) if recorded[name] != now
    ]
    if changed:
        raise RunError(
            f"{run.folder}: made with another {' and '.join(changed)} than is installed; `forecast run {run.name}` "
            "makes the run anew"
        )
    return compile_run(scenario, learned, vintage(scenario.as_of), prior=run.manifest["parameters"] == "prior")
