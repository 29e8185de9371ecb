"""Exports by product, duties paid and US trade law by date, world chip billings, exports of memory.

US books print products by end use once a year, and by industry (NAICS) every month; Korean books print single HS codes
every month. The three do not mix: `product_exports` is US Census basis, general imports; duties stand on imports for
consumption, 0.8 % below them in 2024; `memory_exports` is Korean customs basis.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from forecast.dims import Array
from forecast.errors import DataError
from forecast.observations.series import Series, census_flows, published, read_only, series
from forecast.observations.tables import INDUSTRY_FLOWS, SHIPPED, period_index, read_table
from forecast.quarters import parse_time

PRODUCTS = ("memory_modules", "chips_and_drives", "cars", "car_parts", "electrical", "machinery", "rest")
"""Order of the product axis.

Memory modules are US end use 21301, computer accessories: in 2024 HS 8473.30 was 94 % of it. Solid-state drives are
with chips, in end use 21320 (60 % of it in 2024, 5.11 of 8.46 bn USD under HS 8523.51, 8541 and 8542): no table of the
US books parts the two in other years.
"""

END_USES: Mapping[str, tuple[str, ...]] = {
    "memory_modules": ("21301",),
    "chips_and_drives": ("21300", "21320"),
    "cars": ("30000",),
    "car_parts": ("30200", "30210", "30220", "30230"),
    "electrical": ("20000", "20005", "41030"),
    "machinery": ("210", "211", "212"),
}
"""First digits of the US Census end-use codes of each product; every other code is `rest`.

