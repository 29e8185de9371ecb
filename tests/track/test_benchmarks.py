"""References: what they are made of, and the figures they were measured to have."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from forecast.errors import FitError, RunError
from forecast.observations.series import quarterly_trade
from forecast.quarters import parse_quarter
from forecast.track import references
from forecast.track import scores as scoring
from forecast.track.backtest import cut
from forecast.track.scores import LEVELS

TRADE = quarterly_trade()
ORIGINS = range(parse_quarter("2006Q4"), parse_quarter("2025Q2") + 1, 2)


SCALE = 99 / 100
"""A mean over 99 levels is 1 % above the integral; what was measured elsewhere is such a mean."""


def mean_crps_of_balance(quantiles_of: object, horizon: int = 8) -> float:
    scores = []
    for origin in ORIGINS:
        seen = scoring.outcomes(TRADE, origin, horizon)[2, :horizon]
        known = np.isfinite(seen)
        said = quantiles_of(cut(TRADE, origin))[2, :horizon]  # type: ignore[operator]
        scores += scoring.crps(seen[known], said[known]).tolist()
    return float(np.mean(scores))


def test_joint_growth_scores_what_was_measured() -> None:
    found = mean_crps_of_balance(lambda trade: references.joint_growth(trade, 8, 4_000, 0))
    assert found == pytest.approx(SCALE * 1.13, abs=0.005)


def test_seasonal_naive_scores_what_was_measured_on_logs() -> None:
    pytest.importorskip("statsforecast")
    found = mean_crps_of_balance(lambda trade: references.univariate("seasonal_naive", trade, 8, 2_000, 0)["logs"])
    assert found == pytest.approx(SCALE * 1.50, abs=0.015)


def test_joint_growth_of_a_steady_pair_goes_on_with_half_its_drift() -> None:
    n_quarters = 80
    steady = np.exp(0.02 * np.arange(n_quarters))
    trade = cut(TRADE, TRADE.first_quarter + n_quarters - 1)
    said = references.joint_growth(replace(trade, exports=30 * steady, imports=20 * steady), 8, 100, 0)
    expected = 30 * np.exp(0.02 * (n_quarters - 1) + 0.01 * np.arange(1, 9))
    np.testing.assert_allclose(said[0, :8], np.tile(expected[:, None], 99), rtol=1e-9)


@pytest.mark.parametrize("method", ["seasonal_naive", "auto_ets", "theta"])
def test_every_treatment_gives_ordered_quantiles_of_what_it_speaks_of(method: str) -> None:
    pytest.importorskip("statsforecast")
    said = references.univariate(method, cut(TRADE, ORIGINS[0]), 8, 500, 0)
    assert tuple(said) == references.TREATMENTS
    for values in said.values():
        assert values.shape == (3, 10, 99)
    assert np.isnan(said["own"][:2]).all()
    for spoken in (said["logs"], said["levels"], said["own"][2:]):
        assert (np.diff(spoken, axis=-1) >= 0).all()
    middle = said["logs"][:, :8, 49]
    assert middle[2] == pytest.approx(middle[0] - middle[1], abs=0.5)


def test_a_combination_has_the_means_of_the_quantiles_by_treatment() -> None:
    low, high = ({name: np.full((3, 2, 99), number) for name in references.TREATMENTS} for number in (1.0, 4.0))
    low["own"][:2] = np.nan
    said = references.combination([low, low, high])
    assert tuple(said) == references.TREATMENTS
    np.testing.assert_array_equal(said["logs"], np.full((3, 2, 99), 2.0))
    np.testing.assert_array_equal(said["own"][2], np.full((2, 99), 2.0))
    assert np.isnan(said["own"][:2]).all()


@pytest.mark.slow
def test_the_bayesian_var_carries_seasons_on_and_one_seed_gives_one_forecast() -> None:
    pytest.importorskip("bvar")
    rng = np.random.default_rng(0)
    quarters = np.arange(88)
    season = np.array([-0.3, 0.1, 0.3, -0.1])[quarters % 4]
    noise = rng.normal(0, 0.01, (2, len(quarters))).cumsum(axis=1)
    trade = replace(
        cut(TRADE, references.FIRST_QUARTER + len(quarters) - 1),
        first_quarter=references.FIRST_QUARTER,
        exports=30 * np.exp(noise[0] + season),
        imports=20 * np.exp(noise[1] - season),
    )
    said = references.bayesian_var(trade, 8, 400, 0)
    assert said.shape == (3, 10, 99)
    assert (np.diff(said, axis=-1) >= 0).all()
    middle = np.log(said[:2, :8, 49])
    ahead = np.array([-0.3, 0.1, 0.3, -0.1])[np.arange(88, 96) % 4]
    deviation = middle - np.log([[30.0], [20.0]]) - noise[:, -1:]
    np.testing.assert_allclose(deviation, [ahead, -ahead], atol=0.1)
    np.testing.assert_array_equal(said, references.bayesian_var(trade, 8, 400, 0))


def test_a_difference_of_independent_normals_is_the_normal_with_both_variances() -> None:
    from scipy.stats import norm

    grid = references._GRID
    mixed = np.random.default_rng(0).permuted(np.tile((np.arange(20_000) + 0.5) / 20_000, (2, 1)), axis=1)
    found = references._difference((norm.ppf(grid, 30, 3)[None], norm.ppf(grid, 20, 4)[None]), mixed)[0, 2:-2]
    error = np.sqrt(LEVELS * (1 - LEVELS) / 20_000) / norm.pdf(norm.ppf(LEVELS, 10, 5), 10, 5)
    assert (np.abs(found - norm.ppf(LEVELS, 10, 5)) < 5 * error).all()


def test_a_method_that_breaks_is_named_with_its_origin() -> None:
    pytest.importorskip("statsforecast")
    short = cut(TRADE, references.FIRST_QUARTER + 15)
    with pytest.raises(FitError, match="auto_ets at 1998Q4: "):
        references.univariate("auto_ets", short, 8, 100, 0)


def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    monkeypatch.setattr(references, "find_spec", lambda name: None)
    with pytest.raises(RunError, match=r"statsforecast nor bvar.*pip install 'forecast\[backtest\]'.*--no-references"):
        references.demand_references()
