"""A comparison in words: tables by year and by channel, and one plain paragraph to quote.

An attribution in words: what each assumption contributes, through which channels, and how that was worked out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.analysis.attribution import ACCOUNT, Attribution
from forecast.analysis.comparison import Comparison, direction, share_without, summarised, tied, worth_telling
from forecast.engine.plan import BLOCK_SIZE
from forecast.plots.style import BASIS_NAMES, CHANNEL_NAMES, LEVER_NAMES
from forecast.report.assumptions import contrast_changes, contrast_names
from forecast.report.i18n import language
from forecast.report.sentences import mixture_sentences
from forecast.report.tables import plain_table, shorten, titled
from forecast.scenario.contrasts import Contrast
from forecast.stats.formatting import chance, chance_in_words, ends, rounded, span
from forecast.stats.summary import INTERVALS, Summary, quantile_name

ACCOUNT_NAMES: Mapping[str, str] = {"baseline_balance": "trade without new investment"} | CHANNEL_NAMES | LEVER_NAMES
"""What a difference is made of, in words."""


def comparison_table(comparison: Comparison) -> Group:
    """The difference by year and over all years: mean with its error, median, intervals and chances."""
    names = comparison.names
    basis = BASIS_NAMES[comparison.reference.basis]
    title = f"Surplus under {names[0]} less that under {names[1]}, bn USD a year, {basis}"
    intervals = [f"{width} %\ninterval" for width in INTERVALS]
    beyond = [f"Chance of\n{side}{size:g}" for size in comparison.beyond for side in ("over +", "under −")]
    by_year = comparison.by_year
    told = {"rise": "Chance it\nis higher"} | ({"fall": "Chance it\nis lower"} if tied(by_year, "rise") else {})
    chances = [(series, 0.0) for series in told]
    chances += [(series, size) for size in comparison.beyond for series in ("rise", "fall")]
    table = plain_table(["Year", "Mean", "Error", "Median", *intervals, *told.values(), *beyond])
    for index, year in enumerate(by_year.years):
        table.add_row(str(year), *_cells(by_year, index, chances))
    table.add_section()
    table.add_row(_span(comparison), *_cells(comparison.cumulated, len(by_year.years) - 1, chances))
    return titled(title, table)


def channel_table(comparison: Comparison) -> Group:
    """What the difference is made of by year, means; channels without any are left out."""
    account = comparison.channels
    moving = [name for name in ACCOUNT if account.value(name, "mean").any() or account.value(name, "sd").any()]
    headings = [ACCOUNT_NAMES[name].capitalize().replace(" ", "\n", 1) for name in moving]
    table = plain_table(["Year", *headings, "All"])
    for index, year in enumerate(account.years):
        cells = [signed(account, name, "mean", index) for name in moving]
        table.add_row(str(year), *cells, signed(comparison.by_year, "rise", "mean", index))
    return titled("What the difference is made of, mean, bn USD a year", table)


def branch_differences(comparison: Comparison) -> Group:
    """The difference in the last year by branch of the mixture that is compared; `Comparison.by_branch` has some."""
    table = plain_table(["Branch", "Share of\ndraws", "Difference,\nmedian", "Difference,\n80 % interval"])
    table.columns[0].justify = "left"
    for label, summary in comparison.by_branch.items():
        share = summary.n_draws / comparison.by_year.n_draws
        middle = signed(summary, "rise", quantile_name(0.5), 0)
        table.add_row(Text(label), f"{100 * share:.1f} %", middle, signed_interval(summary, "rise", 80, 0))
    return titled(f"By branch, {comparison.by_year.years[-1]}, bn USD", table)


def pairing_words(comparison: Comparison) -> Text:
    """How many draws and streams of random numbers stand behind the numbers."""
    streams, n_pairs = comparison.streams, comparison.by_year.n_draws
    failed = comparison.by_year.n_failed
    left_out = f", {failed:,} of them not finite and left out" if failed else ""
    alternative, reference = comparison.names
    runs = (streams.reference, reference), (streams.alternative, alternative)
    alone = " and ".join(f"{len(names)} only under {run}" for names, run in runs if names)
    n_streams = sum(map(len, (streams.both, streams.reference, streams.alternative)))
    return Text(
        f"{n_pairs:,} pair{'s' if n_pairs > 1 else ''} of draws{left_out}. Of {n_streams} streams of random numbers "
        f"{len(streams.both)} are used under both, with the same numbers{f'; {alone}' if alone else ''}. Error: Monte "
        "Carlo standard error of the mean; no number has more digits than its own allows."
    )


def comparison_words(comparison: Comparison) -> Text:
    """The difference in one sentence, with interval and basis, and what mixtures it is of."""
    weighed = mixture_sentences([comparison.reference, comparison.alternative], language("en"))
    return Text(" ".join([_difference(comparison), *weighed]).replace("\u00a0", " "))


def _difference(comparison: Comparison) -> str:
    by_year, last = comparison.by_year, len(comparison.by_year.years) - 1
    runs = zip(comparison.names, (comparison.alternative, comparison.reference), strict=True)
    alternative, reference = (f"{name} ({run.title})" for name, run in runs)
    manifest = comparison.reference.manifest
    origin = manifest["origin"]
    learned = (
        f"by the priors alone, nothing learned, from {origin} on"
        if manifest["parameters"] == "prior"
        else f"parameters learned from data up to {origin}"
    )
    basis = f"{BASIS_NAMES[comparison.reference.basis]}, {learned}"
    if not comparison.difference.any():
        return f"{alternative} gives the same surplus as {reference} in every draw and year; {basis}."
    return (
        f"Against {reference}, {alternative} changes Korea's goods surplus with the US by {_change(by_year, last)} in "
        f"{by_year.years[last]} and by {_change(comparison.cumulated, last)} over {_span(comparison)} together "
        f"(medians and 80 % intervals); {_direction(by_year, last)}; {basis}."
    )


def _direction(summary: Summary, index: int) -> str:
    """The likelier direction and its chance, and the chance of no difference where that is possible."""
    series, same = direction(summary, "rise", index), share_without(summary, "rise", index)
    verb = {"rise": "raises", "fall": "lowers"}[series]
    none = f", and that it makes no difference {100 * same:.0f} %" if worth_telling(same) else ""
    size = chance_in_words(summary, series, 0.0, index)
    return f"the chance that it {verb} the surplus of {summary.years[index]} is {size}{none}"


def signed(summary: Summary, series: str, name: str, index: int) -> str:
    """A signed statistic with the decimals its Monte Carlo error allows, two at most, one from 10 bn USD on."""
    value, error = summary.estimate(series, name, index)
    return rounded(value, error, _places(value), "+")


def signed_interval(summary: Summary, series: str, width: int, index: int) -> str:
    """Both ends of an interval, by the same rule with the decimals of one."""
    found = ends(summary, series, width, index)
    return " to ".join(span(found, min(_places(value) for value, _ in found), "+"))


def _places(value: float) -> int:
    return 1 if abs(value) >= 10 else 2


def _cells(summary: Summary, index: int, chances: Sequence[tuple[str, float]]) -> list[str]:
    error = float(summary.standard_error("rise", "mean")[index])
    middles = signed(summary, "rise", "mean", index), signed(summary, "rise", quantile_name(0.5), index)
    spans = [signed_interval(summary, "rise", width, index) for width in INTERVALS]
    return [
        middles[0],
        f"{error:.1g}" if isfinite(error) else "–",
        middles[1],
        *spans,
        *(chance(summary, series, size, index) for series, size in chances),
    ]


def _change(summary: Summary, index: int) -> str:
    median = signed(summary, "rise", quantile_name(0.5), index)
    return f"{median} bn USD ({signed_interval(summary, 'rise', 80, index)})"


def _span(comparison: Comparison) -> str:
    years = comparison.by_year.years
    return f"{years[0]}–{years[-1]}"


SHOWN = 12
"""Assumptions shown one by one; the others are added up."""


LABEL, CHANGE, SENTENCE = 45, 36, 120
"""Characters of an assumption's title and name, and of its change, in a table; of the former in a sentence."""


