"""Explanations on a terminal: sector coefficients with their evidence, a scenario fully resolved, a distribution.

Intervals of coefficients are equal-tailed at 80 %; the share of precision from data is that of `sectors.data_shares`.
Sources and values stand in the words of their tables and files, whatever the language around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from math import floor, isinf, isnan, log10
from typing import TypeAlias

import numpy as np
from rich.cells import cell_len
from rich.padding import Padding
from rich.text import Text

from forecast.analysis.explain import Value, coefficients, defaults, left_to_fit, left_to_shipped, stated, weighed
from forecast.catalogue import Wording
from forecast.characters import plain_spaces
from forecast.dims import CHANNELS, Array
from forecast.economics.priors import Coefficient
from forecast.economics.sectors import COEFFICIENTS, SECTORS, data_shares, load_sectors
from forecast.engine.block import branches_of
from forecast.engine.plan import Plan
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Cost, Settings, block_streams
from forecast.errors import YamlPath, shortened, spelled
from forecast.models.evidence import (
    YEARS,
    Evidence,
    RecentPlants,
    bottom_up,
    induced_trade,
    load_evidence,
    places_with_evidence,
    recent_investment,
    recent_plants,
)
from forecast.models.posterior import Groups, Posterior
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Part, Table, table
from forecast.scenario.layers import Layered
from forecast.scenario.validation import Examination
from forecast.stats.density import density, inner_edges
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.elicited import parts
from forecast.stats.formatting import short
from forecast.stats.moments import Mean

Line: TypeAlias = str | Text
"""A line that is not wrapped."""


def resolved_scenario(
    found: Examination, layers: Layered, plan: Plan, posterior: Posterior, cost: Cost, language: Language = ENGLISH
) -> list[Line]:
    """Everything a run of the scenario would assume, and what it would take."""
    heading = Text(language.text("explain.resolved", file=found.file), style="bold")
    values = _sections(_resolved(found.file, layers, plan, posterior), language)
    return [
        heading,
        language.text("explain.legend"),
        *values,
        *_remarks(found, language),
        "",
        _cost_words(cost, language),
    ]


def resolved_mixture(
    found: Examination, plan: RunPlan, posterior: Posterior, cost: Cost, language: Language = ENGLISH
) -> list[Line]:
    """The same of a mixture: its branches, what all of them assume, and what each assumes besides or instead."""
    pairs = list(zip(found.branches, plan.plans, strict=True))
    resolved = [_resolved(branch.file, branch.layers, part, posterior) for branch, part in pairs]
    common = set.intersection(*({_content(value) for value in values} for values in resolved))
    lines: list[Line] = [Text(language.text("explain.resolved_mixture", file=found.file), style="bold")]
    lines += [language.text("explain.legend"), language.text("explain.branches")]
    lines += _sections(weighed(found.branches, _shares(plan, cost.n_draws), found.file), language)
    lines += _titled(language.text("explain.every_branch"))
    lines += _sections((value for value in resolved[0] if _content(value) in common), language)
    for (branch, _), values in zip(pairs, resolved, strict=True):
        scenario, name = branch.branch.scenario, branch.branch.label
        title = language.either(scenario.title, scenario.title_ko)
        lines += _titled(language.text("explain.branch", label=name, title=title))
        lines += _sections((value for value in values if _content(value) not in common), language)
    return [*lines, *_remarks(found, language), "", _cost_words(cost, language)]


def _resolved(file: str, layers: Layered, plan: Plan, posterior: Posterior) -> list[Value]:
    """Every value of a scenario, those of a thing together and the scenario's own first."""
    values = [*stated(layers, file), *defaults(layers, plan), *left_to_fit(layers, plan, posterior)]
    values += left_to_shipped(plan)
    ordered = sorted(values, key=lambda value: _order(value.path))
    return [*ordered, *sorted(coefficients(layers, posterior), key=lambda value: _order(value.path))]


