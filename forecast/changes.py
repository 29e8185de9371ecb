"""What assumptions change, as a page draws and tabulates it: one run against another, and announcements by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecast.assumptions import user_words
from forecast.causes import Division, because
from forecast.comparison import difference_summary, paired_difference
from forecast.diagram import Fan, Scene, diagram
from forecast.draws import CHANNELS
from forecast.figures import Grid, Row, Told, fan_of, forecast_reading, tick_writer
from forecast.languages import Language
from forecast.sentences import MEDIAN, chance_above, difference_sentences, interval, moving_levers
from forecast.summary import INTERVALS, Summary


def difference(run: int, told: Sequence[Told], divided: Division, language: Language) -> dict[str, Any]:
    """What a run changes against the first, paired draw by draw."""
    one, other = told[run], told[0]
    block_size = int(one.results.manifest["block_size"])
    change = difference_summary(paired_difference(one.results, other.results), block_size)
    years = change.years
    title = language.text("charts.difference", reference=other.name, unit=language.text("numbers.unit_a_year"))

    def readings(year: int) -> list[tuple[int | str, str]]:
        return [(run, forecast_reading(change, "rise", years.index(year), one.name, language, "+"))]

    headings = ["year", "median", "interval_50", "interval_80", "interval_95", "higher"]
    return {
        "run": run,
        "title": user_words(one.name),
        "sentence": difference_sentences(change, other.name, language),
        "diagram": diagram(
            title,
            language.text("charts.describe_difference", first=years[0], last=years[-1]),
            Scene([fan_of(run, change, "rise")]),
            readings,
            tick_writer(language),
        ),
        "table": Grid(
            title,
            [language.text(f"columns.{name}") for name in headings],
            [Row(_difference_cells(change, index, language)) for index in range(len(years))],
        ),
        "because": because(divided, language) if divided.n_assumptions or divided.obstacle else None,
    }


def _difference_cells(change: Summary, index: int, language: Language) -> list[str]:
    return [
        str(change.years[index]),
        language.amount(*change.estimate("rise", MEDIAN, index), "+"),
        *(language.span(interval(change, "rise", width, index), "+") for width in INTERVALS),
        chance_above(change, "rise", 0.0, index, language),
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
            (name, f"{_series_name(name, language)}: {language.money(*summary.estimate(name, 'mean', index), '+')}")
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
    means = [language.amount(*summary.estimate(name, "mean", index), "+") for name in names]
    whole = language.amount(*summary.estimate("investment_effect", "mean", index), "+")
    return [
        str(summary.years[index]), *means, whole, language.span(interval(summary, "investment_effect", 80, index), "+")
    ]  # fmt: skip
