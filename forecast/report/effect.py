"""What announcements and other scenarios change, in sentences.

Of announcements: by how much, because of what, how surely, and how much of it is news.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.analysis.displacement import REPLACED, DecidingRate
from forecast.analysis.grounds import Grounds, Rests
from forecast.dims import CHANNELS
from forecast.quarters import parse_quarter
from forecast.report.i18n import Language
from forecast.results.highlights import direction, motion, peak_and, share_without, turning_years, worth_telling
from forecast.results.results import Results
from forecast.stats.formatting import ends, rounded, span
from forecast.stats.summary import BELOW, Summary, exceedance_name, quantile_name

MEDIAN = quantile_name(0.5)


def chance_above(summary: Summary, series: str, threshold: float, index: int, language: Language) -> str:
    """Probability that a series is above a threshold that the run counted."""
    return language.chance(*summary.estimate(series, exceedance_name(threshold), index), summary.n_draws)


def chance_below(summary: Summary, series: str, index: int, language: Language) -> str:
    """Probability that a series is negative."""
    return language.chance(*summary.estimate(series, BELOW, index), summary.n_draws)


def effect_paragraphs(
    summary: Summary, language: Language, origin: str, found: Grounds | None = None, year: int | None = None
) -> dict[str, str]:
    """With the announcements or without, a paragraph each by subject, in this order.

    `effect`: by how much, when, how sure, and how much of it is news; `reasons`: because of what; `turn`: what would
    turn the sign. The last two are left out where there is nothing to say.

    Args:
        origin: the last observed quarter, in words.
        found: what the effect rests on, where that could be worked out.
        year: that is told; by default the last, and before it that of the largest effect where it tells another.
    """
    years = turning_years(summary, year)
    told = years[0]
    if not motion(summary, "effect").any():
        nothing = [language.text("sentences.effect_nothing"), *_news(summary, language, origin, told)]
        return {"effect": " ".join(nothing)}
    rate = None if found is None else found.rate
    sizes = [
        *_size(summary, language, years, found),
        *_at_first(summary, language, told),
        *_news(summary, language, origin, told),
    ]
    reasons = [*_because(summary, language, told, rate), *_by_duties(summary, language, origin, told, found)]
    parts = {"effect": sizes, "reasons": reasons, "turn": _turning_rate(summary, language, origin, told, found)}
    return {subject: " ".join(part) for subject, part in parts.items() if part}


def _size(summary: Summary, language: Language, years: Sequence[int], found: Grounds | None) -> list[str]:
    """By how much in the years told and in all, how surely, and in how many draws not at all."""
    told = years[0]
    if not motion(summary, "effect")[told]:
        return [language.text("sentences.effect_nothing_in", year=summary.years[told], **_total(summary, language))]
    likelier = direction(summary, "effect", told)
    chance = {
        "rise": chance_above(summary, "effect", 0.0, told, language),
        "fall": chance_below(summary, "effect", told, language),
    }[likelier]
    rests = rests_words(found, "effect", told, language)
    size = language.text(
        "sentences.effect",
        changes=language.text("sentences.and").join(_change(summary, index, language) for index in years),
        sum=language.text("sentences.effect_sum", **_total(summary, language)) if len(summary.years) > 1 else "",
        chance=language.text(f"sentences.effect_{likelier}", year=summary.years[told], chance=chance, rests=rests),
    )
    return [size, *nothing_sentence(summary, language, "effect", told)]


def _change(summary: Summary, index: int, language: Language) -> str:
    return language.text(
        "sentences.change",
        year=summary.years[index],
        mean=language.money(*summary.estimate("effect", "mean", index), "+"),
        span=language.money_span(ends(summary, "effect", 80, index), "+"),
    )


LEAST_AT_FIRST = 0.05
"""Part of an effect from which one of the other sign before it is told."""


def _at_first(summary: Summary, language: Language, told: int) -> list[str]:
    """The largest mean effect of the other sign before the year told, and since when it has the sign of that.

    Nothing where there is none, as where the year told has no effect and so no sign.
    """
    means = summary.value("effect", "mean")[: told + 1]
    other = -means * np.sign(means[told])
    peak = int(other.argmax())
    if other[peak] <= LEAST_AT_FIRST * abs(means[told]):
        return []
    since = int(np.flatnonzero(other > 0)[-1]) + 1
    amount = language.money(*summary.estimate("effect", "mean", peak), "+")
    side = "rise" if means[peak] > 0 else "fall"
    words = {"amount": amount, "peak": summary.years[peak], "since": summary.years[since]}
    return [language.text(f"sentences.at_first_{side}", **words)]


def _total(summary: Summary, language: Language) -> dict[str, str]:
    """The effect of all years together."""
    last = len(summary.years) - 1
    return {
        "first": str(summary.years[0]),
        "last": str(summary.years[last]),
        "total": language.money(*summary.estimate("cumulated_effect", "mean", last), "+"),
        "span": language.money_span(ends(summary, "cumulated_effect", 80, last), "+"),
    }


def _because(summary: Summary, language: Language, index: int, rate: DecidingRate | None) -> list[str]:
    """What the channels of an effect add and take in a year, on average, and which of them others count.

    Nothing where there is no effect, or none that shows.
    """
    flows = _flows(summary, index)
    signed = {name: language.money(*flow, "+") for name, flow in flows.items()}
    amounts = {name: text for name, text in signed.items() if text[0] in "+−"}
    if not amounts:
        return []
    year, goods = summary.years[index], _goods(rate, language)
    parts = {
        name: language.text(f"because.{name}_{'adds' if text[0] == '+' else 'takes'}", amount=text[1:], goods=goods)
        for name, text in amounts.items()
    }
    part = rate.replaced.get(year) if rate is not None and amounts.get("replaced", "+")[0] != "+" else None
    if rate is not None and part is not None and part[0] < -NEARLY_ALL * flows["replaced"][0]:
        parts["replaced"] += _of_these(rate, year, language)
    together = language.money(*summary.estimate("effect", "mean", index), "+")
    listed = language.text("because.and").join(parts.values())
    said = [language.text("because.together", parts=listed, total=together, year=year)]
    if flows["bought"][0] > 0 > flows["replaced"][0]:
        said.append(language.text("because.kiet"))
    return said


NEARLY_ALL = 0.995
"""Part of the exports replaced from which the sector that makes it is not told apart: others may draw exports along."""


def _flows(summary: Summary, index: int) -> dict[str, tuple[float, float]]:
    """Means of what an effect is made of in a year, each with its error; they add up to it."""
    values, errors = np.array([summary.estimate(f"effect_{name}", "mean", index) for name in CHANNELS]).T
    return {
        "bought": (float(values[:2].sum()), float(np.hypot(*errors[:2]))),
        "replaced": (float(values[2]), float(errors[2])),
        "returned": (float(values[3]), float(errors[3])),
    }


def _goods(rate: DecidingRate | None, language: Language) -> str:
    """The exports that plants replace: those of one sector, or of several."""
    if rate is None or not rate.alone:
        return language.text("because.goods")
    return language.text("because.goods_alone", sector=language.text(f"sectors.{rate.sector}"))


def _of_these(rate: DecidingRate, year: int, language: Language) -> str:
    """How much of the exports replaced is of the sector whose rate decides."""
    mean, error = rate.replaced[year]
    key = "because.of_these" if mean > 0 else "because.of_these_added"
    return language.text(key, amount=language.money(abs(mean), error), sector=language.text(f"sectors.{rate.sector}"))


LEAST_BY_DUTIES = 0.005
"""Part of an effect from which a flow that duties change in it is told."""


def _by_duties(summary: Summary, language: Language, origin: str, index: int, found: Grounds | None) -> list[str]:
    """What duties that the scenario states change in the effect of a year, because of what."""
    if found is None or found.by_duties is None:
        return []
    whole = found.by_duties.estimate("effect", "mean", index)
    flows = {name: flow for name, flow in _flows(found.by_duties, index).items() if any(flow)}
    least = LEAST_BY_DUTIES * abs(summary.estimate("effect", "mean", index)[0])
    if all(abs(mean) < least for mean, _ in flows.values()):
        return []
    total, *amounts = language.money_parts(whole, [mean for mean, _ in flows.values()], "+")
    parts = [
        language.text(f"because.through_{name}", amount=text)
        for name, text in zip(flows, amounts, strict=True)
        if text[0] in "+−"
    ]
    listed = language.text("because.and").join(parts)
    words = {"origin": origin, "year": summary.years[index], "whole": total, "parts": listed}
    said = [language.text("because.by_duties", **words)]
    if flows.get("replaced", (0.0, 0.0))[0] > 0 > summary.estimate("tariffs", "mean", index)[0]:
        said.append(language.text("because.fewer_left"))
    return said


_SOURCES = {"stated": "stated", "judgement": "judged"}
"""Words for where a rate comes from, by its grade; the others are learned."""


def _turning_rate(summary: Summary, language: Language, origin: str, index: int, found: Grounds | None) -> list[str]:
    """The rate at which the mean effect of a year is zero, beside what is believed of it and how surely."""
    year, rate = summary.years[index], None if found is None else found.rate
    if found is None or rate is None or year not in rate.turns:
        return []
    moved = found.by_duties is not None and found.by_duties.estimate("effect", "mean", index)[0] != 0
    turn, error = rate.turns[year]
    below = float(summary.value("effect", "mean")[index]) < 0
    written = rounded(abs(turn), max(error, 0.005), 2)
    side = "never" if turn > REPLACED[1] and not below else "along" if turn < 0 else "below" if below else "above"
    if not float(written):
        side = "nothing"
    low, _, high = span([(value, 0.005) for value in rate.interval], 2)
    believed = language.text(
        f"because.{_SOURCES.get(rate.grade, 'fitted')}",
        interval=language.text("because.exactly" if low == high else "because.interval", low=low, high=high),
        grade=language.text(f"because.grades.{rate.grade}"),
        duty=_duty(rate, language, origin, moved=moved),
    )
    claims = language.part("because.claims").get(rate.sector, "")
    sector = language.text(f"sectors.{rate.sector}")
    others = "" if rate.alone else language.text("because.others")
    words = {"turn": written, "sector": sector, "year": year, "others": others}
    said = [language.text(f"because.turns_{side}", **words), believed, claims]
    return [*filter(None, said), *_none_replaced(summary, language, index, rate)]


def _none_replaced(summary: Summary, language: Language, index: int, rate: DecidingRate) -> list[str]:
    """The mean effect if the sector that decides replaced no exports, where others replace some too."""
    year = summary.years[index]
    replaced, error = rate.replaced.get(year, (0.0, 0.0))
    if replaced <= 0:
        return []
    effect, own = summary.estimate("effect", "mean", index)
    amount = language.money(effect + replaced, float(np.hypot(error, own)), "+")
    key = "untaxed"
    if rate.duty or rate.other_duties:  # without them the rate would have to be above zero
        key = "by_duties" if rate.turns[year][0] < 0 < effect + replaced else "taxed"
    return [
        language.text(
            f"because.none_replaced_{key}", sector=language.text(f"sectors.{rate.sector}"), year=year, amount=amount
        )
    ]


def _duty(rate: DecidingRate, language: Language, origin: str, *, moved: bool) -> str:
    """Under which duty a rate and its turning value are told, and that others move that value alone.

    Args:
        moved: whether duties that the scenario states on any goods change the effect.
    """
    if not rate.duty and rate.other_duties:
        return language.text("because.no_duty")
    under = "under_duty" if rate.duty else ""
    key = "_".join(filter(None, (under, "moved" if moved or rate.other_duties else "")))
    return language.text(f"because.{key}", duty=language.duty(rate.duty, rate.duty_since), origin=origin) if key else ""


def rests_words(found: Grounds | None, series: str, index: int, language: Language) -> str:
    """What part of the spread of a series is judgement and what part weak evidence, to stand behind a chance."""
    return spread_words(None if found is None else found.rests.get(series), index, language)


def spread_words(rests: Rests | None, index: int, language: Language) -> str:
    """The same of what an outcome rests on; nothing where that is not known."""
    if rests is None:
        return ""
    judged, weak = (share_of_spread(float(part[index]), language) for part in (rests.judged, rests.weak))
    return language.text("because.rests", judged=judged, weak=weak)


def share_of_spread(fraction: float, language: Language) -> str:
    """A share of a variance, of which one that would round to nothing is said to be small."""
    return language.share(round(fraction, 2)) if fraction >= 0.005 else language.text("numbers.less", number=1)


def _news(summary: Summary, language: Language, origin: str, index: int) -> list[str]:
    """How much of the effect is beyond the flows of the origin, where that is not nearly all."""
    news, whole = (summary.estimate(series, "mean", index) for series in ("news", "effect"))
    if abs(whole[0] - news[0]) <= 0.1 * abs(whole[0]):
        return []
    return [language.text("sentences.news", news=language.money(*news, "+"), year=summary.years[index], origin=origin)]


def nothing_sentence(summary: Summary, language: Language, series: str, index: int) -> list[str]:
    """In how many draws a series is nothing, where that is worth telling."""
    idle = share_without(summary, series, index)
    if not worth_telling(idle):
        return []
    chance = language.whole_chance(idle)
    return [language.text("sentences.nothing", chance=chance, year=summary.years[index])]


def median_changes(summary: Summary, series: str, years: Sequence[int], language: Language) -> str:
    """Medians of a series in some years, with their 80 % intervals."""
    changes = [
        language.text(
            "sentences.median_change",
            year=summary.years[index],
            median=language.money(*summary.estimate(series, MEDIAN, index), "+"),
            span=language.money_span(ends(summary, series, 80, index), "+"),
        )
        for index in years
    ]
    return language.text("sentences.and").join(changes)


def difference_sentences(change: Summary, reference: str, language: Language) -> str:
    """What one scenario changes against another in the last year both have, and the likelier direction.

    The year of the largest median comes before it where it tells another, and the direction is told of that.

    Args:
        change: series `rise` and `fall`, see `comparison.both_ways`.
        reference: title of the other scenario.
    """
    last = len(change.years) - 1
    if not motion(change, "rise").any():
        return language.text("sentences.equal", reference=reference)
    years = peak_and(last, change.value("rise", MEDIAN))
    told, changes = years[0], median_changes(change, "rise", years, language)
    series, same = direction(change, "rise", told), share_without(change, "rise", told)
    chance = chance_above(change, series, 0.0, told, language)
    said = [
        language.text("sentences.difference", reference=reference, changes=changes),
        language.text(f"sentences.{series}", year=change.years[told], chance=chance),
    ]
    if worth_telling(same):
        said.append(language.text("sentences.same", year=change.years[told], chance=language.whole_chance(same)))
    return " ".join(said)


def origin_of(results: Results, language: Language) -> str:
    """The last observed quarter of a run."""
    return language.date(float(parse_quarter(results.manifest["origin"])))
