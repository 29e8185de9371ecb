"""The ledger in words: what stands in it, how each forecast fared, and one plain sentence why.

Checks in words: tables of what models make beside what was seen, of ranks, and a plain sentence under each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from forecast.dims import Array
from forecast.models.predictive import UNUSUAL, Check, standing_out
from forecast.plots.style import BASIS_NAMES
from forecast.report.tables import plain_table, titled
from forecast.stats.summary import FINE_LEVELS
from forecast.track.evaluation import Score, Split, Verdict
from forecast.track.ledger import Entry, next_release, observed

if TYPE_CHECKING:
    from forecast.models.calibration import Study

FAMILY = 0.05
"""Chance of a false alarm somewhere in a study, over all its parameters."""


def predictive_table(checks: Sequence[Check]) -> Group:
    """Every quantity as seen, and where 95 % of the data sets lie that prior and posterior make, a table a model."""
    tables: dict[str, Table] = {}
    headings = ("Seen", "Prior makes,\n95 %", "Posterior makes,\n95 %", "As far out\nor farther")
    for check in checks:
        table = tables.setdefault(check.model, _table((check.model.capitalize(), *headings)))
        made = (_span(check.prior), _span(check.posterior))
        mark = " *" if check.tail_probability < UNUSUAL else "  "
        table.add_row(check.quantity, _short(check.observed), *made, _percent(check.tail_probability) + mark)
    return Group(*tables.values())


def predictive_words(checks: Sequence[Check]) -> Text:
    """How many quantities stand out, how many would by chance, and which."""
    found = standing_out(checks)
    count = f"{len(found)} of {len(checks)} quantities"
    chance = f"about {UNUSUAL * len(checks):.0f} would by chance, rather fewer as the models have seen these data"
    if not found:
        return Text(f"None of {len(checks)} quantities stands out from what the fitted models make ({chance}).")
    named = "; ".join(f"{check.model}: {check.quantity} ({_percent(check.tail_probability)})" for check in found)
    verb = "stands" if len(found) == 1 else "stand"
    return Text(f"{count} {verb} out (*) from what the fitted models make ({chance}): {named}.")


def calibration_table(studies: Sequence[Study]) -> Group:
    """Ranks of the true value by parameter: how far from uniform, and how likely that is by chance, a table a model."""
    return Group(*(_study_table(study) for study in studies))


def calibration_words(study: Study) -> Text:
    """Whether the ranks of a model are as uniform as chance allows."""
    p_values, family = study.p_values, study.family_p_values
    failed = [name for name, chance in family.items() if chance < FAMILY]
    fits = (
        f"{study.model}: {study.n_fits} fits to made data, {study.n_refused} refused and done again, "
        f"{study.n_divergences} divergences"
    )
    if failed:
        return Text(f"{fits}; not calibrated in {', '.join(failed)}.")
    least = min(p_values, key=lambda name: p_values[name])
    return Text(
        f"{fits}; nothing against calibration. Of {len(p_values)} p-values the smallest is {p_values[least]:.3f} "
        f"({least}); chance alone makes one as small in up to {_percent(min(family.values()))} of such studies."
    )


def _study_table(study: Study) -> Table:
    table = _table(
        (study.model.capitalize(), "Mean rank,\n50 if right", "Ranks within\n80 %", "p-value", "with all\ntested")
    )
    family = study.family_p_values
    for name, chance in study.p_values.items():
        share = (study.ranks[name] + 0.5) / (study.n_kept + 1)
        inside = _percent(float((np.abs(share - 0.5) < 0.4).mean()))
        cells = (f"{100 * share.mean():.0f}", inside, f"{chance:.3f}", f"{family[name]:.2f}")
        table.add_row(name.replace("_", " "), *cells)
    return table


def _table(headings: Sequence[str]) -> Table:
    table = plain_table(headings)
    table.columns[0].justify = "left"
    return table


def _span(made: Array) -> str:
    low, high = np.quantile(made, [0.025, 0.975]).tolist()
    return f"{_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    return f"{value:.{1 if abs(value) >= 2 else 2}f}".replace("-", "−")


def _percent(share: float) -> str:
    return "< 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


SERIES_NAMES = {"trade_balance": "balance", "exports": "exports", "imports": "imports"}


_EDGE = 1e-9
"""Below this a part of a score is no more than how a processor adds."""


def standing_table(entries: Sequence[Entry]) -> Group:
    """Entries, how much of each has been observed, and what comes next."""
    table = plain_table(["Entry", "Data to", "As of", "Added", "Observed", "Next", "Due about"])
    table.columns[0].justify = "left"
    for entry in entries:
        seen = sum(observed(target) is not None for target in entry.predictions)
        upcoming = next_release(entry.predictions)
        later = ("a whole year", "") if upcoming is None else (upcoming[0], upcoming[1].isoformat())
        head = entry.head
        count = f"{seen} of {len(entry.predictions)}"
        table.add_row(entry.name, head["origin"], head["as_of"], head["added"][:10], count, *later)
    return titled("The ledger: frozen forecasts", table)


def waiting(entries: Sequence[Entry]) -> Text:
    """Says that nothing can be scored yet, and from when on."""
    found = [upcoming for entry in entries if (upcoming := next_release(entry.predictions)) is not None]
    if not found:
        return Text("Nothing that was predicted has been observed yet; the first whole year is.")
    period, due = min(found)
    return Text(
        f"Nothing that was predicted has been observed yet. The first will be {period}, which the US Census Bureau "
        f"publishes about {due.day} {due:%B %Y}; it can be scored once the installed data hold it."
    )


def verdict_table(verdict: Verdict) -> Group:
    """Every score of an entry."""
    revised = any(score.crps_split is not None and abs(score.crps_split.revision) > _EDGE for score in verdict.scores)
    causes = ["Model's\npart", "Assumptions'\npart", *(["Revision's\npart"] if revised else [])]
    table = plain_table(["", "Outcome", "Median", "80 %\ninterval", "Fell\nat", "CRPS", *causes])
    table.columns[0].justify = "left"
    for score in verdict.scores:
        table.add_row(*_cells(score), *_parts(score.crps_split)[: len(causes)])
    head = verdict.entry.head
    title = f"{verdict.entry.name}: what was forecast on {head['as_of']} from data to {head['origin']}, bn USD"
    return titled(title, table)


def _cells(score: Score) -> tuple[str, ...]:
    low, high = (score.quantiles[FINE_LEVELS.index(level)] for level in (0.1, 0.9))
    name = f"{score.target.period} {SERIES_NAMES[score.target.series]}"
    numbers = (_signed(score.outcome), _signed(score.median), f"{_signed(low)} to {_signed(high)}")
    return name, *numbers, _percentile(score.pit), f"{score.crps:.2f}"


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


def _percentile(pit: float) -> str:
    percent = 100 * pit
    return "< 1 %" if percent < 1 else "> 99 %" if percent > 99 else f"{percent:.0f} %"


def verdict_words(verdict: Verdict) -> Text:
    """What the table shows, which books it is in, what hindsight covered, and how branches of a mixture would fare."""
    said = [_books(verdict), _fared(verdict.scores), *_why(verdict.scores), _covered(verdict)]
    return Text(" ".join(filter(None, [*said, _by_branch(verdict.scores)])))


def _books(verdict: Verdict) -> str:
    books = {"quarters" if score.target.quarterly else "years": score.target.basis for score in verdict.scores}
    if len({*books.values()}) == 1:
        return f"All on {BASIS_NAMES[verdict.scores[0].target.basis]}."
    return f"Quarters on {BASIS_NAMES[books['quarters']]}, years on {BASIS_NAMES[books['years']]}."


def _fared(scores: Sequence[Score]) -> str:
    inside = sum(score.inside(80) for score in scores)
    return f"Of {len(scores)} numbers observed so far, {inside} lie inside their 80 % interval."


def _told(scores: Sequence[Score]) -> tuple[list[Score], str]:
    """Scores that sum a verdict up, and their name: the balance by quarters if any was observed, else by years."""
    balance = [score for score in scores if score.target.series == "trade_balance"]
    quarters = [score for score in balance if score.target.quarterly]
    name = "quarterly balance" if quarters else "annual balance" if balance else "numbers"
    return quarters or balance or list(scores), name


def _by_branch(scores: Sequence[Score]) -> str:
    """What the model's part would be under each branch of a mixture, or nothing."""
    told, _ = _told(scores)
    if not told[0].branches:
        return ""
    means = {label: np.mean([score.branches[label][0] for score in told]) for label in told[0].branches}
    parts = ", ".join(f"{mean:.2f} if {label} came true" for label, mean in means.items())
    return (
        "Which branch came true no table tells, so the model's part keeps the weights. Of each branch alone, given the "
        f"facts, it is {parts}; the rest of it is what the weight on other branches cost or saved."
    )


