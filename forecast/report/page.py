"""A report in one language: what its page says of some runs, ready to be printed by a template.

Templates to pages: the only door to Jinja2. Every value is escaped; a page may load nothing and run one script.

One self-contained page on some runs, in two languages: it loads nothing, and is written whole or not at all.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forecast import __version__
from forecast.analysis.comparison import demand_pairs, moving_levers
from forecast.dims import CHANNELS
from forecast.errors import RunError
from forecast.quarters import parse_quarter
from forecast.report.assumptions import Account, Assumption, Words, account, user_words
from forecast.report.charts import Grid, Row, Told, fan_diagram, levels
from forecast.report.i18n import CODES, Language, language
from forecast.report.sections import (
    Division,
    branch_accounts,
    branch_levels,
    branch_name,
    branch_words,
    difference,
    division,
    effect,
)
from forecast.report.sentences import books_sentences, branch_shares, premises, record_of, short_answers
from forecast.results.archive import outcomes, told_apart
from forecast.results.results import ANOTHER, SCENARIO, Results, demand_folder
from forecast.scenario.mixture import load_any
from forecast.scenario.scenario import Branch
from forecast.storage import digest, write_text, writing
from forecast.track.record import best_benchmark, ours, read_model_records

LAYERS = ("95", "80", "50", "median", "seen", "record", "later")
"""What a reader may hide from the fan."""


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "investments": ("project", "sector", "amount", "announced", "construction", "production", "probability", "sources"),
    "tariffs": ("goods", "duty", "span", "comes", "sources"),
    "commitments": ("goods", "value", "delivery", "comes", "sources"),
}


def edition(told: Sequence[Told], divisions: Sequence[Division], language: Language) -> dict[str, Any]:
    """What a report says of runs; the first is what the others are held against, with a division of each difference."""
    return {
        "code": language.code,
        "language": language.part("language"),
        "say": language.text,
        "title": f"{language.text('facts.kicker')}: {' · '.join(each.name for each in told)}",
        "facts": _facts(told, language),
        "shorts": [_short(run, each, language) for run, each in enumerate(told)],
        "books": list(books_sentences(told[0].results, language)),
        "differences": [difference(run, told, divided, language) for run, divided in enumerate(divisions, start=1)],
        "fan": fan_diagram(told, language),
        "levels": levels(told, language),
        "layers": [(name, _layer(name, told, language)) for name in _shown_layers(told)],
        "off": () if len(told) == 1 else ("95", "50"),
        **_effects(told, language),
        "accounts": [_account(run, each, language) for run, each in enumerate(told)],
        "method": _method(told[0].results, language),
        **_track(language),
        "footer": _footer(told, language),
    }


def _effects(told: Sequence[Told], language: Language) -> dict[str, Any]:
    """What announcements and levers do, of every run that has any."""
    plants = [bool(each.results.manifest["n_investments"]) for each in told]
    levers = [bool(moving_levers(each.results.statistics)) for each in told]
    shown = [run for run in range(len(told)) if plants[run] or levers[run]]
    return {
        "effects": [effect(run, told[run], language) for run in shown],
        "effects_heading": language.text("headings.policy" if any(levers) else "headings.effects"),
        "channels": [(name, language.text(f"channels.{name}")) for name in CHANNELS] if any(plants) else [],
    }


def _facts(told: Sequence[Told], language: Language) -> list[tuple[str, str]]:
    first = told[0].results
    facts = {
        "basis": language.text(f"bases.{first.basis}"),
        "data": _origin(first, language),
        "day": first.as_of,
        "draws": f"{first.statistics.n_draws:,}",
        "made": max(str(each.results.manifest["created"])[:10] for each in told),
    }
    return [(language.text(f"facts.{name}"), value) for name, value in facts.items() if value]


def _short(run: int, each: Told, language: Language) -> dict[str, Any]:
    said, branches = short_answers(each.results, language), branch_levels(each, language)
    if each.world.single is None:
        assert each.results.branches is not None
        shares = branch_shares(each.results.branches, language)
        said.append(language.text("branches.words", n=len(each.world.branches), shares=shares))
    else:
        said = [*filter(None, [premises(each.world.single, language)]), *said]
    return {"run": run, "title": user_words(each.name), "sentences": said, "branches": branches}


def _origin(results: Results, language: Language) -> str:
    return language.date(float(parse_quarter(results.manifest["origin"])))


def _shown_layers(told: Sequence[Told]) -> list[str]:
    came = any(outcome.months == 12 for outcome in outcomes(told[0].results))
    return [name for name in LAYERS if name != "later" or came]


def _layer(name: str, told: Sequence[Told], language: Language) -> str:
    if name.isdigit():
        return language.text("toggles.interval", width=name)
    first = told[0].results
    year, value = record_of(first.basis, first.as_of)
    key = {"seen": "history"}.get(name, name)
    return language.text(f"toggles.{key}", year=year, value=language.money(value, 0.1, places=1))


def _account(run: int, each: Told, language: Language) -> dict[str, Any]:
    """What a run assumed: of one scenario, or of every branch of a mixture under a heading of its own."""
    origin, parts = float(parse_quarter(each.results.manifest["origin"])), []
    if each.world.single is not None:
        parts = [_assumed(account(each.world.single, origin, language), language)]
    else:
        shared, own = branch_accounts(each.world, origin, language)
        everywhere = {"title": Words(language.text("branches.all"), language.code), "weight": "", "description": None}
        parts = [_assumed(shared, language, everywhere)]
        parts += [_assumed(own[one.label], language, _heading(one, each, language)) for one in each.world.branches]
    return {
        "run": run,
        "title": user_words(each.name),
        "description": _prose(each.world.description),
        "parts": parts,
        "file": (each.results.folder / SCENARIO).read_text(encoding="utf-8"),
    }


def _prose(text: str) -> Words | None:
    return user_words(text) if text else None


def _heading(branch: Branch, each: Told, language: Language) -> dict[str, Any]:
    return {
        "title": user_words(branch_name(branch)),
        "weight": branch_words(branch, each, language),
        "description": _prose(branch.scenario.description),
    }


def _assumed(told: Account, language: Language, heading: Mapping[str, Any] | None = None) -> dict[str, Any]:
    parts: dict[str, Sequence[Assumption]] = {
        "investments": told.investments, "tariffs": told.tariffs, "commitments": told.commitments
    }  # fmt: skip
    groups = [
        (
            language.text(f"headings.{name}"),
            [language.text(f"columns.{column}") for column in COLUMNS[name]],
            items,
        )
        for name, items in parts.items()
        if items
    ]
    return {"heading": heading, "account": told, "groups": groups}


def _method(results: Results, language: Language) -> list[str]:
    values = {"origin": _origin(results, language), "draws": f"{results.statistics.n_draws:,}"}
    return [str(paragraph).format(**values) for paragraph in language.part("method")]


def _track(language: Language) -> dict[str, Any]:
    """The shipped record in two sentences and a table."""
    found = read_model_records()
    own, best = ours(found), best_benchmark(found)
    gain = own.crps_quarters / best.crps_quarters - 1
    scores = {
        "crps": language.money(own.crps_quarters, 0.01),
        "best": _model(best.model, language),
        "gain": language.share(round(abs(gain), 2)),
    }
    counts = {"n_origins": own.n_origins, "n_outcomes": own.n_outcomes}
    spans = {name: _quarter(getattr(own, name), language) for name in ("first", "last")}
    held = {name: language.share(round(getattr(own, name), 2)) for name in ("held_80", "held_95")}
    names = ("crps_quarters", "crps_year_1", "crps_year_2")
    rows = [
        Row(
            [
                _model(each.model, language),
                *(language.amount(getattr(each, name), 0.001) for name in names),
                *(language.share(round(getattr(each, name), 2)) for name in ("held_80", "held_95")),
            ]
        )
        for each in found
    ]
    headings = [language.text(f"columns.{name}") for name in ("model", *names, "held_80", "held_95")]
    return {
        "track": [
            language.text("track.words", **counts, **spans, **held),
            language.text("track.better" if gain < 0 else "track.worse", **scores),
        ],
        "record": Grid(language.text("track.caption", unit=language.text("numbers.unit")), headings, rows),
    }


def _model(name: str, language: Language) -> str:
    return language.text(f"models.{name.partition('.')[0]}")


def _quarter(text: str, language: Language) -> str:
    return language.date(float(parse_quarter(text)))


def _footer(told: Sequence[Told], language: Language) -> str:
    runs = language.list([f"{each.results.name}/{each.results.manifest['digest']}" for each in told])
    return language.text("footer", version=__version__, runs=runs)


FOLDER = Path(str(files("forecast"))) / "templates"


def page(template: str, scripts: tuple[str, ...], connect: str = "'none'", **content: object) -> str:
    """A page from a template, with the style of all pages and its script inside.

    Args:
        template, scripts: files of `forecast/templates`; the scripts run as one.
        connect: what the script may ask, as in a content security policy.
        content: what the template prints.
    """
    code = "\n".join((FOLDER / script).read_text(encoding="utf-8") for script in scripts)
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{_digest(code)}'; img-src data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    return fragment(template, policy=policy, style=style, script=code, **content)


def fragment(template: str, **content: Any) -> str:
    """What a template prints."""
    return _environment().get_template(template).render(content)


def _digest(code: str) -> str:
    """Digest of an inline script by which a browser knows the one it may run."""
    return "sha256-" + b64encode(bytes.fromhex(digest(code))).decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


MOST_RUNS = 4
"""More lines than these cannot be told apart on one page."""


def write_report(runs: Sequence[Results], path: str | Path, opened: str = "en") -> Path:
    """Write a report on runs to one HTML file, in place of what was there.

    Args:
        runs: stored runs of one basis; the first is what the others are held against.
        opened: language in which the page opens, one of `i18n.CODES`.

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
    told = [Told(results, load_any(results.folder / SCENARIO), name) for results, name in _named(runs)]
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
