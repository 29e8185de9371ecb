"""What work tells of how far it has come, kept for a test to look at."""

from __future__ import annotations

from collections.abc import Callable

from forecast.parallel import Progress


class Told(Progress):
    """Everything that was told, in order.

    Args:
        heard: called with all that was done so far, whenever more is.

    Attributes:
        found: what was there before, a number each time that it was told.
        done: what was done since, the same.
    """

    def __init__(self, heard: Callable[[float], None] = lambda done: None) -> None:
        self.found: list[float] = []
        self.done: list[float] = []
        self._heard = heard

    def advance(self, done: float) -> None:
        self.done.append(done)
        self._heard(sum(self.done))

    def resume(self, found: float) -> None:
        self.found.append(found)
