"""Every random stream belongs to a source, and none that a scenario can draw from is left over."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from forecast.engine.compile import compile_run
from forecast.engine.resampling import SOURCES, source_of, stream_names
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.mixture import load_any

SCENARIOS = Path(__file__).parents[2] / "scenarios"
EVERYTHING = """
name: everything
title: One entry of every kind that draws
mixture:
  - scenario: memory-slump
    weight: {distribution: uniform, low: 0.2, high: 0.4}
  - label: inside
    weight: 1
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
"""
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
    "programmes.chips.realised": "happening",
    "programmes.chips.scale": "terms",
    "investments.X-1.amount": "terms",
    "investments.X-1.slip": "terms",
    "investments.X-1.production_end": "terms",
    "investments.X-1.phases.localization.production_start": "terms",
    "investments.X-1.displacement_rate": "coefficients",
    "sectors.steel.korean_share": "coefficients",
    "posterior.sectors": "coefficients",
    "investments.localization.amount": "terms",
    "investments.X-1.localization.local": "localization",
    "localization.sectors.autos.local": "localization",
    "localization.innovation": "localization",
    "posterior.localization": "localization",
    "tariffs.cars.happens": "levers",
    "tariffs.weight_of_2026": "levers",
    "import_commitments.gas.per_year": "levers",
    "import_commitments.additionality.lng": "levers",
    "shocks.slump.happens": "stated",
    "mixture.branch": "branch",
    "mixture.inside.weight": "branch",
    "something.new": "other",
}


@cache
def learned(day: str | None) -> Posterior:
    return load_posterior(as_of=day)


def names_of(path: Path) -> set[str]:
    world = load_any(path)
    return stream_names(compile_run(world, learned(world.as_of), vintage(world.as_of), prior=False))


@pytest.mark.parametrize(("stream", "source"), EXPECTED.items())
def test_a_stream_belongs_to_its_source(stream: str, source: str) -> None:
    assert source_of(stream) == source


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_streams_of_shipped_scenarios_are_not_left_over(path: Path) -> None:
    names = names_of(path)
    assert {"baseline.shock", "drivers.shock"} <= names
    assert {source_of(name) for name in names} <= set(SOURCES) - {"other"}


def test_streams_of_everything_that_can_be_stated_are_not_left_over(tmp_path: Path) -> None:
    path = tmp_path / "everything.yaml"
    path.write_text(EVERYTHING, encoding="utf-8")
    names = names_of(path)
    heads = {name.split(".")[0] for name in names}
    assert heads >= {"mixture", "programmes", "investments", "shocks", "drivers", "bridge", "running", "posterior"}
    found = {source_of(name): name for name in sorted(names)}
    assert "other" not in found, found["other"]
    assert {"branch", "stated", "happening", "terms", "coefficients", "localization", "drivers"} <= set(found)
