"""What is believed of the sectors and why, in words: aggregate evidence, then every coefficient.

Intervals are equal-tailed at 80 %. The share of precision from data is that of `sectors.data_shares`.

The account of a scenario on a terminal: every value, its standing and its origin; the cost of a run.

What a law implies, for whoever stated it to see whether that is meant: its density, quantiles and mean, in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from forecast.analysis.explain import Value, coefficients, defaults, left_to_fit, left_to_shipped, stated, weighed
from forecast.dims import Array
from forecast.economics.priors import Coefficient
from forecast.economics.sectors import SECTORS, data_shares, load_sectors
from forecast.engine.block import MixturePlan, branches_of
from forecast.engine.plan import Plan
from forecast.engine.simulate import Cost, Settings, block_streams
from forecast.errors import YamlPath, shortened, spelled
from forecast.models.evidence import (
    YEARS,
    Reading,
    Wave,
    bottom_up,
    induced_trade,
    invested_in_wave,
    load_readings,
    load_wave,
    touched,
)
from forecast.models.posterior import Groups, Posterior
from forecast.plots.style import CHANNEL_NAMES
from forecast.report.tables import plain_table, titled
from forecast.scenario.entries import mean
from forecast.scenario.layers import Layered
from forecast.scenario.validation import Examination
from forecast.stats.distributions import Law, density, inner_edges
from forecast.stats.elicited import parts
from forecast.stats.formatting import short

WIDTH = 132


_LEGEND = (
    "fixed: without a spread; judged: with one that was stated, here or in a prior; fitted: moved by data. "
    "`forecast explain` gives the evidence behind every prior."
)


_BRANCHES = (
    "Every draw follows one branch. What all branches say alike stands once, with the origin it has in the first; what "
    "they say differently, or some of them alone, stands under each."
)


def account(found: Examination, layers: Layered, plan: Plan, posterior: Posterior, cost: Cost) -> Group:
    """Everything a run of the scenario would assume, and what it would take."""
    lines = [Text(f"{found.file}, fully resolved", style="bold"), Text(_LEGEND)]
    lines += _sections(_resolved(found.file, layers, plan, posterior))
    return Group(*lines, *_said(found), Text(), Text(_cost_words(cost)))


def mixture_account(found: Examination, plan: MixturePlan, posterior: Posterior, cost: Cost) -> Group:
    """The same of a mixture: its branches, what all of them assume, and what each assumes besides or instead."""
    pairs = list(zip(found.branches, plan.plans, strict=True))
    resolved = [_resolved(branch.file, branch.layers, part, posterior) for branch, part in pairs]
    common = set.intersection(*({_told(value) for value in values} for values in resolved))
    lines = [Text(f"{found.file}, a mixture, fully resolved", style="bold"), Text(_LEGEND), Text(_BRANCHES)]
    lines += _sections(weighed(found.branches, _shares(plan, cost.n_draws), found.file))
    lines += [*_titled("In every branch"), *_sections(value for value in resolved[0] if _told(value) in common)]
    for (branch, _), values in zip(pairs, resolved, strict=True):
        lines += _titled(f"Branch {branch.branch.label}: {branch.branch.scenario.title}")
        lines += _sections(value for value in values if _told(value) not in common)
    return Group(*lines, *_said(found), Text(), Text(_cost_words(cost)))


def _resolved(file: str, layers: Layered, plan: Plan, posterior: Posterior) -> list[Value]:
    """Every value of a scenario, those of a thing together and the scenario's own first."""
    values = [*stated(layers, file), *defaults(layers, plan), *left_to_fit(layers, plan, posterior)]
    values += left_to_shipped(layers)
    ordered = sorted(values, key=lambda value: _order(value.path))
    return [*ordered, *sorted(coefficients(layers, posterior), key=lambda value: _order(value.path))]


def _told(value: Value) -> tuple[YamlPath, str, str]:
    """What is said, wherever."""
    return value.path, value.text, value.standing


def _shares(plan: MixturePlan, n_draws: int) -> list[float]:
    """Share of draws that follow each branch in a run of so many."""
    chosen = np.concatenate([branches_of(plan, streams) for streams in block_streams(plan, Settings(n_draws))])
    return [float(np.mean(chosen == index)) for index in range(len(plan.plans))]


def _titled(text: str) -> list[Text]:
    return [Text(), Text(text, style="bold underline")]


def _said(found: Examination) -> list[Text]:
    said = [*map(str, found.conversions), *(f"warning: {remark}" for remark in found.remarks)]
    return [Text(), *map(Text, said)] if said else []


def _sections(values: Iterable[Value]) -> Iterator[Text]:
    """Ordered values under the thing they are of: the scenario, one investment, one sector."""
    for heading, group in groupby(values, key=lambda value: _heading(value.path)):
        yield Text(f"\n{heading}", style="bold")
        for value in group:
            yield Text(_value_line(value))


