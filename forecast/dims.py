"""Axis order and shape of simulated numbers, stated once.

Inside the engine every array is time-major: `(n_periods, n_draws)`. Row 0 is the first quarter after the origin, except
in flows and shares of investments and in what policies do, `(n_periods + 1, n_draws)`; row 0 is the origin itself.
A quantity constant in time is `(n_draws,)` and broadcasts against them. Annual results are `(n_series, n_years,
n_draws)`, in the order of `ALL_SERIES`, of which a run has all of `SERIES`, and of the calendar,
quarterly ones `(n_series, n_quarters, n_draws)`, in the order of `QUARTERLY_SERIES`. All are float64, flows in bn USD
(per quarter inside the engine, per year in annual results), shares and rates fractions.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
CHANNELS = ("capital_goods", "intermediates", "displacement", "reverse_imports")
"""Channels by which investments move the trade balance, each with the sign of its contribution."""

EFFECTS = ("effect", "cumulated_effect", *(f"effect_{channel}" for channel in CHANNELS))
"""Total effect: all flows of the investments, as against the same world without them. Their sum, that since the first
year, and each channel."""

NEWS = ("news", *(f"news_{channel}" for channel in CHANNELS))
"""The part of the effect that is beyond the flows of the origin, which the baseline holds already; sum and channels."""

OUTPUT = "replaceable_output"
"""Output of the investments that may stand in for Korea's exports, at the duties of each draw. The displacement rate at
which an effect turns its sign is what else adds to the effect over it."""

CENSUS_BALANCE = "us_census_balance"
"""The trade balance of the same draws on US Census basis, whatever the basis of the run."""

PRODUCTS = ("memory", "chips", "cars", "car_parts", "electrical", "machinery", "rest")
"""What Korea ships to the US: memory modules and drives, other chips and computers, cars, car parts, electrical goods
with batteries, machinery, and all else."""

PRODUCT_SERIES = tuple(f"exports_{product}" for product in PRODUCTS)
"""Exports by product, which add up to all exports in every draw and year."""

SERIES = (
    *("trade_balance", "exports", "imports", "baseline_balance"),
    *EFFECTS,
    *NEWS,
    OUTPUT,
    CENSUS_BALANCE,
    *PRODUCT_SERIES,
)
"""Annual series a run keeps. `trade_balance = exports - imports = baseline_balance + news`; the level moves by news
alone, since what flowed at the origin is in the baseline, and the effect says with and without."""

POLICIES = ("tariffs", "import_commitments", "existing_affiliates")
"""What moves trade beside announcements: trade policies, by their keys in a scenario, and another path of what existing
affiliates buy. A run that has any keeps annual series of these names after `SERIES`: signed contributions to the trade
balance, which is then the baseline, the investments and them."""

TO_DATE = "tariffs_to_date"
"""What all duties that a scenario follows change in the balance, against the duties before the first of them.

`tariffs` is the part that was still to come at the origin; the rest is in the last observed quarter. It follows
`POLICIES` in a run that has any, and is no part of a sum."""

FUTURE = "future_announcements"
"""Machines for plants that nobody has announced yet, where a scenario builds any: a series after all others. They are
part of the level and no effect of a scenario: they take the place of today's orders, which the baseline holds."""

ALL_SERIES = (*SERIES, *POLICIES, TO_DATE, FUTURE)
"""Every annual series that a run may keep, in their order."""

FLOWS = ("exports", "imports")
"""Order of the axis of the two flows, Korea's view."""

QUARTERLY_SERIES = SERIES[:3]
"""Series a run keeps for each of the first quarters, US Census basis only: the bridge between the books is annual."""

N_QUARTERS = 8
"""Quarters after the origin that a run keeps, fewer where its horizon is nearer."""

MOST_SEED = 10**30
"""Largest seed of a run."""

MOST_DRAWS = 10**9
"""Draws of a run at most: its blocks are listed before the first is drawn."""

BASES = ("korea_customs", "us_census")
"""Statistical books a flow can be stated in; never mixed in one table or plot without being named."""


def basis_of(series: str, basis: str) -> str:
    """Basis of an annual series of a run on a basis.

    >>> basis_of("trade_balance", "korea_customs"), basis_of("us_census_balance", "korea_customs")
    ('korea_customs', 'us_census')
    """
    return "us_census" if series == CENSUS_BALANCE else basis
