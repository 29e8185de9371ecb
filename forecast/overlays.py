"""Pictures of distributions laid over one another: densities and cumulative shares of draws."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from forecast import page, palette
from forecast.page import frame_axes, name_curves
from forecast.palette import INK

_MOST_BINS = 64


def draw_densities(ax: Axes, samples_by_label: Mapping[str, ArrayLike], *, year: int, basis: str) -> Axes:
    """Draw the surplus of one year in several scenarios as outlines of histograms with shared bins.

    The axis spans the central 99 % of all draws together; shares are of all draws of a scenario, those beyond included.

    Args:
        samples_by_label: draws `(n_draws,)`, bn USD a year, by the name to show.
    """
    samples = [np.asarray(draws, dtype=float) for draws in samples_by_label.values()]
    ends = np.quantile(np.concatenate(samples), (0.005, 0.995))
    edges = np.asarray(MaxNLocator(_MOST_BINS, steps=list(page.STEPS)).tick_values(*ends))
    frame_axes(ax, f"Share of draws in each step of {edges[1] - edges[0]:g} bn USD, %")
    outlines = []
    for draws, (colour, dashes) in zip(samples, cycle(palette.OVERLAY), strict=False):
        shares = 100 * np.histogram(draws, edges)[0] / draws.size
        outlines.append(ax.stairs(shares, edges, color=colour, linestyle=dashes, linewidth=1.8, zorder=3))
    ax.set_xlim(edges[0], edges[-1])
    ax.set_xlabel(palette.unit_label(f"Goods surplus with the US in {year}", basis), fontsize=page.MIDDLE, color=INK)
    name_curves(ax, outlines, [fill(name, 40) for name in samples_by_label], loc="upper right")
    return ax


def draw_ecdfs(ax: Axes, samples_by_label: Mapping[str, ArrayLike], *, year: int, basis: str) -> Axes:
    """Draw the share of draws up to each surplus of one year, in several scenarios: the chance to stay below it.

    The axis spans the central 99 % of all draws together.

    Args:
        samples_by_label: draws `(n_draws,)`, bn USD a year, by the name to show.
    """
    samples = [np.sort(np.asarray(draws, dtype=float)) for draws in samples_by_label.values()]
    frame_axes(ax, "Chance that the surplus is no larger, %")
    curves = []
    for draws, (colour, dashes) in zip(samples, cycle(palette.OVERLAY), strict=False):
        shares = 100 * np.arange(1, draws.size + 1) / draws.size
        curves += ax.step(draws, shares, where="post", color=colour, linestyle=dashes, linewidth=1.8, zorder=3)
    ax.set(
        xlim=np.quantile(np.concatenate(samples), (0.005, 0.995)), ylim=(0, 100), yticks=(0, 10, 25, 50, 75, 90, 100)
    )
    ax.set_xlabel(palette.unit_label(f"Goods surplus with the US in {year}", basis), fontsize=page.MIDDLE, color=INK)
    name_curves(ax, curves, [fill(name, 40) for name in samples_by_label], loc="lower right")
    return ax
