"""Bounds and rare branches of economics: each by hand, where shipped numbers do not come near them."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from forecast.dims import PRODUCTS
from forecast.economics import products
from forecast.economics.memory import readings_of_trend
from forecast.economics.pipeline import pace, pace_distributions
from forecast.economics.products import (
    annual_exports,
    composition,
    product_priors,
    share_of_product,
    shares_within,
    whole_sums,
)
from forecast.economics.sectors import SECTORS
from forecast.economics.tariffs import REST, TAXED, load_schedule
from forecast.errors import DataError
from forecast.observations import products as observed
from forecast.observations.annual import customs_months
from forecast.observations.vintage import vintage


def record(*values: float, first: int = 2016) -> dict[int, float]:
    return {first + place: value for place, value in enumerate(values)}


def test_a_pace_stays_within_five_times_and_a_fifth() -> None:
    shocks = np.log([[1.0, 1.0, 4.9, 5.1, 1 / 4.9, 1 / 5.1]])
    found = pace(np.array([1.0]), 0.5, shocks)
    assert found[1].tolist() == pytest.approx([1.0, 1.0, 4.9, 5.0, 1 / 4.9, 0.2])
    path = pace(np.array([2.0]), np.array([0.25]), np.array([[0.1], [-0.2]])).ravel()
    first = math.log(2) * 0.75 + 0.1
    second = math.log(2) + 0.25 * (first - math.log(2)) - 0.2
    assert path.tolist() == pytest.approx([1.0, math.exp(first), math.exp(second)])


def test_four_pairs_of_years_tell_a_pace_and_three_do_not() -> None:
    assert pace_distributions(record(10, 12, 9, 14, 11))
    with pytest.raises(DataError, match="got 3 pairs of years in a row, expected 4"):
        pace_distributions(record(10, 12, 9, 14))
    with pytest.raises(DataError, match="got 3 pairs"):
        pace_distributions(record(10, 12, 9) | record(11, 13, first=2020))


@pytest.mark.parametrize(
    ("values", "alike"),
    [((8, 12, 7, 13, 8, 12.5), 0.0), ((1, 1.02, 1.1, 1.5, 3.2, 10.5), 0.95)],
    ids=["swings", "grows"],
)
def test_neighbouring_years_are_alike_from_not_at_all_to_nineteen_parts_of_twenty(
    values: tuple[float, ...], alike: float
) -> None:
    learned, logs = pace_distributions(record(*values)), np.log(values)
    slope = stats.linregress(logs[:-1], logs[1:]).slope
    assert slope < 0 if alike == 0 else slope > 0.95
    error = logs.std(ddof=1) * math.sqrt((1 + alike) / (1 - alike) / len(values))
    usual, persistence = learned["usual_pace"], learned["persistence"]
    assert np.log(usual.ppf(stats.norm.cdf(1)) / usual.ppf(0.5)) == pytest.approx(error)
    assert np.log(usual.ppf(0.5)) == pytest.approx(logs.mean() - logs[-1])
    assert persistence.ends() == pytest.approx((0.0, 0.95))


def test_us_books_hold_a_fifth_of_memory_at_least() -> None:
    """Customs of 60 where 50 are usual: 10 of memory are beyond."""

    def held(memory: float, customs: float) -> float:
        return products._readings({0: memory}, {0: customs}, {0: 40.0}, 1.25)[0].held

    assert held(30.0, 60.0) == pytest.approx(20.0)
    assert held(12.6, 60.0) == pytest.approx(2.6)
    assert held(12.4, 60.0) == pytest.approx(2.48)
    assert held(12.4, 45.0) == 12.4


def test_memory_is_told_without_a_total_of_customs_until_there_are_some() -> None:
    memory, census = dict.fromkeys(range(5), 12.0), dict.fromkeys(range(5), 40.0)
    found = products._readings(memory, {1: 50.0, 3: 55.0}, census, 1.25)
    assert [(row, reading.held) for row, reading in found.items()] == [(0, 12.0), (1, 12.0), (3, 7.0)]


def test_drives_are_memory_at_the_size_known_or_that_of_the_first_three_years_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Chips and drives of 10 in each of six years; drives known from the second on, 9.5 of them in the last."""
    values = np.tile([4.0, 10.0, 3.0, 2.0, 1.0, 6.0, 5.0], (6, 1))
    drives = {2021: 2.0, 2022: 4.0, 2023: 6.0, 2024: 8.0, 2025: 9.5}
    months = {12 * year + month: value / 12 for year, value in drives.items() for month in range(12)}
    monkeypatch.setattr(observed, "product_exports", lambda: SimpleNamespace(first=2020, values=values))
    monkeypatch.setattr(observed, "item_months", lambda codes, day: months)
    first, found = annual_exports()
    moved = [4.0, 2.0, 4.0, 6.0, 8.0, 9.0]
    assert first == 2020
    assert found[:, 0].tolist() == pytest.approx([4.0 + part for part in moved])
    assert found[:, 1].tolist() == pytest.approx([10.0 - part for part in moved])
    np.testing.assert_array_equal(found[:, 2:], values[:, 2:])
    del months[12 * 2022 + 11]  # a year of which a month is missing is not known
    assert annual_exports()[1][:3, 1].tolist() == pytest.approx([10 - (2 + 6 + 8) / 3, 8.0, 10 - (2 + 6 + 8) / 3])


