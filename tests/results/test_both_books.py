"""The surplus in both books of one run: the same draws as a run on US Census basis has."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from commands import command

from forecast.engine.simulate import Settings
from forecast.observations.tables import SHIPPED
from forecast.report.i18n import language
from forecast.report.run import surplus_table
from forecast.report.sentences import answer
from forecast.results.results import Results
from forecast.results.run import run_scenario
from forecast.scenario.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def ran(name: str, basis: str, out: Path) -> Results:
    scenario = load_scenario(SCENARIOS / f"{name}.yaml", [f"basis={basis}", "horizon=2029"])
    return run_scenario(scenario, Settings(n_draws=400), out=out).results


@pytest.mark.parametrize("name", ["hyundai", "tariffs-2025", "memory-slump"])
def test_the_other_book_is_that_of_a_run_on_it(name: str, tmp_path: Path) -> None:
    """Plants, duties on the baseline and shocks of an amount included; on US Census basis the two are one."""
    korean, census = (ran(name, basis, tmp_path) for basis in ("korea_customs", "us_census"))
    expected = census.kept("trade_balance")
    for results in (korean, census):
        np.testing.assert_allclose(results.kept("us_census_balance"), expected, rtol=0, atol=1e-4)
    assert np.abs(np.median(korean.kept("trade_balance") - expected, axis=1)).max() > 1


def test_both_books_stand_in_the_first_table_and_in_the_answer(tmp_path: Path) -> None:
    results = ran("baseline", "korea_customs", tmp_path)
    with (results.folder / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["statistic"] == "quantile_0.5"]
    median = {(row["series"], row["year"]): float(row["value"]) for row in rows}
    assert {row["basis"] for row in rows if row["series"] == "us_census_balance"} == {"us_census"}
    assert {row["basis"] for row in rows if row["series"] == "trade_balance"} == {"korea_customs"}
    shown = surplus_table({"baseline": results})
    assert shown.columns[-1].heading == "Census\nmedian"
    assert float(shown.rows[0].cells[-1]) == pytest.approx(median["us_census_balance", "2026"], abs=0.51)
    said = answer(results).replace("\xa0", " ")
    first, last = (f"{median['us_census_balance', year]:.0f}" for year in ("2026", "2029"))
    assert f"On US Census basis the same draws have {first} bn USD in 2026 and {last} bn USD in 2029" in said
    assert "같은 모의실험을 미국 센서스국 기준으로 보면 흑자는 2026년 8" in answer(results, language=language("ko"))


def test_a_run_on_us_census_basis_shows_one_book(tmp_path: Path) -> None:
    results = ran("baseline", "us_census", tmp_path)
    assert "Census\nmedian" not in [column.heading for column in surplus_table({"baseline": results}).columns]
    assert "the same draws have" not in answer(results)


def test_the_first_quarter_ahead_is_told_with_the_months_of_its_year(tmp_path: Path) -> None:
    """An answer said nothing of the quarter under way, nor that months of it are in the data already."""
    given = ("run", "baseline", "-s", "horizon=2027", "--draws", "400", "--no-plot")
    folded = {
        code: " ".join(command(*given, "--language", code, cwd=tmp_path).stdout.replace("\xa0", " ").split())
        for code in ("en", "ko")
    }
    (table,) = tmp_path.glob("results/*/*/quarters.csv")
    with table.open(encoding="utf-8", newline="") as file:
        told = {
            row["quantile"]: float(row["value"])
            for row in csv.DictReader(file)
            if (row["series"], row["quarter"]) == ("trade_balance", "2026Q3")
        }
    with (SHIPPED / "trade_monthly.csv").open(encoding="utf-8", newline="") as file:
        months = {row["month"] for row in csv.DictReader(file) if row["month"].startswith("2026")}
    found = re.search(
        r"In 2026Q3, the first quarter ahead, the surplus would be ([\d.]+) bn USD \(median; 80 % interval ([\d.]+) to "
        r"([\d.]+)\), US Census basis; of 2026, (\d+) months are observed on that basis\. ",
        folded["en"],
    )
    assert found is not None
    said = [told["0.5"], told["0.1"], told["0.9"]]
    assert [float(number) for number in found.groups()[:3]] == pytest.approx(said, abs=0.51)
    assert int(found[4]) == len(months)
    assert folded["en"].index("surplus itself would be") < found.start() < folded["en"].index("Of exports to the US")
    assert f"첫 전망 분기인 2026년 3분기의 흑자는 {round(10 * float(found[1]))}억 달러" in folded["ko"]
    assert f"2026년은 같은 기준으로 {len(months)}개월의 실적이 이미 나와 있다" in folded["ko"]
    command("report", str(table.parent), "--out", "page.html", cwd=tmp_path)
    assert "the first quarter ahead, the surplus would be" in (tmp_path / "page.html").read_text("utf-8")


def test_months_that_came_after_a_run_are_not_told_to_be_in_it(tmp_path: Path) -> None:
    results = ran("baseline", "us_census", tmp_path)
    assert "months are observed" in answer(results)
    digests = results.manifest["digests"] | {"data": "0" * 64}
    older = Results(results.folder, results.manifest | {"digests": digests})
    assert "In 2026Q3, the first quarter ahead, the surplus would be" in answer(older)
    assert "months are observed" not in answer(older)
