"""The languages of a page: every word of it, and how numbers, dates and laws are written, from `data/languages`.

A Korean page states money in the unit of Korean reports, 100 million USD, with as many digits fewer after the point.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log10
from pathlib import Path
from typing import Any

from forecast.documents import read_document
from forecast.quarters import year_of
from forecast.scenario.dates import date_text
from forecast.stats.distributions import Constant, Law
from forecast.stats.formatting import percentage, span

CODES = ("en", "ko")
"""Languages a page can be in; `data/languages` holds a file for each."""


FOLDER = Path(str(files("forecast"))) / "data" / "languages"


_DATE = re.compile(r"(\d{4})(?:Q(\d)|-(\d\d)(?:-(\d\d))?)")


_HANGUL = re.compile(r"[\u3131-\u318e\uac00-\ud7a3]")


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        code: as in the `lang` attribute of a page.
        words: texts in a tree of mappings and lists.
    """

    code: str
    words: Mapping[str, Any]

    def text(self, key: str, **values: object) -> str:
        """The text at a dotted key, with its places filled."""
        return str(self.part(key)).format(**values)

    def part(self, key: str) -> Any:
        """The text, number, list or mapping at a dotted key, as the file holds it."""
        found: Any = self.words
        for name in key.split("."):
            found = found[name]
        return found

    def amount(self, value: float, error: float, sign: str = "", places: int = 2) -> str:
        """A value in bn USD with its standard error, as a bare number in the unit of the language.

        >>> language("en").amount(0.21, 0.03, "+"), language("en").amount(0.0, 0.0, "+")
        ('+0.21', '0.0')
        """
        (amount,) = self._amounts([(value, error)], sign, places)
        return amount

    def money(self, value: float, error: float, sign: str = "", places: int = 2) -> str:
        """The same with its unit."""
        return self.text("numbers.money", amount=self.amount(value, error, sign, places))

    def span(self, ends: Sequence[tuple[float, float]], sign: str = "", places: int = 2) -> str:
        """An interval between two values in bn USD, each with its standard error, as bare numbers.

        >>> language("en").span([(-36.6, 0.1), (-14.0, 0.04)], places=2)
        '−36.6 to −14.0'
        """
        low, high = self._amounts(ends, sign, places)
        return self.text("numbers.range", low=low, high=high)

    def money_span(self, ends: Sequence[tuple[float, float]], sign: str = "", places: int = 2) -> str:
        """The same with its unit."""
        return self.text("numbers.money", amount=self.span(ends, sign, places))

    def money_ends(self, ends: Sequence[tuple[float, float]], sign: str = "", places: int = 2) -> list[str]:
        """Both ends of an interval, each with its unit."""
        return [self.text("numbers.money", amount=amount) for amount in self._amounts(ends, sign, places)]

    def _amounts(self, values: Sequence[tuple[float, float]], sign: str, places: int) -> tuple[str, ...]:
        factor = float(self.part("numbers.factor"))
        scaled = [(value * factor, error * factor) for value, error in values]
        return span(scaled, max(places - round(log10(factor)), 0), sign)

    def chance(self, probability: float, error: float, n_draws: int) -> str:
        """A probability in percent, or the bound on it where no draw disagrees."""
        side, number = percentage(probability, error, n_draws)
        return self.text({"": "numbers.percent", "<": "numbers.less", ">": "numbers.more"}[side], number=number)

    def share(self, fraction: float) -> str:
        r"""A fraction in whole percent, or to a tenth where it is no whole one.

        >>> language("en").share(0.155), language("ko").share(0.8)
        ('15.5\xa0%', '80%')
        """
        return self.text("numbers.percent", number=f"{100 * fraction:.1f}".removesuffix(".0").replace("-", "−"))

    def date(self, position: float) -> str:
        """A date on the quarter axis.

        >>> language("ko").date(8116.0), language("en").date(8116.0)
        ('2029년 1분기', '2029Q1')
        """
        year, quarter, month, day = (int(part or 0) for part in _DATE.fullmatch(date_text(position)).groups())  # type: ignore[union-attr]
        if quarter:
            return self.text("numbers.quarter", year=year, quarter=quarter)
        name = self.part("numbers.months")[month - 1]
        return self.text("numbers.day" if day else "numbers.month", year=year, month=name, day=day)

    def month(self, month: int) -> str:
        """A month, given as an index `12 * year + month - 1`.

        >>> language("en").month(24312)
        'January 2026'
        """
        return self.text("numbers.month", year=month // 12, month=self.part("numbers.months")[month % 12])

    def when(self, law: Law) -> str:
        """A date that may be uncertain: the date, or the ends of its window."""
        if isinstance(law, Constant):
            return self.date(law.value)
        low, high = self.window(law)
        return self.text("numbers.window", low=low, high=high)

    def window(self, law: Law) -> tuple[str, str]:
        """The first and the last date that an uncertain one may be."""
        low, high = (self.date(_quarter_start(float(law.ppf(level)))) for level in (0.0, 1.0))
        return low, high

    def number(self, law: Law, *, share: bool = False, factor: float = 1.0) -> str:
        """An uncertain number: the number, or its median and 90 % interval; `share` in percent, else times `factor`."""
        if isinstance(law, Constant):
            return self.share(law.value) if share else _short(law.value * factor, 4)
        values = [float(law.ppf(level)) for level in (0.05, 0.5, 0.95)]
        low, median, high = (self.share(value) if share else _short(value * factor, 3) for value in values)
        return self.text("numbers.law", median=median, low=low, high=high)

    def list(self, names: Sequence[str]) -> str:
        """Names in a row."""
        return str(self.part("numbers.list")).join(names)


@cache
def language(code: str) -> Language:
    """One of the `CODES`."""
    path = FOLDER / f"{code}.yaml"
    words: Any = read_document(path, path.name).root.plain()
    return Language(code, words)


def language_of(text: str) -> str:
    """The code of the language a user's text is in, as far as its letters tell.

    >>> language_of("현대차그룹의 투자"), language_of("Hyundai's plan")
    ('ko', 'en')
    """
    return "ko" if _HANGUL.search(text) else "en"


def _quarter_start(position: float) -> float:
    """The date itself where it has a name, else the start of its quarter."""
    try:
        date_text(position)
    except StopIteration:
        return float(4 * year_of(position) + int(position % 4))
    return position


def _short(value: float, digits: int) -> str:
    """A stated number to so many significant digits, a large one to the unit.

    >>> _short(5.8, 4), _short(21.25, 4), _short(0.1234, 3), _short(-1500.4, 3)
    ('5.8', '21.25', '0.123', '−1,500')
    """
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"
    return text.replace("-", "−")
