"""Remarks on a scenario that makes sense but is probably not meant; they do not stop a run.

Sizes are judged so that no announcement of the table is remarked on: units mixed up, amounts beyond any announced, more
in a year than was ever invested. Each remark names its comparison.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from forecast.catalogue import Wording, worded
from forecast.economics.sectors import SECTORS, Central, central_priors
from forecast.errors import Remark, YamlPath, spelled
from forecast.observations.announcements import announcements
from forecast.observations.annual import outward_investment
from forecast.observations.tables import read_table
from forecast.quarters import year_of
from forecast.scenario.dates import DEFAULT_HORIZON
from forecast.scenario.entries import Row, last_observed, mean, middle, quarter, rows, value_at
from forecast.scenario.investments import Investment
from forecast.scenario.layers import Layered
from forecast.scenario.library import known_plants
from forecast.scenario.money import WON_KEY, rate_of
from forecast.scenario.unused import dropped, idle_policies, idle_ties, overruled, repeated, unread
from forecast.stats.density import spikes
from forecast.stats.distributions import Distribution
from forecast.stats.specs import read_distribution
from forecast.storage.documents import Node

FAR = 5.0
"""How many times more or less than the announcements table an amount is before it is remarked on."""

_WEIGHED = ("mixture", "pool")
"""Keys of lists whose entries have a weight each."""

_PILES = frozenset({"quantiles", "sd"})
"""Keys of forms of which one does not see that probability is piled up at an end."""

_REMEDIES = "smaller_sd", "nearer_quantile"
"""Texts of what helps against such a pile, without quantiles and with them."""

LARGE, SMALL = 3.0, 10.0
"""Times the largest amount of the table, parts of the smallest."""


def implausible(root: Node, announced: Sequence[Row]) -> Iterator[Remark]:
    """Amounts, delays and coefficients of an implausible size."""
    for row in announced:
        yield from _amount(row)
        yield from _slip(row)
        own = row.node.fields.get("overrides")
        yield from _coefficients(own, row.value.sector, ("investments", row.name, "overrides"))
    overrides = root.fields.get("overrides")
    sectors = overrides.fields.get("sectors") if overrides else None
    for name, node in sectors.fields.items() if sectors else ():
        yield from _coefficients(node, name, ("overrides", "sectors", name))


def _amount(row: Row) -> Iterator[Remark]:
    stated = _middle(row.value.amount)
    if not stated:
        return
    expected = next((item.amount for item in announcements() if item.id == row.name), None)
    compared = _beyond_all(row, stated) if expected is None else _against_table(row, stated, expected)
    if compared:
        yield row.remark("amount", compared)


def _against_table(row: Row, stated: float, expected: float) -> Wording | None:
    """The amount the announcements table has for the same id, where the one stated is far from it."""
    near = expected / FAR <= stated <= expected * FAR
    meant = _as_won(row, stated, expected) if near else _unit_meant(row, stated, expected)
    return None if meant is None else worded("warnings.amount.table", stated=stated, expected=expected, meant=meant)


def _beyond_all(row: Row, stated: float) -> Wording | None:
    """The largest or smallest amount of the table, where the one stated is far beyond it."""
    pledge = row.value.kind == "pledge"
    sizes = sorted(
        (item.amount, item.id) for item in announcements() if item.amount and (item.kind == "pledge") == pledge
    )
    (smallest, least), (largest, most) = sizes[0], sizes[-1]
    if stated > LARGE * largest:
        meant = _unit_meant(row, stated, largest)
        return worded("warnings.amount.largest", stated=stated, size=largest, id=most, meant=meant)
    if stated < smallest / SMALL:
        return worded("warnings.amount.smallest", stated=stated, size=smallest, id=least)
    return None


def _unit_meant(row: Row, stated: float, expected: float) -> Wording | str:
    """Hint for a number in million USD or in billion won; or in billion won where it is stated in trillion."""
    if stated < expected or stated / 1000 >= FAR * expected:
        return ""
    if (in_trillion := row.node.fields["amount"].fields.get(WON_KEY)) is not None:
        number = middle(in_trillion)
        return "" if number is None else worded("warnings.amount.billion", trillion=number / 1000)
    won = _rate(row)
    in_won = worded("warnings.amount.won", trillion=stated / 1000) if won and stated / won < FAR * expected else ""
    return worded("warnings.amount.million", million=stated / 1000, won=in_won)


def _as_won(row: Row, stated: float, expected: float) -> Wording | None:
    """Hint for a number that is within a tenth of the table's in trillion won, at the day's rate."""
    won = _rate(row)
    if abs(stated / expected - 1) < 0.05 or row.node.fields["amount"].fields:
        return None
    if won is None or not 0.9 < stated / (expected * won / 1000) < 1.1:
        return None
    return worded("warnings.amount.trillion", trillion=stated)


def _rate(row: Row) -> float | None:
    announced = row.value.announced
    try:
        return None if announced is None else rate_of(announced).won
    except ValueError:
        return None


def _slip(row: Row) -> Iterator[Remark]:
    stated = _middle(row.value.slip)
    known = ((4 * item["value"], item["id"]) for item in read_table("slippage") if item["bound"] != "none")
    longest, id = max(known)
    if stated is not None and stated > longest:
        meant = worded("warnings.size.months", meant=stated / 3) if stated / 3 <= longest else ""
        yield row.remark("slip", worded("warnings.size.slip", stated=stated, longest=longest, id=id, meant=meant))


def _coefficients(group: Node | None, sector: str | None, path: YamlPath) -> Iterator[Remark]:
    if group is None or sector not in SECTORS:
        return
    for name, node in group.fields.items():
        prior = central_priors().get((sector, name))
        stated = None if prior is None else middle(node)
        if prior is not None and stated is not None and (wording := _against_prior(name, stated, prior)):
            yield node.place.remark(spelled((*path, name)), wording)


def _against_prior(name: str, stated: float, prior: Central) -> Wording | None:
    """Hint for a number outside its prior that another unit would bring inside."""
    if prior.low <= stated <= prior.high:
        return None
    for factor, other in _factors(prior.unit):
        if prior.low <= stated * factor <= prior.high:
            said = {"unit": worded(f"warnings.units.{name}"), "other": worded(f"warnings.size.{other}")}
            ends = {"low": prior.low, "high": prior.high}
            return worded("warnings.size.outside", stated=stated, meant=stated * factor, **ends, **said)
    return None


def _factors(unit: str) -> tuple[tuple[float, str], ...]:
    """Units that may have been meant: how many of the unit they are, and their texts."""
    if unit == "quarters":
        return ((4.0, "n_years"), (1 / 3, "n_months"))
    return ((0.01, "per_cent"), (4.0, "per_quarter")) if "a year" in unit else ((0.01, "per_cent"),)


def _middle(value: Distribution | None) -> float | None:
    return None if value is None else float(value.ppf(0.5))


def unscaled(node: Node, path: YamlPath = ()) -> Iterator[Remark]:
    """Weights and shares that read like parts of one and do not sum to it; each draw is scaled so that they do."""
    for name, child in node.fields.items():
        yield from off_sum(name, child, (*path, name))
        yield from unscaled(child, (*path, name))
    for index, child in enumerate(node.items):
        yield from unscaled(child, (*path, _name(child, index)))


def piled_up(node: Node, path: YamlPath = ()) -> Iterator[Remark]:
    """Distributions with probability piled up at an end that their statement does not show."""
    if not _PILES.isdisjoint(node.fields):
        yield from _spikes(node, path)
    for name, child in node.fields.items():
        yield from piled_up(child, (*path, name))
    for index, child in enumerate(node.items):
        yield from piled_up(child, (*path, _name(child, index)))


def _spikes(node: Node, path: YamlPath) -> Iterator[Remark]:
    try:
        stated = read_distribution(node.plain())
    except ValueError:
        return
    for spike in spikes(stated):
        remedy = worded(f"warnings.size.{_REMEDIES['quantiles' in node.fields]}")
        found = {"share": 100 * spike.probability, "width": spike.width, "end": spike.end}
        yield node.place.remark(spelled(path), worded("warnings.size.piled_up", remedy=remedy, **found))


def off_sum(name: str, node: Node, path: YamlPath) -> Iterator[Remark]:
    """Weights or shares under one key that do not sum to one."""
    parts = _parts(name, node)
    if parts and abs(sum(parts) - 1.0) > 0.01:
        what = name if name == "shares" else "weights"
        yield node.place.remark(spelled(path), worded(f"warnings.size.{what}", sum=sum(parts)))


def _name(node: Node, index: int) -> str | int:
    id = node.fields.get("id")
    return id.content if id is not None and isinstance(id.content, str) else index


def _parts(name: str, node: Node) -> list[float]:
    """Middle values of what should sum to one: shares with a spread, and weights written as fractions."""
    if name == "shares":
        read = [middle(child) for child in node.fields.values()]
        return [part for part in read if part is not None] if None not in read else []
    weights = [item.content for item in node.items] if name == "weights" else []
    if name in _WEIGHED:
        weights = [item.fields["weight"].content if "weight" in item.fields else 1.0 for item in node.items]
    numbers = [float(weight) for weight in weights if isinstance(weight, int | float)]
    return numbers if len(numbers) == len(weights) and 0.0 < max(numbers, default=0.0) < 1.0 else []


def beyond_record(root: Node, announced: Sequence[Row], origin: int) -> Iterator[Remark]:
    """Years after the origin in which more is spent than Korea ever invested in the US in one."""
    record, when = _record()
    spent = _spending(announced)
    years = {year: spent[year] for year in sorted(spent) if year >= year_of(origin + 1) and spent[year] > record}
    if years:
        by_year = [
            worded(f"warnings.size.{'spent' if index else 'spent_first'}", amount=_rounded(amount), year=year)
            for index, (year, amount) in enumerate(years.items())
        ]
        wording = worded("warnings.size.spending", spent=by_year, record=record, when=when)
        yield (root.fields["investments"].key or root.fields["investments"].place).remark("investments", wording)


def _rounded(amount: float) -> str:
    return f"{amount:,.0f}" if 100 <= amount < 1e6 else f"{amount:.3g}"


def _record() -> tuple[float, str]:
    """Largest gross outward investment of Korea in the US in a calendar year, bn USD, and the year."""
    invested = outward_investment()
    year = max(invested, key=lambda year: invested[year])
    return invested[year], str(year)


def _spending(announced: Sequence[Row]) -> Mapping[int, float]:
    """Expected spending by calendar year, bn USD, even over the time of construction."""
    spent: dict[int, float] = defaultdict(float)
    for row in announced:
        amount, kind = row.value.amount, row.value.kind
        if amount is None or kind not in ("greenfield", "expansion", "acquisition"):
            continue
        expected = mean(amount) * _expected(row.value.scale) * _expected(row.value.probability)
        start, end = _span(row)
        for year in range(year_of(start), year_of(end) + 1):
            inside = min(end, 4.0 * (year + 1)) - max(start, 4.0 * year)
            spent[year] += expected * max(inside, 0.0) / (end - start)
    return spent


def _expected(stated: Distribution | None) -> float:
    """Mean of a factor of the amount; 1 where it is left to the fit."""
    return 1.0 if stated is None else mean(stated)


def _span(row: Row) -> tuple[float, float]:
    """Time of construction by its middle dates, on the quarter axis; a purchase is paid when it is announced."""
    start, end = _middle(row.value.construction_start), _middle(row.value.production_start)
    paid = row.value.announced or 0.0
    if row.value.kind == "acquisition" or (start is None and end is None):
        return paid, paid + 1.0
    if start is None:
        start = max((end or paid) - _building_time(row), paid)
    return start, max(start + 1.0, start + _building_time(row) if end is None else end)


def _building_time(row: Row) -> float:
    """Quarters a plant of the sector takes to build, the median of the prior."""
    sector = row.value.sector
    return central_priors()[sector if sector in SECTORS else "other", "construction_quarters"].median


def remarks(layers: Layered) -> list[Remark]:
    """Every remark on a scenario's layers; a value the schema refuses is passed over."""
    root, announced = layers.root, rows(layers.root, "investments", Investment)
    origin = last_observed(root)
    with np.errstate(all="ignore"):
        found = [
            *repeated(layers.changes),
            *overruled(layers),
            *dropped((*layers.bases, *layers.changes)),
            *unread(root, announced),
            *implausible(root, announced),
            *unscaled(root),
            *piled_up(root),
        ]
        for row in announced:
            found += [*_bought(row), *known_plants(row)]
        if origin is not None:
            found += [*beyond_record(root, announced, origin), *_years_alone(announced, origin)]
            end = 4.0 * (1 + (value_at(root, "horizon", int) or DEFAULT_HORIZON))
            found += [*idle_policies(root, origin, end), *idle_ties(root, announced, origin)]
            for row in announced:
                found += [*_runs_already(row, origin), *_built_too_soon(row, origin), *_too_late(row, end)]
    return list(dict.fromkeys(found))


