"""Time: a quarter is an integer index, a date is a position on the same axis.

Quarter `t` is `4 * year + (quarter - 1)` and covers the half-open span `[t, t + 1)`, so that
2026Q1 is 8104 and the middle of 2026Q1 is 8104.5.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

_FORMS = re.compile(
    r"(?P<year>\d{4})(?:Q(?P<quarter>[1-4])|-H(?P<half>[12])|-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\d|3[01]))?)?"
)
PATTERN = re.sub(r"\?P<\w+>", "?:", _FORMS.pattern)
"""The forms of a date as a regular expression without named groups, which every dialect reads."""

_LENGTHS = {"day": 1 / 93, "month": 1 / 3, "half": 2.0, "quarter": 1.0, "year": 4.0}
"""Quarters in a span, by the finest part of its name."""

ACCEPTED = "a quarter (2029Q1), a half (2029-H1), a month (2029-03), a day (2029-03-15) or a year (2029)"


def parse_time(text: str) -> float:
    """Position on the quarter axis at which the named span begins.

    >>> parse_time("2029Q1"), parse_time("2029-H2"), round(parse_time("2029-03"), 3)
    (8116.0, 8118.0, 8116.667)

    Raises:
        ValueError: the text has none of the accepted forms.
    """
    match = _FORMS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"got {text!r}, expected {ACCEPTED}")
    start = 4.0 * int(match["year"])
    if match["quarter"]:
        return start + int(match["quarter"]) - 1
    if match["half"]:
        return start + 2 * (int(match["half"]) - 1)
    if match["month"]:
        return start + (int(match["month"]) - 1 + (int(match["day"] or 1) - 1) / 31) / 3
    return start


def time_span(text: str) -> tuple[float, float]:
    """Positions on the quarter axis at which the named span begins and ends.

    >>> time_span("2029-H2")
    (8118.0, 8120.0)

    Raises:
        ValueError: as `parse_time`.
    """
    begin = parse_time(text)
    match = _FORMS.fullmatch(text.strip())
    length = next(length for part, length in _LENGTHS.items() if match is not None and match[part])
    return begin, begin + length


def parse_quarter(text: str) -> int:
    """Index of a quarter written as `2026Q2`.

    >>> parse_quarter("2026Q2")
    8105
    """
    if not re.fullmatch(r"\d{4}Q[1-4]", text.strip()):
        raise ValueError(f"got {text!r}, expected a quarter such as 2026Q2")
    return int(parse_time(text))


def parse_day(text: str) -> dt.date:
    """A day of the calendar written as `2025-04-11`.

    Raises:
        ValueError: the text is no such day.
    """
    day = dt.date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(f"got {text!r}, expected a day such as 2025-04-11")
    return day


def format_quarter(quarter: int) -> str:
    """Name of a quarter index.

    >>> format_quarter(8105)
    '2026Q2'
    """
    return f"{quarter // 4}Q{quarter % 4 + 1}"


def format_month(year: float) -> str:
    """The month in which a date in calendar years lies.

    >>> format_month(2030.7), format_month(2030.0)
    ('2030-09', '2030-01')
    """
    whole = int(year)
    return f"{whole}-{int(12 * (year - whole)) + 1:02d}"


def year_of(quarter: float) -> int:
    """Calendar year in which a position on the quarter axis lies."""
    return int(quarter // 4)


def whole_sums(months: Mapping[int, float], n_months: int) -> dict[int, float]:
    """Sums of the spans of so many months of which every month is known, in order: quarters, or years.

    >>> whole_sums({3: 1.0, 4: 1.0, 5: 2.0, 6: 9.0}, 3)
    {1: 4.0}
    """
    spans = sorted({month // n_months for month in months})
    parts = {span: range(n_months * span, n_months * (span + 1)) for span in spans}
    return {
        span: sum(months[month] for month in part)
        for span, part in parts.items()
        if all(map(months.__contains__, part))
    }
