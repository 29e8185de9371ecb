"""The tables of observations: what each must look like, and reading them so that nothing broken passes.

Where the folder is the package's own, vintages of the user lie over its tables. Without any, the shipped rows are all.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from forecast.dims import BASES
from forecast.errors import DataError
from forecast.observations.user_data import Cells, laid_over, stored_vintages
from forecast.quarters import ACCEPTED, parse_time
from forecast.storage.files import digest

if TYPE_CHECKING:
    import pandas as pd

Row: TypeAlias = Mapping[str, Any]
"""Cells by column: a float in columns of numbers, nan where the cell is empty, and text in all others."""

SHIPPED = Path(str(files("forecast"))) / "data" / "observations"
"""Folder of the tables inside the package."""

PROVENANCE = ("unit", "basis", "publisher", "source", "vintage", "status")
"""Columns of every table; none of their cells is empty."""

_MONEY = frozenset({"billion USD"})
_TRADE = frozenset({"exports_to_us", "imports_from_us", "balance_with_us", "total_trade_with_us"})
_STATUS = frozenset({"published", "derived", "not_published"})
_STAGE = frozenset(
    {
        *("cancelled", "completed", "delayed", "operating", "paused", "planned", "pledged", "superseded"),
        "under_construction",
    }
)
_STEPS = {"month": 1, "quarter": 3, "year": 12}
_PERIODS = {"month": r"\d{4}-(0[1-9]|1[0-2])", "quarter": r"\d{4}Q[1-4]", "year": r"\d{4}"}

_PERIODS |= dict.fromkeys(("first_month", "last_month"), _PERIODS["month"])

_EXAMPLES = dict.fromkeys(_PERIODS, "2026-08") | {"quarter": "2026Q2", "year": "2026"}
_DATES = (
    "announced",
    "construction_start",
    "planned_start",
    "state_date",
    "effective",
    "first_planned_start",
    "latest_start",
    "machinery_start",
    "production_start",
    "reported",
    "until",
)


@dataclass(frozen=True, slots=True)
class Table:
    """Contract of one CSV file.

    Attributes:
        columns: exact header.
        key: columns which together name a row; no two rows share them.
        accepted: texts a column may hold, for columns with a closed vocabulary.
        numbers: columns of finite numbers; their cells may be empty in rows of status `not_published`.
        optional: columns of `numbers` whose cells may be empty in any row.
        gapless: period column (`month`, `quarter`) that runs without a gap within the rest of the key; else empty.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    numbers: tuple[str, ...] = ("value",)
    optional: tuple[str, ...] = ()
    gapless: str = ""


def _series(period: str, units: set[str], bases: set[str] | None = None, extra: tuple[str, ...] = ()) -> Table:
    """Contract of a long table of series observed in every period."""
    accepted = {"unit": frozenset(units)} | ({"basis": frozenset(bases)} if bases else {})
    columns = (period, *extra, "series", "value", *PROVENANCE)
    return Table(columns, ("series", period), accepted, gapless=period)


def _ranked(period: tuple[str, ...], unit: str, tail: tuple[str, ...], accepted: Mapping[str, frozenset[str]]) -> Table:
    """Contract of a table where one figure may stand in several vintages, rank 1 the preferred."""
    columns = (*period, "series", "rank", "value", *PROVENANCE, *tail)
    return Table(columns, ("series", *period, "rank"), {"unit": frozenset({unit}), **accepted}, ("rank", "value"))


_ANNOUNCEMENT = (
    "id", "parent_id", "parent_relation", "company", "project", "location", "sector", "sector_text", "kind",
    "amount", "announced", "announced_text", "construction_start", "planned_start", "planned_start_text",
    "capacity", "stage", "state_text", "state_date", "jobs", "cash_share_note", "revision_note",
    "double_count_note", *PROVENANCE,
)  # fmt: skip
_SLIPPAGE = (
    "id", "announcement_id", "part", "first_planned_start", "first_planned_start_text", "latest_start",
    "latest_start_text", "started", "value", "bound", *PROVENANCE, "scope_change", "outcome",
)  # fmt: skip
_WAVE = ("id", "sector", "amount", "built", "machinery_start", "production_start", *PROVENANCE, "note")
_READING = ("id", "title", "value", "error", "remainder", "remainder_title", *PROVENANCE, "error_note", "note")
_SPAN = ("period", "first_month", "last_month")
_RELEASE = {"release": frozenset({"final", "not_stated", "preliminary"})}
_CUSTOMS = {"basis": frozenset({"korea_customs"}), "series": _TRADE, **_RELEASE}
_DRIVER_UNITS = {"USD per barrel", "KRW per USD", "million USD", "index", "index 1982-84=100", "index 2017=100"}
INDUSTRY_FLOWS = ("korea_imports", "korea_duties", "world_imports", "world_duties")
"""US imports for consumption from Korea and from the world by NAICS industry, and the duties on them."""

