"""Means, tails and truncation against integrals and tables of scipy, and as the command line prints them."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import integrate, stats

from forecast.cli import cli
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
from forecast.stats.elicited import Mixture, Quantiles, lognormal_interval
from forecast.stats.truncation import Truncated

T1 = "{distribution: student_t, location: 0, scale: 1, df: 1}"

KNOWN = [
    (Normal(2.0, 3.0), stats.norm(2, 3)),
    (LogNormal(1.0, 2.5), stats.lognorm(2.5)),
    (StudentT(1.0, 2.0, 1.5), stats.t(1.5, 1, 2)),
    (Beta(0.3, 5.0), stats.beta(0.3, 5)),
    (Gamma(0.4, 1.5), stats.gamma(0.4, scale=1.5)),
    (Weibull(0.3, 2.0), stats.weibull_min(0.3, scale=2)),
    (Uniform(-1.0, 3.0), stats.uniform(-1, 4)),
    (Triangular(0.3, 0.45, 0.5), stats.triang(0.75, 0.3, 0.2)),
    (Pert(1.0, 2.0, 5.0), stats.beta(2, 4, 1, 4)),
]
NAMES = [type(distribution).__name__ for distribution, _ in KNOWN]


@pytest.mark.parametrize(("distribution", "reference"), KNOWN, ids=NAMES)
def test_means_by_formula(distribution: Distribution, reference: stats.rv_continuous) -> None:
    assert distribution.expectation().value == pytest.approx(reference.mean(), rel=1e-12)


@pytest.mark.parametrize("levels", [(0.0, 0.6), (0.2, 0.9), (0.7, 0.99)])
@pytest.mark.parametrize(("distribution", "reference"), KNOWN, ids=NAMES)
def test_means_of_truncated_distributions_within_their_error(
    distribution: Distribution, reference: stats.rv_continuous, levels: tuple[float, float]
) -> None:
    low, high = reference.ppf(levels)
    points = np.unique(np.append(reference.ppf(np.linspace(*levels, 30)[1:-1]), 0.45))
    inside = [point for point in points if low < point < high]
    integral = sum(
        integrate.quad(lambda x: x * reference.pdf(x), start, end, epsabs=0, epsrel=1e-10, limit=400)[0]
        for start, end in zip([low, *inside], [*inside, high], strict=True)
    )
    mean = Truncated(distribution, float(low), float(high)).expectation()
    assert mean.value == pytest.approx(integral / (levels[1] - levels[0]), rel=1e-7)
    assert mean.error < 1e-9 * max(abs(low if math.isfinite(low) else 1), abs(high))


def test_means_of_lognormal_distributions_cut_at_either_side() -> None:
    """exp(s^2 / 2) times the ratio of the normal probabilities s further up."""
    wide = lognormal_interval(0.001, 1000.0, 0.9)
    for low, high in ((-math.inf, 1e6), (-math.inf, 1e7), (100.0, math.inf), (1e-3, 1e4)):
        a, b = (np.log(max(x, 0.0)) / wide.sigma if x > 0 else -np.inf for x in (low, high))
        shifted, mass = (stats.norm.cdf(b - s) - stats.norm.cdf(a - s) for s in (wide.sigma, 0.0))
        expected = math.exp(wide.sigma**2 / 2) * shifted / mass
        assert Truncated(wide, low, high).expectation().value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("unit", [1e-12, 1e12])
@pytest.mark.parametrize("df", [1.1, 1.5, 3.0])
def test_means_hang_on_no_unit(df: float, unit: float) -> None:
    """Above half a unit below its middle: (df + x^2) / (df - 1) times the density at x, over the probability above."""
    expected = (df + 0.25) / (df - 1.0) * stats.t(df).pdf(0.5) / stats.t(df).sf(-0.5)
    cut = Truncated(StudentT(0.0, unit, df), low=-unit / 2)
    assert cut.expectation().value / unit == pytest.approx(expected, rel=1e-7)


def test_a_very_wide_lognormal_distribution_cut_at_its_median_has_twice_its_mean() -> None:
    assert Truncated(LogNormal(1.0, 18.0), low=1.0).expectation().value == pytest.approx(
        2.0 * math.exp(162.0), rel=1e-7
    )


def test_where_there_is_no_mean_there_is_none() -> None:
    cauchy = StudentT(3.0, 2.0, 1.0)
    assert math.isnan(cauchy.expectation().value)
    assert Truncated(cauchy, low=0.0).expectation().value == math.inf
    assert Truncated(StudentT(0.0, 1.0, 0.7), high=5.0).expectation().value == -math.inf
    assert math.isnan(Mixture((1.0, 1.0), (Normal(0.0, 1.0), cauchy)).expectation().value)
    assert Mixture((1.0, 0.0), (Normal(4.0, 1.0), cauchy)).expectation().value == 4.0
    for df in (1e6, 1e300):  # as good as normal
        half = Truncated(StudentT(0.0, 1.0, df), low=0.0).expectation().value
        assert half == pytest.approx(math.sqrt(2 / math.pi), rel=1e-6)
    bounded = Truncated(StudentT(0.0, 1.0, 1.0), low=0.0, high=10.0).expectation()
    assert bounded.value == pytest.approx(math.log(101) / 2 / math.atan(10), rel=1e-12)


def test_means_of_stated_quantiles() -> None:
    normal = Normal(2.0, 3.0)
    assert Quantiles((0.1, 0.5, 0.9), tuple(normal.ppf([0.1, 0.5, 0.9]))).expectation().value == pytest.approx(2.0)
    stated = Quantiles((0.25, 0.5, 0.75), (25.0, 50.0, 75.0), 23.0, 100.0)
    levels = [0.0, 0.25, 0.5, 0.75, 1.0]
    pieces = [integrate.quad(lambda u: float(stated.ppf(u)), *ends, epsrel=1e-11) for ends in pairwise(levels)]
    assert stated.expectation().value == pytest.approx(sum(value for value, _ in pieces), rel=1e-8)


WITH_ATOM = Mixture((0.7, 0.3), (Normal(5.0, 2.0), Constant(0.0)))
MASS = 0.3 + 0.7 * stats.norm.cdf(2.5)


def test_truncation_keeps_the_probability_at_both_of_its_ends() -> None:
    cut = Truncated(WITH_ATOM, low=0.0)
    assert float(cut.cdf(0.0)) == pytest.approx(0.3 / MASS, rel=1e-12)
    assert cut.cdf([-1.0, -1e-9]).tolist() == [0.0, 0.0]
    assert cut.sf([-1.0, 0.0]).tolist() == pytest.approx([1.0, 1.0 - 0.3 / MASS])
    assert np.mean(cut.ppf((np.arange(4000) + 0.5) / 4000) == 0.0) == pytest.approx(0.3 / MASS, abs=1 / 4000)
    tail = 5.0 * stats.norm.cdf(2.5) + 2.0 * stats.norm.pdf(2.5)
    assert cut.expectation().value == pytest.approx(0.7 * tail / MASS, rel=1e-12)
    upper = Truncated(Mixture((0.7, 0.3), (Normal(-5.0, 2.0), Constant(0.0))), high=0.0)
    assert float(upper.sf(-1e-12)) == pytest.approx(0.3 / MASS, rel=1e-9)
    assert upper.expectation().value == pytest.approx(-cut.expectation().value, rel=1e-12)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_truncation_of_points_keeps_the_points_at_its_ends(level: float) -> None:
    points = Discrete((0.0, 1.0, 2.0, 3.0), (5.0, 1.0, 1.0, 3.0))
    both = Truncated(points, 0.0, 3.0)
    assert float(both.ppf(level)) == float(points.ppf(level))
    assert Truncated(points, 1.0, 2.0).expectation().value == 1.5
    assert Truncated(points, 2.0, 3.0).expectation().value == 2.75  # its lower end lies in the upper half
    assert Truncated(points, 2.0, 3.0).ppf([0.2, 0.3]).tolist() == [2.0, 3.0]
    nested = Mixture((1.0, 1.0), (Truncated(WITH_ATOM, low=0.0), Uniform(1.0, 2.0)))
    assert (nested.ppf([0.01, 0.14]) == 0.0).all()


@pytest.mark.parametrize(
    ("distribution", "reference"),
    [KNOWN[index] for index in (0, 1, 2, 3, 4, 5, 8)],
    ids=lambda case: type(case).__name__,
)
def test_far_tails_are_counted_from_their_own_end(distribution: Distribution, reference: stats.rv_continuous) -> None:
    q = np.array([1e-12, 1e-8, 1e-3, 0.3, 0.9])
    np.testing.assert_allclose(
        distribution.isf(q), reference.isf(q), rtol=1e-6 if isinstance(distribution, Pert) else 1e-9
    )
    x = reference.isf(q)
    np.testing.assert_allclose(distribution.sf(x), q, rtol=1e-4 if isinstance(distribution, Pert) else 1e-7)


def test_a_truncation_in_a_far_tail_never_gives_infinity() -> None:
    u = np.array([2.0**-54, 1e-9, 0.5, 1 - 1e-9, 1 - 2.0**-53])
    for distribution, reference, low in (
        (Normal(0.0, 1.0), stats.norm(), 5.5),
        (LogNormal(1.0, 0.5), stats.lognorm(0.5), math.exp(2.75)),
        (Mixture((1.0,), (Normal(0.0, 1.0),)), stats.norm(), 5.5),
    ):
        cut = Truncated(distribution, low)
        found = cut.ppf(u)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, reference.isf(reference.sf(low) * (1 - u)), rtol=1e-6)
    assert np.isfinite(Truncated(Normal(0.0, 1.0), 0.0).ppf(u)).all()
    mean = Truncated(Normal(0.0, 1.0), 5.5).expectation().value
    assert mean == pytest.approx(stats.norm.pdf(5.5) / stats.norm.sf(5.5), rel=1e-12)


PRINTED = (
    ("{distribution: lognormal, median: 1, sigma: 1.5}", "3.08"),
    ("{distribution: lognormal, median: 1, sigma: 2.5}", "22.76"),
    ("{interval: [0.001, 1000], level: 0.9, distribution: lognormal}", "6757"),
    ("{interval: [0.001, 1000], level: 0.9, distribution: lognormal, truncate: [null, 1000000]}", "1227"),
    ("{interval: [0.001, 1000], level: 0.9, distribution: lognormal, truncate: [null, 10000000]}", "2425"),
    ("{distribution: weibull, shape: 0.3, scale: 1}", "9.261"),
    ("{distribution: student_t, location: 0, scale: 1, df: 1}", "none"),
    ("{distribution: student_t, location: 7, scale: 1, df: 0.5}", "none"),
    ("{distribution: student_t, location: 0, scale: 1, df: 1.5, truncate: [0, null]}", "2.044"),
    ("{distribution: student_t, location: 0, scale: 1, df: 1, truncate: [0, null]}", "∞"),
    ("{distribution: normal, mean: 0, sd: 1, truncate: [-1, 1]}", "0"),
    ("{truncate: [0, null], mixture: [{weight: 7, law: {distribution: normal, mean: 5, sd: 2}}, {weight: 3, law: 0}]}",
     "3.518"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "mean"), PRINTED, ids=[text for text, _ in PRINTED])
def test_the_mean_that_is_printed(text: str, mean: str) -> None:
    done = CliRunner().invoke(cli, ["elicit", text])
    assert done.exit_code == 0, done.output
    assert [line.split()[-1] for line in done.output.splitlines() if re.search(r"\d", line)][-1] == mean


def test_zero_is_printed_as_zero_in_every_column() -> None:
    halves = [f"{{weight: 1, law: {{distribution: normal, mean: {mean}, sd: 1}}}}" for mean in (-1, 1)]
    done = CliRunner().invoke(cli, ["elicit", f"{{mixture: [{', '.join(halves)}]}}"])
    whole = next(line for line in done.output.splitlines() if line.startswith(" All"))
    assert whole.split()[5] == whole.split()[-1] == "0"
    assert "e−1" not in done.output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{{mixture: [{{weight: 1, law: {T1}}}, {{weight: 1, law: 3}}]}}", ["−15.89", "−3.078", "−1.376", "0", "3"]),
        ("{distribution: beta, mean: 0.5, sd: 0.4999}", ["0", "0", "0", "0", "0.5"]),
    ],
)
def test_what_scipy_cannot_tell_from_zero_is_printed_as_zero(text: str, shown: list[str]) -> None:
    """It was −7.451e−09, as probabilities of a t distribution are rounded near its centre, and 2.225e−308."""
    done = CliRunner().invoke(cli, ["elicit", text], env={"COLUMNS": "200"})
    quantiles = next(line for line in done.output.splitlines() if line.split()[:1] == ["All"] or "0.5" in line.split())
    assert [cell for cell in quantiles.split() if cell != "All"][: len(shown)] == shown


@pytest.mark.parametrize("x", [1e-12, 1e-9, 7e-9, 1e-6, 1e-3, 0.5, 2.0])
def test_probabilities_of_a_t_distribution_are_exact_near_its_centre(x: float) -> None:
    """Of one degree of freedom they are known: 1/2 + arctan(x) / pi."""
    expected = np.arctan(x) / np.pi
    assert StudentT(0.0, 1.0, 1.0).cdf(x) - 0.5 == pytest.approx(expected, rel=1e-6, abs=1e-16)
    assert StudentT(0.0, 1.0, 1.0).sf(-x) - 0.5 == pytest.approx(expected, rel=1e-6, abs=1e-16)
