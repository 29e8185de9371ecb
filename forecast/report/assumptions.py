"""Assumptions of a scenario in words of a language, with their sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from forecast.report.contrasts import DATES, ENTRIES, MONEY, SHARES, key_name
from forecast.report.i18n import Language, language_of
from forecast.report.sentences import assumed_conditions
from forecast.scenario.investments import Investment, Itemised, itemised
from forecast.scenario.localization import Localization
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.policy import CERTAIN, ImportCommitment, Tariff
from forecast.scenario.scenario import Scenario, plain_scenario
from forecast.stats.distributions import Distribution

SHOWN = frozenset(
    {
        "name", "title", "title_ko", "description", "description_ko", "origin", "as_of", "horizon", "basis",
        "investments", "localization",
        "overrides", "sources", "tariffs", "import_commitments", "drivers", "shocks", "memory", "future_announcements",
    }
)  # fmt: skip
"""Keys of a scenario that a page puts in words; others it names, and shows in the file."""


@dataclass(frozen=True, slots=True)
class Words:
    """A user's text and the language it is in."""

    text: str
    lang: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was read: as stated, its short name, and its link, empty unless it is an address of the web."""

    text: str
    name: str
    link: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """One investment, tariff or commitment.

    Attributes:
        name: its id.
        words: who does what, in the user's words.
        cells: what is assumed of it, in the order of the table's columns.
        sources: where it was read.
    """

    name: str
    words: Words
    cells: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All that a scenario assumes.

    Attributes:
        investments, tariffs, commitments: rows of their tables.
        others: sentences on everything else.
        sources: every source, those of single entries included.
    """

    investments: tuple[Assumption, ...]
    tariffs: tuple[Assumption, ...]
    commitments: tuple[Assumption, ...]
    others: tuple[str, ...]
    sources: tuple[Source, ...]


def assumptions(scenario: Scenario, origin: float, language: Language) -> Assumptions:
    """All that a scenario assumes; `origin` is the run's, on the quarter axis."""
    return Assumptions(
        investments=tuple(_investment(item, language) for item in scenario.investments),
        tariffs=tuple(_tariff(item, origin, language) for item in scenario.tariffs),
        commitments=tuple(_commitment(item, language) for item in scenario.import_commitments),
        others=tuple(_others(scenario, language)),
        sources=_sources(_every_source(scenario)),
    )


def branch_assumptions(
    mixture: AnyScenario, origin: float, language: Language
) -> tuple[Assumptions, Mapping[str, Assumptions]]:
    """What all branches assume alike, and by label what each assumes beyond that."""
    every = {branch.label: assumptions(branch.scenario, origin, language) for branch in mixture.branches}
    first, differing = every[mixture.branches[0].label], _differing_entries(mixture)
    shared = {
        field.name: tuple(
            item
            for item in getattr(first, field.name)
            if all(item in getattr(one, field.name) for one in every.values())
            and getattr(item, "name", None) not in differing
        )
        for field in fields(Assumptions)
    }
    own = {
        label: Assumptions(
            **{name: tuple(item for item in getattr(one, name) if item not in shared[name]) for name in shared}
        )
        for label, one in every.items()
    }
    return Assumptions(**shared), own


def _differing_entries(mixture: AnyScenario) -> set[str]:
    """Ids of entries that are not the same in all branches, even where the page shows no difference."""
    entries = [
        {entry.id: entry for group in ENTRIES for entry in getattr(branch.scenario, group)}
        for branch in mixture.branches
    ]
    return {name for one in entries for name in one if any(other.get(name) != one[name] for other in entries)}


def _every_source(scenario: Scenario) -> list[str]:
    entries = [item.sources for item in scenario.investments]
    entries += [item.sources for item in scenario.tariffs]
    entries += [item.sources for item in scenario.import_commitments]
    return [source for sources in (*entries, scenario.sources) for source in sources]


def user_words(text: str) -> Words:
    """A user's text with its language."""
    return Words(text, language_of(text))


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "investments": ("project", "sector", "amount", "announced", "construction", "production", "probability", "sources"),
    "tariffs": ("goods", "duty", "span", "comes", "sources"),
    "commitments": ("goods", "value", "delivery", "comes", "sources"),
}


def groups(assumed: Assumptions, language: Language) -> list[tuple[str, list[str], Sequence[Assumption]]]:
    """Assumptions by kind, of those there are: heading, headings of the columns, entries."""
    kinds: dict[str, Sequence[Assumption]] = {
        "investments": assumed.investments, "tariffs": assumed.tariffs, "commitments": assumed.commitments
    }  # fmt: skip
    return [
        (language.text(f"headings.{name}"), [language.text(f"columns.{column}") for column in COLUMNS[name]], items)
        for name, items in kinds.items()
        if items
    ]


