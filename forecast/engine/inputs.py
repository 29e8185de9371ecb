"""Uncertain numbers: what a plan says of one, and its value in every draw of a block."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.streams import Streams

Values: TypeAlias = Array | float
"""`(n_draws,)`, or one float where the number is known."""

Outcomes: TypeAlias = NDArray[np.bool_]
"""Whether something happens, `(n_draws,)`."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A number drawn from a distribution, at the stream address `stream`."""

    stream: str
    distribution: Distribution


@dataclass(frozen=True, slots=True)
class Fitted:
    """A number taken from column `column` of the joint sector rows."""

    column: int


Input: TypeAlias = Stated | Fitted


@dataclass(frozen=True, slots=True)
class Inputs:
    """Evaluates the inputs of one block; without rows, those that are stated.

    Attributes:
        streams: random numbers of the block.
        coefficients: joint sector rows picked for the block, `(n_columns, n_draws)`.
        realisation: rows `realisation` of the plan picked for the block, `(..., n_draws)`.
        drawn: numbers drawn so far; an input that many duties or plants share is drawn once.
    """

    streams: Streams
    coefficients: Array = field(default_factory=lambda: np.empty((0, 0)))
    realisation: Mapping[str, Array] = field(default_factory=dict)
    drawn: dict[Stated, Array] = field(default_factory=dict)

    def value(self, source: Input) -> Values:
        """Value of one input in every draw; an array is not to be changed."""
        if isinstance(source, Fitted):
            return np.asarray(self.coefficients[source.column])
        if isinstance(source.distribution, Constant):
            return source.distribution.value
        if source not in self.drawn:
            self.drawn[source] = np.asarray(source.distribution.ppf(self.streams.uniforms(source.stream)))
        return self.drawn[source]

    def happens(self, stream: str, probability: Values) -> Outcomes:
        """Whether something happens, by a draw of its own."""
        return np.asarray(self.streams.uniforms(stream) < probability)

    def values(self, sources: Mapping[str, Input]) -> dict[str, Values]:
        """Values of several inputs by name."""
        return {name: self.value(source) for name, source in sources.items()}


def picked_rows(rows: Mapping[str, Array], streams: Streams, model: str) -> dict[str, Array]:
    """Joint parameter rows `(..., n_rows)` of a model, one picked at random for each draw, `(..., n_draws)`.

    The same row for every parameter, so that draws keep what the posterior knows of them together.
    """
    index = picked_places(next(iter(rows.values())).shape[-1], streams, model)
    return {name: np.asarray(values.take(index, axis=-1)) for name, values in rows.items()}


def picked_places(n_rows: int, streams: Streams, model: str) -> NDArray[np.intp]:
    """Which row of a model each draw of a block picks, `(n_draws,)`."""
    return np.asarray((streams.uniforms(f"posterior.{model}") * n_rows).astype(np.intp))


def draws_last(rows: Mapping[str, Array]) -> dict[str, Array]:
    """Parameter rows `(n_rows, ...)` as a plan holds them, `(..., n_rows)`, so that draws of a number lie together."""
    return {name: np.ascontiguousarray(np.moveaxis(values, 0, -1)) for name, values in rows.items()}


def coefficient_rows(coefficients: Array, columns: Collection[tuple[str, str]]) -> Array:
    """Columns in use of the joint rows `(n_rows, n_sectors, n_coefficients)`, as `(n_columns, n_rows)`."""
    sectors = [SECTORS.index(sector) for sector, _ in columns]
    names = [COEFFICIENTS.index(name) for _, name in columns]
    return np.ascontiguousarray(coefficients[:, sectors, names].T)
