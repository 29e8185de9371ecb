"""How pictures look and what they call things: colours, words, and where labels and axes may end.

Colours of one picture differ in luminance as well as in hue, so that they survive grey printing and colour blindness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from forecast.draws import CHANNELS, LEVERS, Array

INK, GREY, RULE = "#1a1a1a", "#5f5f5f", "#b9b9b9"
MEDIAN, RECORD, JOIN = "#08306b", "#b13a00", "#e9eff6"
OUTCOME = "#ffc20a"
"""Fill of what was observed later, unlike any other in hue; its rim of ink sets it off in grey."""

BAND_COLOURS = ("#6a9fd0", "#a9c9e4", "#d7e5f2")
"""From the narrowest interval to the widest."""

CHANNEL_COLOURS = dict(zip(CHANNELS, ("#0b3c78", "#6fb1dc", "#c9501c", "#fcc983"), strict=True))
CHANNEL_NAMES = dict(
    zip(CHANNELS, ("capital goods", "intermediates", "displaced exports", "reverse imports"), strict=True)
)
LEVER_NAMES = dict(zip(LEVERS, ("tariffs", "import commitments"), strict=True))
FLOW_COLOURS = {"exports": "#0b3c78", "imports": "#c9501c"}
BASIS_NAMES = {"korea_customs": "Korean customs basis", "us_census": "US Census basis"}
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

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def unit_label(quantity: str, basis: str) -> str:
    """Label of an axis of annual flows.

    >>> unit_label("Goods surplus with the US", "us_census")
    'Goods surplus with the US, bn USD a year, US Census basis'
    """
    return f"{quantity}, bn USD a year, {BASIS_NAMES[basis]}"


def fan_subtitle(basis: str, n_draws: int, origin: str, *, prior: bool) -> str:
    """What a fan shows: intervals, draws, the last observed quarter, unit and basis.

    >>> print(fan_subtitle("us_census", 20_000, "2026Q2", prior=False))
    Median and equal-tailed 50, 80 and 95 % intervals of 20,000 draws; data to 2026Q2; bn USD a year, US Census basis
    """
    knowledge = "Prior only, not fitted to data: median" if prior else "Median"
    intervals = f"{knowledge} and equal-tailed 50, 80 and 95 % intervals of {n_draws:,} draws"
    return f"{intervals}; data to {origin}; bn USD a year, {BASIS_NAMES[basis]}"


def months_label(months: int) -> str:
    """Span of the first months of a year.

    >>> months_label(8)
    'Jan–Aug'
    """
    return "Jan" if months == 1 else f"Jan–{MONTHS[months - 1]}"


def month_label(month: int) -> str:
    """Short name of a month index `12 * year + month - 1`.

    >>> month_label(24318)
    'Jul 2026'
    """
    return f"{MONTHS[month % 12]} {month // 12}"


def number(value: float, span: float) -> str:
    """A number on an axis of length `span`, to at least a two-hundredth of it, with a true minus sign.

    >>> number(-1234.4, 500.0), number(-0.2, 500.0), number(-0.24, 5.0)
    ('−1,234', '0', '−0.2')
    """
    places = 0 if span > 20 else 1 if span > 2 else 2
    return f"{round(value, places) + 0.0:,.{places}f}".replace("-", "−")


def signed(value: float, span: float) -> str:
    """The same for a change, with its sign.

    >>> signed(1.24, 5.0), signed(-0.24, 5.0), signed(0.04, 5.0)
    ('+1.2', '−0.2', '0.0')
    """
    words = number(value, span)
    return f"+{words}" if any(digit in "123456789" for digit in words) and value > 0 else words


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
    placed = np.maximum.accumulate(np.clip(np.asarray(positions, dtype=float)[order], low, high) - steps) + steps
    spread = np.empty(len(positions))
    spread[order] = np.minimum(placed, high - steps[::-1])
    return spread


def stacked_bases(contributions: Mapping[str, Array]) -> dict[str, Array]:
    """Where each signed bar of a stack starts: positive ones pile up from zero, negative ones down from it."""
    names = list(contributions)
    values = np.array([contributions[name] for name in names])
    up, down = (np.cumsum(np.where(sign * values > 0, values, 0), axis=0) for sign in (1, -1))
    return dict(zip(names, np.where(values > 0, up, down) - values, strict=True))
