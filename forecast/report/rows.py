"""Charts of a report in which each row is one thing: inputs that swing an outcome, plants in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forecast.analysis.budget import InformationValue, value_of_information
from forecast.analysis.input_values import Phases, investment_phases
from forecast.errors import PosteriorError, RunError
from forecast.report.assumptions import Words, user_words
from forecast.report.i18n import Language
from forecast.results.results import Results
from forecast.scenario.scenario import Scenario

N_SWINGS, N_PLANTS = 8, 30
"""Inputs and plants that are shown."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from left to right, percent of the width; `kind` decides its colour and height."""

    kind: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One row: its name, its bars, and what they say in numbers."""

    label: Words
    bars: tuple[Bar, ...]
    text: str


@dataclass(frozen=True, slots=True)
class RowChart:
    """What a template prints.

    Attributes:
        title: what is shown, with unit.
        headings: of names and of numbers.
        rows: from top to bottom.
        legend: kinds of bars and what they are.
        ticks: `(percent of the width, label)` below the rows.
        line: a line across all rows, percent of the width; None for none.
    """

    title: str
    headings: tuple[str, str]
    rows: tuple[ChartRow, ...]
    legend: tuple[tuple[str, str], ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    line: float | None = None


def swings(run: Results, year: int, series: str) -> tuple[InformationValue, ...]:
    """The inputs that tell most of a series of a run in a year; none where that cannot be worked out."""
    try:
        return value_of_information(run, year, series)[:N_SWINGS]
    except (RunError, PosteriorError):
        return ()


def tornado(found: Sequence[InformationValue], year: int, series: str, language: Language) -> RowChart | None:
    """By how much each of some inputs swings an outcome: its mean in the lowest and in the highest tenth."""
    if not found:
        return None
    middle = float(sum(sum(item.swing) for item in found) / (2 * len(found)))
    reach = [value for item in found for value in item.swing]
    low, high = min(reach), max(reach)
    what = language.outcome(series, year)
    return RowChart(
        title=language.text("rows.swings", what=what, unit=language.text("numbers.unit")),
        headings=(language.text("columns.input"), language.text("rows.numbers")),
        rows=tuple(_swing(item, low, high, middle, language) for item in found),
        legend=tuple((kind, language.text(f"rows.{kind}")) for kind in ("low", "high")),
        line=_place(middle, low, high),
    )


def _swing(item: InformationValue, low: float, high: float, middle: float, language: Language) -> ChartRow:
    bars = tuple(
        _bar(kind, _place(min(end, middle), low, high), _place(max(end, middle), low, high))
        for kind, end in zip(("low", "high"), item.swing, strict=True)
    )
    error = float(item.values.size) ** -0.5
    ends = (language.amount(end, max(error, 0.005), "+") for end in item.swing)
    pairs = (
        language.text("rows.at", input=label, outcome=end)
        for label, end in zip(map(language.input_value, item.labels), ends, strict=True)
    )
    return ChartRow(user_words(language.input_name(item.name)), bars, "; ".join(pairs))


def _place(value: float, low: float, high: float) -> float:
    return round(100 * (value - low) / (high - low), 2) if high > low else 0.0


def _bar(kind: str, left: float, right: float) -> Bar:
    return Bar(kind, left, round(right - left, 2))


def plants_in_time(scenario: Scenario | None) -> Sequence[Phases]:
    """When the plants of a scenario are built and run; none of a mixture, or where that cannot be worked out."""
    if scenario is None or not scenario.investments:
        return ()
    try:
        return investment_phases(scenario)
    except (RunError, PosteriorError):
        return ()


def timeline(phases: Sequence[Phases], horizon: int, language: Language) -> RowChart | None:
    """Plants in time, up to the end of the year `horizon`; none where there are no plants."""
    if not phases:
        return None
    first = int(min(phase.construction for phase in phases))
    last = max(horizon + 1, first + 1)
    step = 1 if last - first <= 8 else 2
    return RowChart(
        title=language.text("rows.plants"),
        headings=(language.text("columns.plant"), language.text("rows.chance")),
        rows=tuple(_plants(phases[:N_PLANTS], first, last, language)),
        legend=tuple((kind, language.text(f"rows.{kind}")) for kind in ("building", "running", "window")),
        ticks=tuple((_place(year, first, last), str(year)) for year in range(first, last, step)),
    )


def _plants(phases: Sequence[Phases], first: int, last: int, language: Language) -> Iterator[ChartRow]:
    def within(year: float) -> float:
        return _place(min(max(year, first), last), first, last)

    for phase in phases:
        end = last if phase.end is None else phase.end
        bars = (
            _bar("building", within(phase.construction), within(phase.production)),
            _bar("running", within(phase.production), within(end)),
            _bar("window", within(phase.late[0]), within(phase.late[1])),
        )
        places = 1 if phase.amount >= 1 else 2
        amount = language.money(phase.amount, 0.5 * 10.0**-places, places=places)
        chance = language.whole_chance(phase.chance)
        name = user_words(language.either(phase.name, phase.name_ko))
        yield ChartRow(name, bars, language.text("rows.plant", amount=amount, chance=chance))
