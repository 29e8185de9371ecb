"""Runs as of a day, from the posterior of that day to the outcome beside the forecast."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import command
from plans import plan
from rich.console import Console

from forecast.dims import SERIES
from forecast.engine.compile import compile_plan
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings
from forecast.errors import PosteriorError
from forecast.models.posterior import Posterior, current_digests, load_posterior, save_posterior
from forecast.observations.announcements import announcements
from forecast.observations.annual import annual_trade
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter, parse_time
from forecast.report.run import knowledge, surplus_table
from forecast.report.sentences import answer
from forecast.report.table import Table, show
from forecast.results.archive import Outcome, load_results, outcomes
from forecast.results.results import Results, write_results
from forecast.results.run import run_scenario
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.stats.distributions import Constant
from forecast.stats.summary import StreamingSummary

ROOT = Path(__file__).parents[2]
KIET = "2025-04-11"
SETTINGS = Settings(n_draws=400)


def as_of(day: str, origin: int) -> Posterior:
    """The rows of the shipped posterior, signed as if fitted to what was public on a day."""
    return replace(load_posterior(), origin=origin, as_of=day, data_digest=current_digests(day)["data"])


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    return as_of(KIET, vintage(KIET).trade.origin)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(ROOT / "scenarios" / "kiet-2025-04-11.yaml")


@pytest.fixture(scope="module")
def ran(scenario: Scenario, posterior: Posterior, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run_scenario(scenario, SETTINGS, out=tmp_path_factory.mktemp("out"), posterior=posterior).results


def printed(*parts: Table | str) -> str:
    console = Console(width=80, highlight=False)
    with console.capture() as capture:
        for part in parts:
            show(console, part)
    return capture.get()


def test_the_plan_starts_from_what_was_known(scenario: Scenario, posterior: Posterior) -> None:
    plan = compile_plan(scenario, posterior, vintage(KIET))
    assert (format_quarter(plan.origin), plan.years[0], plan.record) == ("2024Q4", 2025, 65.7)
    np.testing.assert_array_equal(plan.observed, [0.0, 0.0])
    last = annual_trade("us_census").exports[-2] - np.exp(plan.history[-4:, 0]).sum()
    assert last == pytest.approx(0.0, abs=1e-9)


def test_an_early_plan_holds_the_running_year_and_the_record_of_its_day(scenario: Scenario) -> None:
    known = vintage("2024-09-30")
    plan = compile_plan(scenario, as_of("2024-09-30", known.trade.origin), known)
    assert format_quarter(plan.origin) == "2024Q2"
    assert plan.record == 51.4  # 2023, the record until 2024 was over
    np.testing.assert_allclose(plan.observed, [known.trade.exports[-2:].sum(), known.trade.imports[-2:].sum()])


def test_the_outcome_stands_beside_the_forecast(ran: Results) -> None:
    whole, part = outcomes(ran)
    draws = ran.kept("trade_balance")
    assert draws is not None
    assert (whole.year, round(whole.value, 1), whole.months, whole.other_book) == (2025, 56.5, 12, 49.5)
    assert whole.percentile == pytest.approx(100 * (draws[0] < whole.value).mean())
    assert (part.year, round(part.value, 1), part.months, part.percentile) == (2026, 55.1, 8, None)
    table = printed(surplus_table({"ran": ran}), answer(ran, outcomes(ran)), knowledge(ran, outcomes(ran)))
    assert "Outcome," in table
    assert "56.5, " in table
    assert "55.1 (8m)" in table
    words = " ".join(table.split())
    assert "The surplus of 2025 was 56.5 bn USD, " in words
    assert "Known on 2025-04-11: US Census trade to Feb 2025" in words
    assert "evidence published up to 2026" in words
    assert max(map(len, table.splitlines())) <= 80


def test_percentile_of_a_known_answer(tmp_path: Path) -> None:
    """Draws 0.25, 1.25, ... 99.25 bn USD: 57 of the 100 lie below the surplus of 56.5."""
    draws = np.broadcast_to(np.arange(100) + 0.25, (len(SERIES), 1, 100)).astype(float)
    tally = StreamingSummary((0.0, 65.7), keep=True)
    tally.add(draws, draws[:3])
    manifest = {
        "scenario": {"name": "t", "title": "T"},
        "basis": "us_census",
        "origin": "2024Q4",
        "horizon": 2025,
        "digest": "d",
        "digests": {"data": "d"},
        "n_draws": 100,
        "n_failed": 0,
        "quantiles": "exact",
        "parameters": "posterior",
        "n_investments": 0,
    }
    made = alone(replace(plan(n_years=1), origin=8099))
    text = (ROOT / "scenarios" / "baseline.yaml").read_text(encoding="utf-8")
    kept, _ = write_results(tmp_path / "kept", manifest, made, tally, text)
    (found,) = outcomes(kept)
    assert found.other_book == 49.5
    assert (found.year, found.percentile) == (2025, pytest.approx(57.0))
    assert "at the 57th percentile" in answer(kept, outcomes(kept))
    counted = StreamingSummary((0.0, 65.7), keep=False)
    counted.add(draws, draws[:3])
    lost, _ = write_results(tmp_path / "lost", manifest, made, counted, text)
    assert outcomes(lost) == (replace(found, percentile=None),)
    said = answer(lost, outcomes(lost))
    assert "The surplus of 2025 was 56.5 bn USD. The median said for 2025 was 49 bn USD, US Census basis." in said
    assert said.endswith("On Korean customs basis the surplus of 2025 was 49.5 bn USD.")


@pytest.mark.parametrize(
    ("percentile", "words"),
    [(0.0, "below the 1st"), (1.2, "at the 1st"), (50.0, "at the 50th"), (99.9, "above the 99th")],
)
def test_where_it_fell_in_words(ran: Results, percentile: float, words: str) -> None:
    told = answer(ran, [Outcome(2025, 56.5, 12, percentile)])
    assert f"The surplus of 2025 was 56.5 bn USD, {words} percentile of this forecast." in told


def test_a_run_to_the_end_of_the_data_has_no_outcome(tmp_path: Path) -> None:
    baseline = load_scenario(ROOT / "scenarios" / "baseline.yaml")
    results = run_scenario(baseline, SETTINGS, out=tmp_path).results
    assert outcomes(results) == ()
    assert "Outcome" not in printed(surplus_table({"baseline": results}))


def test_korean_books_know_2025_and_say_where_nothing_is_known(posterior: Posterior, tmp_path: Path) -> None:
    korean = load_scenario(ROOT / "scenarios" / "kiet-2025-04-11.yaml", ["basis=korea_customs"])
    results = run_scenario(korean, SETTINGS, out=tmp_path, posterior=posterior).results
    (found,) = outcomes(results)
    assert (found.year, found.value, found.months, round(found.other_book or 0, 1)) == (2025, 49.5, 12, 56.5)
    said = answer(results, outcomes(results)).replace("\xa0", " ")
    assert "The surplus of 2025 was 49.5 bn USD, " in said
    assert "On US Census basis the surplus of 2025 was 56.5 bn USD." in said
    assert "No surplus of a later year is known on Korean customs basis." in knowledge(results, ())


def test_the_picture_holds_the_past_as_known_and_the_truth(ran: Results) -> None:
    from forecast.plots.fan import fan_chart

    figure = fan_chart(ran)
    lines = {line.get_gid(): line for line in figure.axes[0].get_lines()}
    assert lines["observed"].get_xdata()[-1] == 2024
    assert lines["outcome"].get_xydata().round(1).tolist() == [[2025.0, 56.5]]
    assert any("56.5 observed in 2025, after this forecast" in text.get_text() for text in figure.axes[0].texts)
    assert "what else was public on 2025-04-11" in " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_stored_runs_know_their_day(ran: Results) -> None:
    again = load_results(ran.folder)
    assert (again.as_of, again.manifest["origin"]) == (KIET, "2024Q4")
    assert outcomes(again) == outcomes(ran)


def test_a_posterior_that_knows_more_is_refused(scenario: Scenario, tmp_path: Path) -> None:
    expected = r"knows all the data, expected .* public on 2025-04-11; run `forecast fit --as-of 2025-04-11`"
    with pytest.raises(PosteriorError, match=expected):
        run_scenario(scenario, SETTINGS, out=tmp_path, posterior=load_posterior())


def test_the_posterior_of_all_the_data_serves_a_day_that_knows_them() -> None:
    assert load_posterior(as_of="2026-11-24").digest == load_posterior().digest


def at_home(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command with a home of its own, where nothing was fitted yet."""
    return command(*arguments, cwd=cwd, HOME=str(cwd), XDG_DATA_HOME=str(cwd / "share"))


