"""The report page: one self-contained file on some runs in two languages, which loads nothing from the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast import __version__
from forecast.analysis.budget import InformationValue
from forecast.analysis.comparison import Comparison, demand_pairs, rows_behind
from forecast.analysis.grounds import Grounds, grounds
from forecast.analysis.input_values import Phases
from forecast.dims import CHANNELS, PRODUCTS
from forecast.engine.resampling import SharedStreams
from forecast.errors import RunError
from forecast.parallel import Progress
from forecast.quarters import parse_quarter
from forecast.report.assumptions import (
    Assumptions,
    Words,
    assumptions,
    branch_assumptions,
    groups,
    prose,
    user_words,
)
from forecast.report.brief import divided, passages, quoted_numbers
from forecast.report.charts import change_diagram, channels_diagram, effect_title, fan_diagram, fan_of, product_diagram
from forecast.report.comparison import (
    RISE,
    Division,
    attribution_method,
    attribution_table,
    comparison_table,
    comparison_words,
    division,
)
from forecast.report.distributions import distribution_diagrams
from forecast.report.effect import origin_of
from forecast.report.i18n import CODES, Language, language
from forecast.report.induced import claim_section
from forecast.report.observed import products_by_year
from forecast.report.rows import plants_in_time, swings, timeline, tornado
from forecast.report.run import (
    EFFECT,
    branch_name,
    branch_share,
    branch_table,
    contribution_table,
    policy_table,
    sampled_draws,
    surplus_table,
)
from forecast.report.sentences import (
    record_of,
    run_books_note,
)
from forecast.report.templates import page
from forecast.report.track import shipped_record
from forecast.results.archive import outcomes, told_apart
from forecast.results.highlights import moving_policies, place_of, turning_years
from forecast.results.manifest import SCENARIO, day_stated
from forecast.results.results import ANOTHER, Results
from forecast.scenario.mixture import AnyScenario, load_any
from forecast.scenario.scenario import Branch
from forecast.storage.files import demand_target, write_text, writing

LAYERS = ("95", "80", "50", "median", "seen", "record", "later")
"""What a reader may hide from the fan."""


@dataclass(frozen=True, slots=True)
class Background:
    """What is worked out of a run once, for both languages.

    Attributes:
        grounds: what its answer rests on, where that is known.
        swings: the inputs that swing its effect most.
        phases: its plants in time.
        comparison: with the first run of the page; None of that itself.
    """

    grounds: Grounds | None
    swings: Sequence[InformationValue]
    phases: Sequence[Phases]
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class PageRun:
    """One run with its scenario or mixture, the name it goes by on the page, and what stands behind its answer."""

    results: Results
    world: AnyScenario
    name: str
    behind: Background


def content(
    runs: Sequence[PageRun], divisions: Sequence[Division], language: Language, year: int | None = None
) -> dict[str, Any]:
    """The page in one language; the first run is what the others are held against, each with its difference divided.

    Args:
        year: that sentences tell, of effects that of `turning_years` by default, else the last.
    """
    named = {run.name: run.results for run in runs}
    return {
        "code": language.code,
        "language": language.part("language"),
        "say": language.text,
        "title": f"{language.text('facts.kicker')}: {' · '.join(named)}",
        "facts": _facts(runs, language),
        "shorts": [_short(place, run, language, year) for place, run in enumerate(runs)],
        "books": list(filter(None, [run_books_note(runs[0].results, language)])),
        "differences": [
            _difference(place, run, run.behind.comparison, divided, runs[0].name, language, year)
            for place, (run, divided) in enumerate(zip(runs[1:], divisions, strict=True), start=1)
            if run.behind.comparison is not None
        ],
        "fan": fan_diagram(named, language),
        "levels": surplus_table(named, language),
        "product_fans": [product_diagram(named, product, language) for product in PRODUCTS],
        "products": [products_by_year(run.results, run.name, language) for run in runs],
        "layers": [(name, _layer(name, runs, language)) for name in _shown_layers(runs)],
        "off": () if len(runs) == 1 else ("95", "50"),
        **_effects(runs, language),
        "rows": [part for place, run in enumerate(runs) if (part := _rows(place, run, language, year))],
        "claim": claim_section(language) if runs[0].results.as_of is None else None,
        "assumed": [_assumed(place, run, language) for place, run in enumerate(runs)],
        "method": _method(runs[0].results, language),
        **shipped_record(language),
        "footer": _footer(runs, language),
    }


def _facts(runs: Sequence[PageRun], language: Language) -> list[tuple[str, str]]:
    first = runs[0].results
    facts = {
        "basis": language.text(f"bases.{first.basis}"),
        "data": origin_of(first, language),
        "day": first.as_of,
        "draws": sampled_draws(first, language),
        "made": str(max(day_stated(run.results.manifest["created"]) for run in runs)),
    }
    return [(language.text(f"facts.{name}"), value) for name, value in facts.items() if value]


def _short(place: int, run: PageRun, language: Language, year: int | None) -> dict[str, Any]:
    """The answer of a run, the numbers to quote first, and the branches of a mixture."""
    invested = bool(run.results.manifest["n_investments"])
    lead, beside = divided(passages(run.results, run.world, language, run.behind.grounds, year))
    return {
        "run": place,
        "title": user_words(run.name),
        "quoted": quoted_numbers(run.results.statistics, language, invested=invested, year=year),
        "passages": lead,
        "beside": beside,
        "branches": branch_table(run.results, run.world, language, year) if run.world.single is None else None,
    }


NOT_COUNTED = SharedStreams((), (), ())
"""Streams of a comparison on a page, which does not say how many there are."""


def _difference(
    place: int,
    run: PageRun,
    comparison: Comparison,
    divided: Division,
    reference: str,
    language: Language,
    year: int | None,
) -> dict[str, Any]:
    """What a run changes against the first, which goes by the name `reference`, paired draw by draw."""
    change = comparison.by_year
    names = [language.text("comparison.quoted", name=name) for name in (run.name, reference)]
    title = language.text("charts.difference", reference=reference, unit=language.text("numbers.unit_a_year"))
    return {
        "run": place,
        "title": user_words(run.name),
        "sentence": comparison_words(comparison, names, language, year),
        "diagram": change_diagram(title, fan_of(place, change, RISE), change, RISE, run.name, language),
        "table": comparison_table(comparison, names, language),
        "distributions": distribution_diagrams(comparison, place, year, language),
        "because": _because(comparison, names, divided, language, year),
    }


def _because(
    comparison: Comparison, names: Sequence[str], divided: Division, language: Language, year: int | None
) -> dict[str, Any] | None:
    """The parts of a difference in a year, the last by default, as a sentence and a table, or why there are none."""
    attribution = divided.attribution
    if divided.obstacle:
        words = language.text(f"causes.{divided.obstacle}", n_assumptions=divided.n_assumptions)
        return {"words": words, "table": None}
    if attribution is None or not divided.n_assumptions:
        return None
    return {
        "words": " ".join(attribution_method(attribution, divided.n_draws, language)),
        "table": attribution_table(comparison, attribution, year or attribution.years[-1], names, language),
    }


def _effects(runs: Sequence[PageRun], language: Language) -> dict[str, Any]:
    """What announcements and policies do, of every run that has any."""
    plants = [bool(run.results.manifest["n_investments"]) for run in runs]
    policies = [moving_policies(run.results.statistics) for run in runs]
    shown = [place for place in range(len(runs)) if plants[place] or policies[place]]
    return {
        "effects": [_effect(place, runs[place], policies[place], language) for place in shown],
        "effects_heading": language.text("headings.policy" if any(policies) else "headings.effects"),
        "channels": [(name, language.text(f"channels.{name}")) for name in CHANNELS] if any(plants) else [],
    }


def _effect(place: int, run: PageRun, policies: Sequence[str], language: Language) -> dict[str, Any]:
    """What the announcements add, by channel, and what the policies do beside them."""
    results, summary, tables = run.results, run.results.statistics, []
    fans = {
        series: change_diagram(
            effect_title(series, language), fan_of(place, summary, series), summary, series, run.name, language
        )
        for series in ([EFFECT] if results.manifest["n_investments"] else []) + list(policies)
    }
    diagrams = list(fans.values())
    if EFFECT in fans:
        diagrams.insert(1, channels_diagram(place, summary, language))
        tables.append(contribution_table(results, language))
    if policies:
        tables.append(policy_table(results, language))
    return {"run": place, "title": user_words(run.name), "diagrams": diagrams, "tables": tables}


def _rows(place: int, run: PageRun, language: Language, year: int | None) -> dict[str, Any] | None:
    """The inputs that swing the effect of a run, and its plants in time."""
    charts = [
        tornado(run.behind.swings, told_year(run.results, year), EFFECT, language),
        timeline(run.behind.phases, run.results.manifest["horizon"], language),
    ]
    shown = [chart for chart in charts if chart is not None]
    return {"run": place, "title": user_words(run.name), "charts": shown} if shown else None


def told_year(results: Results, year: int | None) -> int:
    """The year that the effect of a run is told in."""
    summary = results.statistics
    return summary.years[turning_years(summary, year)[0]]


def _shown_layers(runs: Sequence[PageRun]) -> list[str]:
    came = any(outcome.months == 12 for outcome in outcomes(runs[0].results))
    return [name for name in LAYERS if name != "later" or came]


def _layer(name: str, runs: Sequence[PageRun], language: Language) -> str:
    if name.isdigit():
        return language.text("toggles.interval", width=name)
    first = runs[0].results
    year, value = record_of(first.basis, first.as_of)
    key = {"seen": "history"}.get(name, name)
    return language.text(f"toggles.{key}", year=year, value=language.money(value, 0.1, places=1))


def _assumed(place: int, run: PageRun, language: Language) -> dict[str, Any]:
    """What a run assumed: of one scenario, or of every branch of a mixture under a heading of its own."""
    origin = float(parse_quarter(run.results.manifest["origin"]))
    if run.world.single is not None:
        parts = [_part(assumptions(run.world.single, origin, language), language)]
    else:
        shared, own = branch_assumptions(run.world, origin, language)
        everywhere = {"title": Words(language.text("branches.all"), language.code), "weight": "", "description": None}
        parts = [_part(shared, language, everywhere)]
        parts += [_part(own[one.label], language, _heading(one, run, language)) for one in run.world.branches]
    return {
        "run": place,
        "title": user_words(run.name),
        "description": prose(language.either(run.world.description, run.world.description_ko)),
        "parts": parts,
        "file": (run.results.folder / SCENARIO).read_text(encoding="utf-8"),
    }


def _part(assumed: Assumptions, language: Language, heading: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"heading": heading, "assumptions": assumed, "groups": groups(assumed, language)}


def _heading(branch: Branch, run: PageRun, language: Language) -> dict[str, Any]:
    share = branch_share(branch.label, run.results, language)
    return {
        "title": user_words(branch_name(branch, language)),
        "weight": language.text("branches.weight", weight=language.number(branch.weight), share=share),
        "description": prose(language.either(branch.scenario.description, branch.scenario.description_ko)),
    }


def _method(results: Results, language: Language) -> list[str]:
    values = {"origin": origin_of(results, language), "draws": f"{results.statistics.n_draws:,}"}
    return [str(paragraph).format(**values) for paragraph in language.part("method")]


def _footer(runs: Sequence[PageRun], language: Language) -> str:
    named = [f"{run.results.name}/{run.results.manifest['digest']}" for run in runs]
    return language.text("footer", version=__version__, runs=language.list(named))


MOST_RUNS = 4
"""More lines than these cannot be told apart on one page."""


def write_report(
    runs: Sequence[Results],
    path: str | Path,
    opened: str = "en",
    divisions: Sequence[Division] | None = None,
    progress: Progress = Progress(),
    year: int | None = None,
) -> Path:
    """Write a report on runs to one HTML file, in place of what was there.

    Args:
        runs: stored runs of one basis; the first is what the others are held against.
        opened: language in which the page opens, one of `i18n.CODES`.
        divisions: of each run's difference from the first; worked out by default.
        progress: told of `steps` that are done.
        year: that sentences tell; by default that of the largest effect or the last.

    Raises:
        RunError: a run has no such year, the runs cannot stand on one page or be paired, or the file cannot be written.
    """
    path = Path(path)
    with writing(path, ANOTHER):
        demand_target(path)
    text = report(runs, opened, divisions, progress, year)
    with writing(path, ANOTHER):
        write_text(path, text)
    return path


def steps(n_runs: int) -> int:
    """Steps in which a page on so many runs is made."""
    return n_runs - 1 + len(CODES)


def report(
    runs: Sequence[Results],
    opened: str = "en",
    divisions: Sequence[Division] | None = None,
    progress: Progress = Progress(),
    year: int | None = None,
) -> str:
    """The page as text; arguments are those of `write_report`."""
    _demand_one_page(runs)
    for run in runs:
        place_of(year, run.statistics.years)
    worlds = [load_any(results.folder / SCENARIO) for results in runs]
    found, contents = divisions or list(_divisions(runs, worlds, progress)), {}
    behind = [_background(results, world, runs[0], year) for results, world in zip(runs, worlds, strict=True)]
    for code in CODES:
        contents[code] = content(_named(runs, worlds, behind, language(code)), found, language(code), year)
        progress.advance(1)
    hidden = " ".join(f"without-{name}" for name in contents[opened]["off"])
    switch = language(opened).text("headings.switch")
    return page(
        "report.html", ("reading.js", "report.js"), contents=contents, opened=opened, hidden=hidden, switch=switch
    )


def _background(results: Results, world: AnyScenario, first: Results, year: int | None) -> Background:
    pair = () if results is first else (first, results)
    return Background(
        grounds=grounds(results),
        swings=swings(results, told_year(results, year), EFFECT) if results.manifest["n_investments"] else (),
        phases=plants_in_time(world.single),
        comparison=Comparison(*pair, (), NOT_COUNTED, rows_behind(pair)) if pair else None,
    )


def _divisions(runs: Sequence[Results], worlds: Sequence[AnyScenario], progress: Progress) -> Iterator[Division]:
    for world in worlds[1:]:
        yield division(worlds[0], world, runs[0].manifest)
        progress.advance(1)


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


def _named(
    runs: Sequence[Results], worlds: Sequence[AnyScenario], behind: Sequence[Background], language: Language
) -> list[PageRun]:
    """Each run with its title, with what was set on top of its file, and with its digest where two still share one."""
    titles = [
        language.either(world.title, world.title_ko) + (f" ({', '.join(run.overrides)})" if run.overrides else "")
        for run, world in zip(runs, worlds, strict=True)
    ]
    named = zip(runs, worlds, told_apart(runs, titles), behind, strict=True)
    return [PageRun(*parts) for parts in named]
