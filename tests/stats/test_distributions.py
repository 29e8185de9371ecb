"""Every distribution against an independent implementation, and its quantiles against their definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from forecast.stats import distributions as distributions
from forecast.stats.elicited import lognormal_interval, normal_interval
from forecast.stats.truncation import Truncated

U = np.linspace(0.001, 0.999, 999)

CASES = [
    (distributions.Normal(2.0, 3.0), stats.norm(2, 3)),
    (distributions.LogNormal(5.8, 0.2), stats.lognorm(0.2, scale=5.8)),
    (distributions.StudentT(1.0, 2.0, 4.0), stats.t(4, 1, 2)),
    (distributions.Beta(2.0, 5.0), stats.beta(2, 5)),
    (distributions.Gamma(2.0, 1.5), stats.gamma(2, scale=1.5)),
    (distributions.Weibull(0.6, 2.0), stats.weibull_min(0.6, scale=2)),
    (distributions.Uniform(-1.0, 3.0), stats.uniform(-1, 4)),
    (distributions.Triangular(0.3, 0.45, 0.5), stats.triang(0.75, 0.3, 0.2)),
    (distributions.Triangular(0.3, 0.3, 0.5), stats.triang(0, 0.3, 0.2)),
    (distributions.Triangular(0.3, 0.5, 0.5), stats.triang(1, 0.3, 0.2)),
    (distributions.Pert(1.0, 2.0, 5.0), stats.beta(2, 4, 1, 4)),
    (Truncated(distributions.Normal(0.0, 1.0), -1.0, 2.0), stats.truncnorm(-1, 2)),
]


@pytest.mark.parametrize(("distribution", "reference"), CASES, ids=lambda case: type(case).__name__)
def test_quantiles_and_probabilities_agree_with_scipy(
    distribution: distributions.Distribution, reference: stats.rv_continuous
) -> None:
    np.testing.assert_allclose(distribution.ppf(U), reference.ppf(U), rtol=1e-9, atol=1e-12)
    x = reference.ppf(U)
    np.testing.assert_allclose(distribution.cdf(x), U, rtol=1e-9, atol=1e-12)


def test_outside_the_support_probabilities_are_zero_and_one() -> None:
    for distribution in (
        distributions.Beta(2, 2),
        distributions.Gamma(2, 1),
        distributions.Uniform(0, 1),
        distributions.Triangular(0, 0.5, 1),
        distributions.Pert(0, 0.5, 1),
    ):
        assert float(distribution.cdf(-1.0)) == 0.0
    for distribution in (
        distributions.Beta(2, 2),
        distributions.Uniform(0, 1),
        distributions.Triangular(0, 1, 1),
        distributions.Pert(0, 0.5, 1),
    ):
        assert float(distribution.cdf(2.0)) == 1.0
    assert float(distributions.LogNormal(1, 1).cdf(0.0)) == 0.0


def test_constant_and_discrete_by_hand() -> None:
    assert distributions.Constant(5.8).ppf(U).tolist() == [5.8] * len(U)
    distribution = distributions.Discrete((3.0, 1.0), (1.0, 3.0))
    assert distribution.ppf(np.array([0.1, 0.749, 0.751, 0.999])).tolist() == [1.0, 1.0, 3.0, 3.0]
    assert distribution.cdf(np.array([0.9, 1.0, 2.0, 3.0])).tolist() == [0.0, 0.75, 0.75, 1.0]


def test_a_value_without_weight_is_never_drawn() -> None:
    distribution = distributions.Discrete((1.0, 2.0, 3.0), (0.0, 1.0, 0.0))
    assert set(distribution.ppf(np.array([1e-12, 0.5, 1 - 1e-12])).tolist()) == {2.0}


@pytest.mark.parametrize("make", [normal_interval, lognormal_interval])
def test_an_interval_hits_its_stated_quantiles(make: distributions.Distribution) -> None:
    distribution = make(4.0, 8.0, 0.8)  # type: ignore[operator]
    assert distribution.ppf(np.array([0.1, 0.9])) == pytest.approx([4.0, 8.0], rel=1e-12)


REFUSED = [
    (lambda: distributions.Normal(0, 0), "got sd 0, expected a number above 0"),
    (lambda: distributions.Uniform(2, 1), "got low 2 and high 1, expected low < high"),
    (lambda: distributions.Triangular(0, 2, 1), "expected low <= mode <= high"),
    (lambda: distributions.Discrete((1.0,), (1.0, 2.0)), "got 1 values and 2 weights"),
    (lambda: distributions.Discrete((1.0,), (-1.0,)), "expected non-negative numbers"),
    (lambda: Truncated(distributions.Uniform(0, 1), 2, 3), "where the distribution has no mass"),
    (lambda: lognormal_interval(-1, 2, 0.9), "expected one above 0"),
    (lambda: normal_interval(1, 2, 1.5), "got level 1.5"),
    (lambda: distributions.Constant(math.nan), "expected a finite number"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_impossible_parameters_are_refused_with_what_is_accepted(make: object, message: str) -> None:
    with pytest.raises(ValueError, match="got") as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)
