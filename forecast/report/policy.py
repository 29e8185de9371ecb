"""What trade policy changes, in sentences: from here, and to date beside what KIET estimated."""

from __future__ import annotations

import numpy as np

from forecast.analysis.duties import exports_ahead, exports_taken
from forecast.dims import TO_DATE
from forecast.observations.duties import kiet_estimates
from forecast.report.effect import MEDIAN, median_changes, nothing_sentence
from forecast.report.i18n import Language
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


def policy_sentence(summary: Summary, language: Language, name: str, year: int | None = None) -> str:
    """What one policy does from here on, and how often it does nothing.

    Args:
        year: that is told; by default the last in which it does anything, and before it that of its largest median
            where it tells another.
    """
    last = last_motion(summary, name)
    years = peak_and(last, summary.value(name, MEDIAN)) if year is None else [place_of(year, summary.years)]
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
