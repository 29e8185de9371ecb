"""Texts of both languages: the same keys and places, money and chances in each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from commands import command

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


@pytest.mark.parametrize("section", ["", "warnings"])
def test_languages_have_the_same_keys_and_places(section: str) -> None:
    assert CODES == LANGUAGES
    known = (language(code) for code in CODES)
    english, *others = (dict(leaves(texts.part(section) if section else texts.words)) for texts in known)
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
    [(0.0, 1_000, ("<", "0.37")), (1.0, 20_000, (">", "99.9")), (0.5, 20_000, ("", "50.0"))],
)
def test_a_chance_is_bounded_where_no_draw_disagrees(probability: float, n_draws: int, shown: tuple[str, str]) -> None:
    assert percentage(probability, 0.0, n_draws) == shown


def test_particles_follow_the_sound_before_them() -> None:
    """Both forms of a particle were printed wherever a name or number stands before it."""
    korean = language("ko")
    held = [korean.text("breakeven.held", input=name, what="", unit="", basis="") for name in ("수출", "산출")]
    assert [text[1:3] + text[4:7] for text in held] == ["수출을 한", "산출을 한"]
    said = [
        korean.text("because.none_replaced_taxed", sector=name, year=2035, amount="")
        for name in ("자동차", "자동차 부품")
    ]
    assert ["자동차가 대체하는" in said[0], "자동차 부품이 대체하는" in said[1]] == [True, True]
    assert korean.text("announced.relations.superseded_by", id="HMG-06").endswith("HMG-06으로 대체")
    assert korean.text("announced.relations.superseded_by", id="HMG-01").endswith("HMG-01로 대체")
    text = language("en").text("breakeven.held", input="이(가)", what="", unit="", basis="")
    assert "이(가)" in text


def test_korean_intervals_have_their_unit(tmp_path: Path) -> None:
    said = command("run", "baseline", "--draws", "400", "--no-plot", "--language", "ko", cwd=tmp_path).stdout
    intervals = re.findall(
        r"80% 예측구간 [\d,.−]+ ~ [\d,.−]+(\S*)", " ".join(said.split()).replace("억 달러", "억달러")
    )
    assert len(intervals) >= 3
    assert {unit.rstrip("),로를").startswith("억달러") for unit in intervals} == {True}
