"""Where an input turns an outcome: known answers, the run of the scenario with the value stated, and the words."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from commands import command

import forecast
from forecast.analysis.breakeven import Breakeven, breakeven, write_breakeven
from forecast.analysis.comparison import rows_behind
from forecast.analysis.grounds import grounds
from forecast.cli import cli
from forecast.dims import EFFECTS
from forecast.engine.simulate import Settings
from forecast.errors import RunError
from forecast.report.budget import breakeven_words, held_table
from forecast.report.i18n import language
from forecast.report.sentences import answer
from forecast.results import results as results_module
from forecast.results.results import Results
from forecast.scenario.scenario import load_scenario
from forecast.stats.summary import summarised

SHIPPED = Path(__file__).parents[2] / "scenarios"
DRAWS = Settings(2_000)

PLANT = """\
name: turning
title: One plant that buys in Korea and replaces exports
horizon: 2035
localization: {path: hold}
investments:
  - id: P
    company: A
    project: Plant
    sector: autos
    kind: greenfield
    amount: 4
    announced: 2026-01
    construction_start: 2026Q3
    production_start: 2028Q1
    probability: {distribution: uniform, low: 0.5, high: 1.0}
    slip: 0
    scale: 1
    overrides:
      utilisation: 0.9
      output_per_capex: 1.5
      price_growth: 0
      korean_machinery_share: 0
      tariff_displacement: 0
      purchases_per_output: 0.5
      korean_share: {distribution: uniform, low: 0.1, high: 0.7}
      displacement_rate: {distribution: uniform, low: 0.05, high: 0.6}
      reverse_import_rate: 0.02
"""

RIVAL = """\
  - id: Q
    company: B
    project: Plant that only replaces
    sector: steel
    kind: greenfield
    amount: 2
    announced: 2026-01
    construction_start: 2026Q3
    production_start: 2028Q1
    probability: 0.75
    overrides:
      {korean_machinery_share: 0, price_growth: 0, tariff_displacement: 0, purchases_per_output: 0.0,
       displacement_rate: 0.5, reverse_import_rate: 0.0, output_per_capex: 1.0}