def _depth(path: tuple[str | int, ...]) -> int:
    return 2 if len(path) > 2 and path[0] != "overrides" and path[:2] != ("localization", "sectors") else 0


def _heading(path: tuple[str | int, ...]) -> str:
    return spelled(path[: _depth(path)]) or "scenario"


def _order(path: tuple[str | int, ...]) -> tuple[bool, str]:
    """The scenario's own values first; within a heading, the order they came in."""
    return _depth(path) > 0, _heading(path)


def _value_line(value: Value) -> str:
    label = spelled(value.path[_depth(value.path) :])
    text = value.text if value.standing else shortened(value.text)
    return f"  {label:<26} {text:<60} {value.standing:<7} {value.origin}".rstrip()


def _cost_words(cost: Cost) -> str:
    workers = f"on {cost.n_workers} workers, {cost.worker_megabytes:.0f} MB each"
    where = workers if cost.n_workers > 1 else "in one process"
    return (
        f"{cost.n_draws:,} draws: about {cost.seconds:.1f} s and {cost.megabytes:.0f} MB, {where}. An estimate from a "
        f"pilot of {cost.pilot_draws:,} draws just now on this machine; to load, store and draw takes a few seconds."
    )


LEVELS = (0.5, 0.1, 0.9)
"""Median and the ends of the 80 % interval."""


_DEFINITIONS = (
    "Median (80 % interval). From data: share of the precision that came from data, 1 less the variance after the fit "
    "over the variance before it, both of the coefficient's standard normal level in its prior; – where no reading "
    "depends on it. Grade: H official or agreeing sources, M one credible source, L inferred or weak, judgement no "
    "source for the number."
)


def explanation(posterior: Posterior, sectors: Sequence[str] = SECTORS) -> Group:
    """Aggregate evidence with what prior and posterior predict of it, then the coefficients of the sectors named."""
    wave = load_wave()
    return Group(
        _answer(wave, posterior),
        Text(),
        _evidence(wave, posterior),
        Text(),
        _trade_table(wave, posterior.groups),
        Text("Sector coefficients", style="bold"),
        Text(_DEFINITIONS),
        *(_sector(name, posterior, wave) for name in sectors),
    )


def _answer(wave: Wave, posterior: Posterior) -> Text:
    reading = load_readings()[0]
    (rise,) = bottom_up(wave, _draw_last(posterior.groups), [reading], invested_in_wave())
    return Text(
        f"{len(wave.ids)} Korean plants of the wave added {_spread(rise)} bn USD a year to exports to the US between "
        f"2021 and 2024 (median; 80 % interval); {reading.publisher} leaves {short(reading.value)} bn for them, for "
        "other investment and for competitiveness."
    )


def _evidence(wave: Wave, posterior: Posterior) -> Group:
    """Every reading with its error, and what plants and remainder make of it before and after the fit."""
    readings = load_readings()
    parts = posterior.prior, posterior.groups
    explained = [bottom_up(wave, _draw_last(groups), readings, invested_in_wave()) for groups in parts]
    remainders = [groups["sectors"]["remainders"].T for groups in parts]
    lines: list[RenderableType] = [
        Text("Aggregate evidence, and what the coefficients predict of it", style="bold"),
        Text(_line("", "Seen", "Prior", "Posterior"), style="bold"),
    ]
    for index, reading in enumerate(readings):
        plants = [sums[index] for sums in explained]
        rest = [sums[index] for sums in remainders]
        lines += _reading_lines(reading, plants, rest)
    return Group(*lines)


def _reading_lines(reading: Reading, plants: Sequence[Array], rest: Sequence[Array]) -> list[RenderableType]:
    places = 1 if reading.error >= 1 else 2
    seen = f"{reading.value:.{places}f} ± {reading.error:.{places}f}"
    total = [_spread(part + other) for part, other in zip(plants, rest, strict=True)]
    title = Text(f"{reading.title} ({reading.unit})")
    lines: list[RenderableType] = [Text(), title, Text(_line("  predicted", seen, *total))]
    if reading.remainder:
        lines.append(Text(_line("    by the plants", "", *map(_spread, plants))))
        lines.append(Text(_line(f"    by {reading.remainder_title}", "", *map(_spread, rest))))
    note = f"{reading.note}. Error: {reading.error_note}. Source: {reading.publisher}, {reading.source}"
    return [*lines, _indented(note)]


