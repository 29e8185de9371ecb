"""Duties and what they change, as told: by law and as paid, from here and to date, beside what KIET estimated."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from commands import command

from forecast.analysis.duties import exports_ahead
from forecast.cli import cli
from forecast.dims import BASES
from forecast.economics.elasticities import GROUPS, industries
from forecast.economics.tariffs import TAXED, load_schedule
from forecast.observations.duties import duties_by_law, duties_paid
from forecast.observations.tables import SHIPPED
from forecast.observations.vintage import vintage
from forecast.report.assumptions import assumptions
from forecast.report.i18n import CODES, language
from forecast.report.policy import (
    answers_past,
    answers_table,
    duties_explained,
    duties_table,
    policy_sentence,
    to_date_sentences,
)
from forecast.report.table import Table
from forecast.results.archive import load_results
from forecast.scenario.dates import position
from forecast.scenario.scenario import load_scenario
from forecast.stats.summary import Summary, summarised

SERIES = ("exports", "tariffs", "tariffs_to_date")


def told(exports: float, tariffs: float, to_date: float) -> Summary:
    """Three years in which nothing varies, the last of them as stated and the second with half of each change."""
    last = np.array([exports, tariffs, to_date])
    years = np.stack([last * 0.1, [exports, tariffs / 2, to_date / 2], last], axis=1)
    return summarised(np.repeat(years[:, :, None], 100, axis=2), (2026, 2027, 2035), SERIES, block_size=100)


def test_both_answers_stand_beside_kiets() -> None:
    """Of 200 bn USD left of 250, duties have taken a fifth; of 200 left of 225, a ninth."""
    duties = told(200.0, -10.0, -50.0)
    assert "by −10.00 bn USD in 2035" in policy_sentence(duties, language("en"), "tariffs").replace("\xa0", " ")
    assert answers_past(duties)
    said = to_date_sentences(duties, language("en"), 1.0).replace("\xa0", " ")
    assert "change the surplus of 2035 by −50.0 bn USD" in said.replace("−50.00", "−50.0")
    assert "As a change of exports that is −20 % in 2026, −11 % in 2027, −20 % in 2035 (medians)." in said
    assert "KIET put it at −9.3 % in April 2025" in said
    assert "−16.2 % for 25 % on Korea" in said
    korean = to_date_sentences(duties, language("ko"), 1.0)
    assert "수출의 변화율로는 2026년 −20%, 2027년 −11%, 2035년 −20%이다" in korean
    assert "−9.3%" in korean
    assert "−16.2%" in korean


def test_what_duties_have_taken_by_now_is_told_of_the_exports_they_act_on() -> None:
    """Half of the 20 bn USD of 2026 are still to come: 10 left of 15. Years later alone were told."""
    said = to_date_sentences(told(200.0, -10.0, -50.0), language("en"), 0.5).replace("\xa0", " ")
    assert "that is −33 % in what is left of 2026, −11 % in 2027, −20 % in 2035 (medians)." in said


@pytest.mark.parametrize("basis", BASES)
def test_what_is_left_of_a_year_is_that_of_the_book_of_the_answer(tmp_path: Path, basis: str) -> None:
    """Of 2026 a duty takes 4.4 % of what is left in US books and 4.5 in Korean ones, where 4 was told of either."""
    asked = ["run", "tariffs-2025", "--draws", "400", "--no-plot", "-s", f"basis={basis}", "--language", "en"]
    done = CliRunner().invoke(cli, [*asked, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (folder,) = (tmp_path / "tariffs-2025").iterdir()
    run = load_results(folder)
    if basis == "us_census":
        coming = float(run.draws["quarterly_exports"].median("draw")[:2].sum())
        left = coming / (float(vintage().trade.exports[-2:].sum()) + coming)
    else:
        with (SHIPPED / "trade_monthly_korea.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["series"] == "exports_to_us" and row["rank"] == "1"]
        seen = sum(float(row["value"]) / 1e3 for row in rows if "2026-01" <= row["month"] <= "2026-06")
        left = 1 - seen / run.statistics.value("exports", "quantile_0.5")[0]
    assert exports_ahead(run) == pytest.approx(left, rel=1e-3)
    taken, exports = (run.statistics.value(name, "quantile_0.5")[0] for name in ("tariffs_to_date", "exports"))
    share = f"{100 * taken / (left * exports - taken):.0f}".replace("-", "−")
    assert f"As a change of exports that is {share} % in what is left of 2026" in " ".join(done.output.split())


def test_duties_act_on_all_of_a_year_that_none_of_is_observed(tmp_path: Path) -> None:
    command("run", "kiet-2025-04-11", "--draws", "400", "--no-plot", cwd=tmp_path)
    (folder,) = (tmp_path / "results" / "kiet-2025-04-11").iterdir()
    assert load_results(folder).manifest["origin"] == "2024Q4"
    assert exports_ahead(load_results(folder)) == 1.0


@pytest.mark.parametrize("code", CODES)
def test_where_no_duty_of_the_past_is_followed_nothing_stands_beside_kiets(tmp_path: Path, code: str) -> None:
    assert not answers_past(told(200.0, -10.0, -10.0))
    duty = "tariffs=[{id: cars, sectors: autos, rate: 0.3, from: 2027Q1}]"
    asked = ("run", "baseline", "-s", duty, "--draws", "400", "--no-plot", "--language", code)
    done = command(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert language(code).text("policies.tariffs") in done.stdout
    assert "9.3" not in done.stdout


def test_batteries_are_told_at_both_rates_of_the_law() -> None:
    """15 % stood in the table and 12.5 % everywhere else: the one as parts of cars, the other else, as assumed."""
    shown = duties_table(language("en"))
    assert shown.rows[2].cells[:2] == ("batteries", "15\xa0%")
    assert "as parts of cars they pay 15 %, and 12.5 % otherwise" in shown.notes[0].replace("\xa0", " ")
    assert load_schedule().trade["batteries"].rate(position("2026-09-29")) == 0.125


def test_the_table_holds_the_numbers_of_law_and_of_imports() -> None:
    shown = duties_table(language("en"))
    assert len(shown.rows) == len(TAXED)
    cells = {row.cells[0]: row.cells[1:] for row in shown.rows}
    by_law = duties_by_law(dt.date(2026, 9, 29))
    paid = duties_paid(industries()["metals"], dt.date(2025, 9, 1), dt.date(2025, 11, 1))
    expected = [by_law["steel"], 0.5, *paid]
    assert [float(cell.rstrip("\xa0%")) for cell in cells["steel"]] == pytest.approx(
        [100 * rate for rate in expected], abs=0.051
    )
    assert "2026-09-29, at most" in shown.columns[1].name
    assert "2025-09 to 2025-11" in shown.columns[3].name


@pytest.mark.parametrize("code", CODES)
def test_every_group_has_a_row_with_error_and_grade(code: str) -> None:
    shown = answers_table(language(code))
    assert len(shown.rows) == len(GROUPS)
    assert {row.cells[-1] for row in shown.rows} == {language(code).text("because.grades.judgement")}
    assert shown.rows[0].cells[1] == "3.7 (5.3)"
    tables = [part for part in duties_explained(language(code)) if isinstance(part, Table)]
    assert len(tables) == 2


def test_the_command_prints_them_and_takes_nothing_else() -> None:
    done = CliRunner().invoke(cli, ["explain", "--duties"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Paid by rivals" in " ".join(done.output.split())
    for more in (["--prior"], ["--sector", "autos"], ["tariffs-2025"]):
        assert CliRunner().invoke(cli, ["explain", "--duties", *more]).exit_code == 2


def test_what_rivals_pay_is_told_among_the_assumptions() -> None:
    scenario = load_scenario("scenarios/tariffs-2025.yaml")
    for code, words in (("en", "rivals pay 10.6 points more"), ("ko", "경쟁국 10.6%p 가산")):
        rows = {item.name: item for item in assumptions(scenario, 8105.0, language(code)).tariffs}
        assert rows["cars-deal"].cells[0].endswith(words)
        assert rows["base-2025"].cells[0] == language(code).share(0.1)
