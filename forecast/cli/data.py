"""Commands on data: what is held and due, and what files of agencies add to it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.options import answer_with, data_dir_option, echo, language_option, print_line, warn
from forecast.cli.places import FilePath

if TYPE_CHECKING:
    from forecast.report.i18n import Language


def _published(_context: click.Context, _option: click.Parameter, text: str | None) -> dt.date:
    """Check of the day on which files were published."""
    today = dt.datetime.now().astimezone().date()
    if text is None:
        return today
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"got {text!r}, expected a day such as 2026-11-05") from None
    if day > today:
        raise click.BadParameter(f"got {text}, expected a day up to today, {today}")
    return day


@click.group(invoke_without_command=True)
@data_dir_option
@language_option
@click.pass_context
def data(context: click.Context, language: Language) -> None:
    """Show what data are held and what is due, and add files of agencies to them."""
    if context.invoked_subcommand is None:
        context.invoke(list_data, language=language)


@data.command(name="list")
@data_dir_option
@language_option
def list_data(language: Language) -> None:
    """Show every series: basis, unit, months, vintage, source, what is due next, and what of it is yours."""
    from forecast.observations.holdings import holdings
    from forecast.observations.user_data import stored_vintages, user_folder
    from forecast.report.data import holdings_table, vintages_table

    answer_with(holdings_table(holdings(), language))
    own = stored_vintages()
    if own:
        answer_with(vintages_table(own, language))
    print_line(language.text("data.place" if own else "data.none", folder=user_folder()))


@data.command()
@click.argument("series")
@data_dir_option
@language_option
def show(series: str, language: Language) -> None:
    """Show every figure of SERIES with its vintage and source."""
    from forecast.observations.holdings import held_series
    from forecast.report.data import series_table

    answer_with(*(series_table(one, language) for one in held_series(series)))


@data.command()
@click.argument("files", nargs=-1, required=True, type=FilePath(), metavar="FILE...")
@click.option("--dry-run", is_flag=True, help="Show what the files bring, and store nothing.")
@click.option(
    "--published",
    metavar="DAY",
    callback=_published,
    help="Day on which the files were published, such as 2026-11-05; today by default.",
)
@data_dir_option
@language_option
@click.pass_context
def add(context: click.Context, files: tuple[Path, ...], dry_run: bool, published: dt.date, language: Language) -> None:
    """Add FILEs of agencies, all or none: they are recognised by what stands in them.

    Read are US Census country.xlsx, enduse_imports.xlsx and FT-900 Exhibit 14, tables of Korean customs (KCS, KITA) by
    country and by item, CSV files of FRED, an export of the Bank of Korea's ECOS, and a plain CSV file with columns
    series,date,value,unit. Ends with code 2 and stores nothing if any cell is refused.
    """
    from forecast.observations.additions import proposal
    from forecast.report.data import addition_parts

    found = proposal(files, published)
    answer_with(*addition_parts(found, language))
    for remark in found.remarks:
        warn(remark)
    for problem in found.problems:
        echo(f"error: {problem}", err=True)
    if found.problems:
        echo("nothing was stored", err=True)
        context.exit(2)
    if dry_run or not found.tables:
        print_line(language.text("data.dry_run" if dry_run else "data.nothing_new"))
        return
    name = found.store(dt.datetime.now().astimezone().date())
    print_line(language.text("data.stored", name=name))
    answer_with(language.text("data.teaches" if found.teaches else "data.teaches_nothing"))


@data.command()
@click.argument("vintage")
@data_dir_option
@language_option
def remove(vintage: str, language: Language) -> None:
    """Remove VINTAGE, the newest of your own; what it revised is as it was before."""
    from forecast.observations.user_data import remove_vintage

    remove_vintage(vintage)
    print_line(language.text("data.removed", name=vintage))
