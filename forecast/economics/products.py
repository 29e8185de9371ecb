"""What exports consist of at the origin, and how that composition moves.

Exports are a total with a long record; what they consist of has a short one. The total comes first and is divided:
with `memory` the share of memory, its odds `memory / (1 - memory)` swing about those of the origin as an
autoregression of order one in logarithms, and the other products share the rest by weights that walk at random from
year to year. Shares add up to one in every draw.

Memory is counted by Korean customs month by month, and by US books never. What Korean books hold of all exports
beyond their usual ratio to US books is taken to be memory (the two move together, and nothing else moved so); US books
hold the rest of it.

Arrays are time-major, see `dims`; flows are bn USD.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.dims import PRODUCTS, Array
from forecast.economics.memory import MemoryCycle, MemoryLevel, memory_cycle
from forecast.economics.priors import SHIPPED, Coefficient, PriorFile, each, fields, refuse
from forecast.economics.sectors import SECTORS
from forecast.economics.tariffs import REST, SHARES_WITHIN_REST, load_schedule
from forecast.observations import products as observed
from forecast.observations.annual import CUSTOMS_SERIES, BridgeObservations, customs_months
from forecast.observations.series import QuarterlyTrade, published
from forecast.observations.tables import SHIPPED as TABLES_SHIPPED
from forecast.quarters import whole_sums

if TYPE_CHECKING:
    from forecast.storage.documents import Node

NUMBERS = ("trend", "with_exports")
LEAST_SHARE = 0.2
"""Least part of what Korean customs count of memory that US books are taken to hold."""

_CODES: Mapping[str, tuple[str, ...]] = {
    "chips": ("8542",),
    "cars": ("8703",),
    "car_parts": ("8708",),
    "electrical": ("8504", "8507"),
    "rest": ("8517", "330499"),
}
"""HS codes whose Korean months bring a product from the last year of US books to the origin; machinery has none."""

_DRIVES = observed.MEMORY_CODES[1]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which product the goods of a sector are.

    Attributes:
        makes: product that plants of the sector make and displace.
        sold: products among which Korea's exports of the sector are.
        whole: whether these products are of this sector alone.
        reason: why, in words.
    """

    makes: str
    sold: tuple[str, ...]
    whole: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ProductPriors:
    """What is believed of products beside the record.

    Attributes:
        numbers: distributions of `NUMBERS` by name.
        sectors: by sector.
    """

    numbers: Mapping[str, Coefficient]
    sectors: Mapping[str, Assignment]


