"""An uncertainty budget in words: shares by source, what would be worth knowing, and one plain paragraph.

What Korean plants in the US induced of a surplus, in words: flows, shares, plants, claim, and one sentence.
"""

from __future__ import annotations

from math import floor, log10

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.analysis.budget import TAIL, Budget
from forecast.analysis.comparison import summarised
from forecast.analysis.induced import Induced
from forecast.dims import BASES, CHANNELS, Array
from forecast.economics.sectors import SECTORS
from forecast.economics.uncertain_inputs import SOURCES
from forecast.models.evidence import FIRST_YEAR, recent_plants
from forecast.observations.announcements import announcements
from forecast.observations.annual import procurement_shares
from forecast.plots.style import BASIS_NAMES, CHANNEL_NAMES
from forecast.report.tables import plain_table, shorten, titled
from forecast.stats.formatting import interval, number, rounded, span
from forecast.stats.sensitivity import LEVELS, Estimate, width
from forecast.stats.summary import INTERVALS, Summary, decimals, quantile_name

OUTCOMES = {
    "trade_balance": "Korea's goods surplus with the US",
    "investment_effect": "the effect of the announcements on Korea's goods surplus with the US",
}
"""Series a budget is asked of, in words."""


_NARROWER = "80 % interval\nif known, bn USD\nnarrower"


N_INPUTS = 10
"""Inputs that are shown."""


def source_table(budget: Budget) -> Group:
    """Share of the variance by source, and by how much knowing it would narrow the interval; the largest first."""
    shares = ("Alone,\n% of variance", "With all its\ninteractions, %")
    table = plain_table(["Source", *shares, _NARROWER])
    table.columns[0].justify = "left"
    found, at = budget.effects, budget.at
    for row in budget.ranked:
        cells = (_share(part.value[row, at], part.error[row, at]) for part in (found.first, found.total))
        narrower = _spread(float(budget.narrowing.value[row]), float(budget.narrowing.error[row]))
        table.add_row(SOURCES[budget.sources[row]], *cells, narrower)
    together = _share(found.interactions.value[at], found.interactions.error[at])
    table.add_row("Only where several come together", together, "", "")
    table.add_row("Monte Carlo noise of the mean", f"{100 / budget.outcome.size:.2g}", "", "")
    return titled(f"Where the spread of {_what(budget)} comes from, {BASIS_NAMES[budget.run.basis]}", table)


def worth_table(budget: Budget) -> Group:
    """What would be worth knowing: single inputs, those that tell most first."""
    table = plain_table(
        ["Input", "Alone,\n% of variance", _NARROWER, "Mean of the outcome\nin its lowest and\nhighest tenth"]
    )
    table.columns[0].justify = "left"
    error = float(budget.outcome.std()) / (TAIL * budget.outcome.size) ** 0.5
    for item in budget.inputs[:N_INPUTS]:
        places = 0 if max(map(abs, item.swing)) >= 100 else 1
        swing = " to ".join(rounded(end, error, places) for end in item.swing)
        table.add_row(Text(item.name), _share(*_pair(item.share)), _spread(*_pair(item.narrowing)), swing)
    return titled("What would be worth knowing", table)


def budget_words(budget: Budget) -> Text:
    """Where the spread comes from, what would narrow it, and how far these numbers can be trusted."""
    sentences = _interval_words, _sources_words, _worth_words, _correlation_words, _noise_words
    return Text(" ".join(filter(None, (sentence(budget) for sentence in sentences))))


def _interval_words(budget: Budget) -> str:
    summary = budget.run.statistics
    at, names = summary.years.index(budget.year), [quantile_name(level) for level in LEVELS]
    ends, errors = (
        [float(part(budget.series, name)[at]) for name in names] for part in (summary.value, summary.standard_error)
    )
    low, high = span(list(zip(ends, errors, strict=True)), 1)
    wide = rounded(ends[1] - ends[0], max(errors), 1)
    basis = BASIS_NAMES[budget.run.basis]
    return f"The 80 % interval of {_what(budget)} is {low} to {high} bn USD ({basis}), {wide} wide."


