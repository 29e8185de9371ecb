"""Effects of duties on trade, and the schedule of US duties on Korean goods in `data/tariffs.yaml`.

With a duty of `rate` in place of `base_rate`, what buyers pay rises by `relative = (1 + rate) / (1 + base_rate) - 1`
if nothing is taken off the price. They pay the share `pass_through` of that; the exporter takes the rest off, at once.
The quantity falls with what they pay, in the long run by the factor `(1 + pass_through * relative) ** -elasticity`; the
share `adjustment` of its logarithm is reached after a year. Exports in dollars are quantity times price before duty.

Where rivals abroad pay `rivals` more, the quantity rises by the factor
`(1 + pass_through * rivals) ** (substitution * elasticity)`, at the same pace: the share `substitution` of what the
same duty on Korea takes.

Arrays are time-major, see `dims`; rates are fractions, dates positions on the quarter axis.

Out of scope: assumptions of a scenario, those are `scenario.policy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from forecast.dims import Array
from forecast.economics.priors import SHIPPED, Coefficient, PriorFile, each, fields
from forecast.economics.sectors import SECTORS
from forecast.quarters import parse_time
from forecast.storage.files import digest, text_bytes

if TYPE_CHECKING:
    from forecast.storage.documents import Node

RESPONSES = ("weight_of_2026", "pass_through", "elasticity", "adjustment", "localization_response")

EXTENT = ("pass_through", "elasticity", "substitution", "localization_response")
"""Responses that say how far trade moves in the end.

Those of the duties up to the origin are one in each draw, stated by the last of them that states any: what is still to
come of the past is the difference of what was reached at the origin and what will be, which two responses would mix.
"""

PACE = "adjustment"
"""Response that says how fast trade moves, in each quarter that of the duty that began last."""

PURCHASES = ("aircraft", "lng", "other")
SHARES = ("share_2025", "share_2026")
REST = "other"
"""Sector of all exports that no other sector holds."""

WITHOUT_TRADE = ("shipbuilding", "solar")
"""Sectors that no row of the schedule stands for; what there is of their exports is in `other`."""

SHARES_WITHIN_REST = {"shipbuilding": 0.0, "solar": 0.0052}
"""Their shares of Korea's exports to the US, which bound what plants displace: US imports for consumption from Korea in
2024 by US Census, 0.004 (chapter 89) and 0.68 bn USD (cells and modules, 8541.42 and 8541.43) of 130.46."""

TAXED = tuple(sector for sector in SECTORS if sector not in WITHOUT_TRADE)
"""Sectors that rows of the schedule stand for."""

PARTS = {"memory": "semiconductors"}
"""Products that a tariff may name by themselves, with the sector whose part and duty of record they have."""

GOODS = (*TAXED, *PARTS)
"""Goods a tariff may name."""

_PATH = SHIPPED / "tariffs.yaml"


@dataclass(frozen=True, slots=True)
class Trade:
    """Exports of one sector to the US, and their duties.

    Attributes:
        dates: positions on the quarter axis from which each rate but the first holds.
        rates: average duties, one more than `dates`.
        shares: of Korea's exports to the US, in the order of `SHARES`.
    """

    dates: tuple[float, ...]
    rates: tuple[Coefficient, ...]
    shares: tuple[float, ...]

    def rate(self, time: float) -> float:
        """The average duty at a position on the quarter axis, a fraction."""
        return float(self.rates[sum(date <= time for date in self.dates)].distribution.ppf(0.5))


@dataclass(frozen=True, slots=True)
class TariffSchedule:
    """Duties by sector and date, and priors of the responses to tariffs and commitments.

    Attributes:
        responses: distributions of `RESPONSES` by name.
        additionality: distributions by what is bought.
        trade: by sector of `TAXED`.
    """

    responses: Mapping[str, Coefficient]
    additionality: Mapping[str, Coefficient]
    trade: Mapping[str, Trade]


FINISHED = dict.fromkeys(WITHOUT_TRADE, REST)
"""Sector whose duty the goods pay that a plant makes, where that is not the plant's own."""


def duty_on_finished(sector: str, first: float, end: float) -> float:
    """Mean duty of the record on the finished goods of a sector between two positions on the quarter axis.

    >>> duty_on_finished("autos", 4 * 2024, 4 * 2025), round(duty_on_finished("autos", 4 * 2025, 4 * 2025 + 4), 4)
    (0.0, 0.1695)
    """
    trade = load_schedule().trade[FINISHED.get(sector, sector)]
    edges = [first, *(date for date in trade.dates if first < date < end), end]
    return sum((after - date) * trade.rate(date) for date, after in pairwise(edges)) / (end - first)


