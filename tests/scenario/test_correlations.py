"""Rank correlation of inputs: the stated value is hit, margins and other streams stay, impossible sets are refused."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import SCHEMES

from forecast.dims import Array
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Inputs
from forecast.engine.plan import Plan
from forecast.engine.plants import _slip
from forecast.errors import ScenarioError
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.stats.streams import Scheme, Streams, is_possible, loadings, nearest_correlation, nearest_possible

N = 20_000
FILE = """\
name: t
horizon: 2031
investments:
  - {id: A, company: C, project: a, sector: steel, kind: greenfield, amount: {distribution: uniform, low: 1, high: 2}, announced: 2026-01, production_start: 2028Q1, probability: 0.5}
  - {id: B, company: C, project: b, sector: steel, kind: greenfield, amount: {distribution: lognormal, median: 2, sigma: 0.5}, announced: 2026-01, production_start: 2028Q1, overrides: {utilisation: {distribution: beta, alpha: 8, beta: 2}}}
"""  # noqa: E501


def spearman(one: Array, other: Array) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def mc_error(rank: float, n: int = N) -> float:
    """Standard error of a rank correlation; source: Bonett and Wright (2000), Psychometrika 65: 23-28."""
    return float(np.sqrt((1 + rank**2 / 2) / (n - 3)) * (1 - rank**2))


@cache
def learned() -> Posterior:
    return load_posterior()


LAW = "rate: 0.4, from: 2027Q1, until: {earliest: 2028Q1, latest: 2031Q1}, probability: 0.5"


@pytest.mark.parametrize("shared", ["until", "realised"])
def test_one_law_stated_as_two_tariffs_is_that_law(tmp_path: Path, shared: str) -> None:
    """Two tariffs that share their draws move trade as one on the goods of both; either draw apart does not."""
    both = f"name: t\ntariffs:\n  - {{id: law-1, sectors: [autos, batteries], {LAW}}}\n"
    apart = "".join(
        f"  - {{id: {id}, sectors: {name}, {LAW}}}\n" for id, name in (("law-1", "autos"), ("law-2", "batteries"))
    )
    ties = [f"  - {{between: [tariffs.law-1.{key}, tariffs.law-2.{key}], rank: 1}}\n" for key in ("until", "realised")]
    one, as_one, half = (
        tariffs_of(tmp_path, text)
        for text in (
            both,
            f"name: t\ntariffs:\n{apart}correlations:\n{''.join(ties)}",
            f"name: t\ntariffs:\n{apart}correlations:\n{''.join(tie for tie in ties if shared not in tie)}",
        )
    )
    np.testing.assert_allclose(as_one, one, rtol=1e-9, atol=1e-12)
    assert np.abs(half - one).max() > 0.1


def tariffs_of(tmp_path: Path, text: str) -> Array:
    """Draws of the series `tariffs` of a scenario, `(n_years, n_draws)`."""
    path = tmp_path / "t.yaml"
    path.write_text(text)
    plan = compile_plan(load_scenario(path), learned(), vintage())
    flows = simulated_flows(plan, Streams(0, 0, 500))
    return flows.annual[plan.series.index("tariffs")]


def compiled(tmp_path: Path, correlations: str = "") -> Plan:
    path = tmp_path / "t.yaml"
    path.write_text(FILE + correlations)
    return compile_plan(load_scenario(path), learned(), vintage())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("rank", [-0.8, 0.3, 0.6, 1.0])
def test_the_stated_rank_correlation_is_hit(rank: float, scheme: Scheme) -> None:
    """Over blocks of 2,000, as in a run: a scheme that reorders a block must not bend its correlation."""
    mixes = loadings({("a", "b"): rank})
    blocks = [Streams(1, block, 2_000, scheme, mixes) for block in range(10)]
    found = np.mean([spearman(block.uniforms("a"), block.uniforms("b")) for block in blocks])
    assert abs(found - rank) < 4 * mc_error(rank) + 1e-9


def test_a_matrix_of_three_is_hit() -> None:
    ranks = {("a", "b"): 0.5, ("a", "c"): -0.4, ("b", "c"): 0.2}
    streams = Streams(2, 0, N, mixes=loadings(ranks))
    for (one, other), rank in ranks.items():
        assert abs(spearman(streams.uniforms(one), streams.uniforms(other)) - rank) < 4 * mc_error(rank)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_margins_stay_uniform_and_stratified(scheme: Scheme) -> None:
    tied = Streams(3, 0, 2_000, scheme, loadings({("a", "b"): 0.7}))
    found = tied.uniforms("b")
    assert 0 < found.min() < found.max() < 1
    if scheme == "plain":
        gap = np.abs(np.sort(found) - (np.arange(2_000) + 0.5) / 2_000).max()
        assert gap < 1.95 / np.sqrt(2_000)  # Kolmogorov's bound at 0.1 %
    else:
        own = Streams(3, 0, 2_000, scheme).uniforms("b")
        assert np.array_equal(np.sort(found), np.sort(own))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_others_and_the_first_by_name_keep_their_bytes_and_blocks_stay_independent(scheme: Scheme) -> None:
    free, tied = Streams(4, 0, 500, scheme), Streams(4, 0, 500, scheme, loadings({("b", "a"): 0.7}))
    for name in ("a", "c", "investments.A.realised"):
        assert free.uniforms(name).tobytes() == tied.uniforms(name).tobytes()
    assert not np.array_equal(free.uniforms("b"), tied.uniforms("b"))
    later = Streams(4, 1, 500, scheme, tied.mixes)
    assert abs(spearman(tied.uniforms("b"), later.uniforms("b"))) < 4 / np.sqrt(500)


def test_names_in_another_order_give_the_same_mixes() -> None:
    one, other = {("a", "b"): 0.5, ("b", "c"): 0.3}, {("c", "b"): 0.3, ("b", "a"): 0.5}
    assert loadings(one) == loadings(other)


def test_an_amount_and_a_fitted_slip_move_together(tmp_path: Path) -> None:
    """The levels have the stated rank; of the delays, those of late plants rise with the amount."""
    made = compiled(tmp_path, "correlations: [{between: [investments.A.amount, investments.B.slip], rank: 0.6}]\n")
    streams = Streams(0, 0, N, mixes=made.mixes)
    rows = {name: np.take(values, np.zeros(N, int), -1) for name, values in made.rows["realisation"].items()}
    inputs = Inputs(streams, np.take(made.sector_rows, np.zeros(N, int), -1), rows)
    first, second = (part for members in made.groups for part in members.projects)
    amount, slip = np.asarray(inputs.value(first.capex)), np.asarray(_slip(inputs, second))
    level = streams.uniforms("investments.B.slip")
    assert abs(spearman(amount, level) - 0.6) < 4 * mc_error(0.6)
    late = slip > 0
    assert spearman(slip[late], level[late]) > 0.9999
    assert amount[late].mean() > amount[~late].mean() + 0.1


def test_inputs_of_every_kind_of_path_are_tied(tmp_path: Path) -> None:
    """A sector or investment coefficient, and going ahead: large amounts with plants that do."""
    made = compiled(
        tmp_path,
        "overrides: {sectors: {steel: {utilisation: {distribution: uniform, low: 0.7, high: 0.9}}}}\n"
        "correlations:\n"
        "  - {between: [investments.B.overrides.utilisation, overrides.sectors.steel.utilisation], rank: 0.5}\n"
        "  - {between: [investments.A.realised, investments.B.amount], rank: 0.7}\n",
    )
    streams = Streams(0, 0, N, mixes=made.mixes)
    own, sector = streams.uniforms("investments.B.utilisation"), streams.uniforms("sectors.steel.utilisation")
    assert abs(spearman(own, sector) - 0.5) < 4 * mc_error(0.5)
    ahead = streams.uniforms("investments.A.realised") < 0.5
    amount = streams.uniforms("investments.B.amount")
    assert amount[ahead].mean() > 0.6 > 0.4 > amount[~ahead].mean()


def test_the_nearest_correlation_matrix_is_highams() -> None:
    """His example: ones and a zero in a matrix of three; the nearest has 0.7607 and 0.1573."""
    stated = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = nearest_correlation(stated)
    np.testing.assert_allclose(found[[0, 1, 0], [1, 2, 2]], [0.7607, 0.7607, 0.1573], atol=5e-5)


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_what_is_proposed_is_possible(entries: list[float]) -> None:
    matrix = np.eye(4)
    matrix[np.triu_indices(4, 1)] = entries
    matrix = np.maximum(np.triu(matrix), np.triu(matrix)) + np.triu(matrix, 1).T
    near = nearest_possible(matrix)
    assert is_possible(near)
    names = ["a", "b", "c", "d"]
    mixes = loadings({(names[i], names[j]): float(near[i, j]) for i in range(4) for j in range(i)})
    for mix in mixes.values():
        assert abs(sum(loading**2 for _, loading in mix) - 1) < 1e-6


def test_the_proposal_in_the_message_loads(tmp_path: Path) -> None:
    pairs = [("investments.A.amount", "investments.A.slip"), ("investments.A.amount", "investments.A.scale")]
    pairs.append(("investments.A.scale", "investments.A.slip"))

    def text(ranks: list[str]) -> str:
        entries = [
            f"  - {{between: [{', '.join(pair)}], rank: {rank}}}\n" for pair, rank in zip(pairs, ranks, strict=True)
        ]
        return "correlations:\n" + "".join(entries)

    with pytest.raises(ScenarioError) as caught:
        compiled(tmp_path, text(["0.9", "0.9", "-0.5"]))
    proposed = re.findall(r"(-?[\d.]+) \(got", str(caught.value))
    assert len(proposed) == 3
    assert compiled(tmp_path, text(proposed)).mixes


def test_a_bivariate_normal_has_the_correlation_that_kruskal_gives() -> None:
    """rank 0.6 is 2 sin(0.6 pi / 6) = 0.618 of normal scores."""
    streams = Streams(5, 0, N, mixes=loadings({("a", "b"): 0.6}))
    scores = [scipy.special.ndtri(streams.uniforms(name)) for name in ("a", "b")]
    r = 2 * np.sin(0.1 * np.pi)
    assert abs(np.corrcoef(*scores)[0, 1] - r) < 4 * (1 - r**2) / np.sqrt(N)


def test_names_are_judged_beside_other_errors_and_those_of_refused_sections_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        FILE
        + "shocks: [{id: S, on: exports, at: 2027Q1, size: -2}]\n"
        + "correlations:\n"
        + "  - {between: [investments.A.amont, investments.B.slip], rank: 0.5}\n"
        + "  - {between: [shocks.S.size, investments.B.amount], rank: 0.5}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "t.yaml")
    size, name = caught.value.problems
    assert (size.line, name.line) == (6, 8)
    assert "did you mean investments.A.amount?" in name.message


BEYOND_GAUSSIAN = [
    [1, 0, 0.844, 0.716, -0.972],
    [0, 1, 0.494, 0.528, 0.189],
    [0.844, 0.494, 1, 0.860, -0.725],
    [0.716, 0.528, 0.860, 1, -0.548],
    [-0.972, 0.189, -0.725, -0.548, 1],
]
"""Ranks that other copulas have together: positive definite themselves, but not as correlations of normal scores."""


def test_the_copula_is_named_and_only_what_moves_is_listed(tmp_path: Path) -> None:
    inputs = ["A.amount", "A.slip", "A.scale", "B.amount", "B.overrides.utilisation"]
    names = [f"investments.{name}" for name in inputs]

    def text(matrix: list[list[float]]) -> str:
        return f"correlations:\n  - {{between: [{', '.join(names)}], matrix: {matrix}}}\n"

    with pytest.raises(ScenarioError) as caught:
        compiled(tmp_path, text(BEYOND_GAUSSIAN))
    message = str(caught.value)
    assert "cannot hold together in a Gaussian copula" in message
    assert message.endswith("; others stay")
    moved = re.findall(
        r"(investments\.[\w.]+) with (investments\.[\w.]+) (-?[\d.]+) \(got (-?[\d.]+), ([-+][\d.]+)\)", message
    )
    assert 0 < len(moved) < 5
    matrix = [[float(rank) for rank in row] for row in BEYOND_GAUSSIAN]
    for one, other, proposed, got, change in moved:
        row, column = names.index(one), names.index(other)
        assert matrix[row][column] == float(got) != float(proposed)
        assert float(proposed) - float(got) == pytest.approx(float(change), abs=1e-9)
        matrix[row][column] = matrix[column][row] = float(proposed)
    assert compiled(tmp_path, text(matrix)).mixes
