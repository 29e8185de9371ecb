"""The door to all pictures of trade and its forecasts: arrays in, axes out.

Every `draw_` function takes axes, draws on them and hands them back; every `_figure` function makes a page of them.
Values are bn USD a year on one statistical `basis`, one of `dims.BASES`, and every axis says so. Names and titles are
shown as they are: `$` and `_` mean nothing. Each name is imported when first used.

- `fan`: forecasts by year with history, differences, effects by channel; the picture of a stored run
- `sensitivity`: tornados, waterfalls, densities and distribution functions; the pictures of a budget
- `sweep`: an outcome over one or two swept assumptions
- `comparison`: the paired difference of two runs, its distribution, its parts
- `scenario`: composition of purchases, plants in time, distributions
- `track`: scores, coverage and past forecasts
- `checks`: pictures of model checks
- `style`: colours, type, axes, the frame of a figure
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_DOOR = {
    "Bands": "fan",
    "Effect": "fan",
    "Heading": "style",
    "draw_composition": "scenario",
    "draw_densities": "sensitivity",
    "draw_difference": "fan",
    "draw_ecdfs": "sensitivity",
    "draw_effect": "fan",
    "draw_fan": "fan",
    "draw_history": "fan",
    "draw_scatter": "sensitivity",
    "draw_shares": "sensitivity",
    "draw_timeline": "scenario",
    "draw_tornado": "sensitivity",
    "draw_waterfall": "sensitivity",
    "fan_figure": "fan",
    "history_figure": "fan",
    "save_figure": "style",
    "titled_figure": "style",
}
__all__ = [*_DOOR]


def __getattr__(name: str) -> Any:
    if name not in _DOOR:
        raise AttributeError(f"module 'forecast.plots' has no attribute {name!r}")
    return getattr(import_module(f"forecast.plots.{_DOOR[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_DOOR]
