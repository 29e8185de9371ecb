"""The ledger, fits and model checks: what is frozen and how it fared; prior beside posterior; made data; ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isnan
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from forecast.characters import plain_spaces
from forecast.dims import Array
from forecast.models.posterior import model_title
from forecast.models.predictive import UNUSUAL, Check, unusual_checks
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Table, table
from forecast.results.manifest import day_stated
from forecast.stats.formatting import short
from forecast.stats.quantiles import FINE_LEVELS
from forecast.track.evaluation import Evaluation, Score, Split
from forecast.track.ledger import Entry
from forecast.track.targets import next_release, observed

if TYPE_CHECKING:
    from forecast.models.calibration import Study
    from forecast.models.fitting import ReportRow

OfModel = TypeVar("OfModel", "ReportRow", "Check")

FAMILY = 0.05
"""Chance of a false alarm somewhere in a study, over all its parameters."""


def fit_tables(rows: Sequence[ReportRow], language: Language = ENGLISH) -> list[Table]:
    """Prior beside posterior of every parameter, with its convergence and the published number, a table a model."""
    headings = language.headings("prior_95", "median", "posterior_95", "r_hat", "sample_size", "seen")
    return _tables_by_model(rows, headings, partial(_fit_cells, language=language))


def _tables_by_model(
    rows: Sequence[OfModel], headings: Sequence[str], cells: Callable[[OfModel], list[str]]
) -> list[Table]:
    return [
        table(
            "",
            [model_title(model), *headings],
            (cells(row) for row in rows if row.model == model),
            words=1,
        )
        for model in dict.fromkeys(row.model for row in rows)
    ]


def _fit_cells(row: ReportRow, language: Language) -> list[str]:
    gate = ("", "") if isnan(row.r_hat) else (f"{row.r_hat:.3f}", f"{row.sample_size:.0f}")
    published = "" if row.observed is None else f"{row.observed:.3f}"
    prior, posterior = (_quantile_span(quantiles, language) for quantiles in (row.prior, row.posterior))
    return [row.parameter, prior, short(row.posterior[0]), posterior, *gate, published]


def _quantile_span(quantiles: tuple[float, float, float], language: Language) -> str:
    return language.text("numbers.range", low=short(quantiles[1]), high=short(quantiles[2]))


def predictive_tables(checks: Sequence[Check], language: Language = ENGLISH) -> list[Table]:
    """Every quantity as seen, and where 95 % of the data sets lie that prior and posterior make, a table a model."""
    headings = language.headings("seen", "prior_makes", "posterior_makes", "as_far_out")
    return _tables_by_model(checks, headings, partial(_predictive_cells, language=language))


def _predictive_cells(check: Check, language: Language) -> list[str]:
    mark = " *" if check.tail_probability < UNUSUAL else "  "
    spans = (_span(draws, language) for draws in (check.prior, check.posterior))
    return [check.quantity, _short(check.observed), *spans, _percent(check.tail_probability, language) + mark]


def predictive_words(checks: Sequence[Check], language: Language = ENGLISH) -> str:
    """How many quantities stand out, how many would by chance, and which."""
    found = unusual_checks(checks)
    chance = language.text("checks.by_chance", n=f"{UNUSUAL * len(checks):.0f}")
    named = "; ".join(
        f"{check.model}: {check.quantity} ({_percent(check.tail_probability, language)})" for check in found
    )
    key = "several" if len(found) > 1 else "one" if found else "none"
    return plain_spaces(language.text(f"checks.{key}", n=len(found), of=len(checks), chance=chance, named=named))


def calibration_words(study: Study, language: Language = ENGLISH) -> str:
    """Whether the ranks of a model are as uniform as chance allows."""
    p_values, family = study.p_values, study.family_p_values
    failed = [name for name, chance in family.items() if chance < FAMILY]
    counts = {"n_fits": study.n_fits, "n_refused": study.n_refused, "n_divergences": study.n_divergences}
    fits = language.text("checks.fits", model=study.model, **counts)
    if failed:
        return language.text("checks.uncalibrated", fits=fits, names=", ".join(failed))
    least = min(p_values, key=lambda name: p_values[name])
    sentence = language.text(
        "checks.calibrated",
        fits=fits,
        n=len(p_values),
        smallest=f"{p_values[least]:.3f}",
        name=least,
        share=_percent(min(family.values()), language),
    )
    return plain_spaces(sentence)


def calibration_table(study: Study, language: Language = ENGLISH) -> Table:
    """Ranks of the true value by parameter: how far from uniform, and how likely that is by chance."""
    family, rows = study.family_p_values, []
    for name, chance in study.p_values.items():
        share = (study.ranks[name] + 0.5) / (study.n_kept + 1)
        inside = _percent(float((np.abs(share - 0.5) < 0.4).mean()), language)
        p_values = (f"{chance:.3f}", f"{family[name]:.2f}")
        rows.append([name.replace("_", " "), f"{100 * share.mean():.0f}", inside, *p_values])
    headings = language.headings("mean_rank", "ranks_80", "p_value", "p_family")
    return table("", [model_title(study.model), *headings], rows, words=1)


def _span(draws: Array, language: Language) -> str:
    low, high = np.quantile(draws, [0.025, 0.975]).tolist()
    return language.text("numbers.range", low=_short(low), high=_short(high))


def _short(value: float) -> str:
    return f"{value:.{1 if abs(value) >= 2 else 2}f}".replace("-", "−")


def _percent(share: float, language: Language) -> str:
    if share < 0.0005:
        return "< " + language.text("numbers.percent", number="0.1")
    return language.text("numbers.percent", number=f"{100 * share:.1f}")


_EDGE = 1e-9
"""Below this a part of a score is no more than how a processor adds."""


def entries_table(entries: Sequence[Entry], language: Language = ENGLISH) -> Table:
    """Entries, how much of each has been observed, and what comes next."""
    columns = ("entry", "data_to", "as_of", "added", "observed_count", "next", "due")
    return table(
        language.text("ledger.title"),
        language.headings(*columns),
        (_entry_cells(entry, language) for entry in entries),
        words=1,
    )


def _entry_cells(entry: Entry, language: Language) -> list[str]:
    seen, head = sum(observed(target) is not None for target in entry.predictions), entry.head
    upcoming = next_release(entry.predictions)
    later = (language.text("ledger.whole_year"), "") if upcoming is None else (upcoming[0], upcoming[1].isoformat())
    count = language.text("ledger.count", n=seen, of=len(entry.predictions))
    return [entry.name, head["origin"], head["as_of"], str(day_stated(head["added"])), count, *later]


def waiting_words(entries: Sequence[Entry], language: Language = ENGLISH) -> str:
    """Says that nothing can be scored yet, and from when on."""
    found = [upcoming for entry in entries if (upcoming := next_release(entry.predictions)) is not None]
    if not found:
        return language.text("ledger.waiting_year")
    period, due = min(found)
    day = language.text("numbers.day", day=due.day, month=language.part("numbers.months")[due.month - 1], year=due.year)
    return language.text("ledger.waiting", period=period, day=day)


def verdict_table(verdict: Evaluation, language: Language = ENGLISH) -> Table:
    """Every score of an entry, in bn USD."""
    revised = any(score.crps_split is not None and abs(score.crps_split.revision) > _EDGE for score in verdict.scores)
    causes = ("model_part", "assumptions_part", *(["revision_part"] if revised else []))
    headings = language.headings("outcome_value", "median", "interval_80", "fell_at", "crps", *causes)
    head = verdict.entry.head
    return table(
        language.text("ledger.verdict", name=verdict.entry.name, day=head["as_of"], origin=head["origin"]),
        ["", *headings],
        ([*_cells(score, language), *_parts(score.crps_split)[: len(causes)]] for score in verdict.scores),
        words=1,
    )


def _cells(score: Score, language: Language) -> list[str]:
    low, high = (_signed(score.quantiles[FINE_LEVELS.index(level)]) for level in (0.1, 0.9))
    series = {"trade_balance": "balance"}.get(score.target.series, score.target.series)
    return [
        f"{score.target.period} {language.text(f'ledger.series.{series}')}",
        _signed(score.outcome),
        _signed(score.median),
        language.text("numbers.range", low=low, high=high),
        _percentile(score.pit, language),
        f"{score.crps:.2f}",
    ]


def _parts(split: Split | None) -> tuple[str, str, str]:
    if split is None:
        return "–", "–", "–"
    return f"{split.model:.2f}", _change(split.assumptions), _change(split.revision)


def _change(value: float) -> str:
    if abs(value) <= _EDGE:
        return "0"
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _percentile(pit: float, language: Language) -> str:
    percent = 100 * pit
    side, number = ("< ", "1") if percent < 1 else ("> ", "99") if percent > 99 else ("", f"{percent:.0f}")
    return side + language.text("numbers.percent", number=number)


def verdict_words(verdict: Evaluation, language: Language = ENGLISH) -> str:
    """What the table shows, which books it is in, what hindsight covered, and how branches of a mixture would fare."""
    scores = verdict.scores
    inside = sum(score.inside(80) for score in scores)
    sentences = [
        _books(verdict, language),
        language.count("ledger.inside", len(scores), inside=inside),
        *_causes(scores, language),
        _covered(verdict, language),
        _by_branch(scores, language),
    ]
    return plain_spaces(" ".join(filter(None, sentences)))


def _books(verdict: Evaluation, language: Language) -> str:
    books = {
        "quarters" if score.target.quarterly else "years": language.text(f"bases.{score.target.basis}")
        for score in verdict.scores
    }
    if len({*books.values()}) == 1:
        return language.text("ledger.one_book", basis=next(iter(books.values())))
    return language.text("ledger.two_books", **books)


def _summing(scores: Sequence[Score]) -> tuple[list[Score], str]:
    """Scores that sum a verdict up, and their name: the balance by quarters if any was observed, else by years."""
    balance = [score for score in scores if score.target.series == "trade_balance"]
    quarters = [score for score in balance if score.target.quarterly]
    return quarters or balance or list(scores), "quarterly" if quarters else "annual" if balance else "numbers"


def _by_branch(scores: Sequence[Score], language: Language) -> str:
    """What the model's part would be under each branch of a mixture, or nothing."""
    chosen, _ = _summing(scores)
    if not chosen[0].branches:
        return ""
    means = {label: np.mean([score.branches[label][0] for score in chosen]) for label in chosen[0].branches}
    parts = [language.text("ledger.branch", mean=f"{mean:.2f}", label=label) for label, mean in means.items()]
    return language.text("ledger.branches", parts=language.list(parts))


