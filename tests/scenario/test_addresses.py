"""Every uncertain input of a scenario has a name and can be correlated: tariffs, commitments, shocks, paths, fates."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from test_correlations import mc_error, spearman

from forecast.analysis.input_values import uncertain_values
from forecast.dims import SERIES, Array
from forecast.engine.compile import compile_plan
from forecast.engine.plan import Plan
from forecast.engine.resampling import SourceAnalysis
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, simulate
from forecast.errors import ScenarioError
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.report.workbench import overrides, workbench
from forecast.scenario.contrasts import contrasts
from forecast.scenario.inputs import uncertain_inputs
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario
from forecast.stats.streams import Streams
from forecast.stats.summary import exceedance_name

N = 10_000
FILE = """\
name: t
horizon: 2028
basis: us_census
tariffs:
  - id: back
    sectors: autos
    rate: {distribution: uniform, low: 0.2, high: 0.3}
    from: {earliest: 2027Q1, latest: 2027Q4}
    until: {earliest: 2028Q1, latest: 2028Q3}
    probability: {distribution: uniform, low: 0.4, high: 0.6}
    pass_through: {distribution: uniform, low: 0.5, high: 1}
    rivals: 0.05
    localization_response: {distribution: uniform, low: 0, high: 0.02}
  - {id: steel, sectors: steel, change: {distribution: uniform, low: -0.1, high: 0.1}, from: 2027Q1, probability: 0.5, adjustment: 0.4}
import_commitments:
  - {id: gas, what: lng, per_year: {distribution: uniform, low: 1, high: 2}, from: {earliest: 2027, latest: 2028}, until: 2029, fulfilment: {distribution: uniform, low: 0.7, high: 1}}
  - {id: jets, what: aircraft, amount: {distribution: uniform, low: 10, high: 20}, from: 2027, until: 2029, additionality: {distribution: uniform, low: 0, high: 1}, probability: 0.5}
shocks:
  - {id: sales, on: exports, at: {earliest: 2027Q1, latest: 2027Q3}, amount: {distribution: uniform, low: -20, high: -10}, half_life: {distribution: uniform, low: 2, high: 8}}
  - {id: buying, on: imports, at: 2027Q1, amount: {distribution: uniform, low: 5, high: 9}, probability: 0.5}
  - {id: spike, on: oil, at: 2027Q1, size: {distribution: uniform, low: 0, high: 0.5}}
drivers:
  us_output: {path: growth, rate: {distribution: normal, mean: 0.02, sd: 0.01}, from: 2027Q1}
  won_per_dollar: {path: deviation, size: {distribution: uniform, low: -0.1, high: 0.1}, from: 2027Q1}
  oil: {path: levels, at: {2027Q1: {distribution: uniform, low: 50, high: 90}, 2028Q1: 60}}
overrides: {sectors: {autos: {utilisation: {distribution: uniform, low: 0.7, high: 0.9}}}}
programmes: [{id: p, members: [A], probability: 0.9, scale: {distribution: uniform, low: 0.6, high: 1}}]
investments:
  - {id: A, company: C, project: a, sector: autos, kind: greenfield, amount: {distribution: uniform, low: 1, high: 2}, announced: 2026-01, production_start: 2028Q1, probability: 0.5, localization: {path: logistic, local: {distribution: uniform, low: 0.5, high: 0.7}, at: 2029Q1, speed: {distribution: uniform, low: 3, high: 6}}}
  - {id: W, company: C, project: w, sector: autos, kind: greenfield, amount: {krw_trillion: {distribution: uniform, low: 1, high: 2}}, announced: 2026-01, production_start: 2028Q1}
