"""How the two books stand to each other now: the year under way beside past ones, and exports of memory beside both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.dims import FLOWS, Array
from forecast.economics.processes import bridge_ratios
from forecast.models.evidence import BridgeEvidence, bridge_evidence, later_spans
from forecast.observations.annual import CUSTOMS_SERIES, BridgeObservations, SpanTrade, customs_months
from forecast.observations.products import memory_exports
from forecast.observations.series import census_flows
from forecast.observations.tables import SHIPPED
from forecast.stats.streams import generator
from forecast.stats.summary import INTERVALS

FAN_YEARS = 6
"""Years of forecast drawn."""


@dataclass(frozen=True, slots=True)
class Unusual:
    """A span in which the books differ by more, or the other way, than in any whole year.

    Attributes:
        span: the flow, its months and its ratio.
        first, last: the whole years it is compared with.
        low, high: smallest and largest ratio of those years.
    """

    span: SpanTrade
    first: int
    last: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class MemoryGap:
    """Korea's exports to the US by month, bn USD, `(n_months,)` each.

    Attributes:
        months: month indices `12 * year + month - 1`.
        korea_customs, us_census: all goods in either book.
        memory: memory modules and drives, Korean customs.
    """

    months: NDArray[np.int64]
    korea_customs: Array
    us_census: Array
    memory: Array

    @property
    def correlation(self) -> float:
        """Correlation of memory exports with the difference of the books."""
        return float(np.corrcoef(self.korea_customs - self.us_census, self.memory)[0, 1])


def unusual_spans(observed: BridgeObservations, origin: int) -> list[Unusual]:
    """Parts of the year under way whose ratio lies outside the range of the whole years the bridge sees."""
    evidence, spans = bridge_evidence(observed, origin), later_spans(observed, origin)
    found = []
    for span in (span for span in spans if not span.whole_year):
        whole = [other for other in spans if other.flow == span.flow and other.whole_year]
        ratios = [*np.exp(evidence.log_ratios[FLOWS.index(span.flow)]), *(other.ratio for other in whole)]
        years = [*evidence.years.tolist(), *(other.first_month // 12 for other in whole)]
        if not min(ratios) <= span.ratio <= max(ratios):
            found.append(Unusual(span, years[0], years[-1], float(min(ratios)), float(max(ratios))))
    return found


def half_lives(rows: Mapping[str, Array]) -> Array:
    """Years after which half of a gap is gone by the fitted bridge: 10 %, 50 % and 90 % quantiles by flow, `(3, 2)`.

    Args:
        rows: the group `bridge` of a posterior, `(n_rows, ...)`.
    """
    return np.asarray(np.quantile(np.log(0.5) / np.log(rows["persistence"]), [0.1, 0.5, 0.9], axis=0))


def bridge_fans(rows: Mapping[str, Array], evidence: BridgeEvidence) -> tuple[Array, dict[int, tuple[Array, Array]]]:
    """Years, and by width in percent the ends of equal-tailed intervals of the ratio of each flow, `(n_years, 2)`.

    Up to the last whole year: a year ahead, given the ratio of the year before. From that of the first quarter after
    the origin on: what the bridge forecasts for `FAN_YEARS` years. Between the two a year of nan.
    """
    draw = {name: np.moveaxis(values, 0, -1) for name, values in rows.items()}
    n_rows, state_year = len(rows["state"]), int(evidence.later[-1])
    rng = generator(0, "books.fans", 0)

    def path(start: Mapping[str, Array], n_steps: int) -> Array:
        normals = rng.standard_normal((n_steps, 2, n_rows))
        tail = rng.standard_gamma(draw["degrees_of_freedom"] / 2, (n_steps, n_rows))
        return bridge_ratios({**draw, **start}, normals, tail)

    ahead = []
    for year, seen in zip(evidence.years[:-1].tolist(), evidence.log_ratios.T[:-1], strict=True):
        mean = draw["mean"] - (state_year - year) * draw["drift"]
        ahead.append(path({"mean": mean, "state": np.repeat(seen[:, None], n_rows, axis=1)}, 1)[1])
    gap = np.full((1, 2, n_rows), np.nan)
    ratios = np.concatenate([np.array(ahead), gap, path({}, FAN_YEARS)])
    years = np.concatenate([evidence.years[1:], [state_year - 0.5], state_year + np.arange(FAN_YEARS + 1)])
    ends = {width: np.quantile(ratios, levels, axis=-1) for width, levels in INTERVALS.items()}
    return years, {width: (low, high) for width, (low, high) in ends.items()}


def memory_gap(folder: Path = SHIPPED) -> MemoryGap:
    """The last unbroken run of months with exports in both books, and memory exports in each of them."""
    customs, memory = customs_months(folder)[CUSTOMS_SERIES[0]], memory_exports(folder)
    census = census_flows(folder)[0]
    end = census.start + len(census.values)
    months = np.array(sorted(month for month in customs if month in memory and month < end))
    months = months[np.flatnonzero(np.diff(months, prepend=0) > 1)[-1] :]
    return MemoryGap(
        months,
        np.array([customs[month] for month in months.tolist()]),
        census.values[months - census.start] / 1e3,
        np.array([memory[month] for month in months.tolist()]),
    )


def ratio_after_transit(unusual: Unusual, folder: Path = SHIPPED) -> float | None:
    """Ratio of an unusual span of exports if goods reach the US books a month later than they leave Korea.

    None for imports, and where the later months are not in the US books yet.
    """
    span, census = unusual.span, census_flows(folder)[0]
    arrived = census.values[span.first_month + 1 - census.start : span.last_month + 2 - census.start] / 1e3
    if span.flow != "exports" or len(arrived) < span.last_month - span.first_month + 1:
        return None
    return span.korea_customs / float(arrived.sum())
