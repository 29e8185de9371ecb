"""Was a forecast any good: scores of a distribution given as quantiles, once its outcome is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.draws import Array


def crps(levels: Sequence[float], quantiles: Array, outcome: float) -> float:
    """Continuous ranked probability score, in the unit of the outcome: twice the mean pinball loss over the levels.

    0 is perfect; for a point forecast it is the absolute error.

    Args:
        levels: evenly spread over (0, 1), such as 0.01 to 0.99.
        quantiles: `(n_levels,)`.
        outcome: what was observed.
    """
    import scoringrules

    return float(scoringrules.crps_quantile(outcome, quantiles, np.asarray(levels), backend="numpy"))


def pit(levels: Sequence[float], quantiles: Array, outcome: float) -> float:
    """Where the outcome fell: the probability forecast for anything below it.

    Linear between levels. Beyond the outermost ones it is taken half way between them and 0 or 1, and where quantiles
    are all one number that is also the outcome, it is 0.5.
    """
    ends = 0.5 * levels[0], 0.5 * (1 + levels[-1])
    below = np.interp(outcome, quantiles, levels, left=ends[0], right=ends[1])
    above = 1 - np.interp(-outcome, -quantiles[::-1], 1 - np.asarray(levels)[::-1], left=1 - ends[1], right=1 - ends[0])
    return float(0.5 * (below + above))


def covered(pit: float, width: int) -> bool:
    """Whether the outcome fell inside the equal-tailed interval of a width in percent."""
    return abs(pit - 0.5) <= width / 200