"""


def made(folder: Path, text: str, *overrides: str) -> Results:
    path = folder / "turning.yaml"
    path.write_text(text, encoding="utf-8")
    return forecast.run_scenario(load_scenario(path, overrides), DRAWS, out=folder / "results").results


def mean_effect(results: Results, year: int = 2035) -> tuple[float, float]:
    summary = results.statistics
    return summary.estimate("effect", "mean", summary.years.index(year))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made(tmp_path_factory.mktemp("one"), PLANT)


def test_a_plant_turns_where_it_replaces_what_it_buys_less_what_comes_back(run: Results) -> None:
    """Long after construction the effect is output times (0.5 times the Korean share, less displacement, less 0.02)."""
    found = breakeven(run, "P.overrides.displacement_rate", 2035)
    share = run_mean_share(run)
    assert found.turn == pytest.approx(0.5 * share - 0.02, abs=3 * found.error + 0.002)
    assert not found.rises
    assert found.n_turns == 1


def run_mean_share(run: Results) -> float:
    """Mean of the Korean share that the draws have, weighted by their output: that of the intermediates."""
    summary, last = run.statistics, len(run.statistics.years) - 1
    bought, output = (
        summary.estimate(name, "mean", last)[0] for name in ("effect_intermediates", "replaceable_output")
    )
    return bought / (0.5 * output)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "name"),
    [
        (PLANT, "investments.P.overrides.displacement_rate"),
        (PLANT, "investments.P.overrides.korean_share"),
        (PLANT.replace("low: 0.05, high: 0.6", "low: 0.0, high: 0.1") + RIVAL, "investments.Q.probability"),
        (PLANT.replace("low: 0.05, high: 0.6", "low: 0.0, high: 0.1") + RIVAL, "investments.P.probability"),
    ],
)
def test_a_run_with_the_input_at_its_turn_has_no_effect(text: str, name: str, tmp_path: Path) -> None:
    results = made(tmp_path, text)
    found = breakeven(results, name, 2035)
    assert found.turn is not None
    fixed = made(tmp_path, text, f"{name}={found.turn:.12g}")
    mean, error = mean_effect(fixed)
    assert abs(mean) < min(1e-3, 2 * error)
    assert abs(mean_effect(results)[0]) > 3 * error


def test_the_displacement_of_cars_turns_the_plan_of_hyundai(tmp_path: Path) -> None:
    results = forecast.run_scenario(load_scenario(SHIPPED / "hyundai.yaml"), DRAWS, out=tmp_path).results
    found = breakeven(results, "autos.displacement_rate", 2030)
    assert found.input.name == "overrides.sectors.autos.displacement_rate"
    fixed = load_scenario(SHIPPED / "hyundai.yaml", [f"{found.input.name}={found.turn:.12g}"])
    mean, error = mean_effect(forecast.run_scenario(fixed, DRAWS, out=tmp_path).results, 2030)
    assert abs(mean) < min(1e-3, 2 * error)


@pytest.mark.slow
def test_a_turn_in_a_small_part_of_a_wide_range_is_found_with_its_own_error(tmp_path: Path) -> None:
    """A delay may be of decades, so that no turn was seen below eight quarters; one that was had the error of a line
    through a span of decades, up to sixty times that of the mean over the slope."""
    plan = SHIPPED / "hyundai.yaml"
    results = forecast.run_scenario(load_scenario(plan), DRAWS, out=tmp_path).results
    found = breakeven(results, "HMG-01-vehicles.slip", 2029)
    assert found.turn is not None
    assert found.turn < 8 < found.input.support[1] / 10

    def at(slip: float) -> tuple[float, float]:
        stated = load_scenario(plan, [f"investments.HMG-01-vehicles.slip={slip:.12g}"])
        return mean_effect(forecast.run_scenario(stated, DRAWS, out=tmp_path).results, 2029)

    mean, error = at(found.turn)
    assert abs(mean) < min(1e-3, error)
    slope = (at(found.turn + 0.25)[0] - at(found.turn - 0.25)[0]) / 0.5
    assert found.error == pytest.approx(error / slope, rel=0.2)
    assert found.rises


def test_a_plant_later_than_the_year_is_no_turn(tmp_path: Path) -> None:
    """Each of three values tried at which the plant comes later, and has no effect at all, was told as a turn."""
    machines = PLANT.replace("korean_machinery_share: 0\n", "korean_machinery_share: 0.5\n").replace(
        "slip: 0\n    ", ""
    )
    found = breakeven(made(tmp_path, machines), "P.slip", 2029)
    ahead, *_, later = found.means
    assert (later.mean, later.error) == (0.0, 0.0)
    assert ahead.mean < 0
    assert found.n_turns == 1
    assert found.turn is not None
    assert 0 < found.turn < 8


def test_another_amount_than_zero(run: Results) -> None:
    zero, one = (breakeven(run, "P.overrides.displacement_rate", 2035, amount=amount).turn for amount in (0.0, -0.5))
    assert zero is not None
    assert one is not None
    assert one > zero


def said(found: Breakeven, code: str = "en") -> str:
    return breakeven_words(found, language(code))


def test_an_input_that_does_not_matter_is_said(run: Results) -> None:
    idle = breakeven(run, "P.probability", 2035, "baseline_balance")
    assert not idle.matters
    named = "Korea's goods surplus with the US in 2035 without what is assumed of announcements and policy"
    assert f"“P: probability” does not matter here: {named} is the same" in said(idle)
    assert "중요하지 않다" in said(idle, "ko")
    assert "baseline_balance" not in said(idle) + said(idle, "ko")  # it stood in prose as the tables spell it


def test_no_turn_in_the_range_is_said(run: Results) -> None:
    none = breakeven(run, "P.probability", 2035, amount=5.0)
    assert none.turn is None
    words = "At all 9 values of “P: probability” that were tried, from 0 to 1.00, the mean of the effect"
    assert said(none).startswith(words)
    assert "is on one side of 5.00 bn USD" in said(none)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "where “P: probability” is 0. At every chance above that it is negative, −"),
        ("ko", "0일 때뿐이다. 0보다 큰 확률에서는 언제나 음수이며, 확률이 1일 때 −"),
    ],
)
def test_a_chance_brings_an_effect_to_zero_only_where_it_is_zero(run: Results, code: str, words: str) -> None:
    """ "No value between 0 and 1 brings it to 0.00: it is 0.00 at 0", was said of the chance of the only plant."""
    asked = ["breakeven", str(run.folder), "--input", "P.probability", "--year", "2035", "--language", code]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0, done.output
    assert words in " ".join(done.output.split())
    found = breakeven(run, "P.probability", 2035)
    assert (found.turn, found.error, found.n_turns) == (0.0, 0.0, 1)


def test_the_words_name_value_range_and_side(run: Results) -> None:
    found = breakeven(run, "P.overrides.displacement_rate", 2035)
    assert "is 0.00 bn USD where “P: exports replaced per USD of output” is 0.1" in said(found)
    assert "above that value it is lower, below it higher" in said(found)
    assert "입력값이 이보다 크면 평균은 더 낮고" in said(found, "ko")
    assert [row.cells[0] for row in held_table(found).rows] == ["0.050", "0.10", "0.19", "0.32", "0.46", "0.54", "0.60"]


def test_the_table_of_a_turn_is_stored_with_its_run(run: Results) -> None:
    found = breakeven(run, "P.overrides.displacement_rate", 2035)
    with write_breakeven(found).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["value"]) == found.turn
    assert [row["statistic"] for row in rows] == [
        "turning_value",
        *["quantile_0.1", "quantile_0.5", "quantile_0.9"],
        *["mean"] * 7,
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("P.amount", "got investments.P.amount, which is 4 in every draw; expected an input that is uncertain"),
        ("probabilty", "expected an uncertain input of the scenario"),
        ("overrides.korean_share", None),
    ],
)
def test_names_that_mean_no_input(run: Results, name: str, words: str | None) -> None:
    if words is None:
        assert breakeven(run, name, 2035).input.name == "investments.P.overrides.korean_share"
    else:
        with pytest.raises(RunError, match=words):
            breakeven(run, name, 2035)


def test_a_name_of_several_inputs_is_refused_with_all_of_them(tmp_path: Path) -> None:
    results = made(tmp_path, PLANT + RIVAL)
    with pytest.raises(
        RunError, match=r"got probability, by which 2 inputs go, expected one of investments\.P\.probability"
    ):
        breakeven(results, "probability", 2035)


def test_the_command_prints_and_stores(run: Results) -> None:
    options = ["--input", "P.overrides.displacement_rate", "--year", "2035", "--language", "en"]
    answer = CliRunner().invoke(cli, ["breakeven", str(run.folder), *options], catch_exceptions=False)
    assert answer.exit_code == 0
    assert "held at one value: mean of the effect" in answer.output
    assert "breakeven_effect_2035_investments.P.overrides.displacement_rate.csv" in answer.output.replace("\n", "")


@pytest.mark.parametrize("name", ["breakeven", "budget"])
def test_a_run_beside_which_nothing_can_be_written_is_asked_about_in_a_copy(
    run: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The remedy was `--out`, which is refused with the folder of a run."""
    asked = {"breakeven": ("--input", "displacement_rate", "--year", "2035"), "budget": ("--no-plot",)}[name]
    write = results_module.demand_writable

    def read_only(folder: Path) -> None:
        if folder == run.folder:
            raise PermissionError(13, "Permission denied", str(folder))
        write(folder)

    monkeypatch.setattr(results_module, "demand_writable", read_only)
    monkeypatch.setattr("forecast.analysis.budget.demand_draws", lambda run: None)
    done = command(name, str(run.folder), *asked, cwd=tmp_path)
    place = f"{run.name}/{run.folder.name}"
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {run.folder}: cannot be written (Permission denied); copy it to a folder that can be, as {place} "
        "there, and ask about the copy\n"
    )
    if name == "breakeven":
        shutil.copytree(run.folder, tmp_path / place)
        done = command(name, place, *asked, "--n-jobs", "1", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert list((tmp_path / place).glob("breakeven_*.csv"))


@pytest.mark.parametrize("options", [["--year", "2050"], ["--of", "nothing"], ["--at", "nan"]])
def test_an_outcome_there_is_not_ends_with_one_message(run: Results, options: list[str]) -> None:
    answer = CliRunner().invoke(cli, ["breakeven", str(run.folder), "--input", "P.probability", *options])
    assert isinstance(answer.exception, RunError)
    assert "expected" in str(answer.exception)


def test_the_range_of_exports_replaced_holds_what_others_claim_of_them(tmp_path: Path) -> None:
    """`run` told a turn at 0.51, and `breakeven` that there is none between -0.05 and 0.15."""
    plant = load_scenario(SHIPPED / "hyundai.yaml")
    results = forecast.run_scenario(plant, Settings(400), out=tmp_path).results
    found = breakeven(results, "steel.displacement_rate", 2035)
    assert found.input.support[0] <= -0.5
    assert found.input.support[1] >= 1.5


@pytest.mark.slow
@pytest.mark.parametrize("duties", [[], ["tariffs=[{id: cars, sectors: autos, rate: 0.3, from: 2026Q4}]"]])
def test_a_rate_turns_where_the_answer_of_the_run_says(tmp_path: Path, duties: list[str]) -> None:
    """`run` named a turn under today's duty, or under none where the scenario had one; this led with one under none."""
    results = forecast.run_scenario(
        load_scenario(SHIPPED / "hyundai.yaml", duties), Settings(4_000), out=tmp_path
    ).results
    found = breakeven(results, "autos.displacement_rate")
    assert found.turn is not None
    assert found.duty is not None
    words = said(found)
    whole = re.search(r"replaced per USD of output” is (−?)([\d.]+) under the duty of 2026Q2, 15 %; above", words)
    assert whole is not None
    told = float(f"{'-' if whole[1] else ''}{whole[2]}")
    first = [cell.replace("−", "-") for cell in held_table(found).rows[0].cells]
    assert float(first[1]) - float(first[0]) == pytest.approx(found.duty.mean, abs=0.01)
    assert told == pytest.approx(found.turn + found.duty.mean, abs=0.006)
    named = re.search(r"“forecast (run --year \d+)” tells such turns", words)
    assert named is not None
    assert f"forecast {named[1]}" in said(found, "ko")
    asked = [*named[1].split(), str(SHIPPED / "hyundai.yaml"), "--out", str(tmp_path)]
    asked += ["--language", "en", "--no-plot", "--draws", "4000"]
    done = CliRunner().invoke(cli, [*asked, *(word for duty in duties for word in ("-s", duty))])
    assert done.exit_code == 0, done.output
    answered = " ".join(done.output.split())
    run = re.search(r"(?:(less|more) than ([\d.]+) dollars of|next to no) exports from Korea", answered)
    assert run is not None
    assert "under the duty of 2026Q2, 15 %" in answered.replace("\xa0", " ")
    assert told == pytest.approx(float(run[2] or 0.0) * (-1 if run[1] == "more" else 1), abs=0.015)


@pytest.mark.slow
def test_what_duties_of_the_scenario_change_in_an_effect_is_told_with_its_reasons(tmp_path: Path) -> None:
    """Doubling the duty on cars lessened the loss of 2035, and no word said why."""
    twice = load_scenario(SHIPPED / "hyundai.yaml", ["tariffs=[{id: cars, sectors: autos, rate: 0.3, from: 2026Q4}]"])
    plain = load_scenario(SHIPPED / "hyundai.yaml")
    run, other = (forecast.run_scenario(one, Settings(4_000), out=tmp_path).results for one in (twice, plain))
    found = grounds(run)
    assert found is not None
    assert found.by_duties is not None
    drawn = [one.drawn(EFFECTS, run.statistics.years) for one in (run, other)]
    rows = rows_behind([run, other])
    apart = summarised(drawn[0] - drawn[1], run.statistics.years, EFFECTS, 2_000, rows=rows).statistics["mean"]
    assert rows.n_rows
    np.testing.assert_allclose(found.by_duties.statistics["mean"].value, apart.value, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.by_duties.statistics["mean"].standard_error, apart.standard_error, rtol=1e-3)
    assert found.by_duties.value("effect", "mean")[-1] > 0 > run.statistics.value("effect", "mean")[-1]
    answered = answer(run, found=found)
    assert "Beyond the duties of 2026Q2, those that the scenario states change the effect of 2035 by +" in answered
    assert "through the exports that they replace (means). A duty that has cut exports leaves fewer of them" in answered
    assert "through what the plants buy" not in answered  # which no duty is on
    assert grounds(other).by_duties is None  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize("code", ["en", "ko"])
def test_what_duties_change_is_the_sum_of_its_reasons_as_printed(tmp_path: Path, code: str) -> None:
    """−0.04 bn USD were told to be −0.07 and 0.02."""
    asked = ["run", "deal", "--draws", "4000", "--no-plot", "--out", str(tmp_path), "--language", code]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.replace("−", "-").split())
    start = said.index({"en": "Beyond the duties of 2026Q2", "ko": "2026년 2분기의 관세와 비교하면"}[code])
    amounts = re.findall(r"([+-]?\d+(?:\.\d+)?)\s?(?:bn USD|억 달러)", said[start:])[:3]
    whole, *reasons = map(float, amounts)
    assert reasons == [reason for reason in reasons if reason]
    assert sum(reasons) == pytest.approx(whole, abs=1e-9)


