"""An attribution in words: what each assumption contributes, through which channels, and how that was worked out."""

from __future__ import annotations

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.attribution import ACCOUNT, Attribution
from forecast.comparison import Comparison
from forecast.comparison_tables import ACCOUNT_NAMES, signed, signed_interval
from forecast.contrasts import Contrast
from forecast.differences import summarised
from forecast.layout import plain_table, shorten, titled
from forecast.numerals import rounded
from forecast.palette import BASIS_NAMES
from forecast.plan import BLOCK_SIZE
from forecast.summary import Summary

SHOWN = 12
"""Assumptions shown one by one; the others are added up."""

ALL, OTHERS = "all", "others"
"""Series of `parts_summary` beside those of the assumptions: the whole difference, and some parts added up."""


def attribution_table(comparison: Comparison, attribution: Attribution, year: int) -> Group:
    """Part of each assumption in the difference of a year, the largest first, and the channels it goes through."""
    index = attribution.years.index(year)
    order = ranked(attribution, index)
    summary = parts_summary(attribution, order[SHOWN:])
    means = attribution.channels.value[..., index]
    moving = [row for row in range(len(ACCOUNT)) if means[:, row].any()]
    headings = [ACCOUNT_NAMES[ACCOUNT[row]].capitalize().replace(" ", "\n", 1) for row in moving]
    table = plain_table(["Assumption", "Change", "Mean", "80 % interval", *headings])
    for column in table.columns[:2]:
        column.justify = "left"
    errors = attribution.channels.standard_error[..., index]
    for row in order[:SHOWN]:
        contrast = attribution.contrasts[row]
        cells = [rounded(float(means[row, column]), float(errors[row, column]), 2, "+") for column in moving]
        label, change = Text(shorten(_label(contrast), 42)), Text(shorten(contrast.change, 21))
        table.add_row(label, change, *_numbers(summary, contrast.name, index), *cells)
    if order[SHOWN:]:
        table.add_row(f"{len(order) - SHOWN} others together", "", *_numbers(summary, OTHERS, index))
    table.add_section()
    table.add_row("All", "", *_numbers(summary, ALL, index))
    names = f"{comparison.alternative.name} less {comparison.reference.name}"
    title = f"Because of what: surplus under {names} in {year}, bn USD, {BASIS_NAMES[comparison.reference.basis]}"
    return titled(title, table)


def attribution_words(attribution: Attribution, year: int) -> Text:
    """The largest part in a sentence, and how the parts were worked out."""
    if not attribution.contrasts:
        return Text("The two assume the same: there is nothing to attribute.")
    index = attribution.years.index(year)
    summary = parts_summary(attribution, [])
    largest = attribution.contrasts[ranked(attribution, index)[0]]
    whole, part = (signed(summary, name, "mean", index) for name in (ALL, largest.name))
    return Text(
        f"The largest part in {year} is that of {_label(largest)} ({largest.change}): {part} bn USD of a difference "
        f"of {whole} (means; 80 % interval of the part {signed_interval(summary, largest.name, 80, index)}). "
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


def ranked(attribution: Attribution, index: int) -> list[int]:
    """Assumptions by the size of their mean part in a year, the largest first."""
    order: list[int] = np.argsort(-np.abs(attribution.parts[:, index].mean(axis=-1)), kind="stable").tolist()
    return order


def parts_summary(attribution: Attribution, others: list[int]) -> Summary:
    """Statistics of every part, of some together and of the whole difference, series by name of the assumption."""
    together = attribution.parts[others].sum(axis=0)
    draws = np.concatenate([attribution.parts, together[None], attribution.difference[None]])
    names = [*(contrast.name for contrast in attribution.contrasts), OTHERS, ALL]
    return summarised(draws, attribution.years, names, BLOCK_SIZE)


def _numbers(summary: Summary, series: str, index: int) -> tuple[str, str]:
    return signed(summary, series, "mean", index), signed_interval(summary, series, 80, index)


def _label(contrast: Contrast) -> str:
    name = contrast.name.replace("investments.", "")
    return f"{name}, {contrast.title}" if contrast.title else name
