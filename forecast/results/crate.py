"""A run as one file for another person: an RO-Crate in a ZIP archive, which `forecast verify` reads without a network.

The archive holds the folder of the run, the parameters it was made with, the scenario's own files as far as they are at
hand (`scenario.yaml` in the folder has all of them merged), what was installed, a page on how to verify it, and
`ro-crate-metadata.json` with a digest of each of these; its comment is the digest of that. The same run gives the same
bytes: times are those of the run, nothing is compressed, and files stand in the order of their names. An archive is
believed if writing what it holds gives its bytes again, so that none of them can change unnoticed; and what stands in
it beside the run, if the run gives it again. What the run does not hold of the scenario's own files is their author's:
comments, and texts in whose place a later layer puts others.

Source: RO-Crate Metadata Specification 1.2, https://w3id.org/ro/crate/1.2
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import copyfileobj, copytree
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from forecast import __version__
from forecast.errors import DamagedRunError, ForecastError, PosteriorError, RunError, ScenarioError, listed, shortened
from forecast.models.posterior import Posterior, frozen_posterior, save_posterior, stored_digest
from forecast.observations.tables import data_digest
from forecast.results.manifest import MANIFEST, REMEDY, RUN_FILES, SCENARIO
from forecast.results.results import ANOTHER, Results, read_results
from forecast.scenario.mixture import frozen_any, layer_files, plain_any
from forecast.scenario.selection import stated_world
from forecast.storage.code_digests import code_digest
from forecast.storage.documents import scenario_path, shipped_scenario
from forecast.storage.files import demand_regular, digest, file_digest, json_text, scratch_folder, whole_file, writing
from forecast.storage.netcdf import DamagedFileError, demand_harmless
from forecast.storage.places import (
    EXPORTED_END,
    EXPORTED_FIRST,
    EXPORTED_RUN,
    EXPORTED_SCENARIO,
    EXPORTED_TAIL,
    is_exported_run,
)

METADATA, INSTALLED, POSTERIOR = "ro-crate-metadata.json", "installed.txt", "posterior.nc"
README = EXPORTED_FIRST
"""The page on how to verify it: its name comes before the others."""

MOST_BYTES = 2**31
"""Size of an archive; a run that is kept, of the most draws and to the last year, takes a third of it."""

_MOST_FILES, _MOST_DIRECTORY = 100, 2**16
_MOST_METADATA, _MOST_INSTALLED = 2**20, 2**16
_PACKAGE = re.compile(r"[a-z0-9-]{1,100}==[0-9A-Za-z.!+-]{1,60}")
"""A line of `INSTALLED`."""

_NAME = re.compile(
    rf"{METADATA}|{README}|{INSTALLED}|{POSTERIOR}"
    rf"|{EXPORTED_RUN}/[A-Za-z0-9][A-Za-z0-9_-]{{0,63}}/[0-9a-f]{{12}}/({'|'.join(map(re.escape, sorted(RUN_FILES)))})"
    rf"|{EXPORTED_SCENARIO}/([\w-][\w .-]{{0,99}}/){{0,8}}[\w-][\w .-]{{0,99}}\.ya?ml"
)
_STATED = f"{EXPORTED_SCENARIO}/"
"""Before the names of the scenario's own files."""

_END = 22
"""Bytes of the end of an archive before its comment."""

_KINDS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".nc": "application/x-netcdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


@dataclass(frozen=True, slots=True)
class Crate:
    """What an archive holds, unpacked.

    Attributes:
        folder: in which its files lie, by their names.
        names: of them.
        results: the run.
        posterior: the parameters, where the installed models can use them.
    """

    folder: Path
    names: tuple[str, ...]
    results: Results
    posterior: Posterior | None


