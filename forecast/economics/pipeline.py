"""Announcements still to come: the pace of outward investment, and how soon orders follow an announcement.

The last level of trade holds the machines of plants that are being built. When those stand, others are built: part of
what is ordered some quarters ahead belongs to plants that nobody has announced yet. Where plants are announced as fast
as before, that part is the share of plants whose machines are ordered within that time of their announcement. How fast
they are announced follows Korea's direct investment in the US, which returns to its usual pace.

What such plants make, buy and replace once they run is not added: the trend of trade was observed while plants started
every year, and holds it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np

from forecast.dims import Array
from forecast.economics.channels import cumulative_share
from forecast.errors import DataError
from forecast.stats.distributions import Distribution, LogNormal, Normal
from forecast.stats.truncation import Truncated

USUAL, PERSISTENCE, SPREAD = "usual_pace", "persistence", "spread"
"""What is learned of the pace of investment: its usual over its last, how much of a distance is left after a year, and
the standard deviation of what a year brings, in log points."""

LEAST_PAIRS = 4
"""Pairs of years in a row from which persistence is learned at least."""

BUILDING = 8.0
"""Quarters from groundbreaking to first output: the middle of car and battery plants. Source: rows
`construction_quarters` of `data/sectors.yaml`."""


def pace_distributions(invested: Mapping[int, float]) -> dict[str, Distribution]:
    """What a record of investment by year says of its pace, by `USUAL`, `PERSISTENCE` and `SPREAD`.

    Least squares of a year's logarithm on that of the year before, over all pairs of years in a row. The usual pace is
    the mean of the logarithms, with an error that counts how alike neighbouring years are.

    >>> from forecast.observations.annual import outward_investment
    >>> learned = pace_distributions(outward_investment())
    >>> {name: round(float(distribution.ppf(0.5)), 2) for name, distribution in learned.items()}
    {'usual_pace': 0.87, 'persistence': 0.7, 'spread': 0.22}

    Args:
        invested: bn USD by calendar year; years may be missing.

    Raises:
        DataError: there are fewer than `LEAST_PAIRS` pairs of years in a row.
    """
    logs = {year: math.log(value) for year, value in sorted(invested.items())}
    pairs = np.array([(logs[one], logs[other]) for one, other in itertools.pairwise(logs) if other == one + 1])
    if len(pairs) < LEAST_PAIRS:
        raise DataError(f"direct_investment.csv: got {len(pairs)} pairs of years in a row, expected {LEAST_PAIRS}")
    before, after = pairs.T - pairs.mean(axis=0)[:, None]
    slope, freedom = float(before @ after / (before @ before)), len(pairs) - 2
    spread = math.sqrt(float(((after - slope * before) ** 2).sum()) / freedom)
    persistence = Truncated(Normal(slope, spread / math.sqrt(float(before @ before))), 0.0, MOST_PERSISTENT)

    values = np.array(list(logs.values()))
    alike = min(max(slope, 0.0), MOST_PERSISTENT)
    error = float(values.std(ddof=1)) * math.sqrt((1.0 + alike) / (1.0 - alike) / values.size)
    usual = LogNormal(math.exp(float(values.mean() - values[-1])), error)
    return {USUAL: usual, PERSISTENCE: persistence, SPREAD: LogNormal(spread, 1.0 / math.sqrt(2.0 * freedom))}


MOST_PERSISTENT = 0.95
"""Persistence above which a pace would not return within the horizon of a run."""


def pace(usual: Array | float, persistence: Array | float, shocks: Array) -> Array:
    """Pace of investment over that of the last year known, `(n_years + 1, n_draws)`; row 0 is that year, one.

    Its logarithm returns to that of the usual pace: `x[t] = m + persistence * (x[t - 1] - m) + shock`. It is kept
    within `LARGEST_PACE`, so that no single draw makes a mean.

    >>> pace(2.0, 0.5, np.zeros((2, 1))).round(2).ravel().tolist()
    [1.0, 1.41, 1.68]

    Args:
        usual: over the last, `(n_draws,)`.
        persistence: share of a distance that is left after a year, `(n_draws,)`.
        shocks: log points, `(n_years, n_draws)`.
    """
    middle = np.log(usual)
    path = np.zeros((len(shocks) + 1, *shocks.shape[1:]))
    for year, shock in enumerate(shocks):
        path[year + 1] = middle + persistence * (path[year] - middle) + shock
    return np.asarray(np.exp(path)).clip(1.0 / LARGEST_PACE, LARGEST_PACE)


LARGEST_PACE = 5.0
"""Pace is at most as many times that of the last year known, and at least as small a part of it: the years of the
record lie within a factor of three."""


def share_announced_later(leads: Array, delay: Array | float, n_quarters: int) -> Array:
    """Share of the machines of each quarter ahead that plants announced after the origin order, where the pace stands.

    It is the share of plants whose machines are ordered within that time of their announcement; those of one plant are
    spread smoothly from `delay` of its `BUILDING` time on to its first output.

    >>> share_announced_later(np.array([8.0, 16.0]), 0.5, 20)[[0, 7, 19]].round(2).ravel().tolist()
    [0.0, 0.48, 1.0]

    Args:
        leads: quarters from announcement to first output, `(n_plants,)`.
        delay: share of the building time before the first machines, `(n_draws,)`.
        n_quarters: quarters after the origin.
    """
    middles = (np.arange(n_quarters) + 0.5)[:, None]
    first = BUILDING * (1.0 - np.atleast_1d(delay))  # quarters before the first output
    ordered = np.zeros((n_quarters, first.size))
    for lead, n_plants in zip(*(found.tolist() for found in np.unique(leads, return_counts=True)), strict=True):
        # outside these quarters the plants have ordered nothing, or all
        begin, end = (min(max(int(date), 0), n_quarters) for date in (np.floor(lead - first.max()), np.ceil(lead)))
        ordered[begin:end] += n_plants * cumulative_share(middles[begin:end], lead - first, lead)
        ordered[end:] += n_plants
    return np.asarray(ordered / leads.size)
