"""How the two books stand to each other now: the year under way beside past ones, and exports of memory beside both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.dims import FLOWS, Array
from forecast.economics.processes import bridge_ratios
from forecast.models.evidence import BridgeEvidence, bridge_evidence, seen_spans
from forecast.observations.annual import CUSTOMS_SERIES, BridgeObservations, SpanTrade, customs_months, month_name
from forecast.observations.series import census_flows
from forecast.observations.tables import SHIPPED, period_index, read_table
from forecast.stats.streams import generator
from forecast.stats.summary import INTERVALS

MEMORY_CODES = ("8473304060", "8523511000")
"""HS codes of memory modules and of solid-state drives in `items_monthly`."""


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


def unusual_spans(observed: BridgeObservations, origin: int) -> list[Unusual]:
    """Parts of the year under way whose ratio lies outside the range of the whole years the bridge sees."""
    evidence, spans = bridge_evidence(observed, origin), seen_spans(observed, origin)
    found = []
    for span in (span for span in spans if not span.whole_year):
        whole = [other for other in spans if other.flow == span.flow and other.whole_year]
        ratios = [*np.exp(evidence.log_ratios[FLOWS.index(span.flow)]), *(other.ratio for other in whole)]
        years = [*evidence.years.tolist(), *(other.first_month // 12 for other in whole)]
        if not min(ratios) <= span.ratio <= max(ratios):
            found.append(Unusual(span, years[0], years[-1], float(min(ratios)), float(max(ratios))))
    return found


def books_note(observed: BridgeObservations, origin: int) -> str:
    """A few sentences for each unusual span, or nothing."""
    return " ".join(_words(unusual) for unusual in unusual_spans(observed, origin))


def fading_words(rows: Mapping[str, Array]) -> str:
    """How fast a gap fades by the fitted bridge; `rows` are its group, `(n_rows, ...)`."""
    halves = np.log(0.5) / np.log(rows["persistence"])
    spans = (
        f"{middle:.1f} years in {flow} (80 % interval {low:.1f} to {high:.1f})"
        for flow, (low, middle, high) in zip(FLOWS, np.quantile(halves, [0.1, 0.5, 0.9], axis=0).T, strict=True)
    )
    return f"By the fitted bridge half of a gap is gone after {' and '.join(spans)}."


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
    customs, memory = customs_months(folder)[CUSTOMS_SERIES[0]], _memory_exports(folder)
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


def memory_words(gap: MemoryGap) -> str:
    """How the difference of the books goes with exports of memory."""
    first, last = (month_name(int(month)) for month in gap.months[[0, -1]])
    together = np.corrcoef(gap.korea_customs - gap.us_census, gap.memory)[0, 1]
    return (
        f"From {first} to {last} the difference between the books in exports moves with Korea's exports of "
        f"memory modules and drives to the US (correlation {together:.2f}, a common trend included). That places the "
        "gap in time; it does not tell why."
    )


def transit_words(observed: BridgeObservations, origin: int, folder: Path = SHIPPED) -> str:
    """What is left of an unusual gap in exports if goods reach the US books a month later than they leave Korea."""
    census = census_flows(folder)[0]
    words = []
    for span in (unusual.span for unusual in unusual_spans(observed, origin) if unusual.span.flow == "exports"):
        arrived = census.values[span.first_month + 1 - census.start : span.last_month + 2 - census.start] / 1e3
        if len(arrived) == span.last_month - span.first_month + 1:
            words.append(
                f"Against US figures of one month later the Korean figure for exports of {span.months} is "
                f"{beside(span.korea_customs / arrived.sum())}: time at sea in a rising market is a part of it at most."
            )
    return " ".join(words)


def beside(ratio: float) -> str:
    """A ratio in words.

    >>> beside(1.169), beside(0.95)
    ('17 % above', '5 % below')
    """
    percent = round(100 * (ratio - 1))
    return f"{abs(percent)} % {'above' if percent > 0 else 'below'}" if percent else "equal"


def _words(unusual: Unusual) -> str:
    span = unusual.span
    return (
        f"In {span.months} the Korean figure for {span.flow} is {beside(span.ratio)} the US one, outside the range of "
        f"{unusual.first}–{unusual.last} ({beside(unusual.low)} to {beside(unusual.high)}). The cause is not "
        "established; forecasts on Korean customs basis carry the gap forward and let it fade at the fitted speed."
    )


def _memory_exports(folder: Path) -> dict[int, float]:
    """Exports of all `MEMORY_CODES` to the US, bn USD, by month index; months in which one is missing are left out."""
    by_code: dict[str, dict[int, float]] = {code: {} for code in MEMORY_CODES}
    for row in read_table("items_monthly", folder):
        if row["hs"] in by_code:
            by_code[row["hs"]][period_index(row["month"], "month")] = row["value"] / 1e9
    both = set.intersection(*(set(values) for values in by_code.values()))
    return {month: sum(values[month] for values in by_code.values()) for month in both}
