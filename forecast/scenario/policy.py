"""Trade policy: tariffs, import commitments and their rules: known sectors, dates in order, duties of the record."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, Literal, Protocol, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from forecast.economics.elasticities import SUBSTITUTION
from forecast.economics.sectors import SECTORS_BY_WORD
from forecast.economics.tariffs import EXTENT, GOODS, PACE, PARTS, WITHOUT_TRADE, Trade, load_schedule
from forecast.errors import Problem, got, listed, meant, spelled
from forecast.quarters import ACCEPTED, format_quarter
from forecast.scenario.dates import UncertainDate
from forecast.scenario.entity import Sources, Written, demand_one_of, entity, id_field
from forecast.scenario.entries import Row, rows
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.specs import (
    LOWEST_RIVALS,
    Amount,
    Dollars,
    PositiveShare,
    Rate,
    RateChange,
    RivalChange,
    Share,
    plain_distribution,
    read_distribution,
)
from forecast.storage.documents import Node

EVERY = "all"


def _names(value: Any) -> Any:
    """One name, or a list of them, as a list."""
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, tuple) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{got(value)}, expected a sector, a list of sectors, or {EVERY}")
    return names


def _true_or_false(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{got(value)}, expected true or false")
    return value


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


_SOME_OR_ALL = {"anyOf": [{"enum": [*GOODS, EVERY]}, {"type": "array", "items": {"enum": [*GOODS]}}]}

CERTAIN = Constant(1.0)
Chance: TypeAlias = Annotated[Distribution, Written(Share | None, read_distribution, plain_distribution)]
Factor: TypeAlias = Annotated[Distribution, Written(Amount | None, read_distribution, plain_distribution)]


@entity
@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The duty the US takes on goods of some sectors from Korea, from a date on.

    `start` and `until` are distributions on the quarter axis. Responses left out are those of the shipped priors.
    """

    id: Annotated[str, id_field("cars-25")]
    sectors: Annotated[
        tuple[str, ...],
        BeforeValidator(_names),
        AfterValidator(_each_once),
        WithJsonSchema(_SOME_OR_ALL),
        Field(description="a sector, memory, a list of them, or all: whose goods pay it"),
    ]
    rate: Annotated[
        Rate | None, Field(description="the new average duty of these goods, a fraction of their value")
    ] = None
    change: Annotated[
        RateChange | None,
        Field(description="in place of rate: points added to the duty in force at the origin, a fraction"),
    ] = None
    start: Annotated[UncertainDate, Field(alias="from", description=f"when it takes effect: {ACCEPTED}")]
    until: Annotated[UncertainDate | None, Field(description=f"when it ends, that moment not included: {ACCEPTED}")] = (
        None
    )
    stacks: Annotated[
        bool,
        BeforeValidator(_true_or_false),
        Field(
            description="true or false: whether rate is added to the duty that holds on the same goods; if not, it "
            "takes the place of one that began earlier"
        ),
    ] = False
    rivals: Annotated[
        RivalChange | None,
        Field(
            description="points added to the duty of rivals abroad on these goods while it holds, a fraction; those "
            "of all tariffs add up"
        ),
    ] = None
    probability: Annotated[
        Chance, Field(description="chance that it comes, a fraction from 0 to 1; if left out, 1")
    ] = CERTAIN
    pass_through: Annotated[
        Share | None, Field(description="share of the duty that US buyers pay, a fraction from 0 to 1")
    ] = None
    elasticity: Annotated[
        Amount | None,
        Field(
            description="per cent of quantity lost per per cent of price in the long run, 0 or more; if left out, that "
            "of the goods' product group"
        ),
    ] = None
    substitution: Annotated[
        Share | None,
        Field(description="share of the elasticity that a duty on rivals abroad gives back, a fraction from 0 to 1"),
    ] = None
    adjustment: Annotated[
        PositiveShare | None,
        Field(description="share of the long-run response reached after a year, a fraction above 0"),
    ] = None
    localization_response: Annotated[
        Amount | None,
        Field(description="rise of the log odds of local supply per percentage point of duty, 0 or more"),
    ] = None
    sources: Sources = ()

    def __post_init__(self) -> None:
        """Demand one measure of the duty."""
        demand_one_of(rate=self.rate, change=self.change)