def _bought(row: Row) -> Iterator[Remark]:
    """A purchase after which more is built than was bought, or before which."""
    if row.value.kind != "acquisition":
        return
    amount, capex = row.value.amount, row.value.new_capex
    if amount and capex and mean(capex) > mean(amount):
        yield row.remark("new_capex", worded("warnings.plant.built_more", capex=mean(capex), amount=mean(amount)))
    announced, start = row.value.announced, row.value.construction_start
    if announced and start and start.ends()[1] < announced:
        dates = {"date": row.date("construction_start"), "announced": row.date("announced")}
        yield row.remark("construction_start", worded("warnings.plant.before_purchase", **dates))


_DATES = ("construction_start", "production_start", "production_end")


def _years_alone(announced: Sequence[Row], origin: int) -> Iterator[Remark]:
    """The first date still to come that is a year alone, which is read as the day on which the year begins."""
    found = [(row, key) for row in announced for key in _DATES if row.has(key) and _is_year_ahead(row, key, origin)]
    for row, key in found[:1]:
        year = int(row.written(key))
        more = worded("warnings.plant.year_alone_more", n=len(found) - 1) if len(found) > 1 else ""
        yield row.remark(key, worded("warnings.plant.year_alone", year=year, next=year + 1, more=more))


def _is_year_ahead(row: Row, key: str, origin: int) -> bool:
    date = getattr(row.value, key)
    return re.fullmatch(r"\d{4}", row.written(key).strip()) is not None and date is not None and date.ends()[0] > origin


