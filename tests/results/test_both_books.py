"""The surplus in both books of one run: the same draws as a run on US Census basis has."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from forecast.engine.simulate import Settings
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