@entity
@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCommitment:
    """Goods that Korea has promised to buy from the US in a span of time.

    `start` and `until` are distributions on the quarter axis.
    """

    id: Annotated[str, id_field("cars-25")]
    what: Annotated[
        Literal["aircraft", "lng", "other"],
        Field(description="aircraft, lng or other: what is bought, which decides how much of it is additional"),
    ]
    amount: Annotated[Dollars | None, Field(description="value over the whole span in bn USD, 0 or more")] = None
    per_year: Annotated[Dollars | None, Field(description="in place of amount: value a year in bn USD, 0 or more")] = (
        None
    )
    start: Annotated[UncertainDate, Field(alias="from", description=f"first delivery: {ACCEPTED}")]
    until: Annotated[UncertainDate, Field(description=f"when deliveries end, that moment not included: {ACCEPTED}")]
    probability: Annotated[
        Chance, Field(description="chance that it comes to anything, a fraction from 0 to 1; if left out, 1")
    ] = CERTAIN
    additionality: Annotated[
        Share | None,
        Field(description="share that would not have been bought from the US anyway, a fraction from 0 to 1"),
    ] = None
    fulfilment: Annotated[Factor, Field(description="delivered over promised, 0 or more; if left out, 1")] = CERTAIN
    sources: Sources = ()

    def __post_init__(self) -> None:
        """Demand one measure of the value."""
        demand_one_of(amount=self.amount, per_year=self.per_year)


class TariffOrRow(Protocol):
    """What the rules ask of a tariff: one of a scenario, or of a row, where a key that the schema refuses is None."""

    @property
    def sectors(self) -> tuple[str, ...] | None:
        """Goods that it names."""

    @property
    def start(self) -> Distribution | None:
        """When it takes effect, on the quarter axis."""

    @property
    def until(self) -> Distribution | None:
        """When it ends, on the quarter axis."""


SAME = 1e-9
"""Rates this near are one rate."""

_RESPONSES = (*EXTENT, PACE)


def policy_problems(root: Node, origin: int | None) -> Iterator[Problem]:
    """Every broken rule of the tariffs and import commitments of a merged tree.

    Args:
        root: the tree.
        origin: quarter index of the last quarter observed, None where it is not known.
    """
    tariffs = rows(root, "tariffs", Tariff)
    for row in tariffs:
        yield from _sectors(row)
        yield from _order(row)
        yield from _stacking(row)
        if row.has("localization_response") and not fitted_somewhere(root):
            message = "got localization_response where every share is stated, so it does nothing; expected path: fitted"
            yield row.problem("localization_response", message)
        if row.has(SUBSTITUTION) and not _rivals_stated(row, tariffs):
            message = "got substitution where no tariff on the same goods states rivals, so it does nothing"
            yield row.problem(SUBSTITUTION, message)
        if origin is not None:
            yield from _past(row, origin)
            yield from _negative(row, origin)
    yield from _same_start(tariffs)
    yield from _rivals(tariffs)
    if origin is not None:
        yield from _in_force(tariffs, origin)
        yield from _two_answers(tariffs, origin)
    for row in rows(root, "import_commitments", ImportCommitment):
        yield from _order(row)


def _sectors(row: Row) -> Iterator[Problem]:
    node = row.node.fields.get("sectors")
    for place in () if node is None else node.items or (node,):
        name = place.content
        if not isinstance(name, str) or name in (*GOODS, EVERY):
            continue
        where = spelled((*row.path, "sectors"))
        if name in WITHOUT_TRADE:
            lacking = f"got {name}, whose exports to the US no source states; expected other, which holds them"
            yield place.place.problem(where, lacking)
        else:
            yield place.place.problem(where, f"{got(name)}, expected a known sector; {_sectors_meant(name)}")


def _sectors_meant(text: str) -> str:
    """Names accepted, and several in one text as a list of them."""
    several = [name.strip() for name in text.split(",")]
    if len(several) > 1 and set(several) <= {*GOODS}:
        return f"write [{', '.join(several)}]"
    return meant(text, [*GOODS, EVERY], SECTORS_BY_WORD)


