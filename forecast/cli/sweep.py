"""The command that runs a scenario at many values of its assumptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.options import (
    answer_with,
    backend_options,
    echo,
    language_option,
    print_line,
    run_options,
    warn,
)
from forecast.cli.places import FilePath, Reference
from forecast.cli.progress import progress_bar
from forecast.errors import RunError, ScenarioError
from forecast.storage.stops import counted_if_stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.analysis.sweep import Design, Sweep
    from forecast.report.i18n import Language
    from forecast.results.run import Request
    from forecast.scenario.mixture import AnyScenario


@click.command()
@click.argument("file", type=Reference(), metavar="SCENARIO")
@click.option(
    "-s",
    "axes",
    multiple=True,
    metavar="KEY.PATH=VALUE,VALUE…",
    help="Values of one assumption; with several, every combination is a cell.",
)
@click.option(
    "--list",
    "cells",
    metavar="FILE.csv",
    type=FilePath(),
    help="Cells from a table in place of -s: a header of keys, and a row a cell.",
)
@click.option(
    "--of", "series", default="effect", show_default=True, metavar="SERIES", help="Outcome: a series of runs."
)
@click.option("--year", required=True, type=int, help="Calendar year of the outcome.")
@click.option("--no-plot", is_flag=True, help="Leave out the picture.")
@run_options
@language_option
@backend_options
def sweep(
    file: str,
    axes: tuple[str, ...],
    cells: Path | None,
    series: str,
    year: int,
    no_plot: bool,
    language: Language,
    **options: Any,
) -> None:
    """Run SCENARIO at many values of its assumptions, each with the same luck, and tell what differs.

    Every cell is a stored run: a sweep that was stopped goes on where it was. The table and, with one or two
    assumptions, a picture are stored under `sweeps` beside the runs.
    """
    from forecast.analysis.sweep import grid, listed_cells, sweep_requests, swept
    from forecast.engine.simulate import Settings
    from forecast.models.posterior import load_posterior
    from forecast.results.run import run_each

    if axes and cells is not None:
        raise click.UsageError("got both -s and --list, expected one of them")
    if not axes and cells is None:
        raise click.UsageError("expected what to sweep: -s KEY.PATH=VALUE,VALUE… once or more, or --list FILE.csv")
    design = grid(axes) if cells is None else listed_cells(cells)
    worlds = _worlds(file, design)
    settings = Settings(*(options.pop(name) for name in ("draws", "seed", "scheme")))
    n_jobs, posterior = options.pop("n_jobs"), load_posterior(options.pop("learned"), worlds[0].as_of)
    requests = sweep_requests(design, worlds, series, year, settings, posterior=posterior, **options)
    with counted_if_stopped(lambda: sum(one.is_there for one in requests), len(requests), "runs"):
        _say_found(requests, language)
        with progress_bar(worlds[0].name, settings.n_draws * len(requests)) as progress:
            runs = run_each(requests, settings, n_jobs=n_jobs, progress=progress, damaged=warn)
        _show(swept(design, requests, runs, series, year), language, plot=not no_plot)


def _say_found(requests: Sequence[Request], language: Language) -> None:
    """Say how many runs of a sweep are there, where it is some of them."""
    there = sum(one.is_there for one in requests)
    if 0 < there < len(requests):
        echo(language.text("sweep.found", found=there, n=len(requests)), err=True)


def _show(found: Sweep, language: Language, *, plot: bool) -> None:
    from forecast.analysis.sweep import write_sweep
    from forecast.report.sweep import sweep_table, sweep_words

    answer_with(sweep_table(found, language))
    if len(found.cells) > 1:
        answer_with(sweep_words(found, language))
    paths = [write_sweep(found)]
    if plot:
        from forecast.plots.sweep import save_sweep_chart

        paths += save_sweep_chart(found, paths[0], language)
    print_line(language.text("tables.stored", folder=", ".join(map(str, paths))))


def _worlds(file: str, design: Design) -> list[AnyScenario]:
    """The scenario as stated, and that of every cell; remarks on cells go to the standard error.

    Raises:
        RunError: something of a cell makes no sense.
    """
    from forecast.cli.references import load_worlds
    from forecast.scenario.validation import examined

    (stated,) = load_worlds([file], ())
    found = [examined(file, design.overrides(cell)) for cell in design.cells]
    wrong = [(cell, one.problems) for cell, one in zip(design.cells, found, strict=True) if one.problems]
    if wrong:
        cell, problems = wrong[0]
        others = f"; cells with problems: {len(wrong)}" if len(wrong) > 1 else ""
        raise RunError(f"{design.named(cell)}: {ScenarioError(problems)}{others}")
    for remark in dict.fromkeys(remark for one in found for remark in one.remarks):
        warn(remark)
    return [stated, *(one.world for one in found if one.world is not None)]
