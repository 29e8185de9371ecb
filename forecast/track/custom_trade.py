"""Another country's trade from a user's file: `month,series,value`, every problem with its line."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from forecast.dims import Array
from forecast.errors import DataError, listed, meant, shortened
from forecast.observations.series import QuarterlyTrade
from forecast.observations.tables import number, period_index

COLUMNS = ("month", "series", "value")
"""Columns a file must have; others are passed over."""

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_MOST_PROBLEMS = 20
_MOST_BYTES = 50 * 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of one series: its line in the file, month index `12 * year + month - 1`, and the value."""

    line: int
    month: int
    value: float


def read_custom_trade(path: Path, exports: str, imports: str) -> QuarterlyTrade:
    """Quarters of two series of a file, in the file's own unit.

    Args:
        path: a CSV file in UTF-8 with `COLUMNS`; months of a series in any order, each once, none missing.
        exports, imports: names of the two series.

    Raises:
        DataError: every problem found, with file, line, what was got and what is accepted.
    """
    rows = _rows(path)
    names = dict.fromkeys(row["series"] for _, row in rows)
    unknown = [name for name in (exports, imports) if name not in names]
    if unknown:
        raise DataError(
            f"{path}: series: got none named {unknown[0]!r}; {meant(unknown[0], names) if names else 'no row at all'}; "
            "name the two with --exports and --imports"
        )
    problems: list[str] = []
    series = [_entries(path, rows, name, problems) for name in (exports, imports)]
    if not problems:
        problems += _mismatches(path, series, (exports, imports))
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        raise DataError("\n".join(problems[:_MOST_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])))
    return _quarters(path.name, *series)


def unit_of(path: Path) -> str:
    """The unit a file states for all its rows in a column `unit`, else words for not knowing."""
    units = {row.get("unit") or "" for _, row in _rows(path)}
    return units.pop() if len(units) == 1 and units != {""} else "units of the file"


def _rows(path: Path) -> list[tuple[int, Mapping[str, str]]]:
    """Rows with their lines, cut to known columns and `unit`."""
    text = _text(path)
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise DataError(
                f"{path}:1: got columns {listed(map(shortened, header)) or 'none'}, expected {','.join(COLUMNS)} "
                f"among them: {listed(missing)} missing"
            )
        return [(reader.line_num, _row(path, reader.line_num, header, cells)) for cells in reader if cells]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: {error}, expected comma-separated text") from error


def _row(path: Path, line: int, header: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    if len(cells) != len(header):
        raise DataError(f"{path}:{line}: got {len(cells)} cells, expected {len(header)} as in the first line")
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True)}


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise DataError(f"{path}: got no file, expected a CSV file with columns {','.join(COLUMNS)}")
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path}: got a file of more than 50 MiB, expected two monthly series")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: got bytes that are not UTF-8, expected text in UTF-8") from error


def _entries(path: Path, rows: Sequence[tuple[int, Mapping[str, str]]], name: str, problems: list[str]) -> list[Entry]:
    """Values of one series in the order of months; what is wrong with a row is added to `problems`."""
    entries = []
    for line, row in rows:
        if row["series"] == name:
            wrong = _wrong(row)
            problems += [f"{path}:{line}: {wrong}"] if wrong else []
            if not wrong:
                entries.append(Entry(line, period_index(row["month"], "month"), float(row["value"])))
    return sorted(entries, key=lambda entry: entry.month)


def _wrong(row: Mapping[str, str]) -> str:
    if not _MONTH.fullmatch(row["month"]):
        return f"month: got {shortened(row['month'])!r}, expected one such as 2025-01"
    value = number(row["value"])
    if not (math.isfinite(value) and value > 0):
        return f"value: got {shortened(row['value'])!r}, expected a number above zero, such as 1234.5"
    return ""


def _mismatches(path: Path, series: Sequence[list[Entry]], names: Sequence[str]) -> Iterator[str]:
    """Months twice or missing within a series, then months only one of the two series has."""
    for entries, name in zip(series, names, strict=True):
        for earlier, later in pairwise(entries):
            step = later.month - earlier.month
            if step == 0:
                yield f"{path}:{later.line}: {name}: got {_named(later.month)} as in line {earlier.line}, expected once"
            elif step > 1:
                gap = _named(earlier.month + 1) + (f" to {_named(later.month - 1)}" if step > 2 else "")
                yield (
                    f"{path}:{later.line}: {name}: got {_named(later.month)} after {_named(earlier.month)}, "
                    f"expected every month: {gap} missing"
                )
    spans = [f"{_named(entries[0].month)} to {_named(entries[-1].month)}" for entries in series]
    if spans[0] != spans[1]:
        yield f"{path}: got {names[0]} for {spans[0]} and {names[1]} for {spans[1]}, expected the same months"


def _named(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}"


def _quarters(vintage: str, exports: list[Entry], imports: list[Entry]) -> QuarterlyTrade:
    start = exports[0].month
    skipped = -start % 3
    split = skipped + (len(exports) - skipped) // 3 * 3
    flows: list[Array] = [np.array([entry.value for entry in entries]) for entries in (exports, imports)]
    quarters = [flow[skipped:split].reshape(-1, 3).sum(axis=1) for flow in flows]
    return QuarterlyTrade((start + skipped) // 3, vintage, *quarters, *(flow[split:] for flow in flows))
