"""Draws per second of the engine beside the notebook and the kernel, statistics included.

    python benchmarks/throughput.py
    python benchmarks/throughput.py --draws 20000 100000 1000000 --rounds 3

Every measurement is a process of its own that warms up first, and rounds go through all implementations in turn. The
best round counts, as what else the machine does can only slow a program down; the range of the ratio between rounds
says how much it did. A million draws of the notebook need about 8 GB.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from statistics import median
from time import perf_counter

import kernel
import notebook
from agreement import agreement
from joblib import parallel_config
from measurement import measured, peak_memory, table
from settled import announced_plan

from forecast.engine.plan import Plan
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, simulate

WARM_UP = 100_000
"""Draws at most made before the clock starts: from so many on the engine starts workers."""


def engine(n_jobs: int, backend: str) -> Callable[[Plan, int], object]:
    def run(plan: Plan, n_draws: int) -> object:
        with parallel_config(backend=backend):
            return simulate(alone(plan), Settings(n_draws), n_jobs).summary(plan.years, plan.series)

    return run


def fused(n_threads: int) -> Callable[[Plan, int], object]:
    def run(plan: Plan, n_draws: int) -> object:
        return notebook.statistics(kernel.annual_flows(plan, n_draws, 0, n_threads), (0.0, plan.record))

    return run


def whole_arrays(plan: Plan, n_draws: int) -> object:
    return notebook.statistics(notebook.annual_flows(plan, n_draws, 0), (0.0, plan.record))


IMPLEMENTATIONS: dict[str, Callable[[Plan, int], object]] = {
    "notebook, whole arrays": whole_arrays,
    "engine, serial": engine(1, "loky"),
    "engine, 2 threads": engine(2, "threading"),
    "engine, 2 processes": engine(2, "loky"),
    "kernel, 1 thread": fused(1),
    "kernel, 2 threads": fused(2),
}
BASES = ("notebook, whole arrays", "kernel, 1 thread")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=IMPLEMENTATIONS, help="measure this one only, in this process")
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(measure(options.one, options.draws[0])))
        return
    print(agreement(announced_plan(), 100_000), end="\n\n")
    for n_draws in options.draws:
        print(f"{n_draws:,} draws\n\n{compared(n_draws, options.rounds)}\n", flush=True)


def measure(name: str, n_draws: int) -> dict[str, float]:
    """Seconds a run takes once warm, and peak memory in MiB."""
    plan, run = announced_plan(), IMPLEMENTATIONS[name]
    run(plan, min(n_draws, WARM_UP))
    times = []
    for _ in range(max(1, 100_000 // n_draws)):
        start = perf_counter()
        run(plan, n_draws)
        times.append(perf_counter() - start)
    return {"seconds": median(times), "peak": peak_memory()}


def compared(n_draws: int, n_rounds: int) -> str:
    """Best of the rounds, and ratios to the notebook and to the kernel on one thread."""
    rounds = [
        {name: measured(__file__, "--one", name, "--draws", n_draws) for name in IMPLEMENTATIONS}
        for _ in range(n_rounds)
    ]
    header = ["", "draws/s", "x notebook", "in rounds", "x kernel", "in rounds", "peak MiB"]
    return table(header, [_row(name, n_draws, rounds) for name in IMPLEMENTATIONS])


def _row(name: str, n_draws: int, rounds: list[dict[str, dict[str, float]]]) -> list[str]:
    peak = max(one[name]["peak"] for one in rounds)
    ratios = [text for base in BASES for text in _ratio(name, base, rounds)]
    return [name, f"{n_draws / _best(name, rounds):,.0f}", *ratios, f"{peak:,.0f}"]


def _ratio(name: str, base: str, rounds: list[dict[str, dict[str, float]]]) -> tuple[str, str]:
    within = sorted(one[base]["seconds"] / one[name]["seconds"] for one in rounds)
    return f"{_best(base, rounds) / _best(name, rounds):.2f}", f"{within[0]:.2f} to {within[-1]:.2f}"


def _best(name: str, rounds: list[dict[str, dict[str, float]]]) -> float:
    return min(one[name]["seconds"] for one in rounds)


if __name__ == "__main__":
    main()