ALL, OTHERS = "all", "others"
"""Series of a `Ranking` beside those of the assumptions: the whole difference, and some parts added up."""


def attribution_table(comparison: Comparison, attribution: Attribution, year: int) -> Group:
    """Part of each assumption in the difference of a year, the largest first, and the channels it goes through."""
    index = attribution.years.index(year)
    ranking = ranked(attribution, index, SHOWN)
    channels = attribution.channels
    moving = [column for column in range(len(ACCOUNT)) if channels.value[:, column, index].any()]
    headings = [ACCOUNT_NAMES[ACCOUNT[column]].capitalize().replace(" ", "\n", 1) for column in moving]
    table = plain_table(["Assumption", "Change", "Mean", "80 % interval", *headings])
    for column in table.columns[:2]:
        column.justify = "left"
    for contrast in ranking.contrasts:
        row = attribution.contrasts.index(contrast)
        estimates = zip(channels.value[row, moving, index], channels.standard_error[row, moving, index], strict=True)
        cells = [rounded(float(mean), float(error), 2, "+") for mean, error in estimates]
        label, change = Text(_label(contrast, LABEL)), Text(shorten(_changes(contrast), CHANGE))
        table.add_row(label, change, *_numbers(ranking.summary, contrast.name, index), *cells)
    if ranking.n_others:
        table.add_row(f"{ranking.n_others} others together", "", *_numbers(ranking.summary, OTHERS, index))
    table.add_section()
    table.add_row("All", "", *_numbers(ranking.summary, ALL, index))
    names = " less ".join(comparison.names)
    title = f"Because of what: surplus under {names} in {year}, bn USD, {BASIS_NAMES[comparison.reference.basis]}"
    return titled(title, table)


