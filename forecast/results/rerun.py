"""A stored run made again, to see whether it comes out as it was stored.

The bytes are promised on one platform: numpy sums in steps as wide as the instructions of the processor, and libraries
of linear algebra choose theirs likewise. On another platform every number agrees to `TOLERANCE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from forecast.dims import QUARTERLY_SERIES, Array
from forecast.engine.block import flows_of
from forecast.engine.simulate import Settings, block_streams, empty_statistics, simulate
from forecast.errors import PosteriorError, RunError, ScenarioError, shortened
from forecast.models.posterior import Posterior, posterior_held
from forecast.observations.tables import are_shipped, data_digest
from forecast.observations.vintage import vintage
from forecast.parallel import Progress
from forecast.results.draws import opened_draws
from forecast.results.manifest import BRANCHES, DRAWS, MANIFEST, QUARTERS, SCENARIO, SUMMARY, date_faults, readable
from forecast.results.results import Results, write_results
from forecast.results.run import Request, requested, settings_of
from forecast.scenario.mixture import AnyScenario, dump_any, frozen_any, plain_any
from forecast.scenario.selection import set_again
from forecast.storage.code_digests import code_digest
from forecast.storage.files import file_digest, read_csv, scratch_folder, writing

TOLERANCE = 1e-9
"""Of numbers of another platform, relative to the largest of their file's column or array."""

RERUN_DRAWS = 20_000_000
"""Draws that are made again for the asking of a manifest, which may come from a stranger."""

_OF_THE_OCCASION = {"created", "content", "overrides", "versions", "platform", "files"}
"""Keys of a manifest that say when, where and from which file a run was made, and not what it is."""


Watch: TypeAlias = Callable[[str, int], AbstractContextManager[Progress]]


