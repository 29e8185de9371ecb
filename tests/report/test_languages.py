"""Texts of both languages: the same keys and places, money and chances in each."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest

from forecast.cli.options import LANGUAGES
from forecast.report.i18n import CODES, language
from forecast.stats.formatting import percentage


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for name, child in tree.items():
            yield from leaves(child, f"{path}.{name}")
    elif isinstance(tree, list | tuple):
        for index, child in enumerate(tree):
            yield from leaves(child, f"{path}[{index}]")
    else:
        yield path, tree


def places(text: object) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(str(text)) if name}


def test_languages_have_the_same_keys_and_places() -> None:
    assert CODES == LANGUAGES
    english, *others = (dict(leaves(language(code).words)) for code in CODES)
    for other in others:
        assert other.keys() == english.keys()
        assert {key: places(text) for key, text in other.items()} == {
            key: places(text) for key, text in english.items()
        }
        assert all(str(text).strip() for text in other.values())


def test_money_keeps_its_precision_in_korean() -> None:
    assert language("en").money(-3.541, 0.02, "+") == "−3.54\xa0bn USD"
    assert language("ko").money(-3.541, 0.02, "+") == "−35.4억 달러"
    assert language("ko").money(77.8, 0.3) == "778억 달러"
    assert language("ko").chance(0.0, 0.0, 4_000) == "0.1% 미만"


@pytest.mark.parametrize(
    ("probability", "n_draws", "shown"),
    [(0.0, 1_000, ("<", "0.3")), (1.0, 20_000, (">", "99.9")), (0.5, 20_000, ("", "50.0"))],
)
def test_a_chance_is_bounded_where_no_draw_disagrees(probability: float, n_draws: int, shown: tuple[str, str]) -> None:
    assert percentage(probability, 0.0, n_draws) == shown
