"""Every form in which a number, a date or a localization path may be written, against its known answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import ScenarioError
from forecast.scenario.dates import date_text, position
from forecast.scenario.localization import Localization
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario
from forecast.stats.distributions import (
    Beta,
    Constant,
    Discrete,
    Distribution,
    Gamma,
    LogNormal,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
    Weibull,
)
from forecast.stats.specs import plain_distribution, read_distribution
from forecast.stats.truncation import Truncated
from forecast.storage.documents import parse_document, yaml_text

PLAN = """\
name: plan
investments:
  - id: A-1
    company: Steelmaker
    project: mill
    sector: steel
    kind: greenfield
    amount: 5.8
    announced: 2025-03
    production_start: 2029Q1
    slip: 2
    scale: 1
    probability: 0.9
"""


def yaml_value(text: str) -> Any:
    return parse_document(text, "text").root.plain()


def scenario_of(folder: Path, text: str) -> Scenario:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path)


def with_value(key: str, value: str) -> str:
    return re.sub(rf"^    {key}: .*$", f"    {key}: {value}", PLAN, flags=re.MULTILINE)


NUMBERS: tuple[tuple[str, Distribution, dict[float, float]], ...] = (
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
def test_every_form_of_a_number(
    tmp_path: Path, text: str, expected: Distribution, quantiles: dict[float, float]
) -> None:
    plan = scenario_of(tmp_path, with_value("slip", text))
    read = plan.investments[0].slip
    assert read is not None
    assert type(read) is type(expected)
    for level, value in quantiles.items():
        assert float(read.ppf(level)) == pytest.approx(value, abs=1e-9)
        assert float(expected.ppf(level)) == pytest.approx(value, abs=1e-9)
    assert scenario_of(tmp_path, dump_scenario(plan)) == plan


@pytest.mark.parametrize(
    ("key", "spec", "accepted"),
    [
        ("scale", "{distribution: normal, mean: 5.8, sd: 0.5}", True),
        ("scale", "{interval: [4, 8], level: 0.9}", True),
        ("scale", "{distribution: normal, mean: 4.2, sd: 1}", False),  # below 0 with probability 1.3e-5
        ("scale", "{distribution: normal, mean: 4.2, sd: 1, truncate: [0, null]}", True),
        ("probability", "{distribution: beta, alpha: 9, beta: 1}", True),
        ("probability", "{distribution: normal, mean: 0.5, sd: 0.1}", False),  # outside with probability 5.7e-7
        ("probability", "{distribution: normal, mean: 0.5, sd: 0.1, truncate: [0, 1]}", True),
        ("probability", "1", True),
        ("probability", "0", True),
    ],
)
def test_a_distribution_may_hardly_leave_its_range(tmp_path: Path, key: str, spec: str, accepted: bool) -> None:
    text = with_value(key, spec)
    if accepted:
        assert getattr(scenario_of(tmp_path, text).investments[0], key) == read_distribution(yaml_value(spec))
    else:
        with pytest.raises(ScenarioError, match="leaves the range with probability"):
            scenario_of(tmp_path, text)


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
    plan = scenario_of(tmp_path, with_value("production_start", text))
    read = plan.investments[0].production_start
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


POSITIVE = st.floats(1e-6, 1e6)
DISTRIBUTIONS: st.SearchStrategy[Distribution] = st.one_of(
    st.builds(Constant, POSITIVE),
    st.builds(Normal, st.floats(-1e6, 1e6), POSITIVE),
    st.builds(LogNormal, POSITIVE, st.floats(1e-3, 3)),
    st.builds(Gamma, st.floats(0.1, 10), POSITIVE),
    st.builds(Weibull, st.floats(0.1, 10), POSITIVE),
    st.builds(lambda low, width: Uniform(low, low + width), st.floats(-100, 100), st.floats(0.1, 100)),
    st.builds(lambda sd: Truncated(Normal(0.0, sd), -sd, 2 * sd), POSITIVE),
    st.builds(lambda values: Discrete(values, (1.0,) * len(values)), st.lists(POSITIVE, min_size=1).map(tuple)),
)


@given(DISTRIBUTIONS)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_distribution_comes_back_from_its_spec(expected: Distribution) -> None:
    assert read_distribution(yaml_value(yaml_text({"law": plain_distribution(expected)}))["law"]) == expected


def test_distribution_reads_plain_specs() -> None:
    spec = {"distribution": "discrete", "values": (1, 2), "weights": (1, 1)}
    assert read_distribution(spec) == Discrete((1.0, 2.0), (1.0, 1.0))
    assert read_distribution(5) == Constant(5.0)
    assert plain_distribution(Truncated(Normal(0.0, 1.0), low=0.0))["truncate"] == [0.0, None]
