"""The languages of answers: how numbers, dates and distributions are written among the texts of the catalogue.

Korean states money in the unit of Korean reports, 100 million USD, with as many digits fewer after the point.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10, nan

from forecast.catalogue import Texts
from forecast.characters import HANGUL
from forecast.quarters import year_of
from forecast.report.table import Figure, figure
from forecast.scenario.dates import date_text
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.formatting import ends, percentage, span, sum_and_parts, whole_percentage
from forecast.stats.summary import Summary

CODES = ("en", "ko")
"""Languages of answers; `data/languages` holds a file for each."""

_DATE = re.compile(r"(\d{4})(?:Q(\d)|-(\d\d)(?:-(\d\d))?)")


@dataclass(frozen=True, slots=True)
class Language(Texts):
    """One language; `code` is one of `CODES`."""

    def headings(self, *keys: str) -> list[str]:
        """Headings of the keys below `columns`."""
        return [self.heading(f"columns.{key}") for key in keys]

    def amount(self, value: float, error: float, sign: str = "", places: int = 2) -> Figure:
        """A value in bn USD with its standard error, as a bare number in the unit of the language.

        >>> language("en").amount(0.21, 0.03, "+"), language("en").amount(0.0, 0.0, "+")
        ('+0.21', '0.00')
        """
        (part,) = self._amounts([(value, error)], sign, places)
        return figure(part[0], part)

    def money(self, value: float, error: float, sign: str = "", places: int = 2) -> str:
        """The same with its unit."""
        return self.text("numbers.money", amount=self.amount(value, error, sign, places))

    def span(self, ends: Sequence[tuple[float, float]], sign: str = "", places: int = 2) -> Figure:
        """An interval between two values in bn USD, each with its standard error, as bare numbers.

        >>> language("en").span([(-36.6, 0.1), (-14.0, 0.04)], places=2)
        '−36.6 to −14.0'
        """
        low, high = self._amounts(ends, sign, places)
        return figure(self.text("numbers.range", low=low[0], high=high[0]), low, high)

    def money_span(self, ends: Sequence[tuple[float, float]], sign: str = "", places: int = 2) -> str:
        """The same with its unit."""
        return self.text("numbers.money", amount=self.span(ends, sign, places))

    def money_parts(self, whole: tuple[float, float], parts: Sequence[float], sign: str = "") -> list[str]:
        r"""A value in bn USD with its standard error, and the parts of it, each with its unit: they add up as printed.

        >>> language("en").money_parts((-0.0441, 0.004), [-0.0675, 0.0234])
        ['−0.04\xa0bn USD', '−0.07\xa0bn USD', '0.03\xa0bn USD']
        """
        factor = self._factor
        value, error = (number * factor for number in whole)
        texts = sum_and_parts((value, error), [part * factor for part in parts], self._places(2), sign)
        return [self.text("numbers.money", amount=text) for text in texts]

    def _amounts(self, values: Sequence[tuple[float, float]], sign: str, places: int) -> list[tuple[str, float, float]]:
        """Texts, values and standard errors in the unit of the language."""
        scaled = [(value * self._factor, error * self._factor) for value, error in values]
        texts = span(scaled, self._places(places), sign)
        return [(text, *number) for text, number in zip(texts, scaled, strict=True)]

    @property
    def _factor(self) -> float:
        """How many of the units of the language a bn USD is."""
        return float(self.part("numbers.factor"))

    def _places(self, places: int) -> int:
        """Decimals in the unit of the language in place of those in bn USD."""
        return max(places - round(log10(self._factor)), 0)

    def chance(self, probability: float, error: float, n_draws: int) -> str:
        """A probability in percent, or the bound on it where no draw disagrees."""
        return self._bound(*percentage(probability, error, n_draws))

    def whole_chance(self, fraction: float) -> str:
        r"""A chance in whole percent, of which none that is not sure reads as if it were.

        >>> language("en").whole_chance(0.8), language("en").whole_chance(0.997)
        ('80\xa0%', 'above 99\xa0%')
        """
        return self._bound(*whole_percentage(fraction))

    def _bound(self, side: str, number: str) -> str:
        return self.text({"": "numbers.percent", "<": "numbers.less", ">": "numbers.more"}[side], number=number)

    def statistic(
        self, summary: Summary, series: str, name: str, index: int, sign: str = "", places: int = 2
    ) -> Figure:
        """A statistic of one year of a series in bn USD, as a bare number."""
        return self.amount(*summary.estimate(series, name, index), sign, places)

    def interval(
        self, summary: Summary, series: str, width: int, index: int, sign: str = "", places: int = 2
    ) -> Figure:
        """An interval of one year of a series in bn USD, as bare numbers; `width` in percent."""
        return self.span(ends(summary, series, width, index), sign, places)

    def chance_cell(self, summary: Summary, series: str, name: str, index: int) -> Figure:
        """A probability of one year in percent, for a table: a bound is a sign."""
        chance, error = summary.estimate(series, name, index)
        side, number = percentage(chance, error, summary.n_draws)
        text = f"{side} {self.text('numbers.percent', number=number)}".lstrip()
        return figure(text, (text, 100 * chance, 100 * error))

    def share(self, fraction: float, sign: str = "") -> Figure:
        r"""A fraction in whole percent, or to a tenth where it is no whole one; with a plus where asked for.

        >>> language("en").share(0.155), language("ko").share(0.8), language("en").share(0.08, "+")
        ('15.5\xa0%', '80%', '+8\xa0%')
        """
        plus = sign if fraction > 0 else ""
        number = plus + f"{100 * fraction:.1f}".removesuffix(".0").replace("-", "−")
        text = self.text("numbers.percent", number=number)
        return figure(text, (text, 100 * fraction, nan))

    def duty(self, at_origin: float, since: float | None) -> str:
        r"""A duty in the quarter of the origin, and the last on record after it where that is another.

        >>> language("en").duty(0.1, 0.125), language("ko").duty(0.15, None)
        ('10\xa0% (12.5\xa0% on record since)', '15%')
        """
        known = self.share(round(at_origin, 3))
        if since is None or self.share(round(since, 3)) == known:
            return known
        return self.text("numbers.duty_since", duty=known, since=self.share(round(since, 3)))

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

    def first_months(self, months: int) -> str:
        """The first months of a year.

        >>> language("en").first_months(8), language("en").first_months(1)
        ('Jan–Aug', 'Jan')
        """
        names = self.part("numbers.short_months")
        return names[0] if months == 1 else self.text("numbers.first_months", first=names[0], last=names[months - 1])

    def months(self, first: int, last: int) -> str:
        """Months of one year, given as indices `12 * year + month - 1`.

        >>> language("en").months(24312, 24318)
        'January–July 2026'
        """
        names = self.part("numbers.months")
        return self.text("numbers.month_span", year=first // 12, first=names[first % 12], last=names[last % 12])

    def ordinal(self, number: int) -> str:
        """A whole number as it is counted.

        >>> [language("en").ordinal(number) for number in (1, 2, 3, 11, 12, 13, 21, 90)]
        ['1st', '2nd', '3rd', '11th', '12th', '13th', '21st', '90th']
        """
        forms = self.part("numbers.ordinals")
        return str(forms[0 if 10 < number < 14 or number % 10 > 3 else number % 10]).format(number=number)

    def when(self, distribution: Distribution) -> str:
        """A date that may be uncertain: the date, or the ends of its window."""
        if isinstance(distribution, Constant):
            return self.date(distribution.value)
        low, high = self.window(distribution)
        return self.text("numbers.window", low=low, high=high)

    def part_of_year(self, position: float) -> str:
        """The month in which any date on the quarter axis lies.

        >>> language("en").part_of_year(8117.4)
        'May 2029'
        """
        return self.short_month(floor(3 * position))

    def window(self, distribution: Distribution) -> tuple[str, str]:
        """The first and the last date that an uncertain one may be."""
        low, high = (self.date(_quarter_start(float(distribution.ppf(level)))) for level in (0.0, 1.0))
        return low, high

    def number(self, distribution: Distribution, *, share: bool = False, factor: float = 1.0) -> str:
        """An uncertain number: the number, or its median and 90 % interval; `share` in percent, else times `factor`."""
        if isinstance(distribution, Constant):
            return self.share(distribution.value) if share else _short(distribution.value * factor, 4)
        values = [float(distribution.ppf(level)) for level in (0.05, 0.5, 0.95)]
        low, median, high = (self.share(value) if share else _short(value * factor, 3) for value in values)
        return self.text("numbers.distribution", median=median, low=low, high=high)

    def count(self, key: str, n: int, **values: object) -> str:
        """A number of things: the text `one` or `many` below a key.

        >>> language("en").count("comparison.pairs", 4000)
        '4,000 pairs of draws'
        """
        return self.text(f"{key}.{'one' if n == 1 else 'many'}", n=f"{n:,}", **values)

    def outcome(self, series: str, year: int) -> str:
        """An annual series in a year, in words.

        >>> language("en").outcome("trade_balance", 2030), language("en").outcome("imports", 2030)
        ("Korea's goods surplus with the US in 2030", "Korea's imports from the US in 2030")
        """
        return self.text(f"outcomes.{series}", year=year)

    def statistic_name(self, name: str) -> str:
        r"""A statistic of `summary.csv` in words.

        >>> [language("en").statistic_name(name) for name in ("mean", "quantile_0.1", "exceedance_55.7", "below_0")]
        ['mean', '10\xa0% quantile', 'chance of more than 55.7\xa0bn USD', 'chance of less than zero']
        """
        kind, _, number = name.partition("_")
        level = self.share(float(number)) if kind == "quantile" else ""
        amount = self.money(float(number), 0.1, places=1) if kind == "exceedance" else ""
        return self.text(f"statistics.{kind}", level=level, amount=amount)


def language(code: str) -> Language:
    """One of the `CODES`; its texts are read when the first of them is asked for."""
    return Language(code)


ENGLISH = language("en")


def language_of(text: str) -> str:
    """The code of the language a user's text is in, as far as its letters tell.

    >>> language_of("현대차그룹의 투자"), language_of("Hyundai's plan")
    ('ko', 'en')
    """
    return "ko" if HANGUL.search(text) else "en"


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
