"""Pictures of where plants buy: shares of suppliers over time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from forecast import page, palette
from forecast.page import frame_axes, write_text

SUPPLIER_COLOURS = {
    "Korea": palette.CHANNEL_COLOURS["capital_goods"],
    "local": palette.CHANNEL_COLOURS["displacement"],
    "third countries": "#8f8f8f",
}
_DASHES = {"Korea": "-", "local": "--", "third countries": ":"}


def draw_composition(
    ax: Axes,
    years: ArrayLike,
    shares: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    observed: Mapping[str, tuple[ArrayLike, ArrayLike]],
    of: str,
) -> Axes:
    """Draw the share of each supplier in purchases: median as a line, 80 % interval as a band, observed as dots.

    Args:
        years: calendar time, `(n_periods,)`.
        shares: median, lower and upper end, fractions, `(n_periods,)` each, by supplier in `SUPPLIER_COLOURS`.
        observed: years and shares seen, fractions, by supplier.
        of: whose purchases.
    """
    frame_axes(ax, f"Share of the purchases of {of} by origin, % of value")
    for name, (median, low, high) in shares.items():
        middle, lower, upper = (100 * np.asarray(part, dtype=float) for part in (median, low, high))
        colour = SUPPLIER_COLOURS[name]
        ax.fill_between(
            np.asarray(years), lower, upper, color=colour, alpha=0.25, linewidth=0, gid=f"band-{name}", zorder=1
        )
        ax.plot(years, middle, color=colour, linestyle=_DASHES[name], linewidth=2.0, gid=name, zorder=3)
        if name in observed:
            seen_years, seen = observed[name]
            ax.plot(seen_years, 100 * np.asarray(seen), "o", color=colour, ms=5, gid=f"observed-{name}", zorder=4)
    _label_ends(ax, {name: [100 * float(np.ravel(part)[-1]) for part in parts] for name, parts in shares.items()})
    ax.set_ylim(0, 100)
    write_text(
        ax, 0.01, 0.98, "dots: observed; bands: 80 % intervals", transform=ax.transAxes, va="top", fontsize=page.SMALL
    )
    return ax


def _label_ends(ax: Axes, ends: Mapping[str, list[float]]) -> None:
    """Name each supplier at the right end, with median and interval there."""
    gap = 100 * 2.9 * page.SMALL * ax.figure.dpi / 72 / ax.bbox.height
    places = palette.spread_labels([median for median, *_ in ends.values()], gap, 0.0, 100.0)
    for (name, (median, low, high)), place in zip(ends.items(), places, strict=True):
        words = f"{name}: {median:.0f} %\n({low:.0f} to {high:.0f})"
        colour = SUPPLIER_COLOURS[name]
        write_text(ax, 1.01, place, words, transform=ax.get_yaxis_transform(), va="center", color=colour)
