"""The scenario every benchmark runs: all live announcements to 2035, under the stored posterior."""

from __future__ import annotations

from pathlib import Path

from forecast.plan import Plan, compile_plan
from forecast.posterior import load_posterior
from forecast.realisation import load_realisation
from forecast.scenario import load_scenario
from forecast.vintage import vintage

ANNOUNCED = Path(__file__).parents[1] / "scenarios" / "announced.yaml"


def announced_plan() -> Plan:
    """Compiled `announced.yaml`."""
    return compile_plan(load_scenario(ANNOUNCED), load_posterior(), vintage(), load_realisation())
