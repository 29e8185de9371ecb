"""Scores against closed forms, and what makes a forecast calibrated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from forecast.observations.series import quarterly_trade
from forecast.track import scores as scoring
from forecast.track.scores import LEVELS


def _normal_quantiles(n: int, mean: float = 0.0, sd: float = 1.0) -> np.ndarray:
    return np.tile(norm.ppf(LEVELS, mean, sd), (n, 1))


def _crps_of_normal(value: np.ndarray) -> np.ndarray:
    """Gneiting and Raftery (2007), equation 21."""
    return value * (2 * norm.cdf(value) - 1) + 2 * norm.pdf(value) - 1 / np.sqrt(np.pi)


def test_crps_of_a_normal_is_its_closed_form() -> None:
    """Levels a hundredth apart, integrated by trapezoids; what lies beyond the outermost is taken to lie on them."""
    seen = np.linspace(-2.3, 2.3, 24)
    assert scoring.crps(seen, _normal_quantiles(24)) == pytest.approx(_crps_of_normal(seen), abs=5e-4)
    far = np.array([-4.0, 3.0, 4.0])
    assert scoring.crps(far, _normal_quantiles(3)) == pytest.approx(_crps_of_normal(far), rel=2.5e-3)


@pytest.mark.parametrize("sd", [0.5, 1.0, 2.0])
def test_mean_crps_is_right_to_a_thousandth_whatever_the_spread(sd: float) -> None:
    """Of outcomes at the 2,000 middles of equal chances of a standard normal, scored by a normal of another spread."""
    seen = norm.ppf((np.arange(2_000) + 0.5) / 2_000)
    exact = sd * _crps_of_normal(seen / sd).mean()
    assert scoring.crps(seen, _normal_quantiles(2_000, sd=sd)).mean() == pytest.approx(exact, rel=1e-3)


def test_crps_is_in_the_unit_of_what_is_observed() -> None:
    seen = np.array([0.3, -1.1])
    scaled = scoring.crps(1_000 * seen, 1_000 * _normal_quantiles(2))
    assert scaled == pytest.approx(1_000 * scoring.crps(seen, _normal_quantiles(2)))


def test_crps_of_a_sure_forecast_is_its_distance() -> None:
    assert scoring.crps(np.array([3.0]), np.full((1, 99), 1.0)) == pytest.approx([2.0])


def test_crps_of_quantiles_is_the_crps_of_the_draws_behind_them() -> None:
    import scoringrules

    draws = np.random.default_rng(7).gamma(4.0, size=(5, 20_000))
    seen = np.array([0.5, 2.0, 4.0, 6.0, 11.0])
    of_draws = scoringrules.crps_ensemble(seen, draws, estimator="pwm", backend="numpy")
    of_quantiles = scoring.crps(seen, np.quantile(draws, LEVELS, axis=1).T)
    assert of_quantiles == pytest.approx(of_draws, rel=0.002)


def test_pinball_loss_by_hand() -> None:
    quantiles = np.tile(100 * LEVELS, (2, 1))
    assert scoring.pinball(np.array([20.0, 0.0]), quantiles, 0.1) == pytest.approx([0.1 * 10, 0.9 * 10])


def test_pit_is_the_level_of_the_outcome() -> None:
    quantiles = np.tile(100 * LEVELS, (4, 1))
    assert scoring.pit(np.array([25.0, 2.5, -7.0, 107.0]), quantiles) == pytest.approx([0.25, 0.025, 0.005, 0.995])


def test_pit_of_an_atom_is_the_middle_of_what_it_holds() -> None:
    """All in one point, 30 % below all else, and 40 % in the middle; a single quantile that is hit is its level."""
    sure = np.full(99, 5.0)
    lowest = np.where(LEVELS < 0.305, 0.0, 1 + LEVELS)
    middle = np.where((LEVELS > 0.295) & (LEVELS < 0.705), 0.0, LEVELS - 0.5)
    seen = np.array([5.0, 0.0, 0.0, 1.5])
    assert scoring.pit(seen, np.stack([sure, lowest, middle, lowest])) == pytest.approx([0.5, 0.15, 0.5, 0.5])
    assert scoring.coverage(scoring.pit(seen[:1], sure[None]), 50) == 1.0


def test_pit_of_calibrated_draws_is_uniform_and_intervals_cover_what_they_say() -> None:
    seen = np.random.default_rng(11).standard_normal(4_000)
    values = scoring.pit(seen, _normal_quantiles(4_000))
    counts = scoring.pit_histogram(values)
    assert counts.sum() == 4_000
    assert np.abs(counts - 400).max() < 4 * np.sqrt(4_000 * 0.1 * 0.9)
    for width in scoring.WIDTHS:
        share = width / 100
        assert scoring.coverage(values, width) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 4_000))


def test_a_forecast_too_narrow_covers_less_and_has_a_u_for_a_histogram() -> None:
    seen = np.random.default_rng(12).standard_normal(2_000)
    values = scoring.pit(seen, _normal_quantiles(2_000, sd=0.5))
    counts = scoring.pit_histogram(values)
    assert scoring.coverage(values, 80) < 0.6
    assert min(counts[0], counts[-1]) > 2 * counts[4]


def test_targets_are_quarters_then_sums_of_four() -> None:
    flows = np.arange(16.0).reshape(8, 2, 1)
    said = scoring.target_quantiles(flows)
    assert said.shape == (3, 10, 99)
    np.testing.assert_array_equal(said[0, :, 0], [0, 2, 4, 6, 8, 10, 12, 14, 12, 44])
    np.testing.assert_array_equal(said[2, :, 50], [-1] * 8 + [-4] * 2)


def test_outcomes_end_where_data_end() -> None:
    trade = quarterly_trade()
    seen = scoring.outcomes(trade, trade.origin - 5, 8)
    assert np.isfinite(seen).sum(axis=1).tolist() == [6, 6, 6]
    np.testing.assert_array_equal(seen[0, :5], trade.exports[-5:])
    assert seen[2, 8] == pytest.approx(seen[0, :4].sum() - seen[1, :4].sum())
    assert np.isnan(seen[:, 9]).all()
