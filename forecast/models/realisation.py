"""Model of announced plants: cancellation, delay, and realised over stated amount.

Few plants were observed, so that much rests on priors, and these on counts of other projects: 34 of about 390 given
up, closed or cut in two and a half years (E2), 84 of 227.9 bn USD late by two months or more (FT). Their sources are
in `data/realisation.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor.variable import TensorVariable

from forecast.dims import Array
from forecast.economics.realisation import KINDS, LATE, UNREVISED, prior_distributions
from forecast.economics.sectors import SECTORS
from forecast.models.task import Free, Task, model_data
from forecast.observations.announcements import Outcome

_LEVELS = (
    *("hazard", "late_odds", "delay_scale", "delay_shape", "selection"),
    *("revised_odds", "revision_spread", "bought_spread"),
)
_DISTRIBUTIONS = ("hazard", "delay_scale")
_DEVIATING = np.eye(len(KINDS))[1:]
_BOUGHT = np.array([kind == "acquisition" for kind in KINDS], dtype=float)


def realisation_task(outcomes: Sequence[Outcome]) -> Task:
    """Realisation on what had become of the plants by some day."""
    n_cancelled = sum(outcome.state == "cancelled" for outcome in outcomes)
    n_years = sum(outcome.years_at_risk for outcome in outcomes)
    n_revised = sum(outcome.revision not in (None, 1.0) for outcome in outcomes)
    description = (
        f"{n_cancelled} of {len(outcomes)} plants given up in {n_years:.0f} years at risk, "
        f"{len(_dated(outcomes))} late or started, {n_revised} amounts revised"
    )
    return Task("realisation", description, partial(realisation_model, outcomes), _realisation_rows)


def realisation_model(outcomes: Sequence[Outcome]) -> pm.Model:
    """Hazard of being given up, delay and revision of plants, pooled by kind and sector.

    - A plant is given up at a constant hazard until it produces. One that stood when last heard of is censored there.
    - A plant starts more than two months late with one chance for all, and then by two months and a delay of Weibull's
      distribution. One that has not started is at least as late as it was when last heard of and as its newest plan;
      one that has is as late as the rounding of both dates allows. An early plant counts as one that is not late.
    - Late plants are likelier to be collected, by an unknown factor, `selection`. So the chance to be late rests on the
      count of its prior, which covers late and timely projects alike, and the cases tell how long delays are.
    - An amount is kept exactly, or revised with one chance for all; the log of realised over stated amount is then
      normal around 0. A revision too small to be reported counts as none.

    Logarithms of the hazard and of the scale of the delay deviate by sector, and by kind from those of a new plant,
    which is what the counts behind the priors are of. A plant of sector `mixed` has the average sector's. Sizes of
    revisions tell apart what is built and what is bought.
    """
    priors = prior_distributions()
    levels, spreads = ([priors[name] for name in names] for names in (_LEVELS, ("kind_spread", "sector_spread")))
    with pm.Model(check_bounds=False) as model:
        pm.Normal(
            "log_level",
            np.log([distribution.median for distribution in levels]),
            [distribution.sigma for distribution in levels],
            shape=len(levels),
        )
        pm.Normal(
            "log_spread",
            np.log([distribution.median for distribution in spreads]),
            [distribution.sigma for distribution in spreads],
            shape=2,
        )
        pm.Normal("kind", 0.0, 1.0, shape=(len(_DISTRIBUTIONS), len(KINDS) - 1))
        pm.Normal("sector", 0.0, 1.0, shape=(len(_DISTRIBUTIONS), len(SECTORS)))
        free = {variable.name: variable for variable in model.free_RVs}
        pm.Potential("cancellations", _cancellations(free, outcomes))
        pm.Potential("delays", _delays(free, _dated(outcomes)))
        pm.Potential("revisions", _revisions(free, [outcome for outcome in outcomes if outcome.revision is not None]))
    return model


def _dated(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Plants of whose delay something is known: they have started, or are late already."""
    return [
        plant for plant in outcomes if plant.delay is not None and (plant.delay[0] >= LATE or plant.delay[1] < np.inf)
    ]


def _cancellations(free: Mapping[str, TensorVariable], outcomes: Sequence[Outcome]) -> TensorVariable:
    log_hazard = _of_plants(outcomes, _log_kinds(free, "hazard"), _log_sectors(free, "hazard"))
    cancelled = model_data("cancelled", np.array([float(plant.state == "cancelled") for plant in outcomes]))
    years = model_data("years_at_risk", np.array([plant.years_at_risk for plant in outcomes]))
    return (cancelled * log_hazard - years * pt.exp(log_hazard)).sum()


