"""Quantiles and probabilities of the standard normal against `scipy.special`, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from forecast.dims import Array
from forecast.stats.special import ndtr, ndtri

DEEP = 10.0 ** -np.linspace(1.0, 307.0, 2_000)


def _levels() -> Array:
    """Levels of all three fractions, their borders, and both tails as deep as numbers go."""
    borders = np.array([0.075, 0.925, np.exp(-25.0), 0.5])
    around = np.concatenate([np.nextafter(borders, 0.0), borders, np.nextafter(borders, 1.0)])
    return np.concatenate([np.linspace(1e-4, 1 - 1e-4, 20_001), DEEP, 1.0 - 2.0 ** -np.arange(2.0, 54.0), around])


def test_quantiles_agree_with_scipy_to_the_last_digits() -> None:
    levels = _levels()
    np.testing.assert_allclose(ndtri(levels), scipy.special.ndtri(levels), rtol=4e-15, atol=1e-16)


def test_probabilities_agree_with_scipy_in_both_tails() -> None:
    scores = np.linspace(-37.0, 9.0, 5_001)
    np.testing.assert_allclose(ndtr(scores), scipy.special.ndtr(scores), rtol=5e-13)


def test_a_quantile_is_the_inverse_of_a_probability() -> None:
    np.testing.assert_allclose(ndtr(ndtri(DEEP)), DEEP, rtol=1e-11)


@pytest.mark.parametrize("shape", [(), (1,), (3, 0), (2, 5)])
def test_shapes_are_kept(shape: tuple[int, ...]) -> None:
    level = np.full(shape, 0.01)
    assert ndtri(level).shape == shape
    assert ndtr(level).shape == shape


def test_edges_and_what_is_no_level() -> None:
    assert ndtri([0.0, 1.0]).tolist() == [-np.inf, np.inf]
    assert np.isnan(ndtri([-0.1, 1.1, np.nan])).all()
    assert ndtr([-np.inf, np.inf]).tolist() == [0.0, 1.0]
    assert np.isnan(ndtr(np.nan))


def test_quantiles_are_odd() -> None:
    levels = np.array([0.25, 0.0625, 2.0**-40])
    np.testing.assert_array_equal(ndtri(levels), -ndtri(1.0 - levels))
