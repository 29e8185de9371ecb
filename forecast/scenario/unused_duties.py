"""Duties that do nothing, come too late, give way unsaid, end with nothing in their place, or share a window unsaid."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import inf

from forecast.catalogue import Wording, worded
from forecast.errors import Remark
from forecast.scenario.entries import Row, mean, quarter
from forecast.scenario.policy import SAME, duties_of_record, goods_of, holds_at, stacks, whole_goods
from forecast.stats.distributions import Constant, Distribution

WHOLE_SHARE = 1.0
"""A duty above the value of the goods is remarked on: judgement, as no average duty of the record comes near it."""


def idle_duties(
    tariffs: Sequence[Row], origin: int, end: float, correlated: Sequence[Collection[str]]
) -> Iterator[Remark]:
    """Every remark on the tariffs of a scenario.

    Args:
        tariffs: all of them.
        origin: quarter index of the last quarter observed.
        end: of the horizon, on the quarter axis.
        correlated: names of inputs that are correlated with each other.
    """
    yield from _drawn_apart(tariffs, correlated)
    for row in tariffs:
        yield from _tariff(row, tariffs, origin, end)
    yield from _replaced(tariffs, origin)
    yield from _ended(tariffs, origin, end)


def always(value: Distribution | None, number: float) -> bool:
    """Whether something is stated and is one number in every draw."""
    return value is not None and all(abs(end - number) <= SAME for end in value.ends())


def _tariff(row: Row, tariffs: Sequence[Row], origin: int, end: float) -> Iterator[Remark]:
    """A duty that is a percentage, comes too late, or is what would be paid without it."""
    for key, value in (("rate", row.value.rate), ("change", row.value.change)):
        if value is not None and (middle := float(value.ppf(0.5))) > WHOLE_SHARE:
            numbers = {"middle": middle, "percent": 100 * middle, "meant": middle / 100}
            yield row.remark(key, worded("warnings.size.duty", **numbers))
    start = row.value.start
    if start is None or start.ends()[0] < origin + 1:
        return
    if start.ends()[0] >= end:
        yield row.remark("from", worded("warnings.idle.does_late", date=row.date("from"), id=row.name))
    elif stacks(row) or not any(_may_come_before(other, row) for other in tariffs if other is not row):
        yield from _in_force(row, origin)


def _in_force(row: Row, origin: int) -> Iterator[Remark]:
    """A rate that is paid already, or a change of none, where rivals are not touched either."""
    if row.value.rivals is not None and not always(row.value.rivals, 0.0):
        return
    for key in ["rate"] if stacks(row) else ["change"]:
        if always(getattr(row.value, key), 0.0):
            yield row.remark(key, worded("warnings.idle.nothing", id=row.name))
    rate, known = (
        row.value.rate,
        {duties_of_record(name).rate(origin + 1 - SAME) for name in goods_of(row)},
    )
    if known and not stacks(row) and all(always(rate, paid) for paid in known):
        stated = {"rate": mean(rate)} if rate else {}
        text = "paid_already" if rate else "paid_already_unstated"
        yield row.remark("rate", worded(f"warnings.duty.{text}", id=row.name, origin=quarter(origin), **stated))


def _may_come_before(other: Row, row: Row) -> bool:
    """Whether another tariff on some of the same goods may be there first, so that this one may end it."""
    here, there = row.value.start, other.value.start
    shared = not stacks(other) and not {*goods_of(row)}.isdisjoint(goods_of(other))
    return shared and here is not None and there is not None and there.ends()[0] <= here.ends()[1]


def _replaced(tariffs: Sequence[Row], origin: int) -> Iterator[Remark]:
    """Tariffs of which another takes the place before they end, without a word on whether the two add up."""
    earlier: list[tuple[float, float, Row]] = []
    for start, row in _by_start([row for row in tariffs if not stacks(row)]):
        if not row.has("stacks"):
            since = origin + 1 if row.has("change") else -inf  # what held at the origin is in a change of that
            goods = {*goods_of(row)}
            still = [other for begun, end, other in earlier if begun >= since and end > start]
            names = [other.name for other in still if not goods.isdisjoint(goods_of(other))]
            if names:
                paying = [other.name for other in still if other.name in names and _of_rivals(other)]
                rivals = worded("warnings.duty.rivals", names=paying) if paying else ""
                yield row.remark("from", worded("warnings.duty.replaces", id=row.name, names=names, rivals=rivals))
        until = row.value.until
        earlier.append((start, inf if until is None else until.ends()[1], row))


def _of_rivals(row: Row) -> bool:
    """Whether a tariff puts a duty on rivals."""
    return row.value.rivals is not None and not always(row.value.rivals, 0.0)


def _drawn_apart(tariffs: Sequence[Row], correlated: Sequence[Collection[str]]) -> Iterator[Remark]:
    """Tariffs with something uncertain in common, which one law may say of both, and nothing that ties their draws."""
    first: dict[tuple[str, Distribution], Row] = {}
    for row in tariffs:
        apart: dict[str, dict[str, str]] = {}
        for key, input, value in _uncertain(row):
            other = first.setdefault((input, value), row)
            names = [f"tariffs.{one.name}.{input}" for one in (other, row)]
            if other is not row and not any({*names} <= {*between} for between in correlated):
                apart.setdefault(other.name, {})[key] = f"{{between: [{', '.join(names)}], rank: 1}}"
        for name, ties in apart.items():
            said = {"keys": [*ties], "other": name, "ties": ", ".join(ties.values())}
            yield row.remark(next(iter(ties)), worded("warnings.duty.drawn_apart", **said))


_NAMES = {"from": "start"}
"""Fields of keys that do not go by their own name."""

_DRAWN = (
    *("from", "until", "rate", "change", "rivals", "pass_through", "elasticity", "substitution", "adjustment"),
    "localization_response",
)
"""Keys of a tariff that may be uncertain, beside whether it comes."""


def _uncertain(row: Row) -> Iterator[tuple[str, str, Distribution]]:
    """Key, name as an input and value of all that is drawn of a tariff: numbers, dates, whether it comes."""
    for key in _DRAWN:
        value = getattr(row.value, _NAMES.get(key, key))
        if value is not None and not isinstance(value, Constant):
            yield key, key, value
    chance = row.value.probability
    if chance is not None and not (always(chance, 0.0) or always(chance, 1.0)):
        yield "probability", "realised", chance


def _ended(tariffs: Sequence[Row], origin: int, end: float) -> Iterator[Remark]:
    """Duties that end without another in their place, where what is paid then is not what one may think.

    After a duty of the origin that is what was paid before 2025; after one that comes later, the duty of the origin,
    though another may be on record since; and after one that ended before the origin, what the record has.
    """
    whole = [row for row in tariffs if not stacks(row) and row.value.start is not None]
    stated = {name for row in whole if holds_at(row.value, origin) for name in goods_of(row)}
    for row in whole:
        start, until = row.value.start, row.value.until
        if start is None or until is None or until.ends()[0] >= end:
            continue
        others = [other for other in whole if other is not row]
        lasting = {name for other in others if _follows(other, until) for name in goods_of(other)}
        names = whole_goods([name for name in goods_of(row) if name not in lasting])
        maybe = [other.name for other in others if _may_follow(other, until) and {*names} & {*goods_of(other)}]
        free = {name: duties_of_record(name).rate(-inf) for name in names if name in stated}
        if free:
            yield row.remark("until", _paid_again(row, free, worded("warnings.duty.before"), origin, maybe))
        rest = [name for name in names if name not in stated]
        if start.ends()[0] >= origin + 1:
            now = {name: duties_of_record(name).rate(origin + 1 - SAME) for name in rest if _changes(name, origin)}
            if now:
                when = worded("warnings.duty.at_origin", origin=quarter(origin))
                yield row.remark("until", _paid_again(row, now, when, origin, maybe))
        elif on := [name for name in rest if _goes_on(name, until)]:
            yield row.remark("until", worded("warnings.duty.goes_on", date=row.date("until"), goods=on))


def _changes(name: str, origin: int) -> bool:
    """Whether the record has another duty after the origin."""
    return any(date >= origin + 1 for date in duties_of_record(name).dates)


def _paid_again(row: Row, rates: Mapping[str, float], when: Wording, origin: int, maybe: Sequence[str]) -> Wording:
    """What is paid on goods when a duty ends, and what came on record since the origin."""
    known = {name: duties_of_record(name).rate(inf) for name in rates if _changes(name, origin)}
    since = worded("warnings.duty.since", origin=quarter(origin), rates=_paid(known))
    return worded(
        "warnings.duty.ends",
        date=row.date("until"),
        rates=_paid(rates),
        when=when,
        unless=worded("warnings.duty.unless", names=[*maybe]) if maybe else "",
        then=since if known else worded("warnings.duty.follows"),
    )


def _paid(rates: Mapping[str, float]) -> list[Wording]:
    """Rates with their goods."""
    return [worded("warnings.duty.rate", rate=rate, goods=name) for name, rate in rates.items()]


def _goes_on(name: str, until: Distribution) -> bool:
    """Whether the record has the same duty before and after a date."""
    trade, date = duties_of_record(name), until.ends()[1]
    return abs(trade.rate(date) - trade.rate(date - SAME)) <= SAME


def _follows(row: Row, moment: Distribution) -> bool:
    """Whether a tariff has begun when another ends, and lasts longer, in every draw."""
    start, until = row.value.start, row.value.until
    lasts = until is None or until.ends()[0] > moment.ends()[1]
    sure = row.value.probability is None or always(row.value.probability, 1.0)
    return start is not None and start.ends()[1] <= moment.ends()[0] and lasts and sure


def _may_follow(row: Row, moment: Distribution) -> bool:
    """Whether a tariff that begins later or not in every draw takes the place of one that ends."""
    until = row.value.until
    return until is None or until.ends()[1] > moment.ends()[0]


def _by_start(tariffs: Sequence[Row]) -> list[tuple[float, Row]]:
    """Tariffs by the middle of their first date."""
    dated = [(float(start.ppf(0.5)), row) for row in tariffs if (start := row.value.start) is not None]
    return sorted(dated, key=lambda pair: pair[0])
