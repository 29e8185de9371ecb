"""Distributions from statements: stated quantiles are hit exactly, known ones come back, what is shown is meant."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from forecast.cli import cli
from forecast.errors import ScenarioError
from forecast.scenario.inputs import distribution_in_file, distribution_of_text
from forecast.scenario.json_schema import scenario_schema
from forecast.scenario.mixture import stated_distribution
from forecast.scenario.scenario import load_scenario
from forecast.stats.density import density, inner_edges
from forecast.stats.distributions import (
    NAMED,
    Beta,
    Constant,
    Discrete,
    Distribution,
    Normal,
    Pert,
    Uniform,
)
from forecast.stats.elicited import Mixture, Quantiles, pert_percentiles
from forecast.stats.specs import NUMBER_FORMS, Share, plain_distribution, read_distribution
from forecast.stats.truncation import Truncated
from forecast.storage.documents import parse_document, yaml_text

U = np.linspace(0.001, 0.999, 999)
FOLDER = Path(__file__).parents[2] / "scenarios"


def again(value: Distribution) -> Distribution:
    return read_distribution(parse_document(yaml_text({"x": plain_distribution(value)}), "t").root.fields["x"].plain())


@st.composite
def quantile_distributions(draw: st.DrawFn) -> Quantiles:
    n = draw(st.integers(2, 6))
    levels = sorted(draw(st.lists(st.floats(0.001, 0.999), min_size=n, max_size=n, unique_by=lambda x: round(x, 3))))
    steps = draw(st.lists(st.floats(0.01, 100), min_size=n, max_size=n))
    values = (np.cumsum(steps) - 50).tolist()
    low = values[0] - draw(st.floats(0.1, 50)) if draw(st.booleans()) else -np.inf
    high = values[-1] + draw(st.floats(0.1, 50)) if draw(st.booleans()) else np.inf
    return Quantiles(tuple(levels), tuple(values), low, high)


@given(quantile_distributions())
@settings(max_examples=60, derandomize=True, deadline=None)
def test_stated_quantiles_are_hit_exactly_by_a_rising_distribution_within_its_ends(stated: Quantiles) -> None:
    assert stated.ppf(stated.levels).tolist() == list(stated.values)
    u = np.sort(np.concatenate([U, stated.levels, [1e-9, 1 - 1e-9]]))
    x = stated.ppf(u)
    assert (np.diff(x) >= 0).all()
    assert stated.low <= x[0] < x[-1] <= stated.high
    np.testing.assert_allclose(stated.ppf(stated.cdf(x[1:-1])), x[1:-1], rtol=1e-9, atol=1e-9)
    assert again(stated) == stated


@pytest.mark.parametrize("levels", [(0.1, 0.9), (0.05, 0.5, 0.95), (0.01, 0.2, 0.3, 0.8, 0.99)])
def test_quantiles_of_a_normal_distribution_give_that_distribution(levels: tuple[float, ...]) -> None:
    normal = Normal(2.0, 3.0)
    found = Quantiles(levels, tuple(normal.ppf(levels).tolist()))
    np.testing.assert_allclose(found.ppf(U), normal.ppf(U), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.cdf(normal.ppf(U)), U, rtol=1e-12)


def test_a_tail_to_a_stated_end_leaves_the_quantile_with_the_slope_of_the_distribution() -> None:
    found = Quantiles((0.1, 0.5, 0.9), (1.0, 2.0, 4.0), 0.0, 10.0)
    assert found.ppf([0.0, 1.0]).tolist() == [0.0, 10.0]
    assert found.cdf([-1.0, 0.0, 10.0, 11.0]).tolist() == [0.0, 0.0, 1.0, 1.0]
    for level in (0.1, 0.9):
        slopes = np.diff(found.ppf([level - 1e-6, level, level + 1e-6]))
        assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)


@given(
    st.floats(-10, 10), st.floats(0.1, 10), st.floats(0.1, 10), st.sampled_from([(0.1, 0.9), (0.05, 0.75), (0.01, 0.6)])
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_pert_distribution_has_the_stated_percentiles_and_mode(
    mode: float, below: float, above: float, levels: tuple[float, float]
) -> None:
    found = pert_percentiles((mode - below, levels[0]), mode, (mode + above, levels[1]))
    assert found.mode == mode
    np.testing.assert_allclose(found.ppf(levels), [mode - below, mode + above], atol=1e-8)


def test_percentiles_of_a_pert_distribution_give_that_distribution() -> None:
    known = Pert(1.0, 2.0, 5.0)
    low, high = known.ppf([0.1, 0.9]).tolist()
    found = read_distribution({"pert": {"p10": low, "mode": 2.0, "p90": high}})
    assert isinstance(found, Pert)
    assert (found.low, found.high) == (pytest.approx(1.0, abs=1e-9), pytest.approx(5.0, abs=1e-9))


def test_a_mixture_of_two_normal_distributions_has_its_closed_form() -> None:
    found = Mixture((3.0, 1.0), (Normal(0.0, 1.0), Normal(4.0, 2.0)))
    x = np.linspace(-3, 9, 50)
    expected = 0.75 * stats.norm.cdf(x) + 0.25 * stats.norm.cdf(x, 4, 2)
    np.testing.assert_allclose(found.cdf(x), expected, rtol=1e-12)
    np.testing.assert_allclose(found.ppf(expected), x, atol=1e-9)
    draws = found.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert draws.mean() == pytest.approx(1.0, abs=1e-3)


def test_a_mixture_with_a_point_draws_the_point_itself() -> None:
    found = Mixture((0.3, 0.7), (Constant(0.0), Uniform(1.0, 2.0)))
    assert found.ppf([0.1, 0.299, 0.301, 0.65]) == pytest.approx([0.0, 0.0, 1.001 / 0.7 - 3 / 7, 1.5], abs=1e-2)
    assert (np.abs(found.ppf([0.0, 0.1, 0.29])) < 1e-15).all()
    assert found.ppf([0.0, 1.0]).tolist() == [0.0, 2.0]


def test_a_mixture_of_points_is_a_discrete_distribution() -> None:
    found, known = Mixture((1.0, 3.0), (Constant(5.0), Constant(1.0))), Discrete((1.0, 5.0), (3.0, 1.0))
    assert np.array_equal(found.ppf(U), known.ppf(U))


def test_a_distribution_without_weight_never_holds() -> None:
    assert np.array_equal(Mixture((0.0, 2.0), (Constant(9.0), Uniform(0, 1))).ppf(U[1:-1]) < 1, np.ones(997, bool))


def test_the_largest_value_that_is_accepted() -> None:
    assert Quantiles((0.1, 0.9), (-1e100, 1e100)).ppf(0.9) == pytest.approx(1e100)
    with pytest.raises(ValueError, match=r"got a value of 1\.001e\+100, expected none beyond 1e\+100"):
        Quantiles((0.1, 0.9), (-1.001e100, 1.0))


def test_the_ends_of_a_mixture_are_those_of_all_that_can_hold() -> None:
    """However small the chance of a component is, and though the probability of the others rounds to one."""
    found = Mixture((1e-18, 1.0, 1e-18, 0.0), (Constant(-9.0), Uniform(0, 1), Constant(9.0), Constant(99.0)))
    assert found.ppf([0.0, 1.0]).tolist() == [-9.0, 9.0]
    assert found.isf([1.0, 0.0]).tolist() == [-9.0, 9.0]


def test_a_value_with_a_probability_of_its_own_inside_another_distribution_is_hit_exactly() -> None:
    """Between the levels cdf(0) - 0.3 and cdf(0) of 0.7 normal + 0.3 at zero the quantile is zero, to the bit."""
    found, below = Mixture((0.7, 0.3), (Normal(1.0, 1.0), Constant(0.0))), 0.7 * float(Normal(1.0, 1.0).cdf(0.0))
    levels = np.linspace(0.001, 0.999, 997)
    inside = (levels > below) & (levels <= below + 0.3)
    assert np.array_equal(found.ppf(levels) == 0.0, inside)
    nested = Mixture((1.0, 1.0), (Normal(1.0, 1.0), Mixture((1.0, 1.0), (Constant(3.0), Uniform(0.0, 1.0)))))
    assert np.mean(nested.ppf(levels) == 3.0) == pytest.approx(0.25, abs=1 / 997)


FORMS: tuple[tuple[str, Distribution], ...] = (
    ("{quantiles: {0.05: 1, 0.95: 4, 0.5: 2}, low: 0}", Quantiles((0.05, 0.5, 0.95), (1.0, 2.0, 4.0), 0.0)),
    ("{mixture: [{weight: 1, law: 3}, {weight: 3, law: {distribution: uniform, low: 0, high: 1}}]}",
     Mixture((1.0, 3.0), (Constant(3.0), Uniform(0.0, 1.0)))),
    ("{pool: [{expert: Kim, law: 3}, {expert: Lee, weight: 2, law: {mixture: [{weight: 1, law: 4}]}}]}",
     Mixture((1.0, 2.0), (Constant(3.0), Mixture((1.0,), (Constant(4.0),))), ("Kim", "Lee"))),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_every_form_is_read_and_comes_back(text: str, expected: Distribution) -> None:
    assert distribution_of_text(text) == expected
    assert again(expected) == expected


def test_a_key_is_read_straight_into_a_distribution_and_a_distribution_stands_for_itself() -> None:
    share = TypeAdapter(Share)
    read = share.validate_python({"distribution": "beta", "alpha": 9, "beta": 1, "truncate": (0.5, None)})
    assert read == Truncated(Beta(9.0, 1.0), low=0.5)
    assert read_distribution(read) is read
    assert share.validate_python(read) is read
    with pytest.raises(ValidationError, match="leaves the range"):
        share.validate_python(Normal(0.5, 0.1))


@pytest.mark.parametrize("name", NAMED)
def test_the_keys_of_a_named_distribution_are_its_fields(name: str) -> None:
    keys = NUMBER_FORMS[name].keys().keys()
    assert [*keys] == ["truncate", "distribution", *(field.name for field in fields(NAMED[name]))]


REFUSED: tuple[tuple[str, str], ...] = (
    ("{quantiles: {0.5: 2}}", "got 1 quantiles, expected at least two"),
    ("{quantiles: {5%: 1, 0.5: 2}}", 'got text "5%" as a level, expected a number between 0 and 1; write 0.05'),
    ("{quantiles: {5: 1, 0.5: 2}}", "got the level 5, expected a number between 0 and 1"),
    ("{quantiles: {0: 1, 0.5: 2}}", "got the level 0, expected a number between 0 and 1; low and high state ends"),
    ("{quantiles: {0.5: 1, 1: 2}}", "got the level 1, expected a number between 0 and 1; low and high state ends"),
    ("{quantiles: {0.05: 3, 0.5: 2}}", "got 3 at 0.05 and 2 at 0.5, expected values that rise with levels"),
    ("{quantiles: {0.05: 1, 0.050: 2}}", "got the level 0.05 twice"),
    ("{quantiles: {0.05: 1, 0.5: 2}, low: 1}", "got low 1, expected less than the first value 1"),
    ("{quantiles: {0.05: 1, 0.5: 2}, truncate: [0, 3]}", "expected low and high in its place"),
    (
        "{pert: {p10: 1, mode: 2, p90: 4}, truncate: [0, 3]}",
        "would move the stated percentiles, expected the distribution without",
    ),
    ("{interval: [0, 4], level: 0.9, distribution: lognormal}", "got an interval from 0.0, expected one above 0"),
    ("{quantiles: [1, 2]}", "got a list of 2, expected a mapping from levels between 0 and 1 to values"),
    ("{quantiles: {0.1: a, 0.5: 3}}", 'quantiles.0.1: got text "a", expected a plain number'),
    ("{pert: {p10: 3, mode: 2, p90: 4}}", "got p10 3.0, mode 2.0 and p90 4.0, expected them to rise"),
    ("{pert: {p10: 3, mode: 4}}", "expected mode and two percentiles such as p10 and p90"),
    ("{pert: {q10: 3, mode: 4, p90: 5}}", 'got text "q10", expected mode or a percentile such as p10'),
    (
        "{pert: {p0: 3, mode: 4, p90: 5}}",
        'got text "p0", expected mode or a percentile such as p10, above p0 and below',
    ),
    ("{pert: {p10: 3, mode: 4, p100: 5}}", 'got text "p100", expected mode or a percentile such as p10'),
    ("{mixture: []}", "got no components, expected at least one"),
    ("{mixture: [{weight: -1, law: 1}]}", "weight: got -1, expected"),
    ("{mixture: [{weight: 1}]}", "mixture[0].law: missing key"),
    ("{pool: [{expert: K, law: 1}, {expert: K, law: 2}]}", "got the expert K twice, expected every expert once"),
    ("{pool: [{expert: K, law: {distribution: norml}}]}", "pool[0].law.distribution: got text"),
    ("{mean: 3}", "or one of interval, quantiles, pert, mixture, pool"),
    ("abc", "expected a number, a date such as 2029Q1, or a distribution such as {interval: [4, 8], level: 0.9}"),
    (".nan", "expected a number, a date"),
)


def test_truncate_is_offered_where_it_is_accepted_alone() -> None:
    forms = scenario_schema()["definitions"]
    offered = {name for name, form in forms.items() if "truncate" in form.get("properties", {})}
    assert {"StatedQuantiles", "Percentiles"} <= forms.keys() - offered
    assert {"Normal", "Interval", "MixtureForm", "PoolForm"} <= offered


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_cannot_be_is_refused_with_what_is_accepted(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        distribution_of_text(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("the text:1:")


def test_a_form_replaces_the_distribution_of_a_lower_layer_whole() -> None:
    changed = FOLDER / "hyundai.yaml"
    path = "investments.HMG-01-vehicles.overrides.output_per_capex"
    assert distribution_in_file(changed, path) == read_distribution(
        {"distribution": "triangular", "low": 0.6, "mode": 0.8, "high": 1.7}
    )  # the file's own
    read = load_scenario(changed, [f"{path}={{quantiles: {{0.1: 0.6, 0.9: 1.5}}, low: 0}}"])
    vehicles = next(item for item in read.investments if item.id == "HMG-01-vehicles")
    assert vehicles.coefficients["output_per_capex"] == Quantiles((0.1, 0.9), (0.6, 1.5), 0.0)


def test_a_distribution_that_leaves_its_range_is_told_how_to_stay() -> None:
    with pytest.raises(ScenarioError, match=r"leaves the range with probability 0\.\d+ \(low and high keep it in\)"):
        load_scenario(FOLDER / "hyundai.yaml", ["investments.HMG-06.amount={quantiles: {0.1: 1, 0.9: 9}}"])


def test_shares_of_a_density_add_up_to_the_inner_99_percent() -> None:
    for value in (Normal(2.0, 3.0), Mixture((1.0, 1.0), (Uniform(0, 1), Normal(5, 1)))):
        assert density(value, inner_edges(value, 60)).shares.sum() == pytest.approx(0.99, abs=1e-6)
    assert density(Constant(5.0), inner_edges(Constant(5.0), 60)).shares.sum() == 1.0


def shown(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["elicit", *arguments])


def test_the_command_shows_density_quantiles_and_experts_and_draws_them(tmp_path: Path) -> None:
    pool = "{pool: [{expert: Kim, law: {pert: {p10: 1, mode: 2, p90: 5}}}, {expert: Lee, weight: 2, law: 4}]}"
    done = shown(pool, "--picture", str(tmp_path / "distribution.png"))
    assert done.exit_code == 0, done.output
    assert re.search(r"[▁▂▃▄▅▆▇█]{10}", done.output)
    assert re.search(r"Kim, 33 % .* 1  .* 5 ", done.output)
    assert (tmp_path / "distribution.png").read_bytes()[:4] == b"\x89PNG"


def test_the_command_finds_a_number_in_a_file() -> None:
    done = shown(str(FOLDER / "hyundai.yaml"), "investments.HMG-06.amount")
    assert re.search(r"5\.8 +5\.8", done.output)
    for key, message in (("investments.HMG-06.amont", "did you mean"), ("investments.HMG-06.slip", "record of")):
        with pytest.raises(ScenarioError, match=message):
            distribution_in_file(FOLDER / "hyundai.yaml", key)
    assert "expected a key after it" in shown(str(FOLDER / "hyundai.yaml")).output


def test_the_command_answers_in_words_with_the_unit_and_takes_dates() -> None:
    said = " ".join(shown("{quantiles: {0.1: 2, 0.5: 3, 0.9: 6}, low: 0}").output.split())
    assert said.startswith("As likely below as above 3; in 8 cases of 10 between 2 and 6; in 1 of 20 below")
    assert shown("hyundai", "investments.HMG-06.amount").output.startswith("5.8 bn USD, without any spread.")
    window = " ".join(shown("{earliest: 2029Q1, latest: 2031Q1}").output.split())
    assert window.startswith("As likely before as after Jan 2030; in 8 cases of 10 between Mar 2029 and Oct 2030;")
    assert shown("hyundai", "investments.HMG-06.production_start").output.startswith("2029Q1, without any spread.")
    korean = " ".join(shown("{earliest: 2029Q1, latest: 2031Q1}", "--language", "ko").output.split())
    assert korean.startswith("2030년 1월보다 이를 확률과 늦을 확률이 같다.")


def test_the_forms_on_the_page_about_experts_are_distributions() -> None:
    page = FOLDER.parent / "docs" / "how-to" / "elicit.md"
    text = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    items = parse_document(text, page.name).root.items
    assert len(items) == 8
    for item in items:
        assert float(read_distribution(item.plain()).ppf(0.5)) >= 0


WON = """\
name: won
investments:
  - id: A
    company: A
    project: p
    sector: autos
    kind: greenfield
    amount: {krw_trillion: {interval: [4, 6], level: 0.9}}
    announced: 2025-04
    production_start: 2028Q1
