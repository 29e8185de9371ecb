"""Commands on announcements: list those known, keep some of one's own, and start a scenario from one or a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forecast.cli.options import answer_with, language_option, print_line
from forecast.cli.places import FilePath
from forecast.errors import RunError, meant

if TYPE_CHECKING:
    from forecast.report.i18n import Language
    from forecast.scenario.own import Note, OwnAnnouncement

Command = TypeVar("Command", bound=Callable[..., Any])

_STATUSES = ("announced", "under construction", "operating", "paused", "cancelled")
"""`own.STAGES`, which would import the sectors for the help text."""

_FIELDS = {
    "company": "The investor.",
    "project": "What is built or bought.",
    "location": "Where, such as Clarksville TN.",
    "sector": "A sector, such as batteries.",
    "kind": "greenfield (by default), expansion or acquisition.",
    "amount": "Stated size in bn USD, partners' shares included.",
    "unit": "Unit of the amount: bn USD, or trillion won.",
    "announced": "Date of the announcement, such as 2026-10 or 2026Q4.",
    "construction-start": "Start of construction.",
    "production-start": "Planned or actual start of production.",
    "status": f"How far it was when last heard of: {', '.join(_STATUSES)}.",
    "status-date": "When that was.",
    "note": "Anything else worth keeping.",
}


def _take_file(_context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    """Have this process find the user's announcements in a file."""
    if path is not None:
        os.environ[_OWN_FILE] = str(path)


_OWN_FILE = "FORECAST_ANNOUNCEMENTS"
"""`own.ENVIRONMENT`, which would be imported for the help text."""

own_option = click.option(
    "--announcements",
    type=FilePath(dir_okay=False),
    expose_value=False,
    callback=_take_file,
    help="The file of your own announcements; FORECAST_ANNOUNCEMENTS says the same.",
)


def field_options(command: Command) -> Command:
    """An option for every field of an announcement, and one for its sources."""
    source = click.option("--source", "sources", multiple=True, metavar="TEXT", help="Where it was read; repeatable.")
    command = source(command)
    for name, text in reversed(_FIELDS.items()):
        command = click.option(f"--{name}", metavar="TEXT", help=text)(command)
    return command


def filter_options(command: Command) -> Command:
    """The options that choose among announcements."""
    filters = {
        "company": ("TEXT", "Only those of which the company holds this text."),
        "sector": ("NAME", "Only those of this sector, or mixed."),
        "state": ("NAME", "Only those in this US state, such as GA or Georgia."),
        "status": ("NAME", "Only those last reported in this state, such as delayed."),
    }
    for name, (metavar, text) in reversed(filters.items()):
        command = click.option(f"--{name}", metavar=metavar, help=text)(command)
    return command


@filter_options
@own_option
@language_option
def _show(id: str, language: Language, **filters: str | None) -> None:
    """Show one announcement whole, with every report and its source."""
    from forecast.report.announcements import announcement_sheet
    from forecast.scenario.library import announcement
    from forecast.scenario.own import read_own

    _demand_no_filter(id, filters)
    own = read_own()
    answer_with(*announcement_sheet(announcement(id, own), language, own.get(id)))


def _demand_no_filter(id: str, filters: Mapping[str, str | None]) -> None:
    if given := [f"--{name}" for name, value in filters.items() if value is not None]:
        raise click.UsageError(f"got {', '.join(given)} with {id}: a filter is of the list, not of one announcement")


class _WithIds(click.Group):
    """A group of which every other name is the id of an announcement to show."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; of an id the one that shows it."""
        found = super().get_command(ctx, cmd_name)
        if found is not None or cmd_name.startswith("-"):
            return found
        return click.command(name=cmd_name)(_with_id(cmd_name))


def _with_id(id: str) -> Callable[..., None]:
    def show(**options: Any) -> None:
        _show(id, **options)

    show.__doc__ = _show.__doc__
    show.__click_params__ = list(_show.__click_params__)  # type: ignore[attr-defined]
    return show


@click.group(cls=_WithIds, invoke_without_command=True, subcommand_metavar="[ID | COMMAND [ARGS]...]")
@filter_options
@own_option
@language_option
@click.pass_context
def announcements(context: click.Context, /, language: Language, **filters: str | None) -> None:
    """List the announcements of Korean investment in the US that are known, with those you keep yourself.

    With an ID, show that one whole, with every report and its source. `forecast new --from ID` starts a scenario from
    one.
    """
    if context.invoked_subcommand is not None:
        _demand_no_filter(context.invoked_subcommand, filters)
        return
    from forecast.report.announcements import announcement_table
    from forecast.scenario.library import chosen
    from forecast.scenario.own import read_own

    own = read_own()
    answer_with(announcement_table(chosen(**filters, own=own), language, own))


@announcements.command()
@click.argument("id")
@field_options
@own_option
@language_option
def add(id: str, language: Language, **stated: Any) -> None:
    """Keep an announcement of your own under ID; one of the shipped table with that id is laid over."""
    from forecast.scenario.own import own_place, read_own

    if id in read_own():
        raise RunError(f"got {id}, which {own_place()} holds already; `forecast announcements edit {id}` changes it")
    _keep(id, {}, stated, language)


