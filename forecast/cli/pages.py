"""Commands that make pages: a report to hand on, and a page on which to move assumptions."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.languages import CODES

_language = click.option(
    "--language", default="en", show_default=True, type=click.Choice(CODES), help="Language the page opens in."
)


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--out", default="report.html", show_default=True, type=click.Path(path_type=Path), help="The page.")
@click.option(
    "--results", default="results", show_default=True, type=click.Path(path_type=Path), help="Where runs are."
)
@_language
def report(runs: tuple[str, ...], out: Path, results: Path, language: str) -> None:
    """Write a page on stored RUNs, to be read offline or printed, in English and Korean.

    A RUN is the folder of a run or of a scenario's runs, or the name of a scenario that was run. With several, the
    others are held against the first, draw by draw.
    """
    from forecast.ledger import stored_run
    from forecast.report import write_report

    path = write_report([stored_run(run, results) for run in runs], out, language)
    click.echo(f"Written to {path} ({path.stat().st_size / 1e6:.2f} MB)")
