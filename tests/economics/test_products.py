"""What exports consist of at the origin, and how memory and the others have moved: recomputed from the tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from forecast.dims import PRODUCTS
from forecast.economics import products
from forecast.economics.memory import readings_of_trend
from forecast.economics.products import annual_exports, composition, memory_cycle_of, quarterly_memory, shares_within
from forecast.observations.annual import customs_months
from forecast.observations.products import chip_billings, item_months
from forecast.observations.vintage import vintage


def test_how_heights_of_memory_pass_is_least_squares_on_billings_to_a_year_before() -> None:
    billings = chip_billings()
    months = billings.values[: 3 * (4 * (2025 - 2010) + 2)]  # 2010Q1 to 2025Q2
    logs = np.log(months.reshape(-1, 3).sum(axis=1))
    times = np.column_stack([np.ones(len(logs)), np.arange(len(logs))])
    rest = logs - times @ np.linalg.lstsq(times, logs, rcond=None)[0]
    slope = np.linalg.lstsq(rest[:-1, None], rest[1:], rcond=None)[0][0]
    left = rest[1:] - slope * rest[:-1]
    error = np.sqrt(left @ left / (len(left) - 1) / (rest[:-1] @ rest[:-1]))
    cycle = memory_cycle_of(4 * 2026 + 1)
    assert cycle.persistence == pytest.approx((slope + (1 + 3 * slope) / len(rest), error), rel=1e-9)
    assert np.log(0.5) / np.log(cycle.persistence[0]) == pytest.approx(4.6, abs=0.1)  # quarters to half of a height
    memory = np.array(list(quarterly_memory().values()))
    assert cycle.heights[1] == pytest.approx(np.log(memory[-1] / np.mean(memory[:-4])))
    line = stats.linregress(np.arange(len(memory)), np.log(memory))
    assert cycle.heights[0] == pytest.approx(np.log(memory[-1]) - line.intercept - line.slope * (len(memory) - 1))
    known = np.log(memory[:-4])
    line = stats.linregress(np.arange(len(known)), known)
    rest = known - line.intercept - line.slope * np.arange(len(known))
    assert cycle.volatility == pytest.approx(np.std(rest[1:] - cycle.persistence[0] * rest[:-1], ddof=1), rel=1e-9)


def test_other_products_move_as_their_shares_among_themselves_did() -> None:
    known, (_, years) = vintage(), annual_exports()
    found = composition(known.trade, known.bridge, None)
    assert found.year == pytest.approx(years[-1] / years[-1].sum(), rel=1e-12)
    among = [[value / sum(year[1:]) for value in year[1:]] for year in years.tolist()]
    steps = np.array([np.log(later) - np.log(before) for before, later in pairwise(among)])
    moments = (steps**2).mean(axis=0) - steps.mean(axis=0) ** 2
    assert found.spread == pytest.approx(np.sqrt(moments * len(steps) / (len(steps) - 1)), rel=1e-9)


def test_other_products_at_the_origin_are_those_of_the_last_year_and_what_korean_months_add() -> None:
    known, (first, years) = vintage(), annual_exports()
    level = dict(zip(PRODUCTS[1:], years[-1, 1:].tolist(), strict=True))
    codes = {"8542": "chips", "8703": "cars", "8708": "car_parts", "8504": "electrical", "8507": "electrical"}
    codes |= {"8517": "rest", "330499": "rest"}
    begins, last = 12 * 2025 + 6, first + len(years) - 1  # July 2025 to June 2026 beside the last whole year
    added = 0
    for code, product in codes.items():
        months = item_months((code,))
        span = [*range(begins, begins + 12), *range(12 * last, 12 * last + 12)]
        if set(span) <= months.keys():
            level[product] += sum(months[month] for month in span[:12]) - sum(months[month] for month in span[12:])
            added += 1
    assert (last, added > 0) == (2025, True)
    found = composition(known.trade, known.bridge, None).others
    assert found == pytest.approx(np.array([*level.values()]) / sum(level.values()), rel=1e-9)


def test_what_korean_books_hold_beyond_usual_books_is_memory() -> None:
    known = vintage()
    found = composition(known.trade, known.bridge, None)
    months = customs_months()["exports_to_us"]
    customs = sum(months[12 * 2026 + month] for month in (3, 4, 5))
    census, memory = float(known.trade.exports[-1]), quarterly_memory()[known.trade.origin]
    usual = np.exp(np.log(known.bridge.ratios[:, 0]).mean())
    assert found.memory["us_census"] == pytest.approx((memory - (customs - usual * census)) / census, rel=1e-6)
    assert found.memory["korea_customs"] == pytest.approx(memory / customs, rel=1e-6)
    (one, other) = (share / (1 - share) for share in found.memory.values())
    assert other / one == pytest.approx((customs / census / usual) ** found.excess, rel=1e-6)


def test_where_korean_books_hold_no_more_than_usual_all_memory_is_in_us_books_too() -> None:
    known = vintage()
    months = customs_months()["exports_to_us"]
    customs = sum(months[12 * 2026 + month] for month in (3, 4, 5))
    usual = np.exp(np.log(known.bridge.ratios[:, 0]).mean())
    exports = np.array([*known.trade.exports[:-1], 1.001 * customs / usual])
    found = composition(replace(known.trade, exports=exports), known.bridge, None)
    share = quarterly_memory()[known.trade.origin] / exports[-1]
    assert found.memory == pytest.approx({"us_census": share, "korea_customs": share}, rel=1e-9)
    assert found.excess == 0.0


@pytest.mark.parametrize("lacking", ["memory", "customs"])
def test_without_a_korean_figure_of_the_origin_memory_has_the_share_of_the_last_quarter_known(
    lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of 2026Q1, where US books lack what customs have of all exports beyond the usual ratio."""
    known, memory, months = vintage(), quarterly_memory(), {**customs_months()["exports_to_us"]}
    origin, exports = known.trade.origin, known.trade.exports
    usual = np.exp(np.log(known.bridge.ratios[:, 0]).mean())
    customs = sum(months[3 * (origin - 1) + month] for month in range(3))
    held = memory[origin - 1] - (customs - usual * exports[-2])
    if lacking == "memory":
        del memory[origin]
    else:
        del months[3 * origin + 2]
    monkeypatch.setattr(products, "quarterly_memory", lambda day=None: memory)
    monkeypatch.setattr(products, "customs_months", lambda day=None: {"exports_to_us": months})
    found = composition(known.trade, known.bridge, None)
    shares = {"us_census": held / exports[-2], "korea_customs": memory[origin - 1] / customs}
    assert found.memory == pytest.approx(shares, rel=1e-12)
    assert found.level["us_census"].observed == pytest.approx(held + shares["us_census"] * exports[-1], rel=1e-12)


