"""Another country's trade from a user's file: `month,series,value`, every problem with its line.

Files are read as spreadsheets write them, numbers where only one reading is possible. What many rows have in common is
one problem.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from forecast.characters import likeness
from forecast.dims import Array
from forecast.errors import DataError, listed, meant, shortened
from forecast.observations.series import QuarterlyTrade
from forecast.observations.spreadsheets import decimal_sign, number, other_reading, read_table, two_readings
from forecast.observations.tables import period_index

COLUMNS = ("month", "series", "value")
"""Columns a file must have; others are passed over, but for `MEASURES`."""

MEASURES = ("unit", "units", "currency", "scale", "multiplier")
"""Columns that say in what the values are: the same in every row of both series."""

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_OTHER_MONTH = re.compile(r"(\d{4})[-/. ]?[Mm]?(\d{1,2})(?:[-/.]0?1)?", re.ASCII)
_RANGE = (1e-9, 1e18)
_MOST_PROBLEMS = 20
_MOST_SPANS = 4
_MOST_BYTES = 50 * 2**20
_LEAST_QUARTERS = 24
"""Quarters from which on the noise of a series can be told from its trend and seasons."""

_LEAST_NOISE = 1e-4
"""Spread of quarterly growth beside a smooth trend and the seasons; that of trade is a hundred times as much."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its line, its cells by column, and what stands between them."""

    line: int
    cells: Mapping[str, str]
    delimiter: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of one series: its line in the file, month index `12 * year + month - 1`, and the value, 0 for none."""

    line: int
    month: int
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and the first line where it is; 0 for the file as a whole."""

    line: int
    message: str


def read_custom_trade(path: Path, exports: str, imports: str) -> QuarterlyTrade:
    """Quarters of two series of a file, in the file's own unit.

    Args:
        path: a CSV file in UTF-8 with `COLUMNS`; months of a series in any order, each once, none missing.
        exports, imports: names of the two series.

    Raises:
        DataError: every problem found, with file, line, what was got and what is accepted.
    """
    names, rows = (exports, imports), _chosen(path, exports, imports)
    decimal = decimal_sign([row.cells["value"] for row in rows])
    series = [_entries(rows, name, decimal) for name in names]
    problems = [*_mixed_measures(rows), *_wrong_months(rows), *_unread_values(rows, decimal), *_unusable(series, names)]
    problems = problems or [*_mismatches(series, names)] or [*_motionless(series, names)]
    if problems:
        raise DataError(_said(path, problems))
    return _quarters(path.name, *series)


def unit_of(path: Path, exports: str, imports: str) -> str:
    """The unit a file states for two series in a column `unit`, else words for not knowing."""
    units = {likeness(unit): unit for row in _chosen(path, exports, imports) if (unit := row.cells.get("unit"))}
    return units.popitem()[1] if len(units) == 1 else "units of the file"


def _chosen(path: Path, exports: str, imports: str) -> list[Row]:
    """Rows of two series."""
    if exports == imports:
        raise DataError(f"got {exports!r} for both --exports and --imports, expected two series")
    rows = _rows(path)
    names = dict.fromkeys(row.cells["series"] for row in rows)
    for name in (exports, imports):
        if name not in names:
            hint = meant(name, names) if names else "no row at all"
            raise DataError(
                f"{path}: series: got none named {name!r}; {hint}; name the two with --exports and --imports"
            )
    return [row for row in rows if row.cells["series"] in (exports, imports)]


def _said(path: Path, problems: Sequence[Problem]) -> str:
    inside = sorted(problems, key=lambda problem: (not problem.line, problem.line))
    lines = [f"{path}:{item.line}: {item.message}" if item.line else f"{path}: {item.message}" for item in inside]
    more = len(lines) - _MOST_PROBLEMS
    return "\n".join(lines[:_MOST_PROBLEMS] + ([f"and {more} more"] if more > 0 else []))


def _rows(path: Path) -> list[Row]:
    """Rows of a file, cells by heading as names are compared."""
    if not path.is_file():
        raise DataError(f"{path}: got no file, expected a CSV file with columns {','.join(COLUMNS)}")
    table = read_table(path, _MOST_BYTES)
    header = [likeness(heading) for heading in table.headings]
    _demand_columns(path, header)
    return [Row(line, dict(zip(header, cells, strict=True)), table.delimiter) for line, cells in table.rows]


