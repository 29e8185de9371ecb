"""Rules for paths of drivers and shocks: dates in order and within what is simulated, numbers in the unit meant.

The rules read the tree, as `review` does; a value the schema has refused is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterator

from forecast.dates import DEFAULT_HORIZON
from forecast.document import Node
from forecast.draws import FLOWS
from forecast.drivers import DRIVERS, UNITS
from forecast.errors import Problem
from forecast.observations import month_name
from forecast.phrases import got, spelled
from forecast.quarters import format_quarter, parse_quarter
from forecast.rows import Row, ends, middle, rows
from forecast.vintage import Vintage, vintage

FACTOR = 10.0
"""Most that the median of a stated level may differ from the last one observed: beyond it the unit is another."""


def implausible(root: Node, as_of: str | None) -> Iterator[Problem]:
    """Every broken rule of the paths of drivers and of the shocks.

    Args:
        root: a merged tree.
        as_of: the day up to which data count as known; None for all.
    """
    known, end = vintage(as_of), _end(root)
    drivers = root.fields.get("drivers")
    for name, path in (drivers.fields if drivers else {}).items():
        if "at" in path.fields and name in DRIVERS:
            yield from _levels(name, path.fields["at"], known, end)
        else:
            yield from _span(Row(path, name, "drivers"), "from", known, end)
    for shock in rows(root, "shocks"):
        yield from _span(shock, "at", known, end)
        yield from _too_large(shock, known)


def _levels(name: str, levels: Node, known: Vintage, end: int) -> Iterator[Problem]:
    origin = known.trade.origin
    observed = float(known.drivers.level(origin)[DRIVERS.index(name)])
    for text, level in levels.fields.items():
        where, quarter = spelled(("drivers", name, "at", text)), _quarter(text)
        if quarter is not None and not origin < quarter <= end:
            accepted = _up_to(end) if quarter > end else _after(origin)
            yield (level.key or level.place).problem(where, f"got {text}, expected a quarter {accepted}")
        median = middle(level)
        if median is not None and not (median <= 0 or observed / FACTOR <= median <= observed * FACTOR):
            stated = f"got a median of {median:g}" if level.fields else got(level.content)
            near = f"between a tenth and ten times the {observed:,.0f} of {format_quarter(origin)}"
            yield level.place.problem(where, f"{stated}, expected {UNITS[name]}, {near}")


def _span(row: Row, key: str, known: Vintage, end: int) -> Iterator[Problem]:
    """A beginning that lies outside what is simulated, or not before the end."""
    begin, until = row.date(key), row.date("until")
    if begin is None:
        return
    origin, months = known.trade.origin, len(known.trade.later_exports) if row.text("on") in FLOWS else 0
    if ends(begin)[0] < origin + 1 + months / 3 - 1e-9:
        after = f"after {month_name(3 * origin + 2 + months)}, the last month observed" if months else _after(origin)
        yield row.problem(key, f"got {row.said(key)}, expected a date {after}")
    if ends(begin)[1] > end + 1 or ends(begin)[0] >= end + 1:
        yield row.problem(key, f"got {row.said(key)}, expected a date {_up_to(end)}")
    if until is not None and ends(begin)[1] >= ends(until)[0]:
        yield row.misplaced("until", f"after {key}")


def _too_large(shock: Row, known: Vintage) -> Iterator[Problem]:
    """An amount beyond the flow of the last year, which no shock of it can take away."""
    amount, flow = shock.law("amount"), shock.text("on")
    if amount is None or flow not in FLOWS:
        return
    last_year = float(getattr(known.trade, flow)[-4:].sum())
    median = float(amount.ppf(0.5))
    if abs(median) > last_year:
        most = f"at most the {last_year:,.0f} of {flow} in the four quarters up to {format_quarter(known.trade.origin)}"
        yield shock.problem("amount", f"got {median:g}, expected bn USD a year, {most}")


def _after(origin: int) -> str:
    return f"after {format_quarter(origin)}, the last quarter observed"


def _up_to(end: int) -> str:
    return f"up to {format_quarter(end)}, the end of the horizon"


def _end(root: Node) -> int:
    """The last quarter of the horizon, as stated or by default."""
    horizon = root.fields.get("horizon")
    stated = horizon.content if horizon else None
    year = stated if isinstance(stated, int) else DEFAULT_HORIZON
    return int(4 * year + 3)


def _quarter(text: str) -> int | None:
    try:
        return parse_quarter(text)
    except ValueError:
        return None
