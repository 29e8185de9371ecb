"""How trade answers duties by product group, and what rivals' duties give back: `data/elasticities.yaml`.

The elasticity of a sector is that of its product group (`GROUPS`). It combines that of all goods in `data/tariffs.yaml`
with what `economics.tariff_evidence` finds for the group, by precision: the means of the two as normal numbers, and a
lognormal one of the combined mean and spread. Where the data carry less than `LEAST_FROM_DATA` of the precision, that
the group answers as all goods do is judgement.

A duty on rivals abroad gives back the share `substitution` of what one on Korea takes, see `tariffs.log_diversion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from math import exp, log, sqrt
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from forecast.economics.priors import SHIPPED, Coefficient, PriorFile, each, fields
from forecast.economics.tariff_evidence import Slopes, of_groups, slopes
from forecast.economics.tariffs import REST, load_schedule
from forecast.observations.products import industry_trade
from forecast.storage.files import digest, text_bytes

if TYPE_CHECKING:
    from forecast.storage.documents import Node

ELASTICITY = "elasticity"
SUBSTITUTION = "substitution"

LEAST_FROM_DATA = 0.05
"""Share of the precision of an elasticity from which it counts as learned: judgement."""

_PATH = SHIPPED / "elasticities.yaml"


@dataclass(frozen=True, slots=True)
class ProductGroup:
    """Goods that answer duties alike.

    Attributes:
        sectors: whose goods they are.
        industries: NAICS industries that stand for them in US imports; empty for all that no other group has.
    """

    sectors: tuple[str, ...]
    industries: tuple[str, ...] = ()


GROUPS: Mapping[str, ProductGroup] = MappingProxyType(
    {
        "vehicles": ProductGroup(("autos", "auto_parts"), ("336",)),
        "electrical": ProductGroup(("batteries", "grid_equipment"), ("335",)),
        "electronics": ProductGroup(("semiconductors",), ("334",)),
        "chemicals": ProductGroup(("battery_materials", "biopharma"), ("325",)),
        "metals": ProductGroup(("steel", "nonferrous_metals"), ("331", "332")),
        REST: ProductGroup((REST,)),
    }
)

GROUP_OF: Mapping[str, str] = MappingProxyType(
    {sector: name for name, group in GROUPS.items() for sector in group.sectors}
)
"""Product group of each sector that a tariff may name."""


@dataclass(frozen=True, slots=True)
class Elasticities:
    """What is believed of the answer to duties, beside `tariffs.TariffSchedule`.

    Attributes:
        groups: elasticity by product group.
        substitution: share of the elasticity that is at the cost of rivals abroad.
    """

    groups: Mapping[str, Coefficient]
    substitution: Coefficient


@dataclass(frozen=True, slots=True)
class Learned:
    """Elasticity of one group: what the data say, and the two together.

    Attributes:
        slope, error: what the data say, and its standard error.
        median, sigma: of the lognormal of the two together.
        from_data: share of its precision that comes from the data.
    """

    slope: float
    error: float
    median: float
    sigma: float
    from_data: float


@cache
def load_elasticities(path: Path = _PATH) -> Elasticities:
    """The shipped elasticities by product group.

    >>> load_elasticities().groups["vehicles"].unit
    'per cent of quantity per per cent of the price buyers pay'

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    file = PriorFile(path, "answers", (ELASTICITY, SUBSTITUTION))
    body = fields(file.body, "answers", ("groups", SUBSTITUTION))

    def elasticity(node: Node, place: str) -> Coefficient:
        return file.coefficient(node, f"{place}.{ELASTICITY}")

    groups = each(body["groups"], "groups", tuple(GROUPS), elasticity)
    return Elasticities(groups, file.coefficient(body[SUBSTITUTION], f"answers.{SUBSTITUTION}"))


def addresses(sector: str) -> Mapping[str, str]:
    """Address of each shipped response to a duty on a sector, by name.

    >>> addresses("steel")["elasticity"], addresses("steel")["pass_through"]
    ('tariffs.elasticity.metals', 'tariffs.pass_through')
    """
    names = (*load_schedule().responses, SUBSTITUTION)
    return {name: f"tariffs.{name}" for name in names} | {ELASTICITY: f"tariffs.{ELASTICITY}.{GROUP_OF[sector]}"}


@cache
def shipped_responses() -> Mapping[str, Coefficient]:
    """Every shipped response to duties, by its address."""
    known = load_elasticities()
    shared = {f"tariffs.{name}": prior for name, prior in load_schedule().responses.items() if name != ELASTICITY}
    groups = {f"tariffs.{ELASTICITY}.{name}": prior for name, prior in known.groups.items()}
    return MappingProxyType(shared | groups | {f"tariffs.{SUBSTITUTION}": known.substitution})


def elasticities_digest() -> str:
    """SHA-256 of the file, in hexadecimal; the same for every convention of line ends."""
    return digest(text_bytes(_PATH))


@cache
def learned_elasticities() -> Mapping[str, Learned]:
    """The elasticity of each product group as the tables say it, which the file holds rounded."""
    responses = load_schedule().responses
    passed, pace = (responses[name].distribution for name in ("pass_through", "adjustment"))
    found = slopes(industry_trade(), of_groups(industries().values()), passed, pace)
    median, upper = (float(value) for value in responses[ELASTICITY].distribution.ppf([0.5, _ONE_SIGMA]))
    return combined(found, median, log(upper / median))


_ONE_SIGMA = 0.8413447460685429
"""Chance that a normal number lies below its mean and one standard deviation."""


def industries() -> Mapping[str, tuple[str, ...]]:
    """NAICS industries of each product group."""
    named = set(chain.from_iterable(group.industries for group in GROUPS.values()))
    rest = tuple(code for code in industry_trade().codes if code not in named)
    return {name: group.industries or rest for name, group in GROUPS.items()}


def combined(found: Slopes, median: float, sigma: float) -> Mapping[str, Learned]:
    """Slopes of the groups, in the order of `GROUPS`, met with one lognormal prior that each group draws by itself.

    >>> unknown = combined(Slopes(np.zeros(6), 1e12 * np.eye(6)), 2.0, 0.3)["metals"]
    >>> round(unknown.median, 6), round(unknown.sigma, 6), round(unknown.from_data, 6)
    (2.0, 0.3, 0.0)
    """
    mean, variance = median * exp(sigma**2 / 2), median**2 * exp(sigma**2) * (exp(sigma**2) - 1)
    prior, data = np.eye(len(GROUPS)) / variance, np.linalg.inv(found.covariance)
    covariance = np.linalg.inv(prior + data)
    means = covariance @ (prior @ np.full(len(GROUPS), mean) + data @ found.values)
    after = np.diag(covariance)
    return {
        name: _lognormal(float(found.values[at]), float(found.errors[at]), float(means[at]), float(after[at]), variance)
        for at, name in enumerate(GROUPS)
    }


def _lognormal(slope: float, error: float, mean: float, variance: float, before: float) -> Learned:
    sigma = sqrt(log(1.0 + variance / mean**2))
    return Learned(slope, error, mean * exp(-(sigma**2) / 2), sigma, 1.0 - variance / before)
