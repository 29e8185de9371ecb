"""Notebooks kept with their outputs: current as far as digests tell, by public names alone, a picture a line.

`make notebooks` runs those that are not current again.
"""

from __future__ import annotations

import ast
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import outputs
import pytest

import forecast

NOTEBOOKS = {path.stem: outputs.read(path) for path in outputs.NOTEBOOKS}


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs_are_kept_and_current(name: str) -> None:
    assert outputs.is_current(NOTEBOOKS[name]), "make notebooks renews it"
    for cell in code(NOTEBOOKS[name]):
        assert cell["execution_count"]
        assert not [output for output in cell["outputs"] if output["output_type"] == "error"]
    shown = [kind for cell in code(NOTEBOOKS[name]) for output in cell["outputs"] for kind in output.get("data", {})]
    assert "image/png" in shown
    assert "text/html" in shown


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_uses_public_names_and_draws_in_one_line(name: str) -> None:
    for cell in code(NOTEBOOKS[name]):
        tree = ast.parse(cell["source"])
        imported = [part for part in ast.walk(tree) if isinstance(part, ast.Import | ast.ImportFrom)]
        modules = {getattr(part, "module", None) or alias.name for part in imported for alias in part.names}
        assert not {module for module in modules if module.startswith("forecast.")}
        asked = {
            part.attr
            for part in ast.walk(tree)
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "forecast"
        }
        assert asked <= set(forecast.__all__)
        if any("image/png" in output.get("data", {}) for output in cell["outputs"]):
            drawn = [line for line in cell["source"].splitlines() if line and not line.startswith("import")]
            assert len(drawn) == 1


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs_name_no_place_of_a_machine(name: str) -> None:
    places = str(Path.home()), gettempdir(), " object at 0x"
    for cell in code(NOTEBOOKS[name]):
        for output in cell["outputs"]:
            texts = [
                str(output.get("text", "")),
                *(str(text) for kind, text in output.get("data", {}).items() if kind != "image/png"),
            ]
            assert not [text for text in texts if any(place in text for place in places)]


def test_a_changed_cell_is_not_current() -> None:
    notebook = outputs.read(outputs.NOTEBOOKS[0])
    code(notebook)[0]["source"] += "\n"
    assert not outputs.is_current(notebook)
