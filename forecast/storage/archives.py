"""ZIP archives told from other files, where an exported run is given for what lies in it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from shlex import quote


def is_archive(path: Path) -> bool:
    """Whether a file begins as an archive does; what is no file, or cannot be read, does not."""
    with suppress(OSError):
        if path.is_file():  # a pipe would keep its reader for ever
            with path.open("rb") as file:
                return file.read(4) == b"PK\3\4"
    return False


def unpacking(path: Path) -> str:
    """How an exported run is unpacked, in words, and what lies where then."""
    return (
        f"of an exported run, `python -m zipfile -e {quote(str(path))} FOLDER` puts the run into FOLDER/run and the "
        "scenario into FOLDER/scenario"
    )