def write_crate(results: Results, posterior: Posterior, path: Path, readme: str, given: str = "") -> None:
    """Write a run with all it rests on as one file.

    Args:
        posterior: the parameters the run was made with.
        path: of the file, whole or not written at all.
        readme: how to verify it.
        given: file or shipped name of the scenario; where there is none, that of the run's name is tried.

    Raises:
        RunError: the file cannot be written.
    """
    with writing(path, ANOTHER), scratch_folder() as scratch:
        with writing(scratch):
            save_posterior(posterior, scratch / POSTERIOR)
            (scratch / README).write_text(readme, encoding="utf-8")
            (scratch / INSTALLED).write_text("".join(f"{line}\n" for line in installed()), encoding="utf-8")
        folder = f"{EXPORTED_RUN}/{results.name}/{results.manifest['digest']}"
        members = {name: scratch / name for name in (POSTERIOR, README, INSTALLED)}
        members |= {f"{folder}/{name}": results.folder / name for name in (MANIFEST, *results.manifest["files"])}
        members |= {f"{_STATED}{name}": file for name, file in _scenario_files(results, given).items()}
        with writing(scratch):
            (scratch / METADATA).write_text(json_text(_metadata(results, members)), encoding="utf-8")
        with whole_file(path) as unfinished:
            _pack(unfinished, members | {METADATA: scratch / METADATA})


def installed() -> list[str]:
    """The package and all it needs as they are installed, one `name==version` a line, in the order of names."""
    found: dict[str, str] = {}
    waiting = ["forecast"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:  # needed on another system, or running from its source
            found[name] = __version__ if name == "forecast" else ""
            continue
        found[name] = package.version
        needed = [text for text in package.requires or () if "extra ==" not in text]
        waiting += [match[0] for text in needed if (match := re.match(r"[A-Za-z0-9._-]+", text))]
    return [f"{name}=={version}" for name, version in sorted(found.items()) if version]


def _scenario_files(results: Results, given: str) -> dict[str, Path]:
    """Files of the scenario by their place beside each other, where there are some that state what was run."""
    for path in (scenario_path(given) if given else None, shipped_scenario(results.name)):
        if path is None or not path.is_file():
            continue
        files = _layers_of(path, results)
        if files and all(_NAME.fullmatch(f"{_STATED}{name}") for name in files):
            return files
    return {}


def _layers_of(path: Path, results: Results) -> dict[str, Path]:
    """Files of which a scenario is made, by name; none where they do not state what was run."""
    try:
        world = stated_world(str(path), results.overrides)
        run = frozen_any(results.folder / SCENARIO)
        if world is None or world.overrides != results.overrides or plain_any(world) != plain_any(run):
            return {}
        return layer_files(path)
    except (RunError, ScenarioError):
        return {}


def _metadata(results: Results, members: Mapping[str, Path]) -> dict[str, Any]:
    """The description that RO-Crate 1.2 asks for, of files by their names."""
    manifest = results.manifest
    folder = f"{EXPORTED_RUN}/{results.name}/{manifest['digest']}"
    settings = f"{manifest['n_draws']:,} draws, seed {manifest['seed']}, {manifest['parameters']} parameters"
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Forecast of Korea's goods surplus with the US: {results.title}",
        "description": f"Run {results.name}/{manifest['digest']} of the package forecast: {settings}. "
        f"{README} says how to verify it.",
        "datePublished": manifest["created"],
        "license": {"@id": "#terms"},
        "hasPart": [{"@id": name} for name in sorted(members)],
        "mentions": [{"@id": "#run"}],
    }
    terms = {
        "@id": "#terms",
        "@type": "CreativeWork",
        "name": "Terms of use",
        "description": "The run and its scenario belong to whoever made them, whose terms are to be asked for. "
        "The package that made them is under the MIT licence.",
    }
    package = {
        "@id": "#forecast",
        "@type": "SoftwareApplication",
        "name": "forecast",
        "softwareVersion": manifest["versions"]["forecast"],
        "identifier": f"code {manifest['digests']['code']}",
        "softwareRequirements": {"@id": INSTALLED},
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"forecast run {results.name}",
        "endTime": manifest["created"],
        "instrument": {"@id": "#forecast"},
        "object": [{"@id": f"{folder}/{SCENARIO}"}, {"@id": POSTERIOR}],
        "result": [{"@id": f"{folder}/{name}"} for name in sorted(manifest["files"]) if name != SCENARIO],
    }
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
    }
    files = [_file(name, members[name]) for name in sorted(members)]
    context = ["https://w3id.org/ro/crate/1.2/context", {"sha256": "https://schema.org/sha256"}]
    return {"@context": context, "@graph": [descriptor, root, terms, action, package, *files]}