def _order(row: Row) -> Iterator[Problem]:
    start, end = row.value.start, row.value.until
    if start and end and start.ends()[1] >= end.ends()[0]:
        yield row.misplaced("until", "after from")


def _past(row: Row, origin: int) -> Iterator[Problem]:
    """Tariffs dated before the origin that are uncertain or no whole duty; by then they came or did not."""
    last = format_quarter(origin)
    if _straddles(row.value.start, origin + 1):
        yield row.problem("from", _on_one_side(row, "from", last, "began"))
    if not _began(row.value, origin):
        return
    if row.has("probability"):
        message = (
            f"got a probability of a tariff from {row.written('from')}, expected none: by {last} it came or did not"
        )
        yield row.problem("probability", message)
    if _straddles(row.value.until, origin + 1):
        yield row.problem("until", _on_one_side(row, "until", last, "ended"))
    if stacks(row):
        message = f"got true with a date before {last} ends, expected rate alone: the duty it then was"
        yield row.problem("stacks", message)
    if row.has("change"):
        yield row.problem("change", f"got change with a date before {last} ends, expected rate: the duty it then was")


def _straddles(date: Distribution | None, moment: float) -> bool:
    """Whether a date may lie on either side of a moment."""
    return date is not None and date.ends()[0] < moment < date.ends()[1]


def _on_one_side(row: Row, key: str, last: str, happened: str) -> str:
    expected = f"expected dates on one side of the end of {last}: by then it {happened} or did not"
    return f"got {row.written(key)}, {expected}"


def stacks(row: Row) -> bool:
    """Whether a tariff is added to the duty that holds."""
    return row.value.stacks is True


def _stacking(row: Row) -> Iterator[Problem]:
    """What a tariff that is added to another leaves to that: the duty it starts from, and how trade answers."""
    if not stacks(row):
        return
    if row.has("change"):
        yield row.problem("change", "got change with stacks: true, expected rate: what is added to the duty that holds")
    for key in _RESPONSES:
        if row.has(key):
            message = f"got {key} with stacks: true, expected it on the tariff that this one is added to"
            yield row.problem(key, message)


def _same_start(tariffs: list[Row]) -> Iterator[Problem]:
    """Tariffs that begin together on the same goods, of which none is the later one."""
    first: dict[tuple[float, str], Row] = {}
    for row in tariffs:
        start = row.value.start
        if stacks(row) or not isinstance(start, Constant):
            continue
        both = {name: first.setdefault((start.value, name), row) for name in goods_of(row)}
        shared = {name: other.name for name, other in both.items() if other is not row}
        if shared:
            others, goods = listed(sorted({*shared.values()})), listed(whole_goods(shared))
            expected = "a later date for the one that takes the other's place, or stacks: true for one that is added"
            yield row.problem("from", f"got {row.written('from')}, as {others} on {goods}, expected {expected}")


def _rivals_stated(row: Row, tariffs: list[Row]) -> bool:
    """Whether a tariff on some of the same goods says what rivals pay."""
    return any(other.value.rivals is not None and not {*goods_of(row)}.isdisjoint(goods_of(other)) for other in tariffs)


def _rivals(tariffs: list[Row]) -> Iterator[Problem]:
    """Duties of rivals that tariffs on the same goods together take down too far."""
    stating = [row for row in tariffs if row.value.rivals is not None]
    for name in GOODS:
        lowered = [row for row in stating if name in goods_of(row) and _lowest(row.value.rivals) < 0.0]
        lowest = sum(_lowest(row.value.rivals) for row in lowered)
        if lowest < LOWEST_RIVALS - SAME:
            message = f"got down to {lowest:g} with all on {name}, expected at least {LOWEST_RIVALS:g}"
            yield lowered[-1].problem("rivals", message)
            return


