"""What assumptions change, as a page draws and tabulates it: one run against another, and announcements by channel.

The branches of a mixture on a page: how often each is followed, what it says of the last year, what it assumes.

Because of what two runs differ: the difference divided among their assumptions, where that takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from forecast.analysis.attribution import Attribution, attribute, scenarios_needed
from forecast.analysis.comparison import difference_summary, moving_levers, paired_difference, tied
from forecast.code_digests import code_digest
from forecast.dims import CHANNELS
from forecast.engine.plan import BLOCK_SIZE
from forecast.engine.simulate import Settings
from forecast.errors import PosteriorError
from forecast.models.posterior import load_posterior
from forecast.report.assumptions import Account, account, contrast_changes, contrast_names, user_words
from forecast.report.charts import (
    Diagram,
    Fan,
    Grid,
    Row,
    Scene,
    Told,
    diagram,
    fan_of,
    forecast_reading,
    tick_writer,
    unit_of,
)
from forecast.report.comparison import ALL, OTHERS, ranked
from forecast.report.i18n import Language
from forecast.report.sentences import MEDIAN, chance_above, difference_sentences, mixture_sentences
from forecast.report.tables import Followed, followed
from forecast.scenario.contrasts import Contrast, contrasts
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.scenario import Branch
from forecast.stats.formatting import ends
from forecast.stats.summary import INTERVALS, Summary

ABSENT = "–"


def branch_levels(each: Told, language: Language) -> Grid | None:
    """Weight and share of every branch, its surplus and what its announcements add, and the same of all draws.

    None for a run of one scenario.
    """
    if each.world.single is not None:
        return None
    found = _followed(each)
    effects = tuple(next(iter(found.values())).effects)
    headings = [language.text(f"columns.{name}") for name in ("branch", "weight", "draws", "median", "interval_80")]
    rows = [_cells(branch, found.get(branch.label), effects, language) for branch in each.world.branches]
    return Grid(
        language.text("branches.caption", year=each.results.statistics.years[-1], **unit_of(each.results, language)),
        [*headings, *(_heading(name, language) for name in effects)],
        [Row(cells) for cells in (*rows, _whole(each, effects, language))],
    )


def _heading(effect: str, language: Language) -> str:
    if effect == "investment_effect":
        return language.text("columns.announcements")
    return language.text("columns.lever", lever=language.text(f"levers.{effect}"))


def branch_words(branch: Branch, each: Told, language: Language) -> str:
    """The weight of a branch as stated, and the share of draws that follow it."""
    found = _followed(each).get(branch.label)
    share = language.share(0.0 if found is None else round(found.share, 3))
    return language.text("branches.weight", weight=language.number(branch.weight), share=share)


def branch_name(branch: Branch) -> str:
    """Title of the scenario, and the label where it says more than the name of that."""
    title, label = branch.scenario.title, branch.label
    return title if label in (title, branch.scenario.name) else f"{title} · {label}"


def branch_accounts(mixture: AnyScenario, origin: float, language: Language) -> tuple[Account, Mapping[str, Account]]:
    """What all branches assume alike, and by label what each assumes beyond that."""
    told = {branch.label: account(branch.scenario, origin, language) for branch in mixture.branches}
    differing = _differing(mixture)
    shared = {
        field.name: tuple(
            item
            for item in getattr(told[mixture.branches[0].label], field.name)
            if all(item in getattr(each, field.name) for each in told.values())
            and getattr(item, "name", None) not in differing
        )
        for field in fields(Account)
    }
    own = {
        label: Account(
            **{name: tuple(item for item in getattr(each, name) if item not in shared[name]) for name in shared}
        )
        for label, each in told.items()
    }
    return Account(**shared), own


def _differing(mixture: AnyScenario) -> set[str]:
    """Ids of entries that are not the same in all branches, even where the page tells no difference."""
    groups = ("investments", "tariffs", "import_commitments")
    entries = [
        {entry.id: entry for group in groups for entry in getattr(branch.scenario, group)}
        for branch in mixture.branches
    ]
    return {name for one in entries for name in one if any(other.get(name) != one[name] for other in entries)}


def _followed(each: Told) -> Mapping[str, Followed]:
    assert each.results.branches is not None
    return {branch.label: branch for branch in followed(each.results.branches)}


def _cells(branch: Branch, found: Followed | None, effects: Sequence[str], language: Language) -> list[str]:
    """Of a branch; one that no draw follows says nothing of the surplus."""
    head = [branch_name(branch), language.number(branch.weight)]
    if found is None:
        return [*head, language.share(0.0), ABSENT, ABSENT, *(ABSENT for _ in effects)]
    return [
        *head,
        language.share(round(found.share, 3)),
        language.amount(*found.median, places=0),
        language.span(found.span, places=0),
        *(language.amount(*found.effects[name], "+") for name in effects),
    ]


def _whole(each: Told, effects: Sequence[str], language: Language) -> list[str]:
    summary = each.results.statistics
    last = len(summary.years) - 1
    return [
        language.text("branches.whole"),
        "",
        language.share(1.0),
        language.amount(*summary.estimate("trade_balance", MEDIAN, last), places=0),
        language.span(ends(summary, "trade_balance", 80, last), places=0),
        *(language.amount(*summary.estimate(name, "mean", last), "+") for name in effects),
    ]


MOST_DRAWS = 1_000_000
"""Draws simulated for one attribution at most, over all its scenarios: about ten seconds."""


FEWEST_DRAWS = 2 * BLOCK_SIZE
"""First draws of the runs that parts are taken from at least; where these are too many, the orders are sampled."""


SHOWN = 8
"""Assumptions shown one by one; the others are added up."""


@dataclass(frozen=True, slots=True)
class Division:
    """A difference divided, or why it is not.

    Attributes:
        n_assumptions: assumptions that differ.
        n_draws: draws of the runs.
        obstacle: `many` where assumptions are too many, `changed` where the runs cannot be simulated again as they
            were, `mixture` where one of them is of several scenarios.
        attribution: the parts, of the first draws or of all, where nothing is in the way.
    """

    n_assumptions: int
    n_draws: int
    obstacle: str = ""
    attribution: Attribution | None = None


def division(alternative: Told, reference: Told) -> Division:
    """The difference of two runs that are pairs, divided among the assumptions that differ."""
    one, other = reference.world.single, alternative.world.single
    if one is None or other is None:
        return Division(0, 0, "mixture")
    found, manifest = contrasts(one, other), reference.results.manifest
    whole = Settings(*(manifest[name] for name in ("n_draws", "seed", "scheme")))
    settings = replace(whole, n_draws=_first_draws(scenarios_needed(found), whole.n_draws))
    most = MOST_DRAWS // settings.n_draws
    if most < min(scenarios_needed(found), 2 * len(found)):
        return Division(len(found), whole.n_draws, "many")
    try:
        posterior = load_posterior(as_of=manifest["as_of"])
    except PosteriorError:
        return Division(len(found), whole.n_draws, "changed")
    if manifest["digests"]["posterior"] != posterior.digest or manifest["digests"]["code"] != code_digest("numbers"):
        return Division(len(found), whole.n_draws, "changed")
    prior = manifest["parameters"] == "prior"
    divided = attribute(one, other, settings, posterior=posterior, prior=prior, most=most)
    return Division(len(found), whole.n_draws, attribution=divided)


def _first_draws(n_scenarios: int, n_draws: int) -> int:
    """Draws of the runs, in whole blocks from the first on, that so many scenarios can be simulated with."""
    affordable = MOST_DRAWS // n_scenarios // BLOCK_SIZE * BLOCK_SIZE
    return min(n_draws, max(affordable, FEWEST_DRAWS))


def because(divided: Division, language: Language) -> dict[str, Any]:
    """The parts of a difference in the last year as a sentence and a table, or why there are none."""
    attribution = divided.attribution
    if attribution is None:
        told = language.text(f"causes.{divided.obstacle}", n_assumptions=divided.n_assumptions)
        return {"words": told, "table": None}
    year = attribution.years[-1]
    table = Grid(
        language.text("causes.caption", year=year, unit=language.text("numbers.unit")),
        [language.text(f"columns.{name}") for name in ("assumption", "mean", "interval_80")],
        [Row(cells) for cells in _rows(attribution, language)],
    )
    return {"words": " ".join(_method(attribution, divided.n_draws, language)), "table": table}


def _method(attribution: Attribution, n_draws: int, language: Language) -> Iterator[str]:
    """How the parts were found, and what of the runs they leave out."""
    orders = "method" if attribution.exact else "sampled"
    yield language.text(f"causes.{orders}", n_scenarios=f"{attribution.n_scenarios:,}")
    taken = attribution.difference.shape[-1] + attribution.n_failed
    if taken < n_draws:
        yield language.text("causes.first", n_taken=f"{taken:,}", n_draws=f"{n_draws:,}")


def _rows(attribution: Attribution, language: Language) -> Iterator[list[str]]:
    """Parts in the last year, the largest first, and all of them together."""
    ranking = ranked(attribution, len(attribution.years) - 1, SHOWN)
    for contrast in ranking.contrasts:
        yield [_label(contrast, language), *_numbers(ranking.summary, contrast.name, language)]
    if ranking.n_others:
        others = language.text("causes.others", n=ranking.n_others)
        yield [others, *_numbers(ranking.summary, OTHERS, language)]
    yield [language.text("columns.all"), *_numbers(ranking.summary, ALL, language)]


def _numbers(summary: Summary, series: str, language: Language) -> list[str]:
    """Mean and 80 % interval of the last year."""
    last = len(summary.years) - 1
    mean = language.amount(*summary.estimate(series, "mean", last), "+")
    return [mean, language.span(ends(summary, series, 80, last), "+")]


def _label(contrast: Contrast, language: Language) -> str:
    """What the assumption is, and what becomes of it."""
    names, changes = contrast_names(contrast, language), contrast_changes(contrast, language)
    return " · ".join(filter(None, (contrast.title, names, changes)))


EFFECT = "investment_effect"
"""Series of what the announcements add."""


def difference(run: int, told: Sequence[Told], divided: Division, language: Language) -> dict[str, Any]:
    """What a run changes against the first, paired draw by draw."""
    one, other = told[run], told[0]
    block_size = int(one.results.manifest["block_size"])
    change = difference_summary(paired_difference(one.results, other.results), block_size)
    years = change.years
    title = language.text("charts.difference", reference=other.name, unit=language.text("numbers.unit_a_year"))

    def readings(year: int) -> list[tuple[int | str, str]]:
        return [(run, forecast_reading(change, "rise", years.index(year), one.name, language, "+"))]

    ties, weighed = tied(change, "rise"), mixture_sentences([other.results, one.results], language)
    headings = ["year", "median", "interval_50", "interval_80", "interval_95", "higher", *(["lower"] if ties else [])]
    return {
        "run": run,
        "title": user_words(one.name),
        "sentence": " ".join([difference_sentences(change, other.name, language), *weighed]),
        "diagram": diagram(
            title,
            language.text("charts.describe_difference", first=years[0], last=years[-1]),
            Scene([fan_of(run, change, "rise")]),
            readings,
            tick_writer(language),
        ),
        "table": Grid(
            title,
            [language.text(f"columns.{name}") for name in headings],
            [Row(_difference_cells(change, index, language, ties=ties)) for index in range(len(years))],
        ),
        "because": because(divided, language) if divided.n_assumptions or divided.obstacle else None,
    }


def _difference_cells(change: Summary, index: int, language: Language, *, ties: bool) -> list[str]:
    return [
        str(change.years[index]),
        language.amount(*change.estimate("rise", MEDIAN, index), "+"),
        *(language.span(ends(change, "rise", width, index), "+") for width in INTERVALS),
        *(chance_above(change, series, 0.0, index, language) for series in (["rise", "fall"] if ties else ["rise"])),
    ]


def effect(run: int, each: Told, language: Language) -> dict[str, Any]:
    """What the announcements add, by channel, and what the levers do beside them."""
    levers = moving_levers(each.results.statistics)
    diagrams, tables = [_fan(run, each, name, language) for name in levers], []
    if each.results.manifest["n_investments"]:
        diagrams = [_fan(run, each, EFFECT, language), _channels(run, each, language), *diagrams]
        tables.append(_effect_table(each, language))
    if levers:
        tables.append(_lever_table(each, levers, language))
    return {"run": run, "title": user_words(each.name), "diagrams": diagrams, "tables": tables}


def _fan(run: int, each: Told, series: str, language: Language) -> Diagram:
    """What the announcements or a lever do to the surplus."""
    summary = each.results.statistics

    def readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        return [(run, forecast_reading(summary, series, index, each.name, language, "+"))]

    scene = Scene([fan_of(run, summary, series)])
    return diagram(
        effect_title(series, language), _described(summary, language), scene, readings, tick_writer(language)
    )


def effect_title(series: str, language: Language) -> str:
    """Title of what the announcements or a lever do to the surplus."""
    unit = language.text("numbers.unit_a_year")
    if series == EFFECT:
        return language.text("charts.effect", unit=unit)
    return language.text("charts.lever", lever=language.text(f"levers.{series}"), unit=unit)


def _channels(run: int, each: Told, language: Language) -> Diagram:
    """What the announcements add on average, channel by channel."""
    summary = each.results.statistics

    def readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        return [
            (name, f"{_channel(name, language)}: {language.money(*summary.estimate(name, 'mean', index), '+')}")
            for name in CHANNELS
        ]

    title = language.text("charts.channels", unit=language.text("numbers.unit_a_year"))
    whole = Fan(run, summary.years, summary.value(EFFECT, "mean"), {})
    scene = Scene([whole], bars={name: summary.value(name, "mean") for name in CHANNELS})
    return diagram(title, _described(summary, language), scene, readings, tick_writer(language))


def _described(summary: Summary, language: Language) -> str:
    return language.text("charts.describe_difference", first=summary.years[0], last=summary.years[-1])


def _channel(name: str, language: Language) -> str:
    return language.text(f"channels.{name}")


def _effect_table(each: Told, language: Language) -> Grid:
    """Mean of every channel and of all, and the interval of all."""
    summary = each.results.statistics
    headings = [language.text(f"columns.{name}") for name in ("year", "all", "interval_80")]
    headings[1:1] = [_channel(name, language) for name in CHANNELS]
    rows = [
        Row(
            [str(year), *_means(summary, (*CHANNELS, EFFECT), index, language), _span(summary, EFFECT, index, language)]
        )
        for index, year in enumerate(summary.years)
    ]
    return Grid(effect_title(EFFECT, language), headings, rows)


def _lever_table(each: Told, levers: Sequence[str], language: Language) -> Grid:
    """Mean and interval of every lever."""
    summary = each.results.statistics
    headings = [language.text("columns.year")]
    for name in levers:
        headings += [language.text(f"levers.{name}"), language.text("columns.interval_80")]
    rows = [
        Row([str(year), *(cell for name in levers for cell in _lever_cells(summary, name, index, language))])
        for index, year in enumerate(summary.years)
    ]
    return Grid(language.text("charts.levers", unit=language.text("numbers.unit_a_year")), headings, rows)


def _lever_cells(summary: Summary, name: str, index: int, language: Language) -> list[str]:
    return [*_means(summary, (name,), index, language), _span(summary, name, index, language)]


def _means(summary: Summary, names: Sequence[str], index: int, language: Language) -> list[str]:
    return [language.amount(*summary.estimate(name, "mean", index), "+") for name in names]


def _span(summary: Summary, name: str, index: int, language: Language) -> str:
    return language.span(ends(summary, name, 80, index), "+")
