"""An uncertainty budget, and induced trade: sources, inputs worth knowing, flows, plants and the claim of KIET.

Numbers with a standard error are written with the decimals it allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

import numpy as np

from forecast.analysis.budget import TAIL, Budget
from forecast.analysis.comparison import summarised
from forecast.analysis.induced import Induced
from forecast.dims import BASES, CHANNELS, Array
from forecast.economics.sectors import SECTORS
from forecast.models.evidence import FIRST_YEAR, recent_plants
from forecast.observations.announcements import announcements
from forecast.observations.annual import procurement_shares
from forecast.report.i18n import ENGLISH, Language
from forecast.report.run import interval_headings
from forecast.report.sentences import MEDIAN
from forecast.report.table import Row, Table, plain_spaces, table
from forecast.stats.formatting import ends, rounded
from forecast.stats.formatting import span as formatted_span
from forecast.stats.sensitivity import LEVELS, Estimate, width
from forecast.stats.summary import INTERVALS, Summary, decimals, quantile_name

N_INPUTS = 10
"""Inputs that are shown."""


def source_table(budget: Budget, language: Language = ENGLISH) -> Table:
    """Share of the variance by source, and by how much knowing it would narrow the interval; the largest first."""
    found, at = budget.effects, budget.at
    rows = []
    for row in budget.ranked:
        shares = (_share(part.value[row, at], part.error[row, at]) for part in (found.first, found.total))
        narrower = _money(float(budget.narrowing.value[row]), float(budget.narrowing.error[row]), language)
        rows.append([language.text(f"sources.{budget.sources[row]}"), *shares, narrower])
    together = _share(found.interactions.value[at], found.interactions.error[at])
    rows.append([language.text("budget.only_together"), together, "", ""])
    rows.append([language.text("budget.mean_noise"), f"{100 / budget.outcome.size:.2g}", "", ""])
    return table(
        language.text("budget.by_source", what=_outcome(budget, language), basis=_basis(budget, language)),
        [*language.headings("source", "alone", "with_interactions"), _narrower(language)],
        rows,
        words=1,
    )


def input_table(budget: Budget, language: Language = ENGLISH) -> Table:
    """What would be worth knowing: single inputs, those that tell most first."""
    error = float(budget.outcome.std()) / (TAIL * budget.outcome.size) ** 0.5
    return table(
        language.text("budget.by_input"),
        [*language.headings("input", "alone"), _narrower(language), language.heading("columns.tails")],
        (
            [
                item.name,
                _share(*_pair(item.share)),
                _money(*_pair(item.narrowing), language),
                _range([(end, error) for end in item.swing], language),
            ]
            for item in budget.inputs[:N_INPUTS]
        ),
        words=1,
    )


def _range(swing: Sequence[tuple[float, float]], language: Language) -> str:
    places = 0 if max(abs(value) for value, _ in swing) >= 100 else 1
    low, high = (language.amount(value, error, places=places) for value, error in swing)
    return language.text("numbers.range", low=low, high=high)


def _narrower(language: Language) -> str:
    return language.heading("columns.narrower", unit=language.text("numbers.unit"))


def budget_words(budget: Budget, language: Language = ENGLISH) -> str:
    """Where the spread comes from, what would narrow it, and how far these numbers can be trusted."""
    sentences = _interval_sentence, _sources_sentence, _inputs_sentence, _correlation_sentence, _noise_sentence
    return plain_spaces(" ".join(filter(None, (sentence(budget, language) for sentence in sentences))))


def _interval_sentence(budget: Budget, language: Language) -> str:
    summary = budget.run.statistics
    at, names = summary.years.index(budget.year), [quantile_name(level) for level in LEVELS]
    bounds = [summary.estimate(budget.series, name, at) for name in names]
    wide = bounds[1][0] - bounds[0][0], max(error for _, error in bounds)
    return language.text(
        "budget.interval",
        what=_outcome(budget, language),
        span=language.money_span(bounds, places=1),
        basis=_basis(budget, language),
        wide=language.amount(*wide, places=1),
    )


def _sources_sentence(budget: Budget, language: Language) -> str:
    alone = budget.effects.first.value[:, budget.at]
    largest = [row for row in np.argsort(-alone)[:3] if alone[row] > 0]
    listed = [
        language.text(
            f"budget.{'also' if place else 'most'}",
            share=_percent(alone[row], language),
            name=_named(budget.sources[row], language),
        )
        for place, row in enumerate(largest)
    ]
    together = _percent(budget.effects.interactions.value[budget.at], language)
    return language.text("budget.shares", listed=language.list(listed), together=together)


def _percent(share: float, language: Language) -> str:
    return language.share(round(float(share), 2))


def _named(source: str, language: Language) -> str:
    """A source within a sentence."""
    name = language.text(f"sources.{source}")
    return name if name.startswith("US") else name[0].lower() + name[1:]


def _inputs_sentence(budget: Budget, language: Language) -> str:
    whole = float(width(budget.outcome))
    telling = [item for item in budget.inputs if item.narrowing.value > 2 * item.narrowing.error]
    if not telling:
        return language.text("budget.no_input")
    best = max(telling, key=lambda item: float(item.narrowing.value))
    gain = float(best.narrowing.value)
    return language.text(
        "budget.best_input",
        name=best.name,
        gain=language.text("numbers.money", amount=_money(*_pair(best.narrowing), language)),
        share=_percent(gain / whole, language),
    )


def _correlation_sentence(budget: Budget, language: Language) -> str:
    """How inputs that are correlated are credited, or nothing."""
    if not budget.correlated:
        return ""
    shared = [
        language.text("budget.in_common", first=_named(first, language), other=_named(other, language))
        for first, other in budget.in_common
    ]
    return f"{'; '.join([language.text('budget.correlated'), *shared])}."


def _noise_sentence(budget: Budget, language: Language) -> str:
    n_draws, factor = budget.outcome.size, float(language.part("numbers.factor"))
    error = factor * float(budget.outcome.std(ddof=1)) / n_draws**0.5
    return language.text(
        "budget.noise",
        n_draws=f"{n_draws:,}",
        error=language.text("numbers.money", amount=f"{error:.{max(decimals(error) + 1, 0)}f}"),
        share=language.text("numbers.percent", number=f"{100 / n_draws:.2g}"),
    )


def _outcome(budget: Budget, language: Language) -> str:
    return language.text(f"budget.outcomes.{budget.series}", year=budget.year)


def _basis(budget: Budget, language: Language) -> str:
    return language.text(f"bases.{budget.run.basis}")


def _pair(estimate: Estimate) -> tuple[float, float]:
    return float(estimate.value), float(estimate.error)


def _share(value: float, error: float) -> str:
    return _with_error(100 * float(value), 100 * float(error))


def _money(value: float, error: float, language: Language) -> str:
    factor = float(language.part("numbers.factor"))
    return _with_error(factor * value, factor * error)


def _with_error(value: float, error: float) -> str:
    """A number and its standard error, with the decimals that allows; both together where they are next to nothing.

    >>> _with_error(12.42, 0.21), _with_error(0.00072, 0.00004), _with_error(0.00112, 0.00003), _with_error(0.0, 0.0)
    ('12.4 ± 0.2', '< 0.001', '0.00112 ± 0.00003', '0.00 ± 0.00')
    """
    if 0 < abs(value) + error < 0.001:
        return "< 0.001"
    if 0 < error < 1e-4:
        places = -floor(log10(error))
        return f"{value:.{places}f} ± {error:.{places}f}".replace("-", "−")
    return f"{rounded(value, error, 4)} ± {rounded(error, error, 4)}"


N_BATCHES = 20
"""Batches of posterior rows whose spread gives the Monte Carlo error."""

CLAIM_YEAR = 2023
"""Reference year of the shares the report cites."""


def flow_table(found: Induced, language: Language = ENGLISH) -> Table:
    """Induced trade by channel, gross and net, with intervals."""
    names = [language.text(f"channels.{name}") for name in CHANNELS]
    flows = list(zip(names, found.channels, strict=True))
    gross, net = ((language.text(f"induced.{name}"), getattr(found, name)) for name in ("gross", "net"))
    rows = [Row((name, *_cells(draws, 2, language))) for name, draws in (*flows[:2], gross, *flows[2:], net)]
    for basis, surplus in found.surplus.items():
        observed = language.text("induced.surplus", basis=language.text(f"bases.{basis}"))
        rows.append(Row((observed, language.amount(surplus, 0.1, places=1), *[""] * len(INTERVALS)), apart=True))
        rows.append(Row((language.text("induced.share"), *_percents(found.share(basis), language))))
        rise = found.share_of_rise(basis)
        if rise is not None:
            since = language.text("induced.rise", since=_span(found, language, FIRST_YEAR))
            rows.append(Row((since, *_percents(rise, language))))
    title = language.text("induced.flows", span=_span(found, language), unit=language.text("numbers.unit"))
    return table(title, ["", *language.headings("median"), *_short_intervals(language)], rows, words=1)


def _short_intervals(language: Language) -> list[str]:
    return [heading.replace("\n", " ") for heading in interval_headings(language)]


def plant_table(found: Induced, language: Language = ENGLISH) -> Table:
    """The plants that are counted, with what each leaves for the balance."""
    names = {row.id: f"{row.id}  {row.company}: {row.project}" for row in announcements()}
    columns = ("plant", "sector_name", "built", "gross", "net")
    unit = language.text("numbers.unit")
    return table(
        language.text("induced.plants", span=_span(found, language), unit=unit),
        [language.heading(f"columns.{name}", unit=unit) for name in columns],
        (
            [names[plant], *_plant_cells(plant, found.by_plant[:, index], language)]
            for index, plant in enumerate(found.plants)
        ),
        words=2,
    )


def _plant_cells(plant: str, flows: Array, language: Language) -> list[str]:
    wave, factor = recent_plants(), float(language.part("numbers.factor"))
    row = wave.ids.index(plant)
    medians = (factor * float(np.median(part.sum(axis=0))) + 0.0 for part in (flows[:2], flows))
    places = 2 - round(log10(factor))
    return [
        language.text(f"sectors.{SECTORS[int(wave.sectors[row])]}"),
        language.amount(float(wave.capital[row, 0]), 0.01, places=1),
        *(f"{median:+.{places}f}".replace("-", "−") for median in medians),
    ]


def claim_words(language: Language = ENGLISH) -> str:
    """What the report of April 2025 says, and what its number is not."""
    shares = {share.party: share.share for share in procurement_shares() if share.year == CLAIM_YEAR}
    korea, local = (language.share(round(shares[party], 3)) for party in ("korea", "local"))
    return plain_spaces(language.text("induced.claim", korea=korea, local=local, year=CLAIM_YEAR))


def induced_words(found: Induced, language: Language = ENGLISH) -> str:
    """The answer in a sentence, with interval and basis."""
    basis = next(basis for basis in BASES if basis in found.surplus)
    rise, risen = found.share_of_rise(basis), ""
    if rise is not None:
        share = _percent_span(rise, language)
        risen = language.text("induced.and_rise", share=share, since=_span(found, language, FIRST_YEAR))
    gross, net = (_money_with_span(draws, language) for draws in (found.gross, found.net))
    sentence = language.text(
        "induced.answer",
        span=_span(found, language),
        n_plants=len(found.plants),
        gross=gross,
        net=net,
        share=_percent_span(found.share(basis), language),
        surplus=language.money(found.surplus[basis], 0.1, places=1),
        rise=risen,
        basis=language.text(f"bases.{basis}"),
    )
    return plain_spaces(sentence)


def _cells(draws: Array, places: int, language: Language) -> list[str]:
    """Median and intervals of money."""
    summary = _summary(draws)
    spans = [language.interval(summary, "flow", width, 0, places=places) for width in INTERVALS]
    return [language.statistic(summary, "flow", MEDIAN, 0, places=places), *spans]


def _percents(shares: Array, language: Language) -> list[str]:
    """Median and intervals of a share, in percent."""
    summary = _summary(100 * shares)
    spans = (
        language.text("numbers.range", low=low, high=high)
        for low, high in (_percent_ends(summary, width, 1) for width in INTERVALS)
    )
    return [rounded(*summary.estimate("flow", MEDIAN, 0), 1), *spans]


def _percent_ends(summary: Summary, width: int, places: int) -> tuple[str, str]:
    low, high = formatted_span(ends(summary, "flow", width, 0), places)
    return low, high


def _percent_span(shares: Array, language: Language) -> str:
    summary = _summary(100 * shares)
    median = language.text("numbers.percent", number=rounded(*summary.estimate("flow", MEDIAN, 0), 0))
    low, high = _percent_ends(summary, 80, 0)
    return language.text("induced.with_span", median=median, span=language.text("numbers.range", low=low, high=high))


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
