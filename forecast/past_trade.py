"""Pictures of past trade: exports, imports and balance by year, in both books."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from forecast import palette
from forecast.bands import fit_axes
from forecast.draws import Array
from forecast.page import Heading, frame_axes, name_curves, titled_figure, write_text

_BAR = 0.62
_TINY = 7.0
_UPRIGHT = 13  # years whose numbers fit side by side in half a page


def history_figure(heading: Heading, books: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]]) -> Figure:
    """Make the page of past trade: one `draw_history` for each basis, side by side on one scale.

    Args:
        books: years, flows and months as `draw_history` takes them, by basis.
    """
    figure, axes = titled_figure(heading, columns=len(books), room=0.35)
    for ax, (basis, (years, flows, months)) in zip(axes, books.items(), strict=True):
        draw_history(ax, years, flows, months, basis=basis)
    limits = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())
    return figure


def draw_history(ax: Axes, years: ArrayLike, flows: ArrayLike, months: ArrayLike, *, basis: str) -> Axes:
    """Draw exports and imports as lines and the balance as bars; years not yet whole are hollow and named by months.

    Args:
        flows: `(n_years, 3)`: exports to the US, imports from the US and balance; nan where nothing was published.
        months: `(n_years, 3)`: months covered from January, 12 for a whole year.
    """
    axis, values, covered = np.asarray(years), np.asarray(flows, dtype=float), np.asarray(months)
    running = covered < 12
    frame_axes(ax, palette.unit_label("Goods trade", basis))
    flows_drawn = zip(palette.FLOW_COLOURS, values.T[:2], running.T[:2], strict=True)
    lines = [_draw_flow(ax, name, axis, flow, part) for name, flow, part in flows_drawn]
    bars = _draw_balance(ax, axis, values[:, 2], running[:, 2])
    fit_axes(ax, axis, {}, [0.0, values])
    ax.set_ylim(bottom=min(0.0, float(np.nanmin(values))))
    name_curves(ax, [*lines, bars], [*palette.FLOW_COLOURS, "balance"], loc="upper left")
    spans = [palette.months_label(int(n)) for n in np.unique(covered[-1]) if 0 < n < 12]
    ticks = axis[:: -2 * ceil(axis.size / _UPRIGHT)][::-1]
    ax.set_xticks(ticks, [*map(str, ticks[:-1]), "\n".join([str(ticks[-1]), *spans])])
    return ax


def _draw_balance(ax: Axes, years: Array, balance: Array, running: NDArray[np.bool_]) -> BarContainer:
    colour = palette.BAND_COLOURS[1]
    bars = ax.bar(years[~running], balance[~running], _BAR, color=colour, gid="balance", zorder=1)
    ax.bar(years[running], balance[running], _BAR, color="white", ec=colour, hatch="////", gid="running", zorder=1)
    turn = 0 if years.size <= _UPRIGHT else 90
    for year, value, part in zip(years, balance, running, strict=True):
        words = palette.number(value, 10.0) if np.isfinite(value) else "n/a"
        paper = {"facecolor": "white" if part else "none", "edgecolor": "none", "pad": 0.6}
        write_text(ax, year, 1.0, words, ha="center", va="bottom", fontsize=_TINY, rotation=turn, bbox=paper)
    return bars


def _draw_flow(ax: Axes, name: str, years: Array, values: Array, running: NDArray[np.bool_]) -> Line2D:
    colour = palette.FLOW_COLOURS[name]
    whole = np.where(running, np.nan, values)
    (line,) = ax.plot(years, whole, "o-", color=colour, linewidth=2, markersize=4, gid=name, zorder=4)
    ax.plot(years[running], values[running], "o", color=colour, mfc="white", gid=f"{name}-running", zorder=4)
    return line
