"""Errors of draws that pick the same posterior rows over and over, against repetitions with new rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from forecast.dims import Array
from forecast.stats.shared_rows import RowSums, SharedRows, together_below
from forecast.stats.summary import StreamingSummary

N_ROWS = {"bridge": 40, "baseline": 60}
SHARES = {"bridge": 0.5, "baseline": 0.2}
"""Of the variance, explained by the rows of either model."""


def drawn(n_blocks: int, n_draws: int, seed: int) -> list[tuple[Array, dict[str, np.ndarray]]]:
    """Blocks of normal draws with unit variance and mean 1, and the rows picked, which are new for every seed."""
    rng = np.random.default_rng(seed)
    rows = {model: rng.standard_normal(n) * SHARES[model] ** 0.5 for model, n in N_ROWS.items()}
    blocks = []
    for _ in range(n_blocks):
        picked = {model: rng.integers(0, n, n_draws) for model, n in N_ROWS.items()}
        effect = sum(rows[model][index] for model, index in picked.items())
        rest = rng.standard_normal((2, 3, n_draws)) * (1 - sum(SHARES.values())) ** 0.5
        blocks.append((1.0 + effect + rest, picked))
    return blocks


def summarised(blocks: list[tuple[Array, dict[str, np.ndarray]]], *, stratified: bool = False) -> StreamingSummary:
    summary = StreamingSummary((1.5,), keep=True, n_rows=N_ROWS, stratified=stratified)
    for draws, picked in blocks:
        summary.add(draws, draws, rows=picked)
    return summary


def slope_by_hand(draws: Array, level: float) -> Array:
    """Slope of the quantiles in the level: wide, over normal scores, unless one near by says that it is another."""
    n = draws.shape[-1]
    near = np.clip(
        [level - np.sqrt(level * (1 - level)) / n ** (1 / 3), level + np.sqrt(level * (1 - level)) / n ** (1 / 3)], 0, 1
    )
    nearby = np.diff(np.quantile(draws, near, axis=-1), axis=0)[0] / (near[1] - near[0])
    last = norm.isf(0.5 / (n + 1))
    ends = np.clip(norm.ppf(level) + np.array([-1, 1]) * 2.2 / n**0.2, -last, last)
    apart = np.diff(np.quantile(draws, norm.cdf(ends), axis=-1), axis=0)[0] / (ends[1] - ends[0])
    wide = apart / norm.pdf(norm.ppf(level))
    alike = np.abs(wide - nearby) <= 2.5 / np.sqrt(n * (near[1] - near[0])) * nearby
    return np.where(alike, wide, nearby)


@pytest.mark.slow
@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize(("n_blocks", "n_draws"), [(10, 400), (2, 1_000)])
def test_errors_are_the_spread_of_statistics_over_samples_of_rows(
    n_blocks: int, n_draws: int, stratified: bool
) -> None:
    """Over 300 repetitions; without the rows, errors are 3 to 7 times too small."""
    runs = [summarised(drawn(n_blocks, n_draws, seed), stratified=stratified) for seed in range(300)]
    found = [run.summary((2030, 2031, 2032), ("exports", "imports")).statistics for run in runs]
    for name in ("mean", "exceedance_1.5", "below_0", "quantile_0.1", "quantile_0.5", "quantile_0.975"):
        spread = np.sqrt(np.var([one[name].value for one in found], axis=0, ddof=1).mean())
        claimed = np.sqrt(np.mean([one[name].standard_error ** 2 for one in found]))
        assert claimed / spread == pytest.approx(1.0, abs=0.12), name
    spread = np.sqrt(np.var([one["sd"].value for one in found], axis=0, ddof=1).mean())
    claimed = np.sqrt(np.mean([one["sd"].standard_error ** 2 for one in found]))
    assert claimed / spread == pytest.approx(1.0, abs=0.2)
    quarters = [run.quarters(8105).quantiles for run in runs]
    spread = np.sqrt(np.var([one.value[49] for one in quarters], axis=0, ddof=1).mean())
    claimed = np.sqrt(np.mean([one.standard_error[49] ** 2 for one in quarters]))
    assert claimed / spread == pytest.approx(1.0, abs=0.12)


def test_correlations_of_shared_rows_are_those_the_draws_were_made_with() -> None:
    blocks = drawn(20, 2_000, seed=1)
    whole, early, late = (SharedRows(N_ROWS) for _ in range(3))
    for index, block in enumerate(blocks):
        whole.add(*block)
        (early if index < 7 else late).add(*block)
    early.merge(late)
    for model, share in SHARES.items():
        found = whole.correlations()[model]
        assert found == pytest.approx(share, abs=4 * share * (2 / N_ROWS[model]) ** 0.5)
        np.testing.assert_allclose(early.correlations()[model], found, rtol=1e-9)


def test_a_correlation_is_the_mean_product_of_pairs_that_share_a_row_over_the_variance() -> None:
    """Whatever the value is from which draws are measured, where each row is picked alike."""
    draws = np.array([3.0, 5.0, 4.0, 9.0, 8.0, 12.0, 1.0, 2.0, 6.0])
    rows = np.repeat([0, 1, 2], 3)
    centred = draws - draws.mean()
    pairs = [centred[i] * centred[j] for i, j in np.ndindex(9, 9) if i != j and rows[i] == rows[j]]
    for reference in (0.0, draws.mean(), 40.0):
        sums = RowSums.none(3, (1,))
        sums.add(draws[None], rows, np.array([reference]))
        assert sums.correlation() == pytest.approx([np.mean(pairs) / draws.var()], rel=1e-12)


def test_rows_that_nobody_shares_have_no_correlation() -> None:
    sums = RowSums.none(3, (1,))
    assert sums.correlation().tolist() == [0.0]
    sums.add(np.array([[4.0, -1.0, 9.0]]), np.arange(3), np.array([2.0]))
    assert sums.correlation().tolist() == [0.0]


def test_a_series_without_spread_owes_nothing_to_rows() -> None:
    rows = SharedRows({"bridge": 4})
    rows.add(np.full((1, 1, 8), 7.0), {"bridge": np.arange(8) % 4})
    assert rows.correlations()["bridge"].tolist() == [[0.0]]
    assert SharedRows({}).per_row(lambda correlation: correlation) == 0.0


@pytest.mark.parametrize("level", [0.001, 0.1, 0.5, 0.975])
@pytest.mark.parametrize("correlation", [-0.3, 0.1, 0.6, 0.95])
def test_together_below_is_the_chance_of_a_bivariate_normal(level: float, correlation: float) -> None:
    edge = norm.ppf(level)
    both = multivariate_normal.cdf([edge, edge], cov=[[1, correlation], [correlation, 1]])
    expected = (both - level**2) / (level * (1 - level))
    assert float(together_below(level, np.array(correlation))) == pytest.approx(expected, abs=2e-4)


def test_chances_that_are_sure_owe_nothing_to_rows() -> None:
    assert together_below(np.array([0.0, 1.0]), np.array([0.5, 0.5])).tolist() == [0.0, 0.0]


def test_statistics_without_a_quarter_or_a_draw_that_is_followed_are_taken_in() -> None:
    """A page on which assumptions are moved keeps no quarters; a small last block may pick no row that is followed."""
    summary = StreamingSummary((1.5,), keep=True, n_rows={"baseline": 2_000})
    (block,) = drawn(1, 50, 0)
    summary.add(block[0], block[0][:0], rows={"baseline": np.arange(50)})
    before = RowSums.none(2_000, (3,))
    before.add(np.ones((3, 1)), np.array([1]), np.zeros(3))
    assert before.picks.sum() == 0
    assert not before.squares.any()


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize(("n_blocks", "n_draws"), [(12, 90), (3, 400)])
def test_errors_by_hand(n_blocks: int, n_draws: int, stratified: bool) -> None:
    """Errors of independent draws, or the spread of blocks that hang together inside, and what the rows bring."""
    blocks = drawn(n_blocks, n_draws, seed=7)
    tally = summarised(blocks, stratified=stratified)
    found = tally.summary((2030, 2031, 2032), ("exports", "imports")).statistics
    parts = [draws for draws, _ in blocks]
    whole, n = np.concatenate(parts, axis=-1), n_blocks * n_draws
    correlations = tally.annual_rows.correlations()

    def rows(explained: Callable[[Array], Array]) -> Array:
        return np.maximum(sum(explained(correlations[model]) / N_ROWS[model] for model in N_ROWS), 0.0)

    def between(statistic: Callable[[Array], Array]) -> Array:
        return np.std([statistic(part) for part in parts], axis=0, ddof=1) / n_blocks**0.5

    sd, centred = whole.std(axis=-1, ddof=1), whole - whole.mean(axis=-1, keepdims=True)
    above, below = (whole > 1.5).mean(axis=-1), (whole < 0).mean(axis=-1)
    few = n_blocks < 10
    fourth = np.sqrt(((centred**4).mean(axis=-1) - sd**4) / n) / (2 * sd)
    of_sd = fourth if few else between(lambda part: part.var(axis=-1, ddof=1)) / (2 * sd)
    cases = {
        "mean": (sd / n**0.5, between(lambda part: part.mean(axis=-1)), rows(lambda r: r)),
        "sd": (of_sd, of_sd, rows(lambda r: r * np.abs(r))),
        "exceedance_1.5": (
            np.sqrt(above * (1 - above) / n),
            between(lambda part: (part > 1.5).mean(axis=-1)),
            rows(lambda r: together_below(above, r)),
        ),
        "below_0": (
            np.sqrt(below * (1 - below) / n),
            between(lambda part: (part < 0).mean(axis=-1)),
            rows(lambda r: together_below(below, r)),
        ),
    }
    for level in (0.025, 0.25, 0.9):
        apart = np.sqrt(level * (1 - level) / n) * slope_by_hand(whole, level)
        cases[f"quantile_{level:g}"] = (
            apart,
            between(lambda part, level=level: np.quantile(part, level, axis=-1)),  # type: ignore[misc]
            rows(lambda r, level=level: together_below(level, r)),  # type: ignore[misc]
        )
    for name, (independent, spread, shared) in cases.items():
        own = spread if stratified and not few else independent
        error = np.sqrt(own**2 + n * independent**2 * shared)
        np.testing.assert_allclose(found[name].standard_error, error, rtol=2e-5, err_msg=name)
