"""Scenarios and runs as a user refers to them: by a name, a file or a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.catalogue import worded
from forecast.cli.options import note, sampler_name, warn
from forecast.cli.progress import progress_bar
from forecast.errors import PosteriorError, RunError, ScenarioError

if TYPE_CHECKING:
    from forecast.results.results import Results
    from forecast.scenario.mixture import AnyScenario
    from forecast.scenario.validation import Examination
    from forecast.stats.streams import Scheme


RESULTS = "results"
"""Where runs are, unless an option says otherwise."""


def demand_there(places: Sequence[Path]) -> None:
    """Refuse places at which nothing is, and say where runs of a scenario of that name are or how they are made.

    Raises:
        RunError: there is one.
    """
    from forecast.storage.documents import shipped_names
    from forecast.storage.places import folders

    for place in places:
        if os.path.lexists(place):
            continue
        if folders(Path(RESULTS) / place):
            raise RunError(f"{place}: no such file or folder; did you mean {Path(RESULTS) / place}?")
        way = f"; `forecast run {place}` makes a run of the scenario" if str(place) in shipped_names() else ""
        raise RunError(f"{place}: no such file or folder{way}")


def stored_run(
    given: str,
    out: str | Path = RESULTS,
    learned: Path | None = None,
    n_jobs: int = 1,
    scheme: Scheme | None = None,
) -> Results:
    """The run a user means.

    That is the folder of a run, or of a scenario that has one; or a scenario, file or shipped name, whose run at
    default settings, but for the sampling scheme where one is given, is found or made; or the name of one that has a
    single run under `out`.

    Args:
        given: as the user wrote it.
        learned: file of the parameters of a run that is found or made.

    Raises:
        DamagedRunError: the run is not as it was stored.
        PosteriorError: no stored parameters know the data that there are.
        RunError: there is no run, or there are several to choose from.
        ScenarioError: the file cannot be read as a scenario.
    """
    from forecast.engine.simulate import Settings
    from forecast.errors import meant
    from forecast.models.posterior import load_posterior
    from forecast.results.archive import list_results, load_results
    from forecast.results.run import found_or_made
    from forecast.storage.documents import scenario_path, shipped_names
    from forecast.storage.places import is_exported_run, unpacking

    if Path(given).is_dir():
        return _of_scheme(load_results(given), scheme)
    if is_exported_run(Path(given)):
        raise RunError(f"{given}: got an exported run, expected {_A_RUN}; {unpacking(Path(given))}")
    if scenario_path(given).is_file() or Path(given).suffix in (".yaml", ".yml"):
        (world,) = load_worlds([given], [])
        settings = Settings(scheme=scheme or "plain")
        posterior = None if learned is None else load_posterior(learned)
        with progress_bar(world.name, settings.n_draws) as progress:
            run = found_or_made(world, settings, out=out, posterior=posterior, n_jobs=n_jobs, progress=progress)
        warn_of_earlier_texts(run, world)
        return run
    if (Path(out) / given).is_dir():
        return _of_scheme(load_results(Path(out) / given), scheme)
    names = sorted({*shipped_names(), *(results.name for results in list_results(out))})
    raise RunError(f"got run {given}, expected {_A_RUN}; {meant(given, names)}")


def run_to_read(
    given: str, out: str | Path = RESULTS, learned: Path | None = None, scheme: Scheme | None = None
) -> Results:
    """The same for what reads a run alone: between `forecast data add` and `forecast fit` the one made before."""
    from forecast.engine.simulate import Settings
    from forecast.results.archive import made_before
    from forecast.scenario.mixture import load_any

    try:
        return stored_run(given, out, learned, scheme=scheme)
    except PosteriorError:
        world = load_any(given)
        run = made_before(world, Settings(scheme=scheme or "plain"), Path(out))
        if run is None:
            raise
    warn(worded("warnings.run.made_before", folder=run.folder))
    warn_of_earlier_texts(run, world)
    return run


_A_RUN = "the folder of a run, the file of a scenario, or its name"


def warn_of_earlier_texts(run: Results, world: AnyScenario) -> None:
    """Say where a stored run has other texts than the scenario it was found for: no number tells, but its title does.

    Raises:
        ScenarioError: the scenario that is stored is none.
    """
    from forecast.results.run import earlier_texts

    if keys := earlier_texts(run, world):
        title = worded("warnings.run.title", title=json.dumps(run.title, ensure_ascii=False))
        texts = [title if key == "title" else key for key in keys]
        warn(worded("warnings.run.other_texts", folder=run.folder, texts=texts))


def _of_scheme(run: Results, scheme: Scheme | None) -> Results:
    """A stored run, which has the sampling scheme it has.

    Raises:
        RunError: another is asked for.
    """
    found = run.manifest["scheme"]
    if scheme is not None and scheme != found:
        asked = sampler_name(scheme)
        raise RunError(
            f"--sampler: got {asked} for {run.folder}, a run by {sampler_name(found)}, expected none; "
            f"{run.command('--sampler', asked)} makes one"
        )
    return run


def load_worlds(
    files: Sequence[str], overrides: Sequence[str], only: Sequence[str] = (), without: Sequence[str] = ()
) -> list[AnyScenario]:
    """All scenarios and mixtures, or every problem of every file; remarks and notes go to the standard error.

    Args:
        files: as the user gave them.
        overrides: values on top of every one.
        only: ids of the investments to keep; all where there are none.
        without: ids of those to leave out.
    """
    from forecast.observations.user_data import missing_folder
    from forecast.scenario.validation import examined

    if (place := missing_folder()) is not None:
        warn(worded("warnings.run.no_folder", folder=place))
    found = [examined(path, overrides) for path in files]
    if (only or without) and not any(one.problems for one in found):
        found = _with_plants(found, only, without)
    for remark in dict.fromkeys(remark for one in found for remark in one.remarks):
        warn(remark)
    for said in dict.fromkeys(one.of_file(said) for one in found for said in one.unsimulated):
        note(said)
    if problems := [problem for one in found for problem in one.problems]:
        raise ScenarioError(problems)
    return [one.world for one in found if one.world is not None]


def _with_plants(found: Sequence[Examination], only: Sequence[str], without: Sequence[str]) -> list[Examination]:
    from forecast.scenario.selection import examined_plants

    chosen = examined_plants(found, only, without)
    warn_of_unpaired(*([one.world for one in ones if one.world is not None] for ones in (found, chosen)))
    return chosen


def warn_of_unpaired(worlds: Sequence[AnyScenario], chosen: Sequence[AnyScenario]) -> None:
    """Say which draws of scenarios are others once some of their investments are chosen."""
    from forecast.scenario.selection import drawn_anew

    for name in drawn_anew(worlds, chosen):
        warn(worded("warnings.run.unpaired", name=name))


def demand_year(year: int | None, worlds: Sequence[AnyScenario]) -> None:
    """Refuse a year, where one is asked for, that one of some scenarios does not forecast, before the first draw."""
    from forecast.observations.vintage import vintage
    from forecast.quarters import year_of

    first = max(year_of(vintage(world.as_of).trade.origin + 1) for world in worlds)
    last = min(world.horizon for world in worlds)
    if year is not None and not first <= year <= last:
        raise click.BadParameter(f"got {year}, expected a year from {first} to {last}", param_hint="--year")
