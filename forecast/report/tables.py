"""A result on a terminal: short tables and plain sentences, with no more digits than Monte Carlo error allows.

How tables and numbers on a terminal look: plain, numbers to the right, a title above.

The branches of a mixture in words: how often each was followed, and what it says of the last year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from forecast.analysis.comparison import moving_levers
from forecast.dims import BASES, CHANNELS, LEVERS
from forecast.observations.annual import AnnualTrade, History
from forecast.observations.vintage import vintage
from forecast.plots.style import BASIS_NAMES, CHANNEL_NAMES, LEVER_NAMES, MONTHS, months_label
from forecast.report.i18n import language
from forecast.report.sentences import effect_sentence, lever_sentence, mixture_sentences
from forecast.results.archive import Outcome, made
from forecast.results.results import Results
from forecast.stats.formatting import chance, chance_below, interval, number, rounded, short, span
from forecast.stats.summary import INTERVALS, Summary, quantile_name

if TYPE_CHECKING:
    import pandas as pd

    from forecast.models.fitting import ReportRow


def plain_table(headings: Sequence[str]) -> Table:
    """An empty table of right-aligned columns."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right", vertical="bottom", no_wrap=True)
    return table


def titled(title: str, table: Table) -> Group:
    """A table under its title."""
    return Group(Text(title, style="bold"), table)


def shorten(text: str, width: int) -> str:
    """A text cut to `width` characters, with an ellipsis where it was longer.

    >>> shorten("Vehicle capacity to 1.2 m a year", 16)
    'Vehicle capacit…'
    """
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


_EFFECTS = {"investment_effect": "Announcements", **{name: words.capitalize() for name, words in LEVER_NAMES.items()}}


End = tuple[float, float]
"""A value and its standard error."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A branch in the last year, bn USD a year.

    Attributes:
        label: its name.
        share: of the draws that follow it.
        year: the last.
        median: of the surplus.
        span: both ends of its 80 % interval.
        effects: mean of what announcements and levers add, by series: those that add anything in some branch.
    """

    label: str
    share: float
    year: int
    median: End
    span: tuple[End, End]
    effects: Mapping[str, End]


