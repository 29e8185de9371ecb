"""What trade policy changes, in sentences: from here, and to date beside what KIET estimated."""

from __future__ import annotations

from forecast.dims import TO_DATE
from forecast.observations.duties import kiet_estimates
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter, parse_quarter
from forecast.report.effect import MEDIAN, median_changes, nothing_sentence
from forecast.report.i18n import Language
from forecast.results.highlights import last_motion, peak_and, place_of
from forecast.results.results import Results
from forecast.stats.formatting import ends
from forecast.stats.summary import Summary


def policy_sentence(
    summary: Summary, language: Language, name: str, year: int | None = None, ahead: float | None = None
) -> str:
    """What one policy does, and how often it does nothing.

    Args:
        year: that is told; by default the last in which it does anything, and before it that of its largest median
            where it tells another.
        ahead: see `exports_ahead`; where it is not known, what duties take of these exports is not told.
    """
    last = last_motion(summary, name)
    years = peak_and(last, summary.value(name, MEDIAN)) if year is None else [place_of(year, summary.years)]
    changes = median_changes(summary, name, years, language)
    said = language.text("sentences.policy", policy=language.text(f"policies.{name}"), changes=changes)
    ended = [language.text("sentences.ended", year=summary.years[last])] if last < len(summary.years) - 1 else []
    to_date = [_to_date(summary, language, years[-1], ahead)] if name == "tariffs" and _answers_past(summary) else []
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


def exports_ahead(results: Results) -> float:
    """Share of the exports of a run's first year that come after the origin, by medians, US Census basis."""
    origin, begin = parse_quarter(results.manifest["origin"]), 4 * results.statistics.years[0]
    trade, quarters = vintage(results.as_of).trade, results.quarters
    observed = float(trade.exports[begin - trade.first_quarter : origin + 1 - trade.first_quarter].sum())
    left = [format_quarter(quarter) for quarter in range(origin + 1, begin + 4)]
    told = quarters[(quarters["series"] == "exports") & (quarters["quantile"] == 0.5) & quarters["quarter"].isin(left)]
    coming = float(told["value"].sum())
    return coming / (observed + coming)


def _to_date(summary: Summary, language: Language, index: int, ahead: float | None) -> str:
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
        shares=language.list(_shares_to_date(summary, language, index, ahead)),
        low=language.share(-low),
        high=language.share(-high),
    )
    return f"{against_before} {shares}"


def _shares_to_date(summary: Summary, language: Language, index: int, ahead: float | None) -> list[str]:
    """What duties take of exports now, a year later, and in the year told; duties act on what is `ahead` of the first.

    Of the exports that there would be under the duties before the first of them, by medians.
    """
    shares = []
    for place in sorted({0, min(1, index), index}):
        part = ahead if place == 0 else 1.0
        if part is None:
            continue
        change, exports = (float(summary.estimate(name, MEDIAN, place)[0]) for name in (TO_DATE, "exports"))
        share = language.share(round(-change / (part * exports - change), 2))
        key = "sentences.share_of_year" if part == 1.0 else "sentences.share_of_rest"
        shares.append(language.text(key, share=share, year=summary.years[place]))
    return shares
