"""The command line: one file a group of commands; every user error is one message and exit code 2.

- `run`: run scenarios, list, verify and export runs
- `analyse`: compare, budget, breakeven, induced
- `sweep`: sweep
- `scenario`: validate, explain, elicit, schema
- `announcements`: announcements, and new, which starts a scenario from one or from a table
- `data`: data
- `fit`: history, fit, check
- `track`: backtest, ledger
- `report`: report, explore, cite
- `process`: signals that end a command, threads of linear algebra, streams that cannot take every character
- `references`: scenarios and runs as a user refers to them
- `places`: folders and files that options name
- `options`: options and printing that commands share
- `progress`: how far a command has come
- `console`: the terminal, which no text of a file steers
"""

from __future__ import annotations

import csv
import os
import sys
from errno import EIO, ENOSPC
from importlib import import_module
from importlib.resources import files
from io import StringIO
from typing import TYPE_CHECKING, NoReturn

import click

from forecast import __version__
from forecast.cli.options import data_dir_option, echo
from forecast.cli.process import (
    collect_rarely,
    ended_like_ctrl_c,
    exit_code,
    folder_is_gone,
    leave_plugins_out,
    limit_blas_threads,
    plain_where_needed,
)
from forecast.errors import ForecastError, WorkersError, in_one_line, shortened
from forecast.storage.files import sweep_scratch
from forecast.storage.stops import storage_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from forecast.cli.process import Stops


def main() -> None:
    """Run the command that the arguments name, and exit with its code; signals are then what they were before."""
    with ended_like_ctrl_c() as stops:
        run_and_exit(stops)


def run_and_exit(stops: Stops) -> NoReturn:
    """Run the command that the arguments name, and exit with its code; once it is known no stop changes it."""
    collect_rarely()
    plain_where_needed()
    limit_blas_threads()
    leave_plugins_out()
    code = _exit_code(stops)
    if code:  # workers that were ended in the middle of their work have cleared nothing away
        sweep_scratch()
    sys.exit(code)


def _called(stops: Stops) -> int:
    """Run the command; a stop that a library made an error of its own of, as pydantic does, is a stop again."""
    try:
        code = cli.main(prog_name="forecast", standalone_mode=False) or 0
        sys.stdout.flush()
    except Exception as error:
        if (stop := _stop_behind(error)) is not None:
            raise stop from None
        # click's name for a file that ends early too
        if isinstance(error, click.Abort) and error.__cause__ is not None:
            raise error.__cause__ from None
        raise
    finally:
        stops.heard()
    return int(code)


def _stop_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The stop in the handling of which an error came up, however far back; None where there was none."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    return next((one for one in chain if isinstance(one, KeyboardInterrupt)), None)


_MOST_NAMED = 3
"""Files and folders that a stopped command names."""


_NOTHING = "nothing was stored"
"""Said of work that was stopped, or lost its workers; that an error stores nothing goes without saying."""


def _left(end: BaseException, stored: Sequence[Path]) -> str:
    """What is stored of work that did not come to its end, and how it goes on; empty where there is neither."""
    notes = getattr(end, "__notes__", [])
    if not stored:
        return "; ".join(notes)
    names, more = ", ".join(map(str, stored[:_MOST_NAMED])), len(stored) - _MOST_NAMED
    words = f"{names} and {more:,} more are stored" if more > 0 else f"{names} {'are' if stored[1:] else 'is'} stored"
    return "; ".join([words, *notes])


def _exit_code(stops: Stops) -> int:
    """Run the command that the arguments name; an error is one message and 2, a stop 128 and the signal's number."""
    with storage_record() as stored:
        return _ended(stops, stored)


def _ended(stops: Stops, stored: Callable[[], list[Path]]) -> int:
    """The same; `stored` says what the command has stored so far."""
    try:
        return _called(stops)
    except click.ClickException as error:
        message = StringIO()
        error.show(message)
        echo(message.getvalue(), err=True, nl=False)
        return error.exit_code
    except ForecastError as error:
        left = _left(error, stored()) or (_NOTHING if isinstance(error, WorkersError) else "")
        echo("; ".join(filter(None, (f"error: {error}", in_one_line(left)))), err=True)
        return 2
    except KeyboardInterrupt as stop:
        echo(in_one_line(f"stopped: {_left(stop, stored()) or _NOTHING}"), err=True)
        return exit_code(stop)
    except OSError as error:
        if not (words := _refusal(error)):
            raise
        echo(f"error: {words}", err=True)
        return 2


def _refusal(error: OSError) -> str:
    """What the system refused, in words; empty where it is nothing that a user could do about."""
    if error.filename is not None:
        return f"{shortened(str(error.filename))}: {error.strerror}"
    if error.errno in (ENOSPC, EIO):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the rest of it is not tried again at exit
        return f"standard output cannot be written ({error.strerror})"
    return "the folder in which this was called is gone; go to another" if folder_is_gone() else ""


_COMMANDS = {
    "announcements": ("announcements", "new"),
    "analyse": ("breakeven", "budget", "compare", "induced"),
    "data": ("data",),
    "fit": ("check", "fit", "history"),
    "report": ("cite", "explore", "report"),
    "run": ("export", "list", "run", "verify"),
    "scenario": ("elicit", "explain", "schema", "validate"),
    "sweep": ("sweep",),
    "track": ("backtest", "ledger"),
}
"""Commands by the file they stand in, which is imported when one of them is called."""


_ATTRIBUTES = {"list": "list_runs"}
"""Names in those files, where they are not the command's."""


class _Commands(click.Group):
    """The commands of `_COMMANDS`, each with the modules it needs and no others."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        return sorted(name for names in _COMMANDS.values() for name in names)

    def get_command(self, _context: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None where there is none."""
        file = next((file for file, names in _COMMANDS.items() if cmd_name in names), None)
        if file is None:
            return None
        attribute = _ATTRIBUTES.get(cmd_name, cmd_name)
        command: click.Command = getattr(import_module(f"forecast.cli.{file}"), attribute)
        return command


def _version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    """Version and vintage of the data, of which the shipped table of trade and heads of a user's vintages are read."""
    if not asked or context.resilient_parsing:
        return
    from forecast.observations.user_data import stored_vintages

    table = files("forecast") / "data" / "observations" / "trade_monthly.csv"
    header, *rows = csv.reader(table.read_text(encoding="utf-8").splitlines())
    last = dict(zip(header, rows[-1], strict=True))
    own = "".join(f"; data of your own added on {vintage.name}" for vintage in stored_vintages()[-1:])
    echo(f"forecast {__version__}, shipped data of {last['vintage']}: US Census trade to {last['month']}{own}")
    context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show version and data, and exit.",
)
@data_dir_option
def cli() -> None:
    """Forecast Korea's goods surplus with the US under factory announcements, as a probability distribution."""
