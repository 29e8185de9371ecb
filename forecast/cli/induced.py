"""The command that says how much of an observed surplus Korean plants in the US induced."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.terminal import terminal


@click.command()
@click.option("--year", required=True, type=int, help="Calendar year, from 2020 to the last one observed.")
@click.option(
    "--posterior", "learned", type=click.Path(path_type=Path), help="Stored parameters; the shipped ones by default."
)
@click.option("--prior", is_flag=True, help="Use the priors in place of what was learned from data.")
def induced(year: int, learned: Path | None, prior: bool) -> None:
    """Say how much of the surplus of a year was induced by Korean plants in the US, beside the claim of KIET."""
    from forecast.induced import demand_year
    from forecast.induced import induced as found_in
    from forecast.induced_tables import OUTSIDE, claim_words, flow_table, induced_words, plant_table
    from forecast.posterior import load_posterior

    demand_year(year)
    posterior = load_posterior(learned)
    found = found_in(year, posterior.prior if prior else posterior.groups)
    tables, words = terminal(at_least=108), terminal()
    tables.print(flow_table(found))
    tables.print(plant_table(found))
    words.print(f"{OUTSIDE}\n")
    words.print(f"{claim_words()}\n")
    words.print(induced_words(found))
