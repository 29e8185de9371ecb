"""Run the notebooks and keep their outputs; say whether those kept are current.

`python notebooks/outputs.py write` runs every notebook that is not, in its folder and by the package as it is, and
stores what it shows with a digest of what that rests on; `check` names those whose digest is another by now. A run
takes half a minute, so the tests compare digests alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

import forecast
from forecast.catalogue import FOLDER as LANGUAGES
from forecast.observations.tables import data_digest
from forecast.storage.code_digests import code_digest
from forecast.storage.files import json_digest

FOLDER = Path(__file__).resolve().parent
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
KEY = "forecast"
"""Of the digest in the metadata of a notebook."""

SECONDS = 900
"""That a cell may take."""


def inputs_digest(notebook: Any) -> str:
    """Digest of what the outputs of a notebook rest on: its cells, scenarios, data, parameters, numbers and words."""
    scenarios = {path.name: path.read_text(encoding="utf-8") for path in (FOLDER.parent / "scenarios").glob("*.yaml")}
    cells = [(cell["cell_type"], cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    words = (LANGUAGES / "en.toml").read_text(encoding="utf-8")
    digests = [data_digest(), forecast.load_posterior().digest, code_digest("numbers")]
    return json_digest([cells, scenarios, words, digests])


def is_current(notebook: Any) -> bool:
    """Whether the outputs kept are those the package would give now, as far as digests tell."""
    return bool(notebook["metadata"].get(KEY, {}).get("inputs") == inputs_digest(notebook))


def read(path: Path) -> Any:
    """A notebook."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def write(path: Path) -> None:
    """Run a notebook and store it with its outputs."""
    notebook = read(path)
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(FOLDER)}}).execute()
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)
        for output in cell.get("outputs", ()):
            _keep_richest(output)
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        KEY: {"inputs": inputs_digest(notebook)},
    }
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def _keep_richest(output: Any) -> None:
    """Leave the text of what is shown as a picture or table out: it names objects and places of this machine."""
    data = output.get("data", {})
    if {"image/png", "text/html"} & data.keys():
        data.pop("text/plain", None)


def main() -> None:
    """Write or check the notebooks named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("names", nargs="*", help="stems, such as 4-compare; all by default")
    given = parser.parse_args()
    stale = [path for path in NOTEBOOKS if path.stem in (given.names or [path.stem]) and not is_current(read(path))]
    for path in stale:
        if given.action == "write":
            write(path)
        print(f"{path.name}: {'written' if given.action == 'write' else 'is not current; make notebooks renews it'}")
    sys.exit(1 if stale and given.action == "check" else 0)


if __name__ == "__main__":
    main()
