"""Statistics: merging parts gives the whole, exact where exact is claimed, within the stated error where not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as t_distribution

from forecast.dims import SERIES, Array
from forecast.errors import RunError
from forecast.stats.quantiles import FINE_LEVELS, SKETCH_STEP, quantile_estimates, quantiles
from forecast.stats.summary import LEVELS, StreamingSummary, decimals, quantile_name

SHAPE = (len(SERIES), 2)
YEARS = (2030, 2031)


def sketch_error(value: Array) -> Array:
    """One bin of the histogram, as `SKETCH_STEP` says."""
    return SKETCH_STEP * np.hypot(1.0, value)


def blocks(n_blocks: int = 8, n_draws: int = 500, seed: int = 0) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [60 + 30 * rng.standard_t(5, (*SHAPE, n_draws)) for _ in range(n_blocks)]


def tallied(parts: list[Array], *, keep: bool = True, stratified: bool = False) -> StreamingSummary:
    tally = StreamingSummary(thresholds=(0.0, 55.7), keep=keep, stratified=stratified)
    for part in parts:
        tally.add(part, part[:3] / 4)
    return tally


def test_statistics_are_those_of_all_draws_together() -> None:
    parts = [*blocks(), *blocks(1, 123, seed=1)]
    whole = np.concatenate(parts, axis=-1)
    summary = tallied(parts).summary(YEARS)
    np.testing.assert_allclose(summary.statistics["mean"].value, whole.mean(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(summary.statistics["sd"].value, whole.std(axis=-1, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(summary.statistics["exceedance_55.7"].value, (whole > 55.7).mean(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(summary.statistics["below_0"].value, (whole < 0).mean(axis=-1), rtol=1e-12)
    for level in LEVELS:
        kept = whole.astype("f4").astype("f8")  # as a run keeps them
        expected = np.quantile(kept, level, axis=-1)
        np.testing.assert_allclose(summary.statistics[quantile_name(level)].value, expected, rtol=1e-12)
    assert (summary.n_draws, summary.n_failed, summary.exact) == (whole.shape[-1], 0, True)


def test_near_quarters_get_99_quantiles_of_all_draws_with_their_errors() -> None:
    parts = [part[:, :1] for part in blocks(20, 200)]
    found = tallied(parts, stratified=True).quarters(origin=8105)
    whole = np.concatenate(parts, axis=-1)[:3] / 4
    assert (found.quarters, len(FINE_LEVELS)) == ((8106,), 99)
    kept = whole.astype("f4").astype("f8")
    np.testing.assert_allclose(found.quantiles.value, np.quantile(kept, FINE_LEVELS, axis=-1), rtol=1e-12)
    by_block = [np.quantile(part[:3] / 4, FINE_LEVELS, axis=-1) for part in parts]
    expected = np.std(by_block, axis=0, ddof=1) / np.sqrt(20)
    np.testing.assert_allclose(found.quantiles.standard_error, expected, rtol=1e-9)
    alike = (
        tallied(parts).quarters(origin=8105).quantiles
    )  # of independent draws: the spread of blocks, without its noise
    np.testing.assert_array_equal(alike.value, found.quantiles.value)
    assert np.median(alike.standard_error / expected) == pytest.approx(1.0, abs=0.1)


def test_too_many_draws_to_keep_give_the_same_quarters_within_the_stated_error() -> None:
    parts = blocks(10, 2_000)
    kept, sketched = (tallied(parts, keep=keep, stratified=True).quarters(8105).quantiles for keep in (True, False))
    error = sketch_error(kept.value)
    gap = np.quantile(np.diff(np.sort(np.concatenate(parts, axis=-1)[:3] / 4, axis=-1), axis=-1), 0.999)
    assert (np.abs(kept.value - sketched.value) <= error + gap).all()
    np.testing.assert_array_equal(kept.standard_error, sketched.standard_error)
    independent, counted = (tallied(parts, keep=keep).quarters(8105).quantiles.standard_error for keep in (True, False))
    assert np.median(counted / independent) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("keep", [True, False])
def test_merging_parts_gives_the_whole(keep: bool, stratified: bool) -> None:
    parts = blocks(12)
    merged = tallied(parts[:3], keep=keep, stratified=stratified)
    merged.merge(tallied(parts[3:], keep=keep, stratified=stratified))
    at_once = tallied(parts, keep=keep, stratified=stratified)
    whole = at_once.summary(YEARS).statistics | {"quarters": at_once.quarters(8105).quantiles}
    found = merged.summary(YEARS).statistics | {"quarters": merged.quarters(8105).quantiles}
    for name, statistic in found.items():
        np.testing.assert_allclose(statistic.value, whole[name].value, rtol=1e-12)
        np.testing.assert_allclose(statistic.standard_error, whole[name].standard_error, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("keep", "stratified"), [(True, False), (True, True), (False, False)])
def test_standard_errors_are_those_of_the_estimates(keep: bool, stratified: bool) -> None:
    """Spread of the estimate over 100 repetitions: 7 % of noise in each series and year, 1 % in their mean."""
    runs = [
        tallied(blocks(20, 200, seed), keep=keep, stratified=stratified).summary(YEARS).statistics
        for seed in range(100)
    ]
    for name in ("mean", "sd", "exceedance_55.7", "quantile_0.1"):
        spread = np.std([run[name].value for run in runs], axis=0, ddof=1)
        claimed = np.sqrt(np.mean([run[name].standard_error ** 2 for run in runs], axis=0))
        assert np.mean(claimed / spread) == pytest.approx(1.0, abs=0.08), name


def test_a_sketched_quantile_is_within_its_stated_error() -> None:
    """The share of draws below it brackets the level once it is moved by its error to either side."""
    parts = blocks(10, 2_000)
    draws = np.concatenate(parts, axis=-1)
    summary = tallied(parts, keep=False).summary(YEARS)
    assert not summary.exact
    for level in LEVELS:
        found = summary.statistics[quantile_name(level)].value
        error = sketch_error(found)
        assert ((draws <= (found - error)[..., None]).mean(axis=-1) <= level).all()
        assert ((draws <= (found + error)[..., None]).mean(axis=-1) >= level).all()


def test_failed_draws_are_counted_and_left_out() -> None:
    parts = blocks(2)
    parts[0][0, 0, 7] = np.nan
    parts[1][3, 1, 0] = np.inf
    sound = np.concatenate([np.delete(parts[0], 7, axis=-1), np.delete(parts[1], 0, axis=-1)], axis=-1)
    summary = tallied(parts).summary(YEARS)
    assert (summary.n_draws, summary.n_failed) == (1_000, 2)
    merged = tallied(parts[:1])
    merged.merge(tallied(parts[1:]))
    assert (merged.n_draws, merged.n_failed) == (1_000, 2)
    np.testing.assert_allclose(summary.statistics["mean"].value, sound.mean(axis=-1), rtol=1e-12)
    for keep in (True, False):  # a draw that fails in some year is left out of the quarters too
        median = tallied(parts, keep=keep).quarters(8105).quantiles.value[FINE_LEVELS.index(0.5)]
        below, above = np.quantile(sound[:3] / 4, [0.5 - 1e-3, 0.5 + 1e-3], axis=-1)  # the draws next to it
        assert ((median >= below - sketch_error(below)) & (median <= above + sketch_error(above))).all()


def test_errors_of_few_blocks_are_those_of_independent_draws() -> None:
    """In one block: of a mean sd over root n, of a chance root of p(1 - p)/n; of a normal's median 1.2533 times sd."""
    rng = np.random.default_rng(4)
    draws = rng.normal(55.7, 30.0, (*SHAPE, 2_000))
    found = tallied([draws]).summary(YEARS).statistics
    mean = found["sd"].value / np.sqrt(2_000)
    np.testing.assert_allclose(found["mean"].standard_error, mean, rtol=1e-12)
    above = found["exceedance_55.7"]
    chance = np.sqrt(above.value * (1 - above.value) / 2_000)
    np.testing.assert_allclose(above.standard_error, chance, rtol=1e-12)
    noise = 4 * np.sqrt(0.5 / np.sqrt(2_000) / np.prod(SHAPE))  # a density from about sqrt(n) draws in each cell
    assert np.mean(found["quantile_0.5"].standard_error / mean) == pytest.approx(np.sqrt(np.pi / 2), abs=noise)
    assert np.mean(found["sd"].standard_error / mean) == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_errors_of_few_blocks_are_those_of_the_estimates() -> None:
    """Spread of the estimate over 200 repetitions of one block: 5 % of noise in each cell, 2 % in the mean of six."""
    runs = [tallied(blocks(1, 1_000, seed)) for seed in range(200)]
    found = [run.summary(YEARS).statistics for run in runs]
    for name in (
        "mean",
        "exceedance_0",
        "below_0",
        "exceedance_55.7",
        "quantile_0.025",
        "quantile_0.1",
        "quantile_0.5",
    ):
        spread = np.std([one[name].value for one in found], axis=0, ddof=1)
        claimed = np.sqrt(np.mean([one[name].standard_error ** 2 for one in found], axis=0))
        assert np.mean(claimed / spread) == pytest.approx(1.0, abs=0.08), name
    quarters = [run.quarters(8105).quantiles for run in runs]
    spread = np.std([one.value for one in quarters], axis=0, ddof=1)[9]
    claimed = np.sqrt(np.mean([one.standard_error**2 for one in quarters], axis=0))[9]
    assert np.mean(claimed / spread) == pytest.approx(1.0, abs=0.08)


