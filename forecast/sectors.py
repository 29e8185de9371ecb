"""What is believed of each industry: priors with their source, from `data/sectors.yaml`.

Refused here: learning from data, that is `fitting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.beliefs import SHIPPED, BeliefFile, Coefficient, each

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