def _sources_words(budget: Budget) -> str:
    alone = 100 * budget.effects.first.value[:, budget.at]
    largest = [row for row in np.argsort(-alone)[:3] if alone[row] > 0]
    first, *others = ((f"{alone[row]:.0f} %", _in_words(budget.sources[row])) for row in largest)
    most = f"{first[0]} of its variance is explained by {first[1]} alone"
    listed = ", ".join([most, *(f"{share} by {name}" for share, name in others)])
    together = 100 * float(budget.effects.interactions.value[budget.at])
    return f"{listed}; {together:.0f} % only by several together."


def _in_words(source: str) -> str:
    name = SOURCES[source]
    return name if name.startswith("US") else name[0].lower() + name[1:]


def _worth_words(budget: Budget) -> str:
    whole = float(width(budget.outcome))
    telling = [item for item in budget.inputs if item.narrowing.value > 2 * item.narrowing.error]
    if not telling:
        return "No single input, if it were known, would narrow the interval by more than Monte Carlo error."
    best = max(telling, key=lambda item: float(item.narrowing.value))
    gain = float(best.narrowing.value)
    return (
        f"Of single inputs, most would be gained by knowing “{best.name}”: on average that narrows the interval by "
        f"{_spread(gain, float(best.narrowing.error))} bn USD, {100 * gain / whole:.0f} % of it."
    )


def _correlation_words(budget: Budget) -> str:
    """How inputs that are correlated are credited, or nothing."""
    if not budget.correlated:
        return ""
    pairs = [[f"“{_in_words(source)}”" for source in pair] for pair in budget.in_common]
    sources = [f"what {other} has in common with {first} counts with {first}" for first, other in pairs]
    return f"{'; '.join(['The scenario correlates inputs, so that shares of single ones overlap', *sources])}."


def _noise_words(budget: Budget) -> str:
    n_draws = budget.outcome.size
    error = float(budget.outcome.std(ddof=1)) / n_draws**0.5
    places = max(decimals(error) + 1, 0)
    return (
        f"Monte Carlo noise is no part of this: with {n_draws:,} draws it moves the mean by {error:.{places}f} bn USD "
        f"(standard error), {100 / n_draws:.2g} % of the variance. ± is one standard error."
    )


def _what(budget: Budget) -> str:
    return f"{OUTCOMES[budget.series]} in {budget.year}"


def _pair(estimate: Estimate) -> tuple[float, float]:
    return float(estimate.value), float(estimate.error)


def _share(value: float, error: float) -> str:
    return _spread(100 * float(value), 100 * float(error))


