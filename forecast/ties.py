"""What else the fate of an announcement hangs on, as a plan holds it."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.inputs import Input


@dataclass(frozen=True, slots=True)
class Cut:
    """A programme that may be cut as a whole; `stream` prefixes the addresses of its draws.

    Attributes:
        probability: chance that it survives; None if it does.
        scale: factor of the amounts of all its members; None for 1.
    """

    stream: str
    probability: Input | None
    scale: Input | None


@dataclass(frozen=True, slots=True)
class Tie:
    """Other announcements and programmes that decide whether one goes ahead.

    Attributes:
        requires, excludes: ids of which all, or none, must go ahead.
        same_as: id of the announcement that decides in its place.
        cuts: programmes it belongs to.
    """

    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    same_as: str | None = None
    cuts: tuple[Cut, ...] = ()
