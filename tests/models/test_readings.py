"""Aggregate evidence: its numbers against the tables they come from, and what the plants explain of each by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from handmade import copy_with_cell
from test_wave import coefficients, plant

from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.errors import DataError
from forecast.models.evidence import (
    QUANTITIES,
    bottom_up,
    load_evidence,
    places_with_evidence,
    recent_investment,
    recent_plants,
)
from forecast.observations.tables import SHIPPED, number, read_table

VALUES = {reading.id: reading.value for reading in load_evidence()}


def parameter(name: str) -> float:
    return next(number(row["value"]) for row in read_table("parameters") if row["name"] == name)


def test_the_rise_left_by_kita_is_the_printed_rise_less_its_parts() -> None:
    parts = ("market_size", "product_mix", "china_substitution")
    left = parameter("us_imports_from_korea_rise") - sum(
        parameter(f"us_imports_from_korea_rise_{part}") for part in parts
    )
    assert VALUES["exports_rise"] == pytest.approx(left)
    assert VALUES["exports_per_investment"] == parameter("exports_per_annual_odi")


def test_machinery_is_that_of_the_items() -> None:
    years = {
        row["period"]: number(row["value"])
        for row in read_table("items")
        if row["item"] == "general_machinery" and row["flow"] == "exports"
    }
    assert VALUES["machinery_rise"] == pytest.approx(years["2024"] - years["2020"])


def test_batteries_are_sums_of_their_months() -> None:
    rows = [row for row in read_table("items_monthly") if row["hs"] == "850760"]
    sums = {
        year: sum(number(row["value"]) for row in rows if row["month"][:4] == year) / 1e9 for year in ("2023", "2025")
    }
    assert VALUES["batteries_peak"] == pytest.approx(sums["2023"], abs=0.005)
    assert VALUES["batteries_fall"] == pytest.approx(sums["2023"] - sums["2025"], abs=0.0005)


def test_cars_are_counted_once_and_weighed_alike() -> None:
    """The fall of all cars and of one model, Jan-Jul and Jan-Apr 2025; 24.5 to 27.0 over 31.5 thousand USD a car."""
    weight = round((24.5 + 27.0) / 2 / 31.5, 2)
    assert VALUES["cars_2004_24"] == pytest.approx((1_708_293 - 1_013_931) / 716_000 * weight, abs=0.005)
    assert VALUES["ioniq_5"] == pytest.approx(20_815 / 19_107 * weight, abs=0.005)
    assert VALUES["other_cars"] == pytest.approx((73_073 - 20_815) / (51_476 - 19_107) * weight, abs=0.005)


def test_every_reading_says_where_its_error_comes_from() -> None:
    for reading in load_evidence():
        assert reading.error_note.startswith("Judgement: ")
        assert reading.note
        assert reading.source


def test_what_one_battery_plant_explains_by_hand() -> None:
    """6 bn USD: 0.6 bn of machinery in 2021 and in 2022; 0.9 bn displaced in 2023, 1.8 bn in each later year."""
    readings = load_evidence()
    found = bottom_up(plant("2021", "2023"), coefficients(), readings, 100.0)
    expected = {
        "exports_rise": -0.288 - 0.6,
        "exports_per_investment": (0.6 + 0.6 - 0.144 - 0.288) / 100.0,
        "machinery_rise": 0.0,
        "batteries_fall": 0.9,
        "batteries_peak": 1.8,
        "cars_2004_24": 0.25,
        "ioniq_5": 0.25,
        "other_cars": 0.25,
    }
    for reading, values in zip(readings, found, strict=True):
        assert values == pytest.approx([expected[reading.id]], abs=1e-12)


def test_cars_are_read_with_the_tariff_they_paid() -> None:
    """None to 2024; 25 % from 3 April 2025, in quarters whose months are a third each."""
    readings = load_evidence()
    found = bottom_up(plant("2021", "2023"), coefficients(tariff_displacement=0.5), readings, 100.0)
    known = {reading.id: float(value[0]) for reading, value in zip(readings, found, strict=True)}
    april = (1 - 2 / 31) / 3
    assert known["cars_2004_24"] == 0.25
    assert known["ioniq_5"] == pytest.approx(0.25 + 0.5 * april / (4 / 3), rel=1e-9)
    assert known["other_cars"] == pytest.approx(0.25 + 0.5 * (april + 1) / (7 / 3), rel=1e-9)


def test_plants_of_other_sectors_displace_no_batteries() -> None:
    readings = [reading for reading in load_evidence() if reading.id.startswith("batteries")]
    assert [
        values.tolist() for values in bottom_up(plant("2021", "2023", sector="autos"), coefficients(), readings, 1.0)
    ] == [
        [0.0],
        [0.0],
    ]


def test_only_touched_coefficients_move_a_prediction() -> None:
    wave, readings = recent_plants(), load_evidence()
    rng = np.random.default_rng(7)
    known = coefficients()
    place = np.zeros(known.shape[:2], bool)
    place[places_with_evidence(wave)] = True
    other = np.where(place[:, :, None], known, known * rng.uniform(0.5, 1.5, known.shape))
    for before, after in zip(*(bottom_up(wave, rows, readings, 100.0) for rows in (known, other)), strict=True):
        assert np.array_equal(before, after)
    assert {COEFFICIENTS[column] for column in places_with_evidence(wave)[1]}.isdisjoint(
        {"construction_quarters", "reverse_import_rate", "price_growth"}
    )
    assert {SECTORS[row] for row in places_with_evidence(wave)[0]} == {
        "autos", "auto_parts", "batteries", "battery_materials", "solar",
    }  # fmt: skip


def test_every_touched_coefficient_moves_some_prediction() -> None:
    wave, readings = recent_plants(), load_evidence()
    before = np.array(bottom_up(wave, coefficients(tariff_displacement=0.1), readings, 100.0))
    for row, column in zip(*places_with_evidence(wave), strict=True):
        moved = coefficients(tariff_displacement=0.1)
        moved[row, column] *= 1.1
        assert not np.allclose(bottom_up(wave, moved, readings, 100.0), before, rtol=1e-9, atol=0), (row, column)


def test_investment_is_the_printed_sum_of_four_years() -> None:
    assert recent_investment() == pytest.approx(27.93 + 29.50 + 28.04 + 22.08)


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        (
            "id",
            "ioniq_6",
            "readings.csv: unknown or missing: exports_rise, ioniq_6; expected exports_rise, exports_per",
        ),
        ("error", "0", "readings.csv: exports_rise: got error 0 and remainder '4'"),
        ("error", "", "readings.csv:2: error: got '', expected a finite number"),
        ("remainder", "", "remainder '' of 'competitiveness and other investment', expected an error above 0"),
    ],
)
def test_a_reading_that_makes_no_sense_is_refused(tmp_path: Path, column: str, text: str, message: str) -> None:
    copy_with_cell(SHIPPED / "readings.csv", tmp_path, column, text)
    with pytest.raises(DataError, match=re.escape(message)):
        load_evidence(tmp_path)


def test_readings_stand_in_the_order_of_their_quantities() -> None:
    assert [reading.id for reading in load_evidence()] == list(QUANTITIES)
