"""Channels against arithmetic by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.economics import channels


def test_smoothstep_is_flat_outside_and_symmetric_inside() -> None:
    progress = np.array([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0])
    assert channels.smoothstep(progress).tolist() == [0.0, 0.0, 0.15625, 0.5, 0.84375, 1.0, 1.0]


def test_cumulative_share_reaches_half_in_the_middle() -> None:
    time = np.array([[8.0], [10.0], [12.0]])
    assert channels.cumulative_share(time, np.array([8.0]), np.array([12.0])).ravel().tolist() == [0.0, 0.5, 1.0]


def test_battery_machinery_by_hand() -> None:
    """KOTRA: Korean makers expect orders of 0.40 of battery capex; 0.45 equipment times 0.89 Korean."""
    assert channels.capital_goods_exports(10.0, 0.45, 0.89) == pytest.approx(4.005, rel=1e-15)


def test_plant_flows_by_hand() -> None:
    """7.59 bn USD of capex at 1.7 a year, all used: 12.903 bn a year, 3.22575 a quarter (the Georgia car plant)."""
    output = channels.output_at_capacity(7.59, 1.7, 1.0)
    assert output == pytest.approx(3.22575, rel=1e-15)
    assert channels.intermediate_exports(output, 0.8, 0.25) == pytest.approx(0.64515, rel=1e-15)
    assert channels.displaced_exports(output, 0.5) == pytest.approx(1.612875, rel=1e-15)
    assert channels.reverse_imports(output, 0.02) == pytest.approx(0.064515, rel=1e-15)


def test_composition_sums_to_one_and_returns_its_shares() -> None:
    local, third = channels.odds_of_remainder(0.59, 0.321 / 0.41)
    korean = channels.korean_share(local + third)
    assert (korean, korean * local, korean * third) == pytest.approx((0.59, 0.321, 0.089), abs=1e-15)


def test_news_is_the_flow_beyond_what_the_origin_brings() -> None:
    """Two years of two and four quarters, with 1 a quarter at the origin."""
    flow = np.array([[5.0, 0.0], [4.0, 8.0]])
    present, n_quarters = np.array([1.0, 0.0]), np.array([[2.0], [4.0]])
    assert channels.news(flow, present, n_quarters).tolist() == [[3.0, 0.0], [0.0, 8.0]]
