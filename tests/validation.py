"""One file validated, and what that took: for a process of its own, beside the one that makes up files."""

from __future__ import annotations

import os
import re
import resource
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from forecast.cli import cli


@dataclass(frozen=True, slots=True)
class Validation:
    """What `forecast validate --json` made of a file.

    Attributes:
        exit_code: of the command.
        stdout: what it printed.
        crash: the exception that came out of it; empty where it ended as it should.
        seconds: processor time.
        peak: megabytes this process has held at most meanwhile.
    """

    exit_code: int
    stdout: str
    crash: str
    seconds: float
    peak: float


def validation(path: str) -> Validation:
    """Validate the file at a path."""
    forget_peak()
    start = processor_time()
    done = CliRunner().invoke(cli, ["validate", "--json", path])
    seconds = processor_time() - start
    sound = done.exception is None or isinstance(done.exception, SystemExit)
    return Validation(done.exit_code, done.stdout, "" if sound else repr(done.exception), seconds, peak())


def processor_time() -> float:
    """Seconds of processor time of this process and of those it has waited for: other work leaves no trace in them."""
    return sum(os.times()[:4])


def forget_peak() -> None:
    """Let the kernel count anew what this process holds at most: one large file does not stand for all later ones."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """Megabytes this process has held at most since `forget_peak`; by the kernel's own count where there is one.

    `getrusage` gives a process the peak of the one that started it, which after an hour of tests is a large one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return float(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024  # type: ignore[index]
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
