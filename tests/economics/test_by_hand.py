"""Paths, duties, plants' fates and trade of one draw, worked out by hand or in plain loops of scalars."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from forecast.economics import channels, installed_base, realisation, tariffs
from forecast.economics.priors import SHIPPED
from forecast.economics.processes import LARGEST_SHOCK, CarryOver, Nowcast, baseline_flows, bridge_ratios, driver_growth
from forecast.economics.sectors import SECTORS

TIME = np.array([[0.0], [2.0], [4.0], [6.0], [10.0]])


def test_paths_of_localization_go_the_stated_part_of_the_way() -> None:
    assert channels.linear_weight(TIME, 2.0, 6.0).ravel().tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert channels.step_weight(TIME, 4.0).ravel().tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    found = channels.logistic_weight(TIME, 0.0, 4.0, 5.0).ravel()
    curve = [1 / (1 + math.exp(-4 / 20 * (time - 4))) for time in TIME.ravel()]  # log odds of -2 to 2 within 5 years
    assert found == pytest.approx([(raw - curve[0]) / (1 - curve[0]) for raw in curve], abs=1e-15)
    assert stats.logistic.cdf(2) - stats.logistic.cdf(-2) == pytest.approx(0.76, abs=0.002)  # 12 % to 88 %


def test_a_bent_share_goes_its_way_in_log_odds() -> None:
    """From 0.2 (odds 1/4) to 0.5 (odds 1): odds times 4 at the end, times 2 half way."""
    multiplier = channels.bent_multiplier(np.array([0.2]), 0.5, np.array([[0.0], [0.5], [1.0]]))
    assert multiplier.ravel() == pytest.approx([1.0, 2.0, 4.0], abs=1e-14)
    assert float(channels.log_odds(0.8)) == pytest.approx(math.log(4), abs=1e-15)
    trend = channels.trend_multiplier(np.array([[0.0], [2.0]]), np.array([0.1]), np.array([[0.0], [0.05]]))
    assert trend.ravel() == pytest.approx([1.0, math.exp(0.25)], abs=1e-15)


def test_a_quarter_holds_the_part_of_it_between_two_dates() -> None:
    quarters = np.array([[3.0], [4.0], [5.0], [6.0]])
    found = channels.share_of_quarter(quarters, np.array([4.25, 3.0]), np.array([5.5, 3.5]))
    assert found.tolist() == [[0.0, 0.5], [0.75, 0.0], [0.5, 0.0], [0.0, 0.0]]


def test_a_duty_of_a_quarter_by_hand() -> None:
    """25 % in place of 5 %: goods cost 1.25 / 1.05 of before; buyers pay 0.8 of the rise, elasticity 2."""
    relative = float(tariffs.relative_change(0.25, 0.05))
    assert relative == pytest.approx(0.2 / 1.05, abs=1e-15)
    assert float(tariffs.log_price(relative, 0.8)) == pytest.approx(
        math.log((1 + 0.8 * relative) / (1 + relative)), abs=1e-15
    )
    assert float(tariffs.log_quantity(relative, 0.8, 2.0)) == pytest.approx(-2 * math.log(1 + 0.8 * relative))
    pace = float(tariffs.quarterly_adjustment(0.6))
    assert 1 - (1 - pace) ** 4 == pytest.approx(0.6, abs=1e-15)
    target = np.array([[1.0, 0.0], [3.0, 4.0], [2.0, 0.0]])
    paces = np.array([[0.9, 0.9], [0.5, 0.25], [0.25, 1.0]])
    assert tariffs.adjusted(target, paces).tolist() == [[1.0, 0.0], [2.0, 1.0], [2.0, 0.0]]


def test_the_shipped_schedule_by_its_dates() -> None:
    trade = tariffs.load_schedule().trade["autos"]
    assert len(trade.rates) == len(trade.dates) + 1
    middles = [rate.distribution.ppf(0.5) for rate in trade.rates]
    for date, before, after in zip(trade.dates, middles, middles[1:], strict=False):
        assert trade.rate(date - 1e-6) == before
        assert trade.rate(date) == after
    held = [tariffs.load_schedule().trade[sector].shares for sector in tariffs.TAXED]
    assert np.sum(held, axis=0) == pytest.approx([1.0, 1.0], abs=1e-15)
    assert tariffs.load_schedule().trade[tariffs.REST].shares == pytest.approx(
        1 - np.sum([shares for sector, shares in zip(tariffs.TAXED, held, strict=True) if sector != "other"], axis=0)
    )


def test_a_share_and_a_rate_that_are_believed_to_lie_in_a_range_are_its_median(tmp_path: Path) -> None:
    file, text = tmp_path / "tariffs.yaml", (SHIPPED / "tariffs.yaml").read_text(encoding="utf-8")
    for stated, low, high in (("0.245", 0.2, 0.24), ("0.157", 0.1, 0.2), ("0.25", 0.1, 0.5)):
        text = text.replace(f"law: {stated},", f"law: {{distribution: uniform, low: {low}, high: {high}}},", 1)
    file.write_text(text, encoding="utf-8")
    found = tariffs.load_schedule(file)
    assert found.trade["autos"].shares == pytest.approx((0.22, 0.15))
    assert found.trade["autos"].rate(found.trade["autos"].dates[0]) == pytest.approx(0.3)
    shipped, moved = tariffs.load_schedule().trade[tariffs.REST].shares, found.trade[tariffs.REST].shares
    assert np.subtract(moved, shipped) == pytest.approx([0.245 - 0.22, 0.157 - 0.15])


def test_a_plant_is_given_up_at_its_hazard_until_its_start() -> None:
    found = realisation.survival(np.array([0.1, 0.2]), np.array([3.0, -1.0]))
    assert found == pytest.approx([math.exp(-0.3), 1.0], abs=1e-15)


def test_a_start_is_in_time_or_two_months_and_a_weibull_delay_late() -> None:
    late, shape, scale = 0.4, 1.5, 6.0
    levels = np.array([0.0, 0.59, 0.6, 0.7, 0.9, 0.99])
    found = realisation.slip(levels, np.array(late), np.array(shape), np.array(scale))
    expected = [2 / 3 + stats.weibull_min.ppf((u - 0.6) / 0.4, shape, scale=scale) if u > 0.6 else 0.0 for u in levels]
    assert found == pytest.approx(expected, abs=1e-12)


def test_an_amount_is_kept_or_revised_around_itself() -> None:
    """With a chance of 0.3: below the level 0.15 and above 0.85, the halves of a lognormal distribution around 1."""
    levels = np.array([0.01, 0.1, 0.149, 0.151, 0.5, 0.849, 0.851, 0.95])
    found = realisation.revision(levels, np.array(0.3), np.array(0.2))
    down, up = levels < 0.15, levels > 0.85
    expected = np.ones(8)
    expected[down] = stats.lognorm.ppf(levels[down] / 0.3, 0.2)
    expected[up] = stats.lognorm.ppf(1 - (1 - levels[up]) / 0.3, 0.2)
    assert found == pytest.approx(expected, abs=1e-12)
    assert (found == 1).tolist() == [False, False, False, True, True, True, False, False]


def _row() -> dict[str, np.ndarray]:
    n = len(SECTORS)
    return {
        "hazard": np.array([[0.05, 0.1, 0.2]]),
        "hazard_sector": np.linspace(0.5, 2.0, n)[None],
        "delay_scale": np.array([[4.0, 5.0, 6.0]]),
        "delay_sector": np.linspace(2.0, 0.5, n)[None],
        "late": np.array([0.4]),
        "delay_shape": np.array([1.5]),
        "revised": np.array([0.3]),
        "revision_spread": np.array([[0.1, 0.2, 0.3]]),
    }


def test_the_outlook_of_a_row_in_plain_quantities() -> None:
    found = realisation.outlook(_row())
    scales = (4.0, 5.0, 6.0)
    assert found["stands_after_3_years"][0] == pytest.approx(np.exp([-0.15, -0.3, -0.6]), abs=1e-15)
    by_two = [0.4 * stats.weibull_min.sf(2 - 2 / 3, 1.5, scale=scale) for scale in scales]
    assert found["late_by_2_quarters"][0] == pytest.approx(by_two, abs=1e-12)
    medians = [2 / 3 + stats.weibull_min.median(1.5, scale=scale) for scale in scales]
    assert found["median_delay_if_late"][0] == pytest.approx(medians, abs=1e-12)
    assert (found["late"], found["revised"]) == (0.4, 0.3)
    assert found["revision_spread"][0].tolist() == [0.1, 0.2, 0.3]


def test_a_pair_of_kind_and_sector_has_the_product_of_both() -> None:
    row = _row()
    found = realisation.combined(row, [("acquisition", SECTORS[1]), ("greenfield", SECTORS[-1])])
    hazards, delays = row["hazard_sector"][0], row["delay_sector"][0]
    assert found["hazard"].ravel() == pytest.approx([0.2 * hazards[1], 0.05 * hazards[-1]], abs=1e-15)
    assert found["delay_scale"].ravel() == pytest.approx([6.0 * delays[1], 4.0 * delays[-1]], abs=1e-15)
    assert found["revision_spread"].ravel().tolist() == [0.3, 0.1]


def test_affiliates_that_exist_buy_replace_and_send_by_hand() -> None:
    coefficients = {
        "machinery_share": 0.4,
        "korean_machinery_share": 0.6,
        "purchases_per_output": 0.7,
        "korean_share": 0.3,
        "displacement_rate": 0.2,
        "tariff_displacement": 0.3,
        "reverse_import_rate": 0.05,
    }
    found = installed_base.existing_trade(20.0, 30.0, 0.08, 0.15, coefficients)
    flows = (found.replacement, found.intermediates, found.displaced, found.returned)
    assert flows == pytest.approx(
        (30 * 0.08 * 0.4 * 0.6, 20 * 0.7 * 0.3, 20 * (0.2 + 0.3 * 0.15 / 0.25), 20 * 0.05), abs=1e-15
    )


RNG = np.random.default_rng(3)
PERIODS = 6
BASELINE = {
    "drift": np.array(0.011),
    "season": np.array([[-0.01, -0.02], [0.05, 0.04], [-0.03, -0.025], [-0.01, 0.005]]),
    "moving_average": np.array([-0.25, -0.4]),
    "adjustment": np.array([0.03, 0.05]),
    "ratio": np.array(0.45),
    "shock_factor": np.array([[0.06, 0.0], [0.025, 0.063]]),
    "degrees_of_freedom": np.array(6.0),
    "last_shock": np.array([0.1, -0.05]),
    "response": np.array([[0.5, -0.2, 0.03], [0.8, 0.1, -0.04]]),
}
HISTORY = np.log([[28.0, 17.0], [31.0, 18.0]])


def _drawn(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value[..., None] for name, value in rows.items()}


def _bounded(factor: np.ndarray, normals: np.ndarray, freedom: float, tail: float) -> np.ndarray:
    stretch = min(math.sqrt(freedom / (2 * tail)), LARGEST_SHOCK / math.sqrt(float(normals @ normals)))
    return np.asarray(factor @ normals * stretch)


@pytest.mark.parametrize("seen", ["nothing", "the last month", "running months"])
def test_the_baseline_of_one_draw_quarter_by_quarter(seen: str) -> None:
    """The equations of the module's head in loops, with drivers, one shock beyond its bound, and what months say."""
    normals, tail = RNG.standard_normal((PERIODS, 2)), RNG.gamma(3.0, size=PERIODS)
    forcing = 0.02 * RNG.standard_normal((PERIODS, 3))
    tail[3] = 1e-12
    b, first = BASELINE, 8107
    back, ahead = b["moving_average"]
    shocks = [_bounded(b["shock_factor"], z, 6.0, t) + b["response"] @ x
              for z, t, x in zip(normals, tail, forcing, strict=True)]  # fmt: skip
    pull = np.array([-0.03, 0.05])

    def carried(shock: np.ndarray) -> np.ndarray:
        return np.asarray(back * shock.mean() + ahead * (shock[0] - shock[1]) / 2 * np.array([1.0, -1.0]))

    def growth(level: np.ndarray, quarter: int) -> np.ndarray:
        return np.asarray(b["drift"] + b["season"][quarter % 4] + pull * (level[0] - level[1] - 0.45))

    known: Nowcast | CarryOver | None = None
    if seen == "the last month":
        kept, shift = np.array([0.7, 0.9]), np.array([0.02, -0.03])
        known = CarryOver(shift[:, None], kept[:, None])
        own = _bounded(b["shock_factor"], normals[0], 6.0, tail[0])
        shared, parting = kept[0] * (own[0] + own[1]) / 2, kept[1] * (own[0] - own[1]) / 2
        shocks[0] = shocks[0] - own + [shared + parting, shared - parting] + shift
    if seen == "running months":
        flows, factor, z = np.log([33.0, 19.0]), np.array([[0.02, 0.0], [0.01, 0.03]]), np.array([0.7, -1.1])
        known = Nowcast(flows[:, None], factor[..., None], z[:, None])
        scale = b["shock_factor"] * math.sqrt(6.0 / (2 * tail[0]))
        prior, error = scale @ scale.T, factor @ factor.T
        expected = HISTORY[-1] + growth(HISTORY[-1], first) + carried(b["last_shock"]) + shocks[0]
        shocks[0] = shocks[0] + prior @ np.linalg.solve(prior + error, flows + factor @ z - expected)
    level, before, levels = HISTORY[-1], b["last_shock"], []
    for quarter, shock in enumerate(shocks, first):
        level = level + growth(level, quarter) + carried(before) + shock
        before = shock
        levels.append(level)
    found = baseline_flows(_drawn(b), HISTORY, first, normals[..., None], tail[:, None], forcing[..., None], known)
    np.testing.assert_allclose(np.log(np.stack(found, axis=1))[..., 0], levels, rtol=1e-12)


