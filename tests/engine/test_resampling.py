"""What is drawn again or held, who goes ahead, who follows which branch, and what a run costs: by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plans import LOCALIZATION, ORIGIN, REALISATION, group, plan, project, uncertain_plan
from plans import registered as with_registry
from scipy import stats

from forecast.dims import Array
from forecast.engine import resampling, simulate
from forecast.engine.announcements import Announcements
from forecast.engine.block import block_inputs, flows_of, simulated_flows
from forecast.engine.compile import compile_run
from forecast.engine.inputs import Stated
from forecast.engine.plan import Tie
from forecast.engine.resampling import Resampled, SourceAnalysis
from forecast.engine.run_plan import RunPlan, alone
from forecast.engine.sourcing import Purchasing
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.localization import Localization
from forecast.scenario.mixture import load_any
from forecast.stats.distributions import Constant, Uniform
from forecast.stats.quantiles import N_BINS
from forecast.stats.streams import Streams
from forecast.storage.documents import scenario_path

LOGISTIC = Localization("logistic", local=Constant(0.6), at=ORIGIN + 8.0, speed=Constant(12.0))


def test_what_is_drawn_again_is_read_at_another_address_and_what_is_held_is_one_number() -> None:
    plain = Streams(4, 2, 6)
    again = Resampled(4, 2, 6, again=frozenset({"a"}), held=frozenset({"b"}))
    np.testing.assert_array_equal(again.uniforms("a"), plain.uniforms("again.a"))
    np.testing.assert_array_equal(again.normals("a", 3), plain.normals("again.a", 3))
    np.testing.assert_array_equal(again.uniforms("c", 2), plain.uniforms("c", 2))
    first = Streams(4, 2, 1)
    np.testing.assert_array_equal(again.uniforms("b"), np.repeat(first.uniforms("b"), 6))
    np.testing.assert_array_equal(again.normals("b", 3), np.repeat(first.normals("b", 3), 6, axis=1))


@pytest.mark.parametrize("shape", [0.6, 1.3, 4.0])
def test_gammas_of_a_budget_are_gammas(shape: float) -> None:
    found = Resampled(1, 0, 3_000).gammas("g", np.full(3_000, shape), 2)
    assert stats.kstest(found.ravel(), stats.gamma(shape).cdf).pvalue > 1e-3
    other = Resampled(1, 0, 3_000).gammas("g", np.full(3_000, 1.01 * shape), 2)
    assert np.corrcoef(found.ravel(), other.ravel())[0, 1] > 0.99  # the same proposals, whatever the shape


def test_a_gamma_by_the_method_of_marsaglia_and_tsang() -> None:
    """Marsaglia and Tsang (2000), ACM Transactions on Mathematical Software 26: 363-372, for shape + 1."""
    shape, size = np.tile([0.5, 2.0, 7.0], 50), (20, 150)
    found = resampling._gammas(np.random.default_rng(2), shape, size)
    rng = np.random.default_rng(2)
    back = rng.random(size)
    expected = np.full(size, np.nan)
    while np.isnan(expected).any():
        normals, uniforms = rng.standard_normal(size), rng.random(size)
        for cell in np.ndindex(size):
            d = shape[cell[1]] + 1 - 1 / 3
            x, u = normals[cell], uniforms[cell]
            v = (1 + x / (9 * d) ** 0.5) ** 3
            if np.isnan(expected[cell]) and v > 0 and np.log(u) < x * x / 2 + d - d * v + d * np.log(v):
                expected[cell] = d * v * back[cell] ** (1 / shape[cell[1]])
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def analysis(**changes: object) -> SourceAnalysis:
    plants = group(project("A", amount=Uniform(4, 8)), displacement_rate=Uniform(0.0, 0.5))
    return SourceAnalysis(alone(uncertain_plan(groups=(plants,), block_size=40, **changes)), 3, 0)


def test_shares_of_a_variance_by_their_definition() -> None:
    """Azzini, Mara and Rosati (2021) for the first order, Jansen (1999) for the total, from runs made one by one."""
    made = analysis()
    made = replace(made, plan=registered(made.plan))
    found = made.effects(3)
    every = [item.stream for item in made.plan.inputs]
    by_source = {source: {item.stream for item in made.plan.inputs if item.source == source} for source in made.sources}
    assert len(by_source) > 2

    def outcome(again: set[str]) -> Array:
        blocks = [Resampled(3, block, 40, again=frozenset(again)) for block in range(3)]
        return np.concatenate([flows_of(made.plan, streams).annual[0] for streams in blocks], axis=-1)

    a, b = outcome(set()), outcome(set(every))
    moved = {source: outcome(streams) for source, streams in by_source.items()}
    kept = {source: outcome(set(every) - streams) for source, streams in by_source.items()}
    spread = np.mean([(moved[s] - kept[s]) ** 2 for s in by_source], axis=0)
    variance = (((a - b) ** 2 + spread) / 4).mean(axis=-1)
    for row, source in enumerate(made.sources):
        first = ((kept[source] - b) * (a - moved[source]) / 2).mean(axis=-1)
        total = (((a - moved[source]) ** 2 + (b - kept[source]) ** 2) / 4).mean(axis=-1)
        np.testing.assert_allclose(found.first.value[row], first / variance)
        np.testing.assert_allclose(found.total.value[row], total / variance)
    np.testing.assert_allclose(found.interactions.value, 1 - found.first.value.sum(axis=0))


def registered(run: RunPlan) -> RunPlan:
    return alone(with_registry(run.plans[0]))


def test_narrowing_by_its_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held at two values in each of three blocks, one after the other."""
    for name, value in {"N_KNOWN": 6, "KNOWN_TOGETHER": 2, "KNOWN_DRAWS": 50}.items():
        monkeypatch.setattr(resampling, name, value)
    told: list[float] = []
    made = analysis()
    made = replace(made, plan=registered(made.plan), progress=told.append)
    found = made.narrowing(1)

    def widths(held: frozenset[str]) -> Array:
        blocks = [Resampled(3, block, 100, held=held, n_held=2) for block in range(3)]
        outcomes = [flows_of(made.plan, streams).annual[0, 1] for streams in blocks]
        parts = [part for outcome in outcomes for part in np.split(outcome, 2)]
        return np.array([np.subtract(*np.quantile(part, (0.9, 0.1))) for part in parts])

    for row, source in enumerate(made.sources):
        own = frozenset(item.stream for item in made.plan.inputs if item.source == source)
        narrower = widths(frozenset()) - widths(own)
        assert found.value[row] == pytest.approx(narrower.mean())
        assert found.error[row] == pytest.approx(narrower.std(ddof=1) / 6**0.5)
    assert sum(told) == pytest.approx(100)


