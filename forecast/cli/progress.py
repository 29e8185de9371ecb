"""How far a command has come, told while it works: a bar on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from forecast.catalogue import Texts, Wording, worded
from forecast.cli.options import echo, language_told, terminal
from forecast.parallel import Progress

if TYPE_CHECKING:
    from rich.console import Console

FIRST_LINE_AFTER, LINE_EVERY = 2.0, 5.0
"""Seconds until the first line of progress where there is no terminal, and from each line to the next."""


@dataclass(slots=True)
class _Progress(Progress):
    """How far a piece of work has come, in words.

    Attributes:
        name: of the work.
        total: of `unit`, in all.
        unit: key of what is counted.
        texts: of the language of the command.
        done: so far, with those found.
        found: done before this began, which took no time.
        shown: called whenever more is done.
    """

    name: str
    total: int
    unit: str
    texts: Texts
    done: float = 0.0
    found: float = 0.0
    shown: Callable[[], None] = lambda: None
    started: float = field(default_factory=perf_counter)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return perf_counter() - self.started

    def advance(self, done: float) -> None:
        """Take more for done."""
        self.done += done
        self.shown()

    def resume(self, found: float) -> None:
        """Take what was there for done."""
        self.found += found
        self.advance(found)

    @property
    def made(self) -> float:
        """What was done since the start."""
        return self.done - self.found

    @property
    def count(self) -> str:
        """What is done, of all."""
        return self.texts.text(f"progress.{self.unit}", done=f"{self.done:,.0f}", total=f"{self.total:,}")

    def line(self) -> str:
        """What is done and how long the rest may take, as long as some is done and some is left."""
        words = {"name": self.name, "count": self.count, "time": duration(self.seconds, self.texts)}
        if not (self.made > 0 and self.done < self.total):
            return self.texts.text("progress.line", **words)
        left = duration(self.seconds * (self.total - self.done) / self.made, self.texts)
        return self.texts.text("progress.line_with_rest", **words, left=left)


def duration(seconds: float, texts: Texts) -> str:
    """A time in words, to the second, or to the minute where it is long.

    >>> [duration(seconds, Texts("en")) for seconds in (7.4, 135.0, 4000.0)]
    ['7 s', '2 min 15 s', '1 h 6 min']
    """
    whole = round(seconds)
    if whole < 60:
        return texts.text("progress.seconds", s=whole)
    if whole < 3600:
        return texts.text("progress.minutes", min=whole // 60, s=whole % 60)
    return texts.text("progress.hours", h=whole // 3600, min=whole % 3600 // 60)


def difference_name(reference: str, alternative: str) -> Wording:
    """What a comparison of two scenarios is called."""
    return worded("progress.difference", reference=reference, alternative=alternative)


@contextmanager
def progress_bar(name: str | Wording, total: int, unit: str = "draws") -> Iterator[Progress]:
    """Progress on the standard error: a bar on a terminal; elsewhere a line every few seconds of what takes longer.

    Args:
        name: of the work.
        total: of the unit, in all.
        unit: what is counted, a key of the texts `progress`.
    """
    texts = Texts(language_told())  # here, as threads are of no command
    progress, console = _Progress(str(texts.told(name)), total, unit, texts), terminal(stderr=True)
    with _bar(progress, console) if console.is_terminal else _lines(progress):
        yield progress


@contextmanager
def _bar(progress: _Progress, console: Console) -> Iterator[None]:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"))
    with Bars(*columns, console=console, transient=True) as bar:
        task = bar.add_task(progress.name, total=progress.total, speed="")

        def show() -> None:
            rate = progress.made / progress.seconds
            words = {"count": progress.count, "rate": f"{rate:,.{0 if rate >= 10 else 1}f}"}
            bar.update(task, completed=progress.done, speed=progress.texts.text("progress.speed", **words))

        progress.shown = show
        yield


@contextmanager
def _lines(progress: _Progress) -> Iterator[None]:
    ended = threading.Event()

    def report() -> None:
        wait = FIRST_LINE_AFTER
        while not ended.wait(wait) and progress.done < progress.total:
            echo(progress.line(), err=True)
            wait = LINE_EVERY

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
