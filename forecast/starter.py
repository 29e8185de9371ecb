"""A commented scenario to start from, for an announcement of one's own."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

from forecast.errors import RunError
from forecast.quarters import format_quarter
from forecast.shipped import SCHEMA_NAME, shipped_folder
from forecast.storage import write_text, writing

_TEMPLATE = Path(str(files("forecast"))) / "data" / "starter.yaml"
_NAME = "my-scenario"
_PLAN = {"announced": 0, "construction": 3, "earliest": 11, "latest": 15}
"""Dates of the example plant, in quarters after the last one observed."""


def new_scenario(given: str | None, origin: int) -> Path:
    """Write the starter to a new file, and say where.

    Args:
        given: name of the scenario, or the file to write, whose name becomes that of the scenario.
        origin: last quarter observed; the example plant is planned from it.

    Raises:
        RunError: the file is there already, cannot be written, or its name is none for a scenario.
    """
    path = Path(given or _NAME)
    path = path if path.suffix in (".yaml", ".yml") else path.with_name(f"{path.name}.yaml")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", path.stem):
        accepted = "expected a name of 1 to 64 lower-case letters, digits and hyphens, such as hyundai-2026"
        raise RunError(f"got {path.stem!r}, {accepted}")
    if os.path.lexists(path):
        raise RunError(f"{path}: is there already and was left as it is; give another name")
    with writing(path, "give another place"):
        write_text(path, _starter(path, origin))
    return path


def _starter(path: Path, origin: int) -> str:
    schema = os.path.relpath(shipped_folder() / SCHEMA_NAME, path.parent)
    dates = {name: format_quarter(origin + quarters) for name, quarters in _PLAN.items()}
    words = {"schema": Path(schema).as_posix(), "file": path.as_posix(), "name": path.stem}
    return _TEMPLATE.read_text(encoding="utf-8").format(**words, **dates)
