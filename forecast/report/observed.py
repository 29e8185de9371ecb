"""What was observed beside a forecast: later surplus in both books, the quarter under way, memory, products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from forecast import dims
from forecast.analysis.memory import MemoryRise, MemoryStanding, memory_rise, memory_standing
from forecast.dims import Array
from forecast.economics.memory import MemoryLevel
from forecast.economics.products import composition
from forecast.observations.annual import year_over_first_months
from forecast.observations.products import PRODUCTS, product_exports
from forecast.observations.vintage import day_of, vintage
from forecast.quarters import year_of
from forecast.report.effect import MEDIAN
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Table, table
from forecast.results.archive import Outcome, other_book
from forecast.results.highlights import first_quarter
from forecast.results.results import Results
from forecast.scenario.memory import AS_FITTED, Memory
from forecast.scenario.scenario import Scenario
from forecast.stats.summary import INTERVALS, Summary, quantile_name

ROUNDING = 0.1
"""Error with which observed trade is printed, bn USD."""

EVEN = 0.5
"""Difference from what was said below which a sum counts as the same, bn USD."""

YEARS_COMPARED = 10
"""Whole years whose first months say what a year under way may come to."""


def memory_sentences(summary: Summary, quarter: int, scenarios: Sequence[Scenario], language: Language) -> list[str]:
    """How far exports of memory stand from their trend in a quarter, and how they go on; nothing where unknown.

    Args:
        summary: of the run.
        quarter: the last observed one.
        scenarios: that are told, of one day: one, or the branches of a mixture.
    """
    standing = memory_standing(quarter, day_of(scenarios[0].as_of))
    if standing is None:
        return []
    stated = [scenario.memory != AS_FITTED for scenario in scenarios]
    carried = "stated" if all(stated) else "mixed" if any(stated) else "carried"
    if all(scenario.memory == Memory("fades") for scenario in scenarios):
        carried = "fading"
    known = vintage(scenarios[0].as_of)
    found = composition(known.trade, known.bridge, day_of(known.as_of))
    parted = found.level["us_census"] != found.level["korea_customs"]
    korean = scenarios[0].basis == "korea_customs"
    gap = "gap_lasts" if all(stated) else "gap_mixed" if any(stated) else "gap_fades"
    goes_on = [language.text(f"memory.{carried}")]
    goes_on += [language.text("memory.duties")] * any(scenario.tariffs for scenario in scenarios)
    if parted and gap == "gap_fades" and korean:
        goes_on.append(_fading_gap(summary, language))
    elif parted and (korean or all(stated)):
        goes_on.append(language.text(f"memory.{gap}"))
    said = [*_memory_parts(standing, found.level["us_census"] if parted else None, quarter, goes_on, language)]
    if found.quarter < quarter:
        told, last = (language.date(float(each)) for each in (found.quarter, quarter))
        said.insert(1, language.text("memory.not_counted", known=told, last=last))
    return [" ".join(said)]


def _memory_parts(
    standing: MemoryStanding, held: MemoryLevel | None, last: int, goes_on: Sequence[str], language: Language
) -> Iterator[str]:
    """Sentences on memory; `held` is what US books hold of it in the `last` quarter, where the books have parted."""
    key, sign = ("above", "") if min(*standing.above, *standing.year_above) > 0 else ("near", "+")
    first, quarter = (language.date(float(each)) for each in (standing.first, standing.quarter))
    yield language.text(
        f"memory.{key}",
        rate=_whole(standing.rate, language),
        quarter=quarter,
        span=_span(standing.above, sign, language),
        year_span=_span(standing.year_above, sign, language),
    )
    if held is not None:
        where = "above" if min(held.above) > 0 else "near"
        span = _span(held.above, "" if where == "above" else "+", language)
        of = "same_trend" if last == standing.quarter else "trend_of"
        trend = language.text(f"memory.{of}", quarter=language.date(float(last)))
        yield language.text(f"memory.held_{where}", rate=_whole(4 * held.quarter, language), span=span, trend=trend)
    year, change = standing.fall
    yield from goes_on
    yield language.text("memory.fell", year=year, share=language.share(abs(round(change, 2))))
    yield language.text("memory.trend", first=first, before=language.date(float(standing.quarter - 4)), quarter=quarter)


def _fading_gap(summary: Summary, language: Language) -> str:
    """That memory falls in Korean books as the gap fades, by its medians of the first two years where they fall."""
    series, n_years = dims.PRODUCT_SERIES[0], min(len(summary.years), 2)
    medians = [summary.estimate(series, MEDIAN, index) for index in range(n_years)] if series in summary.series else []
    if len(medians) < 2 or medians[1][0] >= medians[0][0]:
        return language.text("memory.gap_fades")
    now, then = (language.money(*median, places=0) for median in medians)
    return language.text("memory.gap_falls", year=summary.years[0], now=now, next=summary.years[1], then=then)


def _span(values: Sequence[float], sign: str, language: Language) -> str:
    return language.money_span([(value, 1.0) for value in values], sign, places=0)


def _whole(value: float, language: Language) -> str:
    return language.money(value, 1.0, places=0)


def outcome_sentences(
    results: Results, later: Sequence[Outcome], scenarios: Sequence[Scenario], language: Language
) -> list[str]:
    """The surplus of years as observed since, in both books, beside what the forecast said of them.

    Args:
        scenarios: that were run: one, or the branches of a mixture. Where one of them states what becomes of trade
            itself, no part of what was missed is told to be memory.
    """
    whole = [_whole_year(results, outcome, language) for outcome in later if outcome.months == 12]
    under_way = [outcome for outcome in later if outcome.months < 12]
    free = not any(map(_states_trade, scenarios))
    return whole + [text for outcome in under_way for text in _part(results, outcome, language, by_record=free)]


def _states_trade(scenario: Scenario) -> bool:
    """Whether a scenario states what moves trade beside the announcements, so that its record alone does not."""
    stated = (scenario.tariffs, scenario.import_commitments, scenario.drivers, scenario.shocks)
    return any(stated) or scenario.memory != AS_FITTED


def _said(results: Results, year: int, level: float) -> tuple[float, float]:
    """A quantile of the surplus of a year, with its error."""
    summary = results.statistics
    return summary.estimate("trade_balance", quantile_name(level), summary.years.index(year))


def _seen(value: float, language: Language) -> str:
    return language.money(value, ROUNDING, places=1)


def _whole_year(results: Results, outcome: Outcome, language: Language) -> str:
    """The surplus of a year and where it fell, what had been said, and the other book where its figure is known."""
    year = {"year": outcome.year}
    parts = [
        language.text(
            "sentences.outcome",
            value=_seen(outcome.value, language),
            rank="" if outcome.percentile is None else _rank(outcome.percentile, language),
            **year,
        ),
        language.text(
            "sentences.outcome_said",
            median=language.money(*_said(results, outcome.year, 0.5), places=1),
            basis=language.text(f"bases.{results.basis}"),
            **year,
        ),
    ]
    if outcome.other_book is not None:
        basis = language.text(f"bases.{other_book(results)}")
        value = _seen(outcome.other_book, language)
        parts.append(language.text("sentences.outcome_other", basis=basis, value=value, **year))
    return " ".join(parts)


def _rank(percentile: float, language: Language) -> str:
    """Where among the draws a value lies.

    >>> _rank(62.7, ENGLISH), _rank(0.2, ENGLISH)
    (', at the 63rd percentile of this forecast', ', below the 1st percentile of this forecast')
    """
    side = "below" if percentile < 1 else "above" if percentile > 99 else "at"
    return language.text(f"ranks.{side}", ordinal=language.ordinal(round(percentile)))


def _part(results: Results, outcome: Outcome, language: Language, *, by_record: bool) -> Iterator[str]:
    """What was seen of a year under way, what the year may come to by earlier ones, and why if that is far off.

    Args:
        by_record: whether trade moves as its record says and nothing else is stated of it.
    """
    median = _said(results, outcome.year, 0.5)
    beyond = outcome.value - median[0]
    yield language.count(
        f"sentences.part_{'even' if abs(beyond) < EVEN else 'more' if beyond > 0 else 'less'}",
        outcome.months,
        year=outcome.year,
        value=_seen(outcome.value, language),
        median=language.money(*median, places=1),
    )
    if results.basis != "us_census":
        return
    years = outcome.value * year_over_first_months(outcome.months, YEARS_COMPARED)
    yield _coming_year(results, outcome, years, language)
    rise = memory_rise(outcome.year, outcome.months)
    if by_record and rise is not None and np.median(years) > _said(results, outcome.year, 0.9)[0]:
        yield " ".join(_because_of_memory(rise, language))


def _because_of_memory(rise: MemoryRise, language: Language) -> Iterator[str]:
    """What memory was in the months seen and a year before, and how all exports changed beside it in either book."""

    def change(value: float) -> str:
        return language.money(value, ROUNDING, "+", places=1)

    now, before = (_seen(value, language) for value in (rise.now, rise.before))
    yield language.text("sentences.because_memory", now=now, before=before)
    if rise.korean is not None:
        n_months, memory, exports = rise.korean
        yield language.count("sentences.because_korean", n_months, memory=change(memory), rise=change(exports))
    yield language.text("sentences.because_census", rise=change(rise.census))


def _coming_year(results: Results, outcome: Outcome, years: Array, language: Language) -> str:
    """What a year comes to where its months had the share that they had in each of earlier years, `(n_years,)`."""
    ends = {width: [_said(results, outcome.year, level) for level in levels] for width, levels in INTERVALS.items()}
    outside = {
        "above": [int((years > ends[width][1][0]).sum()) for width in (80, 95)],
        "below": [int((years < ends[width][0][0]).sum()) for width in (80, 95)],
    }
    side = max(outside, key=outside.__getitem__)
    n_80, n_95 = outside[side]
    return language.text(
        f"sentences.coming_{side if 2 * n_80 > len(years) else 'inside'}",
        year=outcome.year,
        first=outcome.year - len(years),
        last=outcome.year - 1,
        span=language.money_span([(float(end), 1.0) for end in (years.min(), years.max())], places=0),
        span_80=language.span(ends[80], places=0),
        span_95=language.span(ends[95], places=0),
        n_80=_cases(n_80, len(years), language),
        n_95=_cases(n_95, len(years), language),
        n_inside=_cases(len(years) - sum(counts[0] for counts in outside.values()), len(years), language),
    )


def _cases(n: int, of: int, language: Language) -> str:
    key = "all" if n == of else "some" if n else "none"
    return language.text(f"sentences.cases.{key}", n=n, of=of)


def quarter_sentence(results: Results, language: Language) -> str:
    """The surplus of the first quarter ahead, and how many months of its year are observed, where that is known."""
    ahead = first_quarter(results)
    said = {
        "quarter": language.date(float(ahead.quarter)),
        "median": language.money(*ahead.median, places=1),
        "span": language.span([ahead.low, ahead.high], places=1),
        "basis": language.text("bases.us_census"),
    }
    if not ahead.n_months:
        return language.text("sentences.quarter", **said)
    return language.count("sentences.quarter_seen", ahead.n_months, year=year_of(ahead.quarter), **said)


def products_table(n_years: int, language: Language = ENGLISH) -> Table:
    """Exports by product of the last years that the data hold."""
    exports = product_exports()
    headings = [language.heading(f"products.{product}") for product in PRODUCTS]
    rows = list(enumerate(exports.values.tolist(), start=exports.first))[-n_years:]
    return table(
        language.text("tables.products", unit=language.text("numbers.unit_a_year")),
        [*language.headings("year", "exports"), *headings],
        (
            [str(year), *(language.amount(value, ROUNDING, places=1) for value in (sum(values), *values))]
            for year, values in rows
        ),
        notes=[language.text("tables.products_note")],
    )


def products_by_year(results: Results, name: str, language: Language = ENGLISH) -> Table:
    """Exports by product and year: medians, and the interval of memory."""
    summary = results.statistics
    unit = {"unit": language.text("numbers.unit_a_year"), "basis": language.text(f"bases.{results.basis}")}
    headings = [language.heading(f"products.{product}") for product in dims.PRODUCTS]
    interval = language.heading("columns.memory_80")
    return table(
        language.text("tables.products_of_run", run=name, **unit),
        [*language.headings("year", "exports"), headings[0], interval, *headings[1:]],
        (
            [
                str(year),
                *(language.statistic(summary, series, MEDIAN, index) for series in ("exports", dims.PRODUCT_SERIES[0])),
                language.interval(summary, dims.PRODUCT_SERIES[0], 80, index),
                *(language.statistic(summary, series, MEDIAN, index) for series in dims.PRODUCT_SERIES[1:]),
            ]
            for index, year in enumerate(summary.years)
        ),
        notes=[language.text("tables.products_of_run_note")],
    )
