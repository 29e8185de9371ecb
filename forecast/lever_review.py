"""Rules of tariffs and import commitments: known sectors, dates in order, duties that agree with the record."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from forecast.distributions import Constant, Law
from forecast.document import Node
from forecast.errors import Problem
from forecast.lever_forms import EVERY
from forecast.phrases import meant, spelled
from forecast.quarters import format_quarter
from forecast.regime import TAXED, WITHOUT_TRADE, load_regime
from forecast.rows import Row, ends, rows

SAME = 1e-9
"""Rates this near are one rate."""


def lever_problems(root: Node, origin: int | None) -> Iterator[Problem]:
    """Every broken rule of the tariffs and import commitments of a merged tree.

    Args:
        root: the tree.
        origin: quarter index of the last quarter observed, None where it is not known.
    """
    tariffs = rows(root, "tariffs")
    for row in tariffs:
        yield from _sectors(row)
        yield from _order(row)
        if row.has("localization_response") and not fitted_somewhere(root):
            message = "got localization_response where every share is stated, so it does nothing; expected path: fitted"
            yield row.problem("localization_response", message)
        if origin is not None:
            yield from _past(row, origin)
            yield from _negative(row, origin)
    yield from () if origin is None else _in_force(tariffs, origin)
    for row in rows(root, "import_commitments"):
        yield from _order(row)


def _sectors(row: Row) -> Iterator[Problem]:
    node = row.node.fields.get("sectors")
    for place in () if node is None else node.items or (node,):
        name = place.content
        if not isinstance(name, str) or name in (*TAXED, EVERY):
            continue
        where = spelled((row.group, row.name, "sectors"))
        if name in WITHOUT_TRADE:
            lacking = f"got {name}, whose exports to the US no source states; expected other, which holds them"
            yield place.place.problem(where, lacking)
        else:
            yield place.place.problem(where, f"unknown sector; {meant(name, [*TAXED, EVERY])}")


def _order(row: Row) -> Iterator[Problem]:
    start, end = row.date("from"), row.date("until")
    if start and end and ends(start)[1] >= ends(end)[0]:
        yield row.misplaced("until", "after from")


def _past(row: Row, origin: int) -> Iterator[Problem]:
    """What is dated before the origin has happened, so that it is certain and ends in the duty the record has."""
    if not _came_before(row, origin):
        return
    last = format_quarter(origin)
    if row.has("probability"):
        message = f"got a probability of a tariff from {row.said('from')}, expected none: by {last} it came or did not"
        yield row.problem("probability", message)
    if row.has("change"):
        yield row.problem("change", f"got change with a date before {last} ends, expected rate: the duty it then was")


def _came_before(row: Row, origin: int) -> bool:
    return _start(row) < origin + 1


def _in_force(tariffs: list[Row], origin: int) -> Iterator[Problem]:
    """What stated tariffs say of the duties of the origin is what the record says."""
    for name in TAXED:
        past = [row for row in tariffs if name in _named(row) and _came_before(row, origin)]
        last = max(past, key=_start, default=None)
        if last is not None and (complaint := _departure(last, name, origin)):
            yield last.problem("rate", complaint)


def _departure(row: Row, name: str, origin: int) -> str:
    rate, end = row.law("rate"), row.date("until")
    if not isinstance(rate, Constant) or (end is not None and ends(end)[0] <= origin + 1):
        return ""
    known = load_regime().trade[name].rate(origin + 1 - SAME)
    if abs(rate.value - known) <= SAME:
        return ""
    of_record = f"the duty on {name} in force in {format_quarter(origin)}"
    return f"got {rate.value:g}, expected {known:g}, {of_record}; for a change after it, write a later from"


def _start(row: Row) -> float:
    start = row.date("from")
    return inf if start is None else ends(start)[0]


def fitted_somewhere(root: Node) -> bool:
    """Whether purchases of some plants follow the fitted trend, which is all that tariffs bend."""
    shared = root.fields.get("localization")
    if shared is None:
        return True
    paths = [shared, *(shared.fields["sectors"].fields.values() if "sectors" in shared.fields else ())]
    paths += [row.node.fields["localization"] for row in rows(root) if row.has("localization")]
    return any("path" in path.fields and path.fields["path"].content == "fitted" for path in paths)


def _negative(row: Row, origin: int) -> Iterator[Problem]:
    change = row.law("change")
    if change is None:
        return
    lowest = _lowest(change)
    for name in _named(row):
        known = load_regime().trade[name].rate(origin + 1 - SAME)
        if known + lowest < -SAME:
            message = f"got down to {lowest:g}, expected at least -{known:g}, which ends the duty on {name}"
            yield row.problem("change", message)
            return


def _lowest(law: Law) -> float:
    return float(law.ppf(1e-9))


def _named(row: Row) -> list[str]:
    """Sectors a tariff falls on, those that are known."""
    node = row.node.fields.get("sectors")
    names = [] if node is None else [item.content for item in node.items or (node,)]
    return [name for name in TAXED if name in names or EVERY in names]
