"""Stratified draws: exact distributions, strata where they are promised, luck that stays with its name."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from commands import command
from plans import SCHEMES
from scipy import stats

from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, simulate
from forecast.engine.stratified import LEADING, MODELS, WALKS, block_of_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.results.archive import load_results
from forecast.scenario.scenario import load_scenario
from forecast.stats.streams import Scheme, Streams
from forecast.storage.documents import scenario_path

STRATIFIED = [scheme for scheme in SCHEMES if scheme != "plain"]


def test_the_plain_scheme_keeps_its_bytes() -> None:
    one, other = block_of_streams(4, 2, 100, "plain"), Streams(4, 2, 100)
    assert one.normals("baseline.shock", 8).tobytes() == other.normals("baseline.shock", 8).tobytes()
    assert one.uniforms("posterior.baseline").tobytes() == other.uniforms("posterior.baseline").tobytes()


@pytest.mark.parametrize("scheme", STRATIFIED)
@pytest.mark.parametrize("n_steps", [8, 10, 3])
def test_steps_of_a_walk_stay_independent_normals(scheme: Scheme, n_steps: int) -> None:
    blocks = [block_of_streams(1, block, 500, scheme).normals("drivers.shock", 3 * n_steps) for block in range(40)]
    steps = np.concatenate(blocks, axis=-1)
    n = steps.shape[-1]
    correlation = np.cov(steps)
    assert np.abs(correlation - np.eye(3 * n_steps)).max() < 5 * np.sqrt(2 / n)
    assert np.abs((steps**3).mean(axis=-1)).max() < 5 * np.sqrt(15 / n)
    assert np.abs((steps**4).mean(axis=-1) - 3).max() < 5 * np.sqrt(96 / n)


@pytest.mark.parametrize(
    ("name", "n_walks", "a_year"),
    [("baseline.shock", 2, 4), ("drivers.shock", 3, 4), ("bridge.shock", 2, 1), ("localization.innovation", 2, 4)],
)
def test_leading_components_of_years_have_one_draw_in_every_stratum(name: str, n_walks: int, a_year: int) -> None:
    """The weights of a component are those of the eigenvectors of the covariance of a walk, from numpy.

    Walks are of the two flows, of three drivers, of the books of both flows, and of two shares of purchases.
    """
    n, n_years, begun = 400, 9, a_year // 2
    walk = np.tril(np.ones((n_years, n_years)))
    axes = np.linalg.eigh(walk.T @ walk)[1].T[::-1][:LEADING]
    n_steps = begun + a_year * (n_years - 1) if begun else n_years
    steps = block_of_streams(0, 5, n, "latin_hypercube").normals(name, n_walks * n_steps)
    walks = steps.reshape(-1, n_walks, n)
    ends = [0, *range(begun or 1, n_steps + 1, a_year)]
    years = np.stack([walks[i:j].sum(axis=0) / np.sqrt(j - i) for i, j in pairwise(ends)])
    for component in np.einsum("ky,ywn->kwn", axes, years).reshape(-1, n):
        strata = np.sort(np.floor(stats.norm.cdf(component) * n).astype(int))
        assert np.array_equal(strata, np.arange(n))


def test_under_sobol_the_first_two_dimensions_are_a_net_together() -> None:
    """Of 256 draws one lies in each box of 16 times 16, and of 4 times 64; other streams have strata of their own."""
    n, names = 256, [f"posterior.{model}" for model in MODELS[:2]]
    one, two = (block_of_streams(5, 1, n, "sobol").points(name) for name in names)
    for wide, high in ((16, 16), (4, 64), (64, 4)):
        boxes = np.floor(one * wide).astype(int) * high + np.floor(two * high).astype(int)
        assert np.array_equal(np.sort(boxes), np.arange(n))
    for scheme, name in (("sobol", "investments.A.scale"), ("latin_hypercube", names[0])):
        found = block_of_streams(5, 1, n, scheme).points(name)
        assert found.tobytes() == Streams(5, 1, n, "latin_hypercube").points(name).tobytes()


def test_leading_components_hold_what_is_said_of_a_path_of_ten_years() -> None:
    walk = np.tril(np.ones((10, 10)))
    held = np.linalg.eigvalsh(walk.T @ walk)[::-1]
    assert f"{held[:LEADING].sum() / held.sum():.0%}" == "98%"


@pytest.mark.parametrize("scheme", STRATIFIED)
def test_blocks_and_streams_are_independent(scheme: Scheme) -> None:
    n = 2_000
    drawn = []
    for block in (0, 1):
        streams = block_of_streams(0, block, n, scheme)
        drawn += [streams.uniforms(name) for name in ("posterior.baseline", "posterior.bridge", "investments.A.scale")]
        drawn += [streams.normals(name, 8 * WALKS[name][0])[:4].sum(axis=0) for name in WALKS]
    off_diagonal = np.corrcoef(np.stack(drawn))[np.triu_indices(len(drawn), 1)]
    assert np.abs(off_diagonal).max() < 4.5 / np.sqrt(n)


@pytest.mark.parametrize("scheme", STRATIFIED)
def test_an_announcement_more_leaves_the_luck_of_all_else(scheme: Scheme) -> None:
    flows = []
    for name in ("hyundai", "announced"):
        scenario = load_scenario(scenario_path(name))
        (plan,) = compile_run(scenario, load_posterior(), vintage()).plans
        flows.append(simulated_flows(plan, block_of_streams(3, 1, 200, scheme)).annual)
    baseline = plan.series.index("baseline_balance")
    assert flows[0][baseline].tobytes() == flows[1][baseline].tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", STRATIFIED)
def test_means_between_blocks_vary_less(scheme: Scheme) -> None:
    """Variances of 30 blocks each have an F of 29 and 29 degrees of freedom, around a ratio of 2 or more."""
    run = compile_run(load_scenario(scenario_path("hyundai")), load_posterior(), vintage())
    small = replace(run, plans=tuple(replace(plan, block_size=200) for plan in run.plans))
    of_series = [run.series.index("trade_balance"), run.series.index("effect")]
    errors = [
        simulate(small, Settings(30 * 200, 0, each)).blocks.standard_error()[0][of_series, -1]
        for each in ("plain", scheme)
    ]
    assert ((errors[0] / errors[1]) ** 2 > 1.0).all()


def test_a_sampler_is_chosen_told_and_kept(tmp_path: Path) -> None:
    done = command("run", "hyundai", "--draws", "500", "--sampler", "lhs", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0
    assert "The draws are stratified within blocks of 2,000 (Latin hypercube)." in " ".join(done.stdout.split())
    run = load_results(tmp_path / "results" / "hyundai")
    assert run.manifest["scheme"] == "latin_hypercube"
    again = command("run", "hyundai", "--draws", "500", "--sampler", "lhs", "--no-plot", cwd=tmp_path)
    assert f"Found in results/hyundai/{run.manifest['digest']}" in again.stdout

    refused = command("breakeven", str(run.folder), "--input", "x", "--sampler", "sobol", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: --sampler: got sobol for {run.folder}, a run by lhs, expected none; "
        f"`forecast run {run.folder}/scenario.yaml --sampler sobol` makes one\n"
    )
