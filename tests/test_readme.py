"""README shows what the command prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_output_in_the_readme_is_the_output(tmp_path: Path) -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8").split("<!-- hyundai -->\n```\n")[1].split("\n```")[0]
    arguments = ["run", str(ROOT / "scenarios" / "hyundai.yaml"), "--out", str(tmp_path), "--no-plot"]
    printed = subprocess.check_output(
        [sys.executable, "-m", "forecast", *arguments], env=os.environ | {"COLUMNS": "80"}, text=True
    )
    lines = [line.rstrip() for line in printed.splitlines()]
    assert shown == "\n".join(line for line in lines if not line.startswith("Stored in"))
