"""Numbers written as text, and what to write in their place.

A hint keeps sign, unit and size of what was written, or there is none: words around the number that are not known here
may change what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_GROUPED = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"
_UNGROUPED = r"\d[\d_]*(?:[.,]\d+)?|\.\d+"
_ONE_NUMBER = re.compile(rf"(\D*?)({_GROUPED}(?![\d,])|{_UNGROUPED})(\D*)")
_READ_AS_NUMBER = re.compile(r"(?a)[-+]?(\.\d+|(0|[1-9]\d*)(\.\d*)?)([eE][-+]?\d+)?")
"""Text that YAML reads as a number unless it is quoted."""

_LONGEST = 100
DASHES = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u207b\ufe58\ufe63\uff0d", "-") | {"\uff0b": "+"}
)
"""Every dash as a hyphen, for `str.translate`: tables and word processors print a minus sign of their own."""

_MINUS = ("-", "△", "▲", "minus", "negative", "마이너스")
"""Signs of a negative number; triangles are those of Korean accounts."""

_ABOUT = r"about|around|approximately|approx|roughly|circa|ca|some|약|plus|[~≈+.\s]"
"""What may stand beside a number and leaves its meaning as it is."""


class Numeral(NamedTuple):
    """The one number in a text.

    Attributes:
        before: what stands before it, without its sign, in lower case.
        value: the number with its sign.
        after: what stands after it, in lower case.
    """

    before: str
    value: float
    after: str


def numeral_in(text: str) -> Numeral | None:
    """The one number a text holds, or None where it holds none or several.

    A comma parts thousands before exactly three digits, and is a decimal sign otherwise. Any dash is a minus sign.

    >>> numeral_in("−2,5 bn"), numeral_in("about 2,500").value, numeral_in("5 to 8"), numeral_in("1.234,5")
    (Numeral(before='', value=-2.5, after='bn'), 2500.0, None, None)
    """
    match = _ONE_NUMBER.fullmatch(text[:_LONGEST].translate(DASHES).strip().lower())
    if match is None or len(text) > _LONGEST:
        return None
    before, digits, after = match.groups()
    if len(re.findall("[-+]", before)) > 1:  # such as +-5, which is both
        return None
    grouped = re.fullmatch(_GROUPED, digits)
    value = float(digits.replace("_", "").replace(",", "" if grouped else "."))
    signs = [sign for sign in _MINUS if sign in before]
    for sign in signs:
        before = before.replace(sign, " ")
    return Numeral(before.strip(), -value if signs else value, after.strip())


def number_hint(text: str, about: str) -> str:
    """Hint at how to write a number in words; empty where that might change its meaning.

    Args:
        about: what the number is, which decides the units it may be written in.

    >>> number_hint("−0.1", "a fraction"), number_hint("90 %", "a fraction"), number_hint("3 months", "in quarters")
    ('; write -0.1', '; write 0.9', '; write 1')
    >>> number_hint("0.1 lower", "a fraction"), number_hint("3 months", "a fraction")
    ('', '')
    """
    if len(text) > _LONGEST:
        return ""
    if _READ_AS_NUMBER.fullmatch(text.strip()):
        return f"; write {text.strip()} without quotes"
    plain = text.translate(DASHES).strip()
    if _READ_AS_NUMBER.fullmatch(plain):
        return f"; write {plain.removeprefix('+')}"
    numeral = numeral_in(text)
    factor = None if numeral is None or _left(numeral.before) else _factor(numeral.after, about)
    return "" if numeral is None or factor is None else f"; write {numeral.value * factor:.12g}"


def _factor(unit: str, about: str) -> float | None:
    """What turns a number in a unit into one in the unit that is expected."""
    for names, needed, factor in _UNITS:
        if re.fullmatch(names, unit) and needed in about:
            return factor
    return None


_PERCENT = r"(%|percent|per cent|pct|퍼센트)"
_UNITS = (
    (r"x|×|", "", 1.0),
    (_PERCENT, "", 0.01),
    (rf"{_PERCENT} ?(a year|per year|p\.?a\.?|/ ?year|annually)", "a year", 0.01),
    (r"(pp|%p|percentage points?)", "percentage points", 0.01),
    (r"(bps?|basis points?)", "percentage points", 0.0001),
    (r"(q|quarters?|분기)", "quarters", 1.0),
    (r"(months?|개월)", "quarters", 1 / 3),
    (r"(y|yrs?|years?|년)", "quarters", 4.0),
    (r"(won|krw|원)", "won per dollar", 1.0),
)
"""Units that a number may be written in, what it has to be for that, and the factor that turns it into the expected."""


def _left(words: str, *known: str) -> str:
    """What is left of the words around a number without those that are known."""
    return re.sub("|".join([*known, _ABOUT]), "", words)


_TRILLIONS = (
    (r"tn|trn|trillion|조", 1.0),
    (r"bn|b|billion|십억", 1e-3),
    (r"억", 1e-4),
    (r"m|mn|million|백만", 1e-6),
    (r"만", 1e-8),
)
_DOLLAR, _WON = r"us\$|usd|us dollars?|dollars?|(?<![a-z])\$|달러|불", r"krw|won|₩|원"
_IN_FULL = 1e6
"""Dollars from which on a number without a unit is one of dollars, and none of billions."""

_KOREAN = "[만억조백천십]"
"""Numerals of Korean amounts."""

_DIGITS = r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?"
_PARTS = re.compile(
    "".join(rf"(?:({_DIGITS})\s*(천|백)?\s*{unit}\s*)?" for unit in "조억만") + r"(?=원|달러|불|won|krw|usd|$)"
)
_SIZES, _TENS = (1.0, 1e-4, 1e-8), {"천": 1000, "백": 100, None: 1}
"""Trillions in each of the parts, and what may multiply one."""


def _in_one_unit(text: str) -> str:
    """A Korean amount of several parts, or of thousands of a unit, as one number of trillions; other texts as they are.

    >>> _in_one_unit("4조 5000억원"), _in_one_unit("3천억 원"), _in_one_unit("약 1조2,500억"), _in_one_unit("5 to 8")
    ('4.5조원', '0.3조원', '약 1.25조', '5 to 8')
    """
    start = re.search(r"\d", text)
    match = start and _PARTS.match(text, start.start())
    if not start or not match:
        return text
    parts = [(match[place], match[place + 1], size) for place, size in zip((1, 3, 5), _SIZES, strict=True)]
    known = [(float(digits.replace(",", "")) * _TENS[tens], size) for digits, tens, size in parts if digits]
    if (len(known) < 2 and not any(tens for _, tens, _ in parts)) or any(n >= 10_000 for n, _ in known[1:]):
        return text
    trillions = f"{sum(number * size for number, size in known):.12f}".rstrip("0").rstrip(".")
    return f"{text[: start.start()]}{trillions}조{text[match.end() :].strip()}"


def money_hint(text: str) -> str:
    """Hint at how to write an amount in words; empty where it is ambiguous.

    An amount in Korean words is one in won unless it names the dollar.

    >>> money_hint("4 trillion KRW"), money_hint("USD 5,800 mn"), money_hint("about 3")
    ('; write {krw_trillion: 4}', '; write 5.8, the unit is bn USD', '; write 3, the unit is bn USD')
    >>> money_hint("$5,800,000,000"), money_hint("5bn+")
    ('; write 5.8, the unit is bn USD', '')
    >>> money_hint("2,5 bn"), money_hint("3000억"), money_hint("30억 달러"), money_hint("EUR 5 bn")
    ('; write 2.5, the unit is bn USD', '; write {krw_trillion: 0.3}', '; write 3, the unit is bn USD', '')
    """
    numeral = numeral_in(_in_one_unit(text))
    if numeral is None or numeral.value < 0 or "+" in numeral.after:  # 5bn+ is 5 or more
        return ""
    words = f"{numeral.before} {numeral.after}"
    dollars, won = re.search(_DOLLAR, words), re.search(_WON, words)
    units = re.sub(f"{_DOLLAR}|{_WON}", " ", words)
    written = [(names, size) for names, size in _TRILLIONS if re.search(_unit(names), units)]
    if (dollars and won) or len(written) > 1 or _left(units, *(_unit(names) for names, _ in written)):
        return ""
    trillions = written[0][1] if written else 1e-12
    if won or (re.search(_KOREAN, words) and not dollars):
        return f"; write {{krw_trillion: {numeral.value * trillions:.6g}}}"
    in_full = dollars is not None and numeral.value >= _IN_FULL
    billions = numeral.value * trillions * 1000 if written or in_full else numeral.value
    return f"; write {billions:.6g}, the unit is bn USD"


def _unit(names: str) -> str:
    return rf"(?<![a-z백천십만억])({names})(?![a-z만억조])"


def won_hint(keys: Iterable[tuple[str, object]]) -> str:
    """Hint for an amount whose key names won in another size than trillions.

    >>> won_hint([("krw_billion", 4000)]), won_hint([("krw_trillions", 4)]), won_hint([("mean", 4)])
    ('; write {krw_trillion: 4}', '; write {krw_trillion: 4}', '')
    """
    for key, value in keys:
        unit = key.lower().replace("_", " ").removesuffix("s")
        if re.search(_WON, unit) and isinstance(value, int | float) and not isinstance(value, bool):
            return money_hint(f"{value} {unit}")
    return ""
