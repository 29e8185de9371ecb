"""The command line: one file a group of commands; every user error is one message and exit code 2."""

from __future__ import annotations

import sys

import click

from forecast import __version__
from forecast.cli.budget import budget
from forecast.cli.check import check
from forecast.cli.compare import compare
from forecast.cli.elicit import elicit
from forecast.cli.evidence import fit, history
from forecast.cli.explain import explain
from forecast.cli.induced import induced
from forecast.cli.ledger import ledger
from forecast.cli.pages import explore, report
from forecast.cli.runs import list_runs, run
from forecast.cli.track import backtest
from forecast.cli.validate import validate
from forecast.cli.writing import new, schema
from forecast.errors import ForecastError

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
