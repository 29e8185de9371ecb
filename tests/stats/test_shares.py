"""Shares of a variance on cases whose answer is known, within four Monte Carlo standard errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forecast.dims import Array
from forecast.stats.sensitivity import (
    Effects,
    classes,
    effects,
    explained_share,
    mean_width,
    narrowing,
    standard_error,
    width,
)

N_DRAWS, BLOCK = 200_000, 2_000
WEIGHTS = np.array([3.0, 2.0, 1.0, 0.0])
Model = Callable[[Array], Array]


def linear(x: Array) -> Array:
    return WEIGHTS @ x


def product(x: Array) -> Array:
    """(2 + x0)(1 + x1): variances 1, 4 and 1 of the first, the second and both, of six in all."""
    return (2.0 + x[0]) * (1.0 + x[1])


def of_model(model: Model, seed: int = 1, n_inputs: int = 4) -> Effects:
    a, b = np.random.default_rng(seed).standard_normal((2, n_inputs, N_DRAWS))
    own = np.eye(n_inputs, dtype=bool)[:, :, None]
    moved, kept = (np.stack([model(np.where(one, new, old))[None] for one in own]) for old, new in ((a, b), (b, a)))
    return effects(model(a)[None], model(b)[None], moved, kept, BLOCK)


def assert_near(found: Array, expected: Array, error: Array) -> None:
    assert (np.abs(found - expected) <= 4 * error).all(), (found, expected, error)


def test_shares_of_a_linear_normal_model_are_the_squared_weights() -> None:
    found, expected = of_model(linear), WEIGHTS**2 / (WEIGHTS**2).sum()
    for part in (found.first, found.total):
        assert_near(part.value[:, 0], expected, part.error[:, 0])
        assert (part.error < 0.005).all()
    assert_near(found.interactions.value, np.zeros(1), found.interactions.error)


def test_an_input_without_effect_has_exactly_no_share() -> None:
    found = of_model(linear)
    assert found.first.value[3, 0] == found.total.value[3, 0] == 0.0


def test_shares_of_a_product_tell_its_interaction() -> None:
    found = of_model(product)
    assert_near(found.first.value[:2, 0], np.array([1, 4]) / 6, found.first.error[:2, 0])
    assert_near(found.total.value[:2, 0], np.array([2, 5]) / 6, found.total.error[:2, 0])
    assert_near(found.interactions.value, np.array([1 / 6]), found.interactions.error)


def test_a_pure_interaction_has_no_first_order_share() -> None:
    found = of_model(lambda x: x[0] * x[1])
    assert_near(found.first.value[:2, 0], np.zeros(2), found.first.error[:2, 0])
    assert_near(found.total.value[:2, 0], np.ones(2), found.total.error[:2, 0])


@pytest.mark.parametrize("seed", range(4))
def test_first_order_shares_sum_to_at_most_one(seed: int) -> None:
    found = of_model(lambda x: x[0] + np.exp(0.5 * x[1]) * x[2], seed)
    assert found.interactions.value[0] >= -4 * found.interactions.error[0]
    assert (found.total.value >= found.first.value - 4 * found.first.error).all()


def test_stated_errors_are_the_spread_of_repeated_estimates() -> None:
    """Of 20 estimates: their spread is known to 16 %, and one in 370 lies three of that off."""
    many = [of_model(product, seed) for seed in range(20)]
    spread = np.std([one.first.value[1, 0] for one in many], ddof=1)
    stated = np.sqrt(np.mean([one.first.error[1, 0] ** 2 for one in many]))
    assert abs(spread / stated - 1) < 3 / np.sqrt(2 * 19)


def test_a_share_and_its_error_are_those_of_blocks_by_hand() -> None:
    """Two sources, five blocks of three draws and two left over; a ratio moves by what its parts do, linearly."""
    rng = np.random.default_rng(9)
    base, other = rng.standard_normal((2, 1, 17)) + 0.5
    moved, kept = rng.standard_normal((2, 2, 1, 17))
    found = effects(base, other, moved, kept, 3)
    a, b = base[0], other[0]
    first = [(kept[i, 0] - b) * (a - moved[i, 0]) / 2 for i in (0, 1)]
    total = [((a - moved[i, 0]) ** 2 + (b - kept[i, 0]) ** 2) / 4 for i in (0, 1)]
    spread = ((a - b) ** 2 + ((moved[0, 0] - kept[0, 0]) ** 2 + (moved[1, 0] - kept[1, 0]) ** 2) / 2) / 4
    for estimate, parts in (
        (found.first, first),
        (found.total, total),
        (found.interactions, [spread - first[0] - first[1]]),
    ):
        for source, part in enumerate(parts):
            above, below = (
                np.array([one[3 * block : 3 * block + 3].mean() for block in range(5)]) for one in (part, spread)
            )
            share = above.mean() / below.mean()
            shifts = [above[i] / below.mean() - share * below[i] / below.mean() for i in range(5)]
            assert estimate.value.ravel()[source] == pytest.approx(share)
            assert estimate.error.ravel()[source] == pytest.approx(np.std(shifts, ddof=1) / np.sqrt(5))
    largest = max(spread.max(), total[0].max(), total[1].max()) / spread.sum()
    assert found.dominance.tolist() == pytest.approx([min(largest, 1.0)])


def test_two_replicates_have_an_error_and_one_has_none() -> None:
    assert standard_error(np.array([[1.0, 4.0], [2.0, 2.0]])).tolist() == pytest.approx([1.5, 0.0])
    assert np.isnan(standard_error(np.ones((2, 1)))).tolist() == [True, True]


def inputs_and_outcome() -> tuple[Array, Array]:
    x = np.random.default_rng(2).standard_normal((4, N_DRAWS))
    return x, linear(x)


def test_given_data_shares_are_the_squared_weights_but_for_classes_of_finite_width() -> None:
    """Thirty classes of a normal input keep 99.6 % of what it explains; error of a share: 2 (1 - s) sqrt(s / n)."""
    x, y = inputs_and_outcome()
    for row, expected in zip(x, WEIGHTS**2 / (WEIGHTS**2).sum(), strict=True):
        error = 2 * (1 - expected) * np.sqrt(max(expected, 30 / N_DRAWS) / N_DRAWS)
        assert abs(explained_share(y, classes(row)) - expected) < 4 * error + 0.004 * expected


def test_an_atom_stays_whole_and_explains_what_it_explains() -> None:
    """Yes or no at 0.3, worth 2, on noise of one: 0.21 * 4 / (0.21 * 4 + 1)."""
    rng = np.random.default_rng(3)
    comes = (rng.random(N_DRAWS) < 0.3).astype(float)
    y = 2.0 * comes + rng.standard_normal(N_DRAWS)
    assert np.unique(classes(comes)).tolist() == [0, 1]
    expected = 0.84 / 1.84
    assert explained_share(y, classes(comes)) == pytest.approx(expected, abs=4 * 2 * (1 - expected) / N_DRAWS**0.5)


def test_a_rare_event_is_a_class_of_its_own() -> None:
    """Yes or no at 0.01, fewer than a class holds, worth 5, on noise of one: 0.0099 * 25 / (0.0099 * 25 + 1)."""
    rng = np.random.default_rng(5)
    fails = rng.random(N_DRAWS) < 0.01
    y = 5.0 * fails + rng.standard_normal(N_DRAWS)
    expected = 0.2475 / 1.2475
    for comes in (fails, ~fails):
        labels = classes(comes.astype(float))
        assert np.unique(labels).tolist() == [0, 1]
        error = expected * (1 - expected) * np.sqrt((1 + 4 / 25) / (0.01 * N_DRAWS))  # of how many, and of their mean
        assert explained_share(y, labels) == pytest.approx(expected, abs=4 * error)


def test_rows_of_a_posterior_are_no_classes_of_their_own() -> None:
    """Two parameters of joint rows, each drawn ten times: one tells what rows happen to have in common, no more."""
    rng = np.random.default_rng(7)
    rows = rng.integers(0, 2_000, 20_000)
    one, other = rng.standard_normal((2, 2_000))[:, rows]
    assert np.bincount(classes(one)).min() > 500
    chance = 29 / 2_000 - 29 / 20_000  # squares of 29 class means over rows, less what is corrected for
    assert abs(explained_share(other, classes(one)) - chance) < 4 * np.sqrt(2 * 29) / 2_000


def test_an_atom_amid_a_range_parts_what_lies_on_either_side() -> None:
    rng = np.random.default_rng(6)
    values = np.concatenate([rng.uniform(0.5, 0.9, 20), np.ones(960), rng.uniform(1.1, 2.0, 20)])
    assert classes(values).tolist() == [0] * 20 + [1] * 960 + [2] * 20


def test_classes_of_a_late_start_keep_those_on_time_together() -> None:
    rng = np.random.default_rng(4)
    slip = np.where(rng.random(10_000) < 0.6, 0.0, rng.exponential(2.0, 10_000))
    labels = classes(slip)
    assert len(np.unique(labels[slip == 0.0])) == 1
    assert len(np.unique(labels)) > 10


def test_as_many_values_as_classes_have_a_class_each() -> None:
    assert classes(np.array([3.0, 1.0, 2.0]), 3).tolist() == [2, 0, 1]
    assert classes(np.array([3.0, 1.0]), 4).tolist() == [1, 0]


def test_knowing_an_input_narrows_a_normal_interval_by_the_root_of_what_is_left() -> None:
    """80 % of a normal lie within 1.2816 sd; of the variance 14, knowing the first weight leaves 5."""
    x, y = inputs_and_outcome()
    expected = 2 * 1.2816 * (np.sqrt(14) - np.sqrt(5))
    error = 2 * 1.71 * np.sqrt(14) / np.sqrt(N_DRAWS)  # of a quantile at 10 %: sqrt(0.09) / density 0.1755
    assert narrowing(y, classes(x[0])) == pytest.approx(expected, abs=4 * error)
    assert abs(narrowing(y, classes(x[3]))) < 4 * error
    assert float(width(y)) == pytest.approx(2 * 1.2816 * np.sqrt(14), abs=4 * error)


def test_mean_width_weighs_classes_by_their_draws() -> None:
    y = np.concatenate([np.linspace(0, 1, 1001), np.linspace(0, 3, 501)])
    labels = np.repeat([0, 1], [1001, 501])
    assert mean_width(y, labels) == pytest.approx((1001 * 0.8 + 501 * 2.4) / 1502, rel=1e-12)
