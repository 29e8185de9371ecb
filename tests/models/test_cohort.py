"""Made fates and readings: every way a plant may be seen has its chance, and what is made has the row's distributions.

PyMC takes seconds to import, so that it is imported inside what needs it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import erfc

from forecast.dims import Array
from forecast.economics.realisation import KINDS, LATE, PRIORS, UNREVISED, prior_distributions
from forecast.economics.sectors import SECTORS, load_sectors
from forecast.models.evidence import bottom_up, load_evidence, recent_investment, recent_plants
from forecast.models.replicates import fates_summary, replicate_fates, reported_delay, row_at, simulators
from forecast.observations.announcements import Outcome, outcomes
from forecast.stats.streams import generator

SIGMAS = 5.0
N_MADE = 400
ROWS = {
    "hazard": np.array([[0.2, 0.4, 0.1]]),
    "hazard_sector": np.linspace(0.5, 1.5, len(SECTORS))[None],
    "late": np.array([0.3]),
    "delay_shape": np.array([0.8]),
    "delay_scale": np.array([[3.0, 4.0, 5.0]]),
    "delay_sector": np.linspace(1.5, 0.5, len(SECTORS))[None],
    "revised": np.array([0.4]),
    "revision_spread": np.array([[0.2, 0.2, 0.02]]),
}
SEEN = outcomes()


@pytest.fixture(scope="module")
def made() -> list[Any]:
    return [replicate_fates(SEEN, row_at(ROWS, 0), generator(0, "test", k)) for k in range(N_MADE)]


def of_plant(plant: Outcome, kinds: str, sectors: str) -> float:
    factor = ROWS[sectors][0, SECTORS.index(plant.sector)] if plant.sector in SECTORS else 1.0
    return float(ROWS[kinds][0, KINDS.index(plant.kind)] * factor)


def test_plants_are_given_up_at_their_hazard_while_they_are_watched(made: list[Any]) -> None:
    chances = np.array(
        [-math.expm1(-of_plant(plant, "hazard", "hazard_sector") * plant.years_at_risk) for plant in SEEN]
    )
    watched = np.array([plant.years_at_risk for plant in SEEN])
    hazards = np.array([of_plant(plant, "hazard", "hazard_sector") for plant in SEEN])
    chances = -np.expm1(-hazards * watched)
    given_up = np.array([[plant.state == "cancelled" for plant in one.observed] for one in made]).mean(axis=0)
    assert np.abs(given_up - chances).max() < SIGMAS * 0.5 / N_MADE**0.5
    years = np.array([[plant.years_at_risk for plant in one.observed] for one in made])
    assert (years <= watched).all()
    assert years.mean(axis=0) == pytest.approx(chances / hazards, abs=SIGMAS * watched.max() / 2 / N_MADE**0.5)


def test_plants_are_late_as_often_and_as_long_as_row_and_collection_say(made: list[Any]) -> None:
    """Of every plant watched in vain, whether it was late, and later than it was watched, less the chance of it."""
    selection = np.exp([one.states["log_level"][PRIORS.index("selection")] for one in made])
    odds = selection * 0.3 / 0.7
    late = odds / (1 + odds)
    places = [i for i, plant in enumerate(SEEN) if plant.delay and plant.delay[0] >= LATE]
    assert len(places) > 5
    for place in places:
        plant = SEEN[place]
        bounds = np.array([one.observed[place].delay for one in made])
        distribution = stats.weibull_min(0.8, loc=LATE, scale=of_plant(plant, "delay_scale", "delay_sector"))
        error = SIGMAS * 0.5 / N_MADE**0.5
        assert ((bounds[:, 0] >= LATE) - late).mean() == pytest.approx(0, abs=error)
        assert (np.isinf(bounds[:, 1]) - late * distribution.sf(plant.delay[0])).mean() == pytest.approx(0, abs=error)
    distribution = prior_distributions()["selection"]
    off = (np.log(selection) - math.log(distribution.median)) / distribution.sigma
    assert off.mean() == pytest.approx(0, abs=SIGMAS / N_MADE**0.5)
    assert off.var() == pytest.approx(1, abs=SIGMAS * (2 / N_MADE) ** 0.5)


def test_amounts_are_revised_by_the_spread_of_their_kind_and_small_news_is_none(made: list[Any]) -> None:
    assert [plant.revision is None for plant in made[0].observed] == [plant.revision is None for plant in SEEN]
    for kind in ("greenfield", "acquisition"):
        spread = ROWS["revision_spread"][0, KINDS.index(kind)]
        found = [plant.revision for one in made for plant in one.observed if plant.revision and plant.kind == kind]
        logs = np.log(found)
        seen = 0.4 * erfc(UNREVISED / (2**0.5 * spread))
        assert (logs != 0).mean() == pytest.approx(seen, abs=SIGMAS * 0.5 / len(logs) ** 0.5)
        assert (np.abs(logs[logs != 0]) >= UNREVISED).all()
    built = np.log(
        [plant.revision for one in made for plant in one.observed if plant.revision and plant.kind == KINDS[0]]
    )
    beyond = 0.4 * stats.norm.sf(0.3, scale=0.2)
    assert (built > 0.3).mean() == pytest.approx(beyond, abs=SIGMAS * (beyond / len(built)) ** 0.5)


def test_a_start_is_seen_between_bounds_and_a_plant_of_unknown_plan_is_not() -> None:
    assert reported_delay(None, 3.0) is None
    rng = np.random.default_rng(1)
    for delay in LATE + rng.exponential(4.0, 200):
        for seen in ((9.5, math.inf), (-1.7, 2.7), (-math.inf, 4.4)):
            low, high = reported_delay(seen, float(delay)) or (0.0, 0.0)
            assert low < delay <= high


def test_counts_of_the_observed_plants() -> None:
    found = fates_summary(SEEN)
    assert found["plants given up"] == sum(plant.state == "cancelled" for plant in SEEN)
    assert found["late plants that have started"] == 0
    assert found["plants late by a year or more"] <= found["plants seen late"]
    few = [replace(SEEN[0], delay=(1.0, 3.0), revision=2.0), replace(SEEN[0], delay=(5.0, math.inf), revision=1.0)]
    assert list(fates_summary(few).values()) == pytest.approx([0, 2, 1, 1, 1, 1, 50 * math.log(2)])


def test_what_became_of_the_plants_does_not_stand_out_from_what_the_fit_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the data of this model alone made anew: each model has random numbers of its own."""
    from forecast.models import predictive
    from forecast.models.posterior import load_posterior
    from forecast.models.predictive import predictive_checks, unusual_checks

    (alone,) = (simulator for simulator in simulators() if simulator.model == "realisation")
    monkeypatch.setattr(predictive, "simulators", lambda: (alone,))
    checks = predictive_checks(load_posterior())
    assert {check.model for check in checks} == {"realisation"}
    assert len(checks) == len(fates_summary(SEEN))
    assert unusual_checks(checks) == []


