"""Every rule of a scenario, and those of the keys at its top: origin, day, horizon and correlations.

The rules of an entity stand in its file. They read the tree, not the validated scenario, so that one pass reports these
problems together with those of the schema; a value the schema has refused is passed over here.

Only uncertain inputs are correlated, every pair once, and all ranks must be possible together. They are ranks of
levels, each within its own distribution, and equal those of the values unless a distribution has ties (on time,
discrete, coming or not) or parameters that vary from draw to draw (the record's), which dilute them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, takewhile

from forecast.economics.sectors import COEFFICIENTS
from forecast.economics.uncertain_inputs import REALISED, UncertainInput
from forecast.errors import DataError, Problem, got, meant
from forecast.observations.vintage import next_release, release_of, vintage
from forecast.quarters import format_quarter, parse_day, parse_quarter, parse_time, year_of
from forecast.scenario.dates import FIRST_HORIZON, LAST_HORIZON, date_text
from forecast.scenario.dependencies import Correlation, broken_links
from forecast.scenario.drivers import implausible
from forecast.scenario.entries import Row, entry, last_observed, rows, value_at
from forecast.scenario.inputs import constant_remark, node_at
from forecast.scenario.investments import Investment, double_counting, investment_problems
from forecast.scenario.localization import turns_in_the_past
from forecast.scenario.memory import memory_problems
from forecast.scenario.money import WON_KEY
from forecast.scenario.policy import policy_problems
from forecast.stats.distributions import Constant
from forecast.stats.streams import Pair, is_possible, names_in, nearest_possible, rank_matrix
from forecast.storage.documents import Node

MOST_YEARS = 35


def review(root: Node) -> list[Problem]:
    """Every broken rule of a merged tree."""
    announced = rows(root, "investments", Investment)
    origin = last_observed(root)
    return [
        *_origin(root),
        *_as_of(root, announced),
        *_horizon(root),
        *turns_in_the_past(root, announced, origin),
        *memory_problems(root, origin),
        *double_counting(announced),
        *policy_problems(root, origin),
        *_drivers(root),
        *broken_links(root, announced),
        *investment_problems(announced),
    ]


def _origin(root: Node) -> Iterator[Problem]:
    """The origin is the last quarter observed: an earlier one is reached by a day, which says what else was known."""
    stated = value_at(root, "origin", parse_quarter)
    if stated is None:
        return
    node, last = root.fields["origin"], vintage().trade.origin
    if value_at(root, "as_of", parse_day):
        yield root.fields["as_of"].place.problem("as_of", "got both origin and as_of, expected one of them")
    elif stated != last:
        instead = f"; to start from {format_quarter(stated)}, write as_of: {day}" if (day := _first_day(stated)) else ""
        expected = f"expected {format_quarter(last)}, the last quarter observed{instead}"
        yield node.place.problem("origin", f"got {format_quarter(stated)}, {expected}")


def _first_day(origin: int) -> str:
    """The first day on which a run can start from a quarter, or nothing."""
    day = release_of(origin)
    try:
        return day if vintage(day).trade.origin == origin else ""
    except DataError:
        return ""


def _as_of(root: Node, announced: list[Row]) -> Iterator[Problem]:
    """A day on which enough was known, and no more than the data hold, and no investment announced after it."""
    day = value_at(root, "as_of", parse_day)
    if day is None:
        return
    release, month = next_release()
    if day >= release:
        known = f"trade of {month} counts as public from {release} on, and the data end before it"
        expected = f"expected a day before {release}, or none to use all the data: {known}"
        yield root.fields["as_of"].place.problem("as_of", f"got {day}, {expected}")
    try:
        vintage(day.isoformat())
    except DataError as error:
        yield root.fields["as_of"].place.problem("as_of", str(error))
    for row in announced:
        if row.value.announced is not None and row.value.announced > parse_time(day.isoformat()):
            expected = f"expected a date up to {day}, the day of as_of"
            yield row.problem("announced", f"got {row.written('announced')}, {expected}")


def _horizon(root: Node) -> Iterator[Problem]:
    node = root.fields.get("horizon")
    year = node.content if node else None
    if node is None or not isinstance(year, int) or not FIRST_HORIZON <= year <= LAST_HORIZON:
        return
    if (origin := last_observed(root)) is None:
        return
    first, last = year_of(origin + 1), min(LAST_HORIZON, year_of(origin) + MOST_YEARS)
    if not first <= year <= last:
        since = f"as data end with {format_quarter(origin)}"
        yield node.place.problem("horizon", f"{node.got()}, expected a year from {first} to {last}, {since}")


def _drivers(root: Node) -> Iterator[Problem]:
    """Paths of drivers and shocks, once it is known from where they start."""
    if last_observed(root) is not None:
        day = value_at(root, "as_of", parse_day)
        yield from implausible(root, day.isoformat() if day else None)


def correlation_problems(root: Node, inputs: Collection[UncertainInput], unread: Collection[str]) -> Iterator[Problem]:
    """Names that cannot be correlated, pairs stated twice, and correlations that no distribution has together.

    Args:
        root: a merged tree.
        inputs: the registry of what it states.
        unread: names of entries that the schema refuses, of whose inputs nothing is known.
    """
    node = root.fields["correlations"]
    ranks: dict[Pair, float] = {}
    names = (_names(root, inputs, unread, entry, index) for index, entry in enumerate(node.items))
    problems = [*chain.from_iterable(names), *_repeated(node.items, ranks)]
    yield from problems
    if not problems and ranks:
        yield from _together(node, ranks)


def _names(
    root: Node, inputs: Collection[UncertainInput], unread: Collection[str], entry: Node, index: int
) -> Iterator[Problem]:
    between = entry.fields.get("between")
    free = {item.name for item in inputs if not item.settled}
    for place_in_list, node in enumerate(between.items if between else ()):
        name = node.content
        if isinstance(name, str) and name not in free and not name.startswith(tuple(f"{path}." for path in unread)):
            message = _refusal(name, root, inputs)
            yield node.place.problem(f"correlations[{index}].between[{place_in_list}]", message)


def _refusal(name: str, root: Node, inputs: Collection[UncertainInput]) -> str:
    if remark := next((_remark(item, root, inputs) for item in inputs if item.name == name), ""):
        return f"{got(name)}, which {remark}, expected an uncertain input"
    joint = name.rpartition(".")[2] in COEFFICIENTS
    note = " (a coefficient is drawn jointly with the others unless overrides state its distribution)" if joint else ""
    free = [item.name for item in inputs if not item.settled]
    near = sorted(free, key=lambda path: path.partition(".")[0] != name.partition(".")[0])
    hint = meant(name, near) if near else "the scenario has none"
    return f"{got(name)}, expected the path of an uncertain input{note}; {hint}"


def _remark(known: UncertainInput, root: Node, inputs: Collection[UncertainInput]) -> str:
    """What settles an input: a number as the file writes it, and nothing of one that the file leaves out."""
    value = known.distribution
    if not isinstance(value, Constant):
        return known.settled
    if known.settled != constant_remark(date_text(value.value) if known.is_date else value.value):
        return known.settled
    node = node_at(root, known.name.split("."))
    if node is None:
        return ""
    won = node.fields.get(WON_KEY)
    remark = constant_remark(f"{won.content} trillion won" if won else str(node.content))
    comes = f"{known.name.removesuffix('.probability')}.{REALISED}"
    is_open = any(item.name == comes and not item.settled for item in inputs)
    return f"{remark} (whether it comes is {comes})" if is_open else remark


def _repeated(entries: Sequence[Node], ranks: dict[Pair, float]) -> Iterator[Problem]:
    """Pairs stated a second time; `ranks` takes in those of every entry, as far as the schema accepts them."""
    for index, node in enumerate(entries):
        for pair, rank in _pairs(entry(Correlation, node, ("correlations", index)).value):
            one, other = sorted(pair)
            if (one, other) in ranks:
                message = f"got {one} with {other} a second time, expected every pair once"
                yield node.fields["between"].place.problem(f"correlations[{index}].between", message)
            ranks.setdefault((one, other), rank)


def _pairs(stated: Correlation) -> Iterator[tuple[Pair, float]]:
    """Pairs up to the first without a possible rank, such as one that a matrix is too small to hold."""
    named = stated.between and (stated.rank, stated.matrix) != (None, None)
    with suppress(IndexError):
        yield from takewhile(lambda pair: abs(pair[1]) <= 1, stated.pairs() if named else ())


def _together(node: Node, ranks: Mapping[Pair, float]) -> Iterator[Problem]:
    order = sorted(names_in(ranks))
    matrix = rank_matrix(order, ranks)
    if is_possible(matrix):
        return
    near = nearest_possible(matrix)
    pairs = [*ranks, *((one, other) for j, other in enumerate(order) for one in order[:j] if (one, other) not in ranks)]
    moved = [(pair, float(near[order.index(pair[0]), order.index(pair[1])]), ranks.get(pair)) for pair in pairs]
    changed = [_change(*pair, now, stated) for pair, now, stated in moved if now != (stated or 0.0)]
    message = (
        "got correlations that cannot hold together in a Gaussian copula, by which inputs are joined; "
        f"the nearest that can: {', '.join(changed)}{'; others stay' if len(changed) < len(ranks) else ''}"
    )
    yield node.place.problem("correlations", message)


def _change(one: str, other: str, near: float, stated: float | None) -> str:
    difference = "" if stated is None else f", {near - stated:+.2g}"
    return f"{one} with {other} {near:g} (got {'none' if stated is None else f'{stated:g}'}{difference})"
