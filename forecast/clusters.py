"""Workers of a Dask scheduler, which is asked itself, or of Ray, which joblib asks: work over them, in order.

A piece of work is a function of what it is given alone, so that one lost with its worker is done again and leaves no
trace; and every worker says what code it has before it works, since other code would give other numbers.
"""

from __future__ import annotations

import pickle
import re
import warnings
from asyncio import run_coroutine_threadsafe
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, wait
from concurrent.futures import Future as Coming
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import islice
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from forecast.errors import ForecastError, RunError, WorkersError, listed

if TYPE_CHECKING:
    from distributed import Client, Future

Work = TypeVar("Work")
Done = TypeVar("Done")
"""A piece of work, and what comes of it."""

WATCH_SECONDS = 1.0
"""Time between two looks of a worker at its parent, and of a command that waits at its cluster."""

BACKENDS = {"dask": "distributed", "ray": "ray"}
"""Kinds of clusters, with the package of the extra that reaches each."""

_ADDRESS = re.compile(r"((tcp|tls)://)?[^/\s]+:\d{1,5}")
"""What a Dask scheduler prints of itself."""

_AN_ADDRESS = "an address such as tcp://10.0.0.1:8786"

CONNECT_SECONDS, MOST_LOSSES = 10, 5
"""Time a cluster has to answer, and to be without a worker; and losses after which a run is given up."""

SILENCE_SECONDS = 10.0
"""Time without a heartbeat after which a worker that is waited for is named; usual ones come every few seconds."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers elsewhere.

    Attributes:
        backend: one of `BACKENDS`.
        address: of its scheduler, as the user gave it.
        code: says what code a process has.
        ours: the answer of this one.
        client: of Dask; None for Ray.
        note: tells the user something that ends no work.
        others: packages of which Dask has found other versions there than here, in words; empty where there are none.
    """

    backend: str
    address: str
    code: Callable[[], str]
    ours: str
    client: Client | None
    note: Callable[[str], None]
    others: str

    @property
    def name(self) -> str:
        """As a message names it."""
        return f"the {self.backend.title()} cluster at {self.address}"


CLUSTER: ContextVar[Cluster | None] = ContextVar("cluster", default=None)


@contextmanager
def on_cluster(
    backend: str, address: str | None, code: Callable[[], str], note: Callable[[str], None] = lambda words: None
) -> Iterator[None]:
    """Do work inside over the workers of a cluster, where it is worth workers at all.

    Args:
        backend: one of `BACKENDS`.
        address: of a Dask scheduler, such as `tcp://10.0.0.1:8786`, or of the head of Ray; None for a Ray of this
            machine alone.
        code: says what code a process has, called here and by every worker.
        note: tells the user who is waited for.

    Raises:
        RunError: the extra is not installed, no scheduler is named, or none answers.
    """
    if find_spec(BACKENDS[backend]) is None:
        raise RunError(f"--backend {backend}: {BACKENDS[backend]} is not installed; pip install 'forecast[{backend}]'")
    with _dask(address) if backend == "dask" else _ray(address) as (client, others):
        token = CLUSTER.set(Cluster(backend, address or "this machine", code, code(), client, note, others))
        try:
            yield
        finally:
            CLUSTER.reset(token)


@contextmanager
def _dask(address: str | None) -> Iterator[tuple[Client, str]]:
    from asyncio import run

    from distributed.versions import VersionMismatchWarning

    if address is None:
        raise RunError(
            "--backend dask: got no scheduler, expected --scheduler tcp://HOST:8786; `dask scheduler` starts one"
        )
    if not _ADDRESS.fullmatch(address):
        raise RunError(f"--scheduler: got {address}, expected {_AN_ADDRESS}")
    try:
        run(_greet(address))
        client, others = _connected(address)
    except TypeError as error:  # what Dask raises where its settings name no certificate
        wanted = f"{_AN_ADDRESS}, or the certificates of tls in the settings of Dask"
        raise RunError(f"--scheduler: got {address}, expected {wanted}") from error
    except (OSError, ValueError) as error:
        raise RunError(
            f"--scheduler: got {address}, where no Dask scheduler answered within {CONNECT_SECONDS} s, "
            "expected the address that `dask scheduler` prints"
        ) from error
    with warnings.catch_warnings():
        # Told above; Dask would tell it again when it comes back to a scheduler that it was lost to.
        warnings.filterwarnings("ignore", category=VersionMismatchWarning)
        try:
            yield client, others
        finally:
            with suppress(OSError):  # of a scheduler that is gone
                client.close(timeout=CONNECT_SECONDS)


