"""One measurement in a process of its own, so that neither memory nor warm-up leaks from one to the next."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple


def measured(script: str, *arguments: object) -> dict[str, Any]:
    """What a benchmark script reports as JSON on its last line of output."""
    command = [sys.executable, script, *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


class Times(NamedTuple):
    """Seconds of wall and processor time that a command takes, its workers counted, and its standard error."""

    wall: float
    processor: float
    errors: str


def command_times(command: list[str], folder: Path, environment: Mapping[str, str]) -> Times:
    """Times of a command in a folder."""
    before, start = _of_children(), perf_counter()
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=folder, env={**os.environ, **environment}
    )
    return Times(perf_counter() - start, _of_children() - before, done.stderr)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
