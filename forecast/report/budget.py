"""An uncertainty budget: sources, and inputs worth knowing; and where an input turns an outcome.

Numbers with a standard error are written with the decimals it allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor, log10

import numpy as np

from forecast.analysis.breakeven import Breakeven
from forecast.analysis.budget import TAIL, Budget
from forecast.analysis.displacement import AddedByDuty
from forecast.characters import plain_spaces
from forecast.report.effect import origin_of, share_of_spread
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Figure, Table, figure, table
from forecast.stats.formatting import rounded, short, span
from forecast.stats.sensitivity import LEVELS, Estimate, width
from forecast.stats.summary import decimals, quantile_name

N_INPUTS = 10
"""Inputs that are shown."""


def source_table(budget: Budget, language: Language = ENGLISH) -> Table:
    """Share of the variance by source, and by how much knowing it would narrow the interval; the largest first."""
    found, at = budget.effects, budget.at
    rows = []
    for row in budget.ranked:
        shares = (_share(part.value[row, at], part.error[row, at]) for part in (found.first, found.total))
        narrower = _money(float(budget.narrowing.value[row]), float(budget.narrowing.error[row]), language)
        rows.append([language.text(f"sources.{budget.sources[row]}"), *shares, narrower])
    together = _share(found.interactions.value[at], found.interactions.error[at])
    rows.append([language.text("budget.only_together"), together, "", ""])
    rows.append([language.text("budget.mean_noise"), f"{100 / budget.outcome.size:.2g}", "", ""])
    return table(
        language.text(
            "budget.by_source", what=language.outcome(budget.series, budget.year), basis=_basis(budget, language)
        ),
        [*language.headings("source", "alone", "with_interactions"), _narrower(language)],
        rows,
        words=1,
    )


def input_table(budget: Budget, language: Language = ENGLISH) -> Table:
    """What would be worth knowing: single inputs, those that tell most first."""
    error = float(budget.outcome.std()) / (TAIL * budget.outcome.size) ** 0.5
    told = table(
        language.text("budget.by_input"),
        [*language.headings("input", "alone"), _narrower(language), language.heading("columns.tails")],
        (
            [
                language.input_name(item.name),
                _share(*_pair(item.share)),
                _money(*_pair(item.narrowing), language),
                _range([(end, error) for end in item.swing], language),
            ]
            for item in budget.inputs[:N_INPUTS]
        ),
        words=1,
    )
    *columns, tails = told.columns
    ends = language.text("columns.lowest_tenth"), language.text("columns.highest_tenth")
    return replace(told, columns=(*columns, replace(tails, ends=ends)))


def _range(swing: Sequence[tuple[float, float]], language: Language) -> Figure:
    low, high = (language.amount(value, error, places=_places(swing)) for value, error in swing)
    return figure(language.text("numbers.range", low=low, high=high), *low.parts, *high.parts)


def _places(values: Sequence[tuple[float, float]]) -> int:
    """Decimals of a bn USD at most, with which the largest of some values is neither empty nor overlong."""
    largest = max(abs(value) for value, _ in values)
    return 0 if largest >= 100 else 1 if largest >= 1 else 2


def _narrower(language: Language) -> str:
    return language.heading("columns.narrower", unit=language.text("numbers.unit"))


def budget_words(budget: Budget, language: Language = ENGLISH) -> str:
    """Where the spread comes from, what would narrow it, and how far these numbers can be trusted."""
    sentences = _interval_sentence, _sources_sentence, _inputs_sentence, _correlation_sentence, _noise_sentence
    return plain_spaces(" ".join(filter(None, (sentence(budget, language) for sentence in sentences))))


def held_table(found: Breakeven, language: Language = ENGLISH) -> Table:
    """Mean of the outcome where the input is held at values of its range, the lowest first.

    A rate of exports replaced has a column more: with what the duty at the origin adds to it, as the answer of a run
    tells it.
    """
    unit = {"unit": language.text("numbers.unit_a_year"), "basis": language.text(f"bases.{found.run.basis}")}
    duties = [found.duty] if found.duty and found.duty.duty else []
    return table(
        language.text(
            "breakeven.held",
            input=language.input_name(found.input.label),
            what=language.outcome(found.series, found.year),
            **unit,
        ),
        [
            language.heading("columns.input_held"),
            *(language.heading("columns.under_duty", **_duty(one, found, language)) for one in duties),
            language.heading("columns.outcome_mean"),
        ],
        (
            [
                _input_value(each.value, found, language),
                *(_input_value(each.value + one.mean, found, language) for one in duties),
                language.amount(each.mean, each.error, "+"),
            ]
            for each in found.means
        ),
    )


def breakeven_words(found: Breakeven, language: Language = ENGLISH) -> str:
    """Where the input turns the outcome, how surely, and where it stands as it is drawn; or why it does not."""
    ends = found.means[0].value, found.means[-1].value
    low, high = (_input_value(end, found, language) for end in (ends if found.matters else found.input.support))
    words = {
        "input": language.input_name(found.input.label),
        "what": language.outcome(found.series, found.year),
        "amount": language.money(found.amount, 0.0),
        "year": str(found.year),
        "basis": language.text(f"bases.{found.run.basis}"),
        "low": low,
        "high": high,
        "n": str(len(found.means)),
    }
    if not found.matters:
        return plain_spaces(language.text("breakeven.idle", **words))
    first, last = (language.money(each.mean, each.error, "+") for each in (found.means[0], found.means[-1]))
    if found.turn is None:
        said = [language.text("breakeven.none", at_low=first, at_high=last, **words)]
    elif found.is_at_end:
        said = [_at_end(found, words, language)]
    else:
        side = language.text(f"breakeven.{'rises' if found.rises else 'falls'}")
        key = "turns_under_duty" if found.duty and found.duty.duty else "turns"
        words |= _turn_with_range(found, language) | _added(found, language)
        said = [language.text(f"breakeven.{key}", side=side, **words)]
    if found.n_turns > 1:
        said.append(language.text("breakeven.several", n=found.n_turns))
    return plain_spaces(" ".join([*said, _as_drawn(found, language), *_under_duty(found, language)]))


def _at_end(found: Breakeven, words: Mapping[str, str], language: Language) -> str:
    """That the outcome is the amount at one end of the input alone, and on which side of it elsewhere."""
    far = max(found.means, key=lambda each: abs(each.value - (found.turn or 0.0)))
    key = "no_chance" if found.input.is_chance and far.value else "at_end"
    return language.text(
        f"breakeven.{key}_{'above' if far.mean > found.amount else 'below'}",
        turn=_input_value(found.turn or 0.0, found, language),
        far=_input_value(far.value, found, language),
        at_far=language.money(far.mean, far.error, "+"),
        **words,
    )


def _added(found: Breakeven, language: Language) -> dict[str, str]:
    """A duty, what it adds to the rate that was held, and both together where the outcome turns; nothing without."""
    if found.duty is None:
        return {}
    added = found.duty.mean
    words = _duty(found.duty, found, language) | {"added": short(added)}
    if found.turn is None:
        return words
    whole, _, _ = span([(found.turn + added + sign * 1.96 * found.error, found.error) for sign in (0, -1, 1)], 4)
    return words | {"whole": whole}


def _duty(added: AddedByDuty, found: Breakeven, language: Language) -> dict[str, str]:
    """The duty at the origin, and its quarter; and the last on record since, where it is another."""
    return {"duty": language.duty(added.duty, added.since), "origin": origin_of(found.run, language)}


def _under_duty(found: Breakeven, language: Language) -> list[str]:
    """That duties add to the rate that was held, where the sentence on its turn does not say so."""
    if found.duty is None or (found.duty.duty and found.turn is not None):
        return []
    return [language.text(f"breakeven.{'duty' if found.duty.duty else 'no_duty'}", **_added(found, language))]


def _turn_with_range(found: Breakeven, language: Language) -> dict[str, str]:
    """The turning value, and both ends of the 95 % interval that Monte Carlo error leaves it."""
    assert found.turn is not None
    if found.input.is_date:
        turn, *ends = (language.part_of_year(found.turn + sign * 1.96 * found.error) for sign in (0, -1, 1))
    else:
        values = [(found.turn + sign * 1.96 * found.error, found.error) for sign in (0, -1, 1)]
        turn, *ends = span(values, 4)
    return {"turn": turn, "span": language.text("numbers.range", low=ends[0], high=ends[1])}


def _as_drawn(found: Breakeven, language: Language) -> str:
    low, median, high = (_input_value(value, found, language) for value in found.input.present)
    key = "drawn" if found.duty is None else "drawn_untaxed"
    if found.input.present[0] == found.input.present[2]:
        key = "known"
    return language.text(
        f"breakeven.{key}", input=language.input_name(found.input.label), low=low, median=median, high=high
    )


def _input_value(value: float, found: Breakeven, language: Language) -> str:
    return language.part_of_year(value) if found.input.is_date else short(value)


def _interval_sentence(budget: Budget, language: Language) -> str:
    summary = budget.run.statistics
    at, names = summary.years.index(budget.year), [quantile_name(level) for level in LEVELS]
    bounds = [summary.estimate(budget.series, name, at) for name in names]
    return language.text(
        "budget.interval",
        what=language.outcome(budget.series, budget.year),
        span=language.money_span(bounds, places=max(_places(bounds), 1)),
        basis=_basis(budget, language),
    )


def _sources_sentence(budget: Budget, language: Language) -> str:
    alone = budget.effects.first.value[:, budget.at]
    largest = [row for row in np.argsort(-alone)[:3] if alone[row] > 0]
    listed = [
        language.text(
            f"budget.{'also' if place else 'most'}",
            share=share_of_spread(float(alone[row]), language),
            name=_named(budget.sources[row], language),
        )
        for place, row in enumerate(largest)
    ]
    together = share_of_spread(float(budget.effects.interactions.value[budget.at]), language)
    return language.text("budget.shares", listed=language.list(listed), together=together)


def _named(source: str, language: Language) -> str:
    """A source within a sentence."""
    name = language.text(f"sources.{source}")
    return name if name.startswith("US") else name[0].lower() + name[1:]


def _inputs_sentence(budget: Budget, language: Language) -> str:
    whole = float(width(budget.outcome))
    telling = [item for item in budget.inputs if item.narrowing.value > 2 * item.narrowing.error]
    if not telling:
        return language.text("budget.no_input")
    best = max(telling, key=lambda item: float(item.narrowing.value))
    gain = float(best.narrowing.value)
    return language.text(
        "budget.best_input",
        name=language.input_name(best.name),
        gain=language.text("numbers.money", amount=_money(*_pair(best.narrowing), language)),
        share=share_of_spread(float(gain / whole), language),
    )


def _correlation_sentence(budget: Budget, language: Language) -> str:
    """How inputs that are correlated are credited, or nothing."""
    if not budget.correlated:
        return ""
    shared = [
        language.text("budget.in_common", first=_named(first, language), other=_named(other, language))
        for first, other in budget.in_common
    ]
    return f"{'; '.join([language.text('budget.correlated'), *shared])}."


def _noise_sentence(budget: Budget, language: Language) -> str:
    n_draws, factor = budget.outcome.size, float(language.part("numbers.factor"))
    error = factor * float(budget.outcome.std(ddof=1)) / n_draws**0.5
    return language.text(
        "budget.noise",
        n_draws=f"{n_draws:,}",
        error=language.text("numbers.money", amount=f"{error:.{max(decimals(error) + 1, 0)}f}"),
        share=language.text("numbers.percent", number=f"{100 / n_draws:.2g}"),
    )


def _basis(budget: Budget, language: Language) -> str:
    return language.text(f"bases.{budget.run.basis}")


def _pair(estimate: Estimate) -> tuple[float, float]:
    return float(estimate.value), float(estimate.error)


def _share(value: float, error: float) -> Figure:
    return _with_error(100 * float(value), 100 * float(error))


def _money(value: float, error: float, language: Language) -> Figure:
    factor = float(language.part("numbers.factor"))
    return _with_error(factor * value, factor * error)


def _with_error(value: float, error: float) -> Figure:
    """A number and its standard error, with the decimals that allows; both together where they are next to nothing.

    >>> _with_error(12.42, 0.21), _with_error(0.00072, 0.00004), _with_error(0.00112, 0.00003), _with_error(0.0, 0.0)
    ('12.4 ± 0.2', '< 0.001', '0.00112 ± 0.00003', '0.00 ± 0.00')
    """
    if 0 < abs(value) + error < 0.001:
        text = "< 0.001"
    elif 0 < error < 1e-4:
        places = -floor(log10(error))
        text = f"{value:.{places}f} ± {error:.{places}f}".replace("-", "−")
    else:
        text = f"{rounded(value, error, 4)} ± {rounded(error, error, 4)}"
    return figure(text, (text, value, error))
