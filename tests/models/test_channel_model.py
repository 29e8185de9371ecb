"""The fit of the sector coefficients: quantile tables, the equations on tensors, a known posterior, no evidence.

PyMC takes seconds to import, so that it is imported inside what needs it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.models.evidence import (
    bottom_up,
    induced_trade,
    load_evidence,
    places_with_evidence,
    recent_investment,
    recent_plants,
)
from forecast.stats.distributions import Constant, Normal

LEVELS = np.linspace(-4.0, 4.0, 4001)
"""All but one in 16,000 draws; knots lie 0.05 apart, so that most points lie between them."""


@pytest.fixture(scope="module")
def channels() -> Any:
    from forecast.models import (
        channels,
        fitting,  # noqa: F401  (sets the flags PyTensor wants where there is no compiler)
    )

    return channels


def of_rows(channels: Any, rows: np.ndarray) -> Any:
    """The task with all readings on prior rows."""
    return channels.sector_task(recent_plants(), load_evidence(), recent_investment(), rows)


def prior(n_rows: int = 40) -> np.ndarray:
    levels = np.random.default_rng(5).uniform(size=(n_rows, len(SECTORS), len(COEFFICIENTS)))
    distributions = [[belief.distribution for belief in sector.values()] for sector in load_sectors().values()]
    rows = np.empty_like(levels)
    for row, column in np.ndindex(levels.shape[1:]):
        rows[:, row, column] = distributions[row][column].ppf(levels[:, row, column])
    return rows


def test_tables_miss_no_quantile_by_more_than_a_thousandth_of_the_spread(channels: Any) -> None:
    """Spread: from the 10 % to the 90 % quantile. A line over 0.05 misses a curve by 0.05**2 / 8 of its bend."""
    for sector in SECTORS:
        distributions = [belief.distribution for belief in load_sectors()[sector].values()]
        for distribution, table in zip(distributions, channels.quantile_tables(distributions), strict=True):
            low, high = distribution.ppf(np.array([0.1, 0.9]))
            error = np.interp(LEVELS, channels.KNOTS, table) - distribution.ppf(ndtr(LEVELS))
            assert np.abs(error).max() < 1e-3 * (high - low)
            assert np.all(np.diff(table) >= 0)


def test_tables_on_tensors_are_straight_between_knots_and_flat_beyond(channels: Any) -> None:
    import pytensor.tensor as pt

    distributions = [belief.distribution for belief in load_sectors()["batteries"].values()] + [Constant(3.0)]
    tables = channels.quantile_tables(distributions)
    rng = np.random.default_rng(2)
    for level in (
        *rng.normal(size=(5, len(distributions))),
        np.full(len(distributions), 9.0),
        np.full(len(distributions), -9.0),
    ):
        found = channels.quantiles(pt.as_tensor(level), tables).eval(mode="FAST_COMPILE")
        expected = [np.interp(point, channels.KNOTS, table) for point, table in zip(level, tables, strict=True)]
        assert found == pytest.approx(expected, rel=1e-12)


def test_the_equations_give_on_tensors_what_they_give_on_arrays() -> None:
    import pytensor.tensor as pt

    wave, rows = recent_plants(), np.moveaxis(prior(1), 0, -1)
    on_arrays, on_tensors = (induced_trade(wave, known) for known in (rows, pt.as_tensor(rows)))
    for name in ("exports", "capital_goods", "intermediates", "displaced", "returned", "displaced_at_full_run"):
        found = getattr(on_tensors, name).eval(mode="FAST_COMPILE")
        assert found == pytest.approx(getattr(on_arrays, name), rel=1e-12, abs=1e-15)
    readings = load_evidence()
    predicted = pt.stack(bottom_up(wave, pt.as_tensor(rows), readings, 107.55)).eval(mode="FAST_COMPILE")
    assert predicted == pytest.approx(np.array(bottom_up(wave, rows, readings, 107.55)), rel=1e-12)


def test_density_of_the_readings_is_normal_around_plants_and_remainders(channels: Any) -> None:
    """The model's log probability less that of its priors, against the formula on its own rows."""
    task = of_rows(channels, prior(1))
    model = task.build()
    rng = np.random.default_rng(4)
    point = {name: rng.standard_normal(values.shape) for name, values in model.initial_point().items()}
    found = model.compile_logp(vars=model.observed_RVs, mode="FAST_COMPILE")(point)
    rows = task.rows({name: values[None] for name, values in point.items()})
    plants = np.array(
        bottom_up(recent_plants(), np.moveaxis(rows["coefficients"], 0, -1), load_evidence(), recent_investment())
    )
    value, error = (np.array([getattr(reading, name) for reading in load_evidence()]) for name in ("value", "error"))
    off = (plants[:, 0] + rows["remainders"][0] - value) / error
    assert found == pytest.approx((-0.5 * off**2 - np.log(error) - 0.5 * np.log(2 * np.pi)).sum(), rel=1e-9)


