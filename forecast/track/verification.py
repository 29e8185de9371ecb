"""Whether what is stored is as it was stored: runs, entries of a ledger, posteriors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from forecast.errors import ForecastError, RunError
from forecast.models.posterior import stored_digest
from forecast.results.manifest import holds_run, read_manifest
from forecast.storage import folders
from forecast.track.ledger import POSTERIORS, demand_posterior, entry_folders, is_entry, read_entry


@dataclass(frozen=True, slots=True)
class Verification:
    """One thing that is stored.

    Attributes:
        place: its folder or file.
        fault: every file that was changed or is missing, in words; empty where it is whole.
    """

    place: Path
    fault: str


def verifications(place: Path) -> Iterator[Verification]:
    """Everything that is stored at a place: a run, an entry of a ledger, a posterior, or a folder of such.

    Raises:
        RunError: nothing is stored there.
    """
    checks = [*_checks(place)]
    if not checks:
        raise RunError(f"{place}: holds nothing to verify; expected a run, an entry of a ledger or a posterior")
    for found, check in checks:
        try:
            check()
        except ForecastError as error:
            yield Verification(found, str(error))
        else:
            yield Verification(found, "")


def _checks(place: Path, depth: int = 2) -> Iterator[tuple[Path, Callable[[], object]]]:
    """What is stored at a place and below, and what refuses it if it is damaged."""
    if place.is_file():
        yield place, partial(stored_digest, place)
    elif is_entry(place):
        yield from _entry_checks(place)
    elif entry_folders(place) or (place / POSTERIORS).is_dir():
        yield from _ledger_checks(place)
    elif holds_run(place):
        yield place, partial(read_manifest, place)
    elif depth:
        for folder in folders(place):
            yield from _checks(folder, depth - 1)


def _ledger_checks(ledger: Path) -> Iterator[tuple[Path, Callable[[], object]]]:
    for folder in entry_folders(ledger):
        yield from _entry_checks(folder)
    for file in sorted((ledger / POSTERIORS).glob("[!.]*.nc")):
        yield file, partial(demand_posterior, ledger, file.stem)


def _entry_checks(folder: Path) -> Iterator[tuple[Path, Callable[[], object]]]:
    yield folder, lambda: demand_posterior(folder.parent, str(read_entry(folder).head["posterior"]))
