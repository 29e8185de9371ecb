"""The only door to joblib, and to the clusters it reaches: independent work over workers, its results in their order.

Workers end with the process they work for, however that ends: each watches whether its parent is still there, and goes
when it is not, so that a killed run leaves neither processes nor shared memory behind.

Inside `on_cluster` the workers are those of a Dask scheduler or of Ray. A piece of work is a function of what it is
given alone, so that one lost with its worker is done again and leaves no trace; and every worker says what code it has
before it works, since other code would give other numbers.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import islice
from time import sleep
from typing import Any, TypeVar

from forecast.errors import RunError

Work = TypeVar("Work")
Done = TypeVar("Done")

WATCH_SECONDS = 1.0
"""Time between two looks of a worker at its parent."""

BACKENDS = {"dask": "distributed", "ray": "ray"}
"""Kinds of clusters, with the package of the extra that reaches each."""

_ADDRESS = re.compile(r"((tcp|tls)://)?[^/\s]+:\d{1,5}")
"""What a Dask scheduler prints of itself."""

_AN_ADDRESS = "an address such as tcp://10.0.0.1:8786"

CONNECT_SECONDS, MOST_LOSSES = 10, 5
"""Time a cluster has to answer; and losses of workers after which a run is given up."""


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Workers elsewhere.

    Attributes:
        backend: one of `BACKENDS`.
        address: of its scheduler, as the user gave it.
        code: what code a process has, and the answer of this one.
    """

    backend: str
    address: str
    code: Callable[[], str]
    ours: str


_CLUSTER: ContextVar[_Cluster | None] = ContextVar("cluster", default=None)


@contextmanager
def on_cluster(backend: str, address: str | None, code: Callable[[], str]) -> Iterator[None]:
    """Do work inside over the workers of a cluster, where it is worth workers at all.

    Args:
        backend: one of `BACKENDS`.
        address: of a Dask scheduler, such as `tcp://10.0.0.1:8786`, or of the head of Ray; None for a Ray of this
            machine alone.
        code: says what code a process has, called here and by every worker.

    Raises:
        RunError: the extra is not installed, no scheduler is named, or none answers.
    """
    from joblib import parallel_config

    if find_spec(BACKENDS[backend]) is None:
        raise RunError(f"--backend {backend}: {BACKENDS[backend]} is not installed; pip install 'forecast[{backend}]'")
    with _connected(backend, address) as options, parallel_config(backend=backend, **options):
        token = _CLUSTER.set(_Cluster(backend, address or "this machine", code, code()))
        try:
            yield
        finally:
            _CLUSTER.reset(token)


@contextmanager
def _connected(backend: str, address: str | None) -> Iterator[dict[str, Any]]:
    """What joblib has to know of a cluster that answers."""
    with _dask(address) if backend == "dask" else _ray(address) as options:
        yield options


@contextmanager
def _dask(address: str | None) -> Iterator[dict[str, Any]]:
    from distributed import Client

    if address is None:
        raise RunError(
            "--backend dask: got no scheduler, expected --scheduler tcp://HOST:8786; `dask scheduler` starts one"
        )
    if not _ADDRESS.fullmatch(address):
        raise RunError(f"--scheduler: got {address}, expected {_AN_ADDRESS}")
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except TypeError as error:  # what Dask raises where its settings name no certificate
        wanted = f"{_AN_ADDRESS}, or the certificates of tls in the settings of Dask"
        raise RunError(f"--scheduler: got {address}, expected {wanted}") from error
    except (OSError, ValueError) as error:
        raise RunError(
            f"--scheduler: got {address}, where no Dask scheduler answered within {CONNECT_SECONDS} s, "
            "expected the address that `dask scheduler` prints"
        ) from error
    try:
        yield {"client": client, "wait_for_workers_timeout": CONNECT_SECONDS}
    finally:
        client.close(timeout=CONNECT_SECONDS)


