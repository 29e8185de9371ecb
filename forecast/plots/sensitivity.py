"""Pictures of what spreads an outcome: shares of its variance, swings by input, and draws against one input.

Pictures of distributions laid over one another: densities and cumulative shares of draws.

Pictures of a change taken apart: each part in its place on the way from nothing to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from forecast.catalogue import ENGLISH, Texts
from forecast.plots import style
from forecast.plots.style import (
    BAND_COLOURS,
    GREY,
    INK,
    MEDIAN,
    Heading,
    frame_axes,
    frame_rows,
    name_above,
    name_curves,
    save_figure,
    titled_figure,
    write_text,
)

if TYPE_CHECKING:
    from forecast.analysis.budget import Budget

LOW, HIGH = style.CHANNEL_COLOURS["reverse_imports"], style.CHANNEL_COLOURS["capital_goods"]
"""Ends of a swing: where the input is low, and where it is high."""

_BAR = 0.42
_MOST_POINTS = 2_000
_JITTER, _GOLDEN = 0.5, 0.6180339887


def draw_shares(
    ax: Axes,
    names: Sequence[str],
    alone: ArrayLike,
    total: ArrayLike,
    errors: ArrayLike,
    *,
    quantity: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw shares of a variance by source, from top to bottom: dark alone, light with interactions.

    Args:
        names: of the sources.
        alone, total: first-order and total effects, `(n_sources,)`, percent of the variance.
        errors: standard error of `total`, `(n_sources,)`, percent; the whiskers are two of them either way.
        quantity: whose variance.
        texts: words of the picture.
    """
    own, everything, two = (np.asarray(part, dtype=float) for part in (alone, total, 2 * np.asarray(errors)))
    rows = frame_rows(ax, names, texts.text("plots.budget.share", quantity=quantity))
    light = ax.barh(rows, everything, _BAR, color=BAND_COLOURS[1], gid="total", zorder=2)
    dark = ax.barh(rows, np.maximum(own, 0.0), _BAR, color=MEDIAN, gid="alone", zorder=2.5)
    ax.hlines(rows, everything - two, everything + two, color=INK, linewidth=1.3, gid="errors", zorder=3)
    ax.set_xlim(0, 1.18 * (everything + two).max())
    for row, first, most in zip(rows, own, everything + two, strict=True):
        words = texts.text("plots.budget.share_alone", share=f"{round(first, 1) + 0.0:.1f}".replace("-", "−"))
        write_text(ax, most + 0.02 * ax.get_xlim()[1], row, words, va="center")
    name_above(ax, [dark, light], [texts.text(f"plots.budget.{name}") for name in ("alone", "together")])
    return ax


