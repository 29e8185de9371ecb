"""US duties on Korean goods by law, from lists of HS codes and acts by date, and as paid, by sector and industry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from forecast.errors import DataError
from forecast.observations.products import industry_trade, tariff_actions
from forecast.observations.tables import SHIPPED, read_table

LISTS_FROM = dt.date(2026, 4, 6)
"""First day of the lists of metals by which goods are divided; before it the law had others."""

_GENERAL = "nearly all goods outside Section 232"
_METALS = "steel, aluminium and copper with derivatives: Annex "
_SCOPES: Mapping[str, str] = {
    "section_232_cars_and_parts": "cars and light trucks",
    "section_232_metals_annex_1a": f"{_METALS}I-A",
    "section_232_metals_annex_1b": f"{_METALS}I-B",
    "section_232_metals_annex_3": f"{_METALS}III",
    "none": _GENERAL,
}
"""Acts whose rate each list of `tariff_sectors` pays; cars and parts pay one. A list that is not named is exempt."""

_MEDICINES = "patented pharmaceuticals"


def last_act(folder: Path = SHIPPED) -> dt.date:
    """Day from which the last act known is in force."""
    return max(action.effective for action in tariff_actions(folder))


@cache
def duties_by_law(day: dt.date, folder: Path = SHIPPED) -> Mapping[str, float]:
    """Duty that the law adds to that of the trade agreement by sector, a fraction of its imports of 2024; `all` last.

    An upper bound: codes that a list reaches only for a use (car parts among batteries and tyres), for the metal in
    them or under a patent (medicines) are counted in full, and of the exemptions of Section 301 those alone that
    Section 122 had, since its own list of 2,113 codes was not found.

    >>> by_law = duties_by_law(dt.date(2026, 9, 29))
    >>> [round(by_law[name], 3) for name in ("autos", "steel", "semiconductors", "other")]
    [0.15, 0.487, 0.0, 0.126]

    Raises:
        ValueError: the day is before `LISTS_FROM`.
        DataError: a table is broken.
    """
    if day < LISTS_FROM:
        raise ValueError(f"got {day}, expected a day from {LISTS_FROM} on, when the lists of today took effect")
    paid: dict[str, float] = {}
    worth: dict[str, float] = {}
    for row in read_table("tariff_sectors", folder):
        sector, value = row["sector"], row["value"]
        rate = _in_force(_scope(sector, row["list"]), day, folder)
        for name in (sector, "all"):
            paid[name] = paid.get(name, 0.0) + rate * value
            worth[name] = worth.get(name, 0.0) + value
    return {name: paid[name] / worth[name] for name in sorted(paid, key=lambda name: (name == "all", name))}


def rate_of_list(name: str, day: dt.date, folder: Path = SHIPPED) -> float:
    """Duty that the goods of a list of `tariff_sectors` pay on a day, a fraction; `none` is that of goods on no list.

    >>> [rate_of_list(name, dt.date(2026, 9, 29)) for name in ("section_232_cars_and_parts", "none")]
    [0.15, 0.125]
    """
    return _in_force(_SCOPES.get(name), day, folder)


def _scope(sector: str, name: str) -> str | None:
    return _MEDICINES if sector == "biopharma" and name == "section_122_exempt" else _SCOPES.get(name)


def _in_force(scope: str | None, day: dt.date, folder: Path) -> float:
    """Rate of the act on a scope that holds on a day; 0 where none does."""
    rates = [
        action.rate or 0.0
        for action in tariff_actions(folder)
        if scope is not None
        and action.scope.startswith(scope)
        and action.effective <= day
        and (action.until is None or day < action.until)
    ]
    return rates[-1] if rates else 0.0


def duties_paid(industries: Sequence[str], first: dt.date, last: dt.date) -> tuple[float, float]:
    """Duties over imports of some NAICS industries from one month to another, of Korea and of its rivals.

    >>> [round(rate, 3) for rate in duties_paid(["336"], dt.date(2025, 9, 1), dt.date(2025, 11, 1))]
    [0.233, 0.133]
    """
    trade = industry_trade()
    rows = slice(12 * first.year + first.month - 1 - trade.start, 12 * last.year + last.month - trade.start)
    columns = [trade.codes.index(code) for code in industries]
    flows = (trade.korea_duties, trade.korea, trade.rivals_duties, trade.rivals)
    korea, of_korea, rivals, of_rivals = (float(flow[rows][:, columns].sum()) for flow in flows)
    return korea / of_korea, rivals / of_rivals


@cache
def kiet_estimates(folder: Path = SHIPPED) -> tuple[float, float]:
    """What KIET said in April 2025 that 10 and 25 % on Korea would do to its exports to the US, fractions of them.

    >>> kiet_estimates()
    (-0.093, -0.162)

    Raises:
        DataError: the table is broken or holds neither.
    """
    facts = {row["name"]: round(row["value"] / 100, 6) for row in read_table("parameters", folder)}
    low, high = (facts.get(f"exports_to_us_under_duty_of_{rate}_kiet") for rate in (10, 25))
    if low is None or high is None:
        raise DataError("parameters.csv: got no exports_to_us_under_duty_of_10_kiet or _25_kiet, expected both")
    return low, high
