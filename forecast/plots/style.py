"""The page a picture stands on: title, subtitle and source around empty axes, plain axes, text as it is, and the file.

Words are shown as they are, `$`, `_` and Korean letters included. Nothing here uses `matplotlib.pyplot`.

How pictures look and what they call things: colours, words, and where labels and axes may end.

Colours of one picture differ in luminance as well as in hue, so that they survive grey printing and colour blindness.
"""

from __future__ import annotations

import logging
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import ArrayLike

from forecast.catalogue import ENGLISH, Texts
from forecast.characters import HANGUL
from forecast.dims import CHANNELS, Array
from forecast.storage.files import whole_file, writing

INK, GREY, RULE = "#1a1a1a", "#5f5f5f", "#b9b9b9"
MEDIAN, RECORD, JOIN = "#08306b", "#b13a00", "#e9eff6"
OUTCOME = "#ffc20a"
"""Fill of what was observed later, unlike any other in hue; its rim of ink sets it off in grey."""

BAND_COLOURS = ("#6a9fd0", "#a9c9e4", "#d7e5f2")
"""From the narrowest interval to the widest."""

CHANNEL_COLOURS = dict(zip(CHANNELS, ("#0b3c78", "#6fb1dc", "#c9501c", "#fcc983"), strict=True))
FLOW_COLOURS = {"exports": "#0b3c78", "imports": "#c9501c"}
OVERLAY = (("#0b3c78", "-"), ("#e08214", "--"), ("#4d9a6a", ":"), ("#7b4f8e", "-."))
"""Colour and dash pattern of curves drawn over one another."""

FONTS = (
    "DejaVu Sans", "Noto Sans KR", "Noto Sans CJK KR", "Source Han Sans KR", "Source Han Sans K", "NanumGothic",
    "NanumBarunGothic", "Malgun Gothic", "Apple SD Gothic Neo", "AppleGothic", "UnDotum", "Noto Sans CJK JP",
)  # fmt: skip
"""Typefaces in order of preference; all but the first are there for Korean letters."""

_WIDEST_SHARE = 0.5
HISTORY_YEARS = 10
"""Years before a forecast that a picture shows."""


def unit_label(quantity: str, basis: str, texts: Texts = ENGLISH) -> str:
    """Label of an axis of annual flows.

    >>> unit_label("Goods surplus with the US", "us_census")
    'Goods surplus with the US, bn USD a year, US Census basis'
    """
    return texts.text("plots.flow", quantity=quantity, **unit_and_basis(basis, texts))


def unit_and_basis(basis: str, texts: Texts) -> dict[str, str]:
    """Unit of annual flows and name of a basis, as texts have places for them."""
    return {"unit": texts.text("numbers.unit_a_year"), "basis": texts.text(f"bases.{basis}")}


def fan_subtitle(basis: str, n_draws: int, reach: str, *, prior: bool, texts: Texts = ENGLISH) -> str:
    """Subtitle of a fan: intervals, draws, how far data reach, unit and basis.

    >>> print(fan_subtitle("us_census", 20_000, "2026Q2", prior=False))
    Median and equal-tailed 50, 80 and 95 % intervals of 20,000 draws; data to 2026Q2; bn USD a year, US Census basis
    """
    key = "plots.fan.prior" if prior else "plots.fan.subtitle"
    return texts.text(key, draws=f"{n_draws:,}", origin=reach, **unit_and_basis(basis, texts))


def quarter(name: str, texts: Texts) -> str:
    """A quarter such as `2026Q2` as the language writes it.

    >>> quarter("2026Q2", Texts("en")), quarter("2026Q2", Texts("ko"))
    ('2026Q2', '2026년 2분기')
    """
    year, _, number = name.partition("Q")
    return texts.text("numbers.quarter", year=year, quarter=number)


def months_label(months: int, texts: Texts = ENGLISH) -> str:
    """Span of the first months of a year.

    >>> months_label(8), months_label(8, Texts("ko"))
    ('Jan–Aug', '1월~8월')
    """
    names = texts.part("numbers.short_months")
    return names[0] if months == 1 else texts.text("numbers.first_months", first=names[0], last=names[months - 1])


def month_label(month: int) -> str:
    """Short name of a month index `12 * year + month - 1`.

    >>> month_label(24318)
    'Jul 2026'
    """
    return f"{ENGLISH.part('numbers.short_months')[month % 12]} {month // 12}"


