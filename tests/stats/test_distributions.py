"""Every law against an independent implementation, and its quantiles against their definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from forecast.stats import distributions as laws
from forecast.stats.elicited import lognormal_interval, normal_interval

U = np.linspace(0.001, 0.999, 999)

CASES = [
    (laws.Normal(2.0, 3.0), stats.norm(2, 3)),
    (laws.LogNormal(5.8, 0.2), stats.lognorm(0.2, scale=5.8)),
    (laws.StudentT(1.0, 2.0, 4.0), stats.t(4, 1, 2)),
    (laws.Beta(2.0, 5.0), stats.beta(2, 5)),
    (laws.Gamma(2.0, 1.5), stats.gamma(2, scale=1.5)),
    (laws.Weibull(0.6, 2.0), stats.weibull_min(0.6, scale=2)),
    (laws.Uniform(-1.0, 3.0), stats.uniform(-1, 4)),
    (laws.Triangular(0.3, 0.45, 0.5), stats.triang(0.75, 0.3, 0.2)),
    (laws.Triangular(0.3, 0.3, 0.5), stats.triang(0, 0.3, 0.2)),
    (laws.Triangular(0.3, 0.5, 0.5), stats.triang(1, 0.3, 0.2)),
    (laws.Pert(1.0, 2.0, 5.0), stats.beta(2, 4, 1, 4)),
    (laws.Truncated(laws.Normal(0.0, 1.0), -1.0, 2.0), stats.truncnorm(-1, 2)),
]


@pytest.mark.parametrize(("law", "reference"), CASES, ids=lambda case: type(case).__name__)
def test_quantiles_and_probabilities_agree_with_scipy(law: laws.Law, reference: stats.rv_continuous) -> None:
    np.testing.assert_allclose(law.ppf(U), reference.ppf(U), rtol=1e-9, atol=1e-12)
    x = reference.ppf(U)
    np.testing.assert_allclose(law.cdf(x), U, rtol=1e-9, atol=1e-12)


def test_outside_the_support_probabilities_are_zero_and_one() -> None:
    for law in (
        laws.Beta(2, 2),
        laws.Gamma(2, 1),
        laws.Uniform(0, 1),
        laws.Triangular(0, 0.5, 1),
        laws.Pert(0, 0.5, 1),
    ):
        assert float(law.cdf(-1.0)) == 0.0
    for law in (laws.Beta(2, 2), laws.Uniform(0, 1), laws.Triangular(0, 1, 1), laws.Pert(0, 0.5, 1)):
        assert float(law.cdf(2.0)) == 1.0
    assert float(laws.LogNormal(1, 1).cdf(0.0)) == 0.0


def test_constant_and_discrete_by_hand() -> None:
    assert laws.Constant(5.8).ppf(U).tolist() == [5.8] * len(U)
    law = laws.Discrete((3.0, 1.0), (1.0, 3.0))
    assert law.ppf(np.array([0.1, 0.749, 0.751, 0.999])).tolist() == [1.0, 1.0, 3.0, 3.0]
    assert law.cdf(np.array([0.9, 1.0, 2.0, 3.0])).tolist() == [0.0, 0.75, 0.75, 1.0]


def test_a_value_without_weight_is_never_drawn() -> None:
    law = laws.Discrete((1.0, 2.0, 3.0), (0.0, 1.0, 0.0))
    assert set(law.ppf(np.array([1e-12, 0.5, 1 - 1e-12])).tolist()) == {2.0}


@pytest.mark.parametrize("make", [normal_interval, lognormal_interval])
def test_an_interval_hits_its_stated_quantiles(make: laws.Law) -> None:
    law = make(4.0, 8.0, 0.8)  # type: ignore[operator]
    assert law.ppf(np.array([0.1, 0.9])) == pytest.approx([4.0, 8.0], rel=1e-12)


REFUSED = [
    (lambda: laws.Normal(0, 0), "got sd 0, expected a number above 0"),
    (lambda: laws.Uniform(2, 1), "got low 2 and high 1, expected low < high"),
    (lambda: laws.Triangular(0, 2, 1), "expected low <= mode <= high"),
    (lambda: laws.Discrete((1.0,), (1.0, 2.0)), "got 1 values and 2 weights"),
    (lambda: laws.Discrete((1.0,), (-1.0,)), "expected non-negative numbers"),
    (lambda: laws.Truncated(laws.Uniform(0, 1), 2, 3), "where the law has no mass"),
    (lambda: lognormal_interval(-1, 2, 0.9), "expected one above 0"),
    (lambda: normal_interval(1, 2, 1.5), "got level 1.5"),
    (lambda: laws.Constant(math.nan), "expected a finite number"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_impossible_parameters_are_refused_with_what_is_accepted(make: object, message: str) -> None:
    with pytest.raises(ValueError, match="got") as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)