def attribution_words(attribution: Attribution, year: int) -> Text:
    """The largest part in a sentence, and how the parts were worked out."""
    if not attribution.contrasts:
        return Text("The two assume the same: there is nothing to attribute.")
    index = attribution.years.index(year)
    ranking = ranked(attribution, index, 1)
    (largest,) = ranking.contrasts
    whole, _ = _numbers(ranking.summary, ALL, index)
    article = "" if largest.title else "the "
    part, span = _numbers(ranking.summary, largest.name, index)
    return Text(
        f"The largest part in {year} is that of {article}{_label(largest, SENTENCE)} ({_changes(largest)}): {part} "
        f"bn USD of a difference of {whole} (means; 80 % interval of the part {span}). "
        f"{_method(attribution)}"
    )


def _method(attribution: Attribution) -> str:
    orders = (
        "exact, over all orders in which the assumptions may change"
        if attribution.exact
        else "over a sample of the orders in which the assumptions may change, whose noise the intervals hold too"
    )
    failed = f" {attribution.n_failed:,} draws that were not finite are left out." if attribution.n_failed else ""
    gap = f"{max(attribution.gap, 1e-12):.0e}".replace("e-", "e−")
    return (
        f"Parts are Shapley values in every draw, {orders} ({attribution.n_scenarios} scenarios simulated); they add "
        f"up to the difference in every draw and year, within {gap} bn USD.{failed}"
    )


@dataclass(frozen=True, slots=True)
class Ranking:
    """The largest parts of a difference in a year.

    Attributes:
        contrasts: assumptions shown one by one, that with the largest mean part first.
        n_others: assumptions added up.
        summary: statistics of every part by name of its assumption, of `OTHERS` and of `ALL`.
    """

    contrasts: tuple[Contrast, ...]
    n_others: int
    summary: Summary


def ranked(attribution: Attribution, index: int, n_shown: int) -> Ranking:
    """The largest parts in the year at `index`, and the others together."""
    order = np.argsort(-np.abs(attribution.parts[:, index].mean(axis=-1)), kind="stable").tolist()
    shown, others = order[:n_shown], order[n_shown:]
    together = attribution.parts[others].sum(axis=0)
    draws = np.concatenate([attribution.parts, together[None], attribution.difference[None]])
    names = [*(contrast.name for contrast in attribution.contrasts), OTHERS, ALL]
    summary = summarised(draws, attribution.years, names, BLOCK_SIZE)
    return Ranking(tuple(attribution.contrasts[row] for row in shown), len(others), summary)


def _numbers(summary: Summary, series: str, index: int) -> tuple[str, str]:
    return signed(summary, series, "mean", index), signed_interval(summary, series, 80, index)


def _changes(contrast: Contrast) -> str:
    return contrast_changes(contrast, language("en")).replace("\u00a0", " ")


def _label(contrast: Contrast, width: int) -> str:
    """A user's title, cut where it takes more than `width` characters with what it is the title of."""
    names = contrast_names(contrast, language("en"))
    title = shorten(contrast.title, max(width - len(names), 12))
    return " · ".join(filter(None, (title, names)))
