"""The command that asks whether the models fit what was seen, and whether the fits say what they should.

Commands on the evidence: what was seen, and what is learned from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.options import progress_bar, terminal, workers_option

if TYPE_CHECKING:
    from forecast.models.calibration import Study
    from forecast.models.posterior import Posterior


@click.command()
@click.option(
    "--sbc", "n_fits", default=0, type=click.IntRange(0), help="Fits to made data of each model, such as 200."
)
@click.option(
    "--out", default="results/checks", show_default=True, type=click.Path(path_type=Path), help="Where to draw."
)
@click.option(
    "--posterior", "learned", type=click.Path(path_type=Path), help="Stored parameters; the shipped ones by default."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of made data and refits.")
@workers_option
def check(n_fits: int, out: Path, learned: Path | None, seed: int, n_jobs: int) -> None:
    """Check the models: data they make beside those seen, and with --sbc fits to data of which the truth is known."""
    from forecast.models.posterior import load_posterior
    from forecast.storage import writing

    posterior = load_posterior(learned)
    with writing(out, "choose another folder with --out"):
        out.mkdir(parents=True, exist_ok=True)
        _check_predictions(posterior, out, seed)
        _check_books(posterior, out)
        if n_fits:
            _check_fits(n_fits, out, seed, n_jobs)


def _check_predictions(posterior: Posterior, out: Path, seed: int) -> None:
    from forecast.models.predictive import predictive_checks
    from forecast.plots.checks import save_predictive
    from forecast.report.ledger import predictive_table, predictive_words

    console = terminal(at_least=108)
    checks = predictive_checks(posterior, seed)
    console.print(predictive_table(checks))
    console.print(predictive_words(checks))
    _tell(save_predictive(checks, out))


def _check_books(posterior: Posterior, out: Path) -> None:
    from forecast.analysis.bridge import books_note, fading_words, memory_gap, memory_words, transit_words
    from forecast.observations.annual import bridge_observations
    from forecast.plots.checks import save_books

    observed, rows = bridge_observations(), posterior.groups["bridge"]
    note = books_note(observed, posterior.origin)
    if note:
        words = (note, transit_words(observed, posterior.origin), memory_words(memory_gap()), fading_words(rows))
        terminal().print("\n" + " ".join(filter(None, words)))
    _tell([save_books(rows, observed, posterior.origin, out)])


def _check_fits(n_fits: int, out: Path, seed: int, n_jobs: int) -> None:
    from forecast.models.calibration import calibrated_models, seconds_needed
    from forecast.plots.checks import save_calibration
    from forecast.report.ledger import calibration_table, calibration_words

    console, models = terminal(at_least=100), calibrated_models()
    minutes = seconds_needed(n_fits, n_jobs) / 60
    console.print(
        f"\n{n_fits} fits to made data of each of {len(models)} models: about {minutes:.0f} minutes, and a few more to "
        "compile; what is done is kept, and a second call goes on from there."
    )
    studies = [_study(model, n_fits, out, seed, n_jobs) for model in models]
    console.print(calibration_table(studies))
    for study in studies:
        console.print(calibration_words(study))
    _tell(save_calibration(studies, out))


def _study(model: str, n_fits: int, out: Path, seed: int, n_jobs: int) -> Study:
    from forecast.models.calibration import calibration_study

    with progress_bar(model, n_fits, "fits") as progress:
        return calibration_study(model, n_fits, seed, out, n_jobs, progress)


def _tell(paths: list[Path]) -> None:
    terminal().print(f"Drawn to {', '.join(map(str, paths))}", soft_wrap=True)


@click.command()
@click.option("--years", default=10, show_default=True, type=click.IntRange(1), help="How many complete years.")
@click.option("--out", default="results", show_default=True, type=click.Path(path_type=Path), help="Where to draw.")
def history(years: int, out: Path) -> None:
    """Print and draw exports, imports and balance of the last years on both bases."""
    from forecast.analysis.bridge import books_note
    from forecast.observations.annual import bridge_observations
    from forecast.observations.annual import history as observed
    from forecast.observations.series import quarterly_trade
    from forecast.plots.results import save_history_chart
    from forecast.report.tables import history_table
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
    from forecast.observations.vintage import vintage

    known = vintage(as_of)

    from forecast.models.fitting import fit_posterior, fit_report
    from forecast.models.posterior import save_posterior, user_path
    from forecast.models.sampling import Effort
    from forecast.report.tables import fit_table

    posterior = fit_posterior(Effort(seed=seed), known, n_jobs=n_jobs)
    path = user_path(as_of) if out is None else out
    save_posterior(posterior, path)
    console = terminal(at_least=100)
    console.print(fit_table(fit_report(posterior)))
    console.print("Sectors: only what data moved; `forecast explain` prints every coefficient with its evidence.")
    console.print(f"Stored in {path}", soft_wrap=True)
    console.print("Runs use it with --posterior, and by themselves where no current one is shipped.")
