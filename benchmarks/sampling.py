"""Random numbers inside the kernel: SFC64, and the ziggurat for normals.

A generator is four 64-bit words in an array. Sources: SFC64 of C. Doty-Humphrey's PractRand, as in numpy; ziggurat of
Marsaglia and Tsang (2000), J. Stat. Softw. 5(8), in the form of Doornik (2005), with 256 strips; gamma of Marsaglia and
Tsang (2000), ACM Trans. Math. Softw. 26(3): 363-372.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

STRIPS = 256
TAIL = 3.6541528853610088
AREA = 0.00492867323399
ONE, ELEVEN, FORTY, BYTE = np.uint64(1), np.uint64(11), np.uint64(40), np.uint64(255)
FUSED = {"fastmath": True, "error_model": "numpy", "cache": True}


def _edges() -> np.ndarray:
    """Right edges of the strips, widest first, the last one 0."""
    edges = [AREA * math.exp(TAIL**2 / 2), TAIL]
    while len(edges) < STRIPS:
        edges.append(math.sqrt(-2 * math.log(AREA / edges[-1] + math.exp(-(edges[-1] ** 2) / 2))))
    return np.array([*edges, 0.0])


EDGES = _edges()
HEIGHTS = np.exp(-(EDGES**2) / 2)
INNER = EDGES[1:] / EDGES[:-1]


@njit(inline="always", **FUSED)
def word(rng):
    """64 random bits."""
    found = rng[0] + rng[1] + rng[3]
    rng[3] += ONE
    rng[0] = rng[1] ^ (rng[1] >> ELEVEN)
    rng[1] = rng[2] + (rng[2] << np.uint64(3))
    rng[2] = ((rng[2] << np.uint64(24)) | (rng[2] >> FORTY)) + found
    return found


@njit(**FUSED)
def seeded(seed, chunk):
    """The generator of one chunk of draws."""
    rng = np.empty(4, dtype=np.uint64)
    rng[0], rng[1], rng[2], rng[3] = np.uint64(seed), np.uint64(chunk), np.uint64(0), ONE
    for _ in range(18):
        word(rng)
    return rng


@njit(inline="always", **FUSED)
def uniform(rng):
    """Uniform on the open unit interval."""
    return (np.float64(word(rng) >> ELEVEN) + 0.5) * 2.0**-53


@njit(inline="always", **FUSED)
def exponential(rng):
    return -math.log(uniform(rng))


@njit(**FUSED)
def normal(rng):
    while True:
        bits = word(rng)
        strip = int(bits & BYTE)
        signed = np.float64(bits >> ELEVEN) * 2.0**-52 - 1.0
        if abs(signed) < INNER[strip]:
            return signed * EDGES[strip]
        if strip == 0:
            return _tail(rng, signed)
        x = signed * EDGES[strip]
        height = HEIGHTS[strip] + uniform(rng) * (HEIGHTS[strip + 1] - HEIGHTS[strip])
        if height < math.exp(-x * x / 2):
            return x


@njit(**FUSED)
def _tail(rng, sign):
    while True:
        x = -math.log(uniform(rng)) / TAIL
        if -2 * math.log(uniform(rng)) > x * x:
            return math.copysign(TAIL + x, sign)


@njit(inline="always", **FUSED)
def gamma(rng, shape):
    """Gamma of unit scale and a shape of at least one."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal(rng)
        v = (1.0 + c * x) ** 3
        if v <= 0.0:
            continue
        u = uniform(rng)
        if u < 1.0 - 0.0331 * x**4 or math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
            return d * v