def test_a_day_without_a_posterior_names_the_command_that_fits_one(tmp_path: Path) -> None:
    done = at_home("run", "baseline", "-s", "as_of=2024-09-30", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not exist; run `forecast fit --as-of 2024-09-30`" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_users_own_posterior_of_a_day_is_found(tmp_path: Path) -> None:
    own = as_of("2024-09-30", vintage("2024-09-30").trade.origin)
    save_posterior(own, tmp_path / "share" / "forecast" / "posteriors" / "2024-09-30.nc")
    overrides = ("-s", "as_of=2024-09-30", "-s", "basis=us_census")
    done = at_home("run", "baseline", *overrides, "--draws", "400", "--no-plot", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The surplus of 2024 was 65.7 bn USD" in " ".join(done.stdout.split())
    assert "Known on 2024-09-30" in done.stdout


@pytest.mark.parametrize("day", ["2015-04-11", "2025-02-30", "tomorrow"])
def test_fit_refuses_a_day_in_one_message(day: str, tmp_path: Path) -> None:
    done = at_home("fit", "--as-of", day, cwd=tmp_path)
    assert done.returncode == 2
    assert day in done.stderr
    assert "Traceback" not in done.stderr


def test_the_shipped_scenario_holds_what_was_announced_by_its_day(scenario: Scenario) -> None:
    assert (scenario.as_of, scenario.basis, scenario.horizon) == (KIET, "us_census", 2035)
    assert all(item.announced <= parse_time(KIET) and item.sources for item in scenario.investments)
    table = {row.id: row for row in announcements()}
    for item in scenario.investments:
        if item.id in table and table[item.id].amount is not None:
            low, high = item.amount.ppf([0.0, 1.0])
            assert low <= table[item.id].amount <= high
    held = {item.id for item in scenario.investments}
    dated = {row.id for row in announcements() if row.announced is not None and row.announced <= parse_time(KIET)}
    inside = {"HMG-04", "SK-02", "SK-03", "SK-04"}  # parts of an umbrella that states their sum
    cancelled = {"LG-06"}  # given up in 2023
    undated = {"LE-01"}  # some day of 2025
    assert dated - held <= inside | cancelled | undated
    slip = next(item for item in scenario.investments if item.id == "LG-08")
    assert slip.production_start == Constant(parse_time("2025Q4"))
