"""How the purchases of US affiliates move over Korean, local and third-country suppliers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from forecast.dims import Array
from forecast.models.evidence import share_noise
from forecast.models.task import Free, Task, given
from forecast.observations.annual import ProcurementShare

SUPPLIERS = ("korea", "local", "third_country")


def localization_task(shares: Sequence[ProcurementShare], origin: int) -> Task:
    """Localization seen through the printed shares; one derived from the others would count them twice."""
    printed = [share for share in shares if not share.derived]
    facts = [(share.year, SUPPLIERS.index(share.party), share.share) for share in printed]
    seen = ", ".join(f"{share.party} {share.year} {share.share:.1%}" for share in printed)
    horizon = (origin + 1) / 4 - 2023.5
    return Task("localization", seen, partial(localization_model, facts, horizon), partial(_localization_rows, horizon))


def localization_model(facts: Sequence[tuple[int, int, float]], horizon: float) -> pm.Model:
    """Shares of Korea, local and third-country suppliers in the purchases of US affiliates.

    A straight line on the log-ratio scale, seen through printed shares. After 2023 the level also walks at random, so
    that its value at the origin is less sure than the line; nothing but its prior says how far.

    Args:
        facts: year, position in `SUPPLIERS` and share of each printed number.
        horizon: years from the middle of 2023 to the origin.
    """
    years, suppliers, shares = (np.array(column) for column in zip(*facts, strict=True))
    with pm.Model(check_bounds=False) as model:
        level = pm.Normal("level_2023", np.array([-0.7, -1.5]), np.array([1.0, 0.7]), shape=2)
        slope = pm.Normal("slope", 0.0, np.array([0.1, 0.05]), shape=2)
        pm.Normal("log_innovation", np.log(0.02), 0.7, shape=2)
        pm.Normal("walk", 0.0, horizon**0.5, shape=2)
        odds = pt.exp(level + slope * (years[:, None] - 2023.0))
        picked = (suppliers[:, None] == np.arange(3)).astype(float)
        fitted = (picked[:, 0] + (picked[:, 1:] * odds).sum(axis=1)) / (1.0 + odds.sum(axis=1))
        noise = np.array([share_noise(year) for year in years.tolist()])
        pm.Normal("share", fitted, noise, observed=given("shares", shares))
    return model


def _localization_rows(horizon: float, free: Free) -> dict[str, Array]:
    level, slope, innovation = free["level_2023"], free["slope"], np.exp(free["log_innovation"])
    return {
        "level": level + slope * horizon + innovation * free["walk"],
        "slope": slope,
        "innovation": innovation,
        "fitted_2020": _shares(level - 3 * slope),
        "fitted_2023": _shares(level),
    }


def _shares(log_odds: Array) -> Array:
    weights = np.exp(np.column_stack([np.zeros(len(log_odds)), log_odds]))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
