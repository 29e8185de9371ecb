"""The shipped observations: known answers, the tidy contract, and that broken tables are refused."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import DataError
from forecast.observations.announcements import announcements
from forecast.observations.annual import annual_trade, bridge_observations, history, procurement_shares, record_surplus
from forecast.observations.series import quarterly_trade, quarters_of, series, series_names, trade_vintages
from forecast.observations.tables import PROVENANCE, SHIPPED, TABLES, data_digest, read_table, table
from forecast.quarters import parse_quarter

README = (SHIPPED / "README.md").read_text(encoding="utf-8")


def year_values(basis: str, year: int) -> np.ndarray:
    trade = annual_trade(basis)
    return trade.values[trade.years == year][0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of every table that a test may break."""
    for name in TABLES:
        shutil.copy(SHIPPED / f"{name}.csv", tmp_path)
    return tmp_path


def edit(folder: Path, name: str, line: int, old: str, new: str) -> None:
    """Replaces text in one line (1-based) of a table; the text must be there."""
    path = folder / f"{name}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(("year", "surplus"), [(2020, 16.6), (2022, 28.0), (2024, 55.7)])
def test_headline_surplus_on_korean_customs_basis(year: int, surplus: float) -> None:
    assert round(year_values("korea_customs", year)[2], 1) == surplus


@pytest.mark.parametrize(
    ("year", "flows"), [(1989, (19.74, 13.48)), (2011, (np.nan, 43.5)), (2016, (69.9, 42.3)), (2017, (71.2, 48.3))]
)
def test_us_census_years_meet_the_printed_flows_but_for_revisions(year: int, flows: tuple[float, float]) -> None:
    """Later revisions moved printed annual flows by up to 0.3 %."""
    printed = ~np.isnan(flows)
    np.testing.assert_allclose(year_values("us_census", year)[:2][printed], np.array(flows)[printed], rtol=0.0035)


def test_us_census_sums_of_months() -> None:
    assert np.round(year_values("us_census", 1989), 4).tolist() == [19.7365, 13.4586, 6.2779]
    assert np.round(year_values("us_census", 2024), 1).tolist() == [131.5, 65.8, 65.7]


def test_derived_imports_are_exports_less_balance_and_marked() -> None:
    trade = annual_trade("korea_customs")
    years = trade.years[trade.derived[:, 1]].tolist()
    assert years == [2016, 2020, 2022, 2024]
    rows = np.isin(trade.years, years)
    np.testing.assert_allclose(trade.imports[rows], (trade.exports - trade.balance)[rows], rtol=0, atol=1e-9)
    assert not annual_trade("us_census").derived.any()


def test_unpublished_numbers_are_left_empty() -> None:
    exports, imports, balance = year_values("korea_customs", 2003)
    assert exports > 0
    assert np.isnan([imports, balance]).all()


@pytest.mark.parametrize("basis", ["korea_customs", "us_census"])
def test_printed_balance_is_exports_less_imports_but_for_rounding(basis: str) -> None:
    trade = annual_trade(basis)
    miss = trade.balance - (trade.exports - trade.imports)
    assert np.nanmax(np.abs(miss)) < 0.11
    assert trade.years[[0, -1]].tolist() == [1989 if basis == "korea_customs" else 1985, 2025]


def test_record_surplus() -> None:
    assert (record_surplus("korea_customs")[0], round(record_surplus("korea_customs")[1], 1)) == (2024, 55.7)
    assert (record_surplus("us_census")[0], round(record_surplus("us_census")[1], 1)) == (2024, 65.7)


def test_quarters_add_up_to_years_and_end_at_the_origin() -> None:
    trade = quarterly_trade()
    assert trade.first_quarter == parse_quarter("1985Q1")
    assert trade.origin == parse_quarter("2026Q2")
    assert len(trade.later_exports) == len(trade.later_imports) == 2
    years = annual_trade("us_census")
    whole = 4 * len(years.years)
    np.testing.assert_allclose(trade.exports[:whole].reshape(-1, 4).sum(axis=1), years.exports, rtol=1e-12)
    np.testing.assert_allclose(trade.imports[:whole].reshape(-1, 4).sum(axis=1), years.imports, rtol=1e-12)


def test_history_shows_ten_years_and_the_running_one() -> None:
    seen = history(10)
    for trade in (seen.korea_customs, seen.us_census):
        assert trade.years.tolist() == list(range(2016, 2027))
    assert seen.us_census.months[-1].tolist() == [8, 8, 8]
    assert seen.korea_customs.months[-1].tolist() == [7, 0, 0]
    assert round(seen.korea_customs.exports[-1], 3) == 110.917
    assert np.isnan(seen.korea_customs.values[-1, 1:]).all()
    assert round(seen.us_census.balance[-1], 1) == 55.1


