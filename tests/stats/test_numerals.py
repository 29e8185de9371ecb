"""Numbers as text: no digit that the Monte Carlo error does not allow, and the same digits wherever one is told."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.analysis.comparison import both_ways
from forecast.characters import plain_spaces
from forecast.dims import Array
from forecast.report.comparison import signed_interval
from forecast.report.effect import chance_above, chance_below
from forecast.report.i18n import ENGLISH, language
from forecast.stats.formatting import percentage, span, stored, sum_and_parts
from forecast.stats.summary import decimals, exceedance_name


def skewed(n_draws: int = 20_000) -> Array:
    """Draws of one year whose 90 % quantile is known far worse than their 10 % quantile."""
    return np.random.default_rng(8).lognormal(0.0, 2.0, n_draws)[None]


def places(text: str) -> list[int]:
    return [len(number.partition(".")[2]) for number in re.findall(r"[\d,]+(?:\.\d+)?", text)]


@pytest.mark.parametrize("code", ["en", "ko"])
def test_both_ends_of_an_interval_have_the_decimals_that_the_worse_known_allows(code: str) -> None:
    summary = both_ways(skewed(), [2030], 2_000)
    ends = [summary.estimate("rise", name, 0) for name in ("quantile_0.1", "quantile_0.9")]
    allowed = [decimals(error) for _, error in ends]
    assert allowed[0] > allowed[1]
    told = language(code)
    assert len(set(places(told.span(ends)))) == 1
    assert places(ENGLISH.interval(summary, "rise", 80, 0)) == [allowed[1]] * 2
    assert len(set(places(signed_interval(summary, "rise", 80, 0)))) == 1


@given(st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=5), st.sampled_from([0.0, 0.004, 0.03, 0.2, 7.0, 30.0]))
def test_parts_add_up_to_their_sum_as_they_are_printed(parts: list[float], error: float) -> None:
    whole = sum(parts)
    told = sum_and_parts((whole, error), parts, 2)
    total, *each = (float(text.replace("−", "-").replace(",", "")) for text in told)
    step = 10.0 ** -min(decimals(error), 2)
    assert sum(each) == pytest.approx(total, abs=1e-9)
    assert told[0] == span([(whole, error)], 2)[0]
    assert all(abs(value - part) < step + 1e-9 for value, part in zip(each, parts, strict=True))


def test_the_larger_end_decides_where_decimals_follow_the_size() -> None:
    """From 10 bn USD on a difference has one decimal; an interval from 7 to 26 has one too."""
    draws = np.random.default_rng(2).uniform(-28.0, -5.0, (1, 2_000_000))
    low, high = signed_interval(both_ways(draws, [2030], 200_000), "rise", 80, 0).split(" to ")
    assert (low, high) == ("−25.7", "−7.3")


def test_an_unknown_error_allows_no_decimals() -> None:
    summary = both_ways(np.array([[7.25]]), [2030], 2_000)
    assert ENGLISH.interval(summary, "rise", 80, 0) == "7 to 7"
    assert plain_spaces(ENGLISH.chance_cell(summary, "rise", exceedance_name(0.0), 0)) == "> 2 %"


@pytest.mark.parametrize(
    ("share", "cell", "words"), [(0.0, "< 0.1 %", "below 0.1 %"), (1.0, "> 99.9 %", "above 99.9 %")]
)
def test_a_bound_is_a_sign_in_a_table_and_a_word_in_a_sentence(share: float, cell: str, words: str) -> None:
    draws = np.full((1, 20_000), 1.0 if share else -1.0)
    summary = both_ways(draws, [2030], 2_000)
    assert plain_spaces(ENGLISH.chance_cell(summary, "rise", exceedance_name(0.0), 0)) == cell
    assert plain_spaces(chance_above(summary, "rise", 0.0, 0, ENGLISH)) == words
    assert plain_spaces(chance_below(summary, "fall", 0, ENGLISH)) == words


def test_stored_numbers_are_read_back_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    for value, error in rng.standard_cauchy((200, 2)):
        assert tuple(map(float, stored(value, error))) == (value, error)


def test_an_error_of_tens_leaves_tens() -> None:
    """A page in Korean counts 100 million USD: what is known to 1.2 bn USD is known to 12 of them."""
    assert language("ko").money(78.43, 1.2, places=0) == "780억 달러"
    assert language("en").money(78.43, 1.2, places=0) == "78\xa0bn USD"
    assert percentage(0.43, 0.12, 16) == ("", "40")
    assert span([(784.0, 4.0), (1453.0, 12.0)], 0) == ("780", "1,450")


def test_values_that_stand_together_are_rounded_once() -> None:
    assert span([(0.25, 0.5), (2.5, 3.0)], 2) == ("0", "2")
    assert span([(-0.04, 0.1), (131.04, 0.01)], 2, "+") == ("0.0", "+131.0")


def test_a_chance_is_a_bound_from_half_of_the_least_that_can_be_told() -> None:
    """Of 20,000 draws a tenth of a percent can be told, so that from 0.05 % on one is printed as a number."""
    found = [percentage(share, 1e-4, 20_000) for share in (0.0004, 0.0006, 0.9994, 0.9996)]
    assert found == [("<", "0.1"), ("", "0.1"), ("", "99.9"), (">", "99.9")]
