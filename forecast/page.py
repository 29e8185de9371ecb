"""The page a picture stands on: title, subtitle and source around empty axes, plain axes, text as it is, and the file.

Words are shown as they are, `$`, `_` and Korean letters included. Nothing here uses `matplotlib.pyplot`.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from forecast.draws import Array
from forecast.palette import FONTS, GREY, INK, RULE
from forecast.storage import whole_file, writing

WIDTH, HEIGHT, DPI = 10.0, 6.25, 160
"""Page in inches, and dots per inch."""

SMALL, MIDDLE, LARGE = 8.0, 9.0, 14.0
"""Type sizes in points."""

STEPS = (1, 2, 2.5, 5, 10)
"""What ticks and bins may step by, times a power of ten."""

_EDGE, _LEFT, _GAP, _TICKS = 0.3, 0.62, 0.52, 0.52
_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class Heading:
    """Words around a picture.

    Attributes:
        title: one line, wrapped if long.
        subtitle: what is shown: quantity, unit, basis, intervals.
        source: where the numbers come from.
    """

    title: str
    subtitle: str
    source: str


def titled_figure(
    heading: Heading, *, heights: Sequence[float] = (1.0,), columns: int = 1, room: float = 1.55, foot: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """Make a page with title, subtitle and source around a grid of empty axes, row by row.

    Args:
        heights: relative heights of the rows.
        columns: axes in a row.
        room: inches kept free to the right of each axes for direct labels.
        foot: inches kept free below the lowest axes for a long label.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    top = HEIGHT - 0.22
    top -= _add_paragraph(figure, top, heading.title, va="top", fontsize=LARGE, fontweight="bold", color=INK) + 0.09
    top -= _add_paragraph(figure, top, heading.subtitle, va="top", fontsize=MIDDLE, color=GREY) + _GAP
    bottom = (
        0.12 + _add_paragraph(figure, 0.12, heading.source, va="bottom", fontsize=SMALL, color=GREY) + _TICKS + foot
    )
    scale = (top - bottom - _GAP * (len(heights) - 1)) / sum(heights)
    width = (WIDTH - _LEFT) / columns
    axes = []
    for height in heights:
        low, tall = (top - height * scale) / HEIGHT, height * scale / HEIGHT
        lefts = [(_LEFT + width * column) / WIDTH for column in range(columns)]
        axes += [figure.add_axes((left, low, (width - room) / WIDTH, tall)) for left in lefts]
        top -= height * scale + _GAP
    return figure, axes


def frame_axes(ax: Axes, label: str) -> None:
    """Make axes plain: light horizontal rules, and the label of the vertical axis lying above it."""
    ax.spines[["top", "left", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(RULE)
    ax.grid(axis="y", color=INK, alpha=0.12, linewidth=0.6, zorder=1.5)
    ax.set_axisbelow(False)
    ax.tick_params(labelsize=MIDDLE, labelcolor=INK, color=RULE)
    ax.tick_params(axis="y", length=0)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=list(STEPS)))
    ax.set_ylabel(label, rotation=0, ha="left", va="bottom", fontsize=MIDDLE, fontweight="bold", color=INK)
    inches = ax.figure.dpi_scale_trans
    ax.yaxis.set_label_coords(0.0, 1.0, transform=ax.transAxes + ScaledTranslation(_EDGE - _LEFT, 0.09, inches))


def frame_rows(ax: Axes, names: Sequence[str], label: str) -> Array:
    """Make axes of horizontal bars plain, the first row on top and each name above its bar; where the rows are.

    Args:
        names: of the rows.
        label: of the horizontal axis.
    """
    rows = np.arange(float(len(names)))
    ax.spines[["top", "left", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(RULE)
    ax.grid(axis="x", color=INK, alpha=0.12, linewidth=0.6, zorder=1.5)
    ax.set_axisbelow(False)
    ax.tick_params(labelsize=MIDDLE, labelcolor=INK, color=RULE)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=list(STEPS)))
    ax.set_yticks([])
    ax.set_ylim(rows[-1] + 0.45, -0.75)
    words = textwrap.fill(label, int(ax.bbox.width / ax.figure.dpi * 12))
    ax.set_xlabel(words, loc="left", fontsize=MIDDLE, fontweight="bold", color=INK)
    over_rules = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    for row, name in zip(rows, names, strict=True):
        write_text(ax, 0.0, row - 0.26, name, transform=ax.get_yaxis_transform(), va="bottom", bbox=over_rules)
    return rows


def write_text(ax: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Write words on axes as they are, at data coordinates unless `style` holds another `transform`."""
    chosen: dict[str, Any] = {"fontsize": SMALL, "color": INK, "zorder": 6} | style
    ax.text(x, y, words, parse_math=False, fontfamily=_typefaces(), **chosen)


def name_above(ax: Axes, curves: Sequence[Any], names: Sequence[str]) -> None:
    """Add a key on one line above axes of rows, where no bar can reach it."""
    place = {"loc": "lower left", "bbox_to_anchor": (-0.01, 0.99), "ncols": len(names), "fontsize": SMALL}
    name_curves(ax, curves, names, borderpad=0.0, columnspacing=1.4, handlelength=1.4, **place)


def name_curves(ax: Axes, curves: Sequence[Any], names: Sequence[str], **style: Any) -> None:
    """Add a key with names as they are; a legend of matplotlib would hide those that begin with an underscore."""
    chosen: dict[str, Any] = {"frameon": False, "fontsize": MIDDLE, "labelcolor": INK} | style
    legend = ax.legend(curves, [""] * len(names), **chosen)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name, parse_math=False, fontfamily=_typefaces())


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG; the same figure gives the same bytes.

    Letters that no installed font has appear as boxes.

    Raises:
        RunError: the file cannot be written.
    """
    with writing(path), whole_file(Path(path)) as unfinished, _boxes_for_missing_letters():
        figure.savefig(unfinished, format="png", metadata={"Software": None})


@contextmanager
def _boxes_for_missing_letters() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


@cache
def _typefaces() -> list[str]:
    installed = set(fontManager.get_font_names())
    return [name for name in FONTS if name in installed]


def _add_paragraph(figure: Figure, y: float, words: str, **style: Any) -> float:
    """Write a paragraph across the page, `y` inches above its foot; its height in inches."""
    text = figure.text(_EDGE / WIDTH, y / HEIGHT, "", parse_math=False, fontfamily=_typefaces(), **style)
    with _boxes_for_missing_letters():
        _wrap_text(text, " ".join(words.expandtabs(1).splitlines()), (WIDTH - 2 * _EDGE) * DPI)
        return float(text.get_window_extent().height) / DPI


def _wrap_text(text: Text, words: str, width: float) -> None:
    """Break words into as few lines as fit `width` in dots; the end of a very long text is left out."""
    columns = len(words)
    text.set_text(words)
    while (wide := text.get_window_extent().width) > width:
        columns = min(columns - 1, int(columns * width / wide) + 4)
        lines = textwrap.wrap(words, columns, max_lines=_MOST_LINES, placeholder=" …", break_on_hyphens=False)
        text.set_text("\n".join(lines))
