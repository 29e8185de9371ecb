"""Scores with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.scoring import covered, crps, pit
from forecast.summary import FINE_LEVELS

POINT = np.full(99, 3.0)
SPREAD = 10.0 + 100 * np.array(FINE_LEVELS)
"""Quantiles of a uniform law from 10 to 110."""


def test_crps_of_a_point_forecast_is_the_absolute_error() -> None:
    assert crps(FINE_LEVELS, POINT, 5.0) == pytest.approx(2.0, rel=1e-12)
    assert crps(FINE_LEVELS, POINT, -1.0) == pytest.approx(4.0, rel=1e-12)
    assert crps(FINE_LEVELS, POINT, 3.0) == 0.0


def test_crps_of_three_quantiles_by_hand() -> None:
    """Pinball losses of 0.25 * 2, 0.5 * 1 and 0.25 * 1; twice their mean."""
    assert crps((0.25, 0.5, 0.75), np.array([1.0, 2.0, 4.0]), 3.0) == pytest.approx(2 * 1.25 / 3, rel=1e-12)


def test_crps_of_a_uniform_law_is_the_mean_pinball_loss_of_its_quantiles() -> None:
    """With the outcome at level m of 100: sum of q (m - q) below and (1 - q) (q - m) above, times the width."""
    levels = np.array(FINE_LEVELS)
    for level in (0.2, 0.5, 0.93):
        loss = np.where(levels <= level, levels * (level - levels), (1 - levels) * (levels - level))
        assert crps(FINE_LEVELS, SPREAD, 10 + 100 * level) == pytest.approx(200 * loss.mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("outcome", "expected"), [(60.0, 0.5), (11.0, 0.01), (35.5, 0.255), (10.5, 0.005), (500.0, 0.995), (-500.0, 0.005)]
)
def test_where_the_outcome_fell(outcome: float, expected: float) -> None:
    assert pit(FINE_LEVELS, SPREAD, outcome) == pytest.approx(expected, abs=1e-12)


def test_a_point_forecast_that_comes_true_falls_in_the_middle() -> None:
    assert pit(FINE_LEVELS, POINT, 3.0) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(("fell", "widths"), [(0.5, {50, 80, 95}), (0.12, {80, 95}), (0.97, {95}), (0.005, set())])
def test_intervals_are_equal_tailed(fell: float, widths: set[int]) -> None:
    assert {width for width in (50, 80, 95) if covered(fell, width)} == widths
