"""The command that says what spreads a forecast, and what would be worth knowing."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.options import workers_option
from forecast.cli.runs import stored_run
from forecast.cli.terminal import progress_bar, terminal


@click.command()
@click.argument("run", metavar="RUN|SCENARIO")
@click.option("--year", default=2030, show_default=True, type=int, help="Calendar year of the outcome.")
@click.option(
    "--of",
    "series",
    default="trade_balance",
    show_default=True,
    type=click.Choice(["trade_balance", "investment_effect"]),
    help="Outcome: the surplus, or what the announcements change in it.",
)
@click.option(
    "--draws",
    default=20_000,
    show_default=True,
    type=click.IntRange(20_000),
    help="Draws of each set of sources; errors are the spread between blocks of 2,000.",
)
@workers_option
@click.option(
    "--out",
    show_default="results",
    type=click.Path(path_type=Path),
    help="Where runs of a SCENARIO are; a budget lies in the folder of its run.",
)
@click.option(
    "--posterior", "learned", type=click.Path(path_type=Path), help="Parameters of the run; the shipped by default."
)
@click.option("--no-plot", is_flag=True, help="Leave out the pictures.")
def budget(
    run: str, year: int, series: str, draws: int, n_jobs: int, out: Path | None, learned: Path | None, no_plot: bool
) -> None:
    """Say what spreads a forecast: which source by how much, and what would be worth knowing.

    RUN is the folder of a run, or of a scenario that has one; a SCENARIO is a file, which may state a mixture, or the
    name of a shipped one: its run at default settings is found or made. The run has 20,000 draws or more.
    """
    from forecast.budget import demand_draws, uncertainty_budget, write_budget
    from forecast.budget_tables import budget_words, source_table, worth_table
    from forecast.posterior import load_posterior
    from forecast.results import demand_folder

    parameters = None if learned is None else load_posterior(learned)
    if out is not None and Path(run).is_dir():
        raise click.UsageError(f"--out: got {out} for {run}, a folder of runs, in which the budget is stored")
    results = stored_run(run, out or "results", parameters, n_jobs)
    demand_draws(results)
    demand_folder(results.folder, results.folder)
    with progress_bar(results.name, 100, "%") as progress:
        found = uncertainty_budget(
            results, year, series, n_draws=draws, posterior=parameters, n_jobs=n_jobs, progress=progress
        )
    tables, words = terminal(at_least=112), terminal()
    tables.print(source_table(found))
    if found.inputs:
        tables.print(worth_table(found))
    words.print(budget_words(found))
    paths = [write_budget(found)]
    if not no_plot:
        from forecast.budget_pages import save_budget_charts

        paths += save_budget_charts(found)
    words.print(f"Stored in {', '.join(map(str, paths))}", soft_wrap=True)
