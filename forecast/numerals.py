"""Numbers as text, with no more digits than their Monte Carlo error allows."""

from __future__ import annotations

from forecast.summary import decimals


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
