"""A scenario at many values of its assumptions, as one table and a sentence."""

from __future__ import annotations

from forecast.analysis.sweep import Cell, Sweep
from forecast.report.comparison import RISE, signed, signed_interval
from forecast.report.effect import chance_above
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Column, Row, Table


def sweep_table(found: Sweep, language: Language = ENGLISH) -> Table:
    """Mean, interval and chance of the outcome in every cell, and what differs from the scenario as stated."""
    headings = ("mean", "80", "chance", "difference", "difference_80")
    columns = [Column(key.replace(".", ".\n"), words=True) for key in found.design.keys]
    columns += [Column(language.heading(f"sweep.columns.{name}")) for name in headings]
    stated = tuple(language.text("sweep.stated") if place == 0 else "" for place in range(len(found.design.keys)))
    rows = [Row((*stated, *_level(found, found.stated, language), "", ""))]
    rows += [
        Row((*cell.values, *_level(found, cell, language), *_difference(cell, language)), apart=place == 0)
        for place, cell in enumerate(found.cells)
    ]
    unit = language.text("numbers.unit_a_year")
    basis = language.text(f"bases.{found.stated.run.basis}")
    title = language.text("sweep.title", what=language.outcome(found.series, found.year), name=found.stated.run.name)
    return Table(f"{title}, {unit}, {basis}", tuple(columns), tuple(rows), (language.text("sweep.note"),))


def _level(found: Sweep, cell: Cell, language: Language) -> tuple[str, ...]:
    summary = cell.run.statistics
    return (
        signed(summary, found.series, "mean", cell.at, language),
        signed_interval(summary, found.series, 80, cell.at, language),
        chance_above(summary, found.series, 0.0, cell.at, language),
    )


def _difference(cell: Cell, language: Language) -> tuple[str, ...]:
    return (
        signed(cell.difference, RISE, "mean", 0, language),
        signed_interval(cell.difference, RISE, 80, 0, language),
    )


def sweep_words(found: Sweep, language: Language = ENGLISH) -> str:
    """The lowest and the highest cell in a sentence, or what all have where these tell no two numbers."""
    ordered = sorted(found.cells, key=lambda cell: found.level(cell, "mean"))
    low, high = (
        {
            "cell": language.list(
                [f"{key}={value}" for key, value in zip(found.design.keys, cell.values, strict=True)]
            ),
            "mean": language.money(*found.level(cell, "mean"), "+"),
        }
        for cell in (ordered[0], ordered[-1])
    )
    what = language.outcome(found.series, found.year)
    if low["mean"] == high["mean"]:
        return language.text("sweep.same", what=what, mean=low["mean"])
    return language.text(
        "sweep.words",
        what=what,
        n=len(found.cells),
        **{f"low_{name}": text for name, text in low.items()},
        **{f"high_{name}": text for name, text in high.items()},
    )
