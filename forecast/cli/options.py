"""What commands share: options and checks of them, the language of answers, and the console."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forecast.catalogue import Texts, worded
from forecast.characters import plain_spaces
from forecast.cli.places import FilePath, FolderPath
from forecast.errors import ForecastError, in_one_line, printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from rich.console import Console
    from rich.text import Text

    from forecast.catalogue import Wording
    from forecast.errors import Remark
    from forecast.report.i18n import Language
    from forecast.report.table import Part
    from forecast.results.precision import Target

Command = TypeVar("Command", bound=Callable[..., Any])

ENOUGH_DRAWS = 400
"""Fewer leave fewer than ten beyond either end of a 95 % interval."""

USUAL_COLUMNS = 80
"""Width of a terminal that says it has none."""


def complete_scenario(_context: click.Context, _argument: click.Parameter, begun: str) -> list[CompletionItem]:
    """What a shell offers for a scenario: shipped names, and files."""
    from click.shell_completion import CompletionItem

    from forecast.storage.documents import shipped_names

    names = [CompletionItem(name) for name in shipped_names() if name.startswith(begun)]
    return [*names, CompletionItem(begun, type="file")]


LANGUAGES = ("en", "ko")
"""`i18n.CODES`, which would import numpy for the help text."""


def locale_language() -> str:
    """Korean where the locale is, else English."""
    stated = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if stated.startswith("ko") else "en"


def _language(context: click.Context, _option: click.Parameter, code: str | None) -> Language:
    from forecast.report.i18n import language

    if code is not None:
        context.meta[__name__] = code
    return language(language_told())


def language_told() -> str:
    """Language in which the command that is run prints: the one that was asked for, or that of the locale."""
    context = click.get_current_context(silent=True)
    return (context and context.meta.get(__name__)) or locale_language()


language_option = click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    callback=_language,
    is_eager=True,  # checks of other options warn in it
    help="Language of the answer, or of the page as it opens; that of the locale by default.",
)

told_year_option = click.option(
    "--year", type=int, help="Year that the sentences tell; that of the largest effect or the last by default."
)

xlsx_option = click.option("--xlsx", is_flag=True, is_eager=True, help="Write the answer as a workbook for Excel too.")


def demand_workers(_context: click.Context, _option: click.Parameter, n_jobs: int) -> int:
    """Check of an option that says how many workers."""
    if n_jobs == -1 or n_jobs > 0:
        return n_jobs
    raise click.BadParameter(f"got {n_jobs}, expected 1 or more workers, or -1 for one per core")


def warned_if_few(n_draws: int) -> int:
    """Says on the standard error where draws are too few to know an interval by; gives them back."""
    if n_draws < ENOUGH_DRAWS:
        warn(worded(f"warnings.run.few.{'many' if n_draws > 1 else 'one'}", n=n_draws))
    return n_draws


def _demand_possible(n_draws: int) -> int:
    from forecast.dims import MOST_DRAWS  # not above, as it brings numpy, which help does without

    if n_draws > MOST_DRAWS:
        raise click.BadParameter(f"got {n_draws:,}, expected at most {MOST_DRAWS:,}")
    return n_draws


SAMPLERS = {"plain": "plain", "lhs": "latin_hypercube", "sobol": "sobol"}
"""Sampling schemes by their names on the command line."""


def sampler_name(scheme: str) -> str:
    """The name of a sampling scheme on the command line.

    >>> sampler_name("latin_hypercube")
    'lhs'
    """
    return {kept: name for name, kept in SAMPLERS.items()}[scheme]


def sampler_option(help_text: str, default: str | None = "plain") -> Callable[[Command], Command]:
    """The option that chooses a sampling scheme; the command is given it as `scheme`."""
    return click.option(
        "--sampler",
        "scheme",
        default=default,
        show_default=default is not None,
        type=click.Choice(tuple(SAMPLERS)),
        callback=lambda _context, _option, name: None if name is None else SAMPLERS[name],
        help=help_text,
    )


stored_sampler_option = sampler_option("Sampling scheme of the run of a SCENARIO; plain by default.", None)


def _take_place(_context: click.Context, _option: click.Parameter, folder: Path | None) -> None:
    """Have this process, and those that it starts, find the user's own data in a folder."""
    if folder is not None:
        os.environ[_DATA_DIR] = str(folder.absolute())


_DATA_DIR = "FORECAST_DATA_DIR"
"""`user_data.ENVIRONMENT`, which would be imported for the help text."""

data_dir_option = click.option(
    "--data-dir",
    type=FolderPath(file_okay=False),
    is_eager=True,
    expose_value=False,
    callback=_take_place,
    help="Where your own data and parameters lie; FORECAST_DATA_DIR says the same.",
)

