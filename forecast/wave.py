"""The wave of plants built in 2020-25, and the trade it induced by year and channel.

The equations are those of `channels`, so that one function serves stored rows and the tensors of a fit. Axis order
here: `(n_years, n_plants, n_draws)`, with one draw on tensors.

Refused here: what the plants will ship; scenarios speak of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.channels import (
    QUARTERS_PER_YEAR,
    Quantity,
    capital_goods_exports,
    cumulative_share,
    displaced_exports,
    intermediate_exports,
    output_at_capacity,
    reverse_imports,
)
from forecast.draws import Array
from forecast.errors import DataError
from forecast.quarters import parse_time
from forecast.sectors import COEFFICIENTS, SECTORS
from forecast.series import read_only
from forecast.tables import SHIPPED, number, read_table

FIRST_YEAR, LAST_YEAR = 2020, 2025
YEARS = tuple(range(FIRST_YEAR, LAST_YEAR + 1))
SPANS = range(4 * FIRST_YEAR, 4 * (LAST_YEAR + 1), 4)
"""Quarters at which the years begin; a range says by its step how long each of its spans is."""


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """The plants, `(n_plants,)` or `(n_plants, 1)`.

    Attributes:
        ids: their rows in the announcements.
        sectors: positions in `SECTORS`, `(n_plants,)`.
        capital: what is built, bn USD, `(n_plants, 1)`.
        machinery_start: when machinery began to be ordered, position on the quarter axis, `(n_plants, 1)`.
        production_start: first output, `(n_plants, 1)`.
    """

    ids: tuple[str, ...]
    sectors: NDArray[np.int64]
    capital: Array
    machinery_start: Array
    production_start: Array


@dataclass(frozen=True, slots=True)
class InducedTrade:
    """What the plants of the wave did to trade, bn USD a year, `(n_years, n_plants, n_draws)`.

    Attributes:
        capital_goods, intermediates: exports of machinery, and of parts and materials.
        displaced: finished exports no longer shipped.
        returned: imports from the plants.
        displaced_at_full_run: a year once every plant runs fully, `(n_plants, n_draws)`.
    """

    capital_goods: Quantity
    intermediates: Quantity
    displaced: Quantity
    returned: Quantity
    displaced_at_full_run: Quantity

    @property
    def exports(self) -> Quantity:
        """Induced exports of all plants, less those displaced, `(n_years, n_draws)`."""
        return (self.capital_goods + self.intermediates - self.displaced).sum(axis=1)


@cache
def load_wave(folder: Path = SHIPPED) -> Wave:
    """The plants of `wave.csv`, in its order.

    Raises:
        DataError: the table is broken, a sector is unknown, the built part is not in (0, 1], or a date is not before
            the next.
    """
    rows = read_table("wave", folder)
    for index, row in enumerate(rows):
        _demand_plant(row, f"wave.csv:{index + 2}")
    column = {
        name: np.array([[parse_time(row[name])] for row in rows]) for name in ("machinery_start", "production_start")
    }
    capital = np.array([[number(row["amount"]) * number(row["built"])] for row in rows])
    return Wave(
        ids=tuple(row["id"] for row in rows),
        sectors=np.array([SECTORS.index(row["sector"]) for row in rows]),
        capital=read_only(capital),
        machinery_start=read_only(column["machinery_start"]),
        production_start=read_only(column["production_start"]),
    )


def induced_trade(wave: Wave, coefficients: Quantity, spans: range = SPANS) -> InducedTrade:
    """Trade induced by the plants in `YEARS`, or in other spans.

    Args:
        wave: the plants.
        coefficients: sector coefficients `(n_sectors, n_coefficients, n_draws)`, an array or a tensor.
        spans: first quarter of each span, all as long as its step.
    """
    known = {name: coefficients[:, column][wave.sectors] for column, name in enumerate(COEFFICIENTS)}
    orders = capital_goods_exports(wave.capital, known["machinery_share"], known["korean_machinery_share"])
    capacity = output_at_capacity(wave.capital, known["output_per_capex"], known["utilisation"])
    output = _quarters_at_capacity(wave, known["ramp_quarters"], spans) * capacity
    return InducedTrade(
        capital_goods=_spent(wave, spans) * orders,
        intermediates=intermediate_exports(output, known["purchases_per_output"], known["korean_share"]),
        displaced=displaced_exports(output, known["displacement_rate"]),
        returned=reverse_imports(output, known["reverse_import_rate"]),
        displaced_at_full_run=displaced_exports(QUARTERS_PER_YEAR * capacity, known["displacement_rate"]),
    )


def _spent(wave: Wave, spans: range) -> Array:
    """Share of a plant's machinery ordered in each span, `(n_spans, n_plants, 1)`."""
    edges = np.append(spans, spans.stop)[:, None, None].astype(float)
    reached: Array = cumulative_share(edges, wave.machinery_start, wave.production_start)
    return reached[1:] - reached[:-1]


def _quarters_at_capacity(wave: Wave, ramp_quarters: Quantity, spans: range) -> Quantity:
    """Output of each span in quarters of full output, `(n_spans, n_plants, n_draws)`."""
    middles = np.arange(spans.start, spans.stop) + 0.5
    start = wave.production_start
    reached = cumulative_share(middles[:, None, None], start, start + ramp_quarters)
    return reached.reshape((len(spans), spans.step, len(wave.ids), -1)).sum(axis=1)


def _demand_plant(row: Mapping[str, str], place: str) -> None:
    if row["sector"] not in SECTORS:
        raise DataError(f"{place}: sector: got {row['sector']!r}, expected one of {', '.join(SECTORS)}")
    if not 0 < number(row["built"]) <= 1:
        raise DataError(f"{place}: built: got {row['built']}, expected a share above 0 and at most 1")
    starts = [row["machinery_start"], row["production_start"]]
    if "" in starts or parse_time(starts[0]) >= parse_time(starts[1]):
        raise DataError(
            f"{place}: got machinery from {starts[0]!r} and output from {starts[1]!r}, expected two dates in order"
        )
