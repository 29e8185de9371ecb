"""What a shell meets: completion of commands, options and scenarios, and the version with the data it comes with."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from commands import command

from forecast import __version__
from forecast.cli import cli


def test_a_shell_is_told_how_to_complete() -> None:
    """Through a process of its own: the script is written as bytes."""
    environment = os.environ | {"_FORECAST_COMPLETE": "zsh_source"}
    program = [sys.executable, "-m", "forecast"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("#compdef forecast\n")
    assert "_FORECAST_COMPLETE=zsh_complete" in done.stdout


@pytest.mark.parametrize(
    ("words", "begun", "offered"),
    [
        ([], "comp", [("plain", "compare")]),
        (["run"], "--xl", [("plain", "--xlsx")]),
        (["run"], "hyundai-", [("plain", "hyundai-26bn"), ("file", "hyundai-")]),
        (["compare", "hyundai"], "kiet-c", [("plain", "kiet-claim"), ("file", "kiet-c")]),
        (["run", "--language"], "k", [("plain", "ko")]),
    ],
)
def test_words_are_completed(words: list[str], begun: str, offered: list[tuple[str, str]]) -> None:
    found = ShellComplete(cli, {}, "forecast", "_FORECAST_COMPLETE").get_completions(words, begun)
    assert [(item.type, item.value) for item in found] == offered


def test_the_version_names_the_data(tmp_path: Path) -> None:
    table = files("forecast") / "data" / "observations" / "trade_monthly.csv"
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    last, vintage = max(row["month"] for row in rows), max(row["vintage"] for row in rows)
    done = command("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == f"forecast {__version__}, shipped data of {vintage}: US Census trade to {last}\n"
