"""How the baseline and the bridge between the two books move, given parameter rows and shocks: numpy only.

Rows reach this module draw-last, `(..., n_draws)`; a stored posterior holds them draw-first, `(n_rows, ...)`.
In pairs, index 0 is exports and 1 imports, Korea's view.

| group        | row                | shape  | meaning, unit                                                        |
|--------------|--------------------|--------|----------------------------------------------------------------------|
| baseline     | drift              | (2,)   | log growth a quarter where exports/imports is at its equilibrium     |
|              | season             | (4, 2) | log growth added in calendar quarter 1..4; each column sums to zero  |
|              | moving_average     | (2,)   | part of the last quarter's shock that comes back this quarter        |
|              | adjustment         | (2,)   | speed at which each flow closes the gap, share of it a quarter       |
|              | ratio              | ()     | equilibrium of log(exports / imports)                                |
|              | shock_factor       | (2, 2) | lower Cholesky factor of the scale of the shocks, log points         |
|              | degrees_of_freedom | ()     | tail of the shocks, one draw for both flows                          |
|              | last_shock         | (2,)   | shock of the origin's quarter, log points                            |
| bridge       | mean               | (2,)   | mean of log(Korean customs / US Census) in the year of `state`       |
|              | drift              | (2,)   | change of that mean a year, log points                               |
|              | persistence        | (2,)   | share of a deviation from the mean that remains after a year         |
|              | shock_factor       | (2, 2) | lower Cholesky factor of the scale of the annual shocks, log points  |
|              | degrees_of_freedom | ()     | tail of the annual shocks, one draw for both flows                   |
|              | state              | (2,)   | log ratio of the year that holds the first quarter after the origin  |
| localization | level              | (2,)   | at the origin: log(local / korea), log(third_country / korea)        |
|              | slope              | (2,)   | change of the level a year                                           |
|              | innovation         | (2,)   | sd of the level's random walk, a square root of a year               |
|              | fitted_2020        | (3,)   | shares korea, local, third_country on the fitted trend in 2020       |
|              | fitted_2023        | (3,)   | the same in 2023                                                     |
| realisation  | hazard             | (3,)   | chance a year that a plant is given up, by kind, in an average sector |
|              | hazard_sector      | (12,)  | ratio of a sector's hazard to the average                            |
|              | late               | ()     | chance that production starts more than two months late              |
|              | delay_shape        | ()     | shape of Weibull's law of what a late start is late beyond two months |
|              | delay_scale        | (3,)   | scale of that law, quarters, by kind, in an average sector           |
|              | delay_sector       | (12,)  | ratio of a sector's scale to the average                             |
|              | revision_spread    | (3,)   | sd of log(realised over stated amount), by kind                      |
| sectors      | coefficients       | (12, 10) | sector coefficients, in the order of `SECTORS` and `COEFFICIENTS`  |

Baseline, with y = log flow, e the shock, and the ratio's gap g[t] = y[t, exports] - y[t, imports] - ratio:

    y[t] = y[t-1] + drift + season[quarter of t] + (-, +) adjustment * g[t-1] + e[t] + moving_average * e[t-1]
    e[t] = shock_factor @ normal[t] * sqrt(degrees_of_freedom / (2 * tail[t]))

so that e is bivariate Student t when tail is gamma with shape degrees_of_freedom / 2 and unit scale, and exactly
normal when tail equals degrees_of_freedom / 2. Bridge, with r = log ratio, n years after that of `state`, and
shocks of the same form:

    r[n] = m[n] + persistence * (r[n-1] - m[n-1]) + e[n],    m[n] = mean + drift * n
normal when tail equals degrees_of_freedom / 2.

Kinds are in the order of `realisation.KINDS`, whose module has the laws of one plant, and sectors in that of `SECTORS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from forecast.draws import Array

FLOWS = ("exports", "imports")
"""Order of the flow axis in every row and array of this module."""


def baseline_flows(
    rows: Mapping[str, Array], history: Array, first_quarter: int, normals: Array, tail: Array
) -> tuple[Array, Array]:
    """Exports and imports without new investment, each `(n_periods, n_draws)`, bn USD a quarter, US Census basis.

    Args:
        rows: group `baseline`, `(..., n_draws)` each.
        history: `(n_quarters, 2)` log bn USD a quarter; only the last row, the origin's, is used.
        first_quarter: index of the first simulated quarter.
        normals: `(n_periods, 2, n_draws)` standard normals; left as they are.
        tail: `(n_periods, n_draws)` gamma variates of shape `degrees_of_freedom / 2` and unit scale.
    """
    path = _moving_average(rows, student_shocks(rows, normals, tail))
    path += _steady_growth(rows)[(first_quarter + np.arange(len(path))) % 4]
    _accumulate(path, history[-1], rows)
    flows = np.exp(path, out=path)
    return flows[:, 0], flows[:, 1]


def bridge_ratios(rows: Mapping[str, Array], normals: Array, tail: Array) -> Array:
    """Korean customs over US Census by flow and year, `(n_years, 2, n_draws)`.

    The first year is the one `state` stands for, that of the first quarter after the origin.

    Args:
        rows: group `bridge`, `(..., n_draws)` each.
        normals: `(n_years - 1, 2, n_draws)` standard normals, one pair for each year after the first.
        tail: `(n_years - 1, n_draws)` gamma variates of shape `degrees_of_freedom / 2` and unit scale.
    """
    shocks = student_shocks(rows, normals, tail)
    drift, persistence = rows["drift"], rows["persistence"]
    path = np.empty((len(shocks) + 1, *shocks.shape[1:]))
    path[0] = rows["state"] - rows["mean"]
    for year, shock in enumerate(shocks):
        path[year + 1] = persistence * path[year] + shock
    path += rows["mean"]
    path += drift * np.arange(len(path))[:, None, None]
    return np.exp(path, out=path)


def student_shocks(rows: Mapping[str, Array], normals: Array, tail: Array) -> Array:
    """Bivariate Student t shocks in log points, `(n_periods, 2, n_draws)`, from rows of `baseline` or `bridge`."""
    stretch = np.sqrt(0.5 * rows["degrees_of_freedom"] / tail)
    factor = rows["shock_factor"]
    shocks = np.empty_like(normals)
    np.multiply(factor[0, 0], normals[:, 0], out=shocks[:, 0])
    np.multiply(factor[1, 0], normals[:, 0], out=shocks[:, 1])
    shocks[:, 1] += factor[1, 1] * normals[:, 1]
    shocks *= stretch[:, None]
    return shocks


def baseline_shocks(rows: Mapping[str, Array], history: Array, first_quarter: int) -> Array:
    """Shocks in log points that the baseline sees in observed flows, `(n_quarters, 2, n_draws)`.

    The inverse of `baseline_flows`, with no shock before the first.

    Args:
        rows: group `baseline`, `(..., n_draws)` each; `last_shock` is not used.
        history: `(n_quarters + 1, 2)` log bn USD a quarter.
        first_quarter: index of the quarter of `history[1]`.
    """
    quarters = (first_quarter + np.arange(len(history) - 1)) % 4
    gaps = (history[:-1, 0] - history[:-1, 1])[:, None, None]
    shocks = np.diff(history, axis=0)[:, :, None] - _steady_growth(rows)[quarters] - _pull(rows) * gaps
    for earlier, shock in pairwise(shocks):
        shock -= rows["moving_average"] * earlier
    return np.asarray(shocks)


def _moving_average(rows: Mapping[str, Array], shocks: Array) -> Array:
    """Shock of a quarter plus what comes back of the one before, `(n_periods, 2, n_draws)`."""
    back = rows["moving_average"]
    moved = np.empty_like(shocks)
    np.multiply(back, rows["last_shock"], out=moved[0])
    np.multiply(back, shocks[:-1], out=moved[1:])
    moved += shocks
    return moved


def _steady_growth(rows: Mapping[str, Array]) -> Array:
    """Log growth in calendar quarters 1..4 where the ratio is zero, `(4, 2, n_draws)`."""
    return np.asarray(rows["season"] + rows["drift"] - _pull(rows) * rows["ratio"])


def _pull(rows: Mapping[str, Array]) -> Array:
    """Response of log exports and log imports to log(exports / imports), `(2, n_draws)`."""
    return np.asarray(rows["adjustment"] * np.array([[-1.0], [1.0]]))


def _accumulate(path: Array, start: Array, rows: Mapping[str, Array]) -> None:
    """Turn growth without adjustment, `(n_periods, 2, n_draws)`, into log levels, in place."""
    pull = _pull(rows)
    level = np.broadcast_to(start[:, None], path.shape[1:])
    for growth in path:
        growth += level
        growth += pull * (level[0] - level[1])
        level = growth
