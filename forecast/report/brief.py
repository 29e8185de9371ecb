"""What a page opens with: the numbers to quote, and below them the answer of a run in paragraphs by subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forecast.analysis.grounds import Grounds
from forecast.report.assumptions import pledge_notes
from forecast.report.effect import MEDIAN
from forecast.report.i18n import Language
from forecast.report.policy import policy_years
from forecast.report.run import dominance_note
from forecast.report.sentences import answer_by_subject, assumed_conditions, chances_sentence, record_of
from forecast.report.table import Table, table
from forecast.results.archive import outcomes
from forecast.results.highlights import direction, motion, moving_policies, place_of, turning_years
from forecast.results.results import Results
from forecast.scenario.mixture import AnyScenario
from forecast.stats.summary import BELOW, Summary, exceedance_name


@dataclass(frozen=True, slots=True)
class Quoted:
    """A number to quote.

    Attributes:
        name: what it is, with its year.
        value: the number with its unit.
        kind: mean or median with its 80 % interval, or that it is a chance.
        cells: the number alone, in bn USD or percent, its 80 % interval, empty for a chance, and which statistic it is.
    """

    name: str
    value: str
    kind: str
    cells: tuple[str, str, str]


OF_LEVEL = ("level", "goods", "draws")
"""Subjects of the surplus itself, which stand beside its picture; all others are of what changes it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What is said of one subject: its key in `[subjects]`, its name and paragraphs."""

    key: str
    subject: str
    paragraphs: Sequence[str]


def quoted_numbers(summary: Summary, language: Language, *, invested: bool, year: int | None = None) -> list[Quoted]:
    """What announcements and policies change, how surely, and the surplus with them.

    Args:
        invested: whether there are announcements.
        year: that is told; by default the years that sentences tell, and of the surplus the last.

    Raises:
        RunError: the run has no such year.
    """
    changes = [*_of_announcements(summary, language, year)] if invested else []
    changes += [_of_policy(summary, language, name, year) for name in moving_policies(summary)]
    level = _number("median", "trade_balance", summary, language, place_of(year, summary.years), places=0)
    return [*changes, level]


def _of_announcements(summary: Summary, language: Language, year: int | None) -> Iterator[Quoted]:
    """The effect by year and in all, and the chance of its likelier sign; nothing where there is none."""
    if not motion(summary, "effect").any():
        return
    told, last = turning_years(summary, year), len(summary.years) - 1
    for index in told:
        yield _number("mean", "effect", summary, language, index, "+")
    if last:
        yield _number("mean", "cumulated_effect", summary, language, last, "+")
    if motion(summary, "effect")[told[0]]:
        yield _chance(summary, language, told[0])


def _chance(summary: Summary, language: Language, index: int) -> Quoted:
    """The chance of the likelier sign of an effect."""
    likelier, kind = direction(summary, "effect", index), language.text("brief.chance")
    statistic = {"rise": exceedance_name(0.0), "fall": BELOW}[likelier]
    return Quoted(
        language.text(f"brief.chance_{likelier}", year=summary.years[index]),
        language.chance(*summary.estimate("effect", statistic, index), summary.n_draws),
        kind,
        (language.chance_cell(summary, "effect", statistic, index), "", kind),
    )


def _of_policy(summary: Summary, language: Language, name: str, year: int | None) -> Quoted:
    """What a policy changes in the year of its largest effect; its mean where it mostly does nothing."""
    index = policy_years(summary, name, year)[0]
    statistic = "median" if summary.value(name, MEDIAN)[index] else "mean"
    return _number(statistic, name, summary, language, index, "+")


def _number(
    statistic: str, series: str, summary: Summary, language: Language, index: int, sign: str = "", places: int = 2
) -> Quoted:
    """A mean or median of a year with its 80 % interval."""
    years = {"first": summary.years[0], "year": summary.years[index]}
    key = MEDIAN if statistic == "median" else statistic
    number = language.statistic(summary, series, key, index, sign, places)
    span = language.interval(summary, series, 80, index, sign, places)
    return Quoted(
        language.text(f"brief.{series}", **years),
        language.text("numbers.money", amount=number),
        language.text(f"brief.{statistic}", span=span),
        (number, span, language.text(f"brief.{statistic}_alone")),
    )


def quoted_table(numbers: Sequence[Quoted], language: Language) -> Table:
    """The numbers to quote as a table."""
    headings = language.headings("quoted", "quoted_value", "interval_80", "quoted_kind")
    return table("", headings, ([number.name, *number.cells] for number in numbers), words=1)


def passages(
    results: Results,
    world: AnyScenario,
    language: Language,
    found: Grounds | None = None,
    year: int | None = None,
) -> list[Passage]:
    """The answer of a run with what it assumes and its chances, by subject.

    Args:
        found: what the answer rests on, where that could be worked out.
        year: that is told, as in `answer`.
    """
    summary, known = results.statistics, record_of(results.basis, results.as_of)
    conditions = assumed_conditions(world.single, language) if world.single is not None else ""
    pledges = dict.fromkeys(note for branch in world.branches for note in pledge_notes(branch.scenario, language))
    said = answer_by_subject(results, outcomes(results), language, found, world, year)
    said["level"].append(chances_sentence(summary, known, language, found, year))
    if world.single is None:
        said["branches"].append(language.text("branches.words"))
    failed = [language.count("sentences.failed", summary.n_failed, draws=f"{summary.n_draws:,}")]
    draws = [*(failed if summary.n_failed else []), dominance_note(results, language)]
    return by_subject({"assumed": [conditions, *pledges], **said, "draws": draws}, language)


def divided(told: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
    """What leads a page, and what stands beside the picture of the surplus; where nothing changes that, it leads."""
    lead = [passage for passage in told if passage.key not in OF_LEVEL] or [*told[:1]]
    return lead, [passage for passage in told if passage not in lead]


def by_subject(said: Mapping[str, Sequence[str]], language: Language) -> list[Passage]:
    """Paragraphs under the names of their subjects, keys of `[subjects]`; a subject without any is left out."""
    told = {subject: [*filter(None, paragraphs)] for subject, paragraphs in said.items()}
    return [Passage(key, language.text(f"subjects.{key}"), told[key]) for key in told if told[key]]
