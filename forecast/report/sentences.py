"""A result in plain sentences of a language: by how much, when, how sure, and because of what.

Conditions that a scenario states of the world around the announcements, and the gap between the two books, are told
here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from forecast.analysis.bridge import MemoryGap, Unusual, half_lives, ratio_after_transit, unusual_spans
from forecast.analysis.grounds import Grounds
from forecast.characters import plain_spaces
from forecast.dims import CENSUS_BALANCE, FLOWS, FUTURE, Array
from forecast.observations.annual import BridgeObservations
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter
from forecast.report.effect import (
    MEDIAN,
    chance_above,
    chance_below,
    effect_paragraphs,
    origin_of,
    rests_words,
)
from forecast.report.i18n import ENGLISH, Language
from forecast.report.observed import memory_sentences, outcome_sentences, quarter_sentence
from forecast.report.policy import policy_sentences
from forecast.results.archive import Outcome
from forecast.results.highlights import motion, moving_policies, place_of
from forecast.results.manifest import SCENARIO
from forecast.results.results import Results
from forecast.scenario.drivers import DriverPath, Levels, Shock
from forecast.scenario.memory import Memory
from forecast.scenario.mixture import AnyScenario, load_any
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.summary import Summary

if TYPE_CHECKING:
    import pandas as pd

    from forecast.results.precision import Sized, Target


def assumed_conditions(scenario: Scenario, language: Language) -> str:
    """A sentence that names every stated path of a driver or of memory and every shock, or nothing where none is."""
    stated = [_path(name, path, language) for name, path in scenario.drivers.items()]
    stated += [_event(shock, language) for shock in scenario.shocks]
    stated += [_memory_path(scenario.memory, language)] if scenario.memory.path != "as-fitted" else []
    return language.text("conditions.all", stated=language.text("conditions.and").join(stated)) if stated else ""


def _path(name: str, path: DriverPath, language: Language) -> str:
    write = partial(language.text, name=language.text(f"conditions.names.{name}"))
    if isinstance(path, Levels):
        levels = [
            language.text(
                "conditions.level", level=_with_interval(level, _level, language), quarter=language.date(quarter)
            )
            for quarter, level in path.levels.items()
        ]
        unit = language.text(f"conditions.units.{name}")
        return write("conditions.levels", levels=language.list(levels), unit=unit)
    end = None if path.end is None else language.date(path.end - 1)
    span = {"begin": language.date(path.first), "end": end or language.text("conditions.horizon")}
    if path.path == "growth":
        key, change = _growth(path.change, language)
        return write(f"conditions.{key}", change=change, **span)
    key = "deviation" if end is None else "deviation_until"
    return write(f"conditions.{key}", change=_with_interval(path.change, partial(_percent, language), language), **span)


def _growth(change: Distribution, language: Language) -> tuple[str, str]:
    """The verb of a growth, and its size: without a sign where 80 % of it lies on one side of zero."""
    low, high = change.ppf([0.1, 0.9]).tolist()
    size = partial(_percent, language, sign="")
    if low >= 0.0:
        return "rises", _with_interval(change, size, language)
    if high <= 0.0:
        return "falls", _with_interval(change, size, language, -1.0)
    return "moves", _with_interval(change, partial(_percent, language), language)


def _event(shock: Shock, language: Language) -> str:
    """One shock: what it moves, by how much, when, how surely and for how long."""
    name = language.text(f"conditions.names.{shock.on}")
    chance, fading = "", ""
    if shock.probability is not None:
        stated = _with_interval(shock.probability, partial(_percent, language, sign=""), language)
        chance = language.text("conditions.chance", chance=stated)
    if shock.half_life is not None:
        fading = language.text("conditions.fading", quarters=_quarters(shock.half_life, language))
    parts = {"size": _extent(shock, language), "when": _when(shock, language), "chance": chance, "fading": fading}
    return language.text("conditions.shock", name=name, **parts)


def _quarters(number: Distribution, language: Language) -> str:
    """So many quarters."""
    written = _with_interval(number, _level, language)
    return language.text(f"conditions.quarters.{'one' if written == '1' else 'many'}", quarters=written)


def _memory_path(memory: Memory, language: Language) -> str:
    """How the height of memory above its trend is assumed to pass."""
    if memory.half_life is not None:
        return language.text("conditions.memory.half", quarters=_quarters(memory.half_life, language))
    if memory.at is None or memory.share is None:
        return language.text(f"conditions.memory.{memory.path}")
    share = _with_interval(memory.share, partial(_percent, language, sign=""), language)
    return language.text("conditions.memory.falls", share=share, when=_from(memory.at, language))


def _extent(shock: Shock, language: Language) -> str:
    if shock.size is not None:
        return _with_interval(shock.size, partial(_percent, language), language)
    assert shock.amount is not None
    factor = float(language.part("numbers.factor"))
    return language.text("conditions.amount", amount=_with_interval(shock.amount, _signed, language, factor))


def _when(shock: Shock, language: Language) -> str:
    begin = _from(shock.at, language)
    if shock.until is None:
        return language.text("conditions.open", begin=begin)
    return language.text("conditions.until", begin=begin, until=language.date(shock.until))


def _from(date: Distribution, language: Language) -> str:
    """A date, or the window in which it lies."""
    first, last = language.window(date)
    return first if first == last else language.text("conditions.between", first=first, last=last)


def _with_interval(
    value: Distribution, written: Callable[[float], str], language: Language, factor: float = 1.0
) -> str:
    """A number times a factor, or the median of a distribution with its 80 % interval."""
    low, median, high = sorted(factor * float(end) for end in value.ppf([0.1, 0.5, 0.9]))
    if isinstance(value, Constant):
        return written(median)
    return language.text("conditions.interval", median=written(median), low=written(low), high=written(high))


def _level(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


_NOTHING = 1e-12
"""A fraction that is rounding alone."""


def _percent(language: Language, fraction: float, sign: str = "+") -> str:
    """A fraction as a percentage, with its sign unless a verb says it."""
    percent = 100 * fraction if abs(fraction) > _NOTHING else 0.0
    number = f"{percent:{sign if percent else ''}.3g}".replace("-", "−")
    return language.text("numbers.percent", number=number)


def precision_words(found: Sequence[Sized], n_pilot: int, language: Language) -> str:
    """How many draws numbers that were to be precise took, and what no draws make smaller."""
    sentences = []
    for one in found:
        width, rows = (_width(one.target, size, language) for size in (one.half_width, one.rows))
        sentences.append(
            language.text(
                "precision.number",
                what=language.outcome(one.target.series, one.target.year),
                statistic=language.statistic_name(one.target.statistic),
                pilot=f"{n_pilot:,}",
                draws=f"{one.n_draws:,}",
                width=width,
                rows=language.text("precision.rows", rows=rows) if one.rows else "",
            )
        )
    return " ".join([*sentences, language.text("precision.note", draws=max(one.n_draws for one in found))])


def _width(target: Target, size: float, language: Language) -> str:
    """Half-width of an interval with its unit: two digits of it."""
    if target.is_chance:
        return language.text("precision.points", number=f"{100 * size:.2g}")
    return language.text("numbers.money", amount=f"{size * float(language.part('numbers.factor')):.2g}")


def answer(
    results: Results,
    later: Sequence[Outcome] = (),
    language: Language = ENGLISH,
    found: Grounds | None = None,
    world: AnyScenario | None = None,
    year: int | None = None,
) -> str:
    """The plain answer of a run, in paragraphs: what the scenario changes and how surely; the level; what came later.

    Args:
        found: what the answer rests on, where that could be worked out.
        world: what was run, as the run has stored it by default.
        year: that is told; by default that of the largest effect and the last.

    Raises:
        RunError: the run has no such year.
    """
    return plain_spaces("\n\n".join(answer_paragraphs(results, later, language, found, world, year)))


def answer_paragraphs(
    results: Results,
    later: Sequence[Outcome],
    language: Language,
    found: Grounds | None,
    world: AnyScenario | None = None,
    year: int | None = None,
) -> list[str]:
    """The same, the first of every subject with the name of that; arguments are those of `answer`."""
    said = answer_by_subject(results, later, language, found, world, year)
    named = ((language.text(f"subjects.{key}"), paragraphs) for key, paragraphs in said.items() if paragraphs)
    return [text for name, (first, *others) in named for text in (f"{name} {first}", *others)]


def answer_by_subject(
    results: Results,
    later: Sequence[Outcome],
    language: Language,
    found: Grounds | None,
    world: AnyScenario | None = None,
    year: int | None = None,
) -> dict[str, list[str]]:
    """The same: paragraphs by the subjects of `[subjects]` in the catalogue; arguments are those of `answer`."""
    summary, origin = results.statistics, parse_quarter(results.manifest["origin"])
    scenarios = [branch.scenario for branch in (world or load_any(results.folder / SCENARIO)).branches]
    invested, last = results.manifest["n_investments"], origin_of(results, language)
    plants = effect_paragraphs(summary, language, last, found, year) if invested else {}
    goods = [
        products_sentence(summary, results.basis, language, year),
        *memory_sentences(summary, origin, scenarios, language),
    ]
    return {
        "caution": [language.text("sentences.prior")] if results.manifest["parameters"] == "prior" else [],
        **{subject: [paragraph] for subject, paragraph in plants.items()},
        "policy": policy_sentences(results, language, year),
        "level": [run_level(results, language, year)],
        "goods": [" ".join(goods)],
        "branches": mixture_sentences([results], language),
        "later": outcome_sentences(results, later, scenarios, language),
    }


def products_sentence(summary: Summary, basis: str, language: Language, year: int | None = None) -> str:
    """Exports of a year, the last by default, and what of them is memory and cars."""
    last = place_of(year, summary.years)
    parts = {
        name: language.money(*summary.estimate(series, MEDIAN, last), places=0)
        for name, series in (("all", "exports"), ("memory", "exports_memory"), ("cars", "exports_cars"))
    }
    words = {"year": summary.years[last], "basis": language.text(f"bases.{basis}")}
    interval = language.interval(summary, "exports_memory", 80, last, places=0)
    return language.text("sentences.products", interval=interval, **words, **parts)


def run_level(results: Results, language: Language, year: int | None = None) -> str:
    """The level of a run, see `level_sentence`, with its first quarter."""
    invested, ahead = bool(results.manifest["n_investments"]), quarter_sentence(results, language)
    return level_sentence(results.statistics, results.basis, language, invested=invested, year=year, ahead=ahead)


def level_sentence(
    summary: Summary, basis: str, language: Language, *, invested: bool, year: int | None = None, ahead: str = ""
) -> str:
    """The surplus of a year, the last by default, with what is in it; on Korean customs basis that of US books too."""
    last = place_of(year, summary.years)
    ground = ("invested" if invested else "alone") + ("_moved" if moving_policies(summary) else "")
    level = language.text(
        "sentences.level",
        ground=language.text(f"grounds.{ground}"),
        year=summary.years[last],
        median=language.money(*summary.estimate("trade_balance", MEDIAN, last), places=0),
        span=language.interval(summary, "trade_balance", 80, last, places=0),
        basis=language.text(f"bases.{basis}"),
    )
    mostly = _mostly_other(summary, last, language) if invested else []
    both = _other_book(summary, last, language) if basis == "korea_customs" else []
    return " ".join(filter(None, [level, *mostly, *both, ahead, *_future_words(summary, last, language)]))


def _other_book(summary: Summary, last: int, language: Language) -> list[str]:
    """The same draws on US Census basis, and that the two books part where one falls and the other rises."""
    if CENSUS_BALANCE not in summary.series:
        return []
    (first, median), (own_first, own) = (
        [language.money(*summary.estimate(series, MEDIAN, index), places=0) for index in (0, last)]
        for series in (CENSUS_BALANCE, "trade_balance")
    )
    words = {"first_year": summary.years[0], "year": summary.years[last], "own_first": own_first, "own": own}
    span = language.interval(summary, CENSUS_BALANCE, 80, last, places=0)
    key = "sentences.level_census" if last else "sentences.level_census_alone"
    said = [language.text(key, first=first, median=median, span=span, **words)]
    census, korean = (summary.value(series, MEDIAN) for series in (CENSUS_BALANCE, "trade_balance"))
    if (census[last] > census[0]) != (korean[last] > korean[0]):
        said.append(language.text("sentences.level_parted"))
    return said


LEAST_CHANGE = 5.0
"""Change of the surplus from which it is told that it has other reasons, bn USD a year."""


def _mostly_other(summary: Summary, last: int, language: Language) -> list[str]:
    """That most of what the surplus changes by from the first year on is no effect, where that is so."""
    level, effect = (summary.value(series, name) for series, name in (("trade_balance", MEDIAN), ("effect", "mean")))
    changed, caused = abs(level[last] - level[0]), abs(effect[last] - effect[0])
    if changed < max(LEAST_CHANGE, 2.0 * caused):
        return []
    return [language.text("sentences.level_mostly", first_year=summary.years[0])]


def _future_words(summary: Summary, index: int, language: Language) -> list[str]:
    """What of the level of a year is plants that nobody has announced yet; nothing where that is nothing."""
    if FUTURE not in summary.series or not motion(summary, FUTURE)[index]:
        return []
    mean = language.money(*summary.estimate(FUTURE, "mean", index))
    words = {"year": summary.years[index], "span": language.interval(summary, FUTURE, 80, index)}
    return [language.text("sentences.future", mean=mean, **words)]


def chances_sentence(
    summary: Summary,
    known: tuple[int, float],
    language: Language,
    found: Grounds | None = None,
    year: int | None = None,
) -> str:
    """The chances of a record and of a deficit in a year, the last by default, and what they rest on.

    Args:
        known: year and size of the record, see `record_of`.
    """
    last, (record_year, record) = place_of(year, summary.years), known
    return language.text(
        "sentences.chances",
        year=summary.years[last],
        record=language.money(record, 0.1, places=1),
        record_year=record_year,
        above=chance_above(summary, "trade_balance", record, last, language),
        deficit=chance_below(summary, "trade_balance", last, language),
        rests=rests_words(found, "trade_balance", last, language),
    )


def record_of(basis: str, as_of: str | None) -> tuple[int, float]:
    """Year and size of the record on a basis, as known on a day, rounded as runs count it."""
    year, value = vintage(as_of).records[basis]
    return year, round(value, 1)


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


def books_note(observed: BridgeObservations, origin: int, language: Language = ENGLISH) -> str:
    """How the two books stand apart in the year under way: a few sentences for each unusual span, or nothing."""
    return " ".join(_books_sentence(unusual, language) for unusual in unusual_spans(observed, origin))


def run_books_note(results: Results, language: Language) -> str:
    """The same for a run on Korean customs basis, as known on its day; nothing for one on the other."""
    if results.basis != "korea_customs":
        return ""
    return books_note(vintage(results.as_of).bridge, parse_quarter(results.manifest["origin"]), language)


def _books_sentence(unusual: Unusual, language: Language) -> str:
    span, ratios = unusual.span, (unusual.span.ratio, unusual.low, unusual.high)
    ratio, low, high = (_beside(ratio, language) for ratio in ratios)
    return language.text(
        "books.unusual",
        months=language.months(span.first_month, span.last_month),
        flow=language.text(f"flows.{span.flow}"),
        first=unusual.first,
        last=unusual.last,
        ratio=ratio,
        low=low,
        high=high,
    )


def _beside(ratio: float, language: Language) -> str:
    r"""A ratio in words.

    >>> _beside(1.169, ENGLISH), _beside(0.95, ENGLISH)
    ('17\xa0% above', '5\xa0% below')
    """
    percent = round(100 * (ratio - 1))
    side = "above" if percent > 0 else "below" if percent else "equal"
    return language.text(f"books.{side}", share=language.share(abs(percent) / 100))


def books_causes(
    observed: BridgeObservations, origin: int, gap: MemoryGap, rows: Mapping[str, Array], language: Language
) -> str:
    """How far time at sea and exports of memory go with an unusual gap, and how fast the fitted bridge closes one."""
    parts = [_transit_sentence(unusual, language) for unusual in unusual_spans(observed, origin)]
    return " ".join(filter(None, [*parts, _memory_sentence(gap, language), _fading_sentence(rows, language)]))


def _transit_sentence(unusual: Unusual, language: Language) -> str:
    ratio = ratio_after_transit(unusual)
    if ratio is None:
        return ""
    months = language.months(unusual.span.first_month, unusual.span.last_month)
    return language.text("books.transit", months=months, ratio=_beside(ratio, language))


def _memory_sentence(gap: MemoryGap, language: Language) -> str:
    first, last = (language.month(int(month)) for month in gap.months[[0, -1]])
    return language.text("books.memory", first=first, last=last, correlation=f"{gap.correlation:.2f}")


def _fading_sentence(rows: Mapping[str, Array], language: Language) -> str:
    spans = [
        language.text("books.half_life", flow=language.text(f"flows.{flow}"), **_years(*halves))
        for flow, halves in zip(FLOWS, half_lives(rows).T.tolist(), strict=True)
    ]
    return language.text("books.fading", spans=language.text("books.and").join(spans))


def _years(low: float, middle: float, high: float) -> dict[str, str]:
    return {"low": f"{low:.1f}", "middle": f"{middle:.1f}", "high": f"{high:.1f}"}