def test_a_source_is_held_at_a_hundred_values_with_four_hundred_draws_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Resampled] = []

    def drawn(_: RunPlan, __: int, sets: list[Resampled]) -> list[Array]:
        asked.extend(sets)
        return [np.zeros((4, streams.n_draws)) for streams in sets]

    monkeypatch.setattr(resampling, "_outcomes_of_block", drawn)
    made = analysis()
    made.narrowing(0)
    assert len(asked) == 20 * (1 + len(made.sources))
    assert {(streams.n_draws, streams.n_held) for streams in asked} == {(2_000, 5)}
    assert {streams.block for streams in asked} == set(range(20))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["announced-dependent", "deal", "tariff-regimes", "localize-all", "tariffs-25-term"])
def test_what_a_set_of_sources_leaves_as_it_is_is_what_it_would_be_anew(name: str) -> None:
    """Every set of a block by itself, with nothing drawn or worked out before, to the last bit."""
    world = load_any(scenario_path(name))
    plan = compile_run(world, load_posterior(), vintage(world.as_of))
    series = plan.series.index("trade_balance")
    alone = SourceAnalysis(plan, 5, series)._streams_by_source()
    every = frozenset[str]().union(*alone)
    sets = [{"again": names} for names in (frozenset(), every, *alone, *(every - one for one in alone))]
    sets += [{"held": names, "n_held": 5} for names in alone]
    together = resampling._outcomes_of_block(plan, series, [Resampled(5, 3, 40, **one) for one in sets])
    for one, outcome in zip(sets, together, strict=True):
        np.testing.assert_array_equal(outcome, flows_of(plan, Resampled(5, 3, 40, **one)).annual[series])


