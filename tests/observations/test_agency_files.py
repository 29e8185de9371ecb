"""Files of agencies: what is read of each layout, and what is refused, with its cell and the reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from agency_files import (
    DAY,
    EXPORTS,
    IMPORTS,
    Rows,
    country_rows,
    customs_rows,
    fred_rows,
    lines,
    refused,
    release_rows,
    shipped,
    workbook,
)

from forecast.observations.additions import Proposal, proposal
from forecast.report.data import addition_parts
from forecast.report.table import Table

NEXT = {IMPORTS: {"2026-09": 15310.4}, EXPORTS: {"2026-09": 6402.7}}
KRW, WTI, GDP = "krw_per_usd", "wti_spot", "us_real_gdp"


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECAST_DATA_DIR", str(tmp_path / "own"))


def brought(found: Proposal) -> dict[tuple[str, str], tuple[float | None, float]]:
    """Old and new figure by series and period."""
    assert [str(problem) for problem in found.problems] == []
    changes = [change for one in found.additions for change in one.changes]
    return {(one.figure.series, one.figure.period): (one.old, one.figure.value) for one in changes}


def fred(path: Path, name: str, values: dict[str, float]) -> Path:
    return lines(path, fred_rows(name, values))


def drivers(folder: Path) -> list[Path]:
    """Files of all drivers up to the third quarter of 2026."""
    won, oil, output = (
        shipped("drivers_monthly", KRW),
        shipped("drivers_monthly", WTI),
        shipped("drivers_quarterly", GDP),
    )
    return [
        fred(folder / "won.csv", "EXKOUS", won | {"2026-07": 1441.2, "2026-08": 1436.0, "2026-09": 1430.5}),
        fred(folder / "oil.csv", "MCOILWTICO", oil | {"2026-08": 78.2, "2026-09": 76.9}),
        fred(folder / "gdp.csv", "GDPC1", output | {"2026Q3": 24355.1}),
    ]


def test_trade_by_country_brings_new_and_revised_months(tmp_path: Path) -> None:
    more = {IMPORTS: NEXT[IMPORTS] | {"2026-08": 15288.1}, EXPORTS: NEXT[EXPORTS]}
    files = [workbook(tmp_path / "any name.dat", country_rows(more=more), "country"), *drivers(tmp_path)]
    found = proposal(files, DAY)
    assert brought(found) == {
        (IMPORTS, "2026-08"): (15202.0, 15288.1),
        (IMPORTS, "2026-09"): (None, 15310.4),
        (EXPORTS, "2026-09"): (None, 6402.7),
        (KRW, "2026-07"): (None, 1441.2),
        (KRW, "2026-08"): (None, 1436.0),
        (KRW, "2026-09"): (None, 1430.5),
        (WTI, "2026-08"): (None, 78.2),
        (WTI, "2026-09"): (None, 76.9),
        (GDP, "2026Q3"): (None, 24355.1),
    }
    assert [one.format for one in found.additions] == ["country", "fred", "fred", "fred"]
    assert found.additions[0].n_unchanged == 2 * (24 + 8) - 1
    assert found.teaches
    assert len(found.tables["trade_vintages"]) == 2 * (24 + 9)  # a whole copy, so that a day can be asked what it knew


def test_a_revision_downwards_has_a_minus_sign(tmp_path: Path) -> None:
    """It had a hyphen, beside numbers with a minus sign in all other tables."""
    more = {IMPORTS: NEXT[IMPORTS] | {"2026-08": 15034.8}, EXPORTS: NEXT[EXPORTS]}
    found = proposal([workbook(tmp_path / "c.xlsx", country_rows(more=more), "country"), *drivers(tmp_path)], DAY)
    (revised,) = (part for part in addition_parts(found) if isinstance(part, Table) and part.title == "Revised")
    assert revised.rows[0].cells[-1].replace("\xa0", " ") == "−1.10 %"


def test_a_quarter_needs_the_drivers_of_it(tmp_path: Path) -> None:
    (problem,) = refused(workbook(tmp_path / "c.xlsx", country_rows(more=NEXT), "country"))
    assert "us_real_gdp ends with 2026Q2, expected it up to 2026Q3" in problem
    assert "add what is missing in the same command" in problem
    assert "GDPC1 (us_real_gdp), EXKOUS (krw_per_usd), MCOILWTICO (wti_spot)" in problem


def test_a_figure_printed_with_more_digits_than_are_held_is_no_revision(tmp_path: Path) -> None:
    more = {IMPORTS: {"2026-08": 15202.4}}
    assert brought(proposal([workbook(tmp_path / "c.xlsx", country_rows(more=more), "country")], DAY)) == {}


def test_an_older_file_revises_nothing(tmp_path: Path) -> None:
    found = proposal([workbook(tmp_path / "c.xlsx", country_rows(2023, 2025, {IMPORTS: {"2025-12": 11000.0}}))], DAY)
    assert brought(found) == {}
    assert found.additions[0].n_left == 1


def moved(rows: Rows) -> None:
    for row in rows[:1]:
        row[3], row[4] = row[4], row[3]


def shifted(rows: Rows) -> None:
    """Numbers one column to the right of their headings."""
    for row in rows[1:]:
        row[3:] = [0.0, *row[3:-1]]


def in_thousands(rows: Rows) -> None:
    for row in rows[1:]:
        row[3:] = [1000 * value for value in row[3:] if isinstance(value, float)]


def twice(rows: Rows) -> None:
    rows.append(rows[-1])


def gap(rows: Rows) -> None:
    del rows[-2]


def word(rows: Rows) -> None:
    rows[-1][5] = "n.a."


def hole(rows: Rows) -> None:
    rows[-1][5], rows[-1][15] = 0.0, rows[-1][15] - rows[-1][5]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("change", "cell", "reason"),
    [
        (moved, "country!D1", "got 'IFEB', expected 'IJAN': the layout has changed"),
        (shifted, "country!D4", "got 0.0, expected an amount above 0"),
        (in_thousands, "country!D4", "about 1,000 times as much; expected million USD"),
        (twice, "country!A7", "got 2026 as in row 6, expected each year once"),
        (gap, "country!A5", "got 2026 without 2025"),
        (word, "country!F6", "got 'n.a.', expected an amount above 0, million USD"),
        (hole, "country!F6", "got 0.0, expected an amount above 0, million USD"),
        (lambda rows: rows[-1].__setitem__(15, 1.0), "country!P6", "the sum of the months"),
        (lambda rows: rows[-1].__setitem__(2, "Korea"), "country!C6", "got 'Korea' for code 5800"),
        (lambda rows: rows[0].append("NOTE"), "country!AD1", "got 'NOTE', expected ''"),
    ],
)
def test_trade_by_country_in_another_form_is_refused(
    change: Callable[[Rows], None], cell: str, reason: str, tmp_path: Path
) -> None:
    rows = country_rows()
    change(rows)
    problems = refused(workbook(tmp_path / "country.xlsx", rows, "country"))
    assert problems[0].startswith(f"country.xlsx: {cell}: ")
    assert any(reason in problem for problem in problems)


def test_months_that_are_not_over_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "country.xlsx", country_rows(), "country")
    problems = refused(path, dt.date(2026, 8, 20))
    assert problems == [
        f"country.xlsx: country!{cell}6: got 2026-08, which was not over on 2026-08-20" for cell in ("K", "X")
    ]


def test_both_flows_have_to_reach_as_far(tmp_path: Path) -> None:
    (problem,) = refused(
        lines(tmp_path / "a.csv", [["observation_date", "IMPKR"], ["2026-08-01", 15202], ["2026-09-01", 15310]])
    )
    assert f"{IMPORTS} would end with 2026-09 and {EXPORTS} would end with 2026-08" in problem


def test_the_release_brings_the_month_it_is_of(tmp_path: Path) -> None:
    path = workbook(tmp_path / "exh14.xlsx", release_rows(), "14")
    found = proposal([path, *drivers(tmp_path)], DAY)
    new = {place: new for place, (_, new) in brought(found).items() if place[0] in (IMPORTS, EXPORTS)}
    assert new == {(IMPORTS, "2026-09"): 15310.0, (EXPORTS, "2026-09"): 6402.0}


@pytest.mark.parametrize(
    ("change", "cell", "reason"),
    [
        (lambda rows: rows[0].__setitem__(0, "Part A: Seasonally Adjusted"), "14!A2", "not seasonally adjusted"),
        (lambda rows: rows[2].__setitem__(0, "In thousands of dollars."), "14!A2", "the unit is not known"),
        (lambda rows: rows[8].__setitem__(0, "Korea"), "14!A1", "no row is named 'Korea, South'"),
        (lambda rows: rows[4].__setitem__(5, "Exports"), "14!D6", "the layout has changed"),
        (lambda rows: rows[8].__setitem__(1, 8908.0), "14!B9", "expected -8,908.0, exports less imports"),
        (lambda rows: rows[8].__setitem__(3, "(-)"), "14!D9", "got '(-)', expected an amount in million USD"),
    ],
)
def test_a_release_in_another_form_is_refused(
    change: Callable[[Rows], None], cell: str, reason: str, tmp_path: Path
) -> None:
    rows = release_rows()
    change(rows)
    problems = refused(workbook(tmp_path / "exh14.xlsx", rows, "14"))
    assert problems[0].startswith(f"exh14.xlsx: {cell}: ")
    assert reason in problems[0]


def end_use_rows(years: range, sheet_code: str = "30000") -> Rows:
    held = {(code, year): value for (code, year), value in _products().items()}
    codes = [*sorted({code for code, _ in held})[:5], sheet_code]
    header = ["CTY_CODE", "CTY_DESC", "END_USE", "COMM_DESC", *(f"value_{year % 100}" for year in years)]
    world: list[object] = ["0000", "World Total", "00000", "Green coffee", *([4.7e9] * len(years))]
    rows: Rows = [header, world]
    for code in codes:
        rows.append(["5800", "Korea, South", code, "words", *(held.get((code, str(year)), 0.0) for year in years)])
    return rows


def _products() -> dict[tuple[str, str], float]:
    from forecast.observations.tables import read_table

    return {(row["code"], row["year"]): row["value"] for row in read_table("products_annual")}


def test_imports_by_end_use_are_read_by_code_and_year(tmp_path: Path) -> None:
    rows = end_use_rows(range(2017, 2026))
    code, old = str(rows[-1][2]), float(str(rows[-1][-1]))
    rows[-1][-1] = old + 1e6
    found = proposal([workbook(tmp_path / "e.xlsx", rows, "EnduseImp")], DAY)
    assert brought(found) == {(code, "2025"): (old, old + 1e6)}
    assert not found.teaches  # products are no part of what the models learn from
    (problem,) = refused(workbook(tmp_path / "x.xlsx", rows, "EnduseExp"))
    assert "US exports by end use are not among the series held" in problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_customs_tables_by_country_are_read_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    rows = customs_rows(["2026.07", "2026.08"])
    found = proposal([lines(tmp_path / "k.csv", rows, encoding)], DAY)
    assert brought(found) == {
        ("exports_to_us", "2026-08"): (None, 17474.061),
        ("imports_from_us", "2026-08"): (None, 8967.205),
        ("balance_with_us", "2026-08"): (None, 8506.856),
    }
    assert found.additions[0].n_unchanged == 3
    assert brought(proposal([workbook(tmp_path / "k.xls", rows)], DAY)) == brought(found)


@pytest.mark.parametrize(
    ("change", "cell", "reason"),
    [
        (lambda rows: rows[4].__setitem__(3, "수입금액"), "F5", "a second time: the layout has changed"),
        (lambda rows: rows[4].__setitem__(3, "금액"), "D5", "got heading '금액': the layout has changed"),
        (lambda rows: [row.insert(3, row.pop(5)) for row in rows[5:]], "G8", "exports less imports"),
        (lambda rows: rows[3].__setitem__(6, "단위:백만 불"), "D8", "about 1,000 times as much"),
        (lambda rows: rows[-1].__setitem__(1, "중국"), "A5", "no row is of 미국"),
        (lambda rows: rows[-1].__setitem__(0, "칠월"), "A8", "expected a month such as 2026.09 or a year"),
        (lambda rows: rows[-1].__setitem__(0, ""), "A8", "got '', expected a month"),  # of cells that were merged
        (lambda rows: rows[-1].__setitem__(3, "비공개"), "D8", "expected an amount in thousand USD"),
    ],
)
def test_a_customs_table_in_another_form_is_refused(
    change: Callable[[Rows], object], cell: str, reason: str, tmp_path: Path
) -> None:
    rows = customs_rows(["2026.07"])
    change(rows)
    problems = refused(lines(tmp_path / "k.csv", rows))
    assert any(problem.startswith(f"k.csv: {cell}: ") and reason in problem for problem in problems), problems


def test_a_customs_table_without_a_unit_is_told_by_months_held(tmp_path: Path) -> None:
    without = customs_rows(["2026.07", "2026.08"], unit="")
    assert len(brought(proposal([lines(tmp_path / "k.csv", without)], DAY))) == 3
    (problem,) = refused(lines(tmp_path / "k.csv", customs_rows(["2026.08"], unit="")))
    assert "the file states no unit, and none of its months is held to tell it by" in problem


def test_items_by_country_are_read_by_hs_code(tmp_path: Path) -> None:
    """Codes that are not held are passed over; a year is no month."""
    head = ["기간", "국가", "HS코드", "품목명", "수출 중량", "수출 금액", "수입 중량", "수입 금액", "무역수지"]
    rows: Rows = [
        head,
        ["총계", "", "", "", "1", "1", "1", "1", "0"],
        ["2026-07", "미국", "8703", "승용차", "1", "2,743,375", "1", "100", "2,743,275"],
        ["2026-08", "미국", "8703", "승용차", "1", "2,801,222", "1", "122", "2,801,100"],
        ["2026-08", "미국", "0101", "말", "1", "12", "1", "1", "11"],
        ["2026-08", "중국", "8703", "승용차", "1", "52", "1", "1", "51"],
    ]
    found = proposal([lines(tmp_path / "i.csv", rows, "cp949")], DAY)
    assert brought(found) == {("exports_to_us_hs8703_cars", "2026-08"): (None, 2801222000.0)}
    assert found.additions[0].n_unchanged == 1
    rows[3][0] = "2026"
    assert "expected a month such as 2026.09" in refused(lines(tmp_path / "i.csv", rows))[0]


def test_years_of_customs_take_the_place_of_what_was_printed_before(tmp_path: Path) -> None:
    rows = customs_rows(["2025"])
    rows[-1][2:] = ["1", "122,851,000", "1", "73,512,000", "49,339,000"]
    found = proposal([lines(tmp_path / "y.csv", rows)], DAY)
    assert brought(found)["imports_from_us", "2025"] == (73.4, 73.512)
    assert {row["rank"] for row in found.tables["trade_annual"]} == {"1"}


def ecos_rows(values: dict[str, object], item: str = "원/미국달러(매매기준율)", unit: str = "원") -> Rows:
    return [
        ["통계표", "계정항목", "단위", "변환", *values],
        ["3.1.2.1. 주요국 통화의 대원화환율", "원/일본엔(100엔)", "원", "평균자료", *[960] * len(values)],
        ["3.1.2.1. 주요국 통화의 대원화환율", item, unit, "평균자료", *values.values()],
    ]


def test_the_won_of_the_bank_of_korea_goes_on_and_revises_nothing(tmp_path: Path) -> None:
    held = shipped("drivers_monthly", KRW)["2026-06"]
    rows = ecos_rows({"2026/06": held + 3, "2026/07": "1,441.20", "2026/08 p)": "1436.0"})
    found = proposal([lines(tmp_path / "e.csv", rows, "utf-8-sig")], DAY)
    assert brought(found) == {(KRW, "2026-07"): (None, 1441.2), (KRW, "2026-08"): (None, 1436.0)}
    assert found.additions[0].n_left == 1
    for change, reason in (
        (ecos_rows({"2026/07": 1441}, unit="달러"), "got unit '달러', expected '원'"),
        (ecos_rows({"2026/07": 1441}, item="원/미국달러(말일자료)"), "got 0 rows of the won a USD by monthly means"),
        (ecos_rows({"2026/07/01": 1441}), "expected a month such as 2026/09"),
        (ecos_rows({"2026/08": 1441}), "without 2026-07, expected every period from 2026-07 on"),
        (ecos_rows({"2026/07": 1.441}), "expected KRW per USD"),
    ):
        assert reason in refused(lines(tmp_path / "e.csv", change))[0]


@pytest.mark.parametrize(
    ("rows", "cell", "reason"),
    [
        ([["observation_date", "DEXKOUS"], ["2026-07-01", 1441]], "B1", "expected the monthly EXKOUS (krw_per_usd)"),
        (
            [["observation_date", "GDP"], ["2026-07-01", 30000]],
            "B1",
            "got series 'GDP', expected IMPKR (us_imports_from_korea)",
        ),
        ([["observation_date", "GDPC1"], ["2026-08-01", 24355]], "A2", "expected the first day of a quarter"),
        ([["DATE", "EXKOUS"], ["2026-07-15", 1441]], "A2", "expected the first day of a month"),
        ([["DATE", "EXKOUS"], ["2026-07-01", "n/a"]], "B2", "or '.' where none was published"),
        ([["DATE", "EXKOUS"], ["2026-07-01", 1441], ["2026-07-01", 1441]], "B3", "as in B2, expected it once"),
        ([["DATE", "EXKOUS"], ["2026-07-01", "."], ["2026-08-01", 1436]], "B3", "without 2026-07"),
    ],
)
def test_series_of_fred_that_are_none_of_those_held_are_refused(
    rows: Rows, cell: str, reason: str, tmp_path: Path
) -> None:
    (problem,) = refused(lines(tmp_path / "f.csv", rows))
    assert problem.startswith(f"f.csv: {cell}: ")
    assert reason in problem


def test_a_workbook_of_fred_is_read_as_its_csv(tmp_path: Path) -> None:
    """A sheet of words, and one of each frequency."""
    rows = fred_rows("EXKOUS", {"2026-06": 1529.4619, "2026-07": 1441.2})
    path = tmp_path / "fredgraph.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("README").write(0, 0, "FRED Graph Observations")
        page, days = book.add_worksheet("Monthly"), book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(0, 0, rows[0])
        for row, (day, value) in enumerate(rows[1:], 1):
            page.write_datetime(row, 0, dt.datetime.fromisoformat(str(day)), days)
            page.write(row, 1, value)
    assert brought(proposal([path], DAY)) == {(KRW, "2026-07"): (None, 1441.2)}


def test_another_base_year_is_no_revision(tmp_path: Path) -> None:
    output = {period: round(1.123 * value, 3) for period, value in shipped("drivers_quarterly", GDP).items()}
    (problem,) = refused(fred(tmp_path / "g.csv", "GDPC1", output))
    assert "all figures of us_real_gdp are 1.1230 times those held" in problem


OWN = ["series", "date", "value", "unit"]


def test_a_plain_table_states_its_units(tmp_path: Path) -> None:
    rows = [
        OWN,
        ["exports_to_us", "2026-08", "17.6", "billion USD"],
        ["imports_from_us", "2026-08", "86", "억 달러"],
        ["exports_to_us", "2026-07", 17474061, "thousand USD"],
        ["us_industrial_production", "2025-12", "101.9", "index 2017=100"],
    ]
    assert brought(proposal([lines(tmp_path / "o.csv", rows)], DAY)) == {
        ("exports_to_us", "2026-08"): (None, 17600.0),
        ("imports_from_us", "2026-08"): (None, 8600.0),
        ("us_industrial_production", "2025-12"): (None, 101.9),
    }


@pytest.mark.parametrize(
    ("row", "cell", "reason"),
    [
        (["export_to_us", "2026-08", 17600, "million USD"], "A2", "did you mean exports_to_us?"),
        (["EXKOUS", "2026-07", 1441.2, "KRW per USD"], "A2", "got series 'EXKOUS', expected krw_per_usd"),
        (["krw_per_usd", "2026-07", "1441,2", "KRW per USD"], "C2", "got '1441,2', expected a number"),
        (["exports_to_us", "2026-13", 17600, "million USD"], "B2", "expected a date such as 2026-07 or 2025"),
        (["exports_to_us", "2026-08", "many", "million USD"], "C2", "got 'many', expected a number"),
        (["exports_to_us", "2026-08", 17600, "EUR"], "D2", "got unit 'EUR', expected USD"),
        (["exports_to_us", "2026-07", 17600, "thousand USD"], "C2", "about 0.001 times as much"),
        (["us_industrial_production", "2025-12", 1.019, "index 2017=100"], "C2", "about 0.01 times as much"),
        (["us_industrial_production", "2025-12", 101.9, "index"], "D2", "expected index 2017=100"),
    ],
)
def test_a_plain_table_with_a_cell_that_makes_no_sense_is_refused(
    row: list[object], cell: str, reason: str, tmp_path: Path
) -> None:
    (problem,) = refused(lines(tmp_path / "o.csv", [OWN, row]))
    assert problem.startswith(f"o.csv: {cell}: ")
    assert reason in problem


def test_two_files_have_to_agree(tmp_path: Path) -> None:
    one, other = (
        lines(tmp_path / f"{name}.csv", [OWN, ["exports_to_us", "2026-08", value, "million USD"]])
        for name, value in (("one", 17600), ("other", 17700))
    )
    (problem,) = proposal([one, other], DAY).problems
    assert str(problem).startswith("other.csv: C2: got 17,700 for exports_to_us of 2026-08, but 17,600 in one.csv, C2")
