"""What files of a user would add to the observations: new and revised figures, and cells that are refused.

A file is recognised by what stands in it. Its figures are held against those of the same months: a wrong unit, a moved
column or another base year shows there. All files of one command are one vintage, which is stored when no cell of any
is refused and the tables with it still go together; else nothing is.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.catalogue import worded
from forecast.errors import DataError, Problem, Remark, listed, meant
from forecast.observations.formats import (
    Content,
    Figure,
    Grid,
    Reading,
    Refusal,
    amount,
    in_unit,
    month_of,
    read_content,
    step_of,
)
from forecast.observations.holdings import HeldSeries, Key, holdings, period_after, periods_between
from forecast.observations.korean_agencies import is_customs, is_ecos, read_customs, read_ecos
from forecast.observations.plausibility import beyond_record, implausible, missing_flows
from forecast.observations.products import MEMORY_CODES
from forecast.observations.tables import TABLES, read_table, text_rows
from forecast.observations.us_agencies import (
    FLOWS,
    FRED,
    fred_name,
    is_country,
    is_end_use,
    is_fred,
    is_release,
    read_country,
    read_end_use,
    read_fred,
    read_release,
)
from forecast.observations.user_data import Cells, laid_over, last_day, store_vintage
from forecast.observations.vintage import vintage
from forecast.storage.files import scratch_folder, write_csv, writing

OWN = ("series", "date", "value", "unit")
"""Columns of a plain table."""

FORMATS: Mapping[str, Callable[[Grid], bool]] = {
    "country": is_country,
    "end_use": is_end_use,
    "release": is_release,
    "fred": is_fred,
    "customs": is_customs,
    "ecos": is_ecos,
    "own": lambda grid: bool(grid.rows) and {*grid.rows[0]} >= {*OWN},
}
"""How each format is recognised, by its key."""

_USD = {"USD": 1.0, "thousand USD": 1e3, "million USD": 1e6, "billion USD": 1e9, "bn USD": 1e9, "억 달러": 1e8}
_WHOLE = {"country": ("trade_monthly",), "end_use": ("products_annual",)}
"""Tables of which a file of a format holds every period there is."""


_REMEDY = (
    "add what is missing in the same command, be it the other flow or the drivers of FRED, "
    f"{listed([fred_name(code) for code in ('GDPC1', 'EXKOUS', 'MCOILWTICO')])}"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that is new, or takes the place of another.

    Attributes:
        figure: as read.
        unit: of its value.
        old: what is held; None if nothing is.
    """

    figure: Figure
    unit: str
    old: float | None