def test_sources_that_correlated_inputs_have_in_common() -> None:
    amount, rate = "investments.A.amount", "investments.A.displacement_rate"
    made = analysis()
    inputs = registered(made.plan).inputs
    sources = {item.stream: item.source for item in inputs}
    other = next(stream for stream in sources if stream.startswith(("displacement", "own")) or "displacement" in stream)
    assert amount in sources
    assert rate not in sources or sources[rate] != sources[amount]
    mixes = {amount: ((amount, 1.0),), other: ((amount, 0.6), (other, 0.8))}
    mixed = replace(made, plan=registered(alone(replace(made.plan.plans[0], mixes=mixes))))
    assert mixed.correlated
    assert mixed.in_common == ((sources[amount], sources[other]),)
    assert not replace(made, plan=registered(made.plan)).correlated


def test_ties_decide_who_goes_ahead() -> None:
    """Uniforms of the own streams below the chance; what another does is that other's draw."""
    a = project("A", probability=0.6)
    b = replace(project("B", probability=0.7), tie=Tie(excludes=("A",)))
    c = replace(project("C", probability=0.8), tie=Tie(requires=("B",)))
    d = replace(project("D", probability=0.1), tie=Tie(same_as="A"))
    made = plan(group(a, b, c, d))
    streams = Streams(5, 0, 500)
    announcements = Announcements(made, block_inputs(made, streams))
    happens = {n: streams.uniforms(f"investments.{n}.realised") < p for n, p in (("A", 0.6), ("B", 0.7), ("C", 0.8))}
    alone_b = happens["B"] & ~happens["A"]
    for one, expected in ((a, happens["A"]), (b, alone_b), (c, happens["C"] & alone_b), (d, happens["A"])):
        np.testing.assert_array_equal(announcements.realised(one, ORIGIN + 5.0), expected)
    assert [other.id for other in announcements.behind(c)] == ["B", "A"]
    assert [other.id for other in announcements.behind(a)] == []
    assert announcements.chance("A") == pytest.approx(0.6)


def test_a_learned_chance_is_that_of_the_years_still_to_wait() -> None:
    hazards = REALISATION | {"hazard": np.array([[0.2]])}
    one = replace(project("A", production=ORIGIN + 9.0), probability=None, outlook=0)
    two = replace(one, production_start=Stated("x", Constant(ORIGIN + 5.0)))
    made = plan(group(one, two))
    made = replace(made, rows={**made.rows, "realisation": hazards})
    announcements = Announcements(made, block_inputs(made, Streams(0, 0, 4)))
    assert announcements.chance("A") == pytest.approx(np.exp(-0.2 * 1.0))  # of the phase that waits a year, not two
    announced = replace(one, announced=ORIGIN + 5.0)
    made = replace(made, groups=(group(announced),))
    assert Announcements(made, block_inputs(made, Streams(0, 0, 4))).chance("A") == pytest.approx(np.exp(-0.2 * 1.0))


def test_each_draw_of_a_mixture_is_that_of_the_branch_it_follows() -> None:
    plans = plan(group(project("A"))), plan(), plan(group(project("A", amount=12.0)))
    weights = tuple(
        Stated(f"mixture.{name}", Constant(weight)) for name, weight in zip("abc", (0.5, 0.2, 0.3), strict=True)
    )
    run = RunPlan(("a", "b", "c"), weights, plans)
    streams = Streams(2, 1, 300)
    found = flows_of(run, streams)
    level = streams.uniforms("mixture.branch")
    branch = np.where(level <= 0.5, 0, np.where(level <= 0.7, 1, 2))
    assert found.branch is not None
    np.testing.assert_array_equal(found.branch, branch)
    for index, one in enumerate(plans):
        flows, follow = simulated_flows(one, streams), branch == index
        np.testing.assert_array_equal(found.annual[..., follow], flows.annual[..., follow])
        np.testing.assert_array_equal(found.quarterly[..., follow], flows.quarterly[..., follow])
    assert (run.basis, run.origin, run.record) == ("us_census", ORIGIN, 65.7)


