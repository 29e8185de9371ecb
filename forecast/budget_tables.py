"""An uncertainty budget in words: shares by source, what would be worth knowing, and one plain paragraph."""

from __future__ import annotations

from math import floor, log10

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.budget import Budget
from forecast.layout import plain_table, titled
from forecast.numerals import rounded, span
from forecast.palette import BASIS_NAMES
from forecast.shares import LEVELS, Estimate, width
from forecast.sources import SOURCES
from forecast.summary import decimals, quantile_name
from forecast.worth import TAIL

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
