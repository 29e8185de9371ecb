"""Announced plants with fates that one parameter row says could have been theirs, and the numbers they are compared by.

Given is what the likelihood of the realisation model conditions on:

- how long each plant was watched: until it was given up or last heard of;
- of which plants something is known of the delay, and up to what delay each was watched: the bound by which it had
  started, or how late it was when last heard of, and never less than `LATE`;
- how closely a start is known: one by the bound that was seen, as it was seen; one of a plant that was seen late, on
  time or within `ROUNDING`;
- of which plants the last amount is known.

The three are made apart, as the likelihood takes them, so that a plant given up keeps its delay.

By how much late plants are likelier to be collected is a property of a collection, and no row holds it: each
collection made here has its own, drawn from the prior.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.draws import Array
from forecast.made import Made, Rows
from forecast.outcomes import Outcome
from forecast.realisation import KINDS, LATE, UNREVISED, prior_laws, revision, slip
from forecast.sectors import SECTORS

ROUNDING = 2.0
"""Quarters between the bounds of a delay where plan and start are each printed to the quarter."""


def made_fates(fates: Sequence[Outcome], rows: Rows, rng: np.random.Generator) -> Made[Sequence[Outcome]]:
    """Fates of the same plants; a state says only whether a plant was given up."""
    n = len(fates)
    selection = prior_laws()["selection"].ppf(rng.uniform(size=1))
    odds = selection * rows["late"] / (1 - rows["late"])
    years = rng.standard_exponential(n) / _of_plants(fates, rows["hazard"], rows["hazard_sector"])
    scale = _of_plants(fates, rows["delay_scale"], rows["delay_sector"])
    delays = slip(rng.uniform(size=n), odds / (1 + odds), rows["delay_shape"], scale)
    revisions = revision(rng.uniform(size=n), rows["revised"], _of_plants(fates, rows["revision_spread"]))
    made = [
        replace(
            plant,
            state="cancelled" if gone < plant.years_at_risk else "open",
            years_at_risk=min(gone, plant.years_at_risk),
            delay=seen_delay(plant.delay, late),
            revision=None if plant.revision is None else _told(revised),
        )
        for plant, gone, late, revised in zip(fates, years.tolist(), delays.tolist(), revisions.tolist(), strict=True)
    ]
    return Made(made, {"log_level": np.log(_levels(rows, selection))})


def seen_delay(seen: tuple[float, float] | None, delay: float) -> tuple[float, float] | None:
    """Bounds of a delay, 0 if not late, as they would have been seen by who saw `seen` of another.

    >>> [seen_delay((4.0, math.inf), delay) for delay in (0.0, 1.0, 3.0, 5.0)]  # doctest: +ELLIPSIS
    [(0.0, 0.66...), (0.66..., 2.66...), (2.66..., 4.0), (4.0, inf)]
    >>> [seen_delay((-1.5, 2.5), delay) for delay in (0.0, 1.0, 3.0)]
    [(-1.5, 2.5), (-1.5, 2.5), (2.5, inf)]
    >>> seen_delay((-6.0, math.inf), 3.0)
    (-6.0, inf)
    """
    if seen is None or (seen[0] < LATE and math.isinf(seen[1])):
        return seen
    first = (0.0, LATE) if math.isinf(seen[1]) else seen
    start, watched = max(first[1], LATE), seen[0] if math.isinf(seen[1]) else max(seen[1], LATE)
    if delay <= start:
        return first
    if delay > watched:
        return watched, math.inf
    low = start + ROUNDING * math.floor((delay - start) / ROUNDING)
    return low, min(low + ROUNDING, watched)


def fates_summary(fates: Sequence[Outcome]) -> dict[str, float]:
    """Counts of plants by what became of them."""
    bounds = np.array([plant.delay for plant in fates if plant.delay is not None]).reshape(-1, 2)
    late = bounds[bounds[:, 0] >= LATE]
    logs = np.log([plant.revision for plant in fates if plant.revision is not None])
    return {
        "plants given up": float(sum(plant.state == "cancelled" for plant in fates)),
        "plants seen late": float(len(late)),
        "plants late by a year or more": float((late[:, 0] >= 4).sum()),
        "late plants that have started": float(np.isfinite(late[:, 1]).sum()),
        "amounts revised": float((logs != 0).sum()),
        "amounts halved or doubled": float((np.abs(logs) >= np.log(2)).sum()),
        "mean of all revisions, log %": 100 * logs.mean(),
    }


def _told(revised: float) -> float:
    """Realised over stated amount as reports tell it."""
    return 1.0 if abs(math.log(revised)) < UNREVISED else revised


def _levels(rows: Rows, selection: Array) -> Array:
    """Quantities of an average plant in the order of `realisation.PRIORS`, where deviations begin."""
    hazard, scale, spread = (rows[name] for name in ("hazard", "delay_scale", "revision_spread"))
    late, revised = (rows[name] / (1 - rows[name]) for name in ("late", "revised"))
    bought = spread[KINDS.index("acquisition")] / spread[0]
    return np.concatenate([hazard[0], late, scale[0], rows["delay_shape"], selection, revised, spread[0], bought])


def _of_plants(fates: Sequence[Outcome], kinds: Array, sectors: Array | None = None) -> Array:
    """Parameter of each plant, `(n_plants,)`; a plant of sector `mixed` has the average sector's."""
    value = np.asarray(kinds[[KINDS.index(plant.kind) for plant in fates], 0])
    if sectors is None:
        return value
    factors = dict(zip(SECTORS, sectors[:, 0].tolist(), strict=True))
    return np.asarray(value * [factors.get(plant.sector, 1.0) for plant in fates])