def _content(value: Value) -> tuple[YamlPath, str | Wording, str]:
    """A value without the place it came from."""
    return value.path, value.text, value.standing


def _shares(plan: RunPlan, n_draws: int) -> list[float]:
    """Share of draws that follow each branch in a run of so many."""
    chosen = np.concatenate([branches_of(plan, streams) for streams in block_streams(plan, Settings(n_draws))])
    return [float(np.mean(chosen == index)) for index in range(len(plan.plans))]


def _titled(text: str) -> list[Line]:
    return ["", Text(text, style="bold underline")]


def _remarks(found: Examination, language: Language) -> list[Line]:
    said: list[Line] = [conversion.wording.told(language) for conversion in found.conversions]
    said += [language.heading("warnings.warning", words=remark.told(language)) for remark in found.remarks]
    return ["", *said] if said else []


def _sections(values: Iterable[Value], language: Language) -> Iterator[Line]:
    """Ordered values under the thing they are of: the scenario, one investment, one sector."""
    for heading, group in groupby(values, key=lambda value: _heading(value.path)):
        yield Text(f"\n{heading or language.text('explain.values.scenario')}", style="bold")
        for value in group:
            yield _value_line(value, language)


def _depth(path: tuple[str | int, ...]) -> int:
    return 2 if len(path) > 2 and path[0] != "overrides" and path[:2] != ("localization", "sectors") else 0


def _heading(path: tuple[str | int, ...]) -> str:
    return spelled(path[: _depth(path)])


def _order(path: tuple[str | int, ...]) -> tuple[bool, str]:
    """The scenario's own values first; within a heading, the order they came in."""
    return _depth(path) > 0, _heading(path)


def _value_line(value: Value, language: Language) -> str:
    label = spelled(value.path[_depth(value.path) :])
    told = str(language.told(value.text))
    text = told if value.standing else shortened(told)
    standing = language.text(f"standings.{value.standing}") if value.standing else ""
    return f"  {label:<26} {_left(text, 60)} {_left(standing, 7)} {language.told(value.origin)}".rstrip()


def _left(text: str, width: int) -> str:
    """A text with room to its right; Korean letters are two columns wide."""
    return text + " " * (width - cell_len(text))


def _right(text: str, width: int) -> str:
    """A text with room to its left."""
    return " " * (width - cell_len(text)) + text


def _cost_words(cost: Cost, language: Language) -> str:
    several = {"n_workers": cost.n_workers, "megabytes": f"{cost.worker_megabytes:.0f}"}
    return language.text(
        "explain.cost",
        n_draws=f"{cost.n_draws:,}",
        seconds=f"{cost.seconds:.1f}",
        megabytes=f"{cost.megabytes:.0f}",
        where=language.text("explain.workers" if cost.n_workers > 1 else "explain.one_process", **several),
        pilot_draws=f"{cost.pilot_draws:,}",
    )


LEVELS = (0.5, 0.1, 0.9)
"""Median and the ends of the 80 % interval."""


def explanation(posterior: Posterior, sectors: Sequence[str] = SECTORS, language: Language = ENGLISH) -> list[Part]:
    """Coefficients of the sectors named, then the aggregate evidence, with what prior and posterior predict of it."""
    wave = recent_plants()
    return [
        Text(language.text("explain.coefficients"), style="bold"),
        language.text("explain.definitions"),
        *(line for name in sectors for line in _sector(name, posterior, wave, language)),
        "",
        _answer(wave, posterior, language),
        "",
        *_evidence(wave, posterior, language),
        "",
        _trade_table(wave, posterior.groups, language),
    ]


def believed_before(posterior: Posterior, sectors: Sequence[str] = SECTORS, language: Language = ENGLISH) -> list[Part]:
    """The prior of every coefficient of the sectors named, with its source and without what data say."""
    lines: list[Part] = [Text(language.text("explain.coefficients"), style="bold")]
    lines.append(language.text("explain.prior_definitions"))
    headings = [language.text(f"columns.{key}") for key in ("prior", "grade")]
    for name in sectors:
        draws = posterior.prior["sectors"]["coefficients"][:, SECTORS.index(name)]
        lines += ["", Text(_coefficient_line(_sector_name(name, language), *headings), style="bold")]
        for column, (coefficient, belief) in enumerate(load_sectors()[name].items()):
            lines += _coefficient(coefficient, [_spread(draws[:, column], language)], belief, language)
    return lines


