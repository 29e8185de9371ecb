"""Data held and due, what files of a user bring, and one series with the vintage of every figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from math import floor, log10

from forecast.dims import BASES
from forecast.observations.additions import Addition, Change, Proposal
from forecast.observations.holdings import HeldSeries, periods_between, vintages_of
from forecast.observations.user_data import StoredVintage
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Table, table

_MOST_ROWS = 24
"""Figures shown of what a file brings; `forecast data show` shows every one once they are stored."""

_CODES = "products_annual"
"""Table whose series are codes by the hundred, shown in one row."""


def holdings_table(held: Mapping[tuple[str, str], HeldSeries], language: Language = ENGLISH) -> Table:
    """Every series with basis, unit, reach, what is due next, vintage of the last figure, and what is the user's."""
    rows = []
    for name, group in groupby(held.values(), lambda one: one.table):
        every = list(group)
        shown = every[:1] if name == _CODES else every
        for one in shown:
            own = sum(len(each.own) for each in every) if name == _CODES else len(one.own)
            gaps = [gap for each in every for gap in each.gaps] if name == _CODES else one.gaps
            title = language.text("data.codes", n=len(every)) if name == _CODES else one.series
            reach = max(every, key=lambda each: each.last) if name == _CODES else one
            rows.append(_series_cells(title, reach, gaps, own, language))
    keys = ("series", "basis", "unit", "publisher", "first", "last", "due", "vintage", "gaps", "own")
    headings = [language.heading(f"data.{key}") for key in keys]
    return table(language.text("data.caption"), headings, rows, words=4, notes=[language.text("data.note")])


def _series_cells(
    title: str, one: HeldSeries, gaps: Sequence[tuple[str, str]], own: int, language: Language
) -> list[str]:
    period, day = one.due
    due = f"{period} ({day.isoformat()})" if day else period
    basis, unit, publisher, vintage = (
        _cell(one.template[key], language) for key in ("basis", "unit", "publisher", "vintage")
    )
    missing = sum(periods_between(first, last) for first, last in gaps)
    return [title, basis, unit, publisher, one.first, one.last, due, vintage, str(missing or "–"), str(own or "–")]


@cache
def _cell_keys() -> Mapping[str, str]:
    """Keys of the words for units, bases and agencies, by their English, in which tables hold them."""
    return {text: f"data.cells.{key}" for key, text in ENGLISH.part("data.cells").items()} | {
        basis: f"bases.{basis}" for basis in BASES
    }


def _cell(text: str, language: Language) -> str:
    """A cell of a table of data in the language; as it stands where it is no such word, as a date is."""
    key = _cell_keys().get(text)
    return text if key is None else language.text(key)


def vintages_table(vintages: Sequence[StoredVintage], language: Language = ENGLISH) -> Table:
    """Vintages of the user with their files."""
    rows = [
        [
            one.name,
            one.published,
            "; ".join(f"{name} ({language.text(f'data.formats.{form}')})" for name, form, _ in one.files),
            ", ".join(name for name, _ in one.tables),
        ]
        for one in vintages
    ]
    headings = [language.heading(f"data.{key}") for key in ("stored_vintage", "published", "files", "tables")]
    return table(language.text("data.vintages"), headings, rows, words=4)


def series_table(one: HeldSeries, language: Language = ENGLISH) -> Table:
    """Every figure of a series with its vintage and source, the user's own marked."""
    own = {*one.own}
    rows = []
    for period, held in one.values.items():
        value = held.row["value"] or language.text("data.not_published")
        mark = language.text("data.mark") if period in own else ""
        rows.append([period, held.row["source"], value, _cell(held.label, language), mark])
    keys = ("period", "source", "value", "vintage", "own")
    headings = [language.heading(f"data.{key}") for key in keys]
    unit, basis = (_cell(one.template[key], language) for key in ("unit", "basis"))
    title = language.text("data.series_caption", series=one.series, unit=unit, basis=basis)
    return table(title, headings, rows, words=2, notes=[*_gaps(one, language), *_copies(one, language)])


def _gaps(one: HeldSeries, language: Language) -> list[str]:
    spans = [first if first == last else language.text("data.span", first=first, last=last) for first, last in one.gaps]
    return [language.text("data.missing", periods=language.list(spans))] if spans else []


def _copies(one: HeldSeries, language: Language) -> list[str]:
    names = [vintage.name for vintage in vintages_of(one)]
    return [language.text("data.in_vintages", names=", ".join(names))] if names else []


def addition_parts(found: Proposal, language: Language = ENGLISH) -> Iterator[Table | str]:
    """What each file brings: a sentence, and tables of new and revised figures."""
    for one in found.additions:
        if one.format:
            yield _summary(one, language)
        new = [change for change in one.changes if change.old is None]
        if new:
            yield _new_table(new, language)
        revised = [change for change in one.changes if change.old is not None]
        if revised:
            yield _revised_table(revised, language)


def _summary(one: Addition, language: Language) -> str:
    form = language.text(f"data.formats.{one.format}")
    if one.problems:
        return language.text("data.refused", file=one.file, format=form, n=len(one.problems))
    new = sum(change.old is None for change in one.changes)
    counts = {"new": new, "revised": len(one.changes) - new, "unchanged": one.n_unchanged}
    left = language.text("data.left", n=one.n_left) if one.n_left else ""
    return language.text("data.brings", file=one.file, format=form, **counts) + left


def _new_table(changes: Sequence[Change], language: Language) -> Table:
    shown = changes if len(changes) <= _MOST_ROWS else changes[-_MOST_ROWS:]
    rows = [
        [one.figure.series, _cell(one.unit, language), one.figure.period, _number(one.figure.value, one)]
        for one in shown
    ]
    headings = [language.heading(f"data.{key}") for key in ("series", "unit", "period", "value")]
    return table(language.text("data.new"), headings, rows, words=2, notes=_more(changes, language))


def _revised_table(changes: Sequence[Change], language: Language) -> Table:
    """Revisions by period, the largest where there are many."""
    largest = sorted(changes, key=_relative, reverse=True)[:_MOST_ROWS]
    shown = [one for one in changes if one in largest]
    rows = [
        [
            one.figure.series,
            _cell(one.unit, language),
            one.figure.period,
            _number(one.old or 0.0, one),
            _number(one.figure.value, one),
            _change(one.figure.value / one.old - 1, language) if one.old else "–",
        ]
        for one in shown
    ]
    keys = ("series", "unit", "period", "held", "revised_to", "by")
    headings = [language.heading(f"data.{key}") for key in keys]
    return table(language.text("data.revised"), headings, rows, words=2, notes=_more(changes, language))


def _change(fraction: float, language: Language) -> str:
    return language.text("numbers.percent", number=f"{100 * fraction:+.2f}".replace("-", "−"))


def _relative(change: Change) -> float:
    return abs(change.figure.value / change.old - 1) if change.old else 0.0


def _more(changes: Sequence[Change], language: Language) -> list[str]:
    more = len(changes) - _MOST_ROWS
    return [language.text("data.more", n=more)] if more > 0 else []


def _number(value: float, change: Change) -> str:
    """A number with the places that its file prints, three at most."""
    places = min(3, max(0, -floor(log10(change.figure.step) + 1e-9)))
    return f"{value:,.{places}f}"
