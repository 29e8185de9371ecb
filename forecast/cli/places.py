"""Places that options name: a folder, or a file to write, which is refused before anything is worked out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from forecast.storage.files import demand_target, demand_writable, writing
from forecast.storage.places import innermost


class NamedPlace(click.Path):
    """A place that is named, there or not."""

    kind = "file or folder"

    def __init__(self, **options: bool) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; an empty text names none."""
        if not os.fspath(value):
            self.fail(f"got '', expected a {self.kind}", param, ctx)
        return super().convert(value, param, ctx)

    def demand(
        self, test: Callable[[Path], None], place: Path, named: Path, param: click.Parameter | None, context: Any
    ) -> None:
        """Refuse a place where a test of it fails, unless a shell asks how the option could go on.

        Raises:
            RunError: nothing can be written there.
        """
        if param is not None and context is not None and not context.resilient_parsing:
            with writing(named, f"choose another {self.kind} with {param.opts[0]}"):
                test(place)


class Reference(click.types.StringParamType):
    """A scenario or a run by its name, or by its place."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; an empty one names nothing."""
        if not str(value).strip():
            self.fail("got '', expected the name of a scenario or of a run, or a place", param, ctx)
        return str(value)


class FolderPath(NamedPlace):
    """A folder that is named, there or not."""

    kind = "folder"


class WritableFolder(FolderPath):
    """A folder in which files can be written, there or to be made."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, refused where nothing can be written."""
        path = super().convert(value, param, ctx)
        self.demand(demand_writable, innermost(path / "file"), path, param, ctx)
        return path


class FilePath(NamedPlace):
    """A file that is named, there or not, as no folder is."""

    kind = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; one that ends in a separator names a folder."""
        if os.fspath(value).endswith(("/", os.sep)):
            self.fail(f"got the folder {os.fspath(value)}, expected a {self.kind}", param, ctx)
        return super().convert(value, param, ctx)


class WritableFile(FilePath):
    """A file that can be written, in a folder that is there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, refused where nothing can be written."""
        path = super().convert(value, param, ctx)
        self.demand(demand_target, path, path, param, ctx)
        return path
