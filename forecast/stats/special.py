"""Functions of scipy, mended where these round to other numbers than zero."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike

from forecast.dims import Array


def student_below(df: float, x: ArrayLike) -> Array:
    """Probability below values of Student's t distribution with centre 0 and scale 1, elementwise.

    scipy's takes all that is within 1e-8 of the centre for the centre.

    >>> student_below(1.0, [-1.0, 0.0, 1.0]).round(12).tolist(), bool(student_below(1.0, -1e-12) < 0.5)
    ([0.25, 0.5, 0.75], True)
    """
    x = np.asarray(x, dtype=float)
    squared = np.clip(x, -1.0, 1.0) ** 2
    half = 0.5 * scipy.special.betainc(0.5, df / 2, squared / (df + squared))
    return np.asarray(np.where(np.abs(x) < 1.0, 0.5 + np.sign(x) * half, scipy.special.stdtr(df, x)))


def student_quantile(df: float, level: ArrayLike) -> Array:
    """Quantiles of Student's t distribution with centre 0 and scale 1, elementwise.

    scipy's has the upper end at level 0.

    >>> student_quantile(4.0, [0.0, 0.5, 1.0]).tolist()
    [-inf, 0.0, inf]
    """
    return np.asarray(np.where(np.asarray(level) > 0.0, scipy.special.stdtrit(df, level), -np.inf))


def beta_quantile(alpha: float, beta: float, level: ArrayLike) -> Array:
    """Quantiles of a beta distribution, elementwise."""
    return _unfloored(scipy.special.betaincinv(alpha, beta, level))


def beta_quantile_above(alpha: float, beta: float, level: ArrayLike) -> Array:
    """Quantiles at levels counted from above."""
    return _unfloored(scipy.special.betainccinv(alpha, beta, level))


def _unfloored(quantiles: ArrayLike) -> Array:
    """Quantiles, 0 where scipy has the least number that it can hold in place of a smaller one."""
    return np.asarray(np.where(np.asarray(quantiles) <= np.finfo(float).tiny, 0.0, quantiles))
