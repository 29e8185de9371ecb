"""One self-contained page on some runs, in two languages: it loads nothing, and is written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forecast.archive import told_apart
from forecast.causes import division
from forecast.comparison import demand_pairs
from forecast.edition import edition
from forecast.errors import RunError
from forecast.figures import Told
from forecast.hypertext import page
from forecast.languages import CODES, language
from forecast.mixtures import load_world
from forecast.results import ANOTHER, SCENARIO, Results, demand_folder
from forecast.storage import write_text, writing

MOST_RUNS = 4
"""More lines than these cannot be told apart on one page."""


def write_report(runs: Sequence[Results], path: str | Path, opened: str = "en") -> Path:
    """Write a report on runs to one HTML file, in place of what was there.

    Args:
        runs: stored runs of one basis; the first is what the others are held against.
        opened: language in which the page opens, one of `languages.CODES`.

    Raises:
        RunError: the runs cannot stand on one page or be paired, or the file cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise RunError(f"{path}: is a folder; name a file with --out")
    demand_folder(path.parent, path)
    text = report(runs, opened)
    with writing(path, ANOTHER):
        write_text(path, text)
    return path


def report(runs: Sequence[Results], opened: str = "en") -> str:
    """The page as text."""
    _demand_one_page(runs)
    told = [Told(results, load_world(results.folder / SCENARIO), name) for results, name in _named(runs)]
    divisions = [division(each, told[0]) for each in told[1:]]
    editions = {code: edition(told, divisions, language(code)) for code in CODES}
    hidden = " ".join(f"without-{name}" for name in editions[opened]["off"])
    switch = language(opened).text("headings.switch")
    return page(
        "report.html", ("reading.js", "report.js"), editions=editions, opened=opened, hidden=hidden, switch=switch
    )


def _demand_one_page(runs: Sequence[Results]) -> None:
    folders = [results.folder.resolve() for results in runs]
    if len(runs) > MOST_RUNS:
        raise RunError(f"got {len(runs)} runs, expected at most {MOST_RUNS}: more cannot be told apart on one page")
    if len(set(folders)) < len(folders):
        raise RunError(f"got {runs[0].name} twice, expected every run once")
    bases = {results.basis: results.name for results in runs}
    if len(bases) > 1:
        listed = ", ".join(f"{name} on {basis}" for basis, name in bases.items())
        raise RunError(f"got {listed}; expected runs on one basis, since the two books do not mix")
    for results in runs[1:]:
        demand_pairs(results, runs[0])


def _named(runs: Sequence[Results]) -> list[tuple[Results, str]]:
    """Each run with its title, with what was set on top of its file, and with its digest where two still share one."""
    titles = [results.title + (f" ({', '.join(results.overrides)})" if results.overrides else "") for results in runs]
    return list(zip(runs, told_apart(runs, titles), strict=True))