def test_the_error_of_an_extreme_quantile_of_few_draws_stays_in_their_range() -> None:
    """Ten draws 1 to 10: a standard error of the share is wider than what is left above the 97.5 % quantile."""
    error = np.sqrt(0.975 * 0.025 / 10)
    _, (found,) = quantile_estimates(partial(quantiles, np.arange(1.0, 11.0)), [0.975], 10)
    assert found == pytest.approx(9 * error)  # the slope of the quantiles is 9 everywhere


@pytest.mark.parametrize(
    ("quantile_of", "slope", "strays"),
    [
        (norm.ppf, 1 / norm.pdf(norm.ppf(0.1)), 0.04),
        (lambda level: t_distribution.ppf(level, 4), 1 / t_distribution.pdf(t_distribution.ppf(0.1, 4), 4), 0.04),
        (lambda level: np.maximum(level, 0.07), 1.0, 0.08),  # a pile of draws, which ends near the quantile
        (lambda level: np.maximum(level, 0.13), 0.0, 0.0),  # and one in which it lies
    ],
)
def test_draws_know_the_error_of_their_quantile(
    quantile_of: Callable[[Array], Array], slope: float, strays: float
) -> None:
    """Of 20,000 draws, over 100 seeds: to a few percent, where two quantiles an error apart know it to eleven."""
    found = []
    for seed in range(100):
        draws = quantile_of(np.random.default_rng(seed).random(20_000))
        found.append(quantile_estimates(partial(quantiles, draws), [0.1], 20_000)[1][0])
    right = np.sqrt(0.1 * 0.9 / 20_000) * slope
    assert np.mean(found) == pytest.approx(right, rel=0.07)
    assert np.std(found) <= strays * right


