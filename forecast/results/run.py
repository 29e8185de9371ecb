"""One run: a scenario, a posterior and settings in, a stored result out, found again when nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from forecast import __version__
from forecast.code_digests import code_digest
from forecast.economics.tariffs import schedule_digest
from forecast.engine.block import Flows
from forecast.engine.block import MixturePlan
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Judged
from forecast.engine.plan import BLOCK_SIZE
from forecast.engine.plan import Plan
from forecast.engine.simulate import Settings
from forecast.engine.simulate import simulate
from forecast.models.posterior import Posterior
from forecast.models.posterior import demand_knowledge
from forecast.models.posterior import load_posterior
from forecast.observations.tables import data_digest
from forecast.observations.vintage import Vintage
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter
from forecast.results.results import Branches
from forecast.results.results import Results
from forecast.results.results import demand_folder
from forecast.results.results import read_results
from forecast.results.results import write_results
from forecast.scenario.mixture import World
from forecast.scenario.mixture import dump_mixture
from forecast.scenario.mixture import mixture_digest
from forecast.scenario.scenario import Scenario
from forecast.scenario.scenario import dump_scenario
from forecast.scenario.scenario import scenario_digest
from forecast.storage import json_digest
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any
import numpy as np
import os


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is stored: the results and whether they were there already."""

    results: Results
    found: bool


def run_scenario(
    scenario: World,
    settings: Settings = Settings(),
    *,
    out: str | Path = "results",
    posterior: Posterior | None = None,
    prior: bool = False,
    force: bool = False,
    n_jobs: int = 1,
    draw_chart: Callable[[Results], None] | None = None,
    progress: Callable[[int], None] = lambda n_draws: None,
) -> Run:
    """Forecast a scenario, or a mixture of scenarios, and store the result under `out`, or find it there.

    Args:
        scenario: what is assumed, from `load_scenario` or `load_mixture`.
        settings: draws, seed and sampling scheme.
        out: folder that collects runs.
        posterior: parameters; the stored ones by default.
        prior: use the prior rows in place of the posterior's.
        force: run again even if the same run is stored.
        n_jobs: workers, -1 for one per core.
        draw_chart: writes the picture of a result.
        progress: called with the number of draws finished since the last call.

    Raises:
        PosteriorError: the stored posterior is missing or stale, or the one given knows other data than the scenario.
        RunError: `out` cannot be written.
    """
    learned = load_posterior(as_of=scenario.as_of) if posterior is None else posterior
    demand_knowledge(learned, scenario.as_of)
    manifest = _manifest(scenario, learned, settings, prior)
    folder = Path(out) / scenario.name / manifest["digest"]
    stored = None if force else read_results(folder)
    if stored is not None:
        if draw_chart is not None and not stored.chart.exists():
            draw_chart(stored)
        return Run(stored, found=True)
    demand_folder(_nearest(folder), Path(out))
    plan = compiled(scenario, learned, vintage(scenario.as_of), prior=prior)
    tally = simulate(plan, settings, n_jobs, progress)
    summary = tally.summary(plan.years, plan.series)
    manifest |= {"n_failed": summary.n_failed, "quantiles": "exact" if summary.exact else "sketch"}
    draws = Flows(tally.annual.draws(), tally.quarterly.draws()) if tally.keep else None
    text, branches = dump_scenario(scenario) if isinstance(scenario, Scenario) else dump_mixture(scenario), None
    if isinstance(plan, MixturePlan):
        branches = Branches(
            {
                plan.labels[index]: branch.summary(plan.years, plan.series)
                for index, branch in sorted(tally.branches.items())
            },
            np.array(plan.labels, dtype=object)[np.concatenate(tally.chosen)] if tally.keep else None,
        )
    quarters = tally.quarters(plan.origin)
    results = write_results(folder, manifest, summary, quarters, draws, text, draw_chart, branches)
    return Run(results, found=False)


def compiled(world: World, learned: Posterior, known: Vintage, *, prior: bool) -> Plan | MixturePlan:
    """The plan of a scenario, or those of all branches of a mixture, on what was known on its day."""
    if isinstance(world, Scenario):
        return compile_plan(world, learned, known, prior=prior)
    plans = tuple(compile_plan(branch.scenario, learned, known, prior=prior) for branch in world.branches)
    labels = tuple(branch.label for branch in world.branches)
    weights = tuple(Judged(f"mixture.{branch.label}.weight", branch.weight) for branch in world.branches)
    return MixturePlan(labels, weights, plans)


def _nearest(folder: Path) -> Path:
    """The folder itself, or the innermost there is of those around it."""
    return next((place for place in folder.parents if os.path.lexists(place)), folder)


def _n_investments(world: World) -> int:
    """Investments that are simulated; of a mixture those of the branch with most."""
    return max(sum(item.kind != "pledge" for item in scenario.investments) for scenario in _scenarios(world))


def _scenarios(world: World) -> list[Scenario]:
    return [world] if isinstance(world, Scenario) else [branch.scenario for branch in world.branches]


def _manifest(scenario: World, posterior: Posterior, settings: Settings, prior: bool) -> dict[str, Any]:
    identity = {
        "scenario": scenario_digest(scenario) if isinstance(scenario, Scenario) else mixture_digest(scenario),
        "data": data_digest(),
        "posterior": posterior.digest,
        "parameters": "prior" if prior else "posterior",
        "code": code_digest("numbers"),
        **asdict(settings),
        "block_size": BLOCK_SIZE,
    }
    if any(part.tariffs or part.import_commitments for part in _scenarios(scenario)):
        identity["regime"] = schedule_digest()
    return {
        "digest": json_digest(identity)[:12],
        "scenario": {"name": scenario.name, "title": scenario.title, "digest": identity.pop("scenario")},
        "overrides": list(scenario.overrides),
        "basis": scenario.basis,
        "origin": format_quarter(posterior.origin),
        "as_of": scenario.as_of,
        "horizon": scenario.horizon,
        "n_investments": _n_investments(scenario),
        "digests": {name: identity.pop(name) for name in ("data", "posterior", "code", "regime") if name in identity},
        **identity,
        "versions": {"forecast": __version__, "python": python_version(), "numpy": version("numpy")},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
