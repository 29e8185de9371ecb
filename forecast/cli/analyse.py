"""The command that sets scenarios against one another.

Commands that say what spreads a forecast, what would be worth knowing, and where an input turns an outcome.

The command that says how much of an observed surplus Korean plants in the US induced.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.catalogue import worded
from forecast.cli.options import (
    answer_with,
    backend_options,
    complete_scenario,
    language_option,
    plants_options,
    precision_options,
    print_line,
    run_options,
    sampler_option,
    stored_sampler_option,
    workers_option,
    xlsx_option,
)
from forecast.cli.places import FilePath, FolderPath, Reference, WritableFolder
from forecast.cli.progress import difference_name, progress_bar
from forecast.cli.references import (
    demand_year,
    load_worlds,
    stored_run,
    warn_of_earlier_texts,
    warn_of_unpaired,
)
from forecast.cli.run import sized

if TYPE_CHECKING:
    from forecast.analysis.attribution import Attribution
    from forecast.analysis.comparison import Comparison
    from forecast.report.i18n import Language
    from forecast.results.results import Results
    from forecast.scenario.mixture import AnyScenario
    from forecast.scenario.scenario import Scenario
    from forecast.stats.streams import Scheme


@click.command()
@click.argument("run", type=Reference(), metavar="RUN|SCENARIO", shell_complete=complete_scenario)
@click.option("--year", default=2030, show_default=True, type=int, help="Calendar year of the outcome.")
@click.option(
    "--of",
    "series",
    default="trade_balance",
    show_default=True,
    type=click.Choice(["trade_balance", "effect", "news", "existing_affiliates"]),
    help="Outcome: the surplus, the effect of the announcements on it, the part of that beyond the flows of the last "
    "observed quarter, or what existing affiliates change.",
)
@click.option(
    "--draws",
    default=20_000,
    show_default=True,
    type=click.IntRange(20_000),
    help="Draws of each set of sources; errors are the spread between blocks of 2,000.",
)
@stored_sampler_option
@workers_option
@click.option(
    "--out",
    show_default="results",
    type=FolderPath(),
    help="Where runs of a SCENARIO are; a budget lies in the folder of its run.",
)
@click.option("--posterior", "learned", type=FilePath(), help="Parameters of the run; the shipped by default.")
@click.option("--no-plot", is_flag=True, help="Leave out the pictures.")
@xlsx_option
@language_option
def budget(
    run: str,
    year: int,
    series: str,
    draws: int,
    language: Language,
    **options: Any,
) -> None:
    """Say what spreads a forecast: which source by how much, and what would be worth knowing.

    RUN is the folder of a run, or of a scenario that has one; a SCENARIO is a file, which may state a mixture, or the
    name of a shipped one: its run at default settings is found or made. The run has 20,000 draws or more.
    """
    from forecast.analysis.budget import demand_draws, uncertainty_budget, write_budget
    from forecast.models.posterior import load_posterior
    from forecast.report.budget import budget_words, input_table, source_table

    n_jobs = options["n_jobs"]
    results = _run_in_question(run, options["learned"], n_jobs, options["out"], options["scheme"], "budget")
    demand_draws(results)
    _demand_place(results)
    parameters = None if options["learned"] is None else load_posterior(options["learned"])
    with progress_bar(results.name, 100, "percent") as progress:
        found = uncertainty_budget(
            results, year, series, n_draws=draws, posterior=parameters, n_jobs=n_jobs, progress=progress
        )
    answer_with(source_table(found, language))
    if found.inputs:
        answer_with(input_table(found, language))
    answer_with(budget_words(found, language))
    paths = [write_budget(found)]
    if not options["no_plot"]:
        from forecast.plots.sensitivity import save_budget_charts

        paths += save_budget_charts(found, language)
    if options["xlsx"]:
        from forecast.report.sheets import write_budget_workbook

        paths.append(write_budget_workbook(found, language))
    print_line(language.text("tables.stored", folder=", ".join(map(str, paths))))


def _run_in_question(
    run: str, learned: Path | None, n_jobs: int, out: Path | None, scheme: Scheme | None, answer: str
) -> Results:
    """The run that is asked about; the answer is stored in its folder."""
    if out is not None and Path(run).is_dir():
        raise click.UsageError(f"--out: got {out} for {run}, a folder of runs, in which the {answer} is stored")
    return stored_run(run, out or "results", learned, n_jobs, scheme)


def _demand_place(results: Results) -> None:
    """Refuse a run beside which the answer cannot be stored, before it is worked out."""
    from forecast.results.results import demand_folder

    copy = f"{results.name}/{results.manifest['digest']}"
    remedy = f"copy it to a folder that can be, as {copy} there, and ask about the copy"
    demand_folder(results.folder, results.folder, remedy)


@click.command()
@click.argument("run", type=Reference(), metavar="RUN|SCENARIO", shell_complete=complete_scenario)
@click.option(
    "--input",
    "name",
    required=True,
    metavar="NAME",
    help="Uncertain input, a YAML path or the end of one, such as autos.displacement_rate or HMG-06.probability.",
)
@click.option("--year", default=2030, show_default=True, type=int, help="Calendar year of the outcome.")
@click.option(
    "--of", "series", default="effect", show_default=True, metavar="SERIES", help="Outcome: a series of runs."
)
@click.option("--at", "amount", default=0.0, show_default=True, type=float, metavar="BN_USD", help="What it turns at.")
@stored_sampler_option
@workers_option
@click.option("--out", show_default="results", type=FolderPath(), help="Where runs of a SCENARIO are.")
@click.option("--posterior", "learned", type=FilePath(), help="Parameters of the run; the shipped by default.")
@language_option
def breakeven(
    run: str,
    name: str,
    year: int,
    series: str,
    amount: float,
    n_jobs: int,
    language: Language,
    **chosen: Any,
) -> None:
    """Find the value of one uncertain input at which an outcome turns: where its mean is zero, or another amount.

    RUN is as for `forecast budget`. The table goes into the folder of the run.
    """
    from forecast.analysis.breakeven import breakeven as turning_value
    from forecast.analysis.breakeven import write_breakeven
    from forecast.models.posterior import load_posterior
    from forecast.report.budget import breakeven_words, held_table

    results = _run_in_question(run, chosen["learned"], n_jobs, chosen["out"], chosen["scheme"], "table")
    _demand_place(results)
    parameters = None if chosen["learned"] is None else load_posterior(chosen["learned"])
    with progress_bar(results.name, 100, "percent") as progress:
        found = turning_value(
            results, name, year, series, amount=amount, posterior=parameters, n_jobs=n_jobs, progress=progress
        )
    if found.matters:
        answer_with(held_table(found, language))
    answer_with(breakeven_words(found, language))
    print_line(language.text("tables.stored", folder=write_breakeven(found)))


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=Reference(), metavar="A B [C]...", shell_complete=complete_scenario
)
@click.option(
    "--beyond",
    multiple=True,
    type=float,
    metavar="BN_USD",
    help="Count the chance that the difference rises, or falls, by more than this; may be repeated.",
)
@click.option("--attribute", "divide", is_flag=True, help="Divide the difference among the assumptions that differ.")
@click.option(
    "--year",
    type=int,
    help="Year of the sentence, the distributions, and the parts with --attribute; the last one by default.",
)
@click.option(
    "--most",
    show_default="256",
    type=click.IntRange(2),
    help="With --attribute: scenarios to simulate at most; with more needed, it takes a sample of the orders in which "
    "the assumptions may change, one pair of them at least, and says so.",
)
@plants_options
@run_options
@precision_options
@xlsx_option
@language_option
@backend_options
def compare(
    files: tuple[str, ...],
    divide: bool,
    year: int | None,
    most: int | None,
    draws: int,
    seed: int,
    scheme: Scheme,
    xlsx: bool,
    language: Language,
    **options: Any,
) -> None:
    """Set scenarios B, C, ... against scenario A, draw by draw; what has not been run is run first.

    One scenario with --only or --without is set against itself with all its investments.

    Tables, pictures and a page of each pair are stored under `comparisons` in the folder of the runs.
    """
    from forecast.analysis.attribution import MOST_SCENARIOS, attribute
    from forecast.analysis.comparison import compare as compared
    from forecast.analysis.comparison import demand_sizes
    from forecast.engine.simulate import Settings
    from forecast.models.posterior import load_posterior

    if most is not None and not divide:
        raise click.UsageError(f"--most: got {most} without --attribute, which it is an option of")
    demand_sizes(options["beyond"])
    worlds = _worlds(files, options.pop("only"), options.pop("without"))
    scenarios = _scenarios(worlds) if divide else []
    reference, *alternatives = worlds
    for alternative in alternatives:
        _demand_comparable(reference, alternative, year)
    stated = Settings(draws, seed, scheme)
    posterior = load_posterior(options.pop("learned"), reference.as_of)
    targets, limit = options.pop("targets"), options.pop("limit")
    shared = {name: options[name] for name in ("prior", "n_jobs")} | {"posterior": posterior}
    sizes = [sized((reference, other), stated, targets, limit, language, **shared) for other in alternatives]
    for index, (alternative, (settings, words)) in enumerate(zip(alternatives, sizes, strict=True), start=1):
        name, divided = difference_name(reference.name, alternative.name), None
        with progress_bar(name, 2 * settings.n_draws) as progress:
            found = compared(reference, alternative, settings, **options, posterior=posterior, progress=progress)
        _warn_of_texts(found, [alternative, reference] if index == 1 else [alternative])
        if divide:
            pair = scenarios[0], scenarios[index]
            with progress_bar(worded("progress.divided", name=name), settings.n_draws) as progress:
                divided = attribute(*pair, settings, most=most or MOST_SCENARIOS, progress=progress, **shared)
        _show(found, divided, year, language)
        _store(found, divided, year, options["out"], language, xlsx=xlsx)
        _tell(found, year, words, language)


def _warn_of_texts(found: Comparison, worlds: Sequence[AnyScenario]) -> None:
    """Say what an alternative, and the reference where that was not asked yet, are told by other texts than theirs."""
    for run, world in zip((found.alternative, found.reference), worlds, strict=False):
        warn_of_earlier_texts(run, world)


def _worlds(files: tuple[str, ...], only: tuple[str, ...], without: tuple[str, ...]) -> list[AnyScenario]:
    """The reference and its alternatives; of one scenario with plants chosen, all its plants are the reference."""
    if len(files) > 1:
        return load_worlds(files, (), only, without)
    if not (only or without):
        raise click.UsageError(f"got one scenario, {files[0]}, expected a reference A and at least one alternative B")
    from forecast.scenario.selection import chosen_plants

    worlds = load_worlds(files, ())
    chosen = chosen_plants(worlds, only, without)
    warn_of_unpaired(worlds, chosen)
    return [*worlds, *chosen]


def _scenarios(worlds: Sequence[AnyScenario]) -> list[Scenario]:
    """All of them as scenarios, as an attribution needs them."""
    found = [world.single for world in worlds if world.single is not None]
    for world in worlds:
        if world not in found:
            raise click.UsageError(
                f"--attribute: got the mixture {world.name}, expected scenarios; the branches of a mixture differ in "
                "many assumptions at once, so set each of them against the reference"
            )
    return found


def _demand_comparable(reference: AnyScenario, alternative: AnyScenario, year: int | None) -> None:
    """Refuse what could not be shown, before the first draw."""
    from forecast.analysis.attribution import demand_same_frame

    demand_same_frame(reference, alternative)
    demand_year(year, [reference, alternative])


def _store(
    found: Comparison,
    divided: Attribution | None,
    year: int | None,
    out: str | Path,
    language: Language,
    *,
    xlsx: bool,
) -> None:
    """Store a comparison and say where; that of a run with itself is none."""
    from forecast.report.handout import store_comparison

    if found.reference.folder == found.alternative.folder:
        return
    folder = store_comparison(found, divided, year, out, language)
    print_line(language.text("comparison.stored", folder=folder))
    if xlsx:
        from forecast.report.sheets import write_comparison_workbook

        path = write_comparison_workbook(folder, found, divided, year, language)
        print_line(language.text("tables.stored", folder=path))
    answer_with("")


def _tell(found: Comparison, year: int | None, words: str, language: Language) -> None:
    """Print what stands behind the numbers, the answer, and how precise it was to be."""
    from forecast.report.comparison import comparison_words, pairing_words
    from forecast.report.run import sampling_note

    if note := sampling_note(found.reference, language):
        answer_with(f"{note}\n")
    answer_with(f"{pairing_words(found, language)}\n", comparison_words(found, language=language, year=year))
    if words:
        answer_with(words)


def _show(found: Comparison, divided: Attribution | None, year: int | None, language: Language) -> None:
    from forecast.report.comparison import (
        attribution_table,
        attribution_words,
        branch_difference_table,
        comparison_table,
        made_of,
    )

    if found.differs:
        answer_with(comparison_table(found, language=language), made_of(found, language))
        if found.by_branch:
            answer_with(branch_difference_table(found, language))
    if divided is not None:
        shown = divided.years[-1] if year is None else year
        if divided.contrasts:
            answer_with(attribution_table(found, divided, shown, language=language))
        answer_with(f"{attribution_words(divided, shown, language)}\n")


@click.command()
@click.option("--year", required=True, type=int, help="Calendar year, from 2010 to the last one observed.")
@click.option("--posterior", "learned", type=FilePath(), help="Stored parameters; the shipped ones by default.")
@click.option("--prior", is_flag=True, help="Use the priors in place of what was learned from data.")
@sampler_option("How what the rows of the posterior leave open is drawn.")
@xlsx_option
@click.option(
    "--out",
    default="results",
    show_default=True,
    type=WritableFolder(wanted_by="xlsx"),
    help="Where the workbook lands.",
)
@language_option
def induced(
    year: int, learned: Path | None, prior: bool, scheme: Scheme, xlsx: bool, out: Path, language: Language
) -> None:
    """Put the claim of KIET to the test: how much of a year's surplus Korean affiliates in the US account for."""
    from forecast.analysis.induced import demand_year
    from forecast.analysis.induced import induced as found_in
    from forecast.models.posterior import load_posterior
    from forecast.report.induced import (
        claim_words,
        definition_table,
        flow_table,
        induced_words,
        plant_table,
        sensitivity_table,
        support_words,
    )

    demand_year(year)
    posterior = load_posterior(learned)
    found = found_in(year, posterior.prior if prior else posterior.groups, scheme)
    answer_with(definition_table(found, language), sensitivity_table(found, language))
    answer_with(flow_table(found, language), plant_table(found, language))
    answer_with(f"{language.text('induced.outside')}\n", f"{support_words(found, language)}\n")
    answer_with(f"{claim_words(language)}\n", induced_words(found, language))
    if xlsx:
        from forecast.report.sheets import write_induced_workbook

        print_line(language.text("tables.stored", folder=write_induced_workbook(found, out, language)))
