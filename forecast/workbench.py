"""A scenario on the bench: its baseline simulated once, and what lies over it simulated again for every change.

A trial gives the numbers of a run with the same overrides, bit for bit, since it takes the same steps over the same
random numbers; only what cannot change is kept from one trial to the next. Correlations stay those of the file: where
an input that has one is moved, and so known, a run leaves it out and the others correlated with it have other luck,
while in a trial they keep theirs, so that a difference from the file shows the move alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import numpy as np

from forecast.block import Baseline, Flows, block_inputs, flows_over, simulated_baseline
from forecast.differences import both_ways
from forecast.draws import LEVERS, SERIES, Array
from forecast.engine import Settings, block_streams, empty_tally
from forecast.fates import Fates
from forecast.plan import Plan, compile_plan
from forecast.posterior import Posterior
from forecast.scenario import Scenario, dump_scenario, load_scenario
from forecast.sliders import overrides, sliders
from forecast.streams import Streams
from forecast.summary import Summary
from forecast.vintage import vintage

SHOWN = ("trade_balance", "investment_effect", "capital_goods", *LEVERS)
"""Series that a trial reports, those that the plan has: to order the draws of the others takes most of its time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of the assumptions.

    Attributes:
        scenario: as changed.
        summary: of a run of it, the series `SHOWN` alone; near quarters are left out.
        difference: of the surplus less that of the file, draw by draw; series `rise` and `fall` of
            `differences.both_ways`.
    """

    scenario: Scenario
    summary: Summary
    difference: Summary


class Workbench:
    """Runs variants of one scenario.

    Args:
        file: the scenario as resolved; overrides are laid over it.
        posterior: parameters that know what the scenario's day knows.
        settings: draws, seed and scheme of every trial.
    """

    def __init__(self, file: Path, posterior: Posterior, settings: Settings) -> None:
        self._file, self._posterior, self._settings = file, posterior, settings
        self._busy = Lock()
        scenario = load_scenario(file)
        plan = self._plan(scenario)
        self._mixes = plan.mixes
        self._blocks: list[tuple[Streams, Baseline]] = [
            (streams, simulated_baseline(plan, streams)) for streams in block_streams(plan, settings)
        ]
        self._unchanged = [self._balance(flows_over(baseline, plan, streams)) for streams, baseline in self._blocks]
        self.origin = plan.origin
        self.chances = self._learned_chances(scenario, plan)
        added = {item.name: item.step for item in sliders(scenario, plan.origin) if item.kind == "added"}
        self.trial(overrides(scenario, plan.origin, added))  # what duties rest on, so that no first change waits for it
        self.file = self.trial([])

    def trial(self, overrides: Sequence[str]) -> Trial:
        """The scenario with overrides.

        Raises:
            ScenarioError: the overrides make no sense of the scenario.
        """
        scenario = load_scenario(self._file, overrides)
        with self._busy:
            return self._tried(scenario, replace(self._plan(scenario), mixes=self._mixes))

    def _plan(self, scenario: Scenario) -> Plan:
        return compile_plan(scenario, self._posterior, vintage(scenario.as_of))

    def _tried(self, scenario: Scenario, plan: Plan) -> Trial:
        tally, changes = empty_tally(plan, self._settings), []
        series = tuple(name for name in SHOWN if name in plan.series)
        places = [plan.series.index(name) for name in series]
        for (streams, baseline), before in zip(self._blocks, self._unchanged, strict=True):
            flows = flows_over(baseline, plan, streams)
            tally.add(flows.annual[places], flows.quarterly[:0])
            changes.append(self._balance(flows) - before)
        change = both_ways(np.concatenate(changes, axis=-1), plan.years, plan.block_size)
        return Trial(scenario, tally.summary(plan.years, series), change)

    def _learned_chances(self, scenario: Scenario, plan: Plan) -> dict[str, float]:
        """Mean chance of every investment whose file states none, by id, over the first block."""
        fates = Fates(plan, block_inputs(plan, self._blocks[0][0]))
        open_ones = [item for item in scenario.investments if item.kind != "pledge" and item.probability is None]
        return {item.id: fates.chance(item.id) for item in open_ones}

    @staticmethod
    def _balance(flows: Flows) -> Array:
        return np.array(flows.annual[SERIES.index("trade_balance")])


@contextmanager
def workbench(scenario: Scenario, posterior: Posterior, settings: Settings) -> Iterator[Workbench]:
    """A bench for a scenario as it stands now: later changes of its file do not reach it."""
    with TemporaryDirectory(prefix="forecast-") as folder:
        file = Path(folder) / f"{scenario.name}.yaml"
        file.write_text(dump_scenario(scenario), encoding="utf-8")
        yield Workbench(file, posterior, settings)