"""  # noqa: E501

CONTINUOUS = {
    "tariffs.back.rate": "back: rate",
    "tariffs.back.from": "back: from",
    "tariffs.back.until": "back: until",
    "tariffs.back.probability": "back: probability",
    "tariffs.back.pass_through": "back: pass through",
    "tariffs.back.localization_response": "back: localization response",
    "tariffs.steel.change": "steel: change",
    "tariffs.pass_through": "tariffs: pass through",
    "tariffs.localization_response": "tariffs: localization response",
    "tariffs.elasticity.metals": "elasticity: metals",
    "tariffs.elasticity.vehicles": "elasticity: vehicles",
    "tariffs.substitution": "tariffs: substitution",
    "tariffs.adjustment": "tariffs: adjustment",
    "tariffs.weight_of_2026": "tariffs: weight of 2026",
    "import_commitments.gas.per_year": "gas: per year",
    "import_commitments.gas.from": "gas: from",
    "import_commitments.gas.fulfilment": "gas: fulfilment",
    "import_commitments.additionality.lng": "additionality: lng",
    "import_commitments.jets.amount": "jets: amount, bn USD",
    "import_commitments.jets.additionality": "jets: additionality",
    "shocks.sales.at": "sales: date",
    "shocks.sales.amount": "sales: amount, bn USD",
    "shocks.sales.half_life": "sales: half life",
    "shocks.buying.amount": "buying: amount, bn USD",
    "shocks.spike.size": "spike: size",
    "drivers.us_output.rate": "US output: rate",
    "drivers.won_per_dollar.size": "won per dollar: size",
    "drivers.oil.at.2027Q1": "oil price: 2027Q1",
    "investments.A.localization.local": "A, localization: local share reached",
    "investments.A.localization.speed": "A, localization: years it takes",
    "overrides.sectors.autos.utilisation": "autos: utilisation",
    "programmes.p.scale": "p: realised over stated amount",
    "investments.A.amount": "A: amount, bn USD",
    "investments.W.amount": "W: amount, bn USD",
}
"""Inputs with a distribution without ties by path, and what a budget calls them."""

COMING = {
    "tariffs.steel.realised": ("steel: comes", "tariffs.back.pass_through"),
    "import_commitments.jets.realised": ("jets: comes", "tariffs.back.rate"),
    "shocks.buying.realised": ("buying: comes", "investments.A.amount"),
    "investments.A.realised": ("A: goes ahead", "shocks.sales.amount"),
}
"""Events of even chance by path, what a budget calls them, and an input each is correlated with."""

RANK = 0.6
ORIGIN = vintage().trade.origin


@cache
def learned() -> Posterior:
    return load_posterior()


def stated(folder: Path, tail: str = "", text: str = FILE) -> Scenario:
    path = folder / "t.yaml"
    path.write_text(text + tail)
    return load_scenario(path)


def compiled(scenario: Scenario) -> Plan:
    return compile_plan(scenario, learned(), vintage())


def drawn(scenario: Scenario) -> dict[str, Array]:
    return uncertain_values(alone(compiled(scenario)), Streams(0, 0, N), 2028)


def entry(one: str, other: str, rank: float = RANK) -> str:
    return f"  - {{between: [{one}, {other}], rank: {rank}}}\n"


def pairs() -> list[tuple[str, str]]:
    """Inputs in pairs of different kinds, each once."""
    paths = list(CONTINUOUS)
    assert len(paths) % 2 == 0
    return list(zip(paths[: len(paths) // 2], paths[len(paths) // 2 :], strict=True))


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Array]:
    return drawn(stated(tmp_path_factory.mktemp("free")))


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Array]:
    tail = "correlations:\n" + "".join(entry(*pair) for pair in pairs())
    return drawn(stated(tmp_path_factory.mktemp("tied"), tail))


def test_every_uncertain_input_of_the_file_has_a_name(tmp_path: Path) -> None:
    found = [item.name for item in uncertain_inputs(stated(tmp_path), ORIGIN) if not item.settled]
    left = {"investments.A.slip", "investments.A.scale", "investments.W.slip", "investments.W.scale"}
    fates = {"tariffs.back.realised", "programmes.p.realised", "investments.W.realised"}
    assert set(found) == {*CONTINUOUS, *COMING, *left, *fates}
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(("one", "other"), pairs())
def test_the_stated_rank_is_hit_across_kinds(
    one: str, other: str, free: dict[str, Array], tied: dict[str, Array]
) -> None:
    values = [[numbers[CONTINUOUS[path]] for path in (one, other)] for numbers in (free, tied)]
    assert abs(spearman(*values[0])) < 4 / np.sqrt(N)
    assert abs(spearman(*values[1]) - RANK) < 4 * mc_error(RANK, N)


@pytest.mark.parametrize("path", CONTINUOUS)
def test_a_margin_stays_as_it_was(path: str, free: dict[str, Array], tied: dict[str, Array]) -> None:
    """Kolmogorov's bound for two samples at 0.1 %."""
    before, after = np.sort(free[CONTINUOUS[path]]), np.sort(tied[CONTINUOUS[path]])
    every = np.concatenate([before, after])
    gap = np.abs(np.searchsorted(before, every, "right") - np.searchsorted(after, every, "right")).max() / N
    assert gap < 1.95 * np.sqrt(2 / N)