Electrical goods are generators, electric apparatus (batteries and transformers) and household appliances.
"""

INDUSTRIES: Mapping[str, str] = {
    "memory_modules": "334",
    "chips_and_drives": "334",
    "cars": "336",
    "car_parts": "336",
    "electrical": "335",
    "machinery": "333",
}
"""NAICS industry whose months give each product its pace within a year; the rest has none."""

MEMORY_CODES = ("8473304060", "8523511000")
"""HS codes of memory modules and of solid-state drives in `items_monthly`."""


@dataclass(frozen=True, slots=True, eq=False)
class ProductExports:
    """Korea's exports to the US by product, US Census basis, general imports at customs value.

    Attributes:
        first: year or quarter index of row 0.
        values: `(n_periods, n_products)` bn USD a period, in the order of `PRODUCTS`; they add up to all exports.
    """

    first: int
    values: Array

    def of(self, product: str) -> Array:
        """One product, `(n_periods,)` bn USD a period."""
        return np.asarray(self.values[:, PRODUCTS.index(product)])


@dataclass(frozen=True, slots=True, eq=False)
class PaidDuties:
    """Imports for consumption from Korea and the duties calculated on them, `(n_months,)` bn USD each.

    Attributes:
        start: month index `12 * year + month - 1` of row 0.
        imports, duties: at customs value; duties are estimates from the rate at entry, not receipts.
    """

    start: int
    imports: Array
    duties: Array

    @property
    def rate(self) -> Array:
        """Duties over imports, `(n_months,)`."""
        return self.duties / self.imports


@dataclass(frozen=True, slots=True, eq=False)
class IndustryTrade:
    """US imports for consumption from Korea and from its rivals, all other countries, by industry and month.

    Attributes:
        start: month index `12 * year + month - 1` of row 0.
        codes: NAICS industries, three digits, in the order of the columns.
        korea, rivals: imports at customs value, `(n_months, n_industries)` bn USD.
        korea_duties, rivals_duties: duties calculated on them, in the same shape and unit.
    """

    start: int
    codes: tuple[str, ...]
    korea: Array
    korea_duties: Array
    rivals: Array
    rivals_duties: Array


@dataclass(frozen=True, slots=True)
class TariffAction:
    """One act of US trade law on goods from Korea.

    Attributes:
        effective: first day in force.
        until: first day no longer in force; None where it still is in the data.
        authority, instrument, scope: law, act and goods, in words.
        rate: duty added to that of the trade agreement, a fraction; None where the source states none.
        source, note: where it was read, and what to mind.
    """

    effective: dt.date
    until: dt.date | None
    authority: str
    instrument: str
    scope: str
    rate: float | None
    source: str
    note: str


@cache
def product_exports(folder: Path = SHIPPED) -> ProductExports:
    """Exports by product and calendar year from 2016 on, as printed by end use.

    >>> exports = product_exports()
    >>> exports.first, round(float(exports.of("cars")[-1]), 1), round(float(exports.values[-1].sum()), 1)
    (2016, 30.8, 125.2)

    Raises:
        DataError: the table is broken.
    """
    rows = read_table("products_annual", folder)
    first, last = (int(end(row["year"] for row in rows)) for end in (min, max))
    values = np.zeros((last - first + 1, len(PRODUCTS)))
    for row in rows:
        values[int(row["year"]) - first, PRODUCTS.index(_product(row["code"]))] += row["value"] / 1e9
    return ProductExports(first, read_only(values))


def _product(code: str) -> str:
    """Product of an end-use code.

    >>> _product("21301"), _product("21180"), _product("40100")
    ('memory_modules', 'machinery', 'rest')
    """
    return next((product for product, starts in END_USES.items() if code.startswith(starts)), "rest")


@cache
def quarterly_product_exports(folder: Path = SHIPPED) -> ProductExports:
    """Exports by product and quarter over the years of `product_exports`: derived, since no source prints them.

    A product's year is observed; its quarters move as the imports of its industry do (`INDUSTRIES`), so products of one
    industry share a pace. The rest is what remains of all exports of the quarter, so that the products add up to them.

    >>> exports = quarterly_product_exports()
    >>> exports.first == 4 * 2016, round(float(exports.values[-4:].sum()), 1)
    (True, 125.5)

    Raises:
        DataError: a table is broken.
    """
    annual, total = product_exports(folder), census_flows(folder)[0]
    first = 12 * annual.first - total.start
    all_months = total.values[first : first + 12 * len(annual.values)] / 1e3
    everything = all_months.reshape(-1, 4, 3).sum(axis=2)
    named = [
        (annual.of(product)[:, None] * _pace(industry, all_months, folder)).ravel()
        for product, industry in INDUSTRIES.items()
    ]
    values = np.column_stack([*named, everything.ravel() - np.sum(named, axis=0)])
    return ProductExports(4 * annual.first, read_only(values))


def _pace(industry: str, all_months: Array, folder: Path) -> Array:
    """Share of each quarter in an industry's year, `(n_years, 4)`.

    Months of the last year that are not printed yet take the mean share in all exports of those of it that are.
    """
    printed = product_duties(industry, folder).imports
    missing = len(all_months) - len(printed)
    if missing:
        seen = slice(len(all_months) - 12, len(printed))
        share = printed[seen].sum() / all_months[seen].sum()
        printed = np.concatenate([printed, share * all_months[-missing:]])
    quarters = printed.reshape(-1, 4, 3).sum(axis=2)
    return np.asarray(quarters / quarters.sum(axis=1, keepdims=True))


@cache
def product_duties(industry: str = "total", folder: Path = SHIPPED) -> PaidDuties:
    """Imports for consumption by month from 2016 on and the duties on them: `total`, or a NAICS industry.

    Industries are `333` machinery, `334` computers and electronics, `335` electrical equipment, `336` transport
    equipment.

    >>> july = 12 * 2025 + 6
    >>> [round(float(paid.rate[july - paid.start]), 3) for paid in map(product_duties, ("total", "334", "336"))]
    [0.131, 0.021, 0.237]

    Raises:
        DataError: the table is broken or has no such industry.
    """
    imports, duties = (
        series("product_duties_monthly", f"{flow}_naics_{industry}", folder) for flow in ("imports", "duties")
    )
    return PaidDuties(imports.start, read_only(imports.values / 1e9), read_only(duties.values / 1e9))


@cache
def industry_trade(folder: Path = SHIPPED) -> IndustryTrade:
    """Imports from Korea and its rivals by manufacturing industry (NAICS 311 to 339) and month from 2013 on.

    >>> trade = industry_trade()
    >>> len(trade.codes), trade.codes[-2:], trade.korea.shape
    (21, ('337', '339'), (155, 21))

    Raises:
        DataError: the table is broken.
    """
    rows = [row for row in read_table("industry_trade_monthly", folder) if row["code"] != "total"]
    codes = sorted({row["code"] for row in rows})
    months = sorted({period_index(row["month"], "month") for row in rows})
    values = np.zeros((len(INDUSTRY_FLOWS), len(months), len(codes)))
    for row in rows:
        place = period_index(row["month"], "month") - months[0], codes.index(row["code"])
        values[:, *place] = [row[flow] / 1e9 for flow in INDUSTRY_FLOWS]
    korea, korea_duties, world, world_duties = values
    arrays = (korea, korea_duties, world - korea, world_duties - korea_duties)
    return IndustryTrade(months[0], tuple(codes), *map(read_only, arrays))


@cache
def tariff_actions(folder: Path = SHIPPED) -> tuple[TariffAction, ...]:
    """Acts of US trade law on goods from Korea since March 2025, by date.

    >>> [(action.effective.isoformat(), action.rate) for action in tariff_actions() if action.scope == "car parts"]
    [('2025-04-03', 0.25), ('2025-11-01', 0.15)]

    Raises:
        DataError: the table is broken.
    """
    return tuple(
        TariffAction(
            dt.date.fromisoformat(row["effective"]),
            dt.date.fromisoformat(row["until"]) if row["until"] else None,
            row["authority"],
            row["instrument"],
            row["scope"],
            None if row["status"] == "not_published" else row["value"] / 100,
            row["source"],
            row["note"],
        )
        for row in sorted(read_table("tariff_actions", folder), key=lambda row: parse_time(row["effective"]))
    )


def listed_share(name: str, chapter: str | None = None, folder: Path = SHIPPED) -> float:
    """Share of US imports from Korea in 2024 on a list of US trade law, of all goods or of an HS chapter.

    Lists that reach only a use of a product or the metal in it are counted in full, so it is an upper bound. `all`
    names no list but all goods.

    >>> round(listed_share("ieepa_exempt_electronics"), 3), round(listed_share("section_232_cars_and_parts", "87"), 3)
    (0.128, 0.962)

    Raises:
        DataError: the table is broken, has no such list, or no such chapter.
    """
    rows = read_table("tariff_lists", folder)
    for column, text in (("list", name), ("chapter", chapter)):
        known = sorted({row[column] for row in rows})
        if text is not None and text not in known:
            raise DataError(f"tariff_lists.csv: got {column} {text!r}, expected one of {', '.join(known)}")
    chosen = [row for row in rows if chapter in (None, row["chapter"])]
    listed, everything = (sum(row["value"] for row in chosen if row["list"] == each) for each in (name, "all"))
    return float(listed / everything)


def chip_billings(region: str = "worldwide", folder: Path = SHIPPED) -> Series:
    """Semiconductor billings by month, thousand USD: `worldwide` or `americas`.

    >>> billings = chip_billings()
    >>> round(float(billings.values[12 * 2025 - billings.start :][:12].sum() / 1e6), 1)
    795.6

    Raises:
        DataError: the table is broken or has no such region.
    """
    return series("chip_billings_monthly", f"billings_{region}", folder)


@cache
def memory_exports(folder: Path = SHIPPED, day: dt.date | None = None) -> Mapping[int, float]:
    """Exports of all `MEMORY_CODES` to the US by month index, bn USD, Korean customs basis, as known on a day.

    Months in which one of the codes is missing are left out.

    >>> months = memory_exports()
    >>> [round(sum(months[12 * year + month] for month in range(12)), 1) for year in (2022, 2023, 2025)]
    [12.0, 5.2, 17.2]
    """
    return item_months(MEMORY_CODES, day, folder)


@cache
def item_months(codes: tuple[str, ...], day: dt.date | None = None, folder: Path = SHIPPED) -> Mapping[int, float]:
    """Exports of HS codes to the US by month index, bn USD, Korean customs basis, as known on a day.

    Months in which one of the codes is missing are left out.

    >>> round(item_months(("8703",))[12 * 2026 + 5], 2)
    2.98
    """
    by_code: dict[str, dict[int, float]] = {code: {} for code in codes}
    for row in read_table("items_monthly", folder):
        month = period_index(row["month"], "month")
        if row["hs"] in by_code and (day is None or published(row["vintage"], month) <= day):
            by_code[row["hs"]][month] = row["value"] / 1e9
    every = set.intersection(*(set(values) for values in by_code.values()))
    return {month: sum(values[month] for values in by_code.values()) for month in sorted(every)}
