"""Paired differences of stored runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import forecast
from forecast.engine import Settings
from forecast.errors import RunError
from forecast.results import Results

SCENARIOS = Path(__file__).parent.parent / "scenarios"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    out = tmp_path_factory.mktemp("runs")

    def run(name: str, seed: int = 0) -> Results:
        scenario = forecast.load_scenario(SCENARIOS / f"{name}.yaml")
        return forecast.run_scenario(scenario, Settings(8_000, seed), out=out).results

    return {"hyundai": run("hyundai"), "baseline": run("baseline"), "other luck": run("baseline", seed=1)}


def test_against_the_baseline_the_difference_is_the_effect(runs: dict[str, Results]) -> None:
    """Stored in single precision: 300 bn USD are known to about 3e-5."""
    difference = forecast.paired_difference(runs["hyundai"], runs["baseline"])
    assert difference.attrs == {"units": "bn USD per year", "basis": "korea_customs"}
    np.testing.assert_allclose(difference, runs["hyundai"].draws["investment_effect"], atol=2e-4)


def test_the_table_reads_the_draws(runs: dict[str, Results]) -> None:
    difference = forecast.paired_difference(runs["hyundai"], runs["baseline"])
    table = forecast.difference_table(difference, block_size=2_000)
    np.testing.assert_allclose(table["mean"], difference.mean("draw"), atol=1e-5)
    np.testing.assert_allclose(table["quantile_0.5"], difference.median("draw"), atol=1e-5)
    np.testing.assert_allclose(table["probability_positive"], (difference > 0).mean("draw"))
    blocks = np.asarray(difference, dtype=float).reshape(-1, 4, 2_000).mean(axis=-1)
    np.testing.assert_allclose(table["mean_standard_error"], blocks.std(axis=1, ddof=1) / 2, rtol=1e-6)


def test_pairing_is_at_least_ten_times_sharper_than_strangers(runs: dict[str, Results]) -> None:
    """Standard errors of the mean difference, with shared luck and without."""
    paired = forecast.paired_difference(runs["hyundai"], runs["baseline"]).std("draw")
    balance = [runs[name].draws["trade_balance"] for name in ("hyundai", "other luck")]
    unpaired = (balance[0] - balance[1]).std("draw")
    assert (unpaired > 10 * paired).all()


def test_runs_with_other_luck_are_refused(runs: dict[str, Results]) -> None:
    with pytest.raises(RunError, match="cannot be paired: got seed 0 and 1; expected the same in both"):
        forecast.paired_difference(runs["hyundai"], runs["other luck"])
