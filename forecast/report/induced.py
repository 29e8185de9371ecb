"""The claim of KIET put to the test: three definitions, flows, the rate that decides, plants, what rests on them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import log10, nan
from typing import Any

import numpy as np

from forecast.analysis.induced import CARS, RATES, Induced, latest_claim
from forecast.catalogue import one_line
from forecast.characters import plain_spaces
from forecast.dims import BASES, CHANNELS, Array
from forecast.economics.sectors import SECTORS
from forecast.models.evidence import FIRST_YEAR, recent_plants
from forecast.observations.affiliates import EXPORTED, existing_affiliates, value_per_vehicle, whole_years
from forecast.observations.announcements import announcements
from forecast.observations.annual import procurement_shares
from forecast.report.effect import MEDIAN
from forecast.report.i18n import ENGLISH, Language
from forecast.report.run import interval_headings
from forecast.report.table import Figure, Row, Table, figure, stated, table
from forecast.stats.formatting import ends, rounded
from forecast.stats.formatting import span as formatted_span
from forecast.stats.summary import INTERVALS, Summary, summarised

N_BATCHES = 20
"""Batches of posterior rows whose spread gives the Monte Carlo error."""

CLAIM_YEAR = 2023
"""Reference year of the shares the report cites."""


def definition_table(found: Induced, language: Language = ENGLISH) -> Table:
    """What can be meant by the claim: affiliates as importers, plants gross, plants net; shares of either surplus."""
    rows = []
    for name in ("importers", "gross", "net"):
        by_basis = {basis: _defined(found, name, basis) for basis in found.surplus}
        amount = by_basis.get("us_census", found.net)
        shares = [
            _share_cell(by_basis[basis] / found.surplus[basis], language) if basis in found.surplus else "–"
            for basis in BASES
        ]
        title = language.text(f"induced.definitions.{name}", year=found.related_year)
        rows.append(Row((title, *_cells(amount, 1, language, (80,)), *shares)))
    observed = [
        stated(language.amount(found.surplus[basis], 0.1, places=1)) if basis in found.surplus else "–"
        for basis in BASES
    ]
    rows.append(Row((language.text("induced.surplus"), "", "", *observed), apart=True))
    headings = language.headings(*(f"of_surplus_{basis}" for basis in BASES))
    return table(
        language.text("induced.three", span=_span(found, language), unit=language.text("numbers.unit")),
        ["", *language.headings("median"), _short_interval(80, language), *headings],
        rows,
        words=1,
    )


def _defined(found: Induced, name: str, basis: str) -> Array:
    return found.imported(basis) if name == "importers" else np.asarray(getattr(found, name))


def flow_table(found: Induced, language: Language = ENGLISH) -> Table:
    """Flows behind the second and the third definition."""
    rows = [Row((name, *_cells(draws, 2, language))) for name, draws in _flows(found, language)]
    for basis in found.surplus:
        rise = found.share_of_rise(basis)
        if rise is not None:
            words = language.text("bases." + basis)
            since = language.text("induced.rise", since=_span(found, language, FIRST_YEAR), basis=words)
            rows.append(Row((since, *_percents(rise, language))))
    title = language.text("induced.flows", span=_span(found, language), unit=language.text("numbers.unit"))
    headings = [_short_interval(width, language) for width in INTERVALS]
    return table(title, ["", *language.headings("median"), *headings], rows, words=1)


def _flows(found: Induced, language: Language) -> Iterator[tuple[str, Array]]:
    recent, existing, unlisted = found.flows.recent, found.flows.existing, found.flows.unlisted
    of_cars = np.array([name == SECTORS[CARS] for name in existing_affiliates().sectors])
    text = "induced.parts"
    yield language.text(f"{text}.machinery"), recent[0].sum(axis=0)
    yield language.text(f"{text}.replacement"), existing[0].sum(axis=0)
    yield language.text(f"{text}.recent"), recent[1].sum(axis=0)
    yield language.text(f"{text}.cars"), existing[1, of_cars].sum(axis=0)
    yield language.text(f"{text}.others"), existing[1, ~of_cars].sum(axis=0)
    yield language.text(f"{text}.unlisted"), unlisted[:2].sum(axis=0)
    yield language.text("induced.gross"), found.gross
    yield language.text(f"channels.{CHANNELS[2]}"), found.flows.channels[2]
    yield language.text(f"channels.{CHANNELS[3]}"), found.flows.channels[3]
    yield language.text("induced.net"), found.net


def sensitivity_table(found: Induced, language: Language = ENGLISH) -> Table:
    """Net trade and its share of the surplus by the exports of cars that a dollar of cars made there replaces."""
    basis = _first_basis(found)
    rows = []
    for rate in RATES:
        name = language.text("induced.posterior") if rate is None else f"{rate:g}"
        draws = found.net_at[rate]
        rows.append([name, *_cells(draws, 1, language, (80,)), _share_cell(draws / found.surplus[basis], language)])
    return table(
        language.text("induced.sensitivity", span=_span(found, language), unit=language.text("numbers.unit")),
        [
            language.heading("induced.rate"),
            *language.headings("median"),
            _short_interval(80, language),
            *language.headings(f"of_surplus_{basis}"),
        ],
        rows,
        words=1,
    )


def plant_table(found: Induced, language: Language = ENGLISH) -> Table:
    """The plants and affiliates that are counted, with what each leaves for the balance."""
    names = {row.id: f"{row.id}  {row.company}: {row.project}" for row in announcements()}
    wave, base, flows = recent_plants(), existing_affiliates(), found.flows
    rows = []
    for place, plant in enumerate(wave.ids):
        if plant in found.plants:
            sector, built = SECTORS[int(wave.sectors[place])], float(wave.capital[place, 0])
            rows.append([names[plant], *_plant_cells(sector, built, None, flows.recent[:, place], language)])
    at = base.row(found.year)
    for place, affiliate in enumerate(base.ids):
        if affiliate in found.affiliates:
            made = float(base.output[at, place]) * found.n_quarters / 4
            cells = _plant_cells(base.sectors[place], None, made, flows.existing[:, place], language)
            rows.append([language.text(f"affiliates.{affiliate}"), *cells])
    unit = language.text("numbers.unit")
    columns = ("plant", "sector_name", "built", "output", "gross", "net")
    return table(
        language.text("induced.plants", span=_span(found, language), unit=unit),
        [language.heading(f"columns.{name}", unit=unit) for name in columns],
        rows,
        words=2,
    )


def _plant_cells(sector: str, built: float | None, made: float | None, flows: Array, language: Language) -> list[str]:
    """Sector, what was built and made, gross and net trade, `flows` being `(4, n_draws)`."""
    factor = float(language.part("numbers.factor"))
    medians = (factor * float(np.median(part.sum(axis=0))) + 0.0 for part in (flows[:2], flows))
    places = 2 - round(log10(factor))
    written = ((f"{median:+.{places}f}".replace("-", "−"), median, nan) for median in medians)
    return [
        language.text(f"sectors.{sector}"),
        *("" if size is None else stated(language.amount(size, 0.01, places=1)) for size in (built, made)),
        *(figure(part[0], part) for part in written),
    ]


def support_words(found: Induced, language: Language = ENGLISH) -> str:
    """What rests in the US on what these plants buy in Korea: their output, their value added, what they export."""
    output, inputs = (
        found.flows.output.sum(axis=0),
        found.flows.recent[1].sum(axis=0) + found.flows.existing[1].sum(axis=0),
    )
    sentence = language.text(
        "induced.support",
        span=_span(found, language),
        inputs=_money_with_span(inputs, language),
        output=_money_with_span(output, language),
        value_added=_money_with_span(found.value_added, language),
    )
    exported, worth = whole_years((EXPORTED,)).get(found.year), value_per_vehicle(found.year)
    if exported is not None and worth is not None and found.n_quarters == 4:
        abroad = language.money(exported * worth / 1e6, 0.01, places=1)
        sentence += language.text("induced.exported", vehicles=f"{exported:,.0f}", amount=abroad)
    return plain_spaces(sentence)


def claim_section(language: Language) -> dict[str, Any] | None:
    """The claim on a page: heading, answer, tables and notes; None where the stored parameters are not current."""
    found = latest_claim()
    return None if found is None else _claim(found, language)


@cache
def _claim(found: Induced, language: Language) -> dict[str, Any]:
    return {
        "heading": language.text("induced.heading", span=_span(found, language)),
        "answer": induced_words(found, language),
        "tables": [definition_table(found, language), sensitivity_table(found, language)],
        "more": [flow_table(found, language)],
        "notes": [support_words(found, language), claim_words(language), language.text("induced.outside")],
    }


def claim_words(language: Language = ENGLISH) -> str:
    """What the report of April 2025 says, and what its number is not."""
    shares = {share.party: share.share for share in procurement_shares() if share.year == CLAIM_YEAR}
    korea, local = (language.share(round(shares[party], 3)) for party in ("korea", "local"))
    return plain_spaces(language.text("induced.claim", korea=korea, local=local, year=CLAIM_YEAR))


def induced_words(found: Induced, language: Language = ENGLISH) -> str:
    """The answer in a sentence, with interval and basis."""
    basis = _first_basis(found)
    surplus = found.surplus[basis]
    sentence = language.text(
        "induced.answer",
        span=_span(found, language),
        n_plants=len(found.plants) + len(found.affiliates),
        importers=_percent_span(found.imported(basis) / surplus, language),
        related_year=found.related_year,
        gross=_money_with_span(found.gross, language),
        gross_share=_percent_span(found.gross / surplus, language),
        net=_money_with_span(found.net, language),
        net_share=_percent_span(found.net / surplus, language),
        complements=_percent_median(found.net_at[0.0] / surplus, language),
        one_for_one=_percent_median(found.net_at[1.0] / surplus, language),
        surplus=language.money(surplus, 0.1, places=1),
        basis=language.text(f"bases.{basis}"),
    )
    return plain_spaces(sentence)


def _first_basis(found: Induced) -> str:
    return next(basis for basis in BASES if basis in found.surplus)


def _short_interval(width: int, language: Language) -> str:
    return one_line(interval_headings(language)[list(INTERVALS).index(width)])


def _cells(draws: Array, places: int, language: Language, widths: tuple[int, ...] = (*INTERVALS,)) -> list[str]:
    """Median and intervals of money."""
    summary = _summary(draws)
    spans = [language.interval(summary, "flow", width, 0, places=places) for width in widths]
    return [language.statistic(summary, "flow", MEDIAN, 0, places=places), *spans]


def _percents(shares: Array, language: Language) -> list[str]:
    """Median and intervals of a share, in percent."""
    summary = _summary(100 * shares)
    spans = (_percent_ends(summary, width, 1, language) for width in INTERVALS)
    return [_percent_figure(summary, 1), *spans]


def _percent_figure(summary: Summary, places: int) -> Figure:
    """Median of percents, as a bare number."""
    found = summary.estimate("flow", MEDIAN, 0)
    text = rounded(*found, places)
    return figure(text, (text, *found))


def _percent_ends(summary: Summary, width: int, places: int, language: Language) -> Figure:
    found = ends(summary, "flow", width, 0)
    low, high = formatted_span(found, places)
    return figure(language.text("numbers.range", low=low, high=high), (low, *found[0]), (high, *found[1]))


def _percent_median(shares: Array, language: Language) -> str:
    return language.text("numbers.percent", number=_percent_figure(_summary(100 * shares), 0))


def _share_cell(shares: Array, language: Language) -> Figure:
    """Median and 80 % interval of a share, in whole percent without the sign, for a table."""
    summary = _summary(100 * shares)
    median, span = _percent_figure(summary, 0), _percent_ends(summary, 80, 0, language)
    return figure(language.text("induced.with_span", median=median, span=span), *median.parts, *span.parts)


def _percent_span(shares: Array, language: Language) -> str:
    span = _percent_ends(_summary(100 * shares), 80, 0, language)
    return language.text("induced.with_span", median=_percent_median(shares, language), span=span)


def _money_with_span(draws: Array, language: Language) -> str:
    summary = _summary(draws)
    median = language.money(*summary.estimate("flow", MEDIAN, 0), places=1)
    return language.text("induced.with_span", median=median, span=language.interval(summary, "flow", 80, 0, places=1))


def _summary(draws: Array) -> Summary:
    return summarised(draws[None, None], (0,), ("flow",), -(-draws.size // N_BATCHES))


def _span(found: Induced, language: Language, year: int | None = None) -> str:
    """What is counted of a year, that of `found` by default: all of it, or the months observed of that."""
    first = 12 * (found.year if year is None else year)
    if found.n_quarters == 4:
        return language.text("induced.year", year=first // 12)
    return language.months(first, first + 3 * found.n_quarters - 1)
