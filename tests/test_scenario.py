"""What a scenario file says is what the `Scenario` holds, and it survives the way back to text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.dates import date_text, position
from forecast.distributions import (
    Beta,
    Constant,
    Discrete,
    Gamma,
    Law,
    LogNormal,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Truncated,
    Uniform,
    Weibull,
)
from forecast.laws import law, plain_law
from forecast.scenario import Localization, Scenario, dump_scenario, load_scenario, scenario_digest

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


NUMBERS: tuple[tuple[str, Law, dict[float, float]], ...] = (
    ("5.8", Constant(5.8), {0.01: 5.8, 0.99: 5.8}),
    ("7", Constant(7.0), {0.5: 7.0}),
    ("1.5e1", Constant(15.0), {0.5: 15.0}),
    ("{distribution: normal, mean: 5.8, sd: 0.5}", Normal(5.8, 0.5), {0.5: 5.8, 0.8413447460685429: 6.3}),
    ("{distribution: lognormal, median: 2, sigma: 1}", LogNormal(2.0, 1.0), {0.5: 2.0, 0.8413447460685429: 2 * np.e}),
    ("{distribution: student_t, location: 1, scale: 2, df: 1}", StudentT(1.0, 2.0, 1.0), {0.5: 1.0, 0.75: 3.0}),
    ("{distribution: beta, alpha: 1, beta: 1}", Beta(1.0, 1.0), {0.2: 0.2}),
    ("{distribution: gamma, shape: 1, scale: 2}", Gamma(1.0, 2.0), {0.5: 2 * np.log(2)}),
    ("{distribution: weibull, shape: 1, scale: 2}", Weibull(1.0, 2.0), {0.5: 2 * np.log(2)}),
    ("{distribution: uniform, low: 1, high: 3}", Uniform(1.0, 3.0), {0.25: 1.5}),
    ("{distribution: triangular, low: 0, mode: 1, high: 2}", Triangular(0.0, 1.0, 2.0), {0.5: 1.0, 0.125: 0.5}),
    ("{distribution: pert, low: 0, mode: 1, high: 2}", Pert(0.0, 1.0, 2.0), {0.5: 1.0}),
    ("{distribution: discrete, values: [1, 5], weights: [3, 1]}", Discrete((1.0, 5.0), (3.0, 1.0)), {0.7: 1, 0.8: 5}),
    ("{interval: [4, 8], level: 0.9}", Normal(6.0, 1.2159136638235384), {0.05: 4.0, 0.5: 6.0, 0.95: 8.0}),
    (
        "{interval: [4, 9], level: 0.8, distribution: lognormal}",
        LogNormal(6.0, np.log(9 / 4) / (2 * 1.2815515655446004)),
        {0.1: 4.0, 0.5: 6.0, 0.9: 9.0},
    ),
    (
        "{distribution: normal, mean: 0, sd: 1, truncate: [0, null]}",
        Truncated(Normal(0.0, 1.0), 0.0),
        {1e-12: 0.0, 0.5: 0.6744897501960817},
    ),
    (
        "{interval: [4, 8], level: 0.9, truncate: [null, 6]}",
        Truncated(Normal(6.0, 1.2159136638235384), -np.inf, 6.0),
        {1 - 1e-12: 6.0, 0.1: 4.0},
    ),
)


@pytest.mark.parametrize(("text", "expected", "quantiles"), NUMBERS, ids=[text for text, _, _ in NUMBERS])
def test_every_form_of_a_number(tmp_path: Path, text: str, expected: Law, quantiles: dict[float, float]) -> None:
    slip = f"slip: {text}"
    plan = scenario_of(tmp_path, PLANS.replace("slip: {distribution: weibull, shape: 0.8, scale: 3}", slip))
    read = plan.investments[1].slip
    assert read is not None
    assert type(read) is type(expected)
    for level, value in quantiles.items():
        assert float(read.ppf(level)) == pytest.approx(value, abs=1e-9)
        assert float(expected.ppf(level)) == pytest.approx(value, abs=1e-9)
    assert scenario_of(tmp_path, dump_scenario(plan)) == plan


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2029Q1", 8116.0),
        ("2029", 8116.0),
        ("2029-H1", 8116.0),
        ("2029-H2", 8118.0),
        ("2029-03", 8116 + 2 / 3),
        ("2029-03-15", 8116 + (2 + 14 / 31) / 3),
        ('"2029-03-15"', 8116 + (2 + 14 / 31) / 3),
        ("2028-02-29", 8112 + (1 + 28 / 31) / 3),
    ],
)
def test_every_form_of_a_date(tmp_path: Path, text: str, date: float) -> None:
    plan = scenario_of(tmp_path, PLANS.replace("production_start: 2029Q1", f"production_start: {text}"))
    read = plan.investments[1].production_start
    assert isinstance(read, Constant)
    assert read.value == pytest.approx(date, abs=1e-9)
    assert scenario_of(tmp_path, dump_scenario(plan)) == plan


@given(year=st.integers(1950, 2100), month=st.integers(1, 12), day=st.integers(1, 28))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_dates_come_back_from_their_position(year: int, month: int, day: int) -> None:
    date = position(f"{year}-{month:02d}-{day:02d}")
    assert position(date_text(date)) == date


LOCALIZATIONS = (
    ("{path: fitted}", Localization("fitted")),
    ("{path: hold}", Localization("hold")),
    ("{path: target, local: 0.8, by: 2030Q4}", Localization("target", Constant(0.8), by=8123.0)),
    (
        "{path: logistic, local: {distribution: uniform, low: 0.5, high: 0.7}, at: 2029, speed: 4}",
        Localization("logistic", Uniform(0.5, 0.7), at=8116.0, speed=Constant(4.0)),
    ),
    ("{path: step, local: 0.6, at: 2028-H2}", Localization("step", Constant(0.6), at=8114.0)),
    (
        "{path: fixed, shares: {third_country: 0.1, korea: 0.2, local: 0.7}}",
        Localization("fixed", shares=(Constant(0.2), Constant(0.7), Constant(0.1))),
    ),
)


@pytest.mark.parametrize(("text", "expected"), LOCALIZATIONS)
def test_every_form_of_localization(tmp_path: Path, text: str, expected: Localization) -> None:
    everywhere = text.replace("{path", f"{{sectors: {{solar: {text}}}, path", 1)
    plan = scenario_of(tmp_path, f"name: paths\nlocalization: {everywhere}")
    assert plan.localization == expected
    assert plan.sector_localization == {"solar": expected}
    assert scenario_of(tmp_path, dump_scenario(plan)) == plan


def test_yaml_is_version_1_2(tmp_path: Path) -> None:
    plan = scenario_of(tmp_path, "name: no\ntitle: NO\ndescription: 1_000")
    assert (plan.name, plan.title, plan.description) == ("no", "NO", "1_000")


def test_small_aliases_are_kept(tmp_path: Path) -> None:
    text = "name: alias\noverrides: {sectors: {autos: &shares {machinery_share: 0.3}, steel: *shares}}"
    coefficients = scenario_of(tmp_path, text).sector_coefficients
    assert coefficients["autos"] == coefficients["steel"] == {"machinery_share": Constant(0.3)}


def test_dump_loads_to_an_equal_scenario(tmp_path: Path, plans: Scenario) -> None:
    assert scenario_of(tmp_path, dump_scenario(plans)) == plans


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), min_size=1, max_size=60
)


@given(title=TEXTS, description=TEXTS, source=TEXTS)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_any_text_survives_the_way_back(
    tmp_path_factory: pytest.TempPathFactory, title: str, description: str, source: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    plain = scenario_of(folder, "name: texts")
    told = replace(plain, title=title, description=description, sources=(source,))
    assert scenario_of(folder, dump_scenario(told)) == told


POSITIVE = st.floats(1e-6, 1e6)
LAWS: st.SearchStrategy[Law] = st.one_of(
    st.builds(Constant, POSITIVE),
    st.builds(Normal, st.floats(-1e6, 1e6), POSITIVE),
    st.builds(LogNormal, POSITIVE, st.floats(1e-3, 3)),
    st.builds(Gamma, st.floats(0.1, 10), POSITIVE),
    st.builds(Weibull, st.floats(0.1, 10), POSITIVE),
    st.builds(lambda low, width: Uniform(low, low + width), st.floats(-100, 100), st.floats(0.1, 100)),
    st.builds(lambda sd: Truncated(Normal(0.0, sd), -sd, 2 * sd), POSITIVE),
    st.builds(lambda values: Discrete(values, (1.0,) * len(values)), st.lists(POSITIVE, min_size=1).map(tuple)),
)


@given(LAWS)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_law_comes_back_from_its_spec(tmp_path_factory: pytest.TempPathFactory, expected: Law) -> None:
    folder = tmp_path_factory.getbasetemp()
    plan = scenario_of(folder, PLANS)
    mill = replace(plan.investments[1], slip=expected)
    changed = replace(plan, investments=(plan.investments[0], mill, plan.investments[2]))
    assert scenario_of(folder, dump_scenario(changed)) == changed


def test_law_reads_plain_specs() -> None:
    spec = {"distribution": "discrete", "values": (1, 2), "weights": (1, 1)}
    assert law(spec) == Discrete((1.0, 2.0), (1.0, 1.0))
    assert law(5) == Constant(5.0)
    assert plain_law(Truncated(Normal(0.0, 1.0), low=0.0))["truncate"] == [0.0, None]


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
    "origin": ("origin: 2026Q2", "origin: 2026Q1"),
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


def test_digest_is_the_same_on_every_machine(plans: Scenario) -> None:
    digest = scenario_digest(plans)
    assert len(digest) == 64
    assert digest == scenario_digest(plans)
