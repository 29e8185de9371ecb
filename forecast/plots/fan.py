"""Pictures of a forecast by year: fans with history, paired differences, and what announcements do by channel.

Every `draw_` function takes axes, draws on them and hands them back.

Years are calendar years `(n_years,)`; values are bn USD a year on one statistical basis, written in the unit of the
language of `texts`.

Past trade is drawn too: exports, imports and balance by year, in both books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from forecast.catalogue import ENGLISH, Texts
from forecast.dims import BASES, CHANNELS, Array
from forecast.observations.annual import annual_trade, history
from forecast.observations.vintage import day_of, vintage
from forecast.plots import style
from forecast.plots.style import (
    GREY,
    HISTORY_YEARS,
    INK,
    MEDIAN,
    RULE,
    Heading,
    fan_subtitle,
    frame_axes,
    name_curves,
    save_figure,
    titled_figure,
    write_text,
)
from forecast.quarters import parse_quarter
from forecast.results.archive import outcomes
from forecast.stats.summary import INTERVALS, Summary, quantile_name

if TYPE_CHECKING:
    from forecast.results.results import Results

Bands: TypeAlias = Mapping[int, tuple[ArrayLike, ArrayLike]]
"""Ends of equal-tailed intervals, `(n_years,)` each, by width in percent: `{50: (lower, upper), 80: ..., 95: ...}`."""


def draw_bands(ax: Axes, years: ArrayLike, bands: Bands, median: ArrayLike) -> None:
    """Fill intervals, the widest first and lightest, and draw the median over them."""
    for width, colour in reversed(list(zip(sorted(bands), style.BAND_COLOURS, strict=False))):
        ax.fill_between(np.asarray(years), *bands[width], color=colour, linewidth=0, gid=f"band-{width}", zorder=1)
    ax.plot(years, median, color=MEDIAN, linewidth=2.2, gid="median", zorder=4)


def fit_axes(ax: Axes, years: Array, bands: Bands, others: Sequence[ArrayLike], texts: Texts = ENGLISH) -> None:
    """Set limits and whole-year ticks; draw the zero line where in range, and say where the widest band is cut."""
    widths = sorted(bands)
    widest = [np.asarray(bands[width]) for width in widths[-1:]]
    core = [*others, *(np.asarray(bands[width]) for width in widths[: max(len(widths) - 1, 1)])]
    low, high = ax.set_ylim(style.readable_range(core, widest))
    style.count_money(ax.yaxis, texts)
    first, last = int(np.asarray(years).min()), int(np.asarray(years).max())
    ax.set_xlim(first - 0.6, last + 0.4)
    ax.set_xticks(np.arange(last, first - 1, -1 - (last - first) // 22)[::-1])
    if low < 0 < high:
        ax.axhline(0, color=INK, linewidth=0.9, gid="zero", zorder=3)
    if any((ends < low).any() or (ends > high).any() for ends in widest):
        words = texts.text("plots.beyond", width=widths[-1])
        write_text(ax, 1.0, 1.01, words, transform=ax.transAxes, ha="right", va="bottom", color=GREY)


def label_ends(ax: Axes, year: int, bands: Bands, median: ArrayLike, texts: Texts = ENGLISH) -> None:
    """Name the median and each interval at the right end, with its numbers in the last `year`."""
    low, high = ax.get_ylim()
    last = float(np.ravel(median)[-1])
    heights = [last]
    labels = [texts.text("plots.median", value=style.number(last, high - low, texts), year=year)]
    for width in sorted(bands):
        lower, upper = (float(np.ravel(end)[-1]) for end in bands[width])
        heights.append(upper)
        ends = {"low": style.number(lower, high - low, texts), "high": style.number(upper, high - low, texts)}
        labels.append(texts.text("plots.interval", width=width, **ends))
    gap = 1.35 * style.SMALL * ax.figure.dpi / 72 * (high - low) / ax.bbox.height
    places = style.spread_labels(heights, gap, low, high)
    for label, place, weight in zip(labels, places, ["bold", *["normal"] * len(bands)], strict=True):
        write_text(ax, 1.006, place, label, transform=ax.get_yaxis_transform(), va="center", fontweight=weight)


_BAR = 0.62
_ROOM = 0.09
"""Part of an axis on either side of its zero line, for words."""


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Effect of investments, as `draw_effect` takes it.

    Attributes:
        bands: intervals by width, at least the 80 % one.
        mean: `(n_years,)`.
        contributions: mean of each of `dims.CHANNELS`, `(n_years,)`, signed as it enters the surplus.
    """

    bands: Bands
    mean: ArrayLike
    contributions: Mapping[str, ArrayLike]