def _answer(wave: RecentPlants, posterior: Posterior, language: Language) -> str:
    reading = load_evidence()[0]
    (rise,) = bottom_up(wave, _draw_last(posterior.groups), [reading], recent_investment())
    factor = float(language.part("numbers.factor"))
    return language.text(
        "explain.answer",
        n_plants=len(wave.ids),
        rise=_spread(factor * rise, language),
        publisher=reading.publisher,
        left=short(factor * reading.value),
    )


def _evidence(wave: RecentPlants, posterior: Posterior, language: Language) -> Iterator[Part]:
    """Every reading with its error, and what plants and remainder make of it before and after the fit."""
    readings = load_evidence()
    parts = posterior.prior, posterior.groups
    explained = [bottom_up(wave, _draw_last(groups), readings, recent_investment()) for groups in parts]
    remainders = [groups["sectors"]["remainders"].T for groups in parts]
    yield Text(language.text("explain.evidence"), style="bold")
    yield Text(_line("", *(language.text(f"columns.{name}") for name in ("seen", "prior", "posterior"))), style="bold")
    for index, reading in enumerate(readings):
        plants = [sums[index] for sums in explained]
        rest = [sums[index] for sums in remainders]
        yield from _reading_lines(reading, plants, rest, language)


def _reading_lines(
    reading: Evidence, plants: Sequence[Array], rest: Sequence[Array], language: Language
) -> Iterator[Part]:
    places = 1 if reading.error >= 1 else 2
    seen = f"{reading.value:.{places}f} ± {reading.error:.{places}f}"
    total = [part + other for part, other in zip(plants, rest, strict=True)]

    def line(label: str, seen: str, draws: Sequence[Array]) -> str:
        return _line(label, seen, *(_spread(values, language) for values in draws))

    yield ""
    yield f"{language.evidence(reading.title)} ({language.evidence(reading.unit)})"
    yield line(f"  {language.text('explain.predicted')}", seen, total)
    if reading.remainder:
        yield line(f"    {language.text('explain.by_plants')}", "", plants)
        yield line(f"    {language.text('explain.by', what=language.evidence(reading.remainder_title))}", "", rest)
    told = {"note": language.evidence(reading.note), "error": language.evidence(reading.error_note)}
    yield _indented(language.text("explain.note", publisher=reading.publisher, source=reading.source, **told))


def _trade_table(wave: RecentPlants, groups: Groups, language: Language) -> Table:
    """Trade induced by the plants, by year and channel."""
    trade, factor = induced_trade(wave, _draw_last(groups)), float(language.part("numbers.factor"))
    flows = trade.capital_goods, trade.intermediates, -trade.displaced, -trade.returned
    headings = [language.heading(f"channels.{name}") for name in CHANNELS]
    return table(
        language.text("explain.trade", unit=language.text("numbers.unit_a_year")),
        [*language.headings("year"), *headings, *language.headings("exports")],
        (
            [
                str(year),
                *(language.amount(float(np.median(flow[index].sum(axis=0))), 0.001) for flow in flows),
                _spread(factor * trade.exports[index], language),
            ]
            for index, year in enumerate(YEARS)
        ),
    )


def _sector(name: str, posterior: Posterior, wave: RecentPlants, language: Language) -> Iterator[Part]:
    row = SECTORS.index(name)
    shares = _data_shares(posterior, wave, language)[row]
    prior, learned = (groups["sectors"]["coefficients"][:, row] for groups in (posterior.prior, posterior.groups))
    headings = [language.text(f"columns.{key}") for key in ("prior", "posterior", "from_data", "grade")]
    yield ""
    yield Text(_coefficient_line(_sector_name(name, language), *headings), style="bold")
    for column, (coefficient, belief) in enumerate(load_sectors()[name].items()):
        cells = [*(_spread(draws[:, column], language) for draws in (prior, learned)), shares[column]]
        yield from _coefficient(coefficient, cells, belief, language)


