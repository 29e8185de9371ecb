"""What a scenario assumes of the world around the announcements, in words of a language."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from forecast.conditions import DriverPath, Shock
from forecast.distributions import Constant, Law
from forecast.languages import Language
from forecast.scenario import Scenario


def premises(scenario: Scenario, language: Language) -> str:
    """A sentence that names every stated path of a driver and every shock, or nothing where none is stated."""
    stated = [_path(name, path, language) for name, path in scenario.drivers.items()]
    stated += [_event(shock, language) for shock in scenario.shocks]
    return language.text("premises.all", stated=language.text("premises.and").join(stated)) if stated else ""


def _path(name: str, path: DriverPath, language: Language) -> str:
    said = partial(language.text, name=language.text(f"premises.names.{name}"))
    if path.levels is not None:
        levels = [
            language.text("premises.level", level=_told(level, _level, language), quarter=language.date(quarter))
            for quarter, level in path.levels.items()
        ]
        unit = language.text(f"premises.units.{name}")
        return said("premises.levels", levels=language.list(levels), unit=unit)
    assert path.change is not None
    assert path.first is not None
    end = None if path.end is None else language.date(path.end - 1)
    span = {"begin": language.date(path.first), "end": end or language.text("premises.horizon")}
    if path.path == "growth":
        key, change = _growth(path.change, language)
        return said(f"premises.{key}", change=change, **span)
    key = "deviation" if end is None else "deviation_until"
    return said(f"premises.{key}", change=_told(path.change, partial(_percent, language), language), **span)


def _growth(change: Law, language: Language) -> tuple[str, str]:
    """The verb of a growth, and its size: without a sign where it is surely, at 80 %, up or down."""
    low, high = change.ppf([0.1, 0.9]).tolist()
    size = partial(_percent, language, sign="")
    if low >= 0.0:
        return "rises", _told(change, size, language)
    if high <= 0.0:
        return "falls", _told(change, size, language, -1.0)
    return "moves", _told(change, partial(_percent, language), language)


def _event(shock: Shock, language: Language) -> str:
    """One shock: what it moves, by how much, when, how surely and for how long."""
    name = language.text(f"premises.names.{shock.on}")
    chance, fading = "", ""
    if shock.probability is not None:
        stated = _told(shock.probability, partial(_percent, language, sign=""), language)
        chance = language.text("premises.chance", chance=stated)
    if shock.half_life is not None:
        fading = language.text("premises.fading", quarters=_told(shock.half_life, _level, language))
    parts = {"size": _extent(shock, language), "when": _when(shock, language), "chance": chance, "fading": fading}
    return language.text("premises.shock", name=name, **parts)


def _extent(shock: Shock, language: Language) -> str:
    if shock.size is not None:
        return _told(shock.size, partial(_percent, language), language)
    assert shock.amount is not None
    factor = float(language.part("numbers.factor"))
    return language.text("premises.amount", amount=_told(shock.amount, _signed, language, factor))


def _when(shock: Shock, language: Language) -> str:
    first, last = language.window(shock.at)
    begin = first if first == last else language.text("premises.between", first=first, last=last)
    if shock.until is None:
        return language.text("premises.open", begin=begin)
    return language.text("premises.until", begin=begin, until=language.date(shock.until))


def _told(value: Law, said: Callable[[float], str], language: Language, factor: float = 1.0) -> str:
    """A number times a factor, or the median of a distribution with its 80 % interval."""
    low, median, high = sorted(factor * float(end) for end in value.ppf([0.1, 0.5, 0.9]))
    if isinstance(value, Constant):
        return said(median)
    return language.text("premises.interval", median=said(median), low=said(low), high=said(high))


def _level(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


def _percent(language: Language, fraction: float, sign: str = "+") -> str:
    """A fraction as a percentage, with its sign unless that is said by a verb."""
    number = f"{100 * fraction:{sign if abs(fraction) > 5e-4 else ''}.3g}".replace("-", "−")
    return language.text("numbers.percent", number=number)
