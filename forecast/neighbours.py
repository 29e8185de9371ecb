"""The files that a file may name: those beside it or in folders below, and shipped scenarios by their names."""

from __future__ import annotations

from collections.abc import Collection
from os import path as paths
from pathlib import Path, PurePosixPath

from forecast.document import Node
from forecast.phrases import got, no_such_file
from forecast.place import refusal
from forecast.shipped import shipped_folder, shipped_names, shipped_scenario

ACCEPTED = "expected the name of a file beside this one or in a folder below it, or of a shipped scenario"
LONGEST = 255


def resolved(path: Path) -> Path:
    """The real path; unlike `Path.resolve` it does not raise on circular links."""
    return Path(paths.realpath(path))


def tree_of(path: Path) -> Path:
    """The folder that holds whatever a file may name; folders of a folder `scenarios` share that."""
    parent = resolved(path.parent)
    return parent.parent if parent.parent.name == "scenarios" else parent


def neighbour(name: Node, path: Path, tree: Path, key: str, above: Collection[Path] = ()) -> Path:
    """The file that a value of another file names.

    Args:
        name: the value.
        path: the file that holds it.
        tree: folder in which the file must lie, unless both are shipped.
        key: YAML path of the value, for the message.
        above: files that are not offered in place of a missing one.

    Raises:
        ScenarioError: it names no file, one elsewhere, or one that is not there.
    """
    text = name.content
    if not isinstance(text, str) or not text.isprintable() or len(text) > LONGEST:
        raise refusal(name.place, f"{got(name.plain())}, {ACCEPTED}", key)
    target = path.parent / text
    if not target.is_file() and (shipped := shipped_scenario(text)):
        return shipped
    if PurePosixPath(text).is_absolute() or "\\" in text or target.is_dir() or not _inside(target, path, tree):
        raise refusal(name.place, f"{got(text)}, {ACCEPTED}", key)
    if not target.exists():
        raise refusal(name.place, no_such_file(text, _present(target, PurePosixPath(text), above)), key)
    return target


def _inside(target: Path, path: Path, tree: Path) -> bool:
    shipped = resolved(shipped_folder())
    return resolved(target).is_relative_to(shipped if resolved(path).is_relative_to(shipped) else tree)


def _present(target: Path, name: PurePosixPath, above: Collection[Path]) -> list[str]:
    """YAML files in the folder of a missing one, and shipped scenarios where it was named without a folder."""
    files = sorted(file.name for file in target.parent.glob("*.y*ml") if resolved(file) not in above)
    return [str(name.parent / file) for file in files] + (shipped_names() if name.name == str(name) else [])
