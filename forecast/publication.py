"""When a figure became public: the one rule by which a day knows a row of the shipped tables.

A month of US Census trade is public 38 days after its end. The Bureau releases it about 35 days after
(https://www.export.gov/article?id=Data-Releases-and-Revisions); three more are for weekends and holidays, so that no
day knows a month before it was out. The months that a closed government held up in 2025 have their own day.

Any other row counts once the span its `vintage` label names has ended: `2025-02` from 28 February 2025 on, `2025` from
31 December. Where the label is `not stated`, the figure counts 90 days after the end of the period it is about
(judgement: final customs figures of a year are out in February).
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Mapping

CENSUS_LAG = 38
"""Days from the end of a month to the day by which its trade is public."""

LATE_RELEASES: Mapping[int, dt.date] = {
    12 * 2025 + 7: dt.date(2025, 11, 19),
    12 * 2025 + 8: dt.date(2025, 12, 11),
    12 * 2025 + 9: dt.date(2026, 1, 8),
}
"""Days of release of August to October 2025 after the lapse in federal funding.

Sources: https://wtccentralpa.org/november-economic-indicators-update-international-trade; https://www.bea.gov;
https://americaneconomy.ai/u-s-international-trade-in-goods-and-services-october-2025-report
"""

UNDATED_LAG = 90
"""Days from the end of a period to the day from which a figure of unknown publication counts."""

_LABEL = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")


def census_release(month: int) -> dt.date:
    """Day from which trade of a month, an index `12 * year + month - 1`, counts as public.

    >>> census_release(12 * 2025 + 1)
    datetime.date(2025, 4, 7)
    """
    return LATE_RELEASES.get(month) or _month_end(*divmod(month, 12)) + dt.timedelta(CENSUS_LAG)


def published(label: str, last_month: int) -> dt.date:
    """Day from which a figure counts as public.

    Args:
        label: its `vintage`.
        last_month: index of the last month it is about, used where the label states no date.

    >>> published("2025-02", 0), published("2025-04-11", 0), published("not stated", 12 * 2024 + 11)
    (datetime.date(2025, 2, 28), datetime.date(2025, 4, 11), datetime.date(2025, 3, 31))
    """
    stated = _LABEL.fullmatch(label)
    if stated is None:
        return _month_end(*divmod(last_month, 12)) + dt.timedelta(UNDATED_LAG)
    if stated["day"]:
        return dt.date.fromisoformat(label)
    return _month_end(int(stated["year"]), int(stated["month"] or 12) - 1)


def _month_end(year: int, month: int) -> dt.date:
    """Last day of a month, counted from 0."""
    return dt.date(year, month + 1, monthrange(year, month + 1)[1])
