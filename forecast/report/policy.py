"""What trade policy changes, in sentences: from here, and to date beside what KIET estimated."""

from __future__ import annotations

from forecast.dims import TO_DATE
from forecast.observations.duties import kiet_estimates
from forecast.report.effect import MEDIAN, median_changes, nothing_sentence
from forecast.report.i18n import Language
from forecast.results.results import last_motion, peak_and, place_of
from forecast.stats.formatting import ends
from forecast.stats.summary import Summary


def policy_sentence(summary: Summary, language: Language, name: str, year: int | None = None) -> str:
    """What one policy does, and how often it does nothing.

    Args:
        year: that is told; by default the last in which it does anything, and before it that of its largest median
            where it tells another.
    """
    last = last_motion(summary, name)
    years = peak_and(last, summary.value(name, MEDIAN)) if year is None else [place_of(year, summary.years)]
    changes = median_changes(summary, name, years, language)
    said = language.text("sentences.policy", policy=language.text(f"policies.{name}"), changes=changes)
    ended = [language.text("sentences.ended", year=summary.years[last])] if last < len(summary.years) - 1 else []
    to_date = [_to_date(summary, language, years[-1])] if name == "tariffs" and _answers_past(summary) else []
    idle = nothing_sentence(summary, language, name, years[0])
    if idle:
        mean = language.money(*summary.estimate(name, "mean", years[0]), "+")
        idle.append(language.text("sentences.on_average", mean=mean))
    return " ".join([said, *idle, *ended, *to_date])


def _answers_past(summary: Summary) -> bool:
    """Whether trade still answers duties of the past, so that what duties change from here on is not all they do."""
    return TO_DATE in summary.series and bool(
        (summary.value(TO_DATE, "mean") != summary.value("tariffs", "mean")).any()
    )


def _to_date(summary: Summary, language: Language, index: int) -> str:
    """What duties change as against those before the first of them, beside KIET's figures."""
    low, high = kiet_estimates()
    against_before = language.text(
        "sentences.to_date",
        year=summary.years[index],
        median=language.money(*summary.estimate(TO_DATE, MEDIAN, index), "+"),
        span=language.money_span(ends(summary, TO_DATE, 80, index), "+"),
    )
    shares = language.text(
        "sentences.to_date_share",
        shares=language.list([_share_to_date(summary, language, place) for place in sorted({min(1, index), index})]),
        low=language.share(-low),
        high=language.share(-high),
    )
    return f"{against_before} {shares}"


def _share_to_date(summary: Summary, language: Language, index: int) -> str:
    """What duties take of the exports that there would be under those before the first of them, by medians."""
    change, exports = (float(summary.estimate(name, MEDIAN, index)[0]) for name in (TO_DATE, "exports"))
    share = language.share(round(-change / (exports - change), 2))
    return language.text("sentences.share_of_year", share=share, year=summary.years[index])
