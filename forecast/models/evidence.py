"""What each model sees, arranged, and how far a reading may be from the truth; no PyMC here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Array
from forecast.observations import BridgeObservations, SpanTrade
from forecast.processes import FLOWS
from forecast.quarters import year_of

BASELINE_QUARTERS = 48
"""Quarters of growth the baseline learns from: rolling-origin scores are worse with 40 and with 60 or more."""

DRIVER_QUARTERS = 80
"""Quarters of growth the drivers learn from: twenty years."""

RUNNING_YEARS = 20
"""Years whose same calendar quarter the model of the running quarter learns from."""

SHARE_NOISE: Mapping[int, float] = {2020: 0.005, 2023: 0.005}
"""Standard deviation of a published share by its year, `OTHER_SHARE_NOISE` of any other year.

Judgement: half a percentage point for KIET's survey, printed to a point or a tenth of one; two points for the share
of another publisher, who may count other firms.
"""

OTHER_SHARE_NOISE = 0.02

READING_NOISE = 0.056
"""Standard deviation of a year's log ratio of the two books around that of `m` of its months, over `1 - m / 12`.

From half-years: the root mean square departure is 0.028 over exports 2021-2025 and imports 2021-2024.
"""

ROUNDING_NOISE = 0.003
"""The same for a whole year whose Korean figure is printed to 0.1 bn USD."""


@dataclass(frozen=True, slots=True, eq=False)
class BridgeEvidence:
    """The two books as the bridge sees them.

    Attributes:
        years: `(n_years,)`, the last unbroken run of calendar years with both flows in both books.
        log_ratios: `(2, n_years)` log of Korean customs over US Census.
        later: `(n_later,)`, the years after them, up to that of the first quarter after the origin.
        readings: `(2, n_later)`, what is known of the log ratio in those years.
        precision: `(2, n_later)`, one over the standard deviation of each reading, 0 where there is none.
    """

    years: NDArray[np.int64]
    log_ratios: Array
    later: NDArray[np.int64]
    readings: Array
    precision: Array


def bridge_evidence(observed: BridgeObservations, origin: int) -> BridgeEvidence:
    """The last unbroken run of years, and what is known of the years up to that of the quarter after the origin."""
    run = int(np.argmax(np.diff(observed.years, prepend=0)[::-1] > 1)) + 1
    years = observed.years[-run:]
    later = np.arange(years[-1] + 1, year_of(origin + 1) + 1)
    readings, precision = np.zeros((2, 2, len(later)))
    for span in seen_spans(observed, origin):
        cell = FLOWS.index(span.flow), span.first_month // 12 - int(years[-1]) - 1
        readings[cell], precision[cell] = np.log(span.ratio), 1 / reading_noise(span)
    return BridgeEvidence(years, np.log(observed.ratios[-run:]).T, later, readings, precision)


def seen_spans(observed: BridgeObservations, origin: int) -> list[SpanTrade]:
    """Spans after the whole years, in years up to that of the quarter after the origin."""
    return [span for span in observed.later if span.first_month // 12 <= year_of(origin + 1)]


def reading_noise(span: SpanTrade) -> float:
    """Standard deviation of a year's log ratio of the two books around that of a span of its months."""
    unseen = 1 - (span.last_month - span.first_month + 1) / 12
    return max(READING_NOISE * unseen, ROUNDING_NOISE)


def like_quarters(n_quarters: int) -> NDArray[np.int64]:
    """Places among quarters up to the origin's of those of the running one's calendar quarter, the oldest first."""
    return np.arange(n_quarters - 4, -1, -4)[:RUNNING_YEARS][::-1]


def share_noise(year: int) -> float:
    """Standard deviation of a share published for a year."""
    return SHARE_NOISE.get(year, OTHER_SHARE_NOISE)
