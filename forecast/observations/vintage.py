"""Vintages: all data of the fits and the plan as public on a day.

The release calendar of `series` says when a figure became public, `series.census_flows` which copy of a month's trade
stands for the knowledge of a day. Not cleaned of later knowledge are the sector priors, the coefficients and the record
of announcements: they rest on evidence published up to 2026, whatever the day.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from forecast.dims import BASES, Array
from forecast.errors import DataError
from forecast.observations.announcements import Outcome, outcomes
from forecast.observations.annual import (
    BridgeObservations,
    ProcurementShare,
    bridge_observations,
    procurement_shares,
    record_surplus,
)
from forecast.observations.series import (
    QuarterlyDrivers,
    QuarterlyTrade,
    census_flows,
    census_release,
    completions,
    quarterly_drivers,
    quarterly_trade,
)
from forecast.observations.tables import SHIPPED
from forecast.quarters import parse_day, parse_time
from forecast.storage.files import digest

FIRST_DAY = "2024-07-31"
"""Before it no share of the purchases of US affiliates was public, or no two years in a row in both books."""

_WORDS = frozenset({"vintage", "source", "certainty"})


@dataclass(frozen=True, slots=True, eq=False)
class Vintage:
    """All data of the fits and the plan.

    Attributes:
        as_of: the day, such as `2025-04-11`; None for all the data.
        trade: quarters in both flows, and the months known of the running quarter.
        completions: `(n_quarters, 2)` log of each quarter over its first months, as many as are known of the running
            one; no rows where none is known.
        drivers: US output, won and oil up to the last quarter of trade.
        shares: purchases of US affiliates.
        bridge: both books side by side.
        fates: outcomes of announced plants.
        records: year and size, bn USD, of the largest surplus of a calendar year, by basis.
    """

    as_of: str | None
    trade: QuarterlyTrade
    completions: Array
    drivers: QuarterlyDrivers
    shares: tuple[ProcurementShare, ...]
    bridge: BridgeObservations
    fates: tuple[Outcome, ...]
    records: Mapping[str, tuple[int, float]]

    @property
    def digest(self) -> str:
        """Digest of the numbers the models see; neither the day nor the words about a number enter."""
        numbers = json.dumps(_plain((self.trade, self.completions, self.drivers, self.shares, self.bridge, self.fates)))
        return digest(numbers)


@cache
def vintage(as_of: str | None = None, folder: Path = SHIPPED) -> Vintage:
    """Data public on a day, written `2025-04-11`; all the shipped data without one.

    A day after the last release knows all the data too.

    Raises:
        DataError: the text is no day, or one before `FIRST_DAY`: too little was public to fit every model.
    """
    day = day_of(as_of)
    if day is not None and day < parse_day(FIRST_DAY):
        raise DataError(
            f"got {as_of}, expected a day from {FIRST_DAY} on: before it two years in a row in both books, or any "
            f"share of the purchases of US affiliates, were not yet public"
        )
    trade = quarterly_trade(folder, day)
    return Vintage(
        as_of,
        trade,
        completions(*census_flows(folder, day), len(trade.later_exports)),
        quarterly_drivers(trade.origin, folder),
        procurement_shares(folder=folder, day=day),
        bridge_observations(folder, day),
        _fates(as_of, folder),
        {basis: record_surplus(basis, folder, day) for basis in BASES},
    )


def _fates(as_of: str | None, folder: Path) -> tuple[Outcome, ...]:
    """Outcomes of announced plants; a day that knows all trade knows the tables as they are."""
    trade = census_flows(folder)[0]
    day = day_of(as_of)
    knows_all = day is None or day >= census_release(trade.start + len(trade.values) - 1)
    return outcomes(None if knows_all or as_of is None else parse_time(as_of), folder)


def day_of(as_of: str | None) -> dt.date | None:
    """A day as `observations` takes it.

    Raises:
        DataError: the text is not a day such as `2025-04-11`.
    """
    try:
        return None if as_of is None else parse_day(as_of)
    except ValueError:
        raise DataError(f"got {as_of!r}, expected a day such as 2025-04-11") from None


def next_release() -> tuple[dt.date, str]:
    """First day that knows more US Census trade than the shipped data hold, and the month it would know."""
    trade = census_flows(SHIPPED)[0]
    month = trade.start + len(trade.values)
    return census_release(month), f"{month // 12}-{month % 12 + 1:02d}"


def release_of(quarter: int) -> str:
    """First day that knows a quarter of US Census trade, such as `2025-02-07`.

    >>> release_of(8099)
    '2025-02-07'
    """
    return census_release(3 * quarter + 2).isoformat()


def _plain(value: Any) -> Any:
    """A value as JSON, numbers to nine digits, so that no digest depends on how a processor adds."""
    if isinstance(value, np.ndarray | float):
        return [f"{number:.9g}" for number in np.ravel(value).tolist()]
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.name not in _WORDS}
    return value
