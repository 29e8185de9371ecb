"""The command that says what is believed and why: of the sectors, or of everything a scenario assumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.terminal import terminal
from forecast.errors import ScenarioError

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command()
@click.argument("file", required=False)
@click.option("--sector", "sectors", multiple=True, metavar="NAME", help="Only this sector; may be repeated.")
@click.option(
    "--posterior", "learned", type=click.Path(path_type=Path), help="Stored parameters; the shipped ones by default."
)
@click.option("--no-evidence", is_flag=True, help="Switch the aggregate evidence off: prior beside prior.")
@click.option("--draws", default=20_000, show_default=True, type=click.IntRange(1), help="With FILE: draws to cost.")
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="With FILE: set one value of it.")
def explain(
    file: str | None,
    sectors: tuple[str, ...],
    learned: Path | None,
    no_evidence: bool,
    draws: int,
    overrides: tuple[str, ...],
) -> None:
    """Print what is believed of every sector coefficient: prior, posterior, evidence and source.

    With a scenario FILE, print the scenario fully resolved: every value, where it came from, whether it is fitted,
    fixed or judged, and what a run of so many draws will take. Of a mixture, what its branches have in common stands
    once.
    """
    if file is None:
        if overrides:
            raise click.UsageError("-s sets a value of a scenario: name its FILE")
        terminal(at_least=100).print(_sectors(sectors, learned, no_evidence))
        return
    if sectors or no_evidence:
        raise click.UsageError("--sector and --no-evidence are of the coefficients: they cannot go with FILE")
    from forecast.account import WIDTH

    terminal(at_least=WIDTH).print(_scenario(file, overrides, learned, draws), soft_wrap=True)


def _sectors(sectors: tuple[str, ...], learned: Path | None, no_evidence: bool) -> RenderableType:
    from forecast.explanation import explanation
    from forecast.posterior import load_posterior
    from forecast.sectors import SECTORS

    for sector in sectors:
        if sector not in SECTORS:
            raise click.BadParameter(f"got {sector!r}, expected one of {', '.join(SECTORS)}", param_hint="--sector")
    posterior = load_posterior(learned)
    known = replace(posterior, groups=posterior.prior) if no_evidence else posterior
    return explanation(known, sectors or SECTORS)


def _scenario(file: str, overrides: tuple[str, ...], learned: Path | None, n_draws: int) -> RenderableType:
    from forecast.account import account, mixture_account
    from forecast.branching import MixturePlan
    from forecast.examination import examined
    from forecast.pilot import expected_cost
    from forecast.posterior import demand_knowledge, load_posterior
    from forecast.run import compiled
    from forecast.shipped import scenario_path
    from forecast.vintage import vintage

    found = examined(scenario_path(file), overrides)
    world = found.mixture or found.scenario
    if world is None:
        raise ScenarioError(found.problems)
    posterior = load_posterior(learned, world.as_of)
    demand_knowledge(posterior, world.as_of)
    plan = compiled(world, posterior, vintage(world.as_of), prior=False)
    cost = expected_cost(plan, n_draws)
    if isinstance(plan, MixturePlan):
        return mixture_account(found, plan, posterior, cost)
    assert found.layers is not None
    return account(found, found.layers, plan, posterior, cost)