TABLES: Mapping[str, Table] = {
    "trade_monthly": _series("month", {"million USD"}, {"us_census"}),
    "trade_vintages": Table(
        ("month", "series", "value", *PROVENANCE),
        ("series", "vintage", "source", "month"),
        {"unit": frozenset({"million USD"}), "basis": frozenset({"us_census"})},
        gapless="month",
    ),
    "trade_annual": _ranked(("year",), "billion USD", ("release", "note"), _CUSTOMS),
    "trade_subannual": _ranked(_SPAN, "billion USD", ("release", "note"), _CUSTOMS),
    "trade_monthly_korea": _ranked(("month",), "million USD", ("release", "note"), _CUSTOMS),
    "drivers_monthly": _series("month", _DRIVER_UNITS),
    "drivers_quarterly": _series("quarter", {"billion chained 2017 USD"}),
    "duties_monthly": _series("month", {"USD", "ratio"}),
    "items_monthly": _series("month", {"USD"}, {"korea_customs"}, ("hs",)),
    "items": Table(
        (*_SPAN, "flow", "item", "classification", "rank", "value", *PROVENANCE, "note"),
        (*_SPAN, "flow", "item", "classification", "rank"),
        {
            "unit": frozenset({"billion USD", "million USD"}),
            "basis": frozenset(BASES),
            "flow": frozenset({"exports", "imports"}),
            "classification": frozenset({"mti_or_not_stated", "hs_proxy", "usitc_sector"}),
        },
        ("rank", "value"),
    ),
    "products_annual": Table(
        ("year", "code", "product", "value", *PROVENANCE),
        ("year", "code"),
        {"unit": frozenset({"USD"}), "basis": frozenset({"us_census"})},
    ),
    "product_duties_monthly": _series("month", {"USD"}, extra=("code",)),
    "industry_trade_monthly": Table(
        ("month", "code", *INDUSTRY_FLOWS, *PROVENANCE),
        ("code", "month"),
        {"unit": frozenset({"USD"})},
        INDUSTRY_FLOWS,
        gapless="month",
    ),
    "tariff_lists": Table(
        ("year", "chapter", "list", "value", *PROVENANCE),
        ("year", "chapter", "list"),
        {"unit": frozenset({"USD"})},
    ),
    "tariff_sectors": Table(
        ("year", "sector", "list", "value", *PROVENANCE),
        ("sector", "list"),
        {"unit": frozenset({"USD"})},
    ),
    "tariff_actions": Table(
        ("effective", "until", "authority", "instrument", "scope", "value", *PROVENANCE, "note"),
        ("effective", "instrument", "scope"),
        {"unit": frozenset({"percent"})},
    ),
    "chip_billings_monthly": _series("month", {"thousand USD"}),
    "direct_investment": _ranked(_SPAN, "billion USD", ("release", "note"), _RELEASE),
    "procurement_shares": Table(
        ("year", "scope", "party", "value", *PROVENANCE, "certainty", "note"),
        ("year", "scope", "party"),
        {
            "unit": frozenset({"% of purchases"}),
            "scope": frozenset({"us_affiliates", "other_hosts"}),
            "party": frozenset({"korea", "local", "third_country"}),
        },
    ),
    "parameters": Table(
        ("name", "period", "value", "low", "high", *PROVENANCE, "certainty", "note"),
        ("name", "period"),
        numbers=("value", "low", "high"),
        optional=("low", "high"),
    ),
    "announcements": Table(
        _ANNOUNCEMENT,
        ("id",),
        {
            "unit": _MONEY,
            "parent_relation": frozenset({"", "part_of", "purchase_of", "superseded_by"}),
            "kind": frozenset({"greenfield", "expansion", "acquisition", "pledge"}),
            "stage": _STAGE,
        },
        ("amount", "jobs"),
        ("amount", "jobs"),
    ),
    "slippage": Table(
        _SLIPPAGE, ("id",), {"unit": frozenset({"years"}), "bound": frozenset({"exact", "at_least", "none"})}
    ),
    "wave": Table(_WAVE, ("id",), {"unit": _MONEY}, ("amount", "built")),
    "affiliates": Table(
        ("affiliate", "sector", "year", "measure", "value", *PROVENANCE, "grade", "error", "note"),
        ("affiliate", "measure", "year"),
        {
            "unit": frozenset({"billion USD", "thousand USD", "vehicles"}),
            "measure": frozenset({"capital", "credits", "output", "purchases", "value_per_vehicle", "vehicles"}),
            "grade": frozenset({"judgement", "source"}),
        },
        ("value", "error"),
    ),
    "affiliate_vehicles": _series("month", {"vehicles"}),
    "related_party": Table(("year", "value", *PROVENANCE, "note"), ("year",), {"unit": frozenset({"ratio"})}),
    "readings": Table(_READING, ("id",), {}, ("value", "error", "remainder"), ("remainder",)),
    "reports": Table(
        ("announcement_id", "reported", "stage", "text", "amount", "planned_start", *PROVENANCE),
        ("announcement_id", "reported"),
        {"unit": _MONEY, "stage": _STAGE},
        ("amount",),
        ("amount",),
    ),
    "revisions": Table(
        ("announcement_id", "first_value", "value", "reported", *PROVENANCE, "note"),
        ("announcement_id",),
        {"unit": _MONEY},
        ("first_value", "value"),
    ),
}
"""Every shipped table by name; the file is the name with `.csv`."""