@contextmanager
def _ray(address: str | None) -> Iterator[dict[str, Any]]:
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    begun = not ray.is_initialized()
    try:
        if begun:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise RunError(
            f"--scheduler: got {address or 'none'}, where no Ray answered, expected the address that "
            "`ray start --head` prints, or none for a Ray of this machine"
        ) from error
    try:
        yield {}
    finally:
        if begun:
            ray.shutdown()


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
    cluster = _CLUSTER.get()
    # On a stop joblib warns of results that nobody took, which is what stopping means.
    warnings.filterwarnings("ignore", r"\d+ tasks (have been successfully|which were still)", UserWarning)
    # It gives a worker that has come to hold much memory a successor, and warns of it: nothing is lost. Where warnings
    # are errors this one would end the thread that hands out work, and all would wait for ever.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
    return _over_processes(function, work, n_jobs) if cluster is None else _over_cluster(cluster, function, list(work))


def _over_processes(function: Callable[[Work], Done], work: Iterable[Work], n_jobs: int) -> Iterator[Done]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    workers = Parallel(n_jobs=n_jobs, return_as="generator", initializer=_end_with, initargs=(os.getpid(),))
    try:
        yield from workers(delayed(function)(piece) for piece in work)
    except TerminatedWorkerError as error:
        raise RunError(
            "a worker process was ended from outside, as a system does that runs out of memory; nothing was stored; "
            "fewer workers (--n-jobs 1) need less memory"
        ) from error


def _over_cluster(cluster: _Cluster, function: Callable[[Work], Done], work: list[Work]) -> Iterator[Done]:
    """Results in order; pieces that were not handed on when workers were lost are done again."""
    same, done, losses = partial(_as_here, cluster.code, cluster.ours, function), 0, 0
    while done < len(work):
        try:
            for result in _attempt(cluster, same, work[done:]):
                yield result
                done += 1
        except _losses(cluster.backend) as error:
            losses += 1
            if losses == MOST_LOSSES or not _is_up(cluster):
                raise RunError(
                    f"the {cluster.backend.title()} cluster at {cluster.address} was lost, or workers of it {losses} "
                    "times; nothing was stored"
                ) from error


def _attempt(cluster: _Cluster, function: Callable[[Work], Done], work: list[Work]) -> Iterator[Done]:
    from joblib import Parallel, delayed

    if cluster.backend == "dask":
        yield from Parallel(n_jobs=-1, return_as="generator")(delayed(function)(piece) for piece in work)
        return
    from joblib import effective_n_jobs

    at_once = 2 * effective_n_jobs(-1)  # its backend hands results on in lists alone
    with Parallel(n_jobs=-1) as workers:
        for first in range(0, len(work), at_once):
            yield from workers(delayed(function)(piece) for piece in work[first : first + at_once])


def _losses(backend: str) -> tuple[type[BaseException], ...]:
    """What is raised where workers or a cluster are lost."""
    if backend == "dask":
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker

        return (KilledWorker, CommClosedError, CancelledError, TimeoutError, OSError)
    from ray.exceptions import RayError

    return (RayError, OSError)


def _is_up(cluster: _Cluster) -> bool:
    """Whether a cluster still answers, after time to take in new workers."""
    sleep(1.0)
    if cluster.backend == "ray":
        import ray

        return bool(ray.is_initialized())
    from joblib.parallel import get_active_backend

    return bool(get_active_backend()[0].client.status == "running")


def _as_here(code: Callable[[], str], ours: str, function: Callable[[Work], Done], piece: Work) -> Done:
    """Work on a worker that has the code of the process it works for.

    Raises:
        RunError: it has other code.
    """
    theirs = code()
    if theirs != ours:
        raise RunError(
            f"a worker of the cluster has {theirs}, expected what this machine has, {ours}; nothing was stored"
        )
    return function(piece)


def _end_with(parent: int) -> None:
    """Start the thread that ends a worker when the process that started it is gone."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        sleep(WATCH_SECONDS)
    os._exit(1)  # a worker may wait for ever on a pipe or lock of its parent, so that no gentler end would come
