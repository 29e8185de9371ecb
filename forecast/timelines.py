"""Pictures of plants in time: when each is built, when it starts and when it runs in full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from forecast import palette
from forecast.page import frame_rows, name_above, write_text
from forecast.palette import GREY, INK
from forecast.prospects import Phases

BUILT, RAMPED, RUN = palette.CHANNEL_COLOURS["reverse_imports"], palette.BAND_COLOURS[1], palette.MEDIAN
_BAR, _BELOW = 0.42, 0.3


def draw_timeline(ax: Axes, investments: Sequence[Phases], *, until: float) -> Axes:
    """Draw investments from top to bottom: capex while they are built, output as it ramps up and in full to its end.

    The line under a bar is the 80 % interval of the start of production; amount and chance to go ahead stand at the
    right.

    Args:
        until: end of the axis, decimal year.
    """
    rows = frame_rows(ax, [item.name for item in investments], "Calendar year; spans are medians")
    spans = (
        ("built: capex", BUILT, "", [(item.construction, item.production) for item in investments]),
        ("output ramps up", RAMPED, "////", [(item.production, item.full) for item in investments]),
        ("output in full", RUN, "", [(item.full, until if item.end is None else item.end) for item in investments]),
    )
    bars = []
    for name, colour, hatch, ends in spans:
        starts, stops = np.minimum(np.array(ends).T, until)
        stops = np.maximum(starts, stops)  # a plant that closes before it is full
        bars.append(
            ax.barh(
                rows, stops - starts, _BAR, left=starts, color=colour, ec=INK, lw=0.4, hatch=hatch, gid=name, zorder=2
            )
        )
    late = np.minimum([item.late for item in investments], until)
    whiskers = ax.hlines(rows + _BELOW, *late.T, color=INK, linewidth=1.3, gid="late", zorder=3)
    ax.set_xlim(np.floor(min(item.construction for item in investments)), until)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    for row, item in zip(rows, investments, strict=True):
        words = f"{item.amount:.1f} bn USD, {100 * item.chance:.0f} %"
        write_text(ax, 1.01, row, words, transform=ax.get_yaxis_transform(), va="center")
    top = {"transform": ax.get_yaxis_transform(), "va": "center", "color": GREY}
    write_text(ax, 1.01, rows[0] - 0.75, "amount, chance", **top)
    names = [*(name for name, *_ in spans), "start of production, 80 %"]
    name_above(ax, [*bars, whiskers], names)
    return ax
