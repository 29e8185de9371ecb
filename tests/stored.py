"""What tests of stored runs share: the run they look at, its folder, and all that lies in a folder."""

from __future__ import annotations

from pathlib import Path

DRAWS = ("--draws", "4100", "--no-plot")
"""Options of a run of three blocks."""


def folder_of(cwd: Path) -> Path:
    (folder,) = (cwd / "results" / "hyundai").iterdir()
    return folder


def listing(cwd: Path) -> dict[str, bytes]:
    return {str(path.relative_to(cwd)): path.read_bytes() for path in sorted(cwd.rglob("*")) if path.is_file()}
