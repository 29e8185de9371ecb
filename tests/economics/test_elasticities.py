"""Elasticities by product group: recomputed from the tables, found again where known, and met with the prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.dims import Array
from forecast.economics.elasticities import (
    GROUP_OF,
    GROUPS,
    LEAST_FROM_DATA,
    addresses,
    combined,
    industries,
    learned_elasticities,
    load_elasticities,
    shipped_responses,
)
from forecast.economics.tariff_evidence import DUTY_YEARS, Panel, Slopes, of_groups, panel_of, slopes
from forecast.economics.tariffs import TAXED, load_schedule
from forecast.observations.products import IndustryTrade, industry_trade, product_duties
from forecast.stats.distributions import Constant

PASSED, PACE = Constant(0.8), Constant(0.5)


@pytest.mark.parametrize("group", list(GROUPS))
def test_the_file_holds_what_the_tables_say(group: str) -> None:
    learned, held = learned_elasticities()[group], load_elasticities().groups[group]
    median, upper = held.distribution.ppf([0.5, 0.8413447460685429])
    assert median == pytest.approx(learned.median, abs=0.005)
    assert np.log(upper / median) == pytest.approx(learned.sigma, abs=0.0005)
    assert (held.grade == "judgement") == (learned.from_data < LEAST_FROM_DATA)
    said = f"{float(f'{100 * learned.from_data:.2g}'):g} % of the precision"
    assert f"say {learned.slope:.2g} (standard error {learned.error:.2g}), which is {said}" in held.note


def test_every_sector_has_one_group_and_every_industry_one() -> None:
    assert set(GROUP_OF) == set(TAXED)
    codes = [code for group in industries().values() for code in group]
    assert sorted(codes) == list(industry_trade().codes)
    assert len(codes) == len(set(codes))
    assert {address for sector in TAXED for address in addresses(sector).values()} == set(shipped_responses())


def test_korea_and_its_rivals_answer_to_one_ratio() -> None:
    """Apart, the slopes on the duties on Korea and on rivals have opposite signs and one size, within their errors."""
    responses = load_schedule().responses
    passed, pace = (responses[name].distribution for name in ("pass_through", "adjustment"))

    def apart(panel: Panel) -> Array:
        return np.stack([panel.own, panel.rivals], axis=-1)

    found = slopes(industry_trade(), apart, passed, pace)
    assert found.values.round(1).tolist() == [-3.2, 2.3]
    assert found.errors.round(1).tolist() == [3.2, 3.8]
    whole = slopes(industry_trade(), of_groups([industry_trade().codes]), passed, pace)
    assert (whole.values.round(1).tolist(), whole.errors.round(1).tolist()) == ([2.9], [3.0])


def test_the_two_tables_of_duties_agree() -> None:
    trade = industry_trade()
    for code in ("333", "334", "335", "336"):
        paid, column = product_duties(code), trade.codes.index(code)
        rows = slice(paid.start - trade.start, None)
        np.testing.assert_array_equal(trade.korea[rows, column], paid.imports)
        np.testing.assert_array_equal(trade.korea_duties[rows, column], paid.duties)


N_INDUSTRIES = 8


def made(elasticities: Array, seed: int, noise: float) -> IndustryTrade:
    """Trade from 2013 to November 2025 in which industries answer duties by the equations, in plain loops."""
    rng = np.random.default_rng(seed)
    n_quarters, n = 52, N_INDUSTRIES
    rates = np.zeros((2, n_quarters, n))
    rates[0, 49:] = rng.uniform(0.0, 0.5, n)
    rates[1, 22:] = rng.uniform(0.0, 0.3, n)
    rates[1, 49:] += rng.uniform(0.0, 0.3, n)
    logs = np.zeros((2, n_quarters, n))
    answered = np.zeros((2, n))
    for quarter in range(n_quarters):
        paid = np.log(1.0 + 0.8 * rates[:, quarter])
        answered += (1.0 - 0.5**0.25) * (paid - answered) if quarter else 0.0
        logs[:, quarter] = paid - np.log(1.0 + rates[:, quarter]) - elasticities * answered
    drift = noise * rng.standard_normal((n_quarters, n)).cumsum(axis=0)
    logs[0] += drift + rng.standard_normal((n_quarters, 1))
    logs += rng.standard_normal((n_quarters, n))  # demand, which moves both
    months = np.repeat(np.exp(logs), 3, axis=1)[:, :155]
    korea, rivals = months
    duties = np.repeat(rates, 3, axis=1)[:, :155] * months
    codes = tuple(f"3{place}" for place in range(n))
    return IndustryTrade(12 * 2013, codes, korea, duties[0], rivals, duties[1])


def test_a_known_elasticity_is_found_again() -> None:
    """Two groups that differ, whatever demand does, where nothing else moves the ratio."""
    elasticities = np.where(np.arange(N_INDUSTRIES) < 3, 1.5, 3.0)
    trade = made(elasticities, 0, 1e-7)
    groups = of_groups([trade.codes[:3], trade.codes[3:]])
    np.testing.assert_allclose(slopes(trade, groups, PASSED, PACE).values, [1.5, 3.0], rtol=1e-4)


@pytest.mark.slow
def test_errors_are_as_large_as_what_slopes_miss() -> None:
    """With noise that walks at random, misses over their standard errors have a mean square of about one."""
    elasticities, groups = np.full(N_INDUSTRIES, 2.0), [tuple(f"3{place}" for place in range(N_INDUSTRIES))]
    found = [slopes(made(elasticities, seed, 0.05), of_groups(groups), PASSED, PACE) for seed in range(80)]
    missed = np.array([(one.values[0] - 2.0) / one.errors[0] for one in found])
    assert 0.7 < np.mean(missed**2) < 1.6


def test_steel_under_the_quota_says_nothing_and_pandemic_years_do_not_either() -> None:
    trade, groups = industry_trade(), of_groups([industry_trade().codes])
    found = slopes(trade, groups, PASSED, PACE).values[0]
    years = trade.start // 12 + np.arange(len(trade.korea)) // 12
    column = trade.codes.index("331")
    for year, code, same in ((2019, "331", True), (2019, "332", False), (2025, "331", False)):
        korea = trade.korea.copy()
        korea[np.flatnonzero(years == year)[3:6], trade.codes.index(code)] *= 1.3
        duties = trade.korea_duties * korea / trade.korea
        again = slopes(replace(trade, korea=korea, korea_duties=duties), groups, PASSED, PACE).values[0]
        assert (abs(again - found) < 1e-9) == same
    assert trade.korea[years == 2019, column].sum() > 1.0
    assert not {2020, 2021} & set(DUTY_YEARS)


def test_a_part_quarter_is_compared_with_the_same_months() -> None:
    trade = industry_trade()
    panel = panel_of(trade, 0.8, 0.5)
    now, before = trade.korea[-2:].sum(axis=0), trade.korea[-14:-12].sum(axis=0)
    rival, past = trade.rivals[-2:].sum(axis=0), trade.rivals[-14:-12].sum(axis=0)
    rates = [
        (duties[rows].sum(axis=0) / flows[rows].sum(axis=0))
        for flows, duties in ((trade.korea, trade.korea_duties), (trade.rivals, trade.rivals_duties))
        for rows in (slice(153, 155), slice(141, 144))
    ]
    korea, korea_past, others, others_past = (np.log((1 + 0.8 * rate) / (1 + rate)) for rate in rates)
    expected = np.log(now / before / (rival / past)) - (korea - korea_past - others + others_past)
    np.testing.assert_allclose(panel.ratio[-1], expected, rtol=1e-9)
    assert panel.years[-1] == 2025


def test_data_and_prior_meet_by_precision() -> None:
    """One prior of mean 2.09 and deviation 0.64, and data as precise for one group: half way, and half the variance."""
    mean, variance = 2.0 * np.exp(0.045), 4.0 * np.exp(0.09) * (np.exp(0.09) - 1.0)
    values, errors = np.full(6, 3.0), np.array([variance, *[1e9] * 5])
    first, *others = combined(Slopes(values, np.diag(errors)), 2.0, 0.3).values()
    assert first.from_data == pytest.approx(0.5)
    assert first.median * np.exp(first.sigma**2 / 2) == pytest.approx((mean + 3.0) / 2)
    assert (first.median**2 * np.exp(first.sigma**2)) * (np.exp(first.sigma**2) - 1) == pytest.approx(variance / 2)
    assert [round(one.median, 6) for one in others] == [2.0] * 5
