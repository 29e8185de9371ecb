"""Wall time of whole commands, process start included, and the slowest imports of a run.

python benchmarks/startup.py
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from tempfile import TemporaryDirectory

from measurement import table, wall_time
from settled import ANNOUNCED

PYTHON = [sys.executable]
FORECAST = [*PYTHON, "-m", "forecast"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    n_rounds = parser.parse_args().rounds
    with TemporaryDirectory() as folder:
        run = [*FORECAST, "run", str(ANNOUNCED), "--out", folder, "--force"]
        commands = {
            "python -c pass": [*PYTHON, "-c", "pass"],
            "import numpy": [*PYTHON, "-c", "import numpy"],
            "forecast --help": [*FORECAST, "--help"],
            "forecast run, found again": [argument for argument in run if argument != "--force"],
            "forecast run, one draw, no picture": [*run, "--draws", "1", "--no-plot"],
            "forecast run, no picture": [*run, "--no-plot"],
            "forecast run": run,
        }
        wall_time(run)
        rounds = [{name: wall_time(command)[0] for name, command in commands.items()} for _ in range(n_rounds)]
        print(table(["command", "median s", "range"], [_row(name, rounds) for name in commands]), end="\n\n")
        imports = wall_time([sys.executable, "-X", "importtime", *run[1:]])[1]
    print(table(["import", "own ms", "with what it imports, ms"], slowest(imports)))


def _row(name: str, rounds: list[dict[str, float]]) -> list[str]:
    times = sorted(one[name] for one in rounds)
    return [name, f"{median(times):.2f}", f"{times[0]:.2f} to {times[-1]:.2f}"]


def slowest(report: str, n: int = 15) -> list[list[str]]:
    """The packages that take longest to import, from the report of `-X importtime`."""
    lines = [line.removeprefix("import time:").split("|") for line in report.splitlines() if line.count("|") == 2]
    parsed = [(int(own), int(total), name.strip()) for own, total, name in lines if own.strip().isdigit()]
    parsed.sort(key=lambda line: -line[1])
    return [[name, f"{own / 1000:.0f}", f"{total / 1000:.0f}"] for own, total, name in parsed[:n]]


if __name__ == "__main__":
    main()
