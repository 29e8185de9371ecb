"""How far work has come, told to whoever waits for it."""

from __future__ import annotations


class Progress:
    """What work tells on its way, in the unit that it counts in. A subclass passes it on; this class tells nobody."""

    def advance(self, done: float) -> None:
        """Hear that so much more is done."""

    def resume(self, found: float) -> None:
        """Hear that so much was done before the work began, and took it no time."""