@announcements.command()
@click.argument("id")
@field_options
@own_option
@language_option
def edit(id: str, language: Language, **stated: Any) -> None:
    """Change an announcement of your own; what is not stated stays, and an empty text removes it.

    One of the shipped table is copied first, with what a file of your own holds, so that your version lies over it.
    """
    from forecast.scenario.library import announcement
    from forecast.scenario.own import cells_of, copied, read_own

    if not any(value not in (None, ()) for value in stated.values()):
        raise click.UsageError(f"got nothing to change of {id}, expected an option such as --status operating")
    found = read_own().get(id)
    _keep(id, cells_of(found) if found else copied(announcement(id, read_own())), stated, language)


def _keep(id: str, before: Mapping[str, str], stated: Mapping[str, Any], language: Language) -> None:
    """Write a row of cells with what was stated on top, or say all that is wrong with it."""
    from forecast.scenario.own import own_of, own_place, read_own, row_faults, write_own

    given = {name: value for name, value in stated.items() if value not in (None, ())}
    given |= {"sources": "; ".join(given["sources"])} if "sources" in given else {}
    cells = {**before, **given, "id": id}
    if faults := row_faults(cells):
        raise RunError("\n".join(map(_of_option, faults)))
    write_own((read_own() | {id: own_of(cells)}).values())
    print_line(language.text("own.kept", id=id, file=own_place()))


def _of_option(fault: str) -> str:
    column, _, rest = fault.partition(":")
    option = {"id": "ID", "sources": "--source"}.get(column, f"--{column.replace('_', '-')}")
    return f"{option}:{rest}"


@announcements.command()
@click.argument("id")
@own_option
@language_option
def remove(id: str, language: Language) -> None:
    """Drop an announcement of your own; one of the shipped table that it lay over counts again."""
    from forecast.scenario.own import own_place, read_own, write_own

    own = read_own()
    if id not in own:
        held = meant(id, own) if own else "it holds none"
        raise RunError(f"got {id}, expected the id of an announcement in {own_place()}; {held}")
    write_own((row for name, row in own.items() if name != id))
    print_line(language.text("own.removed", id=id, file=own_place()))


@click.command()
@click.argument("name", required=False, metavar="[NAME|FILE]")
@click.option("--from", "announcement", metavar="ID", help="Start from this announcement, as it is known.")
@click.option(
    "--from-table",
    "table",
    metavar="CSV",
    type=FilePath(),
    help="Start from all plants of a table, such as a tracker publishes.",
)
@click.option(
    "--mapping",
    metavar="YAML",
    type=FilePath(),
    help="How the columns and words of that table are read.",
)
@own_option
@language_option
def new(
    name: str | None,
    announcement: str | None,
    table: Path | None,
    mapping: Path | None,
    language: Language,
) -> None:
    """Write a commented scenario to start from; it is valid and runs. A file that is there is left as it is."""
    from forecast.observations.vintage import vintage
    from forecast.scenario.own import read_own
    from forecast.scenario.validation import new_scenario

    if table is not None and announcement is not None:
        raise click.UsageError(f"got --from {announcement} and --from-table {table}, expected one of them")
    if mapping is not None and table is None:
        raise click.UsageError(f"--mapping: got {mapping} without --from-table, which it is an option of")
    origin = vintage().trade.origin
    if table is not None:
        path = _written(name, _table_start(table, mapping, language), origin, language)
    elif announcement is not None and (own := read_own().get(announcement)):
        path = _written(name, _own_start(own), origin, language)
    else:
        path = new_scenario(name, origin, announcement)
    print_line(language.text("own.written", path=path))


@dataclass(frozen=True, slots=True)
class _Start:
    """Announcements that a scenario starts from: the rows, where they come from, and what was said of them so far."""

    rows: Sequence[OwnAnnouncement]
    usual: str
    title: str
    table: str
    notes: Sequence[Note] = ()
    coefficients: Mapping[str, str] = field(default_factory=dict)


def _table_start(table: Path, mapping: Path | None, language: Language) -> _Start:
    from forecast.scenario.tracker import read_mapping, tracked

    mapped = None if mapping is None else read_mapping(mapping)
    rows, notes = tracked(table, mapped)
    title = (mapped.title if mapped else "") or language.text("own.title", table=table.name)
    return _Start(rows, table.stem, title, table.name, notes)


def _own_start(row: OwnAnnouncement) -> _Start:
    """Of one announcement; where it lies over the table, with the coefficients that a shipped scenario states of it."""
    from forecast.scenario.library import stated_coefficients
    from forecast.scenario.own import own_place

    return _Start([row], row.id, row.project, own_place().name, coefficients={row.id: stated_coefficients(row.id)})


def _written(name: str | None, start: _Start, origin: int, language: Language) -> Path:
    """Write a scenario of announcements, and say what was filled in or left out."""
    from forecast.report.announcements import note_words
    from forecast.scenario.tracker import own_scenario
    from forecast.scenario.validation import new_file

    text_of, filled = own_scenario(start.rows, origin, start.table, start.title, start.coefficients)
    path = new_file(name, start.usual, text_of)
    answer_with(*(f"{paragraph}\n" for paragraph in note_words([*start.notes, *filled], language)))
    return path
