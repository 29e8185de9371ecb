"""Commands on the evidence: what was seen, and what is learned from it."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.options import workers_option
from forecast.cli.terminal import terminal


@click.command()
@click.option("--years", default=10, show_default=True, type=click.IntRange(1), help="How many complete years.")
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where to draw.")
def history(years: int, out: Path) -> None:
    """Print and draw exports, imports and balance of the last years on both bases."""
    from forecast.books import books_note
    from forecast.briefing import history_table
    from forecast.chart import save_history_chart
    from forecast.observations import bridge_observations, quarterly_trade
    from forecast.observations import history as observed
    from forecast.storage import writing

    console = terminal()
    console.print(history_table(observed(years)))
    console.print("* arithmetic on published figures; – not in the data; (8m) the first 8 months")
    note = books_note(bridge_observations(), quarterly_trade().origin)
    if note:
        console.print(note)
    path = out / "history.png"
    with writing(out, "choose another folder with --out"):
        out.mkdir(parents=True, exist_ok=True)
        save_history_chart(path, years)
    console.print(f"Drawn to {path}", soft_wrap=True)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Where to store it; the user's own place by default.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the sampler.")
@click.option("--as-of", metavar="DAY", help="Learn from what was public on a day, such as 2025-04-11, only.")
@workers_option
def fit(out: Path | None, seed: int, as_of: str | None, n_jobs: int) -> None:
    """Learn the parameters from the shipped observations, report prior beside posterior, and store them."""
    from forecast.vintage import vintage

    known = vintage(as_of)

    from forecast.briefing import fit_table
    from forecast.fitting import fit_posterior
    from forecast.parameters import fit_report
    from forecast.posterior import save_posterior, user_path
    from forecast.sampling import Effort

    posterior = fit_posterior(Effort(seed=seed), known, n_jobs=n_jobs)
    path = user_path(as_of) if out is None else out
    save_posterior(posterior, path)
    console = terminal(at_least=100)
    console.print(fit_table(fit_report(posterior)))
    console.print("Sectors: only what data moved; `forecast explain` prints every coefficient with its evidence.")
    console.print(f"Stored in {path}", soft_wrap=True)
    console.print("Runs use it with --posterior, and by themselves where no current one is shipped.")