def _trade_table(wave: Wave, groups: Groups) -> Group:
    """Trade induced by the plants, by year and channel."""
    trade = induced_trade(wave, _draw_last(groups))
    flows = trade.capital_goods, trade.intermediates, -trade.displaced, -trade.returned
    table = plain_table(["Year", *(name.capitalize().replace(" ", "\n") for name in CHANNEL_NAMES.values()), "Exports"])
    for index, year in enumerate(YEARS):
        medians = (round(float(np.median(flow[index].sum(axis=0))), 2) + 0.0 for flow in flows)
        cells = (f"{median:.2f}".replace("-", "−") for median in medians)
        table.add_row(str(year), *cells, _spread(trade.exports[index]))
    return titled("What these plants did to trade, bn USD a year, medians; exports with their 80 % interval", table)


def _sector(name: str, posterior: Posterior, wave: Wave) -> Group:
    row = SECTORS.index(name)
    shares = _data_shares(posterior, wave)[row]
    prior, learned = (groups["sectors"]["coefficients"][:, row] for groups in (posterior.prior, posterior.groups))
    lines: list[RenderableType] = [
        Text(),
        Text(f"{_words(name):<23}{'Prior':>23}{'Posterior':>23}{'From data':>11}{'Grade':>11}", style="bold"),
    ]
    for column, (coefficient, belief) in enumerate(load_sectors()[name].items()):
        spreads = f"{_spread(prior[:, column]):>23}{_spread(learned[:, column]):>23}"
        lines.append(Text(f"{_words(coefficient):<23}{spreads}{shares[column]:>11}{belief.grade:>11}"))
        lines.append(_indented(_evidence_of(belief)))
    return Group(*lines)


def _data_shares(posterior: Posterior, wave: Wave) -> list[list[str]]:
    """Shares of precision from data as text; below two Monte Carlo errors the bound."""
    rows = posterior.groups["sectors"]["coefficients"]
    least = 2 * (2 / len(rows)) ** 0.5
    depends = np.zeros(rows.shape[1:], np.bool_)
    depends[touched(wave)] = True
    found = zip(data_shares(rows).tolist(), depends.tolist(), strict=True)
    return [[_share(*cell, least) for cell in zip(*line, strict=True)] for line in found]


def _share(share: float, depends: bool, least: float) -> str:
    if not depends:
        return "–"
    return f"< {least:.0%}".replace("%", " %") if share < least else f"{share:.0%}".replace("%", " %")


def _evidence_of(belief: Coefficient) -> str:
    return f"{_words(belief.unit)}. {belief.note} Source: {'; '.join(belief.sources)}"


def _draw_last(groups: Groups) -> Array:
    return np.moveaxis(groups["sectors"]["coefficients"], 0, -1)


def _spread(values: Array) -> str:
    median, low, high = (short(value) for value in np.quantile(values, LEVELS).tolist())
    return f"{median} ({low} to {high})"


def _line(label: str, seen: str, prior: str, posterior: str) -> str:
    return f"{label:<43}{seen:>12}{prior:>21}{posterior:>22}"


def _indented(text: str) -> Padding:
    return Padding(Text(text, style="dim"), (0, 0, 0, 4), expand=False)


def _words(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}".replace("_", " ")


PORTRAIT_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Levels of the quantiles shown."""


_HEIGHTS = "▁▂▃▄▅▆▇█"


_COLUMNS = 60


_NOTHING = 1e-12


def portrait(name: str, law: Law) -> Group:
    """The density of a law as a line of blocks, its quantiles and its mean, and those of the laws it is made of."""
    shown = density(law, inner_edges(law, _COLUMNS))
    low, high = (_number(float(end)) for end in shown.edges[[0, -1]])
    table = plain_table(["", *(f"{100 * level:g} %" for level in PORTRAIT_LEVELS), "Mean"])
    table.columns[0].justify = "left"
    made_of = [(f"{label}, {100 * share:.0f} %", part) for label, share, part in parts(law)]
    for label, part in [("All" if made_of else "", law), *made_of]:
        quantiles = part.ppf(np.array(PORTRAIT_LEVELS)).tolist()
        table.add_row(Text(label), *map(_number, quantiles), _number(mean(part)))
    picture = f"{_blocks(shown.shares)}\n{low}{high.rjust(_COLUMNS - len(low))}\n"
    title = Text(f"{name}: density over its inner 99 %", style="bold")
    return Group(title, Text(picture), titled("Quantiles", table))


def _blocks(shares: Array) -> str:
    """Bars of eighths, the highest full; a step without probability is left blank.

    >>> _blocks(np.array([0.0, 0.1, 0.8, 0.1]))
    ' ▁█▁'
    """
    heights = np.ceil(8 * shares / shares.max()).astype(int)
    bars = [_HEIGHTS[max(height, 1) - 1] for height in heights]
    return "".join(" " if share < _NOTHING else bar for share, bar in zip(shares, bars, strict=True))


def _number(value: float) -> str:
    """A number with four digits that count, and a true minus sign.

    >>> _number(-1234.56), _number(0.30000000000000004)
    ('−1235', '0.3')
    """
    return f"{value:.4g}".replace("-", "−")
