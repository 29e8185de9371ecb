"""Numbers as text, with no more digits than their Monte Carlo error allows."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite

from forecast.stats.summary import INTERVALS, Summary, decimals, quantile_name, unseen


def short(value: float) -> str:
    """A number with about two digits that count, and a true minus sign.

    >>> short(12.34), short(0.567), short(-0.0123), short(0.0)
    ('12.3', '0.57', '−0.012', '0')
    """
    places = 0 if not value else 1 if abs(value) >= 2 else 2 if abs(value) >= 0.1 else 3
    return f"{value:.{places}f}".replace("-", "−")


def rounded(value: float, error: float, places: int, sign: str = "") -> str:
    """A value with the decimals its standard error allows, `places` at most, and a true minus sign.

    >>> rounded(-3.5412, 0.03, places=2), rounded(1234.5, 12.0, places=2), rounded(0.2, 0.001, places=1, sign="+")
    ('−3.54', '1,230', '+0.2')

    Zero has no sign:

    >>> rounded(0.001, 0.01, places=2, sign="+")
    '0.00'
    """
    return _written(value, min(decimals(error), places), sign)


def percentage(probability: float, error: float, n_draws: int) -> tuple[str, str]:
    """A probability in percent with the decimals its error allows, and what stands before it: nothing, `<` or `>`.

    Where no draw disagrees it is the bound that draws leave open, see `summary.unseen`, and no less than a tenth.

    >>> percentage(0.7784, 0.003, 20_000), percentage(0.0, 0.0, 20_000), percentage(1.0, 0.0, 1_000)
    (('', '77.8'), ('<', '0.1'), ('>', '99.63'))
    """
    percent = 100 * probability
    least = float(f"{max(100 * unseen(max(n_draws, 1)), 0.1):.2g}")
    if percent < least / 2:
        return "<", f"{least:g}"
    if percent > 100 - least / 2:
        return ">", f"{100 - least:g}"
    return "", _written(percent, min(decimals(100 * error), 1), "")


def whole_percentage(fraction: float) -> tuple[str, str]:
    """A chance in whole percent, and what stands before it where it is not sure and would read so: `<` or `>`.

    >>> whole_percentage(0.26), whole_percentage(0.997), whole_percentage(0.002), whole_percentage(1.0)
    (('', '26'), ('>', '99'), ('<', '1'), ('', '100'))
    """
    number = f"{100 * fraction:.0f}"
    if number == "100" and fraction < 1:
        return ">", "99"
    return ("<", "1") if number == "0" and fraction > 0 else ("", number)


def span(values: Sequence[tuple[float, float]], places: int, sign: str = "") -> tuple[str, ...]:
    """Values with their standard errors that stand together, such as the ends of an interval: with the decimals of one.

    >>> span([(24.2, 2.0), (131.04, 0.4)], places=1)
    ('24', '131')
    """
    allowed = min(places, *(decimals(error) for _, error in values))
    return tuple(_written(value, allowed, sign) for value, _ in values)


def sum_and_parts(whole: tuple[float, float], parts: Sequence[float], places: int, sign: str = "") -> tuple[str, ...]:
    """A sum with its standard error and its parts, as written: they add up with the decimals that the error allows.

    The parts that lose most of a digit by rounding down are rounded up (Hamilton's method of largest remainders).

    >>> sum_and_parts((-0.0441, 0.004), [-0.0675, 0.0234], places=2)
    ('−0.04', '−0.07', '0.03')
    """
    allowed = min(decimals(whole[1]), places)
    return tuple(_written(value, allowed, sign) for value in (whole[0], *_adding_up(whole[0], parts, allowed)))


def _adding_up(whole: float, parts: Sequence[float], places: int) -> list[float]:
    """Parts rounded so that they add up to their sum, rounded; as they are where one is not finite."""
    if not all(map(isfinite, parts)):
        return list(parts)
    steps = [part * 10.0**places for part in parts]
    counts = [floor(step) for step in steps]
    missing = round(round(whole, places) * 10.0**places) - sum(counts)
    for place in sorted(range(len(steps)), key=lambda place: counts[place] - steps[place])[:missing]:
        counts[place] += 1
    return [count / 10.0**places for count in counts]


def _written(value: float, places: int, sign: str) -> str:
    shown = round(value, places) + 0.0
    return f"{shown:{sign if shown else ''},.{max(places, 0)}f}".replace("-", "−")


def stored(value: float, error: float) -> tuple[str, str]:
    """Number and standard error to the last bit, so that what is read again prints as what was stored.

    What there is none of stays empty: the error of a single draw, and its standard deviation.

    >>> stored(0.1 + 0.2, 0.031), stored(0.5, float("nan")), stored(float("nan"), float("nan"))
    (('0.30000000000000004', '0.031'), ('0.5', ''), ('', ''))
    """
    texts = [repr(float(number)) if isfinite(number) else "" for number in (value, error)]
    return texts[0], texts[1]


def ends(summary: Summary, series: str, width: int, index: int) -> list[tuple[float, float]]:
    """Both ends of an interval of one year, each with its Monte Carlo standard error."""
    return [summary.estimate(series, quantile_name(level), index) for level in INTERVALS[width]]
