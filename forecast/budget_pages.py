"""The pictures of an uncertainty budget: shares and swings on one page, draws against the main inputs on another."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from forecast.budget import Budget
from forecast.page import Heading, save_figure, titled_figure
from forecast.palette import BASIS_NAMES
from forecast.sources import SOURCES
from forecast.tornados import draw_scatter, draw_shares, draw_tornado

N_SWINGS, N_SCATTERS = 8, 3
NAMES = {"trade_balance": "the goods surplus", "investment_effect": "the effect of the announcements"}
SHORT = {"trade_balance": "Surplus", "investment_effect": "Effect"}


def save_budget_charts(budget: Budget) -> list[Path]:
    """Draw both pages into the folder of the run; the second only where an input is told from nothing."""
    stem = budget.run.folder / f"budget_{budget.series}_{budget.year}"
    pages = {stem.with_suffix(".png"): budget_chart(budget)}
    if budget.inputs:
        pages[stem.with_name(f"{stem.name}_inputs.png")] = inputs_chart(budget)
    for path, figure in pages.items():
        save_figure(figure, path)
    return list(pages)


def budget_chart(budget: Budget) -> Figure:
    """Shares of the variance by source, and the swings of the inputs that tell most."""
    shown = "shares are of the variance, with two Monte Carlo errors either way"
    foot = (
        "Low and high: lowest and highest tenth of the draws of an input, or no and yes; everything else as it comes."
    )
    heading = _heading(budget, "what spreads", shown, foot)
    figure, (left, right) = titled_figure(heading, columns=2, room=0.75, foot=0.3)
    rows, quantity = budget.ranked, f"{NAMES[budget.series]} in {budget.year}"
    alone, total, errors = (
        100 * part[rows, budget.at]
        for part in (budget.effects.first.value, budget.effects.total.value, budget.effects.total.error)
    )
    draw_shares(left, [SOURCES[budget.sources[row]] for row in rows], alone, total, errors, quantity=quantity)
    told = budget.inputs[:N_SWINGS]
    if not told:
        right.remove()
        return figure
    draw_tornado(
        right,
        [item.name for item in told],
        [item.swing for item in told],
        [item.labels for item in told],
        middle=float(budget.outcome.mean()),
        quantity=quantity,
        basis=budget.run.basis,
    )
    return figure


def inputs_chart(budget: Budget) -> Figure:
    """Draws of the outcome against the inputs that tell most."""
    shown = budget.inputs[:N_SCATTERS]
    words = "dots: draws, thinned; line: means of all draws in tenths of the input, or of no and yes"
    heading = _heading(budget, "what tells most of", words, "")
    figure, axes = titled_figure(heading, columns=len(shown), room=0.55, foot=0.15)
    for ax, item in zip(axes, shown, strict=True):
        quantity = f"{SHORT[budget.series]} in {budget.year}"
        draw_scatter(ax, item.values, budget.outcome, name=item.name, quantity=quantity, basis=budget.run.basis)
    return figure


def _heading(budget: Budget, asked: str, words: str, foot: str) -> Heading:
    return Heading(
        f"{budget.run.title}: {asked} {NAMES[budget.series]} in {budget.year}",
        f"{budget.outcome.size:,} draws; data to {budget.run.manifest['origin']}; {BASIS_NAMES[budget.run.basis]}; "
        f"{words}.",
        foot,
    )
