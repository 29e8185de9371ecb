"""What assumptions change, as a page draws and tabulates it: one run against another, and announcements by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecast.assumptions import user_words
from forecast.causes import Division, because
from forecast.comparison import difference_summary, paired_difference
from forecast.diagram import Diagram, Fan, Scene, diagram
from forecast.differences import moving_levers, tied
from forecast.draws import CHANNELS
from forecast.figures import Grid, Row, Told, fan_of, forecast_reading, tick_writer
from forecast.languages import Language
from forecast.numerals import ends
from forecast.sentences import MEDIAN, chance_above, difference_sentences, mixture_sentences
from forecast.summary import INTERVALS, Summary

EFFECT = "investment_effect"
"""Series of what the announcements add."""


def difference(run: int, told: Sequence[Told], divided: Division, language: Language) -> dict[str, Any]:
    """What a run changes against the first, paired draw by draw."""
    one, other = told[run], told[0]
    block_size = int(one.results.manifest["block_size"])
    change = difference_summary(paired_difference(one.results, other.results), block_size)
    years = change.years
    title = language.text("charts.difference", reference=other.name, unit=language.text("numbers.unit_a_year"))

    def readings(year: int) -> list[tuple[int | str, str]]:
        return [(run, forecast_reading(change, "rise", years.index(year), one.name, language, "+"))]

    ties, weighed = tied(change, "rise"), mixture_sentences([other.results, one.results], language)
    headings = ["year", "median", "interval_50", "interval_80", "interval_95", "higher", *(["lower"] if ties else [])]
    return {
        "run": run,
        "title": user_words(one.name),
        "sentence": " ".join([difference_sentences(change, other.name, language), *weighed]),
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
            [Row(_difference_cells(change, index, language, ties=ties)) for index in range(len(years))],
        ),
        "because": because(divided, language) if divided.n_assumptions or divided.obstacle else None,
    }


def _difference_cells(change: Summary, index: int, language: Language, *, ties: bool) -> list[str]:
    return [
        str(change.years[index]),
        language.amount(*change.estimate("rise", MEDIAN, index), "+"),
        *(language.span(ends(change, "rise", width, index), "+") for width in INTERVALS),
        *(chance_above(change, series, 0.0, index, language) for series in (["rise", "fall"] if ties else ["rise"])),
    ]


def effect(run: int, each: Told, language: Language) -> dict[str, Any]:
    """What the announcements add, by channel, and what the levers do beside them."""
    levers = moving_levers(each.results.statistics)
    diagrams, tables = [_fan(run, each, name, language) for name in levers], []
    if each.results.manifest["n_investments"]:
        diagrams = [_fan(run, each, EFFECT, language), _channels(run, each, language), *diagrams]
        tables.append(_effect_table(each, language))
    if levers:
        tables.append(_lever_table(each, levers, language))
    return {"run": run, "title": user_words(each.name), "diagrams": diagrams, "tables": tables}


def _fan(run: int, each: Told, series: str, language: Language) -> Diagram:
    """What the announcements or a lever do to the surplus."""
    summary = each.results.statistics

    def readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        return [(run, forecast_reading(summary, series, index, each.name, language, "+"))]

    scene = Scene([fan_of(run, summary, series)])
    return diagram(
        effect_title(series, language), _described(summary, language), scene, readings, tick_writer(language)
    )


def effect_title(series: str, language: Language) -> str:
    """Title of what the announcements or a lever do to the surplus."""
    unit = language.text("numbers.unit_a_year")
    if series == EFFECT:
        return language.text("charts.effect", unit=unit)
    return language.text("charts.lever", lever=language.text(f"levers.{series}"), unit=unit)


def _channels(run: int, each: Told, language: Language) -> Diagram:
    """What the announcements add on average, channel by channel."""
    summary = each.results.statistics

    def readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        return [
            (name, f"{_channel(name, language)}: {language.money(*summary.estimate(name, 'mean', index), '+')}")
            for name in CHANNELS
        ]

    title = language.text("charts.channels", unit=language.text("numbers.unit_a_year"))
    whole = Fan(run, summary.years, summary.value(EFFECT, "mean"), {})
    scene = Scene([whole], bars={name: summary.value(name, "mean") for name in CHANNELS})
    return diagram(title, _described(summary, language), scene, readings, tick_writer(language))


def _described(summary: Summary, language: Language) -> str:
    return language.text("charts.describe_difference", first=summary.years[0], last=summary.years[-1])


def _channel(name: str, language: Language) -> str:
    return language.text(f"channels.{name}")


def _effect_table(each: Told, language: Language) -> Grid:
    """Mean of every channel and of all, and the interval of all."""
    summary = each.results.statistics
    headings = [language.text(f"columns.{name}") for name in ("year", "all", "interval_80")]
    headings[1:1] = [_channel(name, language) for name in CHANNELS]
    rows = [
        Row(
            [str(year), *_means(summary, (*CHANNELS, EFFECT), index, language), _span(summary, EFFECT, index, language)]
        )
        for index, year in enumerate(summary.years)
    ]
    return Grid(effect_title(EFFECT, language), headings, rows)


def _lever_table(each: Told, levers: Sequence[str], language: Language) -> Grid:
    """Mean and interval of every lever."""
    summary = each.results.statistics
    headings = [language.text("columns.year")]
    for name in levers:
        headings += [language.text(f"levers.{name}"), language.text("columns.interval_80")]
    rows = [
        Row([str(year), *(cell for name in levers for cell in _lever_cells(summary, name, index, language))])
        for index, year in enumerate(summary.years)
    ]
    return Grid(language.text("charts.levers", unit=language.text("numbers.unit_a_year")), headings, rows)


def _lever_cells(summary: Summary, name: str, index: int, language: Language) -> list[str]:
    return [*_means(summary, (name,), index, language), _span(summary, name, index, language)]


def _means(summary: Summary, names: Sequence[str], index: int, language: Language) -> list[str]:
    return [language.amount(*summary.estimate(name, "mean", index), "+") for name in names]


def _span(summary: Summary, name: str, index: int, language: Language) -> str:
    return language.span(ends(summary, name, 80, index), "+")
