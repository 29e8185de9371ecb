"""Pictures of a track record: scores by horizon, coverage, PIT histograms and past forecasts with what came true.

As in `plots`: every `draw_` function takes axes and numbers computed elsewhere, draws, and hands the axes back; every
`_figure` function makes a page of them, one column a series where there are several.

The pictures of a track record: scores and past forecasts handed to `track_plots`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from forecast.dims import Array
from forecast.observations.series import QuarterlyTrade
from forecast.plots import style
from forecast.plots.style import (
    BAND_COLOURS,
    GREY,
    INK,
    MEDIAN,
    Heading,
    frame_axes,
    name_curves,
    save_figure,
    titled_figure,
    write_text,
)
from forecast.quarters import format_quarter, parse_quarter
from forecast.stats.summary import INTERVALS
from forecast.track.backtest import OURS, Design
from forecast.track.record import SHOWN, Scores, crps_by_horizon, model_name, strongest
from forecast.track.scores import LEVELS, NEAR_QUARTERS, SERIES, coverage, outcomes, pit_histogram

Curves: TypeAlias = Mapping[str, tuple[ArrayLike, ArrayLike]]
"""Points of curves by the name to show, the shipped model's first."""

_STYLES = (
    (MEDIAN, "-", 2.6), ("#c9501c", "--", 1.6), ("#8a8a8a", ":", 1.8), ("#e0a030", "-.", 1.6),
    ("#4d9a6a", (0, (5, 1, 1, 1, 1, 1)), 1.6), ("#7b4f8e", (0, (1, 1)), 1.6), ("#17808a", (0, (4, 1)), 1.6),
    ("#a8325e", (0, (6, 2, 1, 2)), 1.6),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PastForecast:
    """One forecast of the past, as `draw_past_forecast` takes it.

    Attributes:
        origin: quarter index.
        quarters: quarter indices of the forecast, `(horizon,)`.
        bands: intervals by width in percent, `(horizon,)` each.
        median: `(horizon,)`.
        observed_quarters, observed: quarter indices and outcomes before and after the origin.
    """

    origin: int
    quarters: ArrayLike
    bands: Mapping[int, tuple[ArrayLike, ArrayLike]]
    median: ArrayLike
    observed_quarters: ArrayLike
    observed: ArrayLike


def curves_figure(heading: Heading, panels: Mapping[str, Curves], draw: Callable[..., Axes]) -> Figure:
    """Make a page of `draw_crps` or `draw_coverage`, one panel a label of its axis, side by side."""
    figure, axes = titled_figure(heading, columns=len(panels), room=0.45)
    for ax, (label, curves) in zip(axes, panels.items(), strict=True):
        draw(ax, curves, label=label)
    return figure


def pit_figure(heading: Heading, rows: Sequence[Mapping[str, ArrayLike]]) -> Figure:
    """Make a page of `draw_pit`, row by row, one panel a label of its axis."""
    figure, axes = titled_figure(heading, heights=[1.0] * len(rows), columns=len(rows[0]), room=0.45)
    panels = [panel for row in rows for panel in row.items()]
    for ax, (label, counts) in zip(axes, panels, strict=True):
        draw_pit(ax, counts, label=label)
    return figure


def past_figure(heading: Heading, pasts: Sequence[PastForecast], *, columns: int, label: str) -> Figure:
    """Make a page of `draw_past_forecast`, each row on a scale of its own that holds zero."""
    heights = [1.0] * -(-len(pasts) // columns)
    figure, axes = titled_figure(heading, heights=heights, columns=columns, room=0.45)
    for ax, past in zip(axes, pasts, strict=False):
        draw_past_forecast(ax, past, label=label)
    for first in range(0, len(pasts), columns):
        row = axes[first : first + columns]
        limits = np.array([ax.get_ylim() for ax in row])
        for ax in row:
            ax.set_ylim(min(0.0, limits[:, 0].min()), limits[:, 1].max())
    return figure


def draw_crps(ax: Axes, curves: Curves, *, label: str) -> Axes:
    """Draw mean CRPS by horizon, one curve a model."""
    frame_axes(ax, label)
    lines = []
    for (name, points), (colour, dashes, width) in zip(curves.items(), cycle(_STYLES), strict=False):
        (line,) = ax.plot(*points, color=colour, linestyle=dashes, linewidth=width, gid=name, zorder=4)
        lines.append(line)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Quarters ahead", fontsize=style.MIDDLE, color=INK)
    ax.set_xticks(np.unique(np.concatenate([np.asarray(points[0]) for points in curves.values()])))
    name_curves(ax, lines, list(curves), loc="lower right", fontsize=style.SMALL)
    return ax


def draw_coverage(ax: Axes, curves: Curves, *, label: str) -> Axes:
    """Draw the share of outcomes inside intervals of every width, in percent, beside the width that was stated."""
    frame_axes(ax, label)
    (right,) = ax.plot([0, 100], [0, 100], color=GREY, linewidth=1.0, linestyle=":", gid="stated", zorder=2)
    lines = [right]
    for (name, points), (colour, dashes, width) in zip(curves.items(), cycle(_STYLES), strict=False):
        lines += ax.plot(*points, color=colour, linestyle=dashes, linewidth=width, gid=name, zorder=4)
    ax.set(xlim=(0, 100), ylim=(0, 100), xticks=(0, 25, 50, 80, 95), yticks=(0, 25, 50, 80, 95))
    ax.set_xlabel("Stated width of the interval, %", fontsize=style.MIDDLE, color=INK)
    name_curves(ax, lines, ["as stated", *curves], loc="lower right", fontsize=style.SMALL)
    return ax


def draw_pit(ax: Axes, counts: ArrayLike, *, label: str) -> Axes:
    """Draw a histogram of PIT values in equal bins, in percent of outcomes, with the height of a calibrated one."""
    shares = 100 * np.asarray(counts, dtype=float) / np.sum(counts)
    frame_axes(ax, label)
    edges = np.linspace(0, 1, len(shares) + 1)
    ax.bar(edges[:-1], shares, 1 / len(shares), align="edge", color=BAND_COLOURS[0], ec="white", gid="pit", zorder=2)
    ax.axhline(100 / len(shares), color=INK, linewidth=1.0, linestyle=":", gid="calibrated", zorder=3)
    ax.set(xlim=(0, 1), xticks=(0, 0.25, 0.5, 0.75, 1))
    ax.set_ylim(0, max(2.2 * 100 / len(shares), 1.05 * shares.max()))
    return ax


def draw_past_forecast(ax: Axes, past: PastForecast, *, label: str) -> Axes:
    """Draw a fan from one origin and the outcomes around it."""
    frame_axes(ax, label)
    for width, colour in reversed(list(zip(sorted(past.bands), BAND_COLOURS, strict=False))):
        ax.fill_between(
            np.asarray(past.quarters), *past.bands[width], color=colour, lw=0, gid=f"band-{width}", zorder=1
        )
    ax.plot(past.quarters, past.median, color=MEDIAN, linewidth=1.8, gid="median", zorder=3)
    ax.plot(past.observed_quarters, past.observed, "o-", color=INK, ms=3, linewidth=1.1, gid="observed", zorder=4)
    ax.axvline(past.origin + 0.5, color=style.RULE, linewidth=0.8, zorder=1.6)
    across = ax.get_xaxis_transform()
    write_text(
        ax, past.origin + 0.3, 0.98, f"known to {format_quarter(past.origin)}", transform=across, ha="right", va="top"
    )
    ticks = [quarter for quarter in range(past.origin - 4, past.origin + 9) if quarter % 4 == past.origin % 4]
    ax.set_xticks(ticks, [format_quarter(tick) for tick in ticks], fontsize=style.SMALL)
    return ax


PASTS = ("2008Q2", "2011Q4", "2019Q4", "2021Q2", "2023Q2", "2024Q4")
"""Origins whose fans are drawn: the crash of 2008, a calm stretch, the pandemic, and the rise and turn since."""

_HALVES = ((1, 4), (5, 8))
_SOURCE = "Source: US Census Bureau, last vintage; US Census basis; forecasts by this package's baseline."


def save_track_pictures(
    folder: Path, scores: Scores, forecasts: Mapping[int, Array], trade: QuarterlyTrade, design: Design
) -> None:
    """Draw scores by horizon, coverage, PIT histograms and past forecasts to `folder`.

    Args:
        forecasts: quantiles of the shipped model, `(3, n_targets, 99)` by origin.
    """
    quarters = scores.where(span="quarter")
    starts = f"{len(forecasts)} origins, {format_quarter(min(forecasts))} to {format_quarter(max(forecasts))}"
    save_figure(_crps_page(quarters, starts), folder / "crps.png")
    save_figure(_coverage_page(quarters, starts), folder / "coverage.png")
    save_figure(_pit_page(quarters, starts), folder / "pit.png")
    _save_pasts(folder / "fans.png", forecasts, trade, design)


def _crps_page(quarters: Scores, starts: str) -> Figure:
    heading = Heading(
        "How far off: mean CRPS by horizon",
        f"{starts}; smaller is better; US Census basis; each standard method in its strongest treatment",
        _SOURCE,
    )
    panels = {f"{series.capitalize()}, CRPS, bn USD": _crps_curves(quarters, series) for series in SHOWN}
    return curves_figure(heading, panels, draw_crps)


def _coverage_page(quarters: Scores, starts: str) -> Figure:
    heading = Heading(
        "How sure: share of outcomes inside the intervals of the forecast",
        f"{starts}; below the dotted line intervals are too narrow, above it too wide",
        _SOURCE,
    )
    panels = {f"{series.capitalize()}, inside, %": _coverage_curves(quarters, series) for series in SHOWN}
    return curves_figure(heading, panels, draw_coverage)


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


def _save_pasts(path: Path, forecasts: Mapping[int, Array], trade: QuarterlyTrade, design: Design) -> None:
    pasts = [
        _past(origin, forecasts[origin], trade, design) for origin in map(parse_quarter, PASTS) if origin in forecasts
    ]
    if pasts:
        heading = Heading(
            "What was said, and what came true: the quarterly balance",
            "Median and equal-tailed 50, 80 and 95 % intervals; dots: outcomes; bn USD a quarter, US Census basis",
            _SOURCE,
        )
        save_figure(past_figure(heading, pasts, columns=3, label="Balance, bn USD a quarter"), path)


def _past(origin: int, quantiles: Array, trade: QuarterlyTrade, design: Design) -> PastForecast:
    balance = SERIES.index("balance")
    n_near = min(design.horizon, NEAR_QUARTERS)
    balances = quantiles[balance, :n_near]
    at = {
        level: np.array([np.interp(level, LEVELS, row) for row in balances])
        for ends in INTERVALS.values()
        for level in ends
    }
    observed = np.concatenate(
        [
            (trade.exports - trade.imports)[: origin - trade.first_quarter + 1][-8:],
            outcomes(trade, origin, n_near)[balance, :n_near],
        ]
    )
    return PastForecast(
        origin=origin,
        quarters=origin + 1 + np.arange(n_near),
        bands={width: (at[low], at[high]) for width, (low, high) in INTERVALS.items()},
        median=np.array([np.interp(0.5, LEVELS, row) for row in balances]),
        observed_quarters=origin - 7 + np.arange(len(observed)),
        observed=observed,
    )