"""


def test_an_amount_in_won_is_found_in_either_currency(tmp_path: Path) -> None:
    """1439.8 won per USD in April 2025: 5 trillion won are 3.473 bn USD."""
    file = tmp_path / "won.yaml"
    file.write_text(WON, encoding="utf-8")
    won, dollars = (distribution_in_file(file, f"investments.A.amount{key}") for key in (".krw_trillion", ""))
    assert won.ppf([0.05, 0.95]) == pytest.approx([4.0, 6.0])
    assert float(dollars.ppf(0.5)) == pytest.approx(3.473, abs=5e-4)
    assert dollars.ppf([0.05, 0.95]) == pytest.approx(won.ppf([0.05, 0.95]) * float(dollars.ppf(0.5)) / 5.0)


def test_an_amount_in_won_without_a_day_has_no_rate(tmp_path: Path) -> None:
    file = tmp_path / "won.yaml"
    file.write_text(WON.replace("announced: 2025-04", "announced: soon"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"won.yaml:9:16: investments.A.announced: got 'soon', expected a quarter"):
        distribution_in_file(file, "investments.A.amount")
    assert distribution_in_file(file, "investments.A.amount.krw_trillion").ppf(0.5) == pytest.approx(5.0)


def test_the_weight_of_a_branch_is_found() -> None:
    assert stated_distribution(FOLDER / "tariff-regimes.yaml", "mixture.deal-holds.weight") == Uniform(0.55, 0.85)
    assert shown("tariff-regimes", "mixture.deal-holds.weight").exit_code == 0
    with pytest.raises(
        ScenarioError, match=r"no such number in this mixture; did you mean mixture.deal-holds.weight\?"
    ):
        stated_distribution(FOLDER / "tariff-regimes.yaml", "mixture.deal-hold.weight")
