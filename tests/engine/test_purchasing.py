"""Localization paths: compositions sum to one, start where they should and arrive where they are sent."""

from __future__ import annotations

import numpy as np
import pytest
from plans import LOCALIZATION, ORIGIN, group, plan

from forecast.dims import Array
from forecast.economics.channels import korean_share
from forecast.engine.inputs import Inputs
from forecast.engine.plan import Group
from forecast.engine.sourcing import Purchasing
from forecast.scenario.localization import Localization
from forecast.stats.distributions import Constant, Uniform
from forecast.stats.streams import Streams

KOREA, LOCAL, THIRD = 0.59, 0.32, 0.09
N_DRAWS = 50


def shares(shared: Localization, own: Localization | None = None, korean: float = KOREA, **rows: Array) -> Array:
    """Korean share by row of a group that starts at `korean`, four years, `(17, n_draws)`."""
    made: Group = group(path=own)
    learned = {name: np.repeat(values.T, N_DRAWS, axis=1) for name, values in (LOCALIZATION | rows).items()}
    inputs = Inputs(Streams(0, 0, N_DRAWS), np.zeros((0, N_DRAWS)), {})
    found = Purchasing(plan(made, path=shared), inputs, learned).korean_share(made, korean)
    return np.broadcast_to(found, (17, N_DRAWS))


def target(local: float, quarters: float) -> Localization:
    return Localization("target", local=Constant(local), by=ORIGIN + quarters)


def test_hold_keeps_the_share_of_the_origin() -> None:
    np.testing.assert_allclose(shares(Localization("hold")), KOREA, rtol=1e-14)


def test_the_fitted_trend_moves_the_odds_by_its_slope() -> None:
    found = shares(Localization("fitted"), slope=np.array([[0.08, -0.02]]))
    local, third = LOCAL / KOREA * np.exp(0.08 * 4), THIRD / KOREA * np.exp(-0.02 * 4)
    np.testing.assert_allclose(found[16], 1 / (1 + local + third), rtol=1e-13)
    np.testing.assert_allclose(found[0], KOREA, rtol=1e-13)


def test_innovations_spread_with_the_root_of_time() -> None:
    """Log odds of local against Korean supply, third countries held: sd 0.05 after one year, 0.1 after four."""
    n = 20_000
    made = group()
    learned = {
        name: np.repeat(v.T, n, axis=1) for name, v in (LOCALIZATION | {"innovation": np.array([[0.05, 0]])}).items()
    }
    inputs = Inputs(Streams(0, 0, n), np.zeros((0, n)), {})
    found = Purchasing(plan(made, path=Localization("fitted")), inputs, learned).korean_share(made, KOREA)
    log_odds = np.log(1 / found - 1 - THIRD / KOREA)
    for row, sd in ((4, 0.05), (16, 0.10)):
        assert log_odds[row].std() == pytest.approx(sd, rel=5 / np.sqrt(2 * n))


def test_a_target_is_reached_on_its_date_and_held() -> None:
    """Korea and third countries shrink in proportion: 0.5 local leaves 0.5 * 0.59 / 0.68 Korean."""
    found = shares(target(0.5, 8))
    np.testing.assert_allclose(found[8:], 0.5 * KOREA / (KOREA + THIRD), rtol=1e-13)
    odds = [(1 - share * (KOREA + THIRD) / KOREA) / (share * (KOREA + THIRD) / KOREA) for share in found[[0, 4, 8], 0]]
    assert np.log(odds[1]) == pytest.approx((np.log(odds[0]) + np.log(odds[2])) / 2, rel=1e-12)


def test_a_step_changes_nothing_before_its_date() -> None:
    found = shares(Localization("step", local=Constant(0.45), at=ORIGIN + 6.0))
    np.testing.assert_allclose(found[:6], KOREA, rtol=1e-13)
    np.testing.assert_allclose(found[6:], 0.55 * KOREA / (KOREA + THIRD), rtol=1e-13)


def test_a_logistic_path_starts_at_the_origin_and_approaches_its_ceiling() -> None:
    path = Localization("logistic", local=Constant(0.7), at=ORIGIN + 4.0, speed=Constant(0.5))
    found = shares(path)[:, 0]
    assert found[0] == pytest.approx(KOREA, rel=1e-13)
    assert (np.diff(found) < 0).all()
    assert found[16] == pytest.approx(0.3 * KOREA / (KOREA + THIRD), rel=1e-8)


def test_fixed_shares_replace_the_path_after_the_origin() -> None:
    fixed = Localization("fixed", shares=(Constant(2.0), Constant(1.0), Constant(1.0)))
    found = shares(fixed)
    np.testing.assert_allclose(found[0], KOREA, rtol=1e-13)
    np.testing.assert_allclose(found[1:], 0.5, rtol=1e-13)


def test_fixed_shares_are_those_of_every_group() -> None:
    fixed = Localization("fixed", shares=(Constant(2.0), Constant(1.0), Constant(1.0)))
    np.testing.assert_allclose(shares(fixed, korean=0.3)[1:], 0.5, rtol=1e-13)


def test_a_group_moves_with_all_affiliates_from_its_own_composition() -> None:
    """The odds of a sector that starts at 0.3 are multiplied as those of all affiliates are."""
    found = shares(target(0.5, 8), korean=0.3)
    multiplier = (0.5 / 0.5) / (LOCAL / (1 - LOCAL))
    rest = 0.7 / 0.3
    local, third = rest * LOCAL / (LOCAL + THIRD), rest * THIRD / (LOCAL + THIRD)
    np.testing.assert_allclose(found[16], 1 / (1 + local * multiplier + third), rtol=1e-12)


def test_a_path_of_its_own_is_measured_on_the_group_itself() -> None:
    """A sector that starts at 0.3 Korean and 0.546 local and is sent to 0.8 local arrives there."""
    found = shares(Localization("hold"), own=target(0.8, 8), korean=0.3)
    third = 0.7 * THIRD / (LOCAL + THIRD)
    np.testing.assert_allclose(found[8:], 0.2 * 0.3 / (0.3 + third), rtol=1e-12)


def test_an_uncertain_target_spreads_the_share_and_keeps_its_stream() -> None:
    path = Localization("target", local=Uniform(0.4, 0.6), by=ORIGIN + 8.0)
    first, again = shares(path), shares(path)
    assert np.array_equal(first, again)
    assert np.ptp(first[8]) > 0.05


def test_every_composition_sums_to_one() -> None:
    rng = np.random.default_rng(0)
    local, third = np.exp(rng.normal(0, 3, (2, 10_000)))
    korean = korean_share(local + third)
    assert np.abs(korean + korean * local + korean * third - 1).max() < 4e-16
