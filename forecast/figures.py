"""The surplus as pages draw and tabulate it: fans over history, readings of a year, tables of levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.diagram import Diagram, Fan, Scene, diagram
from forecast.draws import Array
from forecast.languages import Language
from forecast.mixtures import World
from forecast.numerals import ends, rounded
from forecast.observations import annual_trade
from forecast.outcome import outcomes
from forecast.palette import HISTORY_YEARS
from forecast.results import Results
from forecast.sentences import MEDIAN, chance_above, chance_below, record_of
from forecast.summary import INTERVALS, Summary, quantile_name
from forecast.vintage import day_of


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a table, and the scenario they are of where the table holds several."""

    cells: Sequence[str]
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of numbers as text."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Told:
    """One run with the scenario or mixture it was made of, and the name it goes by on the page."""

    results: Results
    world: World
    name: str


def unit_of(results: Results, language: Language) -> dict[str, str]:
    """Unit and basis of the levels of a run, as titles name them."""
    return {"unit": language.text("numbers.unit_a_year"), "basis": language.text(f"bases.{results.basis}")}


def fan_of(run: int | str, summary: Summary, series: str, start: tuple[int, float] | None = None) -> Fan:
    """A series of a run as it is drawn."""
    bands = {
        width: (summary.value(series, quantile_name(low)), summary.value(series, quantile_name(high)))
        for width, (low, high) in INTERVALS.items()
    }
    return Fan(run, summary.years, summary.value(series, MEDIAN), bands, start)


def tick_writer(language: Language) -> Callable[[float, float], str]:
    """How a tick of money is written, given the step between ticks: with the decimals of that."""
    factor = float(language.part("numbers.factor"))

    def write(value: float, step: float) -> str:
        places = next(places for places in range(8) if round(step * factor, places) == round(step * factor, 9))
        return rounded(value * factor, 0.1**places, places)

    return write


def observed_balance(basis: str, as_of: str | None, first_year: int) -> tuple[list[int], Array]:
    """Years and surplus as known, within the last ten years before a forecast begins."""
    seen = annual_trade(basis, day=day_of(as_of))
    shown = (seen.years >= first_year - HISTORY_YEARS) & (seen.years < first_year) & np.isfinite(seen.balance)
    return seen.years[shown].tolist(), seen.balance[shown]


def forecast_reading(summary: Summary, series: str, index: int, name: str, language: Language, sign: str = "") -> str:
    """Median and intervals of one year in words."""
    places = 2 if sign else 0
    spans = {f"span_{width}": language.span(ends(summary, series, width, index), sign, places) for width in INTERVALS}
    median = language.money(*summary.estimate(series, MEDIAN, index), sign, places)
    return language.text("charts.forecast", name=name, median=median, **spans)


def fan_diagram(told: Sequence[Told], language: Language) -> Diagram:
    """The surplus as observed and as forecast by several runs of one basis and one day."""
    first = told[0].results
    years, balance = observed_balance(first.basis, first.as_of, first.statistics.years[0])
    start = (years[-1], float(balance[-1]))
    later = [outcome for outcome in outcomes(first) if outcome.months == 12]
    seen = dict(zip(years, balance.tolist(), strict=True))
    came = {outcome.year: outcome.value for outcome in later}
    last = max(each.results.statistics.years[-1] for each in told)
    begins = first.statistics.years[0]

    def readings(year: int) -> list[tuple[int | str, str]]:
        found: list[tuple[int | str, str]] = []
        for key, values in (("observed", seen), ("later", came)):
            if year in values:
                value = language.money(values[year], 0.1, places=1)
                found.append((key, language.text(f"charts.{key}", value=value)))
        if year < begins and year not in seen:
            found.append(("observed", language.text("charts.missing")))
        for run, each in enumerate(told):
            summary = each.results.statistics
            if year in summary.years:
                index = summary.years.index(year)
                found.append((run, forecast_reading(summary, "trade_balance", index, each.name, language)))
        return found

    return diagram(
        language.text("charts.fan", **unit_of(first, language)),
        language.text("charts.describe_fan", first=years[0], last=last),
        Scene(
            [fan_of(run, each.results.statistics, "trade_balance", start) for run, each in enumerate(told)],
            observed=(years, balance),
            later=[(outcome.year, outcome.value) for outcome in later],
            record=record_of(first.basis, first.as_of)[1],
        ),
        readings,
        tick_writer(language),
    )


def levels(told: Sequence[Told], language: Language) -> Grid:
    """The surplus by scenario and year: median, intervals, the chances of a record and of a deficit."""
    first = told[0].results
    record = record_of(first.basis, first.as_of)[1]
    headings = ["year", *(["scenario"] if len(told) > 1 else []), "median", "interval_50", "interval_80", "interval_95"]
    words = [language.text(f"columns.{name}") for name in headings]
    words.append(language.text("columns.above_record", record=language.money(record, 0.1, places=1)))
    words.append(language.text("columns.deficit"))
    rows = [
        Row(_level_cells(each, index, record, language, named=len(told) > 1), run)
        for run, each in enumerate(told)
        for index in range(len(each.results.statistics.years))
    ]
    return Grid(language.text("charts.fan", **unit_of(first, language)), words, rows)


def _level_cells(each: Told, index: int, record: float, language: Language, *, named: bool) -> list[str]:
    summary, series = each.results.statistics, "trade_balance"
    return [
        str(summary.years[index]),
        *([each.name] if named else []),
        language.amount(*summary.estimate(series, MEDIAN, index), places=1),
        *(language.span(ends(summary, series, width, index), places=0) for width in INTERVALS),
        chance_above(summary, series, record, index, language),
        chance_below(summary, series, index, language),
    ]
