"""Round trip of a change on the page of `forecast explore`: question, simulation, drawing and answer over the socket.

python benchmarks/explore.py announced tariffs-25
python benchmarks/explore.py announced --beside ../another-checkout    # in turns, with the ratio of the two
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter, process_time
from typing import Any

from measurement import table

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="+", help="names of shipped scenarios")
    parser.add_argument("--beside", type=Path, help="checkout of another revision, asked in turns with this one")
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        answer(asked.scenarios[0], asked.draws)
        return
    checkouts = [ROOT, asked.beside] if asked.beside else [ROOT]
    header = ["scenario", "slider", "round trip, ms", "processor time, ms"]
    header += ["beside, ms", "times faster", "in rounds"] if asked.beside else []
    rows = [row for name in asked.scenarios for row in _rows(name, checkouts, asked.draws, asked.rounds)]
    print(table(header, rows))


def answer(name: str, draws: int) -> None:
    """Serve a scenario in this process; answer positions of sliders, one a line, with wall and processor time, ms."""
    from forecast.engine.simulate import Settings
    from forecast.models.posterior import load_posterior
    from forecast.report.explore import Bench, Explorer
    from forecast.report.i18n import language
    from forecast.report.sliders import sliders
    from forecast.report.workbench import workbench
    from forecast.scenario.scenario import load_scenario
    from forecast.storage.documents import scenario_path

    scenario = load_scenario(scenario_path(name))
    with workbench(scenario, load_posterior(as_of=scenario.as_of), Settings(draws)) as bench:
        explorer = Explorer(Bench(bench, (name,), language("en")), 0)
        Thread(target=explorer.serve_forever, daemon=True).start()
        found = sliders(scenario, bench.origin)
        print(json.dumps([(item.name, item.kind, item.low, item.high) for item in found]), flush=True)
        for line in sys.stdin:
            print(json.dumps(_round_trip(explorer.server_address[1], json.loads(line))), flush=True)
        explorer.shutdown()


def _round_trip(port: int, positions: dict[str, float]) -> tuple[float, float]:
    started, busy = perf_counter(), process_time()
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/trial", json.dumps(positions), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 200, told
    return 1000 * (perf_counter() - started), 1000 * (process_time() - busy)


class Server:
    """A scenario served by one checkout in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.sliders: list[tuple[str, str, float, float]] = self._heard()

    def asked(self, positions: dict[str, float]) -> tuple[float, float]:
        """Wall and processor time of one question, ms."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(positions) + "\n")
        self._process.stdin.flush()
        wall, busy = self._heard()
        return wall, busy

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def server(checkout: Path, name: str, draws: int) -> Iterator[Server]:
    command = [sys.executable, __file__, name, "--draws", str(draws), "--answer"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
    ) as process:
        yield Server(process)


def _rows(name: str, checkouts: list[Path], draws: int, n_rounds: int) -> Iterator[list[str]]:
    """One slider of each kind, and of the duties every one."""
    with ExitStack() as stack:
        servers = [stack.enter_context(server(checkout, name, draws)) for checkout in checkouts]
        found = servers[0].sliders
        kinds = {kind: slider for slider, kind, _, _ in found}
        for slider, kind, low, high in found:
            if kind == "added" or kinds[kind] == slider:
                yield [name, slider, *_cells(servers, slider, low, high, n_rounds)]


def _cells(servers: list[Server], slider: str, low: float, high: float, n_rounds: int) -> list[str]:
    """Every round asks for another position, so that no answer is a repetition; the first warms up."""
    steps = [low + (high - low) * (index + 1) / (n_rounds + 2) for index in range(n_rounds + 1)]
    times = [[each.asked({slider: round(position, 3)}) for each in servers] for position in steps][1:]
    wall, busy = ([[both[part] for both in one] for one in zip(*times, strict=True)] for part in (0, 1))
    cells = [f"{median(wall[0]):.0f}", f"{median(busy[0]):.0f}"]
    if len(servers) > 1:
        ratios = sorted(before / now for now, before in zip(*busy, strict=True))
        cells += [f"{median(busy[1]):.0f}", f"{median(ratios):.1f}", f"{ratios[0]:.1f} to {ratios[-1]:.1f}"]
    return cells


if __name__ == "__main__":
    main()
