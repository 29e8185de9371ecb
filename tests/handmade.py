"""Tables of announcements made by hand, in the form of the shipped ones."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from forecast.observations.tables import TABLES
from forecast.report.i18n import language
from forecast.report.sentences import assumed_conditions
from forecast.scenario.scenario import Scenario, load_scenario

_FILLED = {
    "unit": "billion USD", "basis": "stated total, nominal", "publisher": "test", "source": "test",
    "vintage": "not stated", "status": "published", "kind": "greenfield", "bound": "none",
}  # fmt: skip


def write_tables(
    folder: Path, announced: Mapping[str, Mapping[str, str]], slips: Mapping[str, Mapping[str, str]]
) -> Path:
    """Write `announcements.csv` and `slippage.csv`, each row by its id with the cells that matter."""
    folder.mkdir(exist_ok=True)
    _write(folder, "announcements", {name: {"kind": "greenfield", **row} for name, row in announced.items()})
    years = {"unit": "years", "announcement_id": "", "status": "not_published"}
    _write(folder, "slippage", {name: {**years, "announcement_id": name, **row} for name, row in slips.items()})
    return folder


def copy_with_cell(table: Path, folder: Path, column: str, text: str) -> None:
    """Copy a shipped table to a folder with another text in one cell of its first row."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0][column] = text
    with (folder / table.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write(folder: Path, table: str, rows: Mapping[str, Mapping[str, str]]) -> None:
    columns = TABLES[table].columns
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for name, row in rows.items():
            cells = {column: _FILLED.get(column, "") for column in columns} | {"id": name} | dict(row)
            writer.writerow(cells)


DAY = "as_of: 2025-04-11\nname: s\n"
"""Head of a scenario that stands on a day."""


def stated(folder: Path, text: str, head: str = "name: s\n") -> Scenario:
    path = folder / "s.yaml"
    path.write_text(head + text, encoding="utf-8")
    return load_scenario(path)


def said(scenario: Scenario, code: str = "en") -> str:
    """What a scenario assumes of the world, with plain spaces."""
    return assumed_conditions(scenario, language(code)).replace("\u00a0", " ")