def prose(text: str) -> Words | None:
    """A user's longer text; None where there is none."""
    return user_words(text) if text else None


def _investment(item: Investment, language: Language) -> Assumption:
    sector, kind = (language.text(key) for key in (f"sectors.{item.sector}", f"kinds.{item.kind}"))
    cells = (
        language.list([sector, kind, *_membership(item, language)]),
        _money(item.amount, language),
        language.date(item.announced),
        *_dates(item, language),
        _chance(item, language),
    )
    return Assumption(
        item.id,
        user_words(f"{item.company}: {language.either(item.project, item.project_ko)}"),
        cells,
        _sources(item.sources),
    )


def _membership(item: Investment, language: Language) -> list[str]:
    return [] if item.part_of is None else [language.text("assumed.part", whole=item.part_of)]


def _dates(item: Investment, language: Language) -> tuple[str, str]:
    """Start of construction and of production."""
    if item.kind == "pledge":
        return "–", "–"
    otherwise = {name: "once" if item.kind == "acquisition" else name for name in ("before", "after")}
    return (
        _when(item.construction_start, otherwise["before"], language),
        _when(item.production_start, otherwise["after"], language),
    )


def _when(date: Distribution | None, otherwise: str, language: Language) -> str:
    return language.text(f"assumed.{otherwise}") if date is None else language.when(date)


def _chance(item: Investment, language: Language) -> str:
    """How likely it is built: stated, or learned."""
    if item.kind == "pledge":
        return language.text("assumed.umbrella")
    stated = (
        language.text("assumed.learned") if item.probability is None else _stated_chance(item.probability, language)
    )
    return language.text("assumed.called", tariff=item.when.tariff, chance=stated) if item.when is not None else stated


def _stated_chance(distribution: Distribution, language: Language) -> str:
    return language.text("assumed.certain") if distribution == CERTAIN else language.number(distribution, share=True)


def _tariff(item: Tariff, origin: float, language: Language) -> Assumption:
    start = language.when(item.start)
    cells = (
        _duty(item, origin, language),
        language.text("assumed.since", start=start)
        if item.until is None
        else language.text("assumed.until", start=start, until=language.when(item.until)),
        _stated_chance(item.probability, language),
    )
    goods = language.list([language.text(f"sectors.{sector}") for sector in item.sectors])
    return Assumption(item.id, Words(goods, language.code), cells, _sources(item.sources))


def _duty(item: Tariff, origin: float, language: Language) -> str:
    """The duty on Korea, and what is added to that on rivals."""
    rate = _rate(item, origin, language)
    if item.rivals is None:
        return rate
    return language.text("assumed.with_rivals", duty=rate, points=_points(item.rivals, language))


def _points(added: Distribution, language: Language) -> str:
    number = language.number(added, factor=100.0)
    return language.text(f"assumed.points.{'one' if number == '1' else 'many'}", number=number)


def _rate(item: Tariff, origin: float, language: Language) -> str:
    if item.rate is not None and not item.stacks:
        return language.number(item.rate, share=True)
    added = item.change if item.rate is None else item.rate
    assert added is not None
    points = _points(added, language)
    if item.stacks:
        return language.text("assumed.stacked", points=points)
    return language.text("assumed.added", points=points, origin=language.date(origin))


def _commitment(item: ImportCommitment, language: Language) -> Assumption:
    value = item.amount if item.per_year is None else item.per_year
    assert value is not None
    amount = _money(value, language)
    cells = (
        amount if item.per_year is None else language.text("assumed.per_year", value=amount),
        language.text("assumed.until", start=language.when(item.start), until=language.when(item.until)),
        _stated_chance(item.probability, language),
    )
    return Assumption(item.id, Words(language.text(f"goods.{item.what}"), language.code), cells, _sources(item.sources))


def _money(distribution: Distribution, language: Language) -> str:
    return language.number(distribution, factor=float(language.part("numbers.factor")))


