"""The command that asks whether the models fit what was seen, and whether the fits say what they should."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.options import workers_option
from forecast.cli.terminal import progress_bar, terminal

if TYPE_CHECKING:
    from forecast.posterior import Posterior
    from forecast.uniformity import Study


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
    from forecast.posterior import load_posterior
    from forecast.storage import writing

    posterior = load_posterior(learned)
    with writing(out, "choose another folder with --out"):
        out.mkdir(parents=True, exist_ok=True)
        _check_predictions(posterior, out, seed)
        _check_books(posterior, out)
        if n_fits:
            _check_fits(n_fits, out, seed, n_jobs)


def _check_predictions(posterior: Posterior, out: Path, seed: int) -> None:
    from forecast.checks import save_predictive
    from forecast.findings import predictive_table, predictive_words
    from forecast.predictive import predictive_checks

    console = terminal(at_least=108)
    checks = predictive_checks(posterior, seed)
    console.print(predictive_table(checks))
    console.print(predictive_words(checks))
    _tell(save_predictive(checks, out))


def _check_books(posterior: Posterior, out: Path) -> None:
    from forecast.books import books_note, fading_words, memory_gap, memory_words, transit_words
    from forecast.checks import save_books
    from forecast.observations import bridge_observations

    observed, rows = bridge_observations(), posterior.groups["bridge"]
    note = books_note(observed, posterior.origin)
    if note:
        words = (note, transit_words(observed, posterior.origin), memory_words(memory_gap()), fading_words(rows))
        terminal().print("\n" + " ".join(filter(None, words)))
    _tell([save_books(rows, observed, posterior.origin, out)])


def _check_fits(n_fits: int, out: Path, seed: int, n_jobs: int) -> None:
    from forecast.calibration import calibrated_models, seconds_needed
    from forecast.checks import save_calibration
    from forecast.findings import calibration_table, calibration_words

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
    from forecast.calibration import calibration_study

    with progress_bar(model, n_fits, "fits") as progress:
        return calibration_study(model, n_fits, seed, out, n_jobs, progress)


def _tell(paths: list[Path]) -> None:
    terminal().print(f"Drawn to {', '.join(map(str, paths))}", soft_wrap=True)
