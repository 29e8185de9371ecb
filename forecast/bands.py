"""What pictures of forecasts share: bands of intervals, limits and ticks of years, and numbers at the right end.

Years are calendar years `(n_years,)`; values are bn USD a year on one statistical basis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from forecast import page, palette
from forecast.draws import Array
from forecast.page import write_text
from forecast.palette import GREY, INK, MEDIAN

Bands: TypeAlias = Mapping[int, tuple[ArrayLike, ArrayLike]]
"""Ends of equal-tailed intervals, `(n_years,)` each, by width in percent: `{50: (lower, upper), 80: ..., 95: ...}`."""


def draw_bands(ax: Axes, years: ArrayLike, bands: Bands, median: ArrayLike) -> None:
    """Fill intervals, the widest first and lightest, and draw the median over them."""
    for width, colour in reversed(list(zip(sorted(bands), palette.BAND_COLOURS, strict=False))):
        ax.fill_between(np.asarray(years), *bands[width], color=colour, linewidth=0, gid=f"band-{width}", zorder=1)
    ax.plot(years, median, color=MEDIAN, linewidth=2.2, gid="median", zorder=4)


def fit_axes(ax: Axes, years: Array, bands: Bands, others: Sequence[ArrayLike]) -> None:
    """Set limits and whole-year ticks; draw the zero line where in range, and say where the widest band is cut."""
    widths = sorted(bands)
    widest = [np.asarray(bands[width]) for width in widths[-1:]]
    core = [*others, *(np.asarray(bands[width]) for width in widths[: max(len(widths) - 1, 1)])]
    low, high = ax.set_ylim(palette.readable_range(core, widest))
    first, last = int(np.asarray(years).min()), int(np.asarray(years).max())
    ax.set_xlim(first - 0.6, last + 0.4)
    ax.set_xticks(np.arange(last, first - 1, -1 - (last - first) // 22)[::-1])
    if low < 0 < high:
        ax.axhline(0, color=INK, linewidth=0.9, gid="zero", zorder=3)
    if any((ends < low).any() or (ends > high).any() for ends in widest):
        words = f"the {widths[-1]} % interval runs beyond the axis"
        write_text(ax, 1.0, 1.01, words, transform=ax.transAxes, ha="right", va="bottom", color=GREY)


def label_ends(ax: Axes, year: int, bands: Bands, median: ArrayLike) -> None:
    """Name the median and each interval at the right end, with its numbers in the last `year`."""
    low, high = ax.get_ylim()
    last = float(np.ravel(median)[-1])
    heights, labels = [last], [f"median {palette.number(last, high - low)} in {year}"]
    for width in sorted(bands):
        lower, upper = (float(np.ravel(end)[-1]) for end in bands[width])
        heights.append(upper)
        labels.append(f"{width} %: {palette.number(lower, high - low)} to {palette.number(upper, high - low)}")
    gap = 1.35 * page.SMALL * ax.figure.dpi / 72 * (high - low) / ax.bbox.height
    places = palette.spread_labels(heights, gap, low, high)
    for label, place, weight in zip(labels, places, ["bold", *["normal"] * len(bands)], strict=True):
        write_text(ax, 1.006, place, label, transform=ax.get_yaxis_transform(), va="center", fontweight=weight)