def _connected(address: str) -> tuple[Client, str]:
    """A client, and of which packages other versions are there: Dask warns of any in a table, though few matter."""
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", VersionMismatchWarning)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    tables = "\n".join(str(one.message) for one in told if issubclass(one.category, VersionMismatchWarning))
    packages = re.findall(r"^\| ([a-z]\S*)", tables, re.MULTILINE)
    return client, f"; it has other versions than this machine of {listed(packages)}" if packages else ""


async def _greet(address: str) -> None:
    """Shake hands with a scheduler: where something else listens, or it hangs, Dask's own client would wait for ever.

    Raises:
        OSError: nothing answers in time; TimeoutError among them.
        TypeError, ValueError: as for the client.
    """
    from asyncio import wait_for

    from distributed.comm import connect
    from distributed.security import Security

    greeting = connect(address, timeout=CONNECT_SECONDS, **Security().get_connection_args("client"))
    await (await wait_for(greeting, CONNECT_SECONDS)).close()


@contextmanager
def _ray(address: str | None) -> Iterator[tuple[None, str]]:
    import ray
    from joblib import parallel_config
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
        with parallel_config(backend="ray"):
            yield None, ""
    finally:
        if begun:
            ray.shutdown()


def over_cluster(cluster: Cluster, function: Callable[[Work], Done], work: list[Work]) -> Iterator[Done]:
    """Results in order; pieces that were not handed on when workers were lost are done again."""
    attempt = _over_ray if cluster.client is None else partial(_over_dask, cluster, cluster.client)
    packed, done, losses = partial(_as_here, cluster.code, cluster.ours, pickle.dumps(function)), 0, 0
    while done < len(work):
        try:
            for result in attempt(packed, map(pickle.dumps, work[done:])):
                yield result
                done += 1
        except ImportError as error:
            raise WorkersError(
                f"a worker of {cluster.name} cannot load what it has to run ({error}), expected this package with "
                f"'forecast[{cluster.backend}]' where every worker runs"
            ) from error
        except _losses(cluster.backend) as error:
            losses += 1
            if not _is_up(cluster):
                raise WorkersError(f"{cluster.name} was lost{cluster.others}") from error
            if losses == MOST_LOSSES:
                raise WorkersError(f"workers of {cluster.name} were lost again and again, {losses} times") from error


def _over_dask(
    cluster: Cluster, client: Client, function: Callable[[bytes], Any], work: Iterator[bytes]
) -> Iterator[Any]:
    """Results in order, of twice as many pieces at a time as there are threads; Dask itself repeats what is lost.

    All is sent packed and lies packed on workers, which hand it on to those that join later. It is unpacked as work:
    what cannot be unpacked where it is read ends a worker, or is asked for again and again, without a word.

    Raises:
        WorkersError: there is no worker, or several were lost over one piece.
    """
    there = client.submit(bytes, pickle.dumps(function), pure=False)
    # A function without a name is sent as what it is, so that a worker that lacks this package can call it.
    futures = (client.submit(lambda packed, one: pickle.loads(packed)(one), there, piece, pure=False) for piece in work)
    sent = deque(islice(futures, 1))  # before there are workers: some clusters start them for work that waits
    heartbeats = _Heartbeats()
    while sent:
        result = _Result(client, sent[0])
        is_here = False
        while not is_here:
            sent.extend(islice(futures, max(0, 2 * _threads(cluster, client) - len(sent))))
            is_here = result.is_here()
            for worker in [] if is_here else heartbeats.missed(client):
                cluster.note(
                    f"worker {worker} of {cluster.name} has not been heard of for {SILENCE_SECONDS:.0f} s and is "
                    "waited for; if it is ended, others do its work"
                )
        sent.popleft()
        yield result.taken(cluster)


