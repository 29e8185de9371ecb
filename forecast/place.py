"""Where in a file something is written."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.errors import Problem, Remark, ScenarioError


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written: file as the user named it, 1-based line and column (0: no line to point at)."""

    file: str
    line: int = 0
    column: int = 0

    def problem(self, path: str, message: str) -> Problem:
        """What is wrong here, with the YAML path it is wrong at."""
        return Problem(self.file, self.line, self.column, path, message)

    def remark(self, path: str, message: str) -> Remark:
        """What is probably not meant here."""
        return Remark(self.file, self.line, self.column, path, message)


def refusal(place: Place, message: str, path: str = "") -> ScenarioError:
    """The error that stops reading at one place."""
    return ScenarioError([place.problem(path, message)])
