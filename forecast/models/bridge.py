"""The bridge between the two books: Korean customs over US Census figures, year by year."""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm

from forecast.draws import Array
from forecast.models.shocks import shock_rows, student_shocks
from forecast.models.task import Free, Task, draw_last
from forecast.observations import BridgeObservations
from forecast.processes import FLOWS, bridge_ratios
from forecast.quarters import year_of

READING_NOISE = 0.056
"""Standard deviation of a year's log ratio of the two books around that of `m` of its months, over `1 - m / 12`.

From half-years: the root mean square departure is 0.028 over exports 2021-2025 and imports 2021-2024.
"""

ROUNDING_NOISE = 0.003
"""The same for a whole year whose Korean figure is printed to 0.1 bn USD."""


def bridge_task(observed: BridgeObservations, origin: int) -> Task:
    """The bridge on the last unbroken run of years, and on what is known of the years up to the origin's."""
    run = int(np.argmax(np.diff(observed.years, prepend=0)[::-1] > 1)) + 1
    log_ratios, last = np.log(observed.ratios[-run:]), int(observed.years[-1])
    readings, precision = np.zeros((2, 2, year_of(origin + 1) - last))
    spans = [span for span in observed.later if span.first_month // 12 - last <= readings.shape[1]]
    for span in spans:
        cell = FLOWS.index(span.flow), span.first_month // 12 - last - 1
        unseen = 1 - (span.last_month - span.first_month + 1) / 12
        readings[cell], precision[cell] = np.log(span.ratio), 1 / max(READING_NOISE * unseen, ROUNDING_NOISE)
    seen = f"years {last - run + 1}-{last} in both books, {len(spans)} readings of later years"
    states = {"later": partial(_walked_states, log_ratios[-1], readings.shape[1])}
    return Task("bridge", seen, partial(bridge_model, log_ratios.T, readings, precision), _bridge_rows, states)


def bridge_model(log_ratios: Array, readings: Array, precision: Array) -> pm.Model:
    """Annual log ratio of the Korean to the US book by flow, reverting to a mean.

    Args:
        log_ratios: `(2, n_years)`, contiguous years in which both flows are known in both books.
        readings: `(2, n_later)`, what is known of the log ratio in the years after them, up to that of the first
            quarter after the origin.
        precision: `(2, n_later)`, one over the standard deviation of each reading, 0 where there is none.
    """
    n_years, n_later = log_ratios.shape[1], readings.shape[1]
    known = np.pad(log_ratios, ((0, 0), (0, n_later)))
    place = np.eye(n_years + n_later)[n_years:]
    with pm.Model(check_bounds=False) as model:
        mean = pm.Normal("mean", np.array([[0.0], [0.05]]), 0.1, shape=(2, 1))
        log_odds = pm.Normal("persistence_log_odds", 0.0, 1.0, shape=(2, 1))
        later = pm.Flat("later", shape=(2, n_later))
        before, after = (
            pm.Data(name, known[:, part]) + (later[:, :, None] * place[:, part]).sum(axis=1) - mean
            for name, part in (("before", slice(None, -1)), ("after", slice(1, None)))
        )
        student_shocks(after - pm.math.sigmoid(log_odds) * before, scale=0.02, spread=0.5, freedom=4.0)
        pm.Potential("readings", -0.5 * (((later - readings) * precision) ** 2).sum())
    return model


def _bridge_rows(free: Free) -> dict[str, Array]:
    return {**_bridge_law(free), "state": free["later"][..., -1]}


def _bridge_law(free: Free) -> dict[str, Array]:
    persistence = 1 / (1 + np.exp(-free["persistence_log_odds"]))
    return {"mean": free["mean"][..., 0], "persistence": persistence[..., 0], **shock_rows(free)}


def _walked_states(last: Array, n_later: int, free: Free, rng: np.random.Generator) -> Array:
    """Log ratios of the years after `last` when nothing is seen of them, `(n_rows, 2, n_later)`."""
    rows = draw_last(_bridge_law(free))
    n_rows = len(free["spill"])
    tail = rng.standard_gamma(rows["degrees_of_freedom"] / 2, (n_later, n_rows))
    start = {"state": np.repeat(last[:, None], n_rows, axis=1)}
    ratios = bridge_ratios(rows | start, rng.standard_normal((n_later, 2, n_rows)), tail)
    return np.asarray(np.moveaxis(np.log(ratios[1:]), -1, 0).swapaxes(1, 2))
