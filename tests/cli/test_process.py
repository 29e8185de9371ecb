"""Stops and streams: whatever ends a command nothing stays, and whatever a console cannot write the answer arrives."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import click
import pytest
from stoppable import hear_ctrl_c, stoppable

import forecast.cli
from forecast.cli.process import Stops
from forecast.errors import MOST_PROBLEMS, Place, RunError, ScenarioError
from forecast.scenario.validation import examined

FORECAST = [sys.executable, "-m", "forecast"]
SOURCE = Path(forecast.cli.__file__).parents[2]


def session(leader: int) -> list[str]:
    """Processes of the session of a process."""
    listing = subprocess.run(["ps", "-s", str(leader), "-o", "pid="], capture_output=True, text=True, check=False)
    return listing.stdout.split()


def wait_for(condition: object, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_stopped_run_leaves_no_process_and_no_file(tmp_path: Path, name: str) -> None:
    arguments = [*FORECAST, "run", "baseline", "--draws", "9000000", "--n-jobs", "2", "--no-plot"]
    process = subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert wait_for(lambda: len(session(process.pid)) >= 4, 60)  # two workers and a tracker beside it
        time.sleep(1.0)
        process.send_signal(getattr(signal, name))
        _, message = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    killed = name == "SIGKILL"
    assert process.returncode == (-signal.SIGKILL if killed else 128 + getattr(signal, name))
    said = [line for line in message.splitlines() if line and not line.startswith("baseline: ")]  # progress aside
    assert killed or said == ["stopped: nothing was stored"]
    assert wait_for(lambda: not session(process.pid), 20)
    assert not list(tmp_path.rglob("manifest.json"))
    assert not list(Path("/dev/shm").glob(f"*_{process.pid}_*"))


AT_WORK = """
import time
import click
from forecast import cli
from forecast.parallel import in_order
from forecast.storage.files import scratch_folder

def hold(piece):
    with scratch_folder():
        time.sleep(600)

