"""Exports by product, duties and acts of US trade law, exports of memory: known answers, sums, what a day knows."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter

import numpy as np
import pytest

from forecast.errors import DataError
from forecast.observations.annual import annual_trade
from forecast.observations.duties import duties_by_law, duties_paid, kiet_estimates
from forecast.observations.products import (
    INDUSTRIES,
    PRODUCTS,
    chip_billings,
    listed_share,
    memory_exports,
    product_duties,
    product_exports,
    quarterly_product_exports,
    tariff_actions,
)
from forecast.observations.series import quarterly_trade
from forecast.observations.tables import SHIPPED, table


def printed(name: str) -> list[dict[str, str]]:
    with (SHIPPED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_products_of_a_year_add_up_to_the_exports_of_us_books() -> None:
    """The table is of April 2026, the long series of October: revisions moved years by less than 0.3 %."""
    products, trade = product_exports(), annual_trade("us_census")
    years = products.first + np.arange(len(products.values))
    np.testing.assert_allclose(
        products.values.sum(axis=1), trade.exports[np.isin(trade.years, years)], rtol=0.003, atol=0
    )
    totals = Counter()
    for row in printed("products_annual"):
        totals[row["year"]] += float(row["value"]) / 1e9
    assert [round(total, 1) for total in totals.values()] == [
        69.9, 71.4, 74.2, 77.5, 76.0, 95.1, 115.3, 116.3, 131.6, 125.2
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("product", "values"),
    [("memory_modules", (4.17, 10.05)), ("cars", (30.65, 30.80)), ("car_parts", (11.47, 11.74))],
)
def test_exports_of_a_product_are_the_printed_codes(product: str, values: tuple[float, float]) -> None:
    exports = product_exports()
    rows = [2023 - exports.first, 2025 - exports.first]
    assert exports.of(product)[rows].round(2).tolist() == list(values)


def test_products_of_a_quarter_add_up_to_its_exports_and_keep_their_year() -> None:
    quarters, years, trade = quarterly_product_exports(), product_exports(), quarterly_trade()
    first = quarters.first - trade.first_quarter
    np.testing.assert_allclose(
        quarters.values.sum(axis=1), trade.exports[first : first + len(quarters.values)], rtol=1e-12
    )
    assert (quarters.values > 0).all()
    named = quarters.values[:, : len(INDUSTRIES)].reshape(-1, 4, len(INDUSTRIES)).sum(axis=1)
    np.testing.assert_allclose(named, years.values[:, : len(INDUSTRIES)], rtol=1e-12)
    assert tuple(INDUSTRIES) == PRODUCTS[:-1]


def test_a_quarter_moves_as_its_industry() -> None:
    months = [float(row["value"]) for row in printed("product_duties_monthly") if row["series"] == "imports_naics_336"]
    cars = quarterly_product_exports().of("cars")
    assert cars[1] / cars[0] == pytest.approx(sum(months[3:6]) / sum(months[:3]))


def test_duties_are_those_of_the_trade_agreement_and_of_2025() -> None:
    """Memory and chips stayed exempt, cars did not."""
    paid = product_duties()
    year = slice(12 * 2024 - paid.start, 12 * 2025 - paid.start)
    assert [paid.imports[year].sum().round(3), paid.duties[year].sum().round(3)] == [130.459, 0.249]
    (cars, taxed) = (
        next(float(row["value"]) for row in printed("product_duties_monthly") if (row["series"], row["month"]) == key)
        for key in (("imports_naics_336", "2025-09"), ("duties_naics_336", "2025-09"))
    )
    september = 12 * 2025 + 8 - paid.start
    assert product_duties("336").rate[september] == pytest.approx(taxed / cars)
    assert product_duties("336").rate[september] > 0.2 > 0.03 > product_duties("334").rate[september]


def test_acts_come_by_date_and_memory_is_exempt_from_the_duties_on_nearly_all_goods() -> None:
    acts = tariff_actions()
    days = [act.effective for act in acts]
    assert days == sorted(days)
    in_force = [act.rate for act in acts if act.scope == "nearly all goods outside Section 232"]
    assert in_force == [0.10, 0.15, 0.10]
    (electronics,) = (act for act in acts if "8523.51" in act.scope and "8473.30" in act.scope)
    assert (electronics.rate, electronics.effective) == (0.0, dt.date(2025, 4, 11))
    assert [act.rate for act in acts if act.instrument == "initiation"] == [None]
    assert all(act.until is None or act.until > act.effective for act in acts)
    assert listed_share("ieepa_exempt_electronics", "85") > 0.2


@pytest.mark.parametrize("asked", [("section_999", None), ("all", "8")])
def test_an_unknown_list_or_chapter_is_refused(asked: tuple[str, str | None]) -> None:
    with pytest.raises(DataError, match="expected one of"):
        listed_share(*asked)


def test_billings_of_a_year() -> None:
    billings = chip_billings()
    by_year = {2023: 526.9, 2024: 630.5}
    for year, value in by_year.items():
        assert billings.values[12 * year - billings.start :][:12].sum() / 1e6 == pytest.approx(value, abs=0.05)


def test_a_day_knows_months_of_memory_ninety_days_after_their_end() -> None:
    known = memory_exports(day=dt.date(2025, 4, 11))
    assert max(known) == 12 * 2024 + 11
    assert max(memory_exports()) == 12 * 2026 + 7
    rows = table("items_monthly")
    july = rows[(rows["month"] == "2026-07") & rows["hs"].isin(["8473304060", "8523511000"])]
    assert memory_exports()[12 * 2026 + 6] == pytest.approx(july["value"].sum() / 1e9)


def test_duties_by_law_are_shares_of_lists_times_the_rates_of_acts() -> None:
    """Steel by hand: 4.78 bn USD under Annex I-A, 0.15 under I-B, 0.0656 on no list and 0.001 of car parts, of 5.00."""
    steel = {row["list"]: float(row["value"]) for row in printed("tariff_sectors") if row["sector"] == "steel"}
    paid = 0.5 * steel["section_232_metals_annex_1a"] + 0.25 * steel["section_232_metals_annex_1b"]
    paid += 0.15 * steel["section_232_cars_and_parts"]
    whole = sum(steel.values())
    assert whole == pytest.approx(5.000967e9, rel=1e-6)
    for day, general in ((dt.date(2026, 7, 1), 0.1), (dt.date(2026, 7, 23), 0.0), (dt.date(2026, 7, 24), 0.125)):
        assert duties_by_law(day)["steel"] == pytest.approx((paid + general * steel["none"]) / whole)
    assert [duties_by_law(dt.date(2026, 9, day))["biopharma"] > 0.14 for day in (28, 29)] == [False, True]


def test_the_law_takes_at_least_what_was_paid_in_july_2026() -> None:
    """An upper bound on the trade of 2024: 13.1 % by law, and 7.6 % paid on that of the month."""
    (paid,) = (
        float(row["value"]) for row in printed("duties_monthly") if row["month"] == "2026-07" and row["unit"] == "ratio"
    )
    by_law = duties_by_law(dt.date(2026, 7, 1))["all"]
    assert (round(by_law, 3), round(paid, 3)) == (0.131, 0.076)
    assert sum(float(row["value"]) for row in printed("tariff_sectors")) == pytest.approx(130.458735626e9)


def test_a_day_before_the_lists_is_refused() -> None:
    with pytest.raises(ValueError, match="from 2026-04-06 on"):
        duties_by_law(dt.date(2026, 4, 5))


def test_rivals_are_the_world_less_korea() -> None:
    rows = [row for row in printed("industry_trade_monthly") if row["code"] == "336" and row["month"] >= "2025-09"]
    korea, duties, world, all_duties = (
        sum(float(row[flow]) for row in rows)
        for flow in ("korea_imports", "korea_duties", "world_imports", "world_duties")
    )
    paid = duties_paid(["336"], dt.date(2025, 9, 1), dt.date(2025, 11, 1))
    assert paid == pytest.approx((duties / korea, (all_duties - duties) / (world - korea)))
    by_code = {
        row["code"]: float(row["korea_imports"])
        for row in printed("industry_trade_monthly")
        if row["month"] == "2024-05"
    }
    assert 0.9 * by_code["total"] < sum(value for code, value in by_code.items() if code != "total") < by_code["total"]


def test_kiets_estimates_are_those_of_the_table() -> None:
    facts = {row["name"]: float(row["value"]) for row in printed("parameters") if row["name"].endswith("_kiet")}
    low, high = (facts[f"exports_to_us_under_duty_of_{rate}_kiet"] / 100 for rate in (10, 25))
    assert kiet_estimates() == pytest.approx((low, high)) == (-0.093, -0.162)
