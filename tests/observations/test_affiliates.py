"""The table of affiliates: what it adds up to, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from forecast.economics.sectors import SECTORS
from forecast.errors import DataError
from forecast.models.evidence import recent_plants
from forecast.observations.affiliates import EXPORTED, existing_affiliates, related_party_shares, whole_years
from forecast.observations.tables import SHIPPED, read_table


def copy(folder: Path) -> Path:
    for name in ("affiliates", "affiliate_vehicles", "related_party"):
        shutil.copy(SHIPPED / f"{name}.csv", folder)
    return folder


def edited(folder: Path, old: str, new: str) -> Path:
    file = copy(folder) / "affiliates.csv"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_output_of_car_plants_is_vehicles_times_value() -> None:
    base = existing_affiliates()
    row = base.output[base.row(2024)]
    assert row[base.ids.index("hmma")] == pytest.approx((338_473 + 22_600) * 31.4e-6)
    assert row[base.ids.index("kia_georgia")] == pytest.approx(352_100 * 31.4e-6)
    assert whole_years((EXPORTED,))[2024] == 22_600
    assert 2025 not in whole_years((EXPORTED,))


def test_vehicles_are_near_what_the_group_printed_for_2024() -> None:
    assert sum(whole_years(("hmma_us", "hmma_exports", "kia_georgia"))[year] for year in (2024,)) == pytest.approx(
        713_173, rel=0.01
    )


def test_purchases_of_alabama_are_those_its_output_implies() -> None:
    (bought,) = (
        row["value"]
        for row in read_table("affiliates")
        if (row["affiliate"], row["measure"], row["year"]) == ("hmma", "purchases", "2024")
    )
    base = existing_affiliates()
    assert bought / base.output[base.row(2024), base.ids.index("hmma")] == pytest.approx(0.79, abs=0.03)


def test_every_affiliate_has_a_sector_and_is_no_plant_of_the_wave() -> None:
    base = existing_affiliates()
    assert set(base.sectors) <= set(SECTORS)
    assert not set(base.ids) & set(recent_plants().ids)
    assert (base.error[base.output > 0] > 0).all()
    assert base.years[0] == 2010
    assert (np.diff(base.years) == 1).all()


def test_shares_of_related_parties_are_shares() -> None:
    shares = related_party_shares()
    assert shares[-1].year == 2013
    assert all(0 < share.share < 1 for share in shares)


def test_a_gap_is_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    file = folder / "affiliates.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("upi,steel,2015")), encoding="utf-8")
    with pytest.raises(DataError, match="upi: got a year without output"):
        existing_affiliates(folder)


def test_vehicles_beside_output_are_refused(tmp_path: Path) -> None:
    folder = edited(tmp_path, "upi,steel,2015,output,0.5,billion USD", "hmma,autos,2012,output,0.5,billion USD")
    with pytest.raises(DataError, match="hmma 2012: got vehicles beside output"):
        existing_affiliates(folder)
