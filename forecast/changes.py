"""What assumptions change, as a page draws and tabulates it: one run against another, and announcements by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecast.assumptions import user_words
from forecast.comparison import difference_table, paired_difference
from forecast.diagram import Fan, Scene, diagram
from forecast.draws import CHANNELS
from forecast.figures import Grid, Row, Told, fan_of, forecast_reading, tick_writer
from forecast.languages import Language
from forecast.sentences import MEDIAN, difference_end, difference_sentence, interval, moving_levers, statistic
from forecast.summary import INTERVALS, Summary, quantile_name

if TYPE_CHECKING:
    import pandas as pd


def difference(run: int, told: Sequence[Told], language: Language) -> dict[str, Any]:
    """What a run changes against the first, paired draw by draw."""
    one, other = told[run], told[0]
    n_draws, block_size = (int(one.results.manifest[name]) for name in ("n_draws", "block_size"))
    table = difference_table(paired_difference(one.results, other.results), block_size)
    years = [int(year) for year in table.index]
    title = language.text("charts.difference", reference=other.name, unit=language.text("numbers.unit_a_year"))
    bands = {
        width: (table[quantile_name(low)].to_numpy(), table[quantile_name(high)].to_numpy())
        for width, (low, high) in INTERVALS.items()
    }

    def readings(year: int) -> list[tuple[int | str, str]]:
        cells = _difference_cells(table, years.index(year), n_draws, language)
        spans = dict(zip(("span_50", "span_80", "span_95"), cells[2:5], strict=True))
        return [(run, language.text("charts.forecast", name=one.name, median=cells[1], **spans))]

    headings = ["year", "median", "interval_50", "interval_80", "interval_95", "higher"]
    return {
        "run": run,
        "title": user_words(one.name),
        "sentence": difference_sentence(table, other.name, n_draws, language),
        "diagram": diagram(
            title,
            language.text("charts.describe_difference", first=years[0], last=years[-1]),
            Scene([Fan(run, years, table[MEDIAN].to_numpy(), bands)]),
            readings,
            tick_writer(language),
        ),
        "table": Grid(
            title,
            [language.text(f"columns.{name}") for name in headings],
            [Row(_difference_cells(table, index, n_draws, language)) for index in range(len(years))],
        ),
    }


def _difference_cells(table: pd.DataFrame, index: int, n_draws: int, language: Language) -> list[str]:
    spans = [[difference_end(table, index, quantile_name(level)) for level in levels] for levels in INTERVALS.values()]
    return [
        str(table.index[index]),
        language.amount(*difference_end(table, index, MEDIAN), "+"),
        *(language.span(span, "+") for span in spans),
        language.chance(*difference_end(table, index, "probability_positive"), n_draws),
    ]


def effect(run: int, each: Told, language: Language) -> dict[str, Any]:
    """What the announcements add, by channel, and the levers beside them."""
    summary = each.results.statistics
    title = language.text("charts.effect", unit=language.text("numbers.unit_a_year"))
    names = [*CHANNELS, *moving_levers(summary)]
    headings = [language.text("columns.year"), *(_series_name(name, language) for name in names)]
    headings += [language.text(f"columns.{name}") for name in ("all", "interval_80")]

    def readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        return [(run, forecast_reading(summary, "investment_effect", index, each.name, language, "+"))]

    def channel_readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        return [
            (name, f"{_series_name(name, language)}: {language.money(*statistic(summary, name, 'mean', index), '+')}")
            for name in CHANNELS
        ]

    by_channel = language.text("charts.channels", unit=language.text("numbers.unit_a_year"))
    describe = language.text("charts.describe_difference", first=summary.years[0], last=summary.years[-1])
    fan = fan_of(run, summary, "investment_effect")
    whole = Fan(run, summary.years, summary.value("investment_effect", "mean"), {})
    bars = {name: summary.value(name, "mean") for name in CHANNELS}
    return {
        "run": run,
        "title": user_words(each.name),
        "diagrams": [
            diagram(title, describe, Scene([fan]), readings, tick_writer(language)),
            diagram(by_channel, describe, Scene([whole], bars=bars), channel_readings, tick_writer(language)),
        ],
        "table": Grid(
            title,
            headings,
            [Row(_effect_cells(summary, index, names, language)) for index in range(len(summary.years))],
        ),
    }


def _series_name(name: str, language: Language) -> str:
    return language.text(f"channels.{name}" if name in CHANNELS else f"levers.{name}")


def _effect_cells(summary: Summary, index: int, names: Sequence[str], language: Language) -> list[str]:
    means = [language.amount(*statistic(summary, name, "mean", index), "+") for name in names]
    whole = language.amount(*statistic(summary, "investment_effect", "mean", index), "+")
    return [
        str(summary.years[index]), *means, whole, language.span(interval(summary, "investment_effect", 80, index), "+")
    ]  # fmt: skip
