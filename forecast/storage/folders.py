"""What lies in folders, and by which names a folder goes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

ALLOW = "whoever owns it can allow that"
"""What to do about a folder that cannot be read."""


def names_in(folder: Path) -> list[str]:
    """Names in a folder that are not hidden, sorted; none where it cannot be read."""
    with suppress(OSError):
        return sorted(place.name for place in folder.iterdir() if not place.name.startswith("."))
    return []


def folders(folder: Path) -> list[Path]:
    """Folders in a folder that are not hidden, by name; none where it cannot be read."""
    return [folder / name for name in names_in(folder) if (folder / name).is_dir()]


def unreadable(folder: Path) -> str:
    """Why what lies in a folder cannot be looked at; empty where it can be, and where there is no folder."""
    try:
        next(folder.iterdir(), None)
        (folder / "any").lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return ""


def names_of(folder: Path) -> set[tuple[str, str]]:
    """Names of the folder around a folder and of itself: as it is called, and where it lies if a link leads there."""
    return {(place.parent.name, place.name) for place in (absolute(folder), folder.resolve())}


def absolute(path: str | Path) -> Path:
    """A path from the root, or as it is where the folder that it starts from is gone."""
    with suppress(FileNotFoundError):
        return Path(path).absolute()
    return Path(path)
