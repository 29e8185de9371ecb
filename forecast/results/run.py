"""One run: a scenario, a posterior and settings in, a stored result out, found again when nothing changed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from forecast import __version__, shown
from forecast.economics.elasticities import elasticities_digest
from forecast.economics.installed_base import priors_digest
from forecast.economics.tariffs import schedule_digest
from forecast.engine.compile import compile_run
from forecast.engine.plan import BLOCK_SIZE
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, empty_statistics, simulate
from forecast.errors import DamagedRunError, PosteriorError, RunError, got
from forecast.models.posterior import Posterior, demand_knowledge, load_posterior
from forecast.observations.tables import data_digest, of_other_data
from forecast.observations.vintage import vintage
from forecast.parallel import Progress, in_order
from forecast.quarters import format_quarter
from forecast.results.checkpoints import Checkpoint, Resumption
from forecast.results.manifest import MANIFEST, SCENARIO, platform_facts, run_digest
from forecast.results.results import ANOTHER_FOLDER, Results, add_chart, demand_folder, read_results, write_results
from forecast.scenario.mixture import AnyScenario, any_digest, dump_any, frozen_any, load_any, plain_any
from forecast.stats.summary import StreamingSummary
from forecast.storage.code_digests import code_digest
from forecast.storage.files import demand_no_file, json_digest, sweep, writing
from forecast.storage.places import innermost
from forecast.storage.stops import noted_if_stopped

GOES_ON = "the same command goes on from the last checkpoint"
"""What becomes of a run that was not finished, where it had a checkpoint."""

_GOES_ON_HERE = f"the blocks that are finished are kept, and once it can be written {GOES_ON}"
"""What to do about a place for runs where a checkpoint lies: in another the run would begin anew."""


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """A run that is stored.

    Attributes:
        results: of it.
        found: whether they were there already.
        request: what was asked for.
        damage: what was wrong with the run that was stored there before, of which this one took the place.
        picture_fault: why its picture could not be written; empty where it could, and where none was asked for.
    """

    results: Results
    found: bool
    request: Request
    damage: DamagedRunError | None = None
    picture_fault: str = ""

    def __repr__(self) -> str:
        return f"<run with {self.results!r}{', which were there' if self.found else ''}>"

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.results_html", self.results))

    @property
    def plan(self) -> RunPlan:
        """What it was simulated from."""
        return self.request.plan


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
    draw_chart: Callable[[Results], Path | None] | None = None,
    progress: Progress = Progress(),
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
        draw_chart: draws a picture of a stored run to one of its `chart` paths and gives that; None where it drew none.
        progress: told of draws that are finished, and of those that were there.
        resume: whether a run that was stopped goes on where its last checkpoint stands.
        resumed: called before the first draw with what was found of runs that were stopped.

    Raises:
        PosteriorError: the stored posterior is missing or stale, or the one given knows other data than the scenario.
        RunError: `out` cannot be written.
    """
    request = requested(scenario, settings, out, posterior, prior)
    stored = None if force else _stored_or_damaged(request)
    damage, found = stored if isinstance(stored, DamagedRunError) else None, isinstance(stored, Results)
    if not isinstance(stored, Results):
        begun = request.begun(settings, progress, resumed) if resume else None
        stored, found = request.made(settings, n_jobs, progress, begun, replace=force or damage is not None)
    else:
        progress.resume(settings.n_draws)
    picture_fault = ""
    if draw_chart is not None:
        try:
            stored = add_chart(stored, draw_chart)
        except RunError as error:  # numbers are no worse without
            picture_fault = str(error)
    return Run(stored, found, request, damage, picture_fault)


