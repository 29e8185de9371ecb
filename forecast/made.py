"""Data made from a parameter row, and what lies behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from forecast.draws import Array

Rows: TypeAlias = Mapping[str, Array]
"""One parameter row of a model as `processes` takes it, `(..., 1)`."""

Observed = TypeVar("Observed")


@dataclass(frozen=True, slots=True)
class Made(Generic[Observed]):
    """Data made from a parameter row.

    Attributes:
        observed: in the form of those observed.
        states: by name, the free parameters of the model that were made on the way and lie behind the data.
    """

    observed: Observed
    states: Mapping[str, Array] = field(default_factory=dict)
