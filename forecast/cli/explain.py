"""The command that says what is believed of the sectors, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from forecast.cli.terminal import terminal


@click.command()
@click.option("--sector", "sectors", multiple=True, metavar="NAME", help="Only this sector; may be repeated.")
@click.option(
    "--posterior", "learned", type=click.Path(path_type=Path), help="Stored parameters; the shipped ones by default."
)
@click.option("--no-evidence", is_flag=True, help="Switch the aggregate evidence off: prior beside prior.")
def explain(sectors: tuple[str, ...], learned: Path | None, no_evidence: bool) -> None:
    """Print what is believed of every sector coefficient: prior, posterior, evidence and source."""
    from forecast.explanation import explanation
    from forecast.posterior import load_posterior
    from forecast.sectors import SECTORS

    for sector in sectors:
        if sector not in SECTORS:
            raise click.BadParameter(f"got {sector!r}, expected one of {', '.join(SECTORS)}", param_hint="--sector")
    posterior = load_posterior(learned)
    known = replace(posterior, groups=posterior.prior) if no_evidence else posterior
    terminal(at_least=100).print(explanation(known, sectors or SECTORS))
