"""NetCDF files, which are HDF5: written whole by way of memory, read only where an array is what it claims to be.

A file may come from a stranger, or from a disk that failed. Before an array is read, its place, type and size are
looked at: it lies in the file itself, and is no larger than what is stored of it can hold.

Out of scope: what the arrays mean.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.storage.files import demand_regular, digest

MOST_BYTES = 2**30
"""Size of a file, and of its arrays in memory; the largest run that is kept takes a third of it."""

MOST_MEMBERS = 1_000
"""Arrays and groups in one group."""

_MOST_TEXTS = 1_000_000
"""Texts in an array, each of which takes time to be read: a run names the branch of each draw that it keeps."""

_MOST_DEFLATED = 1_100
"""Bytes that one byte of a compressed array can stand for."""

_FILTERS = frozenset({1, 2, 3})
"""Numbers of the filters that HDF5 brings along and files here use: deflate, shuffle and checksums."""


_SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""How a file of HDF5 begins."""

_END_BY_VERSION = {b"\0": 40, b"\1": 44}
"""Byte of the head of an HDF5 file from which the end of its content stands, by version; in later ones byte 28."""


class DamagedFileError(Exception):
    """A file is not what it should be; the message says where and how."""


@contextmanager
def new_netcdf(path: Path) -> Iterator[Any]:
    """A file of HDF5 to fill with dimensions and arrays, which is written to `path` in one go.

    It is filled in memory: HDF5 cannot close a file on a disk that is full, and one left open ends the process in a
    segmentation fault.

    Raises:
        OSError: it cannot be written.
    """
    import h5py

    content = BytesIO()
    with h5py.File(content, "w", track_order=True) as file:
        yield file
    path.write_bytes(content.getbuffer())


def add_dimension(group: Any, name: str, size: int) -> None:
    """Add a dimension without values to a group of a new file.

    HDF5 calls it a scale; the words are those that the NetCDF library writes, and by which every reader knows it.
    Source: NetCDF-4 file format, "Dimensions without variables".
    """
    scale = group.create_dataset(name, shape=(size,), dtype=">f4")
    scale.make_scale(f"This is a netCDF dimension but not a netCDF variable.{size:10d}")


def add_array(group: Any, name: str, dimensions: Sequence[str], values: NDArray[Any]) -> Any:
    """Add an array to a group of a new file; one with the name of its dimension holds the values of that.

    Args:
        dimensions: names of dimensions that the group has.
    """
    array = group.create_dataset(name, data=values, dtype=_text_type() if values.dtype == object else None)
    if (name,) == tuple(dimensions):
        array.make_scale(name)
    else:
        for axis, dimension in zip(array.dims, dimensions, strict=True):
            axis.attach_scale(group[dimension])
    return array


def _text_type() -> Any:
    import h5py

    return h5py.string_dtype()


def is_netcdf(path: Path) -> bool:
    """Whether a file begins as one of HDF5 does, whatever comes behind; what is no file at all does not.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_file():  # a pipe would keep its reader for ever
        return False
    with path.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def seal(path: Path) -> None:
    """Add a digest of all bytes of a file behind the end of its content, where readers of HDF5 do not look.

    What a file says of itself inside leaves out bytes that no reader asks for; this leaves out none.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("ab") as file:
        file.write(_seal(path.read_bytes()))


def is_sealed(path: Path) -> bool:
    """Whether a file has a seal, as those stored by earlier versions have none.

    Raises:
        DamagedFileError: it is not that of its bytes, or the file cannot be read.
    """
    try:
        demand_regular(path, MOST_BYTES)
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFileError(f"{type(error).__name__}: {_first_line(error)}") from error
    place = _END_BY_VERSION.get(content[8:9], 28)
    end = int.from_bytes(content[place : place + 8], "little")
    if len(content) == end:
        return False
    if content[end:] != _seal(content[:end]):
        raise DamagedFileError("its bytes have another digest than the one behind them")
    return True


def _seal(content: bytes) -> bytes:
    return f"sha256 {digest(content)}\n".encode()


