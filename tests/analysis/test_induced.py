"""Trade that Korean plants in the US induced in years past."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from click.testing import CliRunner

import forecast
from forecast.analysis.induced import induced
from forecast.cli import cli
from forecast.errors import DataError
from forecast.models.evidence import (
    SPANS,
    YEARS,
    bottom_up,
    induced_trade,
    load_evidence,
    recent_investment,
    recent_plants,
)
from forecast.models.posterior import Posterior
from forecast.observations.series import quarterly_trade


@cache
def learned() -> Posterior:
    return forecast.load_posterior()


def coefficients() -> np.ndarray:
    return np.moveaxis(learned().groups["sectors"]["coefficients"], 0, -1)


def test_a_year_is_that_of_the_wave() -> None:
    trade = induced_trade(recent_plants(), coefficients())
    for year in (2020, 2023, 2025):
        found, row = induced(year, learned().groups), YEARS.index(year)
        np.testing.assert_allclose(found.net, trade.exports[row] - trade.returned[row].sum(axis=0), atol=1e-12)
        gross = (trade.capital_goods + trade.intermediates)[row].sum(axis=0)
        np.testing.assert_allclose(found.gross, gross, atol=1e-12)


def test_the_rise_is_the_one_the_fit_read() -> None:
    """`exports_rise` of the readings: induced exports of 2024 less those of 2021, displaced ones taken off."""
    (rise,) = bottom_up(recent_plants(), coefficients(), load_evidence()[:1], recent_investment())
    years = [induced(year, learned().groups).channels[:3].sum(axis=0) for year in (2021, 2024)]
    np.testing.assert_allclose(years[1] - years[0], rise, atol=1e-12)


def test_spans_of_quarters_add_up_to_the_year() -> None:
    wave = recent_plants()
    years = induced_trade(wave, coefficients())
    halves = induced_trade(wave, coefficients(), range(SPANS.start, SPANS.stop, 2))
    for flow in ("capital_goods", "intermediates", "displaced"):
        whole, parts = getattr(years, flow), getattr(halves, flow)
        np.testing.assert_allclose(parts[::2] + parts[1::2], whole, atol=1e-12)


def test_observed_surplus_by_book() -> None:
    assert induced(2024, learned().groups).surplus == pytest.approx(
        {"korea_customs": 55.66508, "us_census": 65.6863}, abs=1e-3
    )
    assert set(induced(2025, learned().groups).surplus) == {"us_census"}
    half = induced(2026, learned().groups)
    trade = quarterly_trade()
    assert half.n_quarters == 2
    assert half.surplus == {"us_census": pytest.approx((trade.exports - trade.imports)[-2:].sum())}


def test_only_plants_begun_by_then_count() -> None:
    assert induced(2020, learned().groups).plants == ("LG-05", "SK-06")
    assert "SS-01" not in induced(2024, learned().groups).plants
    assert len(induced(2026, learned().groups).plants) == len(recent_plants().ids)


@pytest.mark.parametrize("year", [2019, 2027])
def test_other_years_are_refused(year: int) -> None:
    with pytest.raises(DataError, match=f"--year: got {year}, expected a year from 2020 to 2026: wave.csv holds"):
        induced(year, learned().groups)


def test_the_command_ends_in_a_sentence_to_quote() -> None:
    done = CliRunner().invoke(cli, ["induced", "--year", "2024"], env={"COLUMNS": "80"})
    assert done.exit_code == 0
    printed = " ".join(done.output.split())
    assert "buy 59 % of their inputs in Korea and 32.1 % locally (2023)" in printed
    assert "share of all purchases of all affiliates, sales companies that resell Korean goods included" in printed
    sentence = printed.split("not of what a plant buys. ")[1]
    assert sentence.startswith("In 2024, 16 Korean plants that were being built or ran in the US induced exports")
    assert "of the surplus of 55.7 bn USD, and" in sentence
    assert "(medians and 80 % intervals, Korean customs basis)" in sentence


def test_a_part_of_a_year_is_told_beside_the_same_months_of_the_first() -> None:
    done = CliRunner().invoke(cli, ["induced", "--year", "2026"], env={"COLUMNS": "120"})
    printed = " ".join(done.output.split())
    assert printed.count("of its rise since January–June 2020") == 2  # in the table and in the sentence
    assert "rise since 2020" not in printed
    assert "…" not in printed.partition("Plants counted")[0]  # no number is cut