@dataclass(frozen=True, slots=True)
class Addition:
    """What one file brings.

    Attributes:
        file: its name.
        format: a key of `FORMATS`; empty where none fits.
        publisher: agency whose figures they are.
        sha256: of its bytes.
        figures: all that were read.
        changes: what is new or revised.
        n_unchanged: figures held already, or held with fewer digits.
        n_left: figures that are left: those held were published later, or by the agency that goes first.
        problems: cells refused.
        remarks: cells that are taken though they are unusual.
    """

    file: str
    format: str
    publisher: str
    sha256: str
    figures: tuple[Figure, ...]
    changes: tuple[Change, ...]
    n_unchanged: int
    n_left: int
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What files would bring together.

    Attributes:
        additions: one a file.
        problems: all cells refused, and why the tables would no longer go together.
        tables: rows to be stored by table.
        published: the day from which they count as public.
        teaches: whether a model would learn from them.
        remarks: what is taken though it is unusual, or without what it would need to be used.
    """

    additions: tuple[Addition, ...]
    problems: tuple[Problem, ...]
    tables: Mapping[str, Sequence[Cells]]
    published: dt.date
    teaches: bool = False
    remarks: tuple[Remark, ...] = ()

    def store(self, today: dt.date) -> str:
        """Store the rows as a vintage and give its name.

        Raises:
            DataError: the user's place cannot be written.
        """
        files = [(one.file, one.format, one.sha256) for one in self.additions]
        return store_vintage(self.tables, files, self.published, today)


def proposal(paths: Iterable[Path], published: dt.date) -> Proposal:
    """What files would add to the observations.

    Args:
        paths: files of agencies, or of the user.
        published: the day from which their figures count as public; none can be about a period that ends later.

    Raises:
        DataError: what is held is broken.
    """
    held = holdings()
    additions = tuple(_addition(path, held, published) for path in paths)
    problems = [problem for one in additions for problem in one.problems]
    problems += _contradictions(additions)
    problems += [] if problems else _incomplete(additions, held)
    tables = {} if problems else _rows(additions, held, published)
    teaches = False
    if tables:
        try:
            teaches = _together(tables) != vintage().digest
        except DataError as error:
            files = ", ".join(one.file for one in additions if one.changes)
            problems.append(Problem(files, 0, 0, "", f"{error}; {_REMEDY}"))
            tables = {}
    remarks = [
        *(remark for one in additions for remark in one.remarks),
        *_holes(additions, held),
        *_without_memory(additions, held),
    ]
    return Proposal(additions, tuple(problems), tables, published, teaches, tuple(remarks))


def _addition(path: Path, held: Mapping[Key, HeldSeries], published: dt.date) -> Addition:
    try:
        content = read_content(path)
        name, reading = _recognised(content, held)
    except DataError as error:
        problem = Problem(path.name or str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))
        return Addition(path.name, "", "", "", (), (), 0, 0, (problem,))
    refusals = [*reading.refusals] or [*implausible(reading, held, published)]
    problems = tuple(Problem(content.name, 0, 0, one.cell, one.reason) for one in refusals)
    if problems:
        return Addition(content.name, name, reading.publisher, content.sha256, (), (), 0, 0, problems)
    figures = [one for one in reading.figures if not _is_before(one, held)]
    older = {key for key in _WHOLE.get(name, ()) if _ends_earlier(figures, held, key)}
    compared = [
        (one, _standing(one, reading, held[one.table, one.series], published, one.table in older)) for one in figures
    ]
    changes = tuple(
        Change(one, held[one.table, one.series].unit, held[one.table, one.series].value(one.period))
        for one, standing in compared
        if standing == "changed"
    )
    n_unchanged, n_left = (sum(standing == wanted for _, standing in compared) for wanted in ("unchanged", "left"))
    remarks = tuple(Remark(content.name, 0, 0, one.cell, unusual) for one, unusual in beyond_record(reading, held))
    read = name, reading.publisher, content.sha256, tuple(figures)
    return Addition(content.name, *read, changes, n_unchanged, n_left, (), remarks)


def _recognised(content: Content, held: Mapping[Key, HeldSeries]) -> tuple[str, Reading]:
    """Format and figures of the one grid of a file that has a known form.

    Raises:
        DataError: none has, or several have.
    """
    found = [(name, grid) for grid in content.grids for name, fits in FORMATS.items() if fits(grid)]
    if len(found) != 1:
        sheets = listed(sorted({grid.sheet for _, grid in found}))
        first = [str(cell) for grid in content.grids for cells in grid.rows[:1] for cell in cells[:6]]
        got = f"several tables, in sheets {sheets}" if found else f"a table of no known form, which begins {first}"
        raise DataError(
            f"got {got}; expected one of US Census (country.xlsx, enduse_imports.xlsx, FT-900 Exhibit 14), KCS or KITA "
            f"with the headings 기간, 국가, 수출금액, FRED, ECOS, or columns {','.join(OWN)}"
        )
    name, grid = found[0]
    items = {one.code: one.series for one in held.values() if one.table == "items_monthly"}
    readers: Mapping[str, Callable[[Grid], Reading]] = {
        "country": read_country,
        "end_use": read_end_use,
        "release": read_release,
        "fred": read_fred,
        "customs": lambda grid: read_customs(grid, items),
        "ecos": read_ecos,
        "own": lambda grid: _read_own(grid, held),
    }
    return name, readers[name](grid)


def _read_own(grid: Grid, held: Mapping[Key, HeldSeries]) -> Reading:
    """A plain table of figures: `series,date,value,unit`, a figure a row."""
    header = [str(cell) for cell in grid.rows[0]]
    refusals = [
        Refusal(grid.place(0, column), f"got column {cell!r}, expected {', '.join(OWN)}, each once")
        for column, cell in enumerate(header)
        if cell not in OWN or header.index(cell) < column
    ]
    columns = {name: header.index(name) for name in OWN}
    rows = [row for row in range(1, len(grid.rows)) if any(cell != "" for cell in grid.rows[row])]
    found = [_own_figure(grid, row, columns, held) for row in rows] if not refusals else []
    refusals += [one for one in found if isinstance(one, Refusal)]
    figures = [one for one in found if isinstance(one, Figure)]
    publishers = {key[1]: one.publisher for key, one in held.items()}
    named = dict.fromkeys(publishers[one.series] for one in figures)
    return Reading("; ".join(named), tuple(figures), tuple(refusals))


def _own_figure(grid: Grid, row: int, columns: Mapping[str, int], held: Mapping[Key, HeldSeries]) -> Figure | Refusal:
    cells = {name: grid.at(row, column) for name, column in columns.items()}
    places = {name: grid.place(row, column) for name, column in columns.items()}
    name, date = str(cells["series"]), str(cells["date"]).removesuffix(".0")
    period = month_of(date) or date
    fitting = [one for one in held.values() if one.series == name]
    one = next((one for one in fitting if one.is_period(period)), None)
    if not fitting:
        names = sorted({one.series for one in held.values() if one.table != "products_annual"})
        expected = f"expected {FRED[name].name}" if name in FRED else meant(name, names)
        return Refusal(places["series"], f"got series {name!r}, {expected}")
    if one is None:
        examples = " or ".join(dict.fromkeys(one.last for one in fitting))
        return Refusal(places["date"], f"got {date!r}, expected a date such as {examples}")
    scale = _USD.get(str(cells["unit"]), 0.0) / _USD[one.unit] if one.unit in _USD else cells["unit"] == one.unit
    if not scale:
        accepted = ", ".join(_USD) if one.unit in _USD else one.unit
        return Refusal(places["unit"], f"got unit {cells['unit']!r}, expected {accepted}")
    value = amount(cells["value"])
    if value is None:
        return Refusal(places["value"], f"got {cells['value']!r}, expected a number")
    return Figure(one.table, name, period, in_unit(value, scale), step_of(cells["value"]) * scale, places["value"])


def _is_before(figure: Figure, held: Mapping[Key, HeldSeries]) -> bool:
    """Whether a figure is older than all that are held of its series, which begins where it does for a reason."""
    return figure.period < held[figure.table, figure.series].first


def _ends_earlier(figures: Sequence[Figure], held: Mapping[Key, HeldSeries], table: str) -> bool:
    """Whether a file that holds all there is when it is published ends before what is held: then it is an older one."""
    last = max((one.period for one in figures if one.table == table), default="")
    return bool(last) and last < max(held[table, one.series].last for one in figures if one.table == table)


def _standing(figure: Figure, reading: Reading, held: HeldSeries, published: dt.date, is_older: bool) -> str:
    """Whether a figure is `changed`, `unchanged` or `left` beside what is held of its period."""
    old = held.values.get(figure.period)
    if old is None or math.isnan(old.value):
        return "changed"
    if any(abs(figure.value - value) <= 0.5000001 * max(step, figure.step) for value, step in old.alternatives):
        return "unchanged"
    if (
        is_older
        or last_day(old.label) > published.isoformat()
        or (reading.extends and old.publisher != reading.publisher)
    ):
        return "left"
    return "changed"


def _contradictions(additions: Sequence[Addition]) -> Iterator[Problem]:
    """Figures on which two files do not agree."""
    seen: dict[tuple[str, str, str], tuple[Addition, Figure]] = {}
    for addition in additions:
        for figure in addition.figures:
            other, first = seen.setdefault((figure.table, figure.series, figure.period), (addition, figure))
            if abs(first.value - figure.value) > 0.5000001 * max(first.step, figure.step):
                yield Problem(
                    addition.file,
                    0,
                    0,
                    figure.cell,
                    f"got {figure.value:,.10g} for {figure.series} of {figure.period}, but {first.value:,.10g} in "
                    f"{other.file}, {first.cell}; add them one after the other",
                )


def _incomplete(additions: Sequence[Addition], held: Mapping[Key, HeldSeries]) -> Iterator[Problem]:
    """Figures of new periods without those that they go with."""
    brought = {(one.table, one.series, one.period) for addition in additions for one in addition.figures}
    for addition in additions:
        for figure in addition.figures:
            missing = " and ".join(missing_flows(figure, brought, held))
            if missing:
                got = f"got {figure.series} of {figure.period} without {missing}"
                expected = "expected both flows of a period; add what is missing in the same command"
                yield Problem(addition.file, 0, 0, figure.cell, f"{got}, {expected}")


_BY_MONTH = ("trade_monthly", "trade_monthly_korea", "items_monthly")
"""Tables of trade of which memory is a part, by month."""


def _holes(additions: Sequence[Addition], held: Mapping[Key, HeldSeries]) -> Iterator[Remark]:
    """Series in which new periods leave others open before them, which none of the files brings."""
    brought = {(one.table, one.series, one.period) for addition in additions for one in addition.figures}
    for addition in additions:
        new: dict[Key, str] = {}
        for figure in (one.figure for one in addition.changes if one.old is None):
            key = figure.table, figure.series
            new[key] = max(figure.period, new.get(key, ""))
        for key, end in new.items():
            last = held[key].last
            between = (period_after(last, n) for n in range(1, periods_between(last, end) - 1))
            missing = [period for period in between if (*key, period) not in brought]
            if missing:
                wording = worded("warnings.data.hole", series=key[1], period=end, missing=missing, last=last)
                yield Remark(addition.file, 0, 0, "", wording)


def _without_memory(additions: Sequence[Addition], held: Mapping[Key, HeldSeries]) -> Iterator[Remark]:
    """Files with new months of trade in which memory is unknown, as a code of it is neither held nor brought."""
    memory = [one for one in held.values() if one.table == "items_monthly" and one.code in MEMORY_CODES]
    brought = {(one.series, one.period) for addition in additions for one in addition.figures}
    for addition in additions:
        new = {one.figure.period for one in addition.changes if one.figure.table in _BY_MONTH and one.old is None}
        lacking = {
            period: [one.code for one in memory if one.value(period) is None and (one.series, period) not in brought]
            for period in sorted(new)
            if period > max(one.first for one in memory)
        }
        if months := [period for period, codes in lacking.items() if codes]:
            codes = sorted({code for period in months for code in lacking[period]})
            wording = worded("warnings.data.memory", codes=codes, months=months, all=[*MEMORY_CODES])
            yield Remark(addition.file, 0, 0, "", wording)


def _rows(
    additions: Sequence[Addition], held: Mapping[Key, HeldSeries], published: dt.date
) -> dict[str, Sequence[Cells]]:
    """Rows of tables that hold what is new and revised, and a whole copy of each file's US Census trade."""
    rows: dict[str, dict[tuple[str, ...], Cells]] = {}
    for addition in additions:
        if not addition.changes:
            continue
        for change in addition.changes:
            row = _row(change.figure, addition, held, published)
            place = tuple(row[part] for part in TABLES[change.figure.table].key)
            rows.setdefault(change.figure.table, {}).setdefault(place, row)
        for figure in _last_run([one for one in addition.figures if one.table == "trade_monthly"]):
            row = _row(figure, addition, held, published)
            rows.setdefault("trade_vintages", {})[tuple(row[part] for part in TABLES["trade_vintages"].key)] = row
    return {table: tuple(by_place.values()) for table, by_place in rows.items()}


