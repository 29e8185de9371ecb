"""An attribution in words: what each assumption contributes, through which channels, and how that was worked out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.attribution import ACCOUNT, Attribution
from forecast.comparison import Comparison
from forecast.comparison_tables import ACCOUNT_NAMES, signed, signed_interval
from forecast.contrasts import Contrast
from forecast.differences import summarised
from forecast.exchanges import contrast_changes, contrast_names
from forecast.languages import language
from forecast.layout import plain_table, shorten, titled
from forecast.numerals import rounded
from forecast.palette import BASIS_NAMES
from forecast.plan import BLOCK_SIZE
from forecast.summary import Summary

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
