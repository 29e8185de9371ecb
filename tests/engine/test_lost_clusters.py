"""Clusters without workers, with workers that cannot do the work, and lost in the middle: one line, and what is left.

The scheduler and its workers are processes of their own, as users start them.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import command

from forecast import clusters
from forecast.errors import WorkersError
from forecast.results import run

pytestmark = pytest.mark.slow

distributed = pytest.importorskip("distributed")

LACKS_PACKAGE = "import sys; sys.modules['forecast'] = None"
GOES_ON = "the same command goes on from the last checkpoint"


@contextmanager
def started(*words: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of this Python, ended with the test."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with (folder / f"{words[2]}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=folder, **quiet | ({"stderr": log} if words[1] == "dask" else {})
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@contextmanager
def scheduler(folder: Path, *preload: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler that answers, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ("--host", "127.0.0.1", "--port", str(port), "--dashboard-address", "127.0.0.1:0", *preload)
    with started("-m", "dask", "scheduler", *words, folder=folder) as process:
        wait_for(lambda: listens(port))
        yield process, f"tcp://127.0.0.1:{port}"


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def worker(address: str, *words: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker that comes to be one while the command is waiting."""
    options = ("--no-nanny", "--nthreads", "1", "--dashboard-address", "127.0.0.1:0", "--local-directory", str(folder))
    with started("-m", "dask", "worker", address, "--host", "127.0.0.1", *options, *words, folder=folder) as process:
        yield process


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def on_dask(address: str, *words: str) -> tuple[str, ...]:
    return ("run", "hyundai", "--no-plot", *words, "--backend", "dask", "--scheduler", address)


def test_a_scheduler_without_a_worker_says_how_one_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1)
    with scheduler(tmp_path) as (_, address):
        done = command(*on_dask(address, "--draws", "100000"), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: the Dask cluster at {address} has had no worker for 1 s, expected at least one, as `dask worker "
        f"{address}` starts it; nothing was stored\n"
    )


@pytest.mark.parametrize(
    ("preload", "named"),
    [
        (
            LACKS_PACKAGE,
            "cannot load what it has to run (No module named 'forecast.clusters'",
        ),
        (
            "import forecast.storage.code_digests as digests; digests.code_of_numbers = lambda: 'other code'",
            "a worker of the cluster has other code, expected what this machine has",
        ),
    ],
    ids=["no package", "other code"],
)
def test_a_single_worker_is_given_the_work_and_says_why_it_cannot_do_it(
    tmp_path: Path, preload: str, named: str
) -> None:
    with scheduler(tmp_path) as (_, address), worker(address, "--preload", preload, folder=tmp_path):
        done = command(*on_dask(address, "--draws", "100000"), cwd=tmp_path)
    assert done.returncode == 2
    assert named in done.stderr
    assert done.stderr.endswith("; nothing was stored\n")
    assert done.stderr.count("\n") == 1


CHECKPOINTS = """
import sys
from forecast.cli import main, progress
from forecast.results import checkpoints

checkpoints.SECONDS, progress.FIRST_LINE_AFTER = 0.0, 3600.0
main()
"""
"""The command, with a checkpoint after the first task."""


@contextmanager
def in_the_middle(address: str, folder: Path, program: str = CHECKPOINTS) -> Iterator[subprocess.Popen[str]]:
    """A command that has a checkpoint already."""
    with started("-c", program, *on_dask(address, "--draws", "9000000"), folder=folder) as process:
        wait_for(lambda: any(folder.glob("results/hyundai/.*.checkpoint")))
        yield process


def test_a_scheduler_killed_in_the_middle_is_one_line_that_tells_of_the_checkpoint(tmp_path: Path) -> None:
    with (
        scheduler(tmp_path) as (process, address),
        worker(address, folder=tmp_path),
        in_the_middle(address, tmp_path) as run,
    ):
        process.kill()
        _, message = run.communicate(timeout=60)
    assert (run.returncode, message) == (2, f"error: the Dask cluster at {address} was lost; {GOES_ON}\n")


