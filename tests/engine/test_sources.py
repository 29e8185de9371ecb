"""The registry of inputs: all that a simulation draws, each with its source; a new key is in every view of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from plans import streams_drawn

from forecast.analysis.input_values import uncertain_values
from forecast.economics.uncertain_inputs import SOURCES
from forecast.engine.compile import compile_plan, compile_run
from forecast.engine.resampling import SourceAnalysis, shared_streams
from forecast.engine.run_plan import RunPlan, alone
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.report.workbench import sliders
from forecast.scenario.inputs import SLIDERS, uncertain_inputs
from forecast.scenario.mixture import load_any
from forecast.scenario.rules import correlation_problems
from forecast.scenario.scenario import Investment, load_scenario
from forecast.stats.distributions import Distribution, Uniform
from forecast.stats.streams import Streams
from forecast.storage.documents import parse_document

SCENARIOS = Path(__file__).parents[2] / "scenarios"
EVERYTHING = """
name: everything
title: One entry of every kind that draws
mixture:
  - scenario: memory-slump
    weight: {distribution: uniform, low: 0.2, high: 0.4}
  - label: inside
    weight: {distribution: uniform, low: 0.5, high: 1.5}
    scenario:
      name: inside
      title: Inside
      horizon: 2035
      investments:
        - id: localization
          company: Example Cells
          project: named like a key
          sector: batteries
          kind: greenfield
          amount: {interval: [2.0, 3.0], level: 0.8}
          announced: 2026-10
          production_end: {earliest: 2032Q1, latest: 2033Q1}
          overrides:
            utilisation: {distribution: uniform, low: 0.6, high: 0.9}
          localization:
            path: logistic
            local: {distribution: beta, alpha: 4, beta: 4}
            at: 2029Q1
            speed: {distribution: uniform, low: 2, high: 6}
          phases:
            - {id: localization, share: 0.4, production_start: {earliest: 2028Q1, latest: 2029Q1}}
            - {id: two, share: 0.6, production_start: 2029Q2, probability: {distribution: beta, alpha: 6, beta: 4}}
          sources: [invented]
      programmes:
        - {id: cells, members: [localization], probability: 0.8, scale: {distribution: uniform, low: 0.5, high: 1.0}}
      localization:
        path: fixed
        shares: {korea: {distribution: uniform, low: 0.4, high: 0.6}, local: 0.4, third_country: 0.1}
      drivers:
        oil: {path: growth, rate: {distribution: normal, mean: 0.02, sd: 0.01}, from: 2027Q1, until: 2028Q1}
        won_per_dollar: {path: levels, at: {2027Q4: {distribution: uniform, low: 1400, high: 1600}}}
  - label: more
    weight: 1
    scenario:
      name: more
      title: More
      horizon: 2035
      investments:
        - id: X-1
          company: Example Cars
          project: in two parts
          sector: autos
          kind: greenfield
          amount: {distribution: uniform, low: 2, high: 3}
          announced: 2026-10
          production_end: {earliest: 2032Q1, latest: 2033Q1}
          overrides:
            displacement_rate: {distribution: uniform, low: 0.1, high: 0.4}
          phases:
            - {id: localization, share: 0.4, production_start: {earliest: 2028Q1, latest: 2029Q1}}
            - {id: two, share: 0.6, production_start: 2029Q2, probability: 0.5}
        - id: X-2
          company: Example Cars
          project: of its own path
          sector: autos
          kind: greenfield
          amount: 1
          announced: 2026-10
          production_start: 2029Q1
          localization: {path: target, by: 2030Q1, local: {distribution: uniform, low: 0.4, high: 0.6}}
        - {id: S, company: C, project: s, sector: steel, kind: greenfield, amount: 1, announced: 2026-10, production_start: 2029Q1}
      localization:
        path: fitted
        sectors:
          autos: {path: target, by: 2030Q1, local: {distribution: uniform, low: 0.4, high: 0.6}}
      overrides: {sectors: {steel: {korean_share: {distribution: uniform, low: 0.2, high: 0.3}}}}
      tariffs: [{id: cars, sectors: autos, rate: 0.25, from: 2027Q1, probability: 0.5}]
      import_commitments:
        - {id: gas, what: lng, per_year: {distribution: uniform, low: 1, high: 2}, from: 2027, until: 2029}
      shocks: [{id: fall, on: exports, at: 2027Q1, size: -0.1, probability: 0.5}]
