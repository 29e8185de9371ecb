"""Tariffs, import commitments, shocks and paths of drivers that do nothing, or are of an implausible size.

What counts as implausible is judgement, but for the imports of a year: those are compared with the most on record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecast.distributions import Law
from forecast.document import Node
from forecast.errors import Remark
from forecast.lever_forms import EVERY
from forecast.quarters import format_quarter
from forecast.regime import TAXED, load_regime
from forecast.rows import Row, ends, mean, rows
from forecast.tables import read_table

SAME = 1e-9
"""Rates this near are one rate."""

WHOLE = 1.0
"""A duty above the value of the goods is remarked on: judgement, as no average duty of the record comes near it."""

TWICE = 2.0
"""Deliveries of more than twice what was promised are remarked on: judgement."""

_NOTHING = {
    "import_commitments": ("amount", "per_year", "probability", "fulfilment", "additionality"),
    "shocks": ("size", "amount", "probability"),
    "tariffs": ("probability",),
}
"""Keys by list with which, where they are 0, an entry does nothing."""


def idle_levers(root: Node, origin: int, end: float) -> Iterator[Remark]:
    """Every remark on what a scenario assumes of trade policy and of the world.

    Args:
        root: a merged tree.
        origin: quarter index of the last quarter observed.
        end: position on the quarter axis at which the horizon ends.
    """
    for group, keys in _NOTHING.items():
        for row in rows(root, group):
            yield from _nothing(row, keys)
    tariffs = rows(root, "tariffs")
    for row in tariffs:
        yield from _tariff(row, tariffs, origin, end)
    for row in rows(root, "import_commitments"):
        yield from [*_value(row), *_span(row, origin, end)]
    drivers = root.fields.get("drivers")
    for name, node in (drivers.fields if drivers else {}).items():
        path = Row(node, name, "drivers")
        if _always(path.law("size"), 0.0):
            yield path.remark("size", f"got 0: {name} stays on its fitted path")


def _nothing(row: Row, keys: Sequence[str]) -> Iterator[Remark]:
    for key in keys:
        if _always(row.law(key), 0.0):
            yield row.remark(key, f"got 0, with which {row.name} does nothing")


def _always(value: Law | None, number: float) -> bool:
    return value is not None and all(abs(end - number) <= SAME for end in ends(value))


def _tariff(row: Row, tariffs: Sequence[Row], origin: int, end: float) -> Iterator[Remark]:
    """A duty that is a percentage, comes too late, or is what would be paid without it."""
    for key in ("rate", "change"):
        value = row.law(key)
        if value is not None and (middle := float(value.ppf(0.5))) > WHOLE:
            message = f"got {middle:.4g}, {100 * middle:.4g} % of the value of the goods"
            yield row.remark(key, f"{message}; if per cent was meant, write {middle / 100:.4g}")
    start = row.date("from")
    if start is None or ends(start)[0] < origin + 1:
        return
    if ends(start)[0] >= end:
        yield row.remark("from", f"got {row.said('from')}, after the horizon: {row.name} does nothing in the results")
    elif not any(_may_come_before(other, row) for other in tariffs if other is not row):
        yield from _in_force(row, origin)


def _in_force(row: Row, origin: int) -> Iterator[Remark]:
    """A rate that is paid already, or a change of none."""
    if _always(row.law("change"), 0.0):
        yield row.remark("change", f"got 0, with which {row.name} does nothing")
    rate, known = row.law("rate"), {load_regime().trade[name].rate(origin + 1 - SAME) for name in _sectors(row)}
    if known and all(_always(rate, paid) for paid in known):
        paid = f"the duty in force in {format_quarter(origin)}: {row.name} does nothing"
        yield row.remark("rate", f"got {mean(rate):.4g}, {paid}" if rate else paid)


def _may_come_before(other: Row, row: Row) -> bool:
    """Whether another tariff on some of the same goods may be there first, so that this one may end it."""
    here, there = row.date("from"), other.date("from")
    shared = not _sectors(row).isdisjoint(_sectors(other))
    return shared and here is not None and there is not None and ends(there)[0] <= ends(here)[1]


def _sectors(row: Row) -> set[str]:
    node = row.node.fields.get("sectors")
    names = [] if node is None else [item.content for item in node.items or (node,)]
    return {name for name in TAXED if name in names or EVERY in names}


def _value(row: Row) -> Iterator[Remark]:
    """More a year than Korea ever imported from the US, and more delivered than promised."""
    key = "per_year" if row.has("per_year") else "amount"
    value, start, until = row.law(key), row.date("from"), row.date("until")
    if value is None or start is None or until is None:
        return
    stated, years = float(value.ppf(0.5)), max((mean(until) - mean(start)) / 4, 0.25)
    yearly, (most, when) = stated if key == "per_year" else stated / years, _most_imported()
    if yearly > most:
        over = "a year" if key == "per_year" else f"in {years:.3g} years, {yearly:,.4g} a year"
        record = f"more than the {most:.3g} of {when}, the most that Korea imported from the US in a year"
        meant = f"if million USD was meant, write {stated / 1000:.4g}"
        yield row.remark(key, f"got {stated:,.6g} bn USD {over}, {record} (Korean customs); {meant}")
    fulfilment = row.law("fulfilment")
    if fulfilment is not None and (middle := float(fulfilment.ppf(0.5))) > TWICE:
        message = f"got {middle:.4g} times what was promised; if per cent was meant, write {middle / 100:.4g}"
        yield row.remark("fulfilment", message)


def _span(row: Row, origin: int, end: float) -> Iterator[Remark]:
    """Deliveries that are over before the origin, or begin after the horizon."""
    start, until = row.date("from"), row.date("until")
    if until is not None and ends(until)[1] <= origin:
        before = f"before {format_quarter(origin)}, the last quarter observed: {row.name} adds nothing"
        yield row.remark("until", f"got {row.said('until')}, {before}")
    if start is not None and ends(start)[0] >= end:
        message = f"got {row.said('from')}, after the horizon: {row.name} adds nothing in the results"
        yield row.remark("from", message)


def _most_imported() -> tuple[float, str]:
    """Largest imports of Korea from the US in a calendar year, bn USD, and the year."""
    table = [row for row in read_table("trade_annual") if row["series"] == "imports_from_us" and row["rank"] == "1"]
    return max((float(row["value"]), row["year"]) for row in table)
