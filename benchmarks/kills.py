"""Kills commands at random moments, and looks at what they leave: python benchmarks/kills.py --kills 25

Whatever ends a command, no process, no shared memory and nothing half stays: what is stored passes `forecast verify`.
After TERM, HUP and INT no temporary file stays either; those of KILL are swept by the next command of the kind, which
is run at the end of each row. The victim `resume` is a run that writes checkpoints often: after each kill the same
command is run to its end, every fourth time with two workers, and every file is held against an undisturbed run, byte
for byte (of the manifest all but the time). With --group each signal goes to all processes of a command, as a terminal
sends it. Ends with code 1 if anything else was found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

FORECAST = (sys.executable, "-m", "forecast")
OFTEN = """
from forecast import cli
from forecast.engine import simulate
from forecast.results import checkpoints
simulate.BLOCKS_PER_TASK, checkpoints.SECONDS, checkpoints.SHARE = 1, 0.0, 0
cli.main()
"""
"""The command with tasks of one block and a checkpoint after each, in place of ten blocks and 20 seconds."""
SHARED = Path("/dev/shm")
PATIENCE = 60.0
"""Seconds that a command that was told to end may take, and its workers after it."""


@dataclass(frozen=True)
class Victim:
    """A command that is killed.

    Attributes:
        arguments: words after `forecast`.
        stored: paths of what it stores, for `forecast verify`.
        seconds: the latest moment at which it is killed; None for what it takes undisturbed.
        first: a command that has to run before.
        program: what runs it.
        goes_on: whether the same command is run after each kill and has to come to the bytes of an undisturbed run.
    """

    arguments: tuple[str, ...]
    stored: tuple[str, ...]
    seconds: float | None = None
    first: tuple[str, ...] = ()
    program: tuple[str, ...] = FORECAST
    goes_on: bool = False


RUN = ("run", "announced", "--no-plot", "--n-jobs", "2")
BACKTEST = ("backtest", "--first", "2024Q4", "--horizon", "4", "--draws", "200", "--n-jobs", "2")
FIRST = ("run", "hyundai", "--no-plot", "--draws", "4000")
RESUME = ("run", "hyundai", "--no-plot", "--draws", "12000", "--n-jobs", "1")
VICTIMS = {
    "resume": Victim(RESUME, ("results",), program=(sys.executable, "-c", OFTEN), goes_on=True),
    "run": Victim((*RUN, "--draws", "60000", "--force"), ("results",)),
    "report": Victim(("report", "results/hyundai"), ("results",), first=FIRST),
    "fit": Victim(("fit", "--n-jobs", "2", "--out", "fitted/posterior.nc"), ("fitted/posterior.nc",), 60.0),
    "backtest": Victim(BACKTEST, (), 40.0),
    "ledger": Victim(("ledger", "add", "results/hyundai"), ("results", "ledger"), first=FIRST),
}


@dataclass
class Row:
    """What was seen of one command and one signal.

    Attributes:
        n_kills: kills that met a running command.
        n_late: times that it had ended before.
        n_finished: kills after which it came to its usual end all the same, as in the last moments of a command.
        slowest: seconds from a kill to the end of the command, at most.
        n_resumed: times that the same command went on where it was killed.
        faults: what should not be, a sentence each.
    """

    n_kills: int = 0
    n_late: int = 0
    n_finished: int = 0
    slowest: float = 0.0
    n_resumed: int = 0
    faults: list[str] = field(default_factory=list)


class Yard:
    """A folder in which commands are killed, with temporary files of its own."""

    def __init__(self, folder: Path, victim: Victim, send: Callable[[int, int], None]) -> None:
        self.folder, self.victim, self._send = folder, victim, send
        (folder / "tmp").mkdir()
        (folder / "fitted").mkdir()
        self._environment = os.environ | {"TMPDIR": str(folder / "tmp")}
        if victim.first:
            self.run(*victim.first)
        self.seconds = self._undisturbed() if victim.seconds is None else victim.seconds
        self._whole = self._files()

    def run(self, *arguments: str, program: tuple[str, ...] = FORECAST) -> subprocess.CompletedProcess[str]:
        """A command that is left alone."""
        return subprocess.run(
            [*program, *arguments], cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )

    def start(self) -> subprocess.Popen[str]:
        """The victim, in a session of its own."""
        return subprocess.Popen(
            [*self.victim.program, *self.victim.arguments],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _undisturbed(self) -> float:
        started = time.monotonic()
        done = self.run(*self.victim.arguments, program=self.victim.program)
        if done.returncode:
            raise SystemExit(done.stderr)
        return time.monotonic() - started

    def kill(self, number: signal.Signals, after: float, row: Row) -> None:
        """Start the victim, kill it after so many seconds, and look around."""
        if self.victim.arguments[0] == "ledger":
            shutil.rmtree(self.folder / "ledger", ignore_errors=True)
        if self.victim.goes_on:
            shutil.rmtree(self.folder / "results", ignore_errors=True)
        shared, process, started = names(SHARED), self.start(), time.monotonic()
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            late = False
            self._send(process.pid, number)
        else:  # a machine less busy than when it was measured: the next moments lie within what it takes now
            late, self.seconds = True, min(self.seconds, time.monotonic() - started)
        message, seconds = self._awaited(process)
        row.n_late += late
        row.n_kills += not late
        row.n_finished += not late and process.returncode == 0
        row.slowest = row.slowest if late else max(row.slowest, seconds)
        faults = [*self._ended(process, message, number), *self._left(process.pid, shared), *self._stored()]
        if number != signal.SIGKILL:
            faults += [f"left {name}" for name in self.leftovers()]
        if self.victim.goes_on:
            faults += self._gone_on(row)
        row.faults += [f"after {after:.2f} s: {fault}" for fault in faults]

    @staticmethod
    def _awaited(process: subprocess.Popen[str]) -> tuple[str, float]:
        """What a command says before it ends, and after how many seconds that is."""
        started = time.monotonic()
        try:
            _, message = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            message = "it did not end"
        return message, time.monotonic() - started

    @staticmethod
    def _ended(process: subprocess.Popen[str], message: str, number: signal.Signals) -> Iterator[str]:
        expected = -number if number == signal.SIGKILL else 128 + number
        noise = number != signal.SIGKILL and any(word in message for word in ("Traceback", "Warning"))
        if process.returncode not in (0, expected, -number) or noise or message == "it did not end":
            yield f"code {process.returncode}, said {message.strip()!r}"

    @staticmethod
    def _left(session: int, shared: frozenset[str]) -> Iterator[str]:
        end = time.monotonic() + PATIENCE
        while (found := processes(session)) and time.monotonic() < end:
            time.sleep(0.2)
        if found:
            yield f"processes {', '.join(found)} stay"
        mine = {name for name in names(SHARED) - shared if str(session) in name}
        if mine:
            yield f"shared memory {', '.join(sorted(mine))} stays"

    def _stored(self) -> Iterator[str]:
        for place in self.victim.stored if not self.victim.goes_on else ():
            if (self.folder / place).exists():
                done = self.run("verify", place, "--blocks", "0")
                if done.returncode and "holds nothing to verify" not in done.stderr:
                    yield f"{place} is not whole: {done.stdout}{done.stderr}"
        for piece in self.folder.glob("results/backtest/*/*.npz"):
            try:
                np.load(piece)
            except (OSError, ValueError, BadZipFile) as error:
                yield f"{piece.name} is half a piece ({error})"
        for page in self.folder.glob("*.html"):
            if not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
                yield f"{page.name} is half a page"

    def _gone_on(self, row: Row) -> Iterator[str]:
        """What is wrong when the same command is run to its end."""
        n_jobs = "2" if row.n_kills % 4 == 0 else "1"
        done = self.run(*self.victim.arguments[:-1], n_jobs, program=self.victim.program)
        row.n_resumed += "goes on at block" in done.stderr
        if done.returncode:
            yield f"the same command ended with code {done.returncode}: {done.stderr}"
        if self._files() != self._whole:
            yield "the same command came to other bytes"
        if left := [path.name for path in self.folder.glob("results/*/.*")]:
            yield f"the same command left {', '.join(left)}"

    def _files(self) -> dict[str, bytes | dict[str, object]]:
        """Content of the files of all runs; of their manifests all but the time."""
        found: dict[str, bytes | dict[str, object]] = {}
        for path in self.folder.glob("results/*/*/*"):
            content, name = path.read_bytes(), str(path.relative_to(self.folder))
            found[name] = content
            if path.name == "manifest.json":
                found[name] = {k: v for k, v in json.loads(content).items() if k not in ("created", "content")}
        return found

    def leftovers(self) -> list[str]:
        """Temporary files that stay."""
        hidden = (path for path in self.folder.rglob(".unfinished-*"))
        return [str(path.relative_to(self.folder)) for path in (*hidden, *(self.folder / "tmp").iterdir())]

    def sweep(self) -> list[str]:
        """What stays when the command has run again, or for a while and was asked to end."""
        process = self.start()
        try:
            process.communicate(timeout=self.seconds + PATIENCE if self.victim.seconds is None else PATIENCE / 2)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.communicate()
        return [f"not swept: {name}" for name in self.leftovers()]


def names(folder: Path) -> frozenset[str]:
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


def processes(session: int) -> list[str]:
    """Processes of a session that run."""
    listing = subprocess.run(
        ["ps", "-s", str(session), "-o", "pid=,stat="], capture_output=True, text=True, check=False
    )
    return [line.split()[0] for line in listing.stdout.splitlines() if "Z" not in line.split()[1]]


def killed(
    name: str, number: signal.Signals, n_kills: int, rng: random.Random, send: Callable[[int, int], None]
) -> Row:
    row = Row()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        yard = Yard(Path(folder), VICTIMS[name], send)
        for _ in range(n_kills):
            yard.kill(number, rng.uniform(0.05, yard.seconds), row)
        if number == signal.SIGKILL:
            row.faults += yard.sweep()
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=25, help="kills of each command by each signal")
    parser.add_argument("--commands", nargs="+", choices=VICTIMS, default=list(VICTIMS))
    parser.add_argument(
        "--signals", nargs="+", choices=("TERM", "HUP", "INT", "KILL"), default=["TERM", "HUP", "INT", "KILL"]
    )
    parser.add_argument(
        "--group", action="store_true", help="send each signal to all processes of a command, as a terminal does"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    # Under nohup and in the background of a script commands would pass over these two, as they should.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rng, n_faults, send = random.Random(options.seed), 0, os.killpg if options.group else os.kill
    print("command   signal  killed  ended before  finished  slowest end  resumed  faults")
    for name in options.commands:
        for suffix in options.signals:
            row = killed(name, signal.Signals[f"SIG{suffix}"], options.kills, rng, send)
            print(
                f"{name:9} {suffix:7} {row.n_kills:6} {row.n_late:13} {row.n_finished:9} {row.slowest:10.1f} s "
                f"{row.n_resumed:8} {len(row.faults):7}",
                flush=True,
            )
            for fault in row.faults:
                print(f"    {fault}")
            n_faults += len(row.faults)
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main())
