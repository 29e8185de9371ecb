"""Stated paths of drivers: what they do to drivers and trade, against closed forms, and how they are read and told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from handmade import DAY, said, stated
from plans import ORIGIN, uncertain_plan

from forecast.engine.block import simulated_flows
from forecast.engine.compile import compiled_conditions
from forecast.engine.drivers import condition
from forecast.engine.inputs import Inputs
from forecast.errors import ScenarioError
from forecast.observations.series import DRIVERS as NAMES
from forecast.observations.series import quarterly_drivers
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter
from forecast.scenario.drivers import Deviation, DriverPath, Growth, Levels
from forecast.scenario.mixture import frozen_any
from forecast.scenario.scenario import Scenario, dump_scenario, scenario_digest
from forecast.stats.distributions import Constant, Distribution, Normal
from forecast.stats.streams import Streams
from forecast.track.evaluation import hindsight

N_PERIODS, N_DRAWS = 12, 500
OBSERVED = np.array([24_000.0, 1_400.0, 70.0])
FORMS = """
drivers:
  won_per_dollar:
    path: levels
    at: {2027Q4: 1550, 2028Q4: {distribution: normal, mean: 1600, sd: 40}}
  us_output: {path: growth, rate: {interval: [-0.01, 0.01], level: 0.8}, from: 2027, until: 2028}
  oil: {path: deviation, size: 0.2, from: 2027Q1}
