"""Single draws that make a mean or a variance, and statistics that must bear them."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.dims import SERIES, Array
from forecast.stats.influence import LEAST_DRAWS, variance_share
from forecast.stats.sensitivity import effects
from forecast.stats.summary import StreamingSummary

YEARS = (2030, 2031)


def tallied(parts: list[Array], *, keep: bool = True) -> StreamingSummary:
    tally = StreamingSummary((0.0,), keep=keep)
    for part in parts:
        tally.add(part, part[:3])
    return tally


def calm(n_blocks: int, n_draws: int, seed: int = 0) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [60 + 30 * rng.standard_normal((len(SERIES), 2, n_draws)) for _ in range(n_blocks)]


@pytest.mark.parametrize("keep", [True, False])
def test_a_draw_that_makes_a_tenth_is_named_with_its_share(keep: bool) -> None:
    parts = calm(5, 2_000)
    parts[3][2, 1, 77] = 1e8
    found = tallied(parts, keep=keep).summary(YEARS).dominant_draws
    everything = np.concatenate(parts, axis=-1)[2, 1]
    shares = {
        "mean": 1e8 / np.abs(everything).sum(),
        "variance": (1e8 - everything.mean()) ** 2 / ((everything - everything.mean()) ** 2).sum(),
    }
    assert {(one.series, one.year) for one in found} == {(SERIES[2], 2031)}
    assert {one.statistic: one.share for one in found} == pytest.approx(shares)


def test_calm_draws_name_none_and_few_draws_are_not_judged() -> None:
    assert tallied(calm(5, 2_000)).summary(YEARS).dominant_draws == ()
    assert tallied(calm(1, LEAST_DRAWS - 1)).summary(YEARS).dominant_draws == ()


def test_a_pair_of_draws_that_makes_a_variance_shows_in_the_shares_of_it() -> None:
    rng = np.random.default_rng(3)
    base, other = rng.standard_normal((2, 1, 4_000))
    moved, kept = rng.standard_normal((2, 3, 1, 4_000))
    assert effects(base, other, moved, kept, 400).dominance == pytest.approx([0.0], abs=0.02)
    moved[1, 0, 5] = 500.0  # a draw that only one source made, and so a twelfth of the variance of all
    assert effects(base, other, moved, kept, 400).dominance > 0.9


@pytest.mark.filterwarnings("error")
def test_the_share_of_one_draw_is_that_of_its_own_series() -> None:
    draws = np.array([[0.0, 0.0, 0.0, 4.0], [7.0, 7.0, 7.0, 7.0], [1.0, -1.0, 3.0, -3.0]])
    assert variance_share(draws).tolist() == [0.75, 0.0, 0.45]


def test_shares_of_nothing_are_not_numbers_and_warn_of_nothing() -> None:
    rng = np.random.default_rng(4)
    base, other = rng.standard_normal((2, 2, 800))
    moved, kept = rng.standard_normal((2, 1, 2, 800))
    for part in (base, other, moved[0], kept[0]):
        part[0] = 7.0
    found = effects(base, other, moved, kept, 400)
    assert np.isnan(found.total.value[0, 0])
    assert np.isfinite(found.total.value[0, 1])
    assert found.dominance[0] == 0.0


def test_the_error_of_sd_is_honest_where_tails_are_heavy() -> None:
    """Student t with 2.1 degrees of freedom, cut at 200 scales; the spread of the sds of blocks makes 0.82 of it."""
    runs = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        parts = [rng.standard_t(2.1, (2, 2, 2_000)).clip(-200, 200) for _ in range(10)]
        runs.append(tallied(parts).summary(YEARS, ("exports", "imports")).statistics["sd"])
    spread = np.sqrt(np.var([run.value for run in runs], axis=0, ddof=1).mean())
    claimed = np.sqrt(np.mean([run.standard_error**2 for run in runs]))
    assert claimed / spread == pytest.approx(1.0, abs=0.1)


def test_a_last_block_of_one_draw_leaves_the_error_of_sd_as_it_was() -> None:
    parts = calm(10, 2_000)
    whole, longer = (tallied(given).summary(YEARS).statistics["sd"] for given in (parts, [*parts, calm(1, 1, 9)[0]]))
    np.testing.assert_allclose(longer.standard_error, np.sqrt(9 / 10) * whole.standard_error, rtol=0.07)


@pytest.mark.parametrize("value", [0.0, 5.0, -12.34, 1e6])
def test_a_counted_series_that_never_moves_keeps_its_value(value: float) -> None:
    parts = calm(3, 500)
    for part in parts:
        part[4] = value
    found = tallied(parts, keep=False).summary(YEARS)
    for name, statistic in found.statistics.items():
        if name.startswith("quantile"):
            np.testing.assert_array_equal(statistic.value[4], value)


def test_counted_draws_that_are_nothing_stay_nothing() -> None:
    parts = calm(3, 500)
    for part in parts:
        part[4, :, :200] = 0.0  # 40 % of the draws, more than lie below 0 by chance
    found = tallied(parts, keep=False).summary(YEARS).statistics
    np.testing.assert_array_equal(found["quantile_0.1"].value[4], 0.0)
    np.testing.assert_array_equal(found["quantile_0.25"].value[4], 0.0)
    assert (found["quantile_0.5"].value[4] > 1.0).all()