def test_only_whole_spans_are_summed() -> None:
    months = dict.fromkeys(range(1, 14), 1.0)
    assert whole_sums(months, 3) == {1: 3.0, 2: 3.0, 3: 3.0}
    assert whole_sums(months | {0: 2.0}, 12) == {0: 13.0}


def test_readings_of_a_trend_that_grows_by_a_tenth() -> None:
    values = np.array([1.1**quarter for quarter in range(10)])
    mean, line = readings_of_trend(values)
    assert line == pytest.approx(values)
    assert mean == pytest.approx(np.full(10, values[:6].mean()))


def test_parts_of_products_that_goods_of_a_sector_are() -> None:
    """At either end: a share of exports over that of its products, at most all; what is over is scaled down."""
    known = vintage()
    found, trade = composition(known.trade, known.bridge, None), load_schedule().trade
    within = shares_within(found)
    for end in (0, 1):
        if end == 0:
            exports = dict(zip(PRODUCTS, found.year.tolist(), strict=True))
        else:
            memory = found.memory["korea_customs"]
            exports = dict(zip(PRODUCTS, [memory, *((1 - memory) * found.others).tolist()], strict=True))
        parts = {}
        for sector in TAXED:
            assigned = product_priors().sectors[sector]
            if sector != REST:
                part = trade[sector].shares[end] / sum(exports[name] for name in assigned.sold)
                parts[sector] = {name: 1.0 if assigned.whole else min(part, 1.0) for name in assigned.sold}
        for place, product in enumerate(PRODUCTS):
            taken = sum(held.get(product, 0.0) for held in parts.values())
            for sector, held in parts.items():
                assert within[sector][end, place] == pytest.approx(held.get(product, 0.0) / max(taken, 1.0))
            assert within[REST][end, place] == pytest.approx(max(1.0 - taken, 0.0))


def test_part_of_a_product_that_exports_of_a_sector_are() -> None:
    """The mean of both ends; cells are 0.68 and ships 0.004 of 130.46 bn USD of 2024, of a product of 2025."""
    known = vintage()
    found = composition(known.trade, known.bridge, None)
    within = shares_within(found)
    for sector in SECTORS:
        place = PRODUCTS.index(product_priors().sectors[sector].makes)
        part = share_of_product(found, within, sector)
        if sector == "solar":
            assert part == pytest.approx(0.68 / 130.46 / found.year[place], rel=0.01)
        elif sector == "shipbuilding":
            assert part == 0.0
        else:
            assert part == pytest.approx((within[sector][0, place] + within[sector][1, place]) / 2)


def test_memory_of_an_origin_within_a_year_counts_its_quarters_up_to_it() -> None:
    """2026Q2: both quarters of 2026 so far, each in US books; an origin that ends a year has none of the next."""
    known = vintage()
    origin = known.trade.origin
    found = composition(known.trade, known.bridge, None)
    memory, months = products.quarterly_memory(), customs_months()["exports_to_us"]
    held = 0.0
    for quarter in (origin - 1, origin):
        customs = sum(months[3 * quarter + month] for month in range(3))
        census = float(known.trade.exports[quarter - origin - 1])
        held += memory[quarter] - max(customs - found.usual * census, 0.0)
    assert found.level["us_census"].observed == pytest.approx(held, rel=1e-9)
    day = dt.date(2026, 3, 1)
    early = vintage(day.isoformat())
    assert early.trade.origin % 4 == 3
    levels = composition(early.trade, early.bridge, day).level.values()
    assert [level.observed for level in levels] == [0.0, 0.0]
