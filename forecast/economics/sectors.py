"""Priors of every industry with their sources, from `data/sectors.yaml`.

Out of scope: learning from data, that is `models.fitting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from forecast.dims import Array
from forecast.economics.priors import SHIPPED, Coefficient, PriorFile, each
from forecast.stats.special import ndtri
from forecast.storage.files import read_csv, write_csv

if TYPE_CHECKING:
    from forecast.storage.documents import Node


Sector: TypeAlias = Literal[
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
]
SECTORS: tuple[str, ...] = get_args(Sector)
_OTHER_WORDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("autos",): ("car", "cars", "vehicle", "vehicles", "automobile", "automobiles", "automotive", "자동차", "완성차"),
    ("auto_parts",): ("car parts", "vehicle parts", "automotive parts", "parts", "자동차 부품", "자동차부품", "부품"),
    ("batteries",): ("cells", "battery cells", "배터리", "이차전지", "2차전지", "전지"),
    ("battery_materials",): ("cathodes", "배터리 소재", "배터리소재"),
    ("semiconductors",): ("chip", "chips", "microchips", "반도체"),
    ("memory", "semiconductors"): (
        *("memory", "memory chip", "memory chips", "memory semiconductors", "dram", "nand", "hbm", "ssd", "ssds"),
        *("메모리", "메모리 반도체", "메모리반도체"),
    ),
    ("steel",): ("iron", "iron and steel", "철강"),
    ("shipbuilding",): ("ships", "ship", "shipyards", "조선", "선박"),
    ("solar",): ("photovoltaics", "solar modules", "태양광"),
    ("grid_equipment",): ("transformers", "cables", "power equipment", "전력기기", "변압기"),
    ("biopharma",): ("pharma", "pharmaceuticals", "biopharmaceuticals", "drugs", "medicines", "바이오의약품", "의약품"),
    ("nonferrous_metals",): ("aluminium", "aluminum", "copper", "metals", "비철금속"),
    ("other",): ("other goods", "rest", "기타", "기타 품목"),
}
SECTORS_BY_WORD = {word: names for names, words in _OTHER_WORDS.items() for word in words}
"""What words of others and of tables stand for, in both languages: sectors, each after a product of it that is meant.

A product goes by its own name where duties are stated, and by that of its sector elsewhere.
"""
CoefficientName: TypeAlias = Literal[
    "machinery_share",
    "korean_machinery_share",
    "output_per_capex",
    "utilisation",
    "purchases_per_output",
    "korean_share",
    "displacement_rate",
    "tariff_displacement",
    "reverse_import_rate",
    "construction_quarters",
    "ramp_quarters",
    "price_growth",
]
COEFFICIENTS: tuple[str, ...] = get_args(CoefficientName)
CENTRAL_PRIORS = SHIPPED / "central_priors.csv"
CENTRAL: Mapping[str, float] = {"low": 0.01, "median": 0.5, "high": 0.99}
"""Levels of the middle of a prior, by column."""


@cache
def load_sectors(path: Path = SHIPPED / "sectors.yaml") -> Mapping[str, Mapping[str, Coefficient]]:
    """Prior of every coefficient, by sector and name, in the order of `SECTORS` and `COEFFICIENTS`.

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    file = PriorFile(path, "sectors", COEFFICIENTS)

    def coefficients(node: Node, place: str) -> Mapping[str, Coefficient]:
        return each(node, place, COEFFICIENTS, file.coefficient)

    return each(file.body, "sectors", SECTORS, coefficients)


@dataclass(frozen=True, slots=True)
class Central:
    """Where 98 % of a prior lies, and its median, in its unit; and the grade of its evidence, one of `GRADES`."""

    unit: str
    grade: str
    low: float
    median: float
    high: float


@cache
def central_priors() -> Mapping[tuple[str, str], Central]:
    """The middle of every prior by sector and coefficient, from `data/central_priors.csv`.

    Every run compares its numbers with them; working them out from `sectors.yaml` would take a quarter of the time in
    which a stored run is found.
    """
    with CENTRAL_PRIORS.open(encoding="utf-8", newline="") as file:
        return {
            (row["sector"], row["coefficient"]): Central(
                row["unit"], row["grade"], *(float(row[name]) for name in CENTRAL)
            )
            for row in read_csv(file)
        }


def write_central_priors(path: Path = CENTRAL_PRIORS) -> None:
    """Work out the middle of every prior again, after a change of `sectors.yaml`."""
    levels = list(CENTRAL.values())
    rows = (
        (sector, name, prior.unit, prior.grade, *prior.distribution.ppf(levels).tolist())
        for sector, priors in load_sectors().items()
        for name, prior in priors.items()
    )
    write_csv(path, ("sector", "coefficient", "unit", "grade", *CENTRAL), rows)


def prior_levels(coefficients: Array) -> Array:
    """Standard normal level of each coefficient in its prior: standard normal draws where nothing was learned.

    Args:
        coefficients: joint rows `(n_rows, n_sectors, n_coefficients)`.
    """
    priors = load_sectors()
    levels = np.empty(coefficients.shape)
    for row, sector in enumerate(SECTORS):
        for column, name in enumerate(COEFFICIENTS):
            chance = priors[sector][name].distribution.cdf(coefficients[:, row, column])
            levels[:, row, column] = ndtri(np.clip(chance, 1e-9, 1 - 1e-9))
    return levels


def data_shares(coefficients: Array) -> Array:
    """Share of the precision of each coefficient that came from data, `(n_sectors, n_coefficients)`.

    Precision is one over the variance of the standard normal level in the prior, which is 1 before any data, so that
    the share is 1 - variance after. Its Monte Carlo error is about `sqrt(2 / n_rows)`; it may fall below 0 by as much.

    Args:
        coefficients: joint rows `(n_rows, n_sectors, n_coefficients)`.
    """
    return np.asarray(1.0 - prior_levels(coefficients).var(axis=0))
