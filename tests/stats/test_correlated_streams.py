"""Streams that are correlated, their correlations, and truncated and mixed statistics, recomputed in another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy
from scipy import stats

from forecast.stats import streams
from forecast.stats.distributions import Discrete, Normal
from forecast.stats.elicited import Mixture, Quantiles
from forecast.stats.quantiles import quantiles
from forecast.stats.sensitivity import standard_error
from forecast.stats.streams import Scheme, Streams, generator
from forecast.stats.summary import StreamingSummary
from forecast.stats.truncation import Truncated

N = 200


def test_a_mixed_stream_is_the_weighted_sum_of_normal_scores() -> None:
    mix = (("a", 0.6), ("b", 0.8))
    plain = Streams(3, 1, N, mixes={"b": mix, "a": (("a", 1.0),)})
    a, b = (np.maximum(generator(3, name, 1).random(N), 2.0**-54) for name in ("a", "b"))
    np.testing.assert_allclose(plain.uniforms("b"), stats.norm.cdf(0.6 * stats.norm.ppf(a) + 0.8 * stats.norm.ppf(b)))
    np.testing.assert_array_equal(plain.uniforms("a"), a)
    np.testing.assert_array_equal(plain.points("b"), b)
    assert plain.uniforms("b", 2).shape == (2, N)  # a mix is of one number a draw


def test_no_mix_leaves_the_open_interval() -> None:
    far = Streams(0, 0, N, mixes={"b": (("a", 1e6),)}).uniforms("b")
    assert set(far.tolist()) == {2.0**-54, 1 - 2.0**-53}


@pytest.mark.parametrize("scheme", ["latin_hypercube", "sobol"])
def test_a_stratified_stream_keeps_its_points_in_the_order_of_the_mix(scheme: Scheme) -> None:
    mixed = Streams(3, 0, N, scheme, {"b": (("a", 0.6), ("b", 0.8))})
    a, b = mixed.points("a"), mixed.points("b")
    scores = 0.6 * stats.norm.ppf(a) + 0.8 * stats.norm.ppf(b)
    found = mixed.uniforms("b")
    assert np.sort(found).tolist() == np.sort(b).tolist()
    assert np.argsort(found).tolist() == np.argsort(scores).tolist()
    np.testing.assert_allclose(mixed.normals("c", 2), stats.norm.ppf(mixed.uniforms("c", 2)))
    shape = np.full(N, 1.7)
    np.testing.assert_allclose(mixed.gammas("g", shape, 2), stats.gamma.ppf(mixed.uniforms("g", 2), 1.7), rtol=1e-9)


def test_plain_numbers_are_those_of_the_generator() -> None:
    shape = np.linspace(1.0, 3.0, N)
    np.testing.assert_array_equal(
        Streams(5, 2, N).gammas("g", shape, 2), generator(5, "g", 2).standard_gamma(shape, (2, N))
    )
    np.testing.assert_array_equal(Streams(5, 2, N).normals("z", 2), generator(5, "z", 2).standard_normal((2, N)))
    np.testing.assert_array_equal(Streams(5, 2, N).uniforms("u", 3), generator(5, "u", 2).random((3, N)))


def test_spearman_and_pearson_of_normals_by_their_formulas() -> None:
    """Kruskal (1958): a rank correlation of r comes of 2 sin(pi r / 6)."""
    ranks = np.linspace(-1, 1, 9)
    np.testing.assert_allclose(streams.gaussian(ranks), 2 * np.sin(np.pi * ranks / 6), atol=1e-15)
    np.testing.assert_allclose(streams.spearman(streams.gaussian(ranks)), ranks, atol=1e-15)


def test_loadings_give_the_matrix_back_and_each_has_a_unit_length() -> None:
    ranks = {("b", "a"): 0.3, ("c", "a"): -0.5, ("c", "b"): 0.4, ("d", "c"): 0.2}
    found = streams.loadings(ranks)
    names = list("abcd")
    factor = np.array([[dict(found[name]).get(stream, 0.0) for stream in names] for name in names])
    wanted = 2 * np.sin(np.pi * streams.rank_matrix(names, ranks) / 6)
    np.fill_diagonal(wanted, 1.0)
    np.testing.assert_allclose(factor, np.linalg.cholesky(wanted), atol=1e-12)
    assert found["a"] == (("a", 1.0),)
    assert [stream for stream, _ in found["d"]] == ["c", "d"]
    whole = streams.loadings({("b", "a"): 1.0, ("c", "a"): -1.0})  # singular: both follow the first
    assert whole == {"a": (("a", 1.0),), "b": (("a", pytest.approx(1.0)),), "c": (("a", pytest.approx(-1.0)),)}


def test_what_is_possible_together_and_what_is_near_it() -> None:
    def matrix(first: float, second: float, third: float) -> np.ndarray:
        return np.array([[1, first, second], [first, 1, third], [second, third, 1]], dtype=float)

    assert streams.is_possible(matrix(0.5, 0.5, 0.5))
    assert streams.is_possible(matrix(1.0, 1.0, 1.0))
    assert not streams.is_possible(matrix(0.9, 0.9, -0.9))
    near = streams.nearest_possible(matrix(0.9, 0.9, -0.9))
    assert streams.is_possible(near)
    assert near.diagonal().tolist() == [1, 1, 1]
    np.testing.assert_array_equal(near, near.T)
    assert np.round(100 * near, 6).tolist() == np.round(100 * near).tolist()  # two decimals where it had to move
    # the nearest in normal scores of equal pull: all three move alike, to half of what they were
    assert near[0, 1] == near[0, 2] == -near[1, 2] == pytest.approx(0.48, abs=0.011)
    apart = scipy.linalg.block_diag(matrix(0.9, 0.9, -0.9), [[1, 0.123], [0.123, 1]])
    found = streams.nearest_possible(apart)
    np.testing.assert_array_equal(found[:3, :3], near)
    assert found[3, 4] == found[4, 3] == 0.123  # what can stay does, to the last digit


def test_what_rounding_made_impossible_is_drawn_in_by_a_hundredth() -> None:
    """The nearest in normal scores, -0.7595, -0.6787 and 0.0809 in ranks, lies on the edge of what is possible."""
    found = streams.nearest_possible(np.array([[1.0, -0.9, -0.8], [-0.9, 1.0, 0.0], [-0.8, 0.0, 1.0]]))
    assert found[np.triu_indices(3, 1)].tolist() == [-0.75, -0.67, 0.08]
    assert streams.is_possible(found)


def test_the_nearest_correlation_matrix_is_that_of_higham() -> None:
    """Higham (2002), section 4."""
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = streams.nearest_correlation(matrix)
    np.testing.assert_allclose(found[np.triu_indices(3, 1)], [0.7607, 0.1573, 0.7607], atol=1e-4)
    np.testing.assert_allclose(found.diagonal(), 1.0)


def test_a_far_truncation_has_the_probabilities_of_its_own_tail() -> None:
    cut = Truncated(Normal(0.0, 1.0), low=1.0, high=3.0)
    x = np.array([0.5, 1.0, 1.5, 2.5, 3.0, 4.0])
    reference = stats.truncnorm(1.0, 3.0)
    np.testing.assert_allclose(cut.cdf(x), reference.cdf(x), atol=1e-14)
    np.testing.assert_allclose(cut.sf(x), reference.sf(x), atol=1e-14)
    u = np.linspace(0, 1, 11)
    np.testing.assert_allclose(cut.ppf(u), reference.ppf(u), atol=1e-12)
    np.testing.assert_allclose(cut.isf(u), reference.isf(u), atol=1e-12)
    lower = Truncated(Normal(0.0, 1.0), low=-3.0, high=0.5)
    np.testing.assert_allclose(lower.cdf(x - 3), stats.truncnorm(-3.0, 0.5).cdf(x - 3), atol=1e-14)


def _normal_score_cubic(levels: list[float], values: list[float], u: float, low: float, high: float) -> float:
    """A quantile through stated ones, from scipy's monotone cubic with slopes of Fritsch and Butland at its knots."""
    z = stats.norm.ppf(levels)
    rises = np.diff(values) / np.diff(z)
    slopes = [rises[0]]
    for one, two, left, right in zip(np.diff(z), np.diff(z)[1:], rises, rises[1:], strict=False):
        w1, w2 = 2 * two + one, two + 2 * one
        slopes.append((w1 + w2) / (w1 / left + w2 / right))
    slopes.append(rises[-1])
    if u < levels[0]:
        power = slopes[0] * levels[0] / (stats.norm.pdf(z[0]) * (values[0] - low))
        return float(low + (values[0] - low) * (u / levels[0]) ** power)
    if u > levels[-1]:
        power = slopes[-1] * (1 - levels[-1]) / (stats.norm.pdf(z[-1]) * (high - values[-1]))
        return float(high - (high - values[-1]) * ((1 - u) / (1 - levels[-1])) ** power)
    return float(scipy.interpolate.CubicHermiteSpline(z, values, slopes)(stats.norm.ppf(u)))


