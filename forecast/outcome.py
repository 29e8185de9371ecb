"""What came later: the surplus observed after a forecast was made, and where in the forecast it fell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.annual import every_year
from forecast.quarters import parse_quarter
from forecast.results import Results
from forecast.vintage import vintage


@dataclass(frozen=True, slots=True)
class Outcome:
    """The surplus of one year of a forecast as observed since.

    Attributes:
        year: calendar year.
        value: bn USD over the months seen, on the basis of the run.
        months: months seen from January, 12 for a whole year.
        percentile: draws below the value, percent; None for part of a year or where draws were not kept.
    """

    year: int
    value: float
    months: int
    percentile: float | None


def outcomes(results: Results) -> tuple[Outcome, ...]:
    """Years of a run with months observed since, for a run from an earlier quarter than the last in the data."""
    if parse_quarter(results.manifest["origin"]) >= vintage().trade.origin:
        return ()
    years = results.statistics.years
    seen = every_year(results.basis).between(years[0], years[-1])
    draws = results.kept("trade_balance")
    return tuple(
        Outcome(year, value, months, _percentile(None if draws is None else draws[row], value, months))
        for row, (year, value, months) in enumerate(
            zip(years, seen.balance.tolist(), seen.months[:, 2].tolist(), strict=True)
        )
        if months
    )


def _percentile(draws: np.ndarray | None, value: float, months: int) -> float | None:
    if draws is None or months < 12:
        return None
    return 100 * float((draws[np.isfinite(draws)] < value).mean())
