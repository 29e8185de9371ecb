"""Scenario against scenario, paired draw by draw: same seed, same luck, so that only the assumptions differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.draws import Array
from forecast.errors import RunError
from forecast.results import Results
from forecast.summary import LEVELS, quantile_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

SHARED = ("basis", "seed", "n_draws", "scheme", "block_size", "parameters", "origin")
"""What two runs must have in common for their draws to be pairs."""


def paired_difference(alternative: Results, reference: Results, series: str = "trade_balance") -> xr.DataArray:
    """Draws of `alternative - reference`, dimensions `year` and `draw`, bn USD a year, over the years of both.

    Raises:
        RunError: the runs do not share seed, draws, basis or parameters, or their draws were not kept.
    """
    _demand_pairs(alternative, reference)
    difference = alternative.draws[series] - reference.draws[series]
    return difference.assign_attrs(units="bn USD per year", basis=reference.basis)


def difference_table(difference: xr.DataArray, block_size: int) -> pd.DataFrame:
    """Statistics of a paired difference by year: mean, quantiles, the chance that it is positive, and standard errors.

    Args:
        difference: from `paired_difference`.
        block_size: draws in a block; the spread between blocks gives the Monte Carlo error.
    """
    import pandas as pd

    draws = np.asarray(difference.transpose("year", "draw"), dtype=float)
    whole = _statistics(draws)
    edges = range(0, draws.shape[1] - block_size + 1, block_size)
    blocks = [_statistics(draws[:, first : first + block_size]) for first in edges]
    columns = {}
    for name, values in whole.items():
        columns[name] = values
        spread = np.std([block[name] for block in blocks], axis=0, ddof=1) if len(blocks) > 1 else np.nan
        columns[f"{name}_standard_error"] = spread / np.sqrt(len(blocks) or np.nan)
    return pd.DataFrame(columns, index=pd.Index(difference["year"].to_numpy(), name="year"))


def _statistics(draws: Array) -> dict[str, Array]:
    quantiles = np.quantile(draws, LEVELS, axis=1)
    found = {quantile_name(level): values for level, values in zip(LEVELS, quantiles, strict=True)}
    return {"mean": draws.mean(axis=1), "probability_positive": (draws > 0).mean(axis=1)} | found


def _demand_pairs(alternative: Results, reference: Results) -> None:
    differing = [key for key in SHARED if alternative.manifest[key] != reference.manifest[key]]
    if alternative.manifest["digests"]["posterior"] != reference.manifest["digests"]["posterior"]:
        differing.append("posterior")
    if differing:
        got = "; ".join(
            f"{key} {alternative.manifest.get(key)!r} and {reference.manifest.get(key)!r}" for key in differing
        )
        raise RunError(
            f"{alternative.name} and {reference.name} cannot be paired: got {got}; expected the same in both"
        )
