"""Korean affiliates that exist in the US: what they buy, replace and send, by the channels of every plant.

Out of scope: what they made, that is observed (`observations.affiliates`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forecast.economics.channels import (
    Quantity,
    capital_goods_exports,
    displaced_exports,
    displacement_under,
    intermediate_exports,
    reverse_imports,
)
from forecast.economics.priors import SHIPPED, Coefficient, PriorFile, each
from forecast.storage.files import digest, text_bytes

PRIORS: tuple[str, ...] = (
    "wear_rate",
    "equipment_delay",
    "unlisted_plants",
    "unlisted_affiliates",
    "date_shift",
    "amount_ratio",
    "related_party_drift",
)


_PATH = SHIPPED / "installed_base.yaml"


@cache
def load_priors(path: Path = _PATH) -> Mapping[str, Coefficient]:
    """Prior of every quantity that tables do not observe, by name, in the order of `PRIORS`.

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    file = PriorFile(path, "installed_base", PRIORS)
    return each(file.body, "installed_base", PRIORS, file.coefficient)


def priors_digest() -> str:
    """SHA-256 of the file, in hexadecimal; the same for every convention of line ends."""
    return digest(text_bytes(_PATH))


@dataclass(frozen=True, slots=True)
class ExistingTrade:
    """Trade of existing affiliates, in the unit of their output.

    Attributes:
        replacement: machinery bought in Korea in place of what wore out.
        intermediates: parts and materials bought there.
        displaced: finished exports no longer shipped.
        returned: goods shipped to Korea.
    """

    replacement: Quantity
    intermediates: Quantity
    displaced: Quantity
    returned: Quantity


def existing_trade(
    output: Quantity, capital: Quantity, wear_rate: Quantity, duty: Quantity, coefficients: Mapping[str, Quantity]
) -> ExistingTrade:
    """Trade of affiliates that make `output` on `capital`.

    >>> car = {"machinery_share": 0.5, "korean_machinery_share": 0.5, "purchases_per_output": 0.8,
    ...        "korean_share": 0.25, "displacement_rate": 0.3, "tariff_displacement": 0.2, "reverse_import_rate": 0.0}
    >>> existing_trade(10.0, 4.0, 0.1, 0.0, car)
    ExistingTrade(replacement=0.1, intermediates=2.0, displaced=3.0, returned=0.0)

    Args:
        output: made in a span of time.
        capital: invested, bn USD, times the years of the span.
        wear_rate: part of the machinery that is replaced a year.
        duty: on what they make.
        coefficients: of the sector, by name.
    """
    worn = capital * wear_rate
    rate = displacement_under(duty, coefficients["displacement_rate"], coefficients["tariff_displacement"])
    return ExistingTrade(
        replacement=capital_goods_exports(
            worn, coefficients["machinery_share"], coefficients["korean_machinery_share"]
        ),
        intermediates=intermediate_exports(output, coefficients["purchases_per_output"], coefficients["korean_share"]),
        displaced=displaced_exports(output, rate),
        returned=reverse_imports(output, coefficients["reverse_import_rate"]),
    )