def found_or_made(
    scenario: AnyScenario,
    settings: Settings = Settings(),
    *,
    out: str | Path = "results",
    posterior: Posterior | None = None,
    prior: bool = False,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> Results:
    """The same for whoever reads a run: one that is stored is not made anew where it is damaged.

    Raises:
        DamagedRunError: the stored run is not as it was stored.
        PosteriorError, RunError: as for `run_scenario`.
    """
    request = requested(scenario, settings, out, posterior, prior)
    stored = read_results(request.folder)
    if stored is not None:
        progress.resume(settings.n_draws)
    else:
        begun = request.begun(settings, progress, lambda resumption: None)
        stored, _ = request.made(settings, n_jobs, progress, begun)
    return stored


def run_each(
    requests: Sequence[Request],
    settings: Settings = Settings(),
    *,
    n_jobs: int = 1,
    progress: Progress = Progress(),
    damaged: Callable[[DamagedRunError], None] = lambda error: None,
) -> list[Results]:
    """Results of several runs, in their order; each that is not stored is simulated by one worker, and stored.

    A run is stored as soon as it is there, so that what was done is found when the rest is asked for again. One that is
    asked for several times is made once, as it was asked for first.

    Args:
        requests: runs asked for, from `requested`.
        settings: of all of them.
        n_jobs: as for `run_scenario`.
        progress: as for `run_scenario`, a run at a time.
        damaged: called before the first draw with what is wrong with a run that is stored; another takes its place.

    Raises:
        RunError: as for `run_scenario`.
    """
    by_folder: dict[Path, Request] = {}
    for one in requests:
        by_folder.setdefault(one.folder, one)
    found = {folder: _stored_or_damaged(one) for folder, one in by_folder.items()}
    missing = [one for folder, one in by_folder.items() if not isinstance(found[folder], Results)]
    asked = Counter(one.folder for one in requests)
    progress.resume(settings.n_draws * (len(requests) - sum(asked[one.folder] for one in missing)))
    for one in missing:
        demand_place(one.folder, one.out)
        if isinstance(error := found[one.folder], DamagedRunError):
            damaged(error)
    work = (one.plan for one in missing)
    for one, statistics in zip(missing, in_order(partial(simulate, settings=settings), work, n_jobs), strict=True):
        replace = isinstance(found[one.folder], DamagedRunError)
        found[one.folder], _ = one.written(statistics, replace=replace)
        progress.advance(settings.n_draws * asked[one.folder])
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
        return self.compiled()

    def compiled(self) -> RunPlan:
        """The run compiled anew, which is not kept."""
        prior = self.manifest["parameters"] == "prior"
        return compile_run(self.scenario, self.posterior, vintage(self.scenario.as_of), prior=prior)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the run goes on if it is stopped."""
        return Checkpoint(self.folder, {name: self.manifest[name] for name in ("digests", "platform")})

    def begun(
        self, settings: Settings, progress: Progress, resumed: Callable[[Resumption], None]
    ) -> StreamingSummary | None:
        """Statistics of the same run as far as it came before it was stopped; None where there is nothing of it.

        Raises:
            RunError: the run could not be stored.
        """
        demand_place(self.folder, self.out, self._remedy)
        statistics, resumption = self.checkpoint.found(empty_statistics(self.plan, settings))
        if resumption.n_draws or resumption.discarded:
            resumed(resumption)
        progress.resume(resumption.n_draws)
        return statistics

    @property
    def _remedy(self) -> str:
        """What to do where the run cannot be stored."""
        return _GOES_ON_HERE if self.checkpoint.is_there else ANOTHER_FOLDER

    @property
    def is_there(self) -> bool:
        """Whether a run is stored in its folder, which appears once complete; it may have been damaged since."""
        return (self.folder / MANIFEST).exists()

    def made(
        self,
        settings: Settings,
        n_jobs: int,
        progress: Progress,
        begun: StreamingSummary | None,
        *,
        replace: bool = False,
    ) -> tuple[Results, bool]:
        """The run simulated, with checkpoints on the way, and stored; see `written`."""
        demand_place(self.folder, self.out, self._remedy)
        with noted_if_stopped(lambda: GOES_ON if self.checkpoint.is_there else ""):
            statistics = simulate(
                self.plan, settings, n_jobs, progress.advance, begun=begun, folded=self.checkpoint.keep
            )
            return self.written(statistics, replace=replace)

    def written(self, statistics: StreamingSummary, *, replace: bool) -> tuple[Results, bool]:
        """The stored run, and whether another process has stored it in the meantime; its checkpoint is gone.

        Args:
            replace: whether it takes the place of one that is there.

        Raises:
            RunError: the folder cannot be written, or no draw was finite.
        """
        stored, found = None if replace else read_results(self.folder), True
        if stored is None:
            text = dump_any(self.scenario)
            with writing(self.out, self._remedy):
                stored, found = write_results(self.folder, self.manifest, self.plan, statistics, text)
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


def demand_place(folder: Path, out: Path, remedy: str = ANOTHER_FOLDER) -> None:
    """Refuse a place in which a folder could not be stored.

    Args:
        folder: that is to be stored.
        out: folder around it that collects runs.
        remedy: what to do where it could not.

    Raises:
        RunError: nothing can be written where the folder is to land, or it is a file.
    """
    demand_folder(innermost(folder), out, remedy)
    with writing(out, remedy):
        demand_no_file(folder)


def _manifest(scenario: AnyScenario, posterior: Posterior, settings: Settings, prior: bool) -> dict[str, Any]:
    branches = [branch.scenario for branch in scenario.branches]
    digests = {"data": data_digest(), "posterior": posterior.digest, "code": code_digest("numbers")}
    if any(branch.tariffs or branch.import_commitments for branch in branches):
        digests["regime"] = json_digest([schedule_digest(), elasticities_digest()])
    if any(item.kind != "pledge" for branch in branches for item in branch.investments):
        digests["installed_base"] = priors_digest()
    korean = {"title_ko": scenario.title_ko} if scenario.title_ko else {}
    manifest = {
        "digest": "",
        "scenario": {"name": scenario.name, "title": scenario.title, **korean, "digest": any_digest(scenario)},
        "overrides": list(scenario.overrides),
        "basis": scenario.basis,
        "origin": format_quarter(posterior.origin),
        "as_of": scenario.as_of,
        "horizon": scenario.horizon,
        "n_investments": max(sum(item.kind != "pledge" for item in branch.investments) for branch in branches),
        "digests": digests,
        "parameters": "prior" if prior else "posterior",
        "n_draws": int(settings.n_draws),  # numpy's whole numbers cannot be written as JSON
        "seed": int(settings.seed),
        "scheme": settings.scheme,
        "block_size": BLOCK_SIZE,
        "versions": {"forecast": __version__},
        "platform": platform_facts(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return manifest | {"digest": run_digest(manifest)}


def earlier_texts(run: Results, scenario: AnyScenario) -> list[str]:
    """Keys of a scenario whose texts are others in the stored run of it, of which no number hangs.

    Raises:
        ScenarioError: the scenario that is stored is none.
    """
    stored, now = plain_any(frozen_any(run.folder / SCENARIO)), plain_any(scenario)
    return [key for key in {**now, **stored} if stored.get(key) != now.get(key)]


def plan_of(run: Results, posterior: Posterior | None = None) -> RunPlan:
    """The compiled plan that a run was made of.

    Args:
        posterior: parameters of the run; the stored ones by default.

    Raises:
        PosteriorError: there is none that is current.
        RunError: it was made with other code, data or parameters than are installed.
    """
    scenario = load_any(run.folder / SCENARIO)
    recorded = run.manifest["digests"]
    other = "" if recorded["data"] == data_digest() else of_other_data(recorded["data"])
    try:
        learned = load_posterior(as_of=scenario.as_of) if posterior is None else posterior
    except PosteriorError as error:
        if not other:
            raise
        raise RunError(f"{run.folder}: {other}") from error
    changed = [
        name for name, now in (("code", code_digest("numbers")), ("posterior", learned.digest)) if recorded[name] != now
    ]
    if changed:
        raise RunError(
            f"{run.folder}: made with another {' and '.join(changed)} than is installed; {run.command()} makes one "
            f"with what is{f'; {other}' if other else ''}"
        )
    return compile_run(scenario, learned, vintage(scenario.as_of), prior=run.manifest["parameters"] == "prior")
