"""Paired differences of stored runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import forecast
from forecast.analysis.comparison import Comparison
from forecast.cli import cli
from forecast.dims import NEWS
from forecast.engine.simulate import Settings
from forecast.errors import RunError
from forecast.results.results import Results

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    out = tmp_path_factory.mktemp("runs")

    def run(name: str, seed: int = 0, *changes: str) -> Results:
        scenario = forecast.load_scenario(SCENARIOS / f"{name}.yaml", list(changes))
        return forecast.run_scenario(scenario, Settings(8_000, seed), out=out).results

    return {
        "hyundai": run("hyundai"),
        "baseline": run("baseline"),
        "other luck": run("baseline", 1),
        "shorter": run("baseline", 0, "horizon=2030"),
    }


def test_against_the_baseline_the_difference_is_the_effect(runs: dict[str, Results]) -> None:
    """Stored in single precision: 300 bn USD are known to about 3e-5."""
    difference = forecast.paired_difference(runs["hyundai"], runs["baseline"])
    assert difference.attrs == {"units": "bn USD per year", "basis": "korea_customs"}
    drawn = runs["hyundai"].draws
    np.testing.assert_allclose(difference, drawn["news"] + drawn["future_announcements"], atol=2e-4)


def test_the_table_reads_the_draws(runs: dict[str, Results]) -> None:
    difference = forecast.paired_difference(runs["hyundai"], runs["baseline"])
    table = forecast.difference_table(difference, block_size=2_000)
    np.testing.assert_allclose(table["mean"], difference.mean("draw"), atol=1e-5)
    np.testing.assert_allclose(table["quantile_0.5"], difference.median("draw"), atol=1e-5)
    np.testing.assert_allclose(table["exceedance_0"], (difference > 0).mean("draw"))
    expected = np.asarray(difference, dtype=float).std(axis=-1, ddof=1) / np.sqrt(8_000)
    np.testing.assert_allclose(table["mean_standard_error"], expected, rtol=1e-6)


def test_pairing_is_at_least_ten_times_sharper_than_strangers(runs: dict[str, Results]) -> None:
    """Standard errors of the mean difference, with shared luck and without."""
    paired = forecast.paired_difference(runs["hyundai"], runs["baseline"]).std("draw")
    balance = [runs[name].draws["trade_balance"] for name in ("hyundai", "other luck")]
    unpaired = (balance[0] - balance[1]).std("draw")
    assert (unpaired > 10 * paired).all()


def test_runs_with_other_luck_are_refused(runs: dict[str, Results]) -> None:
    remedy = "run both anew with `forecast run FILE… --draws 8000 --seed 1`"
    with pytest.raises(RunError, match=f"got seed 0 and 1; expected the same in both; {re.escape(remedy)}"):
        forecast.paired_difference(runs["hyundai"], runs["other luck"])


@pytest.fixture(scope="module")
def compared(runs: dict[str, Results]) -> Comparison:
    """Found, not run: the fixture above has stored both."""
    stored = runs["baseline"].folder.stat().st_mtime_ns
    found = forecast.compare(
        "baseline", "hyundai", Settings(8_000), beyond=[4.0], out=runs["baseline"].folder.parents[1]
    )
    assert found.reference.folder.stat().st_mtime_ns == stored
    return found


def test_a_comparison_counts_what_its_draws_say(compared: Comparison) -> None:
    draws = np.asarray(compared.difference, dtype=float)
    table = compared.table()
    year, cumulated = table["year"], table["cumulated"]
    np.testing.assert_allclose(year["below_0"], (draws < 0).mean(axis=1))
    np.testing.assert_allclose(year["exceedance_4"], (draws > 4).mean(axis=1))
    np.testing.assert_allclose(year["below_-4"], (draws < -4).mean(axis=1))
    np.testing.assert_allclose(cumulated["quantile_0.1"], np.quantile(draws.cumsum(axis=0), 0.1, axis=1), atol=1e-9)
    chance = (draws.cumsum(axis=0) > 0).mean(axis=1)
    of_draws = np.sqrt(chance * (1 - chance) / 8_000)
    told = cumulated["exceedance_0_standard_error"]
    assert (told >= of_draws).all()
    assert (told[2:] > 1.1 * of_draws[2:]).all()  # rows of parameters are picked over and over
    runs = year.index >= 2029  # plants make cars, and rows say what these replace
    assert (told[runs] > 1.2 * of_draws[runs]).all()


def test_channels_add_up_to_the_difference(compared: Comparison) -> None:
    """Stored in single precision: 300 bn USD are known to about 3e-5."""
    account = compared.channels
    total = sum(account.value(name, "mean") for name in account.series)
    np.testing.assert_allclose(total, compared.by_year.value("rise", "mean"), atol=2e-4)
    assert not account.value("baseline_balance", "sd").any()
    assert all(account.value(name, "sd").any() for name in NEWS[1:])


def test_streams_of_what_both_hold_are_paired(compared: Comparison) -> None:
    streams = compared.streams
    assert {"baseline.shock", "posterior.bridge", "drivers.tail"} <= set(streams.both)
    assert streams.reference == ()
    owners = {name.split(".")[0] for name in streams.alternative}
    assert owners == {"future_announcements", "installed_base", "investments", "localization", "posterior"}
    assert "investments.HMG-06.realised" in streams.alternative


def test_runs_of_other_days_or_horizons_of_stratified_points_are_refused(runs: dict[str, Results]) -> None:
    def changed(**manifest: object) -> Results:
        return Results(runs["baseline"].folder, {**runs["baseline"].manifest, **manifest})

    with pytest.raises(RunError, match=r"got as_of '2026-10-01' and None; expected the same in both$"):
        forecast.paired_difference(changed(as_of="2026-10-01"), runs["hyundai"])
    assert forecast.paired_difference(runs["shorter"], runs["hyundai"]).year.values[-1] == 2030
    with pytest.raises(RunError, match="got horizon 2030 and 2035"):
        forecast.paired_difference(
            changed(scheme="sobol", horizon=2030),
            Results(runs["hyundai"].folder, {**runs["hyundai"].manifest, "scheme": "sobol"}),
        )


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, list(arguments), env={"COLUMNS": "80"})
    if isinstance(done.exception, forecast.ForecastError):
        return 2, str(done.exception)
    return done.exit_code, " ".join(done.output.split())


def test_equal_scenarios_differ_by_nothing(runs: dict[str, Results]) -> None:
    out = str(runs["baseline"].folder.parents[1])
    code, printed = command(
        "compare", "baseline", "baseline", "--draws", "8000", "--n-jobs", "1", "--out", out, "--attribute"
    )
    assert code == 0
    assert printed.startswith("The two assume the same: there is nothing to attribute.")
    assert "gives the same surplus as baseline (" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hyundai"], "got one scenario, hyundai, expected a reference A and at least one alternative B"),
        (["hyundai", "kiet-2025-04-11"], "as_of: got all the data and 2025-04-11, expected the same in both"),
        (["hyundai", "announced", "--attribute", "--year", "2050"], "got 2050, expected a year from 2026 to 2035"),
        (["hyundai", "announced", "--draws", "300000"], "got 300,000 draws, expected at most 200,000"),
        (["hyundai", "announced", "--beyond", "nan"], "--beyond: got nan, expected a finite number of bn USD above 0"),
        (["hyundai", "announced", "--beyond", "1", "--beyond", "inf"], "--beyond: got inf, expected a finite number"),
        (["hyundai", "announced", "--beyond", "-1"], "--beyond: got -1, expected a finite number of bn USD above 0"),
        (["hyundai", "announced", "--year", "2050"], "got 2050, expected a year from 2026 to 2035"),
        (["hyundai", "announced", "--most", "99"], "--most: got 99 without --attribute"),
    ],
    ids=["one", "days", "year", "draws", "nan", "infinite", "negative", "year alone", "most alone"],
)
def test_what_cannot_be_compared_is_refused_before_a_draw(arguments: list[str], words: str, tmp_path: Path) -> None:
    code, printed = command("compare", *arguments, "--out", str(tmp_path / "none"))
    assert code == 2
    assert words in printed
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_mixture_is_compared_and_not_attributed(tmp_path: Path) -> None:
    """A draw of the mixture is one of its branches, so against that branch the difference is exactly nothing."""
    file = tmp_path / "mix.yaml"
    file.write_text(
        "name: mix\nmixture:\n  - {scenario: hyundai, weight: 0.6}\n  - {scenario: baseline, weight: 0.4}\n"
    )
    found = forecast.compare("hyundai", file, Settings(2_000), out=tmp_path)
    same = np.asarray((found.difference == 0).all("year")) & np.asarray(found.alternative.draws["branch"] == "hyundai")
    assert abs(same.mean() - 0.6) < 4 * np.sqrt(0.6 * 0.4 / 2_000)
    assert found.streams.alternative == ("mixture.branch",)
    shares = {label: summary.n_draws / 2_000 for label, summary in found.by_branch.items()}
    assert shares["hyundai"] == np.mean(found.alternative.draws["branch"] == "hyundai")
    assert not found.by_branch["hyundai"].value("rise", "sd").any()
    assert found.by_branch["baseline"].value("rise", "mean")[0] > 0
    code, printed = command("compare", "hyundai", str(file), "--draws", "2000", "--n-jobs", "1", "--out", str(tmp_path))
    assert code == 0
    assert "Chance it Chance it" in printed
    assert "Branch draws median 80 % interval" in printed
    told = ", ".join(f"{label} {100 * shares[label]:.0f} %" for label in ("hyundai", "baseline"))
    assert printed.endswith(f"mix is a mixture of scenarios with stated weights ({told} of the draws).")
    arguments = ["compare", "hyundai", str(file), "--attribute", "--out", str(tmp_path)]
    told = CliRunner().invoke(cli, arguments)
    assert told.exit_code == 2
    assert "--attribute: got the mixture mix, expected scenarios" in told.output


def test_a_difference_of_one_part_is_told_in_a_sentence(tmp_path: Path) -> None:
    """Its table had the same numbers in two columns."""
    one = command("compare", "baseline", "import-commitments", "--draws", "400", "--out", str(tmp_path))[1]
    assert "All of the difference is in one part: import commitments." in " ".join(one.split())
    assert "made of" not in one
    several = command("compare", "baseline", "tariffs-25", "--draws", "400", "--out", str(tmp_path))[1]
    assert "What the difference is made of, medians" in several
    assert "in one part" not in several


def test_few_draws_are_warned_of(tmp_path: Path) -> None:
    run = ["run", "baseline", "-s", "horizon=2027", "--no-plot", "--n-jobs", "1", "--out", str(tmp_path)]
    assert "warning: 399 draws: intervals and chances are rough" in command(*run, "--draws", "399")[1]
    report = ["report", str(tmp_path / "baseline"), "--out", str(tmp_path / "page.html")]
    assert "warning: 399 draws: intervals and chances are rough" in command(*report)[1]
    assert "warning" not in command(*run, "--draws", "400")[1]
    printed = command("compare", "baseline", "hyundai", "--draws", "1", "--out", str(tmp_path))[1]
    assert printed.count("warning: 1 draw: intervals") == 1
    assert " 1 pair of draws. " in printed