cli.cli = click.command()(lambda: list(in_order(hold, range(2), 2)))
cli.main()
"""
"""What a fit does while its workers compile."""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_stop_leaves_no_file_of_workers_in_the_middle_of_their_work(tmp_path: Path, number: int) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with stoppable([sys.executable, "-c", AT_WORK], env=environment, start_new_session=True) as process:
        assert wait_for(lambda: len(list(tmp_path.glob(".unfinished-*/scratch"))) == 2, 60)
        process.send_signal(number)
        _, message = process.communicate(timeout=60)
    assert (process.returncode, message.strip()) == (128 + number, "stopped: nothing was stored")
    assert not list(tmp_path.glob(".unfinished-*"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes")
@pytest.mark.parametrize(("number", "seconds"), [(signal.SIGINT, 0.1), (signal.SIGHUP, 0.4)])
def test_a_stop_sent_to_all_processes_while_workers_load_is_one_line(
    tmp_path: Path, number: int, seconds: float
) -> None:
    """A terminal sends it so; each of them told where in its imports it was, and what it had lost track of."""
    words = [*FORECAST, "run", "baseline", "--draws", "9000000", "--n-jobs", "2", "--no-plot"]
    with stoppable(words, cwd=tmp_path, start_new_session=True) as process:
        assert wait_for(lambda: len(session(process.pid)) >= 4, 60)  # a tracker or two, and workers
        time.sleep(seconds)
        os.killpg(process.pid, number)
        _, message = process.communicate(timeout=60)
    said = [line for line in message.splitlines() if line and not line.startswith("baseline: ")]  # progress aside
    assert (process.returncode, said) == (128 + number, ["stopped: nothing was stored"])
    assert wait_for(lambda: not session(process.pid), 20)


WATCHED = """
import os
import subprocess
import sys
import time
worker = "from forecast import parallel; parallel.WATCH_SECONDS = 60; print('here', flush=True); parallel._watch({})"
print(subprocess.Popen([sys.executable, "-c", worker.format(os.getpid())]).pid, flush=True)
time.sleep(600)
"""
"""What watches a process and may look for it no more than once."""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs a system that tells of the end of a process")
def test_a_worker_is_gone_when_its_parent_is() -> None:
    with stoppable([sys.executable, "-c", WATCHED], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert {process.stdout.readline().strip().isdecimal(), process.stdout.readline()} == {True, "here\n"}
        process.kill()
        process.wait()
        assert wait_for(lambda: not session(process.pid), 20)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes")
def test_a_worker_ended_from_outside_is_one_line(tmp_path: Path) -> None:
    arguments = [*FORECAST, "run", "baseline", "--draws", "9000000", "--n-jobs", "2", "--no-plot"]
    process = subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    workers: list[str] = []

    def working() -> bool:
        listing = subprocess.run(
            ["ps", "-ww", "-s", str(process.pid), "-o", "pid=,args="], capture_output=True, text=True, check=False
        )
        workers[:] = [line.split()[0] for line in listing.stdout.splitlines() if "popen_loky" in line]
        return len(workers) >= 2

    try:
        assert wait_for(working, 60)
        time.sleep(1.0)
        os.kill(int(workers[0]), signal.SIGKILL)
        _, message = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 2
    assert message.splitlines()[-1].startswith("error: a worker process was ended from outside")
    assert "Traceback" not in message


@pytest.mark.parametrize("encoding", ["cp949", "cp1252", "ascii"])
def test_a_console_of_another_encoding_gets_plain_characters(tmp_path: Path, encoding: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*FORECAST, "elicit", "{interval: [-1, 2], level: 0.9}"], cwd=tmp_path, env=environment, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"#" in done.stdout
    assert b"-" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_standard_output_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*FORECAST, "schema"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "error: standard output cannot be written (No space left on device)\n"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize(("arguments", "code"), [(("elicit", "1 to"), 2), (("run", "baseline", "--draws", "20"), 0)])
def test_a_full_standard_error_loses_what_is_written_to_it_alone(
    arguments: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*FORECAST, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=full, text=True)
    assert done.returncode == code
    assert ("Stored in" in done.stdout) == (code == 0)


def test_errors_survive_being_sent_between_processes() -> None:
    problem = Place("a.yaml", 3, 1).problem("horizon", "got 1, expected 2")
    error = pickle.loads(pickle.dumps(ScenarioError([problem])))
    assert error.problems == (problem,)
    assert str(error) == "a.yaml:3:1: horizon: got 1, expected 2"


def test_a_message_has_an_end() -> None:
    problem = Place("a.yaml", 3, 1).problem("", "unknown key")
    lines = str(ScenarioError([problem] * (MOST_PROBLEMS + 3))).splitlines()
    assert len(lines) == MOST_PROBLEMS + 1
    assert lines[-1] == "and 3 more problems"


def test_rows_of_blanks_take_no_time(tmp_path: Path) -> None:
    """A pattern that tries each blank from each blank before it took a minute for this file."""
    file = tmp_path / "r.yaml"
    file.write_text("name: s\n" + ("- " + " " * 19_000 + "\n") * 50)
    started = time.process_time()
    assert examined(file, []).problems
    assert time.process_time() - started < 10


def test_a_mapping_of_very_many_keys_is_refused_where_it_is_too_long(tmp_path: Path) -> None:
    file = tmp_path / "k.yaml"
    file.write_text("name: s\n" + "".join(f"k{number}: 1\n" for number in range(40_000)))
    (problem,) = examined(file, []).problems
    assert str(problem).startswith(f"{file}:501:1: got a mapping of more than 500 keys") or "500 keys" in str(problem)


SWALLOWING = {
    "an object that is cleaned up": """
class Swallows:
    def __del__(self):
        stop()

Swallows()
""",
    "code that catches all there is": """
try:
    stop()
except BaseException:
    pass
""",
    "numpy's random numbers while they are loaded": """
