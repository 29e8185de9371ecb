"""The command that asks whether the models fit what was seen, and whether the fits say what they should.

Commands on the evidence: what was seen, and what is learned from it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.options import answer_with, language_option, print_line, workers_option
from forecast.cli.places import FilePath, WritableFile, WritableFolder, option_of
from forecast.cli.progress import progress_bar
from forecast.storage.places import begins_as
from forecast.storage.stops import counted_if_stopped

if TYPE_CHECKING:
    from forecast.models.calibration import Study
    from forecast.models.posterior import Posterior
    from forecast.report.i18n import Language


@click.command()
@click.option(
    "--sbc", "n_fits", default=0, type=click.IntRange(0), help="Fits to made data of each model, such as 200."
)
@click.option("--out", default="results/checks", show_default=True, type=WritableFolder(), help="Where to draw.")
@click.option("--posterior", "learned", type=FilePath(), help="Stored parameters; the shipped ones by default.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of made data and refits.")
@workers_option
@language_option
def check(n_fits: int, out: Path, learned: Path | None, seed: int, n_jobs: int, language: Language) -> None:
    """Check the models: data they make beside those seen, and with --sbc fits to data of which the truth is known."""
    from forecast.models.posterior import load_posterior
    from forecast.storage.files import writing

    posterior = load_posterior(learned)
    with writing(out, "choose another folder with --out"):
        out.mkdir(parents=True, exist_ok=True)
        _check_predictions(posterior, out, seed, language)
        _check_books(posterior, out, language)
        if n_fits:
            _check_fits(n_fits, out, seed, n_jobs, language)


def _check_predictions(posterior: Posterior, out: Path, seed: int, language: Language) -> None:
    from forecast.models.predictive import predictive_checks
    from forecast.models.replicates import simulators
    from forecast.plots.checks import save_predictive
    from forecast.report.ledger import predictive_tables, predictive_words

    with progress_bar("check", len(simulators()), "models") as progress:
        checks = predictive_checks(posterior, seed, progress=progress)
    answer_with(*predictive_tables(checks, language), predictive_words(checks, language))
    _print_files(save_predictive(checks, out), language)


def _check_books(posterior: Posterior, out: Path, language: Language) -> None:
    from forecast.analysis.bridge import memory_gap
    from forecast.observations.annual import bridge_observations
    from forecast.plots.checks import save_bridge
    from forecast.report.sentences import books_causes, books_note

    observed, rows = bridge_observations(), posterior.groups["bridge"]
    note = books_note(observed, posterior.origin, language)
    if note:
        causes = books_causes(observed, posterior.origin, memory_gap(), rows, language)
        answer_with(f"\n{note} {causes}")
    _print_files([save_bridge(rows, observed, posterior.origin, out)], language)


def _check_fits(n_fits: int, out: Path, seed: int, n_jobs: int, language: Language) -> None:
    from forecast.models.calibration import calibrated_models, n_stored, seconds_needed
    from forecast.plots.checks import save_calibration
    from forecast.report.ledger import calibration_table, calibration_words

    models, minutes = calibrated_models(), seconds_needed(n_fits, n_jobs) / 60
    duration = language.count("checks.duration", n_fits, n_models=len(models), minutes=f"{minutes:.0f}")
    answer_with(f"\n{duration}")
    stored = partial(n_stored, n=n_fits, seed=seed, folder=out)
    with counted_if_stopped(lambda: sum(map(stored, models)), n_fits * len(models), "fits"):
        studies = [_study(model, n_fits, out, seed, n_jobs) for model in models]
    answer_with(*(calibration_table(study, language) for study in studies))
    answer_with(*(calibration_words(study, language) for study in studies))
    _print_files(save_calibration(studies, out), language)


def _study(model: str, n_fits: int, out: Path, seed: int, n_jobs: int) -> Study:
    from forecast.models.calibration import calibration_study

    with progress_bar(model, n_fits, "fits") as progress:
        return calibration_study(model, n_fits, seed, out, n_jobs, progress)


def _print_files(paths: list[Path], language: Language) -> None:
    print_line(language.text("tables.drawn", files=", ".join(map(str, paths))))


@click.command()
@click.option("--years", default=10, show_default=True, type=click.IntRange(1), help="How many complete years.")
@click.option("--out", default="results", show_default=True, type=WritableFolder(), help="Where to draw.")
@language_option
def history(years: int, out: Path, language: Language) -> None:
    """Print and draw exports, imports and balance of the last years on both bases, and print exports by product."""
    from forecast.observations.annual import bridge_observations
    from forecast.observations.annual import history as observed
    from forecast.observations.series import quarterly_trade
    from forecast.plots.fan import save_history_chart
    from forecast.report.observed import products_table
    from forecast.report.run import history_table
    from forecast.report.sentences import books_note
    from forecast.storage.files import writing

    answer_with(history_table(observed(years), language))
    note = books_note(bridge_observations(), quarterly_trade().origin, language)
    if note:
        answer_with(note)
    answer_with(products_table(years, language))
    path = out / "history.png"
    with writing(out, "choose another folder with --out"):
        out.mkdir(parents=True, exist_ok=True)
        save_history_chart(path, years, language)
    print_line(language.text("tables.drawn", files=path))


_POSTERIOR = WritableFile("posterior", begins_as(rb"\x89HDF\r\n"), ".nc", makes_folders=True)


def _own_place(path: Path, context: click.Context) -> Path:
    """The place of the user's own parameters, whatever lies there, refused where nothing can be written."""
    _POSTERIOR.demand_room(path, option_of(context, "out"), context)
    return path


@click.command()
@click.option(
    "--out",
    type=_POSTERIOR,
    help="Where to store it; the user's own place by default.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the sampler.")
@click.option("--as-of", metavar="DAY", help="Learn from what was public on a day, such as 2025-04-11, only.")
@workers_option
@language_option
@click.pass_context
def fit(
    context: click.Context, out: Path | None, seed: int, as_of: str | None, n_jobs: int, language: Language
) -> None:
    """Learn the parameters from the data held, yours included, report prior beside posterior, and store them."""
    from forecast.observations.vintage import vintage

    known = vintage(as_of)

    from forecast.models.fitting import fit_posterior, fit_report, fit_tasks
    from forecast.models.posterior import save_posterior, user_path
    from forecast.models.sampling import Effort
    from forecast.report.ledger import fit_tables
    from forecast.storage.files import writing

    path = out or _own_place(user_path(as_of), context)
    with progress_bar("fit", len(fit_tasks(known, seed)), "models") as progress:
        posterior = fit_posterior(Effort(seed=seed), known, n_jobs=n_jobs, progress=progress)
    with writing(path, "choose another file with --out"):
        save_posterior(posterior, path)
    answer_with(*fit_tables(fit_report(posterior), language), language.text("tables.fit_note"))
    print_line(language.text("tables.stored", folder=path))
    answer_with(language.text("tables.fit_use"))