def draw_tornado(
    ax: Axes,
    names: Sequence[str],
    swings: ArrayLike,
    labels: Sequence[tuple[str, str]],
    *,
    middle: float,
    quantity: str,
    basis: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw by how much each input swings an outcome, from top to bottom.

    Args:
        names: of the inputs.
        swings: mean of the outcome where the input is in its lowest and in its highest tenth, `(n_inputs, 2)`.
        labels: the input itself there, as text.
        middle: mean of the outcome, from which the bars begin.
        texts: words and unit of the picture.
    """
    ends = np.asarray(swings, dtype=float)
    mean = texts.text("plots.budget.mean", quantity=quantity)
    rows = frame_rows(ax, names, style.unit_label(mean, basis, texts))
    style.count_money(ax.xaxis, texts)
    low = ax.barh(rows, ends[:, 0] - middle, _BAR, left=middle, color=LOW, ec=INK, lw=0.5, gid="low", zorder=2)
    high = ax.barh(rows, ends[:, 1] - middle, _BAR, left=middle, color=HIGH, ec=INK, lw=0.5, gid="high", zorder=2)
    ax.axvline(middle, color=INK, linewidth=0.9, gid="middle", zorder=3)
    room = 0.16 * np.ptp(np.append(ends, middle))
    ax.set_xlim(min(ends.min(), middle) - room, max(ends.max(), middle) + room)
    for row, pair, words in zip(rows, ends, labels, strict=True):
        for end, other, word in zip(pair, pair[::-1], words, strict=True):
            left = end < other
            write_text(
                ax, end + (-0.08 if left else 0.08) * room, row, word, va="center", ha="right" if left else "left"
            )
    name_above(ax, [low, high], [texts.text(f"plots.budget.{name}") for name in ("low", "high")])
    return ax


def draw_scatter(
    ax: Axes,
    inputs: ArrayLike,
    outcomes: ArrayLike,
    *,
    name: str,
    quantity: str,
    basis: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw an outcome against one input: up to 2,000 draws as dots, and the mean of all draws in tenths of the input.

    The axes hold the central 99 % of the draws. Of an input that is no or yes, dots lie side by side around either, and
    the means are of both.

    Args:
        inputs, outcomes: draws, `(n_draws,)`.
        name: of the input.
        texts: words and unit of the picture.
    """
    x, y = (np.asarray(part, dtype=float) for part in (inputs, outcomes))
    columns = int(ax.bbox.width / ax.figure.dpi * 14)
    frame_axes(ax, style.fold(style.unit_label(quantity, basis, texts), columns))
    style.count_money(ax.yaxis, texts)
    shown = slice(None, None, -(-x.size // _MOST_POINTS))
    binary = set(np.unique(x)) == {0.0, 1.0}
    # multiples of the golden ratio fill an interval evenly, however many there are
    aside = _JITTER * ((_GOLDEN * np.arange(x[shown].size)) % 1.0 - 0.5) if binary else 0.0
    ax.plot(
        x[shown] + aside, y[shown], ".", color=BAND_COLOURS[0], ms=2.5, alpha=0.5, mec="none", gid="draws", zorder=2
    )
    ends = [0.0] if binary else np.unique(np.quantile(x, np.linspace(0.1, 0.9, 9)))
    # tenths without a draw drop out, as inputs with atoms have them
    tenths = np.unique(np.searchsorted(ends, x), return_inverse=True)[1]
    counts = np.bincount(tenths)
    means = np.bincount(tenths, x) / counts, np.bincount(tenths, y) / counts
    ax.plot(*means, "o-", color="white", mec=INK, ms=4.5, lw=3.2, gid="rim", zorder=3)
    ax.plot(*means, "o-", color=MEDIAN, ms=4.0, lw=1.8, gid="means", zorder=4)
    ax.set(xlim=(-0.5, 1.5) if binary else _central(x), ylim=_central(y))
    if binary:
        answers = [texts.input_value(answer) for answer in ("no", "yes")]
        ax.set_xticks([0, 1], answers, fontfamily=style.typefaces("".join(answers)))
    ax.set_xlabel(style.fold(name, columns), fontsize=style.SMALL, color=GREY, fontfamily=style.typefaces(name))
    return ax


def _central(values: np.ndarray) -> tuple[float, float]:
    return style.readable_range([np.quantile(values, (0.005, 0.995))], [])


_MOST_BINS = 64


def draw_densities(
    ax: Axes,
    samples_by_label: Mapping[str, ArrayLike],
    *,
    year: int,
    basis: str,
    quantity: str = "",
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw a quantity of one year in several scenarios as outlines of histograms with shared bins.

    The axis spans the central 99 % of all draws together; shares are of all draws of a scenario, those beyond included.

    Args:
        samples_by_label: draws `(n_draws,)`, bn USD a year, by the name to show.
        quantity: its name; that of the surplus where none is given.
        texts: words and unit of the picture.
    """
    samples = [np.asarray(draws, dtype=float) for draws in samples_by_label.values()]
    ends = _inner(samples)
    edges = np.asarray(MaxNLocator(_MOST_BINS, steps=list(style.STEPS)).tick_values(*ends))
    step = (edges[1] - edges[0]) * float(texts.part("numbers.factor"))
    frame_axes(ax, texts.text("plots.share", step=f"{step:g}"))
    outlines = []
    for draws, (colour, dashes) in zip(samples, cycle(style.OVERLAY), strict=False):
        shares = 100 * np.histogram(draws, edges)[0] / draws.size
        outlines.append(ax.stairs(shares, edges, color=colour, linestyle=dashes, linewidth=1.8, zorder=3))
    ax.set_xlim(edges[0], edges[-1])
    _name_samples(ax, outlines, list(samples_by_label), _in_year(quantity, year, basis, texts), texts)
    return ax


def draw_ecdfs(
    ax: Axes,
    samples_by_label: Mapping[str, ArrayLike],
    *,
    year: int,
    basis: str,
    quantity: str = "",
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw the share of draws up to each value of a quantity of one year in several scenarios: the chance of no more.

    The axis spans the central 99 % of all draws together.

    Args:
        samples_by_label: draws `(n_draws,)`, bn USD a year, by the name to show.
        quantity: its name; that of the surplus where none is given.
        texts: words and unit of the picture.
    """
    samples = [np.sort(np.asarray(draws, dtype=float)) for draws in samples_by_label.values()]
    frame_axes(ax, texts.text("plots.chance"))
    curves = []
    for draws, (colour, dashes) in zip(samples, cycle(style.OVERLAY), strict=False):
        shares = 100 * np.arange(1, draws.size + 1) / draws.size
        curves += ax.step(draws, shares, where="post", color=colour, linestyle=dashes, linewidth=1.8, zorder=3)
    ax.set(xlim=_inner(samples), ylim=(0, 100), yticks=(0, 10, 25, 50, 75, 90, 100))
    _name_samples(ax, curves, list(samples_by_label), _in_year(quantity, year, basis, texts), texts)
    return ax


def _inner(samples: Sequence[ArrayLike]) -> tuple[float, float]:
    """Ends of the central 99 % of all draws together, apart even where all draws are one number."""
    low, high = np.quantile(np.concatenate(samples), (0.005, 0.995)).tolist()
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _in_year(quantity: str, year: int, basis: str, texts: Texts) -> str:
    """Label of a quantity in a year; of the surplus where none is given."""
    named = texts.text("plots.in_year", quantity=quantity or texts.text("plots.surplus"), year=year)
    return style.unit_label(named, basis, texts)


def _name_samples(ax: Axes, curves: Sequence[Any], names: Sequence[str], label: str, texts: Texts) -> None:
    """Label the axis of a quantity, mark where it is nothing, and name the curves where there are several."""
    if style.breadth(label) > ax.bbox.width / ax.figure.dpi * 14:
        label = label.replace(", ", ",\n", 1)
    ax.set_xlabel(label, fontsize=style.MIDDLE, color=INK, fontfamily=style.typefaces(label))
    style.count_money(ax.xaxis, texts)
    low, high = ax.get_xlim()
    if low < 0 < high:
        ax.axvline(0, color=INK, linewidth=0.9, gid="zero", zorder=1.8)
    if len(names) > 1:
        name_curves(ax, curves, [style.fold(name, 40) for name in names], loc="best")


RISE, FALL, WHOLE = style.CHANNEL_COLOURS["intermediates"], style.CHANNEL_COLOURS["displacement"], style.MEDIAN
"""Parts that add, parts that take away, and all of them."""

_STEP_BAR, _BELOW = 0.42, 0.3


def draw_waterfall(
    ax: Axes,
    names: Sequence[str],
    means: ArrayLike,
    intervals: ArrayLike,
    *,
    whole: tuple[float, float, float],
    quantity: str,
    basis: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw parts from top to bottom, each bar beginning where the one above ends, and the whole below them.

    The line under a bar is the interval of where it ends; the number beside it is the mean.

    Args:
        names: of the parts.
        means: `(n_parts,)`, bn USD a year; they add up to that of the whole.
        intervals: lower and upper ends of the 80 % interval of each part by itself, `(n_parts, 2)`.
        whole: mean, and lower and upper end of the 80 % interval, of all parts together.
        quantity: what is taken apart, such as `Difference in the goods surplus in 2030`.
        texts: words and unit of the picture.
    """
    parts, ends = np.asarray(means, dtype=float), np.asarray(intervals, dtype=float)
    starts = np.append(np.cumsum(parts) - parts, 0.0)
    sizes, lows, highs = (np.append(part, value) for part, value in zip((parts, *ends.T), whole, strict=True))
    colours = [*(RISE if part >= 0 else FALL for part in parts), WHOLE]
    label = texts.text("plots.waterfall.label", flow=style.unit_label(quantity, basis, texts))
    rows = frame_rows(ax, [*names, texts.text("plots.waterfall.whole")], label)
    style.count_money(ax.xaxis, texts)
    ax.barh(rows, sizes, _STEP_BAR, left=starts, color=colours, gid="parts", zorder=2)
    ax.hlines(rows + _BELOW, starts + lows, starts + highs, color=INK, linewidth=1.3, gid="intervals", zorder=3)
    ax.vlines(starts[1:-1], rows[:-2], rows[1:-1], color=INK, linewidth=0.7, linestyle=":", zorder=1.6)
    ax.axvline(0, color=INK, linewidth=0.9, gid="zero", zorder=1.8)
    low, high = style.readable_range([starts + lows, starts + highs, starts + sizes, [0.0]], [])
    ax.set_xlim(low, high)
    for row, size in zip(rows, sizes, strict=True):
        words = style.signed(size, high - low, texts)
        write_text(ax, 1.01, row, words, transform=ax.get_yaxis_transform(), va="center", fontsize=style.MIDDLE)
    return ax


N_SWINGS, N_SCATTERS = 8, 3
"""Inputs of which swings are drawn, and draws as dots."""


def save_budget_charts(budget: Budget, texts: Texts) -> list[Path]:
    """Draw both pages into the folder of the run; the second only where an input is told from nothing."""
    known = style.drawable(texts)
    stem = budget.run.folder / f"budget_{budget.series}_{budget.year}"
    pages = {stem.with_suffix(".png"): budget_chart(budget, known)}
    if budget.inputs:
        pages[stem.with_name(f"{stem.name}_inputs.png")] = inputs_chart(budget, known)
    for path, figure in pages.items():
        save_figure(figure, path)
    return list(pages)


def budget_chart(budget: Budget, texts: Texts = ENGLISH) -> Figure:
    """Shares of the variance by source, and the swings of the inputs that tell most."""
    heading = _heading(budget, "sources", texts.text("plots.budget.ends"), texts)
    figure, (left, right) = titled_figure(heading, columns=2, room=0.75, foot=0.3)
    rows, quantity = budget.ranked, texts.text(f"plots.budget.outcomes.{budget.series}", year=budget.year)
    alone, total, errors = (
        100 * part[rows, budget.at]
        for part in (budget.effects.first.value, budget.effects.total.value, budget.effects.total.error)
    )
    sources = [texts.text(f"sources.{budget.sources[row]}") for row in rows]
    draw_shares(left, sources, alone, total, errors, quantity=quantity, texts=texts)
    inputs = budget.inputs[:N_SWINGS]
    if not inputs:
        right.remove()
        return figure
    draw_tornado(
        right,
        [texts.input_name(item.name) for item in inputs],
        [item.swing for item in inputs],
        [(texts.input_value(low), texts.input_value(high)) for low, high in (item.labels for item in inputs)],
        middle=float(budget.outcome.mean()),
        quantity=quantity,
        basis=budget.run.basis,
        texts=texts,
    )
    return figure


def inputs_chart(budget: Budget, texts: Texts = ENGLISH) -> Figure:
    """Draws of the outcome against the inputs that tell most."""
    shown = budget.inputs[:N_SCATTERS]
    heading = _heading(budget, "inputs", "", texts)
    figure, axes = titled_figure(heading, columns=len(shown), room=0.55, foot=0.15)
    quantity = texts.text(f"plots.budget.short.{budget.series}", year=budget.year)
    for ax, item in zip(axes, shown, strict=True):
        name, basis = texts.input_name(item.name), budget.run.basis
        draw_scatter(ax, item.values, budget.outcome, name=name, quantity=quantity, basis=basis, texts=texts)
    return figure


def _heading(budget: Budget, page: str, foot: str, texts: Texts) -> Heading:
    """Words around one of the pages, `sources` or `inputs`."""
    run, outcome = budget.run, texts.text(f"plots.budget.outcomes.{budget.series}", year=budget.year)
    return Heading(
        texts.text(f"plots.budget.{page}", title=texts.either(run.title, run.title_ko), outcome=outcome),
        texts.text(
            f"plots.budget.{page}_shown",
            draws=f"{budget.outcome.size:,}",
            origin=style.quarter(run.manifest["origin"], texts),
            basis=texts.text(f"bases.{run.basis}"),
        ),
        foot,
    )
