"""Broken scenarios: every problem at once, each in words for an analyst, and nothing but `ScenarioError`."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from forecast.errors import ScenarioError
from forecast.scenario.scenario import load_scenario

BROKEN = Path(__file__).parent / "broken"
FILES = sorted(path.name for path in BROKEN.glob("*.yaml"))
EXPECTED = dict(
    section.split("\n", 1) for section in f"\n{(BROKEN / 'expected.txt').read_text('utf-8')}".split("\n# ")[1:]
)
QUICK = 1.0
"""Seconds of the processor's time that a refusal may take."""
JARGON = re.compile(
    r"pydantic|Input should|errors\.|Value error|union|tuple|dict|NoneType|https?://errors|Traceback|literal"
)


def message(path: Path | str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return str(caught.value)


def test_every_broken_file_has_its_messages() -> None:
    assert sorted(EXPECTED) == FILES
    assert len(FILES) >= 20


@pytest.mark.parametrize("name", FILES)
def test_the_full_message_of(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    assert message(name).splitlines() == EXPECTED[name].strip().splitlines()


def test_messages_hold_no_jargon() -> None:
    assert not [line for text in EXPECTED.values() for line in text.splitlines() if JARGON.search(line)]


def test_the_problems_carry_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(ScenarioError) as caught:
        load_scenario("numbers.yaml")
    problem = caught.value.problems[2]
    assert (problem.file, problem.line, problem.column) == ("numbers.yaml", 7, 14)
    assert problem.path == "investments.A-2.amount"


ENTRY = "  - id: A\n" + "    key: [0, 1]\n" * 12


def refused_quickly(path: Path) -> str:
    message(BROKEN / "empty.yaml")
    start = time.process_time()
    text = message(path)
    assert time.process_time() - start < QUICK
    return text


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 2**20)
    assert "got 50.0 MiB, expected at most 1 MiB" in refused_quickly(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[" * 1_000_000, "got a line of 1000000 characters"),
        ("[\n" * 300_000, "nested more than 40 deep"),
        ("a: !" + "x" * 900_000, "got a line of 900004 characters"),
        ("a:\n" + "".join(f"{' ' * i}b:\n" for i in range(1, 80)), "nested more than 40 deep"),
        ("a: &a [" + "x, " * 400 + "x]\nb: [" + "*a, " * 400 + "*a]", "got over 50000 values"),
        ("name: many\ninvestments:\n" + "".join(f"  - {{id: A-{i}}}\n" for i in range(600)), "a list of more than 500"),
        ("investments:\n" + ENTRY * 501, "a list of more than 500"),
        ("investments:\n" + "  - key: value\n    id: A\n" * 501, "investments: got a list of more than 500"),
        ("a: 1\x00", "expected printable characters"),
        ('a: "\\UFFFFFFFF"', "check what follows each backslash"),
        ('a: "\\ud800"', "got an escaped control character or half a character"),
        ('"\\a": 1', "got an escaped control character in a key"),
        ("? [a]\n: b", "got a list, mapping or alias as a key"),
    ],
)
def test_what_would_keep_the_parser_busy_is_refused_quickly(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(text, encoding="utf-8")
    assert expected in refused_quickly(path)


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    assert "got a device or pipe, expected a regular file" in refused_quickly(pipe)
    assert "got a directory, expected a YAML file" in message(tmp_path)


def test_a_missing_file_is_named_with_its_like(tmp_path: Path) -> None:
    (tmp_path / "hyundai.yaml").write_text("name: hyundai")
    text = message(tmp_path / "hyundia.yaml")
    assert 'got text "hyundia.yaml", no such file; did you mean hyundai.yaml?' in text


def test_a_bare_word_may_have_meant_a_shipped_scenario() -> None:
    assert 'got text "hyundia", no such file; did you mean hyundai? Accepted: announced,' in message(Path("hyundia"))


def test_utf_16_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.yaml"
    path.write_text("name: wide", encoding="utf-16")
    assert "expected text in UTF-8" in message(path)
