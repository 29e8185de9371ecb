"""Distributions by moments and by percentiles: right in value, and a way shown where a form does not take them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from forecast.cli import cli
from forecast.errors import ScenarioError
from forecast.scenario.inputs import distribution_of_text
from forecast.scenario.scenario import dump_scenario, load_scenario
from forecast.stats.density import spikes
from forecast.stats.distributions import Constant, LogNormal, Uniform
from forecast.stats.elicited import Mixture
from forecast.stats.specs import Dollars, Wons

FOLDER = Path(__file__).parents[2] / "scenarios"
MOMENTS = (
    ("lognormal", 3.0, 1.0),
    ("lognormal", 3.0, 30.0),
    ("gamma", 3.0, 1.0),
    ("gamma", 0.2, 0.5),
    ("beta", 0.3, 0.1),
    ("beta", 0.5, 0.45),
)
SHAPES = {
    "lognormal": lambda x: stats.lognorm(x.sigma, scale=x.median),
    "gamma": lambda x: stats.gamma(x.shape, scale=x.scale),
    "beta": lambda x: stats.beta(x.alpha, x.beta),
}


@pytest.mark.parametrize(("name", "mean", "sd"), MOMENTS)
def test_mean_and_sd_are_those_of_the_quantity(name: str, mean: float, sd: float) -> None:
    read = distribution_of_text(f"{{distribution: {name}, mean: {mean}, sd: {sd}}}")
    assert SHAPES[name](read).stats("mv") == pytest.approx((mean, sd * sd), rel=1e-9)


def test_mu_and_sigma_are_those_of_the_logarithm() -> None:
    read = distribution_of_text("{distribution: lognormal, mu: 1.1, sigma: 0.5}")
    assert isinstance(read, LogNormal)
    assert (read.median, read.sigma) == (pytest.approx(3.004166, abs=1e-6), 0.5)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("normal", stats.norm(5, 5 / stats.norm.ppf(0.9))),
        ("lognormal", stats.lognorm(0.6931471805599453 / stats.norm.ppf(0.9), scale=5)),
        ("uniform", stats.uniform(5 - 6.25, 12.5)),
    ],
)
def test_two_quantiles_give_the_named_distribution_that_has_them(name: str, reference: stats.rv_continuous) -> None:
    read = distribution_of_text(f"{{quantiles: {{0.9: 10, 0.5: 5}}, distribution: {name}}}")
    levels = [0.01, 0.05, 0.5, 0.9, 0.99]
    assert read.ppf(levels) == pytest.approx(reference.ppf(levels), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "through"),
    [("normal", stats.norm(3, 2)), ("lognormal", stats.lognorm(0.4, scale=3)), ("uniform", stats.uniform(1, 6))],
)
@pytest.mark.parametrize("levels", [(0.05, 0.3), (0.2, 0.9), (0.6, 0.95)])
def test_two_quantiles_anywhere_give_the_distribution_they_are_of(
    name: str, through: stats.rv_continuous, levels: tuple[float, float]
) -> None:
    low, high = through.ppf(levels)
    read = distribution_of_text(f"{{quantiles: {{{levels[0]}: {low}, {levels[1]}: {high}}}, distribution: {name}}}")
    assert read.ppf([0.01, 0.3, 0.5, 0.99]) == pytest.approx(through.ppf([0.01, 0.3, 0.5, 0.99]), rel=1e-9)


def test_a_scenario_takes_the_forms_and_gives_them_back(tmp_path: Path) -> None:
    stated = "investments.HMG-06.amount={distribution: lognormal, mean: 3, sd: 1}"
    plain = load_scenario(FOLDER / "hyundai.yaml", [stated])
    amount = next(item.amount for item in plain.investments if item.id == "HMG-06")
    assert isinstance(amount, LogNormal)
    assert (amount.median, amount.sigma) == pytest.approx((2.846050, 0.324593), abs=1e-6)
    file = tmp_path / "again.yaml"
    file.write_text(dump_scenario(plain), encoding="utf-8")
    assert load_scenario(file).investments == plain.investments


REFUSED = (
    ("{distribution: uniform, p10: 1, high: 2}", "of a uniform distribution, expected two of them at least"),
    ("{distribution: lognormal, mean: 3}", "sd: missing key"),
    ("{distribution: lognormal, median: 3, sigma: 1, mean: 4}", "mean: unknown key; accepted: distribution, median"),
    ("{distribution: lognormal, mean: -3, sd: 1}", "got mean -3, expected a number above 0"),
    ("{distribution: lognormal, mean: 1.0e+200, sd: 1}", "expected numbers of a like size"),
    ("{distribution: lognormal, mean: 1, sd: 1.0e+6}", "expected numbers of a like size"),
    ("{distribution: gamma, mean: 1.0e+6, sd: 1}", "expected numbers of a like size"),
    ("{distribution: lognormal, mu: 5800, sigma: 1}", "got mu 5800, expected the mean of the natural logarithm"),
    ("{distribution: gamma, mean: 3, sd: 0}", "got sd 0, expected a number above 0"),
    ("{distribution: beta, mean: 0.5, sd: 0.5}", "got sd 0.5, expected a number above 0 and below 0.5 for a mean"),
    ("{distribution: beta, mean: 0.5, sd: 1.0e-200}", "got numbers too large or too far apart"),
    ("{distribution: gamma, mean: 1.0e+300, sd: 1.0e+305}", "got numbers too large or too far apart"),
    ("{quantiles: {0.1: -1.0e+308, 0.9: 1.0e+308}}", "got a value of 1e+308, expected none beyond 1e+100"),
    ("{distribution: uniform, low: -1.0e+308, high: 1.0e+308}", "got numbers too large or too far apart"),
    ("{distribution: normal, mean: 1, sd: 1.0e+308}", "got numbers too large or too far apart"),
    ("{distribution: lognormal, median: 1, sigma: 1000}", "got numbers too large or too far apart"),
    ("{distribution: weibull, shape: 1.0e-5, scale: 1}", "got numbers too large or too far apart"),
    ("{distribution: student_t, location: 5, scale: 1, df: 0.001}", "got numbers too large or too far apart"),
    ("{distribution: discrete, values: [1.0e+308, -1.0e+308], weights: [1, 1]}", "got numbers too large or too far"),
    ("{mixture: [{weight: 1.0e+308, law: 1}, {weight: 1.0e+308, law: 2}]}", "with a finite sum"),
    ("{distribution: discrete, values: [1, 2], weights: [1.0e+308, 1.0e+308]}", "with a finite sum"),
    ("{interval: [1, 2], level: 0.9999999999999999}", "got level 0.9999999999999999, expected a number between"),
    ("{quantiles: {10: 1, 50: 2, 90: 3}}", "got the level 10, expected a number between 0 and 1; write 0.1 for 10 %"),
    ("{distribution: beta, mean: 0, sd: 0.1}", "got mean 0, expected a number above 0 and below 1"),
    ("{distribution: beta, mean: 1, sd: 0.1}", "got mean 1, expected a number above 0 and below 1"),
    ("{distribution: beta, mean: 50, sd: 5}", "got mean 50, expected a number above 0 and below 1"),
    ("{quantiles: {0.1: 1, 0.5: 2, 0.9: 5}, distribution: lognormal}", "got 3 quantiles of a lognormal distribution"),
    ("{quantiles: {0.1: -1, 0.9: 5}, distribution: lognormal}", "got -1 at 0.1, expected a value above 0"),
    ("{quantiles: {0.1: 1, 0.9: 5}, distribution: normal, low: 0}", "got an end of a normal distribution"),
    ("{distribution: triangular, p10: 1, mode: 2, p90: 5}",
     "write {pert: {p10: 1, mode: 2, p90: 5}} for a PERT distribution, or {quantiles: {0.1: 1, 0.9: 5}}"),
    ("{distribution: pert, p5: 1, mode: 2, p95: 5}", "write {pert: {p5: 1, mode: 2, p95: 5}}"),
    ("{distribution: uniform, p10: 1, p90: 5}", "write {quantiles: {0.1: 1, 0.9: 5}, distribution: uniform}"),
    ("{distribution: lognormal, median: 5, p90: 10}", "write {quantiles: {0.5: 5, 0.9: 10}, distribution: lognormal}"),
    ("{distribution: normal, p10: 1, p50: 2, p90: 5}", "write {quantiles: {0.1: 1, 0.5: 2, 0.9: 5}} for another"),
    ("{p10: 1, p50: 2, p90: 5, low: 0}", "alone; write {quantiles: {0.1: 1, 0.5: 2, 0.9: 5}, low: 0} for a"),
    ("{p5: 1, mode: 2, p95: 5}", "alone; write {pert: {p5: 1, mode: 2, p95: 5}} for a PERT distribution"),
    ("{distribution: gamma, P10: 1, P90: 5}", "write {quantiles: {0.1: 1, 0.9: 5}} for another distribution"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_a_form_does_not_take_is_answered_once_with_what_does(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        distribution_of_text(text)
    assert message in str(caught.value)
    assert len(caught.value.problems) == 1


def test_what_is_proposed_for_percentiles_is_read() -> None:
    for text in (text for text, message in REFUSED if "write {" in message):
        with pytest.raises(ScenarioError) as caught:
            distribution_of_text(text)
        proposed = str(caught.value).partition("write ")[2].partition(" for ")[0]
        assert distribution_of_text(proposed)


@pytest.mark.parametrize(
    "text",
    [
        "{distribution: lognormal, median: 3, sd: 1}",
        "{distribution: lognormal, mean: 3, sigma: 1}",
        "{distribution: weibull, mean: 3, scale: 1}",
        "{distribution: loguniform, low: 1, high: 2}",
        "{distribution: logitnormal, mean: 0, sd: 1}",
        "{distribution: half_normal, sd: 1}",
        "{distribution: betapert, low: 0, mode: 1, high: 2}",
        "{distribution: uniform, start: 1, high: 2}",
    ],
)
def test_no_hint_at_a_word_that_means_something_else(text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        distribution_of_text(text)
    assert "did you mean" not in str(caught.value)
    assert "accepted" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{distribution: log_normal, median: 1, sigma: 1}", "did you mean lognormal?"),
        ("{distribution: norml, mean: 1, sd: 1}", "did you mean normal?"),
        ("{distribution: lognormal, median: 1, sgima: 1}", "did you mean sigma?"),
        ("{distribution: uniform, min: 1, high: 2}", "did you mean low?"),
        ("{distribution: normal, mean: 1, stdev: 2}", "did you mean sd?"),
    ],
)
def test_a_word_misspelt_or_of_another_tool_is_answered_with_its_own(text: str, hint: str) -> None:
    with pytest.raises(ScenarioError, match=hint.replace("?", r"\?")):
        distribution_of_text(text)


SPIKES = """\
name: spikes
investments:
  - {id: A, company: C, project: p, sector: other, kind: greenfield, announced: 2026Q1, production_start: 2029Q1,
     amount: AMOUNT}
