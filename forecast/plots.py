"""The door to all pictures of trade and its forecasts: arrays in, axes out.

Every `draw_` function takes axes, draws on them and hands them back; every `_figure` function makes a page of them.
Values are bn USD a year on one statistical `basis`, one of `draws.BASES`, and every axis says so. Names and titles are
shown as they are: `$` and `_` mean nothing.
"""

from __future__ import annotations

from forecast.bands import Bands
from forecast.compositions import draw_composition
from forecast.fans import Effect, draw_difference, draw_effect, draw_fan, fan_figure
from forecast.overlays import draw_densities, draw_ecdfs
from forecast.page import Heading, save_figure, titled_figure
from forecast.past_trade import draw_history, history_figure
from forecast.timelines import draw_timeline
from forecast.tornados import draw_scatter, draw_shares, draw_tornado
from forecast.waterfalls import draw_waterfall

__all__ = [
    "Bands", "Effect", "Heading", "draw_composition", "draw_densities", "draw_difference", "draw_ecdfs", "draw_effect",
    "draw_fan", "draw_history", "draw_scatter", "draw_shares", "draw_timeline", "draw_tornado", "draw_waterfall",
    "fan_figure", "history_figure", "save_figure", "titled_figure",
]  # fmt: skip
