"""Independent work over workers, its results in their order; and how far it has come, told to whoever waits for it.

Workers end with the process they work for, however that ends: each watches its parent, and goes when that is gone, so
that a killed run leaves neither processes nor shared memory behind.

Inside `clusters.on_cluster` the workers are those of a cluster.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from time import sleep

from forecast.clusters import CLUSTER, WATCH_SECONDS, Done, Work, over_cluster
from forecast.errors import STOPPING, WorkersError


class Progress:
    """What work tells on its way, in the unit that it counts in. A subclass passes it on; this class tells nobody."""

    def advance(self, done: float) -> None:
        """Hear that so much more is done."""

    def resume(self, found: float) -> None:
        """Hear that so much was done before the work began, and took it no time."""


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
    cluster = CLUSTER.get()
    with warnings.catch_warnings():
        # On a stop joblib warns of results that nobody took, which is what stopping means.
        warnings.filterwarnings("ignore", r"\d+ tasks (have been successfully|which were still)", UserWarning)
        # It gives a worker that has come to hold much memory a successor, and warns of it: nothing is lost. Where
        # warnings are errors this one would end the thread that hands out work, and all would wait for ever.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        if cluster is None:
            yield from _over_processes(function, work, n_jobs)
        else:
            yield from over_cluster(cluster, function, list(work))


def _over_processes(function: Callable[[Work], Done], work: Iterable[Work], n_jobs: int) -> Iterator[Done]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    workers = Parallel(n_jobs=n_jobs, return_as="generator", initializer=_end_with, initargs=(os.getpid(),))
    try:
        with _deaf_to_stops():
            results = workers(delayed(function)(piece) for piece in work)
        yield from results
    except TerminatedWorkerError as error:
        raise WorkersError(
            "a worker process was ended from outside, as a system does that runs out of memory; "
            "fewer workers (--n-jobs 1) need less memory"
        ) from error


@contextmanager
def _deaf_to_stops() -> Iterator[None]:
    """Have processes that start inside never hear of a stop, which a terminal or a scheduler sends to all of a command.

    Whoever starts them ends them. Workers would end with a traceback while they load. Trackers of shared memory, which
    know of Ctrl-C but not of a terminal that is closed, would forget what they track; and their start lifts what is
    blocked.
    """
    import multiprocessing.resource_tracker

    import joblib.externals.loky.backend.resource_tracker

    if not hasattr(signal, "pthread_sigmask"):  # a system on which no terminal sends any
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        for tracker in (multiprocessing.resource_tracker, joblib.externals.loky.backend.resource_tracker):
            tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: int) -> None:
    """Start the thread that ends a worker when the process that started it is gone."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    with suppress(AttributeError, OSError):  # a system without, or one on which the parent is gone
        ended = os.pidfd_open(parent)
        if os.getppid() == parent:  # and no other process that has its number by now
            select.select([ended], [], [])
    while os.getppid() == parent:
        sleep(WATCH_SECONDS)
    os._exit(1)  # a worker may wait for ever on a pipe or lock of its parent, so that no gentler end would come
