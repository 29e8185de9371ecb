"""What a scenario file says is what the `Scenario` holds, and it survives the way back to text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from forecast.scenario.json_schema import EditorSchema
from forecast.scenario.localization import Localization
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario, scenario_digest
from forecast.stats.distributions import Beta, Constant, LogNormal, Pert, Triangular, Uniform, Weibull

PLANS = """\
name: plans
title: Three plans   # a comment
description: Every kind, every form.
origin: 2026Q2
horizon: 2035
investments:
  - id: B-2
    company: Steelmaker
    project: mill
    sector: steel
    kind: greenfield
    amount: 5.8
    announced: 2025-03
    construction_start: {earliest: 2026Q3, latest: 2027Q1}
    production_start: 2029Q1
    part_of: A-1
    probability: 0.9
    slip: {distribution: weibull, shape: 0.8, scale: 3}
    scale: {distribution: lognormal, median: 1, sigma: 0.2}
    overrides: {korean_machinery_share: 0.1}
    localization: {path: hold}
    sources: ["https://example.org/mill"]
  - {id: A-1, company: Group, project: plan, sector: autos, kind: pledge, amount: 26, announced: 2025-08-25}
  - id: C-3
    company: Cell maker
    project: purchase of a plant
    sector: batteries
    kind: acquisition
    amount: {interval: [1.9, 2.3], level: 0.9, distribution: lognormal}
    new_capex: {distribution: pert, low: 0, mode: 0.5, high: 1}
    announced: 2025-04
localization:
  path: logistic
  local: {distribution: beta, alpha: 4, beta: 2}
  at: 2029-05
  speed: 4
  sectors:
    autos: {path: target, local: 0.8, by: 2030Q4}
overrides:
  sectors:
    batteries: {machinery_share: {distribution: triangular, low: 0.3, mode: 0.45, high: 0.5}}
