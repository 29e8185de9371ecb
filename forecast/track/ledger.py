"""The ledger: predictions frozen on the day they are made, so that they can be scored when their outcomes are known.

`<ledger>/<scenario>-<run>/` holds `entry.json` (when it was added, what it starts from, digests of its files and of
itself), `quantiles.csv` (99 quantiles of every year and near quarter), `scenario.yaml` (as resolved), `trade.csv` (the
trade it knew) and `manifest.json` (of the run). `<ledger>/posteriors/<digest>.nc` holds each posterior once. An entry
is written whole or not at all, and one that was changed since is refused.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from forecast.engine.simulate import KEEP_DRAWS
from forecast.errors import LedgerError, PosteriorError, ScenarioError, listed, shortened
from forecast.models.posterior import Posterior, frozen_posterior, save_posterior, stored_digest
from forecast.observations.series import QuarterlyTrade
from forecast.observations.tables import data_digest, of_other_data
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter, parse_quarter
from forecast.results.manifest import A_DAY, date_faults, day_stated, digest_faults, parsed_manifest, today
from forecast.results.results import Results
from forecast.scenario.mixture import AnyScenario, frozen_any
from forecast.storage.files import (
    demand_regular,
    digest,
    json_digest,
    json_text,
    new_folder,
    read_csv,
    sweep,
    text_bytes,
    write_csv,
    writing,
)
from forecast.storage.places import folders, names_of, unreadable
from forecast.track.targets import Predictions, read_predictions, run_predictions, write_predictions

ENTRY, QUANTILES, SCENARIO, TRADE, MANIFEST = (
    "entry.json", "quantiles.csv", "scenario.yaml", "trade.csv", "manifest.json",
)  # fmt: skip
POSTERIORS = "posteriors"

FILES = (QUANTILES, SCENARIO, TRADE, MANIFEST)
"""Names of the files of an entry beside its head, which holds their digests."""

_HEAD = ("added", "scenario", "run", "origin", "as_of", "posterior", "files", "content")

_RESTORE = "bring the original back"
_MOST_BYTES = 2**25
"""Size of a file of an entry at most; usual ones have a hundredth of it."""


@dataclass(frozen=True)
class Entry:
    """A frozen forecast, as `read_entry` finds it.

    Attributes:
        folder: where it lies.
        head: `entry.json`: `added`, `scenario`, `run`, `origin`, `as_of`, `posterior`, `files` and `content`.
    """

    folder: Path
    head: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Scenario and run."""
        return self.folder.name

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """Provenance of the run."""
        with _readable(self.folder / MANIFEST) as path:
            manifest = parsed_manifest(text_bytes(path))
            if manifest["n_draws"] > KEEP_DRAWS:
                raise ValueError(
                    f"n_draws: got {manifest['n_draws']}, expected at most the {KEEP_DRAWS:,} that are kept"
                )
            return manifest

    @cached_property
    def predictions(self) -> Predictions:
        """Quantiles by target."""
        with _readable(self.folder / QUANTILES) as path:
            return read_predictions(path)

    @cached_property
    def world(self) -> AnyScenario:
        """What was assumed."""
        with _readable(self.folder / SCENARIO) as path:
            return frozen_any(path)

    @cached_property
    def trade(self) -> QuarterlyTrade:
        """The trade that was known."""
        with _readable(self.folder / TRADE) as path:
            return _read_trade(path)

    def posterior(self) -> Posterior:
        """The parameters it was made with.

        Raises:
            PosteriorError: the file is damaged, or the installed models have other parameters.
            LedgerError: the file is not the one the entry names.
        """
        path = posterior_path(self.folder.parent, self.head["posterior"])
        if not path.exists():
            raise LedgerError(f"{path}: does not exist, but {self.name} was made with it; {_RESTORE}")
        posterior = frozen_posterior(path)
        if posterior.digest != self.head["posterior"]:
            raise LedgerError(f"{path}: got content {posterior.digest[:12]}, expected that of its name; {_RESTORE}")
        return posterior


