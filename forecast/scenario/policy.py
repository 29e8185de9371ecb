"""What is assumed of trade policy: tariffs and import commitments, and the way from YAML to them and back.

How tariffs and import commitments are written in YAML: one entry of each list a class, with the keys it takes.

Rules of tariffs and import commitments: known sectors, dates in order, duties that agree with the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from forecast.documents import Node, present
from forecast.economics.tariffs import TAXED, WITHOUT_TRADE, load_regime
from forecast.errors import Problem, got, meant, spelled
from forecast.quarters import ACCEPTED, format_quarter
from forecast.scenario.dates import DateSpec, date_law, plain_date_law
from forecast.scenario.entries import SOURCES, Row, Source, ends, id_field, rows
from forecast.stats.distributions import Constant, Law
from forecast.stats.specs import (
    Amount,
    Dollars,
    Model,
    PositiveShare,
    Rate,
    RateChange,
    Share,
    law,
    optional,
    plain_law,
)

EVERY = "all"


def _names(value: Any) -> Any:
    """One name, or a list of them, as a list."""
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, tuple) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{got(value)}, expected a sector, a list of sectors, or {EVERY}")
    return names


class Tariff(Model):
    """The duty the US takes on goods of some sectors from Korea, from a date on."""

    id: str = id_field("cars-25")
    sectors: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        description="a sector, a list of sectors, or all: whose goods pay it"
    )
    rate: Rate | None = Field(None, description="the new average duty of these goods, a fraction of their value")
    change: RateChange | None = Field(
        None, description="in place of rate: points added to the duty in force at the origin, a fraction"
    )
    from_: DateSpec = Field(alias="from", description=f"when it takes effect: {ACCEPTED}")
    until: DateSpec | None = Field(None, description=f"when it ends, that moment not included: {ACCEPTED}")
    probability: Share | None = Field(None, description="chance that it comes, a fraction from 0 to 1; if left out, 1")
    pass_through: Share | None = Field(None, description="share of the duty that US buyers pay, a fraction from 0 to 1")
    elasticity: Amount | None = Field(
        None, description="per cent of quantity lost per per cent of price in the long run, 0 or more"
    )
    adjustment: PositiveShare | None = Field(
        None, description="share of the long-run response reached after a year, a fraction above 0"
    )
    localization_response: Amount | None = Field(
        None, description="rise of the log odds of local supply per percentage point of duty, 0 or more"
    )
    sources: tuple[Source, ...] = Field((), description=SOURCES)

    @model_validator(mode="before")
    @classmethod
    def _one_rate(cls, value: Any) -> Any:
        return _one_of(value, "rate", "change")


class ImportCommitment(Model):
    """Goods that Korea has promised to buy from the US in a span of time."""

    id: str = id_field("cars-25")
    what: Literal["aircraft", "lng", "other"] = Field(
        description="aircraft, lng or other: what is bought, which decides how much of it is additional"
    )
    amount: Dollars | None = Field(None, description="value over the whole span in bn USD, 0 or more")
    per_year: Dollars | None = Field(None, description="in place of amount: value a year in bn USD, 0 or more")
    from_: DateSpec = Field(alias="from", description=f"first delivery: {ACCEPTED}")
    until: DateSpec = Field(description=f"when deliveries end, that moment not included: {ACCEPTED}")
    probability: Share | None = Field(
        None, description="chance that it comes to anything, a fraction from 0 to 1; if left out, 1"
    )
    additionality: Share | None = Field(
        None, description="share that would not have been bought from the US anyway, a fraction from 0 to 1"
    )
    fulfilment: Amount | None = Field(None, description="delivered over promised, 0 or more; if left out, 1")
    sources: tuple[Source, ...] = Field((), description=SOURCES)

    @model_validator(mode="before")
    @classmethod
    def _one_value(cls, value: Any) -> Any:
        return _one_of(value, "amount", "per_year")


def _one_of(value: Any, first: str, second: str) -> Any:
    """The entry, once it is known to state one of two keys and not both."""
    if isinstance(value, Mapping):
        stated = [key for key in (first, second) if value.get(key) is not None]
        if len(stated) != 1:
            found = f"both {first} and {second}" if stated else f"neither {first} nor {second}"
            raise ValueError(f"got {found}, expected one of them")
    return value


@dataclass(frozen=True, slots=True)
class AssumedTariff:
    """A US duty on Korean goods, as assumed.

    Attributes:
        id: name of the tariff, and of its random streams.
        sectors: whose goods pay it, or `("all",)`.
        rate: the average duty once it is in force, a fraction; None where `change` is stated.
        change: points added to the duty in force at the origin, a fraction.
        start, until: dates on the quarter axis; None for no end.
        probability: chance that it comes.
        pass_through: share of the duty that buyers pay; None for the shipped prior, as in the next three.
        elasticity: per cent of quantity lost per per cent of price in the long run.
        adjustment: share of the long-run response reached after a year.
        localization_response: rise of the log odds of local supply per percentage point.
        sources: addresses of the evidence.
    """

    id: str
    sectors: tuple[str, ...]
    rate: Law | None
    change: Law | None
    start: Law
    until: Law | None
    probability: Law
    pass_through: Law | None
    elasticity: Law | None
    adjustment: Law | None
    localization_response: Law | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssumedImportCommitment:
    """Purchases from the US that were promised, as assumed.

    Attributes:
        id: name of the commitment, and of its random streams.
        what: `aircraft`, `lng` or `other`.
        amount: value over the whole span, bn USD; None where `per_year` is stated.
        per_year: value a year, bn USD.
        start, until: dates on the quarter axis.
        probability: chance that it comes to anything.
        additionality: share that would not have been bought anyway; None for the shipped prior.
        fulfilment: delivered over promised.
        sources: addresses of the evidence.
    """

    id: str
    what: str
    amount: Law | None
    per_year: Law | None
    start: Law
    until: Law
    probability: Law
    additionality: Law | None
    fulfilment: Law
    sources: tuple[str, ...]


CERTAIN = Constant(1.0)


def tariffs(stated: Iterable[Tariff]) -> tuple[AssumedTariff, ...]:
    """Tariffs as their YAML entries state them, by id."""
    return tuple(map(_tariff, sorted(stated, key=lambda entry: entry.id)))


def _tariff(stated: Tariff) -> AssumedTariff:
    return AssumedTariff(
        id=stated.id,
        sectors=tuple(sorted(set(stated.sectors))),
        rate=optional(law, stated.rate),
        change=optional(law, stated.change),
        start=date_law(stated.from_),
        until=optional(date_law, stated.until),
        probability=CERTAIN if stated.probability is None else law(stated.probability),
        pass_through=optional(law, stated.pass_through),
        elasticity=optional(law, stated.elasticity),
        adjustment=optional(law, stated.adjustment),
        localization_response=optional(law, stated.localization_response),
        sources=stated.sources,
    )


def import_commitments(stated: Iterable[ImportCommitment]) -> tuple[AssumedImportCommitment, ...]:
    """Commitments as their YAML entries state them, by id."""
    return tuple(map(_import_commitment, sorted(stated, key=lambda entry: entry.id)))


def _import_commitment(stated: ImportCommitment) -> AssumedImportCommitment:
    return AssumedImportCommitment(
        id=stated.id,
        what=stated.what,
        amount=optional(law, stated.amount),
        per_year=optional(law, stated.per_year),
        start=date_law(stated.from_),
        until=date_law(stated.until),
        probability=CERTAIN if stated.probability is None else law(stated.probability),
        additionality=optional(law, stated.additionality),
        fulfilment=CERTAIN if stated.fulfilment is None else law(stated.fulfilment),
        sources=stated.sources,
    )


def plain_tariff(assumed: AssumedTariff) -> dict[str, Any]:
    """The YAML entry of a tariff; keys at their default are left out."""
    names = ("pass_through", "elasticity", "adjustment", "localization_response")
    return present(
        id=assumed.id,
        sectors=list(assumed.sectors),
        rate=optional(plain_law, assumed.rate),
        change=optional(plain_law, assumed.change),
        **{"from": plain_date_law(assumed.start)},
        until=optional(plain_date_law, assumed.until),
        probability=_unless_certain(assumed.probability),
        **{name: optional(plain_law, getattr(assumed, name)) for name in names},
        sources=list(assumed.sources),
    )


def plain_commitment(assumed: AssumedImportCommitment) -> dict[str, Any]:
    """The YAML entry of a commitment; keys at their default are left out."""
    return present(
        id=assumed.id,
        what=assumed.what,
        amount=optional(plain_law, assumed.amount),
        per_year=optional(plain_law, assumed.per_year),
        **{"from": plain_date_law(assumed.start)},
        until=plain_date_law(assumed.until),
        probability=_unless_certain(assumed.probability),
        additionality=optional(plain_law, assumed.additionality),
        fulfilment=_unless_certain(assumed.fulfilment),
        sources=list(assumed.sources),
    )


def _unless_certain(assumed: Law) -> Any:
    return None if assumed == CERTAIN else plain_law(assumed)


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
