"""Commands on the track record: what the models would have said at past origins, and how good that was.

Commands on the ledger: freeze a run, list what is frozen, score what has been observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.options import (
    answer_with,
    demand_workers,
    echo,
    language_option,
    print_line,
    stored_sampler_option,
    workers_option,
)
from forecast.cli.places import FilePath, FolderPath, Reference, WritableFolder
from forecast.cli.progress import progress_bar
from forecast.errors import ForecastError, LedgerError, in_one_line
from forecast.quarters import parse_quarter
from forecast.storage.stops import counted_if_stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from forecast.cli.options import Command
    from forecast.observations.series import QuarterlyTrade
    from forecast.report.i18n import Language
    from forecast.stats.streams import Scheme
    from forecast.track.backtest import Design, Piece
    from forecast.track.evaluation import Evaluation
    from forecast.track.record import Scores


def _ledger_option(place: FolderPath) -> Callable[[Command], Command]:
    return click.option("--ledger", "folder", default="ledger", show_default=True, type=place, help="The ledger.")


_ledger = _ledger_option(FolderPath())


@click.group()
def ledger() -> None:
    """Freeze forecasts, and score them when their outcomes are known."""


@ledger.command()
@click.argument("run", type=Reference())
@_ledger_option(WritableFolder())
@click.option("--out", default="results", show_default=True, type=FolderPath(), help="Where runs are.")
@click.option("--posterior", "learned", type=FilePath(), help="Parameters of the run; the shipped by default.")
@stored_sampler_option
@language_option
def add(run: str, folder: Path, out: Path, learned: Path | None, scheme: Scheme | None, language: Language) -> None:
    """Freeze RUN: the folder of a run, or of a scenario that has one; or a scenario, file or shipped name.

    Of a scenario the run at default settings is found or made.
    """
    from forecast.cli.references import stored_run
    from forecast.models.posterior import frozen_posterior
    from forecast.results.manifest import day_stated
    from forecast.results.rerun import demand_posterior_of
    from forecast.track.ledger import add_entry

    results = stored_run(run, out, learned, scheme=scheme)
    posterior = demand_posterior_of(results, None if learned is None else frozen_posterior(learned))
    entry, found = add_entry(results, folder, posterior)
    head = entry.head
    text = language.text("ledger.already", day=day_stated(head["added"])) if found else language.text("ledger.frozen")
    numbers = {"n": len(entry.predictions), "origin": head["origin"]}
    print_line(language.text("ledger.added", text=text, folder=entry.folder, **numbers))


@ledger.command(name="list")
@_ledger
@language_option
@click.pass_context
def list_entries(context: click.Context, folder: Path, language: Language) -> None:
    """Show what is frozen, and how much of it has been observed. Ends with code 2 if anything is damaged."""
    from forecast.report.ledger import entries_table
    from forecast.track.ledger import surveyed_entries

    frozen, faults = surveyed_entries(folder)
    for fault in faults:
        echo(f"error: {in_one_line(str(fault))}", err=True)
    if frozen:
        answer_with(entries_table(frozen, language))
    elif not faults:
        print_line(language.text("ledger.none", folder=folder))
    context.exit(2 if faults else 0)


@ledger.command()
@_ledger
@click.option("--n-jobs", default=1, callback=demand_workers, show_default=True, help="Workers; -1: one per core.")
@language_option
@click.pass_context
def score(context: click.Context, /, folder: Path, language: Language, **options: Any) -> None:
    """Score everything observed since it was frozen, and say what was the model's fault and what the assumptions'.

    An entry that is damaged is named and left out. Ends with code 2 if anything is.
    """
    verdicts, faults = _evaluated(folder, **options)
    if not verdicts and not faults:
        raise LedgerError(f"{folder}: holds no entries; `forecast ledger add RUN --ledger {folder}` makes one")
    for fault in faults:
        echo(f"error: {in_one_line(fault)}", err=True)
    if verdicts:
        _show_scores(folder, verdicts, language)
    context.exit(2 if faults else 0)


def _evaluated(ledger: Path, **options: Any) -> tuple[list[Evaluation], list[str]]:
    """Scores of the entries of a ledger that are whole with their posteriors, and what is wrong with others."""
    from forecast.track.evaluation import evaluate
    from forecast.track.ledger import demand_posterior, surveyed_entries

    frozen, damaged = surveyed_entries(ledger)
    verdicts, faults = [], list(map(str, damaged))
    with progress_bar("ledger score", len(frozen), "entries") as progress:
        for entry in frozen:
            try:
                demand_posterior(ledger, entry.head["posterior"])
                verdicts.append(evaluate(entry, **options))
            except ForecastError as error:
                faults.append(str(error))
            progress.advance(1)
    return verdicts, list(dict.fromkeys(faults))  # a posterior is missed by every entry that was made with it


def _show_scores(ledger: Path, verdicts: Sequence[Evaluation], language: Language) -> None:
    from forecast.report.ledger import entries_table, verdict_table, verdict_words, waiting_words
    from forecast.track.evaluation import write_scores

    frozen = [found.entry for found in verdicts]
    answer_with(entries_table(frozen, language))
    scored = [found for found in verdicts if found.scores]
    for found in scored:
        answer_with(verdict_table(found, language), verdict_words(found, language))
    if not scored:
        answer_with(waiting_words(frozen, language))
        return
    files = ", ".join(map(str, write_scores(ledger, verdicts)))
    print_line(language.text("ledger.written", files=files))


FIRST, LAST = "2006Q4", "2025Q4"

SHIPPED_UNIT = "bn USD"
"""Unit of the shipped trade, in which scores are printed in every language."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a backtest is of: the quarters, the unit of their numbers, and words for both."""

    trade: QuarterlyTrade
    unit: str
    title: str