def test_bridge_has_whole_years_and_the_spans_after_them() -> None:
    bridge = bridge_observations()
    assert bridge.years.tolist() == [1993, 1996, 2006, *range(2011, 2026)]
    recent = bridge.years >= 2006
    assert ((bridge.ratios[recent, 0] > 0.94) & (bridge.ratios[recent, 0] < 1.011)).all()
    assert bridge.derived[:, 0].sum() == 0
    spans = [(span.flow, span.first_month, span.last_month) for span in bridge.later]
    january = 12 * 2026
    assert spans == [
        ("exports", january, january + 6),
        ("imports", january + 4, january + 6),
    ]
    assert [round(span.ratio, 2) for span in bridge.later] == [1.17, 1.13]


def test_both_books_of_2025() -> None:
    """Printed flows and balance; over US Census figures summed from the months, exports are 0.979 and imports 1.063."""
    assert year_values("korea_customs", 2025).tolist() == [122.9, 73.4, 49.5]
    census = [0.0, 0.0]
    with (SHIPPED / "trade_monthly.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["month"].startswith("2025"):
                census[row["series"] != "us_imports_from_korea"] += float(row["value"]) / 1e3
    assert bridge_observations().ratios[-1].tolist() == pytest.approx([122.9 / census[0], 73.4 / census[1]])
    assert bridge_observations().ratios[-1].round(3).tolist() == [0.979, 1.063]


def test_procurement_shares_keep_other_hosts_apart() -> None:
    shares = {(row.year, row.party): row for row in procurement_shares()}
    assert {key: round(row.share, 3) for key, row in shares.items()} == {
        (2020, "local"): 0.283,
        (2022, "korea"): 0.614,
        (2023, "korea"): 0.59,
        (2023, "local"): 0.321,
        (2023, "third_country"): 0.089,
    }
    assert [key for key, row in shares.items() if row.derived] == [(2023, "third_country")]
    assert [row.share for row in procurement_shares("other_hosts")] == [0.434]
    with pytest.raises(DataError, match="got scope 'mars', expected us_affiliates"):
        procurement_shares("mars")


def test_announcements_name_what_lies_inside_what() -> None:
    rows = {row.id: row for row in announcements()}
    assert len(rows) == 52
    inside = {key: row.parent_id for key, row in rows.items() if row.parent_relation == "part_of"}
    assert inside["HMG-07"] == "HMG-06"
    assert inside["HMG-06"] == inside["HMG-04"] == "HMG-02"
    assert {inside[key] for key in ("SK-02", "SK-03", "SK-04")} == {"SK-01"}
    assert (rows["LG-03"].parent_id, rows["LG-03"].parent_relation) == ("LG-02", "purchase_of")
    assert rows["HMG-06"].planned_start == parse_quarter("2029Q1")
    assert {row.parent_id for row in rows.values()} <= {None, *rows}


def test_vintages_make_quarters_as_they_were_known() -> None:
    known = {(flow.name, flow.vintage): flow for flow in trade_vintages() if flow.vintage == "2023-03"}
    trade = quarters_of(known["us_imports_from_korea", "2023-03"], known["us_exports_to_korea", "2023-03"])
    assert trade.origin == parse_quarter("2022Q4")
    assert len(trade.later_exports) == 1
    now = quarterly_trade()
    np.testing.assert_allclose(trade.exports, now.exports[: len(trade.exports)], rtol=0.02)
    with pytest.raises(DataError, match="expected the same months for both"):
        quarters_of(known["us_imports_from_korea", "2023-03"], series("trade_monthly", "us_exports_to_korea"))


def test_a_figure_never_published_is_nan_and_nothing_else_is() -> None:
    gaps = {
        name: int(np.isnan(series("drivers_monthly", name).values).sum()) for name in series_names("drivers_monthly")
    }
    assert {name: count for name, count in gaps.items() if count} == {"us_cpi_all_urban": 1}


def test_effective_duty_rate_is_duties_over_imports() -> None:
    duties, imports, rate = (
        series(
            "duties_monthly", f"us_{name}_on_korea" if name != "imports" else "us_imports_for_consumption_from_korea"
        )
        for name in ("calculated_duties", "imports", "effective_duty_rate")
    )
    np.testing.assert_allclose(rate.values, duties.values / imports.values, rtol=0, atol=1e-5)


def test_values_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        quarterly_trade().exports[0] = 0.0


def test_an_unknown_basis_series_or_table_is_named() -> None:
    with pytest.raises(DataError, match="got basis 'customs', expected one of korea_customs, us_census"):
        annual_trade("customs")
    with pytest.raises(DataError, match="got series 'gold', expected one of brent_spot"):
        series("drivers_monthly", "gold")
    with pytest.raises(DataError, match="got table 'trade_annual', which may have gaps"):
        series("trade_annual", "exports_to_us")
    with pytest.raises(
        DataError, match="got table 'gold', expected one of affiliate_vehicles, affiliates, announcements"
    ):
        read_table("gold")


@pytest.mark.parametrize(
    ("name", "line", "old", "new", "message"),
    [
        ("trade_monthly", 1, "unit", "units", "trade_monthly.csv:1: got columns"),
        (
            "trade_monthly",
            7,
            "million USD",
            "billion USD",
            "csv:7: unit: got 'billion USD', expected one of million USD",
        ),
        ("trade_monthly", 7, "us_census", "korea_customs", "csv:7: basis: got 'korea_customs'"),
        ("trade_monthly", 7, "published", "guessed", "csv:7: status: got 'guessed'"),
        ("trade_monthly", 7, "US Census Bureau", "", "csv:7: publisher: got an empty cell"),
        ("trade_monthly", 7, "1985-06", "1985-05", "csv:7: got us_exports_to_korea, 1985-05 as in line 6"),
        ("trade_monthly", 7, "1985-06", "1985-6", "csv:7: month: got '1985-6', expected one such as 2026-08"),
        ("trade_monthly", 7, "1985-06", "2030-06", "csv:7: us_exports_to_korea: got 2030-06 out of turn"),
        ("trade_monthly", 7, ",", ",,", "csv:7: got 10 cells, expected 9"),
        ("trade_annual", 3, "0.209", "nan", "csv:3: value: got 'nan', expected a finite number"),
        ("trade_annual", 3, "0.209", "", "csv:3: value: got '', expected a finite number"),
        ("trade_annual", 3, "0.209", "1e999", "csv:3: value: got '1e999', expected a finite number"),
        ("announcements", 2, "2025-03", "spring 2025", "csv:2: announced: got 'spring 2025', expected a quarter"),
        ("drivers_quarterly", 9, "1971Q4", "1971Q5", "csv:9: quarter: got '1971Q5', expected one such as 2026Q2"),
    ],
)
def test_a_broken_line_is_refused_and_named(
    folder: Path, name: str, line: int, old: str, new: str, message: str
) -> None:
    edit(folder, name, line, old, new)
    with pytest.raises(DataError, match=re.escape(message)):
        read_table(name, folder)


def test_a_missing_month_is_refused(folder: Path) -> None:
    path = folder / "trade_monthly.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:100] + lines[101:]), encoding="utf-8")
    with pytest.raises(DataError, match=r"trade_monthly\.csv:101: us_exports_to_korea: got .* out of turn"):
        quarterly_trade(folder)


def test_flows_over_different_months_are_refused(folder: Path) -> None:
    path = folder / "trade_monthly.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]), encoding="utf-8")
    for read in (quarterly_trade, lambda folder: annual_trade("us_census", folder)):
        with pytest.raises(DataError, match="expected the same months for both"):
            read(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'month,"series\n'])