@contextmanager
def opened_netcdf(path: Path) -> Iterator[Any]:
    """A file as HDF5, to be read by way of `members` and `array`.

    Raises:
        DamagedFileError: it cannot be read as such, or something inside cannot.
    """
    import h5py

    try:
        demand_regular(path, MOST_BYTES)
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise DamagedFileError(f"{type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]


READER_SECONDS, READER_BYTES = 60, 2**32
"""Time and memory that a file may take to be read in a process of its own."""

_READER = "import sys; from forecast.storage.netcdf import read_through; read_through(sys.argv[1])"


def demand_harmless(path: Path) -> None:
    """Read a file that comes from a stranger in a process of its own first.

    HDF5 is C: a file made to can end the process that reads it, or keep it for ever. What else is wrong with a file is
    left to whoever reads it next.

    Raises:
        DamagedFileError: reading it ends the process, or takes too long.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _READER, str(path)], capture_output=True, timeout=READER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DamagedFileError(f"it is not read within {READER_SECONDS} s") from error
    if done.returncode < 0:
        raise DamagedFileError(f"reading it ends the process by signal {-done.returncode}")


def read_through(path: str) -> None:
    """Read every array of a file within the bounds of a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (READER_BYTES, READER_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from h5py import h5o

    with opened_netcdf(Path(path)) as file:
        waiting, seen = [file], {h5o.get_info(file["/"].id).addr}
        while waiting:
            for member in members(waiting.pop()).values():
                if hasattr(member, "keys"):  # a group may hold itself
                    if (address := h5o.get_info(member.id).addr) not in seen:
                        seen.add(address)
                        waiting.append(member)
                # whoever reads the file next refuses the others by their shape
                elif _n_bytes(member.id) <= _most_held(member.id):
                    member[...]


def members(group: Any) -> dict[str, Any]:
    """Groups and arrays of a group by name, those that lie in the file itself.

    Raises:
        ValueError: one is elsewhere, or there are too many.
    """
    return {name: group[name] for name in _names(group)}


def arrays(group: Any) -> dict[str, Any]:
    """Arrays of a group by name as HDF5 itself knows them, which is several times faster; its dimensions left out.

    Raises:
        ValueError: one is elsewhere, or there are too many.
    """
    from h5py import h5d, h5ds, h5o

    found = {name: h5o.open(group.id, _encoded(name)) for name in _names(group)}
    # what is no array is left to `demand_array` to refuse
    return {name: one for name, one in found.items() if not (isinstance(one, h5d.DatasetID) and h5ds.is_scale(one))}


def _names(group: Any) -> list[str]:
    import h5py

    if not isinstance(group, h5py.Group) or len(group) > MOST_MEMBERS:
        raise ValueError(f"{getattr(group, 'name', group)}: got no group of at most {MOST_MEMBERS:,} members")
    names, links = list(group), group.id.links
    for name in names:
        if links.get_info(_encoded(name)).type != h5py.h5l.TYPE_HARD:
            raise ValueError(f"{name}: got a link to elsewhere, expected an array")
    return names


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def read_array(array: Any) -> NDArray[Any]:
    """An array of `arrays` in whole."""
    from h5py import h5s

    values = np.empty(array.shape, array.dtype)
    array.read(h5s.ALL, h5s.ALL, values)
    return values


def demand_array(name: str, array: Any, kind: str) -> int:
    """Refuse what is no array that the file itself holds in whole.

    Args:
        name: of it, for the message.
        array: of `arrays`, or the `id` of one of `members`.
        kind: kind and size of its type, such as `f4`, or `O` for texts.

    Returns:
        Bytes it takes in memory.

    Raises:
        ValueError: it is none; the message says why.
    """
    import h5py

    if not isinstance(array, h5py.h5d.DatasetID):
        raise ValueError(f"{name}: got no array")
    found = "O" if h5py.check_string_dtype(array.dtype) else f"{array.dtype.kind}{array.dtype.itemsize}"
    if found != kind:
        raise ValueError(f"{name}: got numbers of type {found}, expected {kind}")
    made = array.get_create_plist()
    if made.get_layout() == h5py.h5d.VIRTUAL or made.get_external_count():
        raise ValueError(f"{name}: got numbers that lie in another file")
    if not {made.get_filter(place)[0] for place in range(made.get_nfilters())} <= _FILTERS:
        raise ValueError(f"{name}: got a compression that is not used here")
    n_bytes = _n_bytes(array)
    if not n_bytes <= _most_held(array):
        raise ValueError(f"{name}: got shape {array.shape}, more than the file holds or than is read")
    return n_bytes


def _n_bytes(array: Any) -> int:
    """Bytes in memory."""
    return int(prod(array.shape) * array.dtype.itemsize)


def _most_held(array: Any) -> int:
    """Bytes in memory that what is stored of an array can stand for at most, and no more than are ever read."""
    compressed = array.get_create_plist().get_nfilters() > 0
    stored = array.get_storage_size() * (_MOST_DEFLATED if compressed else 1)
    return int(min(stored, _MOST_TEXTS * array.dtype.itemsize if array.dtype.kind == "O" else MOST_BYTES))
