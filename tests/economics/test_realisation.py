"""The fate of an announcement: priors as their notes say, the distributions of one plant, and the model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plans import ORIGIN, REALISATION, group, plan, project
from scipy import stats

from forecast.dims import Array
from forecast.economics.realisation import (
    LATE,
    PRIORS,
    combined,
    load_priors,
    outlook,
    prior_distributions,
    revision,
    slip,
    survival,
)
from forecast.economics.sectors import SECTORS
from forecast.engine.block import simulated_flows
from forecast.engine.plan import Plan, Project
from forecast.errors import DataError
from forecast.models.posterior import TRAILING
from forecast.observations.announcements import Outcome, outcomes
from forecast.stats.distributions import LogNormal
from forecast.stats.streams import Streams

DATA = Path(__file__).parents[2] / "forecast" / "data"
UNIFORMS = (np.arange(100_000) + 0.5) / 100_000


# Priors


def test_priors_follow_their_notes() -> None:
    distributions = prior_distributions()
    assert tuple(load_priors()) == PRIORS == tuple(distributions)
    assert 34 / (390 * 2.6) < distributions["hazard"].median < 2 * 34 / (390 * 2.6)
    assert distributions["late_odds"].median == pytest.approx(0.40 / 0.60, abs=1e-3)
    assert distributions["late_odds"].sigma == pytest.approx(math.sqrt(1 / (30 * 0.4 * 0.6)), abs=0.03)
    shape, scale = distributions["delay_shape"].median, distributions["delay_scale"].median
    late = LATE + stats.weibull_min(shape, scale=scale).ppf([0.5, 0.95])
    assert late == pytest.approx([2.5, 10.0], rel=0.1)
    assert distributions["revised_odds"].median == pytest.approx((1 / 3) / (2 / 3))
    odds = LogNormal(distributions["revised_odds"].median, distributions["revised_odds"].sigma).ppf(
        np.array([0.025, 0.975])
    )
    assert odds / (1 + odds) == pytest.approx([1 / 15, 3 / 4], rel=0.1)
    spread = distributions["revision_spread"].median
    assert np.exp([spread, -spread]) == pytest.approx([1.5, 2 / 3], abs=0.01)
    assert 2 * stats.norm.sf(math.log(2) / spread) == pytest.approx(1 / 12, rel=0.02)
    assert distributions["bought_spread"].median * spread == pytest.approx(0.5 * (2.1 - 2.0) / 2.05, rel=0.05)


def test_a_judgement_says_so() -> None:
    for prior in load_priors().values():
        assert (prior.grade == "judgement") == prior.note.startswith("Judgement")
        assert all(prior.sources)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "  late_odds:\n    law",
            "  late:\n    law",
            r"realisation: got no late_odds, expected hazard, late_odds",
        ),
        (
            "{distribution: lognormal, median: 0.05, sigma: 0.5}",
            "0.05",
            r"realisation\.hazard\.law: got Constant\(value=0\.05\), expected a lognormal distribution",
        ),
        ("sources: [e2]", "sources: [hearsay]", r"realisation\.hazard\.sources: got 'hearsay'"),
    ],
)
def test_broken_priors_are_refused_with_their_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    shipped = (DATA / "realisation.yaml").read_text(encoding="utf-8")
    assert old in shipped
    path = tmp_path / "realisation.yaml"
    path.write_text(shipped.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=rf"(?s)realisation\.yaml:\d+:\d+: {message}"):
        load_priors(path)


# The distributions of one plant


def test_a_plant_stands_less_surely_the_longer_it_waits() -> None:
    assert survival(np.array([0.0, 0.1]), 3.0) == pytest.approx([1.0, math.exp(-0.3)])
    assert survival(np.array([0.1]), np.array([-2.0])) == pytest.approx([1.0])


def test_slip_is_an_atom_at_zero_and_a_weibull_beyond_two_months() -> None:
    found = slip(UNIFORMS, np.full_like(UNIFORMS, 0.4), np.full_like(UNIFORMS, 0.8), np.full_like(UNIFORMS, 5.0))
    assert (found > 0).mean() == pytest.approx(0.4, abs=1e-5)
    distribution = stats.weibull_min(0.8, loc=LATE, scale=5.0)
    levels = np.array([0.01, 0.3, 0.6, 0.9])
    assert np.interp(0.6 + 0.4 * levels, UNIFORMS, found) == pytest.approx(distribution.ppf(levels), rel=1e-3)
    assert (np.diff(found) >= 0).all()


def test_a_certain_delay_is_weibulls_own() -> None:
    uniforms = np.array([0.1, 0.5, 0.99])
    found = slip(uniforms, np.ones(3), np.full(3, 0.7), np.full(3, 2.0))
    assert found == pytest.approx(stats.weibull_min(0.7, loc=LATE, scale=2.0).ppf(uniforms))


def test_a_sure_revision_is_lognormal_around_one() -> None:
    uniforms = np.array([0.05, 0.5, 0.95])
    assert revision(uniforms, np.ones(3), np.full(3, 0.3)) == pytest.approx(LogNormal(1.0, 0.3).ppf(uniforms))


def mixture_cdf(x: Array, revised: float, spread: float) -> Array:
    """Chance to be at most `x`, in closed form: a step at 1 between the halves of a lognormal distribution."""
    return np.asarray(revised * stats.lognorm(spread).cdf(x) + (1 - revised) * (x >= 1))


def test_quantiles_of_a_revision_invert_the_mixture_and_never_fall() -> None:
    found = revision(UNIFORMS, np.full_like(UNIFORMS, 0.3), np.full_like(UNIFORMS, 0.5))
    assert (np.diff(found) >= 0).all()
    apart = found != 1
    assert mixture_cdf(found[apart], 0.3, 0.5) == pytest.approx(UNIFORMS[apart], abs=1e-12)
    assert (np.abs(UNIFORMS[~apart] - 0.5) <= 0.35).all()
    ends = revision(np.array([1e-300, 1 - 2**-53]), np.full(2, 0.3), np.full(2, 0.5))
    assert np.isfinite(ends).all()
    assert (ends > 0).all()


def test_no_plant_is_built_at_more_than_ten_times_its_amount_or_less_than_a_tenth() -> None:
    """A spread of 1.2, which a few rows have, would make it 60 and 1/60 at these levels."""
    ends = revision(np.array([1e-4, 0.5, 1 - 1e-4]), np.full(3, 0.3), np.full(3, 1.2))
    assert ends == pytest.approx([0.1, 1.0, 10.0], rel=1e-12)
    assert LogNormal(1.0, 1.2).ppf(1 - 1e-4 / 0.3) > 50


def test_amounts_are_kept_exactly_as_often_as_said_and_revised_with_mean_and_spread_of_the_distribution() -> None:
    chance, spread = 0.3, 0.5
    found = revision(UNIFORMS, np.full_like(UNIFORMS, chance), np.full_like(UNIFORMS, spread))
    assert (found == 1).mean() == pytest.approx(1 - chance, abs=2 / len(UNIFORMS))
    distribution = stats.lognorm(spread)
    mean = 1 - chance + chance * distribution.mean()
    square = 1 - chance + chance * (distribution.var() + distribution.mean() ** 2)
    assert found.mean() == pytest.approx(mean, rel=1e-4)
    assert found.std() == pytest.approx(math.sqrt(square - mean**2), rel=1e-3)
    assert np.log(found).std() == pytest.approx(math.sqrt(chance) * spread, rel=1e-3)


def rows(n_rows: int = 4) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {name: rng.uniform(0.1, 0.9, (n_rows, *shape)) for name, shape in TRAILING["realisation"].items()}


def test_rows_of_a_pair_are_the_kinds_times_the_sectors() -> None:
    made = rows()
    pair = combined(made, [("acquisition", "steel"), ("greenfield", "other")])
    steel = SECTORS.index("steel")
    assert pair["hazard"].shape == (2, 4)
    assert pair["hazard"][0] == pytest.approx(made["hazard"][:, 2] * made["hazard_sector"][:, steel])
    assert pair["delay_scale"][1] == pytest.approx(made["delay_scale"][:, 0] * made["delay_sector"][:, -1])
    assert pair["revision_spread"][0] == pytest.approx(made["revision_spread"][:, 2])


def test_plain_quantities_are_those_of_the_distributions() -> None:
    made = {name: values[:1] for name, values in rows().items()}
    said = outlook(made)
    shape, scale, late = made["delay_shape"][0], made["delay_scale"][0], made["late"][0]
    distribution = stats.weibull_min(shape, loc=LATE, scale=scale)
    assert said["late_by_2_quarters"][0] == pytest.approx(late * distribution.sf(2.0))
    assert said["median_delay_if_late"][0] == pytest.approx(distribution.median())
    assert said["stands_after_3_years"][0] == pytest.approx(np.exp(-3 * made["hazard"][0]))
    assert said["late"].shape == (1,)


# The engine


def learned(*names: str, **changes: Any) -> Project:
    """The plant of `plans.project` with some of scale, probability and slip left to the rows."""
    return replace(project("A", **changes), **dict.fromkeys(names))


def with_rows(made: Plan, **changes: float) -> Plan:
    changed = {name: np.full_like(REALISATION[name], value) for name, value in changes.items()}
    return replace(made, rows={**made.rows, "realisation": REALISATION | changed})


def flows(made: Plan, n_draws: int = 3_000) -> Array:
    return simulated_flows(made, Streams(0, 0, n_draws)).annual


def test_no_hazard_no_delay_and_no_revision_is_certainty() -> None:
    """Chance, slip and scale of nothing: bit for bit the plant that states 1, 0 and 1."""
    plant = learned("probability", "slip", "scale")
    rows_of_none = with_rows(plan(group(plant)), hazard=0.0, late=1e-300, revised=1e-300)
    assert flows(rows_of_none).tobytes() == flows(plan(group(project("A")))).tobytes()


def test_a_plant_that_states_its_own_is_unmoved_by_the_rows() -> None:
    stated = plan(group(project("A", probability=0.8, slip=2.0, scale=LogNormal(1.0, 0.1))))
    moved = with_rows(stated, hazard=3.0, late=0.9, delay_scale=40.0, revised=0.9, revision_spread=1.0)
    assert flows(stated).tobytes() == flows(moved).tobytes()


def test_constant_rows_are_a_scenario_that_states_their_distributions() -> None:
    """Production planned two years after the last observed quarter ends; same addresses, so the same draws."""

    @dataclass(frozen=True)
    class Late:
        def ppf(self, u: Any) -> Array:
            beyond = stats.weibull_min(0.8, loc=LATE, scale=3.0).ppf(np.maximum(u - 0.6, 0) / 0.4)
            return np.where(u > 0.6, beyond, 0.0)

    @dataclass(frozen=True)
    class Revised:
        def ppf(self, u: Any) -> Array:
            of_revised = np.where(u < 0.5, np.minimum(u / 0.4, 0.5), np.maximum((u - 0.6) / 0.4, 0.5))
            return np.asarray(LogNormal(1.0, 0.3).ppf(of_revised))

    chance = math.exp(-0.05 * 2)
    stated = project("A", production=ORIGIN + 9, probability=chance, scale=Revised(), slip=Late())  # type: ignore[arg-type]
    made = plan(group(learned("probability", "slip", "scale", production=ORIGIN + 9)))
    rows_of_distributions = {
        "late": 0.4,
        "delay_shape": 0.8,
        "delay_scale": 3.0,
        "revised": 0.4,
        "revision_spread": 0.3,
    }
    found = with_rows(made, hazard=0.05, **rows_of_distributions)
    np.testing.assert_allclose(flows(found), flows(plan(group(stated))), rtol=1e-9, atol=1e-12)


def test_a_plant_nearly_finished_is_nearly_sure() -> None:
    n = 20_000
    went_ahead = [
        (flows(with_rows(plan(group(learned("probability", production=ORIGIN + 1 + wait))), hazard=0.2), n)[5] > 0)[
            0
        ].mean()
        for wait in (1.0, 12.0)
    ]
    for share, chance in zip(went_ahead, (math.exp(-0.05), math.exp(-0.6)), strict=True):
        assert share == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / n))


def test_a_plant_announced_later_is_at_risk_from_then_on() -> None:
    """Announced two years from now and planned for three: one year at risk, not three."""
    plant = replace(learned("probability", production=ORIGIN + 13), announced=ORIGIN + 9.0)
    same = replace(learned("probability", production=ORIGIN + 5), announced=ORIGIN - 9.0)
    late, soon = (
        flows(with_rows(plan(group(one), n_years=5), hazard=0.4, late=1e-300))[5].sum(axis=0) > 0
        for one in (plant, same)
    )
    assert np.array_equal(late, soon)


# The model


@pytest.fixture(scope="module")
def models() -> Any:
    from forecast.models import realisation

    return realisation


PLANT = Outcome("A", "greenfield", "batteries", "open", 2.0, None, None)


def potential(models: Any, plants: list[Outcome], name: str, **levels: float) -> float:
    """One part of the log likelihood at levels stated, where kinds and sectors do not deviate."""
    model = models.realisation_model(plants)
    point = model.initial_point() | {"kind": np.zeros((2, 2)), "sector": np.zeros((2, 12))}
    for level, value in levels.items():
        point["log_level"][models._LEVELS.index(level)] = np.log(value)
    return float(model.compile_logp(vars=[model[name]], mode="FAST_COMPILE")(point))


def test_likelihood_of_cancellations_is_that_of_a_hazard(models: Any) -> None:
    gone = replace(PLANT, state="cancelled", years_at_risk=0.5)
    distribution = stats.expon(scale=1 / 0.07)
    expected = 2 * distribution.logsf(2.0) + distribution.logpdf(0.5)
    assert potential(models, [PLANT, PLANT, gone], "cancellations", hazard=0.07) == pytest.approx(expected)


def test_likelihood_of_delays_is_that_of_a_censored_weibull(models: Any) -> None:
    """Without selection: plants still late, one that started within bounds, one that was early, one with no news."""
    delays = [(9.5, math.inf), (2.0, 4.0), (-1.7, 2.7), (-3.0, -0.7), (-6.0, math.inf)]
    plants = [replace(PLANT, delay=delay) for delay in delays]
    late, distribution = 0.4, stats.weibull_min(0.8, loc=LATE, scale=5.0)
    chances = [
        late * distribution.sf(9.5),
        late * (distribution.cdf(4.0) - distribution.cdf(2.0)),
        1 - late * distribution.sf(2.7),
        1 - late,
    ]
    found = potential(
        models, plants, "delays", late_odds=late / (1 - late), delay_shape=0.8, delay_scale=5.0, selection=1.0
    )
    assert found == pytest.approx(np.log(chances).sum(), rel=1e-6)


def test_selection_weighs_late_plants(models: Any) -> None:
    """Three times as likely to be collected: 3 * 0.4 late for every 0.6 that is not."""
    plants = [replace(PLANT, delay=delay) for delay in [(LATE, math.inf), (-3.0, -0.7)]]
    found = potential(models, plants, "delays", late_odds=2 / 3, delay_shape=0.8, delay_scale=5.0, selection=3.0)
    assert found == pytest.approx(math.log(1.2 / 1.8) + math.log(0.6 / 1.8), rel=1e-6)


def test_likelihood_of_revisions_is_a_chance_and_a_normal_size_and_hides_small_ones(models: Any) -> None:
    plants = [replace(PLANT, revision=value) for value in (1.5, 1.0, 0.5)]
    plants.append(replace(PLANT, kind="acquisition", revision=1.0))
    chance, built, bought = 0.4, stats.norm(0, 0.3), stats.norm(0, 0.03)
    expected = 2 * math.log(chance) + built.logpdf(math.log(1.5)) + built.logpdf(math.log(0.5))
    expected += sum(math.log(1 - chance + chance * (1 - 2 * distribution.sf(0.05))) for distribution in (built, bought))
    odds = chance / (1 - chance)
    found = potential(models, plants, "revisions", revised_odds=odds, revision_spread=0.3, bought_spread=0.1)
    assert found - math.log(2 * math.pi) == pytest.approx(
        expected
    )  # the model drops a constant for each revised amount


def test_every_parameter_of_a_plant_enters_at_its_kind_and_sector(models: Any) -> None:
    """One deviation at a time moves only the plants of its kind or sector."""
    plants = [
        replace(PLANT, kind=kind, sector=sector) for kind, sector in [("greenfield", "mixed"), ("acquisition", "steel")]
    ]
    model = models.realisation_model(plants)
    part = model.compile_logp(vars=[model["cancellations"]], mode="FAST_COMPILE")
    start = model.initial_point()
    still = float(part(start))
    assert still == pytest.approx(-2 * 2.0 * prior_distributions()["hazard"].median)
    deviated = {"kind": start["kind"].copy(), "sector": start["sector"].copy()}
    deviated["kind"][0, 1] = deviated["sector"][0, SECTORS.index("steel")] = 1.0
    deviated["sector"][0, SECTORS.index("autos")] = deviated["kind"][0, 0] = 5.0  # no plant is one of these
    ratio = math.exp(prior_distributions()["kind_spread"].median + prior_distributions()["sector_spread"].median)
    assert float(part(start | deviated)) == pytest.approx(still / 2 * (1 + ratio))


def test_prior_rows_have_their_shapes_and_a_kind_differs_by_its_spread(models: Any) -> None:
    from forecast.models.fitting import prior_rows

    made = prior_rows(models.realisation_task(outcomes()), seed=1)
    assert {name: values.shape[1:] for name, values in made.items()} == dict(TRAILING["realisation"])
    logs, distributions = np.log(made["hazard"]), prior_distributions()
    error = logs[:, 0].std() / len(logs) ** 0.5
    assert logs[:, 0].mean() == pytest.approx(math.log(distributions["hazard"].median), abs=4 * error)
    apart = logs[:, 1] - logs[:, 0]
    # Twice the mean square of a lognormal spread times a standard normal.
    sd = distributions["kind_spread"].median * math.exp(distributions["kind_spread"].sigma ** 2)
    assert apart.std() == pytest.approx(sd, rel=0.1)
    assert apart.mean() == pytest.approx(0, abs=4 * sd / len(apart) ** 0.5)


def test_a_day_before_any_announcement_leaves_the_prior(models: Any) -> None:
    model = models.realisation_model(outcomes(0.0))
    parts = model.compile_logp(vars=model.potentials, mode="FAST_COMPILE", sum=False)(model.initial_point())
    assert [float(part) for part in parts] == [0.0, 0.0, 0.0]


def weighted(models: Any, plants: list[Outcome], n_draws: int) -> tuple[dict[str, Array], Array]:
    """Rows drawn from the prior, the same for any plants, and their weights under the likelihood, which sum to one."""
    import pymc
    import pytensor
    import pytensor.tensor as pt
    from pytensor.graph.replace import vectorize_graph

    task = models.realisation_task(plants)
    model = task.build()
    values = pymc.draw(model.free_RVs, draws=n_draws, random_seed=np.random.default_rng(5), mode="FAST_COMPILE")
    free = {variable.name: drawn for variable, drawn in zip(model.free_RVs, values, strict=True)}
    given = [model.rvs_to_values[variable] for variable in model.free_RVs]
    rows = [pt.tensor(variable.name, dtype=variable.dtype, shape=(None, *variable.type.shape)) for variable in given]
    likelihoods = vectorize_graph(model.logp(vars=model.potentials), dict(zip(given, rows, strict=True)))
    logs = pytensor.function(rows, likelihoods, mode="FAST_COMPILE")(*values)  # of all draws at once
    weights = np.exp(logs - logs.max())
    return task.rows(free), weights / weights.sum()


@pytest.mark.slow
def test_more_plants_still_late_lengthen_the_tail(models: Any) -> None:
    """Three plants two years late that have not started lengthen it, and more than three that then did."""
    few = [replace(PLANT, delay=(4.0, math.inf))]
    begun, stuck = (few + 3 * [replace(PLANT, delay=(8.0, end))] for end in (9.0, math.inf))
    mean = []
    for plants in (few, begun, stuck):
        rows_drawn, weights = weighted(models, plants, 3_000)
        assert 1 / (weights**2).sum() > 100
        mean.append(weights @ outlook(rows_drawn)["median_delay_if_late"][:, 0])
    assert mean[0] < mean[1] < mean[2]


@pytest.mark.slow
def test_the_fit_converges_to_the_weighted_prior_and_kinds_without_data_stay_with_the_pool(models: Any) -> None:
    from forecast.models.fitting import Effort, posterior_rows

    seen = list(outcomes())
    found, _ = posterior_rows(models.realisation_task(seen), Effort(n_draws=1_000, n_tuning=500))
    rows_drawn, weights = weighted(models, seen, 12_000)
    assert 1 / (weights**2).sum() > 100
    for name in ("late", "hazard", "delay_scale", "revised", "revision_spread"):
        drawn, learned_logs = np.log(rows_drawn[name]), np.log(found[name])
        mean = np.einsum("r,r...->...", weights, drawn)
        spread = np.sqrt(np.einsum("r,r...->...", weights**2, (drawn - mean) ** 2) + learned_logs.var(axis=0) / 400)
        assert (np.abs(learned_logs.mean(axis=0) - mean) < 4 * spread).all(), name
    hazard = np.log(found["hazard"])
    assert hazard[:, 1:].mean(axis=0) == pytest.approx(hazard[:, 0].mean(), abs=4 * hazard.std() / 400**0.5)
