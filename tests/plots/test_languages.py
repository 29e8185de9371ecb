"""Pictures in Korean where a typeface has its letters, in English where none has; amounts in the unit of either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import command
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, fontManager

from forecast import plots
from forecast.catalogue import ENGLISH, Texts
from forecast.characters import HANGUL
from forecast.plots import style
from forecast.plots.fan import save_history_chart
from forecast.plots.style import Heading, drawable, korean_typeface

KOREAN = Texts("ko")
YEARS = np.arange(2026, 2036)
MEDIAN = np.linspace(78.0, 94.0, 10)
BANDS = {width: (MEDIAN - width / 5, MEDIAN + width / 5) for width in (50, 80, 95)}
OBSERVED = (np.arange(2023, 2026), np.array([44.4, 55.7, np.nan]))


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What was found of typefaces is looked for again."""
    korean_typeface.cache_clear()
    yield
    korean_typeface.cache_clear()


def words(figure: Figure) -> set[str]:
    figure.canvas.draw()
    return {text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))}


def fan(texts: Texts) -> Figure:
    heading = Heading("1", style.fan_subtitle("us_census", 500, "2026Q2", prior=False, texts=texts), "2")
    given = {"observed": OBSERVED, "basis": "korea_customs", "record": (2024, 55.68), "later": [(2026, -70.54)]}
    return plots.fan_figure(heading, YEARS, BANDS, MEDIAN, **given, texts=texts)


def test_amounts_are_in_the_unit_of_the_language() -> None:
    english, korean = words(fan(ENGLISH)), words(fan(KOREAN))
    assert {"record: 55.7 in 2024", "median 94 in 2035", "80 %: 78 to 110", "100"} <= english
    assert {"역대 최대: 2024년 557", "2035년 중앙값 940", "80%: 780 ~ 1,100", "1,000"} <= korean
    assert "2026년 실적 −705(이 전망 이후)" in korean
    assert "대미 무역수지 흑자(연간 억 달러, 한국 관세청 통관 기준)" in korean
    assert "실적(2025년은 자료에 없음)" in korean


def test_what_is_drawn_is_the_same_in_both_languages() -> None:
    drawn = [[line.get_xydata() for line in fan(texts).axes[0].get_lines()] for texts in (ENGLISH, KOREAN)]
    for english, korean in zip(*drawn, strict=True):
        np.testing.assert_array_equal(english, korean)


def test_history_is_told_in_korean() -> None:
    ax = Figure().add_subplot()
    flows = np.array([[131, 66, 65.7], [110, 55, 55.0]])
    plots.draw_history(ax, np.arange(2025, 2027), flows, np.array([[12] * 3, [8] * 3]), basis="us_census", texts=KOREAN)
    assert {"수출", "수입", "수지", "657", "2026\n1월~8월"} <= words(ax.figure)
    assert not any(letter.isascii() and letter.isalpha() for letter in "".join(words(ax.figure)))


SWEPT = "발표된 투자가 2027년 대미 무역수지 흑자에 미치는 효과(연간 억 달러, 한국 관세청 통관 기준)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "module", "said"),
    [
        ("sweep hyundai -s horizon=2034,2035", "sweep", {SWEPT}),
        (
            "sweep hyundai -s horizon=2034,2035 -s investments.HMG-06.amount=2,4",
            "sweep",
            {f"{SWEPT}, 세로축: horizon"},
        ),
        (
            "budget baseline",
            "sensitivity",
            {"2027년 흑자의 분산에서 차지하는 비중(%)", "앞으로의 교역 충격", "상호작용 포함", "입력값이 낮을 때"},
        ),
    ],
)
def test_pictures_of_answers_follow_the_language(
    asked: str, module: str, said: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: set[str] = set()
    monkeypatch.setattr(f"forecast.plots.{module}.save_figure", lambda figure, path: found.update(words(figure)))
    monkeypatch.setattr(style, "drawable", lambda texts: texts)
    draws = () if "budget" in asked else ("--draws", "400")
    done = command(*asked.split(), "--year", "2027", *draws, "--n-jobs", "1", "--language", "ko", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert said <= {text.replace("\n", " ") for text in found}
    english = {text for text in found if re.search("[a-z]{3}", text)}
    assert all(re.search("horizon|investments", text) for text in english), english


def test_english_stays_where_no_typeface_has_korean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(style, "_has_korean", lambda path: False)
    assert korean_typeface() is None
    assert drawable(KOREAN) == ENGLISH
    for texts in (ENGLISH, KOREAN):
        save_history_chart(tmp_path / texts.code, 3, texts)
    assert (tmp_path / "ko").read_bytes() == (tmp_path / "en").read_bytes()


def test_a_known_typeface_is_taken_before_another(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = [
        FontEntry(fname=f"/fonts/{name}.ttf", name=name) for name in ("A", "UnDotum", "NanumGothic", "DejaVu Sans")
    ]
    monkeypatch.setattr(fontManager, "ttflist", fonts)
    monkeypatch.setattr(style, "_has_korean", lambda path: "DejaVu" not in path)
    assert korean_typeface() == "NanumGothic"
    assert drawable(KOREAN) == KOREAN
    assert style.typefaces("흑자")[0] == "NanumGothic"
    assert style.typefaces("surplus")[0] == "DejaVu Sans"


def test_a_typeface_installed_since_the_last_look_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fontManager, "ttflist", [FontEntry(fname="/fonts/DejaVu.ttf", name="DejaVu Sans")])
    monkeypatch.setattr(style, "findSystemFonts", lambda: ["/fonts/DejaVu.ttf", "/fonts/new.ttf"])
    monkeypatch.setattr(style, "_has_korean", lambda path: "new" in path)
    added = FontEntry(fname="/fonts/new.ttf", name="New")
    monkeypatch.setattr(fontManager, "addfont", lambda path: fontManager.ttflist.append(added))
    assert korean_typeface() == "New"


def test_forms_for_missing_letters_are_no_korean(tmp_path: Path) -> None:
    """The typeface that matplotlib brings for missing letters has one form for all of Korean."""
    assert not any(style._has_korean(font.fname) for font in fontManager.ttflist if "Last Resort" in font.name)
    (tmp_path / "broken.ttf").write_bytes(b"no typeface")
    assert not style._has_korean(str(tmp_path / "broken.ttf"))
    assert not style._has_korean(str(tmp_path / "gone.ttf"))


def test_typefaces_are_not_looked_for_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "_has_korean", lambda path: pytest.fail("looked for"))
    assert drawable(ENGLISH) == ENGLISH
    fan(drawable(ENGLISH))


def test_pictures_in_english_have_no_letter_of_korean() -> None:
    assert not any(HANGUL.search(text) for text in words(fan(ENGLISH)))
