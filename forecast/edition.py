"""A report in one language: what its page says of some runs, ready to be printed by a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecast import __version__
from forecast.assumptions import Account, Assumption, Words, account, user_words
from forecast.branch_pages import branch_accounts, branch_levels, branch_name, branch_words
from forecast.branches import Branch
from forecast.causes import Division
from forecast.changes import difference, effect
from forecast.differences import moving_levers
from forecast.draws import CHANNELS
from forecast.figures import Grid, Row, Told, fan_diagram, levels
from forecast.languages import Language
from forecast.mixtures import ScenarioMixture
from forecast.outcome import outcomes
from forecast.premises import premises
from forecast.quarters import parse_quarter
from forecast.results import SCENARIO, Results
from forecast.scenario import Scenario
from forecast.sentences import books_sentences, branch_shares, record_of, short_answers
from forecast.track_summary import best_reference, ours, read_standings

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
    if isinstance(each.world, ScenarioMixture):
        assert each.results.branches is not None
        shares = branch_shares(each.results.branches, language)
        said.append(language.text("branches.words", n=len(each.world.branches), shares=shares))
    else:
        said = [*filter(None, [premises(each.world, language)]), *said]
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
    if isinstance(each.world, Scenario):
        parts = [_assumed(account(each.world, origin, language), language)]
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
    found = read_standings()
    own, best = ours(found), best_reference(found)
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
