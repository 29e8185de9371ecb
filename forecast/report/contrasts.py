"""What is exchanged between two scenarios, in words of a language: entries, and the values that are others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast.economics.sectors import SECTORS
from forecast.observations.series import DRIVERS
from forecast.report.i18n import Language
from forecast.scenario.contrasts import Contrast, Place
from forecast.stats.distributions import Constant, Distribution

_PATHS = ("localization", "sector_localization")

ENTRIES = ("investments", "tariffs", "import_commitments")
"""Fields whose entries are compared key by key."""

MONEY = ("amount", "new_capex", "per_year")
DATES = ("construction_start", "production_start", "production_end", "start", "until")
SHARES = ("probability", "rate", "rivals", "pass_through", "substitution", "additionality", "fulfilment")
"""Keys of entries whose values are amounts, dates and fractions."""

_NUMBERS = ("slip", "scale", "elasticity", "adjustment", "localization_response")

_SHORT = 40
"""Characters of an old and a new value that are shown; of longer ones only the name is."""


def contrast_names(contrast: Contrast, language: Language) -> str:
    """What of a scenario is exchanged, beside what a user calls it: an investment by its id, all else in words."""
    return language.list([_place_name(place, language) for place in contrast.places])


def contrast_changes(contrast: Contrast, language: Language) -> str:
    """What becomes of it: added, left out, or the values that are others, old and new where both are short."""
    pairs = zip(contrast.places, contrast.exchanges, strict=True)
    exchanges = [change for place, (before, after) in pairs for change in _changes(place, before, after, language)]
    return language.list(list(dict.fromkeys(exchanges)))


def _place_name(place: Place, language: Language) -> str:
    field, key = place
    if field == "investments":
        return key
    kind = language.text(f"assumptions.{field}")
    if not key:
        return kind
    owners = {"drivers": DRIVERS, "sector_localization": SECTORS, "sector_coefficients": SECTORS}
    listed = "drivers" if field == "drivers" else "sectors"
    owner = language.text(f"{listed}.{key}") if key in owners.get(field, ()) else key
    return language.text("causes.of", kind=kind, owner=owner)


def _changes(place: Place, before: Any, after: Any, language: Language) -> list[str]:
    if before is None or after is None:
        return [language.text("causes.added" if before is None else "causes.left")]
    field = place[0]
    if field in _PATHS:
        return [
            _exchange(_path_words(before, language), _path_words(after, language), language)
            or language.text("causes.other")
        ]
    if field == "sector_coefficients":
        return [
            _named(language.text(f"coefficients.{name}"), "", before.get(name), after.get(name), language)
            for name in _differing(before, after)
        ]
    if field in ENTRIES:
        return [
            _named(key_name(key, language), key, before[key], after[key], language) for key in _differing(before, after)
        ]
    return [language.text("causes.other")]


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]


def key_name(key: str, language: Language) -> str:
    """A key of an entry in words."""
    return str(language.part("causes.keys").get(key, language.text("causes.other")))


def _named(name: str, key: str, before: Any, after: Any, language: Language) -> str:
    """A value by its name, with the old and the new one where they are short."""
    exchange = _exchange(_value(key, before, language), _value(key, after, language), language)
    if not exchange:
        return name
    return f"{name} {language.text('numbers.money', amount=exchange) if key in MONEY else exchange}"


def _exchange(before: str, after: str, language: Language) -> str:
    """Old and new, or nothing where one has no words or both are long."""
    long = len(before) + len(after) > _SHORT
    return "" if long or not (before and after) else language.text("causes.exchange", before=before, after=after)


def _value(key: str, value: Any, language: Language) -> str:
    """A value in words, or nothing where it has none."""
    if key and key not in (*MONEY, *DATES, *SHARES, *_NUMBERS):
        return ""
    if value is None:
        return language.text("causes.unstated")
    if key in DATES:
        return language.when(value)
    factor = float(language.part("numbers.factor")) if key in MONEY else 1.0
    return _number(value, language, share=key in SHARES, factor=factor)


def _number(distribution: Distribution, language: Language, *, share: bool = False, factor: float = 1.0) -> str:
    """A stated number, or the median of an uncertain one to two digits."""
    if isinstance(distribution, Constant):
        return language.number(distribution, share=share, factor=factor)
    median = Constant(float(f"{float(distribution.ppf(0.5)):.2g}"))
    return language.text("causes.about", number=language.number(median, share=share, factor=factor))


def _path_words(numbers: Mapping[str, Any], language: Language) -> str:
    """A localization path in a few words."""
    stated = {
        "local": "" if numbers["local"] is None else _number(numbers["local"], language, share=True),
        **{name: "" if numbers[name] is None else language.date(numbers[name]) for name in ("by", "at")},
    }
    return language.text(f"causes.paths.{numbers['path']}", **stated)
