"""Peak memory of a run, workers included, for many draws and for four times as many.

python benchmarks/memory.py
"""

from __future__ import annotations

import argparse
import json

from joblib import parallel_config
from measurement import measured, peak_memory, table
from settled import announced_plan

from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, simulate

WORKERS = {"serial": ("loky", 1), "2 threads": ("threading", 2), "2 processes": ("loky", 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, nargs="+", default=[200_000, 1_000_000, 4_000_000])
    parser.add_argument("--one", choices=WORKERS, help="measure this one only, in this process")
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(peak(options.one, options.draws[0])))
        return
    header = ["peak MiB", *(f"{n_draws:,} draws" for n_draws in options.draws)]
    print(table(header, [[name, *(f"{_peak(name, n):,.0f}" for n in options.draws)] for name in WORKERS]))


def _peak(name: str, n_draws: int) -> float:
    return measured(__file__, "--one", name, "--draws", n_draws)["peak"]


def peak(name: str, n_draws: int) -> dict[str, float]:
    """Simulate and summarise, and read the peak of this process and its workers in MiB."""
    plan, (backend, n_jobs) = announced_plan(), WORKERS[name]
    with parallel_config(backend=backend):
        simulate(alone(plan), Settings(n_draws), n_jobs).summary(plan.years)
    return {"peak": peak_memory()}


if __name__ == "__main__":
    main()
