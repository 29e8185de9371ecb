"""Data of each model in the form it takes, with their measurement errors; no PyMC here.

Aggregate evidence on the sector coefficients comes from the plants built in 2020-25 and the trade they induced by year
and channel. The equations are those of `economics.channels`, so that one function serves stored rows and the tensors
of a fit; axis order is `(n_years, n_plants, n_draws)`, with one draw on tensors. Each piece of evidence is a published
number that the plants explain in part; the rest is its remainder, which is not negative and has a scale of its own.

Out of scope: future shipments of the plants, which are a scenario's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.dims import FLOWS, Array
from forecast.economics.channels import (
    QUARTERS_PER_YEAR,
    Quantity,
    capital_goods_exports,
    cumulative_share,
    displaced_exports,
    displacement_under,
    intermediate_exports,
    output_at_capacity,
    reverse_imports,
)
from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.economics.tariffs import duty_on_finished
from forecast.errors import DataError
from forecast.observations.annual import BridgeObservations, SpanTrade
from forecast.observations.series import read_only
from forecast.observations.tables import SHIPPED, Row, read_table
from forecast.quarters import parse_time, year_of

FIRST_YEAR, LAST_YEAR = 2020, 2025
YEARS = tuple(range(FIRST_YEAR, LAST_YEAR + 1))
SPANS = range(4 * FIRST_YEAR, 4 * (LAST_YEAR + 1), 4)
"""Quarters at which the years begin; a range says by its step how long each of its spans is."""


@dataclass(frozen=True, slots=True, eq=False)
class RecentPlants:
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
    """Trade induced by the plants, bn USD a year, `(n_years, n_plants, n_draws)`.

    Attributes:
        capital_goods, intermediates: exports of machinery, and of parts and materials.
        displaced: finished exports no longer shipped.
        returned: imports from the plants.
        displaced_at_full_run: a year once every plant runs fully, without a duty, `(n_plants, n_draws)`.
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
def recent_plants(folder: Path = SHIPPED) -> RecentPlants:
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
    capital = np.array([[row["amount"] * row["built"]] for row in rows])
    return RecentPlants(
        ids=tuple(row["id"] for row in rows),
        sectors=np.array([SECTORS.index(row["sector"]) for row in rows]),
        capital=read_only(capital),
        machinery_start=read_only(column["machinery_start"]),
        production_start=read_only(column["production_start"]),
    )


def induced_trade(plants: RecentPlants, coefficients: Quantity, spans: range = SPANS) -> InducedTrade:
    """Trade induced by the plants in `YEARS`, or in other spans.

    Args:
        plants: the plants.
        coefficients: sector coefficients `(n_sectors, n_coefficients, n_draws)`, an array or a tensor.
        spans: first quarter of each span, all as long as its step.
    """
    each = {name: coefficients[:, column][plants.sectors] for column, name in enumerate(COEFFICIENTS)}
    orders = capital_goods_exports(plants.capital, each["machinery_share"], each["korean_machinery_share"])
    capacity = output_at_capacity(plants.capital, each["output_per_capex"], each["utilisation"])
    output = quarters_at_capacity(plants, each["ramp_quarters"], spans) * capacity
    rate = displacement_under(duties_paid(plants, spans), each["displacement_rate"], each["tariff_displacement"])
    return InducedTrade(
        capital_goods=_spent(plants, spans) * orders,
        intermediates=intermediate_exports(output, each["purchases_per_output"], each["korean_share"]),
        displaced=displaced_exports(output, rate),
        returned=reverse_imports(output, each["reverse_import_rate"]),
        displaced_at_full_run=displaced_exports(QUARTERS_PER_YEAR * capacity, each["displacement_rate"]),
    )


def duties_paid(plants: RecentPlants, spans: range) -> Array:
    """Duty on what plants make, mean of each span, `(n_spans, n_plants, 1)`."""
    sectors = [SECTORS[sector] for sector in plants.sectors]
    return np.array([[[duty_on_finished(name, span, span + spans.step)] for name in sectors] for span in spans])


