"""Announcements of investment as the table has them: a list, and one of them whole with every report and its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forecast.observations.announcements import Announcement
from forecast.report.i18n import Language
from forecast.report.table import Table, table
from forecast.scenario.library import NONE, known_announcements, shipped_entry
from forecast.scenario.own import Note, OwnAnnouncement

ABSENT = "–"


def announcement_table(
    rows: Sequence[Announcement], language: Language, own: Mapping[str, OwnAnnouncement] = NONE
) -> Table:
    """Announcements a row each: what, where, how far, and how large as stated; a user's own are marked."""
    headings = [language.text(f"announced.{name}") for name in ("id", "what", "sector", "status")]
    cells = (
        (
            f"{row.id} *" if row.id in own else row.id,
            f"{row.company}: {row.project}{row.location and f', {row.location}'}",
            _sector(row, language),
            _status(row, language),
            _amount(row, language),
        )
        for row in rows
    )
    return table(
        language.text("announced.caption", count=len(rows), all=len(known_announcements(own))),
        [*headings, language.text("announced.column_amount", unit=language.text("numbers.unit"))],
        cells,
        words=4,
        notes=[language.text("announced.note"), *([language.text("own.mark")] if own else [])],
    )


def announcement_sheet(row: Announcement, language: Language, own: OwnAnnouncement | None = None) -> list[Table | str]:
    """One announcement whole: what the table has of it, every report with its source, and where a scenario has it.

    Args:
        own: the row of a user that it is, where it is one.
    """
    known = {
        "kind": language.text(f"kinds.{row.kind}"),
        "sector": _sector(row, language),
        "place": row.location or ABSENT,
        "amount": _money(row, language),
        "announced": row.announced_text or ABSENT,
        "begun": own.construction_start if own else "",
        "planned": row.planned_start_text or ABSENT,
        "capacity": row.capacity or ABSENT,
        "inside": _inside(row, language),
        "status": _status(row, language),
    }
    facts = [(language.text(f"announced.{name}"), value) for name, value in known.items() if value]
    reports = [(report.date or ABSENT, f"{report.text}\n{report.source}") for report in row.reports]
    return [
        table(f"{row.id}  {row.company}: {row.project}", ["", ""], facts, words=2),
        table(
            language.text("announced.reports"),
            [language.text("announced.date"), language.text("announced.report")],
            reports,
            words=2,
        ),
        f"{_stated(row, language) if own is None else language.text('own.start', id=row.id)}\n",
    ]


def _sector(row: Announcement, language: Language) -> str:
    return language.text("announced.mixed" if row.sector == "mixed" else f"sectors.{row.sector}")


def _status(row: Announcement, language: Language) -> str:
    words = language.text(f"announced.stages.{row.latest.stage}")
    return language.text("announced.last", status=words, date=row.latest.date) if row.latest.date else words


def _amount(row: Announcement, language: Language) -> str:
    return ABSENT if row.amount is None else f"{row.amount * float(language.part('numbers.factor')):.4g}"


def _money(row: Announcement, language: Language) -> str:
    return ABSENT if row.amount is None else language.text("numbers.money", amount=_amount(row, language))


def _inside(row: Announcement, language: Language) -> str:
    if row.parent_id is None:
        return ""
    return language.text(f"announced.relations.{row.parent_relation}", id=row.parent_id)


def _stated(row: Announcement, language: Language) -> str:
    """Which shipped scenario states it, and how to start from it."""
    found = shipped_entry(row.id)
    if found is None:
        return language.text("announced.in_no_scenario")
    if row.kind == "pledge":
        return language.text("announced.in_scenario", scenario=found.scenario)
    return language.text("announced.start", scenario=found.scenario, id=row.id)


SHOWN = 12
"""Rows that a note names; of more it says how many."""


def note_words(notes: Sequence[Note], language: Language) -> list[str]:
    """What was filled in or left out of a table, a sentence a kind, with the rows it is of."""
    said = []
    for key in dict.fromkeys(note.key for note in notes):
        of_key = [note.values for note in notes if note.key == key]
        told = [language.text(f"own.notes.{key}.each", **values) for values in of_key]
        more = language.text("own.more", n=len(told) - SHOWN) if len(told) > SHOWN else ""
        each = language.list(told[:SHOWN]) + more
        said.append(language.text(f"own.notes.{key}.what", **{**of_key[0], "n": len(told), "each": each}))
    return said
