"""The manifest of a run: what made it, when and on what platform, and a digest of each of its files.

A manifest may come from a stranger, or from a disk that failed. It is believed if all it should say is there and of its
kind and nothing else is, and a run if it goes by the digest that its manifest amounts to and its files are those that
the manifest names, so that whatever happened to a folder is noticed wherever it is read.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from importlib.metadata import version
from pathlib import Path
from platform import machine, python_version, system
from typing import Any, get_args

import numpy as np

from forecast.catalogue import Wording, worded
from forecast.dims import ALL_SERIES, BASES, MOST_DRAWS, MOST_SEED
from forecast.errors import DamagedRunError, RunError, listed, shortened
from forecast.observations.series import QuarterlyTrade, census_due
from forecast.observations.vintage import FIRST_DAY
from forecast.quarters import parse_quarter
from forecast.stats.streams import Scheme
from forecast.storage.files import demand_regular, file_digest, json_digest, json_text, write_text
from forecast.storage.netcdf import DamagedFileError
from forecast.storage.places import names_in, names_of, unreadable

MANIFEST, SUMMARY, QUARTERS, DRAWS = "manifest.json", "summary.csv", "quarters.csv", "draws.nc"
SCENARIO, BRANCHES = "scenario.yaml", "branches.csv"

CHARTS = {"en": "fan.png", "ko": "fan.ko.png"}
"""Pictures of a run by the code of their language."""

MOST_BYTES = {MANIFEST: 2**20, DRAWS: 2**30}
"""Sizes of files at most; of those not named here `USUAL_BYTES`."""

USUAL_BYTES = 2**27

_ALWAYS = frozenset({SUMMARY, QUARTERS, SCENARIO})
_FILES = _ALWAYS | {DRAWS, BRANCHES, *CHARTS.values()}
RUN_FILES = _FILES | {MANIFEST}
"""Names of files that belong to a run; whatever else lies in its folder stays there when the run is made anew."""

_SETTINGS = ("parameters", "n_draws", "seed", "scheme", "block_size")

REMEDY = worded("warnings.damage.remedy")


def run_digest(manifest: Mapping[str, Any]) -> str:
    """The digest by which a run goes: of scenario, data, posterior, code and settings, as its manifest has them."""
    settings = {key: manifest[key] for key in _SETTINGS}
    return json_digest({"scenario": manifest["scenario"]["digest"], **manifest["digests"], **settings})[:12]


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest of a run whose other files are complete, and give it back with their digests.

    Raises:
        OSError: it cannot be written.
    """
    there = [name for name in _FILES if (folder / name).exists()]
    return _with_files(folder, manifest, {name: file_digest(folder / name) for name in there})