def _spent(plants: RecentPlants, spans: range) -> Array:
    """Share of a plant's machinery ordered in each span, `(n_spans, n_plants, 1)`."""
    edges = np.append(spans, spans.stop)[:, None, None].astype(float)
    reached: Array = cumulative_share(edges, plants.machinery_start, plants.production_start)
    return reached[1:] - reached[:-1]


def quarters_at_capacity(plants: RecentPlants, ramp_quarters: Quantity, spans: range) -> Quantity:
    """Output of each span in quarters of full output, `(n_spans, n_plants, n_draws)`."""
    middles = np.arange(spans.start, spans.stop) + 0.5
    start = plants.production_start
    reached = cumulative_share(middles[:, None, None], start, start + ramp_quarters)
    return reached.reshape((len(spans), spans.step, len(plants.ids), -1)).sum(axis=1)


def _demand_plant(row: Row, place: str) -> None:
    if row["sector"] not in SECTORS:
        raise DataError(f"{place}: sector: got {row['sector']!r}, expected one of {', '.join(SECTORS)}")
    if not 0 < row["built"] <= 1:
        raise DataError(f"{place}: built: got {row['built']}, expected a share above 0 and at most 1")
    starts = [row["machinery_start"], row["production_start"]]
    if "" in starts or parse_time(starts[0]) >= parse_time(starts[1]):
        raise DataError(
            f"{place}: got machinery from {starts[0]!r} and output from {starts[1]!r}, expected two dates in order"
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """One published number.

    Attributes:
        id: key of `QUANTITIES`, which computes the part that the plants explain.
        title: what it is, in words.
        value, error: the number and its standard deviation, in `unit`.
        remainder: scale of the half-normal distribution of what the plants do not explain; 0 where they explain all.
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
class PlantTrade:
    """Inputs of `QUANTITIES`.

    Attributes:
        trade: induced trade of the plants.
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


def _car_displacement(trade: PlantTrade, first: str, end: str) -> Quantity:
    """Displacement rate of cars at their mean duty between two dates."""
    duty = duty_on_finished("autos", parse_time(first), parse_time(end))
    known = trade.coefficients[SECTORS.index("autos")]
    rates = (known[COEFFICIENTS.index(name)] for name in ("displacement_rate", "tariff_displacement"))
    return displacement_under(duty, *rates)


def _exports_per_investment(trade: PlantTrade) -> Quantity:
    return trade.trade.exports[YEARS.index(2021) : YEARS.index(2024) + 1].sum(axis=0) / trade.invested


QUANTITIES: Mapping[str, Callable[[PlantTrade], Quantity]] = {
    "exports_rise": lambda known: _rise(known.trade.exports, 2021, 2024),
    "exports_per_investment": _exports_per_investment,
    "machinery_rise": lambda known: _rise(known.trade.capital_goods.sum(axis=1), 2020, 2024),
    "batteries_fall": lambda known: _rise(known.trade.displaced[:, known.of_batteries].sum(axis=1), 2023, 2025),
    "batteries_peak": lambda known: known.trade.displaced_at_full_run[known.of_batteries].sum(axis=0),
    "cars_2004_24": lambda known: _car_displacement(known, "2004", "2025"),
    "ioniq_5": lambda known: _car_displacement(known, "2025-01", "2025-05"),
    "other_cars": lambda known: _car_displacement(known, "2025-01", "2025-08"),
}
"""Part of each piece of evidence that the plants explain, `(n_draws,)` in its unit."""


@cache
def load_evidence(folder: Path = SHIPPED) -> tuple[Evidence, ...]:
    """All aggregate evidence, in the order of `QUANTITIES`.

    Raises:
        DataError: the table is broken, a row is unknown or missing, or an error or a scale is not positive.
    """
    rows = {row["id"]: row for row in read_table("readings", folder)}
    if set(rows) != set(QUANTITIES):
        odd = ", ".join(sorted(set(rows) ^ set(QUANTITIES)))
        raise DataError(f"readings.csv: unknown or missing: {odd}; expected {', '.join(QUANTITIES)}")
    return tuple(_evidence(rows[name]) for name in QUANTITIES)


def bottom_up(
    plants: RecentPlants, coefficients: Quantity, evidence: Sequence[Evidence], invested: float
) -> list[Quantity]:
    """Part of each piece of evidence that the plants explain, `(n_draws,)` each, in its unit.

    Args:
        plants: the plants.
        coefficients: `(n_sectors, n_coefficients, n_draws)`, an array or a tensor.
        evidence: what to predict.
        invested: gross Korean direct investment in the US in 2021-24, bn USD.
    """
    of_batteries = np.flatnonzero(plants.sectors == SECTORS.index("batteries"))
    effects = PlantTrade(induced_trade(plants, coefficients), coefficients, of_batteries, invested)
    return [QUANTITIES[item.id](effects) for item in evidence]


@cache
def places_with_evidence(plants: RecentPlants) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions `(sectors, coefficients)` of the coefficients on which some evidence depends.

    Found by trying: one draw a coefficient has it at the upper quartile of its prior, and the last has all at medians.
    """
    priors = [[prior.distribution.ppf([0.5, 0.75]) for prior in sector.values()] for sector in load_sectors().values()]
    medians, quartiles = np.moveaxis(np.array(priors), -1, 0)
    trials = np.repeat(medians[:, :, None], 1 + len(SECTORS) * len(COEFFICIENTS), axis=2)
    rows, columns = np.divmod(np.arange(trials.shape[2] - 1), len(COEFFICIENTS))
    trials[rows, columns, np.arange(len(rows))] = quartiles[rows, columns]
    predicted = np.array(bottom_up(plants, trials, load_evidence(), 1.0))
    moves = ~np.isclose(predicted[:, :-1], predicted[:, -1:], rtol=1e-9, atol=0.0).all(axis=0)
    return rows[moves], columns[moves]


def recent_investment(folder: Path = SHIPPED) -> float:
    """Gross Korean direct investment in the US, sum of 2021-24, bn USD.

    >>> round(recent_investment(), 2)
    107.55
    """
    rows = [row for row in read_table("direct_investment", folder) if row["series"] == "korea_odi_to_us_gross"]
    years: dict[str, float] = {row["period"]: row["value"] for row in rows if row["rank"] == 1}
    return sum(years[year] for year in ("2021", "2022", "2023", "2024"))


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:g}"


def _evidence(row: Row) -> Evidence:
    error, remainder = row["error"], float(np.nan_to_num(row["remainder"]))
    if error <= 0 or remainder < 0 or bool(remainder) != bool(row["remainder_title"]):
        raise DataError(
            f"readings.csv: {row['id']}: got error {error:g} and remainder {_cell(row['remainder'])!r} of "
            f"{row['remainder_title']!r}, expected an error above 0, and a remainder above 0 with its title or neither"
        )
    words = ("id", "title", "remainder_title", "unit", "publisher", "source", "vintage", "error_note", "note")
    return Evidence(value=row["value"], error=error, remainder=remainder, **{name: row[name] for name in words})


@dataclass(frozen=True, slots=True)
class Memory:
    """What of the past the baseline learns from.

    Attributes:
        quarters: quarters of growth, the last ones.
        half_life: quarters after which one weighs half as much; infinite where all weigh the same.
    """

    quarters: int
    half_life: float = math.inf

    def weights(self, n_quarters: int) -> Array:
        """Weights of so many quarters in order, `(n_quarters,)`, 1 for the last."""
        return np.asarray(0.5 ** (np.arange(n_quarters)[::-1] / self.half_life))


BASELINE_MEMORY = Memory(120, 16.0)
"""Thirty years, of which a quarter weighs half as much as one four years later.

Chosen on Korean origins up to 2015 and on six other countries' trade, see `docs/track-record`: a window that ends
somewhere forgets the last crisis on one day, and twelve years of equal weight knew too little of how volatile trade can
be. Beyond thirty years a quarter weighs less than a hundredth.
"""

SHARED = np.array([[1.0, 1.0], [1.0, -1.0]]) / 2**0.5
"""From exports and imports to what they share and what parts them, and back: it is its own inverse."""

DRIVER_QUARTERS = 80
"""Quarters of growth the drivers learn from: twenty years."""

NOWCAST_YEARS = 20
"""Years whose same calendar quarter the model of the running quarter learns from."""

SHARE_NOISE: Mapping[int, float] = {2020: 0.005, 2023: 0.005}
"""Standard deviation of a published share by its year, `OTHER_SHARE_NOISE` of any other year.

Judgement: half a percentage point for KIET's survey, printed to a point or a tenth of one; two points for the share
of another publisher, who may count other firms.
"""

OTHER_SHARE_NOISE = 0.02
SPAN_NOISE = 0.056
"""Standard deviation of a year's log ratio of the two books around that of `m` of its months, over `1 - m / 12`.

From half-years: the root mean square departure is 0.028 over exports 2021-2025 and imports 2021-2024.
"""

ROUNDING_NOISE = 0.003
"""The same for a whole year whose Korean figure is printed to 0.1 bn USD."""


@dataclass(frozen=True, slots=True, eq=False)
class BridgeEvidence:
    """The two books as the bridge sees them.

    Attributes:
        years: `(n_years,)`, the last unbroken run of calendar years with both flows in both books.
        log_ratios: `(2, n_years)` log of Korean customs over US Census.
        later: `(n_later,)`, the years after them, up to that of the first quarter after the origin.
        readings: `(2, n_later)`, what is known of the log ratio in those years.
        precision: `(2, n_later)`, one over the standard deviation of each reading, 0 where there is none.
    """

    years: NDArray[np.int64]
    log_ratios: Array
    later: NDArray[np.int64]
    readings: Array
    precision: Array


def bridge_evidence(observed: BridgeObservations, origin: int) -> BridgeEvidence:
    """The last unbroken run of years, and what is known of the years up to that of the quarter after the origin."""
    run = int(np.argmax(np.diff(observed.years, prepend=0)[::-1] > 1)) + 1
    years = observed.years[-run:]
    later = np.arange(years[-1] + 1, year_of(origin + 1) + 1)
    readings, precision = np.zeros((2, 2, len(later)))
    for span in later_spans(observed, origin):
        cell = FLOWS.index(span.flow), span.first_month // 12 - int(years[-1]) - 1
        readings[cell], precision[cell] = np.log(span.ratio), 1 / span_noise(span)
    return BridgeEvidence(years, np.log(observed.ratios[-run:]).T, later, readings, precision)


def later_spans(observed: BridgeObservations, origin: int) -> list[SpanTrade]:
    """Spans after the whole years, in years up to that of the quarter after the origin."""
    return [span for span in observed.later if span.first_month // 12 <= year_of(origin + 1)]


def span_noise(span: SpanTrade) -> float:
    """Standard deviation of a year's log ratio of the two books around that of a span of its months."""
    unseen = 1 - (span.last_month - span.first_month + 1) / 12
    return max(SPAN_NOISE * unseen, ROUNDING_NOISE)


def like_quarters(n_quarters: int) -> NDArray[np.int64]:
    """Places among quarters up to the origin's of those of the running one's calendar quarter, the oldest first."""
    return np.arange(n_quarters - 4, -1, -4)[:NOWCAST_YEARS][::-1]


def share_noise(year: int) -> float:
    """Standard deviation of a share published for a year."""
    return SHARE_NOISE.get(year, OTHER_SHARE_NOISE)


_NORMAL_MEDIAN = 0.6745
"""Median absolute value of a standard normal."""


def robust_spread(values: Array) -> Array:
    """Standard deviation of a normal distribution of the same median size, `(k,)`, of values `(k, n)` around zero."""
    return np.asarray(np.median(np.abs(values), axis=1) / _NORMAL_MEDIAN)
