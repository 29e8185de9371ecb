"""The command line: arguments, progress and exit codes; every user error is one message and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from forecast import __version__
from forecast.errors import ForecastError, Problem, RunError, ScenarioError

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.results import Results
    from forecast.run import Run
    from forecast.scenario import Scenario

STOPPED = 130


def main() -> None:
    """Entry point of the `forecast` command."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ForecastError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped: nothing was stored", err=True)
        sys.exit(STOPPED)


def _demand_workers(_context: click.Context, _option: click.Parameter, n_jobs: int) -> int:
    if n_jobs == -1 or n_jobs > 0:
        return n_jobs
    raise click.BadParameter(f"got {n_jobs}, expected 1 or more workers, or -1 for one per core")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="forecast")
def cli() -> None:
    """Forecast Korea's goods surplus with the US under factory announcements, as a probability distribution."""


@cli.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--draws", default=20_000, show_default=True, type=click.IntRange(1), help="Number of draws.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all random numbers.")
@click.option("--n-jobs", default=-1, callback=_demand_workers, show_default=True, help="Workers; -1: one per core.")
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where runs land.")
@click.option(
    "--posterior", "learned", type=click.Path(path_type=Path), help="Stored parameters; the shipped ones by default."
)
@click.option("--prior", is_flag=True, help="Use the priors in place of what was learned from data.")
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
    from forecast.engine import Settings
    from forecast.posterior import load_posterior
    from forecast.run import run_scenario

    scenarios = _load_scenarios(files, overrides)
    options |= {"posterior": load_posterior(learned), "draw_chart": None if no_plot else _draw_chart}
    for scenario in scenarios:
        with _progress(scenario.name, draws) as progress:
            done = run_scenario(scenario, Settings(draws, seed), progress=progress, **options)
        _show(done)


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), help="Where to store it; the user's own place by default.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the sampler.")
def fit(out: Path | None, seed: int) -> None:
    """Learn the parameters from the shipped observations, report prior beside posterior, and store them."""
    from forecast.briefing import fit_table
    from forecast.fitting import Effort, fit_posterior, fit_report
    from forecast.posterior import save_posterior, user_path

    posterior = fit_posterior(Effort(seed=seed))
    path = user_path() if out is None else out
    save_posterior(posterior, path)
    console = _console(at_least=100)
    console.print(fit_table(fit_report(posterior)))
    console.print(f"Stored in {path}", soft_wrap=True)
    console.print("Runs use it with --posterior, and by themselves once the shipped one is stale.")


@cli.command()
@click.option("--years", default=10, show_default=True, type=click.IntRange(1), help="How many complete years.")
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where to draw.")
def history(years: int, out: Path) -> None:
    """Print and draw exports, imports and balance of the last years on both bases."""
    from forecast.briefing import history_table
    from forecast.chart import save_history_chart
    from forecast.observations import history as observed

    console = _console()
    console.print(history_table(observed(years)))
    console.print("* arithmetic on published figures; – not published; (8m) the first 8 months")
    path = out / "history.png"
    try:
        out.mkdir(parents=True, exist_ok=True)
        save_history_chart(path, years)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}); choose another folder with --out") from error
    console.print(f"Drawn to {path}", soft_wrap=True)


@cli.command(name="list")
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where runs land.")
def list_runs(out: Path) -> None:
    """Show the stored runs."""
    from forecast.briefing import runs_table
    from forecast.results import list_results

    runs = list_results(out)
    if not runs:
        click.echo(f"no runs under {out}; `forecast run SCENARIO.yaml` makes one")
        return
    _console().print(runs_table(runs))


def _load_scenarios(files: Sequence[str], overrides: Sequence[str]) -> list[Scenario]:
    """All scenarios, or every problem of every file."""
    from forecast.scenario import load_scenario

    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for path in files:
        try:
            scenarios.append(load_scenario(_scenario_path(path), overrides))
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    return scenarios


def _scenario_path(given: str) -> Path:
    """The file given, or the shipped scenario of that name where there is no such file."""
    package = Path(__file__).parent
    shipped = [folder / "scenarios" / f"{given}.yaml" for folder in (package, package.parent)]
    return next((path for path in shipped if path.is_file() and not Path(given).exists()), Path(given))


def _draw_chart(results: Results) -> None:
    from forecast.chart import save_fan_chart

    save_fan_chart(results)


def _show(done: Run) -> None:
    from forecast.briefing import answer, contribution_table, surplus_table
    from forecast.observations import record_surplus

    console = _console()
    results = done.results
    console.print(surplus_table(results, round(record_surplus(results.basis)[1], 1)))
    if results.manifest["n_investments"]:
        console.print(contribution_table(results))
    console.print(answer(results))
    console.print(f"{'Found' if done.found else 'Stored'} in {results.folder}", soft_wrap=True)


def _console(at_least: int = 0) -> Console:
    """Where commands print, `at_least` so many columns wide: a wrapped line beats a cut number."""
    from rich.console import Console

    console = Console(highlight=False)
    console.width = max(console.width, at_least)
    return console


@contextmanager
def _progress(name: str, n_draws: int) -> Iterator[Callable[[int], None]]:
    """A bar with draws per second on a terminal's standard error; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"))
    started = perf_counter()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=n_draws, speed="")

        def advance(done: int) -> None:
            made = bar.tasks[task].completed + done
            speed = f"{made:,.0f} of {n_draws:,} draws, {made / (perf_counter() - started):,.0f} a second"
            bar.update(task, advance=done, speed=speed)

        yield advance