@cache
def product_priors(path: Path = SHIPPED / "products.yaml") -> ProductPriors:
    """The shipped priors of products.

    >>> priors = product_priors()
    >>> priors.sectors["autos"].makes, priors.sectors["batteries"].makes, priors.numbers["trend"].grade
    ('cars', 'electrical', 'judgement')

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    file = PriorFile(path, "products", NUMBERS)
    body = fields(file.body, "products", ("memory", "sectors"))
    return ProductPriors(
        numbers=each(body["memory"], "memory", NUMBERS, file.coefficient),
        sectors=each(body["sectors"], "sectors", SECTORS, _assignment),
    )


def _assignment(node: Node, path: str) -> Assignment:
    parts = fields(node, path, ("makes", "reason"), ("sold", "whole"))
    named = (parts["makes"], *(parts["sold"].items if "sold" in parts else ()))
    for place in named:
        if place.content not in PRODUCTS:
            refuse(place, path, f"got {place.content}, expected one of {', '.join(PRODUCTS)}")
    makes, *sold = (str(place.content) for place in named)
    return Assignment(makes, tuple(sold) or (makes,), "whole" in parts, str(parts["reason"].content))


@dataclass(frozen=True, slots=True, eq=False)
class Composition:
    """What exports consist of at the origin.

    Attributes:
        memory: share of memory in the exports of the origin's quarter, by basis.
        level: memory at the origin, by basis; its trend is that of Korean books in both, since US books held all memory
            while the books kept their usual ratio.
        usual: ratio of Korean to US books of all exports in usual years.
        excess: by how much the log odds of memory rise with the logarithm of that ratio over the usual one.
        counted: memory in all months of the first year that Korean customs have counted, bn USD, Korean customs basis.
        year: shares of `PRODUCTS` in the last whole year of US books, `(7,)`.
        others: shares of all products but memory among themselves at the origin, `(6,)`.
        spread: standard deviation of a year's change of their logarithms, `(6,)`.
        cycle: of memory.
        quarter: the last one of which all books tell memory, whose share is that of the origin.
    """

    memory: Mapping[str, float]
    level: Mapping[str, MemoryLevel]
    usual: float
    excess: float
    counted: float
    year: Array
    others: Array
    spread: Array
    cycle: MemoryCycle
    quarter: int


def composition(trade: QuarterlyTrade, bridge: BridgeObservations, day: dt.date | None) -> Composition:
    """What exports consist of at the origin, as known on a day.

    >>> from forecast.observations.vintage import vintage
    >>> known = vintage()
    >>> found = composition(known.trade, known.bridge, None)
    >>> {basis: round(share, 2) for basis, share in found.memory.items()}
    {'us_census': 0.25, 'korea_customs': 0.41}
    """
    usual, origin = float(np.exp(np.log(bridge.ratios[:, 0]).mean())), trade.origin
    census = dict(zip(range(origin, -1, -1), trade.exports[::-1].tolist(), strict=False))
    found = _readings(quarterly_memory(day), whole_sums(customs_months(day=day)[CUSTOMS_SERIES[0]], 3), census, usual)
    last = max(found)
    at_origin, months = found[last], observed.memory_exports(day=day)
    quarters = range(4 * ((origin + 1) // 4), origin + 1)
    held = [found[row].held if row in found else at_origin.share * census[row] for row in quarters]
    first, years = annual_exports(day)
    others = years[:, 1:] / years[:, 1:].sum(axis=1, keepdims=True)
    cycle, korean = memory_cycle_of(origin, day), _korean_level(origin, quarters, census, day)
    share = at_origin.share * census[origin]
    part = float(np.log(share / korean.quarter))
    low, high = (height + part for height in korean.heights)
    return Composition(
        memory={"us_census": at_origin.share, "korea_customs": at_origin.korean},
        level={"us_census": MemoryLevel(share, sum(held), (low, high)), "korea_customs": korean},
        usual=usual,
        excess=at_origin.excess,
        counted=sum(months.get(month, 0.0) for month in range(3 * quarters.start, 3 * quarters.start + 12)),
        year=years[-1] / years[-1].sum(),
        others=_others_at(years[-1, 1:], first + len(years) - 1, origin, day),
        spread=np.diff(np.log(others), axis=0).std(axis=0, ddof=1),
        cycle=cycle,
        quarter=last,
    )


def _korean_level(
    origin: int, quarters: Iterable[int], census: Mapping[int, float], day: dt.date | None
) -> MemoryLevel:
    """Memory in Korean books; a quarter not counted yet has what the last has, per dollar of US books."""
    counted = {quarter: value for quarter, value in quarterly_memory(day).items() if quarter <= origin}
    last = max(counted)
    level = {
        quarter: counted.get(quarter, counted[last] * census[quarter] / census[last]) for quarter in (*quarters, origin)
    }
    return MemoryLevel(level[origin], sum(level[quarter] for quarter in quarters), memory_cycle_of(last, day).heights)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Memory of one quarter.

    Attributes:
        counted, held: by Korean customs, and of that in US books, bn USD.
        share, korean: of all exports, in US and in Korean books.
        excess: as that of `Composition`.
    """

    counted: float
    held: float
    share: float
    korean: float
    excess: float


def _readings(
    memory: Mapping[int, float], customs: Mapping[int, float], census: Mapping[int, float], usual: float
) -> dict[int, _Reading]:
    """Memory of every quarter of which it can be told how much of it US books hold.

    Quarters before the first of which Korean customs print a total have the usual ratio. Later ones without a total
    tell nothing: in 2026 the books parted by a sixth.
    """
    begin = min(customs, default=max(memory) + 1)
    totals = {row: usual * census[row] for row in memory if row < begin and row in census} | dict(customs)
    return {
        row: _reading(memory[row], totals[row], census[row], usual)
        for row in sorted(memory)
        if row in census and row in totals
    }


def _reading(memory: float, customs: float, census: float, usual: float) -> _Reading:
    """US books hold what Korean customs count of memory less what all their exports are beyond the usual ratio."""
    beyond = max(customs - usual * census, 0.0)
    if not beyond:
        return _Reading(memory, memory, memory / census, memory / census, 0.0)
    held = max(memory - beyond, LEAST_SHARE * memory)
    share, korean = held / census, memory / customs
    excess = (_logit(korean) - _logit(share)) / np.log(customs / census / usual)
    return _Reading(memory, held, share, korean, float(excess))


def _logit(share: float) -> float:
    return float(np.log(share / (1.0 - share)))


def quarterly_memory(day: dt.date | None = None, folder: Path = TABLES_SHIPPED) -> dict[int, float]:
    """Exports of memory modules and drives by whole quarter, bn USD, Korean customs basis, as known on a day.

    >>> round(quarterly_memory()[4 * 2026 + 1], 1)
    21.7
    """
    return whole_sums(observed.memory_exports(folder, day), 3)


