"""Places that options name: a folder, or a file to write, which is refused before anything is worked out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from forecast.errors import RunError
from forecast.storage.files import demand_target, demand_writable, writing
from forecast.storage.places import file_at, innermost


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
        """The text, without a separator at its end, as shells complete names of folders; an empty one names nothing."""
        if not str(value).strip():
            self.fail("got '', expected the name of a scenario or of a run, or a place", param, ctx)
        return str(value).rstrip(f"/{os.sep}") or str(value)


def option_of(context: click.Context, name: str) -> click.Parameter:
    """The option of a command that its function takes under a name."""
    return next(option for option in context.command.params if option.name == name)


class FolderPath(NamedPlace):
    """A folder that is named, there or not."""

    kind = "folder"


class WritableFolder(FolderPath):
    """A folder in which files can be written, there or to be made."""

    def __init__(self, *, wanted_by: str = "", **options: bool) -> None:
        """Name the option, read before this one, without which nothing is written; none where something always is."""
        super().__init__(**options)
        self.wanted_by = wanted_by

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, refused where nothing can be written."""
        path = super().convert(value, param, ctx)
        if ctx is None or not self.wanted_by or ctx.params[self.wanted_by]:
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
    """A file that can be written; one that is there is replaced if it is of the kind written, and left as it is if not.

    Attributes:
        what: what is written, in words.
        is_such: whether a file is of that kind.
        endings: what its name may end in, where it has an ending that tells a format.
        makes_folders: whether folders around it are made, and need not be there.
    """

    def __init__(self, what: str, is_such: Callable[[Path], bool], *endings: str, makes_folders: bool = False) -> None:
        super().__init__()
        self.what, self.is_such, self.endings, self.makes_folders = what, is_such, endings, makes_folders

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, refused where its name tells another format, nothing can be written, or something else is there."""
        path = super().convert(value, param, ctx)
        if path.suffix.lower() not in self.endings and _tells_a_format(path.name):
            ends = " or ".join(self.endings)
            self.fail(f"got {path.name}, expected a name that ends in {ends} ({self.what})", param, ctx)
        self.demand_room(path, param, ctx)
        self.demand(self._demand_such, path, path, param, ctx)
        return path

    def demand_room(self, path: Path, param: click.Parameter | None, context: Any) -> None:
        """Refuse a path to which no file can be written.

        Raises:
            RunError: it is one.
        """
        if self.makes_folders and not path.parent.exists():
            self.demand(demand_writable, innermost(path), path, param, context)
        else:
            self.demand(demand_target, path, path, param, context)

    def _demand_such(self, path: Path) -> None:
        target = file_at(path)
        if target is not None and target.is_file() and target.stat().st_size and not self.is_such(target):
            raise RunError(f"{path}: is there already, is no {self.what} and was left as it is; name another file")


def _tells_a_format(name: str) -> bool:
    from mimetypes import MimeTypes  # a table of its own, as those of a machine differ

    return MimeTypes().guess_type(name) != (None, None)
