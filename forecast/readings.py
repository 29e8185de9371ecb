"""Aggregate evidence on the sector coefficients: what was read, how surely, and what the coefficients predict for it.

A reading is a published number that the plants of the wave explain in part; what they leave is its remainder, which is
not negative and has a scale of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.channels import Quantity
from forecast.errors import DataError
from forecast.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.tables import SHIPPED, number, read_table
from forecast.wave import YEARS, InducedTrade, Wave, induced_trade


@dataclass(frozen=True, slots=True)
class Reading:
    """One published number.

    Attributes:
        id: key of `QUANTITIES`, which says what the plants explain of it.
        title: what it is, in words.
        value, error: the number and its standard deviation, in `unit`.
        remainder: scale of the half-normal law of what the plants do not explain; 0 where they explain all.
        remainder_title: what that is, in words; empty where there is none.
        error_note, note: where the error comes from; how the number is read.
    """

    id: str
    title: str
    value: float
    error: float
    remainder: float
    remainder_title: str
    unit: str
    publisher: str
    source: str
    vintage: str
    error_note: str
    note: str


@dataclass(frozen=True, slots=True)
class Explained:
    """What a quantity is worked out from.

    Attributes:
        trade: induced trade of the wave.
        coefficients: `(n_sectors, n_coefficients, n_draws)`.
        of_batteries: positions of the battery plants.
        invested: gross Korean direct investment in the US in 2021-24, bn USD.
    """

    trade: InducedTrade
    coefficients: Quantity
    of_batteries: NDArray[np.int64]
    invested: float


def _rise(flow: Quantity, first: int, last: int) -> Quantity:
    return flow[YEARS.index(last)] - flow[YEARS.index(first)]


def _car_displacement(known: Explained) -> Quantity:
    return known.coefficients[SECTORS.index("autos"), COEFFICIENTS.index("displacement_rate")]


def _exports_per_investment(known: Explained) -> Quantity:
    return known.trade.exports[YEARS.index(2021) : YEARS.index(2024) + 1].sum(axis=0) / known.invested


QUANTITIES: Mapping[str, Callable[[Explained], Quantity]] = {
    "exports_rise": lambda known: _rise(known.trade.exports, 2021, 2024),
    "exports_per_investment": _exports_per_investment,
    "machinery_rise": lambda known: _rise(known.trade.capital_goods.sum(axis=1), 2020, 2024),
    "batteries_fall": lambda known: _rise(known.trade.displaced[:, known.of_batteries].sum(axis=1), 2023, 2025),
    "batteries_peak": lambda known: known.trade.displaced_at_full_run[known.of_batteries].sum(axis=0),
    "ioniq_5": _car_displacement,
    "other_cars": _car_displacement,
}
"""What the plants explain of each reading, `(n_draws,)` in its unit."""


@cache
def load_readings(folder: Path = SHIPPED) -> tuple[Reading, ...]:
    """Every reading, in the order of `QUANTITIES`.

    Raises:
        DataError: the table is broken, a reading is unknown or missing, or an error or a scale is not positive.
    """
    rows = {row["id"]: row for row in read_table("readings", folder)}
    if set(rows) != set(QUANTITIES):
        odd = ", ".join(sorted(set(rows) ^ set(QUANTITIES)))
        raise DataError(f"readings.csv: unknown or missing: {odd}; expected {', '.join(QUANTITIES)}")
    return tuple(_reading(rows[name]) for name in QUANTITIES)


def bottom_up(wave: Wave, coefficients: Quantity, readings: Sequence[Reading], invested: float) -> list[Quantity]:
    """What the plants explain of each reading, `(n_draws,)` each, in its unit.

    Args:
        wave: the plants.
        coefficients: `(n_sectors, n_coefficients, n_draws)`, an array or a tensor.
        readings: what to predict.
        invested: gross Korean direct investment in the US in 2021-24, bn USD.
    """
    of_batteries = np.flatnonzero(wave.sectors == SECTORS.index("batteries"))
    known = Explained(induced_trade(wave, coefficients), coefficients, of_batteries, invested)
    return [QUANTITIES[reading.id](known) for reading in readings]


@cache
def touched(wave: Wave) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions `(sectors, coefficients)` of the coefficients on which some reading depends.

    Found by trying: one draw a coefficient has it a tenth above its prior median, and the last has none.
    """
    medians = [[float(belief.law.ppf(0.5)) for belief in sector.values()] for sector in load_sectors().values()]
    tried = np.repeat(np.array(medians)[:, :, None], 1 + len(SECTORS) * len(COEFFICIENTS), axis=2)
    rows, columns = np.divmod(np.arange(tried.shape[2] - 1), len(COEFFICIENTS))
    tried[rows, columns, np.arange(len(rows))] *= 1.1
    predicted = np.array(bottom_up(wave, tried, load_readings(), 1.0))
    moves = ~np.isclose(predicted[:, :-1], predicted[:, -1:], rtol=1e-9, atol=0.0).all(axis=0)
    return rows[moves], columns[moves]


def invested_in_wave(folder: Path = SHIPPED) -> float:
    """Gross Korean direct investment in the US, sum of 2021-24, bn USD.

    >>> round(invested_in_wave(), 2)
    107.55
    """
    rows = [row for row in read_table("direct_investment", folder) if row["series"] == "korea_odi_to_us_gross"]
    years = {row["period"]: number(row["value"]) for row in rows if row["rank"] == "1"}
    return sum(years[year] for year in ("2021", "2022", "2023", "2024"))


def _reading(row: Mapping[str, str]) -> Reading:
    error, remainder = number(row["error"]), number(row["remainder"] or "0")
    if error <= 0 or remainder < 0 or bool(remainder) != bool(row["remainder_title"]):
        raise DataError(
            f"readings.csv: {row['id']}: got error {row['error']} and remainder {row['remainder']!r} of "
            f"{row['remainder_title']!r}, expected an error above 0, and a remainder above 0 with its title or neither"
        )
    words = ("id", "title", "remainder_title", "unit", "publisher", "source", "vintage", "error_note", "note")
    return Reading(value=number(row["value"]), error=error, remainder=remainder, **{name: row[name] for name in words})
