"""Predictive checks: data made from prior and from posterior rows, set beside the data that were seen.

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
from forecast.models.replicates import Replica, replicas, row_of
from forecast.stats.streams import generator

N_REPLICAS = 1_000
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


def predictive_checks(posterior: Posterior, seed: int = 0, n_replicas: int = N_REPLICAS) -> list[Check]:
    """Every quantity of every model, with its replicas."""
    return [check for replica in replicas() for check in _checks(replica, posterior, seed, n_replicas)]


def tail_probability(observed: float, made: Array) -> float:
    """Twice the smaller of the shares of `made` at or above and at or below `observed`, one at most.

    >>> tail_probability(9.0, np.arange(10.0)), tail_probability(4.5, np.arange(10.0))
    (0.2, 1.0)
    """
    return float(min(1.0, 2 * min((made >= observed).mean(), (made <= observed).mean())))


def standing_out(checks: Sequence[Check]) -> list[Check]:
    """Quantities in which the observed data stand out from those the posterior makes, the farthest first."""
    found = [check for check in checks if check.tail_probability < UNUSUAL]
    return sorted(found, key=lambda check: check.tail_probability)


def _checks(replica: Replica[Any], posterior: Posterior, seed: int, n_replicas: int) -> list[Check]:
    parts = {"prior": posterior.prior, "posterior": posterior.groups}
    made = {
        part: _summaries(
            replica, groups[replica.model], generator(seed, f"check.{part}.{replica.model}", 0), n_replicas
        )
        for part, groups in parts.items()
    }
    return [
        Check(replica.model, quantity, value, made["prior"][quantity], made["posterior"][quantity])
        for quantity, value in replica.summary(replica.observed).items()
    ]


def _summaries(
    replica: Replica[Any], rows: Mapping[str, Array], rng: np.random.Generator, n_replicas: int
) -> dict[str, Array]:
    """Every quantity in `n_replicas` data sets, made from rows spread evenly over those given."""
    n_rows = len(next(iter(rows.values())))
    picked = np.linspace(0, n_rows - 1, n_replicas).astype(int)
    made = [replica.summary(replica.make(row_of(rows, index), rng).observed) for index in picked]
    return {quantity: np.array([summary[quantity] for summary in made]) for quantity in made[0]}
