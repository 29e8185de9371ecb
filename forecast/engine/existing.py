"""Affiliates that exist: which of them leave the fitted path of purchases, and what that changes.

The baseline holds what they buy and the fitted path on which they move, so that only another path is an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from forecast.dims import Array
from forecast.economics.channels import QUARTERS_PER_YEAR, intermediate_exports
from forecast.engine.inputs import Input, Stated
from forecast.engine.plan import Existing, Group, LocalizationPath, Plan
from forecast.engine.plants import Plants
from forecast.engine.policy import INPUTS
from forecast.observations.affiliates import existing_affiliates, output_by_sector
from forecast.stats.distributions import LogNormal

PURCHASES = ("purchases_per_output", "korean_share")
"""Coefficients that say what affiliates buy in Korea."""


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
            Group((), {name: coefficient(sector, name) for name in PURCHASES}, own_paths.get(sector), sector),
        )
        for sector, (output, error) in made.items()
        if moves(sector)
    )


def change_of_purchases(plan: Plan, plants: Plants) -> Array:
    """Purchases in Korea less those on the fitted path, `(n_periods + 1, n_draws)`, bn USD a quarter; 0 in row 0."""
    inputs, duties = plants.inputs, plants.duties
    change = np.zeros((plan.n_periods + 1, inputs.streams.n_draws))
    for existing in plan.existing:
        buyer = existing.buyer
        rates = inputs.values(buyer.coefficients)
        share = plants.purchasing.korean_share(buyer, rates["korean_share"], duties.pressure(buyer.sector))
        moved = share - plants.purchasing.fitted_share(rates["korean_share"])
        bought = intermediate_exports(inputs.value(existing.output), rates["purchases_per_output"], moved)
        change += duties.on_inputs(buyer.sector, bought)
    return change