@pytest.mark.parametrize("u", [0.01, 0.03, 0.05, 0.2, 0.3, 0.5, 0.6, 0.9, 0.97, 0.999])
def test_uneven_quantiles_between_two_ends_in_both_directions(u: float) -> None:
    levels, values = [0.05, 0.3, 0.6, 0.95], [1.0, 4.0, 5.0, 11.0]
    stated = Quantiles(tuple(levels), tuple(values), low=0.5, high=20.0)
    expected = _normal_score_cubic(levels, values, u, 0.5, 20.0)
    assert float(stated.ppf(u)) == pytest.approx(expected, rel=1e-12)
    assert float(stated.isf(1 - u)) == pytest.approx(expected, rel=1e-9)
    assert float(stated.cdf(expected)) == pytest.approx(u, abs=1e-12)
    assert float(stated.sf(expected)) == pytest.approx(1 - u, abs=1e-12)


def test_open_tails_are_normal_through_the_last_two_quantiles() -> None:
    stated = Quantiles((0.1, 0.5, 0.8), (1.0, 2.0, 5.0))
    z = stats.norm.ppf([0.1, 0.5, 0.8])
    low, high = (2.0 - 1.0) / (z[1] - z[0]), (5.0 - 2.0) / (z[2] - z[1])
    u, v = 0.02, 0.98
    assert float(stated.ppf(u)) == pytest.approx(1 + low * (stats.norm.ppf(u) - z[0]))
    assert float(stated.ppf(v)) == pytest.approx(5 + high * (stats.norm.ppf(v) - z[2]))
    np.testing.assert_allclose(stated.cdf(stated.ppf([u, v])), [u, v], rtol=1e-12)
    np.testing.assert_allclose(stated.sf(stated.ppf([u, v])), [1 - u, 1 - v], rtol=1e-12)


