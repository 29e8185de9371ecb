"""Years that begin before the origin or after it, in whichever quarter it lies; blocks and tasks of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plans import EXPORTS, IMPORTS, ORIGIN, bought, group, machinery, on, plan, policies, project
from plans import duty as tariff
from scipy import stats

from forecast.dims import Array
from forecast.engine import simulate as engine
from forecast.engine.annual import (
    Contribution,
    annual_means,
    annual_news,
    annual_sums,
    contribution,
    in_quarters,
    quarters_before,
)
from forecast.engine.block import simulated_flows
from forecast.engine.plan import Plan
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, block_streams, empty_statistics, simulate
from forecast.stats.streams import Streams

ORIGINS = range(ORIGIN, ORIGIN + 5)
"""2025Q4 to 2026Q4."""


def from_origin(origin: int, *groups: object, **changes: object) -> Plan:
    """Results to the end of 2028, from an origin at the end of 2025 or in 2026, with what was observed of its year."""
    seen = (origin + 1) % 4
    observed = np.array([EXPORTS, IMPORTS]) * seen
    return plan(*groups, origin=origin, n_periods=ORIGIN + 12 - origin, observed=observed, **changes)  # type: ignore[arg-type]


def series(made: Plan) -> dict[str, Array]:
    return {
        name: row[:, 0] for name, row in zip(made.series, simulated_flows(made, Streams(0, 0, 2)).annual, strict=True)
    }


@pytest.mark.parametrize("origin", ORIGINS)
def test_sums_and_means_of_years(origin: int) -> None:
    made = from_origin(origin)
    left = 4 - (origin + 1) % 4  # quarters of the first year after the origin
    years = 3 if origin < ORIGIN + 4 else 2
    assert made.years == tuple(range(2029 - years, 2029))
    flow = np.arange(1.0, made.n_periods + 1)[:, None]
    ends = np.cumsum([left] + [4] * (years - 1))
    sums = [flow[end - n : end].sum() for end, n in zip(ends, [left] + [4] * (years - 1), strict=True)]
    assert annual_sums(made, flow).ravel().tolist() == pytest.approx(sums)
    assert annual_means(made, flow).ravel().tolist() == pytest.approx(np.array(sums) / 4)
    with_origin = np.vstack([[[7.0]], flow])
    beyond = np.array(sums) - 7.0 * np.array([left] + [4] * (years - 1))
    assert annual_news(made, with_origin).ravel().tolist() == pytest.approx(beyond)
    assert quarters_before(made) == (0 if left == 4 else 3 - left)
    before = np.full((quarters_before(made), 1), 0.5)
    found = contribution(made, with_origin, before)
    seen = 0.0 if left == 4 else 7.0 + before.sum()
    assert found.annual[0, :, 0].tolist() == pytest.approx([sums[0] + seen, *sums[1:]])
    assert found.annual[1, :, 0].tolist() == pytest.approx(beyond)
    assert found.near[:, 0].tolist() == pytest.approx((flow[:8, 0] - 7.0).tolist())
    place = [0] * left + [1] * 4 + [2] * 4
    by_year = np.arange(10.0, 10.0 + years)[:, None]
    n_quarters = min(9, made.n_periods)
    assert in_quarters(made, by_year, n_quarters)[:, 0].tolist() == [10.0 + year for year in place[:n_quarters]]


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_factor_of_years_on_a_flow(origin: int) -> None:
    made = from_origin(origin)
    years, near = len(made.years), min(8, made.n_periods)
    rng = np.random.default_rng(origin)
    flow = Contribution(rng.normal(size=(2, years, 3)), rng.normal(size=(near, 3)))
    factor = rng.uniform(0.5, 1.5, (years, 3))
    year_of = np.array([(origin + 1 + ahead) // 4 - (origin + 1) // 4 for ahead in range(near)])
    times, both = flow.times(made, factor), flow + flow
    np.testing.assert_allclose(times.annual, flow.annual * factor)
    np.testing.assert_allclose(times.near, flow.near * factor[year_of])
    np.testing.assert_allclose(both.annual, 2 * flow.annual)
    np.testing.assert_allclose(both.near, 2 * flow.near)


@pytest.mark.parametrize("origin", ORIGINS)
def test_all_of_a_flow_pays_a_duty_and_what_flowed_at_the_origin_pays_in_the_baseline(origin: int) -> None:
    made = from_origin(origin)
    rng = np.random.default_rng(origin)
    flow = rng.uniform(1.0, 2.0, made.n_periods + 1)
    factor = np.append(1.0, rng.uniform(0.5, 1.5, made.n_periods))
    before = rng.uniform(1.0, 2.0, quarters_before(made))
    found = contribution(made, flow[:, None], before[:, None], factor[:, None])
    effect, beyond = np.zeros(len(made.years)), np.zeros(len(made.years))
    for ahead in range(1, made.n_periods + 1):
        place = made.years.index((origin + ahead) // 4)
        effect[place] += factor[ahead] * flow[ahead]
        beyond[place] += factor[ahead] * (flow[ahead] - flow[0])
    if origin // 4 == made.years[0]:  # quarters of the first year that are over paid what was paid then
        effect[0] += before.sum() + flow[0]
    assert found.annual[0, :, 0].tolist() == pytest.approx(effect.tolist())
    assert found.annual[1, :, 0].tolist() == pytest.approx(beyond.tolist())
    near = [factor[ahead] * (flow[ahead] - flow[0]) for ahead in range(1, min(8, made.n_periods) + 1)]
    assert found.near[:, 0].tolist() == pytest.approx(near)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_plant_built_in_2026_has_its_whole_effect_wherever_the_origin_lies(origin: int) -> None:
    """1.2 bn of machines along a smoothstep over the year; from 2027 on 1.8 bn of output a quarter, at once."""
    made = from_origin(origin, group(project("A", ramp_quarters=1e-9)), machinery=machinery())
    orders = 1.2 * np.diff(stats.beta(2, 2).cdf(np.linspace(0, 1, 5)))
    quarters = np.concatenate([[0.0], orders, np.zeros(8)])  # from 2025Q4 on
    output = np.concatenate([np.zeros(5), np.full(8, 1.8)])
    found, at = series(made), origin - ORIGIN
    for name, flow in (("capital_goods", quarters), ("intermediates", 0.21 * output), ("displacement", -0.25 * output)):
        whole, beyond = [], []
        for year in made.years:
            rows = [4 * (year - 2026) + 1 + quarter for quarter in range(4)]
            whole.append(flow[rows].sum())
            beyond.append(sum(flow[row] - flow[at] for row in rows if row > at))
        assert found[f"effect_{name}"].tolist() == pytest.approx(whole, abs=1e-12), name
        assert found[f"news_{name}"].tolist() == pytest.approx(beyond, abs=1e-12), name
    still = series(from_origin(origin))
    assert still["exports"].tolist() == pytest.approx([4 * EXPORTS] * len(made.years))
    assert still["trade_balance"].tolist() == pytest.approx([4 * (EXPORTS - IMPORTS)] * len(made.years))


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_duty_and_a_commitment_act_on_the_quarters_after_the_origin(origin: int) -> None:
    """25 in place of 15 % from 2027 on, on half of exports; 2 bn a year bought from the middle of 2027 on."""
    policy = policies(
        on(tariff(0.25, start=ORIGIN + 5.0), first=origin),
        bought(2.0, total=False, start=ORIGIN + 7.0, until=ORIGIN + 100.0),
    )
    found = series(from_origin(origin, policy=policy))
    lost = 0.5 * EXPORTS * ((1.15 / 1.25) ** 2 - 1)
    years = {2026: 0.0, 2027: 4 * lost, 2028: 4 * lost}
    if origin < ORIGIN + 4:
        assert found["tariffs"].tolist() == pytest.approx([*years.values()], abs=1e-9)
        assert found["import_commitments"].tolist() == pytest.approx([0.0, -1.0, -2.0], abs=1e-9)
    else:
        assert found["tariffs"].tolist() == pytest.approx([4 * lost] * 2)
        assert found["import_commitments"].tolist() == pytest.approx([-1.0, -2.0])


def test_blocks_and_tasks_share_out_all_draws() -> None:
    run = alone(replace(plan(n_years=1), block_size=100))
    for n_draws, sizes in ((1, [1]), (100, [100]), (101, [100, 1]), (2_150, [100] * 21 + [50])):
        streams = block_streams(run, Settings(n_draws, seed=3))
        assert [block.n_draws for block in streams] == sizes
        assert [(block.seed, block.block) for block in streams] == [(3, place) for place in range(len(sizes))]
        tasks = engine._tasks(run, Settings(n_draws))
        assert [len(task) for task in tasks] == [
            *[10] * (len(sizes) // 10),
            *([len(sizes) % 10] if len(sizes) % 10 else []),
        ]
    assert empty_statistics(run, Settings(200_000)).keep
    assert not empty_statistics(run, Settings(200_001)).keep
    assert [len(task) for task in engine._tasks(run, Settings(200_100))] == [20] * 100 + [1]


def test_a_run_goes_on_after_the_tasks_it_has() -> None:
    run = alone(replace(plan(n_years=1), block_size=50))
    told: list[int] = []
    whole = simulate(run, Settings(1_230), progress=told.append)
    assert sum(told) == 1_230
    assert whole.n_draws == 1_230
    parts: list[int] = []
    first = empty_statistics(run, Settings(1_230))
    for done in engine._statistics_of_tasks(run, True, engine._tasks(run, Settings(1_230))[:2], 1, lambda n: None):
        first.merge(done)
    assert first.n_draws == 1_000
    rest = simulate(run, Settings(1_230), begun=first, folded=lambda statistics: parts.append(statistics.n_draws))
    assert parts == [1_230]
    np.testing.assert_array_equal(rest.annual.draws(), whole.annual.draws())