def add_charts(folder: Path, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name the pictures of a run that lie in its folder in its manifest, and give that back; other files as they were.

    Two languages may be asked for at once, each by a process that knows of its own: what the other has added in the
    meantime is named too.

    Raises:
        OSError: it cannot be written.
    """
    while there := {name for name in CHARTS.values() if (folder / name).exists()} - manifest["files"].keys():
        files = manifest["files"] | {name: file_digest(folder / name) for name in there}
        manifest = _with_files(folder, manifest, files)
    return manifest


def _with_files(folder: Path, manifest: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    whole = {key: value for key, value in manifest.items() if key != "content"} | {"files": dict(sorted(files.items()))}
    whole["content"] = json_digest(whole)
    write_text(folder / MANIFEST, json_text(whole))
    return whole


def platform_facts() -> dict[str, Any]:
    """What the last bits of a number depend on beside code and data.

    Instructions are those that numpy finds in the processor: it sums in steps as wide as they are.
    """
    built: Any = np.show_config(mode="dicts")
    blas, simd = built["Build Dependencies"]["blas"], built["SIMD Extensions"]
    return {
        "machine": machine(),
        "system": system(),
        "python": python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "instructions": sorted({*simd.get("baseline", ()), *simd.get("found", ())}),
        "blas": f"{blas['name']} {blas['version']}",
    }


def holds_run(folder: Path) -> bool:
    """Whether a folder holds a run, or what is left of one; one that cannot be looked into may."""
    return bool(unreadable(folder)) or any((folder / name).exists() for name in (MANIFEST, SUMMARY, QUARTERS, DRAWS))


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of the run in a folder, all of whose files are as they were stored; None where there is no run.

    Raises:
        DamagedRunError: a file was changed or is missing, or the run lies in the folder of another.
    """
    if not holds_run(folder):
        return None
    if reason := unreadable(folder):
        raise DamagedRunError(f"{folder}: {reason}")
    if not (folder / MANIFEST).exists():
        raise DamagedRunError(damage(folder, worded("warnings.damage.missing", name=MANIFEST)))
    try:
        demand_regular(folder / MANIFEST, MOST_BYTES[MANIFEST])
        manifest = parsed_manifest((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        fault = worded("warnings.damage.damaged", name=MANIFEST, why=_line(error))
        raise DamagedRunError(damage(folder, fault)) from error
    faults = [*_misplaced(folder, manifest), *_changed(folder, manifest["files"])]
    if faults:
        raise DamagedRunError(damage(folder, *faults))
    return manifest


def damage(place: Path, *faults: Wording) -> Wording:
    """That a folder or file of a run is not as it was stored, and what makes it anew."""
    said = reduce(lambda before, fault: worded("warnings.damage.and", first=before, second=fault), faults)
    return worded("warnings.damage.run", place=place, faults=said, remedy=REMEDY)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what readers say of a file that is no file of a run into one message.

    Raises:
        DamagedRunError: it is none.
        RunError: its folder is not there, as where a relative one is looked for from another place.
    """
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, OverflowError, DamagedFileError) as error:
        if not path.parent.exists():
            raise RunError(f"{path.parent}: no such folder, as seen from {Path.cwd()}") from error
        fault = worded("warnings.damage.cannot_be_read", why=str(error).splitlines()[0])
        raise DamagedRunError(damage(path, fault)) from error


def parsed_manifest(content: bytes) -> dict[str, Any]:
    """A manifest that says all it should.

    Raises:
        ValueError: it is none.
    """
    text = content.decode()
    manifest = json.loads(text)
    if not isinstance(manifest, dict):
        raise ValueError(f"got {type(manifest).__name__}, expected a mapping")
    if "files" not in manifest:
        raise ValueError("it was stored by an earlier version, which kept no digests of files")
    _demand_form(manifest)
    expected = json_digest({key: value for key, value in manifest.items() if key != "content"})
    if manifest["content"] != expected or text != json_text(manifest):
        raise ValueError("it was changed since the run was stored")
    if further := [*_further(manifest)]:
        raise ValueError(f"got {shortened(listed(further))}, which no run says of itself")
    return manifest


def _demand_form(manifest: Mapping[str, Any]) -> None:
    """Refuse a manifest in which something is missing or of another kind.

    Raises:
        ValueError: something is.
    """
    for key, (is_sound, expected) in _FORM.items():
        value: Any = manifest
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not is_sound(value):
            got = "nothing" if value is None else shortened(json.dumps(value))
            raise ValueError(f"{key}: got {got}, expected {expected}")
    if manifest["n_failed"] >= manifest["n_draws"]:
        raise ValueError(f"n_failed: got {manifest['n_failed']}, expected fewer than the {manifest['n_draws']} draws")


def _further(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Keys that no manifest has; versions of other packages than this stood there before there was a `platform`."""
    groups = {key.partition(".")[0] for key in _FORM if "." in key}
    yield from manifest.keys() - groups - _FORM.keys()
    for group in sorted(groups - (set() if manifest.get("platform") else {"versions"})):
        yield from (key for name in manifest[group] if (key := f"{group}.{name}") not in _FORM)


def _line(error: BaseException) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]


def _misplaced(folder: Path, manifest: Mapping[str, Any]) -> list[Wording]:
    """Whether a run goes by another name or digest than its manifest amounts to, a sentence each."""
    faults, place = [], (manifest["scenario"]["name"], manifest["digest"])
    if place not in names_of(folder):
        faults.append(worded("warnings.damage.misplaced", run="/".join(place)))
    return [*faults, *digest_faults(manifest)]


def digest_faults(manifest: Mapping[str, Any]) -> Iterator[Wording]:
    """Whether a manifest tells another digest than it amounts to, in a sentence."""
    if (told := manifest["digest"]) != (expected := run_digest(manifest)):
        yield worded("warnings.damage.digest", name=MANIFEST, told=told, expected=expected)


def _changed(folder: Path, files: Mapping[str, str]) -> list[Wording]:
    """What is wrong with the files of a run, a sentence each."""
    faults = []
    for name, expected in files.items():
        try:
            demand_regular(folder / name, MOST_BYTES.get(name, USUAL_BYTES))
            found = file_digest(folder / name)
        except FileNotFoundError:
            faults.append(worded("warnings.damage.missing", name=name))
        except OSError as error:
            faults.append(worded("warnings.damage.unreadable", name=name, why=error.strerror or error))
        else:
            if found != expected:
                faults.append(worded("warnings.damage.changed", name=name))
    return faults


def demand_no_links(folder: Path) -> None:
    """Refuse a folder in which a link stands for a file, as what it leads to may be anywhere and change unnoticed.

    Raises:
        DamagedRunError: there is one; the message names all.
    """
    if links := [name for name in names_in(folder) if (folder / name).is_symlink()]:
        raise DamagedRunError(f"{folder}: got a link by the name {listed(links)}, expected the file itself")


def demand_no_further(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a folder of a run with a file that bears a name of a run's files and that its manifest does not name.

    Raises:
        DamagedRunError: there is one; the message names all.
    """
    named = {MANIFEST, *manifest["files"]}
    if further := [name for name in names_in(folder) if name in RUN_FILES - named]:
        raise DamagedRunError(f"{folder}: got {listed(further)}, which {MANIFEST} does not name")


_Check = Callable[[Any], bool]


def _text(pattern: str) -> _Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _count(least: int, most: int = 10**12) -> _Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_moment(value: object) -> bool:
    """Whether it is a time as runs state it: to the second, in UTC, in no other spelling."""
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return moment.utcoffset() == dt.timedelta(0) and moment.isoformat(timespec="seconds") == value


def _is_known_day(value: object) -> bool:
    """Whether it is a day of whose knowledge there can be a run, in no other spelling."""
    try:
        return dt.date.fromisoformat(str(value)).isoformat() == value and value >= FIRST_DAY
    except ValueError:
        return False


def _parses(parse: Callable[[str], Any]) -> _Check:
    def check(value: Any) -> bool:
        try:
            return isinstance(value, str) and parse(value) is not None
        except ValueError:
            return False

    return check


def _files(value: Any) -> bool:
    return isinstance(value, dict) and _ALWAYS <= value.keys() <= _FILES and all(map(_DIGEST[0], value.values()))


def _facts(value: Any) -> bool:
    """Whether a platform is told as `platform_facts` does, in words that make no sentence."""
    if not isinstance(value, dict) or value.keys() != _FACTS or not _texts(value[_INSTRUCTIONS]):
        return False
    told = [*value[_INSTRUCTIONS], *(value[key] for key in _FACTS - {_INSTRUCTIONS})]
    return all(map(_text("[A-Za-z0-9_.+-]{0,40}( [A-Za-z0-9_.+-]{1,40})?"), told))


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _dominant_draws(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(_dominant_draw, value)))


def _dominant_draw(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"series", "year", "statistic", "share"}
        and value["series"] in ALL_SERIES
        and _count(1990, 2100)(value["year"])
        and value["statistic"] in ("mean", "variance")
        and isinstance(value["share"], float)
        and 0.0 <= value["share"] <= 1.0
    )


_INSTRUCTIONS = "instructions"
_FACTS = {"machine", "system", "python", "numpy", "scipy", _INSTRUCTIONS, "blas"}
_DIGEST = _text("[0-9a-f]{64}"), "64 hexadecimal digits"
_DIGEST_OR_NOTHING = (lambda value: value is None or _DIGEST[0](value)), "64 hexadecimal digits, or nothing"
_TITLE = _text(r"[^\r\n]{1,120}")
_FORM: Mapping[str, tuple[_Check, str]] = {
    "digest": (_text("[0-9a-f]{12}"), "12 hexadecimal digits"),
    "scenario.name": (_text("[A-Za-z0-9][A-Za-z0-9_-]{0,63}"), "the name of a scenario"),
    "scenario.title": (_TITLE, "one line of 1 to 120 characters"),
    "scenario.title_ko": (lambda value: value is None or _TITLE(value), "one line of 1 to 120 characters, or nothing"),
    "scenario.digest": _DIGEST,
    "overrides": (_texts, "a list of texts"),
    "basis": (lambda value: value in BASES, " or ".join(BASES)),
    "origin": (_parses(parse_quarter), "a quarter, such as 2026Q2"),
    "as_of": (lambda value: value is None or _is_known_day(value), f"a day from {FIRST_DAY} on, or null"),
    "horizon": (_count(1990, 2100), "a year"),
    "n_investments": (_count(0), "a count"),
    "digests.data": _DIGEST,
    "digests.posterior": _DIGEST,
    "digests.code": _DIGEST,
    "digests.regime": _DIGEST_OR_NOTHING,
    "digests.installed_base": _DIGEST_OR_NOTHING,
    "parameters": (lambda value: value in ("prior", "posterior"), "prior or posterior"),
    "n_draws": (_count(1, MOST_DRAWS), f"1 to {MOST_DRAWS:,}"),
    "seed": (_count(0, MOST_SEED), "a whole number"),
    "scheme": (lambda value: value in get_args(Scheme), ", ".join(get_args(Scheme))),
    "block_size": (_count(1), "a count"),
    "created": (_is_moment, "a time in UTC such as 2026-11-30T11:09:02+00:00"),
    "n_failed": (_count(0), "a count"),
    "quantiles": (lambda value: value in ("exact", "sketch"), "exact or sketch"),
    "dominant_draws": (_dominant_draws, "series, year, statistic and share of each, or nothing"),
    "files": (_files, f"digests of {', '.join(sorted(_ALWAYS))}"),
    "versions.forecast": (_text("[0-9A-Za-z.+-]{1,40}"), "a version"),
    "platform": (lambda value: value is None or _facts(value), f"{', '.join(sorted(_FACTS))}, or nothing"),
    "content": _DIGEST,
}
"""What a manifest says, by key: whether a value is of its kind, and words for what is accepted."""


A_DAY = dt.timedelta(days=1)
"""By which the clocks of two machines may differ."""

_EARLY = dt.timedelta(days=7)
"""By which data may come before they are due."""


def day_stated(moment: str) -> dt.date:
    """The day of a moment, as runs and entries of a ledger have it in UTC.

    >>> day_stated("2026-11-30T11:09:02+00:00")
    datetime.date(2026, 11, 30)

    Raises:
        ValueError: the text is no moment.
    """
    return dt.datetime.fromisoformat(moment).date()


def today() -> dt.date:
    """The day by the clock of this machine, UTC."""
    return dt.datetime.now(dt.UTC).date()


def date_faults(created: str, trade: QuarterlyTrade) -> Iterator[str]:
    """What is wrong with the time at which a run was made, a sentence each.

    Args:
        created: as its manifest has it.
        trade: the newest of it that its data hold.
    """
    due = census_due(3 * (trade.origin + 1) - 1 + len(trade.later_exports))
    made = day_stated(created)
    if made < due - _EARLY:
        yield f"the run was made on {made}, before its newest data, which were due on {due}"
    if made > today() + A_DAY:
        yield f"the run was made on {made}, a day that is still to come"
