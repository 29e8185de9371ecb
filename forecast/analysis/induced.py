"""How much of the surplus of a year was induced by Korean plants in the US: the channels run over history.

Plants, dates and amounts are those of `wave.csv`, known by now; what they bought, made and replaced is uncertain and
comes from the joint posterior rows of the sector coefficients. Flows are whole, not news against an origin: without
these plants they would not be there.

Not covered: plants built before 2020 and their growth, sales companies, plants not in the table, what tariffs took from
the flows of the plants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast import shown
from forecast.dims import BASES, Array
from forecast.errors import DataError
from forecast.models.evidence import FIRST_YEAR, RecentPlants, induced_trade, recent_plants
from forecast.models.posterior import Groups
from forecast.observations.annual import every_year
from forecast.observations.series import quarterly_trade


@dataclass(frozen=True, slots=True, eq=False)
class Induced:
    """Trade that the plants induced in a year, bn USD, one draw a posterior row.

    Attributes:
        year: calendar year.
        n_quarters: how many of its quarters are counted: all, or those observed so far.
        plants: ids of those that had begun to order machinery by its end, in the order of the table.
        by_plant: capital goods, intermediates, displaced exports and reverse imports, each signed as it moves the
            balance, `(4, n_plants, n_draws)`.
        surplus: observed, by basis; a basis without a published figure is absent.
        before: the same of `FIRST_YEAR` (its first `n_quarters` quarters).
        net_before: net trade induced then, `(n_draws,)`.
    """

    year: int
    n_quarters: int
    plants: tuple[str, ...]
    by_plant: Array
    surplus: dict[str, float]
    before: dict[str, float]
    net_before: Array

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.induced_html", self))

    @property
    def channels(self) -> Array:
        """Signed sums over the plants, `(4, n_draws)`."""
        return np.asarray(self.by_plant.sum(axis=1))

    @property
    def gross(self) -> Array:
        """Induced exports: capital goods and intermediates, `(n_draws,)`."""
        return np.asarray(self.channels[:2].sum(axis=0))

    @property
    def net(self) -> Array:
        """What that leaves for the balance once displaced exports and reverse imports are taken off, `(n_draws,)`."""
        return np.asarray(self.channels.sum(axis=0))

    def share(self, basis: str) -> Array:
        """Net induced trade as a share of the surplus on a basis, `(n_draws,)`."""
        return self.net / self.surplus[basis]

    def share_of_rise(self, basis: str) -> Array | None:
        """The same of what each has risen by since `FIRST_YEAR`; None in that year, or where a figure is missing."""
        if self.year == FIRST_YEAR or basis not in self.before:
            return None
        return (self.net - self.net_before) / (self.surplus[basis] - self.before[basis])


def demand_year(year: int) -> None:
    """Refuse a year that the plants or the observations do not cover.

    Raises:
        DataError: it is one of these.
    """
    last = quarterly_trade().origin // 4
    if not FIRST_YEAR <= year <= last:
        raise DataError(
            f"--year: got {year}, expected a year from {FIRST_YEAR} to {last}: wave.csv holds plants built from "
            f"{FIRST_YEAR} on, and {last} is the last year with a whole quarter in trade_monthly.csv"
        )


def induced(year: int, groups: Groups) -> Induced:
    """Trade induced in a year.

    Args:
        year: from `evidence.FIRST_YEAR` to the last one of which a quarter is observed.
        groups: posterior rows, or prior ones.

    Raises:
        DataError: no plant of the table was built then, or nothing of the year is observed.
    """
    demand_year(year)
    n_quarters = min(4, quarterly_trade().origin + 1 - 4 * year)
    wave = recent_plants()
    begun = np.flatnonzero(wave.machinery_start[:, 0] < 4 * year + n_quarters)
    coefficients = np.moveaxis(groups["sectors"]["coefficients"], 0, -1)
    return Induced(
        year=year,
        n_quarters=n_quarters,
        plants=tuple(wave.ids[plant] for plant in begun),
        by_plant=_signed(wave, coefficients, year, n_quarters)[:, begun],
        surplus=_surplus(year, n_quarters),
        before=_surplus(FIRST_YEAR, n_quarters),
        net_before=_signed(wave, coefficients, FIRST_YEAR, n_quarters).sum(axis=(0, 1)),
    )


def _signed(wave: RecentPlants, coefficients: Array, year: int, n_quarters: int) -> Array:
    """Contributions of every plant to the balance by channel, `(4, n_plants, n_draws)`."""
    trade = induced_trade(wave, coefficients, range(4 * year, 4 * year + n_quarters, n_quarters))
    flows = (trade.capital_goods, trade.intermediates, -trade.displaced, -trade.returned)
    return np.stack([flow[0] for flow in np.broadcast_arrays(*flows)])


def _surplus(year: int, n_quarters: int) -> dict[str, float]:
    """Observed surplus of the first quarters of a year by basis; Korean customs figures of whole years only."""
    if n_quarters < 4:
        trade = quarterly_trade()
        first = 4 * year - trade.first_quarter
        balance = (trade.exports - trade.imports)[first : first + n_quarters]
        return {"us_census": float(balance.sum())}
    found = {}
    for basis in BASES:
        seen = every_year(basis)
        at = int(np.searchsorted(seen.years, year))
        if seen.months[at, 2] == 12:
            found[basis] = float(seen.balance[at])
    return found
