"""Round trip of a change on the page of `forecast explore`: question, simulation, drawing and answer over the socket.

python benchmarks/explore.py --scenario scenarios/hyundai.yaml
"""

from __future__ import annotations

import argparse
import json
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter, process_time

from measurement import table

from forecast.engine import Settings
from forecast.explorer import Explorer
from forecast.languages import language
from forecast.posterior import load_posterior
from forecast.scenario import load_scenario
from forecast.sliders import Slider, sliders
from forecast.trials import Bench
from forecast.workbench import workbench

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "hyundai.yaml")
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    scenario = load_scenario(asked.scenario)
    posterior = load_posterior(as_of=scenario.as_of)
    with workbench(scenario, posterior, Settings(asked.draws)) as bench:
        explorer = Explorer(Bench(bench, (str(asked.scenario),), language("en")), 0)
        Thread(target=explorer.serve_forever, daemon=True).start()
        chosen = {slider.kind: slider for slider in sliders(scenario, bench.origin)}
        rows = [_row(slider, explorer.server_address[1], asked.rounds) for slider in chosen.values()]
        explorer.shutdown()
    print(table(["slider", "round trip, median ms", "range", "processor time, median ms"], rows))


def _row(slider: Slider, port: int, n_rounds: int) -> list[str]:
    """Every round asks for another position, so that no answer is a repetition."""
    steps = [slider.low + (slider.high - slider.low) * (index + 1) / (n_rounds + 2) for index in range(n_rounds + 1)]
    times = [_round_trip(port, {slider.name: round(position, 3)}) for position in steps][1:]
    wall, busy = (sorted(part) for part in zip(*times, strict=True))
    return [slider.name, f"{median(wall):.0f}", f"{wall[0]:.0f} to {wall[-1]:.0f}", f"{median(busy):.0f}"]


def _round_trip(port: int, positions: dict[str, float]) -> tuple[float, float]:
    """Wall and processor time of one question, ms."""
    started, busy = perf_counter(), process_time()
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/trial", json.dumps(positions), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 200, told
    return 1000 * (perf_counter() - started), 1000 * (process_time() - busy)


if __name__ == "__main__":
    main()