class Loads(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "numpy.random._pickle":
            abc.ABCMeta.register = registers

register = abc.ABCMeta.register

def registers(*given):
    abc.ABCMeta.register = register
    stop()

sys.meta_path.insert(0, Loads())
import numpy.random
""",
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("swallowed", SWALLOWING)
def test_a_stop_that_something_swallows_is_no_stop_lost(swallowed: str, number: int) -> None:
    code = """
import abc, importlib.abc, os, signal, sys, time
from forecast.cli.process import ended_like_ctrl_c, exit_code

def stop():
    os.kill(os.getpid(), {number})
    for _ in range(100_000):
        pass

def work():
{work}

try:
    with ended_like_ctrl_c():
        work()
        time.sleep(20)
        print("went on")
except KeyboardInterrupt as stop:
    sys.exit(exit_code(stop))
"""
    text = code.format(number=int(number), work=textwrap.indent(SWALLOWING[swallowed], "    "))
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")


@pytest.mark.parametrize("behind", ["cause", "context", "further back"])
def test_a_stop_that_a_library_makes_an_error_of_is_a_stop(
    behind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(**_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            if behind == "cause":
                raise ValueError("Error calling function") from stop
            try:
                raise ImportError("failed to import")
            except ImportError as error:
                if behind == "context":
                    raise
                raise RunError("no such module") from error

    monkeypatch.setattr(forecast.cli.cli, "main", stopped)
    assert forecast.cli._exit_code(Stops()) == 130
    assert capsys.readouterr().err == "stopped: nothing was stored\n"


def test_a_file_that_ends_early_is_no_stop(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def ended() -> None:
        raise EOFError("marshal data too short")

    monkeypatch.setattr(sys, "argv", ["forecast"])
    monkeypatch.setattr(forecast.cli, "cli", click.command()(ended))
    with pytest.raises(EOFError, match="too short"):
        forecast.cli._exit_code(Stops())
    assert "stopped" not in capsys.readouterr().err


def test_a_stop_while_the_command_is_loaded_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import os, time\nos.kill(os.getpid(), 2)\ntime.sleep(20)\n")
    done = subprocess.run(
        [*FORECAST, "list"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(SOURCE)])},
        capture_output=True,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


TWICE = """
import os
import time
import click
from forecast import cli
from forecast.storage.files import scratch_folder

def work():
    with scratch_folder() as folder:
        try:
            os.kill(os.getpid(), {number})
            time.sleep(20)
        finally:
            os.kill(os.getpid(), {number})
            time.sleep(0.1)
            print("cleared away", flush=True)

cli.cli = click.command()(work)
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_second_stop_breaks_into_nothing_that_the_first_clears_away(tmp_path: Path, number: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWICE.format(number=int(number))],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    assert (done.returncode, done.stdout) == (128 + number, "cleared away\n")
    assert done.stderr.strip() == "stopped: nothing was stored"
    assert not list(tmp_path.iterdir())


DONE = """
import atexit
import os
import time
import click
from forecast import cli
from forecast.__main__ import main

def stop():
    for _ in range(2):
        os.kill(os.getpid(), {number})
        time.sleep(0.1)
    print("cleared away", flush=True)

def work():
    atexit.register(stop)
    if {stopped}:
        try:
            os.kill(os.getpid(), {number})
            time.sleep(20)
        except BaseException as stopped:
            stopped.itself = stopped  # so that it goes with the interpreter
            raise

cli.cli = click.command()(work)
main()
"""
"""A command that has something to clear away when its process ends, as joblib has."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stopped", [False, True])
def test_a_stop_once_the_command_is_done_changes_nothing(number: int, stopped: bool) -> None:
    words = [sys.executable, "-c", DONE.format(number=int(number), stopped=stopped)]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=hear_ctrl_c, timeout=60, check=False)
    said = "stopped: nothing was stored" if stopped else ""
    assert (done.returncode, done.stdout, done.stderr.strip()) == (
        128 + number if stopped else 0,
        "cleared away\n",
        said,
    )
