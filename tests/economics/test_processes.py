"""The baseline and the bridge against closed forms: what was simulated has the moments of its equation."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.dims import Array
from forecast.economics.processes import (
    LARGEST_SHOCK,
    baseline_flows,
    baseline_shocks,
    bridge_ratios,
    driver_growth,
    student_shocks,
)

N_DRAWS = 20_000
SIGMAS = 5.0
"""Monte Carlo standard errors a sample moment may be off: once in two million."""
HISTORY = np.log([[28.0, 17.0], [30.0, 16.0], [31.0, 18.0]])
FIRST = 8106
BROUGHT = np.array([[-0.325, 0.075], [0.075, -0.325]])
"""What a shock brings to each flow (row) from each (column): half sum and half difference of the moving averages."""

FACTOR = np.array([[0.06, 0.0], [0.025, 0.063]])


def _rows(n_draws: int = N_DRAWS, **changes: Array | float) -> dict[str, Array]:
    rows = {
        "drift": np.array(0.011),
        "season": np.array([[-0.01, -0.02], [0.05, 0.04], [-0.03, -0.02], [-0.01, 0.0]]),
        "moving_average": np.array([-0.25, -0.4]),
        "adjustment": np.array([0.03, 0.05]),
        "ratio": np.array(0.45),
        "shock_factor": FACTOR,
        "degrees_of_freedom": np.array(6.0),
        "last_shock": np.array([0.1, -0.05]),
    }
    rows |= {name: np.asarray(value) for name, value in changes.items()}
    return {name: np.repeat(value[..., None], n_draws, axis=-1) for name, value in rows.items()}


def _shocks(n_periods: int, n_draws: int = N_DRAWS, freedom: float | None = None) -> tuple[Array, Array]:
    """Normals, and tails that leave them normal unless degrees of freedom are given."""
    rng = np.random.default_rng(5)
    normals = rng.standard_normal((n_periods, 2, n_draws))
    shape = (n_periods, n_draws)
    return normals, np.full(shape, 3.0) if freedom is None else rng.standard_gamma(freedom / 2, shape)


def _log_flows(n_periods: int, **changes: Array | float) -> Array:
    flows = baseline_flows(_rows(**changes), HISTORY, FIRST, *_shocks(n_periods))
    return np.log(np.stack(flows, axis=1))


def test_one_step_ahead_is_the_normal_distribution_of_the_equation() -> None:
    path = _log_flows(1)[0]
    rows = _rows(1)
    gap = HISTORY[-1, 0] - HISTORY[-1, 1] - 0.45
    growth = rows["drift"] + rows["season"][FIRST % 4] + np.array([[-0.03], [0.05]]) * gap
    mean = HISTORY[-1][:, None] + growth + BROUGHT @ rows["last_shock"]
    sd = np.sqrt((FACTOR @ FACTOR.T).diagonal())
    assert path.mean(axis=1) == pytest.approx(mean[:, 0], abs=SIGMAS * sd.max() / N_DRAWS**0.5)
    assert path.std(axis=1) == pytest.approx(sd, rel=SIGMAS / (2 * N_DRAWS) ** 0.5)
    scale = SIGMAS * sd.prod() / N_DRAWS**0.5
    assert np.cov(path)[0, 1] == pytest.approx((FACTOR @ FACTOR.T)[0, 1], abs=1.2 * scale)


@pytest.mark.parametrize("n_periods", [2, 8, 38])
def test_variance_some_quarters_ahead_follows_the_companion_form(n_periods: int) -> None:
    """State (y, e): y' = A y + e' + M e, with A from the adjustment and M the moving averages."""
    pull = np.array([-0.03, 0.05])
    move = np.eye(2) + np.outer(pull, [1.0, -1.0])
    transition = np.block([[move, BROUGHT], [np.zeros((2, 4))]])
    entry = np.vstack([FACTOR, FACTOR])
    variance = np.zeros((4, 4))
    for _ in range(n_periods):
        variance = transition @ variance @ transition.T + entry @ entry.T
    found = _log_flows(n_periods)[-1].var(axis=1)
    assert found == pytest.approx(variance.diagonal()[:2], rel=SIGMAS * (2 / N_DRAWS) ** 0.5)


def test_what_both_flows_share_stays_and_what_parts_them_is_taken_back() -> None:
    """One shock at the origin, then none: with moving averages 0 and -1 only the mean of both is left of it."""
    quiet = {"season": np.zeros((4, 2)), "shock_factor": np.zeros((2, 2)), "adjustment": np.zeros(2)}
    before = _log_flows(8, **quiet, moving_average=np.array([0.0, 0.0]), last_shock=np.array([0.3, 0.1]))
    after = _log_flows(8, **quiet, moving_average=np.array([0.0, -1.0]), last_shock=np.array([0.3, 0.1]))
    assert (after - before)[:, 0] == pytest.approx(-0.1)
    assert (after - before)[:, 1] == pytest.approx(0.1)
    assert before.mean(axis=1) == pytest.approx(after.mean(axis=1))


def test_shocks_are_recovered_from_the_flows_they_made() -> None:
    rows, (normals, tail) = _rows(50), _shocks(12, 50, freedom=6.0)
    flows = np.log(np.stack(baseline_flows(rows | {"last_shock": np.zeros((2, 50))}, HISTORY, FIRST, normals, tail)))
    made = student_shocks(rows, normals, tail)
    for draw in range(50):
        one = {name: values[..., draw : draw + 1] for name, values in rows.items()}
        history = np.vstack([HISTORY[-1], flows[:, :, draw].T])
        assert baseline_shocks(one, history, FIRST)[..., 0] == pytest.approx(made[..., draw], abs=1e-12)


def test_the_ratio_of_the_flows_settles_at_its_equilibrium() -> None:
    quiet = {
        "drift": np.array(0.01),
        "season": np.zeros((4, 2)),
        "shock_factor": np.zeros((2, 2)),
        "last_shock": np.zeros(2),
    }
    path = _log_flows(400, **quiet)[-1]
    assert path[0] - path[1] == pytest.approx(0.45, abs=1e-9)


def test_shocks_have_the_variance_and_the_joint_tail_of_student_t() -> None:
    freedom = 12.0
    normals, tail = _shocks(40, freedom=freedom)
    shocks = student_shocks(_rows(degrees_of_freedom=freedom), normals, tail)
    whitened = np.linalg.solve(FACTOR, shocks.transpose(1, 0, 2).reshape(2, -1))
    variance = freedom / (freedom - 2)
    kurtosis = 3 + 6 / (freedom - 4)
    n = whitened.shape[1]
    assert whitened.var(axis=1) == pytest.approx([variance] * 2, rel=SIGMAS * ((kurtosis - 1) / n) ** 0.5)
    together = (freedom**2) / ((freedom - 2) * (freedom - 4))  # E[z1² z2²], variance² were the two independent
    products = (whitened**2).prod(axis=0)
    assert products.mean() == pytest.approx(together, abs=SIGMAS * products.std() / n**0.5)


def test_simulation_leaves_what_it_is_given_as_it_was() -> None:
    rows, (normals, tail) = _rows(10), _shocks(6, 10)
    given = [*rows.values(), normals, tail, HISTORY]
    before = [values.copy() for values in given]
    first = baseline_flows(rows, HISTORY, FIRST, normals, tail)
    again = baseline_flows(rows, HISTORY, FIRST, normals, tail)
    assert np.array_equal(first, again)
    assert all(np.array_equal(values, kept) for values, kept in zip(given, before, strict=True))


def test_bridge_starts_at_its_state_and_reverts_to_its_drifting_mean() -> None:
    mean, drift = np.array([-0.02, 0.08]), np.array([0.004, -0.006])
    persistence, state = np.array([0.4, 0.8]), np.array([0.15, 0.02])
    rows = {"mean": mean, "drift": drift, "persistence": persistence, "state": state, "shock_factor": FACTOR / 3}
    by_draw = {name: np.repeat(value[..., None], N_DRAWS, axis=-1) for name, value in rows.items()}
    by_draw["degrees_of_freedom"] = np.full(N_DRAWS, 6.0)
    path = np.log(bridge_ratios(by_draw, *_shocks(9)))
    years = np.arange(10)[:, None]
    expected = mean + drift * years + persistence**years * (state - mean)
    shock = np.sqrt(((FACTOR / 3) @ (FACTOR / 3).T).diagonal())
    sd = shock * np.sqrt((1 - persistence ** (2 * years)) / (1 - persistence**2))
    assert path[0] == pytest.approx(np.repeat(state[:, None], N_DRAWS, axis=1), abs=1e-12)
    assert path.mean(axis=-1) == pytest.approx(expected, abs=SIGMAS * sd.max() / N_DRAWS**0.5)
    assert path.std(axis=-1) == pytest.approx(sd, rel=SIGMAS / (2 * N_DRAWS) ** 0.5, abs=1e-12)


def _length(shocks: Array, factor: Array) -> Array:
    """Length of shocks in units of their scale, `(n_periods, n_draws)`."""
    return np.linalg.norm(np.linalg.solve(factor, shocks.swapaxes(0, 1).reshape(len(factor), -1)), axis=0)


def test_shocks_end_at_a_length_and_those_below_keep_their_bits() -> None:
    freedom = 2.3
    rows, (normals, tail) = _rows(degrees_of_freedom=freedom), _shocks(40, freedom=freedom)
    tail[0, :5] = 1e-30  # what a Student t does once in a very long time
    shocks = student_shocks(rows, normals, tail)
    free = np.einsum("rcd,pcd->prd", rows["shock_factor"], normals) * np.sqrt(0.5 * freedom / tail)[:, None]
    length, unbounded = _length(shocks, FACTOR), _length(free, FACTOR)
    assert length == pytest.approx(np.minimum(unbounded, LARGEST_SHOCK))
    assert (unbounded > LARGEST_SHOCK).sum() > 100
    turned = (shocks * free).sum(axis=1) / np.sqrt((shocks**2).sum(axis=1) * (free**2).sum(axis=1))
    assert turned == pytest.approx(1.0)  # a shock cut short keeps its direction
    within = (unbounded < LARGEST_SHOCK).reshape(tail.shape)
    np.testing.assert_allclose(shocks.swapaxes(0, 1)[:, within], free.swapaxes(0, 1)[:, within], rtol=1e-12)


def test_no_tail_parts_the_books_or_carries_trade_and_drivers_away() -> None:
    """300,000 draws with the heaviest tails: the bridge strays by what bounded shocks can add up to, at most."""
    rng = np.random.default_rng(8)
    n_draws, persistence, factor = 300_000, np.array([0.5, 0.7]), FACTOR / 3
    rows = {
        "mean": np.zeros(2),
        "drift": np.zeros(2),
        "persistence": persistence,
        "state": np.zeros(2),
        "shock_factor": factor,
        "degrees_of_freedom": np.array(2.3),
    }
    by_draw = {name: np.repeat(value[..., None], n_draws, axis=-1) for name, value in rows.items()}
    tail = rng.standard_gamma(2.3 / 2, (9, n_draws))
    tail[4, :10] = 1e-20
    path = np.log(bridge_ratios(by_draw, rng.standard_normal((9, 2, n_draws)), tail))
    largest = LARGEST_SHOCK * np.sqrt((factor**2).sum(axis=1))
    assert (np.abs(path).max(axis=(0, 2)) <= largest / (1 - persistence)).all()

    drivers = {"drift": np.zeros(3), "moving_average": np.zeros(3), "carried": np.zeros(3)}
    drivers |= {"shock_factor": np.diag([0.005, 0.03, 0.12]), "degrees_of_freedom": np.array(4.0)}
    one = {name: value[..., None] for name, value in drivers.items()}
    growth = driver_growth(one, np.ones((2, 3, 1)), np.full((2, 1), 1e-20))
    assert growth[..., 0] == pytest.approx(np.tile(LARGEST_SHOCK / 3**0.5 * np.array([0.005, 0.03, 0.12]), (2, 1)))

    flows = baseline_flows(_rows(4), HISTORY, FIRST, np.ones((1, 2, 4)), np.full((1, 4), 1e-20))
    farthest = LARGEST_SHOCK * np.abs(FACTOR).sum(axis=1).max() + 0.5
    assert np.abs(np.log(flows)[:, 0, 0] - HISTORY[-1]).max() < farthest
