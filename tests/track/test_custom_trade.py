"""Another country's file: read as it is, or refused with the line and what is accepted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import command

from forecast.errors import DataError
from forecast.observations.series import quarterly_trade
from forecast.observations.tables import SHIPPED
from forecast.track.custom_trade import read_custom_trade, unit_of


def _lines(n_months: int = 12, start: int = 12 * 2000) -> list[str]:
    """A tidy file: line 1 the header, then exports and imports month by month."""
    months = [f"{month // 12}-{month % 12 + 1:02d}" for month in range(start, start + n_months)]
    return ["month,series,value"] + [
        f"{month},{series},{index + base}"
        for index, month in enumerate(months)
        for series, base in (("exports", 10), ("imports", 5))
    ]


def _file(folder: Path, lines: list[str]) -> Path:
    path = folder / "other.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_months_become_complete_quarters(tmp_path: Path) -> None:
    trade = read_custom_trade(_file(tmp_path, _lines(12, start=12 * 2000 + 1)), "exports", "imports")
    assert trade.first_quarter == 4 * 2000 + 1
    assert trade.exports.tolist() == [12 + 13 + 14, 15 + 16 + 17, 18 + 19 + 20]
    assert trade.imports.tolist() == [24, 33, 42]
    assert trade.later_exports.tolist() == [21]


def test_order_of_rows_and_other_columns_and_series_do_not_matter(tmp_path: Path) -> None:
    lines = _lines()
    mixed = [lines[0] + ",note", *(f"{line}," for line in reversed(lines[1:])), "2000-01,oil,x,", ""]
    found = read_custom_trade(_file(tmp_path, mixed), "exports", "imports")
    plain = read_custom_trade(_file(tmp_path, lines), "exports", "imports")
    np.testing.assert_array_equal(found.exports, plain.exports)
    np.testing.assert_array_equal(found.imports, plain.imports)


def test_our_own_table_is_a_foreign_file() -> None:
    own = quarterly_trade()
    path = SHIPPED / "trade_monthly.csv"
    found = read_custom_trade(path, "us_imports_from_korea", "us_exports_to_korea")
    assert (found.first_quarter, unit_of(path, "us_imports_from_korea", "us_exports_to_korea")) == (
        own.first_quarter,
        "million USD",
    )
    np.testing.assert_array_equal(found.exports / 1e3, own.exports)
    np.testing.assert_array_equal(found.imports / 1e3, own.imports)


BROKEN = [
    ("no column", lambda lines: ["month,series,amount", *lines[1:]],
     r":1: .*expected month,series,value.*: value missing"),
    ("empty", lambda lines: [], r"got an empty file, expected a table whose first line names its columns"),
    ("header only", lambda lines: lines[:1], r"series: got none named 'exports'; no row at all"),
    ("series", lambda lines: [line.replace("exports", "export") for line in lines],
     r"got none named 'exports'; did you mean export\? Accepted: export, imports; name the two with --exports"),
    ("gap", lambda lines: [line for line in lines if "2000-05,exports" not in line],
     r":11: exports: got 2000-06 after 2000-04, expected every month: 2000-05 missing"),
    ("twice", lambda lines: [*lines, lines[-1]], r":26: imports: got 2000-12 as in line 25, expected once"),
    ("zero", lambda lines: [*lines[:3], "2000-02,exports,0", *lines[4:]],
     r":4: exports: got 0 in 2000-02, expected amounts above zero; keep 2000-03 to 2000-12"),
    ("text", lambda lines: [*lines[:3], "2000-02,exports,n/a", *lines[4:]],
     r":4: exports: got 'n/a' in 2000-02, expected amounts"),
    ("nan", lambda lines: [*lines[:3], "2000-02,exports,nan", *lines[4:]], r":4: exports: got 'nan' in 2000-02"),
    ("month", lambda lines: [*lines[:3], "2000/02,exports,1", *lines[4:]], r":4: month: got '2000/02', expected"),
    ("cells", lambda lines: [*lines[:3], "2000-02,exports", *lines[4:]], r":4: got 2 cells, expected 3"),
    ("spans", lambda lines: lines[:-1], r"exports for 2000-01 to 2000-12 and imports for 2000-01 to 2000-11"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "message"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, edit: object, message: str) -> None:
    path = _file(tmp_path, edit(_lines()))  # type: ignore[operator]
    with pytest.raises(DataError, match=message) as caught:
        read_custom_trade(path, "exports", "imports")
    assert str(caught.value).startswith(str(path))


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    lines = _lines()
    lines[3], lines[6] = "2000-02,exports,-1", "2000-3,imports,7"
    with pytest.raises(DataError) as caught:
        read_custom_trade(_file(tmp_path, lines), "exports", "imports")
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["4", "7"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (_lines(60), "got a history of 20 complete quarters, 2000Q1 to 2004Q4, expected at least 33"),
        (["month,series"], "expected month,series,value"),
    ],
    ids=["short", "columns"],
)
def test_the_command_refuses_with_code_2_and_no_traceback(tmp_path: Path, lines: list[str], message: str) -> None:
    path = _file(tmp_path, lines)
    done = command("backtest", "--data", str(path), "--out", str(tmp_path / "out"), "--no-references", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: got no file, expected a CSV file"):
        read_custom_trade(tmp_path / "none.csv", "exports", "imports")