sources: ["https://example.org"]
"""


def scenario_of(folder: Path, text: str, *overrides: str) -> Scenario:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path, overrides)


@pytest.fixture
def plans(tmp_path: Path) -> Scenario:
    return scenario_of(tmp_path, PLANS)


def test_a_name_is_enough(tmp_path: Path) -> None:
    assert scenario_of(tmp_path, "name: least") == Scenario(
        name="least",
        title="least",
        description="",
        origin=None,
        as_of=None,
        horizon=2035,
        basis="korea_customs",
        investments=(),
        localization=Localization("fitted"),
        sector_localization={},
        sector_coefficients={},
        sources=(),
    )


def test_investments_hold_what_the_file_says(plans: Scenario) -> None:
    pledge, mill, purchase = plans.investments
    assert [pledge.id, mill.id, purchase.id] == ["A-1", "B-2", "C-3"]
    assert mill.amount == Constant(5.8)
    assert mill.announced == pytest.approx(8100 + 2 / 3)
    assert mill.construction_start == Uniform(8106.0, 8108.0)
    assert mill.production_start == Constant(8116.0)
    assert (mill.part_of, mill.probability, mill.new_capex) == ("A-1", Constant(0.9), Constant(0.0))
    assert (mill.slip, mill.scale) == (Weibull(0.8, 3.0), LogNormal(1.0, 0.2))
    assert mill.coefficients == {"korean_machinery_share": Constant(0.1)}
    assert mill.localization == Localization("hold")
    assert (pledge.probability, pledge.slip, pledge.scale, pledge.localization) == (None,) * 4
    assert purchase.new_capex == Pert(0.0, 0.5, 1.0)


def test_the_rest_holds_what_the_file_says(plans: Scenario) -> None:
    assert plans.origin == 8105
    assert plans.localization == Localization("logistic", Beta(4.0, 2.0), at=8117 + 1 / 3, speed=Constant(4.0))
    assert plans.sector_localization == {"autos": Localization("target", Constant(0.8), by=8123.0)}
    assert plans.sector_coefficients == {"batteries": {"machinery_share": Triangular(0.3, 0.45, 0.5)}}


def test_yaml_is_version_1_2(tmp_path: Path) -> None:
    plan = scenario_of(tmp_path, "name: no\ntitle: NO\ndescription: 1_000")
    assert (plan.name, plan.title, plan.description) == ("no", "NO", "1_000")


def test_small_aliases_are_kept(tmp_path: Path) -> None:
    text = "name: alias\noverrides: {sectors: {autos: &shares {machinery_share: 0.3}, steel: *shares}}"
    coefficients = scenario_of(tmp_path, text).sector_coefficients
    assert coefficients["autos"] == coefficients["steel"] == {"machinery_share": Constant(0.3)}


def test_dump_loads_to_an_equal_scenario(tmp_path: Path, plans: Scenario) -> None:
    assert scenario_of(tmp_path, dump_scenario(plans)) == plans


def test_a_sector_of_which_nothing_is_said_is_none(tmp_path: Path) -> None:
    stated = scenario_of(tmp_path, "name: a\noverrides: {sectors: {autos: {}, steel: {machinery_share: 0.3}}}")
    assert [*stated.sector_coefficients] == ["steel"]
    assert scenario_of(tmp_path, dump_scenario(stated)) == stated
    nothing = scenario_of(tmp_path, "name: a\noverrides: {sectors: {autos: {}}}")
    assert nothing == scenario_of(tmp_path, "name: a")
    assert scenario_digest(nothing) == scenario_digest(scenario_of(tmp_path, dump_scenario(nothing)))


PRINTABLE = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufeff")
TEXTS = st.text(PRINTABLE, min_size=1, max_size=60)
PROSE = st.text(PRINTABLE | st.sampled_from("\t\n \x85\u2028"), max_size=400)


@pytest.mark.slow
@given(title=TEXTS, description=PROSE, source=TEXTS)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_any_text_survives_the_way_back(
    tmp_path_factory: pytest.TempPathFactory, title: str, description: str, source: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    plain = scenario_of(folder, "name: texts")
    told = replace(plain, title=title, description=description, sources=(source,))
    assert scenario_of(folder, dump_scenario(told)) == told


SAME = {
    "comment": ("   # a comment", ""),
    "key order": ("    sector: steel\n    kind: greenfield\n", "    kind: greenfield\n    sector: steel\n"),
    "number format": ("amount: 26", "amount: 26.0"),
    "date format": ("production_start: 2029Q1", "production_start: 2029-01-01"),
    "title": ("title: Three plans", "title: Others"),
    "description": ("Every kind, every form.", "Other words."),
    "sources": ('sources: ["https://example.org"]', "sources: []"),
    "source of an investment": ('sources: ["https://example.org/mill"]', "sources: []"),
    "default written out": ("horizon: 2035", "horizon: 2035\nbasis: korea_customs"),
    "null": ("horizon: 2035", "horizon: 2035\nas_of: null"),
}
OTHER = {
    "name": ("name: plans", "name: plots"),
    "origin": ("origin: 2026Q2", "as_of: 2026-11-01"),
    "horizon": ("horizon: 2035", "horizon: 2036"),
    "basis": ("horizon: 2035", "horizon: 2035\nbasis: us_census"),
    "id": ("id: B-2", "id: B-3"),
    "sector": ("sector: steel", "sector: solar"),
    "kind": ("kind: greenfield", "kind: expansion"),
    "amount": ("amount: 5.8", "amount: 5.8000001"),
    "announced": ("announced: 2025-03", "announced: 2025-02"),
    "construction": ("latest: 2027Q1", "latest: 2027Q2"),
    "production": ("production_start: 2029Q1", "production_start: 2029Q2"),
    "membership": ("amount: 26,", "amount: 27,"),
    "probability": ("probability: 0.9", "probability: 0.91"),
    "probability left out": ("    probability: 0.9\n", ""),
    "slip": ("shape: 0.8", "shape: 0.7"),
    "scale": ("sigma: 0.2", "sigma: 0.3"),
    "override": ("korean_machinery_share: 0.1", "korean_machinery_share: 0.2"),
    "path of an investment": ("{path: hold}", "{path: fitted}"),
    "new capex": ("mode: 0.5", "mode: 0.6"),
    "level": ("level: 0.9", "level: 0.8"),
    "path": ("at: 2029-05", "at: 2029-06"),
    "speed": ("speed: 4", "speed: 5"),
    "sector path": ("by: 2030Q4", "by: 2030Q3"),
    "sector coefficient": ("mode: 0.45", "mode: 0.46"),
}


@pytest.mark.parametrize("change", SAME)
def test_digest_ignores(tmp_path: Path, plans: Scenario, change: str) -> None:
    assert SAME[change][0] in PLANS
    changed = scenario_of(tmp_path, PLANS.replace(*SAME[change]))
    assert scenario_digest(changed) == scenario_digest(plans)


@pytest.mark.parametrize("change", OTHER)
def test_digest_notices(tmp_path: Path, plans: Scenario, change: str) -> None:
    assert OTHER[change][0] in PLANS
    changed = scenario_of(tmp_path, PLANS.replace(*OTHER[change]))
    assert scenario_digest(changed) != scenario_digest(plans)


def test_the_schema_documents_every_field() -> None:
    definitions = TypeAdapter(Scenario).json_schema(schema_generator=EditorSchema)["$defs"]
    bodies = {model: body for model, body in definitions.items() if "properties" in body}
    fields = [(model, name, field) for model, body in bodies.items() for name, field in body["properties"].items()]
    assert len(fields) > 50
    assert not [(model, name) for model, name, field in fields if not field.get("description")]
    assert not [model for model, body in bodies.items() if not body.get("description")]


def test_digest_is_the_same_on_every_machine(plans: Scenario) -> None:
    digest = scenario_digest(plans)
    assert len(digest) == 64
    assert digest == scenario_digest(plans)
