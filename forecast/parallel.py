"""The only door to joblib: independent work over workers, its results in the order it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

Work = TypeVar("Work")
Done = TypeVar("Done")


def in_order(function: Callable[[Work], Done], work: Iterable[Work], n_jobs: int) -> Iterator[Done]:
    """Results of one function over all pieces of work, in their order, whichever worker finishes first.

    Args:
        function: called once a piece; what it takes and returns can be pickled.
        work: pieces; memory is bounded by those in flight.
        n_jobs: workers, 1 for this process alone, -1 for one per core. A surrounding `joblib.parallel_config` chooses
            another backend.
    """
    if n_jobs == 1:
        return map(function, work)
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=n_jobs, return_as="generator")
    return iter(workers(delayed(function)(piece) for piece in work))


def first_alone(function: Callable[[Work], Done], work: Iterable[Work], n_jobs: int) -> Iterator[Done]:
    """The same, with the first piece done before any worker starts: what it leaves on disk, the workers find.

    For work that compiles a model: the other workers would but wait for its code.
    """
    pieces = iter(work)
    yield from map(function, islice(pieces, 1))
    yield from in_order(function, pieces, n_jobs)
