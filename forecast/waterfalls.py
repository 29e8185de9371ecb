"""Pictures of a change taken apart: each part in its place on the way from nothing to the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from forecast import page, palette
from forecast.page import frame_rows, write_text
from forecast.palette import INK

RISE, FALL, WHOLE = palette.CHANNEL_COLOURS["intermediates"], palette.CHANNEL_COLOURS["displacement"], palette.MEDIAN
"""Parts that add, parts that take away, and all of them."""

_BAR, _BELOW = 0.42, 0.3


def draw_waterfall(
    ax: Axes,
    names: Sequence[str],
    means: ArrayLike,
    intervals: ArrayLike,
    *,
    whole: tuple[float, float, float],
    quantity: str,
    basis: str,
) -> Axes:
    """Draw parts from top to bottom, each bar beginning where the one above ends, and the whole below them.

    The line under a bar is the interval of where it ends; the number beside it is the mean.

    Args:
        names: of the parts.
        means: `(n_parts,)`, bn USD a year; they add up to that of the whole.
        intervals: lower and upper ends of the 80 % interval of each part by itself, `(n_parts, 2)`.
        whole: mean, and lower and upper end of the 80 % interval, of all parts together.
        quantity: what is taken apart, such as `Difference in the goods surplus in 2030`.
    """
    parts, ends = np.asarray(means, dtype=float), np.asarray(intervals, dtype=float)
    starts = np.append(np.cumsum(parts) - parts, 0.0)
    sizes, lows, highs = (np.append(part, value) for part, value in zip((parts, *ends.T), whole, strict=True))
    colours = [*(RISE if part >= 0 else FALL for part in parts), WHOLE]
    rows = frame_rows(ax, [*names, "all of it"], f"{palette.unit_label(quantity, basis)}: mean and 80 % interval")
    ax.barh(rows, sizes, _BAR, left=starts, color=colours, gid="parts", zorder=2)
    ax.hlines(rows + _BELOW, starts + lows, starts + highs, color=INK, linewidth=1.3, gid="intervals", zorder=3)
    ax.vlines(starts[1:-1], rows[:-2], rows[1:-1], color=INK, linewidth=0.7, linestyle=":", zorder=1.6)
    ax.axvline(0, color=INK, linewidth=0.9, gid="zero", zorder=1.8)
    low, high = palette.readable_range([starts + lows, starts + highs, starts + sizes, [0.0]], [])
    ax.set_xlim(low, high)
    for row, size in zip(rows, sizes, strict=True):
        words = palette.signed(size, high - low)
        write_text(ax, 1.01, row, words, transform=ax.get_yaxis_transform(), va="center", fontsize=page.MIDDLE)
    return ax
