"""The wave of plants: its table, and the trade it induced against arithmetic by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from handmade import copy_with_cell

from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.errors import DataError
from forecast.models.evidence import YEARS, RecentPlants, induced_trade, recent_plants
from forecast.observations.announcements import announcements
from forecast.observations.tables import SHIPPED, read_table
from forecast.quarters import parse_time

KNOWN = {
    "machinery_share": 0.5,
    "korean_machinery_share": 0.4,
    "output_per_capex": 1.5,
    "utilisation": 0.8,
    "purchases_per_output": 0.7,
    "korean_share": 0.3,
    "displacement_rate": 0.25,
    "tariff_displacement": 0.0,
    "reverse_import_rate": 0.01,
    "construction_quarters": 8.0,
    "ramp_quarters": 4.0,
    "price_growth": 0.0,
}


def coefficients(**changes: float) -> np.ndarray:
    """The same coefficients for every sector, in one draw."""
    row = [(KNOWN | changes)[name] for name in COEFFICIENTS]
    return np.tile(np.array(row)[:, None], (len(SECTORS), 1, 1))


def plant(start: str, production: str, capital: float = 6.0, sector: str = "batteries") -> RecentPlants:
    dates = (np.array([[parse_time(date)]]) for date in (start, production))
    return RecentPlants(("one",), np.array([SECTORS.index(sector)]), np.array([[capital]]), *dates)


def test_machinery_of_a_plant_by_hand() -> None:
    """6 bn USD at 0.5 x 0.4 is 1.2 bn of machinery, half of it in each year of a building time of two."""
    trade = induced_trade(plant("2021", "2023"), coefficients())
    assert trade.capital_goods[:, 0, 0] == pytest.approx([0, 0.6, 0.6, 0, 0, 0], abs=1e-12)


def test_a_duty_adds_to_what_a_plant_displaces() -> None:
    """Cells paid 10 % from 5 April 2025 and 15 % from 7 August, in quarters whose months are a third each."""
    trade = induced_trade(plant("2021", "2023"), coefficients(tariff_displacement=0.5))
    april, august = (1 - 4 / 31) / 3, (1 - 6 / 31) / 3
    paid = (0.10 * (april + 2 / 3 + 2 / 3 - august) + 0.15 * (august + 1 / 3 + 1)) / 4
    assert trade.displaced[:5, 0, 0] == pytest.approx([0, 0, 0, 0.9, 1.8], abs=1e-12)
    assert trade.displaced[5, 0, 0] == pytest.approx(7.2 * (0.25 + 0.5 * paid / 0.25), rel=1e-12)


def test_running_plant_by_hand() -> None:
    """6 bn USD at 1.5 x 0.8 make 7.2 bn a year once they run in: by smoothstep at the middles of four quarters, 1/2."""
    trade = induced_trade(plant("2021", "2023"), coefficients())
    output = np.array([0, 0, 0, 3.6, 7.2, 7.2])
    assert trade.intermediates[:, 0, 0] == pytest.approx(0.21 * output, abs=1e-12)
    assert trade.displaced[:, 0, 0] == pytest.approx(0.25 * output, abs=1e-12)
    assert trade.returned[:, 0, 0] == pytest.approx(0.01 * output, abs=1e-12)
    assert trade.exports[:, 0] == pytest.approx([0, 0.6, 0.6, -0.144, -0.288, -0.288], abs=1e-12)
    assert trade.displaced_at_full_run[0, 0] == pytest.approx(1.8, abs=1e-12)


def test_all_machinery_of_a_plant_finished_in_time_is_ordered_once() -> None:
    wave = recent_plants()
    trade = induced_trade(wave, coefficients())
    inside = ((wave.machinery_start >= 4 * 2020) & (wave.production_start <= 4 * 2026))[:, 0]
    assert inside.any()
    assert trade.capital_goods[:, inside].sum(axis=0) == pytest.approx(0.2 * wave.capital[inside])


def test_draws_stay_apart() -> None:
    wave = recent_plants()
    low, high = coefficients(), coefficients(displacement_rate=0.5)
    both = induced_trade(wave, np.concatenate([low, high], axis=-1))
    for draw, known in enumerate((low, high)):
        alone = induced_trade(wave, known)
        assert both.exports[:, draw] == pytest.approx(alone.exports[:, 0], rel=1e-12)


def test_plants_are_announced_ones_of_their_sector_and_amount() -> None:
    known = {announcement.id: announcement for announcement in announcements()}
    for row in read_table("wave"):
        announced = known[row["id"]]
        assert row["sector"] == announced.sector
        if announced.amount is not None and row["id"] != "LG-09":  # its first phase only
            assert float(row["amount"]) == announced.amount


def test_no_plant_lies_inside_another() -> None:
    parents = {announcement.id: announcement.parent_id for announcement in announcements()}
    ids = set(recent_plants().ids)
    assert len(ids) == 17
    assert not {parents[plant] for plant in ids} & ids


def test_the_two_known_overstatements_are_taken_out() -> None:
    """Taylor orders no tools before 2025; half of BlueOval is put off."""
    wave = recent_plants()
    trade = induced_trade(wave, coefficients())
    taylor = wave.ids.index("SS-01")
    assert not trade.capital_goods[: YEARS.index(2025), taylor].any()
    assert trade.capital_goods[YEARS.index(2025), taylor] > 0
    assert wave.capital[wave.ids.index("SK-01"), 0] == 11.4 / 2


def test_prior_means_add_up_to_less_than_the_reduced_form_allows() -> None:
    from forecast.economics.sectors import load_sectors
    from forecast.models.evidence import recent_investment

    levels = (np.arange(2000) + 0.5) / 2000
    means = [
        [float(belief.distribution.ppf(levels).mean()) for belief in sector.values()]
        for sector in load_sectors().values()
    ]
    exports = induced_trade(recent_plants(), np.array(means)[:, :, None]).exports[:, 0]
    rise = exports[YEARS.index(2024)] - exports[YEARS.index(2021)]
    assert 0 < rise < 8.9
    assert 0.08 < exports[YEARS.index(2021) : YEARS.index(2024) + 1].sum() / recent_investment() < 2 * 0.12


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("sector", "cars", "wave.csv:2: sector: got 'cars', expected one of autos"),
        ("built", "1.2", "wave.csv:2: built: got 1.2, expected a share above 0 and at most 1"),
        ("built", "half", "wave.csv:2: built: got 'half', expected a finite number"),
        ("machinery_start", "2023", "wave.csv:2: got machinery from '2023' and output from '2022-08'"),
        ("production_start", "", "wave.csv:2: got machinery from '2020-05' and output from ''"),
        ("production_start", "soon", "wave.csv:2: production_start: got 'soon', expected a quarter"),
    ],
)
def test_a_plant_that_makes_no_sense_is_refused(tmp_path: Path, column: str, text: str, message: str) -> None:
    copy_with_cell(SHIPPED / "wave.csv", tmp_path, column, text)
    with pytest.raises(DataError, match=re.escape(message)):
        recent_plants(tmp_path)
