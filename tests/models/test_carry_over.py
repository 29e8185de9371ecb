"""What the last month of a quarter says of the next one: by hand, on a walk of known answer, and in a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan
from forecast.models.carry_over import carry_over_evidence
from forecast.models.posterior import load_posterior
from forecast.observations.series import QuarterlyTrade
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.stats.streams import Streams

SCENARIOS = Path(__file__).parents[2] / "scenarios"
MONTHS = 3 * 400
NONE = np.empty(0)


def traded(log_exports: np.ndarray, log_imports: np.ndarray) -> QuarterlyTrade:
    """Trade of some months from the first quarter of 1900 on."""
    months = np.exp(np.stack([log_exports, log_imports])).reshape(2, -1, 3)
    quarters = months.sum(axis=2)
    return QuarterlyTrade(7600, "made", quarters[0], quarters[1], NONE, NONE, months[..., -1].T)


def test_seasons_and_a_steady_pace_are_no_news() -> None:
    month = np.arange(120)
    steady = 0.01 * month + np.tile(np.random.default_rng(1).normal(size=12), 10)
    data = carry_over_evidence(traded(1.0 + steady, steady))
    for values in (data.growth, data.before, data.rise, data.last_rise):
        np.testing.assert_allclose(values, 0.0, atol=1e-12)


def test_a_month_above_its_quarter_is_a_rise_of_both_flows_or_parts_them() -> None:
    """One month of December above the others by a tenth, in exports alone."""
    level = np.zeros(120)
    level[-1] = np.log(1.1)
    data = carry_over_evidence(traded(level, np.zeros(120)))
    rise = np.log(3.3 / 3.1)
    weights = 0.5 ** (np.arange(0, 39, 4) / 16.0)  # of this quarter and of the fourth quarters before it
    np.testing.assert_allclose(data.last_rise, rise * (1 - 1 / weights.sum()) / 2**0.5)
    np.testing.assert_allclose(data.growth[:, -1], np.log(3.1 / 3) * (1 - 1 / weights.sum()) / 2**0.5)
    assert data.growth.shape == data.rise.shape == (2, 38)


@pytest.mark.slow
def test_a_level_that_walks_by_the_month_carries_its_last_month_over_whole() -> None:
    """Of a random walk the next quarter's mean is the last month and what comes: 1 + 4/9 + 1/9 variances of a month."""
    from forecast.models.fitting import posterior_rows  # PyMC takes seconds to import
    from forecast.models.processes import carry_over_task
    from forecast.models.sampling import Effort

    rng = np.random.default_rng(4)
    walk = (0.02 * rng.normal(size=MONTHS)).cumsum()
    noise = 0.03 * rng.normal(size=(2, MONTHS))
    data = carry_over_evidence(traded(walk + noise[0] - noise[1], walk - noise[0] + noise[1]))
    even = replace(data, weights=np.ones_like(data.weights))
    rows, _ = posterior_rows(carry_over_task(even), Effort(n_draws=500, seed=1, acceptance=0.95))
    mean, sd = (getattr(rows["carried"], name)(axis=0) for name in ("mean", "std"))
    assert abs(mean[0] - 1.0) < 3 * sd[0] < 0.5
    assert abs(rows["back"][:, 0].mean()) < 3 * rows["back"][:, 0].std()
    rest, error = (getattr(rows["shock_factor"][:, 0, 0], name)() for name in ("mean", "std"))
    assert rest == pytest.approx(0.02 * (2 * 14 / 9) ** 0.5, abs=3 * error)
    shared, parting = rows["carried"].T * data.last_rise[:, None]
    np.testing.assert_allclose(rows["shift"], np.stack([shared + parting, shared - parting], axis=1) / 2**0.5)
    slope = np.linalg.lstsq(data.before[0][:, None], data.rise[0], rcond=None)[0]
    own = np.median(np.abs(data.rise[0] - slope * data.before[0])) / 0.6745
    without = rows["shock_factor"][:, 0, 0] ** 2 + (rows["carried"][:, 0] * own) ** 2
    np.testing.assert_allclose(rows["kept"][:, 0], rows["shock_factor"][:, 0, 0] / without**0.5)


def test_a_run_that_knows_no_later_month_starts_from_the_last_one() -> None:
    """On 10 August 2026 the second quarter was out and July was not."""
    known, shipped = vintage("2026-08-10"), load_posterior()
    assert not len(known.trade.later_exports)
    groups = {name: rows for name, rows in shipped.groups.items() if name != "running"}
    plan = compile_plan(load_scenario(SCENARIOS / "baseline.yaml"), replace(shipped, groups=groups), known)
    assert {"posterior.running", "posterior.carry_over"} & {item.stream for item in plan.inputs} == {
        "posterior.carry_over"
    }
    still = {"shift": np.zeros((2, 1)), "kept": np.ones((2, 1))}
    flows = [
        np.log(simulated_flows(replace(plan, rows={**plan.rows, "carry_over": rows}), Streams(0, 0, 500)).quarterly[1:])
        for rows in (still, {**still, "shift": np.array([[0.03], [-0.02]])}, plan.rows["carry_over"])
    ]
    np.testing.assert_allclose((flows[1] - flows[0])[:, 0].T, [[0.03, -0.02]] * 500, rtol=1e-9)
    assert (flows[2][:, 0].std(axis=1) < flows[0][:, 0].std(axis=1)).all()
