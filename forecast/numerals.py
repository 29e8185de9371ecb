"""Numbers as text, with no more digits than their Monte Carlo error allows."""

from __future__ import annotations

from math import isfinite

from forecast.summary import INTERVALS, Summary, decimals, exceedance_name, quantile_name


def rounded(value: float, error: float, places: int, sign: str = "") -> str:
    """A value with the decimals its standard error allows, `places` at most, and a true minus sign.

    >>> rounded(-3.5412, 0.03, places=2), rounded(1234.5, 4.0, places=2), rounded(0.2, 0.001, places=1, sign="+")
    ('−3.54', '1,234', '+0.2')
    """
    allowed = min(decimals(error), places)
    return f"{round(value, allowed) + 0.0:{sign},.{allowed}f}".replace("-", "−")


def percentage(probability: float, error: float, n_draws: int) -> tuple[str, str]:
    """A probability in percent with the decimals its error allows, and what stands before it: nothing, `<` or `>`.

    Where no draw disagrees it is the bound at 95 %: the rule of three, Hanley and Lippman-Hand (1983), JAMA 249(13):
    1743-1745.

    >>> percentage(0.7784, 0.003, 20_000), percentage(0.0, 0.0, 20_000)
    (('', '77.8'), ('<', '0.1'))
    """
    percent = 100 * probability
    least = max(300 / max(n_draws, 1), 0.1)
    if percent < least / 2:
        return "<", f"{least:.3g}"
    if percent > 100 - least / 2:
        return ">", f"{max(100 - least, 0):.3g}"
    return "", f"{percent:.{min(decimals(100 * error), 1)}f}"


def stored(value: float, error: float) -> tuple[str, str]:
    """Number and standard error with one digit more than the error allows, so that sums of rows still agree.

    >>> stored(0.56741, 0.031), stored(0.5, float("nan"))
    (('0.567', '0.0310'), ('0.50', ''))
    """
    places = decimals(error) + 1
    return f"{value:.{places}f}", f"{error:.{places + 1}f}" if isfinite(error) else ""


def number(summary: Summary, series: str, name: str, index: int, sign: str = "", places: int = 2) -> str:
    """A statistic of one year with the decimals its Monte Carlo error allows, `places` at most."""
    return rounded(*summary.estimate(series, name, index), places, sign)


def interval(summary: Summary, series: str, width: int, index: int, sign: str = "", places: int = 2) -> str:
    """Both ends of an interval of one year."""
    ends = [number(summary, series, quantile_name(level), index, sign, places) for level in INTERVALS[width]]
    return " to ".join(ends)


def chance(summary: Summary, series: str, threshold: float, index: int, *, below: bool = False) -> str:
    """Probability in percent that a series is above, or not above, a threshold that was counted."""
    above, error = summary.estimate(series, exceedance_name(threshold), index)
    side, percent = percentage(1 - above if below else above, error, summary.n_draws)
    return f"{side} {percent} %".lstrip()
