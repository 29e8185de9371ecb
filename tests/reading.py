"""One stored thing read in every way there is, and what that took: for a process of its own, which may end badly."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner
from validation import forget_peak, peak, processor_time

from forecast.cli import cli
from forecast.errors import ForecastError
from forecast.models.posterior import frozen_posterior
from forecast.results.archive import load_results
from forecast.storage import netcdf
from forecast.storage.files import file_digest
from forecast.track import verification
from forecast.track.custom_trade import read_custom_trade
from forecast.track.ledger import read_entry


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading came to.

    Attributes:
        crash: an exception that is none of ours; empty where there was none.
        refusal: what it was refused with; empty where it was read.
        seconds: processor time.
        peak: megabytes this process has held at most meanwhile.
    """

    crash: str
    refusal: str
    seconds: float
    peak: float


def reading(kind: str, path: str) -> Reading:
    """Read a `run`, an `entry` of a ledger, a `posterior` or a table of `trade`."""
    forget_peak()
    start, crash, refusal = processor_time(), "", ""
    try:
        read = {"run": _read_run, "entry": _read_entry, "posterior": frozen_posterior, "trade": _read_trade}
        read[kind](path)
    except ForecastError as error:
        refusal = str(error)
    except Exception as error:
        crash = repr(error)
    return Reading(crash, refusal, processor_time() - start, peak())


_harmless: set[str] = set()
"""Digests of files that did no harm to the process that read them first."""


def _demand_harmless(path: Path) -> None:
    """As `verify` does, but once for one content: most files that are read here are as they were made."""
    content = file_digest(path) if path.is_file() and path.stat().st_size < 2**24 else ""
    if content not in _harmless:
        netcdf.demand_harmless(path)
        if content:
            _harmless.add(content)


def _read_run(path: str) -> None:
    folder = Path(path)
    with chdir(folder.parents[2]), patch.object(verification, "demand_harmless", _demand_harmless):
        for arguments in (["list"], ["verify", "results"]):
            _ask(arguments)
    results = load_results(folder)
    for part in ("statistics", "summary", "quarters", "branches", "draws"):
        getattr(results, part)
    results.kept("exports")
    with chdir(folder.parents[2]):
        _ask(["report", str(folder)])


def _read_entry(path: str) -> None:
    folder = Path(path)
    with chdir(folder.parents[1]):
        _ask(["ledger", "list", "--ledger", folder.parent.name])
    entry = read_entry(folder)
    for part in ("manifest", "predictions", "trade", "world"):
        getattr(entry, part)


def _ask(arguments: list[str]) -> None:
    """Ask a command, which may refuse but not break off."""
    done = CliRunner().invoke(cli, arguments)
    if not isinstance(done.exception, SystemExit | ForecastError | None):
        raise done.exception


def _read_trade(path: str) -> None:
    trade = read_custom_trade(Path(path), "exports", "imports")
    assert len(trade.exports) == len(trade.imports)
    assert (trade.exports > 0).all()
