"""Predictive checks: data simulated from prior and from posterior rows beside the observed data.

A model that fits makes data among which the observed ones would not stand out. The posterior has seen the very data it
is compared with, so that its tail probabilities are conservative: near one half more often than chance would have it.

Source: Gelman, Meng and Stern (1996), Statistica Sinica 6: 733-807.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.dims import Array
from forecast.models.posterior import Posterior
from forecast.models.replicates import Simulator, row_at, simulators
from forecast.parallel import Progress
from forecast.stats.streams import generator

N_REPLICATES = 1_000
"""Data sets made of each model from prior and from posterior rows."""

UNUSUAL = 0.05
"""Tail probability below which a quantity is named as standing out."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One quantity of the data of one model.

    Attributes:
        model: group of the posterior.
        quantity: what it is, with its unit.
        observed: its value in the data that were seen.
        prior, posterior: `(n_replicas,)`, its value in data made from prior and from posterior rows.
    """

    model: str
    quantity: str
    observed: float
    prior: Array
    posterior: Array

    @property
    def tail_probability(self) -> float:
        """Chance that data made from the posterior are at least as far out, on either side."""
        return tail_probability(self.observed, self.posterior)


def predictive_checks(
    posterior: Posterior,
    seed: int = 0,
    n_replicates: int = N_REPLICATES,
    progress: Progress = Progress(),
) -> list[Check]:
    """Every quantity of every model, with its replicas; `progress` is told of each of the `simulators`."""
    found = []
    for simulator in simulators():
        found += _checks(simulator, posterior, seed, n_replicates)
        progress.advance(1)
    return found


def tail_probability(observed: float, replicates: Array) -> float:
    """Twice the smaller of the shares of `replicates` at or above and at or below `observed`, one at most.

    >>> tail_probability(9.0, np.arange(10.0)), tail_probability(4.5, np.arange(10.0))
    (0.2, 1.0)
    """
    return float(min(1.0, 2 * min((replicates >= observed).mean(), (replicates <= observed).mean())))


def unusual_checks(checks: Sequence[Check]) -> list[Check]:
    """Quantities in which the observed data stand out from those the posterior makes, the farthest first."""
    unusual = [check for check in checks if check.tail_probability < UNUSUAL]
    return sorted(unusual, key=lambda check: check.tail_probability)


def _checks(simulator: Simulator[Any], posterior: Posterior, seed: int, n_replicates: int) -> list[Check]:
    parts = {"prior": posterior.prior, "posterior": posterior.groups}
    summaries = {
        part: _summaries(
            simulator, groups[simulator.model], generator(seed, f"check.{part}.{simulator.model}", 0), n_replicates
        )
        for part, groups in parts.items()
    }
    return [
        Check(simulator.model, quantity, value, summaries["prior"][quantity], summaries["posterior"][quantity])
        for quantity, value in simulator.summary(simulator.observed).items()
    ]


def _summaries(
    simulator: Simulator[Any], rows: Mapping[str, Array], rng: np.random.Generator, n_replicates: int
) -> dict[str, Array]:
    """Every quantity in `n_replicates` data sets, made from rows spread evenly over those given."""
    n_rows = len(next(iter(rows.values())))
    indices = np.linspace(0, n_rows - 1, n_replicates).astype(int)
    summaries = [simulator.summary(simulator.simulate(row_at(rows, index), rng).observed) for index in indices]
    return {quantity: np.array([summary[quantity] for summary in summaries]) for quantity in summaries[0]}