@cache
def load_schedule(path: Path = _PATH) -> TariffSchedule:
    """The shipped tariff schedule.

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    names = ("rate", *SHARES, *RESPONSES, "additionality")
    file = PriorFile(path, "trade_policy", names)
    body = fields(file.body, "trade_policy", ("responses", "additionality", "sectors"))

    def additionality(node: Node, place: str) -> Coefficient:
        return file.coefficient(node, f"{place}.additionality")

    def trade(node: Node, place: str) -> Trade:
        return _trade(file, node, place)

    sectors = each(body["sectors"], "sectors", TAXED, trade)
    return TariffSchedule(
        responses=each(body["responses"], "responses", RESPONSES, file.coefficient),
        additionality=each(body["additionality"], "additionality", PURCHASES, additionality),
        trade=MappingProxyType({**sectors, REST: replace(sectors[REST], shares=_remainder(sectors))}),
    )


def _trade(file: PriorFile, node: Node, place: str) -> Trade:
    parts = fields(node, place, ("rates",), ("shares",))
    steps = parts["rates"].items
    dates = tuple(parse_time(str(step.fields["from"].content)) for step in steps[1:])
    rates = tuple(file.coefficient(_undated(step), f"{place}.rate") for step in steps)
    if "shares" not in parts:
        return Trade(dates, rates, ())
    shares = each(parts["shares"], place, SHARES, file.coefficient)
    return Trade(dates, rates, tuple(float(share.distribution.ppf(0.5)) for share in shares.values()))


def _undated(step: Node) -> Node:
    return replace(step, content={name: child for name, child in step.fields.items() if name != "from"})


def _remainder(trade: Mapping[str, Trade]) -> tuple[float, ...]:
    """One less the shares of all other sectors, in the order of `SHARES`."""
    shares = [sector.shares for name, sector in trade.items() if name != REST]
    return tuple(1.0 - sum(column) for column in zip(*shares, strict=True))


def schedule_digest() -> str:
    """SHA-256 of the file, in hexadecimal; the same for every convention of line ends."""
    return digest(text_bytes(_PATH))


def relative_change(rate: ArrayLike, base_rate: ArrayLike) -> Array:
    """Rise of what a good costs with its duty, a fraction of what it cost under `base_rate`; 0 where they are equal.

    >>> relative_change([0.0, 0.25], 0.0).tolist()
    [0.0, 0.25]
    """
    return np.asarray((1.0 + np.asarray(rate)) / (1.0 + np.asarray(base_rate)) - 1.0)


def log_price(relative: ArrayLike, pass_through: ArrayLike) -> Array:
    """Log change of the price before duty, at most 0 for a rise: what the exporter takes off."""
    relative = np.asarray(relative)
    return np.asarray(np.log1p(pass_through * relative) - np.log1p(relative))


def log_quantity(relative: ArrayLike, pass_through: ArrayLike, elasticity: ArrayLike) -> Array:
    """Log change of the quantity shipped, in the long run."""
    return np.asarray(-np.asarray(elasticity) * np.log1p(np.asarray(pass_through) * np.asarray(relative)))


def log_diversion(rivals: ArrayLike, pass_through: ArrayLike, elasticity: ArrayLike, substitution: ArrayLike) -> Array:
    """Log change of the quantity shipped in the long run, where rivals pay `rivals` more, a fraction above -1.

    A duty on all gives back the share `substitution` of what that on Korea takes:

    >>> given = log_diversion(0.1, 0.9, 2.0, 0.84)
    >>> round(float(given / log_quantity(0.1, 0.9, 2.0)), 12)
    -0.84
    """
    return np.asarray(-np.asarray(substitution) * log_quantity(rivals, pass_through, elasticity))


def quarterly_adjustment(first_year: ArrayLike) -> Array:
    """Share of the way still to go that is covered in a quarter, from the share `first_year` covered in four.

    >>> round(float(quarterly_adjustment(0.5)), 4)
    0.1591
    """
    return np.asarray(1.0 - (1.0 - np.asarray(first_year)) ** 0.25)


def adjusted(target: Array, pace: Array) -> Array:
    """Path that follows a target, each quarter by the share `pace` of the way still to go.

    Args:
        target: `(n_rows, n_draws)`; before row 0 it is where it is in row 0.
        pace: share of the way covered in each quarter, broadcastable to `target`.

    >>> adjusted(np.array([[0.0], [1.0], [1.0]]), np.array(0.5)).ravel().tolist()
    [0.0, 0.5, 0.75]
    """
    pace = np.broadcast_to(pace, target.shape)
    reached = target.copy()
    for row in range(1, len(target)):
        reached[row] = reached[row - 1] + pace[row] * (target[row] - reached[row - 1])
    return reached