# The models


def realisation_point(task: Any) -> dict[str, Array]:
    rng = np.random.default_rng(7)
    return {name: 0.5 * rng.standard_normal(values.shape) for name, values in task.build().initial_point().items()}


@pytest.mark.parametrize("seen", [(4.0, math.inf), (-1.5, 2.5), (-3.0, -0.7), (-math.inf, 4.4)])
def test_the_likelihoods_of_all_ways_to_see_a_delay_add_up_to_one(seen: tuple[float, float]) -> None:
    from forecast.models.realisation import realisation_task
    from forecast.models.sampling import data_arrays

    plant = Outcome("A", "greenfield", "batteries", "open", 2.0, seen, None)
    ways = {reported_delay(seen, delay) for delay in (0.0, *np.arange(LATE + 0.01, 12.0, 0.1).tolist())}
    model = realisation_task([plant]).build()
    part = model.compile_logp(vars=[model["delays"]], mode="FAST_COMPILE")
    point = realisation_point(realisation_task([plant]))
    total = 0.0
    for way in ways:
        for name, values in data_arrays(realisation_task([replace(plant, delay=way)])).items():
            model.set_data(name, values)
        total += math.exp(float(part(point)))
    assert len(ways) == (4 if seen[0] == 4.0 else 2)
    assert total == pytest.approx(1.0, abs=1e-6)  # nobody is told late by less than 1e-9 quarters


def test_rows_give_back_the_levels_a_collection_was_made_from_but_for_selection() -> None:
    from forecast.models import realisation

    task = realisation.realisation_task(SEEN)
    free = {name: values[None] for name, values in realisation_point(task).items()}
    made = replicate_fates(SEEN, row_at(task.rows(free), 0), np.random.default_rng(3))
    kept = np.arange(8) != PRIORS.index("selection")
    assert made.states["log_level"][kept] == pytest.approx(free["log_level"][0][kept], abs=1e-9)


def test_made_fates_have_the_form_of_those_seen(made: list[Any]) -> None:
    from forecast.models.realisation import realisation_task
    from forecast.models.sampling import data_arrays

    seen = {name: values.shape for name, values in data_arrays(realisation_task(SEEN)).items()}
    for one in made[:5]:
        assert {name: values.shape for name, values in data_arrays(realisation_task(one.observed)).items()} == seen
        same = [a.delay is None for a in SEEN] == [b.delay is None for b in one.observed]
        assert same


def test_made_readings_lie_around_plants_and_remainders_by_their_error() -> None:
    medians = np.array(
        [[float(belief.distribution.ppf(0.5)) for belief in sector.values()] for sector in load_sectors().values()]
    )
    readings = load_evidence()
    remainders = np.array([reading.remainder for reading in readings])
    rows = row_at({"coefficients": medians[None], "remainders": remainders[None]}, 0)
    simulator = next(simulator for simulator in simulators() if simulator.model == "sectors")
    found = [simulator.simulate(rows, generator(0, "test", k)).observed for k in range(N_MADE)]
    values = np.array([[reading.value for reading in one] for one in found])
    errors = np.array([reading.error for reading in readings])
    explained = np.array(bottom_up(recent_plants(), rows["coefficients"], readings, recent_investment()))[:, 0]
    off = (values - explained - remainders) / errors
    assert np.abs(off.mean(axis=0)).max() < SIGMAS / N_MADE**0.5
    assert np.abs(off.var(axis=0) - 1).max() < SIGMAS * (2 / N_MADE) ** 0.5
    assert np.abs(np.corrcoef(off.T) - np.eye(len(readings))).max() < SIGMAS / N_MADE**0.5


def test_calibration_of_the_sectors_draws_truths_anew_and_exchanges_the_readings() -> None:
    from forecast.models.calibration import fitted_task
    from forecast.models.sampling import data_arrays, prior_draws

    readings = load_evidence()
    moved = tuple(replace(reading, value=reading.value + reading.error) for reading in readings)
    task, other = fitted_task("sectors", readings), fitted_task("sectors", moved)
    levels = prior_draws(task, 500, np.random.default_rng(0))["level"]
    assert levels.mean() == pytest.approx(0, abs=SIGMAS / levels.size**0.5)
    assert levels.var() == pytest.approx(1, abs=SIGMAS * (2 / levels.size) ** 0.5)
    assert np.array_equal(data_arrays(other)["reading_seen"], [reading.value for reading in moved])