def _others(scenario: Scenario, language: Language) -> Iterator[str]:
    """Sentences on localization, coefficients, horizon and day, and the names of other keys."""
    yield _path(scenario.localization, language)
    own = {language.text(f"sectors.{name}"): path for name, path in scenario.sector_localization.items()}
    own |= {item.id: item.localization for item in scenario.investments if item.localization is not None}
    for owner, path in own.items():
        yield language.text("assumed.own_path", owner=owner, path=_path(path, language))
    judged = {
        language.text(f"sectors.{name}"): distributions for name, distributions in scenario.sector_coefficients.items()
    }
    judged |= {item.id: item.coefficients for item in scenario.investments if item.coefficients}
    for owner, distributions in judged.items():
        names = language.list(
            [_coefficient(name, distribution, language) for name, distribution in distributions.items()]
        )
        yield language.text("assumed.overrides", owner=owner, names=names)
    yield from _besides(scenario, language)
    yield from (_pledge(pledge, language) for pledge in itemised(scenario.investments))
    yield from filter(None, [assumed_conditions(scenario, language)])
    if scenario.future_announcements is not None:
        pace = language.number(scenario.future_announcements)
        yield language.text("assumed.future_announcements", pace=pace)
    yield language.text("assumed.horizon", year=scenario.horizon)
    if scenario.as_of is not None:
        yield language.text("assumed.as_of", day=scenario.as_of)
    unnamed = sorted(set(plain_scenario(scenario)) - SHOWN)
    if unnamed:
        yield language.text("assumed.more", keys=language.list(unnamed))


_WITHOUT_COLUMN = {
    "investments": ("new_capex", "slip", "scale", "production_end"),
    "tariffs": ("elasticity", "pass_through", "adjustment", "substitution", "localization_response"),
    "import_commitments": ("additionality", "fulfilment"),
}
"""Numbers of entries that tables have no column for."""


def _besides(scenario: Scenario, language: Language) -> Iterator[str]:
    """Numbers that entries state and no column shows."""
    for group, keys in _WITHOUT_COLUMN.items():
        for item in getattr(scenario, group):
            usual = {field.name: field.default for field in fields(item)}
            stated = {key: getattr(item, key) for key in keys if getattr(item, key) not in (None, usual[key])}
            names = [f"{key_name(key, language)} {_whole_value(key, value, language)}" for key, value in stated.items()]
            if names:
                yield language.text("assumed.besides", owner=item.id, names=language.list(names))


def _whole_value(key: str, value: Distribution, language: Language) -> str:
    """A value with its unit and its spread."""
    if key in DATES:
        return language.when(value)
    if key in MONEY:
        return language.text("numbers.money", amount=_money(value, language))
    return language.number(value, share=key in SHARES)


def pledge_notes(scenario: Scenario, language: Language) -> list[str]:
    """How much of every pledge is simulated through its parts, where a rest is not; means."""
    return [
        language.text("sentences.pledge", **_amounts(pledge, language))
        for pledge in itemised(scenario.investments)
        if pledge.outside
    ]


def _pledge(pledge: Itemised, language: Language) -> str:
    """The same of one pledge, with its parts."""
    key = "assumed.itemised" if pledge.outside else "assumed.itemised_whole"
    return language.text(key, parts=language.list(pledge.parts), **_amounts(pledge, language))


def _amounts(pledge: Itemised, language: Language) -> dict[str, str]:
    """Amounts of a pledge to four digits, with its id."""
    factor = float(language.part("numbers.factor"))
    amounts = {"whole": pledge.whole, "inside": pledge.inside, "outside": pledge.outside}
    written = {name: f"{float(f'{value * factor:.4g}'):,g}" for name, value in amounts.items()}
    return {"id": pledge.id} | {name: language.text("numbers.money", amount=text) for name, text in written.items()}


def _coefficient(name: str, distribution: Distribution, language: Language) -> str:
    return f"{language.text(f'coefficients.{name}')} {language.number(distribution)}"


def _path(path: Localization, language: Language) -> str:
    stated: dict[str, Any] = {
        "local": None if path.local is None else language.number(path.local, share=True),
        "by": None if path.by is None else language.date(path.by),
        "at": None if path.at is None else language.date(path.at),
        "speed": None if path.speed is None else language.number(path.speed),
    }
    return language.text(f"paths.{path.path}", **stated)


def _sources(stated: Sequence[str]) -> tuple[Source, ...]:
    """Sources; only addresses of the web become links, whatever else a file may hold."""
    return tuple(map(_source, dict.fromkeys(stated)))


def _source(text: str) -> Source:
    """One source.

    >>> _source("https://www.khan.co.kr/a/1").name, _source("javascript:alert(1)").link
    ('khan.co.kr', '')
    """
    scheme, _, rest = text.partition("://")
    if scheme not in ("http", "https"):
        return Source(text, text, "")
    return Source(text, rest.partition("/")[0].removeprefix("www."), text)
