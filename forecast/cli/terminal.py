"""What commands share: the console they print to, and progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def terminal(at_least: int = 0) -> Console:
    """Where commands print, `at_least` so many columns wide: a wrapped line beats a cut number."""
    from rich.console import Console

    console = Console(highlight=False)
    console.width = max(console.width, at_least)
    return console


@contextmanager
def progress_bar(name: str, total: int, unit: str = "draws") -> Iterator[Callable[[float], None]]:
    """A bar with the number done, and done a second, on a terminal's standard error; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"))
    started = perf_counter()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=total, speed="")

        def advance(done: float) -> None:
            made = bar.tasks[task].completed + done
            rate = made / (perf_counter() - started)
            speed = f"{made:,.0f} of {total:,} {unit}, {rate:,.{0 if rate >= 10 else 1}f} a second"
            bar.update(task, advance=done, speed=speed)

        yield advance
