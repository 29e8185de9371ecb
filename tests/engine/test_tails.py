"""Far tails and finite posteriors in whole runs: draws that once had no bound, and errors that count the rows."""

from __future__ import annotations

import json
import math
from csv import DictReader
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from forecast.cli import cli
from forecast.engine.block import flows_of
from forecast.engine.compile import compile_run
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, simulate
from forecast.errors import RunError
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.mixture import load_any
from forecast.stats.streams import Streams
from forecast.storage.documents import scenario_path

WILD = """\
name: wild
investments:
  - id: w
    company: A
    kind: greenfield
    project: a plant
    sector: autos
    amount: {distribution: lognormal, median: 0.05, sigma: 2.8}
    announced: 2025-06-01
    construction_start: 2026-01-01
    production_start: 2028-01-01
    probability: 1
"""


def compiled(name: str) -> RunPlan:
    scenario = load_any(scenario_path(name))
    return compile_run(scenario, load_posterior(), vintage(scenario.as_of))


def test_the_draw_that_made_a_mean_of_half_a_million_is_a_draw_like_others() -> None:
    """Draw 11,460 of `announced` under seed 82 had imports of 1.1e10 bn USD in 2034, and exports below zero."""
    annual = flows_of(compiled("announced"), Streams(82, 5, 2_000)).annual
    assert (annual[1:3] < 10_000).all()
    assert (annual[1:3, :-1] > 0).all()


def test_the_error_of_a_mean_counts_the_rows_of_the_posterior() -> None:
    """Twenty runs, each on rows of its own: the spread of their means makes the error of a run on all of them."""
    whole = compiled("baseline")
    (plan,) = whole.plans
    means = []
    for part in range(20):
        rows = {
            model: {name: np.ascontiguousarray(values[..., part::20]) for name, values in group.items()}
            for model, group in plan.rows.items()
        }
        annual = simulate(replace(whole, plans=(replace(plan, rows=rows),)), Settings(1_000, seed=part)).annual
        means.append(annual.draws()[0].mean(axis=-1))
    expected = np.std(means, axis=0, ddof=1) / 20**0.5
    summary = simulate(whole, Settings(20_000)).summary(whole.years, whole.series)
    ratio = summary.standard_error("trade_balance", "mean") / expected
    assert np.exp(np.log(ratio).mean()) == pytest.approx(1.0, abs=0.4)
    assert ratio[0] == pytest.approx(1.0, abs=0.5)  # 0.4 of it where rows are left out


def test_a_run_says_that_one_draw_makes_its_mean_and_a_budget_refuses_it(tmp_path: Path) -> None:
    file = tmp_path / "wild.yaml"
    file.write_text(WILD)
    runner, out = CliRunner(), tmp_path / "results"
    done = runner.invoke(cli, ["run", str(file), "--out", str(out), "--no-plot", "--language", "en"])
    assert done.exit_code == 0, done.output
    assert "Warning: a single draw makes" in " ".join(done.output.split())
    (folder,) = (out / "wild").iterdir()
    dominant = json.loads((folder / "manifest.json").read_text())["dominant_draws"]
    assert "variance" in {one["statistic"] for one in dominant}
    assert all(0.1 < one["share"] <= 1.0 for one in dominant)
    refused = runner.invoke(cli, ["budget", str(folder), "--of", "effect", "--year", "2030"])
    assert isinstance(refused.exception, RunError)
    assert "got one draw that makes" in str(refused.exception)


def test_one_draw_leaves_no_number_that_is_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["run", "baseline", "--draws", "1", "--out", str(tmp_path), "--no-plot"])
    assert done.exit_code == 0, done.output
    (folder,) = (tmp_path / "baseline").iterdir()
    text = (folder / "summary.csv").read_text()
    assert "nan" not in text
    rows = list(DictReader(text.splitlines()))
    assert {row["value"] for row in rows if row["statistic"] == "sd"} == {""}
    assert all(math.isfinite(float(row["value"])) for row in rows if row["statistic"] != "sd")
    assert {row["standard_error"] for row in rows} == {""}
