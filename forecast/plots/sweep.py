"""Pictures of a scenario at many values of its assumptions: a line with intervals over one, a heat map over two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from forecast.catalogue import ENGLISH, Texts
from forecast.plots import style
from forecast.plots.sensitivity import FALL, RISE
from forecast.plots.style import BAND_COLOURS, INK, MEDIAN, Heading, frame_axes, save_figure, titled_figure, write_text
from forecast.stats.summary import INTERVALS, quantile_name

if TYPE_CHECKING:
    from forecast.analysis.sweep import Sweep


_BESIDE, _WIDTH = 9, 110
"""Letters of a value for which there is room beside a picture, longer ones stand in their row; and of all below it."""


def draw_heat_map(
    ax: Axes,
    values: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    keys: Sequence[str],
    quantity: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw numbers over two inputs as colours, each written in its cell: orange below zero, blue above.

    Args:
        values: `(n_rows, n_columns)`, bn USD a year; not a number where there is no cell.
        rows, columns: values of the inputs.
        keys: their names, that of the rows first.
        texts: words and unit of the picture.
    """
    shown = np.ma.masked_invalid(np.asarray(values, dtype=float))
    most = float(np.abs(shown).max()) or 1.0
    shades = LinearSegmentedColormap.from_list("signed", [FALL, "#ffffff", RISE])
    ax.pcolormesh(shown, cmap=shades, vmin=-most, vmax=most, edgecolors="white", linewidth=1.5, gid="cells")
    for (row, column), value in np.ndenumerate(shown):
        if np.ma.is_masked(value):
            continue
        words = style.signed(value, float(np.ptp(shown)) or most, texts)
        write_text(ax, column + 0.5, row + 0.5, words, ha="center", va="center", color=INK, fontsize=style.MIDDLE)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [style.fold(name, _WIDTH // len(columns)) for name in columns])
    beside = max(map(len, rows)) <= _BESIDE
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows if beside else [""] * len(rows))
    for row, name in () if beside else enumerate(rows):
        write_text(ax, 0.02, row + 0.04, name, ha="left", va="top", color=INK, fontsize=style.MIDDLE)
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=style.MIDDLE, labelcolor=INK)
    ax.set_xlabel(keys[1], fontsize=style.MIDDLE, color=INK)
    title = texts.text("plots.sweep.down", quantity=quantity, rows=keys[0])
    heavy: dict[str, Any] = {"fontsize": style.MIDDLE, "fontweight": "bold", "color": INK}
    ax.set_title(title, loc="left", fontfamily=style.typefaces(title), **heavy)
    return ax


def draw_levels(
    ax: Axes,
    names: Sequence[str],
    means: ArrayLike,
    intervals: ArrayLike,
    *,
    key: str,
    label: str,
    texts: Texts = ENGLISH,
) -> Axes:
    """Draw means and intervals of an outcome over the values of one input, in their order.

    Args:
        means: `(n_values,)`, bn USD a year.
        intervals: lower and upper end of each, `(n_values, 2)`.
        key: name of the input.
        label: of the outcome, with its unit.
        texts: words and unit of the picture.
    """
    places, ends = np.arange(len(names)), np.asarray(intervals, dtype=float)
    frame_axes(ax, label)
    style.count_money(ax.yaxis, texts)
    ax.vlines(places, *ends.T, color=BAND_COLOURS[0], linewidth=5, gid="intervals", zorder=2)
    ax.plot(places, np.asarray(means, dtype=float), color=MEDIAN, marker="o", gid="means", zorder=3)
    ax.axhline(0, color=INK, linewidth=0.9, gid="zero", zorder=1.8)
    ax.set_xticks(places, [style.fold(name, _WIDTH // len(names)) for name in names])
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_xlabel(key, fontsize=style.MIDDLE, color=INK)
    return ax


def sweep_chart(found: Sweep, texts: Texts = ENGLISH) -> Figure | None:
    """The outcome over one or two swept assumptions; None where there are more."""
    keys, run = found.design.keys, found.stated.run
    if len(keys) not in (1, 2):
        return None
    quantity = texts.text(f"outcomes.{found.series}", year=found.year)
    known = {
        "draws": f"{run.manifest['n_draws']:,}",
        "origin": style.quarter(run.manifest["origin"], texts),
        "basis": texts.text(f"bases.{run.basis}"),
    }
    heading = Heading(
        texts.text("plots.sweep.title", title=texts.either(run.title, run.title_ko), quantity=quantity),
        texts.text(f"plots.sweep.of_{'two' if len(keys) > 1 else 'one'}", **known),
        "",
    )
    figure, (ax,) = titled_figure(heading, room=0.4, foot=0.3)
    label = style.unit_label(quantity[:1].upper() + quantity[1:], run.basis, texts)
    if len(keys) > 1:
        rows, columns = (found.design.values(key) for key in keys)
        draw_heat_map(ax, found.surface(), rows, columns, keys=keys, quantity=label, texts=texts)
        return figure
    means, *ends = ([found.level(cell, name)[0] for cell in found.cells] for name in ("mean", *_ENDS_80))
    names = [cell.values[0] for cell in found.cells]
    draw_levels(ax, names, means, np.transpose(ends), key=keys[0], label=label, texts=texts)
    return figure


_ENDS_80 = tuple(map(quantile_name, INTERVALS[80]))


def save_sweep_chart(found: Sweep, folder: Path, texts: Texts) -> list[Path]:
    """Draw a sweep into its folder; nothing where there is no picture of it."""
    figure, path = sweep_chart(found, style.drawable(texts)), folder / "sweep.png"
    if figure is None:
        return []
    save_figure(figure, path)
    return [path]
