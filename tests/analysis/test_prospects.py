"""What a scenario assumes, drawn out in time."""

from __future__ import annotations

from pathlib import Path

import pytest
from plans import ORIGIN

import forecast
from forecast.analysis.input_values import investment_phases, purchase_shares

ROOT = Path(__file__).parents[2]


def test_phases_follow_the_plan() -> None:
    phases = {
        item.name.split(":")[0]: item
        for item in investment_phases(forecast.load_scenario(ROOT / "scenarios/hyundai.yaml"))
    }
    mill = phases["HMG-06"]
    assert (mill.amount, mill.construction) == (5.8, 2026.5)
    assert mill.construction < mill.production <= mill.full
    assert mill.late[0] == 2029.0 <= mill.production <= mill.late[1]
    assert 0 < mill.chance < 1
    assert "HMG-01" not in phases


def test_phases_of_an_announcement_stand_side_by_side_with_their_part_of_the_amount() -> None:
    scenario = forecast.load_scenario(
        ROOT / "scenarios/announced-dependent.yaml", ["investments.LG-07.production_end=2034Q1"]
    )
    found = {item.name: item for item in investment_phases(scenario)}
    built, paused = (
        next(item for name, item in found.items() if name.startswith("LG-07:") and name.endswith(phase))
        for phase in (", cylindrical", ", storage")
    )
    assert built.amount / paused.amount == pytest.approx(0.68 / 0.32)
    assert built.production < paused.production
    assert paused.chance == pytest.approx(0.5 * built.chance, abs=4 * 0.5 / 4_000**0.5)
    assert (built.end, found[next(name for name in found if name.startswith("SB-01:"))].end) == (2034.0, None)


def test_shares_of_purchases_sum_to_one_at_the_origin_and_reach_the_target() -> None:
    years, shares = purchase_shares(forecast.load_scenario(ROOT / "scenarios/localization-fast.yaml"))
    assert years[0] == pytest.approx(2026.375)
    assert sum(float(median[0]) for median, *_ in shares.values()) == pytest.approx(1.0, abs=0.01)
    assert all((low <= median).all() and (median <= high).all() for median, low, high in shares.values())
    assert years[-1] > ORIGIN / 4
