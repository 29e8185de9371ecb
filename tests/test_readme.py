"""README shows what the command prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
