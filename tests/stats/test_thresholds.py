"""Numbers at which something turns: what lies just on either side of each is told apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from forecast.dims import Array
from forecast.stats import specs
from forecast.stats.density import spikes
from forecast.stats.distributions import Constant, Discrete, Normal, Uniform
from forecast.stats.elicited import Mixture
from forecast.stats.formatting import percentage, short
from forecast.stats.influence import Extremes, variance_share
from forecast.stats.moments import demand_weights
from forecast.stats.sensitivity import classes
from forecast.stats.shared_rows import RowSums
from forecast.stats.specs import bounds_complaint
from forecast.stats.summary import StreamingSummary, decimals, least_error, unseen
from forecast.stats.truncation import Truncated

YEARS = (2030,)


def tallied(*parts: Array) -> StreamingSummary:
    """Statistics of one series in one year, drawn by a stratified scheme."""
    tally = StreamingSummary((), keep=True, stratified=True)
    for part in parts:
        tally.add(part[None, None], part[None, None])
    return tally


def named(largest: float, n_draws: int) -> set[str]:
    """Statistics that one draw is said to make, among draws of 1 and -1."""
    others = np.where(np.arange(n_draws - 1) % 2, 1.0, -1.0)
    found = tallied(np.append(others, largest)).summary(YEARS, ("exports",))
    return {one.statistic for one in found.dominant_draws}


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_draw_in_a_hundred_and_more_may_make_a_tenth_and_no_more(sign: float) -> None:
    """Of n others of size one, a draw makes the share s of the sizes at n s / (1 - s), of the squares at its root."""
    for n_draws in (100, 1_001):
        for share, told in ((0.096, False), (0.104, True)):
            size = (n_draws - 1) * share / (1 - share)
            assert ("mean" in named(sign * size, n_draws)) == told
    for share, told in ((0.096, False), (0.104, True)):
        assert named(sign * math.sqrt(10_000 * share / (1 - share)), 10_001) == ({"variance"} if told else set())
    assert named(50.0, 99) == set()


def test_the_farthest_draw_is_measured_from_the_mean_and_the_largest_from_zero() -> None:
    for draws in (np.array([-9.0, 1.0, 2.0, 2.0]), np.array([9.0, 1.0, 2.0, 3.0]), np.array([1.0, 7.0, 8.0, 8.0])):
        extremes, squares = Extremes(), ((draws - draws.mean()) ** 2).sum()
        extremes.add(draws[None])
        found = extremes.shares(draws.mean(keepdims=True), squares[None])
        assert found["mean"].tolist() == pytest.approx([np.abs(draws).max() / np.abs(draws).sum()])
        assert found["variance"].tolist() == pytest.approx([((draws - draws.mean()) ** 2).max() / squares])
        assert found["variance"][0] == pytest.approx(float(variance_share(draws)))


def test_ten_blocks_tell_an_error_by_their_spread_and_nine_do_not() -> None:
    parts = np.random.default_rng(1).standard_normal((10, 50))
    parts += np.arange(10)[:, None]  # blocks far apart, so that either error is far from the other
    ten, nine = (tallied(*given).summary(YEARS, ("exports",)).statistics["mean"] for given in (parts, parts[:9]))
    assert ten.standard_error.item() == pytest.approx(parts.mean(axis=1).std(ddof=1) / math.sqrt(10))
    assert nine.standard_error.item() == pytest.approx(parts[:9].std(ddof=1) / math.sqrt(450))


def test_blocks_of_two_draws_tell_the_error_of_a_spread() -> None:
    parts = np.random.default_rng(2).standard_normal((12, 2))
    found = tallied(*parts).summary(YEARS, ("exports",)).statistics["sd"]
    error = parts.var(axis=1, ddof=1).std(ddof=1) / math.sqrt(12) / (2 * parts.std(ddof=1))
    assert (found.value.item(), found.standard_error.item()) == pytest.approx((parts.std(ddof=1), error))


def test_the_error_of_a_spread_has_the_unit_of_the_spread() -> None:
    draws = np.random.default_rng(3).standard_normal(400)
    one, small = (tallied(unit * draws).summary(YEARS, ("exports",)).statistics["sd"] for unit in (1.0, 1e-3))
    kurtosis = ((draws - draws.mean()) ** 4).mean() / draws.var(ddof=1) ** 2
    assert one.standard_error.item() / one.value.item() == pytest.approx(math.sqrt((kurtosis - 1) / 400) / 2)
    assert small.standard_error.item() == pytest.approx(1e-3 * one.standard_error.item())


def test_numbers_that_are_not_finite_are_refused_wherever_they_stand() -> None:
    for number in (math.inf, -math.inf, math.nan):
        for spec in (
            number,
            {"distribution": "normal", "mean": number, "sd": 1.0},
            {"quantiles": {0.1: 1.0, 0.9: number}},
        ):
            with pytest.raises(ValidationError, match="finite number"):
                specs.read_distribution(spec)


def test_weights_are_not_negative_and_not_all_nothing() -> None:
    for weights in ([-0.5, 2.0], [2.0, -1e-9], [0.0, 0.0]):
        with pytest.raises(ValueError, match="expected non-negative numbers that do not all vanish"):
            demand_weights(weights)
    demand_weights([0.0, 1e-9])
    demand_weights([0.25, 0.25])


def rare(value: float, probability: float) -> Discrete:
    """One half, but seldom another value."""
    return Discrete(tuple(sorted((0.5, value))), (1 - probability, probability) if value > 0.5 else (probability, 1.0))


@pytest.mark.parametrize(("outside", "high", "most"), [(1.5, 1.0, 1e-9), (-0.5, 1.0, 1e-9), (-0.5, math.inf, 1e-6)])
def test_how_seldom_a_distribution_may_leave_its_range(outside: float, high: float, most: float) -> None:
    assert bounds_complaint(rare(outside, 0.96 * most), 0.0, high) == ""
    assert "leaves the range" in bounds_complaint(rare(outside, 1.04 * most), 0.0, high)


def test_an_amount_is_beyond_all_in_one_draw_of_a_million_at_most() -> None:
    amounts = TypeAdapter(specs.Dollars)
    assert amounts.validate_python(rare(100_001.0, 0.96e-6)) == rare(100_001.0, 0.96e-6)
    with pytest.raises(ValidationError, match="got a distribution above 100000 with probability 1e-06"):
        amounts.validate_python(rare(100_001.0, 1.04e-6))


ACCEPTED: tuple[tuple[Any, tuple[float, ...], tuple[float, ...]], ...] = (
    (specs.Amount, (0.0, 1e4), (-1e-9,)),
    (specs.Duration, (1e-9, 1e4), (0.0, -1.0)),
    (specs.Share, (0.0, 1.0), (-1e-9, 1.001)),
    (specs.PositiveShare, (1e-9, 1.0), (0.0, 1.001)),
    (specs.InnerShare, (1e-9, math.nextafter(1.0, 0.0)), (0.0, 1.0)),
    (specs.Level, (1e-9, 1e4), (0.0, -1.0)),
    (specs.Change, (-0.9, 1.0), (-0.91, 1.01)),
    (specs.Rate, (0.0, 3.0), (-1e-9, 3.01)),
    (specs.RateChange, (-1.0, 3.0), (-1.01, 3.01)),
)


@pytest.mark.parametrize(("kind", "taken", "refused"), ACCEPTED, ids=lambda case: "")
def test_the_ends_of_every_kind_of_number(kind: Any, taken: tuple[float, ...], refused: tuple[float, ...]) -> None:
    for value in taken:
        assert TypeAdapter(kind).validate_python(value) == Constant(value)
    for value in refused:
        with pytest.raises(ValidationError, match="expected"):
            TypeAdapter(kind).validate_python(value)


def piled(within: float, crowded: float) -> Mixture:
    """Median 2, with a part within a hundredth of the way to it, and some of that within a tenth of the hundredth."""
    spread = 1.0 - within
    end = 0.02 + 1.98 * spread / (0.5 - within)
    pieces = (Uniform(0.0, 0.002), Uniform(0.002, 0.02), Uniform(0.02, end))
    return Mixture((within * crowded, within * (1 - crowded), spread), pieces)


@pytest.mark.parametrize(
    ("within", "crowded", "found"), [(0.0208, 0.5, 1), (0.0192, 0.5, 0), (0.1, 0.312, 1), (0.1, 0.288, 0)]
)
def test_how_much_probability_so_near_an_end_is_piled_up(within: float, crowded: float, found: int) -> None:
    distribution = piled(within, crowded)
    assert float(distribution.ppf(0.5)) == pytest.approx(2.0)
    assert len(spikes(distribution)) == found


def test_a_truncation_keeps_a_probability_of_a_thousand_millionth() -> None:
    assert Truncated(rare(1.5, 1.04e-9), low=1.0).expectation().value == 1.5
    with pytest.raises(ValueError, match=r"keeps a probability of 9\.6e-10"):
        Truncated(rare(1.5, 0.96e-9), low=1.0)
    with pytest.raises(ValueError, match="has no mass"):
        Truncated(Uniform(0.0, 1.0), low=1.0, high=2.0)
    with pytest.raises(ValueError, match="expected low < high"):
        Truncated(Normal(0.0, 1.0), low=1.0, high=1.0)


@pytest.mark.parametrize(
    ("n_rows", "followed"), [(1, 1), (249, 249), (250, 250), (251, 126), (500, 250), (501, 167), (2_000, 250)]
)
def test_rows_that_are_followed_lie_evenly_among_all(n_rows: int, followed: int) -> None:
    sums = RowSums.none(n_rows, (1,))
    assert sums.picks.shape == (followed,)
    sums.add(np.ones((1, n_rows)), np.arange(n_rows), np.zeros(1))
    assert sums.picks.tolist() == [1.0] * followed
    assert sums.sums.ravel().tolist() == [1.0] * followed


def test_an_input_without_atoms_is_cut_into_thirty_classes() -> None:
    values = np.random.default_rng(0).standard_normal(20_000)
    assert np.bincount(classes(values)).tolist() == pytest.approx([20_000 / 30] * 30, abs=1)


@pytest.mark.parametrize(
    ("value", "text"), [(2.04, "2.0"), (1.96, "1.96"), (-2.0, "−2.0"), (0.1, "0.10"), (0.0984, "0.098"), (0.0, "0")]
)
def test_about_two_digits_count(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("probability", "error", "n_draws", "expected"),
    [
        (0.0, 0.0, 4_000, ("<", "0.1")),
        (0.0, 0.0, 1_000, ("<", "0.37")),
        (1.0, 0.0, 1_000, (">", "99.63")),
        (0.0, 0.0, 30, ("<", "12")),
        (0.0, 0.0, 2, ("<", "84")),
        (0.0019, 1e-3, 1_000, ("", "0.2")),
        (0.0018, 1e-3, 1_000, ("<", "0.37")),
        (0.9981, 1e-3, 1_000, ("", "99.8")),
        (0.9982, 1e-3, 1_000, (">", "99.63")),
        (0.54321, 1e-9, 10**9, ("", "54.3")),
        (0.54321, 0.02, 500, ("", "54")),
    ],
)
def test_a_chance_in_percent(probability: float, error: float, n_draws: int, expected: tuple[str, str]) -> None:
    assert percentage(probability, error, n_draws) == expected


def test_an_error_of_next_to_nothing_leaves_four_decimals() -> None:
    assert [decimals(error) for error in (2e-3, 2e-4, 2e-5, 2e-9)] == [3, 4, 4, 4]


def test_what_hardly_ever_holds_has_a_mean_where_nothing_else_can() -> None:
    rarely = Mixture((1.04e-250, 1.0), (Uniform(5.0, 6.0), Uniform(0.0, 1.0)))
    assert rarely.expectation_within(5.0, 6.0).value == pytest.approx(5.5)


@pytest.mark.parametrize("n_draws", [1, 30, 1_000, 20_000])
def test_a_chance_that_no_draw_met_is_bounded_by_what_its_error_takes_it_for(n_draws: int) -> None:
    """Below 0.3 % was told of a thousand draws of which a chance of 0.37 % goes unseen once in forty times."""
    bound = float(percentage(0.0, 0.0, n_draws)[1]) / 100
    assert bound == pytest.approx(max(1 - 0.025 ** (1 / n_draws), 0.001), rel=0.05)
    error = float(least_error(np.zeros(1), n_draws)[0])
    assert error == pytest.approx(np.sqrt(unseen(n_draws) * (1 - unseen(n_draws)) / n_draws))
    assert unseen(n_draws) == pytest.approx(1 - 0.025 ** (1 / n_draws))
