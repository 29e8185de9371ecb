"""What can go wrong, by cause: one small tree under `ForecastError`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ForecastError(Exception):
    """Base of every error a user can cause; the command line prints it and exits with code 2."""


@dataclass(frozen=True, slots=True)
class Located:
    """Words about one place of one file.

    Attributes:
        file: file name as the user gave it, or `-s` for a command-line override.
        line: 1-based line, 0 where the text has no place for it (a missing key of the document).
        column: 1-based column, 0 as for `line`.
        path: YAML path, such as `investments.HMG-06.amount`; empty for the whole document.
        message: what was got, and what is accepted or probably meant.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class Problem(Located):
    """Something that makes no sense: nothing runs until it is mended."""

    __slots__ = ()


class Remark(Located):
    """Something that makes sense but is probably not meant: it is said, and the scenario runs."""

    __slots__ = ()


class ScenarioError(ForecastError):
    """A scenario file cannot be read as a scenario; carries every `Problem` found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DataError(ForecastError):
    """A table of observations breaks its contract: schema, unit, gap or duplicate."""


class PosteriorError(ForecastError):
    """A stored posterior is missing, damaged or stale; the message names the command that refits."""


class FitError(ForecastError):
    """A fit did not pass the convergence gate; the message carries R-hat, ESS and divergences."""


class LedgerError(ForecastError):
    """A ledger or an entry of it is missing, was changed, or cannot be written."""


class RunError(ForecastError):
    """A run cannot be started or stored as asked."""
