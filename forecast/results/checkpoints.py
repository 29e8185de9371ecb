"""Checkpoints of long runs: the statistics of the blocks so far, from which a run that was stopped goes on.

A checkpoint is one hidden file beside the folder that the run is to get, `.<digest>.checkpoint`, written whole or not
at all, and gone once the run is stored. Statistics stand in it to the last bit and in the order they have in memory, so
that a run that goes on ends in the bytes of one that was not stopped, with any number of workers. Nothing in it is
code: a line with the digest of what follows, a line of JSON, and the numbers of all arrays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from errno import EFBIG
from math import prod
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from forecast.catalogue import Wording, worded
from forecast.stats.influence import Extremes
from forecast.stats.quantiles import QuantileSketch
from forecast.stats.shared_rows import RowSums, SharedRows
from forecast.stats.summary import Moments, StreamingSummary
from forecast.storage.files import demand_regular, digest, whole_file

SECONDS = 20.0
"""From the start of a run to its first checkpoint, and from each to the next: a run that takes less writes none."""

SHARE = 20
"""Times that the run goes on for as long as its last checkpoint took to write, at least."""

MOST_BYTES = 2**30
"""Size of a checkpoint; that of the largest run that is kept, to 2060, takes two thirds of it."""

_MOST_HEAD = 2**22
_SUFFIX = ".checkpoint"
_NAME = re.compile(rf"\.[0-9a-f]{{12}}{re.escape(_SUFFIX)}")
_CLASSES = {each.__name__: each for each in (StreamingSummary, Moments, QuantileSketch, Extremes, SharedRows, RowSums)}


@dataclass(frozen=True, slots=True)
class Resumption:
    """What a run found of earlier ones that were stopped.

    Attributes:
        n_draws: draws of the run that are there already; 0 where it begins anew.
        discarded: checkpoints that were thrown away, each with the reason.
    """

    n_draws: int
    discarded: tuple[Wording, ...]


@dataclass(slots=True)
class Checkpoint:
    """The checkpoint of one run.

    Attributes:
        folder: the folder that the run is to get.
        origin: what the statistics rest on beside the settings in the run's digest: `digests` and `platform`.
    """

    folder: Path
    origin: Mapping[str, Any]
    _due: float = field(default_factory=lambda: monotonic() + SECONDS)

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder.with_name(f".{self.folder.name}{_SUFFIX}")

    @property
    def is_there(self) -> bool:
        """Whether a run left it."""
        return self.path.exists()

    def found(self, empty: StreamingSummary) -> tuple[StreamingSummary | None, Resumption]:
        """Statistics to go on from, None where there are none; what nobody can go on from is thrown away.

        Args:
            empty: statistics of the run before its first block.
        """
        discarded = tuple(self._discarded())
        try:
            statistics = self._read()
            _demand_like(statistics, empty)
        except (FileNotFoundError, NotADirectoryError):
            statistics = None
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            statistics, reason = None, (str(error).splitlines() or [""])[0]
            discarded += (self._discard(self.path, worded("warnings.checkpoint.damaged_as", error=reason)),)
        return statistics, Resumption(0 if statistics is None else statistics.n_draws, discarded)

    def keep(self, statistics: StreamingSummary) -> None:
        """Write the statistics if it is time to; a disk that takes none costs nothing but the checkpoint."""
        if (started := monotonic()) < self._due:
            return
        with suppress(OSError):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            _write(self.path, {"run": self.folder.name, **self.origin}, statistics)
        self._due = monotonic() + max(SECONDS, SHARE * (monotonic() - started))

    def drop(self) -> None:
        """Remove it: the run is stored."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> StreamingSummary:
        demand_regular(self.path, MOST_BYTES)
        content = self.path.read_bytes()
        head, numbers = (content.index(b"\n") + 1, content.index(b"\n", content.index(b"\n") + 1) + 1)
        if digest(memoryview(content)[head:]).encode() != content[: head - 1]:
            raise ValueError("its content has another digest")
        statistics = _value(json.loads(content[head:numbers])["statistics"], _Numbers(content, numbers))
        if not isinstance(statistics, StreamingSummary):
            raise ValueError("it holds no statistics")
        return statistics

    def _discarded(self) -> Iterator[Wording]:
        """Checkpoints of the scenario that nobody can go on from, each thrown away; the runs of others stay."""
        for path in sorted(self.folder.parent.glob(f".*{_SUFFIX}")):
            if not _NAME.fullmatch(path.name):
                continue  # it is another program's
            try:
                reason = self._unusable(path)
            except FileNotFoundError:
                continue  # its run has been stored in the meantime
            except (OSError, ValueError, LookupError, TypeError, RecursionError):
                reason = worded("warnings.checkpoint.damaged")
            if reason:
                yield self._discard(path, reason)

    def _unusable(self, path: Path) -> Wording | None:
        demand_regular(path, MOST_BYTES)
        with path.open("rb") as file:
            file.readline(_MOST_HEAD)
            head = json.loads(file.readline(_MOST_HEAD))
        if f".{head['run']}{_SUFFIX}" != path.name:
            return worded("warnings.checkpoint.other_plan", run=head["run"])
        for name in ("code", "data"):
            if head["digests"][name] != self.origin["digests"][name]:
                return worded(f"warnings.checkpoint.other_{name}")
        same = head["platform"] == self.origin["platform"]
        return None if same else worded("warnings.checkpoint.other_platform")

    def _discard(self, path: Path, reason: Wording) -> Wording:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            return worded("warnings.checkpoint.stays", path=path, reason=reason, error=error.strerror)
        return worded("warnings.checkpoint.thrown_away", path=path, reason=reason)


