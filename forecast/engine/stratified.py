"""Random numbers of a block by sampling scheme: plain, or stratified in what matters most, at little cost.

Under `latin_hypercube` and `sobol` every input that is one number, the choice of posterior rows among them, is
stratified, and of the quarterly shocks only what a year keeps of them. The standardised sums of the shocks of each
year, as normal as the shocks, are drawn by principal components of their walk, the first `LEADING` of them
stratified; how a year's sum is spread over its quarters, and the tails of the shocks, stay the plain numbers of their
address. To stratify every quarter and tail as well costs three times the simulation and makes no number steadier
(`benchmarks/README.md`).

Under `sobol` the rows and the leading components are one scrambled sequence a block, components first of all flows and
drivers, then second ones, so that the best dimensions go to what moves most; inputs of a scenario are stratified each
by itself, so that their numbers do not hang on which others there are. Either way a block has scrambles of its own
address and is an independent replicate.

Source of components of a walk as leading dimensions: Acworth, Broadie and Glasserman (1998), in Monte Carlo and
Quasi-Monte Carlo Methods 1996, Springer: 1-18.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from forecast.dims import Array
from forecast.stats.special import ndtri
from forecast.stats.streams import Scheme, Streams

WALKS = {
    "baseline.shock": (2, 4),
    "drivers.shock": (3, 4),
    "bridge.shock": (2, 1),
    "localization.innovation": (2, 4),
}
"""Streams whose rows are steps of walks side by side: how many walks, and steps a year."""

LEADING = 6
"""Components of a walk of years that are stratified: they hold 98 % of the variance of a path of ten."""

MODELS = ("baseline", "bridge", "drivers", "running", "sectors", "localization", "realisation")
"""Models whose rows are picked by the first dimensions of a sequence, the one that moves most first."""


def block_of_streams(seed: int, block: int, n_draws: int, scheme: Scheme) -> Streams:
    """The random numbers of one block under a sampling scheme.

    >>> a = block_of_streams(0, 3, 1_000, "latin_hypercube").uniforms("investments.HMG-06.scale")
    >>> bool((np.sort(a * 1_000).astype(int) == np.arange(1_000)).all())
    True
    """
    return (Streams if scheme == "plain" else Stratified)(seed, block, n_draws, scheme)


@dataclass(frozen=True, slots=True)
class Stratified(Streams):
    """Random numbers of one block, stratified where the module says."""

    def points(self, name: str, n_rows: int | None = None) -> Array:
        """Uniforms of one stream by itself; several rows of them are plain."""
        if n_rows is not None:
            return self._plain.points(name, n_rows)
        dimension = _DIMENSIONS.get(name)
        if self.scheme == "sobol" and dimension is not None:
            return np.asarray(_sequence(self.seed, self.block, self.n_draws)[dimension])
        return Streams(self.seed, self.block, self.n_draws, "latin_hypercube").points(name)

    def normals(self, name: str, n_rows: int) -> Array:
        """Standard normals, `(n_rows, n_draws)`; of the steps of walks, sums of years are stratified."""
        steps = self._plain.normals(name, n_rows)
        if name not in WALKS:
            return steps
        n_walks, a_year = WALKS[name]
        walks = steps.reshape(-1, n_walks, self.n_draws)
        begun = len(walks) % a_year  # steps left of the first year: a run ends with one
        first, others = walks[None, :begun], walks[begun:].reshape(-1, a_year, n_walks, self.n_draws)
        parts = [part for part in (first, others) if part.size]
        years = np.concatenate([part.sum(axis=1) / np.sqrt(part.shape[1]) for part in parts])
        moves = self._years(name, years) - years
        for part, move in zip(parts, np.split(moves, [1] if len(parts) > 1 else []), strict=True):
            part += (move / np.sqrt(part.shape[1]))[:, None]
        return steps

    def gammas(self, name: str, shape: Array, n_rows: int) -> Array:
        """Gamma variates of unit scale, `(n_rows, n_draws)`, as under the plain scheme."""
        return self._plain.gammas(name, shape, n_rows)

    @property
    def _plain(self) -> Streams:
        return Streams(self.seed, self.block, self.n_draws)

    def _years(self, name: str, plain: Array) -> Array:
        """Standardised sums of years with leading components stratified, `(n_years, n_walks, n_draws)`.

        Args:
            plain: such sums as they were drawn, of which the other components stay.
        """
        n_years, n_walks, _ = plain.shape
        axes = _components(n_years)[: min(LEADING, n_years)]
        leading = self._leading(name, len(axes), n_walks)
        # in place of what the sums hold of the leading components; loops of numpy's own, since BLAS may add in another
        # order with another number of threads
        move = leading - np.einsum("ky,ywn->kwn", axes, plain, optimize=False)
        return np.asarray(plain + np.einsum("ky,kwn->ywn", axes, move, optimize=False))

    def _leading(self, name: str, n_components: int, n_walks: int) -> Array:
        """Leading components, standard normals, `(n_components, n_walks, n_draws)`."""
        if self.scheme == "sobol":
            dimensions = [
                _DIMENSIONS[_component(name, k, walk)] for k in range(n_components) for walk in range(n_walks)
            ]
            points = _sequence(self.seed, self.block, self.n_draws)[dimensions]
        else:
            hypercube = Streams(self.seed, self.block, self.n_draws, "latin_hypercube")
            points = hypercube.points(f"{name}.years", n_components * n_walks)
        return ndtri(points).reshape(n_components, n_walks, self.n_draws)


@lru_cache
def _components(n_years: int) -> Array:
    """Principal components of a walk of years in its standardised steps, a row each, the largest first."""
    odd = 2.0 * np.arange(n_years) + 1.0
    return np.asarray(2.0 * np.cos(np.pi * np.multiply.outer(odd, odd) / (4 * n_years + 2)) / np.sqrt(2 * n_years + 1))


def _component(name: str, k: int, walk: int) -> str:
    return f"{name}.{walk}.{k}"


_DIMENSIONS = {
    name: dimension
    for dimension, name in enumerate(
        (
            *(f"posterior.{model}" for model in MODELS),
            *(_component(name, k, walk) for k in range(LEADING) for name, (n, _) in WALKS.items() for walk in range(n)),
        )
    )
} | {"posterior.carry_over": MODELS.index("running")}  # a plan has rows of one of the two
"""Dimension of the sequence by stream or component."""


@lru_cache(maxsize=1)
def _sequence(seed: int, block: int, n_draws: int) -> Array:
    """One scrambled sequence of a block, `(n_dimensions, n_draws)`."""
    whole = Streams(seed, block, n_draws, "sobol").points("sobol", len({*_DIMENSIONS.values()}))
    whole.flags.writeable = False
    return whole
