"""Commands on scenarios: run them, list what was run, verify that it is as it was stored, and hand it on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.catalogue import worded
from forecast.cli.options import (
    answer_with,
    backend_options,
    complete_scenario,
    echo,
    language_option,
    plants_options,
    posterior_option,
    precision_options,
    print_line,
    run_options,
    say_written,
    told_year_option,
    warn,
    workers_option,
    xlsx_option,
)
from forecast.cli.places import FolderPath, NamedPlace, Reference, WritableFile, option_of
from forecast.cli.progress import difference_name, progress_bar
from forecast.cli.references import demand_there, demand_year, load_worlds, run_to_read, warn_of_earlier_texts
from forecast.errors import in_one_line
from forecast.storage.places import is_exported_run
from forecast.storage.stops import noted_if_stopped

if TYPE_CHECKING:
    from forecast.analysis.grounds import Grounds
    from forecast.engine.simulate import Settings
    from forecast.models.posterior import Posterior
    from forecast.report.i18n import Language
    from forecast.results.checkpoints import Resumption
    from forecast.results.precision import Target
    from forecast.results.results import Results
    from forecast.results.run import Run
    from forecast.scenario.mixture import AnyScenario
    from forecast.track.verification import Verification


@click.command()
@click.argument("files", nargs=-1, required=True, type=Reference(), shell_complete=complete_scenario)
@run_options
@click.option("--no-plot", is_flag=True, help="Leave out the picture.")
@click.option("--force", is_flag=True, help="Run again even if the same run is stored.")
@click.option(
    "--resume/--no-resume", default=True, show_default=True, help="Go on with the same run where it was stopped."
)
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Set one value of the scenario.")
@plants_options
@precision_options
@told_year_option
@xlsx_option
@language_option
@backend_options
def run(
    files: tuple[str, ...],
    overrides: tuple[str, ...],
    only: tuple[str, ...],
    without: tuple[str, ...],
    targets: list[Target],
    limit: int,
    learned: Path | None,
    no_plot: bool,
    language: Language,
    **options: Any,
) -> None:
    """Forecast one or several scenario FILES and store the results."""
    from forecast.analysis.grounds import grounds
    from forecast.engine.simulate import Settings
    from forecast.results.run import run_scenario

    settings = Settings(*(options.pop(name) for name in ("draws", "seed", "scheme")))
    scenarios, year = load_worlds(files, overrides, only, without), options.pop("year")
    demand_year(year, scenarios)
    posteriors = _posteriors(learned, scenarios)
    options |= {"draw_chart": None if no_plot else partial(_draw_chart, language)}
    xlsx = options.pop("xlsx")
    shared = {name: options[name] for name in ("prior", "n_jobs")}
    sizes = [
        sized((scenario,), settings, targets, limit, language, posterior=posteriors[scenario.as_of], **shared)
        for scenario in scenarios
    ]
    for scenario, (enough, words) in zip(scenarios, sizes, strict=True):
        options["posterior"] = posteriors[scenario.as_of]
        with progress_bar(scenario.name, enough.n_draws) as progress:
            resumed = partial(_say_resumed, language, enough.n_draws)
            done = run_scenario(scenario, enough, **options, progress=progress, resumed=resumed)
        _warn_of(done, scenario)
        found = grounds(done.results, done.plan)
        _show(done.results, scenario, language, found, year)
        if scenario.overrides:
            print_line(language.text("tables.overrides", overrides=", ".join(scenario.overrides)))
        if words:
            answer_with(words)
        print_line(language.text("tables.found" if done.found else "tables.stored", folder=done.results.folder))
        if xlsx:
            from forecast.report.sheets import write_run_workbook

            path = write_run_workbook(done.results, scenario, language, found, year)
            print_line(language.text("tables.stored", folder=path))


def _warn_of(done: Run, world: AnyScenario) -> None:
    """Say what is amiss with a stored run: one before it that was damaged, its picture, texts that are others now."""
    if done.damage:
        warn(done.damage)
    if done.picture_fault:
        warn(worded("warnings.run.no_picture", why=done.picture_fault))
    warn_of_earlier_texts(done.results, world)


def _say_resumed(language: Language, n_draws: int, found: Resumption) -> None:
    from forecast.engine.plan import BLOCK_SIZE

    for discarded in found.discarded:
        warn(discarded)
    if found.n_draws:
        first, last = (-(-draws // BLOCK_SIZE) for draws in (found.n_draws + 1, n_draws))
        echo(language.text("tables.resumed", first=f"{first:,}", last=f"{last:,}"), err=True)


def sized(
    worlds: Sequence[AnyScenario],
    settings: Settings,
    targets: Sequence[Target],
    limit: int,
    language: Language,
    *,
    posterior: Posterior,
    prior: bool,
    n_jobs: int,
) -> tuple[Settings, str]:
    """Settings with the draws that make numbers as precise as is asked for, and words on that.

    Those stated, and no words, where nothing is asked for.

    Args:
        worlds: the scenario that is run, or the two of which the difference is to be precise, the reference first.
        limit: draws at most.
    """
    if not targets:
        return settings, ""
    from dataclasses import replace

    from forecast.analysis.comparison import sized_difference
    from forecast.engine.compile import compile_run
    from forecast.observations.vintage import vintage
    from forecast.report.sentences import precision_words
    from forecast.results.precision import pilot_of, sized_by_pilot

    plans = [compile_run(world, posterior, vintage(world.as_of), prior=prior) for world in worlds]
    n_pilot = pilot_of(settings, plans[0].block_size).n_draws
    names = [world.name for world in worlds]
    name = names[0] if len(names) == 1 else difference_name(*names)
    with progress_bar(worded("progress.pilot", name=name), n_pilot) as progress:
        if len(plans) == 1:
            found = sized_by_pilot(plans[0], settings, targets, limit, n_jobs, progress)
        else:
            found = sized_difference(plans, settings, targets, limit, 1, progress)
    n_draws = max(one.n_draws for one in found)
    return replace(settings, n_draws=n_draws), precision_words(found, n_pilot, language)


@click.command(name="list")
@click.option("--out", default="results", show_default=True, type=FolderPath(), help="Where runs land.")
@language_option
def list_runs(out: Path, language: Language) -> None:
    """Show the stored runs."""
    from forecast.report.run import runs_table
    from forecast.results.archive import surveyed

    runs, damaged = surveyed(out)
    for error in damaged:
        warn(error)
    if runs:
        answer_with(runs_table(runs, language))
    elif not damaged:
        print_line(language.text("tables.no_runs", folder=out))


@click.command()
@click.argument("places", nargs=-1, metavar="[RUN]...", type=NamedPlace())
@click.option("--ledger", "ledgers", multiple=True, type=FolderPath(), help="A ledger, every entry of it.")
@click.option(
    "--blocks",
    type=click.IntRange(0),
    help="Draw this many blocks of a run again and hold them against its draws; 0 for none. The whole run by default.",
)
@posterior_option
@workers_option
@language_option
@click.pass_context
def verify(
    context: click.Context,
    places: tuple[Path, ...],
    ledgers: tuple[Path, ...],
    blocks: int | None,
    learned: Path | None,
    n_jobs: int,
    language: Language,
) -> None:
    """Check that what is stored is as it was stored, and that it comes out so when it is run again.

    RUN is the folder of a run, of a scenario or of all runs; the file of an exported run; an entry of a ledger; or the
    file of a posterior. Names every file that was changed, is missing, does not belong to a run or comes out otherwise,
    and what was not looked at; nothing that is stored is touched. Ends with code 2 if anything is damaged.
    """
    from forecast.models.posterior import frozen_posterior
    from forecast.report.verification import crate_readme, not_looked_at, verification_line
    from forecast.results.rerun import Again
    from forecast.track.verification import verifications

    if not places and not ledgers:
        raise click.UsageError("got nothing to verify, expected folders of runs, ledgers or posteriors")
    demand_there((*places, *ledgers))
    given = None if learned is None else frozen_posterior(learned)
    again = Again(blocks, given, n_jobs, progress_bar, crate_readme)
    told: list[Verification] = []
    with noted_if_stopped(lambda: "what is not named above was not verified" if told else "nothing was verified"):
        for place in (*places, *ledgers):
            for one in verifications(place, again):
                if one.fault:
                    echo(f"error: {in_one_line(one.fault)}", err=True)
                elif one.whole:
                    print_line(verification_line(one.place, one.rerun, one.sealed, language))
                if one.unseen:
                    print_line(not_looked_at(one.place, one.unseen, language))
                told.append(one)
    context.exit(2 if any(one.fault for one in told) else 0)


_EXPORTED = WritableFile("exported run", is_exported_run, ".zip")


@click.command()
@click.argument("run_given", type=Reference(), metavar="RUN")
@click.option(
    "--out",
    "file",
    type=_EXPORTED,
    help="The file; <scenario>-<digest>.zip by default.",
)
@click.option("--results", "out", default="results", show_default=True, type=FolderPath(), help="Where runs are.")
@posterior_option
@language_option
@click.pass_context
def export(
    context: click.Context, run_given: str, file: Path | None, out: Path, learned: Path | None, language: Language
) -> None:
    """Pack RUN with all it rests on into one file, which another person verifies without a network.

    RUN is the folder of a run, or of a scenario that has one; or a scenario, file or shipped name, whose run at default
    settings is found or made. The file is an RO-Crate; `forecast verify FILE.zip` checks every byte of it and runs it
    again.
    """
    from forecast.models.posterior import frozen_posterior
    from forecast.report.verification import crate_readme
    from forecast.results.crate import write_crate
    from forecast.results.rerun import demand_posterior_of

    results = run_to_read(run_given, out, learned)
    posterior = demand_posterior_of(results, None if learned is None else frozen_posterior(learned))
    path = file or _EXPORTED.convert(
        f"{results.name}-{results.manifest['digest']}.zip", option_of(context, "file"), context
    )
    write_crate(results, posterior, path, crate_readme(results), run_given)
    say_written(path, language.text("tables.exported", path=path, megabytes=f"{path.stat().st_size / 1e6:.1f}"))


def _posteriors(learned: Path | None, scenarios: Sequence[AnyScenario]) -> dict[str | None, Posterior]:
    """The posterior of every day that a scenario stands on, before the first draw of any."""
    from forecast.models.posterior import demand_knowledge, load_posterior

    days = dict.fromkeys(scenario.as_of for scenario in scenarios)
    posteriors = {day: load_posterior(learned, day) for day in days}
    for day, posterior in posteriors.items():
        demand_knowledge(posterior, day)
    return posteriors


def _draw_chart(language: Language, results: Results) -> Path | None:
    """Draw the picture of a run; what draws is not loaded where it is there."""
    if results.has_chart(language.code):
        return None
    from forecast.plots.fan import save_fan_chart

    return save_fan_chart(results, language)


def _show(results: Results, world: AnyScenario, language: Language, found: Grounds | None, year: int | None) -> None:
    from forecast.report.run import (
        branch_table,
        contribution_table,
        knowledge,
        notes,
        policy_table,
        surplus_table,
        told_policies,
    )
    from forecast.report.sentences import answer
    from forecast.results.archive import outcomes

    later = outcomes(results)
    print_line(f"{language.either(world.title, world.title_ko)}\n")
    if results.manifest["n_investments"]:
        answer_with(contribution_table(results, language))
    if told_policies(results.statistics):
        answer_with(policy_table(results, language))
    answer_with(surplus_table({results.name: results}, language))
    if world.single is None:
        answer_with(branch_table(results, world, language, year))
    said = answer(results, later, language, found, world, year)
    answer_with("\n\n".join([said, *notes(results, world, language)]), "")
    if results.as_of is not None:
        answer_with(knowledge(results, later, language))