def _causes(scores: Sequence[Score], language: Language) -> list[str]:
    """Mean score of the balance by cause."""
    chosen, name = _summing(scores)
    crps = f"{np.mean([score.crps for score in chosen]):.2f}"
    mean = language.text("ledger.mean_crps", of=language.text(f"ledger.{name}"), crps=crps)
    splits = [(score.crps_split, score.error_split) for score in chosen if score.crps_split and score.error_split]
    if not splits:
        return [f"{mean}."]
    crps_parts, error_parts = (_mean([pair[index] for pair in splits]) for index in (0, 1))
    error = _change(float(np.mean([score.median - score.outcome for score in chosen])))
    return [
        f"{mean}: {_shares(crps_parts, language)}.",
        language.text("ledger.median_error", error=error, parts=_shares(error_parts, language)),
    ]


def _mean(splits: Sequence[Split]) -> Split:
    return Split(*np.mean([(split.model, split.assumptions, split.revision) for split in splits], axis=0).tolist())


def _shares(split: Split, language: Language) -> str:
    revision = ""
    if abs(split.revision) > _EDGE:
        revision = language.text("ledger.revision", change=_change(split.revision))
    model = f"{split.model:.2f}".replace("-", "−")
    return language.text("ledger.shares", model=model, assumptions=_change(split.assumptions), revision=revision)


def _covered(verdict: Evaluation, language: Language) -> str:
    if verdict.known is None:
        return language.text("ledger.not_split", obstacle=verdict.obstacle)
    facts = "; ".join(f"{name} ({words})" for name, words in verdict.known.changed.items())
    replaced = language.text("ledger.facts" if facts else "ledger.no_facts", facts=facts)
    n_open = len(verdict.known.open)
    still = language.count("ledger.open", n_open) if n_open else ""
    return f"{replaced} {language.text('ledger.left', still=still)}"