"""  # noqa: E501
EXPECTED = {
    "baseline.shock": "shocks",
    "baseline.tail": "shocks",
    "running.error": "shocks",
    "posterior.baseline": "trade",
    "posterior.running": "trade",
    "drivers.tail": "drivers",
    "drivers.won_per_dollar.at.2027Q4": "drivers",
    "posterior.drivers": "drivers",
    "bridge.shock": "books",
    "posterior.bridge": "books",
    "posterior.realisation": "happening",
    "investments.X-1.realised": "happening",
    "investments.X-1.phases.two.realised": "happening",
    "programmes.cells.realised": "happening",
    "programmes.cells.scale": "terms",
    "investments.X-1.amount": "terms",
    "investments.X-1.slip": "terms",
    "investments.X-1.production_end": "terms",
    "investments.X-1.phases.localization.production_start": "terms",
    "investments.X-1.displacement_rate": "coefficients",
    "sectors.steel.korean_share": "coefficients",
    "posterior.sectors": "coefficients",
    "investments.localization.amount": "terms",
    "investments.X-2.localization.local": "localization",
    "localization.sectors.autos.local": "localization",
    "localization.innovation": "localization",
    "posterior.localization": "localization",
    "tariffs.cars.happens": "policies",
    "tariffs.weight_of_2026": "policies",
    "import_commitments.gas.per_year": "policies",
    "import_commitments.additionality.lng": "policies",
    "shocks.fall.happens": "stated",
    "mixture.branch": "branch",
    "mixture.inside.weight": "branch",
}


@cache
def learned(day: str | None) -> Posterior:
    return load_posterior(as_of=day)


def plan_of(path: Path) -> RunPlan:
    world = load_any(path)
    return compile_run(world, learned(world.as_of), vintage(world.as_of), prior=False)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> RunPlan:
    path = tmp_path_factory.mktemp("all") / "everything.yaml"
    path.write_text(EVERYTHING, encoding="utf-8")
    return plan_of(path)


@pytest.mark.parametrize(("stream", "source"), EXPECTED.items())
def test_a_stream_belongs_to_its_source(stream: str, source: str, everything: RunPlan) -> None:
    assert {item.stream: item.source for item in everything.inputs}[stream] == source


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_registry_of_a_shipped_scenario_is_what_its_simulation_draws(path: Path) -> None:
    plan = plan_of(path)
    streams = [item.stream for item in plan.inputs]
    assert {"baseline.shock", "drivers.shock"} <= set(streams)
    assert set(streams) == streams_drawn(plan)
    assert len(streams) == len(set(streams))


def test_the_registry_of_everything_that_can_be_stated_is_what_its_simulation_draws(
    everything: RunPlan,
) -> None:
    streams = {item.stream for item in everything.inputs}
    assert streams == streams_drawn(everything)
    heads = {stream.split(".")[0] for stream in streams}
    assert heads >= {"mixture", "programmes", "investments", "shocks", "drivers", "bridge", "running", "posterior"}
    assert {item.source for item in everything.inputs} == set(SOURCES)


@dataclass(frozen=True, slots=True)
class WithReach(Investment):
    """An investment with a key that the language does not have."""

    reach: Distribution | None = None


def test_a_key_added_in_one_place_is_in_every_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """That place is the field of the value class; sliders, which not all inputs have, are asked for by name."""
    monkeypatch.setitem(SLIDERS, "investments.reach", "reach")
    scenario, known = load_scenario(SCENARIOS / "lges-lansing.yaml"), vintage()
    plant = next(item for item in scenario.investments if item.kind != "pledge")
    stated = {entry.name: getattr(plant, entry.name) for entry in fields(plant)}
    extended = replace(scenario, investments=(WithReach(**stated, reach=Uniform(1.0, 3.0)),))
    before, after = (alone(compile_plan(item, learned(None), known)) for item in (scenario, extended))
    name = f"investments.{plant.id}.reach"

    one, other = (uncertain_inputs(item, known.trade.origin) for item in (scenario, extended))
    partner = next(item.name for item in one if not item.settled)
    root = parse_document(f"correlations: [{{between: [{name}, {partner}], rank: 0.5}}]", "t.yaml").root
    (problem,) = correlation_problems(root, one, ())
    assert name in problem.message
    assert not list(correlation_problems(root, other, ()))

    values = uncertain_values(after, Streams(0, 0, 500), 2030)[f"{plant.id}: reach"]
    assert 1.0 <= values.min() < np.median(values) < values.max() <= 3.0
    assert [item.start for item in sliders(extended, known.trade.origin) if item.name == name] == [pytest.approx(2.0)]
    assert shared_streams(before, after).alternative == (name,)
    analysis = SourceAnalysis(after, 0, 0)
    terms = analysis._streams_by_source()[analysis.sources.index("terms")]
    assert name in terms - {item.stream for item in before.inputs}
