"""Quantiles and probabilities of the normal, Student's t and beta, elementwise, as `scipy.special` has them.

Those of the normal are written out with its names: that module is right to the same last digits and takes as long to
import as thousands of draws take to simulate, and most runs need nothing else of it. Source of the quantiles: Wichura
(1988), Algorithm AS 241, Applied Statistics 37: 477-484. The others are scipy's, mended where these round to other
numbers than zero.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from forecast.dims import Array

_MIDDLE, _NEAR, _FAR = 0.425, 1.6, 5.0
"""Distance from one half up to which the first fraction holds; where the other two are centred, the last from 5 on."""

_CENTRAL = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip
_FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)  # fmt: skip
"""Numerators and denominators of rational functions, highest powers first."""


def ndtri(u: ArrayLike) -> Array:
    """Quantiles at levels `u`, of any shape: infinite at 0 and 1, NaN outside.

    >>> ndtri([0.0, 0.1, 0.5, 0.975]).round(4).tolist()
    [-inf, -1.2816, 0.0, 1.96]
    """
    level = np.asarray(u, dtype=float)
    centred = level - 0.5
    score = centred * _fraction(_CENTRAL, _MIDDLE**2 - centred * centred)
    outer = np.abs(centred) > _MIDDLE
    if outer.any():
        score = np.where(outer, 0.0, score)
        score[outer] = _tail_scores(level[outer])
    return np.asarray(score)


def _tail_scores(level: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.sqrt(-np.log(np.minimum(level, 1.0 - level)))
        size = _fraction(_TAIL, depth - _NEAR)
        far = depth > _FAR
        if far.any():
            size[far] = np.where(np.isinf(depth[far]), np.inf, _fraction(_FAR_TAIL, depth[far] - _FAR))
    return np.copysign(size, level - 0.5)


def _fraction(powers: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    """A rational function by Horner's rule."""
    parts = []
    for first, *others in powers:
        part = np.full_like(x, first)
        for coefficient in others:
            part *= x
            part += coefficient
        parts.append(part)
    return np.asarray(parts[0] / parts[1])


def ndtr(x: ArrayLike) -> Array:
    """Probabilities of a value at most `x`, of any shape, exact in the lower tail.

    >>> ndtr([-1.96, 0.0, 8.5]).round(4).tolist()
    [0.025, 0.5, 1.0]
    """
    return np.asarray(0.5 * _ERFC(np.asarray(x, dtype=float) * -math.sqrt(0.5)), dtype=float)


_ERFC = np.frompyfunc(math.erfc, 1, 1)


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