def test_one_draw_has_no_standard_error() -> None:
    statistics = tallied(blocks(1, 1)).summary(YEARS).statistics
    assert all(np.isnan(statistic.standard_error).all() for statistic in statistics.values())


@pytest.mark.parametrize(
    ("error", "places"), [(230.0, -2), (12.0, -1), (7.0, 0), (0.4, 1), (0.09, 2), (0.1, 1), (0.0, 2), (float("nan"), 0)]
)
def test_decimals_follow_the_first_digit_of_the_error(error: float, places: int) -> None:
    assert decimals(error) == places


def test_no_finite_draw_is_said_and_not_summarised() -> None:
    tally = StreamingSummary((0.0,), keep=True)
    tally.add(np.full((len(SERIES), 2, 5), np.inf), np.zeros((3, 8, 5)))
    with pytest.raises(RunError, match="got no finite draw among 5: a number of the scenario is too large"):
        tally.summary([2026, 2027])


def test_the_error_of_a_spread_comes_from_the_variances_of_blocks() -> None:
    parts = [part[:, :1] for part in blocks(24, 300, seed=4)]
    found = tallied(parts).summary(YEARS[:1]).statistics["sd"]
    variances = np.array([part.var(axis=-1, ddof=1) for part in parts])
    error = variances.std(axis=0, ddof=1) / np.sqrt(24) / (2 * found.value)
    np.testing.assert_allclose(found.standard_error, error, rtol=1e-9)


def test_draws_at_a_threshold_are_not_above_it_nor_those_at_zero_below() -> None:
    rng = np.random.default_rng(2)
    part = rng.choice([-1.0, 0.0, 55.7, 60.0], (len(SERIES), 1, 400))
    summary = tallied([part]).summary(YEARS[:1])
    np.testing.assert_allclose(summary.statistics["exceedance_55.7"].value, (part == 60.0).mean(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(summary.statistics["exceedance_0"].value, (part > 0.5).mean(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(summary.statistics["below_0"].value, (part == -1.0).mean(axis=-1), rtol=1e-12)