def _delays(free: Mapping[str, TensorVariable], outcomes: Sequence[Outcome]) -> TensorVariable:
    """Log likelihood of delays, where late plants are `selection` times as likely to be collected.

    With G the chance that a late plant is later than `x`, the weight of collected cases later than `x` is
    `W(x) = selection * late * G(x)` where `x` is late, and `W(0) = 1 - late + selection * late` before that. A plant
    that has started between two bounds has likelihood (W(low) - W(high)) / W(0), one that has not W(low) / W(0).
    """
    log_scale = _of_plants(outcomes, _log_kinds(free, "delay_scale"), _log_sectors(free, "delay_scale"))
    shape = pt.exp(_level(free, "delay_shape"))
    odds = pt.exp(_level(free, "late_odds") + _level(free, "selection"))
    bounds = np.array([plant.delay for plant in outcomes]).reshape(-1, 2)
    late, started = bounds[:, 0] >= LATE, np.isfinite(bounds[:, 1])

    def later(name: str, bound: Array, applies: NDArray[np.bool_]) -> TensorVariable:
        """Weight of late plants later than a bound over that of all not late; the chance G where the bound applies."""
        beyond = np.where(applies, np.maximum(bound - LATE, 1e-9), 1.0)
        return odds * pt.exp(-pt.exp(shape * (model_data(f"log_{name}", np.log(beyond)) - log_scale)))

    def selected(
        name: str, applies: NDArray[np.bool_], weight: TensorVariable, otherwise: TensorVariable | float
    ) -> TensorVariable:
        indicator = model_data(name, applies.astype(float))
        return indicator * weight + (1 - indicator) * otherwise

    low = selected("late", late, later("low", bounds[:, 0], late), 1 + odds)
    high = selected("started", started, later("high", bounds[:, 1], started), 0.0)
    return pt.log((low - high) / (1 + odds)).sum()


def _revisions(free: Mapping[str, TensorVariable], outcomes: Sequence[Outcome]) -> TensorVariable:
    chance = pt.sigmoid(_level(free, "revised_odds"))
    spread = pt.exp(_of_plants(outcomes, _log_revision_spread(free)))
    logs = np.log([plant.revision or 1.0 for plant in outcomes])
    distance = model_data("log_revision", logs) / spread
    revised = pt.log(chance / spread) - 0.5 * distance**2
    unrevised = pt.log(1 - chance * pt.erfc(UNREVISED / (2**0.5 * spread)))
    return pt.where(model_data("revised", logs != 0.0), revised, unrevised).sum()


def _realisation_rows(free: Free) -> dict[str, Array]:
    return {
        "hazard": np.exp(_log_kinds(free, "hazard", np.exp)),
        "hazard_sector": np.exp(_log_sectors(free, "hazard", np.exp)),
        "late": _chance(free, "late_odds"),
        "delay_shape": np.exp(_level(free, "delay_shape"))[..., 0],
        "delay_scale": np.exp(_log_kinds(free, "delay_scale", np.exp)),
        "delay_sector": np.exp(_log_sectors(free, "delay_scale", np.exp)),
        "revised": _chance(free, "revised_odds"),
        "revision_spread": np.exp(_log_revision_spread(free)),
    }


def _chance(free: Free, odds: str) -> Array:
    return np.asarray(1 / (1 + np.exp(-_level(free, odds)))[..., 0])


def _log_kinds(free: Mapping[str, Any], distribution: str, exp: Callable[[Any], Any] = pt.exp) -> Any:
    """Logarithm of a parameter by kind, in an average sector; of tensors, or of arrays with numpy's `exp`."""
    deviation = exp(free["log_spread"][..., :1]) * free["kind"][..., _DISTRIBUTIONS.index(distribution), :]
    return _level(free, distribution) + (deviation[..., None] * _DEVIATING).sum(axis=-2)


def _log_sectors(free: Mapping[str, Any], distribution: str, exp: Callable[[Any], Any] = pt.exp) -> Any:
    """Deviation of that logarithm by sector."""
    return exp(free["log_spread"][..., 1:]) * free["sector"][..., _DISTRIBUTIONS.index(distribution), :]


def _log_revision_spread(free: Mapping[str, Any]) -> Any:
    """Logarithm of the spread of revisions by kind: what is built, new or more of it, and what is bought."""
    return _level(free, "revision_spread") + _BOUGHT * _level(free, "bought_spread")


def _level(free: Mapping[str, Any], name: str) -> Any:
    """Logarithm of a quantity that all kinds and sectors share, `(..., 1)`."""
    place = _LEVELS.index(name)
    return free["log_level"][..., place : place + 1]


def _of_plants(
    outcomes: Sequence[Outcome], kinds: TensorVariable, sectors: TensorVariable | None = None
) -> TensorVariable:
    """Value of each plant, from values by kind and what sectors add."""
    value = pt.dot(_indicators([plant.kind for plant in outcomes], KINDS), kinds)
    return (
        value
        if sectors is None
        else value + pt.dot(_indicators([plant.sector for plant in outcomes], SECTORS), sectors)
    )


def _indicators(names: Sequence[str], accepted: Sequence[str]) -> Array:
    """One row a name, 1 in its column; zeros for a name that is not accepted."""
    return np.asarray(np.equal.outer(np.array(names, dtype=str), accepted), dtype=float)
