"""Draws that are only counted: quantiles by the histogram's own bins, and what numbers of streams lie on an edge."""

from __future__ import annotations

import math
import pickle
import threading

import numpy as np
import pytest

from forecast.dims import Array
from forecast.stats import streams
from forecast.stats.quantiles import FINE_LEVELS, N_BINS, SKETCH_STEP, QuantileSketch, quantiles
from forecast.stats.streams import Streams

STEP = 5e-4


def counted(*blocks: Array) -> QuantileSketch:
    """One series in one year."""
    sketch = QuantileSketch(keep=False)
    for block in blocks:
        sketch.add(block[None, None], block[None, None])
    return sketch


def in_bin(place: int, n_draws: int) -> Array:
    """Draws over the whole of a bin, from almost its lower edge to almost its upper one."""
    return np.sinh(STEP * (place + np.linspace(0.001, 0.999, n_draws)))


def test_quantiles_of_a_whole_run_take_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many cores a run takes is for `--n-jobs` to say."""
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail("got another thread, expected none"))
    draws = np.random.default_rng(3).standard_normal((11, 100_000)).astype(np.float32)
    untouched, levels = draws.copy(), (0.05, 0.5, 0.975)
    np.testing.assert_allclose(quantiles(draws, levels), np.quantile(draws.astype(float), levels, axis=-1), atol=1e-12)
    np.testing.assert_array_equal(draws, untouched)


def test_levels_and_bins_are_those_that_are_said() -> None:
    assert tuple(float(f"0.{percent:02d}") for percent in range(1, 100)) == FINE_LEVELS
    assert SKETCH_STEP == STEP
    assert 2 * math.ceil(math.asinh(10_000) / STEP) + 1 == N_BINS


@pytest.mark.parametrize("place", [-3_000, -1, 0, 1, 5_000])
def test_within_a_bin_quantiles_rise_evenly_on_the_scale_of_the_bins(place: int) -> None:
    found = counted(in_bin(place, 40)).quantiles((0.25, 0.5, 0.9)).ravel()
    assert np.arcsinh(found) / STEP - place == pytest.approx([0.25, 0.5, 0.9], abs=1e-6)


def test_quantiles_over_several_bins_and_nothing_between_them() -> None:
    """A fifth of the draws far below zero, two fifths nothing, two fifths in two bins next to each other."""
    draws = np.concatenate([in_bin(-4_000, 20), np.zeros(40), in_bin(2_000, 10), in_bin(2_001, 30)])
    levels = (0.1, 0.2, 0.21, 0.6, 0.65, 0.7, 0.85, 1.0)
    found = counted(draws).quantiles(levels).ravel()
    assert found[2:4].tolist() == [0.0, 0.0]
    places = np.arcsinh(np.delete(found, [2, 3])) / STEP
    assert places == pytest.approx([-3_999.5, -3_999, 2_000.5, 2_001, 2_001.5, 2_001.999], abs=1e-3)


def test_draws_beyond_the_limit_are_counted_in_the_outermost_bins() -> None:
    """Three of four draws lie in one: a third of it is below the first of them, two thirds below the second."""
    draws, outermost = np.array([1e6, 3.0, 4e4, 2e4]), (N_BINS - 1) / 2
    low, high = counted(-draws).quantiles((0.25, 0.5)).ravel(), counted(draws).quantiles((0.75, 0.5)).ravel()
    assert np.arcsinh(low) / STEP == pytest.approx([-outermost + 1 / 3, -outermost + 2 / 3], abs=1e-6)
    assert np.arcsinh(high) / STEP == pytest.approx([outermost - 1 / 3, outermost - 2 / 3], abs=1e-6)
    assert counted(np.array([2e4, 1e6])).quantiles((0.5,)).item() == 2e4  # none lies below the smallest draw


def test_histograms_add_up_and_come_through_a_pickle() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_t(3, (2, 500)) * 40
    whole, merged = counted(one, other), pickle.loads(pickle.dumps(counted(one)))
    empty = QuantileSketch(keep=False)
    merged.merge(empty)
    merged.merge(pickle.loads(pickle.dumps(counted(other))))
    empty.merge(whole)
    assert whole.counts is not None
    assert whole.counts.sum() == 1_000
    for found in (merged, empty):
        np.testing.assert_array_equal(found.counts, whole.counts)
        np.testing.assert_array_equal(found.quantiles(FINE_LEVELS), whole.quantiles(FINE_LEVELS))
    both = np.concatenate([one, other])
    error = STEP * np.hypot(1, np.quantile(both, 0.5)) + np.diff(np.sort(both)).max() / 20
    assert whole.quantiles((0.5,)).item() == pytest.approx(np.quantile(both, 0.5), abs=error)


def test_each_series_and_year_has_a_histogram_of_its_own() -> None:
    draws = np.stack([in_bin(place, 10) for place in range(10, 16)]).reshape(2, 3, 10)
    sketch = QuantileSketch(keep=False)
    sketch.add(draws, draws)
    found = sketch.quantiles((0.5,))[0]
    assert np.arcsinh(found) / STEP == pytest.approx(np.arange(10.5, 16.0).reshape(2, 3), abs=1e-6)
    np.testing.assert_array_equal(sketch.extremes.smallest, draws[..., 0])


def test_quantiles_of_few_draws_lie_between_their_neighbours() -> None:
    draws = np.array([[4.0, 1.0, 2.0], [0.0, 30.0, 10.0]])
    found = quantiles(draws, (0.0, 0.25, 0.5, 0.9, 1.0))
    np.testing.assert_allclose(found, np.quantile(draws, (0.0, 0.25, 0.5, 0.9, 1.0), axis=-1), rtol=1e-14)


class _Lowest:
    """A generator that gives nothing but zeros."""

    def random(self, shape: tuple[int, int]) -> Array:
        return np.zeros(shape)

    def permuted(self, cells: Array, axis: int) -> Array:
        return cells[..., ::-1] if axis == 1 else cells


def test_no_uniform_is_nothing() -> None:
    lowest: np.random.Generator = _Lowest()  # type: ignore[assignment]
    assert streams._plain(lowest, 2, 3).tolist() == [[2.0**-54] * 3] * 2
    found = streams._latin_hypercube(lowest, 2, 4)
    np.testing.assert_allclose(found, [[0.75, 0.5, 0.25, 2.0**-56]] * 2, rtol=1e-15)


class _Ends:
    """A sequence whose points are 0 and 1."""

    def __init__(self, n_rows: int, **_: object) -> None:
        self._n_rows = n_rows

    def random_base2(self, _: int) -> Array:
        return np.repeat([[0.0], [1.0]], self._n_rows, axis=1)


def test_no_point_of_a_sequence_is_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scipy.stats.qmc.Sobol", _Ends)
    found = Streams(0, 0, 2, "sobol").points("x", 3)
    assert np.sort(found).tolist() == [[2.0**-54, 1 - 2.0**-53]] * 3


@pytest.mark.parametrize("n_draws", [1, 2, 3, 5, 8])
def test_few_points_of_a_sequence_are_as_many_as_are_drawn(n_draws: int) -> None:
    points = Streams(4, 0, n_draws, "sobol").points("x", 3)
    assert points.shape == (3, n_draws)
    assert len(set(points[0].tolist())) == n_draws
    power = 2 ** math.ceil(math.log2(n_draws))
    assert len(set(np.floor(points[0] * power).tolist())) == n_draws  # each in a stratum of its own


def test_what_rounding_leaves_of_an_eigenvalue_and_of_a_pivot() -> None:
    """A correlation of normal scores of 1 + e has an eigenvalue of -e; one of the root of 1 - e leaves e of its own."""
    slope = 2 * math.cos(math.pi / 6) * math.pi / 6  # of the correlation of scores over that of ranks, at 1
    for below, possible in ((0.96e-9, True), (1.04e-9, False)):
        rank = 1 + below / slope
        assert streams.is_possible(np.array([[1.0, rank], [rank, 1.0]])) == possible
    for left, n_streams in ((0.96e-9, 1), (1.04e-9, 2)):
        rank = float(streams.spearman(np.array(math.sqrt(1 - left))))
        mix = streams.loadings({("a", "b"): rank})["b"]
        assert len(mix) == n_streams
        assert mix[0][1] == pytest.approx(1.0)
    assert dict(streams.loadings({("a", "b"): rank})["b"])["b"] == pytest.approx(math.sqrt(1.04e-9), rel=1e-6)


def test_of_many_pairs_the_three_hundred_least_moved_are_tried() -> None:
    """Of 26 names, with 325 pairs, all of which could stand again together."""
    ranks = np.full((26, 26), 1e-4)
    np.fill_diagonal(ranks, 1.0)
    found = streams._with_what_can_stay(np.eye(26), ranks)
    assert (found == ranks)[np.triu_indices(26, 1)].sum() == 300
    np.testing.assert_array_equal(found, found.T)
