"""What sentences say of made draws."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import forecast
from forecast.analysis.comparison import summarised
from forecast.report.i18n import CODES, language
from forecast.report.run import pledge_notes
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


@pytest.mark.parametrize("code", CODES)
def test_one_thing_is_told_otherwise_than_several(code: str) -> None:
    """Korean nouns have one form, so that only English can be wrong."""
    words = language(code)
    pairs = [
        (words.count(key, 1, **places), words.count(key, 2, **places))
        for key, places in (
            ("causes.others", {}),
            ("causes.scenarios", {}),
            ("comparison.pairs", {}),
            ("sentences.part", {"value": "1", "year": 2026}),
            ("sentences.failed", {"draws": "20,000"}),
            ("ledger.inside", {"inside": 1}),
            ("checks.duration", {"n_models": 7, "minutes": 1}),
        )
    ]
    assert all(one != several for one, several in pairs)
    nouns = "draws|others|scenarios|pairs|months|numbers|fits"
    assert not [one for one, _ in pairs if re.search(rf"\b1 ({nouns})\b", one)]


def test_what_of_a_pledge_is_not_simulated_is_told(tmp_path: Path) -> None:
    file = tmp_path / "masga.yaml"
    file.write_text(PLEDGE, encoding="utf-8")
    scenario = forecast.load_scenario(file)
    (note,) = pledge_notes(scenario)
    assert note == (
        "Of the 150.0 bn USD of the pledge MASGA, 11.5 bn USD are in parts that are simulated; the other 138.5 bn USD "
        "add nothing."
    )
    assert "1,385억 달러" in pledge_notes(scenario, language("ko"))[0]
    file.write_text(PLEDGE.replace("amount: 150", "amount: 11.5"), encoding="utf-8")
    assert pledge_notes(forecast.load_scenario(file)) == []


PLEDGE = """\
name: masga
investments:
  - {id: MASGA, company: Korea, project: ships, sector: shipbuilding, kind: pledge, amount: 150, announced: 2025-07}
  - id: YARD
    part_of: MASGA
    company: Hanwha
    project: a yard
    sector: shipbuilding
    kind: expansion
    amount: 5
    announced: 2025-08
    production_start: 2028Q1
  - id: DOCKS
    part_of: MASGA
    company: Hanwha
    project: docks
    sector: shipbuilding
    kind: expansion
    amount: 6.5
    announced: 2025-09
    production_start: 2029Q1
"""
