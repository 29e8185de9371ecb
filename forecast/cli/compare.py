"""The command that sets scenarios against one another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.options import run_options
from forecast.cli.runs import load_worlds
from forecast.cli.terminal import progress_bar, terminal

if TYPE_CHECKING:
    from forecast.attribution import Attribution
    from forecast.comparison import Comparison
    from forecast.mixtures import World
    from forecast.scenario import Scenario


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="A B [C]...")
@click.option(
    "--beyond",
    multiple=True,
    type=float,
    metavar="BN_USD",
    help="Count the chance that the difference rises, or falls, by more than this; may be repeated.",
)
@click.option("--attribute", "divide", is_flag=True, help="Divide the difference among the assumptions that differ.")
@click.option("--year", type=int, help="With --attribute: year that is divided; the last one by default.")
@click.option(
    "--most",
    show_default="256",
    type=click.IntRange(2),
    help="With --attribute: scenarios to simulate at most; with more needed, it takes a sample of the orders in which "
    "the assumptions may change, one pair of them at least, and says so.",
)
@run_options
def compare(
    files: tuple[str, ...],
    divide: bool,
    year: int | None,
    most: int | None,
    draws: int,
    seed: int,
    learned: Path | None,
    **options: Any,
) -> None:
    """Set scenarios B, C, ... against scenario A, draw by draw; what has not been run is run first."""
    from forecast.attribution import MOST_SCENARIOS, attribute
    from forecast.comparison import compare as compared
    from forecast.comparison import demand_sizes
    from forecast.engine import Settings
    from forecast.posterior import load_posterior

    if len(files) < 2:
        raise click.UsageError(f"got one scenario, {files[0]}, expected a reference A and at least one alternative B")
    for option, stated in (("--year", year), ("--most", most)):
        if stated is not None and not divide:
            raise click.UsageError(f"{option}: got {stated} without --attribute, which it is an option of")
    demand_sizes(options["beyond"])
    worlds = load_worlds(files, ())
    scenarios = _scenarios(worlds) if divide else []
    reference, *alternatives = worlds
    for alternative in alternatives:
        _demand_comparable(reference, alternative, year)
    settings, posterior = Settings(draws, seed), load_posterior(learned, reference.as_of)
    shared = {name: options[name] for name in ("prior", "n_jobs")} | {"posterior": posterior}
    for index, alternative in enumerate(alternatives, start=1):
        found, divided = compared(reference, alternative, settings, **options, posterior=posterior), None
        if divide:
            pair = scenarios[0], scenarios[index]
            with progress_bar(f"{alternative.name} less {reference.name}", draws) as progress:
                divided = attribute(*pair, settings, most=most or MOST_SCENARIOS, progress=progress, **shared)
        _show(found, divided, year)


def _scenarios(worlds: Sequence[World]) -> list[Scenario]:
    """All of them as scenarios, as an attribution needs them."""
    from forecast.scenario import Scenario

    found = [world for world in worlds if isinstance(world, Scenario)]
    for world in worlds:
        if world not in found:
            raise click.UsageError(
                f"--attribute: got the mixture {world.name}, expected scenarios; the branches of a mixture differ in "
                "many assumptions at once, so set each of them against the reference"
            )
    return found


def _demand_comparable(reference: World, alternative: World, year: int | None) -> None:
    """Refuse what could not be shown, before the first draw."""
    from forecast.attribution import demand_same_frame
    from forecast.quarters import year_of
    from forecast.vintage import vintage

    demand_same_frame(reference, alternative)
    first = year_of(vintage(reference.as_of).trade.origin + 1)
    last = min(reference.horizon, alternative.horizon)
    if year is not None and not first <= year <= last:
        raise click.BadParameter(f"got {year}, expected a year from {first} to {last}", param_hint="--year")


def _show(found: Comparison, divided: Attribution | None, year: int | None) -> None:
    from forecast.attribution_tables import attribution_table, attribution_words
    from forecast.comparison_tables import (
        branch_differences,
        channel_table,
        comparison_table,
        comparison_words,
        pairing_words,
    )

    tables, words = terminal(at_least=140 + 24 * max(len(found.beyond) - 1, 0)), terminal()
    if found.difference.any():
        tables.print(comparison_table(found))
        tables.print(channel_table(found))
        if found.by_branch:
            tables.print(branch_differences(found))
    if divided is not None:
        shown = divided.years[-1] if year is None else year
        if divided.contrasts:
            tables.print(attribution_table(found, divided, shown))
        words.print(f"{attribution_words(divided, shown)}\n")
    words.print(f"{pairing_words(found)}\n")
    words.print(comparison_words(found))
