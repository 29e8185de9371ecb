"""Pictures of where plants buy: shares of suppliers over time.

Picture of what a distribution implies: its density, its median and 80 % interval, and the distributions it is made of.

Pictures of plants in time: when each is built, when it starts and when it runs in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from forecast.analysis.input_values import Phases, investment_phases, purchase_shares
from forecast.errors import RunError
from forecast.observations.annual import procurement_shares
from forecast.plots import style
from forecast.plots.style import (
    GREY,
    INK,
    Heading,
    frame_axes,
    frame_rows,
    name_above,
    name_curves,
    save_figure,
    titled_figure,
    write_text,
)
from forecast.scenario.scenario import Scenario
from forecast.stats.density import density, inner_edges
from forecast.stats.distributions import Distribution
from forecast.stats.elicited import parts
from forecast.stats.formatting import whole_percentage

SUPPLIER_COLOURS = {
    "Korea": style.CHANNEL_COLOURS["capital_goods"],
    "local": style.CHANNEL_COLOURS["displacement"],
    "third countries": "#8f8f8f",
}
_PARTIES = dict(zip(("korea", "local", "third_country"), SUPPLIER_COLOURS, strict=True))
"""Suppliers by their name in the table of shares."""

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
        ax, 0.01, 0.98, "dots: observed; bands: 80 % intervals", transform=ax.transAxes, va="top", fontsize=style.SMALL
    )
    return ax


def _label_ends(ax: Axes, ends: Mapping[str, list[float]]) -> None:
    """Name each supplier at the right end, with median and interval there."""
    gap = 100 * 2.9 * style.SMALL * ax.figure.dpi / 72 / ax.bbox.height
    places = style.spread_labels([median for median, *_ in ends.values()], gap, 0.0, 100.0)
    for (name, (median, low, high)), place in zip(ends.items(), places, strict=True):
        words = f"{name}: {median:.0f} %\n({low:.0f} to {high:.0f})"
        colour = SUPPLIER_COLOURS[name]
        write_text(ax, 1.01, place, words, transform=ax.get_yaxis_transform(), va="center", color=colour)


_STEPS = 120


def save_distribution_picture(name: str, distribution: Distribution, path: Path) -> None:
    """Draw a distribution to `path`.

    Raises:
        RunError: the file cannot be written.
    """
    save_figure(distribution_figure(name, distribution), path)


def distribution_figure(name: str, distribution: Distribution) -> Figure:
    """Make the page of a distribution."""
    low, middle, high = (f"{float(x):.3g}".replace("-", "−") for x in distribution.ppf([0.1, 0.5, 0.9]))
    subtitle = f"Density over the inner 99 %; line: the median {middle}; dark: the 80 % interval, {low} to {high}."
    source = (
        "Coloured outlines: the distributions it is made of, each times its share."
        if parts(distribution)
        else "As stated."
    )
    figure, (ax,) = titled_figure(Heading(name, subtitle, source))
    draw_distribution(ax, distribution)
    return figure


def draw_distribution(ax: Axes, distribution: Distribution) -> Axes:
    """Draw the density of a distribution, and outlines of the distributions it is made of."""
    edges = inner_edges(distribution, _STEPS)
    width = edges[1] - edges[0]
    heights = density(distribution, edges).shares / width
    low, middle, high = distribution.ppf([0.1, 0.5, 0.9])
    inside = (edges[1:] > low) & (edges[:-1] < high)
    ax.stairs(heights, edges, fill=True, color=style.BAND_COLOURS[2], zorder=2)
    ax.stairs(heights * inside, edges, fill=True, color=style.BAND_COLOURS[1], zorder=2.1)
    frame_axes(ax, "Probability density")
    ax.axvline(middle, color=style.MEDIAN, linewidth=1.6, zorder=4)
    named = parts(distribution)
    outlines = []
    for (_, share, part), (colour, dashes) in zip(named, cycle(style.OVERLAY), strict=False):
        outline = share * density(part, edges).shares / width
        outlines.append(ax.stairs(outline, edges, color=colour, linestyle=dashes, linewidth=1.8, zorder=3))
    if named:
        name_curves(ax, outlines, [f"{label}, {100 * share:.0f} %" for label, share, _ in named], loc="upper right")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0)
    write_text(ax, 1.01, 0.0, "value", transform=ax.transAxes, va="center", fontsize=style.MIDDLE, color=INK)
    return ax


BUILT, RAMPED, RUN = style.CHANNEL_COLOURS["reverse_imports"], style.BAND_COLOURS[1], style.MEDIAN
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
        side, chance = whole_percentage(item.chance)
        words = f"{item.amount:.{1 if item.amount >= 1 else 2}f} bn USD, {side}{' ' if side else ''}{chance} %"
        write_text(ax, 1.01, row, words, transform=ax.get_yaxis_transform(), va="center")
    top = {"transform": ax.get_yaxis_transform(), "va": "center", "color": GREY}
    write_text(ax, 1.01, rows[0] - 0.75, "amount, chance", **top)
    names = [*(name for name, *_ in spans), "start of production, 80 %"]
    name_above(ax, [*bars, whiskers], names)
    return ax


def timeline_chart(scenario: Scenario) -> Figure:
    """When every plant of a scenario is built and runs.

    Raises:
        RunError: it has none.
    """
    phases = investment_phases(scenario)
    if not phases:
        raise RunError(f"{scenario.name}: got a scenario without plants, expected one with some to draw")
    heading = Heading(
        scenario.title,
        "Phases of its plants, medians",
        "Whether a plant goes ahead and how late it is: as stated, else from announcements before it.",
    )
    figure, (ax,) = titled_figure(heading)
    draw_timeline(ax, phases, until=scenario.horizon + 1)
    return figure


def purchases_chart(scenario: Scenario) -> Figure:
    """Where Korean affiliates buy: shares observed, and their path in a scenario with its 80 % intervals."""
    years, shares = purchase_shares(scenario)
    observed: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in shares}
    for share in procurement_shares():
        seen_years, seen = observed[_PARTIES[share.party]]
        seen_years.append(share.year)
        seen.append(share.share)
    heading = Heading(
        scenario.title, "Where Korean affiliates in the US buy", "Dots: published shares of all affiliates."
    )
    figure, (ax,) = titled_figure(heading)
    draw_composition(ax, years, shares, observed=observed, of="Korean affiliates in the US")
    return figure
