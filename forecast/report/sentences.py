"""A result in plain sentences of a language: how large, how sure, because of what.

What a scenario assumes of the world around the announcements, in words of a language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from forecast.analysis.bridge import unusual_spans
from forecast.analysis.comparison import (
    direction,
    last_motion,
    motion,
    moving_levers,
    share_without,
    turning_years,
    worth_telling,
)
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter
from forecast.report.i18n import Language
from forecast.results.archive import Outcome, outcomes
from forecast.results.results import Results
from forecast.scenario.drivers import DriverPath, Levels, Shock
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant, Law
from forecast.stats.formatting import ends
from forecast.stats.summary import BELOW, Summary, exceedance_name, quantile_name

if TYPE_CHECKING:
    import pandas as pd


def premises(scenario: Scenario, language: Language) -> str:
    """A sentence that names every stated path of a driver and every shock, or nothing where none is stated."""
    stated = [_path(name, path, language) for name, path in scenario.drivers.items()]
    stated += [_event(shock, language) for shock in scenario.shocks]
    return language.text("premises.all", stated=language.text("premises.and").join(stated)) if stated else ""


def _path(name: str, path: DriverPath, language: Language) -> str:
    said = partial(language.text, name=language.text(f"premises.names.{name}"))
    if isinstance(path, Levels):
        levels = [
            language.text("premises.level", level=_told(level, _level, language), quarter=language.date(quarter))
            for quarter, level in path.levels.items()
        ]
        unit = language.text(f"premises.units.{name}")
        return said("premises.levels", levels=language.list(levels), unit=unit)
    end = None if path.end is None else language.date(path.end - 1)
    span = {"begin": language.date(path.first), "end": end or language.text("premises.horizon")}
    if path.path == "growth":
        key, change = _growth(path.change, language)
        return said(f"premises.{key}", change=change, **span)
    key = "deviation" if end is None else "deviation_until"
    return said(f"premises.{key}", change=_told(path.change, partial(_percent, language), language), **span)


def _growth(change: Law, language: Language) -> tuple[str, str]:
    """The verb of a growth, and its size: without a sign where it is surely, at 80 %, up or down."""
    low, high = change.ppf([0.1, 0.9]).tolist()
    size = partial(_percent, language, sign="")
    if low >= 0.0:
        return "rises", _told(change, size, language)
    if high <= 0.0:
        return "falls", _told(change, size, language, -1.0)
    return "moves", _told(change, partial(_percent, language), language)


def _event(shock: Shock, language: Language) -> str:
    """One shock: what it moves, by how much, when, how surely and for how long."""
    name = language.text(f"premises.names.{shock.on}")
    chance, fading = "", ""
    if shock.probability is not None:
        stated = _told(shock.probability, partial(_percent, language, sign=""), language)
        chance = language.text("premises.chance", chance=stated)
    if shock.half_life is not None:
        fading = language.text("premises.fading", quarters=_told(shock.half_life, _level, language))
    parts = {"size": _extent(shock, language), "when": _when(shock, language), "chance": chance, "fading": fading}
    return language.text("premises.shock", name=name, **parts)


def _extent(shock: Shock, language: Language) -> str:
    if shock.size is not None:
        return _told(shock.size, partial(_percent, language), language)
    assert shock.amount is not None
    factor = float(language.part("numbers.factor"))
    return language.text("premises.amount", amount=_told(shock.amount, _signed, language, factor))


def _when(shock: Shock, language: Language) -> str:
    first, last = language.window(shock.at)
    begin = first if first == last else language.text("premises.between", first=first, last=last)
    if shock.until is None:
        return language.text("premises.open", begin=begin)
    return language.text("premises.until", begin=begin, until=language.date(shock.until))


def _told(value: Law, said: Callable[[float], str], language: Language, factor: float = 1.0) -> str:
    """A number times a factor, or the median of a distribution with its 80 % interval."""
    low, median, high = sorted(factor * float(end) for end in value.ppf([0.1, 0.5, 0.9]))
    if isinstance(value, Constant):
        return said(median)
    return language.text("premises.interval", median=said(median), low=said(low), high=said(high))


def _level(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


def _percent(language: Language, fraction: float, sign: str = "+") -> str:
    """A fraction as a percentage, with its sign unless that is said by a verb."""
    number = f"{100 * fraction:{sign if abs(fraction) > 5e-4 else ''}.3g}".replace("-", "−")
    return language.text("numbers.percent", number=number)


MEDIAN = quantile_name(0.5)


def short_answers(results: Results, language: Language) -> list[str]:
    """The sentences a report opens with: level, chances, effect, levers, what came later."""
    summary = results.statistics
    said = [language.text("sentences.prior")] if results.manifest["parameters"] == "prior" else []
    known = record_of(results.basis, results.as_of)
    said += [level_sentences(summary, known, language, index) for index in telling_years(summary)]
    if results.manifest["n_investments"]:
        said.append(effect_sentence(summary, language, _origin(results, language)))
    else:
        said.append(language.text("sentences.no_investment", origin=_origin(results, language)))
    said += [lever_sentence(summary, language, name) for name in moving_levers(summary)]
    said += [_came(outcome, language) for outcome in outcomes(results)]
    if summary.n_failed:
        counts = {"failed": f"{summary.n_failed:,}", "draws": f"{summary.n_draws:,}"}
        said.append(language.text("sentences.failed", **counts))
    return said


def telling_years(summary: Summary) -> list[int]:
    """Places of the first whole year to come and of the last year."""
    last = len(summary.years) - 1
    return [min(1, last), last] if last > 1 else [last]


def chance_above(summary: Summary, series: str, threshold: float, index: int, language: Language) -> str:
    """Probability that a series is above a threshold that the run counted."""
    return language.chance(*summary.estimate(series, exceedance_name(threshold), index), summary.n_draws)


def chance_below(summary: Summary, series: str, index: int, language: Language) -> str:
    """Probability that a series is negative."""
    return language.chance(*summary.estimate(series, BELOW, index), summary.n_draws)


def record_of(basis: str, as_of: str | None) -> tuple[int, float]:
    """Year and size of the record on a basis, as known on a day, rounded as runs count it."""
    year, value = vintage(as_of).records[basis]
    return year, round(value, 1)


def level_sentences(summary: Summary, known: tuple[int, float], language: Language, index: int) -> str:
    """The surplus of a year and the chances of a record and of a deficit; `known` is from `record_of`."""
    year, (record_year, record) = summary.years[index], known
    low, high = language.money_ends(ends(summary, "trade_balance", 80, index), places=0)
    median = language.money(*summary.estimate("trade_balance", MEDIAN, index), places=0)
    level = language.text("sentences.level", year=year, median=median, low=low, high=high)
    chances = language.text(
        "sentences.chances",
        year=year,
        record=language.money(record, 0.1, places=1),
        record_year=record_year,
        above=chance_above(summary, "trade_balance", record, index, language),
        deficit=chance_below(summary, "trade_balance", index, language),
    )
    return f"{level} {chances}"


def effect_sentence(summary: Summary, language: Language, origin: str) -> str:
    """What the announcements do to the surplus of the years that tell it, and the likelier direction of the last."""
    last = len(summary.years) - 1
    changes = [
        language.text(
            "sentences.change",
            year=summary.years[index],
            median=language.money(*summary.estimate("investment_effect", MEDIAN, index), "+"),
            span=language.money_span(ends(summary, "investment_effect", 80, index), "+"),
        )
        for index in turning_years(summary)
    ]
    likelier = direction(summary, "investment_effect", last)
    chance = {
        "rise": chance_above(summary, "investment_effect", 0.0, last, language),
        "fall": chance_below(summary, "investment_effect", last, language),
    }[likelier]
    said = language.text(
        "sentences.effect",
        origin=origin,
        changes=language.text("sentences.and").join(changes),
        chance=language.text(f"sentences.effect_{likelier}", year=summary.years[last], chance=chance),
    )
    nothing = _nothing(summary, language, "investment_effect", last)
    return " ".join([said, *nothing, *_ending_orders(summary, language, origin, last)])


def _ending_orders(summary: Summary, language: Language, origin: str, index: int) -> list[str]:
    """How much of the effect is the end of orders of plants that were built at the origin, where that is a tenth."""
    orders, whole = (summary.estimate(series, "mean", index) for series in ("capital_goods", "investment_effect"))
    if orders[0] >= 0 or abs(orders[0]) < 0.1 * abs(whole[0]):
        return []
    mean = language.money(*orders, "+")
    return [language.text("sentences.ending_orders", mean=mean, year=summary.years[index], origin=origin)]


def lever_sentence(summary: Summary, language: Language, name: str) -> str:
    """What one lever does in the last year in which it does anything, and how often it does nothing then."""
    last = last_motion(summary, name)
    said = language.text(
        "sentences.lever",
        lever=language.text(f"levers.{name}"),
        year=summary.years[last],
        median=language.money(*summary.estimate(name, MEDIAN, last), "+"),
        span=language.money_span(ends(summary, name, 80, last), "+"),
    )
    ended = [language.text("sentences.ended", year=summary.years[last])] if last < len(summary.years) - 1 else []
    return " ".join([said, *_nothing(summary, language, name, last), *ended])


def _nothing(summary: Summary, language: Language, series: str, index: int) -> list[str]:
    """In how many draws a series is nothing, where that is worth telling."""
    idle = share_without(summary, series, index)
    if not worth_telling(idle):
        return []
    chance = language.share(round(idle, 2))
    return [language.text("sentences.nothing", chance=chance, year=summary.years[index])]


def _came(outcome: Outcome, language: Language) -> str:
    """The surplus of a year as observed since."""
    value = language.money(outcome.value, 0.1, places=1)
    if outcome.percentile is None:
        return language.text("sentences.part", year=outcome.year, months=outcome.months, value=value)
    share = language.share(round(outcome.percentile) / 100)
    return language.text("sentences.outcome", year=outcome.year, value=value, share=share)


def difference_sentences(change: Summary, reference: str, language: Language) -> str:
    """What one scenario changes against another in the last year both have, and the likelier direction.

    Args:
        change: series `rise` and `fall`, see `comparison.both_ways`.
        reference: title of the other scenario.
    """
    last = len(change.years) - 1
    if not motion(change, "rise").any():
        return language.text("sentences.equal", reference=reference)
    size = language.text(
        "sentences.difference",
        reference=reference,
        year=change.years[last],
        median=language.money(*change.estimate("rise", MEDIAN, last), "+"),
        span=language.money_span(ends(change, "rise", 80, last), "+"),
    )
    series, same = direction(change, "rise", last), share_without(change, "rise", last)
    chance = chance_above(change, series, 0.0, last, language)
    said = [size, language.text(f"sentences.{series}", chance=chance)]
    if worth_telling(same):
        said.append(language.text("sentences.same", chance=language.share(round(same, 2))))
    return " ".join(said)


def mixture_sentences(runs: Sequence[Results], language: Language) -> list[str]:
    """Of every run of a mixture, that chances rest on stated weights, and the shares of draws of its branches."""
    return [
        language.text("sentences.mixture", name=run.name, shares=branch_shares(run.branches, language))
        for run in runs
        if run.branches is not None
    ]


def branch_shares(branches: pd.DataFrame, language: Language) -> str:
    """Every branch that some draw follows, with the share of the draws that do; that with most first.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    shares = dict(zip(branches["branch"], branches["share"], strict=True))
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return language.list([f"{label} {language.share(round(share, 2))}" for label, share in ordered])


def books_sentences(results: Results, language: Language) -> Iterator[str]:
    """How the two books stand apart in the year under way, for a run on Korean customs basis."""
    if results.basis != "korea_customs":
        return
    for unusual in unusual_spans(vintage(results.as_of).bridge, parse_quarter(results.manifest["origin"])):
        span = unusual.span
        ends = {"low": language.month(span.first_month), "high": language.month(span.last_month)}
        months = language.text("numbers.window", **ends)
        ratios = [language.share(round(ratio, 2)) for ratio in (span.ratio, unusual.low, unusual.high)]
        numbers = dict(zip(("ratio", "low", "high"), ratios, strict=True))
        flow = language.text(f"flows.{span.flow}")
        yield language.text(
            "sentences.books", months=months, flow=flow, first=unusual.first, last=unusual.last, **numbers
        )


def _origin(results: Results, language: Language) -> str:
    return language.date(float(parse_quarter(results.manifest["origin"])))
