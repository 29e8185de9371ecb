"""The command line: one file a group of commands; every user error is one message and exit code 2.

- `run`: run scenarios, list runs
- `analyse`: compare, budget, induced
- `scenario`: validate, explain, elicit, new, schema
- `fit`: history, fit, check
- `track`: backtest, ledger
- `report`: report, explore
- `options`: options and the console that commands share
"""

from __future__ import annotations

import sys

import click

from forecast import __version__
from forecast.cli.analyse import budget, compare, induced
from forecast.cli.fit import check, fit, history
from forecast.cli.report import explore, report
from forecast.cli.run import list_runs, run
from forecast.cli.scenario import elicit, explain, new, schema, validate
from forecast.cli.track import backtest, ledger
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