def _file(name: str, path: Path) -> dict[str, Any]:
    return {
        "@id": name,
        "@type": "File",
        "name": name.rpartition("/")[2],
        "encodingFormat": _KINDS[path.suffix],
        "contentSize": str(path.stat().st_size),
        "sha256": file_digest(path),
    }


def _pack(path: Path, members: Mapping[str, Path]) -> None:
    """Write files as one archive, whose bytes are theirs and no others."""
    with ZipFile(path, "w", ZIP_STORED) as archive:
        archive.comment = f"sha256 {file_digest(members[METADATA])}".encode()
        for name in sorted(members):
            place = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            place.create_system, place.external_attr = 3, 0o644 << 16
            place.file_size = members[name].stat().st_size
            with members[name].open("rb") as source, archive.open(place, "w") as target:
                copyfileobj(source, target)


def is_crate(path: Path) -> bool:
    """Whether a file claims to be an archive."""
    return path.is_file() and (path.suffix == ".zip" or is_exported_run(path))


@contextmanager
def opened_crate(path: Path) -> Iterator[Crate]:
    """What an archive holds, unpacked for as long as it is looked at.

    Raises:
        DamagedRunError: it is none, or was changed since it was written; the message names every file that was.
        RunError: there is no room for it, it holds no run, or something is found wrong with a file of it in the
            meantime, which is named by its path within the archive.
    """
    with scratch_folder() as scratch:
        try:
            demand_regular(path, MOST_BYTES)
            names = _unpacked(path, scratch)
            faults = [*_faults(scratch, names)]
        except (BadZipFile, OSError, ValueError, LookupError, TypeError, RecursionError, NotImplementedError) as error:
            raise DamagedRunError(f"{path}: cannot be read as an exported run ({_line(error)}); {ANEW}") from error
        if not faults:
            again = scratch / "again.zip"
            with writing(scratch):
                _pack(again, {name: scratch / name for name in names})
            if file_digest(again) != file_digest(path):
                faults = ["the archive around its files was changed"]
        if faults:
            raise DamagedRunError(f"{path}: {'; '.join(faults)}; {ANEW}")
        try:
            yield _crate(scratch, names)
        except ForecastError as error:
            inside = str(error).replace(f"{scratch}/", "").replace(str(REMEDY), ANEW)
            if inside == str(error) and not isinstance(error, DamagedRunError):  # of no file of the archive
                raise
            raise RunError(f"{path}: {inside}") from error


ANEW = "ask for it anew"
"""What to do about an archive that was changed."""


def _line(error: BaseException) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else (str(error).splitlines() or [""])[0]


def _unpacked(path: Path, folder: Path) -> list[str]:
    """Names of the files of an archive, unpacked below a folder, of which none lies elsewhere or grows."""
    _demand_small_directory(path)
    with ZipFile(path) as archive:
        places = archive.infolist()
        names = [place.filename for place in places]
        if len({*map(str.casefold, names)}) < len(names):
            raise ValueError("it holds a file twice")
        for place in places:
            if not _NAME.fullmatch(place.filename):
                raise ValueError(f"it holds {shortened(place.filename)!a}, which no exported run does")
            if place.compress_type != ZIP_STORED or place.file_size != place.compress_size or place.flag_bits & 1:
                raise ValueError(f"{place.filename} is packed in another way than an exported run is")
        for place in places:
            target = folder / place.filename
            with archive.open(place) as source, writing(folder):
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    copyfileobj(source, file)
        if _told(archive.comment) != file_digest(folder / METADATA):
            raise ValueError(f"{METADATA} was changed since the run was exported")
    return names


def _told(comment: bytes) -> str:
    """Digest that the comment of an archive tells of its metadata; empty where it tells none."""
    return comment[7:].decode() if EXPORTED_END.fullmatch(comment) else ""


def _demand_small_directory(path: Path) -> None:
    """Refuse an archive whose list of files would fill the memory, before anything of it is read.

    Raises:
        ValueError: it has no end as archives written here have, or a larger list.
    """
    length = _END + EXPORTED_TAIL
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - length - 20, 0))
        tail = file.read()
    end = tail[-length:]
    count, n_bytes = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if not end.startswith(b"PK\5\6") or tail.startswith(b"PK\6\7") or not EXPORTED_END.fullmatch(end[_END:]):
        raise ValueError(f"it does not end as an exported run does, with the digest of its {METADATA}")
    if count > _MOST_FILES or n_bytes > _MOST_DIRECTORY:
        raise ValueError(f"it lists {count:,} files in {n_bytes:,} bytes, more than an exported run has")


