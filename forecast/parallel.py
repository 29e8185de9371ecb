"""The only door to joblib: independent work over workers, its results in the order it was given.

Workers end with the process they work for, however that ends: each watches whether its parent is still there, and goes
when it is not, so that a killed run leaves neither processes nor shared memory behind.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from time import sleep
from typing import TypeVar

from forecast.errors import RunError

Work = TypeVar("Work")
Done = TypeVar("Done")

WATCH_SECONDS = 1.0
"""Time between two looks of a worker at its parent."""


def in_order(function: Callable[[Work], Done], work: Iterable[Work], n_jobs: int) -> Iterator[Done]:
    """Results of one function over all pieces of work, in their order, whichever worker finishes first.

    Args:
        function: called once a piece; what it takes and returns can be pickled.
        work: pieces; memory is bounded by those in flight.
        n_jobs: workers, 1 for this process alone, -1 for one per core. A surrounding `joblib.parallel_config` chooses
            another backend.

    Raises:
        RunError: a worker was ended from outside.
    """
    return map(function, work) if n_jobs == 1 else _over_workers(function, work, n_jobs)


def first_alone(function: Callable[[Work], Done], work: Iterable[Work], n_jobs: int) -> Iterator[Done]:
    """The same, with the first piece done before any worker starts: what it leaves on disk, the workers find.

    For work that compiles a model: the other workers would but wait for its code.
    """
    pieces = iter(work)
    yield from map(function, islice(pieces, 1))
    yield from in_order(function, pieces, n_jobs)


def _over_workers(function: Callable[[Work], Done], work: Iterable[Work], n_jobs: int) -> Iterator[Done]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    # On a stop joblib warns of results that nobody took, which is what stopping means.
    warnings.filterwarnings("ignore", r"\d+ tasks (have been successfully|which were still)", UserWarning)
    workers = Parallel(n_jobs=n_jobs, return_as="generator", initializer=_end_with, initargs=(os.getpid(),))
    try:
        yield from workers(delayed(function)(piece) for piece in work)
    except TerminatedWorkerError as error:
        raise RunError(
            "a worker process was ended from outside, as a system does that runs out of memory; nothing was stored; "
            "fewer workers (--n-jobs 1) need less memory"
        ) from error


def _end_with(parent: int) -> None:
    """Start the thread that ends a worker when the process that started it is gone."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        sleep(WATCH_SECONDS)
    os._exit(1)  # a worker may wait for ever on a pipe or lock of its parent, so that no gentler end would come
