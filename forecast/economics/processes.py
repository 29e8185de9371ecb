"""Equations of the baseline, the drivers and the bridge between the two books, given rows and shocks: numpy only.

Rows reach this module draw-last, `(..., n_draws)`; a stored posterior holds them draw-first, `(n_rows, ...)`.
In pairs, index 0 is exports and 1 imports, Korea's view.

| group        | row                | shape  | meaning, unit                                                        |
|--------------|--------------------|--------|----------------------------------------------------------------------|
| baseline     | drift              | ()     | log growth a quarter of both flows at the ratio's equilibrium        |
|              | season             | (4, 2) | log growth added in calendar quarter 1..4; each column sums to zero  |
|              | moving_average     | (2,)   | part of the last quarter's shock that this quarter brings again: of  |
|              |                    |        | what both flows share and of what parts them                         |
|              | adjustment         | (2,)   | speed at which each flow closes the gap, share of it a quarter       |
|              | ratio              | ()     | equilibrium of log(exports / imports)                                |
|              | shock_factor       | (2, 2) | lower Cholesky factor of the scale of the shocks, log points         |
|              | degrees_of_freedom | ()     | tail of the shocks, one draw for both flows                          |
|              | response           | (2, 3) | log points of each flow for one of each driver above its usual pace  |
|              | last_shock         | (2,)   | shock of the origin's quarter, log points                            |
| drivers      | drift              | (3,)   | usual pace of US output, won per dollar, oil: log growth a quarter   |
|              | moving_average     | (3,)   | part of the last quarter's shock that follows this quarter           |
|              | shock_factor       | (3, 3) | lower Cholesky factor of the scale of their shocks, log points       |
|              | degrees_of_freedom | ()     | tail of their shocks, one draw for all three                         |
|              | carried            | (3,)   | what the origin's quarter brings to the next one's growth            |
| carry_over   | back               | (2,)   | part of a quarter's growth that comes again in the next one's: of    |
|              |                    |        | what both flows share and of what parts them, as all but `shift`     |
|              | carried            | (2,)   | part that comes of a quarter's last month above its mean, log points |
|              | shock_factor       | (2, 2) | lower Cholesky factor of the scale of the rest, log points           |
|              | degrees_of_freedom | ()     | tail of the rest, one draw for both                                  |
|              | kept               | (2,)   | share of the scale of the first quarter's shock that is left open    |
|              | shift              | (2,)   | what the origin's last month brings to the first quarter, log points |
| running      | level              | (2,)   | log of the running quarter over its months known                     |
|              | noise_factor       | (2, 2) | lower Cholesky factor of the error of that, log points               |
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
|              | delay_shape        | ()     | shape of Weibull's distribution of a delay beyond two months         |
|              | delay_scale        | (3,)   | scale of that distribution, quarters, by kind, in an average sector  |
|              | delay_sector       | (12,)  | ratio of a sector's scale to the average                             |
|              | revised            | ()     | chance that an amount is revised at all                              |
|              | revision_spread    | (3,)   | sd of log(realised over stated amount) of one that is, by kind       |
| sectors      | coefficients       | (12, 12) | sector coefficients, in the order of `SECTORS` and `COEFFICIENTS`  |

Baseline, with y = log flow, e the shock, and the ratio's gap g[t] = y[t, exports] - y[t, imports] - ratio:

    y[t] = y[t-1] + drift + season[quarter of t] + (-, +) adjustment * g[t-1] + e[t] + c[t-1]
    c[t] = moving_average[0] * (e[t, exports] + e[t, imports]) / 2 * (1, 1)
         + moving_average[1] * (e[t, exports] - e[t, imports]) / 2 * (1, -1)
    e[t] = response @ x[t] + shock_factor @ normal[t] * sqrt(degrees_of_freedom / (2 * tail[t]))

with x the growth of the drivers less their usual pace: what moves both flows tends to stay, part of what moves one
alone is made up for. The second term of e is bivariate Student t when tail is gamma with shape degrees_of_freedom / 2
and unit scale, exactly normal when tail equals degrees_of_freedom / 2, and bounded: see `LARGEST_SHOCK`. Drivers:

    growth[t] = drift + e[t] + moving_average * e[t-1],    with `carried` for the last term of the first quarter

Where the months of the origin's quarter are the last ones known, the second term of the first shock is times `kept`,
and `shift` is added to it; what drivers bring stays open. A mean over a quarter of a level that walks at random lags
its last month, which the next quarter starts from (Working 1960, Econometrica 28: 916-918): the carry-over of it.

Bridge, with r = log ratio, n years after that of `state`, and shocks of the same form:

    r[n] = m[n] + persistence * (r[n-1] - m[n-1]) + e[n],    m[n] = mean + drift * n

Kinds are in the order of `realisation.KINDS`, whose module has the distributions of one plant, and sectors in that of
`SECTORS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecast.dims import FLOWS, Array

LARGEST_SHOCK = 25.0
"""Length at which a shock ends, in units of its scale: that of `normal * sqrt(degrees_of_freedom / (2 * tail))`.

