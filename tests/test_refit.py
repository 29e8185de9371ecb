"""The shipped posterior against a fit with another seed, at full effort: minutes, so that only `make refit` runs it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecast.dims import Array
from forecast.models.posterior import TRAILING, load_posterior

pytestmark = [pytest.mark.refit, pytest.mark.slow_fit]

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])

LIMIT = 5.0
"""Standard errors: of some 1,600 numbers compared, one in a thousand test runs has one beyond."""


@pytest.fixture(scope="module")
def refitted() -> Any:
    from forecast.models.fitting import fit_posterior
    from forecast.models.sampling import Effort

    return fit_posterior(Effort(seed=20_261_124), n_jobs=-1)


@pytest.mark.parametrize("model", TRAILING)
def test_a_refit_reproduces_the_shipped_rows_within_monte_carlo_error(refitted: Any, model: str) -> None:
    shipped = load_posterior()
    for name, stored in shipped.groups[model].items():
        sizes = [fit.diagnostics[model][name] for fit in (shipped, refitted)]
        beyond = np.abs(_departures(stored, refitted.groups[model][name], *sizes)) > LIMIT
        assert not beyond.any(), f"{model}.{name}: {np.argwhere(beyond).tolist()}"


def _departures(stored: Array, again: Array, *diagnostics: Array) -> Array:
    """Share of the refitted rows below quantiles of the stored ones less their level, in standard errors."""
    quantiles = np.quantile(stored, LEVELS, axis=0)
    levels = LEVELS.reshape(-1, *[1] * (stored.ndim - 1))
    below = (again <= quantiles[:, None]).mean(axis=1) - levels
    sizes = [np.nan_to_num(found[1:], nan=len(stored)).min(axis=0).clip(max=len(stored)) for found in diagnostics]
    error = np.sqrt(levels * (1 - levels) * sum(1 / size for size in sizes))
    return np.asarray(np.where(np.ptp(stored, axis=0) > 0, below / error, 0.0))


def test_a_fit_that_learned_something_else_would_be_found() -> None:
    rng = np.random.default_rng(2)
    stored, moved = rng.standard_normal((2, 2_000, 3))
    size = np.full((3, 3), 2_000.0)
    assert np.abs(_departures(stored, moved, size, size)).max() < LIMIT
    moved[:, 1] += 0.25
    assert np.abs(_departures(stored, moved, size, size)).max(axis=0).argmax() == 1
    assert np.abs(_departures(stored, moved, size, size)).max() > LIMIT
