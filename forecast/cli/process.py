"""How a command meets its process: signals, threads, and standard streams that cannot take every character.

A scheduler, a closed terminal and Ctrl-C end a command in the same way: workers go, unfinished files go, one line is
said. A console of another encoding than UTF-8 gets plain characters in place of those it lacks.
"""

from __future__ import annotations

import codecs
import gc
import io
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import FrameType
from weakref import ReferenceType

from forecast.errors import STOPPING

_PLAIN = {
    **dict.fromkeys("−–—─━", "-"),
    **dict.fromkeys("▁▂▃▄▅▆▇█", "#"),
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "±": "+-",
    "…": "...",
    "“": '"',
    "”": '"',
    "·": "-",
}
"""Plain spellings of characters that tables and sentences use."""


_BLAS_THREADS = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def limit_blas_threads() -> None:
    """Let linear algebra take one thread, unless the environment says how many; to be called before numpy is loaded.

    Workers share a run among cores. On products as small as those of a run, threads of BLAS wait for each other, and
    how many there are would show in the last digits.
    """
    for variable in _BLAS_THREADS:
        os.environ.setdefault(variable, "1")


def leave_plugins_out() -> None:
    """Read files as this package says, whatever plug-ins of pydantic are installed; to be called before it is loaded.

    Looking for them takes as long as reading a scenario.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")


def collect_rarely() -> None:
    """Look for objects that refer to each other in a circle once in a million, not in seven hundred.

    A command loads some hundred thousand objects, none of which is in vain, and each look goes over many of them: a
    run with its picture takes a twelfth less without.
    """
    gc.set_threshold(1_000_000)


class Stopped(KeyboardInterrupt):
    """The process was asked to end by a signal, that of Ctrl-C among them; carries its number."""


def exit_code(stop: BaseException) -> int:
    """128 and the number of the signal that ended a command, as shells give it.

    >>> exit_code(KeyboardInterrupt()), exit_code(Stopped(15))
    (130, 143)
    """
    number: int = stop.args[0] if isinstance(stop, Stopped) else signal.SIGINT
    return 128 + number


PATIENCE = 2.0
"""Seconds after a stop, or the command, in which a stop does nothing: it would break into what is cleared away."""


AGAIN = 0.05
"""Seconds after which a stop that was swallowed is sent once more."""


class Stops:
    """What becomes of signals that stop a command.

    A stop is an exception, and some code swallows those that rise in it: Python while it cleans up an object, compiled
    modules (numpy's among them) while they are loaded. An exception that is gone before the command has ended was
    swallowed, and its signal is sent again.
    """

    def __init__(self) -> None:
        self._deaf_until, self._heard = 0.0, False
        self._usual = sys.unraisablehook
        self._raised: ReferenceType[Stopped] | None = None

    def listen(self) -> None:
        """Hear of signals from now on, but for one that is ignored (`nohup`)."""
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.stop)
        sys.unraisablehook = self.say_nothing

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """Raise `Stopped`; where the command is done and its process does not come to its end, end that."""
        if monotonic() < self._deaf_until:
            return
        if self._heard:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._deaf_until = monotonic() + PATIENCE
        raise self._watched(Stopped(number))

    def heard(self) -> None:
        """Take the command for done, and a stop that is gone from now on for one that ended it."""
        self._deaf_until = monotonic() + PATIENCE
        self._heard = True

    def _watched(self, stop: Stopped) -> Stopped:
        number = stop.args[0]
        self._raised = ReferenceType(stop, lambda _: self._gone(number))
        return stop

    def _gone(self, number: int) -> None:
        if not self._heard:  # else it may go with the interpreter, which starts no thread any more
            threading.Timer(AGAIN, self._send_again, (number,)).start()

    def _send_again(self, number: int) -> None:
        if not self._heard:
            self._deaf_until = 0.0
            os.kill(os.getpid(), number)

    def say_nothing(self, ignored: sys.UnraisableHookArgs) -> None:
        """Keep Python from telling of a stop that it swallowed."""
        if not isinstance(ignored.exc_value, Stopped):
            self._usual(ignored)


@contextmanager
def ended_like_ctrl_c() -> Iterator[Stops]:
    """Let signals raise `Stopped` inside, so that what a command has started is cleared away.

    Only the main thread may set handlers; elsewhere signals stay as they are.
    """
    stops, hook = Stops(), sys.unraisablehook
    if threading.current_thread() is not threading.main_thread():
        yield stops
        return
    previous = {number: signal.getsignal(number) for number in STOPPING}
    stops.listen()
    try:
        yield stops
    finally:
        stops.heard()
        sys.unraisablehook = hook
        for number, handler in previous.items():
            signal.signal(number, handler)


def deaf() -> None:
    """Pass over signals from now on, in a process that has nothing left to do but to end."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def without_logs() -> Iterator[None]:
    """Keep libraries from logging: where a cluster is lost, Dask and what it rests on log every call that failed."""
    import logging

    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def folder_is_gone() -> bool:
    """Whether the folder that relative paths start from is no longer there."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def plain_where_needed() -> None:
    """Have standard output and error replace what their encoding lacks; closed ones swallow what is written."""
    codecs.register_error("forecast-plain", _replacement)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (for the life of the process)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="forecast-plain")


def _replacement(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    """The nearest ASCII of one character.

    >>> _plain("−"), _plain("é"), _plain("흑")
    ('-', 'e', '?')
    """
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return _PLAIN.get(character, letters or "?")
