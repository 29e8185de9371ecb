"""Affiliates that exist: which of them leave the fitted path of purchases.

The baseline holds what they buy and the fitted path on which they move, so that only another path is an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from forecast.dims import PRODUCTS
from forecast.economics.channels import QUARTERS_PER_YEAR
from forecast.economics.products import product_priors
from forecast.engine.inputs import Input, Stated
from forecast.engine.plan import Existing, Group, LocalizationPath
from forecast.engine.policy import INPUTS
from forecast.observations.affiliates import existing_affiliates, output_by_sector
from forecast.stats.distributions import LogNormal

PURCHASES = ("purchases_per_output", "korean_share", "price_growth")
"""Coefficients that say what affiliates buy in Korea, and at which prices."""


def product_bought(sector: str) -> int:
    """Index of the product that plants of a sector buy in Korea: that of the sector whose duty their purchases pay."""
    return PRODUCTS.index(product_priors().sectors[INPUTS.get(sector, sector)].makes)


def existing_off_path(
    year: int,
    path: LocalizationPath,
    own_paths: Mapping[str, LocalizationPath],
    taxed: Collection[str],
    coefficient: Callable[[str, str], Input],
) -> tuple[Existing, ...]:
    """Affiliates of the sectors whose purchases leave the fitted path.

    Args:
        year: whose output is carried on: that of the origin, or the last one in the table.
        path: of all affiliates.
        own_paths: of single sectors.
        taxed: sectors whose goods a scenario puts a duty on.
        coefficient: what is assumed of a sector, by the names of sector and coefficient.
    """

    def moves(sector: str) -> bool:
        return own_paths.get(sector, path).form != "fitted" or INPUTS.get(sector, sector) in taxed

    if path.form == "fitted" and not own_paths and not taxed:
        return ()  # no table is read for most runs
    made = output_by_sector(min(year, int(existing_affiliates().years[-1])))
    return tuple(
        Existing(
            Stated(f"existing_affiliates.{sector}.output", LogNormal(output / QUARTERS_PER_YEAR, error)),
            Group(
                (),
                {name: coefficient(sector, name) for name in PURCHASES},
                own_paths.get(sector),
                sector,
                buys=product_bought(sector),
            ),
        )
        for sector, (output, error) in made.items()
        if moves(sector)
    )