def number(value: float, span: float, texts: Texts = ENGLISH) -> str:
    """A number in bn USD on an axis of length `span`, to at least a two-hundredth of it, with a true minus sign.

    It is written in the unit of the language, with as many digits fewer after the point.

    >>> number(-1234.4, 500.0), number(-0.2, 500.0), number(-0.24, 5.0)
    ('−1,234', '0', '−0.2')
    >>> number(-1234.4, 500.0, Texts("ko")), number(-0.24, 5.0, Texts("ko"))
    ('−12,344', '−2')
    """
    return amount(value, 0 if span > 20 else 1 if span > 2 else 2, texts)


def amount(value: float, places: int, texts: Texts) -> str:
    """A value in bn USD in the unit of the language, with so many digits after the point in bn USD.

    >>> amount(-55.68, 1, Texts("en")), amount(-55.68, 1, Texts("ko"))
    ('−55.7', '−557')
    """
    factor = float(texts.part("numbers.factor"))
    left = max(places - round(log10(factor)), 0)
    return f"{round(value * factor, left) + 0.0:,.{left}f}".replace("-", "−")


def signed(value: float, span: float, texts: Texts = ENGLISH) -> str:
    """The same as `number` for a change, with its sign.

    >>> signed(1.24, 5.0), signed(-0.24, 5.0), signed(0.04, 5.0)
    ('+1.2', '−0.2', '0.0')
    """
    words = number(value, span, texts)
    return f"+{words}" if any(digit in "123456789" for digit in words) and value > 0 else words


def count_money(axis: Axis, texts: Texts) -> None:
    """Write the ticks of an axis of bn USD in the unit of the language, where that is another."""
    factor = float(texts.part("numbers.factor"))
    if factor != 1.0:
        axis.set_major_formatter(lambda value, _: f"{value * factor:,.10g}".replace("-", "−"))


def readable_range(core: Iterable[ArrayLike], widest: Iterable[ArrayLike]) -> tuple[float, float]:
    """Ends of an axis that holds `core` whole, and `widest` as far as it adds at most half at either end.

    Not-a-number values are passed over.

    >>> readable_range([[0.0, 100.0]], [[-400.0, 110.0]])
    (-58.0, 118.0)
    """
    low, high = _ends(core)
    room = _WIDEST_SHARE * (high - low)
    wide_low, wide_high = _ends([low, high, *widest])
    low, high = max(wide_low, low - room), min(wide_high, high + room)
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def _ends(values: Iterable[ArrayLike]) -> tuple[float, float]:
    every = np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in values])
    return float(np.nanmin(every)), float(np.nanmax(every))


def spread_labels(positions: Sequence[float], gap: float, low: float, high: float) -> Array:
    """Positions moved as little as their order allows until neighbours are `gap` apart, from `low` to `high`.

    >>> spread_labels([1.0, 9.0, 9.5], 2.0, 0.0, 10.0)
    array([ 1.,  8., 10.])
    """
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(len(positions))
    # less their place in the row, positions a gap apart are equal: a running maximum then parts neighbours
    placed = np.maximum.accumulate(np.clip(np.asarray(positions, dtype=float)[order], low, high) - steps) + steps
    spread = np.empty(len(positions))
    spread[order] = np.minimum(placed, high - steps[::-1])
    return spread


def stacked_bases(contributions: Mapping[str, Array]) -> dict[str, Array]:
    """Where each signed bar of a stack starts: positive ones pile up from zero, negative ones down from it."""
    names = list(contributions)
    values = np.array([contributions[name] for name in names])
    # running sums of positive and of negative parts apart, by row of the stack
    up, down = (np.cumsum(np.where(sign * values > 0, values, 0), axis=0) for sign in (1, -1))
    return dict(zip(names, np.where(values > 0, up, down) - values, strict=True))


WIDTH, HEIGHT, DPI, SCREEN_DPI = 10.0, 6.25, 160, 100
"""Page in inches, and dots per inch in a file and in a notebook."""

SMALL, MIDDLE, LARGE = 8.0, 9.0, 14.0
"""Type sizes in points."""

STEPS = (1, 2, 2.5, 5, 10)
"""Steps of ticks and bins, times a power of ten."""

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