def test_a_value_without_weight_is_never_drawn() -> None:
    dice = Discrete((3.0, 1.0, 2.0, 9.0), (1.0, 1.0, 2.0, 0.0))
    assert dice.ppf([0.0, 0.25, 0.26, 0.75, 0.76, 1.0]).tolist() == [1, 1, 2, 2, 3, 3]
    assert dice.cdf([0.9, 1.0, 2.5, 3.0, 9.0]).tolist() == [0, 0.25, 0.75, 1, 1]
    assert dice.atoms() == (3.0, 1.0, 2.0)
    assert dice.expectation_within(1.5, 3.0).value == pytest.approx((2 * 2 + 3) / 3)


def test_a_mixture_is_the_weighted_sum_of_its_parts_from_both_ends() -> None:
    mixed = Mixture((3.0, 1.0, 0.0), (Normal(0.0, 1.0), Normal(4.0, 2.0), Normal(90.0, 1.0)))
    x = np.array([-2.0, 0.5, 3.0, 8.0])
    expected = 0.75 * stats.norm.cdf(x) + 0.25 * stats.norm.cdf(x, 4, 2)
    np.testing.assert_allclose(mixed.cdf(x), expected, atol=1e-15)
    np.testing.assert_allclose(mixed.sf(x), 1 - expected, atol=1e-15)
    np.testing.assert_allclose(mixed.ppf(expected), x, atol=1e-9)
    np.testing.assert_allclose(mixed.isf(1 - expected), x, atol=1e-9)
    part = mixed.expectation_within(1.0, 5.0).value
    inside = [stats.norm.expect(lambda v: v, loc=m, scale=s, lb=1, ub=5) for m, s in ((0, 1), (4, 2))]
    mass = [stats.norm.cdf(5, m, s) - stats.norm.cdf(1, m, s) for m, s in ((0, 1), (4, 2))]
    assert part == pytest.approx(np.dot([0.75, 0.25], inside) / np.dot([0.75, 0.25], mass), rel=1e-6)


def test_branches_of_draws_have_the_statistics_of_their_own_draws() -> None:
    rng = np.random.default_rng(1)
    annual, quarterly = rng.normal(5, 2, (2, 3, 900)), rng.normal(1, 1, (2, 2, 900))
    branch = rng.integers(0, 3, 900)
    whole, later = (StreamingSummary((0.0, 5.0), keep=True) for _ in range(2))
    whole.add(annual[..., :500], quarterly[..., :500], branch[:500])
    later.add(annual[..., 500:], quarterly[..., 500:], branch[500:])
    whole.merge(later)
    assert sorted(whole.branches) == [0, 1, 2]
    for index, own in whole.branches.items():
        draws = annual[..., branch == index]
        found = own.summary((2026, 2027, 2028), ("a", "b")).statistics
        np.testing.assert_allclose(found["mean"].value, draws.mean(axis=-1))
        np.testing.assert_allclose(found["sd"].value, draws.std(axis=-1, ddof=1))
        np.testing.assert_allclose(found["exceedance_5"].value, (draws > 5).mean(axis=-1))
        np.testing.assert_allclose(found["below_0"].value, (draws < 0).mean(axis=-1))
        np.testing.assert_allclose(found["quantile_0.9"].value, quantiles(draws, (0.9,))[0])
    np.testing.assert_array_equal(np.concatenate(whole.chosen), branch)


def test_one_replicate_has_no_error_and_several_have_that_of_their_mean() -> None:
    assert np.isnan(standard_error(np.ones((2, 3, 1)))).all()
    assert standard_error(np.ones((2, 3, 1))).shape == (2, 3)
    assert standard_error(np.array([[1.0, 2.0, 6.0]]))[0] == pytest.approx(math.sqrt(7.0 / 3))
