"""One measurement in a process of its own, so that neither memory nor warm-up leaks from one to the next."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any


def measured(script: str, *arguments: object) -> dict[str, Any]:
    """What a benchmark script reports as JSON on its last line of output."""
    command = [sys.executable, script, *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def wall_time(command: list[str]) -> tuple[float, str]:
    """Seconds a command takes, and what it writes to standard error."""
    start = perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return perf_counter() - start, done.stderr


def peak_memory() -> float:
    """Peak resident memory of this process and of its living children, MiB (Linux).

    Not `getrusage`, whose peak a process inherits from the one that started it.
    """
    return sum(map(_peak, {"self", *_children()})) / 1024


def _children() -> set[str]:
    return {child for task in Path("/proc/self/task").glob("*/children") for child in task.read_text().split()}


def _peak(process: str) -> int:
    """KiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])