class Page(Figure):
    """A figure that a notebook shows by itself, whatever backend it uses."""

    def _repr_png_(self) -> bytes:
        drawn = BytesIO()
        with _boxes_for_missing_letters():
            self.savefig(drawn, format="png", dpi=SCREEN_DPI, metadata={"Software": None})
        return drawn.getvalue()


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
    figure = Page(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
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
    heavy: dict[str, Any] = {"fontsize": MIDDLE, "fontweight": "bold", "color": INK, "fontfamily": typefaces(label)}
    ax.set_ylabel(label, rotation=0, ha="left", va="bottom", **heavy)
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
    words = fold(label, int(ax.bbox.width / ax.figure.dpi * 12))
    heavy: dict[str, Any] = {"fontsize": MIDDLE, "fontweight": "bold", "color": INK, "fontfamily": typefaces(words)}
    ax.set_xlabel(words, loc="left", **heavy)
    over_rules = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    for row, name in zip(rows, names, strict=True):
        write_text(ax, 0.0, row - 0.26, name, transform=ax.get_yaxis_transform(), va="bottom", bbox=over_rules)
    return rows


def fold(words: str, columns: int) -> str:
    """Words in lines of so many letters at most, of which those of Korean count twice."""
    return textwrap.fill(words, max(int(columns * len(words) / breadth(words)), 1)) if words else words


def breadth(words: str) -> int:
    """Letters of words, of which those of Korean count twice.

    >>> breadth("흑자 2")
    6
    """
    return len(words) + len(HANGUL.findall(words))


def write_text(ax: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Write words on axes as they are, at data coordinates unless `style` holds another `transform`."""
    chosen: dict[str, Any] = {"fontsize": SMALL, "color": INK, "zorder": 6} | style
    ax.text(x, y, words, parse_math=False, fontfamily=typefaces(words), **chosen)


def name_above(ax: Axes, curves: Sequence[Any], names: Sequence[str]) -> None:
    """Add a key on one line above axes of rows, where no bar can reach it."""
    place = {"loc": "lower left", "bbox_to_anchor": (-0.01, 0.99), "ncols": len(names), "fontsize": SMALL}
    name_curves(ax, curves, names, borderpad=0.0, columnspacing=1.4, handlelength=1.4, **place)


def name_curves(ax: Axes, curves: Sequence[Any], names: Sequence[str], **style: Any) -> None:
    """Add a key with names as they are; a legend of matplotlib would hide those that begin with an underscore."""
    chosen: dict[str, Any] = {"frameon": False, "fontsize": MIDDLE, "labelcolor": INK} | style
    legend = ax.legend(curves, [""] * len(names), **chosen)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name, parse_math=False, fontfamily=typefaces(name))


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG; the same figure gives the same bytes.

    Letters that no installed font has appear as boxes.

    Raises:
        RunError: the file cannot be written.
    """
    with writing(path), whole_file(Path(path)) as unfinished, _boxes_for_missing_letters():
        figure.savefig(unfinished, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 3})


@contextmanager
def _boxes_for_missing_letters() -> Iterator[None]:
    """No remark on letters that no typeface has, nor on a typeface that has no bold."""
    remarks = logging.getLogger("matplotlib.font_manager")
    level = remarks.level
    remarks.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
            yield
    finally:
        remarks.setLevel(level)


def drawable(texts: Texts) -> Texts:
    """Texts whose letters a typeface of this machine has: those given, else the English ones.

    Typefaces are looked through only where there are letters of Korean among the texts.
    """
    return ENGLISH if HANGUL.search(texts.text("language")) and korean_typeface() is None else texts


@cache
def korean_typeface() -> str | None:
    """Name of an installed typeface that has the letters of Korean, a known one first; None where there is none.

    Those installed since matplotlib last looked for typefaces are found too.
    """
    found = _first_korean()
    if found is None:
        for path in sorted(set(findSystemFonts()) - {font.fname for font in fontManager.ttflist}):
            if _has_korean(path):
                fontManager.addfont(path)
        found = _first_korean()
    return found


def _first_korean() -> str | None:
    places = {name: place for place, name in enumerate(FONTS)}
    fonts = sorted(fontManager.ttflist, key=lambda font: (places.get(font.name, len(FONTS)), font.fname))
    return next((font.name for font in fonts if _has_korean(font.fname)), None)


def _has_korean(path: str) -> bool:
    """Whether a file of a typeface has letters of Korean; one that stands for missing letters has one form for all."""
    try:
        font = FT2Font(path)
    except (OSError, RuntimeError):  # a file that is gone or broken
        return False
    forms = {font.get_char_index(ord(letter)) for letter in "가나"}
    return len(forms) == len("가나") and 0 not in forms


def typefaces(words: str) -> list[str]:
    """Typefaces for words in order of preference: of words in Korean one that has all their letters alike."""
    korean = korean_typeface() if HANGUL.search(words) else None
    return [*([korean] if korean else []), *_installed()]


@cache
def _installed() -> list[str]:
    installed = set(fontManager.get_font_names())
    return [name for name in FONTS if name in installed]


def _add_paragraph(figure: Figure, y: float, words: str, **style: Any) -> float:
    """Write a paragraph across the page, `y` inches above its foot; its height in inches."""
    text = figure.text(_EDGE / WIDTH, y / HEIGHT, "", parse_math=False, fontfamily=typefaces(words), **style)
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
