"""Pictures of a forecast by year: fans with history, paired differences, and what announcements do by channel.

Every `draw_` function takes axes, draws on them and hands them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from forecast import page, palette
from forecast.bands import Bands, draw_bands, fit_axes, label_ends
from forecast.draws import CHANNELS, Array
from forecast.page import Heading, frame_axes, name_curves, titled_figure, write_text
from forecast.palette import GREY, INK, MEDIAN, RULE

_BAR = 0.62
_ROOM = 0.09
"""Part of an axis on either side of its zero line, for words."""


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What investments change, as `draw_effect` takes it.

    Attributes:
        bands: intervals by width, at least the 80 % one.
        median: `(n_years,)`.
        contributions: mean of each of `draws.CHANNELS`, `(n_years,)`, signed as it enters the surplus.
    """

    bands: Bands
    median: ArrayLike
    contributions: Mapping[str, ArrayLike]


def fan_figure(
    heading: Heading,
    years: ArrayLike,
    bands: Bands,
    median: ArrayLike,
    *,
    observed: tuple[ArrayLike, ArrayLike],
    basis: str,
    record: tuple[int, float] | None = None,
    later: Sequence[tuple[int, float]] = (),
    effect: Effect | None = None,
) -> Figure:
    """Make the page of a run: the fan of `draw_fan` and, where there are investments, their effect below it."""
    figure, axes = titled_figure(heading, heights=(1.0,) if effect is None else (1.8, 1.0))
    draw_fan(axes[0], years, bands, median, observed=observed, basis=basis, record=record, later=later)
    if effect is not None:
        draw_effect(axes[1], years, effect.bands, effect.median, contributions=effect.contributions, basis=basis)
        axes[1].set_xlim(axes[0].get_xlim())
        axes[1].set_xticks(axes[0].get_xticks())
    return figure


def draw_fan(
    ax: Axes,
    years: ArrayLike,
    bands: Bands,
    median: ArrayLike,
    *,
    observed: tuple[ArrayLike, ArrayLike],
    basis: str,
    record: tuple[int, float] | None = None,
    later: Sequence[tuple[int, float]] = (),
) -> Axes:
    """Draw the observed surplus and, from the running year on, its median and intervals.

    The fan is joined to the last observed year. The axis holds all but the far tails of the widest interval and says
    so where it cuts them; the numbers at its right end are those of the last year, cut or not.

    Args:
        observed: calendar years and surplus, both `(n_observed,)`; nan where nothing was published.
        record: year and size of the largest surplus so far, bn USD.
        later: year and size of every surplus observed after the forecast was made, bn USD.
    """
    seen_years, seen = (np.asarray(values, dtype=float) for values in observed)
    frame_axes(ax, palette.unit_label("Goods surplus with the US", basis))
    _draw_join(ax, seen_years, seen, years, bands, median)
    draw_bands(ax, years, bands, median)
    ax.plot(seen_years, seen, "o-", color=INK, markersize=4, linewidth=1.8, gid="observed", zorder=4)
    others = [record[1] if record else np.nan, *(value for _, value in later)]
    fit_axes(ax, np.append(seen_years, years), bands, [seen, others])
    _name_spans(ax, seen_years[np.isnan(seen)], float(np.asarray(years).min()) - 0.5)
    if record:
        _draw_record(ax, *record)
    _draw_outcomes(ax, later)
    label_ends(ax, int(np.asarray(years).max()), bands, median)
    return ax


def draw_difference(
    ax: Axes, years: ArrayLike, bands: Bands, median: ArrayLike, *, basis: str, alternative: str, reference: str
) -> Axes:
    """Draw the paired difference of two scenarios, `alternative - reference` (short names), with its zero line."""
    frame_axes(ax, palette.unit_label("Difference in the goods surplus", basis))
    draw_bands(ax, years, bands, median)
    fit_axes(ax, np.asarray(years), bands, [0.0])
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, -_ROOM * (high - low)), max(high, _ROOM * (high - low)))
    write_text(ax, 0.01, 0.98, f"↑ larger with {alternative}", transform=ax.transAxes, va="top", color=GREY)
    write_text(ax, 0.01, 0.02, f"↓ larger with {reference}", transform=ax.transAxes, va="bottom", color=GREY)
    label_ends(ax, int(np.asarray(years).max()), bands, median)
    return ax


