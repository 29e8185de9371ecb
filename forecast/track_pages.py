"""The pictures of a track record: scores and past forecasts handed to `track_plots`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from forecast.backtest import OURS, Design
from forecast.draws import Array
from forecast.page import Heading, save_figure
from forecast.quarters import format_quarter, parse_quarter
from forecast.scoring import LEVELS, SERIES, coverage, outcomes, pit_histogram
from forecast.series import QuarterlyTrade
from forecast.summary import INTERVALS
from forecast.track_plots import Curves, PastForecast, coverage_figure, crps_figure, past_figure, pit_figure
from forecast.track_record import Scores
from forecast.track_tables import SHOWN, crps_by_horizon, model_name, strongest

PASTS = ("2008Q2", "2011Q4", "2019Q4", "2021Q2", "2023Q2", "2024Q4")
"""Origins whose fans are drawn: the crash of 2008, a calm stretch, the pandemic, and the rise and turn since."""

_HALVES = ((1, 4), (5, 8))
_SOURCE = "Source: US Census Bureau, last vintage; US Census basis; forecasts by this package's baseline."


def save_track_pictures(
    folder: Path, scores: Scores, said: Mapping[int, Array], trade: QuarterlyTrade, design: Design
) -> None:
    """Draw scores by horizon, coverage, PIT histograms and past forecasts to `folder`.

    Args:
        said: quantiles of the shipped model, `(3, n_targets, 99)` by origin.
    """
    quarters = scores.where(span="quarter")
    starts = f"{len(said)} origins, {format_quarter(min(said))} to {format_quarter(max(said))}"
    save_figure(_crps_page(quarters, starts), folder / "crps.png")
    save_figure(_coverage_page(quarters, starts), folder / "coverage.png")
    save_figure(_pit_page(quarters, starts), folder / "pit.png")
    _save_pasts(folder / "fans.png", said, trade, design)


def _crps_page(quarters: Scores, starts: str) -> Figure:
    heading = Heading(
        "How far off: mean CRPS by horizon",
        f"{starts}; smaller is better; US Census basis; each standard method in its strongest treatment",
        _SOURCE,
    )
    panels = {f"{series.capitalize()}, CRPS, bn USD": _crps_curves(quarters, series) for series in SHOWN}
    return crps_figure(heading, panels)


def _coverage_page(quarters: Scores, starts: str) -> Figure:
    heading = Heading(
        "How sure: share of outcomes inside the intervals of the forecast",
        f"{starts}; below the dotted line intervals are too narrow, above it too wide",
        _SOURCE,
    )
    panels = {f"{series.capitalize()}, inside, %": _coverage_curves(quarters, series) for series in SHOWN}
    return coverage_figure(heading, panels)


def _pit_page(quarters: Scores, starts: str) -> Figure:
    heading = Heading(
        "Where outcomes fell in the forecast: PIT histograms",
        f"{starts}; dotted: a calibrated forecast; a hump means too wide, a U too narrow, a slope biased; outcomes of "
        "overlapping horizons move together, so that some unevenness is chance",
        _SOURCE,
    )
    return pit_figure(heading, [_pit_row(quarters, *half) for half in _HALVES if len(quarters.where(*half).pit)])


def _crps_curves(quarters: Scores, series: str) -> Curves:
    chosen = quarters.where(series=series)
    return {model_name(model): crps_by_horizon(chosen.where(model=model)) for model in strongest(quarters, series)}


def _coverage_curves(quarters: Scores, series: str) -> Curves:
    widths = np.arange(2, 99, 2, dtype=float)
    pits = {half: quarters.where(*half, series=series, model=OURS).pit for half in _HALVES}
    return {
        f"quarters {first}–{last}": (widths, np.array([100 * coverage(values, width) for width in widths]))
        for (first, last), values in pits.items()
        if len(values)
    }


def _pit_row(quarters: Scores, first: int, last: int) -> dict[str, Array]:
    pits = {series: quarters.where(first, last, series=series, model=OURS).pit for series in SHOWN}
    return {
        f"{series.capitalize()}, quarters {first}–{last}, % of outcomes": pit_histogram(values).astype(float)
        for series, values in pits.items()
    }


def _save_pasts(path: Path, said: Mapping[int, Array], trade: QuarterlyTrade, design: Design) -> None:
    pasts = [_past(origin, said[origin], trade, design) for origin in map(parse_quarter, PASTS) if origin in said]
    if pasts:
        heading = Heading(
            "What was said, and what came true: the quarterly balance",
            "Median and equal-tailed 50, 80 and 95 % intervals; dots: outcomes; bn USD a quarter, US Census basis",
            _SOURCE,
        )
        save_figure(past_figure(heading, pasts, columns=3, label="Balance, bn USD a quarter"), path)


def _past(origin: int, quantiles: Array, trade: QuarterlyTrade, design: Design) -> PastForecast:
    balance = SERIES.index("balance")
    said = quantiles[balance, : design.horizon]
    at = {
        level: np.array([np.interp(level, LEVELS, row) for row in said])
        for ends in INTERVALS.values()
        for level in ends
    }
    seen = np.concatenate(
        [
            (trade.exports - trade.imports)[: origin - trade.first_quarter + 1][-8:],
            outcomes(trade, origin, design.horizon)[balance, : design.horizon],
        ]
    )
    return PastForecast(
        origin=origin,
        quarters=origin + 1 + np.arange(design.horizon),
        bands={width: (at[low], at[high]) for width, (low, high) in INTERVALS.items()},
        median=np.array([np.interp(0.5, LEVELS, row) for row in said]),
        seen_quarters=origin - 7 + np.arange(len(seen)),
        seen=seen,
    )