def annual_exports(day: dt.date | None = None) -> tuple[int, Array]:
    """Exports by year and product of `PRODUCTS`, US Census basis, as known on a day: first year, `(n_years, 7)` bn USD.

    US books count drives with chips; they are moved to memory at the size that Korean customs count, and before that
    is known at the part of chips and drives that they were in the first years in which it is.

    >>> first, exports = annual_exports()
    >>> first, exports[-1, PRODUCTS.index("memory")].round(1).item()
    (2016, 15.3)
    """
    exports = observed.product_exports()
    known = [
        row
        for row in range(len(exports.values))
        if day is None or published("", 12 * (exports.first + row) + 11) <= day
    ]
    values = exports.values[known]
    months = observed.item_months((_DRIVES,), day)
    drives = np.array([_year(months, exports.first + row) for row in known])
    chips = values[:, observed.PRODUCTS.index("chips_and_drives")]
    part = drives / chips
    part[np.isnan(part)] = part[~np.isnan(part)][:3].mean()
    moved = np.minimum(part, 0.9) * chips
    divided = values.copy()
    divided[:, 0] += moved
    divided[:, 1] -= moved
    return exports.first, divided


def _year(months: Mapping[int, float], year: int) -> float:
    """Sum of a year, or nan where a month is missing."""
    return sum(months.get(12 * year + month, np.nan) for month in range(12))


def _others_at(year: Array, last: int, origin: int, day: dt.date | None) -> Array:
    """Shares of the other products among themselves in the four quarters to the origin.

    What Korean customs count more of a product in these quarters than in the last whole year of US books is added to
    that year; a product without months stays where it was.
    """
    level = year.copy()
    for product, codes in _CODES.items():
        for code in codes:
            months = observed.item_months((code,), day)
            now = sum(months.get(3 * origin + 2 - back, np.nan) for back in range(12))
            change = now - _year(months, last)
            if np.isfinite(change):
                level[PRODUCTS.index(product) - 1] += change
    return np.asarray(level / level.sum())


def memory_cycle_of(origin: int, day: dt.date | None = None) -> MemoryCycle:
    """The cycle of memory at an origin, as known on a day.

    >>> cycle = memory_cycle_of(4 * 2026 + 1)
    >>> [round(value, 2) for value in (*cycle.heights, *cycle.persistence, cycle.volatility)]
    [1.02, 2.09, 0.86, 0.08, 0.37]
    """
    billings = observed.chip_billings()
    months = {
        billings.start + row: value
        for row, value in enumerate(billings.values.tolist())
        if day is None or published("", billings.start + row) <= day
    }
    memory, world = quarterly_memory(day), whole_sums(months, 3)
    return memory_cycle(
        np.array([value for quarter, value in memory.items() if quarter <= origin]),
        np.array([value for quarter, value in world.items() if quarter <= origin - 4]),
    )


def shares_within(found: Composition) -> dict[str, Array]:
    """Part of each product that the goods of a sector are, in 2025 and in July 2026, `(2, 7)` by sector.

    From the sector's share in all exports then; `other` is what remains of every product.

    >>> from forecast.observations.vintage import vintage
    >>> known = vintage()
    >>> within = shares_within(composition(known.trade, known.bridge, None))
    >>> within["autos"][:, PRODUCTS.index("cars")].tolist(), round(float(sum(within.values()).max()), 12)
    ([1.0, 1.0], 1.0)
    """
    late = np.append(found.memory["korea_customs"], (1.0 - found.memory["korea_customs"]) * found.others)
    products = np.stack([found.year, late])
    within: dict[str, Array] = {}
    for sector, trade in load_schedule().trade.items():
        if sector == REST:
            continue
        assigned = product_priors().sectors[sector]
        places = [PRODUCTS.index(name) for name in assigned.sold]
        part = np.ones(2) if assigned.whole else np.array(trade.shares) / products[:, places].sum(axis=1)
        parts = np.zeros((2, len(PRODUCTS)))
        parts[:, places] = np.minimum(part, 1.0)[:, None]
        within[sector] = parts
    taken = np.sum(list(within.values()), axis=0)
    return {sector: parts / np.maximum(taken, 1.0) for sector, parts in within.items()} | {
        REST: np.maximum(1.0 - taken, 0.0)
    }


def share_of_product(found: Composition, within: Mapping[str, Array], sector: str) -> float:
    """Part of the product that plants of a sector make which Korea's exports of the sector are.

    Half way between 2025 and July 2026. Cells and ships have no duty of their own and stand in no row of the schedule.

    >>> from forecast.observations.vintage import vintage
    >>> known = vintage()
    >>> found = composition(known.trade, known.bridge, None)
    >>> within = shares_within(found)
    >>> share_of_product(found, within, "autos"), round(share_of_product(found, within, "batteries"), 2)
    (1.0, 0.25)

    Args:
        within: of `shares_within`.
    """
    product = PRODUCTS.index(product_priors().sectors[sector].makes)
    if sector in SHARES_WITHIN_REST:
        return min(SHARES_WITHIN_REST[sector] / float(found.year[product]), 1.0)
    return float(within[sector][:, product].mean())
