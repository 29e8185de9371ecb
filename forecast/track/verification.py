"""Whether what is stored is as it was stored, and comes out so again: runs, entries of a ledger, posteriors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from forecast.errors import DataError, ForecastError, LedgerError, PosteriorError, RunError, listed, shortened
from forecast.models.posterior import stored_digest
from forecast.observations.tables import data_digest
from forecast.observations.vintage import vintage
from forecast.results.crate import beyond_comparison, is_crate, not_given_again, opened_crate
from forecast.results.manifest import (
    DRAWS,
    MANIFEST,
    RUN_FILES,
    SCENARIO,
    demand_no_further,
    demand_no_links,
    holds_run,
)
from forecast.results.rerun import Again, Rerun, foreign, made_again, manifest_faults, stored_again, told_otherwise
from forecast.results.results import read_results
from forecast.results.run import Request, requested, settings_of
from forecast.scenario.mixture import dump_any
from forecast.storage.code_digests import code_digest
from forecast.storage.files import scratch_folder, text_bytes, write_text, writing
from forecast.storage.netcdf import DamagedFileError, demand_harmless, is_netcdf, is_sealed
from forecast.storage.places import folders, names_in
from forecast.track.ledger import (
    ENTRY,
    FILES,
    POSTERIORS,
    QUANTILES,
    TRADE,
    Entry,
    demand_posterior,
    entry_folders,
    is_entry,
    posterior_path,
    read_entry,
    write_trade,
)
from forecast.track.targets import DECIMALS, run_predictions, write_predictions


@dataclass(frozen=True, slots=True)
class Verification:
    """One thing that is stored.

    Attributes:
        place: its folder or file.
        fault: every file that was changed, is missing or comes out otherwise, in words; empty where it is whole.
        rerun: what came of making it again; None of a posterior, which a fit makes, and of what is damaged.
        sealed: whether every byte is covered by a digest, as it is not of posteriors stored by earlier versions.
        unseen: names in `place` of what was not looked at: in a folder what is neither a run, an entry nor a posterior,
            in an exported run what another version may write otherwise.
        whole: whether anything but that is to be said.
    """

    place: Path
    fault: str = ""
    rerun: Rerun | None = None
    sealed: bool = True
    unseen: tuple[str, ...] = ()
    whole: bool = True


_Check = Callable[[Again], Verification]


def verifications(place: Path, again: Again) -> Iterator[Verification]:
    """Everything that is stored at a place: a run, an entry of a ledger, a posterior, or a folder of such.

    Raises:
        RunError: nothing is stored there.
    """
    checks = [*_checks(place)]
    if not checks:
        raise RunError(
            f"{place}: holds nothing to verify; expected a run, an entry of a ledger or a posterior; comparisons, "
            "sweeps and budgets have no digests, and the commands that made them make them again"
        )
    for found, check in checks:
        try:
            yield check(again)
        except ForecastError as error:
            yield Verification(found, str(error))


def _checks(place: Path, depth: int = 3) -> Iterator[tuple[Path, _Check]]:
    """What is stored at a place and below, and what verifies it or refuses it if it is damaged."""
    if place.is_file():
        yield place, partial(_verified_crate if is_crate(place) else _verified_posterior, place)
    elif is_entry(place):
        yield from _entry_checks(place)
    elif holds_run(place):
        yield place, partial(verified_run, place)
        yield from _unseen(place, (name for name in names_in(place) if name not in RUN_FILES))
    else:
        yield from _checks_below(place, depth)


def _checks_below(place: Path, depth: int) -> Iterator[tuple[Path, _Check]]:
    """What verifies all that lies in a folder, and a word on what lies beside it."""
    checks = [*_ledger_checks(place)]  # a ledger and runs may lie in one folder
    looked_at = {folder for found, _ in checks for folder in (found, found.parent)}
    for folder in folders(place) if depth else ():
        if folder not in looked_at and (inside := [*_checks(folder, depth - 1)]):
            checks += inside
            looked_at.add(folder)
    yield from checks
    if checks:
        yield from _unseen(place, (name for name in names_in(place) if place / name not in looked_at))


def _unseen(folder: Path, names: Iterable[str]) -> Iterator[tuple[Path, _Check]]:
    if there := tuple(names):
        yield folder, lambda again: Verification(folder, unseen=there, whole=False)


def _ledger_checks(ledger: Path) -> Iterator[tuple[Path, _Check]]:
    for folder in entry_folders(ledger):
        yield from _entry_checks(folder)
    names = names_in(ledger / POSTERIORS)
    posteriors = [name for name in names if name.endswith(".nc")]
    for file in (ledger / POSTERIORS / name for name in posteriors):
        yield file, partial(_verified_posterior, file, ledger=ledger)
    if posteriors:
        yield from _unseen(ledger / POSTERIORS, (name for name in names if name not in posteriors))


def _entry_checks(folder: Path) -> Iterator[tuple[Path, _Check]]:
    yield folder, partial(_verified_entry, folder)
    yield from _unseen(folder, (name for name in names_in(folder) if name not in (ENTRY, *FILES)))


def _verified_crate(file: Path, again: Again) -> Verification:
    with opened_crate(file) as crate:
        unseen = beyond_comparison(crate)
        verified = verified_run(crate.results.folder, replace(again, posterior=crate.posterior or again.posterior))
        faults = [*filter(None, [verified.fault.removeprefix(f"{crate.folder}/")])]
        faults += not_given_again(crate, again.page(crate.results))
    if crate.posterior is None and again.posterior is None and verified.rerun is not None:
        verified = replace(verified, rerun=Rerun(obstacle="models"))
    return replace(verified, place=file, fault=f"{file}: {'; '.join(faults)}" if faults else "", unseen=unseen)


def _verified_posterior(file: Path, _again: Again, ledger: Path | None = None) -> Verification:
    if file.suffix != ".nc" and not is_netcdf(file):
        raise RunError(
            f"{file}: got a file of another kind, expected a run, an exported run (.zip), an entry of a ledger or the "
            "file of a posterior (.nc)"
        )
    if ledger is not None:
        _demand_no_link(file)
    _demand_harmless(file)
    if ledger is None:
        stored_digest(file)
    else:
        demand_posterior(ledger, file.stem)
    return Verification(file, sealed=is_sealed(file))


def verified_run(folder: Path, again: Again) -> Verification:
    """A run that is as it was stored, made again as asked.

    Raises:
        DamagedRunError: it is not, or something lies in its folder under a name of its files that is none of them.
    """
    demand_no_links(folder)
    results = read_results(folder)
    assert results is not None
    demand_no_further(folder, results.manifest)
    if DRAWS in results.manifest["files"]:
        _demand_harmless(folder / DRAWS)
    with _unlikely(folder):
        return _judged(folder, made_again(results, again) if again.n_blocks != 0 else None)


@contextmanager
def _unlikely(place: Path) -> Iterator[None]:
    """Turn what the engine says of a run that no command stored into one message.

    Raises:
        RunError: it cannot be made again.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, DataError, LookupError, TypeError, ValueError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise RunError(f"{place}: cannot be made again ({type(error).__name__}: {shortened(reason)})") from error


