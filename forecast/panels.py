"""Pictures of checks: replicas around what was seen, ranks beside their bands, the two books beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from textwrap import fill
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from forecast import page, palette
from forecast.books import MemoryGap
from forecast.draws import Array
from forecast.page import Heading, frame_axes, name_curves, titled_figure, write_text
from forecast.palette import INK, RECORD
from forecast.predictive import Check
from forecast.uniformity import Bands, empirical

_PRIOR, _POSTERIOR = palette.OVERLAY[1][0], palette.BAND_COLOURS[1]
_BINS = 40
Item = TypeVar("Item")


def predictive_figure(checks: Sequence[Check]) -> Figure:
    """Make the page of one model: every quantity in data made from prior and posterior rows, and as it was seen."""
    heading = Heading(
        f"{checks[0].model.capitalize()}: data the model makes, and the data seen",
        "Blue: data sets made from posterior rows; orange line: from prior rows, as far as they lie within the axis; "
        "red: what was seen, with the chance that data made from the posterior lie at least as far out.",
        f"{len(checks[0].posterior):,} data sets each, of the length of the observed ones.",
    )
    return _panels(heading, checks, draw_check)


def calibration_figure(model: str, ranks: Mapping[str, NDArray[np.int64]], n_kept: int, bands: Bands) -> Figure:
    """Make the page of one model: for each parameter, how the ranks of true values depart from uniformity."""
    n = len(next(iter(ranks.values())))
    heading = Heading(
        f"{model.capitalize()}: {n} fits to data of which the truth is known",
        "Distribution of the true value's rank among posterior draws, less that of uniform ranks. A calibrated "
        "parameter stays inside the band throughout with probability 95 %: of twenty, one is expected to leave it.",
        f"Ranks among {n_kept} draws. A hill means a posterior that lies too high, a valley one too low; a hill and "
        "then a valley one too narrow, a valley and then a hill one too wide.",
    )
    figure = _panels(heading, list(ranks.items()), lambda ax, item: draw_ranks(ax, *item, n_kept, bands))
    _share_range(figure.axes)
    return figure


def books_figure(
    years: ArrayLike,
    ratios: Array,
    running: Sequence[tuple[int, int, float]],
    fan_years: ArrayLike,
    fans: Mapping[int, tuple[Array, Array]],
    gap: MemoryGap,
) -> Figure:
    """Make the page of the two books: ratio of each flow by year with its fitted fan, and exports by month.

    Args:
        years, ratios: whole years `(n_years,)` and Korean over US figures `(n_years, 2)`.
        running: years not whole in both flows: year, flow and ratio.
        fan_years, fans: fitted and forecast ratios, ends `(n_years, 2)` by width of the interval in percent.
        gap: exports by month in both books and those of memory.
    """
    heading = Heading(
        "Korean customs figures beside those of the US Census Bureau",
        "Above: Korean over US figure by calendar year; bands: 50, 80 and 95 % intervals of the fitted bridge, a "
        "year ahead while whole years were seen, then its forecast; hollow: part of a year, or one flow alone. Below: "
        "Korea's exports to the US by month.",
        "Sources: Korea Customs Service via KITA and MOTIE; US Census Bureau; items by HS code: Korea Customs Service.",
    )
    figure, axes = titled_figure(heading, heights=(1.3, 1.0), columns=2, room=0.35)
    for flow, name in enumerate(palette.FLOW_COLOURS):
        part = {width: (low[:, flow], high[:, flow]) for width, (low, high) in fans.items()}
        hollow = [(year, ratio) for year, place, ratio in running if place == flow]
        draw_ratios(axes[flow], name, (years, ratios[:, flow]), hollow, fan_years, part)
    _share_range(axes[:2])
    both = {"Korean customs": gap.korea_customs, "US Census": gap.us_census}
    draw_months(axes[2], "All goods", gap.months, both)
    apart = {"Korean less US figure": gap.korea_customs - gap.us_census, "memory modules and drives": gap.memory}
    draw_months(axes[3], "Difference, and memory exports", gap.months, apart)
    return figure


def draw_check(ax: Axes, check: Check) -> Axes:
    """Draw one quantity: replicas from posterior and prior, and a line where it was seen."""
    edges = _bin_edges(check)
    low, high = float(edges[0]), float(edges[-1])
    for made, look in ((check.posterior, {"color": _POSTERIOR, "fill": True}), (check.prior, {"color": _PRIOR})):
        ax.stairs(np.histogram(made, edges)[0], edges, **look)
    ax.axvline(check.observed, color=RECORD, linewidth=1.6, zorder=4)
    _frame_panel(ax, check.quantity)
    ax.set_xlim(low, high)
    ax.set_ylim(0, 1.2 * ax.get_ylim()[1])
    ax.set_yticks([])
    if _is_count(check):
        ax.locator_params(axis="x", integer=True)
    words = f"{100 * check.tail_probability:.{0 if check.tail_probability >= 0.1 else 1}f} %"
    side = 0.0 if check.observed > (low + high) / 2 else 1.0
    style = {"ha": "right" if side else "left", "va": "top", "color": RECORD}
    write_text(ax, side, 0.98, words, transform=ax.transAxes, **style)
    return ax


def _bin_edges(check: Check) -> Array:
    """Ends of bars over what the posterior makes and what was seen; one bar a number where it is a count."""
    core = np.append(np.quantile(check.posterior, [0.002, 0.998]), check.observed)
    if _is_count(check):
        return np.arange(core.min().round() - 0.5, core.max().round() + 1.0)
    return np.linspace(core.min() - 0.08 * np.ptp(core), core.max() + 0.08 * np.ptp(core), _BINS + 1)


def _is_count(check: Check) -> bool:
    return bool((check.posterior == check.posterior.round()).all())


def draw_ranks(ax: Axes, name: str, ranks: NDArray[np.int64], n_kept: int, bands: Bands) -> Axes:
    """Draw the distribution of ranks less the uniform one, with its simultaneous band; red where it leaves it."""
    share = empirical(ranks, n_kept)
    outside = ((share < bands.low) | (share > bands.high)).any()
    points = np.concatenate([[0.0], bands.points, [1.0]])
    low, high, line = (np.pad(values - bands.points, 1) for values in (bands.low, bands.high, share))
    ax.fill_between(points, low, high, color=palette.BAND_COLOURS[2], linewidth=0, zorder=1)
    ax.plot(points, line, color=RECORD if outside else palette.MEDIAN, linewidth=1.6, zorder=4)
    ax.axhline(0.0, color=INK, linewidth=0.6, zorder=2)
    _frame_panel(ax, name.replace("_", " "))
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    return ax


def draw_ratios(
    ax: Axes,
    name: str,
    whole: tuple[ArrayLike, Array],
    hollow: Sequence[tuple[int, float]],
    fan_years: ArrayLike,
    fans: Mapping[int, tuple[Array, Array]],
) -> Axes:
    """Draw the ratio of the books of one flow: whole years, parts of years, and the fitted fan."""
    colour = palette.FLOW_COLOURS[name]
    for width, shade in reversed(list(zip(sorted(fans), palette.BAND_COLOURS, strict=False))):
        ax.fill_between(np.asarray(fan_years), *fans[width], color=shade, linewidth=0, zorder=1)
    ax.plot(*whole, "o", color=colour, markersize=4, zorder=4)
    ax.plot(*np.array(hollow).T, "o", color=colour, mfc="white", markersize=5, zorder=5)
    ax.axhline(1.0, color=INK, linewidth=0.6, zorder=2)
    frame_axes(ax, f"{name.capitalize()}, Korean over US figure")
    return ax


def draw_months(ax: Axes, label: str, months: NDArray[np.int64], lines: Mapping[str, Array]) -> Axes:
    """Draw monthly values in bn USD, one line each."""
    styles = zip(lines.values(), palette.OVERLAY, strict=False)
    drawn = [ax.plot(months, values, color=colour, linestyle=dashes)[0] for values, (colour, dashes) in styles]
    frame_axes(ax, f"{label}, bn USD a month")
    low, high = palette.readable_range([[0.0], *lines.values()], [])
    ax.set_ylim(low if min(values.min() for values in lines.values()) < 0 else 0.0, high)
    quarters = months[months % 3 == 0]
    ax.set_xticks(quarters, [palette.month_label(int(month)) for month in quarters])
    name_curves(ax, drawn, list(lines), loc="upper left", fontsize=page.SMALL)
    return ax


def _panels(heading: Heading, items: Sequence[Item], draw: Callable[[Axes, Item], Axes]) -> Figure:
    """A page with a small picture for each item, in three rows or, if these grow longer than six, in up to five."""
    columns = min(max(6, ceil(len(items) / 5)), max(2, ceil(len(items) / 3)))
    figure, axes = titled_figure(heading, heights=[1.0] * ceil(len(items) / columns), columns=columns, room=0.12)
    for ax, item in zip(axes, items, strict=False):
        draw(ax, item)
    for index, ax in enumerate(axes):
        if index % columns:
            ax.tick_params(labelleft=False)
    for ax in axes[len(items) :]:
        ax.remove()
    return figure


def _share_range(axes: Sequence[Axes]) -> None:
    """Give panels one vertical range, as only the first of a row says what it is."""
    limits = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def _frame_panel(ax: Axes, name: str) -> None:
    frame_axes(ax, "")
    ax.tick_params(labelsize=page.SMALL - 1)
    ax.locator_params(axis="x", nbins=4)
    width = int(ax.bbox.width / ax.figure.dpi * 16)
    write_text(ax, -0.03, 1.02, fill(name, width), transform=ax.transAxes, va="bottom", fontsize=page.SMALL - 1)
