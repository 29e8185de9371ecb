"""The pictures that commands make: stored results and observed history handed to `plots`.

The pictures of an uncertainty budget: shares and swings on one page, draws against the main inputs on another.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from forecast.analysis.budget import Budget
from forecast.dims import BASES, CHANNELS
from forecast.economics.uncertain_inputs import SOURCES
from forecast.observations.annual import annual_trade, history
from forecast.observations.vintage import day_of, vintage
from forecast.plots.fan import Bands, Effect, fan_figure, history_figure
from forecast.plots.sensitivity import draw_scatter, draw_shares, draw_tornado
from forecast.plots.style import BASIS_NAMES, HISTORY_YEARS, Heading, fan_subtitle, save_figure, titled_figure
from forecast.results.archive import outcomes
from forecast.results.results import Results
from forecast.stats.summary import INTERVALS, Summary, quantile_name

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


EFFECT_NOTE = "The effect is what the announcements add beyond their flows of that quarter; bars add up to its mean."


TRADE_SOURCES = {"korea_customs": "Korea Customs Service via KITA and MOTIE", "us_census": "US Census Bureau"}


def save_fan_chart(results: Results) -> None:
    """Draw the picture of a run to its place in the run's folder."""
    save_figure(fan_chart(results), results.chart)


def fan_chart(results: Results) -> Figure:
    """The surplus with its history and, where there are investments, their effect on it."""
    summary, manifest = results.statistics, results.manifest
    first_year = summary.years[0]
    observed = annual_trade(results.basis, day=day_of(results.as_of))
    shown = (observed.years >= first_year - HISTORY_YEARS) & (observed.years < first_year)
    return fan_figure(
        Heading(
            results.title,
            fan_subtitle(results.basis, summary.n_draws, manifest["origin"], prior=manifest["parameters"] == "prior"),
            _source(results) + (EFFECT_NOTE if manifest["n_investments"] else ""),
        ),
        summary.years,
        _bands(summary, "trade_balance"),
        summary.value("trade_balance", quantile_name(0.5)),
        observed=(observed.years[shown], observed.balance[shown]),
        basis=results.basis,
        record=vintage(results.as_of).records[results.basis],
        later=[(outcome.year, outcome.value) for outcome in outcomes(results) if outcome.months == 12],
        effect=_effect(summary) if manifest["n_investments"] else None,
    )


def history_chart(n_years: int = HISTORY_YEARS) -> Figure:
    """Exports, imports and balance of the last years on both bases, as in the chart of KIET's report of April 2025."""
    seen = history(n_years)
    books = {basis: getattr(seen, basis) for basis in BASES}
    return history_figure(
        Heading(
            "Korea's goods trade with the US",
            "The two books differ in valuation, timing and coverage: do not compare a flow of one with the other.",
            "Sources: " + "; ".join(f"{TRADE_SOURCES[basis]} ({BASIS_NAMES[basis]})" for basis in BASES) + ".",
        ),
        {basis: (book.years, book.values, book.months) for basis, book in books.items()},
    )


def save_history_chart(path: Path, n_years: int = HISTORY_YEARS) -> None:
    """Draw the last years of trade to `path`."""
    save_figure(history_chart(n_years), path)


def _source(results: Results) -> str:
    others = "" if results.as_of is None else f" and what else was public on {results.as_of}"
    observed = TRADE_SOURCES[results.basis]
    return f"Source: {observed} (observed); forecast from data to {results.manifest['origin']}{others}. "


def _bands(summary: Summary, series: str) -> Bands:
    return {
        width: (summary.value(series, quantile_name(low)), summary.value(series, quantile_name(high)))
        for width, (low, high) in INTERVALS.items()
    }


def _effect(summary: Summary) -> Effect:
    return Effect(
        bands=_bands(summary, "investment_effect"),
        median=summary.value("investment_effect", quantile_name(0.5)),
        contributions={channel: summary.value(channel, "mean") for channel in CHANNELS},
    )