"""


def steered(paths: dict[str, DriverPath], growth: np.ndarray, seed: int = 1) -> np.ndarray:
    """Growth of the drivers with the paths imposed."""
    changed = growth.copy()
    inputs = Inputs(Streams(seed, 0, growth.shape[-1]), np.empty((0, growth.shape[-1])), {})
    condition(changed, compiled_conditions(paths, ORIGIN, len(growth), OBSERVED), inputs)
    return changed


def fitted() -> np.ndarray:
    return np.random.default_rng(5).normal(0.005, 0.05, (N_PERIODS, 3, N_DRAWS))


def change(form: str, size: float | Distribution, first: int, end: int | None = None) -> DriverPath:
    distribution = Constant(size) if isinstance(size, float) else size
    ends = None if end is None else ORIGIN + end
    if form == "growth":
        return Growth("growth", distribution, ORIGIN + first, ends)
    return Deviation("deviation", distribution, ORIGIN + first, ends)


def levels(**stated: float) -> DriverPath:
    return Levels("levels", {parse_quarter(quarter): Constant(level) for quarter, level in stated.items()})


def test_fixed_levels_are_hit_in_every_draw_and_moved_between_evenly() -> None:
    growth = fitted()
    changed = steered({"won_per_dollar": levels(**{"2026Q2": 1500.0, "2026Q4": 1600.0})}, growth)
    path = OBSERVED[1] * np.exp(np.cumsum(changed[:, 1], axis=0))
    expected = [np.sqrt(1400 * 1500), 1500, np.sqrt(1500 * 1600), 1600]
    np.testing.assert_allclose(path[:4], np.broadcast_to(np.array(expected)[:, None], (4, N_DRAWS)), rtol=1e-12)
    np.testing.assert_array_equal(changed[4:], growth[4:])


def test_uncertain_levels_have_their_distribution() -> None:
    paths = {"oil": Levels("levels", {ORIGIN + 2: Normal(80.0, 4.0)})}
    path = OBSERVED[2] * np.exp(np.cumsum(steered(paths, fitted())[:, 2], axis=0))
    assert abs(path[1].mean() - 80.0) < 5 * 4.0 / N_DRAWS**0.5
    assert path[1].std() == pytest.approx(4.0, rel=5 / (2 * N_DRAWS) ** 0.5)


def test_a_rate_replaces_growth_in_its_quarters_only() -> None:
    growth = fitted()
    changed = steered({"us_output": change("growth", 0.02, 3, 7)}, growth)
    np.testing.assert_allclose(changed[2:6, 0], np.log(1.02) / 4, rtol=1e-12)
    for rows in (slice(None, 2), slice(6, None)):
        np.testing.assert_array_equal(changed[rows], growth[rows])


@pytest.mark.parametrize(("end", "lasting"), [(None, 12), (5, 4)])
def test_a_deviation_multiplies_the_fitted_path_while_it_lasts(end: int | None, lasting: int) -> None:
    growth = fitted()
    changed = steered({"oil": change("deviation", 0.25, 2, end)}, growth)
    ratio = np.exp(np.cumsum(changed[:, 2] - growth[:, 2], axis=0))
    expected = np.ones(N_PERIODS)
    expected[1:lasting] = 1.25
    np.testing.assert_allclose(ratio, np.broadcast_to(expected[:, None], ratio.shape), rtol=1e-12)


def test_other_drivers_keep_their_draws() -> None:
    growth = fitted()
    changed = steered({"us_output": change("growth", Normal(0.0, 0.01), 1)}, growth)
    np.testing.assert_array_equal(changed[:, 1:], growth[:, 1:])
    assert not np.array_equal(changed[:, 0], growth[:, 0])


def flows(**paths: DriverPath) -> np.ndarray:
    """Log of baseline exports and imports by near quarter."""
    stated = compiled_conditions(paths, ORIGIN, 12, OBSERVED)
    made = uncertain_plan(conditions=stated)
    return np.log(simulated_flows(made, Streams(3, 0, N_DRAWS)).quarterly[1:])  # type: ignore[arg-type]


def test_trade_moves_by_the_response_to_a_lasting_deviation() -> None:
    """At once by response x log(1 + d), from the next quarter on by what is left once part of it came back."""
    moved = flows(won_per_dollar=change("deviation", 0.1, 3)) - flows()
    at_once = np.array([0.5, -0.2]) * np.log(1.1)
    shared, apart = np.array([at_once.sum(), at_once[0] - at_once[1]]) / 2 * (1 + np.array([-0.3, -0.4]))
    lasting = np.array([shared + apart, shared - apart])
    np.testing.assert_allclose(moved[:, :2], 0.0, atol=1e-12)
    np.testing.assert_allclose(moved[:, 2], np.broadcast_to(at_once[:, None], (2, N_DRAWS)), rtol=1e-9)
    np.testing.assert_allclose(moved[:, 3:], np.broadcast_to(lasting[:, None, None], moved[:, 3:].shape), rtol=1e-9)


def test_no_deviation_is_no_key_byte_for_byte() -> None:
    assert flows(won_per_dollar=change("deviation", 0.0, 3)).tobytes() == flows().tobytes()


def test_a_driver_without_response_moves_nothing() -> None:
    np.testing.assert_array_equal(flows(oil=change("growth", 0.2, 1)), flows())


def test_what_a_path_does_to_the_running_quarter_is_weighed_against_its_months() -> None:
    """Months that tell the whole quarter leave nothing of it; months that tell nothing leave all of it."""
    lasting = {}
    for error in (1e-6, 1e6):
        running = {"level": np.zeros((2, 1)), "noise_factor": error * np.eye(2)[..., None]}
        ends = []
        for paths in ({}, {"won_per_dollar": change("deviation", 0.1, 1)}):
            stated = compiled_conditions(paths, ORIGIN, 12, OBSERVED)
            made = uncertain_plan(conditions=stated, running=np.log([41.0, 19.0]))
            made = replace(made, rows={**made.rows, "running": running})  # type: ignore[attr-defined,type-var]
            ends.append(np.log(simulated_flows(made, Streams(3, 0, N_DRAWS)).quarterly[1:]))  # type: ignore[arg-type]
        lasting[error] = ends[1] - ends[0]
    np.testing.assert_allclose(lasting[1e-6], 0.0, atol=1e-6)
    np.testing.assert_allclose(lasting[1e6][0, 1:], (0.15 * 0.7 + 0.35 * 0.6) * np.log(1.1), rtol=1e-6)


def test_every_form_comes_back_from_its_own_text(tmp_path: Path) -> None:
    read = stated(tmp_path, FORMS)
    assert tuple(read.drivers) == NAMES
    assert read.drivers["oil"] == Deviation("deviation", change=Constant(0.2), first=parse_quarter("2027Q1"))
    assert stated(tmp_path, dump_scenario(read), "") == read
    assert frozen_any(tmp_path / "s.yaml") == read


def test_a_scenario_without_paths_keeps_its_digest(tmp_path: Path) -> None:
    bare = stated(tmp_path, "horizon: 2030")
    assert "drivers" not in dump_scenario(bare)
    assert scenario_digest(stated(tmp_path, "horizon: 2030\ndrivers: {}")) == scenario_digest(bare)
    assert scenario_digest(stated(tmp_path, "horizon: 2030\ndrivers: {oil: null}")) == scenario_digest(bare)


def test_the_assumption_is_said_in_words(tmp_path: Path) -> None:
    assert said(stated(tmp_path, FORMS)) == (
        "Assumed, not forecast: US output changing by 0 % (80 % interval −1 % to +1 %) a year from 2027Q1 to 2027Q4; "
        "the won at 1,550 in 2027Q4, 1,600 (80 % interval 1,549 to 1,651) in 2028Q4 (won per USD); "
        "oil +20 % off its fitted path from 2027Q1 on."
    )
    assert said(stated(tmp_path, "horizon: 2030")) == ""


@pytest.mark.parametrize(
    ("rate", "en", "ko"),
    [
        ("-0.0149", "US output shrinking by 1.49 % a year", "미국 생산 연 1.49% 감소"),
        ("0.02", "US output growing by 2 % a year", "미국 생산 연 2% 증가"),
        ("0", "US output growing by 0 % a year", "미국 생산 연 0% 증가"),
        (
            "{interval: [-0.03, -0.01], level: 0.8}",
            "US output shrinking by 2 % (80 % interval 1 % to 3 %) a year",
            "미국 생산 연 2%(80% 구간 1% ~ 3%) 감소",
        ),
        (
            "{interval: [-0.03, 0.01], level: 0.8}",
            "US output changing by −1 % (80 % interval −3 % to +1 %) a year",
            "미국 생산 연 −1%(80% 구간 −3% ~ +1%) 변화",
        ),
    ],
    ids=["down", "up", "flat", "down for sure", "either"],
)
def test_a_fall_is_no_growth_of_less_than_nothing(tmp_path: Path, rate: str, en: str, ko: str) -> None:
    text = f"drivers: {{us_output: {{path: growth, rate: {rate}, from: 2027Q1, until: 2028Q1}}}}"
    read = stated(tmp_path, text)
    assert said(read) == f"Assumed, not forecast: {en} from 2027Q1 to 2027Q4."
    assert said(read, "ko") == f"전망하지 않고 가정한 조건: 2027년 1분기부터 2027년 4분기까지 {ko}."


def test_hindsight_puts_observed_levels_in_place_of_a_path(tmp_path: Path) -> None:
    text = (
        "drivers:\n  won_per_dollar: {path: levels, at: {2025Q2: 1300, 2027Q4: 1350}}\n"
        "  oil: {path: deviation, size: 0.2, from: 2025Q3, until: 2026}\n"
        "  us_output: {path: growth, rate: 0.0, from: 2030Q1}\n"
    )
    assumed = stated(tmp_path, text, DAY)
    known = hindsight(assumed, "2025-04-11")
    last = vintage().drivers.origin
    seen = quarterly_drivers(last)
    won, oil = known.world.drivers["won_per_dollar"].levels, known.world.drivers["oil"].levels
    assert won is not None
    assert oil is not None
    assert list(won) == [*range(parse_quarter("2025Q1"), last + 1), parse_quarter("2027Q4")]
    assert won[last] == Constant(seen.level(last)[1])
    assert won[parse_quarter("2027Q4")] == Constant(1350.0)
    assert list(oil) == list(range(parse_quarter("2025Q1"), parse_quarter("2026Q1")))
    assert known.world.drivers["us_output"] == assumed.drivers["us_output"]
    assert known.changed == {
        "drivers.won_per_dollar": "levels observed up to 2026Q2",
        "drivers.oil": "levels observed up to 2025Q4",
    }


def test_hindsight_knows_nothing_new_on_the_last_day(tmp_path: Path) -> None:
    assumed = stated(tmp_path, FORMS)
    assert hindsight(assumed, "2026-11-24").world == assumed


def test_a_frozen_path_is_read_after_its_quarters_were_observed(tmp_path: Path) -> None:
    text = "drivers: {oil: {path: levels, at: {2026Q1: 80}}}"
    with pytest.raises(ScenarioError, match="expected a quarter after 2026Q2, the last quarter observed"):
        stated(tmp_path, text)
    frozen = frozen_any(tmp_path / "s.yaml")
    assert isinstance(frozen, Scenario)
    assert frozen.drivers == {"oil": levels(**{"2026Q1": 80.0})}