def fan_figure(  # noqa: PLR0913 (the door: each is a part of the page)
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
    texts: Texts = ENGLISH,
) -> Figure:
    """Make the page of a run: the fan of `draw_fan` and, where there are investments, their effect below it."""
    figure, axes = titled_figure(heading, heights=(1.0,) if effect is None else (1.8, 1.0))
    draw_fan(axes[0], years, bands, median, observed=observed, basis=basis, record=record, later=later, texts=texts)
    if effect is not None:
        draw_effect(
            axes[1], years, effect.bands, effect.mean, contributions=effect.contributions, basis=basis, texts=texts
        )
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
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw the observed surplus and, from the running year on, its median and intervals.

    The fan is joined to the last observed year. The axis holds all but the far tails of the widest interval and says
    so where it cuts them; the numbers at its right end are those of the last year, cut or not.

    Args:
        observed: calendar years and surplus, both `(n_observed,)`; nan where nothing was published.
        record: year and size of the largest surplus so far, bn USD.
        later: year and size of every surplus observed after the forecast was made, bn USD.
        texts: words and unit of the picture.
    """
    seen_years, seen = (np.asarray(values, dtype=float) for values in observed)
    frame_axes(ax, style.unit_label(texts.text("plots.surplus"), basis, texts))
    _draw_join(ax, seen_years, seen, years, bands, median)
    draw_bands(ax, years, bands, median)
    ax.plot(seen_years, seen, "o-", color=INK, markersize=4, linewidth=1.8, gid="observed", zorder=4)
    others = [record[1] if record else np.nan, *(value for _, value in later)]
    fit_axes(ax, np.append(seen_years, years), bands, [seen, others], texts)
    _name_spans(ax, seen_years[np.isnan(seen)], float(np.asarray(years).min()) - 0.5, texts)
    if record:
        _draw_record(ax, *record, texts)
    _draw_outcomes(ax, later, texts)
    label_ends(ax, int(np.asarray(years).max()), bands, median, texts)
    return ax


def draw_difference(
    ax: Axes,
    years: ArrayLike,
    bands: Bands,
    median: ArrayLike,
    *,
    basis: str,
    alternative: str,
    reference: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw the paired difference of two scenarios, `alternative - reference` (short names), with its zero line."""
    frame_axes(ax, style.unit_label(texts.text("plots.difference"), basis, texts))
    draw_bands(ax, years, bands, median)
    fit_axes(ax, np.asarray(years), bands, [0.0], texts)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, -_ROOM * (high - low)), max(high, _ROOM * (high - low)))
    above, below = texts.text("plots.above", name=alternative), texts.text("plots.below", name=reference)
    write_text(ax, 0.01, 0.98, above, transform=ax.transAxes, va="top", color=GREY)
    write_text(ax, 0.01, 0.02, below, transform=ax.transAxes, va="bottom", color=GREY)
    label_ends(ax, int(np.asarray(years).max()), bands, median, texts)
    return ax