"""


@pytest.mark.parametrize(
    ("amount", "remark"),
    [
        ("{quantiles: {0.25: 4, 0.5: 8, 0.75: 12}, low: 3.7, high: 16}", "with 22 % of its probability"),
        ("{quantiles: {0.5: 5, 0.6: 10, 0.8: 15}, low: 0, high: 20}", "within 0.05 of its end at 0"),
        ("{quantiles: {0.2: 1, 0.5: 5, 0.75: 9}, low: 0, high: 9.1}", "of its end at 9.1"),
        ("{distribution: gamma, mean: 6, sd: 18}", "unless this is meant, state a smaller sd"),
        ("{mixture: [{weight: 1, law: 5}, {weight: 1, law: {quantiles: {0.5: 5, 0.6: 10, 0.8: 15}, low: 0}}]}",
         "amount.mixture[1].law: got a distribution with"),
    ],
)  # fmt: skip
def test_probability_piled_up_at_an_end_is_remarked_on(tmp_path: Path, amount: str, remark: str) -> None:
    file = tmp_path / "spikes.yaml"
    file.write_text(SPIKES.replace("AMOUNT", amount), encoding="utf-8")
    done = CliRunner().invoke(cli, ["validate", str(file)])
    assert done.exit_code == 0, done.output
    assert remark in done.output


@pytest.mark.parametrize(
    "amount",
    [
        "{quantiles: {0.1: 2, 0.5: 3, 0.9: 6}, low: 0}",
        "{quantiles: {0.05: 1, 0.95: 4, 0.5: 2}, low: 0, high: 10}",
        "{quantiles: {0.5: 5, 0.9: 100}, distribution: lognormal}",
        "{distribution: gamma, mean: 6, sd: 6}",
        "{mixture: [{weight: 1, law: 0}, {weight: 1, law: {distribution: uniform, low: 4, high: 6}}]}",
    ],
)
def test_tails_and_values_of_their_own_probability_are_no_spikes(tmp_path: Path, amount: str) -> None:
    file = tmp_path / "spikes.yaml"
    file.write_text(SPIKES.replace("AMOUNT", amount), encoding="utf-8")
    assert "of its probability" not in CliRunner().invoke(cli, ["validate", str(file)]).output


def test_a_run_says_where_probability_is_piled_up(tmp_path: Path) -> None:
    file = tmp_path / "spikes.yaml"
    file.write_text(SPIKES.replace("AMOUNT", "{quantiles: {0.5: 5, 0.6: 10, 0.8: 15}, low: 0}"), encoding="utf-8")
    done = CliRunner().invoke(cli, ["run", str(file), "--draws", "200", "--no-plot", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "of its probability within 0.05 of its end at 0" in done.output


@pytest.mark.parametrize(
    ("amount", "meant"),
    [
        (5e5, "; if million USD was meant, write 500; if billion won was meant, write {krw_trillion: 500}"),
        (1e6, "; if million USD was meant, write 1000; if billion won was meant, write {krw_trillion: 1000}"),
        (1.1e6, ""),
        (9.9e6, ""),
        (1e7, "; if USD was meant, write 0.01"),
        (7.59e9, "; if USD was meant, write 7.59"),
        (2e12, "; if won was meant, write {krw_trillion: 2}"),
    ],
)
def test_an_amount_beyond_all_is_answered_with_the_unit_that_was_meant(amount: float, meant: str) -> None:
    """A usual amount has 0.01 to 1,000 bn USD, or trillion won; 1e12 USD would be 1,000 of the former too."""
    both = "; if USD was meant, write 1000; if won was meant, write {krw_trillion: 1}"
    for value, said in ((amount, meant), (1e12, both)):
        with pytest.raises(ValidationError, match=re.escape(f"expected at most 100000 bn USD{said}") + r" *[\n\[]"):
            TypeAdapter(Dollars).validate_python(value)
    with pytest.raises(ValidationError, match=r"expected at most 100000 trillion won +\["):
        TypeAdapter(Wons).validate_python(amount)
    assert TypeAdapter(Dollars).validate_python(1e5) == Constant(1e5)


def test_an_even_density_at_an_end_is_no_spike_however_high() -> None:
    """Nine percent within a hundredth of the way to the median, a tenth of that within a tenth of it."""
    assert spikes(Mixture((1.0, 9.0), (Uniform(0.0, 0.02), Uniform(0.0, 4.0)))) == []


def test_the_least_and_the_most_that_a_spread_may_be_of_a_mean() -> None:
    for sd in (1.05e-6, 0.95e6):
        assert distribution_of_text(f"{{distribution: gamma, mean: 1, sd: {sd:.10f}}}")


def test_a_spike_is_looked_for_from_either_end_to_the_median() -> None:
    """The lower half of Uniform(0, 4) moved next to one end: a tenth of it within a hundredth of the way."""
    near = Mixture((1.0, 3.0), (Uniform(3.9999, 4.0), Uniform(0.0, 4.0)))
    (spike,) = spikes(near)
    assert spike.end == 4.0
    median = float(near.ppf(0.5))
    assert spike.width == pytest.approx(0.01 * (4.0 - median))
    assert spike.probability == pytest.approx(0.25 + 0.75 * spike.width / 4.0)


def test_a_pool_ends_where_its_experts_do() -> None:
    pool = Mixture((1.0, 1.0), (Uniform(0.0, 1.0), Uniform(2.0, 5.0)))
    assert pool.isf([0.0, 1.0]).tolist() == [5.0, 0.0]
    assert pool.ppf([0.0, 1.0]).tolist() == [0.0, 5.0]
