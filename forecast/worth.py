"""What it would be worth to know a single input: given draws of an outcome and of the inputs behind it.

The value of learning an input is the expected fall of the outcome's variance, which is its first-order share, and the
expected narrowing of its 80 % interval, in the unit of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Array
from forecast.layout import short
from forecast.shares import Estimate, classes, explained_share, narrowing, standard_error

TAIL = 0.1
"""Part of the draws at either end of an input that its swing is read from."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What one input tells of an outcome.

    Attributes:
        name: for readers.
        share: of the variance, first order.
        narrowing: of the 80 % interval if the input were known, mean, bn USD a year.
        levels: mean of the input in its lowest and its highest tenth of draws.
        swing: mean of the outcome there, bn USD a year.
        values: of the input, `(n_draws,)`.
    """

    name: str
    share: Estimate
    narrowing: Estimate
    levels: tuple[float, float]
    swing: tuple[float, float]
    values: Array

    @property
    def labels(self) -> tuple[str, str]:
        """The input where it is low and where it is high, as text: `no` and `yes` where it is one of both."""
        if set(np.unique(self.values)) == {0.0, 1.0}:
            return "no", "yes"
        low, high = ("0" if level == 0 else short(level) for level in self.levels)
        return low, high


def worth_knowing(values: Mapping[str, Array], outcome: Array, block_size: int) -> tuple[Worth, ...]:
    """What each input tells of an outcome, the largest share first; those not told from nothing are left out.

    Args:
        values: draws of each input, `(n_draws,)`, by name.
        outcome: draws of the outcome, `(n_draws,)`.
        block_size: draws in a block.
    """
    shares = {name: _by_block(explained_share, outcome, drawn, block_size) for name, drawn in values.items()}
    told = [name for name, share in shares.items() if share.value > 2 * share.error]
    ranked = sorted(told, key=lambda name: -float(shares[name].value))
    return tuple(_worth(name, shares[name], values[name], outcome, block_size) for name in ranked)


def _worth(name: str, share: Estimate, values: Array, outcome: Array, block_size: int) -> Worth:
    low, high = _lowest(values), _lowest(-values)
    return Worth(
        name=name,
        share=share,
        narrowing=_by_block(narrowing, outcome, values, block_size),
        levels=(float(values[low].mean()), float(values[high].mean())),
        swing=(float(outcome[low].mean()), float(outcome[high].mean())),
        values=values,
    )


def _lowest(values: Array) -> NDArray[np.bool_]:
    """The draws in the lowest tenth of an input, or as near to it as leaves an atom whole, `(n_draws,)`."""
    end = np.quantile(values, TAIL)
    below, reached = values < end, values <= end
    return below if below.any() and reached.mean() - TAIL > TAIL - below.mean() else reached


def _by_block(statistic: Callable[..., float], outcome: Array, values: Array, block_size: int) -> Estimate:
    """A statistic of all draws in classes of an input, its error from the spread of the same statistic of blocks."""
    parts = range(0, outcome.size - block_size + 1, block_size)
    spread = [statistic(outcome[i : i + block_size], classes(values[i : i + block_size])) for i in parts]
    return Estimate(np.asarray(statistic(outcome, classes(values))), standard_error(np.asarray(spread)))
