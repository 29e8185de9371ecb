"""What trade policy changes, in sentences: from here, and to date beside what KIET estimated."""

from __future__ import annotations

from forecast.dims import TO_DATE
from forecast.observations.duties import kiet_estimates
from forecast.report.effect import MEDIAN, nothing_sentence
from forecast.report.i18n import Language
from forecast.results.results import last_motion, motion
from forecast.stats.formatting import ends
from forecast.stats.summary import Summary


def policy_sentence(summary: Summary, language: Language, name: str) -> str:
    """What one policy does in the last year in which it does anything, and how often it does nothing then."""
    last = last_motion(summary, name)
    said = language.text(
        "sentences.policy",
        policy=language.text(f"policies.{name}"),
        year=summary.years[last],
        median=language.money(*summary.estimate(name, MEDIAN, last), "+"),
        span=language.money_span(ends(summary, name, 80, last), "+"),
    )
    ended = [language.text("sentences.ended", year=summary.years[last])] if last < len(summary.years) - 1 else []
    to_date = [_to_date(summary, language, last)] if name == "tariffs" and TO_DATE in summary.series else []
    return " ".join([said, *nothing_sentence(summary, language, name, last), *ended, *to_date])


def _to_date(summary: Summary, language: Language, index: int) -> str:
    """What duties change as against those before the first of them, beside what of it was still to come and KIET's."""
    said = _against_before(summary, language, index)
    if not (motion(summary, TO_DATE) != motion(summary, "tariffs")).any():  # nothing of the past is followed
        return said
    low, high = kiet_estimates()
    shares = language.text(
        "sentences.to_date_share",
        shares=language.list([_share_to_date(summary, language, place) for place in sorted({min(1, index), index})]),
        low=language.share(-low),
        high=language.share(-high),
    )
    return f"{said} {shares}"


def _share_to_date(summary: Summary, language: Language, index: int) -> str:
    """What duties take of the exports that there would be under those before the first of them, by medians."""
    change, exports = (float(summary.estimate(name, MEDIAN, index)[0]) for name in (TO_DATE, "exports"))
    share = language.share(round(-change / (exports - change), 2))
    return language.text("sentences.share_of_year", share=share, year=summary.years[index])


def _against_before(summary: Summary, language: Language, index: int) -> str:
    return language.text(
        "sentences.to_date",
        year=summary.years[index],
        median=language.money(*summary.estimate(TO_DATE, MEDIAN, index), "+"),
        span=language.money_span(ends(summary, TO_DATE, 80, index), "+"),
    )