def draw_effect(
    ax: Axes, years: ArrayLike, bands: Bands, median: ArrayLike, *, contributions: Mapping[str, ArrayLike], basis: str
) -> Axes:
    """Draw what investments change: mean contributions as stacked bars, the effect's median with its 80 % interval.

    Args:
        contributions: mean of each of `draws.CHANNELS`, `(n_years,)`, signed as it enters the surplus.
    """
    label = palette.unit_label("Effect of the announcements on the surplus", basis)
    frame_axes(ax, f"{label}; bars: means")
    bars = {name: np.asarray(contributions[name], dtype=float) for name in CHANNELS}
    bases = palette.stacked_bases(bars)
    for name, values in bars.items():
        ax.bar(years, values, _BAR, bases[name], color=palette.CHANNEL_COLOURS[name], gid=name, zorder=2)
    whiskers = ax.vlines(years, *bands[80], color=INK, linewidth=1.3, gid="band-80", zorder=3)
    (markers,) = ax.plot(years, median, "D", color="white", mec=INK, ms=4.5, gid="median", zorder=4)
    fit_axes(ax, np.asarray(years), {80: bands[80]}, [0.0, *bases.values(), *(bases[k] + bars[k] for k in bars)])
    names = [*map(palette.CHANNEL_NAMES.__getitem__, CHANNELS), "all four: median\nand 80 % interval"]
    beside = {"loc": "center left", "bbox_to_anchor": (0.995, 0.5), "fontsize": page.SMALL}
    name_curves(ax, [*ax.containers, (whiskers, markers)], names, handlelength=1.2, handletextpad=0.5, **beside)
    return ax


def _draw_join(ax: Axes, seen_years: Array, seen: Array, years: ArrayLike, bands: Bands, median: ArrayLike) -> None:
    """A wedge and a dotted line from the last observed year to the first forecast one."""
    published = np.flatnonzero(np.isfinite(seen))
    if not published.size:
        return
    span, level = [seen_years[published[-1]], np.asarray(years).min()], seen[published[-1]]
    lower, upper, middle = ([level, np.ravel(end)[0]] for end in (*bands[max(bands)], median))
    ax.fill_between(span, lower, upper, color=palette.JOIN, linewidth=0, gid="join", zorder=0.9)
    ax.plot(span, middle, ":", color=MEDIAN, linewidth=1.6, gid="join", zorder=3)


def _name_spans(ax: Axes, missing: Array, split: float) -> None:
    """Say where observation ends, and for which years the data hold nothing."""
    ax.axvline(split, color=RULE, linewidth=0.8, zorder=1.6)
    across = ax.get_xaxis_transform()
    unseen = f" ({', '.join(f'{year:.0f}' for year in missing)} not in the data)" if missing.size else ""
    write_text(ax, split - 0.12, 0.99, f"observed{unseen}", transform=across, ha="right", va="top", color=GREY)
    write_text(ax, split + 0.12, 0.99, "forecast", transform=across, ha="left", va="top", color=GREY)


def _draw_record(ax: Axes, year: int, value: float) -> None:
    ax.axhline(value, color=palette.RECORD, linewidth=1.1, linestyle=(0, (5, 3)), gid="record", zorder=3.5)
    words = f"record: {value:.1f} in {year}"
    write_text(ax, 0.005, value, words, transform=ax.get_yaxis_transform(), va="bottom", color=palette.RECORD)


def _draw_outcomes(ax: Axes, later: Sequence[tuple[int, float]]) -> None:
    """A mark unlike every other in form and colour, and its number at the foot, below the fan of the first years."""
    low, high = ax.get_ylim()
    for place, (year, value) in enumerate(later):
        foot = low + (0.05 + 0.08 * place) * (high - low)
        foot = foot if abs(foot) > 0.04 * (high - low) else 0.04 * (high - low)  # clear of the line at zero
        ax.vlines(year, foot, value, color=INK, linewidth=0.9, zorder=4.5)
        ax.plot(year, value, "D", color=palette.OUTCOME, mec=INK, mew=1.4, ms=8.5, gid="outcome", zorder=5)
        words = f"{value:.1f} observed in {year}, after this forecast".replace("-", "−")
        write_text(ax, year + 0.12, foot, words, va="center", fontweight="bold")