def read_table(name: str, folder: Path = SHIPPED) -> tuple[Row, ...]:
    """Rows of a table in file order, checked against its contract, with numbers as floats.

    Args:
        name: a key of `TABLES`.
        folder: where the CSV file lies; the package's own folder by default.

    Raises:
        DataError: unknown name, missing file, or a row that breaks the contract; names file, line, what was got and
            what is accepted.
    """
    if name not in TABLES:
        raise DataError(f"got table {name!r}, expected one of {', '.join(sorted(TABLES))}")
    return _checked_rows(name, folder)


def table(name: str, folder: Path = SHIPPED) -> pd.DataFrame:
    """A table as a DataFrame: its number columns as float64 (nan where empty), everything else as text."""
    import pandas as pd

    return pd.DataFrame(list(read_table(name, folder)), columns=list(TABLES[name].columns))


def data_digest(*names: str, folder: Path = SHIPPED) -> str:
    """sha256 over names and bytes of tables in name order, whatever their line ends; all tables when none is named."""
    wanted = sorted(names or TABLES)
    contents: list[tuple[str, str | bytes]] = [
        (f"{name}\n", _content(name, folder).replace(b"\r\n", b"\n")) for name in wanted
    ]
    own: list[tuple[str, str | bytes]] = [
        (f"{vintage.name}/{name}\n", content)
        for vintage in (stored_vintages() if folder == SHIPPED else ())
        for name, content in vintage.tables
        if name in wanted
    ]
    return digest(*(part for content in (*contents, *own) for part in content))


def are_shipped(digest_held: str) -> bool:
    """Whether a digest of data is that of the shipped tables alone, where those held here have rows of a user too."""
    contents = ((f"{name}\n", _content(name, SHIPPED).replace(b"\r\n", b"\n")) for name in sorted(TABLES))
    return bool(stored_vintages()) and digest_held == digest(*(part for content in contents for part in content))


def of_other_data(digest_held: str) -> str:
    """That something was made with data of another digest than those held here, and what to do, in words."""
    if are_shipped(digest_held):
        return f"made with the shipped data, to which you have added some; {SHIPPED_ALONE}"
    lists = "`forecast data` lists yours, and `forecast data remove` takes the newest back"
    return f"made with other data than are held here{f'; {lists}' if stored_vintages() else ''}"


SHIPPED_ALONE = "`forecast --data-dir FOLDER COMMAND` with an empty FOLDER goes by the shipped data alone"
"""What to do where data of a user stand in the way."""


@lru_cache(maxsize=4096)
def period_index(text: str, column: str) -> int:
    """Index of a period: `12 * year + month - 1`, `4 * year + quarter - 1`, or the year, by the column it stands in.

    >>> period_index("2026-02", "month"), period_index("2026Q2", "quarter"), period_index("2026", "year")
    (24313, 8105, 2026)
    """
    return round(3 * parse_time(text)) // _STEPS[column]


def text_rows(name: str, folder: Path = SHIPPED) -> tuple[Cells, ...]:
    """Rows of a table as they are written, unchecked, with those of the user's vintages in their places.

    Raises:
        DataError: the file is missing or no table of that form, or a vintage was changed since it was stored.
    """
    rows = tuple(_rows(name, folder))
    for vintage in stored_vintages() if folder == SHIPPED else ():
        if vintage.holds(name):
            rows = laid_over(rows, tuple(_rows(name, vintage.folder)), TABLES[name].key)
    return rows