def _sector_name(name: str, language: Language) -> str:
    return language.either(_words(name), language.text(f"sectors.{name}"))


def _coefficient(name: str, cells: Sequence[str], belief: Coefficient, language: Language) -> Iterator[Part]:
    """A coefficient with cells between its name and its grade, and the evidence behind its prior."""
    named, grade = language.text(f"explain.names.{name}"), language.text(f"explain.grades.{belief.grade}")
    yield _coefficient_line(named, *cells, grade)
    unit = _words(language.text(f"warnings.units.{name}"))
    sources = language.text("explain.source", sources="; ".join(belief.sources))
    yield _indented(f"{unit}. {language.evidence(belief.note)} {sources}")


def _coefficient_line(name: str, *cells: str) -> str:
    widths = (23, 23, 11, 11) if len(cells) > 2 else (23, 11)
    return _left(name, 23) + "".join(map(_right, cells, widths))


def _data_shares(posterior: Posterior, wave: RecentPlants, language: Language) -> list[list[str]]:
    """Shares of precision from data as text; below two Monte Carlo errors the bound."""
    rows = posterior.groups["sectors"]["coefficients"]
    least = 2 * (2 / len(rows)) ** 0.5
    depends = np.zeros(rows.shape[1:], np.bool_)
    depends[places_with_evidence(wave)] = True
    found = zip(data_shares(rows).tolist(), depends.tolist(), strict=True)
    return [[_share(*cell, least, language) for cell in zip(*line, strict=True)] for line in found]


def _share(share: float, depends: bool, least: float, language: Language) -> str:
    if not depends:
        return "–"
    percent = language.text("numbers.percent", number=f"{100 * max(share, least):.0f}")
    return plain_spaces(f"< {percent}" if share < least else percent)


def _draw_last(groups: Groups) -> Array:
    return np.moveaxis(groups["sectors"]["coefficients"], 0, -1)


def _spread(values: Array, language: Language) -> str:
    median, low, high = (short(value) for value in np.quantile(values, LEVELS).tolist())
    return f"{median} ({plain_spaces(language.text('numbers.range', low=low, high=high))})"


def _line(label: str, seen: str, prior: str, posterior: str) -> str:
    return _left(label, 43) + _right(seen, 12) + _right(prior, 21) + _right(posterior, 22)


def _indented(text: str) -> Padding:
    return Padding(Text(text, style="dim"), (0, 0, 0, 4), expand=False)


def _words(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}".replace("_", " ")


