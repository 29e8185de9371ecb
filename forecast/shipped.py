"""The scenarios that come with the package, and the schema beside them that editors read."""

from __future__ import annotations

from pathlib import Path

SCHEMA_NAME = "scenario.schema.json"

_PACKAGE = Path(__file__).parent


def shipped_folder() -> Path:
    """Where they lie: inside an installed package, or beside the package in its source."""
    inside = _PACKAGE / "scenarios"
    return inside if inside.is_dir() else _PACKAGE.parent / "scenarios"


def shipped_names() -> list[str]:
    """Names of them, which stand for their files, sorted."""
    return sorted(file.stem for file in shipped_folder().glob("*.yaml"))


def scenario_path(given: str | Path) -> Path:
    """The file given, or the shipped scenario of that name where there is no such file."""
    shipped = shipped_folder() / f"{given}.yaml"
    return shipped if shipped.is_file() and not Path(given).exists() else Path(given)
