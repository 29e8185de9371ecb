"""Wall and processor time of whole commands, start-up and output included, and the slowest imports of a run.

python benchmarks/commands.py
python benchmarks/commands.py --beside ../earlier    in turns with another checkout: ratios to it

Processor time is that of the command and of its workers. A checkout that needs other packages finds them by PYTHONPATH.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measurement import Times, command_times, table

ROOT = Path(__file__).parents[1]
PYTHON = [sys.executable]
FORECAST = [*PYTHON, "-m", "forecast"]


def commands(scenarios: Path) -> dict[str, list[str]]:
    """Commands by name; those that need runs find them, since `forecast run` comes before."""
    baseline, hyundai = (str(scenarios / f"{name}.yaml") for name in ("baseline", "hyundai"))
    run = [*FORECAST, "run", hyundai, "--force"]
    return {
        "python -c pass": [*PYTHON, "-c", "pass"],
        "import numpy": [*PYTHON, "-c", "import numpy"],
        "forecast --help": [*FORECAST, "--help"],
        "forecast run hyundai": run,
        "forecast run hyundai --no-plot": [*run, "--no-plot"],
        "forecast run hyundai, found again": run[:-1],
        "forecast compare baseline hyundai": [*FORECAST, "compare", baseline, hyundai],
        "forecast compare baseline hyundai --attribute": [*FORECAST, "compare", baseline, hyundai, "--attribute"],
        "forecast budget hyundai": [*FORECAST, "budget", hyundai],
        "forecast budget hyundai --n-jobs 1": [*FORECAST, "budget", hyundai, "--n-jobs", "1"],
    }


def measured(checkout: Path, folder: str, name: str) -> Times:
    """Times of a command in a checkout; its runs lie in a folder of its own."""
    results = Path(folder) / checkout.name
    results.mkdir(exist_ok=True)
    path = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH", "")]))
    return command_times(commands(checkout / "scenarios")[name], results, {"PYTHONPATH": path})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--beside", type=Path, help="another checkout")
    parser.add_argument("--only", default="", help="commands that hold this text")
    asked = parser.parse_args()
    checkouts = [ROOT, *([asked.beside.resolve()] if asked.beside else [])]
    names = [name for name in commands(ROOT / "scenarios") if asked.only in name]
    with TemporaryDirectory() as folder:
        for checkout in checkouts:
            measured(checkout, folder, "forecast run hyundai")
        rows = []
        for name in names:
            rounds = [[measured(checkout, folder, name) for checkout in checkouts] for _ in range(asked.rounds)]
            rows.append([name, *_cells(rounds)])
        header = ["command", "wall s", "processor s"]
        print(table([*header, *(["ratio of wall", "of processor"] if asked.beside else [])], rows), end="\n\n")
        if not asked.only:
            run = commands(ROOT / "scenarios")["forecast run hyundai"]
            imports = command_times([sys.executable, "-X", "importtime", *run[1:]], Path(folder), {}).errors
            print(table(["import", "own ms", "with what it imports, ms"], slowest(imports)))


def _cells(rounds: list[list[Times]]) -> list[str]:
    """Medians of this checkout, and of the ratios to the other within a round."""
    kinds = [[[getattr(times, kind) for times in one] for one in rounds] for kind in ("wall", "processor")]
    own = [f"{median(one[0] for one in kind):.2f}" for kind in kinds]
    if len(rounds[0]) == 1:
        return own
    ratios = [sorted(one[0] / one[1] for one in kind) for kind in kinds]
    return [*own, *(f"{median(ratio):.2f} ({ratio[0]:.2f} to {ratio[-1]:.2f})" for ratio in ratios)]


def slowest(report: str, n: int = 15) -> list[list[str]]:
    """The packages that take longest to import, from the report of `-X importtime`."""
    lines = [line.removeprefix("import time:").split("|") for line in report.splitlines() if line.count("|") == 2]
    parsed = [(int(own), int(total), name.strip()) for own, total, name in lines if own.strip().isdigit()]
    parsed.sort(key=lambda line: -line[1])
    return [[name, f"{own / 1000:.0f}", f"{total / 1000:.0f}"] for own, total, name in parsed[:n]]


if __name__ == "__main__":
    main()