def _last_run(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Of each series the figures that follow one another up to the last."""
    by_series: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        by_series.setdefault(figure.series, {})[figure.period] = figure
    for periods in by_series.values():
        run = [max(periods)]
        while (before := period_after(run[-1], -1)) in periods:
            run.append(before)
        yield from (periods[period] for period in reversed(run))


def _row(figure: Figure, addition: Addition, held: Mapping[Key, HeldSeries], published: dt.date) -> Cells:
    """A figure as a row of its table, like those that are held."""
    one = held[figure.table, figure.series]
    own = {
        one.period_column: figure.period,
        "value": repr(figure.value),
        "publisher": one.publisher if addition.format == "own" else addition.publisher,
        "source": f"{addition.file} ({addition.sha256[:7]})",
        "vintage": published.isoformat(),
        "status": "published",
        "rank": "1",
        "release": "not_stated",
        "note": "",
    }
    if ";" in own["publisher"]:
        own["publisher"] = one.publisher
    return {column: own.get(column, cell) for column, cell in one.template.items()}


def _together(tables: Mapping[str, Sequence[Cells]]) -> str:
    """Digest of what the models would see of the tables with rows laid over them.

    Raises:
        DataError: the tables would no longer go together.
    """
    merged = {name: laid_over(text_rows(name), rows, TABLES[name].key) for name, rows in tables.items()}
    trade = merged.get("trade_monthly", ())
    ends = {flow: max((row["month"] for row in trade if row["series"] == flow), default="") for flow in FLOWS}
    if len({*ends.values()}) > 1:
        raise DataError(f"{' and '.join(f'{flow} would end with {month}' for flow, month in ends.items())}")
    with scratch_folder() as folder:
        with writing(folder):
            for name in TABLES:
                rows = merged.get(name) or text_rows(name)
                write_csv(folder / f"{name}.csv", TABLES[name].columns, (tuple(row.values()) for row in rows))
        try:
            for name in merged:
                read_table(name, folder)
            return vintage(folder=folder).digest
        except DataError as error:
            reason = re.sub(r"^\w+\.csv(:\d+)?: ", "", str(error))
            raise DataError(f"the data would no longer go together: {reason}") from None