def test_the_composition_of_all_purchases_sums_to_one_and_starts_as_learned() -> None:
    made = plan(path=LOGISTIC)
    learned = {name: np.repeat(values.T, 3, axis=1) for name, values in LOCALIZATION.items()}
    shares = Purchasing(made, block_inputs(made, Streams(0, 0, 3)), learned).composition()
    np.testing.assert_allclose(sum(shares), 1.0)
    np.testing.assert_allclose([share[0] for share in shares], np.repeat([[0.59], [0.32], [0.09]], 3, axis=1))
    local = shares[1][-1, 0]
    way = np.log(local / (1 - local)) - np.log(0.32 / 0.68), np.log(0.6 / 0.4) - np.log(0.32 / 0.68)
    curve = [1 / (1 + np.exp(-(at - 8.0) / 12.0)) for at in (0.0, 16.0)]
    assert way[0] / way[1] == pytest.approx((curve[1] - curve[0]) / (1 - curve[0]))
    np.testing.assert_allclose(shares[0] / shares[2], 0.59 / 0.09)


@pytest.mark.parametrize(("n_draws", "cores"), [(1_000, 4), (60_000, 4), (150_000, 3), (250_000, 8)])
def test_the_cost_that_is_expected_of_a_run(monkeypatch: pytest.MonkeyPatch, n_draws: int, cores: int) -> None:
    """A block of 2,000 draws at 3 s and 50 MB, in a process of 100 MB; workers from 100,000 draws on."""
    made = alone(plan(n_years=4))
    pilots: list[int] = []

    def timed(_: RunPlan, settings: simulate.Settings) -> float:
        pilots.append(settings.n_draws)
        return 3.0 * settings.n_draws / 2_000

    monkeypatch.setattr(simulate, "_timed", timed)
    monkeypatch.setattr(simulate, "_peak", lambda _, settings: 50e6 * settings.n_draws / 2_000)
    monkeypatch.setattr(simulate, "_resident", lambda: 100e6)
    monkeypatch.setattr(simulate.os, "cpu_count", lambda: cores)
    found = simulate.expected_cost(made, n_draws)
    kept = n_draws <= 200_000
    size = 4 * (len(made.series) * 4 + 3 * 8)  # bytes of a draw in single precision, or of a bin: years and quarters
    per_task = 20_000 if kept else 40_000
    tasks = -(-n_draws // per_task)
    workers = min(cores, tasks) if tasks >= 5 else 1
    assert pilots == [min(n_draws, 2_000)] * 2
    assert (found.n_draws, found.pilot_draws, found.n_workers) == (n_draws, min(n_draws, 2_000), workers)
    waited = 100_000 if workers > 1 else 0  # draws that one process makes while workers start
    assert found.seconds == pytest.approx(3.0 / 2_000 * (n_draws / workers + waited))
    held = 3 * n_draws * size if kept else 2 * N_BINS * size  # draws, or two histograms
    assert found.megabytes == pytest.approx((100e6 + 50e6 + held) / 1e6)
    further = (100e6 + 50e6 + 2 * (20_000 if kept else N_BINS) * size) / 1e6 if workers > 1 else 0
    assert found.worker_megabytes == pytest.approx(further)


def test_what_a_process_has_held_is_at_least_what_it_holds_now() -> None:
    held = np.ones(4_000_000)
    assert simulate._resident() > held.nbytes
    assert simulate._resident() < 64e9
    peak = simulate._peak(alone(plan()), simulate.Settings(200))
    assert 1e4 < peak < 1e9