def _demand_harmless(path: Path) -> None:
    try:
        demand_harmless(path)
    except DamagedFileError as error:
        raise RunError(f"{path}: {error}") from error


def _judged(place: Path, rerun: Rerun | None) -> Verification:
    faults = () if rerun is None else rerun.faults
    return Verification(place, f"{place}: {'; '.join(faults)}" if faults else "", rerun)


def _verified_entry(folder: Path, again: Again) -> Verification:
    demand_no_links(folder)
    entry = read_entry(folder)
    name = str(entry.head["posterior"])
    _demand_no_link(posterior_path(folder.parent, name))
    demand_posterior(folder.parent, name)
    with _unlikely(folder), scratch_folder() as scratch:
        if faults := [*_written_otherwise(entry, scratch)]:
            return _judged(folder, Rerun(faults=tuple(faults)))
        return _judged(folder, _entry_again(entry, again, scratch) if again.n_blocks != 0 else None)


def _demand_no_link(file: Path) -> None:
    """Refuse a link in place of a file of a ledger.

    Raises:
        LedgerError: it is one.
    """
    if file.is_symlink():
        raise LedgerError(f"{file}: got a link, expected the file itself")


def _written_otherwise(entry: Entry, scratch: Path) -> Iterator[str]:
    """Files of an entry that come out otherwise when what they hold is written again, a sentence each.

    Of the trade what the data hold, where they are installed; other code may write scenarios otherwise.
    """
    digests = entry.manifest["digests"]
    has_data, has_code = digests["data"] == data_digest(), digests["code"] == code_digest("numbers")
    with writing(scratch):
        write_predictions(scratch / QUANTILES, entry.predictions)
        write_trade(scratch / TRADE, vintage(entry.world.as_of).trade if has_data else entry.trade)
        if has_code:
            write_text(scratch / SCENARIO, dump_any(entry.world))
    for name in names_in(scratch):
        if text_bytes(scratch / name) != text_bytes(entry.folder / name):
            whose = "the trade of its data" if has_data and name == TRADE else "its own content"
            yield f"{name}: comes out otherwise when {whose} is written again"


def _entry_again(entry: Entry, again: Again, scratch: Path) -> Rerun:
    """An entry that its scenario gives again; draws of it are not kept, so that all are made."""
    manifest = entry.manifest
    try:
        posterior = entry.posterior()
        request = requested(entry.world, settings_of(manifest), scratch, posterior, manifest["parameters"] == "prior")
    except PosteriorError:
        return Rerun(obstacle="models")
    if obstacle := foreign(manifest, request.manifest):
        return Rerun(obstacle=obstacle)
    same = manifest.get("platform") == request.manifest["platform"]
    n_blocks = -(-manifest["n_draws"] // manifest["block_size"])
    faults = [*manifest_faults(manifest, request, scratch)] or [*_otherwise(entry, request, again, scratch, same)]
    return Rerun(n_blocks, n_blocks, True, same, "", tuple(faults))


def _otherwise(entry: Entry, request: Request, again: Again, scratch: Path, same: bool) -> Iterator[str]:
    """What of an entry comes out otherwise: its quantiles, and what its manifest says of its run."""
    run = stored_again(request, settings_of(entry.manifest), again.n_jobs)
    yield from told_otherwise(entry.manifest, run.manifest, same)
    files = run.manifest["files"].items()
    if other := [name for name, digest in files if same and entry.manifest["files"].get(name) != digest]:
        yield f"{MANIFEST}: got digests of {listed(other)} that are not those of its run"
    made = run_predictions(run)
    if made.keys() != entry.predictions.keys():
        yield f"{QUANTILES}: holds other targets than its scenario has"
        return
    with writing(scratch):
        write_predictions(scratch / QUANTILES, made)
    size = max(np.abs(made[target] - values).max() for target, values in entry.predictions.items())
    is_other = text_bytes(scratch / QUANTILES) != text_bytes(entry.folder / QUANTILES)
    if is_other if same else size > 1.5 / 10**DECIMALS:
        yield f"{QUANTILES}: comes out otherwise when the scenario is run again"