def parse_origin(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Check of an option that names a quarter."""
    try:
        return None if text is None else parse_quarter(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option(
    "--first",
    metavar="QUARTER",
    callback=parse_origin,
    help=f"First origin; {FIRST} or as soon as there is enough history.",
)
@click.option(
    "--last", metavar="QUARTER", callback=parse_origin, help=f"Last origin; {LAST} or the last with a quarter to score."
)
@click.option("--every", default=2, show_default=True, type=click.IntRange(1), help="Quarters from origin to origin.")
@click.option("--horizon", default=40, show_default=True, type=click.IntRange(1, 40), help="Quarters ahead.")
@click.option("--draws", default=20_000, show_default=True, type=click.IntRange(100), help="Draws an origin.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all random numbers.")
@workers_option
@click.option("--out", default="results/backtest", show_default=True, type=FolderPath(), help="Where origins land.")
@click.option(
    "--data",
    metavar="FILE",
    type=FilePath(),
    help="Another country's trade: a CSV with month,series,value.",
)
@click.option(
    "--exports", default="exports", metavar="NAME", show_default=True, help="Series of --data that is exports."
)
@click.option(
    "--imports", default="imports", metavar="NAME", show_default=True, help="Series of --data that is imports."
)
@click.option("--references/--no-references", default=True, show_default=True, help="Run the reference methods too.")
@click.option("--force", is_flag=True, help="Run again what is stored.")
@click.option(
    "--publish",
    metavar="FOLDER",
    type=WritableFolder(),
    help="Folder to write the record to, such as docs/track-record.",
)
@language_option
def backtest(
    first: int | None,
    last: int | None,
    out: Path,
    data: Path | None,
    exports: str,
    imports: str,
    references: bool,
    publish: Path | None,
    language: Language,
    **options: Any,
) -> None:
    """Forecast from past quarters as if they were the last one seen, and score what was said.

    Every origin is forecast from data up to it, in their last vintage, and stored when done: a stopped backtest goes
    on where it was. Without --data it is of Korea's goods trade with the US, US Census basis.
    """
    from forecast.track.backtest import MODELS, OURS, Design, Piece, backtest_folder, origins
    from forecast.track.references import demand_references

    if publish is not None and data is not None:
        raise click.UsageError("--publish is for the shipped data: it cannot go with --data")
    if references:
        demand_references()
    source = _source(data, exports, imports, language)
    design = Design(options["horizon"], options["draws"], options["seed"], drivers=data is None)
    starts = origins(source.trade, *_range(source.trade, first, last), options["every"])
    models = MODELS if references else (OURS,)
    pieces = [Piece(model, origin) for model in models for origin in starts]
    folder = backtest_folder(out, source.trade, design)
    _run(source.trade, pieces, design, folder, options["n_jobs"], force=options["force"])
    _show(source, pieces, design, folder, publish, language)


def _source(data: Path | None, exports: str, imports: str, language: Language) -> Source:
    if data is None:
        from forecast.observations.series import quarterly_trade

        return Source(quarterly_trade(), SHIPPED_UNIT, language.text("record.shipped"))
    from forecast.track.custom_trade import read_custom_trade, unit_of

    trade = read_custom_trade(data, exports, imports)
    return Source(
        trade,
        unit_of(data, exports, imports),
        language.text("record.custom", exports=exports, imports=imports, file=data.name),
    )


def _range(trade: QuarterlyTrade, first: int | None, last: int | None) -> tuple[int, int]:
    """First and last origin asked for, else the usual ones as far as the data allow."""
    from forecast.track.backtest import earliest_origin

    usual = max(parse_quarter(FIRST), earliest_origin(trade)), min(parse_quarter(LAST), trade.origin - 1)
    return usual[0] if first is None else first, usual[1] if last is None else last


def _run(
    trade: QuarterlyTrade, pieces: Sequence[Piece], design: Design, folder: Path, n_jobs: int, *, force: bool
) -> None:
    from forecast.track.backtest import clear, is_finished, run_backtest

    if force:
        clear(pieces, folder)
    with (
        counted_if_stopped(lambda: sum(is_finished(piece, folder) for piece in pieces), len(pieces), "fits"),
        progress_bar("backtest", len(pieces), "fits") as progress,
    ):
        run_backtest(trade, pieces, design, folder, n_jobs=n_jobs, progress=progress)


def _show(
    source: Source, pieces: Sequence[Piece], design: Design, folder: Path, publish: Path | None, language: Language
) -> None:
    from forecast.track.backtest import failures
    from forecast.track.record import scored

    scores = scored(pieces, folder, source.trade, design)
    _print_tables(source, scores, language)
    for piece, reason in failures(pieces, folder).items():
        print_line(language.text("record.left_out", model=piece.model, reason=reason))
    print_line(language.text("tables.stored", folder=folder))
    if publish is not None:
        from forecast.report.track import publish_record

        publish_record(publish, scores, pieces, folder, source.trade, design)
        print_line(language.text("record.published", folder=publish))


def _print_tables(source: Source, scores: Scores, language: Language) -> None:
    from forecast.report.track import answer, coverage_table, crps_table, years_table
    from forecast.track.record import SHOWN, strongest

    tables = [crps_table(scores, series, strongest(scores, series), language) for series in SHOWN]
    answer_with(language.text("record.title", title=source.title, unit=source.unit), *tables)
    answer_with(language.text("record.years"))
    if len(scores.models) > 1:
        answer_with(language.text("record.references"))
    answer_with("", coverage_table(scores, language), years_table(scores, language))
    answer_with("", answer(scores, source.unit, language))