class _Result:
    """What comes of a piece of work, on its way from the worker that has it, which may be silent by then."""

    def __init__(self, client: Client, future: Future[Any]) -> None:
        self._client, self._future, self._was_done = client, future, False
        self._coming = self._asked_for()

    def _asked_for(self) -> Coming[Any]:
        coming: Any = self._client.gather(self._future, asynchronous=True)
        return run_coroutine_threadsafe(coming, self._client.loop.asyncio_loop)

    def is_here(self) -> bool:
        """Whether it is here, after a while in which it may come; one that is worked out anew is asked for anew."""
        if wait([self._coming], timeout=WATCH_SECONDS).done:
            return True
        if self._was_done and not self._future.done():
            self._coming.cancel()
            self._coming = self._asked_for()
        self._was_done = self._future.done()
        return False

    def taken(self, cluster: Cluster) -> Any:
        """The result.

        Raises:
            WorkersError: several workers were lost over it, or it failed where other versions are than here.
        """
        from distributed.scheduler import KilledWorker

        told: tuple[type[BaseException], ...] = (*_losses(cluster.backend), ImportError, ForecastError)
        try:
            return self._coming.result()
        except KilledWorker as error:
            raise WorkersError(
                f"{error.allowed_failures + 1} workers of {cluster.name} were lost one after the other over one piece "
                "of work, as they are where memory runs out; fewer of them on a machine need less"
            ) from error
        except told:
            raise
        except Exception as error:
            if not cluster.others:  # a fault of this package
                raise
            reason = (str(error).splitlines() or [""])[0]
            raise WorkersError(
                f"work failed ({type(error).__name__}: {reason}) on {cluster.name}{cluster.others}"
            ) from error


class _Heartbeats:
    """When the scheduler of a cluster has last heard of each of its workers, by the clock of this process."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}
        self._named: set[str] = set()

    def missed(self, client: Client) -> list[str]:
        """Workers that have been silent too long by now, each once until it is heard of again."""
        now, before = monotonic(), self._last
        workers: Any = client.sync(client.scheduler.identity, callback_timeout=CONNECT_SECONDS)["workers"]
        heard = {address: worker["last_seen"] for address, worker in workers.items()}
        self._last = {
            address: before[address] if before.get(address, (None,))[0] == moment else (moment, now)
            for address, moment in heard.items()
        }
        silent = {address for address, (_, since) in self._last.items() if now - since >= SILENCE_SECONDS}
        new, self._named = sorted(silent - self._named), silent
        return new


def _threads(cluster: Cluster, client: Client) -> int:
    """Threads of all workers of a Dask cluster, once there is one.

    Raises:
        WorkersError: there is none.
        ConnectionError: the client has lost its scheduler.
    """
    if client.status != "running":
        raise ConnectionError(cluster.address)
    deadline = monotonic() + CONNECT_SECONDS
    while not (threads := sum(client.nthreads(callback_timeout=CONNECT_SECONDS).values())):
        if monotonic() > deadline:
            raise WorkersError(
                f"{cluster.name} has had no worker for {CONNECT_SECONDS} s, expected at least one, "
                f"as `dask worker {cluster.address}` starts it"
            )
        sleep(0.1)
    return int(threads)


def _over_ray(function: Callable[[bytes], Any], work: Iterator[bytes]) -> Iterator[Any]:
    """Results in order, a list at a time: joblib's backend of Ray hands on no other."""
    from joblib import Parallel, delayed, effective_n_jobs

    at_once = 2 * effective_n_jobs(-1)
    with Parallel(n_jobs=-1) as workers:
        while pieces := list(islice(work, at_once)):
            yield from workers(delayed(function)(piece) for piece in pieces)


def _losses(backend: str) -> tuple[type[BaseException], ...]:
    """What is raised where workers or a cluster are lost."""
    if backend == "dask":
        return (CancelledError, OSError)
    from ray.exceptions import RayError

    return (RayError, OSError)


def _is_up(cluster: Cluster) -> bool:
    """Whether a cluster still answers, after time to take in new workers."""
    sleep(1.0)
    if cluster.client is None:
        import ray

        return bool(ray.is_initialized())
    with suppress(OSError):
        if cluster.client.status == "running":
            cluster.client.nthreads(callback_timeout=CONNECT_SECONDS)
            return True
    return False


def _as_here(code: Callable[[], str], ours: str, function: bytes, piece: bytes) -> Any:
    """Work on a worker that has the code of the process it works for.

    Args:
        code: says what code a process has.
        ours: what it has to say.
        function, piece: what is done and with what, pickled, so that nothing is unpacked with other code.

    Raises:
        WorkersError: it has other code.
    """
    theirs = code()
    if theirs != ours:
        raise WorkersError(f"a worker of the cluster has {theirs}, expected what this machine has, {ours}")
    return pickle.loads(function)(pickle.loads(piece))