def _write(path: Path, head: Mapping[str, Any], statistics: StreamingSummary) -> None:
    arrays: list[np.ndarray] = []
    text = json.dumps({**head, "statistics": _plain(statistics, arrays)}).encode() + b"\n"
    if len(text) > _MOST_HEAD or sum(array.nbytes for array in arrays) + len(text) > MOST_BYTES - 100:
        raise OSError(EFBIG, "the statistics are too large for a checkpoint")
    parts: list[bytes | memoryview] = [text, *(array.reshape(-1).view(np.uint8).data for array in arrays)]
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        file.write(digest(*parts).encode() + b"\n")
        file.writelines(parts)


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """A part of statistics as JSON, with its arrays set aside in the order in which they are met."""
    match value:
        case np.ndarray():
            order = sorted(range(value.ndim), key=lambda axis: -value.strides[axis])  # sums depend on it to a bit
            arrays.append(np.asarray(value.transpose(order), order="C"))
            return {"array": [value.dtype.str, list(value.shape), order]}
        case np.generic():
            return value.item()
        case Mapping():
            return {"items": [[key, _plain(part, arrays)] for key, part in value.items()]}
        case list() | tuple():
            return {type(value).__name__: [_plain(part, arrays) for part in value]}
    if is_dataclass(value):
        parts = {each.name: _plain(getattr(value, each.name), arrays) for each in fields(value)}
        return {"of": type(value).__name__, "fields": parts}
    return value


class _Numbers:
    """Numbers of all arrays of a checkpoint, handed out in their order."""

    def __init__(self, content: bytes, place: int) -> None:
        self._content, self._place = content, place

    def array(self, kind: str, shape: list[int], order: list[int]) -> np.ndarray:
        dtype, laid = np.dtype(kind), [shape[axis] for axis in order]
        count = prod(laid)
        if dtype.kind not in "fiub" or min(shape, default=0) < 0 or count * dtype.itemsize > len(self._content):
            raise ValueError(f"got an array of {kind} and {shape}")
        flat = np.frombuffer(self._content, dtype, count, self._place)
        self._place += flat.nbytes
        return flat.copy().reshape(laid).transpose(np.argsort(order).astype(int))


def _value(plain: Any, numbers: _Numbers) -> Any:
    """What `_plain` made JSON of."""
    match plain:
        case {"array": [kind, shape, order]}:
            return numbers.array(kind, shape, order)
        case {"items": items}:
            return {key: _value(part, numbers) for key, part in items}
        case {"list": parts}:
            return [_value(part, numbers) for part in parts]
        case {"tuple": parts}:
            return tuple(_value(part, numbers) for part in parts)
        case {"of": name, "fields": parts}:
            return _made(_CLASSES[name], {key: _value(part, numbers) for key, part in parts.items()})
        case None | bool() | int() | float():
            return plain
    raise ValueError(f"got {type(plain).__name__} among statistics")


def _demand_like(statistics: StreamingSummary, empty: StreamingSummary) -> None:
    """Refuse statistics of another run."""
    for name in ("thresholds", "keep", "n_rows"):
        if getattr(statistics, name) != getattr(empty, name):
            raise ValueError(f"got other {name} than those of the run")
    if statistics.n_draws < 1:
        raise ValueError("got statistics of no draws")


def _made(kind: type, parts: Mapping[str, Any]) -> Any:
    """A part of statistics of its fields, those among them that no call of the class takes."""
    if parts.keys() != {each.name for each in fields(kind)}:
        raise ValueError(f"got other fields of {kind.__name__}")
    made: Any = object.__new__(kind)
    for name, part in parts.items():
        setattr(made, name, part)
    return made
