"""What is believed of each industry: priors with their source, from `data/sectors.yaml`.

Refused here: learning from data, that is `fitting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy

from forecast.beliefs import SHIPPED, BeliefFile, Coefficient, each
from forecast.draws import Array

if TYPE_CHECKING:
    from forecast.document import Node

SECTORS: tuple[str, ...] = (
    "autos",
    "auto_parts",
    "batteries",
    "battery_materials",
    "semiconductors",
    "steel",
    "shipbuilding",
    "solar",
    "grid_equipment",
    "biopharma",
    "nonferrous_metals",
    "other",
)

COEFFICIENTS: tuple[str, ...] = (
    "machinery_share",
    "korean_machinery_share",
    "output_per_capex",
    "utilisation",
    "purchases_per_output",
    "korean_share",
    "displacement_rate",
    "reverse_import_rate",
    "construction_quarters",
    "ramp_quarters",
)


@cache
def load_sectors(path: Path = SHIPPED / "sectors.yaml") -> Mapping[str, Mapping[str, Coefficient]]:
    """Prior of every coefficient, by sector and name, in the order of `SECTORS` and `COEFFICIENTS`.

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    file = BeliefFile(path, "sectors", COEFFICIENTS)

    def coefficients(node: Node, place: str) -> Mapping[str, Coefficient]:
        return each(node, place, COEFFICIENTS, file.coefficient)

    return each(file.body, "sectors", SECTORS, coefficients)


def prior_levels(coefficients: Array) -> Array:
    """Standard normal level of each coefficient in its prior: standard normal draws where nothing was learned.

    Args:
        coefficients: joint rows `(n_rows, n_sectors, n_coefficients)`.
    """
    priors = load_sectors()
    levels = np.empty(coefficients.shape)
    for row, sector in enumerate(SECTORS):
        for column, name in enumerate(COEFFICIENTS):
            chance = priors[sector][name].law.cdf(coefficients[:, row, column])
            levels[:, row, column] = scipy.special.ndtri(np.clip(chance, 1e-9, 1 - 1e-9))
    return levels


def data_shares(coefficients: Array) -> Array:
    """Share of the precision of each coefficient that came from data, `(n_sectors, n_coefficients)`.

    Precision is one over the variance of the standard normal level in the prior, which is 1 before any data, so that
    the share is 1 - variance after. Its Monte Carlo error is about `sqrt(2 / n_rows)`; it may fall below 0 by as much.

    Args:
        coefficients: joint rows `(n_rows, n_sectors, n_coefficients)`.
    """
    return np.asarray(1.0 - prior_levels(coefficients).var(axis=0))
