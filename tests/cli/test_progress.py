"""Progress where there is no terminal: a line every few seconds of what takes longer, nothing of what does not."""

from __future__ import annotations

import re
from time import sleep

import pytest

from forecast.catalogue import Texts, worded
from forecast.cli import progress as shown


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines a fifth of a second apart."""
    monkeypatch.setattr(shown, "FIRST_LINE_AFTER", 0.2)
    monkeypatch.setattr(shown, "LINE_EVERY", 0.2)


@pytest.mark.usefixtures("_hasty")
def test_work_that_is_soon_done_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown.progress_bar("short", 10) as progress:
        progress.advance(10)
    sleep(0.3)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("_hasty")
def test_longer_work_says_what_is_done_and_how_long_the_rest_may_take(capsys: pytest.CaptureFixture[str]) -> None:
    with shown.progress_bar("announced", 20_000) as progress:
        sleep(0.3)
        progress.advance(8_000)
        sleep(0.2)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == "announced: 0 of 20,000 draws after 0 s"
    assert re.fullmatch(r"announced: 8,000 of 20,000 draws after \d s, about \d s left", last)


def test_the_time_left_is_in_proportion_to_what_is_left() -> None:
    progress = shown._Progress("backtest", 40, "fits", Texts("en"), done=10.0)
    progress.started -= 60.0
    assert progress.line() == "backtest: 10 of 40 fits after 1 min 0 s, about 3 min 0 s left"


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("draws", "baseline 대비 hyundai, 요인별 분해: 모의실험 20,000회 중 5,000회, 0초 경과, 약 1초 남음"),
        ("percent", "baseline 대비 hyundai, 요인별 분해: 20,000% 중 5,000%, 0초 경과, 약 1초 남음"),
    ],
)
def test_progress_is_in_the_language_of_the_command(
    unit: str, expected: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was English under `--language ko`, and where the locale is Korean."""
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    name = worded("progress.divided", name=shown.difference_name("baseline", "hyundai"))
    with shown.progress_bar(name, 20_000, unit) as progress:
        progress.advance(5_000)
        sleep(0.3)
    assert expected in capsys.readouterr().err.splitlines()


def test_what_was_there_before_took_no_time() -> None:
    """A run that went on at half of its draws was told to be done in no time."""
    progress = shown._Progress("hyundai", 20_000, "draws", Texts("en"))
    progress.started -= 60.0
    progress.resume(10_000)
    assert progress.line() == "hyundai: 10,000 of 20,000 draws after 1 min 0 s"
    progress.advance(2_000)
    assert progress.line() == "hyundai: 12,000 of 20,000 draws after 1 min 0 s, about 4 min 0 s left"


@pytest.mark.usefixtures("_hasty")
def test_lines_end_with_the_work_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        with shown.progress_bar("broken", 10):
            sleep(0.3)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken()
    assert capsys.readouterr().err.startswith("broken: 0 of 10 draws")
    sleep(0.3)
    assert capsys.readouterr().err == ""
