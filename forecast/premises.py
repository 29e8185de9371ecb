"""What a scenario assumes of the world around the announcements, in words."""

from __future__ import annotations

from collections.abc import Callable

from forecast.conditions import DriverPath, Shock
from forecast.dates import date_text
from forecast.distributions import Constant, Law
from forecast.drivers import UNITS
from forecast.quarters import format_quarter
from forecast.scenario import Scenario

NAMES = {"us_output": "US output", "won_per_dollar": "the won", "oil": "oil"}
"""Drivers in running text; exports and imports are called that."""


def premises(scenario: Scenario) -> str:
    """A sentence that names every stated path of a driver and every shock, or nothing where none is stated."""
    stated = [f"{NAMES[name]} {_words(path, UNITS[name])}" for name, path in scenario.drivers.items()]
    stated += map(_event, scenario.shocks)
    return f"Assumed, not forecast: {'; '.join(stated)}." if stated else ""


def _words(path: DriverPath, unit: str) -> str:
    if path.levels is not None:
        levels = (f"{_told(level, _level)} in {format_quarter(quarter)}" for quarter, level in path.levels.items())
        return f"at {', '.join(levels)} ({unit})"
    assert path.change is not None
    assert path.first is not None
    begin = format_quarter(path.first)
    if path.path == "growth":
        end = "the horizon" if path.end is None else format_quarter(path.end - 1)
        return f"growing {_told(path.change, _percent)} a year from {begin} to {end}"
    end = "on" if path.end is None else f"to {format_quarter(path.end - 1)}"
    return f"{_told(path.change, _percent)} off its fitted path from {begin} {end}"


def _event(shock: Shock) -> str:
    """One shock: what it moves, by how much, when, how surely and for how long."""
    chance = "" if shock.probability is None else f" with a chance of {_told(shock.probability, _share)}"
    fading = "" if shock.half_life is None else f", half of it gone after {_told(shock.half_life, _level)} quarters"
    return f"{NAMES.get(shock.on, shock.on)} {_extent(shock)}{chance} {_when(shock)}{fading}"


def _extent(shock: Shock) -> str:
    if shock.size is not None:
        return _told(shock.size, _percent)
    assert shock.amount is not None
    return f"{_told(shock.amount, _amount)} bn USD a year"


def _when(shock: Shock) -> str:
    first, last = (date_text(float(end)) for end in shock.at.ppf([0.0, 1.0]))
    begin = first if first == last else f"a date between {first} and {last}"
    return f"from {begin} {'on' if shock.until is None else f'until {date_text(shock.until)}'}"


def _told(value: Law, said: Callable[[float], str]) -> str:
    """A number, or the median of a distribution with its 80 % interval."""
    low, median, high = (said(float(end)) for end in value.ppf([0.1, 0.5, 0.9]))
    return median if isinstance(value, Constant) else f"{median} (80 % interval {low} to {high})"


def _level(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _share(value: float) -> str:
    return f"{100 * value:.3g} %"


def _amount(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


def _percent(value: float) -> str:
    """A fraction as a percentage, with its sign.

    >>> _percent(0.2), _percent(-0.015), _percent(0.0)
    ('+20 %', '−1.5 %', '0 %')
    """
    return f"{100 * value:{'+' if abs(value) > 5e-4 else ''}.3g} %".replace("-", "−")