def _faults(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """What is wrong with the files of an archive, a sentence each."""
    demand_regular(folder / METADATA, _MOST_METADATA)
    graph = json.loads((folder / METADATA).read_text(encoding="utf-8"))["@graph"]
    told = {entity["@id"]: entity["sha256"] for entity in graph if entity["@type"] == "File"}
    for name in sorted({*told, *names, POSTERIOR, README, INSTALLED} - {METADATA}):
        if name not in names:
            yield f"{shortened(str(name))} is missing"
        elif name not in told:
            yield f"{name} is not among the files that {METADATA} names"
        elif file_digest(folder / name) != told[name]:
            yield f"{name} was changed since the run was exported"
        elif name == INSTALLED and (other := [line for line in _lines(folder / name) if not _PACKAGE.fullmatch(line)]):
            yield f"{name}: got {shortened(other[0])!a}, expected name==version in every line"


def _lines(path: Path) -> list[str]:
    demand_regular(path, _MOST_INSTALLED)
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def beyond_comparison(crate: Crate) -> tuple[str, ...]:
    """Names of what stands beside the run and cannot be held against it here.

    What was installed elsewhere is for its author to say. Other code may write the rest otherwise, and with other data
    the same files may state another scenario; both go by the digests of the run, and not by what the author says.
    """
    digests = crate.results.manifest["digests"]
    stated = tuple(sorted(name for name in crate.names if name.startswith(_STATED)))
    has_code, has_data = digests["code"] == code_digest("numbers"), digests["data"] == data_digest()
    return (
        *((README,) if not has_code else ()),
        *((INSTALLED,) if _lines(crate.folder / INSTALLED) != installed() else ()),
        *((METADATA,) if not has_code else ()),
        *(stated if not (has_code and has_data) else ()),
    )


def not_given_again(crate: Crate, readme: str) -> Iterator[str]:
    """What an archive holds beside its run that this does not give, a sentence each.

    Args:
        readme: the page that the run gives.
    """
    members = {name: crate.folder / name for name in crate.names if name != METADATA}
    passed_over = beyond_comparison(crate)
    for name, text in ((README, readme), (METADATA, json_text(_metadata(crate.results, members)))):
        if name not in passed_over and file_digest(crate.folder / name) != digest(text):
            yield f"{name}: comes out otherwise when the run is exported again by the same code"
    stated = sorted(name for name in members if name.startswith(_STATED) and name not in passed_over)
    if stated and not _is_stated(crate, stated):
        yield f"{listed(stated)}: got files that do not state what was run"


def _is_stated(crate: Crate, stated: Sequence[str]) -> bool:
    """Whether files, and no others than these, state what was run."""
    with scratch_folder() as scratch:
        tree = scratch / "scenarios"  # files in a folder of such a name may name others beside it
        with writing(scratch):
            copytree(crate.folder / _STATED, tree)
        expected = {name.removeprefix(_STATED): file_digest(crate.folder / name) for name in stated}
        layers = (_layers_of(tree / name, crate.results) for name in expected)
        return any({name: file_digest(file) for name, file in files.items()} == expected for files in layers)


def _crate(folder: Path, names: Iterable[str]) -> Crate:
    runs = {(folder / name).parent for name in names if name.startswith(f"{EXPORTED_RUN}/")}
    results = read_results(runs.pop()) if len(runs) == 1 else None
    if results is None:
        raise DamagedRunError(f"holds {len(runs)} runs in {EXPORTED_RUN}, expected one; {ANEW}")
    try:
        demand_harmless(folder / POSTERIOR)
        found = stored_digest(folder / POSTERIOR)
    except (PosteriorError, DamagedFileError) as error:
        raise DamagedRunError(f"{POSTERIOR} is damaged; {ANEW}") from error
    if found != results.manifest["digests"]["posterior"]:
        raise DamagedRunError(f"{POSTERIOR} is another than the run was made with; {ANEW}")
    try:
        return Crate(folder, tuple(names), results, frozen_posterior(folder / POSTERIOR))
    except ForecastError:  # the installed models have other parameters
        return Crate(folder, tuple(names), results, None)