def test_the_bridge_and_the_drivers_of_one_draw_step_by_step() -> None:
    normals, tail = RNG.standard_normal((PERIODS, 2)), RNG.gamma(2.0, size=PERIODS)
    bridge = {
        "mean": np.array([-0.02, 0.08]),
        "drift": np.array([0.004, -0.006]),
        "persistence": np.array([0.4, 0.8]),
        "state": np.array([0.15, 0.02]),
        "shock_factor": BASELINE["shock_factor"] / 3,
        "degrees_of_freedom": np.array(4.0),
    }
    deviation, expected = bridge["state"] - bridge["mean"], [bridge["state"]]
    for year, (z, t) in enumerate(zip(normals, tail, strict=True), 1):
        deviation = bridge["persistence"] * deviation + _bounded(bridge["shock_factor"], z, 4.0, t)
        expected.append(bridge["mean"] + bridge["drift"] * year + deviation)
    found = bridge_ratios(_drawn(bridge), normals[..., None], tail[:, None])
    np.testing.assert_allclose(np.log(found)[..., 0], expected, rtol=1e-12)

    normals = RNG.standard_normal((PERIODS, 3))
    drivers = {
        "drift": np.array([0.005, 0.001, 0.01]),
        "moving_average": np.array([0.2, 0.3, -0.1]),
        "carried": np.array([0.01, -0.02, 0.03]),
        "shock_factor": np.array([[0.005, 0.0, 0.0], [0.01, 0.03, 0.0], [-0.02, 0.04, 0.12]]),
        "degrees_of_freedom": np.array(4.0),
    }
    shocks = [_bounded(drivers["shock_factor"], z, 4.0, t) for z, t in zip(normals, tail, strict=True)]
    before = [drivers["carried"], *(drivers["moving_average"] * shock for shock in shocks[:-1])]
    grown = [drivers["drift"] + shock + brought for shock, brought in zip(shocks, before, strict=True)]
    np.testing.assert_allclose(driver_growth(_drawn(drivers), normals[..., None], tail[:, None])[..., 0], grown)