def followed(branches: pd.DataFrame) -> Iterator[Followed]:
    """Every branch that some draw follows, by label.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    last = int(branches["year"].max())
    numbers = branches[branches["year"] == last].set_index(["branch", "series", "statistic"])
    means = numbers["value"].xs("mean", level="statistic").unstack("series")
    moving = [name for name in _EFFECTS if name in means and means[name].any()]
    for label in means.index:
        rows = numbers.loc[label]
        low, median, high = (_end(rows, "trade_balance", quantile_name(level)) for level in (0.1, 0.5, 0.9))
        effects = {name: _end(rows, name, "mean") for name in moving}
        yield Followed(str(label), float(rows["share"].iloc[0]), last, median, (low, high), effects)


def _end(numbers: pd.DataFrame, series: str, name: str) -> End:
    value, error = numbers.loc[(series, name), ["value", "standard_error"]].to_numpy()
    return float(value), float(error)


def branch_table(branches: pd.DataFrame) -> Group:
    """Share of draws of every branch; surplus, and what announcements and levers do to it, in the last year, by branch.

    Args:
        branches: `Results.branches` of a run of a mixture.
    """
    found = list(followed(branches))
    columns = ["Branch", "Share of\ndraws", "Surplus,\nmedian", "Surplus,\n80 % interval"]
    table = plain_table([*columns, *(f"{_EFFECTS[name]},\nmean" for name in found[0].effects)])
    table.columns[0].justify = "left"
    for branch in found:
        interval, middle = " to ".join(span(branch.span, 0)), rounded(*branch.median, 0)
        added = [rounded(*mean, 2, "+") for mean in branch.effects.values()]
        table.add_row(Text(branch.label), f"{100 * branch.share:.1f} %", middle, interval, *added)
    return titled(f"By branch, {found[0].year}, bn USD a year", table)


GROUNDS = {
    (True, False): "The",
    (True, True): "All this included, the",
    (False, False): "Without new investment the",
    (False, True): "With that and without new investment, the",
}
"""How the sentence on the surplus begins where there are investments, or levers that move it."""


def surplus_table(results: Results, record: float, later: Sequence[Outcome] = ()) -> Group:
    """Surplus by year: median, intervals, the chances of a record and of a deficit, and what came later."""
    summary = results.statistics
    intervals = [f"{width} %\ninterval" for width in INTERVALS]
    title = f"Korea's goods surplus with the US, bn USD a year, {BASIS_NAMES[results.basis]}"
    chances = [f"Chance of\nover {record:.1f}", "Chance of\na deficit"]
    table = plain_table(["Year", "Median", *intervals, *chances, *(["Outcome,\npercentile"] if later else [])])
    came = {outcome.year: _came(outcome) for outcome in later}
    for index, year in enumerate(summary.years):
        median = number(summary, "trade_balance", quantile_name(0.5), index, places=1)
        spans = [interval(summary, "trade_balance", width, index, places=0) for width in INTERVALS]
        above = chance(summary, "trade_balance", record, index)
        deficit = chance_below(summary, "trade_balance", index)
        table.add_row(str(year), median, *spans, above, deficit, *([came.get(year, "")] if later else []))
    return titled(title, table)


def contribution_table(results: Results) -> Group:
    """What the investments add to the surplus by year: mean of each channel and of all, and the interval of all."""
    summary = results.statistics
    title = f"What the announcements add beyond their flows of {results.manifest['origin']}, mean, bn USD a year"
    channels = [name.capitalize().replace(" ", "\n") for name in CHANNEL_NAMES.values()]
    table = plain_table(["Year", *channels, "All", "All, 80 %\ninterval"])
    for index, year in enumerate(summary.years):
        means = [number(summary, name, "mean", index, "+") for name in (*CHANNELS, "investment_effect")]
        table.add_row(str(year), *means, interval(summary, "investment_effect", 80, index, "+"))
    return titled(title, table)


def lever_table(results: Results) -> Group:
    """What tariffs and import commitments do to the surplus by year: mean and interval of each the scenario states."""
    summary = results.statistics
    stated = _stated_levers(summary)
    names = [LEVER_NAMES[name].capitalize() for name in stated]
    title = f"What {_listed_levers(stated)} do to the surplus, bn USD a year"
    table = plain_table(["Year", *(f"{name},\n{part}" for name in names for part in ("mean", "80 % interval"))])
    for index, year in enumerate(summary.years):
        cells = [
            cell
            for name in stated
            for cell in (number(summary, name, "mean", index, "+"), interval(summary, name, 80, index, "+"))
        ]
        table.add_row(str(year), *cells)
    return titled(title, table)


def _listed_levers(names: Sequence[str]) -> str:
    return " and ".join(LEVER_NAMES[name] for name in names)


def _stated_levers(summary: Summary) -> list[str]:
    """Levers that do anything in some draw, or, where none does, those that are stated."""
    return moving_levers(summary) or [name for name in LEVERS if name in summary.series]


def runs_table(runs: Sequence[Results]) -> Group:
    """Stored runs, one a row."""
    headings = ["Scenario", "Run", "Draws", "Seed", "Parameters", "Made (UTC)"]
    table = plain_table(headings)
    if any(run.overrides for run in runs):
        table.add_column("Set by -s", overflow="fold", vertical="bottom")
    for run in runs:
        manifest = run.manifest
        counts = (f"{manifest['n_draws']:,}", str(manifest["seed"]))
        cells = (run.name, manifest["digest"], *counts, manifest["parameters"], made(run))
        table.add_row(*cells, *([Text(", ".join(run.overrides))] if run.overrides else []))
    return titled("Stored runs", table)


def history_table(seen: History) -> Group:
    """Exports, imports and balance of past years on both bases; a running year says how many months it holds."""
    books = [getattr(seen, basis) for basis in BASES]
    bases = [
        BASIS_NAMES[basis].replace(" basis", "").replace("US ", "US\n").replace("Korean ", "Korean\n")
        for basis in BASES
    ]
    flows = [f"{flow}\n{basis}" for basis in bases for flow in ("Exports", "Imports", "Balance")]
    table = plain_table(["Year", *flows])
    for index, year in enumerate(books[0].years):
        cells = [_observed(book, index, flow) for book in books for flow in range(3)]
        table.add_row(str(year), *cells)
    return titled("Korea's goods trade with the US, bn USD a year", table)


def answer(results: Results, later: Sequence[Outcome] = ()) -> Text:
    """What the scenario does to the surplus, when, and how sure that is; the surplus itself; and what came later."""
    summary, english = results.statistics, language("en")
    said = [english.text("sentences.prior")] if results.manifest["parameters"] == "prior" else []
    if results.manifest["n_investments"]:
        said.append(effect_sentence(summary, english, results.manifest["origin"]))
    levers = [lever_sentence(summary, english, name) for name in moving_levers(summary)]
    level = _level(results, invested=bool(results.manifest["n_investments"]), moved=bool(levers))
    return Text(
        " ".join([*said, *levers, level, *mixture_sentences([results], english), *_told(later)]).replace("\u00a0", " ")
    )


def _level(results: Results, *, invested: bool, moved: bool) -> str:
    """The surplus of the last year, with what is in it."""
    summary = results.statistics
    last = len(summary.years) - 1
    median = number(summary, "trade_balance", quantile_name(0.5), last, places=0)
    span = interval(summary, "trade_balance", 80, last, places=0)
    return (
        f"{GROUNDS[invested, moved]} surplus itself would be {median} bn USD in {summary.years[last]} (median; 80 % "
        f"interval {span}), {BASIS_NAMES[results.basis]}."
    )


def _told(later: Sequence[Outcome]) -> list[str]:
    """A sentence for each whole year that came later."""
    return [
        f"The surplus of {outcome.year} was {_signed(outcome.value)} bn USD"
        + ("." if outcome.percentile is None else f", {_rank(outcome.percentile)} of this forecast.")
        for outcome in later
        if outcome.months == 12
    ]


def _rank(percentile: float) -> str:
    """Where among the draws a value lies.

    >>> _rank(62.7), _rank(0.2), _rank(99.9)
    ('at the 63rd percentile', 'below the 1st percentile', 'above the 99th percentile')
    """
    if percentile < 1:
        return "below the 1st percentile"
    return "above the 99th percentile" if percentile > 99 else f"at the {_ordinal(round(percentile))} percentile"


def _ordinal(number: int) -> str:
    """A whole number as it is counted.

    >>> [_ordinal(number) for number in (1, 2, 3, 11, 12, 13, 21, 90)]
    ['1st', '2nd', '3rd', '11th', '12th', '13th', '21st', '90th']
    """
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 < number < 14 else ends.get(number % 10, 'th')}"


def knowledge(results: Results, later: Sequence[Outcome]) -> Text:
    """What a run as of a day knew, what it could not help knowing, and what is not known even now."""
    known = vintage(results.as_of)
    year, month = divmod(3 * (known.trade.origin + 1) + len(known.trade.later_exports) - 1, 12)
    parts = [outcome for outcome in later if outcome.months < 12]
    sums = "".join(f" {_came(outcome)} is the sum of {months_label(outcome.months)}." for outcome in parts)
    unseen = "" if later else f" No surplus of a later year is known on {BASIS_NAMES[results.basis]}."
    return Text(
        f"Known on {results.as_of}: US Census trade to {MONTHS[month]} {year} (as revised since, where no copy of "
        f"the time is stored), and the Korean figures and purchase shares published by then. Sector coefficients and "
        f"the record of announcements rest on evidence published up to 2026.{sums}{unseen}"
    )


def fit_table(rows: Sequence[ReportRow]) -> Group:
    """Prior beside posterior of every parameter, with its convergence, and the published number where there is one."""
    tables: dict[str, Table] = {}
    headings = ["Prior, 95 %", "Median", "Posterior, 95 %", "R-hat", "ESS", "Seen"]
    for row in rows:
        table = tables.setdefault(row.model, plain_table([row.model.capitalize(), *headings]))
        table.columns[0].justify = "left"
        gate = ("", "") if isnan(row.r_hat) else (f"{row.r_hat:.3f}", f"{row.sample_size:.0f}")
        published = "" if row.observed is None else f"{row.observed:.3f}"
        learned = (short(row.posterior[0]), _span(row.posterior))
        table.add_row(Text(row.parameter), _span(row.prior), *learned, *gate, published)
    return Group(*tables.values())


def _span(quantiles: tuple[float, float, float]) -> str:
    return f"{short(quantiles[1])} to {short(quantiles[2])}"


def _observed(book: AnnualTrade, index: int, flow: int) -> str:
    value, months = float(book.values[index, flow]), int(book.months[index, flow])
    if months == 0:
        return "–"
    return f"{_signed(value)}{'*' if book.derived[index, flow] else ''}{_span_seen(months)}"


def _came(outcome: Outcome) -> str:
    """The surplus of a year as seen, and for a whole year where in the forecast it fell."""
    rank = "" if outcome.percentile is None else f", {_ordinal(min(max(round(outcome.percentile), 1), 99))}"
    return f"{_signed(outcome.value)}{_span_seen(outcome.months)}{rank}"


def _span_seen(months: int) -> str:
    return "" if months == 12 else f" ({months}m)"


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