@cache
def _checked_rows(name: str, folder: Path) -> tuple[Row, ...]:
    rows = text_rows(name, folder)
    for check in (_check_words, _check_numbers, _check_periods, _check_key, _check_gaps):
        check(name, rows)
    return tuple({**row, **{column: number(row[column]) for column in TABLES[name].numbers}} for row in rows)


def _content(name: str, folder: Path) -> bytes:
    try:
        return (folder / f"{name}.csv").read_bytes()
    except OSError as error:
        raise DataError(f"{name}.csv: cannot be read ({error.strerror}), expected a table of that name") from error


def _rows(name: str, folder: Path) -> Iterator[Cells]:
    """Rows as mappings; one line of the file is one row, so row `i` stands in line `i + 2`."""
    columns = TABLES[name].columns
    try:
        lines = list(csv.reader(_content(name, folder).decode("utf-8").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{name}.csv: {error}, expected comma-separated text in UTF-8") from error
    if not lines or tuple(lines[0]) != columns:
        _reject(name, -1, f"got columns {lines[:1]}, expected {','.join(columns)}")
    for index, cells in enumerate(lines[1:]):
        if len(cells) != len(columns):
            _reject(name, index, f"got {len(cells)} cells, expected {len(columns)}")
        yield dict(zip(columns, cells, strict=True))


def _reject(name: str, index: int, message: str) -> NoReturn:
    raise DataError(f"{name}.csv:{index + 2}: {message}")


def _check_words(name: str, rows: tuple[Cells, ...]) -> None:
    """Closed vocabularies hold, and every row says where it comes from."""
    for column, accepted in {"status": _STATUS, **TABLES[name].accepted}.items():
        for text in {row[column] for row in rows} - accepted:
            index = next(index for index, row in enumerate(rows) if row[column] == text)
            _reject(name, index, f"{column}: got {text!r}, expected one of {', '.join(sorted(accepted))}")
    for column in PROVENANCE:
        cells = [row[column] for row in rows]
        if "" in cells:
            _reject(name, cells.index(""), f"{column}: got an empty cell, expected a text ('not stated' where unknown)")


def _check_numbers(name: str, rows: tuple[Cells, ...]) -> None:
    shape = TABLES[name]
    for column in shape.numbers:
        for index, row in enumerate(rows):
            empty = not row[column] and (column in shape.optional or row["status"] == "not_published")
            if not empty and not math.isfinite(number(row[column])):
                _reject(name, index, f"{column}: got {row[column]!r}, expected a finite number")


def number(text: str) -> float:
    """The number a cell holds, nan for an empty cell or any other text."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _check_periods(name: str, rows: tuple[Cells, ...]) -> None:
    for column in (column for column in TABLES[name].columns if column in _PERIODS):
        pattern, example = re.compile(_PERIODS[column]), _EXAMPLES[column]
        for index, text in _each_once(rows, column):
            if not pattern.fullmatch(text):
                _reject(name, index, f"{column}: got {text!r}, expected one such as {example}")
    for column in (column for column in TABLES[name].columns if column in _DATES):
        for index, text in _each_once(rows, column):
            if text and not _is_time(text):
                _reject(name, index, f"{column}: got {text!r}, expected {ACCEPTED}, or an empty cell")


def _each_once(rows: tuple[Cells, ...], column: str) -> list[tuple[int, str]]:
    """Texts of a column with the first row of each, in order: every series of a table has the same months."""
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        first.setdefault(row[column], index)
    return [(index, text) for text, index in first.items()]


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def _check_key(name: str, rows: tuple[Cells, ...]) -> None:
    keys = _cells(rows, TABLES[name].key)
    first = {cells: index for index, cells in reversed([*enumerate(keys)])}
    if len(first) < len(keys):
        index, cells = next((index, cells) for index, cells in enumerate(keys) if first[cells] < index)
        _reject(name, index, f"got {', '.join(cells)} as in line {first[cells] + 2}, expected each once")


def _check_gaps(name: str, rows: tuple[Cells, ...]) -> None:
    """Periods of one series follow one another, in file order."""
    column = TABLES[name].gapless
    if not column:
        return
    last: dict[tuple[str, ...], int] = {}
    groups = _cells(rows, tuple(part for part in TABLES[name].key if part != column))
    for index, (row, group) in enumerate(zip(rows, groups, strict=True)):
        period = period_index(row[column], column)
        if period != last.get(group, period - 1) + 1:
            _reject(name, index, f"{', '.join(group)}: got {row[column]} out of turn, expected every {column} in order")
        last[group] = period


def _cells(rows: tuple[Cells, ...], columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*([row[column] for row in rows] for column in columns), strict=True))