def test_no_other_number_moves(free: dict[str, Array], tmp_path: Path) -> None:
    """Of two inputs the first by the name of its stream keeps its numbers, and so do all that are not named."""
    pair = ("tariffs.elasticity.metals", "drivers.us_output.rate")
    found = drawn(stated(tmp_path, "correlations:\n" + entry(*pair)))
    moved = {name for name, values in found.items() if values.tobytes() != free[name].tobytes()}
    level = {name for name in found if name.startswith("US output in")}  # correlated shocks of drivers stay
    assert moved - level == {"elasticity: metals"}


@pytest.mark.parametrize("path", COMING)
def test_what_comes_goes_with_high_values(path: str, tmp_path: Path) -> None:
    """With normal scores correlated by r, the level of the other is 1/2 + arcsin(r / sqrt 2) / pi on average."""
    name, other = COMING[path]
    found = drawn(stated(tmp_path, "correlations:\n" + entry(path, other), FILE.replace("probability: 0.9, ", "")))
    comes, value = found[name] > 0, found[CONTINUOUS[other]]
    low, high = np.floor(value.min() * 10) / 10, np.ceil(value.max() * 10) / 10
    level = (value - low) / (high - low)
    expected = 0.5 + np.arcsin(np.sqrt(2) * np.sin(np.pi * RANK / 6)) / np.pi
    error = 4 * np.sqrt(1 / 12 / (N / 2))
    assert abs(comes.mean() - 0.5) < 2 / np.sqrt(N)
    assert abs(level[comes].mean() - expected) < error
    assert abs(level[~comes].mean() - (1 - expected)) < error


def test_flows_move_together_across_the_parts_of_a_run(tmp_path: Path) -> None:
    """Two shocks of an amount are all that parts two scenarios: exports less and imports more, together."""
    text = """\
name: t
horizon: 2027
basis: us_census
shocks:
  - {id: sales, on: exports, at: 2027Q1, amount: {distribution: uniform, low: -20, high: -10}}
  - {id: buying, on: imports, at: 2027Q1, amount: {distribution: uniform, low: 5, high: 9}}
correlations: [{between: [shocks.sales.amount, shocks.buying.amount], rank: -0.8}]
"""
    shocked, calm = stated(tmp_path, text=text), stated(tmp_path, text="name: t\nhorizon: 2027\nbasis: us_census\n")
    runs = [simulate(alone(compiled(item)), Settings(6_000)).annual.draws() for item in (shocked, calm)]
    change = (runs[0] - runs[1])[:, -1]
    exports, imports = change[SERIES.index("exports")], change[SERIES.index("imports")]
    assert abs(spearman(exports, imports) + 0.8) < 4 * mc_error(0.8, 6_000)
    assert (exports.min() > -20, exports.max() < -10, imports.min() > 5, imports.max() < 9) == (True,) * 4


@pytest.mark.slow
def test_workers_leave_no_trace_and_the_file_comes_back(tmp_path: Path) -> None:
    scenario = stated(tmp_path, "correlations:\n" + "".join(entry(*pair) for pair in pairs()))
    (tmp_path / "again.yaml").write_text(dump_scenario(scenario))
    assert load_scenario(tmp_path / "again.yaml") == scenario
    made = replace(compiled(scenario), block_size=40)  # enough tasks for workers to start
    one, two = (simulate(alone(made), Settings(4_000), n_jobs).annual.draws() for n_jobs in (1, 2))
    assert one.tobytes() == two.tobytes()


REFUSED = (
    ("tariffs.steel.adjustment", "which is 0.4 in every draw, expected an uncertain input"),
    ("tariffs.steel.elasticity", "which is left to the shipped distribution, whose name is tariffs.elasticity.metals"),
    ("tariffs.steel.probability", "which is 0.5 in every draw (whether it comes is tariffs.steel.realised)"),
    ("import_commitments.gas.realised", "which is sure, as no probability is stated"),
    ("import_commitments.gas.until", "which is 2029 in every draw"),
    ("import_commitments.additionality.aircraft", "did you mean import_commitments.additionality.lng?"),
    ("shocks.spike.at", "which is 2027Q1 in every draw"),
    ("shocks.spik.size", "did you mean shocks.spike.size?"),
    ("drivers.oil.at.2028Q1", "which is 60 in every draw"),
    ("drivers.oil.rate", "expected the path of an uncertain input"),
)