PORTRAIT_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Levels of the quantiles shown."""

_HEIGHTS = "▁▂▃▄▅▆▇█"
_COLUMNS = 60
_NOTHING = 1e-12


def portrait(
    name: str, distribution: Distribution, language: Language = ENGLISH, *, unit: str = "", dated: bool = False
) -> list[Part]:
    """A distribution in words, its density as a line of blocks, its quantiles and mean, and those of its components.

    Args:
        name: what the number is called.
        unit: of the number, where it is known.
        dated: whether it is a date, on the quarter axis.
    """
    written = language.part_of_year if dated else _number
    shown = density(distribution, inner_edges(distribution, _COLUMNS))
    low, high = (written(float(end)) for end in shown.edges[[0, -1]])
    components = [(f"{label}, {100 * share:.0f} %", part) for label, share, part in parts(distribution)]
    whole = language.text("columns.whole") if components else ""
    quantiles = table(
        language.text("explain.quantiles"),
        ["", *(f"{100 * level:g} %" for level in PORTRAIT_LEVELS), *([] if dated else language.headings("mean"))],
        (
            [
                label,
                *map(written, _shown_quantiles(part)),
                *([] if dated else [_mean(part.expectation(), language)]),
            ]
            for label, part in [(whole, distribution), *components]
        ),
        words=1,
    )
    title = Text(language.text("explain.density", name=f"{name}, {unit}" if unit else name), style="bold")
    blocks = f"{_blocks(shown.shares)}\n{low}{high.rjust(_COLUMNS - len(low))}\n"
    return [f"{_in_words(distribution, written, unit, dated, language)}\n", title, blocks, quantiles]


def _in_words(
    distribution: Distribution, written: Callable[[float], str], unit: str, dated: bool, language: Language
) -> str:
    """Median, likely range and tails of a number or date in plain words."""
    unit = language.text("explain.number_unit", unit=unit) if unit else ""
    if isinstance(distribution, Constant):
        value = language.date(distribution.value) if dated else written(distribution.value)
        return plain_spaces(language.text("explain.sure", value=value, unit=unit))
    names = ("least", "low", "median", "high", "most")
    quantiles = _shown_quantiles(distribution, (0.05, 0.1, 0.5, 0.9, 0.95))
    values = dict(zip(names, map(written, quantiles), strict=True))
    key = "explain.date_in_words" if dated else "explain.in_words"
    return plain_spaces(language.text(key, unit=unit, mean=_mean(distribution.expectation(), language), **values))


def unit_named(key: str, language: Language = ENGLISH) -> str:
    """Unit of the number at a path of a scenario file, empty where it has none or it is not known."""
    last = key.rpartition(".")[2]
    if last in COEFFICIENTS:
        return load_sectors()[SECTORS[0]][last].unit
    units = language.part("explain.units")
    return str(units.get(last, ""))


def _blocks(shares: Array) -> str:
    """Bars of eighths, the highest full; a step without probability is left blank.

    >>> _blocks(np.array([0.0, 0.1, 0.8, 0.1]))
    ' ▁█▁'
    """
    heights = np.ceil(8 * shares / shares.max()).astype(int)
    bars = [_HEIGHTS[max(height, 1) - 1] for height in heights]
    return "".join(" " if share < _NOTHING else bar for share, bar in zip(shares, bars, strict=True))


_DIGITS, _ROUNDING = 4, 1e-14


def _shown_quantiles(distribution: Distribution, levels: Sequence[float] = PORTRAIT_LEVELS) -> list[float]:
    """Quantiles at rising levels, where 0 is 0 if what differs from it is rounding alone."""
    quantiles = distribution.ppf(np.array(levels))
    around = quantiles[0] < 0 < quantiles[-1]
    nothing = np.abs(quantiles) < _ROUNDING * (quantiles[-1] - quantiles[0])
    return list(np.where(around & nothing, 0.0, quantiles).tolist())


def _mean(mean: Mean, language: Language) -> str:
    """A mean with four digits that count, or those that its error allows.

    >>> _mean(Mean(1205.44, 0.02), ENGLISH), _mean(Mean(64.21, 0.9), ENGLISH), _mean(Mean(1e-17, 1e-15), ENGLISH)
    ('1205', '60', '0')
    >>> _mean(Mean(float("nan")), ENGLISH)
    'none'
    """
    if isnan(mean.value):
        return language.text("explain.no_mean")
    if isinf(mean.value):
        return "∞" if mean.value > 0 else "−∞"
    if abs(mean.value) <= mean.error:
        return "0"
    digits = floor(log10(abs(mean.value) / mean.error)) if mean.error else _DIGITS
    return _number(mean.value, min(max(digits, 1), _DIGITS))


def _number(value: float, digits: int = _DIGITS) -> str:
    """A number with four digits that count, if nothing else is said, and a true minus sign.

    >>> _number(-1234.56), _number(0.30000000000000004), _number(-0.0)
    ('−1235', '0.3', '0')
    """
    return f"{float(f'{value:.{digits}g}') + 0.0:.{_DIGITS}g}".replace("-", "−")
