"""Pictures of runs held against one another: their paired difference by year, its distribution, and what it is made of.

Each is a whole page; the names of scenarios stand for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecast.catalogue import ENGLISH, Texts
from forecast.dims import Array
from forecast.errors import RunError
from forecast.plots.fan import bands_of, draw_difference
from forecast.plots.sensitivity import draw_densities, draw_ecdfs, draw_waterfall
from forecast.plots.style import Heading, quarter, save_figure, titled_figure
from forecast.results.highlights import place_of
from forecast.stats.quantiles import finite
from forecast.stats.summary import quantile_name

if TYPE_CHECKING:
    from forecast.analysis.attribution import Attribution
    from forecast.analysis.comparison import Comparison
    from forecast.results.results import Results

EFFECT = "effect"
"""Series of what the announcements of a run change."""

DIFFERENCE, DENSITIES, ECDFS = "difference.png", "densities.png", "ecdfs.png"
WATERFALL = "waterfall.png"
"""Pictures of a comparison that is stored."""


def difference_chart(comparison: Comparison, texts: Texts = ENGLISH) -> Figure:
    """The difference of each year: median and equal-tailed intervals."""
    alternative, reference = comparison.names
    heading = Heading(
        texts.text("plots.comparison.difference", alternative=alternative, reference=reference),
        texts.text("plots.comparison.titles", **_titles(comparison, texts)),
        texts.text("plots.comparison.intervals", pairs=_paired(comparison, texts)),
    )
    figure, (ax,) = titled_figure(heading)
    summary = comparison.by_year
    draw_difference(
        ax,
        summary.years,
        bands_of(summary, "rise"),
        summary.value("rise", quantile_name(0.5)),
        basis=comparison.reference.basis,
        alternative=alternative,
        reference=reference,
        texts=texts,
    )
    return figure


def densities_chart(comparison: Comparison, year: int | None = None, texts: Texts = ENGLISH) -> Figure:
    """How the effects of both scenarios and their difference are distributed in a year, the last by default.

    Raises:
        RunError: the comparison has no such year.
    """
    return _distributions(comparison, year, draw_densities, "densities", texts)


def ecdfs_chart(comparison: Comparison, year: int | None = None, texts: Texts = ENGLISH) -> Figure:
    """The chance that the effects of both scenarios and their difference are no larger than each value, in a year.

    Raises:
        RunError: the comparison has no such year.
    """
    return _distributions(comparison, year, draw_ecdfs, "ecdfs", texts)


def _distributions(
    comparison: Comparison, year: int | None, draw: Callable[..., Axes], what: str, texts: Texts
) -> Figure:
    """One axes for the effects of the announcements, where some run has any, and one for the difference."""
    shown, panels = comparison.by_year.years[place_of(year, comparison.by_year.years)], {}
    effects = {
        name: finite(run.drawn([EFFECT], [shown]))
        for name, run in zip(comparison.names, (comparison.alternative, comparison.reference), strict=True)
        if run.manifest["n_investments"]
    }
    if effects:
        panels[texts.text("plots.comparison.effect")] = effects
    alternative, reference = comparison.names
    names = {"alternative": alternative, "reference": reference}
    difference = finite(comparison.in_year(shown))
    panels[texts.text("plots.difference")] = {texts.text("plots.comparison.less", **names): difference}
    heading = Heading(
        texts.text("plots.comparison.year", **names, year=shown),
        texts.text(f"plots.comparison.{what}", **_titles(comparison, texts)),
        texts.text("plots.comparison.central", pairs=_paired(comparison, texts)),
    )
    figure, axes = titled_figure(heading, columns=len(panels), room=0.35, foot=0.15)
    for ax, (quantity, samples) in zip(axes, panels.items(), strict=True):
        draw(ax, samples, year=shown, basis=comparison.reference.basis, quantity=quantity, texts=texts)
    return figure


def _titles(comparison: Comparison, texts: Texts) -> dict[str, str]:
    runs = {"alternative": comparison.alternative, "reference": comparison.reference}
    return {side: texts.either(run.title, run.title_ko) for side, run in runs.items()}


def _paired(comparison: Comparison, texts: Texts) -> str:
    origin = quarter(comparison.reference.manifest["origin"], texts)
    return texts.text("plots.comparison.pairs", draws=f"{comparison.by_year.n_draws:,}", origin=origin)


def surplus_densities(runs: Mapping[str, Results], year: int) -> Figure:
    """How the surplus of a year is distributed in several runs of one basis, by the names to show.

    Raises:
        RunError: there is no run, they are of several bases, one has no such year, or its draws were not kept.
    """
    bases = {results.basis for results in runs.values()}
    if len(bases) != 1:
        raise RunError(f"got {f'runs on {len(bases)} bases' if runs else 'no run'}, expected runs of one basis")
    for results in runs.values():
        place_of(year, results.statistics.years)
    samples = {name: finite(results.drawn(["trade_balance"], [year])) for name, results in runs.items()}
    heading = Heading(f"The surplus of {year}", " and ".join(runs), "The axis holds the central 99 % of the draws.")
    figure, (ax,) = titled_figure(heading, room=0.35)
    draw_densities(ax, samples, year=year, basis=next(iter(runs.values())).basis)
    return figure


def waterfall_chart(
    attribution: Attribution, labels: Sequence[str], year: int | None = None, texts: Texts = ENGLISH
) -> Figure:
    """The difference of a year taken apart: the part of every assumption, the largest first, and the whole.

    Args:
        labels: of the assumptions, in their order.
        year: the last by default.
        texts: words and unit of the picture.

    Raises:
        RunError: the attribution has no such year, or no part.
    """
    if not attribution.contrasts:
        raise RunError(f"got {attribution.alternative} less {attribution.reference}, which assume the same")
    index = place_of(year, attribution.years)
    shown, whole = attribution.years[index], attribution.difference[index]
    parts = _largest(attribution.parts[:, index], labels, texts)
    draws = np.array(list(parts.values()))
    names = {"alternative": attribution.alternative, "reference": attribution.reference}
    heading = Heading(
        texts.text("plots.waterfall.title", **names, year=shown),
        texts.text("plots.waterfall.subtitle", **names),
        texts.text("plots.waterfall.method"),
    )
    low, high = np.quantile(whole, (0.1, 0.9)).tolist()
    figure, (ax,) = titled_figure(heading, room=0.75)
    draw_waterfall(
        ax,
        list(parts),
        draws.mean(axis=1),
        np.quantile(draws, (0.1, 0.9), axis=1).T,
        whole=(float(whole.mean()), low, high),
        quantity=texts.text("plots.in_year", quantity=texts.text("plots.difference"), year=shown),
        basis=attribution.basis,
        texts=texts,
    )
    return figure


MOST_BARS = 9
"""Parts drawn one by one; the others are added up."""


def _largest(parts: Array, labels: Sequence[str], texts: Texts) -> dict[str, Array]:
    """Draws of the largest parts by label, and of the others together, `(n_draws,)` each."""
    order = np.argsort(-np.abs(parts.mean(axis=1)), kind="stable")
    shown = {labels[row]: parts[row] for row in order[:MOST_BARS]}
    others = order[MOST_BARS:]
    rest = {texts.text("plots.waterfall.others", n=len(others)): parts[others].sum(axis=0)} if len(others) else {}
    return shown | rest


def save_comparison(comparison: Comparison, folder: Path, year: int | None, texts: Texts) -> None:
    """Draw the difference and its distribution in a year, the last if none is given, into a folder."""
    save_figure(difference_chart(comparison, texts), folder / DIFFERENCE)
    save_figure(densities_chart(comparison, year, texts), folder / DENSITIES)
    save_figure(ecdfs_chart(comparison, year, texts), folder / ECDFS)
