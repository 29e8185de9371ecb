"""Answers as workbooks: numbers as they are stored, shown as the terminal prints them, and no formula."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from commands import command
from python_calamine import CalamineWorkbook

import forecast
from forecast.report.cite import citations
from forecast.report.i18n import CODES, language
from forecast.report.run import contribution_table, surplus_table
from forecast.report.table import Figure, figure, table
from forecast.report.workbook import Chart, Sheet, number_format, workbook_bytes
from forecast.storage.documents import parse_document

SCENARIO = """\
name: office
title: "=HYPERLINK(\\"http://example.org\\", \\"open\\")"
description: "+1 of many"
extends: baseline
investments:
  - {id: A-1, company: "@Maker", project: "-2+3", sector: steel, kind: greenfield, amount: 5.8,
     announced: 2025-03-24, production_start: 2029Q1, sources: ["=cmd|'/c calc'!A0"]}
tariffs:
  - {id: cars, sectors: [autos], from: 2027Q1, rate: 0.2}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    (folder / "office.yaml").write_text(SCENARIO, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def done(folder: Path) -> CompletedProcess[str]:
    return command("run", "office.yaml", "--draws", "2000", "--n-jobs", "1", "--no-plot", "--xlsx", cwd=folder)


@pytest.fixture(scope="module")
def run(folder: Path, done: CompletedProcess[str]) -> forecast.results.results.Results:
    assert done.returncode == 0, done.stderr
    return forecast.load_results(folder / "results" / "office")


def sheets(path: Path) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def close(cells: pd.Series, expected: pd.Series) -> None:
    """Numbers of a workbook have 16 digits, the last of them rounded."""
    np.testing.assert_allclose(cells.astype(float), expected, rtol=1e-12)


def shown(number: float, form: str) -> str:
    """What a spreadsheet shows of a number under a format of up to three sections."""
    sections = re.findall(r'(?:"[^"]*"|[^;"])+', form)
    section = sections[0] if number > 0 or len(sections) == 1 else sections[1 if number < 0 else 2]
    literal = re.sub(r'"[^"]*"', "", section)
    digits = re.search(r"#?,?#*0(?:\.(0+))?", literal)
    if digits is None:
        return section.replace('"', "")
    scaled = abs(number) * (100 if "%" in literal else 1)
    text = f"{scaled:{',' if ',' in literal else ''}.{len(digits[1] or '')}f}"
    return section.replace(digits[0], text, 1).replace('"', "")


def test_the_command_says_where_and_the_run_is_whole(
    folder: Path, done: CompletedProcess[str], run: forecast.results.results.Results
) -> None:
    path = run.folder / "summary.xlsx"
    assert path.exists()
    assert f"Stored in {path.relative_to(folder)}" in done.stdout
    assert command("verify", str(run.folder), cwd=folder).returncode == 0


def test_years_and_channels_hold_the_numbers_of_the_run(run: forecast.results.results.Results) -> None:
    told = sheets(run.folder / "summary.xlsx")
    assert list(told) == ["To quote", "Answer", "Years", "Channels", "Policies", "Assumptions"]
    summary = run.summary.set_index(["series", "statistic", "year"])["value"].sort_index()
    years = pd.DataFrame(told["Years"][2:]).set_index(0)
    surplus = summary["trade_balance"].unstack("statistic")
    close(years[1].loc[2026:2035], surplus["quantile_0.5"])
    close(years[6].loc[2026:2035], surplus["quantile_0.025"])
    close(years[9].loc[2026:2035], surplus["below_0"])
    channels = pd.DataFrame(told["Channels"][2:]).set_index(0)
    effect = summary["effect"].unstack("statistic")
    close(channels[5].loc[2026:2035], effect["mean"])
    assert channels[5]["Sum"] == pytest.approx(effect["mean"].sum())
    errors = run.summary.set_index(["series", "statistic", "year"])["standard_error"].sort_index()
    place = told["Years"][1].index("Standard error: Chance of a deficit")
    close(years[place].loc[2026:2035], errors["trade_balance", "below_0"])
    heading = told["Channels"][1].index("Standard error: All")
    close(channels[heading].loc[2026:2035], errors["effect", "mean"])


def test_the_first_sheet_holds_the_numbers_to_quote(run: forecast.results.results.Results) -> None:
    """Exactly as the run has them, a chance as a share."""
    summary = run.summary.set_index(["series", "statistic", "year"])["value"]
    effect, whole, chance, tariffs, *_, surplus = sheets(run.folder / "summary.xlsx")["To quote"][1:]
    assert (effect[0], chance[0], surplus[0]) == ("Effect in 2035", "Effect below zero in 2035", "Surplus in 2035")
    for row, series, middle in (
        (effect, "effect", "mean"),
        (whole, "cumulated_effect", "mean"),
        (tariffs, "tariffs", "quantile_0.5"),
        (surplus, "trade_balance", "quantile_0.5"),
    ):
        expected = [summary[series, statistic, 2035] for statistic in (middle, "quantile_0.1", "quantile_0.9")]
        close(pd.Series(row[1:4]), pd.Series(expected))
    assert chance[1] == pytest.approx(summary["effect", "below_0", 2035])


def test_rows_are_as_high_as_their_sentences(run: forecast.results.results.Results) -> None:
    """An office that opens a workbook without a screen set them over each other."""
    with zipfile.ZipFile(run.folder / "summary.xlsx") as packed:
        sheet = packed.read("xl/worksheets/sheet2.xml").decode()
    heights = [float(height) for height in re.findall(r'<row r="[2-5]"[^>]* ht="([\d.]+)"', sheet)]
    assert len(heights) == 4
    assert min(heights) >= 30.0


@pytest.mark.parametrize("code", CODES)
def test_every_number_is_shown_as_the_terminal_prints_it(code: str, run: forecast.results.results.Results) -> None:
    tables = [surplus_table({"office": run}, language(code)), contribution_table(run, language(code))]
    parts = [part for each in tables for row in each.rows for cell in row.cells if isinstance(cell, Figure)
             for part in cell.parts]  # fmt: skip
    assert len(parts) > 150
    for text, value, _ in parts:
        form, stored = number_format(text, value)
        assert shown(stored, form) == text


OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
"""Every sheet as a CSV file in UTF-8 of what its cells show."""


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_an_office_opens_it_and_shows_what_the_terminal_prints(
    run: forecast.results.results.Results, tmp_path: Path
) -> None:
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    arguments = [str(OFFICE), home, "--headless", "--convert-to", AS_SHOWN, "--outdir", str(tmp_path)]
    subprocess.run([*arguments, str(run.folder / "summary.xlsx")], check=True, capture_output=True, timeout=300)
    english = language("en")
    for sheet, printed in (("Years", surplus_table({"office": run}, english)),
                           ("Channels", contribution_table(run, english))):  # fmt: skip
        with (tmp_path / f"summary-{sheet}.csv").open(encoding="utf-8", newline="") as file:
            shown_rows = [*csv.reader(file)][2:]
        for row, cells in zip(printed.rows, shown_rows, strict=False):
            texts = [part[0] for cell in row.cells if isinstance(cell, Figure) for part in cell.parts]
            assert cells[1 : 1 + len(texts)] == texts
        assert len(shown_rows) >= len(printed.rows) >= 10


@pytest.mark.parametrize(
    ("text", "value", "stored"),
    [("1,230", 1234.5, 1234.5), ("< 0.1 %", 0.02, 0.0002), ("12.4 ± 0.2", 12.42, 12.42), ("0.00", -0.003, -0.003),
     ("−1,234.5", -1234.52, -1234.52), ("83%", 83.4, 0.834)],
)  # fmt: skip
def test_forms_of_numbers(text: str, value: float, stored: float) -> None:
    form, number = number_format(text, value)
    assert (shown(number, form), number) == (text, pytest.approx(stored))


def test_no_cell_is_a_formula_and_names_of_users_stay_text(run: forecast.results.results.Results) -> None:
    with zipfile.ZipFile(run.folder / "summary.xlsx") as book:
        pages = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        styles = book.read("xl/styles.xml").decode()
        for name in book.namelist():
            ET.fromstring(book.read(name))
    assert not any("<f>" in page or "<f " in page or "<hyperlink" in page for page in pages)
    assert 'quotePrefix="1"' in styles
    cells = [cell for rows in sheets(run.folder / "summary.xlsx").values() for row in rows for cell in row]
    assert '=HYPERLINK("http://example.org", "open")' in cells
    assert "=cmd|'/c calc'!A0" in cells


def test_texts_that_no_file_may_hold_are_spelled_out() -> None:
    texts = ["bell \x07 red \x1b[31m", "\ufffe\uffff", "\ud800", "x" * 40_000, "two\r\nlines"]
    made = workbook_bytes("t\x00", [Sheet("answer", (table("", ["text"], [(text,) for text in texts], words=1),))],
                          language("en"))  # fmt: skip
    rows = CalamineWorkbook.from_object(BytesIO(made)).get_sheet_by_index(0).to_python()
    assert rows[1] == ["bell \\u0007 red \\u001b[31m"]
    assert len(str(rows[4][0])) == 32_767
    assert rows[5] == ["two\nlines"]


def test_what_is_not_known_is_left_empty_and_charts_are_of_the_years() -> None:
    unknown = float("nan")
    nothing, some = figure("nan", ("nan", unknown, unknown)), figure("1.5", ("1.5", 1.5, unknown))
    shown_table = table("t", ["year", "median"], [("2026", nothing), ("2027", some), ("sum", "")])
    made = workbook_bytes("t", [Sheet("years", (shown_table,), (Chart("fan", (1,)),))], language("en"))
    with zipfile.ZipFile(BytesIO(made)) as book:
        chart = book.read("xl/charts/chart1.xml").decode()
    assert "<c:f>Years!$B$3:$B$4</c:f>" in chart
    assert "<c:f>Years!$A$3:$A$4</c:f>" in chart


def test_the_same_run_makes_the_same_bytes(folder: Path, run: forecast.results.results.Results) -> None:
    first = (run.folder / "summary.xlsx").read_bytes()
    again = command("run", "office.yaml", "--draws", "2000", "--n-jobs", "1", "--no-plot", "--xlsx", cwd=folder)
    assert "Found in" in again.stdout
    assert (run.folder / "summary.xlsx").read_bytes() == first


def test_a_korean_workbook_has_korean_sheets_in_the_unit_of_korean_reports(
    folder: Path, run: forecast.results.results.Results
) -> None:
    arguments = ("run", "office.yaml", "--draws", "2000", "--n-jobs", "1", "--no-plot", "--xlsx", "--language", "ko")
    assert command(*arguments, cwd=folder).returncode == 0
    told = sheets(run.folder / "summary.xlsx")
    assert list(told) == ["인용할 수치", "답", "연도별", "경로별", "통상 정책", "가정과 출처"]
    (median,) = run.summary.query("series == 'trade_balance' and statistic == 'quantile_0.5' and year == 2026")["value"]
    assert told["연도별"][2][1] == pytest.approx(10 * median)


def test_what_a_year_induced_goes_into_a_workbook_too(folder: Path) -> None:
    done = command("induced", "--year", "2024", "--xlsx", "--out", "tables", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Stored in tables/induced_2024.xlsx\n")
    told = sheets(folder / "tables" / "induced_2024.xlsx")
    net = next(row for row in told["Definitions"] if str(row[0]).startswith("(c)"))
    assert f"{net[1]:.1f} ".replace("-", "−") in done.stdout
    assert any("https://" in str(cell) for row in told["Assumptions"] for cell in row)


def test_a_run_is_cited_with_all_that_makes_it_again(folder: Path, run: forecast.results.results.Results) -> None:
    found = citations(run)
    manifest = run.manifest
    for form in found.values():
        digests = [manifest["digests"][name][:12] for name in ("data", "posterior")]
        for part in ("Version 0.1.0", manifest["digest"], "seed 0", "2,000 draws", "2026Q2", *digests):
            assert part.removeprefix("Version ") in form
    entry = parse_document(found["cff"], "CITATION.cff").root.fields["references"].items[0].plain()
    assert entry["title"].endswith(run.title)
    assert "{=HYPERLINK(" in found["bibtex"].replace("{Forecast of Korea's goods surplus with the United States: ", "{")
    printed = command("cite", str(run.folder), "--form", "bibtex", cwd=folder)
    assert printed.stdout == f"{found['bibtex']}\n"
    assert "참고 문헌" in command("cite", str(run.folder), "--language", "ko", cwd=folder).stdout