def _two_answers(tariffs: list[Row], origin: int) -> Iterator[Problem]:
    """Tariffs of the past on the same goods that say differently how far trade moves."""
    first: dict[tuple[str, str], Row] = {}
    for row in (row for row in tariffs if _began(row.value, origin)):
        for key in EXTENT:
            earlier = [first.setdefault((name, key), row) for name in goods_of(row)] if row.has(key) else []
            other = next((other for other in earlier if getattr(other.value, key) != getattr(row.value, key)), None)
            if other is not None:
                past = f"up to {format_quarter(origin)} the answer to all duties on the same goods is one"
                yield row.problem(key, f"got another {key} than that of {other.name}, expected the same: {past}")


def _began(tariff: TariffOrRow, origin: int) -> bool:
    """Whether a tariff began before a quarter ended, in every draw."""
    start = tariff.start
    return start is not None and start.ends()[0] < origin + 1 >= start.ends()[1]


def _in_force(tariffs: list[Row], origin: int) -> Iterator[Problem]:
    """Tariffs whose duty in the quarter of the origin is not the one on record."""
    held: dict[str, Row | None] = {}
    for name in GOODS:
        past = [row for row in tariffs if name in goods_of(row) and holds_at(row.value, origin)]
        last = held[name] = max(past, key=_start, default=None)
        told = last is held.get(PARTS.get(name, ""))  # of the sector that these goods are a part of
        if last is not None and not told and (complaint := _departure(last, name, origin)):
            yield last.problem("rate", complaint)


def _departure(row: Row, name: str, origin: int) -> str:
    rate = row.value.rate
    if not isinstance(rate, Constant):
        return ""
    known = duties_of_record(name).rate(origin + 1 - SAME)
    if abs(rate.value - known) <= SAME:
        return ""
    of_record = f"the duty on {name} in force in {format_quarter(origin)}"
    return f"got {rate.value:g}, expected {known:g}, {of_record}; for a change after it, write a later from"


def holds_at(tariff: TariffOrRow, origin: int) -> bool:
    """Whether a tariff that began before a quarter ended holds up to that end.

    It does in every draw or in none, as `policy_problems` refuses dates that may lie on either side of that end.
    """
    until = tariff.until
    return _began(tariff, origin) and (until is None or until.ends()[1] >= origin + 1)


def falls_on(tariff: TariffOrRow, name: str) -> bool:
    """Whether goods of `GOODS` pay a tariff: it names them, the sector that they are a part of, or all."""
    return not {*(tariff.sectors or ())}.isdisjoint({name, EVERY, PARTS.get(name)})


def _start(row: Row) -> float:
    start = row.value.start
    return inf if start is None else start.ends()[0]


def fitted_somewhere(root: Node) -> bool:
    """Whether purchases of some plants follow the fitted trend, which is all that tariffs bend."""
    shared = root.fields.get("localization")
    if shared is None:
        return True
    paths = [shared, *(shared.fields["sectors"].fields.values() if "sectors" in shared.fields else ())]
    plants = root.fields["investments"].items if "investments" in root.fields else ()
    paths += [plant.fields["localization"] for plant in plants if "localization" in plant.fields]
    return any("path" in path.fields and path.fields["path"].content == "fitted" for path in paths)


def _negative(row: Row, origin: int) -> Iterator[Problem]:
    change = row.value.change
    if change is None:
        return
    lowest = _lowest(change)
    for name in goods_of(row):
        known = duties_of_record(name).rate(origin + 1 - SAME)
        if known + lowest < -SAME:
            message = f"got down to {lowest:g}, expected at least -{known:g}, which ends the duty on {name}"
            yield row.problem("change", message)
            return


def _lowest(distribution: Distribution) -> float:
    return float(distribution.ppf(1e-9))


def goods_of(row: Row) -> list[str]:
    """Goods of `GOODS` that a tariff falls on, a sector's with those that are a part of it; names that are known."""
    return [name for name in GOODS if falls_on(row.value, name)]


def whole_goods(goods: Collection[str]) -> list[str]:
    """Goods in the order of `GOODS`, without those that are part of another."""
    return [name for name in GOODS if name in goods and PARTS.get(name) not in goods]


def duties_of_record(name: str) -> Trade:
    """Duties of record on goods."""
    return load_schedule().trade[PARTS.get(name, name)]
