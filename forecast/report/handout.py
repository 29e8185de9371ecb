"""A comparison as files to hand on: tables as CSV, pictures, a page in both languages, and what they rest on.

A folder below `comparisons`, named by the two scenarios and by what it holds; the same comparison takes the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from forecast.analysis.attribution import Attribution
from forecast.analysis.comparison import Comparison, difference_statistics
from forecast.engine.plan import BLOCK_SIZE
from forecast.plots.comparison import WATERFALL, save_comparison
from forecast.plots.style import drawable, save_figure
from forecast.report.comparison import Division, divided_draws
from forecast.report.i18n import Language
from forecast.report.notebook import waterfall
from forecast.report.page import write_report
from forecast.results.results import ANOTHER, statistic_rows, statistic_unit
from forecast.stats.formatting import stored
from forecast.stats.summary import Summary, summarised
from forecast.storage.files import json_digest, json_text, whole_folder, write_csv, write_text, writing

COMPARISONS = "comparisons"
"""Folder of all comparisons, beside those of the runs."""

MANIFEST, PAGE = "comparison.json", "comparison.html"
DIFFERENCE, CHANNELS, BRANCHES, ATTRIBUTION = "difference.csv", "channels.csv", "branches.csv", "attribution.csv"

_PAIR = ("alternative", "reference", "basis")
_NUMBER = ("statistic", "unit", "value", "standard_error")
_LONGEST = 80
"""Letters of a folder's name before its digest."""


def store_comparison(
    comparison: Comparison, divided: Attribution | None, year: int | None, out: str | Path, language: Language
) -> Path:
    """Write a comparison below `out`, whole or not at all, in place of the same one there.

    Args:
        divided: the difference divided among the assumptions, where that was asked for.
        year: of the distributions and of the picture of the parts; the last by default.
        language: in which the page opens, and that of the pictures where a typeface has its letters.

    Returns:
        The folder.

    Raises:
        RunError: it cannot be written.
    """
    identity = _identity(comparison, divided, year)
    folder = Path(out) / COMPARISONS / f"{_names(comparison)}-{json_digest(identity)[:12]}"
    with writing(out, ANOTHER):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(folder) as unfinished:
            _write_tables(unfinished, comparison, divided)
            texts = drawable(language)
            save_comparison(comparison, unfinished, year, texts)
            if divided is not None and divided.contrasts:
                save_figure(waterfall(divided, year, texts), unfinished / WATERFALL)
            division = _division(comparison, divided)
            write_report(
                [comparison.reference, comparison.alternative], unfinished / PAGE, language.code, [division], year=year
            )
            write_text(unfinished / MANIFEST, json_text(identity))
    return folder


def _names(comparison: Comparison) -> str:
    return f"{comparison.reference.name}-{comparison.alternative.name}"[:_LONGEST]


def _identity(comparison: Comparison, divided: Attribution | None, year: int | None) -> dict[str, Any]:
    """What the files rest on: the runs, and what was asked of them."""
    runs = {"reference": comparison.reference, "alternative": comparison.alternative}
    orders = None if divided is None else {"exact": divided.exact, "scenarios": divided.n_scenarios}
    return {
        **{side: {"scenario": run.name, "run": run.manifest["digest"]} for side, run in runs.items()},
        "basis": comparison.reference.basis,
        "draws": comparison.by_year.n_draws,
        "beyond": list(comparison.beyond),
        "year": comparison.by_year.years[-1] if year is None else year,
        "attribution": orders,
    }


def _division(comparison: Comparison, divided: Attribution | None) -> Division:
    """The attribution as a page takes it; without one the page says nothing of parts."""
    n_draws = int(comparison.reference.manifest["n_draws"])
    return Division(0 if divided is None else len(divided.contrasts), n_draws, attribution=divided)


def _write_tables(folder: Path, comparison: Comparison, divided: Attribution | None) -> None:
    pair = (*comparison.names, comparison.reference.basis)
    spans = {"year": comparison.by_year, "sum from the first year": comparison.cumulated}
    _write(folder / DIFFERENCE, ("span",), pair, _difference_rows(spans))
    _write(folder / CHANNELS, ("series",), pair, statistic_rows(comparison.channels))
    if comparison.by_branch:
        _write(folder / BRANCHES, ("branch",), pair, _difference_rows(comparison.by_branch))
    if divided is not None:
        names, draws = divided_draws(divided)
        summary = summarised(draws, divided.years, names, BLOCK_SIZE, rows=divided.rows)
        _write(folder / ATTRIBUTION, ("assumption",), pair, statistic_rows(summary))


def _write(path: Path, of: Sequence[str], pair: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write statistics, one number a row; `of` is what tells rows of one year and statistic apart."""
    write_csv(path, (*_PAIR, *of, "year", *_NUMBER), ((*pair, *row) for row in rows))


def _difference_rows(summaries: Mapping[str, Summary]) -> Iterator[tuple[object, ...]]:
    """Label, year, statistic, unit, value and standard error of every number of several differences."""
    for label, summary in summaries.items():
        for series, name, statistic in difference_statistics(summary):
            for index, year in enumerate(summary.years):
                estimate = summary.estimate(series, name, index)
                yield (label, year, statistic, statistic_unit(statistic), *stored(*estimate))
