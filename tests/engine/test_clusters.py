"""Work over a cluster: the same bytes as here, a worker killed in the middle or not, and what is refused in a line."""

from __future__ import annotations

import os
import signal
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from commands import command
from plans import uncertain_plan

from forecast import clusters
from forecast.clusters import on_cluster
from forecast.engine.run_plan import alone
from forecast.engine.simulate import BLOCKS_PER_TASK, WORTH_WORKERS, Settings, simulate
from forecast.errors import RunError
from forecast.storage.code_digests import code_of_numbers

pytestmark = pytest.mark.slow

BLOCK_SIZE = 16
SETTINGS = Settings(BLOCK_SIZE * BLOCKS_PER_TASK * 3 * WORTH_WORKERS, 3)


def test_a_worker_killed_in_the_middle_leaves_no_trace() -> None:
    distributed = pytest.importorskip("distributed")
    plan = alone(replace(uncertain_plan(), block_size=BLOCK_SIZE))
    here = simulate(plan, SETTINGS).annual.draws()
    killed: list[int] = []
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster:

        def kill_one(_n_draws: int) -> None:
            if not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        other_code = pytest.raises(RunError, match=r"of the cluster has \d+, expected what this machine has, \d+")
        with on_cluster("dask", cluster.scheduler_address, os.getpid), other_code:
            simulate(plan, SETTINGS, -1)
        with on_cluster("dask", cluster.scheduler_address, code_of_numbers):
            there = simulate(plan, SETTINGS, -1, kill_one).annual.draws()
    assert killed
    assert here.tobytes() == there.tobytes()


def test_a_cluster_leaves_the_filters_of_warnings_as_they_were() -> None:
    distributed = pytest.importorskip("distributed")
    options = {
        "n_workers": 0,
        "protocol": "tcp",
        "processes": False,
        "dashboard_address": "127.0.0.1:0",
        "silence_logs": 50,
    }
    with distributed.LocalCluster(**options) as cluster:
        before = [*warnings.filters]
        with on_cluster("dask", cluster.scheduler_address, code_of_numbers):
            pass
        assert before == [*warnings.filters]


def test_ray_gives_the_same_bytes_though_a_worker_is_killed() -> None:
    ray = pytest.importorskip("ray")
    plan = alone(replace(uncertain_plan(), block_size=BLOCK_SIZE))
    here = simulate(plan, SETTINGS).annual.draws()
    killed: list[int] = []

    def kill_one(_n_draws: int) -> None:
        if not killed:
            killed.append(_ray_worker())
            os.kill(killed[0], signal.SIGKILL)

    with on_cluster("ray", None, code_of_numbers):
        assert ray.is_initialized()
        there = simulate(plan, SETTINGS, -1, kill_one).annual.draws()
    assert killed
    assert here.tobytes() == there.tobytes()
    assert not ray.is_initialized()


def _ray_worker() -> int:
    """A process of Ray that works on this run: its title names the actor that joblib sends work to."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # a process that has ended since
            if path.read_bytes().startswith(b"ray::PoolActor"):
                return int(path.parent.name)
    raise AssertionError("got no worker of Ray")


def test_what_cannot_be_reached_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1)
    lines = [
        (("--backend", "dask"), "--backend dask: got no scheduler, expected --scheduler tcp://HOST:8786"),
        (("--backend", "dask", "--scheduler", "tcp://127.0.0.1:1"), "where no Dask scheduler answered within 1 s"),
        (
            ("--backend", "dask", "--scheduler", "nowhere:x"),
            "got nowhere:x, expected an address such as tcp://10.0.0.1:8786",
        ),
        (
            ("--backend", "dask", "--scheduler", "tls://127.0.0.1:1"),
            "got tls://127.0.0.1:1, expected an address such as",
        ),
    ]
    for words, named in lines:
        done = command("run", "hyundai", *words, cwd=tmp_path)
        assert done.returncode == 2
        assert named in done.stderr
        assert done.stderr.count("\n") == 1
    assert command("run", "hyundai", "--scheduler", "tcp://127.0.0.1:1", cwd=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_missing_extra_is_named(tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "find_spec", lambda name: None)
    done = command("run", "hyundai", "--backend", backend, "--scheduler", "tcp://127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith(f"is not installed; pip install 'forecast[{backend}]'\n")