def test_prior_rows_come_back_and_what_no_evidence_touches_keeps_them(channels: Any) -> None:
    rows = prior(40)
    task = of_rows(channels, rows)
    levels = task.states["level"]({}, np.random.default_rng(0))
    beyond = np.zeros((40, len(load_evidence())))
    assert task.rows({"level": levels, "remainder_level": beyond})["coefficients"] == pytest.approx(rows, rel=1e-9)
    rng = np.random.default_rng(1)
    free = {
        "level": rng.standard_normal((80, levels.shape[1])),
        "remainder_level": rng.standard_normal((80, len(load_evidence()))),
    }
    made = task.rows(free)
    untouched = np.ones(rows.shape[1:], bool)
    untouched[places_with_evidence(recent_plants())] = False
    assert np.array_equal(made["coefficients"][:, untouched], np.repeat(rows, 2, axis=0)[:, untouched])
    scales = np.array([reading.remainder for reading in load_evidence()])
    assert (made["remainders"] >= 0).all()
    assert np.array_equal(made["remainders"].any(axis=0), scales > 0)


def test_without_evidence_the_model_sees_nothing(channels: Any) -> None:
    model = channels.sector_task(recent_plants(), (), recent_investment(), prior(1)).build()
    assert not model.observed_RVs
    assert not model.potentials


@pytest.mark.slow
def test_a_sum_of_two_normal_coefficients_has_its_known_posterior(channels: Any) -> None:
    """a ~ N(1, 0.5), b ~ N(2, 1), a + b read as 4 with error 0.5: gain 1 / (0.25 + 1 + 0.25) times the variances."""
    from functools import partial

    from forecast.models.fitting import Effort, posterior_rows
    from forecast.models.task import Task

    tables = channels.quantile_tables([Normal(1.0, 0.5), Normal(2.0, 1.0)])
    nothing = channels.quantile_tables([Constant(0.0)])
    build = partial(
        channels.channel_model, tables, nothing, lambda known, rest: [known[0] + known[1] + rest[0]],
        np.array([4.0]), np.array([0.5]),
    )  # fmt: skip
    task = Task("sum", "", build, lambda free: {"known": free["level"] * [0.5, 1.0] + [1.0, 2.0]})
    rows, diagnostics = posterior_rows(task, Effort(seed=3))
    variance = np.array([0.25, 1.0])
    mean = np.array([1.0, 2.0]) + variance / 1.5
    spread = np.sqrt(variance - variance**2 / 1.5)
    sample_size = min(len(rows["known"]), float(diagnostics["known"][1:].min()))
    assert rows["known"].mean(axis=0) == pytest.approx(mean, abs=5 * spread.max() / sample_size**0.5)
    assert rows["known"].std(axis=0) / spread == pytest.approx([1, 1], abs=5 / (2 * sample_size) ** 0.5)
    correlation = -variance.prod() / 1.5 / spread.prod()
    error = (1 - correlation**2) / sample_size**0.5
    assert np.corrcoef(rows["known"].T)[0, 1] == pytest.approx(correlation, abs=5 * error)


@pytest.mark.slow
def test_without_evidence_the_prior_shows(channels: Any) -> None:
    from forecast.models.fitting import Effort, posterior_rows, sector_rows

    task = channels.sector_task(recent_plants(), (), recent_investment(), sector_rows(2))
    rows, diagnostics = posterior_rows(task, Effort(seed=2))
    n_rows = len(rows["coefficients"])
    for row, sector in enumerate(SECTORS):
        for column, name in enumerate(COEFFICIENTS):
            size = min(n_rows, float(diagnostics["coefficients"][1:, row, column].min()))
            found = np.quantile(rows["coefficients"][:, row, column], [0.1, 0.5, 0.9])
            errors = np.sqrt(np.array([0.09, 0.25, 0.09]) / size)
            missed = load_sectors()[sector][name].distribution.cdf(found) - [0.1, 0.5, 0.9]
            assert np.all(np.abs(missed) < 5 * errors), (sector, name)
