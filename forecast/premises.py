"""What a scenario assumes of the world around the announcements, in words."""

from __future__ import annotations

from collections.abc import Callable

from forecast.conditions import DriverPath
from forecast.distributions import Constant, Law
from forecast.drivers import UNITS
from forecast.quarters import format_quarter
from forecast.scenario import Scenario

NAMES = {"us_output": "US output", "won_per_dollar": "the won", "oil": "oil"}


def premises(scenario: Scenario) -> str:
    """A sentence that names every stated path, or nothing where none is stated."""
    stated = [f"{NAMES[name]} {_words(path, UNITS[name])}" for name, path in scenario.drivers.items()]
    return f"Assumed, not forecast: {'; '.join(stated)}." if stated else ""


def _words(path: DriverPath, unit: str) -> str:
    if path.levels is not None:
        levels = (f"{_told(level, _level)} in {format_quarter(quarter)}" for quarter, level in path.levels.items())
        return f"at {', '.join(levels)} ({unit})"
    assert path.change is not None
    assert path.first is not None
    begin = format_quarter(path.first)
    if path.path == "growth":
        end = "the horizon" if path.last is None else format_quarter(path.last)
        return f"growing {_told(path.change, _percent)} a year from {begin} to {end}"
    end = "on" if path.last is None else f"to {format_quarter(path.last)}"
    return f"{_told(path.change, _percent)} off its fitted path from {begin} {end}"


def _told(value: Law, said: Callable[[float], str]) -> str:
    """A number, or the median of a distribution with its 80 % interval."""
    low, median, high = (said(float(end)) for end in value.ppf([0.1, 0.5, 0.9]))
    return median if isinstance(value, Constant) else f"{median} (80 % interval {low} to {high})"


def _level(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _percent(value: float) -> str:
    """A fraction as a percentage, with its sign.

    >>> _percent(0.2), _percent(-0.015), _percent(0.0)
    ('+20 %', '−1.5 %', '0 %')
    """
    return f"{100 * value:{'+' if abs(value) > 5e-4 else ''}.3g} %".replace("-", "−")