def add_entry(results: Results, ledger: str | Path, posterior: Posterior) -> tuple[Entry, bool]:
    """Freeze a run in a ledger, or find it there; says whether it was there already.

    Raises:
        DamagedRunError: the draws of the run are not as they were stored.
        LedgerError: draws were not kept, data or posterior are not those of the run, or the ledger cannot be written
            or is damaged where the run needs it.
    """
    folder = Path(ledger) / f"{results.name}-{results.manifest['digest']}"
    if folder.exists():
        return _whole_entry(folder), True
    _demand_provenance(results, posterior)
    with writing(ledger, "choose another with --ledger", LedgerError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            with new_folder(folder) as unfinished:
                _write_entry(unfinished, results)
                _store_posterior(posterior, folder.parent)
        except FileExistsError:  # another process has added it in the meantime
            return _whole_entry(folder), True
    return read_entry(folder), False


def surveyed_entries(ledger: Path) -> tuple[list[Entry], list[LedgerError]]:
    """Entries of a ledger that are as they were added, oldest first, and what is wrong with others and posteriors."""
    sound: list[Entry] = []
    faults: list[LedgerError] = []
    for folder in entry_folders(ledger):
        try:
            sound.append(read_entry(folder))
        except LedgerError as error:
            faults.append(error)
    for name in sorted({str(entry.head["posterior"]) for entry in sound}):
        try:
            demand_posterior(ledger, name)
        except LedgerError as error:
            faults.append(error)
    return sorted(sound, key=_added), faults


def _added(entry: Entry) -> str:
    return str(entry.head["added"])


def entry_folders(ledger: Path) -> list[Path]:
    """Folders of a ledger that hold an entry, or what is left of one, or cannot be read; none where there is none."""
    sweep(ledger)
    return [place for place in folders(ledger) if is_entry(place) or (place.name != POSTERIORS and unreadable(place))]


def is_entry(folder: Path) -> bool:
    """Whether a folder holds an entry, or what is left of one."""
    return not unreadable(folder) and any((folder / name).exists() for name in (ENTRY, QUANTILES, TRADE))


def _whole_entry(folder: Path) -> Entry:
    entry = read_entry(folder)
    demand_posterior(folder.parent, str(entry.head["posterior"]))
    return entry


def read_entry(folder: Path) -> Entry:
    """An entry that is as it was when added, of which every file can be read and tells of the same run.

    Raises:
        LedgerError: it was changed since, or cannot be read; the message names every file that was.
    """
    if reason := unreadable(folder):
        raise LedgerError(f"{folder}: {reason}")
    if not (folder / ENTRY).exists():
        raise LedgerError(f"{folder / ENTRY}: is missing; {_RESTORE}")
    try:
        entry = Entry(folder, _head(folder / ENTRY))
        faults = list(_faults(entry))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        words = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise LedgerError(f"{folder / ENTRY}: cannot be read as an entry ({words}); {_RESTORE}") from error
    if faults:
        raise LedgerError(f"{'; '.join(faults)}; {_RESTORE}")
    return entry


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """Turn what readers say of a file that holds no part of an entry into one message.

    Raises:
        LedgerError: it holds none.
    """
    try:
        yield path
    except ScenarioError as error:
        raise LedgerError(f"{error}; {_RESTORE}") from error
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        words = {RecursionError: "it is nested too deeply", KeyError: f"got no {error}"}.get(type(error), str(error))
        raise LedgerError(f"{path}: cannot be read ({words}); {_RESTORE}") from error


def _head(path: Path) -> dict[str, Any]:
    """The head of an entry, of which every text is one.

    Raises:
        ValueError, LookupError, TypeError: it is none.
    """
    head = json.loads(_content_of(path))
    for key in _HEAD:
        if key != "files" and not isinstance(head[key], str):
            raise ValueError(f"{key}: got {shortened(str(head[key]))}, expected text")
    if further := [*(head.keys() - {*_HEAD}), *(head["files"].keys() - {*FILES})]:
        raise ValueError(f"got {shortened(listed(sorted(further)))}, which no entry says of itself")
    parse_quarter(head["origin"])
    day_stated(head["added"])
    return dict(head)


def _faults(entry: Entry) -> Iterator[str]:
    """What is wrong with an entry and its files, a sentence each."""
    folder, head = entry.folder, entry.head
    if head["content"] != _content(head) or _content_of(folder / ENTRY) != json_text(head).encode():
        yield f"{folder / ENTRY}: was changed since the entry was added"
    name = f"{head['scenario']}-{head['run']}"
    if name not in {own for _, own in names_of(folder)}:
        yield f"{folder}: holds entry {name}, expected in a folder of that name"
    changed = [*_changed(folder, head["files"])]
    yield from changed or _contradictions(entry)


def _changed(folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    for name in FILES:
        try:
            found = digest(_content_of(folder / name))
        except FileNotFoundError:
            yield f"{folder / name}: is missing"
        except OSError as error:
            yield f"{folder / name}: cannot be read ({error.strerror or error})"
        else:
            if found != files[name]:
                yield f"{folder / name}: was changed since the entry was added"


def _contradictions(entry: Entry) -> Iterator[str]:
    """What one file of an entry says of the run otherwise than another, and moments that cannot have followed so.

    Raises:
        LedgerError: one of them cannot be read.
    """
    manifest, trade, _ = entry.manifest, entry.trade, (entry.predictions, entry.world)
    yield from (f"{entry.folder}: {fault}" for fault in digest_faults(manifest))
    for key, value in _told_by(manifest).items():
        if entry.head[key] != value:
            got = shortened(entry.head[key])
            yield f"{entry.folder / ENTRY}: {key}: got {got}, expected {value}, as its run has it"
    newest = vintage().trade if manifest["digests"]["data"] == data_digest() else trade
    faults = _out_of_order(newest, manifest["created"], day_stated(entry.head["added"]))
    yield from (f"{entry.folder / ENTRY}: {fault}" for fault in faults)


def _told_by(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What the head of an entry says of its run."""
    return {
        "scenario": manifest["scenario"]["name"],
        "run": manifest["digest"],
        "origin": manifest["origin"],
        "as_of": manifest.get("as_of") or str(day_stated(manifest["created"])),
        "posterior": manifest["digests"]["posterior"],
    }


def _out_of_order(trade: QuarterlyTrade, created: str, added: dt.date) -> Iterator[str]:
    """What is wrong with the order of data, run and entry, a sentence each.

    Args:
        trade: the newest of it that the data of the run hold.
        created: when the run was made.
        added: when it was added to the ledger.
    """
    yield from date_faults(created, trade)
    made = day_stated(created)
    if made - added > A_DAY:
        yield f"added on {added}, before the run was made, on {made}"
    if added > today() + A_DAY:
        yield f"added on {added}, a day that is still to come"


def _content_of(path: Path) -> bytes:
    demand_regular(path, _MOST_BYTES)
    return text_bytes(path)


def posterior_path(ledger: Path, name: str) -> Path:
    """Where a ledger keeps the posterior of a digest."""
    return ledger / POSTERIORS / f"{name}.nc"


def demand_posterior(ledger: Path, name: str) -> None:
    """Refuse a posterior that is not the one entries were made with.

    Raises:
        LedgerError: it is damaged, another, or missing.
    """
    path = posterior_path(ledger, name)
    if reason := unreadable(path.parent):
        raise LedgerError(f"{path.parent}: {reason}")
    if not path.exists():
        raise LedgerError(f"{path}: is missing, but entries were made with it; {_RESTORE}")
    try:
        found = stored_digest(path)
    except PosteriorError as error:
        raise LedgerError(str(error)) from error
    if found != name:
        raise LedgerError(f"{path}: got content {found[:12]}, expected that of its name; {_RESTORE}")


def _demand_provenance(results: Results, posterior: Posterior) -> None:
    """An entry can be run again only with what the run was made with."""
    used = results.manifest["digests"]
    if results.manifest["quantiles"] != "exact":
        raise LedgerError(
            f"{results.folder}: got {results.manifest['n_draws']:,} draws, too many to be kept; run fewer"
        )
    if used["posterior"] != posterior.digest:
        raise LedgerError(
            f"{results.folder}: was made with posterior {used['posterior'][:12]}, got {posterior.digest[:12]}; "
            f"name the one it was made with by --posterior, or run the scenario again"
        )
    if used["data"] != data_digest():
        raise LedgerError(
            f"{results.folder}: {of_other_data(used['data'])}; a new run of the scenario is of those held here"
        )
    if faults := [*_out_of_order(vintage().trade, results.manifest["created"], today())]:
        raise LedgerError(
            f"{results.folder}: {'; '.join(faults)}; set the clock of this machine, and make a run of a wrong clock "
            "anew with --force"
        )


def _store_posterior(posterior: Posterior, ledger: Path) -> None:
    if posterior_path(ledger, posterior.digest).exists():
        demand_posterior(ledger, posterior.digest)
    else:
        save_posterior(posterior, posterior_path(ledger, posterior.digest))


def _write_entry(folder: Path, results: Results) -> None:
    for name in (SCENARIO, MANIFEST):
        (folder / name).write_bytes((results.folder / name).read_bytes())
    write_predictions(folder / QUANTILES, run_predictions(results))
    world = frozen_any(folder / SCENARIO)
    write_trade(folder / TRADE, vintage(world.as_of).trade)
    head: dict[str, Any] = {
        "added": datetime.now(UTC).isoformat(timespec="seconds"),
        **_told_by(results.manifest),
        "files": {name: digest(text_bytes(folder / name)) for name in FILES},
    }
    head["content"] = _content(head)
    (folder / ENTRY).write_bytes(json_text(head).encode())


def write_trade(path: Path, trade: QuarterlyTrade) -> None:
    """Quarters and later months, US Census basis, bn USD over the period, in full precision."""
    quarters = [format_quarter(trade.first_quarter + row) for row in range(len(trade.exports))]
    year, first = divmod(3 * (trade.origin + 1), 12)
    months = [f"{year}-{first + row + 1:02d}" for row in range(len(trade.later_exports))]
    flows = (np.concatenate([trade.exports, trade.later_exports]), np.concatenate([trade.imports, trade.later_imports]))
    rows = zip([*quarters, *months], *(map(repr, flow.tolist()) for flow in flows), strict=True)
    header = ("period", "exports", "imports", "unit", "basis")
    write_csv(path, header, ((*row, "bn USD", "us_census") for row in rows))


def _read_trade(path: Path) -> QuarterlyTrade:
    with path.open(encoding="utf-8", newline="") as file:
        rows = read_csv(file)
    n_quarters = sum("Q" in row["period"] for row in rows)
    flows = [np.array([float(row[flow]) for row in rows]) for flow in ("exports", "imports")]
    if not np.isfinite(flows).all():
        raise ValueError("got a value that is not finite")
    whole, later = ([flow[part] for flow in flows] for part in (slice(n_quarters), slice(n_quarters, None)))
    unknown = np.full((n_quarters, len(flows)), np.nan)
    return QuarterlyTrade(parse_quarter(rows[0]["period"]), "frozen", whole[0], whole[1], later[0], later[1], unknown)


def _content(head: Mapping[str, Any]) -> str:
    """Digest of an entry: its head, which holds the digests of its files."""
    return json_digest({name: value for name, value in head.items() if name != "content"})
