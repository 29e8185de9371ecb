"""Drivers as observed, their process against closed forms, and what they and a half-known quarter do to trade."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.economics.processes import Nowcast, baseline_flows, driver_growth
from forecast.errors import DataError
from forecast.observations.series import DRIVERS, quarterly_drivers, quarterly_trade, series
from forecast.observations.vintage import vintage

N_DRAWS = 20_000
SIGMAS = 5.0
"""Monte Carlo standard errors a sample moment may be off: once in two million."""
FACTOR = np.array([[0.005, 0.0, 0.0], [-0.004, 0.03, 0.0], [0.02, -0.02, 0.1]])
HISTORY = np.log([[31.0, 18.0]])
FIRST = 8106


def _rows(n_draws: int = N_DRAWS) -> dict[str, np.ndarray]:
    rows = {
        "drift": np.array([0.006, 0.0, 0.003]),
        "moving_average": np.array([0.2, 0.27, 0.25]),
        "shock_factor": FACTOR,
        "degrees_of_freedom": np.array(4.0),
        "carried": np.array([0.001, 0.02, -0.1]),
    }
    return {name: np.repeat(values[..., None], n_draws, axis=-1) for name, values in rows.items()}


def _trade(n_draws: int = N_DRAWS, response: float = 0.0) -> dict[str, np.ndarray]:
    rows = {
        "drift": np.array(0.011),
        "season": np.zeros((4, 2)),
        "moving_average": np.array([-0.3, -0.4]),
        "adjustment": np.array([0.02, 0.02]),
        "ratio": np.array(0.5),
        "shock_factor": np.array([[0.05, 0.0], [0.02, 0.06]]),
        "degrees_of_freedom": np.array(6.0),
        "response": np.full((2, 3), response),
        "last_shock": np.array([0.1, -0.05]),
    }
    return {name: np.repeat(values[..., None], n_draws, axis=-1) for name, values in rows.items()}


def test_a_quarter_of_a_price_is_the_mean_of_its_months_and_its_edge_the_last_one() -> None:
    drivers = quarterly_drivers(8105)
    months = series("drivers_monthly", "wti_spot")
    last = months.values[3 * 8105 - months.start : 3 * 8105 - months.start + 3]
    column = DRIVERS.index("oil")
    assert drivers.origin == 8105
    assert drivers.levels[-1, column] == pytest.approx(last.mean(), rel=1e-12)
    assert drivers.edge[column] == pytest.approx(np.log(last[2] / last.mean()), rel=1e-12)
    assert drivers.edge[DRIVERS.index("us_output")] == 0.0


def test_a_day_knows_the_drivers_of_every_quarter_of_trade_it_knows() -> None:
    known = vintage("2025-04-11")
    assert known.drivers.origin == known.trade.origin


def test_a_driver_that_ends_before_trade_is_refused_with_its_name() -> None:
    with pytest.raises(DataError, match=r"us_real_gdp ends with 2026Q2, expected it up to 2026Q3"):
        quarterly_drivers(8106)


def test_growth_of_the_drivers_has_the_moments_of_its_equation() -> None:
    rng = np.random.default_rng(7)
    normals = rng.standard_normal((3, 3, N_DRAWS))
    growth = driver_growth(_rows(), normals, np.full((3, N_DRAWS), 2.0))
    rows = _rows(1)
    sd = np.sqrt((FACTOR @ FACTOR.T).diagonal())
    error = SIGMAS * sd / N_DRAWS**0.5
    assert (np.abs(growth[0].mean(axis=1) - (rows["drift"] + rows["carried"])[:, 0]) < error).all()
    assert growth[0].std(axis=1) == pytest.approx(sd, rel=SIGMAS / (2 * N_DRAWS) ** 0.5)
    later = sd * np.sqrt(1 + rows["moving_average"][:, 0] ** 2)
    assert growth[2].std(axis=1) == pytest.approx(later, rel=SIGMAS / (2 * N_DRAWS) ** 0.5)


def test_a_point_of_a_driver_moves_flows_by_the_response_and_part_of_it_comes_back() -> None:
    rng = np.random.default_rng(3)
    normals, tail = rng.standard_normal((3, 2, 50)), np.full((3, 50), 3.0)
    still = {**_trade(50, response=1.5), "adjustment": np.zeros((2, 50))}
    forcing = np.zeros((3, 3, 50))
    quiet = np.log(baseline_flows(still, HISTORY, FIRST, normals, tail, forcing))
    forcing[0, 1] = 0.01
    moved = np.log(baseline_flows(still, HISTORY, FIRST, normals, tail, forcing))
    change = moved - quiet
    np.testing.assert_allclose(change[:, 0], 0.015)
    np.testing.assert_allclose(change[:, 1], 0.7 * 0.015)  # both flows share it: three tenths come back


def _first_quarter(nowcast: Nowcast | None) -> np.ndarray:
    rng = np.random.default_rng(11)
    normals, tail = rng.standard_normal((1, 2, N_DRAWS)), np.full((1, N_DRAWS), 3.0)
    return np.log(baseline_flows(_trade(), HISTORY, FIRST, normals, tail, None, nowcast))[:, 0]


def test_a_reading_gives_the_normal_distribution_of_conditioning() -> None:
    """Prior and reading are normal: mean and covariance of the first quarter are those of the weighted sum."""
    rng = np.random.default_rng(12)
    noise = np.array([[0.02, 0.0], [0.005, 0.03]])
    seen = np.log([33.0, 17.5])
    nowcast = Nowcast(
        np.repeat(seen[:, None], N_DRAWS, axis=1),
        np.repeat(noise[..., None], N_DRAWS, axis=2),
        rng.standard_normal((2, N_DRAWS)),
    )
    rows = _trade(1)
    gap = HISTORY[0, 0] - HISTORY[0, 1] - 0.5
    shared, apart = rows["moving_average"] * np.array([[0.5, 0.5], [0.5, -0.5]]) @ rows["last_shock"]
    brought = np.stack([shared + apart, shared - apart])
    growth = rows["drift"] + np.array([[-0.02], [0.02]]) * gap + brought
    prior_mean = HISTORY[0] + growth[:, 0]
    prior = rows["shock_factor"][..., 0] @ rows["shock_factor"][..., 0].T
    covariance = np.linalg.inv(np.linalg.inv(prior) + np.linalg.inv(noise @ noise.T))
    mean = covariance @ (np.linalg.solve(prior, prior_mean) + np.linalg.solve(noise @ noise.T, seen))
    path = _first_quarter(nowcast)
    sd = np.sqrt(covariance.diagonal())
    assert (np.abs(path.mean(axis=1) - mean) < SIGMAS * sd / N_DRAWS**0.5).all()
    assert path.std(axis=1) == pytest.approx(sd, rel=SIGMAS / (2 * N_DRAWS) ** 0.5)


def test_a_reading_that_says_nothing_changes_nothing() -> None:
    vague = Nowcast(
        np.zeros((2, N_DRAWS)), 1e6 * np.repeat(np.eye(2)[..., None], N_DRAWS, axis=2), np.zeros((2, N_DRAWS))
    )
    np.testing.assert_allclose(_first_quarter(vague), _first_quarter(None), atol=1e-8)


def test_completions_are_the_whole_of_a_quarter_over_the_months_known() -> None:
    known = vintage()
    exports = series("trade_monthly", "us_imports_from_korea")
    months = exports.values[-exports.start % 3 :][:3]
    assert known.completions.shape == (len(quarterly_trade().exports), 2)
    assert known.completions[0, 0] == pytest.approx(np.log(months.sum() / months[:2].sum()), rel=1e-12)