def test_memory_without_its_height_is_at_the_one_trend_in_either_book() -> None:
    known, memory = vintage(), quarterly_memory()
    found = composition(known.trade, known.bridge, None)
    trends = np.sort(readings_of_trend(np.array([*memory.values()]))[:, -1])
    levels = {
        "us_census": found.memory["us_census"] * known.trade.exports[-1],
        "korea_customs": memory[known.trade.origin],
    }
    for basis, level in levels.items():
        assert found.level[basis].quarter == pytest.approx(level, rel=1e-6)
        assert np.sort(level * np.exp(-np.array(found.level[basis].heights))) == pytest.approx(trends, rel=1e-6)


def test_memory_in_korean_books_goes_by_its_own_months_where_totals_come_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told of a day before the totals of 2026: the share in US books is old, the level in Korean ones is counted."""
    known, memory = vintage(), quarterly_memory()
    months, origin = customs_months()["exports_to_us"], known.trade.origin
    early = {"exports_to_us": {month: value for month, value in months.items() if month < 12 * 2026}}
    monkeypatch.setattr(products, "customs_months", lambda day=None: early)
    found = composition(known.trade, known.bridge, None)
    assert found.quarter == origin - 2
    level = found.level["korea_customs"]
    assert (level.quarter, level.observed) == pytest.approx((memory[origin], memory[origin - 1] + memory[origin]))
    assert level.heights == memory_cycle_of(origin).heights
    share = found.memory["us_census"] * known.trade.exports
    assert found.level["us_census"].quarter == pytest.approx(share[-1])
    assert found.level["us_census"].observed == pytest.approx(share[-2:].sum())


def test_a_quarter_of_which_memory_is_not_counted_has_what_the_last_one_had(monkeypatch: pytest.MonkeyPatch) -> None:
    known, memory = vintage(), quarterly_memory()
    origin, exports = known.trade.origin, known.trade.exports
    del memory[origin]
    monkeypatch.setattr(products, "quarterly_memory", lambda day=None: memory)
    level = composition(known.trade, known.bridge, None).level["korea_customs"]
    expected = memory[origin - 1] * exports[-1] / exports[-2]
    assert (level.quarter, level.observed) == pytest.approx((expected, memory[origin - 1] + expected))


def test_a_quarter_and_a_year_are_known_ninety_days_after_their_end() -> None:
    whole = annual_exports()[1]
    for day, years in ((dt.date(2025, 3, 30), 8), (dt.date(2025, 3, 31), 9), (dt.date(2026, 3, 31), 10)):
        first, exports = annual_exports(day)
        assert (first, len(exports)) == (2016, years)
        assert exports[2:] == pytest.approx(whole[2:years], rel=1e-12)


def test_a_cycle_of_an_earlier_day_is_that_of_what_was_known() -> None:
    """Billings of December 2024 are known ninety days later, and enter with the origin a year after."""
    origin = 4 * 2025 + 3
    early, late = (memory_cycle_of(origin, dt.date(2025, 3, day)).persistence for day in (30, 31))
    assert late == memory_cycle_of(origin, None).persistence
    assert early == memory_cycle_of(origin - 1, None).persistence


def test_parts_of_sectors_add_up_to_every_product() -> None:
    known = vintage()
    within = shares_within(composition(known.trade, known.bridge, None))
    np.testing.assert_allclose(np.sum(list(within.values()), axis=0), 1.0, rtol=1e-12)
    assert within["autos"][:, PRODUCTS.index("cars")].tolist() == [1.0, 1.0]
    assert within["steel"][:, PRODUCTS.index("rest")] == pytest.approx([0.073, 0.174], abs=0.001)
