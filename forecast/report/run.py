"""Tables of runs and of observed trade: the surplus, what announcements, policy and branches do to it, and the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.characters import plain_spaces
from forecast.dims import (
    BASES,
    CENSUS_BALANCE,
    CHANNELS,
    EFFECTS,
    FUTURE,
    NEWS,
    OUTPUT,
    POLICIES,
)
from forecast.observations.annual import AnnualTrade, History
from forecast.observations.vintage import vintage
from forecast.report.effect import MEDIAN, origin_of
from forecast.report.i18n import ENGLISH, Language
from forecast.report.sentences import assumed_conditions, record_of, run_books_note
from forecast.report.table import Column, Row, Table, table
from forecast.results.archive import Outcome, made, outcomes
from forecast.results.highlights import moving_policies, place_of
from forecast.results.results import Results
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.scenario import Branch
from forecast.stats.summary import BELOW, INTERVALS, Summary, exceedance_name, quantile_name

if TYPE_CHECKING:
    import pandas as pd

EFFECT = "effect"
"""Series of what the announcements add to the surplus, as against the same world without them."""

Estimate = tuple[float, float]
"""A value and its standard error."""

ABSENT = "–"


def unit_of(results: Results, language: Language) -> dict[str, str]:
    """Unit and basis of the levels of a run, as titles name them."""
    return {"unit": language.text("numbers.unit_a_year"), "basis": language.text(f"bases.{results.basis}")}


def interval_headings(language: Language) -> list[str]:
    """Headings of the columns of all intervals."""
    return language.headings(*(f"interval_{width}" for width in INTERVALS))


def surplus_table(runs: Mapping[str, Results], language: Language = ENGLISH) -> Table:
    """The surplus by scenario and year: median, intervals, chances of a record and of a deficit, and what came later.

    On Korean customs basis the median of the same draws on US Census basis stands beside, where nothing came later.

    Args:
        runs: by name, all of one basis and one day; names are shown where there are several.
    """
    first, several = next(iter(runs.values())), len(runs) > 1
    record = record_of(first.basis, first.as_of)[1]
    later = bool(outcomes(first))
    headings = [
        *language.headings("year", *(["scenario"] if several else []), "median"),
        *interval_headings(language),
        language.heading("columns.above_record", record=language.amount(record, 0.1, places=1)),
        *language.headings("deficit", *(["outcome"] if later else ["median_census"] if _both(first) else [])),
    ]
    rows = [
        Row((str(year), *([name] if several else []), *cells), run)
        for run, (name, results) in enumerate(runs.items())
        for year, cells in _levels(results, record, language)
    ]
    return table(language.text("charts.fan", **unit_of(first, language)), headings, rows)


def _levels(results: Results, record: float, language: Language) -> Iterator[tuple[int, list[str]]]:
    """Cells of every year."""
    summary, series = results.statistics, "trade_balance"
    later = {outcome.year: outcome_cell(outcome, language) for outcome in outcomes(results)}
    for index, year in enumerate(summary.years):
        beside = [language.statistic(summary, CENSUS_BALANCE, MEDIAN, index, places=1)] if _both(results) else []
        chances = (language.chance_cell(summary, series, name, index) for name in (exceedance_name(record), BELOW))
        yield (
            year,
            [
                language.statistic(summary, series, MEDIAN, index, places=1),
                *(language.interval(summary, series, width, index, places=0) for width in INTERVALS),
                *chances,
                *([later.get(year, "")] if later else beside),
            ],
        )


def _both(results: Results) -> bool:
    """Whether a run on Korean customs basis has the other book as well."""
    return results.basis == "korea_customs" and CENSUS_BALANCE in results.statistics.series


def outcome_cell(outcome: Outcome, language: Language) -> str:
    """The surplus of a year as observed, and for a whole year where in the forecast it fell."""
    rank = ""
    if outcome.percentile is not None:
        rank = f", {language.ordinal(min(max(round(outcome.percentile), 1), 99))}"
    return f"{language.amount(outcome.value, 0.1, places=1)}{_months_seen(outcome.months, language)}{rank}"


def _months_seen(months: int, language: Language) -> str:
    return "" if months == 12 else language.text("numbers.months_seen", months=months)


def contribution_table(results: Results, language: Language = ENGLISH) -> Table:
    """Effect of the announcements by year and to the horizon: mean of each channel and of all, interval, and news."""
    summary, series = results.statistics, [*(f"effect_{name}" for name in CHANNELS), EFFECT]
    title = language.text("tables.contributions", **unit_of(results, language))
    headings = [language.heading(f"channels.{name}") for name in CHANNELS]
    news = language.heading("columns.news", origin=origin_of(results, language))
    years = [
        [
            str(year),
            *(language.statistic(summary, name, "mean", index, "+") for name in series),
            language.interval(summary, EFFECT, 80, index, "+"),
            language.statistic(summary, "news", "mean", index, "+"),
        ]
        for index, year in enumerate(summary.years)
    ]
    whole = [
        language.text("tables.sum"),
        *(language.amount(*summed(summary, name), "+") for name in series),
        language.interval(summary, "cumulated_effect", 80, len(summary.years) - 1, "+"),
        language.amount(*summed(summary, "news"), "+"),
    ]
    return table(
        title, [*language.headings("year"), *headings, *language.headings("all", "all_80"), news], [*years, whole]
    )


def summed(summary: Summary, series: str) -> Estimate:
    """Sum of the means of all years, with the error it has at most."""
    return float(summary.value(series, "mean").sum()), float(
        summary.statistics["mean"].standard_error[summary.series.index(series)].sum()
    )


def told_policies(summary: Summary) -> list[str]:
    """Policies of a run that do anything in some draw, or where none does those that it has; none where it has none."""
    return moving_policies(summary) or [name for name in POLICIES if name in summary.series]


def policy_table(results: Results, language: Language = ENGLISH) -> Table:
    """What tariffs and import commitments do to the surplus by year: median and interval of each that is stated."""
    summary = results.statistics
    names = told_policies(summary)
    *others, last = (language.text(f"policies.{name}").lower() for name in names)
    listed = language.text("tables.and").join(filter(None, [language.list(others), last]))
    headings = [
        language.heading(f"columns.policy_{part}", policy=language.text(f"policies.{name}"))
        for name in names
        for part in ("median", "80")
    ]
    return table(
        language.text("tables.policies", policies=listed, **unit_of(results, language)),
        [*language.headings("year"), *headings],
        (
            [str(year), *(cell for name in names for cell in _median_and_interval(summary, name, index, language))]
            for index, year in enumerate(summary.years)
        ),
    )


def _median_and_interval(summary: Summary, name: str, index: int, language: Language) -> tuple[str, str]:
    return (
        language.statistic(summary, name, MEDIAN, index, "+"),
        language.interval(summary, name, 80, index, "+"),
    )


def notes(results: Results, world: AnyScenario, language: Language = ENGLISH) -> list[str]:
    """What stands beside the numbers of a run: conditions assumed, the gap between the books, draws; what there is."""
    conditions = assumed_conditions(world.single, language) if world.single is not None else ""
    told = (
        conditions,
        run_books_note(results, language),
        dominance_note(results, language),
        sampling_note(results, language),
    )
    return [note for note in told if note]


def sampling_note(results: Results, language: Language = ENGLISH) -> str:
    """How draws were sampled, where they are not independent."""
    scheme, block = results.manifest["scheme"], f"{results.manifest['block_size']:,}"
    if scheme == "plain":
        return ""
    return language.text("tables.sampled", block=block, sampler=language.text(f"samplers.{scheme}"))


def sampled_draws(results: Results, language: Language = ENGLISH) -> str:
    """The number of draws of a run, and how they were sampled where they are not independent."""
    scheme, draws = results.manifest["scheme"], f"{results.manifest['n_draws']:,}"
    if scheme == "plain":
        return draws
    return language.text("tables.draws_by", draws=draws, sampler=language.text(f"samplers.{scheme}"))


def dominance_note(results: Results, language: Language = ENGLISH) -> str:
    """A warning where single draws make too much of a mean or a variance: the largest share, and how many more.

    Of channels, output and plants still to be announced the manifest alone tells: orders long after construction are
    rare by nature, as is output long before most plants run, and few draws make them.
    """
    parts = {*EFFECTS[2:], *NEWS[1:], OUTPUT, FUTURE}
    dominant = (draw for draw in results.statistics.dominant_draws if draw.series not in parts)
    draws = sorted(dominant, key=lambda draw: -draw.share)
    if not draws:
        return ""
    first = language.text(
        "sentences.dominant_share",
        share=language.text("numbers.percent", number=f"{100 * draws[0].share:.0f}"),
        statistic=language.text(f"sentences.dominant_statistics.{draws[0].statistic}"),
        what=language.outcome(draws[0].series, draws[0].year),
    )
    others = [language.count("sentences.dominant_others", len(draws) - 1)] if len(draws) > 1 else []
    return language.text("sentences.dominant", shares=language.list([first, *others]))


@dataclass(frozen=True, slots=True)
class BranchResult:
    """A branch in the last year, bn USD a year.

    Attributes:
        share: of the draws that follow it.
        median: of the surplus.
        span: both ends of its 80 % interval.
        effects: median of what announcements and policies add, by series: those that add anything in some branch.
    """

    share: float
    median: Estimate
    span: tuple[Estimate, Estimate]
    effects: Mapping[str, Estimate]


def branch_results(branches: pd.DataFrame, year: int | None = None) -> dict[str, BranchResult]:
    """Every branch that some draw follows, by label, sorted.

    Args:
        branches: `Results.branches` of a run of a mixture.
        year: the last by default.
    """
    told = int(branches["year"].max()) if year is None else year
    numbers = branches[branches["year"] == told].set_index(["branch", "series", "statistic"])
    means = numbers["value"].xs("mean", level="statistic").unstack("series")
    moving = [name for name in (EFFECT, *POLICIES) if name in means and means[name].any()]
    return {str(label): _branch_result(numbers.loc[label], moving) for label in means.index}


def _branch_result(rows: pd.DataFrame, moving: Sequence[str]) -> BranchResult:
    low, median, high = (_estimate(rows, "trade_balance", quantile_name(level)) for level in (0.1, 0.5, 0.9))
    effects = {name: _estimate(rows, name, MEDIAN) for name in moving}
    return BranchResult(float(rows["share"].iloc[0]), median, (low, high), effects)


def _estimate(rows: pd.DataFrame, series: str, name: str) -> Estimate:
    value, error = rows.loc[(series, name), ["value", "standard_error"]].to_numpy()
    return float(value), float(error)


def branch_table(
    results: Results, mixture: AnyScenario, language: Language = ENGLISH, year: int | None = None
) -> Table:
    """Weight and share of draws of every branch, its surplus in a year and what is added to it; and of all.

    Args:
        year: the last by default.
    """
    assert results.branches is not None
    summary, at = results.statistics, place_of(year, results.statistics.years)
    followed = branch_results(results.branches, summary.years[at])
    effects = tuple(next(iter(followed.values())).effects)
    added = [language.heading("columns.policy_median", policy=_effect_name(name, language)) for name in effects]
    rows = [
        [
            branch_name(branch, language),
            language.number(branch.weight),
            *_branch_cells(branch, followed, effects, language),
        ]
        for branch in mixture.branches
    ]
    return table(
        language.text("branches.caption", year=summary.years[at], **unit_of(results, language)),
        [*language.headings("branch", "weight", "draws", "branch_median", "branch_80"), *added],
        [*rows, [language.text("branches.whole"), "", *_whole_cells(summary, effects, at, language)]],
        words=1,
    )


def branch_name(branch: Branch, language: Language) -> str:
    """Title of the scenario, and the label where it says more than the name of that."""
    title, label = language.either(branch.scenario.title, branch.scenario.title_ko), branch.label
    return title if label in (title, branch.scenario.name) else f"{title} · {label}"


def branch_share(label: str, results: Results, language: Language) -> str:
    """The share of draws that follow a branch, to a tenth of a percent."""
    assert results.branches is not None
    found = branch_results(results.branches).get(label)
    return language.share(0.0 if found is None else round(found.share, 3))


def _effect_name(series: str, language: Language) -> str:
    return language.text("columns.announcements" if series == EFFECT else f"policies.{series}")


def _branch_cells(
    branch: Branch, followed: Mapping[str, BranchResult], effects: Sequence[str], language: Language
) -> list[str]:
    """Share, median, interval and effects of a branch; one that no draw follows says nothing of the surplus."""
    found = followed.get(branch.label)
    if found is None:
        return [language.share(0.0), ABSENT, ABSENT, *(ABSENT for _ in effects)]
    return [
        language.share(round(found.share, 3)),
        language.amount(*found.median, places=0),
        language.span(found.span, places=0),
        *(language.amount(*found.effects[name], "+") for name in effects),
    ]


def _whole_cells(summary: Summary, effects: Sequence[str], at: int, language: Language) -> list[str]:
    return [
        language.share(1.0),
        language.statistic(summary, "trade_balance", MEDIAN, at, places=0),
        language.interval(summary, "trade_balance", 80, at, places=0),
        *(language.statistic(summary, name, MEDIAN, at, "+") for name in effects),
    ]


def runs_table(runs: Sequence[Results], language: Language = ENGLISH) -> Table:
    """Stored runs, one a row."""
    overridden = any(run.overrides for run in runs)
    headings = language.headings("scenario", "run", "n_draws", "seed", "parameters", "made")
    columns = [Column(heading) for heading in headings]
    if overridden:
        columns.append(Column(language.heading("columns.overrides"), words=True))
    rows = (Row((*_manifest_cells(run, language), *([", ".join(run.overrides)] if overridden else []))) for run in runs)
    return Table(language.text("tables.runs"), tuple(columns), tuple(rows))


def _manifest_cells(run: Results, language: Language) -> tuple[str, ...]:
    manifest = run.manifest
    counts = (sampled_draws(run, language), str(manifest["seed"]))
    return run.name, manifest["digest"], *counts, manifest["parameters"], made(run)


def history_table(seen: History, language: Language = ENGLISH) -> Table:
    """Exports, imports and balance of past years on both bases; a running year says how many months it holds."""
    books = [getattr(seen, basis) for basis in BASES]
    headings = [
        f"{language.text(f'columns.{flow}')}\n{language.heading(f'books_short.{basis}')}"
        for basis in BASES
        for flow in ("exports", "imports", "balance")
    ]
    return table(
        language.text("tables.history", unit=language.text("numbers.unit_a_year")),
        [*language.headings("year"), *headings],
        (
            [str(year), *(_observed(book, index, flow, language) for book in books for flow in range(3))]
            for index, year in enumerate(books[0].years)
        ),
        notes=[language.list([language.text("tables.history_note"), *_parts_of_years(books, language)])],
    )


def _parts_of_years(books: Sequence[AnnualTrade], language: Language) -> list[str]:
    """What stands behind a sum of months, and which months these are."""
    counts = {int(months) for book in books for months in book.months.ravel() if 0 < months < 12}
    return [f"{_months_seen(months, language).strip()} {language.first_months(months)}" for months in sorted(counts)]


def _observed(book: AnnualTrade, index: int, flow: int, language: Language) -> str:
    value, months = float(book.values[index, flow]), int(book.months[index, flow])
    if months == 0:
        return ABSENT
    arithmetic = "*" if book.derived[index, flow] else ""
    return f"{language.amount(value, 0.1, places=1)}{arithmetic}{_months_seen(months, language)}"


def knowledge(results: Results, later: Sequence[Outcome], language: Language = ENGLISH) -> str:
    """What a run as of a day knew, what it could not help knowing, and what is not known even now."""
    known = vintage(results.as_of)
    end = 3 * (known.trade.origin + 1) + len(known.trade.later_exports) - 1
    sentences = [language.text("knowledge.data", day=results.as_of, month=language.short_month(end))]
    sentences += [
        language.text(
            "knowledge.part", value=outcome_cell(outcome, language), months=language.first_months(outcome.months)
        )
        for outcome in later
        if outcome.months < 12
    ]
    if not later:
        sentences.append(language.text("knowledge.nothing", basis=language.text(f"bases.{results.basis}")))
    return plain_spaces(" ".join(sentences))