The exponential of a Student t has no mean: in one of some million draws imports were a hundred million times too large.
A shock that long keeps its direction and its place among the draws and takes this length. No row that is stored sees a
longer one in the whole record, which knows lengths of up to 24 (US output in the spring of 2020), 22 (the two books in
2026) and 13 (trade in 1998): the likelihood of what was observed, which the fits use, is the same with the bound as
without.
"""


@dataclass(frozen=True, slots=True)
class Nowcast:
    """The quarter after the origin as far as its months are known.

    Attributes:
        flows: `(2, n_draws)` log bn USD a quarter that the months point to.
        factor: `(2, 2, n_draws)` lower Cholesky factor of its error, log points.
        normals: `(2, n_draws)` standard normals.
    """

    flows: Array
    factor: Array
    normals: Array


@dataclass(frozen=True, slots=True)
class CarryOver:
    """What the last month of the origin's quarter says of the quarter after it.

    Attributes:
        shift: `(2, n_draws)` added to log exports and imports.
        kept: `(2, n_draws)` share of the shock's scale that is left open, of what both flows share and what parts them.
    """

    shift: Array
    kept: Array


def driver_growth(rows: Mapping[str, Array], normals: Array, tail: Array) -> Array:
    """Log growth of the drivers, `(n_periods, 3, n_draws)`.

    Args:
        rows: group `drivers`, `(..., n_draws)` each.
        normals: `(n_periods, 3, n_draws)` standard normals.
        tail: `(n_periods, n_draws)` gamma variates of shape `degrees_of_freedom / 2` and unit scale.
    """
    shocks = student_shocks(rows, normals, tail)
    growth = shocks + rows["drift"]
    growth[0] += rows["carried"]
    growth[1:] += rows["moving_average"] * shocks[:-1]
    return np.asarray(growth)


def baseline_flows(
    rows: Mapping[str, Array],
    history: Array,
    first_quarter: int,
    normals: Array,
    tail: Array,
    forcing: Array | None = None,
    known: Nowcast | CarryOver | None = None,
) -> tuple[Array, Array]:
    """Exports and imports without new investment, each `(n_periods, n_draws)`, bn USD a quarter, US Census basis.

    Args:
        rows: group `baseline`, `(..., n_draws)` each.
        history: `(n_quarters, 2)` log bn USD a quarter; only the last row, the origin's, is used.
        first_quarter: index of the first simulated quarter.
        normals: `(n_periods, 2, n_draws)` standard normals; left as they are.
        tail: `(n_periods, n_draws)` gamma variates of shape `degrees_of_freedom / 2` and unit scale.
        forcing: `(n_periods, 3, n_draws)` growth of the drivers less their usual pace; None where none is observed.
        known: what months say of the first simulated quarter.
    """
    shocks = student_shocks(rows, normals, tail)
    if isinstance(known, CarryOver):
        shocks[0] = _mixed(known.kept, shocks[0]) + known.shift
    if forcing is not None:
        _respond(shocks, rows["response"], forcing)
    if isinstance(known, Nowcast):
        expected = _next_flows(rows, history[-1], first_quarter) + shocks[0]
        scale = rows["shock_factor"] * _stretch(rows["degrees_of_freedom"], normals[:1], tail[:1])[0]
        shocks[0] += _surprise(known, expected, scale)
    path = _moving_average(rows, shocks)
    path += _steady_growth(rows)[(first_quarter + np.arange(len(path))) % 4]
    _accumulate(path, history[-1], rows)
    flows = np.exp(path, out=path)
    return flows[:, 0], flows[:, 1]


def _respond(shocks: Array, response: Array, forcing: Array) -> None:
    """Add to shocks `(n_periods, 2, n_draws)` what drivers beside their usual pace make of the flows, in place."""
    # six products of rows: an einsum would make a copy of all shocks
    for flow in range(len(FLOWS)):
        for driver in range(forcing.shape[1]):
            shocks[:, flow] += response[flow, driver] * forcing[:, driver]


def _next_flows(rows: Mapping[str, Array], last: Array, quarter: int) -> Array:
    """Log flows of the quarter after the last one without a shock of its own, `(2, n_draws)`."""
    gap = last[0] - last[1]
    carried = _mixed(rows["moving_average"], rows["last_shock"])
    return np.asarray(last[:, None] + _steady_growth(rows)[quarter % 4] + _pull(rows) * gap + carried)


def _surprise(nowcast: Nowcast, expected: Array, factor: Array) -> Array:
    """Correction of a simulated first quarter by its nowcast, `(2, n_draws)`, given its tail.

    A draw given the nowcast is the unconditional draw plus the gain times its departure from a nowcast with
    an error of its own (Hoffman and Ribak 1991, Astrophysical Journal 380: L5-L8).

    Args:
        nowcast: what is known.
        expected: simulated log flows, `(2, n_draws)`.
        factor: lower Cholesky factor of their scale in each draw, `(2, 2, n_draws)`.
    """
    prior, error = _covariance(factor), _covariance(nowcast.factor)
    departure = nowcast.flows + _correlated(nowcast.factor, nowcast.normals) - expected
    (a, b), (_, c) = prior + error
    # the inverse of a symmetric 2 by 2 matrix written out, for all draws at once
    weighted = np.stack([c * departure[0] - b * departure[1], a * departure[1] - b * departure[0]]) / (a * c - b * b)
    return np.asarray((prior * weighted).sum(axis=1))


def _covariance(factor: Array) -> Array:
    return np.asarray((factor[:, None] * factor[None]).sum(axis=2))


def _correlated(factor: Array, normals: Array) -> Array:
    return np.asarray((factor * normals).sum(axis=1))


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
    path += rows["mean"]  # so far `path` held deviations from the mean
    path += drift * np.arange(len(path))[:, None, None]
    return np.exp(path, out=path)


def student_shocks(rows: Mapping[str, Array], normals: Array, tail: Array) -> Array:
    """Bounded multivariate Student t shocks in log points, `(n_periods, k, n_draws)`: two flows or three drivers."""
    stretch = _stretch(rows["degrees_of_freedom"], normals, tail)
    factor = rows["shock_factor"]
    shocks = np.empty_like(normals)
    # a triangular product without the zeros above the diagonal and, but for the first column, without copies
    for row in range(normals.shape[1]):
        np.multiply(factor[row, 0], normals[:, 0], out=shocks[:, row])
        for column in range(1, row + 1):
            shocks[:, row] += factor[row, column] * normals[:, column]
    shocks *= stretch[:, None]
    return shocks


def _stretch(freedom: Array, normals: Array, tail: Array) -> Array:
    """What turns normals into shocks in units of their scale, `(n_periods, n_draws)`, `LARGEST_SHOCK` long at most."""
    stretch = np.asarray(np.sqrt(0.5 * freedom / tail))
    squared = normals[:, 0] * normals[:, 0]  # length of the normals, squared: sums of rows, without a copy of all
    for row in range(1, normals.shape[1]):
        squared += normals[:, row] * normals[:, row]
    beyond = squared * stretch * stretch > LARGEST_SHOCK**2
    stretch[beyond] = LARGEST_SHOCK / np.sqrt(squared[beyond])
    return stretch


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
        shock -= _mixed(rows["moving_average"], earlier)
    return np.asarray(shocks)


def _moving_average(rows: Mapping[str, Array], shocks: Array) -> Array:
    """Shock of a quarter plus what the one before brings again, `(n_periods, 2, n_draws)`."""
    back = rows["moving_average"]
    moved = np.empty_like(shocks)
    moved[0] = _mixed(back, rows["last_shock"])
    moved[1:] = _mixed(back, shocks[:-1])
    moved += shocks
    return moved


def _mixed(factors: Array, shocks: Array) -> Array:
    """What both flows share of shocks `(..., 2, n_draws)`, and what parts them, each times a factor of its own."""
    # half sum and half difference of both flows, each times its factor, collected by flow
    own, other = 0.5 * (factors[0] + factors[1]), 0.5 * (factors[0] - factors[1])
    return np.asarray(own * shocks + other * shocks[..., ::-1, :])


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
    # each row of growth becomes the level, which the next row adds to: no second array of all periods
    for growth in path:
        growth += level
        growth += pull * (level[0] - level[1])
        level = growth
