"""The pictures that commands make: stored results and observed history handed to `plots`."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from forecast.bands import Bands
from forecast.draws import BASES, CHANNELS
from forecast.fans import Effect, fan_figure
from forecast.observations import annual_trade, history
from forecast.outcome import outcomes
from forecast.page import Heading, save_figure
from forecast.palette import BASIS_NAMES, HISTORY_YEARS, fan_subtitle
from forecast.past_trade import history_figure
from forecast.results import Results
from forecast.summary import INTERVALS, Summary, quantile_name
from forecast.vintage import day_of, vintage

EFFECT_NOTE = "The effect is what the announcements add beyond their flows of that quarter; bars add up to its mean."
SOURCES = {"korea_customs": "Korea Customs Service via KITA and MOTIE", "us_census": "US Census Bureau"}


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
            "Sources: " + "; ".join(f"{SOURCES[basis]} ({BASIS_NAMES[basis]})" for basis in BASES) + ".",
        ),
        {basis: (book.years, book.values, book.months) for basis, book in books.items()},
    )


def save_history_chart(path: Path, n_years: int = HISTORY_YEARS) -> None:
    """Draw the last years of trade to `path`."""
    save_figure(history_chart(n_years), path)


def _source(results: Results) -> str:
    others = "" if results.as_of is None else f" and what else was public on {results.as_of}"
    return f"Source: {SOURCES[results.basis]} (observed); forecast from data to {results.manifest['origin']}{others}. "


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