def _demand_columns(path: Path, header: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise DataError(
            f"{path}:1: got columns {listed(map(shortened, header))}, expected {','.join(COLUMNS)} "
            f"among them: {listed(missing)} missing"
        )
    twice = [name for name in (*COLUMNS, *MEASURES) if header.count(name) > 1]
    if twice:
        raise DataError(f"{path}:1: got the column {listed(twice)} twice, expected it once; rename or delete the other")


def _mixed_measures(rows: Sequence[Row]) -> Iterator[Problem]:
    """Units, currencies or scales that differ among the rows."""
    for column in (name for name in MEASURES if name in rows[0].cells):
        first = {likeness(row.cells[column]): row for row in reversed(rows)}
        if len(first) > 1:
            one, other, *_ = sorted(first.values(), key=lambda row: row.line)
            stated = [f"{row.cells[column]!r} for {row.cells['series']} (line {row.line})" for row in (one, other)]
            message = f"{column}: got {' and '.join(stated)}, expected one {column} in all rows of both series"
            yield Problem(other.line, f"{message}; put all values in one and write the same there")


def _wrong_months(rows: Sequence[Row]) -> Iterator[Problem]:
    wrong = [row for row in rows if not _MONTH.fullmatch(row.cells["month"])]
    if wrong:
        text = wrong[0].cells["month"]
        other = _OTHER_MONTH.fullmatch(text)
        known = other is not None and 1 <= int(other[2]) <= 12
        hint = f"; write {other[1]}-{int(other[2]):02d}" if other and known else ""
        message = f"month: got {shortened(text)!r}, expected one such as 2025-01{hint}"
        yield Problem(wrong[0].line, f"{message}{_as_in(len(wrong) - 1)}")


def _as_in(more: int) -> str:
    return f" (and so in {more} more row{'s' if more > 1 else ''})" if more else ""


def _unread_values(rows: Sequence[Row], decimal: str) -> Iterator[Problem]:
    """Cells that hold no number, or one that can be read in two ways."""
    cells = [row.cells["value"] for row in rows]
    wrong = [row for row in rows if number(row.cells["value"], decimal) is None]
    if wrong:
        text = wrong[0].cells["value"]
        hint = "; percentages and changes are no amounts" if "%" in text else ""
        message = f"value: got {shortened(text)!r}, expected a plain number, such as 1234.5{hint}"
        yield Problem(wrong[0].line, f"{message}{_as_in(len(wrong) - 1)}")
    elif rows[0].delimiter == ";" or any("," in cell for cell in cells):
        unclear = other_reading(cells, decimal)
        if unclear is not None:
            yield Problem(rows[cells.index(unclear)].line, f"value: {two_readings(unclear, decimal)}")


def _entries(rows: Sequence[Row], name: str, decimal: str) -> list[Entry]:
    """Values of one series in the order of months, without rows that cannot be read."""
    entries = []
    for row in rows:
        text, month = row.cells["value"], row.cells["month"]
        value = number(text, decimal)
        if row.cells["series"] == name and value is not None and _MONTH.fullmatch(month):
            entries.append(Entry(row.line, period_index(month, "month"), value, text))
    return sorted(entries, key=lambda entry: (entry.month, entry.line))


def _is_amount(entry: Entry) -> bool:
    return _RANGE[0] <= entry.value <= _RANGE[1]


def _unusable(series: Sequence[list[Entry]], names: Sequence[str]) -> Iterator[Problem]:
    """Months without an amount above zero: one line for what is alike in a series."""
    for entries, name in zip(series, names, strict=True):
        kinds: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if not _is_amount(entry):
                kinds[f"{entry.value:g}" if entry.value or entry.text[:1].isdigit() else repr(entry.text)].append(entry)
        for shown, alike in kinds.items():
            spans = _spans([entry.month for entry in alike], entries[-1].month)
            size = "above zero" if alike[0].value <= 0 else f"from {_RANGE[0]:g} to {_RANGE[1]:g}"
            line = min(entry.line for entry in alike)
            yield Problem(line, f"{name}: got {shown} in {spans}, expected amounts {size}{_way_out(series)}")


def _spans(months: Sequence[int], last: int) -> str:
    """Months in words, those in a row as one span."""
    months = sorted(set(months))
    starts = [month for month in months if month - 1 not in months]
    ends = [month for month in months if month + 1 not in months]
    words = [_span(start, end, last) for start, end in zip(starts, ends, strict=True)]
    more = len(words) - _MOST_SPANS
    return " and ".join(words[:_MOST_SPANS]) + (f" and {more} more spans" if more > 0 else "")


def _span(start: int, end: int, last: int) -> str:
    if start == end:
        return _named(start)
    length = f"({end - start + 1} months)"
    return (
        f"the months from {_named(start)} on {length}" if end == last else f"{_named(start)} to {_named(end)} {length}"
    )


def _way_out(series: Sequence[list[Entry]]) -> str:
    """The longest run of months in which both series have amounts, as what to keep."""
    both = set.intersection(*({entry.month for entry in entries if _is_amount(entry)} for entries in series))
    starts = [month for month in sorted(both) if month - 1 not in both]
    ends = [month for month in sorted(both) if month + 1 not in both]
    if not starts:
        return ""
    start, end = max(zip(starts, ends, strict=True), key=lambda run: run[1] - run[0])
    return f"; keep {_named(start)} to {_named(end)} of both series, where every month is there"


def _mismatches(series: Sequence[list[Entry]], names: Sequence[str]) -> Iterator[Problem]:
    """Months twice or missing within a series, then months only one of the two series has."""
    for entries, name in zip(series, names, strict=True):
        pairs = [(one, other) for one, other in pairwise(entries) if one.month == other.month]
        gaps = [(one, other) for one, other in pairwise(entries) if other.month > one.month + 1]
        for one, other in pairs[:1]:
            twice = f"{name}: got {_named(other.month)} as in line {one.line}, expected once"
            yield Problem(other.line, f"{twice}{_as_in(len(pairs) - 1)}")
        for earlier, later in gaps[:_MOST_SPANS]:
            gap = _named(earlier.month + 1) + (
                f" to {_named(later.month - 1)}" if later.month > earlier.month + 2 else ""
            )
            got = f"{name}: got {_named(later.month)} after {_named(earlier.month)}, expected every month"
            yield Problem(later.line, f"{got}: {gap} missing{_way_out(series)}")
        if len(gaps) > _MOST_SPANS:
            yield Problem(gaps[_MOST_SPANS][1].line, f"{name}: {len(gaps) - _MOST_SPANS} more gaps from here on")
    spans = [f"{_named(entries[0].month)} to {_named(entries[-1].month)}" for entries in series]
    if spans[0] != spans[1]:
        got = f"got {names[0]} for {spans[0]} and {names[1]} for {spans[1]}"
        yield Problem(0, f"{got}, expected the same months{_way_out(series)}")


def _named(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}"


def _motionless(series: Sequence[list[Entry]], names: Sequence[str]) -> Iterator[Problem]:
    """Series without the noise that a spread could be learned from, alone or beside one another."""
    values = [np.array([entry.value for entry in entries]) for entries in series]
    for numbers, name in zip(values, names, strict=True):
        if np.ptp(numbers) == 0.0:
            got = f"{name}: got {numbers[0]:.12g} in all {len(numbers)} months"
            yield Problem(0, f"{got}, expected a series that moves")
        elif _noise(numbers) < _LEAST_NOISE:
            got = f"{name}: got growth that follows a smooth curve to {_LEAST_NOISE:.2%}"
            yield Problem(0, f"{got}, expected a series with noise, as observed trade has")
    if np.ptp(values[0] / values[1]) <= 1e-9 * abs(values[0][0] / values[1][0]) or (
        min(map(_noise, values)) >= _LEAST_NOISE and _noise(values[0] / values[1]) < _LEAST_NOISE
    ):
        yield Problem(0, f"{names[0]} and {names[1]}: got two series that move as one, expected two flows")


def _noise(numbers: Array) -> float:
    """Standard deviation of quarterly growth beside a cubic trend and seasons; infinite for too short a series."""
    n_quarters = len(numbers) // 3
    if n_quarters < _LEAST_QUARTERS:
        return np.inf
    growth = np.diff(np.log(numbers[: 3 * n_quarters].reshape(-1, 3).sum(axis=1)))
    time = np.linspace(-1.0, 1.0, len(growth))
    seasons = np.eye(4)[np.arange(len(growth)) % 4]
    design = np.column_stack([seasons, time, time**2, time**3])
    return float(np.std(growth - design @ np.linalg.lstsq(design, growth, rcond=None)[0]))


def _quarters(vintage: str, exports: list[Entry], imports: list[Entry]) -> QuarterlyTrade:
    start = exports[0].month
    skipped = -start % 3
    split = skipped + (len(exports) - skipped) // 3 * 3
    flows: list[Array] = [np.array([entry.value for entry in entries]) for entries in (exports, imports)]
    months = [flow[skipped:split].reshape(-1, 3) for flow in flows]
    sums, rest = [of_quarter.sum(axis=1) for of_quarter in months], [flow[split:] for flow in flows]
    last = np.stack([of_quarter[:, -1] for of_quarter in months], axis=-1)
    return QuarterlyTrade((start + skipped) // 3, vintage, sums[0], sums[1], rest[0], rest[1], last)
