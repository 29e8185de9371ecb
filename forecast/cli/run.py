"""Commands on scenarios: run them, and list what was run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.options import progress_bar, run_options, terminal
from forecast.documents import scenario_path, shipped_names
from forecast.errors import RunError, ScenarioError

if TYPE_CHECKING:
    from forecast.models.posterior import Posterior
    from forecast.results.results import Results
    from forecast.scenario.mixture import AnyScenario


@click.command()
@click.argument("files", nargs=-1, required=True)
@run_options
@click.option("--no-plot", is_flag=True, help="Leave out the picture.")
@click.option("--force", is_flag=True, help="Run again even if the same run is stored.")
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Set one value of the scenario.")
def run(
    files: tuple[str, ...],
    overrides: tuple[str, ...],
    draws: int,
    seed: int,
    learned: Path | None,
    no_plot: bool,
    **options: Any,
) -> None:
    """Forecast one or several scenario FILES and store the results."""
    from forecast.engine.simulate import Settings
    from forecast.results.run import run_scenario

    scenarios = load_worlds(files, overrides)
    posteriors = _posteriors(learned, scenarios)
    options |= {"draw_chart": None if no_plot else _draw_chart}
    for scenario in scenarios:
        with progress_bar(scenario.name, draws) as progress:
            options |= {"posterior": posteriors[scenario.as_of], "progress": progress}
            done = run_scenario(scenario, Settings(draws, seed), **options)
        _show(done.results, scenario)
        if overrides:
            terminal().print(f"Set by -s: {', '.join(overrides)}", markup=False, soft_wrap=True)
        terminal().print(f"{'Found' if done.found else 'Stored'} in {done.results.folder}", soft_wrap=True)


@click.command(name="list")
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where runs land.")
def list_runs(out: Path) -> None:
    """Show the stored runs."""
    from forecast.report.tables import runs_table
    from forecast.results.archive import list_results

    runs = list_results(out)
    if not runs:
        click.echo(f"no runs under {out}; `forecast run SCENARIO.yaml` makes one")
        return
    terminal(at_least=110 if any(run.overrides for run in runs) else 0).print(runs_table(runs))


def stored_run(given: str, out: str | Path = "results", posterior: Posterior | None = None, n_jobs: int = 1) -> Results:
    """The run a user means.

    That is the folder of a run, or of a scenario that has one; or a scenario, file or shipped name, whose run at
    default settings is found or made; or the name of one that has a single run under `out`.

    Raises:
        RunError: there is no run, or there are several to choose from.
        ScenarioError: the file cannot be read as a scenario.
    """
    from forecast.engine.simulate import Settings
    from forecast.errors import meant
    from forecast.results.archive import list_results, load_results
    from forecast.results.run import run_scenario

    if Path(given).is_dir():
        return load_results(given)
    if scenario_path(given).is_file() or Path(given).suffix in (".yaml", ".yml"):
        (world,) = load_worlds([given], [])
        with progress_bar(world.name, Settings().n_draws) as progress:
            return run_scenario(world, out=out, posterior=posterior, n_jobs=n_jobs, progress=progress).results
    if (Path(out) / given).is_dir():
        return load_results(Path(out) / given)
    names = sorted({*shipped_names(), *(results.name for results in list_results(out))})
    raise RunError(
        f"got run {given}, expected the folder of a run, the file of a scenario, or its name; {meant(given, names)}"
    )


def load_worlds(files: Sequence[str], overrides: Sequence[str]) -> list[AnyScenario]:
    """All scenarios and mixtures, or every problem of every file; remarks go to the standard error."""
    from forecast.scenario.validation import examined

    found = [examined(scenario_path(path), overrides) for path in files]
    for remark in dict.fromkeys(remark for one in found for remark in one.remarks):
        click.echo(f"warning: {remark}", err=True)
    if problems := [problem for one in found for problem in one.problems]:
        raise ScenarioError(problems)
    return [world for one in found if (world := one.mixture or one.scenario) is not None]


def _posteriors(learned: Path | None, scenarios: Sequence[AnyScenario]) -> dict[str | None, Posterior]:
    """The posterior of every day that a scenario stands on, before the first draw of any."""
    from forecast.models.posterior import demand_knowledge, load_posterior

    days = dict.fromkeys(scenario.as_of for scenario in scenarios)
    posteriors = {day: load_posterior(learned, day) for day in days}
    for day, posterior in posteriors.items():
        demand_knowledge(posterior, day)
    return posteriors


def _books_note(results: Results) -> str:
    """What a reader of a forecast on Korean customs basis must know of the year under way, or nothing."""
    from forecast.analysis.bridge import books_note
    from forecast.observations.vintage import vintage
    from forecast.quarters import parse_quarter

    if results.basis != "korea_customs":
        return ""
    return books_note(vintage(results.as_of).bridge, parse_quarter(results.manifest["origin"]))


def _draw_chart(results: Results) -> None:
    from forecast.plots.fan import save_fan_chart

    save_fan_chart(results)


def _show(results: Results, world: AnyScenario) -> None:
    from forecast.dims import SERIES
    from forecast.observations.vintage import vintage
    from forecast.report.i18n import language
    from forecast.report.sentences import premises
    from forecast.report.tables import answer, branch_table, contribution_table, knowledge, lever_table, surplus_table
    from forecast.results.archive import outcomes

    console = terminal()
    record, later = vintage(results.as_of).records[results.basis], outcomes(results)
    console.print(surplus_table(results, round(record[1], 1), later))
    assumed = premises(world.single, language("en")).replace("\u00a0", " ") if world.single is not None else ""
    for note in filter(None, (assumed, _books_note(results))):
        console.print(f"{note}\n")
    if results.manifest["n_investments"]:
        console.print(contribution_table(results))
    if len(results.statistics.series) > len(SERIES):
        console.print(lever_table(results))
    if results.branches is not None:
        console.print(branch_table(results.branches))
    console.print(answer(results, later))
    if results.as_of is not None:
        console.print(knowledge(results, later))
