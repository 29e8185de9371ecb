"""The command line: one file a group of commands; every user error is one message and exit code 2.

- `run`: run scenarios, list runs
- `analyse`: compare, budget, induced
- `scenario`: validate, explain, elicit, new, schema
- `fit`: history, fit, check
- `track`: backtest, ledger
- `report`: report, explore
- `process`: signals that end a command, and streams that cannot take every character
- `options`: options and the console that commands share
"""

from __future__ import annotations

import os
import sys
from errno import EIO, ENOSPC

import click

from forecast import __version__
from forecast.cli.analyse import budget, compare, induced
from forecast.cli.fit import check, fit, history
from forecast.cli.process import ended_like_ctrl_c, exit_code, plain_where_needed
from forecast.cli.report import explore, report
from forecast.cli.run import list_runs, run
from forecast.cli.scenario import elicit, explain, new, schema, validate
from forecast.cli.track import backtest, ledger
from forecast.errors import ForecastError


def main() -> None:
    """Entry point of the `forecast` command."""
    plain_where_needed()
    with ended_like_ctrl_c():
        sys.exit(_exit_code())


def _exit_code() -> int:
    """Run the command that the arguments name; an error is one message and 2, a stop 128 and the signal's number."""
    try:
        code = cli.main(standalone_mode=False) or 0
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ForecastError as error:
        click.echo(f"error: {error}", err=True)
        return 2
    except (KeyboardInterrupt, click.Abort) as stop:
        click.echo("stopped: nothing was stored", err=True)
        return exit_code(stop)
    except OSError as error:
        if error.errno not in (ENOSPC, EIO):
            raise
        click.echo(f"error: standard output cannot be written ({error.strerror})", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of it is not tried again at exit
        return 2
    return int(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="forecast")
def cli() -> None:
    """Forecast Korea's goods surplus with the US under factory announcements, as a probability distribution."""


_COMMANDS = (
    run,
    compare,
    list_runs,
    history,
    induced,
    budget,
    fit,
    explain,
    elicit,
    check,
    backtest,
    ledger,
    new,
    validate,
    schema,
    report,
    explore,
)

for _command in _COMMANDS:
    cli.add_command(_command)
