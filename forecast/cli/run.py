"""Commands on scenarios: run them, list what was run, and verify that it is as it was stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.options import (
    answer_with,
    complete_scenario,
    echo,
    language_option,
    plants_options,
    print_line,
    progress_bar,
    run_options,
    xlsx_option,
)
from forecast.errors import RunError, ScenarioError

if TYPE_CHECKING:
    from forecast.analysis.grounds import Grounds
    from forecast.models.posterior import Posterior
    from forecast.report.i18n import Language
    from forecast.results.results import Results
    from forecast.scenario.mixture import AnyScenario


@click.command()
@click.argument("files", nargs=-1, required=True, shell_complete=complete_scenario)
@run_options
@click.option("--no-plot", is_flag=True, help="Leave out the picture.")
@click.option("--force", is_flag=True, help="Run again even if the same run is stored.")
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Set one value of the scenario.")
@plants_options
@xlsx_option
@language_option
def run(
    files: tuple[str, ...],
    overrides: tuple[str, ...],
    only: tuple[str, ...],
    without: tuple[str, ...],
    draws: int,
    seed: int,
    learned: Path | None,
    no_plot: bool,
    language: Language,
    **options: Any,
) -> None:
    """Forecast one or several scenario FILES and store the results."""
    from forecast.analysis.grounds import grounds
    from forecast.engine.simulate import Settings
    from forecast.results.run import run_scenario

    scenarios = load_worlds(files, overrides, only, without)
    posteriors = _posteriors(learned, scenarios)
    options |= {"draw_chart": None if no_plot else _draw_chart}
    xlsx = options.pop("xlsx")
    for scenario in scenarios:
        with progress_bar(scenario.name, draws) as progress:
            options |= {"posterior": posteriors[scenario.as_of], "progress": progress}
            done = run_scenario(scenario, Settings(draws, seed), **options)
        if done.damage:
            echo(f"warning: {done.damage}", err=True)
        found = grounds(done.results, done.plan)
        _show(done.results, scenario, language, found)
        if scenario.overrides:
            print_line(language.text("tables.overrides", overrides=", ".join(scenario.overrides)))
        print_line(language.text("tables.found" if done.found else "tables.stored", folder=done.results.folder))
        if xlsx:
            from forecast.report.sheets import write_run_workbook

            path = write_run_workbook(done.results, scenario, language, found)
            print_line(language.text("tables.stored", folder=path))


@click.command(name="list")
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where runs land.")
@language_option
def list_runs(out: Path, language: Language) -> None:
    """Show the stored runs."""
    from forecast.report.run import runs_table
    from forecast.results.archive import surveyed

    runs, damaged = surveyed(out)
    for error in damaged:
        echo(f"warning: {error}", err=True)
    if runs:
        answer_with(runs_table(runs, language))
    elif not damaged:
        print_line(language.text("tables.no_runs", folder=out))


@click.command()
@click.argument("places", nargs=-1, metavar="[RUN]...", type=click.Path(path_type=Path))
@click.option(
    "--ledger", "ledgers", multiple=True, type=click.Path(path_type=Path), help="A ledger, every entry of it."
)
@language_option
@click.pass_context
def verify(context: click.Context, places: tuple[Path, ...], ledgers: tuple[Path, ...], language: Language) -> None:
    """Check that what is stored is as it was stored, and name every file that was changed or is missing.

    RUN is the folder of a run, of a scenario or of all runs; an entry of a ledger; or the file of a posterior. Ends
    with code 2 if anything is damaged.
    """
    from forecast.track.verification import verifications

    if not places and not ledgers:
        raise click.UsageError("got nothing to verify, expected folders of runs, ledgers or posteriors")
    found = [one for place in (*places, *ledgers) for one in verifications(place)]
    for one in found:
        if one.fault:
            echo(f"error: {one.fault}", err=True)
        else:
            print_line(language.text("tables.whole", place=one.place))
    context.exit(2 if any(one.fault for one in found) else 0)


def stored_run(given: str, out: str | Path = "results", posterior: Posterior | None = None, n_jobs: int = 1) -> Results:
    """The run a user means.

    That is the folder of a run, or of a scenario that has one; or a scenario, file or shipped name, whose run at
    default settings is found or made; or the name of one that has a single run under `out`.

    Raises:
        DamagedRunError: the run is not as it was stored.
        RunError: there is no run, or there are several to choose from.
        ScenarioError: the file cannot be read as a scenario.
    """
    from forecast.documents import scenario_path, shipped_names
    from forecast.engine.simulate import Settings
    from forecast.errors import meant
    from forecast.results.archive import list_results, load_results
    from forecast.results.run import found_or_made

    if Path(given).is_dir():
        return load_results(given)
    if scenario_path(given).is_file() or Path(given).suffix in (".yaml", ".yml"):
        (world,) = load_worlds([given], [])
        with progress_bar(world.name, Settings().n_draws) as progress:
            return found_or_made(world, out=out, posterior=posterior, n_jobs=n_jobs, progress=progress)
    if (Path(out) / given).is_dir():
        return load_results(Path(out) / given)
    names = sorted({*shipped_names(), *(results.name for results in list_results(out))})
    raise RunError(
        f"got run {given}, expected the folder of a run, the file of a scenario, or its name; {meant(given, names)}"
    )


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
    from forecast.scenario.contrasts import chosen_plants
    from forecast.scenario.validation import examined

    found = [examined(path, overrides) for path in files]
    for remark in dict.fromkeys(remark for one in found for remark in one.remarks):
        echo(f"warning: {remark}", err=True)
    for note in dict.fromkeys(f"{one.file}: {note}" for one in found for note in one.unsimulated):
        echo(f"note: {note}", err=True)
    if problems := [problem for one in found for problem in one.problems]:
        raise ScenarioError(problems)
    worlds = [world for one in found if (world := one.mixture or one.scenario) is not None]
    return chosen_plants(worlds, only, without) if only or without else worlds


def _posteriors(learned: Path | None, scenarios: Sequence[AnyScenario]) -> dict[str | None, Posterior]:
    """The posterior of every day that a scenario stands on, before the first draw of any."""
    from forecast.models.posterior import demand_knowledge, load_posterior

    days = dict.fromkeys(scenario.as_of for scenario in scenarios)
    posteriors = {day: load_posterior(learned, day) for day in days}
    for day, posterior in posteriors.items():
        demand_knowledge(posterior, day)
    return posteriors


def _draw_chart(results: Results) -> None:
    from forecast.plots.fan import save_fan_chart

    save_fan_chart(results)


def _show(results: Results, world: AnyScenario, language: Language, found: Grounds | None) -> None:
    from forecast.dims import SERIES
    from forecast.report.run import (
        branch_table,
        contribution_table,
        dominance_note,
        knowledge,
        policy_table,
        surplus_table,
    )
    from forecast.report.sentences import answer, assumed_conditions, run_books_note
    from forecast.results.archive import outcomes

    later = outcomes(results)
    if results.manifest["n_investments"]:
        answer_with(contribution_table(results, language))
    if len(results.statistics.series) > len(SERIES):
        answer_with(policy_table(results, language))
    answer_with(surplus_table({results.name: results}, language))
    conditions = assumed_conditions(world.single, language) if world.single is not None else ""
    notes = (conditions, run_books_note(results, language), dominance_note(results, language))
    answer_with(*(f"{note}\n" for note in notes if note))
    if world.single is None:
        answer_with(branch_table(results, world, language))
    answer_with(answer(results, later, language, found))
    if results.as_of is not None:
        answer_with(knowledge(results, later, language))