def test_garbage_is_refused(folder: Path, content: bytes) -> None:
    (folder / "trade_monthly.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"trade_monthly\.csv:"):
        quarterly_trade(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"trade_monthly\.csv: cannot be read \(No such file"):
        quarterly_trade(tmp_path)


def test_digest_sees_values_but_not_line_ends_or_order_of_names(folder: Path) -> None:
    names = ("trade_monthly", "drivers_monthly")
    path = folder / "trade_monthly.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert data_digest(*names, folder=folder) == data_digest(*reversed(names)) != data_digest("trade_monthly")
    np.testing.assert_array_equal(quarterly_trade(folder).exports, quarterly_trade().exports)
    edit(folder, "trade_monthly", 2, "572.1", "572.2")
    assert data_digest(*names, folder=folder) != data_digest(*names)
    assert data_digest() == data_digest(*TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_shipped_table_is_tidy(name: str) -> None:
    with (SHIPPED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert all(row[column] for column in PROVENANCE)
        assert all(cell == cell.strip() for cell in row.values())
        assert re.fullmatch(r"(19|20)\d\d(-\d\d){0,2}|not stated", row["vintage"])
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row.get("series", row.get("item", "none")))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_ranks_of_one_figure_run_from_one(name: str) -> None:
    shape = TABLES[name]
    if "rank" not in shape.columns:
        return
    ranks: dict[tuple[str, ...], list[int]] = {}
    for row in read_table(name):
        figure = tuple(row[column] for column in shape.key if column != "rank")
        ranks.setdefault((*figure, row["basis"]), []).append(int(row["rank"]))
    assert all(found == list(range(1, len(found) + 1)) for found in ranks.values())


def test_readme_and_folder_name_the_same_tables() -> None:
    described = set(re.findall(r"^### (\w+)\.csv", README, flags=re.MULTILINE))
    assert described == set(TABLES) == {path.stem for path in SHIPPED.glob("*.csv")}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_readme_states_the_number_of_rows(name: str) -> None:
    section = README.split(f"### {name}.csv")[1].split("###")[0]
    stated = re.search(r"(\d[\d,]*) rows", section)
    assert stated is not None
    assert int(stated[1].replace(",", "")) == len(read_table(name))


def test_a_table_as_a_frame_has_numbers_as_floats() -> None:
    frame = table("drivers_monthly")
    assert list(frame.columns) == list(TABLES["drivers_monthly"].columns)
    assert frame["value"].dtype == np.float64
    assert frame["value"].isna().sum() == 1
    assert set(frame["unit"]) == {row["unit"] for row in read_table("drivers_monthly")}


def test_reading_observations_does_not_import_pandas() -> None:
    code = (
        "import sys; from forecast.observations import annual, series, tables;"
        "series.quarterly_trade(), annual.history(), tables.data_digest();"
        "heavy = {'pandas', 'xarray', 'pymc', 'arviz', 'scipy.stats', 'pydantic'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
