"""Commands on the ledger: freeze a run, list what is frozen, score what has been observed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forecast.cli.options import demand_workers
from forecast.cli.terminal import terminal
from forecast.errors import LedgerError

_ledger = click.option(
    "--ledger", "folder", default="ledger", show_default=True, type=click.Path(path_type=Path), help="The ledger."
)


@click.group()
def ledger() -> None:
    """Freeze forecasts, and score them when their outcomes are known."""


@ledger.command()
@click.argument("run")
@_ledger
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where runs are.")
@click.option(
    "--posterior", "learned", type=click.Path(path_type=Path), help="Parameters of the run; the shipped by default."
)
def add(run: str, folder: Path, out: Path, learned: Path | None) -> None:
    """Freeze RUN: the folder of a run, or of a scenario that has one; or a scenario, file or shipped name.

    Of a scenario the run at default settings is found or made.
    """
    from forecast.cli.runs import stored_run
    from forecast.ledger import add_entry
    from forecast.posterior import load_posterior

    results = stored_run(run, out, None if learned is None else load_posterior(learned))
    entry, found = add_entry(results, folder, load_posterior(learned, results.as_of))
    said = f"Already in the ledger since {entry.head['added'][:10]}" if found else "Frozen"
    click.echo(f"{said}: {entry.folder}, {len(entry.predictions)} numbers from data to {entry.head['origin']}")


@ledger.command(name="list")
@_ledger
def list_entries(folder: Path) -> None:
    """Show what is frozen, and how much of it has been observed."""
    from forecast.ledger import entries
    from forecast.scorecard import standing_table

    frozen = entries(folder)
    if not frozen:
        click.echo(f"no entries in {folder}; `forecast ledger add RUN` makes one")
        return
    terminal(at_least=100).print(standing_table(frozen))


@ledger.command()
@_ledger
@click.option("--n-jobs", default=1, callback=demand_workers, show_default=True, help="Workers; -1: one per core.")
def score(folder: Path, **options: Any) -> None:
    """Score everything observed since it was frozen, and say what was the model's fault and what the assumptions'."""
    from forecast.ledger import entries
    from forecast.scorecard import standing_table, verdict_table, verdict_words, waiting
    from forecast.verdict import verdict, write_scores

    console = terminal(at_least=100)
    frozen = entries(folder)
    if not frozen:
        raise LedgerError(f"{folder}: holds no entries; `forecast ledger add RUN` makes one")
    verdicts = [verdict(entry, **options) for entry in frozen]
    console.print(standing_table(frozen))
    scored = [found for found in verdicts if found.scores]
    for found in scored:
        console.print(verdict_table(found))
        console.print(verdict_words(found))
    if not scored:
        console.print(waiting(frozen))
        return
    console.print(f"Scores written to {', '.join(map(str, write_scores(folder, verdicts)))}", soft_wrap=True)
