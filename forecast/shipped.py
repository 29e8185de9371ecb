"""The scenarios that come with the package, and the schema beside them that editors read."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

SCHEMA_NAME = "scenario.schema.json"

_PACKAGE = Path(str(files("forecast")))


def shipped_folder() -> Path:
    """Where they lie: inside an installed package, or beside the package in its source."""
    inside = _PACKAGE / "scenarios"
    return inside if inside.is_dir() else _PACKAGE.parent / "scenarios"


def shipped_names() -> list[str]:
    """Names of them, which stand for their files, sorted."""
    return sorted(file.stem for file in shipped_folder().glob("*.yaml"))


def shipped_scenario(name: str) -> Path | None:
    """The file of a shipped scenario; None where none has that name."""
    return shipped_folder() / f"{name}.yaml" if name in shipped_names() else None


def scenario_path(given: str | Path) -> Path:
    """The file given, or the shipped scenario of that name where there is no such file."""
    shipped = shipped_scenario(str(given))
    return shipped if shipped is not None and not Path(given).exists() else Path(given)
