"""What sentences say of made draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from forecast.analysis.comparison import summarised
from forecast.report.i18n import language
from forecast.report.sentences import effect_sentence, policy_sentence
from forecast.stats.summary import Summary

YEARS = (2026, 2027)


def told(last: Mapping[str, Sequence[float]]) -> Summary:
    """Statistics of series whose draws of the last year are given, and are the same the year before."""
    draws = np.array([[values, values] for values in last.values()], dtype=float)
    return summarised(draws, YEARS, tuple(last), block_size=100)


@pytest.mark.parametrize(("n_up", "english", "korean"), [(70, "raise", "늘릴"), (30, "lower", "줄일")])
def test_an_effect_is_told_in_its_likelier_direction(n_up: int, english: str, korean: str) -> None:
    effect = np.repeat([1.0, -1.0], [n_up, 100 - n_up])
    summary = told({"investment_effect": effect, "capital_goods": np.zeros(100)})
    assert f"the chance that they {english} it in 2027 is 70\xa0%." in effect_sentence(
        summary, language("en"), "2026Q2"
    )
    assert f"이 투자가 2027년 흑자를 {korean} 확률은 70%이다." in effect_sentence(
        summary, language("ko"), "2026년 2분기"
    )


@pytest.mark.parametrize(("orders", "told_of"), [(-0.5, True), (-0.05, False), (0.5, False)])
def test_orders_that_end_with_construction_are_told_from_a_tenth_of_the_effect(orders: float, told_of: bool) -> None:
    summary = told({"investment_effect": np.full(100, -1.0), "capital_goods": np.full(100, orders)})
    words = "Of the change in 2027, −0.50\xa0bn USD (median) are orders for machines that flowed in 2026Q2 and end with"
    assert (words in effect_sentence(summary, language("en"), "2026Q2")) == told_of
    assert ("발주" in effect_sentence(summary, language("ko"), "2026년 2분기")) == told_of


def test_a_policy_that_may_not_come_is_told_by_its_median_and_by_how_often_it_does_nothing() -> None:
    summary = told({"tariffs": np.repeat([-2.0, 0.0], [80, 20])})
    said = policy_sentence(summary, language("en"), "tariffs").replace("\xa0", " ")
    assert "by −2.00 bn USD in 2027 (median; 80 % interval −2.00 to 0.00 bn USD)." in said
    assert said.endswith("In 20 % of the draws they change nothing in 2027.")