def _spread(value: float, error: float) -> str:
    """A number and its standard error, with the decimals that allows; both together where they are next to nothing.

    >>> _spread(12.42, 0.21), _spread(0.00072, 0.00004), _spread(0.00112, 0.00003), _spread(0.0, 0.0)
    ('12.4 ± 0.2', '< 0.001', '0.00112 ± 0.00003', '0.0 ± 0.0')
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


OUTSIDE = (
    "Not counted: plants from before 2020 and what was added to them, sales companies, suppliers and plants outside "
    "this list, and what US duties took from these flows. Dates and amounts are as reported and taken as certain; the "
    "interval is that of the sector coefficients alone."
)


TRAP = (
    "The trap: {share:.0f} % is the share of all purchases of all affiliates, sales companies that resell Korean goods "
    "included, not of what a plant buys."
)


def flow_table(found: Induced) -> Group:
    """Induced trade by channel, gross and net, with intervals."""
    table = plain_table(["", "Median", *(f"{width} % interval" for width in INTERVALS)])
    table.columns[0].justify = "left"
    names = [CHANNEL_NAMES[name].capitalize() for name in CHANNELS]
    flows = dict(zip(names, found.channels, strict=True))
    rows = list(flows.items())
    ordered = [*rows[:2], ("Gross: induced exports", found.gross), *rows[2:], ("Net", found.net)]
    for name, draws in ordered:
        table.add_row(name, *_cells(draws, places=2))
    for basis, surplus in found.surplus.items():
        table.add_section()
        table.add_row(f"Surplus observed, {BASIS_NAMES[basis]}", f"{surplus:.1f}", "", "", "")
        table.add_row("  net as a share of it, %", *_cells(100 * found.share(basis), places=1))
        rise = found.share_of_rise(basis)
        if rise is not None:
            table.add_row(f"  of its rise since {_span(found, FIRST_YEAR)}, %", *_cells(100 * rise, places=1))
    return titled(f"Trade induced by Korean plants in the US, {_span(found)}, bn USD", table)


def plant_table(found: Induced) -> Group:
    """The plants that are counted, with what each leaves for the balance."""
    wave = recent_plants()
    names = {row.id: f"{row.id}  {row.company}: {row.project}" for row in announcements()}
    table = plain_table(["Plant", "Sector", "Built,\nbn USD", "Gross", "Net"])
    for column in table.columns[:2]:
        column.justify = "left"
    for index, plant in enumerate(found.plants):
        row = wave.ids.index(plant)
        flows = found.by_plant[:, index]
        medians = (f"{np.median(part.sum(axis=0)) + 0.0:+.2f}".replace("-", "−") for part in (flows[:2], flows))
        sector = SECTORS[int(wave.sectors[row])].replace("_", " ")
        table.add_row(Text(shorten(names[plant], 56)), sector, f"{wave.capital[row, 0]:.1f}", *medians)
    return titled(f"Plants counted in {_span(found)}, medians, bn USD", table)


def claim_words() -> Text:
    """What the report of April 2025 says, and what its number is not."""
    shares = {share.party: share.share for share in procurement_shares() if share.year == CLAIM_YEAR}
    trap = TRAP.format(share=100 * shares["korea"])
    return Text(
        f"The claim (KIET, April 2025): the surplus is largely a by-product of Korean plants in the US, as affiliates "
        f"there buy {100 * shares['korea']:.0f} % of their inputs in Korea and {100 * shares['local']:.1f} % locally "
        f"({CLAIM_YEAR}). No amount in dollars was found in what was printed of the report. {trap}"
    )


def induced_words(found: Induced) -> Text:
    """The answer in a sentence, with interval and basis."""
    basis = next(basis for basis in BASES if basis in found.surplus)
    rise = found.share_of_rise(basis)
    risen = "" if rise is None else f", and {_told(100 * rise, '%', 0)} of its rise since {_span(found, FIRST_YEAR)}"
    gross, net = (_told(draws, "bn USD", 1) for draws in (found.gross, found.net))
    surplus = f"the surplus of {found.surplus[basis]:.1f} bn USD"
    return Text(
        f"In {_span(found)}, {len(found.plants)} Korean plants that were being built or ran in the US induced exports "
        f"from Korea of {gross}; less the exports they displaced and what they shipped back that is {net} net, or "
        f"{_told(100 * found.share(basis), '%', 0)} of {surplus}{risen} (medians and 80 % intervals, "
        f"{BASIS_NAMES[basis]}); what older plants and sales companies induced comes on top and is not counted."
    )


def _cells(draws: Array, places: int) -> list[str]:
    """Median and intervals."""
    summary = _summary(draws)
    spans = [interval(summary, "flow", width, 0, places=places) for width in INTERVALS]
    return [number(summary, "flow", quantile_name(0.5), 0, places=places), *spans]


def _told(draws: Array, unit: str, places: int) -> str:
    summary = _summary(draws)
    median = number(summary, "flow", quantile_name(0.5), 0, places=places)
    return f"{median} {unit} ({interval(summary, 'flow', 80, 0, places=places)})"


def _summary(draws: Array) -> Summary:
    return summarised(draws[None, None], (0,), ("flow",), -(-draws.size // N_BATCHES))


def _span(found: Induced, year: int | None = None) -> str:
    """What is counted of a year, that of `found` by default: all of it, or the months observed of that."""
    months = {1: "January–March ", 2: "January–June ", 3: "January–September ", 4: ""}
    return f"{months[found.n_quarters]}{found.year if year is None else year}"
