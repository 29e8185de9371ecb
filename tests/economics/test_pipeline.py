"""The pace of investment in plants still to be announced, as its record says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forecast.economics.pipeline import pace_distributions, share_announced_later
from forecast.errors import DataError
from forecast.observations.annual import outward_investment
from forecast.quarters import parse_day


def test_the_pace_is_learned_by_least_squares_on_the_years_there_are() -> None:
    invested = outward_investment()
    assert sorted(invested) == [2016, 2017, 2018, 2019, 2021, 2022, 2023, 2024, 2025]
    assert invested[2021] == pytest.approx(27.93)  # as revised, not as first released
    assert invested[2025] == pytest.approx(16.63 * 4 / 3)
    pairs = [(invested[year], invested[year + 1]) for year in invested if year + 1 in invested]
    fitted = stats.linregress(*np.log(pairs).T)
    learned = pace_distributions(invested)
    middle = stats.truncnorm(-fitted.slope / fitted.stderr, (0.95 - fitted.slope) / fitted.stderr)
    assert learned["persistence"].ppf(0.5) == pytest.approx(fitted.slope + fitted.stderr * middle.median())
    usual = np.exp(np.log(list(invested.values())).mean()) / invested[2025]
    assert learned["usual_pace"].ppf(0.5) == pytest.approx(usual)


def test_errors_of_the_pace_are_those_of_a_mean_of_years_alike_and_of_a_spread() -> None:
    """An autoregression with slope s leaves n years the news of n (1 - s) / (1 + s); a spread of f degrees of freedom
    is known to 1 / sqrt(2 f) of itself."""
    invested = outward_investment()
    learned, logs = pace_distributions(invested), np.log(list(invested.values()))
    pairs = np.log([(invested[year], invested[year + 1]) for year in invested if year + 1 in invested])
    slope = stats.linregress(*pairs.T).slope
    apart = logs.std(ddof=1) / np.sqrt(len(logs) * (1 - slope) / (1 + slope))
    up = stats.norm.cdf(1.0)
    assert np.log(learned["usual_pace"].ppf(up) / learned["usual_pace"].ppf(0.5)) == pytest.approx(apart)
    spread = learned["spread"]
    assert np.log(spread.ppf(up) / spread.ppf(0.5)) == pytest.approx(1 / np.sqrt(2 * (len(pairs) - 2)))


def test_a_day_knows_what_was_published_by_then() -> None:
    assert max(outward_investment(day=parse_day("2025-04-11"))) == 2024
    assert max(outward_investment(day=parse_day("2024-07-31"))) == 2023
    with pytest.raises(DataError, match="got 1 pairs of years in a row, expected 4"):
        pace_distributions({2016: 12.9, 2017: 15.3, 2019: 14.8})


def test_plants_announced_later_order_over_their_building_time() -> None:
    """Nine and thirteen quarters after an announcement, over the last six of them; a beta distribution (2, 2)."""
    found = share_announced_later(np.array([9.0, 13.0]), 0.25, 16)
    middles = np.arange(16) + 0.5
    expected = [stats.beta(2, 2).cdf((middles - begin) / 6.0) for begin in (3.0, 7.0)]
    np.testing.assert_allclose(found[:, 0], np.mean(expected, axis=0), atol=1e-12)
