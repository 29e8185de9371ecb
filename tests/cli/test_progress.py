"""Progress where there is no terminal: a line every few seconds of what takes longer, nothing of what does not."""

from __future__ import annotations

import re
from time import sleep

import pytest

from forecast.cli import options


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines a fifth of a second apart."""
    monkeypatch.setattr(options, "FIRST_LINE_AFTER", 0.2)
    monkeypatch.setattr(options, "LINE_EVERY", 0.2)


@pytest.mark.usefixtures("_hasty")
def test_work_that_is_soon_done_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with options.progress_bar("short", 10) as progress:
        progress.advance(10)
    sleep(0.3)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("_hasty")
def test_longer_work_says_what_is_done_and_how_long_the_rest_may_take(capsys: pytest.CaptureFixture[str]) -> None:
    with options.progress_bar("announced", 20_000) as progress:
        sleep(0.3)
        progress.advance(8_000)
        sleep(0.2)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == "announced: 0 of 20,000 draws after 0 s"
    assert re.fullmatch(r"announced: 8,000 of 20,000 draws after \d s, about \d s left", last)


def test_the_time_left_is_in_proportion_to_what_is_left() -> None:
    progress = options._Progress("backtest", 40, "fits", done=10.0)
    progress.started -= 60.0
    assert progress.line() == "backtest: 10 of 40 fits after 1 min 0 s, about 3 min 0 s left"


def test_what_was_there_before_took_no_time() -> None:
    """A run that went on at half of its draws was told to be done in no time."""
    progress = options._Progress("hyundai", 20_000, "draws")
    progress.started -= 60.0
    progress.resume(10_000)
    assert progress.line() == "hyundai: 10,000 of 20,000 draws after 1 min 0 s"
    progress.advance(2_000)
    assert progress.line() == "hyundai: 12,000 of 20,000 draws after 1 min 0 s, about 4 min 0 s left"


@pytest.mark.usefixtures("_hasty")
def test_lines_end_with_the_work_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        with options.progress_bar("broken", 10):
            sleep(0.3)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken()
    assert capsys.readouterr().err.startswith("broken: 0 of 10 draws")
    sleep(0.3)
    assert capsys.readouterr().err == ""