def _why(scores: Sequence[Score]) -> list[str]:
    """Mean score of the balance by cause."""
    told, name = _told(scores)
    crps = f"The mean CRPS of the {name} is {np.mean([score.crps for score in told]):.2f} bn USD"
    splits = [(score.crps_split, score.error_split) for score in told if score.crps_split and score.error_split]
    if not splits:
        return [f"{crps}."]
    crps_parts, error_parts = (_mean([pair[index] for pair in splits]) for index in (0, 1))
    error = _change(float(np.mean([score.median - score.outcome for score in told])))
    off = f"Its median less the outcome is {error} bn USD on average: {_shares(error_parts)}."
    return [f"{crps}: {_shares(crps_parts)}.", off]


def _mean(splits: Sequence[Split]) -> Split:
    return Split(*np.mean([(split.model, split.assumptions, split.revision) for split in splits], axis=0).tolist())


def _shares(split: Split) -> str:
    revision = f", {_change(split.revision)} from code and beliefs changed since" if abs(split.revision) > _EDGE else ""
    model = f"{split.model:.2f}".replace("-", "−")
    return f"{model} is the model's, given the facts, {_change(split.assumptions)} the assumptions'{revision}"


def _covered(verdict: Verdict) -> str:
    if verdict.known is None:
        return f"Not split by cause: {verdict.obstacle}."
    told = "; ".join(f"{name} ({words})" for name, words in verdict.known.changed.items())
    replaced = f"Hindsight put facts in place of assumptions for {told}." if told else "Hindsight changed nothing."
    n_open = len(verdict.known.open)
    still = f", and {n_open} investment{'s' * (n_open != 1)} of which nothing else was told" if n_open else ""
    return f"{replaced} Left as assumed: localization, amounts, that nothing was announced since{still}."
