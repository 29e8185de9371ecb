"""What goes into the workbook of an answer: its sentences, its tables with their charts, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from forecast import __version__
from forecast.analysis.attribution import Attribution
from forecast.analysis.budget import Budget
from forecast.analysis.comparison import Comparison
from forecast.analysis.grounds import Grounds
from forecast.analysis.induced import Induced
from forecast.observations.tables import read_table
from forecast.quarters import parse_quarter
from forecast.report.assumptions import Assumption, Assumptions, assumptions, branch_assumptions, groups
from forecast.report.brief import quoted_numbers, quoted_table
from forecast.report.budget import budget_words, input_table, source_table
from forecast.report.comparison import (
    attribution_table,
    attribution_words,
    branch_difference_table,
    channel_table,
    comparison_table,
    comparison_words,
    pairing_words,
)
from forecast.report.effect import origin_of
from forecast.report.i18n import Language
from forecast.report.induced import (
    claim_words,
    definition_table,
    flow_table,
    induced_words,
    plant_table,
    sensitivity_table,
    support_words,
)
from forecast.report.run import (
    branch_name,
    branch_table,
    contribution_table,
    knowledge,
    notes,
    policy_table,
    surplus_table,
    told_policies,
)
from forecast.report.sentences import answer_paragraphs
from forecast.report.table import Table, table
from forecast.report.workbook import COMPARISON_WORKBOOK, RUN_WORKBOOK, Chart, Sheet, write_workbook
from forecast.results.archive import outcomes
from forecast.results.manifest import SCENARIO
from forecast.results.results import Results
from forecast.scenario.mixture import AnyScenario, load_any

_FAN = Chart("fan", (1, 2, 3, 4))
"""Median and intervals of a table by year that begins with them."""

_EFFECT = (Chart("channels", (1, 2, 3, 4, 5)), Chart("fan", (5, 6)))
"""Channels of an effect with their sum, and its mean with its interval."""


def write_run_workbook(
    results: Results, world: AnyScenario, language: Language, found: Grounds | None, year: int | None = None
) -> Path:
    """Write the workbook of a run into its folder.

    Args:
        found: what the answer rests on, where that could be worked out.
        year: that sentences tell; by default that of the largest effect and the last.

    Raises:
        RunError: the folder cannot be written.
    """
    later = outcomes(results)
    known = knowledge(results, later, language) if results.as_of is not None else ""
    answered = answer_paragraphs(results, later, language, found, world, year)
    said = [*answered, *notes(results, world, language), known]
    invested = bool(results.manifest["n_investments"])
    numbers = quoted_numbers(results.statistics, language, invested=invested, year=year)
    sheets = [Sheet("quoted", (quoted_table(numbers, language),)), _answer(said, [results], language)]
    sheets.append(Sheet("years", (surplus_table({results.name: results}, language),), (_FAN,)))
    if invested:
        sheets.append(Sheet("channels", (contribution_table(results, language),), _EFFECT))
    if told_policies(results.statistics):
        sheets.append(Sheet("policies", (policy_table(results, language),), (Chart("fan", (1, 2)),)))
    if world.single is None:
        sheets.append(Sheet("branches", (branch_table(results, world, language, year),)))
    sheets.append(Sheet("assumptions", tuple(_assumed(results, world, language))))
    title = language.either(world.title, world.title_ko)
    return write_workbook(results.folder / RUN_WORKBOOK, title, sheets, language)


def write_comparison_workbook(
    folder: Path, found: Comparison, divided: Attribution | None, year: int | None, language: Language
) -> Path:
    """Write the workbook of a comparison into its folder; arguments are those of `handout.store_comparison`.

    Raises:
        RunError: the folder cannot be written.
    """
    runs = [found.reference, found.alternative]
    told = None if divided is None else divided.years[-1] if year is None else year
    said = [comparison_words(found, language=language, year=year), pairing_words(found, language)]
    if divided is not None and told is not None:
        said.insert(1, attribution_words(divided, told, language))
    sheets = [_answer(said, runs, language)]
    if found.differs:
        channels = channel_table(found, language)
        charts = (Chart("channels", tuple(range(1, len(channels.columns)))),)
        sheets.append(Sheet("difference", (comparison_table(found, language=language),), (_FAN,)))
        sheets.append(Sheet("channels", (channels,), charts))
    if found.by_branch:
        sheets.append(Sheet("branches", (branch_difference_table(found, language),)))
    if divided is not None and told is not None and divided.contrasts:
        parts = attribution_table(found, divided, told, language=language)
        sheets.append(Sheet("parts", (parts,), (Chart("bars", (1,)),)))
    for name, run in zip(("reference", "alternative"), runs, strict=True):
        sheets.append(Sheet(name, tuple(_assumed(run, load_any(run.folder / SCENARIO), language))))
    return write_workbook(folder / COMPARISON_WORKBOOK, " / ".join(found.names), sheets, language)


def write_budget_workbook(budget: Budget, language: Language) -> Path:
    """Write the workbook of a budget into the folder of its run, beside its table.

    Raises:
        RunError: the folder cannot be written.
    """
    run, bars = budget.run, (Chart("bars", (1,)),)
    sheets = [
        _answer([budget_words(budget, language)], [run], language),
        Sheet("sources", (source_table(budget, language),), bars),
    ]
    if budget.inputs:
        sheets.append(Sheet("inputs", (input_table(budget, language),), bars))
    world = load_any(run.folder / SCENARIO)
    sheets.append(Sheet("assumptions", tuple(_assumed(run, world, language))))
    path = run.folder / f"budget_{budget.series}_{budget.year}.xlsx"
    return write_workbook(path, language.either(world.title, world.title_ko), sheets, language)


def write_induced_workbook(found: Induced, out: Path, language: Language) -> Path:
    """Write the workbook of what affiliates account for in a year, as `induced_<year>.xlsx` below `out`.

    Raises:
        RunError: it cannot be written.
    """
    said = [induced_words(found, language), support_words(found, language), claim_words(language)]
    sheets = [
        _answer([*said, language.text("induced.outside")], [], language),
        Sheet("definitions", (definition_table(found, language),)),
        Sheet("rates", (sensitivity_table(found, language),)),
        Sheet("flows", (flow_table(found, language),)),
        Sheet("plants", (plant_table(found, language),)),
        Sheet("assumptions", tuple(_evidence(found, language))),
    ]
    title = language.text("workbook.induced", year=found.year)
    return write_workbook(out / f"induced_{found.year}.xlsx", title, sheets, language)


def _answer(said: Sequence[str], runs: Sequence[Results], language: Language) -> Sheet:
    """Sentences, a table each row of which is one, then what the numbers are of and how they are shown."""
    facts = [(language.text(f"facts.{name}"), value) for run in runs for name, value in _facts(run, language)]
    facts.append((language.text("workbook.made_by"), f"forecast {__version__}"))
    told = [(text,) for text in [*filter(None, said), language.text("workbook.note")]]
    return Sheet("answer", (table("", [language.text("workbook.sheets.answer")], told, words=1), _named(facts)))


def _named(facts: Sequence[tuple[str, str]]) -> Table:
    return table("", [""], [(f"{name}: {value}",) for name, value in facts], words=1)


def _facts(run: Results, language: Language) -> Iterator[tuple[str, str]]:
    manifest = run.manifest
    yield "run", f"{run.name}/{manifest['digest']}"
    yield "basis", language.text(f"bases.{run.basis}")
    yield "data", origin_of(run, language)
    if run.as_of is not None:
        yield "day", run.as_of
    yield "draws", f"{manifest['n_draws']:,}"
    yield "seed", str(manifest["seed"])
    if run.overrides:
        yield "set", ", ".join(run.overrides)


def _assumed(results: Results, world: AnyScenario, language: Language) -> Iterator[Table]:
    """What a run assumed: of one scenario; or of all branches of a mixture, and then of each."""
    origin = float(parse_quarter(results.manifest["origin"]))
    if world.single is not None:
        title, description = (
            language.either(text, korean)
            for text, korean in ((world.title, world.title_ko), (world.description, world.description_ko))
        )
        yield table(title, [""], [(description,)] if description else [], words=1)
        yield from _assumptions(assumptions(world.single, origin, language), language)
        return
    shared, own = branch_assumptions(world, origin, language)
    yield table(language.text("branches.all"), [""], [], words=1)
    yield from _assumptions(shared, language)
    for branch in world.branches:
        yield table(branch_name(branch, language), [""], [], words=1)
        yield from _assumptions(own[branch.label], language)


def _assumptions(assumed: Assumptions, language: Language) -> Iterator[Table]:
    for heading, columns, items in groups(assumed, language):
        yield table(heading, columns, map(_cells, items), words=len(columns))
    if assumed.others:
        yield table(language.text("headings.other"), [""], [(text,) for text in assumed.others], words=1)
    if assumed.sources:
        rows = [(source.text,) for source in assumed.sources]
        yield table(language.text("columns.sources"), [""], rows, words=1)


def _cells(item: Assumption) -> tuple[str, ...]:
    return (f"{item.words.text} ({item.name})", *item.cells, "\n".join(source.text for source in item.sources))


_EVIDENCE = {
    "wave": ("id", "sector", "amount", "built", "machinery_start", "production_start", "unit", "source", "note"),
    "affiliates": ("affiliate", "sector", "year", "measure", "value", "unit", "source", "grade", "note"),
}
"""Columns of the tables that the plants of a year rest on, as they are shipped."""


def _evidence(found: Induced, language: Language) -> Iterator[Table]:
    counted = {
        "wave": lambda row: row["id"] in found.plants,
        "affiliates": lambda row: row["affiliate"] in found.affiliates and int(row["year"]) == found.year,
    }
    for name, columns in _EVIDENCE.items():
        rows = [tuple(_plain(row[column]) for column in columns) for row in read_table(name) if counted[name](row)]
        headings = [column.replace("_", " ") for column in columns]
        yield table(language.text(f"workbook.evidence.{name}"), headings, rows, words=len(headings))


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