@pytest.mark.slow
def test_relief_from_duties_is_told_with_its_signs(tmp_path: Path) -> None:
    """A duty of none on all: purchases "dearer" and exports "cut" were given as its reasons."""
    file = tmp_path / "relief.yaml"
    file.write_text(
        "name: relief\nextends: deal\ntariffs: [{id: none, sectors: all, rate: 0, from: 2027Q1}]\n", encoding="utf-8"
    )
    run = forecast.run_scenario(load_scenario(file), Settings(4_000), out=tmp_path).results
    said = answer(run, found=grounds(run)).replace("\xa0", " ")
    parts = re.search(r"by \+[\d.]+ bn USD: \+[\d.]+ bn USD through what the plants buy in Korea", said)
    assert parts is not None, said
    assert "A duty that has cut exports" not in said


def test_of_plants_that_a_duty_calls_no_part_of_the_effect_is_told_to_be_the_duties(tmp_path: Path) -> None:
    """All of it is: "−0.04 of −0.40 comes of the duties" was told of it."""
    run = forecast.run_scenario(load_scenario(SHIPPED / "tariff-threat.yaml"), Settings(4_000), out=tmp_path).results
    found = grounds(run)
    assert found is not None
    assert found.by_duties is None


def test_a_key_of_the_scenario_itself_can_be_held(tmp_path: Path) -> None:
    """A spread of `future_announcements` ended in a traceback wherever a plant was."""
    spread = "future_announcements={distribution: uniform, low: 0.5, high: 2}"
    plan = load_scenario(SHIPPED / "hyundai.yaml", [spread])
    results = forecast.run_scenario(plan, Settings(400), out=tmp_path).results
    found = breakeven(results, "future_announcements", 2030, "future_announcements", amount=0.05)
    assert found.matters
    assert found.means[0].mean < found.means[-1].mean
    assert grounds(results) is not None


def test_a_name_nearly_right_is_answered_with_the_one_that_is(run: Results) -> None:
    with pytest.raises(RunError, match=r"got 'P.displacment_rate', .*did you mean P.displacement_rate\?"):
        breakeven(run, "P.displacment_rate")
    assert breakeven(run, "P.korean_share", 2035).input.name == "investments.P.overrides.korean_share"
