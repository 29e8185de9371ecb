"""Randomness has an address: what must hold of every stream."""

from __future__ import annotations

import numpy as np
import pytest
from plans import SCHEMES

from forecast.stats.streams import Scheme, Streams, generator

PUBLISHED = [0.46287536698920756, 0.4596167201501666, 0.7927454118881299]
STRATIFIED: tuple[Scheme, ...] = ("latin_hypercube", "sobol")


def test_an_address_gives_the_same_numbers_whatever_was_asked_before() -> None:
    alone = Streams(0, 3, 1_000).uniforms("investments.HMG-06.slip")
    streams = Streams(0, 3, 1_000)
    streams.normals("baseline.shock", 80)
    assert np.array_equal(streams.uniforms("investments.HMG-06.slip"), alone)


def test_seed_zero_is_a_seed_and_addresses_differ() -> None:
    addresses = [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1), (1, "b", 1)]
    firsts = {generator(*address).random() for address in addresses}
    assert len(firsts) == len(addresses)


def test_published_numbers_of_one_address_stand() -> None:
    """A change here moves every published number: it belongs in CHANGELOG as a breaking change."""
    found = generator(0, "baseline.shock", 0).standard_normal(3)
    assert found == pytest.approx(PUBLISHED, rel=1e-15)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_number_a_draw_is_a_row_of_one(scheme: Scheme) -> None:
    streams = Streams(0, 1, 256, scheme)
    assert streams.points("a").tobytes() == streams.points("a", 1)[0].tobytes()


def test_neighbouring_addresses_are_uncorrelated() -> None:
    n = 100_000
    cube = np.stack([Streams(0, block, n).uniforms(name) for block in (0, 1) for name in ("a", "b", "a.b")])
    off_diagonal = np.corrcoef(cube)[np.triu_indices(6, 1)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(n)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_uniforms_lie_inside_the_open_interval_with_the_right_moments(scheme: Scheme) -> None:
    n = 4_096
    u = Streams(1, 0, n, scheme).uniforms("x", 5)
    assert u.shape == (5, n)
    assert (u > 0).all()
    assert (u < 1).all()
    assert u.mean() == pytest.approx(0.5, abs=5 / np.sqrt(12 * 5 * n))


@pytest.mark.parametrize("scheme", STRATIFIED)
def test_stratified_schemes_put_one_draw_in_every_stratum(scheme: Scheme) -> None:
    n = 1_024
    for row in Streams(2, 0, n, scheme).uniforms("x", 3):
        assert np.array_equal(np.sort((row * n).astype(int)), np.arange(n))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_normals_and_gammas_have_their_moments(scheme: Scheme) -> None:
    n = 20_000
    streams = Streams(0, 0, n, scheme)
    z = streams.normals("z", 4)
    assert z.mean() == pytest.approx(0, abs=5 / np.sqrt(4 * n))
    assert z.var() == pytest.approx(1, abs=5 * np.sqrt(2 / (4 * n)))
    g = streams.gammas("g", np.full(n, 2.5), 4)
    assert g.mean() == pytest.approx(2.5, abs=5 * np.sqrt(2.5 / (4 * n)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_two_streams_of_a_block_are_independent(scheme: Scheme) -> None:
    """Sobol points in their own order would not be: their correlations came out between 0.5 and 0.94 in size."""
    n = 2_000
    for block in range(5):
        one, other = (Streams(0, block, n, scheme).uniforms(name) for name in ("a", "b"))
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(n)
