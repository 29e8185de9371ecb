"""The bridge between the two books: Korean customs over US Census figures, year by year."""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm

from forecast.dims import Array
from forecast.economics.processes import bridge_ratios
from forecast.models.evidence import BridgeEvidence, bridge_evidence, seen_spans
from forecast.models.task import Free, Task, draw_last, free_tail, given, shock_rows, student_shocks
from forecast.observations.annual import BridgeObservations

DRIFT = 0.003
"""Prior standard deviation of the drift of a mean, log points a year.

Judgement, from years the fit leaves out: between the mean of 1993, 1996 and 2006 and that of 2011-2024 the log ratio
moved by less than 0.001 a year in exports and by -0.005 in imports. The margin between f.o.b. and c.i.f. is a few
per cent and cannot widen for long.
"""


SCALE = np.full((2, 1), 0.02)
"""Prior median of the scale of a year's shocks of both flows, log points."""


def bridge_task(observed: BridgeObservations, origin: int) -> Task:
    """The bridge on the last unbroken run of years, and on what is known of the years up to the origin's."""
    evidence, spans = bridge_evidence(observed, origin), seen_spans(observed, origin)
    first, last = evidence.years[[0, -1]]
    seen = f"years {first}-{last} in both books, {len(spans)} readings of later years"
    ahead = (len(evidence.years) - 1) / 2 + len(evidence.later)
    states = {"later": partial(_walked_states, evidence, ahead)}
    return Task("bridge", seen, partial(bridge_model, evidence), partial(_bridge_rows, ahead), states)


def bridge_model(evidence: BridgeEvidence) -> pm.Model:
    """Annual log ratio of the Korean to the US book by flow, reverting to a mean that may drift.

    The free mean is that of the middle of the whole years.
    """
    n_years, n_later = evidence.log_ratios.shape[1], len(evidence.later)
    known = np.pad(evidence.log_ratios, ((0, 0), (0, n_later)))
    place = np.eye(n_years + n_later)[n_years:]
    age = np.arange(n_years + n_later) - (n_years - 1) / 2
    with pm.Model(check_bounds=False) as model:
        mean = pm.Normal("mean", np.array([[0.0], [0.05]]), 0.1, shape=(2, 1))
        drift = pm.Normal("drift", 0.0, DRIFT, shape=(2, 1))
        log_odds = pm.Normal("persistence_log_odds", 0.0, 1.0, shape=(2, 1))
        later = pm.Flat("later", shape=(2, n_later), initval=np.zeros((2, n_later)))
        before, after = (
            given(name, known[:, part]) + (later[:, :, None] * place[:, part]).sum(axis=1) - (mean + drift * age[part])
            for name, part in (("before", slice(None, -1)), ("after", slice(1, None)))
        )
        student_shocks(after - pm.math.sigmoid(log_odds) * before, SCALE, 0.5, free_tail(4.0))
        readings, precision = given("readings", evidence.readings), given("precision", evidence.precision)
        pm.Potential("seen", -0.5 * (((later - readings) * precision) ** 2).sum())
    return model


def _bridge_rows(ahead: float, free: Free) -> dict[str, Array]:
    return {**_bridge_law(ahead, free), "state": free["later"][..., -1]}


def _bridge_law(ahead: float, free: Free) -> dict[str, Array]:
    """Rows but for the state; their mean is `ahead` years after that of the free parameters."""
    persistence = 1 / (1 + np.exp(-free["persistence_log_odds"]))
    drift = free["drift"][..., 0]
    mean = free["mean"][..., 0] + ahead * drift
    return {"mean": mean, "drift": drift, "persistence": persistence[..., 0], **shock_rows(free, SCALE[:, 0])}


def _walked_states(evidence: BridgeEvidence, ahead: float, free: Free, rng: np.random.Generator) -> Array:
    """Log ratios of the years after the whole ones when nothing is seen of them, `(n_rows, 2, n_later)`."""
    n_rows, n_later = len(free["spill"]), len(evidence.later)
    rows = draw_last(_bridge_law(ahead - n_later, free))
    tail = rng.standard_gamma(rows["degrees_of_freedom"] / 2, (n_later, n_rows))
    start = {"state": np.repeat(evidence.log_ratios[:, -1:], n_rows, axis=1)}
    ratios = bridge_ratios(rows | start, rng.standard_normal((n_later, 2, n_rows)), tail)
    return np.asarray(np.moveaxis(np.log(ratios[1:]), -1, 0).swapaxes(1, 2))
