"""What trade policy changes, in sentences: from here, and to date beside what KIET estimated.

Tables of US duties by sector, by law and as paid by Korea and its rivals, and of how trade answers them.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from forecast.analysis.duties import exports_ahead, exports_taken
from forecast.dims import TO_DATE
from forecast.economics.elasticities import (
    GROUP_OF,
    GROUPS,
    LEAST_FROM_DATA,
    industries,
    learned_elasticities,
    shipped_responses,
)
from forecast.economics.tariffs import load_schedule
from forecast.observations.duties import duties_by_law, duties_paid, kiet_estimates, last_act, rate_of_list
from forecast.observations.products import industry_trade
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter
from forecast.report.effect import MEDIAN, median_changes, nothing_sentence
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Part, Table, table
from forecast.results.highlights import last_motion, motion, moving_policies, peak_and, place_of
from forecast.results.results import Results
from forecast.stats.formatting import ends
from forecast.stats.summary import Summary


def policy_sentences(results: Results, language: Language, year: int | None = None) -> list[str]:
    """What every policy of a run does in the year asked for, or as `policy_sentence` has it, and duties to date."""
    summary = results.statistics
    said = {name: policy_sentence(summary, language, name, year) for name in moving_policies(summary)}
    if "tariffs" in said and answers_past(summary):
        said["tariffs"] += f" {to_date_sentences(summary, language, exports_ahead(results), year)}"
    return [*said.values()]


def policy_years(summary: Summary, name: str, year: int | None = None) -> list[int]:
    """Places of the years that tell a policy: the last in which it does anything, before it that of its largest effect.

    Its median is told; its mean where it does nothing in half of the draws of every year. Where a `year` is asked for,
    its place alone.
    """
    if year is not None:
        return [place_of(year, summary.years)]
    medians = summary.value(name, MEDIAN)
    return peak_and(last_motion(summary, name), medians if medians.any() else summary.value(name, "mean"))


def policy_sentence(summary: Summary, language: Language, name: str, year: int | None = None) -> str:
    """What one policy does from here on, and how often it does nothing.

    Args:
        year: that is told; by default those of `policy_years`.
    """
    last, years = last_motion(summary, name), policy_years(summary, name, year)
    policy = language.text(f"policies_said.{name}")
    if not motion(summary, name)[years[0]]:
        return _idle_sentence(summary, language, name, years[0], policy)
    changes = median_changes(summary, name, years, language)
    said = language.text("sentences.policy", policy=policy, changes=changes)
    ended = [language.text("sentences.ended", year=summary.years[last])] if last < len(summary.years) - 1 else []
    idle = nothing_sentence(summary, language, name, years[0])
    if idle:
        mean = language.money(*summary.estimate(name, "mean", years[0]), "+")
        idle.append(language.text("sentences.on_average", mean=mean))
    return " ".join([said, *idle, *ended])


def _idle_sentence(summary: Summary, language: Language, name: str, index: int, policy: str) -> str:
    """That a policy does nothing in a year in any draw, and since or until when it does."""
    moved = np.flatnonzero(motion(summary, name))
    if index < moved[0]:
        key, other = "not_yet", moved[0]
    elif index > moved[-1]:
        key, other = "no_longer", moved[-1]
    else:
        key, other = "not_then", index
    words = {"policy": policy, "year": summary.years[index], "other": summary.years[other]}
    return language.text(f"sentences.policy_{key}", **words)


def answers_past(summary: Summary) -> bool:
    """Whether trade still answers duties of the past, so that what duties change from here on is not all they do."""
    return TO_DATE in summary.series and bool(
        (summary.value(TO_DATE, "mean") != summary.value("tariffs", "mean")).any()
    )


def to_date_sentences(summary: Summary, language: Language, ahead: float, year: int | None = None) -> str:
    """What duties change as against those before the first of them, and as a share of exports beside KIET's figures.

    Args:
        ahead: see `exports_ahead`.
        year: that is told; by default the last in which duties do anything from here on.
    """
    index = last_motion(summary, "tariffs") if year is None else place_of(year, summary.years)
    low, high = kiet_estimates()
    against_before = language.text(
        "sentences.to_date",
        year=summary.years[index],
        median=language.money(*summary.estimate(TO_DATE, MEDIAN, index), "+"),
        span=language.money_span(ends(summary, TO_DATE, 80, index), "+"),
    )
    shares = language.text(
        "sentences.to_date_share",
        shares=language.list(_shares_to_date(summary, language, index, ahead)),
        low=language.share(low),
        high=language.share(high),
    )
    return f"{against_before} {shares}"


def _shares_to_date(summary: Summary, language: Language, index: int, ahead: float) -> list[str]:
    """What duties take of exports now, a year later, and in the year told."""
    shares = []
    for place in sorted({0, min(1, index), index}):
        share = language.share(-round(exports_taken(summary, place, ahead), 2), "+")
        key = "sentences.share_of_year" if place or ahead == 1.0 else "sentences.share_of_rest"
        shares.append(language.text(key, share=share, year=summary.years[place]))
    return shares


def duties_explained(language: Language = ENGLISH) -> list[Part]:
    """What every sector pays, by law and in fact, and what is believed of the answer to it."""
    prior = shipped_responses()["tariffs.substitution"]
    given_back = language.text(
        "duties.substitution",
        share=language.number(prior.distribution),
        grade=language.text(f"because.grades.{prior.grade}"),
    )
    return [duties_table(language), "", answers_table(language), "", given_back]


def duties_table(language: Language = ENGLISH) -> Table:
    """Duty of each sector by law today, as the schedule has it, and as paid over the last months of its industries."""
    day, origin = last_act(), vintage().trade.origin
    first, last = _last_months(3)
    by_law, schedule = duties_by_law(day), load_schedule().trade
    rows = []
    for sector, group in GROUP_OF.items():
        paid = duties_paid(industries()[group], first, last)
        rates = (by_law[sector], schedule[sector].rate(origin + 1 - 1e-9), *paid)
        rows.append([language.text(f"sectors.{sector}"), *(language.share(round(rate, 3)) for rate in rates)])
    span = {"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}"}
    places = {"day": day.isoformat(), "quarter": format_quarter(origin), **span}
    columns = ("sector", "law", "schedule", "korea", "rivals")
    headings = [language.heading(f"duties.{name}", **places) for name in columns]
    uses = {"as_parts": "section_232_cars_and_parts", "otherwise": "none"}
    both = {key: language.share(rate_of_list(name, day)) for key, name in uses.items()}
    note = language.text("duties.note", **places, **both)
    return table(language.text("duties.title"), headings, rows, words=1, notes=[note])


def _last_months(count: int) -> tuple[dt.date, dt.date]:
    """First and last of the last months of trade by industry."""
    trade = industry_trade()
    ends = (trade.start + len(trade.korea) - count, trade.start + len(trade.korea) - 1)
    first, last = (dt.date(month // 12, month % 12 + 1, 1) for month in ends)
    return first, last


def answers_table(language: Language = ENGLISH) -> Table:
    """Elasticity of each product group: what imports say, with its error, and what is believed with that."""
    learned = learned_elasticities()
    rows = []
    for name, group in GROUPS.items():
        prior, found = shipped_responses()[f"tariffs.elasticity.{name}"], learned[name]
        goods = language.list([language.text(f"sectors.{sector}") for sector in group.sectors])
        slope = language.text("duties.with_error", value=_signed(found.slope), error=f"{found.error:.2g}")
        share = language.text("numbers.percent", number=f"{100 * found.from_data:.1g}")
        rows.append(
            [goods, slope, language.number(prior.distribution), share, language.text(f"because.grades.{prior.grade}")]
        )
    headings = [language.heading(f"duties.{name}") for name in ("group", "slope", "elasticity", "from_data", "grade")]
    note = language.text("duties.answers_note", least=language.share(LEAST_FROM_DATA))
    return table(language.text("duties.answers"), headings, rows, words=1, notes=[note])


def _signed(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")
