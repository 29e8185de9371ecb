"""The command that shows what a stated law implies."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.terminal import terminal
from forecast.shipped import scenario_path

EXAMPLES = """\b
forecast elicit "{quantiles: {0.1: 2, 0.5: 3, 0.9: 6}, low: 0}"
forecast elicit hyundai investments.HMG-01-vehicles.overrides.output_per_capex
"""


@click.command(epilog=EXAMPLES)
@click.argument("spec")
@click.argument("key", required=False)
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw the density to this file.")
def elicit(spec: str, key: str | None, picture: Path | None) -> None:
    """Show the distribution a number implies: SPEC is YAML text, or a scenario file followed by the number's KEY."""
    from forecast.mixtures import stated_law
    from forecast.portrait import portrait
    from forecast.statement import law_of_text

    if key is None and scenario_path(spec).is_file():
        raise click.UsageError(f"got the file {spec} alone, expected a key after it, such as investments.HMG-06.amount")
    law = law_of_text(spec) if key is None else stated_law(scenario_path(spec), key)
    name = key or "The number"
    terminal(at_least=100).print(portrait(name, law))
    if picture is not None:
        from forecast.law_plot import save_law_picture

        save_law_picture(name, law, picture)
        click.echo(f"Drawn to {picture}")
