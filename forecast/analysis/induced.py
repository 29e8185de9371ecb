"""The claim of KIET put to the test: how much of a year's surplus Korean affiliates in the US account for.

Three definitions side by side. (a) Affiliates as importers: all trade between related parties, sales companies
included. (b) Plants, gross: machines, parts and materials that manufacturing affiliates bought in Korea. (c) Plants,
net of the exports they replaced and of what they shipped back. Manufacturing affiliates are those that exist, by their
output (`affiliates.csv`), and the plants of 2020-25 (`wave.csv`), by what was built and when.

Flows are whole, not news against an origin: without these plants they would not be there. One draw is a joint posterior
row of the sector coefficients with its own dates, amounts, output and completeness of the lists.

Not covered: how the Korean share of purchases moved before the origin, machinery of plants built before 2020, acquired
companies, what US tariffs took from the flows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from forecast import shown
from forecast.dims import BASES, Array
from forecast.economics.channels import QUARTERS_PER_YEAR, output_at_capacity
from forecast.economics.installed_base import existing_trade, load_priors
from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.economics.tariffs import duty_on_finished
from forecast.engine.simulate import Settings
from forecast.engine.stratified import block_of_streams
from forecast.errors import DataError, PosteriorError
from forecast.models.evidence import FIRST_YEAR, RecentPlants, induced_trade, quarters_at_capacity, recent_plants
from forecast.models.posterior import Groups, load_posterior
from forecast.observations.affiliates import existing_affiliates, related_party_shares
from forecast.observations.annual import every_year
from forecast.observations.series import quarterly_trade
from forecast.observations.tables import read_table
from forecast.stats.streams import Scheme

if TYPE_CHECKING:
    import pandas as pd

RATES: tuple[float | None, ...] = (0.0, 0.1, 0.25, None, 1.0)
"""Exports of cars that a dollar of cars made there replaces, for the sensitivity; None is the posterior."""

CARS = SECTORS.index("autos")
DISPLACEMENT = ("displacement_rate", "tariff_displacement")
SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class PlantFlows:
    """What plants leave for the balance in a span, bn USD, each channel signed.

    Attributes:
        recent: plants of 2020-25: capital goods, intermediates, displaced, returned, `(4, n_plants, n_draws)`.
        existing: affiliates, replaced machinery first, `(4, n_affiliates, n_draws)`.
        unlisted: those of neither table, `(4, n_draws)`.
        output: what the listed ones made, `(n_plants + n_affiliates, n_draws)`.
    """

    recent: Array
    existing: Array
    unlisted: Array
    output: Array

    @property
    def channels(self) -> Array:
        """Sums over all, `(4, n_draws)`."""
        return np.asarray(self.recent.sum(axis=1) + self.existing.sum(axis=1) + self.unlisted)

    @property
    def net(self) -> Array:
        """What all channels leave, `(n_draws,)`."""
        return np.asarray(self.channels.sum(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Induced:
    """Trade of a year that Korean affiliates in the US account for, bn USD; draws are the last axis.

    Attributes:
        year: calendar year.
        n_quarters: how many of its quarters are counted: all, or those observed so far.
        plants: ids of the plants of 2020-25 that had begun to order machinery by its end, in the order of the table.
        affiliates: ids of the affiliates that made something in the year.
        flows: of all plants and affiliates of the tables.
        surplus: observed, by basis; a basis without a published figure is absent.
        exports: Korea's exports to the US, likewise.
        related_share: share of trade between related parties, `(n_draws,)`.
        related_year: the last year for which it was found.
        before: surplus of `FIRST_YEAR` (its first `n_quarters` quarters).
        net_before: net trade induced then, `(n_draws,)`.
        net_at: net trade by the displacement rate of cars, see `RATES`.
        value_added: what the listed plants made less the goods they bought, so their own and that of services that they
            bought, `(n_draws,)`.
    """

    year: int
    n_quarters: int
    plants: tuple[str, ...]
    affiliates: tuple[str, ...]
    flows: PlantFlows
    surplus: Mapping[str, float]
    exports: Mapping[str, float]
    related_share: Array
    related_year: int
    before: Mapping[str, float]
    net_before: Array
    net_at: Mapping[float | None, Array]
    value_added: Array

    def to_frame(self) -> pd.DataFrame:
        """Median and 80 % interval of each definition, bn USD and as a share of either surplus, as a pandas table."""
        frame: pd.DataFrame = shown("report.notebook.induced_frame", self)
        return frame

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.induced_html", self))

    @property
    def gross(self) -> Array:
        """Definition (b): machines, parts and materials bought in Korea, `(n_draws,)`."""
        return np.asarray(self.flows.channels[:2].sum(axis=0))

    @property
    def net(self) -> Array:
        """Definition (c): that less displaced exports and reverse imports, `(n_draws,)`."""
        return self.flows.net

    def imported(self, basis: str) -> Array:
        """Definition (a): exports of Korea to related parties, `(n_draws,)`."""
        return self.related_share * self.exports[basis]

    def share_of_rise(self, basis: str) -> Array | None:
        """Rise of net trade since `FIRST_YEAR` over that of the surplus, `(n_draws,)`; None where that says nothing."""
        if self.year <= FIRST_YEAR or basis not in self.before or basis not in self.surplus:
            return None
        return (self.net - self.net_before) / (self.surplus[basis] - self.before[basis])


def demand_year(year: int) -> None:
    """Refuse a year that the tables or the observations do not cover.

    Raises:
        DataError: it is one of these.
    """
    first, last = int(existing_affiliates().years[0]), quarterly_trade().origin // 4
    if not first <= year <= last:
        raise DataError(
            f"--year: got {year}, expected a year from {first} to {last}: affiliates.csv holds output from {first} on, "
            f"and {last} is the last year with a whole quarter in trade_monthly.csv"
        )


def induced(year: int, groups: Groups, scheme: Scheme = "plain") -> Induced:
    """Trade of a year that Korean affiliates in the US account for.

    Args:
        year: from the first one of `affiliates.csv` to the last one of which a quarter is observed.
        groups: posterior rows, or prior ones, each of which is used once.
        scheme: how what rows leave open is drawn.

    Raises:
        DataError: the tables do not hold the year, or nothing of it is observed.
        RunError: there is no such scheme.
    """
    demand_year(year)
    Settings(scheme=scheme)  # refuses a scheme that there is not
    n_quarters = min(4, quarterly_trade().origin + 1 - 4 * year)
    coefficients = np.moveaxis(groups["sectors"]["coefficients"], 0, -1)
    unknown = Unknowns.drawn(coefficients.shape[-1], scheme)
    wave, base = recent_plants(), existing_affiliates()
    flows = plant_flows(year, n_quarters, coefficients, unknown)
    begun = np.flatnonzero(wave.machinery_start[:, 0] < 4 * year + n_quarters)
    last = max(share.year for share in related_party_shares() if share.year <= year)
    observed = {basis: _observed(basis, year, n_quarters) for basis in BASES}
    before = {basis: _observed(basis, FIRST_YEAR, n_quarters) for basis in BASES}
    return Induced(
        year=year,
        n_quarters=n_quarters,
        plants=tuple(wave.ids[plant] for plant in begun),
        affiliates=tuple(np.array(base.ids)[base.output[base.row(year)] > 0].tolist()),
        flows=flows,
        surplus={basis: found[1] for basis, found in observed.items() if found is not None},
        exports={basis: found[0] for basis, found in observed.items() if found is not None},
        related_share=_related_share(year, unknown),
        related_year=last,
        before={basis: found[1] for basis, found in before.items() if found is not None},
        net_before=plant_flows(FIRST_YEAR, n_quarters, coefficients, unknown).net,
        net_at={rate: plant_flows(year, n_quarters, _with_rate(coefficients, rate), unknown).net for rate in RATES},
        value_added=_value_added(flows.output, coefficients),
    )


@cache
def latest_claim() -> Induced | None:
    """The claim in the last whole year with both books, by the stored parameters; None where these are stale."""
    customs = every_year("korea_customs")
    whole = (customs.months[:, [0, 2]] == 12).all(axis=1) & (customs.years <= existing_affiliates().years[-1])
    try:
        return induced(int(customs.years[whole][-1]), load_posterior().groups)
    except PosteriorError:
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Unknowns:
    """What tables do not observe, one draw each, `(n_draws,)` unless said otherwise.

    Attributes:
        wear_rate, unlisted_plants, unlisted_affiliates, related_party_drift: as in `installed_base`.
        starts: shifts of machinery and production, quarters, `(2, n_plants, n_draws)`.
        amounts: built over stated, `(n_plants, n_draws)`.
        output: standard normal score of the error of output by sector, `(n_sectors, n_draws)`.
        related_party: the same of the drift of the related-party share.
    """

    wear_rate: Array
    unlisted_plants: Array
    unlisted_affiliates: Array
    related_party_drift: Array
    starts: Array
    amounts: Array
    output: Array
    related_party: Array

    @classmethod
    def drawn(cls, n_draws: int, scheme: Scheme = "plain") -> Unknowns:
        """Draws that are the same whatever the year."""
        streams, priors = block_of_streams(SEED, 0, n_draws, scheme), load_priors()
        n_plants = len(recent_plants().ids)

        def value(name: str, n_rows: int | None = None) -> Array:
            return np.asarray(priors[name].distribution.ppf(streams.uniforms(f"installed_base.{name}", n_rows)))

        return cls(
            wear_rate=value("wear_rate"),
            unlisted_plants=value("unlisted_plants"),
            unlisted_affiliates=value("unlisted_affiliates"),
            related_party_drift=value("related_party_drift"),
            starts=value("date_shift", 2 * n_plants).reshape(2, n_plants, n_draws),
            amounts=value("amount_ratio", n_plants),
            output=streams.normals("installed_base.output", len(SECTORS)),
            related_party=streams.normals("installed_base.related_party", 1)[0],
        )


def plant_flows(year: int, n_quarters: int, coefficients: Array, unknown: Unknowns) -> PlantFlows:
    """Flows of all plants in the first quarters of a year.

    Args:
        coefficients: `(n_sectors, n_coefficients, n_draws)`.
    """
    wave, base = _as_drawn(recent_plants(), unknown), existing_affiliates()
    spans = range(4 * year, 4 * year + n_quarters, n_quarters)

    # Plants of 2020-25: what was built, and when.
    trade = induced_trade(wave, coefficients, spans)
    parts = (trade.capital_goods, trade.intermediates, -trade.displaced, -trade.returned)
    recent = np.stack([part[0] for part in np.broadcast_arrays(*parts)])
    each = {name: coefficients[:, column] for column, name in enumerate(COEFFICIENTS)}
    ramp = quarters_at_capacity(wave, each["ramp_quarters"][wave.sectors], spans)[0]
    capacity = output_at_capacity(
        wave.capital, each["output_per_capex"][wave.sectors], each["utilisation"][wave.sectors]
    )

    # Affiliates that exist: what they made.
    rows = np.array([SECTORS.index(name) for name in base.sectors])
    span = n_quarters / QUARTERS_PER_YEAR
    at = base.row(year)
    output = span * base.output[at][:, None] * np.exp(base.error[at][:, None] * unknown.output[rows])
    working = span * (base.capital * (base.output[at] > 0))[:, None]
    known = {name: values[rows] for name, values in each.items()}
    duty = np.array([[duty_on_finished(sector, spans.start, spans.stop)] for sector in base.sectors])
    own = existing_trade(output, working, unknown.wear_rate, duty, known)
    existing = np.stack([own.replacement, own.intermediates, -own.displaced, -own.returned])

    # Neither table is complete.
    others = existing[:, rows != CARS].sum(axis=1)
    unlisted = unknown.unlisted_plants * recent.sum(axis=1) + unknown.unlisted_affiliates * others
    return PlantFlows(recent, existing, unlisted, np.concatenate([ramp * capacity, output]))


def _as_drawn(wave: RecentPlants, unknown: Unknowns) -> RecentPlants:
    """The plants with amounts and judged dates as drawn; a plant is built for a quarter at least."""
    judged = np.array([[float(row["status"] == "derived")] for row in read_table("wave")])
    machinery, production = (
        start + judged * shift
        for start, shift in zip((wave.machinery_start, wave.production_start), unknown.starts, strict=True)
    )
    return replace(
        wave,
        capital=wave.capital * unknown.amounts,
        machinery_start=machinery,
        production_start=np.maximum(production, machinery + 1.0),
    )


def _with_rate(coefficients: Array, rate: float | None) -> Array:
    """Coefficients with a displacement rate of cars in place of the one they have."""
    if rate is None:
        return coefficients
    changed = coefficients.copy()
    changed[CARS, [COEFFICIENTS.index(name) for name in DISPLACEMENT]] = [[rate], [0.0]]
    return changed


def _value_added(output: Array, coefficients: Array) -> Array:
    """Output of the listed plants less the goods they bought, `(n_draws,)`."""
    sectors = [*recent_plants().sectors.tolist(), *map(SECTORS.index, existing_affiliates().sectors)]
    bought = coefficients[sectors, COEFFICIENTS.index("purchases_per_output")]
    return np.asarray((output * (1.0 - bought)).sum(axis=0))


def _related_share(year: int, unknown: Unknowns) -> Array:
    """The last share found by the year, gone astray since, `(n_draws,)`."""
    last = [share for share in related_party_shares() if share.year <= year][-1]
    drift = unknown.related_party_drift * np.sqrt(year - last.year) * unknown.related_party
    return np.asarray((last.share + drift).clip(0.0, 1.0))


def _observed(basis: str, year: int, n_quarters: int) -> tuple[float, float] | None:
    """Exports and surplus of the first quarters of a year; Korean customs figures of whole years only."""
    if n_quarters < 4:
        if basis != "us_census":
            return None
        trade = quarterly_trade()
        span = slice(4 * year - trade.first_quarter, 4 * year - trade.first_quarter + n_quarters)
        exports = float(trade.exports[span].sum())
        return exports, exports - float(trade.imports[span].sum())
    found = every_year(basis)
    at = int(np.searchsorted(found.years, year))
    if found.months[at, 2] != 12 or found.months[at, 0] != 12:
        return None
    return float(found.exports[at]), float(found.balance[at])