def _built_too_soon(row: Row, origin: int) -> Iterator[Remark]:
    """A plant still to come that is to produce long before one that is begun when it is announced could."""
    announced, production, usual = row.value.announced, row.value.production_start, _building_time(row)
    if row.value.kind == "acquisition" or row.value.construction_start or not announced or not production:
        return
    left = production.ends()[1] - announced
    if production.ends()[1] > origin + 1 and left < usual / 2:
        date = row.date("production_start")
        yield row.remark(
            "production_start", worded("warnings.plant.too_soon", date=date, left=max(left, 0.0), usual=usual)
        )


def _runs_already(row: Row, origin: int) -> Iterator[Remark]:
    """A plant that runs by its dates, and is doubted all the same."""
    production = row.value.production_start
    if production is None or production.ends()[1] > origin + 1:
        return
    known = {"id": row.name, "origin": quarter(origin)}
    probability, slip = row.value.probability, row.value.slip
    if probability is not None and float(probability.ppf(0.5)) < 1.0:
        yield row.remark("probability", worded("warnings.plant.doubted", **known))
    if slip is not None and float(slip.ppf(0.5)) > 0.0:
        yield row.remark("slip", worded("warnings.plant.delayed", **known))


def _too_late(row: Row, end: float) -> Iterator[Remark]:
    """A plant that produces, or is begun, after the horizon."""
    for key, text in {"construction_start": "begun_late", "production_start": "ships_late"}.items():
        date = getattr(row.value, key)
        if date is not None and date.ends()[0] >= end:
            yield row.remark(key, worded(f"warnings.plant.{text}", date=row.date(key), id=row.name))
            return