@dataclass(frozen=True, slots=True)
class Again:
    """How a run is to be made again.

    Attributes:
        n_blocks: blocks to draw again of a run whose draws were kept; None for the whole run, 0 for nothing.
        posterior: the parameters; those installed by default.
        n_jobs: workers, -1 for one per core.
        watched: given a name and the number of draws, something to call with the draws finished since the last call.
        page: the page that a run is exported with.
    """

    n_blocks: int | None = None
    posterior: Posterior | None = None
    n_jobs: int = 1
    watched: Watch = lambda name, n_draws: nullcontext(Progress())
    page: Callable[[Results], str] = lambda results: ""


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of it.

    Attributes:
        n_blocks: blocks made again; 0 for none.
        all_blocks: blocks of the run.
        whole: whether all that the run holds was made again, and not draws of these blocks alone.
        same_platform: whether the bytes had to be the same.
        obstacle: why it was not made again, a word of the catalogue; empty where it was.
        faults: what came out otherwise, a sentence each.
    """

    n_blocks: int = 0
    all_blocks: int = 0
    whole: bool = False
    same_platform: bool = True
    obstacle: str = ""
    faults: tuple[str, ...] = ()


def made_again(results: Results, again: Again) -> Rerun:
    """Make a stored run again and hold what comes out against what is stored; nothing of it is kept.

    Raises:
        DamagedRunError, ScenarioError: the draws or the scenario that are stored are none.
        RunError: there is no room for what comes out.
    """
    manifest = results.manifest
    settings = settings_of(manifest)
    if obstacle := _obstacle(results, again):
        return Rerun(obstacle=obstacle)
    try:
        with scratch_folder() as scratch:
            world = frozen_any(results.folder / SCENARIO)
            posterior = demand_posterior_of(results, again.posterior)
            request = requested(world, settings, scratch, posterior, manifest["parameters"] == "prior")
            if obstacle := foreign(manifest, request.manifest):
                return Rerun(obstacle=obstacle)
            same = manifest.get("platform") == request.manifest["platform"]
            faults = [*manifest_faults(manifest, request, scratch)]
            blocks = _sample(manifest, again.n_blocks)
            if not faults and again.n_blocks is None:
                with again.watched(results.name, settings.n_draws) as progress:
                    made = stored_again(request, settings, again.n_jobs, progress)
                faults = [*told_otherwise(manifest, made.manifest, same), *_file_faults(results, made, same)]
            elif not faults:
                with again.watched(results.name, len(blocks) * request.plan.block_size) as progress:
                    faults = [*_block_faults(results, request, settings, blocks, progress, same)]
            whole = again.n_blocks is None
            return Rerun(len(blocks), _n_blocks(manifest), whole, same, "", tuple(faults))
    except PosteriorError:
        # code and data are told before the posterior that follows from them: naming that of the run would not help
        installed = {"digests": {"code": code_digest("numbers"), "data": data_digest()}}
        return Rerun(obstacle=foreign(manifest, installed) or "posterior")


def demand_posterior_of(results: Results, given: Posterior | None) -> Posterior:
    """The posterior a run was made with: the one given, or the shipped one or the user's own, whatever data they know.

    Raises:
        PosteriorError: it is none of these.
    """
    expected = results.manifest["digests"]["posterior"]
    found = posterior_held(expected, results.as_of) if given is None else given
    if found is None or found.digest != expected:
        got = "neither the shipped one nor your own" if found is None else f"got {found.digest[:12]}"
        raise PosteriorError(
            f"{results.folder}: was made with posterior {expected[:12]}, {got}; name the file of the one it was made "
            "with by --posterior"
        )
    return found


def _obstacle(results: Results, again: Again) -> str:
    if again.n_blocks is not None and DRAWS not in results.manifest["files"]:
        return "draws"
    return "size" if results.manifest["n_draws"] > RERUN_DRAWS else ""


def foreign(manifest: Mapping[str, Any], installed: Mapping[str, Any]) -> str:
    """Which of code, data and posterior are not those of the run; empty where all are."""
    stored, found = manifest["digests"], installed["digests"]
    names = ("code", "data", "posterior", "regime", "installed_base")
    other = next((name for name in names if name in stored and name in found and stored[name] != found[name]), "")
    return "shipped_data" if other == "data" and are_shipped(stored["data"]) else other


def manifest_faults(manifest: Mapping[str, Any], request: Request, scratch: Path) -> Iterator[str]:
    """What a manifest says of itself that its scenario, its parameters and its draws do not, a sentence each.

    Args:
        request: the run that these ask for.
        scratch: a folder to write in.
    """
    yield from _other_facts(manifest, request.manifest)
    yield from (f"{MANIFEST}: {fault}" for fault in date_faults(manifest["created"], vintage().trade))
    yield from _other_overrides(tuple(manifest["overrides"]), request.scenario, scratch)


def _other_facts(manifest: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for key in expected.keys() - _OF_THE_OCCASION:
        if manifest.get(key) != expected[key]:
            got, wanted = (shortened(str(value)) for value in (manifest.get(key), expected[key]))
            yield f"{MANIFEST}: {key}: got {got}, expected {wanted}, as scenario, parameters and draws have it"


def _other_overrides(overrides: tuple[str, ...], world: AnyScenario, scratch: Path) -> Iterator[str]:
    """What was set on top of a file, if set once more it changes the scenario that came of it, or is told otherwise."""
    try:
        with writing(scratch):
            again = set_again(world, overrides, scratch / SCENARIO)
    except (RunError, ScenarioError):
        again = None
    if again is None or again.overrides != overrides or plain_any(again) != plain_any(world):
        got = shortened(", ".join(overrides))
        yield f"{MANIFEST}: overrides: got {got}, but {SCENARIO} has other values or investments"


def _n_blocks(manifest: Mapping[str, Any]) -> int:
    return int(-(-manifest["n_draws"] // manifest["block_size"]))


def _sample(manifest: Mapping[str, Any], n_blocks: int | None) -> list[int]:
    """Blocks to make again, in order: other ones for every run, the same ones whenever it is asked of."""
    n_all = _n_blocks(manifest)
    rng = np.random.default_rng(int(manifest["content"], 16))
    return sorted(rng.permutation(n_all)[: n_all if n_blocks is None else n_blocks].tolist())


def stored_again(request: Request, settings: Settings, n_jobs: int, progress: Progress = Progress()) -> Results:
    """A run made again and stored where it was asked for.

    Raises:
        RunError: there is no room for it.
    """
    statistics = simulate(request.plan, settings, n_jobs, progress.advance)
    with writing(request.out):
        text = dump_any(request.scenario)
        return write_results(request.folder, request.manifest, request.plan, statistics, text)[0]


def told_otherwise(manifest: Mapping[str, Any], made: Mapping[str, Any], same: bool) -> Iterator[str]:
    """What a manifest says of its draws that the run made again does not, a sentence each.

    Args:
        made: manifest of that.
        same: whether the bytes have to be the same; another platform rounds some numbers otherwise.
    """
    yield from _other_facts(manifest, {key: made[key] for key in made if same or key != "dominant_draws"})


def _file_faults(results: Results, made: Results, same: bool) -> Iterator[str]:
    """Files of a run that come out otherwise, a sentence each."""
    for name in (SUMMARY, QUARTERS, SCENARIO, BRANCHES, DRAWS):
        if (name in results.manifest["files"]) != (name in made.manifest["files"]):
            yield f"{name}: is there in one of both alone"
        elif name in made.manifest["files"] and file_digest(made.folder / name) != results.manifest["files"][name]:
            yield from _differences(name, results, made, same)


def _differences(name: str, stored: Results, made: Results, same: bool) -> Iterator[str]:
    """What differs in a file whose bytes do; nothing where another platform may have made such a difference."""
    if name == SCENARIO:
        yield f"{name}: comes out otherwise when its own content is written again"
        return
    with readable(stored.folder / name):
        size = _draws_difference(stored, made) if name == DRAWS else _table_difference(stored.folder, made.folder, name)
    if same or not size <= (TOLERANCE if name != DRAWS else _SINGLE):
        yield _otherwise(name, size)


def _otherwise(name: str, size: float) -> str:
    how = f"by up to {size:.1e} of the largest" if np.isfinite(size) else "in more than numbers"
    return f"{name}: comes out otherwise when the run is made again, {how}"


_SINGLE = 2.0**-23
"""Step of the single precision in which draws are stored: a number nearly half-way falls on either side."""


def _table_difference(stored: Path, made: Path, name: str) -> float:
    """The largest difference between numbers of two tables over the largest number; infinite if texts differ."""
    tables = []
    for folder in (stored, made):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            tables.append(read_csv(file))
    numbers = ("value", "standard_error", "share")
    texts = [[{key: cell for key, cell in row.items() if key not in numbers} for row in table] for table in tables]
    if texts[0] != texts[1]:
        return float("inf")
    columns = [key for key in numbers if tables[0] and key in tables[0][0]]
    one, other = (np.array([[float(row[key] or "nan") for key in columns] for row in table]) for table in tables)
    return _relative(one, other)


def _draws_difference(stored: Results, made: Results) -> float:
    with (
        opened_draws(stored.folder / DRAWS, stored.manifest) as one,
        opened_draws(made.folder / DRAWS, made.manifest) as other,
    ):
        if one.keys() != other.keys():
            return float("inf")
        return max(_array_difference(one[name][...], other[name][...]) for name in one.keys() - {"draw"})


def _array_difference(one: Any, other: Any) -> float:
    if one.shape != other.shape or one.dtype != other.dtype:
        return float("inf")
    if one.dtype.kind not in "fi":
        return 0.0 if bool((one == other).all()) else float("inf")
    return _relative(one.astype(float), other.astype(float))


def _relative(one: Array, other: Array) -> float:
    """The largest difference between two arrays over the largest number; infinite where one has none."""
    finite = np.isfinite(one)
    if (finite != np.isfinite(other)).any():
        return float("inf")
    scale = np.abs(one[finite]).max(initial=0.0) or 1.0
    return float(np.abs(one[finite] - other[finite]).max(initial=0.0) / scale)


def _block_faults(
    results: Results,
    request: Request,
    settings: Settings,
    blocks: list[int],
    progress: Progress,
    same: bool,
) -> Iterator[str]:
    """Blocks whose draws are not those that are stored."""
    plan, streams = request.plan, block_streams(request.plan, settings)
    with readable(results.folder / DRAWS), opened_draws(results.folder / DRAWS, results.manifest) as arrays:
        for block in blocks:
            flows = flows_of(plan, streams[block])
            statistics = empty_statistics(plan, settings)
            statistics.add(flows.annual, flows.quarterly, flows.branch, flows.rows)
            first, n_draws = block * plan.block_size, flows.annual.shape[-1]
            names = (*plan.series, *(f"quarterly_{series}" for series in QUARTERLY_SERIES))
            made = (*statistics.annual.draws(), *statistics.quarterly.draws())
            for name, draws in zip(names, made, strict=True):
                stored = arrays[name][:, first : first + n_draws]
                size = _array_difference(stored, draws)
                if size > (0.0 if same else _SINGLE):
                    yield f"{DRAWS}: {name}: {_otherwise(f'block {block + 1}', size)}"
            progress.advance(n_draws)
