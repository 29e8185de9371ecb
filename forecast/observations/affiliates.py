"""Korean manufacturing affiliates that exist in the US: output by plant and year, and what checks it.

Output is printed in dollars, or follows from vehicles and what one is worth leaving the plant. Plants of `wave.csv` are
not among them. Every figure has its error: one standard deviation of its logarithm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.errors import DataError
from forecast.observations.series import read_only
from forecast.observations.tables import SHIPPED, Row, period_index, read_table

VALUE_OF_CARS = "cars"
"""Affiliate whose rows `value_per_vehicle` hold for all car plants."""

PLANTS_BY_MONTH: Mapping[str, tuple[str, ...]] = {
    "hmma": ("hmma_us", "hmma_exports"),
    "kia_georgia": ("kia_georgia",),
}
"""Series of `affiliate_vehicles.csv` that make up the vehicles of a plant."""

EXPORTED = "hmma_exports"
"""Series of the vehicles that go abroad; of other plants only sums were found."""


@dataclass(frozen=True, slots=True, eq=False)
class ExistingAffiliates:
    """Output of the affiliates, bn USD a year.

    Attributes:
        ids: in alphabetical order.
        sectors: name of the sector of each.
        years: `(n_years,)`, without gaps.
        output: `(n_years, n_affiliates)`, 0 in years in which one made nothing.
        error: standard deviation of the logarithm of each, same shape.
        judged: whether a figure has no source of its own, same shape.
        capital: invested in each, bn USD, `(n_affiliates,)`; 0 where it was not found.
    """

    ids: tuple[str, ...]
    sectors: tuple[str, ...]
    years: NDArray[np.int64]
    output: Array
    error: Array
    judged: NDArray[np.bool_]
    capital: Array

    def row(self, year: int) -> int:
        """Place of a year.

        Raises:
            DataError: the table does not cover it.
        """
        if not self.years[0] <= year <= self.years[-1]:
            raise DataError(f"got {year}, expected a year from {self.years[0]} to {self.years[-1]}: affiliates.csv")
        return int(year - self.years[0])


@cache
def existing_affiliates(folder: Path = SHIPPED) -> ExistingAffiliates:
    """Output of all affiliates of `affiliates.csv`.

    Raises:
        DataError: the table is broken, an affiliate changes its sector, has a gap in its years or both dollars and
            vehicles for one, or a vehicle has no value.
    """
    rows = read_table("affiliates", folder)
    made = {(row["affiliate"], int(row["year"])): row for row in rows if row["measure"] == "output"}
    vehicles = _vehicles(rows, folder)
    worth = {int(row["year"]): row for row in rows if row["measure"] == "value_per_vehicle"}
    for affiliate, year in vehicles:
        if (affiliate, year) in made or year not in worth:
            raise DataError(
                f"affiliates.csv: {affiliate} {year}: got vehicles {'beside output' if year in worth else 'only'}, "
                f"expected vehicles with a value_per_vehicle of {VALUE_OF_CARS}, or output"
            )
    figures = {key: (row["value"], row["error"], row["grade"] != "source") for key, row in made.items()}
    figures |= {key: _cars(*figure, worth[key[1]]) for key, figure in vehicles.items()}
    return _gathered(rows, figures)


def output_by_sector(year: int) -> dict[str, tuple[float, float]]:
    """Output of a year by sector, bn USD, with the standard deviation of its logarithm; errors of a sector go together.

    Raises:
        DataError: the table does not cover the year.
    """
    base = existing_affiliates()
    output, error = base.output[base.row(year)], base.error[base.row(year)]
    found = {}
    for sector in sorted(set(base.sectors)):
        places = [place for place, name in enumerate(base.sectors) if name == sector]
        total = float(output[places].sum())
        if total > 0:
            found[sector] = total, float((output[places] * error[places]).sum() / total)
    return found


def _gathered(rows: Iterable[Row], figures: Mapping[tuple[str, int], tuple[float, float, bool]]) -> ExistingAffiliates:
    ids = sorted({affiliate for affiliate, _ in figures})
    first, last = (pick(year for _, year in figures) for pick in (min, max))
    shape = (last - first + 1, len(ids))
    output, error, judged = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_)
    for (affiliate, year), figure in figures.items():
        cell = year - first, ids.index(affiliate)
        output[cell], error[cell], judged[cell] = figure
    for column, affiliate in enumerate(ids):
        years = np.flatnonzero(output[:, column])
        if len(years) <= years[-1] - years[0]:
            raise DataError(f"affiliates.csv: {affiliate}: got a year without output, expected every year to its last")
    sectors = {(row["affiliate"], row["sector"]) for row in rows if row["affiliate"] in ids}
    if len(sectors) > len(ids):
        raise DataError("affiliates.csv: got an affiliate in two sectors, expected one sector each")
    invested = {row["affiliate"]: row["value"] for row in rows if row["measure"] == "capital"}
    return ExistingAffiliates(
        ids=tuple(ids),
        sectors=tuple(sector for _, sector in sorted(sectors)),
        years=np.arange(first, last + 1),
        output=read_only(output),
        error=read_only(error),
        judged=judged,
        capital=read_only(np.array([invested.get(affiliate, 0.0) for affiliate in ids])),
    )


def _vehicles(rows: Iterable[Row], folder: Path) -> dict[tuple[str, int], tuple[float, float, bool]]:
    """Vehicles with their error and whether they are judged, by plant and year; sums of months where all are known."""
    found = {
        (row["affiliate"], int(row["year"])): (row["value"], row["error"], row["grade"] != "source")
        for row in rows
        if row["measure"] == "vehicles"
    }
    for plant, names in PLANTS_BY_MONTH.items():
        for year, total in whole_years(names, folder).items():
            found[plant, year] = total, 0.01, False
    return found


def whole_years(names: Iterable[str], folder: Path = SHIPPED) -> dict[int, float]:
    """Vehicles by calendar year of which all months are known, sums over series of `affiliate_vehicles.csv`."""
    months: dict[int, list[float]] = {}
    for row in read_table("affiliate_vehicles", folder):
        if row["series"] in names:
            months.setdefault(period_index(row["month"], "month"), []).append(row["value"])
    years = sorted({month // 12 for month in months})
    spans = {year: range(12 * year, 12 * year + 12) for year in years}
    return {
        year: sum(sum(months[month]) for month in span)
        for year, span in spans.items()
        if all(month in months for month in span)
    }


def _cars(vehicles: float, error: float, judged: bool, worth: Row) -> tuple[float, float, bool]:
    """Output in bn USD; both errors count."""
    both = float(np.hypot(error, worth["error"]))
    return vehicles * worth["value"] / 1e6, both, judged or worth["grade"] != "source"


def value_per_vehicle(year: int, folder: Path = SHIPPED) -> float | None:
    """Value of a vehicle leaving the plants, thousand USD; None where there is none."""
    rows = (row for row in read_table("affiliates", folder) if row["measure"] == "value_per_vehicle")
    return next((row["value"] for row in rows if int(row["year"]) == year), None)


@dataclass(frozen=True, slots=True)
class RelatedPartyShare:
    """Share of US imports from Korea that go between related parties, sales companies included."""

    year: int
    share: float
    publisher: str
    source: str


@cache
def related_party_shares(folder: Path = SHIPPED) -> tuple[RelatedPartyShare, ...]:
    """Every share that was found, by year."""
    rows = sorted(read_table("related_party", folder), key=lambda row: int(row["year"]))
    return tuple(RelatedPartyShare(int(row["year"]), row["value"], row["publisher"], row["source"]) for row in rows)
