"""Processes that hear Ctrl-C as at a terminal, and are gone with the test that started them."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def hear_ctrl_c() -> None:
    """Have a process end by Ctrl-C, which one that a shell has put into the background does not hear."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def stoppable(words: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A command at work, with what it says on standard error.

    Args:
        words: of the command.
        options: of `subprocess.Popen`.
    """
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