def test_a_worker_without_the_package_that_joins_in_the_middle_is_named(tmp_path: Path) -> None:
    """It asked its peers for what it could not unpack, for ever."""
    with (
        scheduler(tmp_path) as (_, address),
        worker(address, folder=tmp_path),
        in_the_middle(address, tmp_path) as run,
        worker(address, "--preload", LACKS_PACKAGE, folder=tmp_path),
    ):
        _, message = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "cannot load what it has to run (No module named 'forecast.clusters'" in message
    assert message.endswith(f"; {GOES_ON}\n")
    assert message.count("\n") == 1


OTHER_VERSIONS = """
from distributed import versions

versions.get_package_info = lambda names: {"python": "3.99.0.final.0"} | dict(map(lambda name: (name, "9"), names))
"""


def test_other_versions_are_spoken_of_only_where_work_fails(tmp_path: Path) -> None:
    """A table of nine lines stood before the one line, and before the answer where all went well."""
    failing = "import forecast.storage.code_digests as digests; digests.code_of_numbers = lambda: [][0]"
    with scheduler(tmp_path, "--preload", OTHER_VERSIONS) as (_, address):
        done = command(*on_dask(address, "--draws", "500"), cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        with worker(address, "--preload", failing, folder=tmp_path):
            done = command(*on_dask(address, "--draws", "100000"), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"error: work failed (IndexError: list index out of range) on the Dask cluster at {address}; it has other "
        "versions than this machine of cloudpickle, dask, distributed"
    )
    assert done.stderr.count("\n") == 1


def test_a_silent_worker_is_named_while_it_is_waited_for(tmp_path: Path) -> None:
    impatient = f"import forecast.clusters; forecast.clusters.SILENCE_SECONDS = 2.0\n{CHECKPOINTS}"
    with (
        scheduler(tmp_path) as (_, address),
        worker(address, folder=tmp_path) as silent,
        in_the_middle(address, tmp_path, impatient) as run,
    ):
        silent.send_signal(signal.SIGSTOP)
        assert run.stderr is not None
        line = run.stderr.readline()
        assert line.startswith("note: worker tcp://127.0.0.1:")
        assert line.endswith(
            f" of the Dask cluster at {address} has not been heard of for 2 s and is waited for; if it is ended, "
            "others do its work\n"
        )
        silent.send_signal(signal.SIGCONT)
        run.send_signal(signal.SIGINT)
        _, message = run.communicate(timeout=60)
    assert (run.returncode, message.strip()) == (130, f"stopped: {GOES_ON}")


def test_a_stop_leaves_no_task_on_the_cluster(tmp_path: Path) -> None:
    with (
        scheduler(tmp_path) as (_, address),
        worker(address, folder=tmp_path),
        in_the_middle(address, tmp_path) as run,
    ):
        run.send_signal(signal.SIGINT)
        _, message = run.communicate(timeout=60)
        with distributed.Client(address, set_as_default=False) as client:
            wait_for(lambda: not any(client.processing().values()))
    assert (run.returncode, message.strip()) == (130, f"stopped: {GOES_ON}")


def test_a_sweep_that_lost_its_workers_says_what_of_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(function: Callable[[Any], Any], work: Iterator[Any], _n_jobs: int) -> Iterator[Any]:
        yield function(next(work))
        raise WorkersError("workers were lost")

    monkeypatch.setattr(run, "in_order", lost)
    words = ("-s", "horizon=2031,2032", "--year", "2030", "--draws", "100", "--no-plot")
    done = command("sweep", "hyundai", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith(" is stored; the same command goes on with the 2 of 3 runs that are left\n")
    assert "error: workers were lost; results/hyundai/" in done.stderr


def test_a_silent_server_and_a_number_of_workers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        done = command(*on_dask(address), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: --scheduler: got {address}, where no Dask scheduler answered within 1 s, expected the address that "
        "`dask scheduler` prints\n"
    )
    done = command(*on_dask(address, "--n-jobs", "1"), cwd=tmp_path)
    assert done.returncode == 2
    assert "--n-jobs: got 1 with --backend dask" in done.stderr
