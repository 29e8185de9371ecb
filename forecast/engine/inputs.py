"""Uncertain numbers: what a plan says of one, and its value in every draw of a block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.stats.distributions import Constant, Law
from forecast.stats.streams import Streams

Values: TypeAlias = Array | float
"""`(n_draws,)`, or one float where the number is known."""


Outcomes: TypeAlias = NDArray[np.bool_]
"""Whether something happens, `(n_draws,)`."""


Work = TypeVar("Work")


@dataclass(frozen=True, slots=True)
class Judged:
    """A number drawn from a law, at the stream address `stream`."""

    stream: str
    law: Law


@dataclass(frozen=True, slots=True)
class Learned:
    """A number taken from column `column` of the joint sector rows."""

    column: int


Input: TypeAlias = Judged | Learned


@dataclass(frozen=True, slots=True)
class Inputs:
    """Evaluates the inputs of one block; without rows, those that are stated.

    Attributes:
        streams: random numbers of the block.
        coefficients: joint sector rows picked for the block, `(n_columns, n_draws)`.
        realisation: rows `realisation` of the plan picked for the block, `(..., n_draws)`.
        kept: what was worked out before, see `remembered`; to be shared between plans of one block only.
    """

    streams: Streams
    coefficients: Array = field(default_factory=lambda: np.empty((0, 0)))
    realisation: Mapping[str, Array] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict)

    def value(self, source: Input) -> Values:
        """Value of one input in every draw."""
        if isinstance(source, Learned):
            return np.asarray(self.coefficients[source.column])
        if isinstance(source.law, Constant):
            return source.law.value
        law, stream = source.law, source.stream
        return np.asarray(self.remembered(source, None, lambda: law.ppf(self.streams.uniforms(stream))))

    def remembered(self, key: object, grounds: object, work: Callable[[], Work]) -> Work:
        """What was worked out last under a key if it was on the same grounds, else worked out now; not to be changed.

        Args:
            key: one result is kept for each.
            grounds: all that the result follows from, apart from key, block and posterior.
            work: works it out.
        """
        found = self.kept.get(key)
        if found is None or found[0] != grounds:
            self.kept[key] = found = grounds, work()
        result: Work = found[1]
        return result

    def happens(self, stream: str, probability: Values) -> Outcomes:
        """Whether something happens, by a draw of its own."""
        return np.asarray(self.streams.uniforms(stream) < probability)

    def values(self, sources: Mapping[str, Input]) -> dict[str, Values]:
        """Values of several inputs by name."""
        return {name: self.value(source) for name, source in sources.items()}