workers_option = click.option(
    "--n-jobs", default=-1, callback=demand_workers, show_default=True, help="Workers; -1: one per core."
)
posterior_option = click.option(
    "--posterior",
    "learned",
    type=FilePath(),
    help="Stored parameters; the shipped ones by default.",
)


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator; they stand in the help text in their order."""

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


run_options = _together(
    click.option(
        "--draws",
        default=20_000,
        show_default=True,
        type=click.IntRange(1),
        callback=lambda _context, _option, n_draws: warned_if_few(_demand_possible(n_draws)),
        help="Number of draws.",
    ),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all random numbers."),
    sampler_option("Draws independent, or stratified within blocks: Latin hypercube or scrambled Sobol."),
    workers_option,
    click.option("--out", default="results", show_default=True, type=FolderPath(), help="Where runs land."),
    posterior_option,
    click.option("--prior", is_flag=True, help="Use the priors in place of what was learned from data."),
)
"""The options of a command that runs scenarios; it is given the posterior's path as `learned`."""

_backend_options = _together(
    click.option(
        "--backend",
        type=click.Choice(("local", "dask", "ray")),
        default="local",
        show_default=True,
        help="Workers: of this machine, of a Dask cluster, or of Ray.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Of the Dask scheduler, such as tcp://10.0.0.1:8786, or of the head of Ray; a Ray of this machine by "
        "default.",
    ),
)


def backend_options(command: Command) -> Command:
    """The options of a command that may work on a cluster, which it reaches before it begins."""

    @wraps(command)
    def on_workers(*arguments: Any, backend: str, scheduler: str | None, **options: Any) -> Any:
        if backend == "local":
            if scheduler is not None:
                raise click.UsageError(f"--scheduler: got {scheduler} without --backend dask or ray")
            return command(*arguments, **options)
        if options["n_jobs"] != -1:
            raise click.UsageError(
                f"--n-jobs: got {options['n_jobs']} with --backend {backend}, which works on all workers that it has"
            )
        from forecast.cli.process import without_logs
        from forecast.clusters import on_cluster
        from forecast.storage.code_digests import code_of_numbers

        with without_logs(), on_cluster(backend, scheduler, code_of_numbers, note):
            return command(*arguments, **options)

    decorated: Command = on_workers  # type: ignore[assignment]
    return _backend_options(decorated)


def _parsed_targets(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> list[Target]:
    """Numbers that are to be precise; nothing is imported where none is asked for."""
    if not texts:
        return []
    from forecast.results.precision import parsed_target

    return [parsed_target(text) for text in texts]


precision_options = _together(
    click.option(
        "--precision",
        "targets",
        multiple=True,
        callback=_parsed_targets,
        metavar="SERIES:YEAR:STATISTIC=WIDTH",
        help="As many draws as bring the 95 % interval of a number to at most ± WIDTH, in bn USD, as a chance, or such "
        "as 1% of the number: trade_balance:2030:q10=1%; of a comparison, difference:2035:mean=0.05. --draws are then "
        "those of the pilot that says how many. May be repeated.",
    ),
    click.option(
        "--max-draws",
        "limit",
        default=10_000_000,
        show_default=True,
        type=click.IntRange(1),
        callback=lambda _context, _option, n_draws: _demand_possible(n_draws),
        help="With --precision: draws at most; a number that would take more is refused.",
    ),
)
"""The options of a command that makes a number as precise as is asked for."""

plants_options = _together(
    click.option("--only", multiple=True, metavar="ID", help="Keep this investment alone, or those named so."),
    click.option("--without", multiple=True, metavar="ID", help="Leave this investment out; may be repeated."),
)
"""The options of a command that says which investments of its scenarios count."""


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text as it stands, but for characters that steer a terminal; a full standard error loses it alone."""
    with suppress(OSError) if err else nullcontext():
        click.echo(printable(text), err=err, nl=nl)


def warn(said: Remark | Wording | ForecastError) -> None:
    """Print a warning on the standard error, in one line whatever names of files it holds."""
    echo(in_one_line(sentence("warning", said)), err=True)


def note(said: Wording | str) -> None:
    """Say something that neither ends a command nor belongs to its answer."""
    echo(in_one_line(sentence("note", said)), err=True)


def sentence(kind: str, said: Remark | Wording | ForecastError | str) -> str:
    """A `warning` or `note` in the language of the command that is run."""
    texts = Texts(language_told())
    return plain_spaces(texts.heading(f"warnings.{kind}", words=said if isinstance(said, str) else said.told(texts)))


def terminal(at_least: int = 0, *, stderr: bool = False) -> Console:
    """Where commands print; `at_least` so many columns wide where lines are laid out by hand."""
    from forecast.cli.console import TextConsole

    console = TextConsole(highlight=False, stderr=stderr)
    console.width = max(console.width or USUAL_COLUMNS, at_least)
    return console


def answer_with(*parts: Part, at_least: int = 0) -> None:
    """Print tables and paragraphs of an answer, each paragraph wrapped."""
    from forecast.report.table import show

    show(terminal(at_least), *parts)


def print_line(line: str | Text) -> None:
    """Print a line that is not wrapped, such as one that names a file."""
    from rich.text import Text

    terminal().print(Text(line) if isinstance(line, str) else line, soft_wrap=True)


def say_written(path: Path, words: str) -> None:
    """Say that a file was written; of a stream nothing but that, and not into it."""
    from forecast.storage.places import is_standard_output

    if path.is_file() and not is_standard_output(path):
        print_line(words)
    else:
        echo(f"Written to {path}", err=True)
