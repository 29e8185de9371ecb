"""Picture of what a law implies: its density, its median and 80 % interval, and the laws it is made of."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecast import page, palette
from forecast.distributions import Law
from forecast.page import Heading, frame_axes, name_curves, save_figure, titled_figure, write_text
from forecast.palette import INK
from forecast.portrait import density, inner_edges, parts

_STEPS = 120


def save_law_picture(name: str, law: Law, path: Path) -> None:
    """Draw a law to `path`.

    Raises:
        RunError: the file cannot be written.
    """
    save_figure(law_figure(name, law), path)


def law_figure(name: str, law: Law) -> Figure:
    """Make the page of a law."""
    low, middle, high = (f"{float(x):.3g}".replace("-", "−") for x in law.ppf([0.1, 0.5, 0.9]))
    subtitle = f"Density over the inner 99 %; line: the median {middle}; dark: the 80 % interval, {low} to {high}."
    source = "Coloured outlines: the laws it is made of, each times its share." if parts(law) else "As stated."
    figure, (ax,) = titled_figure(Heading(name, subtitle, source))
    draw_law(ax, law)
    return figure


def draw_law(ax: Axes, law: Law) -> Axes:
    """Draw the density of a law, and outlines of the laws it is made of."""
    edges = inner_edges(law, _STEPS)
    width = edges[1] - edges[0]
    heights = density(law, edges).shares / width
    low, middle, high = law.ppf([0.1, 0.5, 0.9])
    inside = (edges[1:] > low) & (edges[:-1] < high)
    ax.stairs(heights, edges, fill=True, color=palette.BAND_COLOURS[2], zorder=2)
    ax.stairs(heights * inside, edges, fill=True, color=palette.BAND_COLOURS[1], zorder=2.1)
    frame_axes(ax, "Probability density")
    ax.axvline(middle, color=palette.MEDIAN, linewidth=1.6, zorder=4)
    named = parts(law)
    outlines = []
    for (_, share, part), (colour, dashes) in zip(named, cycle(palette.OVERLAY), strict=False):
        outline = share * density(part, edges).shares / width
        outlines.append(ax.stairs(outline, edges, color=colour, linestyle=dashes, linewidth=1.8, zorder=3))
    if named:
        name_curves(ax, outlines, [f"{label}, {100 * share:.0f} %" for label, share, _ in named], loc="upper right")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0)
    write_text(ax, 1.01, 0.0, "value", transform=ax.transAxes, va="center", fontsize=page.MIDDLE, color=INK)
    return ax
