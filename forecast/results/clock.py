"""When runs are made: after the newest data they know, and not in a time that is still to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from forecast.observations.series import QuarterlyTrade, census_due

A_DAY = dt.timedelta(days=1)
"""By which the clocks of two machines may differ."""

_EARLY = dt.timedelta(days=7)
"""By which data may come before they are due."""


def day_stated(moment: str) -> dt.date:
    """The day of a moment, as runs and entries of a ledger have it in UTC.

    >>> day_stated("2026-11-30T11:09:02+00:00")
    datetime.date(2026, 11, 30)

    Raises:
        ValueError: the text is no moment.
    """
    return dt.datetime.fromisoformat(moment).date()


def today() -> dt.date:
    """The day by the clock of this machine, UTC."""
    return dt.datetime.now(dt.UTC).date()


def date_faults(created: str, trade: QuarterlyTrade) -> Iterator[str]:
    """What is wrong with the time at which a run was made, a sentence each.

    Args:
        created: as its manifest has it.
        trade: the newest of it that its data hold.
    """
    due = census_due(3 * (trade.origin + 1) - 1 + len(trade.later_exports))
    made = day_stated(created)
    if made < due - _EARLY:
        yield f"the run was made on {made}, before its newest data, which were due on {due}"
    if made > today() + A_DAY:
        yield f"the run was made on {made}, a day that is still to come"
