"""README shows what the command prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from forecast.cli import cli

ROOT = Path(__file__).parent.parent


def shown(name: str) -> str:
    """What README has under a mark."""
    return (ROOT / "README.md").read_text(encoding="utf-8").split(f"<!-- {name} -->\n```\n")[1].split("\n```")[0]


def printed(*arguments: str) -> str:
    """What the command prints on 80 columns, but for where it stores."""
    command = [sys.executable, "-m", "forecast", *arguments]
    text = subprocess.check_output(command, env=os.environ | {"COLUMNS": "80"}, text=True)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.startswith("Stored in"))


def test_the_output_in_the_readme_is_the_output(tmp_path: Path) -> None:
    scenario = str(ROOT / "scenarios" / "hyundai.yaml")
    assert shown("hyundai") == printed("run", scenario, "--out", str(tmp_path), "--no-plot")


def test_induced_trade_in_the_readme_is_the_output() -> None:
    assert shown("induced") == printed("induced", "--year", "2024")


def commands(group: click.Group = cli, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Commands, and those of a group under its name."""
    for own, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, own)
        else:
            yield name or own, command


def test_the_table_of_commands_names_every_option() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## Commands\n")[1].split("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| `forecast ")]
    for name, command in commands():
        told = {
            word for row in rows if re.match(rf"\| `forecast {name}\b", row) for word in re.findall(r"--?[\w-]+", row)
        }
        stated = {text for option in command.params if isinstance(option, click.Option) for text in option.opts}
        assert stated <= told, name


def test_commands_stand_in_the_order_of_the_sections() -> None:
    """What a section shows comes before the table, and the table tells it in the same order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    shown = (
        "Compare two scenarios",
        "What plants induced already",
        "Hand it on, or move it",
        "What spreads it",
        "Keep a record",
    )
    assert [name for name in sections if name in (*shown, "Commands")] == [*shown, "Commands"]
    table = text.split("## Commands\n")[1]
    places = [
        table.index(f"| `forecast {name}")
        for name in ("run", "compare", "induced", "report", "explore", "budget", "ledger")
    ]
    assert places == sorted(places)