def draw_effect(
    ax: Axes,
    years: ArrayLike,
    bands: Bands,
    mean: ArrayLike,
    *,
    contributions: Mapping[str, ArrayLike],
    basis: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw what investments change: mean contributions as stacked bars, and their sum with its 80 % interval.

    Args:
        contributions: mean of each of `dims.CHANNELS`, `(n_years,)`, signed as it enters the surplus.
        texts: words and unit of the picture.
    """
    frame_axes(ax, texts.text("plots.bars", flow=style.unit_label(texts.text("plots.effect"), basis, texts)))
    bars = {name: np.asarray(contributions[name], dtype=float) for name in CHANNELS}
    bases = style.stacked_bases(bars)
    for name, values in bars.items():
        ax.bar(years, values, _BAR, bases[name], color=style.CHANNEL_COLOURS[name], gid=name, zorder=2)
    whiskers = ax.vlines(years, *bands[80], color=INK, linewidth=1.3, gid="band-80", zorder=3)
    (markers,) = ax.plot(years, mean, "D", color="white", mec=INK, ms=4.5, gid="mean", zorder=4)
    stacked = [0.0, *bases.values(), *(bases[name] + bars[name] for name in bars)]
    fit_axes(ax, np.asarray(years), {80: bands[80]}, stacked, texts)
    names = [*(texts.heading(f"plots.channels.{name}") for name in CHANNELS), texts.heading("plots.all_channels")]
    beside = {"loc": "center left", "bbox_to_anchor": (0.995, 0.5), "fontsize": style.SMALL}
    name_curves(ax, [*ax.containers, (whiskers, markers)], names, handlelength=1.2, handletextpad=0.5, **beside)
    return ax


def _draw_join(ax: Axes, seen_years: Array, seen: Array, years: ArrayLike, bands: Bands, median: ArrayLike) -> None:
    """A wedge and a dotted line from the last observed year to the first forecast one."""
    published = np.flatnonzero(np.isfinite(seen))
    if not published.size:
        return
    span, level = [seen_years[published[-1]], np.asarray(years).min()], seen[published[-1]]
    lower, upper, middle = ([level, np.ravel(end)[0]] for end in (*bands[max(bands)], median))
    ax.fill_between(span, lower, upper, color=style.JOIN, linewidth=0, gid="join", zorder=0.9)
    ax.plot(span, middle, ":", color=MEDIAN, linewidth=1.6, gid="join", zorder=3)


def _name_spans(ax: Axes, missing: Array, split: float, texts: Texts) -> None:
    """Say where observation ends, and for which years the data hold nothing."""
    ax.axvline(split, color=RULE, linewidth=0.8, zorder=1.6)
    across = ax.get_xaxis_transform()
    years = ", ".join(f"{year:.0f}" for year in missing)
    seen = texts.text("plots.observed_but", years=years) if years else texts.text("plots.observed")
    write_text(ax, split - 0.12, 0.99, seen, transform=across, ha="right", va="top", color=GREY)
    write_text(ax, split + 0.12, 0.99, texts.text("plots.forecast"), transform=across, ha="left", va="top", color=GREY)


def _draw_record(ax: Axes, year: int, value: float, texts: Texts) -> None:
    ax.axhline(value, color=style.RECORD, linewidth=1.1, linestyle=(0, (5, 3)), gid="record", zorder=3.5)
    words = texts.text("plots.record", value=style.amount(value, 1, texts), year=year)
    write_text(ax, 0.005, value, words, transform=ax.get_yaxis_transform(), va="bottom", color=style.RECORD)


def _draw_outcomes(ax: Axes, later: Sequence[tuple[int, float]], texts: Texts) -> None:
    """A mark unlike every other in form and colour, and its number at the foot, below the fan of the first years."""
    low, high = ax.get_ylim()
    for place, (year, value) in enumerate(later):
        foot = low + (0.05 + 0.08 * place) * (high - low)
        foot = foot if abs(foot) > 0.04 * (high - low) else 0.04 * (high - low)  # clear of the line at zero
        ax.vlines(year, foot, value, color=INK, linewidth=0.9, zorder=4.5)
        ax.plot(year, value, "D", color=style.OUTCOME, mec=INK, mew=1.4, ms=8.5, gid="outcome", zorder=5)
        words = texts.text("plots.outcome", value=style.amount(value, 1, texts), year=year)
        write_text(ax, year + 0.12, foot, words, va="center", fontweight="bold")


_YEAR_BAR = 0.62
_TINY = 7.0
_UPRIGHT = 13  # years whose numbers fit side by side in half a page


def history_figure(
    heading: Heading, books: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]], texts: Texts = ENGLISH
) -> Figure:
    """Make the page of past trade: one `draw_history` for each basis, side by side on one scale.

    Args:
        books: years, flows and months as `draw_history` takes them, by basis.
    """
    figure, axes = titled_figure(heading, columns=len(books), room=0.35)
    for ax, (basis, (years, flows, months)) in zip(axes, books.items(), strict=True):
        draw_history(ax, years, flows, months, basis=basis, texts=texts)
    limits = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())
    return figure


def draw_history(
    ax: Axes, years: ArrayLike, flows: ArrayLike, months: ArrayLike, *, basis: str, texts: Texts = ENGLISH
) -> Axes:
    """Draw exports and imports as lines and the balance as bars; years not yet whole are hollow and named by months.

    Args:
        flows: `(n_years, 3)`: exports to the US, imports from the US and balance; nan where nothing was published.
        months: `(n_years, 3)`: months covered from January, 12 for a whole year.
        texts: words and unit of the picture.
    """
    axis, values, covered = np.asarray(years), np.asarray(flows, dtype=float), np.asarray(months)
    running = covered < 12
    frame_axes(ax, style.unit_label(texts.text("plots.history.trade"), basis, texts))
    flows_drawn = zip(style.FLOW_COLOURS, values.T[:2], running.T[:2], strict=True)
    lines = [_draw_flow(ax, name, axis, flow, part) for name, flow, part in flows_drawn]
    bars = _draw_balance(ax, axis, values[:, 2], running[:, 2], texts)
    fit_axes(ax, axis, {}, [0.0, values], texts)
    ax.set_ylim(bottom=min(0.0, float(np.nanmin(values))))
    names = [texts.text(f"plots.history.{name}") for name in (*style.FLOW_COLOURS, "balance")]
    name_curves(ax, [*lines, bars], names, loc="upper left")
    spans = [style.months_label(int(n), texts) for n in np.unique(covered[-1]) if 0 < n < 12]
    ticks = axis[:: -2 * ceil(axis.size / _UPRIGHT)][::-1]
    last = "\n".join([str(ticks[-1]), *spans])
    ax.set_xticks(ticks, [*map(str, ticks[:-1]), last], fontfamily=style.typefaces(last))
    return ax


def _draw_balance(ax: Axes, years: Array, balance: Array, running: NDArray[np.bool_], texts: Texts) -> BarContainer:
    colour = style.BAND_COLOURS[1]
    bars = ax.bar(years[~running], balance[~running], _YEAR_BAR, color=colour, gid="balance", zorder=1)
    ax.bar(years[running], balance[running], _YEAR_BAR, color="white", ec=colour, hatch="////", gid="running", zorder=1)
    turn = 0 if years.size <= _UPRIGHT else 90
    for year, value, part in zip(years, balance, running, strict=True):
        words = style.number(value, 10.0, texts) if np.isfinite(value) else texts.text("plots.history.none")
        paper = {"facecolor": "white" if part else "none", "edgecolor": "none", "pad": 0.6}
        write_text(ax, year, 1.0, words, ha="center", va="bottom", fontsize=_TINY, rotation=turn, bbox=paper)
    return bars


def _draw_flow(ax: Axes, name: str, years: Array, values: Array, running: NDArray[np.bool_]) -> Line2D:
    colour = style.FLOW_COLOURS[name]
    whole = np.where(running, np.nan, values)
    (line,) = ax.plot(years, whole, "o-", color=colour, linewidth=2, markersize=4, gid=name, zorder=4)
    ax.plot(years[running], values[running], "o", color=colour, mfc="white", gid=f"{name}-running", zorder=4)
    return line


def save_fan_chart(results: Results, texts: Texts = ENGLISH) -> Path:
    """Draw the picture of a run to its place in the run's folder, unless it is there, and say where that is.

    It is in English where no typeface has other letters.

    Raises:
        RunError: it cannot be written.
    """
    texts = style.drawable(texts)
    path = results.chart(texts.code)
    if not results.has_chart(texts.code):
        save_figure(fan_chart(results, texts), path)
    return path


def fan_chart(results: Results, texts: Texts = ENGLISH) -> Figure:
    """The surplus with its history and, where there are investments, their effect on it."""
    summary, manifest = results.statistics, results.manifest
    first_year = summary.years[0]
    observed = annual_trade(results.basis, day=day_of(results.as_of))
    shown = (observed.years >= first_year - HISTORY_YEARS) & (observed.years < first_year)
    prior = manifest["parameters"] == "prior"
    return fan_figure(
        Heading(
            texts.either(results.title, results.title_ko),
            fan_subtitle(results.basis, summary.n_draws, _reach(results, texts), prior=prior, texts=texts),
            _source(results, texts),
        ),
        summary.years,
        bands_of(summary, "trade_balance"),
        summary.value("trade_balance", quantile_name(0.5)),
        observed=(observed.years[shown], observed.balance[shown]),
        basis=results.basis,
        record=vintage(results.as_of).records[results.basis],
        later=[(outcome.year, outcome.value) for outcome in outcomes(results) if outcome.months == 12],
        effect=_effect(summary) if manifest["n_investments"] else None,
        texts=texts,
    )


def history_chart(n_years: int = HISTORY_YEARS, texts: Texts = ENGLISH) -> Figure:
    """Exports, imports and balance of the last years on both bases, as in the chart of KIET's report of April 2025."""
    trade = history(n_years)
    books = {basis: getattr(trade, basis) for basis in BASES}
    sources = (f"{texts.text(f'plots.sources.{basis}')} ({texts.text(f'bases.{basis}')})" for basis in BASES)
    return history_figure(
        Heading(
            texts.text("plots.history.title"),
            texts.text("plots.history.subtitle"),
            texts.text("plots.history.sources", sources="; ".join(sources)),
        ),
        {basis: (book.years, book.values, book.months) for basis, book in books.items()},
        texts,
    )


def save_history_chart(path: Path, n_years: int = HISTORY_YEARS, texts: Texts = ENGLISH) -> None:
    """Draw the last years of trade to `path`; in English where no typeface has other letters."""
    save_figure(history_chart(n_years, style.drawable(texts)), path)


def _reach(results: Results, texts: Texts) -> str:
    """The last observed quarter, and the last month of Korean totals where these end before it and are told."""
    origin, books = results.manifest["origin"], vintage(results.as_of).bridge
    last = max(12 * int(books.years[-1]) + 11, *(span.last_month for span in books.later), 0)
    if results.basis == "us_census" or last >= 3 * parse_quarter(origin) + 2:
        return style.quarter(origin, texts)
    month = texts.text("numbers.month", year=last // 12, month=texts.part("numbers.months")[last % 12])
    return texts.text("plots.fan.two_ends", origin=style.quarter(origin, texts), month=month)


def _source(results: Results, texts: Texts) -> str:
    told = {"observed": texts.text(f"plots.sources.{results.basis}"), "origin": _reach(results, texts)}
    if results.as_of is None:
        source = texts.text("plots.fan.source", **told)
    else:
        year, month, day = map(int, results.as_of.split("-"))
        source = texts.text("plots.fan.source_then", **told, year=year, month=month, day=day)
    return f"{source} {texts.text('plots.fan.effect')}" if results.manifest["n_investments"] else source


def bands_of(summary: Summary, series: str) -> Bands:
    """Intervals of a series by width, as drawings take them."""
    return {
        width: (summary.value(series, quantile_name(low)), summary.value(series, quantile_name(high)))
        for width, (low, high) in INTERVALS.items()
    }


def _effect(summary: Summary) -> Effect:
    return Effect(
        bands=bands_of(summary, "effect"),
        mean=summary.value("effect", "mean"),
        contributions={channel: summary.value(f"effect_{channel}", "mean") for channel in CHANNELS},
    )