@pytest.mark.parametrize(("name", "message"), REFUSED)
def test_what_is_not_uncertain_is_refused_at_its_place(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        stated(tmp_path, "correlations:\n" + entry("investments.A.amount", name))
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (FILE.count("\n") + 2, "correlations[0].between[1]")
    assert message in problem.message


def test_a_driver_that_moves_as_fitted_has_no_name(tmp_path: Path) -> None:
    text = FILE.replace("  won_per_dollar:", "  #")
    with pytest.raises(ScenarioError, match=r"drivers.won_per_dollar\", which moves as fitted"):
        stated(tmp_path, "correlations:\n" + entry("investments.A.amount", "drivers.won_per_dollar"), text)


@pytest.mark.parametrize("plants", ["", "localization: {path: hold}\n" + FILE[FILE.index("investments:") :]])
def test_a_response_that_no_plant_gives_has_no_name(plants: str, tmp_path: Path) -> None:
    tariff = "name: t\ntariffs: [{id: a, sectors: steel, change: 0.1, from: 2027Q1}]\n"
    with pytest.raises(ScenarioError, match="does nothing, as no plant follows the fitted path"):
        stated(
            tmp_path,
            "correlations:\n" + entry("tariffs.elasticity.metals", "tariffs.localization_response"),
            tariff + plants,
        )


def test_correlated_assumptions_are_attributed_together(tmp_path: Path) -> None:
    """A path without a name of its own and what tariffs share are named by the correlation all the same."""
    bent = (
        "localization: {path: target, by: 2028Q1, local: {distribution: uniform, low: 0.4, high: 0.6}, "
        "sectors: {steel: {path: fitted}}}\n"
    )
    ties = entry("localization.local", "shocks.spike.size") + entry(
        "tariffs.elasticity.metals", "drivers.oil.at.2027Q1"
    )
    alternative = stated(tmp_path, f"{bent}correlations:\n{ties}", FILE.replace("high: 0.3}", "high: 0.4}", 1))
    found = [contrast.name for contrast in contrasts(stated(tmp_path), alternative)]
    assert found == ["localization, tariffs.back, correlations", "localization.sectors.steel"]


@pytest.mark.slow
def test_a_budget_tells_what_sources_have_in_common(tmp_path: Path) -> None:
    made = compiled(stated(tmp_path, "correlations:\n" + entry("tariffs.back.rate", "shocks.sales.amount")))
    experiment = SourceAnalysis(alone(made), 0, 0)
    assert experiment.in_common == (("stated", "policies"),)
    assert np.isfinite(experiment.effects(2).total.value).all()


def test_moved_inputs_are_correlated_with_nothing(tmp_path: Path) -> None:
    """And their texts make a scenario that loads."""
    ties = [("investments.A.realised", "shocks.buying.realised"), ("shocks.spike.size", "tariffs.elasticity.metals")]
    ties.append(("import_commitments.gas.per_year", "tariffs.back.rate"))
    scenario, origin = stated(tmp_path, "correlations:\n" + "".join(entry(*pair) for pair in ties)), ORIGIN
    texts = overrides(scenario, origin, {"tariffs.back.rate": 0.4, "investments.A.probability": 1.0})
    assert texts[-1] == 'correlations=[{"between": ["shocks.spike.size", "tariffs.elasticity.metals"], "rank": 0.6}]'
    assert len(load_scenario(tmp_path / "t.yaml", texts).correlations) == 1
    for positions in ({"localization.local": 0.6}, {"tariffs.rest": 0.1}, {"investments.A.probability": 0.5}):
        assert not any(text.startswith("correlations") for text in overrides(scenario, origin, positions))
    tied = "localization: {path: target, by: 2028Q1, local: {distribution: uniform, low: 0.4, high: 0.6}}\n"
    text = FILE.replace("    localization_response: {distribution: uniform, low: 0, high: 0.02}\n", "")
    tied += "correlations:\n" + entry("localization.local", "shocks.spike.size")
    assert overrides(stated(tmp_path, tied, text), origin, {"localization.speed": 5.0})[-1] == "correlations=[]"


def test_moving_a_correlated_input_moves_nothing_else(tmp_path: Path) -> None:
    """A plant that never comes may be as large as it likes: what it is correlated with keeps its numbers."""
    never = "construction_start: 2027Q1, production_start: 2029Q1, probability: 0, localization"
    text = FILE.replace("production_start: 2028Q1, probability: 0.5, localization", never)
    scenario = stated(tmp_path, "correlations:\n" + entry("investments.A.amount", "shocks.buying.amount"), text)
    with workbench(scenario, learned(), Settings(2_000)) as bench:
        change = bench.trial(overrides(scenario, ORIGIN, {"investments.A.amount": 1.2})).difference
    assert not change.value("rise", "mean").any()
    assert not change.value("rise", exceedance_name(0.0)).any()
    assert not change.value("fall", exceedance_name(0.0)).any()
