"""Realisation of an announcement unless its scenario says otherwise: whether it goes ahead, how late, how large.

`load_priors` reads the priors from `data/realisation.yaml`; the fit turns it
into the joint rows `realisation` of a posterior, in the order of `KINDS` and `SECTORS`. The functions below are the
distribution of one plant given its row.

Out of scope: learning from data, that is `models.realisation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.dims import Array
from forecast.economics.priors import SHIPPED, Coefficient, PriorFile, each, refuse
from forecast.economics.sectors import SECTORS
from forecast.stats.distributions import LogNormal
from forecast.stats.special import ndtri

if TYPE_CHECKING:
    from forecast.storage.documents import Node

KINDS: tuple[str, ...] = ("greenfield", "expansion", "acquisition")
"""Kinds of investment that are built or bought, in the order of the rows."""

PRIORS: tuple[str, ...] = (
    "hazard",
    "late_odds",
    "delay_scale",
    "delay_shape",
    "selection",
    "revised_odds",
    "revision_spread",
    "bought_spread",
    "kind_spread",
    "sector_spread",
)
LATE = 2 / 3
"""Quarters from which a start is late in the count behind `late_odds`: two months."""

UNREVISED = 0.05
"""Log points within which nobody reports that an amount was revised.

Judgement: amounts are printed to two digits or so, and a smaller revision is no news.
"""

LARGEST_REVISION = 10.0
"""Realised over stated amount at most, and one over it at least.

Judgement: the record ends at 2.2 and 0.5, far inside, so that its likelihood is the same. Without a bound the spread of
revisions, itself uncertain, gives one plant in some hundred thousand fifty times its amount, and its draw most of a
variance.
"""


@cache
def load_priors(path: Path = SHIPPED / "realisation.yaml") -> Mapping[str, Coefficient]:
    """Lognormal prior of every quantity, by name, in the order of `PRIORS`.

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    file = PriorFile(path, "realisation", PRIORS)

    def lognormal(node: Node, place: str) -> Coefficient:
        read = file.coefficient(node, place)
        if not isinstance(read.distribution, LogNormal):
            refuse(
                node.fields["law"],
                f"{place}.law",
                f"got {read.distribution}, expected a lognormal distribution, not truncated",
            )
        return read

    return each(file.body, "realisation", PRIORS, lognormal)


def prior_distributions() -> dict[str, LogNormal]:
    """The distribution of every shipped prior, by name."""
    return {
        name: prior.distribution for name, prior in load_priors().items() if isinstance(prior.distribution, LogNormal)
    }


def survival(hazard: Array, years: Array | float) -> Array:
    """Chance that a plant is not given up in `years` at a `hazard` a year; 1 when its start has passed."""
    return np.asarray(np.exp(-hazard * np.maximum(years, 0.0)))


def slip(uniforms: Array, late: Array, shape: Array, scale: Array) -> Array:
    """Delay of production in quarters at uniform levels: none, or with chance `late` two months and a Weibull delay."""
    of_late = np.maximum(uniforms - (1.0 - late), 0.0) / late
    return np.asarray(np.where(of_late > 0.0, LATE + scale * (-np.log1p(-of_late)) ** (1.0 / shape), 0.0))


def revision(uniforms: Array, revised: Array, spread: Array) -> Array:
    """Realised over stated amount at uniform levels: exactly 1, or with chance `revised` lognormal around 1.

    The quantile function of the mixture, so that a plant revised down in one scenario is not revised up in another;
    it ends at `LARGEST_REVISION`, up and down.
    """
    of_revised = np.minimum(np.minimum(uniforms, 1.0 - uniforms) / revised, 0.5)
    size = np.minimum(-spread * ndtri(of_revised), np.log(LARGEST_REVISION))
    return np.asarray(np.exp(np.copysign(size, uniforms - 0.5)))


def outlook(rows: Mapping[str, Array]) -> dict[str, Array]:
    """Rows `realisation` of a posterior, `(n_rows, ...)`, as plain quantities in an average sector.

    Returns:
        By kind, `(n_rows, 3)`: chance to stand after three years, chance to be late by more than two quarters, median
        delay of a late start in quarters, standard deviation of log(realised over stated amount) of a revised amount.
        Of all, `(n_rows,)`: chance to be late at all, chance that the amount is revised at all.
    """
    late, shape, scale = rows["late"][:, None], rows["delay_shape"][:, None], rows["delay_scale"]
    return {
        "stands_after_3_years": survival(rows["hazard"], 3.0),
        "late": rows["late"],
        "late_by_2_quarters": late * np.exp(-(((2.0 - LATE) / scale) ** shape)),
        "median_delay_if_late": LATE + scale * np.log(2.0) ** (1.0 / shape),
        "revised": rows["revised"],
        "revision_spread": rows["revision_spread"],
    }


def combined(rows: Mapping[str, Array], pairs: list[tuple[str, str]]) -> dict[str, Array]:
    """Parameters of the distributions above for pairs of kind and sector.

    Args:
        rows: group `realisation` of a posterior, `(n_rows, ...)`.
        pairs: kind and sector of each column.

    Returns:
        `hazard`, `delay_scale` and `revision_spread`, `(n_pairs, n_rows)`, `late`, `delay_shape` and `revised`,
        `(n_rows,)`.
    """
    kinds = [KINDS.index(kind) for kind, _ in pairs]
    sectors = [SECTORS.index(sector) for _, sector in pairs]
    return {
        "hazard": np.ascontiguousarray((rows["hazard"][:, kinds] * rows["hazard_sector"][:, sectors]).T),
        "delay_scale": np.ascontiguousarray((rows["delay_scale"][:, kinds] * rows["delay_sector"][:, sectors]).T),
        "revision_spread": np.ascontiguousarray(rows["revision_spread"][:, kinds].T),
        "late": rows["late"],
        "delay_shape": rows["delay_shape"],
        "revised": rows["revised"],
    }
