"""Commands that make pages: a report to hand on, and a page on which to move assumptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.options import (
    complete_scenario,
    echo,
    language_option,
    sampler_name,
    sampler_option,
    say_written,
    stored_sampler_option,
    told_year_option,
    warned_if_few,
)
from forecast.cli.places import FolderPath, Reference, WritableFile
from forecast.cli.progress import progress_bar
from forecast.storage.places import begins_as

_is_report = begins_as(
    rb'<!doctype html>\n<html lang="..">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy"'
)
"""Whether a file begins as `templates/base.html` does."""

if TYPE_CHECKING:
    from forecast.report.i18n import Language
    from forecast.stats.streams import Scheme


@click.command()
@click.argument("runs", nargs=-1, required=True, type=Reference(), metavar="RUN…", shell_complete=complete_scenario)
@click.option(
    "--out",
    default="report.html",
    show_default=True,
    type=WritableFile("report", _is_report, ".html", ".htm"),
    help="The page.",
)
@click.option("--results", default="results", show_default=True, type=FolderPath(), help="Where runs are.")
@told_year_option
@stored_sampler_option
@language_option
def report(
    runs: tuple[str, ...], out: Path, results: Path, year: int | None, scheme: Scheme | None, language: Language
) -> None:
    """Write a page on up to four RUNs, to be read offline or printed, in English and Korean.

    A RUN is the folder of a run, or of a scenario that has one; or a scenario, file or shipped name, whose run at
    default settings is found or made. With several, the others are held against the first, draw by draw.
    """
    from forecast.cli.references import run_to_read
    from forecast.report.page import steps, write_report

    stored = [run_to_read(run, results, scheme=scheme) for run in runs]
    warned_if_few(min(run.manifest["n_draws"] for run in stored))
    with progress_bar("report", steps(len(stored)), "steps") as progress:
        path = write_report(stored, out, language.code, progress=progress, year=year)
    say_written(path, language.text("tables.page", path=path, megabytes=f"{path.stat().st_size / 1e6:.2f}"))


@click.command()
@click.argument("file", type=Reference(), shell_complete=complete_scenario)
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 for any free one."
)
@click.option("--draws", default=20_000, show_default=True, type=click.IntRange(1, 200_000), help="Number of draws.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all random numbers.")
@sampler_option("How the draws are made.")
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Set one value of the scenario.")
@language_option
def explore(
    file: str, port: int, draws: int, seed: int, scheme: Scheme, overrides: tuple[str, ...], language: Language
) -> None:
    """Move the assumptions of the scenario FILE on a page of this machine, and see the distribution move.

    The page is served to this machine alone. Nothing is stored; the page shows the `forecast run` that gives the same.
    """
    from forecast.cli.references import load_worlds
    from forecast.engine.simulate import Settings
    from forecast.errors import RunError
    from forecast.models.posterior import demand_knowledge, load_posterior
    from forecast.report.explore import Bench, Explorer
    from forecast.report.workbench import workbench

    (world,) = load_worlds([file], overrides)
    scenario = world.single
    if scenario is None:
        branches = ", ".join(branch.scenario.name for branch in world.branches)
        raise RunError(f"{file}: got a mixture, expected one scenario, such as one of its branches: {branches}")
    posterior = load_posterior(as_of=scenario.as_of)
    demand_knowledge(posterior, scenario.as_of)
    given = (
        file,
        *_stated(draws=draws, seed=seed),
        *_sampler(scheme),
        *(part for text in overrides for part in ("-s", text)),
    )
    try:
        with (
            workbench(scenario, posterior, Settings(draws, seed, scheme)) as bench,
            Explorer(Bench(bench, given, language), port) as explorer,
        ):
            echo(f"{scenario.name}: open {explorer.address} (Ctrl-C ends it)")
            explorer.serve_forever()
    except KeyboardInterrupt:
        echo("ended")


def _sampler(scheme: Scheme) -> list[str]:
    """The option of a scheme as it is written, where it is not the default."""
    return [] if scheme == "plain" else ["--sampler", sampler_name(scheme)]


def _stated(**options: int) -> list[str]:
    """Options that are not at their default, as they are written."""
    defaults = {parameter.name: parameter.default for parameter in explore.params}
    return [text for name, value in options.items() if value != defaults[name] for text in (f"--{name}", str(value))]


@click.command()
@click.argument("run", type=Reference(), metavar="RUN|SCENARIO", shell_complete=complete_scenario)
@click.option(
    "--form", type=click.Choice(["text", "bibtex", "cff"]), help="One form alone, and nothing else, for a file."
)
@click.option("--out", default="results", show_default=True, type=FolderPath(), help="Where runs are.")
@language_option
def cite(run: str, form: str | None, out: Path, language: Language) -> None:
    """Print how a result is cited: a reference in words, for BibTeX, and for a CITATION.cff.

    RUN is the folder of a run, or of a scenario that has one; of a SCENARIO the run at default settings is found or
    made. Each form names version, data, run, seed and draws, so that others can make the same numbers.
    """
    from forecast.cli.references import run_to_read
    from forecast.report.cite import citations

    found = citations(run_to_read(run, out))
    if form is not None:
        echo(found[form])
        return
    echo("\n\n".join(f"{language.text(f'cite.{name}')}\n\n{text}" for name, text in found.items()))
