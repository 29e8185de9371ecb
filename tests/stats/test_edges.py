"""What distributions accept, and what they are at their ends: outermost parameters, levels and values."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

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
from forecast.stats.elicited import Mixture, Quantiles, lognormal_interval, normal_interval, pert_percentiles
from forecast.stats.forms import beta_by_moments, gamma_by_moments, lognormal_by_logarithm, lognormal_by_moments
from forecast.stats.moments import probability, quantiles_at
from forecast.stats.specs import read_distribution
from forecast.stats.truncation import Truncated

TINY = 1e-12
Q = (0.1, 0.5, 0.9)

TAKEN: tuple[Callable[[], object], ...] = (
    lambda: Normal(0.0, TINY),
    lambda: LogNormal(TINY, TINY),
    lambda: StudentT(0.0, TINY, TINY),
    lambda: Beta(TINY, TINY),
    lambda: Gamma(TINY, TINY),
    lambda: Weibull(TINY, TINY),
    lambda: Uniform(0.0, TINY),
    lambda: Triangular(0.0, 0.0, TINY),
    lambda: Triangular(0.0, TINY, TINY),
    lambda: Pert(0.0, 0.0, TINY, TINY),
    lambda: Pert(0.0, TINY, TINY),
    lambda: Discrete((3.0,), (TINY,)),
    lambda: Quantiles((0.1, 0.9), (1.0, 1.0 + TINY)),
    lambda: Quantiles(Q, (1.0, 2.0, 3.0), 1.0 - TINY, 3.0 + TINY),
    lambda: Quantiles((TINY, 1 - TINY), (1.0, 1e100)),
    lambda: Mixture((TINY,), (Constant(0.0),)),
    lambda: normal_interval(0.0, TINY, TINY),
    lambda: lognormal_interval(TINY, 1.0, 1 - 1e-9),
    lambda: lognormal_by_logarithm(700.0, TINY),
    lambda: lognormal_by_logarithm(-700.0, TINY),
    lambda: lognormal_by_moments(TINY, TINY),
    lambda: gamma_by_moments(TINY, TINY),
    lambda: beta_by_moments(TINY, TINY),
    lambda: beta_by_moments(0.5, 0.4999),
    lambda: pert_percentiles((1.0, 0.1), 2.0, (3.0, 0.9), 0.1),
)
REFUSED: tuple[tuple[Callable[[], object], str], ...] = (
    (lambda: Constant(math.inf), "a finite number"),
    (lambda: Constant(math.nan), "a finite number"),
    (lambda: Normal(0.0, 0.0), "sd 0, expected a number above 0"),
    (lambda: LogNormal(0.0, 1.0), "median 0, expected a number above 0"),
    (lambda: LogNormal(1.0, 0.0), "sigma 0, expected a number above 0"),
    (lambda: StudentT(0.0, 0.0, 1.0), "scale 0"),
    (lambda: StudentT(0.0, 1.0, 0.0), "df 0"),
    (lambda: Beta(0.0, 1.0), "alpha 0"),
    (lambda: Beta(1.0, 0.0), "beta 0"),
    (lambda: Gamma(0.0, 1.0), "shape 0"),
    (lambda: Gamma(1.0, 0.0), "scale 0"),
    (lambda: Weibull(0.0, 1.0), "shape 0"),
    (lambda: Weibull(1.0, 0.0), "scale 0"),
    (lambda: Uniform(1.0, 1.0), "expected low < high"),
    (lambda: Triangular(1.0, 1.0, 1.0), "low < high"),
    (lambda: Triangular(1.0, 1.0 - TINY, 2.0), "low <= mode <= high"),
    (lambda: Pert(1.0, 2.0 + TINY, 2.0), "low <= mode <= high"),
    (lambda: Pert(0.0, 1.0, 2.0, 0.0), "concentration 0"),
    (lambda: Discrete((), ()), "at least one"),
    (lambda: Discrete((1.0,), (1.0, 2.0)), "as many of each"),
    (lambda: Quantiles((0.5,), (1.0,)), "at least two"),
    (lambda: Quantiles((0.1, 0.5), (1.0, 2.0, 3.0)), "expected pairs"),
    (lambda: Quantiles((0.0, 0.5), (1.0, 2.0)), "between 0 and 1"),
    (lambda: Quantiles((0.5, 1.0), (1.0, 2.0)), "between 0 and 1"),
    (lambda: Quantiles((0.5, 0.5), (1.0, 2.0)), "twice"),
    (lambda: Quantiles((0.1, 0.5), (1.0, 1.0)), "values that rise"),
    (lambda: Quantiles(Q, (1.0, 2.0, 3.0), 1.0), "less than the first value"),
    (lambda: Quantiles(Q, (1.0, 2.0, 3.0), 1.5), "less than the first value"),
    (lambda: Quantiles(Q, (1.0, 2.0, 3.0), 0.0, 3.0), "more than the last"),
    (lambda: Quantiles(Q, (1.0, 2.0, 3.0), 0.0, 2.5), "more than the last"),
    (lambda: Quantiles((0.1, 0.5), (-1.01e100, 2.0)), "none beyond 1e.100"),
    (lambda: Mixture((), ()), "at least one"),
    (lambda: Mixture((1.0, 2.0), (Constant(1.0),)), "expected pairs"),
    (lambda: normal_interval(1.0, 1.0, 0.9), "low < high"),
    (lambda: normal_interval(1.0, 2.0, 0.0), "between 0 and 1"),
    (lambda: normal_interval(1.0, 2.0, 1.0), "between 0 and 1"),
    (lambda: lognormal_interval(0.0, 1.0, 0.5), "above 0"),
    (lambda: lognormal_by_logarithm(701.0, 1.0), "from -700 to 700"),
    (lambda: lognormal_by_logarithm(-701.0, 1.0), "from -700 to 700"),
    (lambda: lognormal_by_moments(0.0, 1.0), "above 0"),
    (lambda: gamma_by_moments(1.0, 0.0), "above 0"),
    (lambda: beta_by_moments(0.0, 0.1), "above 0 and below 1"),
    (lambda: beta_by_moments(1.0, 0.1), "above 0 and below 1"),
    (lambda: beta_by_moments(0.5, 0.5), "below 0.5"),
    (lambda: beta_by_moments(0.5, 0.0), "above 0"),
    (lambda: pert_percentiles((2.0, 0.1), 2.0, (3.0, 0.9)), "expected them to rise"),
    (lambda: pert_percentiles((1.0, 0.1), 3.0, (3.0, 0.9)), "expected them to rise"),
    (lambda: pert_percentiles((1.0, 0.1), 2.0, (3.0, 0.9), 0.0), "concentration 0"),
)


@pytest.mark.parametrize("build", TAKEN)
def test_the_outermost_parameters_are_taken(build: Callable[[], object]) -> None:
    build()


@pytest.mark.parametrize(("build", "message"), REFUSED)
def test_what_lies_just_beyond_is_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_the_level_of_an_interval_and_the_name_of_an_expert_have_bounds() -> None:
    assert read_distribution({"interval": (1.0, 2.0), "level": 0.01}) == normal_interval(1.0, 2.0, 0.01)
    for level in (0.0099, 1.0):
        with pytest.raises(ValidationError, match="than"):
            read_distribution({"interval": (1.0, 2.0), "level": level})
    for name, weight in (("K", 0), ("K" * 100, 2)):
        pool = ({"expert": name, "weight": weight, "law": 1}, {"expert": "L", "law": 2})
        mixture = read_distribution({"pool": pool})
        assert isinstance(mixture, Mixture)
        assert mixture.weights == (weight, 1.0)
    for name in ("", "K" * 101):
        with pytest.raises(ValidationError, match="character"):
            read_distribution({"pool": ({"expert": name, "law": 1},)})


BOUNDED: tuple[tuple[Distribution, float, float], ...] = (
    (Constant(3.0), 3.0, 3.0),
    (LogNormal(2.0, 0.5), 0.0, math.inf),
    (Beta(2.0, 3.0), 0.0, 1.0),
    (Gamma(2.0, 1.5), 0.0, math.inf),
    (Weibull(2.0, 1.5), 0.0, math.inf),
    (Uniform(-1.0, 3.0), -1.0, 3.0),
    (Triangular(0.3, 0.45, 0.5), 0.3, 0.5),
    (Triangular(0.3, 0.3, 0.5), 0.3, 0.5),
    (Triangular(0.3, 0.5, 0.5), 0.3, 0.5),
    (Pert(1.0, 2.0, 5.0), 1.0, 5.0),
    (Discrete((5.0, 2.0, 9.0), (1.0, 1.0, 0.0)), 2.0, 5.0),
    (Quantiles(Q, (1.0, 2.0, 4.0), 0.5, 7.0), 0.5, 7.0),
    (Quantiles(Q, (1.0, 2.0, 4.0)), -math.inf, math.inf),
    (Mixture((1.0, 3.0), (Uniform(0.0, 1.0), Uniform(4.0, 6.0))), 0.0, 6.0),
)


@pytest.mark.parametrize(("distribution", "low", "high"), BOUNDED)
def test_the_ends_of_a_distribution(distribution: Distribution, low: float, high: float) -> None:
    assert distribution.ends() == (low, high)
    below = [x for x in (low - 1.0, np.nextafter(low, -math.inf), low) if math.isfinite(x)]
    above = [x for x in (high, np.nextafter(high, math.inf), high + 1.0) if math.isfinite(x)]
    if distribution.atoms():
        below = below[:-1]  # the end itself has a probability
    for values, at_most in ((below, 0.0), (above, 1.0)):
        assert distribution.cdf(values).tolist() == [at_most] * len(values)
        assert distribution.sf(values).tolist() == [1.0 - at_most] * len(values)
    inner = distribution.ppf(np.linspace(0.01, 0.99, 99))
    assert (np.diff(inner) >= 0).all()
    if not distribution.atoms():
        np.testing.assert_allclose(distribution.isf(distribution.sf(inner)), inner, rtol=1e-7)
        np.testing.assert_allclose(distribution.cdf(inner) + distribution.sf(inner), 1.0, rtol=1e-12)


def test_the_probability_of_a_range_holds_that_of_both_ends() -> None:
    points = Discrete((5.0, 2.0, 9.0, 3.0), (1.0, 2.0, 0.0, 1.0))
    for low, high, expected in ((3.0, 5.0, 0.5), (2.0, 3.0, 0.75), (2.5, 4.0, 0.25), (5.0, 9.0, 0.25), (6.0, 9.0, 0.0)):
        assert probability(points, low, high) == pytest.approx(expected)


@pytest.mark.parametrize("concentration", [1.0, 4.0, 9.0])
@pytest.mark.parametrize("mode", [1.05, 2.2, 4.5, 5.95])
def test_a_pert_distribution_is_found_again_by_its_mode_and_any_two_percentiles(
    mode: float, concentration: float
) -> None:
    whole = Pert(1.0, mode, 6.0, concentration)
    for levels in ((0.01, 0.99), (0.002, 0.995)):
        low, high = whole.ppf(levels)
        found = pert_percentiles((float(low), levels[0]), mode, (float(high), levels[1]), concentration)
        assert (found.low, found.mode, found.high) == pytest.approx((1.0, mode, 6.0), rel=1e-6)


def test_quantiles_at_scores_are_counted_from_the_nearer_end() -> None:
    scores = np.array([-37.0, -9.0, -1.0, 0.0, 1.0, 9.0, 37.0])
    np.testing.assert_allclose(quantiles_at(Normal(2.0, 3.0), scores), 2.0 + 3.0 * scores, rtol=1e-9)
    assert quantiles_at(Beta(2.0, 3.0), scores)[[0, -1]].tolist() == pytest.approx([0.0, 1.0])


def test_the_error_of_a_mean_in_closed_form_is_that_of_its_parts() -> None:
    """A hundred-million-millionth of both first moments, over the probability between."""
    reference = stats.t(3.0)
    below, above = (abs(float(reference.expect(lambda x: x, lb=x, ub=np.inf))) for x in (-0.5, 2.0))
    mean = StudentT(1.0, 4.0, 3.0).expectation_within(-1.0, 9.0)
    mass = reference.cdf(2.0) - reference.cdf(-0.5)
    assert mean.value == pytest.approx(1.0 + 4.0 * (below - above) / mass, rel=1e-7)
    assert mean.error == pytest.approx(1e-14 * 4.0 * (below + above) / mass, rel=1e-6)


def test_quantiles_of_a_mixture_are_exact_and_end_where_its_parts_do() -> None:
    """Even densities of 2/3 up to 1 and 1/6 up to 3; a part whose density falls to nothing still has its end."""
    mixture = Mixture((1.0, 1.0), (Uniform(0.0, 1.0), Uniform(0.0, 3.0)))
    assert mixture.ppf([0.2, 0.5, 0.9]).tolist() == pytest.approx([0.3, 0.75, 2.4], rel=1e-14)
    assert mixture.isf([0.8, 0.5, 0.1]).tolist() == pytest.approx([0.3, 0.75, 2.4], rel=1e-14)
    falling = Mixture((1.0, 1.0), (Uniform(0.0, 1.0), Triangular(0.0, 0.0, 10.0)))
    assert falling.ppf([0.0, 1.0]).tolist() == [0.0, 10.0]
    assert falling.isf([1.0, 0.0]).tolist() == [0.0, 10.0]


def test_students_distribution_has_no_ends() -> None:
    """scipy has its upper end at level 0."""
    assert StudentT(1.0, 2.0, 3.0).ends() == (-math.inf, math.inf)
    assert StudentT(1.0, 2.0, 3.0).isf([0.0, 1.0]).tolist() == [math.inf, -math.inf]
    mixed = Mixture((0.5, 0.5), (StudentT(0.0, 1.0, 4.0), Uniform(0.0, 1.0)))
    assert mixed.ends() == (-math.inf, math.inf)


def test_a_truncation_from_below_alone_has_no_upper_end() -> None:
    assert Truncated(Normal(0.0, 1.0), 0.0, math.inf).ppf([0.0, 1.0]).tolist() == [0.0, math.inf]
