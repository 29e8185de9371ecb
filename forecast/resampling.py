"""Random numbers of a block of which some sources are drawn again, or held at one value, and all others stay.

Because every number has an address, a source is drawn again by reading its streams at another address (`again.` before
the name, same seed), and everything else keeps its bits. That is what pick-freeze estimators need, by construction.
Correlated inputs are mixed from streams that are drawn again or held one by one, below the mix (`streams`), so that
sources stay independent whatever a scenario correlates.

A numpy gamma variate takes as many raw numbers as its shape makes it reject, so that another shape in one draw would
shift all draws after it. Here every cell has its own row of proposals (Marsaglia and Tsang 2000, ACM Transactions on
Mathematical Software 26: 363-372): the law is exact, and a variate answers to its own shape alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.draws import Array
from forecast.sources import source_of
from forecast.streams import Streams, generator


@dataclass(frozen=True, slots=True)
class Resampled(Streams):
    """Streams of one block, with sources drawn again or held.

    Attributes:
        again: sources (`sources.SOURCES`) read at another address.
        held: sources that are the same in all draws of the block, as in its first.
    """

    again: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def points(self, name: str, n_rows: int | None = None) -> Array:
        """Uniforms of one stream by itself, `(n_draws,)` or `(n_rows, n_draws)`."""
        return self._spread(self._plain(name).points(self._address(name), n_rows))

    def normals(self, name: str, n_rows: int) -> Array:
        """Standard normals, `(n_rows, n_draws)`."""
        return self._spread(self._plain(name).normals(self._address(name), n_rows))

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        """Gamma variates of unit scale, `(n_rows, n_draws)`, with one shape parameter a draw `(n_draws,)`."""
        n_columns = self._plain(name).n_draws
        return _gammas(generator(self.seed, self._address(name), self.block), shape, (n_rows, n_columns))

    def _address(self, name: str) -> str:
        return f"again.{name}" if source_of(name) in self.again else name

    def _plain(self, name: str) -> Streams:
        return Streams(self.seed, self.block, 1 if source_of(name) in self.held else self.n_draws, self.scheme)

    def _spread(self, numbers: Array) -> Array:
        return np.repeat(numbers, self.n_draws // numbers.shape[-1], axis=-1)


def _gammas(rng: np.random.Generator, shape: Array, size: tuple[int, int]) -> Array:
    """Gamma variates `(n_rows, n_draws)` from proposals of `size`, each cell's the same whatever the shapes.

    Drawn at one above the shape, where few proposals are refused, and brought back by a power of a uniform.
    """
    d = shape + 2.0 / 3.0
    back = rng.random(size) ** (1.0 / shape)
    values = np.full(np.broadcast_shapes(size, shape.shape), np.nan)
    while (open_cells := np.isnan(values)).any():
        normals, uniforms = rng.standard_normal(size), rng.random(size)
        cubes = np.maximum(1.0 + normals / np.sqrt(9.0 * d), 0.0) ** 3
        with np.errstate(divide="ignore"):
            taken = np.log(uniforms) < 0.5 * normals**2 + d * (1.0 - cubes + np.log(cubes))
        values = np.where(open_cells & taken, d * cubes, values)
    return np.asarray(values * back)
