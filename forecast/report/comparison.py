"""A comparison and its attribution: tables by year, by channel, by branch and by assumption, and what they say.

On a page the difference is divided among the assumptions only where that takes seconds; `division` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecast.analysis.attribution import ACCOUNT, Attribution, attribute, scenarios_needed
from forecast.analysis.comparison import Comparison
from forecast.catalogue import one_line
from forecast.characters import plain_spaces
from forecast.dims import Array
from forecast.engine.plan import BLOCK_SIZE
from forecast.engine.simulate import Settings
from forecast.errors import PosteriorError
from forecast.models.posterior import load_posterior
from forecast.report.contrasts import contrast_changes, contrast_names
from forecast.report.effect import MEDIAN, chance_above, origin_of, spread_words
from forecast.report.i18n import ENGLISH, Language
from forecast.report.run import interval_headings
from forecast.report.sentences import mixture_sentences
from forecast.report.table import Figure, Row, Table, table
from forecast.results.highlights import direction, motion, peak_and, place_of, share_without, tied, worth_telling
from forecast.scenario.contrasts import Contrast, contrasts
from forecast.scenario.mixture import AnyScenario
from forecast.stats.formatting import ends
from forecast.stats.summary import INTERVALS, Summary, exceedance_name, summarised
from forecast.storage.code_digests import code_digest

RISE, FALL = "rise", "fall"
"""Series of a difference and of its negative, see `comparison.both_ways`."""


def comparison_table(comparison: Comparison, names: Sequence[str] = (), language: Language = ENGLISH) -> Table:
    """The difference by year and over all years: median, intervals and chances.

    Args:
        names: of alternative and reference; those of their scenarios by default.
    """
    by_year, beyond = comparison.by_year, comparison.beyond
    chances = [(RISE, 0.0), *([(FALL, 0.0)] if tied(by_year, RISE) else [])]
    chances += [(series, size) for size in beyond for series in (RISE, FALL)]
    headings = [
        *language.headings("year", "median"),
        *interval_headings(language),
        *(_chance_heading(series, size, language) for series, size in chances),
    ]
    rows = [Row((str(year), *_cells(by_year, index, chances, language))) for index, year in enumerate(by_year.years)]
    whole = _cells(comparison.cumulated, len(by_year.years) - 1, chances, language)
    rows.append(Row((_years(comparison, language), *whole), apart=True))
    title = language.text(
        "comparison.title",
        unit=language.text("numbers.unit_a_year"),
        **_pair(names or comparison.names, comparison.reference.basis, language),
    )
    return table(title, headings, rows)


def _pair(names: Sequence[str], basis: str, language: Language) -> dict[str, str]:
    return {"alternative": names[0], "reference": names[1], "basis": language.text(f"bases.{basis}")}


def _chance_heading(series: str, size: float, language: Language) -> str:
    if not size:
        return language.heading({RISE: "columns.higher", FALL: "columns.lower"}[series])
    amount = f"{size * float(language.part('numbers.factor')):g}"
    return language.heading(f"columns.{series}_beyond", size=amount)


def _cells(summary: Summary, index: int, chances: Sequence[tuple[str, float]], language: Language) -> tuple[str, ...]:
    return (
        signed(summary, RISE, MEDIAN, index, language),
        *(signed_interval(summary, RISE, width, index, language) for width in INTERVALS),
        *(language.chance_cell(summary, series, exceedance_name(size), index) for series, size in chances),
    )


def signed(summary: Summary, series: str, name: str, index: int, language: Language = ENGLISH) -> Figure:
    """A signed statistic with the decimals its Monte Carlo error allows, two at most, one from 10 bn USD on."""
    value, error = summary.estimate(series, name, index)
    return language.amount(value, error, "+", _places(value))


def signed_interval(summary: Summary, series: str, width: int, index: int, language: Language = ENGLISH) -> Figure:
    """Both ends of an interval, by the same rule with the decimals of one."""
    found = ends(summary, series, width, index)
    return language.span(found, "+", min(_places(value) for value, _ in found))


def _places(value: float) -> int:
    return 1 if abs(value) >= 10 else 2


def _years(comparison: Comparison, language: Language) -> str:
    years = comparison.by_year.years
    return language.text("numbers.years", first=years[0], last=years[-1])


def made_of(comparison: Comparison, language: Language = ENGLISH) -> Table | str:
    """What the difference is made of: `channel_table`, or a sentence where that would have the same column twice."""
    moving = _moving(comparison)
    if len(moving) != 1:
        return channel_table(comparison, language)
    part = one_line(_account_heading(moving[0], language)).lower()
    return language.text("comparison.one_channel", part=part) + "\n"


def _moving(comparison: Comparison) -> list[str]:
    """Parts of the difference that any draw has."""
    return [name for name in ACCOUNT if motion(comparison.channels, name).any()]


def channel_table(comparison: Comparison, language: Language = ENGLISH) -> Table:
    """What the difference is made of by year, medians; channels without any are left out."""
    parts, moving = comparison.channels, _moving(comparison)
    return table(
        language.text("comparison.channels", unit=language.text("numbers.unit_a_year")),
        [*language.headings("year"), *(_account_heading(name, language) for name in moving), *language.headings("all")],
        (
            [
                str(year),
                *(signed(parts, name, MEDIAN, index, language) for name in moving),
                signed(comparison.by_year, RISE, MEDIAN, index, language),
            ]
            for index, year in enumerate(parts.years)
        ),
        notes=[language.text("tables.medians")] if len(moving) > 1 else [],
    )


def _account_heading(name: str, language: Language) -> str:
    """Heading of a part of `attribution.ACCOUNT`."""
    name = name.removeprefix("news_")
    group = next(group for group in ("channels", "policies", "account") if name in language.part(group))
    return language.heading(f"{group}.{name}")


def branch_difference_table(comparison: Comparison, language: Language = ENGLISH) -> Table:
    """The difference in the last year by branch of the mixture that is compared; `Comparison.by_branch` has some."""
    year, n_draws = comparison.by_year.years[-1], comparison.by_year.n_draws
    return table(
        language.text("comparison.branches", year=year, unit=language.text("numbers.unit")),
        language.headings("branch", "draws", "difference_median", "difference_80"),
        (
            [
                label,
                language.text("numbers.percent", number=f"{100 * summary.n_draws / n_draws:.1f}"),
                signed(summary, RISE, MEDIAN, 0, language),
                signed_interval(summary, RISE, 80, 0, language),
            ]
            for label, summary in comparison.by_branch.items()
        ),
        words=1,
    )


def pairing_words(comparison: Comparison, language: Language = ENGLISH) -> str:
    """How many draws and streams of random numbers stand behind the numbers."""
    streams, n_failed = comparison.streams, comparison.by_year.n_failed
    alternative, reference = comparison.names
    runs = (streams.reference, reference), (streams.alternative, alternative)
    alone = [language.text("comparison.alone", n=len(names), run=run) for names, run in runs if names]
    failed = language.text("comparison.failed", failed=f"{n_failed:,}") if n_failed else ""
    return language.text(
        "comparison.pairing",
        pairs=language.count("comparison.pairs", comparison.by_year.n_draws),
        failed=failed,
        n_streams=sum(map(len, (streams.both, streams.reference, streams.alternative))),
        n_both=len(streams.both),
        alone=language.text("comparison.besides", alone=language.text("comparison.and").join(alone)) if alone else "",
    )


def comparison_words(
    comparison: Comparison, names: Sequence[str] = (), language: Language = ENGLISH, year: int | None = None
) -> str:
    """The difference in one sentence, with interval and basis, and what mixtures it is of.

    Args:
        names: of alternative and reference; names and titles of their scenarios by default.
        year: that is told; by default the last, and before it that of the largest median where it tells another.
    """
    runs = comparison.alternative, comparison.reference
    named = names or [
        f"{name} ({language.either(run.title, run.title_ko)})" for name, run in zip(comparison.names, runs, strict=True)
    ]
    weighed = mixture_sentences([comparison.reference, comparison.alternative], language)
    return plain_spaces(" ".join([_difference(comparison, named, language, year), *weighed]))


def _difference(comparison: Comparison, names: Sequence[str], language: Language, year: int | None) -> str:
    by_year, last = comparison.by_year, len(comparison.by_year.years) - 1
    medians = by_year.value(RISE, MEDIAN)
    told = peak_and(last, medians) if year is None else [place_of(year, by_year.years)]
    manifest = comparison.reference.manifest
    learned = "prior" if manifest["parameters"] == "prior" else "learned"
    words = _pair(names, comparison.reference.basis, language) | {
        "learned": language.text(f"comparison.{learned}", origin=origin_of(comparison.reference, language))
    }
    if not comparison.differs:
        return language.text("comparison.same", **words)
    return language.text(
        "comparison.changes",
        changes=language.text("sentences.and").join(_changes(by_year, told, language)),
        sum=_sum(comparison, language) if last else "",
        direction=_direction(comparison, told[0], language),
        **words,
    )


def _changes(by_year: Summary, places: Sequence[int], language: Language) -> Iterator[str]:
    """The difference in some years."""
    for place in places:
        change = _change(by_year, place, language)
        yield language.text("comparison.change_in", change=change, year=by_year.years[place])


def _sum(comparison: Comparison, language: Language) -> str:
    """The difference of all years together."""
    change = _change(comparison.cumulated, len(comparison.by_year.years) - 1, language)
    return language.text("comparison.change_over", change=change, years=_years(comparison, language))


def _change(summary: Summary, index: int, language: Language) -> str:
    median = language.text("numbers.money", amount=signed(summary, RISE, MEDIAN, index, language))
    return language.text("comparison.change", median=median, span=signed_interval(summary, RISE, 80, index, language))


def _direction(comparison: Comparison, index: int, language: Language) -> str:
    """The likelier direction, its chance and what that rests on, and the chance of no difference where there is one."""
    summary = comparison.by_year
    series, same = direction(summary, RISE, index), share_without(summary, RISE, index)
    none = language.text("comparison.none", share=language.whole_chance(same)) if worth_telling(same) else ""
    chance, rests = chance_above(summary, series, 0.0, index, language), spread_words(comparison.rests, index, language)
    return language.text(f"comparison.{series}", year=summary.years[index], chance=chance, none=none, rests=rests)


SHOWN = 12
"""Assumptions shown one by one; the others are added up."""

ALL, OTHERS = "all", "others"
"""Series of a `Ranking` beside those of the assumptions: the whole difference, and some parts added up."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The largest parts of a difference in a year.

    Attributes:
        contrasts: assumptions shown one by one, that with the largest mean part first.
        n_others: assumptions added up.
        summary: statistics of every part by name of its assumption, of `OTHERS` and of `ALL`.
    """

    contrasts: tuple[Contrast, ...]
    n_others: int
    summary: Summary


def divided_draws(attribution: Attribution) -> tuple[list[str], Array]:
    """Names of the assumptions and `ALL`, and draws of their parts and of all, `(n_names, n_years, n_draws)`."""
    names = [*(contrast.name for contrast in attribution.contrasts), ALL]
    return names, np.concatenate([attribution.parts, attribution.difference[None]])


def ranked(attribution: Attribution, index: int, n_shown: int) -> Ranking:
    """The largest parts in the year at `index`, and the others together."""
    order = np.argsort(-np.abs(attribution.parts[:, index].mean(axis=-1)), kind="stable").tolist()
    shown, others = order[:n_shown], order[n_shown:]
    names, draws = divided_draws(attribution)
    together = attribution.parts[others].sum(axis=0)
    summary = summarised(
        np.concatenate([draws, together[None]]), attribution.years, [*names, OTHERS], BLOCK_SIZE, rows=attribution.rows
    )
    return Ranking(tuple(attribution.contrasts[row] for row in shown), len(others), summary)


def attribution_table(
    comparison: Comparison, attribution: Attribution, year: int, names: Sequence[str] = (), language: Language = ENGLISH
) -> Table:
    """Part of each assumption in the difference of a year, the largest first, and the channels it goes through.

    Args:
        names: of alternative and reference; those of their scenarios by default.
    """
    return divided_table(attribution, year, names or comparison.names, comparison.reference.basis, language)


def divided_table(
    attribution: Attribution, year: int, names: Sequence[str], basis: str, language: Language = ENGLISH
) -> Table:
    """The same of an attribution by itself; `names` are of alternative and reference."""
    index = attribution.years.index(year)
    moving = [column for column in range(len(ACCOUNT)) if attribution.channels.value[:, column, index].any()]
    ranking = ranked(attribution, index, SHOWN)

    def row(label: str, series: str, contrasts: Sequence[Contrast], *, apart: bool = False) -> Row:
        """A part of the difference, and the channels that some assumptions go through together."""
        channels = _channel_parts(attribution, contrasts, moving, index, language)
        return Row((label, *_part(ranking, series, index, language), *channels), apart=apart)

    rows = [row(contrast_label(one, language), one.name, [one]) for one in ranking.contrasts]
    if ranking.n_others:
        others = [one for one in attribution.contrasts if one not in ranking.contrasts]
        rows.append(row(language.count("causes.others", ranking.n_others), OTHERS, others))
    rows.append(row(language.text("columns.all"), ALL, attribution.contrasts, apart=True))
    title = language.text(
        "causes.title",
        year=year,
        unit=language.text("numbers.unit"),
        **_pair(names, basis, language),
    )
    channels = [_account_heading(ACCOUNT[column], language) for column in moving]
    return table(title, [*language.headings("assumption", "mean", "part_80"), *channels], rows, words=1)


def _part(ranking: Ranking, series: str, index: int, language: Language) -> tuple[str, str]:
    """Mean and 80 % interval of a part."""
    return (
        signed(ranking.summary, series, "mean", index, language),
        signed_interval(ranking.summary, series, 80, index, language),
    )


def _channel_parts(
    attribution: Attribution, contrasts: Sequence[Contrast], moving: Sequence[int], index: int, language: Language
) -> Iterator[str]:
    """Means by channel of what some assumptions add; their errors, of the same draws, are at most the sum."""
    rows, channels = [attribution.contrasts.index(one) for one in contrasts], attribution.channels
    for column in moving:
        mean, error = (float(part[rows, column, index].sum()) for part in (channels.value, channels.standard_error))
        yield language.amount(mean, error, "+")


def contrast_label(contrast: Contrast, language: Language) -> str:
    """What the assumption is, and what becomes of it."""
    names, changes = contrast_names(contrast, language), contrast_changes(contrast, language)
    return " · ".join(filter(None, (language.either(contrast.title, contrast.title_ko), names, changes)))


def attribution_words(attribution: Attribution, year: int, language: Language = ENGLISH) -> str:
    """The largest part in a sentence, and how the parts were worked out."""
    if not attribution.contrasts:
        return language.text("causes.equal")
    index = attribution.years.index(year)
    ranking = ranked(attribution, index, 1)
    (largest,) = ranking.contrasts
    whole, _ = _part(ranking, ALL, index, language)
    part, span = _part(ranking, largest.name, index, language)
    sentence = language.text(
        "causes.largest" if largest.title else "causes.largest_unnamed",
        year=year,
        names=" · ".join(
            filter(None, (language.either(largest.title, largest.title_ko), contrast_names(largest, language)))
        ),
        changes=contrast_changes(largest, language),
        part=language.text("numbers.money", amount=part),
        whole=whole,
        span=span,
    )
    n_draws = attribution.difference.shape[-1] + attribution.n_failed
    return plain_spaces(" ".join([sentence, *attribution_method(attribution, n_draws, language)]))


def attribution_method(attribution: Attribution, n_draws: int, language: Language) -> Iterator[str]:
    """How the parts were found, and what they leave out of the `n_draws` of the runs."""
    orders = "method" if attribution.exact else "sampled"
    yield language.text(f"causes.{orders}", simulated=language.count("causes.scenarios", attribution.n_scenarios))
    taken = attribution.difference.shape[-1] + attribution.n_failed
    if attribution.n_failed:
        yield language.count("sentences.failed", attribution.n_failed, draws=f"{taken:,}")
    if taken < n_draws:
        yield language.text("causes.first", n_taken=f"{taken:,}", n_draws=f"{n_draws:,}")


ATTRIBUTION_DRAWS = 1_000_000
"""Draws simulated for one attribution on a page at most, over all its scenarios: about ten seconds."""

FEWEST_DRAWS = 2 * BLOCK_SIZE
"""First draws of the runs that parts are taken from at least; where these are too many, the orders are sampled."""


@dataclass(frozen=True, slots=True)
class Division:
    """A difference divided, or why it is not.

    Attributes:
        n_assumptions: assumptions that differ.
        n_draws: draws of the runs.
        obstacle: `many` where assumptions are too many, `changed` where the runs cannot be simulated again as they
            were, `mixture` where one of them is of several scenarios.
        attribution: the parts, of the first draws or of all, where nothing is in the way.
    """

    n_assumptions: int
    n_draws: int
    obstacle: str = ""
    attribution: Attribution | None = None


def division(one: AnyScenario, other: AnyScenario, manifest: Mapping[str, Any]) -> Division:
    """The difference of runs of `other` and of `one` that are pairs, divided among the assumptions that differ.

    Args:
        manifest: of the run of `one`.
    """
    if one.single is None or other.single is None:
        return Division(0, 0, "mixture")
    found = contrasts(one, other)
    whole = Settings(*(manifest[name] for name in ("n_draws", "seed", "scheme")))
    settings = replace(whole, n_draws=_first_draws(scenarios_needed(found), whole.n_draws))
    most = ATTRIBUTION_DRAWS // settings.n_draws
    if most < min(scenarios_needed(found), 2 * len(found)):
        return Division(len(found), whole.n_draws, "many")
    try:
        posterior = load_posterior(as_of=manifest["as_of"])
    except PosteriorError:
        return Division(len(found), whole.n_draws, "changed")
    if manifest["digests"]["posterior"] != posterior.digest or manifest["digests"]["code"] != code_digest("numbers"):
        return Division(len(found), whole.n_draws, "changed")
    prior = manifest["parameters"] == "prior"
    divided = attribute(one, other, settings, posterior=posterior, prior=prior, most=most)
    return Division(len(found), whole.n_draws, attribution=divided)


def _first_draws(n_scenarios: int, n_draws: int) -> int:
    """Draws of the runs, in whole blocks from the first on, that so many scenarios can be simulated with."""
    affordable = ATTRIBUTION_DRAWS // n_scenarios // BLOCK_SIZE * BLOCK_SIZE
    return min(n_draws, max(affordable, FEWEST_DRAWS))
